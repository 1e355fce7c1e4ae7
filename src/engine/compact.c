/* JetCompact (compact.h; reference page): the order of things around the copy.
 *
 * The copy is the same database in new pages: every tree that the catalog of the source names, node for node, packed; object ids, column ids, keys, long values and format version
 * stay as they are, only the root pages in the catalog change. So nothing is interpreted that could be lost, and indexes whose keys only another machine can make stay true.
 *
 * The file is written outside the log, "just created" until the last page of it is on disk, and clean from then on; nobody takes the unfinished one for a database.
 * The file itself: copy_target.h.
 */
#include "engine/compact.h"

#include "base/memory.h"
#include "btree/btree.h"
#include "engine/copy_target.h"
#include "os/clock.h"
#include "txn/txn.h"

enum { GROWTH_PAGES = 16, PROCID_UNLOGGED = PROCID_NONE };

/* The transaction begins before anything is read: its snapshot decides what is copied, as others may have changed the source and closed it without having committed. */
static JET_ERR copy(struct copy_target *target, struct compaction *c)
{
    JET_ERR err = JET_errSuccess;
    struct transaction *t = &c->transaction;
    uint32_t pages;
    TRY(transaction_open(t, target->instance->versions, NULL, PROCID_UNLOGGED));
    TRY(txn_begin(t));
    TRY(compact_measure(c, &pages));
    TRY(copy_target_make(target, &c->source->header, atomic_load(&c->source->objid_last), pages, GROWTH_PAGES));
    c->target = target->database;
    TRY(compact_copy(c, pages));
    TRY(txn_commit(t, true, NULL));
    TRY(database_mark_clean(c->target, 0, attach_time_now()));
done:
    transaction_close(t); /* nothing in it can be taken back: after an error the file goes */
    return err;
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
    struct copy_target target = {.instance = session->instance};
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
    TRY(copy_target_reserve(session->instance, target_path, &target));
    TRY(copy(&target, &c));
    report->pages = c.target->last_owned_page;
done:
    copy_target_close(&target, err);
    compact_release(&c);
    if (is_open) {
        JET_ERR closed = engine_close_database(session, dbid);
        err = err < 0 ? err : closed;
    }
    return err;
}
