/* Sort keys by ICU's collators, for a library that has no Windows weights (record/icu_module.h; README.md here says why this is a file of its own).
 *
 * Loaded by record/icu_orders.c. A collator is set up once and only read afterwards, which ICU allows to any number of threads. */
#include "record/icu_module.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/ucol.h>
#include <unicode/uenum.h>
#include <unicode/uloc.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>
#include <unicode/uversion.h>

enum { TEXT_ON_STACK = 512 };

struct icu_order {
    UCollator *collator;
    unsigned folds;
    uint32_t case_options;
    const UNormalizer2 *compatibility; /* ICU's own, never closed */
};

static enum icu_result result_of(UErrorCode status)
{
    return U_SUCCESS(status) ? ICU_GOOD : status == U_MEMORY_ALLOCATION_ERROR ? ICU_NO_MEMORY : ICU_REFUSED;
}

static void library_version(uint8_t version[4])
{
    UVersionInfo info;
    u_getVersion(info);
    memcpy(version, info, sizeof info);
}

/* ICU answers a sort type that a language has not with its usual one. */
static bool has_sort_type(const char *locale, UErrorCode *status)
{
    char asked[ULOC_KEYWORDS_CAPACITY];
    bool is_there = false;
    if (uloc_getKeywordValue(locale, "collation", asked, sizeof asked, status) <= 0)
        return true;
    UEnumeration *types = ucol_getKeywordValuesForLocale("collation", locale, false, status);
    for (const char *type; U_SUCCESS(*status) && !is_there && (type = uenum_next(types, NULL, status)) != NULL;)
        is_there = strcmp(type, asked) == 0;
    uenum_close(types);
    return is_there;
}

static UCollator *open_collator(const char *language, UErrorCode *status)
{
    char locale[ULOC_FULLNAME_CAPACITY];
    int32_t parsed = 0;
    uloc_forLanguageTag(language, locale, sizeof locale, &parsed, status);
    if (U_SUCCESS(*status) && parsed != (int32_t)strlen(language))
        *status = U_ILLEGAL_ARGUMENT_ERROR;
    if (U_SUCCESS(*status) && !has_sort_type(locale, status) && U_SUCCESS(*status))
        *status = U_UNSUPPORTED_ERROR;
    UCollator *collator = ucol_open(locale, status); /* nothing, after an error */
    return U_SUCCESS(*status) ? collator : NULL;
}

static enum icu_result order_version(const char *language, uint8_t version[4])
{
    UErrorCode status = U_ZERO_ERROR;
    UVersionInfo info;
    UCollator *collator = open_collator(language, &status);
    if (collator == NULL)
        return result_of(status);
    ucol_getVersion(collator, info);
    memcpy(version, info, sizeof info);
    ucol_close(collator);
    return ICU_GOOD;
}

static void close_order(struct icu_order *order)
{
    if (order == NULL)
        return;
    ucol_close(order->collator);
    free(order);
}

/* Each attribute is set, so that no language's own setting decides what the flags of an index say. */
static void set_attributes(UCollator *collator, const struct icu_settings *settings, UErrorCode *status)
{
    /* In Japanese the kana type is the fourth level, which with symbols ignored would bring these in again. */
    const UColAttributeValue strengths[] = {UCOL_PRIMARY, UCOL_SECONDARY, settings->ignores_symbols ? UCOL_TERTIARY : UCOL_QUATERNARY};
    ucol_setAttribute(collator, UCOL_STRENGTH, strengths[settings->levels - 1], status);
    ucol_setAttribute(collator, UCOL_CASE_LEVEL, settings->has_case_level ? UCOL_ON : UCOL_OFF, status);
    ucol_setAttribute(collator, UCOL_CASE_FIRST, UCOL_OFF, status);
    ucol_setAttribute(collator, UCOL_NUMERIC_COLLATION, settings->counts_numbers ? UCOL_ON : UCOL_OFF, status);
    ucol_setAttribute(collator, UCOL_NORMALIZATION_MODE, UCOL_ON, status);
    ucol_setAttribute(collator, UCOL_ALTERNATE_HANDLING, settings->ignores_symbols ? UCOL_SHIFTED : UCOL_NON_IGNORABLE, status);
    if (settings->ignores_symbols)
        ucol_setMaxVariable(collator, UCOL_REORDER_CODE_CURRENCY, status);
}

static bool is_language(const char *tag, const char *two_letters) { return strncmp(tag, two_letters, 2) == 0 && (tag[2] == 0 || tag[2] == '-'); }

static bool can_be_made(const struct icu_settings *s)
{
    bool needs_fourth_level = s->levels == 3 && (s->folds & ICU_FOLD_KANA) == 0 && is_language(s->language, "ja");
    return s->levels >= 1 && s->levels <= 3 && !(needs_fourth_level && s->ignores_symbols);
}

static enum icu_result open_order(const struct icu_settings *settings, struct icu_order **out)
{
    UErrorCode status = U_ZERO_ERROR;
    *out = NULL;
    if (!can_be_made(settings))
        return ICU_REFUSED;
    struct icu_order *order = calloc(1, sizeof *order);
    if (order == NULL)
        return ICU_NO_MEMORY;
    order->folds = settings->folds;
    order->case_options = is_language(settings->language, "tr") || is_language(settings->language, "az") ? U_FOLD_CASE_EXCLUDE_SPECIAL_I : U_FOLD_CASE_DEFAULT;
    order->compatibility = unorm2_getNFKCInstance(&status);
    order->collator = open_collator(settings->language, &status);
    if (order->collator != NULL)
        set_attributes(order->collator, settings, &status);
    if (U_SUCCESS(status)) {
        *out = order;
        return ICU_GOOD;
    }
    close_order(order);
    return result_of(status);
}

/* --- folding --- */

/* All forms of other than the usual width are here or the ideographic space, and stand for one unit each. */
static uint16_t usual_width(const UNormalizer2 *compatibility, uint16_t unit)
{
    enum { IDEOGRAPHIC_SPACE = 0x3000, FIRST = 0xFF01, LAST = 0xFFEE };
    if (unit != IDEOGRAPHIC_SPACE && (unit < FIRST || unit > LAST))
        return unit;
    UErrorCode status = U_ZERO_ERROR;
    int32_t type = u_getIntPropertyValue(unit, UCHAR_DECOMPOSITION_TYPE);
    UChar usual[4];
    if ((type != U_DT_WIDE && type != U_DT_NARROW) || unorm2_getRawDecomposition(compatibility, unit, usual, 4, &status) != 1 || U_FAILURE(status))
        return unit;
    return usual[0];
}

static uint16_t hiragana(uint16_t unit)
{
    enum { FIRST = 0x30A1, LAST = 0x30F6, MARK = 0x30FD, VOICED_MARK = 0x30FE, DISTANCE = 0x60 };
    return (unit >= FIRST && unit <= LAST) || unit == MARK || unit == VOICED_MARK ? (uint16_t)(unit - DISTANCE) : unit;
}

/* The text without the differences in `folds`, as long as it was: case is folded by character, so that a sharp s stays one letter, as it does for the collators. */
static void fold(const struct icu_order *order, const uint16_t *text, int32_t units, UChar *out)
{
    for (int32_t i = 0; i < units; i++) {
        out[i] = (order->folds & ICU_FOLD_WIDTH) != 0 ? usual_width(order->compatibility, text[i]) : text[i];
        if ((order->folds & ICU_FOLD_KANA) != 0)
            out[i] = hiragana(out[i]);
    }
    for (int32_t i = 0; (order->folds & ICU_FOLD_CASE) != 0 && i < units; i++) {
        bool is_pair = U16_IS_LEAD(out[i]) && i + 1 < units && U16_IS_TRAIL(out[i + 1]);
        UChar32 folded = u_foldCase(is_pair ? U16_GET_SUPPLEMENTARY(out[i], out[i + 1]) : out[i], order->case_options);
        if (is_pair != (folded > 0xFFFF)) /* no version has had such a character */
            continue;
        if (is_pair)
            out[i++] = U16_LEAD(folded), out[i] = U16_TRAIL(folded);
        else
            out[i] = (UChar)folded;
    }
}

static enum icu_result sort_key(const struct icu_order *order, const uint16_t *text, uint32_t units, uint8_t *out, uint32_t room, uint32_t *size)
{
    UChar local[TEXT_ON_STACK], *block = NULL;
    *size = 0;
    if (order->folds != 0) {
        if (units > TEXT_ON_STACK && (block = malloc(units * sizeof *block)) == NULL)
            return ICU_NO_MEMORY;
        fold(order, text, (int32_t)units, block != NULL ? block : local);
        text = block != NULL ? block : local;
    }
    *size = (uint32_t)ucol_getSortKey(order->collator, text, (int32_t)units, out, (int32_t)room);
    free(block);
    return *size != 0 ? ICU_GOOD : ICU_NO_MEMORY; /* even no text has a key; ICU does not say why there is none */
}

extern const struct icu_module ICU_MODULE_SYMBOL;
__attribute__((visibility("default"))) const struct icu_module ICU_MODULE_SYMBOL = {library_version, order_version, open_order, close_order, sort_key};
