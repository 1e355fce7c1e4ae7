/* Records packed into streams, and references to values outside their records: JetStreamRecords, JetRetrieveColumnFromRecordStream, JetRetrieveColumnByReference,
 * JetPrereadColumnsByReference (record_stream.h, column_reference.h). */
#define ESENT_PRIVATE
#include "api/jet_table.h"

#include "base/memory.h"
#include "cursor/column_reference.h"
#include "cursor/record_stream.h"
#include "cursor/update.h"

/* Only tables of databases. A temporary table answers JET_errIllegalOperation while it is a sort, and once it is a table what the function has for that. */
static JET_ERR check_table(const struct cursor *cursor, JET_ERR answer_for_temporary)
{
    JET_ERR err = table_check_phase(cursor, TABLE_MATERIALIZED);
    if (err >= 0 && cursor_temp_table(cursor) != NULL)
        err = error_raise(answer_for_temporary, __FILE__, __LINE__);
    return err;
}

static JET_ERR stream(struct session *session, struct cursor *cursor, struct stream_request *request, JET_GRBIT grbit, bool wants_size)
{
    JET_ERR err = JET_errSuccess;
    const JET_GRBIT directions = JET_bitStreamForward | JET_bitStreamBackward;
    TRY(check_table(cursor, JET_errInvalidOperation));
    if ((request->columns == NULL) != (request->column_count == 0) || (request->room > 0 && request->buffer == NULL) || (request->buffer == NULL && !wants_size))
        RAISE(JET_errInvalidParameter);
    if ((grbit & ~(directions | JET_bitStreamColumnReferences)) != 0 || (grbit & directions) == 0 || (grbit & directions) == directions)
        RAISE(JET_errInvalidGrbit);
    request->is_backward = (grbit & JET_bitStreamBackward) != 0;
    request->with_references = (grbit & JET_bitStreamColumnReferences) != 0;
    table_moved(session, cursor);
    err = cursor_stream_records(cursor, request);
done:
    return err;
}

JET_EXPORT JET_ERR JetStreamRecords(JET_SESID sesid, JET_TABLEID tableid, uint32_t ccolumnid, const JET_COLUMNID *rgcolumnid, void *pvData, uint32_t cbData,
                                    uint32_t *pcbActual, JET_GRBIT grbit)
{
    struct session *session = NULL;
    struct cursor *cursor;
    struct stream_request request = {.columns = rgcolumnid, .column_count = ccolumnid, .buffer = pvData, .room = cbData};
    JET_ERR err = table_enter(sesid, tableid, &session, &cursor);
    if (err < 0)
        return err;
    err = stream(session, cursor, &request, grbit, pcbActual != NULL);
    if (pcbActual != NULL)
        *pcbActual = request.actual;
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetRetrieveColumnFromRecordStream(void *pvData, uint32_t cbData, uint32_t *piRecord, JET_COLUMNID *pcolumnid, uint32_t *pitagSequence,
                                                     uint32_t *pibValue, uint32_t *pcbValue)
{
    JET_ERR err = JET_errSuccess;
    struct stream_value value;
    if (piRecord == NULL || pcolumnid == NULL || pitagSequence == NULL || pibValue == NULL || pcbValue == NULL)
        RAISE(JET_errInvalidParameter);
    err = record_stream_next(pvData, cbData, &value);
    if (err < 0 || err == JET_wrnNoMoreRecords)
        goto done;
    *piRecord = value.record;
    *pcolumnid = value.column_id;
    *pitagSequence = value.sequence;
    *pibValue = value.offset;
    *pcbValue = value.size;
done:
    return err;
}

static JET_ERR retrieve_referenced(struct cursor *cursor, struct referenced_value *value, JET_GRBIT grbit, bool wants_size)
{
    JET_ERR err = JET_errSuccess;
    TRY(table_check_phase(cursor, TABLE_MATERIALIZED));
    if ((value->room > 0 || !wants_size) && value->buffer == NULL)
        RAISE(JET_errInvalidParameter);
    value->only_stored_size = (grbit & JET_bitRetrievePhysicalSize) != 0;
    if (value->only_stored_size && (value->offset != 0 || value->buffer != NULL || !wants_size))
        RAISE(JET_errInvalidParameter);
    if (cursor_is_prepared(cursor))
        RAISE(JET_errInvalidOperation);
    if ((grbit & ~(JET_GRBIT)JET_bitRetrievePhysicalSize) != 0)
        RAISE(JET_errInvalidGrbit);
    TRY(check_table(cursor, JET_errInvalidParameter));
    err = cursor_retrieve_referenced(cursor, value);
done:
    return err;
}

JET_EXPORT JET_ERR JetRetrieveColumnByReference(JET_SESID sesid, JET_TABLEID tableid, const void *pvReference, uint32_t cbReference, uint32_t ibData, void *pvData,
                                                uint32_t cbData, uint32_t *pcbActual, JET_GRBIT grbit)
{
    struct session *session = NULL;
    struct cursor *cursor;
    struct referenced_value value = {.reference = span_of(pvReference, cbReference), .offset = ibData, .buffer = pvData, .room = cbData};
    JET_ERR err = table_enter(sesid, tableid, &session, &cursor);
    if (err < 0)
        return err;
    err = retrieve_referenced(cursor, &value, grbit, pcbActual != NULL);
    if (pcbActual != NULL)
        *pcbActual = value.actual;
    engine_leave_session(session);
    return err;
}

static JET_ERR read_referenced_ahead(struct cursor *cursor, const void *const *references, const uint32_t *sizes, uint32_t count, bool only_first_page,
                                     uint32_t pages_most, uint32_t *done)
{
    JET_ERR err = JET_errSuccess;
    struct span *spans = mem_alloc((size_t)count * sizeof *spans + 1);
    if (spans == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < count; i++)
        spans[i] = span_of(references[i], sizes[i]);
    err = cursor_read_referenced_ahead(cursor, spans, count, only_first_page, pages_most, done);
done:
    mem_free(spans);
    return err;
}

JET_EXPORT JET_ERR JetPrereadColumnsByReference(JET_SESID sesid, JET_TABLEID tableid, const void *const *rgpvReferences, const uint32_t *rgcbReferences,
                                                uint32_t cReferences, uint32_t cPageCacheMin, uint32_t cPageCacheMax, uint32_t *pcReferencesPreread, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    uint32_t done = 0;
    TRY(table_enter(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, TABLE_MATERIALIZED));
    if (rgpvReferences == NULL || rgcbReferences == NULL || cPageCacheMin > cPageCacheMax)
        RAISE(JET_errInvalidParameter);
    if (cursor_is_prepared(cursor))
        RAISE(JET_errInvalidOperation);
    if ((grbit & ~(JET_GRBIT)JET_bitPrereadFirstPage) != 0)
        RAISE(JET_errInvalidGrbit);
    TRY(check_table(cursor, JET_errInvalidParameter));
    TRY(read_referenced_ahead(cursor, rgpvReferences, rgcbReferences, cReferences, (grbit & JET_bitPrereadFirstPage) != 0, cPageCacheMax, &done));
done:
    if (pcReferencesPreread != NULL && session != NULL)
        *pcReferencesPreread = done;
    engine_leave_session(session);
    return err;
}
