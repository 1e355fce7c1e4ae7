#!/usr/bin/env python3
"""Compares esent.h with the one of mingw-w64: constants that both define, structures that both declare.

mingw-w64's header was written by other people from the same reference pages, so agreement is a second
witness and every disagreement is either a fault of ours or one of the known differences named below.
A difference that is not named fails; a named one that has gone fails too, so the list stays true.

usage: compare_with_mingw.py C-COMPILER INCLUDE-FOLDER [MINGW-COMPILER]
Exit status 77 (skipped) when the mingw-w64 compiler or its header is not installed.
"""
import shutil
import subprocess
import sys

from esent_facts import Header

SKIPPED = 77

# name: ((ours, theirs), why)
KNOWN_CONSTANTS = {
    "JET_bitTableClassMask": ((0x1F0000, 0x0F0000), "mingw-w64 has the mask of the first 16 table classes; later engines use 32"),
    "JET_ccolKeyMost": ((16, 12), "mingw-w64 has the Windows 2003 limit; Vista and later take 16 key columns"),
    "JET_coltypMax": ((19, 18), "mingw-w64 ends before JET_coltypUnsignedLongLong"),
    "JET_paramMaxValueInvalid": ((221, 193), "mingw-w64 ends after the documented parameters"),
    "JET_sesparamMaxValueInvalid": ((4111, 4102), "mingw-w64 ends after the documented session parameters"),
}
KNOWN_SIZES = {
    "JET_ENUMCOLUMN": ((24, 40), "mingw-w64 lists the two views of the union one after the other"),
    "JET_INDEXID": ((20, 4), "mingw-w64 leaves out the 16 opaque bytes"),
}
# JET_INDEXCREATE_W has 72 bytes in the oldest interface and 80 from Vista on; both headers are read at the
# newest level, so 80 is expected on both sides and tests/abi/layout_check.c holds the 72 of the old form.

# Macros that are not constants.
NOT_VALUES = {"JET_API", "JET_NODSAPI", "JET_VERSION"}


def integer_constants(header):
    macros = {name for name, text in header.macros().items() if '"' not in text}
    return {name for name in macros | header.enumerators() if name.startswith("JET_") and name not in NOT_VALUES}


def low_half(value, size):
    """Constants of 32 bits agree when their bits agree; signedness is a matter of spelling."""
    return value & 0xFFFFFFFF if size <= 4 else value


def compare(title, ours, theirs, known):
    faults = []
    for name in sorted(ours):
        pair = (ours[name], theirs[name])
        if pair[0] == pair[1]:
            if name in known:
                faults.append("%s %s: the known difference %s is gone" % (title, name, known[name][0]))
        elif name not in known:
            faults.append("%s %s: ours %d, mingw-w64 %d" % (title, name, pair[0], pair[1]))
        elif pair != known[name][0]:
            faults.append("%s %s: ours %d, mingw-w64 %d, but the known difference is %s" % ((title, name) + pair + (known[name][0],)))
    for name in known:
        if name not in ours:
            faults.append("%s %s: a known difference, but not in both headers" % (title, name))
    print("%d %ss compared, %d known differences" % (len(ours), title, len(known)))
    return faults


def main():
    compiler, include = sys.argv[1], sys.argv[2]
    mingw = sys.argv[3] if len(sys.argv) > 3 else "x86_64-w64-mingw32-gcc"
    probe = "#include <windows.h>\n#include <esent.h>\n"
    if not shutil.which(mingw):
        print("skipped: no mingw-w64")
        return SKIPPED
    if subprocess.run([mingw, "-x", "c", "-fsyntax-only", "-"], input=probe, text=True, capture_output=True, check=False).returncode != 0:
        print("skipped: no mingw-w64 (its esent.h does not compile)")
        return SKIPPED
    our_header = Header(compiler, ["-std=c11", "-I" + include], '#include "esent.h"\n')
    their_header = Header(mingw, ["-DJET_VERSION=0x0A00"], probe)

    names = sorted(integer_constants(our_header) & integer_constants(their_header))
    ours = {name: low_half(*pair) for name, pair in our_header.constants(names).items()}
    theirs = {name: low_half(*pair) for name, pair in their_header.constants(names).items()}
    faults = compare("constant", ours, theirs, KNOWN_CONSTANTS)
    if len(names) < 500:
        faults.append("only %d common constants: a header was not read" % len(names))

    names = sorted(our_header.structures() & their_header.structures())
    faults += compare("structure", our_header.sizes(names), their_header.sizes(names), KNOWN_SIZES)
    if len(names) < 40:
        faults.append("only %d common structures: a header was not read" % len(names))

    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
