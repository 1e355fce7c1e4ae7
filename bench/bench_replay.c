/* Speed of a replay: logs of our own (inserts and updates of rows with an index, many small transactions), a crash, and the recovery of copies of that folder; one JSON line a round.
 *
 * Usage: bench_replay [--mib N] [--rounds N] [--folder DIR] [--set DIR] [--from-nothing] [--keep]
 *
 * --set: instead of logs of our own, a crashed folder of files edb*.log, *.edb and edb.chk, replayed as often as --rounds says; then a line with the sum of all rounds.
 * "database": the recovery of what the crash left; with --from-nothing the database and the checkpoint are taken away first, so that every page comes from the logs. The files are in
 * the page cache; the bytes are those of the log between the start of the redo and its end, the records all that stand there.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "esent.h"
#include "format/log_segment.h"
#include "recovery/recovery.h"

enum { PAGE_SIZE = 4096, LOG_KIB = 5120, ROWS_A_TRANSACTION = 8, TEXT = 120, CACHE_MIB = 256 };

struct settings {
    unsigned mib, rounds;
    const char *folder, *set;
    bool from_nothing, keep;
    uint32_t log_kib, page_size;
};

struct sum {
    uint64_t bytes, records;
    double seconds;
};

static void must(JET_ERR err, const char *what)
{
    if (err >= 0)
        return;
    fprintf(stderr, "bench_replay: %s: %d\n", what, (int)err);
    exit(1);
}

static double clock_of(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- the logs --- */

struct writer {
    JET_INSTANCE instance;
    JET_SESID session;
    JET_DBID db;
    JET_TABLEID table;
    JET_COLUMNID key, second, text;
    uint64_t random;
};

static uint64_t any(struct writer *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random;
}

static void start(struct writer *w, const char *folder)
{
    char path[4400];
    w->random = 88172645463325252u;
    must(JetSetSystemParameterA(NULL, 0, JET_paramDatabasePageSize, PAGE_SIZE, NULL), "page size");
    must(JetCreateInstanceA(&w->instance, "bench"), "instance");
    snprintf(path, sizeof path, "%s/", folder);
    must(JetSetSystemParameterA(&w->instance, 0, JET_paramSystemPath, 0, path), "folder");
    must(JetSetSystemParameterA(&w->instance, 0, JET_paramLogFilePath, 0, path), "folder");
    must(JetSetSystemParameterA(&w->instance, 0, JET_paramTempPath, 0, path), "folder");
    must(JetSetSystemParameterA(&w->instance, 0, JET_paramLogFileSize, LOG_KIB, NULL), "log size");
    must(JetSetSystemParameterA(&w->instance, 0, JET_paramCheckpointDepthMax, 1u << 30, NULL), "checkpoint depth");
    must(JetSetSystemParameterA(&w->instance, 0, JET_paramCacheSizeMax, ((uint64_t)CACHE_MIB << 20) / PAGE_SIZE, NULL), "cache");
    must(JetSetSystemParameterA(&w->instance, 0, JET_paramMaxVerPages, 65536, NULL), "version store");
    must(JetInit(&w->instance), "start");
    must(JetBeginSessionA(w->instance, &w->session, NULL, NULL), "session");
}

static void make_table(struct writer *w, const char *folder)
{
    char path[4400];
    JET_COLUMNDEF key = {.cbStruct = sizeof key, .coltyp = JET_coltypCurrency}, text = {.cbStruct = sizeof text, .coltyp = JET_coltypBinary, .cbMax = 255};
    snprintf(path, sizeof path, "%s/bench.edb", folder);
    must(JetCreateDatabaseA(w->session, path, NULL, &w->db, 0), "database");
    must(JetCreateTableA(w->session, w->db, "t", 16, 100, &w->table), "table");
    must(JetAddColumnA(w->session, w->table, "k", &key, NULL, 0, &w->key), "column");
    must(JetAddColumnA(w->session, w->table, "s", &key, NULL, 0, &w->second), "column");
    must(JetAddColumnA(w->session, w->table, "v", &text, NULL, 0, &w->text), "column");
    must(JetCreateIndexA(w->session, w->table, "pk", JET_bitIndexPrimary, "+k\0", 4, 100), "index");
    must(JetCreateIndexA(w->session, w->table, "by_s", 0, "+s\0", 4, 100), "index");
}

static uint64_t log_bytes(const char *folder, uint32_t *highest)
{
    uint64_t sum = 0;
    DIR *d = opendir(folder);
    *highest = 0;
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        char path[4400];
        struct stat info;
        unsigned generation;
        if (sscanf(e->d_name, "edb%5X.log", &generation) != 1)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        sum += stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
        *highest = generation > *highest ? generation : *highest;
    }
    if (d != NULL)
        closedir(d);
    return sum;
}

/* Half inserts at random keys, half updates of a row that is there or near. */
static void change(struct writer *w)
{
    uint64_t key = any(w), second = any(w);
    uint8_t text[TEXT];
    for (size_t i = 0; i < sizeof text; i += 8)
        store_le64(text + i, any(w));
    bool update = any(w) % 2 == 0;
    if (update) {
        must(JetMakeKey(w->session, w->table, &key, sizeof key, JET_bitNewKey), "key");
        update = JetSeek(w->session, w->table, JET_bitSeekGE) >= 0;
    }
    must(JetPrepareUpdate(w->session, w->table, update ? JET_prepReplace : JET_prepInsert), "prepare");
    if (!update)
        must(JetSetColumn(w->session, w->table, w->key, &key, sizeof key, 0, NULL), "key");
    must(JetSetColumn(w->session, w->table, w->second, &second, sizeof second, 0, NULL), "second");
    must(JetSetColumn(w->session, w->table, w->text, text, sizeof text, 0, NULL), "text");
    must(JetUpdate(w->session, w->table, NULL, 0, NULL), "update");
}

/* In a process of its own, which ends as a crash does. */
static void write_logs(const char *folder, unsigned mib)
{
    struct writer w = {0};
    uint32_t highest;
    pid_t child = fork();
    int status;
    if (child == 0) {
        start(&w, folder);
        make_table(&w, folder);
        do
            for (int i = 0; i < 2000; i++) {
                must(JetBeginTransaction(w.session), "begin");
                for (int k = 0; k < ROWS_A_TRANSACTION; k++)
                    change(&w);
                must(JetCommitTransaction(w.session, JET_bitCommitLazyFlush), "commit");
            }
        while (log_bytes(folder, &highest) < (uint64_t)mib << 20);
        must(JetBeginTransaction(w.session), "begin");
        change(&w);
        must(JetCommitTransaction(w.session, 0), "commit");
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "bench_replay: the writer failed\n");
        exit(1);
    }
}

/* --- the replay --- */

static uint64_t count_records(const char *folder, uint32_t log_kib, uint32_t generation, uint32_t highest, lgpos_t from, lgpos_t to)
{
    char path[4400];
    struct log_scan scan;
    struct log_walk walk;
    struct log_record_ref ref;
    uint64_t count = 0;
    snprintf(path, sizeof path, generation > highest ? "%s/edb.log" : "%s/edb%05X.log", folder, generation);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return 0;
    uint8_t *image = (uint8_t *)malloc((size_t)log_kib << 10);
    uint32_t sectors = image != NULL ? (uint32_t)(fread(image, LOG_SEGMENT_SIZE, log_kib / 4, f)) : 0;
    fclose(f);
    if (sectors > 2) {
        log_segments_scan(image, sectors, generation, &scan);
        log_walk_begin(&walk, image, generation, scan.last_segment, 0);
        while (log_walk_next(&walk, &ref) >= 0)
            count += ref.position >= from && ref.position <= to;
        log_walk_end(&walk);
    }
    free(image);
    return count;
}

static uint64_t log_offset(uint32_t log_kib, lgpos_t p)
{
    return (uint64_t)lgpos_generation(p) * ((uint64_t)log_kib << 10) + (uint64_t)lgpos_segment(p) * LOG_SEGMENT_SIZE + lgpos_byte(p);
}

static void replay(const struct settings *s, const char *from, unsigned round, struct sum *sum)
{
    char copy[4200], command[13000];
    uint32_t highest;
    struct recovery_result result = {0};
    snprintf(copy, sizeof copy, "%s/replayed", s->folder);
    snprintf(command, sizeof command, "rm -rf '%s' && cp -r '%s' '%s'", copy, from, copy);
    if (system(command) != 0)
        exit(1);
    if (s->from_nothing) {
        snprintf(command, sizeof command, "rm '%s'/*.edb '%s/edb.chk'", copy, copy);
        if (system(command) != 0)
            exit(1);
    }
    struct recovery_config config = {
        .log = {.fs = os_fs_posix(), .log_folder = copy, .system_folder = copy, .base_name = "edb", .is_legacy_names = true, .file_kib = s->log_kib, .page_size = s->page_size},
        .cache_bytes = (uint64_t)CACHE_MIB << 20,
        .alternate_folder = copy};
    double wall = clock_of(CLOCK_MONOTONIC), cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID);
    must(recovery_run(&config, &result), "recovery");
    wall = clock_of(CLOCK_MONOTONIC) - wall;
    cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    log_close(result.log);
    (void)log_bytes(from, &highest);
    uint64_t records = 0, bytes = log_offset(s->log_kib, result.redo_to) - log_offset(s->log_kib, result.redo_from);
    for (uint32_t g = lgpos_generation(result.redo_from); g <= lgpos_generation(result.redo_to); g++)
        records += count_records(from, s->log_kib, g, highest, result.redo_from, result.redo_to);
    printf("{\"bench\":\"replay\",\"from\":\"%s\",\"round\":%u,\"log_bytes\":%llu,\"records\":%llu,\"seconds\":%.4f,\"cpu_s\":%.4f,\"mb_s\":%.0f,\"records_s\":%.0f}\n",
           s->from_nothing ? "nothing" : "database", round, (unsigned long long)bytes, (unsigned long long)records, wall, cpu, (double)bytes / 1e6 / wall, (double)records / wall);
    fflush(stdout);
    sum->bytes += bytes;
    sum->records += records;
    sum->seconds += wall;
    recovery_release_result(&result);
}

/* Log and page size of a folder that is not our own. */
static void read_sizes(struct settings *s)
{
    char path[4400];
    struct log_header header;
    snprintf(path, sizeof path, "%s/edb.log", s->set);
    must(log_header_read(os_fs_posix(), path, &header), "the set's edb.log");
    s->log_kib = header.file_sectors * (LOG_SEGMENT_SIZE / 1024);
    s->page_size = header.page_size;
}

int main(int count, char **arguments)
{
    struct settings s = {.mib = 200, .rounds = 3, .folder = "bench-replay", .log_kib = LOG_KIB, .page_size = PAGE_SIZE};
    struct sum sum = {0};
    char live[4200], command[4400];
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--from-nothing") == 0)
            s.from_nothing = true;
        else if (strcmp(arguments[i], "--keep") == 0)
            s.keep = true;
        else if (i + 1 < count && strcmp(arguments[i], "--mib") == 0)
            s.mib = (unsigned)atoi(arguments[++i]);
        else if (i + 1 < count && strcmp(arguments[i], "--rounds") == 0)
            s.rounds = (unsigned)atoi(arguments[++i]);
        else if (i + 1 < count && strcmp(arguments[i], "--folder") == 0)
            s.folder = arguments[++i];
        else if (i + 1 < count && strcmp(arguments[i], "--set") == 0)
            s.set = arguments[++i];
        else
            return 2;
    }
    snprintf(live, sizeof live, "%s/live", s.folder);
    snprintf(command, sizeof command, "mkdir -p '%s'", live);
    if (s.set != NULL) {
        read_sizes(&s);
        snprintf(command, sizeof command, "mkdir -p '%s'", s.folder);
        if (system(command) != 0)
            return 1;
    } else if (access(live, F_OK) != 0) { /* kept logs are taken again */
        if (system(command) != 0)
            return 1;
        write_logs(live, s.mib);
    }
    for (unsigned round = 0; round < s.rounds; round++)
        replay(&s, s.set != NULL ? s.set : live, round, &sum);
    if (s.set != NULL)
        printf("{\"bench\":\"replay\",\"from\":\"set\",\"rounds\":%u,\"log_bytes\":%llu,\"records\":%llu,\"seconds\":%.4f,\"mb_s\":%.0f,\"records_s\":%.0f}\n", s.rounds,
               (unsigned long long)sum.bytes, (unsigned long long)sum.records, sum.seconds, (double)sum.bytes / 1e6 / sum.seconds, (double)sum.records / sum.seconds);
    snprintf(command, sizeof command, "rm -rf '%s/replayed' '%s'", s.folder, s.keep || s.set != NULL ? "" : live);
    return system(command) == 0 ? 0 : 1;
}
