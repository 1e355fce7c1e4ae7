/* See sound_file.h. */
#include "sound_file.h"

#include "cmocka_all.h"
#include "live_instance.h"
#include "opened_file.h"

struct check_report expect_sound_file(const char *path)
{
    struct opened file;
    struct check_report report;
    assert_good(open_file(path, &file));
    assert_good(check_database(file.db, NULL, NULL, &report));
    assert_int_equal(report.errors, 0);
    close_file(&file);
    return report;
}
