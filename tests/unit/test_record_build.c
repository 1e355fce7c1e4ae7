/* Records put together: those of real databases again to the byte, changed ones against a model, and the limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/text.h"
#include "check/row_walk.h"
#include "expectations.h"
#include "format/compression.h"
#include "opened_file.h"
#include "os/clock.h"
#include "record/build.h"
#include "shared_data.h"

/* --- records of real databases --- */

struct tally {
    const char *database;
    uint32_t page_size;
    struct record_builder *builder, *fresh;
    const struct table_schema *schema;
    /* rows */
    unsigned rows, equal, null_bytes, older_than_defaults, deleted_columns, two_in_general_form, unused_bits;
};

/* Set again value by value. false: the record holds columns that have been deleted, which cannot be set. */
static bool set_again(struct tally *t, const struct record_view *r)
{
    struct column_value value;
    for (uint32_t id = 1; id <= r->variable_last; id++) {
        if (id > r->fixed_last && id < VARIABLE_ID_FIRST)
            continue;
        const struct column *c = schema_column(t->schema, id);
        if (c == NULL) {
            if (id == r->fixed_last || id == r->variable_last)
                return false;
            continue;
        }
        assert_int_equal(record_column(r, c, 1, &value), JET_errSuccess);
        struct column loose = *c;
        loose.flags &= ~(unsigned)COLUMN_FLAG_NOT_NULL; /* an old row may be null there */
        assert_int_equal(record_builder_set(t->fresh, &loose, 1, &value), JET_errSuccess);
    }
    for (uint32_t i = 0; i < r->tagged_count; i++) {
        struct tagged_entry entry;
        uint32_t count;
        assert_int_equal(record_tagged_at(r, i, &entry), JET_errSuccess);
        const struct column *c = schema_column(t->schema, entry.id);
        if (c == NULL)
            return false;
        assert_int_equal(record_tagged_count(&entry, &count), JET_errSuccess);
        if (entry.is_null) {
            value = (struct column_value){.flags = COLUMN_VALUE_NULL};
            assert_int_equal(record_builder_set(t->fresh, c, 1, &value), JET_errSuccess);
        }
        for (uint32_t sequence = 1; sequence <= count; sequence++) {
            assert_int_equal(record_tagged_value(&entry, sequence, &value), JET_errSuccess);
            assert_int_equal(record_builder_set(t->fresh, c, sequence % 3 == 0 ? 0 : sequence, &value), JET_errSuccess);
        }
    }
    return true;
}

/* Null fixed columns filled as new ones are; unused bits of the bitmap set. */
static void level(const struct tally *t, const struct record_view *r, uint8_t *copy)
{
    memcpy(copy, r->bytes.data, r->bytes.size);
    for (uint32_t id = 1; id <= r->fixed_last; id++) {
        uint32_t at = t->schema->fixed_index[id];
        bool is_null = (copy[r->null_bitmap + (id - 1) / 8] >> ((id - 1) % 8) & 1) != 0;
        if (at < t->schema->column_count && (is_null || t->schema->columns[at].type == COLUMN_TYPE_NIL))
            memset(copy + t->schema->columns[at].offset, 0x2A, t->schema->columns[at].max_size);
        if (at < t->schema->column_count && t->schema->columns[at].type == COLUMN_TYPE_NIL)
            copy[r->null_bitmap + (id - 1) / 8] |= (uint8_t)(1u << ((id - 1) % 8));
    }
    if (r->fixed_last % 8 != 0)
        copy[r->variable_table - 1] |= (uint8_t)(0xFFu << (r->fixed_last % 8));
}

static bool has_two_in_general_form(const struct record_view *r)
{
    for (uint32_t i = 0; i < r->tagged_count; i++) {
        struct tagged_entry entry;
        uint32_t count;
        if (record_tagged_at(r, i, &entry) >= 0 && record_tagged_count(&entry, &count) >= 0 && count == 2 && (entry.flags & (TAGGED_TWO_VALUES | TAGGED_LONG)) == 0)
            return true;
    }
    return false;
}

static void print_bytes(const char *what, struct span bytes)
{
    char text[2 * 400 + 1] = "";
    uint32_t size = bytes.size < 400 ? bytes.size : 400;
    hex_encode(span_of(bytes.data, size), text);
    print_error("%s %.*s\n", what, (int)(2 * size), text);
}

/* The record made value by value differs from the one that was found: for a reason that has a name, or the test fails. */
static void name_difference(struct tally *t, const struct record_view *found, struct span made_bytes)
{
    struct record_view made;
    assert_int_equal(record_view_init(&made, made_bytes, t->page_size), JET_errSuccess);
    uint8_t *a = malloc(found->bytes.size), *b = malloc(made_bytes.size);
    assert_true(a != NULL && b != NULL);
    level(t, found, a);
    level(t, &made, b);
    if (found->bytes.size == made_bytes.size && memcmp(a, b, made_bytes.size) == 0)
        t->null_bytes++;
    else if (made.fixed_last > found->fixed_last || made.variable_last > found->variable_last)
        t->older_than_defaults++;
    else if (!found->is_large_page && has_two_in_general_form(found))
        t->two_in_general_form++;
    else {
        print_bytes("found", found->bytes);
        print_bytes("made ", made_bytes);
        fail_msg("%s: a row of %s is put together in another form", t->database, t->schema->name);
    }
    free(a);
    free(b);
}

static JET_ERR begin_table(void *context, const struct table_schema *schema)
{
    struct tally *t = (struct tally *)context;
    t->schema = schema;
    record_builder_free(t->builder);
    record_builder_free(t->fresh);
    assert_int_equal(record_builder_create(schema, t->page_size, &t->builder), JET_errSuccess);
    assert_int_equal(record_builder_create(schema, t->page_size, &t->fresh), JET_errSuccess);
    return JET_errSuccess;
}

static JET_ERR see_row(void *context, const struct row *row)
{
    struct tally *t = (struct tally *)context;
    struct span again;
    t->rows++;
    assert_int_equal(record_builder_reset_from(t->builder, row->record.bytes), JET_errSuccess);
    assert_int_equal(record_builder_size(t->builder), row->record.bytes.size);
    assert_int_equal(record_builder_bytes(t->builder, &again), JET_errSuccess);
    assert_true(span_equal(again, row->record.bytes));
    assert_true(row->record.bytes.size <= record_size_most(t->schema, t->page_size));

    assert_int_equal(record_builder_reset(t->fresh), JET_errSuccess);
    if (!set_again(t, &row->record)) {
        t->deleted_columns++;
    } else {
        assert_int_equal(record_builder_bytes(t->fresh, &again), JET_errSuccess);
        if (span_equal(again, row->record.bytes))
            t->equal++;
        else
            name_difference(t, &row->record, again);
    }
    return JET_errSuccess;
}

static JET_ERR see_damage(void *context, const char *table, JET_ERR error)
{
    (void)context, (void)table, (void)error;
    return JET_errSuccess;
}

static void check_database(struct tally *sum, const char *relative_path)
{
    const char *file = text_of("%s/db", make_scratch_folder("build"));
    struct opened opened;
    copy_shared_file(relative_path, file);
    if (open_file(file, &opened) < 0) {
        close_file(&opened);
        return;
    }
    struct tally t = {.database = relative_path, .page_size = cache_file_page_size(opened.db->pages)};
    const struct row_visitor visitor = {.table_begin = begin_table, .row = see_row, .damage = see_damage, .context = &t};
    assert_int_equal(row_walk(opened.db, NULL, &visitor), JET_errSuccess);
    record_builder_free(t.builder);
    record_builder_free(t.fresh);
    close_file(&opened);
    print_message("%s: %u rows; made value by value: %u equal, %u but for bytes of null columns, %u older than the defaults, %u with deleted columns, %u with two values in the general form\n",
                  relative_path, t.rows, t.equal, t.null_bytes, t.older_than_defaults, t.deleted_columns, t.two_in_general_form);
    sum->rows += t.rows;
    sum->equal += t.equal;
    sum->null_bytes += t.null_bytes;
    sum->older_than_defaults += t.older_than_defaults;
    sum->deleted_columns += t.deleted_columns;
    if (remove(file) != 0)
        fail_msg("cannot remove the copy");
}

static void check_windows(void *context, const struct shared_file *expectation)
{
    if (strcmp(expectation->set, "ntds-server2012r2-tempdb") != 0) /* has no readable catalog */
        check_database((struct tally *)context, windows_database_path(expectation->set, expectation->name));
}

static void check_engine(void *context, const struct shared_file *file)
{
    if (strncmp(file->set, "features-", 9) == 0 || strncmp(file->set, "clean_", 6) == 0)
        check_database((struct tally *)context, file->path);
}

static void every_record_of_a_real_database_is_put_together_as_it_was(void **state)
{
    (void)state;
    struct tally sum = {0};
    require_shared_data();
    visit_shared_files("windows", "expected", ".rows.tsv", check_windows, &sum);
    visit_shared_files("engine", "", ".edb", check_engine, &sum);
    print_message("%u rows, %u equal when made value by value\n", sum.rows, sum.equal);
    if (!is_only_one_set()) {
        assert_true(sum.rows > 50000);
        assert_true(sum.equal > sum.rows / 10 * 9);
    }
}

/* --- a table made by hand --- */

enum { LONG_ID = 1, SHORT_ID, BINARY_ID, GONE_ID, BIT_ID, TEXT_ID = 128, TEXT_DEFAULT_ID, TEXT_LAST_ID, MULTI_ID = 256, MULTI_DEFAULT_ID, LV_ID, LV_TEMPLATE_ID = 300 | (int)COLUMN_ID_TEMPLATE_BIT, COLUMNS = 12 };

static const uint8_t short_default[] = {7, 0}, text_default[] = "dflt", multi_default[] = "md";

static void make_schema(struct table_schema *s, struct column *columns)
{
    memset(s, 0, sizeof *s);
    memset(columns, 0, COLUMNS * sizeof *columns);
    columns[0] = (struct column){.name = (char *)(uintptr_t)"long", .id = LONG_ID, .type = COLUMN_TYPE_LONG, .max_size = 4, .offset = 4};
    columns[1] = (struct column){.id = SHORT_ID, .type = COLUMN_TYPE_SHORT, .max_size = 2, .offset = 8, .flags = COLUMN_FLAG_DEFAULT, .default_value = {short_default, 2}};
    columns[2] = (struct column){.id = BINARY_ID, .type = COLUMN_TYPE_BINARY, .max_size = 5, .offset = 10};
    columns[3] = (struct column){.id = GONE_ID, .type = COLUMN_TYPE_NIL, .max_size = 4, .offset = 15};
    columns[4] = (struct column){.id = BIT_ID, .type = COLUMN_TYPE_BIT, .max_size = 1, .offset = 19};
    columns[5] = (struct column){.id = TEXT_ID, .type = COLUMN_TYPE_TEXT, .max_size = 50};
    columns[6] = (struct column){.id = TEXT_DEFAULT_ID, .type = COLUMN_TYPE_TEXT, .max_size = 50, .flags = COLUMN_FLAG_DEFAULT, .default_value = {text_default, 4}};
    columns[7] = (struct column){.id = TEXT_LAST_ID, .type = COLUMN_TYPE_BINARY, .max_size = 255};
    columns[8] = (struct column){.id = MULTI_ID, .type = COLUMN_TYPE_TEXT, .max_size = 255, .flags = COLUMN_FLAG_MULTI_VALUED};
    columns[9] = (struct column){.id = MULTI_DEFAULT_ID, .type = COLUMN_TYPE_TEXT, .max_size = 40, .flags = COLUMN_FLAG_MULTI_VALUED | COLUMN_FLAG_DEFAULT, .default_value = {multi_default, 2}};
    columns[10] = (struct column){.id = LV_ID, .type = COLUMN_TYPE_LONG_BINARY, .flags = COLUMN_FLAG_MULTI_VALUED};
    columns[11] = (struct column){.id = 300 | COLUMN_ID_TEMPLATE_BIT, .type = COLUMN_TYPE_LONG_TEXT, .flags = COLUMN_FLAG_MULTI_VALUED | COLUMN_FLAG_TEMPLATE | COLUMN_FLAG_DEFAULT, .default_value = {text_default, 3}};
    s->columns = columns;
    s->column_count = COLUMNS;
    memset(s->fixed_index, 0xFF, sizeof s->fixed_index);
    memset(s->variable_index, 0xFF, sizeof s->variable_index);
    for (uint32_t i = 0; i < 5; i++)
        s->fixed_index[i + 1] = i;
    for (uint32_t i = 0; i < 3; i++)
        s->variable_index[i] = 5 + i;
    s->fixed_last = BIT_ID;
    s->variable_last = TEXT_LAST_ID;
    s->tagged_first = 8;
    s->tagged_count = 3;
    s->template_tagged_first = 11;
    s->template_tagged_count = 1;
}

static struct column_value bytes_of(const char *text) { return (struct column_value){.bytes = span_of(text, (uint32_t)strlen(text))}; }
static const struct column_value null_value = {.flags = COLUMN_VALUE_NULL};

static void assert_record(struct record_builder *b, const void *expected, uint32_t size)
{
    struct span got;
    assert_int_equal(record_builder_bytes(b, &got), JET_errSuccess);
    assert_int_equal(got.size, size);
    assert_memory_equal(got.data, expected, size);
}

static void a_new_record_holds_the_defaults_of_fixed_and_variable_columns(void **state)
{
    (void)state;
    struct table_schema s;
    struct column c[COLUMNS];
    struct record_builder *b;
    make_schema(&s, c);
    assert_int_equal(record_builder_create(&s, 4096, &b), JET_errSuccess);
    const uint8_t expected[] = {2, 129, 11, 0, 0x2A, 0x2A, 0x2A, 0x2A, 7, 0, 0xFD, 0, 0x80, 4, 0, 'd', 'f', 'l', 't'};
    assert_record(b, expected, sizeof expected);
    record_builder_free(b);
    s.columns[1].default_value = s.columns[6].default_value = span_of(NULL, 0);
    assert_int_equal(record_builder_create(&s, 4096, &b), JET_errSuccess);
    const uint8_t smallest[] = {0, 0x7F, 4, 0};
    assert_record(b, smallest, sizeof smallest);
    record_builder_free(b);
}

static void a_record_is_extended_with_fill_defaults_and_nulls(void **state)
{
    (void)state;
    struct table_schema s;
    struct column c[COLUMNS];
    struct record_builder *b;
    const uint8_t smallest[] = {0, 0x7F, 4, 0};
    make_schema(&s, c);
    assert_int_equal(record_builder_load(&s, 4096, span_of(smallest, 4), &b), JET_errSuccess);
    struct column_value yes = bytes_of("\x01"), text = bytes_of("ab");
    assert_int_equal(record_builder_set(b, &c[4], 1, &yes), JET_errSuccess);
    assert_int_equal(record_builder_set(b, &c[7], 1, &text), JET_errSuccess);
    const uint8_t expected[] = {5, 130, 21, 0, 0x2A, 0x2A, 0x2A, 0x2A, 7, 0, 0x2A, 0x2A, 0x2A, 0x2A, 0x2A, 0x2A, 0x2A, 0x2A, 0x2A, 0xFF, 0xED, 0, 0x80, 4, 0, 6, 0, 'd', 'f', 'l', 't', 'a', 'b'};
    assert_record(b, expected, sizeof expected);
    record_builder_free(b);
}

static void the_forms_of_one_two_and_three_values_are_those_of_windows(void **state)
{
    (void)state;
    struct table_schema s;
    struct column c[COLUMNS];
    struct record_builder *b;
    struct column_value one = bytes_of("a"), two = bytes_of("bc"), three = bytes_of("");
    const uint8_t smallest[] = {0, 0x7F, 4, 0};
    make_schema(&s, c);
    assert_int_equal(record_builder_load(&s, 4096, span_of(smallest, 4), &b), JET_errSuccess);
    assert_int_equal(record_builder_set(b, &c[8], 1, &one), JET_errSuccess);
    assert_record(b, "\0\x7F\4\0\0\1\4\0a", 9);
    assert_int_equal(record_builder_set(b, &c[8], 0, &two), JET_errSuccess);
    assert_record(b, "\0\x7F\4\0\0\1\4\x40\x18\1abc", 13);
    assert_int_equal(record_builder_set(b, &c[8], 0, &three), JET_errSuccess);
    assert_record(b, "\0\x7F\4\0\0\1\4\x40\x08\6\0\7\0\x9\0abc", 18);
    assert_int_equal(record_builder_set(b, &c[8], 1, &null_value), JET_errSuccess); /* stays in the general form */
    assert_record(b, "\0\x7F\4\0\0\1\4\x40\x08\4\0\6\0bc", 15);
    assert_int_equal(record_builder_set(b, &c[8], 2, &null_value), JET_errSuccess);
    assert_record(b, "\0\x7F\4\0\0\1\4\0bc", 10);
    assert_int_equal(record_builder_set(b, &c[8], 1, &null_value), JET_errSuccess);
    assert_record(b, smallest, 4);
    assert_int_equal(record_builder_set(b, &c[9], 1, &null_value), JET_errSuccess); /* it has a default */
    assert_record(b, "\0\x7F\4\0\1\1\4\x20", 8);
    assert_int_equal(record_builder_revert(b, &c[9]), JET_errSuccess);
    assert_record(b, smallest, 4);
    struct column_value lid = {.flags = COLUMN_VALUE_SEPARATED, .lid = 0x1234};
    assert_int_equal(record_builder_set(b, &c[10], 1, &one), JET_errSuccess);
    assert_int_equal(record_builder_set(b, &c[11], 1, &lid), JET_errSuccess); /* a template's column comes first */
    assert_record(b, "\0\x7F\4\0\x2C\1\x08\xC0\2\1\x0D\x40\5\x34\x12\0\0\1a", 19);
    assert_int_equal(record_builder_set(b, &c[10], 1, &null_value), JET_errSuccess);
    lid.lid = 0x8000000080000001ull;
    assert_int_equal(record_builder_set(b, &c[11], 2, &lid), JET_errSuccess);
    assert_record(b, "\0\x7F\4\0\x2C\1\4\xC0\x09\4\x80\x08\x80\x34\x12\0\0\1\0\0\x80\0\0\0\x80", 25);
    record_builder_free(b);

    assert_int_equal(record_builder_load(&s, 16384, span_of(smallest, 4), &b), JET_errSuccess);
    assert_int_equal(record_builder_set(b, &c[8], 1, &one), JET_errSuccess);
    assert_record(b, "\0\x7F\4\0\0\1\4\0\0a", 10);
    assert_int_equal(record_builder_set(b, &c[8], 2, &two), JET_errSuccess);
    assert_record(b, "\0\x7F\4\0\0\1\4\0\x08\4\0\5\0abc", 16);
    assert_int_equal(record_builder_set(b, &c[8], 1, &null_value), JET_errSuccess);
    assert_int_equal(record_builder_set(b, &c[8], 1, &null_value), JET_errSuccess);
    assert_int_equal(record_builder_set(b, &c[11], 1, &null_value), JET_errSuccess);
    assert_record(b, "\0\x7F\4\0\x2C\1\4\x80\x21", 9);
    record_builder_free(b);
}

static void only_a_first_value_is_kept_compressed(void **state)
{
    (void)state;
    struct table_schema s;
    struct column c[COLUMNS];
    struct record_builder *b;
    struct column_value got;
    uint8_t plain[64], packed[64], out[64];
    uint32_t size, written;
    memset(plain, 'x', sizeof plain);
    make_schema(&s, c);
    assert_int_equal(compression_shrink(span_of(plain, sizeof plain), 1024, packed, &size), JET_errSuccess);
    assert_true(size > 0 && size < sizeof plain);
    struct column_value value = {.bytes = span_of(packed, size), .flags = COLUMN_VALUE_COMPRESSED};
    assert_int_equal(record_builder_create(&s, 4096, &b), JET_errSuccess);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(record_builder_set(b, &c[10], 0, &value), JET_errSuccess);
    for (uint32_t i = 1; i <= 3; i++) {
        assert_int_equal(record_builder_get(b, &c[10], i, &got), JET_errSuccess);
        assert_int_equal((got.flags & COLUMN_VALUE_COMPRESSED) != 0, i == 1);
        assert_int_equal(column_value_read(&got, 0, out, sizeof out, &written, NULL), JET_errSuccess);
        assert_int_equal(written, sizeof plain);
        assert_memory_equal(out, plain, sizeof plain);
    }
    assert_int_equal(record_builder_set(b, &c[10], 1, &null_value), JET_errSuccess);
    assert_int_equal(record_builder_get(b, &c[10], 1, &got), JET_errSuccess);
    assert_int_equal(got.flags & COLUMN_VALUE_COMPRESSED, 0);
    assert_int_equal(got.bytes.size, sizeof plain);
    record_builder_free(b);
}

/* --- limits --- */

static void nothing_changes_when_a_value_is_refused(void **state)
{
    (void)state;
    for (uint32_t page_size = 4096; page_size <= 32768; page_size *= 2) {
        struct table_schema s;
        struct column c[COLUMNS];
        struct record_builder *b;
        struct span before;
        uint8_t *big = calloc(1, 40000), *copy = malloc(40000);
        assert_true(big != NULL && copy != NULL);
        make_schema(&s, c);
        assert_int_equal(record_builder_create(&s, page_size, &b), JET_errSuccess);
        uint32_t room = record_size_most(&s, page_size) - record_builder_size(b);
        struct column_value fits = {.bytes = span_of(big, room - 4 - 1)}, too_big = {.bytes = span_of(big, room - 4)}, one = bytes_of("1");
        assert_int_equal(record_builder_set(b, &c[10], 1, &too_big), JET_errRecordTooBig);
        assert_int_equal(record_builder_set(b, &c[10], 1, &fits), JET_errSuccess);
        assert_int_equal(record_builder_bytes(b, &before), JET_errSuccess);
        assert_int_equal(before.size, record_size_most(&s, page_size));
        memcpy(copy, before.data, before.size);
        uint32_t size = before.size;
        assert_int_equal(record_builder_set(b, &c[10], 1, &too_big), JET_errRecordTooBig);
        assert_int_equal(record_builder_set(b, &c[10], 0, &one), JET_errRecordTooBig);
        assert_int_equal(record_builder_set(b, &c[8], 0, &one), JET_errRecordTooBig);
        assert_int_equal(record_builder_set(b, &c[4], 1, &one), JET_errRecordTooBig);
        assert_int_equal(record_builder_set(b, &c[5], 1, &one), JET_errRecordTooBig);
        assert_int_equal(record_builder_set(b, &c[7], 1, &null_value), JET_errRecordTooBig);
        assert_int_equal(record_builder_set(b, &c[0], 1, &one), JET_errInvalidBufferSize);
        assert_int_equal(record_builder_set(b, &c[3], 1, &one), JET_errColumnNotFound);
        struct column_value longer = {.bytes = span_of(big, 51)};
        assert_int_equal(record_builder_set(b, &c[5], 1, &longer), JET_errColumnTooBig);
        assert_int_equal(record_builder_set(b, &c[9], 1, &longer), JET_errColumnTooBig);
        assert_record(b, copy, size);
        assert_int_equal(record_builder_set(b, &c[10], 1, &null_value), JET_errSuccess);
        assert_int_equal(record_builder_set(b, &c[8], 0, &one), JET_errSuccess);
        record_builder_free(b);
        free(big);
        free(copy);
    }
}

static void the_largest_record_is_that_of_the_original_engine(void **state)
{
    (void)state;
    static const struct { uint32_t page_size, fixed_key, key_255, key_500, no_index; } expected[] = {
        {4096, 3791, 3789, 3544, 3791}, {8192, 7887, 7885, 7640, 7887}, {16384, 16287, 16037, 15792, 16288}, {32768, 32671, 32421, 32176, 32672}};
    struct table_schema s;
    struct column c[COLUMNS];
    make_schema(&s, c);
    struct index primary = {.flags = INDEX_FLAG_PRIMARY, .segment_count = 1};
    for (size_t i = 0; i < 4; i++) {
        s.index_count = 0;
        assert_int_equal(record_size_most(&s, expected[i].page_size), expected[i].no_index);
        s.index_count = 1;
        s.indexes = &primary;
        primary.key_most = primary.var_seg_most = 255;
        primary.segments[0].column_id = LONG_ID;
        assert_int_equal(record_size_most(&s, expected[i].page_size), expected[i].fixed_key);
        primary.segments[0].column_id = TEXT_ID;
        assert_int_equal(record_size_most(&s, expected[i].page_size), expected[i].key_255);
        primary.key_most = primary.var_seg_most = 500;
        assert_int_equal(record_size_most(&s, expected[i].page_size), expected[i].key_500);
    }
}

static void columns_that_may_not_be_null_are_asked_for(void **state)
{
    (void)state;
    struct table_schema s, more;
    struct column c[COLUMNS], d[COLUMNS];
    struct record_builder *b;
    struct column_value value = bytes_of("1234");
    make_schema(&s, c);
    make_schema(&more, d);
    c[0].flags |= COLUMN_FLAG_NOT_NULL;
    d[5].flags |= COLUMN_FLAG_NOT_NULL;
    assert_int_equal(record_builder_create(&s, 4096, &b), JET_errSuccess);
    assert_int_equal(record_builder_check_nulls(b), JET_errNullInvalid);
    assert_int_equal(record_builder_set(b, &c[0], 1, &value), JET_errSuccess);
    assert_int_equal(record_builder_check_nulls(b), JET_errSuccess);
    assert_int_equal(record_builder_set(b, &c[0], 1, &null_value), JET_errNullInvalid);
    record_builder_set_schema(b, &more);
    assert_int_equal(record_builder_check_nulls(b), JET_errNullInvalid);
    assert_int_equal(record_builder_set(b, &d[5], 1, &value), JET_errSuccess);
    assert_int_equal(record_builder_check_nulls(b), JET_errSuccess);
    record_builder_free(b);
}

static void running_out_of_memory_leaves_nothing_behind(void **state)
{
    (void)state;
    struct table_schema s;
    struct column c[COLUMNS];
    struct record_builder *b;
    make_schema(&s, c);
    c[0].flags |= COLUMN_FLAG_NOT_NULL;
    uint64_t before = memory_live_count();
    JET_ERR err = JET_errOutOfMemory;
    unsigned failures = 0;
    for (uint64_t nth = 1; err == JET_errOutOfMemory && nth < 20; nth++) {
        memory_fail_at(nth, 0);
        err = record_builder_create(&s, 4096, &b);
        memory_fail_at(0, 0);
        failures += err == JET_errOutOfMemory ? 1 : 0;
        if (err == JET_errOutOfMemory)
            assert_null(b);
        assert_int_equal(memory_live_count() == before, err != JET_errSuccess);
    }
    assert_int_equal(err, JET_errSuccess);
    assert_true(failures >= 3);
    record_builder_free(b);
    assert_int_equal(memory_live_count(), before);
}

/* --- random changes against a model --- */

enum { VALUES_MOST = 12, VALUE_MOST = 300 };
struct model_value {
    uint8_t bytes[VALUE_MOST];
    uint32_t size;
    uint64_t lid; /* 0: bytes */
};
struct model_column {
    bool is_default; /* as long as nothing was set */
    uint32_t count;
    struct model_value values[VALUES_MOST];
};

static uint64_t random_state;
static uint32_t below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(random_state >> 33) % limit;
}

static void compare_value(const struct column_value *got, const struct model_value *want)
{
    assert_int_equal(got->flags & (COLUMN_VALUE_NULL | COLUMN_VALUE_DEFAULT), 0);
    assert_int_equal((got->flags & COLUMN_VALUE_SEPARATED) != 0, want->lid != 0);
    if (want->lid != 0) {
        assert_true(got->lid == want->lid);
    } else {
        assert_int_equal(got->bytes.size, want->size);
        assert_memory_equal(got->bytes.data, want->bytes, want->size);
    }
}

static void compare_with_model(struct record_builder *b, uint32_t page_size, const struct column *columns, const struct model_column *model)
{
    struct span bytes;
    struct record_view view;
    assert_int_equal(record_builder_bytes(b, &bytes), JET_errSuccess);
    assert_int_equal(bytes.size, record_builder_size(b));
    assert_int_equal(record_view_init(&view, bytes, page_size), JET_errSuccess);
    for (uint32_t i = 0; i < COLUMNS; i++) {
        struct column_value value;
        uint32_t count, wanted = model[i].count;
        for (unsigned source = 0; source < 2; source++) {
            assert_int_equal(source == 0 ? record_builder_count(b, &columns[i], &count) : record_column_count(&view, &columns[i], &count), JET_errSuccess);
            if (model[i].is_default)
                wanted = columns[i].default_value.data != NULL && columns[i].type != COLUMN_TYPE_NIL ? 1 : 0;
            assert_int_equal(count, wanted);
            for (uint32_t k = 1; k <= wanted; k++) {
                assert_int_equal(source == 0 ? record_builder_get(b, &columns[i], k, &value) : record_column(&view, &columns[i], k, &value), JET_errSuccess);
                if (model[i].is_default) {
                    assert_true(span_equal(value.bytes, columns[i].default_value));
                } else {
                    compare_value(&value, &model[i].values[k - 1]);
                }
            }
        }
    }
}

static void make_value(const struct column *c, struct model_value *out)
{
    out->lid = 0;
    out->size = c->max_size == 0 ? below(VALUE_MOST) : column_is_fixed(c->id) ? c->max_size : below((c->max_size < VALUE_MOST ? c->max_size : VALUE_MOST) + 1);
    for (uint32_t i = 0; i < out->size; i++)
        out->bytes[i] = (uint8_t)below(256);
    if (c->type == COLUMN_TYPE_BIT)
        out->bytes[0] = below(2) != 0 ? 0xFF : 0;
    if (column_type_is_long(c->type) && below(4) == 0)
        out->lid = below(2) != 0 ? 1 + below(1000) : 0x8000000080000000ull + 1 + below(1000);
}

static void change_at_random(struct record_builder *b, const struct column *c, struct model_column *m)
{
    struct model_value value;
    uint32_t sequence = column_is_tagged(c->id) ? below(m->count + 3) : 1;
    bool has_default = c->default_value.data != NULL, is_tagged = column_is_tagged(c->id);
    uint32_t had = m->is_default ? 0 : m->count;
    switch (below(5)) {
    case 0:
        if (record_builder_set(b, c, sequence, &null_value) < 0)
            return;
        if (!is_tagged) {
            m->is_default = false;
            m->count = 0;
        } else if (m->is_default) {
            m->is_default = !(sequence == 1 && has_default);
        } else if (sequence >= 1 && sequence <= had) {
            memmove(&m->values[sequence - 1], &m->values[sequence], (had - sequence) * sizeof m->values[0]);
            m->count--;
            m->is_default = m->count == 0 && !has_default;
        }
        break;
    case 1:
        if (record_builder_revert(b, c) < 0)
            return;
        *m = (struct model_column){.is_default = true};
        break;
    default:
        make_value(c, &value);
        struct column_value set = {.bytes = span_of(value.bytes, value.size), .flags = value.lid != 0 ? COLUMN_VALUE_SEPARATED : 0, .lid = value.lid};
        if (!is_tagged)
            had = 1;
        if (sequence == 0 || sequence > had)
            sequence = had + 1;
        if (sequence > VALUES_MOST || record_builder_set(b, c, sequence, &set) < 0)
            return;
        m->is_default = false;
        m->values[sequence - 1] = value;
        m->count = !is_tagged ? 1 : sequence > had ? sequence : had;
        break;
    }
}

static bool is_read_as_default(const struct column_value *v) { return (v->flags & COLUMN_VALUE_DEFAULT) != 0; }

static void random_changes_give_what_a_model_says(void **state)
{
    (void)state;
    uint64_t seed = clock_monotonic_ns();
    print_message("seed %llu\n", (unsigned long long)seed);
    random_state = seed;
    for (unsigned round = 0; round < 60; round++) {
        uint32_t page_size = 4096u << (round % 4);
        struct table_schema s;
        struct column c[COLUMNS];
        struct record_builder *b;
        static struct model_column model[COLUMNS];
        make_schema(&s, c);
        assert_int_equal(record_builder_create(&s, page_size, &b), JET_errSuccess);
        for (uint32_t i = 0; i < COLUMNS; i++)
            model[i] = (struct model_column){.is_default = true};
        for (unsigned step = 0; step < 400; step++) {
            uint32_t i = below(COLUMNS);
            if (i == 3)
                continue;
            change_at_random(b, &c[i], &model[i]);
            compare_with_model(b, page_size, c, model);
            if (below(20) == 0) { /* over its bytes into another builder */
                struct span bytes;
                struct record_builder *other;
                assert_int_equal(record_builder_bytes(b, &bytes), JET_errSuccess);
                assert_int_equal(record_builder_load(&s, page_size, bytes, &other), JET_errSuccess);
                record_builder_free(b);
                b = other;
            }
        }
        struct column_value value;
        assert_int_equal(record_builder_get(b, &c[9], 1, &value), JET_errSuccess);
        assert_int_equal(is_read_as_default(&value), model[9].is_default);
        record_builder_free(b);
    }
}

static void a_small_record_is_made_in_no_time(void **state)
{
    (void)state;
    enum { ROUNDS = 200000 };
    struct table_schema s;
    struct column c[COLUMNS];
    struct record_builder *b;
    struct span bytes;
    uint64_t sum = 0;
    struct column_value number = bytes_of("1234"), text = bytes_of("hello world"), blob = bytes_of("0123456789012345678901234567890123456789");
    make_schema(&s, c);
    assert_int_equal(record_builder_create(&s, 4096, &b), JET_errSuccess);
    uint64_t begin = clock_monotonic_ns();
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (record_builder_reset(b) < 0 || record_builder_set(b, &c[0], 1, &number) < 0 || record_builder_set(b, &c[5], 1, &text) < 0
            || record_builder_set(b, &c[10], 1, &blob) < 0 || record_builder_bytes(b, &bytes) < 0)
            fail();
        sum += bytes.size;
    }
    uint64_t taken = clock_monotonic_ns() - begin;
    print_message("%llu ns a record of %llu bytes\n", (unsigned long long)(taken / ROUNDS), (unsigned long long)(sum / ROUNDS));
    assert_true(taken / ROUNDS < 20000); /* a machine that does other work may be slow; an allocation for every value would not show otherwise */
    record_builder_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_of_a_real_database_is_put_together_as_it_was),
        cmocka_unit_test(a_new_record_holds_the_defaults_of_fixed_and_variable_columns),
        cmocka_unit_test(a_record_is_extended_with_fill_defaults_and_nulls),
        cmocka_unit_test(the_forms_of_one_two_and_three_values_are_those_of_windows),
        cmocka_unit_test(only_a_first_value_is_kept_compressed),
        cmocka_unit_test(nothing_changes_when_a_value_is_refused),
        cmocka_unit_test(the_largest_record_is_that_of_the_original_engine),
        cmocka_unit_test(columns_that_may_not_be_null_are_asked_for),
        cmocka_unit_test(running_out_of_memory_leaves_nothing_behind),
        cmocka_unit_test(random_changes_give_what_a_model_says),
        cmocka_unit_test(a_small_record_is_made_in_no_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
