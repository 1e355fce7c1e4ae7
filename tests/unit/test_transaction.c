/* Transactions: which records they leave in the log, what a failing log does to them, and the worker that cleans up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "fault_fs.h"
#include "os/thread.h"
#include "log/log.h"
#include "shared_data.h"
#include "txn/txn.h"

struct fixture {
    const char *folder;
    struct os_fs *fs;
    struct version_store *store;
    struct log *log;
    struct transaction t;
};
static struct database db = {.dbid = 7};

static void open_fixture_limited(struct fixture *f, struct os_fs *fs, uint32_t depth_limit)
{
    const struct version_store_config store_config = {.bytes_max = 1 << 20};
    *f = (struct fixture){.folder = make_scratch_folder("transactions"), .fs = fs};
    const struct log_config config = {.fs = fs, .log_folder = f->folder, .system_folder = f->folder, .base_name = "edb", .is_legacy_names = true, .file_kib = depth_limit != 0 ? 32 : 256,
                                      .page_size = 4096, .checkpoint_too_deep = depth_limit};
    assert_int_equal(log_create(&config, NULL, &f->log), 0);
    assert_int_equal(log_append_init(f->log, NULL), 0);
    assert_int_equal(log_flush_all(f->log), 0);
    assert_int_equal(version_store_create(&store_config, &f->store), 0);
    assert_int_equal(transaction_open(&f->t, f->store, f->log, 5), 0);
}

static void open_fixture(struct fixture *f, struct os_fs *fs) { open_fixture_limited(f, fs, 0); }

static void close_fixture(struct fixture *f)
{
    transaction_close(&f->t);
    version_store_destroy(f->store);
    if (!log_is_down(f->log))
        assert_int_equal(log_flush_all(f->log), 0);
    log_close(f->log);
}

/* The run's records as text: "Begin0/5 <levels>", "Begin/5 <before>+<levels>", "Commit/5 <level>", "Rollback/5 <levels>", "Commit0/5", others by name. */
static const char *records_of(const char *folder)
{
    static char out[4096];
    struct log_generation g;
    struct log_walk walk;
    struct log_record_ref ref;
    struct log_record r;
    size_t at = 0;
    JET_ERR err;
    out[0] = 0;
    assert_int_equal(log_generation_read(os_fs_posix(), text_of("%s/edb.log", folder), &g), 0);
    log_walk_begin(&walk, g.image, 1, g.scan.last_segment, 0);
    while ((err = log_walk_next(&walk, &ref)) >= 0) {
        assert_int_equal(log_record_decode(ref.bytes, &r), 0);
        const struct transaction_record *t = &r.transaction;
        switch (r.type) {
        case LR_INIT2: case LR_NOP: case LR_NOP2: break;
        case LR_BEGIN0: at += (size_t)snprintf(out + at, sizeof out - at, "Begin0/%u %u, ", t->procid, t->levels); break;
        case LR_BEGIN: at += (size_t)snprintf(out + at, sizeof out - at, "Begin/%u %u+%u, ", t->procid, t->level_before, t->levels); break;
        case LR_COMMIT: at += (size_t)snprintf(out + at, sizeof out - at, "Commit/%u %u, ", t->procid, t->level); break;
        case LR_ROLLBACK: at += (size_t)snprintf(out + at, sizeof out - at, "Rollback/%u %u, ", t->procid, load_le16(ref.bytes.data + 3) & 0xFF); break;
        case LR_COMMIT0: at += (size_t)snprintf(out + at, sizeof out - at, "Commit0/%u, ", t->procid); break;
        default: at += (size_t)snprintf(out + at, sizeof out - at, "%s, ", log_record_name(r.type)); break;
        }
    }
    assert_int_equal(err, JET_errNoCurrentRecord);
    log_walk_end(&walk);
    log_generation_release(&g);
    if (at >= 2)
        out[at - 2] = 0;
    return out;
}

static JET_ERR change(struct transaction *t, uint32_t count, lgpos_t *position)
{
    static const uint8_t bytes[3] = {LR_FORCE_WRITE_LOG};
    struct span records[64];
    assert_in_range(count, 1, 64);
    for (uint32_t i = 0; i < count; i++)
        records[i] = span_of(bytes, sizeof bytes);
    return transaction_log(t, records, count, position);
}

static void a_transaction_that_only_reads_leaves_nothing_in_the_log(void **state)
{
    (void)state;
    struct fixture f;
    lgpos_t position = 1;
    open_fixture(&f, os_fs_posix());
    lgpos_t tip = log_tip(f.log);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(txn_begin(&f.t), 0);
        assert_int_equal(txn_begin(&f.t), 0);
        assert_int_equal(txn_commit(&f.t, false, NULL), 0);
        assert_int_equal(txn_begin(&f.t), 0);
        assert_int_equal(txn_rollback(&f.t), 0);
        assert_true(f.t.snapshot != 0);
        assert_int_equal(i < 2 ? txn_commit(&f.t, false, &position) : txn_rollback(&f.t), 0);
        assert_int_equal(position, 0);
        assert_int_equal(f.t.level, 0);
        assert_int_equal(f.t.snapshot, 0);
    }
    assert_int_equal(log_tip(f.log), tip);
    close_fixture(&f);
}

static void levels_nest_deeper_than_the_clients_seven(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, os_fs_posix());
    for (int i = 0; i < TRANSACTION_LEVEL_MAX; i++)
        assert_int_equal(txn_begin(&f.t), 0);
    assert_int_equal(txn_begin(&f.t), JET_errTransTooDeep);
    assert_int_equal(f.t.level, TRANSACTION_LEVEL_MAX);
    while (f.t.level > 7)
        assert_int_equal(txn_rollback(&f.t), 0);
    lgpos_t position;
    assert_int_equal(change(&f.t, 1, &position), 0);
    for (int i = 0; i < 7; i++)
        assert_int_equal(txn_commit(&f.t, true, NULL), 0);
    assert_int_equal(log_flush_all(f.log), 0);
    assert_string_equal(records_of(f.folder), "Begin0/5 7, ForceWriteLog, Commit/5 6, Commit/5 5, Commit/5 4, Commit/5 3, Commit/5 2, Commit/5 1, Commit0/5");
    close_fixture(&f);
}

static void begins_are_logged_in_front_of_the_first_change_of_a_level_and_ends_only_of_logged_levels(void **state)
{
    (void)state;
    struct fixture f;
    lgpos_t position;
    open_fixture(&f, os_fs_posix());
    struct transaction *t = &f.t;
    assert_int_equal(txn_begin(t), 0);
    assert_int_equal(txn_begin(t), 0);
    assert_int_equal(change(t, 2, &position), 0);
    assert_int_equal(txn_begin(t), 0); /* level 3 changes nothing */
    assert_int_equal(txn_commit(t, false, NULL), 0);
    assert_int_equal(txn_begin(t), 0);
    assert_int_equal(txn_begin(t), 0);
    assert_int_equal(change(t, 1, &position), 0); /* level 4 */
    assert_int_equal(txn_rollback(t), 0);
    assert_int_equal(txn_begin(t), 0);
    assert_int_equal(txn_rollback(t), 0); /* level 4 again, with no change */
    assert_int_equal(txn_commit(t, false, NULL), 0);
    assert_int_equal(change(t, 1, &position), 0); /* level 2 is known */
    assert_int_equal(txn_commit(t, false, NULL), 0);
    assert_int_equal(txn_commit(t, true, &position), 0);
    assert_true(position != 0);
    assert_int_equal(txn_begin(t), 0);
    assert_int_equal(change(t, 40, &position), 0);
    assert_int_equal(txn_rollback(t), 0);
    assert_int_equal(log_flush_all(f.log), 0);
    const char *records = records_of(f.folder);
    static const char begin[] = "Begin0/5 2, ForceWriteLog, ForceWriteLog, Begin/5 2+2, ForceWriteLog, Rollback/5 1, Commit/5 2, ForceWriteLog, Commit/5 1, Commit0/5, Begin0/5 1, ";
    assert_memory_equal(records, begin, sizeof begin - 1);
    assert_string_equal(records + strlen(records) - strlen(", ForceWriteLog, Rollback/5 1"), ", ForceWriteLog, Rollback/5 1");
    close_fixture(&f);
}

static void the_place_of_begin0_holds_the_checkpoint_until_the_end(void **state)
{
    (void)state;
    struct fixture f;
    struct transaction other;
    lgpos_t position, begin;
    open_fixture(&f, os_fs_posix());
    assert_int_equal(transaction_open(&other, f.store, f.log, 6), 0);
    assert_int_equal(version_store_oldest_begin(f.store), 0);
    assert_int_equal(txn_begin(&other), 0);
    assert_int_equal(txn_begin(&f.t), 0);
    assert_int_equal(version_store_oldest_begin(f.store), 0);
    lgpos_t tip = log_tip(f.log);
    assert_int_equal(change(&f.t, 1, &position), 0);
    begin = transaction_oldest(&f.t);
    assert_int_equal(lgpos_normalize(begin), tip);
    assert_int_equal(change(&other, 1, &position), 0);
    assert_true(transaction_oldest(&other) > begin);
    assert_int_equal(version_store_oldest_begin(f.store), begin);
    assert_int_equal(change(&f.t, 1, &position), 0);
    assert_int_equal(transaction_oldest(&f.t), begin);
    assert_true(position > begin);
    assert_int_equal(txn_commit(&f.t, true, NULL), 0);
    assert_int_equal(version_store_oldest_begin(f.store), transaction_oldest(&other));
    assert_int_equal(txn_rollback(&other), 0);
    assert_int_equal(version_store_oldest_begin(f.store), 0);
    transaction_close(&other);
    close_fixture(&f);
}

static void a_commit_waits_for_the_disk_unless_it_is_lazy(void **state)
{
    (void)state;
    struct fixture f;
    lgpos_t position, at;
    open_fixture(&f, os_fs_posix());
    assert_int_equal(txn_begin(&f.t), 0);
    assert_int_equal(change(&f.t, 1, &position), 0);
    assert_int_equal(txn_commit(&f.t, true, &at), 0);
    assert_true(at > position && log_durable(f.log) <= at);
    assert_int_equal(txn_begin(&f.t), 0);
    assert_int_equal(change(&f.t, 1, &position), 0);
    assert_int_equal(txn_commit(&f.t, false, &at), 0);
    assert_true(log_durable(f.log) > at);
    close_fixture(&f);
}

static void a_transaction_as_old_as_half_the_depth_limit_can_only_end(void **state)
{
    (void)state;
    static uint8_t bytes[2000];
    const struct span one = span_of(bytes, sizeof bytes);
    for (int commits = 0; commits < 2; commits++) {
        struct fixture f;
        struct transaction other;
        lgpos_t position;
        open_fixture_limited(&f, os_fs_posix(), 40);
        assert_int_equal(transaction_open(&other, f.store, f.log, 6), 0);
        assert_int_equal(txn_begin(&f.t), 0);
        bytes[0] = LR_REPLACE;
        assert_int_equal(transaction_log(&f.t, &one, 1, &position), 0);
        uint32_t from = log_tip_generation(f.log);
        while (log_tip_generation(f.log) <= from + 20) {
            assert_int_equal(transaction_log(&f.t, &one, 1, &position), 0);
            assert_int_equal(log_flush_all(f.log), 0);
        }
        assert_int_equal(log_flush_all(f.log), 0);
        assert_int_equal(transaction_log(&f.t, &one, 1, &position), JET_errTransactionTooLong);
        bytes[0] = LR_UNDO;
        assert_int_equal(transaction_log(&f.t, &one, 1, &position), 0);
        bytes[0] = LR_REPLACE;
        assert_int_equal(txn_begin(&other), 0); /* a younger one */
        assert_int_equal(transaction_log(&other, &one, 1, &position), 0);
        assert_int_equal(txn_commit(&other, true, NULL), 0);
        assert_int_equal(commits ? txn_commit(&f.t, true, NULL) : txn_rollback(&f.t), 0);
        assert_int_equal(txn_begin(&f.t), 0);
        assert_int_equal(transaction_log(&f.t, &one, 1, &position), 0);
        assert_int_equal(txn_commit(&f.t, true, NULL), 0);
        transaction_close(&other);
        close_fixture(&f);
    }
}

static void numbers_go_on_behind_those_recovery_has_seen_in_steps_of_four(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, os_fs_posix());
    version_store_set_last_number(f.store, 1000);
    assert_int_equal(txn_begin(&f.t), 0);
    transaction_need_number(&f.t);
    uint32_t number = transaction_number(&f.t);
    assert_true(number > 1000 && number % 4 == 0);
    transaction_need_number(&f.t);
    assert_int_equal(transaction_number(&f.t), number);
    assert_int_equal(txn_commit(&f.t, true, NULL), 0);
    version_store_set_last_number(f.store, 10); /* never back */
    assert_int_equal(txn_begin(&f.t), 0);
    transaction_need_number(&f.t);
    assert_true(transaction_number(&f.t) > number);
    assert_int_equal(txn_rollback(&f.t), 0);
    close_fixture(&f);
}

static void without_a_log_everything_works_at_position_0(void **state)
{
    (void)state;
    const struct version_store_config config = {.bytes_max = 1 << 20};
    struct version_store *store;
    struct transaction t;
    lgpos_t position = 1;
    assert_int_equal(version_store_create(&config, &store), 0);
    assert_int_equal(transaction_open(&t, store, NULL, 1), 0);
    assert_int_equal(txn_begin(&t), 0);
    assert_int_equal(txn_begin(&t), 0);
    assert_int_equal(change(&t, 3, &position), 0);
    assert_int_equal(position, 0);
    assert_int_equal(txn_rollback(&t), 0);
    assert_int_equal(txn_commit(&t, false, &position), 0);
    assert_int_equal(position, 0);
    assert_int_equal(transaction_oldest(&t), 0);
    transaction_close(&t);
    version_store_destroy(store);
}

static void when_memory_is_short_nothing_is_logged(void **state)
{
    (void)state;
    struct fixture f;
    lgpos_t position;
    open_fixture(&f, os_fs_posix());
    assert_int_equal(txn_begin(&f.t), 0);
    memory_fail_at(1, 0);
    assert_int_equal(change(&f.t, 40, &position), JET_errOutOfMemory);
    memory_fail_at(0, 0);
    assert_int_equal(version_store_oldest_begin(f.store), 0);
    assert_int_equal(txn_rollback(&f.t), 0);
    assert_int_equal(log_flush_all(f.log), 0);
    assert_string_equal(records_of(f.folder), "");
    close_fixture(&f);
}

static void with_the_log_down_a_commit_fails_and_leaves_the_transaction_open_and_a_rollback_is_an_error(void **state)
{
    (void)state;
    struct fixture f;
    lgpos_t position;
    struct fault_fs *faults = fault_fs_create(os_fs_posix());
    const struct version_node node = {.db = &db, .dbid = 7, .root = 2, .is_unique = true, .key = {span_of("k", 1), span_of(NULL, 0)}};
    struct version *v;
    open_fixture(&f, fault_fs_os(faults));
    assert_int_equal(txn_begin(&f.t), 0);
    assert_int_equal(change(&f.t, 1, &position), 0);
    fault_fs_fail(faults, FAULT_WRITE, 1, JET_errDiskIO, true);
    JET_ERR err = txn_commit(&f.t, false, &position); /* Commit0 goes into the buffer; the flush fails */
    assert_int_equal(err, JET_errLogWriteFail);
    assert_int_equal(f.t.level, 0);
    assert_true(position != 0);
    assert_int_equal(txn_begin(&f.t), 0);
    assert_int_equal(change(&f.t, 1, &position), JET_errLogWriteFail);
    assert_int_equal(version_store_oldest_begin(f.store), 0);
    assert_int_equal(txn_commit(&f.t, false, NULL), 0); /* nothing to log */
    /* As if it had logged before the log went down. */
    assert_int_equal(txn_begin(&f.t), 0);
    assert_int_equal(version_prepare(&f.t, VERSION_KIND_LOCK, &node, span_of(NULL, 0), &v), 0);
    version_publish(&f.t, v, 0);
    f.t.logged_level = 1;
    uint64_t snapshot = f.t.snapshot;
    assert_int_equal(txn_commit(&f.t, true, &position), JET_errLogWriteFail);
    assert_int_equal(f.t.level, 1);
    assert_int_equal(f.t.snapshot, snapshot);
    assert_ptr_equal(version_newest(&f.t, 0), v);
    assert_int_equal(txn_rollback(&f.t), JET_errRollbackError);
    assert_int_equal(f.t.level, 1);
    fault_fs_fail(faults, FAULT_WRITE, 0, 0, false);
    close_fixture(&f); /* gives it up as it is */
    fault_fs_destroy(faults);
}

/* --- the worker --- */

struct task {
    struct fixture *f;
    unsigned number;
    JET_ERR error;
    bool logs;
};
static atomic_uint tasks_cleaned, tasks_freed, failures_told, last_number;

static JET_ERR clean_task(void *context, struct transaction *cleanup)
{
    struct task *task = (struct task *)context;
    lgpos_t position;
    if (cleanup->level == 0 || cleanup->procid != PROCID_CLEANUP || task->number != atomic_load(&last_number) + 1)
        return JET_errInternalError;
    atomic_store(&last_number, task->number);
    if (task->logs && change(cleanup, 1, &position) < 0)
        return JET_errInternalError;
    atomic_fetch_add(&tasks_cleaned, 1);
    return task->error;
}
static void free_task(void *context) { (void)context, atomic_fetch_add(&tasks_freed, 1); }
static const struct version_action task_action = {.cleaned = clean_task, .free = free_task};
static void tell_failure(void *context, JET_ERR error, const char *why)
{
    assert_ptr_equal(context, &failures_told);
    assert_int_equal(error, JET_errDiskIO);
    assert_non_null(why);
    atomic_fetch_add(&failures_told, 1);
}

static void commit_task(struct fixture *f, struct task *task)
{
    assert_int_equal(txn_begin(&f->t), 0);
    assert_int_equal(version_add_action(&f->t, &task_action, task), 0);
    assert_int_equal(txn_commit(&f->t, true, NULL), 0);
}

static void the_worker_cleans_in_order_within_its_own_transaction_and_reports_what_fails(void **state)
{
    (void)state;
    struct fixture f;
    struct txn_cleaner *cleaner;
    static struct task tasks[300];
    tasks_cleaned = tasks_freed = failures_told = last_number = 0;
    open_fixture(&f, os_fs_posix());
    const struct txn_cleaner_config config = {f.store, f.log, tell_failure, &failures_told};
    assert_int_equal(txn_cleaner_start(&config, &cleaner), 0);
    for (unsigned i = 0; i < 300; i++) {
        tasks[i] = (struct task){&f, i + 1, i == 77 ? JET_errDiskIO : 0, i == 0};
        commit_task(&f, &tasks[i]);
    }
    for (int i = 0; i < 5000 && atomic_load(&tasks_freed) < 300; i++)
        thread_sleep_ms(1); /* nobody wakes it: it hears the store's bell */
    assert_int_equal(tasks_freed, 300);
    assert_int_equal(tasks_cleaned, 300);
    assert_int_equal(failures_told, 1);
    assert_int_equal(txn_clean_database(cleaner, &db, 1000), 0);
    txn_cleaner_stop(cleaner);
    txn_cleaner_stop(NULL);
    assert_int_equal(log_flush_all(f.log), 0);
    assert_string_equal(records_of(f.folder), "Begin0/65532 1, ForceWriteLog, Commit0/65532");
    close_fixture(&f);
}

/* Fails as often as `number` says, each time before anything is done. */
static JET_ERR clean_at_last(void *context, struct transaction *cleanup)
{
    struct task *task = (struct task *)context;
    (void)cleanup;
    if (task->number > 0) {
        task->number--;
        return JET_errDiskIO;
    }
    atomic_store(&last_number, 1); /* what the task behind it waits for */
    atomic_fetch_add(&tasks_cleaned, 1);
    return JET_errSuccess;
}

static void a_restartable_task_is_tried_again_before_what_was_committed_later(void **state)
{
    static const struct version_action again_action = {.cleaned = clean_at_last, .free = free_task, .is_restartable = true};
    (void)state;
    for (unsigned fails = 0; fails < 20; fails += 5) {
        struct fixture f;
        struct txn_cleaner *cleaner;
        struct task first = {.number = fails}, second = {.number = fails < 8 ? 2 : 1};
        tasks_cleaned = tasks_freed = failures_told = last_number = 0;
        open_fixture(&f, os_fs_posix());
        const struct txn_cleaner_config config = {f.store, f.log, tell_failure, &failures_told};
        assert_int_equal(txn_cleaner_start(&config, &cleaner), 0);
        assert_int_equal(txn_begin(&f.t), 0);
        assert_int_equal(version_add_action(&f.t, &again_action, &first), 0);
        assert_int_equal(txn_commit(&f.t, true, NULL), 0);
        commit_task(&f, &second);
        assert_int_equal(txn_clean_now(cleaner), 0);
        assert_int_equal(tasks_freed, 2);
        assert_int_equal(tasks_cleaned, fails < 8 ? 2 : 1);
        assert_int_equal(failures_told, fails < 8 ? 0 : 1);
        txn_cleaner_stop(cleaner);
        close_fixture(&f);
    }
}

static void a_database_is_clean_only_when_no_snapshot_needs_a_version_of_it(void **state)
{
    (void)state;
    struct fixture f;
    struct txn_cleaner *cleaner;
    struct transaction reader;
    const struct version_node node = {.db = &db, .dbid = 7, .root = 2, .is_unique = true, .key = {span_of("k", 1), span_of(NULL, 0)}};
    struct version *v;
    open_fixture(&f, os_fs_posix());
    const struct txn_cleaner_config config = {.store = f.store, .log = f.log};
    assert_int_equal(transaction_open(&reader, f.store, f.log, 6), 0);
    assert_int_equal(txn_cleaner_start(&config, &cleaner), 0);
    transaction_begin_call(&reader);
    assert_int_equal(txn_begin(&f.t), 0);
    assert_int_equal(version_prepare(&f.t, VERSION_KIND_REPLACE, &node, span_of("i", 1), &v), 0);
    version_publish(&f.t, v, 0);
    assert_int_equal(txn_commit(&f.t, true, NULL), 0);
    assert_int_equal(txn_clean_database(cleaner, &db, 20), JET_errDatabaseInUse);
    struct database other = {.dbid = 8};
    assert_int_equal(txn_clean_database(cleaner, &other, 0), 0);
    transaction_end_call(&reader);
    txn_cleaner_wake(cleaner);
    assert_int_equal(txn_clean_database(cleaner, &db, 1000), 0);
    assert_true(version_store_is_empty(f.store));
    txn_cleaner_stop(cleaner);
    transaction_close(&reader);
    close_fixture(&f);
}

static void a_worker_that_cannot_start_leaves_nothing(void **state)
{
    (void)state;
    const struct version_store_config config = {.bytes_max = 1 << 20};
    struct version_store *store;
    struct txn_cleaner *cleaner;
    assert_int_equal(version_store_create(&config, &store), 0);
    uint64_t before = memory_live_count();
    memory_fail_at(1, 0);
    const struct txn_cleaner_config cleaner_config = {.store = store};
    assert_int_equal(txn_cleaner_start(&cleaner_config, &cleaner), JET_errOutOfMemory);
    assert_null(cleaner);
    assert_int_equal(memory_live_count(), before);
    version_store_destroy(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transaction_that_only_reads_leaves_nothing_in_the_log),
        cmocka_unit_test(levels_nest_deeper_than_the_clients_seven),
        cmocka_unit_test(begins_are_logged_in_front_of_the_first_change_of_a_level_and_ends_only_of_logged_levels),
        cmocka_unit_test(the_place_of_begin0_holds_the_checkpoint_until_the_end),
        cmocka_unit_test(a_commit_waits_for_the_disk_unless_it_is_lazy),
        cmocka_unit_test(a_transaction_as_old_as_half_the_depth_limit_can_only_end),
        cmocka_unit_test(numbers_go_on_behind_those_recovery_has_seen_in_steps_of_four),
        cmocka_unit_test(without_a_log_everything_works_at_position_0),
        cmocka_unit_test(when_memory_is_short_nothing_is_logged),
        cmocka_unit_test(with_the_log_down_a_commit_fails_and_leaves_the_transaction_open_and_a_rollback_is_an_error),
        cmocka_unit_test(the_worker_cleans_in_order_within_its_own_transaction_and_reports_what_fails),
        cmocka_unit_test(a_restartable_task_is_tried_again_before_what_was_committed_later),
        cmocka_unit_test(a_database_is_clean_only_when_no_snapshot_needs_a_version_of_it),
        cmocka_unit_test(a_worker_that_cannot_start_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
