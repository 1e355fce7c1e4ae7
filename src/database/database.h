/* An attached database file: the open, locked file, its header pair, its pages in the cache, its counters.
 *
 * States on disk (database-file 2.3): clean -> (attach) dirty -> (detach) clean. The header is changed only through the functions here, under
 * `header_lock`, and always written as a pair: page 0, sync, page 1, sync (2.4), so that one good copy survives any crash.
 * engine/ (attach, detach, termination) and recovery/ (redo of those) call the same functions; the caller writes and flushes the log
 * record that explains a state change first.
 */
#ifndef OPENESE_DATABASE_DATABASE_H
#define OPENESE_DATABASE_DATABASE_H

#include <stdatomic.h>

#include "cache/cache.h"
#include "format/db_header.h"
#include "os/thread.h"

struct log;
struct schema_use;
struct version_store;

enum { DATABASE_STRUCTURE_LOCKS = 64 };

struct database {
    struct os_fs *fs;
    char *path;               /* absolute */
    struct os_file *file;
    struct cache_file *pages;
    uint32_t page_size;
    uint32_t dbid;            /* 1.. as given at attach */
    bool is_read_only;        /* attached read-only: nothing is written or logged */
    bool is_logged;           /* attach was logged; part of backups */
    struct mutex header_lock; /* guards header, but for what never changes while attached: version words, flags, page size, signature */
    struct db_header header;
    uint8_t *header_page;     /* page_size bytes: the whole first page, so that unknown later fields survive a rewrite */
    bool is_header_frozen;    /* database_freeze_header; guarded by header_lock */
    struct condition header_thawed;
    bool copy_is_bad[2];      /* primary, shadow: not a good copy of `header` on disk; written first next time. Guarded by header_lock */
    atomic_uint_least32_t last_owned_page; /* logical size: last page the root tree owns; changes under space_lock, a backup and a size question read it without */

    /* For changing pages; set up by engine/ when a writable database is attached or created (database_open leaves log and versions NULL). */
    struct log *log;                     /* NULL: changes are not logged (recovery off, JET_bitDbRecoveryOff, temporary) */
    struct version_store *versions;      /* of the instance */
    atomic_uint_least64_t dbtime_last;   /* the last one given out */
    atomic_uint_least32_t objid_last;    /* likewise */
    struct mutex space_lock;             /* RANK_SPACE: all space trees (btree/extent.h) */
    struct mutex structure_locks[DATABASE_STRUCTURE_LOCKS]; /* RANK_TREE, by root page: one split or merge of a tree at a time */
    bool has_space_lock;
    uint32_t structure_lock_count;       /* locks made so far */
    atomic_uint_least32_t required_on_disk; /* gen_max_required of the header on disk: pages with changes of later generations are held back (the waypoint, recovery 10.1) */
    uint32_t extension_pages;            /* JET_paramDbExtensionSize */
    uint32_t size_max_pages;             /* 0: no limit */
    page_no_t space_limit;               /* while the end of the file is cleared, pages from here on are not handed out; 0: all may be. Guarded by space_lock */
    /* Told when keys of UTF-16 text in this database are made with a stand-in for Windows' weights, and which; NULL: nobody is. */
    void (*stand_in_used)(void *context, const char *name);
    void *stand_in_context;
    struct schema_use *schema_use; /* catalog/: where tables in use are counted; NULL: nowhere */
    /* State of layers above, made on first use and destroyed by database_close through the destructor given with it. */
    void *catalog;
    void (*catalog_destroy)(void *catalog);
};

/* Errors of this module that the public header shows only under ESENT_PRIVATE. */
enum {
    DATABASE_ERROR_INCOMPLETE_RESEED = -1226, /* JET_errDatabaseIncompleteIncrementalReseed */
    DATABASE_ERROR_INCOMPLETE_REVERT = -1935  /* JET_errDatabaseIncompleteRevert */
};

/* Format versions that are read: (0x620, update-major) between these (database-file 8). */
enum { DATABASE_UPDATE_MAJOR_MIN = 0x0B, DATABASE_UPDATE_MAJOR_MAX = 300 };

struct database_open_config {
    struct os_fs *fs;
    struct cache *cache;
    const char *path;
    uint32_t page_size;       /* of the instance; a file of another size is JET_errPageSizeMismatch */
    uint32_t dbid;
    bool read_only;           /* shared lock; else exclusive */
    struct cache_observer observer;
    void (*stand_in_used)(void *context, const char *name); /* as in struct database */
    void *stand_in_context;
    struct schema_use *schema_use;                          /* likewise */
};

/* Reads and checks the header pair without locking, changing or caching anything: for information calls and tools, before attach.
 * Tries every legal page size (2.4). *page_size_out: size found. *used_shadow: the primary was bad. header_page_out (may be NULL): a new block
 * with the whole header page, freed with mem_free. Errors: JET_errFileNotFound…, JET_errDatabaseCorrupted (neither copy valid),
 * JET_errFileIOBeyondEOF (shorter than a header). */
MUST_CHECK JET_ERR database_read_header(struct os_fs *fs, const char *path, struct db_header *out, uint32_t *page_size_out, bool *used_shadow, uint8_t **header_page_out);

/* Opens and locks the file, reads the header, checks file type, format version (JET_errInvalidDatabaseVersion, JET_errDatabase…Format) and page size,
 * makes the cache file, finds last_owned_page. Does not judge the state: see database_check_attachable. Never writes. */
MUST_CHECK JET_ERR database_open(const struct database_open_config *config, struct database **out);
/* A new database file, alone in the world: its header pair (state just created, format 0x620,0x14, dbtime and signature fresh) and `last_page` zero pages; durable. JET_errFileAlreadyExists
 * unless may_overwrite; JET_errInvalidPath (no such folder), JET_errDiskFull. On an error the file is gone again. Then database_open. */
struct database_create_config {
    struct os_fs *fs;
    const char *path;
    uint32_t page_size, dbid;
    page_no_t last_page;
    bool may_overwrite;
    bool has_no_shadow_catalog; /* JET_bitDbShadowingOff */
    struct signature db_signature;
    const struct signature *log_signature; /* NULL: without logging */
};
MUST_CHECK JET_ERR database_create_file(const struct database_create_config *config);
/* Initial size in pages for JET_paramDbExtensionSize pages (database-file 7). */
page_no_t database_initial_pages(uint32_t page_size, uint32_t extension_pages);

/* Closes without writing. Changed pages have been flushed before (database_mark_clean does) or given up with cache_file_discard. Accepts NULL. */
void database_close(struct database *db);
/* Sets the logical size, which is known only above this module (the owned-extent tree of page 1); until then it is the size of the file.
 * JET_errDatabaseCorrupted when it is no page number. */
MUST_CHECK JET_ERR database_set_last_owned_page(struct database *db, page_no_t last);

/* May this header be attached (instance-and-session 13.3 checks 13-18)? stream_signature: NULL when logging is off.
 * JET_errDatabaseDirtyShutdown, JET_errSoftRecoveryOnBackupDatabase, JET_errDatabaseIncompleteUpgrade, DATABASE_ERROR_INCOMPLETE_…, JET_errDatabaseCorrupted (no known state),
 * JET_errConsistentTimeMismatch (closed at a position the stream has not reached; stream_tip is its end). */
MUST_CHECK JET_ERR database_check_attachable(const struct db_header *header, const struct signature *stream_signature, lgpos_t stream_tip);

/* forget_generation.c: the header of a file that nobody has open (JET_errFileAccessDenied) stops knowing of the last generation of its log, which then need not be there to recover the
 * database to a sound state; what was backed up by a mark in it is forgotten with it. A generation it never knew of changes nothing. JET_errInvalidParameter: the database is not dirty or of
 * another stream, the generation is not the last one, or recovery needs it. Errors of database_read_header and database_check_format. */
MUST_CHECK JET_ERR database_forget_generation(struct os_fs *fs, const char *path, const struct signature *log_signature, uint32_t generation);

/* Is the format one we read? JET_errInvalidDatabaseVersion, JET_errDatabase500Format, ...400Format, ...200Format, JET_errFileInvalidType. */
MUST_CHECK JET_ERR database_check_format(const struct db_header *header);

/* Writes the pair, with the counters as they are now. Caller holds header_lock. A fresh header-flush signature is put in on each write. After an error one good copy is on disk,
 * of the old or the new header; the next write begins with the other. JET_errDatabaseFileReadOnly. */
MUST_CHECK JET_ERR database_write_header(struct database *db);

/* From its return to database_thaw_header the header on disk stays as it is; who wants to write it waits (and lets go of header_lock meanwhile). For snapshots. */
void database_freeze_header(struct database *db);
void database_thaw_header(struct database *db);

/* The functions below take header_lock themselves. On an error the header in memory is as before. */

/* Header of a writable attach: dirty, attach position and time, generations; the log signature of the stream (with another stream
 * than before all previous-backup slots are cleared; NULL when logging is off: the generations are then ignored); current-backup slots
 * cleared. Writes the pair. */
MUST_CHECK JET_ERR database_mark_attached(struct database *db, lgpos_t attach_lgpos, struct log_time now, const struct signature *log_signature, uint32_t generation, struct log_time generation_created);
/* A database that recovery left attached is the client's now: re-attach position and time, current-backup slots cleared. Writes the pair. */
MUST_CHECK JET_ERR database_mark_reattached(struct database *db, lgpos_t reattach_lgpos, struct log_time now);
/* Puts back the header as it was before an attachment that failed half way, in memory and on disk. */
MUST_CHECK JET_ERR database_restore_header(struct database *db, const struct db_header *before);
/* Header of a database in creation: its CreateDB record stands at create_lgpos. The state stays "just created". Writes the pair. */
MUST_CHECK JET_ERR database_mark_creating(struct database *db, lgpos_t create_lgpos, struct log_time now, uint32_t generation, struct log_time generation_created);
/* Creation is complete: dirty. All its pages are flushed before. Writes the pair. */
MUST_CHECK JET_ERR database_mark_created(struct database *db);
/* Header of a clean detach at consistent position `lgpos` (of ShutDownMark or DetachDB). lgpos 0 with logging off. Writes all changed pages and
 * syncs the file, so that no page is less durable than the claim to be clean, then writes the pair. The caller holds no page latch. */
MUST_CHECK JET_ERR database_mark_clean(struct database *db, lgpos_t lgpos, struct log_time now);
/* The log has moved to a new generation, or the checkpoint will: required and committed range. Each only rises; nothing is written when nothing does, or when the database is clean.
 * A raised minimum says that older changes are in the file: the file is synced first (min_required is at most the generation of cache_oldest_dirty). */
MUST_CHECK JET_ERR database_set_generations(struct database *db, uint32_t min_required, uint32_t max_required, struct log_time max_required_created, uint32_t max_committed, struct log_time max_committed_created);

/* The next dbtime, object id: one more than any given out. */
static inline uint64_t database_next_dbtime(struct database *db) { return atomic_fetch_add(&db->dbtime_last, 1) + 1; }
static inline uint32_t database_next_objid(struct database *db) { return atomic_fetch_add(&db->objid_last, 1) + 1; }
static inline struct mutex *database_structure_lock(struct database *db, page_no_t root) { return &db->structure_locks[root % DATABASE_STRUCTURE_LOCKS]; }

#endif
