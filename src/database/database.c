/* Attached database files: open, close, and the state changes of the header (database.h). */
#include "database/database.h"

#include "base/memory.h"
#include "database/header_pair.h"
#include "os/clock.h"
#include "os/path.h"

/* --- reading and judging headers --- */

JET_ERR database_read_header(struct os_fs *fs, const char *path, struct db_header *out, uint32_t *page_size_out, bool *used_shadow, uint8_t **header_page_out)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    struct header_pair pair;
    if (header_page_out != NULL)
        *header_page_out = NULL;
    TRY(os_file_open(fs, path, OS_OPEN_READ, &file));
    TRY(header_pair_read(file, &pair));
    *out = pair.header;
    *page_size_out = pair.page_size;
    *used_shadow = pair.used_shadow;
    if (header_page_out != NULL)
        *header_page_out = pair.page;
    else
        mem_free(pair.page);
done:
    os_file_close(file);
    return err;
}

/* Files of another kind that begin with the same sort of header. Formats of long ago leave the word zero, and a temporary database may say
 * either, so what is not known to be something else passes. */
static bool is_other_file_type(uint32_t file_type)
{
    return file_type == FILE_TYPE_LOG || file_type == FILE_TYPE_CHECKPOINT || file_type == FILE_TYPE_FLUSH_MAP || file_type == FILE_TYPE_SNAPSHOT;
}

JET_ERR database_check_format(const struct db_header *header)
{
    JET_ERR err = JET_errSuccess;
    if (is_other_file_type(header->file_type))
        RAISE(JET_errFileInvalidType);
    err = header_version_error(header->version_major);
    if (err != JET_errSuccess)
        RAISE(err);
    if (header->update_major < DATABASE_UPDATE_MAJOR_MIN || header->update_major > DATABASE_UPDATE_MAJOR_MAX)
        RAISE(JET_errInvalidDatabaseVersion);
done:
    return err;
}

JET_ERR database_check_attachable(const struct db_header *header, const struct signature *stream_signature, lgpos_t stream_tip)
{
    JET_ERR err = JET_errSuccess;
    if (header->state == DB_STATE_BEING_CONVERTED || (header->flags & DB_HEADER_FLAG_UPGRADE_IN_PROGRESS) != 0)
        RAISE(JET_errDatabaseIncompleteUpgrade);
    if (header->state == DB_STATE_INCREMENTAL_RESEED)
        RAISE(DATABASE_ERROR_INCOMPLETE_RESEED);
    if (header->state == DB_STATE_REVERT_IN_PROGRESS)
        RAISE(DATABASE_ERROR_INCOMPLETE_REVERT);
    if (header->state < DB_STATE_JUST_CREATED || header->state > DB_STATE_REVERT_IN_PROGRESS)
        RAISE(JET_errDatabaseCorrupted);
    if (header->state != DB_STATE_CLEAN && header->backup_full_current.gen_low != 0)
        RAISE(JET_errSoftRecoveryOnBackupDatabase);
    if (header->state != DB_STATE_CLEAN)
        RAISE(JET_errDatabaseDirtyShutdown);
    if (stream_signature != NULL && signature_equal(stream_signature, &header->log_signature) && header->lgpos_consistent > stream_tip)
        RAISE(JET_errConsistentTimeMismatch);
done:
    return err;
}

/* --- open and close --- */

void database_close(struct database *db)
{
    if (db == NULL)
        return;
    if (db->catalog != NULL && db->catalog_destroy != NULL)
        db->catalog_destroy(db->catalog);
    cache_file_detach(db->pages);
    os_file_close(db->file);
    for (uint32_t i = 0; i < db->structure_lock_count; i++)
        mutex_destroy(&db->structure_locks[i]);
    if (db->has_space_lock)
        mutex_destroy(&db->space_lock);
    condition_destroy(&db->header_thawed);
    mutex_destroy(&db->header_lock);
    mem_free(db->header_page);
    mem_free(db->path);
    mem_free(db);
}

/* A database with its lock and nothing else. */
static JET_ERR new_database(const struct database_open_config *config, struct database **out)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = (struct database *)mem_alloc(sizeof *db);
    *out = NULL;
    if (db == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(mutex_init(&db->header_lock, RANK_DATABASE_HEADER));
    TRY(condition_init(&db->header_thawed));
    db->fs = config->fs;
    db->dbid = config->dbid;
    db->is_read_only = config->read_only;
    db->stand_in_used = config->stand_in_used;
    db->stand_in_context = config->stand_in_context;
    db->schema_use = config->schema_use;
    *out = db; /* the caller closes it from here on, also after an error */
    TRY(mutex_init(&(*out)->space_lock, RANK_SPACE));
    (*out)->has_space_lock = true;
    for (db = NULL; (*out)->structure_lock_count < DATABASE_STRUCTURE_LOCKS; (*out)->structure_lock_count++)
        TRY(mutex_init(&(*out)->structure_locks[(*out)->structure_lock_count], RANK_TREE));
done:
    mem_free(db);
    return err;
}

static JET_ERR take_header(struct database *db, uint32_t expected_page_size)
{
    JET_ERR err = JET_errSuccess;
    struct header_pair pair;
    TRY(header_pair_read(db->file, &pair));
    db->header_page = pair.page;
    db->header = pair.header;
    db->page_size = pair.page_size;
    db->copy_is_bad[HEADER_PRIMARY] = pair.copy_is_bad[HEADER_PRIMARY];
    db->copy_is_bad[HEADER_SHADOW] = pair.copy_is_bad[HEADER_SHADOW];
    TRY(database_check_format(&db->header));
    atomic_store(&db->dbtime_last, db->header.dbtime);
    atomic_store(&db->objid_last, db->header.objid_last);
    if (db->page_size != expected_page_size)
        RAISE(JET_errPageSizeMismatch);
done:
    return err;
}

JET_ERR database_open(const struct database_open_config *config, struct database **out)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = NULL;
    *out = NULL;
    TRY(new_database(config, &db));
    TRY(path_absolute(config->path, &db->path));
    TRY(os_file_open(config->fs, db->path, config->read_only ? OS_OPEN_READ | OS_OPEN_LOCK_SHARED : OS_OPEN_WRITE | OS_OPEN_LOCK_EXCLUSIVE, &db->file));
    TRY(take_header(db, config->page_size));
    const struct cache_file_config pages = {.file = db->file, .observer = config->observer, .is_read_only = config->read_only, .context = db};
    TRY(cache_file_attach(config->cache, &pages, &db->pages));
    db->last_owned_page = cache_file_last_page(db->pages);
    *out = db;
    db = NULL;
done:
    database_close(db);
    return err;
}

JET_ERR database_set_last_owned_page(struct database *db, page_no_t last)
{
    JET_ERR err = JET_errSuccess;
    if (last == 0 || last > PAGE_NO_MAX)
        RAISE(JET_errDatabaseCorrupted);
    db->last_owned_page = last;
done:
    return err;
}

/* --- changes of the header --- */

static struct log_time time_now(void)
{
    int64_t seconds;
    unsigned milliseconds;
    clock_now(&seconds, &milliseconds);
    return log_time_from_unix(seconds, milliseconds);
}

JET_ERR database_write_header(struct database *db)
{
    JET_ERR err = JET_errSuccess;
    if (db->is_read_only)
        RAISE(JET_errDatabaseFileReadOnly);
    while (db->is_header_frozen) /* what the caller has changed in memory stays: others that come now add theirs, and wait too */
        condition_wait(&db->header_thawed, &db->header_lock);
    /* A flush map of Windows beside the file is paired with it by this signature: a new one tells its reader to drop the map (2.4). */
    db->header.header_flush_signature = signature_make(random_u32(), time_now());
    /* Pages are written with later counters than the header on disk has; it catches up here, and is exact when it says clean. */
    uint64_t dbtime = atomic_load(&db->dbtime_last);
    uint32_t objid = atomic_load(&db->objid_last);
    if (dbtime > db->header.dbtime)
        db->header.dbtime = dbtime;
    if (objid > db->header.objid_last)
        db->header.objid_last = objid;
    db_header_encode(&db->header, db->header_page, db->page_size);
    TRY(header_pair_write(db->file, db->header_page, db->page_size, db->copy_is_bad));
    atomic_store(&db->required_on_disk, db->header.gen_max_required);
done:
    return err;
}

void database_freeze_header(struct database *db)
{
    mutex_lock(&db->header_lock);
    db->is_header_frozen = true;
    mutex_unlock(&db->header_lock);
}

void database_thaw_header(struct database *db)
{
    mutex_lock(&db->header_lock);
    db->is_header_frozen = false;
    condition_broadcast(&db->header_thawed);
    mutex_unlock(&db->header_lock);
}

_Static_assert(sizeof(struct db_header) % sizeof(uint32_t) == 0, "the header is copied by words");

/* Stores only the words that differ: format version, flags and page size never do while a database is attached, and are read without the lock. */
static void put_header(struct database *db, const struct db_header *from)
{
    uint8_t *to = (uint8_t *)&db->header;
    const uint8_t *source = (const uint8_t *)from;
    for (size_t i = 0; i < sizeof *from; i += sizeof(uint32_t)) {
        if (memcmp(to + i, source + i, sizeof(uint32_t)) != 0)
            memcpy(to + i, source + i, sizeof(uint32_t));
    }
}

/* Makes `changed` the header and writes it; on an error the old one stays. Lock on entry: header_lock. */
static JET_ERR replace_header(struct database *db, const struct db_header *changed)
{
    struct db_header before = db->header;
    put_header(db, changed);
    JET_ERR err = database_write_header(db);
    if (err < JET_errSuccess)
        put_header(db, &before);
    return err;
}

JET_ERR database_restore_header(struct database *db, const struct db_header *before)
{
    mutex_lock(&db->header_lock);
    put_header(db, before);
    JET_ERR err = database_write_header(db);
    mutex_unlock(&db->header_lock);
    return err;
}

static bool keeps_resize_position(const struct db_header *header) { return db_header_version_at_least(header, 110, 0); }
static bool keeps_required_time(const struct db_header *header) { return db_header_version_at_least(header, 150, 0); }

/* With another log stream earlier backups cannot be built upon. */
static void set_log_signature(struct db_header *header, const struct signature *log_signature)
{
    static const struct signature none;
    const struct backup_info empty = {0};
    const struct signature *wanted = log_signature != NULL ? log_signature : &none;
    if (signature_equal(&header->log_signature, wanted))
        return;
    header->log_signature = *wanted;
    header->lgpos_consistent = 0; /* a position of the other stream: it says nothing in this one (recovery.md 6.2, on attach) */
    header->backup_full_previous = header->backup_incremental_previous = header->backup_copy_previous = header->backup_differential_previous = empty;
    header->backup_full_previous_type = header->backup_incremental_previous_type = 0;
    header->backup_copy_previous_type = header->backup_differential_previous_type = 0;
}

static void set_generations(struct db_header *header, uint32_t min_required, uint32_t max_required, struct log_time max_required_created,
                            uint32_t max_committed, struct log_time max_committed_created)
{
    const struct log_time unset = {{0}};
    header->gen_min_required = header->gen_min_consistent = min_required;
    header->gen_max_required = max_required;
    header->gen_max_committed = max_committed;
    header->logtime_gen_max_created = max_committed_created;
    header->logtime_gen_max_required = keeps_required_time(header) ? max_required_created : unset;
}

JET_ERR database_mark_attached(struct database *db, lgpos_t attach_lgpos, struct log_time now, const struct signature *log_signature, uint32_t generation, struct log_time generation_created)
{
    JET_ERR err = JET_errSuccess;
    const struct backup_info empty = {0};
    const struct log_time unset = {{0}};
    mutex_lock(&db->header_lock);
    struct db_header h = db->header;
    db_header_set_state(&h, DB_STATE_DIRTY);
    h.dbid = db->dbid;
    h.lgpos_attach = attach_lgpos;
    h.logtime_attach = now;
    h.lgpos_detach = 0;
    h.logtime_detach = unset;
    if (keeps_resize_position(&h))
        h.lgpos_last_resize = attach_lgpos;
    set_log_signature(&h, log_signature);
    h.backup_full_current = h.backup_snapshot_current = empty;
    memset(&h.flush_map_signature, 0, sizeof h.flush_map_signature); /* no flush map is kept here */
    if (log_signature != NULL)
        set_generations(&h, generation, generation, generation_created, generation, generation_created);
    else
        set_generations(&h, 0, 0, unset, 0, unset);
    TRY(replace_header(db, &h));
done:
    mutex_unlock(&db->header_lock);
    return err;
}

JET_ERR database_mark_reattached(struct database *db, lgpos_t reattach_lgpos, struct log_time now)
{
    JET_ERR err = JET_errSuccess;
    const struct backup_info empty = {0};
    mutex_lock(&db->header_lock);
    struct db_header h = db->header;
    h.lgpos_reattach = reattach_lgpos;
    h.logtime_reattach = now;
    h.gen_recovering = 0;
    h.backup_full_current = h.backup_snapshot_current = empty;
    TRY(replace_header(db, &h));
done:
    mutex_unlock(&db->header_lock);
    return err;
}

JET_ERR database_mark_clean(struct database *db, lgpos_t lgpos, struct log_time now)
{
    JET_ERR err = cache_flush_file(db->pages); /* the long way without the lock; under it hardly anything is left */
    mutex_lock(&db->header_lock);
    TRY(err);
    TRY(cache_flush_file(db->pages));
    struct db_header h = db->header;
    db_header_set_state(&h, DB_STATE_CLEAN);
    h.lgpos_consistent = h.lgpos_detach = lgpos;
    h.logtime_consistent = h.logtime_detach = now;
    if (keeps_resize_position(&h))
        h.lgpos_last_resize = lgpos;
    TRY(replace_header(db, &h));
done:
    mutex_unlock(&db->header_lock);
    return err;
}

JET_ERR database_mark_creating(struct database *db, lgpos_t create_lgpos, struct log_time now, uint32_t generation, struct log_time generation_created)
{
    JET_ERR err = JET_errSuccess;
    mutex_lock(&db->header_lock);
    struct db_header h = db->header;
    h.lgpos_attach = create_lgpos;
    h.logtime_attach = now;
    set_generations(&h, lgpos_generation(create_lgpos), generation, generation_created, generation, generation_created);
    TRY(replace_header(db, &h));
done:
    mutex_unlock(&db->header_lock);
    return err;
}

JET_ERR database_mark_created(struct database *db)
{
    JET_ERR err = JET_errSuccess;
    mutex_lock(&db->header_lock);
    struct db_header h = db->header;
    db_header_set_state(&h, DB_STATE_DIRTY);
    if (keeps_resize_position(&h))
        h.lgpos_last_resize = h.lgpos_attach;
    TRY(replace_header(db, &h));
done:
    mutex_unlock(&db->header_lock);
    return err;
}

static uint32_t greater(uint32_t a, uint32_t b) { return a > b ? a : b; }

JET_ERR database_set_generations(struct database *db, uint32_t min_required, uint32_t max_required, struct log_time max_required_created, uint32_t max_committed, struct log_time max_committed_created)
{
    JET_ERR err = JET_errSuccess;
    bool is_locked = false;
    /* The sync is slow, and the header may be wanted by who waits for the waypoint. Who raises the minimum is one thread at a time, so it does not rise meanwhile. */
    mutex_lock(&db->header_lock);
    while (db->is_header_frozen) /* before anything is decided: the range that is raised belongs to one thread */
        condition_wait(&db->header_thawed, &db->header_lock);
    bool raises_minimum = min_required > db->header.gen_min_required && db->header.state != DB_STATE_CLEAN;
    mutex_unlock(&db->header_lock);
    if (raises_minimum)
        TRY(cache_file_sync(db->pages));
    mutex_lock(&db->header_lock);
    is_locked = true;
    struct db_header h = db->header;
    if (h.state == DB_STATE_CLEAN || h.gen_max_required == 0) /* not attached yet, or not any more */
        goto done;
    if (max_required <= h.gen_max_required)
        max_required_created = h.logtime_gen_max_required;
    if (max_committed <= h.gen_max_committed)
        max_committed_created = h.logtime_gen_max_created;
    if (min_required <= h.gen_min_required && max_required <= h.gen_max_required && max_committed <= h.gen_max_committed)
        goto done;
    set_generations(&h, greater(raises_minimum ? min_required : 0, h.gen_min_required), greater(max_required, h.gen_max_required), max_required_created,
                    greater(max_committed, h.gen_max_committed), max_committed_created);
    TRY(replace_header(db, &h));
done:
    if (is_locked)
        mutex_unlock(&db->header_lock);
    return err;
}
