/* What a tree owns and has free, and how it grows and shrinks (database-file 6.2, 6.3).
 *
 * The one idea: pages move between a tree and its parent in whole extents, and leave one side before they appear on the other. A crash in between loses them (they are
 * owned above, neither used nor free), but never gives them out twice. Small trees keep a map of free pages in their root and get extent trees with their first
 * secondary extent.
 *
 * Called by extent.c and extent_file.c under db->space_lock with nothing latched.
 */
#include "btree/extent_internal.h"

enum {
    EXTENT_TREE_ROOTS = 2,
    GROWTH_SMALL = 4, GROWTH = 16,                 /* pages a tree asks for while it is small (6.3), and later */
    SMALL_MAX = 16,
    GROWTH_BYTES_MAX = 100 * 1024 * 1024,
    WHOLE_EXTENT_MARGIN = 4,                       /* a rest smaller than request + 4 is taken too */
    WHOLE_EXTENT_FROM = 128                        /* but not in the first pages of the file */
};

/* --- small trees --- */

static uint32_t mapped_pages(const struct space *s)
{
    uint32_t pages = s->header.primary_pages - 1;
    return pages < SPACE_FREE_MAP_PAGES ? pages : SPACE_FREE_MAP_PAGES;
}

static uint32_t map_bits(uint32_t first, uint32_t count) { return (count >= 32 ? UINT32_MAX : (1u << count) - 1) << first; }

static JET_ERR set_map(struct space *s, uint32_t map)
{
    JET_ERR err = JET_errSuccess;
    uint8_t bytes[SPACE_HEADER_SIZE_MAX];
    struct space_header header = s->header;
    header.free_map_or_owned_root = map;
    TRY(space_set_header(s, s->root, span_of(bytes, space_header_encode(&header, bytes))));
    s->header.free_map_or_owned_root = map;
done:
    return err;
}

/* Takes pages of the map. False: they are not all free, or have no bit. */
static JET_ERR take_mapped(struct space *s, page_no_t first, uint32_t count, bool *taken)
{
    JET_ERR err = JET_errSuccess;
    uint32_t map = s->header.free_map_or_owned_root;
    *taken = false;
    if (first <= s->root || count == 0 || !range_within(first - s->root - 1, count, mapped_pages(s)))
        goto done;
    uint32_t bits = map_bits(first - s->root - 1, count);
    if ((map & bits) != bits || !space_is_below_limit(s->db, first + count - 1))
        goto done;
    TRY(set_map(s, map & ~bits));
    *taken = true;
done:
    return err;
}

/* The first run of `count` pages in the map. */
static JET_ERR take_from_map(struct space *s, uint32_t count, struct extent *out, bool *taken)
{
    JET_ERR err = JET_errSuccess;
    *taken = false;
    for (uint32_t i = 0; count > 0 && count <= mapped_pages(s) && i + count <= mapped_pages(s) && !*taken; i++) {
        *out = (struct extent){s->root + 1 + i, count};
        TRY(take_mapped(s, out->first, count, taken));
    }
done:
    return err;
}

static JET_ERR give_to_map(struct space *s, struct extent freed)
{
    JET_ERR err = JET_errSuccess;
    uint32_t map = s->header.free_map_or_owned_root;
    if (freed.first <= s->root || freed.count == 0 || !range_within(freed.first - s->root - 1, freed.count, mapped_pages(s)))
        RAISE(JET_errSPOwnExtCorrupted);
    uint32_t bits = map_bits(freed.first - s->root - 1, freed.count);
    if ((map & bits) != 0)
        RAISE(JET_errSPAvailExtCorrupted);
    TRY(set_map(s, map | bits));
done:
    return err;
}

/* --- from small to large --- */

/* The three pages of a conversion, latched. */
struct conversion {
    struct page_ref root, owned, available;
    struct tree_record record;
};

/* Cannot fail on what convert_to has checked: small numbers of entries, ascending. */
static JET_ERR build_extent_trees(const struct space *s, struct conversion *c)
{
    JET_ERR err = JET_errSuccess;
    const struct tree_record *r = &c->record;
    struct page_extent owned[2], available[SPACE_EXTENTS_MAX], secondary = {r->secondary_first + r->secondary_pages - 1, r->secondary_pages};
    struct page_new_tree tree = {.flags = r->flags, .objid = r->objid, .dbtime = r->page.dbtime, .parent = r->parent, .pages = r->pages,
                                 .is_unique = (s->page_flags & PAGE_FLAG_NON_UNIQUE) == 0};
    struct page_edit e = change_edit(&c->owned);
    TRY(page_build_extents(&e, &tree, owned, page_converted_owned(s->root, r->pages, secondary, owned)));
    e = change_edit(&c->available);
    TRY(page_build_extents(&e, &tree, available, page_converted_available(s->root, r->pages, r->free_map, secondary, available)));
    struct space_header header = s->header;
    header.flags |= SPACE_FLAG_MULTIPLE_EXTENTS;
    header.free_map_or_owned_root = r->owned_root;
    e = change_edit(&c->root);
    TRY(page_set_space_header(&e, &header));
done:
    return err;
}

/* Gives a small tree extent trees on the first two pages of its first secondary extent. */
static JET_ERR convert_to(struct space *s, struct extent secondary)
{
    JET_ERR err = JET_errSuccess;
    struct conversion c = {.root.frame = NULL};
    struct tree_record *r = &c.record;
    struct cache_file *file = s->db->pages;
    struct btree origin = space_origin(s);
    uint8_t record[CONVERT_RECORD_SIZE];
    lgpos_t position = 0;
    if (secondary.count < EXTENT_TREE_ROOTS || secondary.first > PAGE_NO_MAX - secondary.count ||
        (secondary.first <= s->root + s->header.primary_pages - 1 && s->root <= secondary.first + secondary.count - 1))
        RAISE(JET_errSPOwnExtCorrupted);
    TRY(cache_get(file, s->root, PAGE_LATCH_EXCLUSIVE, &c.root));
    TRY(cache_get_new(file, secondary.first, &c.owned));
    TRY(cache_get_new(file, secondary.first + 1, &c.available));
    uint64_t dbtime = database_next_dbtime(s->db);
    *r = (struct tree_record){.page = change_page_prefix(s->t, &origin, &c.root.view, dbtime, 0, false), .objid = s->objid, .owned_root = secondary.first,
                              .available_root = secondary.first + 1, .parent = s->header.parent, .secondary_first = secondary.first, .pages = s->header.primary_pages,
                              .secondary_pages = secondary.count, .free_map = s->header.free_map_or_owned_root, .flags = s->page_flags};
    TRY(space_log(s->t, s->db, record, tree_record_encode(record, LR_CONVERT_FDP2, r), &position));
    TRY(build_extent_trees(s, &c));
    change_finish(s->t, &c.root, dbtime, position);
    change_finish(s->t, &c.owned, dbtime, position);
    change_finish(s->t, &c.available, dbtime, position);
done:
    cache_release(&c.available);
    cache_release(&c.owned);
    cache_release(&c.root);
    return err;
}

static bool is_out_of_space(JET_ERR err) { return err == JET_errOutOfDatabaseSpace || err == JET_errDiskFull; }

void space_give_back(struct space *s, struct extent extent)
{
    JET_ERR ignored = space_give(s, extent); /* verify reports them as lost */
    (void)ignored;
}

JET_ERR space_convert(struct space *s, uint32_t request)
{
    JET_ERR err = JET_errSuccess;
    struct space parent;
    struct extent secondary;
    TRY(space_open_parent(s, &parent));
    TRY(space_take(&parent, EXTENT_TREE_ROOTS + request, EXTENT_TREE_ROOTS + request, &secondary));
    err = convert_to(s, secondary);
    if (err < 0) {
        space_give_back(&parent, secondary);
        goto done;
    }
    TRY(space_open(s->t, s->db, s->root, s->level, s));
done:
    return err;
}

/* --- secondary extents --- */

/* Does the tree own more than SMALL_MAX pages? Looks at as few entries as it takes. */
static JET_ERR is_large(const struct space *s, bool *is)
{
    JET_ERR err = JET_errSuccess;
    struct space_entry entry;
    uint64_t pages = 0;
    page_no_t from = 0;
    do {
        TRY(space_entry_at_or_after(&s->owned, from, &entry));
        pages += entry.count;
        from = entry.last + 1;
    } while (entry.count > 0 && pages <= SMALL_MAX);
    *is = pages > SMALL_MAX;
done:
    return err;
}

/* Pages to ask the parent for when `request` are needed (6.3). */
static JET_ERR growth_of(const struct space *s, uint32_t request, uint32_t *pages)
{
    JET_ERR err = JET_errSuccess;
    uint32_t most = GROWTH_BYTES_MAX / s->db->page_size, wanted = GROWTH_SMALL;
    bool large;
    TRY(is_large(s, &large));
    if (large) {
        uint32_t share = (s->header.flags & SPACE_FLAG_LAST_REQUEST) != 0 ? s->header.primary_pages : s->header.primary_pages / 4;
        wanted = share > GROWTH ? share : GROWTH;
    }
    wanted = wanted < most ? wanted : most;
    *pages = request > wanted ? request : wanted;
done:
    return err;
}

JET_ERR space_free_pending(struct space *s)
{
    JET_ERR err = JET_errSuccess;
    bool has_room;
    s->pending_is_owned = true;
    if (s->pending.count == 0)
        goto done;
    page_no_t last = s->pending.first + s->pending.count - 1;
    TRY(space_entry_has_room(&s->available, last, &has_room));
    /* Where pages must be split for it, the entry begins with its last page, which the splits leave alone, and grows over what they have not taken: so no
     * page is in the tree and free at once. */
    TRY(space_entry_insert(s, &s->available, space_entry_of(last, has_room ? s->pending.count : 1)));
    if (!has_room && s->pending.count > 1) {
        err = space_entry_resize(s, &s->available, last, s->pending.count);
        s->pending.count--; /* what is left after a failure: the last page is in the tree */
    }
done:
    s->unfinished = err < 0 ? s->pending : (struct extent){0};
    s->pending = (struct extent){0};
    return err;
}

JET_ERR space_enter_pending(struct space *s, struct space *giver)
{
    JET_ERR err = JET_errSuccess;
    struct extent all = s->pending;
    s->pending_is_owned = false;
    err = space_entry_insert(s, &s->owned, space_entry_of(all.first + all.count - 1, all.count));
    if (err < 0) {
        if (giver != NULL && s->pending.count == all.count)
            space_give_back(giver, all);
        goto done;
    }
    s->pending_is_owned = true;
    TRY(space_tree_make_room(s, &s->owned, all.first + all.count - 1)); /* for the next entry there */
    TRY(space_free_pending(s));
done:
    s->pending = (struct extent){0};
    return err;
}

/* At least `request` pages more, available, in one piece. */
static JET_ERR extend(struct space *s, uint32_t request)
{
    JET_ERR err = JET_errSuccess;
    struct space parent;
    uint32_t wanted, splits;
    if (s->root == SYSTEM_ROOT)
        return space_grow_file(s, request);
    TRY(space_split_need(s, &splits));
    TRY(growth_of(s, request + splits, &wanted));
    TRY(space_open_parent(s, &parent));
    TRY(space_take(&parent, request + splits, wanted, &s->pending));
    TRY(space_enter_pending(s, &parent));
done:
    return err;
}

/* --- taking --- */

/* Cuts `count` pages off the front of an available entry. */
static JET_ERR cut_front(struct space *s, const struct space_entry *entry, uint32_t count, struct extent *out)
{
    JET_ERR err = JET_errSuccess;
    if (count < entry->count)
        TRY(space_entry_resize(s, &s->available, entry->last, entry->count - count));
    else
        TRY(space_entry_remove(s, &s->available, entry->last));
    *out = (struct extent){entry->first, count};
done:
    return err;
}

/* An entry of `want` pages, or one of `min` when there will be no other. */
static JET_ERR find_or_extend(struct space *s, uint32_t min, uint32_t want, struct space_entry *out)
{
    JET_ERR err = JET_errSuccess;
    TRY(space_entry_to_take(&s->available, 0, want, out));
    if (out->count > 0)
        goto done;
    err = extend(s, want);
    if (is_out_of_space(err)) {
        JET_ERR shortage = err;
        TRY(space_entry_to_take(&s->available, 0, min, out));
        if (out->count == 0 && min < want) { /* perhaps there is room for less */
            TRY(extend(s, min));
            TRY(space_entry_to_take(&s->available, 0, min, out));
        }
        err = out->count > 0 ? JET_errSuccess : shortage;
        goto done;
    }
    TRY(err);
    TRY(space_entry_to_take(&s->available, 0, want, out));
    if (out->count == 0)
        RAISE(JET_errSPAvailExtCorrupted);
done:
    return err;
}

JET_ERR space_take(struct space *s, uint32_t min, uint32_t want, struct extent *out)
{
    JET_ERR err = JET_errSuccess;
    struct space_entry entry;
    bool taken;
    *out = (struct extent){0};
    if (min == 0 || want > PAGE_NO_MAX - WHOLE_EXTENT_MARGIN)
        RAISE(JET_errOutOfDatabaseSpace);
    if (!s->is_multiple) {
        TRY(take_from_map(s, want, out, &taken));
        if (taken)
            goto done;
        TRY(space_convert(s, want));
    }
    TRY(find_or_extend(s, min, want, &entry));
    uint32_t count = entry.count < want ? entry.count : want;
    bool takes_rest = s->root == SYSTEM_ROOT && entry.count - count < count + WHOLE_EXTENT_MARGIN && entry.first > WHOLE_EXTENT_FROM;
    TRY(cut_front(s, &entry, takes_rest ? entry.count : count, out));
done:
    return err;
}

JET_ERR space_take_at(struct space *s, struct extent wanted)
{
    JET_ERR err = JET_errSuccess;
    struct space_entry entry;
    struct extent cut;
    bool taken;
    if (!s->is_multiple) {
        TRY(take_mapped(s, wanted.first, wanted.count, &taken));
        if (!taken)
            RAISE(JET_errOutOfDatabaseSpace);
        goto done;
    }
    TRY(space_entry_at_or_after(&s->available, wanted.first, &entry));
    if (entry.count == 0 || entry.first > wanted.first || !range_within(wanted.first - entry.first, wanted.count, entry.count))
        RAISE(JET_errOutOfDatabaseSpace);
    uint32_t front = wanted.first - entry.first;
    TRY(cut_front(s, &entry, front + wanted.count, &cut));
    s->pending = (struct extent){entry.first, front}; /* the pages before those wanted go on being free, with an entry of their own */
    TRY(space_free_pending(s));
done:
    return err;
}

JET_ERR space_take_page(struct space *s, page_no_t near, page_no_t *page_no)
{
    JET_ERR err = JET_errSuccess;
    struct space_entry entry = {0};
    struct extent page;
    bool taken = false;
    if (!s->is_multiple) {
        for (page_no_t p = near + 1; near >= s->root && p - s->root <= mapped_pages(s) && !taken; p++) {
            page = (struct extent){p, 1};
            TRY(take_mapped(s, p, 1, &taken));
        }
        if (!taken)
            TRY(take_from_map(s, 1, &page, &taken));
        if (taken)
            goto found;
        TRY(space_convert(s, 1));
    }
    TRY(space_entry_to_take(&s->available, near, 1, &entry));
    if (entry.count == 0)
        TRY(space_entry_to_take(&s->available, 0, 1, &entry));
    if (entry.count == 0)
        TRY(find_or_extend(s, 1, 1, &entry));
    TRY(cut_front(s, &entry, 1, &page));
found:
    *page_no = page.first;
done:
    return err;
}

/* --- giving --- */

/* A whole secondary extent that is free: not any longer of this tree. */
static JET_ERR give_to_parent(struct space *s, const struct space_entry *owned)
{
    JET_ERR err = JET_errSuccess;
    struct space parent;
    TRY(space_open_parent(s, &parent));
    TRY(space_entry_remove(s, &s->owned, owned->last));
    err = space_give(&parent, (struct extent){owned->first, owned->count});
    s->unfinished = parent.unfinished; /* not ours any longer */
    s->unfinished_root = parent.unfinished_root;
done:
    return err;
}

JET_ERR space_give(struct space *s, struct extent freed)
{
    JET_ERR err = JET_errSuccess;
    struct space_entry owned, left, right;
    s->unfinished = freed;
    s->unfinished_root = s->root;
    if (freed.count == 0 || freed.first == 0 || freed.first > PAGE_NO_MAX || freed.count > PAGE_NO_MAX - freed.first + 1)
        RAISE(JET_errSPOwnExtCorrupted);
    if (!s->is_multiple) {
        TRY(give_to_map(s, freed));
        goto done;
    }
    page_no_t last = freed.first + freed.count - 1;
    TRY(space_entry_at_or_after(&s->owned, freed.first, &owned));
    if (owned.count == 0 || owned.first > freed.first || owned.last < last)
        RAISE(JET_errSPOwnExtCorrupted);
    TRY(space_entry_at_or_after(&s->available, freed.first, &right));
    TRY(space_entry_before(&s->available, freed.first, &left));
    if (right.count > 0 && right.first <= last) /* free already */
        RAISE(JET_errSPAvailExtCorrupted);
    /* Neighbours inside the same owned extent join. The left one is taken out first: at every moment no page is free twice. */
    bool joins_left = left.count > 0 && left.last + 1 == freed.first && left.last >= owned.first;
    bool joins_right = right.count > 0 && right.first == last + 1 && right.first <= owned.last;
    page_no_t first = joins_left ? left.first : freed.first, end = joins_right ? right.last : last;
    if (joins_left && first < owned.first)
        RAISE(JET_errSPAvailExtCorrupted);
    if (joins_left) {
        TRY(space_entry_remove(s, &s->available, left.last));
        s->unfinished = (struct extent){first, last - first + 1};
    }
    if (first == owned.first && end == owned.last && s->root != SYSTEM_ROOT) {
        if (joins_right) {
            TRY(space_entry_remove(s, &s->available, right.last));
            s->unfinished.count = end - first + 1;
        }
        TRY(give_to_parent(s, &owned));
        goto done;
    }
    if (joins_right) {
        TRY(space_entry_resize(s, &s->available, right.last, end - first + 1));
        goto done;
    }
    s->pending = (struct extent){first, end - first + 1};
    TRY(space_free_pending(s));
done:
    return err;
}
