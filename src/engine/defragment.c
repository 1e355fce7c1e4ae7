/* Online defragmentation (defragment.h).
 *
 * A pass goes through every tree that the catalog names, leaf by leaf (btree/tidy.h): deleted nodes that nobody can see go for good, and leaves are put together until
 * they are nearly full; pages and whole extents that become free go back to their owners as they do at every other time. The trees of free space need no pass of their own: neighbouring free runs are
 * joined when they are given back.
 *
 * All work is done in short lazy transactions of the task's session, each with a snapshot in which the tree's catalog row is there: so no tree is given back under it. A tree that is
 * deleted between two of them is left. While a backup runs it waits, as the copies of pages that a backup has been given must not grow with changes nobody asked for.
 */
#define ESENT_PRIVATE
#include "engine/defragment.h"

#include <stdio.h>

#include "backup/backup.h"
#include "base/memory.h"
#include "btree/merge.h"
#include "btree/tidy.h"
#include "catalog/ddl.h"
#include "catalog/row.h"
#include "txn/txn.h"

enum {
    EVENT_DEFRAGMENT_FAILED = 705,
    LEAVES_PER_TRANSACTION = 16, BATCH_PAUSE_MS = 1, BACKUP_WAIT_MS = 100, IDLE_PASS_MS = 30000, /* between passes that found nothing */
    OPTION_SPACE_ONLY = 1, OPTION_NO_PARTIAL_MERGES = 2 /* bits */
};

/* A tree of the catalog, by its row. */
struct catalog_tree {
    uint32_t objid_table, type, objid;
    page_no_t root;
};
struct pass {
    struct maintenance_task *task;
    struct transaction *t;
    struct catalog_tree *trees; /* owned */
    uint32_t count, room;
    uint64_t done;              /* nodes removed, leaves packed */
};

/* --- which trees --- */

static JET_ERR add_tree(struct pass *p, const struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    bool is_primary = row->type == CATALOG_ROW_INDEX && row->id == row->objid_table;
    if (is_primary || (row->type != CATALOG_ROW_TABLE && row->type != CATALOG_ROW_INDEX && row->type != CATALOG_ROW_LONG_VALUE))
        goto done;
    if (p->task->plan.objid != 0 && row->objid_table != p->task->plan.objid)
        goto done;
    if (p->count == p->room) {
        uint32_t room = p->room == 0 ? 64 : 2 * p->room;
        struct catalog_tree *more = (struct catalog_tree *)mem_resize(p->trees, (size_t)room * sizeof *more);
        if (more == NULL)
            RAISE(JET_errOutOfMemory);
        p->trees = more;
        p->room = room;
    }
    p->trees[p->count++] = (struct catalog_tree){row->objid_table, row->type, row->id, row->type_or_root};
done:
    return err;
}

static JET_ERR open_catalog(const struct pass *p, struct btree *tree, struct btree_cursor *cursor)
{
    JET_ERR err = JET_errSuccess;
    TRY(btree_open(p->task->database->pages, CATALOG_ROOT, CATALOG_OBJID, tree));
    TRY(btree_cursor_open(tree, cursor));
    btree_cursor_set_reader(cursor, p->t);
done:
    return err;
}

static JET_ERR read_row(const struct pass *p, struct btree_cursor *cursor, struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    TRY(btree_cursor_get(cursor, &node));
    TRY(catalog_row_decode(node.data, p->task->database->page_size, NULL, row));
done:
    return err;
}

static JET_ERR list_trees(struct pass *p)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    struct btree_cursor cursor = {0};
    TRY(txn_begin(p->t));
    TRY(open_catalog(p, &tree, &cursor));
    for (err = btree_first(&cursor); err >= 0; err = btree_next(&cursor)) {
        struct catalog_row row = {0};
        err = read_row(p, &cursor, &row);
        if (err >= 0)
            err = add_tree(p, &row);
        catalog_row_free(&row);
        btree_cursor_release(&cursor);
        TRY(err);
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    return err;
}

/* Does the transaction see the tree? */
static JET_ERR is_there(const struct pass *p, const struct catalog_tree *tree, bool *is)
{
    JET_ERR err = JET_errSuccess;
    struct btree catalog;
    struct btree_cursor cursor = {0};
    struct catalog_row row = {0};
    uint8_t key[CATALOG_KEY_SIZE];
    *is = false;
    TRY(open_catalog(p, &catalog, &cursor));
    err = btree_seek(&cursor, span_of(key, catalog_row_key(tree->objid_table, tree->type, tree->objid, key)), BTREE_SEEK_EQ);
    if (err == JET_errRecordNotFound) {
        err = JET_errSuccess;
        goto done;
    }
    TRY(err);
    TRY(read_row(p, &cursor, &row));
    *is = row.type_or_root == tree->root;
done:
    catalog_row_free(&row);
    btree_cursor_release(&cursor);
    btree_cursor_close(&cursor);
    return err;
}

/* --- the work --- */

static JET_ERR end_transaction(struct pass *p, JET_ERR err)
{
    if (p->t->level == 0)
        return err;
    JET_ERR ended = txn_commit(p->t, true, NULL); /* what was changed is whole also after an error; nothing is versioned */
    return err < 0 ? err : ended;
}

static bool may_go_on(struct pass *p, uint64_t milliseconds)
{
    struct instance *instance = p->task->instance;
    bool goes_on = maintenance_pause(p->task, milliseconds);
    while (goes_on && (backup_check_idle(instance->backup) < 0 || (atomic_load(&instance->stopped_services) & JET_bitStopServiceBackgroundUserTasks) != 0))
        goes_on = maintenance_pause(p->task, BACKUP_WAIT_MS);
    return goes_on;
}

/* *is_done also when the tree is gone. */
static JET_ERR tidy_batch(struct pass *p, const struct catalog_tree *from, struct btree_tidy *state, bool *is_done)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    bool exists = false;
    TRY(txn_begin(p->t));
    TRY(is_there(p, from, &exists));
    *is_done = !exists;
    if (exists) {
        TRY(btree_open_writable(p->task->database, from->root, from->objid, &tree));
        TRY(btree_tidy_some(p->t, &tree, LEAVES_PER_TRANSACTION, state, is_done));
    }
done:
    return end_transaction(p, err);
}

static JET_ERR tidy_tree(struct pass *p, const struct catalog_tree *tree, bool *goes_on)
{
    JET_ERR err = JET_errSuccess;
    struct btree_tidy state = {.options = (p->task->plan.option & OPTION_NO_PARTIAL_MERGES) != 0 ? (unsigned)BTREE_PACK_WHOLE_LEAVES : 0u};
    bool is_done = false;
    while (!is_done && (*goes_on = may_go_on(p, BATCH_PAUSE_MS)))
        TRY(tidy_batch(p, tree, &state, &is_done));
done:
    p->done += state.nodes_removed + state.leaves_packed;
    btree_tidy_end(&state);
    return err;
}

static JET_ERR run_pass(struct maintenance_task *task, bool *goes_on, uint64_t *work_done)
{
    JET_ERR err = JET_errSuccess;
    struct pass p = {.task = task, .t = session_transaction(task->session)};
    if ((task->plan.option & OPTION_SPACE_ONLY) == 0)
        TRY(end_transaction(&p, list_trees(&p)));
    for (uint32_t i = 0; i < p.count && *goes_on; i++)
        TRY(tidy_tree(&p, &p.trees[i], goes_on));
done:
    *work_done = p.done;
    mem_free(p.trees);
    return err;
}

static void report_failure(const struct maintenance_task *task, JET_ERR error)
{
    char number[16];
    snprintf(number, sizeof number, "%d", (int)error);
    EVENT_REPORT(&task->instance->events, EVENT_DEFRAGMENT_FAILED, EVENT_WARNING, EVENT_ONLINE_DEFRAGMENTATION, task->database->path, number);
}

static void run(struct maintenance_task *task)
{
    bool goes_on = maintenance_pause(task, 0);
    while (goes_on && (task->plan.passes_most == MAINTENANCE_NO_LIMIT || atomic_load(&task->passes) < task->plan.passes_most)) {
        uint64_t work_done = 0;
        JET_ERR err = run_pass(task, &goes_on, &work_done);
        if (err < 0) {
            if (maintenance_pause(task, 0)) /* else it is the end of the instance */
                report_failure(task, err);
            return;
        }
        if (goes_on)
            atomic_fetch_add(&task->passes, 1);
        bool is_last = task->plan.passes_most != MAINTENANCE_NO_LIMIT && atomic_load(&task->passes) >= task->plan.passes_most;
        if (goes_on && work_done == 0 && !is_last)
            goes_on = maintenance_pause(task, IDLE_PASS_MS);
    }
}

/* --- the client's calls --- */

static JET_ERR check_may_change(const struct session *session, const struct open_database *db)
{
    JET_ERR err = JET_errSuccess;
    if (session_is_read_only(session))
        RAISE(JET_errTransReadOnly);
    if (open_database_is_read_only(db))
        RAISE(JET_errDatabaseFileReadOnly);
done:
    return err;
}

static JET_ERR start(struct session *session, const struct open_database *db, const struct maintenance_plan *plan)
{
    JET_ERR err = JET_errSuccess;
    bool is_running = false;
    TRY(maintenance_start(session->instance, open_database_file(db), plan, &is_running));
    if (is_running)
        err = JET_wrnDefragAlreadyRunning;
done:
    return err;
}

static JET_ERR start_one_table(struct session *session, const struct open_database *db, const struct defragment_request *r)
{
    JET_ERR err = JET_errSuccess;
    struct maintenance_plan plan = {.kind = MAINTENANCE_DEFRAGMENT, .run = run, .passes_most = 1, .seconds_most = MAINTENANCE_NO_LIMIT};
    const struct table_schema *schema = NULL;
    struct catalog *catalog = NULL;
    if (r->passes != NULL)
        *r->passes = 0;
    if (r->seconds != NULL)
        *r->seconds = 0;
    if (r->grbit != JET_bitDefragmentBTree)
        RAISE(JET_errInvalidGrbit);
    if (r->callback != NULL)
        RAISE(JET_errInvalidParameter);
    if (r->table == NULL)
        RAISE(JET_errInvalidName);
    TRY(catalog_open(open_database_file(db), &catalog));
    TRY(catalog_find_table_for(catalog, session_transaction(session), r->table, &schema));
    plan.objid = schema->objid;
    err = start(session, db, &plan);
done:
    if (schema != NULL)
        catalog_release_table(catalog, schema);
    return err;
}

static JET_ERR start_all_tables_once(struct session *session, const struct open_database *db, const struct defragment_request *r)
{
    JET_ERR err = JET_errSuccess;
    const struct maintenance_plan plan = {.kind = MAINTENANCE_DEFRAGMENT, .run = run, .passes_most = 1, .seconds_most = MAINTENANCE_NO_LIMIT};
    if (r->passes != NULL || r->seconds != NULL)
        RAISE(JET_errInvalidParameter);
    if ((r->grbit & ~(JET_GRBIT)JET_bitDefragmentBTreeBatch) != JET_bitDefragmentBatchStart)
        RAISE(JET_errInvalidGrbit);
    if (r->callback != NULL || r->table != NULL)
        RAISE(JET_errInvalidParameter);
    err = start(session, db, &plan);
done:
    return err;
}

static JET_ERR start_batch(struct session *session, const struct open_database *db, const struct defragment_request *r, unsigned option)
{
    struct maintenance_plan plan = {.kind = MAINTENANCE_DEFRAGMENT, .run = run, .passes_most = MAINTENANCE_NO_LIMIT, .seconds_most = MAINTENANCE_NO_LIMIT,
                                    .option = option, .callback = r->callback, .completed = JET_cbtypOnlineDefragCompleted};
    if (r->passes != NULL && *r->passes < MAINTENANCE_NO_LIMIT)
        plan.passes_most = *r->passes;
    if (r->seconds != NULL && *r->seconds > 0 && *r->seconds < MAINTENANCE_NO_LIMIT) /* negative: no limit */
        plan.seconds_most = *r->seconds;
    return start(session, db, &plan);
}

static JET_ERR stop_batch(struct session *session, const struct open_database *db, const struct defragment_request *r)
{
    struct maintenance_result result = {0, 0};
    bool was_running = maintenance_stop(session->instance, MAINTENANCE_DEFRAGMENT, open_database_id(db), &result);
    if (r->passes != NULL)
        *r->passes = result.passes;
    if (r->seconds != NULL)
        *r->seconds = result.seconds;
    return was_running ? JET_errSuccess : JET_wrnDefragNotRunning;
}

JET_ERR engine_defragment(struct session *session, const struct open_database *db, const struct defragment_request *request)
{
    JET_ERR err = JET_errSuccess;
    JET_GRBIT what = request->grbit & ~(JET_GRBIT)(JET_bitDefragmentAvailSpaceTreesOnly | JET_bitDefragmentNoPartialMerges);
    JET_GRBIT level = (JET_GRBIT)instance_parameter(session->instance, JET_paramEnableOnlineDefrag);
    const JET_GRBIT databases = JET_OnlineDefragDatabases, space = JET_OnlineDefragSpaceTrees;
    TRY(check_may_change(session, db));
    if ((request->grbit & JET_bitDefragmentBTreeBatch) != 0 || (request->grbit & JET_bitDefragmentBTree) != 0) {
        err = (request->grbit & JET_bitDefragmentBTreeBatch) != 0 ? start_all_tables_once(session, db, request) : start_one_table(session, db, request);
        goto done;
    }
    if ((level & JET_OnlineDefragAllOBSOLETE) != 0)
        level = JET_OnlineDefragAll;
    if (what != JET_bitDefragmentBatchStart && what != JET_bitDefragmentBatchStop)
        RAISE(JET_errInvalidGrbit);
    if ((level & (databases | space)) == 0) { /* switched off: neither started, nor missed */
        if (what == JET_bitDefragmentBatchStop) {
            err = stop_batch(session, db, request); /* one that was started before */
            err = err == JET_wrnDefragNotRunning ? JET_errSuccess : err;
        }
        goto done;
    }
    unsigned option = (request->grbit & JET_bitDefragmentNoPartialMerges) != 0 ? (unsigned)OPTION_NO_PARTIAL_MERGES : 0u;
    if ((request->grbit & JET_bitDefragmentAvailSpaceTreesOnly) != 0 || (level & databases) == 0)
        option |= OPTION_SPACE_ONLY;
    err = what == JET_bitDefragmentBatchStart ? start_batch(session, db, request, option) : stop_batch(session, db, request);
done:
    return err;
}
