/* Sort keys from a small weight table made here, damaged tables, and, when the system has the real table, keys that Windows is known to make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>

#include <cmocka.h>

#include "base/memory.h"
#include "record/case_map.h"
#include "record/collation.h"
#include "record/locale.h"

/* weights: 65536, then one exception table (256 page bases, one page); two sorts; one expansion; one compression table */
enum { UNITS = 65536, WEIGHTS = UNITS + 512, SORTS_AT = 16 + 4 * WEIGHTS, TABLE_SIZE = SORTS_AT + 8 + 2 * 36 + 4 + 4 + 4 + 24 + 20 };

static uint8_t *table_bytes;

static void weight(uint32_t at, unsigned script, unsigned primary, unsigned diacritic, unsigned case_bits)
{
    store_le32(table_bytes + 16 + 4 * at, primary | script << 8 | diacritic << 16 | case_bits << 24);
}

static int make_table(void **state)
{
    (void)state;
    table_bytes = (uint8_t *)calloc(1, TABLE_SIZE);
    if (table_bytes == NULL)
        return -1;
    store_le32(table_bytes, 16);
    store_le32(table_bytes + 4, SORTS_AT);
    store_le32(table_bytes + 8, SORTS_AT);
    store_le32(table_bytes + 12, SORTS_AT);
    for (uint32_t pass = 0; pass < 2; pass++) {
        uint32_t base = pass == 0 ? 0 : UNITS + 256;
        for (uint32_t c = 'a'; c <= 'z'; c++) {
            weight(base + c, 14, 2 + 4 * (c - 'a'), 2, 2);
            weight(base + c - 32, 14, 2 + 4 * (c - 'a'), 2, 0x12);
        }
        for (uint32_t c = '0'; c <= '9'; c++)
            weight(base + c, 13, 3 + 2 * (c - '0'), 2, 2);
        weight(base + '-', 6, 0x82, 2, 2);
        weight(base + '!', 7, 0x1C, 2, 2);
        weight(base + 0xE4, 14, 2, 0x13, 2); /* a with two dots */
        weight(base + 0xE6, 2, 0, 0, 0);     /* expansion 0 */
    }
    weight(0x301, 1, 0, 0x0E, 0);  /* combining acute */
    weight(0x1100, 4, 1, 2, 2);    /* a Hangul letter */
    weight(UNITS + 256 + 'c', 14, 10, 2, 0x42); /* c may begin a compression */
    for (uint32_t page = 0; page < 256; page++)
        store_le32(table_bytes + 16 + 4 * (UNITS + page), page == 0 ? UNITS + 256 : page * 256);
    uint8_t *at = table_bytes + SORTS_AT;
    store_le32(at, 0x60305);
    store_le32(at + 4, 2);
    at += 8;
    for (uint32_t i = 0; i < 2; i++, at += 36) {
        at[0] = (uint8_t)(i + 1);
        store_le32(at + 16, i == 1 ? 0x30 : 0); /* reversed diacritics, double compression */
        store_le32(at + 20, i == 1 ? 0 : 0xFFFFFFFF);
        store_le32(at + 24, i == 1 ? UNITS : 0);
    }
    store_le32(at, 1);
    store_le16(at + 4, 'a');
    store_le16(at + 6, 'e');
    at += 8;
    store_le32(at, 1);
    store_le16(at + 8, 'c');
    store_le16(at + 10, 'h');
    store_le16(at + 12, 1); /* one of two characters */
    at += 28;
    store_le16(at, 'c');
    store_le16(at + 2, 'h');
    store_le32(at + 4, 0x0C | 14 << 8 | 2 << 16 | 2u << 24);
    return 0;
}

static int drop_table(void **state)
{
    (void)state;
    free(table_bytes);
    return 0;
}

static struct collation_table *open_table(void)
{
    struct collation_table *t;
    assert_int_equal(collation_table_from_bytes(span_of(table_bytes, TABLE_SIZE), &t), JET_errSuccess);
    return t;
}

static const char *key_of(const struct collation *c, const char16_t *text, uint32_t room)
{
    static char hex[600];
    uint8_t out[256];
    uint32_t size, units = 0;
    bool is_cut;
    while (text[units] != 0)
        units++;
    JET_ERR err = collation_sort_key(c, span_of(text, 2 * units), out, room, &size, &is_cut);
    if (err < 0)
        return err == JET_errFeatureNotAvailable ? "not available" : "error";
    hex[0] = '\0';
    for (uint32_t i = 0; i < size; i++)
        sprintf(hex + 2 * i, "%02x", out[i]);
    if (is_cut)
        strcat(hex, "...");
    return hex;
}

static struct collation rules(const struct collation_table *t, unsigned sort, uint32_t flags)
{
    uint8_t id[16] = {(uint8_t)sort};
    struct collation c;
    assert_int_equal(collation_open(t, NULL, 0, id, 0, flags, &c), JET_errSuccess);
    return c;
}

static void keys_have_their_five_parts(void **state)
{
    (void)state;
    struct collation_table *t = open_table();
    struct collation plain = rules(t, 1, 0x400), folded = rules(t, 1, COLLATION_FLAGS_DEFAULT);
    assert_string_equal(key_of(&folded, u"aB", 256), "0e020e060101010100");
    assert_string_equal(key_of(&plain, u"aB", 256), "0e020e060101021201" "0100");
    assert_string_equal(key_of(&folded, u"", 256), "0101010100");
    assert_string_equal(key_of(&folded, u"a\u00E4a", 256), "0e020e020e0201021301010100");
    assert_string_equal(key_of(&folded, u"a\u0301b", 256), "0e020e06011001010100");
    assert_string_equal(key_of(&folded, u"a-b", 256), "0e020e0601010101fffe821200");
    assert_string_equal(key_of(&folded, u"a!b", 256), "0e02071c0e060101010100");
    assert_string_equal(key_of(&folded, u"\u00E6", 256), "0e020e120101010100");
    assert_string_equal(key_of(&folded, u"a\u4444b", 256), "0e020e060101010100"); /* a unit without weight */
    collation_table_close(t);
}

static void flags_leave_things_out(void **state)
{
    (void)state;
    struct collation_table *t = open_table();
    struct collation no_symbols = rules(t, 1, 0x400 | COLLATION_IGNORE_SYMBOLS), no_marks = rules(t, 1, 0x400 | COLLATION_IGNORE_NON_SPACE);
    struct collation string_sort = rules(t, 1, 0x400 | COLLATION_STRING_SORT);
    assert_string_equal(key_of(&no_symbols, u"a-!b", 256), "0e020e060101010100");
    assert_string_equal(key_of(&no_marks, u"\u00E4a\u0301", 256), "0e020e020101010100");
    assert_string_equal(key_of(&string_sort, u"a-b", 256), "0e0206820e060101010100");
    struct collation numbers = rules(t, 1, 0x400 | COLLATION_DIGITS_AS_NUMBERS), reversed = rules(t, 1, 0x400 | COLLATION_BYTE_REVERSED);
    assert_string_equal(key_of(&numbers, u"10020a", 256), "0d0207232242fe0e020101010100");
    assert_string_equal(key_of(&numbers, u"007", 256), "0d020329fc0101010100");
    assert_string_equal(key_of(&numbers, u"0", 256), "0d0202fd0101010100");
    assert_string_equal(key_of(&reversed, u"ab", 256), "020e060e0101010100");
    struct collation no_case = rules(t, 1, 0x400 | COLLATION_LINGUISTIC_IGNORE_CASE), no_diacritic = rules(t, 1, 0x400 | COLLATION_LINGUISTIC_IGNORE_DIACRITIC);
    assert_string_equal(key_of(&no_case, u"aB", 256), "0e020e060101010100");
    assert_string_equal(key_of(&no_diacritic, u"\u00E4B", 256), "0e020e06010102120101" "00");
    collation_table_close(t);
}

static void locales_have_exceptions_and_compressions(void **state)
{
    (void)state;
    struct collation_table *t = open_table();
    struct collation c = rules(t, 2, COLLATION_FLAGS_DEFAULT);
    assert_string_equal(key_of(&c, u"chc", 256), "0e0c0e0a0101010100");
    assert_string_equal(key_of(&c, u"cch", 256), "0e0c0e0c0101010100"); /* doubled */
    assert_string_equal(key_of(&c, u"\u00E4b", 256), "0e020e0601" "0213010101" "00"); /* diacritics from the end */
    collation_table_close(t);
}

static void a_key_is_cut_at_the_room(void **state)
{
    (void)state;
    struct collation_table *t = open_table();
    struct collation c = rules(t, 1, COLLATION_FLAGS_DEFAULT);
    assert_string_equal(key_of(&c, u"abc", 3), "0e020e...");
    assert_string_equal(key_of(&c, u"abc", 0), "...");
    assert_string_equal(key_of(&c, u"ab", 9), "0e020e060101010100");
    assert_string_equal(key_of(&c, u"ab", 8), "0e020e0601010101...");
    uint8_t text[4000], out[2000];
    uint32_t size;
    bool is_cut;
    uint64_t before = memory_live_count();
    for (unsigned i = 0; i < sizeof text; i += 2)
        store_le16(text + i, 'b');
    assert_int_equal(collation_sort_key(&c, span_of(text, sizeof text), out, sizeof out, &size, &is_cut), JET_errSuccess);
    assert_true(is_cut && size == sizeof out && out[1998] == 0x0E && out[1999] == 0x06);
    memory_fail_at(1, 0);
    assert_int_equal(collation_sort_key(&c, span_of(text, sizeof text), out, sizeof out, &size, &is_cut), JET_errOutOfMemory);
    memory_fail_at(0, 0);
    assert_true(memory_live_count() == before);
    collation_table_close(t);
}

static void what_has_no_known_rule_says_so(void **state)
{
    (void)state;
    struct collation_table *t = open_table();
    struct collation c;
    uint8_t id[16] = {1}, unknown[16] = {9};
    assert_int_equal(collation_open(NULL, "en-US", 0, id, 0, 0x400, &c), JET_errFeatureNotAvailable);
    assert_int_equal(collation_open(t, "en-US", 0, id, 0, 0x400 | COLLATION_UPPERCASE, &c), JET_errFeatureNotAvailable);
    assert_int_equal(collation_open(t, "en-US", 0, id, 0, COLLATION_UPPERCASE, &c), JET_errFeatureNotAvailable); /* the table has no case maps, nor the letters of Hangul */
    assert_int_equal(collation_open(t, "en-US", 0, id, 0x0005000000050000ull, 0x400, &c), JET_errFeatureNotAvailable);
    assert_int_equal(collation_open(t, "en-US", 0, id, 0x0006020F0006020Full, 0x400, &c), JET_errSuccess);
    assert_int_equal(collation_open(t, "en-US", 0, unknown, 0, 0x400, &c), JET_errInvalidLanguageId);
    assert_int_equal(collation_open(t, "xx-YY", 0, NULL, 0, 0x400, &c), JET_errInvalidLanguageId);
    assert_int_equal(collation_open(t, "ja-JP", 0, NULL, 0, 0x400, &c), JET_errInvalidLanguageId); /* an order that the table has not */
    assert_int_equal(collation_open(t, NULL, 0x1000, NULL, 0, 0x400, &c), JET_errInvalidLanguageId);
    assert_int_equal(collation_open(t, NULL, 1033, id, 0, 0x400, &c), JET_errSuccess);
    assert_string_equal(key_of(&c, u"a\u1100", 256), "not available");
    collation_table_close(t);
}

static void flags_are_those_of_the_original_engine(void **state)
{
    (void)state;
    static const uint32_t good[] = {0x400, 0x30401, 0x402, 0x404, 0x408, 0x410, 0x420, 0xC00, 0x1400, 0x8000400, 0x8031C3F};
    static const uint32_t bad[] = {0, 1, 0x600, 0x500, 0x10000, 0x40000400, 0x480, 0x1000400};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(collation_check_flags(good[i], false), JET_errSuccess);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(collation_check_flags(bad[i], true), JET_errInvalidLCMapStringFlags);
    assert_int_equal(collation_check_flags(COLLATION_UPPERCASE, false), JET_errInvalidLCMapStringFlags);
    assert_int_equal(collation_check_flags(COLLATION_UPPERCASE, true), JET_errSuccess);
}

static void locales_have_names_numbers_and_orders(void **state)
{
    (void)state;
    static const struct { const char *name; uint32_t id, sort; } known[] = {
        {"", 0x7F, 1}, {"en-US", 0x409, 1}, {"DE-de", 0x407, 1}, {"de-DE_phoneb", 0x10407, 0x3F}, {"zh-CN_phoneb", 0x50804, 0x4B}, {"aa", 0x1000, 1}, {"x-IV_mathan", 0x1007F, 0x35}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct locale *locale = locale_by_name(known[i].name);
        assert_non_null(locale);
        assert_int_equal(locale->id, known[i].id);
        assert_int_equal(locale->sort, known[i].sort);
        if (locale->id != LOCALE_ID_UNSPECIFIED)
            assert_ptr_equal(locale_by_id(locale->id), locale);
    }
    assert_string_equal(locale_by_id(7)->name, "de-DE");
    assert_string_equal(locale_by_id(4)->name, "zh-CN");
    assert_string_equal(locale_by_id(0x800)->name, "en-US");
    assert_string_equal(locale_by_id(0x85D)->name, "iu-Latn-CA");
    assert_null(locale_by_id(0x1000));
    assert_null(locale_by_id(0xFFFF));
    static const char *const unknown[] = {"xx-YY", "en-", "a", "en_US_POSIX", "en-US\n"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_null(locale_by_name(unknown[i]));
}

static void versions_agree_as_the_original_engine_has_it(void **state)
{
    (void)state;
    assert_true(collation_versions_agree(0x0006020D0006020Dull, 0x0006020F0006020Full));
    assert_true(collation_versions_agree(0x0006020F0006020Full, 0x0006020E0006020Eull));
    assert_true(collation_versions_agree(0x0006010200060102ull, 0x0006010100060101ull));
    assert_true(collation_versions_agree(0x0006030500060305ull, 0x0006030500060305ull));
    assert_false(collation_versions_agree(0x0006020F0006020Full, 0x0006030500060305ull));
    assert_false(collation_versions_agree(0, 0x0006030500060305ull));
    struct collation_table *t = open_table();
    uint8_t id[16] = {1}, current[16];
    uint64_t version;
    assert_int_equal(collation_state_of(t, "en-US", id, 0x0006030500060305ull, 0x400), COLLATION_UNUSABLE); /* the locale has no order in this table */
    assert_int_equal(collation_state_of(NULL, "en-US", id, 0x0006030500060305ull, 0x400), COLLATION_UNUSABLE);
    assert_int_equal(collation_current(t, "xx-YY", current, &version), JET_errInvalidLanguageId);
    assert_int_equal(collation_current(NULL, "en-US", current, &version), JET_errFeatureNotAvailable);
    collation_table_close(t);
}

static void damaged_tables_are_refused(void **state)
{
    (void)state;
    static const struct { uint32_t at, value; } damages[] = {
        {0, 8}, {0, 0xFFFFFFF0}, {4, 0x1000}, {4, 0xFFFFFFFF}, {12, 0xFFFFFFFF}, {12, TABLE_SIZE - 3},
        {SORTS_AT + 4, 0}, {SORTS_AT + 4, 0x10000000}, {SORTS_AT + 8 + 36 + 20, 1}, {SORTS_AT + 8 + 36 + 24, WEIGHTS - 10},
        {16 + 4 * (UNITS + 7), WEIGHTS - 100}, {SORTS_AT + 8 + 72, 0xFFFFFFFF}, {SORTS_AT + 8 + 72 + 8, 0x01000000}, {SORTS_AT + 8 + 72 + 12, 1000},
        {SORTS_AT + 8 + 72 + 12 + 8, 0xFFFF},
    };
    uint64_t before = memory_live_count();
    for (unsigned i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        struct collation_table *t = NULL;
        uint32_t kept = load_le32(table_bytes + damages[i].at);
        store_le32(table_bytes + damages[i].at, damages[i].value);
        if (collation_table_from_bytes(span_of(table_bytes, TABLE_SIZE), &t) != JET_errFeatureNotAvailable)
            fail_msg("damage %u was accepted", i);
        assert_null(t);
        store_le32(table_bytes + damages[i].at, kept);
    }
    for (uint32_t size = 0; size < TABLE_SIZE; size += size < 64 ? 1 : size > SORTS_AT - 1 ? 3 : 4096) {
        struct collation_table *t = NULL;
        if (collation_table_from_bytes(span_of(table_bytes, size), &t) == JET_errSuccess && size < TABLE_SIZE - 20)
            fail_msg("a table cut to %u bytes was accepted", size);
        collation_table_close(t);
    }
    struct collation_table *none;
    assert_int_equal(collation_table_open(os_fs_posix(), "/nonexistent/table.nls", &none), JET_errFeatureNotAvailable);
    assert_true(memory_live_count() == before);
}

/* Keys from public sources: the first from the original engine's own tests (zh-CN, primary weights of three bytes), the others from articles by
 * the authors of Windows' collation. */
static void known_windows_keys_are_made_with_the_real_table(void **state)
{
    (void)state;
    struct collation_table *t;
    struct collation c;
    if (collation_table_open(os_fs_posix(), NULL, &t) < 0) {
        print_message("skipped: no weight table\n");
        skip();
    }
    uint8_t id[16] = {0x4B, 0, 0, 0, 0xEE, 0x57, 0x5C, 0x1E, 0x00, 0xB4, 0xD0, 0x00, 0x0B, 0xB1, 0xE1, 0x1E};
    assert_int_equal(collation_open(t, "zh-CN", 0, id, 0x0006020F0006020Full, COLLATION_FLAGS_DEFAULT, &c), JET_errSuccess);
    assert_string_equal(key_of(&c, u"\u738B", 256), "ce931601010101" "00");
    assert_int_equal(collation_open(t, "en-US", 0, NULL, 0, 0x400, &c), JET_errSuccess);
    assert_string_equal(key_of(&c, u"\u30E9\u30FC\u30E1\u30F3", 256), "2242220222352280010101ff030502c4c4c4c4ffff0100");
    char both[600];
    assert_int_equal(collation_open(t, "en-US", 0, NULL, 0, COLLATION_FLAGS_DEFAULT, &c), JET_errSuccess);
    snprintf(both, sizeof both, "%s", key_of(&c, u"AEss", 256));
    assert_string_equal(both, key_of(&c, u"\u00C6\u00DF", 256));
    collation_table_close(t);
}

/* A sample of what Wine makes of the same table: marks that repeat, kana with flags, numbers, what is ignored linguistically, compressions, expansions with marks, old Hangul; and upper case, as the
 * original engine stores it. */
static void keys_are_those_of_wine(void **state)
{
    (void)state;
    static const struct { const char *locale; uint32_t flags; const char16_t *text; const char *key; } keys[] = {
        {"en-US", 0x30401, u"\u30A2", "2202010101ff02c4ffc4ff0100"}, {"en-US", 0x30403, u"\u3041", "2202010101ff02c4ffc4ff0100"},
        {"en-US", 0x10400, u"\u3042", "2202010101ff02c4ffff0100"}, {"ja-JP", 0x400, u"\u30FC", "ffff0101010100"},
        {"ja-JP", 0x400, u"\u00E9\u30FC", "0e210e21010e0e01010100"}, {"ja-JP", 0x400, u"\u3042\u30FC\u30FC", "220222022202010101ff03050502ffff0100"},
        {"ja-JP", 0x400, u"-\u30FCA", "06820e02010102120101ffff821200"}, {"en-US", 0x408, u"1a12", "0d020323fe0e020d020434fe0101010100"},
        {"en-US", 0x408, u"00120", "0d0205234" "2fc0101010100"}, {"en-US", 0x408, u"\u0660\u0661\u0662", "0d020434fd010401010100"},
        {"en-US", 0x420, u"c\u0308", "0e0a010401010100"}, {"en-US", 0x420, u"\u00E7", "0e0a0101010100"}, {"en-US", 0x410, u"\u00E6N", "0e020e210e700101010100"},
        {"en-US", 0xC00, u"y", "a70e0101010100"}, {"en-US", 0x30401, u"\u0385", "0753010001020c01010100"}, {"en-US", 0x30401, u"\u309F", "033e034301010606010100"},
        {"en-US", 0x30401, u"\u1100\u1161\u11A8", "c002ff83ff03ff02ec97ffffff03ff030101010100"}, {"en-US", 0x30401, u"\uA960\u1161", "cbb1ff12ff03ff020101010100"},
        {"en-US", 0x400, u"\u1100\uD7B0", "c138ff03ff1eff020101010100"}, {"en-US", 0x400, u"\u1100\u1161\uD7CBa", "c007ff03ff03ff110e020101010100"},
        {"en-US", 0x400, u"\u1161", "ec97ffffff03ff020101010100"}, {"en-US", 0x200, u"a\u00E9\u00B5\u00FF", "004100c900b501780000"},
        {"tr-TR", 0x200, u"i\u0131\u00DF", "0049013100df0000"}, {"en-US", 0x200, u"\xD801\xDC28\xD801", "d801dc00d8010000"},
        {"cy-GB", 0x30401, u"llg", "0e4b0e250101010100"}, {"zh-CN", 0x30401, u"\u3400", "cb74160101010100"}};
    struct collation_table *t;
    if (collation_table_open(os_fs_posix(), NULL, &t) < 0) {
        print_message("skipped: no weight table\n");
        skip();
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct collation c;
        assert_int_equal(collation_open(t, keys[i].locale, 0, NULL, 0, keys[i].flags, &c), JET_errSuccess);
        if (strcmp(key_of(&c, keys[i].text, 256), keys[i].key) != 0)
            fail_msg("key %zu is %s, not %s", i, key_of(&c, keys[i].text, 256), keys[i].key);
    }
    collation_table_close(t);
}

/* Case maps of every size, all places pointing anywhere: no byte outside is read, and a text always comes to its end. */
static void a_case_map_with_wild_places_is_read_within_its_bounds(void **state)
{
    (void)state;
    enum { UNITS_MOST = 1600 };
    static const uint8_t text[] = {0x61, 0, 0x01, 0xD8, 0x28, 0xDC, 0xFF, 0xFF, 0xFF, 0xDB, 0xFF, 0xDF, 0x01, 0xD8};
    srand(11);
    for (uint32_t units = 0; units < UNITS_MOST; units += 7) {
        struct case_map map;
        uint8_t *bytes = malloc(2 * units + 1);
        assert_non_null(bytes);
        for (uint32_t i = 0; i < 2 * units; i++)
            bytes[i] = (uint8_t)rand();
        if (units > 2) {
            store_le16(bytes + 2, (uint16_t)(units - units % 2 * 300));
            store_le16(bytes + 4, units % 2 == 0 ? 0x500 : 0x100);
        }
        case_map_init(&map, span_of(bytes, 2 * units));
        for (uint32_t at = 0, taken = 0; at < sizeof text / 2 && map.units != NULL; at += taken) {
            uint16_t out[2];
            uint32_t count = case_map_upper(&map, span_of(text, sizeof text), at, out, &taken);
            assert_true(count >= 1 && count <= 2 && taken >= 1 && taken <= 2);
        }
        free(bytes);
    }
}

static void a_key_in_upper_case_is_cut_at_the_room(void **state)
{
    (void)state;
    struct collation_table *t;
    struct collation c;
    uint8_t out[8];
    uint32_t size;
    bool is_cut;
    if (collation_table_open(os_fs_posix(), NULL, &t) < 0) {
        print_message("skipped: no weight table\n");
        skip();
    }
    assert_int_equal(collation_open(t, "en-US", 0, NULL, 0, COLLATION_UPPERCASE, &c), JET_errSuccess);
    const struct span text = span_of((const uint8_t *)u"abc", 6);
    for (uint32_t room = 0; room <= 8; room++) {
        assert_int_equal(collation_sort_key(&c, text, out, room, &size, &is_cut), JET_errSuccess);
        assert_true(size == room && is_cut == (room < 8));
        assert_memory_equal(out, "\0A\0B\0C\0\0", size);
    }
    collation_table_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_their_five_parts),
        cmocka_unit_test(flags_leave_things_out),
        cmocka_unit_test(locales_have_exceptions_and_compressions),
        cmocka_unit_test(a_key_is_cut_at_the_room),
        cmocka_unit_test(what_has_no_known_rule_says_so),
        cmocka_unit_test(flags_are_those_of_the_original_engine),
        cmocka_unit_test(locales_have_names_numbers_and_orders),
        cmocka_unit_test(versions_agree_as_the_original_engine_has_it),
        cmocka_unit_test(damaged_tables_are_refused),
        cmocka_unit_test(known_windows_keys_are_made_with_the_real_table),
        cmocka_unit_test(keys_are_those_of_wine),
        cmocka_unit_test(a_case_map_with_wild_places_is_read_within_its_bounds),
        cmocka_unit_test(a_key_in_upper_case_is_cut_at_the_room),
    };
    return cmocka_run_group_tests(tests, make_table, drop_table);
}
