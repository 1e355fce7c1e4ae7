/* The log's state, shared by the files of this module only. Rules: README.md. */
#ifndef OPENESE_LOG_INTERNAL_H
#define OPENESE_LOG_INTERNAL_H

#include <stdatomic.h>

#include "log/log.h"
#include "os/thread.h"

enum { LOG_ATTACHED_MAX = 32 };
/* Of a segment begun: the flush that writes it puts its time in. */
#define LOG_TIME_AT_FLUSH ((struct log_time){{0}})

struct log_attached {
    struct attach_info info;
    uint8_t *path; /* owned: info.path points here */
};

struct log {
    struct log_config config;      /* strings are the log's own */
    char *log_folder, *system_folder;
    char base[4];
    const char *extension;
    uint32_t capacity;             /* segments the buffer may hold */
    uint32_t sectors;              /* of each file */
    struct log_version wanted_version;

    struct mutex lock;             /* RANK_LOG: everything below */
    struct condition changed;      /* durable, is_busy, is_rolling or down has changed */
    struct condition half_full;    /* the writer is wanted, or is to end */
    struct thread writer;          /* of logs with large buffers: writes while others append */
    bool is_writer_wanted, is_closing;
    bool is_busy;                  /* one thread writes: it alone touches file and io */
    bool is_rolling;               /* appenders wait */
    bool is_frozen;                /* nothing is written until log_thaw; appenders go on as long as the buffer has room */
    bool must_roll;                /* a new generation before the next record: the version rises */
    JET_ERR down;
    _Atomic(bool) is_down;
    atomic_bool is_room_scarce;    /* is_frozen, for those who ask before they take the lock */
    _Atomic(JET_ERR) down_reason;  /* the same as down, for readers without the lock */

    struct os_file *file;          /* the current log, locked exclusively */
    struct log_header header;      /* of the current generation */
    struct signature stream_signature; /* of all generations: never changes */
    uint8_t *buffer;               /* segments first_segment .. segment, and room for one more */
    uint8_t *io;                   /* what is being written */
    uint32_t first_segment;
    uint32_t segment, byte;        /* where the next record goes */
    bool is_dirty;                 /* the buffer holds what no write has begun to write */
    uint64_t checksum_all;         /* of the segments of this generation that have been written */
    uint32_t written_until;        /* the file's blocks before this segment have been written once; those behind may be only reserved. With is_busy */
    uint32_t ahead;                /* segments that the last small flush into reserved blocks wrote ahead of the data. With is_busy */
    _Atomic(lgpos_t) durable;
    uint32_t announced_generation;
    uint64_t emitted;              /* pieces shipped since the log was opened; with is_busy */
    bool is_emitting;              /* the first of them has been */

    lgpos_t run_position;          /* of Init2 */
    struct log_attached attached[LOG_ATTACHED_MAX];
    uint32_t attached_count;

    struct mutex checkpoint_lock;  /* RANK_CHECKPOINT, taken before lock */
    struct condition checkpoint_thawed;
    bool is_checkpoint_frozen;     /* the file is not written until log_thaw */
    struct checkpoint checkpoint;
    _Atomic(lgpos_t) checkpoint_on_disk; /* what the file says: circular logging goes by it, without the lock */
};

/* write.c: all with the lock held; they let it go while they write. */
MUST_CHECK JET_ERR log_append_locked(struct log *log, const struct span *records, uint32_t count, lgpos_t *position);
MUST_CHECK JET_ERR log_pad_locked(struct log *log);
MUST_CHECK JET_ERR log_flush_locked(struct log *log, lgpos_t until);
/* Writes what is in the buffer, without changing who is busy; the segment begun is padded and the next record begins another. */
MUST_CHECK JET_ERR log_write_buffer(struct log *log);
/* Marks the log as down with the error that callers are to see; returns it. */
JET_ERR log_fail(struct log *log, JET_ERR error);
static inline lgpos_t log_next_position(const struct log *log) { return lgpos_make(log->header.generation, log->segment, log->byte); }

/* freeze.c: with the lock held, while frozen. Makes the buffer hold so many segments, if there is memory: who appends may hold page latches, and readers should not wait for the thaw. */
void log_make_room_frozen(struct log *log, uint32_t segments);

/* roll.c */
MUST_CHECK JET_ERR log_roll_locked(struct log *log);
/* Makes the file of the first generation of this log; used by log_create and by log_continue without a current log. */
MUST_CHECK JET_ERR log_make_first_file(struct log *log, const struct log_header *header);
void log_prepare_reserves(struct log *log);
void log_start_generation(struct log *log);

/* emit.c. Busy, without the lock, or while nobody else can have the log. The first two do nothing without a receiver; the others are called only with one. */
/* The log has been opened: its current generation, `segments` segments of it beginning with the header. image NULL: it has only its header yet. */
void log_emit_begin(struct log *log, const uint8_t *image, uint32_t segments);
void log_emit_end(struct log *log);
void log_emit_segments(struct log *log, uint32_t first, const uint8_t *segments, uint32_t count);
/* log->header is still that of the generation which is complete. */
void log_emit_next_generation(struct log *log, const struct log_header *next);

/* write.c: the thread that flushes a buffer which is half full. Only for buffers of LOG_WRITER_SEGMENTS or more; smaller ones are written by whoever fills them. */
enum { LOG_WRITER_SEGMENTS = 128 };
MUST_CHECK JET_ERR log_writer_start(struct log *log);
void log_writer_stop(struct log *log);

/* roll.c */
/* Databases attached before the position `before`; 0: all. */
uint32_t log_encode_attach_list(struct log *log, uint8_t *list, lgpos_t before);
/* Calls new_generation for generations made since the last call. Without locks. */
void log_announce(struct log *log);
void log_fill_parameters(const struct log *log, struct dbms_param *out);
struct log_time log_now(void);

#endif
