/* Paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "os/path.h"
#include "shared_data.h"

static void expect_absolute(const char *path, const char *expected)
{
    char *out = NULL;
    assert_int_equal(path_absolute(path, &out), JET_errSuccess);
    assert_string_equal(out, expected);
    mem_free(out);
}

static void an_absolute_path_is_normalized_by_its_text(void **state)
{
    (void)state;
    expect_absolute("/", "/");
    expect_absolute("//", "/");
    expect_absolute("/a/b", "/a/b");
    expect_absolute("/a//b///c", "/a/b/c");
    expect_absolute("/a/./b/.", "/a/b");
    expect_absolute("/a/../b", "/b");
    expect_absolute("/../../b", "/b");
    expect_absolute("/a/b/../..", "/");
    expect_absolute("/a/b/", "/a/b/");
    expect_absolute("/a/b/..//", "/a/");
    expect_absolute("/...", "/...");
    expect_absolute("/..a/.b", "/..a/.b");
    expect_absolute("/a\\b", "/a\\b");
}

static void a_relative_path_starts_at_the_current_folder(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("path");
    char before[4096], real[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    assert_non_null(getcwd(real, sizeof real));
    expect_absolute("x", text_of("%s/x", real));
    expect_absolute("./x/", text_of("%s/x/", real));
    expect_absolute(".", real);
    expect_absolute("../x/y", text_of("%.*s/x/y", (int)(strrchr(real, '/') - real), real));
    assert_int_equal(chdir(before), 0);
}

static void a_missing_path_is_refused(void **state)
{
    (void)state;
    char *out = NULL;
    assert_int_equal(path_absolute(NULL, &out), JET_errInvalidPath);
    assert_int_equal(path_absolute("", &out), JET_errInvalidPath);
    assert_null(out);
}

static void paths_join_and_come_apart(void **state)
{
    (void)state;
    static const struct {
        const char *path, *folder, *name;
    } cases[] = {{"/a/b", "/a", "b"}, {"/a", "/", "a"}, {"a", ".", "a"}, {"a/b/c", "a/b", "c"}, {"/", "/", ""}, {"/a//b", "/a", "b"}, {"/a/b/", "/a", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *folder = NULL;
        assert_int_equal(path_folder(cases[i].path, &folder), JET_errSuccess);
        assert_string_equal(folder, cases[i].folder);
        assert_string_equal(path_file_name(cases[i].path), cases[i].name);
        mem_free(folder);
    }
    char *joined = NULL;
    assert_int_equal(path_join("/a", "b", &joined), JET_errSuccess);
    assert_string_equal(joined, "/a/b");
    mem_free(joined);
    assert_int_equal(path_join("/a/", "b", &joined), JET_errSuccess);
    assert_string_equal(joined, "/a/b");
    mem_free(joined);
    assert_int_equal(path_join("", "b", &joined), JET_errSuccess);
    assert_string_equal(joined, "b");
    mem_free(joined);
}

static void the_name_in_a_foreign_path_is_found_whoever_wrote_it(void **state)
{
    (void)state;
    assert_string_equal(path_foreign_file_name("C:\\data\\x.edb"), "x.edb");
    assert_string_equal(path_foreign_file_name("/data/x.edb"), "x.edb");
    assert_string_equal(path_foreign_file_name("C:\\data/x.edb"), "x.edb");
    assert_string_equal(path_foreign_file_name("x.edb"), "x.edb");
    assert_string_equal(path_foreign_file_name("C:\\"), "");
}

static void lack_of_memory_is_reported_and_leaks_nothing(void **state)
{
    (void)state;
    uint64_t live = memory_live_count();
    for (uint64_t n = 1; n <= 2; n++) {
        char *out = NULL;
        memory_fail_at(n, 0);
        assert_int_equal(path_absolute("a", &out), JET_errOutOfMemory);
        memory_fail_at(0, 0);
        assert_int_equal(memory_live_count(), live);
    }
    char *out = NULL;
    memory_fail_at(1, 1);
    assert_int_equal(path_join("a", "b", &out), JET_errOutOfMemory);
    assert_int_equal(path_folder("a", &out), JET_errOutOfMemory);
    memory_fail_at(0, 0);
    assert_int_equal(memory_live_count(), live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_absolute_path_is_normalized_by_its_text),
        cmocka_unit_test(a_relative_path_starts_at_the_current_folder),
        cmocka_unit_test(a_missing_path_is_refused),
        cmocka_unit_test(paths_join_and_come_apart),
        cmocka_unit_test(the_name_in_a_foreign_path_is_found_whoever_wrote_it),
        cmocka_unit_test(lack_of_memory_is_reported_and_leaks_nothing),
    };
    return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
