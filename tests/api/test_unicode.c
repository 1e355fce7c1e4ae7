/* Text in index keys through the interface: locales by name and number, map flags, the defaults of the instance, what is stored of them and what is refused; placeholders of
 * the primary index (reference pages of JetCreateIndex4, JET_UNICODEINDEX2, JetRenameColumn, "Database parameters"). */
#define ESENT_PRIVATE
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>

#include "live_instance.h"
#include "os/file.h"
#include "record/collation.h"
#include "shared_data.h"

struct fixture {
    struct live_instance live;
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNID text, flag, number;
};

static struct fixture start(void)
{
    struct fixture f;
    JET_COLUMNDEF wide = {.cbStruct = sizeof wide, .coltyp = JET_coltypText, .cp = 1200}, bit = {.cbStruct = sizeof bit, .coltyp = JET_coltypBit};
    JET_COLUMNDEF number = {.cbStruct = sizeof number, .coltyp = JET_coltypLong};
    struct collation_table *weights;
    if (collation_table_open(os_fs_posix(), NULL, &weights) < 0) {
        print_message("skipped: no sort weights (Debian package libwine)\n");
        skip();
    }
    collation_table_close(weights);
    live_start(&f.live, 4096);
    assert_good(JetCreateDatabase(f.live.session, text_of("%s/text.edb", f.live.folder), NULL, &f.dbid, 0));
    assert_good(JetCreateTable(f.live.session, f.dbid, "t", 0, 0, &f.table));
    assert_good(JetAddColumn(f.live.session, f.table, "text", &wide, NULL, 0, &f.text));
    assert_good(JetAddColumn(f.live.session, f.table, "flag", &bit, NULL, 0, &f.flag));
    assert_good(JetAddColumn(f.live.session, f.table, "number", &number, NULL, 0, &f.number));
    return f;
}

static void stop(struct fixture *f)
{
    assert_good(JetCloseTable(f->live.session, f->table));
    assert_good(JetCloseDatabase(f->live.session, f->dbid, 0));
    live_stop(&f->live);
}

static JET_ERR make_index(const struct fixture *f, const char *name, const char16_t *locale, uint32_t flags)
{
    JET_UNICODEINDEX2 unicode = {.szLocaleName = (char16_t *)(uintptr_t)locale, .dwMapFlags = flags};
    JET_INDEXCREATE3_A index = {.cbStruct = sizeof index, .szIndexName = (char *)(uintptr_t)name, .szKey = (char *)(uintptr_t)"+text\0", .cbKey = 7,
                                .grbit = JET_bitIndexUnicode, .ulDensity = 100, .pidxunicode = &unicode};
    return JetCreateIndex4A(f->live.session, f->table, &index, 1);
}

static JET_ERR make_index_by_number(const struct fixture *f, const char *name, uint32_t id, uint32_t flags)
{
    JET_UNICODEINDEX unicode = {.lcid = id, .dwMapFlags = flags};
    JET_INDEXCREATE_A index = {.cbStruct = sizeof index, .szIndexName = (char *)(uintptr_t)name, .szKey = (char *)(uintptr_t)"+text\0", .cbKey = 7,
                               .grbit = JET_bitIndexUnicode, .ulDensity = 100, .pidxunicode = &unicode};
    return JetCreateIndex2A(f->live.session, f->table, &index, 1);
}

static void assert_locale(const struct fixture *f, const char *index, const char16_t *name, uint32_t id)
{
    char16_t got[90];
    uint32_t number = 0, units = 0;
    assert_good(JetGetTableIndexInfo(f->live.session, f->table, index, got, sizeof got, JET_IdxInfoLocaleName));
    while (name[units] != 0)
        units++;
    assert_memory_equal(got, name, 2 * (units + 1));
    assert_good(JetGetTableIndexInfo(f->live.session, f->table, index, &number, sizeof number, JET_IdxInfoLCID));
    assert_int_equal(number, id);
}

static void locales_are_taken_by_name(void **state)
{
    (void)state;
    struct fixture f = start();
    static const struct { const char *index; const char16_t *name; uint32_t id; } good[] = {
        {"invariant", u"", 0x7F}, {"german", u"de-DE", 0x407}, {"book", u"de-DE_phoneb", 0x10407}, {"neutral", u"de", 0x407}, {"unnumbered", u"aa-ET", 0x1000},
        {"hungarian", u"hu-HU", 0x40E}, {"japanese", u"ja-JP", 0x411}, {"chinese", u"zh-TW_pronun", 0x30404}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_good(make_index(&f, good[i].index, good[i].name, 0x30401));
        assert_locale(&f, good[i].index, good[i].name, good[i].id);
    }
    static const char16_t *const bad[] = {u"xx-YY", u"de_De_x", u"en-", u"English", u"en-US-x-private", u"\u00E9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(make_index(&f, "bad", bad[i], 0x30401), JET_errInvalidLanguageId);
    stop(&f);
}

static void locales_are_taken_by_number(void **state)
{
    (void)state;
    struct fixture f = start();
    assert_good(make_index_by_number(&f, "german", 0x407, 0x30401));
    assert_locale(&f, "german", u"de-DE", 0x407);
    assert_good(make_index_by_number(&f, "neutral", 0x0C, 0x30401)); /* of its usual country */
    assert_locale(&f, "neutral", u"fr-FR", 0x40C);
    assert_good(make_index_by_number(&f, "invariant", 0x7F, 0x30401));
    assert_locale(&f, "invariant", u"", 0x7F);
    assert_good(make_index_by_number(&f, "system", 0x800, 0x30401));
    assert_locale(&f, "system", u"en-US", 0x409);
    assert_err(make_index_by_number(&f, "bad", 0x1000, 0x30401), JET_errInvalidLanguageId);
    assert_err(make_index_by_number(&f, "bad", 0xFFFF, 0x30401), JET_errInvalidLanguageId);
    stop(&f);
}

static void map_flags_are_checked_and_kept(void **state)
{
    (void)state;
    struct fixture f = start();
    static const uint32_t good[] = {0, 0x1, 0x2, 0x4, 0x8, 0x10, 0x20, 0x400, 0x800, 0x1000, 0x10000, 0x20000, 0x8000000, 0x30403};
    static const uint32_t bad[] = {0x100, 0x40, 0x80000, 0x1000000, 0x80000000};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *name = text_of("i%zu", i);
        char room[1024] = {0};
        assert_good(make_index(&f, name, u"en-US", good[i]));
        assert_good(JetGetTableIndexInfo(f.live.session, f.table, name, room, sizeof room, JET_IdxInfoCreateIndex3));
        assert_int_equal(((JET_INDEXCREATE3_A *)(void *)room)->pidxunicode->dwMapFlags, good[i] | 0x400);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(make_index(&f, "bad", u"en-US", bad[i]), JET_errInvalidLCMapStringFlags);
    assert_err(make_index(&f, "upper", u"en-US", 0x200), JET_errEngineFormatVersionParamTooLowForRequestedFeature);
    assert_err(make_index(&f, "upper", u"en-US", 0x600), JET_errEngineFormatVersionParamTooLowForRequestedFeature);
    stop(&f);
}

static void set_default(JET_INSTANCE instance)
{
    JET_UNICODEINDEX unicode = {.lcid = 0xFFFF, .dwMapFlags = 0x400};
    assert_err(JetSetSystemParameter(&instance, 0, JET_paramUnicodeIndexDefault, sizeof unicode, (const char *)&unicode), JET_errInvalidLanguageId);
    unicode = (JET_UNICODEINDEX){.lcid = 0x41D, .dwMapFlags = 0x100};
    assert_err(JetSetSystemParameter(&instance, 0, JET_paramUnicodeIndexDefault, sizeof unicode, (const char *)&unicode), JET_errInvalidLCMapStringFlags);
    unicode.dwMapFlags = 0x400;
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramUnicodeIndexDefault, sizeof unicode, (const char *)&unicode));
}

static void an_index_without_locale_has_that_of_the_instance(void **state)
{
    (void)state;
    live_configure = set_default;
    struct fixture f = start();
    live_configure = NULL;
    assert_good(JetCreateIndex(f.live.session, f.table, "default", 0, "+text\0", 7, 100));
    assert_locale(&f, "default", u"sv-SE", 0x41D);
    stop(&f);
}

static void insert(const struct fixture *f, const char16_t *text)
{
    uint32_t units = 0;
    while (text[units] != 0)
        units++;
    assert_good(JetBeginTransaction(f->live.session));
    assert_good(JetPrepareUpdate(f->live.session, f->table, JET_prepInsert));
    assert_good(JetSetColumn(f->live.session, f->table, f->text, text, 2 * units, 0, NULL));
    assert_good(JetUpdate(f->live.session, f->table, NULL, 0, NULL));
    assert_good(JetCommitTransaction(f->live.session, 0));
}

/* The first characters of the rows in the order of an index. */
static const char16_t *order_of(const struct fixture *f, const char *index)
{
    static char16_t found[32];
    uint32_t count = 0;
    memset(found, 0, sizeof found);
    assert_good(JetSetCurrentIndex(f->live.session, f->table, index));
    for (JET_ERR err = JetMove(f->live.session, f->table, JET_MoveFirst, 0); err >= 0 && count < 31; err = JetMove(f->live.session, f->table, JET_MoveNext, 0)) {
        char16_t text[16] = {0};
        assert_true(JetRetrieveColumn(f->live.session, f->table, f->text, text, sizeof text, NULL, 0, NULL) >= 0);
        found[count++] = text[0];
    }
    return found;
}

static void rows_come_in_the_order_of_the_locale(void **state)
{
    (void)state;
    struct fixture f = start();
    assert_good(make_index(&f, "english", u"en-US", 0x30401));
    assert_good(make_index(&f, "swedish", u"sv-SE", 0x30401));
    insert(&f, u"z");
    insert(&f, u"\u00E4"); /* an a with dots: a letter of its own behind z in Swedish */
    insert(&f, u"b");
    insert(&f, u"a");
    assert_memory_equal(order_of(&f, "english"), u"a\u00E4bz", 10);
    assert_memory_equal(order_of(&f, "swedish"), u"abz\u00E4", 10);
    stop(&f);
}

/* In a database of a format that has them: new ones are made in an older. */
static struct fixture start_with_new_format(void)
{
    struct fixture f = start();
    JET_COLUMNDEF wide = {.cbStruct = sizeof wide, .coltyp = JET_coltypText, .cp = 1200};
    const char *path = text_of("%s/new.edb", f.live.folder);
    require_shared_data();
    copy_shared_file("engine/features-new-format-4k/keys.edb", path);
    assert_good(JetCloseTable(f.live.session, f.table));
    assert_good(JetCloseDatabase(f.live.session, f.dbid, 0));
    assert_good(JetAttachDatabase(f.live.session, path, 0));
    assert_good(JetOpenDatabase(f.live.session, path, NULL, &f.dbid, 0));
    assert_good(JetCreateTable(f.live.session, f.dbid, "words", 0, 0, &f.table));
    assert_good(JetAddColumn(f.live.session, f.table, "text", &wide, NULL, 0, &f.text));
    return f;
}

static void an_index_in_upper_case_orders_by_character(void **state)
{
    (void)state;
    struct fixture f = start_with_new_format();
    insert(&f, u"b");
    assert_good(make_index(&f, "upper", u"en-US", 0x200));
    insert(&f, u"\u00E4");
    insert(&f, u"-");
    insert(&f, u"A");
    assert_memory_equal(order_of(&f, "upper"), u"-Ab\u00E4", 10);
    uint8_t key[16];
    uint32_t size;
    assert_good(JetMove(f.live.session, f.table, JET_MoveLast, 0));
    assert_good(JetRetrieveKey(f.live.session, f.table, key, sizeof key, &size, 0));
    assert_int_equal(size, 5);
    assert_memory_equal(key, "\x7F\x00\xC4\x00\x00", 5);
    assert_good(JetMakeKey(f.live.session, f.table, u"B", 2, JET_bitNewKey));
    assert_good(JetSeek(f.live.session, f.table, JET_bitSeekEQ));
    char room[1024] = {0};
    assert_good(JetGetTableIndexInfo(f.live.session, f.table, "upper", room, sizeof room, JET_IdxInfoCreateIndex3));
    assert_int_equal(((JET_INDEXCREATE3_A *)(void *)room)->pidxunicode->dwMapFlags, 0x200);
    assert_err(make_index(&f, "both", u"en-US", 0x600), JET_errInvalidLCMapStringFlags);
    assert_err(make_index(&f, "lower", u"en-US", 0x100), JET_errInvalidLCMapStringFlags);
    stop(&f);
}

static void numbers_in_text_sort_as_numbers_when_asked_for(void **state)
{
    (void)state;
    struct fixture f = start();
    assert_good(make_index(&f, "digits", u"en-US", 0x400));
    assert_good(make_index(&f, "numbers", u"en-US", 0x408));
    insert(&f, u"7");
    insert(&f, u"10");
    insert(&f, u"9");
    assert_memory_equal(order_of(&f, "digits"), u"179", 8);
    assert_memory_equal(order_of(&f, "numbers"), u"791", 8);
    stop(&f);
}

static void the_first_column_of_the_primary_index_can_become_a_placeholder(void **state)
{
    (void)state;
    struct fixture f = start();
    uint32_t number = 7;
    const uint8_t no = 0; /* what a key has that is made without the placeholder's value */
    const JET_GRBIT convert = JET_bitColumnRenameConvertToPrimaryIndexPlaceholder;
    assert_err(JetRenameColumn(f.live.session, f.table, "flag", "hidden", convert), JET_errInvalidPlaceholderColumn); /* no primary index */
    assert_good(JetCreateIndex(f.live.session, f.table, "primary", JET_bitIndexPrimary, "+flag\0+number\0", 15, 100));
    assert_err(JetRenameColumn(f.live.session, f.table, "number", "hidden", convert), JET_errInvalidPlaceholderColumn);
    assert_err(JetRenameColumn(f.live.session, f.table, "flag", "hidden", convert | 1), JET_errInvalidGrbit);
    assert_err(JetRenameColumn(f.live.session, f.table, "flag", "number", convert), JET_errColumnDuplicate);
    assert_good(JetRenameColumn(f.live.session, f.table, "flag", "hidden", convert));
    assert_good(JetBeginTransaction(f.live.session));
    assert_good(JetPrepareUpdate(f.live.session, f.table, JET_prepInsert));
    assert_good(JetSetColumn(f.live.session, f.table, f.flag, &no, sizeof no, 0, NULL));
    assert_good(JetSetColumn(f.live.session, f.table, f.number, &number, sizeof number, 0, NULL));
    assert_good(JetUpdate(f.live.session, f.table, NULL, 0, NULL));
    assert_good(JetCommitTransaction(f.live.session, 0));
    assert_good(JetMakeKey(f.live.session, f.table, &number, sizeof number, JET_bitNewKey)); /* the number alone */
    assert_good(JetSeek(f.live.session, f.table, JET_bitSeekEQ));
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locales_are_taken_by_name),
        cmocka_unit_test(locales_are_taken_by_number),
        cmocka_unit_test(map_flags_are_checked_and_kept),
        cmocka_unit_test(an_index_without_locale_has_that_of_the_instance),
        cmocka_unit_test(rows_come_in_the_order_of_the_locale), cmocka_unit_test(an_index_in_upper_case_orders_by_character),
        cmocka_unit_test(numbers_in_text_sort_as_numbers_when_asked_for),
        cmocka_unit_test(the_first_column_of_the_primary_index_can_become_a_placeholder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
