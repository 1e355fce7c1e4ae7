/* Temporary tables against SQLite's: rows with random keys go in, and come out in key order. One JSON line a round and engine.
 *
 * Usage: bench_sort [--rows N] [--rounds N] [--cache MIB] [--folder DIR] [--engines LIST] [--keys random|sorted]
 *
 *   ese-sort      JET_bitTTUnique: rows are sorted when they are read
 *   ese-unique    JET_bitTTErrorOnDuplicateInsertion: every insertion is told whether its key is new
 *   sqlite-btree  a temporary table WITHOUT ROWID, as every insertion into it is told the same
 *   sqlite-sort   a temporary table with rowids, read by ORDER BY: SQLite's own external sort
 *
 * Each measurement is a process of its own, so that peak memory (getrusage) is that of one engine. "write" are insertions, "read" is the walk in order with all columns
 * copied out; the keys' order and the sums over the rows are checked. The rates say rows a second, of wall time and of processor time (user and system).
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver.h"
#include "esent.h"

struct settings {
    uint64_t rows;
    unsigned rounds;
    uint64_t cache_mib;
    const char *folder, *engines;
    bool is_sorted;
};

struct result {
    uint64_t rows, sum;
    bool is_ordered;
};

static void make_row(const struct settings *s, uint64_t i, struct bench_row *row)
{
    bench_make_row(i, 0, row);
    for (int k = 0; s->is_sorted && k < 8; k++)
        row->key[k] = (uint8_t)((i >> (7 * (7 - k)) & 0x7F) + 1);
}

/* Takes the rows as they come out. */
static void take_row(struct result *r, uint8_t last[BENCH_KEY], const struct bench_row *row)
{
    r->is_ordered = r->is_ordered && memcmp(last, row->key, BENCH_KEY) < 0;
    memcpy(last, row->key, BENCH_KEY);
    r->sum += row->second + row->value[0] + 256u * row->value[BENCH_VALUE - 1];
    r->rows++;
}

/* --- OpenESE --- */

static void must(JET_ERR err, const char *what)
{
    if (err < 0)
        bench_fail("ese", what, err);
}

static void sort_by_ese(const struct settings *s, JET_GRBIT grbit, struct result *r, double times[2][2])
{
    JET_INSTANCE instance = JET_instanceNil;
    JET_SESID session;
    JET_TABLEID table;
    JET_COLUMNID ids[3];
    char path[4400];
    struct bench_row row;
    uint8_t last[BENCH_KEY] = {0};
    snprintf(path, sizeof path, "%s/", s->folder);
    must(JetSetSystemParameterA(NULL, 0, JET_paramDatabasePageSize, 4096, NULL), "page size");
    must(JetSetSystemParameterA(NULL, 0, JET_paramCacheSizeMax, (s->cache_mib << 20) / 4096, NULL), "cache");
    must(JetCreateInstanceA(&instance, "bench"), "instance");
    must(JetSetSystemParameterA(&instance, 0, JET_paramSystemPath, 0, path), "folder");
    must(JetSetSystemParameterA(&instance, 0, JET_paramLogFilePath, 0, path), "folder");
    must(JetSetSystemParameterA(&instance, 0, JET_paramTempPath, 0, path), "folder");
    must(JetSetSystemParameterA(&instance, 0, JET_paramRecovery, 0, "off"), "recovery");
    must(JetInit(&instance), "start");
    must(JetBeginSessionA(instance, &session, NULL, NULL), "session");
    const JET_COLUMNDEF columns[3] = {
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypBinary, .cbMax = BENCH_KEY, .grbit = JET_bitColumnTTKey | JET_bitColumnFixed},
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypCurrency},
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypBinary, .cbMax = BENCH_VALUE}};
    must(JetOpenTempTable(session, columns, 3, grbit, &table, ids), "table");
    double wall = bench_now(), cpu = bench_cpu();
    for (uint64_t i = 0; i < s->rows; i++) {
        make_row(s, i, &row);
        JET_SETCOLUMN set[3] = {{.columnid = ids[0], .pvData = row.key, .cbData = BENCH_KEY, .itagSequence = 1},
                                {.columnid = ids[1], .pvData = &row.second, .cbData = sizeof row.second, .itagSequence = 1},
                                {.columnid = ids[2], .pvData = row.value, .cbData = BENCH_VALUE, .itagSequence = 1}};
        must(JetPrepareUpdate(session, table, JET_prepInsert), "prepare");
        must(JetSetColumns(session, table, set, 3), "set");
        must(JetUpdate(session, table, NULL, 0, NULL), "update");
    }
    times[0][0] = bench_now() - wall;
    times[0][1] = bench_cpu() - cpu;
    wall = bench_now(), cpu = bench_cpu();
    JET_RETRIEVECOLUMN get[3] = {{.columnid = ids[0], .pvData = row.key, .cbData = BENCH_KEY, .itagSequence = 1},
                                 {.columnid = ids[1], .pvData = &row.second, .cbData = sizeof row.second, .itagSequence = 1},
                                 {.columnid = ids[2], .pvData = row.value, .cbData = BENCH_VALUE, .itagSequence = 1}};
    JET_ERR err = JetMove(session, table, JET_MoveFirst, 0);
    for (; err >= 0; err = JetMove(session, table, JET_MoveNext, 0)) {
        must(JetRetrieveColumns(session, table, get, 3), "retrieve");
        take_row(r, last, &row);
    }
    if (err != JET_errNoCurrentRecord)
        must(err, "move");
    times[1][0] = bench_now() - wall;
    times[1][1] = bench_cpu() - cpu;
    must(JetCloseTable(session, table), "close");
    must(JetTerm(instance), "term");
}

/* --- SQLite --- */

static void check(sqlite3 *db, int code, const char *what)
{
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW)
        bench_fail("sqlite", db != NULL ? sqlite3_errmsg(db) : what, code);
}

static void sort_by_sqlite(const struct settings *s, bool by_tree, struct result *r, double times[2][2])
{
    sqlite3 *db;
    sqlite3_stmt *insert, *scan;
    char text[256];
    struct bench_row row;
    uint8_t last[BENCH_KEY] = {0};
    setenv("SQLITE_TMPDIR", s->folder, 1);
    check(NULL, sqlite3_open(":memory:", &db), "open");
    snprintf(text, sizeof text, "PRAGMA temp_store=FILE; PRAGMA temp.cache_size=-%llu; PRAGMA cache_size=-%llu", (unsigned long long)s->cache_mib * 1024, (unsigned long long)s->cache_mib * 1024);
    check(db, sqlite3_exec(db, text, NULL, NULL, NULL), "pragma");
    check(db, sqlite3_exec(db, by_tree ? "CREATE TEMP TABLE t(k BLOB PRIMARY KEY, s INTEGER, v BLOB) WITHOUT ROWID" : "CREATE TEMP TABLE t(k BLOB, s INTEGER, v BLOB)", NULL, NULL, NULL), "create");
    check(db, sqlite3_prepare_v2(db, "INSERT INTO t VALUES(?,?,?)", -1, &insert, NULL), "prepare");
    double wall = bench_now(), cpu = bench_cpu();
    check(db, sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), "begin");
    for (uint64_t i = 0; i < s->rows; i++) {
        make_row(s, i, &row);
        sqlite3_bind_blob(insert, 1, row.key, BENCH_KEY, SQLITE_STATIC);
        sqlite3_bind_int64(insert, 2, (sqlite3_int64)row.second);
        sqlite3_bind_blob(insert, 3, row.value, BENCH_VALUE, SQLITE_STATIC);
        check(db, sqlite3_step(insert), "insert");
        check(db, sqlite3_reset(insert), "reset");
    }
    check(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), "commit");
    times[0][0] = bench_now() - wall;
    times[0][1] = bench_cpu() - cpu;
    wall = bench_now(), cpu = bench_cpu();
    check(db, sqlite3_prepare_v2(db, "SELECT k, s, v FROM t ORDER BY k", -1, &scan, NULL), "prepare");
    while (sqlite3_step(scan) == SQLITE_ROW) {
        memcpy(row.key, sqlite3_column_blob(scan, 0), BENCH_KEY);
        row.second = (uint64_t)sqlite3_column_int64(scan, 1);
        memcpy(row.value, sqlite3_column_blob(scan, 2), BENCH_VALUE);
        take_row(r, last, &row);
    }
    times[1][0] = bench_now() - wall;
    times[1][1] = bench_cpu() - cpu;
    check(db, sqlite3_finalize(insert), "finalize");
    check(db, sqlite3_finalize(scan), "finalize");
    check(db, sqlite3_close(db), "close");
}

/* --- rounds --- */

static const char *const engine_names[] = {"ese-sort", "ese-unique", "sqlite-btree", "sqlite-sort"};
enum { ENGINES = sizeof engine_names / sizeof *engine_names };

static void measure(const struct settings *s, int engine, unsigned round)
{
    struct result r = {.is_ordered = true};
    double times[2][2];
    struct rusage usage;
    struct bench_row row;
    uint64_t sum = 0;
    bench_empty_folder(s->folder);
    if (engine < 2)
        sort_by_ese(s, engine == 0 ? JET_bitTTUnique : JET_bitTTErrorOnDuplicateInsertion, &r, times);
    else
        sort_by_sqlite(s, engine == 2, &r, times);
    getrusage(RUSAGE_SELF, &usage);
    for (uint64_t i = 0; i < s->rows; i++) {
        make_row(s, i, &row);
        sum += row.second + row.value[0] + 256u * row.value[BENCH_VALUE - 1];
    }
    if (r.rows != s->rows || r.sum != sum || !r.is_ordered)
        bench_fail(engine_names[engine], "wrong result", (long)r.rows);
    double n = (double)s->rows, wall = times[0][0] + times[1][0], cpu = times[0][1] + times[1][1];
    printf("{\"engine\": \"%s\", \"round\": %u, \"rows\": %llu, \"cache_mib\": %llu, \"write_per_s\": %.0f, \"read_per_s\": %.0f, \"rows_per_s\": %.0f, \"rows_per_cpu_s\": %.0f, "
           "\"wall_s\": %.2f, \"cpu_s\": %.2f, \"peak_rss_mib\": %.1f}\n",
           engine_names[engine], round, (unsigned long long)s->rows, (unsigned long long)s->cache_mib, n / times[0][0], n / times[1][0], n / wall, n / cpu, wall, cpu,
           (double)usage.ru_maxrss / 1024);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct settings s = {.rows = 5000000, .rounds = 1, .cache_mib = 64, .folder = "bench_sort.tmp", .engines = "ese-sort,ese-unique,sqlite-btree,sqlite-sort"};
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (strcmp(name, "--rows") == 0)
            s.rows = strtoull(value, NULL, 10);
        else if (strcmp(name, "--rounds") == 0)
            s.rounds = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(name, "--cache") == 0)
            s.cache_mib = strtoull(value, NULL, 10);
        else if (strcmp(name, "--folder") == 0)
            s.folder = value;
        else if (strcmp(name, "--engines") == 0)
            s.engines = value;
        else if (strcmp(name, "--keys") == 0)
            s.is_sorted = strcmp(value, "sorted") == 0;
        else
            bench_fail("bench_sort", name, 0);
    }
    for (unsigned round = 1; round <= s.rounds; round++)
        for (int engine = 0; engine < ENGINES; engine++) {
            if (!bench_wants(s.engines, engine_names[engine]))
                continue;
            int status = 0;
            pid_t child = fork();
            if (child == 0) {
                measure(&s, engine, round);
                exit(0);
            }
            if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
                bench_fail(engine_names[engine], "process", status);
        }
    bench_empty_folder(s.folder);
    return rmdir(s.folder) == 0 ? 0 : 1;
}
