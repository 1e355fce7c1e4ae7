/* What the log says of a database's creation: it can be replayed without the file by an engine that counts dbtimes as the original does, and a creation that a
 * crash cut off leaves nothing (recovery 6.2). */
#define ESENT_PRIVATE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "database/database.h"
#include "format/log_record.h"
#include "log/log_files.h"
#include "os/file.h"
#include "plain_instance.h"
#include "shared_data.h"

enum { DBTIME_OF_NEW_FILE = 0x40, LOG_KIB = 256, SEGMENT_BYTES = 4096 };

static JET_INSTANCE start(const char *folder, uint32_t page_size)
{
    JET_INSTANCE instance = JET_instanceNil;
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, page_size, NULL));
    assert_good(JetCreateInstance(&instance, "creation"));
    plain_configure(instance, folder);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramRecovery, 0, "on"));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFileSize, LOG_KIB, NULL));
    assert_good(JetInit(&instance));
    return instance;
}

/* Creates the database and gives the instance up: the log begins with the creation and has no end of its own. */
static void create_and_give_up(const char *folder, const char *path, uint32_t page_size)
{
    JET_INSTANCE instance = start(folder, page_size);
    JET_DBID dbid;
    assert_good(JetCreateDatabase(plain_session(instance), path, NULL, &dbid, 0));
    (void)JetTerm2(instance, JET_bitTermDirty);
}

/* How many dbtimes the original engine's replay may count for a record: one for every page it touches, one more for every page it makes. */
static uint32_t counted_dbtimes(const struct log_record *record)
{
    switch (record->type) {
    case LR_CREATE_ME_FDP: return 6;
    case LR_CREATE_SE_FDP: return 2;
    case LR_CONVERT_FDP2: return 5;
    case LR_SPLIT2: return 4;
    case LR_MERGE2: return 4;
    default: return record->has_page ? 1 : 0;
    }
}

static bool makes_pages(const struct log_record *record)
{
    return record->type == LR_CREATE_ME_FDP || record->type == LR_CREATE_SE_FDP || record->type == LR_CONVERT_FDP2 || record->type == LR_SPLIT2;
}

static void new_pages_of_a_creation_are_logged_above_the_dbtimes_a_replay_counts(void **state)
{
    static const uint32_t sizes[] = {4096, 8192, 16384, 32768};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *folder = make_scratch_folder("dbtimes");
        struct log_generation g;
        struct log_walk walk;
        struct log_record_ref at;
        uint64_t count = DBTIME_OF_NEW_FILE;
        uint32_t made = 0;
        bool is_finished = false;
        create_and_give_up(folder, text_of("%s/a.edb", folder), sizes[i]);
        assert_good(log_generation_read(os_fs_posix(), text_of("%s/edb.log", folder), &g));
        log_walk_begin(&walk, g.image, g.header.generation, g.scan.last_segment, 0);
        while (!is_finished && log_walk_next(&walk, &at) >= 0) {
            struct log_record record;
            assert_good(log_record_decode(at.bytes, &record));
            is_finished = record.type == LR_CREATE_DB_FINISH;
            if (makes_pages(&record)) {
                made++;
                assert_true(record.page.dbtime > count + 1);
            }
            count += counted_dbtimes(&record);
        }
        log_walk_end(&walk);
        log_generation_release(&g);
        assert_true(is_finished);
        assert_true(made > 5);
    }
}

/* Everything from the record on is as if it had never been written. */
static void cut_log_before(const char *path, uint32_t type)
{
    struct log_generation g;
    struct log_walk walk;
    struct log_record_ref at;
    uint32_t segment = 0;
    assert_good(log_generation_read(os_fs_posix(), path, &g));
    log_walk_begin(&walk, g.image, g.header.generation, g.scan.last_segment, 0);
    while (segment == 0 && log_walk_next(&walk, &at) >= 0)
        if (at.bytes.data[0] == type)
            segment = (uint32_t)(at.position >> 16) & 0xFFFF;
    log_walk_end(&walk);
    log_generation_release(&g);
    assert_true(segment > 1);
    assert_int_equal(truncate(path, (off_t)segment * SEGMENT_BYTES), 0);
    assert_int_equal(truncate(path, (off_t)LOG_KIB * 1024), 0);
}

/* The file as creation makes it first. */
static void put_file_just_created(const char *path, uint32_t page_size)
{
    const struct database_create_config config = {.fs = os_fs_posix(), .path = path, .page_size = page_size, .dbid = 1, .last_page = 30};
    assert_good(database_create_file(&config));
}

static void a_creation_cut_off_by_a_crash_leaves_no_file(void **state)
{
    (void)state;
    for (int has_file = 0; has_file < 2; has_file++) {
        const char *folder = make_scratch_folder("cut"), *path = text_of("%s/a.edb", folder);
        JET_DBID dbid;
        create_and_give_up(folder, path, 4096);
        cut_log_before(text_of("%s/edb.log", folder), LR_CREATE_DB_FINISH);
        assert_int_equal(unlink(path), 0);
        unlink(text_of("%s/edb.chk", folder));
        if (has_file)
            put_file_just_created(path, 4096);
        JET_INSTANCE instance = start(folder, 4096);
        assert_int_equal(access(path, F_OK), -1);
        assert_err(JetAttachDatabase(plain_session(instance), path, 0), JET_errFileNotFound);
        plain_stop(instance);
        /* Not even the whole stream from its beginning brings it back. */
        assert_int_equal(unlink(text_of("%s/edb.chk", folder)), 0);
        instance = start(folder, 4096);
        assert_int_equal(access(path, F_OK), -1);
        assert_good(JetCreateDatabase(plain_session(instance), path, NULL, &dbid, 0));
        plain_stop(instance);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_pages_of_a_creation_are_logged_above_the_dbtimes_a_replay_counts),
        cmocka_unit_test(a_creation_cut_off_by_a_crash_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
