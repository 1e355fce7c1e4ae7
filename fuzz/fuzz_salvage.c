/* A damaged database from anywhere, repaired: no input may crash, hang, leak or take memory without bound, and what the repair makes can be attached.
 *
 * The input says how a small database, made when the fuzzer starts, is damaged:
 *
 *   input := options(1) change*           change := page(1) offset(2) length(1) bytes
 *     page 0 and 1: the headers. A change beyond the page is cut off.
 *
 * Checksums of changed pages are made right, as the fuzzer does not find them, unless the options say otherwise. Files are in $TMPDIR. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "database/database.h"
#include "engine/engine.h"
#include "engine/repair.h"
#include "format/checksum.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAGE_SIZE = 4096, ROWS = 120, VALUE_SIZE = 9000, CHANGE_HEADER = 4 };
enum { OPTION_BAD_CHECKSUMS = 1, OPTION_TRUST = 2, OPTION_TRUNCATE = 4 };
static struct {
    char folder[256], original[300], damaged[300], repaired[300];
    uint8_t *good, *bytes;
    size_t size;
    JET_INSTANCE instance;
    JET_SESID session;
} world;

static void must(JET_ERR err)
{
    if (err >= 0)
        return;
    fprintf(stderr, "fuzz_salvage: %d\n", (int)err);
    abort();
}

static void set_up_table(JET_DBID dbid)
{
    static char key[] = "+id\0", by_text[] = "+text\0", id_name[] = "id", text_name[] = "text", blob_name[] = "blob", primary_name[] = "primary", index_name[] = "by_text", name[] = "T";
    JET_COLUMNCREATE columns[] = {
        {.cbStruct = sizeof *columns, .szColumnName = id_name, .coltyp = JET_coltypLong, .grbit = JET_bitColumnFixed},
        {.cbStruct = sizeof *columns, .szColumnName = text_name, .coltyp = JET_coltypText, .cbMax = 200, .cp = 1252},
        {.cbStruct = sizeof *columns, .szColumnName = blob_name, .coltyp = JET_coltypLongBinary},
    };
    JET_INDEXCREATE indexes[] = {
        {.cbStruct = sizeof *indexes, .szIndexName = primary_name, .szKey = key, .cbKey = sizeof key, .grbit = JET_bitIndexPrimary, .ulDensity = 80},
        {.cbStruct = sizeof *indexes, .szIndexName = index_name, .szKey = by_text, .cbKey = sizeof by_text, .grbit = JET_bitIndexUnique, .ulDensity = 80},
    };
    JET_TABLECREATE table = {.cbStruct = sizeof table, .szTableName = name, .ulPages = 1, .rgcolumncreate = columns, .cColumns = 3, .rgindexcreate = indexes, .cIndexes = 2};
    uint8_t blob[VALUE_SIZE];
    char text[128];
    must(JetBeginTransaction(world.session));
    must(JetCreateTableColumnIndexA(world.session, dbid, &table));
    for (int32_t i = 0; i < ROWS; i++) {
        memset(blob, i, sizeof blob);
        int length = snprintf(text, sizeof text, "%03d %090d", i * 7 % ROWS, i);
        must(JetPrepareUpdate(world.session, table.tableid, JET_prepInsert));
        must(JetSetColumn(world.session, table.tableid, columns[0].columnid, &i, sizeof i, 0, NULL));
        must(JetSetColumn(world.session, table.tableid, columns[1].columnid, text, (uint32_t)length, 0, NULL));
        if (i % 20 == 0)
            must(JetSetColumn(world.session, table.tableid, columns[2].columnid, blob, sizeof blob, 0, NULL));
        must(JetUpdate(world.session, table.tableid, NULL, 0, NULL));
    }
    must(JetCommitTransaction(world.session, 0));
    must(JetCloseTable(world.session, table.tableid));
}

static void remember(void)
{
    FILE *f = fopen(world.original, "re");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0)
        abort();
    world.size = (size_t)ftell(f);
    world.good = (uint8_t *)malloc(world.size);
    world.bytes = (uint8_t *)malloc(world.size);
    rewind(f);
    if (world.good == NULL || world.bytes == NULL || fread(world.good, 1, world.size, f) != world.size)
        abort();
    fclose(f);
}

static void tear_down(void)
{
    must(JetTerm2(world.instance, JET_bitTermComplete));
    unlink(world.original);
    unlink(world.damaged);
    unlink(world.repaired);
    rmdir(world.folder);
    free(world.good);
    free(world.bytes);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    JET_DBID dbid;
    const char *top = getenv("TMPDIR");
    (void)argc;
    (void)argv;
    snprintf(world.folder, sizeof world.folder, "%.200s/salvageXXXXXX", top != NULL ? top : "/tmp");
    if (mkdtemp(world.folder) == NULL)
        abort();
    snprintf(world.original, sizeof world.original, "%s/original", world.folder);
    snprintf(world.damaged, sizeof world.damaged, "%s/damaged", world.folder);
    snprintf(world.repaired, sizeof world.repaired, "%s/repaired", world.folder);
    must(JetSetSystemParameterA(NULL, 0, JET_paramDatabasePageSize, PAGE_SIZE, NULL));
    must(JetCreateInstanceA(&world.instance, "fuzz"));
    must(JetSetSystemParameterA(&world.instance, 0, JET_paramRecovery, 0, "off"));
    must(JetSetSystemParameterA(&world.instance, 0, JET_paramEventLoggingLevel, 0, NULL));
    must(JetSetSystemParameterA(&world.instance, 0, JET_paramSystemPath, 0, world.folder));
    must(JetSetSystemParameterA(&world.instance, 0, JET_paramTempPath, 0, world.folder));
    must(JetSetSystemParameterA(&world.instance, 0, JET_paramMaxTemporaryTables, 0, NULL));
    must(JetInit(&world.instance));
    must(JetBeginSessionA(world.instance, &world.session, NULL, NULL));
    must(JetCreateDatabaseA(world.session, world.original, NULL, &dbid, 0));
    set_up_table(dbid);
    must(JetCloseDatabase(world.session, dbid, 0));
    must(JetDetachDatabaseA(world.session, world.original));
    remember();
    atexit(tear_down);
    return 0;
}

/* Writes the damaged file: how long it is. */
static size_t damage(unsigned options, const uint8_t *data, size_t size)
{
    memcpy(world.bytes, world.good, world.size);
    while (size >= CHANGE_HEADER) {
        size_t page = data[0] % (world.size / PAGE_SIZE), offset = load_le16(data + 1) % PAGE_SIZE, length = data[3];
        data += CHANGE_HEADER;
        size -= CHANGE_HEADER;
        length = length > size ? size : length;
        size_t taken = length > PAGE_SIZE - offset ? PAGE_SIZE - offset : length;
        uint8_t *bytes = world.bytes + page * PAGE_SIZE;
        memcpy(bytes + offset, data, taken);
        data += length;
        size -= length;
        if ((options & OPTION_BAD_CHECKSUMS) != 0)
            continue;
        if (page < 2)
            store_le32(bytes, checksum_header(bytes, PAGE_SIZE));
        else if (!is_all_zero(bytes, PAGE_SIZE))
            checksum_store_page(bytes, PAGE_SIZE, (uint32_t)page - 1);
    }
    return (options & OPTION_TRUNCATE) != 0 ? world.size / 2 + options * 64 : world.size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session *session = NULL;
    struct repair_report report;
    if (size == 0)
        return 0;
    const struct repair_options options = {.trust_bad_checksums = (data[0] & OPTION_TRUST) != 0};
    size_t written = damage(data[0], data + 1, size - 1);
    FILE *f = fopen(world.damaged, "we");
    if (f == NULL || fwrite(world.bytes, 1, written, f) != written || fclose(f) != 0)
        abort();
    unlink(world.repaired);
    must(engine_enter_session(world.session, 0, &session));
    JET_ERR err = engine_repair(session, world.damaged, world.repaired, &options, &report);
    engine_leave_session(session);
    if (err < 0) {
        if (access(world.repaired, F_OK) == 0)
            abort(); /* no file that looks like a database is left behind */
        return 0;
    }
    must(JetAttachDatabaseA(world.session, world.repaired, JET_bitDbReadOnly));
    must(JetDetachDatabaseA(world.session, world.repaired));
    return 0;
}
