/* The database without an engine (change_world.h). */
#include "change_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cmocka_all.h"
#include "log/log_files.h"
#include "page/redo.h"
#include "page/structure_record.h"
#include "page_builder.h"
#include "shared_data.h"

enum { LOG_KIB = 2048, FLUSH_TYPE = 0x18000 };

static JET_ERR flush_log(void *context, lgpos_t position) { return log_flush(((struct world *)context)->log, position); }

void world_open(struct world *w, uint32_t page_size, uint32_t pages, uint32_t extension_pages)
{
    world_open_on(w, os_fs_posix(), page_size, pages, extension_pages);
}

void world_open_on(struct world *w, struct os_fs *fs, uint32_t page_size, uint32_t pages, uint32_t extension_pages)
{
    memset(w, 0, sizeof *w);
    w->folder = make_scratch_folder("world");
    w->live = memory_live_count();
    const struct log_config log_config = {.fs = os_fs_posix(), .log_folder = w->folder, .system_folder = w->folder, .base_name = "edb", .is_legacy_names = true,
                                          .file_kib = LOG_KIB, .page_size = page_size};
    assert_int_equal(log_create(&log_config, NULL, &w->log), 0);
    const struct version_store_config version_config = {.bytes_max = 1 << 20};
    assert_int_equal(version_store_create(&version_config, &w->versions), 0);
    assert_int_equal(os_file_open(fs, text_of("%s/data.edb", w->folder), OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_TRUNCATE, &w->file), 0);
    assert_int_equal(os_file_set_size(w->file, ((uint64_t)pages + 2) * page_size), 0);
    const struct cache_config cache_config = {.page_size = page_size, .bytes_max = (uint64_t)512 << 20, .log = {.flush_log = flush_log, .context = w}};
    assert_int_equal(cache_create(&cache_config, &w->cache), 0);
    w->db = calloc(1, sizeof *w->db);
    *w->db = (struct database){.page_size = page_size, .dbid = 1, .log = w->log, .versions = w->versions, .extension_pages = extension_pages};
    const struct cache_file_config file_config = {.file = w->file, .context = w->db};
    assert_int_equal(cache_file_attach(w->cache, &file_config, &w->db->pages), 0);
    atomic_store(&w->db->dbtime_last, 0x40);
    assert_int_equal(mutex_init(&w->db->space_lock, RANK_SPACE), 0);
    for (int i = 0; i < DATABASE_STRUCTURE_LOCKS; i++)
        assert_int_equal(mutex_init(&w->db->structure_locks[i], RANK_TREE), 0);
    assert_int_equal(transaction_open(&w->t, w->versions, w->log, 5), 0);
    w->t.level = 1;
}

void world_close(struct world *w)
{
    w->t.level = 0;
    transaction_close(&w->t);
    cache_file_discard(w->db->pages);
    cache_file_detach(w->db->pages);
    cache_destroy(w->cache);
    os_file_close(w->file);
    version_store_destroy(w->versions);
    log_close(w->log);
    mutex_destroy(&w->db->space_lock);
    for (int i = 0; i < DATABASE_STRUCTURE_LOCKS; i++)
        mutex_destroy(&w->db->structure_locks[i]);
    free(w->db);
    assert_int_equal(memory_live_count(), w->live);
}

/* --- pages --- */

/* What is stored at write time does not count. */
static void blank(uint8_t *page, uint32_t size)
{
    memset(page, 0, 8);
    store_le32(page + 36, load_le32(page + 36) & ~(uint32_t)FLUSH_TYPE);
    if (page_is_large(size))
        memset(page + 40, 0, 24);
}

struct world_pages world_snapshot(struct world *w)
{
    uint32_t size = w->db->page_size;
    struct world_pages pages = {.count = cache_file_last_page(w->db->pages)};
    pages.bytes = calloc(pages.count, size);
    for (page_no_t p = 1; p <= pages.count; p++) {
        struct page_ref ref;
        JET_ERR err = cache_get(w->db->pages, p, PAGE_LATCH_SHARED, &ref);
        if (err == JET_errPageNotInitialized)
            continue;
        assert_int_equal(err, 0);
        uint8_t *copy = pages.bytes + (size_t)(p - 1) * size;
        memcpy(copy, ref.view.bytes, size);
        blank(copy, size);
        cache_release(&ref);
    }
    return pages;
}

void world_check_pages(struct world *w)
{
    for (page_no_t p = 1; p <= cache_file_last_page(w->db->pages); p++) {
        struct page_ref ref;
        const char *why = "";
        JET_ERR err = cache_get(w->db->pages, p, PAGE_LATCH_SHARED, &ref);
        if (err == JET_errPageNotInitialized)
            continue;
        assert_int_equal(err, 0);
        uint8_t copy[PAGE_SIZE_MAX];
        memcpy(copy, ref.view.bytes, ref.view.size);
        cache_release(&ref);
        if (page_check(copy, w->db->page_size, p, &why) < 0)
            fail_msg("page %u: %s", p, why);
    }
}

/* --- replay --- */

struct replay {
    struct world *w;
    struct world_pages pages;
    bool in_required_range;
    struct log_record *members;
    uint8_t **kept;
    uint32_t member_count, member_room;
    bool in_macro;
    uint64_t macro_dbtime;
    uint64_t records, records_max;
    struct world_macros *macros;
};

static uint8_t *replayed_page(struct replay *r, page_no_t page_no)
{
    if (page_no == 0 || page_no > r->pages.count)
        fail_msg("redo asks for page %u of %u", page_no, r->pages.count);
    return r->pages.bytes + (size_t)(page_no - 1) * r->w->db->page_size;
}

static JET_ERR get_page(void *context, page_no_t page_no, uint8_t **bytes)
{
    *bytes = replayed_page(context, page_no);
    return JET_errSuccess;
}

static JET_ERR get_new_page(void *context, page_no_t page_no, uint8_t **bytes) { return get_page(context, page_no, bytes); }
static void release_page(void *context, page_no_t page_no, uint8_t *bytes, bool changed) { (void)context, (void)page_no, (void)bytes, (void)changed; }

static JET_ERR cannot_judge(void *context, page_no_t page_no, JET_ERR fault)
{
    (void)context, (void)page_no, (void)fault;
    return JET_errSuccess;
}

static void count_moves(struct replay *r)
{
    for (uint32_t i = 0; i < r->member_count; i++) {
        struct merge_record merge;
        if (r->members[i].type != LR_MERGE2)
            continue;
        assert_int_equal(merge_record_decode(&r->members[i], &merge), 0);
        r->macros->moved_left += merge.kind == MERGE_PARTIAL_LEFT;
        r->macros->moved_right += merge.kind == MERGE_PARTIAL_RIGHT;
    }
}

static void replay_record(struct replay *r, struct span bytes)
{
    struct log_record record;
    const struct redo_pages pages = {.context = r, .page_size = r->w->db->page_size, .in_required_range = r->in_required_range, .get = get_page, .get_new = get_new_page,
                                     .release = release_page, .cannot_judge = cannot_judge};
    if (r->records == r->records_max)
        return;
    assert_int_equal(log_record_decode(bytes, &record), 0);
    r->records++;
    switch (record.type) {
    case LR_MACRO_BEGIN:
        assert_false(r->in_macro);
        r->in_macro = true;
        r->macro_dbtime = record.dbtime;
        return;
    case LR_MACRO_COMMIT: {
        JET_ERR err = redo_macro(&pages, r->members, r->member_count);
        if (r->macros != NULL)
            count_moves(r);
        if (err < 0)
            fail_msg("redo of a macro of %u records: %d", r->member_count, err);
        for (uint32_t i = 0; i < r->member_count; i++)
            free(r->kept[i]);
        r->member_count = 0;
        r->in_macro = false;
        if (r->macros != NULL) {
            r->macros->ends = realloc(r->macros->ends, (r->macros->count + 1) * sizeof *r->macros->ends);
            r->macros->ends[r->macros->count++] = r->records;
        }
        return;
    }
    case LR_EXTEND_DB:
        assert_true(record.range.page_no <= r->pages.count);
        return;
    default: break;
    }
    if (r->in_macro && record.has_page && record.page.dbtime == r->macro_dbtime) { /* what else stands between is no member: padding */
        if (r->member_count == r->member_room) {
            r->member_room += 16;
            r->members = realloc(r->members, r->member_room * sizeof *r->members);
            r->kept = realloc(r->kept, r->member_room * sizeof *r->kept);
        }
        uint8_t *copy = malloc(bytes.size);
        memcpy(copy, bytes.data, bytes.size);
        r->kept[r->member_count] = copy;
        assert_int_equal(log_record_decode(span_of(copy, bytes.size), &r->members[r->member_count++]), 0);
        return;
    }
    JET_ERR err = redo_record(&pages, &record);
    if (err < 0)
        fail_msg("redo of %s on page %u: %d", log_record_name(record.type), record.page.page_no, err);
}

static void replay_log(struct replay *r)
{
    uint32_t tip = log_tip_generation(r->w->log);
    assert_int_equal(log_flush_all(r->w->log), 0);
    for (uint32_t g = 1; g <= tip; g++) {
        struct log_generation generation;
        struct log_walk walk;
        struct log_record_ref ref;
        JET_ERR err;
        const char *path = g < tip ? text_of("%s/edb%05X.log", r->w->folder, g) : text_of("%s/edb.log", r->w->folder);
        assert_int_equal(log_generation_read(os_fs_posix(), path, &generation), 0);
        log_walk_begin(&walk, generation.image, g, generation.scan.last_segment, 0);
        while ((err = log_walk_next(&walk, &ref)) >= 0)
            replay_record(r, ref.bytes);
        assert_int_equal(err, JET_errNoCurrentRecord);
        log_walk_end(&walk);
        log_generation_release(&generation);
    }
    while (r->member_count > 0)
        free(r->kept[--r->member_count]);
    free(r->members);
    free(r->kept);
}

static void replay_on(struct world *w, struct world_pages start, bool in_required_range, const struct world_pages *expected, const char *what)
{
    struct replay r = {.w = w, .pages = start, .in_required_range = in_required_range, .records_max = UINT64_MAX};
    uint32_t size = w->db->page_size;
    replay_log(&r);
    for (uint32_t i = 0; i < expected->count; i++) {
        uint8_t *page = start.bytes + (size_t)i * size;
        blank(page, size);
        if (memcmp(page, expected->bytes + (size_t)i * size, size) != 0) {
            uint32_t at = 0;
            while (page[at] == expected->bytes[(size_t)i * size + at])
                at++;
            fail_msg("%s: page %u differs at byte %u (dbtime %llu, should be %llu)", what, i + 1, at, (unsigned long long)load_le64(page + 8),
                     (unsigned long long)load_le64(expected->bytes + (size_t)i * size + 8));
        }
    }
    free(start.bytes);
}

void world_check_replay(struct world *w, const struct world_pages *earlier, unsigned earlier_count, uint64_t *random)
{
    struct world_pages now = world_snapshot(w), start = {calloc(now.count, w->db->page_size), now.count};
    uint32_t size = w->db->page_size;
    replay_on(w, start, false, &now, "replay on a blank file");
    start.bytes = malloc((size_t)now.count * size);
    memcpy(start.bytes, now.bytes, (size_t)now.count * size);
    replay_on(w, start, true, &now, "replay on the final pages");
    start.bytes = calloc(now.count, size);
    for (uint32_t i = 0; i < now.count; i++) {
        unsigned from = test_random_below(random, earlier_count + 2);
        const struct world_pages *source = from == 0 ? NULL : from == 1 ? &now : &earlier[from - 2];
        if (source != NULL && i < source->count)
            memcpy(start.bytes + (size_t)i * size, source->bytes + (size_t)i * size, size);
    }
    replay_on(w, start, true, &now, "replay after a crash");
    free(now.bytes);
}

/* --- crashes --- */

struct world_pages world_replay_prefix(struct world *w, uint64_t records)
{
    struct replay r = {.w = w, .pages.count = cache_file_last_page(w->db->pages), .records_max = records};
    r.pages.bytes = calloc(r.pages.count, w->db->page_size);
    replay_log(&r);
    return r.pages;
}

uint64_t world_records(struct world *w, struct world_macros *macros)
{
    if (macros != NULL)
        *macros = (struct world_macros){.count = 0};
    struct replay r = {.w = w, .pages.count = cache_file_last_page(w->db->pages), .records_max = UINT64_MAX, .macros = macros};
    r.pages.bytes = calloc(r.pages.count, w->db->page_size);
    replay_log(&r);
    free(r.pages.bytes);
    return r.records;
}

void world_copy_open(struct world_copy *copy, const struct world *w, const struct world_pages *pages)
{
    const struct cache_config cache_config = {.page_size = w->db->page_size, .bytes_max = (uint64_t)64 << 20};
    uint32_t size = w->db->page_size;
    assert_int_equal(os_file_open(os_fs_posix(), text_of("%s/copy.edb", w->folder), OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_TRUNCATE, &copy->file), 0);
    assert_int_equal(os_file_set_size(copy->file, ((uint64_t)pages->count + 2) * size), 0);
    for (uint32_t i = 0; i < pages->count; i++) {
        uint8_t *page = pages->bytes + (size_t)i * size;
        if (is_all_zero(page, size))
            continue;
        checksum_store_page(page, size, i + 1);
        assert_int_equal(os_file_write(copy->file, page_file_offset(i + 1, size), page, size), 0);
    }
    assert_int_equal(cache_create(&cache_config, &copy->cache), 0);
    const struct cache_file_config file_config = {.file = copy->file, .is_read_only = true};
    assert_int_equal(cache_file_attach(copy->cache, &file_config, &copy->pages), 0);
}

void world_copy_close(struct world_copy *copy)
{
    cache_file_detach(copy->pages);
    cache_destroy(copy->cache);
    os_file_close(copy->file);
}
