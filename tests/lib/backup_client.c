/* A backup client for tests (backup_client.h). */
#include "backup_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backup/backup.h"
#include "engine/engine.h"
#include "engine/instance.h"
#include "live_instance.h"
#include "shared_data.h"

enum { LIST_BYTES = 1 << 16, PIECE_BYTES = 1 << 19 };

JET_ERR client_copy_file(JET_INSTANCE instance, const char *path, const char *folder, uint32_t piece)
{
    JET_HANDLE handle;
    uint32_t low, high, got = 0;
    uint64_t total = 0;
    uint8_t *buffer = (uint8_t *)aligned_alloc(4096, piece);
    JET_ERR err = JetOpenFileInstance(instance, path, &handle, &low, &high);
    if (err < 0) {
        free(buffer);
        return err;
    }
    FILE *out = fopen(text_of("%s/%s", folder, strrchr(path, '/') + 1), "wb");
    assert_non_null(out);
    while ((err = JetReadFileInstance(instance, handle, buffer, piece, &got)) >= 0 && got > 0) {
        assert_int_equal(fwrite(buffer, 1, got, out), got);
        total += got;
    }
    fclose(out);
    free(buffer);
    if (err < 0)
        return err;
    assert_int_equal(total, (uint64_t)high << 32 | low);
    return JetCloseFileInstance(instance, handle);
}

static void copy_list(JET_INSTANCE instance, const char *list, const char *folder)
{
    for (const char *name = list; *name != 0; name += strlen(name) + 1)
        assert_good(client_copy_file(instance, name, folder, PIECE_BYTES));
}

void client_backup(JET_INSTANCE instance, JET_GRBIT begin, int truncate, const char *folder, struct backup_set *set)
{
    static char list[LIST_BYTES];
    uint32_t actual;
    JET_LOGINFO_A info = {.cbSize = sizeof info};
    assert_good(JetBeginExternalBackupInstance(instance, begin));
    if ((begin & JET_bitBackupIncremental) == 0) {
        assert_good(JetGetAttachInfoInstance(instance, list, LIST_BYTES, &actual));
        copy_list(instance, list, folder);
    }
    assert_good(JetGetLogInfoInstance2(instance, list, LIST_BYTES, &actual, &info));
    copy_list(instance, list, folder);
    if (truncate)
        assert_good(JetTruncateLogInstance(instance));
    assert_good(JetEndExternalBackupInstance2(instance, JET_bitBackupEndNormal));
    *set = (struct backup_set){folder, info.ulGenLow, info.ulGenHigh};
}

JET_ERR client_restore(const struct backup_set *set, const char *name, const char *target)
{
    char *copy = strdup(text_of("%s/%s", target, name)), *source = strdup(text_of("%s/%s", set->folder, name));
    char *work = strdup(target), *folder = strdup(set->folder);
    if (system(text_of("cp '%s' '%s'", source, copy)) != 0)
        fail_msg("cannot copy %s", name);
    JET_RSTMAP_A map = {source, copy};
    JET_LOGINFO_A info = {.cbSize = sizeof info, .ulGenLow = set->gen_low, .ulGenHigh = set->gen_high, .szBaseName = "edb"};
    JET_ERR err = JetExternalRestore2A(work, work, &map, 1, folder, &info, NULL, NULL, NULL, NULL);
    free(copy);
    free(source);
    free(work);
    free(folder);
    return err;
}

int32_t client_sample_rows(const char *path)
{
    JET_INSTANCE instance = JET_instanceNil;
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNDEF column;
    const char *folder = make_scratch_folder("reader");
    int32_t count = 0, id;
    assert_good(JetCreateInstance(&instance, "reader"));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramRecovery, 0, "off"));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEventLoggingLevel, 0, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramSystemPath, 0, folder));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramTempPath, 0, text_of("%s/temp.edb", folder)));
    assert_good(JetInit(&instance));
    assert_good(JetBeginSession(instance, &session, NULL, NULL));
    assert_good(JetAttachDatabase(session, path, JET_bitDbReadOnly));
    assert_true(JetOpenDatabase(session, path, NULL, &dbid, JET_bitDbReadOnly) >= 0);
    assert_good(JetOpenTable(session, dbid, "Sample", NULL, 0, JET_bitTableReadOnly, &table));
    assert_good(JetGetTableColumnInfo(session, table, "id", &column, sizeof column, JET_ColInfo));
    for (JET_ERR err = JetMove(session, table, JET_MoveFirst, 0); err >= 0; err = JetMove(session, table, JET_MoveNext, 0)) {
        assert_good(JetRetrieveColumn(session, table, column.columnid, &id, sizeof id, NULL, 0, NULL));
        assert_int_equal(id, ++count);
    }
    assert_good(JetTerm2(instance, JET_bitTermComplete));
    return count;
}

void client_hurry_retries(JET_INSTANCE instance)
{
    struct instance *inside = NULL;
    assert_good(engine_enter_instance(instance, 0, &inside));
    backup_set_retry_delay(inside->backup, 1);
    engine_leave_instance(inside);
}
