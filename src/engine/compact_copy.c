/* The copy of JetCompact: every tree of the catalog, node for node (compact.h, compact.c).
 *
 * Twice through the source: the first time pages are only counted, with the loader that will build them. So every table gets one extent for its rows, indexes and long values,
 * and the file is as long as it has to be. The catalog's own trees begin on fixed pages, with the first extents they always have, and get what they need beyond that at once.
 * They are filled last, when all roots are known. Leaves keep free what the density of table or index asks for, unless that takes more pages than the source has.
 *
 * Untrusted source: roots come from the catalog and are checked by btree/; nodes out of order end the copy.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "btree/load.h"
#include "catalog/catalog.h"
#include "catalog/names.h"
#include "catalog/row.h"
#include "engine/compact.h"
#include "page/root.h"

enum {
    SYSTEM_ROOT = 1, ROOT_PAGES = 3, SMALL_TREE_PAGES_MOST = 32 /* what one free map holds (database-file 6.2) */,
    CATALOG_PAGES = 20, CATALOG_INDEX_PAGES = 3, SHADOW_PAGES = 5, FIRST_FREE_PAGE = CATALOG_SHADOW_ROOT + SHADOW_PAGES,
    SPLIT_ROOM = 4, /* pages a new extent may lose to the extent trees */
    ROW_HEAD = 4, ROW_FIXED_SIZE = 18, ROW_FIXED_LAST = 4, /* of a catalog row: ObjidTable, Type, Id, ColtypOrPgnoFDP */
    PROGRESS_NODES = 4096
};

void compact_release(struct compaction *c)
{
    mem_free(c->trees);
    c->trees = NULL;
    c->count = c->room = 0;
}

static bool is_catalog(const struct compact_tree *tree) { return tree->objid_table == CATALOG_OBJID || tree->objid_table == CATALOG_SHADOW_OBJID; }

/* The catalog's trees with fixed roots. */
static bool is_fixed(const struct compact_tree *tree)
{
    return is_catalog(tree) && (tree->type == CATALOG_ROW_TABLE || (tree->type == CATALOG_ROW_INDEX && (tree->root == CATALOG_NAME_ROOT || tree->root == CATALOG_TABLES_ROOT)));
}

static uint32_t fixed_pages(const struct compact_tree *tree)
{
    return tree->type == CATALOG_ROW_INDEX ? (uint32_t)CATALOG_INDEX_PAGES : tree->objid == CATALOG_OBJID ? (uint32_t)CATALOG_PAGES : (uint32_t)SHADOW_PAGES;
}

/* --- the nodes of the source --- */

struct node_source {
    struct btree tree;
    struct btree_cursor cursor;
    uint8_t *data; /* of the node, a page: owned */
    uint32_t data_room;
    bool has_begun;
};

static JET_ERR source_open(struct compaction *c, const struct compact_tree *tree, struct node_source *out)
{
    JET_ERR err = JET_errSuccess;
    *out = (struct node_source){.data = (uint8_t *)mem_alloc(c->source->page_size), .data_room = c->source->page_size};
    if (out->data == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(btree_open(c->source->pages, tree->root, tree->objid, &out->tree));
    TRY(btree_cursor_open(&out->tree, &out->cursor));
    btree_cursor_set_reader(&out->cursor, &c->transaction);
done:
    return err;
}

static void source_close(struct node_source *s)
{
    btree_cursor_close(&s->cursor);
    mem_free(s->data);
}

/* The data of the node under the cursor, copied, since nothing may be latched where pages are taken from space. */
static JET_ERR source_copy(struct node_source *s, struct span *data)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    TRY(btree_cursor_get(&s->cursor, &node));
    if (node.data.size > s->data_room)
        RAISE(JET_errDatabaseCorrupted);
    if (node.data.size > 0)
        memcpy(s->data, node.data.data, node.data.size);
    *data = span_of(s->data, node.data.size);
done:
    btree_cursor_release(&s->cursor);
    return err;
}

/* JET_errNoCurrentRecord at the end. */
static JET_ERR source_next(struct node_source *s, struct span *data)
{
    JET_ERR err = JET_errSuccess;
    TRY(s->has_begun ? btree_next(&s->cursor) : btree_first(&s->cursor));
    s->has_begun = true;
    TRY(source_copy(s, data));
done:
    return err;
}

/* --- the list --- */

static JET_ERR add_tree(struct compaction *c, const struct compact_tree *tree)
{
    JET_ERR err = JET_errSuccess;
    if (c->count == c->room) {
        uint32_t room = c->room == 0 ? 64 : 2 * c->room;
        struct compact_tree *more = (struct compact_tree *)mem_resize(c->trees, (size_t)room * sizeof *more);
        if (more == NULL)
            RAISE(JET_errOutOfMemory);
        c->trees = more;
        c->room = room;
    }
    c->trees[c->count++] = *tree;
done:
    return err;
}

static uint32_t reserve_of(const struct compaction *c, uint32_t density)
{
    return density >= 20 && density < 100 ? c->source->page_size / 100 * (100 - density) : 0;
}

static JET_ERR list_row(struct compaction *c, struct span record)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_row row = {0};
    TRY(catalog_row_decode(record, c->source->page_size, NULL, &row));
    bool is_table = row.type == CATALOG_ROW_TABLE;
    if (!is_table && row.type != CATALOG_ROW_LONG_VALUE && (row.type != CATALOG_ROW_INDEX || row.id == row.objid_table))
        goto done;
    struct compact_tree tree = {.objid_table = row.objid_table, .objid = row.id, .type = (uint16_t)row.type, .root = row.type_or_root, .reserve = reserve_of(c, row.space_usage),
                                .hint = is_table ? row.pages_or_locale : 0};
    if (is_table && row.id != row.objid_table)
        RAISE(JET_errCatalogCorrupted);
    if (!is_table && (c->count == 0 || c->trees[c->count - 1].objid_table != row.objid_table)) /* of no table */
        RAISE(JET_errCatalogCorrupted);
    TRY(add_tree(c, &tree));
done:
    catalog_row_free(&row);
    return err;
}

static JET_ERR list_trees(struct compaction *c)
{
    JET_ERR err = JET_errSuccess;
    const struct compact_tree catalog = {.objid = CATALOG_OBJID, .root = CATALOG_ROOT};
    struct node_source source;
    struct span record;
    TRY(source_open(c, &catalog, &source));
    while ((err = source_next(&source, &record)) >= 0)
        TRY(list_row(c, record));
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
    if (err >= 0 && (c->count == 0 || c->trees[0].objid != CATALOG_OBJID || c->trees[0].root != CATALOG_ROOT))
        RAISE(JET_errCatalogCorrupted);
done:
    source_close(&source);
    return err;
}

/* --- measuring --- */

static uint32_t root_header_size(const struct compact_tree *tree)
{
    uint8_t header[SPACE_HEADER_SIZE_MAX];
    return space_header_encode(&tree->header, header);
}

static JET_ERR count_pages(struct compaction *c, struct compact_tree *tree)
{
    JET_ERR err = JET_errSuccess;
    struct btree_loader *loader = NULL;
    struct node_source source;
    struct span data;
    TRY(source_open(c, tree, &source));
    const struct btree_loader_config config = {.page_size = c->source->page_size, .root_header_size = root_header_size(tree), .reserve = tree->reserve,
                                               .is_unique = source.tree.is_unique};
    TRY(btree_loader_create(&config, &loader));
    tree->nodes = tree->bytes = 0;
    while ((err = source_next(&source, &data)) >= 0) {
        TRY(btree_loader_add(loader, btree_cursor_key(&source.cursor), data));
        tree->nodes++;
        tree->bytes += data.size;
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
    TRY(err);
    TRY(btree_loader_finish(loader, &tree->pages));
done:
    source_close(&source);
    btree_loader_destroy(loader);
    return err;
}

static JET_ERR measure(struct compaction *c, struct compact_tree *tree)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref root = {.frame = NULL};
    uint32_t children = 0;
    TRY(space_header_read(c->source->pages, tree->root, &tree->header));
    TRY(cache_get(c->source->pages, tree->root, PAGE_LATCH_SHARED, &root));
    tree->page_flags = page_flags(&root.view) & (PAGE_FLAG_INDEX | PAGE_FLAG_LONG_VALUE | PAGE_FLAG_NON_UNIQUE);
    cache_release(&root);
    TRY(space_count(c->source->pages, tree->root, &tree->owned, &tree->available));
    TRY(count_pages(c, tree));
    if (tree->type == CATALOG_ROW_TABLE) {
        for (const struct compact_tree *next = tree + 1; next < c->trees + c->count && next->objid_table == tree->objid_table; next++)
            children += next->owned;
    }
    uint32_t used = tree->owned - tree->available;
    if (tree->reserve > 0 && tree->pages > (used > children ? used - children : 0)) {
        tree->reserve = 0;
        TRY(count_pages(c, tree));
    }
done:
    cache_release(&root);
    return err;
}

/* Pages a tree of its own takes, extent trees included. */
static uint32_t tree_pages(uint32_t pages) { return pages > SMALL_TREE_PAGES_MOST ? pages + ROOT_PAGES - 1 : pages; }

static uint32_t end_of_table(const struct compaction *c, uint32_t first)
{
    uint32_t i = first + 1;
    while (i < c->count && c->trees[i].objid_table == c->trees[first].objid_table)
        i++;
    return i;
}

/* What the table beginning in the list at `first` takes with all its trees; of the catalog, what it takes beyond its first extent. */
static uint64_t table_pages(const struct compaction *c, uint32_t first)
{
    const struct compact_tree *table = &c->trees[first];
    uint64_t pages = table->pages;
    for (uint32_t i = first + 1; i < end_of_table(c, first); i++) {
        const struct compact_tree *tree = &c->trees[i];
        pages += !is_fixed(tree) ? tree_pages(tree->pages) : tree->pages > 1 ? tree->pages - 1 + CATALOG_INDEX_PAGES + SPLIT_ROOM : CATALOG_INDEX_PAGES;
    }
    if (is_catalog(table)) {
        pages += ROOT_PAGES - 1;
        return pages > fixed_pages(table) ? pages - fixed_pages(table) + SPLIT_ROOM : 0;
    }
    uint32_t hint = table->hint < table->owned ? table->hint : table->owned;
    if (pages < hint)
        pages = hint;
    return pages > SMALL_TREE_PAGES_MOST ? pages + ROOT_PAGES - 1 : pages;
}

JET_ERR compact_measure(struct compaction *c, uint32_t *pages)
{
    JET_ERR err = JET_errSuccess;
    uint64_t all = FIRST_FREE_PAGE - 1;
    TRY(space_count(c->source->pages, SYSTEM_ROOT, &c->report->source_pages, &c->report->source_available));
    TRY(list_trees(c));
    for (uint32_t i = c->count; i-- > 0;) /* tables behind their trees: they own them */
        TRY(measure(c, &c->trees[i]));
    for (uint32_t i = 0; i < c->count; i = end_of_table(c, i)) {
        if (c->trees[i].type != CATALOG_ROW_TABLE)
            RAISE(JET_errCatalogCorrupted);
        all += table_pages(c, i);
    }
    uint32_t least = database_initial_pages(c->source->page_size, 0);
    if (all > PAGE_NO_MAX)
        RAISE(JET_errOutOfDatabaseSpace);
    *pages = all < least ? least : (uint32_t)all;
    c->units_total = c->report->source_pages - c->report->source_available;
done:
    return err;
}

/* --- making trees --- */

static JET_ERR make_tree(struct compaction *c, struct compact_tree *tree, page_no_t parent, uint32_t pages)
{
    JET_ERR err = JET_errSuccess;
    struct btree made;
    uint8_t header[SPACE_HEADER_SIZE_MAX];
    page_no_t fixed = is_fixed(tree) ? tree->root : 0;
    TRY(space_create_tree(&c->transaction, c->target, parent, pages, fixed != 0 || pages > SMALL_TREE_PAGES_MOST, tree->page_flags, tree->objid, fixed, &tree->new_root));
    if (!tree->header.has_autoincrement)
        goto done;
    TRY(btree_open_writable(c->target, tree->new_root, tree->objid, &made));
    struct space_header now;
    TRY(space_header_read(c->target->pages, tree->new_root, &now));
    now.has_autoincrement = true;
    now.autoincrement = tree->header.autoincrement;
    TRY(btree_set_root_header(&c->transaction, &made, span_of(header, space_header_encode(&now, header))));
done:
    return err;
}

static JET_ERR make_catalog(struct compaction *c)
{
    JET_ERR err = JET_errSuccess;
    bool has_shadow = (c->target->header.flags & DB_HEADER_FLAG_SHADOW_CATALOG_DISABLED) == 0;
    for (uint32_t i = 0; i < c->count && is_catalog(&c->trees[i]); i++) {
        struct compact_tree *tree = &c->trees[i];
        if (!is_fixed(tree))
            continue;
        bool is_table = tree->type == CATALOG_ROW_TABLE, is_shadow = tree->objid == CATALOG_SHADOW_OBJID;
        if (is_table && (tree->root != (is_shadow ? (uint32_t)CATALOG_SHADOW_ROOT : (uint32_t)CATALOG_ROOT) || (is_shadow && !has_shadow)))
            RAISE(JET_errCatalogCorrupted);
        if (!is_table && tree->objid_table != CATALOG_OBJID)
            RAISE(JET_errCatalogCorrupted);
        TRY(make_tree(c, tree, is_table ? (uint32_t)SYSTEM_ROOT : (uint32_t)CATALOG_ROOT, fixed_pages(tree)));
    }
done:
    return err;
}

/* --- filling --- */

static struct compact_tree *find_tree(const struct compaction *c, uint32_t objid_table, uint32_t type, uint32_t objid)
{
    uint32_t low = 0, high = c->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct compact_tree *t = &c->trees[middle];
        bool is_before = t->objid_table != objid_table ? t->objid_table < objid_table : t->type != type ? t->type < type : t->objid < objid;
        if (is_before)
            low = middle + 1;
        else
            high = middle;
    }
    struct compact_tree *found = low < c->count ? &c->trees[low] : NULL;
    return found != NULL && found->objid_table == objid_table && found->type == type && found->objid == objid ? found : NULL;
}

/* A row of the catalog gets the new root of what it describes. */
static JET_ERR set_new_root(const struct compaction *c, uint8_t *record, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    if (size < ROW_FIXED_SIZE || record[0] < ROW_FIXED_LAST)
        RAISE(JET_errCatalogCorrupted);
    uint32_t objid_table = load_le32(record + ROW_HEAD), type = load_le16(record + ROW_HEAD + 4), id = load_le32(record + ROW_HEAD + 6);
    if (type != CATALOG_ROW_TABLE && type != CATALOG_ROW_INDEX && type != CATALOG_ROW_LONG_VALUE)
        goto done;
    const struct compact_tree *tree = id == objid_table ? find_tree(c, objid_table, CATALOG_ROW_TABLE, objid_table) : find_tree(c, objid_table, type, id);
    if (tree == NULL) /* a shadow that does not agree with the catalog */
        RAISE(JET_errCatalogCorrupted);
    store_le32(record + ROW_HEAD + 10, tree->new_root);
done:
    return err;
}

static JET_ERR tell_progress(struct compaction *c, uint32_t done)
{
    JET_ERR err = JET_errSuccess;
    if (c->options->progress == NULL)
        return JET_errSuccess;
    if (done > c->units_total)
        done = c->units_total;
    if (done > c->units_done)
        c->units_done = done;
    engine_callback_begin(c->session);
    err = c->options->progress(c->options->context, c->units_done, c->units_total);
    engine_callback_end(c->session);
    return err;
}

static JET_ERR fill_from(struct compaction *c, const struct compact_tree *tree, struct node_source *source, struct btree_loader *loader)
{
    JET_ERR err = JET_errSuccess;
    struct span data;
    uint32_t units_before = c->units_done, units = tree->type == CATALOG_ROW_TABLE ? 0 : tree->owned - tree->available;
    bool is_rows_of_catalog = is_catalog(tree) && tree->type == CATALOG_ROW_TABLE;
    uint64_t done = 0;
    while ((err = source_next(source, &data)) >= 0) {
        if (is_rows_of_catalog)
            TRY(set_new_root(c, source->data, data.size));
        TRY(btree_loader_add(loader, btree_cursor_key(&source->cursor), data));
        if (++done % PROGRESS_NODES == 0)
            TRY(tell_progress(c, units_before + (uint32_t)(units * done / (tree->nodes > done ? tree->nodes : done))));
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    return err;
}

static JET_ERR fill(struct compaction *c, const struct compact_tree *tree)
{
    JET_ERR err = JET_errSuccess;
    struct node_source source;
    struct btree_loader *loader = NULL;
    struct btree target;
    uint32_t pages;
    TRY(source_open(c, tree, &source));
    TRY(btree_open_writable(c->target, tree->new_root, tree->objid, &target));
    const struct btree_loader_config config = {.t = &c->transaction, .tree = &target, .page_size = c->source->page_size, .root_header_size = root_header_size(tree),
                                               .reserve = tree->reserve, .is_unique = target.is_unique};
    TRY(btree_loader_create(&config, &loader));
    TRY(fill_from(c, tree, &source, loader));
    TRY(btree_loader_finish(loader, &pages));
done:
    source_close(&source);
    btree_loader_destroy(loader);
    return err;
}

/* --- tables --- */

static JET_ERR find_name(struct compaction *c, const struct compact_tree *table, char name[3 * UINT8_MAX + 1])
{
    JET_ERR err = JET_errSuccess;
    const struct compact_tree catalog = {.objid = CATALOG_OBJID, .root = CATALOG_ROOT};
    struct node_source source;
    struct span record;
    struct catalog_row row = {0};
    uint8_t key[CATALOG_KEY_SIZE];
    TRY(source_open(c, &catalog, &source));
    TRY(btree_seek(&source.cursor, span_of(key, catalog_row_key(table->objid, CATALOG_ROW_TABLE, table->objid, key)), BTREE_SEEK_EQ));
    TRY(source_copy(&source, &record));
    TRY(catalog_row_decode(record, c->source->page_size, NULL, &row));
    if (row.name.size > UINT8_MAX)
        RAISE(JET_errCatalogCorrupted);
    name_from_1252(row.name, name);
done:
    catalog_row_free(&row);
    source_close(&source);
    return err;
}

static JET_ERR tell_table(struct compaction *c, uint32_t first)
{
    JET_ERR err = JET_errSuccess;
    const struct compact_tree *table = &c->trees[first];
    char name[3 * UINT8_MAX + 1];
    struct compact_table told = {.name = name, .pages_owned = table->owned, .pages_available = table->available, .rows = table->nodes, .row_bytes = table->bytes, .pages = table->pages};
    if (c->options->table == NULL)
        goto done;
    for (uint32_t i = first + 1; i < end_of_table(c, first); i++) {
        const struct compact_tree *tree = &c->trees[i];
        told.pages_available += tree->available;
        if (tree->type == CATALOG_ROW_LONG_VALUE) {
            told.long_value_bytes += tree->bytes;
            told.long_value_pages += tree->pages;
        } else {
            told.indexes++;
        }
    }
    TRY(find_name(c, table, name));
    err = c->options->table(c->options->context, &told);
done:
    return err;
}

static JET_ERR copy_table(struct compaction *c, uint32_t first)
{
    JET_ERR err = JET_errSuccess;
    struct compact_tree *table = &c->trees[first];
    TRY(make_tree(c, table, SYSTEM_ROOT, (uint32_t)table_pages(c, first)));
    TRY(fill(c, table));
    for (uint32_t i = first + 1; i < end_of_table(c, first); i++) {
        struct compact_tree *tree = &c->trees[i];
        TRY(make_tree(c, tree, table->new_root, tree_pages(tree->pages)));
        TRY(fill(c, tree));
    }
done:
    return err;
}

/* Extents beyond the first, and the contents. The trees of long values are made before: the rows name them. */
static JET_ERR copy_catalog(struct compaction *c, uint32_t first)
{
    JET_ERR err = JET_errSuccess;
    struct compact_tree *table = &c->trees[first];
    uint32_t more = (uint32_t)table_pages(c, first);
    struct btree tree;
    if (more > 0) {
        TRY(btree_open_writable(c->target, table->new_root, table->objid, &tree));
        TRY(space_reserve(&c->transaction, &tree, more));
    }
    for (uint32_t i = first + 1; i < end_of_table(c, first); i++) {
        struct compact_tree *child = &c->trees[i];
        if (!is_fixed(child)) {
            TRY(make_tree(c, child, table->new_root, tree_pages(child->pages)));
        } else if (child->pages > 1) {
            TRY(btree_open_writable(c->target, child->new_root, child->objid, &tree));
            TRY(space_reserve(&c->transaction, &tree, child->pages - 1));
        }
    }
    for (uint32_t i = first; i < end_of_table(c, first); i++)
        TRY(fill(c, &c->trees[i]));
done:
    return err;
}

JET_ERR compact_copy(struct compaction *c, uint32_t pages)
{
    JET_ERR err = JET_errSuccess;
    uint32_t first_table = 0;
    TRY(space_create_root(&c->transaction, c->target, pages));
    TRY(make_catalog(c));
    c->units_done = CATALOG_PAGES < c->units_total ? (uint32_t)CATALOG_PAGES : c->units_total;
    TRY(tell_progress(c, 0));
    while (first_table < c->count && is_catalog(&c->trees[first_table]))
        first_table++;
    for (uint32_t i = first_table; i < c->count; i = end_of_table(c, i)) {
        uint32_t before = c->units_done;
        TRY(copy_table(c, i));
        TRY(tell_table(c, i));
        TRY(tell_progress(c, before + c->trees[i].owned));
    }
    for (uint32_t i = 0; i < first_table; i = end_of_table(c, i))
        TRY(copy_catalog(c, i));
    TRY(tell_progress(c, c->units_total));
done:
    return err;
}
