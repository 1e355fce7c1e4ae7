/* A bank on OpenESE: accounts, writers that transfer money between them, online backups while they do, and a check that no money was made or lost.
 *
 *   bank create FOLDER ACCOUNTS              a new database; each account holds 1000
 *   bank run FOLDER THREADS SECONDS [SET]    writers transfer; with SET: a full backup into SET/full after a third of the time, an incremental one into SET/incremental
 *                                            after two thirds. At the end the process kills itself, as a power cut would: nothing is closed.
 *   bank check FOLDER                        recovers if need be, and adds everything up
 *
 * Each transfer is one transaction of two changed accounts and one row in the journal, durable when it returns. Uses only esent.h.
 */
#include <esent.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { OPENING_BALANCE = 1000, THREADS_MOST = 16, PIECE = 1 << 20 };

#define MUST(call)                                                                       \
    do {                                                                                 \
        JET_ERR must_err = (call);                                                       \
        if (must_err < JET_errSuccess) {                                                 \
            fprintf(stderr, "bank: %s: error %d (line %d)\n", #call, (int)must_err, __LINE__); \
            exit(1);                                                                     \
        }                                                                                \
    } while (0)

struct bank {
    JET_INSTANCE instance;
    char database[4096];
    uint32_t accounts;
    atomic_uint_least64_t transfers, conflicts;
    atomic_bool is_over;
};

struct teller {
    struct bank *bank;
    unsigned seed;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void start(struct bank *b, const char *folder)
{
    snprintf(b->database, sizeof b->database, "%s/bank.edb", folder);
    b->instance = JET_instanceNil;
    MUST(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, 4096, NULL));
    MUST(JetCreateInstance(&b->instance, "bank"));
    MUST(JetSetSystemParameter(&b->instance, 0, JET_paramSystemPath, 0, folder));
    MUST(JetSetSystemParameter(&b->instance, 0, JET_paramLogFilePath, 0, folder));
    MUST(JetSetSystemParameter(&b->instance, 0, JET_paramTempPath, 0, folder));
    MUST(JetSetSystemParameter(&b->instance, 0, JET_paramLogFileSize, 1024, NULL));
    MUST(JetSetSystemParameter(&b->instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, folder));
    MUST(JetSetSystemParameter(&b->instance, 0, JET_paramNoInformationEvent, 1, NULL));
    MUST(JetInit(&b->instance));
}

static JET_COLUMNID column(JET_SESID session, JET_TABLEID table, const char *name)
{
    JET_COLUMNDEF definition;
    MUST(JetGetTableColumnInfo(session, table, name, &definition, sizeof definition, JET_ColInfo));
    return definition.columnid;
}

/* --- create --- */

static void create_tables(JET_SESID session, JET_DBID dbid)
{
    JET_COLUMNCREATE account[] = {{.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = "id", .coltyp = JET_coltypLong, .grbit = JET_bitColumnNotNULL},
                                  {.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = "balance", .coltyp = JET_coltypLongLong}};
    JET_COLUMNCREATE journal[] = {{.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = "id", .coltyp = JET_coltypLongLong, .grbit = JET_bitColumnAutoincrement},
                                  {.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = "from", .coltyp = JET_coltypLong},
                                  {.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = "to", .coltyp = JET_coltypLong},
                                  {.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = "amount", .coltyp = JET_coltypLongLong}};
    JET_INDEXCREATE by_id = {.cbStruct = sizeof by_id, .szIndexName = "by_id", .szKey = "+id\0", .cbKey = 5, .grbit = JET_bitIndexPrimary | JET_bitIndexUnique, .ulDensity = 90};
    JET_INDEXCREATE journal_indexes[] = {by_id, {.cbStruct = sizeof by_id, .szIndexName = "by_from", .szKey = "+from\0", .cbKey = 7, .ulDensity = 90}};
    JET_TABLECREATE tables[] = {{.cbStruct = sizeof(JET_TABLECREATE), .szTableName = "account", .ulPages = 1, .ulDensity = 90, .rgcolumncreate = account, .cColumns = 2, .rgindexcreate = &by_id, .cIndexes = 1},
                                {.cbStruct = sizeof(JET_TABLECREATE), .szTableName = "journal", .ulPages = 1, .ulDensity = 90, .rgcolumncreate = journal, .cColumns = 4,
                                 .rgindexcreate = journal_indexes, .cIndexes = 2}};
    for (int i = 0; i < 2; i++) {
        MUST(JetCreateTableColumnIndex(session, dbid, &tables[i]));
        MUST(JetCloseTable(session, tables[i].tableid));
    }
}

static void create(const char *folder, int32_t accounts)
{
    struct bank b = {0};
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID table;
    int64_t balance = OPENING_BALANCE;
    start(&b, folder);
    MUST(JetBeginSession(b.instance, &session, NULL, NULL));
    MUST(JetCreateDatabase(session, b.database, NULL, &dbid, 0));
    create_tables(session, dbid);
    MUST(JetOpenTable(session, dbid, "account", NULL, 0, 0, &table));
    JET_COLUMNID id = column(session, table, "id"), money = column(session, table, "balance");
    MUST(JetBeginTransaction(session));
    for (int32_t i = 0; i < accounts; i++) {
        MUST(JetPrepareUpdate(session, table, JET_prepInsert));
        MUST(JetSetColumn(session, table, id, &i, sizeof i, 0, NULL));
        MUST(JetSetColumn(session, table, money, &balance, sizeof balance, 0, NULL));
        MUST(JetUpdate(session, table, NULL, 0, NULL));
    }
    MUST(JetCommitTransaction(session, 0));
    MUST(JetTerm2(b.instance, JET_bitTermComplete));
    printf("%d accounts of %d: %lld in the bank\n", (int)accounts, OPENING_BALANCE, (long long)accounts * OPENING_BALANCE);
}

/* --- run --- */

static JET_ERR move_money(JET_SESID session, JET_TABLEID table, JET_COLUMNID money, int32_t account, int64_t amount)
{
    int64_t balance;
    uint32_t actual;
    MUST(JetMakeKey(session, table, &account, sizeof account, JET_bitNewKey));
    MUST(JetSeek(session, table, JET_bitSeekEQ));
    JET_ERR err = JetPrepareUpdate(session, table, JET_prepReplace);
    if (err < JET_errSuccess)
        return err;
    MUST(JetRetrieveColumn(session, table, money, &balance, sizeof balance, &actual, JET_bitRetrieveCopy, NULL));
    balance += amount;
    MUST(JetSetColumn(session, table, money, &balance, sizeof balance, 0, NULL));
    return JetUpdate(session, table, NULL, 0, NULL);
}

static void write_journal(JET_SESID session, JET_TABLEID table, const JET_COLUMNID *columns, int32_t from, int32_t to, int64_t amount)
{
    MUST(JetPrepareUpdate(session, table, JET_prepInsert));
    MUST(JetSetColumn(session, table, columns[0], &from, sizeof from, 0, NULL));
    MUST(JetSetColumn(session, table, columns[1], &to, sizeof to, 0, NULL));
    MUST(JetSetColumn(session, table, columns[2], &amount, sizeof amount, 0, NULL));
    MUST(JetUpdate(session, table, NULL, 0, NULL));
}

static void *transfer(void *argument)
{
    struct teller *t = (struct teller *)argument;
    struct bank *b = t->bank;
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID accounts, journal;
    MUST(JetBeginSession(b->instance, &session, NULL, NULL));
    MUST(JetOpenDatabase(session, b->database, NULL, &dbid, 0));
    MUST(JetOpenTable(session, dbid, "account", NULL, 0, 0, &accounts));
    MUST(JetOpenTable(session, dbid, "journal", NULL, 0, 0, &journal));
    JET_COLUMNID money = column(session, accounts, "balance");
    const JET_COLUMNID entry[] = {column(session, journal, "from"), column(session, journal, "to"), column(session, journal, "amount")};
    while (!atomic_load(&b->is_over)) {
        int32_t from = (int32_t)((unsigned)rand_r(&t->seed) % b->accounts), to = (int32_t)((unsigned)rand_r(&t->seed) % b->accounts);
        int64_t amount = rand_r(&t->seed) % 100;
        if (from == to)
            continue;
        MUST(JetBeginTransaction(session));
        JET_ERR err = move_money(session, accounts, money, from, -amount);
        if (err >= JET_errSuccess)
            err = move_money(session, accounts, money, to, amount);
        if (err == JET_errWriteConflict) { /* somebody else is at one of the accounts: try another transfer */
            MUST(JetRollback(session, 0));
            atomic_fetch_add(&b->conflicts, 1);
            continue;
        }
        MUST(err);
        write_journal(session, journal, entry, from, to, amount);
        MUST(JetCommitTransaction(session, 0));
        atomic_fetch_add(&b->transfers, 1);
    }
    return NULL;
}

static uint64_t copy_file(struct bank *b, const char *source, const char *folder, void *buffer)
{
    char target[4096];
    JET_HANDLE file;
    uint32_t low, high, got;
    uint64_t bytes = 0;
    snprintf(target, sizeof target, "%s/%s", folder, strrchr(source, '/') + 1);
    FILE *out = fopen(target, "wb");
    if (out == NULL) {
        perror(target);
        exit(1);
    }
    MUST(JetOpenFileInstance(b->instance, source, &file, &low, &high));
    do {
        MUST(JetReadFileInstance(b->instance, file, buffer, PIECE, &got));
        if (fwrite(buffer, 1, got, out) != got) {
            perror(target);
            exit(1);
        }
        bytes += got;
    } while (got > 0);
    MUST(JetCloseFileInstance(b->instance, file));
    fclose(out);
    return bytes;
}

static uint64_t copy_list(struct bank *b, const char *list, const char *folder, void *buffer)
{
    uint64_t bytes = 0;
    for (const char *name = list; *name != 0; name += strlen(name) + 1)
        bytes += copy_file(b, name, folder, buffer);
    return bytes;
}

static void backup(struct bank *b, const char *set, const char *name, JET_GRBIT kind)
{
    static char list[65536];
    char folder[4096];
    uint32_t used;
    void *buffer = aligned_alloc(4096, PIECE);
    double from = now();
    uint64_t before = atomic_load(&b->transfers), bytes = 0;
    snprintf(folder, sizeof folder, "%s/%s", set, name);
    mkdir(set, 0755);
    mkdir(folder, 0755);
    MUST(JetBeginExternalBackupInstance(b->instance, kind));
    if (kind == 0) {
        MUST(JetGetAttachInfoInstance(b->instance, list, sizeof list, &used));
        bytes += copy_list(b, list, folder, buffer);
    }
    MUST(JetGetLogInfoInstance(b->instance, list, sizeof list, &used));
    bytes += copy_list(b, list, folder, buffer);
    MUST(JetTruncateLogInstance(b->instance));
    MUST(JetEndExternalBackupInstance2(b->instance, JET_bitBackupEndNormal));
    double seconds = now() - from;
    printf("  %s backup: %.1f MB in %.2f s (%.0f MB/s) while %llu transfers committed\n", name, (double)bytes / 1e6, seconds, (double)bytes / 1e6 / seconds,
           (unsigned long long)(atomic_load(&b->transfers) - before));
    free(buffer);
}

static uint32_t count_accounts(const struct bank *b, JET_SESID session)
{
    JET_DBID dbid;
    JET_TABLEID table;
    uint32_t count;
    MUST(JetAttachDatabase(session, b->database, 0));
    MUST(JetOpenDatabase(session, b->database, NULL, &dbid, 0));
    MUST(JetOpenTable(session, dbid, "account", NULL, 0, 0, &table));
    MUST(JetIndexRecordCount(session, table, &count, 0));
    MUST(JetCloseTable(session, table));
    return count;
}

static void run(const char *folder, int threads, double seconds, const char *set)
{
    struct bank b = {0};
    struct teller tellers[THREADS_MOST];
    pthread_t ids[THREADS_MOST];
    JET_SESID session;
    int backups = 0;
    start(&b, folder);
    MUST(JetBeginSession(b.instance, &session, NULL, NULL));
    b.accounts = count_accounts(&b, session);
    for (int i = 0; i < threads; i++) {
        tellers[i] = (struct teller){&b, (unsigned)i * 7919u + (unsigned)time(NULL)};
        if (pthread_create(&ids[i], NULL, transfer, &tellers[i]) != 0)
            exit(1);
    }
    double from = now(), last = from;
    for (uint64_t before = 0; now() - from < seconds;) {
        usleep(100000);
        if (now() - last >= 1) {
            uint64_t count = atomic_load(&b.transfers);
            printf("  %4.0f s  %8llu transfers  %6.0f/s  %llu conflicts\n", now() - from, (unsigned long long)count, (double)(count - before) / (now() - last),
                   (unsigned long long)atomic_load(&b.conflicts));
            fflush(stdout);
            before = count;
            last = now();
        }
        if (set != NULL && backups == 0 && now() - from > seconds / 3) {
            backup(&b, set, "full", 0);
            backups++;
        } else if (set != NULL && backups == 1 && now() - from > 2 * seconds / 3) {
            backup(&b, set, "incremental", JET_bitBackupIncremental);
            backups++;
        }
    }
    printf("  %llu transfers, each durable when it returned; now the process is killed\n", (unsigned long long)atomic_load(&b.transfers));
    fflush(stdout);
    kill(getpid(), SIGKILL);
}

/* --- check --- */

static int check(const char *folder)
{
    struct bank b = {0};
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID table;
    JET_ERR err;
    int64_t sum = 0, value;
    uint32_t accounts = 0, entries = 0, actual;
    double from = now();
    start(&b, folder);
    double seconds = now() - from;
    MUST(JetBeginSession(b.instance, &session, NULL, NULL));
    MUST(JetAttachDatabase(session, b.database, 0));
    MUST(JetOpenDatabase(session, b.database, NULL, &dbid, 0));
    MUST(JetOpenTable(session, dbid, "account", NULL, 0, 0, &table));
    JET_COLUMNID money = column(session, table, "balance");
    for (err = JetMove(session, table, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(session, table, JET_MoveNext, 0), accounts++) {
        MUST(JetRetrieveColumn(session, table, money, &value, sizeof value, &actual, 0, NULL));
        sum += value;
    }
    MUST(JetOpenTable(session, dbid, "journal", NULL, 0, 0, &table));
    MUST(JetIndexRecordCount(session, table, &entries, 0));
    MUST(JetTerm2(b.instance, JET_bitTermComplete));
    bool is_right = sum == (int64_t)accounts * OPENING_BALANCE && accounts > 0;
    printf("started in %.2f s: %u accounts, %u transfers in the journal, %lld in the bank: %s\n", seconds, accounts, entries, (long long)sum, is_right ? "right" : "WRONG");
    return is_right ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "create") == 0)
        create(argv[2], atoi(argv[3]));
    else if (argc >= 5 && strcmp(argv[1], "run") == 0 && atoi(argv[3]) > 0 && atoi(argv[3]) <= THREADS_MOST)
        run(argv[2], atoi(argv[3]), atof(argv[4]), argc > 5 ? argv[5] : NULL);
    else if (argc == 3 && strcmp(argv[1], "check") == 0)
        return check(argv[2]);
    else {
        fprintf(stderr, "bank create FOLDER ACCOUNTS | run FOLDER THREADS SECONDS [SET] | check FOLDER\n");
        return 2;
    }
    return 0;
}
