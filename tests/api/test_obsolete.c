/* Functions that ESENT itself has given up: exported, and always answering the same, whatever they are given. */
#define ESENT_PRIVATE
#include "cmocka_all.h"
#include "plain_instance.h"
#include "shared_data.h"

static void streaming_files_are_not_available(void **state)
{
    JET_DBID dbid = JET_dbidNil;
    JET_INSTANCE instance = plain_start("obsolete");
    JET_SESID session = plain_session(instance);
    (void)state;
    assert_err(JetAttachDatabaseWithStreaming(session, "a.edb", "a.stm", NULL, 0, 0), JET_errFeatureNotAvailable);
    assert_err(JetAttachDatabaseWithStreamingW(session, u"a.edb", u"a.stm", NULL, 0, 0), JET_errFeatureNotAvailable);
    assert_err(JetCreateDatabaseWithStreaming(session, "a.edb", "a.stm", NULL, 0, &dbid, 0), JET_errFeatureNotAvailable);
    assert_err(JetCreateDatabaseWithStreamingW(session, u"a.edb", u"a.stm", NULL, 0, &dbid, 0), JET_errFeatureNotAvailable);
    assert_int_equal(dbid, JET_dbidNil);
    plain_stop(instance);
}

static void a_commit_has_one_phase(void **state)
{
    JET_INSTANCE instance = plain_start("phase");
    JET_SESID session = plain_session(instance);
    (void)state;
    assert_good(JetBeginTransaction(session));
    assert_err(JetPrepareToCommitTransaction(session, "data", 4, 0), JET_errFeatureNotAvailable);
    assert_good(JetCommitTransaction(session, 0)); /* as if nothing had been asked */
    plain_stop(instance);
}

static void old_snapshots_are_not_implemented(void **state)
{
    (void)state;
    assert_int_equal(JetSnapshotStart(0, "a.edb", 0), JET_wrnNyi);
    assert_int_equal(JetSnapshotStop(0, 0), JET_wrnNyi);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streaming_files_are_not_available),
        cmocka_unit_test(a_commit_has_one_phase),
        cmocka_unit_test(old_snapshots_are_not_implemented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
