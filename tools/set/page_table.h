/* The page table of a database copy (NAME.pages): dbtime and checksum of every page, against which a later backup finds the pages that changed
 * (docs/format/backup-set.md).
 *
 *     +0    8  "ESEPAGES"
 *     +8    4  version, 1
 *     +12   4  page size
 *     +16   4  number of pages m
 *     +20  12  zero
 *     +32 16m  for page 1 .. m the first 16 bytes of the page: checksum (8), dbtime (8)
 *          32  SHA-256 of all before
 *
 * A page written twice with one dbtime (only what is not logged changed) differs in its checksum; a page of 16 or 32 KiB keeps the sums of its
 * other parts in the part that the first sum covers. */
#ifndef OPENESE_TOOLS_SET_PAGE_TABLE_H
#define OPENESE_TOOLS_SET_PAGE_TABLE_H

#include "base/error.h"
#include "base/sha256.h"

enum { PAGE_TABLE_VERSION = 1, PAGE_TABLE_HEADER = 32, PAGE_TABLE_ENTRY = 16 };

/* Entry of the page whose bytes are given. */
static inline const uint8_t *page_table_entry(const uint8_t *page) { return page; }
/* Fills PAGE_TABLE_HEADER bytes. */
void page_table_header(uint32_t page_size, uint32_t page_count, uint8_t *out);
static inline uint64_t page_table_size(uint32_t page_count) { return PAGE_TABLE_HEADER + (uint64_t)page_count * PAGE_TABLE_ENTRY + SHA256_SIZE; }

/* Reads one in order. */
struct page_table_reader;
/* JET_errFileNotFound, JET_errDatabaseCorrupted (no table of this page size, size wrong, hash wrong: the file is read once whole). */
MUST_CHECK JET_ERR page_table_open(const char *path, uint32_t page_size, struct page_table_reader **out);
uint32_t page_table_count(const struct page_table_reader *table);
/* The entry of the next page, NULL behind the last one. An I/O error ends the table early and is kept. */
const uint8_t *page_table_next(struct page_table_reader *table);
JET_ERR page_table_error(const struct page_table_reader *table);
/* Accepts NULL. */
void page_table_close(struct page_table_reader *table);

#endif
