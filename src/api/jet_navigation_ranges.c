/* Work on whole ranges of an index: reading ahead, and the intersection of ranges (reference pages of the functions). */
#define ESENT_PRIVATE
#include "api/jet_table.h"

#include <stdlib.h>

#include "base/memory.h"

enum { RANGES_MAX = 64, READ_AHEAD_MAX = 256, RANGE_PAGES_MAX = 1024, SEQUENCE_KEY_SIZE = 4 /* of tables without a primary index */ };

/* --- reading ahead --- */

static JET_ERR check_order(const void *const *keys, const uint32_t *sizes, int32_t count, uint32_t size_most, bool forward)
{
    JET_ERR err = JET_errSuccess;
    for (int32_t i = 0; i < count; i++) {
        if (keys[i] == NULL)
            RAISE(JET_errInvalidParameter);
        if (sizes[i] == 0 || sizes[i] > size_most)
            RAISE(JET_errInvalidBufferSize);
        int order = i == 0 ? 0 : span_compare(span_of(keys[i - 1], sizes[i - 1]), span_of(keys[i], sizes[i]));
        if (forward ? order > 0 : order < 0)
            RAISE(JET_errInvalidParameter);
    }
done:
    return err;
}

JET_EXPORT JET_ERR JetPrereadKeys(JET_SESID sesid, JET_TABLEID tableid, const void **rgpvKeys, const uint32_t *rgcbKeys, int32_t ckeys,
                                  int32_t *pckeysPreread, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    int32_t done_count = 0;
    TRY(table_enter(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    if (rgpvKeys == NULL || rgcbKeys == NULL || ckeys <= 0)
        RAISE(JET_errInvalidParameter);
    if (grbit != JET_bitPrereadForward && grbit != JET_bitPrereadBackward)
        RAISE(JET_errInvalidGrbit);
    const struct index *primary = schema_primary(cursor_schema(cursor));
    TRY(check_order(rgpvKeys, rgcbKeys, ckeys, primary != NULL ? primary->key_most : SEQUENCE_KEY_SIZE, grbit == JET_bitPrereadForward));
    for (; done_count < ckeys && done_count < READ_AHEAD_MAX; done_count++)
        TRY(cursor_read_ahead(cursor, span_of(rgpvKeys[done_count], rgcbKeys[done_count])));
done:
    if (err >= 0 && pckeysPreread != NULL)
        *pckeysPreread = done_count;
    engine_leave_session(session);
    return err;
}

/* The key that a list of column values begins with. */
static JET_ERR make_range_key(struct cursor *cursor, const JET_INDEX_COLUMN *columns, uint32_t count, bool is_normalized, struct search_key *key)
{
    JET_ERR err = JET_errSuccess;
    search_key_reset(key);
    if (columns == NULL || count == 0)
        RAISE(JET_errInvalidParameter);
    for (uint32_t i = 0; i < count && !key->is_cut; i++) {
        unsigned options = is_normalized ? SEARCH_KEY_NORMALIZED : i == 0 ? SEARCH_KEY_NEW : 0;
        if (columns[i].pv == NULL && columns[i].cb != 0)
            RAISE(JET_errInvalidParameter);
        if (!is_normalized && (columns[i].grbit & JET_bitZeroLength) != 0)
            options |= SEARCH_KEY_ZERO_LENGTH;
        TRY(cursor_make_other_key(cursor, key, span_of(columns[i].pv, columns[i].cb), options));
        if (is_normalized)
            break;
    }
done:
    return err;
}

/* One range. Where only one end is given it is all that begins with that. */
static JET_ERR read_range(struct cursor *cursor, const JET_INDEX_RANGE *r, JET_GRBIT grbit, struct cursor_read_range *range, uint32_t *pages)
{
    JET_ERR err = JET_errSuccess;
    bool is_normalized = (grbit & JET_bitPrereadNormalizedKey) != 0;
    struct search_key start, end;
    TRY(make_range_key(cursor, r->rgStartColumns, r->cStartColumns, is_normalized, &start));
    if (r->cEndColumns > 0)
        TRY(make_range_key(cursor, r->rgEndColumns, r->cEndColumns, is_normalized, &end));
    range->low = search_key_bytes(&start);
    range->high = r->cEndColumns > 0 ? search_key_bytes(&end) : range->low;
    if (span_compare(range->low, range->high) > 0) { /* given as it will be walked: backward */
        struct span low = range->high;
        range->high = range->low;
        range->low = low;
    }
    range->is_backward = (grbit & JET_bitPrereadBackward) != 0;
    TRY(cursor_read_range_ahead(cursor, range, pages));
done:
    return err;
}

/* Ranges are read until the pages would be too many to be still in the cache when they are wanted. */
JET_EXPORT JET_ERR JetPrereadIndexRanges(JET_SESID sesid, JET_TABLEID tableid, const JET_INDEX_RANGE *rgIndexRanges, uint32_t cIndexRanges,
                                         uint32_t *pcRangesPreread, const JET_COLUMNID *rgcolumnidPreread, uint32_t ccolumnidPreread, JET_GRBIT grbit)
{
    const JET_GRBIT known = JET_bitPrereadForward | JET_bitPrereadBackward | JET_bitPrereadFirstPage | JET_bitPrereadNormalizedKey;
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    uint32_t n = 0, pages = 0;
    struct cursor_read_range range = {.columns = rgcolumnidPreread, .column_count = ccolumnidPreread, .only_first_page = (grbit & JET_bitPrereadFirstPage) != 0,
                                      .pages_most = RANGE_PAGES_MAX};
    TRY(table_enter(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    if ((grbit & ~known) != 0 || (grbit & (JET_bitPrereadForward | JET_bitPrereadBackward)) == (JET_bitPrereadForward | JET_bitPrereadBackward))
        RAISE(JET_errInvalidGrbit);
    if (rgIndexRanges == NULL || cIndexRanges == 0 || (rgcolumnidPreread == NULL && ccolumnidPreread > 0))
        RAISE(JET_errInvalidParameter);
    for (; n < cIndexRanges && range.pages_most > 0; n++) {
        TRY(read_range(cursor, &rgIndexRanges[n], grbit, &range, &pages));
        range.pages_most -= pages < range.pages_most ? pages : range.pages_most;
    }
done:
    if (err >= 0 && pcRangesPreread != NULL)
        *pcRangesPreread = n;
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetPrereadIndexRange(JET_SESID sesid, JET_TABLEID tableid, const JET_INDEX_RANGE *pIndexRange, uint32_t cPageCacheMin, uint32_t cPageCacheMax,
                                        JET_GRBIT grbit, uint32_t *pcPageCacheActual)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    uint32_t pages = 0;
    struct cursor_read_range range = {.pages_most = cPageCacheMax};
    TRY(table_enter(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    if (pIndexRange == NULL || cPageCacheMin > cPageCacheMax || cPageCacheMax > INT32_MAX)
        RAISE(JET_errInvalidParameter);
    if ((grbit & ~(JET_GRBIT)(JET_bitPrereadForward | JET_bitPrereadBackward | JET_bitPrereadNormalizedKey)) != 0
        || ((grbit & JET_bitPrereadForward) != 0) == ((grbit & JET_bitPrereadBackward) != 0))
        RAISE(JET_errInvalidGrbit);
    TRY(read_range(cursor, pIndexRange, grbit, &range, &pages));
    if (pcPageCacheActual != NULL)
        *pcPageCacheActual = pages;
done:
    engine_leave_session(session);
    return err;
}

/* The pages from the root of each table to its first row. */
JET_EXPORT JET_ERR JetPrereadTablesW(JET_SESID sesid, JET_DBID dbid, const char16_t **rgszTables, int32_t cTables, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct open_database *database;
    struct cursor *cursor = NULL;
    char *name = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    if (rgszTables == NULL || cTables < 0)
        RAISE(JET_errInvalidParameter);
    if (grbit != 0)
        RAISE(JET_errInvalidGrbit);
    for (int32_t i = 0; i < cTables; i++) {
        TRY(text_argument(TEXT_UTF16, rgszTables[i], &name));
        TRY(table_open(session, dbid, name, &database, &cursor));
        err = cursor_move(cursor, CURSOR_MOVE_FIRST, 0);
        if (err == JET_errNoCurrentRecord)
            err = JET_errSuccess;
        TRY(err);
        cursor_close(cursor);
        cursor = NULL;
        mem_free(name);
        name = NULL;
    }
done:
    cursor_close(cursor);
    mem_free(name);
    engine_leave_session(session);
    return err;
}

/* --- intersection --- */

/* Bookmarks, one after the other in `bytes`; items are offsets, so that it may grow. */
struct bookmarks {
    struct bookmark {
        uint32_t offset, size, hits;
    } *items;
    uint32_t count, capacity;
    struct value_buffer bytes;
};

static void bookmarks_free(struct bookmarks *b)
{
    mem_free(b->items);
    value_buffer_free(&b->bytes);
}

static struct span bookmark_bytes(const struct bookmarks *b, uint32_t i) { return span_of(b->bytes.data + b->items[i].offset, b->items[i].size); }

static JET_ERR add_bookmark(void *context, struct span key)
{
    JET_ERR err = JET_errSuccess;
    struct bookmarks *b = context;
    if (b->count == b->capacity) {
        uint32_t capacity = b->capacity == 0 ? 64 : 2 * b->capacity;
        struct bookmark *bigger = mem_resize(b->items, capacity * sizeof *bigger);
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        b->items = bigger;
        b->capacity = capacity;
    }
    if (b->bytes.size > INT32_MAX - key.size)
        RAISE(JET_errOutOfMemory);
    if (b->bytes.size + key.size > b->bytes.capacity)
        TRY(value_buffer_reserve(&b->bytes, 2 * (b->bytes.size + key.size)));
    memcpy(b->bytes.data + b->bytes.size, key.data, key.size);
    b->items[b->count++] = (struct bookmark){b->bytes.size, key.size, 0};
    b->bytes.size += key.size;
done:
    return err;
}

static int compare_bookmarks(const void *x, const void *y, void *context)
{
    const struct bookmark *a = x, *b = y;
    const uint8_t *bytes = context;
    return span_compare(span_of(bytes + a->offset, a->size), span_of(bytes + b->offset, b->size));
}

/* A range over the current set: entries that are in it get one hit more. Multi-valued keys name a row more than once. */
struct round {
    struct bookmarks *set;
    uint32_t number;
};

static JET_ERR hit_bookmark(void *context, struct span key)
{
    struct round *round = context;
    uint32_t low = 0, high = round->set->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = span_compare(bookmark_bytes(round->set, middle), key);
        if (order == 0) {
            if (round->set->items[middle].hits == round->number - 1)
                round->set->items[middle].hits = round->number;
            return JET_errSuccess;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return JET_errSuccess;
}

static void sort_and_unite(struct bookmarks *b)
{
    uint32_t kept = 0;
    if (b->count > 0)
        qsort_r(b->items, b->count, sizeof *b->items, compare_bookmarks, b->bytes.data);
    for (uint32_t i = 0; i < b->count; i++)
        if (kept == 0 || !span_equal(bookmark_bytes(b, kept - 1), bookmark_bytes(b, i)))
            b->items[kept++] = b->items[i];
    b->count = kept;
}

static JET_ERR find_ranges(struct session *session, const JET_INDEXRANGE *ranges, uint32_t count, struct cursor **cursors)
{
    JET_ERR err = JET_errSuccess;
    if (ranges == NULL || count == 0 || count > RANGES_MAX)
        RAISE(JET_errInvalidParameter);
    for (uint32_t i = 0; i < count; i++) {
        if (ranges[i].cbStruct != sizeof ranges[i])
            RAISE(JET_errInvalidParameter);
        if (ranges[i].grbit != JET_bitRecordInIndex)
            RAISE(JET_errInvalidGrbit);
        TRY(session_find_cursor(session, ranges[i].tableid, &cursors[i]));
        if (!cursor_is_on_secondary(cursors[i]) || cursor_schema(cursors[i]) != cursor_schema(cursors[0]))
            RAISE(JET_errInvalidParameter);
        for (uint32_t k = 0; k < i; k++)
            if (cursors[k] == cursors[i])
                RAISE(JET_errInvalidParameter);
    }
done:
    return err;
}

JET_EXPORT JET_ERR JetIntersectIndexes(JET_SESID sesid, JET_INDEXRANGE *rgindexrange, uint32_t cindexrange, JET_RECORDLIST *precordlist, JET_GRBIT grbit)
{
    static const uint8_t types[] = {JET_coltypLongBinary};
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursors[RANGES_MAX];
    struct bookmarks set = {0};
    struct list list = {0};
    (void)grbit;
    TRY(engine_enter_session(sesid, 0, &session));
    if (precordlist == NULL || precordlist->cbStruct != sizeof *precordlist)
        RAISE(JET_errInvalidParameter);
    TRY(find_ranges(session, rgindexrange, cindexrange, cursors));
    for (uint32_t i = 0; i < cindexrange; i++) {
        struct round round = {&set, i};
        err = cursor_visit_entries(cursors[i], i == 0 ? add_bookmark : hit_bookmark, i == 0 ? (void *)&set : (void *)&round);
        if (err == JET_errNoCurrentRecord) /* an empty range */
            err = JET_errSuccess;
        TRY(err);
        if (i == 0)
            sort_and_unite(&set);
    }
    TRY(list_begin_counted(&list, session_instance(session), TEXT_UTF8, types, 1));
    for (uint32_t i = 0; i < set.count; i++) {
        if (set.items[i].hits != cindexrange - 1)
            continue;
        list_put_bytes(&list, 0, bookmark_bytes(&set, i));
        TRY(list_add_row(&list));
    }
    TRY(list_publish(&list, session, &precordlist->tableid));
    precordlist->cRecord = list.row_count;
    precordlist->columnidBookmark = list.ids[0];
done:
    list_end(&list);
    bookmarks_free(&set);
    engine_leave_session(session);
    return err;
}
