/* A new file in the place of an old one (engine/replace_file.h). */
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/replace_file.h"
#include "shared_data.h"

struct files {
    const char *path, *made, *kept;
};

static void begin(struct files *f)
{
    const char *folder = make_scratch_folder("replace");
    *f = (struct files){text_of("%s/path", folder), text_of("%s/made", folder), text_of("%s/kept", folder)};
    write_whole_file(f->path, "old", 3);
    write_whole_file(f->made, "new", 3);
}

static void assert_holds(const char *path, const char *expected)
{
    unsigned long long size;
    unsigned char *bytes = read_whole_file(path, &size);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(bytes, expected, size);
    free(bytes);
}

static ino_t inode_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_ino;
}

static void the_new_file_is_where_the_old_one_was(void **state)
{
    (void)state;
    struct files f;
    begin(&f);
    assert_int_equal(replace_file(os_fs_posix(), f.made, f.path, NULL), JET_errSuccess);
    assert_holds(f.path, "new");
    assert_false(os_exists(os_fs_posix(), f.made));
}

static void the_old_file_itself_is_kept(void **state)
{
    (void)state;
    struct files f;
    begin(&f);
    ino_t old = inode_of(f.path);
    assert_int_equal(replace_file(os_fs_posix(), f.made, f.path, f.kept), JET_errSuccess);
    assert_holds(f.path, "new");
    assert_holds(f.kept, "old");
    assert_int_equal(inode_of(f.kept), old);
}

static void nothing_is_put_over_a_file_under_the_name_to_keep(void **state)
{
    (void)state;
    struct files f;
    begin(&f);
    write_whole_file(f.kept, "other", 5);
    assert_int_equal(replace_file(os_fs_posix(), f.made, f.path, f.kept), JET_errFileAlreadyExists);
    assert_holds(f.path, "old");
    assert_holds(f.kept, "other");
    assert_holds(f.made, "new");
}

/* What a crash at this point would leave. */
static bool was_there;
static JET_ERR failing_rename(struct os_fs *fs, const char *from, const char *to)
{
    (void)from;
    was_there = os_exists(fs, to);
    return error_raise(JET_errDiskIO, __FILE__, __LINE__);
}

static void the_old_file_has_its_name_until_the_new_one_has_it(void **state)
{
    (void)state;
    struct files f;
    begin(&f);
    struct os_fs_ops ops = *os_fs_posix()->ops;
    struct os_fs fs = {&ops, os_fs_posix()->state};
    ops.rename = failing_rename;
    was_there = false;
    assert_int_equal(replace_file(&fs, f.made, f.path, f.kept), JET_errDiskIO);
    assert_true(was_there);
    assert_holds(f.path, "old");
    assert_false(os_exists(os_fs_posix(), f.kept));
}

static void owner_and_permissions_are_those_of_the_old_file(void **state)
{
    (void)state;
    struct files f;
    struct stat info;
    begin(&f);
    assert_int_equal(chmod(f.path, 0640), 0);
    assert_int_equal(replace_file_rights(f.path, f.made), JET_errSuccess);
    assert_int_equal(stat(f.made, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(replace_file_rights(f.kept, f.made), JET_errFileAccessDenied);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_new_file_is_where_the_old_one_was),
        cmocka_unit_test(the_old_file_itself_is_kept),
        cmocka_unit_test(nothing_is_put_over_a_file_under_the_name_to_keep),
        cmocka_unit_test(the_old_file_has_its_name_until_the_new_one_has_it),
        cmocka_unit_test(owner_and_permissions_are_those_of_the_old_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
