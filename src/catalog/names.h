/* Object names: stored in code page 1252, UTF-8 everywhere else; compared without regard to the case of A-Z. */
#ifndef OPENESE_CATALOG_NAMES_H
#define OPENESE_CATALOG_NAMES_H

#include "base/bytes.h"
#include "base/error.h"

enum { OBJECT_NAME_MAX = 64, OBJECT_NAME_UTF8_MAX = 3 * OBJECT_NAME_MAX + 1 };

/* Code page 1252 to UTF-8, zero-terminated. room must hold 3 * bytes.size + 1. Returns the length. */
uint32_t name_from_1252(struct span bytes, char *room);
/* UTF-8 to code page 1252; at most room bytes. JET_errInvalidName when a character has no place there or the text is too long. */
MUST_CHECK JET_ERR name_to_1252(const char *name, uint8_t *out, uint32_t room, uint32_t *size);

/* The rules for names given by a client: 1..64 characters, no leading space, no control characters, none of ! . [ ]; spaces at the end
 * do not count. out: OBJECT_NAME_MAX + 1 characters at least of UTF-8 (OBJECT_NAME_UTF8_MAX). JET_errInvalidName. NULL is invalid. */
MUST_CHECK JET_ERR name_check(const char *name, char *out);

#endif
