#!/usr/bin/env python3
"""esent.h and src/base/error_table.def must name the same errors with the same numbers, both ways.

usage: compare_errors.py C-COMPILER SOURCE-FOLDER
"""
import os
import re
import sys

from esent_facts import Header

ENTRY = re.compile(r'^ERROR_ENTRY\((\w+), (-?\d+), (\w+), "[^"]*", (PUBLIC|PRIVATE)\)$', re.M)
ERROR_NAME = re.compile(r"(JET_)?(err|wrn)[A-Z]\w*$")

# esent.h has this number under two names: the documented one, and the one engine source uses.
TWO_NAMES = {"JET_errBackupAbortByCaller": "errBackupAbortByCaller"}


def main():
    compiler, source = sys.argv[1], sys.argv[2]
    with open(os.path.join(source, "src/base/error_table.def"), encoding="utf-8") as file:
        entries = [(name, int(code), visibility) for name, code, _, visibility in ENTRY.findall(file.read())]
    table = {name: code for name, code, _ in entries}
    public = {name for name, _, visibility in entries if visibility == "PUBLIC"}
    faults = []
    if len(public) < 400:
        faults.append("only %d public entries found in error_table.def" % len(public))
    for private in (False, True):
        prologue = ("#define ESENT_PRIVATE\n" if private else "") + '#include "esent.h"\n'
        header = Header(compiler, ["-std=c11", "-I" + os.path.join(source, "include")], prologue)
        names = sorted(name for name in header.macros() if ERROR_NAME.match(name))
        values = header.measure({name: name for name in names})
        for name in names:
            entry = TWO_NAMES.get(name, name) if name not in table else name
            if entry not in table:
                faults.append("%s is in esent.h only" % name)
            elif values[name] != table[entry]:
                faults.append("%s is %d in esent.h and %d in error_table.def" % (name, values[name], table[entry]))
        if not private:
            faults += ["%s is public in error_table.def only" % name for name in sorted(public - set(names))]
            for one, other in TWO_NAMES.items():
                if values.get(one) != -800 or values.get(other) != -800:
                    faults.append("%s and %s must both be -800" % (one, other))
        print("%d error names compared%s" % (len(names), ", with ESENT_PRIVATE" if private else ""))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
