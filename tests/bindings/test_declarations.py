"""What bindings/python/declarations.py reads out of the headers, held to a C compiler's view of them: every constant, the size of every structure,
the place and size of every member.

OPENESE_INCLUDE names the folder of the headers, CC the compiler.
"""
import os
import re
import subprocess
import tempfile
import unittest

from _openese import ffi

INCLUDE = os.environ["OPENESE_INCLUDE"]
NUMBER = r"^\s*#\s*define\s+(\w+)\s+[-(~0-9].*$"  # a macro whose value begins as a number does


def structures():
    """Names and types of the structures that have members."""
    found = []
    for name in ffi.list_types()[0]:
        ctype = ffi.typeof(name)
        if ctype.kind in ("struct", "union") and ctype.fields:
            found.append((name, ctype))
    return found


def plain_members(ctype):
    """Members that have an address: not those of bits, and none without a name."""
    return [(name, field) for name, field in ctype.fields if name and field.bitsize < 0]


class Declarations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.library = ffi.dlopen(os.environ["OPENESE_LIBRARY"])
        cls.constants = [name for name in dir(cls.library) if not name.startswith("Jet")]
        lines = [f'    printf("{name} %lld\\n", (long long)({name}));' for name in cls.constants]
        for name, ctype in structures():
            lines.append(f'    printf("{name} %zu\\n", sizeof({name}));')
            lines += [f'    printf("{name}.{member} %zu %zu\\n", offsetof({name}, {member}), sizeof((({name} *)0)->{member}));'
                      for member, _ in plain_members(ctype)]
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "print.c")
            with open(source, "w", encoding="utf-8") as file:
                file.write('#include "esent_ext.h"\n#include <stdio.h>\nint main(void)\n{\n' + "\n".join(lines) + "\n}\n")
            program = os.path.join(folder, "print")
            subprocess.run([os.environ.get("CC", "cc"), "-w", f"-I{INCLUDE}", source, "-o", program], check=True)
            printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout
        cls.compiled = {line.split()[0]: [int(word) for word in line.split()[1:]] for line in printed.splitlines()}

    def test_constants_have_the_compilers_values(self):
        self.assertGreater(len(self.constants), 1000)
        for name in self.constants:
            value = getattr(self.library, name)
            self.assertEqual(value % 2**64, self.compiled[name][0] % 2**64, name)

    def test_no_constant_is_missed(self):
        for header in ("esent.h", "esent_ext.h"):
            with open(os.path.join(INCLUDE, header), encoding="utf-8") as file:
                public = re.sub(r"^#ifdef ESENT_PRIVATE\n.*?^#endif", "", file.read(), flags=re.S | re.M)
            for name in re.findall(NUMBER, public, flags=re.M):
                self.assertIn(name, self.compiled)

    def test_structures_have_the_compilers_layout(self):
        found = structures()
        self.assertGreater(len(found), 80)
        for name, ctype in found:
            self.assertEqual(ffi.sizeof(ctype), self.compiled[name][0], name)
            for member, field in plain_members(ctype):
                self.assertEqual([field.offset, ffi.sizeof(field.type)], self.compiled[f"{name}.{member}"], f"{name}.{member}")

    def test_every_function_of_the_headers_is_declared(self):
        for header in ("esent.h", "esent_ext.h"):
            with open(os.path.join(INCLUDE, header), encoding="utf-8") as file:
                text = re.sub(r"^#ifdef ESENT_PRIVATE\n.*?^#endif /\* ESENT_PRIVATE \*/", "", file.read(), flags=re.S | re.M)
            names = re.findall(r"^JET_ERR JET_API (\w+)\(", text, flags=re.M)
            self.assertTrue(names)
            for name in names:
                self.assertTrue(getattr(self.library, name), name)


if __name__ == "__main__":
    unittest.main()
