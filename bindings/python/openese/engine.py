"""Instances, sessions, transactions and databases."""
import itertools
import os

from . import schema
from .backup import StreamingBackup
from .library import ffi, jet, path_bytes
from .table import Table, temporary_rows

NUMBERS = itertools.count(1)


class Instance:
    """Databases with one log in a folder, from JetInit (recovery, if need be) to JetTerm.

    page_size: of the databases, one for all instances of a process. Further parameters by their names in esent.h without JET_param:
    Instance(folder, CircularLog=True, LogFileSize=1024, BaseName="app")."""

    def __init__(self, folder, page_size=4096, **parameters):
        self.create(folder, page_size, parameters)
        self.start()

    @classmethod
    def restored(cls, backup, folder, destination=None, page_size=4096, **parameters):
        """An instance that begins with what Instance.backup() put into a folder: the databases go where they were, or to the folder `destination`."""
        made = cls.__new__(cls)
        made.create(folder, page_size, parameters)
        try:
            jet.JetRestoreInstance(made.handle[0], path_bytes(backup), ffi.NULL if destination is None else path_bytes(destination), ffi.NULL)
        except BaseException:
            jet.JetTerm(made.handle[0])
            raise
        made.start()
        return made

    def create(self, folder, page_size, parameters):
        os.makedirs(folder, exist_ok=True)
        self.sessions = []
        use_page_size(page_size)
        self.handle = ffi.new("JET_INSTANCE *", jet.JET_instanceNil)
        jet.JetCreateInstance(self.handle, b"python %d of %d" % (next(NUMBERS), os.getpid()))
        try:
            for name, value in {"SystemPath": folder, "LogFilePath": folder, "TempPath": os.path.join(folder, "temp.edb"), **parameters}.items():
                self.set(name, value)
        except BaseException:
            jet.JetTerm(self.handle[0])
            raise

    def start(self):
        try:
            jet.JetInit(self.handle)
        except BaseException:
            self.handle = None  # JetInit frees the instance when it fails
            raise

    def set(self, name, value):
        """A parameter: a text, or a number."""
        is_text = isinstance(value, (str, bytes, os.PathLike))
        jet.JetSetSystemParameter(self.handle, 0, getattr(jet, "JET_param" + name), 0 if is_text else int(value), os.fsencode(value) if is_text else ffi.NULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the sessions, which rolls back what they had not committed, and shuts the databases cleanly."""
        if self.handle is None:
            return
        for session in list(self.sessions):
            session.close()
        jet.JetTerm2(self.handle[0], jet.JET_bitTermComplete)
        self.handle = None

    def session(self):
        """A session, for one thread."""
        return Session(self)

    def backup(self, folder, incremental=False, atomic=False):
        """Backs up everything attached into a folder while it is in use, for Instance.restored(). atomic: the backup before stays until this one is whole."""
        os.makedirs(folder, exist_ok=True)
        bits = (jet.JET_bitBackupIncremental if incremental else 0) | (jet.JET_bitBackupAtomic if atomic else 0)
        jet.JetBackupInstance(self.handle[0], path_bytes(folder), bits, ffi.NULL)

    def streaming_backup(self, incremental=False, truncate=True):
        """A backup whose bytes the caller takes and puts where he likes: see StreamingBackup."""
        return StreamingBackup(self.handle[0], incremental, truncate)


class Session:
    """The scope of transactions and of tables' cursors; one thread's at a time."""

    def __init__(self, instance):
        self.instance = instance
        handle = ffi.new("JET_SESID *")
        jet.JetBeginSession(instance.handle[0], handle, ffi.NULL, ffi.NULL)
        self.id = handle[0]
        instance.sessions.append(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Rolls back what is open and closes the session's tables and databases."""
        if self.id is not None:
            jet.JetEndSession(self.id, 0)
            self.instance.sessions.remove(self)
            self.id = None

    def transaction(self, lazy=False):
        """A transaction, inside the one that is open if there is one: `with session.transaction(): ...` commits at the end and rolls back after an exception.
        lazy: do not wait until the commit is on disk."""
        return Transaction(self, jet.JET_bitCommitLazyFlush if lazy else 0)

    def create_database(self, path, overwrite=False):
        handle = ffi.new("JET_DBID *")
        jet.JetCreateDatabase(self.id, path_bytes(path), ffi.NULL, handle, jet.JET_bitDbOverwriteExisting if overwrite else 0)
        return Database(self, path, handle[0])

    def open_database(self, path, read_only=False):
        """Attaches the database, which may be attached already, and opens it."""
        bits = jet.JET_bitDbReadOnly if read_only else 0
        jet.JetAttachDatabase(self.id, path_bytes(path), bits)
        handle = ffi.new("JET_DBID *")
        jet.JetOpenDatabase(self.id, path_bytes(path), ffi.NULL, handle, bits)
        return Database(self, path, handle[0])

    def detach_database(self, path):
        jet.JetDetachDatabase(self.id, path_bytes(path))


class Transaction:
    def __init__(self, session, commit_bits):
        self.session = session
        self.commit_bits = commit_bits

    def __enter__(self):
        jet.JetBeginTransaction(self.session.id)
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            jet.JetRollback(self.session.id, 0)
            return
        try:
            jet.JetCommitTransaction(self.session.id, self.commit_bits)
        except BaseException:
            jet.JetRollback(self.session.id, 0)
            raise


class Database:
    """A database that a session has open."""

    def __init__(self, session, path, database_id):
        self.session = session
        self.path = path
        self.id = database_id

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.id is not None:
            jet.JetCloseDatabase(self.session.id, self.id, 0)
            self.id = None

    def open_table(self, name, read_only=False):
        handle = ffi.new("JET_TABLEID *")
        bits = jet.JET_bitTableReadOnly if read_only else 0
        jet.JetOpenTable(self.session.id, self.id, name.encode(), ffi.NULL, 0, bits, handle)
        return Table(self.session, name, handle[0])

    def create_table(self, name, columns, indexes=(), pages=0, template=None):
        """Makes a table of Column and Index objects. Its cursor has the table alone until it is closed."""
        return Table(self.session, name, schema.create_table(self.session.id, self.id, name, columns, indexes, pages, template))

    def delete_table(self, name):
        jet.JetDeleteTable(self.session.id, self.id, name.encode())

    def tables(self):
        """Names of the tables, the engine's own too."""
        found = ffi.new("JET_OBJECTLIST *", {"cbStruct": ffi.sizeof("JET_OBJECTLIST")})
        jet.JetGetObjectInfo(self.session.id, self.id, jet.JET_objtypTable, ffi.NULL, ffi.NULL, found, ffi.sizeof("JET_OBJECTLIST"), jet.JET_ObjInfoListNoStats)
        buffer = ffi.new("unsigned char[]", 256)
        return [read(found.columnidobjectname).decode("cp1252") for read in temporary_rows(self.session.id, found.tableid, buffer)]


def use_page_size(page_size):
    """The page size is one for the process, and refused once an instance runs: it is set when it is another than now."""
    now = ffi.new("JET_API_PTR *")
    jet.JetGetSystemParameter(0, 0, jet.JET_paramDatabasePageSize, now, ffi.NULL, 0)
    if now[0] != page_size:
        jet.JetSetSystemParameter(ffi.NULL, 0, jet.JET_paramDatabasePageSize, page_size, ffi.NULL)
