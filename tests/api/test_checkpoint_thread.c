/* What a running instance does by itself: the checkpoint follows, headers name the logs that recovery needs, old logs go, lazy commits become durable
 * (recovery 10.1, 11, 12; instance-and-session 12). */
#define ESENT_PRIVATE
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "os/clock.h"
#include "os/thread.h"
#include "plain_instance.h"
#include "shared_data.h"

enum { ROW_BYTES = 900, LOG_KIB = 64, WAIT_MS = 10000 };

struct engine {
    const char *folder, *path;
    JET_INSTANCE instance;
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNID key, value;
};

static void set_up(struct engine *e, const char *name, bool is_circular, uintptr_t depth)
{
    *e = (struct engine){.folder = make_scratch_folder(name), .instance = JET_instanceNil};
    e->path = text_of("%s/data.edb", e->folder);
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, 4096, NULL));
    assert_good(JetCreateInstance(&e->instance, name));
    plain_configure(e->instance, e->folder);
    assert_good(JetSetSystemParameter(&e->instance, 0, JET_paramRecovery, 0, "on"));
    assert_good(JetSetSystemParameter(&e->instance, 0, JET_paramLogFileSize, LOG_KIB, NULL));
    assert_good(JetSetSystemParameter(&e->instance, 0, JET_paramCircularLog, is_circular, NULL));
    assert_good(JetSetSystemParameter(&e->instance, 0, JET_paramCheckpointDepthMax, depth, NULL));
}

static void start(struct engine *e)
{
    JET_COLUMNDEF key = {.cbStruct = sizeof key, .coltyp = JET_coltypLong, .grbit = JET_bitColumnAutoincrement | JET_bitColumnFixed};
    JET_COLUMNDEF value = {.cbStruct = sizeof value, .coltyp = JET_coltypLongBinary};
    assert_good(JetInit(&e->instance));
    e->session = plain_session(e->instance);
    assert_good(JetCreateDatabase(e->session, e->path, NULL, &e->dbid, 0));
    assert_good(JetCreateTable(e->session, e->dbid, "rows", 16, 80, &e->table));
    assert_good(JetAddColumn(e->session, e->table, "key", &key, NULL, 0, &e->key));
    assert_good(JetAddColumn(e->session, e->table, "value", &value, NULL, 0, &e->value));
    assert_good(JetCreateIndex(e->session, e->table, "primary", JET_bitIndexPrimary, "+key\0", 6, 80));
}

static void insert(struct engine *e)
{
    uint8_t bytes[ROW_BYTES];
    memset(bytes, 'r', sizeof bytes);
    assert_good(JetPrepareUpdate(e->session, e->table, JET_prepInsert));
    assert_good(JetSetColumn(e->session, e->table, e->value, bytes, sizeof bytes, JET_bitSetIntrinsicLV, NULL));
    assert_good(JetUpdate(e->session, e->table, NULL, 0, NULL));
}

static void insert_many(struct engine *e, int count)
{
    for (int i = 0; i < count; i++) {
        assert_good(JetBeginTransaction(e->session));
        insert(e);
        assert_good(JetCommitTransaction(e->session, JET_bitCommitLazyFlush));
    }
}

static uint32_t count_rows(struct engine *e)
{
    uint32_t count = 0;
    assert_good(JetSetCurrentIndex(e->session, e->table, NULL));
    JET_ERR err = JetMove(e->session, e->table, JET_MoveFirst, 0);
    for (; err >= 0; err = JetMove(e->session, e->table, JET_MoveNext, 0))
        count++;
    assert_int_equal(err, JET_errNoCurrentRecord);
    return count;
}

static JET_CHECKPOINTINFO checkpoint_of(const struct engine *e)
{
    JET_CHECKPOINTINFO info;
    assert_good(JetGetInstanceMiscInfo(e->instance, &info, sizeof info, JET_InstanceMiscInfoCheckpoint));
    return info;
}

static JET_DBINFOMISC4 header_of(const struct engine *e)
{
    JET_DBINFOMISC4 misc;
    assert_good(JetGetDatabaseFileInfo(e->path, &misc, sizeof misc, JET_DbInfoMisc));
    return misc;
}

static bool archive_exists(const struct engine *e, uint32_t generation) { return access(text_of("%s/edb%05X.log", e->folder, generation), F_OK) == 0; }

static void the_checkpoint_follows_within_its_depth(void **state)
{
    enum { DEPTH_GENERATIONS = 6 };
    struct engine e;
    (void)state;
    set_up(&e, "follows", false, DEPTH_GENERATIONS * LOG_KIB * 1024);
    start(&e);
    insert_many(&e, 3000); /* some 50 generations */
    assert_true(checkpoint_of(&e).genMax > 30);
    bool is_near = false;
    for (int i = 0; i < WAIT_MS / 10 && !is_near; i++) {
        JET_CHECKPOINTINFO info = checkpoint_of(&e);
        is_near = info.genMax - info.genMin <= DEPTH_GENERATIONS + 2 && header_of(&e).genMaxRequired == info.genMax; /* the round of the last generation may come after the checkpoint's */
        if (!is_near)
            thread_sleep_ms(10);
    }
    assert_true(is_near);
    JET_DBINFOMISC4 header = header_of(&e);
    JET_CHECKPOINTINFO info = checkpoint_of(&e);
    assert_true(header.genMinRequired > 1);
    assert_true(info.genMin <= header.genMinRequired + 1); /* headers first, and the two are read one after the other */
    assert_int_equal(header.genMaxRequired, info.genMax);
    assert_int_equal(count_rows(&e), 3000);
    plain_stop(e.instance);
    assert_int_equal(header_of(&e).genMaxRequired, 0);
}

static void circular_logs_stay_few_unless_a_transaction_needs_them(void **state)
{
    struct engine e, other;
    (void)state;
    set_up(&e, "circular", true, 4 * LOG_KIB * 1024);
    start(&e);
    /* A transaction that stays open and has changed something. */
    other = e;
    other.session = plain_session(e.instance);
    assert_good(JetOpenDatabase(other.session, e.path, NULL, &other.dbid, 0));
    assert_good(JetCloseTable(e.session, e.table)); /* the cursor that made the table keeps all others out */
    assert_good(JetOpenTable(e.session, e.dbid, "rows", NULL, 0, 0, &e.table));
    assert_good(JetOpenTable(other.session, other.dbid, "rows", NULL, 0, 0, &other.table));
    assert_good(JetBeginTransaction(other.session));
    insert(&other);
    uint32_t from = checkpoint_of(&e).genMax;
    insert_many(&e, 1500);
    thread_sleep_ms(1500);
    assert_true(checkpoint_of(&e).genMin <= from);
    assert_true(archive_exists(&e, from));
    assert_good(JetCommitTransaction(other.session, 0));
    insert_many(&e, 500);
    bool has_moved = false;
    for (int i = 0; i < WAIT_MS / 20 && !has_moved; i++) {
        insert_many(&e, 20); /* logs go when the next one is made */
        has_moved = checkpoint_of(&e).genMin > from + 4 && !archive_exists(&e, from);
        thread_sleep_ms(20);
    }
    assert_true(has_moved);
    plain_stop(e.instance);
}

static void a_small_cache_full_of_new_changes_waits_for_the_header_only(void **state)
{
    struct engine e;
    (void)state;
    /* Every page that must leave has been changed in the newest generations, which the header does not name yet. */
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramCacheSizeMin, 40, NULL));
    set_up(&e, "smallcache", true, 100 * LOG_KIB * 1024);
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramCacheSizeMax, 40, NULL));
    start(&e);
    for (int round = 0; round < 30; round++) {
        assert_good(JetBeginTransaction(e.session));
        for (int i = 0; i < 100; i++) /* more than a generation and more pages than frames, uncommitted */
            insert(&e);
        assert_good(round % 3 == 2 ? JetRollback(e.session, 0) : JetCommitTransaction(e.session, JET_bitCommitLazyFlush));
    }
    assert_int_equal(count_rows(&e), 2000);
    plain_stop(e.instance);
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramCacheSizeMax, 2000000000, NULL));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramCacheSizeMin, 1, NULL));
}

/* --- lazy commits --- */

static atomic_int_least64_t seen;
static atomic_uint calls;
static JET_ERR JET_API note_durable(JET_INSTANCE instance, JET_COMMIT_ID *id, JET_GRBIT grbit)
{
    (void)instance;
    if (grbit == 0)
        atomic_store(&seen, id->commitId);
    atomic_fetch_add(&calls, 1);
    return JET_errSuccess;
}

static void a_lazy_commit_becomes_durable_and_the_client_hears_of_it(void **state)
{
    struct engine e;
    JET_COMMIT_ID id, again;
    (void)state;
    set_up(&e, "lazy", false, 1 << 20);
    assert_good(JetSetSystemParameter(&e.instance, 0, JET_paramDurableCommitCallback, (JET_API_PTR)(uintptr_t)note_durable, NULL));
    start(&e);
    atomic_store(&seen, 0);
    assert_good(JetBeginTransaction(e.session));
    insert(&e);
    assert_err(JetCommitTransaction2(e.session, 0, 50, &id), JET_errInvalidParameter); /* durable at once, or within a time */
    assert_good(JetCommitTransaction2(e.session, JET_bitCommitLazyFlush, 50, &id));
    assert_true(id.commitId != 0);
    for (int i = 0; i < WAIT_MS && atomic_load(&seen) < id.commitId; i++)
        thread_sleep_ms(1);
    assert_int_equal(atomic_load(&seen), id.commitId);
    assert_good(JetBeginTransaction(e.session));
    assert_good(JetMove(e.session, e.table, JET_MoveFirst, 0));
    assert_good(JetCommitTransaction2(e.session, JET_bitCommitLazyFlush, 50, &again));
    assert_int_equal(again.commitId, 0); /* nothing was written */
    plain_stop(e.instance);
}

/* Kills a child that has committed lazily and then waited in one of the ways there are; the rows must be there. */
static void what_was_waited_for_survives_a_kill(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct engine e;
        int ends[2], status;
        char byte = 0;
        set_up(&e, "killed", false, 1 << 20); /* made before the fork: the folder's name is the parent's too */
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            start(&e);
            insert_many(&e, 10);
            JET_ERR err = way == 0   ? JetCommitTransaction(e.session, JET_bitWaitLastLevel0Commit)
                          : way == 1 ? JetCommitTransaction(plain_session(e.instance), JET_bitWaitAllLevel0Commit)
                                     : JET_errSuccess;
            if (way == 2)
                thread_sleep_ms(2500); /* nobody asks: the tick */
            if (err != JET_errSuccess || write(ends[1], "x", 1) != 1)
                _exit(1);
            for (;;)
                pause();
        }
        close(ends[1]);
        assert_int_equal(read(ends[0], &byte, 1), 1);
        close(ends[0]);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_good(JetInit(&e.instance));
        e.session = plain_session(e.instance);
        assert_good(JetAttachDatabase(e.session, e.path, 0));
        assert_good(JetOpenDatabase(e.session, e.path, NULL, &e.dbid, 0));
        assert_good(JetOpenTable(e.session, e.dbid, "rows", NULL, 0, 0, &e.table));
        assert_int_equal(count_rows(&e), 10);
        plain_stop(e.instance);
    }
}

static void a_dirty_end_is_recovered(void **state)
{
    struct engine e;
    (void)state;
    set_up(&e, "dirty", false, 1 << 20);
    start(&e);
    insert_many(&e, 20);
    assert_good(JetCommitTransaction(e.session, JET_bitWaitLastLevel0Commit));
    assert_good(JetBeginTransaction(e.session));
    insert(&e);
    assert_err(JetTerm2(e.instance, JET_bitTermComplete), JET_errTooManyActiveUsers);
    assert_err(JetTerm2(e.instance, JET_bitTermDirty), JET_errDirtyShutdown);
    struct engine again = e;
    again.instance = JET_instanceNil;
    assert_good(JetCreateInstance(&again.instance, "again"));
    plain_configure(again.instance, e.folder);
    assert_good(JetSetSystemParameter(&again.instance, 0, JET_paramRecovery, 0, "on"));
    assert_good(JetSetSystemParameter(&again.instance, 0, JET_paramLogFileSize, LOG_KIB, NULL));
    assert_good(JetInit(&again.instance));
    again.session = plain_session(again.instance);
    assert_good(JetAttachDatabase(again.session, e.path, 0));
    assert_good(JetOpenDatabase(again.session, e.path, NULL, &again.dbid, 0));
    assert_good(JetOpenTable(again.session, again.dbid, "rows", NULL, 0, 0, &again.table));
    assert_int_equal(count_rows(&again), 20);
    plain_stop(again.instance);
}

/* A database leaves while others go on: its changes are its own, and the log that is kept for others does not bring them back twice. */
static void a_database_is_detached_while_another_is_being_changed(void **state)
{
    struct engine e, second;
    (void)state;
    set_up(&e, "detach", true, 4 * LOG_KIB * 1024);
    start(&e);
    second = e;
    for (int round = 0; round < 3; round++) {
        const char *path = text_of("%s/second%d.edb", e.folder, round);
        JET_COLUMNDEF value = {.cbStruct = sizeof value, .coltyp = JET_coltypLongBinary};
        assert_good(JetCreateDatabase(e.session, path, NULL, &second.dbid, 0));
        assert_good(JetCreateTable(e.session, second.dbid, "rows", 16, 80, &second.table));
        assert_good(JetAddColumn(e.session, second.table, "value", &value, NULL, 0, &second.value));
        insert_many(&second, 100);
        insert_many(&e, 100);
        assert_good(JetCloseDatabase(e.session, second.dbid, 0));
        assert_good(JetDetachDatabase(e.session, path));
        insert_many(&e, 100);
        assert_good(JetAttachDatabase(e.session, path, 0));
        assert_good(JetOpenDatabase(e.session, path, NULL, &second.dbid, 0));
        assert_good(JetOpenTable(e.session, second.dbid, "rows", NULL, 0, 0, &second.table));
        assert_int_equal(count_rows(&second), 100);
        assert_good(JetCloseDatabase(e.session, second.dbid, 0));
        assert_good(JetDetachDatabase(e.session, path));
    }
    assert_int_equal(count_rows(&e), 600);
    plain_stop(e.instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checkpoint_follows_within_its_depth),
        cmocka_unit_test(circular_logs_stay_few_unless_a_transaction_needs_them),
        cmocka_unit_test(a_small_cache_full_of_new_changes_waits_for_the_header_only),
        cmocka_unit_test(a_lazy_commit_becomes_durable_and_the_client_hears_of_it),
        cmocka_unit_test(what_was_waited_for_survives_a_kill),
        cmocka_unit_test(a_dirty_end_is_recovered),
        cmocka_unit_test(a_database_is_detached_while_another_is_being_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
