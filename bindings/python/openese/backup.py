"""Streaming backup of databases in use, and restoring of what was streamed."""
import os
import re
import shutil

from .library import ffi, jet, path_bytes

LISTS_MOST = 1 << 20


class StreamingBackup:
    """    with instance.streaming_backup() as backup:
            for source in backup:  # the databases, then the logs that make them consistent
                source.copy_to(folder)

    An exception aborts the backup; the end of the block completes it, and unless truncate is false deletes logs that only earlier backups needed."""

    def __init__(self, instance, incremental, truncate):
        self.instance = instance
        self.incremental = incremental
        self.truncate = truncate
        self.databases = []  # paths, as the instance has them; restore() asks for them

    def __enter__(self):
        jet.JetBeginExternalBackupInstance(self.instance, jet.JET_bitBackupIncremental if self.incremental else 0)
        return self

    def __exit__(self, kind, *_):
        complete = False
        try:
            if kind is None:
                if self.truncate:
                    jet.JetTruncateLogInstance(self.instance)
                complete = True
        finally:
            jet.JetEndExternalBackupInstance2(self.instance, jet.JET_bitBackupEndNormal if complete else jet.JET_bitBackupEndAbort)

    def __iter__(self):
        if not self.incremental:
            self.databases = self.read_list(jet.JetGetAttachInfoInstance)
            for path in self.databases:
                yield Source(self.instance, path, "database")
        for path in self.read_list(jet.JetGetLogInfoInstance):
            yield Source(self.instance, path, "log")

    def read_list(self, function):
        """A double-zero list of paths."""
        names, used = ffi.new("char[]", LISTS_MOST), ffi.new("uint32_t *")
        function(self.instance, names, len(names), used)
        return [os.fsdecode(name) for name in ffi.buffer(names, used[0])[:].split(b"\0") if name]


class Source:
    """A file of the backup: `path` as the instance has it, `name` for the copy, `kind` "database" or "log". Iteration gives its bytes in pieces."""
    PIECE = 1 << 20
    ALIGNMENT = 4096  # of the buffer, as JetReadFileInstance asks for

    def __init__(self, instance, path, kind):
        self.instance = instance
        self.path = path
        self.name = os.path.basename(path)
        self.kind = kind

    def __iter__(self):
        memory = ffi.new("unsigned char[]", self.PIECE + self.ALIGNMENT)
        buffer = memory + -int(ffi.cast("uintptr_t", memory)) % self.ALIGNMENT
        handle, low, high, got = ffi.new("JET_HANDLE *"), ffi.new("uint32_t *"), ffi.new("uint32_t *"), ffi.new("uint32_t *")
        jet.JetOpenFileInstance(self.instance, os.fsencode(self.path), handle, low, high)
        try:
            while True:
                jet.JetReadFileInstance(self.instance, handle[0], buffer, self.PIECE, got)
                if got[0] == 0:
                    return
                yield ffi.buffer(buffer, got[0])[:]
        finally:
            jet.JetCloseFileInstance(self.instance, handle[0])

    def copy_to(self, folder):
        if not os.path.isdir(folder):
            os.makedirs(folder)
            sync_folder(os.path.dirname(os.path.abspath(folder)))
        with open(os.path.join(folder, self.name), "wb") as target:
            for piece in self:
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        sync_folder(folder)


def sync_folder(folder):
    """Makes the names in it durable: once the logs are truncated, this may be the only place that has them."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def restore(backup, databases, logs, base_name="edb"):
    """Brings databases from a folder of streamed files to the state that they had at the end of the backup.

    databases: path that the database had -> path for the restored one. logs: folder for the logs that an instance may go on with.
    The files in `backup` stay as they are."""
    os.makedirs(logs, exist_ok=True)
    log_name = re.compile(re.escape(base_name) + r"([0-9A-Fa-f]{5}|[0-9A-Fa-f]{8})\.log")
    generations = [int(found[1], 16) for found in map(log_name.fullmatch, os.listdir(backup)) if found]
    if not generations:
        raise FileNotFoundError(f"no logs {base_name}XXXXX.log in {backup}")
    kept = []
    maps = ffi.new("JET_RSTMAP_A[]", max(len(databases), 1))
    for made, (original, target) in zip(maps, databases.items()):
        shutil.copyfile(os.path.join(backup, os.path.basename(original)), target)
        kept += [ffi.new("char[]", path_bytes(original)), ffi.new("char[]", path_bytes(target))]
        made.szDatabaseName, made.szNewDatabaseName = kept[-2:]
    info = ffi.new("JET_LOGINFO_A *", {"cbSize": ffi.sizeof("JET_LOGINFO_A"), "ulGenLow": min(generations), "ulGenHigh": max(generations),
                                       "szBaseName": base_name.encode()})
    folder = path_bytes(logs)
    jet.JetExternalRestore2(folder, folder, maps, len(databases), path_bytes(backup), info, ffi.NULL, ffi.NULL, ffi.NULL, ffi.NULL)
