/* Key segments and entries by the rules of records-and-catalog 4, with the bytes written out; search keys as JetMakeKey builds them. What the
 * original engine wrote is compared in tests/format/test_keys.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "record/key.h"

enum { COLUMNS = 8, VALUES = 4 };

/* A table with one column per interesting kind; the row's values are set by each test. */
struct fixture {
    struct column columns[COLUMNS];
    struct table_schema table;
    struct index index;
    struct key_rules rules;
    struct span values[COLUMNS][VALUES];
    uint32_t counts[COLUMNS];
    struct key_source source;
};
enum { C_LONG, C_FIXED_BINARY, C_TEXT, C_BINARY, C_MULTI_A, C_MULTI_B, C_TAGGED_TEXT, C_FIXED_TEXT };

static JET_ERR get(void *context, const struct column *column, uint32_t sequence, uint32_t limit, struct span *bytes)
{
    struct fixture *f = (struct fixture *)context;
    uint32_t i = (uint32_t)(column - f->columns);
    if (sequence > f->counts[i])
        return JET_wrnColumnNull;
    *bytes = f->values[i][sequence - 1];
    if (bytes->size > limit)
        bytes->size = limit;
    return JET_errSuccess;
}

static void begin(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->columns[C_LONG] = (struct column){.id = 1, .type = COLUMN_TYPE_LONG, .offset = 4};
    f->columns[C_FIXED_BINARY] = (struct column){.id = 2, .type = COLUMN_TYPE_BINARY, .offset = 8, .max_size = 4};
    f->columns[C_FIXED_TEXT] = (struct column){.id = 3, .type = COLUMN_TYPE_TEXT, .offset = 12, .max_size = 6, .code_page = 1252};
    f->columns[C_TEXT] = (struct column){.id = 128, .type = COLUMN_TYPE_TEXT, .code_page = 1252};
    f->columns[C_BINARY] = (struct column){.id = 129, .type = COLUMN_TYPE_BINARY};
    f->columns[C_MULTI_A] = (struct column){.id = 256, .type = COLUMN_TYPE_UNSIGNED_BYTE, .flags = COLUMN_FLAG_MULTI_VALUED};
    f->columns[C_MULTI_B] = (struct column){.id = 257, .type = COLUMN_TYPE_UNSIGNED_BYTE, .flags = COLUMN_FLAG_MULTI_VALUED};
    f->columns[C_TAGGED_TEXT] = (struct column){.id = 258, .type = COLUMN_TYPE_LONG_TEXT, .code_page = 1200};
    for (uint32_t i = 0; i < 128; i++)
        f->table.fixed_index[i] = f->table.variable_index[i] = UINT32_MAX;
    f->table.fixed_index[1] = C_LONG;
    f->table.fixed_index[2] = C_FIXED_BINARY;
    f->table.fixed_index[3] = C_FIXED_TEXT;
    f->table.variable_index[0] = C_TEXT;
    f->table.variable_index[1] = C_BINARY;
    f->table.tagged_first = C_MULTI_A;
    f->table.tagged_count = 3;
    f->table.columns = f->columns;
    f->table.column_count = COLUMNS;
    f->index = (struct index){.flags = 0xE, .key_most = 255, .var_seg_most = 255};
    f->source = (struct key_source){f, get};
}

static void add_segment(struct fixture *f, unsigned column, bool is_descending)
{
    f->index.segments[f->index.segment_count++] = (struct index_segment){f->columns[column].id, is_descending};
}

static void set(struct fixture *f, unsigned column, const void *data, uint32_t size)
{
    f->values[column][f->counts[column]++] = span_of(data, size);
}

static void init(struct fixture *f) { assert_int_equal(key_rules_init(&f->rules, &f->table, &f->index, NULL), JET_errSuccess); }

struct keys {
    char text[2000];
    unsigned count;
};

static JET_ERR collect(void *context, struct span key)
{
    struct keys *k = (struct keys *)context;
    if (k->count++ > 0)
        strcat(k->text, " ");
    for (uint32_t i = 0; i < key.size; i++)
        sprintf(k->text + strlen(k->text), "%02x", key.data[i]);
    return JET_errSuccess;
}

static const char *entries(struct fixture *f)
{
    static struct keys k;
    k = (struct keys){{0}, 0};
    init(f);
    assert_int_equal(key_entries(&f->rules, &f->source, collect, &k), JET_errSuccess);
    return k.text;
}

static const char *segment(uint32_t type, const void *data, uint32_t size, uint32_t flags)
{
    static struct keys k;
    struct fixture f;
    struct key_segment s;
    uint8_t out[64];
    begin(&f);
    f.columns[C_LONG].type = type;
    f.columns[C_LONG].max_size = size;
    f.index.flags |= flags;
    add_segment(&f, C_LONG, false);
    init(&f);
    assert_int_equal(key_segment(&f.rules, &f.columns[C_LONG], false, false, span_of(data, size), out, sizeof out, &s), JET_errSuccess);
    k = (struct keys){{0}, 0};
    collect(&k, span_of(out, s.size));
    return k.text;
}

static void every_number_sorts_by_its_bytes(void **state)
{
    (void)state;
    assert_string_equal(segment(COLUMN_TYPE_BIT, "\x01", 1, 0), "7fff");
    assert_string_equal(segment(COLUMN_TYPE_BIT, "\x00", 1, 0), "7f00");
    assert_string_equal(segment(COLUMN_TYPE_UNSIGNED_BYTE, "\x81", 1, 0), "7f81");
    assert_string_equal(segment(COLUMN_TYPE_SHORT, "\xFF\xFF", 2, 0), "7f7fff");
    assert_string_equal(segment(COLUMN_TYPE_LONG, "\x01\x00\x00\x00", 4, 0), "7f80000001");
    assert_string_equal(segment(COLUMN_TYPE_UNSIGNED_LONG, "\x01\x00\x00\x80", 4, 0), "7f80000001");
    assert_string_equal(segment(COLUMN_TYPE_UNSIGNED_LONG_LONG, "\x01\x00\x00\x00\x00\x00\x00\x00", 8, 0), "7f0000000000000001");
    assert_string_equal(segment(COLUMN_TYPE_SINGLE, "\x00\x00\x80\x3F", 4, 0), "7fbf800000");
    assert_string_equal(segment(COLUMN_TYPE_SINGLE, "\x00\x00\x80\xBF", 4, 0), "7f407fffff");
    assert_string_equal(segment(COLUMN_TYPE_GUID, "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17", 16, 0), "7f0a0b0c0d0e0f08090607040500010203");
    assert_string_equal(segment(COLUMN_TYPE_GUID, "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17", 16, INDEX_FLAG_DOTNET_GUID),
                        "7f0302010005040706" "08090a0b0c0d0e0f");
    struct fixture f;
    struct key_segment s;
    uint8_t out[64];
    begin(&f);
    add_segment(&f, C_LONG, false);
    init(&f);
    assert_int_equal(key_segment(&f.rules, &f.columns[C_LONG], false, false, span_of("abc", 3), out, sizeof out, &s), JET_errInvalidBufferSize);
}

static void text_is_upper_cased_up_to_a_nul_and_cut_with_the_old_quirk(void **state)
{
    (void)state;
    struct fixture f;
    struct key_segment s;
    uint8_t out[64];
    begin(&f);
    add_segment(&f, C_TEXT, false);
    set(&f, C_TEXT, "aZ\xE9\0b", 5);
    assert_string_equal(entries(&f), "7f415ae900");
    init(&f);
    assert_int_equal(key_segment(&f.rules, &f.columns[C_TEXT], false, false, span_of("abcd", 4), out, 5, &s), JET_errSuccess);
    assert_true(s.is_cut && s.size == 5);
    assert_memory_equal(out, "\x7F""ABCD", 5);
    assert_int_equal(key_segment(&f.rules, &f.columns[C_TEXT], false, false, span_of("abc1", 4), out, 5, &s), JET_errSuccess);
    assert_memory_equal(out, "\x7F""ABC\x11", 5); /* '1' - 0x20 */
    f.index.var_seg_most = 3; /* a cut that is meant: not a truncated key */
    assert_int_equal(key_segment(&f.rules, &f.columns[C_TEXT], false, false, span_of("abcd", 4), out, 60, &s), JET_errSuccess);
    assert_true(!s.is_cut && s.size == 3);
    assert_memory_equal(out, "\x7F""AB", 3);
    assert_int_equal(key_segment(&f.rules, &f.columns[C_TEXT], false, false, span_of("abcd", 4), out, 1, &s), JET_errSuccess);
    assert_true(s.is_cut && s.size == 1 && out[0] == 0x7F);
}

static void binary_is_grouped_by_eight(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    add_segment(&f, C_BINARY, false);
    set(&f, C_BINARY, "abc", 3);
    assert_string_equal(entries(&f), "7f616263000000000003");
    f.values[C_BINARY][0] = span_of("abcdefgh", 8);
    assert_string_equal(entries(&f), "7f616263646566676808");
    f.values[C_BINARY][0] = span_of("abcdefghi", 9);
    assert_string_equal(entries(&f), "7f616263646566676809690000000000000001");
    f.index.var_seg_most = 10; /* cut behind a full group: more follows */
    assert_string_equal(entries(&f), "7f616263646566676809");
    f.index.var_seg_most = 12;
    assert_string_equal(entries(&f), "7f6162636465666768096900");
    f.index.var_seg_most = 5;
    assert_string_equal(entries(&f), "7f61626364");
    f.values[C_BINARY][0] = span_of("", 0);
    assert_string_equal(entries(&f), "40");
    begin(&f);
    add_segment(&f, C_FIXED_BINARY, false);
    set(&f, C_FIXED_BINARY, "\1\2\3\4", 4);
    assert_string_equal(entries(&f), "7f01020304");
}

static void null_rules_decide_about_entries(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    add_segment(&f, C_LONG, false);
    add_segment(&f, C_TEXT, true);
    assert_string_equal(entries(&f), "00ff");
    f.index.flags = INDEX_FLAG_ALLOW_FIRST_NULL | INDEX_FLAG_ALLOW_SOME_NULL;
    assert_string_equal(entries(&f), "");
    set(&f, C_TEXT, "", 0);
    assert_string_equal(entries(&f), "00bf");
    f.index.flags = INDEX_FLAG_ALLOW_SOME_NULL;
    assert_string_equal(entries(&f), "");
    set(&f, C_LONG, "\0\0\0\0", 4);
    f.counts[C_TEXT] = 0;
    assert_string_equal(entries(&f), "7f80000000ff");
    f.index.flags = INDEX_FLAG_ALLOW_SOME_NULL | INDEX_FLAG_NULLS_HIGH;
    assert_string_equal(entries(&f), "7f800000003f");
    f.index.flags = 0;
    assert_string_equal(entries(&f), "");
    f.index.flags = INDEX_FLAG_NO_NULL;
    struct keys k = {{0}, 0};
    init(&f);
    assert_int_equal(key_entries(&f.rules, &f.source, collect, &k), JET_errNullKeyDisallowed);
}

static void conditions_decide_about_entries(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    add_segment(&f, C_LONG, false);
    set(&f, C_LONG, "\0\0\0\0", 4);
    f.index.condition_count = 1;
    f.index.conditions[0] = (struct index_condition){128, true};
    assert_string_equal(entries(&f), "7f80000000");
    f.index.conditions[0].must_be_null = false;
    assert_string_equal(entries(&f), "");
    set(&f, C_TEXT, "", 0);
    assert_string_equal(entries(&f), "7f80000000");
}

static void multi_values_make_entries_in_four_ways(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    add_segment(&f, C_MULTI_A, false);
    add_segment(&f, C_MULTI_B, false);
    set(&f, C_MULTI_A, "\2", 1);
    set(&f, C_MULTI_A, "\1", 1);
    set(&f, C_MULTI_A, "\2", 1);
    set(&f, C_MULTI_B, "\5", 1);
    set(&f, C_MULTI_B, "\6", 1);
    assert_string_equal(entries(&f), "7f017f05 7f027f05");
    f.index.flags |= INDEX_FLAG_CROSS_PRODUCT;
    assert_string_equal(entries(&f), "7f017f05 7f017f06 7f027f05 7f027f06");
    f.index.flags = 0xE | INDEX_FLAG_NESTED;
    assert_string_equal(entries(&f), "7f017f06 7f0200 7f027f05");
    f.counts[C_MULTI_A] = f.counts[C_MULTI_B] = 0;
    assert_string_equal(entries(&f), "0000");
    f.index.flags = 0xE | INDEX_FLAG_CROSS_PRODUCT;
    assert_string_equal(entries(&f), "0000");
}

static void tuples_cut_the_first_column_up(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    add_segment(&f, C_TEXT, false);
    add_segment(&f, C_LONG, false);
    f.index.tuple = (struct tuple_limits){true, 3, 4, 32767, 1, 0};
    set(&f, C_TEXT, "abcde", 5);
    set(&f, C_LONG, "\1\0\0\0", 4);
    assert_string_equal(entries(&f), "7f41424344007f80000001 7f42434445007f80000001 7f434445007f80000001");
    f.index.tuple.increment = 2;
    f.index.tuple.start = 1;
    assert_string_equal(entries(&f), "7f42434445007f80000001");
    f.index.tuple.increment = 0; /* never the same place for ever */
    assert_string_equal(entries(&f), "7f42434445007f80000001");
    f.values[C_TEXT][0].size = 2;
    f.index.tuple.start = 0;
    assert_string_equal(entries(&f), "");
    f.counts[C_TEXT] = 0;
    assert_string_equal(entries(&f), "");
}

static void a_key_is_cut_at_its_limit_or_refused(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t out[KEY_ROOM];
    uint32_t size;
    char text[300];
    memset(text, 'a', sizeof text);
    begin(&f);
    add_segment(&f, C_TEXT, false);
    add_segment(&f, C_LONG, false);
    set(&f, C_TEXT, text, 300);
    set(&f, C_LONG, "\1\0\0\0", 4);
    init(&f);
    assert_int_equal(key_primary(&f.rules, &f.source, out, &size), JET_errSuccess);
    assert_int_equal(size, 255);
    assert_int_equal(out[254], 'A');
    f.values[C_TEXT][0].size = 250; /* 252 bytes; the number gets three */
    assert_int_equal(key_primary(&f.rules, &f.source, out, &size), JET_errSuccess);
    assert_int_equal(size, 255);
    assert_memory_equal(out + 252, "\x7F\x80\x00", 3);
    f.index.flags |= INDEX_FLAG_NO_TRUNCATION;
    assert_int_equal(key_primary(&f.rules, &f.source, out, &size), JET_errKeyTruncated);
    f.values[C_TEXT][0].size = 248;
    assert_int_equal(key_primary(&f.rules, &f.source, out, &size), JET_errSuccess);
    assert_int_equal(size, 255);
}

static void text_without_weights_is_refused_when_it_is_needed(void **state)
{
    (void)state;
    struct fixture f;
    struct keys k = {{0}, 0};
    begin(&f);
    add_segment(&f, C_TAGGED_TEXT, false);
    assert_string_equal(entries(&f), "00"); /* null needs none */
    assert_true(key_rules_lack_collation(&f.rules));
    set(&f, C_TAGGED_TEXT, "a", 2);
    assert_int_equal(key_entries(&f.rules, &f.source, collect, &k), JET_errFeatureNotAvailable);
}

static void failing_allocations_are_reported_and_leak_nothing(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    add_segment(&f, C_TEXT, false);
    f.index.tuple = (struct tuple_limits){true, 3, 10, 32767, 1, 0};
    set(&f, C_TEXT, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", 78);
    init(&f);
    uint64_t before = memory_live_count();
    JET_ERR err = JET_errOutOfMemory;
    for (unsigned nth = 1; err == JET_errOutOfMemory && nth < 50; nth++) {
        struct keys k = {{0}, 0};
        memory_fail_at(nth, 0);
        err = key_entries(&f.rules, &f.source, collect, &k);
        memory_fail_at(0, 0);
        assert_true(memory_live_count() == before);
    }
    assert_int_equal(err, JET_errSuccess);
}

static void an_index_over_a_missing_column_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    f.index.segment_count = 1;
    f.index.segments[0].column_id = 99;
    assert_int_equal(key_rules_init(&f.rules, &f.table, &f.index, NULL), JET_errIndexInvalidDef);
    f.index.segment_count = 0;
    assert_int_equal(key_rules_init(&f.rules, &f.table, &f.index, NULL), JET_errIndexInvalidDef);
}

/* --- search keys --- */

static void assert_key(const struct search_key *key, const void *bytes, uint32_t size)
{
    assert_int_equal(key->size, size);
    assert_memory_equal(key->bytes, bytes, size);
}

static void a_search_key_grows_column_by_column(void **state)
{
    (void)state;
    struct fixture f;
    struct search_key key = {0};
    begin(&f);
    add_segment(&f, C_LONG, false);
    add_segment(&f, C_TEXT, true);
    init(&f);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("\1\0\0\0", 4), 0), JET_errKeyNotMade);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("\1\0\0", 3), SEARCH_KEY_NEW), JET_errInvalidBufferSize);
    assert_false(key.is_prepared);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("\1\0\0\0", 4), SEARCH_KEY_NEW), JET_errSuccess);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("a", 1), 0), JET_errSuccess);
    assert_key(&key, "\x7F\x80\0\0\1\x80\xBE\xFF", 8);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("a", 1), 0), JET_errKeyIsMade);
    assert_key(&key, "\x7F\x80\0\0\1\x80\xBE\xFF", 8);
    assert_int_equal(search_key_make(&key, &f.rules, span_of(NULL, 0), SEARCH_KEY_NEW), JET_errSuccess);
    assert_int_equal(search_key_make(&key, &f.rules, span_of(NULL, 0), SEARCH_KEY_ZERO_LENGTH), JET_errSuccess);
    assert_key(&key, "\0\xBF", 2);
    assert_int_equal(search_key_make(&key, &f.rules, span_of(NULL, 0), SEARCH_KEY_NEW | SEARCH_KEY_ZERO_LENGTH), JET_errInvalidBufferSize);
}

static void limits_end_a_search_key(void **state)
{
    (void)state;
    struct fixture f;
    struct search_key key = {0};
    uint8_t ones[256];
    memset(ones, 0xFF, sizeof ones);
    begin(&f);
    add_segment(&f, C_TEXT, false);
    add_segment(&f, C_LONG, false);
    init(&f);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("ab", 2), SEARCH_KEY_NEW | SEARCH_KEY_FULL_START), JET_errSuccess);
    assert_key(&key, "\x7F""AB\0", 4);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("\1\0\0\0", 4), 0), JET_errKeyIsMade);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("ab", 2), SEARCH_KEY_NEW | SEARCH_KEY_FULL_END), JET_errSuccess);
    assert_int_equal(key.size, 256);
    assert_memory_equal(key.bytes, "\x7F""AB\0\xFF", 5);
    assert_memory_equal(key.bytes + 4, ones, 252);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("ab", 2), SEARCH_KEY_NEW | SEARCH_KEY_PARTIAL_START), JET_errSuccess);
    assert_key(&key, "\x7F""AB", 3);
    static const unsigned ends[] = {SEARCH_KEY_PARTIAL_END, SEARCH_KEY_SUBSTR_LIMIT, SEARCH_KEY_SUBSTR_LIMIT | SEARCH_KEY_STR_LIMIT};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(search_key_make(&key, &f.rules, span_of("ab", 2), SEARCH_KEY_NEW | ends[i]), JET_errSuccess);
        assert_int_equal(key.size, 256);
        assert_memory_equal(key.bytes, "\x7F""AB\xFF", 4);
    }
    assert_int_equal(search_key_make(&key, &f.rules, span_of("ab", 2), SEARCH_KEY_NEW | SEARCH_KEY_STR_LIMIT), JET_errSuccess);
    assert_memory_equal(key.bytes, "\x7F""AB\0\xFF", 5);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("ab", 2), SEARCH_KEY_NEW | SEARCH_KEY_FULL_END | SEARCH_KEY_FULL_START),
                     JET_errInvalidGrbit);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("ab", 2), SEARCH_KEY_NEW | SEARCH_KEY_FULL_END | SEARCH_KEY_STR_LIMIT), JET_errInvalidGrbit);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("ab", 2), SEARCH_KEY_NEW), JET_errSuccess);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("\1\0\0\0", 4), SEARCH_KEY_PARTIAL_END), JET_errInvalidGrbit);
}

static void partial_limits_work_inside_binary_groups(void **state)
{
    (void)state;
    struct fixture f;
    struct search_key key = {0};
    begin(&f);
    add_segment(&f, C_BINARY, false);
    init(&f);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("abc", 3), SEARCH_KEY_NEW | SEARCH_KEY_PARTIAL_START), JET_errSuccess);
    assert_key(&key, "\x7F""abc", 4);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("abc", 3), SEARCH_KEY_NEW | SEARCH_KEY_PARTIAL_END), JET_errSuccess);
    assert_key(&key, "\x7F""abc\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 11);
}

static void normalized_keys_are_taken_as_they_are(void **state)
{
    (void)state;
    struct fixture f;
    struct search_key key = {0};
    uint8_t bytes[300] = {1, 2, 3};
    begin(&f);
    add_segment(&f, C_LONG, false);
    init(&f);
    assert_int_equal(search_key_make(&key, NULL, span_of(bytes, 3), SEARCH_KEY_NORMALIZED), JET_errSuccess);
    assert_key(&key, bytes, 3);
    assert_true(key.is_prepared && !key.is_limited);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("\1\0\0\0", 4), 0), JET_errKeyIsMade);
    assert_int_equal(search_key_make(&key, &f.rules, span_of(bytes, 256), SEARCH_KEY_NORMALIZED), JET_errSuccess);
    assert_true(key.is_limited);
    assert_int_equal(search_key_make(&key, &f.rules, span_of(bytes, 257), SEARCH_KEY_NORMALIZED), JET_errInvalidParameter);
    assert_false(key.is_prepared);
    assert_int_equal(search_key_make(&key, NULL, span_of(bytes, 3), SEARCH_KEY_NEW), JET_errNoCurrentIndex);
}

static void fixed_columns_are_padded_and_tuples_measured(void **state)
{
    (void)state;
    struct fixture f;
    struct search_key key = {0};
    begin(&f);
    add_segment(&f, C_FIXED_TEXT, false);
    init(&f);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("ab", 2), SEARCH_KEY_NEW), JET_errSuccess);
    assert_key(&key, "\x7F""AB    \0", 8);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("abcdefg", 7), SEARCH_KEY_NEW), JET_errInvalidBufferSize);
    begin(&f);
    add_segment(&f, C_TEXT, false);
    f.index.tuple = (struct tuple_limits){true, 3, 4, 32767, 1, 0};
    init(&f);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("ab", 2), SEARCH_KEY_NEW), JET_errIndexTuplesKeyTooSmall);
    assert_int_equal(search_key_make(&key, &f.rules, span_of("abcde", 5), SEARCH_KEY_NEW), JET_errSuccess);
    assert_key(&key, "\x7F""ABCD\0", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_sorts_by_its_bytes),
        cmocka_unit_test(text_is_upper_cased_up_to_a_nul_and_cut_with_the_old_quirk),
        cmocka_unit_test(binary_is_grouped_by_eight),
        cmocka_unit_test(null_rules_decide_about_entries),
        cmocka_unit_test(conditions_decide_about_entries),
        cmocka_unit_test(multi_values_make_entries_in_four_ways),
        cmocka_unit_test(tuples_cut_the_first_column_up),
        cmocka_unit_test(a_key_is_cut_at_its_limit_or_refused),
        cmocka_unit_test(text_without_weights_is_refused_when_it_is_needed),
        cmocka_unit_test(failing_allocations_are_reported_and_leak_nothing),
        cmocka_unit_test(an_index_over_a_missing_column_is_refused),
        cmocka_unit_test(a_search_key_grows_column_by_column),
        cmocka_unit_test(limits_end_a_search_key),
        cmocka_unit_test(partial_limits_work_inside_binary_groups),
        cmocka_unit_test(normalized_keys_are_taken_as_they_are),
        cmocka_unit_test(fixed_columns_are_padded_and_tuples_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
