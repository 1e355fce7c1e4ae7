/* Backups and restores whose disk, memory or logs give out at the Nth request, for N = 1, 2, 3 ...
 *
 * A database with a model is backed up through the streaming calls. A backup that meets the fault must end with an error of its step (backup-and-restore 3, 7, 9, 10) and a session in
 * the state that the step leaves; one that says it is good must restore. Either way the same instance goes on, or recovers: every durable transaction is there, the next backup works
 * and restores to the moment of its log roll. A restore that fails is repeated from the set, which it must not have touched.
 *
 * Small N are all taken, then steps grow; OPENESE_FAULT_ALL=1 takes every N. OPENESE_SEED sets the seed, OPENESE_FAULT_ONE ("full read:3") takes that run alone, OPENESE_FAULT_SHOW
 * tells what each run met.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_client.h"
#include "base/memory.h"
#include "cmocka_all.h"
#include "engine/process.h"
#include "esent_ext.h"
#include "fault.h"
#include "live_instance.h"
#include "os/thread.h"
#include "shared_data.h"
#include "workload.h"

enum {
    PAGE = 4096, LOG_KIB = 64, PIECE_BYTES = 64 << 10, LIST_BYTES = 1 << 14,
    FIRST_RUN = 24, SECOND_RUN = 34, LAST_RUN = 40, /* transactions: before the first backup, before the one that meets the fault, behind it */
    ALL_BELOW = 3, LONGEST_RUN_S = 120
};

static atomic_uint_least64_t ticks;
static uint64_t next_tick(void *context)
{
    (void)context;
    return atomic_fetch_add(&ticks, 1) + 1;
}

#define run_command(...) assert_int_equal(system(text_of(__VA_ARGS__)), 0)

/* --- a client that tells where it failed --- */

enum step {
    STEP_BEGIN, STEP_ATTACH_INFO, STEP_OPEN_DATABASE, STEP_READ_DATABASE, STEP_CLOSE_DATABASE, STEP_LOG_INFO, STEP_OPEN_LOG, STEP_READ_LOG, STEP_CLOSE_LOG, STEP_TRUNCATE, STEP_END,
    STEP_NONE
};
static const char *const STEP_NAMES[] = {"begin", "attach info", "open database", "read database", "close database", "log info", "open log", "read log", "close log",
                                         "truncate", "end", "no step"};

struct client {
    JET_INSTANCE instance;
    const char *folder; /* of the set */
    enum step step;     /* that failed, or STEP_NONE */
    uint64_t moment;    /* of the log roll, without writers */
    struct backup_set set;
    uint8_t *buffer;
    char *list;
    /* Called before each step with the list of files that is at hand. May be NULL. */
    void (*hook)(struct client *c, enum step step, const char *path);
};

#define STEP(at, path, call)                     \
    do {                                         \
        c->step = (at);                          \
        if (c->hook != NULL)                     \
            c->hook(c, c->step, path);           \
        err = (call);                            \
        if (err < JET_errSuccess)                \
            goto done;                           \
    } while (0)

static JET_ERR copy_file(struct client *c, const char *path, bool is_log)
{
    JET_ERR err = JET_errSuccess;
    JET_HANDLE handle = 0;
    uint32_t low, high, got = 0;
    FILE *out = NULL;
    STEP(is_log ? STEP_OPEN_LOG : STEP_OPEN_DATABASE, path, JetOpenFileInstance(c->instance, path, &handle, &low, &high));
    out = fopen(text_of("%s/%s", c->folder, strrchr(path, '/') + 1), "wb");
    assert_non_null(out);
    do {
        STEP(is_log ? STEP_READ_LOG : STEP_READ_DATABASE, path, JetReadFileInstance(c->instance, handle, c->buffer, PIECE_BYTES, &got));
        assert_int_equal(fwrite(c->buffer, 1, got, out), got);
    } while (got > 0);
    STEP(is_log ? STEP_CLOSE_LOG : STEP_CLOSE_DATABASE, path, JetCloseFileInstance(c->instance, handle));
done:
    if (out != NULL)
        fclose(out);
    return err;
}

static JET_ERR copy_files(struct client *c, bool is_log)
{
    for (const char *path = c->list; *path != 0; path += strlen(path) + 1) {
        JET_ERR err = copy_file(c, path, is_log);
        if (err < JET_errSuccess)
            return err;
    }
    return JET_errSuccess;
}

/* A truncating run. The session is left as a failure leaves it. */
static JET_ERR try_backup(struct client *c, JET_GRBIT kind)
{
    JET_ERR err = JET_errSuccess;
    uint32_t actual;
    JET_LOGINFO_A info = {.cbSize = sizeof info};
    c->buffer = (uint8_t *)aligned_alloc(4096, PIECE_BYTES);
    c->list = (char *)calloc(1, LIST_BYTES);
    STEP(STEP_BEGIN, NULL, JetBeginExternalBackupInstance(c->instance, kind));
    if ((kind & JET_bitBackupIncremental) == 0) {
        STEP(STEP_ATTACH_INFO, NULL, JetGetAttachInfoInstance(c->instance, c->list, LIST_BYTES, &actual));
        err = copy_files(c, false);
        if (err < JET_errSuccess)
            goto done;
    }
    c->moment = next_tick(NULL);
    STEP(STEP_LOG_INFO, NULL, JetGetLogInfoInstance2(c->instance, c->list, LIST_BYTES, &actual, &info));
    c->set = (struct backup_set){c->folder, info.ulGenLow, info.ulGenHigh};
    err = copy_files(c, true);
    if (err < JET_errSuccess)
        goto done;
    STEP(STEP_TRUNCATE, c->list, JetTruncateLogInstance(c->instance));
    STEP(STEP_END, NULL, JetEndExternalBackupInstance2(c->instance, JET_bitBackupEndNormal));
    c->step = STEP_NONE;
done:
    free(c->buffer);
    free(c->list);
    c->buffer = NULL;
    c->list = NULL;
    return err;
}

/* --- the scene --- */

struct scene {
    const char *model, *folder, *sets; /* kept as it was; worked in; sets and what is restored from them */
    struct fault_fs *disk;
    struct workload *w;
    uint64_t runs, struck, failed;
};

static void scene_open(struct scene *s)
{
    *s = (struct scene){.model = make_scratch_folder("model"), .folder = make_scratch_folder("live"), .sets = make_scratch_folder("sets")};
    assert_non_null(getenv("ESE_TOOL"));
    s->disk = fault_fs_create(os_fs_posix());
    process_set_fs(fault_fs_os(s->disk));
}

static void scene_close(struct scene *s, uint64_t least)
{
    process_set_fs(NULL);
    fault_fs_destroy(s->disk);
    if (getenv("OPENESE_FAULT_ONE") == NULL)
        assert_true(s->struck >= least);
    printf("%llu runs, %llu met the fault, %llu failed for it\n", (unsigned long long)s->runs, (unsigned long long)s->struck, (unsigned long long)s->failed);
    fflush(stdout);
}

static struct workload *new_workload(const struct scene *s)
{
    const struct workload_config config = {.folder = s->folder, .page_size = PAGE, .threads = 1, .transactions = LAST_RUN, .seed = number_from("OPENESE_SEED", 11), .cache_pages = 256,
                                           .log_kib = LOG_KIB, .now = next_tick};
    return workload_create(&config);
}

static void run_to(struct scene *s, uint32_t transactions)
{
    workload_limit(s->w, transactions);
    assert_good(workload_run(s->w));
    assert_int_equal(workload_committed(s->w), transactions);
}

static void new_folder(const char *path) { run_command("rm -rf '%s' && mkdir '%s'", path, path); }

/* A live database with some history, in which a full backup has been made. */
static void start_live(struct scene *s, struct backup_set *full)
{
    new_folder(s->sets);
    run_command("rm -rf '%s' && mkdir '%s'", s->folder, s->folder);
    s->w = new_workload(s);
    assert_good(workload_setup(s->w));
    run_to(s, FIRST_RUN);
    struct client c = {.instance = workload_instance(s->w), .folder = text_of("%s/first", s->sets)};
    new_folder(c.folder);
    assert_good(try_backup(&c, 0));
    *full = c.set;
    run_to(s, SECOND_RUN);
}

/* The set, with what it stands on, restored and compared with the model at the moment of the roll. */
static void check_set(struct scene *s, const struct backup_set *full, const struct client *c)
{
    const char *target = text_of("%s/target", s->sets), *all = text_of("%s/all", s->sets);
    struct backup_set set = c->set;
    new_folder(target);
    if (full != NULL) { /* an incremental one */
        new_folder(all);
        run_command("cp '%s'/* '%s' && cp '%s'/* '%s'", full->folder, all, c->folder, all);
        set = (struct backup_set){all, full->gen_low, c->set.gen_high};
    }
    assert_good(client_restore(&set, "work.edb", target));
    assert_good(workload_check(s->w, target, c->moment, NULL));
}

static void verify(const char *folder)
{
    run_command("'%s' verify '%s' > '%s/verify.txt' 2>&1 || { cat '%s/verify.txt' >&2; false; }", getenv("ESE_TOOL"), workload_database(folder), folder, folder);
}

/* Behind the fault: the same instance goes on when it can, else the next one; a full backup works and restores; nothing is lost. */
static void check_live(struct scene *s, bool goes_on)
{
    if (!goes_on) {
        (void)workload_finish(s->w, false);
        assert_good(workload_start(s->w));
    }
    run_to(s, LAST_RUN);
    struct client c = {.instance = workload_instance(s->w), .folder = text_of("%s/next", s->sets)};
    new_folder(c.folder);
    JET_ERR err = try_backup(&c, 0);
    if (err != JET_errSuccess)
        fail_msg("the next backup ends with %d at %s", (int)err, STEP_NAMES[c.step]);
    check_set(s, NULL, &c);
    assert_good(workload_finish(s->w, false));
    assert_good(workload_check(s->w, s->folder, UINT64_MAX, NULL));
    verify(s->folder);
}

/* --- what a fault may lead to --- */

/* The log cannot be written: the instance has ended itself. */
static bool is_of_dead_instance(JET_ERR err)
{
    return err == JET_errInstanceUnavailable || err == JET_errInstanceUnavailableDueToFatalLogDiskFull || err == JET_errLogWriteFail || err == JET_errLogDiskFull;
}

static bool is_documented(const struct fault *fault, enum step step, JET_ERR err)
{
    if (err == fault->error)
        return true;
    if (fault->is_memory)
        return false;
    if (step == STEP_OPEN_LOG && fault->operation == FAULT_OPEN && err == JET_errMissingFileToBackup)
        return fault->error == JET_errFileNotFound;
    return fault->operation != FAULT_READ && is_of_dead_instance(err);
}

/* The session after a failure at a step (section 3). */
static void check_session(const struct client *c, JET_ERR err, bool is_dead)
{
    static const bool SURVIVES[] = {[STEP_ATTACH_INFO] = false, [STEP_OPEN_DATABASE] = true, [STEP_READ_DATABASE] = true, [STEP_LOG_INFO] = true, [STEP_TRUNCATE] = true, [STEP_NONE] = false};
    JET_ERR ended = JetEndExternalBackupInstance2(c->instance, JET_bitBackupEndAbort);
    if (is_dead && is_of_dead_instance(ended))
        return;
    JET_ERR expected = SURVIVES[c->step] ? JET_errSuccess : JET_errNoBackup;
    if ((c->step == STEP_LOG_INFO || c->step == STEP_OPEN_LOG) && err == JET_errOutOfMemory) /* before the session was reached, or in it */
        expected = ended == JET_errNoBackup ? JET_errNoBackup : JET_errSuccess;
    if (ended != expected)
        fail_msg("%d at %s: the end returns %d instead of %d", (int)err, STEP_NAMES[c->step], (int)ended, (int)expected);
}

__attribute__((format(printf, 3, 4))) static void show(const struct fault *fault, uint64_t n, const char *format, ...)
{
    va_list arguments;
    if (getenv("OPENESE_FAULT_SHOW") == NULL)
        return;
    printf("%s:%llu: ", fault->name, (unsigned long long)n);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
}

/* Every N until the fault no longer strikes. */
static void run_all(struct scene *s, bool (*run)(struct scene *s, const struct fault *fault, uint64_t n), const struct fault *fault, unsigned steps_per_doubling)
{
    const bool is_all = number_from("OPENESE_FAULT_ALL", 0) != 0;
    const char *one = getenv("OPENESE_FAULT_ONE");
    size_t length = strlen(fault->name);
    uint64_t n = 1;
    if (one != NULL) {
        if (strncmp(one, fault->name, length) == 0 && one[length] == ':')
            (void)run(s, fault, strtoull(one + length + 1, NULL, 0));
        return;
    }
    while (run(s, fault, n))
        n += is_all || n < ALL_BELOW ? 1 : 1 + n / steps_per_doubling;
}

static bool is_alive(JET_INSTANCE instance)
{
    JET_SESID session;
    JET_ERR err = JetBeginSession(instance, &session, NULL, NULL);
    if (err >= JET_errSuccess)
        err = JetBeginTransaction(session);
    if (err >= JET_errSuccess)
        err = JetCommitTransaction(session, JET_bitWaitLastLevel0Commit);
    if (err >= JET_errSuccess)
        err = JetEndSession(session, 0);
    if (err < JET_errSuccess && !is_of_dead_instance(err))
        fail_msg("a transaction ends with %d", (int)err);
    return err >= JET_errSuccess;
}

/* --- backups --- */

static bool back_up_with_fault(struct scene *s, const struct fault *fault, uint64_t n)
{
    struct backup_set full;
    uint64_t live = memory_live_count();
    alarm(LONGEST_RUN_S); /* a hang ends the test */
    start_live(s, &full);
    struct client c = {.instance = workload_instance(s->w), .folder = text_of("%s/faulty", s->sets)};
    new_folder(c.folder);
    fault_arm(s->disk, fault, n);
    JET_ERR err = try_backup(&c, fault->grbit);
    bool has_struck = fault_disarm(s->disk, fault), is_dead = false;
    show(fault, n, "%d at %s%s", (int)err, STEP_NAMES[c.step], has_struck ? "" : ", no fault");
    if (err < JET_errSuccess) {
        if (!has_struck || !is_documented(fault, c.step, err))
            fail_msg("%s:%llu: %d at %s%s", fault->name, (unsigned long long)n, (int)err, STEP_NAMES[c.step], has_struck ? "" : " without a fault");
        is_dead = is_of_dead_instance(err);
        check_session(&c, err, is_dead || fault->operation == FAULT_ANY_CHANGE || fault->is_sticky);
    } else {
        check_set(s, fault->grbit != 0 ? &full : NULL, &c);
    }
    check_live(s, is_alive(workload_instance(s->w)));
    if (fault_fs_open_files(s->disk) != 0 || memory_live_count() != live)
        fail_msg("%s:%llu: %llu files are open, %lld blocks leaked", fault->name, (unsigned long long)n, (unsigned long long)fault_fs_open_files(s->disk), (long long)(memory_live_count() - live));
    workload_destroy(s->w);
    alarm(0);
    s->runs++;
    s->struck += has_struck;
    s->failed += err < JET_errSuccess;
    return has_struck;
}

static void run_backup_faults(const struct fault *faults, size_t count, unsigned steps_per_doubling)
{
    struct scene s;
    scene_open(&s);
    for (size_t i = 0; i < count; i++)
        run_all(&s, back_up_with_fault, &faults[i], steps_per_doubling);
    scene_close(&s, 10);
}

static void a_failed_read_or_open_ends_the_file_or_the_session(void **state)
{
    static const struct fault faults[] = {{.name = "full read", .operation = FAULT_READ, .error = JET_errDiskIO},
                                          {.name = "full log read", .operation = FAULT_READ, .error = JET_errDiskIO, .only = ".log"},
                                          {.name = "full checkpoint read", .operation = FAULT_READ, .error = JET_errDiskIO, .only = ".chk"},
                                          {.name = "full open", .operation = FAULT_OPEN, .error = JET_errOutOfFileHandles},
                                          {.name = "incremental read", .grbit = JET_bitBackupIncremental, .operation = FAULT_READ, .error = JET_errDiskIO},
                                          {.name = "incremental open", .grbit = JET_bitBackupIncremental, .operation = FAULT_OPEN, .error = JET_errOutOfFileHandles}};
    (void)state;
    run_backup_faults(faults, sizeof faults / sizeof faults[0], 1);
}

static void a_failed_write_or_sync_loses_nothing(void **state)
{
    static const struct fault faults[] = {{.name = "full write", .operation = FAULT_WRITE, .error = JET_errDiskIO},
                                          {.name = "full sync", .operation = FAULT_SYNC, .error = JET_errDiskIO},
                                          {.name = "full rename", .operation = FAULT_RENAME, .error = JET_errDiskIO},
                                          {.name = "full removal", .operation = FAULT_REMOVE, .error = JET_errDiskIO},
                                          {.name = "full header write", .operation = FAULT_WRITE, .error = JET_errDiskIO, .only = "work.edb"},
                                          {.name = "full header sync", .operation = FAULT_SYNC, .error = JET_errDiskIO, .only = "work.edb"},
                                          {.name = "incremental write", .grbit = JET_bitBackupIncremental, .operation = FAULT_WRITE, .error = JET_errDiskIO},
                                          {.name = "incremental sync", .grbit = JET_bitBackupIncremental, .operation = FAULT_SYNC, .error = JET_errDiskIO},
                                          {.name = "incremental removal", .grbit = JET_bitBackupIncremental, .operation = FAULT_REMOVE, .error = JET_errDiskIO}};
    (void)state;
    run_backup_faults(faults, sizeof faults / sizeof faults[0], 1);
}

static void a_disk_that_is_full_or_gone_loses_nothing(void **state)
{
    static const struct fault faults[] = {{.name = "full no space to write", .operation = FAULT_WRITE, .error = JET_errDiskFull, .is_sticky = true},
                                          {.name = "full no space to grow", .operation = FAULT_SET_SIZE, .error = JET_errDiskFull, .is_sticky = true},
                                          {.name = "full nothing changes", .operation = FAULT_ANY_CHANGE, .error = JET_errDiskIO, .is_sticky = true},
                                          {.name = "incremental nothing changes", .grbit = JET_bitBackupIncremental, .operation = FAULT_ANY_CHANGE, .error = JET_errDiskIO, .is_sticky = true}};
    (void)state;
    run_backup_faults(faults, sizeof faults / sizeof faults[0], 1);
}

static void a_failed_allocation_costs_one_backup_at_most(void **state)
{
    static const struct fault faults[] = {{.name = "full allocation", .is_memory = true, .error = JET_errOutOfMemory},
                                          {.name = "incremental allocation", .is_memory = true, .grbit = JET_bitBackupIncremental, .error = JET_errOutOfMemory}};
    (void)state;
    run_backup_faults(faults, sizeof faults / sizeof faults[0], 1);
}

/* --- damage that is no failed call --- */

/* Starts a live database whose pages are on disk, and a client for a set of its own. */
static void start_client(struct scene *s, struct client *c, struct backup_set *full)
{
    start_live(s, full);
    *c = (struct client){.instance = workload_instance(s->w), .folder = text_of("%s/faulty", s->sets)};
    new_folder(c->folder);
}

static void finish_client(struct scene *s)
{
    check_live(s, true);
    workload_destroy(s->w);
    s->runs++;
    s->struck++;
}

struct torn_page {
    const char *path;
    bool is_stopped;      /* the backup is, instead of the page being mended */
    JET_INSTANCE stopped;
    uint8_t whole[PAGE];
};

enum { TORN_PAGE = 12, TORN_FOR_MS = 350 };

static void write_page(const struct torn_page *t, const uint8_t *bytes)
{
    FILE *file = fopen(t->path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (TORN_PAGE + 1) * PAGE, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, PAGE, file), PAGE);
    assert_int_equal(fclose(file), 0);
}

static void *end_torn_page(void *context)
{
    struct torn_page *t = (struct torn_page *)context;
    thread_sleep_ms(TORN_FOR_MS);
    if (t->stopped != JET_instanceNil)
        (void)JetStopBackupInstance(t->stopped);
    else
        write_page(t, t->whole);
    return NULL;
}

/* The second half of a page is that of another write. The instance starts anew, so that it has nothing to write over it. */
static void tear_page(struct torn_page *t, struct scene *s, struct client *c, pthread_t *thread)
{
    uint8_t torn[PAGE];
    FILE *file;
    JET_SESID session;
    assert_good(workload_finish(s->w, false));
    assert_good(workload_start(s->w));
    c->instance = workload_instance(s->w);
    assert_good(JetBeginSession(c->instance, &session, NULL, NULL));
    assert_good(JetAttachDatabase(session, workload_database(s->folder), 0));
    assert_good(JetEndSession(session, 0));
    t->stopped = t->is_stopped ? c->instance : JET_instanceNil;
    t->path = workload_database(s->folder);
    file = fopen(t->path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, (TORN_PAGE + 1) * PAGE, SEEK_SET), 0);
    assert_int_equal(fread(t->whole, 1, PAGE, file), PAGE);
    fclose(file);
    memcpy(torn, t->whole, PAGE);
    uint32_t random = 1; /* no pattern, which the sum of all words might take back */
    for (int i = PAGE / 2; i < PAGE; i++)
        torn[i] ^= (uint8_t)((random = random * 1664525 + 1013904223) >> 24);
    write_page(t, torn);
    assert_int_equal(pthread_create(thread, NULL, end_torn_page, t), 0);
}

static void a_torn_page_is_read_again_and_never_reaches_the_set(void **state)
{
    struct scene s;
    struct client c;
    struct backup_set full;
    struct torn_page torn = {.is_stopped = false};
    pthread_t thread;
    (void)state;
    scene_open(&s);
    start_client(&s, &c, &full);
    tear_page(&torn, &s, &c, &thread);
    assert_good(try_backup(&c, 0)); /* it was mended while the backup tried again */
    pthread_join(thread, NULL);
    check_set(&s, NULL, &c);
    finish_client(&s);
    start_client(&s, &c, &full);
    torn.is_stopped = true;
    tear_page(&torn, &s, &c, &thread);
    assert_err(try_backup(&c, 0), JET_errReadVerifyFailure); /* the stop has cut the tries short */
    assert_int_equal(c.step, STEP_READ_DATABASE);
    pthread_join(thread, NULL);
    assert_err(JetEndExternalBackupInstance2(c.instance, JET_bitBackupEndNormal), JET_errBackupAbortByServer);
    write_page(&torn, torn.whole);
    finish_client(&s);
    scene_close(&s, 2);
}

/* A log that somebody takes away at a step. */
struct vanishing {
    const char *name;
    JET_GRBIT kind;
    enum step at, fails_at;
    bool is_first;     /* the first log of the list, or what the last backup left in the folder; else the last one */
    JET_ERR error;
    JET_ERR ended;     /* by End(Abort) */
};

static const struct vanishing *vanishing;
static const char *vanish_folder;
static uint32_t vanish_to; /* the first generation that no set holds */

/* A hook: once, before the step. At the list the file itself goes when it is the one meant; before that, the last archive, or all up to the first that no set holds. */
static void vanish(struct client *c, enum step step, const char *path)
{
    if (vanishing == NULL || step != vanishing->at)
        return;
    if (step == STEP_LOG_INFO && vanishing->is_first) {
        for (uint32_t generation = 1; generation <= vanish_to; generation++)
            (void)unlink(text_of("%s/edb%05X.log", vanish_folder, generation));
    } else if (step == STEP_LOG_INFO) {
        run_command("rm \"$(ls '%s'/edb0????.log | tail -1)\"", vanish_folder);
    } else {
        const char *last = c->list;
        while (*(last + strlen(last) + 1) != 0)
            last += strlen(last) + 1;
        if (strcmp(path, vanishing->is_first ? c->list : last) != 0)
            return;
        assert_int_equal(unlink(path), 0);
    }
    vanishing = NULL;
}

static void a_log_that_vanishes_is_named_and_the_next_backup_works(void **state)
{
    static const struct vanishing CASES[] = {
        {"needed, before the roll", 0, STEP_LOG_INFO, STEP_OPEN_LOG, false, JET_errMissingFileToBackup, JET_errNoBackup},
        {"needed, after the list", 0, STEP_OPEN_LOG, STEP_OPEN_LOG, true, JET_errMissingFileToBackup, JET_errNoBackup},
        {"the last one, after the list", 0, STEP_OPEN_LOG, STEP_OPEN_LOG, false, JET_errMissingFileToBackup, JET_errNoBackup},
        {"while it is open", 0, STEP_READ_LOG, STEP_NONE, true, 0, 0},
        {"after it was read", 0, STEP_CLOSE_LOG, STEP_NONE, true, 0, 0},
        {"before the truncation", 0, STEP_TRUNCATE, STEP_NONE, true, 0, 0},
        {"incremental: a gap behind the last backup", JET_bitBackupIncremental, STEP_LOG_INFO, STEP_LOG_INFO, true, JET_errMissingFileToBackup, JET_errSuccess},
        {"incremental: in the middle", JET_bitBackupIncremental, STEP_LOG_INFO, STEP_OPEN_LOG, false, JET_errMissingFileToBackup, JET_errNoBackup},
        {"incremental: after the list", JET_bitBackupIncremental, STEP_OPEN_LOG, STEP_OPEN_LOG, false, JET_errMissingFileToBackup, JET_errNoBackup},
    };
    struct scene s;
    (void)state;
    scene_open(&s);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const struct vanishing *v = &CASES[i];
        struct backup_set full;
        struct client c;
        start_client(&s, &c, &full);
        vanish_folder = s.folder;
        vanish_to = full.gen_high + 1;
        vanishing = v;
        c.hook = vanish;
        JET_ERR err = try_backup(&c, v->kind);
        if (vanishing != NULL || err != v->error || c.step != v->fails_at)
            fail_msg("%s: %d at %s instead of %d at %s", v->name, (int)err, STEP_NAMES[c.step], (int)v->error, STEP_NAMES[v->fails_at]);
        if (err < JET_errSuccess)
            assert_err(JetEndExternalBackupInstance2(c.instance, JET_bitBackupEndAbort), v->ended);
        else
            check_set(&s, v->kind != 0 ? &full : NULL, &c);
        /* What lies before the checkpoint is not needed by a full backup; a clean end moves it to the tip. */
        assert_good(workload_finish(s.w, false));
        assert_good(workload_start(s.w));
        finish_client(&s);
    }
    scene_close(&s, 9);
}

/* --- targets without space --- */

static void a_full_target_fails_the_backup_and_nothing_else(void **state)
{
    struct scene s;
    struct client c;
    struct backup_set full;
    (void)state;
    scene_open(&s);
    start_client(&s, &c, &full);
    fault_fs_fail_only(s.disk, "faulty");
    for (uint64_t nth = 1;; nth += nth < 4 ? 1 : nth) {
        fault_fs_fail(s.disk, FAULT_WRITE, nth, JET_errDiskFull, true);
        JET_ERR err = JetBackupInstance(c.instance, c.folder, JET_bitBackupAtomic, NULL);
        bool has_failed = fault_fs_has_failed(s.disk);
        fault_fs_fail(s.disk, FAULT_WRITE, 0, JET_errSuccess, false);
        s.runs++;
        s.struck += has_failed;
        assert_err(err, has_failed ? JET_errDiskFull : JET_errSuccess);
        if (!has_failed)
            break;
        assert_int_equal(access(text_of("%s/new", c.folder), F_OK), -1);
    }
    fault_fs_fail_only(s.disk, NULL);
    finish_client(&s);
    /* The tool, to a device and to a file that take no more. */
    static const char *const TARGETS[] = {"-o - > /dev/full", "-o '%s/tool'"};
    start_client(&s, &c, &full);
    const char *socket = text_of("%s/s", s.folder), *tool = getenv("ESE_TOOL"), *said = text_of("%s/said.txt", s.sets);
    assert_good(JetxServeControl(c.instance, socket));
    run_command("! '%s' backup --socket '%s' %s 2> '%s' && grep -q DiskFull '%s' || { cat '%s'; false; }", tool, socket, TARGETS[0], said, said, said);
    run_command("! (trap '' XFSZ; ulimit -f 48; exec '%s' backup --socket '%s' -o '%s/tool' > '%s' 2>&1) && ! test -e '%s/tool/backup.json'", tool, socket, s.sets, said, s.sets);
    run_command("! '%s' restore '%s/tool' -o '%s/no' > '%s' 2>&1", tool, s.sets, s.sets, said);
    run_command("'%s' backup --socket '%s' -o '%s/tool' --resume > '%s' 2>&1 && '%s' verify-backup '%s/tool' >> '%s' || { cat '%s'; false; }", tool, socket, s.sets, said, tool, s.sets, said,
                said);
    finish_client(&s);
    scene_close(&s, 4);
}

/* --- restores --- */

static bool is_documented_for_restore(const struct fault *fault, JET_ERR err)
{
    static const JET_ERR OF_LOGS[] = {JET_errLogWriteFail, JET_errLogDiskFull};
    if (err == fault->error)
        return true;
    for (size_t i = 0; i < sizeof OF_LOGS / sizeof OF_LOGS[0]; i++)
        if (err == OF_LOGS[i])
            return !fault->is_memory;
    return false;
}

static struct client restored; /* the incremental set, and what it stands on, together in one folder */

static bool restore_with_fault(struct scene *s, const struct fault *fault, uint64_t n)
{
    const char *target = text_of("%s/target", s->model);
    uint64_t live = memory_live_count();
    alarm(LONGEST_RUN_S);
    new_folder(target);
    fault_arm(s->disk, fault, n); /* the client's own copy of the database does not go through it */
    JET_ERR err = client_restore(&restored.set, "work.edb", target);
    bool has_struck = fault_disarm(s->disk, fault);
    show(fault, n, "%d%s", (int)err, has_struck ? "" : ", no fault");
    if (err < JET_errSuccess && (!has_struck || !is_documented_for_restore(fault, err)))
        fail_msg("%s:%llu: %d%s", fault->name, (unsigned long long)n, (int)err, has_struck ? "" : " without a fault");
    if (fault_fs_open_files(s->disk) != 0 || memory_live_count() != live)
        fail_msg("%s:%llu: %llu files are open, %lld blocks leaked", fault->name, (unsigned long long)n, (unsigned long long)fault_fs_open_files(s->disk), (long long)(memory_live_count() - live));
    if (err < JET_errSuccess) {
        new_folder(target);
        assert_good(client_restore(&restored.set, "work.edb", target)); /* from the set, again */
    }
    assert_good(workload_check(s->w, target, restored.moment, NULL));
    run_command("diff -r '%s' '%s/kept'", restored.set.folder, s->sets);
    alarm(0);
    s->runs++;
    s->struck += has_struck;
    s->failed += err < JET_errSuccess;
    return has_struck;
}

static void a_restore_that_fails_works_again_from_the_set(void **state)
{
    static const struct fault faults[] = {{.name = "restore read", .operation = FAULT_READ, .error = JET_errDiskIO},
                                          {.name = "restore open", .operation = FAULT_OPEN, .error = JET_errOutOfFileHandles},
                                          {.name = "restore write", .operation = FAULT_WRITE, .error = JET_errDiskIO},
                                          {.name = "restore sync", .operation = FAULT_SYNC, .error = JET_errDiskIO},
                                          {.name = "restore set size", .operation = FAULT_SET_SIZE, .error = JET_errDiskIO},
                                          {.name = "restore no space to write", .operation = FAULT_WRITE, .error = JET_errDiskFull, .is_sticky = true},
                                          {.name = "restore no space to grow", .operation = FAULT_SET_SIZE, .error = JET_errDiskFull, .is_sticky = true},
                                          {.name = "restore nothing changes", .operation = FAULT_ANY_CHANGE, .error = JET_errDiskIO, .is_sticky = true},
                                          {.name = "restore allocation", .is_memory = true, .error = JET_errOutOfMemory}};
    struct scene s;
    struct client c;
    struct backup_set full;
    (void)state;
    scene_open(&s);
    start_client(&s, &c, &full);
    assert_good(try_backup(&c, JET_bitBackupIncremental));
    assert_good(workload_finish(s.w, false));
    restored = c;
    restored.set = (struct backup_set){text_of("%s/all", s.sets), full.gen_low, c.set.gen_high};
    new_folder(restored.set.folder);
    run_command("cp '%s'/* '%s' && cp '%s'/* '%s' && cp -r '%s' '%s/kept'", full.folder, restored.set.folder, c.folder, restored.set.folder, restored.set.folder, s.sets);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        run_all(&s, restore_with_fault, &faults[i], 1);
    workload_destroy(s.w);
    scene_close(&s, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_read_or_open_ends_the_file_or_the_session),
        cmocka_unit_test(a_failed_write_or_sync_loses_nothing),
        cmocka_unit_test(a_disk_that_is_full_or_gone_loses_nothing),
        cmocka_unit_test(a_failed_allocation_costs_one_backup_at_most),
        cmocka_unit_test(a_torn_page_is_read_again_and_never_reaches_the_set),
        cmocka_unit_test(a_log_that_vanishes_is_named_and_the_next_backup_works),
        cmocka_unit_test(a_full_target_fails_the_backup_and_nothing_else),
        cmocka_unit_test(a_restore_that_fails_works_again_from_the_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
