/* Log replay against the ground truth: real and generated streams, replayed on copies, must end in the databases that the original engine made of them.
 * Rows and index entries are compared as dumped text, pages by dbtime, links, object id and structural flags; then the whole is checked for integrity. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/restore.h"
#include "base/memory.h"
#include "check/check.h"
#include "cursor/row_dump.h"
#include "expectations.h"
#include "fault_fs.h"
#include "recovery/recovery.h"
#include "shared_data.h"

/* --- contents --- */

struct text {
    char *bytes;
    size_t size, room;
    uint64_t lines;
};

static JET_ERR add_line(void *context, const char *text, size_t size)
{
    struct text *t = (struct text *)context;
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
    struct text *rows, *entries;
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

struct database_copy {
    struct cache *cache;
    struct database *db;
    struct text rows, entries;
};

static void open_copy(const char *path, struct database_copy *out)
{
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    *out = (struct database_copy){0};
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

static void close_copy(struct database_copy *c)
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

/* Sound, and with no more lost pages than the reference has: some real files have a few. */
/* The check finds no error; gives its warnings, and the pages in nobody's use. */
static uint32_t warnings_and_lost(const char *path, bool print, uint64_t *lost)
{
    struct database_copy c;
    struct check_report report;
    struct check_callbacks callbacks = {.finding = print ? print_finding : NULL};
    open_copy(path, &c);
    assert_int_equal(check_database(c.db, NULL, &callbacks, &report), 0);
    assert_int_equal(report.errors, 0);
    close_copy(&c);
    *lost = report.pages_lost;
    return report.warnings;
}

static uint32_t warnings_of(const char *path, bool print)
{
    uint64_t lost;
    return warnings_and_lost(path, print, &lost);
}

static uint32_t state_of(const char *path)
{
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    assert_int_equal(database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL), 0);
    return header.state;
}

static void check_is_clean(const char *path, const char *reference)
{
    uint32_t usual = warnings_of(reference, false);
    assert_int_equal(state_of(path), DB_STATE_CLEAN);
    assert_int_equal(warnings_of(path, usual == 0), usual);
}

/* Finds the first line that differs. */
static bool same_text(const char *what, const struct text *a, const struct text *b)
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

/* Returns the number of pages that differ. or_newer: a page may also be of a later state. */
static unsigned compare_pages(const char *path, const char *reference, uint32_t page_size, bool or_newer, unsigned *compared)
{
    unsigned long long a_size, b_size;
    uint8_t *a = read_whole_file(path, &a_size), *b = read_whole_file(reference, &b_size);
    unsigned different = 0;
    *compared = 0;
    for (uint64_t at = 2ull * page_size; at + page_size <= b_size; at += page_size) {
        const uint8_t *p = a + at, *q = b + at;
        page_no_t page_no = (page_no_t)(at / page_size) - 1;
        if (is_all_zero(q, page_size) || at + page_size > a_size) /* behind our end: owned by nobody, which the integrity check says */
            continue;
        bool same = load_le64(p + 8) == load_le64(q + 8) && load_le32(p + 16) == load_le32(q + 16) && load_le32(p + 20) == load_le32(q + 20) &&
                    load_le32(p + 24) == load_le32(q + 24) && ((load_le32(p + 36) ^ load_le32(q + 36)) & FLAGS_COMPARED) == 0;
        same |= or_newer && load_le64(p + 8) > load_le64(q + 8);
        (*compared)++;
        if (!same && different++ < 10)
            print_message("  page %u: dbtime %llu/%llu links %u,%u/%u,%u objid %u/%u flags %X/%X\n", page_no, (unsigned long long)load_le64(p + 8),
                          (unsigned long long)load_le64(q + 8), load_le32(p + 16), load_le32(p + 20), load_le32(q + 16), load_le32(q + 20), load_le32(p + 24), load_le32(q + 24),
                          load_le32(p + 36), load_le32(q + 36));
    }
    free(a);
    free(b);
    return different;
}

/* The database must hold what the reference holds. with_pages: page by page too. */
static void expect_equal(const char *what, const char *path, const char *reference, bool with_pages)
{
    struct database_copy a, b;
    unsigned compared = 0, different = 0;
    open_copy(path, &a);
    open_copy(reference, &b);
    bool rows = same_text("rows", &a.rows, &b.rows), entries = same_text("entries", &a.entries, &b.entries);
    if (with_pages)
        different = compare_pages(path, reference, a.db->page_size, false, &compared);
    print_message("%-24s pages %u of %u equal, rows %llu %s, index entries %llu %s\n", what, compared - different, compared, (unsigned long long)a.rows.lines,
                  rows ? "equal" : "DIFFERENT", (unsigned long long)a.entries.lines, entries ? "equal" : "DIFFERENT");
    close_copy(&a);
    close_copy(&b);
    assert_true(rows);
    assert_true(entries);
    assert_int_equal(different, 0);
}

/* --- sets --- */

/* The files of a folder of the data whose names end so, .gz and .zst taken off. */
static void copy_files(const char *relative, const char *suffix, const char *folder)
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

struct stream {
    const char *what, *logs, *base, *database, *checkpoint; /* relative; database NULL: from the logs alone */
    const char *file_name;
    const char *reference;
    uint32_t page_size;
    bool without_pages;
};

static const char *lay_out(const struct stream *s)
{
    const char *d = make_scratch_folder("replay");
    copy_files(s->logs, ".log", d);
    if (s->database != NULL)
        copy_shared_file(s->database, text_of("%s/%s", d, s->file_name));
    if (s->checkpoint != NULL)
        copy_shared_file(s->checkpoint, text_of("%s/%s.chk", d, s->base));
    return d;
}

static struct recovery_config config_for(const struct stream *s, const char *folder)
{
    return (struct recovery_config){
        .log = {.fs = os_fs_posix(), .log_folder = folder, .system_folder = folder, .base_name = s->base, .is_legacy_names = true, .file_kib = 128, .page_size = s->page_size},
        .alternate_folder = folder};
}

static JET_ERR run(const struct recovery_config *config, struct recovery_result *result)
{
    uint64_t before = memory_live_count();
    JET_ERR err = recovery_run(config, result);
    log_close(result->log);
    result->log = NULL;
    assert_int_equal(memory_live_count(), before);
    return err;
}

static void replay(const struct stream *s)
{
    const char *d = lay_out(s), *reference = text_of("%s/reference", make_scratch_folder("reference"));
    struct recovery_config config = config_for(s, d);
    struct recovery_result result;
    copy_shared_file(s->reference, reference);
    JET_ERR err = run(&config, &result);
    if (err != 0)
        fail_msg("%s: %d", s->what, err);
    assert_true(result.was_replayed);
    check_is_clean(text_of("%s/%s", d, s->file_name), reference);
    expect_equal(s->what, text_of("%s/%s", d, s->file_name), reference, !s->without_pages);
    assert_int_equal(run(&config, &result), 0); /* and the stream is in order */
    assert_false(result.was_replayed);
}

#define WINDOWS "windows/"
#define ENGINE "engine/"

static void r1_a_database_is_made_from_its_logs_alone(void **state)
{
    (void)state;
    require_shared_data();
    static const struct stream R1 = {.what = "R1 server2022-day0", .logs = WINDOWS "srum-server2022-day0", .base = "SRU", .file_name = "SRUDB.dat",
                                     .reference = WINDOWS "srum-server2022-day0/SRUDB.dat", .page_size = 4096};
    replay(&R1);
}

static void r2_a_crash_right_after_the_attach(void **state)
{
    (void)state;
    require_shared_data();
    static const struct stream R2 = {.what = "R2 belkasoft dirty", .logs = WINDOWS "srum-w10-1809-belkasoft/dirty", .base = "SRU", .file_name = "SRUDB.dat",
                                     .database = WINDOWS "srum-w10-1809-belkasoft/dirty/SRUDB.dat", .reference = WINDOWS "srum-w10-1809-belkasoft/dirty/SRUDB.dat", .page_size = 4096};
    replay(&R2);
}

static void r3_pages_that_were_never_flushed_come_back(void **state)
{
    (void)state;
    require_shared_data();
    static const struct stream RATHBUN = {.what = "R3 rathbun", .logs = WINDOWS "srum-w10-21h1-rathbun/collected", .base = "SRU", .file_name = "SRUDB.dat",
                                          .database = WINDOWS "srum-w10-21h1-rathbun/derived-crash/SRUDB.dat", .reference = WINDOWS "srum-w10-21h1-rathbun/collected/SRUDB.dat",
                                          .page_size = 4096};
    static const struct stream BELKASOFT = {.what = "R3 belkasoft", .logs = WINDOWS "srum-w10-1809-belkasoft/dirty", .base = "SRU", .file_name = "SRUDB.dat",
                                            .database = WINDOWS "srum-w10-1809-belkasoft/derived-crash/SRUDB.dat",
                                            .reference = WINDOWS "srum-w10-1809-belkasoft/dirty/SRUDB.dat", .page_size = 4096};
    replay(&RATHBUN);
    replay(&BELKASOFT);
}

static const struct stream CRASHES[] = {
    {.what = "crash_4k_partial", .logs = ENGINE "crash_4k_partial/before", .base = "edb", .database = ENGINE "crash_4k_partial/before/data.edb",
     .checkpoint = ENGINE "crash_4k_partial/before/edb.chk", .file_name = "data.edb", .reference = ENGINE "crash_4k_partial/after/data.edb", .page_size = 4096},
    {.what = "crash_8k_ddl", .logs = ENGINE "crash_8k_ddl/before", .base = "edb", .database = ENGINE "crash_8k_ddl/before/data.edb",
     .checkpoint = ENGINE "crash_8k_ddl/before/edb.chk", .file_name = "data.edb", .reference = ENGINE "crash_8k_ddl/after/data.edb", .page_size = 8192},
    {.what = "crash_32k", .logs = ENGINE "crash_32k/before", .base = "edb", .database = ENGINE "crash_32k/before/data.edb",
     .checkpoint = ENGINE "crash_32k/before/edb.chk", .file_name = "data.edb", .reference = ENGINE "crash_32k/after/data.edb", .page_size = 32768},
};
enum { CRASH_COUNT = sizeof CRASHES / sizeof *CRASHES };

static void crashed_databases_get_the_contents_the_engine_gave_them(void **state)
{
    (void)state;
    require_shared_data();
    for (size_t i = 0; i < CRASH_COUNT; i++)
        replay(&CRASHES[i]);
}

static void crashed_streams_rebuild_the_database_from_nothing(void **state)
{
    (void)state;
    require_shared_data();
    for (size_t i = 0; i < CRASH_COUNT; i++) {
        struct stream s = CRASHES[i];
        s.what = text_of("%s, logs alone", s.what);
        s.database = s.checkpoint = NULL;
        replay(&s);
    }
}

static void redo_alone_leaves_the_database_dirty(void **state)
{
    (void)state;
    require_shared_data();
    for (size_t i = 0; i < CRASH_COUNT; i++) {
        const struct stream *s = &CRASHES[i];
        const char *d = lay_out(s), *database = text_of("%s/%s", d, s->file_name), *reference = text_of("%s/reference", make_scratch_folder("reference"));
        struct recovery_config config = config_for(s, d);
        struct recovery_result result;
        char relative[256];
        unsigned compared;
        snprintf(relative, sizeof relative, "engine/%s/after_redo_only/data.edb", s->what);
        copy_shared_file(relative, reference);
        config.options.without_undo = true;
        assert_int_equal(run(&config, &result), JET_errRecoveredWithoutUndo);
        /* The engine left some pages unwritten that it had replayed. */
        unsigned different = compare_pages(database, reference, s->page_size, true, &compared);
        print_message("%-24s redo only: pages %u of %u equal or newer\n", s->what, compared - different, compared);
        assert_int_equal(different, 0);
        assert_int_equal(state_of(database), DB_STATE_DIRTY);
        /* Undo can still be done, and from the log: what was uncommitted has been written to the file. */
        config.options.without_undo = false;
        assert_int_equal(run(&config, &result), 0);
        copy_shared_file(s->reference, reference);
        check_is_clean(database, reference);
        expect_equal(text_of("%s, in two steps", s->what), database, reference, false);
    }
}

static void complete_streams_rebuild_the_database_from_nothing(void **state)
{
    (void)state;
    require_shared_data();
    static const struct {
        const char *name;
        uint32_t page_size;
    } SETS[] = {{"clean_4k", 4096}, {"clean_8k", 8192}, {"clean_16k", 16384}, {"clean_32k", 32768}, {"clean_4k_win10", 4096}};
    for (size_t i = 0; i < sizeof SETS / sizeof *SETS; i++) {
        struct stream s = {.what = SETS[i].name, .logs = text_of("engine/%s", SETS[i].name), .base = "edb", .file_name = "data.edb",
                           .reference = text_of("engine/%s/data.edb", SETS[i].name), .page_size = SETS[i].page_size};
        replay(&s);
    }
}

static const char *roll_circ(void)
{
    const char *d = make_scratch_folder("circular");
    copy_files("engine/roll_circ_4k", ".log", d);
    copy_shared_file("engine/roll_circ_4k/data.edb", text_of("%s/data.edb", d));
    copy_shared_file("engine/roll_circ_4k/edb.chk", text_of("%s/edb.chk", d));
    return d;
}

static void a_closed_database_is_left_as_it_is(void **state)
{
    (void)state;
    require_shared_data();
    for (int with_checkpoint = 0; with_checkpoint <= 1; with_checkpoint++) {
        const struct stream s = {.base = "edb", .page_size = 4096};
        const char *d = roll_circ(), *path = text_of("%s/data.edb", d);
        struct recovery_config config = config_for(&s, d);
        struct recovery_result result;
        unsigned long long before_size, after_size;
        unsigned char *before = read_whole_file(path, &before_size);
        if (!with_checkpoint)
            unlink(text_of("%s/edb.chk", d));
        assert_int_equal(run(&config, &result), 0);
        assert_int_equal(result.was_replayed, !with_checkpoint);
        unsigned char *after = read_whole_file(path, &after_size);
        assert_int_equal(after_size, before_size);
        assert_memory_equal(after, before, before_size);
        free(before);
        free(after);
    }
}

/* --- restore --- */

/* Table and bookmark of every row, sorted; from the lines of a dump or of a JSON dump ({"t":TABLE,"bm":BOOKMARK,...). */
struct row_names {
    char **items;
    size_t count, room;
};

static void add_name(struct row_names *n, const char *table, size_t table_size, const char *key, size_t key_size)
{
    if (n->count == n->room) {
        n->room = n->room * 2 + 64;
        n->items = (char **)realloc(n->items, n->room * sizeof *n->items);
        assert_non_null(n->items);
    }
    char *name = (char *)malloc(table_size + key_size + 2);
    assert_non_null(name);
    memcpy(name, table, table_size);
    name[table_size] = ' ';
    memcpy(name + table_size + 1, key, key_size);
    name[table_size + 1 + key_size] = 0;
    n->items[n->count++] = name;
}

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void names_of_dump(const struct text *rows, struct row_names *out)
{
    *out = (struct row_names){0};
    for (const char *line = rows->bytes, *end = rows->bytes + rows->size; line < end; line = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1) {
        size_t table = strcspn(line, "\t"), key = strcspn(line + table + 1, "\t\n");
        add_name(out, line, table, line + table + 1, key);
    }
    qsort(out->items, out->count, sizeof *out->items, compare_names);
}

static void names_of_json(const char *relative, struct row_names *out)
{
    const char *target = text_of("%s/dump.json", make_scratch_folder("json"));
    unsigned long long size;
    *out = (struct row_names){0};
    copy_shared_file(relative, target);
    unsigned char *bytes = read_whole_file(target, &size);
    char *text = (char *)realloc(bytes, size + 1), *rest = NULL;
    assert_non_null(text);
    text[size] = 0;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *table = line + 6, *after = strncmp(line, "{\"t\":\"", 6) == 0 ? strchr(table, '"') : NULL;
        if (after != NULL && strncmp(after, "\",\"bm\":\"", 8) == 0)
            add_name(out, table, (size_t)(after - table), after + 8, strcspn(after + 8, "\""));
    }
    free(text);
    qsort(out->items, out->count, sizeof *out->items, compare_names);
}

static void release_names(struct row_names *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->items[i]);
    free(n->items);
}

static void expect_rows_of(const char *what, const char *path, const char *json)
{
    struct database_copy copy;
    struct row_names a, b;
    size_t equal = 0;
    open_copy(path, &copy);
    names_of_dump(&copy.rows, &a);
    names_of_json(json, &b);
    while (equal < a.count && equal < b.count && strcmp(a.items[equal], b.items[equal]) == 0)
        equal++;
    print_message("%-24s %u rows, %u expected, %u with equal bookmarks\n", what, (unsigned)a.count, (unsigned)b.count, (unsigned)equal);
    assert_true(equal == a.count && equal == b.count);
    release_names(&a);
    release_names(&b);
    close_copy(&copy);
}

static void a_backup_with_its_increments_is_restored(void **state)
{
    (void)state;
    require_shared_data();
    static const struct {
        const char *what, *reference, *json;
        uint32_t high, lost_pages; /* generation 10 ends inside a split: the page taken for it belongs to nobody when the log ends there */
    } LEVELS[] = {{"backup full", "engine/backup_4k/restored_full/data.edb", "engine/backup_4k/restored_full.json", 5, 0},
                  {"backup full + incr1", NULL, "engine/backup_4k/restored_incr1.json", 10, 1},
                  {"backup full + incr1 + incr2", "engine/backup_4k/restored_incr2/data.edb", "engine/backup_4k/restored_incr2.json", 12, 0}};
    for (size_t i = 0; i < sizeof LEVELS / sizeof *LEVELS; i++) {
        const char *set = make_scratch_folder("set"), *work = make_scratch_folder("restored"), *path = text_of("%s/data.edb", work);
        copy_files("engine/backup_4k/full", ".log", set);
        if (LEVELS[i].high > 5)
            copy_files("engine/backup_4k/incr1", ".log", set);
        if (LEVELS[i].high > 10)
            copy_files("engine/backup_4k/incr2", ".log", set);
        copy_shared_file("engine/backup_4k/full/data.edb", path);
        struct restore_map_entry map = {"C:\\db\\backup_4k\\data.edb", path};
        struct restore_config config = {.fs = os_fs_posix(), .checkpoint_folder = work, .log_folder = work, .backup_folder = set, .base_name = "edb", .gen_low = 1,
                                        .gen_high = LEVELS[i].high, .map = &map, .map_count = 1};
        uint64_t before = memory_live_count();
        JET_ERR err = restore_external(&config, NULL);
        if (err != 0)
            fail_msg("%s: %d", LEVELS[i].what, err);
        assert_int_equal(memory_live_count(), before);
        expect_rows_of(LEVELS[i].what, path, LEVELS[i].json);
        assert_int_equal(state_of(path), DB_STATE_CLEAN);
        uint64_t lost;
        assert_int_equal(warnings_and_lost(path, LEVELS[i].lost_pages == 0, &lost), 0);
        assert_int_equal(lost, LEVELS[i].lost_pages);
        if (LEVELS[i].reference != NULL) {
            const char *reference = text_of("%s/reference", make_scratch_folder("reference"));
            copy_shared_file(LEVELS[i].reference, reference);
            expect_equal(LEVELS[i].what, path, reference, true);
        }
    }
}

/* --- interruptions --- */

static void take_contents(const char *path, struct text *rows, struct text *entries)
{
    struct database_copy c;
    open_copy(path, &c);
    *rows = c.rows;
    *entries = c.entries;
    c.rows.bytes = c.entries.bytes = NULL;
    close_copy(&c);
}

static bool is_durable_point(enum fault_event kind) { return kind == FAULT_EVENT_SYNC || kind == FAULT_EVENT_DIR_SYNC || kind == FAULT_EVENT_RENAME; }

/* Power goes at every sync of a recovery (or between two); the next one brings the same contents. */
static void interrupt(const struct stream *s, uint64_t cache_bytes, size_t stride, unsigned *images)
{
    const char *d = lay_out(s), *reference = text_of("%s/reference", make_scratch_folder("reference"));
    struct fault_fs *fault = fault_fs_create(os_fs_posix());
    struct recovery_result result;
    struct text rows, entries, rows2, entries2;
    copy_shared_file(s->reference, reference);
    take_contents(reference, &rows, &entries);
    struct recovery_config config = config_for(s, d);
    config.log.fs = fault_fs_os(fault);
    config.cache_bytes = cache_bytes;
    fault_fs_record(fault, d);
    fault_fs_set_tear_unit(fault, s->page_size); /* the format takes for granted that pages and log sectors are written whole */
    assert_int_equal(run(&config, &result), 0);
    size_t events = fault_fs_event_count(fault), done = 0, holes = 0;
    for (size_t i = 0; i <= events; i++) {
        if (i < events && stride > 20 && i % 5 != 0)
            continue;
        if (i < events && !is_durable_point(fault_fs_event_kind(fault, i)) && i % stride != 0)
            continue;
        enum fault_image mode = (enum fault_image)((done + holes) % 3);
        const char *image = make_scratch_folder("image"), *path = text_of("%s/%s", image, s->file_name);
        fault_fs_build_image(fault, i, mode, i, image);
        config = config_for(s, image);
        config.cache_bytes = cache_bytes;
        JET_ERR err = run(&config, &result);
        if (err == JET_errLogFileCorrupt && mode == FAULT_IMAGE_RANDOM) {
            holes++; /* a log write of several segments of which a later one arrived and an earlier one did not: reported, not guessed at */
            continue;
        }
        if (err != 0)
            fail_msg("%s: image after event %u of %u, mode %d: %d in %s", s->what, (unsigned)i, (unsigned)events, mode, err, image);
        take_contents(path, &rows2, &entries2);
        if (!same_text("rows", &rows2, &rows) || !same_text("entries", &entries2, &entries) || state_of(path) != DB_STATE_CLEAN)
            fail_msg("%s: image after event %u of %u, mode %d: other contents in %s", s->what, (unsigned)i, (unsigned)events, mode, image);
        free(rows2.bytes);
        free(entries2.bytes);
        done++;
        if (getenv("KEEP_TEST_FOLDERS") == NULL) {
            char **names;
            size_t count;
            assert_int_equal(os_dir_list(os_fs_posix(), image, &names, &count), 0);
            for (size_t n = 0; n < count; n++)
                unlink(text_of("%s/%s", image, names[n]));
            os_dir_list_free(names, count);
        }
    }
    *images += (unsigned)done;
    print_message("%-24s %u interruptions, %u more with a hole in the log\n", s->what, (unsigned)done, (unsigned)holes);
    assert_true(holes * 4 < done);
    free(rows.bytes);
    free(entries.bytes);
    fault_fs_destroy(fault);
}

static void an_interrupted_recovery_is_carried_on_by_the_next(void **state)
{
    (void)state;
    require_shared_data();
    unsigned images = 0;
    interrupt(&CRASHES[0], 0, 7, &images);
    interrupt(&CRASHES[0], 64 * 4096, 7, &images); /* pages leave memory while transactions are open */
    interrupt(&CRASHES[1], 64 * 8192, 7, &images);
    struct stream alone = CRASHES[0];
    alone.database = alone.checkpoint = NULL;
    alone.what = "crash_4k_partial, logs alone";
    interrupt(&alone, 64 * 4096, 21, &images);
    print_message("%u interruptions, the same contents after each\n", images);
}

/* A disk that fails at any operation, then works again. */
static void a_recovery_that_meets_a_failing_disk_can_be_repeated(void **state)
{
    (void)state;
    require_shared_data();
    const struct stream *s = &CRASHES[0];
    const char *reference = text_of("%s/reference", make_scratch_folder("reference"));
    struct text rows, entries, rows2, entries2;
    unsigned failed = 0, runs = 0;
    copy_shared_file(s->reference, reference);
    take_contents(reference, &rows, &entries);
    for (uint64_t n = 1;; n += n < 40 ? 3 : 17) {
        const char *d = lay_out(s);
        struct fault_fs *fault = fault_fs_create(os_fs_posix());
        struct recovery_config config = config_for(s, d);
        struct recovery_result result;
        config.log.fs = fault_fs_os(fault);
        config.cache_bytes = 64 * 4096;
        fault_fs_fail(fault, FAULT_ANY, n, JET_errDiskIO, true);
        JET_ERR err = run(&config, &result);
        bool struck = fault_fs_has_failed(fault);
        assert_int_equal(fault_fs_open_files(fault), 0);
        fault_fs_fail(fault, FAULT_ANY, 0, 0, false);
        if (struck) {
            assert_true(err < 0);
            failed++;
            err = run(&config, &result);
        }
        runs++;
        if (err != 0)
            fail_msg("after a failure at operation %u: %d", (unsigned)n, err);
        take_contents(text_of("%s/data.edb", d), &rows2, &entries2);
        assert_true(same_text("rows", &rows2, &rows) && same_text("entries", &entries2, &entries));
        free(rows2.bytes);
        free(entries2.bytes);
        fault_fs_destroy(fault);
        if (!struck)
            break;
    }
    print_message("%u of %u recoveries failed, all repeated with the same contents\n", failed, runs);
    assert_true(failed > 10);
    free(rows.bytes);
    free(entries.bytes);
}

static void a_recovery_without_memory_ends_in_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    require_shared_data();
    const struct stream *s = &CRASHES[0];
    unsigned failed = 0;
    for (uint64_t n = 1; n < 100000; n += 1 + n / 8) {
        const char *d = lay_out(s);
        struct recovery_config config = config_for(s, d);
        struct recovery_result result;
        memory_fail_at(n, 1);
        JET_ERR err = run(&config, &result); /* compares the live blocks */
        memory_fail_at(0, 0);
        if (err == 0)
            break;
        assert_int_equal(err, JET_errOutOfMemory);
        failed++;
        assert_int_equal(run(&config, &result), 0);
        assert_int_equal(state_of(text_of("%s/data.edb", d)), DB_STATE_CLEAN);
    }
    assert_true(failed > 10);
}

/* --- damage --- */

/* Wrong bytes under right checksums. */
static void damage_pages(const char *path, uint32_t page_size, uint64_t *random)
{
    unsigned long long size;
    unsigned char *bytes = read_whole_file(path, &size);
    for (unsigned n = 0; n < 8; n++) {
        *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        page_no_t page_no = 1 + (page_no_t)(*random >> 33) % ((page_no_t)(size / page_size) - 3);
        uint8_t *page = bytes + page_file_offset(page_no, page_size);
        uint32_t at = 16 + (uint32_t)(*random >> 40) % (page_size - 16);
        if (is_all_zero(page, page_size))
            continue;
        page[n % 2 == 0 ? at : page_size - 1 - at % 64] = (uint8_t)(*random >> 24);
        checksum_store_page(page, page_size, page_no);
    }
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    fclose(f);
    free(bytes);
}

/* Damaged logs and pages end in errors or in a recovery, never in a fault or without end. */
static void damaged_streams_end_in_errors(void **state)
{
    (void)state;
    require_shared_data();
    uint64_t random = 1;
    unsigned failed = 0, rounds = getenv("TEST_ROUNDS") != NULL ? (unsigned)atoi(getenv("TEST_ROUNDS")) : 60;
    for (unsigned i = 0; i < rounds; i++) {
        const struct stream *s = &CRASHES[i % 2];
        const char *d = lay_out(s), *path = text_of("%s/edb.log", d);
        unsigned long long size;
        unsigned char *bytes = read_whole_file(path, &size);
        for (unsigned n = 0; n < 4; n++) { /* records changed, checksums right */
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
            uint32_t segment = 1 + (uint32_t)(random >> 33) % 8;
            size_t at = (size_t)segment * 4096 + 40 + (size_t)(random >> 45) % 4000;
            uint8_t *sector = bytes + (size_t)segment * 4096;
            if (load_le64(sector + 8) == 0)
                continue;
            bytes[at] = (uint8_t)(random >> 20);
            log_segment_seal(sector, segment);
        }
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, size, f), size);
        if (i % 3 == 0)
            unlink(text_of("%s/data.edb", d)), unlink(text_of("%s/edb.chk", d));
        else if (i % 3 == 1)
            damage_pages(text_of("%s/data.edb", d), s->page_size, &random);
        fclose(f);
        free(bytes);
        struct recovery_config config = config_for(s, d);
        struct recovery_result result;
        failed += run(&config, &result) < 0;
    }
    print_message("%u of %u damaged streams refused\n", failed, rounds);
    assert_true(failed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r1_a_database_is_made_from_its_logs_alone),
        cmocka_unit_test(r2_a_crash_right_after_the_attach),
        cmocka_unit_test(r3_pages_that_were_never_flushed_come_back),
        cmocka_unit_test(crashed_databases_get_the_contents_the_engine_gave_them),
        cmocka_unit_test(crashed_streams_rebuild_the_database_from_nothing),
        cmocka_unit_test(redo_alone_leaves_the_database_dirty),
        cmocka_unit_test(complete_streams_rebuild_the_database_from_nothing),
        cmocka_unit_test(a_closed_database_is_left_as_it_is),
        cmocka_unit_test(a_backup_with_its_increments_is_restored),
        cmocka_unit_test(an_interrupted_recovery_is_carried_on_by_the_next),
        cmocka_unit_test(a_recovery_that_meets_a_failing_disk_can_be_repeated),
        cmocka_unit_test(a_recovery_without_memory_ends_in_an_error_and_leaks_nothing),
        cmocka_unit_test(damaged_streams_end_in_errors),
    };
    if (getenv("TEST_FILTER") != NULL)
        cmocka_set_test_filter(getenv("TEST_FILTER"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
