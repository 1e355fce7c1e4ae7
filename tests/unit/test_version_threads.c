/* Snapshots, commits, rollbacks and the cleanup at the same time, against accounts whose sum never changes; and images that are logged while their transactions end. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "database/database.h"
#include "log/log.h"
#include "mvcc/version_store.h"
#include "os/clock.h"
#include "os/thread.h"
#include "shared_data.h"

enum { ACCOUNTS = 64, WRITERS = 3, READERS = 2, START = 1000, RUN_MS = 1200 };

/* What a leaf is to the store: a latch, and a node that is there or not, flag-deleted or not, with data. */
struct account {
    struct latch latch;
    char key[8];
    bool exists, is_deleted;
    int64_t value;
};

static struct bank {
    struct version_store *store;
    struct account accounts[ACCOUNTS];
    atomic_bool is_over;
    atomic_uint_least64_t commits, rollbacks, reads, removed, wrong;
} bank;
static struct database db = {.dbid = 1};

static struct version_node node_of(const struct account *a)
{
    return (struct version_node){.db = &db, .dbid = 1, .root = 2, .objid = 3, .is_unique = true, .key = {span_of(a->key, 2), span_of(a->key + 2, (uint32_t)strlen(a->key) - 2)}};
}
static struct account *account_of(const struct version *v)
{
    uint32_t number = 0;
    for (uint32_t i = 2; i < v->key_size; i++)
        number = number * 10 + v->bytes[i] - '0';
    return &bank.accounts[number];
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static bool publish(struct transaction *t, enum version_kind kind, const struct version_node *node, int64_t image)
{
    struct version *v;
    if (version_prepare(t, kind, node, kind == VERSION_KIND_REPLACE ? span_of(&image, sizeof image) : span_of(NULL, 0), &v) < 0)
        return false;
    version_publish(t, v, 0);
    return true;
}

/* Adds to an account, which comes into being if it does not exist for us; or takes everything out and deletes it. False: somebody is in the way. */
static bool change(struct transaction *t, struct account *a, int64_t amount, bool may_delete, int64_t *taken)
{
    struct version_node node = node_of(a);
    bool is_done = false;
    latch_exclusive(&a->latch);
    if (version_check_conflict(bank.store, t, &node) < 0)
        goto done;
    if (a->exists && !a->is_deleted && may_delete) {
        *taken = a->value;
        is_done = publish(t, VERSION_KIND_DELETE, &node, 0);
        a->is_deleted = true;
    } else if (a->exists && !a->is_deleted) {
        is_done = publish(t, VERSION_KIND_REPLACE, &node, a->value);
        a->value += amount;
    } else {
        is_done = publish(t, VERSION_KIND_INSERT, &node, 0) && (!a->exists || publish(t, VERSION_KIND_REPLACE, &node, a->value));
        a->exists = true;
        a->is_deleted = false;
        a->value = amount;
    }
done:
    latch_unlock_exclusive(&a->latch);
    return is_done;
}

static void roll_back(struct transaction *t)
{
    for (struct version *v; (v = version_newest(t, 0)) != NULL;) {
        struct account *a = account_of(v);
        latch_exclusive(&a->latch);
        if (v->kind == VERSION_KIND_REPLACE)
            memcpy(&a->value, version_image(v).data, sizeof a->value);
        else
            a->is_deleted = v->kind == VERSION_KIND_INSERT;
        version_take_back(t, v);
        latch_unlock_exclusive(&a->latch);
    }
    transaction_end(t);
}

static void *write_some(void *argument)
{
    uint32_t seed = (uint32_t)(uintptr_t)argument * 7919u;
    struct transaction t;
    if (transaction_open(&t, bank.store, NULL, (uint16_t)(uintptr_t)argument) < 0)
        return NULL;
    while (!atomic_load(&bank.is_over)) {
        int64_t amount = next_random(&seed) % 50;
        uint32_t from = next_random(&seed) % ACCOUNTS, to = next_random(&seed) % ACCOUNTS;
        bool is_delete = next_random(&seed) % 4 == 0, is_ok;
        t.level = 1;
        transaction_take_snapshot(&t);
        if (is_delete) {
            int64_t taken = 0;
            is_ok = from != to && change(&t, &bank.accounts[from], 0, true, &taken) && change(&t, &bank.accounts[to], taken, false, NULL);
        } else {
            is_ok = change(&t, &bank.accounts[from], -amount, false, NULL) && change(&t, &bank.accounts[to], amount, false, NULL);
        }
        if (is_ok && next_random(&seed) % 5 != 0 && version_store_commit(&t, NULL, NULL, NULL) >= 0) {
            transaction_end(&t);
            atomic_fetch_add(&bank.commits, 1);
        } else {
            roll_back(&t);
            atomic_fetch_add(&bank.rollbacks, 1);
        }
    }
    transaction_close(&t);
    return NULL;
}

/* INT64_MIN: not there. */
static int64_t read_account(struct transaction *t, struct account *a)
{
    struct version_node node = node_of(a);
    struct version_scratch scratch = {0};
    enum version_sight sight = VERSION_SIGHT_ABSENT;
    int64_t value = INT64_MIN;
    struct span data;
    latch_shared(&a->latch);
    if (a->exists && version_resolve(bank.store, t, &node, a->is_deleted, span_of(&a->value, sizeof a->value), &scratch, &sight, &data) >= 0 && sight != VERSION_SIGHT_ABSENT)
        memcpy(&value, data.data, sizeof value);
    latch_unlock_shared(&a->latch);
    return value;
}

static void *read_all(void *argument)
{
    struct transaction t;
    if (transaction_open(&t, bank.store, NULL, (uint16_t)(100 + (uintptr_t)argument)) < 0)
        return NULL;
    while (!atomic_load(&bank.is_over)) {
        int64_t seen[ACCOUNTS], sum = 0;
        transaction_begin_call(&t);
        for (uint32_t i = 0; i < ACCOUNTS; i++) {
            seen[i] = read_account(&t, &bank.accounts[i]);
            sum += seen[i] == INT64_MIN ? 0 : seen[i];
        }
        if (sum != (int64_t)ACCOUNTS * START)
            atomic_fetch_add(&bank.wrong, 1);
        for (uint32_t i = 0; i < ACCOUNTS; i++)
            if (read_account(&t, &bank.accounts[i]) != seen[i])
                atomic_fetch_add(&bank.wrong, 1);
        transaction_end_call(&t);
        atomic_fetch_add(&bank.reads, 1);
    }
    transaction_close(&t);
    return NULL;
}

static void clean_what_can_be(void)
{
    for (struct version *v; (v = version_next_to_clean(bank.store)) != NULL;) {
        if (v->kind != VERSION_KIND_DELETE && !v->is_undone) {
            version_cleaned(bank.store, v);
            continue;
        }
        struct account *a = account_of(v);
        struct version_node node = node_of(a);
        latch_exclusive(&a->latch);
        if (a->exists && a->is_deleted && !version_is_active(bank.store, &node)) {
            a->exists = false;
            a->value = INT64_MIN / 2; /* whoever still reads it is wrong */
            atomic_fetch_add(&bank.removed, 1);
        }
        version_cleaned(bank.store, v);
        latch_unlock_exclusive(&a->latch);
    }
}

static void *clean(void *argument)
{
    (void)argument;
    while (!atomic_load(&bank.is_over))
        clean_what_can_be();
    return NULL;
}

static void every_snapshot_of_a_busy_bank_adds_up_and_does_not_change(void **state)
{
    (void)state;
    const struct version_store_config config = {.bytes_max = 256 << 20};
    struct thread threads[WRITERS + READERS + 1] = {0};
    uint64_t before = memory_live_count();
    assert_int_equal(version_store_create(&config, &bank.store), 0);
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        struct account *a = &bank.accounts[i];
        assert_int_equal(latch_init(&a->latch, RANK_PAGE), 0);
        snprintf(a->key, sizeof a->key, "ac%u", i);
        a->exists = true;
        a->value = START;
    }
    for (uintptr_t i = 0; i < WRITERS; i++)
        assert_int_equal(thread_start(&threads[i], write_some, (void *)(i + 1)), 0);
    for (uintptr_t i = 0; i < READERS; i++)
        assert_int_equal(thread_start(&threads[WRITERS + i], read_all, (void *)i), 0);
    assert_int_equal(thread_start(&threads[WRITERS + READERS], clean, NULL), 0);
    thread_sleep_ms(RUN_MS);
    atomic_store(&bank.is_over, true);
    for (uint32_t i = 0; i < WRITERS + READERS + 1; i++)
        thread_join(&threads[i]);
    clean_what_can_be();
    printf("%llu commits, %llu rollbacks, %llu reads, %llu removed\n", (unsigned long long)bank.commits, (unsigned long long)bank.rollbacks, (unsigned long long)bank.reads,
           (unsigned long long)bank.removed);
    assert_int_equal(bank.wrong, 0);
    assert_true(bank.commits > 20 && bank.rollbacks > 20 && bank.reads > 20 && bank.removed > 0);
    assert_true(version_store_is_empty(bank.store));
    int64_t sum = 0;
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        struct account *a = &bank.accounts[i];
        assert_false(a->exists && a->is_deleted); /* nothing deleted is left behind */
        sum += a->exists ? a->value : 0;
        latch_destroy(&a->latch);
    }
    assert_int_equal(sum, ACCOUNTS * START);
    version_store_destroy(bank.store);
    assert_int_equal(memory_live_count(), before);
}

/* --- images --- */

enum { IMAGE_WRITERS = 2, IMAGE_TRANSACTIONS = 1500, IMAGE_PAGES = 3 };

static struct images {
    struct version_store *store;
    struct log *log;
    atomic_uint running, failures, rounds;
} images;

static JET_ERR append_commit0(void *context, uint32_t number, lgpos_t *position)
{
    const struct transaction *t = (const struct transaction *)context;
    uint8_t record[LR_COMMIT0_SIZE];
    return log_append(t->log, record, log_record_encode_commit0(record, t->procid, number), position);
}

static void *replace_some(void *argument)
{
    struct transaction t;
    char key[8];
    snprintf(key, sizeof key, "k%u", (unsigned)(uintptr_t)argument);
    const struct version_node node = {.db = &db, .dbid = 1, .root = 2, .objid = 3, .is_unique = true, .key = {span_of(key, (uint32_t)strlen(key)), span_of(NULL, 0)}};
    if (transaction_open(&t, images.store, images.log, (uint16_t)(uintptr_t)argument) < 0)
        return NULL;
    for (uint32_t i = 0; i < IMAGE_TRANSACTIONS; i++) {
        struct version *v;
        lgpos_t position;
        const uint8_t trace[3] = {LR_FORCE_WRITE_LOG, (uint8_t)t.procid, 0}; /* stands for the page's record */
        const struct span record = span_of(trace, sizeof trace);
        t.level = 1;
        transaction_take_snapshot(&t);
        if (version_prepare(&t, VERSION_KIND_REPLACE, &node, span_of("image", 5), &v) < 0 || transaction_log(&t, &record, 1, &position) < 0)
            atomic_fetch_add(&images.failures, 1);
        version_publish(&t, v, 1 + i % IMAGE_PAGES);
        if (i % 8 == 0) { /* now and then the images get their chance */
            for (unsigned round = atomic_load(&images.rounds); atomic_load(&images.rounds) - round < 2;)
                sched_yield();
        }
        if (version_store_commit(&t, append_commit0, &t, &position) < 0)
            atomic_fetch_add(&images.failures, 1);
        transaction_end(&t);
    }
    transaction_close(&t);
    atomic_fetch_sub(&images.running, 1);
    return NULL;
}

static void an_image_is_never_logged_behind_its_transactions_commit(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("images");
    const struct log_config config = {.fs = os_fs_posix(), .log_folder = folder, .system_folder = folder, .base_name = "edb", .is_legacy_names = true, .file_kib = 4096, .page_size = 4096};
    const struct version_store_config store_config = {.bytes_max = 64 << 20};
    struct thread threads[IMAGE_WRITERS] = {0};
    assert_int_equal(log_create(&config, NULL, &images.log), 0);
    assert_int_equal(log_append_init(images.log, NULL), 0);
    assert_int_equal(version_store_create(&store_config, &images.store), 0);
    atomic_store(&images.running, IMAGE_WRITERS);
    for (uintptr_t i = 0; i < IMAGE_WRITERS; i++)
        assert_int_equal(thread_start(&threads[i], replace_some, (void *)(i + 1)), 0);
    while (atomic_load(&images.running) > 0) {
        for (page_no_t page = 1; page <= IMAGE_PAGES; page++) {
            lgpos_t position = 0;
            assert_int_equal(version_store_log_images(images.store, 1, page, &position), 0);
        }
        for (struct version *v; (v = version_next_to_clean(images.store)) != NULL;)
            version_cleaned(images.store, v);
        atomic_fetch_add(&images.rounds, 1);
    }
    for (uint32_t i = 0; i < IMAGE_WRITERS; i++)
        thread_join(&threads[i]);
    assert_int_equal(images.failures, 0);
    version_store_destroy(images.store);
    assert_int_equal(log_flush_all(images.log), 0);
    assert_int_equal(log_tip_generation(images.log), 1);
    log_close(images.log);

    struct log_generation g;
    struct log_walk walk;
    struct log_record_ref ref;
    struct log_record r;
    uint32_t open[IMAGE_WRITERS + 1] = {0}, last_commit = 0, undo_infos = 0, commits = 0;
    JET_ERR err;
    assert_int_equal(log_generation_read(os_fs_posix(), text_of("%s/edb.log", folder), &g), 0);
    log_walk_begin(&walk, g.image, 1, g.scan.last_segment, 0);
    while ((err = log_walk_next(&walk, &ref)) >= 0) {
        assert_int_equal(log_record_decode(ref.bytes, &r), 0);
        if (r.type == LR_BEGIN0) {
            assert_int_equal(open[r.transaction.procid], 0);
            open[r.transaction.procid] = r.transaction.transaction;
        } else if (r.type == LR_COMMIT0) {
            assert_true(r.transaction.transaction > last_commit);
            last_commit = r.transaction.transaction;
            open[r.transaction.procid] = 0;
            commits++;
        } else if (r.type == LR_UNDO_INFO) {
            assert_int_not_equal(open[r.page.procid], 0);
            assert_int_equal(r.page.transaction, open[r.page.procid]);
            undo_infos++;
        }
    }
    assert_int_equal(err, JET_errNoCurrentRecord);
    log_walk_end(&walk);
    log_generation_release(&g);
    assert_int_equal(commits, IMAGE_WRITERS * IMAGE_TRANSACTIONS);
    printf("%u images\n", undo_infos);
    assert_true(undo_infos >= IMAGE_TRANSACTIONS / 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_snapshot_of_a_busy_bank_adds_up_and_does_not_change),
        cmocka_unit_test(an_image_is_never_logged_behind_its_transactions_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
