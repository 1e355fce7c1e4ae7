/* The state of one recovery, shared by the files of this module only. README.md explains the course. */
#ifndef OPENESE_RECOVERY_INTERNAL_H
#define OPENESE_RECOVERY_INTERNAL_H

#include "database/database.h"
#include "recovery/recovery.h"

/* A database that the log names. Its header is changed here only, in memory; recovery_finish writes it. */
struct recovered_database {
    uint32_t dbid;
    char *logged_path;     /* UTF-8 */
    char *path;            /* resolved; NULL: nowhere */
    bool has_header;
    struct db_header header;
    uint32_t page_size;
    struct database *db;   /* open (and locked) from the first attach on */
    bool is_attached;
    bool is_deferred;      /* may be attached by a later record; else the recovery fails at the end */
    bool is_future;        /* deferred as the file is newer than the records */
    bool is_access_denied; /* why it is deferred */
    bool is_changed;       /* the header in memory differs from the one on disk */
    bool was_closed_by_redo;
    page_no_t extended_to; /* of ExtendDB */
};

struct recovered_session {
    uint16_t procid;
    bool has_begun;        /* a Begin0 has been seen in this run */
    uint8_t level;
    uint32_t changes;      /* page records of the open transaction on attached databases */
};

enum { RECOVERED_DATABASES_MAX = 64 };

struct recovery {
    const struct recovery_config *config;
    const struct recovery_hard_config *hard; /* NULL in soft recovery */
    struct recovery_result *result;
    struct os_fs *fs;
    const char *folder, *base, *extension;
    struct log_listing listing;
    struct cache *cache, *own_cache;

    struct signature log_signature;
    lgpos_t redo_from;
    struct log_generation generation; /* being replayed */
    bool has_generation, is_current;  /* it is <base>.log */
    lgpos_t position;                 /* of the record being replayed */
    lgpos_t end;                      /* behind it */
    lgpos_t shutdown_mark;
    uint8_t last_type;                /* of the last record that is no padding */
    lgpos_t last_position;
    uint32_t transaction_last;

    struct recovered_database databases[RECOVERED_DATABASES_MAX];
    uint32_t database_count;
    struct recovered_session *sessions;
    uint32_t session_count, session_room;
    uint8_t *page;                    /* scratch, page_size of the stream */
};

static inline bool recovery_is_end(uint8_t type)
{
    return type == LR_TERM || type == LR_TERM2 || type == LR_RECOVERY_QUIT || type == LR_RECOVERY_QUIT2;
}

/* attach.c: the tables of recovery.md 6.2. */
MUST_CHECK JET_ERR recovery_attach_list(struct recovery *r, const uint8_t *list, lgpos_t position);
MUST_CHECK JET_ERR recovery_attach_record(struct recovery *r, const struct attach_record *record);
MUST_CHECK JET_ERR recovery_create_record(struct recovery *r, const struct create_record *record);
/* Marks every attached database clean at the position, and not attached any more. */
void recovery_end_databases(struct recovery *r, lgpos_t position, bool by_redo);
void recovery_end_database(struct recovery *r, struct recovered_database *d, lgpos_t position, bool by_redo);
/* The attached database with this id, or NULL. */
struct recovered_database *recovery_find_attached(struct recovery *r, uint32_t dbid);
void recovery_release_databases(struct recovery *r);

/* redo.c: one record. */
MUST_CHECK JET_ERR recovery_redo_record(struct recovery *r, struct span bytes);
/* redo_page.c: a record that changes pages of an attached database. */
MUST_CHECK JET_ERR recovery_redo_page(struct recovery *r, struct recovered_database *d, const struct log_record *record);

/* finish.c: the checks at the end of the log, undo, headers. *log: open log for the new run. */
MUST_CHECK JET_ERR recovery_check_ranges(struct recovery *r);
MUST_CHECK JET_ERR recovery_finish(struct recovery *r, struct log **log);

#endif
