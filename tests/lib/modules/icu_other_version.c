/* A module in the form of the ICU one (record/icu_module.h), for tests: an ICU of another version. Its keys are the units of the text, big-endian, from 0x10 on, as one level. */
#include "record/icu_module.h"

#include <stddef.h>
#include <string.h>

struct icu_order {
    int none;
};
static struct icu_order only;

static void library_version(uint8_t version[4]) { memcpy(version, (const uint8_t[]){1, 2, 3, 0}, 4); }

static enum icu_result order_version(const char *language, uint8_t version[4])
{
    memcpy(version, (const uint8_t[]){9, 8, 7, 6}, 4);
    return strcmp(language, "root-only") == 0 ? ICU_REFUSED : ICU_GOOD;
}

static enum icu_result open_order(const struct icu_settings *settings, struct icu_order **out)
{
    (void)settings;
    *out = &only;
    return ICU_GOOD;
}

static void close_order(struct icu_order *order) { (void)order; }

static enum icu_result sort_key(const struct icu_order *order, const uint16_t *text, uint32_t units, uint8_t *out, uint32_t room, uint32_t *size)
{
    (void)order;
    uint32_t at = 0;
    for (uint32_t i = 0; i < units; i++)
        for (unsigned shift = 16; shift > 0; at++) {
            shift -= 4;
            if (at < room)
                out[at] = (uint8_t)(0x10 + (text[i] >> shift & 0xF));
        }
    if (at < room)
        out[at] = 0;
    *size = at + 1;
    return ICU_GOOD;
}

extern const struct icu_module ICU_MODULE_SYMBOL;
const struct icu_module ICU_MODULE_SYMBOL = {library_version, order_version, open_order, close_order, sort_key};
