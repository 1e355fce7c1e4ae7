/* Sort keys from a weight table (collation.h; the algorithm is published in [MS-UCODEREF] 3.1.5.2, summarised in records-and-catalog 4.4).
 *
 * The table file (sortdefault.nls):
 *
 *   | offset       | content                                                                                                    |
 *   |--------------|------------------------------------------------------------------------------------------------------------|
 *   | 0            | 4 x u32: offset of weights, case maps, character types, sort ids                                           |
 *   | weights      | u32 per UTF-16 unit: primary, script, diacritic, case; then exception tables: 256 u32 page bases, weights  |
 *   | sort ids     | u32 version, u32 count, count x { GUID, u32 flags, compression, exceptions, linguistic exceptions, case }  |
 *   | then         | u32 count, count x 2 u16: expansions                                                                       |
 *   | then         | u32 count, count x { u32 data offset in u16, u16 first, u16 last, u16 entries[8] }: compressions of 2..9   |
 *   | then         | their data: n u16 (padded to even), u32 weight; sorted by the n units                                      |
 *   | then         | u32 count, count x u16: characters of several weights (not read); u32 count, count x 8 bytes: letters of Hangul (hangul.h)  |
 *   | case maps    | case_map.h                                                                                                 |
 *
 * How the weights become keys is in collation_key.c. */
#include "record/collation_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "record/hangul.h"
#include "record/icu_orders.h"
#include "record/locale.h"

enum { UNITS = 65536, EXCEPTION_PAGES = 256, TABLE_SIZE_MAX = 64 << 20 };
/* What may go with COLLATION_SORT_KEY. */
#define SORT_KEY_FLAGS                                                                                                                              \
    ((uint32_t)(COLLATION_IGNORE_CASE | COLLATION_IGNORE_NON_SPACE | COLLATION_IGNORE_SYMBOLS | COLLATION_DIGITS_AS_NUMBERS | COLLATION_LINGUISTIC_IGNORE_CASE | \
                COLLATION_LINGUISTIC_IGNORE_DIACRITIC | COLLATION_BYTE_REVERSED | COLLATION_STRING_SORT | COLLATION_IGNORE_KANA | COLLATION_IGNORE_WIDTH | \
                COLLATION_LINGUISTIC_CASING))

/* --- the table --- */

/* Where the data of a compression table ends, in units. */
static uint64_t compression_end(const struct collation_table *t, uint32_t i)
{
    const uint8_t *entry = t->compressions + i * COMPRESSION_ENTRY_SIZE;
    uint64_t units = load_le32(entry);
    for (uint32_t n = 0; n < COMPRESSION_LENGTHS; n++)
        units += (uint64_t)load_le16(entry + 8 + 2 * n) * compression_entry_units(n + 2);
    return units;
}

static bool exceptions_fit(const struct collation_table *t, uint32_t base)
{
    if (base == 0)
        return true;
    if (!range_within(base, EXCEPTION_PAGES, t->weight_count))
        return false;
    for (uint32_t i = 0; i < EXCEPTION_PAGES; i++)
        if (!range_within(load_le32(t->weights + 4 * (size_t)(base + i)), 256, t->weight_count))
            return false;
    return true;
}

/* A counted array at *at: moves *at behind it. */
static bool take_array(const struct collation_table *t, uint64_t *at, uint32_t item_size, const uint8_t **items, uint32_t *count)
{
    if (!range_within(*at, 4, t->size))
        return false;
    *count = load_le32(t->bytes + *at);
    *items = t->bytes + *at + 4;
    if (!range_within(*at + 4, (uint64_t)*count * item_size, t->size))
        return false;
    *at += 4 + (uint64_t)*count * item_size;
    return true;
}

/* A table may lack them. */
static void find_letters(struct collation_table *t, uint64_t at)
{
    const uint8_t *items;
    uint32_t count;
    if (take_array(t, &at, 2, &items, &count) && take_array(t, &at, HANGUL_LETTER_SIZE, &items, &count) && count >= HANGUL_LETTERS)
        t->letters = items;
}

static bool table_is_valid(struct collation_table *t)
{
    if (t->size < 16)
        return false;
    uint32_t weights = load_le32(t->bytes), weights_end = load_le32(t->bytes + 4);
    uint64_t at = load_le32(t->bytes + 12);
    if (weights < 16 || weights > weights_end || weights_end > t->size || !range_within(at, 4, t->size))
        return false;
    t->weights = t->bytes + weights;
    t->weight_count = (weights_end - weights) / 4;
    t->version = load_le32(t->bytes + at);
    at += 4;
    if (t->weight_count < UNITS || !take_array(t, &at, SORT_ENTRY_SIZE, &t->sorts, &t->sort_count) ||
        !take_array(t, &at, 4, &t->expansions, &t->expansion_count) ||
        !take_array(t, &at, COMPRESSION_ENTRY_SIZE, &t->compressions, &t->compression_count))
        return false;
    t->compression_data = t->bytes + at;
    t->compression_units = (t->size - (uint32_t)at) / 2;
    uint64_t units = 0;
    for (uint32_t i = 0; i < t->compression_count; i++)
        if (compression_end(t, i) > units)
            units = compression_end(t, i);
    if (units > t->compression_units)
        return false;
    find_letters(t, at + 2 * units);
    uint32_t case_maps_end = load_le32(t->bytes + 8);
    if (weights_end < case_maps_end && case_maps_end <= t->size)
        case_map_init(&t->upper, span_of(t->bytes + weights_end, case_maps_end - weights_end));
    for (uint32_t i = 0; i < t->sort_count; i++) {
        const uint8_t *sort = t->sorts + i * SORT_ENTRY_SIZE;
        uint32_t compression = load_le32(sort + 20);
        if ((compression != NO_COMPRESSION && compression >= t->compression_count) || !exceptions_fit(t, load_le32(sort + 24)) ||
            !exceptions_fit(t, load_le32(sort + 28)))
            return false;
    }
    return t->sort_count > 0;
}

/* Takes over bytes, which must be allocated. */
static JET_ERR adopt(uint8_t *bytes, uint32_t size, struct collation_table **out)
{
    JET_ERR err = JET_errSuccess;
    struct collation_table *t = (struct collation_table *)mem_alloc(sizeof *t);
    if (t == NULL) {
        mem_free(bytes);
        RAISE(JET_errOutOfMemory);
    }
    t->bytes = bytes;
    t->size = size;
    if (!table_is_valid(t))
        RAISE(JET_errFeatureNotAvailable);
    *out = t;
    t = NULL;
done:
    collation_table_close(t);
    return err;
}

JET_ERR collation_table_from_bytes(struct span bytes, struct collation_table **out)
{
    JET_ERR err = JET_errSuccess;
    *out = NULL;
    uint8_t *copy = (uint8_t *)mem_copy(bytes.data, bytes.size);
    if (copy == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(adopt(copy, bytes.size, out));
done:
    return err;
}

JET_ERR collation_table_open(struct os_fs *fs, const char *path, struct collation_table **out)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    struct os_file_info info;
    uint8_t *bytes = NULL;
    *out = NULL;
    if (path == NULL)
        path = secure_getenv("OPENESE_SORTDEFAULT"); /* the caller of a program with other rights must not choose the order of its indexes */
    if (path == NULL)
        path = "/usr/share/wine/nls/sortdefault.nls";
    if (os_file_open(fs, path, OS_OPEN_READ, &file) < 0 || os_file_info(file, &info) < 0 || info.size > TABLE_SIZE_MAX)
        RAISE(JET_errFeatureNotAvailable);
    bytes = (uint8_t *)mem_alloc((size_t)info.size);
    if (bytes == NULL)
        RAISE(JET_errOutOfMemory);
    if (os_file_read(file, 0, bytes, (size_t)info.size) < 0)
        RAISE(JET_errFeatureNotAvailable);
    uint8_t *adopted = bytes;
    bytes = NULL;
    TRY(adopt(adopted, (uint32_t)info.size, out));
done:
    mem_free(bytes);
    os_file_close(file);
    return err;
}

JET_ERR collation_table_of_icu(struct collation_table **out)
{
    JET_ERR err = JET_errSuccess;
    *out = NULL;
    struct collation_table *t = (struct collation_table *)mem_alloc(sizeof *t);
    if (t == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(icu_orders_open(&t->icu));
    *out = t;
    t = NULL;
done:
    collation_table_close(t);
    return err;
}

JET_ERR collation_table_find(struct os_fs *fs, struct collation_table **out)
{
    JET_ERR err = collation_table_open(fs, NULL, out);
    return err == JET_errFeatureNotAvailable ? collation_table_of_icu(out) : err;
}

const char *collation_table_stand_in(const struct collation_table *table) { return table->icu != NULL ? icu_orders_name(table->icu) : NULL; }

void collation_table_close(struct collation_table *table)
{
    if (table == NULL)
        return;
    icu_orders_close(table->icu);
    mem_free(table->bytes);
    mem_free(table);
}

uint64_t collation_table_version(const struct collation_table *table)
{
    return (uint64_t)table->version << 32 | table->version;
}

/* --- one index's rules --- */

static bool find_sort(const struct collation_table *t, const uint8_t *sort_id, uint32_t *sort)
{
    for (uint32_t i = 0; i < t->sort_count; i++) {
        if (memcmp(t->sorts + i * SORT_ENTRY_SIZE, sort_id, 16) == 0) {
            *sort = i;
            return true;
        }
    }
    return false;
}

static const struct locale *find_locale(const char *locale, uint32_t lcid)
{
    return locale != NULL && locale[0] != 0 ? locale_by_name(locale) : locale_by_id(lcid != 0 ? lcid : LOCALE_ID_INVARIANT);
}

/* Without a sort id (formats before 0x14) the locale decides. */
static JET_ERR find_sort_of_locale(const struct collation_table *t, const char *locale, uint32_t lcid, uint32_t *sort)
{
    JET_ERR err = JET_errSuccess;
    uint8_t id[SORT_ID_SIZE];
    const struct locale *found = find_locale(locale, lcid);
    if (found == NULL)
        RAISE(JET_errInvalidLanguageId);
    locale_sort_id(found->sort, id);
    if (!find_sort(t, id, sort))
        RAISE(JET_errInvalidLanguageId);
done:
    return err;
}

/* Weights of the common characters agree between versions 6.2 (Windows 8.1, 10) and 6.3; those of version 5 (Server 2008) have other digits:
 * data/windows/adlds-server2008 has '1' as 0D 19 where version 6 has 0D 1A. */
static bool version_is_served(const struct collation_table *t, uint64_t sort_version)
{
    uint32_t nls_version = (uint32_t)(sort_version >> 32);
    return nls_version == 0 || nls_version >> 16 == t->version >> 16;
}

/* Any other order, be it of Windows or of another ICU, is one whose keys are not known. */
static JET_ERR open_icu(const struct collation_table *t, const char *locale, uint32_t lcid, const uint8_t *sort_id, uint64_t sort_version, struct collation *out)
{
    JET_ERR err = JET_errSuccess;
    const struct locale *found = find_locale(locale, lcid);
    uint64_t version;
    if (found == NULL)
        RAISE(JET_errInvalidLanguageId);
    TRY(icu_orders_version(t->icu, found->name, &version));
    /* Formats before 0x14 keep the version only, which no order of Windows has. */
    bool has_our_id = sort_id == NULL || is_all_zero(sort_id, SORT_ID_SIZE) || memcmp(sort_id, ICU_SORT_ID, SORT_ID_SIZE) == 0;
    if (sort_version != version || !has_our_id)
        RAISE(JET_errFeatureNotAvailable);
    TRY(icu_orders_find(t->icu, found->name, out->flags, &out->icu));
done:
    return err;
}

JET_ERR collation_open(const struct collation_table *table, const char *locale, uint32_t lcid, const uint8_t *sort_id, uint64_t sort_version,
                       uint32_t flags, struct collation *out)
{
    JET_ERR err = JET_errSuccess;
    *out = (struct collation){.table = table, .flags = flags};
    if (table == NULL || ((flags & ~SORT_KEY_FLAGS) != COLLATION_SORT_KEY && (flags != COLLATION_UPPERCASE || table->upper.units == NULL)))
        RAISE(JET_errFeatureNotAvailable);
    if (table->icu != NULL) {
        TRY(open_icu(table, locale, lcid, sort_id, sort_version, out));
        goto done;
    }
    if (!version_is_served(table, sort_version))
        RAISE(JET_errFeatureNotAvailable);
    if (sort_id != NULL && !is_all_zero(sort_id, 16)) {
        if (!find_sort(table, sort_id, &out->sort))
            RAISE(JET_errInvalidLanguageId);
    } else {
        TRY(find_sort_of_locale(table, locale, lcid, &out->sort));
    }
    /* upper case before lower: how the weights change is not known */
    if ((load_le32(sort_entry(out) + 16) & SORT_INVERSE_CASING) != 0 && (flags & (COLLATION_IGNORE_CASE | COLLATION_UPPERCASE)) == 0)
        RAISE(JET_errFeatureNotAvailable);
done:
    return err;
}

JET_ERR collation_current(const struct collation_table *table, const char *locale, uint8_t sort_id[16], uint64_t *version)
{
    JET_ERR err = JET_errSuccess;
    uint32_t sort;
    if (table == NULL)
        RAISE(JET_errFeatureNotAvailable);
    if (locale == NULL)
        locale = "en-US";
    if (table->icu != NULL) {
        const struct locale *found = find_locale(locale, 0);
        if (found == NULL)
            RAISE(JET_errInvalidLanguageId);
        TRY(icu_orders_version(table->icu, found->name, version));
        memcpy(sort_id, ICU_SORT_ID, SORT_ID_SIZE);
        goto done;
    }
    TRY(find_sort_of_locale(table, locale, 0, &sort));
    memcpy(sort_id, table->sorts + sort * SORT_ENTRY_SIZE, SORT_ID_SIZE);
    *version = collation_table_version(table);
done:
    return err;
}

JET_ERR collation_check_flags(uint32_t flags, bool uppercase_allowed)
{
    if ((flags & ~SORT_KEY_FLAGS) != COLLATION_SORT_KEY && !(uppercase_allowed && flags == COLLATION_UPPERCASE))
        return error_raise(JET_errInvalidLCMapStringFlags, __FILE__, __LINE__);
    return JET_errSuccess;
}

bool collation_versions_agree(uint64_t created, uint64_t current)
{
    /* Windows raised these without another order of any text that an index may hold. */
    static const uint32_t agreeing[][2] = {{0x60101, 0x60102}, {0x6020D, 0x6020E}, {0x6020E, 0x6020F}, {0x6020D, 0x6020F}};
    uint32_t low = (uint32_t)(created >> 32), high = (uint32_t)(current >> 32);
    if (low > high) {
        uint32_t kept = low;
        low = high;
        high = kept;
    }
    for (size_t i = 0; i < sizeof agreeing / sizeof *agreeing; i++)
        if (low == agreeing[i][0] && high == agreeing[i][1])
            return true;
    return created == current;
}

enum collation_state collation_state_of(const struct collation_table *table, const char *locale, const uint8_t sort_id[16], uint64_t sort_version, uint32_t flags)
{
    struct collation collation;
    uint8_t id[SORT_ID_SIZE];
    uint64_t version;
    if (sort_version == 0 || collation_current(table, locale, id, &version) < 0)
        return COLLATION_UNUSABLE;
    if (collation_versions_agree(sort_version, version) && memcmp(sort_id, id, sizeof id) == 0)
        return COLLATION_GOOD;
    return collation_open(table, locale, 0, sort_id, sort_version, flags, &collation) >= 0 ? COLLATION_OUT_OF_DATE : COLLATION_UNUSABLE;
}

JET_ERR collation_sort_key(const struct collation *collation, struct span text, uint8_t *out, uint32_t room, uint32_t *size, bool *is_cut)
{
    JET_ERR err = JET_errSuccess;
    bool was_cut = false;
    *size = 0;
    if (collation->flags == COLLATION_UPPERCASE)
        weights_upper_case_key(collation, text, out, room, size, &was_cut);
    else
        TRY(collation->icu != NULL ? icu_orders_key(collation->table->icu, collation->icu, text, out, room, size, &was_cut)
                                   : weights_sort_key(collation, text, out, room, size, &was_cut));
    if ((collation->flags & COLLATION_BYTE_REVERSED) != 0)
        for (uint32_t i = 0; i + 1 < *size; i += 2) {
            uint8_t kept = out[i];
            out[i] = out[i + 1];
            out[i + 1] = kept;
        }
    if (is_cut != NULL)
        *is_cut = was_cut;
done:
    return err;
}
