/* Moving cursors: indexes, moves, keys, seeks, ranges, bookmarks, positions (reference pages of the functions). */
#define ESENT_PRIVATE
#include "api/jet_table.h"

#include "base/memory.h"
#include "catalog/names.h"

_Static_assert(CURSOR_MOVE_FIRST == JET_MoveFirst && CURSOR_MOVE_LAST == JET_MoveLast && CURSOR_MOVE_KEY_NE == JET_bitMoveKeyNE, "moves");
_Static_assert(CURSOR_SEEK_EQ == JET_bitSeekEQ && CURSOR_SEEK_LT == JET_bitSeekLT && CURSOR_SEEK_LE == JET_bitSeekLE && CURSOR_SEEK_GE == JET_bitSeekGE
                   && CURSOR_SEEK_GT == JET_bitSeekGT && CURSOR_SEEK_SET_RANGE == JET_bitSetIndexRange
                   && CURSOR_SEEK_CHECK_UNIQUENESS == JET_bitCheckUniqueness,
               "seeks");
_Static_assert(CURSOR_RANGE_INCLUSIVE == JET_bitRangeInclusive && CURSOR_RANGE_UPPER == JET_bitRangeUpperLimit
                   && CURSOR_RANGE_INSTANT == JET_bitRangeInstantDuration && CURSOR_RANGE_REMOVE == JET_bitRangeRemove,
               "ranges");
_Static_assert(SEARCH_KEY_NEW == JET_bitNewKey && SEARCH_KEY_STR_LIMIT == JET_bitStrLimit && SEARCH_KEY_SUBSTR_LIMIT == JET_bitSubStrLimit
                   && SEARCH_KEY_NORMALIZED == JET_bitNormalizedKey && SEARCH_KEY_ZERO_LENGTH == JET_bitKeyDataZeroLength
                   && SEARCH_KEY_FULL_START == JET_bitFullColumnStartLimit && SEARCH_KEY_FULL_END == JET_bitFullColumnEndLimit
                   && SEARCH_KEY_PARTIAL_START == JET_bitPartialColumnStartLimit && SEARCH_KEY_PARTIAL_END == JET_bitPartialColumnEndLimit,
               "keys");
_Static_assert(CURSOR_INDEX_NO_MOVE == JET_bitNoMove, "indexes");

/* --- the current index --- */

enum { INDEX_ID_MAGIC = 0x58444E49 }; /* JET_INDEXID: magic, object ids of index and table */

static JET_ERR set_index(JET_SESID sesid, JET_TABLEID tableid, enum text_form form, const void *text, const JET_INDEXID *id, JET_GRBIT grbit,
                         uint32_t itag_sequence)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    char *name = NULL, checked[OBJECT_NAME_UTF8_MAX] = "";
    uint32_t objid = 0;
    TRY(table_enter(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    if ((grbit & ~(JET_GRBIT)(JET_bitNoMove | 0x1)) != 0)
        RAISE(JET_errInvalidGrbit);
    if (id != NULL) {
        if (id->cbStruct != sizeof *id || load_le32(id->rgbIndexId) != INDEX_ID_MAGIC || load_le32(id->rgbIndexId + 8) != cursor_schema(cursor)->objid)
            RAISE(JET_errInvalidIndexId);
        objid = load_le32(id->rgbIndexId + 4);
    } else if (text != NULL && !text_length_is_zero(form, text)) {
        TRY(text_argument(form, text, &name));
        TRY(name_check(name, checked));
    }
    table_moved(session, cursor);
    err = cursor_set_index(cursor, checked, objid, grbit & JET_bitNoMove, itag_sequence);
    JET_ERR counted = session_count_index(session, tableid, cursor_is_on_secondary(cursor));
    if (counted < 0) {
        JET_ERR back = cursor_set_index(cursor, "", 0, 0, 1);
        err = back < 0 ? back : counted;
    }
done:
    mem_free(name);
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetSetCurrentIndexA(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName)
{
    return set_index(sesid, tableid, TEXT_UTF8, szIndexName, NULL, JET_bitMoveFirst, 1);
}

JET_EXPORT JET_ERR JetSetCurrentIndexW(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szIndexName)
{
    return set_index(sesid, tableid, TEXT_UTF16, szIndexName, NULL, JET_bitMoveFirst, 1);
}

JET_EXPORT JET_ERR JetSetCurrentIndex2A(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName, JET_GRBIT grbit)
{
    return set_index(sesid, tableid, TEXT_UTF8, szIndexName, NULL, grbit, 1);
}

JET_EXPORT JET_ERR JetSetCurrentIndex2W(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szIndexName, JET_GRBIT grbit)
{
    return set_index(sesid, tableid, TEXT_UTF16, szIndexName, NULL, grbit, 1);
}

JET_EXPORT JET_ERR JetSetCurrentIndex3A(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName, JET_GRBIT grbit, uint32_t itagSequence)
{
    return set_index(sesid, tableid, TEXT_UTF8, szIndexName, NULL, grbit, itagSequence);
}

JET_EXPORT JET_ERR JetSetCurrentIndex3W(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szIndexName, JET_GRBIT grbit, uint32_t itagSequence)
{
    return set_index(sesid, tableid, TEXT_UTF16, szIndexName, NULL, grbit, itagSequence);
}

JET_EXPORT JET_ERR JetSetCurrentIndex4A(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName, JET_INDEXID *pindexid, JET_GRBIT grbit,
                                        uint32_t itagSequence)
{
    return set_index(sesid, tableid, TEXT_UTF8, szIndexName, pindexid, grbit, itagSequence);
}

JET_EXPORT JET_ERR JetSetCurrentIndex4W(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szIndexName, JET_INDEXID *pindexid, JET_GRBIT grbit,
                                        uint32_t itagSequence)
{
    return set_index(sesid, tableid, TEXT_UTF16, szIndexName, pindexid, grbit, itagSequence);
}

JET_EXPORT_PLAIN(JetSetCurrentIndex);
JET_EXPORT_PLAIN(JetSetCurrentIndex2);
JET_EXPORT_PLAIN(JetSetCurrentIndex3);
JET_EXPORT_PLAIN(JetSetCurrentIndex4);

/* A name that does not fit is cut, without a warning, as all releases of ESENT do. size: characters of the form. */
static JET_ERR get_index(JET_SESID sesid, JET_TABLEID tableid, enum text_form form, void *out, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    uint8_t room[2 * OBJECT_NAME_UTF8_MAX] = {0};
    TRY(table_enter_limited(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    if (size == 0)
        goto done;
    if (out == NULL)
        RAISE(JET_errInvalidParameter);
    const struct index *index = cursor_index(cursor);
    const char *name = index != NULL && index->name != NULL ? index->name : "";
    uint32_t unit = form == TEXT_UTF16 ? 2 : 1, whole = (uint32_t)text_result_size(form, name);
    if (whole > sizeof room)
        RAISE(JET_errInvalidName);
    (void)text_put(form, name, room);
    uint32_t part = whole - unit < (size - 1) * unit ? whole - unit : (size - 1) * unit;
    memcpy(out, room, part);
    memset((uint8_t *)out + part, 0, unit);
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGetCurrentIndexA(JET_SESID sesid, JET_TABLEID tableid, char *szIndexName, uint32_t cbIndexName)
{
    return get_index(sesid, tableid, TEXT_UTF8, szIndexName, cbIndexName);
}

/* Bytes, as the name of the parameter says. */
JET_EXPORT JET_ERR JetGetCurrentIndexW(JET_SESID sesid, JET_TABLEID tableid, char16_t *szIndexName, uint32_t cbIndexName)
{
    return get_index(sesid, tableid, TEXT_UTF16, szIndexName, cbIndexName / 2);
}

JET_EXPORT_PLAIN(JetGetCurrentIndex);

/* --- moves, keys, seeks, ranges --- */

/* The first move of any kind ends the insertion into a temporary table; without a number of rows it then goes to the first. */
static JET_ERR begin_move(struct cursor *cursor, int32_t *rows)
{
    struct temp_table *temp = cursor_temp_table(cursor);
    if (temp != NULL && temp_table_phase(temp) == TEMP_INSERTING) {
        temp_table_end_insertion(temp);
        if (*rows == 0)
            *rows = JET_MoveFirst;
    }
    return *rows < 0 && *rows != JET_MoveFirst ? table_check_scrollable(cursor) : JET_errSuccess;
}

JET_EXPORT JET_ERR JetMove(JET_SESID sesid, JET_TABLEID tableid, int32_t cRow, JET_GRBIT grbit)
{
    struct session *session = NULL;
    struct cursor *cursor;
    JET_ERR err = table_enter(sesid, tableid, &session, &cursor);
    if (err < 0)
        return err;
    bool is_step = cRow == JET_MoveNext && (grbit & JET_bitMoveKeyNE) == 0;
    if (!is_step || !cursor_step_on(cursor, session_level(session), &err)) {
        err = begin_move(cursor, &cRow);
        if (err >= 0) {
            table_moved(session, cursor);
            err = cursor_move(cursor, cRow, grbit & JET_bitMoveKeyNE);
        }
    }
    engine_leave_session(session);
    return err;
}

_Static_assert((int)CURSOR_EQUALS == (int)JET_relopEquals && (int)CURSOR_BEGINS_WITH == (int)JET_relopPrefixEquals && (int)CURSOR_DIFFERS == (int)JET_relopNotEquals
                   && (int)CURSOR_AT_MOST == (int)JET_relopLessThanOrEqual && (int)CURSOR_BELOW == (int)JET_relopLessThan
                   && (int)CURSOR_AT_LEAST == (int)JET_relopGreaterThanOrEqual && (int)CURSOR_ABOVE == (int)JET_relopGreaterThan
                   && (int)CURSOR_MASK_CLEAR == (int)JET_relopBitmaskEqualsZero && (int)CURSOR_MASK_SET == (int)JET_relopBitmaskNotEqualsZero,
               "relations");

/* What was set before is gone, whatever the answer. */
JET_EXPORT JET_ERR JetSetCursorFilter(JET_SESID sesid, JET_TABLEID tableid, JET_INDEX_COLUMN *rgColumnFilters, uint32_t cColumnFilters, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor = NULL;
    struct cursor_comparison *list = NULL;
    TRY(table_enter(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    TRY(cursor_set_filter(cursor, NULL, 0));
    if (grbit != 0)
        RAISE(JET_errInvalidGrbit);
    if (rgColumnFilters == NULL && cColumnFilters > 0)
        RAISE(JET_errInvalidParameter);
    list = mem_alloc_array((size_t)cColumnFilters + 1, sizeof *list);
    if (list == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < cColumnFilters; i++) {
        const JET_INDEX_COLUMN *x = &rgColumnFilters[i];
        bool is_zero_length = (x->grbit & JET_bitZeroLength) != 0;
        if ((x->grbit & ~(JET_GRBIT)JET_bitZeroLength) != 0 || (x->cb == 0) != (x->pv == NULL) || (x->cb != 0 && is_zero_length))
            RAISE(JET_errInvalidParameter);
        list[i] = (struct cursor_comparison){x->columnid, (enum cursor_relation)x->relop, span_of(x->pv, x->cb), is_zero_length};
    }
    TRY(cursor_set_filter(cursor, list, cColumnFilters));
done:
    mem_free(list);
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetMakeKey(JET_SESID sesid, JET_TABLEID tableid, const void *pvData, uint32_t cbData, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    TRY(table_enter(sesid, tableid, &session, &cursor));
    if (pvData == NULL && cbData != 0)
        RAISE(JET_errInvalidParameter);
    TRY(cursor_make_key(cursor, span_of(pvData, cbData), grbit));
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetSeek(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit)
{
    struct session *session = NULL;
    struct cursor *cursor;
    JET_ERR err = table_enter(sesid, tableid, &session, &cursor);
    if (err < 0)
        return err;
    int32_t backward = JET_MovePrevious;
    err = begin_move(cursor, &backward);
    if (err >= 0) {
        table_moved(session, cursor);
        err = cursor_seek(cursor, grbit);
    }
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetSetIndexRange(JET_SESID sesid, JET_TABLEID tableidSrc, JET_GRBIT grbit)
{
    struct session *session = NULL;
    struct cursor *cursor;
    JET_ERR err = table_enter(sesid, tableidSrc, &session, &cursor);
    if (err < 0)
        return err;
    err = table_check_phase(cursor, TABLE_READABLE);
    if (err >= 0)
        err = table_check_scrollable(cursor);
    if (err >= 0)
        err = cursor_set_range(cursor, grbit);
    engine_leave_session(session);
    return err;
}

static JET_ERR count_entries(JET_SESID sesid, JET_TABLEID tableid, uint64_t most, uint64_t *count)
{
    struct session *session = NULL;
    struct cursor *cursor;
    JET_ERR err = table_enter(sesid, tableid, &session, &cursor);
    if (err < 0)
        return err;
    err = table_check_phase(cursor, 0);
    if (err >= 0)
        err = cursor_count_entries(cursor, most, count);
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetIndexRecordCount(JET_SESID sesid, JET_TABLEID tableid, uint32_t *pcrec, uint32_t crecMax)
{
    uint64_t count = 0;
    if (pcrec == NULL)
        return JET_errInvalidParameter;
    JET_ERR err = count_entries(sesid, tableid, crecMax, &count);
    *pcrec = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
    return err;
}

JET_EXPORT JET_ERR JetIndexRecordCount2(JET_SESID sesid, JET_TABLEID tableid, uint64_t *pcrec, uint64_t crecMax)
{
    return pcrec == NULL ? JET_errInvalidParameter : count_entries(sesid, tableid, crecMax, pcrec);
}

/* --- positions --- */

JET_EXPORT JET_ERR JetGetRecordPosition(JET_SESID sesid, JET_TABLEID tableid, JET_RECPOS *precpos, uint32_t cbRecpos)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    uint32_t before, total;
    TRY(table_enter_limited(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    if (precpos == NULL || cbRecpos < sizeof *precpos)
        RAISE(JET_errInvalidParameter);
    TRY(cursor_get_position(cursor, &before, &total));
    if (cbRecpos >= sizeof(JET_RECPOS2) && precpos->cbStruct == sizeof(JET_RECPOS2))
        *(JET_RECPOS2 *)(void *)precpos = (JET_RECPOS2){.cbStruct = sizeof(JET_RECPOS2), .centriesLT = before, .centriesTotal = total};
    else
        *precpos = (JET_RECPOS){sizeof *precpos, before, 1, total};
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGotoPosition(JET_SESID sesid, JET_TABLEID tableid, JET_RECPOS *precpos)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    uint64_t before, total;
    TRY(table_enter(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    if (precpos == NULL)
        RAISE(JET_errInvalidParameter);
    if (precpos->cbStruct == sizeof(JET_RECPOS2)) {
        const JET_RECPOS2 *p = (const JET_RECPOS2 *)(const void *)precpos;
        before = p->centriesLT;
        total = p->centriesTotal;
        if (p->centriesLTDeprecated != 0 || p->centriesTotalDeprecated != 0)
            RAISE(JET_errInvalidParameter);
    } else if (precpos->cbStruct == sizeof *precpos) {
        before = precpos->centriesLT;
        total = precpos->centriesTotal;
    } else {
        RAISE(JET_errInvalidParameter);
    }
    if (before > total)
        RAISE(JET_errInvalidParameter);
    for (; total > UINT32_MAX; total >>= 1)
        before >>= 1;
    table_moved(session, cursor);
    TRY(cursor_goto_position(cursor, (uint32_t)before, (uint32_t)total));
done:
    engine_leave_session(session);
    return err;
}

/* --- bookmarks --- */

JET_EXPORT JET_ERR JetGetBookmark(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark, uint32_t cbMax, uint32_t *pcbActual)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    uint32_t size;
    TRY(table_enter_limited(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, TABLE_READABLE));
    TRY(cursor_get_bookmark(cursor, pvBookmark, pvBookmark != NULL ? cbMax : 0, &size));
    if (pcbActual != NULL)
        *pcbActual = size;
    if (size > (pvBookmark != NULL ? cbMax : 0))
        RAISE(JET_errBufferTooSmall);
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGotoBookmark(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark, uint32_t cbBookmark)
{
    struct session *session = NULL;
    struct cursor *cursor;
    JET_ERR err = table_enter(sesid, tableid, &session, &cursor);
    if (err < 0)
        return err;
    err = table_check_phase(cursor, TABLE_READABLE);
    if (err >= 0) {
        table_moved(session, cursor);
        err = cursor_goto_bookmark(cursor, span_of(pvBookmark, cbBookmark), 1);
    }
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGetSecondaryIndexBookmark(JET_SESID sesid, JET_TABLEID tableid, void *pvSecondaryKey, uint32_t cbSecondaryKeyMax,
                                                uint32_t *pcbSecondaryKeyActual, void *pvPrimaryBookmark, uint32_t cbPrimaryBookmarkMax,
                                                uint32_t *pcbPrimaryBookmarkActual, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    uint32_t key_size, primary_size, key_room = pvSecondaryKey != NULL ? cbSecondaryKeyMax : 0;
    uint32_t primary_room = pvPrimaryBookmark != NULL ? cbPrimaryBookmarkMax : 0;
    (void)grbit;
    TRY(table_enter_limited(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    TRY(cursor_get_secondary_bookmark(cursor, pvSecondaryKey, key_room, &key_size, pvPrimaryBookmark, primary_room, &primary_size));
    if (pcbSecondaryKeyActual != NULL)
        *pcbSecondaryKeyActual = key_size;
    if (pcbPrimaryBookmarkActual != NULL)
        *pcbPrimaryBookmarkActual = primary_size;
    if (key_size > key_room || primary_size > primary_room)
        RAISE(JET_errBufferTooSmall);
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGotoSecondaryIndexBookmark(JET_SESID sesid, JET_TABLEID tableid, void *pvSecondaryKey, uint32_t cbSecondaryKey,
                                                 void *pvPrimaryBookmark, uint32_t cbPrimaryBookmark, JET_GRBIT grbit)
{
    struct session *session = NULL;
    struct cursor *cursor;
    JET_ERR err = table_enter(sesid, tableid, &session, &cursor);
    if (err < 0)
        return err;
    err = table_check_phase(cursor, 0);
    if (err >= 0) {
        table_moved(session, cursor);
        err = cursor_goto_secondary_bookmark(cursor, span_of(pvSecondaryKey, cbSecondaryKey), span_of(pvPrimaryBookmark, cbPrimaryBookmark),
                                             (grbit & JET_bitBookmarkPermitVirtualCurrency) != 0);
    }
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetRetrieveKey(JET_SESID sesid, JET_TABLEID tableid, void *pvKey, uint32_t cbMax, uint32_t *pcbActual, JET_GRBIT grbit)
{
    JET_ERR err;
    struct session *session = NULL;
    struct cursor *cursor;
    uint32_t size = 0;
    err = table_enter_limited(sesid, tableid, &session, &cursor);
    if (err < 0)
        return err;
    err = cursor_get_key(cursor, (grbit & JET_bitRetrieveCopy) != 0, pvKey, pvKey != NULL ? cbMax : 0, &size);
    if (err >= 0 && pcbActual != NULL)
        *pcbActual = size;
    engine_leave_session(session);
    return err;
}
