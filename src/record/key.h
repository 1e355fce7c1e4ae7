/* Index keys: from column values to byte strings that sort with memcmp (records-and-catalog 4).
 *
 *   key = one segment per key column; segment = prefix byte, body; a descending column inverts every byte of its segment
 *
 *   | prefix | meaning                                   |
 *   |--------|-------------------------------------------|
 *   | 0x00   | null                                      |
 *   | 0x40   | zero-length text or binary                |
 *   | 0x7F   | data follows                              |
 *   | 0xC0   | null in an index where nulls sort high    |
 *
 * Three users: key_primary and key_entries make the entries a record has in an index (cursor/, check/); search_key_make builds what
 * JetMakeKey builds; key_segment is the one place that turns a value into bytes. Column values come through struct key_source, so that a
 * record on a page, an update in progress or a sort row serve alike. No locks; allocations only for entries of multi-valued and tuple
 * indexes and for separated or compressed values.
 */
#ifndef OPENESE_RECORD_KEY_H
#define OPENESE_RECORD_KEY_H

#include "record/collation.h"
#include "record/long_value.h"
#include "record/record.h"
#include "record/schema.h"

enum { KEY_PREFIX_NULL = 0x00, KEY_PREFIX_EMPTY = 0x40, KEY_PREFIX_DATA = 0x7F, KEY_PREFIX_NULL_HIGH = 0xC0 };
enum { KEY_ROOM = KEY_MOST_MAX + 1 }; /* a search key with a limit may be one byte longer than the longest key */

/* Largest KeyMost for a page size (records-and-catalog 4.5). */
uint32_t key_most_limit(uint32_t page_size);

/* An index with what is needed to make its keys. Plain value; points to the schema and the collation table. */
struct key_rules {
    const struct table_schema *table;
    const struct index *index;
    struct collation collation;
    bool has_collation; /* false: a UTF-16 key column gives JET_errFeatureNotAvailable when (and only when) its text is needed */
};
/* weights may be NULL. Checks that every key and condition column exists: JET_errIndexInvalidDef otherwise. What
 * collation_open refuses only clears has_collation. */
MUST_CHECK JET_ERR key_rules_init(struct key_rules *out, const struct table_schema *table, const struct index *index,
                                  const struct collation_table *weights);
/* Does making a key need Unicode weights that are missing? */
bool key_rules_lack_collation(const struct key_rules *rules);

/* Column values of one row. get gives the first min(limit, size) plain bytes of value `sequence` (1..): *bytes live until the next call.
 * Null, and every sequence past the last value: JET_wrnColumnNull. Defaults are given like values. */
struct key_source {
    void *context;
    JET_ERR (*get)(void *context, const struct column *column, uint32_t sequence, uint32_t limit, struct span *bytes);
};

/* A key source over a record. Zero-initialise after use with record_key_source_close. The record's bytes must stay valid. */
struct record_key_source {
    struct key_source source;
    const struct record_view *record;
    const struct long_value_nodes *nodes; /* NULL when the table has no long values */
    struct value_buffer buffer;
    /* Called for a column whose default the application computes; NULL gives JET_errCallbackNotResolved. Fills the buffer. */
    JET_ERR (*user_default)(void *context, const struct column *column, struct value_buffer *buffer);
    void *user_context;
};
void record_key_source_init(struct record_key_source *out, const struct record_view *record, const struct long_value_nodes *nodes);
void record_key_source_close(struct record_key_source *source);

/* One segment: the value of a column as key bytes, at most room (> 0) of them. is_null: no value. */
struct key_segment {
    uint32_t size;
    bool is_cut;        /* the key space ended it: later segments add nothing */
    uint32_t delimiter; /* binary in chunks: where padding begins in the segment (0 = the value does not end in it) */
};
MUST_CHECK JET_ERR key_segment(const struct key_rules *rules, const struct column *column, bool is_descending, bool is_null, struct span value,
                               uint8_t *out, uint32_t room, struct key_segment *segment);

/* The primary key of a row. out: KEY_ROOM bytes. JET_errNullKeyDisallowed (index without nulls), JET_errKeyTruncated (index forbids it),
 * JET_errFeatureNotAvailable (Unicode weights), what get returns. */
MUST_CHECK JET_ERR key_primary(const struct key_rules *rules, const struct key_source *source, uint8_t *out, uint32_t *size);

/* Calls visit once for every entry the row has in the index, in key order, equal keys once (none is not an error). A negative return of
 * visit stops. Errors as above and JET_errOutOfMemory. */
MUST_CHECK JET_ERR key_entries(const struct key_rules *rules, const struct key_source *source, JET_ERR (*visit)(void *context, struct span key),
                               void *context);

/* --- search keys (JetMakeKey) --- */
enum search_key_option { /* the values of JET_bitNewKey ... */
    SEARCH_KEY_NEW = 0x1, SEARCH_KEY_STR_LIMIT = 0x2, SEARCH_KEY_SUBSTR_LIMIT = 0x4, SEARCH_KEY_NORMALIZED = 0x8, SEARCH_KEY_ZERO_LENGTH = 0x10,
    SEARCH_KEY_OVERRIDE_PLACEHOLDER = 0x20, SEARCH_KEY_FULL_START = 0x100, SEARCH_KEY_FULL_END = 0x200, SEARCH_KEY_PARTIAL_START = 0x400,
    SEARCH_KEY_PARTIAL_END = 0x800
};
/* A key under construction. Zero-initialised = none. */
struct search_key {
    uint32_t size;
    uint32_t columns;  /* key columns given so far */
    bool is_prepared;  /* there is a key: seek may use it */
    bool is_limited;   /* a wildcard ended it: no more columns */
    bool is_cut;       /* the key space ended it */
    uint8_t bytes[KEY_ROOM];
};
/* Adds the value of the next key column, or loads a normalized key. rules NULL: a table in sequence order, normalized keys only.
 * data.size 0 is null, or a zero-length value with SEARCH_KEY_ZERO_LENGTH. Errors: JET_errKeyIsMade, JET_errKeyNotMade,
 * JET_errInvalidBufferSize, JET_errInvalidgrbit, JET_errInvalidParameter, JET_errNoCurrentIndex, JET_errIndexTuplesKeyTooSmall,
 * JET_errFeatureNotAvailable (Unicode weights). After an error the key is as before, except with NEW or NORMALIZED: then there is none. */
MUST_CHECK JET_ERR search_key_make(struct search_key *key, const struct key_rules *rules, struct span data, unsigned options);
static inline void search_key_reset(struct search_key *key) { key->size = 0; key->columns = 0; key->is_prepared = key->is_limited = key->is_cut = false; }
static inline struct span search_key_bytes(const struct search_key *key) { return span_of(key->bytes, key->size); }

#endif
