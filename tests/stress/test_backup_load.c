/* Backups of every kind in turn, to a slow target, while eight threads write: each set is restored elsewhere and compared with the model at the moment of its log roll.
 *
 * The moment is taken on both sides of the call that rolls the log: what was durable before it must be in the set, what was begun after it must not, and every transaction
 * is there whole or not at all. The logs on disk stay bounded by what each truncating run may delete. OPENESE_BACKUP_LOAD_SECONDS sets the time (default 15; the long
 * lane takes 300), OPENESE_SEED the seed.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backup_client.h"
#include "base/memory.h"
#include "cmocka_all.h"
#include "live_instance.h"
#include "os/thread.h"
#include "set/set.h"
#include "set/write.h"
#include "shared_data.h"
#include "workload.h"

enum {
    THREADS = 8, TRANSACTIONS = 400000, LOG_KIB = 256, PAGE = 4096, VERSION_PAGES = 1024,
    PIECE_BYTES = 256 << 10, READ_PAUSE_MS = 10, /* the slow target */
    COMMIT_PAUSE_MS = 40,                        /* of each writer, so that a replay keeps up with eight of them */
    GENERATIONS_KEPT_MOST = 40                   /* behind the log roll, after a run that truncates: the depth of the checkpoint is two */
};

/* One round: every kind follows another one that it has to cope with. */
static const enum set_kind ROUND[] = {SET_KIND_FULL, SET_KIND_INCREMENTAL, SET_KIND_DIFFERENTIAL, SET_KIND_COPY, SET_KIND_PAGES, SET_KIND_INCREMENTAL,
                                      SET_KIND_PAGES, SET_KIND_DIFFERENTIAL, SET_KIND_INCREMENTAL, SET_KIND_COPY};
enum { ROUND_LENGTH = sizeof ROUND / sizeof ROUND[0], KINDS = SET_KIND_PAGES + 1 };

static atomic_uint_least64_t ticks;
static uint64_t next_tick(void *context)
{
    (void)context;
    return atomic_fetch_add(&ticks, 1) + 1;
}

static atomic_uint threads_seen; /* one bit for each thread that has committed */
static void pause_after_commit(void *context, uint32_t thread, uint32_t k)
{
    (void)context;
    (void)k;
    atomic_fetch_or(&threads_seen, 1u << thread);
    thread_sleep_ms(COMMIT_PAUSE_MS);
}

static atomic_bool have_writers_ended;
static void *run_writers(void *context)
{
    JET_ERR err = workload_run((struct workload *)context);
    atomic_store(&have_writers_ended, true);
    return (void *)(intptr_t)err;
}

/* Until each thread has attached the database, which a backup would refuse. */
static void wait_for_writers(void)
{
    while (atomic_load(&threads_seen) != (1u << THREADS) - 1 && !atomic_load(&have_writers_ended))
        thread_sleep_ms(5);
}

static uint64_t size_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return (uint64_t)info.st_size;
}

/* --- a source that is slow, and notes the moment of the log roll --- */

struct slow_source {
    struct backup_source under;
    uint64_t settled, latest; /* ticks before and after the roll */
};

static JET_ERR slow_begin(void *context, bool is_incremental)
{
    struct slow_source *s = (struct slow_source *)context;
    return s->under.begin(s->under.context, is_incremental);
}

static JET_ERR slow_list_databases(void *context, char **list)
{
    struct slow_source *s = (struct slow_source *)context;
    return s->under.list_databases(s->under.context, list);
}

static JET_ERR slow_list_logs(void *context, char **list, JET_LOGINFO_A *range)
{
    struct slow_source *s = (struct slow_source *)context;
    s->settled = next_tick(NULL);
    JET_ERR err = s->under.list_logs(s->under.context, list, range);
    s->latest = next_tick(NULL);
    return err;
}

static JET_ERR slow_open(void *context, const char *path, uint64_t *size)
{
    struct slow_source *s = (struct slow_source *)context;
    return s->under.open(s->under.context, path, size);
}

static JET_ERR slow_read(void *context, void *buffer, uint32_t size, uint32_t *got)
{
    struct slow_source *s = (struct slow_source *)context;
    thread_sleep_ms(READ_PAUSE_MS);
    return s->under.read(s->under.context, buffer, size < PIECE_BYTES ? size : PIECE_BYTES, got);
}

static JET_ERR slow_close(void *context)
{
    struct slow_source *s = (struct slow_source *)context;
    return s->under.close(s->under.context);
}

static JET_ERR slow_truncate(void *context)
{
    struct slow_source *s = (struct slow_source *)context;
    return s->under.truncate(s->under.context);
}

static JET_ERR slow_end(void *context, JET_GRBIT grbit)
{
    struct slow_source *s = (struct slow_source *)context;
    return s->under.end(s->under.context, grbit);
}

static void slow_release(void *context)
{
    struct slow_source *s = (struct slow_source *)context;
    s->under.release(s->under.context);
}

/* --- the sets --- */

struct load {
    struct workload *w;
    const char *folder, *sets; /* the live one; that of the sets */
    uint32_t number;           /* sets written */
    const char *last, *last_images; /* what the next incremental one, and the next one of pages, build on */
    uint32_t by_kind[KINDS], truncations, most_logs, most_behind;
    uint64_t rows, grown, bytes;
};

struct taken_set {
    enum set_kind kind;
    const char *folder;
    uint64_t settled, latest;
    uint32_t gen_low, gen_high;
};

static bool truncates(enum set_kind kind) { return kind != SET_KIND_COPY && kind != SET_KIND_DIFFERENTIAL; }

/* Opens what a set of the kind builds on; a zeroed one for a set that stands alone. */
static void open_parent(const struct load *l, enum set_kind kind, const char *folder, struct set *parent, struct set_write_config *config)
{
    char why[600], *path = NULL;
    const char *name = kind == SET_KIND_PAGES ? l->last_images : kind == SET_KIND_INCREMENTAL || kind == SET_KIND_DIFFERENTIAL ? l->last : NULL;
    struct set_staging staging = {.folder = NULL};
    if (name == NULL)
        return;
    JET_ERR err = set_open(name, &staging, parent, why, sizeof why);
    if (err < 0)
        fail_msg("%s: %d, %s", name, (int)err, why);
    assert_true(parent->has_manifest);
    assert_good(set_relative_path(folder, name, &path));
    config->parent = &parent->manifest;
    config->parent_folder = parent->folder;
    config->parent_path = path;
}

static void write_set(struct load *l, enum set_kind kind, struct taken_set *out)
{
    struct slow_source slow = {.latest = 0};
    struct backup_source source = {&slow, slow_begin, slow_list_databases, slow_list_logs, slow_open, slow_read, slow_close, slow_truncate, slow_end, slow_release};
    struct set_write_config config = {.source = &source, .kind = kind};
    struct set_write_result result;
    struct set parent = {.is_ours = false};
    struct set_output *output;
    uint64_t before = size_of(workload_database(l->folder));
    *out = (struct taken_set){.kind = kind, .folder = text_of("%s/%u-%s", l->sets, l->number++, set_kind_name(kind))};
    assert_good(backup_source_from_instance(workload_instance(l->w), &slow.under));
    open_parent(l, kind, out->folder, &parent, &config);
    assert_good(set_output_folder(out->folder, kind, false, &output));
    config.output = output;
    JET_ERR err = set_write(&config, &result);
    if (err < 0)
        fail_msg("%s: %d, %s", out->folder, (int)err, result.why);
    out->settled = slow.settled;
    out->latest = slow.latest;
    out->gen_low = result.manifest.generation_low;
    out->gen_high = result.manifest.generation_high;
    l->bytes += result.bytes_read;
    l->grown += size_of(workload_database(l->folder)) > before;
    set_write_release(&result);
    set_output_close(output);
    source.release(source.context);
    set_release(&parent);
    mem_free((char *)(uintptr_t)config.parent_path);
}

/* --- what stays in the log folder --- */

static uint32_t count_logs(const char *folder, uint32_t *oldest)
{
    uint32_t count = 0;
    char base[4];
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    *oldest = UINT32_MAX;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        uint32_t generation = set_log_name(entry->d_name, base);
        if (generation == 0)
            continue;
        count++;
        *oldest = generation < *oldest ? generation : *oldest;
    }
    closedir(directory);
    return count;
}

static void check_logs(struct load *l, const struct taken_set *set, uint32_t oldest_before)
{
    uint32_t oldest, count = count_logs(l->folder, &oldest);
    l->most_logs = count > l->most_logs ? count : l->most_logs;
    if (!truncates(set->kind)) {
        assert_int_equal(oldest, oldest_before);
        return;
    }
    uint32_t behind = oldest <= set->gen_high ? set->gen_high - oldest + 1 : 0;
    l->most_behind = behind > l->most_behind ? behind : l->most_behind;
    l->truncations += oldest > oldest_before;
    if (behind > GENERATIONS_KEPT_MOST)
        fail_msg("%s: %u generations up to %u are left after the truncation", set->folder, behind, set->gen_high);
}

/* --- each set is restored --- */

/* Through the calls where the set stands alone, else as a person does it. */
static void restore_set(const struct taken_set *set, const char *target)
{
    bool is_alone = set->kind == SET_KIND_FULL || set->kind == SET_KIND_COPY;
    if (is_alone) {
        const struct backup_set plain = {set->folder, set->gen_low, set->gen_high};
        assert_good(client_restore(&plain, "work.edb", target));
        return;
    }
    assert_int_equal(system(text_of("'%s' restore '%s' -o '%s' > '%s.txt' 2>&1 || { cat '%s.txt' >&2; false; }", getenv("ESE_TOOL"), set->folder, target, target, target)), 0);
}

static void check_set(struct load *l, const struct taken_set *set)
{
    uint64_t rows = 0;
    const char *target = text_of("%s/restored", l->sets);
    const char *tool = getenv("ESE_TOOL");
    assert_int_equal(mkdir(target, 0700), 0);
    assert_int_equal(system(text_of("'%s' verify-backup '%s' > '%s.txt' 2>&1 || { cat '%s.txt' >&2; false; }", tool, set->folder, target, target)), 0);
    restore_set(set, target);
    JET_ERR err = workload_check_between(l->w, target, set->settled, set->latest, &rows);
    if (err < 0)
        fail_msg("%s, restored: %d", set->folder, (int)err);
    assert_int_equal(system(text_of("'%s' verify '%s' > '%s.txt' 2>&1 || { cat '%s.txt' >&2; false; }", tool, workload_database(target), target, target)), 0);
    assert_int_equal(system(text_of("rm -rf '%s'", target)), 0);
    l->rows += rows;
}

static void take_and_check(struct load *l, enum set_kind kind)
{
    struct taken_set set;
    uint32_t oldest;
    (void)count_logs(l->folder, &oldest);
    if (kind == SET_KIND_FULL)
        assert_int_equal(system(text_of("rm -rf '%s'/*", l->sets)), 0); /* nothing builds on them any more */
    write_set(l, kind, &set);
    check_logs(l, &set, oldest);
    l->by_kind[kind]++;
    if (truncates(kind))
        l->last = set.folder;
    if (kind == SET_KIND_FULL || kind == SET_KIND_PAGES)
        l->last_images = set.folder;
    check_set(l, &set);
}

static void every_backup_taken_under_load_restores_the_moment_of_its_log_roll(void **state)
{
    (void)state;
    const uint64_t seconds = number_from("OPENESE_BACKUP_LOAD_SECONDS", 15), seed = number_from("OPENESE_SEED", (uint64_t)time(NULL));
    struct load l = {.folder = make_scratch_folder("load"), .sets = make_scratch_folder("sets")};
    const struct workload_config config = {.folder = l.folder, .page_size = PAGE, .threads = THREADS, .transactions = TRANSACTIONS, .seed = seed, .cache_pages = 1024,
                                           .log_kib = LOG_KIB, .version_pages = VERSION_PAGES, .now = next_tick, .committed = pause_after_commit};
    pthread_t writers;
    void *result;
    printf("seed %llu, %llu s\n", (unsigned long long)seed, (unsigned long long)seconds);
    fflush(stdout);
    l.w = workload_create(&config);
    assert_good(workload_setup(l.w));
    assert_int_equal(pthread_create(&writers, NULL, run_writers, l.w), 0);
    wait_for_writers();
    const time_t end = time(NULL) + (time_t)seconds;
    for (uint32_t i = 0; (i < ROUND_LENGTH / 2 || time(NULL) < end) && !atomic_load(&have_writers_ended); i++)
        take_and_check(&l, ROUND[i % ROUND_LENGTH]);
    workload_stop(l.w);
    pthread_join(writers, &result);
    assert_int_equal((JET_ERR)(intptr_t)result, JET_errSuccess);
    assert_good(workload_finish(l.w, false));
    assert_good(workload_check(l.w, l.folder, UINT64_MAX, NULL));
    for (int kind = 0; kind < KINDS; kind++)
        assert_true(l.by_kind[kind] > 0);
    assert_true(l.truncations > 0);
    assert_true(l.grown > 0); /* the file grew under some backup */
    printf("%u sets (%u full, %u copy, %u incremental, %u differential, %u pages), %llu MB read; %u transactions; %llu rows compared; at most %u generations on disk, %u behind the "
           "roll after a truncation\n",
           l.number, l.by_kind[SET_KIND_FULL], l.by_kind[SET_KIND_COPY], l.by_kind[SET_KIND_INCREMENTAL], l.by_kind[SET_KIND_DIFFERENTIAL], l.by_kind[SET_KIND_PAGES],
           (unsigned long long)(l.bytes >> 20), workload_committed(l.w), (unsigned long long)l.rows, l.most_logs, l.most_behind);
    workload_destroy(l.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_backup_taken_under_load_restores_the_moment_of_its_log_roll)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
