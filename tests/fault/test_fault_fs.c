/* The fault file system itself: a test tool that lies would make every crash test worthless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fault_fs.h"
#include "shared_data.h"

static struct os_file *open_in(struct fault_fs *f, const char *path)
{
    struct os_file *file = NULL;
    assert_int_equal(os_file_open(fault_fs_os(f), path, OS_OPEN_WRITE | OS_OPEN_CREATE, &file), JET_errSuccess);
    return file;
}

/* The file's bytes as a string; "-" when it is absent. */
static const char *content(const char *folder, const char *name)
{
    const char *path = text_of("%s/%s", folder, name);
    if (!os_exists(os_fs_posix(), path))
        return "-";
    unsigned long long size = 0;
    unsigned char *bytes = read_whole_file(path, &size);
    const char *text = text_of("%.*s", (int)size, (const char *)bytes);
    free(bytes);
    return text;
}

static const char *image(struct fault_fs *f, size_t events, enum fault_image mode, uint64_t seed)
{
    const char *folder = make_scratch_folder("image");
    fault_fs_build_image(f, events, mode, seed, folder);
    return folder;
}

static void the_nth_operation_fails_once(void **state)
{
    (void)state;
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct os_file *file = open_in(f, text_of("%s/a", make_scratch_folder("fault")));
    char room[4];
    fault_fs_fail(f, FAULT_WRITE, 2, JET_errDiskFull, false);
    assert_int_equal(os_file_write(file, 0, "abcd", 4), JET_errSuccess);
    assert_int_equal(os_file_read(file, 0, room, 4), JET_errSuccess);
    assert_false(fault_fs_has_failed(f));
    assert_int_equal(os_file_write(file, 0, "xxxx", 4), JET_errDiskFull);
    assert_true(fault_fs_has_failed(f));
    assert_int_equal(os_file_write(file, 2, "yy", 2), JET_errSuccess);
    assert_int_equal(os_file_read(file, 0, room, 4), JET_errSuccess);
    assert_memory_equal(room, "abyy", 4);
    assert_int_equal(fault_fs_count(f, FAULT_WRITE), 3);
    assert_int_equal(fault_fs_count(f, FAULT_READ), 2);
    assert_int_equal(fault_fs_count(f, FAULT_ANY_CHANGE), 3);
    assert_int_equal(fault_fs_count(f, FAULT_ANY), 6);
    assert_int_equal(fault_fs_open_files(f), 1);
    os_file_close(file);
    assert_int_equal(fault_fs_open_files(f), 0);
    fault_fs_destroy(f);
}

static void a_sticky_fault_stays_and_spares_other_files(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("fault");
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct os_file *bad = open_in(f, text_of("%s/bad", folder)), *good = open_in(f, text_of("%s/good", folder));
    fault_fs_fail_only(f, "/bad");
    fault_fs_fail(f, FAULT_ANY, 2, JET_errDiskIO, true);
    assert_int_equal(os_file_sync(bad), JET_errSuccess);
    assert_int_equal(os_file_sync(good), JET_errSuccess);
    assert_int_equal(os_file_sync(bad), JET_errDiskIO);
    assert_int_equal(os_file_write(bad, 0, "x", 1), JET_errDiskIO);
    assert_int_equal(os_file_write(good, 0, "x", 1), JET_errSuccess);
    assert_int_equal(os_file_set_size(bad, 9), JET_errDiskIO);
    assert_int_equal(os_remove(fault_fs_os(f), text_of("%s/bad", folder)), JET_errDiskIO);
    os_file_close(bad);
    os_file_close(good);
    fault_fs_destroy(f);
}

static void a_torn_write_leaves_its_first_bytes(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("fault");
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct os_file *file = open_in(f, text_of("%s/a", folder));
    assert_int_equal(os_file_write(file, 0, "aaaa", 4), JET_errSuccess);
    fault_fs_fail_torn(f, 1, JET_errDiskIO, 3);
    assert_int_equal(os_file_write(file, 0, "bbbb", 4), JET_errDiskIO);
    assert_string_equal(content(folder, "a"), "bbba");
    os_file_close(file);
    fault_fs_destroy(f);
}

static void only_synced_writes_survive_a_power_cut(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("fault");
    struct os_file *before = NULL;
    assert_int_equal(os_file_open(os_fs_posix(), text_of("%s/a", folder), OS_OPEN_WRITE | OS_OPEN_CREATE, &before), JET_errSuccess);
    assert_int_equal(os_file_write(before, 0, "....", 4), JET_errSuccess);
    os_file_close(before);
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    fault_fs_record(f, folder);
    struct os_file *file = open_in(f, text_of("%s/a", folder));
    assert_int_equal(os_file_write(file, 0, "1", 1), JET_errSuccess); /* 0 */
    assert_int_equal(os_file_write(file, 1, "2", 1), JET_errSuccess); /* 1 */
    assert_int_equal(os_file_sync(file), JET_errSuccess);             /* 2 */
    assert_int_equal(os_file_write(file, 2, "3", 1), JET_errSuccess); /* 3 */
    assert_int_equal(os_file_write(file, 3, "4", 1), JET_errSuccess); /* 4 */
    assert_int_equal(fault_fs_event_count(f), 5);
    assert_int_equal(fault_fs_event_kind(f, 2), FAULT_EVENT_SYNC);
    assert_string_equal(content(image(f, 2, FAULT_IMAGE_DROP_ALL, 0), "a"), "....");
    assert_string_equal(content(image(f, 2, FAULT_IMAGE_KEEP_ALL, 0), "a"), "12..");
    assert_string_equal(content(image(f, 3, FAULT_IMAGE_DROP_ALL, 0), "a"), "12..");
    assert_string_equal(content(image(f, 5, FAULT_IMAGE_DROP_ALL, 0), "a"), "12..");
    assert_string_equal(content(image(f, 5, FAULT_IMAGE_KEEP_ALL, 0), "a"), "1234");
    bool seen_reordered = false, seen_other = false;
    for (uint64_t seed = 0; seed < 40; seed++) {
        const char *text = content(image(f, 5, FAULT_IMAGE_RANDOM, seed), "a");
        assert_memory_equal(text, "12", 2);
        seen_reordered = seen_reordered || strcmp(text, "12.4") == 0;
        seen_other = seen_other || strcmp(text, "12.4") != 0;
        assert_string_equal(text, content(image(f, 5, FAULT_IMAGE_RANDOM, seed), "a"));
    }
    assert_true(seen_reordered);
    assert_true(seen_other);
    os_file_close(file);
    fault_fs_destroy(f);
}

static void a_large_unsynced_write_can_be_torn_between_sectors(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("fault");
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct os_file *file = open_in(f, text_of("%s/a", folder));
    char block[2048];
    memset(block, 'a', sizeof block);
    assert_int_equal(os_file_write(file, 0, block, sizeof block), JET_errSuccess);
    os_file_close(file);
    fault_fs_record(f, folder);
    file = open_in(f, text_of("%s/a", folder));
    memset(block, 'b', sizeof block);
    assert_int_equal(os_file_write(file, 0, block, sizeof block), JET_errSuccess);
    bool seen_torn = false;
    for (uint64_t seed = 0; seed < 40; seed++) {
        const char *text = content(image(f, 1, FAULT_IMAGE_RANDOM, seed), "a");
        assert_int_equal(strlen(text), sizeof block);
        for (size_t i = 0; i < sizeof block; i += 512) /* never inside a sector */
            assert_int_equal(strspn(text + i, text[i] == 'a' ? "a" : "b") >= 512, 1);
        seen_torn = seen_torn || (strchr(text, 'a') != NULL && strchr(text, 'b') != NULL);
    }
    assert_true(seen_torn);
    os_file_close(file);
    fault_fs_destroy(f);
}

static void a_name_is_durable_after_the_sync_of_its_folder(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("fault");
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct os_fs *fs = fault_fs_os(f);
    fault_fs_record(f, folder);
    struct os_file *file = open_in(f, text_of("%s/new", folder));     /* 0 create */
    assert_int_equal(os_file_write(file, 0, "data", 4), JET_errSuccess); /* 1 */
    assert_int_equal(os_file_sync(file), JET_errSuccess);                /* 2 */
    assert_int_equal(os_dir_sync(fs, text_of("%s/", folder)), JET_errSuccess); /* 3 */
    assert_int_equal(os_rename(fs, text_of("%s/new", folder), text_of("%s/name", folder)), JET_errSuccess); /* 4 */
    assert_int_equal(os_file_write(file, 0, "DATA", 4), JET_errSuccess); /* 5: through the open file, now under its new name */
    assert_int_equal(os_dir_sync(fs, folder), JET_errSuccess);           /* 6 */
    assert_int_equal(os_remove(fs, text_of("%s/name", folder)), JET_errSuccess); /* 7 */
    assert_string_equal(content(image(f, 3, FAULT_IMAGE_DROP_ALL, 0), "new"), "-");
    assert_string_equal(content(image(f, 3, FAULT_IMAGE_KEEP_ALL, 0), "new"), "data");
    assert_string_equal(content(image(f, 4, FAULT_IMAGE_DROP_ALL, 0), "new"), "data");
    assert_string_equal(content(image(f, 6, FAULT_IMAGE_DROP_ALL, 0), "new"), "data");
    assert_string_equal(content(image(f, 6, FAULT_IMAGE_KEEP_ALL, 0), "name"), "DATA");
    assert_string_equal(content(image(f, 7, FAULT_IMAGE_DROP_ALL, 0), "name"), "data");
    assert_string_equal(content(image(f, 8, FAULT_IMAGE_DROP_ALL, 0), "name"), "data");
    assert_string_equal(content(image(f, 8, FAULT_IMAGE_KEEP_ALL, 0), "name"), "-");
    os_file_close(file);
    fault_fs_destroy(f);
}

static void a_size_change_is_an_event_like_a_write(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("fault");
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct os_file *file = open_in(f, text_of("%s/a", folder));
    assert_int_equal(os_file_write(file, 0, "abcd", 4), JET_errSuccess);
    os_file_close(file);
    fault_fs_record(f, folder);
    file = open_in(f, text_of("%s/a", folder));
    assert_int_equal(os_file_set_size(file, 2), JET_errSuccess);
    assert_string_equal(content(image(f, 1, FAULT_IMAGE_DROP_ALL, 0), "a"), "abcd");
    assert_string_equal(content(image(f, 1, FAULT_IMAGE_KEEP_ALL, 0), "a"), "ab");
    assert_int_equal(os_file_sync(file), JET_errSuccess);
    assert_string_equal(content(image(f, 2, FAULT_IMAGE_DROP_ALL, 0), "a"), "ab");
    os_file_close(file);
    fault_fs_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nth_operation_fails_once),
        cmocka_unit_test(a_sticky_fault_stays_and_spares_other_files),
        cmocka_unit_test(a_torn_write_leaves_its_first_bytes),
        cmocka_unit_test(only_synced_writes_survive_a_power_cut),
        cmocka_unit_test(a_large_unsynced_write_can_be_torn_between_sectors),
        cmocka_unit_test(a_name_is_durable_after_the_sync_of_its_folder),
        cmocka_unit_test(a_size_change_is_an_event_like_a_write),
    };
    return cmocka_run_group_tests_name("fault_fs", tests, NULL, NULL);
}
