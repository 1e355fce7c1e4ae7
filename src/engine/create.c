/* JetCreateDatabase (instance-and-session 13.2, recovery 6.2 and log-files 8: creation sequence).
 *
 * The order that a crash must not break: file with state "just created"; CreateDB; header with its position; ExtendDB; pages of the root and the catalog, in one
 * transaction; CreateDBFinish; pages flushed; header dirty. Whatever is missing at a crash, the replay begins anew with an empty file, since the checkpoint stays before
 * CreateDB until the header is dirty. databases_lock is not held while pages are made: the slot is reserved, and the file is locked.
 */
#define ESENT_PRIVATE
#include "engine/attach.h"

#include <string.h>

#include "backup/backup.h"
#include "base/memory.h"
#include "btree/extent.h"
#include "catalog/ddl.h"
#include "engine/checkpoint.h"
#include "log/log.h"
#include "os/clock.h"
#include "os/path.h"
#include "txn/txn.h"

enum { EVENT_DATABASE_CREATED = 325, CREATE_RECORD_VERSION = 2, CREATE_RECORD_UPDATE = 0 };
enum { BIT_DB_VERSIONING_OFF = 0x40, CLEAN_WAIT_MS = 5000 };

/* Until CreateDBFinish the original engine's replay gives a new page the next dbtime of a count of its own, which grows by one for every page touched: faster than the
 * log's, which grows by one for an operation of several pages. A page whose dbtime is not below its record's counts as done, and its split is half replayed. The count
 * begins at the header's dbtime; the creation's records begin this far above it, more than they touch pages. */
enum { DBTIMES_ABOVE_REPLAY = 0x1000 };

struct creation {
    struct session *session;
    struct instance *instance;
    struct attachment *slot;
    const char *path;
    JET_GRBIT grbit;
    struct attach_limits limits;
    page_no_t pages;
    struct signature db_signature;
    struct database *db;
    struct os_file_info file_info;
    bool has_file, is_in_list, is_added;
};

/* --- the file --- */

/* May the file be made there? Checks 5 to 8. Under databases_lock. */
static JET_ERR check_place(struct creation *c, bool is_elsewhere, const struct os_file_info *info, bool exists)
{
    JET_ERR err = JET_errSuccess;
    if (exists) {
        if (attach_find_identity(c->instance, info->device, info->inode) != NULL)
            RAISE(JET_errDatabaseDuplicate);
        if (is_elsewhere)
            RAISE(JET_errDatabaseSharingViolation);
        if ((c->grbit & JET_bitDbOverwriteExisting) == 0)
            RAISE(JET_errDatabaseDuplicate);
    }
    c->slot = attach_reserve(c->instance);
    if (c->slot == NULL)
        RAISE(JET_errTooManyAttachedDatabases);
done:
    return err;
}

static JET_ERR make_folder(struct creation *c)
{
    JET_ERR err = JET_errSuccess;
    char *folder = NULL;
    struct os_file_info info;
    TRY(path_folder(c->path, &folder));
    if (os_stat(c->instance->fs, folder, &info) >= 0) {
        if (!info.is_directory)
            RAISE(JET_errDatabaseInvalidPath);
    } else if (instance_parameter(c->instance, JET_paramCreatePathIfNotExist) != 0) {
        TRY(os_dir_create(c->instance->fs, folder));
    } else {
        RAISE(JET_errDatabaseInvalidPath);
    }
done:
    mem_free(folder);
    return err;
}

static JET_ERR make_file(struct creation *c)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = c->instance;
    bool is_logged = instance->log != NULL && (c->grbit & JET_bitDbRecoveryOff) == 0;
    struct signature stream = {{0}};
    if (is_logged)
        stream = log_stream_signature(instance->log);
    c->db_signature = signature_make(random_u32(), attach_time_now());
    const struct database_create_config config = {
        .fs = instance->fs,
        .path = c->path,
        .page_size = instance->page_size,
        .dbid = (uint32_t)(c->slot - instance->attachments) + 1,
        .last_page = c->pages,
        .may_overwrite = (c->grbit & JET_bitDbOverwriteExisting) != 0,
        .has_no_shadow_catalog = (c->grbit & JET_bitDbShadowingOff) != 0,
        .db_signature = c->db_signature,
        .log_signature = is_logged ? &stream : NULL,
    };
    err = database_create_file(&config);
    if (err == JET_errFileAlreadyExists)
        err = JET_errDatabaseDuplicate;
    TRY(err);
    c->has_file = true;
    const struct database_open_config open = attach_open_config(instance, c->slot, c->path);
    TRY(database_open(&open, &c->db));
    TRY(os_file_info(c->db->file, &c->file_info));
    c->db->is_logged = is_logged;
    attach_make_writable(instance, c->db, &c->limits);
done:
    return err;
}

/* --- records and pages --- */

static JET_ERR log_begin(struct creation *c)
{
    JET_ERR err = JET_errSuccess;
    struct log *log = c->instance->log;
    struct database *db = c->db;
    lgpos_t position = 0;
    if (db->log == NULL)
        goto done;
    const struct log_attach attach = {.dbid = (uint8_t)db->dbid, .path = db->path, .dbtime = db->header.dbtime, .size_max_pages = c->limits.pages_max, .db_signature = c->db_signature};
    checkpoint_pending_begin(c->instance, db->dbid);
    checkpoint_add(c->instance, db);
    c->is_added = true;
    TRY(log_append_create(log, &attach, c->grbit, CREATE_RECORD_VERSION, CREATE_RECORD_UPDATE, &position));
    c->is_in_list = true;
    TRY(log_flush_all(log));
    /* A roll in between is made good by the checkpoint thread. */
    TRY(database_mark_creating(db, position, attach_time_now(), log_tip_generation(log), log_generation_created(log)));
    TRY(log_append_extend(log, (uint8_t)db->dbid, c->pages, NULL));
done:
    return err;
}

static JET_ERR make_pages(struct creation *c)
{
    JET_ERR err = JET_errSuccess;
    struct transaction *t = &c->session->transaction;
    bool is_open = false;
    atomic_fetch_add(&c->db->dbtime_last, DBTIMES_ABOVE_REPLAY);
    TRY(txn_begin(t));
    is_open = true;
    TRY(space_create_root(t, c->db, c->pages));
    TRY(catalog_create(t, c->db));
    TRY(txn_commit(t, true, NULL));
    is_open = false;
    TRY(database_set_last_owned_page(c->db, c->pages));
done:
    if (is_open && t->level > 0 && txn_rollback(t) < 0)
        session_abandon_transaction(c->session); /* the file goes away: nothing is left that could be wrong */
    return err;
}

static JET_ERR finish(struct creation *c)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = c->db;
    const struct log_time unset = {{0}};
    TRY(checkpoint_flush_database(c->instance, db));
    if (db->log != NULL) {
        TRY(log_append_create_finish(c->instance->log, (uint8_t)db->dbid, NULL));
        TRY(log_flush_all(c->instance->log));
        TRY(database_mark_created(db));
    } else {
        TRY(database_mark_attached(db, 0, attach_time_now(), NULL, 0, unset));
    }
done:
    return err;
}

/* Nothing of it stays: file, entry in the log's list, slot. */
static void undo(struct creation *c)
{
    struct instance *instance = c->instance;
    uint32_t dbid = (uint32_t)(c->slot - instance->attachments) + 1;
    if (c->is_in_list) {
        JET_ERR detached = log_append_detach(instance->log, (uint8_t)dbid, c->db->path, NULL);
        if (detached < 0)
            instance_disable(instance, log_is_down(instance->log) ? log_down_reason(instance->log) : detached, __FILE__, __LINE__);
    }
    if (c->db != NULL && txn_clean_database(instance->cleaner, c->db, CLEAN_WAIT_MS) < 0) {
        /* Committed, not finished, and somebody's snapshot is older: the versions name the database, which can be closed only at the end. */
        instance_disable(instance, JET_errDatabaseInUse, __FILE__, __LINE__);
        instance_lock_databases(instance);
        c->slot->database = c->db;
        instance_unlock_databases(instance);
    } else if (c->db != NULL) {
        if (c->is_added)
            checkpoint_remove(instance, c->db);
        cache_file_discard(c->db->pages);
        database_close(c->db);
        c->db = NULL;
    }
    if (c->has_file && os_remove(instance->fs, c->path) < 0) {
        /* It says "just created" and is no database for anybody. */
    }
}

/* The slot is reserved. */
static JET_ERR create(struct creation *c)
{
    JET_ERR err = JET_errSuccess;
    TRY(make_file(c));
    TRY(log_begin(c));
    TRY(make_pages(c));
    TRY(finish(c));
done:
    if (err < 0)
        undo(c);
    checkpoint_pending_end(c->instance, (uint32_t)(c->slot - c->instance->attachments) + 1);
    return err;
}

JET_ERR engine_create_database(struct session *session, const char *path, uint32_t pages_max, JET_GRBIT grbit, JET_DBID *dbid)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = session->instance;
    char *absolute = NULL;
    struct os_file_info info = {0};
    uint32_t extension = (uint32_t)instance_parameter(instance, JET_paramDbExtensionSize);
    struct creation c = {.session = session, .instance = instance, .grbit = grbit, .limits = {pages_max, extension}, .pages = database_initial_pages(instance->page_size, extension)};
    if (session->level > 0)
        RAISE(JET_errInTransaction);
    if (pages_max > PAGE_NO_MAX)
        RAISE(JET_errDatabaseInvalidPages);
    if ((grbit & BIT_DB_VERSIONING_OFF) != 0 && (grbit & JET_bitDbRecoveryOff) == 0)
        RAISE(JET_errCannotDisableVersioning);
    TRY(attach_path(path, &absolute));
    c.path = absolute;
    TRY(make_folder(&c));
    JET_ERR found = os_stat(instance->fs, absolute, &info);
    if (found >= 0 && info.is_directory)
        RAISE(JET_errDatabaseInvalidPath);
    bool is_elsewhere = found >= 0 && attach_is_elsewhere(instance, info.device, info.inode);
    instance_lock_databases(instance);
    while (backup_holds_creation(instance->backup)) {
        instance_unlock_databases(instance);
        thread_sleep_ms(ATTACH_POLL_MS);
        instance_lock_databases(instance);
    }
    err = check_place(&c, is_elsewhere, &info, found >= 0);
    instance_unlock_databases(instance);
    TRY(err);
    err = create(&c);
    instance_lock_databases(instance);
    if (err >= 0) {
        *c.slot = (struct attachment){.database = c.db, .device = c.file_info.device, .inode = c.file_info.inode};
        *dbid = c.db->dbid;
        err = attach_open_slot(session, c.slot, grbit & JET_bitDbExclusive, false);
    }
    c.slot->is_reserved = false;
    instance_unlock_databases(instance);
    if (err >= 0)
        attach_report(instance, EVENT_DATABASE_CREATED, absolute);
done:
    mem_free(absolute);
    return err;
}
