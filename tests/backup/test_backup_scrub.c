/* Scrubbing while a database is backed up (JET_paramZeroDatabaseDuringBackup; backup-and-restore 7): what was deleted is gone from the file, and nothing else. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_client.h"
#include "cmocka_all.h"
#include "database/database.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "format/checksum.h"
#include "recorded_events.h"
#include "sample_table.h"
#include "shared_data.h"
#include "workload.h"

enum { PAGE_SIZE = 4096, ROWS = 120, BLOB_BYTES = 6000, NOTE_BYTES = 300, LIST_BYTES = 1 << 16, PIECE = 1 << 17 };
enum { SEEN = 3, BLANK, UNCHANGED, UNUSED, USED, DELETED, LONG_VALUES };

static bool scrubs;
static const char *recovery_folder;

static void configure(JET_INSTANCE instance)
{
    events_on(instance);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramZeroDatabaseDuringBackup, scrubs, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxVerPages, 1024, NULL));
    if (recovery_folder != NULL)
        assert_good(JetSetSystemParameter(&instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, recovery_folder));
}

static bool is_secret(int32_t id) { return id % 3 != 0; }

/* A word again and again. */
static void fill(uint8_t *bytes, uint32_t size, const char *word)
{
    size_t length = strlen(word);
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)word[i % length];
}

static const uint8_t *blob_of(int32_t id)
{
    static uint8_t blob[BLOB_BYTES];
    fill(blob, sizeof blob, text_of(is_secret(id) ? "classified%05d" : "everybodys%05d", id));
    return blob;
}

static void add_row(struct sample *s, int32_t id)
{
    uint8_t note[NOTE_BYTES];
    fill(note, sizeof note, text_of(is_secret(id) ? "confidential%05d" : "known to all%05d", id));
    assert_good(JetBeginTransaction(s->session));
    assert_good(JetPrepareUpdate(s->session, s->table, JET_prepInsert));
    set_number(s, s->table, s->id, id);
    set_number(s, s->table, s->number, id * 10);
    set_text(s, s->table, s->text, text_of(is_secret(id) ? "hidden-%d" : "open-%d", id));
    assert_good(set_value(s, s->table, s->blob, blob_of(id), BLOB_BYTES, 0, 0, 1));
    assert_good(set_value(s, s->table, s->note, note, NOTE_BYTES, 0, 0, 1));
    assert_good(JetUpdate(s->session, s->table, NULL, 0, NULL));
    assert_good(JetCommitTransaction(s->session, 0));
}

static void delete_row(struct sample *s, int32_t id)
{
    assert_good(seek_id(s, s->table, id));
    assert_good(JetDelete(s->session, s->table));
}

static void delete_secrets(struct sample *s)
{
    assert_good(JetBeginTransaction(s->session));
    for (int32_t id = 1; id <= ROWS; id++)
        if (is_secret(id))
            delete_row(s, id);
    assert_good(JetCommitTransaction(s->session, 0));
}

/* A table of its own, with rows, and gone again; and one whose pages get free one by one. */
static void make_and_drop_table(struct sample *s)
{
    JET_COLUMNCREATE columns[] = {column_of("id", JET_coltypLong, 0, JET_bitColumnFixed), column_of("word", JET_coltypText, 200, 0)};
    JET_INDEXCREATE indexes[] = {index_of("p", "+id\0", 5, JET_bitIndexPrimary), index_of("w", "+word\0", 7, 0)};
    JET_TABLEID table = make_table(s, "Doomed", columns, 2, indexes, 2);
    assert_good(JetBeginTransaction(s->session));
    for (int32_t i = 0; i < 600; i++) {
        assert_good(JetPrepareUpdate(s->session, table, JET_prepInsert));
        set_number(s, table, columns[0].columnid, i);
        set_text(s, table, columns[1].columnid, text_of("%04d restricted restricted restricted restricted restricted restricted", i));
        assert_good(JetUpdate(s->session, table, NULL, 0, NULL));
    }
    assert_good(JetCommitTransaction(s->session, 0));
    assert_good(JetCloseTable(s->session, table));
    assert_good(JetDeleteTable(s->session, s->dbid, "Doomed"));
}

static void check_rows(struct sample *s, bool with_secrets)
{
    uint32_t size;
    for (int32_t id = 1; id <= ROWS; id++) {
        if (is_secret(id) && !with_secrets) {
            assert_err(seek_id(s, s->table, id), JET_errRecordNotFound);
            continue;
        }
        assert_good(seek_id(s, s->table, id));
        assert_int_equal(get_number(s, s->table, s->number, 0), id * 10);
        const uint8_t *blob = get_bytes(s, s->table, s->blob, 0, &size);
        assert_int_equal(size, BLOB_BYTES);
        assert_memory_equal(blob, blob_of(id), BLOB_BYTES);
    }
}

static const char *const SECRETS[] = {"hidden-", "HIDDEN-", "classifi", "confidential", "restricted", "RESTRICTED"};

/* How many of the words are in the file. */
static unsigned secrets_in(const char *path)
{
    unsigned found = 0;
    unsigned long long size;
    unsigned char *bytes = read_whole_file(path, &size);
    for (size_t i = 0; i < sizeof SECRETS / sizeof SECRETS[0]; i++)
        found += memmem(bytes, size, SECRETS[i], strlen(SECRETS[i])) != NULL ? 1u : 0u;
    free(bytes);
    return found;
}

static struct db_header header_of(const char *path)
{
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    assert_good(database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL));
    return header;
}

static long counted(int parameter) { return strtol(events_parameter(707, (uint32_t)parameter), NULL, 10); }

static void verify(const char *path)
{
    const char *tool = getenv("ESE_TOOL");
    if (tool != NULL)
        assert_int_equal(system(text_of("'%s' verify -q '%s' > /dev/null", tool, path)), 0);
}

static void start(struct sample *s)
{
    memset(s, 0, sizeof *s);
    live_configure = configure;
    live_start(&s->live, PAGE_SIZE);
    sample_create(s);
    for (int32_t id = 1; id <= ROWS; id++)
        add_row(s, id);
}

/* Starts an instance again where one has ended, well or not. */
static void start_again(struct sample *s, const char *folder)
{
    live_configure = configure;
    live_start_in(&s->live, folder, PAGE_SIZE);
    s->session = s->live.session;
    const char *path = text_of("%s/sample.edb", folder);
    JET_ERR err = JetAttachDatabase(s->session, path, 0);
    assert_true(err == JET_errSuccess || err == JET_wrnDatabaseAttached);
    assert_good(JetOpenDatabase(s->session, path, NULL, &s->dbid, 0));
    assert_good(JetOpenTable(s->session, s->dbid, "Sample", NULL, 0, 0, &s->table));
}

/* Recovery has found the deletes done and their nodes still on the pages, when the instance was killed before the cleanup came. */
static void start_killed(struct sample *s)
{
    start(s);
    JET_SESID reader; /* keeps the cleanup from coming */
    assert_good(JetBeginSession(s->live.instance, &reader, NULL, NULL));
    assert_good(JetBeginTransaction(reader));
    delete_secrets(s);
    assert_err(JetTerm2(s->live.instance, JET_bitTermDirty), JET_errDirtyShutdown);
    start_again(s, s->live.folder);
}

static void backup(struct sample *s, struct backup_set *set)
{
    events_clear();
    client_backup(s->live.instance, 0, 0, make_scratch_folder("set"), set);
}

static void what_was_deleted_is_gone_from_the_file_after_the_backup(void **state)
{
    (void)state;
    struct sample s;
    struct backup_set set;
    static const uint32_t SCRUB[] = {706, 707, 0};
    scrubs = true;
    start(&s);
    make_and_drop_table(&s);
    delete_secrets(&s);
    const char *path = text_of("%s/sample.edb", s.live.folder), *target = make_scratch_folder("target");
    uint64_t dbtime_before = header_of(path).dbtime_last_scrub;
    backup(&s, &set);
    assert_int_equal(events_count(706), 1);
    assert_int_equal(events_count(707), 1);
    assert_string_equal(events_parameter(706, 0), path);
    assert_string_equal(events_parameter(707, 0), path);
    assert_null(events_parameter(707, 10));
    assert_int_equal(counted(2), 0); /* the result */
    assert_true(strncmp(events_text(SCRUB, 1), "706 I(", 6) == 0);
    assert_true(counted(UNUSED) > 20 && counted(USED) > 20 && counted(SEEN) > counted(BLANK) + counted(UNCHANGED) + counted(UNUSED) + counted(USED));
    check_rows(&s, false);
    struct db_header header = header_of(path);
    assert_true(header.dbtime_last_scrub > dbtime_before);
    assert_int_not_equal(header.logtime_scrub.bytes[4], 0); /* a month */
    /* what has not changed since is not done again */
    long used = counted(USED), unused = counted(UNUSED);
    backup(&s, &set);
    assert_int_equal(counted(UNUSED), 0);
    assert_true(counted(USED) < 10 && counted(UNCHANGED) >= used + unused - 10);
    sample_stop(&s);
    assert_int_equal(secrets_in(path), 0);
    /* and it is gone from what is restored from the set too */
    assert_good(client_restore(&set, "sample.edb", target));
    assert_int_equal(secrets_in(text_of("%s/sample.edb", target)), 0);
    verify(text_of("%s/sample.edb", target));
}

static void without_the_parameter_nothing_is_wiped(void **state)
{
    (void)state;
    struct sample s;
    struct backup_set set;
    scrubs = false;
    start(&s);
    make_and_drop_table(&s);
    delete_secrets(&s);
    const char *path = text_of("%s/sample.edb", s.live.folder);
    backup(&s, &set);
    assert_int_equal(events_count(706) + events_count(707), 0);
    sample_stop(&s);
    assert_true(secrets_in(path) >= 3);
    assert_int_equal(header_of(path).dbtime_last_scrub, 0);
}

static void nodes_that_recovery_left_marked_deleted_lose_their_data(void **state)
{
    (void)state;
    struct sample s;
    struct backup_set set;
    scrubs = true;
    start_killed(&s);
    const char *path = text_of("%s/sample.edb", s.live.folder);
    backup(&s, &set);
    check_rows(&s, false);
    sample_stop(&s);
    assert_int_equal(secrets_in(path), 0);
}

static void readers_and_rollbacks_find_what_they_need(void **state)
{
    (void)state;
    struct sample s, old;
    struct backup_set set;
    JET_SESID other;
    scrubs = true;
    start(&s);
    const char *path = text_of("%s/sample.edb", s.live.folder);
    old = s;
    assert_good(JetBeginSession(s.live.instance, &old.session, NULL, NULL));
    assert_good(JetOpenDatabase(old.session, path, NULL, &old.dbid, 0));
    assert_good(JetOpenTable(old.session, old.dbid, "Sample", NULL, 0, 0, &old.table));
    assert_good(JetBeginTransaction(old.session));
    assert_good(seek_id(&old, old.table, 1));
    delete_secrets(&s);
    make_and_drop_table(&s);
    assert_good(JetBeginSession(s.live.instance, &other, NULL, NULL));
    assert_good(JetBeginTransaction(s.session)); /* to be taken back */
    delete_row(&s, 3);
    assert_good(seek_id(&s, s.table, 6));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    assert_good(set_value(&s, s.table, s.blob, "short", 5, 0, 0, 1));
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    backup(&s, &set);
    assert_int_equal(counted(2), 0);
    check_rows(&old, true);
    assert_good(JetRollback(s.session, 0));
    check_rows(&s, false);
    assert_good(JetCommitTransaction(old.session, 0));
    backup(&s, &set);
    check_rows(&s, false);
    assert_good(JetEndSession(old.session, 0));
    assert_good(JetEndSession(other, 0));
    sample_stop(&s);
    assert_int_equal(secrets_in(path), 0);
}

static void closing_early_ends_it_without_a_word(void **state)
{
    (void)state;
    struct sample s;
    JET_HANDLE handle;
    uint32_t low, high, got;
    uint8_t *buffer = (uint8_t *)aligned_alloc(4096, PIECE);
    scrubs = true;
    start(&s);
    delete_secrets(&s);
    const char *path = text_of("%s/sample.edb", s.live.folder);
    events_clear();
    assert_good(JetBeginExternalBackupInstance(s.live.instance, 0));
    assert_good(JetOpenFileInstance(s.live.instance, path, &handle, &low, &high));
    assert_int_equal(events_count(706), 0); /* it begins with the first read */
    assert_good(JetReadFileInstance(s.live.instance, handle, buffer, PIECE, &got));
    assert_int_equal(events_count(706), 1);
    assert_good(JetCloseFileInstance(s.live.instance, handle));
    assert_good(JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndAbort));
    assert_int_equal(events_count(707), 0);
    assert_int_equal(header_of(path).dbtime_last_scrub, 0);
    check_rows(&s, false);
    free(buffer);
    sample_stop(&s);
}

/* Of a closed file's long-value leaves: the node with this key, or the first with this content. NULL: there is none. */
static uint8_t *find_node(uint8_t *bytes, unsigned long long size, struct span key, const char *content, page_no_t *page_no, struct node *out)
{
    uint8_t room[16];
    for (page_no_t p = 1; ((unsigned long long)p + 2) * PAGE_SIZE <= size; p++) {
        uint8_t *page = bytes + ((size_t)p + 1) * PAGE_SIZE;
        struct page_view view;
        if (page_view_init(&view, page, PAGE_SIZE, p, NULL) < 0 || !page_is_leaf(&view) || (page_flags(&view) & (PAGE_FLAG_LONG_VALUE | PAGE_FLAG_SPACE_TREE)) != PAGE_FLAG_LONG_VALUE)
            continue;
        for (uint32_t i = 0; i < page_node_count(&view); i++) {
            *out = page_node(&view, i);
            *page_no = p;
            if (content != NULL ? memmem(out->data.data, out->data.size, content, strlen(content)) != NULL : span_equal(span_of(room, node_copy_key(out, room)), key))
                return page;
        }
    }
    return NULL;
}

/* The reference count of a long value is made 0 in the closed file, as a crash of another engine may leave it. */
static void orphan_long_value(const char *path, const char *content)
{
    unsigned long long size;
    uint8_t *bytes = read_whole_file(path, &size), key[16];
    struct node node;
    page_no_t page_no;
    assert_non_null(find_node(bytes, size, span_of(NULL, 0), content, &page_no, &node));
    uint32_t key_size = node_copy_key(&node, key) - 4;
    uint8_t *page = find_node(bytes, size, span_of(key, key_size), NULL, &page_no, &node);
    assert_non_null(page);
    store_le32(page + (node.data.data - page), 0);
    checksum_store_page(page, PAGE_SIZE, page_no);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    free(bytes);
}

static void a_long_value_without_references_is_wiped_over_all_its_pages(void **state)
{
    (void)state;
    struct sample s;
    struct backup_set set;
    unsigned long long size;
    scrubs = true;
    start(&s);
    const char *path = text_of("%s/sample.edb", s.live.folder);
    live_stop(&s.live);
    orphan_long_value(path, "everybodys00030");
    start_again(&s, s.live.folder);
    backup(&s, &set);
    assert_int_equal(counted(2), 0);
    assert_int_equal(counted(LONG_VALUES), 1);
    live_stop(&s.live);
    unsigned char *bytes = read_whole_file(path, &size);
    assert_null(memmem(bytes, size, "everybodys00030everybodys", 25));
    assert_non_null(memmem(bytes, size, "everybodys00033everybodys", 25));
    assert_non_null(memmem(bytes, size, "LLLLLLLLLLLLLLLL", 16));
    free(bytes);
}

static void read_all(JET_INSTANCE instance, const char *path)
{
    JET_HANDLE handle;
    uint32_t low, high, got;
    uint8_t *buffer = (uint8_t *)aligned_alloc(4096, PIECE);
    assert_good(JetOpenFileInstance(instance, path, &handle, &low, &high));
    do
        assert_good(JetReadFileInstance(instance, handle, buffer, PIECE, &got));
    while (got != 0);
    assert_good(JetCloseFileInstance(instance, handle));
    free(buffer);
}

static void a_crash_at_any_moment_of_a_scrub_is_recovered_from(void **state)
{
    (void)state;
    enum { IMAGES = 24 };
    struct sample s, image;
    struct fault_fs *disk = fault_fs_create(os_fs_posix());
    scrubs = true;
    start(&s);
    make_and_drop_table(&s);
    delete_secrets(&s);
    live_stop(&s.live);
    process_set_fs(fault_fs_os(disk));
    fault_fs_record(disk, s.live.folder);
    fault_fs_set_tear_unit_of(disk, "sample.edb", PAGE_SIZE);
    start_again(&s, s.live.folder);
    const char *path = text_of("%s/sample.edb", s.live.folder);
    events_clear();
    assert_good(JetBeginExternalBackupInstance(s.live.instance, 0));
    size_t from = fault_fs_event_count(disk);
    read_all(s.live.instance, path);
    assert_true(counted(UNUSED) > 20 && counted(USED) > 20);
    assert_good(JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndAbort));
    live_stop(&s.live); /* writes what was wiped */
    size_t to = fault_fs_event_count(disk);
    process_set_fs(NULL);
    assert_true(to > from + 20);
    scrubs = false;
    for (size_t i = 0; i < IMAGES; i++) {
        recovery_folder = make_scratch_folder("image");
        fault_fs_build_image(disk, from + (to - from) * (i + 1) / IMAGES, (enum fault_image)(i % 3), i, recovery_folder);
        image = s;
        start_again(&image, recovery_folder);
        check_rows(&image, false);
        sample_stop(&image);
    }
    recovery_folder = NULL;
    fault_fs_destroy(disk);
}

static void *run_workload(void *w)
{
    static JET_ERR err;
    err = workload_run((struct workload *)w);
    return &err;
}

/* Rows, long values, tables and indexes come and go in several threads; backup after backup wipes what is gone. */
static void under_load_nothing_but_the_deleted_is_lost(void **state)
{
    (void)state;
    enum { BACKUPS_MIN = 5 };
    const char *folder = make_scratch_folder("load");
    const struct workload_config config = {.folder = folder, .page_size = PAGE_SIZE, .threads = 4, .transactions = 250, .seed = 4711, .log_kib = 1024, .cache_pages = 256};
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramZeroDatabaseDuringBackup, 1, NULL)); /* of instances made from now on */
    struct workload *w = workload_create(&config);
    assert_good(workload_setup(w));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramZeroDatabaseDuringBackup, 0, NULL));
    pthread_t thread;
    void *result;
    const char *path = workload_database(folder);
    assert_int_equal(pthread_create(&thread, NULL, run_workload, w), 0);
    while (workload_committed(w) < 60) /* the threads have attached it */
        usleep(1000);
    uint32_t backups = 0;
    assert_int_equal(header_of(path).dbtime_last_scrub, 0);
    for (uint32_t all = 4 * 250; backups < BACKUPS_MIN || (workload_committed(w) < all && backups < 200); backups++) {
        assert_good(JetBeginExternalBackupInstance(workload_instance(w), 0));
        read_all(workload_instance(w), text_of("%s", path));
        assert_good(JetEndExternalBackupInstance2(workload_instance(w), JET_bitBackupEndAbort));
    }
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_good(*(JET_ERR *)result);
    assert_true(header_of(path).dbtime_last_scrub > 0); /* some of them came to their end */
    assert_good(workload_finish(w, false));
    verify(path);
    uint64_t rows = 0;
    assert_good(workload_check(w, folder, UINT64_MAX, &rows));
    assert_true(rows > 0);
    workload_destroy(w);
}

/* Of Windows and of the original engine: everything in them is found to be in use that is. */
static void every_clean_database_survives_being_wiped(void **state)
{
    (void)state;
    require_shared_data();
    const char *tool = getenv("ESE_TOOL");
    scrubs = true;
    live_configure = configure;
    for (size_t i = 0; CLEAN_DATABASES[i] != NULL; i++) {
        struct live_instance live;
        events_clear();
        live_start_with(&live, CLEAN_DATABASES[i]);
        const char *untouched = text_of("%s/untouched", live.folder);
        copy_shared_file(CLEAN_DATABASES[i], untouched);
        assert_good(JetBeginExternalBackupInstance(live.instance, 0));
        read_all(live.instance, live.database);
        assert_good(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort));
        if (counted(2) != 0 || counted(USED) == 0)
            fail_msg("%s: %ld, %ld pages", CLEAN_DATABASES[i], counted(2), counted(USED));
        live_stop(&live);
        if (tool != NULL && system(text_of("'%s' verify -q '%s' > /dev/null 2>&1", tool, untouched)) == 0)
            verify(live.database);
    }
}

static int begin_events(void **state)
{
    (void)state;
    events_start();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_deleted_is_gone_from_the_file_after_the_backup),
        cmocka_unit_test(without_the_parameter_nothing_is_wiped),
        cmocka_unit_test(nodes_that_recovery_left_marked_deleted_lose_their_data),
        cmocka_unit_test(readers_and_rollbacks_find_what_they_need),
        cmocka_unit_test(closing_early_ends_it_without_a_word),
        cmocka_unit_test(a_long_value_without_references_is_wiped_over_all_its_pages),
        cmocka_unit_test(a_crash_at_any_moment_of_a_scrub_is_recovered_from),
        cmocka_unit_test(every_clean_database_survives_being_wiped),
        cmocka_unit_test(under_load_nothing_but_the_deleted_is_lost),
    };
    return cmocka_run_group_tests(tests, begin_events, NULL);
}
