/* Attached database files: reading and judging the header, writing the pair through faults and power cuts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "database/database.h"
#include "fault_fs.h"
#include "os/clock.h"
#include "shared_data.h"

enum { SIZE = 4096, PAGES = 6 };

struct fixture {
    struct fault_fs *fault;
    const char *folder, *path;
    struct cache *cache;
    struct database *db;
    uint64_t live;
};

static struct log_time time_of(int64_t seconds) { return log_time_from_unix(seconds, 0); }

static struct db_header plain_header(void)
{
    struct db_header h;
    memset(&h, 0, sizeof h);
    h.version_major = DB_VERSION_MAJOR;
    h.update_major = DB_UPDATE_MAJOR_BASE;
    h.file_type = FILE_TYPE_DATABASE;
    h.state = DB_STATE_CLEAN;
    h.dbtime = 1234;
    h.objid_last = 17;
    h.lgpos_consistent = h.lgpos_detach = lgpos_make(5, 6, 7);
    h.db_signature = signature_make(42, time_of(1500000000));
    h.log_signature = signature_make(43, time_of(1500000000));
    h.backup_full_previous = (struct backup_info){lgpos_make(2, 3, 4), time_of(1500000001), 2, 3};
    h.backup_full_previous_type = BACKUP_TYPE_SURROGATE;
    h.backup_full_current.gen_low = 9;
    h.flush_map_signature = signature_make(44, time_of(1500000000));
    return h;
}

/* A file of two headers and PAGES zero pages. A byte beyond the known fields is set: it must survive. */
static void write_file(const char *path, const struct db_header *header, uint32_t size)
{
    struct os_file *file = NULL;
    uint8_t *page = (uint8_t *)calloc(1, size);
    page[1000] = 0x5A;
    db_header_encode(header, page, size);
    assert_int_equal(os_file_open(os_fs_posix(), path, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_TRUNCATE, &file), JET_errSuccess);
    assert_int_equal(os_file_write(file, 0, page, size), JET_errSuccess);
    assert_int_equal(os_file_write(file, size, page, size), JET_errSuccess);
    assert_int_equal(os_file_set_size(file, (uint64_t)(PAGES + 2) * size), JET_errSuccess);
    os_file_close(file);
    free(page);
}

static void change_byte(const char *path, uint64_t offset)
{
    struct os_file *file = NULL;
    uint8_t byte = 0;
    assert_int_equal(os_file_open(os_fs_posix(), path, OS_OPEN_WRITE, &file), JET_errSuccess);
    assert_int_equal(os_file_read(file, offset, &byte, 1), JET_errSuccess);
    byte ^= 0x40;
    assert_int_equal(os_file_write(file, offset, &byte, 1), JET_errSuccess);
    os_file_close(file);
}

static void setup_file(struct fixture *x)
{
    memset(x, 0, sizeof *x);
    struct db_header header = plain_header();
    const struct cache_config config = {.page_size = SIZE, .bytes_max = 1 << 20};
    x->live = memory_live_count();
    x->folder = make_scratch_folder("database");
    x->path = text_of("%s/data.edb", x->folder);
    x->fault = fault_fs_create(os_fs_posix());
    write_file(x->path, &header, SIZE);
    assert_int_equal(cache_create(&config, &x->cache), JET_errSuccess);
}

static JET_ERR open_it(struct fixture *x, bool read_only)
{
    const struct database_open_config config = {.fs = fault_fs_os(x->fault), .cache = x->cache, .path = x->path, .page_size = SIZE, .dbid = 1, .read_only = read_only};
    return database_open(&config, &x->db);
}

static void setup_open(struct fixture *x)
{
    setup_file(x);
    assert_int_equal(open_it(x, false), JET_errSuccess);
}

static void teardown(struct fixture *x)
{
    database_close(x->db);
    cache_destroy(x->cache);
    assert_int_equal(fault_fs_open_files(x->fault), 0);
    fault_fs_destroy(x->fault);
    assert_int_equal(memory_live_count(), x->live);
}

static JET_ERR read_header(const char *path, struct db_header *out, bool *used_shadow)
{
    uint32_t page_size = 0;
    return database_read_header(os_fs_posix(), path, out, &page_size, used_shadow, NULL);
}

static const struct signature *stream_signature(void)
{
    static struct signature signature;
    signature = signature_make(77, time_of(1600000000));
    return &signature;
}

static JET_ERR attach(struct fixture *x)
{
    return database_mark_attached(x->db, lgpos_make(10, 11, 12), time_of(1600000010), stream_signature(), 10, time_of(1600000005));
}

static void a_header_is_found_at_every_page_size(void **state)
{
    (void)state;
    const char *path = text_of("%s/data.edb", make_scratch_folder("database"));
    struct db_header header = plain_header(), found;
    uint64_t live = memory_live_count();
    for (uint32_t size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX; size *= 2) {
        uint32_t page_size = 0;
        bool used_shadow = true;
        uint8_t *page = NULL;
        write_file(path, &header, size);
        assert_int_equal(database_read_header(os_fs_posix(), path, &found, &page_size, &used_shadow, &page), JET_errSuccess);
        assert_int_equal(page_size, size);
        assert_false(used_shadow);
        assert_int_equal(found.dbtime, 1234);
        assert_int_equal(page[1000], 0x5A);
        mem_free(page);
        change_byte(path, 300); /* primary bad */
        assert_int_equal(database_read_header(os_fs_posix(), path, &found, &page_size, &used_shadow, NULL), JET_errSuccess);
        assert_int_equal(page_size, size);
        assert_true(used_shadow);
        assert_int_equal(found.objid_last, 17);
        change_byte(path, size + 300); /* both bad */
        assert_int_equal(read_header(path, &found, &used_shadow), JET_errDatabaseCorrupted);
        change_byte(path, 300); /* shadow bad */
        assert_int_equal(read_header(path, &found, &used_shadow), JET_errSuccess);
        assert_false(used_shadow);
    }
    assert_int_equal(memory_live_count(), live);
}

static void a_file_that_holds_no_header_says_why(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("database");
    const char *path = text_of("%s/x", folder);
    struct db_header header = plain_header(), found;
    bool used_shadow;
    assert_int_equal(read_header(path, &found, &used_shadow), JET_errFileNotFound);
    assert_int_equal(read_header(text_of("%s/no/x", folder), &found, &used_shadow), JET_errInvalidPath);
    struct os_file *file = NULL;
    assert_int_equal(os_file_open(os_fs_posix(), path, OS_OPEN_WRITE | OS_OPEN_CREATE, &file), JET_errSuccess);
    assert_int_equal(read_header(path, &found, &used_shadow), JET_errFileIOBeyondEOF);
    assert_int_equal(os_file_set_size(file, 2047), JET_errSuccess);
    assert_int_equal(read_header(path, &found, &used_shadow), JET_errFileIOBeyondEOF);
    assert_int_equal(os_file_set_size(file, 100000), JET_errSuccess);
    assert_int_equal(read_header(path, &found, &used_shadow), JET_errDatabaseCorrupted);
    write_file(path, &header, SIZE);
    assert_int_equal(os_file_set_size(file, SIZE), JET_errSuccess); /* cut after the primary */
    assert_int_equal(read_header(path, &found, &used_shadow), JET_errSuccess);
    assert_int_equal(os_file_set_size(file, SIZE - 1), JET_errSuccess);
    assert_int_equal(read_header(path, &found, &used_shadow), JET_errDatabaseCorrupted);
    os_file_close(file);
}

static void formats_are_accepted_or_refused_by_version(void **state)
{
    (void)state;
    static const struct {
        uint32_t major, update_major, file_type;
        JET_ERR expected;
    } cases[] = {
        {0x620, 0x0B, 0, JET_errSuccess},
        {0x620, 0x0C, 0, JET_errSuccess},
        {0x620, 0x11, 1, JET_errSuccess},
        {0x620, 20, 1, JET_errSuccess},
        {0x620, 290, 1, JET_errSuccess},
        {0x620, 300, 1, JET_errSuccess},
        {0x620, 20, 5, JET_errSuccess},
        {0x620, 301, 1, JET_errInvalidDatabaseVersion},
        {0x620, 999, 1, JET_errInvalidDatabaseVersion},
        {0x620, 0x0A, 1, JET_errInvalidDatabaseVersion},
        {0x621, 20, 1, JET_errInvalidDatabaseVersion},
        {0x550, 0, 0, JET_errInvalidDatabaseVersion},
        {0x500, 0, 0, JET_errDatabase500Format},
        {0x400, 0, 0, JET_errDatabase400Format},
        {0x200, 0, 0, JET_errDatabase200Format},
        {0x001, 0, 0, JET_errDatabase200Format},
        {0x620, 20, FILE_TYPE_LOG, JET_errFileInvalidType},
        {0x620, 20, FILE_TYPE_FLUSH_MAP, JET_errFileInvalidType},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture x;
        setup_file(&x);
        struct db_header header = plain_header();
        header.version_major = cases[i].major;
        header.update_major = cases[i].update_major;
        header.file_type = cases[i].file_type;
        write_file(x.path, &header, SIZE);
        assert_int_equal(database_check_format(&header), cases[i].expected);
        assert_int_equal(open_it(&x, false), cases[i].expected);
        assert_int_equal(fault_fs_count(x.fault, FAULT_ANY_CHANGE), 0);
        teardown(&x);
    }
}

static void a_header_of_an_old_family_is_named_though_its_sum_differs(void **state)
{
    (void)state;
    const char *path = text_of("%s/x", make_scratch_folder("database"));
    struct db_header header = plain_header(), found;
    bool used_shadow;
    header.version_major = 0x500;
    write_file(path, &header, SIZE);
    change_byte(path, 0);
    change_byte(path, SIZE);
    assert_int_equal(read_header(path, &found, &used_shadow), JET_errDatabase500Format);
}

static void opening_reads_and_locks_and_never_writes(void **state)
{
    (void)state;
    struct fixture x;
    setup_open(&x);
    assert_int_equal(x.db->header.dbtime, 1234);
    assert_int_equal(x.db->page_size, SIZE);
    assert_int_equal(x.db->last_owned_page, PAGES);
    assert_int_equal(x.db->dbid, 1);
    assert_string_equal(x.db->path, x.path);
    assert_int_equal(fault_fs_count(x.fault, FAULT_ANY_CHANGE), 0);
    struct database *first = x.db;
    assert_int_equal(open_it(&x, false), JET_errFileAccessDenied);
    assert_null(x.db);
    assert_int_equal(open_it(&x, true), JET_errFileAccessDenied);
    database_close(first);
    assert_int_equal(open_it(&x, true), JET_errSuccess);
    first = x.db;
    assert_int_equal(open_it(&x, true), JET_errSuccess);
    assert_int_equal(attach(&x), JET_errDatabaseFileReadOnly);
    assert_int_equal(x.db->header.state, DB_STATE_CLEAN);
    database_close(first);
    assert_int_equal(database_set_last_owned_page(x.db, 4), JET_errSuccess);
    assert_int_equal(x.db->last_owned_page, 4);
    assert_int_equal(database_set_last_owned_page(x.db, 0), JET_errDatabaseCorrupted);
    assert_int_equal(database_set_last_owned_page(x.db, UINT32_MAX), JET_errDatabaseCorrupted);
    assert_int_equal(fault_fs_count(x.fault, FAULT_ANY_CHANGE), 0);
    teardown(&x);
}

static void a_file_of_another_page_size_is_refused_untouched(void **state)
{
    (void)state;
    struct fixture x;
    setup_file(&x);
    struct db_header header = plain_header();
    write_file(x.path, &header, 8192);
    assert_int_equal(open_it(&x, false), JET_errPageSizeMismatch);
    assert_null(x.db);
    assert_int_equal(fault_fs_count(x.fault, FAULT_ANY_CHANGE), 0);
    teardown(&x);
}

static int destroyed;
static void destroy_catalog(void *catalog) { destroyed += *(int *)catalog; }

static void closing_destroys_what_upper_layers_hung_in(void **state)
{
    (void)state;
    struct fixture x;
    int amount = 3;
    setup_open(&x);
    x.db->catalog = &amount;
    x.db->catalog_destroy = destroy_catalog;
    teardown(&x);
    assert_int_equal(destroyed, 3);
    database_close(NULL);
}

static void a_writable_attach_marks_the_header_dirty(void **state)
{
    (void)state;
    struct fixture x;
    struct db_header found;
    bool used_shadow;
    setup_open(&x);
    assert_int_equal(attach(&x), JET_errSuccess);
    assert_int_equal(read_header(x.path, &found, &used_shadow), JET_errSuccess);
    assert_int_equal(found.state, DB_STATE_DIRTY);
    assert_int_equal(found.lgpos_attach, lgpos_make(10, 11, 12));
    assert_true(log_time_equal(found.logtime_attach, time_of(1600000010)));
    assert_int_equal(found.lgpos_detach, 0);
    assert_false(log_time_is_set(found.logtime_detach));
    assert_int_equal(found.lgpos_consistent, 0); /* a position of another stream says nothing in this one */
    assert_int_equal(found.gen_min_required, 10);
    assert_int_equal(found.gen_max_required, 10);
    assert_int_equal(found.gen_max_committed, 10);
    assert_int_equal(found.gen_min_consistent, 10);
    assert_true(log_time_equal(found.logtime_gen_max_created, time_of(1600000005)));
    assert_false(log_time_is_set(found.logtime_gen_max_required)); /* not in this format */
    assert_int_equal(found.lgpos_last_resize, 0);
    assert_true(signature_equal(&found.log_signature, stream_signature()));
    assert_int_equal(found.backup_full_previous.gen_high, 0); /* another stream */
    assert_int_equal(found.backup_full_previous_type, 0);
    assert_int_equal(found.backup_full_current.gen_low, 0);
    assert_false(signature_is_set(&found.flush_map_signature));
    assert_true(signature_is_set(&found.header_flush_signature));
    assert_int_equal(found.dbid, 1);
    assert_int_equal(found.dbtime, 1234);

    unsigned long long size;
    unsigned char *bytes = read_whole_file(x.path, &size);
    assert_memory_equal(bytes, bytes + SIZE, SIZE); /* the pair is a pair */
    assert_int_equal(bytes[1000], 0x5A);
    assert_int_equal(size, (PAGES + 2) * SIZE);
    free(bytes);

    struct signature flush = found.header_flush_signature;
    assert_int_equal(database_set_generations(x.db, 10, 11, time_of(1600000020), 12, time_of(1600000030)), JET_errSuccess);
    assert_int_equal(read_header(x.path, &found, &used_shadow), JET_errSuccess);
    assert_int_equal(found.gen_min_required, 10);
    assert_int_equal(found.gen_max_required, 11);
    assert_int_equal(found.gen_max_committed, 12);
    assert_true(log_time_equal(found.logtime_gen_max_created, time_of(1600000030)));
    assert_false(signature_equal(&found.header_flush_signature, &flush));

    assert_int_equal(database_mark_clean(x.db, lgpos_make(12, 1, 40), time_of(1600000040)), JET_errSuccess);
    assert_int_equal(read_header(x.path, &found, &used_shadow), JET_errSuccess);
    assert_int_equal(found.state, DB_STATE_CLEAN);
    assert_int_equal(found.lgpos_consistent, lgpos_make(12, 1, 40));
    assert_int_equal(found.lgpos_detach, lgpos_make(12, 1, 40));
    assert_true(log_time_equal(found.logtime_detach, time_of(1600000040)));
    assert_int_equal(found.gen_min_required + found.gen_max_required + found.gen_max_committed + found.gen_min_consistent, 0);
    assert_false(log_time_is_set(found.logtime_gen_max_created));
    teardown(&x);
}

static void generations_only_rise_and_counters_go_along(void **state)
{
    (void)state;
    struct fixture x;
    struct db_header found;
    bool used_shadow;
    setup_open(&x);
    assert_int_equal(database_set_generations(x.db, 5, 5, time_of(1), 5, time_of(1)), JET_errSuccess); /* clean: not attached yet */
    assert_int_equal(read_header(x.path, &found, &used_shadow), JET_errSuccess);
    assert_int_equal(found.gen_max_required, 0);
    assert_int_equal(x.db->required_on_disk, 0);
    assert_int_equal(attach(&x), JET_errSuccess);
    assert_int_equal(x.db->required_on_disk, 10);
    assert_int_equal(database_set_generations(x.db, 11, 12, time_of(1600000020), 13, time_of(1600000030)), JET_errSuccess);
    assert_int_equal(x.db->required_on_disk, 12);
    fault_fs_reset_counts(x.fault);
    assert_int_equal(database_set_generations(x.db, 9, 8, time_of(1), 7, time_of(1)), JET_errSuccess);
    assert_int_equal(fault_fs_count(x.fault, FAULT_WRITE) + fault_fs_count(x.fault, FAULT_SYNC), 0);
    for (int i = 0; i < 5; i++)
        (void)database_next_dbtime(x.db);
    (void)database_next_objid(x.db);
    uint32_t objid = x.db->objid_last;
    assert_int_equal(database_set_generations(x.db, 0, 12, time_of(1), 14, time_of(1600000040)), JET_errSuccess);
    assert_int_equal(read_header(x.path, &found, &used_shadow), JET_errSuccess);
    assert_int_equal(found.gen_min_required, 11);
    assert_int_equal(found.gen_max_required, 12);
    assert_int_equal(found.gen_max_committed, 14);
    assert_true(log_time_equal(found.logtime_gen_max_created, time_of(1600000040)));
    assert_int_equal(found.dbtime, 1234 + 5);
    assert_int_equal(found.objid_last, objid);
    /* A header that could not be written holds pages back as before. */
    fault_fs_fail(x.fault, FAULT_WRITE, 1, JET_errDiskIO, true);
    assert_int_equal(database_set_generations(x.db, 0, 20, time_of(1), 20, time_of(1)), JET_errDiskIO);
    fault_fs_fail(x.fault, FAULT_WRITE, 0, 0, false);
    assert_int_equal(x.db->required_on_disk, 12);
    assert_int_equal(x.db->header.gen_max_required, 12);
    teardown(&x);
}

static void a_new_file_is_just_created_and_nobodys_database_yet(void **state)
{
    (void)state;
    struct fixture x;
    struct db_header found;
    bool used_shadow;
    setup_file(&x);
    const char *path = text_of("%s/new.edb", x.folder);
    struct database_create_config config = {.fs = fault_fs_os(x.fault), .path = path, .page_size = SIZE, .dbid = 3, .last_page = 254, .has_no_shadow_catalog = true,
                                            .db_signature = *stream_signature(), .log_signature = stream_signature()};
    assert_int_equal(database_create_file(&config), JET_errSuccess);
    assert_int_equal(read_header(path, &found, &used_shadow), JET_errSuccess);
    assert_int_equal(found.state, DB_STATE_JUST_CREATED);
    assert_int_equal(found.version_major, 0x620);
    assert_int_equal(found.update_major, 0x14);
    assert_int_equal(found.dbtime, 0x40);
    assert_int_equal(found.dbid, 3);
    assert_int_equal(found.flags, DB_HEADER_FLAG_SHADOW_CATALOG_DISABLED);
    assert_true(signature_equal(&found.log_signature, stream_signature()));
    assert_int_equal(database_check_attachable(&found, NULL, 0), JET_errDatabaseDirtyShutdown);
    struct os_file_info info;
    assert_int_equal(os_stat(os_fs_posix(), path, &info), JET_errSuccess);
    assert_int_equal(info.size, 256 * SIZE);
    assert_int_equal(database_create_file(&config), JET_errFileAlreadyExists);
    config.may_overwrite = true;
    config.last_page = 46;
    assert_int_equal(database_create_file(&config), JET_errSuccess);
    assert_int_equal(os_stat(os_fs_posix(), path, &info), JET_errSuccess);
    assert_int_equal(info.size, 48 * SIZE);
    config.path = text_of("%s/full.edb", x.folder);
    fault_fs_fail(x.fault, FAULT_WRITE, 2, JET_errDiskFull, false);
    assert_int_equal(database_create_file(&config), JET_errDiskFull);
    assert_false(os_exists(os_fs_posix(), config.path));
    fault_fs_fail(x.fault, FAULT_WRITE, 0, 0, false);
    assert_int_equal(database_initial_pages(4096, 256), 254);
    assert_int_equal(database_initial_pages(4096, 16), 46);
    assert_int_equal(database_initial_pages(2048, 1), 32);
    teardown(&x);
}

static void newer_formats_keep_their_own_fields(void **state)
{
    (void)state;
    struct fixture x;
    struct db_header header = plain_header(), found;
    bool used_shadow;
    setup_file(&x);
    header.update_major = 200;
    header.update_minor = 440;
    header.log_signature = *stream_signature();
    write_file(x.path, &header, SIZE);
    assert_int_equal(open_it(&x, false), JET_errSuccess);
    assert_int_equal(attach(&x), JET_errSuccess);
    assert_int_equal(read_header(x.path, &found, &used_shadow), JET_errSuccess);
    assert_int_equal(found.update_minor, 440);
    assert_int_equal(found.lgpos_last_resize, lgpos_make(10, 11, 12));
    assert_true(log_time_equal(found.logtime_gen_max_required, time_of(1600000005)));
    assert_int_equal(found.backup_full_previous.gen_high, 3); /* the same stream: kept */
    assert_int_equal(found.backup_full_previous_type, BACKUP_TYPE_SURROGATE);
    assert_int_equal(database_mark_clean(x.db, lgpos_make(12, 1, 40), time_of(1600000040)), JET_errSuccess);
    assert_int_equal(x.db->header.lgpos_last_resize, lgpos_make(12, 1, 40));
    assert_false(log_time_is_set(x.db->header.logtime_gen_max_required));
    teardown(&x);
}

static void an_attach_without_logging_names_no_stream(void **state)
{
    (void)state;
    struct fixture x;
    setup_open(&x);
    assert_int_equal(database_mark_attached(x.db, 0, time_of(1600000010), NULL, 10, time_of(1)), JET_errSuccess);
    assert_false(signature_is_set(&x.db->header.log_signature));
    assert_int_equal(x.db->header.gen_min_required, 0);
    assert_int_equal(x.db->header.gen_max_committed, 0);
    assert_int_equal(x.db->header.state, DB_STATE_DIRTY);
    teardown(&x);
}

static void only_a_clean_header_may_be_attached(void **state)
{
    (void)state;
    static const struct {
        uint32_t state;
        uint32_t backup_gen_low, flags;
        JET_ERR expected;
    } cases[] = {
        {DB_STATE_CLEAN, 0, 0, JET_errSuccess},
        {DB_STATE_CLEAN, 5, 0, JET_errSuccess},
        {DB_STATE_DIRTY, 0, 0, JET_errDatabaseDirtyShutdown},
        {DB_STATE_DIRTY, 5, 0, JET_errSoftRecoveryOnBackupDatabase},
        {DB_STATE_JUST_CREATED, 0, 0, JET_errDatabaseDirtyShutdown},
        {DB_STATE_DIRTY_AND_PATCHED, 0, 0, JET_errDatabaseDirtyShutdown},
        {DB_STATE_FORCE_DETACH, 0, 0, JET_errDatabaseDirtyShutdown},
        {DB_STATE_BEING_CONVERTED, 0, 0, JET_errDatabaseIncompleteUpgrade},
        {DB_STATE_CLEAN, 0, DB_HEADER_FLAG_UPGRADE_IN_PROGRESS, JET_errDatabaseIncompleteUpgrade},
        {DB_STATE_INCREMENTAL_RESEED, 0, 0, -1226},
        {DB_STATE_REVERT_IN_PROGRESS, 0, 0, -1935},
        {0, 0, 0, JET_errDatabaseCorrupted},
        {9, 0, 0, JET_errDatabaseCorrupted},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct db_header header = plain_header();
        header.state = cases[i].state;
        header.backup_full_current.gen_low = cases[i].backup_gen_low;
        header.flags = cases[i].flags;
        assert_int_equal(database_check_attachable(&header, NULL, 0), cases[i].expected);
    }
    struct db_header header = plain_header();
    assert_int_equal(database_check_attachable(&header, &header.log_signature, lgpos_make(5, 6, 7)), JET_errSuccess);
    assert_int_equal(database_check_attachable(&header, &header.log_signature, lgpos_make(5, 6, 6)), JET_errConsistentTimeMismatch);
    assert_int_equal(database_check_attachable(&header, stream_signature(), lgpos_make(1, 1, 1)), JET_errSuccess);
}

/* The header in an image must be the old or the new one; *is_new tells which. */
static void check_image(const char *folder, bool *is_new)
{
    struct db_header found;
    bool used_shadow;
    assert_int_equal(read_header(text_of("%s/data.edb", folder), &found, &used_shadow), JET_errSuccess);
    assert_int_equal(found.dbtime, 1234);
    assert_true(found.state == DB_STATE_CLEAN || found.state == DB_STATE_DIRTY);
    *is_new = found.state == DB_STATE_DIRTY;
    assert_int_equal(found.lgpos_attach, *is_new ? lgpos_make(10, 11, 12) : 0);
}

enum { BOTH_GOOD, BAD_PRIMARY, BAD_SHADOW, STALE_SHADOW, START_COUNT };

static void start_with(const char *path, int start)
{
    if (start == BAD_PRIMARY)
        change_byte(path, 500);
    if (start == BAD_SHADOW)
        change_byte(path, SIZE + 500);
    if (start == STALE_SHADOW) { /* valid, but of an earlier state */
        struct db_header header = plain_header();
        uint8_t page[SIZE] = {0};
        struct os_file *file = NULL;
        header.dbtime = 1;
        db_header_encode(&header, page, SIZE);
        assert_int_equal(os_file_open(os_fs_posix(), path, OS_OPEN_WRITE, &file), JET_errSuccess);
        assert_int_equal(os_file_write(file, SIZE, page, SIZE), JET_errSuccess);
        os_file_close(file);
    }
}

static void a_power_cut_at_any_moment_leaves_a_readable_header(void **state)
{
    (void)state;
    for (int start = BOTH_GOOD; start < START_COUNT; start++) {
        struct fixture x;
        setup_file(&x);
        start_with(x.path, start);
        fault_fs_record(x.fault, x.folder);
        assert_int_equal(open_it(&x, false), JET_errSuccess);
        assert_int_equal(x.db->copy_is_bad[0], start == BAD_PRIMARY);
        assert_int_equal(x.db->copy_is_bad[1], start == BAD_SHADOW || start == STALE_SHADOW);
        assert_int_equal(attach(&x), JET_errSuccess);
        assert_false(x.db->copy_is_bad[0] || x.db->copy_is_bad[1]);
        size_t events = fault_fs_event_count(x.fault);
        assert_int_equal(events, 4); /* write, sync, write, sync */
        bool is_new = false, seen_old = false;
        for (size_t cut = 0; cut <= events; cut++) {
            for (int mode = FAULT_IMAGE_KEEP_ALL; mode <= FAULT_IMAGE_RANDOM; mode++) {
                for (uint64_t seed = 0; seed < (mode == FAULT_IMAGE_RANDOM ? 30u : 1u); seed++) {
                    const char *image = make_scratch_folder("image");
                    fault_fs_build_image(x.fault, cut, (enum fault_image)mode, seed, image);
                    check_image(image, &is_new);
                    seen_old = seen_old || !is_new;
                    if (cut == events)
                        assert_true(is_new); /* what was reported done is durable */
                }
            }
        }
        assert_true(seen_old);
        teardown(&x);
    }
}

static void a_failed_header_write_leaves_a_good_copy_and_can_be_repeated(void **state)
{
    (void)state;
    static const size_t torn[] = {0, 700, SIZE - 1};
    for (int start = BOTH_GOOD; start < START_COUNT; start++) {
        for (int kind = 0; kind < 2; kind++) {
            for (uint64_t nth = 1; nth <= 2; nth++) {
                for (size_t t = 0; t < (kind == 0 ? 3u : 1u); t++) {
                    struct fixture x;
                    bool is_new;
                    setup_file(&x);
                    start_with(x.path, start);
                    assert_int_equal(open_it(&x, false), JET_errSuccess);
                    if (kind == 0)
                        fault_fs_fail_torn(x.fault, nth, JET_errDiskIO, torn[t]);
                    else
                        fault_fs_fail(x.fault, FAULT_SYNC, nth, JET_errDiskFull, false);
                    assert_int_equal(attach(&x), kind == 0 ? JET_errDiskIO : JET_errDiskFull);
                    assert_int_equal(x.db->header.state, DB_STATE_CLEAN);
                    assert_true(x.db->copy_is_bad[0] != x.db->copy_is_bad[1] || (start != BOTH_GOOD && nth == 2));
                    check_image(x.folder, &is_new);
                    /* Again, and again failing at the first write: still a good copy. */
                    fault_fs_fail_torn(x.fault, 1, JET_errDiskIO, 700);
                    assert_int_equal(attach(&x), JET_errDiskIO);
                    check_image(x.folder, &is_new);
                    assert_int_equal(attach(&x), JET_errSuccess);
                    check_image(x.folder, &is_new);
                    assert_true(is_new);
                    teardown(&x);
                }
            }
        }
    }
}

static void a_clean_header_is_written_after_the_pages_are_durable(void **state)
{
    (void)state;
    struct fixture x;
    setup_file(&x);
    fault_fs_record(x.fault, x.folder);
    assert_int_equal(open_it(&x, false), JET_errSuccess);
    assert_int_equal(attach(&x), JET_errSuccess);
    uint8_t page[SIZE];
    memset(page, 7, sizeof page);
    size_t before = fault_fs_event_count(x.fault);
    assert_int_equal(os_file_write(x.db->file, 4 * SIZE, page, SIZE), JET_errSuccess);
    assert_int_equal(database_mark_clean(x.db, lgpos_make(12, 1, 40), time_of(1600000040)), JET_errSuccess);
    for (size_t cut = before; cut <= fault_fs_event_count(x.fault); cut++) {
        for (uint64_t seed = 0; seed < 30; seed++) {
            const char *image = make_scratch_folder("image");
            struct db_header found;
            bool used_shadow;
            fault_fs_build_image(x.fault, cut, FAULT_IMAGE_RANDOM, seed, image);
            const char *path = text_of("%s/data.edb", image);
            assert_int_equal(read_header(path, &found, &used_shadow), JET_errSuccess);
            unsigned long long size;
            unsigned char *bytes = read_whole_file(path, &size);
            if (found.state == DB_STATE_CLEAN)
                assert_memory_equal(bytes + 4 * SIZE, page, SIZE);
            free(bytes);
        }
    }
    /* A failing sync means: not clean. */
    assert_int_equal(attach(&x), JET_errSuccess);
    fault_fs_fail(x.fault, FAULT_SYNC, 1, JET_errDiskIO, false);
    assert_int_equal(database_mark_clean(x.db, 0, time_of(1)), JET_errDiskIO);
    assert_int_equal(x.db->header.state, DB_STATE_DIRTY);
    teardown(&x);
}

static void an_unreadable_primary_is_no_obstacle_while_the_shadow_is_good(void **state)
{
    (void)state;
    struct fixture x;
    setup_file(&x);
    /* Every read of the primary fails: the first five, one per candidate size. */
    for (uint64_t nth = 1; nth <= 5; nth++) {
        fault_fs_fail(x.fault, FAULT_READ, nth, JET_errDiskIO, false);
        assert_int_equal(open_it(&x, false), JET_errSuccess);
        assert_int_equal(x.db->header.dbtime, 1234);
        database_close(x.db);
    }
    fault_fs_fail(x.fault, FAULT_READ, 1, JET_errDiskIO, true);
    assert_int_equal(open_it(&x, false), JET_errDiskIO);
    assert_null(x.db);
    fault_fs_fail(x.fault, FAULT_READ, 0, JET_errSuccess, false);
    fault_fs_fail(x.fault, FAULT_OPEN, 1, JET_errOutOfFileHandles, false);
    assert_int_equal(open_it(&x, false), JET_errOutOfFileHandles);
    teardown(&x);
}

static void opening_without_memory_leaks_nothing(void **state)
{
    (void)state;
    struct fixture x;
    setup_file(&x);
    uint64_t live = memory_live_count();
    bool opened = false;
    for (uint64_t n = 1; !opened; n++) {
        memory_fail_at(n, 0);
        JET_ERR err = open_it(&x, false);
        memory_fail_at(0, 0);
        opened = err == JET_errSuccess;
        if (!opened) {
            assert_int_equal(err, JET_errOutOfMemory);
            assert_null(x.db);
            assert_int_equal(memory_live_count(), live);
            assert_int_equal(fault_fs_open_files(x.fault), 0);
        } else {
            assert_true(n > 5);
        }
    }
    teardown(&x);
}

static void real_databases_open_and_every_page_verifies(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t page_size;
    } sets[] = {{"clean_4k", 4096}, {"clean_8k", 8192}, {"clean_16k", 16384}, {"clean_32k", 32768}, {"clean_4k_win10", 4096}};
    (void)require_shared_data();
    const char *folder = make_scratch_folder("database");
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        const char *path = text_of("%s/%s.edb", folder, sets[i].name);
        struct cache *cache = NULL;
        struct database *db = NULL;
        uint64_t good = 0;
        copy_shared_file(text_of("engine/%s/data.edb", sets[i].name), path);
        const struct cache_config config = {.page_size = sets[i].page_size, .bytes_max = 2 << 20};
        assert_int_equal(cache_create(&config, &cache), JET_errSuccess);
        const struct database_open_config open = {.fs = os_fs_posix(), .cache = cache, .path = path, .page_size = sets[i].page_size, .dbid = 1, .read_only = true};
        assert_int_equal(database_open(&open, &db), JET_errSuccess);
        assert_false(db->copy_is_bad[0] || db->copy_is_bad[1]);
        assert_int_equal(database_check_attachable(&db->header, NULL, 0), JET_errSuccess);
        for (page_no_t p = 1; p <= db->last_owned_page; p++) {
            struct page_ref ref;
            JET_ERR err = cache_get(db->pages, p, PAGE_LATCH_SHARED, &ref);
            if (err != JET_errPageNotInitialized) {
                assert_int_equal(err, JET_errSuccess);
                assert_true(page_dbtime(&ref.view) <= db->header.dbtime);
                good++;
            }
            cache_release(&ref);
        }
        assert_true(good > 30);
        database_close(db);
        cache_destroy(cache);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_found_at_every_page_size),
        cmocka_unit_test(a_file_that_holds_no_header_says_why),
        cmocka_unit_test(formats_are_accepted_or_refused_by_version),
        cmocka_unit_test(a_header_of_an_old_family_is_named_though_its_sum_differs),
        cmocka_unit_test(opening_reads_and_locks_and_never_writes),
        cmocka_unit_test(a_file_of_another_page_size_is_refused_untouched),
        cmocka_unit_test(closing_destroys_what_upper_layers_hung_in),
        cmocka_unit_test(a_writable_attach_marks_the_header_dirty),
        cmocka_unit_test(generations_only_rise_and_counters_go_along),
        cmocka_unit_test(a_new_file_is_just_created_and_nobodys_database_yet),
        cmocka_unit_test(newer_formats_keep_their_own_fields),
        cmocka_unit_test(an_attach_without_logging_names_no_stream),
        cmocka_unit_test(only_a_clean_header_may_be_attached),
        cmocka_unit_test(a_power_cut_at_any_moment_leaves_a_readable_header),
        cmocka_unit_test(a_failed_header_write_leaves_a_good_copy_and_can_be_repeated),
        cmocka_unit_test(a_clean_header_is_written_after_the_pages_are_durable),
        cmocka_unit_test(an_unreadable_primary_is_no_obstacle_while_the_shadow_is_good),
        cmocka_unit_test(opening_without_memory_leaks_nothing),
        cmocka_unit_test(real_databases_open_and_every_page_verifies),
    };
    return cmocka_run_group_tests_name("database", tests, NULL, NULL);
}
