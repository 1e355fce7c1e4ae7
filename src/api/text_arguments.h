/* Text at the public face: UTF-16LE of the W functions in and out; inside all text is UTF-8. */
#ifndef OPENESE_API_TEXT_ARGUMENTS_H
#define OPENESE_API_TEXT_ARGUMENTS_H

#include <stdbool.h>
#include <uchar.h>

#include "base/error.h"

/* Which form of a function is speaking. */
enum text_form { TEXT_UTF8, TEXT_UTF16 };

/* A client's text as a new UTF-8 string for mem_free. NULL stays NULL. JET_errOutOfMemory. */
MUST_CHECK JET_ERR text_argument(enum text_form form, const void *text, char **out);

/* Puts text into a client's buffer of size bytes, zero included. JET_errBufferTooSmall changes nothing; JET_errInvalidParameter for a NULL
 * buffer. */
MUST_CHECK JET_ERR text_result(enum text_form form, const char *text, void *buffer, uint32_t size);

bool text_length_is_zero(enum text_form form, const void *text);

/* Bytes the text takes in that form, zero included. */
size_t text_result_size(enum text_form form, const char *text);
/* Writes text where text_result_size bytes are free; returns the address behind it. */
void *text_put(enum text_form form, const char *text, void *target);

#endif
