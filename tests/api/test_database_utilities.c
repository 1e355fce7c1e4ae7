/* The entry point of the offline tools (src/api/jet_utilities.c).
 *
 * Calls: JetDBUtilities */
#define ESENT_PRIVATE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "plain_instance.h"
#include "shared_data.h"

static char path[] = "utility.edb", copy[] = "compacted.edb", damaged[] = "damaged.edb", nowhere[] = "nowhere.edb";
static JET_INSTANCE instance;
static JET_SESID session;
static unsigned begun, completed, progressed;

static JET_ERR JET_API status(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *data)
{
    (void)sesid, (void)data;
    assert_true(snp == JET_snpRepair || snp == JET_snpCompact);
    begun += snt == JET_sntBegin;
    completed += snt == JET_sntComplete;
    progressed += snt == JET_sntProgress;
    return JET_errSuccess;
}

static JET_ERR utility(DBUTIL_OP operation, char *database, char *target, JET_GRBIT grbit)
{
    JET_PFNSTATUS function = status;
    JET_DBUTIL_A argument = {.cbStruct = sizeof argument, .sesid = session, .op = operation, .grbitOptions = grbit};
    argument.szDatabase = database;
    argument.szTable = target;
    memcpy(&argument.pfnCallback, &function, sizeof function);
    return JetDBUtilitiesA(&argument);
}

static int start(void **state)
{
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNID id;
    char value[500];
    const JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLongBinary};
    (void)state;
    instance = plain_start("utilities");
    session = plain_session(instance);
    assert_good(JetCreateDatabase(session, path, NULL, &dbid, JET_bitDbOverwriteExisting));
    assert_good(JetCreateTable(session, dbid, "table", 4, 80, &table));
    assert_good(JetAddColumn(session, table, "value", &definition, NULL, 0, &id));
    memset(value, 'v', sizeof value);
    for (int i = 0; i < 50; i++) {
        assert_good(JetBeginTransaction(session));
        assert_good(JetPrepareUpdate(session, table, JET_prepInsert));
        assert_good(JetSetColumn(session, table, id, value, sizeof value, 0, NULL));
        assert_good(JetUpdate(session, table, NULL, 0, NULL));
        assert_good(JetCommitTransaction(session, 0));
    }
    assert_good(JetCloseTable(session, table));
    assert_good(JetCloseDatabase(session, dbid, 0));
    assert_good(JetDetachDatabase(session, path));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    plain_stop(instance);
    return 0;
}

static void the_argument_is_checked(void **state)
{
    JET_DBUTIL_A argument = {.cbStruct = sizeof argument - 1, .sesid = session, .op = opDBUTILDumpHeader};
    (void)state;
    assert_err(JetDBUtilitiesA(NULL), JET_errInvalidParameter);
    assert_err(JetDBUtilitiesA(&argument), JET_errInvalidParameter);
    argument.cbStruct = UINT32_MAX;
    assert_err(JetDBUtilitiesA(&argument), JET_errInvalidParameter);
    for (int operation = opDBUTILConsistency; operation <= opDBUTILDumpMetaData; operation++)
        assert_err(utility((DBUTIL_OP)operation, NULL, NULL, 0), JET_errDatabaseInvalidName);
    assert_err(utility(opDBUTILEDBRepair, (char[]){0}, NULL, 0), JET_errDatabaseInvalidName);
    assert_err(utility(opDBUTILConsistency, path, NULL, 0), JET_errFeatureNotAvailable);
    assert_err(utility(opDBUTILConsistency, nowhere, NULL, 0), JET_errFileNotFound);
    assert_good(utility(opDBUTILDumpLogfileTrackNode, nowhere, NULL, 0));
    argument = (JET_DBUTIL_A){.cbStruct = sizeof argument, .op = opDBUTILEDBRepair};
    argument.szDatabase = path;
    assert_err(JetDBUtilitiesA(&argument), JET_errInvalidSesid);
}

static void a_sound_database_is_found_sound(void **state)
{
    (void)state;
    begun = completed = progressed = 0;
    assert_good(utility(opDBUTILEDBRepair, path, NULL, JET_bitDBUtilOptionDontRepair));
    assert_int_equal(begun, 1);
    assert_int_equal(completed, 1);
    assert_true(progressed > 0);
    assert_good(utility(opDBUTILDumpHeader, path, NULL, 0));
}

static void damage_is_found(void **state)
{
    static uint8_t bytes[1 << 20];
    (void)state;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    bytes[4096 * 6 + 1000] ^= 0x55; /* of the catalog */
    f = fopen(damaged, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
    assert_true(utility(opDBUTILEDBRepair, damaged, NULL, JET_bitDBUtilOptionDontRepair) < 0);
    assert_err(utility(opDBUTILEDBRepair, nowhere, NULL, JET_bitDBUtilOptionDontRepair), JET_errFileNotFound);
    begun = completed = progressed = 0;
    assert_err(utility(opDBUTILEDBRepair, damaged, NULL, 0), JET_wrnDatabaseRepaired);
    assert_true(begun == 1 && completed == 1 && progressed > 0);
    assert_good(utility(opDBUTILEDBRepair, damaged, NULL, JET_bitDBUtilOptionDontRepair));
    assert_good(utility(opDBUTILEDBRepair, damaged, NULL, 0));
    assert_err(utility(opDBUTILEDBRepair, nowhere, NULL, 0), JET_errFileNotFound);
}

static void a_database_is_compacted_and_trimmed(void **state)
{
    (void)state;
    (void)remove(copy); /* of another run */
    assert_err(utility(opDBUTILDBDefragment, path, NULL, 0), JET_errDatabaseInvalidName);
    assert_good(utility(opDBUTILDBDefragment, path, copy, 0));
    assert_good(utility(opDBUTILEDBRepair, copy, NULL, JET_bitDBUtilOptionDontRepair));
    assert_int_equal(access(copy, R_OK), 0);
    assert_true(utility(opDBUTILDBTrim, path, NULL, 0) >= 0);
    assert_good(utility(opDBUTILEDBRepair, path, NULL, JET_bitDBUtilOptionDontRepair));
}

static void an_attachment_of_the_caller_stays(void **state)
{
    JET_DBID dbid;
    (void)state;
    (void)remove(copy);
    assert_good(JetAttachDatabase(session, path, JET_bitDbReadOnly));
    assert_good(utility(opDBUTILEDBRepair, path, NULL, JET_bitDBUtilOptionDontRepair));
    assert_good(utility(opDBUTILDBDefragment, path, copy, 0));
    assert_err(utility(opDBUTILConsistency, path, NULL, 0), JET_errFeatureNotAvailable);
    assert_good(JetOpenDatabase(session, path, NULL, &dbid, JET_bitDbReadOnly));
    assert_good(JetCloseDatabase(session, dbid, 0));
    assert_good(JetDetachDatabase(session, path));
}

static void files_of_other_kinds_are_checked(void **state)
{
    (void)state;
    assert_err(utility(opDBUTILDumpCheckpoint, nowhere, NULL, 0), JET_errCheckpointFileNotFound);
    assert_true(utility(opDBUTILDumpCheckpoint, path, NULL, 0) < 0);
    assert_true(utility(opDBUTILDumpLogfile, path, NULL, 0) < 0);
    assert_err(utility(opDBUTILDumpLogfile, nowhere, NULL, 0), JET_errFileNotFound);
    assert_true(utility(opDBUTILDumpRBSHeader, path, NULL, 0) <= 0); /* a database has a header of the same kind */
    assert_err(utility(opDBUTILDumpRBSHeader, nowhere, NULL, 0), JET_errFileNotFound);
}

static void a_call_without_a_session_makes_its_own(void **state)
{
    char16_t wide[] = u"utility.edb";
    JET_DBUTIL_W argument = {.cbStruct = sizeof argument, .op = opDBUTILDumpHeader};
    (void)state;
    argument.szDatabase = wide;
    assert_good(JetDBUtilitiesW(&argument));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_argument_is_checked),
        cmocka_unit_test(a_sound_database_is_found_sound),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(a_database_is_compacted_and_trimmed),
        cmocka_unit_test(an_attachment_of_the_caller_stays),
        cmocka_unit_test(files_of_other_kinds_are_checked),
        cmocka_unit_test(a_call_without_a_session_makes_its_own),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
