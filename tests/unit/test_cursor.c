/* Cursors from inside: what they allocate, and what is left when memory fails. */
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cursor/cursor.h"
#include "shared_data.h"

struct opened {
    struct cache *cache;
    struct database *db;
    struct catalog *catalog;
};

static void open_file(const char *relative, struct opened *out)
{
    const char *path = text_of("%s/database", make_scratch_folder("cursor"));
    struct db_header header;
    uint32_t page_size = 0;
    bool used_shadow;
    require_shared_data();
    copy_shared_file(relative, path);
    assert_int_equal(database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL), JET_errSuccess);
    struct cache_config cache = {.page_size = page_size, .bytes_min = 64u * page_size, .bytes_max = 16u << 20};
    assert_int_equal(cache_create(&cache, &out->cache), JET_errSuccess);
    struct database_open_config config = {.fs = os_fs_posix(), .cache = out->cache, .path = path, .page_size = page_size, .dbid = 1, .read_only = true};
    assert_int_equal(database_open(&config, &out->db), JET_errSuccess);
    assert_int_equal(catalog_open(out->db, &out->catalog), JET_errSuccess);
}

static void close_file(struct opened *o)
{
    database_close(o->db);
    cache_destroy(o->cache);
}

/* The first value of every column, also of those outside the record; returns their number. */
static unsigned read_row(struct cursor *c)
{
    const struct table_schema *s = cursor_schema(c);
    unsigned values = 0;
    uint8_t room[4096];
    for (uint32_t i = 0; i < s->column_count; i++) {
        struct retrieve r = {.column_id = s->columns[i].id, .sequence = 1, .buffer = room, .room = sizeof room};
        JET_ERR err = cursor_retrieve_column(c, &r);
        assert_true(err == JET_errSuccess || err == JET_wrnColumnNull || err == JET_wrnBufferTruncated);
        values += err != JET_wrnColumnNull;
    }
    return values;
}

static unsigned walk(struct cursor *c)
{
    unsigned values = 0;
    JET_ERR err;
    for (err = cursor_move(c, CURSOR_MOVE_FIRST, 0); err == JET_errSuccess; err = cursor_move(c, 1, 0))
        values += read_row(c);
    assert_int_equal(err, JET_errNoCurrentRecord);
    return values;
}

static void moving_and_reading_a_cached_table_allocates_nothing(void **state)
{
    static const char *const indexes[] = {"", "ix_bit", "ix_vbin_u"};
    struct opened o;
    struct cursor *c;
    (void)state;
    open_file("engine/clean_4k/data.edb", &o);
    assert_int_equal(cursor_open(o.catalog, "AllTypes", &c), JET_errSuccess);
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        assert_int_equal(cursor_set_index(c, indexes[i], 0, 0, 1), JET_errSuccess);
        unsigned first = walk(c);
        assert_true(first > 1000);
        memory_fail_at(1, 1); /* from here on every allocation would fail */
        unsigned second = walk(c);
        memory_fail_at(0, 0);
        assert_int_equal(first, second);
    }
    cursor_close(c);
    close_file(&o);
}

static void *allocate(void *context, void *memory, uint32_t size)
{
    (void)context;
    if (size == 0) {
        mem_free(memory);
        return NULL;
    }
    return mem_resize(memory, size);
}

static void free_columns(struct enumerated_column *columns, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; columns[i].status == JET_errSuccess && k < columns[i].count; k++)
            mem_free(columns[i].values[k].data);
        if (columns[i].data != NULL)
            mem_free(columns[i].data);
    }
    mem_free(columns);
}

/* A little of everything; stops at the first error. */
static JET_ERR use(struct opened *o, const char *table)
{
    struct cursor *c = NULL, *copy = NULL;
    struct enumerated_column *columns;
    struct cursor_record_size size = {0};
    uint32_t count;
    uint64_t entries;
    JET_ERR err = cursor_open(o->catalog, table, &c);
    if (err >= 0)
        err = cursor_move(c, CURSOR_MOVE_FIRST, 0);
    if (err >= 0)
        err = cursor_enumerate(c, NULL, 0, UINT32_MAX, 0, allocate, NULL, &columns, &count);
    if (err >= 0) {
        free_columns(columns, count);
        err = cursor_get_record_size(c, 0, &size);
    }
    for (uint32_t i = 0; err >= 0 && i < cursor_schema(c)->index_count; i++) {
        err = cursor_set_index(c, cursor_schema(c)->indexes[i].name, 0, CURSOR_INDEX_NO_MOVE, 1);
        if (err >= 0)
            err = cursor_count_entries(c, 0, &entries);
        if (err == JET_errNoCurrentRecord)
            err = cursor_set_index(c, "", 0, 0, 1);
    }
    if (err >= 0)
        err = cursor_duplicate(c, &copy);
    cursor_close(copy);
    cursor_close(c);
    return err;
}

static void no_memory_is_lost_when_memory_fails(void **state)
{
    static const char *const tables[] = {"AllTypes", "LongVals"};
    struct opened o;
    (void)state;
    open_file("engine/clean_4k/data.edb", &o);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        assert_int_equal(use(&o, tables[i]), JET_errSuccess); /* the cache and the schema have what they need */
        unsigned failures = 0;
        for (uint64_t n = 1;; n++) {
            uint64_t before = memory_live_count();
            memory_fail_at(n, 0);
            JET_ERR err = use(&o, tables[i]);
            memory_fail_at(0, 0);
            assert_int_equal(memory_live_count(), before);
            if (err >= 0)
                break;
            assert_int_equal(err, JET_errOutOfMemory);
            failures++;
        }
        assert_true(failures > 5);
    }
    close_file(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moving_and_reading_a_cached_table_allocates_nothing),
        cmocka_unit_test(no_memory_is_lost_when_memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
