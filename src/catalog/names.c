/* Object names (names.h). */
#include "catalog/names.h"

/* Code points of 0x80..0x9F; 0 = unassigned there, taken as itself. All other bytes are their own code point. */
static const uint16_t high_1252[32] = {
    0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
    0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178,
};

static uint32_t code_point_of(uint8_t byte) { return byte >= 0x80 && byte < 0xA0 && high_1252[byte - 0x80] != 0 ? high_1252[byte - 0x80] : byte; }

uint32_t name_from_1252(struct span bytes, char *room)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < bytes.size && bytes.data[i] != 0; i++) {
        uint32_t c = code_point_of(bytes.data[i]);
        if (c < 0x80) {
            room[n++] = (char)c;
        } else if (c < 0x800) {
            room[n++] = (char)(0xC0 | (c >> 6));
            room[n++] = (char)(0x80 | (c & 0x3F));
        } else {
            room[n++] = (char)(0xE0 | (c >> 12));
            room[n++] = (char)(0x80 | ((c >> 6) & 0x3F));
            room[n++] = (char)(0x80 | (c & 0x3F));
        }
    }
    room[n] = 0;
    return n;
}

/* The next code point of UTF-8 text; 0xFFFFFFFF for a malformed sequence. Never reads past the terminating zero. */
static uint32_t next_code_point(const char **text)
{
    const uint8_t *p = (const uint8_t *)*text;
    uint32_t c = *p++, more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xF0 && c < 0xF5 ? 3 : 4;
    if (more == 4) {
        *text += 1;
        return UINT32_MAX;
    }
    c = more == 0 ? c : c & (0x3Fu >> more);
    for (uint32_t i = 0; i < more; i++, p++) {
        if ((*p & 0xC0) != 0x80) {
            *text += 1;
            return UINT32_MAX;
        }
        c = (c << 6) | (*p & 0x3F);
    }
    *text = (const char *)p;
    return c;
}

static int byte_of(uint32_t code_point)
{
    if (code_point < 0x80 || (code_point >= 0xA0 && code_point < 0x100))
        return (int)code_point;
    for (uint32_t i = 0; i < 32; i++)
        if (code_point_of((uint8_t)(0x80 + i)) == code_point)
            return (int)(0x80 + i);
    return -1;
}

JET_ERR name_to_1252(const char *name, uint8_t *out, uint32_t room, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    uint32_t n = 0;
    while (*name != 0) {
        int byte = byte_of(next_code_point(&name));
        if (byte < 0 || n == room)
            RAISE(JET_errInvalidName);
        out[n++] = (uint8_t)byte;
    }
    *size = n;
done:
    return err;
}

JET_ERR name_check(const char *name, char *out)
{
    JET_ERR err = JET_errSuccess;
    uint8_t bytes[OBJECT_NAME_MAX];
    uint32_t n = 0;
    if (name == NULL || *name == ' ' || *name == 0)
        RAISE(JET_errInvalidName);
    while (*name != 0) {
        uint32_t c = next_code_point(&name);
        int byte = byte_of(c);
        if (byte < 0x20 || c == '!' || c == '.' || c == '[' || c == ']' || n == OBJECT_NAME_MAX)
            RAISE(JET_errInvalidName);
        bytes[n++] = (uint8_t)byte;
    }
    while (n > 0 && bytes[n - 1] == ' ') /* spaces at the end do not count */
        n--;
    name_from_1252(span_of(bytes, n), out);
done:
    return err;
}
