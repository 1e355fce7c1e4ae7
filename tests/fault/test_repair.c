/* Repair of damaged databases (engine/repair.h): real files with pages lost. What is to be saved is counted apart from the repair: the rows of the undamaged file, each with the page it stands
 * on (check/row_walk.h), less those on the pages that the test has damaged. The new database must be sound for the check, and each of its rows one of the old.
 *
 * $REPAIR_ALL (a number of random cases for each database) makes the long run of it: every page of every database. $REPAIR_SEED: the first seed. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/check.h"
#include "check/row_walk.h"
#include "cursor/row_dump.h"
#include "engine/engine.h"
#include "engine/repair.h"
#include "format/checksum.h"
#include "opened_file.h"
#include "os/clock.h"
#include "record/collation.h"
#include "plain_instance.h"
#include "sample_table.h"
#include "shared_data.h"

enum { RANDOM_CASES = 4, HOSTILE_CASES = 6 };

/* --- rows of a file --- */

struct line {
    char *text;       /* as row_dump.h writes it: table, key, columns */
    size_t key_size;  /* of what names the row: table and key */
    page_no_t page_no;
};
struct lines {
    struct line *items;
    size_t count, room;
    size_t walked;    /* rows that have their page */
};

static bool is_made_anew(const char *table) { return strcmp(table, "MSysObjects") == 0 || strcmp(table, "MSysObjectsShadow") == 0 || strcmp(table, "MSysObjids") == 0; }

static JET_ERR add_line(void *context, const char *text, size_t size)
{
    struct lines *l = (struct lines *)context;
    if (l->count == l->room) {
        l->room = l->room == 0 ? 256 : 2 * l->room;
        l->items = (struct line *)realloc(l->items, l->room * sizeof *l->items);
        assert_non_null(l->items);
    }
    char *copy = strndup(text, size), *key = strchr(copy, '\t'), *end = strchr(key + 1, '\t');
    l->items[l->count++] = (struct line){copy, end != NULL ? (size_t)(end - copy) : strlen(copy), 0};
    return JET_errSuccess;
}

struct reading {
    struct opened *file;
    struct lines *lines;
};

static JET_ERR read_table(void *context, const struct catalog_table *table)
{
    struct reading *r = (struct reading *)context;
    const struct dump_sink sink = {add_line, r->lines};
    assert_non_null(table->schema);
    return is_made_anew(table->name) ? JET_errSuccess : dump_rows(r->file->catalog, table->schema, &sink);
}

static JET_ERR note_place(void *context, const struct row *row)
{
    struct lines *l = (struct lines *)context;
    if (is_made_anew(row->table->name))
        return JET_errSuccess;
    assert_true(l->walked < l->count);
    l->items[l->walked++].page_no = row->page_no;
    return JET_errSuccess;
}

static int compare_lines(const void *a, const void *b) { return strcmp(((const struct line *)a)->text, ((const struct line *)b)->text); }

static void read_lines(const char *path, struct lines *out)
{
    struct opened file;
    *out = (struct lines){.items = NULL};
    assert_int_equal(open_file(path, &file), JET_errSuccess);
    struct reading reading = {&file, out};
    const struct row_visitor visitor = {.row = note_place, .context = out};
    assert_int_equal(catalog_visit_tables(file.catalog, read_table, &reading), JET_errSuccess);
    assert_int_equal(row_walk(file.db, NULL, &visitor), JET_errSuccess);
    assert_int_equal(out->walked, out->count);
    close_file(&file);
    qsort(out->items, out->count, sizeof *out->items, compare_lines);
}

static void free_lines(struct lines *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->items[i].text);
    free(l->items);
}

/* --- a database to be damaged --- */

struct told {
    uint32_t pages, tables;
    page_no_t last_page;
    uint64_t rows_in_conflict, rows_lost;
    uint32_t indexes_copied, objid_lost;
    JET_ERR error;
};
struct subject {
    const char *name, *original, *damaged, *repaired;
    uint8_t *bytes, *good;
    unsigned long long size;
    uint32_t page_size;
    struct lines rows;
    bool *is_damaged; /* by page number */
    JET_INSTANCE instance;
    JET_SESID session;
    struct repair_report report;
    struct told told;
};

static page_no_t last_page(const struct subject *s) { return (page_no_t)(s->size / s->page_size - 2); }
static uint8_t *page_of(const struct subject *s, page_no_t page_no) { return s->bytes + page_file_offset(page_no, s->page_size); }

static void subject_load(struct subject *s, const char *original)
{
    *s = (struct subject){.original = original, .name = original};
    assert_int_equal(repair_page_size(os_fs_posix(), original, &s->page_size), JET_errSuccess);
    s->damaged = text_of("%s.damaged", original);
    s->repaired = text_of("%s.repaired", original);
    s->bytes = read_whole_file(original, &s->size);
    s->good = (uint8_t *)malloc(s->size);
    memcpy(s->good, s->bytes, s->size);
    s->is_damaged = (bool *)calloc(last_page(s) + 1, sizeof *s->is_damaged);
    read_lines(original, &s->rows);
    assert_int_equal(JetSetSystemParameterA(NULL, 0, JET_paramDatabasePageSize, s->page_size, NULL), JET_errSuccess);
    s->instance = plain_start("repair");
    s->session = plain_session(s->instance);
}

static void subject_begin(struct subject *s, const char *shared)
{
    require_shared_data();
    const char *path = text_of("%s/db", make_scratch_folder("repair"));
    copy_shared_file(shared, path);
    subject_load(s, path);
    s->name = shared;
}

static void subject_end(struct subject *s)
{
    plain_stop(s->instance);
    free_lines(&s->rows);
    free(s->bytes);
    free(s->good);
    free(s->is_damaged);
}

static void restore(struct subject *s)
{
    memcpy(s->bytes, s->good, s->size);
    memset(s->is_damaged, 0, (last_page(s) + 1) * sizeof *s->is_damaged);
}

static void zero_page(struct subject *s, page_no_t page_no)
{
    memset(page_of(s, page_no), 0, s->page_size);
    s->is_damaged[page_no] = true;
}

/* Two bits, so that the sum cannot mend it. */
static void flip_bits(struct subject *s, page_no_t page_no, uint32_t at)
{
    page_of(s, page_no)[at] ^= 0x12;
    s->is_damaged[page_no] = true;
}

static void write_damaged(const struct subject *s, unsigned long long size)
{
    FILE *f = fopen(s->damaged, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(s->bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

/* --- repairing --- */

static void note_page(void *context, const struct repair_page *page)
{
    struct told *told = (struct told *)context;
    told->pages++;
    told->last_page = page->page_no;
}

static void note_table(void *context, const struct repair_table *table)
{
    struct told *told = (struct told *)context;
    told->tables++;
    told->rows_lost += table->rows_lost;
    told->rows_in_conflict += table->rows_in_conflict;
    told->indexes_copied += table->indexes_copied;
    if (table->error < 0) {
        told->objid_lost = table->objid;
        told->error = table->error;
    }
}

static JET_ERR repair_with(struct subject *s, bool trust)
{
    struct session *session = NULL;
    const struct repair_options options = {.trust_bad_checksums = trust, .page = note_page, .table = note_table, .context = &s->told};
    s->told = (struct told){0};
    unlink(s->repaired);
    assert_int_equal(engine_enter_session(s->session, 0, &session), JET_errSuccess);
    JET_ERR err = engine_repair(session, s->damaged, s->repaired, &options, &s->report);
    engine_leave_session(session);
    return err;
}

static void print_finding(void *context, const struct check_finding *f)
{
    (void)context;
    if (f->severity != CHECK_NOTE)
        print_message("%s: page %u, table %s %s: %s (%d)\n", f->file, f->page_no, f->table, f->object, f->text, (int)f->error);
}

static void assert_sound(const char *path)
{
    struct opened file;
    struct check_report report;
    const struct check_callbacks callbacks = {.finding = print_finding};
    assert_int_equal(open_file(path, &file), JET_errSuccess);
    assert_int_equal(file.db->header.state, DB_STATE_CLEAN);
    assert_int_equal(check_database(file.db, NULL, &callbacks, &report), JET_errSuccess);
    close_file(&file);
    assert_int_equal(report.errors, 0);
    assert_int_equal(report.warnings, 0);
}

/* Every row of the new database is one of the old (as it was, unless values of it were lost), none twice; and all rows of pages that are not damaged are there. */
static void assert_saved(struct subject *s)
{
    struct lines saved;
    size_t expected = 0, k = 0, missing = 0, changed = 0;
    read_lines(s->repaired, &saved);
    for (size_t i = 0; i < s->rows.count; i++) {
        const struct line *old = &s->rows.items[i];
        bool is_expected = !s->is_damaged[old->page_no];
        expected += is_expected;
        bool is_there = k < saved.count && saved.items[k].key_size == old->key_size && strncmp(saved.items[k].text, old->text, old->key_size) == 0;
        if (is_there)
            changed += strcmp(saved.items[k++].text, old->text) != 0;
        missing += is_expected && !is_there;
        if (is_there && !is_expected)
            fail_msg("%s: a row of page %u was saved", s->name, old->page_no);
    }
    if (k < saved.count)
        fail_msg("%s: a row that was not there: %.60s", s->name, saved.items[k].text);
    if (missing > 0 || (changed > 0 && s->report.columns_nulled == 0))
        fail_msg("%s: %zu rows of %zu missing, %zu changed", s->name, missing, expected, changed);
    free_lines(&saved);
}

static void assert_repaired(struct subject *s, unsigned long long size)
{
    write_damaged(s, size);
    assert_int_equal(repair_with(s, false), JET_errSuccess);
    assert_sound(s->repaired);
    assert_saved(s);
}

/* --- which pages --- */

static bool view_of(const struct subject *s, page_no_t page_no, struct page_view *p)
{
    const char *why;
    return page_view_init(p, s->good + page_file_offset(page_no, s->page_size), s->page_size, page_no, &why) >= 0;
}
enum page_kind { ROOTS_WITH_BRANCHES, BRANCHES, LEAVES_OF_ROWS, LEAVES_OF_VALUES, CATALOG_LEAVES, SHADOW_LEAVES };

static bool is_of_kind(const struct subject *s, page_no_t page_no, enum page_kind kind)
{
    enum { NOT_ROWS = PAGE_FLAG_SPACE_TREE | PAGE_FLAG_INDEX | PAGE_FLAG_LONG_VALUE | PAGE_FLAG_EMPTY };
    struct page_view p;
    if (!view_of(s, page_no, &p) || page_node_count(&p) == 0)
        return false;
    bool is_rows = (page_flags(&p) & NOT_ROWS) == 0, is_catalog = page_objid(&p) <= CATALOG_SHADOW_OBJID;
    switch (kind) {
    case ROOTS_WITH_BRANCHES: return !is_catalog && is_rows && page_is_root(&p) && !page_is_leaf(&p);
    case BRANCHES: return !is_catalog && is_rows && !page_is_root(&p) && !page_is_leaf(&p);
    case LEAVES_OF_ROWS: return !is_catalog && is_rows && page_is_leaf(&p);
    case LEAVES_OF_VALUES: return !is_catalog && page_is_leaf(&p) && (page_flags(&p) & (PAGE_FLAG_LONG_VALUE | PAGE_FLAG_SPACE_TREE | PAGE_FLAG_EMPTY)) == PAGE_FLAG_LONG_VALUE;
    case CATALOG_LEAVES: return is_rows && page_objid(&p) == CATALOG_OBJID;
    case SHADOW_LEAVES: return is_rows && page_objid(&p) == CATALOG_SHADOW_OBJID;
    }
    return false;
}

/* Pages that were freed with what stood on them are nobody's loss. */
static bool has_rows(const struct subject *s, page_no_t page_no)
{
    for (size_t i = 0; i < s->rows.count; i++)
        if (s->rows.items[i].page_no == page_no)
            return true;
    return false;
}

/* Damages the pages of a kind one by one (a few of them, all in the long run): each time everything else is saved. */
static void damage_each(struct subject *s, enum page_kind kind, uint32_t most, bool flips)
{
    uint32_t done = 0;
    most = getenv("REPAIR_ALL") != NULL ? UINT32_MAX : most;
    for (page_no_t page_no = 1; page_no <= last_page(s) && done < most; page_no++) {
        if (!is_of_kind(s, page_no, kind) || (kind == LEAVES_OF_ROWS && !has_rows(s, page_no)))
            continue;
        restore(s);
        if (flips)
            flip_bits(s, page_no, s->page_size / 2);
        else
            zero_page(s, page_no);
        assert_repaired(s, s->size);
        if (s->told.pages == 0 || s->report.is_undamaged)
            fail_msg("%s: page %u was not missed", s->name, page_no);
        done++;
    }
    if (done == 0)
        fail_msg("%s: no page of kind %d", s->name, (int)kind);
    restore(s);
}

/* --- tests --- */

static const char SRUM[] = "windows/srum-w10-21h1-rathbun/collected/SRUDB.dat", MULTI[] = "windows/types-4k/multi.edb", GROWN[] = "engine/features-space-4k/grow.edb";
static const char *const ALL[] = {
    SRUM, MULTI, GROWN, "windows/types-4k/text.edb", "windows/types-4k/default.edb", "windows/types-4k/basic.edb", "engine/features-records-16k/records.edb", "engine/features-records-4k/records.edb",
    "engine/clean_8k/data.edb", "engine/clean_32k/data.edb", "engine/features-catalog-4k/callbacks.edb", "engine/features-catalog-4k/deferred-index.edb", "windows/qmgr-w11-24h2/qmgr.db",
    "windows/secedit-w11-24h2-a/secedit.sdb", "windows/adlds-server2008/adamntds.dit", "windows/types-32k-large/large.edb", "windows/srum-w10-1809-belkasoft/repaired/SRUDB.dat",
};
enum { ALL_COUNT = sizeof ALL / sizeof ALL[0], QUICK_COUNT = 3 };

static size_t databases(void) { return getenv("REPAIR_ALL") != NULL ? (size_t)ALL_COUNT : (size_t)QUICK_COUNT; }

static void of_an_undamaged_database_everything_is_saved(void **state)
{
    (void)state;
    for (size_t i = 0; i < databases(); i++) {
        struct subject s;
        subject_begin(&s, ALL[i]);
        assert_repaired(&s, s.size);
        assert_int_equal(s.report.rows_lost + s.report.pages_lost + s.report.columns_nulled + s.report.indexes_lost + s.report.tables_lost, 0);
        assert_true(s.report.is_undamaged);
        assert_int_equal(s.told.pages, 0);
        subject_end(&s);
    }
}

static void behind_a_lost_root_all_leaves_are_found(void **state)
{
    (void)state;
    struct subject s;
    subject_begin(&s, GROWN);
    damage_each(&s, ROOTS_WITH_BRANCHES, 2, false);
    assert_true(s.rows.count > 1000);
    subject_end(&s);
}

static void behind_a_lost_branch_all_leaves_are_found(void **state)
{
    (void)state;
    struct subject s;
    subject_begin(&s, getenv("REPAIR_ALL") != NULL ? "windows/srum-w10-1809-belkasoft/repaired/SRUDB.dat" : SRUM);
    damage_each(&s, ROOTS_WITH_BRANCHES, 2, true);
    subject_end(&s);
}

static void a_lost_leaf_takes_only_its_own_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < databases(); i++) {
        struct subject s;
        subject_begin(&s, ALL[i]);
        damage_each(&s, LEAVES_OF_ROWS, 2, i % 2 == 0);
        subject_end(&s);
    }
}

static void a_long_value_without_one_part_is_null_in_its_row(void **state)
{
    (void)state;
    struct subject s;
    subject_begin(&s, MULTI);
    damage_each(&s, LEAVES_OF_VALUES, 2, true);
    assert_true(s.report.columns_nulled > 0);
    assert_int_equal(s.report.rows, s.rows.count);
    subject_end(&s);
}

static void what_the_catalog_has_lost_its_shadow_gives(void **state)
{
    (void)state;
    for (size_t i = 0; i < databases(); i++) {
        struct subject s;
        subject_begin(&s, ALL[i]);
        damage_each(&s, CATALOG_LEAVES, 2, false);
        damage_each(&s, SHADOW_LEAVES, 1, true);
        assert_int_equal(s.report.rows, s.rows.count);
        subject_end(&s);
    }
}

static void a_truncated_file_loses_what_was_cut_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < databases(); i++) {
        struct subject s;
        subject_begin(&s, ALL[i]);
        page_no_t kept = last_page(&s) * 3 / 4;
        for (page_no_t page_no = kept + 1; page_no <= last_page(&s); page_no++)
            s.is_damaged[page_no] = true;
        assert_repaired(&s, page_file_offset(kept, s.page_size) + s.page_size + 100); /* and a part of a page */
        subject_end(&s);
    }
}

static void without_both_headers_the_page_size_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < databases(); i++) {
        struct subject s;
        uint32_t page_size;
        subject_begin(&s, ALL[i]);
        memset(s.bytes, 0xA5, 2 * (size_t)s.page_size);
        assert_repaired(&s, s.size);
        assert_true(s.report.header_is_lost);
        assert_int_equal(repair_page_size(os_fs_posix(), s.damaged, &page_size), JET_errSuccess);
        assert_int_equal(page_size, s.page_size);
        subject_end(&s);
    }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static void damage_at_random(struct subject *s, uint64_t seed)
{
    uint32_t count = 1 + (uint32_t)(next_random(&seed) % 6);
    restore(s);
    for (uint32_t i = 0; i < count; i++) {
        page_no_t page_no = 1 + (page_no_t)(next_random(&seed) % last_page(s));
        switch (next_random(&seed) % 3) {
        case 0: zero_page(s, page_no); break;
        case 1: flip_bits(s, page_no, (uint32_t)(next_random(&seed) % s->page_size)); break;
        default: /* another page in its place */
            memcpy(page_of(s, page_no), s->good + page_file_offset(1 + (page_no_t)(next_random(&seed) % last_page(s)), s->page_size), s->page_size);
            if (memcmp(page_of(s, page_no), s->good + page_file_offset(page_no, s->page_size), s->page_size) != 0)
                s->is_damaged[page_no] = true;
        }
    }
}

/* Then a table that both had there is gone without a trace. */
static bool are_both_catalogs_damaged(const struct subject *s)
{
    bool is_catalog_damaged = false, is_shadow_damaged = false;
    for (page_no_t page_no = 1; page_no <= last_page(s); page_no++) {
        is_catalog_damaged = is_catalog_damaged || (s->is_damaged[page_no] && is_of_kind(s, page_no, CATALOG_LEAVES));
        is_shadow_damaged = is_shadow_damaged || (s->is_damaged[page_no] && is_of_kind(s, page_no, SHADOW_LEAVES));
    }
    return is_catalog_damaged && is_shadow_damaged;
}

static void after_random_damage_the_rest_is_saved_and_sound(void **state)
{
    (void)state;
    uint64_t first = number_from("REPAIR_SEED", random_u32()), cases = number_from("REPAIR_ALL", RANDOM_CASES);
    print_message("REPAIR_SEED=%llu\n", (unsigned long long)first);
    for (size_t i = 0; i < databases(); i++) {
        struct subject s;
        subject_begin(&s, ALL[i]);
        for (uint64_t seed = first; seed < first + cases; seed++) {
            damage_at_random(&s, seed);
            print_message("%s, seed %llu\n", s.name, (unsigned long long)seed);
            write_damaged(&s, s.size);
            JET_ERR err = repair_with(&s, false);
            if (err == JET_errCatalogCorrupted && are_both_catalogs_damaged(&s))
                continue;
            assert_int_equal(err, JET_errSuccess);
            assert_sound(s.repaired);
            if (!are_both_catalogs_damaged(&s))
                assert_saved(&s);
        }
        subject_end(&s);
    }
}

/* Damage with good checksums, as an attacker makes it: no crash (sanitizers), and what is made can be opened. */
static void pages_that_lie_do_no_harm(void **state)
{
    (void)state;
    uint64_t first = number_from("REPAIR_SEED", random_u32()), cases = number_from("REPAIR_ALL", HOSTILE_CASES);
    print_message("REPAIR_SEED=%llu\n", (unsigned long long)first);
    for (size_t i = 0; i < databases(); i++) {
        struct subject s;
        subject_begin(&s, ALL[i]);
        for (uint64_t n = first; n < first + cases; n++) {
            uint64_t seed = n;
            restore(&s);
            for (uint32_t k = 0; k < 40; k++) {
                page_no_t page_no = 1 + (page_no_t)(next_random(&seed) % last_page(&s));
                uint32_t at = 16 + (uint32_t)(next_random(&seed) % (next_random(&seed) % 2 == 0 ? 100 : s.page_size - 16));
                page_of(&s, page_no)[at] = (uint8_t)next_random(&seed);
                if (!is_all_zero(page_of(&s, page_no), s.page_size))
                    checksum_store_page(page_of(&s, page_no), s.page_size, page_no);
            }
            write_damaged(&s, s.size);
            JET_ERR err = repair_with(&s, n % 2 == 0);
            struct opened file;
            if (err < 0)
                continue;
            assert_int_equal(open_file(s.repaired, &file), JET_errSuccess);
            close_file(&file);
        }
        subject_end(&s);
    }
}

/* --- conflicts --- */

static const char *make_sample(void)
{
    struct sample s;
    uint8_t blob[3000];
    memset(blob, 7, sizeof blob);
    sample_start(&s, 4096);
    for (int32_t id = 1; id <= 40; id++) {
        assert_int_equal(JetBeginTransaction(s.session), JET_errSuccess);
        assert_int_equal(JetPrepareUpdate(s.session, s.table, JET_prepInsert), JET_errSuccess);
        set_number(&s, s.table, s.id, id);
        set_number(&s, s.table, s.number, 1000 + id);
        assert_int_equal(set_value(&s, s.table, s.blob, blob, sizeof blob, 0, 0, 1), JET_errSuccess);
        assert_int_equal(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errSuccess);
        assert_int_equal(JetCommitTransaction(s.session, 0), JET_errSuccess);
    }
    const char *path = text_of("%s/%s", s.live.folder, "sample.edb");
    sample_stop(&s);
    return path;
}

/* The number of the row with this id becomes that of another, on the page alone: the index does not know it. */
static void forge_number(struct subject *s, int32_t id, int32_t number, int32_t forged)
{
    uint8_t wanted[8];
    uint32_t found = 0;
    store_le32(wanted, (uint32_t)id);
    store_le32(wanted + 4, (uint32_t)number);
    for (page_no_t page_no = 1; page_no <= last_page(s); page_no++) {
        uint8_t *at = is_of_kind(s, page_no, LEAVES_OF_ROWS) ? (uint8_t *)memmem(page_of(s, page_no), s->page_size, wanted, sizeof wanted) : NULL;
        if (at == NULL)
            continue;
        store_le32(at + 4, (uint32_t)forged);
        checksum_store_page(page_of(s, page_no), s->page_size, page_no);
        found++;
    }
    assert_int_equal(found, 1);
}

static void of_two_rows_with_one_unique_key_the_first_stays(void **state)
{
    (void)state;
    struct subject s;
    struct lines saved;
    subject_load(&s, make_sample());
    forge_number(&s, 7, 1007, 1003);
    write_damaged(&s, s.size);
    assert_int_equal(repair_with(&s, false), JET_errSuccess);
    assert_sound(s.repaired); /* its entries in other indexes and its long value are gone too */
    assert_int_equal(s.told.rows_in_conflict, 1);
    assert_int_equal(s.told.rows_lost, 1);
    assert_int_equal(s.report.long_values, 39);
    read_lines(s.repaired, &saved);
    assert_int_equal(saved.count, s.rows.count - 1);
    for (size_t i = 0; i < saved.count; i++)
        assert_null(strstr(saved.items[i].text, "\t7f80000007\t"));
    free_lines(&saved);
    subject_end(&s);
}

static void a_row_whose_key_is_not_its_own_is_lost(void **state)
{
    (void)state;
    struct subject s;
    subject_load(&s, make_sample());
    for (page_no_t page_no = 1; page_no <= last_page(&s); page_no++) { /* id 9 of the record becomes 90 */
        static const uint8_t nine[8] = {9, 0, 0, 0, 0xF1, 3, 0, 0};
        uint8_t *at = is_of_kind(&s, page_no, LEAVES_OF_ROWS) ? (uint8_t *)memmem(page_of(&s, page_no), s.page_size, nine, sizeof nine) : NULL;
        if (at != NULL) {
            *at = 90;
            checksum_store_page(page_of(&s, page_no), s.page_size, page_no);
        }
    }
    write_damaged(&s, s.size);
    assert_int_equal(repair_with(&s, false), JET_errSuccess);
    assert_sound(s.repaired);
    assert_int_equal(s.told.rows_lost, 1);
    subject_end(&s);
}

/* Of a table, or of one of its indexes (NULL: the table); *root may be NULL. */
static uint32_t objid_of(const struct subject *s, const char *table, const char *index, page_no_t *root)
{
    struct opened file;
    const struct table_schema *schema;
    assert_int_equal(open_file(s->original, &file), JET_errSuccess);
    assert_int_equal(catalog_find_table(file.catalog, table, &schema), JET_errSuccess);
    const struct index *x = index != NULL ? schema_index_by_name(schema, index) : NULL;
    uint32_t objid = x != NULL ? x->objid : schema->objid;
    if (root != NULL)
        *root = x != NULL ? x->root : schema->root;
    catalog_release_table(file.catalog, schema);
    close_file(&file);
    return objid;
}

/* Two indexes over Unicode text, "first" and, unique, "second". */
static const char *make_text_table(void)
{
    struct sample s;
    JET_COLUMNCREATE columns[] = {column_of("id", JET_coltypLong, 0, JET_bitColumnFixed), column_of("a", JET_coltypText, 40, 0), column_of("b", JET_coltypText, 40, 0)};
    JET_INDEXCREATE indexes[] = {index_of("primary", "+id\0", 5, JET_bitIndexPrimary), index_of("first", "+a\0", 4, 0), index_of("second", "+b\0", 4, JET_bitIndexUnique)};
    columns[1].cp = columns[2].cp = 1200;
    sample_start(&s, 4096);
    JET_TABLEID table = make_table(&s, "Text", columns, 3, indexes, 3);
    for (int32_t id = 1; id <= 9; id++) {
        const uint16_t text[] = {'b', '0', '0', (uint16_t)('0' + id)};
        assert_int_equal(JetBeginTransaction(s.session), JET_errSuccess);
        assert_int_equal(JetPrepareUpdate(s.session, table, JET_prepInsert), JET_errSuccess);
        set_number(&s, table, columns[0].columnid, id);
        assert_int_equal(set_value(&s, table, columns[1].columnid, text, sizeof text, 0, 0, 1), JET_errSuccess);
        assert_int_equal(set_value(&s, table, columns[2].columnid, text, sizeof text, 0, 0, 1), JET_errSuccess);
        assert_int_equal(JetUpdate(s.session, table, NULL, 0, NULL), JET_errSuccess);
        assert_int_equal(JetCommitTransaction(s.session, 0), JET_errSuccess);
    }
    const char *path = text_of("%s/%s", s.live.folder, "sample.edb");
    sample_stop(&s);
    return path;
}

static void a_row_taken_out_for_one_index_is_in_none_that_is_taken_over(void **state)
{
    (void)state;
    struct subject s;
    page_no_t root;
    static const uint8_t twice[] = {'b', 0, '0', 0, '0', 0, '7', 0, 'b', 0, '0', 0, '0', 0, '7', 0};
    uint32_t found = 0;
    struct collation_table *weights;
    if (collation_table_open(os_fs_posix(), NULL, &weights) < 0) {
        print_message("skipped: no sort weights (Debian package libwine)\n");
        skip();
    }
    collation_table_close(weights);
    subject_load(&s, make_text_table());
    uint32_t objid = objid_of(&s, "Text", NULL, NULL);
    for (page_no_t page_no = 1; page_no <= last_page(&s); page_no++) {
        struct page_view p;
        uint8_t *at = view_of(&s, page_no, &p) && page_objid(&p) == objid ? (uint8_t *)memmem(page_of(&s, page_no), s.page_size, twice, sizeof twice) : NULL;
        if (at == NULL)
            continue;
        at[sizeof twice - 2] = '3'; /* column b, of the third row too */
        checksum_store_page(page_of(&s, page_no), s.page_size, page_no);
        found++;
    }
    assert_int_equal(found, 1);
    (void)objid_of(&s, "Text", "second", &root);
    zero_page(&s, root);
    write_damaged(&s, s.size);
    assert_int_equal(repair_with(&s, false), JET_errSuccess);
    assert_int_equal(s.told.indexes_copied, 1);
    assert_int_equal(s.told.rows_in_conflict, 1);
    assert_sound(s.repaired);
    subject_end(&s);
}

static void a_page_with_a_wrong_sum_is_taken_when_that_is_asked_for(void **state)
{
    (void)state;
    struct subject s;
    subject_begin(&s, MULTI);
    uint32_t changed = 0;
    for (page_no_t page_no = 1; page_no <= last_page(&s); page_no++)
        if (is_of_kind(&s, page_no, LEAVES_OF_ROWS)) {
            page_of(&s, page_no)[1] ^= 0x33; /* the sum itself */
            page_of(&s, page_no)[6] ^= 0x55;
            changed++;
        }
    write_damaged(&s, s.size);
    assert_int_equal(repair_with(&s, false), JET_errSuccess);
    assert_int_equal(s.report.rows, 0);
    assert_int_equal(s.report.pages_bad, changed);
    assert_int_equal(repair_with(&s, true), JET_errSuccess);
    assert_int_equal(s.report.pages_trusted, changed);
    assert_int_equal(s.report.rows, s.rows.count);
    assert_sound(s.repaired);
    assert_saved(&s);
    subject_end(&s);
}

/* --- what both catalogs have lost --- */

/* Makes rows of both catalogs such that nobody can use them: those of a table, all (type 0) or the columns from `id` on. */
static void hide_rows(struct subject *s, uint32_t objid, uint32_t type, uint32_t first_id, uint32_t last_id)
{
    for (page_no_t page_no = 1; page_no <= last_page(s); page_no++) {
        struct page_view p;
        if ((!is_of_kind(s, page_no, CATALOG_LEAVES) && !is_of_kind(s, page_no, SHADOW_LEAVES)) || !view_of(s, page_no, &p) || !page_is_leaf(&p))
            continue;
        for (uint32_t line = 0; line < page_node_count(&p); line++) {
            struct node n = page_node(&p, line);
            uint32_t id = load_le32(n.data.data + 10);
            if (load_le32(n.data.data + 4) == objid && (type == 0 || (load_le16(n.data.data + 8) == type && id >= first_id && id <= last_id)))
                store_le16(s->bytes + (n.data.data - s->good) + 8, 99);
        }
        checksum_store_page(page_of(s, page_no), s->page_size, page_no);
    }
}

/* A column that comes later has nothing in the rows that are there. */
static void assert_new_column_is_null(struct subject *s, JET_TABLEID table, const char *name, uint32_t type, JET_GRBIT grbit)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = type, .grbit = grbit};
    JET_COLUMNID column;
    uint8_t value[16];
    uint32_t size;
    assert_int_equal(JetAddColumnA(s->session, table, name, &definition, NULL, 0, &column), JET_errSuccess);
    assert_int_equal(JetMove(s->session, table, JET_MoveFirst, 0), JET_errSuccess);
    assert_int_equal(JetRetrieveColumn(s->session, table, column, value, sizeof value, &size, 0, NULL), JET_wrnColumnNull);
}

static void columns_that_no_catalog_names_are_not_taken_for_later_ones(void **state)
{
    (void)state;
    enum { SUM = 6, VERSION = 7, BLOB = 258, WIDE = 261 };
    struct subject s;
    JET_DBID dbid;
    JET_TABLEID table;
    subject_load(&s, make_sample());
    uint32_t objid = objid_of(&s, "Sample", NULL, NULL);
    hide_rows(&s, objid, 2, SUM, VERSION);
    hide_rows(&s, objid, 2, BLOB, WIDE);
    write_damaged(&s, s.size);
    assert_int_equal(repair_with(&s, false), JET_errSuccess);
    assert_sound(s.repaired);
    assert_int_equal(s.report.columns_lost, 3); /* two fixed ones and the last tagged one that rows have */
    assert_int_equal(s.report.rows_lost, 0);
    assert_int_equal(s.report.long_values, 40);
    assert_false(s.report.is_undamaged);
    assert_int_equal(JetAttachDatabaseA(s.session, s.repaired, 0), JET_errSuccess);
    assert_int_equal(JetOpenDatabaseA(s.session, s.repaired, NULL, &dbid, 0), JET_errSuccess);
    assert_int_equal(JetOpenTableA(s.session, dbid, "Sample", NULL, 0, 0, &table), JET_errSuccess);
    assert_new_column_is_null(&s, table, "later", JET_coltypLong, JET_bitColumnFixed);
    assert_new_column_is_null(&s, table, "later_blob", JET_coltypLongBinary, JET_bitColumnTagged);
    subject_end(&s);
}

static void rows_with_columns_that_no_catalog_names_can_be_mended(void **state)
{
    (void)state;
    enum { SUM = 6, VERSION = 7 };
    struct subject s;
    uint32_t damaged = 0;
    subject_load(&s, make_sample());
    hide_rows(&s, objid_of(&s, "Sample", NULL, NULL), 2, SUM, VERSION);
    for (page_no_t page_no = 1; page_no <= last_page(&s) && damaged < 2; page_no++)
        if (is_of_kind(&s, page_no, LEAVES_OF_VALUES)) {
            zero_page(&s, page_no);
            damaged++;
        }
    write_damaged(&s, s.size);
    assert_int_equal(repair_with(&s, false), JET_errSuccess);
    assert_sound(s.repaired);
    assert_int_equal(s.report.columns_lost, 2);
    assert_int_equal(s.report.rows, s.rows.count);
    assert_in_range(s.report.columns_nulled, 1, 39);
    subject_end(&s);
}

static void a_table_that_no_catalog_names_is_told_of(void **state)
{
    (void)state;
    struct subject s;
    subject_load(&s, make_sample());
    uint32_t objid = objid_of(&s, "Sample", NULL, NULL);
    hide_rows(&s, objid, 0, 0, 0);
    write_damaged(&s, s.size);
    assert_int_equal(repair_with(&s, false), JET_errSuccess);
    assert_sound(s.repaired);
    assert_int_equal(s.told.objid_lost, objid);
    assert_int_equal(s.told.error, JET_errObjectNotFound);
    assert_int_equal(s.told.rows_lost, 40);
    assert_int_equal(s.report.tables_lost, 1);
    subject_end(&s);
}

/* The pages of an index may be older there than those of the rows, or newer. */
static void indexes_of_a_database_that_was_not_closed_are_not_taken_over(void **state)
{
    (void)state;
    struct subject s;
    enum { STATE_OFFSET = 52 };
    subject_begin(&s, "windows/adlds-server2008/adamntds.dit");
    write_damaged(&s, s.size);
    assert_int_equal(repair_with(&s, false), JET_errSuccess);
    assert_true(s.told.indexes_copied > 0);
    for (uint8_t *header = s.bytes; header <= s.bytes + s.page_size; header += s.page_size) {
        store_le32(header + STATE_OFFSET, DB_STATE_DIRTY);
        store_le32(header, checksum_header(header, s.page_size));
    }
    write_damaged(&s, s.size);
    assert_int_equal(repair_with(&s, false), JET_errSuccess);
    assert_int_equal(s.report.state, DB_STATE_DIRTY);
    assert_int_equal(s.told.indexes_copied, 0);
    assert_sound(s.repaired);
    subject_end(&s);
}

/* The autoincrement mark in a root of the file, the only one, or NULL: eight bytes. */
static uint8_t *find_mark(uint8_t *bytes, unsigned long long size, uint32_t page_size, page_no_t *page_no)
{
    for (*page_no = 1; page_file_offset(*page_no, page_size) + page_size <= size; ++*page_no) {
        struct page_view p;
        struct space_header header;
        const char *why;
        if (page_view_init(&p, bytes + page_file_offset(*page_no, page_size), page_size, *page_no, &why) < 0 || !page_is_root(&p))
            continue;
        struct span external = page_external_header(&p);
        if (space_header_decode(external, &header) >= 0 && header.has_autoincrement)
            return bytes + (external.data - bytes) + external.size - sizeof(uint64_t);
    }
    return NULL;
}

static void numbers_that_rows_have_are_not_given_again(void **state)
{
    (void)state;
    struct subject s;
    page_no_t page_no;
    unsigned long long size;
    subject_begin(&s, "engine/features-catalog-4k/reopen-efv9600.edb");
    uint8_t *mark = find_mark(s.bytes, s.size, s.page_size, &page_no);
    assert_non_null(mark);
    uint64_t before = load_le64(mark);
    store_le64(mark, 1); /* as if the root had not been written for a while */
    checksum_store_page(page_of(&s, page_no), s.page_size, page_no);
    write_damaged(&s, s.size);
    assert_int_equal(repair_with(&s, false), JET_errSuccess);
    assert_sound(s.repaired);
    uint8_t *repaired = read_whole_file(s.repaired, &size);
    mark = find_mark(repaired, size, s.page_size, &page_no);
    assert_non_null(mark);
    assert_in_range(load_le64(mark), 2, before);
    free(repaired);
    subject_end(&s);
}

/* --- in place, and what is refused --- */

static void in_place_the_old_file_is_kept_when_that_is_asked_for(void **state)
{
    (void)state;
    struct subject s;
    struct stat before, after;
    struct session *session = NULL;
    unsigned long long size;
    subject_begin(&s, MULTI);
    const char *kept = text_of("%s.kept", s.damaged);
    memset(s.bytes, 0, s.page_size); /* one header */
    write_damaged(&s, s.size);
    assert_int_equal(chmod(s.damaged, 0640), 0);
    assert_int_equal(stat(s.damaged, &before), 0);
    assert_int_equal(engine_enter_session(s.session, 0, &session), JET_errSuccess);
    assert_int_equal(engine_repair_in_place(session, s.damaged, NULL, kept, NULL, &s.report), JET_errSuccess);
    assert_sound(s.damaged);
    assert_int_equal(stat(s.damaged, &after), 0);
    assert_int_equal(after.st_mode, before.st_mode);
    unsigned char *old = read_whole_file(kept, &size);
    assert_int_equal(size, s.size);
    assert_memory_equal(old, s.bytes, size);
    free(old);
    assert_int_equal(engine_repair_in_place(session, s.damaged, NULL, kept, NULL, &s.report), JET_errFileAlreadyExists);
    assert_int_equal(engine_repair_in_place(session, s.damaged, NULL, NULL, NULL, &s.report), JET_errSuccess);
    assert_false(os_exists(os_fs_posix(), text_of("%s.temprepair", s.damaged)));
    engine_leave_session(session);
    subject_end(&s);
}

static JET_ERR stop_at_once(void *context, uint32_t done, uint32_t total)
{
    (void)context;
    return done == total ? JET_errCallbackFailed : JET_errSuccess;
}

static void what_cannot_be_done_leaves_no_file(void **state)
{
    (void)state;
    struct subject s;
    struct session *session = NULL;
    const struct repair_options stopping = {.progress = stop_at_once};
    subject_begin(&s, MULTI);
    write_damaged(&s, s.size);
    assert_int_equal(engine_enter_session(s.session, 0, &session), JET_errSuccess);
    assert_int_equal(engine_repair(session, text_of("%s.absent", s.damaged), s.repaired, NULL, &s.report), JET_errFileNotFound);
    assert_int_equal(engine_repair(session, s.damaged, s.original, NULL, &s.report), JET_errDatabaseDuplicate);
    assert_int_equal(engine_repair(session, s.damaged, s.repaired, &stopping, &s.report), JET_errCallbackFailed);
    assert_false(os_exists(os_fs_posix(), s.repaired));
    memset(s.bytes, 0, s.size);
    write_damaged(&s, s.size);
    assert_int_equal(engine_repair(session, s.damaged, s.repaired, NULL, &s.report), JET_errDatabaseCorrupted);
    write_damaged(&s, 100);
    assert_true(engine_repair(session, s.damaged, s.repaired, NULL, &s.report) < 0);
    for (page_no_t page_no = 1; page_no <= last_page(&s); page_no++)
        memcpy(page_of(&s, page_no), s.good + page_file_offset(page_no, s.page_size), s.page_size);
    for (page_no_t page_no = 1; page_no < 31; page_no++) /* both catalogs */
        zero_page(&s, page_no);
    write_damaged(&s, s.size);
    assert_int_equal(engine_repair(session, s.damaged, s.repaired, NULL, &s.report), JET_errCatalogCorrupted);
    assert_false(os_exists(os_fs_posix(), s.repaired));
    engine_leave_session(session);
    subject_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_an_undamaged_database_everything_is_saved),
        cmocka_unit_test(behind_a_lost_root_all_leaves_are_found),
        cmocka_unit_test(behind_a_lost_branch_all_leaves_are_found),
        cmocka_unit_test(a_lost_leaf_takes_only_its_own_rows),
        cmocka_unit_test(a_long_value_without_one_part_is_null_in_its_row),
        cmocka_unit_test(what_the_catalog_has_lost_its_shadow_gives),
        cmocka_unit_test(a_truncated_file_loses_what_was_cut_off),
        cmocka_unit_test(without_both_headers_the_page_size_is_found),
        cmocka_unit_test(after_random_damage_the_rest_is_saved_and_sound),
        cmocka_unit_test(pages_that_lie_do_no_harm),
        cmocka_unit_test(of_two_rows_with_one_unique_key_the_first_stays),
        cmocka_unit_test(a_row_taken_out_for_one_index_is_in_none_that_is_taken_over),
        cmocka_unit_test(a_row_whose_key_is_not_its_own_is_lost),
        cmocka_unit_test(a_page_with_a_wrong_sum_is_taken_when_that_is_asked_for),
        cmocka_unit_test(columns_that_no_catalog_names_are_not_taken_for_later_ones),
        cmocka_unit_test(rows_with_columns_that_no_catalog_names_can_be_mended),
        cmocka_unit_test(a_table_that_no_catalog_names_is_told_of),
        cmocka_unit_test(indexes_of_a_database_that_was_not_closed_are_not_taken_over),
        cmocka_unit_test(numbers_that_rows_have_are_not_given_again),
        cmocka_unit_test(in_place_the_old_file_is_kept_when_that_is_asked_for),
        cmocka_unit_test(what_cannot_be_done_leaves_no_file),
    };
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0); /* a hundred small databases: to wait for a disk each time would take longer than all the rest */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
