/* Page redo against the original engine: its logs, replayed onto pages in memory, must give the pages of its databases.
 *
 * The streams begin with the creation of the database, so that nothing but the log is used (shared data, test R1 and the complete streams of the engine
 * sets). A second run starts from the file a crash left, where pages are newer or older than the log. Sessions and transactions play no part in that:
 * every page record is applied; of the version store only the images that Undo records need are kept. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "format/checksum.h"
#include "format/db_header.h"
#include "log/log_files.h"
#include "page/image.h"
#include "page/redo.h"
#include "page/structure_record.h"
#include "page_builder.h"
#include "shared_data.h"

enum { PAGES_MAX = 8192, MACROS_MAX = 64, MACRO_RECORDS_MAX = 256, IMAGES_MAX = 65536 };

/* What an Undo record needs: one entry per version that replaced data or added to it. */
struct image {
    uint32_t rceid, size;
    uint8_t *data;
    int64_t delta;
    uint16_t offset;
};

struct macro {
    bool is_open;
    uint16_t procid;
    uint64_t dbtime;
    struct log_record records[MACRO_RECORDS_MAX];
    uint8_t *copies[MACRO_RECORDS_MAX];
    uint32_t count;
};

struct replay {
    uint32_t page_size;
    bool is_copy;              /* of another replay, for trials */
    bool is_partial;           /* the log begins in the middle: macros may have no beginning */
    uint8_t *bytes[PAGES_MAX]; /* by page number; NULL never asked for */
    bool is_held[PAGES_MAX];
    struct redo_pages pages;
    struct macro macros[MACROS_MAX];
    struct image *images;
    uint32_t image_count;
    unsigned applied, of_type[LR_TYPE_COUNT], doubts, images_equal, images_used;
    uint64_t random;           /* not 0: spoiled copies of each record are tried before it */
    bool spoils_macros_only;
    unsigned spoiled, spoiled_done;
    char where[128]; /* the record at work */
};

/* --- pages --- */

static uint8_t *page_of(struct replay *r, page_no_t page_no)
{
    assert_in_range(page_no, 1, PAGES_MAX - 1);
    if (r->bytes[page_no] == NULL)
        r->bytes[page_no] = calloc(1, r->page_size);
    return r->bytes[page_no];
}

static JET_ERR get(void *context, page_no_t page_no, uint8_t **bytes)
{
    struct replay *r = context;
    if (page_no >= PAGES_MAX)
        return JET_errFileIOBeyondEOF;
    *bytes = page_of(r, page_no);
    assert_false(r->is_held[page_no]);
    r->is_held[page_no] = true;
    return JET_errSuccess;
}

static void release(void *context, page_no_t page_no, uint8_t *bytes, bool changed)
{
    struct replay *r = context;
    const char *why = NULL;
    assert_true(r->is_held[page_no]);
    r->is_held[page_no] = false;
    if (changed && page_check(bytes, r->page_size, page_no, &why) < 0)
        fail_msg("%s: page %u: %s", r->where, page_no, why);
}

static JET_ERR cannot_judge(void *context, page_no_t page_no, JET_ERR fault)
{
    (void)page_no;
    (void)fault;
    ((struct replay *)context)->doubts++;
    return JET_errSuccess;
}

static struct image *image_of(struct replay *r, uint32_t rceid)
{
    for (uint32_t i = r->image_count; i > 0; i--) {
        if (r->images[i - 1].rceid == rceid)
            return &r->images[i - 1];
    }
    return NULL;
}

static struct image *add_image(struct replay *r, uint32_t rceid)
{
    assert_true(r->image_count < IMAGES_MAX);
    r->images[r->image_count] = (struct image){.rceid = rceid};
    return &r->images[r->image_count++];
}

static void keep_data(struct replay *r, uint32_t rceid, struct span data)
{
    if (rceid == 0 || image_of(r, rceid) != NULL)
        return;
    struct image *image = add_image(r, rceid);
    image->data = malloc(data.size + 1u);
    memcpy(image->data, data.data, data.size);
    image->size = data.size;
}

static JET_ERR before_image(void *context, const struct log_record *record, struct span old)
{
    struct replay *r = context;
    if (record->type == LR_FLAG_INSERT_AND_REPLACE)
        keep_data(r, record->tail.rceid_replace, old);
    else if (record->type != LR_FLAG_DELETE)
        keep_data(r, record->node.rceid, old);
    return JET_errSuccess;
}

static JET_ERR undone(void *context, const struct log_record *record, struct redo_undone *out)
{
    struct replay *r = context;
    const struct image *image = image_of(r, record->node.rceid);
    if (image == NULL && r->is_copy)
        return JET_errLogCorrupted;
    if (image == NULL)
        fail_msg("%s: no image of %u", r->where, record->node.rceid);
    *out = (struct redo_undone){.data = span_of(image->data, image->size), .delta = image->delta, .offset = image->offset};
    return JET_errSuccess;
}

/* --- records --- */

static struct macro *macro_of(struct replay *r, uint16_t procid)
{
    struct macro *unused = NULL;
    for (int i = 0; i < MACROS_MAX; i++) {
        if (r->macros[i].is_open && r->macros[i].procid == procid)
            return &r->macros[i];
        if (!r->macros[i].is_open && unused == NULL)
            unused = &r->macros[i];
    }
    assert_non_null(unused);
    unused->procid = procid;
    return unused;
}

static void close_macro(struct macro *m)
{
    while (m->count > 0)
        free(m->copies[--m->count]);
    m->is_open = false;
}

static void note_versions(struct replay *r, const struct log_record *record)
{
    const struct node_tail *t = &record->tail;
    if (record->type == LR_UNDO_INFO && t->operation == 2)
        keep_data(r, record->node.rceid, t->data);
    if ((record->type == LR_DELTA || record->type == LR_DELTA64) && record->node.rceid != 0 && image_of(r, record->node.rceid) == NULL) {
        struct image *image = add_image(r, record->node.rceid);
        image->delta = t->delta;
        image->offset = t->offset;
    }
}

/* Once there is a page to apply a record to, an error is a failure of the test. */
static void expect_success(struct replay *r, JET_ERR err)
{
    if (err < 0)
        fail_msg("%s: error %d", r->where, err);
}

/* --- copies of a replay --- */

static void compare_page(const struct replay *r, page_no_t page_no, const uint8_t *expected_bytes);

/* Makes `copy` hold what r holds. */
static void copy_pages(struct replay *copy, const struct replay *r)
{
    for (page_no_t i = 1; i < PAGES_MAX; i++) {
        if (r->bytes[i] != NULL)
            memcpy(page_of(copy, i), r->bytes[i], r->page_size);
        else if (copy->bytes[i] != NULL)
            memset(copy->bytes[i], 0, r->page_size);
        copy->is_held[i] = false;
    }
}

static struct replay *copy_create(const struct replay *r)
{
    struct replay *copy = calloc(1, sizeof *copy);
    copy->page_size = r->page_size;
    copy->pages = r->pages;
    copy->pages.context = copy;
    copy->pages.before_image = NULL;
    copy->is_copy = true;
    copy_pages(copy, r);
    return copy;
}

static void copy_destroy(struct replay *copy)
{
    for (int i = 0; i < PAGES_MAX; i++)
        free(copy->bytes[i]);
    free(copy);
}

/* The image a split or merge carries of its page: what stands there before the macro. Returns the page, 0 without an image. */
static page_no_t check_image(struct replay *r, const struct log_record *record)
{
    struct split_record split;
    struct merge_record merge;
    struct span image;
    uint32_t flags;
    if (record->type == LR_SPLIT2) {
        expect_success(r, split_record_decode(record, &split));
        image = split.image;
        flags = split.image_flags;
        uint8_t *again = malloc(record->size);
        assert_int_equal(split_record_encode(again, &split), record->size);
        assert_memory_equal(again, record->bytes.data, record->size);
        free(again);
    } else if (record->type == LR_MERGE2) {
        expect_success(r, merge_record_decode(record, &merge));
        image = merge.image;
        flags = merge.image_flags;
        uint8_t *again = malloc(record->size);
        assert_int_equal(merge_record_encode(again, &merge), record->size);
        assert_memory_equal(again, record->bytes.data, record->size);
        free(again);
    } else {
        return 0;
    }
    page_no_t page_no = record->page.page_no;
    if (image.size == 0 || page_no >= PAGES_MAX || r->bytes[page_no] == NULL || load_le64(r->bytes[page_no] + 8) != record->page.dbtime_before)
        return 0;
    uint8_t *restored = malloc(r->page_size);
    expect_success(r, page_image_restore(image, flags, r->page_size, page_no, restored));
    assert_int_equal(load_le64(restored + 8), record->page.dbtime);
    store_le64(restored + 8, record->page.dbtime_before);
    uint32_t known_free = load_le16(r->bytes[page_no] + 28);
    assert_int_equal(load_le16(restored + 28), known_free);
    compare_page(r, page_no, restored);
    free(restored);
    r->images_equal++;
    return page_no;
}

/* Does the macro, and once more on copies where the pages with images look newer: the receiving pages must come out of the images alike. */
static void apply_macro(struct replay *r, const struct macro *m)
{
    page_no_t with_image[MACRO_RECORDS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        page_no_t page_no = check_image(r, &m->records[i]);
        if (page_no != 0)
            with_image[count++] = page_no;
    }
    struct replay *copy = count > 0 ? copy_create(r) : NULL;
    expect_success(r, redo_macro(&r->pages, m->records, m->count));
    if (copy == NULL)
        return;
    copy->pages.in_required_range = true;
    for (uint32_t i = 0; i < count; i++)
        memcpy(copy->bytes[with_image[i]], r->bytes[with_image[i]], r->page_size);
    snprintf(copy->where, sizeof copy->where, "%.100s from its image", r->where);
    expect_success(copy, redo_macro(&copy->pages, m->records, m->count));
    for (page_no_t i = 1; i < PAGES_MAX; i++) {
        if (r->bytes[i] != NULL && !is_all_zero(r->bytes[i], r->page_size) && load_le64(r->bytes[i] + 8) == m->dbtime)
            compare_page(copy, i, r->bytes[i]);
    }
    r->images_used += count;
    copy_destroy(copy);
}

/* Copies of the records with a few bytes changed, applied to a copy of all pages: any error will do, but changed pages must be sound (see release). */
static void apply_spoiled(struct replay *r, const struct log_record *records, uint32_t count, bool is_macro)
{
    enum { TRIES = 12, PAGE_PREFIX = 28 };
    struct log_record spoiled[MACRO_RECORDS_MAX];
    uint8_t *bytes[MACRO_RECORDS_MAX];
    struct replay *copy = copy_create(r);
    for (int try = 0; try < TRIES; try++) {
        bool is_good = true;
        for (uint32_t i = 0; i < count; i++) {
            bytes[i] = malloc(records[i].size);
            memcpy(bytes[i], records[i].bytes.data, records[i].size);
            if (records[i].size <= PAGE_PREFIX)
                continue;
            uint32_t front = records[i].size < 120 ? records[i].size : 120;
            for (uint32_t n = test_random_below(&r->random, 4); n > 0; n--) {
                uint32_t at = PAGE_PREFIX + test_random_below(&r->random, (test_random_below(&r->random, 3) == 0 ? records[i].size : front) - PAGE_PREFIX);
                bytes[i][at] = (uint8_t)(test_random_below(&r->random, 2) == 0 ? test_random(&r->random) : (uint64_t)bytes[i][at] + test_random_below(&r->random, 3) - 1);
            }
        }
        for (uint32_t i = 0; i < count; i++) {
            is_good = is_good && log_record_decode(span_of(bytes[i], records[i].size), &spoiled[i]) >= 0;
        }
        if (is_good) {
            copy->pages.in_required_range = test_random_below(&r->random, 2) == 0;
            snprintf(copy->where, sizeof copy->where, "%.100s spoiled", r->where);
            JET_ERR err = is_macro ? redo_macro(&copy->pages, spoiled, count) : redo_record(&copy->pages, spoiled);
            r->spoiled++;
            r->spoiled_done += err >= 0;
            for (page_no_t i = 0; i < PAGES_MAX; i++)
                assert_false(copy->is_held[i]);
            copy_pages(copy, r);
        }
        for (uint32_t i = 0; i < count; i++)
            free(bytes[i]);
    }
    copy_destroy(copy);
}

static void apply(struct replay *r, const struct log_record *record)
{
    if (record->type == LR_MACRO_BEGIN) {
        struct macro *m = macro_of(r, record->procid);
        assert_false(m->is_open);
        m->is_open = true;
        m->dbtime = record->macro.dbtime;
        return;
    }
    if (record->type == LR_MACRO_COMMIT || record->type == LR_MACRO_ABORT) {
        struct macro *m = macro_of(r, record->procid);
        assert_true(m->is_open || r->is_partial);
        if (record->type == LR_MACRO_COMMIT && r->random != 0)
            apply_spoiled(r, m->records, m->count, true);
        if (record->type == LR_MACRO_COMMIT)
            apply_macro(r, m);
        close_macro(m);
        return;
    }
    if (record->has_dbid && record->dbid != 1)
        return;
    note_versions(r, record);
    if (record->type == LR_UNDO_INFO)
        return;
    struct macro *m = record->has_session ? macro_of(r, record->procid) : NULL;
    if (m != NULL && m->is_open && record->has_dbtime && record->dbtime == m->dbtime) {
        assert_true(m->count < MACRO_RECORDS_MAX);
        uint8_t *copy = malloc(record->size);
        memcpy(copy, record->bytes.data, record->size);
        m->copies[m->count] = copy;
        expect_success(r, log_record_decode(span_of(copy, record->size), &m->records[m->count++]));
        r->applied++;
        r->of_type[record->type]++;
        return;
    }
    if (r->random != 0 && record->has_page && !r->spoils_macros_only)
        apply_spoiled(r, record, 1, false);
    if (!r->is_partial || (record->type != LR_SPLIT2 && record->type != LR_MERGE2)) {
        expect_success(r, redo_record(&r->pages, record));
    }
    r->applied++;
    r->of_type[record->type]++;
}

static void replay_log(struct replay *r, const char *path, uint32_t required_to, lgpos_t from)
{
    struct log_generation g;
    struct log_walk walk;
    struct log_record_ref ref;
    JET_ERR err = log_generation_read(os_fs_posix(), path, &g);
    if (err < 0)
        fail_msg("%s: %d", path, err);
    assert_int_equal(g.scan.error, 0);
    assert_int_equal(g.header.page_size, r->page_size);
    r->pages.in_required_range = g.header.generation <= required_to;
    log_walk_begin(&walk, g.image, g.header.generation, g.scan.last_segment, from);
    while ((err = log_walk_next(&walk, &ref)) >= 0) {
        struct log_record record;
        assert_int_equal(log_record_decode(ref.bytes, &record), 0);
        char text[LGPOS_TEXT_SIZE];
        snprintf(r->where, sizeof r->where, "%s %s page %u dbtime %llu", lgpos_format(ref.position, text), log_record_name(record.type), record.page.page_no,
                 (unsigned long long)record.dbtime);
        apply(r, &record);
    }
    assert_int_equal(err, JET_errNoCurrentRecord);
    log_walk_end(&walk);
    log_generation_release(&g);
}

static struct replay *replay_create(uint32_t page_size)
{
    struct replay *r = calloc(1, sizeof *r);
    r->page_size = page_size;
    r->images = calloc(IMAGES_MAX, sizeof *r->images);
    r->pages = (struct redo_pages){.context = r, .page_size = page_size, .get = get, .get_new = get, .release = release, .cannot_judge = cannot_judge,
                                   .before_image = before_image, .undone = undone};
    return r;
}

static void replay_destroy(struct replay *r)
{
    for (int i = 0; i < PAGES_MAX; i++)
        free(r->bytes[i]);
    for (uint32_t i = 0; i < r->image_count; i++)
        free(r->images[i].data);
    free(r->images);
    free(r);
}

/* --- comparison --- */

struct expected_file {
    unsigned char *bytes;
    unsigned long long size;
    struct db_header header;
    uint32_t last_page;
};

static bool shared_file_exists(const char *relative)
{
    static const char *const SUFFIXES[] = {"", ".gz", ".zst"};
    struct stat info;
    for (int i = 0; i < 3; i++) {
        if (stat(text_of("%s/%s%s", shared_data_dir(), relative, SUFFIXES[i]), &info) == 0)
            return true;
    }
    return false;
}

static void load_database(const char *relative, const char *target, uint32_t page_size, struct expected_file *out)
{
    copy_shared_file(relative, target);
    out->bytes = read_whole_file(target, &out->size);
    assert_int_equal(db_header_decode(out->bytes, page_size, &out->header), 0);
    out->last_page = (uint32_t)(out->size / page_size) - 2;
}

static const uint8_t *file_page(const struct expected_file *f, page_no_t page_no, uint32_t page_size)
{
    return f->bytes + page_file_offset(page_no, page_size);
}

static void compare_page(const struct replay *r, page_no_t page_no, const uint8_t *expected_bytes)
{
    const uint32_t ignored = PAGE_FLAG_FLUSH_TYPE | PAGE_FLAG_NEW_CHECKSUM;
    struct page_view want, have;
    if (page_view_init(&want, expected_bytes, r->page_size, page_no, NULL) < 0)
        fail_msg("page %u of the database is damaged", page_no);
    JET_ERR err = page_view_init(&have, r->bytes[page_no], r->page_size, page_no, NULL);
    if (err < 0)
        fail_msg("page %u after replay: %d", page_no, err);
    if (page_dbtime(&want) != page_dbtime(&have))
        fail_msg("page %u: dbtime %llu, expected %llu", page_no, (unsigned long long)page_dbtime(&have), (unsigned long long)page_dbtime(&want));
    if (page_objid(&want) != page_objid(&have) || page_previous(&want) != page_previous(&have) || page_next(&want) != page_next(&have) ||
        (page_flags(&want) & ~ignored) != (page_flags(&have) & ~ignored))
        fail_msg("page %u: objid %u links %u %u flags %x, expected %u, %u %u, %x", page_no, page_objid(&have), page_previous(&have), page_next(&have), page_flags(&have),
                 page_objid(&want), page_previous(&want), page_next(&want), page_flags(&want));
    if (want.tag_count != have.tag_count)
        fail_msg("page %u: %u tags, expected %u", page_no, have.tag_count, want.tag_count);
    if (want.tag_count == 0)
        return;
    if (!span_equal(page_external_header(&want), page_external_header(&have)))
        fail_msg("page %u: other external header", page_no);
    for (uint32_t i = 0; i < page_node_count(&want); i++) {
        struct node a = page_node(&want, i), b = page_node(&have, i);
        if (!span_equal(a.prefix, b.prefix) || !span_equal(a.suffix, b.suffix))
            fail_msg("page %u node %u: other key (prefix %u, expected %u)", page_no, i, b.prefix.size, a.prefix.size);
        if (!span_equal(a.data, b.data))
            fail_msg("page %u node %u: other data", page_no, i);
        if (((a.flags ^ b.flags) & (NODE_FLAG_DELETED | NODE_FLAG_COMPRESSED)) != 0)
            fail_msg("page %u node %u: flags %u, expected %u", page_no, i, b.flags, a.flags);
    }
    assert_int_equal(page_free_bytes(&want), page_free_bytes(&have));
}

/* Every page of the database file, and no other. */
static void compare(struct replay *r, const struct expected_file *f)
{
    unsigned equal = 0;
    for (page_no_t page_no = 1; page_no < PAGES_MAX; page_no++) {
        bool is_there = page_no <= f->last_page && !is_all_zero(file_page(f, page_no, r->page_size), r->page_size);
        bool is_here = r->bytes[page_no] != NULL && !is_all_zero(r->bytes[page_no], r->page_size);
        if (!is_there && is_here && page_no > f->last_page) /* cut off by a later truncation */
            continue;
        if (is_there && !is_here)
            fail_msg("page %u: nothing was replayed", page_no);
        if (!is_there && is_here) {
            fail_msg("page %u: replayed, but zero in the database", page_no);
        }
        if (is_there) {
            compare_page(r, page_no, file_page(f, page_no, r->page_size));
            equal++;
        }
    }
    print_message("    %u pages equal, %u images equal, %u used, after %u records:", equal, r->images_equal, r->images_used, r->applied);
    for (int i = 0; i < LR_TYPE_COUNT; i++) {
        if (r->of_type[i] > 0)
            print_message(" %s %u", log_record_name((uint8_t)i), r->of_type[i]);
    }
    print_message("\n");
    assert_true(equal > 0);
}

/* --- streams --- */

struct stream {
    const char *folder, *base, *expected;
    uint32_t page_size;
};

/* Copies a log by its name; false when the set has none. */
static bool fetch_log(const struct stream *s, const char *name, const char **path)
{
    const char *relative = text_of("%s/%s", s->folder, name);
    if (!shared_file_exists(relative))
        return false;
    *path = text_of("%s/%s", make_scratch_folder("redo-log"), name);
    copy_shared_file(relative, *path);
    return true;
}

/* Replays generation 1 on, then the current log. */
static void replay_stream(struct replay *r, const struct stream *s, uint32_t required_to)
{
    const char *path;
    uint32_t generation = 1;
    while (fetch_log(s, text_of("%s%05X.log", s->base, generation), &path)) {
        replay_log(r, path, required_to, 0);
        generation++;
    }
    assert_true(generation > 1);
    assert_true(fetch_log(s, text_of("%s.log", s->base), &path));
    replay_log(r, path, required_to, 0);
}

static void check_stream(const struct stream *s)
{
    require_shared_data();
    struct expected_file f;
    struct replay *r = replay_create(s->page_size);
    load_database(s->expected, text_of("%s/expected.edb", make_scratch_folder("redo-db")), s->page_size, &f);
    print_message("    %s\n", s->folder);
    replay_stream(r, s, 0);
    compare(r, &f);
    assert_int_equal(r->doubts, 0);
    free(f.bytes);
    replay_destroy(r);
}

static void windows_server_srum_log_rebuilds_the_whole_database_from_nothing(void **state)
{
    (void)state;
    check_stream(&(struct stream){"windows/srum-server2022-day0", "SRU", "windows/srum-server2022-day0/SRUDB.dat", 4096});
}

static void engine_logs_rebuild_the_database_at_every_page_size(void **state)
{
    (void)state;
    static const struct stream SETS[] = {{"engine/clean_4k", "edb", "engine/clean_4k/data.edb", 4096},
                                         {"engine/clean_4k_win10", "edb", "engine/clean_4k_win10/data.edb", 4096},
                                         {"engine/clean_8k", "edb", "engine/clean_8k/data.edb", 8192},
                                         {"engine/clean_16k", "edb", "engine/clean_16k/data.edb", 16384},
                                         {"engine/clean_32k", "edb", "engine/clean_32k/data.edb", 32768}};
    for (size_t i = 0; i < sizeof SETS / sizeof *SETS; i++)
        check_stream(&SETS[i]);
}

/* A crashed set: where the replay from the file that was left ends, the replay from nothing must end, too. The engine's redo did not write pages that
 * still wait for an undo record; all others must be as it wrote them. */
static void check_crash(const char *folder, uint32_t page_size)
{
    struct expected_file before, redone;
    struct stream s = {.folder = text_of("%s/before", folder), .base = "edb", .page_size = page_size};
    struct replay *from_nothing = replay_create(page_size), *from_file = replay_create(page_size);
    const char *path, *scratch = make_scratch_folder("redo-crash");
    print_message("    %s\n", folder);
    load_database(text_of("%s/before/data.edb", folder), text_of("%s/before.edb", scratch), page_size, &before);
    load_database(text_of("%s/after_redo_only/data.edb", folder), text_of("%s/redone.edb", scratch), page_size, &redone);
    replay_stream(from_nothing, &s, 0);

    for (page_no_t page_no = 1; page_no <= before.last_page; page_no++)
        memcpy(page_of(from_file, page_no), file_page(&before, page_no, page_size), page_size);
    for (uint32_t generation = before.header.gen_min_required; fetch_log(&s, text_of("edb%05X.log", generation), &path); generation++)
        replay_log(from_file, path, before.header.gen_max_required, 0);
    assert_true(fetch_log(&s, "edb.log", &path));
    replay_log(from_file, path, before.header.gen_max_required, 0);
    assert_int_equal(from_file->doubts, 0);

    unsigned same = 0, unwritten = 0, redone_since = 0;
    for (page_no_t page_no = 1; page_no <= redone.last_page; page_no++) {
        const uint8_t *left = file_page(&before, page_no, page_size), *wanted = file_page(&redone, page_no, page_size), *have = from_file->bytes[page_no];
        if (from_nothing->bytes[page_no] == NULL) {
            assert_true(is_all_zero(wanted, page_size));
            continue;
        }
        compare_page(from_file, page_no, from_nothing->bytes[page_no]);
        redone_since += load_le64(have + 8) > load_le64(left + 8);
        if (load_le64(wanted + 8) < load_le64(have + 8)) {
            unwritten++;
            continue;
        }
        compare_page(from_file, page_no, wanted);
        same++;
    }
    print_message("    %u pages as the engine's redo left them, %u not written by it, %u redone\n", same, unwritten, redone_since);
    assert_true(redone_since > 0 && same > unwritten);
    free(before.bytes);
    free(redone.bytes);
    replay_destroy(from_file);
    replay_destroy(from_nothing);
}

static void redo_of_a_crashed_file_ends_where_the_replay_from_nothing_and_the_engine_end(void **state)
{
    (void)state;
    require_shared_data();
    check_crash("engine/crash_4k_partial", 4096);
    check_crash("engine/crash_8k_ddl", 8192);
    check_crash("engine/crash_32k", 32768);
}

/* A stream whose beginning is gone: pages become known when a record builds them or carries their image; what the log says of others is left out. Pages
 * known at the end must be those of the database, as far as it was written after the last record. */
static void check_partial(const struct stream *s, uint32_t first, uint32_t last, unsigned equal_at_least)
{
    struct expected_file f;
    struct replay *r = replay_create(s->page_size);
    const char *path;
    unsigned equal = 0, behind = 0;
    r->is_partial = true;
    load_database(s->expected, text_of("%s/expected.edb", make_scratch_folder("redo-db")), s->page_size, &f);
    for (uint32_t generation = first; generation <= last; generation++) {
        assert_true(fetch_log(s, text_of("%s%05X.log", s->base, generation), &path));
        replay_log(r, path, UINT32_MAX, 0);
    }
    assert_true(fetch_log(s, text_of("%s.log", s->base), &path));
    replay_log(r, path, UINT32_MAX, 0);
    for (page_no_t page_no = 1; page_no < PAGES_MAX && page_no <= f.last_page; page_no++) {
        const uint8_t *wanted = file_page(&f, page_no, s->page_size), *have = r->bytes[page_no];
        if (have == NULL || is_all_zero(have, s->page_size))
            continue;
        if (load_le64(have + 8) != load_le64(wanted + 8)) {
            behind++;
            continue;
        }
        compare_page(r, page_no, wanted);
        equal++;
    }
    print_message("    %s: %u pages equal, %u of other times, %u records on unknown pages; Split2 %u Merge2 %u PageMove %u EmptyTree %u Undo %u\n", s->folder, equal,
                  behind, r->doubts, r->of_type[LR_SPLIT2], r->of_type[LR_MERGE2], r->of_type[LR_PAGE_MOVE], r->of_type[LR_EMPTY_TREE], r->of_type[LR_UNDO]);
    assert_true(equal >= equal_at_least && behind == 0);
    free(f.bytes);
    replay_destroy(r);
}

static void pages_that_a_later_part_of_a_log_builds_are_those_of_the_database(void **state)
{
    (void)state;
    require_shared_data();
    check_partial(&(struct stream){"engine/roll_circ_4k", "edb", "engine/roll_circ_4k/data.edb", 4096}, 0x21, 0x2B, 30);
    check_partial(&(struct stream){"windows/srum-w10-21h1-rathbun/collected", "SRU", "windows/srum-w10-21h1-rathbun/collected/SRUDB.dat", 4096}, 3, 8, 60);
    check_partial(&(struct stream){"windows/srum-w10-1809-belkasoft/dirty", "SRU", "windows/srum-w10-1809-belkasoft/dirty/SRUDB.dat", 4096}, 0x4E, 0x51, 25);
}

static void spoil_stream(const struct stream *s, uint64_t seed, bool macros_only)
{
    struct replay *r = replay_create(s->page_size);
    r->random = seed;
    r->spoils_macros_only = macros_only;
    replay_stream(r, s, 0);
    print_message("    %s: %u spoiled records and macros, %u of them not refused\n", s->folder, r->spoiled, r->spoiled_done);
    assert_true(r->spoiled > 500 && r->spoiled_done < r->spoiled);
    replay_destroy(r);
}

static void spoiled_records_are_refused_or_leave_sound_pages(void **state)
{
    (void)state;
    require_shared_data();
    const char *text = getenv("TEST_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : (uint64_t)time(NULL) * 2654435761u + 1;
    print_message("    TEST_SEED=%llu\n", (unsigned long long)seed);
    spoil_stream(&(struct stream){"windows/srum-server2022-day0", "SRU", NULL, 4096}, seed, false);
    spoil_stream(&(struct stream){"engine/crash_8k_ddl/before", "edb", NULL, 8192}, seed + 1, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_server_srum_log_rebuilds_the_whole_database_from_nothing),
        cmocka_unit_test(engine_logs_rebuild_the_database_at_every_page_size),
        cmocka_unit_test(redo_of_a_crashed_file_ends_where_the_replay_from_nothing_and_the_engine_end),
        cmocka_unit_test(pages_that_a_later_part_of_a_log_builds_are_those_of_the_database),
        cmocka_unit_test(spoiled_records_are_refused_or_leave_sound_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
