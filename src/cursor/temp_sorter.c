/* The external sort of temporary tables (temp_sorter.h). */
#include "cursor/temp_sorter.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cursor/temp_run.h"

enum {
    BLOCK_FIRST = 1 << 12,
    BLOCK_LAST = 1 << 18,
    RUNS_AT_A_LEVEL = 32,            /* so many of equal level are merged into one: no merge has many more sources */
    READ_BUFFER_LEAST = 1 << 14,
    READ_BUFFER_MOST = 1 << 17,
    SMALL = 24                       /* entries that are sorted by insertion */
};

struct block {
    struct block *next;
    size_t size, used;
    _Alignas(8) uint8_t bytes[];
};

struct entry {
    uint64_t prefix;
    struct temp_row *row;
};

/* Where rows come from in a merge: a run, or what is in memory. */
struct source {
    struct temp_run_reader reader;
    bool is_memory;
    uint32_t next_entry;
};
struct head {
    uint64_t prefix;
    const struct temp_row *row;
    struct source *source;
};

struct temp_sorter {
    struct temp_spill spill;
    size_t memory_most;
    bool drops_equal, is_asked; /* temp_sorter_add_new is in use */
    uint64_t count;

    struct block *blocks;       /* the newest first */
    size_t block_bytes;
    struct temp_row *reserved;
    struct entry *entries;
    uint32_t entry_count, entry_capacity;
    bool is_sorted;

    uint32_t *table;            /* of entries by the hash of their keys: index + 1, 0 is free; size a power of two */
    uint32_t table_size;

    struct temp_run *runs;      /* the oldest first, never a higher level after a lower one */
    uint32_t run_count, run_capacity;

    /* Reading. */
    struct source *sources;
    uint32_t source_count;
    struct head *heap;
    uint32_t heap_size;
    bool top_is_used;           /* its row has been handed out */
    struct value_key {
        uint8_t *bytes;
        uint32_t size, capacity;
        bool is_set;
    } last;                     /* key of the row handed out last, where equal ones are dropped */
};

/* --- memory --- */

static void free_blocks(struct temp_sorter *s)
{
    for (struct block *b = s->blocks, *next; b != NULL; b = next) {
        next = b->next;
        mem_free(b);
    }
    s->blocks = NULL;
    s->block_bytes = 0;
    s->reserved = NULL;
}

static JET_ERR make_room(struct temp_sorter *s, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    if (s->blocks != NULL && s->blocks->size - s->blocks->used >= size)
        goto done;
    size_t wanted = s->blocks == NULL ? BLOCK_FIRST : s->blocks->size < BLOCK_LAST ? 2 * s->blocks->size : BLOCK_LAST;
    if (wanted < size)
        wanted = size;
    struct block *b = mem_alloc_uncleared(sizeof *b + wanted);
    if (b == NULL)
        RAISE(JET_errOutOfMemory);
    *b = (struct block){.next = s->blocks, .size = wanted};
    s->blocks = b;
    s->block_bytes += wanted;
done:
    return err;
}

static void end_reading(struct temp_sorter *s)
{
    for (uint32_t i = 0; i < s->source_count; i++)
        temp_run_reader_free(&s->sources[i].reader);
    mem_free(s->sources);
    mem_free(s->heap);
    s->sources = NULL;
    s->heap = NULL;
    s->source_count = s->heap_size = 0;
}

JET_ERR temp_sorter_create(const struct temp_spill *spill, size_t memory_most, bool drops_equal, struct temp_sorter **out)
{
    struct temp_sorter *s = mem_alloc(sizeof *s);
    *out = s;
    if (s == NULL)
        return error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
    s->spill = *spill;
    s->memory_most = memory_most;
    s->drops_equal = drops_equal;
    s->is_sorted = true;
    return JET_errSuccess;
}

void temp_sorter_free(struct temp_sorter *s)
{
    if (s == NULL)
        return;
    end_reading(s);
    free_blocks(s);
    for (uint32_t i = 0; i < s->run_count; i++)
        temp_run_free(&s->runs[i]);
    mem_free(s->runs);
    mem_free(s->entries);
    mem_free(s->table);
    mem_free(s->last.bytes);
    temp_spill_close(&s->spill);
    mem_free(s);
}

uint64_t temp_sorter_count(const struct temp_sorter *s) { return s->count; }
bool temp_sorter_has_spilled(const struct temp_sorter *s) { return s->run_count > 0; }

/* --- order --- */

static inline int compare_rows(uint64_t a_prefix, const struct temp_row *a, uint64_t b_prefix, const struct temp_row *b)
{
    if (a_prefix != b_prefix)
        return a_prefix < b_prefix ? -1 : 1;
    int order = span_compare(temp_row_key(a), temp_row_key(b));
    return order != 0 ? order : (a->number > b->number) - (a->number < b->number);
}

static inline bool is_below(const struct entry *a, const struct entry *b) { return a->prefix != b->prefix ? a->prefix < b->prefix : compare_rows(0, a->row, 0, b->row) < 0; }

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return compare_rows(x->prefix, x->row, y->prefix, y->row);
}

static inline void swap_entries(struct entry *a, struct entry *b)
{
    struct entry kept = *a;
    *a = *b;
    *b = kept;
}

static void insertion_sort(struct entry *e, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct entry here = e[i];
        size_t at = i;
        for (; at > 0 && is_below(&here, &e[at - 1]); at--)
            e[at] = e[at - 1];
        e[at] = here;
    }
}

/* Quicksort, for that it compares without calls; the library's sort takes over where the pivots turn out badly. */
static void sort_entries(struct entry *e, size_t n, int depth)
{
    while (n > SMALL) {
        if (depth-- == 0) {
            qsort(e, n, sizeof *e, compare_entries);
            return;
        }
        struct entry *middle = &e[n / 2], *last = &e[n - 1];
        if (is_below(middle, e))
            swap_entries(middle, e);
        if (is_below(last, middle)) {
            swap_entries(last, middle);
            if (is_below(middle, e))
                swap_entries(middle, e);
        }
        struct entry pivot = *middle;
        size_t i = 0, j = n - 1;
        for (;;) {
            while (is_below(&e[i], &pivot))
                i++;
            while (is_below(&pivot, &e[j]))
                j--;
            if (i >= j)
                break;
            swap_entries(&e[i++], &e[j--]);
        }
        size_t left = i == j ? i : j + 1; /* entries before `left` are not above the pivot, the others not below */
        if (left < n - left) {
            sort_entries(e, left, depth);
            e += left;
            n -= left;
        } else {
            sort_entries(e + left, n - left, depth);
            n = left;
        }
    }
    insertion_sort(e, n);
}

static void sort_memory(struct temp_sorter *s)
{
    int depth = 0;
    for (uint32_t n = s->entry_count; n > 0; n /= 2)
        depth += 2;
    if (!s->is_sorted)
        sort_entries(s->entries, s->entry_count, depth);
    s->is_sorted = true;
    s->reserved = NULL;
    mem_free(s->table); /* it holds the places from before */
    s->table = NULL;
    s->table_size = 0;
}

/* --- merging --- */

static bool head_is_below(const struct head *a, const struct head *b) { return compare_rows(a->prefix, a->row, b->prefix, b->row) < 0; }

static void sift_down(struct temp_sorter *s, uint32_t at)
{
    struct head moved = s->heap[at];
    for (uint32_t child; (child = 2 * at + 1) < s->heap_size; at = child) {
        if (child + 1 < s->heap_size && head_is_below(&s->heap[child + 1], &s->heap[child]))
            child++;
        if (!head_is_below(&s->heap[child], &moved))
            break;
        s->heap[at] = s->heap[child];
    }
    s->heap[at] = moved;
}

static JET_ERR source_next(struct temp_sorter *s, struct source *source, const struct temp_row **row)
{
    if (!source->is_memory)
        return temp_run_next(&source->reader, row);
    *row = source->next_entry < s->entry_count ? s->entries[source->next_entry++].row : NULL;
    return JET_errSuccess;
}

/* Begins to merge the runs from number first on, and the rows in memory. */
static JET_ERR begin_merge(struct temp_sorter *s, uint32_t first, bool with_memory)
{
    JET_ERR err = JET_errSuccess;
    uint32_t runs = s->run_count - first;
    end_reading(s);
    s->last.is_set = s->top_is_used = false;
    s->sources = mem_alloc_array(runs + 1, sizeof *s->sources);
    s->heap = mem_alloc_array(runs + 1, sizeof *s->heap);
    if (s->sources == NULL || s->heap == NULL)
        RAISE(JET_errOutOfMemory);
    size_t buffer = runs > 0 ? s->memory_most / 4 / runs : 0;
    buffer = buffer < READ_BUFFER_LEAST ? READ_BUFFER_LEAST : buffer > READ_BUFFER_MOST ? READ_BUFFER_MOST : buffer;
    for (uint32_t i = 0; i < runs; i++) {
        s->source_count++;
        TRY(temp_run_open(&s->sources[i].reader, &s->runs[first + i], s->spill.file, buffer));
    }
    if (with_memory) {
        s->sources[s->source_count].next_entry = 0;
        s->sources[s->source_count++].is_memory = true;
    }
    for (uint32_t i = 0; i < s->source_count; i++) {
        const struct temp_row *row;
        TRY(source_next(s, &s->sources[i], &row));
        if (row != NULL)
            s->heap[s->heap_size++] = (struct head){temp_key_prefix(temp_row_key(row)), row, &s->sources[i]};
    }
    for (uint32_t i = s->heap_size / 2; i-- > 0;)
        sift_down(s, i);
done:
    return err;
}

/* The source of the row handed out last goes on. */
static JET_ERR advance(struct temp_sorter *s)
{
    JET_ERR err = JET_errSuccess;
    struct head *top = &s->heap[0];
    TRY(source_next(s, top->source, &top->row));
    if (top->row != NULL)
        top->prefix = temp_key_prefix(temp_row_key(top->row));
    else
        *top = s->heap[--s->heap_size];
    if (s->heap_size > 1)
        sift_down(s, 0);
done:
    s->top_is_used = false;
    return err;
}

static JET_ERR keep_key(struct temp_sorter *s, struct span key)
{
    JET_ERR err = JET_errSuccess;
    if (key.size > s->last.capacity) {
        uint8_t *bigger = mem_resize(s->last.bytes, 2 * key.size);
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        s->last.bytes = bigger;
        s->last.capacity = 2 * key.size;
    }
    if (key.size > 0)
        memcpy(s->last.bytes, key.data, key.size);
    s->last.size = key.size;
    s->last.is_set = true;
done:
    return err;
}

JET_ERR temp_sorter_next(struct temp_sorter *s, const struct temp_row **row)
{
    JET_ERR err = JET_errSuccess;
    *row = NULL;
    for (;;) {
        if (s->top_is_used)
            TRY(advance(s));
        if (s->heap_size == 0)
            goto done;
        s->top_is_used = true;
        const struct temp_row *here = s->heap[0].row;
        if (s->drops_equal) {
            struct span key = temp_row_key(here);
            if (s->last.is_set && span_equal(key, span_of(s->last.bytes, s->last.size)))
                continue;
            TRY(keep_key(s, key));
        }
        *row = here;
        goto done;
    }
done:
    return err;
}

JET_ERR temp_sorter_begin(struct temp_sorter *s)
{
    sort_memory(s);
    return begin_merge(s, 0, true);
}

/* --- runs --- */

/* Everything the merge has goes into a new run in place of those from number first on. */
static JET_ERR write_run(struct temp_sorter *s, uint32_t first, uint64_t rows_most)
{
    JET_ERR err = JET_errSuccess;
    struct temp_run run = {0};
    struct temp_run_writer writer = {0};
    const struct temp_row *row;
    if (s->run_count == s->run_capacity) {
        uint32_t capacity = s->run_capacity == 0 ? 16 : 2 * s->run_capacity;
        struct temp_run *bigger = mem_resize(s->runs, capacity * sizeof *bigger);
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        s->runs = bigger;
        s->run_capacity = capacity;
    }
    TRY(temp_run_begin(&writer, &s->spill, &run, rows_most, s->is_asked));
    for (;;) {
        TRY(temp_sorter_next(s, &row));
        if (row == NULL)
            break;
        TRY(temp_run_put(&writer, row));
    }
    TRY(temp_run_end(&writer));
    run.level = first < s->run_count ? s->runs[first].level + 1 : 0;
    for (uint32_t i = first; i < s->run_count; i++)
        temp_run_free(&s->runs[i]);
    s->runs[first] = run;
    s->run_count = first + 1;
    run = (struct temp_run){0};
done:
    end_reading(s);
    temp_run_writer_free(&writer);
    temp_run_free(&run);
    return err;
}

/* Merges the last runs while there are many of the same level. The file keeps the room of the old ones: what is spilled once is spilled log(n) times at most. */
static JET_ERR merge_levels(struct temp_sorter *s)
{
    JET_ERR err = JET_errSuccess;
    while (s->run_count >= RUNS_AT_A_LEVEL && s->runs[s->run_count - RUNS_AT_A_LEVEL].level == s->runs[s->run_count - 1].level) {
        uint64_t rows = 0;
        uint32_t first = s->run_count - RUNS_AT_A_LEVEL;
        for (uint32_t i = first; i < s->run_count; i++)
            rows += s->runs[i].rows;
        TRY(begin_merge(s, first, false));
        TRY(write_run(s, first, rows));
    }
done:
    return err;
}

static JET_ERR spill_memory(struct temp_sorter *s)
{
    JET_ERR err = JET_errSuccess;
    sort_memory(s);
    TRY(begin_merge(s, s->run_count, true));
    TRY(write_run(s, s->run_count, s->entry_count));
    s->entry_count = 0;
    free_blocks(s);
    TRY(merge_levels(s));
done:
    return err;
}

/* --- adding --- */

JET_ERR temp_sorter_reserve(struct temp_sorter *s, uint32_t size, struct temp_row **room)
{
    JET_ERR err = JET_errSuccess;
    if (s->sources != NULL)
        end_reading(s);
    size_t used = s->block_bytes + (s->entry_capacity + (size_t)s->table_size / 4) * sizeof *s->entries;
    if (s->entry_count > 0 && used >= s->memory_most && s->blocks->size - s->blocks->used < size && temp_spill_is_possible(&s->spill))
        TRY(spill_memory(s));
    if (s->entry_count == s->entry_capacity) {
        uint32_t capacity = s->entry_capacity == 0 ? 32 : s->entry_capacity < 1 << 20 ? 2 * s->entry_capacity : s->entry_capacity + (1 << 20);
        struct entry *bigger = capacity < INT32_MAX ? mem_resize(s->entries, capacity * sizeof *bigger) : NULL;
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        s->entries = bigger;
        s->entry_capacity = capacity;
    }
    TRY(make_room(s, size));
    s->reserved = *room = (struct temp_row *)(void *)(s->blocks->bytes + s->blocks->used);
done:
    return err;
}

JET_ERR temp_sorter_add(struct temp_sorter *s)
{
    struct entry *e = &s->entries[s->entry_count++];
    *e = (struct entry){temp_key_prefix(temp_row_key(s->reserved)), s->reserved};
    s->is_sorted = s->is_sorted && (s->entry_count == 1 || is_below(e - 1, e));
    s->blocks->used += s->reserved->size;
    s->count++;
    return JET_errSuccess;
}

static void table_put(struct temp_sorter *s, uint64_t hash, uint32_t index)
{
    uint32_t mask = s->table_size - 1, at = (uint32_t)hash & mask;
    while (s->table[at] != 0)
        at = (at + 1) & mask;
    s->table[at] = index + 1;
}

/* The table of the keys in memory, with room for one more. */
static JET_ERR prepare_table(struct temp_sorter *s)
{
    JET_ERR err = JET_errSuccess;
    if (s->table != NULL && s->entry_count < s->table_size / 2)
        goto done;
    uint32_t size = 64;
    while (size / 2 <= s->entry_count || size < s->table_size)
        size *= 2;
    mem_free(s->table);
    s->table_size = 0;
    s->table = mem_alloc_array(size, sizeof *s->table);
    if (s->table == NULL)
        RAISE(JET_errOutOfMemory);
    s->table_size = size;
    for (uint32_t i = 0; i < s->entry_count; i++)
        table_put(s, temp_key_hash(temp_row_key(s->entries[i].row)), i);
done:
    return err;
}

JET_ERR temp_sorter_add_new(struct temp_sorter *s)
{
    JET_ERR err = JET_errSuccess;
    struct span key = temp_row_key(s->reserved);
    uint64_t hash = temp_key_hash(key), prefix = temp_key_prefix(key);
    bool has;
    s->is_asked = true;
    TRY(prepare_table(s));
    for (uint32_t i = 0; i < s->run_count; i++)
        __builtin_prefetch(temp_run_line(&s->runs[i], hash));
    uint32_t mask = s->table_size - 1;
    for (uint32_t at = (uint32_t)hash & mask; s->table[at] != 0; at = (at + 1) & mask) {
        const struct entry *e = &s->entries[s->table[at] - 1];
        if (e->prefix == prefix && span_equal(temp_row_key(e->row), key))
            RAISE(JET_errKeyDuplicate);
    }
    for (uint32_t i = 0; i < s->run_count; i++)
        if (temp_run_may_have(&s->runs[i], hash)) {
            TRY(temp_run_has(&s->runs[i], s->spill.file, key, &has));
            if (has)
                RAISE(JET_errKeyDuplicate);
        }
    table_put(s, hash, s->entry_count);
    TRY(temp_sorter_add(s));
done:
    return err;
}
