/* Schema changes through the public calls: tables, columns and indexes made, changed, deleted; what the structures say afterwards; what is refused. */
#include "cmocka_all.h"

#define ESENT_PRIVATE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <uchar.h>

#include "live_instance.h"
#include "shared_data.h"

struct fixture {
    struct live_instance live;
    JET_DBID dbid;
    JET_SESID session;
};

static struct fixture start(void)
{
    struct fixture f;
    memset(&f, 0, sizeof f);
    live_start(&f.live, 4096);
    f.session = f.live.session;
    f.live.database = text_of("%s/new.edb", f.live.folder);
    assert_good(JetCreateDatabase(f.session, f.live.database, NULL, &f.dbid, 0));
    return f;
}

static void stop(struct fixture *f) { live_stop(&f->live); }

static JET_TABLEID make_table(struct fixture *f, const char *name)
{
    JET_TABLEID table = 0;
    assert_good(JetCreateTable(f->session, f->dbid, name, 0, 0, &table));
    assert_true(table != JET_tableidNil && table != 0);
    return table;
}

static JET_COLUMNID add_column(struct fixture *f, JET_TABLEID table, const char *name, JET_COLTYP type, uint32_t most, JET_GRBIT grbit)
{
    JET_COLUMNDEF def = {.cbStruct = sizeof def, .coltyp = type, .cbMax = most, .grbit = grbit, .cp = 1252};
    JET_COLUMNID id = 0;
    assert_good(JetAddColumn(f->session, table, name, &def, NULL, 0, &id));
    assert_true(id != 0);
    return id;
}

static void a_table_is_made_with_its_columns_and_indexes(void **state)
{
    (void)state;
    struct fixture f = start();
    int32_t number = 7;
    char name[] = "Goods", id[] = "Id", text[] = "Name", amount[] = "Amount", tags[] = "Tags";
    JET_COLUMNCREATE_A columns[] = {{sizeof columns[0], id, JET_coltypLong, 0, JET_bitColumnAutoincrement, NULL, 0, 0, 0, -1},
                                    {sizeof columns[0], text, JET_coltypText, 100, JET_bitColumnNotNULL, NULL, 0, 1252, 0, -1},
                                    {sizeof columns[0], amount, JET_coltypLong, 0, 0, &number, sizeof number, 0, 0, -1},
                                    {sizeof columns[0], tags, JET_coltypLongText, 0, JET_bitColumnMultiValued | JET_bitColumnTagged, NULL, 0, 1252, 0, -1}};
    char primary[] = "primary", by_name[] = "by name and amount", by_tag[] = "by_tag", primary_key[] = "+Id\0", name_key[] = "+Name\0-Amount\0", tag_key[] = "+Tags\0";
    JET_CONDITIONALCOLUMN_A condition = {sizeof condition, amount, JET_bitIndexColumnMustBeNonNull};
    JET_TUPLELIMITS limits = {2, 20, 100, 2, 1};
    JET_INDEXCREATE3_A indexes[3] = {
        {.cbStruct = sizeof indexes[0], .szIndexName = primary, .szKey = primary_key, .cbKey = sizeof primary_key, .grbit = JET_bitIndexPrimary, .ulDensity = 90, .err = -1},
        {.cbStruct = sizeof indexes[0], .szIndexName = by_name, .szKey = name_key, .cbKey = sizeof name_key, .grbit = JET_bitIndexUnique | JET_bitIndexKeyMost, .cbVarSegMac = 40,
         .rgconditionalcolumn = &condition, .cConditionalColumn = 1, .cbKeyMost = 300, .err = -1},
        {.cbStruct = sizeof indexes[0], .szIndexName = by_tag, .szKey = tag_key, .cbKey = sizeof tag_key, .grbit = JET_bitIndexTuples | JET_bitIndexTupleLimits, .ptuplelimits = &limits, .err = -1}};
    JET_SPACEHINTS hints = {.cbStruct = sizeof hints, .ulInitialDensity = 85, .cbInitial = 8 * 4096};
    JET_TABLECREATE4_A table = {.cbStruct = sizeof table, .szTableName = name, .ulPages = 4, .ulDensity = 80, .rgcolumncreate = columns, .cColumns = 4, .rgindexcreate = indexes,
                                .cIndexes = 3, .pLVSpacehints = &hints, .cbSeparateLV = 500};
    assert_good(JetCreateTableColumnIndex4A(f.session, f.dbid, &table));
    assert_int_equal(table.cCreated, 8);
    assert_true(table.tableid != JET_tableidNil);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(columns[i].err, JET_errSuccess);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(indexes[i].err, JET_errSuccess);
    assert_int_equal(columns[0].columnid, 1);
    assert_int_equal(columns[1].columnid, 128);
    assert_int_equal(columns[2].columnid, 2);
    assert_int_equal(columns[3].columnid, 256);

    JET_COLUMNDEF def;
    assert_good(JetGetTableColumnInfo(f.session, table.tableid, "amount", &def, sizeof def, JET_ColInfo));
    assert_int_equal(def.coltyp, JET_coltypLong);
    assert_int_equal(def.columnid, 2);
    assert_good(JetGetTableColumnInfo(f.session, table.tableid, "Name", &def, sizeof def, JET_ColInfo));
    assert_int_equal(def.cbMax, 100);
    assert_true((def.grbit & JET_bitColumnNotNULL) != 0);
    uint16_t most;
    uint32_t count;
    assert_good(JetGetTableIndexInfo(f.session, table.tableid, by_name, &most, sizeof most, JET_IdxInfoVarSegMac));
    assert_int_equal(most, 40);
    assert_good(JetGetTableIndexInfo(f.session, table.tableid, by_name, &most, sizeof most, JET_IdxInfoKeyMost));
    assert_int_equal(most, 300);
    assert_good(JetGetTableIndexInfo(f.session, table.tableid, NULL, &count, sizeof count, JET_IdxInfoCount));
    assert_int_equal(count, 3);
    assert_good(JetCloseTable(f.session, table.tableid));

    /* the same again is refused, and everything that was to be answered is */
    assert_err(JetCreateTableColumnIndex4A(f.session, f.dbid, &table), JET_errTableDuplicate);
    assert_true(table.tableid == JET_tableidNil);
    JET_TABLEID again;
    assert_good(JetOpenTable(f.session, f.dbid, "goods", NULL, 0, 0, &again));
    stop(&f);
}

static void wide_text_and_the_older_structures_make_the_same_table(void **state)
{
    (void)state;
    struct fixture f = start();
    char16_t name[] = u"Gr\u00FC\u00DFe", id[] = u"Schl\u00FCssel", key[] = u"+Schl\u00FCssel\0", index[] = u"erster";
    JET_COLUMNCREATE_W column = {sizeof column, id, JET_coltypLong, 0, JET_bitColumnNotNULL, NULL, 0, 0, 0, -1};
    JET_INDEXCREATEOLD_W old = {.cbStruct = sizeof old, .szIndexName = index, .szKey = key, .cbKey = sizeof key, .grbit = JET_bitIndexPrimary, .err = -1};
    JET_TABLECREATE2_W table = {.cbStruct = sizeof table, .szTableName = name, .rgcolumncreate = &column, .cColumns = 1, .rgindexcreate = (JET_INDEXCREATE_W *)(void *)&old, .cIndexes = 1};
    assert_good(JetCreateTableColumnIndex2W(f.session, f.dbid, &table));
    assert_int_equal(table.cCreated, 3);
    assert_int_equal(old.err, JET_errSuccess);
    assert_int_equal(column.err, JET_errSuccess);
    JET_COLUMNDEF def;
    assert_good(JetGetTableColumnInfo(f.session, table.tableid, "schl\xC3\xBCssel", &def, sizeof def, JET_ColInfo));
    assert_int_equal(def.columnid, column.columnid);
    assert_good(JetCloseTable(f.session, table.tableid));
    JET_TABLEID again;
    assert_good(JetOpenTable(f.session, f.dbid, "Gr\xC3\xBC\xC3\x9F" "e", NULL, 0, 0, &again));
    stop(&f);
}

static void each_part_says_what_was_wrong_with_it_and_nothing_is_left(void **state)
{
    (void)state;
    struct fixture f = start();
    char name[] = "T", a[] = "a", b[] = "b", key[] = "+a\0", bad_key[] = "+none\0", index[] = "i", second[] = "j";
    JET_COLUMNCREATE_A columns[] = {{sizeof columns[0], a, JET_coltypLong, 0, 0, NULL, 0, 0, 0, 0}, {sizeof columns[0], b, 77, 0, 0, NULL, 0, 0, 0, 0}};
    JET_INDEXCREATE_A indexes[] = {{.cbStruct = sizeof indexes[0], .szIndexName = index, .szKey = key, .cbKey = sizeof key},
                                   {.cbStruct = sizeof indexes[0], .szIndexName = second, .szKey = bad_key, .cbKey = sizeof bad_key}};
    JET_TABLECREATE_A table = {.cbStruct = sizeof table, .szTableName = name, .rgcolumncreate = columns, .cColumns = 2, .rgindexcreate = indexes, .cIndexes = 2, .tableid = 5};
    JET_TABLEID open;
    assert_err(JetCreateTableColumnIndexA(f.session, f.dbid, &table), JET_errInvalidColumnType);
    assert_int_equal(columns[1].err, JET_errInvalidColumnType);
    assert_true(table.tableid == JET_tableidNil);
    assert_err(JetOpenTable(f.session, f.dbid, "T", NULL, 0, 0, &open), JET_errObjectNotFound);
    columns[1].coltyp = JET_coltypBinary;
    assert_err(JetCreateTableColumnIndexA(f.session, f.dbid, &table), JET_errColumnNotFound);
    assert_int_equal(indexes[1].err, JET_errColumnNotFound);
    assert_int_equal(indexes[0].err, JET_errSuccess);
    assert_err(JetOpenTable(f.session, f.dbid, "T", NULL, 0, 0, &open), JET_errObjectNotFound);
    indexes[1].cbStruct = 60;
    assert_err(JetCreateTableColumnIndexA(f.session, f.dbid, &table), JET_errInvalidParameter);
    table.rgindexcreate = NULL;
    assert_err(JetCreateTableColumnIndexA(f.session, f.dbid, &table), JET_errInvalidCreateIndex);
    table.cIndexes = 0;
    table.rgcolumncreate = NULL;
    assert_err(JetCreateTableColumnIndexA(f.session, f.dbid, &table), JET_errInvalidParameter);
    table.cColumns = 0;
    table.cbStruct--;
    assert_err(JetCreateTableColumnIndexA(f.session, f.dbid, &table), JET_errInvalidParameter);
    table.cbStruct++;
    table.grbit = JET_bitTableCreateNoFixedVarColumnsInDerivedTables;
    assert_err(JetCreateTableColumnIndexA(f.session, f.dbid, &table), JET_errInvalidGrbit);
    table.grbit = JET_bitTableCreateTemplateTable;
    table.szTemplateTableName = name;
    assert_err(JetCreateTableColumnIndexA(f.session, f.dbid, &table), JET_errCannotNestDDL);
    assert_err(JetCreateTableColumnIndexA(f.session, f.dbid, NULL), JET_errInvalidParameter);
    assert_err(JetCreateTable(f.session, f.dbid, "T", 0, 0, NULL), JET_errInvalidParameter);
    assert_err(JetCreateTable(f.session, f.dbid, "T!", 0, 0, &open), JET_errInvalidName);
    assert_err(JetCreateTable(f.session, f.dbid, "T", 0, 10, &open), JET_errDensityInvalid);
    assert_true(open == JET_tableidNil);
    assert_err(JetCreateTable(f.session, f.dbid + 1, "T", 0, 0, &open), JET_errInvalidDatabaseId);
    stop(&f);
}

static void constant_structures_are_not_written_to(void **state)
{
    (void)state;
    struct fixture f = start();
    struct constant {
        char name[8], column_name[8], key[8], index_name[8];
        JET_COLUMNCREATE_A column;
        JET_INDEXCREATE_A index;
        JET_TABLECREATE_A table;
    } *c = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(c != MAP_FAILED);
    memcpy(c->name, "Const", 6);
    memcpy(c->column_name, "c", 2);
    memcpy(c->key, "+c\0", 4);
    memcpy(c->index_name, "i", 2);
    c->column = (JET_COLUMNCREATE_A){.cbStruct = sizeof c->column, .szColumnName = c->column_name, .coltyp = JET_coltypLong};
    c->index = (JET_INDEXCREATE_A){.cbStruct = sizeof c->index, .szIndexName = c->index_name, .szKey = c->key, .cbKey = 4, .grbit = JET_bitIndexPrimary};
    c->table = (JET_TABLECREATE_A){.cbStruct = sizeof c->table, .szTableName = c->name, .rgcolumncreate = &c->column, .cColumns = 1, .rgindexcreate = &c->index, .cIndexes = 1,
                                   .grbit = JET_bitTableCreateImmutableStructure, .tableid = 5};
    assert_int_equal(mprotect(c, 4096, PROT_READ), 0);
    assert_good(JetCreateTableColumnIndexA(f.session, f.dbid, &c->table));
    assert_true(c->table.tableid == 5);
    JET_TABLEID table;
    assert_good(JetOpenTable(f.session, f.dbid, "Const", NULL, 0, 0, &table));
    assert_good(JetCloseTable(f.session, table));
    assert_int_equal(munmap(c, 4096), 0);
    stop(&f);
}

static void a_schema_change_goes_with_its_transaction(void **state)
{
    (void)state;
    struct fixture f = start();
    JET_TABLEID table, other;
    JET_COLUMNDEF def;
    assert_good(JetBeginTransaction(f.session));
    table = make_table(&f, "T");
    add_column(&f, table, "c", JET_coltypLong, 0, 0);
    assert_good(JetGetTableColumnInfo(f.session, table, "c", &def, sizeof def, JET_ColInfo));
    assert_good(JetRollback(f.session, 0));
    assert_err(JetCloseTable(f.session, table), JET_errInvalidTableId);
    assert_err(JetOpenTable(f.session, f.dbid, "T", NULL, 0, 0, &other), JET_errObjectNotFound);

    table = make_table(&f, "T");
    assert_good(JetBeginTransaction(f.session));
    add_column(&f, table, "c", JET_coltypLong, 0, 0);
    assert_good(JetCreateIndex(f.session, table, "i", 0, "+c\0", 4, 0));
    assert_good(JetRollback(f.session, 0));
    assert_err(JetGetTableColumnInfo(f.session, table, "c", &def, sizeof def, JET_ColInfo), JET_errColumnNotFound);
    assert_err(JetSetCurrentIndex(f.session, table, "i"), JET_errIndexNotFound);
    assert_good(JetBeginTransaction(f.session));
    add_column(&f, table, "c", JET_coltypLong, 0, 0);
    assert_good(JetCreateIndex(f.session, table, "i", 0, "+c\0", 4, 0));
    assert_good(JetCommitTransaction(f.session, 0));
    assert_good(JetGetTableColumnInfo(f.session, table, "c", &def, sizeof def, JET_ColInfo));
    assert_good(JetCloseTable(f.session, table));

    assert_good(JetBeginTransaction2(f.session, JET_bitTransactionReadOnly));
    assert_err(JetCreateTable(f.session, f.dbid, "U", 0, 0, &other), JET_errTransReadOnly);
    assert_err(JetDeleteTable(f.session, f.dbid, "T"), JET_errTransReadOnly);
    assert_good(JetRollback(f.session, 0));
    stop(&f);
}

static void columns_are_added_renamed_and_deleted(void **state)
{
    (void)state;
    struct fixture f = start();
    JET_TABLEID table = make_table(&f, "T");
    JET_COLUMNDEF def = {.cbStruct = sizeof def, .coltyp = JET_coltypText, .cbMax = 300, .cp = 1252}, got;
    JET_COLUMNID id;
    assert_err(JetAddColumnA(f.session, table, "long", &def, NULL, 0, &id), JET_wrnColumnMaxTruncated);
    assert_int_equal(id, 128);
    def.cbMax = 10;
    assert_good(JetAddColumnA(f.session, table, "text", &def, "abc", 3, NULL));
    assert_err(JetAddColumnA(f.session, table, "text", &def, NULL, 0, NULL), JET_errColumnDuplicate);
    assert_err(JetAddColumnA(f.session, table, "t2", &def, NULL, 4, NULL), JET_errInvalidParameter);
    assert_err(JetAddColumnA(f.session, table, "t2", NULL, NULL, 0, NULL), JET_errInvalidParameter);
    assert_err(JetAddColumnA(f.session, table, NULL, &def, NULL, 0, NULL), JET_errInvalidName);
    def.cbStruct--;
    assert_err(JetAddColumnA(f.session, table, "t2", &def, NULL, 0, NULL), JET_errInvalidParameter);
    def.cbStruct++;
    def.grbit = JET_bitColumnUserDefinedDefault | JET_bitColumnTagged;
    assert_err(JetAddColumnA(f.session, table, "t2", &def, "abc", 3, NULL), JET_errInvalidParameter);
    def.grbit = JET_bitColumnUnversioned;
    assert_good(JetBeginTransaction(f.session));
    JET_TABLEID shared; /* the cursor that made the table has it alone */
    assert_good(JetOpenTable(f.session, f.dbid, "T", NULL, 0, 0, &shared));
    assert_err(JetAddColumnA(f.session, shared, "t2", &def, NULL, 0, NULL), JET_errInTransaction);
    assert_good(JetCloseTable(f.session, shared));
    assert_err(JetRenameColumnA(f.session, table, "text", "words", 0), JET_errInTransaction);
    assert_good(JetCommitTransaction(f.session, 0));
    assert_good(JetAddColumnW(f.session, table, u"t2", &def, NULL, 0, NULL));

    assert_good(JetRenameColumnW(f.session, table, u"text", u"words", 0));
    assert_good(JetGetTableColumnInfo(f.session, table, "words", &got, sizeof got, JET_ColInfo));
    assert_err(JetGetTableColumnInfo(f.session, table, "text", &got, sizeof got, JET_ColInfo), JET_errColumnNotFound);
    assert_err(JetRenameColumnA(f.session, table, "words", "long", 0), JET_errColumnDuplicate);
    assert_err(JetRenameColumnA(f.session, table, "words", NULL, 0), JET_errInvalidParameter);
    assert_err(JetRenameColumnA(f.session, table, "words", "w", 1), JET_errInvalidGrbit);

    assert_good(JetCreateIndex(f.session, table, "i", 0, "+words\0", 8, 0));
    assert_err(JetDeleteColumn(f.session, table, "words"), JET_errColumnInUse);
    assert_good(JetDeleteIndex(f.session, table, "i"));
    assert_good(JetDeleteColumn2(f.session, table, "words", JET_bitDeleteColumnIgnoreTemplateColumns));
    assert_err(JetDeleteColumnW(f.session, table, u"words"), JET_errColumnNotFound);
    assert_err(JetDeleteColumn2(f.session, table, "long", 2), JET_errInvalidGrbit);
    assert_good(JetCloseTable(f.session, table));

    assert_good(JetOpenTable(f.session, f.dbid, "T", NULL, 0, JET_bitTableReadOnly, &table));
    assert_err(JetAddColumnA(f.session, table, "x", &def, NULL, 0, NULL), JET_errPermissionDenied);
    assert_err(JetDeleteIndex(f.session, table, "x"), JET_errPermissionDenied);
    assert_good(JetCloseTable(f.session, table));

    assert_good(JetSetColumnDefaultValueA(f.session, f.dbid, "T", "long", "new", 3, 0));
    assert_good(JetSetColumnDefaultValueW(f.session, f.dbid, u"T", u"long", "newer", 5, 0));
    assert_err(JetSetColumnDefaultValueA(f.session, f.dbid, "T", "long", NULL, 0, 0), JET_errNullInvalid);
    assert_err(JetSetColumnDefaultValueA(f.session, f.dbid, "T", "none", "x", 1, 0), JET_errColumnNotFound);
    assert_err(JetSetColumnDefaultValueA(f.session, f.dbid, "none", "long", "x", 1, 0), JET_errObjectNotFound);
    stop(&f);
}

/* One index over column "c"; what JetCreateIndex answers. */
static JET_ERR try_key(struct fixture *f, JET_TABLEID table, const char *name, const void *key, uint32_t size) { return JetCreateIndexA(f->session, table, name, 0, key, size, 0); }

static void keys_carry_a_locale_and_a_segment_limit_behind_them(void **state)
{
    (void)state;
    struct fixture f = start();
    JET_TABLEID table = make_table(&f, "T");
    uint32_t lcid;
    uint16_t most;
    add_column(&f, table, "c", JET_coltypText, 100, 0);
    assert_good(try_key(&f, table, "plain", "+c\0", 4));
    assert_good(try_key(&f, table, "german", "+c\0\0\x07\x04\0", 8));
    assert_good(JetGetTableIndexInfo(f.session, table, "german", &lcid, sizeof lcid, JET_IdxInfoLCID));
    assert_int_equal(lcid, 0x407);
    assert_good(try_key(&f, table, "cut", "+c\0\0\x09\x04\0\0\x1E\0", 11));
    assert_good(JetGetTableIndexInfo(f.session, table, "cut", &most, sizeof most, JET_IdxInfoVarSegMac));
    assert_int_equal(most, 30);
    assert_good(JetCreateIndexW(f.session, table, u"wide", 0, u"-c\0\0\x0407\0", 8 + 2 + 4, 0));
    assert_good(JetGetTableIndexInfo(f.session, table, "wide", &lcid, sizeof lcid, JET_IdxInfoLCID));
    assert_int_equal(lcid, 0x407);
    assert_err(try_key(&f, table, "x", "+c\0\0\xFF\x7F\0", 8), JET_errInvalidLanguageId);
    assert_err(try_key(&f, table, "x", "+c\0\0\x07\x04", 6), JET_errIndexInvalidDef);
    assert_err(try_key(&f, table, "x", "+c\0\0\x07\x04\1", 8), JET_errIndexInvalidDef);
    assert_err(try_key(&f, table, "x", "+c", 3), JET_errIndexInvalidDef);
    assert_err(try_key(&f, table, "x", "c\0", 3), JET_errIndexInvalidDef);
    assert_err(try_key(&f, table, "x", "\0", 2), JET_errIndexInvalidDef);
    assert_err(try_key(&f, table, "x", "+c\0", 0), JET_errInvalidParameter);
    assert_err(try_key(&f, table, "x", NULL, 4), JET_errInvalidParameter);
    assert_err(try_key(&f, table, "plain", "+c\0", 4), JET_errIndexDuplicate);
    stop(&f);
}

static void index_structures_are_checked_by_version(void **state)
{
    (void)state;
    struct fixture f = start();
    JET_TABLEID table = make_table(&f, "T");
    char name[] = "i", key[] = "+c\0", c[] = "c";
    char16_t locale[] = u"de-DE", wrong[] = u"d\u00E9";
    add_column(&f, table, "c", JET_coltypText, 100, 0);
    JET_UNICODEINDEX unicode = {0x407, 0x30401};
    JET_UNICODEINDEX2 unicode2 = {locale, 0x30401};
    JET_INDEXCREATE3_A x = {.cbStruct = sizeof x, .szIndexName = name, .szKey = key, .cbKey = sizeof key, .pidxunicode = &unicode2, .err = 5};
    assert_err(JetCreateIndex4A(f.session, table, &x, 1), JET_errInvalidParameter); /* a collation without its bit */
    assert_int_equal(x.err, JET_errInvalidParameter);
    x.pidxunicode = NULL;
    x.grbit = JET_bitIndexUnicode;
    assert_err(JetCreateIndex4A(f.session, table, &x, 1), JET_errInvalidParameter);
    x.pidxunicode = &unicode2;
    unicode2.szLocaleName = wrong;
    assert_err(JetCreateIndex4A(f.session, table, &x, 1), JET_errInvalidLanguageId);
    unicode2.szLocaleName = locale;
    assert_good(JetCreateIndex4A(f.session, table, &x, 1));
    assert_int_equal(x.err, JET_errSuccess);
    char16_t found[20];
    assert_good(JetGetTableIndexInfoW(f.session, table, u"i", found, sizeof found, JET_IdxInfoLocaleName));
    assert_memory_equal(found, locale, sizeof locale);

    JET_INDEXCREATE2_A y = {.cbStruct = sizeof y, .szIndexName = name, .szKey = key, .cbKey = sizeof key, .grbit = JET_bitIndexUnicode};
    assert_err(JetCreateIndex3A(f.session, table, &y, 1), JET_errIndexInvalidDef);
    name[0] = 'j';
    y.pidxunicode = &unicode;
    JET_SPACEHINTS hints = {.cbStruct = sizeof hints - 1};
    y.pSpacehints = &hints;
    assert_err(JetCreateIndex3A(f.session, table, &y, 1), JET_errInvalidParameter);
    hints.cbStruct++;
    hints.ulInitialDensity = 5;
    assert_true(JetCreateIndex3A(f.session, table, &y, 1) < 0);
    hints.ulInitialDensity = 90;
    JET_CONDITIONALCOLUMN_A condition = {.cbStruct = 1, .szColumnName = c, .grbit = JET_bitIndexColumnMustBeNull};
    y.rgconditionalcolumn = &condition;
    y.cConditionalColumn = 1;
    assert_err(JetCreateIndex3A(f.session, table, &y, 1), JET_errIndexInvalidDef);
    condition.cbStruct = sizeof condition;
    assert_good(JetCreateIndex3A(f.session, table, &y, 1));
    uint32_t lcid;
    assert_good(JetGetTableIndexInfo(f.session, table, "j", &lcid, sizeof lcid, JET_IdxInfoLCID));
    assert_int_equal(lcid, 0x407);

    JET_INDEXCREATE_A z[2] = {{.cbStruct = sizeof z[0], .szIndexName = name, .szKey = key, .cbKey = sizeof key, .grbit = JET_bitIndexUnversioned}, {.cbStruct = sizeof z[0]}};
    assert_err(JetCreateIndex2A(f.session, table, z, 2), JET_errInvalidParameter); /* the second has no key */
    assert_int_equal(z[1].err, JET_errInvalidParameter);
    assert_good(JetBeginTransaction(f.session));
    JET_TABLEID shared;
    assert_good(JetOpenTable(f.session, f.dbid, "T", NULL, 0, 0, &shared));
    assert_err(JetCreateIndex2A(f.session, shared, z, 1), JET_errInTransaction);
    assert_good(JetCloseTable(f.session, shared));
    assert_good(JetCommitTransaction(f.session, 0));
    assert_good(JetCreateIndex2A(f.session, table, z, 0));
    assert_err(JetCreateIndex2A(f.session, table, NULL, 1), JET_errInvalidParameter);
    z[0].grbit = JET_bitIndexTupleLimits;
    assert_err(JetCreateIndex2A(f.session, table, z, 1), JET_errIndexInvalidDef);
    stop(&f);
}

static void indexes_and_tables_are_deleted_and_renamed(void **state)
{
    (void)state;
    struct fixture f = start();
    JET_TABLEID table = make_table(&f, "T"), other;
    add_column(&f, table, "c", JET_coltypLong, 0, 0);
    assert_good(JetCreateIndexA(f.session, table, "first", JET_bitIndexPrimary, "+c\0", 4, 100));
    assert_good(JetCreateIndexA(f.session, table, "second", 0, "-c\0", 4, 100));
    assert_err(JetCreateIndexA(f.session, table, "third", JET_bitIndexPrimary, "-c\0", 4, 100), JET_errIndexHasPrimary);
    assert_err(JetCreateIndexA(f.session, table, "third", 0, "-c\0", 4, 101), JET_errDensityInvalid);
    (void)JetSetCurrentIndex(f.session, table, "second");
    assert_err(JetDeleteIndex(f.session, table, "Second"), JET_errIndexInUse);
    (void)JetSetCurrentIndex(f.session, table, NULL);
    assert_good(JetDeleteIndexW(f.session, table, u"SECOND"));
    assert_err(JetDeleteIndex(f.session, table, "second"), JET_errIndexNotFound);
    assert_err(JetDeleteIndex(f.session, table, "first"), JET_errIndexMustStay);
    assert_err(JetDeleteIndex(f.session, table, NULL), JET_errInvalidName);
    assert_good(JetCloseTable(f.session, table));

    assert_good(JetRenameTableA(f.session, f.dbid, "T", "U"));
    assert_err(JetOpenTable(f.session, f.dbid, "T", NULL, 0, 0, &other), JET_errObjectNotFound);
    assert_good(JetRenameTableW(f.session, f.dbid, u"U", u"V"));
    make_table(&f, "W");
    assert_err(JetRenameTableA(f.session, f.dbid, "V", "W"), JET_errTableDuplicate);
    assert_err(JetRenameTableA(f.session, f.dbid, "none", "X"), JET_errObjectNotFound);
    assert_err(JetRenameTableA(f.session, f.dbid, "V", NULL), JET_errInvalidParameter);
    assert_good(JetDeleteTableW(f.session, f.dbid, u"V"));
    assert_err(JetDeleteTableA(f.session, f.dbid, "V"), JET_errObjectNotFound);
    assert_err(JetDeleteTable2A(f.session, f.dbid, "W", 0x80), JET_errInvalidGrbit);
    stop(&f);
}

static void temporary_tables_have_no_schema_changes(void **state)
{
    (void)state;
    struct fixture f = start();
    JET_COLUMNDEF def = {.cbStruct = sizeof def, .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey};
    JET_COLUMNID id;
    JET_TABLEID table;
    assert_good(JetOpenTempTable(f.session, &def, 1, 0, &table, &id));
    def.grbit = 0;
    assert_err(JetAddColumnA(f.session, table, "c", &def, NULL, 0, NULL), JET_errIllegalOperation);
    assert_err(JetDeleteColumnA(f.session, table, "c"), JET_errIllegalOperation);
    assert_err(JetRenameColumnA(f.session, table, "c", "d", 0), JET_errIllegalOperation);
    assert_err(JetCreateIndexA(f.session, table, "i", 0, "+c\0", 4, 0), JET_errIllegalOperation);
    assert_err(JetDeleteIndexA(f.session, table, "i"), JET_errIllegalOperation);
    stop(&f);
}

static JET_ERR make_from(struct fixture *f, const char *name, const char *template_name, JET_GRBIT grbit, JET_TABLEID *table)
{
    JET_TABLECREATE_A create = {.cbStruct = sizeof create, .szTableName = (char *)(uintptr_t)name, .szTemplateTableName = (char *)(uintptr_t)template_name, .grbit = grbit};
    JET_ERR err = JetCreateTableColumnIndexA(f->session, f->dbid, &create);
    *table = create.tableid;
    return err;
}

static void a_template_takes_tagged_columns_while_no_table_derived_from_it_is_in_use(void **state)
{
    (void)state;
    struct fixture f = start();
    JET_TABLEID template, derived;
    JET_COLUMNDEF tagged = {.cbStruct = sizeof tagged, .coltyp = JET_coltypLong, .grbit = JET_bitColumnTagged}, fixed = {.cbStruct = sizeof fixed, .coltyp = JET_coltypLong}, got;
    JET_COLUMNDEF long_text = {.cbStruct = sizeof long_text, .coltyp = JET_coltypLongText, .cp = 1252};
    const JET_GRBIT permitted = JET_bitTablePermitDDL | JET_bitTableDenyRead;
    JET_COLUMNID id, own;
    uint32_t number = 0;
    assert_good(make_from(&f, "Base", NULL, JET_bitTableCreateTemplateTable, &template));
    assert_err(JetAddColumn(f.session, template, "late", &tagged, NULL, 0, &id), JET_errFixedDDL); /* not even through the cursor that made it */
    assert_good(JetCloseTable(f.session, template));
    assert_good(make_from(&f, "Derived", "Base", 0, &derived));
    own = add_column(&f, derived, "own", JET_coltypLong, 0, JET_bitColumnTagged);
    assert_err(JetOpenTable(f.session, f.dbid, "Base", NULL, 0, permitted, &template), JET_errTableInUse);
    assert_good(JetCloseTable(f.session, derived));
    assert_good(JetOpenTable(f.session, f.dbid, "Base", NULL, 0, JET_bitTableDenyRead, &template));
    assert_err(JetAddColumn(f.session, template, "late", &tagged, NULL, 0, &id), JET_errFixedDDL);
    assert_good(JetCloseTable(f.session, template));
    assert_good(JetOpenTable(f.session, f.dbid, "Base", NULL, 0, permitted, &template));
    assert_err(JetAddColumn(f.session, template, "fixed", &fixed, NULL, 0, &id), JET_errFixedDDL);
    assert_err(JetCreateIndex(f.session, template, "i", 0, "+late\0", 7, 0), JET_errFixedDDL);
    assert_good(JetAddColumn(f.session, template, "late", &tagged, NULL, 0, &id));
    assert_good(JetAddColumn(f.session, template, "later", &long_text, NULL, 0, NULL));
    assert_good(JetCloseTable(f.session, template));
    assert_good(JetOpenTable(f.session, f.dbid, "Derived", NULL, 0, 0, &derived));
    assert_good(JetGetTableColumnInfo(f.session, derived, "late", &got, sizeof got, JET_ColInfo));
    assert_int_equal(got.columnid, id); /* the bit of the template in both */
    assert_good(JetGetTableColumnInfo(f.session, derived, "later", &got, sizeof got, JET_ColInfo));
    assert_good(JetBeginTransaction(f.session));
    assert_good(JetPrepareUpdate(f.session, derived, JET_prepInsert));
    assert_good(JetSetColumn(f.session, derived, id, &(uint32_t){11}, 4, 0, NULL));
    assert_good(JetSetColumn(f.session, derived, own, &(uint32_t){22}, 4, 0, NULL));
    assert_good(JetUpdate(f.session, derived, NULL, 0, NULL));
    assert_good(JetCommitTransaction(f.session, 0));
    assert_good(JetMove(f.session, derived, JET_MoveFirst, 0));
    assert_good(JetRetrieveColumn(f.session, derived, id, &number, sizeof number, NULL, 0, NULL));
    assert_int_equal(number, 11);
    assert_good(JetRetrieveColumn(f.session, derived, own, &number, sizeof number, NULL, 0, NULL));
    assert_int_equal(number, 22);
    assert_good(JetCloseTable(f.session, derived));
    stop(&f);
}

static void a_column_is_renamed_through_a_cursor_that_reads_too(void **state)
{
    (void)state;
    struct fixture f = start();
    JET_TABLEID table = make_table(&f, "T");
    JET_COLUMNDEF def = {.cbStruct = sizeof def, .coltyp = JET_coltypLong};
    (void)add_column(&f, table, "old", JET_coltypLong, 0, 0);
    assert_good(JetCloseTable(f.session, table));
    assert_good(JetOpenTable(f.session, f.dbid, "T", NULL, 0, JET_bitTableReadOnly, &table));
    assert_err(JetAddColumn(f.session, table, "more", &def, NULL, 0, NULL), JET_errPermissionDenied);
    assert_good(JetRenameColumn(f.session, table, "old", "new", 0));
    assert_good(JetGetTableColumnInfo(f.session, table, "new", &def, sizeof def, JET_ColInfo));
    assert_good(JetCloseTable(f.session, table));
    assert_good(JetCloseDatabase(f.session, f.dbid, 0));
    assert_good(JetOpenDatabase(f.session, f.live.database, NULL, &f.dbid, JET_bitDbReadOnly));
    assert_good(JetOpenTable(f.session, f.dbid, "T", NULL, 0, 0, &table));
    assert_err(JetRenameColumn(f.session, table, "new", "newer", 0), JET_errPermissionDenied);
    assert_good(JetCloseTable(f.session, table));
    stop(&f);
}

static void set_callbacks(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramEnablePersistedCallbacks, 1, NULL)); }

static void a_callback_is_looked_for_when_all_else_is_right(void **state)
{
    (void)state;
    live_configure = set_callbacks;
    struct fixture f = start();
    live_configure = NULL;
    JET_TABLEID table = make_table(&f, "T");
    char lost[] = "!no_such_function", name[] = "c", table_name[] = "Lost";
    JET_USERDEFINEDDEFAULT_A given = {.szCallback = lost};
    JET_COLUMNDEF def = {.cbStruct = sizeof def, .coltyp = JET_coltypLongBinary, .grbit = JET_bitColumnUserDefinedDefault | JET_bitColumnTagged | JET_bitColumnNotNULL};
    assert_err(JetAddColumn(f.session, table, "c", &def, &given, sizeof given, NULL), JET_errInvalidGrbit);
    assert_err(JetAddColumn(f.session, table, "not.a.name", &def, &given, sizeof given, NULL), JET_errInvalidName);
    def.grbit &= ~(JET_GRBIT)JET_bitColumnNotNULL;
    assert_err(JetAddColumn(f.session, table, "c", &def, &given, sizeof given, NULL), JET_errCallbackNotResolved);
    def.grbit = 0;
    assert_good(JetAddColumn(f.session, table, "c", &def, NULL, 0, NULL));
    def.grbit = JET_bitColumnUserDefinedDefault | JET_bitColumnTagged;
    assert_err(JetAddColumn(f.session, table, "c", &def, &given, sizeof given, NULL), JET_errColumnDuplicate);
    JET_COLUMNCREATE_A column = {.cbStruct = sizeof column, .szColumnName = name, .coltyp = JET_coltypLong, .cbMax = 0, .grbit = JET_bitColumnTagged | JET_bitColumnFixed};
    JET_TABLECREATE2_A create = {.cbStruct = sizeof create, .szTableName = table_name, .rgcolumncreate = &column, .cColumns = 1, .szCallback = lost, .cbtyp = JET_cbtypBeforeInsert};
    assert_err(JetCreateTableColumnIndex2A(f.session, f.dbid, &create), JET_errInvalidGrbit);
    assert_int_equal(column.err, JET_errInvalidGrbit);
    column.grbit = JET_bitColumnTagged;
    assert_err(JetCreateTableColumnIndex2A(f.session, f.dbid, &create), JET_errCallbackNotResolved);
    create.szCallback = NULL;
    create.cbtyp = 0;
    column = (JET_COLUMNCREATE_A){.cbStruct = sizeof column, .szColumnName = name, .coltyp = JET_coltypLongBinary, .grbit = def.grbit, .pvDefault = &given, .cbDefault = sizeof given};
    assert_err(JetCreateTableColumnIndex2A(f.session, f.dbid, &create), JET_errCallbackNotResolved);
    assert_int_equal(column.err, JET_errCallbackNotResolved);
    assert_err(JetOpenTable(f.session, f.dbid, "Lost", NULL, 0, 0, &create.tableid), JET_errObjectNotFound);
    assert_good(JetCloseTable(f.session, table));
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_made_with_its_columns_and_indexes),
        cmocka_unit_test(wide_text_and_the_older_structures_make_the_same_table),
        cmocka_unit_test(each_part_says_what_was_wrong_with_it_and_nothing_is_left),
        cmocka_unit_test(constant_structures_are_not_written_to),
        cmocka_unit_test(a_schema_change_goes_with_its_transaction),
        cmocka_unit_test(columns_are_added_renamed_and_deleted),
        cmocka_unit_test(keys_carry_a_locale_and_a_segment_limit_behind_them),
        cmocka_unit_test(index_structures_are_checked_by_version),
        cmocka_unit_test(indexes_and_tables_are_deleted_and_renamed),
        cmocka_unit_test(temporary_tables_have_no_schema_changes),
        cmocka_unit_test(a_template_takes_tagged_columns_while_no_table_derived_from_it_is_in_use),
        cmocka_unit_test(a_column_is_renamed_through_a_cursor_that_reads_too),
        cmocka_unit_test(a_callback_is_looked_for_when_all_else_is_right)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
