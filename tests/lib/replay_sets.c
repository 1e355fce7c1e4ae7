/* See replay_sets.h. */
#include "replay_sets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "check/check.h"
#include "cmocka_all.h"
#include "cursor/row_dump.h"
#include "shared_data.h"

/* --- contents --- */

static JET_ERR add_line(void *context, const char *text, size_t size)
{
    struct dumped_text *t = (struct dumped_text *)context;
    if (t->size + size + 1 > t->room) {
        t->room = (t->size + size + 1) * 2 + 65536;
        t->bytes = (char *)realloc(t->bytes, t->room);
        assert_non_null(t->bytes);
    }
    memcpy(t->bytes + t->size, text, size);
    t->size += size;
    t->bytes[t->size++] = '\n';
    t->lines++;
    return JET_errSuccess;
}

static JET_ERR add_entry(void *context, struct span key, struct span data)
{
    char line[8192];
    size_t n = 0;
    for (uint32_t i = 0; i < key.size && n < 4000; i++)
        n += (size_t)snprintf(line + n, 3, "%02x", key.data[i]);
    line[n++] = ' ';
    for (uint32_t i = 0; i < data.size && n < 8000; i++)
        n += (size_t)snprintf(line + n, 3, "%02x", data.data[i]);
    return add_line(context, line, n);
}

struct contents {
    struct catalog *catalog;
    struct dumped_text *rows, *entries;
};

static JET_ERR add_table(void *context, const struct catalog_table *table)
{
    struct contents *c = (struct contents *)context;
    struct dump_sink sink = {add_line, c->rows};
    assert_int_equal(table->error, 0);
    JET_ERR err = dump_rows(c->catalog, table->schema, &sink);
    for (uint32_t i = 0; err >= 0 && i < table->schema->index_count; i++) {
        const struct index *index = &table->schema->indexes[i];
        if (index_is_primary(index))
            continue;
        add_line(c->entries, index->name, strlen(index->name));
        err = dump_index_entries(c->catalog, table->schema, index, add_entry, c->entries);
    }
    return err;
}

void replayed_open(const char *path, struct replayed_database *out)
{
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    *out = (struct replayed_database){0};
    assert_int_equal(database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL), 0);
    struct cache_config cache = {.page_size = page_size, .bytes_min = 64u * page_size, .bytes_max = 64u << 20};
    assert_int_equal(cache_create(&cache, &out->cache), 0);
    struct database_open_config config = {.fs = os_fs_posix(), .cache = out->cache, .path = path, .page_size = page_size, .dbid = 1, .read_only = true};
    assert_int_equal(database_open(&config, &out->db), 0);
    struct contents c = {.rows = &out->rows, .entries = &out->entries};
    assert_int_equal(catalog_open(out->db, &c.catalog), 0);
    JET_ERR err = catalog_visit_tables(c.catalog, add_table, &c);
    if (err != 0)
        fail_msg("%s: reading the tables: %d", path, err);
}

void replayed_close(struct replayed_database *c)
{
    database_close(c->db);
    cache_destroy(c->cache);
    free(c->rows.bytes);
    free(c->entries.bytes);
}

static void print_finding(void *context, const struct check_finding *f)
{
    (void)context;
    if (f->severity != CHECK_NOTE)
        print_message("  %s: page %u object %u %s %s: %s\n", f->file, f->page_no, f->objid, f->table, f->object, f->text);
}

uint32_t replayed_warnings(const char *path, bool print, uint64_t *lost)
{
    struct replayed_database c;
    struct check_report report;
    struct check_callbacks callbacks = {.finding = print ? print_finding : NULL};
    replayed_open(path, &c);
    assert_int_equal(check_database(c.db, NULL, &callbacks, &report), 0);
    assert_int_equal(report.errors, 0);
    replayed_close(&c);
    *lost = report.pages_lost;
    return report.warnings;
}

uint32_t replayed_state(const char *path)
{
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    assert_int_equal(database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL), 0);
    return header.state;
}

/* Finds the first line that differs. */
bool dumped_text_equal(const char *what, const struct dumped_text *a, const struct dumped_text *b)
{
    if (a->size == b->size && (a->size == 0 || memcmp(a->bytes, b->bytes, a->size) == 0))
        return true;
    size_t i = 0, line = 0;
    for (; i < a->size && i < b->size && a->bytes[i] == b->bytes[i]; i++)
        line = a->bytes[i] == '\n' ? i + 1 : line;
    print_message("%s: %llu lines against %llu; first difference:\n  %.*s\n  %.*s\n", what, (unsigned long long)a->lines, (unsigned long long)b->lines,
                  line < a->size ? (int)strcspn(a->bytes + line, "\n") % 300 : 0, a->bytes + line, line < b->size ? (int)strcspn(b->bytes + line, "\n") % 300 : 0, b->bytes + line);
    return false;
}

enum { FLAGS_COMPARED = PAGE_FLAG_ROOT | PAGE_FLAG_LEAF | PAGE_FLAG_PARENT_OF_LEAF | PAGE_FLAG_EMPTY | PAGE_FLAG_SPACE_TREE | PAGE_FLAG_INDEX | PAGE_FLAG_LONG_VALUE |
                        PAGE_FLAG_NON_UNIQUE | PAGE_FLAG_NEW_RECORD_FORMAT };

static bool same_state(const uint8_t *p, const uint8_t *q, bool or_newer)
{
    if (or_newer && load_le64(p + 8) > load_le64(q + 8))
        return true;
    return load_le64(p + 8) == load_le64(q + 8) && load_le32(p + 16) == load_le32(q + 16) && load_le32(p + 20) == load_le32(q + 20) && load_le32(p + 24) == load_le32(q + 24) &&
           ((load_le32(p + 36) ^ load_le32(q + 36)) & FLAGS_COMPARED) == 0;
}

void replayed_compare_pages(const char *path, const char *reference, uint32_t page_size, bool or_newer, struct pages_compared *out)
{
    unsigned long long a_size, b_size;
    uint8_t *a = read_whole_file(path, &a_size), *b = read_whole_file(reference, &b_size);
    *out = (struct pages_compared){0};
    for (uint64_t at = 2ull * page_size; at + page_size <= b_size; at += page_size) {
        const uint8_t *p = a + at, *q = b + at;
        if (is_all_zero(q, page_size) || at + page_size > a_size) /* behind our end: owned by nobody, which the integrity check says */
            continue;
        out->compared++;
        out->same_bytes += memcmp(p, q, page_size) == 0;
        if (!same_state(p, q, or_newer) && out->different++ < 10)
            print_message("  page %u: dbtime %llu/%llu links %u,%u/%u,%u objid %u/%u flags %X/%X\n", (page_no_t)(at / page_size) - 1, (unsigned long long)load_le64(p + 8),
                          (unsigned long long)load_le64(q + 8), load_le32(p + 16), load_le32(p + 20), load_le32(q + 16), load_le32(q + 20), load_le32(p + 24), load_le32(q + 24),
                          load_le32(p + 36), load_le32(q + 36));
    }
    free(a);
    free(b);
}

unsigned replayed_count_untouched(const char *path, const char *before, uint32_t page_size, unsigned *changed)
{
    unsigned long long a_size, b_size;
    uint8_t *a = read_whole_file(path, &a_size), *b = read_whole_file(before, &b_size);
    unsigned untouched = 0;
    *changed = 0;
    for (uint64_t at = 2ull * page_size; at + page_size <= a_size && at + page_size <= b_size; at += page_size) {
        if (load_le64(a + at + 8) != load_le64(b + at + 8))
            continue;
        bool same = memcmp(a + at, b + at, page_size) == 0;
        untouched += !is_all_zero(b + at, page_size);
        *changed += !same;
        if (!same)
            print_message("  page %u changed without a new dbtime\n", (page_no_t)(at / page_size) - 1);
    }
    free(a);
    free(b);
    return untouched;
}

/* --- sets --- */

/* The files of a folder of the data whose names end so, .gz and .zst taken off. */
void copy_shared_files(const char *relative, const char *suffix, const char *folder)
{
    char **names;
    size_t count, copied = 0;
    assert_int_equal(os_dir_list(os_fs_posix(), text_of("%s/%s", shared_data_dir(), relative), &names, &count), 0);
    for (size_t i = 0; i < count; i++) {
        char name[256];
        snprintf(name, sizeof name, "%s", names[i]);
        char *packed = strstr(name, ".gz") != NULL ? strstr(name, ".gz") : strstr(name, ".zst");
        if (packed != NULL)
            *packed = 0;
        size_t n = strlen(name), m = strlen(suffix);
        if (n < m || strcmp(name + n - m, suffix) != 0)
            continue;
        copy_shared_file(text_of("%s/%s", relative, name), text_of("%s/%s", folder, name));
        copied++;
    }
    os_dir_list_free(names, count);
    assert_true(copied > 0);
}

#define WINDOWS "windows/"
#define ENGINE "engine/"

const struct replay_set REPLAY_WINDOWS[] = {
    {.what = "R1 server2022-day0", .logs = WINDOWS "srum-server2022-day0", .base = "SRU", .file_name = "SRUDB.dat", .reference = WINDOWS "srum-server2022-day0/SRUDB.dat",
     .page_size = 4096},
    {.what = "R2 belkasoft dirty", .logs = WINDOWS "srum-w10-1809-belkasoft/dirty", .base = "SRU", .file_name = "SRUDB.dat",
     .database = WINDOWS "srum-w10-1809-belkasoft/dirty/SRUDB.dat", .reference = WINDOWS "srum-w10-1809-belkasoft/dirty/SRUDB.dat", .page_size = 4096},
    {.what = "R3 rathbun", .logs = WINDOWS "srum-w10-21h1-rathbun/collected", .base = "SRU", .file_name = "SRUDB.dat",
     .database = WINDOWS "srum-w10-21h1-rathbun/derived-crash/SRUDB.dat", .reference = WINDOWS "srum-w10-21h1-rathbun/collected/SRUDB.dat", .page_size = 4096},
    {.what = "R3 belkasoft", .logs = WINDOWS "srum-w10-1809-belkasoft/dirty", .base = "SRU", .file_name = "SRUDB.dat",
     .database = WINDOWS "srum-w10-1809-belkasoft/derived-crash/SRUDB.dat", .reference = WINDOWS "srum-w10-1809-belkasoft/dirty/SRUDB.dat", .page_size = 4096},
};

const struct replay_set REPLAY_CRASHES[] = {
    {.what = "crash_4k_partial", .logs = ENGINE "crash_4k_partial/before", .base = "edb", .database = ENGINE "crash_4k_partial/before/data.edb",
     .checkpoint = ENGINE "crash_4k_partial/before/edb.chk", .file_name = "data.edb", .reference = ENGINE "crash_4k_partial/after/data.edb", .page_size = 4096},
    {.what = "crash_8k_ddl", .logs = ENGINE "crash_8k_ddl/before", .base = "edb", .database = ENGINE "crash_8k_ddl/before/data.edb",
     .checkpoint = ENGINE "crash_8k_ddl/before/edb.chk", .file_name = "data.edb", .reference = ENGINE "crash_8k_ddl/after/data.edb", .page_size = 8192},
    {.what = "crash_32k", .logs = ENGINE "crash_32k/before", .base = "edb", .database = ENGINE "crash_32k/before/data.edb",
     .checkpoint = ENGINE "crash_32k/before/edb.chk", .file_name = "data.edb", .reference = ENGINE "crash_32k/after/data.edb", .page_size = 32768},
};

const char *replay_lay_out(const struct replay_set *s)
{
    const char *d = make_scratch_folder("replay");
    copy_shared_files(s->logs, ".log", d);
    if (s->database != NULL)
        copy_shared_file(s->database, text_of("%s/%s", d, s->file_name));
    if (s->checkpoint != NULL)
        copy_shared_file(s->checkpoint, text_of("%s/%s.chk", d, s->base));
    return d;
}

struct recovery_config replay_config(const struct replay_set *s, const char *folder)
{
    return (struct recovery_config){
        .log = {.fs = os_fs_posix(), .log_folder = folder, .system_folder = folder, .base_name = s->base, .is_legacy_names = true, .file_kib = 128, .page_size = s->page_size},
        .alternate_folder = folder};
}

JET_ERR replay_run(const struct recovery_config *config, struct recovery_result *result)
{
    uint64_t before = memory_live_count();
    JET_ERR err = recovery_run(config, result);
    log_close(result->log);
    result->log = NULL;
    assert_int_equal(memory_live_count(), before);
    return err;
}
