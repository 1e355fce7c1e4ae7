/* A database file opened read-only with its catalog (opened_file.h). */
#include "opened_file.h"

JET_ERR open_file(const char *path, struct opened *out)
{
    struct db_header header;
    uint32_t page_size = 0;
    bool used_shadow;
    *out = (struct opened){0};
    JET_ERR err = database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL);
    if (err < 0)
        return err;
    struct cache_config cache = {.page_size = page_size, .bytes_min = 64u * page_size, .bytes_max = 16u << 20};
    if ((err = cache_create(&cache, &out->cache)) < 0)
        return err;
    struct database_open_config config = {.fs = os_fs_posix(), .cache = out->cache, .path = path, .page_size = page_size, .dbid = 1, .read_only = true};
    if ((err = database_open(&config, &out->db)) < 0)
        return err;
    return catalog_open(out->db, &out->catalog);
}

void close_file(struct opened *o)
{
    database_close(o->db);
    cache_destroy(o->cache);
    *o = (struct opened){0};
}
