/* The state of one recovery, shared by the files of this module only. README.md explains the course. */
#ifndef OPENESE_RECOVERY_INTERNAL_H
#define OPENESE_RECOVERY_INTERNAL_H

#include "database/database.h"
#include "page/redo.h"
#include "recovery/recovery.h"

/* Pages whose change could not be judged, in the required range: missing, or too old (7.2). Sorted by page number. */
struct doubtful_pages {
    struct doubtful_page {
        page_no_t page_no;
        JET_ERR fault;
    } *items;
    uint32_t count, room;
};

/* A database that the log names. `header` is what it is by the records replayed so far; the file's own is brought up to it when a page of a generation is first
 * changed, and when the database ends. */
struct recovered_database {
    uint32_t dbid;
    char *logged_path;     /* UTF-8 */
    char *path;            /* resolved; NULL: nowhere */
    const struct recovery_map_entry *entry; /* of the map, by which it was resolved; NULL: none */
    bool has_header;
    struct db_header header;
    uint32_t page_size;
    struct database *db;   /* open (and locked) from the first attach on */
    bool is_attached;
    bool is_deferred;      /* may be attached by a later record; else the recovery fails at the end */
    bool is_future;        /* deferred as the file is newer than the records */
    bool is_access_denied; /* why it is deferred */
    lgpos_t detached_at;       /* where the log detached it before all of its required range was replayed: pages of a patched database may be newer, so it is not consistent there. 0: nowhere */
    uint32_t required_to;      /* gen_max_required as the file said: up to here pages may be newer than the records */
    page_no_t last_named;      /* the highest page that a record of this replay has named */
    uint32_t header_generation; /* for which the header on disk has been made ready; 0 = none */
    struct doubtful_pages doubts;
};

/* A node change of a transaction that may have to be undone (6.3). Bytes: bookmark key, bookmark data, data before. */
enum version_operation { VERSION_INSERT = 1, VERSION_REPLACE = 2, VERSION_FLAG_DELETE = 3, VERSION_DELTA = 4, VERSION_DELTA64 = 9 };
struct version_entry {
    uint32_t rceid, transaction;
    uint8_t operation, level, dbid, page_flags;
    bool is_deferred;      /* the change was on the page already: bookmark and data before must come from an UndoInfo */
    bool is_logged;        /* the log has what undo needs */
    page_no_t root;
    uint32_t objid;
    uint16_t offset;
    int64_t delta;
    uint32_t key_size, bookmark_data_size, data_size;
    uint8_t bytes[];
};
static inline struct span version_entry_key(const struct version_entry *e) { return span_of(e->bytes, e->key_size); }
static inline struct span version_entry_bookmark_data(const struct version_entry *e) { return span_of(e->bytes + e->key_size, e->bookmark_data_size); }
static inline struct span version_entry_data(const struct version_entry *e) { return span_of(e->bytes + e->key_size + e->bookmark_data_size, e->data_size); }

/* Records of a macro, kept until its end. */
struct open_macro {
    struct open_macro *next;
    uint64_t dbtime;
    uint32_t count, room;
    struct macro_member {
        uint8_t *bytes;
        uint32_t size;
    } *members;
};

struct recovered_session {
    uint16_t procid;
    bool has_begun;        /* a Begin0 has been seen in this run */
    uint8_t level;
    uint32_t transaction;  /* number of the open one */
    struct open_macro *macros;
    uint8_t *commit_context; /* the client is called with it before and after the Commit0 that follows; NULL: none */
    uint32_t commit_context_size;
    struct version_entry **entries; /* in the order of their ids; levels do not fall */
    uint32_t entry_count, entry_room;
};

/* A transaction that the log's end leaves open. */
struct open_transaction {
    uint16_t procid;
    uint32_t transaction;
};

enum { RECOVERED_DATABASES_MAX = 64, RECOVERY_PATH_UTF16 = 8 /* flag of AttachDB and CreateDB */ };

struct recovery {
    const struct recovery_config *config;
    const struct recovery_hard_config *hard; /* NULL in soft recovery */
    struct recovery_result *result;
    struct os_fs *fs;
    const char *folder, *base, *extension;
    struct log_listing listing;
    struct cache *cache;
    struct log *log;                  /* open for appending; NULL before it is needed */

    struct signature log_signature;
    lgpos_t redo_from;
    struct log_generation generation; /* being replayed */
    bool has_generation, is_current;  /* it is <base>.log */
    lgpos_t position;                 /* of the record being replayed */
    lgpos_t end;                      /* behind it */
    lgpos_t shutdown_mark;
    const struct recovery_stop *stop; /* of the configuration; NULL: none */
    struct recovery_stop_point stop_point; /* of a stop that ends the history: generation 0 = none */
    bool is_undoing;                  /* the log is at its end and Undo records are being appended */
    uint32_t progress_segment, percent; /* last reported */
    bool is_between_runs;             /* behind an end, before the next Init */
    uint8_t last_type;                /* of the last record that is no padding */
    lgpos_t last_position;
    uint32_t transaction_last;

    struct recovered_database databases[RECOVERED_DATABASES_MAX];
    uint32_t database_count;
    struct recovered_session *sessions;
    uint32_t session_count, session_room;
    struct open_transaction *open_transactions; /* known after recovery_scan_open */
    uint32_t open_count, open_room;
};

static inline bool recovery_is_end(uint8_t type)
{
    return type == LR_TERM || type == LR_TERM2 || type == LR_RECOVERY_QUIT || type == LR_RECOVERY_QUIT2;
}
static inline bool recovery_ignores_record(const struct recovery *r, const struct recovered_database *d)
{
    return d == NULL || lgpos_normalize(r->position) <= lgpos_normalize(d->header.lgpos_attach);
}

/* An error of the moment, which says nothing about what is in a file: never to be taken for "not there" or "damaged". */
static inline bool recovery_is_passing(JET_ERR error) { return error == JET_errDiskIO || error == JET_errOutOfMemory || error == JET_errOutOfFileHandles || error == JET_errOutOfBuffers; }

/* ask.c. The answer of the client, or the one given when there is none. */
MUST_CHECK JET_ERR recovery_ask(struct recovery *r, struct recovery_question question);
MUST_CHECK JET_ERR recovery_ask_to_open(struct recovery *r, enum recovery_open_reason reason, uint32_t generation, bool is_current, JET_ERR answer);
MUST_CHECK JET_ERR recovery_ask_about_missing(struct recovery *r, enum recovery_missing_log next, uint32_t generation, bool is_current, JET_ERR answer);
/* RECOVERY_BEGIN_UNDO and the opening for it. *has_undo false: the recovery ends without. */
MUST_CHECK JET_ERR recovery_ask_for_undo(struct recovery *r, bool *has_undo);

/* attach.c: the tables of recovery.md 6.2. */
MUST_CHECK JET_ERR recovery_attach_list(struct recovery *r, const uint8_t *list, lgpos_t position);
MUST_CHECK JET_ERR recovery_attach_record(struct recovery *r, const struct attach_record *record);
MUST_CHECK JET_ERR recovery_create_record(struct recovery *r, const struct create_record *record);
/* A stop at the present stop point: may the database that a list entry or a record names be brought to it? JET_errEndingRestoreLogTooLow when its file may
 * hold something later. */
MUST_CHECK JET_ERR recovery_judge_stop(struct recovery *r, struct span path, bool is_utf16, const struct signature *db_signature);
MUST_CHECK JET_ERR recovery_judge_stop_list(struct recovery *r, const uint8_t *list);
/* The attached database with this id, or NULL. */
struct recovered_database *recovery_find_attached(struct recovery *r, uint32_t dbid);
/* Closes files; pages not written are given up. */
void recovery_release_databases(struct recovery *r);

/* database_file.c: what is done to a database as a file. */
/* Makes a new file with a header in creation; d->header is set. */
MUST_CHECK JET_ERR recovery_create_file(struct recovery *r, struct recovered_database *d, const struct create_record *record);
MUST_CHECK JET_ERR recovery_open_database(struct recovery *r, struct recovered_database *d);
/* The header on disk says that pages of the present generation may be in the file. Before every first change of a generation. */
MUST_CHECK JET_ERR recovery_prepare_change(struct recovery *r, struct recovered_database *d);
MUST_CHECK JET_ERR recovery_extend(struct recovery *r, const struct range_record *record);
MUST_CHECK JET_ERR recovery_shrink(struct recovery *r, const struct range_record *record);
/* Pages flushed, header clean at the position, file of the length that it owns; no longer attached. A file whose creation did not end is removed (6.2). */
MUST_CHECK JET_ERR recovery_end_database(struct recovery *r, struct recovered_database *d, lgpos_t position, bool by_redo);
/* Pages flushed, file grown to what it owns, and cut where no record replayed names what is behind. JET_errDatabaseCorrupted and the like for pages that could not be judged. */
MUST_CHECK JET_ERR recovery_complete_database(struct recovery *r, struct recovered_database *d);
/* Cuts off what is behind the last page that the database owns: it belongs to nobody. Where a record has named a page there, only once no recovery will need that record again: no ShrinkDB may follow it. */
MUST_CHECK JET_ERR recovery_cut_to_owned_end(struct recovered_database *d);
/* Removes the file of a creation that did not end; no longer attached. */
void recovery_remove_unfinished(struct recovery *r, struct recovered_database *d);
/* Writes d->header. */
MUST_CHECK JET_ERR recovery_write_header(struct recovered_database *d);
/* One with detached_at, whose range has been replayed: it is consistent there now. */
MUST_CHECK JET_ERR recovery_end_patched(struct recovery *r, struct recovered_database *d);
MUST_CHECK JET_ERR recovery_end_databases(struct recovery *r, lgpos_t position, bool by_redo);

/* doubts.c */
MUST_CHECK JET_ERR doubts_add(struct doubtful_pages *doubts, page_no_t page_no, JET_ERR fault);
void doubts_remove(struct doubtful_pages *doubts, page_no_t first, page_no_t last);
void doubts_release(struct doubtful_pages *doubts);
/* What to report of them, 0 when there are none. */
JET_ERR doubts_first_fault(const struct doubtful_pages *doubts);

/* sessions.c */
MUST_CHECK JET_ERR recovery_find_session(struct recovery *r, uint16_t procid, struct recovered_session **out);
MUST_CHECK JET_ERR recovery_redo_transaction(struct recovery *r, const struct log_record *record);
/* CommitCtx: what the client wants to hear of. */
MUST_CHECK JET_ERR recovery_redo_commit_context(struct recovery *r, const struct log_record *record);
/* page_request.c */
MUST_CHECK JET_ERR recovery_redo_page_request(struct recovery *r, const struct log_record *record);
MUST_CHECK JET_ERR recovery_redo_macro_mark(struct recovery *r, const struct log_record *record);
/* Keeps a record when it belongs to an open macro. */
MUST_CHECK JET_ERR recovery_collect(struct recovered_session *s, const struct log_record *record, bool *is_collected);
void recovery_drop_macros(struct recovered_session *s);
void recovery_end_sessions(struct recovery *r);

/* versions.c */
struct version_bookmark {
    struct span key_prefix, key, data;
};
MUST_CHECK JET_ERR versions_add(struct recovered_session *s, const struct log_record *record, uint32_t rceid, enum version_operation operation,
                                const struct version_bookmark *bookmark, struct span before, struct version_entry **out);
/* The change was there already: a place for what an UndoInfo brings. */
MUST_CHECK JET_ERR versions_defer(struct recovered_session *s, const struct log_record *record, uint32_t rceid, enum version_operation operation);
MUST_CHECK JET_ERR versions_undo_info(struct recovered_session *s, const struct log_record *record);
/* NULL when there is none. */
struct version_entry *versions_find(const struct recovered_session *s, uint32_t rceid);
void versions_remove(struct recovered_session *s, uint32_t rceid);
void versions_commit(struct recovered_session *s, uint8_t level);
void versions_drop_above(struct recovered_session *s, uint8_t level);
void versions_release(struct recovered_session *s);
/* UndoInfo of an entry, into a buffer of version_record_size. */
uint32_t versions_encode_undo_info(const struct version_entry *e, uint16_t procid, page_no_t page_no, uint8_t *out);
/* Undo of an entry. */
uint32_t versions_encode_undo(const struct version_entry *e, uint16_t procid, page_no_t page_no, uint32_t line, uint64_t dbtime, uint64_t dbtime_before, uint8_t *out);
enum { UNDO_INFO_FIXED = 56, UNDO_FIXED = 51 };

/* redo.c: one record. */
MUST_CHECK JET_ERR recovery_redo_record(struct recovery *r, struct span bytes);
/* redo_page.c: records that change pages of an attached database. last_change: of the newest record on the pages, 0 when it is durable already. */
MUST_CHECK JET_ERR recovery_redo_page(struct recovery *r, struct recovered_database *d, struct recovered_session *s, const struct log_record *record);
MUST_CHECK JET_ERR recovery_redo_macro(struct recovery *r, struct recovered_database *d, struct recovered_session *s, const struct log_record *records, uint32_t count);
/* The page change of an Undo record just appended at `position`. */
MUST_CHECK JET_ERR recovery_apply_undo(struct recovery *r, struct recovered_database *d, struct recovered_session *s, const struct log_record *record, lgpos_t position);

/* observe.c: what config->change is told; nothing when nobody listens. */
static inline bool recovery_is_observed(const struct recovery *r) { return r->config->change != NULL; }
/* Begin0, Commit0, Rollback; s after the record. */
MUST_CHECK JET_ERR recovery_observe_transaction(struct recovery *r, const struct recovered_session *s, const struct log_record *record);
MUST_CHECK JET_ERR recovery_observe_open_end(struct recovery *r, const struct recovered_session *s);
/* A node operation. node, before: of the page before the change, NULL when it is not as old as that. d may be NULL. undone: of an Undo, NULL unknown. */
MUST_CHECK JET_ERR recovery_observe_node(struct recovery *r, const struct recovered_database *d, const struct recovered_session *s, const struct log_record *record,
                                         const struct node *node, const struct span *before, const struct version_entry *undone);

/* open_end.c: transactions that the log's end leaves open. */
MUST_CHECK JET_ERR recovery_scan_open(struct recovery *r, uint32_t first, lgpos_t start);
bool recovery_is_open_at_end(const struct recovery *r, uint16_t procid, uint32_t transaction);
/* Puts into the log what undoing the entry takes; *position: of it. */
MUST_CHECK JET_ERR recovery_log_undo_info(struct recovery *r, const struct recovered_session *s, struct version_entry *e, page_no_t page_no, lgpos_t *position);

/* stop.c: stops that end the history (struct recovery_stop). */
static inline bool recovery_ends_history(const struct recovery *r) { return r->stop != NULL && (r->stop->generation != 0 || r->stop->time != 0); }
static inline bool recovery_has_stop_position(const struct recovery *r) { return r->stop != NULL && r->stop->position != 0; }
/* Finds the stop in the logs from a generation on, into r->stop_point. */
MUST_CHECK JET_ERR recovery_locate_stop(struct recovery *r, uint32_t first);
/* Makes a generation end where the stop is, in memory. */
void recovery_cut_generation(const struct recovery *r, struct log_generation *g);
/* The time of the segment of r->position, 0 unknown. */
int64_t recovery_time_reached(const struct recovery *r);
/* Soft recovery: makes the log on disk end at the stop; what is behind it is set aside. r->listing is brought up to date. */
MUST_CHECK JET_ERR recovery_cut_history(struct recovery *r, uint32_t lowest, const struct checkpoint *checkpoint);
/* Hard recovery: moves what stands of the stream in the log folder aside. */
MUST_CHECK JET_ERR recovery_set_logs_aside(struct recovery *r);
/* The databases are clean: the old stream's logs leave, a new one begins, open in r->log. */
MUST_CHECK JET_ERR recovery_begin_new_stream(struct recovery *r);

/* recovery.c */
MUST_CHECK JET_ERR recovery_archive_or_current(const struct recovery *r, uint32_t generation, char **path, bool *is_current);
MUST_CHECK JET_ERR recovery_open_log(struct recovery *r);
void recovery_report(const struct recovery *r, uint32_t event, const char *parameter);

/* undo.c (9): everything open is rolled back; the log is open and RecoveryUndo2 written. */
MUST_CHECK JET_ERR recovery_undo(struct recovery *r);

/* keep.c: JET_bitKeepDbAttachedAtEndOfRecovery. */
/* The attached databases join the log's list. *keeps: they are to stay attached when the recovery ends. The log is open. */
MUST_CHECK JET_ERR recovery_note_attached(struct recovery *r, bool *keeps);
/* Instead of the clean end: RecoveryQuitKeepAttachments, headers and checkpoint at it, result->kept. undo: of RecoveryUndo2. */
MUST_CHECK JET_ERR recovery_keep_databases(struct recovery *r, lgpos_t undo);

/* finish.c: the checks at the end of the log, undo, headers. Leaves r->log open for the new run. */
MUST_CHECK JET_ERR recovery_check_ranges(struct recovery *r);
MUST_CHECK JET_ERR recovery_finish(struct recovery *r);

#endif
