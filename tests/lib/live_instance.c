/* A running instance for black-box tests (live_instance.h). */
#include "live_instance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "database/database.h"
#include "shared_data.h"

const char *const CLEAN_DATABASES[] = {
    "windows/types-4k/basic.edb",
    "windows/types-4k/multi.edb",
    "windows/types-4k/text.edb",
    "windows/types-4k/default.edb",
    "windows/catroot-w10/catdb",
    "windows/srum-server2022-day0/SRUDB.dat",
    "windows/srum-w10-21h1-rathbun/collected/SRUDB.dat",
    "windows/adlds-server2008/adamntds.dit",
    "windows/lv-compression-a/test1.edb",
    "windows/lv-compression-a/test2.edb",
    "windows/lv-compression-a/test4.edb",
    "windows/lv-compression-a/decompress_test.edb",
    "windows/xbim-a/BIM_Logo-LetterB.xBIM",
    "windows/xbim-a/BIM_Logo-ExclaimationBody.xBIM",
    "windows/xbim-a/Monolith_v10.xBIM",
    "windows/xbim-a/Monolith-NoGeomTables.xBIM",
    "windows/xbim-a/OneWall.xBIM",
    "windows/secedit-w11-23h2-cis/policy/secedit.sdb",
    "windows/secedit-w10-22h2/secedit.sdb",
    "windows/secedit-w11-24h2-a/secedit.sdb",
    "windows/ual-server2012r2/SystemIdentity.mdb",
    "windows/ual-server2019-hyperv/SystemIdentity.mdb",
    "windows/ual-server2019-hyperv/{03A01CC5-91BB-4936-B685-63697785D39E}.mdb",
    "windows/ual-server2019-nondomain/SystemIdentity.mdb",
    "windows/ual-server2019-nondomain/{03A01CC5-91BB-4936-B685-63697785D39E}.mdb",
    "windows/srum-w10-1809-belkasoft/repaired/SRUDB.dat",
    "windows/srum-w10-1809-dissect/SRUDB.dat",
    "windows/srum-w10-21h1-rathbun/after-esentutl/SRUDB.dat",
    "windows/secedit-w11-23h2-cis/account/secedit.sdb",
    "windows/types-32k-large/large.edb",
    "engine/clean_4k/data.edb",
    "engine/clean_8k/data.edb",
    "engine/clean_16k/data.edb",
    "engine/clean_32k/data.edb",
    "engine/clean_4k_win10/data.edb",
    NULL,
};

void assert_err_at(JET_ERR err, JET_ERR expected, const char *expression, const char *file, int line)
{
    if (err != expected) {
        print_error("%s:%d: %s is %s (%d), expected %s (%d)\n", file, line, expression, error_name(err), (int)err, error_name(expected), (int)expected);
        _fail(file, line);
    }
}

uint32_t page_size_of(const char *path)
{
    struct db_header header;
    uint32_t size = 0;
    bool used_shadow;
    assert_good(database_read_header(os_fs_posix(), path, &header, &size, &used_shadow, NULL));
    return size;
}

void (*live_configure)(JET_INSTANCE instance);

void live_start_in(struct live_instance *live, const char *folder, uint32_t page_size)
{
    static unsigned count;
    memset(live, 0, sizeof *live);
    live->folder = folder;
    live->page_size = page_size;
    live->instance = JET_instanceNil;
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, page_size, NULL));
    assert_good(JetCreateInstance(&live->instance, text_of("test %u", count++)));
    assert_good(JetSetSystemParameter(&live->instance, 0, JET_paramSystemPath, 0, folder));
    assert_good(JetSetSystemParameter(&live->instance, 0, JET_paramLogFilePath, 0, folder));
    assert_good(JetSetSystemParameter(&live->instance, 0, JET_paramTempPath, 0, text_of("%s/temp.edb", folder)));
    assert_good(JetSetSystemParameter(&live->instance, 0, JET_paramLogFileSize, 64, NULL));
    assert_good(JetSetSystemParameter(&live->instance, 0, JET_paramEventLoggingLevel, 0, NULL));
    /* The shared databases have the sort orders of their Windows: what comes of that, test_index_checking.c shows. */
    assert_good(JetSetSystemParameter(&live->instance, 0, JET_paramEnableIndexChecking, JET_IndexCheckingOff, NULL));
    assert_good(JetSetSystemParameter(&live->instance, 0, JET_paramEnableIndexCleanup, 0, NULL));
    if (live_configure != NULL)
        live_configure(live->instance);
    assert_good(JetInit(&live->instance));
    assert_good(JetBeginSession(live->instance, &live->session, NULL, NULL));
}

void live_start(struct live_instance *live, uint32_t page_size)
{
    live_start_in(live, make_scratch_folder("instance"), page_size);
}

void live_start_with(struct live_instance *live, const char *shared_database)
{
    const char *folder = make_scratch_folder("instance");
    const char *name = strrchr(shared_database, '/') + 1;
    const char *path = text_of("%s/%s", folder, name);
    copy_shared_file(shared_database, path);
    live_start_in(live, folder, page_size_of(path));
    live->database = path;
    assert_good(JetAttachDatabase(live->session, path, 0));
}

const char *live_make_database(struct live_instance *live, const char *name)
{
    JET_DBID dbid;
    const char *path = text_of("%s/%s", live->folder, name);
    assert_good(JetCreateDatabase(live->session, path, NULL, &dbid, 0));
    assert_good(JetCloseDatabase(live->session, dbid, 0));
    assert_good(JetDetachDatabase(live->session, path));
    return path;
}

void live_stop(struct live_instance *live)
{
    if (live->instance != JET_instanceNil && live->instance != 0)
        assert_good(JetTerm2(live->instance, JET_bitTermComplete));
    live->instance = JET_instanceNil;
}
