/* Backups of a live process through its control socket, in which the client or the writing process is killed (SIGKILL) at a random moment, again and again.
 *
 * What the killed backup left has no manifest, and is refused as a set. A killed client costs the writers nothing, and the next backup, or the same one continued, is whole. A killed
 * writer recovers to every durable transaction, and the backups go on in its log stream: an incremental set still follows the full one from before the kill.
 * OPENESE_BACKUP_KILLS sets the number (default 4; the long lane takes 50), OPENESE_SEED the seed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "esent_ext.h"
#include "live_instance.h"
#include "os/thread.h"
#include "shared_data.h"
#include "workload.h"

enum {
    THREADS = 3, TRANSACTIONS = 200000, PAGE = 4096, LOG_KIB = 256,
    COMMIT_PAUSE_MS = 4,
    FIRST_COMMITS = 100, /* before the first backup */
    UNKNOWN_MOST = 40,   /* transactions of a thread behind the last durable one that was reported: lazy ones, and one that was on its way */
    KILL_WITHIN_MS = 700, BUSY_WITHIN_MS = 10000
};
#define RATE "3M" /* of a backup that shall not end before the kill */

struct note {
    uint32_t thread, k;
};

static void tell(void *context, uint32_t thread, uint32_t k)
{
    const struct note note = {thread, k};
    if (write(*(const int *)context, &note, sizeof note) != (ssize_t)sizeof note)
        _exit(3);
    thread_sleep_ms(COMMIT_PAUSE_MS);
}

static uint32_t choose(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % below;
}

/* --- the writing process --- */

struct round {
    uint64_t random;
    uint32_t number;
    const char *folder, *sets; /* the live one; that of the sets */
    struct workload_config config;
    pid_t writer;
    int notes;                    /* durable transactions, as they come */
    uint32_t durable[THREADS];    /* of each thread */
    uint64_t rows;
};

static const char *socket_of(const struct round *r) { return text_of("%s/s", r->folder); }

_Noreturn static void write_and_serve(const struct round *r)
{
    struct workload *w = workload_create(&r->config);
    JET_ERR err = workload_setup(w);
    if (err >= JET_errSuccess)
        err = JetxServeControl(workload_instance(w), socket_of(r));
    if (err >= JET_errSuccess)
        err = workload_run(w);
    fprintf(stderr, "the writer ended with %d\n", (int)err);
    _exit(err < JET_errSuccess ? 4 : 0);
}

/* Takes in what has been reported; false at the end of the writer. */
static bool read_notes(struct round *r)
{
    struct note note;
    ssize_t got;
    while ((got = read(r->notes, &note, sizeof note)) == (ssize_t)sizeof note) {
        assert_true(note.thread < THREADS);
        r->durable[note.thread] = note.k;
    }
    return got != 0;
}

static uint32_t reported(const struct round *r)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < THREADS; i++)
        sum += r->durable[i];
    return sum;
}

static bool have_all_begun(const struct round *r)
{
    for (uint32_t i = 0; i < THREADS; i++)
        if (r->durable[i] == 0)
            return false;
    return true;
}

/* Until the writer has committed so much more. */
static void wait_for_commits(struct round *r, uint32_t count)
{
    uint32_t from = reported(r);
    while (reported(r) < from + count || !have_all_begun(r)) {
        if (!read_notes(r))
            fail_msg("round %u: the writer has ended by itself", r->number);
        thread_sleep_ms(2);
    }
}

static void start_writer(struct round *r)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    r->writer = fork();
    assert_true(r->writer >= 0);
    if (r->writer == 0) {
        close(ends[0]);
        r->config.committed = tell;
        r->config.context = &ends[1];
        write_and_serve(r);
    }
    close(ends[1]);
    r->notes = ends[0];
    assert_int_equal(fcntl(r->notes, F_SETFL, O_NONBLOCK), 0);
}

static void kill_writer(struct round *r)
{
    int status = 0;
    kill(r->writer, SIGKILL);
    while (read_notes(r))
        thread_sleep_ms(1);
    close(r->notes);
    assert_int_equal(waitpid(r->writer, &status, 0), r->writer);
    if (!WIFSIGNALED(status))
        fail_msg("round %u: the writer ended by itself with status %d", r->number, WEXITSTATUS(status));
}

/* --- the backup client --- */

static pid_t start_tool(const char *log, const char *const *arguments)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(fd, 1);
        dup2(fd, 2);
        execv(getenv("ESE_TOOL"), (char *const *)(uintptr_t)arguments);
        _exit(9);
    }
    return pid;
}

/* -1: killed. The writer's reports are taken in meanwhile, so that it does not wait for us. */
static int wait_for_tool(struct round *r, pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (r->notes >= 0)
            (void)read_notes(r);
        thread_sleep_ms(2);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define MOST_ARGUMENTS 12
static int run_tool(struct round *r, const char *const *arguments) { return wait_for_tool(r, start_tool(text_of("%s/tool.txt", r->sets), arguments)); }

static void must_run(struct round *r, const char *const *arguments)
{
    int status = run_tool(r, arguments);
    if (status != 0) {
        (void)!system(text_of("cat '%s/tool.txt' >&2", r->sets));
        fail_msg("round %u: ese %s %s ends with %d", r->number, arguments[1], arguments[2], status);
    }
}

/* What a killed client leaves behind may keep the socket and the session busy for a moment, not for longer. */
static void back_up_live(struct round *r, const char *set, const char *kind, const char *parent, bool resumes)
{
    const char *arguments[MOST_ARGUMENTS] = {"ese", "backup", "--socket", socket_of(r), "-o", set};
    unsigned count = 6;
    if (kind != NULL) {
        arguments[count++] = kind;
        arguments[count++] = "--parent";
        arguments[count++] = parent;
    }
    if (resumes)
        arguments[count++] = "--resume";
    int status = 1;
    for (unsigned waited = 0; status != 0 && waited < BUSY_WITHIN_MS; waited += 200) {
        status = run_tool(r, arguments);
        if (status == 0 || system(text_of("grep -q -e TooManyActiveUsers -e BackupInProgress '%s/tool.txt'", r->sets)) != 0)
            break;
        thread_sleep_ms(200);
    }
    if (status != 0) {
        (void)!system(text_of("cat '%s/tool.txt' >&2", r->sets));
        fail_msg("round %u: the backup to %s ends with %d", r->number, set, status);
    }
}

/* A slow backup of which something is killed at a random moment: the client, or the writer. false: it was faster. */
static bool kill_backup(struct round *r, const char *set, const char *kind, const char *parent, bool kills_client)
{
    const char *arguments[MOST_ARGUMENTS] = {"ese", "backup", "--socket", socket_of(r), "-o", set, "--rate-limit", RATE, kind, kind != NULL ? "--parent" : NULL, parent};
    pid_t client = start_tool(text_of("%s/killed.txt", r->sets), arguments);
    for (uint32_t left = choose(&r->random, KILL_WITHIN_MS); left > 0; left--) {
        (void)read_notes(r);
        thread_sleep_ms(1);
    }
    if (kills_client)
        kill(client, SIGKILL);
    else
        kill_writer(r);
    if (!kills_client)
        r->notes = -1;
    int status = wait_for_tool(r, client);
    bool is_whole = access(text_of("%s/backup.json", set), F_OK) == 0;
    if (is_whole)
        return false;
    if (status == 0)
        fail_msg("round %u: the client calls a set without manifest good", r->number);
    return true;
}

/* --- what the sets are worth --- */

static void expect_refused(struct round *r, const char *set)
{
    if (access(set, F_OK) != 0)
        return; /* killed before it began */
    const char *target = text_of("%s/refused", r->sets);
    const char *restore[] = {"ese", "restore", set, "-o", target, NULL}, *verify[] = {"ese", "verify-backup", set, NULL};
    if (run_tool(r, restore) != 1 || access(workload_database(target), F_OK) == 0)
        fail_msg("round %u: an unfinished set is restored", r->number);
    if (run_tool(r, verify) != 1)
        fail_msg("round %u: an unfinished set is called good", r->number);
}

/* Restores a set: it must hold at least what had been reported as durable when it was begun, and nothing that came after its end. */
static void check_set(struct round *r, const char *set, const uint32_t *durable)
{
    const char *target = text_of("%s/restored", r->sets);
    const char *restore[] = {"ese", "restore", set, "-o", target, NULL}, *verify[] = {"ese", "verify-backup", set, NULL};
    uint32_t more = 0;
    uint64_t rows = 0;
    for (uint32_t i = 0; i < THREADS; i++)
        more = r->durable[i] - durable[i] > more ? r->durable[i] - durable[i] : more;
    must_run(r, verify);
    must_run(r, restore);
    struct workload *w = workload_create(&r->config);
    workload_assume(w, durable, more + UNKNOWN_MOST);
    JET_ERR err = workload_check(w, target, UINT64_MAX, &rows);
    if (err < JET_errSuccess)
        fail_msg("round %u: %s, restored, starts with %d", r->number, set, (int)err);
    workload_destroy(w);
    r->rows += rows;
    assert_int_equal(system(text_of("rm -rf '%s'", target)), 0);
}

/* Recovers the killed writer's folder. */
static void check_live(struct round *r)
{
    uint64_t rows = 0;
    struct workload *w = workload_create(&r->config);
    workload_assume(w, r->durable, UNKNOWN_MOST);
    JET_ERR err = workload_check(w, r->folder, UINT64_MAX, &rows);
    if (err < JET_errSuccess)
        fail_msg("round %u: recovery in %s ends with %d", r->number, r->folder, (int)err);
    workload_destroy(w);
    r->rows += rows;
}

static void back_up_dead(struct round *r, const char *set, const char *kind, const char *parent)
{
    const char *arguments[MOST_ARGUMENTS] = {"ese", "backup", workload_database(r->folder), "--logs", r->folder, "-o", set, kind, kind != NULL ? "--parent" : NULL, parent};
    must_run(r, arguments);
}

/* --- the rounds --- */

struct tally {
    uint32_t clients, writers, unfinished;
    uint64_t rows;
};

/* Bits of a round's kind: 1 the writer is killed, not the client; 2 an incremental backup is, behind a full one; 4 the killed backup is continued. */
static void kill_once(uint64_t seed, uint32_t number, struct tally *tally)
{
    struct round r = {.random = seed, .number = number, .folder = make_scratch_folder("live"), .sets = make_scratch_folder("sets"), .notes = -1};
    const bool kills_client = (number & 1) == 0, is_incremental = (number & 2) != 0, resumes = (number & 4) != 0;
    const char *full = text_of("%s/full", r.sets), *killed = text_of("%s/killed", r.sets), *next = text_of("%s/next", r.sets);
    const char *kind = is_incremental ? "--incremental" : NULL, *parent = is_incremental ? full : NULL;
    uint32_t durable[THREADS];
    r.config = (struct workload_config){.folder = r.folder, .page_size = PAGE, .threads = THREADS, .transactions = TRANSACTIONS, .seed = seed, .log_kib = LOG_KIB};
    start_writer(&r);
    wait_for_commits(&r, FIRST_COMMITS);
    if (is_incremental) {
        back_up_live(&r, full, NULL, NULL, false);
        wait_for_commits(&r, FIRST_COMMITS);
    }
    bool is_unfinished = kill_backup(&r, killed, kind, parent, kills_client);
    if (is_unfinished)
        expect_refused(&r, killed);
    if (kills_client) {
        wait_for_commits(&r, 20); /* the writers do not mind */
        memcpy(durable, r.durable, sizeof durable);
        bool continues = resumes && is_unfinished && access(killed, F_OK) == 0;
        const char *set = continues ? killed : next;
        back_up_live(&r, set, is_unfinished ? kind : NULL, is_unfinished ? parent : NULL, continues);
        (void)read_notes(&r);
        check_set(&r, set, durable);
        kill_writer(&r);
        r.notes = -1;
        check_live(&r);
    } else {
        check_live(&r);
        /* A set that was whole before the kill has moved the chain on. */
        back_up_dead(&r, next, is_unfinished ? kind : NULL, is_unfinished ? parent : NULL);
        check_set(&r, next, r.durable);
    }
    *(kills_client ? &tally->clients : &tally->writers) += 1;
    tally->unfinished += is_unfinished;
    tally->rows += r.rows;
    assert_int_equal(system(text_of("rm -rf '%s' '%s'", r.folder, r.sets)), 0);
}

static void after_a_kill_the_database_recovers_and_the_next_backup_is_whole(void **state)
{
    (void)state;
    const uint64_t kills = number_from("OPENESE_BACKUP_KILLS", 4), seed = number_from("OPENESE_SEED", (uint64_t)time(NULL));
    struct tally tally = {.rows = 0};
    assert_non_null(getenv("ESE_TOOL"));
    printf("seed %llu, %llu kills\n", (unsigned long long)seed, (unsigned long long)kills);
    fflush(stdout);
    for (uint32_t i = 0; i < kills; i++)
        kill_once(seed + i * 7919u, i, &tally);
    printf("%u clients and %u writers killed, %u sets left unfinished, %llu rows compared\n", tally.clients, tally.writers, tally.unfinished, (unsigned long long)tally.rows);
    assert_true(tally.unfinished > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(after_a_kill_the_database_recovers_and_the_next_backup_is_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
