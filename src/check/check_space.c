/* Space: which pages an object owns, which of them are free, and that nothing is in two places (database-file 6).
 *
 * The idea: owners form a stack (file, table, index or long values). An object's owned extents are claimed from the owner above it page by
 * page; a claim that meets a page given away before, or free above, is a finding and ends the extent, so that every page is claimed at most
 * once per level and hostile extents cost no more than the file has pages. When the object is done, its sets are compared word by word:
 * owned = given to children + available + used by its own trees, each page exactly once.
 */
#include "check/internal.h"

enum { SPLIT_BUFFER_ENTRIES = 2, SPLIT_BUFFER_ENTRY_SIZE = 8, EXTENT_KEY_SIZE = 4, POOLED_KEY_SIZE = 5, POOL_MARK = 0x80 };

/* --- page sets --- */

JET_ERR page_set_init(struct page_set *set, page_no_t last_page)
{
    JET_ERR err = JET_errSuccess;
    set->first = UINT32_MAX;
    set->last = 0;
    set->words = mem_alloc_array((size_t)last_page / 64 + 1, sizeof *set->words);
    if (set->words == NULL)
        RAISE(JET_errOutOfMemory);
done:
    return err;
}

void page_set_free(struct page_set *set)
{
    mem_free(set->words);
    set->words = NULL;
}

void page_set_clear(struct page_set *set)
{
    if (set->first <= set->last)
        memset(&set->words[set->first / 64], 0, (set->last / 64 - set->first / 64 + 1) * sizeof *set->words);
    set->first = UINT32_MAX;
    set->last = 0;
}

uint64_t page_set_count(const struct page_set *set)
{
    uint64_t count = 0;
    for (uint64_t i = set->first / 64; set->first <= set->last && i <= set->last / 64; i++)
        count += (uint64_t)__builtin_popcountll(set->words[i]);
    return count;
}

/* --- extents --- */

/* Is it an extent at all? A placeholder of no pages is none and no fault. Cuts what lies behind the end of the file. */
static bool take_extent(struct check *c, struct extent *extent, page_no_t last, uint32_t count, page_no_t page_no, JET_ERR error)
{
    if (count == 0)
        return false;
    if (last > PAGE_NO_MAX || count > last) {
        check_report_finding(c, CHECK_ERROR, error, page_no, "impossible extent: %u pages up to page %u", count, last);
        return false;
    }
    extent->first = last - count + 1;
    extent->count = count;
    if (last > c->last_page) {
        check_report_finding(c, CHECK_ERROR, error, page_no, "extent of pages %u to %u reaches behind the end of the file (page %u)", extent->first, last,
                             c->last_page);
        if (extent->first > c->last_page)
            return false;
        extent->count = c->last_page - extent->first + 1;
    }
    return true;
}

static void claim_owned(struct check *c, struct extent extent, page_no_t page_no)
{
    struct owner *owner = &c->owners[c->level], *above = c->level == LEVEL_FILE ? NULL : owner - 1;
    for (page_no_t p = extent.first; p - extent.first < extent.count; p++) {
        const char *fault = NULL;
        if (page_set_has(&owner->owned, p))
            fault = "is owned twice by the same object";
        else if (above != NULL && above->is_space_sound && !page_set_has(&above->owned, p))
            fault = "is not owned by the parent object";
        else if (above != NULL && page_set_has(&above->given, p))
            fault = "is owned by another object too";
        else if (above != NULL && page_set_has(&c->available, p))
            fault = "is free in the parent object";
        if (fault != NULL) {
            check_report_finding(c, CHECK_ERROR, JET_errSPOwnExtCorrupted, page_no, "page %u of owned extent %u to %u %s", p, extent.first,
                                 extent.first + extent.count - 1, fault);
            owner->is_space_sound = false;
            return;
        }
        page_set_add(&owner->owned, p);
        if (above != NULL)
            page_set_add(&above->given, p);
    }
}

static void claim_available(struct check *c, struct extent extent, page_no_t page_no)
{
    struct owner *owner = &c->owners[c->level];
    for (page_no_t p = extent.first; p - extent.first < extent.count; p++) {
        const char *fault = NULL;
        if (page_set_has(&c->available, p))
            fault = "is free twice";
        else if (owner->is_space_sound && !page_set_has(&owner->owned, p))
            fault = "is not owned by the object";
        if (fault != NULL) {
            check_report_finding(c, CHECK_ERROR, JET_errSPAvailExtCorrupted, page_no, "page %u of available extent %u to %u %s", p, extent.first,
                                 extent.first + extent.count - 1, fault);
            return;
        }
        page_set_add(&c->available, p);
    }
}

/* Pages kept back for the next split of a space tree: they belong to the object, or to one above that lent them. */
static void claim_reserved(struct check *c, struct extent extent, page_no_t page_no)
{
    for (page_no_t p = extent.first; p - extent.first < extent.count; p++) {
        if (page_set_has(&c->used, p)) {
            check_report_finding(c, CHECK_ERROR, JET_errSPOwnExtCorrupted, page_no, "page %u is kept back for a split, but in use", p);
            return;
        }
        enum level level = c->level;
        while (level > LEVEL_FILE && !page_set_has(&c->owners[level].owned, p))
            level--;
        page_set_add(&c->used, p);
        page_set_add(&c->owners[level].used, p);
    }
}

/* --- extent trees --- */

struct split_buffer {
    page_no_t page_no;
    uint8_t entries[SPLIT_BUFFER_ENTRIES * SPLIT_BUFFER_ENTRY_SIZE];
};

static void take_split_buffer(struct check *c, const struct split_buffer *buffer)
{
    for (uint32_t i = 0; i < SPLIT_BUFFER_ENTRIES; i++) {
        const uint8_t *entry = buffer->entries + (size_t)i * SPLIT_BUFFER_ENTRY_SIZE;
        struct extent extent;
        if (take_extent(c, &extent, load_le32(entry), load_le32(entry + 4), buffer->page_no, JET_errSPOwnExtCorrupted))
            claim_reserved(c, extent, buffer->page_no);
    }
}

static void take_extent_node(struct check *c, const struct node *n, page_no_t page_no, bool is_owned_tree)
{
    JET_ERR error = is_owned_tree ? JET_errSPOwnExtCorrupted : JET_errSPAvailExtCorrupted;
    uint8_t key[POOLED_KEY_SIZE];
    uint32_t key_size = node_key_size(n), pool = SPACE_POOL_GENERAL;
    struct extent extent;
    bool has_shape = (key_size == EXTENT_KEY_SIZE || (key_size == POOLED_KEY_SIZE && !is_owned_tree)) && n->data.size == 4;
    if (has_shape) {
        node_copy_key(n, key);
        if (key_size == POOLED_KEY_SIZE) {
            pool = key[0] ^ (uint32_t)POOL_MARK;
            has_shape = pool == SPACE_POOL_CONTIGUOUS || pool == SPACE_POOL_SHELVED;
        }
    }
    if (!has_shape) {
        check_report_finding(c, CHECK_ERROR, error, page_no, "entry of an extent tree has another form");
        return;
    }
    if (pool == SPACE_POOL_SHELVED) /* lies behind the end of the file by its nature */
        return;
    if (!take_extent(c, &extent, load_be32(key + key_size - EXTENT_KEY_SIZE), load_le32(n->data.data), page_no, error))
        return;
    if (is_owned_tree)
        claim_owned(c, extent, page_no);
    else
        claim_available(c, extent, page_no);
}

static JET_ERR walk_extent_tree(struct check *c, page_no_t root, bool is_owned_tree, struct split_buffer *buffer)
{
    JET_ERR err = JET_errSuccess;
    struct owner *owner = &c->owners[c->level];
    struct node n;
    bool at_end = false;
    *buffer = (struct split_buffer){.page_no = root};
    TRY(tree_walk_begin(c->walk, root, owner->objid, TREE_SPACE));
    struct span header = tree_walk_root_header(c->walk);
    if (header.size >= sizeof buffer->entries)
        memcpy(buffer->entries, header.data, sizeof buffer->entries);
    for (;;) {
        TRY(tree_walk_next(c->walk, &n, &at_end));
        if (at_end)
            break;
        take_extent_node(c, &n, c->walk->levels[c->walk->depth - 1].view.page_no, is_owned_tree);
    }
    if (!c->walk->is_complete)
        owner->is_space_sound = false;
done:
    return err;
}

static JET_ERR read_extent_trees(struct check *c, page_no_t owned_root)
{
    JET_ERR err = JET_errSuccess;
    struct owner *owner = &c->owners[c->level];
    struct split_buffer buffers[2];
    if (owned_root == 0 || owned_root >= PAGE_NO_MAX) {
        check_report_finding(c, CHECK_ERROR, JET_errSPOwnExtCorrupted, owner->root, "space header names page %u as root of its extent tree", owned_root);
        owner->is_space_sound = false;
        goto done;
    }
    TRY(walk_extent_tree(c, owned_root, true, &buffers[0]));
    TRY(walk_extent_tree(c, owned_root + 1, false, &buffers[1]));
    take_split_buffer(c, &buffers[0]);
    take_split_buffer(c, &buffers[1]);
done:
    return err;
}

/* A small tree: one extent from its root on, and a map of free pages in the space header. */
static void read_single_extent(struct check *c, const struct space_header *space)
{
    enum { MAP_PAGES = 32 };
    struct owner *owner = &c->owners[c->level];
    struct extent extent;
    uint64_t last = (uint64_t)owner->root + space->primary_pages - 1;
    if (space->primary_pages == 0 || last > PAGE_NO_MAX) {
        check_report_finding(c, CHECK_ERROR, JET_errSPOwnExtCorrupted, owner->root, "impossible primary extent of %u pages", space->primary_pages);
        owner->is_space_sound = false;
        return;
    }
    if (!take_extent(c, &extent, (page_no_t)last, space->primary_pages, owner->root, JET_errSPOwnExtCorrupted))
        return;
    claim_owned(c, extent, owner->root);
    for (uint32_t i = 0; i < MAP_PAGES; i++) {
        if ((space->free_map_or_owned_root >> i & 1) == 0)
            continue;
        if (i + 1 >= space->primary_pages) /* a map of all ones stands for "all free", however many there are */
            break;
        if (i + 1 < extent.count)
            claim_available(c, (struct extent){owner->root + 1 + i, 1}, owner->root);
    }
    if (extent.count > MAP_PAGES + 1) /* behind the map all pages are free */
        claim_available(c, (struct extent){owner->root + MAP_PAGES + 1, extent.count - MAP_PAGES - 1}, owner->root);
}

/* --- an object's space --- */

/* The space header in the root page. A finding when there is none; *is_read says which. */
static JET_ERR read_header(struct check *c, struct space_header *space, bool *is_read, uint32_t *page_flags_out)
{
    JET_ERR err = JET_errSuccess;
    const struct owner *owner = &c->owners[c->level];
    struct page_ref ref = {.frame = NULL};
    *is_read = false;
    if (!check_page_exists(c, owner->root)) {
        check_report_finding(c, CHECK_ERROR, JET_errCatalogCorrupted, owner->root, "root page is outside the file");
        goto done;
    }
    err = cache_get(c->file, owner->root, PAGE_LATCH_SHARED, &ref);
    if (err >= 0) {
        *page_flags_out = page_flags(&ref.view);
        err = space_header_decode(page_external_header(&ref.view), space);
    }
    if (err >= 0)
        *is_read = true;
    else if (check_is_finding(err)) {
        check_report_finding(c, CHECK_ERROR, err, owner->root, "root page has no readable space header");
        err = JET_errSuccess;
    }
done:
    cache_release(&ref);
    return err;
}

JET_ERR check_space_begin(struct check *c, page_no_t expected_parent, enum tree_kind kind)
{
    JET_ERR err = JET_errSuccess;
    struct owner *owner = &c->owners[c->level];
    struct space_header space;
    uint32_t flags = 0;
    bool is_read;
    owner->is_space_sound = true;
    TRY(read_header(c, &space, &is_read, &flags));
    if (!is_read) {
        owner->is_space_sound = false;
        goto done;
    }
    if (space.parent != expected_parent)
        check_report_finding(c, CHECK_ERROR, JET_errDatabaseCorrupted, owner->root, "space header names page %u as parent, should be %u", space.parent,
                             expected_parent);
    if (((space.flags & SPACE_FLAG_NON_UNIQUE) != 0) != ((flags & PAGE_FLAG_NON_UNIQUE) != 0) && kind == TREE_INDEX)
        check_report_finding(c, CHECK_WARNING, JET_errDatabaseCorrupted, owner->root, "space header and page flags disagree about unique keys");
    if ((space.flags & SPACE_FLAG_MULTIPLE_EXTENTS) != 0)
        TRY(read_extent_trees(c, space.free_map_or_owned_root));
    else
        read_single_extent(c, &space);
done:
    return err;
}

/* Reports the pages of one kind of fault as runs. */
struct run {
    struct check *c;
    enum check_severity severity;
    JET_ERR error;
    const char *text;
    page_no_t first, last; /* first 0: none */
};

static void run_end(struct run *run)
{
    if (run->first != 0)
        check_report_finding(run->c, run->severity, run->error, run->first, "pages %u to %u are %s", run->first, run->last, run->text);
    run->first = 0;
}

static void run_add(struct run *run, uint64_t word, uint64_t bits)
{
    while (bits != 0) {
        page_no_t page_no = (page_no_t)(word * 64 + (uint64_t)__builtin_ctzll(bits));
        bits &= bits - 1;
        if (run->first == 0 || page_no != run->last + 1) {
            run_end(run);
            run->first = page_no;
        }
        run->last = page_no;
    }
}

void check_space_end(struct check *c)
{
    struct owner *owner = &c->owners[c->level];
    struct run runs[] = {
        {c, CHECK_NOTE, JET_errSuccess, "leaked: owned, but neither used nor free", 0, 0}, /* a crash between the steps of an allocation leaves them */
        {c, CHECK_ERROR, JET_errSPOwnExtCorrupted, "used, but not owned", 0, 0},
        {c, CHECK_ERROR, JET_errSPOwnExtCorrupted, "used, but given to a child object", 0, 0},
        {c, CHECK_ERROR, JET_errSPAvailExtCorrupted, "used, but free", 0, 0},
    };
    uint32_t first = owner->owned.first < owner->used.first ? owner->owned.first : owner->used.first;
    uint32_t last = owner->owned.last > owner->used.last ? owner->owned.last : owner->used.last;
    for (uint64_t i = first / 64; first <= last && i <= last / 64; i++) {
        uint64_t owned = owner->owned.words[i], given = owner->given.words[i], used = owner->used.words[i], available = c->available.words[i];
        if (owner->is_space_sound) {
            uint64_t lost = owned & ~(given | used | available);
            c->report->pages_lost += (uint64_t)__builtin_popcountll(lost);
            run_add(&runs[0], i, lost);
            run_add(&runs[1], i, used & ~owned);
        }
        run_add(&runs[2], i, used & given);
        run_add(&runs[3], i, used & available);
    }
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
        run_end(&runs[i]);
    if (c->level == LEVEL_FILE)
        c->report->pages_owned = page_set_count(&owner->owned);
    page_set_clear(&owner->owned);
    page_set_clear(&owner->given);
    page_set_clear(&owner->used);
}
