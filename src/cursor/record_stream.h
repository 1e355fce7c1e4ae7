/* Record streams: the columns of many rows, packed one after the other into the client's buffer (JetStreamRecords, JetRetrieveColumnFromRecordStream).
 *
 *   header, 21 bytes: where the reading stands, kept in the stream itself            value, 9 bytes and its data
 *   | 0  | u8  | 1, the version                                        |            | 0 | u8  | 0x1: the record's number is odd; 0x2: not in   |
 *   | 1  | u32 | 21, bytes of the header                               |            |   |     | the record; 0x4: a reference (column_reference.h);|
 *   | 5  | u32 | offset of the next value                              |            |   |     | 0x8: null; the rest is zero                    |
 *   | 9  | u32 | number of the record last read; 0xFFFFFFFF at first   |            | 1 | u32 | column id                                      |
 *   | 13 | u32 | column last read; 0xFFFFFFFF at first                 |            | 5 | u32 | bytes of data                                  |
 *   | 17 | u32 | number of the value last read                         |            | 9 |     | data                                           |
 *
 * All numbers are little-endian, nothing is aligned. A record ends where the lowest bit changes; values of a column follow one another. [published engine]
 * The stream that is read comes from the client: nothing in it is trusted.
 */
#ifndef OPENESE_CURSOR_RECORD_STREAM_H
#define OPENESE_CURSOR_RECORD_STREAM_H

#include "cursor/cursor.h"

struct stream_request {
    const uint32_t *columns; /* NULL: all of them; on a secondary index the columns of its keys and of the primary keys */
    uint32_t column_count;
    bool is_backward, with_references;
    uint8_t *buffer;
    uint32_t room;
    uint32_t actual;         /* out: bytes of whole records, and of the header; good after errors too */
};
/* Packs records from the current one on, to the end of the index range, as long as they fit, and leaves the cursor on the first that does not. On a secondary index values come from the
 * keys alone; what those do not hold is marked as not in the record. JET_wrnNoMoreRecords: the end was reached. JET_errBufferTooSmall: no room for the header. JET_errCallbackFailed: the
 * table has defaults that the client computes. JET_errColumnNoEncryptionKey, JET_errBadColumnId, JET_errColumnNotFound. */
MUST_CHECK JET_ERR cursor_stream_records(struct cursor *cursor, struct stream_request *request);

struct stream_value {
    uint32_t record;    /* 0.. */
    uint32_t column_id;
    uint32_t sequence;  /* 1.. */
    uint32_t offset, size; /* of the data, in the stream */
};
/* The next value of a stream, whose header is changed to remember that. 0, JET_wrnColumnNull, JET_wrnColumnReference, JET_wrnColumnNotInRecord; JET_wrnNoMoreRecords: there was none.
 * JET_errInvalidParameter: not a stream, or damaged; nothing has been changed. */
MUST_CHECK JET_ERR record_stream_next(uint8_t *stream, uint32_t size, struct stream_value *out);

#endif
