"""Values of columns: what Python holds and what the engine stores.

Bit bool; integers and Currency int; IEEESingle, IEEEDouble float; DateTime datetime without zone (a float where it is no date); GUID uuid.UUID;
Text and LongText str; Binary and LongBinary bytes; null None.
"""
import datetime
import enum
import struct
import uuid

from .library import jet


class Type(enum.IntEnum):
    """The type of a column: JET_coltyp."""
    BIT = jet.JET_coltypBit
    UNSIGNED_BYTE = jet.JET_coltypUnsignedByte
    SHORT = jet.JET_coltypShort
    LONG = jet.JET_coltypLong
    CURRENCY = jet.JET_coltypCurrency
    SINGLE = jet.JET_coltypIEEESingle
    DOUBLE = jet.JET_coltypIEEEDouble
    DATE_TIME = jet.JET_coltypDateTime
    BINARY = jet.JET_coltypBinary
    TEXT = jet.JET_coltypText
    LONG_BINARY = jet.JET_coltypLongBinary
    LONG_TEXT = jet.JET_coltypLongText
    UNSIGNED_LONG = jet.JET_coltypUnsignedLong
    LONG_LONG = jet.JET_coltypLongLong
    GUID = jet.JET_coltypGUID
    UNSIGNED_SHORT = jet.JET_coltypUnsignedShort
    UNSIGNED_LONG_LONG = jet.JET_coltypUnsignedLongLong


CODE_PAGE_UNICODE = 1200
CODE_PAGE_ANSI = 1252

NUMBERS = {
    Type.UNSIGNED_BYTE: "<B", Type.SHORT: "<h", Type.UNSIGNED_SHORT: "<H", Type.LONG: "<i", Type.UNSIGNED_LONG: "<I", Type.LONG_LONG: "<q",
    Type.UNSIGNED_LONG_LONG: "<Q", Type.CURRENCY: "<q", Type.SINGLE: "<f", Type.DOUBLE: "<d",
}
TEXTS = (Type.TEXT, Type.LONG_TEXT)
LONG_VALUES = (Type.LONG_TEXT, Type.LONG_BINARY)
DAY_ZERO = datetime.datetime(1899, 12, 30)


def encode(value, coltyp, code_page):
    """The bytes of a value that is not None."""
    if coltyp in NUMBERS:
        return struct.pack(NUMBERS[coltyp], value)
    if coltyp == Type.BIT:
        return b"\xff" if value else b"\0"
    if coltyp == Type.DATE_TIME:
        days = value if isinstance(value, float) else (value - DAY_ZERO) / datetime.timedelta(days=1)
        return struct.pack("<d", days)
    if coltyp == Type.GUID:
        return value.bytes_le
    if coltyp in TEXTS and isinstance(value, str):
        # An unpaired surrogate, and a byte that code page 1252 does not define, survive reading and writing back.
        return value.encode("utf-16-le", "surrogatepass") if code_page == CODE_PAGE_UNICODE else value.encode("cp1252", "surrogateescape")
    return bytes(value)


def decode(data, coltyp, code_page):
    if coltyp in NUMBERS:
        return struct.unpack(NUMBERS[coltyp], data)[0]
    if coltyp == Type.BIT:
        return data != b"\0"
    if coltyp == Type.DATE_TIME:
        # Doubles near today hold less than a microsecond; rounding gives back the one that was stored.
        days = struct.unpack("<d", data)[0]
        try:
            return DAY_ZERO + datetime.timedelta(days=days)
        except (OverflowError, ValueError):
            return days
    if coltyp == Type.GUID:
        return uuid.UUID(bytes_le=data)
    if coltyp in TEXTS:
        return data.decode("utf-16-le", "surrogatepass") if code_page == CODE_PAGE_UNICODE else data.decode("cp1252", "surrogateescape")
    return data
