/* Every row of every table (row_walk.h). */
#include "check/row_walk.h"

struct walk {
    struct database *db;
    struct catalog *catalog;
    const struct row_visitor *visitor;
    uint64_t rows_done;
};

/* A fault in one table: told to the visitor, who decides whether the walk goes on. */
static JET_ERR tell_damage(struct walk *w, const char *table, JET_ERR error)
{
    return w->visitor->damage != NULL ? w->visitor->damage(w->visitor->context, table, error) : error;
}

/* The error of the visitor's own must not be taken for damage. */
struct row_result {
    JET_ERR from_data, from_visitor;
};

static struct row_result visit_row(struct walk *w, const struct table_schema *table, struct btree_cursor *cursor, const struct long_value_nodes *nodes)
{
    struct row_result result = {0, 0};
    struct node node;
    struct row row = {.table = table, .long_values = nodes};
    result.from_data = btree_cursor_get(cursor, &node);
    if (result.from_data < 0)
        return result;
    row.key = btree_cursor_key(cursor);
    row.page_no = cursor->page_no;
    result.from_data = record_view_init(&row.record, node.data, w->db->page_size);
    if (result.from_data >= 0 && w->visitor->row != NULL)
        result.from_visitor = w->visitor->row(w->visitor->context, &row);
    btree_cursor_release(cursor);
    return result;
}

static JET_ERR walk_rows(struct walk *w, const struct table_schema *table)
{
    JET_ERR err = JET_errSuccess, damage = JET_errSuccess;
    struct btree tree;
    struct btree_cursor cursor = {0};
    struct long_value_tree long_values = {0};
    TRY(long_value_tree_open(w->db->pages, table, &long_values));
    TRY(btree_open(w->db->pages, table->root, table->objid, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    for (err = btree_first(&cursor); err >= 0; err = btree_next(&cursor)) {
        struct row_result result = visit_row(w, table, &cursor, &long_values.nodes);
        if (result.from_visitor < 0) {
            damage = result.from_visitor;
            err = JET_errNoCurrentRecord;
            break;
        }
        if (result.from_data < 0)
            TRY(tell_damage(w, table->name, result.from_data));
        if (++w->rows_done % 1024 == 0 && w->visitor->progress != NULL)
            w->visitor->progress(w->visitor->context, cursor.page_no, w->db->last_owned_page);
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    long_value_tree_close(&long_values);
    return damage < 0 ? damage : err < 0 ? tell_damage(w, table->name, err) : err;
}

static JET_ERR walk_table(struct walk *w, const struct table_schema *table)
{
    JET_ERR err = JET_errSuccess;
    const struct row_visitor *v = w->visitor;
    if (v->table_begin != NULL)
        err = v->table_begin(v->context, table);
    if (err == JET_errSuccess && v->row != NULL)
        err = walk_rows(w, table);
    if (err >= 0 && v->table_end != NULL)
        err = v->table_end(v->context, table);
    return err;
}

static JET_ERR visit_table(void *context, const struct catalog_table *table)
{
    struct walk *w = (struct walk *)context;
    return table->schema == NULL ? tell_damage(w, table->name, table->error) : walk_table(w, table->schema);
}

JET_ERR row_walk(struct database *db, const char *only_table, const struct row_visitor *visitor)
{
    JET_ERR err = JET_errSuccess;
    struct walk w = {.db = db, .visitor = visitor};
    const struct table_schema *table = NULL;
    TRY(catalog_open(db, &w.catalog));
    if (only_table == NULL) {
        TRY(catalog_visit_tables(w.catalog, visit_table, &w));
        goto done;
    }
    TRY(catalog_find_table(w.catalog, only_table, &table));
    err = walk_table(&w, table);
done:
    if (w.catalog != NULL)
        catalog_release_table(w.catalog, table);
    return err;
}
