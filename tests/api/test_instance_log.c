/* Instances with a log: start and end of a stream, a killed process, generations and headers, two users of one folder (instance-and-session 7, 8;
 * recovery.md 2, 4, 11). */
#define ESENT_PRIVATE
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "plain_instance.h"
#include "shared_data.h"

enum { STATE_DIRTY = 2, STATE_CLEAN = 3 };

static const char *new_database(const char *folder)
{
    const char *path = text_of("%s/data.edb", folder);
    require_shared_data();
    copy_shared_file("engine/clean_4k/data.edb", path);
    return path;
}

static JET_DBINFOMISC4 header_of(const char *path)
{
    JET_DBINFOMISC4 misc;
    assert_good(JetGetDatabaseFileInfo(path, &misc, sizeof misc, JET_DbInfoMisc));
    return misc;
}

static JET_INSTANCE create_in(const char *folder)
{
    JET_INSTANCE instance = JET_instanceNil;
    assert_good(JetCreateInstance(&instance, "log"));
    plain_configure(instance, folder);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramRecovery, 0, "on"));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFileSize, 64, NULL));
    return instance;
}

static JET_INSTANCE start_in(const char *folder)
{
    JET_INSTANCE instance = create_in(folder);
    assert_good(JetInit(&instance));
    return instance;
}

static JET_SIGNATURE signature_of(JET_INSTANCE instance)
{
    JET_SIGNATURE signature;
    assert_good(JetGetInstanceMiscInfo(instance, &signature, sizeof signature, JET_InstanceMiscInfoLogSignature));
    return signature;
}

static JET_CHECKPOINTINFO checkpoint_of(JET_INSTANCE instance)
{
    JET_CHECKPOINTINFO info;
    assert_good(JetGetInstanceMiscInfo(instance, &info, sizeof info, JET_InstanceMiscInfoCheckpoint));
    return info;
}

static void a_stream_goes_on_after_a_clean_end(void **state)
{
    const char *folder = make_scratch_folder("stream");
    (void)state;
    JET_INSTANCE instance = start_in(folder);
    JET_SIGNATURE first = signature_of(instance);
    assert_int_equal(checkpoint_of(instance).genMax, 1);
    assert_int_equal(access(text_of("%s/edb.log", folder), F_OK), 0);
    assert_int_equal(access(text_of("%s/edb.chk", folder), F_OK), 0);
    plain_stop(instance);
    for (int i = 0; i < 3; i++) {
        instance = start_in(folder);
        JET_SIGNATURE again = signature_of(instance);
        assert_memory_equal(&first, &again, sizeof first);
        plain_stop(instance);
    }
}

static void a_missing_stream_is_not_made_when_it_must_exist(void **state)
{
    const char *folder = make_scratch_folder("stream");
    (void)state;
    JET_INSTANCE instance = create_in(folder);
    assert_err(JetInit2(&instance, JET_bitLogStreamMustExist), JET_errMissingLogFile); /* as ESENT was seen to answer */
    assert_int_equal(access(text_of("%s/edb.log", folder), F_OK), -1);
}

static void logs_of_another_size_are_refused_only_when_a_size_was_set(void **state)
{
    const char *folder = make_scratch_folder("size");
    JET_API_PTR size = 0;
    (void)state;
    plain_stop(start_in(folder));
    JET_INSTANCE instance = create_in(folder);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFileSize, 128, NULL));
    assert_err(JetInit(&instance), JET_errLogFileSizeMismatchDatabasesConsistent);
    instance = plain_create("log");
    plain_configure(instance, folder);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramRecovery, 0, "on"));
    assert_good(JetInit(&instance));
    assert_good(JetGetSystemParameter(instance, 0, JET_paramLogFileSize, &size, NULL, 0));
    assert_int_equal(size, 64); /* the stream's size is adopted */
    plain_stop(instance);
}

static void two_instances_do_not_share_a_log_folder(void **state)
{
    const char *folder = make_scratch_folder("shared"), *other_folder = make_scratch_folder("other");
    (void)state;
    JET_INSTANCE first = start_in(folder), second = plain_create("second");
    plain_configure(second, other_folder);
    assert_good(JetSetSystemParameter(&second, 0, JET_paramRecovery, 0, "on"));
    assert_good(JetSetSystemParameter(&second, 0, JET_paramLogFilePath, 0, folder));
    assert_err(JetInit(&second), JET_errLogFilePathInUse);
    plain_stop(first);
}

static void a_new_generation_reaches_the_headers(void **state)
{
    const char *folder = make_scratch_folder("roll"), *path = new_database(folder);
    (void)state;
    JET_INSTANCE instance = start_in(folder);
    JET_SESID session = plain_session(instance);
    assert_good(JetAttachDatabase(session, path, 0));
    assert_int_equal(header_of(path).genCommitted, 1);
    for (uint32_t i = 2; i <= 4; i++) {
        assert_good(JetCommitTransaction(session, JET_bitForceNewLog));
        assert_int_equal(checkpoint_of(instance).genMax, i);
        assert_int_equal(header_of(path).genCommitted, i);
        assert_int_equal(header_of(path).genMaxRequired, i);
        assert_true(header_of(path).genMinRequired <= i);
        assert_true(checkpoint_of(instance).genMin <= header_of(path).genMinRequired);
    }
    assert_int_equal(access(text_of("%s/edb00003.log", folder), F_OK), 0);
    plain_stop(instance);
    assert_int_equal(header_of(path).dbstate, STATE_CLEAN);
    instance = start_in(folder);
    session = plain_session(instance);
    assert_good(JetAttachDatabase(session, path, 0));
    plain_stop(instance);
}

/* A child that has the databases attached, and rolls the log `rolls` times, until it is killed. */
static pid_t start_victim(const char *folder, const char *path, int rolls)
{
    int ends[2];
    char byte = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nobody behind */
        JET_INSTANCE instance = start_in(folder);
        JET_SESID session = plain_session(instance);
        if (JetAttachDatabase(session, path, 0) != JET_errSuccess)
            _exit(1);
        for (int i = 0; i < rolls; i++) {
            if (JetCommitTransaction(session, JET_bitForceNewLog) != JET_errSuccess)
                _exit(2);
        }
        if (write(ends[1], "x", 1) != 1)
            _exit(3);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    return child;
}

static void kill_victim(pid_t child)
{
    int status;
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void another_process_cannot_use_the_log(void **state)
{
    const char *folder = make_scratch_folder("locked"), *path = new_database(folder);
    (void)state;
    pid_t child = start_victim(folder, path, 0);
    JET_INSTANCE instance = create_in(folder);
    assert_err(JetInit(&instance), JET_errFileAccessDenied);
    kill_victim(child);
    instance = start_in(folder);
    plain_stop(instance);
}

static void a_killed_instance_is_recovered_by_the_next_start(void **state)
{
    (void)state;
    for (int rolls = 0; rolls < 3; rolls++) {
        const char *folder = make_scratch_folder("killed"), *path = new_database(folder);
        unsigned long long size = 0, size_after = 0;
        unsigned char *before = read_whole_file(path, &size);
        kill_victim(start_victim(folder, path, rolls));
        assert_int_equal(header_of(path).dbstate, STATE_DIRTY);
        JET_INSTANCE instance = start_in(folder);
        assert_int_equal(header_of(path).dbstate, STATE_CLEAN);
        JET_SESID session = plain_session(instance);
        JET_DBID dbid;
        assert_good(JetAttachDatabase(session, path, 0));
        assert_good(JetOpenDatabase(session, path, NULL, &dbid, 0));
        plain_stop(instance);
        unsigned char *after = read_whole_file(path, &size_after);
        assert_in_range(size_after, 8193, size); /* recovery cuts what is behind the last owned page */
        assert_memory_equal(before + 8192, after + 8192, size_after - 8192); /* all but the two header pages */
        free(before);
        free(after);
    }
}

static void a_database_that_is_gone_is_missed_unless_told_otherwise(void **state)
{
    const char *folder = make_scratch_folder("gone"), *path = new_database(folder);
    (void)state;
    kill_victim(start_victim(folder, path, 0));
    assert_int_equal(unlink(path), 0);
    JET_INSTANCE instance = create_in(folder);
    assert_err(JetInit(&instance), JET_errAttachedDatabaseMismatch);
    assert_true(instance == 0);
    instance = create_in(folder);
    assert_good(JetInit2(&instance, JET_bitReplayIgnoreMissingDB));
    plain_stop(instance);
}

/* Recovery tells the client how far it is, and inside that call parameters may be set. */
static int begun, completed;
static JET_INSTANCE inside;
static JET_ERR set_inside;
static JET_ERR watch(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *data)
{
    (void)sesid, (void)data;
    assert_int_equal(snp, JET_snpRestore);
    begun += snt == JET_sntBegin;
    completed += snt == JET_sntComplete;
    set_inside = JetSetSystemParameter(&inside, 0, JET_paramDbExtensionSize, 99, NULL);
    return JET_errSuccess;
}

static void progress_of_recovery_reaches_the_client(void **state)
{
    const char *folder = make_scratch_folder("progress"), *path = new_database(folder);
    JET_RSTINFO_A info = {.cbStruct = sizeof info, .pfnStatus = watch};
    (void)state;
    kill_victim(start_victim(folder, path, 2));
    inside = create_in(folder);
    JET_INSTANCE instance = inside;
    assert_good(JetInit3A(&instance, &info, JET_bitReplayMissingMapEntryDB));
    assert_int_equal(begun, completed);
    if (begun > 0)
        assert_err(set_inside, JET_errSuccess);
    plain_stop(instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_goes_on_after_a_clean_end),
        cmocka_unit_test(a_missing_stream_is_not_made_when_it_must_exist),
        cmocka_unit_test(logs_of_another_size_are_refused_only_when_a_size_was_set),
        cmocka_unit_test(two_instances_do_not_share_a_log_folder),
        cmocka_unit_test(a_new_generation_reaches_the_headers),
        cmocka_unit_test(another_process_cannot_use_the_log),
        cmocka_unit_test(a_killed_instance_is_recovered_by_the_next_start),
        cmocka_unit_test(a_database_that_is_gone_is_missed_unless_told_otherwise),
        cmocka_unit_test(progress_of_recovery_reaches_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
