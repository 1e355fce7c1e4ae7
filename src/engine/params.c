/* System parameters: table, values, rules (params.h; instance-and-session 14). */
#include "engine/params.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/text.h"
#include "os/path.h"
#include "record/collation.h"
#include "record/locale.h"

/* SAME or a number in the last-but-one column: paste decides which of the two initializers is made. */
#define IS_SAME_SAME ~, 1
#define SECOND_OF(a, b, ...) b
#define SECOND(...) SECOND_OF(__VA_ARGS__, 0, 0)
#define HAS_LOW(value) !(SECOND(IS_SAME_##value))
enum { SAME = 0 };

static const struct param_info TABLE[] = {
#define PARAM_VISIBLE_PUBLIC true
#define PARAM_VISIBLE_PRIVATE false
#define PARAM_LEVEL_ADVANCED true
#define PARAM_LEVEL_BASIC false
#define PARAM(name, id, kind, number, text, min, max, scope, settable, handling, level, low, visibility)                             \
    {#name, id, PARAM_##kind, number, text, min, max, PARAM_##scope, PARAM_##settable, PARAM_##handling, PARAM_LEVEL_##level, \
     HAS_LOW(low), (uintptr_t)(low), PARAM_VISIBLE_##visibility},
#include "engine/params.def"
#undef PARAM
};
_Static_assert(sizeof TABLE / sizeof TABLE[0] == PARAM_COUNT, "PARAM_COUNT is out of date");

enum { UNICODE_INDEX_SIZE = 8 };
/* Locale 1033; ignore case, kana type and width; sort key. */
#define UNICODE_INDEX_DEFAULT ((uintptr_t)0x30401 << 32 | 1033)

static size_t index_of(uint32_t id)
{
    /* The table is in ascending order and numbers are nearly dense: the entry stands at or just before its number. */
    size_t i = id < PARAM_COUNT ? id : PARAM_COUNT - 1;
    while (i > 0 && TABLE[i].id > id)
        i--;
    return TABLE[i].id == id ? i : SIZE_MAX;
}

const struct param_info *param_find(uint32_t id)
{
    size_t i = index_of(id);
    return i != SIZE_MAX ? &TABLE[i] : NULL;
}

const struct param_info *param_at(size_t index) { return index < PARAM_COUNT ? &TABLE[index] : NULL; }

static struct param_value *value_of(struct params *params, const struct param_info *info) { return &params->values[info - TABLE]; }

uintptr_t params_number(const struct params *params, uint32_t id)
{
    const struct param_info *info = param_find(id);
    assert_always(info != NULL && !param_is_text(info));
    const struct param_value *value = &params->values[info - TABLE];
    if (value->is_set)
        return value->number;
    if (id == JET_paramUnicodeIndexDefault)
        return UNICODE_INDEX_DEFAULT;
    if (info->has_low_memory_default && (params_number(params, JET_paramConfiguration) & JET_configLowMemory) != 0)
        return info->low_memory_default;
    return info->default_number;
}

const char *params_text(const struct params *params, uint32_t id)
{
    const struct param_info *info = param_find(id);
    assert_always(info != NULL && param_is_text(info));
    const struct param_value *value = &params->values[info - TABLE];
    return value->is_set ? value->text : info->default_text;
}

bool params_is_set(const struct params *params, uint32_t id)
{
    size_t i = index_of(id);
    return i != SIZE_MAX && params->values[i].is_set;
}

void params_clear(struct params *params)
{
    for (size_t i = 0; i < PARAM_COUNT; i++)
        mem_free(params->values[i].text);
    memset(params, 0, sizeof *params);
}

JET_ERR params_copy(const struct params *from, struct params *to)
{
    JET_ERR err = JET_errSuccess;
    for (size_t i = 0; i < PARAM_COUNT; i++) {
        to->values[i] = from->values[i];
        to->values[i].text = NULL;
        if (from->values[i].text != NULL && (to->values[i].text = mem_strdup(from->values[i].text)) == NULL)
            RAISE(JET_errOutOfMemory);
    }
done:
    if (err < 0)
        params_clear(to);
    return err;
}

JET_ERR params_replace_text(struct params *params, uint32_t id, const char *text)
{
    JET_ERR err = JET_errSuccess;
    struct param_value *value = value_of(params, param_find(id));
    char *copy = mem_strdup(text);
    if (copy == NULL)
        RAISE(JET_errOutOfMemory);
    mem_free(value->text);
    value->text = copy;
    value->is_set = true;
done:
    return err;
}

void params_replace_number(struct params *params, uint32_t id, uintptr_t number)
{
    struct param_value *value = value_of(params, param_find(id));
    value->number = number;
    value->is_set = true;
}

/* --- rules --- */

static size_t characters_in(const char *text)
{
    size_t units = 0; /* UTF-16 units, as the limits are meant */
    for (const unsigned char *p = (const unsigned char *)text; *p != 0; p++)
        units += (*p & 0xC0) == 0x80 ? 0 : *p >= 0xF0 ? 2 : 1;
    return units;
}

static JET_ERR check_format_version(uintptr_t number, struct param_state state)
{
    enum { VERSION_LOWEST = 5520, VERSION_HIGHEST = 9600 }; /* JET_efvExchange2010Rtm .. the last one the header names */
    uintptr_t version = number;
    if (state.has_databases)
        return JET_errAlreadyInitialized;
    if (number == 0x40000001 || number == 0x40000002) /* engine default, persisted format */
        return JET_errSuccess;
    if ((number & 0xFF000000) == 0x41000000)          /* allow higher persisted format */
        version = number & 0x00FFFFFF;
    return version < VERSION_LOWEST ? JET_errEngineFormatVersionNoLongerSupportedTooLow
         : version > VERSION_HIGHEST ? JET_errEngineFormatVersionNotYetImplementedTooHigh
                                     : JET_errSuccess;
}

static JET_ERR check_number(const struct param_info *info, struct param_state state, uintptr_t number)
{
    if (info->id == JET_paramDatabasePageSize && (number & (number - 1)) != 0)
        return JET_errInvalidParameter;
    if (info->id == JET_paramVerPageSize && (number & (number - 1)) != 0)
        return JET_errInvalidParameter;
    if (info->id == JET_paramCommitDefault && (number & ~(uintptr_t)JET_bitCommitLazyFlush) != 0)
        return JET_errInvalidParameter;
    if (info->id == JET_paramEnableRBS && number != 0) /* who counts on snapshots must hear that none are taken */
        return JET_errFeatureNotAvailable;
    if (info->id == 194) /* JET_paramEngineFormatVersion */
        return check_format_version(number, state);
    return number >= info->min && number <= info->max ? JET_errSuccess : JET_errInvalidParameter;
}

/* The names of files start with it, so it must not lead elsewhere. */
static bool is_safe_base_name(const char *text)
{
    for (; *text != 0; text++) {
        if (*text == '/' || *text == '\\' || *text == '.' || (unsigned char)*text < 0x20)
            return false;
    }
    return true;
}

static JET_ERR set_text(struct params *params, const struct param_info *info, const char *text)
{
    JET_ERR err = JET_errSuccess;
    char *absolute = NULL;
    if (text == NULL || characters_in(text) < info->min || characters_in(text) > info->max)
        RAISE(JET_errInvalidParameter);
    if (info->id == JET_paramBaseName && !is_safe_base_name(text))
        RAISE(JET_errInvalidParameter);
    if ((info->kind == PARAM_FOLDER || info->kind == PARAM_PATH) && text[0] != 0) {
        TRY(path_absolute(text, &absolute));
        text = absolute;
    }
    TRY(params_replace_text(params, info->id, text));
done:
    mem_free(absolute);
    return err;
}

static JET_ERR set_unicode_default(struct params *params, uintptr_t size, const void *data)
{
    JET_ERR err = JET_errSuccess;
    if (data == NULL || size != UNICODE_INDEX_SIZE)
        RAISE(JET_errInvalidParameter);
    const uint8_t *given = data; /* locale id, flags */
    uint32_t flags = load_le32(given + 4) | COLLATION_SORT_KEY;
    TRY(collation_check_flags(flags, false));
    if (locale_by_id(load_le32(given)) == NULL)
        RAISE(JET_errInvalidLanguageId);
    params_replace_number(params, JET_paramUnicodeIndexDefault, (uintptr_t)flags << 32 | load_le32(given));
done:
    return err;
}

JET_ERR params_set(struct params *params, const struct param_info *info, struct param_state state, uintptr_t number, const void *text)
{
    JET_ERR err = JET_errSuccess;
    bool is_number = !param_is_text(info) && info->kind != PARAM_STRUCT;
    if (info->is_advanced && params_number(params, JET_paramEnableAdvanced) == 0)
        goto done;
    if (is_number && info->settable != PARAM_NEVER && params_number(params, info->id) == number)
        goto done;
    if (info->settable == PARAM_BEFORE_MODE && state.mode_is_set)
        RAISE(JET_errAlreadyInitialized);
    if (info->settable == PARAM_BEFORE_INIT && state.is_initialised)
        RAISE(JET_errAlreadyInitialized);
    if (info->settable == PARAM_NEVER)
        RAISE(JET_errInvalidParameter);
    if (param_is_text(info)) {
        TRY(set_text(params, info, text));
    } else if (info->id == JET_paramUnicodeIndexDefault) {
        TRY(set_unicode_default(params, number, text));
    } else {
        TRY(check_number(info, state, number));
        params_replace_number(params, info->id, number);
    }
done:
    return err;
}

/* --- what the page size decides --- */

uint32_t params_key_most(uint32_t page_size) { return page_size <= 2048 ? 500 : page_size == 4096 ? 1000 : 2000; }

/* records-and-catalog: four chunks to a page from 16 KiB on, else one. */
uint32_t params_long_value_chunk(uint32_t page_size)
{
    return page_size >= 32768 ? 8150 : page_size >= 16384 ? 4050 : page_size - 82;
}

/* The longest record without a primary index (records-and-catalog 2). */
uint32_t params_record_most(uint32_t page_size) { return page_size <= 8192 ? page_size - 305 : page_size - 96; }
