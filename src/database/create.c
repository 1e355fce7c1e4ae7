/* New database files: the first header and the room for the first pages (database.h; database-file 2 and 7). */
#include "base/memory.h"
#include "database/database.h"
#include "database/header_pair.h"
#include "format/page.h"
#include "os/clock.h"
#include "os/path.h"

#define DBTIME_START 0x40u /* recovery.md 10.3 */
enum { SMALLEST_PAGE = 2048, PAGES_MIN = 30, PAGES_MIN_2K = 31, PAGES_DEFAULT_MAX = 254 };

page_no_t database_initial_pages(uint32_t page_size, uint32_t extension_pages)
{
    page_no_t base = page_size == SMALLEST_PAGE ? PAGES_MIN_2K : PAGES_MIN, room = PAGES_DEFAULT_MAX - base;
    return base + (extension_pages < room ? extension_pages : room);
}

static void fill_header(const struct database_create_config *config, struct db_header *h)
{
    memset(h, 0, sizeof *h);
    h->magic = DB_HEADER_MAGIC;
    h->version_major = h->created_version_major = DB_VERSION_MAJOR;
    h->update_major = h->created_update_major = DB_UPDATE_MAJOR_BASE;
    h->dbtime = DBTIME_START;
    h->db_signature = config->db_signature;
    if (config->log_signature != NULL)
        h->log_signature = *config->log_signature;
    h->state = DB_STATE_JUST_CREATED;
    h->dbid = config->dbid;
    h->flags = config->has_no_shadow_catalog ? DB_HEADER_FLAG_SHADOW_CATALOG_DISABLED : 0;
    h->sort_version = DB_SORT_VERSION_LOCALES;
    h->file_type = FILE_TYPE_DATABASE;
    h->page_size = config->page_size;
}

JET_ERR database_create_file(const struct database_create_config *config)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    uint8_t *page = NULL;
    char *folder = NULL;
    struct db_header header;
    bool copy_is_bad[HEADER_COPIES] = {true, false}; /* a new file: any order will do */
    bool is_ours = false;
    if (config->last_page == 0 || config->last_page > PAGE_NO_MAX)
        RAISE(JET_errDatabaseInvalidPages);
    page = (uint8_t *)mem_alloc_aligned(config->page_size, config->page_size);
    if (page == NULL)
        RAISE(JET_errOutOfMemory);
    memset(page, 0, config->page_size);
    fill_header(config, &header);
    db_header_encode(&header, page, config->page_size);
    TRY(os_file_open(config->fs, config->path, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_LOCK_EXCLUSIVE | OS_OPEN_NO_FOLLOW | (config->may_overwrite ? 0u : (unsigned)OS_OPEN_MUST_CREATE), &file));
    is_ours = true;
    TRY(os_file_set_size(file, 0)); /* only after the lock: a database that another process uses stays */
    TRY(os_file_set_size(file, page_file_offset(config->last_page, config->page_size) + config->page_size));
    TRY(header_pair_write(file, page, config->page_size, copy_is_bad));
    TRY(path_folder(config->path, &folder));
    TRY(os_dir_sync(config->fs, folder));
done:
    os_file_close(file);
    if (err < 0 && is_ours && os_remove(config->fs, config->path) < 0) {
        /* The file stays, just created: nobody takes it for a database. */
    }
    mem_free(page);
    mem_free(folder);
    return err;
}
