#!/usr/bin/env python3
"""Every option bit that the function table of the shared specification lists must have its value in esent.h.

usage: compare_grbits.py C-COMPILER SOURCE-FOLDER
Exit status 77 (skipped) when the shared data is not there (OPENESE_SHARED, or ../shared beside the source).
"""
import os
import re
import sys

from esent_facts import Header

SKIPPED = 77

# Names that the reference pages use and no header of Microsoft's defines; esent.h gives them the bit that does what the pages describe.
DOCUMENTED_ONLY = {
    "JET_bitCreateSFSVolumeIfNotExist": "0x2",
    "JET_bitEnumerateCopy": "JET_bitRetrieveCopy",
    "JET_bitEnumerateIgnoreDefault": "JET_bitRetrieveIgnoreDefault",
    "JET_bitTTErrorOnDuplicateInsertion": "JET_bitTTForceMaterialization",
}
BIT = re.compile(r"(\w+)=(?:(0x[0-9A-Fa-f]+)|not defined in header)( \[private\])?$")


def read_bits(path, faults):
    """{name: (value, or None where the original header has none; is private)} over the public functions of the table."""
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    bits = {}
    for line in lines[1:]:
        row = dict(zip(lines[0], line))
        if not row["visibility"].startswith("public"):
            continue
        for part in filter(None, map(str.strip, row["grbits"].split(";"))):
            match = BIT.match(part)
            if not match:
                faults.append("%s: cannot be read: %s" % (row["function"], part))
                continue
            fact = (int(match[2], 16) if match[2] else None, bool(match[3]))
            if bits.setdefault(match[1], fact) != fact:
                faults.append("%s: the table has two values for %s" % (row["function"], match[1]))
    return bits


def main():
    compiler, source = sys.argv[1], sys.argv[2]
    shared = os.environ.get("OPENESE_SHARED") or os.path.join(source, "../shared")
    path = os.path.join(shared, "spec/api.tsv")
    if not os.path.exists(path):
        print("skipped: no shared data")
        return SKIPPED
    faults = []
    bits = read_bits(path, faults)
    undefined = {name for name, (value, _) in bits.items() if value is None}
    if undefined != set(DOCUMENTED_ONLY):
        faults.append("names without a value: " + ", ".join(sorted(undefined ^ set(DOCUMENTED_ONLY))))
    for private in (False, True):
        prologue = ("#define ESENT_PRIVATE\n" if private else "") + '#include "esent.h"\n'
        header = Header(compiler, ["-std=c11", "-I" + os.path.join(source, "include")], prologue)
        defined = set(header.macros())
        values = header.measure({name: name for name in sorted(defined & set(bits))})
        wanted = header.measure(DOCUMENTED_ONLY)
        compared = 0
        for name, (value, is_private) in sorted(bits.items()):
            if value is None:
                value = wanted.get(name)
            if name in values:
                compared += 1
                if values[name] & 0xFFFFFFFF != value:
                    faults.append("%s is 0x%x, expected 0x%x" % (name, values[name] & 0xFFFFFFFF, value))
                if is_private and not private:
                    faults.append("%s is private, but esent.h shows it without ESENT_PRIVATE" % name)
            elif private or not is_private:
                faults.append("%s is not in esent.h" % name)
        print("%d option bits compared%s" % (compared, ", with ESENT_PRIVATE" if private else ""))
        if compared < 150:
            faults.append("only %d option bits: a table was not read" % compared)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
