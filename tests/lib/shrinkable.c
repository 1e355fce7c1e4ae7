/* A database whose end is worth moving (shrinkable.h). */
#define ESENT_PRIVATE
#include "shrinkable.h"


#include "cmocka_all.h"
#include "shared_data.h"

enum { EXTENSION_PAGES = 16, BLOB = 3000, ROWS_PER_TRANSACTION = 100, BLOB_EACH = 4 };

void shrinkable_configure(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramDbExtensionSize, EXTENSION_PAGES, NULL)); }

/* No two sectors are alike: checksums of log segments would not tell whether one of constant bytes stands for another. */
static void fill_blob(uint8_t *blob, int32_t id)
{
    uint64_t x = (uint64_t)id * 2654435761u + 1;
    for (size_t i = 0; i < BLOB; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        blob[i] = (uint8_t)(x >> 56);
    }
}

static void insert_late(struct sample *s, int32_t id)
{
    uint8_t blob[BLOB];
    assert_good(JetPrepareUpdate(s->session, s->table, JET_prepInsert));
    set_number(s, s->table, s->id, id);
    set_number(s, s->table, s->number, 1000000 - id);
    set_text(s, s->table, s->text, text_of("text %d", id % 97));
    set_text(s, s->table, s->tags, text_of("tag %d of many, and long", id));
    if (id % BLOB_EACH == 0) {
        fill_blob(blob, id);
        assert_good(set_value(s, s->table, s->blob, blob, sizeof blob, JET_bitSetSeparateLV, 0, 1));
    }
    assert_good(JetUpdate(s->session, s->table, NULL, 0, NULL));
}

static void insert_late_rows(struct sample *s, int32_t first, int32_t last)
{
    for (int32_t id = first; id <= last;) {
        assert_good(JetBeginTransaction(s->session));
        for (int i = 0; i < ROWS_PER_TRANSACTION && id <= last; i++, id++)
            insert_late(s, id);
        assert_good(JetCommitTransaction(s->session, JET_bitCommitLazyFlush));
    }
}

static void insert_early_rows(struct sample *s, JET_TABLEID table, JET_COLUMNID column, int32_t count)
{
    uint8_t bytes[200] = {1};
    for (int32_t id = 0; id < count;) {
        assert_good(JetBeginTransaction(s->session));
        for (int i = 0; i < ROWS_PER_TRANSACTION && id < count; i++, id++) {
            assert_good(JetPrepareUpdate(s->session, table, JET_prepInsert));
            assert_good(JetSetColumn(s->session, table, column, bytes, sizeof bytes, 0, NULL));
            assert_good(JetUpdate(s->session, table, NULL, 0, NULL));
        }
        assert_good(JetCommitTransaction(s->session, JET_bitCommitLazyFlush));
    }
}

static void make_early(struct sample *s, int32_t early)
{
    JET_COLUMNCREATE columns[] = {column_of("bytes", JET_coltypBinary, 255, 0)};
    JET_COLUMNDEF definition;
    JET_TABLEID table = make_table(s, "Early", columns, 1, NULL, 0);
    assert_good(JetGetTableColumnInfo(s->session, table, "bytes", &definition, sizeof definition, JET_ColInfo));
    insert_early_rows(s, table, definition.columnid, early);
    assert_good(JetCloseTable(s->session, table));
}

void shrinkable_fill(struct sample *s, int32_t early, int32_t late)
{
    insert_late_rows(s, 1, BLOB_EACH); /* all trees are there before the rest */
    make_early(s, early);
    insert_late_rows(s, BLOB_EACH + 1, late);
    assert_good(JetDeleteTable(s->session, s->dbid, "Early"));
}

static uint64_t hash_of(uint64_t hash, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
    return hash;
}

uint64_t shrinkable_digest(struct sample *s)
{
    static const char *const INDEXES[] = {NULL, "by_number", "by_text", "by_tags", "by_blob"};
    const JET_COLUMNID columns[] = {s->id, s->number, s->text, s->tags, s->blob};
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < sizeof INDEXES / sizeof *INDEXES; i++) {
        assert_good(JetSetCurrentIndex(s->session, s->table, INDEXES[i]));
        JET_ERR err = JetMove(s->session, s->table, JET_MoveFirst, 0);
        for (; err >= 0; err = JetMove(s->session, s->table, JET_MoveNext, 0)) {
            for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
                uint32_t size;
                const uint8_t *bytes = get_bytes(s, s->table, columns[c], 0, &size);
                hash = hash_of(hash, &size, sizeof size);
                if (size != UINT32_MAX)
                    hash = hash_of(hash, bytes, size);
            }
        }
        assert_err(err, JET_errNoCurrentRecord);
    }
    return hash;
}

static void open_table(struct sample *s, const char *name)
{
    static const char *const NAMES[] = {"id", "number", "text", "tags", "blob"};
    JET_COLUMNID *ids[] = {&s->id, &s->number, &s->text, &s->tags, &s->blob};
    assert_good(JetOpenTable(s->session, s->dbid, name, NULL, 0, 0, &s->table));
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        JET_COLUMNDEF definition;
        assert_good(JetGetTableColumnInfo(s->session, s->table, NAMES[i], &definition, sizeof definition, JET_ColInfo));
        *ids[i] = definition.columnid;
    }
}

void shrinkable_attach(struct sample *s, const char *path, uint32_t options, int32_t quota_ms, uint32_t size_limit, uint32_t *pages)
{
    JET_SETDBPARAM parameters[] = {
        {JET_dbparamShrinkDatabaseOptions, &options, sizeof options}, {JET_dbparamShrinkDatabaseTimeQuota, &quota_ms, sizeof quota_ms}, {JET_dbparamShrinkDatabaseSizeLimit, &size_limit, sizeof size_limit}};
    s->session = s->live.session;
    assert_good(JetAttachDatabase3(s->session, path, parameters, sizeof parameters / sizeof *parameters, 0));
    assert_good(JetOpenDatabase(s->session, path, NULL, &s->dbid, 0));
    open_table(s, "Sample");
    if (pages != NULL)
        assert_good(JetGetDatabaseInfo(s->session, s->dbid, pages, sizeof *pages, JET_DbInfoFilesize));
}

/* --- roots at the end --- */

static const char *stream_folder;

void shrinkable_stream_folder(const char *folder) { stream_folder = folder; }

void shrinkable_configure_stream(JET_INSTANCE instance)
{
    enum { LOG_KIB = 256 };
    shrinkable_configure(instance);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFileSize, LOG_KIB, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, stream_folder));
}

void shrinkable_start_in_new_stream(struct sample *s)
{
    enum { PAGE = 4096 };
    static const char *const NAMES[] = {"data.edb", "edb.chk", "edb.log", "edb00001.log", "edb00002.log", "edb00003.log", "edb00004.log"};
    stream_folder = make_scratch_folder("stream");
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        copy_shared_file(text_of("engine/clean_4k/%s", NAMES[i]), text_of("%s/%s", stream_folder, NAMES[i]));
    *s = (struct sample){.dbid = 0};
    live_configure = shrinkable_configure_stream;
    live_start_in(&s->live, stream_folder, PAGE);
    live_configure = NULL;
    sample_create(s);
}

void shrinkable_open_last(const struct sample *s, struct sample *last)
{
    *last = *s;
    open_table(last, "Last");
}

void shrinkable_fill_with_roots_last(struct sample *s, int32_t early, int32_t rows, struct sample *last)
{
    JET_COLUMNCREATE columns[] = {
        column_of("id", JET_coltypLong, 0, JET_bitColumnFixed | JET_bitColumnNotNULL), column_of("number", JET_coltypLong, 0, JET_bitColumnFixed), column_of("text", JET_coltypText, 20, 0),
        column_of("tags", JET_coltypText, 40, JET_bitColumnTagged | JET_bitColumnMultiValued), column_of("blob", JET_coltypLongBinary, 0, JET_bitColumnTagged)};
    JET_INDEXCREATE indexes[] = {index_of("primary", "+id\0", 5, JET_bitIndexPrimary | JET_bitIndexUnique), index_of("by_number", "+number\0", 9, JET_bitIndexUnique | JET_bitIndexIgnoreNull),
                                 index_of("by_text", "+text\0", 7, 0), index_of("by_tags", "+tags\0", 7, JET_bitIndexIgnoreNull), index_of("by_blob", "+blob\0", 7, JET_bitIndexIgnoreNull)};
    insert_late_rows(s, 1, BLOB_EACH);
    make_early(s, early);
    assert_good(JetCloseTable(s->session, make_table(s, "Last", columns, sizeof columns / sizeof *columns, indexes, sizeof indexes / sizeof *indexes)));
    shrinkable_open_last(s, last);
    insert_late_rows(last, 1, rows);
    assert_good(JetDeleteTable(s->session, s->dbid, "Early"));
}
