/* Rows prepared, written and given up (update.h).
 *
 * The row in the making is a record builder. cursor_update writes it: the row first, which finds write conflicts before anything else is done, then the entries of
 * secondary indexes, then the references to long values that were put off; all in one inner level, so that an error leaves the prepared row as it was and nothing else.
 * Rows of temporary tables are in update_temp.c.
 */
#define ESENT_PRIVATE
#include "cursor/update_internal.h"

#include "base/memory.h"
#include "txn/txn.h"

enum { LONG_VALUE_OVERHEAD = 16 /* record header, tagged entry, flag byte, reserve */, UPDATE_OPTIONS_REFUSED = JET_bitUpdateNoVersion };

/* --- the cursor's share --- */

static JET_ERR open_table_tree(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct database *db = catalog_database(c->catalog);
    if (u->table_entry.bookmark != NULL)
        goto done;
    TRY(btree_open_writable(db, c->schema->root, c->schema->objid, &u->table_tree));
    c->table_tree = u->table_tree; /* rows are replaced and deleted where the cursor stands */
    TRY(btree_cursor_open(&u->table_tree, &u->table_entry));
    btree_cursor_set_reader(&u->table_entry, c->transaction);
    u->is_lid64 = db_header_version_at_least(&db->header, FORMAT_LID64, 0); /* the version never changes while a database is attached */
done:
    return err;
}

static void find_special_columns(struct pending_update *u, const struct table_schema *schema)
{
    u->autoincrement = u->version = NULL;
    for (uint32_t i = 0; i < schema->column_count; i++) {
        const struct column *column = &schema->columns[i];
        if (column->type == COLUMN_TYPE_NIL || !column_is_fixed(column->id))
            continue;
        if ((column->flags & COLUMN_FLAG_AUTOINCREMENT) != 0)
            u->autoincrement = column;
        else if ((column->flags & COLUMN_FLAG_VERSION) != 0)
            u->version = column;
    }
}

JET_ERR update_open(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    if (c->update == NULL) {
        c->update = mem_alloc(sizeof *c->update);
        if (c->update == NULL)
            RAISE(JET_errOutOfMemory);
    }
    struct pending_update *u = c->update;
    if (c->temp != NULL || u->schema == c->schema)
        goto done;
    if (c->transaction == NULL)
        RAISE(JET_errDatabaseFileReadOnly);
    TRY(open_table_tree(c));
    update_close_slots(c);
    TRY(update_fill_slots(c));
    find_special_columns(u, c->schema);
    u->long_most = record_size_most(c->schema, c->schema->page_size) - LONG_VALUE_OVERHEAD;
    u->schema = c->schema;
done:
    return err;
}

void update_forget_schema(struct cursor *c)
{
    struct pending_update *u = c->update;
    if (u == NULL || c->temp != NULL)
        return;
    update_close_slots(c);
    u->schema = NULL;
    u->autoincrement = u->version = NULL;
}

static void clear_prepared(struct cursor *c)
{
    struct pending_update *u = c->update;
    u->kind = UPDATE_NONE;
    u->is_changed = false;
    u->range_count = u->releases.count = u->created.count = 0;
    if (u->draft_count > 0)
        drafts_clear(u);
}

void update_close(struct cursor *c)
{
    struct pending_update *u = c->update;
    if (u == NULL)
        return;
    update_close_slots(c);
    btree_cursor_close(&u->table_entry);
    clear_prepared(c);
    record_builder_free(u->builder);
    value_buffer_free(&u->original);
    value_buffer_free(&u->scratch);
    value_buffer_free(&u->before);
    value_buffer_free(&u->saved);
    value_buffer_free(&u->old_keys);
    value_buffer_free(&u->new_keys);
    mem_free(u->drafts);
    mem_free(u->ranges);
    mem_free(u->releases.lids);
    mem_free(u->created.lids);
    mem_free(u);
    c->update = NULL;
}

bool cursor_is_prepared(const struct cursor *c) { return c->update != NULL && c->update->kind != UPDATE_NONE; }
enum cursor_update_kind cursor_update_kind(const struct cursor *c)
{
    if (!cursor_is_prepared(c) || c->update->kind == UPDATE_READ_ONLY)
        return CURSOR_UPDATE_NONE;
    if (c->update->kind == UPDATE_REPLACE)
        return CURSOR_UPDATE_REPLACE;
    return c->update->deletes_original ? CURSOR_UPDATE_MOVE : CURSOR_UPDATE_INSERT;
}

bool update_is_readable(const struct cursor *c) { return cursor_is_prepared(c); }
JET_ERR update_drop(struct cursor *c) { return cursor_is_prepared(c) ? update_cancel(c) : JET_errSuccess; }

JET_ERR update_enter(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct transaction *t = c->transaction;
    if (t->number != 0 && u->entered == t->number)
        goto done;
    TRY(catalog_enter_writer(c->catalog, t, c->state));
    u->entered = t->number;
done:
    return err;
}

/* --- prepare --- */

static void bind_builder(struct pending_update *u, const struct table_schema *schema)
{
    if (u->builder_schema != schema)
        record_builder_set_schema(u->builder, schema);
    u->builder_schema = schema;
}

static JET_ERR start_builder(struct cursor *c, const struct span *record)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    if (u->builder == NULL) {
        TRY(record_builder_create(c->schema, c->schema->page_size, &u->builder));
        u->builder_schema = c->schema;
        if (record != NULL)
            TRY(record_builder_reset_from(u->builder, *record));
        goto done;
    }
    bind_builder(u, c->schema);
    TRY(record != NULL ? record_builder_reset_from(u->builder, *record) : record_builder_reset(u->builder));
done:
    return err;
}

JET_ERR update_put_number(struct cursor *c, const struct column *column, uint64_t number)
{
    uint8_t bytes[8];
    store_le64(bytes, number);
    struct column_value value = {.bytes = span_of(bytes, column->max_size == 8 ? 8 : 4)};
    update_mark_changed(c->update, column);
    return update_put(c, column, 1, &value);
}

/* Copies the current row into u->original and the builder. */
static JET_ERR load_current(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct node node;
    TRY(navigate_row(c));
    TRY(btree_cursor_get(&c->table_entry, &node));
    err = value_buffer_reserve(&u->original, c->schema->page_size);
    if (err >= 0 && node.data.size > u->original.capacity)
        err = JET_errDatabaseCorrupted;
    if (err >= 0) {
        memcpy(u->original.data, node.data.data, node.data.size);
        u->original.size = node.data.size;
    }
    btree_cursor_release(&c->table_entry);
    TRY(err);
    struct span record = span_of(u->original.data, u->original.size);
    TRY(start_builder(c, &record));
done:
    return err;
}

static JET_ERR lock_current(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    TRY(navigate_row(c));
    TRY(update_enter(c));
    TRY(btree_lock_node(c->transaction, &c->table_entry, false));
done:
    return err;
}

static JET_ERR prepare_insert(struct cursor *c, uint32_t option)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    uint64_t number;
    u->must_set_autoincrement = option == JET_prepInsertMustSetAutoIncrement;
    if (u->must_set_autoincrement && (u->autoincrement == NULL || u->autoincrement->default_value.data != NULL))
        RAISE(JET_errIllegalOperation);
    TRY(start_builder(c, NULL));
    if (u->autoincrement != NULL && !u->must_set_autoincrement) {
        TRY(next_autoincrement(c, &number));
        TRY(update_put_number(c, u->autoincrement, number));
    }
done:
    return err;
}

static JET_ERR prepare_copy(struct cursor *c, uint32_t option)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    uint64_t number;
    u->deletes_original = option != JET_prepInsertCopy;
    if (c->transaction->level == 0)
        RAISE(JET_errNotInTransaction);
    if (u->deletes_original)
        TRY(lock_current(c));
    TRY(load_current(c));
    if (u->autoincrement != NULL && option != JET_prepInsertCopyReplaceOriginal) {
        TRY(next_autoincrement(c, &number));
        TRY(update_put_number(c, u->autoincrement, number));
    }
    if (!u->deletes_original)
        TRY(update_reference_all(c));
done:
    return err;
}

static JET_ERR prepare_kind(struct cursor *c, uint32_t option)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    switch (option) {
    case JET_prepInsert:
    case JET_prepInsertMustSetAutoIncrement:
        u->kind = UPDATE_INSERT;
        TRY(prepare_insert(c, option));
        break;
    case JET_prepReplace:
        if (c->transaction->level > 0)
            TRY(lock_current(c));
        /* fall through */
    case JET_prepReplaceNoLock:
        u->kind = UPDATE_REPLACE;
        TRY(load_current(c));
        break;
    case JET_prepReadOnlyCopy:
        if (c->transaction->level == 0)
            RAISE(JET_errNotInTransaction);
        u->kind = UPDATE_READ_ONLY;
        TRY(load_current(c));
        break;
    default:
        u->kind = UPDATE_INSERT;
        TRY(prepare_copy(c, option));
        break;
    }
done:
    return err;
}

static bool is_prepare_option(uint32_t option)
{
    return option == JET_prepInsert || option == JET_prepReplace || option == JET_prepCancel || option == JET_prepReplaceNoLock || option == JET_prepInsertCopy
        || option == JET_prepInsertCopyDeleteOriginal || option == JET_prepReadOnlyCopy || option == JET_prepInsertCopyReplaceOriginal
        || option == JET_prepInsertMustSetAutoIncrement;
}

JET_ERR cursor_prepare_update(struct cursor *c, uint32_t option)
{
    JET_ERR err = JET_errSuccess;
    bool is_preparing = false;
    if (!is_prepare_option(option))
        RAISE(JET_errInvalidParameter);
    if (option == JET_prepCancel) {
        if (!cursor_is_prepared(c))
            RAISE(JET_errUpdateNotPrepared);
        return update_cancel(c);
    }
    if (cursor_is_prepared(c) && update_check_prepared(c) >= 0)
        RAISE(JET_errAlreadyPrepared);
    TRY(cursor_refresh(c));
    TRY(update_open(c));
    struct pending_update *u = c->update;
    memset(&u->changed, 0, sizeof u->changed);
    u->is_changed = u->deletes_original = u->must_set_autoincrement = false;
    u->option = option;
    u->original.size = 0;
    u->level = c->transaction != NULL ? c->transaction->level : 0;
    u->begun_ns = c->transaction != NULL ? c->transaction->begun_ns : 0;
    is_preparing = true;
    TRY(c->temp != NULL ? temp_prepare(c, option) : prepare_kind(c, option));
    is_preparing = false;
done:
    if (is_preparing) {
        JET_ERR back = update_cancel(c);
        err = back < 0 ? back : err;
    }
    return err;
}

/* --- cancel --- */

JET_ERR update_cancel(struct cursor *c)
{
    JET_ERR err = c->temp == NULL ? update_undo_long(c) : JET_errSuccess;
    clear_prepared(c);
    return err < 0 ? JET_errRollbackError : JET_errSuccess;
}

void cursor_cancel_update(struct cursor *c)
{
    if (cursor_is_prepared(c)) {
        JET_ERR err = update_cancel(c);
        (void)err; /* what could not be taken back goes with the transaction */
    }
}

/* Long values of the row were written by a transaction: when it is no longer open they are committed, and the row that was to hold them is given up. */
JET_ERR update_check_prepared(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    if (!cursor_is_prepared(c))
        RAISE(JET_errUpdateNotPrepared);
    if (c->temp != NULL)
        goto done;
    if ((u->range_count > 0 || u->releases.count > 0) && (c->transaction->level == 0 || c->transaction->number != u->number)) {
        TRY(update_cancel(c));
        RAISE(JET_errUpdateNotPrepared);
    }
done:
    return err;
}

void cursor_rolled_back(struct cursor *c, unsigned level)
{
    struct pending_update *u = c->update;
    if (c->temp != NULL)
        return;
    update_forget_tree(c);
    if (u == NULL)
        return;
    u->entered = 0;
    /* What the level wrote has been taken back already; when that was part of the row, the rest goes too. */
    if (u->kind != UPDATE_NONE && (u->level >= level || !update_long_values_stand(c)))
        cursor_cancel_update(c);
}

void cursor_committed(struct cursor *c, unsigned level)
{
    if (c->update != NULL && c->update->level >= level)
        c->update->level = level - 1;
}

/* --- update --- */

static JET_ERR draft_record(struct cursor *c, struct span *bytes, struct record_view *view)
{
    JET_ERR err = JET_errSuccess;
    TRY(record_builder_bytes(c->update->builder, bytes));
    TRY(record_view_init(view, *bytes, c->schema->page_size));
done:
    return err;
}

/* What a Windows 2000 engine would make of the row: every value of a tagged column an entry of its own. */
static JET_ERR check_old_size(struct cursor *c, const struct record_view *view)
{
    enum { OLD_ENTRY = 4 };
    JET_ERR err = JET_errSuccess;
    uint64_t size = view->tagged;
    for (uint32_t i = 0; i < view->tagged_count; i++) {
        struct tagged_entry entry;
        uint32_t count;
        TRY(record_tagged_at(view, i, &entry));
        TRY(record_tagged_count(&entry, &count));
        size += (uint64_t)(count > 0 ? count : 1) * (OLD_ENTRY + ((entry.flags & TAGGED_LONG) != 0 ? 1u : 0u)) + entry.data.size;
        if (count > 1)
            size -= (entry.flags & TAGGED_TWO_VALUES) != 0 ? 1u : 2u * count;
    }
    if (size > record_size_most(c->schema, c->schema->page_size))
        RAISE(JET_errRecordTooBigForBackwardCompatibility);
done:
    return err;
}

/* Takes the original of a copy out of the table; its long values belong to the copy from now on. */
static JET_ERR delete_original(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct record_view view;
    uint8_t key[BTREE_KEY_MAX];
    TRY(record_view_init(&view, span_of(u->original.data, u->original.size), c->schema->page_size));
    TRY(navigate_row(c));
    struct span here = btree_cursor_key(&c->table_entry);
    if (here.size > sizeof key)
        RAISE(JET_errDatabaseCorrupted);
    memcpy(key, here.data, here.size);
    TRY(btree_delete(c->transaction, &c->table_entry, 0));
    TRY(update_delete_entries(c, &view, span_of(key, here.size)));
done:
    return err;
}

static JET_ERR insert_row(struct cursor *c, uint32_t options, uint8_t *bookmark, uint32_t room, uint32_t *actual)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct record_view view;
    struct span bytes;
    struct column_value value;
    uint8_t key[KEY_ROOM];
    uint32_t size = 4;
    unsigned hint = 0;
    if (u->must_set_autoincrement) {
        TRY(update_get(u, u->autoincrement, 1, &value));
        if ((value.flags & COLUMN_VALUE_NULL) != 0)
            RAISE(JET_errAutoIncrementNotSet);
    }
    if (u->version != NULL && !column_set_has(&u->changed, u->version->id))
        TRY(update_put_number(c, u->version, 0));
    TRY(record_builder_check_nulls(u->builder));
    TRY(draft_record(c, &bytes, &view));
    if ((options & JET_bitUpdateCheckESE97Compatibility) != 0)
        TRY(check_old_size(c, &view));
    if (u->deletes_original)
        TRY(delete_original(c));
    if (schema_primary(c->schema) != NULL) {
        TRY(update_primary_key(c, &view, key, &size));
        hint = u->autoincrement != NULL ? BTREE_APPEND_HINT : 0;
    } else {
        TRY(next_sequence_key(c, key));
        hint = BTREE_APPEND_HINT;
    }
    if (bookmark != NULL && size > room)
        RAISE(JET_errBufferTooSmall);
    TRY(btree_insert(c->transaction, &u->table_tree, &u->table_entry, span_of(key, size), bytes, hint));
    TRY(update_insert_entries(c, &view, span_of(key, size)));
    TRY(update_release_all(c));
    if (bookmark != NULL)
        memcpy(bookmark, key, size);
    if (actual != NULL)
        *actual = size;
done:
    return err;
}

/* Within one transaction the snapshot finds every conflict. */
static bool must_match_original(const struct cursor *c)
{
    const struct pending_update *u = c->update;
    return u->level == 0 || u->begun_ns != c->transaction->begun_ns;
}

/* The row as it is now, into u->before when it is not what was copied when the update was prepared. */
static JET_ERR compare_original(struct cursor *c, struct span *before)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct node node;
    *before = span_of(u->original.data, u->original.size);
    TRY(navigate_row(c));
    TRY(btree_cursor_get(&c->table_entry, &node));
    if (!span_equal(node.data, *before)) {
        err = must_match_original(c) ? error_raise(JET_errWriteConflict, __FILE__, __LINE__) : value_buffer_reserve(&u->before, node.data.size);
        if (err >= 0) {
            memcpy(u->before.data, node.data.data, node.data.size);
            *before = span_of(u->before.data, node.data.size);
        }
    }
    btree_cursor_release(&c->table_entry);
done:
    return err;
}

static JET_ERR count_version(struct cursor *c, const struct record_view *before)
{
    JET_ERR err = JET_errSuccess;
    struct column_value value;
    uint32_t number = 1;
    TRY(record_column(before, c->update->version, 1, &value));
    if ((value.flags & COLUMN_VALUE_NULL) == 0 && value.bytes.size == sizeof number)
        number = load_le32(value.bytes.data) + 1;
    TRY(update_put_number(c, c->update->version, number));
done:
    return err;
}

static JET_ERR replace_row(struct cursor *c, uint32_t options)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct record_view old_view, new_view;
    struct span before, bytes;
    uint8_t key[KEY_ROOM];
    uint32_t size;
    TRY(compare_original(c, &before));
    if (!u->is_changed)
        goto done;
    TRY(record_view_init(&old_view, before, c->schema->page_size));
    if (u->version != NULL)
        TRY(count_version(c, &old_view));
    TRY(draft_record(c, &bytes, &new_view));
    if ((options & JET_bitUpdateCheckESE97Compatibility) != 0)
        TRY(check_old_size(c, &new_view));
    struct span here = btree_cursor_key(&c->table_entry);
    if (schema_primary(c->schema) != NULL && column_set_meets(&u->slots[0].columns, &u->changed)) {
        TRY(update_primary_key(c, &new_view, key, &size));
        if (!span_equal(span_of(key, size), here))
            RAISE(JET_errRecordPrimaryChanged);
    }
    TRY(btree_replace(c->transaction, &c->table_entry, bytes, 0));
    TRY(update_replace_entries(c, &old_view, &new_view, btree_cursor_key(&c->table_entry)));
    TRY(update_release_all(c));
done:
    return err;
}

static void copy_bookmark(struct cursor *c, uint8_t *bookmark, uint32_t room, uint32_t *actual)
{
    struct span key = btree_cursor_key(&c->table_entry);
    if (bookmark != NULL && room > 0)
        memcpy(bookmark, key.data, key.size < room ? key.size : room);
    if (actual != NULL)
        *actual = key.size;
}

JET_ERR cursor_update(struct cursor *c, uint32_t options, uint8_t *bookmark, uint32_t room, uint32_t *actual)
{
    JET_ERR err = JET_errSuccess;
    struct transaction *t = c->transaction;
    bool is_begun = false;
    TRY(update_check_prepared(c));
    struct pending_update *u = c->update;
    if (u->kind == UPDATE_READ_ONLY)
        RAISE(JET_errUpdateNotPrepared);
    if ((options & UPDATE_OPTIONS_REFUSED) != 0)
        RAISE(JET_errUpdateMustVersion);
    if (c->temp != NULL)
        return temp_update(c, bookmark, room, actual);
    if (t->level == 0)
        RAISE(JET_errNotInTransaction);
    TRY(cursor_refresh(c));
    TRY(update_open(c));
    bind_builder(u, c->schema);
    TRY(update_enter(c));
    TRY(txn_begin(t));
    is_begun = true;
    if (u->kind == UPDATE_REPLACE)
        TRY(replace_row(c, options));
    else
        TRY(insert_row(c, options, bookmark, room, actual));
    TRY(txn_commit(t, true, NULL));
    is_begun = false;
    if (u->kind == UPDATE_REPLACE)
        copy_bookmark(c, bookmark, room, actual);
    clear_prepared(c);
done:
    if (is_begun) {
        JET_ERR back = txn_rollback(t);
        err = back < 0 ? back : err;
    }
    return err;
}
