/* Files of os/: errors, locks, growth; the clock hook; events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "os/clock.h"
#include "os/event.h"
#include "os/file.h"
#include "shared_data.h"

static struct os_file *open_file(const char *path, unsigned flags)
{
    struct os_file *file = NULL;
    assert_int_equal(os_file_open(os_fs_posix(), path, flags, &file), JET_errSuccess);
    assert_non_null(file);
    return file;
}

static void expect_open_error(const char *path, unsigned flags, JET_ERR expected)
{
    uint64_t live = memory_live_count();
    struct os_file *file = NULL;
    assert_int_equal(os_file_open(os_fs_posix(), path, flags, &file), expected);
    assert_null(file);
    assert_int_equal(memory_live_count(), live);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    const char *path = text_of("%s/a", make_scratch_folder("os"));
    struct os_file *file = open_file(path, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_MUST_CREATE);
    char room[16];
    assert_int_equal(os_file_write(file, 5, "hello", 5), JET_errSuccess);
    assert_int_equal(os_file_sync(file), JET_errSuccess);
    assert_int_equal(os_file_read(file, 0, room, 10), JET_errSuccess);
    assert_memory_equal(room, "\0\0\0\0\0hello", 10);
    assert_int_equal(os_file_read(file, 0, room, 0), JET_errSuccess);
    os_file_prefetch(file, 0, 10);
    struct os_file_info info;
    assert_int_equal(os_file_info(file, &info), JET_errSuccess);
    assert_int_equal(info.size, 10);
    assert_false(info.is_directory);
    assert_false(info.is_read_only);
    os_file_close(file);
    os_file_close(NULL);
}

static void a_read_that_meets_the_end_is_an_error(void **state)
{
    (void)state;
    const char *path = text_of("%s/a", make_scratch_folder("os"));
    struct os_file *file = open_file(path, OS_OPEN_WRITE | OS_OPEN_CREATE);
    char room[16];
    assert_int_equal(os_file_write(file, 0, "0123456789", 10), JET_errSuccess);
    assert_int_equal(os_file_read(file, 5, room, 6), JET_errFileIOBeyondEOF);
    assert_int_equal(os_file_read(file, 10, room, 1), JET_errFileIOBeyondEOF);
    assert_int_equal(os_file_read(file, UINT64_MAX - 2, room, 8), JET_errFileIOBeyondEOF);
    assert_int_equal(os_file_read(file, INT64_MAX, room, 8), JET_errFileIOBeyondEOF);
    assert_int_equal(os_file_write(file, UINT64_MAX - 2, room, 8), JET_errDiskFull);
    os_file_close(file);
}

static void open_errors_say_what_is_wrong(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("os");
    const char *file = text_of("%s/file", folder);
    os_file_close(open_file(file, OS_OPEN_WRITE | OS_OPEN_CREATE));
    expect_open_error(text_of("%s/absent", folder), OS_OPEN_READ, JET_errFileNotFound);
    expect_open_error(text_of("%s/absent/file", folder), OS_OPEN_READ, JET_errInvalidPath);
    expect_open_error(text_of("%s/absent/file", folder), OS_OPEN_WRITE | OS_OPEN_CREATE, JET_errInvalidPath);
    expect_open_error(text_of("%s/file/file", folder), OS_OPEN_READ, JET_errInvalidPath);
    expect_open_error(file, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_MUST_CREATE, JET_errFileAlreadyExists);
    expect_open_error(folder, OS_OPEN_READ, JET_errFileAccessDenied);
    expect_open_error(folder, OS_OPEN_WRITE, JET_errFileAccessDenied);
    assert_int_equal(symlink("file", text_of("%s/link", folder)), 0);
    expect_open_error(text_of("%s/link", folder), OS_OPEN_READ | OS_OPEN_NO_FOLLOW, JET_errFileAccessDenied);
    os_file_close(open_file(text_of("%s/link", folder), OS_OPEN_READ));
    assert_int_equal(mkfifo(text_of("%s/pipe", folder), 0600), 0);
    expect_open_error(text_of("%s/pipe", folder), OS_OPEN_READ, JET_errFileAccessDenied);
    char long_name[400];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    expect_open_error(text_of("%s/%s", folder, long_name), OS_OPEN_READ, JET_errInvalidPath);
    if (geteuid() != 0) {
        assert_int_equal(chmod(file, 0400), 0);
        expect_open_error(file, OS_OPEN_WRITE, JET_errFileAccessDenied);
        struct os_file_info info;
        assert_int_equal(os_stat(os_fs_posix(), file, &info), JET_errSuccess);
        assert_true(info.is_read_only);
    }
}

static void a_second_opener_in_the_same_process_meets_the_lock(void **state)
{
    (void)state;
    const char *path = text_of("%s/a", make_scratch_folder("os"));
    struct os_file *first = open_file(path, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_LOCK_EXCLUSIVE);
    expect_open_error(path, OS_OPEN_WRITE | OS_OPEN_LOCK_EXCLUSIVE, JET_errFileAccessDenied);
    expect_open_error(path, OS_OPEN_READ | OS_OPEN_LOCK_SHARED, JET_errFileAccessDenied);
    os_file_close(open_file(path, OS_OPEN_READ)); /* who asks for no lock gets none */
    expect_open_error(path, OS_OPEN_WRITE | OS_OPEN_LOCK_EXCLUSIVE, JET_errFileAccessDenied); /* ... and closing took none away */
    os_file_close(first);
    struct os_file *reader = open_file(path, OS_OPEN_READ | OS_OPEN_LOCK_SHARED);
    struct os_file *other = open_file(path, OS_OPEN_READ | OS_OPEN_LOCK_SHARED);
    expect_open_error(path, OS_OPEN_WRITE | OS_OPEN_LOCK_EXCLUSIVE, JET_errFileAccessDenied);
    os_file_close(reader);
    os_file_close(other);
    os_file_close(open_file(path, OS_OPEN_WRITE | OS_OPEN_LOCK_EXCLUSIVE));
}

static void an_opener_that_loses_the_lock_does_not_truncate(void **state)
{
    (void)state;
    const char *path = text_of("%s/a", make_scratch_folder("os"));
    struct os_file *first = open_file(path, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_LOCK_EXCLUSIVE);
    assert_int_equal(os_file_write(first, 0, "data", 4), JET_errSuccess);
    expect_open_error(path, OS_OPEN_WRITE | OS_OPEN_TRUNCATE | OS_OPEN_LOCK_EXCLUSIVE, JET_errFileAccessDenied);
    char room[4];
    assert_int_equal(os_file_read(first, 0, room, 4), JET_errSuccess);
    assert_memory_equal(room, "data", 4);
    os_file_close(first);
    os_file_close(open_file(path, OS_OPEN_WRITE | OS_OPEN_TRUNCATE | OS_OPEN_LOCK_EXCLUSIVE));
    struct os_file_info info;
    assert_int_equal(os_stat(os_fs_posix(), path, &info), JET_errSuccess);
    assert_int_equal(info.size, 0);
}

static void growth_is_allocated_and_zero_and_shrinking_cuts(void **state)
{
    (void)state;
    const char *path = text_of("%s/a", make_scratch_folder("os"));
    struct os_file *file = open_file(path, OS_OPEN_WRITE | OS_OPEN_CREATE);
    struct os_file_info info;
    char room[4] = "xxx";
    assert_int_equal(os_file_write(file, 0, "data", 4), JET_errSuccess);
    assert_int_equal(os_file_set_size(file, 1 << 20), JET_errSuccess);
    assert_int_equal(os_file_info(file, &info), JET_errSuccess);
    assert_int_equal(info.size, 1 << 20);
    assert_true(info.size_on_disk >= 1 << 20);
    assert_int_equal(os_file_read(file, (1 << 20) - 4, room, 4), JET_errSuccess);
    assert_memory_equal(room, "\0\0\0\0", 4);
    assert_int_equal(os_file_set_size(file, 2), JET_errSuccess);
    assert_int_equal(os_file_info(file, &info), JET_errSuccess);
    assert_int_equal(info.size, 2);
    assert_int_equal(os_file_set_size(file, UINT64_MAX), JET_errDiskFull);
    os_file_close(file);
    file = open_file(path, OS_OPEN_READ);
    assert_int_equal(os_file_write(file, 0, "x", 1), JET_errFileAccessDenied);
    assert_int_equal(os_file_set_size(file, 100), JET_errFileAccessDenied);
    os_file_close(file);
}

static void a_disk_without_room_says_so_and_keeps_the_size(void **state)
{
    (void)state;
    const char *path = text_of("%s/a", make_scratch_folder("os"));
    struct os_file *file = open_file(path, OS_OPEN_WRITE | OS_OPEN_CREATE);
    struct os_file_info info;
    assert_int_equal(os_file_set_size(file, 4096), JET_errSuccess);
    assert_int_equal(os_file_set_size(file, (uint64_t)1 << 60), JET_errDiskFull);
    assert_int_equal(os_file_info(file, &info), JET_errSuccess);
    assert_int_equal(info.size, 4096);
    os_file_close(file);
}

static void names_are_made_listed_renamed_and_removed(void **state)
{
    (void)state;
    struct os_fs *fs = os_fs_posix();
    const char *folder = make_scratch_folder("os");
    const char *inner = text_of("%s/x/y/z", folder);
    char **names = NULL;
    size_t count = 0;
    assert_int_equal(os_dir_create(fs, inner), JET_errSuccess);
    assert_int_equal(os_dir_create(fs, inner), JET_errSuccess);
    assert_true(os_exists(fs, inner));
    assert_int_equal(os_dir_list(fs, inner, &names, &count), JET_errSuccess);
    assert_int_equal(count, 0);
    os_dir_list_free(names, count);
    for (int i = 0; i < 40; i++)
        os_file_close(open_file(text_of("%s/f%02d", inner, (i * 7) % 40), OS_OPEN_WRITE | OS_OPEN_CREATE));
    assert_int_equal(os_dir_list(fs, inner, &names, &count), JET_errSuccess);
    assert_int_equal(count, 40);
    for (int i = 0; i < 40; i++)
        assert_string_equal(names[i], text_of("f%02d", i));
    os_dir_list_free(names, count);
    assert_int_equal(os_rename(fs, text_of("%s/f00", inner), text_of("%s/f01", inner)), JET_errSuccess);
    assert_int_equal(os_rename(fs, text_of("%s/f00", inner), text_of("%s/f01", inner)), JET_errFileNotFound);
    assert_int_equal(os_rename(fs, text_of("%s/f01", inner), text_of("%s/no/f01", inner)), JET_errInvalidPath);
    assert_int_equal(os_dir_sync(fs, inner), JET_errSuccess);
    assert_int_equal(os_dir_remove(fs, inner), JET_errFileAccessDenied);
    for (int i = 1; i < 40; i++)
        assert_int_equal(os_remove(fs, text_of("%s/f%02d", inner, i)), JET_errSuccess);
    assert_int_equal(os_remove(fs, text_of("%s/f01", inner)), JET_errFileNotFound);
    assert_int_equal(os_dir_remove(fs, inner), JET_errSuccess);
    assert_int_equal(os_dir_list(fs, inner, &names, &count), JET_errInvalidPath);
    assert_int_equal(os_dir_sync(fs, inner), JET_errInvalidPath);
    assert_false(os_exists(fs, inner));
    os_file_close(open_file(inner, OS_OPEN_WRITE | OS_OPEN_CREATE));
    assert_int_equal(os_dir_create(fs, text_of("%s/below", inner)), JET_errInvalidPath);
}

static void listing_without_memory_leaks_nothing(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("os");
    for (int i = 0; i < 20; i++)
        os_file_close(open_file(text_of("%s/%d", folder, i), OS_OPEN_WRITE | OS_OPEN_CREATE));
    uint64_t live = memory_live_count();
    for (uint64_t n = 1;; n++) {
        char **names = NULL;
        size_t count = 0;
        memory_fail_at(n, 0);
        JET_ERR err = os_dir_list(os_fs_posix(), folder, &names, &count);
        memory_fail_at(0, 0);
        if (err == JET_errSuccess) {
            assert_int_equal(count, 20);
            assert_true(n > 20);
            os_dir_list_free(names, count);
            break;
        }
        assert_int_equal(err, JET_errOutOfMemory);
        assert_null(names);
        assert_int_equal(memory_live_count(), live);
    }
    assert_int_equal(memory_live_count(), live);
}

static void the_clock_and_randomness_can_be_fixed(void **state)
{
    (void)state;
    int64_t seconds = 0;
    unsigned milliseconds = 1;
    clock_fix_for_test(1700000000, 42);
    clock_now(&seconds, &milliseconds);
    assert_int_equal(seconds, 1700000000);
    assert_int_equal(milliseconds, 0);
    uint32_t first = random_u32(), second = random_u32();
    assert_int_not_equal(first, second);
    clock_fix_for_test(1700000000, 42);
    assert_int_equal(random_u32(), first);
    assert_int_equal(random_u32(), second);
    clock_fix_for_test(-1, 0);
    clock_now(&seconds, &milliseconds);
    assert_int_not_equal(seconds, 1700000000);
    assert_true(milliseconds < 1000);
    uint64_t before = clock_monotonic_ns();
    assert_true(clock_monotonic_ns() >= before);
    uint32_t all_equal = random_u32();
    int same = 0;
    for (int i = 0; i < 8; i++)
        same += random_u32() == all_equal;
    assert_true(same < 8);
}

struct heard {
    int count;
    uint32_t id;
    char text[512];
};

static void hear(void *context, const struct event *event)
{
    struct heard *heard = (struct heard *)context;
    heard->count++;
    heard->id = event->id;
    event_format(event, heard->text, sizeof heard->text);
}

static void an_event_reaches_the_callback_unless_suppressed(void **state)
{
    (void)state;
    struct heard heard = {0, 0, ""};
    const struct event_sink callback = {hear, &heard}, none = {NULL, NULL};
    struct event_log log;
    event_log_init(&log, "mail", "store", false, 100, none, &callback);
    EVENT_REPORT(&log, 301, EVENT_INFORMATION, EVENT_LOGGING_RECOVERY, "/a\n/b", "2");
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.id, 301);
    char expected[128];
    snprintf(expected, sizeof expected, "mail (%ld) store: event 301: a log file was replayed [/a /b, 2]", (long)getpid());
    assert_string_equal(heard.text, expected);
    event_log_init(&log, NULL, NULL, true, 100, none, &callback);
    EVENT_REPORT(&log, 301, EVENT_INFORMATION, EVENT_LOGGING_RECOVERY, "x");
    assert_int_equal(heard.count, 1);
    EVENT_REPORT(&log, 619, EVENT_ERROR, EVENT_LOGGING_RECOVERY, "x");
    assert_int_equal(heard.count, 2);
    event_log_init(&log, NULL, NULL, false, 1, none, &callback);
    EVENT_REPORT(&log, 619, EVENT_WARNING, EVENT_LOGGING_RECOVERY, "x");
    assert_int_equal(heard.count, 2);
    event_log_init(&log, NULL, NULL, false, 0, none, &callback);
    EVENT_REPORT(&log, 619, EVENT_ERROR, EVENT_LOGGING_RECOVERY, "x");
    EVENT_REPORT(NULL, 619, EVENT_ERROR, EVENT_LOGGING_RECOVERY, "x");
    assert_int_equal(heard.count, 2);
    char small[8];
    const struct event event = {300, EVENT_ERROR, EVENT_GENERAL, "source", "", NULL, 0};
    assert_int_equal(event_format(&event, small, sizeof small), 7);
    assert_string_equal(small, "source ");
    assert_non_null(event_sink_system().report);
}

/* The datagram that journald would get, with its fields one a line. */
static void an_event_reaches_the_journal_with_its_fields(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/journal", make_scratch_folder("j"));
    int server = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_true(server >= 0);
    if (bind(server, (const struct sockaddr *)&address, sizeof address) != 0)
        skip(); /* the scratch folder's path is too long for a socket */
    struct event_log log;
    char got[4096], expected[1024];
    event_log_init(&log, "mail", "store", false, 100, event_sink_journal(address.sun_path), NULL);
    EVENT_REPORT(&log, 217, EVENT_ERROR, EVENT_LOGGING_RECOVERY, "-1018", "/a\nb");
    ssize_t size = recv(server, got, sizeof got, MSG_DONTWAIT);
    int length = snprintf(expected, sizeof expected,
                          "MESSAGE=mail (%ld) store: event 217: a database failed in the backup [-1018, /a b]\nPRIORITY=3\nSYSLOG_IDENTIFIER=mail\n"
                          "ESENT_EVENT_ID=217\nESENT_CATEGORY=3\nESENT_INSTANCE=store\nESENT_PARAMETER_1=-1018\nESENT_PARAMETER_2\n",
                          (long)getpid());
    static const char VALUE[] = {4, 0, 0, 0, 0, 0, 0, 0, '/', 'a', '\n', 'b', '\n'};
    memcpy(expected + length, VALUE, sizeof VALUE);
    assert_int_equal(size, (size_t)length + sizeof VALUE);
    assert_memory_equal(got, expected, (size_t)size);
    char *big = (char *)malloc(20000); /* a value without room is left out, the others stay */
    assert_non_null(big);
    memset(big, 'x', 19999);
    big[19999] = 0;
    EVENT_REPORT(&log, 217, EVENT_ERROR, EVENT_LOGGING_RECOVERY, big, "last");
    size = recv(server, got, sizeof got - 1, MSG_DONTWAIT);
    assert_true(size > 0);
    got[size] = 0;
    assert_null(strstr(got, "ESENT_PARAMETER_1="));
    assert_non_null(strstr(got, "ESENT_PARAMETER_2=last\n"));
    free(big);
    close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(a_read_that_meets_the_end_is_an_error),
        cmocka_unit_test(open_errors_say_what_is_wrong),
        cmocka_unit_test(a_second_opener_in_the_same_process_meets_the_lock),
        cmocka_unit_test(an_opener_that_loses_the_lock_does_not_truncate),
        cmocka_unit_test(growth_is_allocated_and_zero_and_shrinking_cuts),
        cmocka_unit_test(a_disk_without_room_says_so_and_keeps_the_size),
        cmocka_unit_test(names_are_made_listed_renamed_and_removed),
        cmocka_unit_test(listing_without_memory_leaks_nothing),
        cmocka_unit_test(the_clock_and_randomness_can_be_fixed),
        cmocka_unit_test(an_event_reaches_the_callback_unless_suppressed),
        cmocka_unit_test(an_event_reaches_the_journal_with_its_fields),
    };
    return cmocka_run_group_tests_name("os", tests, NULL, NULL);
}
