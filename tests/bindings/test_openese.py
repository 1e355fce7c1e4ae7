"""The Python package openese as a program uses it. OPENESE_LIBRARY names the library."""
import datetime
import os
import random
import shutil
import tempfile
import threading
import unittest
import uuid

import openese
from openese import Column, Index, Type

PAGE_SIZE = 8192
QUIET = {"NoInformationEvent": True, "LogFileSize": 256}


class WithInstance(unittest.TestCase):
    """One instance for the class, a session and a database for each test."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="openese-")
        cls.instance = openese.Instance(cls.folder, page_size=PAGE_SIZE, **QUIET)

    @classmethod
    def tearDownClass(cls):
        cls.instance.close()
        shutil.rmtree(cls.folder)

    def setUp(self):
        self.session = self.instance.session()
        self.path = os.path.join(self.folder, self.id().rsplit(".", 1)[1] + ".edb")
        self.database = self.session.create_database(self.path)

    def tearDown(self):
        self.session.close()

    def people(self):
        columns = [Column("id", Type.LONG, autoincrement=True), Column("name", Type.TEXT, unicode=False), Column("age", Type.LONG)]
        return self.database.create_table("people", columns, [Index("primary", "id", primary=True), Index("by_age", ("-age", "name"))])

    def assert_error(self, number):
        return self.assertRaisesRegex(openese.Error, rf"\({number}\)")


VALUES = [
    (Type.BIT, [True, False]),
    (Type.UNSIGNED_BYTE, [0, 255]),
    (Type.SHORT, [-2**15, 2**15 - 1]),
    (Type.UNSIGNED_SHORT, [0, 2**16 - 1]),
    (Type.LONG, [-2**31, 2**31 - 1]),
    (Type.UNSIGNED_LONG, [0, 2**32 - 1]),
    (Type.LONG_LONG, [-2**63, 2**63 - 1]),
    (Type.CURRENCY, [-2**63, 12345]),
    (Type.SINGLE, [0.5, -2.0**100]),
    (Type.DOUBLE, [3.141592653589793, -1e300]),
    (Type.DATE_TIME, [datetime.datetime(1899, 12, 30), datetime.datetime(2026, 11, 21, 14, 43, 7, 123456), datetime.datetime(1601, 1, 1), 1e300, float("-inf")]),
    (Type.GUID, [uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")]),
    (Type.BINARY, [b"\0\1\2", b""]),
    (Type.LONG_BINARY, [bytes(range(256)) * 1000, b""]),
    (Type.TEXT, ["caf\u00e9 \U0001f600", "", "\ud800"]),
    (Type.LONG_TEXT, ["\u4e2d\u6587" * 5000, ""]),
]


class Rows(WithInstance):
    def test_values_of_every_type_come_back(self):
        for coltyp, values in VALUES:
            with self.subTest(coltyp.name), self.database.create_table(coltyp.name, [Column("value", coltyp)]) as table:
                for value in values + [None]:
                    table.insert(value=value)
                    self.assertEqual(table.row(), {"value": value})
                self.assertEqual([row["value"] for row in table], values + [None])

    def test_text_of_code_page_1252_keeps_bytes_that_it_does_not_define(self):
        with self.database.create_table("t", [Column("text", Type.TEXT, unicode=False)]) as table:
            table.insert(text="\u20ac\u00fc\udc81")
            self.assertEqual(table.row()["text"], "\u20ac\u00fc\udc81")
            self.assertEqual(table.read_long("text"), b"\x80\xfc\x81")
            with self.assertRaises(UnicodeEncodeError):
                table.insert(text="\u4e2d")
            self.assertEqual(len(list(table)), 1)

    def test_rows_change_and_go(self):
        with self.people() as table:
            for i in range(5):
                table.insert(name=f"name {i}", age=i)
            self.assertEqual(table.get(3), {"id": 3, "name": "name 2", "age": 2})
            table.update(name="other", age=None)
            self.assertEqual(table.get(3), {"id": 3, "name": "other", "age": None})
            bookmark = table.bookmark()
            for row in table.rows(columns=("id",)):
                if row["id"] % 2 == 0:
                    table.delete()
            self.assertEqual([row["id"] for row in table], [1, 3, 5])
            self.assertEqual(table.count(), 3)
            table.goto(bookmark)
            self.assertEqual(table.row()["name"], "other")
            self.assertIsNone(table.get(2))
            self.assertEqual((table.first()["id"], table.last()["id"]), (1, 5))
            self.assertEqual([row["id"] for row in table.rows(reverse=True)], [5, 3, 1])

    def test_a_column_of_several_values_is_a_list(self):
        with self.database.create_table("t", [Column("tags", Type.LONG_TEXT, multi_valued=True)]) as table:
            table.insert(tags=["a", "b", "c"])
            self.assertEqual(table.row(), {"tags": ["a", "b", "c"]})
            table.update(tags=["d"])
            self.assertEqual(table.row(), {"tags": ["d"]})
            table.update(tags=None)
            self.assertEqual(table.row(), {"tags": []})

    def test_long_values_in_pieces(self):
        with self.database.create_table("t", [Column("data", Type.LONG_BINARY)]) as table:
            expected = bytearray(random.Random(1).randbytes(300000))
            table.insert(data=expected[:100000])
            table.append_long("data", expected[100000:])
            table.write_long("data", b"x" * 1000, 99500)
            expected[99500:100500] = b"x" * 1000
            self.assertEqual(table.row()["data"], expected)
            self.assertEqual(table.read_long("data", 99000, 2000), expected[99000:101000])
            self.assertEqual(table.read_long("data", 299990, 100), expected[299990:])
            self.assertEqual(table.read_long("data", 400000, 100), b"")

    def test_escrow_columns_are_added_to_by_two_transactions_at_once(self):
        with self.database.create_table("t", [Column("n", Type.LONG, escrow=True, default=10)]) as table:
            table.insert()
        with self.database.open_table("t") as table, self.instance.session() as other:
            second = other.open_database(self.path).open_table("t")
            with self.session.transaction(), other.transaction():
                table.first(), second.first()
                self.assertEqual(table.add("n", 5), 10)
                second.add("n", 7)
            self.assertEqual(table.first(), {"n": 22})


class Keys(WithInstance):
    def test_seeks_find_what_stands_in_the_relation(self):
        with self.people() as table:
            for name in ("a", "b", "d"):
                table.insert(name=name, age=1)
            cases = (("==", 2, 2), ("<", 2, 1), ("<=", 2, 2), (">=", 2, 2), (">", 2, 3), ("<", 9, 3), (">", 0, 1), ("==", 9, None), ("<", 1, None), (">", 3, None))
            for relation, key, expected in cases:
                there = table.seek(key, relation=relation)
                self.assertEqual(table.row()["id"] if there else None, expected, (relation, key))
            table.use("by_age")
            self.assertTrue(table.seek(1))  # the first column only
            self.assertEqual(table.row()["name"], "a")
            for relation, expected in (("<", None), ("<=", "d"), (">=", "a"), (">", None)):
                there = table.seek(1, relation=relation)
                self.assertEqual(table.row()["name"] if there else None, expected, relation)
            with self.assertRaises(ValueError):
                table.seek(1, "a", 2)

    def test_ranges_hold_what_a_sorted_list_holds(self):
        seed = random.randrange(2**32)
        print(f"ranges: seed {seed}")
        chance = random.Random(seed)
        with self.database.create_table("t", [Column("a", Type.LONG), Column("b", Type.LONG)], [Index("ab", ("a", "b"), primary=True)]) as table:
            rows = sorted({(chance.randrange(8), chance.randrange(8)) for _ in range(30)})
            with self.session.transaction():
                for a, b in rows:
                    table.insert(a=a, b=b)
            for _ in range(150):
                low, high = (chance.choice([None, (chance.randrange(8),), (chance.randrange(8), chance.randrange(8))]) for _ in range(2))
                include_low, include_high, reverse = (chance.random() < 0.5 for _ in range(3))
                expected = [row for row in rows if (low is None or row[:len(low)] > low or include_low and row[:len(low)] == low)
                            and (high is None or row[:len(high)] < high or include_high and row[:len(high)] == high)]
                found = [(row["a"], row["b"]) for row in table.range(low, high, include_low, include_high, reverse)]
                self.assertEqual(found, expected[::-1] if reverse else expected, (low, high, include_low, include_high, reverse))

    def test_a_prefix_of_text_is_a_range(self):
        with self.database.create_table("t", [Column("name", Type.TEXT, unicode=False)], [Index("name", "name", primary=True)]) as table:
            for name in ("ab", "abc", "abd", "b", "aa"):
                table.insert(name=name)
            self.assertEqual([row["name"] for row in table.prefix("ab")], ["ab", "abc", "abd"])
            self.assertEqual(list(table.prefix("c")), [])

    def test_unicode_text_is_ordered_by_locale(self):
        try:
            table = self.database.create_table("t", [Column("name", Type.TEXT)], [Index("name", "name", locale="en-US")])
            table.insert(name="a")
        except openese.Error as error:
            if error.name == "JET_errFeatureNotAvailable":
                self.skipTest("no sorting weights on this machine")
            raise
        for name in ("Z", "\u00e9", "e", "f", "B"):
            table.insert(name=name)
        self.assertEqual([row["name"] for row in table.use("name")], ["a", "B", "e", "\u00e9", "f", "Z"])


class Transactions(WithInstance):
    def test_an_exception_takes_back_what_was_done(self):
        with self.people() as table:
            with self.session.transaction():
                table.insert(name="kept")
                with self.assertRaises(ZeroDivisionError), self.session.transaction():
                    table.insert(name="inner")
                    1 / 0
                table.insert(name="kept too")
            with self.assertRaises(ZeroDivisionError), self.session.transaction(lazy=True):
                table.insert(name="outer")
                1 / 0
            self.assertEqual([row["name"] for row in table], ["kept", "kept too"])

    def test_a_refused_row_leaves_the_cursor_usable(self):
        with self.database.create_table("t", [Column("n", Type.LONG, not_null=True)], [Index("n", "n", primary=True)]) as table:
            table.insert(n=1)
            with self.assertRaises(openese.KeyDuplicate) as caught:
                table.insert(n=1)
            self.assertEqual((caught.exception.number, caught.exception.name, caught.exception.function), (-1605, "JET_errKeyDuplicate", "JetUpdate"))
            self.assertTrue(caught.exception.description)
            with self.assert_error(openese.jet.JET_errNullInvalid):
                table.insert()
            table.insert(n=2)
            self.assertEqual([row["n"] for row in table], [1, 2])

    def test_two_writers_of_a_row_conflict(self):
        with self.people() as table:
            table.insert(name="x")
        with self.database.open_table("people") as table, self.instance.session() as other:
            second = other.open_database(self.path).open_table("people")
            with other.transaction():
                self.assertEqual(second.first()["name"], "x")
                table.first()
                table.update(name="y")
                self.assertEqual(second.row()["name"], "x")
                with self.assertRaises(openese.WriteConflict):
                    second.update(name="z")
            self.assertEqual(table.row()["name"], "y")

    def test_a_handle_is_closed_with_its_block(self):
        with self.people() as table:
            table.insert(name="x")
        self.assertIsNone(table.id)
        with self.instance.session() as other:
            other.open_database(self.path)
            with other.transaction():
                pass
        self.assertNotIn(other, self.instance.sessions)


class Schema(WithInstance):
    def test_columns_and_indexes_are_added_and_described(self):
        with self.people() as table:
            table.insert(name="x", age=3)
            table.add_column(Column("city", Type.TEXT, size=20, default="Bonn"))
            table.add_index(Index("by_name", "name", unique=True))
            self.assertEqual(table.columns["city"].type, Type.TEXT)
            self.assertEqual((table.columns["city"].size, table.columns["city"].unicode, table.columns["name"].unicode), (20, True, False))
            self.assertEqual(table.use("by_name").get("x"), {"id": 1, "name": "x", "age": 3, "city": "Bonn"})
        self.assertIn("people", self.database.tables())
        self.database.delete_table("people")
        self.assertNotIn("people", self.database.tables())
        with self.assert_error(openese.jet.JET_errObjectNotFound):
            self.database.open_table("people")

    def test_a_read_only_table_refuses_changes(self):
        self.people().close()
        with self.database.open_table("people", read_only=True) as table, self.assert_error(openese.jet.JET_errPermissionDenied):
            table.insert(name="x")

    def test_what_the_instance_refuses_is_told(self):
        with self.assertRaises(AttributeError):
            self.instance.set("NoSuchParameter", 1)
        with self.assert_error(openese.jet.JET_errDatabaseDuplicate):
            self.session.create_database(self.path)
        with self.assert_error(openese.jet.JET_errAlreadyInitialized):
            self.instance.set("LogFileSize", 512)


class Ledger:
    """A database whose truth can be checked: each transaction moves one from one account to another and writes a numbered line."""
    ACCOUNTS = 20

    def __init__(self, instance, path):
        self.instance = instance
        self.path = path
        self.lines = 0
        self.failure = None
        self.stop = threading.Event()

    def create(self):
        with self.instance.session() as session:
            database = session.create_database(self.path)
            with database.create_table("accounts", [Column("id", Type.LONG), Column("balance", Type.LONG)], [Index("id", "id", primary=True)]) as accounts, \
                    database.create_table("lines", [Column("n", Type.LONG), Column("letter", Type.LONG_TEXT, unicode=False)], [Index("n", "n", primary=True)]):
                with session.transaction():
                    for i in range(self.ACCOUNTS):
                        accounts.insert(id=i, balance=100)

    def write(self):
        try:
            with self.instance.session() as session:
                database = session.open_database(self.path)
                accounts, lines = database.open_table("accounts"), database.open_table("lines")
                chance = random.Random(7)
                while not self.stop.is_set():
                    with session.transaction(lazy=True):
                        for step, account in zip((-1, 1), chance.sample(range(self.ACCOUNTS), 2)):
                            balance = accounts.get(account)["balance"]
                            accounts.update(balance=balance + step)
                        lines.insert(n=self.lines, letter="letter " * chance.randrange(400))
                    self.lines += 1
        except BaseException as failure:
            self.failure = failure

    def check(self, session, path, least):
        database = session.open_database(path)
        with database.open_table("accounts") as accounts, database.open_table("lines") as lines:
            numbers = [row["n"] for row in lines.rows(columns=("n",))]
            if numbers != list(range(len(numbers))) or len(numbers) < least:
                raise AssertionError(f"{len(numbers)} lines, at least {least} wanted, without gaps")
            balances = [row["balance"] for row in accounts]
            if len(balances) != self.ACCOUNTS or sum(balances) != 100 * self.ACCOUNTS:
                raise AssertionError(f"balances: {balances}")
        database.close()
        session.detach_database(path)


class Backups(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="openese-")
        self.addCleanup(shutil.rmtree, self.folder)

    def sub(self, name, make=True):
        path = os.path.join(self.folder, name)
        if make:
            os.mkdir(path)
        return path

    def during_writes(self, work):
        """Runs work(instance, ledger) while a thread writes; the ledger, closed."""
        with openese.Instance(self.sub("live"), page_size=PAGE_SIZE, **QUIET) as instance:
            ledger = Ledger(instance, os.path.join(self.folder, "live", "ledger.edb"))
            ledger.create()
            with instance.session() as keeper:  # keeps the database attached while the writer comes and goes
                keeper.open_database(ledger.path)
                writer = threading.Thread(target=ledger.write)
                writer.start()
                try:
                    while ledger.lines < 50 and ledger.failure is None:
                        writer.join(0.01)
                    work(instance, ledger)
                finally:
                    ledger.stop.set()
                    writer.join()
            if ledger.failure:
                raise ledger.failure
        return ledger

    def test_a_streamed_backup_of_a_database_in_use_is_restored(self):
        target = self.sub("set", make=False)
        seen = {}

        def work(instance, ledger):
            with self.assertRaises(ZeroDivisionError), instance.streaming_backup():
                1 / 0  # an aborted backup hinders no other
            with instance.streaming_backup() as backup:
                before = ledger.lines
                for source in backup:
                    if source.kind == "log":
                        seen.setdefault("least", before)
                    source.copy_to(target)
                    seen[source.kind] = seen.get(source.kind, 0) + 1
                    if source.kind == "database":
                        while ledger.lines < before + 20 and ledger.failure is None:
                            ledger.stop.wait(0.01)
                seen["databases"] = backup.databases

        ledger = self.during_writes(work)
        self.assertEqual((seen["database"], seen["databases"]), (1, [ledger.path]))
        self.assertGreaterEqual(seen["log"], 1)
        restored = self.sub("restored")
        path = os.path.join(restored, "ledger.edb")
        openese.restore(target, {ledger.path: path}, restored)
        with openese.Instance(restored, page_size=PAGE_SIZE, **QUIET) as instance, instance.session() as session:
            ledger.check(session, path, seen["least"])

    def test_a_backup_into_a_folder_is_restored(self):
        target = self.sub("set", make=False)
        seen = {}

        def work(instance, ledger):
            seen["least"] = ledger.lines
            instance.backup(target)

        ledger = self.during_writes(work)
        restored = self.sub("restored")
        with openese.Instance.restored(target, restored, restored, page_size=PAGE_SIZE, **QUIET) as instance, instance.session() as session:
            ledger.check(session, os.path.join(restored, "ledger.edb"), seen["least"])

    def test_restoring_a_folder_without_logs_is_refused(self):
        with self.assertRaises(FileNotFoundError):
            openese.restore(self.sub("empty"), {}, self.sub("restored"))


if __name__ == "__main__":
    unittest.main()
