#!/usr/bin/env python3
"""Black-box tests of the command `ese` on every database of the shared data (point by point: header, rows, verify, export, round trip).

Usage: test_tools.py ESE SHARED_DATA [--table]     exit 77 when there is no shared data (CTest: skipped)
--table prints the comparison of every database as a table.
"""
import csv
import gzip
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

ESE = sys.argv[1] if len(sys.argv) > 1 else "build/debug/ese"
DATA = sys.argv[2] if len(sys.argv) > 2 else "../shared/data"
if "OPENESE_SHARED" in os.environ:
    DATA = os.path.join(os.environ["OPENESE_SHARED"], "data")
WORK = None

# Databases that no reader can open as such, and why. ese must say so and exit 1.
REFUSED = {"windows/ntds-server2012r2-tempdb/temp.edb"}
# Damaged on disk: rows are compared as far as the independent reader got, verify must find the damage.
DAMAGED = {"windows/webcache-w10-1809-dirty/WebCacheV01.dat": 36}
BAD_TAIL = {"windows/srum-w10-1809-dissect/SRUDB.dat": 16}


def run(*arguments, **options):
    return subprocess.run([ESE, *arguments], capture_output=True, text=True, timeout=600, check=False, **options)


def peak_kib(command):
    """Largest resident size of a command, sampled (what wait4 tells includes the parent's own before exec), and its exit status."""
    peak = 0
    with open(os.devnull, "wb") as null, subprocess.Popen(command, stdout=null) as process:
        while process.poll() is None:
            try:
                with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                    text = status.read()
                if f"Name:\t{os.path.basename(command[0])[:15]}\n" in text:
                    peak = max([peak] + [int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM")])
            except (FileNotFoundError, ProcessLookupError):
                pass
            time.sleep(0.002)
        return peak, process.returncode


def sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def unpack(source, target):
    if source.endswith(".zst"):
        subprocess.run(["zstd", "-qdf", source, "-o", target], check=True)
    elif source.endswith(".gz"):
        with gzip.open(source, "rb") as packed, open(target, "wb") as out:
            shutil.copyfileobj(packed, out)
    else:
        shutil.copyfile(source, target)
    os.chmod(target, 0o600)


def find(path):
    """The stored form of a file: as it is, .zst or .gz."""
    for suffix in ("", ".zst", ".gz"):
        if os.path.exists(path + suffix):
            return path + suffix
    return None


def text_of(path):
    stored = find(path)
    with tempfile.NamedTemporaryFile(dir=WORK) as plain:
        unpack(stored, plain.name)
        with open(plain.name, encoding="utf-8", newline="") as file:
            return file.read()


def windows_databases():
    """(name, stored path, prefix of the expectation files)"""
    top = os.path.join(DATA, "windows")
    for set_name in sorted(os.listdir(top)):
        expected = os.path.join(top, set_name, "expected")
        if not os.path.isdir(expected):
            continue
        for name in sorted(os.listdir(expected)):
            if name.endswith(".header.tsv"):
                prefix = name[: -len(".header.tsv")]
                relative = prefix.replace("__", "/")
                stored = find(os.path.join(top, set_name, relative))
                if stored:
                    yield f"windows/{set_name}/{relative}", stored, os.path.join(expected, prefix)


def engine_databases():
    """(name, stored database, stored expected JSON) of databases that the original engine wrote and closed cleanly."""
    top = os.path.join(DATA, "engine")
    for set_name in sorted(os.listdir(top)):
        folder = os.path.join(top, set_name)
        if not os.path.isdir(folder):
            continue
        for name in sorted(os.listdir(folder)):
            plain = name[: -len(".zst")] if name.endswith(".zst") else name
            if not plain.endswith(".edb"):
                continue
            expected = find(os.path.join(folder, plain[: -len(".edb")] + ".expected.json")) or find(os.path.join(folder, "expected.json"))
            if expected:
                yield f"engine/{set_name}/{plain}", os.path.join(folder, name), expected


def value_text(value):
    raw = bytes.fromhex(value)
    return value if len(raw) <= 256 else f"#{len(raw)}:{hashlib.sha256(raw).hexdigest()}"


def rows_of_dump(text):
    """{table: {bookmark: {column id: [values]}}}, the mark of a default taken off."""
    tables = {}
    for line in text.splitlines()[1:]:
        table, key, *cells = line.split("\t")
        row = tables.setdefault(table, {}).setdefault(key, {})
        for cell in cells:
            name, value = cell.split("=", 1)
            row.setdefault(int(name.split("[")[0]), []).append(value.lstrip("~"))
    return tables


def column_names(tables):
    """{table: {column id: name}} from the catalog's own rows; a derived table's template columns carry the high bit."""
    text = lambda row, column: bytes.fromhex(row[column][0]).decode("cp1252") if column in row else None
    number = lambda row, column: int.from_bytes(bytes.fromhex(row[column][0]), "little")
    rows = list(tables["MSysObjects"].values())
    names, template = {}, {}
    for row in rows:
        if number(row, 2) == 1:
            names[number(row, 1)] = (text(row, 128), {})
            template[text(row, 128)] = text(row, 130)
    for row in rows:
        if number(row, 2) == 2:
            names[number(row, 1)][1][number(row, 3)] = text(row, 128)
    result = dict(names.values())
    for table, parent in template.items():
        if parent:
            for column, name in result[parent].items():
                result[table].setdefault(column | 0x80000000, name)
                if column < 256:
                    result[table].setdefault(column, name)
    return result


class Copies:
    """Unpacked copies, one per database."""

    def __init__(self):
        self.paths = {}

    def get(self, name, stored):
        if name not in self.paths:
            folder = os.path.join(WORK, f"db{len(self.paths)}")
            os.mkdir(folder)
            self.paths[name] = os.path.join(folder, os.path.basename(name))
            unpack(stored, self.paths[name])
        return self.paths[name]


COPIES = Copies()


def header_fields(prefix):
    return dict(line.split("\t", 1) for line in text_of(prefix + ".header.tsv").splitlines() if "\t" in line)


# Names that `ese info` writes with the same value as the expectation files do.
SAME_FIELDS = ["file_size", "version", "create_version", "create_update", "page_size", "dbtime", "state", "consistent", "attach", "detach",
               "dbid", "objid_last", "os", "repair_count", "gen_required", "gen_committed", "gen_recovering", "gen_min_consistent",
               "efv_max_bin", "last_resize", "filetype", "sign_db", "sign_log", "sign_dbhdrflush", "sign_fmhdrflush", "ecc_fix", "bad_checksum"]


class Tools(unittest.TestCase):
    maxDiff = 2000

    def test_info_shows_the_header_of_every_database(self):
        for name, stored, prefix in windows_databases():
            with self.subTest(name):
                result = run("info", "--json", COPIES.get(name, stored))
                self.assertEqual(result.returncode, 0, result.stderr)
                shown, expected = json.loads(result.stdout), header_fields(prefix)
                for field in SAME_FIELDS:
                    if field in expected:
                        self.assertEqual(str(shown[field]).lower(), expected[field].lower(), field)

    def test_info_shows_logs_checkpoints_and_flush_maps(self):
        kinds = {}
        for folder, _, names in os.walk(os.path.join(DATA, "windows")):
            for name in names:
                kind = {".log": "log", ".chk": "checkpoint", ".jfm": "flush map"}.get(os.path.splitext(name)[1])
                path = os.path.join(folder, name)
                if kind is None or os.path.getsize(path) == 0 or "tmp" in name:
                    continue
                result = run("info", "--json", path)
                with self.subTest(path):
                    self.assertEqual(result.returncode, 0, result.stderr)
                    self.assertEqual(json.loads(result.stdout)["kind"], kind)
                    kinds[kind] = kinds.get(kind, 0) + 1
        self.assertEqual(set(kinds), {"log", "checkpoint", "flush map"})

    def test_dump_gives_exactly_the_expected_rows(self):
        for name, stored, prefix in windows_databases():
            if name in DAMAGED:
                continue
            with self.subTest(name):
                result = run("dump", COPIES.get(name, stored))
                self.assertEqual(result.returncode, 0, result.stderr)
                expected = text_of(prefix + ".rows.tsv")
                if result.stdout != expected:
                    ours, theirs = result.stdout.splitlines(), expected.splitlines()
                    for i, (a, b) in enumerate(zip(ours, theirs)):
                        self.assertEqual(a[:1500], b[:1500], f"line {i + 1}")
                    self.assertEqual(len(ours), len(theirs))

    def test_dump_gives_the_rows_that_the_original_engine_returned(self):
        databases = rows = 0
        for name, stored, expected in engine_databases():
            with self.subTest(name):
                result = run("dump", COPIES.get(name, stored))
                self.assertEqual(result.returncode, 0, result.stderr)
                dumped = rows_of_dump(result.stdout)
                names = column_names(dumped)
                counts = {}
                for line in text_of(expected[: -len(".zst")] if expected.endswith(".zst") else expected[: -len(".gz")] if expected.endswith(".gz") else expected).splitlines():
                    record = json.loads(line)
                    if "c" in record and "bm" in record:
                        table = record["t"]
                        ours = {names[table].get(column, column): values for column, values in dumped[table][record["bm"]].items()}
                        theirs = {column: [value_text(value) for value in values] for column, values in record["c"].items()}
                        self.assertEqual(ours, theirs, f"{table} {record['bm']}")
                        counts[table] = counts.get(table, 0) + 1
                for table, count in counts.items():
                    self.assertEqual(len(dumped[table]), count, table)
                databases += 1
                rows += sum(counts.values())
        self.assertGreater(databases, 20)
        print(f"{databases} databases of the original engine, {rows} rows equal", file=sys.stderr)

    def test_verify_accepts_what_the_original_engine_wrote(self):
        for name, stored, _ in engine_databases():
            with self.subTest(name):
                result = run("verify", COPIES.get(name, stored))
                self.assertEqual(result.returncode, 0, result.stdout[-1500:] + result.stderr)

    def test_dump_reads_what_a_torn_database_still_has(self):
        for name, stored, prefix in windows_databases():
            if name in DAMAGED:
                result = run("dump", COPIES.get(name, stored))
                expected = set(text_of(prefix + ".rows.tsv").splitlines())
                ours = set(result.stdout.splitlines())
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertEqual(ours - expected, set(), "rows that are not in the file")
                self.assertGreater(len(ours), len(expected) * 0.5)

    def test_dump_of_one_table_is_that_part_of_the_whole(self):
        name, stored, prefix = next(d for d in windows_databases() if d[0].endswith("types-4k/multi.edb"))
        path = COPIES.get(name, stored)
        table = [line.split("\t")[0] for line in text_of(prefix + ".tables.tsv").splitlines()[1:]][-1]
        part = run("dump", path, "--table", table).stdout.splitlines()[1:]
        whole = [line for line in run("dump", path).stdout.splitlines()[1:] if line.split("\t")[0] == table]
        self.assertEqual(part, whole)
        absent = run("dump", path, "--table", "no such table")
        self.assertEqual(absent.returncode, 1)
        self.assertIn("JET_errObjectNotFound (-1305)", absent.stderr)

    def test_verify_accepts_sound_databases_and_finds_damage(self):
        for name, stored, _ in windows_databases():
            with self.subTest(name):
                result = run("verify", "--json", COPIES.get(name, stored))
                summary = json.loads(result.stdout.splitlines()[-1])
                if name in DAMAGED:
                    self.assertEqual((result.returncode, summary["pages_bad"]), (1, DAMAGED[name]))
                else:
                    self.assertEqual(result.returncode, 0, result.stdout[-2000:] + result.stderr)
                    self.assertEqual(summary["pages_bad"], BAD_TAIL.get(name, 0))

    def test_files_that_are_no_databases_are_refused_with_name_and_number(self):
        for name in REFUSED:
            path = COPIES.get(name, find(os.path.join(DATA, name)))
            result = run("dump", path)
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr, r"JET_errReadVerifyFailure \(-1018\)")
            self.assertEqual(run("verify", path).returncode, 1)
        result = run("dump", os.path.join(WORK, "absent.edb"))
        self.assertIn("JET_errFileNotFound (-1811)", result.stderr)
        self.assertEqual(result.returncode, 1)

    def test_what_is_no_readable_file_is_named(self):
        folder, empty, text = (os.path.join(WORK, name) for name in ("a folder", "empty.edb", "text.edb"))
        os.mkdir(folder)
        open(empty, "wb").close()
        with open(text, "w", encoding="ascii") as file:
            file.write("no database")
        absent, exported = os.path.join(WORK, "not there"), os.path.join(WORK, "exported")  # export makes its folder first
        for verb, *rest in (["info"], ["verify"], ["dump"], ["export", "-f", "csv", "-o", exported], ["backup", "-o", absent], ["compact", absent], ["salvage", absent]):
            for path, reason in ((folder, "it is a folder"), (empty, "it is empty"), (text, "it is too small for a header")):
                with self.subTest(verb, reason=reason):
                    result = run(verb, path, *rest)
                    self.assertEqual(result.returncode, 1)
                    self.assertRegex(result.stderr, rf"{path} \({reason}\).*: JET_err\w+ \(-\d+\)")
                    self.assertFalse(os.path.exists(absent))
        self.assertIn("(it is no folder)", run("recover", text, "--dry-run").stderr)
        self.assertIn("(it does not exist)", run("recover", absent, "--dry-run").stderr)
        self.assertIn("cannot read", run("info", absent).stderr)
        missing = run("verify-backup", absent)
        self.assertEqual((missing.returncode, missing.stderr), (1, ""))
        self.assertIn("1 error(s)", missing.stdout)

    def test_a_damaged_page_is_named_by_its_number(self):
        name, stored, _ = next(d for d in windows_databases() if d[0].endswith("catdb"))
        damaged = os.path.join(WORK, "damaged")
        unpack(stored, damaged)
        root = next(line.split("\t") for line in text_of(os.path.join(DATA, "windows/catroot-w10/expected/catdb.tables.tsv")).splitlines()[1:])[2]
        with open(damaged, "r+b") as file:
            file.seek((int(root) + 1) * 4096 + 600)
            file.write(b"Damaged!")
        result = run("dump", damaged)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, rf"page {root}\b.*JET_errReadVerifyFailure \(-1018\)")

    def test_wrong_command_lines_exit_with_2(self):
        for arguments in ([], ["nonsense"], ["dump"], ["dump", "--nonsense"], ["backup", "x"], ["restore", "x"], ["export", "x"], ["verify"], ["info"], ["recover", "x"]):
            self.assertEqual(run(*arguments).returncode, 2, arguments)
        for verb in ("info", "verify", "dump", "export", "backup", "restore", "recover"):
            result = run(verb, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertIn(f"usage: ese {verb}", result.stdout)

    def test_export_writes_csv_jsonl_and_sqlite_with_the_same_rows(self):
        name, stored, _ = next(d for d in windows_databases() if d[0].endswith("types-4k/multi.edb"))
        path = COPIES.get(name, stored)
        out = os.path.join(WORK, "export")
        for form in ("csv", "jsonl", "sqlite"):
            result = run("export", path, "--format", form, "-o", out)
            self.assertEqual(result.returncode, 0, result.stderr)
        database = sqlite3.connect(os.path.join(out, "multi.edb.sqlite"))
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE '% values'")]
        self.assertTrue(tables)
        several = 0
        for table in tables:
            with open(os.path.join(out, table + ".csv"), newline="", encoding="utf-8") as file:
                in_csv = list(csv.DictReader(file))
            with open(os.path.join(out, table + ".jsonl"), encoding="utf-8") as file:
                in_json = [json.loads(line) for line in file]
            count = database.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
            self.assertEqual((len(in_csv), len(in_json)), (count, count))
            several += sum(isinstance(value, list) for row in in_json for value in row.values())
            for row, as_csv in zip(in_json, in_csv):
                for column, value in row.items():
                    if isinstance(value, list):
                        self.assertEqual(json.loads(as_csv[column]), value)
                    elif isinstance(value, str):
                        self.assertEqual(as_csv[column].replace("\r\n", "\n"), value.replace("\r\n", "\n"))
        self.assertGreater(several, 0)
        side = database.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE '% values'").fetchone()[0]
        self.assertGreater(side, 0)

    def test_backup_and_restore_keep_every_row(self):
        name, stored, _ = next(d for d in windows_databases() if d[0].endswith("srum-w10-21h1-rathbun/collected/SRUDB.dat"))
        source = os.path.join(WORK, "roundtrip.dat")
        unpack(stored, source)
        before = hashlib.sha256(run("dump", source).stdout.encode()).hexdigest()
        result = run("backup", source, "-o", os.path.join(WORK, "set"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotEqual(run("backup", source, "-o", os.path.join(WORK, "set")).returncode, 0)  # the folder is not empty
        result = run("restore", os.path.join(WORK, "set"), "-o", os.path.join(WORK, "back"))
        self.assertEqual(result.returncode, 0, result.stderr)
        after = hashlib.sha256(run("dump", os.path.join(WORK, "back", "roundtrip.dat")).stdout.encode()).hexdigest()
        self.assertEqual(before, after)
        self.assertEqual(hashlib.sha256(run("dump", source).stdout.encode()).hexdigest(), before)
        self.assertEqual(json.loads(run("info", "--json", source).stdout)["state"], "CleanShutdown")

    def recover(self, *sources, arguments=()):
        """Unpacks files of the shared data into a folder, recovers it elsewhere; (result, output folder). The input must stay as it was."""
        work = tempfile.mkdtemp(dir=WORK)
        folder, out = os.path.join(work, "in"), os.path.join(work, "out")
        os.mkdir(folder)
        for source in sources:
            top = os.path.join(DATA, source)
            paths = [os.path.join(top, name) for name in os.listdir(top)] if os.path.isdir(top) else [find(top)]
            for path in paths:
                if os.path.isfile(path):
                    plain = os.path.basename(path)
                    for suffix in (".zst", ".gz"):
                        plain = plain[: -len(suffix)] if plain.endswith(suffix) else plain
                    unpack(path, os.path.join(folder, plain))
        hashes = lambda: {name: sha256_of(os.path.join(folder, name)) for name in os.listdir(folder)}
        before = hashes()
        result = run("recover", folder, "--copy-to", out, *arguments)
        self.assertEqual(hashes(), before)
        return result, out

    def check_recovered(self, result, database, expected_rows):
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("CleanShutdown", result.stdout)
        self.assertEqual(run("dump", database).stdout, expected_rows)
        verified = run("verify", database)
        self.assertEqual(verified.returncode, 0, verified.stdout)

    def test_recover_rebuilds_a_windows_database_from_its_logs_alone(self):
        top = "windows/srum-server2022-day0"
        result, out = self.recover(f"{top}/SRU00001.log", f"{top}/SRU.log")
        self.check_recovered(result, os.path.join(out, "SRUDB.dat"), text_of(os.path.join(DATA, top, "expected/SRUDB.dat.rows.tsv")))

    def test_recover_brings_back_crashed_windows_databases(self):
        for top, logs, dirty, expected in (
            ("windows/srum-w10-21h1-rathbun", "collected", "derived-crash/SRUDB.dat", "collected__SRUDB.dat"),
            ("windows/srum-w10-1809-belkasoft", "dirty", "derived-crash/SRUDB.dat", "dirty__SRUDB.dat"),
            ("windows/srum-w10-1809-belkasoft", "dirty", "dirty/SRUDB.dat", "dirty__SRUDB.dat"),
        ):
            with self.subTest(top + " " + dirty):
                names = sorted(os.listdir(os.path.join(DATA, top, logs)))
                wanted = [f"{top}/{logs}/{name}" for name in names if name.startswith("SRU") and ".log" in name and "tmp" not in name]
                plain = [name[: -len(".zst")] if name.endswith(".zst") else name for name in wanted]
                result, out = self.recover(*plain, f"{top}/{dirty}")
                self.check_recovered(result, os.path.join(out, "SRUDB.dat"), text_of(os.path.join(DATA, top, "expected", expected + ".rows.tsv")))

    def test_recover_gives_the_rows_that_the_original_engine_recovered(self):
        for name in ("crash_4k_partial", "crash_8k_ddl", "crash_32k"):
            with self.subTest(name):
                result, out = self.recover(f"engine/{name}/before")
                self.assertEqual(result.returncode, 0, result.stderr)
                dumped = rows_of_dump(run("dump", os.path.join(out, "data.edb")).stdout)
                names, rows = column_names(dumped), 0
                for line in text_of(os.path.join(DATA, "engine", name, "after.json")).splitlines():
                    record = json.loads(line)
                    if "c" in record and "bm" in record and not record["t"].startswith("MSys"):
                        ours = {names[record["t"]].get(column, column): values for column, values in dumped[record["t"]][record["bm"]].items()}
                        self.assertEqual(ours, {column: [value_text(value) for value in values] for column, values in record["c"].items()})
                        rows += 1
                self.assertGreater(rows, 50)
                self.assertEqual(run("verify", os.path.join(out, "data.edb")).returncode, 0)

    def test_recover_says_what_is_missing(self):
        result, _ = self.recover("windows/secedit-w10-logonly")
        self.assertEqual(result.returncode, 1)
        self.assertIn("JET_errAttachedDatabaseMismatch (-1216)", result.stderr)
        result, _ = self.recover("windows/qmgr-w11-24h2")
        self.assertIn("JET_errMissingLogFile (-528)", result.stderr)
        top = "windows/srum-w10-21h1-rathbun"  # the checkpoint is that of another copy of the database, to which its logs have been replayed
        result, out = self.recover(*(f"{top}/collected/{name}" for name in os.listdir(os.path.join(DATA, top, "collected")) if name.startswith("SRU") and "DB" not in name),
                                   f"{top}/derived-crash/SRUDB.dat")
        self.assertIn("nothing to replay", result.stdout)
        result, out = self.recover("engine/crash_4k_partial/before", arguments=("--no-undo",))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("JET_errRecoveredWithoutUndo (-579)", result.stdout)
        self.assertEqual(json.loads(run("info", "--json", os.path.join(out, "data.edb")).stdout)["state"], "DirtyShutdown")

    def test_another_reader_reads_the_same_after_attach_and_detach(self):
        reader = shutil.which("esedbexport")
        if reader is None:
            self.skipTest("esedbexport is not installed")

        def exported(path, out):
            result = subprocess.run([reader, "-t", out, path], capture_output=True, text=True, timeout=600, check=False)
            folder = out + ".export"
            files = {name: sha256_of(os.path.join(folder, name)) for name in sorted(os.listdir(folder))} if os.path.isdir(folder) else {}
            return result.returncode, files

        compared = 0
        for name, stored, _ in windows_databases():
            if not name.endswith(("types-4k/multi.edb", "catdb", "SystemIdentity.mdb", "adamntds.dit", "server2022-day0/SRUDB.dat")):
                continue
            work = tempfile.mkdtemp(dir=WORK)
            path = os.path.join(work, "db")
            unpack(stored, path)
            before = exported(path, os.path.join(work, "before"))
            result = run("backup", path, "-o", os.path.join(work, "set"))
            with self.subTest(name):
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(exported(path, os.path.join(work, "after")), before)
                compared += bool(before[1])
        self.assertGreater(compared, 2)

    def test_memory_stays_within_the_cache(self):
        name, stored, _ = next(d for d in windows_databases() if d[0].endswith("large.edb"))
        path = COPIES.get(name, stored)
        for verb in ("dump", "verify"):
            peak, code = peak_kib([ESE, verb, "--cache", "2", path])
            self.assertEqual(code, 0)
            if "asan" not in ESE and "tsan" not in ESE:
                self.assertLess(peak, 24 << 10,  # the pages of libraries count too
                                 "KiB resident with a cache of 2 MiB on a database of 24 MiB")


def print_table():
    print(f"{'database':70} {'rows':>8}  dump   verify")
    for name, stored, prefix in windows_databases():
        path = COPIES.get(name, stored)
        dump, verify = run("dump", path), run("verify", "-q", path)
        expected = find(prefix + ".rows.tsv")
        equal = "none" if expected is None else "equal" if dump.stdout == text_of(prefix + ".rows.tsv") else "DIFFER"
        if dump.returncode != 0 and not dump.stdout.strip():
            equal = "refused " + dump.stderr.strip().rsplit(": ", 1)[-1]
        print(f"{name:70} {max(0, dump.stdout.count(chr(10)) - 1):8}  {equal}  {'good' if verify.returncode == 0 else 'errors'}")


if __name__ == "__main__":
    if not os.path.isdir(os.path.join(DATA, "windows")):
        print("skipped: no shared data")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as WORK:
        if "--table" in sys.argv:
            print_table()
        else:
            unittest.main(argv=[sys.argv[0], *[a for a in sys.argv[3:]]])
