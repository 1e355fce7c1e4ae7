#!/usr/bin/env python3
"""Backup sets as a person or a script uses them: chains of every kind, archives, restore plans, damage of every kind of file, hostile input.

Usage: test_backup_sets.py ESE LIBESENT    needs no shared data: the databases are made through the library
"""
import ctypes
import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "features"))
import esent  # noqa: E402

ESE, LIBRARY = sys.argv[1], sys.argv[2]
WORK = None
LIB = None
PAGE = 4096
LAZY_FLUSH = 1


def run(*arguments, **options):
    options.setdefault("text", True)
    return subprocess.run([ESE, *arguments], capture_output=True, timeout=300, check=False, **options)


def files_of(folder):
    """Name -> hash of every file below a folder."""
    found = {}
    for top, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(top, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = hashlib.sha256(file.read()).hexdigest()
    return found


def flip(path, offset, mask=0x55):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ mask]))


def dump_lines(path):
    result = run("dump", path)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def dump(path):
    return hashlib.sha256("\n".join(dump_lines(path)).encode()).hexdigest()


def manifest_of(folder):
    with open(os.path.join(folder, "backup.json"), encoding="utf-8") as file:
        return json.load(file)


class Live:
    """Databases in a folder with a log stream, written by this process."""

    def __init__(self, folder, names=("data.edb",), log_kib=64):
        self.folder = folder
        self.paths = [os.path.join(folder, name) for name in names]
        self.instance = None
        self.log_kib = log_kib
        self.random = random.Random(7)
        self.rows = 0  # committed, in each database
        for path in self.paths:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        self.start()

    def start(self):
        is_new = not os.path.exists(self.paths[0])
        self.instance = esent.Instance(LIB, self.folder, PAGE, log_kib=self.log_kib)
        session = self.instance.session
        self.tables = []
        for path in self.paths:
            database = session.create(path) if is_new else session.attach(path)
            if is_new:
                columns = [esent.column("Id", 4, grbit=0x10), esent.column("Text", esent.COLTYP_LONG_BINARY)]
                self.tables.append(database.create_table("T", columns))
            else:
                self.tables.append(database.open("T"))

    def stop(self):
        """Ends cleanly: the dumps of the databases are what backups so far must bring back."""
        self.instance.end()
        return [dump(path) for path in self.paths]

    def write(self, rows=60, size=900):
        session = self.instance.session
        for table in self.tables:
            for _ in range(rows):
                session.begin()
                table.prepare(esent.PREP_INSERT)
                table.set("Text", self.random.randbytes(self.random.randrange(1, size)))
                table.update()
                session.commit(LAZY_FLUSH)
        self.rows += rows

    def serve(self):
        self.socket = os.path.join(self.folder, "s")
        LIB.JetxServeControl(self.instance.handle, self.socket.encode())
        return self.socket


class SetTest(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.mkdtemp(dir=WORK)

    def path(self, *parts):
        return os.path.join(self.work, *parts)

    def good(self, *arguments, **options):
        result = run(*arguments, **options)
        self.assertEqual(result.returncode, 0, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def bad(self, *arguments, status=1, **options):
        result = run(*arguments, **options)
        self.assertEqual(result.returncode, status, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def restored(self, *sets, database="data.edb", options=()):
        target = tempfile.mkdtemp(dir=self.work)
        self.good("restore", *sets, "-o", target, *options)
        self.assertEqual([n for n in os.listdir(target) if n.startswith(".")], [], "nothing of the work is left")
        return dump(os.path.join(target, database))

    def findings(self, *sets):
        result = run("verify-backup", "--json", *sets)
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertIn(result.returncode, (0, 1), result.stderr)
        if lines and "good" in lines[-1]:
            self.assertEqual(lines[-1]["good"], result.returncode == 0)
            self.assertEqual(lines[-1]["errors"], sum(line["severity"] == "error" for line in lines[:-1]))
        return [line for line in lines[:-1] if line["severity"] == "error"]

    def make_chain(self):
        """full, incremental, pages, incremental; name -> dump at that moment."""
        live = Live(self.path("live"))
        states = {}
        for number, (name, options) in enumerate((
                ("full", []), ("inc1", ["--incremental", "--parent", self.path("full")]),
                ("pages", ["--incremental=pages", "--parent", self.path("inc1")]), ("inc2", ["--incremental", "--parent", self.path("pages")]))):
            if number:
                live.start()
            live.write()
            states[name] = live.stop()[0]
            self.good("backup", live.paths[0], "--logs", live.folder, "-o", self.path(name), *options)
        return live, states


class Chains(SetTest):
    def test_every_set_of_a_chain_restores_its_moment(self):
        live, states = self.make_chain()
        self.assertEqual(len(set(states.values())), 4)
        for name, state in states.items():
            self.assertEqual(self.findings(self.path(name)), [])
            self.assertEqual(self.restored(self.path(name)), state, name)
        manifest = manifest_of(self.path("pages"))
        self.assertEqual(manifest["parent"]["path"], "full", "pages build on the last set with page tables")
        self.assertLess(os.path.getsize(self.path("pages", "data.edb.delta")), os.path.getsize(self.path("full", "data.edb")))
        self.assertFalse([n for n in os.listdir(live.folder) if n.startswith("edb0000") and n == "edb00001.log"], "logs were truncated")

    def test_sets_are_found_when_moved_together_and_named_when_not(self):
        _, states = self.make_chain()
        os.mkdir(self.path("moved"))
        for name in states:
            os.rename(self.path(name), self.path("moved", name))
        self.assertEqual(self.restored(self.path("moved", "inc2")), states["inc2"])
        os.rename(self.path("moved", "full"), self.path("full"))
        result = self.bad("restore", self.path("moved", "inc2"), "-o", self.path("t"))
        self.assertIn("builds on the set", result.stderr)
        self.assertEqual(self.restored(self.path("full"), self.path("moved", "inc2")), states["inc2"])
        self.assertEqual(self.findings(self.path("full"), self.path("moved", "inc2")), [])

    def test_differential_and_copy_truncate_nothing(self):
        live = Live(self.path("live"))
        live.write()
        live.stop()
        self.good("backup", live.paths[0], "--logs", live.folder, "-o", self.path("full"))
        for name, options in (("copy", ["--copy"]), ("diff1", ["--differential", "--parent", self.path("full")]),
                              ("diff2", ["--differential", "--parent", self.path("full")])):
            live.start()
            live.write()
            state = live.stop()[0]
            before = {n for n in os.listdir(live.folder) if len(n) == 12}
            self.good("backup", live.paths[0], "--logs", live.folder, "-o", self.path(name), *options)
            self.assertTrue(before <= {n for n in os.listdir(live.folder) if len(n) == 12})
            self.assertEqual(self.restored(self.path(name)), state, name)

    def test_an_incremental_set_that_leaves_a_gap_is_refused_before_truncation(self):
        live = Live(self.path("live"))
        live.write()
        live.stop()
        self.good("backup", live.paths[0], "--logs", live.folder, "-o", self.path("full"))
        for name in ("inc1", "inc2"):
            live.start()
            live.write(400)
            live.stop()
            logs = {n for n in os.listdir(live.folder) if len(n) == 12}
            result = run("backup", live.paths[0], "--logs", live.folder, "-o", self.path(name), "--incremental", "--parent", self.path("full"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("are in no set", result.stderr)
        self.assertTrue(logs <= {n for n in os.listdir(live.folder) if len(n) == 12})
        self.assertFalse(os.path.exists(self.path("inc2", "backup.json")))

    def test_page_sets_of_a_closed_database_need_no_log_stream(self):
        live = Live(self.path("live"))
        live.write(300)
        live.stop()
        path = self.path("alone.edb")
        shutil.copy(live.paths[0], path)
        self.good("backup", path, "-o", self.path("full"))
        result = json.loads(self.good("backup", path, "-o", self.path("p1"), "--incremental=pages", "--parent", self.path("full"), "--json").stdout)
        self.assertEqual(result["pages_stored"], 0)
        self.assertEqual(self.restored(self.path("p1"), database="alone.edb"), dump(path))

    def test_roll_forward_with_newer_logs(self):
        live = Live(self.path("live"))
        live.write()
        live.stop()
        self.good("backup", live.paths[0], "--logs", live.folder, "-o", self.path("full"))
        live.start()
        live.write(200)
        state = live.stop()[0]
        self.assertEqual(self.restored(self.path("full"), options=("--logs", live.folder)), state)
        self.assertIn("holds no logs that follow", self.bad("restore", self.path("full"), "-o", self.path("x"), "--logs", self.path("full")).stderr)

    def test_restore_to_a_generation_and_to_a_time(self):
        live = Live(self.path("live"))
        live.write()
        live.stop()
        self.good("backup", live.paths[0], "--logs", live.folder, "-o", self.path("full"))
        live.start()
        live.write(5)
        middle = live.stop()[0]
        time.sleep(2.1)
        moment = int(time.time())
        time.sleep(1.1)
        live.start()
        live.write(100)
        state = live.stop()[0]
        self.good("backup", live.paths[0], "--logs", live.folder, "-o", self.path("inc"), "--incremental", "--parent", self.path("full"))
        self.assertEqual(self.restored(self.path("inc"), options=("--to-time", f"@{moment}")), middle)
        self.assertEqual(self.restored(self.path("inc"), options=("--to-time", f"@{moment + 3600}")), state)
        last = manifest_of(self.path("inc"))["last_generation"]
        self.assertEqual(self.restored(self.path("inc"), options=("--to-generation", str(last))), state)
        self.assertNotEqual(self.restored(self.path("inc"), options=("--to-generation", str(last - 2))), state)
        self.bad("restore", self.path("inc"), "-o", self.path("early"), "--to-time", "@1000")
        self.assertEqual(os.listdir(self.path("early")), [], "a failed restore leaves nothing behind")


class Databases(SetTest):
    def make_two(self):
        live = Live(self.path("live"), names=("a/data.edb", "b/data.edb"))
        live.write()
        return live

    def test_two_databases_of_one_name_and_restore_of_one(self):
        live = self.make_two()
        states = live.stop()
        self.good("backup", *live.paths, "--logs", live.folder, "-o", self.path("set"))
        self.assertEqual(self.findings(self.path("set")), [])
        self.assertEqual(self.restored(self.path("set")), states[0])
        self.assertEqual(self.restored(self.path("set"), database="data-2.edb"), states[1])
        target = self.path("one")
        self.good("restore", self.path("set"), "-o", target, "--database", live.paths[1])
        self.assertEqual(dump(os.path.join(target, "data-2.edb")), states[1])
        self.assertFalse(os.path.exists(os.path.join(target, "data.edb")))
        self.assertIn("JET_errDatabaseNotFound", self.bad("restore", self.path("set"), "-o", self.path("none"), "-d", "absent").stderr)

    def test_a_database_with_a_bad_page_is_left_out_and_the_others_go_on(self):
        live = self.make_two()
        states = live.stop()
        flip(live.paths[0], PAGE * 8 + 2000)
        flip(live.paths[0], PAGE * 8 + 3001)
        result = self.bad("backup", *live.paths, "--logs", live.folder, "-o", self.path("set"))
        self.assertIn("JET_errReadVerifyFailure", result.stderr)
        self.assertEqual(self.findings(self.path("set")), [])
        self.assertEqual([d["path"] for d in manifest_of(self.path("set"))["databases"]], [live.paths[1]])
        name = "data.edb" if os.path.exists(self.path("set", "data.edb")) else "data-2.edb"
        self.assertEqual(self.restored(self.path("set"), database=name), states[1])
        result = run("backup", *live.paths, "--logs", live.folder, "-o", "-", text=False)
        self.assertEqual(result.returncode, 1)
        with open(self.path("x.esa"), "wb") as file:
            file.write(result.stdout)
        self.bad("verify-backup", self.path("x.esa"))


class Running(SetTest):
    def test_backups_of_a_running_program_while_it_writes(self):
        live = Live(self.path("live"))
        live.write(2000)
        socket = live.serve()
        previous, at_begin = None, {}
        for name, options in (("full", []), ("inc", ["--incremental"]), ("pages", ["--incremental=pages"]), ("copy", ["--copy"])):
            if options and options != ["--copy"]:
                options += ["--parent", self.path("full") if previous is None else self.path(previous)]
            at_begin[name] = live.rows
            client = subprocess.Popen([ESE, "backup", "--socket", socket, "-o", self.path(name), *options], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE, text=True)
            while client.poll() is None:
                live.write(3)
            self.assertEqual(client.returncode, 0, client.stderr.read())
            client.stderr.close()
            previous = name
        live.stop()
        every_row = set(dump_lines(live.paths[0]))
        for name, rows in at_begin.items():
            self.assertEqual(self.findings(self.path(name)), [], name)
            self.good("restore", self.path(name), "-o", self.path("r-" + name))
            restored = set(dump_lines(self.path("r-" + name, "data.edb")))
            self.assertTrue(restored <= every_row, name)
            self.assertGreaterEqual(len(restored), rows, name)

    def test_an_interrupted_backup_is_continued_and_writes_only_what_differs(self):
        live = Live(self.path("live"), log_kib=256)
        live.write(3000, 3000)
        socket = live.serve()
        size = os.path.getsize(live.paths[0])
        client = subprocess.Popen([ESE, "backup", "--socket", socket, "-o", self.path("set"), "--rate-limit", str(size // 3)])
        while not os.path.exists(self.path("set", "data.edb")) or os.path.getsize(self.path("set", "data.edb")) < size // 2:
            time.sleep(0.01)
            self.assertIsNone(client.poll())
        client.send_signal(signal.SIGKILL)
        client.wait()
        self.assertFalse(os.path.exists(self.path("set", "backup.json")))
        self.assertIn("interrupted", self.bad("restore", self.path("set"), "-o", self.path("t")).stderr)
        self.assertTrue(self.findings(self.path("set")))
        live.write(20)
        self.bad("backup", "--socket", socket, "-o", self.path("set"))
        self.bad("backup", "--socket", socket, "-o", self.path("set"), "--resume", "--copy")
        for _ in range(50):  # the server takes a moment to notice that the client is gone
            result = run("backup", "--socket", socket, "-o", self.path("set"), "--resume", "--json")
            if result.returncode == 0:
                break
            time.sleep(0.1)
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(result.stdout)
        self.assertGreater(report["bytes_kept"], size // 3)
        self.assertLess(report["bytes_written"], report["bytes_read"])
        state = live.stop()[0]
        self.assertEqual(self.findings(self.path("set")), [])
        self.assertEqual(self.restored(self.path("set")), state)

    def test_a_killed_backup_of_a_closed_database_can_be_continued(self):
        live = Live(self.path("live"), log_kib=256)
        live.write(3000, 3000)
        state = live.stop()[0]
        path = self.path("alone.edb")
        shutil.copy(live.paths[0], path)
        size = os.path.getsize(path)
        client = subprocess.Popen([ESE, "backup", path, "-o", self.path("set"), "--rate-limit", str(size // 2)])
        while not os.path.exists(self.path("set", "alone.edb")):
            time.sleep(0.01)
        client.send_signal(signal.SIGKILL)
        client.wait()
        self.good("backup", path, "-o", self.path("set"), "--resume")
        self.assertEqual(sorted(os.listdir(self.path("set")))[:3], ["alone.edb", "alone.edb.pages", "backup.json"])
        self.assertFalse(os.path.exists(self.path("set", ".logs")))
        self.assertEqual(self.restored(self.path("set"), database="alone.edb"), state)
        self.assertEqual(dump(path), state)

    def test_an_interrupt_or_a_lost_reader_leaves_the_database_clean(self):
        live = Live(self.path("live"), log_kib=256)
        live.write(3000, 3000)
        live.stop()
        path = self.path("alone.edb")
        shutil.copy(live.paths[0], path)
        size = os.path.getsize(path)
        client = subprocess.Popen([ESE, "backup", path, "-o", self.path("set"), "--rate-limit", str(size // 2)], stderr=subprocess.PIPE, text=True)
        while not os.path.exists(self.path("set", "alone.edb")):
            time.sleep(0.01)
        client.send_signal(signal.SIGINT)
        self.assertIn("interrupted", client.communicate()[1])
        self.assertEqual(client.returncode, 1)
        self.assertEqual(json.loads(self.good("info", "--json", path).stdout)["state"], "CleanShutdown")
        self.assertFalse(os.path.exists(self.path("set", ".logs")))
        self.good("backup", path, "-o", self.path("set"), "--resume")
        for sink in ("head -c 1000 >/dev/null", "cat >/dev/full"):
            result = subprocess.run(["bash", "-o", "pipefail", "-c", f'"{ESE}" backup "{path}" -o - | {sink}'], capture_output=True, text=True, check=False)
            self.assertNotEqual(result.returncode, 0, sink)
            self.assertIn("JET_errDiskIO", result.stderr)
            self.assertEqual(json.loads(self.good("info", "--json", path).stdout)["state"], "CleanShutdown")
        with open("/dev/full", "wb") as full:
            result = subprocess.run([ESE, "backup", path, "-o", "-"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        self.assertIn("JET_errDiskFull", result.stderr)
        self.assertEqual(sorted(os.listdir(self.work)), ["alone.edb", "live", "set"])

    def test_the_rate_limit_holds(self):
        live = Live(self.path("live"))
        live.write(1500, 2000)
        live.stop()
        size = os.path.getsize(live.paths[0])
        started = time.monotonic()
        self.good("backup", live.paths[0], "--logs", live.folder, "-o", self.path("set"), "--rate-limit", str(size))
        self.assertGreater(time.monotonic() - started, 0.7)


class Archives(SetTest):
    def make(self):
        live = Live(self.path("live"))
        live.write(200)
        state = live.stop()[0]
        with open(self.path("x.esa"), "wb") as out:
            result = subprocess.run([ESE, "backup", live.paths[0], "--logs", live.folder, "-o", "-"], stdout=out, stderr=subprocess.PIPE, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        return live, state, self.path("x.esa")

    def test_an_archive_is_zstd_and_tar_and_restores_from_file_and_pipe(self):
        live, state, archive = self.make()
        os.mkdir(self.path("plain"))
        subprocess.run(f"zstd -dqc {archive} | tar -x -C {self.path('plain')}", shell=True, check=True)
        self.assertEqual(self.findings(self.path("plain")), [])
        self.assertEqual(self.findings(archive), [])
        self.assertEqual(self.restored(self.path("plain")), state)
        self.assertEqual(self.restored(archive), state)
        with open(archive, "rb") as file:
            self.good("restore", "-", "-o", self.path("pipe"), stdin=file)
        self.assertEqual(dump(self.path("pipe", "data.edb")), state)
        with open(archive, "rb") as file:
            self.good("verify-backup", "-", stdin=file)
        live.start()
        live.write(5)
        state = live.stop()[0]
        with open(self.path("y.esa"), "wb") as out:
            subprocess.run([ESE, "backup", live.paths[0], "--logs", live.folder, "--to-stdout", "--incremental=pages", "--parent", archive], stdout=out,
                           stderr=subprocess.DEVNULL, check=True)
        self.assertEqual(self.findings(self.path("y.esa")), [])
        self.assertEqual(self.restored(self.path("y.esa")), state)
        subprocess.run(f"tar -c -C {self.path('plain')} . | zstd -q > {self.path('z.esa')}", shell=True, check=True)
        self.assertEqual(self.findings(self.path("z.esa")), [])

    def test_truncated_and_damaged_archives_are_refused(self):
        _, _, archive = self.make()
        with open(archive, "rb") as file:
            whole = file.read()
        random_source = random.Random(3)
        cases = [whole[:n] for n in (0, 1, 5, len(whole) // 3, len(whole) // 2, len(whole) - 300, len(whole) - 1)]
        for _ in range(25):
            at = random_source.randrange(len(whole))
            cases.append(whole[:at] + bytes([whole[at] ^ 0x21]) + whole[at + 1:])
        cases.append(whole + b"more")
        for number, case in enumerate(cases):
            path = self.path(f"case{number}")
            with open(path, "wb") as file:
                file.write(case)
            self.assertIn("JET_", self.bad("restore", path, "-o", self.path("t")).stderr)
            self.assertEqual(os.listdir(self.path("t")), [])
            self.assertTrue(self.findings(path), number)

    def pack(self, members):
        """members: (TarInfo, bytes)"""
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for info, data in members:
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        path = self.path("hostile.esa")
        with open(path, "wb") as out:
            subprocess.run(["zstd", "-qc"], input=raw.getvalue(), stdout=out, check=True)
        return path

    def test_hostile_members_are_refused_and_nothing_is_written_outside(self):
        live, _, _ = self.make()
        self.good("backup", live.paths[0], "--logs", live.folder, "-o", self.path("plain"))
        with open(self.path("plain", "backup.json"), "rb") as file:
            manifest = file.read()
        outside = self.path("outside")
        cases = []
        for name in ("../evil", "/" + outside, "a/b", "..", "./../evil", "a/../../evil", "\\evil", "e\nvil", "../" * 60 + "x" * 90, ""):
            cases.append(tarfile.TarInfo(name))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo("data.edb")
            info.type, info.linkname = kind, outside
            cases.append(info)
        for info in cases:
            path = self.pack([(info, b"" if info.type != tarfile.REGTYPE else b"evil"), (tarfile.TarInfo("backup.json"), manifest)])
            before = files_of(self.work)
            self.assertIn("JET_err", self.bad("restore", path, "-o", self.path("t")).stderr, info.name)
            self.assertEqual(files_of(self.work), before)
            self.assertTrue(self.findings(path))
        path = self.pack([(tarfile.TarInfo("twice"), b"1"), (tarfile.TarInfo("twice"), b"2"), (tarfile.TarInfo("backup.json"), manifest)])
        self.bad("restore", path, "-o", self.path("t"))
        self.bad("verify-backup", path)


class Plans(SetTest):
    def test_a_dry_run_tells_everything_and_creates_nothing(self):
        self.make_chain()
        before = files_of(self.work)
        text = self.good("restore", self.path("inc2"), "-o", self.path("target"), "--dry-run").stdout
        for word in ("full: full", "pages: pages", "inc2: incremental", "data.edb.delta", "generations", "until", "target/data.edb"):
            self.assertIn(word, text)
        self.assertNotIn("inc1", text, "logs below the pages are not needed")
        self.assertEqual(files_of(self.work), before)
        self.assertFalse(os.path.exists(self.path("target")))

    def test_nothing_is_overwritten_and_failures_leave_nothing(self):
        _, states = self.make_chain()
        target = self.path("target")
        self.good("restore", self.path("full"), "-o", target)
        before = files_of(target)
        self.assertIn("JET_errFileAlreadyExists", self.bad("restore", self.path("full"), "-o", target).stderr)
        self.assertEqual(files_of(target), before)
        flip(self.path("pages", "data.edb.delta"), 9000)
        self.bad("restore", self.path("pages"), "-o", self.path("fresh"))
        self.assertEqual(os.listdir(self.path("fresh")), [])
        self.assertEqual(self.restored(self.path("inc1")), states["inc1"])

    def test_wrong_command_lines(self):
        for arguments in (["backup", "x"], ["backup", "-o", "y"], ["backup", "x", "-o", "y", "--copy", "--incremental"], ["backup", "x", "-o", "y", "--incremental"],
                          ["backup", "x", "-o", "y", "--incremental=pages"], ["backup", "x", "-o", "y", "--rate-limit", "fast"],
                          ["backup", "x", "-o", "-", "--resume"], ["backup", "x", "-o", "y", "--to-stdout"], ["backup", "x", "--socket", "s", "-o", "y"],
                          ["backup", "x", "-o", "y", "--parent", "z"], ["restore", "x"], ["restore", "-o", "x"], ["restore", "x", "-o", "y", "--to-time", "soon"],
                          ["restore", "x", "-o", "y", "--to-generation", "0"], ["verify-backup"]):
            self.bad(*arguments, status=2)


class Damage(SetTest):
    def test_a_flipped_byte_in_any_file_is_found(self):
        self.make_chain()
        random_source = random.Random(11)
        for name in ("full", "pages", "inc2"):
            for file in sorted(os.listdir(self.path(name))):
                path = self.path(name, file)
                size = os.path.getsize(path)
                offsets = {0, 1, 4, 40, size - 1, size // 2, *(random_source.randrange(size) for _ in range(6))}
                if file == "backup.json":  # white space may change; what it says may not
                    with open(path, "rb") as text:
                        digit = text.read().index(b"sha256") + 12
                    offsets = {0, digit}
                for offset in sorted(o for o in offsets if o < size):
                    flip(path, offset, 0x01 if file == "backup.json" else 0x55)
                    before = files_of(self.work)
                    findings = self.findings(self.path("inc2"))
                    self.assertTrue(findings, f"{name}/{file} at {offset}")
                    if file != "backup.json":
                        self.assertTrue([f for f in findings if f["file"] == file and f["set"].endswith(name)], f"{name}/{file} at {offset}: {findings}")
                    self.assertEqual(files_of(self.work), before, "verify-backup writes nothing")
                    flip(path, offset, 0x01 if file == "backup.json" else 0x55)
        self.assertEqual(self.findings(self.path("inc2")), [])

    def test_without_manifest_the_contents_tell(self):
        self.make_chain()
        folder = self.path("full")
        os.remove(os.path.join(folder, "backup.json"))
        self.assertEqual(self.findings(folder), [])
        pages = os.path.getsize(os.path.join(folder, "data.edb")) // PAGE
        expected = {0: -1018, PAGE: -1018, PAGE * 3 + 100: -1018, (pages - 1) * PAGE + 50: -535}
        for offset, error in expected.items():
            flip(os.path.join(folder, "data.edb"), offset + 8)
            flip(os.path.join(folder, "data.edb"), offset + 21)
            findings = self.findings(folder)
            self.assertIn(error, [f["error"] for f in findings], offset)
            if offset == PAGE * 3 + 100:
                self.assertEqual([f["page"] for f in findings], [2])
            flip(os.path.join(folder, "data.edb"), offset + 8)
            flip(os.path.join(folder, "data.edb"), offset + 21)
        for log in [n for n in os.listdir(folder) if n.endswith(".log")]:
            for offset in (16, 4096 + 60):
                flip(os.path.join(folder, log), offset)
                flip(os.path.join(folder, log), offset + 9)
                self.assertTrue([f for f in self.findings(folder) if f["file"] == log], f"{log} at {offset}")
                flip(os.path.join(folder, log), offset)
                flip(os.path.join(folder, log), offset + 9)
        self.assertEqual(self.findings(folder), [])

    def test_two_pages_exchanged_are_found(self):
        self.make_chain()
        path = self.path("full", "data.edb")
        os.remove(self.path("full", "backup.json"))
        with open(path, "r+b") as file:
            file.seek(5 * PAGE)
            two = file.read(2 * PAGE)
            file.seek(5 * PAGE)
            file.write(two[PAGE:] + two[:PAGE])
        self.assertEqual([f["page"] for f in self.findings(self.path("full"))], [4, 5])

    def test_missing_and_foreign_files_are_found(self):
        self.make_chain()
        for name in ("full", "pages", "inc2"):
            for file in sorted(os.listdir(self.path(name))):
                os.rename(self.path(name, file), self.path("aside"))
                self.assertTrue(self.findings(self.path("inc2")), f"{name}/{file}")
                os.rename(self.path("aside"), self.path(name, file))
        other = Live(self.path("other"))
        other.write()
        other.stop()
        self.good("backup", other.paths[0], "--logs", other.folder, "-o", self.path("otherset"))
        log = [n for n in os.listdir(self.path("full")) if n.endswith(".log")][-1]
        if os.path.exists(self.path("otherset", log)):
            os.remove(self.path("full", "backup.json"))
            shutil.copy(self.path("otherset", log), self.path("full", log))
            self.assertTrue(self.findings(self.path("full")))

    def test_names_that_are_no_text_are_reported_as_json_all_the_same(self):
        self.make_chain()
        for name in (b"a\xff\"b.edb", "b\u00e9\u20ac\U0001f600.edb".encode(), b"c\\\xc3.edb"):
            with open(os.path.join(os.fsencode(self.path("full")), name), "wb") as file:
                file.write(b"x")
        result = run("verify-backup", "--json", self.path("full"))
        notes = {line["file"] for line in map(json.loads, result.stdout.splitlines()) if "file" in line}
        self.assertEqual(notes, {"a\ufffd\"b.edb", "b\u00e9\u20ac\U0001f600.edb", "c\\\ufffd.edb"})

    def test_links_in_a_set_are_not_followed(self):
        self.make_chain()
        os.rename(self.path("full", "data.edb"), self.path("aside"))
        os.symlink(self.path("aside"), self.path("full", "data.edb"))
        self.assertTrue([f for f in self.findings(self.path("full")) if f["file"] == "data.edb"])
        self.bad("restore", self.path("full"), "-o", self.path("t"))


class HostileManifests(SetTest):
    def test_impossible_manifests_are_refused(self):
        self.make_chain()
        path = self.path("full", "backup.json")
        good = manifest_of(self.path("full"))

        def changed(change):
            manifest = json.loads(json.dumps(good))
            change(manifest)
            return json.dumps(manifest)

        def put(*keys_and_value):
            def change(manifest):
                *keys, last, value = keys_and_value
                for key in keys:
                    manifest = manifest[key]
                manifest[last] = value
            return changed(change)

        cases = ["", "{", "[]", "null", "{}", '{"format":"openese-backup-set"}', "[" * 100000, put("version", 2), put("format", "x"), put("kind", "other"),
                 put("kind", "pages"), put("kind", "incremental"), put("databases", []), put("databases", {}), put("logs", []), put("page_size", 0),
                 put("page_size", 5000), put("page_size", 1 << 40), put("first_generation", 0), put("last_generation", 1 << 31), put("id", "x"),
                 put("id", "../../../../etc"), put("base_name", "../"), put("base_name", "ed"), put("begun", "yesterday"), put("parent", "full"),
                 put("parent", {"id": good["id"], "path": "/etc"}), put("parent", {"id": "zz", "path": "x"}), put("logs", 0, "generation", 99),
                 put("logs", 0, "size", -1), put("logs", 0, "created", "00"), put("databases", 0, "size", 1 << 70), put("databases", 0, "pages", 1),
                 put("databases", 0, "form", "delta"), put("databases", good["databases"] * 2), put("databases", good["databases"] * 100)]
        for name in ("../full/data.edb", "/etc/passwd", "..", ".", "", "a/b", "x" * 300, "\u0000", "a\nb"):
            cases += [put("databases", 0, "file", name), put("logs", 0, "file", name), put("databases", 0, "page_table", "file", name)]
        for case in cases:
            with open(path, "w", encoding="utf-8") as file:
                file.write(case)
            before = files_of(self.work)
            self.assertTrue(self.findings(self.path("full")), case[:300])
            self.bad("restore", self.path("full"), "-o", self.path("t"))
            self.bad("restore", self.path("full"), "-o", self.path("t"), "--dry-run")
            self.assertEqual(files_of(self.work), before)

    def test_random_manifests_never_crash(self):
        self.make_chain()
        path = self.path("full", "backup.json")
        with open(path, "rb") as file:
            good = file.read()
        random_source = random.Random(5)
        for _ in range(150):
            bad = bytearray(good)
            for _ in range(random_source.randrange(1, 6)):
                at = random_source.randrange(len(bad))
                choice = random_source.randrange(3)
                if choice == 0:
                    bad[at] = random_source.randrange(256)
                elif choice == 1:
                    del bad[at:at + random_source.randrange(1, 40)]
                else:
                    bad[at:at] = bad[at // 2:at // 2 + random_source.randrange(1, 40)]
            with open(path, "wb") as file:
                file.write(bad)
            for arguments in (["verify-backup", "-q"], ["restore", "-n", "-o", self.path("t")]):
                self.assertIn(run(*arguments, self.path("full")).returncode, (0, 1))

    def test_a_chain_that_bites_its_tail_ends(self):
        self.make_chain()
        for child, parent in (("inc1", "inc2"), ("inc2", "inc1")):
            path = self.path(child, "backup.json")
            manifest = manifest_of(self.path(child))
            manifest["parent"] = {"id": manifest_of(self.path(parent))["id"], "path": parent}
            with open(path, "w", encoding="utf-8") as file:
                json.dump(manifest, file)
        self.bad("restore", self.path("inc2"), "-o", self.path("t"))
        self.assertTrue(self.findings(self.path("inc2")))


def main():
    global WORK, LIB
    LIB = esent.Library(LIBRARY)
    with tempfile.TemporaryDirectory() as work:
        WORK = work
        result = unittest.main(argv=sys.argv[:1] + sys.argv[3:], exit=False).result
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":
    main()
