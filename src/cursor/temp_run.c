/* Sorted runs of rows in a spill file (temp_run.h). */
#include "cursor/temp_run.h"

#include "base/memory.h"

enum {
    WRITE_BUFFER = 1 << 18,
    STRETCH = 1 << 14,     /* bytes between two keys that are kept */
    FILTER_WORDS = 8,      /* of 32 bits: a line of 32 bytes never lies in two cache lines */
    FILTER_BITS_PER_ROW = 12
};

uint64_t temp_key_hash(struct span key)
{
    uint64_t hash = key.size * 0x9E3779B97F4A7C15ull;
    for (uint32_t i = 0; i < key.size; i += 8) {
        hash = (hash ^ temp_key_prefix(span_of(key.data + i, key.size - i))) * 0xBF58476D1CE4E5B9ull;
        hash ^= hash >> 29;
    }
    hash *= 0x94D049BB133111EBull;
    return hash ^ (hash >> 32);
}

void temp_run_free(struct temp_run *run)
{
    mem_free(run->filter);
    mem_free(run->stretches);
    mem_free(run->keys);
    *run = (struct temp_run){0};
}

/* --- is a key there? --- */

static uint32_t *filter_line(const struct temp_run *run, uint64_t hash) { return run->filter + (uint64_t)FILTER_WORDS * (((hash >> 32) * run->filter_lines) >> 32); }

const void *temp_run_line(const struct temp_run *run, uint64_t hash) { return filter_line(run, hash); }

static uint32_t filter_bit(uint64_t hash, int word)
{
    static const uint32_t factors[FILTER_WORDS] = {0x47B6137Bu, 0x44974D91u, 0x8824AD5Bu, 0xA2B7289Du, 0x705495C7u, 0x2DF1424Bu, 0x9EFC4947u, 0x5C6BFB31u};
    return 1u << (((uint32_t)hash * factors[word]) >> 27);
}

static void filter_add(struct temp_run *run, uint64_t hash)
{
    uint32_t *line = filter_line(run, hash);
    for (int i = 0; i < FILTER_WORDS; i++)
        line[i] |= filter_bit(hash, i);
}

bool temp_run_may_have(const struct temp_run *run, uint64_t hash)
{
    const uint32_t *line = filter_line(run, hash);
    uint32_t missing = 0;
    for (int i = 0; i < FILTER_WORDS; i++)
        missing |= ~line[i] & filter_bit(hash, i);
    return missing == 0;
}

static struct span stretch_key(const struct temp_run *run, uint32_t i) { return span_of(run->keys + run->stretches[i].key_offset, run->stretches[i].key_size); }

JET_ERR temp_run_has(const struct temp_run *run, struct os_file *file, struct span key, bool *has)
{
    JET_ERR err = JET_errSuccess;
    struct temp_run_reader reader = {0};
    const struct temp_row *row;
    uint32_t low = 0, high = run->stretch_count;
    *has = false;
    while (low < high) { /* the stretches before `low` begin with key, or before it */
        uint32_t middle = low + (high - low) / 2;
        if (span_compare(stretch_key(run, middle), key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        goto done;
    struct temp_run part = {.offset = run->stretches[low - 1].offset};
    part.size = (low < run->stretch_count ? run->stretches[low].offset : run->offset + run->size) - part.offset;
    TRY(temp_run_open(&reader, &part, file, STRETCH * 2));
    for (int order = -1; order < 0;) {
        TRY(temp_run_next(&reader, &row));
        order = row == NULL ? 1 : span_compare(temp_row_key(row), key);
        *has = order == 0;
    }
done:
    temp_run_reader_free(&reader);
    return err;
}

static JET_ERR keep_stretch(struct temp_run *run, uint64_t offset, struct span key)
{
    JET_ERR err = JET_errSuccess;
    if (run->stretch_count == run->stretch_capacity) {
        uint32_t capacity = run->stretch_capacity == 0 ? 64 : 2 * run->stretch_capacity;
        struct temp_stretch *bigger = mem_resize(run->stretches, capacity * sizeof *bigger);
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        run->stretches = bigger;
        run->stretch_capacity = capacity;
    }
    if (run->keys_size > INT32_MAX - key.size)
        RAISE(JET_errOutOfMemory);
    if (run->keys_size + key.size > run->keys_capacity) {
        uint32_t capacity = 2 * (run->keys_size + key.size);
        uint8_t *bigger = mem_resize(run->keys, capacity);
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        run->keys = bigger;
        run->keys_capacity = capacity;
    }
    memcpy(run->keys + run->keys_size, key.data, key.size);
    run->stretches[run->stretch_count++] = (struct temp_stretch){offset, run->keys_size, key.size};
    run->keys_size += key.size;
done:
    return err;
}

/* --- writing --- */

JET_ERR temp_run_begin(struct temp_run_writer *w, struct temp_spill *spill, struct temp_run *run, uint64_t rows_most, bool may_be_asked)
{
    JET_ERR err = JET_errSuccess;
    *w = (struct temp_run_writer){.spill = spill, .run = run};
    *run = (struct temp_run){0};
    TRY(temp_spill_open(spill));
    run->offset = spill->end;
    w->buffer = mem_alloc_uncleared(WRITE_BUFFER);
    if (w->buffer == NULL)
        RAISE(JET_errOutOfMemory);
    if (may_be_asked) {
        uint64_t lines = rows_most * FILTER_BITS_PER_ROW / (32 * FILTER_WORDS) + 1;
        if (lines > INT32_MAX)
            RAISE(JET_errOutOfMemory);
        run->filter_lines = (uint32_t)lines;
        run->filter = mem_alloc_aligned(64, lines * FILTER_WORDS * sizeof *run->filter);
        if (run->filter == NULL)
            RAISE(JET_errOutOfMemory);
    }
done:
    return err;
}

static JET_ERR write_buffer(struct temp_run_writer *w)
{
    uint64_t offset;
    JET_ERR err = w->used > 0 ? temp_spill_append(w->spill, w->buffer, w->used, &offset) : JET_errSuccess;
    if (err >= 0)
        w->used = 0;
    return err;
}

JET_ERR temp_run_put(struct temp_run_writer *w, const struct temp_row *row)
{
    JET_ERR err = JET_errSuccess;
    struct temp_run *run = w->run;
    if (run->filter != NULL) {
        struct span key = temp_row_key(row);
        uint64_t here = run->offset + run->size;
        filter_add(run, temp_key_hash(key));
        if (run->rows == 0 || here - w->stretch_start >= STRETCH) {
            TRY(keep_stretch(run, here, key));
            w->stretch_start = here;
        }
    }
    if (row->size > WRITE_BUFFER - w->used)
        TRY(write_buffer(w));
    if (row->size > WRITE_BUFFER) {
        uint64_t offset;
        TRY(temp_spill_append(w->spill, row, row->size, &offset));
    } else {
        memcpy(w->buffer + w->used, row, row->size);
        w->used += row->size;
    }
    run->size += row->size;
    run->rows++;
done:
    return err;
}

JET_ERR temp_run_end(struct temp_run_writer *w) { return write_buffer(w); }

void temp_run_writer_free(struct temp_run_writer *w)
{
    mem_free(w->buffer);
    w->buffer = NULL;
}

/* --- reading --- */

JET_ERR temp_run_open(struct temp_run_reader *r, const struct temp_run *run, struct os_file *file, size_t buffer)
{
    *r = (struct temp_run_reader){.file = file, .next = run->offset, .end = run->offset + run->size, .capacity = buffer, .buffer = mem_alloc_uncleared(buffer)};
    return r->buffer != NULL ? JET_errSuccess : error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
}

/* Reads on until at least `wanted` bytes are there. */
static JET_ERR fill_buffer(struct temp_run_reader *r, size_t wanted)
{
    JET_ERR err = JET_errSuccess;
    size_t kept = r->used - r->at;
    if (wanted - kept > r->end - r->next)
        RAISE(JET_errDatabaseCorrupted);
    memmove(r->buffer, r->buffer + r->at, kept);
    r->used = kept;
    r->at = 0;
    if (wanted > r->capacity) {
        uint8_t *bigger = mem_resize(r->buffer, wanted);
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        r->buffer = bigger;
        r->capacity = wanted;
    }
    size_t size = r->capacity - kept < r->end - r->next ? r->capacity - kept : (size_t)(r->end - r->next);
    TRY(os_file_read(r->file, r->next, r->buffer + kept, size));
    r->next += size;
    r->used += size;
done:
    return err;
}

JET_ERR temp_run_next(struct temp_run_reader *r, const struct temp_row **row)
{
    JET_ERR err = JET_errSuccess;
    const struct temp_row *here;
    *row = NULL;
    if (r->at == r->used && r->next == r->end)
        goto done;
    if (r->used - r->at < sizeof *here)
        TRY(fill_buffer(r, sizeof *here));
    here = (const struct temp_row *)(const void *)(r->buffer + r->at);
    if (here->size > r->used - r->at) {
        TRY(fill_buffer(r, here->size));
        here = (const struct temp_row *)(const void *)(r->buffer + r->at);
    }
    if (!temp_row_is_sound(here, r->used - r->at))
        RAISE(JET_errDatabaseCorrupted);
    r->at += here->size;
    *row = here;
done:
    return err;
}

void temp_run_reader_free(struct temp_run_reader *r)
{
    mem_free(r->buffer);
    r->buffer = NULL;
}
