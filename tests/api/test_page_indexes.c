/* The reference pages of the calls that make and delete indexes: each bit and what it does to the entries, each result that can be provoked.
 *
 * A row of the tables below is one definition. It is given to every call in the structure of its version: to a table with rows (JetCreateIndex...), and, where the rows do not matter,
 * together with a table of the same columns (JetCreateTableColumnIndex...).
 *
 * Pages: JetCreateIndex, JetCreateIndex2, JetCreateIndex3, JetCreateIndex4, JetDeleteIndex, JetCreateTableColumnIndex, JetCreateTableColumnIndex2,
 * JetCreateTableColumnIndex3, JetCreateTableColumnIndex4
 */
#include "cmocka_all.h"

#define ESENT_PRIVATE
#include <stdbool.h>
#include <string.h>
#include <uchar.h>

#include "live_instance.h"
#include "shared_data.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define KEY(text) (text), sizeof(text)
#define WITH_KEY(text) .key = (text), .key_size = sizeof(text)
enum { VERSIONS = 3 };

static struct live_instance live;
static JET_SESID s;
static JET_DBID d;

/* --- definitions --- */

enum language { NONE, GERMAN, UNKNOWN_LANGUAGE };

struct definition {
    const char *key;
    uint32_t key_size;
    JET_GRBIT grbit;
    JET_ERR expected;
    uint32_t density, segment_most, key_most;
    enum language language;
    const JET_TUPLELIMITS *limits;
    const char *condition;
    JET_GRBIT condition_grbit;
    const JET_SPACEHINTS *hints;
};

/* The structure in all its versions, and what it points to. */
struct made {
    union {
        JET_INDEXCREATE v1;
        JET_INDEXCREATE2 v2;
        JET_INDEXCREATE3 v3;
    } x;
    JET_UNICODEINDEX number;
    JET_UNICODEINDEX2 name;
    JET_CONDITIONALCOLUMN condition;
    JET_TUPLELIMITS limits;
    JET_SPACEHINTS hints;
    char key[64], column[16];
};

static void fill(struct made *m, const struct definition *r, unsigned version)
{
    static char16_t german[] = u"de-DE", unknown[] = u"xx-nowhere";
    memset(m, 0, sizeof *m);
    assert_true(r->key_size <= sizeof m->key);
    if (r->key != NULL)
        memcpy(m->key, r->key, r->key_size);
    static char index_name[] = "made";
    /* what version 1 has, has the same place in the others */
    m->x.v3 = (JET_INDEXCREATE3){.szIndexName = index_name, .szKey = r->key != NULL ? m->key : NULL, .cbKey = r->key_size, .grbit = r->grbit, .ulDensity = r->density,
                                 .cbVarSegMac = r->segment_most, .cbKeyMost = r->key_most, .err = 4711};
    if (r->limits != NULL) {
        m->limits = *r->limits;
        m->x.v3.ptuplelimits = &m->limits;
    }
    if (r->condition != NULL) {
        strcpy(m->column, r->condition);
        m->condition = (JET_CONDITIONALCOLUMN){sizeof m->condition, m->column, r->condition_grbit};
        m->x.v3.rgconditionalcolumn = &m->condition;
        m->x.v3.cConditionalColumn = 1;
    }
    m->x.v3.cbStruct = version == 1 ? sizeof m->x.v1 : version == 2 ? sizeof m->x.v2 : sizeof m->x.v3;
    m->number = (JET_UNICODEINDEX){r->language == GERMAN ? 0x407 : 0x3FFF, 0x30401};
    m->name = (JET_UNICODEINDEX2){r->language == GERMAN ? german : unknown, 0x30401};
    if (r->language == GERMAN || r->language == UNKNOWN_LANGUAGE) {
        if (version == 3)
            m->x.v3.pidxunicode = &m->name;
        else
            m->x.v1.pidxunicode = &m->number;
    }
    if (version > 1 && r->hints != NULL) {
        m->hints = *r->hints;
        m->x.v3.pSpacehints = &m->hints;
    }
}

static JET_ERR create(JET_TABLEID table, struct made *m, unsigned version)
{
    return version == 1 ? JetCreateIndex2(s, table, &m->x.v1, 1) : version == 2 ? JetCreateIndex3(s, table, &m->x.v2, 1) : JetCreateIndex4(s, table, &m->x.v3, 1);
}

/* --- the tables --- */

static char column_names[][16] = {"a", "b", "many", "more", "word", "wide", "long", "sum", "set", "guid", "id"};
static const int32_t zero, seven = 7;

static void fill_columns(JET_COLUMNCREATE columns[COUNT(column_names)])
{
    static const struct {
        JET_COLTYP type;
        uint16_t code_page;
        JET_GRBIT grbit;
        const int32_t *value;
    } kinds[COUNT(column_names)] = {
        {JET_coltypLong, 0, 0, NULL}, {JET_coltypLong, 0, 0, NULL}, {JET_coltypLong, 0, JET_bitColumnTagged | JET_bitColumnMultiValued, NULL},
        {JET_coltypLong, 0, JET_bitColumnTagged | JET_bitColumnMultiValued, NULL}, {JET_coltypText, 1252, 0, NULL}, {JET_coltypText, 1200, 0, NULL},
        {JET_coltypLongBinary, 0, 0, NULL}, {JET_coltypLong, 0, JET_bitColumnEscrowUpdate, &zero}, {JET_coltypLong, 0, 0, &seven}, {JET_coltypGUID, 0, 0, NULL},
        {JET_coltypLong, 0, JET_bitColumnNotNULL, NULL},
    };
    for (unsigned i = 0; i < COUNT(column_names); i++)
        columns[i] = (JET_COLUMNCREATE){.cbStruct = sizeof *columns, .szColumnName = column_names[i], .coltyp = kinds[i].type, .cp = kinds[i].code_page, .grbit = kinds[i].grbit,
                                        .pvDefault = (void *)(uintptr_t)kinds[i].value, .cbDefault = kinds[i].value != NULL ? 4 : 0};
}

static JET_COLUMNID id_of(JET_TABLEID table, const char *name)
{
    JET_COLUMNDEF def;
    assert_good(JetGetTableColumnInfo(s, table, name, &def, sizeof def, JET_ColInfo));
    return def.columnid;
}

static void put(JET_TABLEID table, const char *column, const void *value, uint32_t size, uint32_t sequence)
{
    JET_SETINFO info = {.cbStruct = sizeof info, .itagSequence = sequence};
    assert_good(JetSetColumn(s, table, id_of(table, column), value, size, 0, &info));
}

/* Four rows, with a and b set or null; the first has all other columns too. */
static void make_rows(JET_TABLEID table)
{
    static const uint8_t guid[2][16] = {{0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02}, {0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01}};
    static const int32_t numbers[] = {1, 2, 3, 4, 5};
    static const uint8_t bytes[400];
    assert_good(JetBeginTransaction(s));
    for (int32_t row = 0; row < 4; row++) {
        assert_good(JetPrepareUpdate(s, table, JET_prepInsert));
        put(table, "id", &row, sizeof row, 1);
        if (row == 0 || row == 2)
            put(table, "a", &numbers[0], 4, 1);
        if (row == 0 || row == 1)
            put(table, "b", &numbers[0], 4, 1);
        for (uint32_t i = 0; row == 0 && i < 5; i++)
            put(table, i < 2 ? "many" : "more", &numbers[i], 4, i < 2 ? i + 1 : i - 1);
        if (row == 0) {
            put(table, "word", "banana", 6, 1);
            put(table, "wide", u"banana", 12, 1);
            put(table, "long", bytes, sizeof bytes, 1);
        }
        if (row < 2)
            put(table, "guid", guid[row], 16, 1);
        assert_good(JetUpdate(s, table, NULL, 0, NULL));
    }
    assert_good(JetCommitTransaction(s, 0));
}

static int start(void **state)
{
    JET_COLUMNCREATE columns[COUNT(column_names)];
    JET_TABLECREATE table = {.cbStruct = sizeof table, .szTableName = (char[]){"Rows"}, .rgcolumncreate = columns, .cColumns = COUNT(column_names)};
    (void)state;
    live_start(&live, 4096);
    s = live.session;
    assert_good(JetCreateDatabase(s, text_of("%s/indexes.edb", live.folder), NULL, &d, 0));
    fill_columns(columns);
    assert_good(JetCreateTableColumnIndex(s, d, &table));
    make_rows(table.tableid);
    assert_good(JetCloseTable(s, table.tableid));
    table.szTableName = (char[]){"Empty"};
    assert_good(JetCreateTableColumnIndex(s, d, &table));
    assert_good(JetCloseTable(s, table.tableid));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    live_stop(&live);
    return 0;
}

static JET_TABLEID open_table(const char *name, JET_GRBIT grbit)
{
    JET_TABLEID table;
    assert_good(JetOpenTable(s, d, name, NULL, 0, grbit, &table));
    return table;
}

/* Entries of the index "made", and the id of the row that its first entry leads to. */
static uint32_t count_entries(JET_TABLEID table, int32_t *first)
{
    uint32_t count = 0;
    *first = -1;
    assert_good(JetSetCurrentIndex(s, table, "made"));
    if (JetMove(s, table, JET_MoveFirst, 0) == JET_errSuccess) {
        assert_good(JetRetrieveColumn(s, table, id_of(table, "id"), first, sizeof *first, NULL, 0, NULL));
        assert_good(JetIndexRecordCount(s, table, &count, 0));
    }
    assert_good(JetSetCurrentIndex(s, table, NULL));
    return count;
}

/* What the index itself says of its bits. */
static JET_GRBIT told(JET_TABLEID table)
{
    static uint64_t room[128];
    assert_good(JetGetTableIndexInfo(s, table, "made", room, sizeof room, JET_IdxInfoCreateIndex));
    JET_INDEXCREATE told_first;
    memcpy(&told_first, room, sizeof told_first);
    return told_first.grbit & ~(JET_GRBIT)JET_bitIndexUnicode;
}

/* --- what the bits do --- */

static const JET_TUPLELIMITS short_pieces = {2, 3, 100, 2, 0};

static const struct {
    struct definition definition;
    JET_GRBIT told;
    uint32_t entries;
    int32_t first;
} bits[] = {
    {{WITH_KEY("+a\0-b\0"), 0, 0}, 0, 4, 1},
    {{WITH_KEY("+a\0-b\0"), JET_bitIndexIgnoreNull, 0}, JET_bitIndexIgnoreNull, 3, 1},
    {{WITH_KEY("+a\0-b\0"), JET_bitIndexIgnoreAnyNull, 0}, JET_bitIndexIgnoreAnyNull | JET_bitIndexIgnoreFirstNull | JET_bitIndexIgnoreNull, 1, 0},
    {{WITH_KEY("+a\0-b\0"), JET_bitIndexIgnoreFirstNull, 0}, JET_bitIndexIgnoreFirstNull | JET_bitIndexIgnoreNull, 2, 0},
    {{WITH_KEY("+a\0+b\0"), JET_bitIndexSortNullsHigh, 0}, JET_bitIndexSortNullsHigh, 4, 0},
    {{WITH_KEY("+id\0"), JET_bitIndexUnique, 0}, JET_bitIndexUnique, 4, 0},
    {{WITH_KEY("+id\0"), JET_bitIndexDisallowNull, 0}, JET_bitIndexDisallowNull, 4, 0},
    {{WITH_KEY("-id\0"), JET_bitIndexLazyFlush, 0}, 0, 4, 3},
    {{WITH_KEY("+id\0"), JET_bitIndexUnversioned, 0}, 0, 4, 0},
    {{WITH_KEY("+b\0"), JET_bitIndexEmpty | JET_bitIndexIgnoreAnyNull, 0}, JET_bitIndexIgnoreAnyNull | JET_bitIndexIgnoreFirstNull | JET_bitIndexIgnoreNull, 0, -1},
    {{WITH_KEY("+wide\0"), JET_bitIndexUnicode, 0, .language = GERMAN}, 0, 4, 1},
    {{WITH_KEY("+word\0"), JET_bitIndexTuples, 0}, JET_bitIndexTuples | JET_bitIndexTupleLimits, 4, 0}, /* banana anana nana ana */
    {{WITH_KEY("+word\0+id\0"), JET_bitIndexTuples, 0}, JET_bitIndexTuples | JET_bitIndexTupleLimits, 4, 0}, /* the first column is cut */
    {{WITH_KEY("+long\0"), JET_bitIndexTuples, 0}, JET_bitIndexTuples | JET_bitIndexTupleLimits, 8, 0}, /* 3 to 10 bytes, all of them 0 */
    {{WITH_KEY("+word\0"), JET_bitIndexTuples | JET_bitIndexTupleLimits, 0, .limits = &short_pieces}, JET_bitIndexTuples | JET_bitIndexTupleLimits, 3, 0}, /* ban nan na */
    {{WITH_KEY("+many\0+more\0"), 0, 0}, 0, 5, 1},
    {{WITH_KEY("+many\0+more\0"), JET_bitIndexCrossProduct, 0}, JET_bitIndexCrossProduct, 9, 1},
    {{WITH_KEY("+many\0+more\0"), JET_bitIndexNestedTable, 0}, JET_bitIndexNestedTable, 6, 1},
    {{WITH_KEY("+id\0"), JET_bitIndexKeyMost, 0, .key_most = 400}, JET_bitIndexKeyMost, 4, 0},
    {{WITH_KEY("+id\0"), JET_bitIndexDisallowTruncation, 0}, JET_bitIndexDisallowTruncation, 4, 0},
    {{WITH_KEY("+guid\0"), JET_bitIndexIgnoreNull, 0}, JET_bitIndexIgnoreNull, 2, 1},
    {{WITH_KEY("+guid\0"), JET_bitIndexIgnoreNull | JET_bitIndexDotNetGuid, 0}, JET_bitIndexIgnoreNull | JET_bitIndexDotNetGuid, 2, 0},
    {{WITH_KEY("+id\0"), 0, 0, .condition = "a", .condition_grbit = JET_bitIndexColumnMustBeNull}, 0, 2, 1},
    {{WITH_KEY("+id\0"), 0, 0, .condition = "a", .condition_grbit = JET_bitIndexColumnMustBeNonNull}, 0, 2, 0},
};

static void each_bit_has_its_effect_on_the_entries(void **state)
{
    (void)state;
    int wrong = 0;
    JET_TABLEID table = open_table("Rows", 0);
    for (unsigned i = 0; i < COUNT(bits); i++) {
        for (unsigned version = 1; version <= VERSIONS; version++) {
            struct made m;
            int32_t first;
            fill(&m, &bits[i].definition, version);
            if (create(table, &m, version) != JET_errSuccess)
                print_error("row %u\n", i);
            assert_err(m.x.v1.err, JET_errSuccess);
            uint32_t entries = count_entries(table, &first);
            if (entries != bits[i].entries || first != bits[i].first || told(table) != bits[i].told) {
                print_error("row %u, version %u: %u entries, first %d, 0x%X\n", i, version, entries, first, told(table));
                wrong++;
            }
            assert_good(JetDeleteIndex(s, table, "made"));
        }
    }
    assert_int_equal(wrong, 0);
    assert_good(JetCloseTable(s, table));
}

/* JetCreateIndex itself has no structure: the bits that need one mean nothing to it, or are refused. */
static void the_oldest_call_takes_the_same_bits(void **state)
{
    (void)state;
    JET_TABLEID table = open_table("Rows", 0);
    for (unsigned i = 0; i < COUNT(bits); i++) {
        const struct definition *r = &bits[i].definition;
        int32_t first;
        if (r->language != NONE || r->limits != NULL || r->condition != NULL || r->key_most != 0)
            continue;
        assert_good(JetCreateIndex(s, table, "made", r->grbit, r->key, r->key_size, 100));
        assert_int_equal(count_entries(table, &first), bits[i].entries);
        assert_int_equal(first, bits[i].first);
        assert_int_equal(told(table), bits[i].told);
        assert_good(JetDeleteIndex(s, table, "made"));
    }
    assert_err(JetCreateIndex(s, table, "made", JET_bitIndexUnicode, KEY("+wide\0"), 100), JET_errIndexInvalidDef);
    assert_err(JetCreateIndex(s, table, "made", JET_bitIndexTuples | JET_bitIndexTupleLimits, KEY("+word\0"), 100), JET_errIndexInvalidDef);
    assert_good(JetCreateIndex(s, table, "made", JET_bitIndexKeyMost, KEY("+id\0"), 100)); /* at most what is the default */
    assert_int_equal(told(table), 0);
    assert_good(JetDeleteIndex(s, table, "made"));
    assert_good(JetCreateIndex(s, table, "made", JET_bitIndexImmutableStructure, KEY("+id\0"), 100));
    assert_good(JetDeleteIndex(s, table, "made"));
    assert_good(JetCloseTable(s, table));
}

static void rows_that_break_the_rule_of_an_index_stop_it(void **state)
{
    static const struct definition rows[] = {
        {WITH_KEY("+b\0"), JET_bitIndexUnique | JET_bitIndexIgnoreNull, JET_errKeyDuplicate},
        {WITH_KEY("+a\0"), JET_bitIndexDisallowNull, JET_errNullKeyDisallowed},
        {WITH_KEY("+long\0"), JET_bitIndexDisallowTruncation, JET_errKeyTruncated},
    };
    (void)state;
    JET_TABLEID table = open_table("Rows", 0);
    for (unsigned i = 0; i < COUNT(rows); i++)
        for (unsigned version = 1; version <= VERSIONS; version++) {
            struct made m;
            fill(&m, &rows[i], version);
            assert_err(create(table, &m, version), rows[i].expected);
            assert_err(JetDeleteIndex(s, table, "made"), JET_errIndexNotFound);
        }
    assert_good(JetCloseTable(s, table));
}

static void a_primary_index_orders_the_table_and_is_one(void **state)
{
    static const struct definition primary = {WITH_KEY("+id\0"), JET_bitIndexPrimary, 0};
    (void)state;
    for (unsigned version = 0; version <= VERSIONS; version++) {
        JET_TABLEID table;
        struct made m;
        JET_COLUMNDEF def = {.cbStruct = sizeof def, .coltyp = JET_coltypLong};
        int32_t first;
        assert_good(JetCreateTable(s, d, text_of("Primary%u", version), 1, 80, &table));
        assert_good(JetAddColumn(s, table, "id", &def, NULL, 0, NULL));
        fill(&m, &primary, version);
        assert_good(version == 0 ? JetCreateIndex(s, table, "made", JET_bitIndexPrimary, KEY("+id\0"), 100) : create(table, &m, version));
        assert_int_equal(told(table), JET_bitIndexPrimary | JET_bitIndexUnique);
        for (int32_t id = 3; id > 0; id--) {
            assert_good(JetPrepareUpdate(s, table, JET_prepInsert));
            put(table, "id", &id, sizeof id, 1);
            assert_good(JetUpdate(s, table, NULL, 0, NULL));
        }
        assert_int_equal(count_entries(table, &first), 3);
        assert_int_equal(first, 1);
        static char second[] = "second";
        m.x.v1.szIndexName = second;
        if (version > 0)
            assert_err(create(table, &m, version), JET_errIndexHasPrimary);
        assert_good(JetCloseTable(s, table));
    }
}

/* --- definitions that are refused --- */

static const JET_TUPLELIMITS too_short = {1, 10, 100, 1, 0}, crossed = {8, 4, 100, 1, 0};
static const JET_SPACEHINTS low_density = {.cbStruct = sizeof low_density, .ulInitialDensity = 10}, both_ways = {.cbStruct = sizeof both_ways, .grbit = 0x30};

static const struct definition refused[] = {
    {WITH_KEY("+sum\0"), 0, JET_errCannotIndex}, /* an escrow column */
    {WITH_KEY("+absent\0"), 0, JET_errColumnNotFound},
    {WITH_KEY("+a\0"), 0, JET_errColumnNotFound, .condition = "absent", .condition_grbit = JET_bitIndexColumnMustBeNull},
    {WITH_KEY("+a\0"), JET_bitIndexPrimary, JET_errIndexInvalidDef, .condition = "b", .condition_grbit = JET_bitIndexColumnMustBeNull},
    {WITH_KEY("+many\0"), JET_bitIndexPrimary, JET_errIndexInvalidDef},
    {WITH_KEY("a\0"), 0, JET_errIndexInvalidDef},
    {.key = "+a", .key_size = 2, .expected = JET_errIndexInvalidDef},
    {WITH_KEY("+set\0"), JET_bitIndexEmpty | JET_bitIndexIgnoreAnyNull, JET_errIndexInvalidDef}, /* rows without a value have its default */
    {WITH_KEY("+a\0"), JET_bitIndexKeyMost, JET_errIndexInvalidDef, .key_most = 10},
    {WITH_KEY("+a\0"), JET_bitIndexKeyMost, JET_errIndexInvalidDef, .key_most = 1001},
    {WITH_KEY("+a\0"), 0, JET_errIndexInvalidDef, .segment_most = 300},
    {WITH_KEY("+word\0"), JET_bitIndexTuples | JET_bitIndexTupleLimits, JET_errIndexInvalidDef},
    {WITH_KEY("+word\0"), JET_bitIndexTuples | JET_bitIndexTupleLimits, JET_errIndexTuplesInvalidLimits, .limits = &too_short},
    {WITH_KEY("+word\0"), JET_bitIndexTuples | JET_bitIndexTupleLimits, JET_errIndexTuplesInvalidLimits, .limits = &crossed},
    {WITH_KEY("+word\0"), JET_bitIndexTuples | JET_bitIndexUnique, JET_errIndexTuplesNonUniqueOnly},
    {WITH_KEY("+word\0"), JET_bitIndexTuples | JET_bitIndexPrimary, JET_errIndexTuplesSecondaryIndexOnly},
    {WITH_KEY("+word\0"), JET_bitIndexTuples, JET_errIndexTuplesVarSegMacNotAllowed, .segment_most = 20},
    {WITH_KEY("+a\0"), JET_bitIndexTuples, JET_errIndexTuplesTextBinaryColumnsOnly},
    {WITH_KEY("+a\0"), JET_bitIndexPrimary | JET_bitIndexIgnoreNull, JET_errInvalidGrbit},
    {WITH_KEY("+a\0"), JET_bitIndexPrimary | JET_bitIndexIgnoreAnyNull, JET_errInvalidGrbit},
    {WITH_KEY("+a\0"), JET_bitIndexPrimary | JET_bitIndexIgnoreFirstNull, JET_errInvalidGrbit},
    {WITH_KEY("+many\0"), JET_bitIndexCrossProduct | JET_bitIndexNestedTable, JET_errInvalidGrbit},
    {WITH_KEY("+a\0"), JET_bitIndexEmpty, JET_errInvalidGrbit},
    {WITH_KEY("+a\0"), 0, JET_errInvalidGrbit, .condition = "b", .condition_grbit = 0},
    {WITH_KEY("+wide\0"), JET_bitIndexUnicode, JET_errInvalidLanguageId, .language = UNKNOWN_LANGUAGE},
    {.key = NULL, .expected = JET_errInvalidParameter},
};

static JET_ERR create_with_table(struct made *m, unsigned version, JET_TABLEID *made_table, JET_ERR *index_err)
{
    static char name[] = "New";
    JET_COLUMNCREATE columns[COUNT(column_names)];
    JET_ERR err;
    fill_columns(columns);
    if (version <= 1) {
        JET_TABLECREATE t = {.cbStruct = sizeof t, .szTableName = name, .rgcolumncreate = columns, .cColumns = COUNT(columns), .rgindexcreate = &m->x.v1, .cIndexes = 1};
        err = JetCreateTableColumnIndex(s, d, &t);
        *made_table = t.tableid;
    } else if (version == 2) {
        JET_TABLECREATE2 t = {.cbStruct = sizeof t, .szTableName = name, .rgcolumncreate = columns, .cColumns = COUNT(columns), .rgindexcreate = &m->x.v1, .cIndexes = 1};
        err = JetCreateTableColumnIndex2(s, d, &t);
        *made_table = t.tableid;
    } else if (version == 3) {
        JET_TABLECREATE3 t = {.cbStruct = sizeof t, .szTableName = name, .rgcolumncreate = columns, .cColumns = COUNT(columns), .rgindexcreate = &m->x.v2, .cIndexes = 1};
        err = JetCreateTableColumnIndex3(s, d, &t);
        *made_table = t.tableid;
    } else {
        JET_TABLECREATE4 t = {.cbStruct = sizeof t, .szTableName = name, .rgcolumncreate = columns, .cColumns = COUNT(columns), .rgindexcreate = &m->x.v3, .cIndexes = 1};
        err = JetCreateTableColumnIndex4(s, d, &t);
        *made_table = t.tableid;
    }
    *index_err = m->x.v1.err;
    return err;
}

/* The structure of indexes that a version of JetCreateTableColumnIndex takes. */
static unsigned index_version(unsigned table_version) { return table_version <= 2 ? 1 : table_version - 1; }

static void definitions_that_cannot_be_are_refused_by_each_call(void **state)
{
    (void)state;
    JET_TABLEID table = open_table("Empty", 0), new_table;
    for (unsigned i = 0; i < COUNT(refused); i++) {
        struct made m;
        JET_ERR err, index_err;
        for (unsigned version = 1; version <= VERSIONS; version++) {
            fill(&m, &refused[i], version);
            err = create(table, &m, version);
            if (err != refused[i].expected)
                print_error("row %u, version %u\n", i, version);
            assert_err(err, refused[i].expected);
            assert_err(m.x.v1.err, refused[i].expected);
        }
        for (unsigned version = 1; version <= VERSIONS + 1; version++) {
            fill(&m, &refused[i], index_version(version));
            err = create_with_table(&m, version, &new_table, &index_err);
            if (err != refused[i].expected)
                print_error("row %u, JetCreateTableColumnIndex%u\n", i, version);
            assert_err(err, refused[i].expected);
            assert_err(index_err, refused[i].expected);
            assert_true(new_table == JET_tableidNil);
            assert_err(JetOpenTable(s, d, "New", NULL, 0, 0, &new_table), JET_errObjectNotFound);
        }
    }
    assert_good(JetCloseTable(s, table));
}

static void space_and_names_are_checked(void **state)
{
    static const struct definition low = {WITH_KEY("+a\0"), 0, JET_errDensityInvalid, .density = 10}, plain = {WITH_KEY("+a\0"), 0, 0},
                                   hints[] = {{WITH_KEY("+a\0"), 0, JET_errDensityInvalid, .hints = &low_density}, {WITH_KEY("+a\0"), 0, JET_errSpaceHintsInvalid, .hints = &both_ways}};
    struct made m;
    JET_ERR index_err;
    (void)state;
    JET_TABLEID table = open_table("Empty", 0), new_table;
    assert_err(JetCreateIndex(s, table, "made", 0, KEY("+a\0"), 101), JET_errDensityInvalid);
    for (unsigned version = 1; version <= VERSIONS; version++) {
        fill(&m, &low, version);
        assert_err(create(table, &m, version), JET_errDensityInvalid);
        fill(&m, &plain, version);
        assert_good(create(table, &m, version));
        assert_err(create(table, &m, version), JET_errIndexDuplicate);
        assert_good(JetDeleteIndex(s, table, "made"));
        static char bad_name[] = "a.b";
        m.x.v1.szIndexName = bad_name;
        assert_err(create(table, &m, version), JET_errInvalidName);
        fill(&m, &plain, version);
        m.x.v1.cbStruct++;
        assert_err(create(table, &m, version), JET_errInvalidParameter);
        fill(&m, &plain, version);
        m.x.v1.grbit = JET_bitIndexUnversioned;
        assert_good(JetBeginTransaction(s));
        assert_err(create(table, &m, version), JET_errInTransaction);
        assert_good(JetRollback(s, 0));
    }
    for (unsigned version = 1; version <= VERSIONS + 1; version++) { /* nobody else can have seen the table: no JET_errInTransaction */
        fill(&m, &plain, index_version(version));
        m.x.v1.grbit = JET_bitIndexUnversioned;
        assert_good(JetBeginTransaction(s));
        assert_good(create_with_table(&m, version, &new_table, &index_err));
        assert_good(JetRollback(s, 0));
    }
    for (unsigned i = 0; i < COUNT(hints); i++) {
        for (unsigned version = 2; version <= VERSIONS; version++) {
            fill(&m, &hints[i], version);
            assert_err(create(table, &m, version), hints[i].expected);
        }
        for (unsigned version = 3; version <= VERSIONS + 1; version++) {
            fill(&m, &hints[i], index_version(version));
            assert_err(create_with_table(&m, version, &new_table, &index_err), hints[i].expected);
        }
    }
    assert_good(JetCloseTable(s, table));
}

/* JET_bitIndexImmutableStructure: the err member keeps what it had. */
static void an_immutable_structure_stays_as_it_is(void **state)
{
    static const struct definition good = {WITH_KEY("+a\0"), JET_bitIndexImmutableStructure, 0}, bad = {WITH_KEY("+absent\0"), JET_bitIndexImmutableStructure, JET_errColumnNotFound};
    struct made m;
    JET_ERR index_err;
    (void)state;
    JET_TABLEID table = open_table("Rows", 0), new_table;
    for (unsigned version = 1; version <= VERSIONS; version++) {
        fill(&m, &bad, version);
        assert_err(create(table, &m, version), JET_errColumnNotFound);
        assert_int_equal(m.x.v1.err, 4711);
        fill(&m, &good, version);
        assert_good(create(table, &m, version));
        assert_int_equal(m.x.v1.err, 4711);
        assert_good(JetDeleteIndex(s, table, "made"));
    }
    fill(&m, &good, 1);
    assert_good(create_with_table(&m, 1, &new_table, &index_err));
    assert_int_equal(index_err, 4711);
    assert_good(JetCloseTable(s, new_table));
    assert_good(JetDeleteTable(s, d, "New"));
    assert_good(JetCloseTable(s, table));
}

/* --- several indexes with a table --- */

static void two_indexes_of_a_new_table_must_go_together(void **state)
{
    const struct {
        JET_GRBIT grbit;
        const char *second;
        JET_ERR expected;
    } rows[] = {{JET_bitIndexPrimary, "other", JET_errIndexHasPrimary}, {0, "made", JET_errIndexDuplicate}};
    (void)state;
    for (unsigned i = 0; i < COUNT(rows); i++) {
        for (unsigned version = 1; version <= VERSIONS + 1; version++) {
            static char name[] = "New", key[] = "+a\0", first[] = "made";
            char second[16];
            JET_COLUMNCREATE columns[COUNT(column_names)];
            JET_INDEXCREATE one[2];
            JET_INDEXCREATE2 two[2];
            JET_INDEXCREATE3 three[2];
            fill_columns(columns);
            strcpy(second, rows[i].second);
            for (unsigned k = 0; k < 2; k++) {
                one[k] = (JET_INDEXCREATE){.cbStruct = sizeof *one, .szIndexName = k == 0 ? first : second, .szKey = key, .cbKey = sizeof key, .grbit = rows[i].grbit};
                two[k] = (JET_INDEXCREATE2){.cbStruct = sizeof *two, .szIndexName = k == 0 ? first : second, .szKey = key, .cbKey = sizeof key, .grbit = rows[i].grbit};
                three[k] = (JET_INDEXCREATE3){.cbStruct = sizeof *three, .szIndexName = k == 0 ? first : second, .szKey = key, .cbKey = sizeof key, .grbit = rows[i].grbit};
            }
            JET_TABLECREATE t1 = {.cbStruct = sizeof t1, .szTableName = name, .rgcolumncreate = columns, .cColumns = COUNT(columns), .rgindexcreate = one, .cIndexes = 2};
            JET_TABLECREATE2 t2 = {.cbStruct = sizeof t2, .szTableName = name, .rgcolumncreate = columns, .cColumns = COUNT(columns), .rgindexcreate = one, .cIndexes = 2};
            JET_TABLECREATE3 t3 = {.cbStruct = sizeof t3, .szTableName = name, .rgcolumncreate = columns, .cColumns = COUNT(columns), .rgindexcreate = two, .cIndexes = 2};
            JET_TABLECREATE4 t4 = {.cbStruct = sizeof t4, .szTableName = name, .rgcolumncreate = columns, .cColumns = COUNT(columns), .rgindexcreate = three, .cIndexes = 2};
            assert_err(version == 1   ? JetCreateTableColumnIndex(s, d, &t1)
                       : version == 2 ? JetCreateTableColumnIndex2(s, d, &t2)
                       : version == 3 ? JetCreateTableColumnIndex3(s, d, &t3)
                                      : JetCreateTableColumnIndex4(s, d, &t4),
                       rows[i].expected);
        }
    }
}

/* --- JetDeleteIndex --- */

static void deleting_an_index_is_refused_by_table_and_transaction(void **state)
{
    static char key[] = "+c\0", index_name[] = "made", names[][16] = {"Template", "Derived", "Fixed"};
    JET_COLUMNCREATE column = {.cbStruct = sizeof column, .szColumnName = (char[]){"c"}, .coltyp = JET_coltypLong};
    JET_INDEXCREATE index = {.cbStruct = sizeof index, .szIndexName = index_name, .szKey = key, .cbKey = sizeof key};
    const struct {
        const char *table, *index;
        JET_GRBIT mode, transaction;
        JET_ERR expected;
    } rows[] = {
        {"Fixed", "made", 0, 0, JET_errFixedDDL},
        {"Template", "made", 0, 0, JET_errFixedDDL},
        {"Derived", "made", 0, 0, JET_errFixedInheritedDDL},
        {"Rows", "absent", 0, 0, JET_errIndexNotFound},
        {"Rows", "absent", JET_bitTableReadOnly, 0, JET_errPermissionDenied},
        {"Rows", "absent", 0, JET_bitTransactionReadOnly, JET_errTransReadOnly},
    };
    (void)state;
    for (unsigned i = 0; i < COUNT(names); i++) {
        JET_TABLECREATE t = {.cbStruct = sizeof t, .szTableName = names[i], .rgcolumncreate = &column, .cColumns = 1, .rgindexcreate = &index, .cIndexes = 1};
        t.grbit = i == 0 ? JET_bitTableCreateTemplateTable : i == 2 ? JET_bitTableCreateFixedDDL : 0;
        if (i == 1) {
            t.szTemplateTableName = names[0];
            t.cColumns = t.cIndexes = 0;
        }
        assert_good(JetCreateTableColumnIndex(s, d, &t));
        assert_good(JetCloseTable(s, t.tableid));
    }
    for (unsigned i = 0; i < COUNT(rows); i++) {
        JET_TABLEID table = open_table(rows[i].table, rows[i].mode);
        if (rows[i].transaction != 0)
            assert_good(JetBeginTransaction2(s, rows[i].transaction));
        JET_ERR err = JetDeleteIndex(s, table, rows[i].index);
        if (err != rows[i].expected)
            print_error("row %u\n", i);
        assert_err(err, rows[i].expected);
        if (rows[i].transaction != 0)
            assert_good(JetCommitTransaction(s, 0));
        assert_good(JetCloseTable(s, table));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bit_has_its_effect_on_the_entries),
        cmocka_unit_test(the_oldest_call_takes_the_same_bits),
        cmocka_unit_test(rows_that_break_the_rule_of_an_index_stop_it),
        cmocka_unit_test(a_primary_index_orders_the_table_and_is_one),
        cmocka_unit_test(definitions_that_cannot_be_are_refused_by_each_call),
        cmocka_unit_test(space_and_names_are_checked),
        cmocka_unit_test(an_immutable_structure_stays_as_it_is),
        cmocka_unit_test(two_indexes_of_a_new_table_must_go_together),
        cmocka_unit_test(deleting_an_index_is_refused_by_table_and_transaction),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
