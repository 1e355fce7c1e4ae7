/* Text keys made by ICU where Windows' weights are not there: their order, what of the map flags they know, and that nobody takes them for Windows' or another ICU's. */
#define ESENT_PRIVATE
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <uchar.h>
#include <unistd.h>

#include "base/memory.h"
#include "live_instance.h"
#include "os/file.h"
#include "os/thread.h"
#include "record/collation.h"
#include "record/icu_orders.h"
#include "recorded_events.h"
#include "shared_data.h"

#define NO_WEIGHTS "/nonexistent/sortdefault.nls"
#define USER_ACCESS "windows/ual-server2019-hyperv/{03A01CC5-91BB-4936-B685-63697785D39E}.mdb"

enum { EVENT_STAND_IN_USED = 10001, KEY_ROOM = 512 };

/* Which weights and which module are found from now on; NULL: the places where they usually are; an empty module: none. */
static void use(const char *weights, const char *module)
{
    assert_int_equal(weights != NULL ? setenv("OPENESE_SORTDEFAULT", weights, 1) : unsetenv("OPENESE_SORTDEFAULT"), 0);
    assert_int_equal(module != NULL ? setenv("OPENESE_ICU", module, 1) : unsetenv("OPENESE_ICU"), 0);
}

static void need_icu(void)
{
    if (ICU_MODULE[0] == 0) {
        print_message("skipped: built without ICU (Debian package libicu-dev)\n");
        skip();
    }
    use(NO_WEIGHTS, ICU_MODULE);
}

static void need_windows_weights(void)
{
    struct collation_table *weights;
    use(NULL, "");
    if (collation_table_open(os_fs_posix(), NULL, &weights) < 0) {
        print_message("skipped: no sort weights (Debian package libwine)\n");
        skip();
    }
    collation_table_close(weights);
}

static struct collation_table *open_icu(void)
{
    struct collation_table *table;
    assert_int_equal(collation_table_find(os_fs_posix(), &table), JET_errSuccess);
    assert_non_null(collation_table_stand_in(table));
    return table;
}

static JET_ERR open_rules(const struct collation_table *table, const char *locale, uint32_t flags, struct collation *out)
{
    uint8_t id[16];
    uint64_t version;
    JET_ERR err = collation_current(table, locale, id, &version);
    return err < 0 ? err : collation_open(table, locale, 0, id, version, flags, out);
}

struct key {
    uint8_t bytes[KEY_ROOM];
    uint32_t size;
    bool is_cut;
};

static struct key key_of(const struct collation *rules, const char16_t *text, uint32_t room)
{
    struct key key;
    uint8_t unaligned[2 * KEY_ROOM + 1];
    uint32_t units = 0;
    while (text[units] != 0)
        units++;
    assert_true(2 * units < sizeof unaligned);
    memcpy(unaligned + 1, text, (size_t)2 * units);
    assert_int_equal(collation_sort_key(rules, span_of(unaligned + 1, 2 * units), key.bytes, room, &key.size, &key.is_cut), JET_errSuccess);
    assert_true(key.size <= room);
    return key;
}

static int compare(const struct key *a, const struct key *b)
{
    int order = memcmp(a->bytes, b->bytes, a->size < b->size ? a->size : b->size);
    order = order != 0 ? order : (a->size > b->size) - (a->size < b->size);
    return (order > 0) - (order < 0);
}

/* --- keys --- */

enum { CASE = COLLATION_IGNORE_CASE, MARKS = COLLATION_IGNORE_NON_SPACE, SYMBOLS = COLLATION_IGNORE_SYMBOLS, NUMBERS = COLLATION_DIGITS_AS_NUMBERS, KANA = COLLATION_IGNORE_KANA,
       WIDTH = COLLATION_IGNORE_WIDTH, ALL = CASE | KANA | WIDTH };

static const struct order {
    const char *locale;
    uint32_t flags;
    const char16_t *left, *right;
    int expected;
} orders[] = {
    /* languages */
    {"en-US", ALL, u"a", u"\u00E4", -1}, {"en-US", ALL, u"\u00E4", u"b", -1}, {"de-DE", ALL, u"\u00E4z", u"b", -1}, {"de-DE", ALL, u"\u00F6", u"z", -1},
    {"sv-SE", ALL, u"z", u"\u00E5", -1}, {"sv-SE", ALL, u"\u00E5", u"\u00E4", -1}, {"sv-SE", ALL, u"\u00E4", u"\u00F6", -1}, {"de-DE", ALL, u"stra\u00DFe", u"strasse", 1},
    {"de-DE", ALL, u"af", u"\u00E4", 1}, {"de-DE_phoneb", ALL, u"ad", u"\u00E4", -1}, {"de-DE_phoneb", ALL, u"\u00E4", u"af", -1}, {"de-DE", ALL, u"ad", u"\u00E4", 1},
    {"", ALL, u"a", u"B", -1}, {"tr-TR", ALL, u"h", u"\u0131", -1}, {"tr-TR", ALL, u"\u0131", u"i", -1}, {"es-ES_tradnl", ALL, u"cz", u"ch", -1}, {"es-ES", ALL, u"cz", u"ch", 1},
    /* case, width, kana type: all of them, none, some */
    {"en-US", ALL, u"Zo\u00CB", u"zo\u00EB", 0}, {"en-US", ALL, u"\uFF41", u"A", 0}, {"ja-JP", ALL, u"\u3042", u"\u30A2", 0}, {"ja-JP", ALL, u"\uFF76\uFF9E", u"\u304C", 0},
    {"en-US", 0, u"a", u"A", -1}, {"en-US", 0, u"a", u"\uFF41", -1}, {"en-US", 0, u"\u3042", u"\u30A2", -1}, {"ja-JP", 0, u"\u3042", u"\u30A2", -1}, {"en-US", 0, u"A", u"b", -1},
    {"en-US", CASE, u"a", u"A", 0}, {"en-US", CASE, u"a", u"\uFF41", -1}, {"en-US", CASE, u"\u3042", u"\u30A2", -1}, {"en-US", CASE, u"I", u"i", 0}, {"de-DE", CASE, u"STRA\u1E9EE", u"stra\u00DFe", 0}, {"en-US", CASE, u"\U00010400", u"\U00010428", 0},
    {"tr-TR", CASE, u"I", u"\u0131", 0}, {"tr-TR", CASE, u"I", u"i", -1}, {"ja-JP", CASE, u"\u3042", u"\u30A2", -1}, {"ja-JP", KANA, u"\u3042", u"\u30A2", 0}, {"en-US", COLLATION_LINGUISTIC_IGNORE_CASE, u"a", u"A", 0},
    {"en-US", KANA, u"\u3042", u"\u30A2", 0}, {"en-US", KANA, u"a", u"A", -1}, {"en-US", WIDTH, u"\uFF76\uFF9E", u"\u30AC", 0}, {"en-US", WIDTH, u"\uFF21", u"A", 0},
    {"en-US", WIDTH, u"a", u"A", -1}, {"en-US", CASE | WIDTH, u"\uFF21", u"a", 0}, {"en-US", KANA | WIDTH, u"\uFF76\uFF9E", u"\u304C", 0},
    /* marks, symbols, numbers */
    {"en-US", ALL | MARKS, u"r\u00E9sum\u00E9", u"RESUME", 0}, {"sv-SE", ALL | MARKS, u"a", u"\u00E4", -1}, {"en-US", KANA | WIDTH | MARKS, u"\u00E4", u"a", 0},
    {"en-US", KANA | WIDTH | MARKS, u"a", u"A", -1}, {"en-US", ALL | SYMBOLS, u"co-op", u"coop", 0}, {"en-US", ALL | SYMBOLS, u"$ 5", u"5", 0}, {"en-US", SYMBOLS, u"co-op", u"coop", 0}, {"en-US", ALL, u"co-op", u"coop", -1},
    {"en-US", ALL | NUMBERS, u"item2", u"item10", -1}, {"en-US", ALL, u"item2", u"item10", 1}, {"en-US", ALL | COLLATION_STRING_SORT, u"co-op", u"coop", -1},
    {"en-US", ALL, u"e\u0301", u"\u00E9", 0}, {"en-US", ALL, u"", u"a", -1}, {"en-US", ALL, u"ab", u"abc", -1}, {"en-US", ALL, u"\U0001F600", u"a", -1}, {"en-US", ALL, u"\xD800", u"a", 1},
};

static void texts_sort_as_language_and_flags_say(void **state)
{
    (void)state;
    need_icu();
    struct collation_table *table = open_icu();
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct collation rules;
        assert_int_equal(open_rules(table, orders[i].locale, COLLATION_SORT_KEY | orders[i].flags, &rules), JET_errSuccess);
        struct key left = key_of(&rules, orders[i].left, KEY_ROOM), right = key_of(&rules, orders[i].right, KEY_ROOM);
        if (compare(&left, &right) != orders[i].expected)
            fail_msg("order %zu (%s, 0x%x) is %d", i, orders[i].locale, (unsigned)orders[i].flags, compare(&left, &right));
        assert_false(left.is_cut);
    }
    collation_table_close(table);
}

static void what_icu_cannot_leave_out_alone_is_refused(void **state)
{
    (void)state;
    need_icu();
    static const uint32_t refused[] = {MARKS, MARKS | CASE, MARKS | KANA, MARKS | WIDTH, MARKS | CASE | WIDTH, MARKS | CASE | KANA, COLLATION_LINGUISTIC_IGNORE_DIACRITIC};
    struct collation_table *table = open_icu();
    struct collation rules;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(open_rules(table, "en-US", COLLATION_SORT_KEY | refused[i], &rules), JET_errFeatureNotAvailable);
    assert_int_equal(open_rules(table, "en-US", COLLATION_UPPERCASE, &rules), JET_errFeatureNotAvailable);
    assert_int_equal(open_rules(table, "hu-HU_technl", COLLATION_FLAGS_DEFAULT, &rules), JET_errFeatureNotAvailable);
    assert_int_equal(open_rules(table, "x-IV_mathan", COLLATION_FLAGS_DEFAULT, &rules), JET_errFeatureNotAvailable);
    assert_int_equal(open_rules(table, "ja-JP", COLLATION_SORT_KEY | CASE | SYMBOLS, &rules), JET_errFeatureNotAvailable);
    assert_int_equal(open_rules(table, "ja-JP", COLLATION_SORT_KEY | KANA | SYMBOLS, &rules), JET_errSuccess);
    assert_int_equal(open_rules(table, "xx-YY", COLLATION_FLAGS_DEFAULT, &rules), JET_errInvalidLanguageId);
    collation_table_close(table);
}

static void every_locale_but_three_has_an_order(void **state)
{
    (void)state;
    need_icu();
    static const char *const names[] = {
#define LOCALE(name, id, sort) name,
#define ALIAS(id, name)
#include "record/locales.def"
#undef LOCALE
#undef ALIAS
    };
    struct collation_table *table = open_icu();
    unsigned refused = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint8_t id[16];
        uint64_t version = 0;
        JET_ERR err = collation_current(table, names[i], id, &version);
        refused += err == JET_errFeatureNotAvailable;
        if (err == JET_errFeatureNotAvailable)
            assert_non_null(strchr(names[i], '_'));
        else if (err != JET_errSuccess || version >> 32 == 0)
            fail_msg("%s: %d", names[i], (int)err);
    }
    assert_int_equal(refused, 3);
    collation_table_close(table);
}

static void a_key_is_cut_at_the_room_and_long_texts_have_keys(void **state)
{
    (void)state;
    need_icu();
    struct collation_table *table = open_icu();
    struct collation rules, reversed;
    assert_int_equal(open_rules(table, "en-US", COLLATION_SORT_KEY, &rules), JET_errSuccess);
    assert_int_equal(open_rules(table, "en-US", COLLATION_SORT_KEY | COLLATION_BYTE_REVERSED, &reversed), JET_errSuccess);
    struct key whole = key_of(&rules, u"Zo\u00EB and \u0416\u4E00", KEY_ROOM), swapped = key_of(&reversed, u"Zo\u00EB and \u0416\u4E00", KEY_ROOM);
    assert_int_equal(whole.bytes[whole.size - 1], 0);
    assert_int_equal(swapped.bytes[0], whole.bytes[1]);
    for (uint32_t room = 0; room < whole.size; room++) {
        struct key cut = key_of(&rules, u"Zo\u00EB and \u0416\u4E00", room);
        assert_int_equal(cut.size, room);
        assert_true(cut.is_cut);
        assert_memory_equal(cut.bytes, whole.bytes, room);
    }
    enum { LONG = 5000, ROOM = 2000 };
    static char16_t text[LONG];
    static uint8_t key[ROOM];
    uint32_t size;
    bool is_cut;
    for (uint32_t i = 0; i < LONG; i++)
        text[i] = (char16_t)('a' + i % 26);
    for (uint32_t flags = 0; flags <= CASE; flags += CASE) { /* folded too */
        assert_int_equal(open_rules(table, "en-US", COLLATION_SORT_KEY | flags, &rules), JET_errSuccess);
        assert_int_equal(collation_sort_key(&rules, span_of((const uint8_t *)text, sizeof text), key, ROOM, &size, &is_cut), JET_errSuccess);
        assert_int_equal(size, ROOM);
        assert_true(is_cut);
    }
    collation_table_close(table);
}

/* JET_bitPartialColumn and its like end a key before the separator of the first level. */
static void the_letters_of_a_text_begin_the_key_of_a_longer_one(void **state)
{
    (void)state;
    need_icu();
    static const char16_t *const texts[] = {u"Stra\u00DFenbahnhaltestelle", u"\u041C\u043E\u0441\u043A\u0432\u0430 - Moscow", u"\u4E2D\u6587 mixed \u65E5\u672C\u8A9E", u"A-1 (b) \u00C5ngstr\u00F6m"};
    static const uint32_t flags[] = {ALL, 0, ALL | MARKS, KANA | WIDTH | MARKS, CASE};
    struct collation_table *table = open_icu();
    for (size_t f = 0; f < sizeof flags / sizeof *flags; f++)
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            struct collation rules;
            assert_int_equal(open_rules(table, "en-US", COLLATION_SORT_KEY | flags[f], &rules), JET_errSuccess);
            struct key whole = key_of(&rules, texts[i], KEY_ROOM);
            char16_t start[64] = {0};
            for (uint32_t length = 0; texts[i][length] != 0; length++) {
                start[length] = texts[i][length];
                struct key key = key_of(&rules, start, KEY_ROOM);
                const uint8_t *separator = memchr(key.bytes, 0x01, key.size);
                assert_non_null(separator);
                assert_memory_equal(whole.bytes, key.bytes, (size_t)(separator - key.bytes));
            }
        }
    collation_table_close(table);
}

enum { THREADS = 4, ROUNDS = 200 };

static void *make_keys(void *context)
{
    static const char *const locales[] = {"en-US", "sv-SE", "de-DE", "ja-JP", "tr-TR"};
    const struct collation_table *table = context;
    for (int i = 0; i < ROUNDS; i++) {
        struct collation rules;
        assert_int_equal(open_rules(table, locales[i % 5], COLLATION_SORT_KEY | (i % 2 != 0 ? CASE : ALL), &rules), JET_errSuccess);
        struct key left = key_of(&rules, u"\u00C4pfel \u3042", KEY_ROOM), right = key_of(&rules, u"\u00E4PFEL \u3042", KEY_ROOM);
        assert_int_equal(compare(&left, &right), 0);
    }
    return NULL;
}

static void threads_share_orders(void **state)
{
    (void)state;
    need_icu();
    struct collation_table *table = open_icu();
    struct thread threads[THREADS] = {0};
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(thread_start(&threads[i], make_keys, table), JET_errSuccess);
    for (int i = 0; i < THREADS; i++)
        thread_join(&threads[i]);
    collation_table_close(table);
}

static JET_ERR use_all(void)
{
    struct collation_table *table = NULL;
    struct collation rules;
    static uint8_t text[6000], key[2000];
    uint32_t size;
    memset(text, 0x41, sizeof text);
    JET_ERR err = collation_table_of_icu(&table);
    err = err < 0 ? err : open_rules(table, "en-US", COLLATION_SORT_KEY | CASE, &rules);
    err = err < 0 ? err : collation_sort_key(&rules, span_of(text, sizeof text), key, sizeof key, &size, NULL);
    collation_table_close(table);
    return err;
}

static void every_failed_allocation_is_out_of_memory(void **state)
{
    (void)state;
    need_icu();
    JET_ERR err = JET_errOutOfMemory;
    uint64_t nth = 0, before = memory_live_count();
    while (err == JET_errOutOfMemory && nth < 100) {
        memory_fail_at(++nth, 0);
        err = use_all();
        memory_fail_at(0, 0);
        assert_true(memory_live_count() == before);
    }
    assert_int_equal(err, JET_errSuccess);
    assert_true(nth > 4);
}

static void orders_of_others_are_never_taken_for_ours(void **state)
{
    (void)state;
    need_icu();
    static const uint8_t windows[16] = {0x01, 0, 0, 0, 0xEE, 0x57, 0x5C, 0x1E, 0x00, 0xB4, 0xD0, 0x00, 0x0B, 0xB1, 0xE1, 0x1E}, none[16] = {0};
    struct collation_table *table = open_icu();
    struct collation rules;
    uint8_t id[16];
    uint64_t version;
    assert_int_equal(collation_current(table, "en-US", id, &version), JET_errSuccess);
    assert_memory_equal(id, ICU_SORT_ID, 16);
    assert_int_equal(collation_state_of(table, "en-US", id, version, COLLATION_FLAGS_DEFAULT), COLLATION_GOOD);
    assert_int_equal(collation_state_of(table, "en-US", id, version + 1, COLLATION_FLAGS_DEFAULT), COLLATION_UNUSABLE);
    assert_int_equal(collation_state_of(table, "en-US", windows, 0x0006020F0006020Full, COLLATION_FLAGS_DEFAULT), COLLATION_UNUSABLE);
    assert_int_equal(collation_open(table, "en-US", 0, windows, version, COLLATION_FLAGS_DEFAULT, &rules), JET_errFeatureNotAvailable);
    assert_int_equal(collation_open(table, "en-US", 0, id, version - 1, COLLATION_FLAGS_DEFAULT, &rules), JET_errFeatureNotAvailable);
    assert_int_equal(collation_open(table, "en-US", 0, NULL, 0, COLLATION_FLAGS_DEFAULT, &rules), JET_errFeatureNotAvailable); /* made by nobody knows what */
    assert_int_equal(collation_open(table, NULL, 1033, none, version, COLLATION_FLAGS_DEFAULT, &rules), JET_errSuccess); /* formats before 0x14 */
    collation_table_close(table);
    need_windows_weights();
    assert_int_equal(collation_table_find(os_fs_posix(), &table), JET_errSuccess);
    assert_null(collation_table_stand_in(table));
    assert_int_equal(collation_state_of(table, "en-US", id, version, COLLATION_FLAGS_DEFAULT), COLLATION_UNUSABLE);
    assert_int_equal(collation_open(table, NULL, 1033, none, version, COLLATION_FLAGS_DEFAULT, &rules), JET_errFeatureNotAvailable);
    collation_table_close(table);
}

static void without_weights_and_module_there_are_no_orders(void **state)
{
    (void)state;
    struct collation_table *table;
    static const char *const modules[] = {"", "/nonexistent/module.so", "libm.so.6" /* loads, but is none */};
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        use(NO_WEIGHTS, modules[i]);
        assert_int_equal(collation_table_find(os_fs_posix(), &table), JET_errFeatureNotAvailable);
        assert_null(table);
    }
    need_windows_weights(); /* they come first */
    use(NULL, OTHER_MODULE);
    assert_int_equal(collation_table_find(os_fs_posix(), &table), JET_errSuccess);
    assert_null(collation_table_stand_in(table));
    collation_table_close(table);
}

/* --- where the module is looked for --- */

static const char *folder;

/* This program again, called by a name of the caller's choice: does it find a module that claims to be ICU 1.2 (OTHER_MODULE)? */
#define ASK_FOR_OTHER "--is-other-module-found"
enum { OTHER_FOUND = 42, OTHER_NOT_FOUND = 43 };

static int ask_for_other(void)
{
    struct icu_orders *found = NULL;
    bool is_other = icu_orders_open(&found) >= 0 && strcmp(icu_orders_name(found), "ICU 1.2") == 0;
    icu_orders_close(found);
    return is_other ? OTHER_FOUND : OTHER_NOT_FOUND;
}

static int answer_of(const char *program, const char *called_as, const char *current_folder)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        (void)unsetenv("OPENESE_ICU");
        if (chdir(current_folder) == 0)
            (void)execl(program, called_as, ASK_FOR_OTHER, (char *)NULL);
        _exit(1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void copy_this_program(const char *to)
{
    static char block[1 << 16];
    size_t got;
    FILE *in = fopen("/proc/self/exe", "rb"), *out = fopen(to, "wb");
    assert_true(in != NULL && out != NULL);
    while ((got = fread(block, 1, sizeof block, in)) > 0)
        assert_int_equal(fwrite(block, 1, got, out), got);
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(to, 0700), 0);
}

static void the_module_is_not_looked_for_where_the_caller_says(void **state)
{
    (void)state;
    const char *beside = text_of("%s/beside", folder), *program = text_of("%s/program", beside);
    assert_good(os_dir_create(os_fs_posix(), beside));
    assert_int_equal(symlink(OTHER_MODULE, text_of("%s/" ICU_MODULE_FILE, beside)), 0);
    assert_int_equal(answer_of("/proc/self/exe", program, "/"), OTHER_NOT_FOUND);
    assert_int_equal(answer_of("/proc/self/exe", "./program", beside), OTHER_NOT_FOUND);
    copy_this_program(program);
    assert_int_equal(answer_of(program, "program", "/"), OTHER_FOUND); /* beside the program that the library is part of */
}

/* --- databases --- */

static JET_ERR insert(JET_SESID session, JET_TABLEID table, JET_COLUMNID column, const char16_t *text)
{
    uint32_t units = 0;
    while (text[units] != 0)
        units++;
    JET_ERR err = JetBeginTransaction(session);
    err = err < 0 ? err : JetPrepareUpdate(session, table, JET_prepInsert);
    err = err < 0 ? err : JetSetColumn(session, table, column, text, 2 * units, 0, NULL);
    err = err < 0 ? err : JetUpdate(session, table, NULL, 0, NULL);
    return err < 0 ? (void)JetRollback(session, 0), err : JetCommitTransaction(session, 0);
}

/* A table "t" with a column "name" and a Swedish index over it with three rows. */
static JET_ERR fill(const struct live_instance *live, const char *path)
{
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNID column;
    JET_COLUMNDEF text = {.cbStruct = sizeof text, .coltyp = JET_coltypText, .cp = 1200};
    JET_UNICODEINDEX2 unicode = {.szLocaleName = (char16_t[]){u"sv-SE"}, .dwMapFlags = COLLATION_FLAGS_DEFAULT};
    JET_INDEXCREATE3_A index = {.cbStruct = sizeof index, .szIndexName = (char[]){"by name"}, .szKey = (char[]){"+name\0"}, .cbKey = 7, .grbit = JET_bitIndexUnicode, .ulDensity = 100, .pidxunicode = &unicode};
    assert_good(JetCreateDatabase(live->session, path, NULL, &dbid, 0));
    assert_good(JetCreateTable(live->session, dbid, "t", 0, 0, &table));
    assert_good(JetAddColumn(live->session, table, "name", &text, NULL, 0, &column));
    JET_ERR err = JetCreateIndex4A(live->session, table, &index, 1);
    if (err >= 0) {
        assert_good(insert(live->session, table, column, u"\u00D6rebro"));
        assert_good(insert(live->session, table, column, u"Zinkgruvan"));
        assert_good(insert(live->session, table, column, u"\u00C5re"));
    }
    assert_good(JetCloseTable(live->session, table));
    assert_good(JetCloseDatabase(live->session, dbid, 0));
    assert_good(JetDetachDatabase(live->session, path));
    return err;
}

static void start(struct live_instance *live, uint32_t checking)
{
    live_configure = events_on;
    live_start(live, 4096);
    live_configure = NULL;
    assert_good(JetSetSystemParameter(&live->instance, live->session, JET_paramEnableIndexChecking, checking, NULL));
    assert_good(JetSetSystemParameter(&live->instance, live->session, JET_paramEnableIndexCleanup, checking == JET_IndexCheckingOn, NULL));
}

static JET_TABLEID open_by_name(const struct live_instance *live, const char *path, JET_COLUMNID *column)
{
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNDEF definition;
    assert_good(JetOpenDatabase(live->session, path, NULL, &dbid, 0));
    assert_good(JetOpenTable(live->session, dbid, "t", NULL, 0, 0, &table));
    assert_good(JetGetTableColumnInfo(live->session, table, "name", &definition, sizeof definition, JET_ColInfo));
    *column = definition.columnid;
    assert_good(JetSetCurrentIndex(live->session, table, "by name"));
    return table;
}

static void assert_order(const struct live_instance *live, JET_TABLEID table, JET_COLUMNID column, const char16_t *const *expected, unsigned count)
{
    JET_ERR err = JetMove(live->session, table, JET_MoveFirst, 0);
    for (unsigned i = 0; i < count; i++, err = JetMove(live->session, table, JET_MoveNext, 0)) {
        char16_t text[64] = {0};
        assert_int_equal(err, JET_errSuccess);
        assert_good(JetRetrieveColumn(live->session, table, column, text, sizeof text - 2, NULL, 0, NULL));
        assert_memory_equal(text, expected[i], 4);
    }
    assert_int_equal(err, JET_errNoCurrentRecord);
}

static void an_index_made_with_icu_is_used_again_and_an_event_tells_of_it_once(void **state)
{
    (void)state;
    need_icu();
    static const char16_t *const order[] = {u"Zinkgruvan", u"\u00C5re", u"\u00C4lvsj\u00F6", u"\u00D6rebro"};
    const char *path = text_of("%s/icu.edb", folder);
    struct live_instance live;
    JET_COLUMNID column;
    events_start();
    start(&live, JET_IndexCheckingOn);
    assert_good(fill(&live, path));
    assert_good(JetAttachDatabase(live.session, path, 0));
    JET_TABLEID table = open_by_name(&live, path, &column);
    assert_good(insert(live.session, table, column, u"\u00C4lvsj\u00F6"));
    assert_order(&live, table, column, order, 4);
    assert_good(JetMakeKey(live.session, table, u"\u00E5RE", 6, JET_bitNewKey));
    assert_good(JetSeek(live.session, table, JET_bitSeekEQ));
    assert_good(JetMakeKey(live.session, table, u"z", 2, JET_bitNewKey | JET_bitPartialColumnStartLimit));
    assert_true(JetSeek(live.session, table, JET_bitSeekGE) >= 0);
    assert_good(JetMakeKey(live.session, table, u"z", 2, JET_bitNewKey | JET_bitPartialColumnEndLimit));
    assert_good(JetSetIndexRange(live.session, table, JET_bitRangeUpperLimit));
    assert_err(JetMove(live.session, table, JET_MoveNext, 0), JET_errNoCurrentRecord);
    live_stop(&live);
    assert_int_equal(events_count(EVENT_STAND_IN_USED), 1);
    assert_memory_equal(events_parameter(EVENT_STAND_IN_USED, 0), "ICU ", 4);
    start(&live, JET_IndexCheckingDeferToOpenTable);
    assert_good(JetAttachDatabase(live.session, path, 0));
    table = open_by_name(&live, path, &column);
    assert_order(&live, table, column, order, 4);
    live_stop(&live);
    events_stop();
}

/* path holds an index of another order than what is found now. */
static void assert_is_refused(const char *path)
{
    struct live_instance live;
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNID column;
    start(&live, JET_IndexCheckingOn);
    assert_err(JetAttachDatabase(live.session, path, 0), JET_errSecondaryIndexCorrupted);
    assert_good(JetAttachDatabase(live.session, path, JET_bitDbReadOnly));
    live_stop(&live);
    start(&live, JET_IndexCheckingDeferToOpenTable);
    assert_good(JetAttachDatabase(live.session, path, 0));
    assert_good(JetOpenDatabase(live.session, path, NULL, &dbid, 0));
    assert_err(JetOpenTable(live.session, dbid, "t", NULL, 0, 0, &table), JET_errSecondaryIndexCorrupted);
    live_stop(&live);
    start(&live, JET_IndexCheckingOff); /* then it is read, and nothing of another order gets into it */
    assert_good(JetAttachDatabase(live.session, path, 0));
    table = open_by_name(&live, path, &column);
    assert_err(insert(live.session, table, column, u"\u00C4lvsj\u00F6"), JET_errFeatureNotAvailable);
    assert_err(JetMakeKey(live.session, table, u"\u00E5re", 6, JET_bitNewKey), JET_errFeatureNotAvailable);
    live_stop(&live);
}

static void an_index_of_icu_is_of_another_order_for_everybody_else(void **state)
{
    (void)state;
    need_icu();
    const char *path = text_of("%s/mixed.edb", folder);
    struct live_instance live;
    start(&live, JET_IndexCheckingOn);
    assert_good(fill(&live, path));
    live_stop(&live);
    use(NO_WEIGHTS, OTHER_MODULE); /* another version of ICU */
    assert_is_refused(path);
    need_windows_weights();
    assert_is_refused(path);
    start(&live, JET_IndexCheckingOn);
    assert_err(JetAttachDatabase(live.session, path, JET_bitDbDeleteCorruptIndexes), JET_wrnCorruptIndexDeleted);
    assert_good(JetDetachDatabase(live.session, path));
    assert_good(JetAttachDatabase(live.session, path, 0));
    live_stop(&live);
}

static void an_index_of_windows_weights_is_of_another_order_for_icu(void **state)
{
    (void)state;
    const char *path = text_of("%s/weights.edb", folder);
    struct live_instance live;
    need_windows_weights();
    start(&live, JET_IndexCheckingOn);
    assert_good(fill(&live, path));
    live_stop(&live);
    use(NO_WEIGHTS, OTHER_MODULE);
    assert_is_refused(path);
    need_icu();
    assert_is_refused(path);
}

static void a_database_of_windows_is_of_another_order_for_icu(void **state)
{
    (void)state;
    require_shared_data();
    const char *path = text_of("%s/access.mdb", folder);
    struct live_instance live;
    use(NO_WEIGHTS, OTHER_MODULE);
    copy_shared_file(USER_ACCESS, path);
    live_start(&live, page_size_of(path));
    assert_good(JetSetSystemParameter(&live.instance, live.session, JET_paramEnableIndexChecking, JET_IndexCheckingOn, NULL));
    assert_err(JetAttachDatabase(live.session, path, 0), JET_errSecondaryIndexCorrupted);
    live_stop(&live);
}

static void without_weights_and_icu_keys_are_refused_as_ever(void **state)
{
    (void)state;
    struct live_instance live;
    JET_COLUMNID column;
    const char *path = text_of("%s/none.edb", folder), *other = text_of("%s/other.edb", folder);
    use(NO_WEIGHTS, "");
    start(&live, JET_IndexCheckingOn);
    assert_err(fill(&live, path), JET_errFeatureNotAvailable);
    live_stop(&live);
    use(NO_WEIGHTS, OTHER_MODULE);
    start(&live, JET_IndexCheckingOn);
    assert_good(fill(&live, other));
    live_stop(&live);
    use(NO_WEIGHTS, "");
    start(&live, JET_IndexCheckingOn);
    assert_good(JetAttachDatabase(live.session, other, 0)); /* there is no order to compare with */
    JET_TABLEID table = open_by_name(&live, other, &column);
    assert_err(insert(live.session, table, column, u"\u00C4lvsj\u00F6"), JET_errFeatureNotAvailable);
    live_stop(&live);
}

static void temporary_tables_sort_with_icu(void **state)
{
    (void)state;
    need_icu();
    static const char16_t *const rows[] = {u"\u00D6rebro", u"Zinkgruvan", u"Arvika"}, *const english[] = {u"Arvika", u"\u00D6rebro", u"Zinkgruvan"},
                                 *const swedish[] = {u"Arvika", u"Zinkgruvan", u"\u00D6rebro"};
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypText, .cp = 1200, .grbit = JET_bitColumnTTKey};
    struct live_instance live;
    events_start();
    start(&live, JET_IndexCheckingOn);
    for (int i = 0; i < 2; i++) {
        JET_UNICODEINDEX unicode = {.lcid = i == 0 ? 0x409 : 0x41D, .dwMapFlags = COLLATION_FLAGS_DEFAULT};
        JET_TABLEID table;
        JET_COLUMNID column;
        assert_good(JetOpenTempTable3(live.session, &definition, 1, &unicode, JET_bitTTScrollable, &table, &column));
        for (unsigned r = 0; r < 3; r++)
            assert_good(insert(live.session, table, column, rows[r]));
        assert_order(&live, table, column, i == 0 ? english : swedish, 3);
        assert_good(JetCloseTable(live.session, table));
    }
    live_stop(&live);
    assert_int_equal(events_count(EVENT_STAND_IN_USED), 1);
    events_stop();
}

static int prepare(void **state)
{
    (void)state;
    folder = make_scratch_folder("icu");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], ASK_FOR_OTHER) == 0)
        return ask_for_other();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_sort_as_language_and_flags_say),
        cmocka_unit_test(what_icu_cannot_leave_out_alone_is_refused),
        cmocka_unit_test(every_locale_but_three_has_an_order),
        cmocka_unit_test(a_key_is_cut_at_the_room_and_long_texts_have_keys),
        cmocka_unit_test(the_letters_of_a_text_begin_the_key_of_a_longer_one),
        cmocka_unit_test(threads_share_orders),
        cmocka_unit_test(every_failed_allocation_is_out_of_memory),
        cmocka_unit_test(orders_of_others_are_never_taken_for_ours),
        cmocka_unit_test(without_weights_and_module_there_are_no_orders),
        cmocka_unit_test(the_module_is_not_looked_for_where_the_caller_says),
        cmocka_unit_test(an_index_made_with_icu_is_used_again_and_an_event_tells_of_it_once),
        cmocka_unit_test(an_index_of_icu_is_of_another_order_for_everybody_else),
        cmocka_unit_test(an_index_of_windows_weights_is_of_another_order_for_icu),
        cmocka_unit_test(a_database_of_windows_is_of_another_order_for_icu),
        cmocka_unit_test(without_weights_and_icu_keys_are_refused_as_ever),
        cmocka_unit_test(temporary_tables_sort_with_icu),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
