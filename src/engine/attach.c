/* Databases of an instance (attach.h; instance-and-session 13, recovery.md 2 and 11).
 *
 * Order that a crash must not break: AttachDB is durable before the header says dirty; DetachDB or the shutdown mark is durable before it says
 * clean; the headers name a new required range before the checkpoint moves. Everything here runs under databases_lock; where other instances
 * are looked at, before it is taken.
 */
#include "engine/attach.h"

#include <stdio.h>
#include <string.h>

#include "backup/backup.h"
#include "base/memory.h"
#include "btree/btree.h"
#include "engine/checkpoint.h"
#include "engine/index_check.h"
#include "engine/local_storage.h"
#include "engine/process.h"
#include "engine/text_order.h"
#include "log/log.h"
#include "os/clock.h"
#include "os/path.h"
#include "txn/txn.h"

enum { CLEAN_WAIT_MS = 5000 }; /* for versions that somebody's snapshot still needs */
enum { BIT_DB_VERSIONING_OFF = 0x40 }; /* JET_bitDbVersioningOff, behind ESENT_PRIVATE */
enum { EVENT_DATABASE_ATTACHED = 326, EVENT_DATABASE_DETACHED = 327, EVENT_PAGE_REPAIRED = 399, EVENT_PAGE_FAILED = 474, EVENT_WRITE_FAILED = 482, EVENT_BACKUP_COPY = 619 };

struct log_time attach_time_now(void)
{
    int64_t seconds;
    unsigned milliseconds;
    clock_now(&seconds, &milliseconds);
    return log_time_from_unix(seconds, milliseconds);
}

/* --- finding --- */

struct attachment *attach_find_identity(struct instance *instance, uint64_t device, uint64_t inode)
{
    for (int i = 0; i < INSTANCE_DATABASES_MAX; i++) {
        struct attachment *a = &instance->attachments[i];
        if (a->database != NULL && a->device == device && a->inode == inode)
            return a;
    }
    return NULL;
}

/* By path as attached, else by the file that the path leads to. */
struct attachment *attach_find_path(struct instance *instance, const char *absolute)
{
    struct os_file_info info;
    for (int i = 0; i < INSTANCE_DATABASES_MAX; i++) {
        struct attachment *a = &instance->attachments[i];
        if (a->database != NULL && strcmp(a->database->path, absolute) == 0)
            return a;
    }
    return os_stat(instance->fs, absolute, &info) >= 0 ? attach_find_identity(instance, info.device, info.inode) : NULL;
}

/* In any instance of the process but `except`. */
bool attach_is_elsewhere(const struct instance *except, uint64_t device, uint64_t inode)
{
    bool found = false;
    process_lock();
    for (struct instance *other = process.instances; other != NULL && !found; other = other->next) {
        if (other == except)
            continue;
        instance_lock_databases(other);
        found = attach_find_identity(other, device, inode) != NULL;
        instance_unlock_databases(other);
    }
    process_unlock();
    return found;
}

bool engine_is_attached(uint64_t device, uint64_t inode) { return attach_is_elsewhere(NULL, device, inode); }

JET_ERR attach_path(const char *path, char **out)
{
    JET_ERR err = JET_errSuccess;
    if (path == NULL || path[0] == 0)
        RAISE(JET_errDatabaseInvalidPath);
    err = path_absolute(path, out);
    if (err == JET_errInvalidPath)
        RAISE(JET_errDatabaseInvalidPath);
done:
    return err;
}

/* --- pages that do not verify --- */

static void page_repaired(void *context, page_no_t page_no, const struct checksum_result *result)
{
    char page[16];
    (void)result;
    snprintf(page, sizeof page, "%u", page_no);
    EVENT_REPORT(&((struct instance *)context)->events, EVENT_PAGE_REPAIRED, EVENT_WARNING, EVENT_DATABASE_PAGE_CACHE, page);
}

static void page_failed(void *context, page_no_t page_no, JET_ERR error, const struct checksum_result *result, const char *why)
{
    char page[16], number[16];
    (void)result;
    snprintf(page, sizeof page, "%u", page_no);
    snprintf(number, sizeof number, "%d", error);
    EVENT_REPORT(&((struct instance *)context)->events, EVENT_PAGE_FAILED, EVENT_ERROR, EVENT_DATABASE_CORRUPTION, page, number, why != NULL ? why : "");
}

static void page_lost(void *context, void *file_context, page_no_t page_no, JET_ERR error) { page_patch_note((struct instance *)context, (struct database *)file_context, page_no, error); }

/* The page stays changed in memory and is tried again; the log explains it meanwhile. When it is the log that failed, everything stops. */
static void write_failed(void *context, page_no_t first, uint32_t count, JET_ERR error)
{
    struct instance *instance = context;
    char page[16], pages[16], number[16];
    snprintf(page, sizeof page, "%u", first);
    snprintf(pages, sizeof pages, "%u", count);
    snprintf(number, sizeof number, "%d", error);
    EVENT_REPORT(&instance->events, EVENT_WRITE_FAILED, EVENT_ERROR, EVENT_DATABASE_PAGE_CACHE, page, pages, number);
    instance_check_log(instance);
}

/* --- attach --- */

static JET_ERR find_last_page(struct database *db)
{
    JET_ERR err = JET_errSuccess;
    page_no_t last = 0;
    TRY(space_last_owned_page(db->pages, &last));
    TRY(database_set_last_owned_page(db, last));
done:
    return err;
}

void attach_make_writable(struct instance *instance, struct database *db, const struct attach_limits *limits)
{
    page_patch_forget(instance, db->dbid);
    db->log = db->is_logged ? instance->log : NULL;
    db->versions = instance->versions;
    db->extension_pages = limits->extension_pages;
    db->size_max_pages = limits->pages_max;
}

void attach_report(struct instance *instance, uint32_t event, const char *path) { EVENT_REPORT(&instance->events, event, EVENT_INFORMATION, EVENT_GENERAL, path); }

struct database_open_config attach_open_config(struct instance *instance, const struct attachment *slot, const char *path)
{
    return (struct database_open_config){
        .fs = instance->fs,
        .cache = instance->cache,
        .path = path,
        .page_size = instance->page_size,
        .dbid = (uint32_t)(slot - instance->attachments) + 1,
        .observer = {.page_repaired = page_repaired, .page_failed = page_failed, .page_lost = page_lost, .write_failed = write_failed, .context = instance},
        .stand_in_used = text_order_stand_in_used,
        .stand_in_context = instance,
        .schema_use = &instance->schema_use,
    };
}

/* AttachDB, then the dirty header, then SetDbVersion (recovery.md 2). */
static JET_ERR begin_writable(struct instance *instance, struct database *db, const struct attach_limits *limits)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t position = 0;
    bool is_in_list = false;
    const struct db_header before = db->header;
    attach_make_writable(instance, db, limits);
    if (!db->is_logged) {
        const struct log_time unset = {{0}};
        TRY(database_mark_attached(db, 0, attach_time_now(), NULL, 0, unset));
        goto done;
    }
    const struct log_attach attach = {
        .dbid = (uint8_t)db->dbid,
        .path = db->path,
        .lgpos_consistent = db->header.lgpos_consistent,
        .dbtime = db->header.dbtime,
        .objid_last = db->header.objid_last,
        .size_max_pages = limits->pages_max,
        .db_signature = db->header.db_signature,
    };
    struct signature signature = log_stream_signature(instance->log);
    checkpoint_pending_begin(instance, db->dbid);
    checkpoint_add(instance, db);
    TRY(log_append_attach(instance->log, &attach, &position));
    is_in_list = true;
    TRY(log_pad_segment(instance->log));
    TRY(log_flush_all(instance->log));
    TRY(database_mark_attached(db, position, attach_time_now(), &signature, log_tip_generation(instance->log), log_generation_created(instance->log)));
    TRY(log_append_database_version(instance->log, (uint8_t)db->dbid, db->header.version_major, db->header.update_major, db->header.update_minor, NULL));
done:
    if (err < 0 && is_in_list) {
        /* A header that may say dirty says clean again before the log has it detached; where that fails, recovery makes it good. */
        JET_ERR undo = database_restore_header(db, &before);
        if (undo >= 0)
            undo = log_append_detach(instance->log, (uint8_t)db->dbid, db->path, NULL);
        if (undo < 0)
            instance_disable(instance, undo, __FILE__, __LINE__);
    }
    if (err < 0)
        checkpoint_remove(instance, db);
    checkpoint_pending_end(instance, db->dbid);
    return err;
}

/* Checks 12 to 21, and the attachment. Under databases_lock. */
static JET_ERR attach_file(struct instance *instance, struct attachment *slot, const char *path, const struct os_file_info *info, const struct attach_limits *limits, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = NULL;
    struct database_open_config config = attach_open_config(instance, slot, path);
    config.read_only = (grbit & JET_bitDbReadOnly) != 0;
    TRY(database_open(&config, &db));
    struct signature signature = {{0}};
    if (instance->log != NULL)
        signature = log_stream_signature(instance->log);
    err = database_check_attachable(&db->header, instance->log != NULL ? &signature : NULL, instance->log != NULL ? log_tip(instance->log) : 0);
    if (err == JET_errSoftRecoveryOnBackupDatabase)
        EVENT_REPORT(&instance->events, EVENT_BACKUP_COPY, EVENT_ERROR, EVENT_LOGGING_RECOVERY, path);
    if (err < 0)
        goto done;
    TRY(find_last_page(db));
    db->is_logged = instance->log != NULL && !db->is_read_only && (grbit & JET_bitDbRecoveryOff) == 0;
    if (!db->is_read_only)
        TRY(begin_writable(instance, db, limits));
    *slot = (struct attachment){.database = db, .device = info->device, .inode = info->inode};
    db = NULL;
    attach_report(instance, EVENT_DATABASE_ATTACHED, path);
done:
    database_close(db);
    return err;
}

struct attachment *attach_reserve(struct instance *instance)
{
    for (int i = 0; i < INSTANCE_DATABASES_MAX; i++) {
        struct attachment *slot = &instance->attachments[i];
        if (slot->database == NULL && !slot->is_reserved && !slot->is_lent) {
            slot->is_reserved = true;
            return slot;
        }
    }
    return NULL;
}

/* Check 6. */
static JET_ERR find_file(struct instance *instance, const char *path, struct os_file_info *info)
{
    JET_ERR err = os_stat(instance->fs, path, info);
    if (err == JET_errInvalidPath || (err >= 0 && info->is_directory))
        err = JET_errDatabaseInvalidPath;
    return err;
}

/* --- detaching one --- */

/* Pages first, then the record, then the header: what a crash leaves in between is a dirty database whose replay ends with the record. Under databases_lock; nobody has
 * it open, and once its versions are cleaned nobody changes it. */
static JET_ERR detach_slot(struct instance *instance, struct attachment *slot, uint64_t clean_wait_ms)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = slot->database;
    lgpos_t position = 0;
    bool is_pending = false;
    if (!db->is_read_only) {
        TRY(txn_clean_database(instance->cleaner, db, clean_wait_ms));
        TRY(checkpoint_flush_database(instance, db));
    }
    if (db->is_logged) {
        checkpoint_pending_begin(instance, db->dbid);
        is_pending = true;
        TRY(log_append_detach(instance->log, (uint8_t)db->dbid, db->path, &position));
        err = log_flush_all(instance->log);
    }
    if (err >= 0 && !db->is_read_only)
        err = database_mark_clean(db, position, attach_time_now());
    if (err < 0) { /* the log has it detached, the header says dirty: only recovery can bring them together */
        if (db->is_logged)
            instance_disable(instance, err, __FILE__, __LINE__);
        goto done;
    }
    attach_report(instance, EVENT_DATABASE_DETACHED, db->path);
    if (db->is_logged)
        checkpoint_remove(instance, db);
    local_storage_release(instance, db);
    database_close(db);
    *slot = (struct attachment){0};
done:
    if (is_pending)
        checkpoint_pending_end(instance, (uint32_t)(slot - instance->attachments) + 1);
    return err;
}

/* *waits: only versions that somebody's snapshot still needs are in the way, or tasks that have begun since end_tasks. */
static JET_ERR check_and_detach(struct instance *instance, struct attachment *slot, bool *waits)
{
    JET_ERR err = JET_errSuccess;
    *waits = false;
    TRY(backup_check_idle(instance->backup));
    if (slot->open_count > 0)
        RAISE(JET_errDatabaseInUse);
    err = maintenance_has_tasks(instance, slot->database->dbid) ? JET_errDatabaseInUse : detach_slot(instance, slot, 0);
    *waits = err == JET_errDatabaseInUse;
done:
    return err;
}

/* --- attach and detach --- */

/* A database with indexes that cannot be trusted does not stay attached. */
static JET_ERR check_indexes(struct session *session, struct attachment *slot, bool is_wanted, JET_GRBIT grbit)
{
    JET_ERR err = index_check_attached(session, slot->database, is_wanted, grbit);
    if (err < 0 && (atomic_load(&session->instance->state) & INSTANCE_DISABLED) == 0) {
        JET_ERR detached = detach_slot(session->instance, slot, CLEAN_WAIT_MS);
        if (detached < 0) /* it stays, and says so when it is detached again */
            err = detached;
    }
    return err;
}

JET_ERR engine_attach_database(struct session *session, const char *path, uint32_t pages_max, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = session->instance;
    char *absolute = NULL;
    struct os_file_info info;
    struct attachment *slot = NULL;
    bool is_elsewhere = false, has_lock = false;
    bool is_read_only = (grbit & JET_bitDbReadOnly) != 0, is_checked = index_check_is_wanted(instance);
    const struct attach_limits limits = {pages_max, (uint32_t)instance_parameter(instance, JET_paramDbExtensionSize)};
    if (session->level > 0)
        RAISE(JET_errInTransaction);
    if ((grbit & BIT_DB_VERSIONING_OFF) != 0)
        RAISE(JET_errCannotDisableVersioning);
    TRY(attach_path(path, &absolute));
    if ((grbit & JET_bitDbDeleteUnicodeIndexes) != 0 && is_read_only)
        RAISE(JET_errInvalidGrbit);
    TRY(find_file(instance, absolute, &info));
    if (info.is_read_only && !is_read_only)
        RAISE(JET_errDatabaseFileReadOnly);
    is_elsewhere = attach_is_elsewhere(instance, info.device, info.inode);
    instance_lock_databases(instance);
    has_lock = true;
    /* An attach that failed while we waited may have left a dirty header and disabled the instance: that is the answer, not what the file says. */
    unsigned state = atomic_load(&instance->state);
    if ((state & INSTANCE_DISABLED) != 0)
        RAISE(instance_unavailable_error(state));
    TRY(backup_check_idle(instance->backup));
    slot = attach_find_identity(instance, info.device, info.inode);
    if (slot != NULL && !slot->is_for_recovery) {
        err = JET_wrnDatabaseAttached;
        goto done;
    }
    if (slot != NULL) {
        TRY(attach_again(instance, slot, &limits));
    } else {
        if (is_elsewhere)
            RAISE(JET_errDatabaseSharingViolation);
        slot = attach_reserve(instance);
        if (slot == NULL)
            RAISE(JET_errTooManyAttachedDatabases);
        err = attach_file(instance, slot, absolute, &info, &limits, grbit);
        slot->is_reserved = false;
        TRY(err);
    }
    JET_ERR warning = slot->database->is_read_only ? JET_errSuccess : check_indexes(session, slot, is_checked, grbit);
    TRY(warning);
    if ((grbit & JET_bitDbExclusive) != 0)
        slot->exclusive = session;
    err = warning;
done:
    if (has_lock)
        instance_unlock_databases(instance);
    mem_free(absolute);
    return err;
}

/* Background tasks of what is about to be detached: of databases that nobody has open. They may want databases_lock before they end. */
static void end_tasks(struct instance *instance, const char *path)
{
    for (int i = 0; i < INSTANCE_DATABASES_MAX; i++) {
        struct attachment *slot = &instance->attachments[i];
        instance_lock_databases(instance);
        bool goes = slot->database != NULL && slot->open_count == 0 && (path == NULL || attach_find_path(instance, path) == slot);
        instance_unlock_databases(instance);
        if (goes)
            maintenance_end_database(instance, (JET_DBID)i + 1);
    }
}

/* One attempt. path NULL: all databases. */
static JET_ERR try_detach(struct instance *instance, const char *path, bool *waits)
{
    JET_ERR err = JET_errSuccess;
    bool is_found = path == NULL;
    instance_lock_databases(instance);
    struct attachment *wanted = path != NULL ? attach_find_path(instance, path) : NULL;
    *waits = false;
    for (int i = 0; i < INSTANCE_DATABASES_MAX; i++) {
        struct attachment *slot = &instance->attachments[i];
        if (slot->database == NULL || (path != NULL && slot != wanted))
            continue;
        is_found = true;
        TRY(check_and_detach(instance, slot, waits));
    }
    if (!is_found)
        RAISE(JET_errDatabaseNotFound);
done:
    instance_unlock_databases(instance);
    return err;
}

JET_ERR engine_detach_database(struct session *session, const char *path, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = session->instance;
    char *absolute = NULL;
    bool waits = false;
    if ((grbit & JET_bitForceDetach) != 0)
        RAISE(JET_errForceDetachNotAllowed);
    if (session->level > 0)
        RAISE(JET_errInTransaction);
    if (path != NULL && path[0] != 0)
        TRY(attach_path(path, &absolute));
    /* Others go on while it waits for their snapshots: the transactions that must end may need databases_lock for that. */
    for (uint64_t begun = clock_monotonic_ns();;) {
        end_tasks(instance, absolute);
        err = try_detach(instance, absolute, &waits);
        if (err >= 0 || !waits || clock_monotonic_ns() - begun >= CLEAN_WAIT_MS * UINT64_C(1000000))
            break;
        thread_sleep_ms(ATTACH_POLL_MS);
    }
done:
    mem_free(absolute);
    return err;
}

/* --- open and close --- */

JET_ERR attach_open_slot(struct session *session, struct attachment *slot, JET_GRBIT grbit, bool is_single)
{
    JET_ERR err = JET_errSuccess;
    uint32_t index = (uint32_t)(slot - session->instance->attachments);
    struct open_database *db = &session->databases[index];
    bool is_open_here = db->open_count > 0, wants_alone = (grbit & JET_bitDbExclusive) != 0;
    for (uint32_t i = 0; is_single && i < INSTANCE_DATABASES_MAX; i++) {
        if (i != index && session->databases[i].open_count > 0)
            RAISE(JET_errOneDatabasePerSession);
    }
    if (slot->exclusive != NULL && slot->exclusive != session)
        RAISE(JET_errDatabaseLocked);
    if (wants_alone && slot->open_count > (is_open_here ? 1u : 0u))
        RAISE(JET_errDatabaseInUse);
    if (!is_open_here) {
        *db = (struct open_database){.session = session, .attachment = slot, .database = slot->database, .dbid = slot->database->dbid};
        db->is_read_only = (grbit & JET_bitDbReadOnly) != 0;
        slot->open_count++;
    } else if ((grbit & JET_bitDbReadOnly) == 0) {
        db->is_read_only = false;
    }
    db->open_count++;
    if (wants_alone) {
        slot->exclusive = session;
        db->is_exclusive = true;
    }
    if (slot->database->is_read_only && (grbit & JET_bitDbReadOnly) == 0)
        err = JET_wrnFileOpenReadOnly;
done:
    return err;
}

JET_ERR engine_open_database(struct session *session, const char *path, JET_GRBIT grbit, JET_DBID *dbid)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = session->instance;
    char *absolute = NULL;
    bool has_lock = false;
    bool is_single = instance_parameter(instance, JET_paramOneDatabasePerSession) != 0;
    TRY(attach_path(path, &absolute));
    instance_lock_databases(instance);
    has_lock = true;
    struct attachment *slot = attach_find_path(instance, absolute);
    if (slot == NULL)
        RAISE(JET_errDatabaseNotFound);
    if (slot->is_for_recovery)
        RAISE(JET_errDatabaseAttachedForRecovery);
    err = attach_open_slot(session, slot, grbit, is_single);
    if (err >= 0)
        *dbid = slot->database->dbid;
done:
    if (has_lock)
        instance_unlock_databases(instance);
    mem_free(absolute);
    return err;
}

JET_ERR engine_close_database(struct session *session, JET_DBID dbid)
{
    JET_ERR err = JET_errSuccess;
    struct open_database *db = NULL;
    TRY(session_find_database(session, dbid, &db));
    if (session->callback_depth > 0) /* whoever called back has a cursor */
        RAISE(JET_errDatabaseInUse);
    if (db->open_count > 1) {
        db->open_count--;
        goto done;
    }
    session_close_cursors(session, db);
    instance_lock_databases(session->instance);
    db->open_count = 0;
    db->attachment->open_count--;
    if (db->attachment->exclusive == session)
        db->attachment->exclusive = NULL;
    db->is_exclusive = false;
    instance_unlock_databases(session->instance);
done:
    return err;
}

/* --- for the log, the backup and the end --- */

static JET_ERR visit_attached(struct instance *instance, bool is_logged_only, JET_ERR (*visit)(void *visit_context, struct database *db), void *visit_context)
{
    JET_ERR err = JET_errSuccess;
    instance_lock_databases(instance);
    for (int i = 0; i < INSTANCE_DATABASES_MAX && err >= 0; i++) {
        const struct attachment *a = &instance->attachments[i];
        if (a->database != NULL && (!is_logged_only || (a->database->is_logged && !a->is_for_recovery)))
            err = visit(visit_context, a->database);
    }
    instance_unlock_databases(instance);
    return err;
}

JET_ERR attach_visit_logged(void *context, JET_ERR (*visit)(void *visit_context, struct database *db), void *visit_context)
{
    return visit_attached(context, true, visit, visit_context);
}

JET_ERR attach_visit_all(void *context, JET_ERR (*visit)(void *visit_context, struct database *db), void *visit_context)
{
    return visit_attached(context, false, visit, visit_context);
}

void attach_wait_for_reserved(void *context)
{
    struct instance *instance = context;
    for (;;) {
        bool is_any = false;
        instance_lock_databases(instance);
        for (int i = 0; i < INSTANCE_DATABASES_MAX; i++)
            is_any = is_any || instance->attachments[i].is_reserved;
        instance_unlock_databases(instance);
        if (!is_any)
            return;
        thread_sleep_ms(ATTACH_POLL_MS);
    }
}

/* Called by the backup, which may or may not be inside a visit. */
bool attach_is_exclusively_open(void *context, struct database *db)
{
    struct instance *instance = context;
    bool is_inside = instance_owns_databases(instance), result = false;
    if (!is_inside)
        instance_lock_databases(instance);
    for (int i = 0; i < INSTANCE_DATABASES_MAX; i++)
        result = result || (instance->attachments[i].database == db && instance->attachments[i].exclusive != NULL);
    if (!is_inside)
        instance_unlock_databases(instance);
    return result;
}

JET_ERR attach_flush_all(struct instance *instance)
{
    JET_ERR err = JET_errSuccess;
    instance_lock_databases(instance);
    for (int i = 0; i < INSTANCE_DATABASES_MAX; i++) {
        struct database *db = instance->attachments[i].database;
        if (db != NULL && !db->is_read_only)
            TRY(checkpoint_flush_database(instance, db));
    }
done:
    instance_unlock_databases(instance);
    return err;
}

JET_ERR attach_mark_all_clean(struct instance *instance, lgpos_t position)
{
    JET_ERR err = JET_errSuccess;
    struct log_time now = attach_time_now();
    instance_lock_databases(instance);
    for (int i = 0; i < INSTANCE_DATABASES_MAX; i++) {
        struct database *db = instance->attachments[i].database;
        if (db != NULL && !db->is_read_only)
            TRY(database_mark_clean(db, db->is_logged ? position : 0, now));
    }
done:
    instance_unlock_databases(instance);
    return err;
}

void attach_close_all(struct instance *instance)
{
    instance_lock_databases(instance);
    for (int i = 0; i < INSTANCE_DATABASES_MAX; i++) {
        struct database *db = instance->attachments[i].database;
        if (db != NULL && !db->is_read_only) {
            if (db->is_logged)
                checkpoint_remove(instance, db);
            cache_file_discard(db->pages);
        }
        local_storage_release(instance, db);
        database_close(db);
        instance->attachments[i] = (struct attachment){0};
    }
    instance_unlock_databases(instance);
}
