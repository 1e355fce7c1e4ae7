#!/usr/bin/env python3
"""Packs a folder of logs and a database as an input of fuzz_replay (which describes the form).

Usage: fuzz/pack_replay.py FOLDER BASE DATABASE PAGE_SIZE OUTPUT [OPTIONS]
The kept inputs are of folders that crashed_folder (a program of this folder) left.
"""
import os
import re
import struct
import sys

SECTOR = 4096


def split(block):
    """What stands before and behind the longest run of zeros."""
    runs = [(m.end() - m.start(), m.start(), m.end()) for m in re.finditer(rb"\0+", block)]
    if not runs:
        return block, b""
    _, start, end = max(runs)
    return block[:start], block[end:]


def chunks(kind, file, data, size):
    out = b""
    for number in range(len(data) // size):
        block = data[number * size : (number + 1) * size]
        if not block.strip(b"\0"):
            continue
        head, tail = split(block)
        out += struct.pack("<BBHHH", kind, file, number, len(head), len(tail)) + head + tail
    return out


def read(path):
    with open(path, "rb") as f:
        return f.read()


def main():
    folder, base, database, page_size, output = sys.argv[1:6]
    options = int(sys.argv[6], 0) if len(sys.argv) > 6 else 0
    page_size, sectors, body = int(page_size), 0, b""
    name = database.encode()
    body += struct.pack("<BBHHH", 3, 0, 0, len(name), 0) + name
    for entry in sorted(os.listdir(folder)):
        match = re.fullmatch(re.escape(base) + r"([0-9A-F]{5})?\.log", entry, re.IGNORECASE)
        if match:
            data = read(os.path.join(folder, entry))
            sectors = len(data) // SECTOR
            body += chunks(0, int(match.group(1), 16) if match.group(1) else 0, data, SECTOR)
        elif entry.lower() == base.lower() + ".chk":
            body += chunks(2, 0, read(os.path.join(folder, entry)), SECTOR)
        elif entry == database:
            body += chunks(1, 0, read(os.path.join(folder, entry)), page_size)
    with open(output, "wb") as f:
        f.write(struct.pack("<BBB", options, (page_size // 2048).bit_length() - 1, sectors) + body)


main()
