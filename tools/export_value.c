/* One column value as other tools want it (export_value.h). */
#include "export_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/text.h"

enum { CODE_PAGE_UTF16 = 1200, GUID_TEXT = 37, DATE_TEXT = 32 };

enum export_kind export_kind_of(const struct column *column)
{
    switch (column->type) {
    case COLUMN_TYPE_BIT: case COLUMN_TYPE_UNSIGNED_BYTE: case COLUMN_TYPE_SHORT: case COLUMN_TYPE_LONG: case COLUMN_TYPE_CURRENCY:
    case COLUMN_TYPE_UNSIGNED_LONG: case COLUMN_TYPE_LONG_LONG: case COLUMN_TYPE_UNSIGNED_SHORT:
        return EXPORT_INTEGER;
    case COLUMN_TYPE_UNSIGNED_LONG_LONG:
        return EXPORT_UNSIGNED;
    case COLUMN_TYPE_SINGLE: case COLUMN_TYPE_DOUBLE:
        return EXPORT_REAL;
    case COLUMN_TYPE_DATE_TIME: case COLUMN_TYPE_GUID: case COLUMN_TYPE_TEXT: case COLUMN_TYPE_LONG_TEXT:
        return EXPORT_TEXT;
    default:
        return EXPORT_BYTES;
    }
}

static char *guid_text(const uint8_t *b)
{
    char *text = (char *)mem_alloc(GUID_TEXT);
    if (text != NULL)
        snprintf(text, GUID_TEXT, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", load_le32(b), load_le16(b + 4), load_le16(b + 6), b[8], b[9],
                 b[10], b[11], b[12], b[13], b[14], b[15]);
    return text;
}

/* Days since 30 December 1899 as ISO 8601; what is no date comes out as the number. */
static char *date_text(double days)
{
    const double UNIX_EPOCH_DAYS = 25569.0, LIMIT = 4e6;
    char *text = (char *)mem_alloc(DATE_TEXT);
    struct tm parts;
    if (text == NULL)
        return NULL;
    double seconds = floor((days - UNIX_EPOCH_DAYS) * 86400.0 + 0.5);
    time_t when = isfinite(days) && days > -LIMIT && days < LIMIT ? (time_t)seconds : 0;
    if (!isfinite(days) || days <= -LIMIT || days >= LIMIT || gmtime_r(&when, &parts) == NULL || strftime(text, DATE_TEXT, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
        snprintf(text, DATE_TEXT, "%.17g", days);
    return text;
}

/* Code page 1252 to UTF-16: Latin-1 but for 0x80..0x9F. */
static const uint16_t CP1252_HIGH[32] = {
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D, 0x8F,
    0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178};

static JET_ERR cp1252_text(struct span bytes, char **out)
{
    uint8_t *wide = (uint8_t *)mem_alloc((size_t)bytes.size * 2);
    if (wide == NULL)
        return JET_errOutOfMemory;
    for (uint32_t i = 0; i < bytes.size; i++) {
        uint8_t b = bytes.data[i];
        store_le16(wide + 2 * (size_t)i, b >= 0x80 && b < 0xA0 ? CP1252_HIGH[b - 0x80] : b);
    }
    JET_ERR err = utf16le_to_utf8(span_of(wide, bytes.size * 2), out);
    mem_free(wide);
    return err;
}

/* Applications often store the terminator too; it is no part of the text. An inner NUL ends it as well: text formats cannot hold one. */
static JET_ERR text_value(const struct column *column, struct span bytes, char **out)
{
    return column->code_page == CODE_PAGE_UTF16 ? utf16le_to_utf8(bytes, out) : cp1252_text(bytes, out);
}

static bool make_number(const struct column *column, struct span bytes, struct export_value *out)
{
    const uint8_t *b = bytes.data;
    float single;
    if (bytes.size != column_type_size(column->type))
        return false;
    switch (column->type) {
    case COLUMN_TYPE_BIT: out->integer = b[0] != 0; break;
    case COLUMN_TYPE_UNSIGNED_BYTE: out->integer = b[0]; break;
    case COLUMN_TYPE_SHORT: out->integer = (int16_t)load_le16(b); break;
    case COLUMN_TYPE_UNSIGNED_SHORT: out->integer = load_le16(b); break;
    case COLUMN_TYPE_LONG: out->integer = (int32_t)load_le32(b); break;
    case COLUMN_TYPE_UNSIGNED_LONG: out->integer = load_le32(b); break;
    case COLUMN_TYPE_CURRENCY: case COLUMN_TYPE_LONG_LONG: out->integer = (int64_t)load_le64(b); break;
    case COLUMN_TYPE_UNSIGNED_LONG_LONG: out->unsigned_integer = load_le64(b); break;
    case COLUMN_TYPE_SINGLE:
        memcpy(&single, b, sizeof single);
        out->real = (double)single;
        break;
    case COLUMN_TYPE_DOUBLE: memcpy(&out->real, b, sizeof out->real); break;
    default: return false;
    }
    return true;
}

JET_ERR export_value_make(const struct column *column, struct span bytes, struct export_value *out)
{
    JET_ERR err = JET_errSuccess;
    double days;
    *out = (struct export_value){.kind = export_kind_of(column), .bytes = bytes};
    if (out->kind == EXPORT_INTEGER || out->kind == EXPORT_UNSIGNED || out->kind == EXPORT_REAL) {
        if (!make_number(column, bytes, out))
            out->kind = EXPORT_BYTES;
    } else if (out->kind == EXPORT_TEXT && column->type == COLUMN_TYPE_GUID && bytes.size == 16) {
        out->text = guid_text(bytes.data);
    } else if (out->kind == EXPORT_TEXT && column->type == COLUMN_TYPE_DATE_TIME && bytes.size == 8) {
        memcpy(&days, bytes.data, sizeof days);
        out->text = date_text(days);
    } else if (out->kind == EXPORT_TEXT && column_type_is_text(column->type)) {
        TRY(text_value(column, bytes, &out->text));
    } else {
        out->kind = EXPORT_BYTES;
    }
    if (out->kind == EXPORT_TEXT && out->text == NULL)
        RAISE(JET_errOutOfMemory);
done:
    return err;
}

void export_value_release(struct export_value *value)
{
    mem_free(value->text);
    value->text = NULL;
}

static void print_number(FILE *out, const struct export_value *value)
{
    if (value->kind == EXPORT_INTEGER)
        fprintf(out, "%lld", (long long)value->integer);
    else if (value->kind == EXPORT_UNSIGNED)
        fprintf(out, "%llu", (unsigned long long)value->unsigned_integer);
    else
        fprintf(out, "%.17g", value->real);
}

void export_value_json(FILE *out, const struct export_value *value)
{
    if (value->kind == EXPORT_TEXT) {
        print_json_string(out, value->text);
    } else if (value->kind == EXPORT_BYTES) {
        fputc('"', out);
        print_hex(out, value->bytes);
        fputc('"', out);
    } else if (value->kind == EXPORT_REAL && !isfinite(value->real)) {
        fputs("null", out);
    } else {
        print_number(out, value);
    }
}

void export_value_csv(FILE *out, const struct export_value *value)
{
    if (value->kind == EXPORT_TEXT) {
        bool needs_quotes = value->text[0] == 0 || strpbrk(value->text, ",\"\r\n") != NULL;
        if (needs_quotes)
            fputc('"', out);
        for (const char *s = value->text; *s != 0; s++) {
            if (*s == '"')
                fputc('"', out);
            fputc(*s, out);
        }
        if (needs_quotes)
            fputc('"', out);
    } else if (value->kind == EXPORT_BYTES) {
        if (value->bytes.size == 0)
            fputs("\"\"", out);
        print_hex(out, value->bytes);
    } else {
        print_number(out, value);
    }
}
