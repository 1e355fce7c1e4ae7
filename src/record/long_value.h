/* Long values: column values kept outside the record, in the table's long-value tree (records-and-catalog 3).
 *
 *   | node  | key                                             | data                                                    |
 *   |-------|-------------------------------------------------|---------------------------------------------------------|
 *   | root  | id, big-endian: 4 bytes, or 8 with top bit set  | u32 reference count, u32 plain size [, u8 flags]        |
 *   | chunk | id, then u32 big-endian byte offset             | bytes; compressed iff shorter than the chunk should be  |
 *
 * Every chunk but the last stands for exactly chunk_size plain bytes, so a byte's chunk is known from its offset; each chunk is compressed
 * alone. Sizes come from the file: nothing is allocated from them, buffers grow with the bytes actually read.
 * The reading functions work on any source of nodes (struct long_value_nodes), so that they can be tested and fuzzed without a tree;
 * long_value_tree_open makes one over btree/. Called by cursor/, check/ and the key builder.
 * Threads and locks: a source belongs to one thread; no latch is held between calls.
 * Chunks of an encrypted value are encrypted each alone, after they have been compressed (format/encryption.h).
 * Errors: JET_errLVCorrupted (structure), JET_errDecompressionFailed, JET_errFeatureNotAvailable (encrypted, and the source has no key), JET_errDecryptionFailed, those of btree/.
 */
#ifndef OPENESE_RECORD_LONG_VALUE_H
#define OPENESE_RECORD_LONG_VALUE_H

#include "btree/btree.h"
#include "format/encryption.h"
#include "record/record.h"

enum { LONG_VALUE_KEY_MAX = 12, LONG_VALUE_SIZE_MAX = 0x7FFFFFFF };
#define LID64_BIT 0x8000000000000000ull

/* Plain bytes of a full chunk for a page size; chunk_most is the table's LVChunkMax (0 = not set; larger values are ignored). */
uint32_t long_value_chunk_size(uint32_t page_size, uint32_t chunk_most);

/* Key of the root node of an id, and of the chunk at `offset`; return the key's size. room: LONG_VALUE_KEY_MAX bytes. */
uint32_t long_value_root_key(uint64_t lid, uint8_t *room);
uint32_t long_value_chunk_key(uint64_t lid, uint32_t offset, uint8_t *room);
/* What a key of the tree means. JET_errLVCorrupted when it is neither. */
struct long_value_key {
    uint64_t lid;
    bool is_chunk;
    uint32_t offset;
};
MUST_CHECK JET_ERR long_value_key_decode(struct span key, struct long_value_key *out);
/* LID as stored in a record: 4 or 8 bytes, little-endian. JET_errDatabaseCorrupted for another size or a reserved id. */
MUST_CHECK JET_ERR long_value_lid_decode(struct span stored, uint64_t *lid);

/* Where nodes come from. seek finds the first node with key >= `key`; next the one after it. Both give spans that live until the next call
 * on the source, and JET_errNoCurrentRecord at the end of the tree. */
struct long_value_nodes {
    void *context;
    JET_ERR (*seek)(void *context, struct span key, struct span *node_key, struct span *data);
    JET_ERR (*next)(void *context, struct span *node_key, struct span *data);
    void (*release)(void *context); /* ends the life of the spans; may be NULL */
    uint32_t chunk_size;
    const struct encryption_key *key; /* for encrypted values; NULL: none */
};

struct long_value_info {
    uint64_t lid;
    uint32_t references; /* 0 = dead; 0xFFFFFFFF = partly deleted */
    uint32_t size;       /* plain bytes */
    bool is_encrypted;
};

/* Decodes a root node's data. */
MUST_CHECK JET_ERR long_value_root_decode(uint64_t lid, struct span data, struct long_value_info *out);
/* Size and reference count. JET_errLVCorrupted when the id is not in the tree: the record that names it is damaged or its value lost. */
MUST_CHECK JET_ERR long_value_info(const struct long_value_nodes *nodes, uint64_t lid, struct long_value_info *out);
/* The same, and what its chunks take in the tree: their number and stored bytes, as they are. */
MUST_CHECK JET_ERR long_value_stored(const struct long_value_nodes *nodes, uint64_t lid, struct long_value_info *out, uint32_t *chunks, uint64_t *bytes);
/* Copies plain bytes [offset, offset+capacity) into out; *written = bytes copied; *info (may be NULL) as above. */
MUST_CHECK JET_ERR long_value_read(const struct long_value_nodes *nodes, uint64_t lid, uint32_t offset, uint8_t *out, uint32_t capacity,
                                   uint32_t *written, struct long_value_info *info);

/* For verify: every id of the tree in order, each with its chunks checked (contiguous, complete, decompressable). error is 0 or what is
 * wrong with this value; why a text or NULL. A negative return of visit stops. Orphan chunks are reported with references 0, size 0. */
struct long_value_report {
    struct long_value_info info;
    uint64_t stored_bytes;
    uint32_t chunks;
    JET_ERR error;
    const char *why;
};
MUST_CHECK JET_ERR long_value_visit(const struct long_value_nodes *nodes, JET_ERR (*visit)(void *context, const struct long_value_report *report),
                                    void *context);

/* --- over a tree --- */
struct long_value_tree {
    struct long_value_nodes nodes; /* nodes.context is this struct: do not move or copy it while open */
    struct btree tree;
    struct btree_cursor cursor;
    bool is_open;
    uint8_t key[BTREE_KEY_MAX]; /* of the node last given */
};
/* Opens the long-value tree of a table. A table without one: success, and every look-up finds nothing (JET_errLVCorrupted).
 * The caller closes it with long_value_tree_close, which accepts a zeroed struct. */
MUST_CHECK JET_ERR long_value_tree_open(struct cache_file *file, const struct table_schema *table, struct long_value_tree *out);
void long_value_tree_close(struct long_value_tree *tree);

/* --- any value, in the record or separated --- */
/* Like column_value_read, for both kinds. nodes may be NULL when the table has no long values. */
MUST_CHECK JET_ERR column_value_fetch(const struct long_value_nodes *nodes, const struct column_value *value, uint32_t offset, uint8_t *out,
                                      uint32_t capacity, uint32_t *written, uint32_t *total);
/* The first min(limit, size) plain bytes into the buffer, which grows with the bytes read. Null: JET_wrnColumnNull and size 0. */
MUST_CHECK JET_ERR column_value_fetch_all(const struct long_value_nodes *nodes, const struct column_value *value, uint32_t limit,
                                          struct value_buffer *buffer);

#endif
