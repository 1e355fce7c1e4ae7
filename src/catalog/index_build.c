/* Filling new indexes from the rows of their table (internal.h; records-and-catalog 4.6, 4.7).
 *
 * One pass over the rows makes the entries of all the indexes. Each index collects its entries in memory, sorts them when the room is used up, and inserts them in order
 * into its tree: one run is the usual case, and later runs go in between. Nobody else can reach the trees, so nothing is versioned; and nobody
 * else is changing the table, so that the pages themselves say what its rows are.
 *
 * Called by indexes.c with the table's writers kept out. No locks of its own. */
#include <stdlib.h>

#include "base/memory.h"
#include "btree/update.h"
#include "catalog/internal.h"
#include "record/key.h"

enum { RUN_BYTES = 16 << 20, RUN_BYTES_LEAST = 64 << 10, ENTRY_HEAD = 4 };

/* Entries one behind the other: u16 key size, u16 data size, key, data. `at` says where each begins. */
struct run {
    uint8_t *bytes;
    const uint8_t **at;
    uint32_t used, room, count, at_room;
};

struct build {
    struct transaction *t;
    struct btree tree;
    struct key_rules rules;
    struct run run;
    struct span primary_key; /* of the row whose entries are being made */
    bool is_unique;
    const struct index_conflicts *conflicts; /* NULL: a conflict ends the build */
};

static struct span entry_key(const uint8_t *entry) { return span_of(entry + ENTRY_HEAD, load_le16(entry)); }
static struct span entry_data(const uint8_t *entry) { return span_of(entry + ENTRY_HEAD + load_le16(entry), load_le16(entry + 2)); }

static int compare_entries(const void *a, const void *b)
{
    const uint8_t *x = *(const uint8_t *const *)a, *y = *(const uint8_t *const *)b;
    int order = span_compare(entry_key(x), entry_key(y));
    return order != 0 ? order : span_compare(entry_data(x), entry_data(y));
}

static JET_ERR flush_run(struct build *b)
{
    JET_ERR err = JET_errSuccess;
    struct run *run = &b->run;
    if (run->count > 0)
        qsort(run->at, run->count, sizeof *run->at, compare_entries);
    for (uint32_t i = 0; i < run->count; i++) {
        if (b->is_unique && i > 0 && span_equal(entry_key(run->at[i]), entry_key(run->at[i - 1])))
            err = b->conflicts != NULL ? JET_errKeyDuplicate : error_raise(JET_errKeyDuplicate, __FILE__, __LINE__);
        else
            err = btree_insert(b->t, &b->tree, NULL, entry_key(run->at[i]), entry_data(run->at[i]), BTREE_UNVERSIONED | BTREE_APPEND_HINT);
        if (err == JET_errKeyDuplicate && b->conflicts != NULL)
            err = b->conflicts->row(b->conflicts->context, entry_data(run->at[i]), err);
        TRY(err);
    }
    run->count = run->used = 0;
done:
    return err;
}

/* More room, up to the most a run may take. False: the run is full. */
static JET_ERR reserve(struct run *run, uint32_t size, bool *is_full)
{
    JET_ERR err = JET_errSuccess;
    *is_full = false;
    if (run->count == run->at_room) {
        uint32_t wanted = run->at_room == 0 ? 1024 : 2 * run->at_room;
        const uint8_t **bigger = mem_resize(run->at, wanted * sizeof *bigger);
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        run->at = bigger;
        run->at_room = wanted;
    }
    if (run->used + size <= run->room)
        goto done;
    if (run->room >= RUN_BYTES) {
        *is_full = true;
        goto done;
    }
    uint32_t wanted = run->room == 0 ? RUN_BYTES_LEAST : 2 * run->room;
    uint8_t *old = run->bytes, *bigger = mem_alloc(wanted);
    if (bigger == NULL)
        RAISE(JET_errOutOfMemory);
    if (run->used > 0)
        memcpy(bigger, old, run->used);
    for (uint32_t i = 0; i < run->count; i++)
        run->at[i] = bigger + (run->at[i] - old);
    mem_free(old);
    run->bytes = bigger;
    run->room = wanted;
done:
    return err;
}

static JET_ERR add_entry(void *context, struct span key)
{
    JET_ERR err = JET_errSuccess;
    struct build *b = context;
    uint32_t size = ENTRY_HEAD + key.size + b->primary_key.size;
    bool is_full;
    TRY(reserve(&b->run, size, &is_full));
    if (is_full)
        TRY(flush_run(b));
    uint8_t *entry = b->run.bytes + b->run.used;
    store_le16(entry, (uint16_t)key.size);
    store_le16(entry + 2, (uint16_t)b->primary_key.size);
    memcpy(entry + ENTRY_HEAD, key.data, key.size);
    memcpy(entry + ENTRY_HEAD + key.size, b->primary_key.data, b->primary_key.size);
    b->run.at[b->run.count++] = entry;
    b->run.used += size;
done:
    return err;
}

/* --- the pass over the rows --- */

static JET_ERR add_row(struct build *builds, uint32_t count, struct span key, struct span record, uint32_t page_size, const struct long_value_nodes *nodes)
{
    JET_ERR err = JET_errSuccess;
    struct record_view view;
    struct record_key_source source = {0};
    TRY(record_view_init(&view, record, page_size));
    record_key_source_init(&source, &view, nodes);
    for (uint32_t i = 0; i < count; i++) {
        builds[i].primary_key = key;
        err = key_entries(&builds[i].rules, &source.source, add_entry, &builds[i]);
        if ((err == JET_errNullKeyDisallowed || err == JET_errKeyTruncated) && builds[i].conflicts != NULL)
            err = builds[i].conflicts->row(builds[i].conflicts->context, key, err);
        TRY(err);
    }
done:
    record_key_source_close(&source);
    return err;
}

static JET_ERR scan(struct catalog *catalog, const struct table_schema *table, struct build *builds, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    struct btree_cursor cursor = {0};
    struct long_value_tree *long_values = mem_alloc(sizeof *long_values);
    uint32_t page_size = catalog->db->page_size;
    uint8_t *copy = mem_alloc(page_size);
    if (copy == NULL || long_values == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(btree_open(catalog->db->pages, table->root, table->objid, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    TRY(long_value_tree_open(catalog->db->pages, table, long_values));
    for (err = btree_first(&cursor); err >= 0; err = btree_next(&cursor)) {
        struct node node;
        TRY(btree_cursor_get(&cursor, &node));
        uint32_t size = node.data.size;
        memcpy(copy, node.data.data, size);
        btree_cursor_release(&cursor);
        TRY(add_row(builds, count, btree_cursor_key(&cursor), span_of(copy, size), page_size, long_values->is_open ? &long_values->nodes : NULL));
    }
    if (err == JET_errNoCurrentRecord || err == JET_errRecordNotFound)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    if (long_values != NULL)
        long_value_tree_close(long_values);
    mem_free(long_values);
    mem_free(copy);
    return err;
}

JET_ERR index_build(struct transaction *t, struct catalog *catalog, const struct table_schema *table, const uint32_t *objids, uint32_t count, const struct index_conflicts *conflicts)
{
    JET_ERR err = JET_errSuccess;
    struct build *builds = mem_alloc_array(count, sizeof *builds);
    uint32_t made = 0;
    if (builds == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < table->index_count; i++) {
        const struct index *index = &table->indexes[i];
        for (uint32_t k = 0; k < count && made < count; k++) {
            if (objids[k] != index->objid)
                continue;
            struct build *b = &builds[made++];
            b->t = t;
            b->is_unique = index_is_unique(index);
            b->conflicts = conflicts;
            TRY(btree_open_writable(catalog->db, index->root, index->objid, &b->tree));
            TRY(key_rules_init(&b->rules, table, index, catalog_weights(catalog)));
        }
    }
    TRY(scan(catalog, table, builds, made));
    for (uint32_t i = 0; i < made; i++)
        TRY(flush_run(&builds[i]));
done:
    for (uint32_t i = 0; i < made; i++) {
        mem_free(builds[i].run.bytes);
        mem_free(builds[i].run.at);
    }
    mem_free(builds);
    return err;
}

JET_ERR catalog_fill_index(struct transaction *t, struct catalog *catalog, const struct table_schema *table, uint32_t objid, const struct index_conflicts *conflicts)
{
    return index_build(t, catalog, table, &objid, 1, conflicts);
}
