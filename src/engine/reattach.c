/* Databases that recovery left attached (attach.h; JET_bitKeepDbAttachedAtEndOfRecovery; instance-and-session 8, recovery.md 2).
 *
 * For the log, the checkpoint and the end of the instance they are attached like any other; only the client cannot see them. JetAttachDatabase has nothing to verify then: it logs
 * ReAttach and shows them. */
#include "btree/btree.h"
#include "engine/attach.h"
#include "engine/instance.h"
#include "log/log.h"

enum { EVENT_DATABASE_ATTACHED = 326 };

JET_ERR attach_adopt(struct instance *instance, uint32_t dbid, const char *path)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = NULL;
    struct os_file_info info;
    page_no_t last = 0;
    const struct attach_limits limits = {0, (uint32_t)params_number(&instance->params, JET_paramDbExtensionSize)};
    if (dbid == 0 || dbid > INSTANCE_DATABASES_MAX || instance->attachments[dbid - 1].database != NULL)
        RAISE(JET_errTooManyAttachedDatabases);
    struct attachment *slot = &instance->attachments[dbid - 1];
    struct database_open_config config = attach_open_config(instance, slot, path);
    TRY(os_stat(instance->fs, path, &info));
    TRY(database_open(&config, &db));
    TRY(space_last_owned_page(db->pages, &last));
    TRY(database_set_last_owned_page(db, last));
    db->is_logged = true;
    attach_make_writable(instance, db, &limits);
    instance_lock_databases(instance);
    *slot = (struct attachment){.database = db, .device = info.device, .inode = info.inode, .is_for_recovery = true};
    instance_unlock_databases(instance);
    db = NULL;
done:
    database_close(db);
    return err;
}

JET_ERR attach_again(struct instance *instance, struct attachment *slot, const struct attach_limits *limits)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = slot->database;
    lgpos_t position = 0;
    const struct log_attach attach = {
        .dbid = (uint8_t)db->dbid,
        .path = db->path,
        .lgpos_consistent = db->header.lgpos_consistent,
        .dbtime = atomic_load(&db->dbtime_last),
        .objid_last = atomic_load(&db->objid_last),
        .size_max_pages = limits->pages_max,
        .db_signature = db->header.db_signature,
    };
    TRY(log_append_reattach(instance->log, &attach, db->header.lgpos_attach, &position));
    TRY(log_pad_segment(instance->log));
    TRY(log_flush_all(instance->log));
    TRY(database_mark_reattached(db, position, attach_time_now()));
    TRY(log_append_database_version(instance->log, (uint8_t)db->dbid, db->header.version_major, db->header.update_major, db->header.update_minor, NULL));
    attach_make_writable(instance, db, limits);
    slot->is_for_recovery = false;
    attach_report(instance, EVENT_DATABASE_ATTACHED, db->path);
done:
    return err;
}
