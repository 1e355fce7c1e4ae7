/* Long values of a prepared row (update_internal.h; records-and-catalog 2.1, 3): appended to, overwritten in part, resized, kept in the record or separated from it.
 *
 * A value stays in the record up to a limit (1023 bytes, or what the table or the caller says) while the record has room; else it goes into the long-value tree. A separated
 * value is changed in place only when no other record shares it and no index has the column as a key: the keys of the old row must stay readable until the update is done.
 */
#define ESENT_PRIVATE
#include "cursor/update_internal.h"

#include "base/memory.h"
#include "format/compression.h"
#include "txn/txn.h"

enum { INTRINSIC_MOST_DEFAULT = 1023, COPY_PART = 256 * 1024 };

uint32_t update_lid_size(const struct pending_update *u) { return u->is_lid64 ? LID64_SIZE : LID32_SIZE; }

JET_ERR lid_list_add(struct lid_list *list, uint64_t lid)
{
    JET_ERR err = JET_errSuccess;
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 8 : 2 * list->capacity;
        uint64_t *bigger = mem_resize(list->lids, capacity * sizeof *bigger);
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        list->lids = bigger;
        list->capacity = capacity;
    }
    list->lids[list->count++] = lid;
done:
    return err;
}

/* --- what a cancel takes back --- */

static const struct version *next_change(const struct version *v)
{
    while (v != NULL && v->kind == VERSION_KIND_ACTION)
        v = v->next;
    return v;
}

static const struct version *previous_change(const struct version *v)
{
    while (v != NULL && v->kind == VERSION_KIND_ACTION)
        v = v->previous;
    return v;
}

/* Everything the transaction has changed since `mark` was its last version belongs to this update. */
static JET_ERR remember_versions(struct cursor *c, const struct version *mark)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct transaction *t = c->transaction;
    const struct version *first = next_change(mark != NULL ? mark->next : t->first), *last = previous_change(t->last);
    if (first == NULL || last == NULL)
        goto done;
    u->number = t->number;
    if (u->range_count > 0 && mark != NULL && u->ranges[u->range_count - 1].last == mark->rceid) {
        u->ranges[u->range_count - 1].last = last->rceid;
        goto done;
    }
    if (u->range_count == u->range_capacity) {
        uint32_t capacity = u->range_capacity == 0 ? 4 : 2 * u->range_capacity;
        struct version_range *bigger = mem_resize(u->ranges, capacity * sizeof *bigger);
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        u->ranges = bigger;
        u->range_capacity = capacity;
    }
    u->ranges[u->range_count++] = (struct version_range){first->rceid, last->rceid};
done:
    return err;
}

/* From the newest back. Versions that a rollback has taken out already are not met any more. */
static JET_ERR undo_ranges(struct pending_update *u, struct transaction *t)
{
    JET_ERR err = JET_errSuccess;
    uint32_t left = u->range_count;
    for (struct version *v = t->last, *previous; v != NULL && left > 0; v = previous) {
        previous = v->previous;
        if (v->kind == VERSION_KIND_ACTION || version_is_lock(v))
            continue;
        while (left > 0 && v->rceid < u->ranges[left - 1].first)
            left--;
        if (left > 0 && v->rceid <= u->ranges[left - 1].last)
            TRY(btree_undo(t, v));
    }
done:
    return err;
}

bool update_long_values_stand(const struct cursor *c)
{
    const struct pending_update *u = c->update;
    if (u->range_count == 0)
        return true;
    uint32_t newest = u->ranges[u->range_count - 1].last;
    const struct version *v = previous_change(c->transaction->last);
    while (v != NULL && v->rceid > newest)
        v = previous_change(v->previous);
    return v != NULL && v->rceid == newest;
}

/* The versions are committed: values made for the row are orphans now. */
static JET_ERR release_created(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct long_value_writer writer;
    bool is_begun = false;
    if (u->created.count == 0)
        goto done;
    TRY(txn_begin(c->transaction));
    is_begun = true;
    TRY(update_writer(c, NULL, 0, &writer));
    for (uint32_t i = 0; i < u->created.count; i++)
        TRY(long_value_release(&writer, u->created.lids[i]));
    TRY(txn_commit(c->transaction, true, NULL));
    is_begun = false;
done:
    if (is_begun) {
        JET_ERR back = txn_rollback(c->transaction);
        err = back < 0 ? back : err;
    }
    return err;
}

JET_ERR update_undo_long(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    if (u->range_count == 0)
        goto done;
    if (c->transaction->level == 0 || c->transaction->number != u->number)
        return release_created(c);
    TRY(undo_ranges(u, c->transaction));
done:
    u->range_count = 0;
    return err;
}

/* --- the long-value tree --- */

JET_ERR update_writer(struct cursor *c, const struct column *column, uint32_t options, struct long_value_writer *out)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct database *db = catalog_database(c->catalog);
    if (!u->has_lv_tree) {
        if (c->lv_root == 0 && c->schema->lv_root != 0) {
            c->lv_root = c->schema->lv_root;
            c->lv_objid = c->schema->lv_objid;
        }
        if (c->lv_root == 0)
            TRY(catalog_need_long_value_tree(c->catalog, c->transaction, c->schema->objid, &c->lv_root, &c->lv_objid));
        TRY(catalog_use_long_values(c->catalog, c->state));
        TRY(btree_open_writable(db, c->lv_root, c->lv_objid, &u->lv_tree));
        u->has_lv_tree = true;
    }
    bool compress = column != NULL && (options & JET_bitSetUncompressed) == 0
                 && ((options & JET_bitSetCompressed) != 0 || (column->flags & COLUMN_FLAG_COMPRESSED) != 0);
    *out = (struct long_value_writer){.transaction = c->transaction, .tree = &u->lv_tree, .chunk_size = long_value_chunk_size(db->page_size, c->schema->lv_chunk_most),
                                      .compress = compress, .compress_minimum = c->compress_minimum, .next_lid = &c->state->next_lid, .is_lid64 = u->is_lid64,
                                      .key = column != NULL && column_is_encrypted(column) ? c->encryption : NULL};
done:
    return err;
}

void update_forget_tree(struct cursor *c)
{
    long_value_tree_close(&c->long_values);
    c->lv_root = c->lv_objid = 0;
    if (c->update != NULL)
        c->update->has_lv_tree = false;
}

JET_ERR update_release_all(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct long_value_writer writer;
    if (u->releases.count == 0)
        goto done;
    TRY(update_writer(c, NULL, 0, &writer));
    for (uint32_t i = 0; i < u->releases.count; i++)
        TRY(long_value_release(&writer, u->releases.lids[i]));
done:
    return err;
}

/* Calls visit with every separated value of a record. */
static JET_ERR visit_separated(const struct record_view *record, JET_ERR (*visit)(struct cursor *c, struct long_value_writer *writer, uint64_t lid), struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct long_value_writer writer;
    bool is_open = false;
    for (uint32_t i = 0; i < record->tagged_count; i++) {
        struct tagged_entry entry;
        struct column_value value;
        uint32_t count;
        TRY(record_tagged_at(record, i, &entry));
        if ((entry.flags & TAGGED_LONG) == 0 || (entry.flags & (TAGGED_SEPARATED | TAGGED_MULTI)) == 0)
            continue;
        TRY(record_tagged_count(&entry, &count));
        for (uint32_t n = 1; n <= count; n++) {
            TRY(record_tagged_value(&entry, n, &value));
            if ((value.flags & COLUMN_VALUE_SEPARATED) == 0)
                continue;
            if (!is_open)
                TRY(update_writer(c, NULL, 0, &writer));
            is_open = true;
            TRY(visit(c, &writer, value.lid));
        }
    }
done:
    return err;
}

static JET_ERR release_one(struct cursor *c, struct long_value_writer *writer, uint64_t lid)
{
    (void)c;
    return long_value_release(writer, lid);
}

static JET_ERR reference_one(struct cursor *c, struct long_value_writer *writer, uint64_t lid)
{
    JET_ERR err = JET_errSuccess;
    TRY(long_value_add_reference(writer, lid));
    TRY(lid_list_add(&c->update->created, lid));
done:
    return err;
}

JET_ERR update_release_record(struct cursor *c, const struct record_view *record) { return visit_separated(record, release_one, c); }

/* Runs a change of long values in an inner level, and remembers what it did. */
static JET_ERR in_inner_level(struct cursor *c, JET_ERR (*change)(struct cursor *c, void *context), void *context)
{
    JET_ERR err = JET_errSuccess;
    struct transaction *t = c->transaction;
    bool is_begun = false;
    struct pending_update *u = c->update;
    const struct version *mark;
    if (t->level == 0)
        RAISE(JET_errNotInTransaction);
    TRY(update_enter(c));
    mark = t->last;
    /* What inner calls remember is within this one's range, or rolled back with it. */
    uint32_t range_count = u->range_count;
    uint32_t range_last = range_count > 0 ? u->ranges[range_count - 1].last : 0;
    TRY(txn_begin(t));
    is_begun = true;
    err = change(c, context);
    u->range_count = range_count;
    if (range_count > 0)
        u->ranges[range_count - 1].last = range_last;
    if (err < 0)
        goto done;
    JET_ERR warning = err;
    TRY(txn_commit(t, true, NULL));
    is_begun = false;
    TRY(remember_versions(c, mark));
    err = warning;
done:
    if (is_begun) {
        JET_ERR back = txn_rollback(t);
        update_forget_tree(c);
        err = back < 0 ? back : err;
    }
    return err;
}

static JET_ERR reference_record(struct cursor *c, void *context)
{
    JET_ERR err = JET_errSuccess;
    struct record_view view;
    (void)context;
    TRY(record_view_init(&view, span_of(c->update->original.data, c->update->original.size), c->schema->page_size));
    TRY(visit_separated(&view, reference_one, c));
done:
    return err;
}

JET_ERR update_reference_all(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct record_view view;
    TRY(record_view_init(&view, span_of(c->update->original.data, c->update->original.size), c->schema->page_size));
    if (view.tagged_count > 0)
        TRY(in_inner_level(c, reference_record, NULL));
done:
    return err;
}

/* --- out of the record, to make room --- */

static JET_ERR store_separated(struct cursor *c, const struct column *column, uint32_t options, uint32_t sequence, struct span plain)
{
    JET_ERR err = JET_errSuccess;
    struct long_value_writer writer;
    struct column_value value = {.flags = COLUMN_VALUE_SEPARATED};
    TRY(update_writer(c, column, options, &writer));
    TRY(long_value_create(&writer, plain, &value.lid));
    TRY(lid_list_add(&c->update->created, value.lid));
    TRY(record_builder_set(c->update->builder, column, sequence, &value));
done:
    return err;
}

static JET_ERR separate_column(struct cursor *c, const struct column *column, uint32_t threshold)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    uint32_t count;
    TRY(record_builder_count(u->builder, column, &count));
    for (uint32_t n = 1; n <= count; n++) {
        struct column_value value;
        TRY(record_builder_get(u->builder, column, n, &value));
        if ((value.flags & (COLUMN_VALUE_NULL | COLUMN_VALUE_DEFAULT | COLUMN_VALUE_SEPARATED | COLUMN_VALUE_USER_DEFAULT)) != 0 || value.bytes.size <= threshold
            || encryption_check(c, column) < 0)
            continue;
        TRY(encryption_open_value(c, &value));
        TRY(column_value_fetch_all(NULL, &value, LONG_VALUE_SIZE_MAX, &u->before));
        TRY(store_separated(c, column, (value.flags & COLUMN_VALUE_COMPRESSED) != 0 ? JET_bitSetCompressed : 0, n, span_of(u->before.data, u->before.size)));
    }
done:
    return err;
}

static JET_ERR separate_all(struct cursor *c, void *context)
{
    JET_ERR err = JET_errSuccess;
    const uint32_t *threshold = context;
    for (uint32_t i = c->schema->tagged_first < c->schema->template_tagged_first ? c->schema->tagged_first : c->schema->template_tagged_first; i < c->schema->column_count; i++)
        if (column_is_tagged(c->schema->columns[i].id) && column_type_is_long(c->schema->columns[i].type))
            TRY(separate_column(c, &c->schema->columns[i], *threshold));
done:
    return err;
}

JET_ERR update_separate(struct cursor *c, uint32_t threshold)
{
    JET_ERR err = JET_errSuccess;
    struct span whole;
    struct pending_update *u = c->update;
    /* The record as it was, should this fail half-way: what was written is rolled back then. */
    TRY(record_builder_bytes(u->builder, &whole));
    TRY(value_buffer_reserve(&u->new_keys, whole.size));
    memcpy(u->new_keys.data, whole.data, whole.size);
    uint32_t created = u->created.count;
    err = in_inner_level(c, separate_all, &threshold);
    if (err < 0) {
        JET_ERR back = record_builder_reset_from(u->builder, span_of(u->new_keys.data, whole.size));
        u->created.count = created;
        err = back < 0 ? back : err;
    }
done:
    return err;
}

/* --- one value set --- */

enum long_operation { LONG_NOTHING, LONG_NULL, LONG_EMPTY, LONG_WHOLE, LONG_ZEROS, LONG_APPEND, LONG_RESIZE, LONG_RANGE, LONG_RANGE_AND_RESIZE };

struct long_set {
    const struct column *column;
    const struct set_column *set;
    enum long_operation operation;
    struct column_value old;   /* flags NULL: none; its bytes are the builder's */
    struct span old_plain;     /* of a value in the record */
    uint32_t offset, size;     /* of the range; the size given */
};

static JET_ERR find_operation(struct long_set *s)
{
    JET_ERR err = JET_errSuccess;
    uint32_t parts = s->set->options & (JET_bitSetAppendLV | JET_bitSetOverwriteLV | JET_bitSetSizeLV);
    bool is_new = (s->old.flags & COLUMN_VALUE_NULL) != 0, is_empty = s->size == 0, zero_length = (s->set->options & JET_bitSetZeroLength) != 0;
    bool at_gap = is_new && s->offset != 0;
    switch (parts) {
    case 0:
        s->operation = !is_empty ? LONG_WHOLE : zero_length ? LONG_EMPTY : LONG_NULL;
        break;
    case JET_bitSetAppendLV:
        s->operation = is_empty ? (is_new ? LONG_EMPTY : LONG_NOTHING) : is_new ? LONG_WHOLE : LONG_APPEND;
        break;
    case JET_bitSetSizeLV:
        s->operation = !is_empty ? (is_new ? LONG_ZEROS : LONG_RESIZE) : zero_length ? LONG_EMPTY : LONG_NULL;
        break;
    case JET_bitSetOverwriteLV:
        if (at_gap)
            RAISE(JET_errColumnNoChunk);
        s->operation = is_empty ? (is_new ? LONG_EMPTY : LONG_NOTHING) : is_new ? LONG_WHOLE : LONG_RANGE;
        break;
    case JET_bitSetOverwriteLV | JET_bitSetSizeLV:
        if (!is_empty && at_gap)
            RAISE(JET_errColumnNoChunk);
        s->operation = is_empty ? LONG_NULL : is_new ? LONG_WHOLE : LONG_RANGE_AND_RESIZE;
        break;
    default:
        RAISE(JET_errInvalidGrbit);
    }
done:
    return err;
}

/* Size of the value when the operation is done. */
static uint64_t resulting_size(const struct long_set *s, uint32_t old_size)
{
    uint64_t end = (uint64_t)s->offset + s->size;
    switch (s->operation) {
    case LONG_APPEND:
        return (uint64_t)old_size + s->size;
    case LONG_RANGE:
        return end > old_size ? end : old_size;
    case LONG_RANGE_AND_RESIZE:
        return end;
    default:
        return s->size;
    }
}

static JET_ERR check_result(const struct long_set *s, uint32_t old_size)
{
    JET_ERR err = JET_errSuccess;
    uint64_t size = resulting_size(s, old_size);
    if ((s->operation == LONG_RANGE || s->operation == LONG_RANGE_AND_RESIZE) && s->offset > old_size)
        RAISE(JET_errColumnNoChunk);
    if (size > LONG_VALUE_SIZE_MAX || (s->column->max_size != 0 && size > s->column->max_size))
        RAISE(JET_errColumnTooBig);
done:
    return err;
}

/* The value's bytes after the operation, in u->scratch. */
static JET_ERR compose(struct cursor *c, const struct long_set *s, struct span *out)
{
    JET_ERR err = JET_errSuccess;
    struct value_buffer *b = &c->update->scratch;
    uint32_t size = (uint32_t)resulting_size(s, s->old_plain.size), kept = 0, at = 0;
    TRY(value_buffer_reserve(b, size + 1));
    if (s->operation == LONG_APPEND || s->operation == LONG_RANGE || s->operation == LONG_RANGE_AND_RESIZE || s->operation == LONG_RESIZE) {
        kept = s->old_plain.size < size ? s->old_plain.size : size;
        if (kept > 0)
            memcpy(b->data, s->old_plain.data, kept);
        at = s->operation == LONG_APPEND ? s->old_plain.size : s->offset;
    }
    if (s->operation == LONG_ZEROS || s->operation == LONG_RESIZE)
        memset(b->data + kept, 0, size - kept);
    else if (s->size > 0)
        memcpy(b->data + at, s->set->value.data, s->size);
    *out = span_of(b->data, size);
done:
    return err;
}

/* A value of its own, byte for byte, for a row whose old value must stay. */
static JET_ERR copy_value(struct cursor *c, struct long_value_writer *writer, uint64_t *lid)
{
    JET_ERR err = JET_errSuccess;
    const struct long_value_nodes *nodes;
    struct value_buffer part = {0};
    struct long_value_info info;
    uint64_t copy;
    uint32_t written;
    TRY(cursor_long_values(c, &nodes));
    TRY(long_value_get_info(writer, *lid, &info));
    TRY(value_buffer_reserve(&part, info.size < COPY_PART ? info.size + 1 : COPY_PART));
    TRY(long_value_create(writer, span_of("", 0), &copy));
    TRY(lid_list_add(&c->update->created, copy));
    for (uint32_t offset = 0; offset < info.size; offset += written) {
        TRY(long_value_read(nodes, *lid, offset, part.data, part.capacity < COPY_PART ? part.capacity : COPY_PART, &written, NULL));
        if (written == 0)
            RAISE(JET_errLVCorrupted);
        TRY(long_value_write(writer, copy, offset, span_of(part.data, written)));
    }
    TRY(lid_list_add(&c->update->releases, *lid));
    c->update->number = c->transaction->number;
    *lid = copy;
done:
    value_buffer_free(&part);
    return err;
}

static bool is_created(const struct pending_update *u, uint64_t lid)
{
    for (uint32_t i = 0; i < u->created.count; i++)
        if (u->created.lids[i] == lid)
            return true;
    return false;
}

static JET_ERR change_separated(struct cursor *c, const struct long_set *s)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct long_value_writer writer;
    struct long_value_info info;
    struct column_value value = {.flags = COLUMN_VALUE_SEPARATED, .lid = s->old.lid};
    TRY(update_writer(c, s->column, s->set->options, &writer));
    TRY(long_value_get_info(&writer, value.lid, &info));
    TRY(check_result(s, info.size));
    if (info.references > 1 || (column_set_has(&u->indexed, s->column->id) && !is_created(u, value.lid)))
        TRY(copy_value(c, &writer, &value.lid));
    if (s->operation == LONG_RESIZE)
        TRY(long_value_set_size(&writer, value.lid, s->size));
    else
        TRY(long_value_write(&writer, value.lid, s->operation == LONG_APPEND ? info.size : s->offset, span_of(s->set->value.data, s->size)));
    if (s->operation == LONG_RANGE_AND_RESIZE && info.size > s->offset + s->size)
        TRY(long_value_set_size(&writer, value.lid, s->offset + s->size));
    if (value.lid != s->old.lid)
        TRY(record_builder_set(u->builder, s->column, s->set->sequence, &value));
done:
    return err;
}

/* Bytes that so many plain bytes of the column take in the record, uncompressed. */
static uint64_t stored_size(const struct column *column, uint64_t plain)
{
    return column_is_encrypted(column) && plain <= LONG_VALUE_SIZE_MAX ? encryption_size((uint32_t)plain) : plain;
}

static uint32_t intrinsic_most(const struct cursor *c, uint32_t options)
{
    const struct pending_update *u = c->update;
    uint32_t least = update_lid_size(u), most = c->schema->separate_lv != 0 ? c->schema->separate_lv : INTRINSIC_MOST_DEFAULT;
    if ((options & JET_bitSetSeparateLV) != 0)
        return least;
    if ((options & JET_bitSetIntrinsicLV) != 0)
        return u->long_most;
    return most < least ? least : most > u->long_most ? u->long_most : most;
}

/* In the record, compressed when that is wanted and saves something. Only the first value of a column can be. */
static JET_ERR store_in_record(struct cursor *c, const struct long_set *s, struct span plain)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct column_value value = {.bytes = plain};
    uint32_t count, size = 0, options = s->set->options;
    bool compress = (options & JET_bitSetUncompressed) == 0 && ((options & JET_bitSetCompressed) != 0 || (s->column->flags & COLUMN_FLAG_COMPRESSED) != 0);
    if (compress && c->temp == NULL && plain.size > 0) {
        TRY(update_count(u, s->column, &count));
        if (s->set->sequence == 1 || count == 0) {
            TRY(value_buffer_reserve(&u->before, plain.size));
            TRY(compression_shrink(plain, c->compress_minimum, u->before.data, &size));
        }
    }
    if (size >= update_lid_size(u) && size > 0)
        value = (struct column_value){.bytes = span_of(u->before.data, size), .flags = COLUMN_VALUE_COMPRESSED};
    if (column_is_encrypted(s->column))
        TRY(encryption_seal_value(c, &value));
    err = c->temp != NULL ? update_put(c, s->column, s->set->sequence, &value) : record_builder_set(u->builder, s->column, s->set->sequence, &value);
done:
    return err;
}

/* A value that is, or was, in the record: put together, then stored where it fits. */
static JET_ERR set_whole(struct cursor *c, const struct long_set *s)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct span plain;
    TRY(check_result(s, s->old_plain.size));
    /* Bytes of a long new value are not copied. */
    if (s->operation == LONG_WHOLE)
        plain = span_of(s->set->value.data, s->size);
    else
        TRY(compose(c, s, &plain));
    if (c->temp == NULL && stored_size(s->column, plain.size) > intrinsic_most(c, s->set->options)) {
        err = store_separated(c, s->column, s->set->options, s->set->sequence, plain);
        goto done;
    }
    err = store_in_record(c, s, plain);
    for (uint32_t threshold = c->schema->page_size / 2; err == JET_errRecordTooBig; threshold /= 2) {
        uint32_t least = update_lid_size(u);
        if (threshold < c->schema->page_size / 64)
            threshold = least;
        if (stored_size(s->column, plain.size) > threshold) {
            err = store_separated(c, s->column, s->set->options, s->set->sequence, plain);
            if (err != JET_errRecordTooBig)
                break;
        }
        TRY(separate_all(c, &threshold));
        err = store_in_record(c, s, plain);
        if (threshold == least)
            break;
    }
done:
    return err;
}

static JET_ERR release_old(struct cursor *c, const struct long_set *s)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    uint32_t first = s->set->sequence, last = first;
    if ((s->set->options & JET_bitSetRevertToDefaultValue) != 0 && s->operation == LONG_NULL) {
        first = 1;
        TRY(update_count(u, s->column, &last));
    }
    for (uint32_t n = first; n >= 1 && n <= last; n++) {
        struct column_value value;
        TRY(update_get(u, s->column, n, &value));
        if ((value.flags & COLUMN_VALUE_SEPARATED) == 0)
            continue;
        TRY(lid_list_add(&u->releases, value.lid));
        u->number = c->transaction->number;
    }
done:
    return err;
}

static JET_ERR set_long_value(struct cursor *c, void *context)
{
    JET_ERR err = JET_errSuccess;
    struct long_set *s = context;
    struct pending_update *u = c->update;
    struct column_value value = {.flags = COLUMN_VALUE_NULL};
    bool is_separated = (s->old.flags & COLUMN_VALUE_SEPARATED) != 0;
    switch (s->operation) {
    case LONG_NOTHING:
        break;
    case LONG_NULL:
        TRY(release_old(c, s));
        if ((s->set->options & JET_bitSetRevertToDefaultValue) != 0)
            TRY(c->temp != NULL ? draft_put(u, s->column, 0, value.bytes, true) : record_builder_revert(u->builder, s->column));
        else if (s->set->sequence != 0)
            TRY(update_put(c, s->column, s->set->sequence, &value));
        break;
    case LONG_EMPTY:
        TRY(release_old(c, s));
        value = (struct column_value){.bytes = span_of("", 0)};
        TRY(update_put(c, s->column, s->set->sequence, &value));
        break;
    case LONG_WHOLE:
    case LONG_ZEROS:
        TRY(release_old(c, s));
        TRY(set_whole(c, s));
        break;
    default:
        TRY(is_separated ? change_separated(c, s) : set_whole(c, s));
        break;
    }
done:
    return err;
}

/* The value to be changed; a value in the record in plain bytes. */
static JET_ERR find_old(struct cursor *c, struct long_set *s)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    s->old = (struct column_value){.flags = COLUMN_VALUE_NULL};
    if (s->set->sequence != 0)
        TRY(update_get(u, s->column, s->set->sequence, &s->old));
    if ((s->old.flags & COLUMN_VALUE_USER_DEFAULT) != 0)
        s->old = (struct column_value){.flags = COLUMN_VALUE_NULL};
    bool is_part = (s->set->options & (JET_bitSetAppendLV | JET_bitSetOverwriteLV | JET_bitSetSizeLV)) != 0;
    if (!is_part || (s->old.flags & (COLUMN_VALUE_NULL | COLUMN_VALUE_SEPARATED)) != 0)
        goto done;
    TRY(encryption_open_value(c, &s->old));
    if ((s->old.flags & COLUMN_VALUE_COMPRESSED) != 0) {
        TRY(column_value_fetch_all(NULL, &s->old, LONG_VALUE_SIZE_MAX, &u->old_keys));
        s->old_plain = span_of(u->old_keys.data, u->old_keys.size);
    } else {
        s->old_plain = s->old.bytes;
    }
done:
    return err;
}

/* An encrypted column has one value. */
static JET_ERR check_only_value(const struct cursor *c, const struct column *column, const struct set_column *set)
{
    JET_ERR err = JET_errSuccess;
    uint32_t count = 0;
    if (!column_is_encrypted(column) || set->sequence == 1)
        goto done;
    TRY(update_count(c->update, column, &count));
    if (set->sequence > 1 || count >= 1)
        RAISE(JET_errEncryptionBadItag);
done:
    return err;
}

JET_ERR update_set_long(struct cursor *c, const struct column *column, const struct set_column *set)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct long_set s = {.column = column, .set = set, .offset = set->offset, .size = set->value.size};
    uint32_t releases = u->releases.count, created = u->created.count;
    struct span whole;
    bool is_saved = false;
    TRY(encryption_check(c, column));
    if (c->temp == NULL && c->transaction->level == 0)
        RAISE(JET_errNotInTransaction);
    TRY(check_only_value(c, column, set));
    TRY(find_old(c, &s));
    TRY(find_operation(&s));
    if ((set->options & JET_bitSetContiguousLV) != 0 && (s.operation != LONG_WHOLE || (s.old.flags & COLUMN_VALUE_NULL) == 0))
        RAISE(JET_errInvalidParameter);
    if (c->temp != NULL)
        return set_long_value(c, &s);
    uint64_t stored = stored_size(column, resulting_size(&s, s.old_plain.size));
    bool stays_in_record = (s.old.flags & COLUMN_VALUE_SEPARATED) == 0 && stored <= intrinsic_most(c, set->options)
                        && record_builder_size(u->builder) + stored < u->long_most;
    if (stays_in_record && s.operation != LONG_NULL)
        return set_long_value(c, &s); /* nothing is written that would have to be taken back */
    TRY(record_builder_bytes(u->builder, &whole));
    TRY(value_buffer_reserve(&u->saved, whole.size));
    memcpy(u->saved.data, whole.data, whole.size);
    u->saved.size = whole.size;
    is_saved = true;
    TRY(find_old(c, &s)); /* the builder's bytes may have moved */
    err = in_inner_level(c, set_long_value, &s);
done:
    if (err < 0 && is_saved) {
        JET_ERR back = record_builder_reset_from(u->builder, span_of(u->saved.data, u->saved.size));
        u->releases.count = releases;
        u->created.count = created;
        err = back < 0 ? back : err;
    }
    return err;
}
