/* JetComputeStats (statistics.h; reference page). */
#include "engine/statistics.h"

#include "btree/btree.h"
#include "os/clock.h"
#include "txn/txn.h"

enum { SECONDS_PER_DAY = 86400, DAYS_TO_1970 = 25569 /* from 1899-12-30 */ };

/* The key of the node before, to tell different ones. */
struct last_key {
    uint8_t bytes[BTREE_KEY_MAX];
    uint32_t size;
    bool is_there;
};

static void count_node(const struct btree_cursor *cursor, struct last_key *last, page_no_t *last_page, struct catalog_statistics *out)
{
    struct span key = btree_cursor_key(cursor);
    out->entries++;
    if (!last->is_there || !span_equal(key, span_of(last->bytes, last->size))) {
        out->keys++;
        last->is_there = key.size <= sizeof last->bytes;
        last->size = last->is_there ? key.size : 0;
        if (last->size > 0)
            memcpy(last->bytes, key.data, last->size);
    }
    if (cursor->page_no != *last_page) {
        out->pages++;
        *last_page = cursor->page_no;
    }
}

static JET_ERR count_tree(struct transaction *t, struct database *db, page_no_t root, uint32_t objid, struct catalog_statistics *out)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    struct btree_cursor cursor = {0};
    struct last_key last = {.is_there = false};
    page_no_t last_page = 0;
    int64_t seconds;
    unsigned milliseconds;
    clock_now(&seconds, &milliseconds);
    *out = (struct catalog_statistics){.when = DAYS_TO_1970 + (double)seconds / SECONDS_PER_DAY};
    TRY(btree_open(db->pages, root, objid, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    btree_cursor_set_reader(&cursor, t);
    for (err = btree_first(&cursor); err >= 0; err = btree_next(&cursor))
        count_node(&cursor, &last, &last_page, out);
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
    if (out->pages == 0)
        out->pages = 1; /* the empty root */
done:
    btree_cursor_close(&cursor);
    return err;
}

static JET_ERR compute(struct transaction *t, struct catalog *catalog, const struct table_schema *table)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = catalog_database(catalog);
    struct catalog_statistics found;
    TRY(count_tree(t, db, table->root, table->objid, &found));
    err = catalog_set_statistics(t, catalog, table->objid, table->objid, &found);
    TRY(err == JET_errRecordNotFound ? JET_errWriteConflict : err); /* the table is younger than the snapshot */
    for (uint32_t i = 0; i < table->index_count; i++) {
        const struct index *x = &table->indexes[i];
        if (index_is_primary(x))
            continue;
        TRY(count_tree(t, db, x->root, x->objid, &found));
        err = catalog_set_statistics(t, catalog, table->objid, x->objid, &found);
        TRY(err == JET_errRecordNotFound ? JET_errSuccess : err); /* its row is the template's */
    }
done:
    return err;
}

JET_ERR engine_compute_statistics(struct session *session, const struct open_database *db, const struct table_schema *table)
{
    JET_ERR err = JET_errSuccess;
    struct transaction *t = session_transaction(session);
    struct catalog *catalog = NULL;
    bool is_open = false;
    if (open_database_is_read_only(db))
        RAISE(JET_errDatabaseFileReadOnly);
    if (session_is_read_only(session))
        RAISE(JET_errTransReadOnly);
    TRY(session_check_transaction_owner(session));
    TRY(catalog_open(open_database_file(db), &catalog));
    transaction_end_call(t); /* a snapshot of the call alone gives way to that of the transaction */
    TRY(txn_begin(t));
    is_open = true;
    TRY(compute(t, catalog, table));
    TRY(txn_commit(t, true, NULL));
    is_open = false;
done:
    if (is_open) {
        JET_ERR undone = txn_rollback(t);
        if (undone < 0)
            instance_disable(session->instance, undone, __FILE__, __LINE__);
        err = undone < 0 ? undone : err;
    }
    return err;
}
