/* Reading rows: JetRetrieveColumn(s), JetEnumerateColumns, JetGetRecordSize, JetRetrieveTaggedColumnList, JetGetCursorInfo (reference pages of the functions). */
#define ESENT_PRIVATE
#include "api/callbacks.h"

#include "cursor/update.h"
#include "engine/session.h"

_Static_assert(CURSOR_RETRIEVE_COPY == JET_bitRetrieveCopy && CURSOR_RETRIEVE_FROM_INDEX == JET_bitRetrieveFromIndex
                   && CURSOR_RETRIEVE_FROM_BOOKMARK == JET_bitRetrieveFromPrimaryBookmark && CURSOR_RETRIEVE_TAG == JET_bitRetrieveTag
                   && CURSOR_RETRIEVE_NULL == JET_bitRetrieveNull && CURSOR_RETRIEVE_IGNORE_DEFAULT == JET_bitRetrieveIgnoreDefault
                   && CURSOR_RETRIEVE_TUPLE == JET_bitRetrieveTuple && CURSOR_RETRIEVE_AS_REFERENCE == JET_bitRetrieveAsRefIfNotInRecord,
               "retrieve");
_Static_assert(CURSOR_ENUMERATE_IGNORE_DEFAULT == JET_bitEnumerateIgnoreDefault && CURSOR_ENUMERATE_PRESENCE_ONLY == JET_bitEnumeratePresenceOnly
                   && CURSOR_ENUMERATE_TAGGED_ONLY == JET_bitEnumerateTaggedOnly && CURSOR_ENUMERATE_COMPRESS == JET_bitEnumerateCompressOutput
                   && CURSOR_ENUMERATE_IGNORE_USER_DEFAULT == JET_bitEnumerateIgnoreUserDefinedDefault
                   && CURSOR_ENUMERATE_IN_RECORD_ONLY == JET_bitEnumerateInRecordOnly && CURSOR_ENUMERATE_AS_REFERENCE == JET_bitEnumerateAsRefIfNotInRecord,
               "enumerate");
_Static_assert(sizeof(struct enumerated_column) == sizeof(JET_ENUMCOLUMN) && sizeof(struct enumerated_value) == sizeof(JET_ENUMCOLUMNVALUE)
                   && offsetof(struct enumerated_column, data) == offsetof(JET_ENUMCOLUMN, pvData)
                   && offsetof(struct enumerated_column, count) == offsetof(JET_ENUMCOLUMN, cbData)
                   && offsetof(struct enumerated_column, status) == offsetof(JET_ENUMCOLUMN, err)
                   && offsetof(struct enumerated_value, data) == offsetof(JET_ENUMCOLUMNVALUE, pvData)
                   && offsetof(struct enumerated_value, size) == offsetof(JET_ENUMCOLUMNVALUE, cbData)
                   && sizeof(struct enumerate_wish) == sizeof(JET_ENUMCOLUMNID),
               "the client gets these structures as they are");

enum {
    RETRIEVE_KNOWN = JET_bitRetrieveCopy | JET_bitRetrieveFromIndex | JET_bitRetrieveFromPrimaryBookmark | JET_bitRetrieveTag | JET_bitRetrieveNull
                   | JET_bitRetrieveIgnoreDefault | JET_bitRetrieveTuple | JET_bitRetrieveAsRefIfNotInRecord
};

/* Gives the client a value that the cursor knows. */
static inline JET_ERR give_known(struct span value, uint8_t *buffer, uint32_t room, uint32_t *actual)
{
    uint32_t part = value.size < room ? value.size : room;
    *actual = value.size;
    if (value.data == NULL)
        return JET_wrnColumnNull;
    copy_few(buffer, value.data, part);
    return part < value.size ? JET_wrnBufferTruncated : JET_errSuccess;
}

/* The value is a default that the client computes. */
static JET_ERR compute(const struct callback_call *call, struct retrieve *r)
{
    r->next_tagged = r->column_id;
    return callbacks_compute(call, r->column_id, r->buffer, r->room, &r->actual);
}

JET_EXPORT JET_ERR JetRetrieveColumn(JET_SESID sesid, JET_TABLEID tableid, JET_COLUMNID columnid, void *pvData, uint32_t cbData, uint32_t *pcbActual,
                                     JET_GRBIT grbit, JET_RETINFO *pretinfo)
{
    JET_ERR err;
    struct session *session = NULL;
    struct cursor *cursor;
    err = table_enter_limited(sesid, tableid, &session, &cursor);
    if (err < 0)
        return err;
    struct span known;
    uint32_t actual, found, room = pvData != NULL ? cbData : 0;
    if (grbit == 0 && pretinfo == NULL && cursor_knows_row(cursor) && cursor_known_value(cursor, columnid, &known, &found)) {
        err = give_known(known, pvData, room, &actual);
        if (pcbActual != NULL)
            *pcbActual = actual;
        goto done;
    }
    err = table_check_phase(cursor, TABLE_READABLE);
    if (err < 0)
        goto done;
    struct retrieve r = {.column_id = columnid, .options = grbit, .sequence = 1, .buffer = pvData, .room = room};
    if (pretinfo != NULL) {
        if (pretinfo->cbStruct < sizeof *pretinfo) {
            err = JET_errInvalidParameter;
            goto done;
        }
        r.offset = pretinfo->ibLongValue;
        r.sequence = pretinfo->itagSequence;
    }
    if ((grbit & ~(JET_GRBIT)RETRIEVE_KNOWN) != 0) {
        err = JET_errInvalidGrbit;
        goto done;
    }
    err = cursor_retrieve_column(cursor, &r);
    if (err == JET_errCallbackNotResolved)
        err = compute(&(struct callback_call){session, sesid, tableid, cursor}, &r);
    if (err < 0)
        goto done;
    if (pcbActual != NULL)
        *pcbActual = r.actual;
    if (pretinfo != NULL) {
        pretinfo->columnidNextTagged = r.next_tagged;
        if ((grbit & JET_bitRetrieveTag) != 0)
            pretinfo->itagSequence = r.sequence;
    }
done:
    engine_leave_session(session);
    return err;
}

static JET_ERR retrieve_one(const struct callback_call *call, JET_RETRIEVECOLUMN *p)
{
    struct cursor *cursor = call->cursor;
    if (p->itagSequence == 0)
        return cursor_count_values(cursor, p->columnid, p->grbit, &p->itagSequence);
    struct retrieve r = {.column_id = p->columnid, .options = p->grbit, .offset = p->ibLongValue, .sequence = p->itagSequence, .buffer = p->pvData,
                         .room = p->pvData != NULL ? p->cbData : 0};
    JET_ERR err = (p->grbit & ~(JET_GRBIT)RETRIEVE_KNOWN) != 0 ? JET_errInvalidGrbit : cursor_retrieve_column(cursor, &r);
    if (err == JET_errCallbackNotResolved)
        err = compute(call, &r);
    if (err < 0)
        return err;
    p->cbActual = r.actual;
    p->columnidNextTagged = r.next_tagged;
    if ((p->grbit & JET_bitRetrieveTag) != 0)
        p->itagSequence = r.sequence;
    return err;
}

/* Of several warnings only the one about buffers is the answer of the call; the rest stand at their columns. */
JET_EXPORT JET_ERR JetRetrieveColumns(JET_SESID sesid, JET_TABLEID tableid, JET_RETRIEVECOLUMN *pretrievecolumn, uint32_t cretrievecolumn)
{
    JET_ERR err;
    struct session *session = NULL;
    struct cursor *cursor;
    err = table_enter_limited(sesid, tableid, &session, &cursor);
    if (err < 0)
        return err;
    if (pretrievecolumn == NULL && cretrievecolumn > 0)
        err = JET_errInvalidParameter;
    bool is_known = cursor_knows_row(cursor);
    if (!is_known && err >= 0)
        err = table_check_phase(cursor, TABLE_READABLE);
    for (uint32_t i = 0; err >= 0 && i < cretrievecolumn; i++) {
        JET_RETRIEVECOLUMN *p = &pretrievecolumn[i];
        JET_ERR one;
        struct span known;
        if (is_known && (p->grbit | p->ibLongValue | (p->itagSequence ^ 1)) == 0 && cursor_known_value(cursor, p->columnid, &known, &p->columnidNextTagged)) {
            one = give_known(known, p->pvData, p->pvData != NULL ? p->cbData : 0, &p->cbActual);
        } else {
            one = retrieve_one(&(struct callback_call){session, sesid, tableid, cursor}, p);
            is_known = cursor_knows_row(cursor);
        }
        p->err = one;
        if (one < 0 || one == JET_wrnBufferTruncated)
            err = one;
    }
    engine_leave_session(session);
    return err;
}

struct client_memory {
    JET_PFNREALLOC allocate;
    void *context;
};

static void *allocate_from_client(void *context, void *memory, uint32_t size)
{
    const struct client_memory *client = context;
    return client->allocate(client->context, memory, size);
}

JET_EXPORT JET_ERR JetEnumerateColumns(JET_SESID sesid, JET_TABLEID tableid, uint32_t cEnumColumnId, JET_ENUMCOLUMNID *rgEnumColumnId,
                                       uint32_t *pcEnumColumn, JET_ENUMCOLUMN **prgEnumColumn, JET_PFNREALLOC pfnRealloc, void *pvReallocContext,
                                       uint32_t cbDataMost, JET_GRBIT grbit)
{
    const JET_GRBIT known = JET_bitEnumerateCopy | JET_bitEnumerateIgnoreDefault | JET_bitEnumeratePresenceOnly | JET_bitEnumerateTaggedOnly
                          | JET_bitEnumerateCompressOutput | JET_bitEnumerateIgnoreUserDefinedDefault | JET_bitEnumerateInRecordOnly
                          | JET_bitEnumerateAsRefIfNotInRecord;
    JET_ERR err;
    struct session *session = NULL;
    struct cursor *cursor;
    struct client_memory client = {pfnRealloc, pvReallocContext};
    struct enumerated_column *columns = NULL;
    err = table_enter_limited(sesid, tableid, &session, &cursor);
    if (err < 0)
        return err;
    if (pcEnumColumn != NULL)
        *pcEnumColumn = 0;
    if (prgEnumColumn != NULL)
        *prgEnumColumn = NULL;
    if (pcEnumColumn == NULL || prgEnumColumn == NULL || pfnRealloc == NULL || (cEnumColumnId > 0 && rgEnumColumnId == NULL))
        err = JET_errInvalidParameter;
    else if ((grbit & ~known) != 0)
        err = JET_errInvalidGrbit;
    else
        err = table_check_phase(cursor, TABLE_READABLE);
    if (err >= 0) {
        /* The client's function may be managed code that looks at its session; the cursor stays where it is. */
        struct session_callback state;
        session_callback_begin(session, tableid, &state);
        err = cursor_enumerate(cursor, (const struct enumerate_wish *)(const void *)rgEnumColumnId, cEnumColumnId, cbDataMost, grbit,
                               allocate_from_client, &client, &columns, pcEnumColumn);
        JET_ERR ended = session_callback_end(session, &state);
        err = ended < 0 ? ended : err;
        *prgEnumColumn = (JET_ENUMCOLUMN *)(void *)columns;
    }
    engine_leave_session(session);
    return err;
}

/* --- lists --- */

struct tagged_list {
    JET_RETRIEVEMULTIVALUECOUNT *entries; /* NULL: they are only counted */
    uint32_t capacity, count;             /* capacity 0: no limit to counting */
};

static bool list_one(void *context, const struct tagged_column *column)
{
    struct tagged_list *list = context;
    if (list->entries != NULL) {
        JET_RETRIEVEMULTIVALUECOUNT *out = &list->entries[list->count];
        *out = (JET_RETRIEVEMULTIVALUECOUNT){.columnid = column->column_id, .cMultiValues = column->value_count};
        out->fLongValue = column->is_long;
        out->fNullOverride = column->is_null_override;
        out->fDerived = column->is_derived;
    }
    return ++list->count != list->capacity;
}

JET_EXPORT JET_ERR JetRetrieveTaggedColumnList(JET_SESID sesid, JET_TABLEID tableid, uint32_t *pcColumns, void *pvData, uint32_t cbData, JET_COLUMNID columnidStart,
                                               JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    struct tagged_list list = {.entries = pvData, .capacity = cbData / (uint32_t)sizeof(JET_RETRIEVEMULTIVALUECOUNT)};
    TRY(table_enter_limited(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    if (pcColumns == NULL)
        RAISE(JET_errInvalidParameter);
    *pcColumns = 0;
    if (list.entries != NULL && list.capacity == 0) {
        err = cursor_test_conflict(cursor);
        goto done;
    }
    TRY(cursor_list_tagged(cursor, columnidStart, grbit & (JET_bitRetrieveCopy | JET_bitRetrieveIgnoreDefault), list_one, &list));
    *pcColumns = list.count;
done:
    engine_leave_session(session);
    return err;
}

/* --- sizes --- */

_Static_assert(CURSOR_SIZE_COPY == JET_bitRecordSizeInCopyBuffer && CURSOR_SIZE_LOCAL == JET_bitRecordSizeLocal
                   && CURSOR_SIZE_RECORD_STORED == JET_bitRecordSizeIntrinsicPhysicalOnly && CURSOR_SIZE_SEPARATED_LOGICAL == JET_bitRecordSizeExtrinsicLogicalOnly,
               "record size");

static JET_ERR record_size(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit, struct cursor_record_size *total)
{
    const JET_GRBIT known = JET_bitRecordSizeInCopyBuffer | JET_bitRecordSizeRunningTotal | JET_bitRecordSizeLocal | JET_bitRecordSizeIntrinsicPhysicalOnly
                          | JET_bitRecordSizeExtrinsicLogicalOnly;
    struct session *session = NULL;
    struct cursor *cursor;
    JET_ERR err = table_enter_limited(sesid, tableid, &session, &cursor);
    if (err < 0)
        return err;
    if ((grbit & ~known) != 0)
        err = JET_errInvalidGrbit;
    else
        err = table_check_phase(cursor, TABLE_READABLE);
    if (err >= 0)
        err = cursor_get_record_size(cursor, grbit, total);
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGetRecordSize3(JET_SESID sesid, JET_TABLEID tableid, JET_RECSIZE3 *p, JET_GRBIT grbit)
{
    if (p == NULL)
        return JET_errInvalidParameter;
    struct cursor_record_size t = {0};
    if ((grbit & JET_bitRecordSizeRunningTotal) != 0)
        t = (struct cursor_record_size){.data = p->cbData, .long_value_data = p->cbLongValueData, .overhead = p->cbOverhead,
                                        .long_value_overhead = p->cbLongValueOverhead, .non_tagged_columns = p->cNonTaggedColumns,
                                        .tagged_columns = p->cTaggedColumns, .long_values = p->cLongValues, .multi_values = p->cMultiValues,
                                        .compressed_columns = p->cCompressedColumns, .data_compressed = p->cbDataCompressed,
                                        .long_value_data_compressed = p->cbLongValueDataCompressed, .own_long_data = p->cbIntrinsicLongValueData,
                                        .own_long_data_compressed = p->cbIntrinsicLongValueDataCompressed, .own_long_values = p->cIntrinsicLongValues, .key = p->cbKey};
    JET_ERR err = record_size(sesid, tableid, grbit, &t);
    if (err >= 0)
        *p = (JET_RECSIZE3){.cbData = t.data, .cbLongValueData = t.long_value_data, .cbOverhead = t.overhead, .cbLongValueOverhead = t.long_value_overhead,
                            .cNonTaggedColumns = t.non_tagged_columns, .cTaggedColumns = t.tagged_columns, .cLongValues = t.long_values,
                            .cMultiValues = t.multi_values, .cCompressedColumns = t.compressed_columns, .cbDataCompressed = t.data_compressed,
                            .cbLongValueDataCompressed = t.long_value_data_compressed, .cbIntrinsicLongValueData = t.own_long_data,
                            .cbIntrinsicLongValueDataCompressed = t.own_long_data_compressed, .cIntrinsicLongValues = t.own_long_values, .cbKey = t.key};
    return err;
}

/* The older structures are the first fields of the newest one. */
_Static_assert(offsetof(JET_RECSIZE3, cMultiValues) == offsetof(JET_RECSIZE, cMultiValues)
                   && offsetof(JET_RECSIZE3, cbLongValueDataCompressed) == offsetof(JET_RECSIZE2, cbLongValueDataCompressed),
               "row sizes");

static JET_ERR older_record_size(JET_SESID sesid, JET_TABLEID tableid, void *sizes, size_t size, JET_GRBIT grbit)
{
    JET_RECSIZE3 all = {0};
    if (sizes == NULL)
        return JET_errInvalidParameter;
    memcpy(&all, sizes, size);
    JET_ERR err = JetGetRecordSize3(sesid, tableid, &all, grbit);
    if (err >= 0)
        memcpy(sizes, &all, size);
    return err;
}

JET_EXPORT JET_ERR JetGetRecordSize(JET_SESID sesid, JET_TABLEID tableid, JET_RECSIZE *precsize, JET_GRBIT grbit)
{
    return older_record_size(sesid, tableid, precsize, sizeof *precsize, grbit);
}

JET_EXPORT JET_ERR JetGetRecordSize2(JET_SESID sesid, JET_TABLEID tableid, JET_RECSIZE2 *precsize, JET_GRBIT grbit)
{
    return older_record_size(sesid, tableid, precsize, sizeof *precsize, grbit);
}

JET_EXPORT JET_ERR JetGetCursorInfo(JET_SESID sesid, JET_TABLEID tableid, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    struct session *session = NULL;
    struct cursor *cursor;
    JET_ERR err = table_enter(sesid, tableid, &session, &cursor);
    if (err < 0)
        return err;
    (void)pvResult;
    err = table_check_phase(cursor, TABLE_MATERIALIZED);
    if (err >= 0)
        err = cbMax != 0 || InfoLevel != 0 ? JET_errInvalidParameter : cursor_test_conflict(cursor);
    engine_leave_session(session);
    return err;
}
