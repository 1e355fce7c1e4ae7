/* What a log's header says (JetGetLogFileInfo), and a database that forgets its last log (JetRemoveLogfile). */
#define ESENT_PRIVATE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "database/database.h"
#include "format/db_header.h"
#include "sample_table.h"
#include "shared_data.h"

enum { HEADER = 4096, PAGE = 4096, FILL = 0xCC };
static const uint32_t SIZES[] = {sizeof(JET_LOGINFOMISC), sizeof(JET_LOGINFOMISC2), sizeof(JET_LOGINFOMISC3)};

/* Where log-files 4 puts what the structures have. */
static void assert_is_header(const uint8_t *header, const JET_LOGINFOMISC3 *info)
{
    assert_int_equal(info->ulGeneration, load_le32(header + 4));
    assert_int_equal(info->cbSectorSize, load_le16(header + 8));
    assert_int_equal(info->cbHeader, load_le16(header + 10));
    assert_int_equal(info->cbFile, load_le16(header + 12));
    assert_int_equal(info->cbDatabasePageSize, load_le16(header + 14));
    assert_memory_equal(&info->logtimeCreate, header + 16, 8);
    assert_memory_equal(&info->logtimePreviousGeneration, header + 24, 8);
    assert_int_equal(info->ulVersionMajor, load_le32(header + 32));
    assert_int_equal(info->ulVersionMinorDeprecated, load_le32(header + 36));
    assert_int_equal(info->ulVersionUpdateMajor, load_le32(header + 40));
    assert_memory_equal(&info->signLog, header + 44, 28);
    assert_int_equal(info->ulVersionUpdateMinor, load_le32(header + 648));
    assert_true(info->checksumPrevLogAllSegments == load_le64(header + 653));
}

static void assert_levels_agree(const char *path)
{
    JET_LOGINFOMISC one;
    JET_LOGINFOMISC2 two;
    JET_LOGINFOMISC3 three;
    unsigned long long size;
    assert_good(JetGetLogFileInfo(path, &one, sizeof one, JET_LogInfoMisc));
    assert_good(JetGetLogFileInfoA(path, &two, sizeof two, JET_LogInfoMisc2));
    assert_good(JetGetLogFileInfoA(path, &three, sizeof three, JET_LogInfoMisc3));
    unsigned char *bytes = read_whole_file(path, &size);
    assert_is_header(bytes, &three);
    free(bytes);
    assert_memory_equal(&one, &two, sizeof one); /* the second has more */
    assert_memory_equal(&two, &three, offsetof(JET_LOGINFOMISC2, ulVersionMinor)); /* the third, other version numbers */
    assert_int_equal(one.ulVersionMinor, three.ulVersionMinorDeprecated);
    assert_int_equal(one.ulVersionUpdate, three.ulVersionUpdateMajor);
    assert_int_equal(two.cbFile, three.cbFile);
    assert_int_equal(two.cbDatabasePageSize, three.cbDatabasePageSize);
    assert_memory_equal(&two.lgposCheckpoint, &three.lgposCheckpoint, sizeof two.lgposCheckpoint);
}

static void every_level_tells_what_the_header_of_a_log_says(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, PAGE);
    assert_good(JetCommitTransaction(s.session, JET_bitForceNewLog));
    assert_levels_agree(text_of("%s/edb00001.log", s.live.folder));
    assert_levels_agree(text_of("%s/edb.log", s.live.folder)); /* in use */
    JET_LOGINFOMISC2 info;
    assert_good(JetGetLogFileInfo(text_of("%s/edb00001.log", s.live.folder), &info, sizeof info, JET_LogInfoMisc2));
    assert_int_equal(info.ulGeneration, 1);
    assert_int_equal(info.cbFile, 16);
    assert_int_equal(info.lgposCheckpoint.lGeneration, 1);
    sample_stop(&s);
}

static void logs_of_other_engines_are_told_as_well(void **state)
{
    const char *path = text_of("%s/edb.log", make_scratch_folder("other"));
    JET_LOGINFOMISC3 info;
    (void)state;
    require_shared_data();
    copy_shared_file("windows/srum-w10-21h1-rathbun/collected/SRU.log", path);
    assert_levels_agree(path);
    assert_good(JetGetLogFileInfo(path, &info, sizeof info, JET_LogInfoMisc3));
    assert_int_equal(info.ulFlags, 6); /* circular now and before */
}

/* A log of a scratch folder. */
static const char *make_log(void)
{
    struct live_instance live;
    live_start(&live, PAGE);
    live_stop(&live);
    return text_of("%s/edb.log", live.folder);
}

static void the_buffer_must_have_exactly_the_size_of_the_structure(void **state)
{
    const char *path = make_log();
    uint8_t room[256], untouched[256];
    (void)state;
    memset(room, FILL, sizeof room);
    memset(untouched, FILL, sizeof untouched);
    for (uint32_t level = JET_LogInfoMisc; level <= JET_LogInfoMisc3; level++) {
        assert_err(JetGetLogFileInfo(path, room, SIZES[level] - 1, level), JET_errInvalidBufferSize);
        assert_err(JetGetLogFileInfo(path, room, SIZES[level] + 1, level), JET_errInvalidBufferSize);
        assert_err(JetGetLogFileInfo(path, room, SIZES[(level + 1) % 3], level), JET_errInvalidBufferSize);
        assert_err(JetGetLogFileInfo(path, NULL, SIZES[level], level), JET_errInvalidParameter);
    }
    assert_err(JetGetLogFileInfo(path, room, SIZES[0], JET_LogInfoMisc3 + 1), JET_errInvalidParameter);
    assert_memory_equal(room, untouched, sizeof room);
}

static void a_missing_file_is_told_before_a_wrong_level(void **state)
{
    uint8_t room[256];
    const char *folder = make_scratch_folder("missing");
    (void)state;
    assert_err(JetGetLogFileInfo(text_of("%s/absent.log", folder), room, SIZES[0], 99), JET_errFileNotFound);
    assert_err(JetGetLogFileInfo(text_of("%s/absent/edb.log", folder), room, SIZES[0], 99), JET_errInvalidPath);
    assert_err(JetGetLogFileInfo("", room, SIZES[0], JET_LogInfoMisc), JET_errInvalidPath);
    assert_err(JetGetLogFileInfo(NULL, room, SIZES[0], JET_LogInfoMisc), JET_errInvalidPath);
}

static void only_the_header_has_to_be_sound(void **state)
{
    JET_LOGINFOMISC info;
    const char *path = make_log(), *other = text_of("%s.part", path);
    unsigned long long size;
    unsigned char *bytes = read_whole_file(path, &size);
    (void)state;
    write_whole_file(other, bytes, HEADER);
    assert_good(JetGetLogFileInfo(other, &info, sizeof info, JET_LogInfoMisc));
    write_whole_file(other, bytes, HEADER - 1);
    assert_err(JetGetLogFileInfo(other, &info, sizeof info, JET_LogInfoMisc), JET_errFileIOBeyondEOF);
    bytes[100] ^= 1;
    write_whole_file(other, bytes, (size_t)size);
    assert_err(JetGetLogFileInfo(other, &info, sizeof info, JET_LogInfoMisc), JET_errLogFileCorrupt);
    free(bytes);
    assert_err(JetGetLogFileInfo(text_of("%.*s.chk", (int)(strlen(path) - 4), path), &info, sizeof info, JET_LogInfoMisc), JET_errFileInvalidType);
}

static void paths_may_be_utf_16(void **state)
{
    const char *path = make_log();
    char16_t wide[1024];
    JET_LOGINFOMISC narrow_info, wide_info;
    (void)state;
    for (size_t i = 0; i <= strlen(path); i++)
        wide[i] = (unsigned char)path[i];
    assert_good(JetGetLogFileInfoA(path, &narrow_info, sizeof narrow_info, JET_LogInfoMisc));
    assert_good(JetGetLogFileInfoW(wide, &wide_info, sizeof wide_info, JET_LogInfoMisc));
    assert_memory_equal(&narrow_info, &wide_info, sizeof wide_info);
}

/* --- JetRemoveLogfile --- */

static void copy_file(const char *from, const char *to)
{
    unsigned long long size;
    unsigned char *bytes = read_whole_file(from, &size);
    write_whole_file(to, bytes, (size_t)size);
    free(bytes);
}

/* A copy of a database that is in use, and of its current log, which is `last`. */
struct dirty {
    const char *database, *log;
    struct db_header header;
    uint32_t last;
};

static void make_dirty(struct dirty *d)
{
    struct sample s;
    uint32_t page_size;
    bool used_shadow;
    memset(d, 0, sizeof *d);
    sample_start(&s, PAGE);
    assert_good(JetCommitTransaction(s.session, JET_bitForceNewLog));
    assert_good(JetCommitTransaction(s.session, JET_bitForceNewLog));
    const char *folder = make_scratch_folder("dirty");
    d->database = text_of("%s/copy.edb", folder);
    d->log = text_of("%s/edb.log", folder);
    copy_file(text_of("%s/sample.edb", s.live.folder), d->database);
    copy_file(text_of("%s/edb.log", s.live.folder), d->log);
    sample_stop(&s);
    assert_good(database_read_header(os_fs_posix(), d->database, &d->header, &page_size, &used_shadow, NULL));
    assert_int_equal(d->header.state, DB_STATE_DIRTY);
    d->last = d->header.gen_max_committed;
    assert_true(d->last >= 3);
    d->header.gen_max_required = d->last - 1; /* as if nothing of the last generation had reached a page */
    d->header.gen_recovering = 7;
}

/* Both copies of the header as they stand in d. */
static void put_header(const struct dirty *d)
{
    unsigned long long size;
    unsigned char *bytes = read_whole_file(d->database, &size);
    db_header_encode(&d->header, bytes, PAGE);
    memcpy(bytes + PAGE, bytes, PAGE);
    write_whole_file(d->database, bytes, (size_t)size);
    free(bytes);
}

static void assert_refused(const struct dirty *d, JET_ERR expected)
{
    unsigned long long size, size_after;
    put_header(d);
    unsigned char *before = read_whole_file(d->database, &size);
    assert_err(JetRemoveLogfileA(d->database, d->log, 0), expected);
    unsigned char *after = read_whole_file(d->database, &size_after);
    assert_memory_equal(before, after, size);
    free(before);
    free(after);
}

static void the_last_log_is_forgotten_when_no_page_needs_it(void **state)
{
    struct dirty d;
    struct db_header after;
    uint32_t page_size;
    bool used_shadow = true;
    (void)state;
    make_dirty(&d);
    d.header.backup_full_previous = (struct backup_info){.mark = lgpos_make(d.last, 2, 40), .gen_low = 2, .gen_high = d.last};
    d.header.backup_full_previous_type = BACKUP_TYPE_OS_SNAPSHOT;
    d.header.backup_copy_previous = (struct backup_info){.mark = lgpos_make(d.last - 1, 2, 40), .gen_low = 1, .gen_high = d.last - 1};
    put_header(&d);
    assert_good(JetRemoveLogfileA(d.database, d.log, 0));
    assert_int_equal(access(d.log, F_OK), 0);
    assert_good(database_read_header(os_fs_posix(), d.database, &after, &page_size, &used_shadow, NULL));
    assert_false(used_shadow);
    assert_int_equal(after.gen_max_committed, d.last - 1);
    assert_int_equal(after.gen_max_required, d.last - 1);
    assert_int_equal(after.gen_recovering, 0);
    assert_false(log_time_is_set(after.logtime_gen_max_created));
    assert_true(after.backup_full_previous.mark == 0 && after.backup_full_previous.gen_high == 0);
    assert_int_equal(after.backup_full_previous_type, BACKUP_TYPE_NORMAL);
    assert_true(after.backup_copy_previous.mark == lgpos_make(d.last - 1, 2, 40)); /* of another generation */
    assert_good(JetRemoveLogfileA(d.database, d.log, 0)); /* now it is later than any the database knows of */
}

static void a_log_that_is_needed_or_foreign_is_refused(void **state)
{
    struct dirty d, changed;
    (void)state;
    make_dirty(&d);
    changed = d;
    changed.header.gen_max_required = d.last;
    assert_refused(&changed, JET_errInvalidParameter);
    changed = d;
    changed.header.gen_max_committed = d.last + 1; /* not the last one */
    assert_refused(&changed, JET_errInvalidParameter);
    changed = d;
    changed.header.state = DB_STATE_CLEAN;
    assert_refused(&changed, JET_errInvalidParameter);
    changed = d;
    changed.header.log_signature.bytes[0] ^= 1;
    assert_refused(&changed, JET_errInvalidParameter);
    changed = d;
    changed.header.gen_max_committed = d.last - 1; /* it never knew of it */
    assert_refused(&changed, JET_errSuccess);
    put_header(&d);
    damage_file(d.log, 64);
    assert_err(JetRemoveLogfileA(d.database, d.log, 0), JET_errLogFileCorrupt);
}

static void its_arguments_are_checked(void **state)
{
    struct dirty d;
    (void)state;
    make_dirty(&d);
    assert_err(JetRemoveLogfileA(d.database, d.log, 1), JET_errInvalidParameter);
    assert_err(JetRemoveLogfileA(NULL, d.log, 0), JET_errInvalidParameter);
    assert_err(JetRemoveLogfileA(d.database, "", 0), JET_errInvalidParameter);
    assert_err(JetRemoveLogfileW(u"", u"x", 0), JET_errInvalidParameter);
    assert_err(JetRemoveLogfileA(text_of("%s.absent", d.database), d.log, 0), JET_errFileNotFound);
    assert_err(JetRemoveLogfileA(d.database, text_of("%s.absent", d.log), 0), JET_errFileNotFound);
    assert_err(JetRemoveLogfileA(d.log, d.log, 0), JET_errDatabaseCorrupted);
}

static void a_database_in_use_keeps_its_logs(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, PAGE);
    assert_err(JetRemoveLogfileA(text_of("%s/sample.edb", s.live.folder), text_of("%s/edb.log", s.live.folder), 0), JET_errFileAccessDenied);
    sample_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_tells_what_the_header_of_a_log_says),
        cmocka_unit_test(logs_of_other_engines_are_told_as_well),
        cmocka_unit_test(the_buffer_must_have_exactly_the_size_of_the_structure),
        cmocka_unit_test(a_missing_file_is_told_before_a_wrong_level),
        cmocka_unit_test(only_the_header_has_to_be_sound),
        cmocka_unit_test(paths_may_be_utf_16),
        cmocka_unit_test(the_last_log_is_forgotten_when_no_page_needs_it),
        cmocka_unit_test(a_log_that_is_needed_or_foreign_is_refused),
        cmocka_unit_test(its_arguments_are_checked),
        cmocka_unit_test(a_database_in_use_keeps_its_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
