/* The matrix of what the original engine's recovery was seen to give on crashed sets with one thing changed (recovery.md 16), as one table: the same number, and a clean
 * database exactly when it says so.
 *
 * Changes are written as short commands, so that a row reads like the matrix: see change(). Sets that are not among the real ones are made from one that is (prepare()). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "database/database.h"
#include "format/checksum.h"
#include "os/event.h"
#include "recovery/recovery.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, KIB = 128, LAST_ARCHIVE = 9, SECTORS = 32 };

/* A: required 7 to 10, checkpoint 7:1:0, archives 1 to 9, edb.log is 10. C: the same without 1 to 6, as circular logging leaves it. S: the same, the last segment of edb.log with a
 * shadow. B: required 1 to 8, committed 10, no checkpoint. L: the logs of A, without database and checkpoint. K: A, recovered: a clean stream. */
enum set_kind { A, B, C, S, L, K };

struct row {
    enum set_kind set;
    const char *what, *changes;
    JET_ERR expected;      /* warnings too */
    const char *options;   /* letters: i IgnoreLostLogs, d DeleteOutOfRangeLogs, u RecoveryWithoutUndo, m ReplayIgnoreMissingDB, t TruncateLogsAfterRecovery,
                              s LogStreamMustExist; k other log size, c CleanupMismatchedLogFiles, o circular, p other page size, v log versions of 8920 at most, a KeepDbAttachedAtEndOfRecovery; ! the database stays dirty all the same, + it is clean all the same */
};

static const struct row ROWS[] = {
    /* 16.1 checkpoint and missing files */
    {A, "nothing changed", "", 0, ""},
    {A, "checkpoint missing", "rm CHK", 0, ""},
    {A, "checkpoint empty", "cut CHK 0", 0, ""},
    {A, "checkpoint copy 1 bad", "xor CHK 100 1", 0, ""},
    {A, "checkpoint, both copies bad", "xor CHK 100 1,xor CHK 4196 1", 0, ""},
    {A, "checkpoint of another stream", "word CHK 20 7,word CHK+4096 20 7", 0, ""},
    {A, "checkpoint of wrong type", "word CHK 667 3,word CHK+4096 667 3", 0, ""},
    {C, "checkpoint missing", "rm CHK", 0, ""},
    {C, "checkpoint empty", "cut CHK 0", 0, ""},
    {C, "checkpoint copy 1 bad", "xor CHK 100 1", 0, ""},
    {C, "checkpoint, both copies bad", "xor CHK 100 1,xor CHK 4196 1", 0, ""},
    {C, "checkpoint of another stream", "word CHK 20 7,word CHK+4096 20 7", 0, ""},
    {C, "checkpoint of wrong type", "word CHK 667 3,word CHK+4096 667 3", 0, ""},
    {A, "checkpoint back to 3", "checkpoint 3", 0, ""},
    {A, "checkpoint back to 3, logs 1-6 missing", "checkpoint 3,rm 1,rm 2,rm 3,rm 4,rm 5,rm 6", JET_errMissingLogFile, ""},
    {A, "checkpoint past the required range", "checkpoint 9", JET_errRequiredLogFilesMissing, ""},
    {A, "checkpoint past the current log", "checkpoint 11", JET_errMissingLogFile, ""},
    {A, "logs before the range missing", "rm 1,rm 2,rm 3,rm 4,rm 5,rm 6", 0, ""},
    {A, "oldest required log missing", "rm 1,rm 2,rm 3,rm 4,rm 5,rm 6,rm 7", JET_errMissingLogFile, ""},
    {C, "oldest required log missing", "rm 7", JET_errMissingLogFile, ""},
    {C, "all archives missing", "rm 7,rm 8,rm 9", JET_errMissingLogFile, ""},
    {C, "oldest required log and checkpoint missing", "rm 7,rm CHK", JET_errRequiredLogFilesMissing, ""},
    {A, "a middle archive missing", "rm 8", JET_errInvalidLogSequence, ""},
    {A, "the last archive missing", "rm 9", JET_errInvalidLogSequence, ""},
    {C, "a middle archive missing", "rm 8", JET_errInvalidLogSequence, ""},
    {C, "the last archive missing", "rm 9", JET_errInvalidLogSequence, ""},
    {A, "current log missing", "rm CUR", JET_errMissingLogFile, ""},
    {C, "current log missing", "rm CUR", JET_errMissingLogFile, ""},
    {A, "current log and 9 missing", "rm CUR,rm 9", JET_errMissingLogFile, ""},
    {C, "current log and 9 missing", "rm CUR,rm 9", JET_errMissingLogFile, ""},
    {A, "current log lost, a temporary one there", "rm CUR,cp 3 TMP", JET_errRequiredLogFilesMissing, ""},
    {A, "current log renamed to 10, a temporary one there", "mv CUR 10,cp 3 TMP", 0, ""},
    {A, "current log renamed to 10, a temporary one of half the size", "mv CUR 10,cp 3 TMP,cut TMP 65536", 0, ""},
    {A, "current log renamed to 10, none there", "mv CUR 10", JET_errMissingLogFile, ""},
    {L, "no log, no checkpoint, stream must exist", "rm CUR,rm 1,rm 2,rm 3,rm 4,rm 5,rm 6,rm 7,rm 8,rm 9", JET_errMissingLogFile, "s"},
    {A, "all logs missing, checkpoint there: a new stream", "rm CUR,rm 1,rm 2,rm 3,rm 4,rm 5,rm 6,rm 7,rm 8,rm 9", 0, "!"},
    {A, "stray archive 11", "cp 9 11", 0, ""},
    {A, "archive 10 beside current log 10", "cp CUR 10", JET_errInvalidLogSequence, ""},
    {A, "stray archive 11, deletion allowed", "cp 9 11", 0, "d"},
    {A, "archive 10 beside current log 10, deletion allowed", "cp CUR 10", 0, "d"},
    /* 16.2 log headers */
    {A, "9: header checksum", "xor 9 100 1", JET_errLogFileCorrupt, ""},
    {A, "current: header checksum", "xor CUR 100 1", JET_errLogFileCorrupt, ""},
    {A, "9: a copy of 8", "cp 8 9", JET_errInvalidLogSequence, ""},
    {A, "current: a copy of 8", "cp 8 CUR", JET_errInvalidLogSequence, ""},
    {A, "8 and 9 exchanged", "mv 8 TMP,mv 9 8,mv TMP 9", JET_errInvalidLogSequence, ""},
    {A, "9: generation word", "word 9 4 12", JET_errInvalidLogSequence, ""},
    {A, "current: generation word", "word CUR 4 12", JET_errInvalidLogSequence, ""},
    {A, "9: signature", "word 9 44 12345", JET_errBadLogSignature, ""},
    {A, "current: signature", "word CUR 44 12345", JET_errBadLogSignature, ""},
    {A, "9: file type", "word 9 667 1", JET_errFileInvalidType, ""},
    {A, "current: file type", "word CUR 667 1", JET_errFileInvalidType, ""},
    {A, "9: major", "word 9 32 9", JET_errBadLogVersion, ""},
    {A, "current: major", "word CUR 32 9", JET_errBadLogVersion, ""},
    {A, "9: update major higher", "word 9 40 131", JET_errBadLogVersion, ""},
    {A, "current: update major higher", "word CUR 40 131", JET_errBadLogVersion, ""},
    {A, "9: update minor higher", "word 9 648 281", JET_errBadLogVersion, ""},
    {A, "current: update minor higher", "word CUR 648 281", JET_errBadLogVersion, ""},
    {A, "9: update major lower", "word 9 40 120", 0, ""},
    {A, "current: update major lower", "word CUR 40 120", 0, ""},
    {A, "9: update major lower, update minor higher", "word 9 40 120,word 9 648 380", 0, ""},
    {A, "current: update major lower, update minor higher", "word CUR 40 120,word CUR 648 380", JET_errBadLogVersion, "+"},
    {A, "current: update major lower, update minor higher, without undo", "word CUR 40 120,word CUR 648 380", JET_errRecoveredWithoutUndo, "u"},
    {K, "current: update major lower, update minor higher, clean stream", "word CUR 40 120,word CUR 648 380", 0, ""},
    {A, "9: creation time of 8", "word 9 24 77", JET_errInvalidLogSequence, ""},
    {A, "9: creation time", "word 9 16 77", JET_errInvalidLogSequence, ""},
    {A, "current: creation time", "word CUR 16 77", JET_errRequiredLogFilesMissing, ""},
    {B, "current, only committed: creation time", "word CUR 16 77", 0, ""},
    {A, "9: checksum of 8", "word 9 653 77", JET_errLogSequenceChecksumMismatch, ""},
    {A, "current: checksum of 9", "word CUR 653 77", JET_errLogSequenceChecksumMismatch, ""},
    {A, "9: page size", "half 9 14 8192", JET_errPageSizeMismatch, ""},
    {A, "9: cut to half", "cut 9 65536", JET_errLogFileSizeMismatch, ""},
    {A, "current: cut to half", "cut CUR 65536", JET_errLogFileSizeMismatch, ""},
    {A, "9: one sector longer", "cut 9 135168", JET_errLogFileSizeMismatch, ""},
    {A, "current: one sector longer", "cut CUR 135168", JET_errLogFileSizeMismatch, ""},
    {A, "9: empty", "cut 9 0", JET_errFileIOBeyondEOF, ""},
    {A, "current: empty", "cut CUR 0", JET_errFileIOBeyondEOF, ""},
    {A, "other log size", "", JET_errLogFileSizeMismatchDatabasesConsistent, "k"},
    {K, "other log size, clean stream", "", JET_errLogFileSizeMismatchDatabasesConsistent, "k"},
    {A, "other log size, cleanup", "", JET_errInvalidSettings, "kc"},
    {A, "other log size, cleanup, circular", "", 0, "kco"},
    {A, "other page size", "", JET_errPageSizeMismatch, "p"},
    {A, "format version below the stream's", "", JET_errEngineFormatVersionSpecifiedTooLowForLogVersion, "v"},
    {K, "format version below the stream's, clean stream", "", JET_errEngineFormatVersionSpecifiedTooLowForLogVersion, "v"},
    /* 16.3 segments */
    {S, "nothing changed", "", 0, ""},
    {S, "last segment torn at 512", "xor CUR@0+512 0 3584", 0, ""},
    {S, "last segment torn at 1024", "xor CUR@0+1024 0 3072", 0, ""},
    {S, "last segment torn at 1536", "xor CUR@0+1536 0 2560", 0, ""},
    {S, "last segment: first 512 bytes zero", "zero CUR@0 0 512", 0, ""},
    {S, "last segment: 20 bytes garbage", "xor CUR@0+900 0 20", 0, ""},
    {S, "last segment: garbage", "xor CUR@0 0 4096", 0, ""},
    {S, "last segment: a bit in its checksum", "flip CUR@0 3", 0, ""},
    {S, "last segment zero, shadow intact: its records are lost", "zero CUR@0 0 4096", 0, ""},
    {S, "last segment and shadow zero", "zero CUR@0 0 8192", 0, ""},
    {S, "last segment overwritten by an older one", "stale CUR@0", 0, ""},
    {S, "last segment torn, shadow zero", "xor CUR@0+60 0 3000,zero CUR@1 0 4096", JET_errLogFileCorrupt, ""},
    {S, "last segment garbage, shadow zero", "xor CUR@0 0 4096,zero CUR@1 0 4096", JET_errLogFileCorrupt, ""},
    {S, "last segment and shadow torn", "xor CUR@0+60 0 3000,xor CUR@1+60 0 3000", JET_errLogFileCorrupt, ""},
    {S, "shadow zero", "zero CUR@1 0 4096", 0, ""},
    {S, "shadow torn", "xor CUR@1+512 0 3584", JET_errLogFileCorrupt, ""},
    {S, "shadow: 20 bytes bad", "xor CUR@1+600 0 20", JET_errLogFileCorrupt, ""},
    {S, "shadow garbage", "xor CUR@1 0 4096", JET_errLogFileCorrupt, ""},
    {A, "last segment ends inside a record, its checksum right", "zero CUR@0 0 4096,chop CUR@0 180", JET_errLogCorrupted, ""},
    {A, "9: one bit", "flip 9 21257", 0, ""},
    {A, "current: one bit", "flip CUR 4873", 0, ""},
    {A, "9: two bits", "flip 9 21257,flip 9 21300", JET_errLogFileCorrupt, ""},
    {A, "current: two bits", "flip CUR 4873,flip CUR 4900", JET_errLogFileCorrupt, ""},
    {A, "9: 20 bytes", "xor 9 21257 20", JET_errLogFileCorrupt, ""},
    {A, "current: 20 bytes in a middle segment", "xor CUR 8969 20", JET_errLogFileCorrupt, ""},
    {A, "9: middle segment zero", "zero 9 20480 4096", JET_errLogFileCorrupt, ""},
    {A, "current: middle segment zero", "zero CUR 8192 4096", JET_errLogFileCorrupt, ""},
    {A, "9: a segment of 8", "move 8 20480 9 20480", JET_errLogFileCorrupt, ""},
    {A, "9: last segments zero", "zero 9 118784 12288", JET_errLogSequenceChecksumMismatch, ""},
    {A, "current: last two segments and shadow zero", "zero CUR@-1 0 12288", 0, ""},
    {A, "current: all segments zero", "zero CUR 4096 126976", 0, ""},
    {A, "behind the end: segments of 9 at their places", "zero CUR@1 0 4096,move 9@30-1 0 CUR@30-1 0", 0, ""},
    {A, "behind the end: segments of 9 at their places, a shadow before", "move 9@30-1 0 CUR@30-1 0", 0, ""},
    {A, "behind the end: a segment of 9 at a wrong place", "move 9 20480 CUR@30-1 0", JET_errLogFileCorrupt, ""},
    {A, "behind the end: garbage", "xor CUR@3 0 4096", JET_errLogFileCorrupt, ""},
    {A, "garbage in the last sector of the file", "xor CUR 126976 4096", 0, ""},
    {A, "unknown record type", "seal CUR 2 40 150", JET_errLogFileCorrupt, ""},
    {A, "current: a record in pieces goes on nowhere", "chop CUR 20480 40", JET_errLogFileCorrupt, ""},
    {A, "difference stream: cut inside an operation", "seal CUR 17 197 48,seal CUR 17 251 0", JET_errLogFileCorrupt, ""},
    {A, "difference stream: cut inside its first operation", "seal CUR 17 197 1,zero CUR@-1 204 48,seal CUR 17 203 17", JET_errLogFileCorrupt, ""},
    {A, "difference stream: an operation behind the old data", "seal CUR 17 204 31", JET_errLogFileCorrupt, ""},
    {A, "difference stream: another new size", "seal CUR 17 201 108", JET_errLogCorrupted, ""},
    {A, "difference stream: a new size below the first operation", "seal CUR 17 201 47", JET_errLogCorrupted, ""},
    {A, "difference stream: its tail zero", "zero CUR@-1 250 2,seal CUR 17 250 0", 0, ""},
    {A, "difference stream: another old size", "seal CUR 17 199 71", 0, ""},
    {A, "last segment ends inside the dbtime of its last record", "chop CUR@0 60", JET_errDbTimeTooNew, ""},
    /* The original carries these two out, to -1017 and 0, and its own check calls the database that they leave corrupt. Here they are refused. */
    {A, "last segment ends before the sizes of its last record, whose key is empty then", "chop CUR@0 88", JET_errLogCorrupted, ""},
    {A, "last segment ends inside the key of its last record, which is out of order then", "chop CUR@0 100", JET_errLogCorrupted, ""},
    {A, "damage before the checkpoint", "xor 3 21257 20", 0, ""},
    {A, "damage before the checkpoint, which is missing", "xor 3 21257 20,rm CHK", JET_errLogFileCorrupt, ""},
    /* 16.4 committed range and options */
    {B, "nothing changed", "", 0, ""},
    {B, "current log missing", "rm CUR", JET_errMissingLogFile, ""},
    {B, "current log missing", "rm CUR", JET_wrnCommittedLogFilesLost, "i"},
    {B, "current log missing", "rm CUR", JET_wrnCommittedLogFilesLost, "id"},
    {B, "9 and current log missing", "rm 9,rm CUR", JET_errMissingLogFile, ""},
    {B, "9 and current log missing", "rm 9,rm CUR", JET_wrnCommittedLogFilesLost, "i"},
    {B, "9 and current log missing", "rm 9,rm CUR", JET_wrnCommittedLogFilesLost, "id"},
    {B, "8, 9 and current log missing", "rm 8,rm 9,rm CUR", JET_errMissingLogFile, ""},
    {B, "8, 9 and current log missing", "rm 8,rm 9,rm CUR", JET_errRequiredLogFilesMissing, "i"},
    {B, "8, 9 and current log missing", "rm 8,rm 9,rm CUR", JET_errRequiredLogFilesMissing, "id"},
    {B, "9 missing, current log there", "rm 9", JET_errCommittedLogFilesMissing, ""},
    {B, "9 missing, current log there", "rm 9", JET_errCommittedLogFilesMissing, "i"},
    {B, "9 missing, current log there", "rm 9", JET_wrnCommittedLogFilesRemoved, "id"},
    {B, "9: creation time of 8", "word 9 24 77", JET_errCommittedLogFilesMissing, ""},
    {B, "9: creation time of 8", "word 9 24 77", JET_errCommittedLogFilesMissing, "i"},
    {B, "9: creation time of 8", "word 9 24 77", JET_wrnCommittedLogFilesRemoved, "id"},
    {B, "9: bad segment", "xor 9 21257 20", JET_errCommittedLogFileCorrupt, ""},
    {B, "9: bad segment", "xor 9 21257 20", JET_errCommittedLogFileCorrupt, "i"},
    {B, "9: bad segment", "xor 9 21257 20", JET_wrnCommittedLogFilesRemoved, "id"},
    {B, "9: bad segment", "xor 9 21257 20", JET_errCommittedLogFileCorrupt, "d"},
    {B, "current: bad segment", "xor CUR 8969 20", JET_errCommittedLogFileCorrupt, ""},
    {B, "current: bad segment", "xor CUR 8969 20", JET_errCommittedLogFileCorrupt, "i"},
    {B, "current: bad segment", "xor CUR 8969 20", JET_wrnCommittedLogFilesRemoved, "id"},
    {B, "8: bad segment", "xor 8 21257 20", JET_errLogFileCorrupt, ""},
    {B, "8: bad segment", "xor 8 21257 20", JET_errLogFileCorrupt, "i"},
    {B, "8: bad segment", "xor 8 21257 20", JET_errLogFileCorrupt, "id"},
    {B, "9: header damaged", "xor 9 100 1", JET_errLogFileCorrupt, ""},
    {B, "9: header damaged", "xor 9 100 1", JET_errLogFileCorrupt, "i"},
    {B, "9: header damaged", "xor 9 100 1", JET_errLogFileCorrupt, "id"},
    {B, "9: foreign signature", "word 9 44 12345", JET_errBadLogSignature, ""},
    {B, "9: foreign signature", "word 9 44 12345", JET_errBadLogSignature, "i"},
    {B, "9: foreign signature", "word 9 44 12345", JET_errBadLogSignature, "id"},
    {B, "9: checksum of 8", "word 9 653 77", JET_errLogSequenceChecksumMismatch, ""},
    {B, "9: checksum of 8", "word 9 653 77", JET_errLogSequenceChecksumMismatch, "i"},
    {B, "9: checksum of 8", "word 9 653 77", JET_errLogSequenceChecksumMismatch, "id"},
    {B, "current log missing, deletion alone", "rm CUR", JET_errMissingLogFile, "d"},
    {A, "current log missing", "rm CUR", JET_errRequiredLogFilesMissing, "i"},
    {A, "current log missing", "rm CUR", JET_errRequiredLogFilesMissing, "id"},
    {A, "8 missing", "rm 8", JET_errInvalidLogSequence, "i"},
    {A, "8 missing", "rm 8", JET_errInvalidLogSequence, "id"},
    {A, "9: bad segment", "xor 9 21257 20", JET_errLogFileCorrupt, "i"},
    {A, "9: bad segment", "xor 9 21257 20", JET_errLogFileCorrupt, "id"},
    {A, "without undo", "", JET_errRecoveredWithoutUndo, "u"},
    {K, "without undo, clean stream", "", JET_errRecoveredWithoutUndoDatabasesConsistent, "u"},
    {A, "without undo, 8 missing", "rm 8", JET_errInvalidLogSequence, "u"},
    {A, "without undo, current log missing", "rm CUR", JET_errRequiredLogFilesMissing, "u"},
    {A, "without undo, database missing", "rm DB", JET_errAttachedDatabaseMismatch, "u"},
    {B, "without undo, current log missing", "rm CUR", JET_errCommittedLogFilesMissing, "u"},
    {B, "without undo, current log missing", "rm CUR", JET_errRecoveredWithoutUndo, "ui"},
    {A, "missing database ignored", "rm DB", 0, "m"},
    {A, "foreign database ignored", "dbword 24 1", 0, "m"},
    {A, "truncated afterwards", "", 0, "t"},
    {A, "stream must exist", "", 0, "s"},
    {A, "kept attached", "", 0, "a"},
    /* 16.5 database file */
    {A, "database missing", "rm DB", JET_errAttachedDatabaseMismatch, ""},
    {A, "database signature", "dbword 24 1", JET_errAttachedDatabaseMismatch, ""},
    {A, "log signature", "dbword 108 1", JET_errAttachedDatabaseMismatch, ""},
    {A, "recovered copy with the old logs", "after", JET_errAttachedDatabaseMismatch, ""},
    {A, "attached later", "dbword 84 9", JET_errAttachedDatabaseMismatch, ""},
    {L, "database and checkpoint missing", "", 0, ""},
    {A, "state 1", "dbword 52 1", JET_errAttachedDatabaseMismatch, ""},
    {A, "state 4", "dbword 52 4", JET_errDatabaseCorrupted, ""},
    {A, "state 5", "dbword 52 5", JET_errDatabaseCorrupted, ""},
    {A, "state 9", "dbword 52 9", JET_errDatabaseCorrupted, ""},
    {A, "state 6", "dbword 52 6", DATABASE_ERROR_INCOMPLETE_RESEED, ""},
    {A, "state 7", "dbword 52 7", 0, ""},
    {A, "state 8", "dbword 52 8", DATABASE_ERROR_INCOMPLETE_REVERT, ""},
    {A, "required from 0", "dbword 296 0", 0, ""},
    {A, "required from 9", "dbword 296 9", 0, ""},
    {A, "required from 5", "dbword 296 5", JET_errRequiredLogFilesMissing, ""},
    {A, "required to 12", "dbword 300 12,dbword 416 12", JET_errRequiredLogFilesMissing, ""},
    {A, "committed to 12", "dbword 416 12", JET_errCommittedLogFilesMissing, ""},
    {A, "committed to 12", "dbword 416 12", JET_wrnCommittedLogFilesLost, "i"},
    {A, "creation time of the required log", "dbword 672 77", JET_errRequiredLogFilesMissing, ""},
    {A, "creation time of the created log, the other one zero", "dbword 672 0,dbword 676 0,dbword 348 77", JET_errRequiredLogFilesMissing, ""},
    {A, "backup copy", "dbword 200 3", JET_errSoftRecoveryOnBackupDatabase, ""},
    {A, "backup copy, without undo", "dbword 200 3", JET_errRecoveredWithoutUndo, "u"},
    {A, "one header copy bad", "xor DB 700 1", 0, ""},
    {A, "both header copies bad", "xor DB 700 1,xor DB 4796 1", JET_errReadVerifyFailure, ""},
    {A, "database empty", "cut DB 0", JET_errReadVerifyFailure, ""},
    {A, "database page size", "dbword 236 8192", JET_errReadVerifyFailure, ""},
    {A, "database major higher", "dbword 8 1584", JET_errInvalidDatabaseVersion, ""},
    {A, "database update major higher", "dbword 232 5000", JET_errInvalidDatabaseVersion, ""},
    {A, "database file type", "dbword 667 9", 0, ""},
    {A, "database cut to 64 KiB", "cut DB 65536", JET_errFileIOBeyondEOF, ""},
    {A, "page to be redone: one bit", "flip PAGE 1000", 0, ""},
    {A, "page to be redone: 20 bytes", "xor PAGE 1000 20", JET_errReadVerifyFailure, ""},
    {A, "page to be redone: zero", "zero PAGE 0 4096", JET_errPageNotInitialized, ""},
    {A, "page to be redone: another page", "move DB 143360 PAGE 0", JET_errReadVerifyFailure, ""},
    {A, "page to be redone: dbtime 1 higher", "dbtime 1", JET_errDbTimeTooNew, ""},
    {A, "page to be redone: dbtime 1 lower than the first record on it expects", "dbtime -1", JET_errDbTimeTooOld, ""},
    {A, "page to be redone: dbtime 1 lower, between records", "dbtime -1 43", JET_errDbTimeTooNew, ""},
    {A, "page to be undone: as another recovery left it, newer than every record", "graft UNDONE", JET_errDbTimeCorrupted, ""},
    {A, "page to be undone: dbtime far beyond the database's", "dbtime 1000000 77", JET_errRecordDeleted, ""},
    {A, "flush map missing", "rm JFM", 0, ""},
    {A, "flush map garbage", "cp 3 JFM", 0, ""},
};

/* --- files --- */

static uint8_t *load(const char *path, size_t *size)
{
    unsigned long long n;
    uint8_t *bytes = read_whole_file(path, &n);
    *size = (size_t)n;
    return bytes;
}

static void save(const char *path, uint8_t *bytes, size_t size)
{
    write_whole_file(path, bytes, size);
    free(bytes);
}

/* Nothing is cut off here: what a sync waits for would only cost time. */
static JET_ERR no_sync(struct os_file *file) { (void)file; return JET_errSuccess; }
static JET_ERR no_dir_sync(struct os_fs *fs, const char *path) { (void)fs; (void)path; return JET_errSuccess; }
static struct os_fs *quick_fs(void)
{
    static struct os_fs_ops ops;
    static struct os_fs fs;
    ops = *os_fs_posix()->ops;
    ops.sync = no_sync;
    ops.dir_sync = no_dir_sync;
    fs = (struct os_fs){&ops, os_fs_posix()->state};
    return &fs;
}

static const char *archive(const char *d, unsigned generation) { return text_of("%s/edb%05X.log", d, generation); }

static uint32_t last_segment_of(const char *path)
{
    struct log_generation g;
    assert_int_equal(log_generation_read(os_fs_posix(), path, &g), 0);
    uint32_t last = g.scan.last_segment;
    log_generation_release(&g);
    return last;
}

/* The recovered file, of which the records of undo made the newest pages. */
static uint8_t *load_reference(size_t *size)
{
    const char *reference = text_of("%s/reference", make_scratch_folder("reference"));
    copy_shared_file("engine/crash_4k_partial/after/data.edb", reference);
    return load(reference, size);
}

/* A page that the replay must change: it has content, and other content in the recovered file. Of undo: the one that undo changed last. */
static size_t page_to_change(const char *d, bool is_of_undo)
{
    size_t before_size, after_size, found = 0;
    uint8_t *before = load(text_of("%s/data.edb", d), &before_size), *after = load_reference(&after_size);
    for (size_t at = (is_of_undo ? 2 : 42) * PAGE_SIZE; (is_of_undo || found == 0) && at + PAGE_SIZE <= before_size && at + PAGE_SIZE <= after_size; at += PAGE_SIZE) {
        bool is_changed = load_le64(before + at + 8) != 0 && load_le64(before + at + 8) != load_le64(after + at + 8);
        if (is_changed && (found == 0 || load_le64(after + at + 8) > load_le64(after + found + 8)))
            found = at;
    }
    free(before);
    free(after);
    assert_true(found != 0);
    return found;
}

/* --- commands --- */

/* A name of the table: 1 to 11 archives, CUR, TMP, CHK, DB, JFM; PAGE a page of DB to be redone, UNDONE one to be undone. "+N" adds N bytes; "@N" begins at the Nth sector behind the last segment (@0: at it); "@30-1" at
 * sector 29. */
static const char *resolve(const char *d, const char *name, size_t *offset)
{
    char base[16] = "";
    const char *path;
    int used = 0;
    *offset = 0;
    assert_int_equal(sscanf(name, "%15[0-9A-Z]%n", base, &used), 1);
    name += used;
    const bool is_page = strcmp(base, "PAGE") == 0, is_undone = strcmp(base, "UNDONE") == 0;
    if (is_page || is_undone)
        *offset = page_to_change(d, is_undone);
    path = strcmp(base, "CUR") == 0   ? text_of("%s/edb.log", d)
           : strcmp(base, "TMP") == 0 ? text_of("%s/edbtmp.log", d)
           : strcmp(base, "CHK") == 0 ? text_of("%s/edb.chk", d)
           : strcmp(base, "JFM") == 0 ? text_of("%s/data.jfm", d)
           : strcmp(base, "DB") == 0 || is_page || is_undone ? text_of("%s/data.edb", d)
                                      : archive(d, (unsigned)strtoul(base, NULL, 10));
    int sector, back = 0;
    if (*name == '@' && sscanf(name + 1, "30%d%n", &back, &used) == 1 && back < 0)
        *offset += (size_t)(30 + back) * LOG_SEGMENT_SIZE, name += 1 + used;
    else if (*name == '@' && sscanf(name + 1, "%d%n", &sector, &used) == 1)
        *offset += (size_t)((int)last_segment_of(path) + sector) * LOG_SEGMENT_SIZE, name += 1 + used;
    if (*name == '+')
        *offset += strtoul(name + 1, NULL, 10);
    return path;
}

static void set_word(const char *path, size_t block, size_t block_size, size_t offset, uint32_t value, size_t width)
{
    size_t size;
    uint8_t *bytes = load(path, &size), word[4];
    store_le32(word, value);
    memcpy(bytes + block + offset, word, width);
    store_le32(bytes + block, checksum_header(bytes + block, block_size));
    save(path, bytes, size);
}

static void set_database_word(const char *d, size_t offset, uint32_t value)
{
    set_word(text_of("%s/data.edb", d), 0, PAGE_SIZE, offset, value, 4);
    set_word(text_of("%s/data.edb", d), PAGE_SIZE, PAGE_SIZE, offset, value, 4);
}

static void edit_bytes(const char *path, size_t offset, size_t count, const char *how)
{
    size_t size;
    uint8_t *bytes = load(path, &size);
    assert_true(offset + count <= size);
    for (size_t i = 0; i < count; i++)
        bytes[offset + i] = how[0] == 'z' ? 0 : how[0] == 'f' ? (uint8_t)(bytes[offset + i] ^ 0x10) : (uint8_t)(bytes[offset + i] ^ (0xA5 + i * 7 + (i >> 8) * 29));
    save(path, bytes, size);
}

static void move_sector(const char *from, size_t from_offset, const char *to, size_t to_offset)
{
    size_t a, b;
    uint8_t *source = load(from, &a), *target = load(to, &b);
    memcpy(target + to_offset, source + from_offset, LOG_SEGMENT_SIZE);
    free(source);
    save(to, target, b);
}

/* A page with another dbtime, its checksum right. slot: its place in the file in pages, 0: the one to be redone. */
static void change_dbtime(const char *d, size_t slot, int by)
{
    size_t size, at = slot != 0 ? slot * PAGE_SIZE : page_to_change(d, false);
    const char *path = text_of("%s/data.edb", d);
    uint8_t *bytes = load(path, &size);
    store_le64(bytes + at + 8, load_le64(bytes + at + 8) + (uint64_t)(int64_t)by);
    store_le64(bytes + at, checksum_ecc(bytes + at, PAGE_SIZE, (uint32_t)(at / PAGE_SIZE - 1), true));
    save(path, bytes, size);
}

/* A page as the recovered file has it. */
static void graft(const char *path, size_t at)
{
    size_t size, reference_size;
    uint8_t *bytes = load(path, &size), *reference = load_reference(&reference_size);
    memcpy(bytes + at, reference + at, PAGE_SIZE);
    free(reference);
    save(path, bytes, size);
}

/* What stands in the segment from an offset in the file on becomes zero, and the segment is sealed again. */
static void chop(const char *path, size_t at)
{
    size_t size, rest = LOG_SEGMENT_SIZE - at % LOG_SEGMENT_SIZE;
    uint8_t *bytes = load(path, &size);
    assert_true(at + rest <= size);
    memset(bytes + at, 0, rest);
    log_segment_seal(bytes + at + rest - LOG_SEGMENT_SIZE, (uint32_t)(at / LOG_SEGMENT_SIZE));
    save(path, bytes, size);
}

/* Replaces one byte of a record and seals the segment again. */
static void reseal(const char *path, uint32_t segment, uint32_t offset, uint8_t value)
{
    size_t size;
    uint8_t *bytes = load(path, &size);
    bytes[(size_t)segment * LOG_SEGMENT_SIZE + offset] = value;
    log_segment_seal(bytes + (size_t)segment * LOG_SEGMENT_SIZE, segment);
    save(path, bytes, size);
}

static void change_once(const char *d, const char *command)
{
    char verb[16] = "", one[16] = "", two[16] = "", three[16] = "", four[16] = "";
    int fields = sscanf(command, "%15s %15s %15s %15s %15s", verb, one, two, three, four);
    unsigned long x = strtoul(two, NULL, 10), y = strtoul(three, NULL, 10), z = strtoul(four, NULL, 10);
    size_t offset = 0, other = 0;
    assert_true(fields >= 1);
    if (strcmp(verb, "dbword") == 0) {
        set_database_word(d, strtoul(one, NULL, 10), (uint32_t)x);
        return;
    }
    if (strcmp(verb, "dbtime") == 0) {
        change_dbtime(d, x, atoi(one));
        return;
    }
    if (strcmp(verb, "after") == 0) {
        copy_shared_file("engine/crash_4k_partial/after/data.edb", text_of("%s/data.edb", d));
        return;
    }
    if (strcmp(verb, "checkpoint") == 0) {
        for (size_t copy = 0; copy < 2; copy++)
            for (size_t half = 0; half < 2; half++)
                set_word(text_of("%s/edb.chk", d), copy * CHECKPOINT_COPY_SIZE, CHECKPOINT_COPY_SIZE, 12 + 4 * half, half == 0 ? 1u << 16 : (uint32_t)strtoul(one, NULL, 10), 4);
        return;
    }
    const char *path = resolve(d, one, &offset);
    if (strcmp(verb, "rm") == 0)
        (void)unlink(path);
    else if (strcmp(verb, "mv") == 0)
        assert_int_equal(rename(path, resolve(d, two, &other)), 0);
    else if (strcmp(verb, "cp") == 0)
        assert_int_equal(system(text_of("cp '%s' '%s'", path, resolve(d, two, &other))), 0);
    else if (strcmp(verb, "cut") == 0)
        assert_int_equal(truncate(path, (off_t)x), 0);
    else if (strcmp(verb, "word") == 0 || strcmp(verb, "half") == 0)
        set_word(path, offset, strcmp(one, "DB") == 0 ? PAGE_SIZE : LOG_SEGMENT_SIZE, x, (uint32_t)y, verb[0] == 'w' ? 4 : 2);
    else if (strcmp(verb, "xor") == 0 || strcmp(verb, "zero") == 0)
        edit_bytes(path, offset + x, y, verb);
    else if (strcmp(verb, "flip") == 0)
        edit_bytes(path, offset + x, 1, verb);
    else if (strcmp(verb, "seal") == 0)
        reseal(path, (uint32_t)x, (uint32_t)y, (uint8_t)z);
    else if (strcmp(verb, "graft") == 0)
        graft(path, offset);
    else if (strcmp(verb, "chop") == 0)
        chop(path, offset + x);
    else if (strcmp(verb, "stale") == 0)
        move_sector(archive(d, LAST_ARCHIVE), offset, path, offset);
    else if (strcmp(verb, "move") == 0) {
        const char *to = resolve(d, three, &other);
        move_sector(path, offset + x, to, other + z);
    } else
        fail_msg("no command %s", command);
}

static void change(const char *d, const char *commands)
{
    char copy[256];
    snprintf(copy, sizeof copy, "%s", commands);
    char *rest = copy;
    for (char *command = strtok_r(copy, ",", &rest); command != NULL; command = strtok_r(NULL, ",", &rest))
        change_once(d, command);
}

/* --- sets --- */

static struct recovery_config config_for(const char *d)
{
    return (struct recovery_config){
        .log = {.fs = quick_fs(), .log_folder = d, .system_folder = d, .base_name = "edb", .is_legacy_names = true, .file_kib = KIB, .page_size = PAGE_SIZE}, .alternate_folder = d};
}

static JET_ERR recover(const struct recovery_config *config)
{
    struct recovery_result result;
    JET_ERR err = recovery_run(config, &result);
    log_close(result.log);
    recovery_release_result(&result);
    return err < 0 ? err : result.warning;
}

static const char *fresh_copy(const char *pristine)
{
    const char *d = make_scratch_folder("set");
    assert_int_equal(system(text_of("cp '%s'/* '%s'", pristine, d)), 0);
    return d;
}

static const char *prepare(enum set_kind kind)
{
    const char *d = make_scratch_folder("pristine");
    for (unsigned i = 1; i <= LAST_ARCHIVE; i++)
        if (kind != C || i >= 7)
            copy_shared_file(text_of("engine/crash_4k_partial/before/edb%05X.log", i), archive(d, i));
    copy_shared_file("engine/crash_4k_partial/before/edb.log", text_of("%s/edb.log", d));
    copy_shared_file("engine/crash_4k_partial/before/edb.chk", text_of("%s/edb.chk", d));
    copy_shared_file("engine/crash_4k_partial/before/data.edb", text_of("%s/data.edb", d));
    struct recovery_config config = config_for(d);
    if (kind == L || kind == B)
        change(d, "rm DB,rm CHK");
    if (kind == S)
        change(d, "zero CUR@1 0 4096,move CUR@0 0 CUR@1 0");
    if (kind == K)
        assert_int_equal(recover(&config), 0);
    if (kind == B) { /* made from nothing as far as 8, then told that 9 and 10 had been committed */
        struct log_header eight, ten;
        config.stop.position = lgpos_make(8, 0, 0);
        assert_int_equal(recover(&config), JET_errRecoveredWithoutUndo);
        (void)unlink(text_of("%s/edb.chk", d));
        assert_int_equal(log_header_read(os_fs_posix(), archive(d, 8), &eight), 0);
        assert_int_equal(log_header_read(os_fs_posix(), text_of("%s/edb.log", d), &ten), 0);
        set_database_word(d, 300, 8);
        set_database_word(d, 416, 10);
        for (size_t half = 0; half < 8; half += 4) {
            set_database_word(d, 672 + half, load_le32(eight.created.bytes + half));
            set_database_word(d, 348 + half, load_le32(ten.created.bytes + half));
        }
    }
    return d;
}

static void apply_options(struct recovery_config *config, const char *letters)
{
    config->options = (struct recovery_options){.ignore_lost_logs = strchr(letters, 'i') != NULL, .delete_out_of_range_logs = strchr(letters, 'd') != NULL,
                                                .without_undo = strchr(letters, 'u') != NULL, .ignore_missing_databases = strchr(letters, 'm') != NULL,
                                                .truncate_logs_after = strchr(letters, 't') != NULL, .stream_must_exist = strchr(letters, 's') != NULL,
                                                .cleanup_mismatched_logs = strchr(letters, 'c') != NULL};
    config->log.is_circular = strchr(letters, 'o') != NULL;
    if (strchr(letters, 'k') != NULL) {
        config->is_file_kib_set = true;
        config->log.file_kib = 1024;
    }
    if (strchr(letters, 'v') != NULL)
        config->update_major_max = 5;
    config->options.keep_attached = strchr(letters, 'a') != NULL;
    config->options.keep_dbid_max = 6;
    if (strchr(letters, 'p') != NULL)
        config->log.page_size = 2 * PAGE_SIZE;
}

/* Clean after a success (dirty when kept attached) and after what says "databases consistent"; dirty otherwise; not looked at when the file is not the stream's or is gone. */
static bool state_is_right(const char *d, const struct row *row, JET_ERR outcome)
{
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    bool is_clean = strchr(row->options, '+') != NULL || (outcome >= 0 && strpbrk(row->options, "a!") == NULL) || outcome == JET_errLogFileSizeMismatchDatabasesConsistent || row->set == K;
    if (strchr(row->options, 'm') != NULL || database_read_header(os_fs_posix(), text_of("%s/data.edb", d), &header, &page_size, &used_shadow, NULL) < 0)
        return true;
    return strcmp(row->changes, "after") == 0 || (header.state == DB_STATE_CLEAN) == is_clean;
}

static void every_case_of_the_matrix_gives_the_observed_error(void **state)
{
    (void)state;
    require_shared_data();
    const char *pristine[K + 1] = {NULL};
    unsigned failed = 0;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        const struct row *row = &ROWS[i];
        if (pristine[row->set] == NULL)
            pristine[row->set] = prepare(row->set);
        const char *d = fresh_copy(pristine[row->set]);
        struct recovery_config config = config_for(d);
        apply_options(&config, row->options);
        change(d, row->changes);
        JET_ERR outcome = recover(&config);
        bool is_right = outcome == row->expected && state_is_right(d, row, outcome);
        if (!is_right)
            print_message("set %c, %s [%s]: %d instead of %d%s\n", "ABCSLK"[row->set], row->what, row->options, (int)outcome, (int)row->expected,
                          outcome == row->expected ? ", and the wrong state" : "");
        failed += !is_right;
        assert_int_equal(system(text_of("rm -rf '%s'", d)), 0);
    }
    print_message("%zu cases, %u wrong\n", sizeof ROWS / sizeof *ROWS, failed);
    assert_int_equal(failed, 0);
}

/* --- what the administrator is told (events 462, 465, 466) --- */

struct told {
    char text[256];
};

static void keep_damage(void *context, const struct event *event)
{
    struct told *told = (struct told *)context;
    if (event->id < 460 || event->id > 466)
        return;
    size_t used = strlen(told->text);
    used += (size_t)snprintf(told->text + used, sizeof told->text - used, "%s%u %c(", used > 0 ? " " : "", event->id, "IWE"[event->level]);
    for (size_t i = 0; i < event->parameter_count; i++) {
        const char *slash = strrchr(event->parameters[i], '/');
        used += (size_t)snprintf(told->text + used, sizeof told->text - used, "%s%s", i > 0 ? "|" : "", slash != NULL ? slash + 1 : event->parameters[i]);
    }
    snprintf(told->text + used, sizeof told->text - used, ")");
}

static void damage_and_what_was_made_good_is_reported_with_its_place(void **state)
{
    static const struct {
        enum set_kind set;
        const char *changes, *options, *events;
        JET_ERR expected;
    } CASES[] = {
        {S, "", "", "", 0},
        {A, "flip 9 21257", "", "", 0},
        {S, "xor CUR@0+512 0 3584", "", "466 W(edb.log)", 0},
        {A, "xor 9 21257 20", "", "465 E(edb00009.log|9:5:0)", JET_errLogFileCorrupt},
        {A, "xor CUR 8969 20", "", "465 E(edb.log|A:2:0)", JET_errLogFileCorrupt},
        {A, "xor 3 21257 20,rm CHK", "", "465 E(edb00003.log|3:5:0)", JET_errLogFileCorrupt},
        {B, "xor 9 21257 20", "id", "465 E(edb00009.log|9:5:0)", JET_wrnCommittedLogFilesRemoved},
        {B, "zero CUR 8192 118784,xor CUR 4096 60", "", "462 W(edb.log|A:1:0)", 0},
    };
    (void)state;
    require_shared_data();
    const char *pristine[K + 1] = {NULL};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct told told = {""};
        struct event_log events;
        event_log_init(&events, NULL, NULL, false, JET_EventLoggingLevelMax, (struct event_sink){keep_damage, &told}, NULL);
        if (pristine[CASES[i].set] == NULL)
            pristine[CASES[i].set] = prepare(CASES[i].set);
        const char *d = fresh_copy(pristine[CASES[i].set]);
        struct recovery_config config = config_for(d);
        config.events = &events;
        apply_options(&config, CASES[i].options);
        change(d, CASES[i].changes);
        JET_ERR outcome = recover(&config);
        if (outcome != CASES[i].expected || strcmp(told.text, CASES[i].events) != 0)
            fail_msg("set %c, %s: %d, events \"%s\" instead of \"%s\"", "ABCSLK"[CASES[i].set], CASES[i].changes, (int)outcome, told.text, CASES[i].events);
        assert_int_equal(system(text_of("rm -rf '%s'", d)), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_of_the_matrix_gives_the_observed_error),
                                       cmocka_unit_test(damage_and_what_was_made_good_is_reported_with_its_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
