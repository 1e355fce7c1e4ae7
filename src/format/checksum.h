/* Checksums: 32-bit XOR for headers, XOR + ECC for pages and log segments (database-file 3, log-files 5).
 *
 * One ECC sum serves database pages (number = page number), log segments (number = segment) and flush-map pages (number = map page). */
#ifndef OPENESE_FORMAT_CHECKSUM_H
#define OPENESE_FORMAT_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Header sum of a block (size a multiple of 4): 0x89ABCDEF XOR all words but the first. */
uint32_t checksum_header(const uint8_t *block, size_t size);
/* Is the stored first word right? */
bool checksum_header_is_valid(const uint8_t *block, size_t size);

/* The 64-bit XOR + ECC sum of a block of size bytes (a power of two, <= 8192); skip_first: the first 8 bytes count as zero. */
uint64_t checksum_ecc(const uint8_t *block, size_t size, uint32_t number, bool skip_first);

enum checksum_verdict {
    CHECKSUM_OK,
    CHECKSUM_ZERO,      /* page never written: all bytes zero */
    CHECKSUM_REPAIRED,  /* one bit was wrong and has been flipped in the buffer (in verify-only mode: could be) */
    CHECKSUM_BAD
};
struct checksum_result {
    enum checksum_verdict verdict;
    bool is_old_format;     /* the XOR format of pages written before 0x620,0x0B */
    uint64_t expected, stored; /* of the block that failed */
    uint32_t repaired_bit;  /* bit number inside the page when REPAIRED */
};

/* Verifies a whole database page (2, 4, 8, 16 or 32 KiB) that should be page_no; with repair, a single wrong bit is corrected in
 * place (never the new-format flag bit). */
struct checksum_result checksum_verify_page(uint8_t *page, uint32_t page_size, uint32_t page_no, bool repair);
/* Computes and stores the sum(s) of a page about to be written. */
void checksum_store_page(uint8_t *page, uint32_t page_size, uint32_t page_no);
/* A 4096-byte log segment with number isec, or an 8192-byte flush-map page: same verdicts, same single-bit repair. */
struct checksum_result checksum_verify_block(uint8_t *block, size_t size, uint32_t number, bool repair);

/* Which implementation is in use: "avx2", "sse2", "portable". */
const char *checksum_implementation(void);
/* Forces the portable code (tests compare both). */
void checksum_force_portable(bool on);

#endif
