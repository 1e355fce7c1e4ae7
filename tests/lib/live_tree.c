/* The tree that can be changed, and its replay (live_tree.h). */
#include "live_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "cmocka_all.h"
#include "log/log_files.h"
#include "page/redo.h"
#include "shared_data.h"

enum { LOG_KIB = 4096, FIRST_PAGES = 64, EXTENSION = 64, FLUSH_TYPE_AND_SCRUBBED = 0x18000 | 0x4000, OBJID = 20 };

static void must(JET_ERR err, const char *what)
{
    if (err < 0)
        fail_msg("%s: %d", what, err);
}
#define MUST(expression) must((expression), #expression)

static JET_ERR flush_log(void *context, lgpos_t position) { return log_flush(((struct live_tree *)context)->log, position); }

static JET_ERR before_write(void *context, void *file_context, page_no_t page_no, lgpos_t *position)
{
    struct live_tree *l = (struct live_tree *)context;
    const struct database *db = (const struct database *)file_context;
    return db->log == NULL ? JET_errSuccess : version_store_log_images(l->store, (uint8_t)db->dbid, page_no, position);
}

static void cleaning_failed(void *context, JET_ERR error, const char *why)
{
    (void)context;
    fprintf(stderr, "cleaner: %s: %d\n", why, error);
    abort();
}

static void open_database(struct live_tree *l, const struct live_tree_config *config)
{
    struct os_file *file;
    struct database *db = (struct database *)calloc(1, sizeof *db);
    MUST(os_file_open(os_fs_posix(), text_of("%s/tree.edb", l->folder), OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_TRUNCATE, &file));
    MUST(os_file_set_size(file, (FIRST_PAGES + 2ull) * config->page_size));
    *db = (struct database){.page_size = config->page_size, .dbid = 1, .log = config->is_unlogged ? NULL : l->log, .versions = l->store, .extension_pages = EXTENSION, .file = file};
    db->header.version_major = 0x620;
    db->header.update_major = 0x14;
    const struct cache_file_config file_config = {.file = file, .context = db};
    MUST(cache_file_attach(l->cache, &file_config, &db->pages));
    atomic_store(&db->dbtime_last, 0x40);
    MUST(mutex_init(&db->space_lock, RANK_SPACE));
    for (int i = 0; i < DATABASE_STRUCTURE_LOCKS; i++)
        MUST(mutex_init(&db->structure_locks[i], RANK_TREE));
    l->db = db;
}

void live_tree_open(struct live_tree *l, const struct live_tree_config *config)
{
    page_no_t root;
    memset(l, 0, sizeof *l);
    l->folder = make_scratch_folder("live_tree");
    const char *seed = getenv("TEST_SEED");
    l->seed = config->seed != 0 ? config->seed : seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    print_message("seed %llu, pages of %u, %s\n", (unsigned long long)l->seed, config->page_size, config->is_unique ? "unique" : "not unique");
    l->seed = (l->seed + config->page_size) * 2 + config->is_unique;
    const struct log_config log_config = {.fs = os_fs_posix(), .log_folder = l->folder, .system_folder = l->folder, .base_name = "edb", .is_legacy_names = true,
                                          .file_kib = LOG_KIB, .page_size = config->page_size, .buffer_segments = 64};
    MUST(log_create(&log_config, NULL, &l->log));
    const struct version_store_config store_config = {.bytes_max = 256 << 20};
    MUST(version_store_create(&store_config, &l->store));
    const struct cache_config cache_config = {.page_size = config->page_size, .bytes_max = config->cache_bytes != 0 ? config->cache_bytes : 1ull << 30,
                                              .log = {.before_write = before_write, .flush_log = flush_log, .context = l}};
    MUST(cache_create(&cache_config, &l->cache));
    open_database(l, config);
    live_tree_session(l, &l->t, 1);
    const struct txn_cleaner_config cleaner = {.store = l->store, .log = l->log, .failed = cleaning_failed};
    MUST(txn_cleaner_start(&cleaner, &l->cleaner));
    MUST(txn_begin(&l->t));
    MUST(space_create_root(&l->t, l->db, FIRST_PAGES));
    MUST(space_create_tree(&l->t, l->db, 1, 16, true, config->is_unique ? 0 : PAGE_FLAG_NON_UNIQUE | PAGE_FLAG_INDEX, OBJID, 0, &root));
    MUST(txn_commit(&l->t, true, NULL));
    MUST(btree_open_writable(l->db, root, OBJID, &l->tree));
    assert_int_equal(l->tree.is_unique, config->is_unique);
}

void live_tree_close(struct live_tree *l)
{
    txn_cleaner_stop(l->cleaner);
    transaction_close(&l->t);
    cache_file_discard(l->db->pages);
    cache_file_detach(l->db->pages);
    os_file_close(l->db->file);
    mutex_destroy(&l->db->space_lock);
    for (int i = 0; i < DATABASE_STRUCTURE_LOCKS; i++)
        mutex_destroy(&l->db->structure_locks[i]);
    free(l->db);
    cache_destroy(l->cache);
    version_store_destroy(l->store);
    log_close(l->log);
}

uint32_t live_tree_random(struct live_tree *l, uint32_t below)
{
    l->seed = l->seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)((l->seed >> 33) * below >> 31);
}

void live_tree_session(struct live_tree *l, struct transaction *out, uint16_t procid) { MUST(transaction_open(out, l->store, l->log, procid)); }

/* --- structure --- */

struct bounds {
    struct span low, high; /* size 0: none. low <= key < high as separators compare */
    bool has_low, has_high;
};

/* Key, and data of a leaf of a non-unique tree, run together. */
static struct span whole_key(const struct btree *tree, const struct node *n, bool is_leaf, uint8_t *room)
{
    uint32_t size = node_copy_key(n, room);
    if (is_leaf && !tree->is_unique) {
        memcpy(room + size, n->data.data, n->data.size);
        size += n->data.size;
    }
    return span_of(room, size);
}

struct tree_check {
    struct live_tree *l;
    const struct btree *tree;
    uint32_t pages;
    page_no_t last_leaf, next_expected;
    int leaf_depth;
};

static void check_page(struct tree_check *c, page_no_t page_no, const struct bounds *bounds, int depth)
{
    struct page_ref ref;
    const char *why = "";
    uint8_t *page = (uint8_t *)malloc(c->l->db->page_size), *keys = (uint8_t *)malloc(4 * BTREE_BOOKMARK_MAX);
    must(cache_get(c->tree->file, page_no, PAGE_LATCH_SHARED, &ref), "a page of the tree");
    memcpy(page, ref.view.bytes, ref.view.size);
    cache_release(&ref);
    c->pages++;
    if (page_check(page, c->l->db->page_size, page_no, &why) < 0)
        fail_msg("page %u: %s", page_no, why);
    struct page_view view = page_view_trusted(page, c->l->db->page_size, page_no);
    bool is_leaf = page_is_leaf(&view);
    assert_int_equal(page_objid(&view), c->tree->objid);
    assert_int_equal(page_is_root(&view), page_no == c->tree->root);
    struct bounds inner = *bounds;
    for (uint32_t i = 0; i < page_node_count(&view); i++) {
        struct node n = page_node(&view, i);
        struct span key = whole_key(c->tree, &n, is_leaf, keys + (i % 2) * 2 * BTREE_BOOKMARK_MAX);
        bool is_infinite = !is_leaf && node_key_size(&n) == 0;
        if (bounds->has_low && !is_infinite && (is_leaf ? span_compare(key, bounds->low) < 0 : span_compare(key, bounds->low) <= 0))
            fail_msg("page %u line %u is below its parent's bound", page_no, i);
        if (bounds->has_high && (is_infinite || (is_leaf ? span_compare(key, bounds->high) >= 0 : span_compare(key, bounds->high) > 0)) && !(is_infinite && i + 1 == page_node_count(&view)))
            fail_msg("page %u line %u is above its parent's bound", page_no, i);
        if (is_leaf)
            continue;
        if (i + 1 == page_node_count(&view)) {
            inner.high = bounds->high;
            inner.has_high = bounds->has_high;
        } else {
            inner.high = key;
            inner.has_high = true;
        }
        struct node copy = n;
        check_page(c, node_child(&copy), &inner, depth + 1);
        inner.low = key;
        inner.has_low = true;
    }
    if (is_leaf) {
        if (c->leaf_depth >= 0)
            assert_int_equal(depth, c->leaf_depth);
        c->leaf_depth = depth;
        if (page_previous(&view) != c->last_leaf || (c->last_leaf != 0 && c->next_expected != page_no))
            fail_msg("page %u: links %u <- -> %u, but comes after %u (-> %u)", page_no, page_previous(&view), page_next(&view), c->last_leaf, c->next_expected);
        c->last_leaf = page_no;
        c->next_expected = page_next(&view);
    } else {
        assert_true(page_node_count(&view) > 0);
    }
    free(keys);
    free(page);
}

uint32_t live_tree_check(struct live_tree *l, const struct btree *tree)
{
    struct tree_check c = {.l = l, .tree = tree, .leaf_depth = -1};
    const struct bounds none = {.has_low = false, .has_high = false};
    mutex_lock(database_structure_lock(l->db, tree->root)); /* the cleaner may take pages out of the tree at any time */
    check_page(&c, tree->root, &none, 0);
    mutex_unlock(database_structure_lock(l->db, tree->root));
    assert_int_equal(c.next_expected, 0);
    return c.pages;
}

/* --- replay --- */

/* What is known of uncommitted changes. */
struct replay_version {
    uint32_t rceid;
    struct span data; /* owned */
    int64_t delta;
    uint16_t offset;
};

struct replay {
    struct live_tree *l;
    uint8_t *pages;
    uint32_t count, page_size;
    bool in_required_range;
    struct { struct log_record record; uint64_t macro; } *members;
    uint32_t member_count;
    uint64_t open_macros[16];
    uint16_t open_procids[16];
    uint32_t open_count;
    struct replay_version *versions;
    uint32_t version_count, version_room;
    uint64_t records, macros;
};

static uint8_t *page_at(struct replay *r, page_no_t page_no)
{
    if (page_no == 0 || page_no > r->count)
        fail_msg("redo asks for page %u of %u", page_no, r->count);
    return r->pages + (size_t)(page_no - 1) * r->page_size;
}
static JET_ERR get_page(void *context, page_no_t page_no, uint8_t **bytes)
{
    *bytes = page_at((struct replay *)context, page_no);
    return JET_errSuccess;
}
static void release_page(void *context, page_no_t page_no, uint8_t *bytes, bool changed) { (void)context, (void)page_no, (void)bytes, (void)changed; }

static struct replay_version *find_version(struct replay *r, uint32_t rceid)
{
    for (uint32_t i = r->version_count; i-- > 0;) {
        if (r->versions[i].rceid == rceid)
            return &r->versions[i];
    }
    return NULL;
}

static struct replay_version *add_version(struct replay *r, uint32_t rceid, struct span data)
{
    if (r->version_count == r->version_room)
        r->versions = (struct replay_version *)realloc(r->versions, (r->version_room = r->version_room * 2 + 64) * sizeof *r->versions);
    struct replay_version *v = &r->versions[r->version_count++];
    uint8_t *copy = (uint8_t *)malloc(data.size + 1u);
    if (data.size > 0)
        memcpy(copy, data.data, data.size);
    *v = (struct replay_version){.rceid = rceid, .data = {copy, data.size}};
    return v;
}

static JET_ERR before_image(void *context, const struct log_record *record, struct span old)
{
    struct replay *r = (struct replay *)context;
    uint32_t rceid = record->type == LR_FLAG_INSERT_AND_REPLACE ? record->tail.rceid_replace : record->node.rceid;
    if ((record->page.flags & LR_FLAG_VERSIONED) != 0 && find_version(r, rceid) == NULL)
        add_version(r, rceid, old);
    return JET_errSuccess;
}

static JET_ERR undone(void *context, const struct log_record *record, struct redo_undone *out)
{
    struct replay_version *v = find_version((struct replay *)context, record->node.rceid);
    if (v == NULL)
        return JET_errLogCorrupted;
    *out = (struct redo_undone){.data = v->data, .delta = v->delta, .offset = v->offset};
    return JET_errSuccess;
}

static JET_ERR cannot_judge(void *context, page_no_t page_no, JET_ERR fault)
{
    (void)context, (void)page_no, (void)fault;
    return JET_errSuccess;
}

static void note_version(struct replay *r, const struct log_record *record)
{
    if (record->type == LR_UNDO_INFO && find_version(r, record->node.rceid) == NULL)
        add_version(r, record->node.rceid, record->tail.data);
    if ((record->type == LR_DELTA || record->type == LR_DELTA64) && (record->page.flags & LR_FLAG_VERSIONED) != 0) {
        struct replay_version *v = add_version(r, record->node.rceid, span_of(NULL, 0));
        v->delta = record->tail.delta;
        v->offset = record->tail.offset;
    }
}

static void end_macro(struct replay *r, const struct redo_pages *pages, const struct log_record *end, uint32_t index)
{
    struct log_record members[64] = {0};
    uint32_t count = 0, kept = 0;
    for (uint32_t i = 0; i < r->member_count; i++) {
        if (r->members[i].macro == end->dbtime)
            members[count++] = r->members[i].record;
        else
            r->members[kept++] = r->members[i];
    }
    r->member_count = kept;
    r->open_macros[index] = r->open_macros[--r->open_count];
    r->open_procids[index] = r->open_procids[r->open_count];
    if (end->type == LR_MACRO_COMMIT)
        must(redo_macro(pages, members, count), "redo of a macro");
    for (uint32_t i = 0; i < count; i++)
        free((void *)(uintptr_t)members[i].bytes.data);
    r->macros++;
}

static void replay_record(struct replay *r, struct span bytes)
{
    struct log_record record;
    const struct redo_pages pages = {.context = r, .page_size = r->page_size, .in_required_range = r->in_required_range, .get = get_page, .get_new = get_page,
                                     .release = release_page, .cannot_judge = cannot_judge, .before_image = before_image, .undone = undone};
    must(log_record_decode(bytes, &record), "decoding a record");
    r->records++;
    uint32_t open = 0;
    while (open < r->open_count && !(r->open_procids[open] == record.procid && (r->open_macros[open] == record.dbtime)))
        open++;
    switch (record.type) {
    case LR_MACRO_BEGIN:
        r->open_macros[r->open_count] = record.dbtime;
        r->open_procids[r->open_count++] = record.procid;
        return;
    case LR_MACRO_COMMIT:
    case LR_MACRO_ABORT:
        assert_true(open < r->open_count);
        end_macro(r, &pages, &record, open);
        return;
    case LR_UNDO_INFO: note_version(r, &record); return;
    default: break;
    }
    if (open < r->open_count && record.has_page) {
        uint8_t *copy = (uint8_t *)malloc(bytes.size);
        memcpy(copy, bytes.data, bytes.size);
        r->members = realloc(r->members, (r->member_count + 1) * sizeof *r->members);
        r->members[r->member_count].macro = record.dbtime;
        must(log_record_decode(span_of(copy, bytes.size), &r->members[r->member_count++].record), "decoding a member");
        return;
    }
    JET_ERR err = redo_record(&pages, &record);
    if (err < 0)
        fail_msg("redo of %s on page %u, line %u: %d", log_record_name(record.type), record.page.page_no, record.page.line, err);
    note_version(r, &record);
    if (record.type == LR_COMMIT0 && r->version_count > 100000) /* long gone */
        r->version_count = 0;
}

static void replay_log(struct replay *r)
{
    uint32_t tip = log_tip_generation(r->l->log);
    for (uint32_t g = 1; g <= tip; g++) {
        struct log_generation generation;
        struct log_walk walk;
        struct log_record_ref ref;
        JET_ERR err;
        const char *path = g < tip ? text_of("%s/edb%05X.log", r->l->folder, g) : text_of("%s/edb.log", r->l->folder);
        must(log_generation_read(os_fs_posix(), path, &generation), path);
        assert_int_equal(generation.scan.error, 0);
        log_walk_begin(&walk, generation.image, g, generation.scan.last_segment, 0);
        while ((err = log_walk_next(&walk, &ref)) >= 0)
            replay_record(r, ref.bytes);
        assert_int_equal(err, JET_errNoCurrentRecord);
        log_walk_end(&walk);
        log_generation_release(&generation);
    }
    assert_int_equal(r->open_count, 0);
}

/* What a page has that is not logged: checksum, flush type, the promise to rollbacks, marks that a node may have versions. */
static void blank(uint8_t *page, uint32_t size, page_no_t page_no)
{
    if (load_le64(page + 8) == 0)
        return;
    memset(page, 0, 8);
    store_le16(page + 30, 0);
    store_le32(page + 36, load_le32(page + 36) & ~(uint32_t)FLUSH_TYPE_AND_SCRUBBED);
    if (page_is_large(size))
        memset(page + 40, 0, 24);
    struct page_edit e = page_edit_trusted(page, size, page_no);
    struct page_view view = page_edit_view(&e);
    for (uint32_t i = 0; i < page_node_count(&view) && (page_flags(&view) & (PAGE_FLAG_EMPTY | PAGE_FLAG_PREINITIALIZED)) == 0; i++)
        must(page_change_node_flags(&e, i, 0, NODE_FLAG_VERSIONED), "clearing a flag");
    if (view.tag_count > 0) /* such marks stay behind in bytes that are free again */
        must(page_compact(&e), "compacting a page");
}

static uint8_t *copy_pages(struct live_tree *l, uint32_t count)
{
    uint32_t size = l->db->page_size;
    uint8_t *bytes = (uint8_t *)calloc(count, size);
    for (page_no_t p = 1; p <= count; p++) {
        struct page_ref ref;
        if (cache_get(l->db->pages, p, PAGE_LATCH_SHARED, &ref) < 0)
            continue; /* never used */
        memcpy(bytes + (size_t)(p - 1) * size, ref.view.bytes, size);
        cache_release(&ref);
    }
    return bytes;
}

void live_tree_replay(struct live_tree *l, uint64_t keep_seed)
{
    struct replay r = {.l = l, .page_size = l->db->page_size, .count = cache_file_last_page(l->db->pages), .in_required_range = keep_seed != 0};
    uint32_t size = r.page_size;
    must(log_flush_all(l->log), "flushing the log");
    uint8_t *now = copy_pages(l, r.count);
    r.pages = (uint8_t *)calloc(r.count, size);
    for (page_no_t p = 1; keep_seed != 0 && p <= r.count; p++) {
        keep_seed = keep_seed * 6364136223846793005ull + 1442695040888963407ull;
        if ((keep_seed >> 40) % 3 == 0)
            memcpy(page_at(&r, p), now + (size_t)(p - 1) * size, size);
    }
    replay_log(&r);
    for (page_no_t p = 1; p <= r.count; p++) {
        uint8_t *is = page_at(&r, p), *should = now + (size_t)(p - 1) * size;
        blank(is, size, p);
        blank(should, size, p);
        if (memcmp(is, should, size) != 0) {
            uint32_t at = 0;
            while (is[at] == should[at])
                at++;
            struct page_view left = page_view_trusted(is, size, p), right = page_view_trusted(should, size, p);
            for (uint32_t i = 0; i < left.tag_count && i < right.tag_count; i++) {
                unsigned flags[2];
                struct span lines[2] = {page_line(&left, i, &flags[0]), page_line(&right, i, &flags[1])};
                if (flags[0] != flags[1] || !span_equal(lines[0], lines[1]) || lines[0].data - is != lines[1].data - should)
                    print_message("  tag %u: %u bytes at %td, flags %u; should be %u at %td, flags %u\n", i, lines[0].size, lines[0].data - is, flags[0], lines[1].size,
                                  lines[1].data - should, flags[1]);
            }
            fail_msg("page %u differs at byte %u: dbtime %llx, should be %llx", p, at, (unsigned long long)load_le64(is + 8), (unsigned long long)load_le64(should + 8));
        }
    }
    print_message("  replayed %llu records, %llu macros, %u pages%s\n", (unsigned long long)r.records, (unsigned long long)r.macros, r.count,
                  r.in_required_range ? ", some of them there already" : "");
    for (uint32_t i = 0; i < r.version_count; i++)
        free((void *)(uintptr_t)r.versions[i].data.data);
    free(r.versions);
    free(r.members);
    free(r.pages);
    free(now);
}
