/* Every tree of every Windows database of the shared data (and of the original engine's), walked in both directions and compared with what
 * an independent reader found: rows, entries, deleted nodes, long values, the digest of each secondary index; and each tree's pages against
 * the extents it owns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "btree/btree.h"
#include "expectations.h"
#include "shared_data.h"

enum { DEPTH_MAX = 8 };

struct database {
    const char *name; /* set/file */
    struct os_file *file;
    struct cache *cache;
    struct cache_file *pages;
    bool is_damaged; /* the independent reader met damage too */
    uint8_t *owner;  /* per page: what has claimed it while one tree is looked at */
    page_no_t last_page;
};

/* What was compared, so that a test that met nothing cannot pass. */
static struct {
    unsigned databases, trees, digests, small_trees, large_trees, damaged_trees;
    uint64_t entries, pages;
} seen;

enum owner { NOBODY, OWNED, IN_TREE, AVAILABLE, RESERVED, IN_SPACE_TREE };

/* --- opening --- */

static void open_file(struct database *db, const char *relative)
{
    const char *path = text_of("%s/db", make_scratch_folder("trees"));
    uint8_t header[240];
    copy_shared_file(relative, path);
    *db = (struct database){.name = relative};
    assert_int_equal(os_file_open(os_fs_posix(), path, OS_OPEN_READ, &db->file), JET_errSuccess);
    assert_int_equal(os_file_read(db->file, 0, header, sizeof header), JET_errSuccess);
    struct cache_config config = {.page_size = load_le32(header + 236), .bytes_min = 1 << 20, .bytes_max = 4 << 20};
    assert_int_equal(cache_create(&config, &db->cache), JET_errSuccess);
    struct cache_file_config file_config = {.file = db->file};
    assert_int_equal(cache_file_attach(db->cache, &file_config, &db->pages), JET_errSuccess);
    db->last_page = cache_file_last_page(db->pages);
    db->owner = test_calloc(db->last_page + 1, 1);
    seen.databases++;
    unlink(path);
}

static void open_database(struct database *db, const struct shared_file *expectation)
{
    open_file(db, windows_database_path(expectation->set, expectation->name));
    db->is_damaged = access(text_of("%s/windows/%s/expected/%s.notes.txt", shared_data_dir(), expectation->set, expectation->name), R_OK) == 0;
}

static void close_database(struct database *db)
{
    struct cache_statistics statistics;
    cache_get_statistics(db->cache, &statistics);
    assert_int_equal(statistics.pinned, 0);
    cache_file_detach(db->pages);
    cache_destroy(db->cache);
    os_file_close(db->file);
    test_free(db->owner);
}

/* --- tables of expectations --- */

static void for_each_line(const char *path, struct database *db, void (*check)(struct database *db, const char *const *fields))
{
    struct expectations lines;
    const char *fields[EXPECTATION_FIELDS_MAX];
    if (!expectations_open(path, true, &lines))
        fail_msg("cannot read %s", path);
    while (expectations_next_fields(&lines, fields))
        check(db, fields);
    expectations_close(&lines);
}

static uint32_t number(const char *text) { return (uint32_t)strtoul(text, NULL, 10); }

/* --- one tree --- */

struct findings {
    uint64_t forward, backward, first_size_keys;
    char digest[65];
};

/* Forward with digest, then backward. */
static JET_ERR walk_both_ways(const struct btree *tree, struct findings *out)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor cursor;
    struct sha256 digest;
    struct node node;
    uint32_t first_size = 0;
    *out = (struct findings){.forward = 0};
    sha256_init(&digest);
    TRY(btree_cursor_open(tree, &cursor));
    while ((err = btree_next(&cursor)) >= 0) {
        TRY(btree_cursor_get(&cursor, &node));
        sha256_add_entry(&digest, btree_cursor_key(&cursor), node.data);
        if (out->forward++ == 0)
            first_size = node_key_size(&node);
        out->first_size_keys += node_key_size(&node) == first_size;
        btree_cursor_release(&cursor);
    }
    sha256_finish_text(&digest, out->digest);
    if (err != JET_errNoCurrentRecord)
        goto done;
    while ((err = btree_previous(&cursor)) >= 0)
        out->backward++;
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    return err;
}

/* Some nodes of the scan are found again by bookmark and by key. */
static void find_some_again(const struct btree *tree, uint64_t entries)
{
    struct btree_cursor scan, other;
    assert_int_equal(btree_cursor_open(tree, &scan), JET_errSuccess);
    assert_int_equal(btree_cursor_open(tree, &other), JET_errSuccess);
    uint64_t every = entries / 200 + 1;
    for (uint64_t i = 0; btree_next(&scan) >= 0; i++) {
        if (i % every != 0)
            continue;
        struct span key = btree_cursor_key(&scan), data = span_of(scan.bookmark + scan.key_size, scan.data_size);
        assert_int_equal(btree_seek_bookmark(&other, key, data), JET_errSuccess);
        assert_int_equal(other.page_no, scan.page_no);
        assert_int_equal(other.line, scan.line);
        assert_int_equal(btree_seek(&other, key, BTREE_SEEK_EQ), JET_errSuccess);
        assert_true(span_equal(btree_cursor_key(&other), key));
        assert_int_equal(btree_seek(&other, key, BTREE_SEEK_LE), JET_errSuccess);
        assert_true(span_equal(btree_cursor_key(&other), key));
        JET_ERR err = btree_seek(&other, key, BTREE_SEEK_GT);
        if (err >= 0)
            assert_true(span_compare(btree_cursor_key(&other), key) > 0);
        else
            assert_int_equal(err, JET_errRecordNotFound);
    }
    btree_cursor_close(&other);
    btree_cursor_close(&scan);
}

/* --- pages and space --- */

struct page_walk {
    struct database *db;
    enum owner mark;
    uint64_t deleted, pages;
    uint64_t not_owned;
};

/* All pages below page_no, marked in db->owner. Recursion by the test itself: independent of the cursor's way. */
static JET_ERR walk_pages(struct page_walk *walk, page_no_t page_no, unsigned depth)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {0};
    assert_in_range(depth, 0, DEPTH_MAX);
    TRY(cache_get(walk->db->pages, page_no, PAGE_LATCH_SHARED, &ref));
    walk->pages++;
    walk->not_owned += walk->db->owner[page_no] != OWNED;
    walk->db->owner[page_no] = (uint8_t)walk->mark;
    uint32_t count = page_node_count(&ref.view);
    bool is_leaf = page_is_leaf(&ref.view);
    page_no_t children[4096];
    for (uint32_t i = 0; i < count; i++) {
        struct node node = page_node(&ref.view, i);
        if (is_leaf)
            walk->deleted += (node.flags & NODE_FLAG_DELETED) != 0;
        else
            children[i] = node_child(&node);
    }
    cache_release(&ref);
    for (uint32_t i = 0; !is_leaf && i < count; i++)
        TRY(walk_pages(walk, children[i], depth + 1));
done:
    cache_release(&ref);
    return err;
}

static JET_ERR mark_extent(struct database *db, struct extent extent, enum owner from, enum owner to)
{
    for (uint32_t i = 0; i < extent.count; i++) {
        page_no_t page_no = extent.first + i;
        if (page_no > db->last_page)
            fail_msg("%s: extent %u+%u past the end", db->name, extent.first, extent.count);
        if (db->owner[page_no] != from)
            fail_msg("%s: page %u is %d and should become %d", db->name, page_no, db->owner[page_no], to);
        db->owner[page_no] = (uint8_t)to;
    }
    return JET_errSuccess;
}

static JET_ERR mark_owned(void *context, struct extent extent) { return mark_extent(context, extent, NOBODY, OWNED); }
static JET_ERR mark_reserved(void *context, struct extent extent) { return mark_extent(context, extent, OWNED, RESERVED); }

static JET_ERR mark_available(void *context, struct extent extent, uint32_t pool)
{
    return pool == SPACE_POOL_SHELVED ? JET_errSuccess : mark_extent(context, extent, OWNED, AVAILABLE);
}

/* The tree's pages, its space trees, its free and reserved pages: all owned, none twice. Without children nothing remains. */
static JET_ERR check_space(struct database *db, page_no_t root, bool has_children, uint64_t *deleted)
{
    JET_ERR err = JET_errSuccess;
    struct space_header header;
    uint32_t owned, available, used = 0, left = 0;
    struct page_walk walk = {.db = db, .mark = IN_TREE}, space_walk = {.db = db, .mark = IN_SPACE_TREE};
    memset(db->owner, NOBODY, db->last_page + 1);
    TRY(space_owned(db->pages, root, mark_owned, db));
    TRY(walk_pages(&walk, root, 0));
    TRY(space_header_read(db->pages, root, &header));
    bool is_large = (header.flags & SPACE_FLAG_MULTIPLE_EXTENTS) != 0;
    if (is_large) {
        TRY(walk_pages(&space_walk, header.free_map_or_owned_root, 0));
        TRY(walk_pages(&space_walk, header.free_map_or_owned_root + 1, 0));
    }
    if (walk.not_owned + space_walk.not_owned > 0)
        fail_msg("%s: root %u: %u pages of the tree, %u of its space trees are not in its owned extents", db->name, root,
                 (unsigned)walk.not_owned, (unsigned)space_walk.not_owned);
    TRY(space_available(db->pages, root, mark_available, db));
    TRY(space_reserved(db->pages, root, mark_reserved, db));
    TRY(space_count(db->pages, root, &owned, &available));
    for (page_no_t p = 1; p <= db->last_page; p++) {
        used += db->owner[p] == IN_TREE || db->owner[p] == IN_SPACE_TREE || db->owner[p] == RESERVED;
        left += db->owner[p] == OWNED;
    }
    assert_int_equal(owned, used + available + left);
    if (!has_children && left > 0)
        fail_msg("%s: root %u: %u owned pages are neither used nor free", db->name, root, left);
    *deleted = walk.deleted;
    seen.pages += walk.pages + space_walk.pages;
    if (is_large)
        seen.large_trees++;
    else
        seen.small_trees++;
done:
    return err;
}

/* Damage may stop a walk only where the independent reader met damage too, and only with an error that says so. */
static bool stopped_by_damage(const struct database *db, page_no_t root, JET_ERR err)
{
    if (err >= 0)
        return false;
    bool is_damage = err == JET_errReadVerifyFailure || err == JET_errPageNotInitialized || err == JET_errDatabaseCorrupted ||
                     err == JET_errBadPageLink || err == JET_errBadParentPageLink || err == JET_errReadPgnoVerifyFailure ||
                     err == JET_errSPAvailExtCorrupted || err == JET_errSPOwnExtCorrupted || err == JET_errFileIOBeyondEOF;
    if (!db->is_damaged || !is_damage)
        fail_msg("%s: root %u: %s", db->name, root, error_name(err));
    seen.damaged_trees++;
    return true;
}

/* Walks the tree at root; false when damage stopped it. */
static bool check_tree(struct database *db, page_no_t root, uint32_t objid, bool has_children, struct findings *findings, uint64_t *deleted)
{
    struct btree tree;
    if (stopped_by_damage(db, root, btree_open(db->pages, root, objid, &tree)) ||
        stopped_by_damage(db, root, walk_both_ways(&tree, findings)) ||
        stopped_by_damage(db, root, check_space(db, root, has_children, deleted)))
        return false;
    seen.trees++;
    seen.entries += findings->forward;
    if (findings->forward != findings->backward)
        fail_msg("%s: root %u: %u nodes forward, %u backward", db->name, root, (unsigned)findings->forward, (unsigned)findings->backward);
    find_some_again(&tree, findings->forward);
    return true;
}

static void expect(const struct database *db, const char *what, const char *name, uint64_t found, const char *expected)
{
    if (found != strtoull(expected, NULL, 10))
        fail_msg("%s: %s: %s is %llu, expected %s", db->name, name, what, (unsigned long long)found, expected);
}

/* table objid pgnoFDP flags template rows flag_deleted_nodes lv_pgnoFDP lv_count rows_sha256 */
static void check_table(struct database *db, const char *const *field)
{
    struct findings findings;
    uint64_t deleted;
    if (check_tree(db, number(field[2]), number(field[1]), true, &findings, &deleted)) {
        expect(db, "rows", field[0], findings.forward, field[5]);
        expect(db, "deleted nodes", field[0], deleted, field[6]);
    }
    if (field[7][0] != 0 && check_tree(db, number(field[7]), 0, false, &findings, &deleted))
        expect(db, "long values", field[0], findings.first_size_keys, field[8]);
}

/* table index objid pgnoFDP flags locale lcmapflags primary entries flag_deleted_nodes entries_sha256 */
static void check_index(struct database *db, const char *const *field)
{
    struct findings findings;
    uint64_t deleted;
    const char *name = text_of("%s.%s", field[0], field[1]);
    bool is_primary = strcmp(field[7], "1") == 0;
    if (!check_tree(db, number(field[3]), number(field[2]), is_primary, &findings, &deleted))
        return;
    expect(db, "entries", name, findings.forward, field[8]);
    if (!is_primary) /* a table's own tree: counted in tables.tsv */
        expect(db, "deleted entries", name, deleted, field[9]);
    if (field[10][0] == 0)
        return;
    if (strcmp(findings.digest, field[10]) != 0)
        fail_msg("%s: %s: digest %s, expected %s", db->name, name, findings.digest, field[10]);
    seen.digests++;
}

static void check_database(void *context, const struct shared_file *expectation)
{
    struct database db;
    const char *folder = text_of("windows/%s/expected", expectation->set);
    (void)context;
    open_database(&db, expectation);
    for_each_line(text_of("%s/%s.tables.tsv", folder, expectation->name), &db, check_table);
    for_each_line(expectation->path, &db, check_index);
    close_database(&db);
}

static void every_tree_of_every_windows_database_is_as_the_independent_reader_saw_it(void **state)
{
    (void)state;
    require_shared_data();
    visit_shared_files("windows", "expected", ".indexes.tsv", check_database, NULL);
    print_message("%u databases, %u trees (%u small, %u with extent trees, %u damaged), %llu entries, %llu pages, %u digests\n",
                  seen.databases, seen.trees, seen.small_trees, seen.large_trees, seen.damaged_trees, (unsigned long long)seen.entries,
                  (unsigned long long)seen.pages, seen.digests);
    assert_true(seen.databases > 30);
    assert_true(seen.digests > 100);
    assert_true(seen.small_trees > 10 && seen.large_trees > 10);
}

/* Page 1 owns the file: all pages of all trees of the file are in its extents. */
static void check_root_space(void *context, const struct shared_file *expectation)
{
    struct database db;
    uint64_t deleted;
    (void)context;
    open_database(&db, expectation);
    (void)stopped_by_damage(&db, 1, check_space(&db, 1, true, &deleted));
    close_database(&db);
}

static void the_space_of_the_whole_file_adds_up(void **state)
{
    (void)state;
    require_shared_data();
    visit_shared_files("windows", "expected", ".indexes.tsv", check_root_space, NULL);
}

/* --- files of the original engine: every tree its catalog names --- */

static uint32_t json_number(const char *line, const char *name)
{
    const char *at = strstr(line, text_of("\"%s\": ", name));
    return at == NULL ? 0 : number(at + strlen(name) + 4);
}

static void check_engine_file(void *context, const struct shared_file *catalog)
{
    enum { TABLE = 1, INDEX = 3, LONG_VALUES = 4 };
    struct database db;
    struct findings findings;
    uint64_t deleted;
    uint32_t table_root = 0;
    char *line;
    struct expectations rows;
    (void)context;
    assert_true(expectations_open(catalog->path, false, &rows));
    open_file(&db, text_of("engine/%s/%s.edb", catalog->set, catalog->name));
    assert_true(check_tree(&db, 1, 1, true, &findings, &deleted));
    while ((line = expectations_next(&rows)) != NULL) {
        uint32_t type = json_number(line, "Type"), root = json_number(line, "ColtypOrPgnoFDP");
        if (type == TABLE)
            table_root = root;
        if ((type != TABLE && type != INDEX && type != LONG_VALUES) || (type == INDEX && root == table_root))
            continue;
        assert_true(check_tree(&db, root, json_number(line, "Id"), type == TABLE, &findings, &deleted));
    }
    expectations_close(&rows);
    close_database(&db);
}

static void every_tree_of_the_original_engine_s_files_walks_both_ways_and_its_space_adds_up(void **state)
{
    (void)state;
    require_shared_data();
    unsigned trees_before = seen.trees;
    visit_shared_files("engine", "", ".catalog.json", check_engine_file, NULL);
    print_message("%u trees\n", seen.trees - trees_before);
    assert_true(seen.trees - trees_before > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tree_of_every_windows_database_is_as_the_independent_reader_saw_it),
        cmocka_unit_test(the_space_of_the_whole_file_adds_up),
        cmocka_unit_test(every_tree_of_the_original_engine_s_files_walks_both_ways_and_its_space_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
