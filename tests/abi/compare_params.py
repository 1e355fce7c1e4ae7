#!/usr/bin/env python3
"""Every parameter id in esent.h must be the one of the parameter table in the shared specification.

usage: compare_params.py C-COMPILER SOURCE-FOLDER
Exit status 77 (skipped) when the shared data is not there (OPENESE_SHARED, or ../shared beside the source).
"""
import os
import sys

from esent_facts import Header

SKIPPED = 77


def main():
    compiler, source = sys.argv[1], sys.argv[2]
    shared = os.environ.get("OPENESE_SHARED") or os.path.join(source, "../shared")
    path = os.path.join(shared, "spec/params.tsv")
    if not os.path.exists(path):
        print("skipped: no shared data")
        return SKIPPED
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    rows = [dict(zip(lines[0], line)) for line in lines[1:]]
    faults = []
    for private in (False, True):
        expected = {row["name"]: int(row["id"]) for row in rows if private or row["visibility"] == "public"}
        expected["JET_paramMaxValueInvalid"] = max(int(row["id"]) for row in rows) + 1
        prologue = ("#define ESENT_PRIVATE\n" if private else "") + '#include "esent.h"\n'
        header = Header(compiler, ["-std=c11", "-I" + os.path.join(source, "include")], prologue)
        names = sorted(name for name in header.macros() if name.startswith("JET_param"))
        values = header.measure({name: name for name in names})
        for name in sorted(set(names) | set(expected)):
            if name not in values:
                faults.append("%s is not in esent.h" % name)
            elif name not in expected:
                faults.append("%s is not in the table" % name)
            elif values[name] != expected[name]:
                faults.append("%s is %d, the table says %d" % (name, values[name], expected[name]))
        print("%d parameter ids compared%s" % (len(names), ", with ESENT_PRIVATE" if private else ""))
        if len(names) < 130:
            faults.append("only %d parameters: a table was not read" % len(names))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
