#!/usr/bin/env python3
"""Black-box tests of `esentutl` on copies of the shared data: every mode and switch, exit status, the last line.

Usage: test_esentutl.py ESE SHARED_DATA     exit 77 when there is no shared data (CTest: skipped)
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True  # the sources stay as they are
import test_tools as tools  # noqa: E402

ESENTUTL = os.path.join(os.path.dirname(tools.ESE), "esentutl")
CRASH = "engine/crash_4k_partial/before"
CLEAN = "engine/clean_4k"
WINDOWS = "windows/srum-w10-21h1-rathbun/collected"


def esentutl(*arguments, folder=None):
    return subprocess.run([ESENTUTL, *arguments], capture_output=True, text=True, timeout=300, check=False, cwd=folder)


def copy_of(name):
    """A folder with the files of one of the shared data, unpacked."""
    folder = tempfile.mkdtemp(dir=tools.WORK)
    top = os.path.join(tools.DATA, name)
    for entry in os.listdir(top):
        path = os.path.join(top, entry)
        if os.path.isfile(path) and not entry.startswith(("README", "SHA256", "expected")):
            tools.unpack(path, os.path.join(folder, entry[: -len(".zst")] if entry.endswith(".zst") else entry))
    return folder


def dump(path):
    result = tools.run("dump", path)
    return result.stdout if result.returncode == 0 else result.stderr


class Esentutl(unittest.TestCase):
    maxDiff = 2000

    def good(self, *arguments, folder=None):
        result = esentutl(*arguments, folder=folder)
        self.assertEqual(result.returncode, 0, result.stdout[-1500:] + result.stderr)
        self.assertRegex(result.stdout.splitlines()[-1], r"^Operation completed successfully in \d+\.\d+ seconds\.$")
        return result.stdout

    def fails(self, error, name, *arguments, folder=None):
        result = esentutl(*arguments, folder=folder)
        self.assertRegex(result.stdout.splitlines()[-1], rf"^Operation terminated with error {error} \({name}, .+\) after \d+\.\d+ seconds\.$")
        self.assertEqual(result.returncode, error & 0xFF)
        return result.stdout + result.stderr

    def test_recovery_in_place_gives_what_ese_recover_gives_in_a_copy(self):
        folder = copy_of(CRASH)
        elsewhere = os.path.join(tempfile.mkdtemp(dir=tools.WORK), "out")
        self.assertEqual(tools.run("recover", folder, "--copy-to", elsewhere).returncode, 0)
        output = self.good("/r", "edb", "/d", folder=folder)
        self.assertIn("data.edb: CleanShutdown", output)
        rows = dump(os.path.join(folder, "data.edb"))
        self.assertGreater(rows.count("\n"), 100)
        self.assertEqual(rows, dump(os.path.join(elsewhere, "data.edb")))
        self.good("/g", "data.edb", folder=folder)

    def test_recovery_takes_its_folders_attached_or_behind_with_either_switch_character(self):
        for form in (lambda f: ["/r", "edb", "/l", f, "/s", f, "/d", f], lambda f: ["-REDB", "-L" + f, "-S" + f, "-D" + f], lambda f: ["/r", "EDB", "/l" + f, "/s:" + f, "/d" + f, "/o", "/4"]):
            folder = copy_of(CRASH)
            with self.subTest(form(folder)):
                self.good(*form(folder), folder=tools.WORK)
                self.assertIn("State: Clean Shutdown\n", self.good("/mh", os.path.join(folder, "data.edb")))

    def test_recovery_looks_where_the_logs_say_and_tells_what_to_do_when_nothing_is_there(self):
        folder = copy_of(CRASH)
        before = tools.sha256_of(os.path.join(folder, "data.edb"))
        self.assertIn("/d DIR", self.fails(-1216, "JET_errAttachedDatabaseMismatch", "/r", "edb", folder=folder))
        self.assertEqual(tools.sha256_of(os.path.join(folder, "data.edb")), before)
        self.good("/r", "edb", "/i", folder=folder)

    def test_a_database_is_mapped_by_its_logged_path_or_by_its_identity(self):
        for old in (r":C:\db\crash_4k_partial\data.edb", ""):
            folder = copy_of(CRASH)
            new = os.path.join(folder, "other.edb")
            os.rename(os.path.join(folder, "data.edb"), new)
            with self.subTest(old):
                self.good("/r", "edb", "/n", new + old, folder=folder)
                self.assertIn("State: Clean Shutdown\n", self.good("/mh", new))
                self.assertEqual(self.fails(-1003, "JET_errInvalidParameter", "/r", "edb", "/n", new, "/d", folder, folder=folder).count("exclude"), 1)

    def test_redo_only_leaves_the_database_dirty_and_a_later_run_finishes(self):
        for undo in ("/u", "/u8"):
            folder = copy_of(CRASH)
            with self.subTest(undo):
                self.fails(-579, "JET_errRecoveredWithoutUndo", "/r", "edb", "/d", undo, folder=folder)
                self.assertIn("State: Dirty Shutdown\n", self.good("/mh", "data.edb", folder=folder))
                self.good("/r", "edb", "/d", folder=folder)
                self.good("/g", "data.edb", folder=folder)
        self.fails(-1003, "JET_errInvalidParameter", "/r", "edb", "/d", "/uX", folder=folder)

    def test_lost_logs_are_given_up_only_with_leave(self):
        folder = copy_of(CRASH)
        os.remove(os.path.join(folder, "edb.log"))
        self.assertIn("/a", self.fails(-528, "JET_errMissingLogFile", "/r", "edb", "/d", folder=folder))

    def test_a_stream_that_begins_with_its_database_builds_it_and_truncates_logs_when_told(self):
        folder = copy_of(CLEAN)
        rows = dump(os.path.join(folder, "data.edb"))
        for name in ("data.edb", "data.jfm", "edb.chk"):
            os.remove(os.path.join(folder, name))
        self.good("/r", "edb", "/d", "/t", folder=folder)
        # times in the catalog are those of the run that created the database
        ours = [line for line in dump(os.path.join(folder, "data.edb")).splitlines() if not line.startswith("MSysObjects")]
        self.assertEqual(ours, [line for line in rows.splitlines() if not line.startswith("MSysObjects")])
        self.assertFalse(os.path.exists(os.path.join(folder, "edb00001.log")))

    def test_recovery_of_what_is_not_there(self):
        folder = copy_of(CRASH)
        self.fails(-528, "JET_errMissingLogFile", "/r", "xyz", "/d", folder=folder)
        self.fails(-1213, "JET_errPageSizeMismatch", "/r", "edb", "/d", "/8", folder=folder)
        self.fails(-1003, "JET_errInvalidParameter", "/r", "edb.log", folder=folder)
        self.fails(-1003, "JET_errInvalidParameter", "/r", folder=folder)
        self.fails(-1001, "JET_errFeatureNotAvailable", "/r", "edb", "/k", "data.edb", folder=folder)

    def test_integrity_accepts_a_sound_database_and_not_a_dirty_or_a_damaged_one(self):
        folder = copy_of(CLEAN)
        self.assertIn("Integrity check successful.", self.good("/g", "data.edb", folder=folder))
        self.assertIn("not closed cleanly", self.fails(-1206, "JET_errDatabaseCorrupted", "/g", os.path.join(copy_of(CRASH), "data.edb")))
        self.fails(-1213, "JET_errPageSizeMismatch", "/g", "data.edb", "/32", folder=folder)
        with open(os.path.join(folder, "data.edb"), "r+b") as file:
            file.seek(5 * 4096 + 700)
            file.write(b"Damaged!")
        for mode in ("/g", "/k"):
            self.assertIn("page 4", self.fails(-1206, "JET_errDatabaseCorrupted", mode, "data.edb", folder=folder))
        self.good("/k", "data.edb", "/e", folder=folder)
        self.fails(-1811, "JET_errFileNotFound", "/g", "absent.edb", folder=folder)

    def test_checksums_of_every_kind_of_file(self):
        folder = copy_of(WINDOWS)
        for name in ("SRUDB.dat", "SRU.chk", "SRU00003.log", "SRUDB.jfm", os.path.join(folder, "SRUDB.dat"), os.path.join(folder, "SRU"), "sru"):
            with self.subTest(name):
                self.assertIn("good", self.good("/k", name, folder=folder))
        with open(os.path.join(folder, "SRU00005.log"), "r+b") as file:
            file.seek(2 * 4096 + 100)
            file.write(b"Damaged!" * 4)
        listed = self.fails(-501, "JET_errLogFileCorrupt", "/k", "SRU", folder=folder)
        self.assertRegex(listed, r"SRU00005\.log: JET_errLogFileCorrupt")
        self.assertIn("SRU.log: good", listed)
        os.remove(os.path.join(folder, "SRU00006.log"))
        self.assertIn("generations 6 to 6 are missing", self.fails(-501, "JET_errLogFileCorrupt", "/k", "SRU", folder=folder))

    def test_what_is_in_the_files_is_shown(self):
        folder = copy_of(WINDOWS)
        for arguments, wanted in (
            (("/mh", "SRUDB.dat"), "State: Clean Shutdown\nLog Required: 0-0 (0x0-0x0)\n"),
            (("/m", "SRUDB.dat"), "sign_db "),
            (("/mk", "SRU.chk"), "checkpoint               9:7:0"),
            (("/ml", "SRU00003.log"), "generation               0x3"),
            (("/ml", "SRU"), "generation               0x8"),
            (("/ml", "SRU.log", "/v"), "9:7:28\t50\tTerm2"),
            (("/mp", "SRUDB.jfm"), "flush map"),
            (("/mm", "SRUDB.dat"), "SruDbIdMapTable"),
            (("/mm", "SRUDB.dat", "/t", "SruDbIdMapTable"), "key +IdType"),
            (("/mn", "SRUDB.dat", "/tSruDbIdMapTable"), "SruDbIdMapTable\t7f80000001\t"),
        ):
            with self.subTest(arguments):
                self.assertIn(wanted, self.good(*arguments, folder=folder))
        self.fails(-1812, "JET_errFileInvalidType", "/mh", "SRU.log", folder=folder)
        self.fails(-1812, "JET_errFileInvalidType", "/mk", "SRUDB.dat", folder=folder)
        self.fails(-1305, "JET_errObjectNotFound", "/mm", "SRUDB.dat", "/t", "no such table", folder=folder)

    def test_space_adds_up(self):
        folder = copy_of(CLEAN)
        shown = self.good("/ms", "data.edb", folder=folder)
        whole = int(re.search(r"^data\.edb +Db .* (\d+) +\d+$", shown, re.M).group(1))
        tables = sum(int(owned) for owned in re.findall(r"^\S.* Tbl .* (\d+) +\d+$", shown, re.M))
        self.assertGreater(tables, 30)
        self.assertLess(tables, whole)
        self.assertLessEqual(whole, os.path.getsize(os.path.join(folder, "data.edb")) // 4096)

    def test_copies_and_never_overwrites(self):
        folder = copy_of(CLEAN)
        self.good("/y", "data.edb", "/d", "copy.edb", folder=folder)
        self.assertEqual(tools.sha256_of(os.path.join(folder, "copy.edb")), tools.sha256_of(os.path.join(folder, "data.edb")))
        self.fails(-1814, "JET_errFileAlreadyExists", "/y", "data.edb", "/d", "copy.edb", folder=folder)
        target = tempfile.mkdtemp(dir=tools.WORK)
        self.fails(-1023, "JET_errInvalidPath", "-y", "data.edb", "-d", "/nowhere/x", folder=folder)
        self.assertNotEqual(esentutl("-y", os.path.join(folder, "absent"), "-d", "/x").returncode, 255)
        self.good("/y", os.path.join(folder, "edb.log"), folder=target)
        self.assertEqual(os.listdir(target), ["edb.log"])
        self.fails(-1811, "JET_errFileNotFound", "/y", "absent", "/dx", folder=folder)

    def test_repair_puts_what_can_be_read_in_the_place_of_a_damaged_database(self):
        folder = copy_of(WINDOWS)
        path = os.path.join(folder, "SRUDB.dat")
        rows = [line for line in dump(path).splitlines() if not line.startswith("MSysObj")]
        with open(path, "r+b") as file:  # both headers, and the first page of the catalog's rows
            file.write(b"\xa5" * 8192)
            file.seek(14 * 4096)
            file.write(bytes(4096))
        before = tools.sha256_of(path)
        os.chmod(path, 0o640)
        result = esentutl("/p", "SRUDB.dat", "/o", "/b", "old.dat", "/f", "found", "/s", "x.stm", folder=folder)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertRegex(result.stdout.splitlines()[-1], r"^Operation completed successfully with 595 \(JET_wrnDatabaseRepaired, ")
        self.good("/g", path)
        self.assertEqual([line for line in dump(path).splitlines() if not line.startswith("MSysObj")], rows)
        self.assertEqual((tools.sha256_of(os.path.join(folder, "old.dat")), os.stat(path).st_mode & 0o777), (before, 0o640))
        with open(os.path.join(folder, "found.integ.raw"), encoding="utf-8") as listing:
            self.assertIn("page 13, table MSysObjects: JET_errPageNotInitialized (-1019)", listing.read())
        self.good("/p", path, "/t", os.path.join(folder, "made.dat"), folder=folder)  # undamaged now
        sound = tools.sha256_of(path)
        self.good("/p", path, "/g")
        self.assertEqual(tools.sha256_of(path), sound)
        self.assertEqual([name for name in os.listdir(folder) if name in ("made.dat", "SRUDB.dat.temprepair")], [])
        self.fails(-1811, "JET_errFileNotFound", "/p", "absent.dat", folder=folder)
        self.fails(-1814, "JET_errFileAlreadyExists", "/p", path, "/b", os.path.join(folder, "old.dat"))

    def test_salvage_lists_what_is_lost_and_leaves_the_database_alone(self):
        folder = copy_of(WINDOWS)
        path, new, listing = (os.path.join(folder, name) for name in ("SRUDB.dat", "new.dat", "list"))
        good = tools.run("salvage", path, new)
        self.assertEqual(good.returncode, 0, good.stdout + good.stderr)
        os.remove(new)
        with open(path, "r+b") as file:
            file.seek(14 * 4096 + 100)
            file.write(b"\xff" * 64)
        before = tools.sha256_of(path)
        result = tools.run("salvage", "--json", path, new)
        self.assertEqual(result.returncode, 1, result.stderr)
        told = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertIn({"page": 13, "error": -1018, "name": "JET_errReadVerifyFailure", "table": "MSysObjects"}, told)
        self.assertEqual((told[-1]["undamaged"], told[-1]["pages_bad"], told[-1]["rows_lost"], told[-1]["tables_lost"]), (False, 1, 0, 0))
        self.assertEqual(sum(line.get("rows", 0) for line in told[:-1]), told[-1]["rows"])
        self.assertEqual(tools.run("verify", new).returncode, 0)
        refused = tools.run("salvage", path, new)
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("JET_errDatabaseDuplicate", refused.stderr)
        os.remove(new)
        result = tools.run("salvage", "--report", listing, path, new)
        self.assertEqual((result.returncode, len(result.stdout.splitlines())), (1, 1))
        with open(listing, encoding="utf-8") as text:
            self.assertIn("page 13, table MSysObjects: JET_errReadVerifyFailure (-1018)\n", text.read())
        self.assertEqual(tools.sha256_of(path), before)
        self.assertEqual(tools.run("salvage", path).returncode, 2)

    def test_defragmentation_puts_a_smaller_database_with_the_same_rows_in_place(self):
        folder = copy_of(CLEAN)
        path = os.path.join(folder, "data.edb")
        rows = [line for line in dump(path).splitlines() if not line.startswith("MSys")]
        size, before = os.path.getsize(path), tools.sha256_of(path)
        self.good("/d", "data.edb", "/p", "/t", "smaller.edb", folder=folder)
        self.assertEqual(tools.sha256_of(path), before)
        self.fails(-1201, "JET_errDatabaseDuplicate", "/d", "data.edb", "/t", "smaller.edb", folder=folder)
        self.fails(-1814, "JET_errFileAlreadyExists", "/d", "data.edb", "/b", "smaller.edb", folder=folder)
        self.good("/d", path, "/b", "old.edb", folder=folder)
        self.assertEqual(tools.sha256_of(os.path.join(folder, "old.edb")), before)
        self.assertLess(os.path.getsize(path), size)
        self.assertEqual([line for line in dump(path).splitlines() if not line.startswith("MSys")], rows)
        self.good("/g", path)
        self.assertEqual([name for name in os.listdir(folder) if "tempdfrg" in name], [])
        self.fails(-550, "JET_errDatabaseDirtyShutdown", "/d", os.path.join(copy_of(CRASH), "data.edb"))

    def test_a_defragmented_database_is_as_readable_as_before(self):
        path = os.path.join(copy_of(CLEAN), "data.edb")
        for mode in (0o600, 0o664):
            os.chmod(path, mode)
            self.good("/d", path)
            self.assertEqual(os.stat(path).st_mode & 0o777, mode)

    def test_a_database_behind_a_symbolic_link_is_defragmented_and_the_link_stays(self):
        folder, other = copy_of(CLEAN), tempfile.mkdtemp(dir=tools.WORK)
        path, link = os.path.join(folder, "data.edb"), os.path.join(other, "link.edb")
        rows, size = [line for line in dump(path).splitlines() if not line.startswith("MSys")], os.path.getsize(path)
        os.symlink(os.path.relpath(path, other), link)
        self.good("/d", link)
        self.assertTrue(os.path.islink(link))
        self.assertEqual(os.path.realpath(link), os.path.realpath(path))
        self.assertLess(os.path.getsize(path), size)
        self.assertEqual([line for line in dump(path).splitlines() if not line.startswith("MSys")], rows)
        self.assertEqual(sorted(os.listdir(other)), ["link.edb"])
        self.assertEqual([name for name in os.listdir(folder) if "tempdfrg" in name], [])
        self.good("/d", link, "/b", os.path.join(folder, "old.edb"))
        self.assertTrue(os.path.islink(link) and not os.path.islink(os.path.join(folder, "old.edb")))
        os.remove(path)
        self.fails(-1811, "JET_errFileNotFound", "/d", link)
        self.assertTrue(os.path.islink(link))

    def test_a_database_whose_new_file_cannot_take_its_place_stays(self):
        folder, elsewhere = copy_of(CLEAN), "/dev/shm"
        path = os.path.join(folder, "data.edb")
        if not os.access(elsewhere, os.W_OK) or os.stat(elsewhere).st_dev == os.stat(folder).st_dev:
            self.skipTest("needs another file system at " + elsewhere)
        before = tools.sha256_of(path)
        made = tempfile.mkdtemp(dir=elsewhere)
        try:
            self.fails(-1032, "JET_errFileAccessDenied", "/d", path, "/t", os.path.join(made, "new.edb"), "/b", os.path.join(folder, "old.edb"), folder=folder)
        finally:
            shutil.rmtree(made)
        self.assertEqual(tools.sha256_of(path), before)

    def test_wrong_command_lines_exit_with_255_and_help_with_0(self):
        for arguments in ([], ["r"], ["/z"], ["/mx", "f"], ["/g", "a", "b"], ["/g", "a", "/q"], ["/r", "edb", "/l"], ["/r", "edb", "/la", "/lb"], ["/r", "edb", "/7"]):
            with self.subTest(arguments):
                result = esentutl(*arguments)
                self.assertEqual((result.returncode, result.stdout), (255, ""))
                self.assertIn("esentutl /? tells more", result.stderr)
        for ask in ("/?", "-?", "--help"):
            self.assertIn("usage: esentutl MODE", esentutl(ask).stdout)


if __name__ == "__main__":
    if not os.path.isdir(os.path.join(tools.DATA, "windows")):
        print("skipped: no shared data")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as tools.WORK:
        unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
