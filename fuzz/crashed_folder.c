/* Leaves a small database with its logs as a crash does: rows put in, changed and deleted by two sessions, an index made late, long values, a transaction that is still open. For
 * the inputs of fuzz_replay.
 *
 * Usage: crashed_folder FOLDER PAGE_SIZE SEED */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "esent.h"

enum { ROWS = 60, ROUNDS = 30, LOG_KIB = 64, TEXT_MAX = 900 };

struct client {
    JET_INSTANCE instance;
    JET_SESID session[2];
    JET_TABLEID table[2];
    JET_COLUMNID key, text, longer;
    unsigned random;
};

static void must(JET_ERR err, const char *what)
{
    if (err < 0) {
        fprintf(stderr, "%s: %d\n", what, (int)err);
        exit(1);
    }
}

static unsigned any(struct client *c, unsigned below)
{
    c->random = c->random * 1664525u + 1013904223u;
    return (c->random >> 8) % below;
}

static void start(struct client *c, const char *folder, unsigned page_size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/", folder);
    must(JetSetSystemParameterA(NULL, 0, JET_paramDatabasePageSize, page_size, NULL), "page size");
    must(JetCreateInstanceA(&c->instance, "fuzz"), "instance");
    must(JetSetSystemParameterA(&c->instance, 0, JET_paramLogFilePath, 0, path), "log folder");
    must(JetSetSystemParameterA(&c->instance, 0, JET_paramSystemPath, 0, path), "system folder");
    must(JetSetSystemParameterA(&c->instance, 0, JET_paramTempPath, 0, path), "temporary folder");
    must(JetSetSystemParameterA(&c->instance, 0, JET_paramLogFileSize, LOG_KIB, NULL), "log size");
    must(JetSetSystemParameterA(&c->instance, 0, JET_paramCacheSizeMax, 64, NULL), "cache");
    must(JetInit(&c->instance), "start");
}

static void make_table(struct client *c, const char *folder)
{
    char path[1024];
    JET_DBID db;
    JET_COLUMNDEF key = {.cbStruct = sizeof key, .coltyp = JET_coltypLong}, text = {.cbStruct = sizeof text, .coltyp = JET_coltypBinary, .cbMax = 255},
                  longer = {.cbStruct = sizeof longer, .coltyp = JET_coltypLongBinary};
    snprintf(path, sizeof path, "%s/data.edb", folder);
    must(JetBeginSessionA(c->instance, &c->session[0], NULL, NULL), "session");
    must(JetBeginSessionA(c->instance, &c->session[1], NULL, NULL), "session");
    must(JetCreateDatabaseA(c->session[0], path, NULL, &db, 0), "database");
    must(JetOpenDatabaseA(c->session[1], path, NULL, &db, 0), "database");
    must(JetCreateTableA(c->session[0], db, "rows", 1, 100, &c->table[0]), "table");
    must(JetAddColumnA(c->session[0], c->table[0], "key", &key, NULL, 0, &c->key), "column");
    must(JetAddColumnA(c->session[0], c->table[0], "text", &text, NULL, 0, &c->text), "column");
    must(JetAddColumnA(c->session[0], c->table[0], "longer", &longer, NULL, 0, &c->longer), "column");
    must(JetCreateIndexA(c->session[0], c->table[0], "primary", JET_bitIndexPrimary, "+key\0", 6, 100), "index");
    must(JetCloseTable(c->session[0], c->table[0]), "close");
    for (int i = 0; i < 2; i++)
        must(JetOpenTableA(c->session[i], db, "rows", NULL, 0, 0, &c->table[i]), "open");
}

static void put(struct client *c, int who, int key, unsigned prepare)
{
    unsigned char bytes[6000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i % 7 == 0 ? any(c, 256) : 0);
    must(JetPrepareUpdate(c->session[who], c->table[who], prepare), "prepare");
    if (prepare == JET_prepInsert)
        must(JetSetColumn(c->session[who], c->table[who], c->key, &key, sizeof key, 0, NULL), "key");
    must(JetSetColumn(c->session[who], c->table[who], c->text, bytes, any(c, 255), 0, NULL), "text");
    if (any(c, 8) == 0)
        must(JetSetColumn(c->session[who], c->table[who], c->longer, bytes, any(c, sizeof bytes), 0, NULL), "longer");
    JET_ERR err = JetUpdate(c->session[who], c->table[who], NULL, 0, NULL);
    if (err == JET_errKeyDuplicate)
        err = JetPrepareUpdate(c->session[who], c->table[who], JET_prepCancel);
    must(err, "update");
}

static int seek(struct client *c, int who, int key)
{
    must(JetMakeKey(c->session[who], c->table[who], &key, sizeof key, JET_bitNewKey), "key");
    return JetSeek(c->session[who], c->table[who], JET_bitSeekEQ) >= 0;
}

static void work(struct client *c)
{
    for (int round = 0; round < ROUNDS; round++) {
        int who = round % 2;
        must(JetBeginTransaction(c->session[who]), "begin");
        for (int i = 0; i < 4; i++) {
            int key = (int)any(c, ROWS) * 2 + who;
            if (!seek(c, who, key))
                put(c, who, key, JET_prepInsert);
            else if (any(c, 4) == 0)
                must(JetDelete(c->session[who], c->table[who]), "delete");
            else
                put(c, who, key, JET_prepReplace);
        }
        if (round == ROUNDS / 2)
            must(JetCreateIndexA(c->session[who], c->table[who], "by_text", 0, "+text\0", 7, 100), "index");
        must(any(c, 6) == 0 ? JetRollback(c->session[who], 0) : JetCommitTransaction(c->session[who], 0), "end");
    }
    /* Left open; a commit of the other session brings it to the disk. */
    must(JetBeginTransaction(c->session[0]), "begin");
    put(c, 0, 1000, JET_prepInsert);
    if (seek(c, 0, 2))
        must(JetDelete(c->session[0], c->table[0]), "delete");
    must(JetBeginTransaction(c->session[1]), "begin");
    put(c, 1, 1001, JET_prepInsert);
    must(JetCommitTransaction(c->session[1], 0), "commit");
}

int main(int count, char **arguments)
{
    struct client c = {0};
    if (count != 4)
        return 2;
    c.random = (unsigned)strtoul(arguments[3], NULL, 0);
    start(&c, arguments[1], (unsigned)strtoul(arguments[2], NULL, 0));
    make_table(&c, arguments[1]);
    work(&c);
    _exit(0); /* the crash */
}
