"""Columns and indexes of tables that are to be made, and the structures that the engine takes them in."""
import dataclasses
from typing import Any, Optional, Sequence, Union

from .library import ffi, jet
from .values import CODE_PAGE_ANSI, CODE_PAGE_UNICODE, TEXTS, Type, encode


@dataclasses.dataclass
class Column:
    """A column to be made. size: most bytes of a value, 0 for the type's own limit. unicode: text is held as UTF-16, else in code page 1252.
    grbit: further JET_bitColumn bits. After table creation the same class tells what a column is (column_id set)."""
    name: str
    type: Type
    size: int = 0
    not_null: bool = False
    autoincrement: bool = False
    version: bool = False
    tagged: bool = False
    multi_valued: bool = False
    escrow: bool = False
    unicode: bool = True
    default: Any = None
    grbit: int = 0
    column_id: Optional[int] = None

    @property
    def code_page(self):
        if self.type not in TEXTS:
            return 0
        return CODE_PAGE_UNICODE if self.unicode else CODE_PAGE_ANSI

    def bits(self):
        flags = ((self.not_null, jet.JET_bitColumnNotNULL), (self.autoincrement, jet.JET_bitColumnAutoincrement), (self.version, jet.JET_bitColumnVersion),
                 (self.tagged or self.multi_valued, jet.JET_bitColumnTagged), (self.multi_valued, jet.JET_bitColumnMultiValued),
                 (self.escrow, jet.JET_bitColumnEscrowUpdate))
        return self.grbit | sum(bit for wanted, bit in flags if wanted)

    def encode(self, value):
        return encode(value, self.type, self.code_page)

    def default_bytes(self):
        return b"" if self.default is None else self.encode(self.default)


@dataclasses.dataclass
class Index:
    """An index to be made. key: names of columns, "-" before one that descends; "name" or ("name", "-age"). locale: for Unicode text, "" for the engine's default.
    grbit: further JET_bitIndex bits."""
    name: str
    key: Union[str, Sequence[str]]
    primary: bool = False
    unique: bool = False
    disallow_null: bool = False
    ignore_null: bool = False
    locale: Optional[str] = None
    map_flags: int = 0x00030401  # LCMAP_SORTKEY, NORM_IGNORECASE, NORM_IGNOREKANATYPE, NORM_IGNOREWIDTH
    grbit: int = 0

    def bits(self):
        flags = ((self.primary, jet.JET_bitIndexPrimary), (self.unique or self.primary, jet.JET_bitIndexUnique), (self.disallow_null, jet.JET_bitIndexDisallowNull),
                 (self.ignore_null, jet.JET_bitIndexIgnoreNull), (self.locale is not None, jet.JET_bitIndexUnicode))
        return self.grbit | sum(bit for wanted, bit in flags if wanted)

    def key_bytes(self):
        """The double-zero list of the key's columns, each with its direction."""
        names = (self.key,) if isinstance(self.key, str) else self.key
        parts = (name if name[0] in "+-" else "+" + name for name in names)
        return b"".join(part.encode() + b"\0" for part in parts) + b"\0"


class Structures:
    """C structures together with the memory they point into, for the time of a call."""

    def __init__(self):
        self.kept = []

    def new(self, ctype, initializer=None):
        made = ffi.new(ctype, initializer)
        self.kept.append(made)
        return made

    def text(self, value):
        return self.new("char[]", value.encode())

    def columns(self, columns):
        array = self.new("JET_COLUMNCREATE_A[]", max(len(columns), 1))
        for made, column in zip(array, columns):
            made.cbStruct = ffi.sizeof("JET_COLUMNCREATE_A")
            made.szColumnName, made.coltyp, made.cbMax = self.text(column.name), column.type, column.size
            made.grbit, made.cp = column.bits(), column.code_page
            default = column.default_bytes()
            if default:
                made.pvDefault, made.cbDefault = self.new("char[]", default), len(default)
        return array

    def indexes(self, indexes):
        array = self.new("JET_INDEXCREATE3_A[]", max(len(indexes), 1))
        for made, index in zip(array, indexes):
            made.cbStruct = ffi.sizeof("JET_INDEXCREATE3_A")
            key = index.key_bytes()
            made.szIndexName, made.szKey, made.cbKey, made.grbit = self.text(index.name), self.new("char[]", key), len(key), index.bits()
            if index.locale is not None:
                made.pidxunicode = self.new("JET_UNICODEINDEX2 *", {"szLocaleName": self.new("char16_t[]", index.locale), "dwMapFlags": index.map_flags})
        return array


def create_table(session_id, database_id, name, columns: Sequence[Column], indexes: Sequence[Index], pages=0, template=None):
    """Makes the table; a cursor on it."""
    structures = Structures()
    create = structures.new("JET_TABLECREATE4_A *")
    create.cbStruct = ffi.sizeof("JET_TABLECREATE4_A")
    create.szTableName, create.ulPages = structures.text(name), pages
    if template is not None:
        create.szTemplateTableName = structures.text(template)
    create.rgcolumncreate, create.cColumns = structures.columns(columns), len(columns)
    create.rgindexcreate, create.cIndexes = structures.indexes(indexes), len(indexes)
    jet.JetCreateTableColumnIndex4(session_id, database_id, create)
    return create.tableid


def add_column(session_id, table_id, column):
    definition = ffi.new("JET_COLUMNDEF *", {"cbStruct": ffi.sizeof("JET_COLUMNDEF"), "coltyp": column.type, "cp": column.code_page, "cbMax": column.size,
                                             "grbit": column.bits()})
    default = column.default_bytes()
    jet.JetAddColumn(session_id, table_id, column.name.encode(), definition, default or ffi.NULL, len(default), ffi.new("JET_COLUMNID *"))


def add_index(session_id, table_id, index):
    structures = Structures()
    jet.JetCreateIndex4(session_id, table_id, structures.indexes([index]), 1)
