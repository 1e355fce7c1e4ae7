/* The receiving end of shipping: pieces of another log become "shadow" generations <base>XXXXX.jsl in a folder, which an archive's name makes logs to be replayed.
 *
 * The one idea: a generation is written in its order or not at all. A piece is taken when it continues what stands there and its own checksums are good; every other piece is refused and
 * changes nothing, so that the file is at every moment a log that ends at a flush. What comes is not trusted: positions, sizes and bytes are checked here.
 * engine/ship_log.c calls it for JetConsumeLogData. Threads: any; `lock` (RANK_LOG_WRITE) is held across the writing, as pieces come from threads that hold other locks.
 */
#ifndef OPENESE_LOG_CONSUME_H
#define OPENESE_LOG_CONSUME_H

#include "format/lgpos.h"
#include "os/file.h"
#include "os/thread.h"

struct log_consumer {
    struct mutex lock;              /* everything below */
    struct os_fs *fs;
    char *folder, base[4];
    bool is_open, is_legacy_names;
    bool has_begun;                 /* the sender said that it begins, and nothing since */
    struct os_file *file;           /* of the generation being received; NULL: none */
    char *path;
    uint64_t sequence;              /* of the last piece taken */
    uint32_t generation, segment;   /* where the next piece belongs */
    uint32_t sectors;               /* of the file */
};

MUST_CHECK JET_ERR log_consumer_init(struct log_consumer *consumer);
void log_consumer_destroy(struct log_consumer *consumer);
/* From now on pieces are taken, into this folder. Before it, and after log_consumer_close, they are answered JET_errNotInitialized. JET_errOutOfMemory. */
MUST_CHECK JET_ERR log_consumer_open(struct log_consumer *consumer, struct os_fs *fs, const char *folder, const char *base, bool is_legacy_names);
/* What has been received stays as it is, synced. Accepts one that is not open. */
void log_consumer_close(struct log_consumer *consumer);

/* The sender begins: a new sequence, which may also go on in the middle of a generation. */
MUST_CHECK JET_ERR log_consumer_begin(struct log_consumer *consumer);
/* Whole segments at position. A header begins a generation, in any sequence; if the one before was not complete its file is removed and the result is JET_wrnPreviousLogFileIncomplete.
 * JET_errInvalidLogDataSequence: not the next piece, or beyond the end of the file. JET_errInvalidParameter: no data, parts of segments. JET_errLogSectorSizeMismatch,
 * JET_errFileInvalidType, JET_errBadLogVersion: the header. JET_errLogFileCorrupt: a checksum or position inside the data is wrong. JET_errDiskFull, JET_errDiskIO, JET_errOutOfMemory,
 * JET_errOutOfFileHandles: the piece may come again. */
MUST_CHECK JET_ERR log_consumer_add(struct log_consumer *consumer, uint64_t sequence, lgpos_t position, const uint8_t *data, uint32_t size);
/* The generation is whole: synced and closed. JET_errInvalidLogDataSequence; JET_errDiskIO: it counts as incomplete. */
MUST_CHECK JET_ERR log_consumer_complete(struct log_consumer *consumer, uint64_t sequence, lgpos_t position);
/* The sender ends: what has been received is synced and closed. */
MUST_CHECK JET_ERR log_consumer_end(struct log_consumer *consumer);

#endif
