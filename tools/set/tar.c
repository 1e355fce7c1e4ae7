/* Tar headers (tar.h).
 *
 *   name 0..99, mode 100, uid 108, gid 116, size 124 (12), mtime 136 (12), checksum 148 (8), type 156, link 157, "ustar" 257, prefix 345 (155)
 */
#include "set/tar.h"

#include <stdio.h>
#include <string.h>

#include "set/manifest.h"

enum { OFFSET_SIZE = 124, OFFSET_TIME = 136, OFFSET_SUM = 148, OFFSET_TYPE = 156, OFFSET_MAGIC = 257, OFFSET_PREFIX = 345, NAME_FIELD = 100, PREFIX_FIELD = 155 };
static const uint64_t OCTAL_SIZE_MAX = 077777777777;

static uint32_t header_sum(const uint8_t *block)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < TAR_BLOCK; i++)
        sum += i >= OFFSET_SUM && i < OFFSET_SUM + 8 ? ' ' : block[i];
    return sum;
}

/* width digits and a closing 0. */
static void put_octal(uint8_t *field, unsigned width, uint64_t value)
{
    for (unsigned i = width; i-- > 0; value >>= 3)
        field[i] = (uint8_t)('0' + (value & 7));
    field[width] = 0;
}

static void fill_header(uint8_t *block, const char *name, uint64_t size, int64_t modified, char type)
{
    memset(block, 0, TAR_BLOCK);
    memcpy(block, name, strnlen(name, NAME_FIELD));
    put_octal(block + 100, 7, 0600);
    put_octal(block + 108, 7, 0);
    put_octal(block + 116, 7, 0);
    put_octal(block + OFFSET_SIZE, 11, size <= OCTAL_SIZE_MAX ? size : 0);
    put_octal(block + OFFSET_TIME, 11, modified > 0 ? (uint64_t)modified & OCTAL_SIZE_MAX : 0);
    block[OFFSET_TYPE] = (uint8_t)type;
    memcpy(block + OFFSET_MAGIC, "ustar\00000", 8);
    put_octal(block + OFFSET_SUM, 6, header_sum(block));
    block[OFFSET_SUM + 7] = ' ';
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static size_t put_record(char *out, const char *key, const char *value)
{
    size_t body = strlen(key) + strlen(value) + 3, length = body + 1;
    char digits[24];
    for (;;) {
        size_t whole = body + (size_t)snprintf(digits, sizeof digits, "%zu", length);
        if (whole == length)
            break;
        length = whole;
    }
    return (size_t)sprintf(out, "%s %s=%s\n", digits, key, value);
}

size_t tar_write_header(const char *name, uint64_t size, int64_t modified, uint8_t *out)
{
    size_t used = 0, records = 0;
    char text[TAR_BLOCK] = {0}, number[24];
    if (strlen(name) > NAME_FIELD)
        records += put_record(text, "path", name);
    if (size > OCTAL_SIZE_MAX) {
        snprintf(number, sizeof number, "%llu", (unsigned long long)size);
        records += put_record(text + records, "size", number);
    }
    if (records > 0) {
        fill_header(out, "pax", records, modified, 'x');
        memcpy(out + TAR_BLOCK, text, TAR_BLOCK);
        used = 2 * (size_t)TAR_BLOCK;
    }
    fill_header(out + used, name, size, modified, '0');
    return used + TAR_BLOCK;
}

/* Octal digits between spaces and zeros, or GNU's binary form with the top bit set. */
static bool get_number(const uint8_t *field, unsigned width, uint64_t *out)
{
    unsigned i = 0;
    *out = 0;
    if ((field[0] & 0x80) != 0) {
        if (field[0] != 0x80)
            return false;
        for (i = 1; i < width; i++) {
            if (*out > UINT64_MAX >> 9)
                return false;
            *out = *out << 8 | field[i];
        }
        return true;
    }
    while (i < width && field[i] == ' ')
        i++;
    for (; i < width && field[i] >= '0' && field[i] <= '7'; i++)
        *out = *out << 3 | (uint64_t)(field[i] - '0');
    return i == width || field[i] == 0 || field[i] == ' ';
}

void tar_read_header(const uint8_t *block, struct tar_member *out)
{
    uint64_t sum;
    memset(out, 0, sizeof *out);
    out->kind = TAR_BAD;
    if (is_all_zero(block, TAR_BLOCK)) {
        out->kind = TAR_END;
        return;
    }
    if (!get_number(block + OFFSET_SUM, 8, &sum) || sum != header_sum(block) || memcmp(block + OFFSET_MAGIC, "ustar", 5) != 0 ||
        !get_number(block + OFFSET_SIZE, 12, &out->size) || out->size > INT64_MAX)
        return;
    size_t prefix = block[OFFSET_MAGIC + 5] == 0 ? strnlen((const char *)block + OFFSET_PREFIX, PREFIX_FIELD) : 0; /* GNU keeps times there */
    memcpy(out->name, block + OFFSET_PREFIX, prefix);
    if (prefix != 0)
        out->name[prefix++] = '/';
    memcpy(out->name + prefix, block, strnlen((const char *)block, NAME_FIELD));
    switch (block[OFFSET_TYPE]) {
    case 0:
    case '0': out->kind = TAR_FILE; break;
    case '5': out->kind = TAR_FOLDER; break;
    case 'x': out->kind = TAR_PAX; break;
    default: out->kind = TAR_OTHER;
    }
}

static bool parse_decimal(const char *text, const char *end, uint64_t *out)
{
    *out = 0;
    if (text == end)
        return false;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9' || *out > INT64_MAX / 10 - 1)
            return false;
        *out = *out * 10 + (uint64_t)(*text - '0');
    }
    return true;
}

bool tar_apply_pax(const char *records, size_t size, struct tar_member *member)
{
    while (size > 0) {
        uint64_t length;
        const char *space = (const char *)memchr(records, ' ', size < 20 ? size : 20);
        if (space == NULL || !parse_decimal(records, space, &length) || length > size || length < (size_t)(space - records) + 4 || records[length - 1] != '\n')
            return false;
        const char *key = space + 1, *end = records + length - 1, *equals = (const char *)memchr(key, '=', (size_t)(end - key));
        if (equals == NULL)
            return false;
        size_t value = (size_t)(end - equals - 1);
        if (equals - key == 4 && memcmp(key, "path", 4) == 0) {
            if (value > TAR_NAME_MAX || memchr(equals + 1, 0, value) != NULL)
                return false;
            memcpy(member->name, equals + 1, value);
            member->name[value] = 0;
        } else if (equals - key == 4 && memcmp(key, "size", 4) == 0 && !parse_decimal(equals + 1, end, &member->size)) {
            return false;
        }
        records += length;
        size -= (size_t)length;
    }
    return true;
}

const char *tar_safe_name(const char *name)
{
    if (strncmp(name, "./", 2) == 0)
        name += 2;
    return set_name_is_safe(name) ? name : NULL;
}
