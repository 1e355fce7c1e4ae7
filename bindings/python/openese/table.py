"""A table, which is a cursor too: it stands on one row of its current index, and whoever iterates moves it.

A row is a dict of values by column name, read when it is given out. What changes rows does so in a transaction of its own inside the one that may be open.
"""
from . import schema
from .library import RecordNotFound, ffi, jet
from .values import LONG_VALUES, TEXTS, Type, decode

SEEK = {"==": "JET_bitSeekEQ", "<": "JET_bitSeekLT", "<=": "JET_bitSeekLE", ">=": "JET_bitSeekGE", ">": "JET_bitSeekGT"}


class Table:
    """Made by Database.open_table and create_table; to be closed, or used with `with`."""

    def __init__(self, session, name, table_id):
        self.session = session
        self.name = name
        self.id = table_id
        self.buffer = ffi.new("unsigned char[]", 4096)
        self.actual = ffi.new("uint32_t *")
        self.keys = {}
        self.read_columns()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.id is not None:
            jet.JetCloseTable(self.session.id, self.id)
            self.id = None

    # ---- what the table is ----

    def read_columns(self):
        """`columns`: name -> Column, in the order of the table."""
        found = ffi.new("JET_COLUMNLIST *", {"cbStruct": ffi.sizeof("JET_COLUMNLIST")})
        jet.JetGetTableColumnInfo(self.session.id, self.id, ffi.NULL, found, ffi.sizeof("JET_COLUMNLIST"), jet.JET_ColInfoList)
        self.columns = {}
        for read in self.temporary_rows(found.tableid):
            column = schema.Column(read(found.columnidcolumnname).decode("cp1252"), Type(number(read(found.columnidcoltyp))))
            column.column_id, column.grbit = number(read(found.columnidcolumnid)), number(read(found.columnidgrbit))
            column.size = number(read(found.columnidcbMax))
            column.unicode = number(read(found.columnidCp)) == schema.CODE_PAGE_UNICODE
            column.multi_valued = column.grbit & jet.JET_bitColumnMultiValued != 0
            self.columns[column.name] = column

    def temporary_rows(self, table_id):
        """Steps through a table of results and closes it; each step gives a function that reads a column of the row."""
        yield from temporary_rows(self.session.id, table_id, self.buffer)

    def key_columns(self):
        """Columns of the current index's key."""
        name = ffi.new("char[]", 256)
        jet.JetGetCurrentIndex(self.session.id, self.id, name, len(name))
        name = ffi.string(name)
        if name not in self.keys:
            found = ffi.new("JET_INDEXLIST *", {"cbStruct": ffi.sizeof("JET_INDEXLIST")})
            jet.JetGetTableIndexInfo(self.session.id, self.id, name, found, ffi.sizeof("JET_INDEXLIST"), jet.JET_IdxInfo)
            self.keys[name] = [self.columns[read(found.columnidcolumnname).decode("cp1252")] for read in self.temporary_rows(found.tableid)]
        return self.keys[name]

    def add_column(self, column):
        schema.add_column(self.session.id, self.id, column)
        self.read_columns()

    def add_index(self, index):
        schema.add_index(self.session.id, self.id, index)

    # ---- where the cursor stands ----

    def use(self, index=None):
        """Makes an index the current one, None the primary; the cursor then stands on its first row."""
        jet.JetSetCurrentIndex(self.session.id, self.id, ffi.NULL if index is None else index.encode())
        return self

    def move(self, offset):
        """Moves over that many rows; False at the end."""
        try:
            jet.JetMove(self.session.id, self.id, offset, 0)
        except RecordNotFound:
            return False
        return True

    def first(self):
        return self.row() if self.move(jet.JET_MoveFirst) else None

    def last(self):
        return self.row() if self.move(jet.JET_MoveLast) else None

    def bookmark(self):
        """The primary key of the current row, for goto()."""
        jet.JetGetBookmark(self.session.id, self.id, self.buffer, len(self.buffer), self.actual)
        return ffi.buffer(self.buffer, self.actual[0])[:]

    def goto(self, bookmark):
        jet.JetGotoBookmark(self.session.id, self.id, bookmark, len(bookmark))

    def make_key(self, values, limit=0):
        """The search key of the first columns of the current index. limit: JET_bitFullColumn... for a key that stands before or behind all that begin with it,
        JET_bitPartialColumn... when the last value is only a beginning too."""
        columns = self.key_columns()
        if not 0 < len(values) <= len(columns):
            raise ValueError(f"the key has 1 to {len(columns)} columns")
        for i, (column, value) in enumerate(zip(columns, values)):
            grbit = jet.JET_bitNewKey if i == 0 else 0
            if i == len(values) - 1:
                grbit |= limit
            data = b"" if value is None else column.encode(value)
            if value is not None and not data:
                grbit |= jet.JET_bitKeyDataZeroLength
            jet.JetMakeKey(self.session.id, self.id, data if value is not None else ffi.NULL, len(data), grbit)

    def seek(self, *key, relation="=="):
        """Goes to the row whose key of the current index stands in the relation ("==", "<", "<=", ">=", ">") to this one; whether there is one. A key of fewer
        columns than the index has is taken as a prefix."""
        limit = 0
        if len(key) < len(self.key_columns()):
            if relation == "==":
                return next(self.range(key, key, columns=()), None) is not None
            limit = jet.JET_bitFullColumnStartLimit if relation in ("<", ">=") else jet.JET_bitFullColumnEndLimit
        self.make_key(key, limit)
        return self.found(jet.JetSeek, getattr(jet, SEEK[relation]))

    def get(self, *key, columns=None):
        """The row with this key of the current index, or None."""
        return self.row(columns) if self.seek(*key) else None

    def count(self):
        """Rows of the current index, counted one by one."""
        if not self.move(jet.JET_MoveFirst):
            return 0
        jet.JetIndexRecordCount(self.session.id, self.id, self.actual, 0)
        return self.actual[0]

    # ---- iteration ----

    def __iter__(self):
        return self.rows()

    def rows(self, columns=None, reverse=False):
        """All rows in the order of the current index; columns: names of those to be read."""
        if self.move(jet.JET_MoveLast if reverse else jet.JET_MoveFirst):
            yield from self.walk(columns, reverse)

    def walk(self, columns, reverse):
        yield self.row(columns)
        while self.move(jet.JET_MovePrevious if reverse else jet.JET_MoveNext):
            yield self.row(columns)

    def range(self, low=None, high=None, include_low=True, include_high=True, reverse=False, columns=None):
        """Rows between two keys of the current index, each a tuple of the first columns' values, None for no limit."""
        start, end, include_start, include_end = (high, low, include_high, include_low) if reverse else (low, high, include_low, include_high)
        if start is None:
            there = self.move(jet.JET_MoveLast if reverse else jet.JET_MoveFirst)
        else:
            self.make_key(start, limit_bit(reverse, include_start))
            there = self.found(jet.JetSeek, getattr(jet, SEEK[("<" if reverse else ">") + ("=" if include_start else "")]))
        if there and end is not None:
            self.make_key(end, limit_bit(not reverse, include_end))
            bits = (jet.JET_bitRangeInclusive if include_end else 0) | (0 if reverse else jet.JET_bitRangeUpperLimit)
            there = self.found(jet.JetSetIndexRange, bits)
        if there:
            yield from self.walk(columns, reverse)

    def prefix(self, *key, columns=None):
        """Rows whose key of the current index begins with these values, the last of them a text or binary of which only the beginning is given."""
        self.make_key(key, jet.JET_bitPartialColumnStartLimit)
        if self.found(jet.JetSeek, jet.JET_bitSeekGE):
            self.make_key(key, jet.JET_bitPartialColumnEndLimit)
            if self.found(jet.JetSetIndexRange, jet.JET_bitRangeInclusive | jet.JET_bitRangeUpperLimit):
                yield from self.walk(columns, False)

    def found(self, function, grbit):
        try:
            function(self.session.id, self.id, grbit)
        except RecordNotFound:
            return False
        return True

    # ---- reading the current row ----

    def row(self, columns=None):
        """The current row. A column of several values gives the list of them."""
        chosen = self.columns.values() if columns is None else (self.columns[name] for name in columns)
        return {column.name: self.column_values(column) if column.multi_valued else self.column_value(column) for column in chosen}

    def column_value(self, column, sequence=1):
        data = self.retrieve(column, sequence)
        return None if data is None else decode(data, column.type, column.code_page)

    def column_values(self, column):
        values = []
        while True:
            value = self.column_value(column, len(values) + 1)
            if value is None:
                return values
            values.append(value)

    def read_long(self, name, offset=0, size=None):
        """Bytes of a long value (of text too) from an offset on; None when it is null."""
        return self.retrieve(self.columns[name], 1, offset, size)

    def retrieve(self, column, sequence, offset=0, size=None):
        info = ffi.NULL
        if sequence != 1 or offset != 0:
            info = ffi.new("JET_RETINFO *", {"cbStruct": ffi.sizeof("JET_RETINFO"), "ibLongValue": offset, "itagSequence": sequence})
        while True:
            limit = len(self.buffer) if size is None else min(size, len(self.buffer))
            err = jet.JetRetrieveColumn(self.session.id, self.id, column.column_id, self.buffer, limit, self.actual, 0, info)
            if err == jet.JET_wrnColumnNull:
                return None
            wanted = self.actual[0] if size is None else min(size, self.actual[0])
            if wanted <= limit:
                return ffi.buffer(self.buffer, wanted)[:]
            self.buffer = ffi.new("unsigned char[]", wanted)

    # ---- changing rows ----

    def insert(self, row=None, **values):
        """Adds a row; the cursor then stands on it, so that row() tells what the engine filled in. Its bookmark."""
        with self.session.transaction():
            self.change(jet.JET_prepInsert, {**(row or {}), **values})
            bookmark = ffi.buffer(self.buffer, self.actual[0])[:]
            self.goto(bookmark)
        return bookmark

    def update(self, row=None, **values):
        """Changes columns of the current row. None makes a column null; a column of several values takes a list."""
        with self.session.transaction():
            self.change(jet.JET_prepReplace, {**(row or {}), **values})

    def delete(self):
        """Deletes the current row; the cursor stays there, between its neighbours."""
        with self.session.transaction():
            jet.JetDelete(self.session.id, self.id)

    def add(self, name, delta):
        """Adds to an escrow column of the current row, which other transactions may do at the same time. The value before."""
        old = ffi.new("int32_t *")
        with self.session.transaction():
            jet.JetEscrowUpdate(self.session.id, self.id, self.columns[name].column_id, ffi.new("int32_t *", delta), 4, old, 4, ffi.NULL, 0)
        return old[0]

    def write_long(self, name, data, offset):
        """Overwrites bytes of the current row's long value, which grows if need be."""
        self.change_long(name, data, offset, jet.JET_bitSetOverwriteLV)

    def append_long(self, name, data):
        self.change_long(name, data, 0, jet.JET_bitSetAppendLV)

    def change_long(self, name, data, offset, grbit):
        column = self.columns[name]
        if column.type not in LONG_VALUES:
            raise ValueError(f"{name} is no long value")
        with self.session.transaction(), PreparedUpdate(self, jet.JET_prepReplace):
            self.set_value(column, data, 1, grbit, offset)

    def change(self, prepare, values):
        with PreparedUpdate(self, prepare):
            for name, value in values.items():
                self.set_column(self.columns[name], value, prepare == jet.JET_prepInsert)

    def set_column(self, column, value, is_new):
        if not column.multi_valued:
            return self.set_value(column, None if value is None else column.encode(value))
        for sequence in () if is_new else range(len(self.column_values(column)), 0, -1):
            self.set_value(column, None, sequence)
        for one in value or ():
            self.set_value(column, column.encode(one), 0)

    def set_value(self, column, data, sequence=1, grbit=0, offset=0):
        info = ffi.new("JET_SETINFO *", {"cbStruct": ffi.sizeof("JET_SETINFO"), "ibLongValue": offset, "itagSequence": sequence})
        if data is not None and len(data) == 0 and column.type in TEXTS + (Type.BINARY, Type.LONG_BINARY):
            grbit |= jet.JET_bitSetZeroLength
        source = ffi.NULL if data is None else ffi.from_buffer(data)
        jet.JetSetColumn(self.session.id, self.id, column.column_id, source, 0 if data is None else len(data), grbit, info)


class PreparedUpdate:
    """JetPrepareUpdate to JetUpdate, or to its cancelling when something failed. The bookmark is in the table's buffer then."""

    def __init__(self, table, prepare):
        self.table = table
        jet.JetPrepareUpdate(table.session.id, table.id, prepare)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        table = self.table
        try:
            if kind is None:
                jet.JetUpdate(table.session.id, table.id, table.buffer, len(table.buffer), table.actual)
                kind = False
        finally:
            if kind is not False:
                jet.JetPrepareUpdate(table.session.id, table.id, jet.JET_prepCancel)


def temporary_rows(session_id, table_id, buffer):
    actual = ffi.new("uint32_t *")

    def read(column_id):
        jet.JetRetrieveColumn(session_id, table_id, column_id, buffer, len(buffer), actual, 0, ffi.NULL)
        return ffi.buffer(buffer, actual[0])[:]
    try:
        offset = jet.JET_MoveFirst
        while True:
            try:
                jet.JetMove(session_id, table_id, offset, 0)
            except RecordNotFound:
                return
            yield read
            offset = jet.JET_MoveNext
    finally:
        jet.JetCloseTable(session_id, table_id)


def limit_bit(is_high, include):
    """Whether a range's key stands behind all keys that begin with it or before them."""
    return jet.JET_bitFullColumnEndLimit if is_high == include else jet.JET_bitFullColumnStartLimit


def number(data):
    return int.from_bytes(data, "little")
