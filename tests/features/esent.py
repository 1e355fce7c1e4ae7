"""The public calls of libesent for tests written in Python: handles, structures, and a dump of a database in the form of the shared expectation files.

Only what esent.h promises is used. Every call that returns an error raises Error; warnings are returned.
"""
import ctypes
from ctypes import POINTER, byref, c_char_p, c_int32, c_size_t, c_uint16, c_uint32, c_void_p

INSTANCE_NIL = c_size_t(-1).value
WRN_COLUMN_NULL = 1004
WRN_BUFFER_TRUNCATED = 1006
ERR_NO_CURRENT_RECORD = -1603
ERR_DIRTY_SHUTDOWN = -1116
PARAM_SYSTEM_PATH, PARAM_TEMP_PATH, PARAM_LOG_PATH, PARAM_BASE_NAME = 0, 1, 2, 3
PARAM_LOG_SIZE, PARAM_EXTENSION, PARAM_EVENTS, PARAM_PAGE_SIZE = 11, 18, 51, 64
MOVE_FIRST, MOVE_NEXT, MOVE_LAST = -0x80000000, 1, 0x7FFFFFFF
PREP_INSERT, PREP_REPLACE, PREP_CANCEL, PREP_INSERT_COPY = 0, 2, 3, 5
BIT_NEW_KEY, BIT_SEEK_EQ, BIT_DB_READ_ONLY = 1, 1, 1
BIT_SET_ZERO_LENGTH, BIT_SET_SIZE_LV, BIT_SET_APPEND_LV, BIT_SET_SEPARATE_LV, BIT_SET_REVERT_TO_DEFAULT = 0x20, 8, 1, 0x40, 0x200
BIT_SET_OVERWRITE_LV = 4
BIT_COLUMN_USER_DEFINED_DEFAULT = 0x8000
BIT_INDEX_TUPLE_LIMITS = 0x2000
BIT_INDEX_MUST_BE_NULL, BIT_INDEX_MUST_BE_NON_NULL = 1, 2
BIT_TABLE_CREATE_TEMPLATE = 2
COLTYP_TEXT, COLTYP_LONG_BINARY, COLTYP_LONG_TEXT = 10, 11, 12


class Error(Exception):
    def __init__(self, function, number):
        super().__init__(f"{function}: {number}")
        self.function = function
        self.number = number


class SpaceHints(ctypes.Structure):
    _fields_ = [(name, c_uint32) for name in ("cbStruct", "density", "initial", "grbit", "maintenance", "growth", "least", "most")]


class TupleLimits(ctypes.Structure):
    _fields_ = [(name, c_uint32) for name in ("least", "most", "count", "increment", "start")]


class ConditionalColumn(ctypes.Structure):
    _fields_ = [("cbStruct", c_uint32), ("name", c_char_p), ("grbit", c_uint32)]


class UserDefinedDefault(ctypes.Structure):
    _fields_ = [("callback", c_char_p), ("data", c_char_p), ("size", c_uint32), ("columns", c_char_p)]


class UnicodeIndex(ctypes.Structure):
    _fields_ = [("locale", c_void_p), ("map_flags", c_uint32)]


class ColumnCreate(ctypes.Structure):
    _fields_ = [
        ("cbStruct", c_uint32), ("name", c_char_p), ("coltyp", c_uint32), ("cbMax", c_uint32), ("grbit", c_uint32), ("default", c_void_p),
        ("cbDefault", c_uint32), ("cp", c_uint32), ("columnid", c_uint32), ("err", c_int32),
    ]


class SegMacOrTuple(ctypes.Union):
    _fields_ = [("mac", c_uint32), ("tuple", POINTER(TupleLimits))]


class IndexCreate(ctypes.Structure):  # JET_INDEXCREATE3_A
    _anonymous_ = ["limits"]
    _fields_ = [
        ("cbStruct", c_uint32), ("name", c_char_p), ("key", c_void_p), ("cbKey", c_uint32), ("grbit", c_uint32), ("density", c_uint32),
        ("unicode", POINTER(UnicodeIndex)), ("limits", SegMacOrTuple), ("conditions", POINTER(ConditionalColumn)), ("condition_count", c_uint32),
        ("err", c_int32), ("key_most", c_uint32), ("hints", POINTER(SpaceHints)),
    ]


TABLE_CREATE_4 = [
    ("cbStruct", c_uint32), ("name", c_char_p), ("template", c_char_p), ("pages", c_uint32), ("density", c_uint32), ("columns", POINTER(ColumnCreate)),
    ("column_count", c_uint32), ("indexes", POINTER(IndexCreate)), ("index_count", c_uint32), ("callback", c_char_p), ("cbtyp", c_uint32),
    ("grbit", c_uint32), ("seq_hints", POINTER(SpaceHints)), ("lv_hints", POINTER(SpaceHints)), ("separate_lv", c_uint32),
]


class TableCreate4(ctypes.Structure):
    _fields_ = TABLE_CREATE_4 + [("tableid", c_size_t), ("created", c_uint32)]


class TableCreate5(ctypes.Structure):
    _fields_ = TABLE_CREATE_4 + [("lv_chunk_most", c_uint32), ("tableid", c_size_t), ("created", c_uint32)]


class ColumnDef(ctypes.Structure):
    _fields_ = [
        ("cbStruct", c_uint32), ("columnid", c_uint32), ("coltyp", c_uint32), ("country", c_uint16), ("langid", c_uint16), ("cp", c_uint16),
        ("collate", c_uint16), ("cbMax", c_uint32), ("grbit", c_uint32),
    ]


class SetInfo(ctypes.Structure):
    _fields_ = [("cbStruct", c_uint32), ("offset", c_uint32), ("sequence", c_uint32)]


class RetInfo(ctypes.Structure):
    _fields_ = [("cbStruct", c_uint32), ("offset", c_uint32), ("sequence", c_uint32), ("columnid", c_uint32)]


class ColumnList(ctypes.Structure):
    _fields_ = [("cbStruct", c_uint32), ("tableid", c_size_t), ("records", c_uint32)] + [
        (name, c_uint32) for name in ("order", "name", "columnid", "coltyp", "country", "langid", "cp", "collate", "cbMax", "grbit", "default",
                                      "base_table", "base_column", "definition")]


class IndexList(ctypes.Structure):
    _fields_ = [("cbStruct", c_uint32), ("tableid", c_size_t), ("records", c_uint32)] + [
        (name, c_uint32) for name in ("name", "grbit", "keys", "entries", "pages", "columns", "number", "columnid", "coltyp", "country", "langid", "cp",
                                      "collate", "column_grbit", "column_name", "map_flags")]


class ObjectList(ctypes.Structure):
    _fields_ = [("cbStruct", c_uint32), ("tableid", c_size_t), ("records", c_uint32)] + [
        (name, c_uint32) for name in ("container", "name", "objtyp", "created", "updated", "grbit", "flags", "record_count", "page_count")]


assert ctypes.sizeof(TableCreate4) == 120 and ctypes.sizeof(IndexCreate) == 88 and ctypes.sizeof(ColumnCreate) == 56


class Library:
    """Jet functions as attributes: lib.JetMove(session, table, ...) raises on errors."""

    def __init__(self, path):
        self.dll = ctypes.CDLL(path)
        self.cache = {}

    def __getattr__(self, name):
        if not name.startswith("Jet"):
            raise AttributeError(name)
        if name not in self.cache:
            function = getattr(self.dll, name + "A", None) or getattr(self.dll, name)
            function.restype = c_int32

            def call(*arguments):
                err = function(*arguments)
                if err < 0:
                    raise Error(name, err)
                return err

            self.cache[name] = call
        return self.cache[name]


def text(value):
    return value.encode("utf-8") if isinstance(value, str) else value


def bytes_pointer(data):
    return (ctypes.c_ubyte * max(len(data), 1)).from_buffer_copy(data or b"\0")


class Instance:
    """An instance with one session in a folder."""
    count = 0

    def __init__(self, lib, folder, page_size, extension=None, log_kib=1024):
        self.lib = lib
        self.folder = folder
        self.handle = c_size_t(INSTANCE_NIL)
        Instance.count += 1
        lib.JetSetSystemParameter(None, c_size_t(0), PARAM_PAGE_SIZE, c_size_t(page_size), None)
        lib.JetCreateInstance(byref(self.handle), b"features %d" % Instance.count)
        for param, path in ((PARAM_SYSTEM_PATH, folder), (PARAM_LOG_PATH, folder), (PARAM_TEMP_PATH, folder + "/temp.edb")):
            self.set(param, 0, path)
        self.set(PARAM_LOG_SIZE, log_kib)
        self.set(PARAM_EVENTS, 0)
        if extension is not None:
            self.set(PARAM_EXTENSION, extension)
        lib.JetInit(byref(self.handle))
        self.session = Session(self)

    def set(self, param, value, path=None):
        self.lib.JetSetSystemParameter(byref(self.handle), c_size_t(0), param, c_size_t(value), text(path))

    def end(self):
        self.lib.JetTerm2(self.handle, 1)

    def give_up(self):
        """After a failure, with whatever is open; so that the next instance finds the process as it was."""
        try:
            self.lib.JetTerm2(self.handle, 8)  # JET_bitTermDirty: open transactions are no hindrance
        except Error as error:
            if error.number != ERR_DIRTY_SHUTDOWN:
                print(f"after the failure: {error}")


class Session:
    def __init__(self, instance):
        self.lib = instance.lib
        self.id = c_size_t(0)
        self.lib.JetBeginSession(instance.handle, byref(self.id), None, None)

    def create(self, path):
        dbid = c_uint32(0)
        self.lib.JetCreateDatabase(self.id, text(path), None, byref(dbid), 0)
        return Database(self, dbid)

    def attach(self, path, grbit=0):
        self.lib.JetAttachDatabase(self.id, text(path), grbit)
        dbid = c_uint32(0)
        self.lib.JetOpenDatabase(self.id, text(path), None, byref(dbid), grbit)
        return Database(self, dbid)

    def detach(self, path):
        self.lib.JetDetachDatabase(self.id, text(path))

    def begin(self):
        self.lib.JetBeginTransaction(self.id)

    def commit(self, grbit=0):
        self.lib.JetCommitTransaction(self.id, grbit)

    def rollback(self, grbit=0):
        self.lib.JetRollback(self.id, grbit)


class Database:
    def __init__(self, session, dbid):
        self.session = session
        self.lib = session.lib
        self.id = dbid

    def open(self, name, grbit=0):
        table = c_size_t(0)
        self.lib.JetOpenTable(self.session.id, self.id, text(name), None, 0, grbit, byref(table))
        return Table(self.session, table)

    def close(self):
        self.lib.JetCloseDatabase(self.session.id, self.id, 0)

    def create_table(self, name, columns=(), indexes=(), template=None, pages=0, density=0, grbit=0, callback=None, cbtyp=0, seq_hints=None,
                     lv_hints=None, separate_lv=0, lv_chunk_most=0):
        """columns, indexes: made by column() and index(). With a chunk size the fifth form of the call is used, else the fourth."""
        create = TableCreate5() if lv_chunk_most else TableCreate4()
        create.cbStruct = ctypes.sizeof(create)
        create.name, create.template, create.pages, create.density, create.grbit = text(name), text(template), pages, density, grbit
        create.callback, create.cbtyp, create.separate_lv = text(callback), cbtyp, separate_lv
        column_array = (ColumnCreate * max(len(columns), 1))(*columns)
        index_array = (IndexCreate * max(len(indexes), 1))(*indexes)
        create.columns, create.column_count = column_array, len(columns)
        create.indexes, create.index_count = index_array, len(indexes)
        if seq_hints:
            create.seq_hints = ctypes.pointer(seq_hints)
        if lv_hints:
            create.lv_hints = ctypes.pointer(lv_hints)
        if lv_chunk_most:
            create.lv_chunk_most = lv_chunk_most
            self.lib.JetCreateTableColumnIndex5(self.session.id, self.id, byref(create))
        else:
            self.lib.JetCreateTableColumnIndex4(self.session.id, self.id, byref(create))
        return Table(self.session, c_size_t(create.tableid))

    def table_names(self):
        found = ObjectList()
        found.cbStruct = ctypes.sizeof(found)
        self.lib.JetGetObjectInfo(self.session.id, self.id, 1, None, None, byref(found), ctypes.sizeof(found), 1)
        rows = Table(self.session, c_size_t(found.tableid))
        names = [rows.value(found.name).decode("latin-1") for _ in rows.rows()]
        rows.close()
        return names


def column(name, coltyp, most=0, grbit=0, cp=0, default=None, user_default=None):
    made = ColumnCreate()
    made.cbStruct = ctypes.sizeof(made)
    made.name, made.coltyp, made.cbMax, made.grbit, made.cp = text(name), coltyp, most, grbit, cp
    if user_default is not None:
        callback, data, columns = user_default
        made.kept = UserDefinedDefault(text(callback), data, len(data), b"".join(text(c) + b"\0" for c in columns) + b"\0" if columns else None)
        made.default = ctypes.cast(ctypes.pointer(made.kept), c_void_p)
        made.cbDefault = ctypes.sizeof(made.kept)
    elif default is not None:
        made.kept = bytes_pointer(default)
        made.default = ctypes.cast(made.kept, c_void_p)
        made.cbDefault = len(default)
    KEPT.append(made)
    return made


KEPT = []  # what the structures point to; a test's life is short


def hints(values):
    made = SpaceHints(ctypes.sizeof(SpaceHints), *values)
    KEPT.append(made)
    return made


def index(name, key, grbit=0, density=0, most=0, mac=0, tuple_limits=None, conditions=(), space=None, unicode=None):
    """key: "+a,-b". conditions: (grbit, column). unicode: (locale, map flags)."""
    made = IndexCreate()
    made.cbStruct = ctypes.sizeof(made)
    key_bytes = b"".join(text(part) + b"\0" for part in key.split(",")) + b"\0"
    kept = [bytes_pointer(key_bytes)]
    made.name, made.key, made.cbKey = text(name), ctypes.cast(kept[0], c_void_p), len(key_bytes)
    made.grbit, made.density, made.key_most = grbit, density, most
    if unicode:
        locale = (unicode[0] + "\0").encode("utf-16-le")
        kept.append(bytes_pointer(locale))
        kept.append(UnicodeIndex(ctypes.cast(kept[-1], c_void_p), unicode[1]))
        made.unicode = ctypes.pointer(kept[-1])
    if tuple_limits:
        kept.append(TupleLimits(*tuple_limits))
        made.tuple = ctypes.pointer(kept[-1])
    else:
        made.mac = mac
    if conditions:
        kept.append((ConditionalColumn * len(conditions))(*[(ctypes.sizeof(ConditionalColumn), text(name), bit) for bit, name in conditions]))
        made.conditions, made.condition_count = kept[-1], len(conditions)
    if space:
        made.hints = ctypes.pointer(space)
    KEPT.append((made, kept))
    return made


class Table:
    def __init__(self, session, tableid):
        self.session = session
        self.lib = session.lib
        self.id = tableid
        self.ids = {}
        self.buffer = ctypes.create_string_buffer(1 << 16)

    def close(self):
        self.lib.JetCloseTable(self.session.id, self.id)

    def column_id(self, name):
        if name not in self.ids:
            found = ColumnDef()
            found.cbStruct = ctypes.sizeof(found)
            self.lib.JetGetTableColumnInfo(self.session.id, self.id, text(name), byref(found), ctypes.sizeof(found), 0)
            self.ids[name] = found.columnid
        return self.ids[name]

    def move(self, offset, grbit=0):
        self.lib.JetMove(self.session.id, self.id, c_int32(offset), grbit)

    def rows(self):
        """Steps through all rows of the current index; the error that ended the walk is in self.end."""
        self.end = None
        offset = MOVE_FIRST
        while True:
            try:
                self.move(offset)
            except Error as error:
                self.end = error.number
                return
            yield self
            offset = MOVE_NEXT

    def value(self, columnid, sequence=1, grbit=0):
        """One value, None when null, False when there is no value of that number."""
        info = RetInfo(ctypes.sizeof(RetInfo), 0, sequence, 0)
        actual = c_uint32(0)
        err = self.lib.JetRetrieveColumn(self.session.id, self.id, columnid, self.buffer, len(self.buffer), byref(actual), grbit, byref(info))
        if err == WRN_BUFFER_TRUNCATED:
            self.buffer = ctypes.create_string_buffer(actual.value + 64)
            return self.value(columnid, sequence, grbit)
        if err == WRN_COLUMN_NULL:
            return None
        return self.buffer.raw[: actual.value]

    def values(self, columnid):
        found = []
        while True:
            value = self.value(columnid, len(found) + 1)
            if value is None:
                return found
            found.append(value)
            if columnid & 0xFFFF < 256:
                return found

    def bookmark(self):
        actual = c_uint32(0)
        self.lib.JetGetBookmark(self.session.id, self.id, self.buffer, len(self.buffer), byref(actual))
        return self.buffer.raw[: actual.value]

    def key(self):
        actual = c_uint32(0)
        self.lib.JetRetrieveKey(self.session.id, self.id, self.buffer, len(self.buffer), byref(actual), 0)
        return self.buffer.raw[: actual.value]

    def set_index(self, name):
        self.lib.JetSetCurrentIndex(self.session.id, self.id, text(name))

    def seek(self, *values):
        for number, value in enumerate(values):
            self.lib.JetMakeKey(self.session.id, self.id, bytes_pointer(value), len(value), BIT_NEW_KEY if number == 0 else 0)
        self.lib.JetSeek(self.session.id, self.id, BIT_SEEK_EQ)

    def prepare(self, kind):
        self.lib.JetPrepareUpdate(self.session.id, self.id, kind)

    def update(self):
        actual = c_uint32(0)
        self.lib.JetUpdate(self.session.id, self.id, self.buffer, len(self.buffer), byref(actual))
        return self.buffer.raw[: actual.value]

    def set(self, name, value, sequence=None, grbit=0, offset=0, size=None):
        columnid = name if isinstance(name, int) else self.column_id(name)
        info = None if sequence is None else byref(SetInfo(ctypes.sizeof(SetInfo), offset, sequence))
        data = None if value is None else bytes_pointer(value)
        length = size if value is None and size is not None else len(value or b"")
        return self.lib.JetSetColumn(self.session.id, self.id, columnid, data, length, grbit, info)

    def delete(self):
        self.lib.JetDelete(self.session.id, self.id)

    def escrow(self, name, delta):
        data = bytes_pointer(delta)
        actual = c_uint32(0)
        self.lib.JetEscrowUpdate(self.session.id, self.id, self.column_id(name), data, len(delta), None, 0, byref(actual), 0)

    def columns(self):
        """[{name, id, coltyp, cbMax, grbit, cp, default}] by name."""
        found = ColumnList()
        found.cbStruct = ctypes.sizeof(found)
        self.lib.JetGetTableColumnInfo(self.session.id, self.id, None, byref(found), ctypes.sizeof(found), 1)
        rows = Table(self.session, c_size_t(found.tableid))
        out = []
        for _ in rows.rows():
            one = {"name": rows.value(found.name).decode("latin-1")}
            for key, columnid, size in (("id", found.columnid, 4), ("coltyp", found.coltyp, 4), ("cbMax", found.cbMax, 4), ("grbit", found.grbit, 4),
                                        ("cp", found.cp, 2)):
                one[key] = int.from_bytes(rows.value(columnid)[:size], "little")
            default = rows.value(found.default)
            if default is not None:
                one["default"] = default.hex()
            out.append(one)
        rows.close()
        return out

    def indexes(self):
        """[{name, grbit, segs}] by name."""
        found = IndexList()
        found.cbStruct = ctypes.sizeof(found)
        self.lib.JetGetTableIndexInfo(self.session.id, self.id, None, byref(found), ctypes.sizeof(found), 1)
        rows = Table(self.session, c_size_t(found.tableid))
        out = []
        for _ in rows.rows():
            name = rows.value(found.name).decode("latin-1")
            if not out or out[-1]["name"] != name:
                out.append({"name": name, "grbit": int.from_bytes(rows.value(found.grbit), "little"), "segs": []})
            is_descending = int.from_bytes(rows.value(found.column_grbit), "little") & 1
            out[-1]["segs"].append("-+"[not is_descending] + rows.value(found.column_name).decode("latin-1"))
        rows.close()
        return out


SYSTEM_TABLES = ["MSysObjects", "MSysObjectsShadow", "MSysObjids", "MSysLocales"]


def dump(session, database, name, with_entries):
    """What a table holds, as the objects of one expectation file: schema, rows in primary order, entries of every secondary index."""
    table = database.open(name)
    columns, indexes = table.columns(), table.indexes()
    yield {"table": name, "columns": columns, "indexes": indexes}
    count = 0
    for _ in table.rows():
        row = {}
        for one in columns:
            values = table.values(one["id"])
            if values:
                row[one["name"]] = [value.hex() for value in values]
        yield {"t": name, "bm": table.bookmark().hex(), "c": row}
        count += 1
    yield {"t": name, "rows": count, "enderr": table.end}
    for one in indexes:
        if one["grbit"] & 2 or not with_entries:
            continue
        table.set_index(one["name"])
        count = 0
        for _ in table.rows():
            yield {"t": name, "i": one["name"], "k": table.key().hex(), "bm": table.bookmark().hex()}
            count += 1
        yield {"t": name, "index": one["name"], "entries": count, "enderr": table.end}
    table.close()
