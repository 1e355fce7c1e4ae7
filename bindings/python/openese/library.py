"""libesent as Python sees it: `jet.JetX(...)` calls JetX (of functions that take text the UTF-8 form) and raises Error when it returns one;
constants are attributes too.

The library is the file that OPENESE_LIBRARY names, or libesent.so.1 where the system finds it.
"""
import os

from _openese import ffi


class Error(Exception):
    """What a call returned: `number` as in esent.h, `name` of it there, `function` that returned it."""

    def __init__(self, function, number):
        self.function = function
        self.number = number
        self.name, self.description = describe(number)
        super().__init__(f"{function}: {self.name} ({number}): {self.description}")


class RecordNotFound(Error):
    """JET_errRecordNotFound, JET_errNoCurrentRecord, JET_errRecordDeleted."""


class KeyDuplicate(Error):
    """JET_errKeyDuplicate: a unique index has such an entry."""


class WriteConflict(Error):
    """JET_errWriteConflict: another session changed the record since the transaction began. Roll back and try again."""


class Library:
    def __init__(self, path):
        self.dll = ffi.dlopen(path)
        numbers = {}
        for name in dir(self.dll):
            if name.startswith(("JET_err", "JET_wrn")):
                numbers.setdefault(getattr(self.dll, name), name)
        self.error_names = numbers

    def __getattr__(self, name):
        """Found once; afterwards the attribute is the instance's own."""
        if name.startswith("Jet"):
            found = checked(name, getattr(self.dll, name + "A", None) or getattr(self.dll, name))
        else:
            found = getattr(self.dll, name)
        setattr(self, name, found)
        return found


def checked(name, function):
    def call(*arguments):
        err = function(*arguments)
        if err < 0:
            raise ERRORS.get(err, Error)(name, err)
        return err

    return call


def describe(number):
    """The number's name, and the sentence that the library has for it."""
    value = ffi.new("JET_API_PTR *", number & (2 ** (8 * ffi.sizeof("JET_API_PTR")) - 1))
    text = ffi.new("char[]", 1024)
    name = jet.error_names.get(number, "unknown error")
    if jet.dll.JetGetSystemParameterA(0, jet.JET_sesidNil, jet.JET_paramErrorToString, value, text, len(text)) < 0:
        return name, ""
    return name, ffi.string(text).decode().partition(", ")[2]


def path_bytes(path):
    return os.fsencode(os.path.abspath(path))


jet = Library(os.environ.get("OPENESE_LIBRARY", "libesent.so.1"))

ERRORS = {
    jet.JET_errRecordNotFound: RecordNotFound,
    jet.JET_errNoCurrentRecord: RecordNotFound,
    jet.JET_errRecordDeleted: RecordNotFound,
    jet.JET_errKeyDuplicate: KeyDuplicate,
    jet.JET_errWriteConflict: WriteConflict,
}
