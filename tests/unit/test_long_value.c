/* Long values over a list of nodes: whole and partial reads, compressed chunks, both widths of ids, damage, and the walk for verify. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "format/compression.h"
#include "record/long_value.h"

enum { CHUNK = 64, NODES_MAX = 16 };

struct list {
    struct {
        uint8_t key[LONG_VALUE_KEY_MAX], data[CHUNK + 8];
        uint32_t key_size, data_size;
    } nodes[NODES_MAX];
    uint32_t count, at;
    struct long_value_nodes source;
};

static JET_ERR give(struct list *l, struct span *key, struct span *data)
{
    if (l->at >= l->count)
        return JET_errNoCurrentRecord;
    *key = span_of(l->nodes[l->at].key, l->nodes[l->at].key_size);
    *data = span_of(l->nodes[l->at].data, l->nodes[l->at].data_size);
    return JET_errSuccess;
}

static JET_ERR list_seek(void *context, struct span wanted, struct span *key, struct span *data)
{
    struct list *l = (struct list *)context;
    for (l->at = 0; l->at < l->count; l->at++)
        if (span_compare(span_of(l->nodes[l->at].key, l->nodes[l->at].key_size), wanted) >= 0)
            break;
    return give(l, key, data);
}

static JET_ERR list_next(void *context, struct span *key, struct span *data)
{
    struct list *l = (struct list *)context;
    l->at++;
    return give(l, key, data);
}

static void begin(struct list *l)
{
    memset(l, 0, sizeof *l);
    l->source = (struct long_value_nodes){l, list_seek, list_next, NULL, CHUNK, NULL};
}

static void add_root(struct list *l, uint64_t lid, uint32_t references, uint32_t size)
{
    l->nodes[l->count].key_size = long_value_root_key(lid, l->nodes[l->count].key);
    store_le32(l->nodes[l->count].data, references);
    store_le32(l->nodes[l->count].data + 4, size);
    l->nodes[l->count++].data_size = 8;
}

static void add_chunk(struct list *l, uint64_t lid, uint32_t offset, const uint8_t *bytes, uint32_t size, bool compressed)
{
    uint8_t room[CHUNK + 8];
    l->nodes[l->count].key_size = long_value_chunk_key(lid, offset, l->nodes[l->count].key);
    if (compressed) {
        uint32_t stored;
        assert_int_equal(compression_shrink(span_of(bytes, size), 1024, room, &stored), JET_errSuccess);
        assert_true(stored > 0);
        bytes = room;
        size = stored;
    }
    memcpy(l->nodes[l->count].data, bytes, size);
    l->nodes[l->count++].data_size = size;
}

/* 64 plain bytes, 64 compressed, 22 plain. */
static void make_value(struct list *l, uint64_t lid, uint8_t *plain)
{
    for (unsigned i = 0; i < 150; i++)
        plain[i] = (uint8_t)(i < 64 ? 0x80 + i : 'a' + i % 20);
    begin(l);
    add_root(l, lid, 1, 150);
    add_chunk(l, lid, 0, plain, 64, false);
    add_chunk(l, lid, 64, plain + 64, 64, true);
    add_chunk(l, lid, 128, plain + 128, 22, false);
}

static void every_range_of_a_value_is_read(void **state)
{
    (void)state;
    struct list l;
    uint8_t plain[150], out[200];
    for (unsigned wide = 0; wide < 2; wide++) {
        uint64_t lid = wide ? 0x8000000080000001ull : 1;
        make_value(&l, lid, plain);
        for (uint32_t offset = 0; offset <= 160; offset++) {
            for (uint32_t capacity = 0; capacity <= 170; capacity += 13) {
                struct long_value_info info;
                uint32_t written, want = offset >= 150 ? 0 : capacity < 150 - offset ? capacity : 150 - offset;
                assert_int_equal(long_value_read(&l.source, lid, offset, out, capacity, &written, &info), JET_errSuccess);
                assert_int_equal(written, want);
                assert_int_equal(info.size, 150);
                if (want > 0)
                    assert_memory_equal(out, plain + offset, want);
            }
        }
    }
}

static void damage_is_reported(void **state)
{
    (void)state;
    struct list l;
    uint8_t plain[150], out[200];
    uint32_t written;
    make_value(&l, 1, plain);
    assert_int_equal(long_value_read(&l.source, 2, 0, out, 10, &written, NULL), JET_errLVCorrupted);
    l.count = 3; /* the last chunk is gone */
    assert_int_equal(long_value_read(&l.source, 1, 0, out, 150, &written, NULL), JET_errLVCorrupted);
    assert_int_equal(written, 0);
    assert_int_equal(long_value_read(&l.source, 1, 0, out, 128, &written, NULL), JET_errSuccess);
    make_value(&l, 1, plain);
    l.nodes[2].data[0] = 4 << 3; /* scrubbed */
    assert_int_equal(long_value_read(&l.source, 1, 0, out, 150, &written, NULL), JET_errDecompressionFailed);
    make_value(&l, 1, plain);
    l.nodes[3].data_size = 30; /* more than the value has */
    assert_int_equal(long_value_read(&l.source, 1, 128, out, 150, &written, NULL), JET_errLVCorrupted);
    make_value(&l, 1, plain);
    l.nodes[0].data_size = 7;
    assert_int_equal(long_value_read(&l.source, 1, 0, out, 150, &written, NULL), JET_errLVCorrupted);
    make_value(&l, 1, plain);
    l.nodes[0].data_size = 9; /* the root says encrypted */
    l.nodes[0].data[8] = 1;
    assert_int_equal(long_value_read(&l.source, 1, 0, out, 150, &written, NULL), JET_errFeatureNotAvailable);
}

static void an_absurd_size_does_not_allocate(void **state)
{
    (void)state;
    struct list l;
    uint8_t plain[150];
    struct value_buffer buffer = {0};
    make_value(&l, 1, plain);
    store_le32(l.nodes[0].data + 4, 0x7FFFFFFF);
    struct column_value value = {.flags = COLUMN_VALUE_SEPARATED, .lid = 1};
    /* the last chunk, short for such a value, must be compressed then */
    assert_int_equal(column_value_fetch_all(&l.source, &value, UINT32_MAX, &buffer), JET_errDecompressionFailed);
    assert_true(buffer.capacity <= 1 << 20);
    value_buffer_free(&buffer);
    store_le32(l.nodes[0].data + 4, 0x80000000);
    assert_int_equal(column_value_fetch_all(&l.source, &value, UINT32_MAX, &buffer), JET_errLVCorrupted);
    assert_null(buffer.data);
}

static void a_whole_value_is_fetched_with_failing_allocations_reported(void **state)
{
    (void)state;
    struct list l;
    uint8_t plain[150];
    make_value(&l, 1, plain);
    struct column_value value = {.flags = COLUMN_VALUE_SEPARATED, .lid = 1};
    uint64_t before = memory_live_count();
    JET_ERR err = JET_errOutOfMemory;
    for (unsigned nth = 1; err == JET_errOutOfMemory; nth++) {
        struct value_buffer buffer = {0};
        memory_fail_at(nth, 0);
        err = column_value_fetch_all(&l.source, &value, UINT32_MAX, &buffer);
        memory_fail_at(0, 0);
        if (err == JET_errSuccess) {
            assert_int_equal(buffer.size, 150);
            assert_memory_equal(buffer.data, plain, 150);
        }
        value_buffer_free(&buffer);
        assert_true(memory_live_count() == before);
    }
    assert_int_equal(err, JET_errSuccess);
    struct value_buffer buffer = {0};
    value.flags = COLUMN_VALUE_NULL;
    assert_int_equal(column_value_fetch_all(NULL, &value, 10, &buffer), JET_wrnColumnNull);
    value.flags = COLUMN_VALUE_SEPARATED;
    assert_int_equal(column_value_fetch_all(NULL, &value, 10, &buffer), JET_errLVCorrupted);
}

static void keys_tell_roots_from_chunks(void **state)
{
    (void)state;
    struct long_value_key k;
    uint8_t key[LONG_VALUE_KEY_MAX];
    uint32_t size = long_value_chunk_key(5, 0x01020304, key);
    assert_int_equal(size, 8);
    assert_int_equal(long_value_key_decode(span_of(key, size), &k), JET_errSuccess);
    assert_true(k.is_chunk && k.lid == 5 && k.offset == 0x01020304);
    size = long_value_root_key(0x8000000080000001ull, key);
    assert_int_equal(size, 8);
    assert_int_equal(long_value_key_decode(span_of(key, size), &k), JET_errSuccess);
    assert_true(!k.is_chunk && k.lid == 0x8000000080000001ull);
    size = long_value_chunk_key(0x8000000080000001ull, 9, key);
    assert_int_equal(size, 12);
    assert_int_equal(long_value_key_decode(span_of(key, size), &k), JET_errSuccess);
    assert_true(k.is_chunk && k.offset == 9);
    assert_int_equal(long_value_key_decode(span_of(key, 5), &k), JET_errLVCorrupted);
    key[0] = 0;
    assert_int_equal(long_value_key_decode(span_of(key, 12), &k), JET_errLVCorrupted);
    assert_int_equal(long_value_chunk_size(4096, 0), 4014);
    assert_int_equal(long_value_chunk_size(16384, 0), 4050);
    assert_int_equal(long_value_chunk_size(32768, 1000), 1000);
    assert_int_equal(long_value_chunk_size(32768, 9000), 8150);
}

struct seen {
    unsigned values, bad;
    uint32_t chunks;
    uint64_t last;
};

static JET_ERR see(void *context, const struct long_value_report *report)
{
    struct seen *s = (struct seen *)context;
    s->values++;
    s->chunks += report->chunks;
    s->bad += report->error != JET_errSuccess;
    s->last = report->info.lid;
    return JET_errSuccess;
}

static void the_walk_checks_every_value(void **state)
{
    (void)state;
    struct list l;
    uint8_t plain[150];
    struct seen seen = {0};
    make_value(&l, 1, plain);
    add_root(&l, 2, 1, 10);
    add_chunk(&l, 2, 0, plain, 10, false);
    add_root(&l, 3, 0, 500); /* dead: missing chunks are not an error */
    assert_int_equal(long_value_visit(&l.source, see, &seen), JET_errSuccess);
    assert_int_equal(seen.values, 3);
    assert_int_equal(seen.bad, 0);
    assert_int_equal(seen.chunks, 4);
    assert_true(seen.last == 3);
    add_root(&l, 4, 1, 65);
    add_chunk(&l, 4, 0, plain, 64, false);      /* the second chunk is missing */
    add_chunk(&l, 5, 0, plain, 10, false);      /* no root */
    add_root(&l, 6, 1, 10);
    add_chunk(&l, 6, 64, plain, 10, false);     /* past the end */
    seen = (struct seen){0};
    assert_int_equal(long_value_visit(&l.source, see, &seen), JET_errSuccess);
    assert_int_equal(seen.values, 6);
    assert_int_equal(seen.bad, 3);
    begin(&l);
    seen = (struct seen){0};
    assert_int_equal(long_value_visit(&l.source, see, &seen), JET_errSuccess);
    assert_int_equal(seen.values, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_range_of_a_value_is_read),
        cmocka_unit_test(damage_is_reported),
        cmocka_unit_test(an_absurd_size_does_not_allocate),
        cmocka_unit_test(a_whole_value_is_fetched_with_failing_allocations_reported),
        cmocka_unit_test(keys_tell_roots_from_chunks),
        cmocka_unit_test(the_walk_checks_every_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
