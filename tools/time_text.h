/* Moments as people write them, and back. */
#ifndef OPENESE_TOOLS_TIME_TEXT_H
#define OPENESE_TOOLS_TIME_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* "@SECONDS" since 1970, or "YYYY-MM-DD HH:MM[:SS]" (also with T) followed by Z, +HH:MM or -HH:MM; without zone it is local time. False: none of these. */
bool time_text_parse(const char *text, int64_t *seconds);
/* "2026-11-21T10:50:48Z"; "" for 0, which stands for unknown. text has 32 bytes. */
const char *time_text_format(int64_t seconds, char *text);

#endif
