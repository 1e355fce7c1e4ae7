/* Conversions between UTF-8 and UTF-16. Malformed input never fails: it becomes U+FFFD, as file names and names inside
 * foreign databases must stay printable. */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { REPLACEMENT = 0xFFFD };

size_t utf16_length(const char16_t *text)
{
    size_t n = 0;
    while (text[n] != 0)
        n++;
    return n;
}

static size_t encode_utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | (c >> 6));
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | (c >> 12));
        out[1] = (char)(0x80 | ((c >> 6) & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | (c >> 18));
    out[1] = (char)(0x80 | ((c >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((c >> 6) & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

JET_ERR utf16le_to_utf8(struct span bytes, char **out)
{
    size_t units = bytes.size / 2, at = 0;
    char *text = (char *)mem_alloc(units * 3 + 1);
    if (text == NULL)
        return JET_errOutOfMemory;
    for (size_t i = 0; i < units; i++) {
        uint32_t c = load_le16(bytes.data + 2 * i);
        if (c >= 0xD800 && c < 0xE000) {
            uint32_t low = i + 1 < units ? load_le16(bytes.data + 2 * i + 2) : 0;
            if (c < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                i++;
            } else {
                c = REPLACEMENT;
            }
        }
        at += encode_utf8(c, text + at);
    }
    text[at] = 0;
    *out = text;
    return JET_errSuccess;
}

JET_ERR utf16_to_utf8(const char16_t *text, size_t units, char **out)
{
    return utf16le_to_utf8(span_of(text, (uint32_t)(units * 2)), out);
}

uint32_t utf8_decode(const char *text, size_t *length)
{
    const unsigned char *s = (const unsigned char *)text;
    static const uint32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned n = s[0] < 0x80 ? 1 : (s[0] & 0xE0) == 0xC0 ? 2 : (s[0] & 0xF0) == 0xE0 ? 3 : (s[0] & 0xF8) == 0xF0 ? 4 : 0;
    uint32_t c = n == 1 ? s[0] : n == 0 ? 0 : s[0] & (0x7Fu >> n);
    *length = 1;
    if (n == 0)
        return REPLACEMENT;
    for (unsigned i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return REPLACEMENT;
        c = (c << 6) | (s[i] & 0x3F);
    }
    if (n > 1 && (c < LEAST[n] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)))
        return REPLACEMENT;
    *length = n;
    return c;
}

JET_ERR utf8_to_utf16(const char *text, char16_t **out, size_t *units_out)
{
    size_t bytes = strlen(text), at = 0;
    char16_t *wide = (char16_t *)mem_alloc_array(bytes + 1, sizeof *wide);
    if (wide == NULL)
        return JET_errOutOfMemory;
    while (*text != 0) {
        size_t length;
        uint32_t c = utf8_decode(text, &length);
        text += length;
        if (c >= 0x10000) {
            wide[at++] = (char16_t)(0xD800 + ((c - 0x10000) >> 10));
            wide[at++] = (char16_t)(0xDC00 + ((c - 0x10000) & 0x3FF));
        } else {
            wide[at++] = (char16_t)c;
        }
    }
    wide[at] = 0;
    *out = wide;
    if (units_out != NULL)
        *units_out = at;
    return JET_errSuccess;
}

static int fold(char c)
{
    return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : (unsigned char)c;
}

int ascii_compare_nocase(const char *a, const char *b)
{
    while (*a != 0 && fold(*a) == fold(*b)) {
        a++;
        b++;
    }
    return fold(*a) - fold(*b);
}

void hex_encode(struct span bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size; i++) {
        out[2 * i] = digits[bytes.data[i] >> 4];
        out[2 * i + 1] = digits[bytes.data[i] & 15];
    }
}

bool hex_decode(const char *text, uint8_t *out, size_t size)
{
    if (text == NULL || strlen(text) != 2 * size || strspn(text, "0123456789abcdef") != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], 0};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}
