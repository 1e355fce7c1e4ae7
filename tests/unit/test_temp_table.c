/* Temporary tables: order, duplicates, seeks, and what happens when memory fails. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cursor/cursor.h"
#include "cursor/temp_table.h"
#include "shared_data.h"

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
    struct temp_table *table = make(TEMP_INDEXED | TEMP_SCROLLABLE | TEMP_INTRINSIC_LVS_ONLY, ids);
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
    uint32_t count;
    assert_int_equal(temp_table_count(table, &count), JET_errSuccess);
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

/* --- tables larger than their memory --- */

enum { SMALL_MEMORY = 1 << 16, KEYS = 4000, PAYLOAD = 60 };

/* What a table ought to hold: by key, the number that was written with it last; 0 is nothing. */
struct model {
    uint32_t value_of[KEYS];
    uint32_t count;
};

static uint32_t any(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    return *seed ^= *seed << 5;
}

static struct temp_table *make_small(unsigned options, uint32_t ids[2])
{
    static char path[300] = "";
    static const struct temp_column columns[2] = {{.type = COLUMN_TYPE_BINARY, .is_key = true, .max_size = 40}, {.type = COLUMN_TYPE_LONG_BINARY}};
    struct temp_table_config config = {.columns = columns, .column_count = 2, .options = options, .fs = os_fs_posix(), .spill_path = path, .memory_most = SMALL_MEMORY};
    struct temp_table *table;
    if (path[0] == 0)
        snprintf(path, sizeof path, "%s/tmp.edb", make_scratch_folder("temp_table"));
    assert_int_equal(temp_table_create(&config, ids, &table), JET_errSuccess);
    return table;
}

/* Keys that begin alike, so that more than their first bytes is compared; values of different sizes, a few larger than any buffer. */
struct small_row {
    char key[32];
    uint8_t payload[300000];
    struct temp_value values[2];
};
static const struct temp_value *fill_small(struct small_row *row, const uint32_t ids[2], uint32_t key, uint32_t value)
{
    snprintf(row->key, sizeof row->key, "common start %05u", key);
    memcpy(row->payload, &value, sizeof value);
    uint32_t size = value % 997 == 0 ? (uint32_t)sizeof row->payload : PAYLOAD + value % 100;
    memset(row->payload + 4, (int)(value & 0xFF), size - 4);
    row->values[0] = (struct temp_value){ids[0], 1, span_of(row->key, (uint32_t)strlen(row->key))};
    row->values[1] = (struct temp_value){ids[1], 1, span_of(row->payload, size)};
    return row->values;
}

static uint32_t check_small(const struct temp_row *row, const uint32_t ids[2])
{
    uint32_t key, value;
    char text[32] = "";
    struct span k = temp_row_get(row, ids[0], 1), v = temp_row_get(row, ids[1], 1);
    assert_true(k.size < sizeof text && v.size >= PAYLOAD);
    memcpy(text, k.data, k.size);
    assert_int_equal(sscanf(text, "common start %05u", &key), 1);
    memcpy(&value, v.data, sizeof value);
    assert_int_equal(v.size, value % 997 == 0 ? 300000 : PAYLOAD + value % 100);
    assert_int_equal(v.data[v.size - 1], value & 0xFF);
    return key;
}

static void walk(struct temp_table *table, const uint32_t ids[2], const struct model *model)
{
    uint32_t at = 0;
    const struct temp_row *row;
    for (uint32_t key = 0; key < KEYS; key++) {
        if (model->value_of[key] == 0)
            continue;
        assert_int_equal(temp_table_row(table, at++, &row), JET_errSuccess);
        assert_int_equal(check_small(row, ids), key);
        assert_memory_equal(temp_row_get(row, ids[1], 1).data, &model->value_of[key], 4);
    }
    assert_int_equal(temp_table_row(table, at, &row), JET_errNoCurrentRecord);
}

static void fill_at_random(struct temp_table *table, const uint32_t ids[2], struct model *model, uint32_t rows, bool tells)
{
    static struct small_row row;
    uint32_t seed = 4711;
    for (uint32_t i = 1; i <= rows; i++) {
        uint32_t key = any(&seed) % KEYS;
        bool is_new = model->value_of[key] == 0;
        assert_int_equal(temp_table_insert(table, fill_small(&row, ids, key, i), 2), is_new || !tells ? JET_errSuccess : JET_errKeyDuplicate);
        if (is_new)
            model->value_of[key] = i;
        model->count += is_new;
    }
}

static void more_rows_than_memory_come_back_in_order(void **state)
{
    (void)state;
    static const unsigned options[] = {TEMP_UNIQUE | TEMP_INTRINSIC_LVS_ONLY, TEMP_FORCE_MATERIALIZATION};
    for (size_t i = 0; i < 2; i++) {
        uint32_t ids[2], count;
        struct model model = {.count = 0};
        struct temp_table *table = make_small(options[i], ids);
        fill_at_random(table, ids, &model, 3 * KEYS, i == 1);
        for (int round = 0; round < 2; round++) /* the second begins anew */
            walk(table, ids, &model);
        assert_int_equal(temp_table_count(table, &count), JET_errSuccess);
        assert_int_equal(count, model.count);
        temp_table_release(table);
        assert_int_equal(memory_live_count(), 0);
    }
}

static void a_table_that_keeps_equal_keys_gives_them_in_the_order_of_insertion(void **state)
{
    static struct small_row row;
    uint32_t ids[2], next[16] = {0};
    const struct temp_row *got;
    (void)state;
    struct temp_table *table = make_small(TEMP_FORWARD_ONLY | TEMP_INTRINSIC_LVS_ONLY, ids);
    for (uint32_t i = 0; i < 4000; i++)
        assert_int_equal(temp_table_insert(table, fill_small(&row, ids, i % 16, 1 + i / 16), 2), JET_errSuccess);
    for (uint32_t i = 0; i < 4000; i++) {
        uint32_t value;
        assert_int_equal(temp_table_row(table, i, &got), JET_errSuccess);
        assert_int_equal(check_small(got, ids), i / 250);
        memcpy(&value, temp_row_get(got, ids[1], 1).data, 4);
        assert_int_equal(value, ++next[i / 250]);
    }
    assert_int_equal(temp_table_row(table, 4000, &got), JET_errNoCurrentRecord);
    temp_table_release(table);
}

static uint32_t rows_below(const struct model *model, uint32_t key)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < key; i++)
        n += model->value_of[i] != 0;
    return n;
}

static void search_small(struct temp_table *table, uint32_t key, bool after, uint32_t *at)
{
    uint8_t bytes[40];
    char text[32];
    int size = snprintf(text, sizeof text, "common start %05u", key);
    struct search_key search;
    search_key_reset(&search);
    assert_int_equal(search_key_make(&search, temp_table_rules(table), span_of(text, (uint32_t)size), SEARCH_KEY_NEW), JET_errSuccess);
    memcpy(bytes, search_key_bytes(&search).data, search_key_bytes(&search).size);
    assert_int_equal(temp_table_search(table, span_of(bytes, search_key_bytes(&search).size), after, at), JET_errSuccess);
}

static void a_large_table_is_sought_in_and_changed_anywhere(void **state)
{
    static struct small_row row;
    uint32_t ids[2], seed = 99, at, number = 3 * KEYS;
    const struct temp_row *got;
    struct model model = {.count = 0};
    (void)state;
    struct temp_table *table = make_small(TEMP_UPDATABLE | TEMP_INDEXED | TEMP_INTRINSIC_LVS_ONLY, ids);
    fill_at_random(table, ids, &model, KEYS, false);
    for (int i = 0; i < 6000; i++) {
        uint32_t key = any(&seed) % KEYS, to = any(&seed) % KEYS;
        bool is_there = model.value_of[key] != 0;
        search_small(table, key, false, &at);
        if (i % 50 == 0) {
            assert_int_equal(at, rows_below(&model, key));
            search_small(table, key, true, &at);
            assert_int_equal(at, rows_below(&model, key) + is_there);
            at -= is_there;
        }
        ++number;
        switch (any(&seed) % 4) {
        case 0:
            assert_int_equal(temp_table_insert(table, fill_small(&row, ids, key, number), 2), is_there ? JET_errKeyDuplicate : JET_errSuccess);
            if (!is_there)
                model.value_of[key] = number;
            break;
        case 1:
            if (is_there) {
                assert_int_equal(temp_table_remove(table, at), JET_errSuccess);
                model.value_of[key] = 0;
            }
            break;
        case 2:
            if (is_there) {
                JET_ERR wanted = to != key && model.value_of[to] != 0 ? JET_errKeyDuplicate : JET_errSuccess;
                assert_int_equal(temp_table_replace(table, at, fill_small(&row, ids, to, number), 2, true), wanted);
                if (wanted >= 0) {
                    model.value_of[key] = 0;
                    model.value_of[to] = number;
                }
            }
            break;
        default:
            if (is_there) {
                assert_int_equal(temp_table_replace(table, at, fill_small(&row, ids, key, number), 2, false), JET_errSuccess);
                model.value_of[key] = number;
                assert_int_equal(temp_table_row(table, at, &got), JET_errSuccess);
                assert_int_equal(check_small(got, ids), key);
            }
        }
    }
    walk(table, ids, &model);
    while (temp_table_row(table, 0, &got) >= 0)
        assert_int_equal(temp_table_remove(table, 0), JET_errSuccess);
    assert_int_equal(temp_table_insert(table, fill_small(&row, ids, 5, 5), 2), JET_errSuccess);
    assert_int_equal(temp_table_row(table, 0, &got), JET_errSuccess);
    assert_int_equal(check_small(got, ids), 5);
    temp_table_release(table);
    assert_int_equal(memory_live_count(), 0);
}

static void failing_memory_leaves_a_large_table_whole(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 4000; n += 1 + n / 8) {
        static struct small_row row;
        uint32_t ids[2], inserted = 0, at;
        const struct temp_row *got;
        struct temp_table *table = make_small(n % 2 == 0 ? TEMP_FORCE_MATERIALIZATION : TEMP_UPDATABLE | TEMP_INTRINSIC_LVS_ONLY, ids);
        memory_fail_at(n, 0);
        for (uint32_t i = 0; i < 1500; i++) {
            JET_ERR err = temp_table_insert(table, fill_small(&row, ids, i * 7 % KEYS, i + 1), 2);
            assert_true(err == JET_errSuccess || err == JET_errOutOfMemory);
            inserted += err >= 0;
        }
        JET_ERR err = temp_table_remove(table, 3);
        assert_true(err == JET_errSuccess || err == JET_errOutOfMemory);
        inserted -= err >= 0;
        for (at = 0; (err = temp_table_row(table, at, &got)) != JET_errNoCurrentRecord; at += err >= 0)
            assert_true(err == JET_errSuccess || err == JET_errOutOfMemory);
        assert_int_equal(at, inserted);
        memory_fail_at(0, 0);
        temp_table_release(table);
        assert_int_equal(memory_live_count(), 0);
    }
}

/* The search of a key that was not made ends the insertion, and nothing is read. */
static void a_table_whose_insertion_has_ended_refuses_equal_keys(void **state)
{
    static struct small_row row;
    uint32_t ids[2], count;
    struct model model = {.count = 0};
    (void)state;
    struct temp_table *table = make_small(TEMP_UPDATABLE | TEMP_INTRINSIC_LVS_ONLY, ids);
    fill_at_random(table, ids, &model, KEYS, false);
    temp_table_end_insertion(table);
    for (uint32_t key = 0; key < KEYS; key += 7)
        assert_int_equal(temp_table_insert(table, fill_small(&row, ids, key, 1), 2), model.value_of[key] == 0 ? JET_errSuccess : JET_errKeyDuplicate);
    for (uint32_t key = 0; key < KEYS; key++) {
        if (key % 7 == 0 && model.value_of[key] == 0) {
            model.value_of[key] = 1;
            model.count++;
        }
    }
    walk(table, ids, &model);
    assert_int_equal(temp_table_count(table, &count), JET_errSuccess);
    assert_int_equal(count, model.count);
    temp_table_release(table);
}

static void a_row_that_cannot_move_stays_where_it_was(void **state)
{
    static struct small_row row;
    uint32_t ids[2], count, failures = 0;
    struct model model = {.count = 0};
    (void)state;
    struct temp_table *table = make_small(TEMP_UPDATABLE | TEMP_INTRINSIC_LVS_ONLY, ids);
    for (uint32_t key = 0; key < KEYS; key += 2) {
        assert_int_equal(temp_table_insert(table, fill_small(&row, ids, key, key + 1), 2), JET_errSuccess);
        model.value_of[key] = key + 1;
        model.count++;
    }
    for (uint64_t n = 1; n < 40; n++) {
        uint32_t from = (uint32_t)(n * 1171 % (KEYS / 2) * 2), to = KEYS - 1 - from, at;
        if (model.value_of[from] == 0 || model.value_of[to] != 0)
            continue;
        search_small(table, from, false, &at);
        search_small(table, KEYS / 2, false, &count); /* the chunk of `from` may go */
        memory_fail_at(n % 12 + 1, 1);
        JET_ERR err = temp_table_replace(table, at, fill_small(&row, ids, to, from + 1), 2, true);
        memory_fail_at(0, 0);
        assert_true(err == JET_errSuccess || err == JET_errOutOfMemory);
        failures += err < 0;
        if (err >= 0) {
            model.value_of[to] = from + 1;
            model.value_of[from] = 0;
        }
        assert_int_equal(temp_table_count(table, &count), JET_errSuccess);
        assert_int_equal(count, model.count);
    }
    assert_true(failures > 5);
    walk(table, ids, &model);
    temp_table_release(table);
}

static void rows_written_again_and_again_take_no_more_memory(void **state)
{
    static const struct temp_column columns[2] = {{.type = COLUMN_TYPE_BINARY, .is_key = true, .max_size = 40}, {.type = COLUMN_TYPE_LONG_BINARY}};
    static struct small_row row;
    uint32_t ids[2];
    struct model model = {.count = 0};
    char path[300];
    (void)state;
    /* There is no such folder: what does not fit cannot be written either. */
    snprintf(path, sizeof path, "%s/absent/tmp.edb", make_scratch_folder("temp_table_rewrite"));
    struct temp_table_config config = {.columns = columns, .column_count = 2, .options = TEMP_UPDATABLE | TEMP_INTRINSIC_LVS_ONLY, .fs = os_fs_posix(), .spill_path = path, .memory_most = 1 << 20};
    struct temp_table *table;
    assert_int_equal(temp_table_create(&config, ids, &table), JET_errSuccess);
    for (uint32_t key = 0; key < 400; key++)
        assert_int_equal(temp_table_insert(table, fill_small(&row, ids, key, key + 1), 2), JET_errSuccess);
    for (uint32_t number = 1; number < 12000; number++) {
        uint32_t key = number % 400;
        if (number % 3 == 0)
            assert_int_equal(temp_table_remove(table, key), JET_errSuccess);
        const struct temp_value *values = fill_small(&row, ids, key, number % 997 == 0 ? 1 : number);
        assert_int_equal(number % 3 == 0 ? temp_table_insert(table, values, 2) : temp_table_replace(table, key, values, 2, false), JET_errSuccess);
        model.value_of[key] = number % 997 == 0 ? 1 : number;
    }
    walk(table, ids, &model);
    temp_table_release(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_in_key_order_without_duplicates),
        cmocka_unit_test(a_table_that_must_tell_duplicates_does_so_at_once),
        cmocka_unit_test(seeks_and_ranges_work_as_on_any_table),
        cmocka_unit_test(bad_definitions_are_refused),
        cmocka_unit_test(no_memory_is_lost_when_memory_fails),
        cmocka_unit_test(more_rows_than_memory_come_back_in_order),
        cmocka_unit_test(a_table_that_keeps_equal_keys_gives_them_in_the_order_of_insertion),
        cmocka_unit_test(a_large_table_is_sought_in_and_changed_anywhere),
        cmocka_unit_test(failing_memory_leaves_a_large_table_whole),
        cmocka_unit_test(a_table_whose_insertion_has_ended_refuses_equal_keys),
        cmocka_unit_test(a_row_that_cannot_move_stays_where_it_was),
        cmocka_unit_test(rows_written_again_and_again_take_no_more_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
