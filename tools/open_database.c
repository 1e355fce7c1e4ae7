/* A database opened read-only by a tool (open_database.h). */
#include "open_database.h"

#include <stdlib.h>
#include <string.h>

#include "btree/btree.h"

enum { DEFAULT_CACHE_BYTES = 32 << 20 };

enum { PAGE_LINES_MOST = 20 };

/* Which page stood in the way: the error that comes up later does not know. */
static void tell_failed_page(void *context, page_no_t page_no, JET_ERR error, const struct checksum_result *result, const char *why)
{
    struct tool_database *db = (struct tool_database *)context;
    (void)result;
    if (++db->failed_pages <= PAGE_LINES_MOST)
        (void)tool_error(db->command, error, "page %u%s%s", page_no, why != NULL ? ": " : "", why != NULL ? why : "");
}

static void tell_repaired_page(void *context, page_no_t page_no, const struct checksum_result *result)
{
    struct tool_database *db = (struct tool_database *)context;
    if (++db->failed_pages <= PAGE_LINES_MOST)
        fprintf(stderr, "ese %s: page %u: one wrong bit (%u), read as corrected\n", db->command->name, page_no, result->repaired_bit);
}

JET_ERR tool_database_try(const struct command *self, const char *path, uint64_t cache_bytes, const struct cache_observer *observer, struct tool_database *out)
{
    JET_ERR err = JET_errSuccess;
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    page_no_t last = 0;
    memset(out, 0, sizeof *out);
    out->command = self;
    TRY(database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL));
    struct cache_config cache = {.page_size = page_size, .bytes_min = 0, .bytes_max = cache_bytes != 0 ? cache_bytes : DEFAULT_CACHE_BYTES};
    TRY(cache_create(&cache, &out->cache));
    struct database_open_config config = {
        .fs = os_fs_posix(), .cache = out->cache, .path = path, .page_size = page_size, .dbid = 1, .read_only = true};
    config.observer = observer != NULL ? *observer
                                       : (struct cache_observer){.page_repaired = tell_repaired_page, .page_failed = tell_failed_page, .context = out};
    TRY(database_open(&config, &out->database));
    /* A file may be longer than what its root owns; a damaged space tree must not keep the rest from being read. */
    if (space_last_owned_page(out->database->pages, &last) >= 0 && last > 0 && last < out->database->last_owned_page)
        TRY(database_set_last_owned_page(out->database, last));
done:
    if (err < 0)
        tool_database_close(out);
    return err;
}

int tool_database_open(const struct command *self, const char *path, uint64_t cache_bytes, const struct cache_observer *observer, struct tool_database *out)
{
    JET_ERR err = tool_database_try(self, path, cache_bytes, observer, out);
    if (err < 0)
        return tool_error(self, err, "cannot open %s%s", path, tool_path_hint(err, path, false));
    uint32_t state = out->database->header.state;
    if (state != DB_STATE_CLEAN) {
        tool_name(stderr, self);
        fprintf(stderr, "%s was not closed cleanly (%s); it is read as it stands, without its logs\n", path, db_state_name(state));
    }
    return EXIT_GOOD;
}

void tool_database_close(struct tool_database *db)
{
    database_close(db->database);
    cache_destroy(db->cache);
    memset(db, 0, sizeof *db);
}

bool tool_cache_bytes(const char *value, uint64_t *bytes)
{
    char *end;
    *bytes = 0;
    if (value == NULL)
        return true;
    unsigned long mib = strtoul(value, &end, 10);
    if (end == value || *end != 0 || mib < 1 || mib > 65536)
        return false;
    *bytes = (uint64_t)mib << 20;
    return true;
}
