/* Text: UTF-8 inside, UTF-16LE at the W face and in the files; bytes in hexadecimal. */
#ifndef OPENESE_BASE_TEXT_H
#define OPENESE_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <uchar.h>

#include "base/bytes.h"
#include "base/error.h"

/* Number of units before the terminating zero. */
size_t utf16_length(const char16_t *text);
/* A new zero-terminated UTF-8 string of `units` UTF-16 units; an unpaired surrogate becomes U+FFFD. The caller frees it with
 * mem_free. JET_errOutOfMemory. */
MUST_CHECK JET_ERR utf16_to_utf8(const char16_t *text, size_t units, char **out);
/* The same from little-endian bytes as stored in files (need not be aligned; an odd last byte is dropped). */
MUST_CHECK JET_ERR utf16le_to_utf8(struct span bytes, char **out);
/* A new zero-terminated UTF-16 string; *units_out (may be NULL) is its length without the zero. Invalid UTF-8 bytes become U+FFFD. */
MUST_CHECK JET_ERR utf8_to_utf16(const char *text, char16_t **out, size_t *units_out);
/* The code point that text (not empty) begins with, and its length in bytes; what is malformed is one byte of U+FFFD. */
uint32_t utf8_decode(const char *text, size_t *length);
/* ASCII-only case folding: object names in the catalog compare this way. */
int ascii_compare_nocase(const char *a, const char *b);
/* Lower-case hexadecimal: 2 * bytes.size characters, not closed by 0. */
void hex_encode(struct span bytes, char *out);
/* The bytes of a text of 2 * size such digits; false when it is something else or NULL. */
bool hex_decode(const char *text, uint8_t *out, size_t size);

#endif
