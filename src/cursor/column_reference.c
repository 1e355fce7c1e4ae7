/* References to separated values (column_reference.h): their bytes, and the way back from them. */
#define ESENT_PRIVATE
#include "cursor/column_reference.h"

#include "base/memory.h"
#include "cursor/internal.h"

enum { SHORT_FORM = 1, LONG_FORM = 2, KEY_SIZE_AT = 1, NAME_SIZE_AT = 3, SEQUENCE_AT = 4, LID_AT = 8 };
#define LID64_MOST 0x80FFFFFFFFFFFFFFull
enum { STAND_IN_KEY_MOST = 4 /* of rows without a primary index */ };

JET_ERR column_reference_decode(struct span bytes, struct column_reference *out)
{
    JET_ERR err = JET_errSuccess;
    *out = (struct column_reference){0};
    if (bytes.data == NULL || bytes.size < 1 || (bytes.data[0] != SHORT_FORM && bytes.data[0] != LONG_FORM))
        RAISE(JET_errInvalidColumnReference);
    uint32_t lid_size = bytes.data[0] == LONG_FORM ? LID64_SIZE : LID32_SIZE, fixed = LID_AT + lid_size + COLUMN_REFERENCE_SIGNATURE_SIZE;
    if (bytes.size < fixed)
        RAISE(JET_errInvalidColumnReference);
    uint32_t key_size = load_le16(bytes.data + KEY_SIZE_AT), name_size = bytes.data[NAME_SIZE_AT];
    out->sequence = load_le32(bytes.data + SEQUENCE_AT);
    if (key_size == 0 || name_size == 0 || name_size > COLUMN_REFERENCE_NAME_MAX || bytes.size != fixed + key_size + name_size || out->sequence == 0)
        RAISE(JET_errInvalidColumnReference);
    /* The long form holds short ids too. */
    out->lid = lid_size == LID64_SIZE ? load_le64(bytes.data + LID_AT) : load_le32(bytes.data + LID_AT);
    uint8_t stored[LID64_SIZE];
    store_le64(stored, out->lid);
    if (long_value_lid_decode(span_of(stored, (out->lid & LID64_BIT) != 0 ? LID64_SIZE : LID32_SIZE), &out->lid) < 0 || out->lid != load_le64(stored) || out->lid > LID64_MOST)
        RAISE(JET_errInvalidColumnReference);
    out->signature = span_of(bytes.data + LID_AT + lid_size, COLUMN_REFERENCE_SIGNATURE_SIZE);
    out->primary_key = span_of(bytes.data + fixed, key_size);
    out->column_name = span_of(bytes.data + fixed + key_size, name_size);
done:
    return err;
}

static uint32_t put_bytes(uint8_t *out, uint32_t at, struct span bytes)
{
    memcpy(out + at, bytes.data, bytes.size);
    return at + bytes.size;
}

uint32_t column_reference_encode(const struct column_reference *reference, bool has_long_id, uint8_t *out)
{
    out[0] = has_long_id ? LONG_FORM : SHORT_FORM;
    store_le16(out + KEY_SIZE_AT, (uint16_t)reference->primary_key.size);
    out[NAME_SIZE_AT] = (uint8_t)reference->column_name.size;
    store_le32(out + SEQUENCE_AT, reference->sequence);
    if (has_long_id)
        store_le64(out + LID_AT, reference->lid);
    else
        store_le32(out + LID_AT, (uint32_t)reference->lid);
    uint32_t at = put_bytes(out, LID_AT + (has_long_id ? LID64_SIZE : LID32_SIZE), reference->signature);
    at = put_bytes(out, at, reference->primary_key);
    return put_bytes(out, at, reference->column_name);
}

/* What tells the database from others, and from itself before and after it was restored to an older state. Never changes while it is attached. */
static struct span database_signature(const struct database *db) { return span_of(db->header.db_signature.bytes, COLUMN_REFERENCE_SIGNATURE_SIZE); }

JET_ERR cursor_make_reference(struct cursor *c, const struct column *column, uint32_t sequence, uint64_t lid, struct span primary_key, uint8_t *out, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    const struct database *db = catalog_database(c->catalog);
    struct span name = span_of(column->name, (uint32_t)strlen(column->name));
    bool has_long_id = db_header_version_at_least(&db->header, FORMAT_LID64, 0);
    if (primary_key.size == 0 || primary_key.size > BTREE_KEY_MAX || name.size > COLUMN_REFERENCE_NAME_MAX || (!has_long_id && (lid & LID64_BIT) != 0))
        RAISE(JET_errDatabaseCorrupted);
    *size = column_reference_encode(&(struct column_reference){lid, sequence, database_signature(db), primary_key, name}, has_long_id, out);
done:
    return err;
}

/* A reference that was brought to this cursor. *column NULL: it is well made, but its database or its column are others now. */
static JET_ERR resolve(struct cursor *c, struct span bytes, struct column_reference *reference, const struct column **column)
{
    JET_ERR err = JET_errSuccess;
    char name[COLUMN_REFERENCE_NAME_MAX + 1];
    *column = NULL;
    TRY(column_reference_decode(bytes, reference));
    const struct index *primary = schema_primary(c->schema);
    if (reference->primary_key.size > (primary != NULL ? primary->key_most : (uint32_t)STAND_IN_KEY_MOST))
        RAISE(JET_errInvalidColumnReference);
    memcpy(name, reference->column_name.data, reference->column_name.size);
    name[reference->column_name.size] = '\0';
    const struct column *named = schema_column_by_name(c->schema, name);
    if (named != NULL && column_type_is_long(named->type) && span_equal(reference->signature, database_signature(catalog_database(c->catalog))))
        *column = named;
done:
    return err;
}

/* One that nothing refers to any more only waits for its end. */
static JET_ERR value_exists(const struct long_value_nodes *nodes, uint64_t lid, bool *result)
{
    JET_ERR err = JET_errSuccess;
    uint8_t room[LONG_VALUE_KEY_MAX];
    struct span key = span_of(room, long_value_root_key(lid, room)), found, data;
    *result = false;
    err = nodes->seek(nodes->context, key, &found, &data);
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
    else if (err >= 0 && span_equal(key, found)) {
        struct long_value_info info;
        err = long_value_root_decode(lid, data, &info);
        *result = err >= 0 && info.references != 0 && info.references != UINT32_MAX;
    }
    if (nodes->release != NULL)
        nodes->release(nodes->context);
    return err;
}

JET_ERR cursor_retrieve_referenced(struct cursor *c, struct referenced_value *r)
{
    JET_ERR err = JET_errSuccess;
    struct column_reference reference;
    const struct long_value_nodes *nodes;
    const struct column *column;
    uint32_t written, total;
    bool is_there;
    r->actual = 0;
    TRY(cursor_refresh(c));
    TRY(resolve(c, r->reference, &reference, &column));
    if (column == NULL)
        RAISE(JET_errStaleColumnReference);
    if (!r->only_stored_size)
        TRY(encryption_check(c, column));
    TRY(cursor_long_values(c, &nodes));
    TRY(value_exists(nodes, reference.lid, &is_there));
    if (!is_there)
        RAISE(JET_errStaleColumnReference);
    if (r->only_stored_size) {
        struct long_value_info info;
        uint64_t stored;
        uint32_t chunks;
        TRY(long_value_stored(nodes, reference.lid, &info, &chunks, &stored));
        r->actual = stored < UINT32_MAX ? (uint32_t)stored : UINT32_MAX;
        goto done;
    }
    const struct column_value value = {.flags = COLUMN_VALUE_SEPARATED, .lid = reference.lid};
    TRY(column_value_fetch(nodes, &value, r->offset, r->buffer, r->room, &written, &total));
    r->actual = r->offset < total ? total - r->offset : 0;
    err = r->actual > r->room ? JET_wrnBufferTruncated : JET_errSuccess;
done:
    return err;
}

JET_ERR cursor_read_referenced_ahead(struct cursor *c, const struct span *references, uint32_t count, bool only_first_page, uint32_t pages_most, uint32_t *done)
{
    JET_ERR err = JET_errSuccess;
    uint64_t *lids = NULL;
    uint32_t n = 0;
    *done = 0;
    TRY(cursor_refresh(c));
    lids = mem_alloc((size_t)count * sizeof *lids + 1);
    if (lids == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < count; i++) {
        struct column_reference reference;
        const struct column *column;
        TRY(resolve(c, references[i], &reference, &column));
        if (column != NULL)
            lids[n++] = reference.lid;
    }
    TRY(read_values_ahead(c, lids, n, only_first_page, pages_most, done));
done:
    mem_free(lids);
    return err;
}
