/* Text of unknown origin (visible.h). */
#include "visible.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum { STEP_MOST = 24, UTF8_MOST = 4 };

static bool is_obeyed(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x61C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

/* One character as it is shown. Returns the bytes written; *taken: those it had. */
static size_t step(const char *text, char out[STEP_MOST], size_t *taken)
{
    uint32_t c = utf8_decode(text, taken);
    bool is_hidden = is_obeyed(c) || (*taken == 1 && c >= 0x80);
    size_t size = 0;
    for (size_t i = 0; i < *taken && i < UTF8_MOST; i++) {
        if (is_hidden)
            size += (size_t)snprintf(out + size, STEP_MOST - size, "\\x%02x", (unsigned)(unsigned char)text[i]);
        else
            out[size++] = text[i];
    }
    return size;
}

const char *visible_text(char *room, size_t size, const char *text)
{
    size_t at = 0, taken, shown;
    char part[STEP_MOST];
    for (; text != NULL && *text != 0; text += taken) {
        shown = step(text, part, &taken);
        if (at + shown + 1 > size)
            break;
        for (size_t i = 0; i < shown; i++)
            room[at++] = part[i];
    }
    room[at] = 0;
    return room;
}

void print_visible(FILE *out, const char *text)
{
    size_t taken;
    char part[STEP_MOST];
    for (; *text != 0; text += taken) {
        size_t shown = step(text, part, &taken);
        fwrite(part, 1, shown, out);
    }
}
