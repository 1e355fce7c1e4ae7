/* A new database with one table (sample_table.h). */
#include "sample_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "shared_data.h"

enum { CODE_PAGE_ASCII = 1252, VALUE_ROOM = 1 << 20 };

JET_COLUMNCREATE column_of(const char *name, uint32_t type, uint32_t size, JET_GRBIT grbit)
{
    JET_COLUMNCREATE column = {.cbStruct = sizeof column, .szColumnName = (char *)(uintptr_t)name, .coltyp = type, .cbMax = size, .grbit = grbit};
    if (type == JET_coltypText || type == JET_coltypLongText)
        column.cp = CODE_PAGE_ASCII;
    return column;
}

JET_INDEXCREATE index_of(const char *name, const char *key, uint32_t key_size, JET_GRBIT grbit)
{
    return (JET_INDEXCREATE){.cbStruct = sizeof(JET_INDEXCREATE), .szIndexName = (char *)(uintptr_t)name, .szKey = (char *)(uintptr_t)key, .cbKey = key_size, .grbit = grbit,
                             .ulDensity = 80};
}

JET_TABLEID make_table(struct sample *s, const char *name, JET_COLUMNCREATE *columns, uint32_t column_count, JET_INDEXCREATE *indexes, uint32_t index_count)
{
    JET_TABLECREATE table = {.cbStruct = sizeof table, .szTableName = (char *)(uintptr_t)name, .ulPages = 1, .rgcolumncreate = columns, .cColumns = column_count,
                             .rgindexcreate = indexes, .cIndexes = index_count};
    assert_good(JetBeginTransaction(s->session));
    assert_good(JetCreateTableColumnIndex(s->session, s->dbid, &table));
    assert_good(JetCloseTable(s->session, table.tableid));
    assert_good(JetCommitTransaction(s->session, 0));
    JET_TABLEID opened;
    assert_good(JetOpenTable(s->session, s->dbid, name, NULL, 0, 0, &opened));
    return opened;
}

void sample_start(struct sample *s, uint32_t page_size)
{
    memset(s, 0, sizeof *s);
    live_start(&s->live, page_size);
    sample_create(s);
}

void sample_create(struct sample *s)
{
    s->session = s->live.session;
    assert_good(JetCreateDatabase(s->session, text_of("%s/sample.edb", s->live.folder), NULL, &s->dbid, 0));
    static int32_t zero = 0;
    JET_COLUMNCREATE columns[] = {
        column_of("id", JET_coltypLong, 0, JET_bitColumnFixed | JET_bitColumnNotNULL),
        column_of("number", JET_coltypLong, 0, JET_bitColumnFixed),
        column_of("text", JET_coltypText, 20, 0),
        column_of("padded", JET_coltypText, 8, JET_bitColumnFixed),
        column_of("raw", JET_coltypBinary, 6, JET_bitColumnFixed),
        column_of("tags", JET_coltypText, 40, JET_bitColumnTagged | JET_bitColumnMultiValued),
        column_of("flag", JET_coltypBit, 0, JET_bitColumnFixed),
        column_of("sum", JET_coltypLong, 0, JET_bitColumnFixed | JET_bitColumnEscrowUpdate),
        column_of("version", JET_coltypLong, 0, JET_bitColumnFixed | JET_bitColumnVersion),
        column_of("word", JET_coltypLong, 0, JET_bitColumnTagged),
        column_of("blob", JET_coltypLongBinary, 0, JET_bitColumnTagged),
        column_of("small", JET_coltypLongBinary, 5000, JET_bitColumnTagged),
        column_of("note", JET_coltypLongText, 0, JET_bitColumnTagged),
        column_of("wide", JET_coltypBinary, 255, JET_bitColumnTagged | JET_bitColumnMultiValued),
    };
    JET_COLUMNID *ids[] = {&s->id, &s->number, &s->text, &s->padded, &s->raw, &s->tags, &s->flag, &s->sum, &s->version, &s->word, &s->blob, &s->small, &s->note, &s->wide};
    columns[7].pvDefault = &zero;
    columns[7].cbDefault = sizeof zero;
    columns[12].pvDefault = (char *)(uintptr_t)"none";
    columns[12].cbDefault = 4;
    JET_INDEXCREATE indexes[] = {
        index_of("primary", "+id\0", 5, JET_bitIndexPrimary | JET_bitIndexUnique),
        index_of("by_number", "+number\0", 9, JET_bitIndexUnique | JET_bitIndexIgnoreNull),
        index_of("by_text", "+text\0", 7, 0),
        index_of("by_tags", "+tags\0", 7, JET_bitIndexIgnoreNull),
        index_of("by_blob", "+blob\0", 7, JET_bitIndexIgnoreNull),
    };
    s->table = make_table(s, "Sample", columns, sizeof columns / sizeof *columns, indexes, sizeof indexes / sizeof *indexes);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        JET_COLUMNDEF definition;
        assert_good(JetGetTableColumnInfo(s->session, s->table, columns[i].szColumnName, &definition, sizeof definition, JET_ColInfo));
        *ids[i] = definition.columnid;
    }
}

/* Rows and index entries must agree, references of long values too. */
void sample_stop(struct sample *s)
{
    const char *tool = getenv("ESE_TOOL"), *path = text_of("%s/sample.edb", s->live.folder);
    live_stop(&s->live);
    if (tool != NULL)
        assert_int_equal(system(text_of("'%s' verify -q '%s' > /dev/null", tool, path)), 0); /* NOLINT(cert-env33-c): a test's own command */
}

JET_ERR set_value(struct sample *s, JET_TABLEID table, JET_COLUMNID column, const void *data, uint32_t size, JET_GRBIT grbit, uint32_t offset, uint32_t sequence)
{
    JET_SETINFO info = {.cbStruct = sizeof info, .ibLongValue = offset, .itagSequence = sequence};
    return JetSetColumn(s->session, table, column, data, size, grbit, &info);
}

void set_number(struct sample *s, JET_TABLEID table, JET_COLUMNID column, int32_t value)
{
    assert_good(JetSetColumn(s->session, table, column, &value, sizeof value, 0, NULL));
}

void set_text(struct sample *s, JET_TABLEID table, JET_COLUMNID column, const char *value)
{
    assert_good(JetSetColumn(s->session, table, column, value, (uint32_t)strlen(value), 0, NULL));
}

void insert_sample(struct sample *s, int32_t id, int32_t number, const char *text)
{
    assert_good(JetPrepareUpdate(s->session, s->table, JET_prepInsert));
    set_number(s, s->table, s->id, id);
    set_number(s, s->table, s->number, number);
    set_text(s, s->table, s->text, text);
    assert_good(JetUpdate(s->session, s->table, NULL, 0, NULL));
}

JET_ERR seek_id(struct sample *s, JET_TABLEID table, int32_t id)
{
    assert_good(JetSetCurrentIndex(s->session, table, NULL));
    assert_good(JetMakeKey(s->session, table, &id, sizeof id, JET_bitNewKey));
    return JetSeek(s->session, table, JET_bitSeekEQ);
}

int32_t get_number(struct sample *s, JET_TABLEID table, JET_COLUMNID column, JET_GRBIT grbit)
{
    int32_t value = 0;
    uint32_t actual;
    assert_good(JetRetrieveColumn(s->session, table, column, &value, sizeof value, &actual, grbit, NULL));
    assert_int_equal(actual, sizeof value);
    return value;
}

const uint8_t *get_bytes(struct sample *s, JET_TABLEID table, JET_COLUMNID column, JET_GRBIT grbit, uint32_t *size)
{
    static uint8_t room[VALUE_ROOM];
    JET_ERR err = JetRetrieveColumn(s->session, table, column, room, sizeof room, size, grbit, NULL);
    if (err == JET_wrnColumnNull)
        *size = UINT32_MAX;
    else
        assert_err(err, JET_errSuccess);
    return room;
}

const char *get_text(struct sample *s, JET_TABLEID table, JET_COLUMNID column, uint32_t sequence, JET_GRBIT grbit)
{
    static char rooms[4][300];
    static unsigned turn;
    char *room = rooms[turn++ % 4];
    uint32_t size;
    JET_RETINFO info = {.cbStruct = sizeof info, .itagSequence = sequence};
    JET_ERR err = JetRetrieveColumn(s->session, table, column, room, 299, &size, grbit, &info);
    if (err == JET_wrnColumnNull)
        return "(null)";
    assert_err(err, JET_errSuccess);
    room[size] = 0;
    return room;
}

uint32_t count_values(struct sample *s, JET_TABLEID table, JET_COLUMNID column, JET_GRBIT grbit)
{
    JET_RETRIEVECOLUMN retrieve = {.columnid = column, .grbit = grbit};
    JET_ERR err = JetRetrieveColumns(s->session, table, &retrieve, 1);
    assert_true(err >= 0);
    return retrieve.itagSequence;
}

const char *ids_by(struct sample *s, JET_TABLEID table, const char *index)
{
    static char list[4096];
    size_t at = 0;
    list[0] = 0;
    assert_good(JetSetCurrentIndex(s->session, table, index));
    for (JET_ERR err = JetMove(s->session, table, JET_MoveFirst, 0); err != JET_errNoCurrentRecord; err = JetMove(s->session, table, JET_MoveNext, 0)) {
        assert_err(err, JET_errSuccess);
        at += (size_t)snprintf(list + at, sizeof list - at, at == 0 ? "%d" : " %d", (int)get_number(s, table, s->id, 0));
        assert_true(at < sizeof list);
    }
    return list;
}
