/* References to column values outside their record, which the client may keep and hand back later (JetRetrieveColumnByReference).
 *
 * A reference says where the value is (the id of the long value) and whose it is (row, column and value number). It is good in the database it was made in, told by the signature, for
 * as long as the long value exists; whoever brings it back also names the table, by a cursor. The bytes come from the client: the decoder trusts none of them.
 *
 *   | at | size  |                                                            |
 *   |----|-------|------------------------------------------------------------|
 *   | 0  | 1     | 1, or 2 in databases whose format has 64-bit ids           |
 *   | 1  | 2     | bytes of the primary key, b                                |
 *   | 3  | 1     | bytes of the column's name, n                              |
 *   | 4  | 4     | number of the value (1..)                                  |
 *   | 8  | 4 / 8 | id of the long value                                       |
 *   | .. | 12    | the database's signature: random number and time           |
 *   | .. | b     | primary key of the row                                     |
 *   | .. | n     | name of the column, no zero                                |
 *
 * All numbers are little-endian. [published engine]
 */
#ifndef OPENESE_CURSOR_COLUMN_REFERENCE_H
#define OPENESE_CURSOR_COLUMN_REFERENCE_H

#include "cursor/cursor.h"

enum {
    COLUMN_REFERENCE_SIGNATURE_SIZE = 12, COLUMN_REFERENCE_NAME_MAX = 192 /* 64 characters */,
    COLUMN_REFERENCE_SIZE_MAX = 16 + COLUMN_REFERENCE_SIGNATURE_SIZE + BTREE_KEY_MAX + COLUMN_REFERENCE_NAME_MAX
};

struct column_reference {
    uint64_t lid;
    uint32_t sequence;
    struct span signature, primary_key, column_name; /* of the encoded bytes, or of whoever makes it */
};

/* JET_errInvalidColumnReference: no reference, whatever the table. */
MUST_CHECK JET_ERR column_reference_decode(struct span bytes, struct column_reference *out);
/* Returns the bytes written to out, COLUMN_REFERENCE_SIZE_MAX at most; the parts must be within their limits. has_long_id: the second form. */
uint32_t column_reference_encode(const struct column_reference *reference, bool has_long_id, uint8_t *out);

/* The reference to a separated value of the cursor's row, whose primary key is given. out: COLUMN_REFERENCE_SIZE_MAX bytes. */
MUST_CHECK JET_ERR cursor_make_reference(struct cursor *cursor, const struct column *column, uint32_t sequence, uint64_t lid, struct span primary_key, uint8_t *out,
                                         uint32_t *size);

struct referenced_value {
    struct span reference;
    uint32_t offset;
    uint8_t *buffer;      /* room bytes, may be NULL when room is 0 */
    uint32_t room;
    bool only_stored_size;/* actual tells what the value takes in the tree; nothing is read */
    uint32_t actual;      /* out: bytes from offset on */
};
/* Reads a value of the cursor's table; the cursor need not stand anywhere and does not move. JET_wrnBufferTruncated; JET_errInvalidColumnReference, JET_errStaleColumnReference (of another
 * database, or column or value are gone). */
MUST_CHECK JET_ERR cursor_retrieve_referenced(struct cursor *cursor, struct referenced_value *value);

/* Brings the pages of referenced values into the cache until there are pages_most. only_first_page: of each. *done: how many values were looked for; stale references are passed over.
 * JET_errInvalidColumnReference: nothing was read. */
MUST_CHECK JET_ERR cursor_read_referenced_ahead(struct cursor *cursor, const struct span *references, uint32_t count, bool only_first_page, uint32_t pages_most, uint32_t *done);

#endif
