/* What JetGetThreadStats counts, call by call, and for which thread (reference page of the function).
 *
 * Pages: JetGetThreadStats */
#include "cmocka_all.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "sample_table.h"

static JET_THREADSTATS3 now(void)
{
    JET_THREADSTATS3 stats;
    assert_good(JetGetThreadStats(&stats, sizeof stats));
    assert_int_equal(stats.cbStruct, sizeof stats);
    return stats;
}

static void changes_count_pages_dirtied_and_log_records(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 10, "one");
    JET_THREADSTATS3 before = now();
    for (int i = 2; i < 12; i++)
        insert_sample(&s, i, 10 * i, "more");
    JET_THREADSTATS3 after = now();
    uint32_t dirtied = after.cPageDirtied - before.cPageDirtied + after.cPageRedirtied - before.cPageRedirtied;
    uint32_t records = after.cLogRecord - before.cLogRecord, bytes = after.cbLogRecord - before.cbLogRecord;
    assert_in_range(after.cPageReferenced - before.cPageReferenced, 10, 10000);
    assert_in_range(dirtied, 30, 1000);  /* the table and two indexes, ten times */
    assert_in_range(after.cPageRedirtied - before.cPageRedirtied, 20, 1000);
    assert_in_range(records, 30, 1000);
    assert_in_range(bytes, records * 8, records * 400);
    assert_int_equal(after.cPageRead, before.cPageRead); /* all of it is in the cache */
    before = after;
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    after = now();
    assert_in_range(after.cPageReferenced - before.cPageReferenced, 1, 10);
    assert_int_equal(after.cLogRecord, before.cLogRecord);
    assert_int_equal(after.cPageDirtied + after.cPageRedirtied, before.cPageDirtied + before.cPageRedirtied);
    before = now();
    after = now();
    assert_memory_equal(&before, &after, sizeof after); /* asking costs nothing */
    sample_stop(&s);
}

static void pages_from_the_disk_and_long_values_are_counted(void **state)
{
    static uint8_t large[60000];
    struct sample s;
    JET_TABLEID table;
    JET_DBID db;
    (void)state;
    sample_start(&s, 4096);
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (uint8_t)(i * i >> 3);
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    set_number(&s, s.table, s.id, 1);
    assert_good(set_value(&s, s.table, s.blob, large, sizeof large, 0, 0, 1));
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_good(JetCommitTransaction(s.session, 0));
    assert_good(JetCloseTable(s.session, s.table));
    assert_good(JetCloseDatabase(s.session, s.dbid, 0));
    char path[4400];
    snprintf(path, sizeof path, "%s/sample.edb", s.live.folder);
    assert_good(JetDetachDatabase(s.session, path));
    assert_good(JetAttachDatabase(s.session, path, 0));
    assert_good(JetOpenDatabase(s.session, path, NULL, &db, 0));
    assert_good(JetOpenTable(s.session, db, "Sample", NULL, 0, 0, &table));
    assert_good(JetMove(s.session, table, JET_MoveFirst, 0));
    JET_THREADSTATS3 before = now();
    uint32_t size;
    assert_good(JetRetrieveColumn(s.session, table, s.blob, large, sizeof large, &size, 0, NULL));
    JET_THREADSTATS3 after = now();
    assert_int_equal(size, sizeof large);
    assert_int_equal(after.cSeparatedLongValueRead - before.cSeparatedLongValueRead, 1);
    assert_in_range(after.cPageRead - before.cPageRead, 10, 40); /* 60,000 bytes in pages of 4096 */
    assert_int_equal(after.cPageCacheMiss - before.cPageCacheMiss, after.cPageRead - before.cPageRead);
    assert_in_range(after.cLongValuePageCacheMiss - before.cLongValuePageCacheMiss, 10, 40);
    assert_true(after.cusecLongValuePageCacheMiss >= before.cusecLongValuePageCacheMiss && after.cusecPageCacheMiss >= after.cusecLongValuePageCacheMiss);
    s.dbid = db;
    s.table = table;
    sample_stop(&s);
}

static void *ask(void *out)
{
    *(JET_THREADSTATS3 *)out = now();
    return NULL;
}

static void another_thread_has_counts_of_its_own(void **state)
{
    struct sample s;
    pthread_t thread;
    JET_THREADSTATS3 other;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 10, "one");
    assert_true(now().cPageReferenced > 0);
    assert_int_equal(pthread_create(&thread, NULL, ask, &other), 0);
    pthread_join(thread, NULL);
    assert_int_equal(other.cPageReferenced + other.cLogRecord + other.cPageDirtied, 0);
    sample_stop(&s);
}

static void a_smaller_structure_gets_its_part(void **state)
{
    JET_THREADSTATS3 stats;
    (void)state;
    memset(&stats, 0xEE, sizeof stats);
    assert_good(JetGetThreadStats(&stats, 40));
    assert_int_equal(stats.cbStruct, 40);
    assert_int_equal(stats.cPageCacheMiss, 0xEEEEEEEE);
    assert_good(JetGetThreadStats(&stats, 1000));
    assert_int_equal(stats.cbStruct, sizeof stats);
    assert_err(JetGetThreadStats(&stats, sizeof(JET_THREADSTATS) - 1), JET_errBufferTooSmall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_count_pages_dirtied_and_log_records),
        cmocka_unit_test(pages_from_the_disk_and_long_values_are_counted),
        cmocka_unit_test(another_thread_has_counts_of_its_own),
        cmocka_unit_test(a_smaller_structure_gets_its_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
