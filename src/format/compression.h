/* Compressed column values and long-value chunks: the schemes, and how to undo them (records-and-catalog 5).
 *
 * The first byte names the scheme in its upper five bits:
 *
 *   | scheme | name          | layout after / in the first byte                                                                |
 *   |--------|---------------|-------------------------------------------------------------------------------------------------|
 *   | 1      | 7-bit ASCII   | low 3 bits = bits used in the last byte - 1; 7-bit values, least significant bit first          |
 *   | 2      | 7-bit Unicode | the same; each value is one UTF-16 unit                                                         |
 *   | 3      | XPRESS        | u16 plain size, LZ77 stream                                                                     |
 *   | 4      | scrubbed      | fill; the data was wiped                                                                        |
 *   | 5, 6   | XPRESS9, 10   | not available here                                                                              |
 *   | 7      | LZ4           | u16 plain size, LZ4 block                                                                       |
 *
 * Pure functions on buffers; the bytes are untrusted: the output never exceeds the capacity given, and every scheme's plain size is
 * bounded by its own header (XPRESS, LZ4: 65535) or by the stored size (7-bit: 8/7, 16/7), so nothing can explode.
 * Called by record/ (values in records) and record/long_value.c (chunks). No locks, no allocation except in the compressor.
 */
#ifndef OPENESE_FORMAT_COMPRESSION_H
#define OPENESE_FORMAT_COMPRESSION_H

#include "base/bytes.h"
#include "base/error.h"

enum compression_scheme {
    COMPRESSION_NONE = 0,
    COMPRESSION_7BIT_ASCII = 1,
    COMPRESSION_7BIT_UNICODE = 2,
    COMPRESSION_XPRESS = 3,
    COMPRESSION_SCRUBBED = 4,
    COMPRESSION_XPRESS9 = 5,
    COMPRESSION_XPRESS10 = 6,
    COMPRESSION_LZ4 = 7
};

/* Scheme of stored bytes as the first byte names it (COMPRESSION_NONE for an empty span); may be a number no scheme has. */
unsigned compression_scheme(struct span stored);

/* Size of the plain data, from the header alone, without decompressing. JET_errDecompressionFailed (too short, unknown scheme, scrubbed),
 * JET_errFeatureNotAvailable (XPRESS9, XPRESS10). */
MUST_CHECK JET_ERR compression_plain_size(struct span stored, uint32_t *size);

/* Decompresses the first min(plain size, capacity) bytes into out. *written is that number. Errors as above, and
 * JET_errDecompressionFailed when the stream is damaged before that point; out then holds rubbish. */
MUST_CHECK JET_ERR compression_expand(struct span stored, uint8_t *out, uint32_t capacity, uint32_t *written);

/* Compresses with the best of 7-bit ASCII, 7-bit Unicode and XPRESS (tried from min_for_xpress bytes on; at most 65535 bytes of plain
 * data). *size = stored bytes, which is less than plain.size, or 0 when nothing gets smaller (store plain then). room: at least
 * plain.size bytes. JET_errOutOfMemory. */
MUST_CHECK JET_ERR compression_shrink(struct span plain, uint32_t min_for_xpress, uint8_t *room, uint32_t *size);

#endif
