/* Sizes of databases (database_size.h). Growing and shrinking are changes like others: in a transaction of their own inside the session's. */
#include "engine/database_size.h"

#include "backup/backup.h"
#include "base/memory.h"
#include "btree/extent.h"
#include "engine/checkpoint.h"
#include "os/path.h"
#include "txn/txn.h"

enum { PAGES_LEAST = 32 };

static page_no_t owned_pages(struct database *db)
{
    mutex_lock(&db->space_lock); /* waits for a growth under way */
    page_no_t pages = db->last_owned_page;
    mutex_unlock(&db->space_lock);
    return pages;
}

/* Whole steps of the extension size, as the engine grows by itself; the limit of the database comes first. */
static uint32_t rounded_up(const struct database *db, uint32_t present, uint32_t pages)
{
    uint32_t step = db->extension_pages > 0 ? db->extension_pages : 1;
    uint64_t target = present + ((uint64_t)pages - present + step - 1) / step * step;
    return target > PAGE_NO_MAX ? pages : (uint32_t)target;
}

static JET_ERR change_size(struct session *session, struct database *db, uint32_t pages, bool grows, uint32_t *actual)
{
    JET_ERR err = JET_errSuccess;
    struct transaction *t = session_transaction(session);
    bool is_open = false;
    TRY(txn_begin(t));
    is_open = true;
    JET_ERR warning = grows ? space_grow(t, db, pages, actual) : space_shrink(t, db, pages, actual);
    TRY(warning);
    TRY(txn_commit(t, true, NULL));
    is_open = false;
    err = warning;
done:
    if (is_open) {
        JET_ERR undone = txn_rollback(t);
        if (undone < 0)
            instance_disable(session->instance, undone, __FILE__, __LINE__);
    }
    return err;
}

/* A backup that begins meanwhile waits for the lock: it would not find what it was told of the file's length. */
static JET_ERR shrink(struct session *session, struct database *db, uint32_t pages, uint32_t *actual)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = session->instance;
    instance_lock_databases(instance);
    TRY(backup_check_idle(instance->backup));
    page_no_t before = owned_pages(db);
    JET_ERR warning = change_size(session, db, pages, false, actual);
    TRY(warning);
    if (*actual < before) {
        TRY(checkpoint_raise_headers(instance));
        TRY(space_cut_file(db));
    }
    err = warning;
done:
    instance_unlock_databases(instance);
    return err;
}

JET_ERR engine_resize_database(struct session *session, const struct open_database *db, uint32_t pages, JET_GRBIT grbit, uint32_t *actual)
{
    JET_ERR err = JET_errSuccess;
    struct database *file = db->database;
    *actual = owned_pages(file);
    if (pages == *actual || (pages > *actual && (grbit & JET_bitResizeDatabaseOnlyShrink) != 0) || (pages < *actual && (grbit & JET_bitResizeDatabaseOnlyGrow) != 0))
        goto done;
    if (open_database_is_read_only(db))
        RAISE(JET_errDatabaseFileReadOnly);
    if (session_is_read_only(session))
        RAISE(JET_errTransReadOnly);
    if (pages > PAGE_NO_MAX)
        RAISE(JET_errInvalidParameter);
    if (pages < *actual && instance_parameter(session->instance, JET_paramEnableShrinkDatabase) == 0)
        RAISE(JET_errFeatureNotAvailable);
    TRY(session_check_transaction_owner(session));
    if (pages > *actual)
        TRY(change_size(session, file, rounded_up(file, *actual, pages), true, actual));
    else
        err = shrink(session, file, pages, actual);
done:
    return err;
}

uint32_t engine_max_size(const struct open_database *db)
{
    mutex_lock(&db->database->space_lock);
    uint32_t pages = db->database->size_max_pages;
    mutex_unlock(&db->database->space_lock);
    return pages;
}

JET_ERR engine_set_max_size(const struct open_database *db, uint32_t pages)
{
    if (pages > PAGE_NO_MAX)
        return error_raise(JET_errInvalidParameter, __FILE__, __LINE__);
    mutex_lock(&db->database->space_lock);
    db->database->size_max_pages = pages;
    mutex_unlock(&db->database->space_lock);
    return JET_errSuccess;
}

JET_ERR engine_set_file_size(struct session *session, const char *path, uint32_t pages, uint32_t *actual)
{
    JET_ERR err = JET_errSuccess;
    struct os_fs *fs = instance_fs(session->instance);
    struct os_file *file = NULL;
    struct os_file_info info;
    struct db_header header;
    char *absolute = NULL;
    uint32_t page_size = 0;
    bool used_shadow = false;
    if (path == NULL || path[0] == 0)
        RAISE(JET_errDatabaseInvalidPath);
    if (pages < PAGES_LEAST || pages > PAGE_NO_MAX)
        RAISE(JET_errInvalidParameter);
    TRY(path_absolute(path, &absolute));
    TRY(os_file_open(fs, absolute, OS_OPEN_WRITE | OS_OPEN_LOCK_EXCLUSIVE, &file)); /* JET_errFileAccessDenied: somebody has it */
    TRY(database_read_header(fs, absolute, &header, &page_size, &used_shadow, NULL));
    if (header.state != DB_STATE_CLEAN)
        RAISE(JET_errDatabaseDirtyShutdown);
    TRY(os_file_info(file, &info));
    uint64_t wanted = page_file_offset(pages, page_size) + page_size;
    if (wanted > info.size) {
        TRY(os_file_set_size(file, wanted));
        TRY(os_file_sync(file));
        info.size = wanted;
    }
    uint64_t blocks = info.size / page_size;
    *actual = blocks > DB_HEADER_PAGES ? (uint32_t)(blocks - DB_HEADER_PAGES) : 0;
done:
    os_file_close(file);
    mem_free(absolute);
    return err;
}
