/* The changed pages of a database since an earlier backup (NAME.delta; docs/format/backup-set.md).
 *
 *     +0    8  "ESEDELTA"
 *     +8    4  version, 1
 *     +12   4  page size P
 *     +16   4  number of data pages m of the result
 *     +20  12  zero
 *     +32  32  SHA-256 of the image it changes (header pages, data pages, trailer)
 *     +64  2P  the two header pages of the result
 *              runs, ascending: first page (4), count (4), count pages; (0, 0) ends them
 *           P  trailer of the result
 *          32  SHA-256 of all before
 *
 * The result is the image below it with these pages in place, cut or grown to m pages, and the trailer behind them. Page p stands at (p + 1) * P.
 * A delta is written and read in order; the parser takes it in pieces of any size and trusts nothing. */
#ifndef OPENESE_TOOLS_SET_DELTA_H
#define OPENESE_TOOLS_SET_DELTA_H

#include "base/error.h"
#include "base/sha256.h"

enum { DELTA_VERSION = 1, DELTA_HEADER = 64, DELTA_RUN_HEADER = 8 };

/* Fills DELTA_HEADER bytes. */
void delta_header(uint32_t page_size, uint32_t page_count, const uint8_t base_sha256[SHA256_SIZE], uint8_t *out);
/* Fills DELTA_RUN_HEADER bytes; count 0 ends the runs. */
void delta_run(uint32_t first, uint32_t count, uint8_t *out);

enum delta_part { DELTA_PART_HEADERS /* both pages */, DELTA_PART_PAGE, DELTA_PART_TRAILER };

struct delta_parser {
    /* Called for each part in order; page_no only for pages. A negative result ends the parse and is returned. */
    JET_ERR (*part)(void *context, struct delta_parser *parser, enum delta_part part, uint32_t page_no, const uint8_t *bytes);
    void *context;
    uint32_t page_size, page_count;     /* of the header, once it was seen */
    uint8_t base_sha256[SHA256_SIZE];
    uint64_t pages;                     /* pages handed out */
    /* inside */
    int state;
    uint32_t run_next, run_left, last_page;
    struct sha256 hash;
    uint8_t *buffer;
    uint32_t have, need;
};

/* page_size: what the file must have. */
MUST_CHECK JET_ERR delta_parser_begin(struct delta_parser *parser, uint32_t page_size,
                                      JET_ERR (*part)(void *, struct delta_parser *, enum delta_part, uint32_t, const uint8_t *), void *context);
/* JET_errDatabaseCorrupted: not a delta of this page size, pages out of order, wrong hash, bytes behind the end. */
MUST_CHECK JET_ERR delta_parser_add(struct delta_parser *parser, const uint8_t *data, size_t size);
/* JET_errFileIOBeyondEOF: the delta was cut off. */
MUST_CHECK JET_ERR delta_parser_end(const struct delta_parser *parser);
/* Accepts a zeroed one. */
void delta_parser_release(struct delta_parser *parser);

#endif
