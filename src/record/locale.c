/* The table of locales (locale.h). */
#include "record/locale.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"

static const struct locale locales[] = {
#define LOCALE(name, id, sort) {name, id, sort},
#define ALIAS(id, name)
#include "record/locales.def"
#undef LOCALE
#undef ALIAS
};

/* Ids that are not, or not only, those of the locale that they mean. */
static const struct alias {
    uint32_t id;
    const char *name;
} aliases[] = {
#define LOCALE(name, id, sort)
#define ALIAS(id, name) {id, name},
#include "record/locales.def"
#undef LOCALE
#undef ALIAS
};

const struct locale *locale_by_name(const char *name)
{
    size_t low = 0, high = sizeof locales / sizeof *locales;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = ascii_compare_nocase(locales[middle].name, name);
        if (order == 0)
            return &locales[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct locale *locale_by_id(uint32_t id)
{
    const struct locale *found = NULL;
    if (id == LOCALE_ID_UNSPECIFIED)
        return NULL;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (aliases[i].id == id)
            return locale_by_name(aliases[i].name);
    for (size_t i = 0; i < sizeof locales / sizeof *locales; i++) /* of "iu", "iu-Cans", "iu-Cans-CA" with one id the country's */
        if (locales[i].id == id && (found == NULL || strlen(locales[i].name) > strlen(found->name)))
            found = &locales[i];
    return found;
}

void locale_sort_id(uint32_t sort, uint8_t out[SORT_ID_SIZE])
{
    static const uint8_t rest[SORT_ID_SIZE - 4] = {0xEE, 0x57, 0x5C, 0x1E, 0x00, 0xB4, 0xD0, 0x00, 0x0B, 0xB1, 0xE1, 0x1E};
    store_le32(out, sort);
    memcpy(out + 4, rest, sizeof rest);
}

void locale_sort_id_format(const uint8_t id[SORT_ID_SIZE], char out[SORT_ID_TEXT])
{
    snprintf(out, SORT_ID_TEXT, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", load_le32(id), load_le16(id + 4), load_le16(id + 6), id[8], id[9], id[10], id[11], id[12],
             id[13], id[14], id[15]);
}
