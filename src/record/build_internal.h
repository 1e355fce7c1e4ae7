/* The inside of a record builder: for build.c (fixed and variable columns, the whole record) and build_tagged.c.
 *
 * The three parts of the record are kept apart in the bytes they will have, so that putting the record together is three copies, a change moves bytes of one part
 * only, and what was not changed stays as Windows wrote it. One allocation holds the builder and the room of all parts; the length of the whole record is checked
 * before every change, so no part ever outgrows a page. */
#ifndef OPENESE_RECORD_BUILD_INTERNAL_H
#define OPENESE_RECORD_BUILD_INTERNAL_H

#include "record/build.h"

enum { RECORD_FILL = 0x2A, BUILD_VARIABLE_NULL = 0x8000, BUILD_NULL_BYTES = 16 };

/* One entry of the tagged part. */
struct tagged_slot {
    uint32_t rank;  /* column id; 0x10000 added for those without the derived bit: the order of the array */
    uint16_t start; /* in tagged */
    uint16_t bits;  /* TAGGED_SMALL_HAS_FLAGS, TAGGED_SMALL_NULL on small pages */
};
enum { TAGGED_SMALL_HAS_FLAGS = 0x4000, TAGGED_SMALL_NULL = 0x2000, TAGGED_RANK_OWN = 0x10000 };

struct record_builder {
    const struct table_schema *schema;
    uint32_t page_size;
    uint32_t size_most;
    bool is_large_page;
    bool is_put_together; /* whole is the record */
    uint32_t fixed_last, fixed_size;
    uint32_t variable_last;
    uint16_t ends[1 + 128]; /* ends[i + 1] of column 128 + i; ends[0] is 0 */
    uint8_t nulls[BUILD_NULL_BYTES];
    uint8_t *fixed, *variable, *tagged, *scratch, *whole; /* page_size bytes each */
    uint32_t tagged_size, slot_count, slot_capacity;
    struct tagged_slot *slots; /* allocated apart, grows */
    struct span defaults;      /* the record that a new one starts as; allocated apart */
    uint32_t not_null_count;
    uint32_t *not_null;        /* positions in schema->columns; allocated apart */
};

static inline uint32_t builder_variable_size(const struct record_builder *b)
{
    return b->ends[b->variable_last - (VARIABLE_ID_FIRST - 1)] & ~(uint32_t)BUILD_VARIABLE_NULL;
}
static inline uint32_t builder_size(const struct record_builder *b)
{
    return RECORD_SIZE_MIN + b->fixed_size + (b->fixed_last + 7) / 8 + 2 * (b->variable_last - (VARIABLE_ID_FIRST - 1)) + builder_variable_size(b)
           + 4 * b->slot_count + b->tagged_size;
}
/* A change that makes the record `grown` bytes longer and `shrunk` bytes shorter is allowed. Records that are too long already (the limit was another) may shrink. */
static inline bool builder_fits(const struct record_builder *b, uint32_t grown, uint32_t shrunk)
{
    return grown <= shrunk || (grown <= b->page_size && builder_size(b) + grown - shrunk <= b->size_most);
}

/* --- tagged part (build_tagged.c) --- */
MUST_CHECK JET_ERR builder_load_tagged(struct record_builder *b, const struct record_view *record);
MUST_CHECK JET_ERR builder_set_tagged(struct record_builder *b, const struct column *column, uint32_t sequence, const struct column_value *value);
void builder_remove_tagged(struct record_builder *b, const struct column *column);
/* False: no entry. */
bool builder_tagged_entry(const struct record_builder *b, const struct column *column, struct tagged_entry *out);
/* Writes the array and the data. */
void builder_put_tagged(const struct record_builder *b, uint8_t *out);

#endif
