/* A database being recovered, as a file: creation, the header that goes ahead of the pages, growth, truncation, the clean end (recovery.md 6.1, 6.2). */
#include "btree/btree.h"
#include "base/memory.h"
#include "database/header_pair.h"
#include "os/clock.h"
#include "os/path.h"
#include "recovery/internal.h"

enum { CREATED_VERSION = 2, CREATED_VERSION_OLD = 1, UPDATE_MAJOR_OLD = 0x11, RESIZE_UPDATE_MAJOR = 110, RESIZE_UPDATE_MINOR = 240, GROWTH_MAX = 4096 };
#define DBTIME_START 0x40u /* of a new database */

static struct log_time now(void)
{
    int64_t seconds;
    unsigned milliseconds;
    clock_now(&seconds, &milliseconds);
    return log_time_from_unix(seconds, milliseconds);
}

/* --- open --- */

JET_ERR recovery_open_database(struct recovery *r, struct recovered_database *d)
{
    JET_ERR err = JET_errSuccess;
    if (d->db != NULL)
        return JET_errSuccess;
    struct database_open_config open = {.fs = r->fs, .cache = r->cache, .path = d->path, .page_size = d->page_size, .dbid = d->dbid};
    TRY(database_open(&open, &d->db));
    d->db->is_logged = true;
done:
    return err;
}

static void close_database(struct recovered_database *d)
{
    if (d->db == NULL)
        return;
    cache_file_discard(d->db->pages);
    database_close(d->db);
    d->db = NULL;
}

void recovery_release_databases(struct recovery *r)
{
    for (uint32_t i = 0; i < r->database_count; i++) {
        struct recovered_database *d = &r->databases[i];
        close_database(d);
        doubts_release(&d->doubts);
        mem_free(d->logged_path);
        mem_free(d->path);
    }
    r->database_count = 0;
}

/* --- creation --- */

static JET_ERR write_first_header(struct recovery *r, struct recovered_database *d)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    uint8_t *page = NULL;
    char *folder = NULL;
    bool copy_is_bad[HEADER_COPIES] = {true, false}; /* a new file: any order will do */
    page = (uint8_t *)mem_alloc_aligned(d->page_size, d->page_size);
    if (page == NULL)
        RAISE(JET_errOutOfMemory);
    memset(page, 0, d->page_size);
    db_header_encode(&d->header, page, d->page_size);
    TRY(os_file_open(r->fs, d->path, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_TRUNCATE | OS_OPEN_LOCK_EXCLUSIVE | OS_OPEN_NO_FOLLOW, &file));
    TRY(os_file_set_size(file, page_file_offset(1, d->page_size)));
    TRY(header_pair_write(file, page, d->page_size, copy_is_bad));
    TRY(path_folder(d->path, &folder));
    TRY(os_dir_sync(r->fs, folder));
done:
    os_file_close(file);
    mem_free(page);
    mem_free(folder);
    return err;
}

JET_ERR recovery_create_file(struct recovery *r, struct recovered_database *d, const struct create_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct db_header h;
    uint32_t generation = r->generation.header.generation;
    if (record->version != CREATED_VERSION && record->version != CREATED_VERSION_OLD)
        RAISE(JET_errInvalidCreateDbVersion);
    close_database(d);
    doubts_release(&d->doubts);
    memset(&h, 0, sizeof h);
    h.magic = DB_HEADER_MAGIC;
    h.version_major = h.created_version_major = DB_VERSION_MAJOR;
    h.update_major = h.created_update_major = record->version == CREATED_VERSION ? DB_UPDATE_MAJOR_BASE : UPDATE_MAJOR_OLD;
    h.dbtime = DBTIME_START;
    h.db_signature = record->db_signature;
    h.log_signature = r->log_signature;
    h.state = DB_STATE_JUST_CREATED;
    h.lgpos_attach = r->position;
    h.logtime_attach = now();
    h.dbid = record->dbid;
    h.sort_version = record->version == CREATED_VERSION ? DB_SORT_VERSION_LOCALES : 0;
    h.file_type = FILE_TYPE_DATABASE;
    h.gen_min_required = h.gen_max_required = h.gen_max_committed = h.gen_min_consistent = generation;
    h.logtime_gen_max_created = h.logtime_gen_max_required = r->generation.header.created;
    d->page_size = h.page_size = r->generation.header.page_size;
    d->header = h;
    TRY(write_first_header(r, d));
    TRY(recovery_open_database(r, d));
    d->has_header = true;
    d->required_to = 0; /* the file holds nothing: every page comes from the log */
    d->header_generation = generation;
    d->is_attached = true;
    d->is_deferred = d->is_future = false;
    TRY(recovery_ask(r, (struct recovery_question){.kind = RECOVERY_ATTACHED, .path = d->path}));
done:
    return err;
}

/* --- headers --- */

JET_ERR recovery_write_header(struct recovered_database *d)
{
    struct database *db = d->db;
    /* Nobody else has the database while it is being recovered: its lock, which ranks before page latches, is not needed. */
    db->header = d->header;
    JET_ERR err = database_write_header(db);
    d->header = db->header;
    return err;
}

JET_ERR recovery_prepare_change(struct recovery *r, struct recovered_database *d)
{
    JET_ERR err = JET_errSuccess;
    struct db_header *h = &d->header;
    /* In undo the changes come from the log's new end. */
    uint32_t generation = r->is_undoing ? log_tip_generation(r->log) : r->generation.header.generation;
    struct log_time created = r->is_undoing ? log_generation_created(r->log) : r->generation.header.created;
    if (d->header_generation == generation)
        goto done;
    if (h->gen_max_required < generation) {
        h->gen_max_required = generation;
        h->logtime_gen_max_required = created;
    }
    if (h->gen_max_committed < generation) {
        h->gen_max_committed = generation;
        h->logtime_gen_max_created = created;
    }
    TRY(recovery_write_header(d));
    d->header_generation = generation;
done:
    return err;
}

/* --- size --- */

static bool keeps_resize_position(const struct recovered_database *d) { return db_header_version_at_least(&d->header, RESIZE_UPDATE_MAJOR, RESIZE_UPDATE_MINOR); }

JET_ERR recovery_extend(struct recovery *r, const struct range_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct recovered_database *d = recovery_find_attached(r, record->dbid);
    if (recovery_ignores_record(r, d))
        goto done;
    if (record->page_no == 0 || record->page_no > PAGE_NO_MAX)
        RAISE(JET_errLogCorrupted);
    if (keeps_resize_position(d))
        d->header.lgpos_last_resize = r->position;
    if (record->page_no <= cache_file_last_page(d->db->pages))
        goto done;
    TRY(recovery_prepare_change(r, d));
    TRY(cache_file_grow(d->db->pages, record->page_no));
done:
    return err;
}

JET_ERR recovery_shrink(struct recovery *r, const struct range_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct recovered_database *d = recovery_find_attached(r, record->dbid);
    if (recovery_ignores_record(r, d))
        goto done;
    if (record->page_no == 0 || record->page_no > PAGE_NO_MAX)
        RAISE(JET_errLogCorrupted);
    lgpos_t resized = d->header.lgpos_last_resize;
    bool in_range = r->generation.header.generation <= d->required_to;
    page_no_t last = cache_file_last_page(d->db->pages);
    uint64_t removed_to = (uint64_t)record->page_no + record->count;
    if (removed_to < last)
        removed_to = last;
    doubts_remove(&d->doubts, record->page_no + 1, removed_to > UINT32_MAX ? UINT32_MAX : (page_no_t)removed_to);
    if ((in_range && resized == 0) || lgpos_normalize(resized) > lgpos_normalize(r->position) || last <= record->page_no)
        goto done; /* done before */
    TRY(recovery_prepare_change(r, d));
    TRY(cache_flush_file(d->db->pages));
    TRY(cache_file_truncate(d->db->pages, record->page_no));
    if (keeps_resize_position(d))
        d->header.lgpos_last_resize = r->position;
    TRY(recovery_write_header(d));
done:
    return err;
}

/* The last page that the root tree owns. 0: not a tree to rely on, and the file stays as it is. */
static JET_ERR find_owned_end(struct recovered_database *d, page_no_t *owned)
{
    JET_ERR err = space_last_owned_page(d->db->pages, owned);
    if (recovery_is_passing(err))
        return err;
    if (err < 0 || *owned > PAGE_NO_MAX)
        *owned = 0;
    return JET_errSuccess;
}

/* What is missing up to the last owned page is free space. What is too much goes now, unless the next recovery, should this one be interrupted, will ask for it. */
static JET_ERR fit_size(struct recovered_database *d)
{
    JET_ERR err = JET_errSuccess;
    page_no_t owned, last = cache_file_last_page(d->db->pages);
    TRY(find_owned_end(d, &owned));
    if (owned > last && owned - last <= (last > GROWTH_MAX ? last : GROWTH_MAX))
        TRY(cache_file_grow(d->db->pages, owned));
    if (owned != 0 && owned < last && d->last_named <= owned)
        TRY(cache_file_truncate(d->db->pages, owned));
done:
    return err;
}

JET_ERR recovery_cut_to_owned_end(struct recovered_database *d)
{
    JET_ERR err = JET_errSuccess;
    page_no_t owned;
    TRY(find_owned_end(d, &owned));
    if (owned != 0 && owned < cache_file_last_page(d->db->pages))
        TRY(cache_file_truncate(d->db->pages, owned));
done:
    return err;
}

/* --- the end --- */

/* After a restore: the copy is an ordinary database again. */
static void forget_backups(struct db_header *h)
{
    memset(&h->backup_full_current, 0, sizeof h->backup_full_current);
    memset(&h->backup_full_previous, 0, sizeof h->backup_full_previous);
    memset(&h->backup_incremental_previous, 0, sizeof h->backup_incremental_previous);
    memset(&h->backup_copy_previous, 0, sizeof h->backup_copy_previous);
    memset(&h->backup_differential_previous, 0, sizeof h->backup_differential_previous);
}

/* A creation that never ended leaves nothing: its path is free for another one. */
void recovery_remove_unfinished(struct recovery *r, struct recovered_database *d)
{
    close_database(d);
    doubts_release(&d->doubts);
    d->is_attached = d->has_header = false;
    if (os_remove(r->fs, d->path) < 0) {
        /* It says "just created": no database for anybody, and CreateDB would begin it anew. */
    }
}

JET_ERR recovery_complete_database(struct recovery *r, struct recovered_database *d)
{
    JET_ERR err = JET_errSuccess;
    if (d->doubts.count > 0)
        RAISE(doubts_first_fault(&d->doubts));
    TRY(cache_flush_file(d->db->pages));
    TRY(fit_size(d));
    if (r->hard != NULL)
        forget_backups(&d->header);
done:
    return err;
}

JET_ERR recovery_end_database(struct recovery *r, struct recovered_database *d, lgpos_t position, bool by_redo)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = d->db;
    if (!d->is_attached)
        goto done;
    if (by_redo && d->header.state == DB_STATE_DIRTY_AND_PATCHED && r->generation.header.generation <= d->required_to) {
        d->header.lgpos_consistent = d->detached_at = position;
        d->is_attached = false;
        goto done;
    }
    TRY(recovery_ask(r, (struct recovery_question){.kind = RECOVERY_DETACHING, .path = d->path}));
    if (d->header.state == DB_STATE_JUST_CREATED) {
        recovery_remove_unfinished(r, d);
        goto done;
    }
    TRY(recovery_complete_database(r, d));
    if (by_redo)
        d->header.gen_recovering = r->generation.header.generation;
    mutex_lock(&db->header_lock);
    db->header = d->header;
    mutex_unlock(&db->header_lock);
    TRY(database_mark_clean(db, position, now()));
    d->header = db->header;
    d->header_generation = 0;
    d->is_attached = false;
    r->result->attached_count++;
    TRY(recovery_cut_to_owned_end(d));
done:
    return err;
}

JET_ERR recovery_end_patched(struct recovery *r, struct recovered_database *d)
{
    lgpos_t position = d->detached_at;
    d->header.state = DB_STATE_DIRTY;
    d->detached_at = 0;
    d->is_attached = true;
    return recovery_end_database(r, d, position, true);
}

JET_ERR recovery_end_databases(struct recovery *r, lgpos_t position, bool by_redo)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < r->database_count; i++)
        TRY(recovery_end_database(r, &r->databases[i], position, by_redo));
done:
    return err;
}
