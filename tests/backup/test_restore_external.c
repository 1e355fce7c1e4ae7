/* JetExternalRestore (backup-and-restore 15.1): a set of the original engine, whole and damaged in every way of the table of observed results; the checks of the
 * arguments; the logs of a running instance and of the working folder that follow the set.
 *
 * Pages: JetExternalRestore, JetExternalRestore2 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_client.h"
#include "cmocka_all.h"
#include "database/database.h"
#include "format/checksum.h"
#include "log/log_files.h"
#include "recorded_events.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, LOG_BLOCK = 4096, FULL_HIGH = 5, SET_HIGH = 12 };
enum { LOG_CREATED = 16, LOG_PREVIOUS_CREATED = 24, LOG_VERSION = 32, LOG_SIGNATURE = 44 }; /* log-files 3 */
#define LOGGED_PATH "C:\\db\\backup_4k\\data.edb"
#define run(...) assert_int_equal(system(text_of(__VA_ARGS__)), 0)

static char *writable(const char *text) { return text != NULL ? (char *)(uintptr_t)text_of("%s", text) : NULL; }

/* --- a set of the original engine --- */

struct set {
    const char *folder, *work, *database;
};

static void lay_out_set(struct set *set)
{
    set->folder = make_scratch_folder("set");
    set->work = make_scratch_folder("work");
    set->database = text_of("%s/data.edb", set->work);
    for (int g = 1; g <= SET_HIGH; g++)
        copy_shared_file(text_of("engine/backup_4k/%s/edb%05X.log", g <= 5 ? "full" : g <= 10 ? "incr1" : "incr2", g), text_of("%s/edb%05X.log", set->folder, g));
    copy_shared_file("engine/backup_4k/full/data.edb", set->database);
}

/* --- ways to damage it --- */

/* XORs bytes of a block at `at` of a file; fixes the block's header checksum when told. */
static void change(const char *path, long at, long offset, size_t count, bool fixes_checksum)
{
    uint8_t block[LOG_BLOCK];
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    if (at < 0)
        assert_int_equal(fseek(file, at, SEEK_END), 0);
    else
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
    long position = ftell(file);
    assert_int_equal(fread(block, 1, sizeof block, file), sizeof block);
    for (size_t i = 0; i < count; i++)
        block[(size_t)offset + i] ^= 0x15;
    if (fixes_checksum)
        store_le32(block, checksum_header(block, sizeof block));
    assert_int_equal(fseek(file, position, SEEK_SET), 0);
    assert_int_equal(fwrite(block, 1, sizeof block, file), sizeof block);
    fclose(file);
}

static const char *log_of(const struct set *set, int generation) { return text_of("%s/edb%05X.log", set->folder, generation); }

static void intact(struct set *set) { (void)set; }
static void first_header_copy_bad(struct set *set) { change(set->database, 0, 100, 4, false); }
static void both_header_copies_bad(struct set *set)
{
    change(set->database, 0, 100, 4, false);
    change(set->database, PAGE_SIZE, 100, 4, false);
}
static void no_logs(struct set *set) { run("rm '%s'/*", set->folder); }
static void first_log_missing(struct set *set) { run("rm '%s'", log_of(set, 1)); }
static void middle_log_missing(struct set *set) { run("rm '%s'", log_of(set, 3)); }
static void last_log_missing(struct set *set) { run("rm '%s'", log_of(set, FULL_HIGH)); }
static void database_missing(struct set *set) { run("rm '%s'", set->database); }
static void log_header_damaged(struct set *set) { change(log_of(set, 3), 0, 200, 4, false); }
static void log_header_newer(struct set *set) { change(log_of(set, 3), 0, LOG_VERSION, 1, true); }
static void log_of_another_stream(struct set *set) { change(log_of(set, 3), 0, LOG_SIGNATURE, 4, true); }
static void log_with_another_predecessor(struct set *set) { change(log_of(set, 3), 0, LOG_PREVIOUS_CREATED, 1, true); }
static void log_segment_bad(struct set *set) /* and the one behind, which may be its shadow */
{
    change(log_of(set, 3), 8 * LOG_BLOCK, 301, 7, false);
    change(log_of(set, 3), 9 * LOG_BLOCK, 301, 7, false);
}
static void last_log_bad_at_its_end(struct set *set) /* nothing stands behind */
{
    run("truncate -s %d '%s' && truncate -s 131072 '%s'", 9 * LOG_BLOCK, log_of(set, FULL_HIGH), log_of(set, FULL_HIGH));
    change(log_of(set, FULL_HIGH), 8 * LOG_BLOCK, 301, 7, false);
}
static void last_log_torn(struct set *set) /* its shadow is whole */
{
    run("truncate -s %d '%s' && tail -c %d '%s' > '%s.last'", 9 * LOG_BLOCK, log_of(set, FULL_HIGH), LOG_BLOCK, log_of(set, FULL_HIGH), log_of(set, FULL_HIGH));
    run("cat '%s.last' >> '%s' && rm '%s.last'", log_of(set, FULL_HIGH), log_of(set, FULL_HIGH), log_of(set, FULL_HIGH));
    run("truncate -s 131072 '%s'", log_of(set, FULL_HIGH));
    change(log_of(set, FULL_HIGH), 8 * LOG_BLOCK, 301, 7, false);
}
static void log_end_zeroed(struct set *set) { run("truncate -s 40960 '%s' && truncate -s 131072 '%s'", log_of(set, 3), log_of(set, 3)); }
static void trailer_damaged(struct set *set) { change(set->database, -PAGE_SIZE, 50, 2, false); }
static void trailer_cut_off(struct set *set) { run("truncate -s -4096 '%s'", set->database); }
static void trailer_of_another_database(struct set *set) { change(set->database, -PAGE_SIZE, 64, 4, true); }
static void trailer_of_another_stream(struct set *set) { change(set->database, -PAGE_SIZE, 92, 4, true); }
static void trailer_of_another_backup(struct set *set) { change(set->database, -PAGE_SIZE, 40, 2, true); }
static void not_a_copy(struct set *set) { copy_shared_file("engine/backup_4k/restored_full/data.edb", set->database); }

struct observed {
    const char *what;
    void (*prepare)(struct set *set);
    uint32_t low, high;
    const char *old_path, *new_name; /* NULL: as they should be */
    JET_ERR expected;
    bool changes;       /* may the file have been changed by then? */
    const char *events; /* of those looked at; folders cut off */
};

static const uint32_t WATCHED[] = {204, 205, 216, 430, 431, 432, 433, 434, 435, 450, 454, 457, 458, 460, 463, 553, 0};

#define RESTORED "204 I(%s|%s) 205 I()"
static const struct observed OBSERVED[] = {
    {"the full set", intact, 1, 5, NULL, NULL, 0, true, RESTORED},
    {"full and first incremental", intact, 1, 10, NULL, NULL, 0, true, RESTORED},
    {"full and both incrementals", intact, 1, 12, NULL, NULL, 0, true, RESTORED},
    {"one header copy bad", first_header_copy_bad, 1, 5, NULL, NULL, 0, true, RESTORED},
    {"old path in other case", intact, 1, 5, "c:\\DB\\backup_4K\\DATA.EDB", NULL, 0, true, RESTORED},
    {"old path with slashes", intact, 1, 5, "C:/db/backup_4k/data.edb", NULL, 0, true, RESTORED},
    {"old path not in the log", intact, 1, 5, "D:\\x\\other.edb", NULL, 0, true, "204 I(%s|%s) 216 I(D:\\x\\other.edb|C:\\db\\backup_4k\\data.edb) 205 I()"},
    {"no logs", no_logs, 1, 5, NULL, NULL, JET_errFileNotFound, false, "454 E(-1811) 205 I()"},
    {"first log missing", first_log_missing, 1, 5, NULL, NULL, JET_errFileNotFound, false, "454 E(-1811) 205 I()"},
    {"middle log missing", middle_log_missing, 1, 5, NULL, NULL, JET_errFileNotFound, false, "454 E(-1811) 205 I()"},
    {"last log missing", last_log_missing, 1, 5, NULL, NULL, JET_errFileNotFound, false, "454 E(-1811) 205 I()"},
    {"range beyond the logs", intact, 1, 13, NULL, NULL, JET_errFileNotFound, false, "454 E(-1811) 205 I()"},
    {"database missing", database_missing, 1, 5, NULL, NULL, JET_errFileNotFound, false, "553 E(data.edb|-1811) 454 E(-1811) 205 I()"},
    {"map to a missing file", intact, 1, 5, NULL, "none.edb", JET_errFileNotFound, false, "553 E(none.edb|-1811) 454 E(-1811) 205 I()"},
    {"range begins too late", intact, 2, 5, NULL, NULL, JET_errStartingRestoreLogTooHigh, false, "431 E(1) 553 E(data.edb|-554) 454 E(-554) 205 I()"},
    {"only newer logs", intact, 6, 12, NULL, NULL, JET_errStartingRestoreLogTooHigh, false, "431 E(1) 553 E(data.edb|-554) 454 E(-554) 205 I()"},
    {"range ends too early", intact, 1, 3, NULL, NULL, JET_errEndingRestoreLogTooLow, false, "432 E(4) 553 E(data.edb|-553) 454 E(-553) 205 I()"},
    {"range 0-0", intact, 0, 0, NULL, NULL, JET_errInvalidPath, false, "454 E(-1023) 205 I()"},
    {"range backwards", intact, 5, 1, NULL, NULL, JET_errInternalError, false, "454 E(-107) 205 I()"},
    {"log header damaged", log_header_damaged, 1, 5, NULL, NULL, JET_errLogFileCorrupt, false, "454 E(-501) 205 I()"},
    {"log header newer", log_header_newer, 1, 5, NULL, NULL, JET_errBadLogVersion, false, "454 E(-514) 205 I()"},
    {"log of another stream", log_of_another_stream, 1, 5, NULL, NULL, JET_errBadLogSignature, false, "433 E(edb00003.log) 454 E(-530) 205 I()"},
    {"log with another predecessor", log_with_another_predecessor, 1, 5, NULL, NULL, JET_errGivenLogFileIsNotContiguous, false,
     "434 E(edb00003.log) 454 E(-556) 205 I()"},
    {"log segment bad", log_segment_bad, 1, 5, NULL, NULL, JET_errLogCorruptDuringHardRestore, true, "204 I(%s|%s) 463 E(edb00003.log|3:8:0) 205 I()"},
    {"last log bad at its end", last_log_bad_at_its_end, 1, 5, NULL, NULL, JET_errLogCorruptDuringHardRestore, true, "204 I(%s|%s) 463 E(edb00005.log|5:8:0) 205 I()"},
    {"last log torn", last_log_torn, 1, 5, NULL, NULL, JET_errLogTornWriteDuringHardRestore, true, "204 I(%s|%s) 460 E(edb00005.log|5:8:0) 205 I()"},
    {"end of a log zeroed", log_end_zeroed, 1, 5, NULL, NULL, JET_errLogSequenceChecksumMismatch, true, "204 I(%s|%s) 454 E(-590) 205 I()"},
    {"trailer damaged", trailer_damaged, 1, 5, NULL, NULL, JET_errBadPatchPage, false, "553 E(data.edb|-535) 454 E(-535) 205 I()"},
    {"trailer cut off", trailer_cut_off, 1, 5, NULL, NULL, JET_errBadPatchPage, false, "553 E(data.edb|-535) 454 E(-535) 205 I()"},
    {"trailer of another database", trailer_of_another_database, 1, 5, NULL, NULL, JET_errDatabasePatchFileMismatch, false,
     "430 E(data.edb) 553 E(data.edb|-552) 454 E(-552) 205 I()"},
    {"trailer of another stream", trailer_of_another_stream, 1, 5, NULL, NULL, JET_errDatabasePatchFileMismatch, false,
     "430 E(data.edb) 553 E(data.edb|-552) 454 E(-552) 205 I()"},
    {"trailer of another backup", trailer_of_another_backup, 1, 5, NULL, NULL, JET_errDatabasePatchFileMismatch, false,
     "430 E(data.edb) 553 E(data.edb|-552) 454 E(-552) 205 I()"},
    {"both header copies bad", both_header_copies_bad, 1, 5, NULL, NULL, JET_errDatabaseCorrupted, false, "553 E(data.edb|-1206) 454 E(-1206) 205 I()"},
    {"not a backup copy", not_a_copy, 1, 5, NULL, NULL, JET_errRestoreOfNonBackupDatabase, false, "553 E(data.edb|-615) 454 E(-615) 205 I()"},
};

static unsigned snt_count[8], last_percent;

static JET_ERR JET_API count_progress(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    const JET_SNPROG *progress = (const JET_SNPROG *)data;
    assert_int_equal(session, JET_sesidNil);
    assert_int_equal(snp, JET_snpRestore);
    assert_int_equal(progress->cunitTotal, 100);
    assert_true(snt < 8 && progress->cunitDone <= 100 && progress->cunitDone >= last_percent);
    assert_true(snt == JET_sntBegin ? progress->cunitDone == 0 : snt == JET_sntComplete ? progress->cunitDone == 100 : snt == JET_sntProgress);
    last_percent = progress->cunitDone;
    snt_count[snt]++;
    return JET_errSuccess;
}

static void check_state(const char *path)
{
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    assert_good(database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL));
    assert_int_equal(header.state, DB_STATE_CLEAN);
    assert_int_equal(header.backup_full_current.gen_low, 0);
    assert_int_equal(header.backup_full_previous.gen_low, 0);
    assert_int_equal(header.backup_incremental_previous.gen_low, 0);
    assert_int_equal(header.backup_copy_previous.gen_low, 0);
    assert_int_equal(header.backup_differential_previous.gen_low, 0);
}

static void observe(const struct observed *o, bool is_wide)
{
    struct set set;
    unsigned long long before_size = 0, after_size;
    lay_out_set(&set);
    o->prepare(&set);
    uint8_t *before = access(set.database, F_OK) == 0 ? read_whole_file(set.database, &before_size) : NULL;
    const char *new_path = o->new_name != NULL ? text_of("%s/%s", set.work, o->new_name) : set.database;
    JET_RSTMAP_A map = {writable(o->old_path != NULL ? o->old_path : LOGGED_PATH), writable(new_path)};
    memset(snt_count, 0, sizeof snt_count);
    last_percent = 0;
    events_clear();
    JET_ERR err;
    if (is_wide) {
        static char16_t wide[5][512];
        const char *texts[] = {set.work, set.folder, map.szDatabaseName, map.szNewDatabaseName};
        for (size_t t = 0; t < 4; t++)
            for (size_t i = 0; i <= strlen(texts[t]); i++)
                wide[t][i] = (char16_t)(unsigned char)texts[t][i];
        JET_RSTMAP_W wide_map = {wide[2], wide[3]};
        err = JetExternalRestoreW(wide[0], wide[0], &wide_map, 1, wide[1], (int32_t)o->low, (int32_t)o->high, count_progress);
    } else {
        err = JetExternalRestoreA(writable(set.work), writable(set.work), &map, 1, writable(set.folder), (int32_t)o->low, (int32_t)o->high, count_progress);
    }
    if (err != o->expected)
        fail_msg("%s: %d, expected %d", o->what, err, o->expected);
    const char *folders[2] = {strrchr(set.folder, '/') + 1, strrchr(set.work, '/') + 1};
    const char *expected = strstr(o->events, "%s") != NULL ? text_of("204 I(%s|%s)%s", folders[0], folders[1], o->events + strlen("204 I(%s|%s)")) : o->events;
    if (strcmp(events_text(WATCHED, 1), expected) != 0)
        fail_msg("%s: events %s, expected %s", o->what, events_text(WATCHED, 1), expected);
    if (err == 0) {
        check_state(set.database);
        assert_int_equal(snt_count[JET_sntBegin], 1);
        assert_int_equal(snt_count[JET_sntComplete], 1);
        assert_true(snt_count[JET_sntProgress] > 0);
    } else {
        assert_int_equal(snt_count[JET_sntComplete], 0);
        if (before != NULL && !o->changes) {
            uint8_t *after = read_whole_file(set.database, &after_size);
            assert_int_equal(after_size, before_size);
            assert_memory_equal(after, before, before_size);
            free(after);
        }
    }
    free(before);
}

static void each_observed_case_gives_its_result_its_events_and_its_file(void **state)
{
    (void)state;
    require_shared_data();
    for (size_t i = 0; i < sizeof OBSERVED / sizeof *OBSERVED; i++) {
        observe(&OBSERVED[i], false);
        observe(&OBSERVED[i], true);
    }
}

/* --- arguments --- */

static void arguments_are_checked(void **state)
{
    (void)state;
    JET_RSTMAP_A map[15];
    JET_RSTMAP_W map_w = {NULL, NULL};
    char *folder = writable(make_scratch_folder("work"));
    for (size_t i = 0; i < 15; i++)
        map[i] = (JET_RSTMAP_A){writable("a"), writable("b")};
    JET_LOGINFO_A info = {.cbSize = sizeof info, .ulGenLow = 1, .ulGenHigh = 1, .szBaseName = "edb"}, small = info;
    JET_LOGINFO_W info_w = {.cbSize = sizeof info_w, .ulGenLow = 1, .ulGenHigh = 1, .szBaseName = u"edb"}, small_w = info_w;
    small.cbSize--;
    small_w.cbSize--;
    assert_err(JetExternalRestore2A(folder, folder, map, 1, folder, NULL, NULL, NULL, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetExternalRestore2A(folder, folder, map, 1, folder, &small, NULL, NULL, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetExternalRestore2W(NULL, NULL, &map_w, 0, NULL, NULL, NULL, NULL, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetExternalRestore2W(NULL, NULL, &map_w, 0, NULL, &small_w, NULL, NULL, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetExternalRestore2A(folder, folder, map, 1, folder, &info, NULL, folder, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetExternalRestore2A(folder, folder, map, 1, folder, &info, NULL, NULL, folder, NULL), JET_errInvalidParameter);
    assert_err(JetExternalRestore2A(folder, folder, map, 1, folder, &info, folder, folder, folder, NULL), JET_errInvalidParameter);
    assert_err(JetExternalRestore2A(folder, folder, NULL, 1, folder, &info, NULL, NULL, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetExternalRestore2A(folder, folder, map, 0, folder, &info, NULL, NULL, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetExternalRestore2A(folder, folder, map, 15, folder, &info, NULL, NULL, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetExternalRestore2A(folder, folder, map, -1, folder, &info, NULL, NULL, NULL, NULL), JET_errInvalidParameter);
    JET_RSTMAP_A nameless[] = {{writable("a"), NULL}, {NULL, writable("b")}};
    for (size_t i = 0; i < 2; i++)
        assert_err(JetExternalRestore2A(folder, folder, &nameless[i], 1, folder, &info, NULL, NULL, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetExternalRestore2A(folder, folder, map, 1, folder, &info, writable("nobody"), NULL, NULL, NULL), JET_errBadRestoreTargetInstance);
    events_clear();
    assert_err(JetExternalRestore2A(folder, NULL, map, 1, folder, &info, NULL, NULL, NULL, NULL), JET_errFileNotFound);
    assert_err(JetExternalRestore2A(NULL, folder, map, 1, folder, &info, NULL, NULL, NULL, NULL), JET_errFileNotFound);
    assert_err(JetExternalRestore2A(folder, folder, map, 1, NULL, &info, NULL, NULL, NULL, NULL), JET_errFileNotFound);
    assert_err(JetExternalRestore2A(folder, writable(""), map, 1, folder, &info, NULL, NULL, NULL, NULL), JET_errFileNotFound);
    assert_int_equal(events_count(454), 4);

    struct live_instance live;
    live_start(&live, PAGE_SIZE);
    assert_err(JetExternalRestore2A(folder, writable(live.folder), map, 1, folder, &info, NULL, NULL, NULL, NULL), JET_errLogFilePathInUse);
    assert_err(JetExternalRestore2A(writable(live.folder), folder, map, 1, folder, &info, NULL, NULL, NULL, NULL), JET_errSystemPathInUse);
    live_stop(&live);

    assert_good(JetSetSystemParameter(NULL, 0, JET_paramSystemPath, 0, folder));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramTempPath, 0, text_of("%s/temp.edb", folder)));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramRecovery, 0, "off"));
    assert_good(JetInit(NULL));
    assert_err(JetExternalRestore2A(folder, folder, map, 1, folder, &info, NULL, NULL, NULL, NULL), JET_errRunningInOneInstanceMode);
    assert_good(JetTerm(JET_instanceNil));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramRecovery, 0, "on"));
}

/* --- logs behind the set --- */

static struct sample s;
static int32_t last_id;

static void add_rows(int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        last_id++;
        assert_good(JetBeginTransaction(s.session));
        insert_sample(&s, last_id, last_id, "row");
        assert_good(JetCommitTransaction(s.session, 0));
    }
}

static void start_sample(void)
{
    last_id = 0;
    sample_start(&s, PAGE_SIZE);
    add_rows(20);
}

struct place {
    const char *work, *database;
};

static struct place copy_out(const struct backup_set *set)
{
    struct place p = {.work = make_scratch_folder("work")};
    p.database = text_of("%s/sample.edb", p.work);
    run("cp '%s/sample.edb' '%s'", set->folder, p.database);
    return p;
}

static JET_ERR restore_to(const struct backup_set *set, const struct place *p, const char *base, const char *name, const char *log_folder, const char *checkpoint_folder)
{
    JET_RSTMAP_A map = {writable(text_of("%s/sample.edb", s.live.folder)), writable(p->database)};
    JET_LOGINFO_A info = {.cbSize = sizeof info, .ulGenLow = set->gen_low, .ulGenHigh = set->gen_high};
    memcpy(info.szBaseName, base, 4);
    return JetExternalRestore2A(writable(p->work), writable(p->work), &map, 1, writable(set->folder), &info, writable(name), writable(log_folder),
                                writable(checkpoint_folder), NULL);
}

static const char *instance_name(void)
{
    static char name[64];
    JET_INSTANCE_INFO *list;
    uint32_t count;
    assert_good(JetGetInstanceInfo(&count, &list));
    assert_int_equal(count, 1);
    snprintf(name, sizeof name, "%s", list[0].szInstanceName);
    assert_good(JetFreeBuffer((char *)list));
    return name;
}

static void a_running_target_lends_its_logs(void **state)
{
    (void)state;
    struct backup_set set;
    start_sample();
    client_backup(s.live.instance, 0, 0, make_scratch_folder("set"), &set);
    add_rows(15);
    const char *name = instance_name();
    struct place p = copy_out(&set);
    assert_err(restore_to(&set, &p, "xyz", name, NULL, NULL), JET_errBadRestoreTargetInstance);
    assert_err(restore_to(&set, &p, "edb", name, NULL, NULL), JET_wrnTargetInstanceRunning);
    assert_int_equal(client_sample_rows(p.database), 35); /* to the last commit */
    assert_int_equal(access(text_of("%s/edb.log", p.work), F_OK), 0);

    add_rows(5);
    p = copy_out(&set);
    assert_err(restore_to(&set, &p, "edb", NULL, text_of("%s/", s.live.folder), s.live.folder), JET_wrnTargetInstanceRunning);
    assert_int_equal(client_sample_rows(p.database), 40);

    p = copy_out(&set); /* without a target: what the set has */
    assert_good(restore_to(&set, &p, "edb", NULL, NULL, NULL));
    assert_int_equal(client_sample_rows(p.database), 20);

    /* The target goes on undisturbed. */
    add_rows(1);
    assert_good(JetStopServiceInstance(s.live.instance));
    p = copy_out(&set);
    assert_err(restore_to(&set, &p, "edb", name, NULL, NULL), JET_errClientRequestToStopJetService);
    assert_good(JetTerm2(s.live.instance, JET_bitTermAbrupt));

    /* Not running any more: its folders are the working folders, and its logs follow the set. */
    p = copy_out(&set);
    assert_err(restore_to(&set, &p, "edb", name, NULL, NULL), JET_errBadRestoreTargetInstance);
    assert_good(restore_to(&set, &p, "edb", NULL, s.live.folder, s.live.folder));
    assert_int_equal(client_sample_rows(p.database), 41);
    assert_int_not_equal(access(text_of("%s/edb.log", p.work), F_OK), 0);
}

/* A set's generations were closed: a bad segment at the end of one was on the disk once, and is not what a power cut leaves of a flush. */
static void a_bad_end_of_a_set_of_our_own_is_refused_and_behind_it_is_the_end(void **state)
{
    (void)state;
    static const uint32_t LOOKED_AT[] = {460, 461, 462, 463, 464, 0};
    struct backup_set set;
    struct log_generation g;
    start_sample();
    client_backup(s.live.instance, 0, 0, make_scratch_folder("set"), &set);
    add_rows(3);
    assert_good(JetTerm2(s.live.instance, JET_bitTermAbrupt));
    const char *last = text_of("%s/edb%05X.log", set.folder, set.gen_high), *current = text_of("%s/edb.log", s.live.folder);

    struct place p = copy_out(&set); /* of the current log behind the set: what was not acknowledged, perhaps */
    run("cp '%s' '%s'", current, p.work);
    assert_good(log_generation_read(os_fs_posix(), current, &g));
    change(text_of("%s/edb.log", p.work), (long)g.scan.last_segment * LOG_BLOCK, 60, 7, false);
    events_clear();
    assert_good(restore_to(&set, &p, "edb", NULL, NULL, NULL));
    assert_string_equal(events_text(LOOKED_AT, 1), text_of("462 W(edb.log|%X:%X:0)", g.header.generation, g.scan.last_segment));
    log_generation_release(&g);

    p = copy_out(&set);
    assert_good(log_generation_read(os_fs_posix(), last, &g));
    change(last, (long)g.scan.last_segment * LOG_BLOCK, 60, 7, false);
    events_clear();
    assert_err(restore_to(&set, &p, "edb", NULL, NULL, NULL), JET_errLogCorruptDuringHardRestore);
    assert_string_equal(events_text(LOOKED_AT, 1), text_of("463 E(edb%05X.log|%X:%X:0)", set.gen_high, set.gen_high, g.scan.last_segment));
    log_generation_release(&g);
}

static void configure_circular(JET_INSTANCE instance)
{
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramCircularLog, 1, NULL));
}

static void a_circular_target_lends_none(void **state)
{
    (void)state;
    struct backup_set set;
    live_configure = configure_circular;
    start_sample();
    live_configure = NULL;
    client_backup(s.live.instance, 0, 0, make_scratch_folder("set"), &set);
    add_rows(15);
    struct place p = copy_out(&set);
    assert_err(restore_to(&set, &p, "edb", instance_name(), NULL, NULL), JET_wrnTargetInstanceRunning);
    assert_int_equal(client_sample_rows(p.database), 20);
    live_stop(&s.live);
}

/* Gives a set and, in `live`, all logs of the instance behind it. */
static const char *make_later_logs(struct backup_set *set)
{
    start_sample();
    client_backup(s.live.instance, 0, 0, make_scratch_folder("set"), set);
    struct backup_set later;
    for (int i = 0; i < 3; i++) {
        add_rows(5);
        client_backup(s.live.instance, 0, 0, make_scratch_folder("later"), &later); /* rolls the log */
    }
    live_stop(&s.live);
    return s.live.folder;
}

static void logs_in_the_working_folder_are_replayed_when_they_follow(void **state)
{
    (void)state;
    struct backup_set set;
    const char *live = make_later_logs(&set);
    static const uint32_t LOOKED_AT[] = {450, 457, 458, 0};
    struct place p = copy_out(&set);
    run("cp '%s'/edb0*.log '%s'/edb.log '%s'", live, live, p.work);
    assert_good(restore_to(&set, &p, "edb", NULL, NULL, NULL));
    assert_int_equal(client_sample_rows(p.database), 35);

    p = copy_out(&set); /* the next archive only */
    run("cp '%s/edb%05X.log' '%s'", live, set.gen_high + 1, p.work);
    assert_good(restore_to(&set, &p, "edb", NULL, NULL, NULL));
    assert_int_equal(client_sample_rows(p.database), 25);

    p = copy_out(&set); /* the one after it is missing */
    run("cp '%s'/edb0*.log '%s'/edb.log '%s' && rm '%s/edb%05X.log'", live, live, p.work, p.work, set.gen_high + 2);
    events_clear();
    assert_err(restore_to(&set, &p, "edb", NULL, NULL, NULL), JET_errMissingCurrentLogFiles);
    assert_string_equal(events_text(LOOKED_AT, 1), text_of("450 E(edb%05X.log)", set.gen_high + 2));

    p = copy_out(&set); /* older ones, and those of the set itself, are no obstacle */
    run("cp '%s'/edb0*.log '%s' && cd '%s' && rm -f edb%05X.log edb%05X.log edb%05X.log edb%05X.log", live, p.work, p.work, set.gen_high + 1, set.gen_high + 2, set.gen_high + 3,
        set.gen_high + 4);
    assert_good(restore_to(&set, &p, "edb", NULL, NULL, NULL));
    assert_int_equal(client_sample_rows(p.database), 20);
}

/* A header field of a log is changed so that it does not fit any more, at every place around the set. */
static void logs_in_the_working_folder_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct backup_set set;
    const char *live = make_later_logs(&set);
    static const uint32_t LOOKED_AT[] = {450, 457, 458, 0};
    assert_true(set.gen_high >= 1);
    const struct {
        const char *what;
        uint32_t generation;
        long offset;
        JET_ERR expected;
    } CASES[] = {
        {"another log in the set's range", set.gen_high, LOG_CREATED, JET_errExistingLogFileIsNotContiguous},
        {"right behind", set.gen_high + 1, LOG_PREVIOUS_CREATED, JET_errExistingLogFileIsNotContiguous},
        {"further behind", set.gen_high + 2, LOG_PREVIOUS_CREATED, JET_errExistingLogFileIsNotContiguous},
        {"of another stream", set.gen_high + 1, LOG_SIGNATURE, JET_errExistingLogFileHasBadSignature},
        {"of another stream, in the range", set.gen_high, LOG_SIGNATURE, JET_errExistingLogFileHasBadSignature},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct place p = copy_out(&set);
        const char *name = text_of("edb%05X.log", CASES[i].generation), *path = text_of("%s/%s", p.work, name);
        run("cp '%s'/edb0*.log '%s'", live, p.work);
        change(path, 0, CASES[i].offset, 1, true);
        events_clear();
        JET_ERR err = restore_to(&set, &p, "edb", NULL, NULL, NULL);
        if (err != CASES[i].expected)
            fail_msg("%s: %d, expected %d", CASES[i].what, err, CASES[i].expected);
        const char *said = text_of("%d W(%s)", CASES[i].offset == LOG_SIGNATURE ? 457 : 458, name);
        if (strcmp(events_text(LOOKED_AT, 1), said) != 0)
            fail_msg("%s: events %s, expected %s", CASES[i].what, events_text(LOOKED_AT, 1), said);
    }
}

static void a_stray_current_log_is_dropped_when_told(void **state)
{
    (void)state;
    struct backup_set set, first;
    start_sample();
    client_backup(s.live.instance, 0, 0, make_scratch_folder("first"), &first);
    const char *stray = text_of("%s/edb.log", make_scratch_folder("stray"));
    run("cp '%s/edb.log' '%s'", s.live.folder, stray);
    add_rows(5);
    client_backup(s.live.instance, 0, 0, make_scratch_folder("set"), &set);
    live_stop(&s.live);
    struct place p = copy_out(&set);
    run("cp '%s' '%s'", stray, p.work);
    assert_true(restore_to(&set, &p, "edb", NULL, NULL, NULL) < 0);
    p = copy_out(&set);
    run("cp '%s' '%s'", stray, p.work);
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDeleteOutOfRangeLogs, 1, NULL));
    assert_good(restore_to(&set, &p, "edb", NULL, NULL, NULL));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDeleteOutOfRangeLogs, 0, NULL));
    assert_int_equal(client_sample_rows(p.database), 25);
}

static void a_map_may_name_some_of_the_databases(void **state)
{
    (void)state;
    struct backup_set set;
    start_sample();
    JET_DBID other;
    assert_good(JetCreateDatabase(s.session, text_of("%s/other.edb", s.live.folder), NULL, &other, 0));
    client_backup(s.live.instance, 0, 0, make_scratch_folder("set"), &set);
    live_stop(&s.live);
    assert_int_equal(access(text_of("%s/other.edb", set.folder), F_OK), 0);
    struct place p = copy_out(&set);
    assert_good(restore_to(&set, &p, "edb", NULL, NULL, NULL));
    assert_int_equal(client_sample_rows(p.database), 20);
    assert_int_not_equal(access(text_of("%s/other.edb", p.work), F_OK), 0);
}

static JET_ERR JET_API refuse_progress(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    (void)session, (void)snp, (void)data;
    return snt == JET_sntProgress ? JET_errOutOfMemory : 0;
}

static void the_callback_can_stop_it(void **state)
{
    (void)state;
    require_shared_data();
    struct set set;
    lay_out_set(&set);
    JET_RSTMAP_A map = {writable(LOGGED_PATH), writable(set.database)};
    events_clear();
    assert_err(JetExternalRestoreA(writable(set.work), writable(set.work), &map, 1, writable(set.folder), 1, 5, refuse_progress), JET_errOutOfMemory);
    assert_string_equal(events_parameter(454, 0), "-1011");
    /* and it can be repeated: the trailer is merged already */
    assert_good(JetExternalRestoreA(writable(set.work), writable(set.work), &map, 1, writable(set.folder), 1, 5, NULL));
    check_state(set.database);
}

static int start(void **state)
{
    (void)state;
    events_start();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    events_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_observed_case_gives_its_result_its_events_and_its_file),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(a_running_target_lends_its_logs),
        cmocka_unit_test(a_bad_end_of_a_set_of_our_own_is_refused_and_behind_it_is_the_end),
        cmocka_unit_test(a_circular_target_lends_none),
        cmocka_unit_test(logs_in_the_working_folder_are_replayed_when_they_follow),
        cmocka_unit_test(logs_in_the_working_folder_that_do_not_fit_are_refused),
        cmocka_unit_test(a_stray_current_log_is_dropped_when_told),
        cmocka_unit_test(a_map_may_name_some_of_the_databases),
        cmocka_unit_test(the_callback_can_stop_it),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
