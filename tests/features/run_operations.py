#!/usr/bin/env python3
"""Runs the recorded calls of the features-* sets on this engine and compares what is in the database with what the recording saw.

Usage: run_operations.py LIBESENT SHARED_DATA SET [NAME...] [--ese ESE] [--keep FOLDER]      exit 77 without shared data (CTest: skipped)

SET is a folder such as features-keys-4k. For each database of it that has operations (language: README.md of the folder) the calls are made in a new database; then, after
a clean end and a new start, schema, rows, bookmarks and the entries of every index with their normalised keys must be those of NAME.expected.json, byte for byte and in order, the records those of NAME.edb,
and the catalog rows those of NAME.catalog.json, with the highest fixed and variable column of each record. `ese verify` must find nothing.
Sets without operations: features-empty compares new databases, features-maxrec builds the tables anew from their description and tries one byte more than fits.
"""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # nothing is left in the source tree
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import esent  # noqa: E402  (beside this file)

# What format 0x620,20 cannot hold, by set and name.
NEW_FORMAT = {"features-new-format-4k", }
SKIPPED = {
    ("features-catalog-4k", "deferred-index"): "optionally-unique and deferred-populate indexes came with format 290",
    ("features-catalog-4k", "reopen-efv9600"): "differs from reopen-efv8920 by the stored autoincrement mark, which came with format 290",
    ("features-empty", "efv9600"): "system tables of format 290: more columns and times",
}
# Online defragmentation leaves a table of its own where it is there; the rows of user tables do not depend on it.
OPTIONAL_TABLES = {"MSysDefrag2"}
SYSTEM_TABLES = ("MSysObjects", "MSysObjectsShadow", "MSysObjids")
EXTENSION = {("features-space-4k", "grow"): 256, ("features-space-4k", "grow-delete"): 256, ("features-space-4k", "grown-by-api"): 256}
# Column type 18 (unsigned 64 bits) and 64-bit escrow columns came after format 20. LongLong stands in, so that ids and layout stay; not compared are then
# type and keys of the former, options and values of the latter.
UNSIGNED_64, LONG_LONG, ESCROW = 18, 15, 0x800
PAGE_NUMBER_TYPES = (1, 3, 4)
# Format 230 gave MSysObjects and its shadow one column more; the recording engine writes that column's row into every new database, engines of format 20 did not.
LATER_CATALOG_COLUMN = "PgnoFDPLastSetTime"
FAILED_AT_MOST = 12


def stored(path):
    for suffix in ("", ".zst"):
        if os.path.exists(path + suffix):
            return path + suffix
    return None


def read_text(path):
    name = stored(path)
    if name.endswith(".zst"):
        return subprocess.run(["zstd", "-qdc", name], check=True, capture_output=True).stdout.decode()
    with open(name, encoding="utf-8") as file:
        return file.read()


def read_lines(path):
    return [json.loads(line) for line in read_text(path).splitlines()]


def number(word):
    return int(word, 0)


def unhex(word):
    return b"" if word == "-" else bytes.fromhex(word)


class Interpreter:
    """One run of an operations file."""

    def __init__(self, session, database, is_new_format):
        self.session, self.database, self.is_new_format = session, database, is_new_format
        self.tables = {}
        self.current = None
        self.definition = None
        self.stand_ins = set()       # columns of type 18
        self.without_escrow = set()  # 64-bit escrow columns

    def run(self, text):
        for line_number, line in enumerate(text.splitlines(), 1):
            words = line.split()
            if not words:
                continue
            try:
                getattr(self, "do_" + words[0])(*words[1:])
            except esent.Error as error:
                raise esent.Error(f"line {line_number} ({line[:100]}): {error.function}", error.number) from error

    def close_all(self):
        for table in self.tables.values():
            table.close()
        self.tables = {}

    # definitions

    def do_table(self, name, *options):
        self.definition = {"name": name, "columns": [], "indexes": [], "arguments": {}}
        for option in options:
            key, value = option.split("=", 1)
            arguments = self.definition["arguments"]
            if key in ("pages", "density", "grbit"):
                arguments[key] = number(value)
            elif key == "tmpl":
                arguments["template"] = value
            elif key == "sep":
                arguments["separate_lv"] = number(value)
            elif key == "chunk":
                arguments["lv_chunk_most"] = number(value)
            elif key in ("seqspace", "lvspace"):
                arguments["seq_hints" if key == "seqspace" else "lv_hints"] = self.hints(value)
            elif key == "cb":
                arguments["callback"] = value
            elif key == "cbtyp":
                arguments["cbtyp"] = number(value)
            else:
                raise ValueError(option)

    @staticmethod
    def hints(value):
        return esent.hints([number(word) for word in value.split(",")])

    def column(self, name, coltyp, most, grbit, cp, default=None):
        coltyp, grbit = number(coltyp), number(grbit)
        if self.is_new_format and coltyp == UNSIGNED_64:
            self.stand_ins.add(name)
            coltyp = LONG_LONG
        if self.is_new_format and coltyp == LONG_LONG and grbit & ESCROW:
            self.without_escrow.add(name)
            grbit &= ~ESCROW
        user_default = None
        if default is not None and default.startswith("cb="):
            callback, data, columns = (default[3:].split(";") + ["", ""])[:3]
            user_default = (callback, data.encode(), columns.split(",") if columns else [])
            default = None
        return esent.column(name, coltyp, number(most), grbit, number(cp), None if default is None else unhex(default), user_default)

    def do_col(self, *words):
        self.definition["columns"].append(self.column(*words))

    def index(self, name, key, grbit="0", *options):
        arguments = {"conditions": []}
        for option in options:
            kind, value = option.split("=", 1)
            if kind in ("most", "mac", "density"):
                arguments[kind] = number(value)
            elif kind == "tup":
                arguments["tuple_limits"] = [number(word) for word in value.split(",")]
            elif kind == "space":
                arguments["space"] = self.hints(value)
            elif kind in ("null", "nonnull"):
                bit = esent.BIT_INDEX_MUST_BE_NULL if kind == "null" else esent.BIT_INDEX_MUST_BE_NON_NULL
                arguments["conditions"].append((bit, value))
            else:
                raise ValueError(option)
        return esent.index(name, key, number(grbit), **arguments)

    def do_idx(self, *words):
        self.definition["indexes"].append(self.index(*words))

    def do_end(self):
        made = self.definition
        table = self.database.create_table(made["name"], made["columns"], made["indexes"], **made["arguments"])
        self.tables[made["name"]] = self.current = table

    def do_addcol(self, name, coltyp, most, grbit, cp, default=None):
        definition = esent.ColumnDef(cbStruct=esent.ctypes.sizeof(esent.ColumnDef), coltyp=number(coltyp), cp=number(cp), cbMax=number(most), grbit=number(grbit))
        value = unhex(default) if default is not None else b""
        columnid = esent.c_uint32(0)
        lib = self.session.lib
        lib.JetAddColumn(self.session.id, self.current.id, esent.text(name), esent.byref(definition), esent.bytes_pointer(value) if default is not None else None,
                         len(value), esent.byref(columnid))

    def do_delcol(self, name):
        self.session.lib.JetDeleteColumn(self.session.id, self.current.id, esent.text(name))
        self.current.ids.clear()

    def do_rencol(self, old, new):
        self.session.lib.JetRenameColumn(self.session.id, self.current.id, esent.text(old), esent.text(new), 0)
        self.current.ids.clear()

    def do_addidx(self, *words):
        made = self.index(*words)
        self.session.lib.JetCreateIndex4(self.session.id, self.current.id, esent.byref(made), 1)

    def do_delidx(self, name):
        self.session.lib.JetDeleteIndex(self.session.id, self.current.id, esent.text(name))

    def do_deltable(self, name):
        self.session.lib.JetDeleteTable(self.session.id, self.database.id, esent.text(name))

    def do_rentable(self, old, new):
        self.session.lib.JetRenameTable(self.session.id, self.database.id, esent.text(old), esent.text(new))

    # transactions, cursors, rows

    def do_begin(self):
        self.session.begin()

    def do_commit(self):
        self.session.commit()

    def do_open(self, name, grbit="0"):
        self.tables[name] = self.current = self.database.open(name, number(grbit))

    def do_close(self, name):
        self.tables.pop(name).close()

    def do_use(self, name):
        self.current = self.tables[name]

    def do_ins(self):
        self.current.prepare(esent.PREP_INSERT)

    def do_rep(self):
        self.current.prepare(esent.PREP_REPLACE)

    def do_copy(self):
        self.current.prepare(esent.PREP_INSERT_COPY)

    def do_s(self, name, value, sequence=None, grbit="0", offset="0"):
        grbit = number(grbit)
        if value.startswith("size="):
            self.current.set(name, None, sequence=number(sequence or "1"), grbit=grbit, offset=number(offset), size=number(value[5:]))
            return
        data = unhex(value)
        if not data:
            grbit |= esent.BIT_SET_ZERO_LENGTH
        self.current.set(name, data, None if sequence is None else number(sequence), grbit, number(offset))

    def do_sn(self, name, sequence=None, grbit="0"):
        self.current.set(name, None, None if sequence is None else number(sequence), number(grbit))

    def do_upd(self):
        self.current.update()

    def do_del(self):
        self.current.delete()

    def do_first(self):
        self.current.move(esent.MOVE_FIRST)

    def do_next(self):
        try:
            self.current.move(esent.MOVE_NEXT)
        except esent.Error as error:
            if error.number != esent.ERR_NO_CURRENT_RECORD:  # the last one of a loop goes past the end
                raise

    def do_last(self):
        self.current.move(esent.MOVE_LAST)

    def do_seek(self, value):
        self.current.seek(unhex(value))

    def do_escrow(self, name, delta):
        if name not in self.without_escrow:
            self.current.escrow(name, unhex(delta))

    def do_growdb(self, pages):
        real = esent.c_uint32(0)
        self.session.lib.JetGrowDatabase(self.session.id, self.database.id, number(pages), esent.byref(real))

    def do_defrag(self, *_):
        """Changes no row; the tables are compared without it."""

    def do_sleep(self, milliseconds):
        time.sleep(min(number(milliseconds), 300) / 1000)


# The catalog as it lies in the file

def leaf_records(path, page_size, objid):
    """The records of all leaves of the data tree of an object: key order is not promised. Only what the format pages document: page header, tags, node header."""
    with open(path, "rb") as file:
        content = file.read()
    header_size = 80 if page_size > 8192 else 40
    for start in range(2 * page_size, len(content), page_size):
        page = content[start: start + page_size]
        found, = struct.unpack_from("<I", page, 24)
        tag_count, = struct.unpack_from("<H", page, 34)
        tag_count &= 0xFFF
        flags, = struct.unpack_from("<I", page, 36)
        if found != objid or flags & 0x2 == 0 or flags & (0x8 | 0x20 | 0x40 | 0x80):
            continue
        for tag in range(1, tag_count):
            size, offset = struct.unpack_from("<HH", page, page_size - 4 * (tag + 1))
            if page_size > 8192:
                size, offset = size & 0x7FFF, offset & 0x7FFF
            else:
                node_flags, size, offset = offset >> 13, size & 0x1FFF, offset & 0x1FFF
            node = page[header_size + offset: header_size + offset + size]
            if page_size > 8192:
                node_flags = node[1] >> 5
                node = node[:1] + bytes([node[1] & 0x1F]) + node[2:]
            if node_flags & 2:
                continue
            at = 2 if node_flags & 4 else 0
            suffix, = struct.unpack_from("<H", node, at)
            yield node[at + 2 + (suffix & 0x1FFF):]


def catalog_of(session, database, path, page_size):
    """Catalog rows like those of *.catalog.json. The numbers of the highest columns come from the file, which the instance has closed."""
    highest = {}
    for record in leaf_records(path, page_size, 2):
        table, kind, identity = struct.unpack_from("<IHI", record, 4)
        highest[(table, kind, identity)] = (record[0], record[1])
    table = database.open("MSysObjects")
    columns = table.columns()
    rows = {}
    for _ in table.rows():
        row = {}
        for one in columns:
            value = table.value(one["id"])
            if value is None:
                continue
            if one["coltyp"] in (esent.COLTYP_TEXT,):
                row[one["name"]] = value.decode("latin-1")
            elif one["coltyp"] in (9, esent.COLTYP_LONG_BINARY, esent.COLTYP_LONG_TEXT):
                row[one["name"]] = value.hex()
            else:
                row[one["name"]] = int.from_bytes(value, "little")
        key = (row["ObjidTable"], row["Type"], row["Id"])
        row["lastFixed"], row["lastVar"] = highest.get(key, (None, None))
        rows[key] = row
    table.close()
    return rows


class Report:
    def __init__(self, title):
        self.title = title
        self.problems = []
        self.compared = {"lines": 0, "catalog rows": 0}
        self.page_numbers = 0

    def problem(self, text):
        self.problems.append(text)

    def close(self):
        for text in self.problems[:FAILED_AT_MOST]:
            print(f"{self.title}: {text}")
        if len(self.problems) > FAILED_AT_MOST:
            print(f"{self.title}: and {len(self.problems) - FAILED_AT_MOST} more")
        compared = ", ".join(f"{count} {what}" for what, count in self.compared.items())
        print(f"{self.title}: {'DIFFERENT' if self.problems else 'equal'}: {compared}; {self.page_numbers} objects have their root on another page")
        return not self.problems


def short(value):
    text = json.dumps(value)
    return text if len(text) <= 400 else text[:380] + f"... ({len(text)})"


class Comparison:
    """What is left out of both sides, and why, for databases of a newer format than the one this engine creates."""

    def __init__(self, is_new_format, catalog, interpreter=None):
        self.is_new_format = is_new_format
        self.stand_ins = interpreter.stand_ins if interpreter else set()
        self.without_escrow = interpreter.without_escrow if interpreter else set()
        self.optional_objids = {row["ObjidTable"].to_bytes(4, "little").hex() for row in catalog if row["Type"] == 1 and row["Name"] in OPTIONAL_TABLES}

    def prepared(self, lines):
        """Expectation or dump by table: [line]. System tables of a newer format are other tables."""
        tables, uncomparable = {}, set()
        name = None
        for line in lines:
            if "table" in line:
                name = line["table"]
                tables[name] = []
                uncomparable = {one["name"] for one in line["indexes"] if any(seg[1:] in self.stand_ins for seg in one["segs"])}
                line["columns"] = [one for one in line["columns"] if one["name"] != LATER_CATALOG_COLUMN]
                for one in line["columns"]:
                    if one["name"] in self.stand_ins:
                        one.pop("coltyp")
                    if one["name"] in self.without_escrow:
                        one.pop("grbit")
                    if one.get("grbit", 0) & esent.BIT_COLUMN_USER_DEFINED_DEFAULT:
                        one.pop("default", None)  # addresses of the process that recorded it
            if line.get("i") in uncomparable:
                continue
            if "c" in line and line["c"].get("Name") == [LATER_CATALOG_COLUMN.encode().hex()]:
                continue
            if line.get("t") in SYSTEM_TABLES:
                line.pop("rows", None)
                if "c" in line and self.optional_objids & {value for field in ("ObjidTable", "objidTable") for value in line["c"].get(field, [])}:
                    continue
            if "c" in line:
                for column in self.without_escrow:
                    line["c"].pop(column, None)
            tables[name].append(line)
        if self.is_new_format:
            tables = {name: lines for name, lines in tables.items() if not name.startswith("MSys")}
        return {name: lines for name, lines in tables.items() if name not in OPTIONAL_TABLES}

    def catalog_row(self, row):
        row = dict(row)
        if row["Type"] in PAGE_NUMBER_TYPES:
            row.pop("ColtypOrPgnoFDP")
        if self.is_new_format:
            if row["Type"] in PAGE_NUMBER_TYPES:
                row.pop("PgnoFDPLastSetTime", None)  # came with format 230
                row.pop("lastFixed")                 # the highest one is that
            if row["Name"] in self.stand_ins:
                row.pop("ColtypOrPgnoFDP")
            if row["Name"] in self.without_escrow:
                row.pop("Flags")
        return row


def compare_tables(report, comparison, expected, found):
    expected, found = comparison.prepared(expected), comparison.prepared(found)
    # The catalog's own rows are compared by compare_catalog, which knows which fields are page numbers.
    for name in sorted(set(expected) | set(found)):
        if name not in found or name not in expected:
            report.problem(f"table {name} is {'missing' if name not in found else 'not expected'}")
            continue
        compare_lines(report, name, expected[name], found[name])


def without_page_numbers(line):
    if line.get("t") in ("MSysObjects", "MSysObjectsShadow") and "c" in line:
        line = {**line, "c": dict(line["c"])}
        if int.from_bytes(bytes.fromhex(line["c"]["Type"][0]), "little") in PAGE_NUMBER_TYPES:
            line["c"].pop("ColtypOrPgnoFDP")
    return line


def compare_lines(report, name, expected, found):
    differences = 0
    for number_of_line in range(max(len(expected), len(found))):
        want = without_page_numbers(expected[number_of_line]) if number_of_line < len(expected) else None
        have = without_page_numbers(found[number_of_line]) if number_of_line < len(found) else None
        report.compared["lines"] += 1
        if want == have:
            continue
        differences += 1
        if differences <= 2:
            if want and have and "c" in want and "c" in have and want["bm"] == have["bm"]:
                columns = [c for c in sorted(set(want["c"]) | set(have["c"])) if want["c"].get(c) != have["c"].get(c)]
                text = "; ".join(f"{c}: expected {short(want['c'].get(c))}, found {short(have['c'].get(c))}" for c in columns[:3])
                report.problem(f"{name}, row {want['bm']}: {text}")
            else:
                report.problem(f"{name}: expected {short(want)}\n    found {short(have)}")
    if differences > 2:
        report.problem(f"{name}: {differences} lines differ of {len(expected)} expected, {len(found)} found")


def compare_catalog(report, comparison, expected, found, is_strict):
    skipped = set()
    for row in expected:
        if comparison.is_new_format and row["ObjidTable"] < 8:
            skipped.add(row["ObjidTable"])
        if row["Type"] == 1 and row["Name"] in OPTIONAL_TABLES:
            skipped.add(row["ObjidTable"])
    wanted = {(row["ObjidTable"], row["Type"], row["Id"]): row for row in expected if row["ObjidTable"] not in skipped and row["Name"] != LATER_CATALOG_COLUMN}
    found = {key: row for key, row in found.items() if key[0] not in skipped and row["Name"] != LATER_CATALOG_COLUMN}
    for key in sorted(set(wanted) | set(found)):
        want, have = wanted.get(key), found.get(key)
        report.compared["catalog rows"] += 1
        if want is None or have is None:
            report.problem(f"catalog row {key} is {'missing' if have is None else 'not expected'}: {short(want or have)}")
            continue
        if want["Type"] in PAGE_NUMBER_TYPES and want["ColtypOrPgnoFDP"] != have["ColtypOrPgnoFDP"]:
            report.page_numbers += 1
            if is_strict:
                report.problem(f"catalog row {key}: root expected at {want['ColtypOrPgnoFDP']}, found at {have['ColtypOrPgnoFDP']}")
        want, have = comparison.catalog_row(want), comparison.catalog_row(have)
        fields = [field for field in sorted(set(want) | set(have)) if want.get(field) != have.get(field)]
        if fields:
            report.problem(f"catalog row {key} {want['Name']}: " + "; ".join(f"{f}: expected {want.get(f)}, found {have.get(f)}" for f in fields))


def is_verified(report, ese, path):
    done = subprocess.run([ese, "verify", path], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        report.problem("verify: " + " | ".join(done.stdout.strip().splitlines()[:6]) + done.stderr)


class Runner:
    def __init__(self, lib, data, set_name, ese, keep):
        self.lib, self.set_name, self.ese, self.keep = lib, set_name, ese, keep
        self.source = os.path.join(data, "engine", set_name)

    def path(self, name, ending):
        return os.path.join(self.source, name + ending)

    def names(self):
        return sorted({name.split(".")[0] for name in os.listdir(self.source) if ".edb" in name})

    def run_all(self, only):
        is_good = True
        for name in self.names():
            if only and name not in only:
                continue
            reason = SKIPPED.get((self.set_name, name)) or SKIPPED.get((self.set_name, name.split("-")[-1]))
            if reason:
                print(f"{self.set_name}/{name}: left out: {reason}")
                continue
            report = Report(f"{self.set_name}/{name}")
            folder = tempfile.mkdtemp(prefix="features-")
            try:
                self.run_one(report, name, folder)
            except esent.Error as error:
                report.problem(str(error))
            is_good = report.close() and is_good
            if self.keep:
                os.makedirs(self.keep, exist_ok=True)
                target = os.path.join(self.keep, f"{self.set_name}-{name}.edb")
                if os.path.exists(os.path.join(folder, "db.edb")):
                    shutil.copy(os.path.join(folder, "db.edb"), target)
            shutil.rmtree(folder)
        return is_good

    def page_size(self, name):
        for word, size in (("32k", 32768), ("16k", 16384), ("8k", 8192)):
            if word in self.set_name or word in name:
                return size
        return 4096

    def run_one(self, report, name, folder):
        page_size = self.page_size(name)
        extension = EXTENSION.get((self.set_name, name), 16)
        path = os.path.join(folder, "db.edb")
        is_new_format = self.set_name in NEW_FORMAT
        expected = read_lines(self.path(name, ".expected.json"))
        catalog = read_lines(self.path(name, ".catalog.json"))
        comparison = Comparison(is_new_format, catalog)
        instance = esent.Instance(self.lib, folder, page_size, extension)
        is_ended = False
        try:
            database = instance.session.create(path)
            for part in (".operations.txt", ".operations2.txt"):
                if not stored(self.path(name, part)):
                    continue
                if part == ".operations2.txt":
                    instance.end()
                    instance = esent.Instance(self.lib, folder, page_size, extension)
                    database = instance.session.attach(path)
                interpreter = Interpreter(instance.session, database, is_new_format)
                interpreter.run(read_text(self.path(name, part)))
                interpreter.close_all()
                comparison = Comparison(is_new_format, catalog, interpreter)
            if self.set_name == "features-maxrec":
                build_longest(instance.session, database, expected, catalog, report)
            database.close()
            instance.session.detach(path)
            instance.end()
            is_ended = True
        finally:
            if not is_ended:
                instance.give_up()
        is_verified(report, self.ese, path)
        instance = esent.Instance(self.lib, folder, page_size, extension)
        try:
            database = instance.session.attach(path, esent.BIT_DB_READ_ONLY)  # as the recording did: else every column is updatable
            found = []
            for table in sorted(database.table_names(), key=lambda text: (text.upper(), text)):
                found.extend(esent.dump(instance.session, database, table, not table.startswith("MSys")))
            rows = catalog_of(instance.session, database, path, page_size)
        finally:
            instance.end()
        compare_tables(report, comparison, expected, found)
        if not is_new_format:
            self.compare_records(report, name, catalog, path, page_size)
        compare_catalog(report, comparison, catalog, rows, self.set_name == "features-empty")


    def compare_records(self, report, name, catalog, path, page_size):
        """The bytes of the records of user tables, ids of long values and compressed values included. Newer formats have wider ids."""
        original = os.path.join(os.path.dirname(path), "original.edb")
        if stored(self.path(name, ".edb")).endswith(".zst"):
            subprocess.run(["zstd", "-qdf", stored(self.path(name, ".edb")), "-o", original], check=True)
        else:
            shutil.copyfile(self.path(name, ".edb"), original)
        report.compared["records"] = 0
        for row in catalog:
            if row["Type"] != 1 or row["Name"].startswith("MSysObj") or row["Name"] in OPTIONAL_TABLES:
                continue
            want, have = (sorted(leaf_records(file, page_size, row["Id"])) for file in (original, path))
            report.compared["records"] += len(want)
            missing = sorted(set(want) - set(have))
            if want != have:
                other = next((record for record in sorted(set(have) - set(want)) if missing and record[:8] == missing[0][:8]), b"")
                report.problem(f"{row['Name']}: records differ in their bytes, {len(missing)} of {len(want)}" + (f": expected {missing[0].hex()[:160]}, found {other.hex()[:160]}" if missing else ""))


# features-maxrec: no calls were recorded, but every table follows from its description

RECORD_TOO_BIG = -1026


def build_longest(session, database, expected, catalog, report):
    key_most = {(row["ObjidTable"], row["Name"]): row["KeyMost"] for row in catalog if row["Type"] == 3 and "KeyMost" in row}
    objids = {row["Name"]: row["ObjidTable"] for row in catalog if row["Type"] == 1}
    in_order = sorted((line for line in expected if "table" in line and not line["table"].startswith("MSys")), key=lambda line: objids[line["table"]])
    for line in in_order:
        name = line["table"]
        columns = [esent.column(c["name"], c["coltyp"], c["cbMax"], c["grbit"], c["cp"]) for c in sorted(line["columns"], key=lambda c: c["id"])]
        indexes = []
        for one in line["indexes"]:
            most = key_most.get((objids[name], one["name"]), 0)
            indexes.append(esent.index(one["name"], ",".join(one["segs"]), one["grbit"] | (0x8000 if most else 0), most=most))
        session.begin()
        table = database.create_table(name, columns, indexes)
        session.commit()
        rows = [row for row in expected if row.get("t") == name and "c" in row]
        longest = max(weight(row["c"]) for row in rows)
        for row in rows:
            session.begin()
            insert(table, line["columns"], row["c"], None)
            for one in grown(line, row["c"]) if weight(row["c"]) == longest else []:
                try:
                    insert(table, line["columns"], row["c"], one)
                    report.problem(f"{name}, row {row['bm']}: {one} took one byte more than the longest record")
                except esent.Error as error:
                    if error.number != RECORD_TOO_BIG:
                        report.problem(f"{name}, row {row['bm']}: one byte more in {one}: {error}")
                    table.prepare(esent.PREP_CANCEL)
            session.commit()
        table.close()


def weight(row):
    """Values and what each column needs beside them: the rows differ by nothing else."""
    return sum(len(value) // 2 + 5 for values in row.values() for value in values)


def grown(line, row):
    """The column that can take one byte more, if any: the longest value of a binary or text column that is no key, of the type's own limit or below."""
    keys = {seg[1:] for one in line["indexes"] for seg in one["segs"]}
    for one in sorted(line["columns"], key=lambda c: -c["id"]):
        if one["name"] in row and one["name"] not in keys and one["coltyp"] in (9, 10) and not one["grbit"] & 1 and len(row[one["name"]][-1]) // 2 < one["cbMax"]:
            return [one["name"]]
    return []


def insert(table, columns, row, longer):
    table.prepare(esent.PREP_INSERT)
    for one in columns:
        for sequence, value in enumerate(row.get(one["name"], []), 1):
            data = unhex(value) + (b"\x5a" if one["name"] == longer and sequence == len(row[one["name"]]) else b"")
            if not one["grbit"] & 0x10:
                table.set(one["id"], data, sequence, 0 if data else esent.BIT_SET_ZERO_LENGTH)
    table.update()


def main():
    arguments = sys.argv[1:]
    options = {}
    for option in ("--ese", "--keep"):
        if option in arguments:
            at = arguments.index(option)
            options[option] = arguments[at + 1]
            del arguments[at: at + 2]
    library, data, set_name = arguments[:3]
    if "OPENESE_SHARED" in os.environ:
        data = os.path.join(os.environ["OPENESE_SHARED"], "data")
    if not os.path.isdir(os.path.join(data, "engine", set_name)):
        print("skipped: no shared data")
        return 77
    ese = options.get("--ese", os.path.join(os.path.dirname(library), "ese"))
    runner = Runner(esent.Library(library), data, set_name, ese, options.get("--keep"))
    return 0 if runner.run_all(arguments[3:]) else 1


if __name__ == "__main__":
    sys.exit(main())
