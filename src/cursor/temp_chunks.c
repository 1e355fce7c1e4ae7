/* Rows of temporary tables in order, in chunks (temp_chunks.h). */
#include "cursor/temp_chunks.h"

#include "base/memory.h"

enum {
    CHUNK_FULL = 1 << 14,       /* bytes at which appending begins another chunk, and at which one is split into halves when it has twice as many */
    EXTENT_STEP = 1 << 12,
    EXTENT_CLASSES = 10         /* free extents of up to so many steps are used again */
};

struct chunk {
    /* Not below anything in the chunks before, not above anything in this one. That of the first chunk means nothing. */
    uint64_t prefix;
    uint8_t *first_key;
    uint32_t first_size;
    uint32_t count;
    uint64_t bytes;             /* of its rows */
    uint64_t offset, extent;    /* in the file; extent 0: never written */
    bool is_loaded, is_dirty;
    /* Loaded: */
    struct temp_row **rows;     /* in the block, or each for itself */
    uint32_t capacity;
    uint8_t *block;             /* as it was read or appended to; NULL: none */
    size_t block_size;
    size_t memory;              /* counted for it */
    struct chunk *newer, *older;
};

struct temp_chunks {
    struct temp_spill spill;
    size_t memory_most, memory;
    struct chunk **chunks;
    uint32_t chunk_count, capacity;
    uint32_t count;
    uint32_t *sums;             /* Fenwick tree over the chunks' counts, from 1 */
    bool sums_are_valid;
    struct chunk *newest, *oldest; /* loaded ones by last use */
    struct {
        uint64_t *offsets;
        uint32_t count, capacity;
    } free_extents[EXTENT_CLASSES + 1];
    uint8_t *scratch;           /* a chunk on its way to the file */
    size_t scratch_size;
};

/* --- chunks in memory --- */

static bool is_in_block(const struct chunk *c, const struct temp_row *row)
{
    uintptr_t at = (uintptr_t)row, start = (uintptr_t)c->block;
    return c->block != NULL && at >= start && at < start + c->block_size;
}

static void free_row(struct chunk *c, struct temp_row *row)
{
    if (!is_in_block(c, row))
        mem_free(row);
}

static void forget_use(struct temp_chunks *t, struct chunk *c)
{
    *(c->newer != NULL ? &c->newer->older : &t->newest) = c->older;
    *(c->older != NULL ? &c->older->newer : &t->oldest) = c->newer;
    c->newer = c->older = NULL;
}

static void note_use(struct temp_chunks *t, struct chunk *c)
{
    c->older = t->newest;
    c->newer = NULL;
    *(t->newest != NULL ? &t->newest->newer : &t->oldest) = c;
    t->newest = c;
}

static void count_memory(struct temp_chunks *t, struct chunk *c, size_t bytes)
{
    t->memory += bytes - c->memory;
    c->memory = bytes;
}

/* The row leaves its chunk. The room of one in the block stays in use until all of that goes. */
static void drop_row(struct temp_chunks *t, struct chunk *c, struct temp_row *row)
{
    if (!is_in_block(c, row))
        count_memory(t, c, c->memory - row->size);
    free_row(c, row);
}

static void unload(struct temp_chunks *t, struct chunk *c)
{
    if (!c->is_loaded)
        return;
    for (uint32_t i = 0; i < c->count; i++)
        free_row(c, c->rows[i]);
    mem_free(c->rows);
    mem_free(c->block);
    c->rows = NULL;
    c->block = NULL;
    c->capacity = 0;
    c->block_size = 0;
    c->is_loaded = c->is_dirty = false;
    count_memory(t, c, 0);
    forget_use(t, c);
}

static void free_chunk(struct temp_chunks *t, struct chunk *c)
{
    if (c == NULL)
        return;
    unload(t, c);
    mem_free(c->first_key);
    mem_free(c);
}

JET_ERR temp_chunks_create(const struct temp_spill *spill, size_t memory_most, struct temp_chunks **out)
{
    struct temp_chunks *t = mem_alloc(sizeof *t);
    *out = t;
    if (t == NULL)
        return error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
    t->spill = *spill;
    t->memory_most = memory_most;
    return JET_errSuccess;
}

void temp_chunks_free(struct temp_chunks *t)
{
    if (t == NULL)
        return;
    for (uint32_t i = 0; i < t->chunk_count; i++)
        free_chunk(t, t->chunks[i]);
    for (uint32_t i = 0; i <= EXTENT_CLASSES; i++)
        mem_free(t->free_extents[i].offsets);
    mem_free(t->chunks);
    mem_free(t->sums);
    mem_free(t->scratch);
    temp_spill_close(&t->spill);
    mem_free(t);
}

uint32_t temp_chunks_count(const struct temp_chunks *t) { return t->count; }

static JET_ERR reserve_rows(struct chunk *c, uint32_t count)
{
    if (count <= c->capacity)
        return JET_errSuccess;
    uint32_t capacity = count < 8 ? 8 : count + count / 2;
    struct temp_row **bigger = mem_resize(c->rows, capacity * sizeof *bigger);
    if (bigger == NULL)
        return error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
    c->rows = bigger;
    c->capacity = capacity;
    return JET_errSuccess;
}

/* --- the directory --- */

static JET_ERR set_first_key(struct chunk *c, struct span key)
{
    c->first_key = mem_copy(key.data, key.size);
    if (c->first_key == NULL)
        return error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
    c->first_size = key.size;
    c->prefix = temp_key_prefix(key);
    return JET_errSuccess;
}

/* A loaded chunk without rows, not in the directory yet. */
static JET_ERR new_chunk(struct temp_chunks *t, struct span first_key, struct chunk **out)
{
    JET_ERR err = JET_errSuccess;
    struct chunk *c = mem_alloc(sizeof *c);
    if (c == NULL)
        RAISE(JET_errOutOfMemory);
    c->is_loaded = c->is_dirty = true;
    note_use(t, c);
    err = set_first_key(c, first_key);
    if (err < 0) {
        free_chunk(t, c);
        c = NULL;
    }
done:
    *out = c;
    return err;
}

static JET_ERR list_chunk(struct temp_chunks *t, struct chunk *c, uint32_t at)
{
    JET_ERR err = JET_errSuccess;
    if (t->chunk_count == t->capacity) {
        uint32_t capacity = t->capacity == 0 ? 16 : 2 * t->capacity;
        struct chunk **bigger = mem_resize(t->chunks, capacity * sizeof(struct chunk *));
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        t->chunks = bigger;
        uint32_t *sums = mem_resize(t->sums, (capacity + 1) * sizeof *sums);
        if (sums == NULL)
            RAISE(JET_errOutOfMemory);
        t->sums = sums;
        t->capacity = capacity;
    }
    memmove(&t->chunks[at + 1], &t->chunks[at], (t->chunk_count - at) * sizeof(struct chunk *));
    t->chunks[at] = c;
    t->chunk_count++;
    t->sums_are_valid = false;
done:
    return err;
}

static void make_sums(struct temp_chunks *t)
{
    if (t->sums_are_valid)
        return;
    for (uint32_t i = 1; i <= t->chunk_count; i++)
        t->sums[i] = t->chunks[i - 1]->count;
    for (uint32_t i = 1; i <= t->chunk_count; i++)
        if (i + (i & -i) <= t->chunk_count)
            t->sums[i + (i & -i)] += t->sums[i];
    t->sums_are_valid = true;
}

static void change_count(struct temp_chunks *t, uint32_t at, int by)
{
    t->chunks[at]->count += (uint32_t)by;
    t->count += (uint32_t)by;
    for (uint32_t i = at + 1; t->sums_are_valid && i <= t->chunk_count; i += i & -i)
        t->sums[i] += (uint32_t)by;
}

/* Number of the first row of a chunk. */
static uint32_t rows_before(struct temp_chunks *t, uint32_t at)
{
    uint32_t sum = 0;
    make_sums(t);
    for (uint32_t i = at; i > 0; i -= i & -i)
        sum += t->sums[i];
    return sum;
}

/* The chunk that has row number `at` < count; *in: its place there. */
static uint32_t chunk_of_row(struct temp_chunks *t, uint32_t at, uint32_t *in)
{
    uint32_t step = 1, found = 0;
    make_sums(t);
    while (step <= t->chunk_count / 2)
        step *= 2;
    for (; step > 0; step /= 2)
        if (found + step <= t->chunk_count && t->sums[found + step] <= at) {
            found += step;
            at -= t->sums[found];
        }
    *in = at;
    return found;
}

static int compare_first(const struct chunk *c, uint64_t prefix, struct span key)
{
    return c->prefix != prefix ? (c->prefix < prefix ? -1 : 1) : span_compare(span_of(c->first_key, c->first_size), key);
}

/* The chunk in which the place of a key is searched: the last that begins before it, or (after) not behind it. */
static uint32_t chunk_of_key(const struct temp_chunks *t, struct span key, bool after)
{
    uint64_t prefix = temp_key_prefix(key);
    uint32_t low = 1, high = t->chunk_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_first(t->chunks[middle], prefix, key);
        if (order < 0 || (order == 0 && after))
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

/* --- the file --- */

static JET_ERR free_extent(struct temp_chunks *t, struct chunk *c)
{
    JET_ERR err = JET_errSuccess;
    uint64_t class = c->extent / EXTENT_STEP;
    if (class == 0 || class > EXTENT_CLASSES)
        goto done;
    if (t->free_extents[class].count == t->free_extents[class].capacity) {
        uint32_t capacity = t->free_extents[class].capacity == 0 ? 16 : 2 * t->free_extents[class].capacity;
        uint64_t *bigger = mem_resize(t->free_extents[class].offsets, capacity * sizeof *bigger);
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        t->free_extents[class].offsets = bigger;
        t->free_extents[class].capacity = capacity;
    }
    t->free_extents[class].offsets[t->free_extents[class].count++] = c->offset;
done:
    if (err >= 0)
        c->extent = 0;
    return err;
}

static JET_ERR place_chunk(struct temp_chunks *t, struct chunk *c)
{
    JET_ERR err = JET_errSuccess;
    uint64_t class = (c->bytes + EXTENT_STEP - 1) / EXTENT_STEP;
    if (c->bytes <= c->extent)
        goto done;
    TRY(free_extent(t, c));
    if (class <= EXTENT_CLASSES && t->free_extents[class].count > 0) {
        c->offset = t->free_extents[class].offsets[--t->free_extents[class].count];
    } else {
        c->offset = t->spill.end;
        t->spill.end += class * EXTENT_STEP;
    }
    c->extent = class * EXTENT_STEP;
done:
    return err;
}

static JET_ERR write_chunk(struct temp_chunks *t, struct chunk *c)
{
    JET_ERR err = JET_errSuccess;
    size_t at = 0;
    TRY(temp_spill_open(&t->spill));
    if (c->bytes > t->scratch_size) {
        uint8_t *bigger = mem_resize(t->scratch, c->bytes);
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        t->scratch = bigger;
        t->scratch_size = c->bytes;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        memcpy(t->scratch + at, c->rows[i], c->rows[i]->size);
        at += c->rows[i]->size;
    }
    TRY(place_chunk(t, c));
    TRY(os_file_write(t->spill.file, c->offset, t->scratch, at));
    c->is_dirty = false;
done:
    return err;
}

/* Makes room in memory; the chunk stays. */
static JET_ERR evict_others(struct temp_chunks *t, const struct chunk *keep)
{
    JET_ERR err = JET_errSuccess;
    while (t->memory > t->memory_most && temp_spill_is_possible(&t->spill) && t->oldest != NULL && t->oldest != keep) {
        struct chunk *c = t->oldest;
        if (c->is_dirty && c->count > 0)
            TRY(write_chunk(t, c));
        unload(t, c);
    }
done:
    return err;
}

static JET_ERR read_chunk(struct temp_chunks *t, struct chunk *c)
{
    JET_ERR err = JET_errSuccess;
    uint64_t at = 0;
    c->block = mem_alloc_uncleared(c->bytes);
    c->rows = mem_alloc_array(c->count, sizeof(struct temp_row *));
    if (c->block == NULL || c->rows == NULL)
        RAISE(JET_errOutOfMemory);
    c->capacity = c->count;
    c->block_size = c->bytes;
    TRY(os_file_read(t->spill.file, c->offset, c->block, c->bytes));
    for (uint32_t i = 0; i < c->count; i++) {
        c->rows[i] = (struct temp_row *)(void *)(c->block + at);
        if (!temp_row_is_sound(c->rows[i], c->bytes - at))
            RAISE(JET_errDatabaseCorrupted);
        at += c->rows[i]->size;
    }
    if (at != c->bytes)
        RAISE(JET_errDatabaseCorrupted);
done:
    if (err < 0) {
        mem_free(c->block);
        mem_free(c->rows);
        c->block = NULL;
        c->rows = NULL;
        c->capacity = 0;
        c->block_size = 0;
    }
    return err;
}

/* The chunk with its rows, the one used last. Memory may be exceeded. */
static JET_ERR load_beyond(struct temp_chunks *t, uint32_t at, struct chunk **out)
{
    JET_ERR err = JET_errSuccess;
    struct chunk *c = t->chunks[at];
    if (!c->is_loaded) {
        if (c->count > 0)
            TRY(read_chunk(t, c));
        c->is_loaded = true;
        note_use(t, c);
        count_memory(t, c, c->block_size + c->capacity * sizeof(struct temp_row *));
    } else if (t->newest != c) {
        forget_use(t, c);
        note_use(t, c);
    }
    *out = c;
done:
    return err;
}

static JET_ERR load(struct temp_chunks *t, uint32_t at, struct chunk **out)
{
    JET_ERR err = JET_errSuccess;
    TRY(load_beyond(t, at, out));
    TRY(evict_others(t, *out));
done:
    return err;
}

/* --- rows --- */

static uint32_t lower_bound(const struct chunk *c, struct span key, bool after)
{
    uint32_t low = 0, high = c->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = span_compare(temp_row_key(c->rows[middle]), key);
        if (order < 0 || (order == 0 && after))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

JET_ERR temp_chunks_append(struct temp_chunks *t, const struct temp_row *row)
{
    JET_ERR err = JET_errSuccess;
    struct chunk *c = t->chunk_count > 0 ? t->chunks[t->chunk_count - 1] : NULL;
    if (t->count == UINT32_MAX)
        RAISE(JET_errOutOfMemory);
    if (c == NULL || !c->is_loaded || c->block == NULL || c->block_size - c->bytes < row->size) {
        TRY(new_chunk(t, temp_row_key(row), &c));
        c->block_size = row->size > CHUNK_FULL ? row->size : CHUNK_FULL;
        c->block = mem_alloc_uncleared(c->block_size);
        err = c->block != NULL ? list_chunk(t, c, t->chunk_count) : error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
        if (err < 0) {
            free_chunk(t, c);
            goto done;
        }
    }
    TRY(reserve_rows(c, c->count + 1));
    c->rows[c->count] = (struct temp_row *)(void *)(c->block + c->bytes);
    memcpy(c->block + c->bytes, row, row->size);
    c->bytes += row->size;
    change_count(t, t->chunk_count - 1, 1);
    count_memory(t, c, c->block_size + c->capacity * sizeof(struct temp_row *));
    TRY(evict_others(t, c));
done:
    return err;
}

/* Moves the rows from place `from` on into a chunk of their own behind it; those of the block are copied out. */
static JET_ERR split(struct temp_chunks *t, uint32_t at, uint32_t from)
{
    JET_ERR err = JET_errSuccess;
    struct chunk *c = t->chunks[at], *next = NULL;
    uint64_t bytes = 0;
    for (uint32_t i = from; i < c->count; i++)
        bytes += c->rows[i]->size;
    TRY(new_chunk(t, temp_row_key(c->rows[from]), &next));
    TRY(reserve_rows(next, c->count - from));
    next->block = mem_alloc_uncleared(bytes);
    if (next->block == NULL)
        RAISE(JET_errOutOfMemory);
    next->block_size = bytes;
    TRY(list_chunk(t, next, at + 1));
    for (uint32_t i = from; i < c->count; i++) {
        next->rows[i - from] = (struct temp_row *)(void *)(next->block + next->bytes);
        memcpy(next->rows[i - from], c->rows[i], c->rows[i]->size);
        next->bytes += c->rows[i]->size;
        drop_row(t, c, c->rows[i]);
    }
    next->count = c->count - from;
    c->count = from;
    c->bytes -= bytes;
    c->is_dirty = true;
    t->sums_are_valid = false;
    count_memory(t, next, bytes + next->capacity * sizeof(struct temp_row *));
    next = NULL;
done:
    free_chunk(t, next);
    return err;
}

/* Where to split a chunk into two of about the same size; at its end when the row went there, as rows that come in order do. */
static uint32_t split_place(const struct chunk *c, uint32_t inserted)
{
    uint64_t bytes = 0;
    uint32_t i = 0;
    if (inserted + 1 == c->count)
        return inserted;
    while (i + 1 < c->count && bytes < c->bytes / 2)
        bytes += c->rows[i++]->size;
    return i > 0 ? i : 1;
}

JET_ERR temp_chunks_insert(struct temp_chunks *t, struct temp_row *row)
{
    JET_ERR err = JET_errSuccess;
    struct chunk *c;
    if (t->chunk_count == 0) {
        TRY(temp_chunks_append(t, row));
        mem_free(row);
        goto done;
    }
    if (t->count == UINT32_MAX)
        RAISE(JET_errOutOfMemory);
    uint32_t at = chunk_of_key(t, temp_row_key(row), true);
    TRY(load(t, at, &c));
    uint32_t in = lower_bound(c, temp_row_key(row), false);
    if (in < c->count && span_equal(temp_row_key(c->rows[in]), temp_row_key(row)))
        RAISE(JET_errKeyDuplicate);
    uint32_t capacity = c->capacity;
    TRY(reserve_rows(c, c->count + 1));
    memmove(&c->rows[in + 1], &c->rows[in], (c->count - in) * sizeof(struct temp_row *));
    c->rows[in] = row;
    c->bytes += row->size;
    c->is_dirty = true;
    change_count(t, at, 1);
    count_memory(t, c, c->memory + row->size + (c->capacity - capacity) * sizeof(struct temp_row *));
    /* The row is in: a chunk that cannot be split now is split another time. */
    if (c->bytes > 2 * CHUNK_FULL && c->count > 1)
        (void)split(t, at, split_place(c, in));
done:
    return err;
}

JET_ERR temp_chunks_get(struct temp_chunks *t, uint32_t at, const struct temp_row **row)
{
    JET_ERR err = JET_errSuccess;
    struct chunk *c;
    uint32_t in;
    if (at >= t->count)
        return JET_errNoCurrentRecord;
    TRY(load(t, chunk_of_row(t, at, &in), &c));
    *row = c->rows[in];
done:
    return err;
}

JET_ERR temp_chunks_replace(struct temp_chunks *t, uint32_t at, struct temp_row *row)
{
    JET_ERR err = JET_errSuccess;
    struct chunk *c;
    uint32_t in;
    if (at >= t->count)
        return JET_errNoCurrentRecord;
    uint32_t place = chunk_of_row(t, at, &in);
    TRY(load(t, place, &c));
    c->bytes = c->bytes - c->rows[in]->size + row->size;
    drop_row(t, c, c->rows[in]);
    c->rows[in] = row;
    c->is_dirty = true;
    count_memory(t, c, c->memory + row->size);
    if (c->bytes > 2 * CHUNK_FULL && c->count > 1)
        (void)split(t, place, split_place(c, 0));
done:
    return err;
}

JET_ERR temp_chunks_remove(struct temp_chunks *t, uint32_t at)
{
    JET_ERR err = JET_errSuccess;
    struct chunk *c;
    uint32_t in;
    if (at >= t->count)
        return JET_errNoCurrentRecord;
    uint32_t place = chunk_of_row(t, at, &in);
    TRY(load_beyond(t, place, &c));
    /* Removing takes no room: a row can be taken away where none is left in memory or on the disk. */
    JET_ERR ignored = evict_others(t, c);
    c->bytes -= c->rows[in]->size;
    drop_row(t, c, c->rows[in]);
    memmove(&c->rows[in], &c->rows[in + 1], (c->count - in - 1) * sizeof(struct temp_row *));
    c->is_dirty = true;
    change_count(t, place, -1);
    if (c->count > 0 || t->chunk_count == 1)
        goto done;
    /* Where that cannot be noted the place in the file is lost, no more. */
    ignored = free_extent(t, c);
    (void)ignored;
    free_chunk(t, c);
    t->chunk_count--;
    memmove(&t->chunks[place], &t->chunks[place + 1], (t->chunk_count - place) * sizeof(struct chunk *));
    t->sums_are_valid = false;
done:
    return err;
}

JET_ERR temp_chunks_search(struct temp_chunks *t, struct span key, bool after, uint32_t *at)
{
    JET_ERR err = JET_errSuccess;
    struct chunk *c;
    *at = 0;
    if (t->chunk_count == 0)
        goto done;
    uint32_t place = chunk_of_key(t, key, after);
    TRY(load(t, place, &c));
    *at = rows_before(t, place) + lower_bound(c, key, after);
done:
    return err;
}
