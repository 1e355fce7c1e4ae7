#!/usr/bin/env python3
"""Databases with every column type, index kind and page size, made through the public calls and read back by four readers that must all see the same rows.

Usage: generate.py LIBESENT [--ese ESE] [--seed N] [--rows N] [--keep FOLDER] [PAGE_SIZE...]

Readers: the calls themselves after a clean end and a new start; `ese verify` and `ese dump`; esedbexport and impacket where installed (what they cannot read stands beside each).
A model of the rows is kept while writing: inserts, replaces, deletes, rolled back transactions, parts of long values, copies.
"""
import csv
import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing is left in the source tree
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import esent  # noqa: E402  (beside this file)

# name, coltyp, bytes, how a value is written as text by esedbexport: the format of struct, or a name
FIXED_TYPES = [
    ("Bit", 1, 1, "bit"), ("UByte", 2, 1, "<B"), ("Short", 3, 2, "<h"), ("Long", 4, 4, "<i"), ("Cur", 5, 8, "<Q"), ("Sgl", 6, 4, None), ("Dbl", 7, 8, None),
    ("Date", 8, 8, None), ("ULong", 14, 4, "<I"), ("LLong", 15, 8, "<q"), ("Guid", 16, 16, "hex"), ("UShort", 17, 2, "<H"),
]
IMPACKET_FORMAT = {"UByte": "<B", "Short": "<h", "Long": "<i", "ULong": "<I", "UShort": "<H", "Sgl": "<f", "Dbl": "<d", "Guid": "16s"}
BINARY, TEXT, LONG_BINARY, LONG_TEXT = 9, 10, 11, 12
TAGGED, MULTI, FIXED, NOT_NULL, VERSION, AUTOINCREMENT, COMPRESSED, ESCROW = 2, 0x400, 1, 4, 8, 0x10, 0x80000, 0x800
WORDS = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima", "mike"]


class Failed(Exception):
    pass


def expect(is_true, text):
    if not is_true:
        raise Failed(text)


class Maker:
    """One table and the rows it must hold: {id: {column: [values]}}."""

    def __init__(self, random_source, session, database, name, columns, indexes, **arguments):
        self.random, self.session, self.name = random_source, session, name
        self.columns = columns
        session.begin()
        self.table = database.create_table(name, [esent.column(*c) for c in columns], [esent.index(*i[:3], **(i[3] if len(i) > 3 else {})) for i in indexes], **arguments)
        session.commit()
        self.rows = {}
        self.is_long = {c[0] for c in columns if c[1] in (LONG_BINARY, LONG_TEXT)}

    def value_of(self, name, coltyp, most):
        choice = self.random
        for _, number, size, _ in FIXED_TYPES:
            if number == coltyp:
                if coltyp == 1:
                    return choice.choice([b"\x00", b"\xff"])
                if coltyp == 6:
                    return struct.pack("<f", choice.choice([0.0, -1.5, choice.uniform(-1e9, 1e9)]))
                if coltyp in (7, 8):
                    return struct.pack("<d", choice.choice([0.0, -1.5, choice.uniform(-1e9, 1e9)]))
                return choice.choice([bytes(size), b"\xff" * size, choice.randbytes(size), choice.randbytes(size), choice.randbytes(size)])
        limit = most or 255
        if coltyp in (LONG_BINARY, LONG_TEXT) and not most:
            limit = choice.choice([8, 60, 150, 600, 3000, 20000, 100000]) if self.name == "Long" else 120
        size = choice.randrange(limit + 1)
        if coltyp in (TEXT, LONG_TEXT):
            text = ""
            while len(text) < size:
                text += choice.choice(WORDS) + choice.choice(" -_1z")
            if "U" in name:
                return text[: size // 2].encode("utf-16-le")
            return text[:size].encode()
        return choice.randbytes(size)

    def new_row(self, identity):
        row = {}
        if identity is not None:
            row["Id"] = [struct.pack("<i", identity)]
        for name, coltyp, most, grbit, *_ in self.columns:
            if name == "Id" or grbit & (AUTOINCREMENT | VERSION | ESCROW):
                continue
            if self.random.random() < 0.2:
                continue
            count = self.random.choice([1, 1, 2, 3, 6]) if grbit & MULTI else 1
            values = [self.value_of(name, coltyp, most) for _ in range(count)]
            if grbit & FIXED and coltyp in (BINARY, TEXT):
                values = [v.ljust(most, b" " if coltyp == TEXT else b"\0") for v in values]
            row[name] = values
        return row

    def insert(self, identity):
        row = self.new_row(identity)
        self.table.prepare(esent.PREP_INSERT)
        for name, values in row.items():
            for sequence, value in enumerate(values, 1):
                self.table.set(name, value, sequence, 0 if value else esent.BIT_SET_ZERO_LENGTH)
        self.table.update()
        return row

    def seek(self, identity):
        self.table.seek(struct.pack("<i", identity))

    def replace(self, identity):
        row = self.new_row(identity)
        self.seek(identity)
        self.table.prepare(esent.PREP_REPLACE)
        for name, _, _, grbit, *_ in self.columns:
            if name == "Id" or grbit & (AUTOINCREMENT | VERSION | ESCROW):
                continue
            for sequence in range(len(self.rows[identity].get(name, [])), len(row.get(name, [])), -1):
                self.table.set(name, None, sequence)
            for sequence, value in enumerate(row.get(name, []), 1):
                self.table.set(name, value, sequence, 0 if value else esent.BIT_SET_ZERO_LENGTH)
        self.table.update()
        return row

    def fill(self, count):
        """Inserts, then replaces and deletes a part; every fifth transaction is rolled back and leaves nothing."""
        identities = self.random.sample(range(-10 * count, 10 * count), count)
        self.in_transactions(identities, lambda rows, identity: rows.__setitem__(identity, self.insert(identity)))
        self.in_transactions(self.sample(count // 4), lambda rows, identity: rows.__setitem__(identity, self.replace(identity)))

        def delete(rows, identity):
            self.seek(identity)
            self.table.delete()
            del rows[identity]

        self.in_transactions(self.sample(count // 4), delete)

    def sample(self, count):
        return self.random.sample(sorted(self.rows), min(count, len(self.rows)))

    def in_transactions(self, identities, change):
        while identities:
            part, identities = identities[:7], identities[7:]
            is_kept = self.random.random() < 0.8
            before = dict(self.rows)
            self.session.begin()
            for identity in part:
                change(self.rows, identity)
            if is_kept:
                self.session.commit()
            else:
                self.session.rollback()
                self.rows = before

    def finish(self):
        self.table.close()


class Sequence(Maker):
    """A table without a primary index: rows in the order of their insertion."""

    def fill(self, count):
        for identity in range(count):
            self.session.begin()
            row = self.insert(identity)
            if self.random.random() < 0.8:
                self.session.commit()
                self.rows[identity] = row
            else:
                self.session.rollback()


class Long(Maker):
    """Values changed in parts, and shared by copies."""

    def fill(self, count):
        super().fill(count)
        self.in_transactions(self.sample(count // 3), self.change_part)
        for number, identity in enumerate(self.sample(count // 6)):
            self.session.begin()
            self.seek(identity)
            self.table.prepare(esent.PREP_INSERT_COPY)
            new = 1000000 + number
            self.table.set("Id", struct.pack("<i", new))
            self.table.update()
            self.session.commit()
            self.rows[new] = {**self.rows[identity], "Id": [struct.pack("<i", new)]}
        self.in_transactions(self.sample(count // 3), self.change_part)

    def change_part(self, rows, identity):
        name = self.random.choice(["L", "C"])
        values = list(rows[identity].get(name, [b""]))
        self.seek(identity)
        self.table.prepare(esent.PREP_REPLACE)
        kind = self.random.randrange(3)
        more = self.random.randbytes(self.random.choice([1, 100, 4000, 9000]))
        if kind == 0:
            self.table.set(name, more, 1, esent.BIT_SET_APPEND_LV)
            values[0] = values[0] + more
        elif kind == 1:
            offset = self.random.randrange(len(values[0]) + 1)
            self.table.set(name, more, 1, esent.BIT_SET_OVERWRITE_LV, offset)
            values[0] = values[0][:offset] + more + values[0][offset + len(more):]
        else:
            size = self.random.randrange(1, len(values[0]) + 5000)
            self.table.set(name, None, 1, esent.BIT_SET_SIZE_LV, size=size)
            values[0] = values[0][:size].ljust(size, b"\0")
        self.table.update()
        rows[identity] = {**rows[identity], name: values}


def types_columns():
    columns = [("Id", 4, 0, NOT_NULL)]
    columns += [("F" + name, coltyp, 0, 0) for name, coltyp, _, _ in FIXED_TYPES]
    columns += [("FBin", BINARY, 12, FIXED), ("FTxt", TEXT, 12, FIXED, 1252)]
    columns += [("VBin", BINARY, 255, 0), ("VTxt", TEXT, 255, 0, 1252), ("VUni", TEXT, 200, 0, 1200)]
    columns += [("T" + name, coltyp, 0, TAGGED) for name, coltyp, _, _ in FIXED_TYPES]
    columns += [("TBin", BINARY, 0, TAGGED), ("TTxt", TEXT, 0, TAGGED, 1252), ("LBin", LONG_BINARY, 0, 0), ("LTxt", LONG_TEXT, 0, 0, 1252)]
    return columns


TYPES_INDEXES = [
    ("primary", "+Id", 3),
    ("guid", "+FGuid", 0), ("unique", "-FGuid,+Id", 1), ("down", "-FDbl,+FShort,-FBit", 0), ("fixed", "-FBin,+FTxt", 0), ("bytes", "+VBin", 0),
    ("text", "+VTxt,-Id", 0), ("ignore_null", "+TLong", 8), ("ignore_any", "+TShort,-TGuid", 0x20), ("ignore_first", "+TUByte,+FLong", 0x40),
    ("tuples", "+VTxt", 0x3000, {"tuple_limits": (3, 8, 40, 2, 0)}), ("substrings", "+TTxt", 0x1000), ("if_set", "+FShort", 0, {"conditions": [(2, "TLong")]}),
    ("if_null", "+FULong", 0, {"conditions": [(1, "TCur"), (2, "FUShort")]}), ("nulls_high", "-TUShort,+TDate", 0x400), ("net guid", "+TGuid,-FGuid", 0x40000),
    ("cut", "+VBin,+VTxt", 0x8000, {"most": 500}), ("each_cut", "+LBin,-LTxt", 0, {"mac": 17}), ("currency", "+FCur,+TLLong", 0), ("single", "-TSgl,+FSgl", 0),
]
LATE_INDEXES = [("late", "+TTxt,-FLLong", 0), ("late_unique", "+FDate,+Id", 1), ("late_tuples", "+TTxt", 0x3000, {"tuple_limits": (2, 255, 100, 1, 1)})]
MULTI_COLUMNS = [("Id", 4, 0, NOT_NULL), ("M", 4, 0, TAGGED | MULTI), ("Mt", TEXT, 0, TAGGED | MULTI, 1252), ("Ml", LONG_BINARY, 0, TAGGED | MULTI), ("V", BINARY, 60, 0)]
MULTI_INDEXES = [("primary", "-Id", 3), ("each", "+M", 0), ("first", "-Mt,+M", 0), ("cross", "+M,-Mt", 0x4000), ("nested", "-M,+Mt,+V", 0x20000), ("long", "+Ml", 8)]
LONG_COLUMNS = [("Id", 4, 0, NOT_NULL), ("L", LONG_BINARY, 0, 0), ("C", LONG_TEXT, 0, COMPRESSED, 1252), ("CU", LONG_TEXT, 0, COMPRESSED | TAGGED, 1200), ("Mv", LONG_BINARY, 0, TAGGED | MULTI | COMPRESSED)]
SEQUENCE_COLUMNS = [("Id", 4, 0, NOT_NULL), ("V", BINARY, 255, 0), ("T", TEXT, 0, TAGGED, 1252)]
COUNTER_COLUMNS = [("Id", 4, 0, NOT_NULL), ("Auto", 4, 0, AUTOINCREMENT | FIXED), ("Ver", 4, 0, VERSION), ("Esc", 4, 0, ESCROW, 0, bytes(4)), ("V", BINARY, 40, 0)]


def make_counters(choice, session, database):
    made = Maker(choice, session, database, "Counters", COUNTER_COLUMNS, [("primary", "+Auto", 3), ("id", "+Id", 1)])
    table, rows = made.table, {}
    for number in range(1, 41):
        session.begin()
        row = made.insert(number)
        session.commit()
        rows[number] = {**row, "Auto": [struct.pack("<i", number)], "Ver": [bytes(4)], "Esc": [bytes(4)]}
    for _ in range(60):
        number = choice.randrange(1, 41)
        delta = choice.randrange(-1000, 1000)
        is_kept = choice.random() < 0.7
        session.begin()
        table.seek(struct.pack("<i", number))
        table.escrow("Esc", struct.pack("<i", delta))
        table.prepare(esent.PREP_REPLACE)
        value = choice.randbytes(12)
        table.set("V", value)
        table.update()
        if is_kept:
            session.commit()
            row = rows[number]
            rows[number] = {**row, "V": [value], "Esc": [struct.pack("<i", struct.unpack("<i", row["Esc"][0])[0] + delta)],
                            "Ver": [struct.pack("<i", struct.unpack("<i", row["Ver"][0])[0] + 1)]}
        else:
            session.rollback()
    made.rows = rows
    return made


def make_derived(choice, session, database, count):
    session.begin()
    database.create_table("Template", [esent.column(*c) for c in [("Id", 4, 0, NOT_NULL), ("TplTag", 4, 0, TAGGED), ("TplVar", BINARY, 50, 0)]],
                          [esent.index("primary", "+Id", 3), esent.index("tpl", "-TplTag", 0)], grbit=esent.BIT_TABLE_CREATE_TEMPLATE).close()
    session.commit()
    made = Maker(choice, session, database, "Derived", [("OwnFix", 3, 0, 0), ("OwnTag", TEXT, 0, TAGGED, 1252)], [("own", "+OwnTag,-TplVar", 0)], template="Template")
    made.columns = [("Id", 4, 0, NOT_NULL), ("TplTag", 4, 0, TAGGED), ("TplVar", BINARY, 50, 0)] + made.columns
    made.fill(count)
    return made


def make(lib, folder, path, page_size, seed, count):
    choice = random.Random(seed * 64 + page_size // 4096)
    instance = esent.Instance(lib, folder, page_size, 16, 256)
    try:
        made = make_tables(choice, lib, instance.session, path, count)
    except BaseException:
        instance.give_up()
        raise
    instance.end()
    return made


def make_tables(choice, lib, session, path, count):
    database = session.create(path)
    made = [
        Maker(choice, session, database, "Types", types_columns(), TYPES_INDEXES),
        Maker(choice, session, database, "Multi", MULTI_COLUMNS, MULTI_INDEXES),
        Long(choice, session, database, "Long", LONG_COLUMNS, [("primary", "+Id", 3)], separate_lv=0),
        Sequence(choice, session, database, "Sequence", SEQUENCE_COLUMNS, [("t", "-T", 0)]),
        Maker(choice, session, database, "Empty", SEQUENCE_COLUMNS, [("primary", "+Id", 3)]),
    ]
    for table, rows in zip(made, (count, count, count // 2, count, 0)):
        table.fill(rows)
    made.append(make_counters(choice, session, database))
    made.append(make_derived(choice, session, database, count // 2))
    for index in LATE_INDEXES:
        session.begin()
        late = esent.index(*index[:3], **(index[3] if len(index) > 3 else {}))
        lib.JetCreateIndex4(session.id, made[0].table.id, esent.byref(late), 1)
        session.commit()
    for table in made:
        table.finish()
    database.close()
    session.detach(path)
    return {table.name: table for table in made}


def in_key_order(table):
    rows = table.rows
    if table.name == "Multi":
        return [rows[identity] for identity in sorted(rows, reverse=True)]
    return [rows[identity] for identity in sorted(rows)]


# The readers

def read_by_calls(lib, folder, path, page_size, tables):
    instance = esent.Instance(lib, folder, page_size, 16, 256)
    try:
        count = walk(instance, path, tables)
    except BaseException:
        instance.give_up()
        raise
    instance.end()
    return count


def walk(instance, path, tables):
    database = instance.session.attach(path)
    count = 0
    for name, table in tables.items():
        wanted = in_key_order(table)
        found, schema, last = [], None, None
        for line in esent.dump(instance.session, database, name, True):
            if "table" in line:
                schema = line
            elif "c" in line:
                found.append(line["c"])
            elif "i" in line:
                here = (line["k"], line["bm"])
                expect(last is None or last[0] != line["i"] or last[1] <= here, f"{name}: entries of {line['i']} are not in order")
                last = (line["i"], here)
                count += 1
            elif "enderr" in line:
                expect(line["enderr"] == esent.ERR_NO_CURRENT_RECORD, f"{name}: the walk ended with {line['enderr']}")
        expect(len(schema["columns"]) >= len(table.columns), f"{name}: columns are missing")
        compare(f"{name} through the calls", [{c: [v.hex() for v in values] for c, values in row.items()} for row in wanted], found)
    return count


def compare(what, wanted, found):
    for number in range(max(len(wanted), len(found))):
        want = wanted[number] if number < len(wanted) else None
        have = found[number] if number < len(found) else None
        if want != have:
            columns = [c for c in sorted(set(want or {}) | set(have or {})) if (want or {}).get(c) != (have or {}).get(c)]
            first = columns[0] if columns else None
            raise Failed(f"{what}: row {number} of {len(wanted)} (found {len(found)}): columns {columns[:5]}: expected {str((want or {}).get(first))[:200]}, found {str((have or {}).get(first))[:200]}")


def hashed(value):
    return value.hex() if len(value) <= 256 else f"#{len(value)}:{hashlib.sha256(value).hexdigest()}"


def read_by_ese(ese, path, tables, ids):
    done = subprocess.run([ese, "verify", path], capture_output=True, text=True, check=False)
    expect(done.returncode == 0, "verify: " + done.stdout[:600] + done.stderr[:300])
    done = subprocess.run([ese, "dump", path], capture_output=True, text=True, check=False)
    expect(done.returncode == 0, "dump: " + done.stderr)
    found = {name: [] for name in tables}
    for line in done.stdout.splitlines()[1:]:
        name, _, *fields = line.split("\t")
        if name in found:
            row = {}
            for field in fields:
                key, value = field.split("=", 1)
                row.setdefault(key.lstrip("~").split("[")[0], []).append(value.lstrip("~"))
            found[name].append(row)
    for name, table in tables.items():
        wanted = [{str(ids[name][c]): [hashed(v) for v in values] for c, values in row.items()} for row in in_key_order(table)]
        have = [{key.replace("~", ""): values for key, values in row.items()} for row in found[name]]
        compare(f"{name} in ese dump", wanted, have)


def esedb_text(name, value):
    """None: written in a way that says less than the value."""
    for type_name, _, _, form in FIXED_TYPES:
        if name[1:] == type_name or (name == "Id" and type_name == "Long"):
            if form is None:
                return None
            if form == "bit":
                return "true" if value != b"\0" else "false"
            return value.hex() if form == "hex" else str(struct.unpack(form, value)[0])
    if "Uni" in name:
        return value.decode("utf-16-le")
    return value.decode() if "Txt" in name or name == "T" else value.hex()


def read_by_esedbexport(path, folder, tables):
    """Types and Sequence: several values in a column, defaults and separated long values are not exported by it. A null fixed column shows what its bytes hold, so it is not compared.
    An empty value among tagged ones leads it astray (that of the next column is shown): such rows are left out."""
    reader = shutil.which("esedbexport")
    if reader is None:
        return 0
    csv.field_size_limit(1 << 28)
    count = 0
    for name in ("Types", "Sequence"):
        target = os.path.join(folder, "esedb-" + name)
        done = subprocess.run([reader, "-T", name, "-t", target, path], capture_output=True, text=True, check=False)
        files = [f for f in os.listdir(target + ".export") if f.startswith(name + ".")] if os.path.isdir(target + ".export") else []
        expect(len(files) == 1, f"esedbexport made no file of {name}: {done.stdout[-300:]} {done.stderr[-300:]}")
        with open(os.path.join(target + ".export", files[0]), encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        header, wanted, found = lines[0], [], []
        for row, cells in zip(in_key_order(tables[name]), lines[1:]):
            if any(column[0] in "TL" and values == [b""] for column, values in row.items()):
                continue
            want, have = {}, {}
            for column, cell in zip(header, cells):
                if column in row:
                    text = esedb_text(column, row[column][0])
                    if text is not None:
                        want[column], have[column] = text, cell
                        count += 1
                elif column[0] in "VTL":
                    want[column], have[column] = "", cell
            wanted.append(want)
            found.append(have)
        expect(len(lines) - 1 == len(tables[name].rows), f"esedbexport: {len(lines) - 1} rows of {name}, expected {len(tables[name].rows)}")
        compare(f"{name} in esedbexport", wanted, found)
    return count


IMPACKET_PROGRAM = """
import json, sys
from impacket import ese
def plain(value):
    return value.hex() if isinstance(value, bytes) else value
database = ese.ESENT_DB(sys.argv[1])
cursor = database.openTable(sys.argv[2])
while True:
    row = database.getNextRow(cursor)
    if row is None:
        break
    print(json.dumps({name.decode(): plain(value) for name, value in row.items()}))
"""


def python_with_impacket():
    for python in (sys.executable, "/usr/bin/python3"):
        if os.path.exists(python) and subprocess.run([python, "-c", "from impacket import ese"], capture_output=True, check=False, env=clean_environment()).returncode == 0:
            return python
    return None


def clean_environment():
    return {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}


def impacket_value(name, value):
    kind = "Long" if name == "Id" else name[1:]
    if kind in IMPACKET_FORMAT:
        form = IMPACKET_FORMAT[kind]
        return value.hex() if form == "16s" else struct.unpack(form, value)[0]
    if kind in ("Bin",) or name == "V":
        return value.hex().encode().hex()  # it gives hexadecimal text as bytes
    if kind == "Uni":
        return value.decode("utf-16-le")
    if kind in ("Txt",) or name == "T":
        return value.decode()
    return None


def read_by_impacket(path, page_size, tables):
    """Pages to 8 KiB (it cannot take apart larger ones), single values in the record."""
    python = python_with_impacket()
    if python is None or page_size > 8192:
        return 0
    count = 0
    for name in ("Types", "Sequence"):
        done = subprocess.run([python, "-c", IMPACKET_PROGRAM, path, name], capture_output=True, text=True, check=False, env=clean_environment())
        expect(done.returncode == 0, f"impacket: {done.stderr[-400:]}")
        found = [json.loads(line) for line in done.stdout.splitlines()]
        rows = in_key_order(tables[name])
        expect(len(found) == len(rows), f"impacket: {len(found)} rows of {name}, expected {len(rows)}")
        wanted, have = [], []
        for row, cells in zip(rows, found):
            want = {column: impacket_value(column, values[0]) for column, values in row.items()}
            # Nothing of it: other spelling (bits, dates, 64-bit numbers), and empty values, which it cannot tell from null.
            want = {column: value for column, value in want.items() if value not in (None, "")}
            wanted.append(want)
            have.append({column: cells.get(column) for column in want})
            count += len(want)
        compare(f"{name} in impacket", wanted, have)
    return count


def column_ids(lib, folder, path, page_size, tables):
    instance = esent.Instance(lib, folder, page_size, 16, 256)
    database = instance.session.attach(path)
    ids = {}
    for name in tables:
        table = database.open(name)
        ids[name] = {one["name"]: one["id"] for one in table.columns()}
        table.close()
    instance.end()
    return ids


def main():
    arguments = sys.argv[1:]
    options = {"--seed": "1", "--rows": "300"}
    for option in ("--ese", "--seed", "--rows", "--keep"):
        if option in arguments:
            at = arguments.index(option)
            options[option] = arguments[at + 1]
            del arguments[at: at + 2]
    library, sizes = arguments[0], [int(word) for word in arguments[1:]] or [4096, 8192, 16384, 32768]
    lib = esent.Library(library)
    ese = options.get("--ese", os.path.join(os.path.dirname(library), "ese"))
    seed = int(os.environ.get("OPENESE_SEED", options["--seed"]))
    failed = 0
    for page_size in sizes:
        folder = tempfile.mkdtemp(prefix="generate-")
        path = os.path.join(folder, "db.edb")
        try:
            tables = make(lib, folder, path, page_size, seed, int(options["--rows"]))
            if options.get("--keep"):
                os.makedirs(options["--keep"], exist_ok=True)
                shutil.copy(path, os.path.join(options["--keep"], f"generated-{page_size}.edb"))
            ids = column_ids(lib, folder, path, page_size, tables)
            problems = []
            counts = {"rows": sum(len(table.rows) for table in tables.values())}
            for reader, call in (
                ("entries", lambda: read_by_calls(lib, folder, path, page_size, tables)),
                ("ese", lambda: read_by_ese(ese, path, tables, ids)),
                ("esedbexport cells", lambda: read_by_esedbexport(path, folder, tables)),
                ("impacket cells", lambda: read_by_impacket(path, page_size, tables)),
            ):
                try:
                    counts[reader] = call()
                except (Failed, esent.Error) as problem:
                    problems.append(str(problem))
            for problem in problems:
                print(f"page size {page_size}, seed {seed}: {problem}")
            failed += bool(problems)
            print(f"page size {page_size}, seed {seed}: {'DIFFERENT' if problems else 'equal'}: " + ", ".join(f"{value} {key}" for key, value in counts.items() if value is not None))
        except esent.Error as error:
            failed += 1
            print(f"page size {page_size}, seed {seed}: {error}")
        finally:
            shutil.rmtree(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
