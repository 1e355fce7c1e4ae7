/* Conversion of text arguments and results (text_arguments.h). */
#include "api/text_arguments.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

JET_ERR text_argument(enum text_form form, const void *text, char **out)
{
    *out = NULL;
    if (text == NULL)
        return JET_errSuccess;
    if (form == TEXT_UTF16)
        return utf16_to_utf8((const char16_t *)text, utf16_length((const char16_t *)text), out);
    *out = mem_strdup((const char *)text);
    return *out != NULL ? JET_errSuccess : JET_errOutOfMemory;
}

/* One character of UTF-8 that the library itself made or checked; invalid bytes count as one U+FFFD each. */
static uint32_t next_character(const unsigned char **text)
{
    const unsigned char *p = *text;
    unsigned extra = *p < 0x80 ? 0u : *p >= 0xF0 && *p < 0xF8 ? 3u : *p >= 0xE0 && *p < 0xF0 ? 2u : *p >= 0xC2 && *p < 0xE0 ? 1u : 4u;
    uint32_t character = extra == 0 ? *p : *p & (0x3Fu >> extra);
    *text = p + 1;
    if (extra == 4)
        return 0xFFFD;
    for (unsigned i = 1; i <= extra; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0xFFFD;
        character = character << 6 | (p[i] & 0x3Fu);
    }
    *text = p + 1 + extra;
    return character > 0x10FFFF || (character >= 0xD800 && character < 0xE000) ? 0xFFFD : character;
}

size_t text_result_size(enum text_form form, const char *text)
{
    size_t units = 0;
    if (form == TEXT_UTF8)
        return strlen(text) + 1;
    for (const unsigned char *p = (const unsigned char *)text; *p != 0;)
        units += next_character(&p) >= 0x10000 ? 2 : 1;
    return (units + 1) * sizeof(char16_t);
}

void *text_put(enum text_form form, const char *text, void *target)
{
    if (form == TEXT_UTF8) {
        size_t size = strlen(text) + 1;
        memcpy(target, text, size);
        return (char *)target + size;
    }
    unsigned char *unit = target; /* clients give any alignment */
    const unsigned char *p = (const unsigned char *)text;
    for (bool more = true; more;) {
        uint32_t character = *p != 0 ? next_character(&p) : 0;
        more = character != 0;
        if (character >= 0x10000) {
            store_le16(unit, (uint16_t)(0xD800 + ((character - 0x10000) >> 10)));
            unit += 2;
            character = 0xDC00 + ((character - 0x10000) & 0x3FF);
        }
        store_le16(unit, (uint16_t)character);
        unit += 2;
    }
    return unit;
}

JET_ERR text_result(enum text_form form, const char *text, void *buffer, uint32_t size)
{
    if (buffer == NULL)
        return JET_errInvalidParameter;
    if (text_result_size(form, text) > size)
        return JET_errBufferTooSmall;
    text_put(form, text, buffer);
    return JET_errSuccess;
}

bool text_length_is_zero(enum text_form form, const void *text)
{
    return form == TEXT_UTF16 ? load_le16(text) == 0 : *(const char *)text == 0;
}
