/* Temporary tables: order, duplicates, seeks, and what happens when memory fails. */
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cursor/cursor.h"
#include "cursor/temp_table.h"

static struct temp_table *make(unsigned options, uint32_t ids[3])
{
    static const struct temp_column columns[3] = {
        {.type = COLUMN_TYPE_LONG, .is_key = true, .is_fixed = true}, {.type = COLUMN_TYPE_TEXT, .code_page = 1252}, {.type = COLUMN_TYPE_LONG_BINARY}};
    struct temp_table_config config = {.columns = columns, .column_count = 3, .options = options};
    struct temp_table *table;
    assert_int_equal(temp_table_create(&config, ids, &table), JET_errSuccess);
    return table;
}

static JET_ERR insert(struct temp_table *table, const uint32_t ids[3], int32_t key, const char *text)
{
    struct temp_value values[] = {{ids[0], 1, span_of(&key, 4)}, {ids[1], 1, span_of(text, (uint32_t)strlen(text))}};
    return temp_table_insert(table, values, 2);
}

static int32_t key_of(struct cursor *c, uint32_t id)
{
    int32_t key = 0;
    struct retrieve r = {.column_id = id, .sequence = 1, .buffer = (uint8_t *)&key, .room = 4};
    assert_int_equal(cursor_retrieve_column(c, &r), JET_errSuccess);
    return key;
}

static void rows_come_in_key_order_without_duplicates(void **state)
{
    uint32_t ids[3];
    struct cursor *c;
    (void)state;
    struct temp_table *table = make(TEMP_INDEXED | TEMP_SCROLLABLE, ids);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(insert(table, ids, (i * 7919) % 500 - 250, i < 500 ? "first" : "second"), JET_errSuccess);
    assert_int_equal(cursor_open_temporary(table, &c), JET_errSuccess);
    int32_t wanted = -250;
    for (JET_ERR err = cursor_move(c, CURSOR_MOVE_FIRST, 0); err == JET_errSuccess; err = cursor_move(c, 1, 0)) {
        char text[10];
        struct retrieve r = {.column_id = ids[1], .sequence = 1, .buffer = (uint8_t *)text, .room = sizeof text};
        assert_int_equal(key_of(c, ids[0]), wanted++);
        assert_int_equal(cursor_retrieve_column(c, &r), JET_errSuccess);
        assert_int_equal(r.actual, 5);
        assert_memory_equal(text, "first", 5);
        r.column_id = ids[2];
        assert_int_equal(cursor_retrieve_column(c, &r), JET_wrnColumnNull);
    }
    assert_int_equal(wanted, 250);
    cursor_close(c);
    assert_int_equal(memory_live_count(), 0);
}

static void a_table_that_must_tell_duplicates_does_so_at_once(void **state)
{
    uint32_t ids[3];
    (void)state;
    struct temp_table *table = make(TEMP_INDEXED | TEMP_FORCE_MATERIALIZATION, ids);
    assert_int_equal(insert(table, ids, 3, "a"), JET_errSuccess);
    assert_int_equal(insert(table, ids, 1, "b"), JET_errSuccess);
    assert_int_equal(insert(table, ids, 3, "c"), JET_errKeyDuplicate);
    struct temp_row **rows;
    uint32_t count;
    assert_int_equal(temp_table_rows(table, &rows, &count), JET_errSuccess);
    assert_int_equal(count, 2);
    temp_table_release(table);
}

static void seeks_and_ranges_work_as_on_any_table(void **state)
{
    uint32_t ids[3];
    struct cursor *c;
    (void)state;
    struct temp_table *table = make(TEMP_INDEXED, ids);
    for (int i = 0; i < 100; i++)
        assert_int_equal(insert(table, ids, 2 * (99 - i), "x"), JET_errSuccess);
    assert_int_equal(cursor_open_temporary(table, &c), JET_errSuccess);
    for (int32_t key = 0; key < 198; key++) {
        JET_ERR equal = key % 2 == 0 ? JET_errSuccess : JET_errRecordNotFound;
        JET_ERR near = key % 2 == 0 ? JET_errSuccess : JET_wrnSeekNotEqual;
        assert_int_equal(cursor_make_key(c, span_of(&key, 4), SEARCH_KEY_NEW), JET_errSuccess);
        assert_int_equal(cursor_seek(c, CURSOR_SEEK_EQ), equal);
        assert_int_equal(cursor_make_key(c, span_of(&key, 4), SEARCH_KEY_NEW), JET_errSuccess);
        assert_int_equal(cursor_seek(c, CURSOR_SEEK_GE), near);
        assert_int_equal(key_of(c, ids[0]), key + key % 2);
        assert_int_equal(cursor_make_key(c, span_of(&key, 4), SEARCH_KEY_NEW), JET_errSuccess);
        assert_int_equal(cursor_seek(c, CURSOR_SEEK_LE), near);
        assert_int_equal(key_of(c, ids[0]), key - key % 2);
    }
    int32_t limit = 20;
    uint64_t count;
    assert_int_equal(cursor_move(c, CURSOR_MOVE_FIRST, 0), JET_errSuccess);
    assert_int_equal(cursor_make_key(c, span_of(&limit, 4), SEARCH_KEY_NEW), JET_errSuccess);
    assert_int_equal(cursor_set_range(c, CURSOR_RANGE_UPPER | CURSOR_RANGE_INCLUSIVE), JET_errSuccess);
    assert_int_equal(cursor_count_entries(c, 0, &count), JET_errSuccess);
    assert_int_equal(count, 11);
    uint8_t bookmark[16];
    uint32_t size;
    assert_int_equal(cursor_move(c, 5, 0), JET_errSuccess);
    assert_int_equal(cursor_get_bookmark(c, bookmark, sizeof bookmark, &size), JET_errSuccess);
    assert_int_equal(cursor_move(c, CURSOR_MOVE_LAST, 0), JET_errSuccess);
    assert_int_equal(cursor_goto_bookmark(c, span_of(bookmark, size), 1), JET_errSuccess);
    assert_int_equal(key_of(c, ids[0]), 10);
    cursor_close(c);
}

static void bad_definitions_are_refused(void **state)
{
    struct temp_table *table;
    struct temp_column column = {.type = 99};
    struct temp_table_config config = {.columns = &column, .column_count = 1};
    (void)state;
    assert_int_equal(temp_table_create(&config, NULL, &table), JET_errInvalidColumnType);
    column = (struct temp_column){.type = COLUMN_TYPE_TEXT, .code_page = 437};
    assert_int_equal(temp_table_create(&config, NULL, &table), JET_errInvalidCodePage);
    struct temp_column many[200] = {{0}};
    for (int i = 0; i < 200; i++)
        many[i].type = COLUMN_TYPE_LONG;
    config = (struct temp_table_config){.columns = many, .column_count = 200};
    assert_int_equal(temp_table_create(&config, NULL, &table), JET_errTooManyColumns);
    assert_int_equal(memory_live_count(), 0);
}

static void no_memory_is_lost_when_memory_fails(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        static const struct temp_column column = {.type = COLUMN_TYPE_LONG, .is_key = true};
        struct temp_table_config config = {.columns = &column, .column_count = 1};
        struct temp_table *table = NULL;
        uint32_t id;
        int32_t key = 1;
        memory_fail_at(n, 0);
        JET_ERR err = temp_table_create(&config, &id, &table);
        struct temp_value value = {FIXED_ID_FIRST, 1, span_of(&key, 4)};
        if (err >= 0)
            err = temp_table_insert(table, &value, 1);
        struct cursor *c = NULL;
        if (err >= 0)
            err = cursor_open_temporary(table, &c);
        if (c != NULL)
            cursor_close(c);
        else
            temp_table_release(table);
        memory_fail_at(0, 0);
        assert_int_equal(memory_live_count(), 0);
        if (err >= 0) {
            assert_true(n > 3);
            break;
        }
        assert_int_equal(err, JET_errOutOfMemory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_in_key_order_without_duplicates),
        cmocka_unit_test(a_table_that_must_tell_duplicates_does_so_at_once),
        cmocka_unit_test(seeks_and_ranges_work_as_on_any_table),
        cmocka_unit_test(bad_definitions_are_refused),
        cmocka_unit_test(no_memory_is_lost_when_memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
