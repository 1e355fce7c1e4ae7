/* Every result that the reference pages of the restore calls name, for each of their forms (backup-and-restore 15). What comes out of a restore is in test_restore_external.c and
 * test_restore_folder.c.
 *
 * Pages: JetExternalRestore, JetExternalRestore2, JetRestore, JetRestore2, JetRestoreInstance
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_client.h"
#include "base/memory.h"
#include "cmocka_all.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, ROWS_OF_SAMPLE = 20 };
#define run(...) assert_int_equal(system(text_of(__VA_ARGS__)), 0)
#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static char *writable(const char *text) { return text != NULL ? (char *)(uintptr_t)text_of("%s", text) : NULL; }

/* --- sets that all tests use: of one instance, which has ended --- */

static struct sample s;
static struct backup_set streamed;
static const char *folder_set, *old_log; /* a current log from before the sets */

static int make_sets(void **state)
{
    struct backup_set first;
    (void)state;
    sample_start(&s, PAGE_SIZE);
    client_backup(s.live.instance, 0, 0, make_scratch_folder("first"), &first); /* rolls the log */
    old_log = text_of("%s/edb.log", make_scratch_folder("old"));
    run("cp '%s/edb.log' '%s'", s.live.folder, old_log);
    for (int32_t id = 1; id <= ROWS_OF_SAMPLE; id++)
        insert_sample(&s, id, id, "row");
    client_backup(s.live.instance, 0, 0, make_scratch_folder("streamed"), &streamed);
    folder_set = make_scratch_folder("folder");
    assert_good(JetBackupInstance(s.live.instance, folder_set, 0, NULL));
    live_stop(&s.live);
    return 0;
}

/* --- JetExternalRestore --- */

struct external {
    bool has_info; /* JetExternalRestore2 */
    const char *set, *work, *database, *target_name, *target_logs;
    uint32_t low, high;
};

static void lay_out(struct external *e, bool has_info)
{
    *e = (struct external){.has_info = has_info, .set = make_scratch_folder("set"), .work = make_scratch_folder("work"), .low = streamed.gen_low, .high = streamed.gen_high};
    e->database = text_of("%s/sample.edb", e->work);
    run("cp '%s'/*.log '%s' && cp '%s/sample.edb' '%s'", streamed.folder, e->set, streamed.folder, e->database);
}

static JET_ERR restore(const struct external *e)
{
    JET_RSTMAP_A map = {writable(text_of("%s/sample.edb", s.live.folder)), writable(e->database)};
    JET_LOGINFO_A info = {.cbSize = sizeof info, .ulGenLow = e->low, .ulGenHigh = e->high, .szBaseName = "edb"};
    if (e->has_info)
        return JetExternalRestore2A(writable(e->work), writable(e->work), &map, 1, writable(e->set), &info, writable(e->target_name), writable(e->target_logs), NULL, NULL);
    return JetExternalRestoreA(writable(e->work), writable(e->work), &map, 1, writable(e->set), (int32_t)e->low, (int32_t)e->high, NULL);
}

static void intact(struct external *e) { (void)e; }
static void not_a_database(struct external *e) { run("head -c 65536 /dev/zero > '%s'", e->database); }
static void no_database(struct external *e) { run("rm '%s'", e->database); }
static void a_log_missing(struct external *e) { run("rm '%s/edb%05X.log'", e->set, e->high); }
static void no_range(struct external *e) { e->low = e->high = 0; }
static void no_copy(struct external *e) { run("cp '%s/sample.edb' '%s'", s.live.folder, e->database); }
static void begins_late(struct external *e) { e->low = e->high = e->high + 1, run("cp '%s'/edb0*.log '%s'", s.live.folder, e->set); }
static void ends_early(struct external *e) { e->high--; }
static void target_unknown(struct external *e) { e->target_name = "nobody"; }
static void no_working_folder(struct external *e) { e->work = NULL; }

static const struct {
    const char *name;
    void (*change)(struct external *e);
    bool is_second; /* only JetExternalRestore2 can be asked so */
    JET_ERR expected;
} EXTERNAL[] = {
    {"the set as it is", intact, false, JET_errSuccess},
    {"not a database", not_a_database, false, JET_errDatabaseCorrupted},
    {"the database is missing", no_database, false, JET_errFileNotFound},
    {"a log is missing", a_log_missing, false, JET_errFileNotFound},
    {"without a folder", no_working_folder, false, JET_errFileNotFound},
    {"no range of logs", no_range, false, JET_errInvalidPath},
    {"a database that is no copy", no_copy, false, JET_errRestoreOfNonBackupDatabase},
    {"a range that begins behind the backup", begins_late, false, JET_errStartingRestoreLogTooHigh},
    {"a range that ends before the backup", ends_early, false, JET_errEndingRestoreLogTooLow},
    {"a target that nobody knows", target_unknown, true, JET_errBadRestoreTargetInstance},
};

static void each_result_of_the_external_restore(void **state)
{
    (void)state;
    for (int form = 0; form < 2; form++)
        for (size_t i = 0; i < COUNT(EXTERNAL); i++) {
            struct external e;
            if (EXTERNAL[i].is_second && form == 0)
                continue;
            lay_out(&e, form == 1);
            EXTERNAL[i].change(&e);
            JET_ERR err = restore(&e);
            if (err != EXTERNAL[i].expected)
                fail_msg("%s (%s): %d, expected %d", EXTERNAL[i].name, form == 1 ? "2" : "1", err, EXTERNAL[i].expected);
        }
}

static void the_arguments_of_the_external_restore(void **state)
{
    struct external e;
    (void)state;
    lay_out(&e, true);
    JET_LOGINFO_A small = {.cbSize = sizeof small - 1, .ulGenLow = e.low, .ulGenHigh = e.high, .szBaseName = "edb"}, info = small;
    info.cbSize = sizeof info;
    char *work = writable(e.work), *set = writable(e.set);
    assert_err(JetExternalRestoreA(work, work, NULL, 1, set, (int32_t)e.low, (int32_t)e.high, NULL), JET_errInvalidParameter);
    assert_err(JetExternalRestore2A(work, work, NULL, 1, set, &info, NULL, NULL, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetExternalRestore2A(work, work, NULL, 0, set, NULL, NULL, NULL, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetExternalRestore2A(work, work, NULL, 0, set, &small, NULL, NULL, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetExternalRestore2A(work, work, NULL, 0, set, &info, NULL, work, NULL, NULL), JET_errInvalidParameter); /* the folder of the target's logs, but not of its checkpoint */
    assert_err(JetExternalRestore2A(work, work, NULL, 0, set, &info, NULL, NULL, work, NULL), JET_errInvalidParameter);
}

static void an_external_restore_without_memory_fails_and_can_be_repeated(void **state)
{
    static const uint64_t PLACES[] = {1, 2, 5, 12, 20};
    (void)state;
    for (int form = 0; form < 2; form++) {
        struct external e;
        unsigned refused = 0;
        lay_out(&e, form == 1);
        for (size_t i = 0; i < COUNT(PLACES); i++) {
            memory_fail_at(PLACES[i], 0);
            refused += restore(&e) == JET_errOutOfMemory;
            memory_fail_at(0, 0);
        }
        assert_int_equal(refused, COUNT(PLACES));
        assert_good(restore(&e));
        assert_int_equal(client_sample_rows(e.database), ROWS_OF_SAMPLE);
    }
}

/* --- JetRestore --- */

static const char *work, *destination;

/* The folders of the only instance, which need not be there yet: the values are the defaults of the next one. */
static void use_folders(uint32_t page_size)
{
    work = make_scratch_folder("work");
    destination = make_scratch_folder("destination");
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, page_size, NULL));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramSystemPath, 0, work));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramLogFilePath, 0, work));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramTempPath, 0, text_of("%s/temp.edb", work)));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramEventLoggingLevel, 0, NULL));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramCreatePathIfNotExist, 0, NULL));
}

static JET_ERR restore_1(const char *source) { return JetRestoreA(source, NULL); }
static JET_ERR restore_2(const char *source) { return JetRestore2A(source, destination, NULL); }
static JET_ERR restore_instance(const char *source) { return JetRestoreInstanceA(0, source, destination, NULL); }
static JET_ERR (*const FORMS[])(const char *source) = {restore_1, restore_2, restore_instance};

static const char *whole_set(void) { return folder_set; }
static const char *no_name(void) { return ""; }
static const char *no_pointer(void) { return NULL; }
/* The set's own third log as it was before it was full: alone, it should be the one behind the set; behind the first two, it is in its place, but does not reach the end of the set. */
static const char *beside_an_old_log(void)
{
    run("cp '%s' '%s/edb.log'", old_log, work);
    return folder_set;
}
static const char *beside_an_old_log_and_the_first(void)
{
    run("cp '%s/edb00001.log' '%s'", folder_set, work);
    return beside_an_old_log();
}
static const char *beside_an_old_log_and_those_before(void)
{
    run("cp '%s/edb00001.log' '%s/edb00002.log' '%s'", folder_set, folder_set, work);
    return beside_an_old_log();
}
static const char *no_folder_for_logs(void)
{
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramLogFilePath, 0, text_of("%s/none", work)));
    return folder_set;
}
static const char *no_folder_but_permission(void)
{
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramCreatePathIfNotExist, 1, NULL));
    return no_folder_for_logs();
}
static const char *no_set(void) { return text_of("%s/none", folder_set); }

static const struct {
    const char *name;
    const char *(*prepare)(void);
    uint32_t page_size;
    JET_ERR expected;
} FOLDER[] = {
    {"the set as it is", whole_set, PAGE_SIZE, JET_errSuccess},
    {"no name", no_name, PAGE_SIZE, JET_errInvalidParameter},
    {"NULL", no_pointer, PAGE_SIZE, JET_errInvalidParameter},
    {"a current log that is not behind the set", beside_an_old_log, PAGE_SIZE, JET_errExistingLogFileIsNotContiguous},
    {"a current log that is not behind the logs there", beside_an_old_log_and_the_first, PAGE_SIZE, JET_errExistingLogFileIsNotContiguous},
    {"a current log in its place, but in the middle of the set", beside_an_old_log_and_those_before, PAGE_SIZE, JET_errInvalidLogSequence},
    {"a folder for logs that is not there", no_folder_for_logs, PAGE_SIZE, JET_errInvalidPath},
    {"a folder for logs that is made", no_folder_but_permission, PAGE_SIZE, JET_errSuccess},
    {"a set that is not there", no_set, PAGE_SIZE, JET_errFileNotFound},
    {"another page size", whole_set, 2 * PAGE_SIZE, JET_errPageSizeMismatch},
};

static void each_result_of_the_restore_of_a_folder(void **state)
{
    (void)state;
    for (size_t form = 0; form < COUNT(FORMS); form++)
        for (size_t i = 0; i < COUNT(FOLDER); i++) {
            use_folders(FOLDER[i].page_size);
            JET_ERR err = FORMS[form](FOLDER[i].prepare());
            if (err != FOLDER[i].expected)
                fail_msg("%s (form %zu): %d, expected %d", FOLDER[i].name, form, err, FOLDER[i].expected);
        }
    use_folders(PAGE_SIZE);
}

static void a_running_instance_is_not_restored(void **state)
{
    JET_INSTANCE only = 0;
    struct external e;
    (void)state;
    use_folders(PAGE_SIZE);
    assert_good(JetInit(&only));
    for (size_t form = 0; form < COUNT(FORMS); form++)
        assert_err(FORMS[form](folder_set), JET_errAlreadyInitialized);
    for (int form = 0; form < 2; form++) {
        lay_out(&e, form == 1);
        assert_err(restore(&e), JET_errRunningInOneInstanceMode);
    }
    assert_good(JetTerm2(only, JET_bitTermComplete));
    JET_INSTANCE many = JET_instanceNil;
    assert_good(JetCreateInstance(&many, "many"));
    assert_err(restore_1(folder_set), JET_errRunningInMultiInstanceMode);
    assert_err(restore_2(folder_set), JET_errRunningInMultiInstanceMode);
    assert_good(JetTerm(many));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_result_of_the_external_restore),
        cmocka_unit_test(the_arguments_of_the_external_restore),
        cmocka_unit_test(an_external_restore_without_memory_fails_and_can_be_repeated),
        cmocka_unit_test(each_result_of_the_restore_of_a_folder),
        cmocka_unit_test(a_running_instance_is_not_restored),
    };
    return cmocka_run_group_tests(tests, make_sets, NULL);
}
