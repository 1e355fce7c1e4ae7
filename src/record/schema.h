/* What a table looks like: columns, indexes, the table itself. Filled by catalog/, read by everything that touches records and keys.
 * Plain data; immutable once published (a schema change makes a new table_schema). */
#ifndef OPENESE_RECORD_SCHEMA_H
#define OPENESE_RECORD_SCHEMA_H

#include <stdbool.h>

#include "base/bytes.h"
#include "format/lgpos.h"

enum column_type {
    COLUMN_TYPE_NIL = 0, COLUMN_TYPE_BIT = 1, COLUMN_TYPE_UNSIGNED_BYTE = 2, COLUMN_TYPE_SHORT = 3, COLUMN_TYPE_LONG = 4, COLUMN_TYPE_CURRENCY = 5,
    COLUMN_TYPE_SINGLE = 6, COLUMN_TYPE_DOUBLE = 7, COLUMN_TYPE_DATE_TIME = 8, COLUMN_TYPE_BINARY = 9, COLUMN_TYPE_TEXT = 10, COLUMN_TYPE_LONG_BINARY = 11,
    COLUMN_TYPE_LONG_TEXT = 12, COLUMN_TYPE_SLV = 13, COLUMN_TYPE_UNSIGNED_LONG = 14, COLUMN_TYPE_LONG_LONG = 15, COLUMN_TYPE_GUID = 16,
    COLUMN_TYPE_UNSIGNED_SHORT = 17, COLUMN_TYPE_UNSIGNED_LONG_LONG = 18, COLUMN_TYPE_COUNT
};
/* Bytes of a fixed-size type, 0 for Binary/Text/Long*, nil and unknown. */
extern const uint8_t column_type_sizes[COLUMN_TYPE_COUNT];
static inline uint32_t column_type_size(uint32_t type) { return type < COLUMN_TYPE_COUNT ? column_type_sizes[type] : 0; }
static inline bool column_type_is_long(uint32_t type) { return type == COLUMN_TYPE_LONG_BINARY || type == COLUMN_TYPE_LONG_TEXT; }
static inline bool column_type_is_text(uint32_t type) { return type == COLUMN_TYPE_TEXT || type == COLUMN_TYPE_LONG_TEXT; }

enum { FIXED_ID_FIRST = 1, FIXED_ID_LAST = 127, VARIABLE_ID_FIRST = 128, VARIABLE_ID_LAST = 255, TAGGED_ID_FIRST = 256, TAGGED_ID_LAST = 0xFEE0 };
/* Bit of an API column id: the column belongs to the template of a derived table. */
#define COLUMN_ID_TEMPLATE_BIT 0x80000000u

/* Catalog column flags (records-and-catalog 6.4). */
enum column_flag {
    COLUMN_FLAG_NOT_NULL = 0x1, COLUMN_FLAG_VERSION = 0x2, COLUMN_FLAG_AUTOINCREMENT = 0x4, COLUMN_FLAG_MULTI_VALUED = 0x8, COLUMN_FLAG_DEFAULT = 0x10,
    COLUMN_FLAG_ESCROW = 0x20, COLUMN_FLAG_FINALIZE = 0x40, COLUMN_FLAG_USER_DEFAULT = 0x80, COLUMN_FLAG_TEMPLATE = 0x100,
    COLUMN_FLAG_DELETE_ON_ZERO = 0x200, COLUMN_FLAG_PRIMARY_PLACEHOLDER = 0x800, COLUMN_FLAG_COMPRESSED = 0x1000, COLUMN_FLAG_ENCRYPTED = 0x2000
};

struct column {
    char *name;               /* UTF-8 */
    uint32_t id;              /* 1..127 fixed, 128..255 variable, 256.. tagged; COLUMN_ID_TEMPLATE_BIT set for template columns of a derived table */
    uint32_t type;            /* enum column_type; NIL = deleted */
    uint32_t max_size;        /* bytes; 0 = unlimited */
    uint32_t flags;           /* enum column_flag */
    uint32_t code_page;       /* 1252, 1200; 0 for non-text */
    uint32_t offset;          /* of a fixed column in the record */
    struct span default_value;/* size 0 and data NULL: none (an empty default has data != NULL) */
    char *callback;           /* "dll!function" of a user-defined default, or NULL */
    struct span callback_data; /* what the function gets with each call; data NULL: nothing */
    uint32_t presentation;    /* order of creation, for lists */
};
static inline bool column_is_fixed(uint32_t id) { return (id & 0xFFFF) >= FIXED_ID_FIRST && (id & 0xFFFF) <= FIXED_ID_LAST; }
static inline bool column_is_variable(uint32_t id) { return (id & 0xFFFF) >= VARIABLE_ID_FIRST && (id & 0xFFFF) <= VARIABLE_ID_LAST; }
static inline bool column_is_tagged(uint32_t id) { return (id & 0xFFFF) >= TAGGED_ID_FIRST; }

/* Catalog index flags: low 16 bits, then the high word shifted (records-and-catalog 6.5). */
enum index_flag {
    INDEX_FLAG_UNIQUE = 0x1, INDEX_FLAG_ALLOW_ALL_NULL = 0x2, INDEX_FLAG_ALLOW_FIRST_NULL = 0x4, INDEX_FLAG_ALLOW_SOME_NULL = 0x8, INDEX_FLAG_NO_NULL = 0x10,
    INDEX_FLAG_PRIMARY = 0x20, INDEX_FLAG_LOCALE_SET = 0x40, INDEX_FLAG_MULTI_VALUED = 0x80, INDEX_FLAG_TEMPLATE = 0x100, INDEX_FLAG_DERIVED = 0x200,
    INDEX_FLAG_UNICODE_TEXT = 0x400, INDEX_FLAG_NULLS_HIGH = 0x800, INDEX_FLAG_UNICODE_FIXUP = 0x1000, INDEX_FLAG_CROSS_PRODUCT = 0x2000,
    INDEX_FLAG_NO_TRUNCATION = 0x4000, INDEX_FLAG_NESTED = 0x8000, INDEX_FLAG_LONG_SEGMENTS = 0x10000, INDEX_FLAG_DOTNET_GUID = 0x20000,
    INDEX_FLAG_DEFERRED = 0x40000, INDEX_FLAG_OPTIONALLY_UNIQUE = 0x80000
};
enum { INDEX_SEGMENTS_MAX = 16, KEY_MOST_DEFAULT = 255, KEY_MOST_MAX = 2000, INDEX_CONDITIONS_MAX = 16 };

struct index_segment {
    uint32_t column_id; /* with COLUMN_ID_TEMPLATE_BIT where the column is the template's */
    bool is_descending;
};
struct index_condition {
    uint32_t column_id;
    bool must_be_null; /* else must not be null */
};
struct tuple_limits {
    bool is_tuple;
    uint32_t length_min, length_max, index_max, increment, start;
};

struct index {
    char *name;           /* UTF-8 */
    uint32_t objid;
    page_no_t root;
    uint32_t flags;       /* enum index_flag */
    uint32_t density;
    uint32_t key_most;    /* bytes a key may have: KeyMost of the catalog or KEY_MOST_DEFAULT */
    uint32_t var_seg_most;/* VarSegMac, or key_most when not set */
    uint32_t segment_count;
    struct index_segment segments[INDEX_SEGMENTS_MAX];
    uint32_t condition_count;
    struct index_condition conditions[INDEX_CONDITIONS_MAX];
    struct tuple_limits tuple;
    char *locale;         /* e.g. "en-US", or NULL */
    uint32_t lcid;        /* old formats: PagesOrLocale */
    uint32_t lcmap_flags;
    uint64_t sort_version;
    uint8_t sort_id[16];
    struct span space_hints;
};
static inline bool index_is_primary(const struct index *i) { return (i->flags & INDEX_FLAG_PRIMARY) != 0; }
/* Unique in the tree: the key alone is the bookmark. */
static inline bool index_is_unique(const struct index *i) { return (i->flags & INDEX_FLAG_UNIQUE) != 0 && (i->flags & INDEX_FLAG_OPTIONALLY_UNIQUE) == 0; }

/* Catalog table flags (records-and-catalog 6.3). */
#define TABLE_FLAG_SYSTEM 0x80000000u
#define TABLE_FLAG_FIXED_DDL 0x40000000u
#define TABLE_FLAG_TEMPLATE 0x20000000u
#define TABLE_FLAG_DERIVED 0x10000000u
#define TABLE_FLAG_DYNAMIC_SYSTEM 0x08000000u
#define TABLE_FLAG_NO_FIXED_DERIVED 0x04000000u

/* A function called when rows change. */
struct schema_callback {
    char *name;     /* "dll!function" */
    uint32_t types; /* JET_cbtyp... */
};

struct table_schema {
    char *name;                 /* UTF-8 */
    char *template_name;        /* of a derived table, or NULL */
    uint32_t template_objid;    /* likewise, or 0 */
    uint32_t objid;
    page_no_t root;
    uint32_t flags;
    uint32_t density;
    uint32_t initial_pages;
    page_no_t lv_root;          /* 0 = no long-value tree */
    uint32_t lv_objid;
    uint32_t lv_chunk_most;     /* LVChunkMax, 0 = the page size's own */
    uint32_t separate_lv;       /* SeparateLV limit, 0 = not set */
    struct span space_hints, deferred_lv_hints;
    /* Columns: fixed, variable, tagged of the table and (derived tables) of the template, sorted by id within each kind; deleted ones
     * (type NIL) stay, as records may still hold them. */
    uint32_t column_count;
    struct column *columns;
    /* The same by id: index into columns or UINT32_MAX. */
    uint32_t fixed_index[128], variable_index[128]; /* [id], [id-128] */
    uint32_t tagged_count, template_tagged_count;   /* tagged columns: own, then template's, each sorted by id */
    uint32_t tagged_first, template_tagged_first;   /* position in columns */
    uint32_t fixed_last, variable_last;             /* highest ids defined, 0 / 127 when none */
    uint32_t callback_count;
    struct schema_callback *callbacks;
    uint32_t index_count;
    struct index *indexes;      /* the primary, if any, first */
    /* LID64 when the database format is >= 70 etc. */
    uint32_t page_size;
};

/* The primary index or NULL (rows are then in sequence order under a 4-byte counter). */
static inline const struct index *schema_primary(const struct table_schema *t)
{
    return t->index_count > 0 && index_is_primary(&t->indexes[0]) ? &t->indexes[0] : NULL;
}
/* schema_column of a tagged column. */
const struct column *schema_tagged_column(const struct table_schema *t, uint32_t column_id);
/* By API column id (COLUMN_ID_TEMPLATE_BIT significant for tagged columns only; for fixed and variable it may be set or not). NULL if none or deleted. */
static inline const struct column *schema_column(const struct table_schema *t, uint32_t column_id)
{
    uint32_t id = column_id & ~COLUMN_ID_TEMPLATE_BIT;
    if (id - FIXED_ID_FIRST >= (uint32_t)VARIABLE_ID_LAST)
        return schema_tagged_column(t, column_id);
    uint32_t at = id <= FIXED_ID_LAST ? t->fixed_index[id] : t->variable_index[id - VARIABLE_ID_FIRST];
    return at < t->column_count && t->columns[at].type != COLUMN_TYPE_NIL ? &t->columns[at] : NULL;
}
const struct column *schema_column_by_name(const struct table_schema *t, const char *name);
const struct index *schema_index_by_name(const struct table_schema *t, const char *name);

#endif
