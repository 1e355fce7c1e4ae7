#!/usr/bin/env python3
"""The manual pages name every sub-command, option, mode and switch that --help names, and no other option.

Usage: test_manual.py ESE FOLDER_OF_PAGES
"""
import os
import re
import subprocess
import sys
import unittest

ESE, PAGES = sys.argv[1:3]
ESENTUTL = os.path.join(os.path.dirname(ESE), "esentutl")
EVERYWHERE = {"-h", "--help"}  # said once, in DESCRIPTION


def help_of(*command):
    return subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout


def source_of(page):
    with open(os.path.join(PAGES, page), encoding="utf-8") as file:
        return file.read()


def options_of_help(text):
    """Options of the list, which stand at the beginnings of its lines, and those the text mentions beside."""
    return set(re.findall(r"(?<![\w-])(--[a-z][a-z-]*|-[a-z](?![\w-]))", text)) - EVERYWHERE


def options_of_page(source):
    """Arguments of .Fl, up to the next macro: ".It Fl q , -quiet" names -q and --quiet."""
    found = set()
    for line in re.findall(r"^\.(.*\bFl\b.*)$", source, re.M):
        for part in re.split(r"\bFl\b", line)[1:]:
            for word in part.split():
                if re.fullmatch(r"-?[a-z][a-z-]*", word):
                    found.add("-" + word)
                elif word not in ("|", ","):
                    break
    return found


class Manual(unittest.TestCase):
    def test_ese_1_has_a_section_with_the_options_of_each_command(self):
        commands = re.findall(r"^  ([a-z-]+) +\S", help_of(ESE), re.M)
        sections = dict(re.findall(r"^\.Ss ([a-z-]+)\n(.*?)(?=^\.S[sh] )", source_of("ese.1"), re.M | re.S))
        self.assertGreater(len(commands), 8)
        self.assertEqual(sorted(commands), sorted(sections))
        for command in commands:
            with self.subTest(command):
                self.assertEqual(options_of_page(sections[command]), options_of_help(help_of(ESE, command)))

    def test_esentutl_1_has_every_mode_and_switch(self):
        listed = set(re.findall(r"^ +(/[a-z])\b", help_of(ESENTUTL), re.M)) | set(re.findall(r";  (/[a-z])\b", help_of(ESENTUTL)))
        page = set(re.findall(r"/[a-z]\b", source_of("esentutl.1")))
        self.assertGreater(len(listed), 10)
        self.assertEqual(listed - page, set())

    def test_the_pages_have_the_sections_of_a_manual(self):
        for page in ("ese.1", "esentutl.1", "esent.3"):
            for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "SEE ALSO"):
                self.assertIn(f"\n.Sh {section}\n", source_of(page), page)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
