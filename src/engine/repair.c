/* Repair of a database (repair.h): the order of things.
 *
 * The damaged file is read page by page, past the cache. The new one is made as JetCompact makes its copy (copy_target.h): first the catalog with an empty tree for each object, then table
 * by table its rows, long values and indexes. What a table lacks does not touch another. In the end MSysObjids is made from the catalog, and the file is marked clean.
 *
 * Threads: the session's own. No locks are held but while the slot is taken. */
#include "engine/repair_internal.h"

#include <stdio.h>

#include "base/memory.h"
#include "base/text.h"
#include "btree/extent.h"
#include "catalog/ddl.h"
#include "catalog/row.h"
#include "engine/replace_file.h"
#include "txn/txn.h"

enum { GROWTH_PAGES = 64, PROCID_UNLOGGED = PROCID_NONE };
#define OBJIDS_TABLE "MSysObjids"

void repair_tell_page(void *context, page_no_t page_no, JET_ERR error)
{
    const struct repair *r = context;
    const struct repair_page told = {page_no, error, r->table_name};
    if (r->options->page != NULL)
        r->options->page(r->options->context, &told);
}

JET_ERR repair_tell_progress(struct repair *r, uint32_t done)
{
    if (r->options->progress == NULL)
        return JET_errSuccess;
    r->units_done = done < r->units_done ? r->units_done : done > r->units_total ? r->units_total : done;
    engine_callback_begin(r->session);
    JET_ERR err = r->options->progress(r->options->context, r->units_done, r->units_total);
    engine_callback_end(r->session);
    return err;
}

static JET_ERR tell_scanned(void *context, page_no_t done) { return repair_tell_progress(context, done); }

/* --- the old file --- */

static JET_ERR scan(struct repair *r)
{
    JET_ERR err = JET_errSuccess;
    struct repair_file *f = &r->file;
    struct repair_report *report = r->report;
    r->units_total = 2 * f->last_page; /* at most 2 * PAGE_NO_MAX */
    TRY(repair_file_scan(f, tell_scanned, r));
    report->page_size = f->page_size;
    report->header_is_lost = !f->has_header;
    report->state = f->has_header ? f->header.state : 0;
    report->pages = f->last_page;
    for (page_no_t page_no = 1; page_no <= f->last_page; page_no++) {
        enum repair_page_state state = (enum repair_page_state)f->states[page_no - 1];
        report->pages_blank += state == REPAIR_PAGE_BLANK;
        report->pages_trusted += state == REPAIR_PAGE_TRUSTED;
        report->pages_bad += state == REPAIR_PAGE_BAD_SUM || state == REPAIR_PAGE_BAD_STRUCTURE || state == REPAIR_PAGE_UNREADABLE;
    }
    r->is_damaged = !f->has_header || report->pages_trusted > 0;
done:
    return err;
}

/* Bad pages that no tree has led to. */
static void tell_other_pages(struct repair *r)
{
    struct page_view view;
    uint8_t *bytes = mem_alloc(r->file.page_size);
    r->table_name = NULL;
    for (page_no_t page_no = 1; bytes != NULL && page_no <= r->file.last_page; page_no++) {
        enum repair_page_state state = (enum repair_page_state)r->file.states[page_no - 1];
        bool is_bad = state == REPAIR_PAGE_BAD_SUM || state == REPAIR_PAGE_BAD_STRUCTURE || state == REPAIR_PAGE_UNREADABLE;
        if (is_bad && !repair_bit(r->file.leads, page_no))
            repair_tell_page(r, page_no, repair_file_read(&r->file, page_no, bytes, &view));
    }
    mem_free(bytes);
}

/* --- tables --- */

static void tell_table(struct repair *r, const struct repair_table *told)
{
    struct repair_report *report = r->report;
    report->rows += told->rows;
    report->rows_lost += told->rows_lost;
    report->long_values += told->long_values;
    report->long_values_lost += told->long_values_lost;
    report->columns_nulled += told->columns_nulled;
    report->columns_lost += told->columns_lost;
    report->pages_lost += told->pages_lost;
    report->indexes_lost += told->indexes_lost;
    if (told->error < 0)
        report->tables_lost++;
    else
        report->tables++;
    if (told->error < 0 || told->rows_lost > 0 || told->long_values_lost > 0 || told->columns_nulled > 0 || told->indexes_lost > 0)
        r->is_damaged = true;
    if (r->options->table != NULL)
        r->options->table(r->options->context, told);
}

void repair_tell_lost(struct repair *r, const char *name, uint32_t objid, JET_ERR error)
{
    struct repair_table told = {.name = name, .objid = objid, .error = error};
    repair_file_count_rows(&r->file, objid, &told.pages_stray, &told.rows_lost);
    tell_table(r, &told);
}

/* Has some row of the catalog, of use or not, been of this table? They are in order of the number as a signed one. */
static bool is_named(const struct repair *r, uint32_t objid)
{
    uint32_t low = 0, high = r->row_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if ((int32_t)r->rows[middle].objid_table < (int32_t)objid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < r->row_count && r->rows[low].objid_table == objid;
}

/* Tables whose rows in both catalogs are lost: their leaves are there to see, as are those of tables that were deleted long ago. */
static void tell_nameless(struct repair *r)
{
    const struct repair_file *f = &r->file;
    uint32_t objid, pages, first;
    uint64_t rows;
    for (uint32_t i = 0; r->catalogs_have_gaps && i < f->leaf_count; i += repair_file_leaves_of(f, objid, &first)) {
        objid = f->objids[f->leaves[i] - 1];
        if (objid < REPAIR_FIRST_OBJID || is_named(r, objid))
            continue;
        repair_file_count_rows(f, objid, &pages, &rows);
        if (rows > 0)
            repair_tell_lost(r, "", objid, JET_errObjectNotFound);
    }
}

/* All of a table leaves the new catalog again: nobody could open it. */
static JET_ERR drop_table(struct repair *r, uint32_t first)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = repair_catalog_end(r, first); i-- > first;) /* its trees before the one that owns their space */
        if (!r->rows[i].is_dropped)
            TRY(repair_catalog_drop(r, &r->rows[i]));
done:
    return err;
}

static bool is_schema_damage(JET_ERR err)
{
    return err == JET_errCatalogCorrupted || err == JET_errDatabaseCorrupted || err == JET_errObjectNotFound || err == JET_errIndexInvalidDef || err == JET_errFeatureNotAvailable ||
           err == JET_errInvalidName;
}

/* A tree that nothing is taken from: its lost pages are told of all the same. */
static JET_ERR look_at(struct repair *r, const struct repair_row *row)
{
    const struct repair_losses losses = {repair_tell_page, r};
    struct repair_tree tree = {.root = 0};
    JET_ERR err = repair_tree_walk(&r->file, row->root, row->id, 0, &losses, &tree);
    r->is_damaged = r->is_damaged || !tree.is_whole;
    repair_tree_free(&tree);
    return err;
}

static JET_ERR save_table(struct repair *r, uint32_t first)
{
    JET_ERR err = JET_errSuccess;
    struct table_work w = {.r = r, .row = &r->rows[first], .first = first};
    char name[REPAIR_NAME_ROOM];
    repair_catalog_name(r, w.row, name);
    w.told = (struct repair_table){.name = name, .objid = w.row->objid_table};
    r->table_name = name;
    err = catalog_find_table_by_objid(r->catalog, w.row->objid_table, &w.schema);
    if (err >= 0 && schema_primary(w.schema) != NULL && !repair_index_has_columns(w.schema, schema_primary(w.schema)))
        err = JET_errCatalogCorrupted;
    if (err >= 0 && ascii_compare_nocase(name, OBJIDS_TABLE) == 0) {
        TRY(look_at(r, w.row)); /* made from the catalog in the end */
    } else if (err >= 0) {
        TRY(repair_table(&w));
        tell_table(r, &w.told);
    } else if (is_schema_damage(err)) {
        JET_ERR why = err;
        TRY(drop_table(r, first));
        repair_tell_lost(r, name, w.row->objid_table, why);
    }
done:
    catalog_release_table(r->catalog, w.schema);
    r->table_name = NULL;
    return err;
}

static JET_ERR save_tables(struct repair *r)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t first = 0, end; first < r->row_count; first = end) {
        end = repair_catalog_end(r, first);
        uint32_t objid = r->rows[first].objid_table;
        if (objid == CATALOG_OBJID || objid == CATALOG_SHADOW_OBJID || r->rows[first].is_dropped)
            continue;
        TRY(save_table(r, first));
        TRY(repair_tell_progress(r, r->file.last_page + (uint32_t)((uint64_t)r->file.last_page * end / r->row_count)));
    }
done:
    return err;
}

/* --- the new file --- */

static uint32_t highest_objid(const struct repair *r)
{
    uint32_t highest = r->file.objid_last > r->file.header.objid_last ? r->file.objid_last : r->file.header.objid_last;
    for (uint32_t i = 0; i < r->row_count; i++)
        if (!r->rows[i].is_dropped && r->rows[i].type != CATALOG_ROW_COLUMN && r->rows[i].id > highest)
            highest = r->rows[i].id;
    return highest;
}

static JET_ERR make_target(struct repair *r)
{
    JET_ERR err = JET_errSuccess;
    struct db_header like = r->file.header;
    uint32_t pages = database_initial_pages(r->file.page_size, 0);
    like.repair_count++;
    like.logtime_repair = attach_time_now();
    TRY(copy_target_make(&r->target, &like, highest_objid(r), pages, GROWTH_PAGES));
    r->db = r->target.database;
    TRY(space_create_root(&r->transaction, r->db, pages));
    TRY(catalog_open(r->db, &r->catalog));
done:
    return err;
}

static JET_ERR work(struct repair *r)
{
    JET_ERR err = JET_errSuccess;
    struct transaction *t = &r->transaction;
    TRY(transaction_open(t, r->target.instance->versions, NULL, PROCID_UNLOGGED));
    TRY(txn_begin(t));
    TRY(scan(r));
    TRY(repair_catalog_read(r));
    TRY(make_target(r));
    TRY(repair_catalog_write(r));
    TRY(save_tables(r));
    tell_nameless(r);
    TRY(catalog_fill_objids(t, r->catalog));
    tell_other_pages(r);
    TRY(txn_commit(t, true, NULL));
    TRY(database_mark_clean(r->db, 0, attach_time_now()));
    r->report->is_undamaged = !r->is_damaged && r->report->pages_bad == 0;
    err = repair_tell_progress(r, r->units_total);
done:
    transaction_close(t); /* nothing in it can be taken back: after an error the file goes */
    return err;
}

JET_ERR engine_repair(struct session *session, const char *source, const char *target, const struct repair_options *options, struct repair_report *report)
{
    JET_ERR err = JET_errSuccess;
    static const struct repair_options NONE;
    struct repair r = {.session = session, .options = options != NULL ? options : &NONE, .report = report};
    *report = (struct repair_report){0};
    if (session->level > 0)
        RAISE(JET_errInTransaction);
    TRY(repair_file_open(session->instance->fs, source, session->instance->page_size, &r.file));
    r.file.trust_bad_checksums = r.options->trust_bad_checksums;
    TRY(copy_target_reserve(session->instance, target, &r.target));
    TRY(work(&r));
done:
    copy_target_close(&r.target, err);
    repair_catalog_free(&r);
    repair_file_close(&r.file);
    return err;
}

/* --- in place --- */

JET_ERR engine_repair_in_place(struct session *session, const char *path, const char *temporary, const char *kept, const struct repair_options *options, struct repair_report *report)
{
    JET_ERR err = JET_errSuccess;
    struct os_fs *fs = session->instance->fs;
    static const char SUFFIX[] = ".temprepair";
    size_t room = strlen(temporary != NULL ? temporary : path) + sizeof SUFFIX;
    char *made = mem_alloc(room);
    bool is_made = false;
    if (made == NULL)
        RAISE(JET_errOutOfMemory);
    snprintf(made, room, "%s%s", temporary != NULL ? temporary : path, temporary != NULL ? "" : SUFFIX);
    if (kept != NULL && os_exists(fs, kept))
        RAISE(JET_errFileAlreadyExists);
    TRY(engine_repair(session, path, made, options, report));
    is_made = true;
    TRY(replace_file_rights(path, made));
    TRY(replace_file(fs, made, path, kept));
    is_made = false;
done:
    if (is_made && os_remove(fs, made) < 0) {
        /* It is a whole database, under a name that nobody expects one under. */
    }
    mem_free(made);
    return err;
}
