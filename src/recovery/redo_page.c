/* Page records of attached databases: pages come from the cache and are changed by page/redo; what a transaction may have to take back goes to its session
 * (recovery.md 7).
 *
 * A page is never changed on disk before the database's header says that pages of this generation may be there (recovery_prepare_change), and, when its
 * change belongs to a transaction that the log leaves open, never before the log holds what undoing it takes. */
#include "base/memory.h"
#include "recovery/internal.h"

enum { HELD_MAX = 64 };

struct held_page {
    page_no_t page_no;
    struct page_ref ref;
};

/* One operation. */
struct operation {
    struct recovery *r;
    struct recovered_database *d;
    struct recovered_session *s;
    struct redo_pages pages;
    lgpos_t last_change;     /* what must be durable before the changed pages are written */
    JET_ERR error;           /* of a release */
    bool is_image_taken;     /* before_image has been called */
    uint32_t held_count;
    struct held_page held[HELD_MAX];
};

/* --- pages --- */

static struct held_page *find_held(struct operation *o, page_no_t page_no)
{
    for (uint32_t i = 0; i < o->held_count; i++)
        if (o->held[i].page_no == page_no)
            return &o->held[i];
    return NULL;
}

/* A place for one more page, which must not be held yet. */
static JET_ERR new_held(struct operation *o, page_no_t page_no, struct held_page **out)
{
    if (o->held_count == HELD_MAX || find_held(o, page_no) != NULL)
        return error_raise(JET_errLogCorrupted, __FILE__, __LINE__);
    *out = &o->held[o->held_count];
    **out = (struct held_page){.page_no = page_no};
    if (page_no > o->d->last_named)
        o->d->last_named = page_no;
    return JET_errSuccess;
}

static JET_ERR get(void *context, page_no_t page_no, uint8_t **bytes)
{
    JET_ERR err = JET_errSuccess;
    struct operation *o = (struct operation *)context;
    struct held_page *held = NULL;
    *bytes = NULL;
    TRY(new_held(o, page_no, &held));
    err = cache_get(o->d->db->pages, page_no, PAGE_LATCH_EXCLUSIVE, &held->ref);
    if (err < 0)
        goto done; /* may be what the dbtime rule expects */
    *bytes = page_ref_bytes(&held->ref);
    o->held_count++;
done:
    return err;
}

/* The page has no content worth keeping. */
static bool is_no_page(JET_ERR err)
{
    return err == JET_errPageNotInitialized || err == JET_errFileIOBeyondEOF || err == JET_errReadVerifyFailure || err == JET_errReadPgnoVerifyFailure ||
           err == JET_errDatabaseCorrupted;
}

static JET_ERR get_new(void *context, page_no_t page_no, uint8_t **bytes)
{
    JET_ERR err = JET_errSuccess;
    struct operation *o = (struct operation *)context;
    struct held_page *held = NULL;
    if (o->pages.in_required_range) {
        err = get(context, page_no, bytes);
        if (err >= 0 || !is_no_page(err))
            return err;
        err = JET_errSuccess;
    }
    *bytes = NULL;
    TRY(new_held(o, page_no, &held));
    if (page_no > cache_file_last_page(o->d->db->pages)) { /* older logs do not say that the file grows */
        TRY(recovery_prepare_change(o->r, o->d));
        TRY(cache_file_grow(o->d->db->pages, page_no));
    }
    TRY(cache_get_new(o->d->db->pages, page_no, &held->ref));
    *bytes = page_ref_bytes(&held->ref);
    o->held_count++;
done:
    return err;
}

/* What is dirty has been through page_edit_open, or was built here. */
static bool is_sound(void *context, page_no_t page_no)
{
    const struct held_page *held = find_held((struct operation *)context, page_no);
    return held != NULL && cache_is_dirty(&held->ref);
}

static void release(void *context, page_no_t page_no, uint8_t *bytes, bool changed)
{
    struct operation *o = (struct operation *)context;
    struct held_page *held = find_held(o, page_no);
    (void)bytes;
    if (held == NULL)
        return; /* end_operation finds it */
    if (changed) {
        JET_ERR err = recovery_prepare_change(o->r, o->d);
        if (err < 0 && o->error >= 0)
            o->error = err; /* the page stays clean; the recovery ends with the error and drops it */
        if (err >= 0)
            cache_mark_dirty(&held->ref, o->last_change, 0);
    }
    cache_release(&held->ref);
    *held = o->held[--o->held_count];
}

static JET_ERR cannot_judge(void *context, page_no_t page_no, JET_ERR fault)
{
    struct operation *o = (struct operation *)context;
    return doubts_add(&o->d->doubts, page_no, fault);
}

static void settled(void *context, page_no_t page_no)
{
    struct operation *o = (struct operation *)context;
    doubts_remove(&o->d->doubts, page_no, page_no);
}

/* --- versions --- */

static bool is_versioned(const struct operation *o, const struct log_record *record)
{
    return (record->page.flags & LR_FLAG_VERSIONED) != 0 && record->page.level > 0 && o->s->level > 0;
}

static bool is_unique(const struct log_record *record) { return (record->page.flags & LR_FLAG_UNIQUE) != 0; }

/* The node that holds `data`, of the pages held: a split may have its lines elsewhere than the record says. */
static JET_ERR node_with(struct operation *o, const struct log_record *record, struct span data, struct node *out)
{
    JET_ERR err = JET_errSuccess;
    struct held_page *held = find_held(o, record->page.page_no);
    if (held == NULL)
        RAISE(JET_errLogCorrupted);
    struct page_view view = page_view_trusted(page_ref_bytes(&held->ref), o->pages.page_size, record->page.page_no);
    uint32_t count = page_node_count(&view);
    if (record->page.line < count) {
        *out = page_node(&view, record->page.line);
        if (out->data.data == data.data)
            goto done;
    }
    for (uint32_t i = 0; i < count; i++) {
        *out = page_node(&view, i);
        if (out->data.data == data.data)
            goto done;
    }
    RAISE(JET_errLogCorrupted);
done:
    return err;
}

static JET_ERR before_image(void *context, const struct log_record *record, struct span old)
{
    JET_ERR err = JET_errSuccess;
    struct operation *o = (struct operation *)context;
    struct node node;
    struct version_entry *entry;
    bool is_delete = record->type == LR_FLAG_DELETE;
    o->is_image_taken = true;
    if (!is_versioned(o, record) && !recovery_is_observed(o->r))
        goto done;
    TRY(node_with(o, record, old, &node));
    if (recovery_is_observed(o->r) && record->type != LR_FLAG_INSERT_AND_REPLACE)
        TRY(recovery_observe_node(o->r, o->d, o->s, record, &node, &old, NULL));
    if (!is_versioned(o, record))
        goto done;
    struct version_bookmark bookmark = {.key_prefix = node.prefix, .key = node.suffix, .data = is_unique(record) ? span_of(NULL, 0) : old};
    uint32_t rceid = record->type == LR_FLAG_INSERT_AND_REPLACE ? record->tail.rceid_replace : record->node.rceid;
    TRY(versions_add(o->s, record, rceid, is_delete ? VERSION_FLAG_DELETE : VERSION_REPLACE, &bookmark, is_delete ? span_of(NULL, 0) : old, &entry));
    if (recovery_is_open_at_end(o->r, o->s->procid, o->s->transaction))
        TRY(recovery_log_undo_info(o->r, o->s, entry, record->page.page_no, &o->last_change));
done:
    return err;
}

static JET_ERR undone(void *context, const struct log_record *record, struct redo_undone *out)
{
    const struct operation *o = (const struct operation *)context;
    const struct version_entry *e = versions_find(o->s, record->node.rceid);
    if (e == NULL || e->is_deferred || e->operation != record->tail.operation)
        return error_raise(JET_errLogCorrupted, __FILE__, __LINE__);
    *out = (struct redo_undone){.data = version_entry_data(e), .delta = e->delta, .offset = e->offset};
    return JET_errSuccess;
}

/* After the pages: what the record means for the session, whether or not a page has changed. */
static JET_ERR note_version(struct operation *o, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    const struct node_tail *t = &record->tail;
    struct version_entry *entry;
    uint32_t rceid = record->node.rceid;
    struct span none = span_of(NULL, 0);
    bool was_told = o->is_image_taken && (record->type == LR_REPLACE || record->type == LR_REPLACE_D || record->type == LR_FLAG_DELETE);
    if (recovery_is_observed(o->r) && !was_told)
        TRY(recovery_observe_node(o->r, o->d, o->s, record, NULL, NULL, record->type == LR_UNDO ? versions_find(o->s, rceid) : NULL));
    if (record->type == LR_UNDO) {
        versions_remove(o->s, rceid);
        goto done;
    }
    if (!is_versioned(o, record))
        goto done;
    switch (record->type) {
    case LR_INSERT:
    case LR_FLAG_INSERT:
    case LR_FLAG_INSERT_AND_REPLACE: {
        struct version_bookmark bookmark = {.key_prefix = t->key_prefix, .key = t->key, .data = is_unique(record) ? none : t->data};
        TRY(versions_add(o->s, record, rceid, VERSION_INSERT, &bookmark, none, &entry));
        if (record->type == LR_FLAG_INSERT_AND_REPLACE && !o->is_image_taken)
            TRY(versions_defer(o->s, record, t->rceid_replace, VERSION_REPLACE));
        break;
    }
    case LR_DELTA:
    case LR_DELTA64: {
        struct version_bookmark bookmark = {.key = t->key, .data = t->bookmark_data};
        TRY(versions_add(o->s, record, rceid, record->type == LR_DELTA ? VERSION_DELTA : VERSION_DELTA64, &bookmark, none, &entry));
        break;
    }
    case LR_REPLACE:
    case LR_REPLACE_D:
    case LR_FLAG_DELETE:
        if (!o->is_image_taken)
            TRY(versions_defer(o->s, record, rceid, record->type == LR_FLAG_DELETE ? VERSION_FLAG_DELETE : VERSION_REPLACE));
        break;
    default: break;
    }
done:
    return err;
}

/* --- operations --- */

static void begin_operation(struct operation *o, struct recovery *r, struct recovered_database *d, struct recovered_session *s, lgpos_t last_change)
{
    /* Field by field: most operations hold one page, and clearing room for all would cost more than they do. */
    o->r = r;
    o->d = d;
    o->s = s;
    o->last_change = last_change;
    o->error = JET_errSuccess;
    o->is_image_taken = false;
    o->held_count = 0;
    o->pages = (struct redo_pages){.context = o, .page_size = d->page_size, .get = get, .get_new = get_new, .is_sound = is_sound, .release = release, .cannot_judge = cannot_judge,
                                   .settled = settled, .before_image = before_image, .undone = undone,
                                   .in_required_range = r->generation.header.generation <= d->required_to || d->header.state == DB_STATE_DIRTY_AND_PATCHED};
}

/* A damaged page may be given back without its number. */
static JET_ERR end_operation(struct operation *o, JET_ERR err)
{
    while (o->held_count > 0)
        cache_release(&o->held[--o->held_count].ref);
    return err < 0 ? err : o->error;
}

JET_ERR recovery_redo_page(struct recovery *r, struct recovered_database *d, struct recovered_session *s, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct operation o;
    begin_operation(&o, r, d, s, 0);
    TRY(end_operation(&o, redo_record(&o.pages, record)));
    if (record->has_node)
        TRY(note_version(&o, record));
done:
    return err;
}

JET_ERR recovery_redo_macro(struct recovery *r, struct recovered_database *d, struct recovered_session *s, const struct log_record *records, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    struct operation o;
    begin_operation(&o, r, d, s, 0);
    TRY(end_operation(&o, redo_macro(&o.pages, records, count)));
    for (uint32_t i = 0; i < count; i++)
        if (records[i].has_node)
            TRY(note_version(&o, &records[i]));
done:
    return err;
}

JET_ERR recovery_apply_undo(struct recovery *r, struct recovered_database *d, struct recovered_session *s, const struct log_record *record, lgpos_t position)
{
    JET_ERR err = JET_errSuccess;
    struct operation o;
    begin_operation(&o, r, d, s, position);
    TRY(end_operation(&o, redo_record(&o.pages, record)));
    versions_remove(s, record->node.rceid);
done:
    return err;
}
