/* Calls that need no instance or only look: error information, statistics of a thread, buffers, the caller's words at cursors and tables. */
#include <string.h>

#include "api/jet_table.h"
#include "base/bytes.h"
#include "engine/local_storage.h"
#include "os/thread_work.h"

JET_EXPORT JET_ERR JetFreeBuffer(char *pbBuf)
{
    engine_buffer_free(pbBuf);
    return JET_errSuccess;
}

/* The path from the root of the categories to one of them, as JetGetErrorInfoW reports it: most general first, zero after the end. */
static void fill_hierarchy(JET_ERRCAT category, uint8_t hierarchy[8])
{
    static const uint8_t parents[JET_errcatMax] = {
        [JET_errcatOperation] = JET_errcatError, [JET_errcatData] = JET_errcatError, [JET_errcatApi] = JET_errcatError,
        [JET_errcatFatal] = JET_errcatOperation, [JET_errcatIO] = JET_errcatOperation, [JET_errcatResource] = JET_errcatOperation,
        [JET_errcatMemory] = JET_errcatResource, [JET_errcatQuota] = JET_errcatResource, [JET_errcatDisk] = JET_errcatResource,
        [JET_errcatCorruption] = JET_errcatData, [JET_errcatInconsistent] = JET_errcatData, [JET_errcatFragmentation] = JET_errcatData,
        [JET_errcatUsage] = JET_errcatApi, [JET_errcatState] = JET_errcatApi, [JET_errcatObsolete] = JET_errcatApi,
    };
    unsigned depth = 0;
    for (unsigned c = category; c != 0; c = parents[c])
        depth++;
    memset(hierarchy, 0, 8);
    for (unsigned c = category; c != 0; c = parents[c])
        hierarchy[--depth] = (uint8_t)c;
}

static JET_ERRCAT category_of(enum error_class class_of)
{
    switch (class_of) {
    case ERROR_CLASS_Operation: return JET_errcatOperation;
    case ERROR_CLASS_Fatal: return JET_errcatFatal;
    case ERROR_CLASS_IO: return JET_errcatIO;
    case ERROR_CLASS_Resource: return JET_errcatResource;
    case ERROR_CLASS_Memory: return JET_errcatMemory;
    case ERROR_CLASS_Quota: return JET_errcatQuota;
    case ERROR_CLASS_Disk: return JET_errcatDisk;
    case ERROR_CLASS_Data: return JET_errcatData;
    case ERROR_CLASS_Corruption: return JET_errcatCorruption;
    case ERROR_CLASS_Inconsistent: return JET_errcatInconsistent;
    case ERROR_CLASS_Fragmentation: return JET_errcatFragmentation;
    case ERROR_CLASS_Api: return JET_errcatApi;
    case ERROR_CLASS_Usage: return JET_errcatUsage;
    case ERROR_CLASS_State: return JET_errcatState;
    case ERROR_CLASS_Obsolete: return JET_errcatObsolete;
    case ERROR_CLASS_Unknown: break;
    }
    return JET_errcatUnknown;
}

JET_EXPORT JET_ERR JetGetErrorInfoW(void *pvContext, void *pvResult, uint32_t cbMax, uint32_t InfoLevel, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    if (InfoLevel != JET_ErrorInfoSpecificErr || pvContext == NULL || pvResult == NULL || grbit != 0)
        RAISE(JET_errInvalidParameter);
    if (cbMax < sizeof(JET_ERRINFOBASIC_W))
        RAISE(JET_errInvalidBufferSize);
    JET_ERR asked = (JET_ERR)load_le32(pvContext);
    const struct error_info *info = error_lookup(asked);
    if (info == NULL || info->class_of == ERROR_CLASS_Unknown)
        RAISE(JET_errInvalidParameter);
    JET_ERRINFOBASIC_W *result = pvResult;
    memset(result, 0, sizeof *result);
    result->cbStruct = sizeof *result;
    result->errValue = asked;
    result->errcatMostSpecific = category_of(info->class_of);
    fill_hierarchy(result->errcatMostSpecific, result->rgCategoricalHierarchy);
done:
    return err;
}

enum { NS_PER_US = 1000 };

JET_EXPORT JET_ERR JetGetThreadStats(void *pvResult, uint32_t cbMax)
{
    JET_ERR err = JET_errSuccess;
    if (pvResult == NULL)
        RAISE(JET_errInvalidParameter);
    if (cbMax < sizeof(JET_THREADSTATS))
        RAISE(JET_errBufferTooSmall);
    const struct thread_work *w = &thread_work;
    JET_THREADSTATS3 stats = {.cbStruct = cbMax < sizeof stats ? cbMax : (uint32_t)sizeof stats, .cPageReferenced = w->pages_referenced, .cPageRead = w->pages_read,
                              .cPagePreread = w->pages_read_ahead, .cPageDirtied = w->pages_dirtied, .cPageRedirtied = w->pages_dirtied_again,
                              .cLogRecord = w->log_records, .cbLogRecord = w->log_bytes, .cusecPageCacheMiss = w->miss_ns / NS_PER_US, .cPageCacheMiss = w->misses,
                              .cSeparatedLongValueRead = w->long_values_read, .cusecLongValuePageCacheMiss = w->long_value_miss_ns / NS_PER_US,
                              .cLongValuePageCacheMiss = w->long_value_misses};
    memcpy(pvResult, &stats, stats.cbStruct); /* whatever of the newest version has room */
done:
    return err;
}

/* --- the caller's word at a cursor or a table --- */

/* Enters, and finds where the word is: at the cursor (*word), or at a table that owner and objid name. */
struct word_place {
    struct session *session;
    JET_LS *word;
    const void *owner;
    uint32_t objid;
};

static JET_ERR find_word(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit, struct word_place *place)
{
    JET_ERR err = JET_errSuccess;
    struct cursor *cursor = NULL;
    TRY(table_enter_limited(sesid, tableid, &place->session, &cursor));
    TRY(table_check_phase(cursor, TABLE_READABLE));
    if ((grbit & ~(JET_GRBIT)(JET_bitLSReset | JET_bitLSCursor | JET_bitLSTable)) != 0
        || (grbit & (JET_bitLSCursor | JET_bitLSTable)) == (JET_bitLSCursor | JET_bitLSTable))
        RAISE(JET_errInvalidGrbit);
    if ((grbit & JET_bitLSTable) == 0) {
        place->word = session_cursor_local_storage(place->session, tableid);
    } else if (cursor_temp_table(cursor) != NULL) {
        place->owner = cursor_temp_table(cursor);
    } else {
        place->owner = catalog_database(cursor_catalog(cursor));
        place->objid = cursor_schema(cursor)->objid;
    }
done:
    return err;
}

JET_EXPORT JET_ERR JetSetLS(JET_SESID sesid, JET_TABLEID tableid, JET_LS ls, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct word_place place = {.session = NULL};
    JET_LS wanted = (grbit & JET_bitLSReset) != 0 ? JET_LSNil : ls;
    TRY(find_word(sesid, tableid, grbit, &place));
    /* The client must be told when the word goes away; without a callback it cannot be. */
    if (instance_parameter(session_instance(place.session), JET_paramRuntimeCallback) == 0)
        RAISE(JET_errLSCallbackNotSpecified);
    if (place.word == NULL)
        TRY(local_storage_set(session_instance(place.session), place.owner, place.objid, wanted));
    else if (*place.word != JET_LSNil && wanted != JET_LSNil)
        RAISE(JET_errLSAlreadySet);
    else
        *place.word = wanted;
done:
    engine_leave_session(place.session);
    return err;
}

JET_EXPORT JET_ERR JetGetLS(JET_SESID sesid, JET_TABLEID tableid, JET_LS *pls, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct word_place place = {.session = NULL};
    bool reset = (grbit & JET_bitLSReset) != 0;
    TRY(find_word(sesid, tableid, grbit, &place));
    if (pls == NULL)
        RAISE(JET_errInvalidParameter);
    if (place.word == NULL) {
        *pls = local_storage_get(session_instance(place.session), place.owner, place.objid, reset);
    } else {
        *pls = *place.word;
        if (reset)
            *place.word = JET_LSNil;
    }
    if (*pls == JET_LSNil && !reset)
        RAISE(JET_errLSNotSet);
done:
    engine_leave_session(place.session);
    return err;
}
