"""Reads constants and structure sizes out of an esent.h with a compiler, without running the result.

The compiler is asked for assembly text that quotes every value in a string, so a header for another
operating system can be measured on this one. Used by the scripts beside it.
"""
import re
import subprocess


def run(command, source):
    """Feeds source to command on standard input and returns what it prints."""
    done = subprocess.run(command, input=source, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise SystemExit("failed: %s\n%s" % (" ".join(command), done.stderr[:4000]))
    return done.stdout


class Header:
    """One esent.h as one compiler sees it. prologue is the text that includes it."""

    def __init__(self, compiler, flags, prologue):
        self.compiler = [compiler, "-x", "c"] + flags
        self.prologue = prologue

    def macros(self):
        """Names and texts of the object-like macros that have a text."""
        text = run(self.compiler + ["-E", "-dM", "-"], self.prologue)
        return dict(re.findall(r"^#define (\w+) (.+)$", text, re.M))

    def enumerators(self):
        """Names of the enumeration constants."""
        text = run(self.compiler + ["-E", "-P", "-"], self.prologue)
        bodies = re.findall(r"enum\s*\w*\s*\{([^{}]*)\}", text)
        return {part.split("=")[0].strip() for body in bodies for part in body.split(",") if part.strip()}

    def structures(self):
        """Names of the structure types: typedef names and, where there is none, tags."""
        text = run(self.compiler + ["-E", "-P", "-"], self.prologue)
        names = set(re.findall(r"\}\s*(JET_\w+)\s*;", text))
        names.update(re.findall(r"\}\s*(JET_\w+)\s*,\s*\*", text))
        return {name for name in names if not re.search(r"enum\s+\w*\s*\{[^{}]*\}\s*%s\s*;" % name, text)}

    def measure(self, expressions):
        """Evaluates {name: constant expression} and returns {name: integer}."""
        lines = [self.prologue, "void measured(void);", "void measured(void)", "{"]
        for name, expression in expressions.items():
            low = "(int)((long long)(%s) & 0xffffffff)" % expression
            high = "(int)((long long)(%s) >> 32)" % expression
            lines.append('__asm__ volatile(".ascii \\"@@ %s %%c0 %%c1\\"" : : "i"(%s), "i"(%s));' % (name, low, high))
        lines.append("}\n")
        text = run(self.compiler + ["-O1", "-w", "-S", "-o", "-", "-"], "\n".join(lines))
        found = {
            name: int(high) << 32 | int(low) & 0xFFFFFFFF
            for name, low, high in re.findall(r"\.ascii\s+\"@@ (\w+) (-?\d+) (-?\d+)\"", text)
        }
        missing = set(expressions) - set(found)
        if missing:
            raise SystemExit("no value in the assembly for: " + ", ".join(sorted(missing)))
        return found

    def constants(self, names):
        """{name: (value, size)} of macros that are integer constants."""
        values = self.measure({name: name for name in names})
        sizes = self.measure({name: "sizeof(%s)" % name for name in names})
        return {name: (values[name], sizes[name]) for name in names}

    def sizes(self, names):
        return self.measure({name: "sizeof(%s)" % name for name in names})
