/* Roots that get another number (root_move.h).
 *
 * The one idea: everything that names the root is latched (the three pages and their new places, the roots of the trees that have their space from this one, the rows of both catalogs), the new
 * pages are made before anything is logged, and one macro has all of it: RootPageMove, a PageMove for each root, a new space header for each child, a Replace for each row.
 *
 * Locks: the space lock over everything, so nothing of the space trees stirs; page latches inside it. Nobody else has the database, so no order of latches is kept among the trees.
 */
#include "btree/root_move.h"

#include "base/memory.h"
#include "btree/extent_internal.h"
#include "page/image.h"

enum { PLAIN_SPACE_HEADER_SIZE = 16 };

struct root_moving {
    struct space *s;
    const struct root_move *move;
    page_no_t from_no[SPACE_ROOT_PAGES], to_no[SPACE_ROOT_PAGES];
    struct page_ref from[SPACE_ROOT_PAGES], to[SPACE_ROOT_PAGES];
    struct page_ref children[ROOT_MOVE_CHILDREN_MAX];
    struct page_ref row_pages[ROOT_MOVE_ROWS_MAX]; /* of the first row on a page; empty for others on it */
    uint8_t *images;                               /* the three new pages; owned */
    uint8_t *rows[ROOT_MOVE_ROWS_MAX];             /* the new data; owned */
    uint32_t row_sizes[ROOT_MOVE_ROWS_MAX];
    uint64_t dbtime;
    struct change_macro macro;
};

static uint8_t *image_of(const struct root_moving *m, uint32_t i) { return m->images + (size_t)i * m->s->db->page_size; }

/* --- latching --- */

static void let_go(struct root_moving *m)
{
    for (uint32_t i = 0; i < ROOT_MOVE_ROWS_MAX; i++)
        cache_release(&m->row_pages[i]);
    for (uint32_t i = 0; i < ROOT_MOVE_CHILDREN_MAX; i++)
        cache_release(&m->children[i]);
    for (uint32_t i = 0; i < SPACE_ROOT_PAGES; i++) {
        cache_release(&m->from[i]);
        cache_release(&m->to[i]);
    }
}

static bool is_root_of(const struct page_view *page, uint32_t objid, bool is_space_tree)
{
    uint32_t flags = page_flags(page);
    return page_objid(page) == objid && (flags & PAGE_FLAG_ROOT) != 0 && ((flags & PAGE_FLAG_SPACE_TREE) != 0) == is_space_tree && (flags & (PAGE_FLAG_EMPTY | PAGE_FLAG_PREINITIALIZED)) == 0;
}

static JET_ERR latch_roots(struct root_moving *m)
{
    JET_ERR err = JET_errSuccess;
    struct cache_file *file = m->s->db->pages;
    for (uint32_t i = 0; i < SPACE_ROOT_PAGES; i++) {
        TRY(cache_get(file, m->from_no[i], PAGE_LATCH_EXCLUSIVE, &m->from[i]));
        if (!is_root_of(&m->from[i].view, m->s->objid, i > 0))
            RAISE(JET_errDatabaseCorrupted);
    }
    for (uint32_t i = 0; i < SPACE_ROOT_PAGES; i++)
        TRY(cache_get_new(file, m->to_no[i], &m->to[i]));
    for (uint32_t i = 0; i < m->move->child_count; i++) {
        TRY(cache_get(file, m->move->children[i].root, PAGE_LATCH_EXCLUSIVE, &m->children[i]));
        if (!is_root_of(&m->children[i].view, m->move->children[i].objid, false))
            RAISE(JET_errDatabaseCorrupted);
    }
done:
    return err;
}

/* The latched page that the row stands on: one row latches it for all. */
static uint32_t row_page_index(const struct root_move *move, uint32_t row)
{
    uint32_t i = 0;
    while (move->rows[i].page_no != move->rows[row].page_no)
        i++;
    return i;
}

static JET_ERR latch_rows(struct root_moving *m)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < m->move->row_count; i++) {
        const struct root_move_row *row = &m->move->rows[i];
        struct page_ref *page = &m->row_pages[row_page_index(m->move, i)];
        if (page->frame == NULL)
            TRY(cache_get(m->s->db->pages, row->page_no, PAGE_LATCH_EXCLUSIVE, page));
        if (!btree_is_leaf_of(&row->tree, &page->view) || row->line >= page_node_count(&page->view))
            RAISE(JET_errDatabaseCorrupted);
        struct node n = page_node(&page->view, row->line);
        if (!range_within(row->offset, sizeof(uint32_t), n.data.size) || load_le32(n.data.data + row->offset) != m->move->root)
            RAISE(JET_errDatabaseCorrupted);
    }
done:
    return err;
}

/* --- what the record says --- */

static JET_ERR add_marker(struct root_moving *m, uint16_t procid)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *bytes;
    TRY(change_macro_room(&m->macro, LR_ROOT_PAGE_MOVE_SIZE, &bytes));
    log_record_encode_root_page_move(bytes, (uint8_t)m->s->db->dbid, m->s->objid, procid, m->dbtime);
done:
    return err;
}

/* The new page is made from the record's own bytes, as recovery makes it. */
static JET_ERR add_root(struct root_moving *m, uint32_t i)
{
    static const enum page_move_kind KINDS[SPACE_ROOT_PAGES] = {PAGE_MOVE_ROOT, PAGE_MOVE_OWNED_ROOT, PAGE_MOVE_AVAILABLE_ROOT};
    JET_ERR err = JET_errSuccess;
    struct space *s = m->s;
    struct page_edit e = change_edit(&m->from[i]);
    struct btree origin = i == 0 ? space_origin(s) : space_tree_origin(s);
    uint32_t header_size, trailer_size;
    uint8_t *record;
    page_image_cut(&e, &header_size, &trailer_size);
    struct page_move_record r = {.page = change_page_prefix(s->t, &origin, &m->from[i].view, m->dbtime, 0, false), .target_page = m->to_no[i], .dbtime_left_before = DBTIME_ABSENT,
                                 .dbtime_right_before = DBTIME_ABSENT, .dbtime_parent_before = DBTIME_ABSENT, .root = s->root, .objid = s->objid, .parent_line = -1, .kind = KINDS[i],
                                 .header = span_of(e.bytes, header_size), .trailer = span_of(e.bytes + e.size - trailer_size, trailer_size)};
    r.page.transaction = 0;
    r.page.level = 0;
    TRY(page_image_join(r.header, r.trailer, e.size, m->to_no[i], image_of(m, i)));
    TRY(change_macro_room(&m->macro, PAGE_MOVE_RECORD_FIXED + header_size + trailer_size, &record));
    page_move_record_encode(record, &r);
    struct page_edit image = page_edit_trusted(record + PAGE_MOVE_RECORD_FIXED, e.size, m->from_no[i]);
    page_set_dbtime(&image, m->dbtime);
done:
    return err;
}

static JET_ERR point_to_owned_root(struct root_moving *m)
{
    JET_ERR err = JET_errSuccess;
    struct page_edit root = page_edit_trusted(image_of(m, 0), m->s->db->page_size, m->to_no[0]);
    struct space_header header = m->s->header;
    header.free_map_or_owned_root = m->to_no[1];
    TRY(page_set_space_header(&root, &header));
done:
    return err;
}

/* The space header of a child with the new root for its parent. */
static JET_ERR child_header(const struct root_moving *m, uint32_t i, struct space_header *out)
{
    JET_ERR err = JET_errSuccess;
    struct span external = page_external_header(&m->children[i].view);
    TRY(space_header_decode(external, out));
    if (external.size != PLAIN_SPACE_HEADER_SIZE || out->parent != m->move->root)
        RAISE(JET_errDatabaseCorrupted);
    out->parent = m->to_no[0];
done:
    return err;
}

static JET_ERR add_child(struct root_moving *m, uint32_t i)
{
    JET_ERR err = JET_errSuccess;
    const struct root_move_child *child = &m->move->children[i];
    const struct page_view *page = &m->children[i].view;
    struct btree origin = {.file = m->s->db->pages, .db = m->s->db, .root = child->root, .objid = child->objid, .is_unique = (page_flags(page) & PAGE_FLAG_NON_UNIQUE) == 0};
    struct space_header header;
    uint8_t bytes[SPACE_HEADER_SIZE_MAX];
    TRY(child_header(m, i, &header));
    struct page_prefix prefix = change_page_prefix(m->s->t, &origin, page, m->dbtime, 0, false);
    struct node_tail tail = {.data = span_of(bytes, space_header_encode(&header, bytes))};
    TRY(change_macro_add_node(&m->macro, &origin, LR_SET_EXTERNAL_HEADER, &prefix, 0, &tail));
done:
    return err;
}

static JET_ERR add_row(struct root_moving *m, uint32_t i)
{
    JET_ERR err = JET_errSuccess;
    const struct root_move_row *row = &m->move->rows[i];
    const struct page_view *page = &m->row_pages[row_page_index(m->move, i)].view;
    struct node n = page_node(page, row->line);
    m->row_sizes[i] = n.data.size;
    m->rows[i] = (uint8_t *)mem_alloc_uncleared(n.data.size);
    if (m->rows[i] == NULL)
        RAISE(JET_errOutOfMemory);
    memcpy(m->rows[i], n.data.data, n.data.size);
    store_le32(m->rows[i] + row->offset, m->to_no[0]);
    struct page_prefix prefix = change_page_prefix(m->s->t, &row->tree, page, m->dbtime, row->line, false);
    struct node_tail tail = {.data = span_of(m->rows[i], n.data.size), .old_size = (uint16_t)n.data.size, .new_size = (uint16_t)n.data.size};
    TRY(change_macro_add_node(&m->macro, &row->tree, LR_REPLACE, &prefix, 0, &tail));
done:
    return err;
}

/* All members, in the order of log-files 9.7, and the pages they change. */
static JET_ERR compose(struct root_moving *m)
{
    JET_ERR err = JET_errSuccess;
    const struct root_move *move = m->move;
    TRY(add_marker(m, m->s->t->procid));
    for (uint32_t i = 0; i < SPACE_ROOT_PAGES; i++) {
        TRY(add_root(m, i));
        change_macro_page(&m->macro, m->from_no[i]);
    }
    TRY(point_to_owned_root(m));
    for (uint32_t i = 0; i < SPACE_ROOT_PAGES; i++)
        change_macro_page(&m->macro, m->to_no[i]);
    for (uint32_t i = 0; i < move->child_count; i++) {
        TRY(add_child(m, i));
        change_macro_page(&m->macro, move->children[i].root);
    }
    for (uint32_t i = 0; i < move->row_count; i++) {
        TRY(add_row(m, i));
        if (row_page_index(move, i) == i)
            change_macro_page(&m->macro, move->rows[i].page_no);
    }
done:
    return err;
}

/* --- changing --- */

static JET_ERR change_references(struct root_moving *m, lgpos_t position)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < m->move->child_count; i++) {
        struct page_edit e = change_edit(&m->children[i]);
        struct space_header header;
        TRY(child_header(m, i, &header));
        TRY(page_set_space_header(&e, &header));
        change_finish(m->s->t, &m->children[i], m->dbtime, position);
    }
    for (uint32_t i = 0; i < m->move->row_count; i++) {
        struct page_ref *page = &m->row_pages[row_page_index(m->move, i)];
        struct page_edit e = change_edit(page);
        TRY(page_replace_data(&e, m->move->rows[i].line, span_of(m->rows[i], m->row_sizes[i])));
        change_finish(m->s->t, page, m->dbtime, position);
    }
done:
    return err;
}

static JET_ERR change_pages(struct root_moving *m)
{
    JET_ERR err = JET_errSuccess;
    struct btree origin = space_origin(m->s);
    lgpos_t position;
    m->dbtime = database_next_dbtime(m->s->db);
    TRY(compose(m));
    TRY(change_macro_log(&m->macro, m->s->t, &origin, m->dbtime, &position));
    for (uint32_t i = 0; i < SPACE_ROOT_PAGES; i++) {
        struct page_edit from = change_edit(&m->from[i]);
        memcpy(page_ref_bytes(&m->to[i]), image_of(m, i), m->s->db->page_size);
        change_finish(m->s->t, &m->to[i], m->dbtime, position);
        TRY(page_empty(&from));
        change_finish(m->s->t, &m->from[i], m->dbtime, position);
    }
    TRY(change_references(m, position));
done:
    return err;
}

/* To the pages from `first` on, which have been taken for it. */
static JET_ERR move_to(struct space *s, const struct root_move *move, page_no_t first)
{
    JET_ERR err = JET_errSuccess;
    struct root_moving *m = mem_alloc(sizeof *m);
    if (m == NULL)
        RAISE(JET_errOutOfMemory);
    m->s = s;
    m->move = move;
    m->images = (uint8_t *)mem_alloc_uncleared((size_t)SPACE_ROOT_PAGES * s->db->page_size);
    if (m->images == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < SPACE_ROOT_PAGES; i++) {
        m->from_no[i] = i == 0 ? s->root : s->header.free_map_or_owned_root + i - 1;
        m->to_no[i] = first + i;
    }
    TRY(latch_roots(m));
    TRY(latch_rows(m));
    TRY(change_pages(m));
done:
    if (m != NULL) {
        let_go(m);
        change_macro_free(&m->macro);
        for (uint32_t i = 0; i < ROOT_MOVE_ROWS_MAX; i++)
            mem_free(m->rows[i]);
        mem_free(m->images);
    }
    mem_free(m);
    return err;
}

/* --- the whole --- */

static JET_ERR children_agree(struct database *db, const struct root_move *move, bool *agree)
{
    JET_ERR err = JET_errSuccess;
    struct space_header header;
    *agree = true;
    for (uint32_t i = 0; i < move->child_count && *agree; i++) {
        TRY(space_header_read(db->pages, move->children[i].root, &header));
        *agree = header.parent == move->root && !header.has_autoincrement;
    }
done:
    return err;
}

static JET_ERR move_root(struct space *s, const struct root_move *move, page_no_t *moved_to)
{
    JET_ERR err = JET_errSuccess;
    struct space moved;
    struct extent taken;
    if (!s->is_multiple)
        TRY(space_convert(s, SPACE_ROOT_PAGES));
    TRY(space_take(s, SPACE_ROOT_PAGES, SPACE_ROOT_PAGES, &taken));
    TRY(space_open(s->t, s->db, s->root, 0, s)); /* taking may have changed the header */
    err = move_to(s, move, taken.first);
    if (err < 0) {
        space_give_back(s, taken);
        goto done;
    }
    *moved_to = taken.first;
    page_no_t owned_root = s->header.free_map_or_owned_root;
    TRY(space_open(s->t, s->db, *moved_to, 0, &moved));
    TRY(space_give(&moved, (struct extent){move->root, 1}));
    TRY(space_give(&moved, (struct extent){owned_root, SPACE_ROOT_PAGES - 1}));
done:
    return err;
}

bool space_may_move_roots(const struct transaction *t, const struct database *db)
{
    return db->log == NULL || t->log == NULL || log_version_compare(log_stream_version(db->log), LOG_VERSION_ROOT_MOVE) >= 0;
}

JET_ERR space_move_root(struct transaction *t, struct database *db, const struct root_move *move, page_no_t *moved_to)
{
    JET_ERR err = JET_errSuccess;
    struct space s;
    bool agree;
    *moved_to = 0;
    mutex_lock(&db->space_lock);
    TRY(space_open(t, db, move->root, 0, &s));
    if (move->root == SYSTEM_ROOT || s.objid != move->objid || move->row_count == 0)
        RAISE(JET_errDatabaseCorrupted);
    TRY(children_agree(db, move, &agree));
    if (agree)
        TRY(move_root(&s, move, moved_to));
done:
    mutex_unlock(&db->space_lock);
    return err;
}

JET_ERR space_signal_moved_roots(struct transaction *t, const struct database *db)
{
    const uint8_t record[] = {LR_SIGNAL_ATTACH_DB, (uint8_t)db->dbid};
    lgpos_t position;
    return space_log(t, db, record, sizeof record, &position);
}
