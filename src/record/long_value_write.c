/* Writing long values (long_value_write.h; layout and rules: records-and-catalog 3, compression: 5).
 *
 * A range is written chunk by chunk; a chunk that is not covered whole is read, expanded, changed and compressed again, so every chunk is always stored the one
 * way it would be if the value were written at once. The root is changed first: it is the node over which two transactions that change one value conflict. */
#include "record/long_value_write.h"

#include "base/memory.h"
#include "format/compression.h"

enum { REFERENCES_OFFSET = 0, REFERENCES_SIZE = 4, SIZE_OFFSET = 4, FLAGS_OFFSET = 8, ROOT_SIZE = 8, ROOT_SIZE_MOST = 9, FLAG_ENCRYPTED = 1, CREATE_ATTEMPTS = 1000 };
#define LID32_FIRST 1u
#define LID32_LAST 0x7FFFFEFFu
#define LID64_FIRST 0x8000000080000001ull
#define LID64_LAST 0x80FFFFFEFFFFFFFFull

/* One call's cursor and buffers. */
struct work {
    const struct long_value_writer *w;
    struct btree_cursor cursor;
    uint8_t *plain, *packed; /* chunk_size bytes each */
    uint8_t *sealed;         /* encryption_size(chunk_size) bytes; NULL without a key */
    bool is_encrypted;       /* the value at hand */
    uint8_t key[LONG_VALUE_KEY_MAX];
};

static JET_ERR work_begin(const struct long_value_writer *w, struct work *out)
{
    JET_ERR err = JET_errSuccess;
    memset(out, 0, sizeof *out);
    out->w = w;
    TRY(btree_cursor_open(w->tree, &out->cursor));
    btree_cursor_set_reader(&out->cursor, w->transaction);
    out->plain = (uint8_t *)mem_alloc(2 * (size_t)w->chunk_size + (w->key != NULL ? encryption_size(w->chunk_size) : 0));
    if (out->plain == NULL)
        RAISE(JET_errOutOfMemory);
    out->packed = out->plain + w->chunk_size;
    out->sealed = w->key != NULL ? out->packed + w->chunk_size : NULL;
done:
    return err;
}

static void work_end(struct work *k)
{
    btree_cursor_close(&k->cursor);
    mem_free(k->plain);
}

static struct span root_key(struct work *k, uint64_t lid) { return span_of(k->key, long_value_root_key(lid, k->key)); }
static struct span chunk_key(struct work *k, uint64_t lid, uint32_t offset) { return span_of(k->key, long_value_chunk_key(lid, offset, k->key)); }

/* Puts the cursor on the root of a value. data (may be NULL): ROOT_SIZE_MOST bytes of room for it as stored. */
static JET_ERR seek_root(struct work *k, uint64_t lid, struct long_value_info *info, uint8_t *data, uint32_t *data_size)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    err = btree_seek(&k->cursor, root_key(k, lid), BTREE_SEEK_EQ);
    if (err == JET_errRecordNotFound)
        RAISE(JET_errLVCorrupted);
    TRY(err);
    TRY(btree_cursor_get(&k->cursor, &node));
    err = long_value_root_decode(lid, node.data, info);
    if (err >= 0 && data != NULL) {
        memcpy(data, node.data.data, node.data.size); /* decoded: 8 or 9 bytes */
        *data_size = node.data.size;
    }
    btree_cursor_release(&k->cursor);
done:
    return err;
}

/* --- chunks --- */

static uint32_t chunk_length(const struct long_value_writer *w, uint32_t size, uint32_t offset)
{
    return offset >= size ? 0 : size - offset < w->chunk_size ? size - offset : w->chunk_size;
}

/* What a chunk's node has to hold. */
static JET_ERR pack_chunk(struct work *k, struct span plain, struct span *stored)
{
    JET_ERR err = JET_errSuccess;
    uint32_t size = 0;
    if (k->w->compress)
        TRY(compression_shrink(plain, k->w->compress_minimum, k->packed, &size));
    *stored = size > 0 && size < plain.size ? span_of(k->packed, size) : plain;
    if (k->is_encrypted) {
        TRY(encryption_seal(k->w->key, *stored, k->sealed));
        *stored = span_of(k->sealed, encryption_size(stored->size));
    }
done:
    return err;
}

/* The bytes of a node, their encryption taken off. */
static JET_ERR open_stored(struct work *k, struct span *stored)
{
    JET_ERR err = JET_errSuccess;
    uint32_t size;
    if (!k->is_encrypted)
        goto done;
    if (stored->size > encryption_size(k->w->chunk_size))
        RAISE(JET_errLVCorrupted);
    TRY(encryption_open(k->w->key, *stored, k->sealed, &size));
    *stored = span_of(k->sealed, size);
done:
    return err;
}

/* The plain bytes of a chunk of `length` bytes into k->plain; the cursor is on it then. */
static JET_ERR read_chunk(struct work *k, uint64_t lid, uint32_t offset, uint32_t length)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    uint32_t expanded = length;
    err = btree_seek(&k->cursor, chunk_key(k, lid, offset), BTREE_SEEK_EQ);
    if (err == JET_errRecordNotFound)
        RAISE(JET_errLVCorrupted);
    TRY(err);
    TRY(btree_cursor_get(&k->cursor, &node));
    struct span stored = node.data;
    err = open_stored(k, &stored);
    if (err >= 0 && stored.size > length)
        err = JET_errLVCorrupted;
    else if (err >= 0 && stored.size == length)
        memcpy(k->plain, stored.data, length);
    else if (err >= 0)
        err = compression_expand(stored, k->plain, length, &expanded);
    btree_cursor_release(&k->cursor);
    TRY(err);
    if (expanded != length)
        RAISE(JET_errLVCorrupted);
done:
    return err;
}

/* Stores plain bytes as a chunk: a new one, or in place of the one the cursor is on. */
static JET_ERR store_chunk(struct work *k, uint64_t lid, uint32_t offset, struct span plain, bool is_new)
{
    JET_ERR err = JET_errSuccess;
    struct span stored;
    TRY(pack_chunk(k, plain, &stored));
    if (is_new)
        TRY(btree_insert(k->w->transaction, k->w->tree, &k->cursor, chunk_key(k, lid, offset), stored, 0));
    else
        TRY(btree_replace(k->w->transaction, &k->cursor, stored, 0));
done:
    return err;
}

/* Writes data (data.data NULL: zeros) to [offset, offset + data.size) of a value of old_size bytes that has new_size now; a gap behind old_size becomes zeros. */
static JET_ERR write_chunks(struct work *k, uint64_t lid, uint32_t old_size, uint32_t new_size, uint32_t offset, struct span data)
{
    JET_ERR err = JET_errSuccess;
    const struct long_value_writer *w = k->w;
    uint64_t begin = offset > old_size ? old_size : offset, end = (uint64_t)offset + data.size;
    for (uint64_t at = begin - begin % w->chunk_size; at < end; at += w->chunk_size) {
        uint32_t chunk = (uint32_t)at, was = chunk_length(w, old_size, chunk), length = chunk_length(w, new_size, chunk);
        uint64_t from = at > offset ? at : offset, to = at + length < end ? at + length : end;
        struct span plain = span_of(k->plain, length);
        if (data.data != NULL && from == at && to == at + length) { /* covered whole: no need to know what was there */
            plain = span_of(data.data + (at - offset), length);
            if (was > 0) {
                err = btree_seek(&k->cursor, chunk_key(k, lid, chunk), BTREE_SEEK_EQ);
                if (err == JET_errRecordNotFound)
                    RAISE(JET_errLVCorrupted);
                TRY(err);
            }
        } else {
            if (was > 0)
                TRY(read_chunk(k, lid, chunk, was));
            memset(k->plain + was, 0, length - was);
            if (from < to && data.data != NULL)
                memcpy(k->plain + (from - at), data.data + (from - offset), (size_t)(to - from));
            else if (from < to)
                memset(k->plain + (from - at), 0, (size_t)(to - from));
        }
        TRY(store_chunk(k, lid, chunk, plain, was == 0));
    }
done:
    return err;
}

/* Deletes the chunks from offset on; the cursor's place is lost. */
static JET_ERR delete_chunks(struct work *k, uint64_t lid, uint32_t offset)
{
    JET_ERR err = JET_errSuccess;
    struct long_value_key key;
    err = btree_seek(&k->cursor, chunk_key(k, lid, offset), BTREE_SEEK_GE);
    while (err >= 0) {
        TRY(long_value_key_decode(btree_cursor_key(&k->cursor), &key));
        if (key.lid != lid)
            goto done;
        TRY(btree_delete(k->w->transaction, &k->cursor, 0));
        err = btree_next(&k->cursor);
    }
    if (err == JET_errRecordNotFound || err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    return err;
}

/* --- new values --- */

/* The id after the highest one in the tree, whoever put it there and whether or not it is committed. */
static JET_ERR find_next_lid(const struct long_value_writer *w, uint64_t *lid)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor cursor = {0};
    struct long_value_key key;
    uint64_t first = w->is_lid64 ? LID64_FIRST : LID32_FIRST;
    *lid = first;
    TRY(btree_cursor_open(w->tree, &cursor)); /* without a reader: pages as they are */
    err = btree_last(&cursor);
    if (err == JET_errNoCurrentRecord) {
        err = JET_errSuccess;
        goto done;
    }
    TRY(err);
    TRY(long_value_key_decode(btree_cursor_key(&cursor), &key));
    if (key.lid >= first) /* a tree that has only short ids begins with the long ones where they begin */
        *lid = key.lid + 1;
done:
    btree_cursor_close(&cursor);
    return err;
}

static JET_ERR take_lid(const struct long_value_writer *w, uint64_t *lid)
{
    JET_ERR err = JET_errSuccess;
    uint64_t next = atomic_load(w->next_lid), unknown = 0;
    if (next == 0) {
        TRY(find_next_lid(w, &next));
        atomic_compare_exchange_strong(w->next_lid, &unknown, next); /* another may have been quicker: then its number counts */
    }
    *lid = atomic_fetch_add(w->next_lid, 1);
    if (*lid > ((*lid & LID64_BIT) != 0 ? LID64_LAST : LID32_LAST))
        RAISE(JET_errOutOfLongValueIDs);
done:
    return err;
}

/* A root under an id nobody has. */
static JET_ERR insert_root(struct work *k, uint32_t size, uint64_t *lid)
{
    JET_ERR err = JET_errSuccess;
    uint8_t root[ROOT_SIZE_MOST];
    store_le32(root + REFERENCES_OFFSET, 1);
    store_le32(root + SIZE_OFFSET, size);
    root[FLAGS_OFFSET] = FLAG_ENCRYPTED; /* other values end before it */
    for (unsigned attempt = 0; attempt < CREATE_ATTEMPTS; attempt++) {
        TRY(take_lid(k->w, lid));
        err = btree_insert(k->w->transaction, k->w->tree, &k->cursor, root_key(k, *lid), span_of(root, k->is_encrypted ? ROOT_SIZE_MOST : ROOT_SIZE), BTREE_APPEND_HINT);
        /* the highest values of the tree may just be being deleted: their ids are not free yet */
        if (err != JET_errKeyDuplicate && err != JET_errWriteConflict)
            break;
    }
done:
    return err;
}

JET_ERR long_value_create(const struct long_value_writer *w, struct span data, uint64_t *lid)
{
    JET_ERR err = JET_errSuccess;
    struct work k = {0};
    *lid = 0;
    if (data.size > LONG_VALUE_SIZE_MAX)
        RAISE(JET_errColumnTooBig);
    TRY(work_begin(w, &k));
    k.is_encrypted = w->key != NULL;
    TRY(insert_root(&k, data.size, lid));
    TRY(write_chunks(&k, *lid, 0, data.size, 0, data));
done:
    work_end(&k);
    return err;
}

/* --- changed values --- */

/* The root of a value that is one record's alone, and its new size; the node is replaced when the size changes. */
static JET_ERR change_root(struct work *k, uint64_t lid, struct long_value_info *info, bool may_shrink, uint64_t size)
{
    JET_ERR err = JET_errSuccess;
    uint8_t root[ROOT_SIZE_MOST];
    uint32_t root_size = 0;
    TRY(seek_root(k, lid, info, root, &root_size));
    if (info->is_encrypted && k->w->key == NULL)
        RAISE(JET_errFeatureNotAvailable);
    k->is_encrypted = info->is_encrypted;
    if (info->references != 1)
        RAISE(info->references == 0 || info->references == UINT32_MAX ? JET_errLVCorrupted : JET_errInvalidParameter);
    if (size > LONG_VALUE_SIZE_MAX)
        RAISE(JET_errColumnTooBig);
    if (size == info->size || (size < info->size && !may_shrink))
        goto done;
    store_le32(root + SIZE_OFFSET, (uint32_t)size);
    TRY(btree_replace(k->w->transaction, &k->cursor, span_of(root, root_size), 0));
done:
    return err;
}

/* Whole chunks are written without a look at what they were: with another key than the value's own it would be of two keys, and no one could read it any more. */
static JET_ERR check_key(struct work *k, uint64_t lid, uint32_t size)
{
    return k->is_encrypted && size > 0 ? read_chunk(k, lid, 0, chunk_length(k->w, size, 0)) : JET_errSuccess;
}

JET_ERR long_value_write(const struct long_value_writer *w, uint64_t lid, uint32_t offset, struct span data)
{
    JET_ERR err = JET_errSuccess;
    struct work k = {0};
    struct long_value_info info;
    uint64_t end = (uint64_t)offset + data.size;
    TRY(work_begin(w, &k));
    TRY(change_root(&k, lid, &info, false, end));
    TRY(check_key(&k, lid, info.size));
    TRY(write_chunks(&k, lid, info.size, end > info.size ? (uint32_t)end : info.size, offset, data));
done:
    work_end(&k);
    return err;
}

JET_ERR long_value_set_size(const struct long_value_writer *w, uint64_t lid, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    struct work k = {0};
    struct long_value_info info;
    TRY(work_begin(w, &k));
    TRY(change_root(&k, lid, &info, true, size));
    TRY(check_key(&k, lid, info.size));
    if (size > info.size) {
        TRY(write_chunks(&k, lid, info.size, size, info.size, span_of(NULL, size - info.size)));
    } else if (size < info.size) {
        uint32_t left = size % w->chunk_size, last = size - left;
        if (left != 0) {
            TRY(read_chunk(&k, lid, last, chunk_length(w, info.size, last)));
            TRY(store_chunk(&k, lid, last, span_of(k.plain, left), false));
            last = info.size - last > w->chunk_size ? last + w->chunk_size : info.size;
        }
        if (last < info.size)
            TRY(delete_chunks(&k, lid, last));
    }
done:
    work_end(&k);
    return err;
}

/* --- references --- */

JET_ERR long_value_get_info(const struct long_value_writer *w, uint64_t lid, struct long_value_info *out)
{
    JET_ERR err = JET_errSuccess;
    struct work k = {0};
    *out = (struct long_value_info){.lid = lid};
    TRY(work_begin(w, &k));
    TRY(seek_root(&k, lid, out, NULL, NULL));
done:
    work_end(&k);
    return err;
}

JET_ERR long_value_add_reference(const struct long_value_writer *w, uint64_t lid)
{
    JET_ERR err = JET_errSuccess;
    struct work k = {0};
    struct long_value_info info;
    TRY(work_begin(w, &k));
    TRY(seek_root(&k, lid, &info, NULL, NULL));
    if (info.references == 0 || info.references >= UINT32_MAX - 1)
        RAISE(JET_errLVCorrupted);
    TRY(btree_add_delta(w->transaction, &k.cursor, REFERENCES_OFFSET, REFERENCES_SIZE, 1, 0, NULL));
done:
    work_end(&k);
    return err;
}

/* References as the page has them now: with the changes of others that this transaction does not see. */
static JET_ERR references_on_page(const struct long_value_writer *w, uint64_t lid, uint32_t *references)
{
    JET_ERR err = JET_errSuccess;
    struct work k = {0};
    struct long_value_info info;
    TRY(work_begin(w, &k));
    btree_cursor_set_reader(&k.cursor, NULL);
    TRY(seek_root(&k, lid, &info, NULL, NULL));
    *references = info.references;
done:
    work_end(&k);
    return err;
}

static JET_ERR release(struct work *k, uint64_t lid)
{
    JET_ERR err = JET_errSuccess;
    struct long_value_info info;
    uint32_t on_page;
    TRY(seek_root(k, lid, &info, NULL, NULL));
    if (info.references == 0 || info.references == UINT32_MAX)
        RAISE(JET_errLVCorrupted);
    if (info.references == 1) {
        TRY(btree_delete(k->w->transaction, &k->cursor, 0)); /* conflicts with whoever takes or gives up a reference */
        TRY(delete_chunks(k, lid, 0));
        goto done;
    }
    TRY(references_on_page(k->w, lid, &on_page));
    if (on_page <= 1) /* unseen by us others gave up theirs: ours is the last, but their change may yet be taken back */
        RAISE(JET_errWriteConflict);
    TRY(btree_add_delta(k->w->transaction, &k->cursor, REFERENCES_OFFSET, REFERENCES_SIZE, -1, 0, NULL));
done:
    return err;
}

JET_ERR long_value_release(const struct long_value_writer *w, uint64_t lid)
{
    JET_ERR err = JET_errSuccess;
    struct work k = {0};
    TRY(work_begin(w, &k));
    TRY(release(&k, lid));
done:
    work_end(&k);
    return err;
}

/* The chunks as they are stored: what they mean does not depend on the id. */
static JET_ERR copy_chunks(struct work *from, struct work *to, uint64_t lid, uint32_t size, uint64_t copy)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    for (uint64_t at = 0; at < size; at += from->w->chunk_size) {
        uint32_t offset = (uint32_t)at, length = chunk_length(from->w, size, offset), stored = 0;
        err = btree_seek(&from->cursor, chunk_key(from, lid, offset), BTREE_SEEK_EQ);
        if (err == JET_errRecordNotFound)
            RAISE(JET_errLVCorrupted);
        TRY(err);
        TRY(btree_cursor_get(&from->cursor, &node));
        if (node.data.size > (to->is_encrypted ? encryption_size(length) : length))
            err = JET_errLVCorrupted;
        else
            memcpy(from->plain, node.data.data, stored = node.data.size); /* room for two chunks */
        btree_cursor_release(&from->cursor);
        TRY(err);
        TRY(btree_insert(to->w->transaction, to->w->tree, &to->cursor, chunk_key(to, copy, offset), span_of(from->plain, stored), 0));
    }
done:
    return err;
}

JET_ERR long_value_own(const struct long_value_writer *w, uint64_t *lid)
{
    JET_ERR err = JET_errSuccess;
    struct work k = {0}, to = {0};
    struct long_value_info info;
    uint64_t copy;
    TRY(work_begin(w, &k));
    TRY(seek_root(&k, *lid, &info, NULL, NULL));
    if (info.references <= 1)
        goto done;
    TRY(work_begin(w, &to));
    to.is_encrypted = info.is_encrypted;
    TRY(insert_root(&to, info.size, &copy));
    TRY(copy_chunks(&k, &to, *lid, info.size, copy));
    TRY(release(&k, *lid));
    *lid = copy;
done:
    work_end(&to);
    work_end(&k);
    return err;
}
