/* A bank on OpenESE: accounts, writers that transfer money between them, a control socket through which another process backs the bank up meanwhile, and a check
 * that no money was made or lost.
 *
 *   bank create FOLDER ACCOUNTS             a new database; each account holds 1000, and a letter of about 500 bytes
 *   bank serve FOLDER THREADS SOCKET LOG    writers transfer until the process is killed, which is the only way it ends; `ese backup --socket SOCKET` backs it up.
 *                                           LOG gets lines "seconds since 1970, transfers so far", the figure being what is durable at least
 *   bank check FOLDER [LEAST MOST]          recovers if need be, and adds everything up: each account must hold what the journal says. With LEAST and MOST: the
 *                                           journal has that many transfers
 *
 * Each transfer is one transaction of two changed accounts and one row in the journal, durable when it returns. Uses only esent.h and esent_ext.h.
 */
#include <esent_ext.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OPENING_BALANCE = 1000, THREADS_MOST = 16, LETTER_MOST = 600, CREATE_BATCH = 1000 };

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
                                  {.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = "balance", .coltyp = JET_coltypLongLong},
                                  {.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = "letter", .coltyp = JET_coltypLongBinary}};
    JET_COLUMNCREATE journal[] = {{.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = "id", .coltyp = JET_coltypLongLong, .grbit = JET_bitColumnAutoincrement},
                                  {.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = "from", .coltyp = JET_coltypLong},
                                  {.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = "to", .coltyp = JET_coltypLong},
                                  {.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = "amount", .coltyp = JET_coltypLongLong}};
    JET_INDEXCREATE by_id = {.cbStruct = sizeof by_id, .szIndexName = "by_id", .szKey = "+id\0", .cbKey = 5, .grbit = JET_bitIndexPrimary | JET_bitIndexUnique, .ulDensity = 90};
    JET_INDEXCREATE journal_indexes[] = {by_id, {.cbStruct = sizeof by_id, .szIndexName = "by_from", .szKey = "+from\0", .cbKey = 7, .ulDensity = 90}};
    JET_TABLECREATE tables[] = {{.cbStruct = sizeof(JET_TABLECREATE), .szTableName = "account", .ulPages = 1, .ulDensity = 90, .rgcolumncreate = account, .cColumns = 3, .rgindexcreate = &by_id, .cIndexes = 1},
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
    unsigned seed = 1;
    uint8_t letter[LETTER_MOST];
    start(&b, folder);
    MUST(JetBeginSession(b.instance, &session, NULL, NULL));
    MUST(JetCreateDatabase(session, b.database, NULL, &dbid, 0));
    create_tables(session, dbid);
    MUST(JetOpenTable(session, dbid, "account", NULL, 0, 0, &table));
    JET_COLUMNID id = column(session, table, "id"), money = column(session, table, "balance"), text = column(session, table, "letter");
    MUST(JetBeginTransaction(session));
    for (int32_t i = 0; i < accounts; i++) {
        MUST(JetPrepareUpdate(session, table, JET_prepInsert));
        MUST(JetSetColumn(session, table, id, &i, sizeof i, 0, NULL));
        MUST(JetSetColumn(session, table, money, &balance, sizeof balance, 0, NULL));
        for (size_t k = 0; k < sizeof letter; k++)
            letter[k] = (uint8_t)(rand_r(&seed) >> 8);
        MUST(JetSetColumn(session, table, text, letter, 400 + (uint32_t)i % 200, 0, NULL));
        MUST(JetUpdate(session, table, NULL, 0, NULL));
        if (i % CREATE_BATCH == CREATE_BATCH - 1) {
            MUST(JetCommitTransaction(session, JET_bitCommitLazyFlush));
            MUST(JetBeginTransaction(session));
        }
    }
    MUST(JetCommitTransaction(session, 0));
    MUST(JetTerm2(b.instance, JET_bitTermComplete));
    printf("%d accounts of %d: %lld in the bank\n", (int)accounts, OPENING_BALANCE, (long long)accounts * OPENING_BALANCE);
}

/* --- serve --- */

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
    for (;;) {
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

/* The figure is read after the time: every transfer it counts had returned by a later moment, and all that had returned at this one are in it. */
static _Noreturn void log_transfers(struct bank *b, const char *path)
{
    FILE *log = fopen(path, "w");
    if (log == NULL) {
        perror(path);
        exit(1);
    }
    for (;;) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        fprintf(log, "%lld.%03ld %llu\n", (long long)t.tv_sec, t.tv_nsec / 1000000, (unsigned long long)atomic_load(&b->transfers));
        fflush(log);
        usleep(20000);
    }
}

static _Noreturn void serve(const char *folder, int threads, const char *socket, const char *log)
{
    static struct bank b;
    static struct teller tellers[THREADS_MOST];
    pthread_t id;
    JET_SESID session;
    start(&b, folder);
    MUST(JetBeginSession(b.instance, &session, NULL, NULL));
    b.accounts = count_accounts(&b, session);
    for (int i = 0; i < threads; i++) {
        tellers[i] = (struct teller){&b, (unsigned)i * 7919u + (unsigned)time(NULL)};
        if (pthread_create(&id, NULL, transfer, &tellers[i]) != 0)
            exit(1);
    }
    MUST(JetxServeControl(b.instance, socket));
    log_transfers(&b, log);
}

/* --- check --- */

/* What the journal says that each account should hold: in *expected, as many as there are accounts. Returns the number of transfers. */
static uint32_t replay_journal(JET_SESID session, JET_DBID dbid, int64_t *expected, uint32_t accounts)
{
    JET_TABLEID table;
    uint32_t entries = 0;
    JET_ERR err;
    MUST(JetOpenTable(session, dbid, "journal", NULL, 0, 0, &table));
    MUST(JetSetTableSequential(session, table, 0));
    const JET_COLUMNID from = column(session, table, "from"), to = column(session, table, "to"), amount = column(session, table, "amount");
    for (err = JetMove(session, table, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(session, table, JET_MoveNext, 0), entries++) {
        int32_t a = -1, b = -1;
        int64_t money = 0;
        JET_RETRIEVECOLUMN wanted[] = {{.columnid = from, .pvData = &a, .cbData = sizeof a, .itagSequence = 1},
                                       {.columnid = to, .pvData = &b, .cbData = sizeof b, .itagSequence = 1},
                                       {.columnid = amount, .pvData = &money, .cbData = sizeof money, .itagSequence = 1}};
        MUST(JetRetrieveColumns(session, table, wanted, 3));
        if (a < 0 || b < 0 || (uint32_t)a >= accounts || (uint32_t)b >= accounts)
            continue; /* shows in the sums */
        expected[a] -= money;
        expected[b] += money;
    }
    MUST(JetCloseTable(session, table));
    return entries;
}

static int check(const char *folder, unsigned long least, unsigned long most)
{
    struct bank b = {0};
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID table;
    int64_t sum = 0, value;
    uint32_t wrong = 0, seen = 0, actual;
    double from = now();
    start(&b, folder);
    double seconds = now() - from;
    MUST(JetBeginSession(b.instance, &session, NULL, NULL));
    b.accounts = count_accounts(&b, session);
    MUST(JetOpenDatabase(session, b.database, NULL, &dbid, 0));
    int64_t *expected = (int64_t *)calloc((size_t)b.accounts + 1, sizeof *expected);
    if (expected == NULL)
        exit(1);
    uint32_t entries = replay_journal(session, dbid, expected, b.accounts);
    MUST(JetOpenTable(session, dbid, "account", NULL, 0, 0, &table));
    JET_COLUMNID money = column(session, table, "balance");
    for (JET_ERR err = JetMove(session, table, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(session, table, JET_MoveNext, 0), seen++) {
        MUST(JetRetrieveColumn(session, table, money, &value, sizeof value, &actual, 0, NULL));
        sum += value;
        wrong += seen < b.accounts && value != OPENING_BALANCE + expected[seen];
    }
    MUST(JetTerm2(b.instance, JET_bitTermComplete));
    free(expected);
    bool is_right = sum == (int64_t)seen * OPENING_BALANCE && seen > 0 && seen == b.accounts && wrong == 0, is_within = entries >= least && entries <= most;
    printf("started in %.2f s: %u accounts, %lld in the bank: %s; %u accounts that differ from the journal; %u transfers: %s\n", seconds, seen, (long long)sum,
           is_right ? "right" : "WRONG", wrong, entries, is_within ? "as many as there must be" : "NOT AS MANY AS THERE MUST BE");
    return is_right && is_within ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "create") == 0)
        create(argv[2], atoi(argv[3]));
    else if (argc == 6 && strcmp(argv[1], "serve") == 0 && atoi(argv[3]) > 0 && atoi(argv[3]) <= THREADS_MOST)
        serve(argv[2], atoi(argv[3]), argv[4], argv[5]);
    else if (argc == 3 && strcmp(argv[1], "check") == 0)
        return check(argv[2], 0, UINT32_MAX);
    else if (argc == 5 && strcmp(argv[1], "check") == 0)
        return check(argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
    else {
        fprintf(stderr, "bank create FOLDER ACCOUNTS | serve FOLDER THREADS SOCKET LOG | check FOLDER [LEAST MOST]\n");
        return 2;
    }
    return 0;
}
