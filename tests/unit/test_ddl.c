/* Schema changes: the definitions with which the original engine made the sample files give the same catalog rows here; and what transactions see of them. */
#include "cmocka_all.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>

#include "base/memory.h"
#include "btree/update.h"
#include "catalog/row.h"
#include "opened_file.h"
#include "record/build.h"
#include "record/key.h"
#include "shared_data.h"
#include "writable_file.h"

static void begin(struct transaction *t) { assert_int_equal(txn_begin(t), JET_errSuccess); }
static void commit(struct transaction *t) { assert_int_equal(txn_commit(t, true, NULL), JET_errSuccess); }
static void rollback(struct transaction *t) { assert_int_equal(txn_rollback(t), JET_errSuccess); }

static uint32_t objid_of(struct writable *w, struct transaction *t, const char *name)
{
    const struct table_schema *table;
    assert_int_equal(catalog_find_table_for(w->catalog, t, name, &table), JET_errSuccess);
    uint32_t objid = table->objid;
    catalog_release_table(w->catalog, table);
    return objid;
}

static bool exists(struct writable *w, struct transaction *t, const char *name)
{
    const struct table_schema *table;
    JET_ERR err = catalog_find_table_for(w->catalog, t, name, &table);
    catalog_release_table(w->catalog, table);
    assert_true(err == JET_errSuccess || err == JET_errObjectNotFound);
    return err == JET_errSuccess;
}

/* --- the operations of the sample files --- */

enum { WORDS = 40, COLUMNS = 64, INDEXES = 64, CONDITIONS = 8 };

struct script {
    struct writable *w;
    struct table_definition table;
    struct column_definition columns[COLUMNS];
    struct index_definition indexes[INDEXES];
    struct condition_definition conditions[INDEXES][CONDITIONS];
    struct space_hints_definition hints[INDEXES], table_hints, lv_hints;
    char current[65];
    bool is_defining;
    unsigned tables;
};

static struct span unhex(const char *text)
{
    uint32_t size = (uint32_t)strlen(text) / 2;
    uint8_t *bytes = (uint8_t *)text_of("%s", text); /* lives until exit */
    for (uint32_t i = 0; i < size; i++) {
        unsigned value;
        sscanf(text + 2 * i, "%2x", &value);
        bytes[i] = (uint8_t)value;
    }
    return span_of(bytes, size);
}

static struct space_hints_definition hints_of(const char *text)
{
    struct space_hints_definition h = {0};
    sscanf(text, "%u,%u,%u,%u,%u,%u,%u", &h.initial_density, &h.initial_bytes, &h.grbit, &h.maintenance_density, &h.growth, &h.min_extent_bytes, &h.max_extent_bytes);
    return h;
}

static struct column_definition column_of(char **words)
{
    struct column_definition c = {.name = words[1], .type = (uint32_t)strtoul(words[2], NULL, 0), .max_size = (uint32_t)strtoul(words[3], NULL, 0),
                                  .grbit = (uint32_t)strtoul(words[4], NULL, 0), .code_page = (uint32_t)strtoul(words[5], NULL, 0)};
    if (words[6] != NULL && strncmp(words[6], "cb=", 3) == 0) {
        char *rest = words[6] + 3;
        c.callback = strsep(&rest, ";");
        char *data = strsep(&rest, ";");
        c.callback_data = span_of(data, (uint32_t)strlen(data));
    } else if (words[6] != NULL) {
        c.default_value = unhex(words[6]);
    }
    return c;
}

static struct index_definition index_of(char **words, struct condition_definition *conditions, struct space_hints_definition *hints)
{
    struct index_definition x = {.name = words[1], .grbit = (uint32_t)strtoul(words[3], NULL, 0), .conditions = conditions};
    char *key = (char *)text_of("%s  ", words[2]);
    x.key = key;
    x.key_size = (uint32_t)strlen(words[2]) + 2;
    for (char *p = key; *p != 0; p++)
        if (*p == ',' || *p == ' ')
            *p = 0;
    key[x.key_size - 1] = key[x.key_size - 2] = 0;
    for (unsigned i = 4; words[i] != NULL; i++) {
        char *value = strchr(words[i], '=') + 1;
        if (strncmp(words[i], "null=", 5) == 0 || strncmp(words[i], "nonnull=", 8) == 0)
            conditions[x.condition_count++] = (struct condition_definition){value, words[i][2] == 'l' ? JET_bitIndexColumnMustBeNull : JET_bitIndexColumnMustBeNonNull};
        else if (strncmp(words[i], "mac=", 4) == 0)
            x.var_seg_mac = (uint32_t)atoi(value);
        else if (strncmp(words[i], "most=", 5) == 0) {
            x.key_most = (uint32_t)atoi(value);
            x.grbit |= JET_bitIndexKeyMost;
        } else if (strncmp(words[i], "density=", 8) == 0)
            x.density = (uint32_t)atoi(value);
        else if (strncmp(words[i], "tup=", 4) == 0) {
            x.tuple.is_set = true;
            sscanf(value, "%u,%u,%u,%u,%u", &x.tuple.min, &x.tuple.max, &x.tuple.most, &x.tuple.step, &x.tuple.start);
        } else if (strncmp(words[i], "space=", 6) == 0) {
            *hints = hints_of(value);
            x.space_hints = hints;
        } else
            fail_msg("option %s", words[i]);
    }
    return x;
}

static void table_options(struct script *s, char **words)
{
    for (unsigned i = 2; words[i] != NULL; i++) {
        char *value = strchr(words[i], '=') + 1;
        if (strncmp(words[i], "grbit=", 6) == 0)
            s->table.grbit = (uint32_t)strtoul(value, NULL, 0);
        else if (strncmp(words[i], "tmpl=", 5) == 0)
            s->table.template_name = value;
        else if (strncmp(words[i], "pages=", 6) == 0)
            s->table.pages = (uint32_t)atoi(value);
        else if (strncmp(words[i], "density=", 8) == 0)
            s->table.density = (uint32_t)atoi(value);
        else if (strncmp(words[i], "sep=", 4) == 0)
            s->table.separate_lv = (uint32_t)atoi(value);
        else if (strncmp(words[i], "chunk=", 6) == 0)
            s->table.lv_chunk_most = (uint32_t)atoi(value);
        else if (strncmp(words[i], "cb=", 3) == 0)
            s->table.callback = value;
        else if (strncmp(words[i], "cbtyp=", 6) == 0)
            s->table.callback_types = (uint32_t)atoi(value);
        else if (strncmp(words[i], "lvspace=", 8) == 0) {
            s->lv_hints = hints_of(value);
            s->table.long_value_space_hints = &s->lv_hints;
        } else if (strncmp(words[i], "seqspace=", 9) == 0) {
            s->table_hints = hints_of(value);
            s->table.space_hints = &s->table_hints;
        } else
            fail_msg("option %s", words[i]);
    }
}

/* Changes of rows are passed over. */
static void run_line(struct script *s, char **words)
{
    struct transaction *t = &s->w->t;
    struct catalog *catalog = s->w->catalog;
    const char *what = words[0];
    JET_ERR err = JET_errSuccess;
    bool is_alone = t->level == 0;
    if (strcmp(what, "table") == 0) {
        memset(&s->table, 0, sizeof s->table);
        s->table.name = words[1];
        s->table.columns = s->columns;
        s->table.indexes = s->indexes;
        snprintf(s->current, sizeof s->current, "%s", words[1]);
        table_options(s, words);
    } else if (strcmp(what, "col") == 0) {
        assert_true(s->table.column_count < COLUMNS);
        s->columns[s->table.column_count++] = column_of(words);
    } else if (strcmp(what, "idx") == 0) {
        uint32_t i = s->table.index_count++;
        assert_true(i < INDEXES);
        s->indexes[i] = index_of(words, s->conditions[i], &s->hints[i]);
    } else if (strcmp(what, "begin") == 0) {
        begin(t);
    } else if (strcmp(what, "commit") == 0) {
        commit(t);
    } else if (strcmp(what, "open") == 0 || strcmp(what, "use") == 0) {
        snprintf(s->current, sizeof s->current, "%s", words[1]);
    } else if (strcmp(what, "end") == 0 || strstr(what, "tab") != NULL || strstr(what, "addcol") == what || strstr(what, "delcol") == what || strstr(what, "ren") == what
               || strstr(what, "addidx") == what || strstr(what, "delidx") == what) {
        if (is_alone)
            begin(t);
        if (strcmp(what, "end") == 0) {
            err = catalog_create_table(t, catalog, &s->table);
            s->tables++;
        } else if (strcmp(what, "addcol") == 0) {
            struct column_definition c = column_of(words);
            err = catalog_add_column(t, catalog, objid_of(s->w, t, s->current), &c);
        } else if (strcmp(what, "delcol") == 0) {
            err = catalog_delete_column(t, catalog, objid_of(s->w, t, s->current), words[1], false);
        } else if (strcmp(what, "rencol") == 0) {
            err = catalog_rename_column(t, catalog, objid_of(s->w, t, s->current), words[1], words[2]);
        } else if (strcmp(what, "addidx") == 0) {
            struct index_definition x = index_of(words, s->conditions[0], &s->hints[0]);
            err = catalog_create_indexes(t, catalog, objid_of(s->w, t, s->current), &x, 1);
        } else if (strcmp(what, "delidx") == 0) {
            err = catalog_delete_index(t, catalog, objid_of(s->w, t, s->current), words[1]);
        } else if (strcmp(what, "deltable") == 0) {
            err = catalog_delete_table(t, catalog, words[1]);
        } else if (strcmp(what, "rentable") == 0) {
            err = catalog_rename_table(t, catalog, words[1], words[2]);
        } else {
            fail_msg("%s", what);
        }
        if (err != JET_errSuccess)
            print_error("%s %s: %d\n", what, words[1] != NULL ? words[1] : s->current, err);
        assert_int_equal(err, JET_errSuccess);
        if (is_alone)
            commit(t);
    }
}

static void run_script(struct script *s, const char *relative)
{
    const char *path = text_of("%s/operations", make_scratch_folder("ddl"));
    copy_shared_file(relative, path);
    unsigned long long size;
    char *text = (char *)read_whole_file(path, &size), *rest = text, *line;
    text[size] = 0;
    while ((line = strsep(&rest, "\n")) != NULL) {
        char *words[WORDS] = {0}, *word, *in_line = line;
        unsigned n = 0;
        while ((word = strsep(&in_line, " \r")) != NULL && n < WORDS - 1)
            if (*word != 0)
                words[n++] = word;
        if (n > 0)
            run_line(s, words);
    }
    free(text);
}

/* --- rows, without what differs from file to file --- */

struct row_text {
    uint8_t bytes[4096];
    uint32_t size;
};

static uint32_t rows_of_table(struct database *db, uint32_t objid, struct row_text *out, uint32_t room)
{
    struct btree tree;
    struct btree_cursor cursor = {0};
    uint8_t key[CATALOG_KEY_SIZE];
    uint32_t n = 0;
    assert_int_equal(btree_open(db->pages, 4, 2, &tree), JET_errSuccess);
    assert_int_equal(btree_cursor_open(&tree, &cursor), JET_errSuccess);
    catalog_row_key(objid, 0, 0, key);
    for (JET_ERR err = btree_seek(&cursor, span_of(key, 5), BTREE_SEEK_GE); err >= 0; err = btree_next(&cursor)) {
        struct node node;
        struct catalog_row row;
        assert_int_equal(btree_cursor_get(&cursor, &node), JET_errSuccess);
        assert_int_equal(catalog_row_decode(node.data, db->page_size, NULL, &row), JET_errSuccess);
        bool is_ours = row.objid_table == objid;
        if (is_ours && row.type != CATALOG_ROW_LONG_VALUE) {
            assert_true(n < room);
            row.objid_table = 0;
            if (row.type == CATALOG_ROW_TABLE || row.type == CATALOG_ROW_INDEX)
                row.id = row.type_or_root = 0;
            if (row.name.size > 8 && memcmp(row.name.data, "JetStub_", 8) == 0)
                row.name.size = 8;
            row.present &= ~(1u << CATALOG_LAST_SET_TIME);
            assert_int_equal(catalog_row_encode(&row, db->page_size, out[n].bytes, sizeof out[n].bytes, &out[n].size), JET_errSuccess);
            n++;
        }
        catalog_row_free(&row);
        btree_cursor_release(&cursor);
        if (!is_ours)
            break;
    }
    btree_cursor_close(&cursor);
    return n;
}

enum { ROWS = 300 };
struct comparison {
    struct writable *w;
    struct opened *o;
    struct row_text *ours, *theirs;
    unsigned tables;
};

static JET_ERR compare_table(void *context, const struct catalog_table *table)
{
    struct comparison *c = context;
    if (strncmp(table->name, "MSys", 4) == 0)
        return JET_errSuccess;
    uint32_t there = rows_of_table(c->o->db, table->objid, c->theirs, ROWS), here = rows_of_table(c->w->db, objid_of(c->w, NULL, table->name), c->ours, ROWS);
    if (here != there)
        print_error("table %s: %u rows, should be %u\n", table->name, here, there);
    assert_int_equal(here, there);
    for (uint32_t i = 0; i < here; i++) {
        if (!span_equal(span_of(c->ours[i].bytes, c->ours[i].size), span_of(c->theirs[i].bytes, c->theirs[i].size)))
            print_error("table %s: row %u\n", table->name, i);
        assert_int_equal(c->ours[i].size, c->theirs[i].size);
        assert_memory_equal(c->ours[i].bytes, c->theirs[i].bytes, c->ours[i].size);
    }
    c->tables++;
    return JET_errSuccess;
}

static void compare_with(const char *operations, const char *sample, uint32_t page_size, unsigned tables)
{
    struct writable w;
    struct opened o;
    struct script *s = calloc(1, sizeof *s);
    uint64_t lost;
    const char *path = text_of("%s/database", make_scratch_folder("sample"));
    copy_shared_file(sample, path);
    assert_int_equal(open_file(path, &o), JET_errSuccess);
    make_writable(page_size, &w);
    s->w = &w;
    run_script(s, operations);
    struct comparison c = {&w, &o, malloc(ROWS * sizeof *c.ours), malloc(ROWS * sizeof *c.theirs), 0};
    assert_int_equal(catalog_visit_tables(o.catalog, compare_table, &c), JET_errSuccess);
    assert_int_equal(c.tables, tables);
    verify_writable(&w, &lost);
    assert_int_equal(lost, 0);
    free(c.ours);
    free(c.theirs);
    free(s);
    close_writable(&w);
    close_file(&o);
}

static void tables_of_all_kinds_get_the_rows_of_the_original_engine(void **state)
{
    (void)state;
    require_shared_data();
    compare_with("engine/features-records-4k/records.operations.txt", "engine/features-records-4k/records.edb", 4096, 17);
    compare_with("engine/features-records-16k/records.operations.txt", "engine/features-records-16k/records.edb", 16384, 17);
}

static void indexes_of_all_kinds_get_the_rows_of_the_original_engine(void **state)
{
    (void)state;
    require_shared_data();
    compare_with("engine/features-keys-4k/keys.operations.txt", "engine/features-keys-4k/keys.edb", 4096, 7);
    compare_with("engine/features-keys-16k/keys.operations.txt", "engine/features-keys-16k/keys.edb", 16384, 7);
}

static void callbacks_and_key_sizes_get_the_rows_of_the_original_engine(void **state)
{
    (void)state;
    require_shared_data();
    compare_with("engine/features-catalog-4k/callbacks.operations.txt", "engine/features-catalog-4k/callbacks.edb", 4096, 2);
    compare_with("engine/features-catalog-4k/keymost.operations.txt", "engine/features-catalog-4k/keymost.edb", 4096, 3);
}

/* --- what transactions see --- */

static JET_ERR add_table(struct writable *w, struct transaction *t, const char *name)
{
    static const struct column_definition columns[] = {{.name = "Id", .type = COLUMN_TYPE_LONG, .grbit = JET_bitColumnNotNULL},
                                                       {.name = "Number", .type = COLUMN_TYPE_LONG},
                                                       {.name = "Text", .type = COLUMN_TYPE_TEXT, .max_size = 50, .code_page = 1252},
                                                       {.name = "Many", .type = COLUMN_TYPE_LONG, .grbit = JET_bitColumnTagged | JET_bitColumnMultiValued},
                                                       {.name = "Long", .type = COLUMN_TYPE_LONG_BINARY}};
    static const struct index_definition indexes[] = {{.name = "Primary", .key = "+Id\0", .key_size = 5, .grbit = JET_bitIndexPrimary},
                                                      {.name = "ByText", .key = "+Text\0", .key_size = 7}};
    struct table_definition definition = {.name = name, .columns = columns, .column_count = 5, .indexes = indexes, .index_count = 2};
    return catalog_create_table(t, w->catalog, &definition);
}

static JET_ERR add_column(struct writable *w, struct transaction *t, const char *table, struct column_definition c)
{
    return catalog_add_column(t, w->catalog, objid_of(w, t, table), &c);
}

static JET_ERR add_index(struct writable *w, struct transaction *t, const char *table, struct index_definition x)
{
    return catalog_create_indexes(t, w->catalog, objid_of(w, t, table), &x, 1);
}

static const struct table_schema *schema_of(struct writable *w, struct transaction *t, const char *name)
{
    const struct table_schema *table;
    assert_int_equal(catalog_find_table_for(w->catalog, t, name, &table), JET_errSuccess);
    return table;
}

static bool has_column(struct writable *w, struct transaction *t, const char *name, const char *column)
{
    const struct table_schema *table = schema_of(w, t, name);
    bool found = schema_column_by_name(table, column) != NULL;
    catalog_release_table(w->catalog, table);
    return found;
}

static bool has_index(struct writable *w, struct transaction *t, const char *name, const char *index)
{
    const struct table_schema *table = schema_of(w, t, name);
    bool found = schema_index_by_name(table, index) != NULL;
    catalog_release_table(w->catalog, table);
    return found;
}

static void set_long(struct record_builder *b, const struct table_schema *table, const char *name, uint32_t sequence, uint32_t value)
{
    uint8_t bytes[4];
    store_le32(bytes, value);
    struct column_value v = {.bytes = span_of(bytes, 4)};
    assert_int_equal(record_builder_set(b, schema_column_by_name(table, name), sequence, &v), JET_errSuccess);
}

struct insertion {
    struct transaction *t;
    struct btree tree;
    struct span primary;
};

static JET_ERR insert_entry(void *context, struct span key)
{
    struct insertion *i = context;
    return btree_insert(i->t, &i->tree, NULL, key, i->primary, 0);
}

/* A row with its entries in all indexes. */
static void insert_row(struct writable *w, struct transaction *t, const char *name, uint32_t id, uint32_t number)
{
    const struct table_schema *table = schema_of(w, t, name);
    struct table_state *state;
    struct record_builder *b;
    struct record_view view;
    struct record_key_source source;
    struct span record;
    struct btree tree;
    uint8_t text[20], key[KEY_ROOM];
    uint32_t key_size = 0;
    assert_int_equal(catalog_table_state(w->catalog, table->objid, &state), JET_errSuccess);
    assert_int_equal(catalog_enter_writer(w->catalog, t, state), JET_errSuccess);
    assert_int_equal(record_builder_create(table, w->db->page_size, &b), JET_errSuccess);
    set_long(b, table, "Id", 1, id);
    set_long(b, table, "Number", 1, number);
    set_long(b, table, "Many", 0, number);
    set_long(b, table, "Many", 0, number + 1);
    struct column_value v = {.bytes = span_of(text, (uint32_t)snprintf((char *)text, sizeof text, "text %u", number % 7))};
    assert_int_equal(record_builder_set(b, schema_column_by_name(table, "Text"), 1, &v), JET_errSuccess);
    assert_int_equal(record_builder_bytes(b, &record), JET_errSuccess);
    assert_int_equal(record_view_init(&view, record, w->db->page_size), JET_errSuccess);
    record_key_source_init(&source, &view, NULL);
    for (uint32_t i = 0; i < table->index_count; i++) {
        struct key_rules rules;
        assert_int_equal(key_rules_init(&rules, table, &table->indexes[i], NULL), JET_errSuccess);
        if (i == 0) {
            assert_int_equal(key_primary(&rules, &source.source, key, &key_size), JET_errSuccess);
            assert_int_equal(btree_open_writable(w->db, table->root, table->objid, &tree), JET_errSuccess);
            assert_int_equal(btree_insert(t, &tree, NULL, span_of(key, key_size), record, 0), JET_errSuccess);
            continue;
        }
        struct insertion insertion = {.t = t, .primary = span_of(key, key_size)};
        assert_int_equal(btree_open_writable(w->db, table->indexes[i].root, table->indexes[i].objid, &insertion.tree), JET_errSuccess);
        assert_int_equal(key_entries(&rules, &source.source, insert_entry, &insertion), JET_errSuccess);
    }
    record_key_source_close(&source);
    record_builder_free(b);
    catalog_release_table(w->catalog, table);
}

static void verify(struct writable *w)
{
    uint64_t lost;
    verify_writable(w, &lost);
    assert_int_equal(lost, 0);
}

static void a_new_table_is_seen_by_its_transaction_at_once_and_by_others_when_it_commits(void **state)
{
    struct writable w;
    (void)state;
    make_writable(4096, &w);
    begin(&w.t);
    uint64_t generation = catalog_generation(w.catalog);
    assert_int_equal(add_table(&w, &w.t, "One"), JET_errSuccess);
    assert_true(catalog_generation(w.catalog) > generation);
    assert_true(exists(&w, &w.t, "ONE"));
    assert_false(exists(&w, NULL, "One"));
    assert_int_equal(add_table(&w, &w.t, "one"), JET_errTableDuplicate);
    begin(&w.other);
    assert_false(exists(&w, &w.other, "One"));
    assert_int_equal(add_table(&w, &w.other, "One"), JET_errTableDuplicate); /* it may still be rolled back: a name is taken all the same */
    commit(&w.other);
    generation = catalog_generation(w.catalog);
    commit(&w.t);
    assert_true(catalog_generation(w.catalog) > generation);
    assert_true(exists(&w, NULL, "One"));
    begin(&w.other);
    assert_int_equal(add_table(&w, &w.other, "One"), JET_errTableDuplicate);
    commit(&w.other);
    verify(&w);
    close_writable(&w);
}

static void a_table_that_is_rolled_back_leaves_nothing(void **state)
{
    struct writable w;
    uint32_t owned, available, owned_before, available_before;
    (void)state;
    make_writable(8192, &w);
    assert_int_equal(space_count(w.db->pages, 1, &owned_before, &available_before), JET_errSuccess);
    begin(&w.t);
    begin(&w.t);
    assert_int_equal(add_table(&w, &w.t, "One"), JET_errSuccess);
    for (uint32_t i = 0; i < 20; i++)
        insert_row(&w, &w.t, "One", i, i);
    rollback(&w.t);
    assert_false(exists(&w, &w.t, "One"));
    assert_int_equal(add_table(&w, &w.t, "One"), JET_errSuccess);
    rollback(&w.t);
    assert_false(exists(&w, NULL, "One"));
    verify(&w);
    assert_int_equal(space_count(w.db->pages, 1, &owned, &available), JET_errSuccess);
    assert_int_equal(owned, owned_before);
    assert_int_equal(available, available_before);
    close_writable(&w);
}

static void a_deleted_table_goes_with_its_space_when_nobody_sees_it_any_more(void **state)
{
    struct writable w;
    uint32_t owned, available, owned_before, available_before;
    (void)state;
    make_writable(4096, &w);
    assert_int_equal(space_count(w.db->pages, 1, &owned_before, &available_before), JET_errSuccess);
    begin(&w.t);
    assert_int_equal(add_table(&w, &w.t, "One"), JET_errSuccess);
    for (uint32_t i = 0; i < 300; i++)
        insert_row(&w, &w.t, "One", i, i);
    commit(&w.t);
    begin(&w.t);
    assert_int_equal(catalog_delete_table(&w.t, w.catalog, "One"), JET_errSuccess);
    assert_false(exists(&w, &w.t, "One"));
    assert_true(exists(&w, NULL, "One"));
    rollback(&w.t);
    assert_true(exists(&w, NULL, "One"));
    verify(&w);
    begin(&w.t);
    assert_int_equal(catalog_delete_table(&w.t, w.catalog, "One"), JET_errSuccess);
    assert_int_equal(add_table(&w, &w.t, "One"), JET_errSuccess); /* the name is free at once */
    assert_true(exists(&w, &w.t, "One"));
    commit(&w.t);
    begin(&w.t);
    assert_int_equal(catalog_delete_table(&w.t, w.catalog, "One"), JET_errSuccess);
    assert_int_equal(catalog_delete_table(&w.t, w.catalog, "One"), JET_errObjectNotFound);
    assert_int_equal(catalog_delete_table(&w.t, w.catalog, "MSysObjids"), JET_errCannotDeleteSystemTable);
    commit(&w.t);
    assert_false(exists(&w, NULL, "One"));
    verify(&w);
    assert_int_equal(space_count(w.db->pages, 1, &owned, &available), JET_errSuccess);
    assert_int_equal(owned - available, owned_before - available_before);
    close_writable(&w);
}

static void a_table_made_and_deleted_in_one_transaction_leaves_nothing_however_it_ends(void **state)
{
    struct writable w;
    uint32_t owned, available, owned_before, available_before;
    struct index_definition by_number = {.name = "ByNumber", .key = "+Number\0", .key_size = 9};
    (void)state;
    make_writable(4096, &w);
    assert_int_equal(space_count(w.db->pages, 1, &owned_before, &available_before), JET_errSuccess);
    for (unsigned k = 0; k < 4; k++) {
        begin(&w.t);
        assert_int_equal(add_table(&w, &w.t, "One"), JET_errSuccess);
        if (k >= 2) {
            commit(&w.t);
            begin(&w.t);
        }
        for (uint32_t i = 0; i < 100; i++)
            insert_row(&w, &w.t, "One", i, i);
        assert_int_equal(add_index(&w, &w.t, "One", by_number), JET_errSuccess);
        assert_int_equal(catalog_delete_index(&w.t, w.catalog, objid_of(&w, &w.t, "One"), "ByText"), JET_errSuccess);
        assert_int_equal(catalog_delete_table(&w.t, w.catalog, "One"), JET_errSuccess);
        if (k % 2 == 0)
            commit(&w.t);
        else
            rollback(&w.t);
        verify(&w);
        assert_int_equal(exists(&w, NULL, "One"), k == 3);
        if (k == 3) {
            assert_true(has_index(&w, NULL, "One", "ByText"));
            assert_false(has_index(&w, NULL, "One", "ByNumber"));
            continue;
        }
        assert_int_equal(space_count(w.db->pages, 1, &owned, &available), JET_errSuccess);
        assert_int_equal(owned - available, owned_before - available_before);
    }
    close_writable(&w);
}

static void indexes_are_built_from_the_rows_there_are(void **state)
{
    static const uint32_t page_sizes[] = {4096, 32768};
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        struct writable w;
        make_writable(page_sizes[k], &w);
        begin(&w.t);
        assert_int_equal(add_table(&w, &w.t, "One"), JET_errSuccess);
        for (uint32_t i = 0; i < 2000; i++)
            insert_row(&w, &w.t, "One", i * 7919 % 2000, i / 2);
        commit(&w.t);
        begin(&w.t);
        uint32_t objid = objid_of(&w, &w.t, "One");
        static const struct index_definition indexes[] = {{.name = "ByNumber", .key = "-Number\0+Text\0", .key_size = 15},
                                                          {.name = "ByMany", .key = "+Many\0", .key_size = 7},
                                                          {.name = "Unique", .key = "+Number\0+Id\0", .key_size = 13, .grbit = JET_bitIndexUnique}};
        assert_int_equal(catalog_create_indexes(&w.t, w.catalog, objid, indexes, 3), JET_errSuccess);
        assert_true(has_index(&w, &w.t, "One", "ByMany"));
        assert_false(has_index(&w, NULL, "One", "ByMany"));
        insert_row(&w, &w.t, "One", 5000, 1);
        commit(&w.t);
        assert_true(has_index(&w, NULL, "One", "ByMany"));
        verify(&w);
        /* two rows have every number */
        begin(&w.t);
        JET_ERR error = JET_errSuccess;
        struct index_definition duplicate = {.name = "Wrong", .key = "+Number\0", .key_size = 9, .grbit = JET_bitIndexUnique, .err_out = &error};
        assert_int_equal(add_index(&w, &w.t, "One", duplicate), JET_errKeyDuplicate);
        assert_int_equal(error, JET_errKeyDuplicate);
        assert_false(has_index(&w, &w.t, "One", "Wrong"));
        struct index_definition missing = {.name = "Wrong", .key = "+Long\0", .key_size = 7, .grbit = JET_bitIndexDisallowNull};
        assert_int_equal(add_index(&w, &w.t, "One", missing), JET_errNullKeyDisallowed);
        commit(&w.t);
        verify(&w);
        begin(&w.t);
        assert_int_equal(catalog_delete_index(&w.t, w.catalog, objid, "BYMANY"), JET_errSuccess);
        assert_int_equal(catalog_delete_index(&w.t, w.catalog, objid, "ByMany"), JET_errIndexNotFound);
        assert_int_equal(catalog_delete_index(&w.t, w.catalog, objid, "Primary"), JET_errIndexMustStay);
        commit(&w.t);
        assert_false(has_index(&w, NULL, "One", "ByMany"));
        verify(&w);
        close_writable(&w);
    }
}

static void who_changes_rows_and_who_changes_indexes_keep_out_of_each_others_way(void **state)
{
    struct writable w;
    struct table_state *table;
    struct index_definition by_number = {.name = "ByNumber", .key = "+Number\0", .key_size = 9};
    (void)state;
    make_writable(4096, &w);
    begin(&w.t);
    assert_int_equal(add_table(&w, &w.t, "One"), JET_errSuccess);
    commit(&w.t);
    assert_int_equal(catalog_table_state(w.catalog, objid_of(&w, NULL, "One"), &table), JET_errSuccess);
    begin(&w.other);
    insert_row(&w, &w.other, "One", 1, 1);
    begin(&w.t);
    assert_int_equal(add_index(&w, &w.t, "One", by_number), JET_errWriteConflict);
    assert_int_equal(catalog_delete_index(&w.t, w.catalog, table->objid, "ByText"), JET_errWriteConflict);
    assert_int_equal(catalog_delete_table(&w.t, w.catalog, "One"), JET_errWriteConflict);
    assert_int_equal(catalog_enter_writer(w.catalog, &w.t, table), JET_errSuccess);
    commit(&w.t);
    rollback(&w.other);
    begin(&w.t);
    begin(&w.other);
    assert_int_equal(add_index(&w, &w.t, "One", by_number), JET_errSuccess);
    assert_int_equal(catalog_enter_writer(w.catalog, &w.other, table), JET_errWriteConflict);
    assert_int_equal(catalog_enter_writer(w.catalog, &w.t, table), JET_errSuccess);
    assert_int_equal(add_column(&w, &w.other, "One", (struct column_definition){.name = "New", .type = COLUMN_TYPE_LONG}), JET_errWriteConflict);
    commit(&w.t);
    /* its snapshot is older than the change: it may not change the schema again, but rows */
    assert_int_equal(add_column(&w, &w.other, "One", (struct column_definition){.name = "New", .type = COLUMN_TYPE_LONG}), JET_errWriteConflict);
    insert_row(&w, &w.other, "One", 2, 2);
    commit(&w.other);
    verify(&w);
    close_writable(&w);
}

static void columns_come_and_go_with_their_transaction(void **state)
{
    struct writable w;
    uint32_t id = 0;
    (void)state;
    make_writable(4096, &w);
    begin(&w.t);
    assert_int_equal(add_table(&w, &w.t, "One"), JET_errSuccess);
    commit(&w.t);
    begin(&w.t);
    uint32_t objid = objid_of(&w, &w.t, "One");
    assert_int_equal(add_column(&w, &w.t, "One", (struct column_definition){.name = "New", .type = COLUMN_TYPE_SHORT, .id_out = &id}), JET_errSuccess);
    assert_int_equal(id, 3);
    assert_int_equal(add_column(&w, &w.t, "One", (struct column_definition){.name = "NEW", .type = COLUMN_TYPE_SHORT}), JET_errColumnDuplicate);
    assert_true(has_column(&w, &w.t, "One", "New"));
    assert_false(has_column(&w, NULL, "One", "New"));
    rollback(&w.t);
    assert_false(has_column(&w, NULL, "One", "New"));
    begin(&w.t);
    assert_int_equal(catalog_delete_column(&w.t, w.catalog, objid, "text", false), JET_errColumnInUse);
    assert_int_equal(catalog_delete_column(&w.t, w.catalog, objid, "absent", false), JET_errColumnNotFound);
    assert_int_equal(catalog_delete_column(&w.t, w.catalog, objid, "number", false), JET_errSuccess);
    assert_int_equal(add_column(&w, &w.t, "One", (struct column_definition){.name = "Number", .type = COLUMN_TYPE_SHORT, .id_out = &id}), JET_errSuccess);
    assert_int_equal(id, 3);
    assert_int_equal(catalog_rename_column(&w.t, w.catalog, objid, "Many", "Several"), JET_errSuccess);
    assert_int_equal(catalog_rename_column(&w.t, w.catalog, objid, "Several", "Long"), JET_errColumnDuplicate);
    assert_int_equal(catalog_rename_column(&w.t, w.catalog, objid, "Several", "SEVERAL"), JET_errSuccess);
    assert_int_equal(catalog_set_default(&w.t, w.catalog, objid, "Text", span_of("abc", 3)), JET_errColumnInUse);
    assert_int_equal(catalog_set_default(&w.t, w.catalog, objid, "Long", span_of("abc", 3)), JET_errSuccess);
    assert_int_equal(catalog_set_default(&w.t, w.catalog, objid, "Number", span_of("abc", 3)), JET_errDefaultValueTooBig);
    commit(&w.t);
    const struct table_schema *table = schema_of(&w, NULL, "One");
    assert_string_equal(schema_column_by_name(table, "several")->name, "SEVERAL");
    assert_int_equal(schema_column_by_name(table, "Long")->default_value.size, 3);
    assert_int_equal(schema_column_by_name(table, "Number")->offset, 12);
    catalog_release_table(w.catalog, table);
    begin(&w.t);
    assert_int_equal(catalog_rename_table(&w.t, w.catalog, "One", "Two"), JET_errSuccess);
    assert_true(exists(&w, &w.t, "Two"));
    assert_false(exists(&w, &w.t, "One"));
    assert_true(exists(&w, NULL, "One"));
    commit(&w.t);
    assert_true(exists(&w, NULL, "Two"));
    assert_false(exists(&w, NULL, "One"));
    verify(&w);
    close_writable(&w);
}

static void an_autoincrement_column_numbers_the_rows_there_are(void **state)
{
    struct writable w;
    struct btree tree;
    struct btree_cursor cursor;
    uint32_t expected = 1;
    (void)state;
    make_writable(4096, &w);
    begin(&w.t);
    assert_int_equal(add_table(&w, &w.t, "One"), JET_errSuccess);
    for (uint32_t i = 0; i < 500; i++)
        insert_row(&w, &w.t, "One", i * 7919 % 500, i);
    commit(&w.t);
    begin(&w.t);
    assert_int_equal(add_column(&w, &w.t, "One", (struct column_definition){.name = "Auto", .type = COLUMN_TYPE_LONG, .grbit = JET_bitColumnAutoincrement}), JET_errSuccess);
    assert_int_equal(add_column(&w, &w.t, "One", (struct column_definition){.name = "Auto2", .type = COLUMN_TYPE_LONG, .grbit = JET_bitColumnAutoincrement}), JET_errColumnRedundant);
    assert_int_equal(add_column(&w, &w.t, "One", (struct column_definition){.name = "Escrow", .type = COLUMN_TYPE_LONG, .grbit = JET_bitColumnEscrowUpdate,
                                                                            .default_value = span_of("\0\0\0", 4)}), JET_errTableNotEmpty);
    commit(&w.t);
    const struct table_schema *table = schema_of(&w, NULL, "One");
    assert_int_equal(btree_open(w.db->pages, table->root, table->objid, &tree), JET_errSuccess);
    assert_int_equal(btree_cursor_open(&tree, &cursor), JET_errSuccess);
    for (JET_ERR err = btree_first(&cursor); err >= 0; err = btree_next(&cursor)) {
        struct node node;
        struct record_view view;
        struct column_value value;
        assert_int_equal(btree_cursor_get(&cursor, &node), JET_errSuccess);
        assert_int_equal(record_view_init(&view, node.data, 4096), JET_errSuccess);
        assert_int_equal(record_column(&view, schema_column_by_name(table, "Auto"), 1, &value), JET_errSuccess);
        assert_int_equal(load_le32(value.bytes.data), expected++);
        btree_cursor_release(&cursor);
    }
    assert_int_equal(expected, 501);
    btree_cursor_close(&cursor);
    catalog_release_table(w.catalog, table);
    verify(&w);
    close_writable(&w);
}

static void a_long_value_tree_is_there_for_all_at_once(void **state)
{
    struct writable w;
    page_no_t root, again, own_root;
    uint32_t objid, objid_again;
    (void)state;
    make_writable(4096, &w);
    begin(&w.t);
    assert_int_equal(add_table(&w, &w.t, "One"), JET_errSuccess);
    commit(&w.t);
    begin(&w.t);
    begin(&w.other);
    uint32_t table = objid_of(&w, NULL, "One");
    assert_int_equal(add_column(&w, &w.t, "One", (struct column_definition){.name = "New", .type = COLUMN_TYPE_LONG}), JET_errSuccess);
    assert_int_equal(catalog_need_long_value_tree(w.catalog, &w.t, table, &root, &objid), JET_errSuccess);
    assert_int_equal(catalog_need_long_value_tree(w.catalog, &w.other, table, &again, &objid_again), JET_errSuccess);
    assert_int_equal(root, again);
    assert_int_equal(objid, objid_again);
    const struct table_schema *schema = schema_of(&w, &w.t, "One");
    assert_int_equal(schema->lv_root, root);
    catalog_release_table(w.catalog, schema);
    rollback(&w.t);
    commit(&w.other);
    schema = schema_of(&w, NULL, "One");
    assert_int_equal(schema->lv_root, root);
    assert_int_equal(schema->lv_objid, objid);
    assert_null(schema_column_by_name(schema, "New"));
    catalog_release_table(w.catalog, schema);
    /* of a table of the transaction itself it goes with the table */
    begin(&w.t);
    assert_int_equal(add_table(&w, &w.t, "Two"), JET_errSuccess);
    assert_int_equal(catalog_need_long_value_tree(w.catalog, &w.t, objid_of(&w, &w.t, "Two"), &own_root, &objid), JET_errSuccess);
    assert_int_not_equal(own_root, root);
    assert_int_equal(catalog_need_long_value_tree(w.catalog, &w.t, objid_of(&w, &w.t, "Two"), &again, &objid), JET_errSuccess);
    assert_int_equal(own_root, again);
    rollback(&w.t);
    verify(&w);
    close_writable(&w);
}

static void definitions_that_make_no_sense_are_refused(void **state)
{
    static const struct {
        struct column_definition column;
        JET_ERR error;
    } columns[] = {
        {{.name = "", .type = 4}, JET_errInvalidName},
        {{.name = "c", .type = 0}, JET_errInvalidColumnType},
        {{.name = "c", .type = 19}, JET_errInvalidColumnType},
        {{.name = "c", .type = 10, .code_page = 437}, JET_errInvalidCodePage},
        {{.name = "c", .type = 4, .grbit = JET_bitColumnCompressed}, JET_errColumnCannotBeCompressed},
        {{.name = "c", .type = 11, .grbit = JET_bitColumnFixed}, JET_errInvalidGrbit},
        {{.name = "c", .type = 4, .grbit = JET_bitColumnMultiValued}, JET_errMultiValuedColumnMustBeTagged},
        {{.name = "c", .type = 4, .grbit = JET_bitColumnEscrowUpdate}, JET_errInvalidGrbit},
        {{.name = "c", .type = 4, .grbit = JET_bitColumnFinalize}, JET_errInvalidGrbit},
        {{.name = "c", .type = 3, .grbit = JET_bitColumnVersion}, JET_errInvalidGrbit},
        {{.name = "c", .type = 4, .grbit = JET_bitColumnVersion | JET_bitColumnTagged}, JET_errCannotBeTagged},
        {{.name = "c", .type = 10, .max_size = 2, .default_value = {(const uint8_t *)"abc", 3}}, JET_errDefaultValueTooBig},
        {{.name = "c", .type = 10, .max_size = 300}, JET_wrnColumnMaxTruncated},
    };
    static const struct {
        struct index_definition index;
        JET_ERR error;
    } indexes[] = {
        {{.name = "a.b", .key = "+Number\0", .key_size = 9}, JET_errInvalidName},
        {{.name = "bytext", .key = "+Number\0", .key_size = 9}, JET_errIndexDuplicate},
        {{.name = "x", .key = "+Absent\0", .key_size = 9}, JET_errColumnNotFound},
        {{.name = "x", .key = "Number\0", .key_size = 8}, JET_errIndexInvalidDef},
        {{.name = "x", .key = "+Number", .key_size = 7}, JET_errIndexInvalidDef},
        {{.name = "x", .key = "+Number\0", .key_size = 0}, JET_errInvalidParameter},
        {{.name = "x", .key = "+Number\0", .key_size = 9, .grbit = JET_bitIndexPrimary}, JET_errIndexHasPrimary},
        {{.name = "x", .key = "+Number\0", .key_size = 9, .grbit = JET_bitIndexPrimary | JET_bitIndexIgnoreNull}, JET_errInvalidGrbit},
        {{.name = "x", .key = "+Number\0", .key_size = 9, .grbit = JET_bitIndexTuples}, JET_errIndexTuplesTextBinaryColumnsOnly},
        {{.name = "x", .key = "+Text\0", .key_size = 7, .grbit = JET_bitIndexTuples | JET_bitIndexUnique}, JET_errIndexTuplesNonUniqueOnly},
        {{.name = "x", .key = "+Number\0", .key_size = 9, .grbit = JET_bitIndexCrossProduct | JET_bitIndexNestedTable}, JET_errInvalidGrbit},
        {{.name = "x", .key = "+Number\0", .key_size = 9, .grbit = JET_bitIndexKeyMost, .key_most = 100}, JET_errIndexInvalidDef},
        {{.name = "x", .key = "+Number\0", .key_size = 9, .grbit = JET_bitIndexKeyMost, .key_most = 1001}, JET_errIndexInvalidDef},
        {{.name = "x", .key = "+Number\0", .key_size = 9, .density = 19}, JET_errDensityInvalid},
        {{.name = "x", .key = "+Number\0", .key_size = 9, .grbit = JET_bitIndexEmpty}, JET_errInvalidGrbit},
    };
    struct writable w;
    (void)state;
    make_writable(4096, &w);
    begin(&w.t);
    assert_int_equal(add_table(&w, &w.t, "One"), JET_errSuccess);
    commit(&w.t);
    begin(&w.t);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        assert_int_equal(add_column(&w, &w.t, "One", columns[i].column), columns[i].error);
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++)
        assert_int_equal(add_index(&w, &w.t, "One", indexes[i].index), indexes[i].error);
    for (char name[2] = "a"; name[0] < 'a' + 20; name[0]++) { /* 20 x 255 bytes do not fit a record of 4 KiB */
        JET_ERR err = add_column(&w, &w.t, "One", (struct column_definition){.name = name[0] == 'c' ? "cc" : name, .type = COLUMN_TYPE_BINARY, .grbit = JET_bitColumnFixed});
        assert_int_equal(err, name[0] < 'a' + 14 ? JET_errSuccess : JET_errRecordTooBig);
    }
    struct table_definition none = {.name = "Two", .template_name = "One"};
    assert_int_equal(catalog_create_table(&w.t, w.catalog, &none), JET_errDDLNotInheritable);
    none.template_name = "Absent";
    assert_int_equal(catalog_create_table(&w.t, w.catalog, &none), JET_errObjectNotFound);
    assert_int_equal(catalog_add_column(&w.t, w.catalog, 2, &(struct column_definition){.name = "c", .type = 4}), JET_errInvalidObject);
    commit(&w.t);
    verify(&w);
    close_writable(&w);
}

static void templates_keep_what_they_give(void **state)
{
    static const struct column_definition columns[] = {{.name = "Id", .type = COLUMN_TYPE_LONG}, {.name = "Tag", .type = COLUMN_TYPE_LONG, .grbit = JET_bitColumnTagged}};
    static const struct index_definition indexes[] = {{.name = "Primary", .key = "+Id\0", .key_size = 5, .grbit = JET_bitIndexPrimary}, {.name = "ByTag", .key = "+Tag\0", .key_size = 6}};
    struct table_definition base = {.name = "Base", .grbit = JET_bitTableCreateTemplateTable, .columns = columns, .column_count = 2, .indexes = indexes, .index_count = 2};
    struct table_definition derived = {.name = "Derived", .template_name = "base", .columns = columns + 1, .column_count = 1};
    struct table_definition fixed = {.name = "Fixed", .grbit = JET_bitTableCreateFixedDDL, .columns = columns, .column_count = 2};
    struct writable w;
    uint32_t created = 0;
    (void)state;
    make_writable(4096, &w);
    begin(&w.t);
    base.created_out = &created;
    assert_int_equal(catalog_create_table(&w.t, w.catalog, &base), JET_errSuccess);
    assert_int_equal(created, 5);
    assert_int_equal(catalog_create_table(&w.t, w.catalog, &derived), JET_errColumnDuplicate);
    derived.column_count = 0;
    assert_int_equal(catalog_create_table(&w.t, w.catalog, &derived), JET_errSuccess); /* the template itself is not committed yet */
    assert_int_equal(catalog_create_table(&w.t, w.catalog, &fixed), JET_errSuccess);
    assert_true(has_index(&w, &w.t, "Derived", "ByTag"));
    derived.grbit = JET_bitTableCreateTemplateTable;
    derived.name = "Nested";
    assert_int_equal(catalog_create_table(&w.t, w.catalog, &derived), JET_errCannotNestDDL);
    commit(&w.t);
    begin(&w.t);
    uint32_t objid = objid_of(&w, &w.t, "Derived");
    assert_int_equal(catalog_delete_column(&w.t, w.catalog, objid, "Tag", false), JET_errFixedInheritedDDL);
    assert_int_equal(catalog_delete_column(&w.t, w.catalog, objid, "Tag", true), JET_errColumnNotFound);
    assert_int_equal(catalog_delete_index(&w.t, w.catalog, objid, "ByTag"), JET_errFixedInheritedDDL);
    assert_int_equal(add_column(&w, &w.t, "Derived", (struct column_definition){.name = "Own", .type = COLUMN_TYPE_LONG}), JET_errSuccess);
    assert_int_equal(add_column(&w, &w.t, "Base", (struct column_definition){.name = "Own", .type = COLUMN_TYPE_LONG}), JET_errFixedDDL);
    assert_int_equal(add_column(&w, &w.t, "Fixed", (struct column_definition){.name = "Own", .type = COLUMN_TYPE_LONG}), JET_errFixedDDL);
    assert_int_equal(add_column(&w, &w.t, "Fixed", (struct column_definition){.name = "Own", .type = COLUMN_TYPE_LONG, .is_permitted = true}), JET_errSuccess);
    assert_int_equal(catalog_delete_table(&w.t, w.catalog, "Base"), JET_errCannotDeleteTemplateTable);
    assert_int_equal(catalog_delete_table(&w.t, w.catalog, "Fixed"), JET_errSuccess);
    commit(&w.t);
    verify(&w);
    close_writable(&w);
}

/* The counter of the one sort order in use; -1: no row. */
static int locales_count(struct writable *w)
{
    const struct table_schema *table = schema_of(w, NULL, "MSysLocales");
    struct btree tree;
    struct btree_cursor cursor;
    int count = -1;
    const char16_t *prefix = collation_table_stand_in(catalog_weights(w->catalog)) != NULL ? u"LocaleName=en-US,SortID=87b806c3-5026-44fb-9807-fbc8266b7253,Ver="
                                                                                           : u"LocaleName=en-US,SortID=00000001-57ee-1e5c-00b4-d0000bb1e11e,Ver=";
    assert_int_equal(btree_open(w->db->pages, table->root, table->objid, &tree), JET_errSuccess);
    assert_int_equal(btree_cursor_open(&tree, &cursor), JET_errSuccess);
    for (JET_ERR err = btree_first(&cursor); err >= 0; err = btree_next(&cursor)) {
        struct node node;
        struct record_view view;
        struct column_value key, value;
        assert_int_equal(btree_cursor_get(&cursor, &node), JET_errSuccess);
        assert_int_equal(record_view_init(&view, node.data, w->db->page_size), JET_errSuccess);
        assert_int_equal(record_column(&view, schema_column_by_name(table, "Key"), 1, &key), JET_errSuccess);
        assert_int_equal(record_column(&view, schema_column_by_name(table, "iValue"), 1, &value), JET_errSuccess);
        if (key.bytes.size > 2 * 65 && memcmp(key.bytes.data, prefix, 2 * 65) == 0)
            count = (int)load_le32(value.bytes.data);
        btree_cursor_release(&cursor);
    }
    btree_cursor_close(&cursor);
    catalog_release_table(w->catalog, table);
    return count;
}

static void indexes_over_unicode_text_are_counted(void **state)
{
    static const struct column_definition columns[] = {{.name = "Wide", .type = COLUMN_TYPE_TEXT, .code_page = 1200}};
    static const struct index_definition indexes[] = {{.name = "ByWide", .key = "+Wide\0", .key_size = 7}};
    struct table_definition definition = {.name = "Wide", .columns = columns, .column_count = 1, .indexes = indexes, .index_count = 1};
    struct index_definition second = {.name = "Second", .key = "-Wide\0", .key_size = 7, .locale = "en-US", .has_locale = true};
    struct writable w;
    (void)state;
    make_writable(4096, &w);
    begin(&w.t);
    if (catalog_weights(w.catalog) == NULL) {
        /* nobody could maintain it */
        assert_int_equal(catalog_create_table(&w.t, w.catalog, &definition), JET_errFeatureNotAvailable);
        commit(&w.t);
        close_writable(&w);
        return;
    }
    assert_int_equal(catalog_create_table(&w.t, w.catalog, &definition), JET_errSuccess);
    assert_int_equal(add_index(&w, &w.t, "Wide", second), JET_errSuccess);
    commit(&w.t);
    assert_int_equal(locales_count(&w), 2);
    verify(&w);
    begin(&w.t);
    assert_int_equal(catalog_delete_index(&w.t, w.catalog, objid_of(&w, &w.t, "Wide"), "Second"), JET_errSuccess);
    commit(&w.t);
    assert_int_equal(locales_count(&w), 1);
    begin(&w.t);
    assert_int_equal(catalog_delete_table(&w.t, w.catalog, "Wide"), JET_errSuccess);
    rollback(&w.t);
    assert_int_equal(locales_count(&w), 1);
    const struct table_schema *table = schema_of(&w, NULL, "Wide");
    assert_string_equal(table->indexes[0].locale, "en-US");
    uint8_t sort_id[16];
    uint64_t sort_version;
    assert_int_equal(collation_current(catalog_weights(w.catalog), "en-US", sort_id, &sort_version), JET_errSuccess);
    assert_int_equal(table->indexes[0].sort_version, sort_version);
    assert_memory_equal(table->indexes[0].sort_id, sort_id, sizeof sort_id);
    catalog_release_table(w.catalog, table);
    close_writable(&w);
}

/* Threads that make, change and delete tables of their own while others look them up. */
struct busy {
    struct writable *w;
    unsigned number;
    pthread_t thread;
};

static void *make_and_delete(void *argument)
{
    struct busy *b = argument;
    struct transaction t = {0};
    char name[20];
    snprintf(name, sizeof name, "Table%u", b->number);
    if (transaction_open(&t, b->w->versions, NULL, (uint16_t)(10 + b->number)) < 0)
        return b;
    for (unsigned i = 0; i < 30; i++) {
        JET_ERR err = JET_errSuccess;
        if (txn_begin(&t) < 0)
            return b;
        const struct table_schema *table = NULL;
        err = catalog_find_table_for(b->w->catalog, &t, i % 3 == 0 ? "Table0" : name, &table);
        catalog_release_table(b->w->catalog, table);
        err = i % 2 == 0 ? add_table(b->w, &t, name) : catalog_delete_table(&t, b->w->catalog, name);
        if (err < 0)
            return b;
        if (i % 10 == 4 ? txn_rollback(&t) < 0 || (txn_begin(&t) < 0 || add_table(b->w, &t, name) < 0 || txn_commit(&t, true, NULL) < 0) : txn_commit(&t, true, NULL) < 0)
            return b;
    }
    transaction_close(&t);
    return NULL;
}

static void threads_change_tables_at_the_same_time(void **state)
{
    struct writable w;
    struct busy threads[4];
    (void)state;
    make_writable(4096, &w);
    for (unsigned i = 0; i < 4; i++) {
        threads[i] = (struct busy){.w = &w, .number = i};
        assert_int_equal(pthread_create(&threads[i].thread, NULL, make_and_delete, &threads[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i].thread, &result);
        assert_null(result);
    }
    verify(&w);
    close_writable(&w);
}

/* Where memory fails the cleanup's allocations fail too, now and then; what it could not give back then is lost, and nothing worse. */
static void verify_but_for_space(struct writable *w)
{
    uint64_t lost;
    verify_writable(w, &lost);
    assert_true(lost < 20);
}

/* Every allocation of a creation fails once: the transaction goes on as if nothing had been asked, and nothing is left of it. */
static void failing_memory_leaves_no_half_made_table(void **state)
{
    struct writable w;
    JET_ERR err = JET_errOutOfMemory;
    (void)state;
    make_writable(4096, &w);
    for (uint64_t nth = 1; err != JET_errSuccess; nth++) {
        begin(&w.t);
        memory_fail_at(nth, 0);
        err = add_table(&w, &w.t, "One");
        memory_fail_at(0, 0);
        if (err != JET_errSuccess) {
            assert_int_equal(err, JET_errOutOfMemory);
            assert_false(exists(&w, &w.t, "One"));
        }
        commit(&w.t);
        assert_true(nth < 5000);
    }
    assert_true(exists(&w, NULL, "One"));
    verify_but_for_space(&w);
    close_writable(&w);
}

static JET_ERR change_in_some_way(struct writable *w, uint32_t objid, unsigned how)
{
    struct index_definition x = {.name = "ByNumber", .key = "+Number\0", .key_size = 9};
    struct column_definition c = {.name = "Auto", .type = COLUMN_TYPE_LONG, .grbit = JET_bitColumnAutoincrement};
    uint32_t id;
    page_no_t root;
    switch (how) {
    case 0: return catalog_create_indexes(&w->t, w->catalog, objid, &x, 1);
    case 1: return catalog_add_column(&w->t, w->catalog, objid, &c);
    case 2: return catalog_need_long_value_tree(w->catalog, &w->t, objid, &root, &id);
    case 3: return catalog_rename_column(&w->t, w->catalog, objid, "Number", "Count");
    case 4: return catalog_delete_index(&w->t, w->catalog, objid, "ByText");
    default: return catalog_delete_table(&w->t, w->catalog, "One");
    }
}

static void failing_memory_leaves_no_half_made_change(void **state)
{
    struct writable w;
    (void)state;
    make_writable(4096, &w);
    begin(&w.t);
    assert_int_equal(add_table(&w, &w.t, "One"), JET_errSuccess);
    for (uint32_t i = 0; i < 30; i++)
        insert_row(&w, &w.t, "One", i, i);
    commit(&w.t);
    for (unsigned how = 0; how < 6; how++) {
        JET_ERR err = JET_errOutOfMemory;
        for (uint64_t nth = 1; err != JET_errSuccess; nth++) {
            begin(&w.t);
            uint32_t objid = objid_of(&w, &w.t, "One");
            memory_fail_at(nth, 0);
            err = change_in_some_way(&w, objid, how);
            memory_fail_at(0, 0);
            assert_true(err == JET_errSuccess || err == JET_errOutOfMemory);
            commit(&w.t);
            assert_true(nth < 5000);
        }
        verify_but_for_space(&w);
    }
    assert_false(exists(&w, NULL, "One"));
    close_writable(&w);
}

static void what_was_made_is_there_in_the_file(void **state)
{
    struct writable w;
    struct opened o;
    const struct table_schema *table;
    (void)state;
    make_writable(16384, &w);
    begin(&w.t);
    assert_int_equal(add_table(&w, &w.t, "One"), JET_errSuccess);
    commit(&w.t);
    const char *path = w.path;
    close_writable(&w);
    assert_int_equal(open_file(path, &o), JET_errSuccess);
    assert_int_equal(catalog_find_table(o.catalog, "One", &table), JET_errSuccess);
    assert_int_equal(table->column_count, 5);
    assert_int_equal(table->index_count, 2);
    assert_int_equal(table->objid, 8);
    catalog_release_table(o.catalog, table);
    close_file(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_of_all_kinds_get_the_rows_of_the_original_engine),
        cmocka_unit_test(indexes_of_all_kinds_get_the_rows_of_the_original_engine),
        cmocka_unit_test(callbacks_and_key_sizes_get_the_rows_of_the_original_engine),
        cmocka_unit_test(a_new_table_is_seen_by_its_transaction_at_once_and_by_others_when_it_commits),
        cmocka_unit_test(a_table_that_is_rolled_back_leaves_nothing),
        cmocka_unit_test(a_deleted_table_goes_with_its_space_when_nobody_sees_it_any_more),
        cmocka_unit_test(a_table_made_and_deleted_in_one_transaction_leaves_nothing_however_it_ends),
        cmocka_unit_test(indexes_are_built_from_the_rows_there_are),
        cmocka_unit_test(who_changes_rows_and_who_changes_indexes_keep_out_of_each_others_way),
        cmocka_unit_test(columns_come_and_go_with_their_transaction),
        cmocka_unit_test(an_autoincrement_column_numbers_the_rows_there_are),
        cmocka_unit_test(a_long_value_tree_is_there_for_all_at_once),
        cmocka_unit_test(definitions_that_make_no_sense_are_refused),
        cmocka_unit_test(templates_keep_what_they_give),
        cmocka_unit_test(indexes_over_unicode_text_are_counted),
        cmocka_unit_test(threads_change_tables_at_the_same_time),
        cmocka_unit_test(failing_memory_leaves_no_half_made_table),
        cmocka_unit_test(failing_memory_leaves_no_half_made_change),
        cmocka_unit_test(what_was_made_is_there_in_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
