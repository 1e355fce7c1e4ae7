/* OpenESE through its public API: fixed binary key (primary), 8-byte integer (optional index), variable binary value; lazy commits where durability is off. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "driver.h"
#include "esent_ext.h"
#include "set/write.h"

#define CHECK(call)                                             \
    do {                                                        \
        JET_ERR check_err = (call);                             \
        if (check_err < JET_errSuccess)                         \
            bench_fail("ese", #call, (long)check_err);          \
    } while (0)

struct ese {
    JET_INSTANCE instance;
    char path[4096];
    bool is_durable, with_index;
};

struct ese_thread {
    struct ese *engine;
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNID column_key, column_second, column_value;
};

static JET_COLUMNCREATE column_of(char *name, JET_COLTYP type, uint32_t size, JET_GRBIT grbit)
{
    return (JET_COLUMNCREATE){.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = name, .coltyp = type, .cbMax = size, .grbit = grbit};
}

static void create(struct ese *e)
{
    JET_SESID session;
    JET_DBID dbid;
    JET_COLUMNCREATE columns[] = {column_of("k", JET_coltypBinary, BENCH_KEY, JET_bitColumnFixed | JET_bitColumnNotNULL), column_of("s", JET_coltypCurrency, 0, JET_bitColumnFixed),
                                  column_of("v", JET_coltypBinary, 255, 0)};
    JET_INDEXCREATE indexes[] = {
        {.cbStruct = sizeof(JET_INDEXCREATE), .szIndexName = "pk", .szKey = "+k\0", .cbKey = 4, .grbit = JET_bitIndexPrimary | JET_bitIndexUnique, .ulDensity = 100},
        {.cbStruct = sizeof(JET_INDEXCREATE), .szIndexName = "by_s", .szKey = "+s\0", .cbKey = 4, .ulDensity = 100}};
    JET_TABLECREATE table = {.cbStruct = sizeof table, .szTableName = "t", .ulPages = 16, .ulDensity = 100, .rgcolumncreate = columns, .cColumns = 3, .rgindexcreate = indexes,
                             .cIndexes = e->with_index ? 2 : 1};
    CHECK(JetBeginSession(e->instance, &session, NULL, NULL));
    CHECK(JetCreateDatabase(session, e->path, NULL, &dbid, 0));
    CHECK(JetCreateTableColumnIndex(session, dbid, &table));
    CHECK(JetEndSession(session, 0));
}

static void *ese_open(const struct bench_options *o)
{
    struct ese *e = (struct ese *)calloc(1, sizeof *e);
    uint32_t page = getenv("BENCH_ESE_PAGE") != NULL ? (uint32_t)atoi(getenv("BENCH_ESE_PAGE")) : 4096;
    char name[32];
    static unsigned count;
    snprintf(e->path, sizeof e->path, "%s/bench.edb", o->folder);
    snprintf(name, sizeof name, "bench %u", count++);
    e->is_durable = o->is_durable;
    e->with_index = o->with_index;
    e->instance = JET_instanceNil;
    CHECK(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, page, NULL));
    CHECK(JetSetSystemParameter(NULL, 0, JET_paramCacheSizeMax, o->cache_bytes / page, NULL));
    CHECK(JetSetSystemParameter(NULL, 0, JET_paramCacheSizeMin, o->cache_bytes / page, NULL));
    CHECK(JetCreateInstance(&e->instance, name));
    CHECK(JetSetSystemParameter(&e->instance, 0, JET_paramSystemPath, 0, o->folder));
    CHECK(JetSetSystemParameter(&e->instance, 0, JET_paramLogFilePath, 0, o->folder));
    CHECK(JetSetSystemParameter(&e->instance, 0, JET_paramTempPath, 0, o->folder));
    CHECK(JetSetSystemParameter(&e->instance, 0, JET_paramLogFileSize, 16384, NULL));
    CHECK(JetSetSystemParameter(&e->instance, 0, JET_paramLogBuffers, 2048, NULL));
    CHECK(JetSetSystemParameter(&e->instance, 0, JET_paramCircularLog, !o->keep_log, NULL));
    CHECK(JetSetSystemParameter(&e->instance, 0, JET_paramCheckpointDepthMax, o->keep_log ? 1u << 30 : 64u << 20, NULL));
    CHECK(JetSetSystemParameter(&e->instance, 0, JET_paramMaxVerPages, 65536, NULL));
    CHECK(JetSetSystemParameter(&e->instance, 0, JET_paramEventLoggingLevel, 0, NULL));
    CHECK(JetInit(&e->instance));
    if (o->is_new)
        create(e);
    return e;
}

static void ese_close(void *engine)
{
    struct ese *e = (struct ese *)engine;
    CHECK(JetTerm2(e->instance, JET_bitTermComplete));
    free(e);
}

static JET_COLUMNID column_id(struct ese_thread *t, const char *name)
{
    JET_COLUMNDEF definition;
    CHECK(JetGetTableColumnInfo(t->session, t->table, name, &definition, sizeof definition, JET_ColInfo));
    return definition.columnid;
}

static void *ese_thread_open(void *engine)
{
    struct ese_thread *t = (struct ese_thread *)calloc(1, sizeof *t);
    t->engine = (struct ese *)engine;
    CHECK(JetBeginSession(t->engine->instance, &t->session, NULL, NULL));
    CHECK(JetAttachDatabase(t->session, t->engine->path, 0));
    CHECK(JetOpenDatabase(t->session, t->engine->path, NULL, &t->dbid, 0));
    CHECK(JetOpenTable(t->session, t->dbid, "t", NULL, 0, 0, &t->table));
    t->column_key = column_id(t, "k");
    t->column_second = column_id(t, "s");
    t->column_value = column_id(t, "v");
    return t;
}

static void ese_thread_close(void *thread)
{
    struct ese_thread *t = (struct ese_thread *)thread;
    CHECK(JetEndSession(t->session, 0));
    free(t);
}

static void ese_begin(void *thread, bool is_write)
{
    CHECK(JetBeginTransaction2(((struct ese_thread *)thread)->session, is_write ? 0 : JET_bitTransactionReadOnly));
}

static void ese_commit(void *thread, bool is_write)
{
    struct ese_thread *t = (struct ese_thread *)thread;
    CHECK(JetCommitTransaction(t->session, is_write && t->engine->is_durable ? 0 : JET_bitCommitLazyFlush));
}

static void set_row(struct ese_thread *t, const struct bench_row *row, bool with_key)
{
    JET_SETCOLUMN set[3] = {
        {.columnid = t->column_second, .pvData = &row->second, .cbData = sizeof row->second, .itagSequence = 1},
        {.columnid = t->column_value, .pvData = row->value, .cbData = BENCH_VALUE, .itagSequence = 1},
        {.columnid = t->column_key, .pvData = row->key, .cbData = BENCH_KEY, .itagSequence = 1},
    };
    CHECK(JetSetColumns(t->session, t->table, set, with_key ? 3 : 2));
    CHECK(JetUpdate(t->session, t->table, NULL, 0, NULL));
}

static void ese_insert(void *thread, const struct bench_row *row)
{
    struct ese_thread *t = (struct ese_thread *)thread;
    CHECK(JetPrepareUpdate(t->session, t->table, JET_prepInsert));
    set_row(t, row, true);
}

static bool ese_lookup(void *thread, const uint8_t *key, struct bench_row *row)
{
    struct ese_thread *t = (struct ese_thread *)thread;
    uint32_t actual;
    CHECK(JetMakeKey(t->session, t->table, key, BENCH_KEY, JET_bitNewKey));
    JET_ERR err = JetSeek(t->session, t->table, JET_bitSeekEQ);
    if (err == JET_errRecordNotFound)
        return false;
    CHECK(err);
    CHECK(JetRetrieveColumn(t->session, t->table, t->column_second, &row->second, sizeof row->second, &actual, 0, NULL));
    CHECK(JetRetrieveColumn(t->session, t->table, t->column_value, row->value, BENCH_VALUE, &actual, 0, NULL));
    return true;
}

static void ese_update(void *thread, const struct bench_row *row)
{
    struct ese_thread *t = (struct ese_thread *)thread;
    for (;;) {
        CHECK(JetMakeKey(t->session, t->table, row->key, BENCH_KEY, JET_bitNewKey));
        CHECK(JetSeek(t->session, t->table, JET_bitSeekEQ));
        JET_ERR err = JetPrepareUpdate(t->session, t->table, JET_prepReplace);
        if (err != JET_errWriteConflict) {
            CHECK(err);
            break;
        }
        /* Another writer has the row: what else the transaction did is given up, which seldom happens, and counted all the same. */
        CHECK(JetRollback(t->session, 0));
        CHECK(JetBeginTransaction(t->session));
    }
    set_row(t, row, false);
}

static uint64_t ese_scan(void *thread, uint64_t *sum)
{
    struct ese_thread *t = (struct ese_thread *)thread;
    struct bench_row row;
    JET_RETRIEVECOLUMN get[3] = {
        {.columnid = t->column_key, .pvData = row.key, .cbData = BENCH_KEY, .itagSequence = 1},
        {.columnid = t->column_second, .pvData = &row.second, .cbData = sizeof row.second, .itagSequence = 1},
        {.columnid = t->column_value, .pvData = row.value, .cbData = BENCH_VALUE, .itagSequence = 1},
    };
    uint64_t rows = 0;
    JET_ERR err = JetMove(t->session, t->table, JET_MoveFirst, 0);
    for (; err >= JET_errSuccess; err = JetMove(t->session, t->table, JET_MoveNext, 0)) {
        CHECK(JetRetrieveColumns(t->session, t->table, get, 3));
        *sum += row.second + row.value[0];
        rows++;
    }
    if (err != JET_errNoCurrentRecord)
        CHECK(err);
    return rows;
}

/* --- backup and restore --- */

enum { BACKUP_PIECE = 1 << 20, LANE_DEPTH = 8 };
static JET_LOGINFO_A last_range; /* of the last backup */
static struct bench_phases phases;

/* A synced copy goes past the page cache where the file system can: what is copied is not read again soon, and the live database's pages stay. Every piece is a
 * multiple of the page size, as direct writing wants. */
static int open_target(const char *path, bool is_synced)
{
    int target = !is_synced ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_DIRECT, 0600);
    return target >= 0 || errno != EINVAL ? target : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

/* Some buffers between the thread that reads, where the library verifies, and the one that writes. */
struct lane {
    pthread_mutex_t lock;
    pthread_cond_t turned;
    uint8_t *buffers[LANE_DEPTH];
    uint32_t sizes[LANE_DEPTH];
    unsigned filled, written; /* pieces so far */
    bool is_over, is_synced;
    int target;
};

static void *write_pieces(void *argument)
{
    struct lane *l = (struct lane *)argument;
    pthread_mutex_lock(&l->lock);
    for (;;) {
        while (l->filled == l->written && !l->is_over)
            pthread_cond_wait(&l->turned, &l->lock);
        if (l->filled == l->written)
            break;
        unsigned at = l->written % LANE_DEPTH;
        pthread_mutex_unlock(&l->lock);
        if (write(l->target, l->buffers[at], l->sizes[at]) != (ssize_t)l->sizes[at])
            bench_fail("ese", "write", errno);
        pthread_mutex_lock(&l->lock);
        l->written++;
        pthread_cond_signal(&l->turned);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

static void wait_written(struct lane *l, unsigned most_waiting)
{
    double from = bench_now();
    pthread_mutex_lock(&l->lock);
    while (l->filled - l->written > most_waiting)
        pthread_cond_wait(&l->turned, &l->lock);
    pthread_mutex_unlock(&l->lock);
    phases.wait += bench_now() - from;
}

/* Runs the calls and adds their time to one of the phases. */
#define PHASE(which, calls)                       \
    do {                                          \
        double phase_from = bench_now();          \
        calls;                                    \
        phases.which += bench_now() - phase_from; \
    } while (0)

static void write_set(struct backup_source *source, const char *list, const char *folder, struct lane *l)
{
    for (const char *path = list; *path != 0; path += strlen(path) + 1) {
        char target[4096];
        uint64_t size;
        uint32_t got = 0;
        snprintf(target, sizeof target, "%s/%s", folder, strrchr(path, '/') + 1);
        l->target = open_target(target, l->is_synced);
        if (l->target < 0)
            bench_fail("ese", target, errno);
        CHECK(source->open(source->context, path, &size));
        do {
            wait_written(l, LANE_DEPTH - 1);
            PHASE(read, CHECK(source->read(source->context, l->buffers[l->filled % LANE_DEPTH], BACKUP_PIECE, &got)));
            pthread_mutex_lock(&l->lock);
            if (got > 0)
                l->sizes[l->filled++ % LANE_DEPTH] = got;
            pthread_cond_signal(&l->turned);
            pthread_mutex_unlock(&l->lock);
        } while (got > 0);
        wait_written(l, 0);
        CHECK(source->close(source->context));
        if (l->is_synced)
            PHASE(wait, fdatasync(l->target));
        close(l->target);
    }
}

static void backup_from(struct backup_source *source, const char *folder, bool is_synced)
{
    char *list = NULL;
    pthread_t writer;
    phases = (struct bench_phases){0};
    struct lane l = {.is_synced = is_synced, .lock = PTHREAD_MUTEX_INITIALIZER, .turned = PTHREAD_COND_INITIALIZER};
    for (int i = 0; i < LANE_DEPTH; i++)
        l.buffers[i] = (uint8_t *)aligned_alloc(4096, BACKUP_PIECE);
    if (pthread_create(&writer, NULL, write_pieces, &l) != 0)
        bench_fail("ese", "pthread_create", errno);
    PHASE(begin, CHECK(source->begin(source->context, false)));
    CHECK(source->list_databases(source->context, &list));
    write_set(source, list, folder, &l);
    mem_free(list);
    PHASE(logs, CHECK(source->list_logs(source->context, &list, &last_range)));
    write_set(source, list, folder, &l);
    mem_free(list);
    PHASE(end, CHECK(source->end(source->context, JET_bitBackupEndNormal)));
    source->release(source->context);
    pthread_mutex_lock(&l.lock);
    l.is_over = true;
    pthread_cond_signal(&l.turned);
    pthread_mutex_unlock(&l.lock);
    pthread_join(writer, NULL);
    for (int i = 0; i < LANE_DEPTH; i++)
        free(l.buffers[i]);
}

static void ese_backup(void *engine, const char *folder)
{
    struct backup_source source;
    CHECK(backup_source_from_instance(((struct ese *)engine)->instance, &source));
    backup_from(&source, folder, false);
}

void bench_ese_backup_synced(void *engine, const char *folder)
{
    struct backup_source source;
    CHECK(backup_source_from_instance(((struct ese *)engine)->instance, &source));
    backup_from(&source, folder, true);
}

void bench_ese_backup_set(void *engine, const char *folder)
{
    struct backup_source source;
    struct set_write_result result;
    struct set_output *output;
    CHECK(backup_source_from_instance(((struct ese *)engine)->instance, &source));
    CHECK(set_output_folder(folder, SET_KIND_COPY, false, &output));
    CHECK(set_write(&(struct set_write_config){.source = &source, .output = output, .kind = SET_KIND_COPY}, &result));
    set_write_release(&result);
    set_output_close(output);
    source.release(source.context);
}

struct bench_phases bench_ese_phases(void) { return phases; }

void bench_ese_serve(void *engine, const char *socket) { CHECK(JetxServeControl(((struct ese *)engine)->instance, socket)); }

void bench_ese_backup_socket(const char *socket, const char *folder)
{
    struct backup_source source;
    JET_ERR err;
    while ((err = backup_source_from_socket(socket, &source)) == JET_errTooManyActiveUsers) /* the one before has not been missed yet */
        usleep(1000);
    CHECK(err);
    backup_from(&source, folder, false);
}

void bench_ese_restore(const char *set, const char *folder)
{
    char from[4096], to[4096];
    snprintf(from, sizeof from, "%s/bench.edb", set);
    snprintf(to, sizeof to, "%s/bench.edb", folder);
    bench_copy_file(from, to);
    JET_RSTMAP_A map = {from, to};
    CHECK(JetExternalRestore2A((char *)(uintptr_t)folder, (char *)(uintptr_t)folder, &map, 1, (char *)(uintptr_t)set, &last_range, NULL, NULL, NULL, NULL));
}

const struct bench_engine bench_ese = {"ese", ese_open, ese_close, ese_thread_open, ese_thread_close, ese_begin, ese_commit, ese_insert, ese_lookup, ese_update, ese_scan, ese_backup};
