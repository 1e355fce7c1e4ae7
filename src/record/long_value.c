/* Reading long values (long_value.h; layout: records-and-catalog 3). */
#include "record/long_value.h"

#include "base/memory.h"
#include "format/compression.h"
#include "os/thread_work.h"

enum { LID64_KEY_SIZE = 8, LID32_KEY_SIZE = 4, CHUNK_OFFSET_SIZE = 4, ROOT_SIZE = 8, ROOT2_SIZE = 9, ROOT_FLAG_ENCRYPTED = 1 };
enum { FETCH_STEP = 1 << 20 };

uint32_t long_value_chunk_size(uint32_t page_size, uint32_t chunk_most)
{
    /* 16 and 32 KiB pages hold four chunks each */
    uint32_t size = page_size == 32768 ? 8150 : page_size == 16384 ? 4050 : page_size > 82 ? page_size - 82 : 1;
    return chunk_most != 0 && chunk_most < size ? chunk_most : size;
}

uint32_t long_value_root_key(uint64_t lid, uint8_t *room)
{
    if ((lid & LID64_BIT) != 0) {
        store_be64(room, lid);
        return LID64_KEY_SIZE;
    }
    store_be32(room, (uint32_t)lid);
    return LID32_KEY_SIZE;
}

uint32_t long_value_chunk_key(uint64_t lid, uint32_t offset, uint8_t *room)
{
    uint32_t size = long_value_root_key(lid, room);
    store_be32(room + size, offset);
    return size + CHUNK_OFFSET_SIZE;
}

JET_ERR long_value_key_decode(struct span key, struct long_value_key *out)
{
    JET_ERR err = JET_errSuccess;
    *out = (struct long_value_key){0};
    bool is_lid64 = key.size >= LID64_KEY_SIZE && (key.data[0] & 0x80) != 0;
    if (is_lid64 && (key.size == LID64_KEY_SIZE || key.size == LID64_KEY_SIZE + CHUNK_OFFSET_SIZE)) {
        *out = (struct long_value_key){load_be64(key.data), key.size != LID64_KEY_SIZE, 0};
        if (out->is_chunk)
            out->offset = load_be32(key.data + LID64_KEY_SIZE);
    } else if (key.size == LID32_KEY_SIZE || (!is_lid64 && key.size == LID32_KEY_SIZE + CHUNK_OFFSET_SIZE)) {
        *out = (struct long_value_key){load_be32(key.data), key.size != LID32_KEY_SIZE, 0};
        if (out->is_chunk)
            out->offset = load_be32(key.data + LID32_KEY_SIZE);
    } else {
        RAISE(JET_errLVCorrupted);
    }
done:
    return err;
}

JET_ERR long_value_lid_decode(struct span stored, uint64_t *lid)
{
    JET_ERR err = JET_errSuccess;
    *lid = 0;
    if (stored.size == LID32_SIZE)
        *lid = load_le32(stored.data);
    else if (stored.size == LID64_SIZE)
        *lid = load_le64(stored.data);
    else
        RAISE(JET_errDatabaseCorrupted);
    /* an id of one width must not look like one of the other, or its key would name another value */
    if (*lid == 0 || (stored.size == LID32_SIZE ? *lid > 0x7FFFFFFF : (*lid & LID64_BIT) == 0))
        RAISE(JET_errDatabaseCorrupted);
done:
    return err;
}

JET_ERR long_value_root_decode(uint64_t lid, struct span data, struct long_value_info *out)
{
    JET_ERR err = JET_errSuccess;
    *out = (struct long_value_info){.lid = lid};
    if (data.size != ROOT_SIZE && data.size != ROOT2_SIZE)
        RAISE(JET_errLVCorrupted);
    out->references = load_le32(data.data);
    out->size = load_le32(data.data + 4);
    out->is_encrypted = data.size == ROOT2_SIZE && (data.data[8] & ROOT_FLAG_ENCRYPTED) != 0;
    if (out->size > LONG_VALUE_SIZE_MAX)
        RAISE(JET_errLVCorrupted);
done:
    return err;
}

static void release_nodes(const struct long_value_nodes *nodes)
{
    if (nodes->release != NULL)
        nodes->release(nodes->context);
}

/* Data of the node with exactly this key. */
static JET_ERR seek_exact(const struct long_value_nodes *nodes, struct span key, struct span *data)
{
    JET_ERR err = JET_errSuccess;
    struct span found;
    err = nodes->seek(nodes->context, key, &found, data);
    if (err == JET_errNoCurrentRecord || (err >= 0 && !span_equal(found, key)))
        RAISE(JET_errLVCorrupted);
done:
    return err;
}

static JET_ERR find_root(const struct long_value_nodes *nodes, uint64_t lid, struct long_value_info *out)
{
    JET_ERR err = JET_errSuccess;
    uint8_t key[LONG_VALUE_KEY_MAX];
    struct span data;
    *out = (struct long_value_info){.lid = lid};
    TRY(seek_exact(nodes, span_of(key, long_value_root_key(lid, key)), &data));
    TRY(long_value_root_decode(lid, data, out));
done:
    return err;
}

JET_ERR long_value_stored(const struct long_value_nodes *nodes, uint64_t lid, struct long_value_info *out, uint32_t *chunks, uint64_t *bytes)
{
    JET_ERR err = JET_errSuccess;
    struct span found, data;
    struct long_value_key key;
    *chunks = 0;
    *bytes = 0;
    TRY(find_root(nodes, lid, out));
    while ((err = nodes->next(nodes->context, &found, &data)) >= 0) {
        TRY(long_value_key_decode(found, &key));
        if (key.lid != lid || !key.is_chunk)
            break;
        ++*chunks;
        *bytes += data.size;
    }
    if (err == JET_errNoCurrentRecord) /* the last value of the tree */
        err = JET_errSuccess;
done:
    release_nodes(nodes);
    return err;
}

JET_ERR long_value_info(const struct long_value_nodes *nodes, uint64_t lid, struct long_value_info *out)
{
    JET_ERR err = find_root(nodes, lid, out);
    release_nodes(nodes);
    return err;
}

/* How many plain bytes the chunk at `offset` stands for. */
static uint32_t plain_chunk_size(const struct long_value_nodes *nodes, const struct long_value_info *info, uint32_t offset)
{
    uint32_t rest = info->size - offset;
    return rest < nodes->chunk_size ? rest : nodes->chunk_size;
}

/* Checks a chunk's stored size against its plain size; *is_compressed tells how it is stored. */
static JET_ERR check_chunk(struct span stored, uint32_t plain_size, bool *is_compressed)
{
    JET_ERR err = JET_errSuccess;
    uint32_t expanded_size;
    *is_compressed = stored.size < plain_size;
    if (stored.size > plain_size)
        RAISE(JET_errLVCorrupted);
    if (*is_compressed) {
        TRY(compression_plain_size(stored, &expanded_size));
        if (expanded_size != plain_size)
            RAISE(JET_errLVCorrupted);
    }
done:
    return err;
}

/* What a chunk holds, its encryption taken off. room: encryption_size(chunk_size) bytes, used for an encrypted value only. */
static JET_ERR open_chunk(const struct long_value_nodes *nodes, const struct long_value_info *info, uint8_t *room, struct span *stored)
{
    JET_ERR err = JET_errSuccess;
    uint32_t size;
    if (!info->is_encrypted)
        goto done;
    if (stored->size > encryption_size(nodes->chunk_size))
        RAISE(JET_errLVCorrupted);
    TRY(encryption_open(nodes->key, *stored, room, &size));
    *stored = span_of(room, size);
done:
    return err;
}

/* Plain bytes [skip, skip+count) of one chunk. scratch: chunk_size bytes, used when a compressed chunk is wanted from its middle. */
static JET_ERR copy_chunk(struct span stored, uint32_t plain_size, uint32_t skip, uint8_t *out, uint32_t count, uint8_t *scratch)
{
    JET_ERR err = JET_errSuccess;
    bool is_compressed;
    uint32_t written;
    TRY(check_chunk(stored, plain_size, &is_compressed));
    if (!is_compressed) {
        memcpy(out, stored.data + skip, count);
    } else if (skip == 0) {
        TRY(compression_expand(stored, out, count, &written));
    } else {
        TRY(compression_expand(stored, scratch, skip + count, &written));
        memcpy(out, scratch + skip, count);
    }
done:
    return err;
}

static JET_ERR read_chunks(const struct long_value_nodes *nodes, const struct long_value_info *info, uint32_t offset, uint8_t *out, uint32_t wanted,
                           uint32_t *written)
{
    JET_ERR err = JET_errSuccess;
    uint8_t key[LONG_VALUE_KEY_MAX], *scratch = NULL, *opened = NULL;
    uint32_t chunk = offset - offset % nodes->chunk_size, skip = offset - chunk;
    struct span found, stored;
    if (skip != 0 && (scratch = (uint8_t *)mem_alloc(nodes->chunk_size)) == NULL)
        RAISE(JET_errOutOfMemory);
    if (info->is_encrypted && (opened = (uint8_t *)mem_alloc(encryption_size(nodes->chunk_size))) == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(seek_exact(nodes, span_of(key, long_value_chunk_key(info->lid, chunk, key)), &stored));
    for (;;) {
        uint32_t plain_size = plain_chunk_size(nodes, info, chunk), count = plain_size - skip;
        if (count > wanted - *written)
            count = wanted - *written;
        TRY(open_chunk(nodes, info, opened, &stored));
        TRY(copy_chunk(stored, plain_size, skip, out + *written, count, scratch));
        *written += count;
        if (*written == wanted)
            break;
        skip = 0;
        chunk += plain_size;
        struct span expected = span_of(key, long_value_chunk_key(info->lid, chunk, key));
        err = nodes->next(nodes->context, &found, &stored);
        if (err == JET_errNoCurrentRecord || (err >= 0 && !span_equal(found, expected)))
            RAISE(JET_errLVCorrupted);
        TRY(err);
    }
done:
    mem_free(opened);
    mem_free(scratch);
    return err;
}

JET_ERR long_value_read(const struct long_value_nodes *nodes, uint64_t lid, uint32_t offset, uint8_t *out, uint32_t capacity, uint32_t *written,
                        struct long_value_info *info)
{
    JET_ERR err = JET_errSuccess;
    struct long_value_info found;
    const uint32_t misses = thread_work.misses;
    const uint64_t miss_ns = thread_work.miss_ns;
    *written = 0;
    thread_work.long_values_read++;
    TRY(find_root(nodes, lid, &found));
    if (info != NULL)
        *info = found;
    if (found.is_encrypted && nodes->key == NULL)
        RAISE(JET_errFeatureNotAvailable);
    if (offset >= found.size || capacity == 0)
        goto done;
    TRY(read_chunks(nodes, &found, offset, out, capacity < found.size - offset ? capacity : found.size - offset, written));
done:
    if (err < 0)
        *written = 0;
    release_nodes(nodes);
    thread_work.long_value_misses += thread_work.misses - misses;
    thread_work.long_value_miss_ns += thread_work.miss_ns - miss_ns;
    return err;
}

/* --- every value, for verify --- */

static void note(struct long_value_report *report, JET_ERR error, const char *why)
{
    if (report->error == JET_errSuccess) { /* the first finding is the one reported */
        report->error = error;
        report->why = why;
    }
}

static void visit_chunk(const struct long_value_nodes *nodes, struct long_value_report *report, uint64_t *next_offset, uint32_t offset,
                        struct span stored, uint8_t *scratch)
{
    bool is_compressed;
    uint32_t written;
    report->chunks++;
    report->stored_bytes += stored.size;
    if (report->error != JET_errSuccess)
        return;
    if (offset != *next_offset || offset >= report->info.size) {
        note(report, JET_errLVCorrupted, offset != *next_offset ? "chunks do not follow each other" : "chunk past the end of the value");
        return;
    }
    uint32_t plain_size = plain_chunk_size(nodes, &report->info, offset);
    *next_offset += plain_size;
    if (report->info.is_encrypted)
        return;
    JET_ERR err = check_chunk(stored, plain_size, &is_compressed);
    if (err >= 0 && is_compressed)
        err = compression_expand(stored, scratch, plain_size, &written);
    if (err < 0)
        note(report, err, "chunk cannot be decoded");
}

static JET_ERR finish_report(struct long_value_report *report, uint64_t next_offset, JET_ERR (*visit)(void *, const struct long_value_report *),
                             void *context)
{
    /* a dead or partly deleted value may have lost chunks */
    bool is_live = report->info.references != 0 && report->info.references != UINT32_MAX;
    if (is_live && next_offset < report->info.size)
        note(report, JET_errLVCorrupted, "chunks are missing");
    return visit(context, report);
}

JET_ERR long_value_visit(const struct long_value_nodes *nodes, JET_ERR (*visit)(void *context, const struct long_value_report *report), void *context)
{
    JET_ERR err = JET_errSuccess;
    struct long_value_report report = {.error = JET_errSuccess};
    struct long_value_key key;
    struct span found, data;
    bool has_value = false;
    uint64_t next_offset = 0;
    uint8_t *scratch = (uint8_t *)mem_alloc(nodes->chunk_size);
    if (scratch == NULL)
        RAISE(JET_errOutOfMemory);
    err = nodes->seek(nodes->context, span_of(NULL, 0), &found, &data);
    for (; err >= 0; err = nodes->next(nodes->context, &found, &data)) {
        TRY(long_value_key_decode(found, &key));
        if (!has_value || key.lid != report.info.lid || !key.is_chunk) {
            if (has_value)
                TRY(finish_report(&report, next_offset, visit, context));
            report = (struct long_value_report){.info.lid = key.lid};
            has_value = true;
            next_offset = 0;
            if (key.is_chunk)
                note(&report, JET_errLVCorrupted, "chunk without a root");
            else if (long_value_root_decode(key.lid, data, &report.info) < 0)
                note(&report, JET_errLVCorrupted, "root node cannot be decoded");
        }
        if (key.is_chunk)
            visit_chunk(nodes, &report, &next_offset, key.offset, data, scratch);
    }
    if (err != JET_errNoCurrentRecord)
        goto done;
    err = has_value ? finish_report(&report, next_offset, visit, context) : JET_errSuccess;
done:
    release_nodes(nodes);
    mem_free(scratch);
    return err < 0 ? err : JET_errSuccess;
}

/* --- over a tree --- */

static void tree_release(void *context)
{
    struct long_value_tree *tree = (struct long_value_tree *)context;
    if (tree->is_open)
        btree_cursor_release(&tree->cursor);
}

static JET_ERR tree_node(struct long_value_tree *tree, struct span *key, struct span *data)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    TRY(btree_cursor_get(&tree->cursor, &node));
    if (node_key_size(&node) > sizeof tree->key)
        RAISE(JET_errDatabaseCorrupted);
    *key = span_of(tree->key, node_copy_key(&node, tree->key));
    *data = node.data;
done:
    return err;
}

static JET_ERR tree_seek(void *context, struct span key, struct span *node_key, struct span *data)
{
    JET_ERR err = JET_errSuccess;
    struct long_value_tree *tree = (struct long_value_tree *)context;
    if (!tree->is_open)
        return JET_errNoCurrentRecord;
    tree_release(tree);
    err = key.size == 0 ? btree_first(&tree->cursor) : btree_seek(&tree->cursor, key, BTREE_SEEK_GE);
    if (err == JET_errRecordNotFound)
        return JET_errNoCurrentRecord;
    if (err < 0)
        goto done;
    TRY(tree_node(tree, node_key, data));
done:
    return err;
}

static JET_ERR tree_next(void *context, struct span *node_key, struct span *data)
{
    JET_ERR err = JET_errSuccess;
    struct long_value_tree *tree = (struct long_value_tree *)context;
    if (!tree->is_open)
        return JET_errNoCurrentRecord;
    tree_release(tree);
    err = btree_next(&tree->cursor);
    if (err < 0)
        goto done;
    TRY(tree_node(tree, node_key, data));
done:
    return err;
}

JET_ERR long_value_tree_open(struct cache_file *file, const struct table_schema *table, struct long_value_tree *out)
{
    JET_ERR err = JET_errSuccess;
    memset(out, 0, sizeof *out);
    out->nodes = (struct long_value_nodes){out, tree_seek, tree_next, tree_release,
                                           long_value_chunk_size(cache_file_page_size(file), table->lv_chunk_most), NULL};
    if (table->lv_root == 0)
        goto done;
    TRY(btree_open(file, table->lv_root, table->lv_objid, &out->tree));
    TRY(btree_cursor_open(&out->tree, &out->cursor));
    out->is_open = true;
done:
    return err;
}

void long_value_tree_close(struct long_value_tree *tree)
{
    if (!tree->is_open)
        return;
    btree_cursor_release(&tree->cursor);
    btree_cursor_close(&tree->cursor);
    tree->is_open = false;
}

/* --- any value --- */

JET_ERR column_value_fetch(const struct long_value_nodes *nodes, const struct column_value *value, uint32_t offset, uint8_t *out, uint32_t capacity,
                           uint32_t *written, uint32_t *total)
{
    JET_ERR err = JET_errSuccess;
    struct long_value_info info = {0};
    if ((value->flags & (COLUMN_VALUE_NULL | COLUMN_VALUE_SEPARATED | COLUMN_VALUE_USER_DEFAULT)) != COLUMN_VALUE_SEPARATED)
        return column_value_read(value, offset, out, capacity, written, total);
    *written = 0;
    if (total != NULL)
        *total = 0;
    if (nodes == NULL)
        RAISE(JET_errLVCorrupted);
    TRY(long_value_read(nodes, value->lid, offset, out, capacity, written, &info));
    if (total != NULL)
        *total = info.size;
done:
    return err;
}

JET_ERR column_value_fetch_all(const struct long_value_nodes *nodes, const struct column_value *value, uint32_t limit, struct value_buffer *buffer)
{
    JET_ERR err = JET_errSuccess;
    uint8_t probe;
    uint32_t total, written;
    buffer->size = 0;
    err = column_value_fetch(nodes, value, 0, &probe, 0, &written, &total);
    if (err != JET_errSuccess) /* the warning for null passes through */
        goto done;
    if (total < limit)
        limit = total;
    TRY(value_buffer_reserve(buffer, limit < FETCH_STEP ? limit : FETCH_STEP));
    while (buffer->size < limit) {
        /* The size is only what the root node claims: memory is taken in steps, as bytes really arrive. */
        if (buffer->size == buffer->capacity) {
            uint64_t capacity = 2ull * buffer->capacity;
            TRY(value_buffer_reserve(buffer, capacity < limit ? (uint32_t)capacity : limit));
        }
        uint32_t room = (limit < buffer->capacity ? limit : buffer->capacity) - buffer->size;
        TRY(column_value_fetch(nodes, value, buffer->size, buffer->data + buffer->size, room, &written, NULL));
        if (written == 0)
            RAISE(JET_errLVCorrupted);
        buffer->size += written;
    }
done:
    if (err < 0)
        buffer->size = 0;
    return err;
}
