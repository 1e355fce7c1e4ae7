/* Records packed into streams, and references to values outside their records: what a stream tells is what JetRetrieveColumn tells, in every direction, from every index, in pieces of any
 * size; a reference leads to its value or is told to be none.
 */
#define ESENT_PRIVATE
#include "cmocka_all.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample_table.h"
#include "shared_data.h"

enum { ROWS = 24, ROOM = 200000, BLOB_SIZE = 9000, HEADER_SIZE = 21 };

static uint8_t stream[ROOM], whole[ROOM], value[ROOM], blob[BLOB_SIZE];

static int32_t number_of(int32_t id) { return id * 7 % ROWS; }

/* Rows with numbers in another order than their ids, some values several times, long, separated, null. */
static void fill(struct sample *s)
{
    for (uint32_t i = 0; i < BLOB_SIZE; i++)
        blob[i] = (uint8_t)(i * 31 >> 3);
    assert_good(JetBeginTransaction(s->session));
    for (int32_t id = 1; id <= ROWS; id++) {
        assert_good(JetPrepareUpdate(s->session, s->table, JET_prepInsert));
        set_number(s, s->table, s->id, id);
        if (id % 5 != 0) {
            int32_t number = number_of(id);
            set_number(s, s->table, s->number, number);
            set_text(s, s->table, s->text, text_of("text %d", id));
        }
        for (int32_t n = 0; n < id % 4; n++)
            assert_good(set_value(s, s->table, s->tags, "tags", (uint32_t)n + 1, 0, 0, 0));
        if (id % 3 == 0)
            assert_good(JetSetColumn(s->session, s->table, s->blob, blob, (uint32_t)(BLOB_SIZE - id), 0, NULL));
        if (id % 4 == 0)
            assert_good(JetSetColumn(s->session, s->table, s->note, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 61, JET_bitSetCompressed, NULL));
        if (id % 8 == 0)
            assert_good(JetSetColumn(s->session, s->table, s->wide, NULL, 0, JET_bitSetZeroLength, NULL));
        assert_good(JetUpdate(s->session, s->table, NULL, 0, NULL));
    }
    assert_good(JetCommitTransaction(s->session, 0));
}

static void start(struct sample *s)
{
    sample_start(s, 4096);
    fill(s);
}

struct part {
    uint32_t record, sequence, offset, size;
    JET_COLUMNID column;
    JET_ERR status;
};

static bool next_part(uint8_t *bytes, uint32_t size, struct part *p)
{
    p->status = JetRetrieveColumnFromRecordStream(bytes, size, &p->record, &p->column, &p->sequence, &p->offset, &p->size);
    if (p->status == JET_wrnNoMoreRecords)
        return false;
    assert_true(p->status >= 0);
    assert_true(p->offset <= size && p->size <= size - p->offset);
    return true;
}

static uint32_t pack(struct sample *s, const JET_COLUMNID *columns, uint32_t count, uint32_t room, JET_GRBIT grbit, JET_ERR expected)
{
    uint32_t size = 0;
    assert_err(JetStreamRecords(s->session, s->table, count, columns, stream, room, &size, grbit), expected);
    return size;
}

/* The value under the cursor is the one in the stream. */
static void check_part(struct sample *s, const struct part *p, const uint8_t *bytes)
{
    uint32_t actual;
    JET_RETINFO info = {.cbStruct = sizeof info, .itagSequence = p->sequence};
    JET_ERR err = JetRetrieveColumn(s->session, s->table, p->column, value, sizeof value, &actual, 0, &info);
    if (p->status == JET_wrnColumnNotInRecord) {
        assert_int_equal(p->column, s->blob);
        return;
    }
    assert_err(err, p->status);
    assert_int_equal(actual, p->size);
    assert_memory_equal(value, bytes + p->offset, actual);
}

static const JET_COLUMNID *all_columns(const struct sample *s, uint32_t *count)
{
    static JET_COLUMNID ids[14];
    const JET_COLUMNID list[] = {s->id, s->number, s->text, s->padded, s->raw, s->tags, s->flag, s->sum, s->version, s->word, s->blob, s->small, s->note, s->wide};
    memcpy(ids, list, sizeof list);
    *count = sizeof list / sizeof list[0];
    return ids;
}

static void a_stream_tells_all_values_of_all_records_in_order(void **state)
{
    struct sample s;
    struct part p;
    uint32_t columns, values = 0;
    (void)state;
    start(&s);
    (void)all_columns(&s, &columns);
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    uint32_t size = pack(&s, NULL, 0, ROOM, JET_bitStreamForward, JET_wrnNoMoreRecords);
    assert_err(JetMove(s.session, s.table, 0, 0), JET_errNoCurrentRecord);
    uint32_t expected_values = 0;
    for (int32_t id = 1; id <= ROWS; id++)
        expected_values += columns + (id % 4 > 1 ? (uint32_t)(id % 4) - 1 : 0);
    while (next_part(stream, size, &p)) {
        assert_good(seek_id(&s, s.table, (int32_t)p.record + 1));
        check_part(&s, &p, stream);
        values++;
    }
    assert_int_equal(values, expected_values);
    assert_false(next_part(stream, size, &p));
    sample_stop(&s);
}

static void small_buffers_give_the_same_records_one_after_the_other(void **state)
{
    struct sample s;
    (void)state;
    start(&s);
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    uint32_t size = pack(&s, NULL, 0, ROOM, JET_bitStreamForward, JET_wrnNoMoreRecords), taken = 0, calls = 0, got = 0;
    memcpy(whole, stream, size);
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    JET_ERR err = JET_errSuccess;
    while (err != JET_wrnNoMoreRecords) {
        err = JetStreamRecords(s.session, s.table, 0, NULL, stream, 700, &got, JET_bitStreamForward);
        assert_true(err >= 0 && got > HEADER_SIZE && got <= 700);
        struct part p, q;
        while (next_part(stream, got, &p)) {
            assert_true(next_part(whole, size, &q));
            assert_int_equal(p.column, q.column);
            assert_int_equal(p.sequence, q.sequence);
            assert_int_equal(p.status, q.status);
            assert_int_equal(p.size, q.size);
            assert_memory_equal(stream + p.offset, whole + q.offset, p.size);
            taken++;
        }
        calls++;
    }
    struct part p;
    assert_false(next_part(whole, size, &p));
    assert_true(calls > 2 && taken > ROWS);
    /* Not even one record fits: none is told, and the cursor stays. */
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    assert_int_equal(pack(&s, NULL, 0, 60, JET_bitStreamForward, JET_errSuccess), HEADER_SIZE);
    assert_int_equal(get_number(&s, s.table, s.id, 0), 1);
    assert_int_equal(pack(&s, NULL, 0, HEADER_SIZE - 1, JET_bitStreamForward, JET_errBufferTooSmall), 0);
    sample_stop(&s);
}

/* The ids in the stream: "3 2 1". */
static const char *ids_in(uint8_t *bytes, uint32_t size)
{
    static char ids[1000];
    struct part p;
    ids[0] = '\0';
    while (next_part(bytes, size, &p)) {
        int32_t id;
        assert_int_equal(p.size, sizeof id);
        memcpy(&id, bytes + p.offset, sizeof id);
        (void)snprintf(ids + strlen(ids), sizeof ids - strlen(ids), ids[0] != '\0' ? " %d" : "%d", id);
    }
    return ids;
}

static void a_stream_goes_either_way_and_ends_with_the_index_range(void **state)
{
    struct sample s;
    (void)state;
    start(&s);
    int32_t limit = 5, low = 20;
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    assert_good(JetMakeKey(s.session, s.table, &limit, sizeof limit, JET_bitNewKey));
    assert_good(JetSetIndexRange(s.session, s.table, JET_bitRangeUpperLimit | JET_bitRangeInclusive));
    uint32_t size = pack(&s, &s.id, 1, ROOM, JET_bitStreamForward, JET_wrnNoMoreRecords);
    assert_string_equal(ids_in(stream, size), "1 2 3 4 5");
    assert_good(JetMove(s.session, s.table, JET_MoveLast, 0));
    assert_good(JetMakeKey(s.session, s.table, &low, sizeof low, JET_bitNewKey));
    assert_good(JetSetIndexRange(s.session, s.table, 0));
    size = pack(&s, &s.id, 1, ROOM, JET_bitStreamBackward, JET_wrnNoMoreRecords);
    assert_string_equal(ids_in(stream, size), "24 23 22 21");
    assert_good(seek_id(&s, s.table, 3));
    size = pack(&s, &s.id, 1, HEADER_SIZE + 2 * 13, JET_bitStreamBackward, JET_errSuccess);
    assert_string_equal(ids_in(stream, size), "3 2");
    assert_int_equal(get_number(&s, s.table, s.id, 0), 1);
    sample_stop(&s);
}

static void on_a_secondary_index_values_come_from_the_keys(void **state)
{
    struct sample s;
    struct part p;
    int32_t before = -1;
    uint32_t entries = 0;
    (void)state;
    start(&s);
    assert_good(JetSetCurrentIndex(s.session, s.table, "by_number"));
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    uint32_t size = pack(&s, NULL, 0, ROOM, JET_bitStreamForward, JET_wrnNoMoreRecords);
    while (next_part(stream, size, &p)) { /* the key's column, then that of the primary key */
        int32_t number, id;
        assert_int_equal(p.column, s.number);
        memcpy(&number, stream + p.offset, sizeof number);
        assert_true(number > before);
        before = number;
        assert_true(next_part(stream, size, &p));
        assert_int_equal(p.column, s.id);
        memcpy(&id, stream + p.offset, sizeof id);
        assert_int_equal(number_of(id), number);
        entries++;
    }
    assert_int_equal(entries, ROWS - ROWS / 5);
    /* What no key has is not in the record; text is not in keys as it was. */
    const JET_COLUMNID wishes[] = {s.text, s.id, s.flag};
    assert_good(JetSetCurrentIndex(s.session, s.table, "by_text"));
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    size = pack(&s, wishes, 3, ROOM, JET_bitStreamForward, JET_wrnNoMoreRecords);
    static const JET_ERR expected[] = {JET_wrnColumnNotInRecord, JET_errSuccess, JET_wrnColumnNotInRecord};
    for (uint32_t i = 0; next_part(stream, size, &p); i++) {
        assert_int_equal(p.column, wishes[i % 3]);
        assert_int_equal(p.status, expected[i % 3]);
    }
    sample_stop(&s);
}

/* --- references --- */

static uint32_t read_by(struct sample *s, const void *reference, uint32_t size, uint32_t offset, uint32_t room, JET_ERR expected)
{
    uint32_t actual = 4711;
    assert_err(JetRetrieveColumnByReference(s->session, s->table, reference, size, offset, value, room, &actual, 0), expected);
    return actual;
}

static void *JET_API client_realloc(void *context, void *memory, uint32_t size)
{
    (void)context;
    if (size > 0)
        return realloc(memory, size);
    free(memory);
    return NULL;
}

/* The reference that JetEnumerateColumns gives for the blob of the current row is that one. */
static void check_enumerated(struct sample *s, const uint8_t *reference, uint32_t size)
{
    JET_ENUMCOLUMNID wish = {.columnid = s->blob};
    JET_ENUMCOLUMN *columns;
    uint32_t count;
    assert_good(JetEnumerateColumns(s->session, s->table, 1, &wish, &count, &columns, client_realloc, NULL, 10, JET_bitEnumerateAsRefIfNotInRecord));
    assert_int_equal(count, 1);
    assert_int_equal(columns[0].cEnumColumnValue, 1);
    const JET_ENUMCOLUMNVALUE *found = &columns[0].rgEnumColumnValue[0];
    assert_int_equal(found->err, JET_wrnColumnReference);
    assert_int_equal(found->cbData, size);
    assert_memory_equal(found->pvData, reference, size);
    free(found->pvData);
    free(columns[0].rgEnumColumnValue);
    free(columns);
}

static void references_lead_to_their_values(void **state)
{
    struct sample s;
    struct part p;
    uint8_t same[300];
    uint32_t found = 0, actual;
    (void)state;
    start(&s);
    assert_good(JetMove(s.session, s.table, JET_MoveLast, 0));
    uint32_t size = pack(&s, &s.blob, 1, ROOM, JET_bitStreamBackward | JET_bitStreamColumnReferences, JET_wrnNoMoreRecords);
    while (next_part(stream, size, &p)) {
        int32_t id = ROWS - (int32_t)p.record;
        assert_err(p.status, id % 3 == 0 ? JET_wrnColumnReference : JET_wrnColumnNull);
        if (id % 3 != 0)
            continue;
        uint8_t *reference = stream + p.offset;
        assert_int_equal(read_by(&s, reference, p.size, 0, sizeof value, JET_errSuccess), BLOB_SIZE - id);
        assert_memory_equal(value, blob, (size_t)(BLOB_SIZE - id));
        assert_int_equal(read_by(&s, reference, p.size, 5000, 100, JET_wrnBufferTruncated), BLOB_SIZE - id - 5000);
        assert_memory_equal(value, blob + 5000, 100);
        assert_int_equal(read_by(&s, reference, p.size, BLOB_SIZE, 100, JET_errSuccess), 0);
        assert_good(JetRetrieveColumnByReference(s.session, s.table, reference, p.size, 0, NULL, 0, &actual, JET_bitRetrievePhysicalSize));
        assert_true(actual > 0 && actual <= BLOB_SIZE);
        /* The same reference by other ways. */
        assert_good(seek_id(&s, s.table, id));
        assert_err(JetRetrieveColumn(s.session, s.table, s.blob, same, sizeof same, &actual, JET_bitRetrieveAsRefIfNotInRecord, NULL), JET_wrnColumnReference);
        assert_int_equal(actual, p.size);
        assert_memory_equal(same, reference, actual);
        assert_err(JetRetrieveColumn(s.session, s.table, s.blob, same, 7, &actual, JET_bitRetrieveAsRefIfNotInRecord, NULL), JET_wrnBufferTruncated);
        assert_int_equal(actual, p.size);
        check_enumerated(&s, reference, p.size);
        /* What is in the record is given as it is. */
        assert_good(JetRetrieveColumn(s.session, s.table, s.id, same, sizeof same, &actual, JET_bitRetrieveAsRefIfNotInRecord, NULL));
        assert_int_equal(actual, sizeof id);
        const void *references[] = {reference, reference};
        const uint32_t sizes[] = {p.size, p.size};
        uint32_t ahead = 0;
        assert_good(JetPrereadColumnsByReference(s.session, s.table, references, sizes, 2, 0, 1000, &ahead, JET_bitPrereadFirstPage));
        assert_int_equal(ahead, 2);
        found++;
    }
    assert_int_equal(found, ROWS / 3);
    sample_stop(&s);
}

static uint32_t reference_to(struct sample *s, int32_t id, uint8_t *reference, uint32_t room)
{
    uint32_t size;
    assert_good(seek_id(s, s->table, id));
    assert_err(JetRetrieveColumn(s->session, s->table, s->blob, reference, room, &size, JET_bitRetrieveAsRefIfNotInRecord, NULL), JET_wrnColumnReference);
    return size;
}

static void a_damaged_reference_is_refused_or_told_to_be_stale(void **state)
{
    struct sample s;
    uint8_t good[300], bad[300];
    uint32_t refused = 0, stale = 0, actual;
    (void)state;
    start(&s);
    uint32_t size = reference_to(&s, 3, good, sizeof good);
    for (uint32_t at = 0; at < size; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(bad, good, size);
            bad[at] ^= (uint8_t)(1u << bit);
            JET_ERR err = JetRetrieveColumnByReference(s.session, s.table, bad, size, 0, value, sizeof value, &actual, 0);
            refused += err == JET_errInvalidColumnReference;
            stale += err == JET_errStaleColumnReference;
            /* Else it leads to the value of another row, or its row's key, which is not needed, was hit, or a letter of the name, whose case does not count. */
            assert_true(err == JET_errInvalidColumnReference || err == JET_errStaleColumnReference || err == JET_errSuccess);
            const void *references[] = {bad};
            JET_ERR ahead = JetPrereadColumnsByReference(s.session, s.table, references, &size, 1, 0, 10, NULL, 0);
            assert_err(ahead, err == JET_errInvalidColumnReference ? err : JET_errSuccess);
        }
    assert_true(refused > 0 && stale > 12 * 8 - 1);
    for (uint32_t shorter = 0; shorter < size; shorter++)
        (void)read_by(&s, good, shorter, 0, sizeof value, JET_errInvalidColumnReference);
    (void)read_by(&s, NULL, size, 0, sizeof value, JET_errInvalidColumnReference);
    (void)read_by(&s, good, size + 1, 0, sizeof value, JET_errInvalidColumnReference);
    assert_int_equal(read_by(&s, good, size, 0, sizeof value, JET_errSuccess), BLOB_SIZE - 3);
    /* The column is another now. */
    assert_good(JetDeleteIndex(s.session, s.table, "by_blob"));
    assert_good(JetRenameColumn(s.session, s.table, "blob", "blot", 0));
    (void)read_by(&s, good, size, 0, sizeof value, JET_errStaleColumnReference);
    sample_stop(&s);
}

/* --- what is refused --- */

static void wrong_arguments_are_refused(void **state)
{
    struct sample s;
    uint8_t reference[300];
    uint32_t actual, record, sequence, offset, size;
    JET_COLUMNID column, unknown = 4000;
    (void)state;
    start(&s);
    JET_SESID se = s.session;
    assert_good(JetMove(se, s.table, JET_MoveFirst, 0));
    static const JET_GRBIT wrong[] = {0, JET_bitStreamForward | JET_bitStreamBackward, JET_bitStreamForward | 8};
    for (int i = 0; i < 3; i++)
        assert_err(JetStreamRecords(se, s.table, 0, NULL, stream, ROOM, &actual, wrong[i]), JET_errInvalidGrbit);
    assert_err(JetStreamRecords(se, s.table, 1, NULL, stream, ROOM, &actual, JET_bitStreamForward), JET_errInvalidParameter);
    assert_err(JetStreamRecords(se, s.table, 0, &s.id, stream, ROOM, &actual, JET_bitStreamForward), JET_errInvalidParameter);
    assert_err(JetStreamRecords(se, s.table, 0, NULL, NULL, ROOM, &actual, JET_bitStreamForward), JET_errInvalidParameter);
    assert_err(JetStreamRecords(se, s.table, 0, NULL, NULL, 0, NULL, JET_bitStreamForward), JET_errInvalidParameter);
    assert_err(JetStreamRecords(se, s.table, 1, &unknown, stream, ROOM, &actual, JET_bitStreamForward), JET_errColumnNotFound);
    assert_int_equal(actual, 0);
    size = reference_to(&s, 3, reference, sizeof reference);
    assert_err(JetRetrieveColumnByReference(se, s.table, reference, size, 0, value, ROOM, &actual, 1), JET_errInvalidGrbit);
    assert_err(JetRetrieveColumnByReference(se, s.table, reference, size, 0, NULL, 5, &actual, 0), JET_errInvalidParameter);
    assert_err(JetRetrieveColumnByReference(se, s.table, reference, size, 0, NULL, 0, NULL, 0), JET_errInvalidParameter);
    assert_err(JetRetrieveColumnByReference(se, s.table, reference, size, 1, NULL, 0, &actual, JET_bitRetrievePhysicalSize), JET_errInvalidParameter);
    const void *references[] = {reference};
    assert_err(JetPrereadColumnsByReference(se, s.table, NULL, &size, 1, 0, 1, NULL, 0), JET_errInvalidParameter);
    assert_err(JetPrereadColumnsByReference(se, s.table, references, &size, 1, 2, 1, NULL, 0), JET_errInvalidParameter);
    assert_err(JetPrereadColumnsByReference(se, s.table, references, &size, 1, 0, 1, NULL, 1), JET_errInvalidGrbit);
    assert_good(JetBeginTransaction(se));
    assert_good(JetPrepareUpdate(se, s.table, JET_prepReplace));
    assert_err(JetRetrieveColumnByReference(se, s.table, reference, size, 0, value, ROOM, &actual, 0), JET_errInvalidOperation);
    assert_err(JetPrereadColumnsByReference(se, s.table, references, &size, 1, 0, 1, NULL, 0), JET_errInvalidOperation);
    assert_err(JetRetrieveColumn(se, s.table, s.blob, value, ROOM, &actual, JET_bitRetrieveAsRefIfNotInRecord, NULL), JET_errInvalidGrbit);
    assert_good(JetRollback(se, 0));
    size = pack(&s, &s.id, 1, ROOM, JET_bitStreamForward, JET_wrnNoMoreRecords);
    assert_err(JetRetrieveColumnFromRecordStream(NULL, size, &record, &column, &sequence, &offset, &actual), JET_errInvalidParameter);
    assert_err(JetRetrieveColumnFromRecordStream(stream, size, NULL, &column, &sequence, &offset, &actual), JET_errInvalidParameter);
    assert_err(JetRetrieveColumnFromRecordStream(stream, HEADER_SIZE - 1, &record, &column, &sequence, &offset, &actual), JET_errInvalidParameter);
    assert_err(JetRetrieveColumnFromRecordStream(stream, size - 1, &record, &column, &sequence, &offset, &actual), JET_errSuccess);
    sample_stop(&s);
}

static void temporary_tables_have_neither_streams_nor_references(void **state)
{
    struct sample s;
    JET_TABLEID table;
    JET_COLUMNID id;
    uint32_t actual, size = 1;
    JET_COLUMNDEF column = {.cbStruct = sizeof column, .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey};
    const void *references[] = {value};
    (void)state;
    sample_start(&s, 4096);
    assert_good(JetOpenTempTable(s.session, &column, 1, JET_bitTTUpdatable | JET_bitTTForceMaterialization, &table, &id));
    assert_err(JetStreamRecords(s.session, table, 0, NULL, stream, ROOM, &actual, JET_bitStreamForward), JET_errInvalidOperation);
    assert_err(JetRetrieveColumnByReference(s.session, table, value, 1, 0, value, ROOM, &actual, 0), JET_errInvalidParameter);
    assert_err(JetPrereadColumnsByReference(s.session, table, references, &size, 1, 0, 1, NULL, 0), JET_errInvalidParameter);
    assert_good(JetOpenTempTable(s.session, &column, 1, 0, &table, &id));
    assert_err(JetStreamRecords(s.session, table, 0, NULL, stream, ROOM, &actual, JET_bitStreamForward), JET_errIllegalOperation);
    sample_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_tells_all_values_of_all_records_in_order),
        cmocka_unit_test(small_buffers_give_the_same_records_one_after_the_other),
        cmocka_unit_test(a_stream_goes_either_way_and_ends_with_the_index_range),
        cmocka_unit_test(on_a_secondary_index_values_come_from_the_keys),
        cmocka_unit_test(references_lead_to_their_values),
        cmocka_unit_test(a_damaged_reference_is_refused_or_told_to_be_stale),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(temporary_tables_have_neither_streams_nor_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
