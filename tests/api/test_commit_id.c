/* Commit ids and the callback that tells which commits are durable (reference page of JetCommitTransaction2; instance-and-session 12), and the caller's words at cursors and tables
 * with the callback that gives them back (reference pages of JetSetLS and JetGetLS). */
#include "cmocka_all.h"

#define ESENT_PRIVATE
#include <stdatomic.h>
#include <string.h>

#include "live_instance.h"
#include "os/thread.h"
#include "sample_table.h"
#include "shared_data.h"

enum { WAIT_MS = 5000, WORDS_MAX = 16 };

static atomic_int_least64_t newest;
static atomic_uint calls;
static JET_SIGNATURE told_log;
static JET_SESID inside; /* a session to be used from the callback */

static JET_ERR JET_API note_durable(JET_INSTANCE instance, JET_COMMIT_ID *id, JET_GRBIT grbit)
{
    (void)instance;
    told_log = id->signLog;
    if (grbit == 0 && id->commitId > atomic_load(&newest))
        atomic_store(&newest, id->commitId);
    if (inside != 0) {
        JET_SESID session = inside;
        uint32_t version;
        inside = 0;
        assert_good(JetGetVersion(session, &version));
    }
    atomic_fetch_add(&calls, 1);
    return JET_errInvalidParameter; /* is ignored */
}

static struct {
    JET_CBTYP type;
    JET_LS word;
} words[WORDS_MAX];
static unsigned word_count;

static JET_ERR JET_API note_word(JET_SESID session, JET_DBID dbid, JET_TABLEID table, JET_CBTYP type, void *first, void *second, void *context, JET_API_PTR unused)
{
    if (type == JET_cbtypNull)
        return JET_errSuccess;
    assert_true(session == JET_sesidNil && dbid == JET_dbidNil && table == JET_tableidNil && second == NULL && context == NULL && unused == 0);
    assert_true(word_count < WORDS_MAX);
    words[word_count].type = type;
    words[word_count++].word = (JET_LS)first;
    return JET_errCallbackFailed; /* is ignored */
}

static void configure(JET_INSTANCE instance)
{
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramDurableCommitCallback, (JET_API_PTR)(uintptr_t)note_durable, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramRuntimeCallback, (JET_API_PTR)(uintptr_t)note_word, NULL));
}

static void set_up(struct sample *s)
{
    live_configure = configure;
    sample_start(s, 4096);
    live_configure = NULL;
    atomic_store(&newest, 0);
    atomic_store(&calls, 0);
    word_count = 0;
    inside = 0;
}

static void a_durable_commit_is_told_before_it_returns(void **state)
{
    struct sample s;
    JET_COMMIT_ID id, later;
    (void)state;
    set_up(&s);
    assert_good(JetBeginTransaction(s.session));
    insert_sample(&s, 1, 1, "one");
    inside = s.session; /* the callback may look at the session that commits */
    assert_good(JetCommitTransaction2(s.session, 0, 0, &id));
    assert_true(id.commitId > 0);
    assert_true(atomic_load(&newest) >= id.commitId);
    assert_int_equal(inside, 0);
    assert_memory_equal(&id.signLog, &told_log, sizeof told_log);
    assert_good(JetBeginTransaction(s.session));
    insert_sample(&s, 2, 2, "two");
    assert_good(JetCommitTransaction2(s.session, JET_bitCommitLazyFlush, 0, &later));
    assert_true(later.commitId > id.commitId); /* ids are in the order of the commits */
    assert_good(JetCommitTransaction(s.session, JET_bitWaitLastLevel0Commit));
    assert_true(atomic_load(&newest) >= later.commitId);
    sample_stop(&s);
}

static void a_lazy_commit_is_told_within_its_time(void **state)
{
    struct sample s;
    JET_COMMIT_ID id;
    (void)state;
    set_up(&s);
    assert_good(JetBeginTransaction(s.session));
    insert_sample(&s, 1, 1, "one");
    assert_good(JetCommitTransaction2(s.session, JET_bitCommitLazyFlush, 20, &id));
    for (int i = 0; i < WAIT_MS && atomic_load(&newest) < id.commitId; i++)
        thread_sleep_ms(1);
    assert_true(atomic_load(&newest) >= id.commitId);
    sample_stop(&s);
}

static void what_writes_nothing_or_ends_an_inner_level_has_no_id(void **state)
{
    struct sample s;
    JET_COMMIT_ID id;
    (void)state;
    set_up(&s);
    memset(&id, 0xAA, sizeof id);
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetBeginTransaction(s.session));
    insert_sample(&s, 1, 1, "one");
    unsigned before = atomic_load(&calls);
    assert_good(JetCommitTransaction2(s.session, 0, 0, &id));
    assert_int_equal(id.commitId, 0);
    assert_good(JetRollback(s.session, 0));
    assert_good(JetBeginTransaction(s.session));
    assert_good(seek_id(&s, s.table, 1) == JET_errRecordNotFound ? JET_errSuccess : JET_errInvalidParameter);
    assert_good(JetCommitTransaction2(s.session, 0, 0, &id));
    assert_int_equal(id.commitId, 0);
    assert_int_equal(atomic_load(&calls), before);
    assert_err(JetCommitTransaction2(s.session, 0, 0, &id), JET_errNotInTransaction);
    sample_stop(&s);
}

static void a_cursors_word_is_given_back_when_the_cursor_goes(void **state)
{
    struct sample s;
    JET_TABLEID second, third;
    JET_LS word = 0;
    (void)state;
    set_up(&s);
    assert_err(JetGetLS(s.session, s.table, &word, 0), JET_errLSNotSet);
    assert_good(JetGetLS(s.session, s.table, &word, JET_bitLSReset));
    assert_true(word == JET_LSNil);
    assert_good(JetSetLS(s.session, s.table, 11, JET_bitLSCursor));
    assert_err(JetSetLS(s.session, s.table, 12, 0), JET_errLSAlreadySet);
    assert_good(JetGetLS(s.session, s.table, &word, 0));
    assert_int_equal(word, 11);
    assert_good(JetSetLS(s.session, s.table, 99, JET_bitLSReset)); /* the value does not matter, and nobody is told */
    assert_err(JetGetLS(s.session, s.table, &word, 0), JET_errLSNotSet);
    assert_int_equal(word_count, 0);
    assert_good(JetDupCursor(s.session, s.table, &second, 0));
    assert_good(JetSetLS(s.session, second, 22, 0));
    assert_good(JetCloseTable(s.session, second));
    assert_int_equal(word_count, 1);
    assert_int_equal(words[0].type, JET_cbtypFreeCursorLS);
    assert_int_equal(words[0].word, 22);
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, 0, &third));
    assert_good(JetSetLS(s.session, third, 33, 0));
    assert_good(JetRollback(s.session, 0));
    assert_int_equal(word_count, 2);
    assert_int_equal(words[1].word, 33);
    assert_good(JetSetLS(s.session, s.table, 44, 0));
    sample_stop(&s);
    assert_int_equal(word_count, 3);
    assert_int_equal(words[2].word, 44);
}

static void a_tables_word_is_one_for_all_its_cursors_and_outlives_them(void **state)
{
    struct sample s;
    JET_TABLEID second;
    JET_LS word = 0;
    (void)state;
    set_up(&s);
    assert_err(JetSetLS(s.session, s.table, 1, JET_bitLSTable | JET_bitLSCursor), JET_errInvalidGrbit);
    assert_err(JetGetLS(s.session, s.table, &word, JET_bitLSTable | JET_bitLSCursor), JET_errInvalidGrbit);
    assert_err(JetGetLS(s.session, s.table, &word, JET_bitLSTable), JET_errLSNotSet);
    assert_good(JetSetLS(s.session, s.table, 71, JET_bitLSTable));
    assert_err(JetSetLS(s.session, s.table, 72, JET_bitLSTable), JET_errLSAlreadySet);
    assert_err(JetGetLS(s.session, s.table, &word, JET_bitLSCursor), JET_errLSNotSet); /* another word */
    assert_good(JetCloseTable(s.session, s.table));
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, 0, &second));
    assert_good(JetGetLS(s.session, second, &word, JET_bitLSTable));
    assert_int_equal(word, 71);
    assert_int_equal(word_count, 0);
    assert_good(JetGetLS(s.session, second, &word, JET_bitLSTable | JET_bitLSReset));
    assert_int_equal(word, 71);
    assert_good(JetSetLS(s.session, second, 73, JET_bitLSTable));
    s.table = second;
    sample_stop(&s);
    assert_int_equal(word_count, 1); /* the one taken away is the client's own */
    assert_int_equal(words[0].type, JET_cbtypFreeTableLS);
    assert_int_equal(words[0].word, 73);
}

static void a_temporary_tables_word_goes_with_its_last_cursor(void **state)
{
    struct sample s;
    JET_COLUMNDEF column = {.cbStruct = sizeof column, .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey};
    JET_COLUMNID id;
    JET_TABLEID table, copy;
    (void)state;
    set_up(&s);
    assert_good(JetOpenTempTable(s.session, &column, 1, JET_bitTTForceMaterialization, &table, &id));
    assert_good(JetSetLS(s.session, table, 81, JET_bitLSTable));
    assert_good(JetDupCursor(s.session, table, &copy, 0));
    assert_good(JetCloseTable(s.session, table));
    assert_int_equal(word_count, 0);
    assert_good(JetCloseTable(s.session, copy));
    assert_int_equal(word_count, 1);
    assert_int_equal(words[0].type, JET_cbtypFreeTableLS);
    assert_int_equal(words[0].word, 81);
    sample_stop(&s);
}

static void without_a_callback_there_are_no_words(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    assert_err(JetSetLS(s.session, s.table, 1, 0), JET_errLSCallbackNotSpecified);
    assert_err(JetSetLS(s.session, s.table, 1, JET_bitLSTable), JET_errLSCallbackNotSpecified);
    sample_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_durable_commit_is_told_before_it_returns),
        cmocka_unit_test(a_lazy_commit_is_told_within_its_time),
        cmocka_unit_test(what_writes_nothing_or_ends_an_inner_level_has_no_id),
        cmocka_unit_test(a_cursors_word_is_given_back_when_the_cursor_goes),
        cmocka_unit_test(a_tables_word_is_one_for_all_its_cursors_and_outlives_them),
        cmocka_unit_test(a_temporary_tables_word_goes_with_its_last_cursor),
        cmocka_unit_test(without_a_callback_there_are_no_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
