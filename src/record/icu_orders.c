/* The ICU module found, its orders kept, map flags in its terms (icu_orders.h).
 *
 * An order's version in the catalog: ICU's version of the language's order (4 bytes) << 32 | version of the rules in this file << 24 | version of the ICU library (3 bytes). The
 * library counts because folding and normalization follow its tables. */
#include "record/icu_orders.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "os/module.h"
#include "os/thread.h"
#include "record/collation.h"

/* Raised with every change of this file or of src/icu that gives any text another key. */
enum { RULES_VERSION = 1 };
enum { TEXT_UNITS_MOST = 2048, UNITS_ON_STACK = 256, KEY_ON_STACK = 1024, NAME_ROOM = 24, LANGUAGE_ROOM = 64, SEPARATOR = 0x01 };

const uint8_t ICU_SORT_ID[16] = {0xC3, 0x06, 0xB8, 0x87, 0x26, 0x50, 0xFB, 0x44, 0x98, 0x07, 0xFB, 0xC8, 0x26, 0x6B, 0x72, 0x53};

struct kept_order {
    struct kept_order *next;
    struct icu_order *order;
    char language[LANGUAGE_ROOM];
    uint32_t flags;
};

struct icu_orders {
    void *library;
    const struct icu_module *module;
    char name[NAME_ROOM];
    uint8_t version[4]; /* of the ICU library */
    struct mutex lock;  /* RANK_LEAF: the list */
    struct kept_order *kept;
};

static JET_ERR error_of(enum icu_result result)
{
    return result == ICU_GOOD ? JET_errSuccess : result == ICU_NO_MEMORY ? JET_errOutOfMemory : JET_errFeatureNotAvailable;
}

JET_ERR icu_orders_open(struct icu_orders **out)
{
    JET_ERR err = JET_errSuccess;
    *out = NULL;
    struct icu_orders *orders = mem_alloc(sizeof *orders);
    if (orders == NULL)
        RAISE(JET_errOutOfMemory);
    orders->library = module_open("OPENESE_ICU", ICU_MODULE_FILE);
    if (orders->library != NULL)
        orders->module = module_symbol(orders->library, ICU_MODULE_SYMBOL_TEXT);
    if (orders->module == NULL)
        RAISE(JET_errFeatureNotAvailable);
    orders->module->library_version(orders->version);
    snprintf(orders->name, sizeof orders->name, "ICU %u.%u", orders->version[0], orders->version[1]);
    TRY(mutex_init(&orders->lock, RANK_LEAF));
    *out = orders;
    orders = NULL;
done:
    if (orders != NULL) {
        module_close(orders->library);
        mem_free(orders);
    }
    return err;
}

void icu_orders_close(struct icu_orders *orders)
{
    if (orders == NULL)
        return;
    while (orders->kept != NULL) {
        struct kept_order *next = orders->kept->next;
        orders->module->close(orders->kept->order);
        mem_free(orders->kept);
        orders->kept = next;
    }
    mutex_destroy(&orders->lock);
    module_close(orders->library);
    mem_free(orders);
}

const char *icu_orders_name(const struct icu_orders *orders) { return orders->name; }

/* --- languages and flags --- */

/* Windows names the other orders of a language behind an underscore. */
static const struct sort_type {
    const char *locale, *type;
} sort_types[] = {
    {"de-DE_phoneb", "phonebk"}, {"es-ES_tradnl", "trad"}, {"ja-JP_radstr", "unihan"}, {"zh-CN_phoneb", "pinyin"}, {"zh-SG_phoneb", "pinyin"}, {"zh-CN_stroke", "stroke"},
    {"zh-SG_stroke", "stroke"}, {"zh-MO_stroke", "stroke"}, {"zh-TW_pronun", "zhuyin"}, {"zh-HK_radstr", "unihan"}, {"zh-MO_radstr", "unihan"}, {"zh-TW_radstr", "unihan"},
};

static JET_ERR language_of(const char *locale, char out[LANGUAGE_ROOM])
{
    JET_ERR err = JET_errSuccess;
    const char *underscore = strchr(locale, '_'), *type = NULL;
    for (size_t i = 0; underscore != NULL && i < sizeof sort_types / sizeof *sort_types; i++)
        if (ascii_compare_nocase(sort_types[i].locale, locale) == 0)
            type = sort_types[i].type;
    if (underscore != NULL && type == NULL)
        RAISE(JET_errFeatureNotAvailable);
    int name_length = underscore != NULL ? (int)(underscore - locale) : (int)strlen(locale);
    int length = type != NULL ? snprintf(out, LANGUAGE_ROOM, "%.*s-u-co-%s", name_length, locale, type) : snprintf(out, LANGUAGE_ROOM, "%s", locale);
    if (length < 0 || length >= LANGUAGE_ROOM)
        RAISE(JET_errFeatureNotAvailable);
done:
    return err;
}

/* ICU's third level is case, width and kana type in one: when the flags leave out some of them only, the text is folded instead. Marks are the second, which cannot be left out
 * alone: case has a level of its own for that, the two others have not. Two flags change nothing: ICU has one place for hyphens and apostrophes (STRING_SORT), and
 * folds the case of Turkish as Turkish does (LINGUISTIC_CASING). */
bool icu_settings_of_flags(uint32_t flags, struct icu_settings *settings)
{
    bool ignores_marks = (flags & (COLLATION_IGNORE_NON_SPACE | COLLATION_LINGUISTIC_IGNORE_DIACRITIC)) != 0;
    unsigned folds = ((flags & (COLLATION_IGNORE_CASE | COLLATION_LINGUISTIC_IGNORE_CASE)) != 0 ? ICU_FOLD_CASE : 0u) |
                     ((flags & COLLATION_IGNORE_KANA) != 0 ? ICU_FOLD_KANA : 0u) | ((flags & COLLATION_IGNORE_WIDTH) != 0 ? ICU_FOLD_WIDTH : 0u);
    bool ignores_all = folds == (ICU_FOLD_CASE | ICU_FOLD_KANA | ICU_FOLD_WIDTH), ignores_all_but_case = folds == (ICU_FOLD_KANA | ICU_FOLD_WIDTH);
    if (ignores_marks && !ignores_all && !ignores_all_but_case)
        return false;
    settings->levels = ignores_marks ? 1 : ignores_all ? 2 : 3;
    settings->has_case_level = ignores_marks && ignores_all_but_case;
    settings->folds = settings->levels == 3 ? folds : 0;
    settings->ignores_symbols = (flags & COLLATION_IGNORE_SYMBOLS) != 0;
    settings->counts_numbers = (flags & COLLATION_DIGITS_AS_NUMBERS) != 0;
    return true;
}

JET_ERR icu_orders_version(const struct icu_orders *orders, const char *locale, uint64_t *version)
{
    JET_ERR err = JET_errSuccess;
    char language[LANGUAGE_ROOM];
    uint8_t order[4];
    const uint8_t *library = orders->version;
    TRY(language_of(locale, language));
    TRY(error_of(orders->module->order_version(language, order)));
    *version = (uint64_t)load_be32(order) << 32 | (uint32_t)RULES_VERSION << 24 | (uint32_t)library[0] << 16 | (uint32_t)library[1] << 8 | library[2];
done:
    return err;
}

static JET_ERR keep(struct icu_orders *orders, const char *language, uint32_t flags, struct kept_order **out)
{
    JET_ERR err = JET_errSuccess;
    struct icu_settings settings = {.language = language};
    struct kept_order *made = NULL;
    if (!icu_settings_of_flags(flags, &settings))
        RAISE(JET_errFeatureNotAvailable);
    made = mem_alloc(sizeof *made);
    if (made == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(error_of(orders->module->open(&settings, &made->order)));
    memcpy(made->language, language, LANGUAGE_ROOM);
    made->flags = flags;
    made->next = orders->kept;
    orders->kept = *out = made;
    made = NULL;
done:
    mem_free(made);
    return err;
}

JET_ERR icu_orders_find(struct icu_orders *orders, const char *locale, uint32_t flags, const struct icu_order **out)
{
    JET_ERR err = JET_errSuccess;
    char language[LANGUAGE_ROOM] = {0};
    *out = NULL;
    TRY(language_of(locale, language));
    mutex_lock(&orders->lock);
    struct kept_order *kept = orders->kept;
    while (kept != NULL && (kept->flags != flags || strcmp(kept->language, language) != 0))
        kept = kept->next;
    if (kept == NULL)
        err = keep(orders, language, flags, &kept);
    mutex_unlock(&orders->lock);
    TRY(err);
    *out = kept->order;
done:
    return err;
}

/* --- keys --- */

/* Where marks, case and all else are left out ICU writes no separator behind the letters; keys for the beginnings of texts end at one (search_key.c). */
static uint32_t end_letters(uint8_t *key, uint32_t size)
{
    if (memchr(key, SEPARATOR, size) != NULL)
        return size;
    key[size - 1] = SEPARATOR;
    key[size] = 0;
    return size + 1;
}

JET_ERR icu_orders_key(const struct icu_orders *orders, const struct icu_order *order, struct span text, uint8_t *out, uint32_t room, uint32_t *size, bool *is_cut)
{
    JET_ERR err = JET_errSuccess;
    uint16_t local_units[UNITS_ON_STACK], *units = local_units, *units_block = NULL;
    uint8_t local_key[KEY_ON_STACK + 1], *key = local_key, *key_block = NULL;
    uint32_t count = text.size / 2 < TEXT_UNITS_MOST ? text.size / 2 : TEXT_UNITS_MOST, whole = 0;
    *size = 0;
    if (count > UNITS_ON_STACK && (units = units_block = mem_alloc_array(count, sizeof *units)) == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < count; i++)
        units[i] = load_le16(text.data + 2 * (size_t)i);
    TRY(error_of(orders->module->sort_key(order, units, count, key, KEY_ON_STACK, &whole)));
    if (whole > KEY_ON_STACK) {
        uint32_t needed = whole;
        if ((key = key_block = mem_alloc((size_t)needed + 1)) == NULL)
            RAISE(JET_errOutOfMemory);
        TRY(error_of(orders->module->sort_key(order, units, count, key, needed, &whole)));
        if (whole != needed)
            RAISE(JET_errInternalError);
    }
    whole = end_letters(key, whole);
    *size = whole < room ? whole : room;
    memcpy(out, key, *size);
    *is_cut = whole > room;
done:
    mem_free(units_block);
    mem_free(key_block);
    return err;
}
