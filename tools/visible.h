/* Text of unknown origin shown to people: names and values from files, names of files. What a terminal would obey is spelled out. */
#ifndef OPENESE_TOOLS_VISIBLE_H
#define OPENESE_TOOLS_VISIBLE_H

#include <stddef.h>
#include <stdio.h>

enum { VISIBLE_SIZE = 4096 };

/* Control characters (the C1 ones too), marks that turn the direction of writing or begin a line, and bytes that are no UTF-8 as "\x1b"; everything else as it is. Cut at size.
 * Returns room. text NULL: "". */
const char *visible_text(char *room, size_t size, const char *text);
/* The same as an argument of printf; lives until the end of the block. */
#define VISIBLE(text) visible_text((char[VISIBLE_SIZE]){0}, VISIBLE_SIZE, (text))
/* The same, of any length, written out. */
void print_visible(FILE *out, const char *text);

#endif
