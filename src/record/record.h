/* Records: the bytes of one row, and the value of each column in them (records-and-catalog 2).
 *
 *   +0  u8  highest fixed column id present, 0 = none
 *   +1  u8  highest variable column id present, 127 = none
 *   +2  u16 offset of the variable-offset table = end of the fixed part with its null bitmap
 *   +4      fixed column data | null bitmap | u16 end offset per variable column | variable data | tagged part
 *
 *   tagged part: array of { u16 id, u16 offset+flags } sorted (template columns first, then by id), then the data
 *
 * The one idea: record_view_init checks every offset of a record once; after that the accessors only compute addresses and cannot read
 * outside the record. Views and values are small structs over bytes that the caller keeps latched or copied; nothing allocates.
 * Called by cursor/, catalog/, check/ and the key builder (key.h). No locks.
 */
#ifndef OPENESE_RECORD_RECORD_H
#define OPENESE_RECORD_RECORD_H

#include "base/bytes.h"
#include "base/error.h"
#include "record/schema.h"

enum { RECORD_SIZE_MIN = 4, LID32_SIZE = 4, LID64_SIZE = 8 };

struct record_view {
    struct span bytes;
    uint32_t fixed_last;      /* 0..127 */
    uint32_t variable_last;   /* 127..255 */
    uint32_t null_bitmap;     /* offset; also the end of the fixed data */
    uint32_t variable_table;  /* offset */
    uint32_t variable_data;   /* offset */
    uint32_t tagged;          /* offset of the tagged part; bytes.size when there is none */
    uint32_t tagged_count;    /* entries of its array */
    uint32_t template_count;  /* the first of them, with the derived bit */
    bool is_large_page;       /* 16 and 32 KiB pages have another tagged form */
};

/* Checks the record (not its multi-value offsets, which record_tagged_value checks as it goes) and fills the view.
 * JET_errDatabaseCorrupted. */
MUST_CHECK JET_ERR record_view_init(struct record_view *out, struct span bytes, uint32_t page_size);

enum column_value_flag {
    COLUMN_VALUE_NULL = 0x1,
    COLUMN_VALUE_DEFAULT = 0x2,      /* bytes are the column's default, not in the record */
    COLUMN_VALUE_SEPARATED = 0x4,    /* lid is set; the bytes are in the long-value tree (long_value.h) */
    COLUMN_VALUE_COMPRESSED = 0x8,   /* bytes must be decompressed (column_value_read does); for a separated value the chunks say so themselves */
    COLUMN_VALUE_ENCRYPTED = 0x10,   /* bytes cannot be read here */
    COLUMN_VALUE_USER_DEFAULT = 0x20 /* no bytes: the application's callback computes the value */
};

/* One value. bytes point into the record or the schema. */
struct column_value {
    struct span bytes;
    unsigned flags;  /* enum column_value_flag */
    uint64_t lid;    /* separated: 32-bit ids have the top bit clear, 64-bit ids have it set */
};

/* Value `sequence` (1..n, itagSequence) of a column. A column without a value at that place is COLUMN_VALUE_NULL; a default is given for
 * sequence 1 when the record does not say anything about the column. Any column of the schema the record belongs to; deleted columns
 * (type NIL) are null. JET_errDatabaseCorrupted when the bytes of a multi-value are damaged. */
MUST_CHECK JET_ERR record_column(const struct record_view *record, const struct column *column, uint32_t sequence, struct column_value *out);
/* The value (or null: *out has no data) of a fixed or variable column of which the record itself speaks: the most frequent case of record_column, inline. False:
 * anything else, a damaged fixed column too. The column is not deleted. */
static inline bool record_own_value(const struct record_view *record, const struct column *column, struct span *out)
{
    enum { IS_NULL = 0x8000 };
    uint32_t id = column->id & 0xFFFF;
    const uint8_t *bytes = record->bytes.data;
    if (id >= VARIABLE_ID_FIRST) {
        if (id > record->variable_last)
            return false;
        const uint8_t *entry = bytes + record->variable_table + 2 * (id - VARIABLE_ID_FIRST);
        uint32_t end = load_le16(entry), start = id > VARIABLE_ID_FIRST ? load_le16(entry - 2) & ~(uint32_t)IS_NULL : 0;
        *out = (end & IS_NULL) != 0 ? span_of(NULL, 0) : span_of(bytes + record->variable_data + start, end - start);
        return true;
    }
    if (id < FIXED_ID_FIRST || id > record->fixed_last)
        return false;
    if ((bytes[record->null_bitmap + (id - 1) / 8] >> ((id - 1) % 8) & 1) != 0) {
        *out = span_of(NULL, 0);
        return true;
    }
    uint32_t size = column_type_size(column->type);
    if (size == 0)
        size = column->max_size; /* fixed Text and Binary occupy their declared size */
    if (column->offset < RECORD_SIZE_MIN || !range_within(column->offset, size, record->null_bitmap))
        return false;
    *out = span_of(bytes + column->offset, size);
    return true;
}
/* Number of values: 0 for null, 1 for a default, n for a multi-valued column. */
MUST_CHECK JET_ERR record_column_count(const struct record_view *record, const struct column *column, uint32_t *count);

/* One entry of the tagged part. */
struct tagged_entry {
    uint32_t id;       /* column id with COLUMN_ID_TEMPLATE_BIT when the derived bit is set */
    unsigned flags;    /* enum tagged_flag, 0 when no flag byte is stored */
    struct span data;  /* behind the flag byte */
    bool is_null;      /* explicit null */
};
enum tagged_flag {
    TAGGED_LONG = 0x01, TAGGED_COMPRESSED = 0x02, TAGGED_SEPARATED = 0x04, TAGGED_MULTI = 0x08, TAGGED_TWO_VALUES = 0x10, TAGGED_NULL = 0x20,
    TAGGED_ENCRYPTED = 0x40
};
/* Entry i < record->tagged_count, in stored order. */
MUST_CHECK JET_ERR record_tagged_at(const struct record_view *record, uint32_t i, struct tagged_entry *out);
/* Binary search; false when the record says nothing about the column. id: with COLUMN_ID_TEMPLATE_BIT where the derived bit is meant. */
bool record_tagged_find(const struct record_view *record, uint32_t id, uint32_t *i);
/* Number of values in an entry (0 for explicit null). */
MUST_CHECK JET_ERR record_tagged_count(const struct tagged_entry *entry, uint32_t *count);
/* Value `sequence` (1..n); COLUMN_VALUE_NULL past the end. */
MUST_CHECK JET_ERR record_tagged_value(const struct tagged_entry *entry, uint32_t sequence, struct column_value *out);
/* The id under which a tagged column is found in the record: template bit only where records carry the derived bit. */
static inline uint32_t record_tagged_id(const struct column *column)
{
    return (column->id & 0xFFFF) | ((column->flags & COLUMN_FLAG_TEMPLATE) != 0 ? column->id & COLUMN_ID_TEMPLATE_BIT : 0);
}

/* Copies plain bytes [offset, offset+capacity) of a value that is not separated into out, decompressing where needed. *written = bytes
 * copied, *total (may be NULL) = plain size of the whole value. offset past the end writes nothing. Null: JET_wrnColumnNull, both 0.
 * JET_errDecompressionFailed, JET_errFeatureNotAvailable (encrypted, XPRESS9/10), JET_errSeparatedLongValue (see long_value.h),
 * JET_errCallbackNotResolved (user-defined default), JET_errOutOfMemory (decompression with an offset). */
MUST_CHECK JET_ERR column_value_read(const struct column_value *value, uint32_t offset, uint8_t *out, uint32_t capacity, uint32_t *written,
                                     uint32_t *total);

/* Bytes that grow as needed. Zero-initialise; value_buffer_free accepts that. */
struct value_buffer {
    uint8_t *data;
    uint32_t size, capacity;
};
void value_buffer_free(struct value_buffer *buffer);
/* Makes room for `capacity` bytes; contents are kept. JET_errOutOfMemory. */
MUST_CHECK JET_ERR value_buffer_reserve(struct value_buffer *buffer, uint32_t capacity);

/* The largest record a table may hold (records-and-catalog 2). key_most: bytes of the primary key at most; 4 when there is none. */
uint32_t record_size_limit(uint32_t page_size, uint32_t key_most);

#endif
