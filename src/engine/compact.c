/* JetCompact (compact.h; reference page): the order of things around the copy.
 *
 * The copy is the same database in new pages: every tree that the catalog of the source names, node for node, packed; object ids, column ids, keys, long values and format version
 * stay as they are, only the root pages in the catalog change. So nothing is interpreted that could be lost, and indexes whose keys only another machine can make stay true.
 *
 * The file is written outside the log, "just created" until the last page of it is on disk, and clean from then on; nobody takes the unfinished one for a database.
 * databases_lock is held only to take a slot, which keeps the dbid for the new file until it is closed again.
 */
#include "engine/compact.h"

#include "base/memory.h"
#include "btree/btree.h"
#include "engine/attach.h"
#include "os/clock.h"
#include "os/path.h"
#include "txn/txn.h"

enum { GROWTH_PAGES = 16, PROCID_UNLOGGED = PROCID_NONE };

struct target {
    struct instance *instance;
    struct attachment *slot;
    char *path;
    bool has_file;
};

static JET_ERR check_place(struct target *target)
{
    JET_ERR err = JET_errSuccess;
    struct os_file_info info;
    if (os_stat(target->instance->fs, target->path, &info) >= 0)
        RAISE(info.is_directory ? JET_errDatabaseInvalidPath : JET_errDatabaseDuplicate);
    instance_lock_databases(target->instance);
    target->slot = attach_reserve(target->instance);
    if (target->slot != NULL) { /* not reserved all the time: a snapshot waits for those who attach, and the copy is none of its files */
        target->slot->is_lent = true;
        target->slot->is_reserved = false;
    }
    instance_unlock_databases(target->instance);
    if (target->slot == NULL)
        RAISE(JET_errTooManyAttachedDatabases);
done:
    return err;
}

/* The header says what the pages say: the format of the source, its highest object id; and what the source has been through (repairs, patches). */
static void take_over_header(const struct database *source, struct database *db)
{
    const struct db_header *from = &source->header;
    mutex_lock(&db->header_lock);
    struct db_header *to = &db->header;
    to->version_major = from->version_major;
    to->update_major = from->update_major;
    to->update_minor = from->update_minor;
    to->created_version_major = from->created_version_major;
    to->created_update_major = from->created_update_major;
    to->engine_version_max = from->engine_version_max;
    to->sort_version = from->sort_version;
    to->repair_count = to->repair_count_old = from->repair_count;
    to->logtime_repair = from->logtime_repair;
    to->reseeds = (struct event_counter){from->reseeds.count, from->reseeds.last, from->reseeds.count};
    to->patches = (struct event_counter){from->patches.count, from->patches.last, from->patches.count};
    mutex_unlock(&db->header_lock);
    atomic_store(&db->objid_last, atomic_load(&source->objid_last));
}

static JET_ERR make_file(struct target *target, struct compaction *c, uint32_t pages)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = target->instance;
    const struct attach_limits limits = {0, GROWTH_PAGES};
    const struct database_create_config config = {
        .fs = instance->fs,
        .path = target->path,
        .page_size = instance->page_size,
        .dbid = (uint32_t)(target->slot - instance->attachments) + 1,
        .last_page = pages,
        .has_no_shadow_catalog = (c->source->header.flags & DB_HEADER_FLAG_SHADOW_CATALOG_DISABLED) != 0,
        .db_signature = signature_make(random_u32(), attach_time_now()),
    };
    err = database_create_file(&config);
    if (err == JET_errFileAlreadyExists)
        RAISE(JET_errDatabaseDuplicate);
    if (err == JET_errInvalidPath)
        RAISE(JET_errDatabaseInvalidPath);
    TRY(err);
    target->has_file = true;
    const struct database_open_config open = attach_open_config(instance, target->slot, target->path);
    TRY(database_open(&open, &c->target));
    attach_make_writable(instance, c->target, &limits);
    take_over_header(c->source, c->target);
done:
    return err;
}

/* The transaction begins before anything is read: its snapshot decides what is copied, as others may have changed the source and closed it without having committed. */
static JET_ERR copy(struct target *target, struct compaction *c)
{
    JET_ERR err = JET_errSuccess;
    struct transaction *t = &c->transaction;
    uint32_t pages;
    TRY(transaction_open(t, target->instance->versions, NULL, PROCID_UNLOGGED));
    TRY(txn_begin(t));
    TRY(compact_measure(c, &pages));
    TRY(make_file(target, c, pages));
    TRY(compact_copy(c, pages));
    TRY(txn_commit(t, true, NULL));
    TRY(database_mark_clean(c->target, 0, attach_time_now()));
done:
    transaction_close(t); /* nothing in it can be taken back: after an error the file goes */
    return err;
}

static void close_target(struct target *target, struct compaction *c, JET_ERR err)
{
    struct instance *instance = target->instance;
    if (c->target != NULL) {
        if (err < 0)
            cache_file_discard(c->target->pages);
        database_close(c->target);
    }
    if (err < 0 && target->has_file && os_remove(instance->fs, target->path) < 0) {
        /* It says "just created" and is no database for anybody. */
    }
    if (target->slot != NULL) {
        instance_lock_databases(instance);
        target->slot->is_lent = false;
        instance_unlock_databases(instance);
    }
}

/* JET_errDatabaseInUse when the session has it open itself. */
static JET_ERR check_not_open(const struct session *session, const char *source)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = session->instance;
    char *path = NULL;
    TRY(attach_path(source, &path));
    instance_lock_databases(instance);
    const struct attachment *slot = attach_find_path(instance, path);
    bool is_open = slot != NULL && session->databases[slot - instance->attachments].open_count > 0;
    instance_unlock_databases(instance);
    if (is_open)
        RAISE(JET_errDatabaseInUse);
done:
    mem_free(path);
    return err;
}

JET_ERR engine_compact(struct session *session, const char *source, const char *target_path, const struct compact_options *options, struct compact_report *report)
{
    JET_ERR err = JET_errSuccess;
    struct target target = {.instance = session->instance};
    struct compaction c = {.session = session, .options = options, .report = report};
    struct open_database *open = NULL;
    JET_DBID dbid = 0;
    bool is_open = false;
    *report = (struct compact_report){0};
    if (session->level > 0)
        RAISE(JET_errInTransaction);
    TRY(check_not_open(session, source));
    TRY(engine_open_database(session, source, JET_bitDbExclusive | JET_bitDbReadOnly, &dbid));
    is_open = true;
    TRY(session_find_database(session, dbid, &open));
    c.source = open_database_file(open);
    TRY(attach_path(target_path, &target.path));
    TRY(check_place(&target));
    TRY(copy(&target, &c));
    report->pages = c.target->last_owned_page;
done:
    close_target(&target, &c, err);
    compact_release(&c);
    mem_free(target.path);
    if (is_open) {
        JET_ERR closed = engine_close_database(session, dbid);
        err = err < 0 ? err : closed;
    }
    return err;
}
