#!/usr/bin/env python3
"""Black-box tests of `ese log` and `ese recover` on the real logs of the shared data.

Usage: test_logs.py ESE SHARED_DATA     exit 77 when there is no shared data (CTest: skipped)
"""
import datetime
import glob
import json
import os
import shutil
import sys
import tempfile
import unittest

import test_tools
from test_tools import run, sha256_of, text_of, unpack

DATA = test_tools.DATA
WORK = tempfile.mkdtemp(prefix="ese-logs-")
LOG_SETS = ("srum-w10-21h1-rathbun", "srum-w10-1809-belkasoft", "srum-server2022-day0", "secedit-w10-logonly")
CRASH_SETS = ("crash_4k_partial", "crash_8k_ddl", "crash_32k")


def plain_name(path):
    name = os.path.basename(path)
    for suffix in (".zst", ".gz"):
        name = name[: -len(suffix)] if name.endswith(suffix) else name
    return name


def folder_of(*sources):
    """A new folder with the files of folders, or single files, of the shared data."""
    folder = tempfile.mkdtemp(dir=WORK)
    for source in sources:
        top = os.path.join(DATA, source)
        for path in [os.path.join(top, name) for name in os.listdir(top)] if os.path.isdir(top) else glob.glob(glob.escape(top) + "*"):
            if os.path.isfile(path):
                unpack(path, os.path.join(folder, plain_name(path)))
    return folder


def hashes(folder):
    return {name: sha256_of(os.path.join(folder, name)) for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name))}


class Log(unittest.TestCase):
    def test_every_record_of_the_windows_logs_is_listed_as_expected(self):
        lines = 0
        for name in LOG_SETS:
            expected = {}
            for line in text_of(os.path.join(DATA, "windows", name, "expected", "log-records.tsv")).splitlines()[1:]:
                file, rest = line.split("\t", 1)
                expected.setdefault(file, []).append(rest)
            for file, records in expected.items():
                with self.subTest(f"{name} {file}"):
                    folder = folder_of(f"windows/{name}/{file}")
                    result = run("log", os.path.join(folder, os.path.basename(file)))
                    self.assertEqual(result.returncode, 0, result.stderr)
                    self.assertEqual([line.split("\t", 1)[1] for line in result.stdout.splitlines()[1:]], records)
                    lines += len(records)
        self.assertGreater(lines, 6500)

    def test_records_can_be_chosen_by_page_position_and_table(self):
        folder = folder_of("windows/srum-server2022-day0")
        everything = run("log", folder).stdout.splitlines()
        page = run("log", folder, "--page", "4").stdout.splitlines()
        self.assertTrue(0 < len(page) - 1 < len(everything) - 1)
        self.assertLessEqual({line for line in everything if line.split("\t")[5] == "4"}, set(page))
        since = run("log", folder, "--since", "2:1:0").stdout.splitlines()
        self.assertEqual(since[1:], [line for line in everything if line.startswith("SRU.log")])
        table = run("log", folder, "--table", "SruDbIdMapTable", "--db", os.path.join(folder, "SRUDB.dat"), "--json")
        self.assertEqual(table.returncode, 0, table.stderr)
        objids = {json.loads(line)["objid"] for line in table.stdout.splitlines()}
        self.assertEqual(objids, {8, 9})  # its rows and its secondary index, as objects of the catalog

    def test_a_damaged_log_is_listed_as_far_as_it_goes(self):
        folder = folder_of("engine/crash_4k_partial/before")
        path = os.path.join(folder, "edb00005.log")
        whole = run("log", path).stdout.splitlines()
        with open(path, "r+b") as file:
            file.seek(10 * 4096 + 100)
            file.write(b"\xA5" * 50)
        result = run("log", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("JET_errLogFileCorrupt", result.stderr)
        listed = result.stdout.splitlines()
        self.assertTrue(100 < len(listed) < len(whole))
        self.assertEqual(listed, whole[: len(listed)])

    def test_rows_say_what_each_transaction_did(self):
        for name in CRASH_SETS:
            with self.subTest(name):
                folder = folder_of(f"engine/{name}/before")
                before = hashes(folder)
                result = run("log", "--rows", "--json", folder)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(hashes(folder), before)
                self.check_story(folder, [json.loads(line) for line in result.stdout.splitlines()])

    def test_rows_are_told_where_a_recovery_has_not_enough(self):
        """A backup's copy with its logs; logs that follow a set, without their database; a database of whose logs only the last are there."""
        def without_older_logs(folder):
            for name in ["edb.chk"] + [f"edb0000{generation}.log" for generation in range(1, 9)]:
                os.remove(os.path.join(folder, name))

        for source, change, status, name in (("backup_4k/full", None, 0, "table"), ("backup_4k/incr1", None, 0, "objid"), ("crash_4k_partial/before", without_older_logs, 1, "table")):
            with self.subTest(source):
                folder = folder_of(f"engine/{source}")
                if change is not None:
                    change(folder)
                before = hashes(folder)
                result = run("log", "--rows", "--json", folder)
                self.assertEqual(result.returncode, status, result.stderr)
                changes = [event for event in map(json.loads, result.stdout.splitlines()) if "key" in event]
                self.assertGreater(len(changes), 200)
                self.assertTrue(all(name in event for event in changes))
                self.assertEqual(hashes(folder), before)

    def test_long_values_and_what_no_catalog_names_are_told_by_their_bytes(self):
        events = [json.loads(line) for line in run("log", "--rows", "--json", folder_of("engine/clean_4k")).stdout.splitlines()]
        roots, chunks, used, nameless = {}, {}, set(), set()
        for event in events:
            if event.get("long_value") and event["event"] in ("insert", "replace"):
                if "size" in event:
                    roots[event["table"], event["lid"]] = max(event["size"], roots.get((event["table"], event["lid"]), 0))
                else:
                    chunks.setdefault((event["table"], event["lid"]), {})[event["offset"]] = len(event["stored"]) // 2
            elif "objid" in event:
                nameless.add(event["objid"])
                self.assertIn("after_bytes", event)
            elif event["event"] == "insert":
                for value in event["after"].values():
                    if isinstance(value, str) and value.startswith("long value "):
                        used.add((event["table"], int(value.split()[-1])))
        self.assertGreater(len(used), 5)
        self.assertLessEqual(used, roots.keys())
        for value, parts in chunks.items():
            self.assertLess(max(parts), roots[value], value)
            self.assertLessEqual(sum(parts.values()), roots[value], value)
        self.assertEqual(nameless, {15})  # an index that was deleted

    def check_story(self, folder, events):
        """The committed changes, applied in order, must give the recovered rows' keys."""
        rows, pending, tables = {}, {}, set()
        for event in events:
            session, kind = event["session"], event["event"]
            if kind == "begin":
                pending[session] = []
            elif kind in ("commit", "rollback", "open at the end"):
                done = pending.pop(session, [])
                if kind == "commit":
                    for table, action, key in done:
                        (rows.setdefault(table, set()).add if action == "insert" else rows.setdefault(table, set()).discard)(key)
            elif kind in ("insert", "delete") and "long_value" not in event:
                self.assertIsNotNone(event["key"])
                tables.add(event["table"])
                pending.setdefault(session, []).append((event["table"], kind, event["key"]))
            elif kind in ("undo insert", "undo delete") and "long_value" not in event and session in pending:
                undone = (event["table"], kind.split()[1], event["key"])
                last = len(pending[session]) - 1 - pending[session][::-1].index(undone)
                del pending[session][last]
        out = os.path.join(folder, "out")
        self.assertEqual(run("recover", folder, "-o", out).returncode, 0)
        recovered = {}
        for line in run("dump", os.path.join(out, "data.edb")).stdout.splitlines()[1:]:
            table, key = line.split("\t")[:2]
            recovered.setdefault(table, set()).add(key)
        compared = 0
        for table in recovered:
            if not table.startswith("MSys"):
                self.assertEqual(rows.get(table, set()), recovered[table], table)
                compared += len(recovered[table])
        self.assertGreater(compared, 50)


class Recover(unittest.TestCase):
    def test_dry_run_says_what_is_there_and_what_is_missing(self):
        folder = folder_of("engine/crash_4k_partial/before")
        before = hashes(folder)
        result = run("recover", folder, "--dry-run", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        plan = json.loads(result.stdout)
        self.assertEqual((plan["base"], plan["page_size"], plan["log_kib"], plan["checkpoint"]), ("edb", 4096, 128, "7:1:0"))
        self.assertEqual([log["generation"] for log in plan["generations"]], list(range(1, 11)))
        self.assertEqual((plan["replay_from"], plan["replay_to"], plan["findings"]), (7, 10, 0))
        self.assertEqual(hashes(folder), before)
        os.remove(os.path.join(folder, "edb00008.log"))
        result = run("recover", folder, "--dry-run")
        self.assertEqual(result.returncode, 1)
        self.assertIn("8  missing", result.stdout)
        self.assertIn("needs generations 7 to 10: the row of good ones ends with 7", result.stdout)

    def test_dry_run_of_a_clean_stream_says_that_there_is_nothing_to_do(self):
        for source in ("engine/clean_4k", "engine/backup_4k/restored_incr1", "windows/srum-w10-21h1-rathbun/collected"):
            with self.subTest(source):
                folder = folder_of(source)
                result = run("recover", folder, "--dry-run")
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn("the logs end clean: nothing to replay", result.stdout)
                self.assertTrue(json.loads(run("recover", folder, "--dry-run", "--json").stdout)["clean"])
                self.assertEqual(run("recover", folder, "-o", os.path.join(folder, "out")).returncode, 0)

    def test_dry_run_of_a_backup_set_names_what_it_is(self):
        folder = folder_of("engine/backup_4k/full")
        result = run("recover", folder, "--dry-run")
        self.assertEqual(result.returncode, 1)
        self.assertIn("is a backup's copy, not restored yet", result.stdout)
        self.assertIn("--allow-lost-logs goes on without it", result.stderr)
        self.assertIn("--dry-run tells", run("recover", folder, "-o", os.path.join(folder, "out")).stderr)

    def test_the_folder_is_only_read_whatever_is_recovered_from_it(self):
        """Contents, names and times of every file, over every way of recovering into a copy, also those that fail."""
        def state(folder):
            return {name: (sha256_of(path), os.stat(path).st_mtime_ns) for name in os.listdir(folder) for path in [os.path.join(folder, name)]}

        ways = [[], ["--no-undo"], ["--allow-lost-logs"], ["--ignore-missing"], ["--to-generation", "1"], ["--to-time", "@1"]]
        for source in [f"engine/{name}/before" for name in CRASH_SETS] + ["engine/backup_4k/full", "windows/srum-w10-1809-belkasoft/dirty", "windows/srum-server2022-day0",
                                                                       "windows/secedit-w10-logonly"]:
            folder = folder_of(source)
            for name in os.listdir(folder):
                os.chmod(os.path.join(folder, name), 0o444)
            os.chmod(folder, 0o555)
            before = state(folder)
            for way in ways:
                with self.subTest(f"{source} {way}"):
                    run("recover", folder, "-o", tempfile.mkdtemp(dir=WORK), *way)
                    self.assertEqual(state(folder), before)
            os.chmod(folder, 0o755)

    def test_dry_run_agrees_with_the_recovery(self):
        def damage(name, offset):
            def change(folder):
                with open(os.path.join(folder, name), "r+b") as file:
                    file.seek(offset)
                    file.write(b"\xA5" * 40)
            return change

        def remove(name):
            return lambda folder: os.remove(os.path.join(folder, name))

        for what, change in {"nothing": lambda folder: None, "no checkpoint": remove("edb.chk"), "an old log": remove("edb00002.log"), "a required log": remove("edb00009.log"),
                             "the current log": remove("edb.log"), "the database": remove("data.edb"), "segments": damage("edb00009.log", 5 * 4096 + 99),
                             "a header": damage("edb00008.log", 60), "an old header": damage("edb00001.log", 60)}.items():
            with self.subTest(what):
                folder = folder_of("engine/crash_4k_partial/before")
                change(folder)
                planned = run("recover", folder, "--dry-run").returncode
                self.assertEqual(planned, run("recover", folder, "-o", os.path.join(folder, "out")).returncode)

    def test_in_place_changes_the_folder_and_can_be_repeated(self):
        folder = folder_of("engine/crash_4k_partial/before")
        for _ in range(2):
            result = run("recover", folder, "--in-place", "--json")
            self.assertEqual(result.returncode, 0, result.stderr)
            answer = json.loads(result.stdout)
            self.assertEqual(answer["databases"], [{"path": os.path.join(folder, "data.edb"), "state": "CleanShutdown"}])
        self.assertFalse(answer["replayed"])
        self.assertEqual(run("verify", os.path.join(folder, "data.edb")).returncode, 0)

    def test_databases_may_stand_elsewhere(self):
        logs, databases = folder_of("engine/crash_4k_partial/before"), tempfile.mkdtemp(dir=WORK)
        shutil.move(os.path.join(logs, "data.edb"), databases)
        before = hashes(databases)
        out = os.path.join(WORK, "elsewhere")
        self.assertEqual(run("recover", logs, "--db-dir", databases, "-o", out).returncode, 0)
        self.assertEqual(hashes(databases), before)
        self.assertEqual(json.loads(run("info", "--json", os.path.join(out, "data.edb")).stdout)["state"], "CleanShutdown")
        self.assertEqual(run("recover", logs, "--db-dir", databases, "--in-place").returncode, 0)
        self.assertEqual(json.loads(run("info", "--json", os.path.join(databases, "data.edb")).stdout)["state"], "CleanShutdown")

    def test_a_recovery_can_end_with_a_generation(self):
        folder = folder_of("engine/crash_4k_partial/before")
        os.remove(os.path.join(folder, "data.edb"))
        os.remove(os.path.join(folder, "edb.chk"))  # from nothing but logs
        rows = []
        for generation in (4, 7, 10):
            out = os.path.join(folder, str(generation))
            result = run("recover", folder, "-o", out, "--to-generation", str(generation), "--json")
            self.assertEqual(result.returncode, 0, result.stderr)
            answer = json.loads(result.stdout)
            self.assertEqual(int(answer["to"].split(":")[0], 16), generation)
            self.assertTrue(answer["new_stream"])
            self.assertEqual(run("verify", os.path.join(out, "data.edb")).returncode, 0)
            self.assertEqual(len(os.listdir(os.path.join(out, "edb.replaced-1"))), 10)
            rows.append(run("dump", os.path.join(out, "data.edb")).stdout)
        self.assertEqual(len(set(rows)), 3)
        folder = folder_of("engine/crash_4k_partial/before")
        result = run("recover", folder, "-o", os.path.join(folder, "out"), "--to-generation", "8")
        self.assertEqual(result.returncode, 1)
        self.assertIn("JET_errEndingRestoreLogTooLow (-553)", result.stderr)

    def test_a_recovery_can_end_with_a_second_written_in_any_way(self):
        folder = folder_of("engine/crash_4k_partial/before")
        os.remove(os.path.join(folder, "data.edb"))
        os.remove(os.path.join(folder, "edb.chk"))
        plan = json.loads(run("recover", folder, "--dry-run", "--json").stdout)
        moment = datetime.datetime.fromisoformat(plan["generations"][0]["created"].replace("Z", "+00:00"))
        east = moment.astimezone(datetime.timezone(datetime.timedelta(hours=1)))
        dumps = set()
        for text in (moment.strftime("%Y-%m-%dT%H:%M:%SZ"), east.strftime("%Y-%m-%d %H:%M:%S+01:00"), f"@{int(moment.timestamp())}"):
            out = os.path.join(folder, f"out{len(os.listdir(folder))}")
            result = run("recover", folder, "-o", out, "--to-time", text, "--json")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(json.loads(result.stdout)["time"], moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
            dumps.add(run("dump", os.path.join(out, "data.edb")).stdout)
        self.assertEqual(len(dumps), 1)
        self.assertIn("JET_errEndingRestoreLogTooLow", run("recover", folder, "-o", os.path.join(folder, "early"), "--to-time", "2001-01-01 00:00").stderr)

    def test_wrong_command_lines(self):
        for arguments in (["x"], ["x", "-o", "y", "--in-place"], ["x", "-o", "y", "--to-time", "yesterday"], ["x", "-o", "y", "--to-generation", "z"],
                          ["x", "-o", "y", "--no-undo", "--to-generation", "3"]):
            self.assertEqual(run("recover", *arguments).returncode, 2)
        for arguments in ([], ["x", "--page", "z"], ["x", "--since", "z"], ["x", "--table", "t"]):
            self.assertEqual(run("log", *arguments).returncode, 2)


if __name__ == "__main__":
    if not os.path.isdir(DATA):
        print("skipped: no shared data")
        sys.exit(77)
    try:
        outcome = unittest.main(argv=[sys.argv[0]], exit=False, verbosity=2).result
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
    sys.exit(0 if outcome.wasSuccessful() else 1)
