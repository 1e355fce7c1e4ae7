"""What cffi needs to know about libesent, read out of esent.h and esent_ext.h: types, functions, and constants with their values.

`python3 declarations.py INCLUDE OUTPUT` writes the module `_openese.py` into the folder OUTPUT; setup.py does the same while the package is built.
The headers stay the only place where the interface is written down; tests/bindings/test_declarations.py holds what comes out of this to a C compiler's
view of them.
"""
import os
import re
import sys

from cffi import FFI

HEADERS = ("esent.h", "esent_ext.h")
ANNOTATIONS = {"ESENT_EXTENSION", "JET_API", "JET_NODSAPI"}  # macros that mean nothing to cffi
WORD_BITS = {"uintptr_t": 64, "uint64_t": 64, "uint32_t": 32, "uint16_t": 16, "uint8_t": 8}


class Header:
    """Several headers, read one after the other."""

    def __init__(self):
        self.declarations = []  # C text without comments and directives
        self.constants = {}  # name -> value
        self.defined = {"__GNUC__"}  # for #if; neither C++, JET_UNICODE nor ESENT_PRIVATE
        self.bits = dict(WORD_BITS)  # unsigned type -> width, for what ~ makes of it

    def read(self, text):
        """The text is taken as a compiler would take it, as far as these headers go: #if of single names, #define of constants."""
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S).replace("\\\n", " ")
        active = [True]
        for line in text.splitlines():
            directive = re.match(r"\s*#\s*(\w+)\s*(.*)", line)
            if not directive:
                if active[-1]:
                    self.declarations.append(line)
                continue
            word, rest = directive[1], directive[2].strip()
            if word in ("ifdef", "ifndef", "if"):
                active.append(active[-1] and self.condition(word, rest))
            elif word == "else":
                active[-1] = active[-2] and not active[-1]
            elif word == "endif":
                active.pop()
            elif word == "define":
                if active[-1]:
                    self.define(rest)
            elif word != "include":
                raise ValueError(f"directive not understood: {line.strip()}")

    def condition(self, word, rest):
        match = re.fullmatch(r"defined\((\w+)\)", rest) if word == "if" else re.fullmatch(r"\w+", rest)
        if not match:
            raise ValueError(f"condition not understood: {rest}")
        name = match[1] if word == "if" else match[0]
        return (name in self.defined) != (word == "ifndef")

    def define(self, rest):
        name, value = (rest.split(None, 1) + [""])[:2]
        self.defined.add(name)
        other_name = re.fullmatch(r"[A-Za-z_]\w*", value) and value not in self.constants  # of a function or type
        if value == "" or '"' in value or "(" in name or name in ANNOTATIONS or other_name:
            return
        self.constants[name] = self.evaluate(value)

    def evaluate(self, text):
        for typedef in re.finditer(r"typedef\s+(\w+)\s+(\w+)\s*;", "\n".join(self.declarations)) if "~(" in text else ():
            if typedef[1] in self.bits:
                self.bits[typedef[2]] = self.bits[typedef[1]]
        text = re.sub(r"~\((\w+)\)0", lambda found: str(2 ** self.bits[found[1]] - 1), text)
        text = re.sub(r"\(int32_t\)(0x[89A-Fa-f][0-9A-Fa-f]{7})\b", lambda found: str(int(found[1], 16) - 2**32), text)
        text = re.sub(r"\((?!JET_bit)(?:JET_[A-Z]+|u?int\d+_t)\)", "", text)  # casts
        text = re.sub(r"\b(0[xX][0-9A-Fa-f]+|\d+)[uUlL]+\b", r"\1", text)
        return eval(text, {"__builtins__": {}}, self.constants)  # the project's own header

    def cdef(self):
        text = "\n".join(self.declarations)
        text = re.sub(r'extern\s+"C"\s*\{', "", text)
        text = re.sub("|".join(rf"\b{word}\b" for word in ANNOTATIONS), "", text)
        text = re.sub(r"\[([^\]]+)\]", lambda size: f"[{self.evaluate(size[1])}]", text)
        text = re.sub(r"\n\s*\n+", "\n", text)
        return text + "".join(f"\n#define {name} {value}" for name, value in self.constants.items())


def find_include():
    """The folder of the headers: what OPENESE_INCLUDE says, the source tree that this file lies in, or the system's."""
    here = os.path.dirname(os.path.abspath(__file__))
    for folder in (os.environ.get("OPENESE_INCLUDE"), os.path.join(here, "..", "..", "include"), "/usr/local/include", "/usr/include"):
        if folder and os.path.exists(os.path.join(folder, HEADERS[0])):
            return folder
    raise FileNotFoundError("esent.h not found: name its folder in OPENESE_INCLUDE")


def make_builder(include=None):
    header = Header()
    for name in HEADERS:
        with open(os.path.join(include or find_include(), name), encoding="utf-8") as file:
            header.read(file.read())
    builder = FFI()
    builder.cdef(header.cdef())
    builder.set_source("_openese", None)
    return builder


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    output = os.path.join(sys.argv[2], "_openese.py")
    os.makedirs(sys.argv[2], exist_ok=True)
    make_builder(sys.argv[1]).emit_python_code(output)
    os.utime(output)  # cffi leaves alone what would not change; builds look at the time
