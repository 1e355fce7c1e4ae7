"""ESENT databases in Python: instances, sessions, transactions, tables; see README.md beside this package."""
from .backup import StreamingBackup, restore
from .engine import Database, Instance, Session, Transaction
from .library import Error, KeyDuplicate, RecordNotFound, WriteConflict, ffi, jet
from .schema import Column, Index
from .table import Table
from .values import Type

__all__ = ["Column", "Database", "Error", "Index", "Instance", "KeyDuplicate", "RecordNotFound", "Session", "StreamingBackup", "Table", "Transaction", "Type",
           "WriteConflict", "ffi", "jet", "restore"]
