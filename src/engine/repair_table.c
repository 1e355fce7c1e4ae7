/* Rows and long values of one table, from the damaged file into the new one (repair_internal.h).
 *
 * First it is found out which long values are whole. Then the rows: a value that is not among them becomes null in its row, every reference is counted; a row that cannot be read, or whose
 * key is not the one its values give, is lost. Then the long values that a saved row refers to, with that number of references. */
#include <stdlib.h>

#include "base/memory.h"
#include "btree/load.h"
#include "catalog/row.h"
#include "engine/repair_internal.h"
#include "page/root.h"
#include "record/build.h"
#include "record/key.h"

enum { LV_PARTLY_DELETED = 0xFFFFFFFF };

/* --- one tree --- */

/* Bytes of key and data that a page takes beside its external header and the length of the key. */
static uint32_t largest_node(uint32_t page_size) { return page_size - page_header_size(page_size) - 2 * PAGE_NODE_TAG_SIZE - (uint32_t)sizeof(uint16_t); }

struct fill {
    struct repair *r;
    struct btree tree;
    struct btree_loader *loader;
};

/* The mark of the highest number given to an autoincrement column stands in the root. */
static JET_ERR take_over_mark(struct fill *f, const struct repair_tree *from)
{
    JET_ERR err = JET_errSuccess;
    uint8_t room[SPACE_HEADER_SIZE_MAX];
    struct space_header header;
    if (!from->header.has_autoincrement)
        goto done;
    TRY(space_header_read(f->r->db->pages, f->tree.root, &header));
    header.has_autoincrement = true;
    header.autoincrement = from->header.autoincrement;
    TRY(btree_set_root_header(&f->r->transaction, &f->tree, span_of(room, space_header_encode(&header, room))));
done:
    return err;
}

static JET_ERR fill_nodes(struct fill *f, struct repair_nodes *nodes, repair_accept *accept, void *context, uint64_t *lost)
{
    JET_ERR err = JET_errSuccess;
    struct span key, data;
    while ((err = repair_nodes_next(nodes, &key, &data)) >= 0) {
        bool is_taken = true;
        if (key.size > BTREE_KEY_MAX || key.size + data.size > largest_node(f->r->file.page_size)) {
            ++*lost;
            continue;
        }
        TRY(accept(context, key, &data, &is_taken));
        if (is_taken)
            TRY(btree_loader_add(f->loader, key, data));
    }
    err = err == JET_errNoCurrentRecord ? JET_errSuccess : err;
    *lost += repair_nodes_lost(nodes);
done:
    return err;
}

JET_ERR repair_fill(struct repair *r, const struct repair_tree *from, page_no_t root, uint32_t reserve, repair_accept *accept, void *context, uint64_t *lost)
{
    JET_ERR err = JET_errSuccess;
    struct fill f = {.r = r};
    struct repair_nodes *nodes = NULL;
    uint8_t room[SPACE_HEADER_SIZE_MAX];
    struct space_header header;
    uint32_t pages;
    TRY(btree_open_writable(r->db, root, from->objid, &f.tree));
    TRY(take_over_mark(&f, from));
    TRY(space_header_read(r->db->pages, root, &header));
    const struct btree_loader_config config = {.t = &r->transaction, .tree = &f.tree, .page_size = r->file.page_size, .root_header_size = space_header_encode(&header, room),
                                               .reserve = reserve, .is_unique = f.tree.is_unique};
    TRY(btree_loader_create(&config, &f.loader));
    TRY(repair_nodes_open(from, &nodes));
    TRY(fill_nodes(&f, nodes, accept, context, lost));
    TRY(btree_loader_finish(f.loader, &pages));
done:
    repair_nodes_close(nodes);
    btree_loader_destroy(f.loader);
    return err;
}

/* --- which long values are whole --- */

static JET_ERR next_value_node(void *context, struct span *key, struct span *data)
{
    JET_ERR err = JET_errSuccess;
    struct long_value_key decoded;
    do
        err = repair_nodes_next(context, key, data);
    while (err >= 0 && long_value_key_decode(*key, &decoded) < 0);
    return err;
}

/* Only ever asked for the beginning. */
static JET_ERR first_value_node(void *context, struct span key, struct span *node_key, struct span *data)
{
    (void)key;
    return next_value_node(context, node_key, data);
}

static JET_ERR note_value(void *context, const struct long_value_report *report)
{
    JET_ERR err = JET_errSuccess;
    struct table_work *w = context;
    uint32_t chunk_size = long_value_chunk_size(w->r->file.page_size, w->schema->lv_chunk_most);
    bool is_dead = report->info.references == 0 || report->info.references == LV_PARTLY_DELETED;
    bool lacks_chunks = report->chunks < (uint64_t)report->info.size / chunk_size + (report->info.size % chunk_size != 0);
    bool is_ordered = w->value_count == 0 || report->info.lid > w->values[w->value_count - 1].lid;
    /* Encrypted and XPRESS9 data cannot be looked into here, and is taken as it stands. */
    if ((report->error < 0 && report->error != JET_errFeatureNotAvailable) || !is_ordered) {
        w->told.long_values_lost++;
        goto done;
    }
    if (is_dead && lacks_chunks) /* the check excuses them */
        goto done;
    if (w->value_count == w->value_room) {
        uint32_t room = w->value_room == 0 ? 256 : 2 * w->value_room;
        struct repair_long_value *more = mem_resize(w->values, (size_t)room * sizeof *more);
        if (more == NULL)
            RAISE(JET_errOutOfMemory);
        w->values = more;
        w->value_room = room;
    }
    w->values[w->value_count++] = (struct repair_long_value){report->info.lid, 0};
done:
    return err;
}

static JET_ERR find_values(struct table_work *w, const struct repair_tree *tree)
{
    JET_ERR err = JET_errSuccess;
    struct long_value_nodes source = {.seek = first_value_node, .next = next_value_node, .chunk_size = long_value_chunk_size(w->r->file.page_size, w->schema->lv_chunk_most)};
    struct repair_nodes *nodes = NULL;
    TRY(repair_nodes_open(tree, &nodes));
    source.context = nodes;
    TRY(long_value_visit(&source, note_value, w));
done:
    repair_nodes_close(nodes);
    return err;
}

static struct repair_long_value *find_value(const struct table_work *w, uint64_t lid)
{
    uint32_t low = 0, high = w->value_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (w->values[middle].lid < lid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < w->value_count && w->values[low].lid == lid ? &w->values[low] : NULL;
}

/* --- rows --- */

struct row_work {
    struct table_work *table;
    const struct column *numbered; /* the autoincrement column, or NULL */
    uint64_t highest;         /* number in a saved row */
    struct record_builder *builder; /* made when a row has to be changed */
    struct key_rules rules;
    bool checks_key;
};

/* Calls visit for each long value that the record refers to, from the last to the first. JET_errDatabaseCorrupted: values that cannot be told apart. */
static JET_ERR visit_references(const struct record_view *record, JET_ERR (*visit)(void *context, uint32_t column_id, uint32_t sequence, uint64_t lid), void *context)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = record->tagged_count; i-- > 0;) {
        struct tagged_entry entry;
        uint32_t count;
        TRY(record_tagged_at(record, i, &entry));
        TRY(record_tagged_count(&entry, &count));
        for (uint32_t sequence = count; sequence > 0; sequence--) {
            struct column_value value;
            TRY(record_tagged_value(&entry, sequence, &value));
            if ((value.flags & (COLUMN_VALUE_NULL | COLUMN_VALUE_SEPARATED)) == COLUMN_VALUE_SEPARATED)
                TRY(visit(context, entry.id, sequence, value.lid));
        }
    }
done:
    return err;
}

static JET_ERR check_reference(void *context, uint32_t column_id, uint32_t sequence, uint64_t lid)
{
    const struct row_work *w = context;
    (void)column_id;
    (void)sequence;
    return find_value(w->table, lid) != NULL ? JET_errSuccess : JET_errLVCorrupted;
}

static JET_ERR null_reference(void *context, uint32_t column_id, uint32_t sequence, uint64_t lid)
{
    JET_ERR err = JET_errSuccess;
    struct row_work *w = context;
    const struct column_value null = {.flags = COLUMN_VALUE_NULL};
    const struct column *column = schema_column(w->table->schema, column_id);
    if (column == NULL || find_value(w->table, lid) != NULL)
        goto done; /* the values of deleted columns are not in the record that is made anew */
    TRY(record_builder_set(w->builder, column, sequence, &null));
    w->table->told.columns_nulled++;
done:
    return err;
}

static JET_ERR count_reference(void *context, uint32_t column_id, uint32_t sequence, uint64_t lid)
{
    struct repair_long_value *value = find_value(((struct row_work *)context)->table, lid);
    (void)column_id;
    (void)sequence;
    if (value != NULL && value->references < LV_PARTLY_DELETED - 1)
        value->references++;
    return JET_errSuccess;
}

/* The record without the long values that are lost. */
static JET_ERR mend_record(struct row_work *w, struct record_view *view, struct span *record)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *schema = w->table->schema;
    uint32_t page_size = w->table->r->file.page_size;
    if (w->builder == NULL)
        TRY(record_builder_load(schema, page_size, *record, &w->builder));
    else
        TRY(record_builder_reset_from(w->builder, *record));
    TRY(visit_references(view, null_reference, w));
    TRY(record_builder_bytes(w->builder, record));
    TRY(record_view_init(view, *record, page_size));
    TRY(visit_references(view, check_reference, w));
done:
    return err;
}

/* Keys of text as Windows orders it, and of values that are not in the record, are not made again. */
static bool key_can_be_checked(const struct table_schema *schema, const struct index *primary)
{
    if (primary == NULL || (primary->flags & INDEX_FLAG_UNICODE_TEXT) != 0)
        return false;
    for (uint32_t i = 0; i < primary->segment_count; i++) {
        const struct column *column = schema_column(schema, primary->segments[i].column_id);
        if (column == NULL || column_type_is_long(column->type) || (column->flags & (COLUMN_FLAG_USER_DEFAULT | COLUMN_FLAG_VERSION | COLUMN_FLAG_ESCROW | COLUMN_FLAG_ENCRYPTED)) != 0 ||
            (column_type_is_text(column->type) && column->code_page == 1200))
            return false;
    }
    return true;
}

static JET_ERR check_key(const struct row_work *w, const struct record_view *view, struct span key)
{
    JET_ERR err = JET_errSuccess;
    struct record_key_source source = {0};
    uint8_t own[KEY_ROOM];
    uint32_t size;
    if (!w->checks_key)
        goto done;
    record_key_source_init(&source, view, NULL);
    TRY(key_primary(&w->rules, &source.source, own, &size));
    if (!span_equal(span_of(own, size), key))
        RAISE(JET_errPrimaryIndexCorrupted);
done:
    record_key_source_close(&source);
    return err;
}

static void note_number(struct row_work *w, const struct record_view *view)
{
    struct column_value value;
    if (w->numbered == NULL || record_column(view, w->numbered, 1, &value) < 0 || (value.flags & COLUMN_VALUE_NULL) != 0)
        return;
    uint64_t number = value.bytes.size == sizeof(uint64_t) ? load_le64(value.bytes.data) : value.bytes.size == sizeof(uint32_t) ? load_le32(value.bytes.data) : 0;
    if (number > w->highest)
        w->highest = number;
}

/* The root of a database that was not closed may be older than its rows: numbers would be given a second time. */
static JET_ERR raise_mark(const struct row_work *w)
{
    JET_ERR err = JET_errSuccess;
    const struct table_work *table = w->table;
    struct btree tree;
    struct space_header header;
    uint8_t room[SPACE_HEADER_SIZE_MAX];
    TRY(space_header_read(table->r->db->pages, table->row->new_root, &header));
    if (!header.has_autoincrement || header.autoincrement >= w->highest)
        goto done;
    header.autoincrement = w->highest;
    TRY(btree_open_writable(table->r->db, table->row->new_root, table->row->id, &tree));
    TRY(btree_set_root_header(&table->r->transaction, &tree, span_of(room, space_header_encode(&header, room))));
done:
    return err;
}

static JET_ERR judge_row(struct row_work *w, struct span key, struct span *record)
{
    JET_ERR err = JET_errSuccess;
    struct record_view view;
    TRY(record_view_init(&view, *record, w->table->r->file.page_size));
    TRY(repair_columns_judge(w->table->schema, &view));
    err = visit_references(&view, check_reference, w);
    if (err == JET_errLVCorrupted)
        err = mend_record(w, &view, record);
    TRY(err);
    TRY(check_key(w, &view, key));
    TRY(visit_references(&view, count_reference, w));
    repair_columns_note(&w->table->reach, &view);
    note_number(w, &view);
done:
    return err;
}

static JET_ERR accept_row(void *context, struct span key, struct span *record, bool *is_taken)
{
    struct row_work *w = context;
    uint64_t nulled = w->table->told.columns_nulled;
    JET_ERR err = judge_row(w, key, record);
    if (err == JET_errOutOfMemory)
        return err;
    *is_taken = err >= 0;
    if (err < 0) {
        w->table->told.columns_nulled = nulled;
        w->table->told.rows_lost++;
    } else {
        w->table->told.rows++;
    }
    return JET_errSuccess;
}

static uint32_t reserve_of(const struct repair *r, uint32_t density) { return density > 0 && density < 100 ? r->file.page_size * (100 - density) / 100 : 0; }

static JET_ERR save_rows(struct table_work *w, const struct repair_tree *tree)
{
    JET_ERR err = JET_errSuccess;
    struct row_work work = {.table = w};
    const struct index *primary = schema_primary(w->schema);
    for (uint32_t i = 0; i < w->schema->column_count; i++)
        if (w->schema->columns[i].type != COLUMN_TYPE_NIL && (w->schema->columns[i].flags & COLUMN_FLAG_AUTOINCREMENT) != 0)
            work.numbered = &w->schema->columns[i];
    work.checks_key = key_can_be_checked(w->schema, primary) && key_rules_init(&work.rules, w->schema, primary, NULL) >= 0;
    TRY(repair_fill(w->r, tree, w->row->new_root, reserve_of(w->r, w->schema->density), accept_row, &work, &w->told.rows_lost));
    TRY(raise_mark(&work));
done:
    record_builder_free(work.builder);
    return err;
}

/* --- long values --- */

struct value_work {
    struct table_work *table;
    uint8_t head[16];
};

/* Only values that are whole and referred to; their heads with the number of references there are now. */
static JET_ERR accept_value(void *context, struct span key, struct span *data, bool *is_taken)
{
    struct value_work *w = context;
    struct long_value_key decoded;
    *is_taken = false;
    if (long_value_key_decode(key, &decoded) < 0)
        return JET_errSuccess;
    const struct repair_long_value *value = find_value(w->table, decoded.lid);
    if (value == NULL || value->references == 0)
        return JET_errSuccess;
    *is_taken = true;
    if (decoded.is_chunk || data->size < 4 || data->size > sizeof w->head)
        return JET_errSuccess;
    memcpy(w->head, data->data, data->size);
    store_le32(w->head, value->references);
    *data = span_of(w->head, data->size);
    w->table->told.long_values++;
    return JET_errSuccess;
}

static JET_ERR save_values(struct table_work *w, const struct repair_tree *tree, const struct repair_row *row)
{
    struct value_work work = {.table = w};
    uint64_t lost = 0;
    return repair_fill(w->r, tree, row->new_root, 0, accept_value, &work, &lost);
}

/* --- the table --- */

static void note_losses(struct table_work *w, const struct repair_tree *tree)
{
    w->told.pages_lost += tree->pages_lost;
    w->told.pages_stray += tree->pages_stray;
    if (!tree->is_whole)
        w->r->is_damaged = true;
}

JET_ERR repair_table(struct table_work *w)
{
    JET_ERR err = JET_errSuccess;
    struct repair *r = w->r;
    const struct repair_losses losses = {repair_tell_page, r};
    struct repair_tree rows = {.root = 0}, values = {.root = 0};
    struct repair_row *value_row = w->schema->lv_root != 0 ? repair_catalog_tree(r, w->first, w->schema->lv_objid) : NULL;
    if (value_row != NULL) {
        TRY(repair_tree_walk(&r->file, value_row->root, value_row->id, PAGE_FLAG_LONG_VALUE, &losses, &values));
        note_losses(w, &values);
        TRY(find_values(w, &values));
    }
    TRY(repair_tree_walk(&r->file, w->row->root, w->row->id, 0, &losses, &rows));
    note_losses(w, &rows);
    TRY(save_rows(w, &rows));
    TRY(repair_columns_add(w));
    if (value_row != NULL)
        TRY(save_values(w, &values, value_row));
    TRY(repair_indexes(w));
done:
    repair_tree_free(&rows);
    repair_tree_free(&values);
    mem_free(w->values);
    w->values = NULL;
    return err;
}
