/* Long values written into a tree that is a sorted list: every operation against a model at random, ids, references, the stored form, and errors on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "format/compression.h"
#include "os/clock.h"
#include "record/long_value_write.h"

/* --- the tree: a sorted list; one for all cursors --- */

enum { NODES_MOST = 4000, DATA_MOST = 5000 };
struct list_node {
    uint8_t key[LONG_VALUE_KEY_MAX];
    uint32_t key_size;
    uint8_t *data;
    uint32_t size;
};
static struct list_node list[NODES_MOST];
static uint32_t list_count, list_latched, list_cursors;
static int64_t list_fail_at; /* the Nth change from now on fails; 0: none does */
static JET_ERR list_error;
static int32_t list_hidden;  /* references that a reader sees and the page does not have (given up by others) */

static uint32_t list_find(struct span key)
{
    uint32_t low = 0, high = list_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (span_compare(span_of(list[middle].key, list[middle].key_size), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
static bool list_has(uint32_t i, struct span key) { return i < list_count && span_equal(span_of(list[i].key, list[i].key_size), key); }

static void list_clear(void)
{
    for (uint32_t i = 0; i < list_count; i++)
        free(list[i].data);
    list_count = 0;
}

static JET_ERR list_change(void)
{
    assert_int_equal(list_latched, 0);
    return list_fail_at > 0 && --list_fail_at == 0 ? list_error : JET_errSuccess;
}

JET_ERR btree_open(struct cache_file *file, page_no_t root, uint32_t objid, struct btree *out)
{
    (void)file, (void)root, (void)objid, (void)out;
    return JET_errFeatureNotAvailable;
}
uint32_t cache_file_page_size(const struct cache_file *file)
{
    (void)file;
    return 4096;
}
JET_ERR btree_cursor_open(const struct btree *tree, struct btree_cursor *out)
{
    memset(out, 0, sizeof *out);
    out->tree = tree;
    out->bookmark = (uint8_t *)mem_alloc(LONG_VALUE_KEY_MAX);
    if (out->bookmark == NULL)
        return JET_errOutOfMemory;
    list_cursors++;
    return JET_errSuccess;
}
void btree_cursor_close(struct btree_cursor *cursor)
{
    if (cursor->tree == NULL)
        return;
    if (cursor->bookmark != NULL)
        list_cursors--;
    mem_free(cursor->bookmark);
    cursor->bookmark = NULL;
}
void btree_cursor_set_reader(struct btree_cursor *cursor, struct transaction *reader) { cursor->reader = reader; }
static JET_ERR stand_on(struct btree_cursor *cursor, uint32_t i)
{
    assert_int_equal(list_latched, 0);
    if (i >= list_count) {
        cursor->position = BTREE_AFTER_LAST;
        return JET_errNoCurrentRecord;
    }
    cursor->position = BTREE_ON_NODE;
    cursor->key_size = list[i].key_size;
    memcpy(cursor->bookmark, list[i].key, list[i].key_size);
    return JET_errSuccess;
}
JET_ERR btree_first(struct btree_cursor *cursor) { return stand_on(cursor, 0); }
JET_ERR btree_last(struct btree_cursor *cursor) { return stand_on(cursor, list_count - 1); }
JET_ERR btree_next(struct btree_cursor *cursor)
{
    uint32_t i = list_find(btree_cursor_key(cursor));
    return stand_on(cursor, list_has(i, btree_cursor_key(cursor)) ? i + 1 : i);
}
JET_ERR btree_seek(struct btree_cursor *cursor, struct span key, enum btree_seek how)
{
    uint32_t i = list_find(key);
    assert_true(how == BTREE_SEEK_EQ || how == BTREE_SEEK_GE);
    if (how == BTREE_SEEK_EQ && !list_has(i, key))
        return JET_errRecordNotFound;
    return stand_on(cursor, i) < 0 ? JET_errRecordNotFound : JET_errSuccess;
}
JET_ERR btree_cursor_get(struct btree_cursor *cursor, struct node *node)
{
    static uint8_t seen[8];
    uint32_t i = list_find(btree_cursor_key(cursor));
    assert_true(list_has(i, btree_cursor_key(cursor)));
    *node = (struct node){.data = span_of(list[i].data, list[i].size)};
    if (list_hidden != 0 && list[i].size == 8 && cursor->reader != NULL) {
        memcpy(seen, list[i].data, 8);
        store_le32(seen, load_le32(seen) + (uint32_t)list_hidden);
        node->data = span_of(seen, 8);
    }
    list_latched++;
    return JET_errSuccess;
}
void btree_cursor_release(struct btree_cursor *cursor)
{
    (void)cursor;
    assert_int_equal(list_latched, 1);
    list_latched--;
}
static void list_set(uint32_t i, struct span data)
{
    uint8_t *copy = malloc(data.size + 1u);
    assert_true(copy != NULL && data.size <= DATA_MOST);
    if (data.size > 0)
        memcpy(copy, data.data, data.size);
    free(list[i].data);
    list[i].data = copy;
    list[i].size = data.size;
}
JET_ERR btree_insert(struct transaction *t, const struct btree *tree, struct btree_cursor *cursor, struct span key, struct span data, unsigned options)
{
    (void)t, (void)tree, (void)options;
    JET_ERR err = list_change();
    uint32_t i = list_find(key);
    if (err < 0)
        return err;
    if (list_has(i, key))
        return JET_errKeyDuplicate;
    assert_true(list_count < NODES_MOST && key.size <= LONG_VALUE_KEY_MAX);
    memmove(&list[i + 1], &list[i], (list_count - i) * sizeof list[0]);
    list_count++;
    list[i] = (struct list_node){.key_size = key.size};
    memcpy(list[i].key, key.data, key.size);
    list_set(i, data);
    return stand_on(cursor, i);
}
JET_ERR btree_replace(struct transaction *t, struct btree_cursor *cursor, struct span data, unsigned options)
{
    (void)t, (void)options;
    JET_ERR err = list_change();
    uint32_t i = list_find(btree_cursor_key(cursor));
    assert_true(list_has(i, btree_cursor_key(cursor)));
    if (err >= 0)
        list_set(i, data);
    return err;
}
JET_ERR btree_delete(struct transaction *t, struct btree_cursor *cursor, unsigned options)
{
    (void)t, (void)options;
    JET_ERR err = list_change();
    uint32_t i = list_find(btree_cursor_key(cursor));
    assert_true(list_has(i, btree_cursor_key(cursor)));
    if (err < 0)
        return err;
    free(list[i].data);
    list_count--;
    memmove(&list[i], &list[i + 1], (list_count - i) * sizeof list[0]);
    return JET_errSuccess;
}
JET_ERR btree_add_delta(struct transaction *t, struct btree_cursor *cursor, uint32_t offset, uint32_t width, int64_t delta, unsigned options, int64_t *old)
{
    (void)t, (void)old, (void)options;
    JET_ERR err = list_change();
    uint32_t i = list_find(btree_cursor_key(cursor));
    assert_true(list_has(i, btree_cursor_key(cursor)) && width == 4 && offset + 4 <= list[i].size);
    if (err >= 0)
        store_le32(list[i].data + offset, load_le32(list[i].data + offset) + (uint32_t)delta);
    return err;
}

/* The list as the reading side sees it. */
static uint32_t source_at;
static JET_ERR source_give(struct span *key, struct span *data)
{
    if (source_at >= list_count)
        return JET_errNoCurrentRecord;
    *key = span_of(list[source_at].key, list[source_at].key_size);
    *data = span_of(list[source_at].data, list[source_at].size);
    return JET_errSuccess;
}
static JET_ERR source_seek(void *context, struct span wanted, struct span *key, struct span *data)
{
    (void)context;
    source_at = list_find(wanted);
    return source_give(key, data);
}
static JET_ERR source_next(void *context, struct span *key, struct span *data)
{
    (void)context;
    source_at++;
    return source_give(key, data);
}

/* --- the model --- */

enum { VALUES = 12, SIZE_MOST = 2000 };
struct model {
    uint64_t lid;
    uint32_t size, references;
    uint8_t bytes[SIZE_MOST];
};
static struct model model[VALUES];
static atomic_uint_least64_t next_lid;
static struct btree tree;
static struct transaction transaction;
static struct long_value_writer writer;

static uint64_t random_state;
static uint32_t below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(random_state >> 33) % limit;
}

static void begin(uint32_t chunk_size, bool compress, bool is_lid64)
{
    list_clear();
    list_fail_at = 0;
    list_hidden = 0;
    atomic_store(&next_lid, 0);
    memset(model, 0, sizeof model);
    writer = (struct long_value_writer){.transaction = &transaction, .tree = &tree, .chunk_size = chunk_size, .compress = compress, .compress_minimum = 1024,
                                        .next_lid = &next_lid, .is_lid64 = is_lid64};
}

static struct long_value_nodes source(void) { return (struct long_value_nodes){NULL, source_seek, source_next, NULL, writer.chunk_size, NULL}; }

static JET_ERR count_value(void *context, const struct long_value_report *report)
{
    uint32_t *count = (uint32_t *)context;
    if (report->error != JET_errSuccess)
        fail_msg("value %llx: %s", (unsigned long long)report->info.lid, report->why);
    (*count)++;
    return JET_errSuccess;
}

/* Every value is there with its bytes; every chunk is stored as if the value had been written at once; nothing else is there. */
static void compare_with_model(void)
{
    struct long_value_nodes nodes = source();
    uint8_t out[SIZE_MOST], packed[SIZE_MOST];
    uint32_t count = 0, wanted = 0, written, chunks = 0;
    struct long_value_info info;
    assert_int_equal(long_value_visit(&nodes, count_value, &count), JET_errSuccess);
    for (uint32_t i = 0; i < VALUES; i++) {
        struct model *m = &model[i];
        if (m->lid == 0)
            continue;
        wanted++;
        assert_int_equal(long_value_read(&nodes, m->lid, 0, out, sizeof out, &written, &info), JET_errSuccess);
        assert_int_equal(written, m->size);
        assert_int_equal(info.size, m->size);
        assert_int_equal(info.references, m->references);
        assert_memory_equal(out, m->bytes, m->size);
        for (uint32_t at = 0; at < m->size; at += writer.chunk_size, chunks++) {
            uint8_t key[LONG_VALUE_KEY_MAX];
            uint32_t size = m->size - at < writer.chunk_size ? m->size - at : writer.chunk_size, stored = 0;
            if (writer.compress)
                assert_int_equal(compression_shrink(span_of(m->bytes + at, size), 1024, packed, &stored), JET_errSuccess);
            struct span expected = stored != 0 ? span_of(packed, stored) : span_of(m->bytes + at, size);
            uint32_t n = list_find(span_of(key, long_value_chunk_key(m->lid, at, key)));
            assert_true(span_equal(span_of(list[n].data, list[n].size), expected));
        }
    }
    assert_int_equal(count, wanted);
    assert_int_equal(list_count, wanted + chunks);
    assert_int_equal(list_cursors, 0);
}

static uint32_t make_bytes(uint8_t *out, uint32_t most)
{
    uint32_t size = below(4) == 0 ? below(most + 1) : below(most / 8 + 1), kind = below(3);
    for (uint32_t i = 0; i < size; i++)
        out[i] = (uint8_t)(kind == 0 ? below(256) : kind == 1 ? 'a' + i % 20 : (i & 1) != 0 ? 0 : 'x');
    return size;
}

static void step(struct model *m)
{
    uint8_t bytes[SIZE_MOST];
    uint32_t size, offset;
    struct long_value_info info;
    if (m->lid == 0) {
        m->size = make_bytes(m->bytes, SIZE_MOST);
        m->references = 1;
        assert_int_equal(long_value_create(&writer, span_of(m->bytes, m->size), &m->lid), JET_errSuccess);
        return;
    }
    switch (below(8)) {
    case 0:
        assert_int_equal(long_value_add_reference(&writer, m->lid), JET_errSuccess);
        m->references++;
        break;
    case 1:
        assert_int_equal(long_value_release(&writer, m->lid), JET_errSuccess);
        if (--m->references == 0)
            *m = (struct model){0};
        break;
    case 2: { /* a private copy, into a free place of the model */
        uint64_t lid = m->lid;
        struct model *place = m;
        for (uint32_t i = 0; i < VALUES && m->references > 1; i++)
            if (model[i].lid == 0)
                place = &model[i];
        if (m->references > 1 && place == m)
            return;
        assert_int_equal(long_value_own(&writer, &lid), JET_errSuccess);
        if (m->references > 1) {
            assert_true(lid != m->lid);
            m->references--;
            *place = *m;
            place->lid = lid;
            place->references = 1;
        } else {
            assert_true(lid == m->lid);
        }
        break;
    }
    case 3:
        assert_int_equal(long_value_get_info(&writer, m->lid, &info), JET_errSuccess);
        assert_int_equal(info.size, m->size);
        assert_int_equal(info.references, m->references);
        break;
    case 4:
        size = below(3) == 0 ? m->size / writer.chunk_size * writer.chunk_size : below(SIZE_MOST + 1);
        if (m->references != 1)
            return;
        assert_int_equal(long_value_set_size(&writer, m->lid, size), JET_errSuccess);
        if (size > m->size)
            memset(m->bytes + m->size, 0, size - m->size);
        m->size = size;
        break;
    default:
        if (m->references != 1)
            return;
        offset = below(3) == 0 ? m->size : below(4) != 0 ? below(m->size + 1) : below(SIZE_MOST + 1);
        size = make_bytes(bytes, SIZE_MOST - offset);
        assert_int_equal(long_value_write(&writer, m->lid, offset, span_of(bytes, size)), JET_errSuccess);
        if (offset > m->size)
            memset(m->bytes + m->size, 0, offset - m->size);
        memcpy(m->bytes + offset, bytes, size);
        if (offset + size > m->size)
            m->size = offset + size;
        break;
    }
}

static void random_changes_give_what_a_model_says(void **state)
{
    (void)state;
    uint64_t seed = clock_monotonic_ns();
    print_message("seed %llu\n", (unsigned long long)seed);
    random_state = seed;
    for (unsigned round = 0; round < 24; round++) {
        begin(round % 3 == 0 ? 64 : round % 3 == 1 ? 200 : 1100, round % 4 != 3, round % 2 != 0);
        for (unsigned i = 0; i < 150; i++) {
            step(&model[below(VALUES)]);
            compare_with_model();
        }
    }
    list_clear();
}

static void ids_go_on_behind_the_highest_one(void **state)
{
    (void)state;
    uint64_t lid;
    begin(64, true, false);
    assert_int_equal(long_value_create(&writer, span_of("a", 1), &lid), JET_errSuccess);
    assert_int_equal(lid, 1);
    assert_int_equal(long_value_create(&writer, span_of("b", 1), &lid), JET_errSuccess);
    assert_int_equal(lid, 2);
    atomic_store(&next_lid, 0);
    assert_int_equal(long_value_create(&writer, span_of(NULL, 0), &lid), JET_errSuccess);
    assert_int_equal(lid, 3);
    atomic_store(&next_lid, 2); /* taken already: the next free one is found */
    assert_int_equal(long_value_create(&writer, span_of("c", 1), &lid), JET_errSuccess);
    assert_int_equal(lid, 4);
    writer.is_lid64 = true; /* the format has been raised */
    atomic_store(&next_lid, 0);
    for (unsigned i = 1; i <= 2; i++) {
        assert_int_equal(long_value_create(&writer, span_of("d", 1), &lid), JET_errSuccess);
        assert_true(lid == 0x8000000080000000ull + i);
        atomic_store(&next_lid, 0);
    }
    atomic_store(&next_lid, 0x80FFFFFF00000000ull);
    assert_int_equal(long_value_create(&writer, span_of("e", 1), &lid), JET_errOutOfLongValueIDs);
    atomic_store(&next_lid, 0x7FFFFF00u);
    assert_int_equal(long_value_create(&writer, span_of("e", 1), &lid), JET_errOutOfLongValueIDs);
    list_clear();
}

static void a_shared_value_is_not_changed_and_the_last_reference_deletes_it(void **state)
{
    (void)state;
    uint64_t lid, other;
    uint8_t bytes[300];
    memset(bytes, 0xC5, sizeof bytes);
    begin(64, true, false);
    assert_int_equal(long_value_create(&writer, span_of(bytes, sizeof bytes), &lid), JET_errSuccess);
    assert_int_equal(long_value_add_reference(&writer, lid), JET_errSuccess);
    assert_int_equal(long_value_write(&writer, lid, 0, span_of("x", 1)), JET_errInvalidParameter);
    assert_int_equal(long_value_set_size(&writer, lid, 0), JET_errInvalidParameter);
    other = lid;
    assert_int_equal(long_value_own(&writer, &other), JET_errSuccess);
    assert_int_equal(list_count, 12);
    assert_int_equal(long_value_release(&writer, lid), JET_errSuccess);
    assert_int_equal(list_count, 6);
    assert_int_equal(long_value_release(&writer, lid), JET_errLVCorrupted);
    assert_int_equal(long_value_release(&writer, other), JET_errSuccess);
    assert_int_equal(list_count, 0);
    list_clear();
}

static void two_who_give_up_the_last_references_unseen_conflict(void **state)
{
    (void)state;
    uint64_t lid;
    begin(64, true, false);
    assert_int_equal(long_value_create(&writer, span_of("abc", 3), &lid), JET_errSuccess);
    list_hidden = 1; /* the page has one reference, this transaction still sees two */
    assert_int_equal(long_value_release(&writer, lid), JET_errWriteConflict);
    assert_int_equal(list_count, 2);
    list_hidden = 0;
    list_clear();
}

static void a_value_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    uint64_t lid;
    begin(64, true, false);
    assert_int_equal(long_value_create(&writer, span_of("abc", 3), &lid), JET_errSuccess);
    assert_int_equal(long_value_write(&writer, lid, 0x7FFFFFFF, span_of("x", 1)), JET_errColumnTooBig);
    assert_int_equal(long_value_write(&writer, lid, UINT32_MAX, span_of("x", 1)), JET_errColumnTooBig);
    assert_int_equal(long_value_set_size(&writer, lid, 0x80000000u), JET_errColumnTooBig);
    assert_int_equal(list_count, 2);
    list_clear();
}

static void damage_and_encryption_are_told(void **state)
{
    (void)state;
    uint64_t lid;
    uint8_t bytes[200], root[9] = {1, 0, 0, 0, 200, 0, 0, 0, 1};
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 73 + 128);
    begin(64, true, false);
    assert_int_equal(long_value_create(&writer, span_of(bytes, sizeof bytes), &lid), JET_errSuccess);
    list_set(2, span_of(bytes, 65)); /* longer than a chunk */
    assert_int_equal(long_value_write(&writer, lid, 70, span_of("x", 1)), JET_errLVCorrupted);
    list_set(2, span_of("\x18\x40\x00\xFF", 4)); /* does not expand to a chunk */
    assert_true(long_value_write(&writer, lid, 70, span_of("x", 1)) < 0);
    free(list[4].data);
    list_count--; /* the last chunk is gone */
    assert_int_equal(long_value_write(&writer, lid, 199, span_of("x", 1)), JET_errLVCorrupted);
    assert_int_equal(long_value_write(&writer, lid, 192, span_of("12345678", 8)), JET_errLVCorrupted);
    list_set(0, span_of(root, 9));
    assert_int_equal(long_value_write(&writer, lid, 0, span_of("x", 1)), JET_errFeatureNotAvailable);
    assert_int_equal(list_cursors, 0);
    list_clear();
}

/* The Nth change or allocation of every operation fails: the error comes through and nothing is kept. */
static void errors_on_the_way_come_through(void **state)
{
    (void)state;
    uint8_t bytes[400];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)('a' + i % 26);
    for (unsigned operation = 0; operation < 6; operation++) {
        unsigned failures = 0;
        for (unsigned nth = 1; nth < 40; nth++) {
            for (unsigned memory = 0; memory < 2; memory++) {
                uint64_t lid, other;
                begin(64, true, true);
                assert_int_equal(long_value_create(&writer, span_of(bytes, sizeof bytes), &lid), JET_errSuccess);
                if (operation == 3)
                    assert_int_equal(long_value_add_reference(&writer, lid), JET_errSuccess);
                uint64_t live = memory_live_count();
                list_error = JET_errDiskFull;
                list_fail_at = memory == 0 ? nth : 0;
                if (memory != 0)
                    memory_fail_at(nth, 0);
                other = lid;
                JET_ERR err = operation == 0   ? long_value_create(&writer, span_of(bytes, sizeof bytes), &other)
                              : operation == 1 ? long_value_write(&writer, lid, 300, span_of(bytes, 300))
                              : operation == 2 ? long_value_set_size(&writer, lid, 70)
                              : operation == 3 ? long_value_own(&writer, &other)
                              : operation == 4 ? long_value_release(&writer, lid)
                                               : long_value_add_reference(&writer, lid);
                memory_fail_at(0, 0);
                list_fail_at = 0;
                assert_true(err == JET_errSuccess || err == (memory != 0 ? JET_errOutOfMemory : JET_errDiskFull));
                failures += err < 0 ? 1 : 0;
                assert_int_equal(memory_live_count(), live);
                assert_int_equal(list_cursors, 0);
                assert_int_equal(list_latched, 0);
            }
        }
        assert_true(failures >= 3);
        assert_true(failures < 60);
    }
    list_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_give_what_a_model_says),
        cmocka_unit_test(ids_go_on_behind_the_highest_one),
        cmocka_unit_test(a_shared_value_is_not_changed_and_the_last_reference_deletes_it),
        cmocka_unit_test(two_who_give_up_the_last_references_unseen_conflict),
        cmocka_unit_test(a_value_beyond_the_limit_is_refused),
        cmocka_unit_test(damage_and_encryption_are_told),
        cmocka_unit_test(errors_on_the_way_come_through)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
