/* JetCompact: copies of real databases hold the same and are no larger; the callback, the errors, what an error leaves (reference page of JetCompact).
 *
 * Pages: JetCompact */
#define ESENT_PRIVATE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "btree/btree.h"
#include "check/check.h"
#include "cmocka_all.h"
#include "expectations.h"
#include "opened_file.h"
#include "sample_table.h"
#include "shared_data.h"

enum { TREES_MAX = 2048, SMALL_FILE = 1100 * 1024 };

static uint64_t size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

/* --- two databases hold the same --- */

struct tree_digest {
    uint32_t objid;
    uint64_t nodes;
    uint8_t digest[SHA256_SIZE];
};
struct digests {
    struct database *db;
    struct tree_digest trees[TREES_MAX];
    uint32_t count;
};

static void add_digest(struct digests *d, page_no_t root, uint32_t objid)
{
    struct btree tree;
    struct btree_cursor cursor = {0};
    struct sha256 sum;
    JET_ERR err;
    assert_true(d->count < TREES_MAX);
    struct tree_digest *out = &d->trees[d->count++];
    *out = (struct tree_digest){.objid = objid};
    sha256_init(&sum);
    assert_good(btree_open(d->db->pages, root, objid, &tree));
    assert_good(btree_cursor_open(&tree, &cursor));
    for (err = btree_first(&cursor); err >= 0; err = btree_next(&cursor)) {
        struct node node;
        assert_good(btree_cursor_get(&cursor, &node));
        sha256_add_entry(&sum, btree_cursor_key(&cursor), node.data);
        btree_cursor_release(&cursor);
        out->nodes++;
    }
    assert_err(err, JET_errNoCurrentRecord);
    btree_cursor_close(&cursor);
    sha256_finish(&sum, out->digest);
}

static JET_ERR digest_table(void *context, const struct catalog_table *table)
{
    struct digests *d = context;
    const struct table_schema *schema = table->schema;
    assert_non_null(schema);
    bool is_catalog = table->objid == CATALOG_OBJID || table->objid == CATALOG_SHADOW_OBJID; /* its rows have the new roots */
    if (!is_catalog)
        add_digest(d, schema->root, schema->objid);
    if (schema->lv_root != 0)
        add_digest(d, schema->lv_root, schema->lv_objid);
    for (uint32_t i = 0; i < schema->index_count; i++)
        if (schema->indexes[i].objid != schema->objid)
            add_digest(d, schema->indexes[i].root, schema->indexes[i].objid);
    return JET_errSuccess;
}

static void note_finding(void *context, const struct check_finding *f)
{
    (void)context;
    print_error("page %u, table %s, object %s: %s\n", f->page_no, f->table, f->object, f->text);
}

/* A copy must also be without fault, and without pages in nobody's use, which a source may have. */
static struct digests *digests_of(const char *path, bool is_copy)
{
    struct digests *d = calloc(1, sizeof *d);
    struct opened file;
    struct check_report report;
    assert_non_null(d);
    assert_good(open_file(path, &file));
    d->db = file.db;
    assert_good(catalog_visit_tables(file.catalog, digest_table, d));
    if (is_copy) {
        const struct check_callbacks callbacks = {.finding = note_finding};
        assert_good(check_database(file.db, NULL, &callbacks, &report));
        assert_int_equal(report.errors, 0);
        assert_int_equal(report.warnings, 0);
        assert_int_equal(report.pages_lost, 0);
        assert_int_equal(report.state, DB_STATE_CLEAN);
    }
    close_file(&file);
    return d;
}

static void assert_same_content(const char *source, const char *copy)
{
    struct digests *a = digests_of(source, false), *b = digests_of(copy, true);
    assert_int_equal(a->count, b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        assert_int_equal(a->trees[i].objid, b->trees[i].objid);
        assert_int_equal(a->trees[i].nodes, b->trees[i].nodes);
        assert_memory_equal(a->trees[i].digest, b->trees[i].digest, SHA256_SIZE);
    }
    free(a);
    free(b);
}

/* --- real databases --- */

static void compact_one(struct live_instance *live, const char *name, const char *source)
{
    const char *copy = text_of("%s.copy", source);
    assert_good(JetAttachDatabase(live->session, source, JET_bitDbReadOnly));
    assert_good(JetCompact(live->session, source, copy, NULL, NULL, 0));
    assert_good(JetDetachDatabase(live->session, source));
    assert_same_content(source, copy);
    if (size_of(copy) > size_of(source))
        fail_msg("%s: %llu bytes have become %llu", name, (unsigned long long)size_of(source), (unsigned long long)size_of(copy));
    assert_int_equal(unlink(copy), 0);
}

/* With $COMPACT_ALL set the large ones too. */
static void copies_of_real_databases_hold_the_same_and_are_no_larger(void **state)
{
    static const uint32_t page_sizes[] = {4096, 8192, 16384, 32768};
    uint64_t largest = number_from("COMPACT_ALL", 0) != 0 ? UINT64_MAX : (uint64_t)SMALL_FILE;
    unsigned count = 0;
    (void)state;
    require_shared_data();
    const char *folder = make_scratch_folder("compact");
    for (unsigned i = 0; CLEAN_DATABASES[i] != NULL; i++)
        copy_shared_file(CLEAN_DATABASES[i], text_of("%s/%u.edb", folder, i));
    for (unsigned k = 0; k < sizeof page_sizes / sizeof *page_sizes; k++) {
        struct live_instance live;
        live_start_in(&live, make_scratch_folder("logs"), page_sizes[k]);
        for (unsigned i = 0; CLEAN_DATABASES[i] != NULL; i++) {
            const char *source = text_of("%s/%u.edb", folder, i);
            if (page_size_of(source) != page_sizes[k] || size_of(source) > largest)
                continue;
            compact_one(&live, CLEAN_DATABASES[i], source);
            count++;
        }
        live_stop(&live);
    }
    assert_true(count >= 20);
}

/* --- a database of our own --- */

enum { ROWS = 1000, KEPT_EACH = 10 };

static void start(struct sample *s, const char *folder, uint32_t page_size)
{
    live_start_in(&s->live, folder, page_size);
    sample_create(s);
    s->live.database = text_of("%s/sample.edb", folder);
}

/* Many rows, then most of them deleted, which leaves holes; long values, some shared. */
static void fill(struct sample *s, const char *folder, uint32_t page_size)
{
    static uint8_t data[20000];
    start(s, folder, page_size);
    for (uint32_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    for (int32_t id = 1; id <= ROWS;) {
        assert_good(JetBeginTransaction(s->session));
        for (int i = 0; i < 100; i++, id++) {
            insert_sample(s, id, id, text_of("row %d", id));
            if (id % 100 != 0)
                continue;
            assert_good(seek_id(s, s->table, id));
            assert_good(JetPrepareUpdate(s->session, s->table, JET_prepReplace));
            assert_good(set_value(s, s->table, s->blob, data, sizeof data, 0, 0, 1));
            assert_good(JetUpdate(s->session, s->table, NULL, 0, NULL));
        }
        assert_good(JetCommitTransaction(s->session, JET_bitCommitLazyFlush));
    }
    for (int32_t id = 1; id <= ROWS; id++) {
        if (id % KEPT_EACH == 0)
            continue;
        assert_good(seek_id(s, s->table, id));
        assert_good(JetDelete(s->session, s->table));
    }
}

struct seen {
    unsigned begins, progresses, completes, fails;
    uint32_t done, total;
    unsigned end_at;
    JET_SESID session;
};
static struct seen seen;

static JET_ERR JET_API watch(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    assert_int_equal(snp, JET_snpCompact);
    assert_true(session == seen.session);
    if (snt == JET_sntBegin) {
        assert_int_equal(seen.progresses + seen.completes, 0);
        seen.begins++;
    } else if (snt == JET_sntProgress) {
        const JET_SNPROG *progress = data;
        assert_int_equal(progress->cbStruct, sizeof *progress);
        assert_true(progress->cunitDone >= seen.done && progress->cunitDone <= progress->cunitTotal);
        assert_true(seen.progresses == 0 || seen.total == progress->cunitTotal);
        seen.done = progress->cunitDone;
        seen.total = progress->cunitTotal;
        if (++seen.progresses == seen.end_at)
            return JET_errCallbackFailed;
    } else if (snt == JET_sntComplete) {
        seen.completes++;
    } else {
        assert_int_equal(snt, JET_sntFail);
        seen.fails++;
    }
    return JET_errSuccess;
}

static void detach_and_attach(struct sample *s, JET_GRBIT grbit)
{
    assert_good(JetCloseDatabase(s->session, s->dbid, 0));
    assert_good(JetDetachDatabase(s->session, s->live.database));
    assert_good(JetAttachDatabase(s->session, s->live.database, grbit));
}

/* The copy is a database like any other: it is attached and changed. */
static void use_copy(struct sample *s, const char *copy)
{
    assert_good(JetAttachDatabase(s->session, copy, 0));
    assert_good(JetOpenDatabase(s->session, copy, NULL, &s->dbid, 0));
    assert_good(JetOpenTable(s->session, s->dbid, "Sample", NULL, 0, 0, &s->table));
    uint32_t size;
    assert_good(seek_id(s, s->table, 100));
    get_bytes(s, s->table, s->blob, 0, &size);
    assert_int_equal(size, 20000);
    assert_err(seek_id(s, s->table, 101), JET_errRecordNotFound);
    for (int32_t id = ROWS + 1; id <= ROWS + 500; id++)
        insert_sample(s, id, id, "new");
    assert_good(JetCloseTable(s->session, s->table));
    assert_good(JetCloseDatabase(s->session, s->dbid, 0));
    assert_good(JetDetachDatabase(s->session, copy));
}

static void holes_stay_behind_and_the_copy_can_be_used(void **state)
{
    static const uint32_t sizes[] = {4096, 32768};
    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *folder = make_scratch_folder("holes"), *copy = text_of("%s/copy.edb", folder);
        struct sample s;
        fill(&s, folder, sizes[i]);
        detach_and_attach(&s, JET_bitDbReadOnly);
        seen = (struct seen){.session = s.session};
        assert_good(JetCompact(s.session, s.live.database, copy, watch, NULL, 0));
        assert_int_equal(seen.begins, 1);
        assert_int_equal(seen.completes, 1);
        assert_int_equal(seen.fails, 0);
        assert_true(seen.progresses >= 2 && seen.total > 20);
        assert_int_equal(seen.done, seen.total);
        assert_same_content(s.live.database, copy);
        assert_true(size_of(copy) < size_of(s.live.database));
        use_copy(&s, copy);
        live_stop(&s.live);
        struct digests *d = digests_of(copy, true);
        free(d);
    }
}

static void a_callback_can_end_it_and_nothing_is_left(void **state)
{
    const char *folder = make_scratch_folder("ended"), *copy = text_of("%s/copy.edb", folder);
    struct sample s;
    (void)state;
    fill(&s, folder, 8192);
    detach_and_attach(&s, 0);
    for (unsigned at = 1; at <= 3; at++) {
        seen = (struct seen){.session = s.session, .end_at = at};
        assert_err(JetCompact(s.session, s.live.database, copy, watch, NULL, 0), JET_errCallbackFailed);
        assert_int_equal(seen.fails, 1);
        assert_int_equal(seen.completes, 0);
        assert_int_equal(access(copy, F_OK), -1);
    }
    assert_good(JetCompact(s.session, s.live.database, copy, NULL, NULL, JET_bitCompactPreserveOriginal)); /* attached for writing, and nobody has it open */
    assert_good(JetDetachDatabase(s.session, s.live.database));
    assert_same_content(s.live.database, copy);
    live_stop(&s.live);
}

/* Whoever closes a database inside a transaction keeps it from nobody, but what he changed is not there before he commits. */
static void what_others_have_not_committed_is_left_out(void **state)
{
    const char *folder = make_scratch_folder("uncommitted"), *copy = text_of("%s/copy.edb", folder);
    struct sample s, o;
    (void)state;
    start(&s, folder, 4096);
    for (int32_t id = 1; id <= 20; id++)
        insert_sample(&s, id, id, "committed");
    o = s;
    assert_good(JetBeginSession(s.live.instance, &o.session, NULL, NULL));
    assert_good(JetBeginTransaction(o.session));
    assert_good(JetOpenDatabase(o.session, s.live.database, NULL, &o.dbid, 0));
    assert_good(JetOpenTable(o.session, o.dbid, "Sample", NULL, 0, 0, &o.table));
    insert_sample(&o, 77, 77, "not yet");
    assert_good(seek_id(&o, o.table, 10));
    assert_good(JetDelete(o.session, o.table));
    assert_good(JetCloseTable(o.session, o.table));
    assert_good(JetCloseDatabase(o.session, o.dbid, 0));
    assert_good(JetCloseDatabase(s.session, s.dbid, 0));
    assert_good(JetCompact(s.session, s.live.database, copy, NULL, NULL, 0));
    assert_good(JetRollback(o.session, 0));
    assert_good(JetDetachDatabase(s.session, s.live.database));
    assert_good(JetAttachDatabase(s.session, copy, 0));
    assert_good(JetOpenDatabase(s.session, copy, NULL, &s.dbid, 0));
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, 0, &s.table));
    assert_err(seek_id(&s, s.table, 77), JET_errRecordNotFound);
    assert_good(seek_id(&s, s.table, 10));
    assert_string_equal(ids_by(&s, s.table, "by_number"), "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20");
    live_stop(&s.live);
    struct digests *d = digests_of(copy, true);
    free(d);
}

static JET_ERR frozen;

/* Once, in the middle of a copy. */
static JET_ERR JET_API freeze_and_thaw(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    JET_OSSNAPID snapshot;
    uint32_t count;
    JET_INSTANCE_INFO_A *infos;
    (void)session, (void)snp, (void)data;
    if (snt != JET_sntProgress || frozen != JET_wrnNyi)
        return JET_errSuccess;
    frozen = JetOSSnapshotPrepare(&snapshot, 0);
    if (frozen >= 0)
        frozen = JetOSSnapshotFreeze(snapshot, &count, &infos, 0);
    if (frozen >= 0)
        frozen = JetOSSnapshotThaw(snapshot, 0);
    return JET_errSuccess;
}

/* It would wait for ever here. */
static void a_snapshot_does_not_wait_for_the_copy(void **state)
{
    const char *folder = make_scratch_folder("snapshot"), *copy = text_of("%s/copy.edb", folder);
    struct sample s;
    (void)state;
    start(&s, folder, 4096);
    detach_and_attach(&s, 0);
    frozen = JET_wrnNyi;
    assert_good(JetCompact(s.session, s.live.database, copy, freeze_and_thaw, NULL, 0));
    assert_good(frozen);
    live_stop(&s.live);
    struct digests *d = digests_of(copy, true);
    free(d);
}

static void what_cannot_be_copied_is_refused(void **state)
{
    const char *folder = make_scratch_folder("refused"), *copy = text_of("%s/copy.edb", folder);
    JET_CONVERT_A convert = {.szOldDll = NULL};
    JET_SESID other;
    JET_DBID dbid;
    struct sample s;
    (void)state;
    start(&s, folder, 4096);
    const char *source = s.live.database;
    assert_err(JetCompact(s.session, source, copy, NULL, &convert, 0), JET_errFeatureNotAvailable);
    assert_good(JetBeginTransaction(s.session));
    assert_err(JetCompact(s.session, source, copy, NULL, NULL, 0), JET_errInTransaction);
    assert_good(JetRollback(s.session, 0));
    assert_good(JetBeginSession(s.live.instance, &other, NULL, NULL));
    assert_err(JetCompact(other, source, copy, NULL, NULL, 0), JET_errDatabaseInUse);
    assert_err(JetCompact(s.session, source, copy, NULL, NULL, 0), JET_errDatabaseInUse);
    assert_good(JetOpenDatabase(other, source, NULL, &dbid, 0)); /* and was not locked by that */
    assert_good(JetCloseDatabase(other, dbid, 0));
    assert_good(JetCloseDatabase(s.session, s.dbid, 0));
    assert_err(JetCompact(s.session, source, source, NULL, NULL, 0), JET_errDatabaseDuplicate);
    assert_err(JetCompact(s.session, source, folder, NULL, NULL, 0), JET_errDatabaseInvalidPath);
    assert_err(JetCompact(s.session, source, text_of("%s/no/copy.edb", folder), NULL, NULL, 0), JET_errDatabaseInvalidPath);
    assert_err(JetCompact(s.session, source, NULL, NULL, NULL, 0), JET_errDatabaseInvalidPath);
    assert_err(JetCompact(s.session, NULL, copy, NULL, NULL, 0), JET_errDatabaseInvalidPath);
    assert_good(JetDetachDatabase(s.session, source));
    assert_err(JetCompact(s.session, source, copy, NULL, NULL, 0), JET_errDatabaseNotFound);
    assert_int_equal(access(copy, F_OK), -1);
    /* Nobody keeps it open afterwards, nor its slot taken. */
    assert_good(JetAttachDatabase(s.session, source, 0));
    assert_good(JetOpenDatabase(other, source, NULL, &dbid, JET_bitDbExclusive));
    assert_good(JetCloseDatabase(other, dbid, 0));
    for (int i = 0; i < 8; i++) {
        assert_good(JetCompactW(s.session, u"", u"", NULL, NULL, 0) == JET_errDatabaseInvalidPath ? JET_errSuccess : JET_errInternalError);
        assert_good(JetCompact(s.session, source, copy, NULL, NULL, 0));
        assert_int_equal(unlink(copy), 0);
    }
    live_stop(&s.live);
}

static void damage_is_found_and_leaves_no_copy(void **state)
{
    const char *folder = make_scratch_folder("damaged"), *copy = text_of("%s/copy.edb", folder);
    struct sample s;
    (void)state;
    fill(&s, folder, 4096);
    assert_good(JetCloseDatabase(s.session, s.dbid, 0));
    assert_good(JetDetachDatabase(s.session, s.live.database));
    struct opened file;
    const struct table_schema *schema;
    assert_good(open_file(s.live.database, &file));
    assert_good(catalog_find_table(file.catalog, "Sample", &schema));
    page_no_t root = schema->root;
    catalog_release_table(file.catalog, schema);
    close_file(&file);
    FILE *raw = fopen(s.live.database, "r+b");
    assert_non_null(raw);
    assert_int_equal(fseek(raw, (long)(root + 1) * 4096 + 2000, SEEK_SET), 0);
    assert_int_equal(fwrite("damage", 1, 6, raw), 6);
    assert_int_equal(fclose(raw), 0);
    assert_good(JetAttachDatabase(s.session, s.live.database, JET_bitDbReadOnly));
    assert_err(JetCompact(s.session, s.live.database, copy, NULL, NULL, 0), JET_errReadVerifyFailure);
    assert_int_equal(access(copy, F_OK), -1);
    assert_err(JetCompact(s.session, s.live.database, copy, NULL, NULL, JET_bitCompactRepair), JET_errReadVerifyFailure); /* nothing is left out silently */
    assert_int_equal(access(copy, F_OK), -1);
    live_stop(&s.live);
}

/* Without memory at any moment: the error says so, nothing is left, and the next call succeeds. */
static void short_memory_leaves_nothing(void **state)
{
    const char *folder = make_scratch_folder("short"), *copy = text_of("%s/copy.edb", folder);
    struct sample s;
    bool is_reached = true;
    unsigned failures = 0;
    (void)state;
    start(&s, folder, 4096);
    detach_and_attach(&s, JET_bitDbReadOnly);
    for (uint64_t nth = 1; is_reached; nth += 1 + nth / 16) {
        (void)unlink(copy);
        memory_fail_at(nth, 0);
        JET_ERR err = JetCompact(s.session, s.live.database, copy, NULL, NULL, 0);
        is_reached = memory_fail_left() == 0;
        memory_fail_at(0, 0);
        assert_true(err == JET_errSuccess || (err == JET_errOutOfMemory && is_reached)); /* some memory is only wished for */
        assert_int_equal(access(copy, F_OK), err < 0 ? -1 : 0);
        failures += err < 0;
    }
    assert_true(failures > 10);
    assert_same_content(s.live.database, copy);
    live_stop(&s.live);
}

static void statistics_name_each_table_and_its_rows(void **state)
{
    const char *folder = make_scratch_folder("statistics"), *copy = text_of("%s/copy.edb", folder);
    char before[4096];
    unsigned long long size;
    struct sample s;
    (void)state;
    fill(&s, folder, 4096);
    detach_and_attach(&s, JET_bitDbReadOnly);
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    assert_good(JetCompact(s.session, s.live.database, copy, NULL, NULL, JET_bitCompactStats));
    assert_int_equal(chdir(before), 0);
    char *text = (char *)read_whole_file(text_of("%s/DFRGINFO.TXT", folder), &size);
    text[size] = 0;
    const char *line = strstr(text, "\nSample\t");
    assert_non_null(line);
    unsigned indexes, owned, available;
    unsigned long long rows;
    assert_int_equal(sscanf(line, "\nSample\t%u\t%u\t%u\t%llu", &indexes, &owned, &available, &rows), 4);
    assert_int_equal(indexes, 4);
    assert_int_equal(rows, ROWS / KEPT_EACH);
    assert_true(owned > available);
    assert_non_null(strstr(text, text_of("Copy: %llu bytes", (unsigned long long)size_of(copy))));
    free(text);
    live_stop(&s.live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_of_real_databases_hold_the_same_and_are_no_larger),
        cmocka_unit_test(holes_stay_behind_and_the_copy_can_be_used),
        cmocka_unit_test(a_callback_can_end_it_and_nothing_is_left),
        cmocka_unit_test(what_others_have_not_committed_is_left_out),
        cmocka_unit_test(a_snapshot_does_not_wait_for_the_copy),
        cmocka_unit_test(what_cannot_be_copied_is_refused),
        cmocka_unit_test(damage_is_found_and_leaves_no_copy),
        cmocka_unit_test(short_memory_leaves_nothing),
        cmocka_unit_test(statistics_name_each_table_and_its_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
