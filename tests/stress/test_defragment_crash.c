/* The power goes at every kind of moment of a defragmentation that runs beside a writer; what the disk may hold then is recovered: rows are as they were, and the database is without fault.
 *
 * The rows of the table are half deleted, at random, before: so defragmentation moves nodes between all leaves. Images are built as in test_crash_matrix.c. The writer's rows, each committed
 * durably, must be there when their commit had returned, and must not when they had not been begun.
 *
 * OPENESE_DEFRAGMENT_IMAGES sets the number of images (default 24), OPENESE_SEED the seed.
 */
#define ESENT_PRIVATE
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cmocka_all.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "os/thread.h"
#include "sample_table.h"
#include "shared_data.h"
#include "sound_file.h"

enum { PAGE = 4096, LAST = 2000, WRITTEN = 40, EACH_TRANSACTION = 200, WAIT_MS = 20000, POLL_MS = 2, PASSES = 2 };

static bool is_kept(int32_t id) { return ((uint32_t)id * 2654435761u >> 16) % 2 == 0; }

static uint32_t leaf_pages(struct sample *s)
{
    JET_OBJECTINFO info;
    assert_good(JetComputeStats(s->session, s->table));
    assert_good(JetGetTableInfo(s->session, s->table, &info, sizeof info, JET_TblInfo));
    return (uint32_t)info.cPage;
}

static void fill(struct sample *s)
{
    sample_start(s, PAGE);
    for (int round = 0; round < 2; round++)
        for (int32_t id = 1; id <= LAST;) {
            assert_good(JetBeginTransaction(s->session));
            for (int i = 0; i < EACH_TRANSACTION && id <= LAST; i++, id++) {
                if (round == 0) {
                    insert_sample(s, id, id, text_of("some text %d", id % 50));
                } else if (!is_kept(id)) {
                    assert_good(seek_id(s, s->table, id));
                    assert_good(JetDelete(s->session, s->table));
                }
            }
            assert_good(JetCommitTransaction(s->session, JET_bitCommitLazyFlush));
        }
}

static const char *start_folder; /* the database is where the instance starts, not where its logs say */

static void configure(JET_INSTANCE instance)
{
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, start_folder));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramCheckpointDepthMax, 64 * 1024, NULL)); /* pages are written meanwhile */
}

static void open_again(struct sample *s, const char *folder)
{
    JET_COLUMNDEF column;
    *s = (struct sample){.dbid = 0};
    start_folder = folder;
    live_configure = configure;
    live_start_in(&s->live, folder, PAGE);
    live_configure = NULL;
    s->session = s->live.session;
    assert_good(JetAttachDatabase(s->session, text_of("%s/sample.edb", folder), 0));
    assert_good(JetOpenDatabase(s->session, text_of("%s/sample.edb", folder), NULL, &s->dbid, 0));
    assert_good(JetOpenTable(s->session, s->dbid, "Sample", NULL, 0, 0, &s->table));
    assert_good(JetGetTableColumnInfo(s->session, s->table, "id", &column, sizeof column, JET_ColInfo));
    s->id = column.columnid;
}

static atomic_uint completed;

static JET_ERR JET_API note_completed(JET_SESID session, JET_DBID dbid, JET_TABLEID table, JET_CBTYP type, void *a, void *b, void *context, JET_API_PTR unused)
{
    (void)session, (void)dbid, (void)table, (void)type, (void)a, (void)b, (void)context, (void)unused;
    atomic_fetch_add(&completed, 1);
    return JET_errSuccess;
}

/* Events of the file system before a row's transaction was begun, and after its commit returned. */
struct written {
    size_t begun, durable;
};

static void write_row(struct sample *s, const struct fault_fs *f, int32_t id, struct written *out)
{
    out->begun = fault_fs_event_count(f);
    assert_good(JetBeginTransaction(s->session));
    assert_good(JetPrepareUpdate(s->session, s->table, JET_prepInsert));
    set_number(s, s->table, s->id, id);
    assert_good(JetUpdate(s->session, s->table, NULL, 0, NULL));
    assert_good(JetCommitTransaction(s->session, 0));
    out->durable = fault_fs_event_count(f);
}

static void defragment_beside_a_writer(struct sample *s, const struct fault_fs *f, struct written *written)
{
    uint32_t passes = PASSES;
    int32_t row = 0;
    atomic_store(&completed, 0);
    assert_good(JetDefragment2(s->session, s->dbid, NULL, &passes, NULL, note_completed, JET_bitDefragmentBatchStart));
    for (int i = 0; i < WAIT_MS / POLL_MS && (atomic_load(&completed) == 0 || row < WRITTEN); i++) {
        if (row < WRITTEN) {
            write_row(s, f, LAST + 1 + row, &written[row]);
            row++;
        }
        thread_sleep_ms(POLL_MS);
    }
    assert_int_equal(atomic_load(&completed), 1);
    assert_int_equal(row, WRITTEN);
}

static void check_image(const struct fault_fs *f, size_t events, uint64_t k, uint64_t seed, const struct written *written)
{
    const char *folder = make_scratch_folder("image");
    struct sample s;
    fault_fs_build_image(f, events, (enum fault_image)(k % 3), seed + k, folder);
    open_again(&s, folder);
    for (int32_t id = 1; id <= LAST; id++)
        assert_err(seek_id(&s, s.table, id), is_kept(id) ? JET_errSuccess : JET_errRecordNotFound);
    for (int32_t i = 0; i < WRITTEN; i++) {
        JET_ERR err = seek_id(&s, s.table, LAST + 1 + i);
        if (written[i].durable <= events)
            assert_good(err);
        if (written[i].begun >= events && err != JET_errRecordNotFound)
            fail_msg("row %d of the writer is there, begun after %zu of %zu events", i, written[i].begun, events);
    }
    live_stop(&s.live);
    (void)expect_sound_file(text_of("%s/sample.edb", folder));
    (void)!system(text_of("rm -rf '%s'", folder));
}

static void a_crash_during_defragmentation_loses_nothing(void **state)
{
    const uint64_t images = number_from("OPENESE_DEFRAGMENT_IMAGES", 24), seed = number_from("OPENESE_SEED", (uint64_t)time(NULL));
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct written written[WRITTEN];
    struct sample s;
    (void)state;
    printf("seed %llu, %llu images\n", (unsigned long long)seed, (unsigned long long)images);
    fflush(stdout);
    process_set_fs(fault_fs_os(f));
    fill(&s);
    const char *folder = s.live.folder;
    uint32_t before = leaf_pages(&s);
    live_stop(&s.live);
    fault_fs_record(f, folder);
    fault_fs_set_tear_unit_of(f, "sample.edb", PAGE);
    open_again(&s, folder);
    size_t from = fault_fs_event_count(f);
    defragment_beside_a_writer(&s, f, written);
    size_t to = fault_fs_event_count(f);
    uint32_t after = leaf_pages(&s);
    assert_true(after * 10 < before * 7);
    live_stop(&s.live);
    process_set_fs(NULL);
    assert_true(to > from + 2 * WRITTEN);
    srand((unsigned)seed);
    for (uint64_t k = 0; k < images; k++) {
        size_t events = from + (size_t)((double)(to - from) * ((double)k + (double)(rand() % 1000) / 1000) / (double)images);
        check_image(f, events, k, seed, written);
    }
    fault_fs_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_crash_during_defragmentation_loses_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
