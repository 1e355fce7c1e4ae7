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
 *
 * One character of text adds to up to five lists of weights; the key is the lists one after the other. Only `room` bytes are wanted, and the
 * first list is the longest, so each list has a fixed size and the text is read only until the first is full.
 */
#include "record/collation.h"

#include <stdlib.h>

#include "base/memory.h"

enum { UNITS = 65536, EXCEPTION_PAGES = 256, SORT_ENTRY_SIZE = 36, COMPRESSION_ENTRY_SIZE = 24, COMPRESSION_LENGTHS = 8, TABLE_SIZE_MAX = 64 << 20 };
enum { SORT_THREE_BYTE_WEIGHTS = 0x1, SORT_REVERSE_DIACRITICS = 0x10, SORT_DOUBLE_COMPRESSION = 0x20, SORT_INVERSE_CASING = 0x40 };
#define NO_COMPRESSION 0xFFFFFFFFu

enum script {
    SCRIPT_UNSORTABLE = 0, SCRIPT_COMBINING = 1, SCRIPT_EXPANSION = 2, SCRIPT_KANA_SPECIAL = 3, SCRIPT_JAMO = 4, SCRIPT_IDEOGRAPH = 5,
    SCRIPT_PUNCTUATION = 6, SCRIPT_SYMBOL_FIRST = 7, SCRIPT_SYMBOL_LAST = 12, SCRIPT_KANA = 34, SCRIPT_PRIVATE_FIRST = 169, SCRIPT_PRIVATE_LAST = 175,
    SCRIPT_CJK_FIRST = 192, SCRIPT_CJK_LAST = 239
};
enum { CASE_FULL_WIDTH = 0x01, CASE_FULL_SIZE = 0x02, CASE_SUBSCRIPT = 0x08, CASE_UPPER = 0x10, CASE_HIRAGANA = 0x20, CASE_COMPRESSION = 0xC0 };
enum { WEIGHT_LEAST = 2, EXPANSION_DEPTH = 4, LOCAL_ROOM = 264, SLACK = 8 };

struct collation_table {
    uint8_t *bytes;
    uint32_t size;
    const uint8_t *weights;
    uint32_t weight_count;
    uint32_t version;
    const uint8_t *sorts;
    uint32_t sort_count;
    const uint8_t *expansions;
    uint32_t expansion_count;
    const uint8_t *compressions;
    uint32_t compression_count;
    const uint8_t *compression_data;
    uint32_t compression_units; /* u16 behind compression_data */
};

struct weight {
    uint8_t primary, script, diacritic, case_bits;
};

/* --- the table --- */

static uint32_t compression_entry_units(uint32_t length) { return length + (length & 1) + 2; }

static bool compression_fits(const struct collation_table *t, uint32_t i)
{
    const uint8_t *entry = t->compressions + i * COMPRESSION_ENTRY_SIZE;
    uint64_t units = load_le32(entry);
    for (uint32_t n = 0; n < COMPRESSION_LENGTHS; n++)
        units += (uint64_t)load_le16(entry + 8 + 2 * n) * compression_entry_units(n + 2);
    return units <= t->compression_units;
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
    for (uint32_t i = 0; i < t->compression_count; i++)
        if (!compression_fits(t, i))
            return false;
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
        path = getenv("OPENESE_SORTDEFAULT");
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

void collation_table_close(struct collation_table *table)
{
    if (table == NULL)
        return;
    mem_free(table->bytes);
    mem_free(table);
}

uint64_t collation_table_version(const struct collation_table *table)
{
    return (uint64_t)table->version << 32 | table->version;
}

/* --- one index's rules --- */

static const uint8_t *sort_entry(const struct collation *c) { return c->table->sorts + c->sort * SORT_ENTRY_SIZE; }

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

/* Without a sort id (formats before 0x14) only the locales known to use the default order are served. */
static bool locale_is_default(const char *locale, uint32_t lcid)
{
    enum { LANGUAGE_ENGLISH = 0x09, LANGUAGE_INVARIANT = 0x7F };
    if (locale != NULL && locale[0] != '\0')
        return (locale[0] | 0x20) == 'e' && (locale[1] | 0x20) == 'n' && (locale[2] == '\0' || locale[2] == '-');
    uint32_t language = lcid & 0x3FF;
    return lcid == 0 || ((lcid >> 16) == 0 && (language == LANGUAGE_ENGLISH || language == LANGUAGE_INVARIANT));
}

/* Weights of the common characters agree between versions 6.2 (Windows 8.1, 10) and 6.3; those of version 5 (Server 2008) have other digits:
 * data/windows/adlds-server2008 has '1' as 0D 19 where version 6 has 0D 1A. */
static bool versions_agree(const struct collation_table *t, uint64_t sort_version)
{
    uint32_t nls_version = (uint32_t)(sort_version >> 32);
    return nls_version == 0 || nls_version >> 16 == t->version >> 16;
}

JET_ERR collation_open(const struct collation_table *table, const char *locale, uint32_t lcid, const uint8_t *sort_id, uint64_t sort_version,
                       uint32_t flags, struct collation *out)
{
    JET_ERR err = JET_errSuccess;
    const uint32_t known = COLLATION_IGNORE_CASE | COLLATION_IGNORE_NON_SPACE | COLLATION_IGNORE_SYMBOLS | COLLATION_SORT_KEY | COLLATION_STRING_SORT |
                           COLLATION_IGNORE_KANA | COLLATION_IGNORE_WIDTH | COLLATION_LINGUISTIC_CASING;
    *out = (struct collation){.table = table, .flags = flags};
    if (table == NULL || (flags & ~known) != 0 || (flags & COLLATION_SORT_KEY) == 0 || !versions_agree(table, sort_version))
        RAISE(JET_errFeatureNotAvailable);
    if (sort_id != NULL && !is_all_zero(sort_id, 16)) {
        if (!find_sort(table, sort_id, &out->sort))
            RAISE(JET_errInvalidLanguageId);
    } else if (!locale_is_default(locale, lcid)) {
        RAISE(JET_errInvalidLanguageId);
    }
    /* upper case before lower: how the weights change is not known */
    if ((load_le32(sort_entry(out) + 16) & SORT_INVERSE_CASING) != 0 && (flags & COLLATION_IGNORE_CASE) == 0)
        RAISE(JET_errFeatureNotAvailable);
done:
    return err;
}

/* --- building a key --- */

struct weights {
    uint8_t *bytes;
    uint32_t size;
};

enum { KANA_SIZE, KANA_REPEAT, KANA_TYPE, KANA_WIDTH, KANA_LISTS };

struct key_state {
    const struct collation *collation;
    uint32_t flags, sort_flags, exceptions;
    const uint8_t *compression; /* entry of the compression table, or NULL */
    uint8_t case_mask;
    struct span text;
    uint32_t unit_count, room;
    struct weights primary, diacritic, case_bits, special, kana[KANA_LISTS];
};

static void add(const struct key_state *s, struct weights *w, uint8_t value)
{
    if (w->size < s->room + SLACK) /* what lies behind is never part of the key */
        w->bytes[w->size++] = value;
}

static uint16_t unit_at(const struct key_state *s, uint32_t i) { return load_le16(s->text.data + 2 * (size_t)i); }

static struct weight unpack(uint32_t value)
{
    return (struct weight){(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24)};
}

static uint32_t weight_value(const struct key_state *s, uint16_t unit)
{
    const uint8_t *weights = s->collation->table->weights;
    if (s->exceptions == 0)
        return load_le32(weights + 4 * (size_t)unit);
    uint32_t page = load_le32(weights + 4 * (size_t)(s->exceptions + (unit >> 8)));
    return load_le32(weights + 4 * (size_t)(page + (unit & 0xFF)));
}

static void add_diacritic(struct key_state *s, uint8_t value)
{
    add(s, &s->diacritic, (s->flags & COLLATION_IGNORE_NON_SPACE) != 0 ? WEIGHT_LEAST : value);
}

static bool has_third_byte(const struct key_state *s, uint8_t script)
{
    return (script >= SCRIPT_PRIVATE_FIRST && script <= SCRIPT_PRIVATE_LAST) ||
           ((s->sort_flags & SORT_THREE_BYTE_WEIGHTS) != 0 && script >= SCRIPT_CJK_FIRST && script <= SCRIPT_CJK_LAST);
}

static void add_plain(struct key_state *s, struct weight w)
{
    add(s, &s->primary, w.script);
    add(s, &s->primary, w.primary);
    if (has_third_byte(s, w.script)) /* too many characters for two bytes: the diacritic weight is a third */
        add(s, &s->primary, w.diacritic);
    else
        add_diacritic(s, w.diacritic);
    add(s, &s->case_bits, w.case_bits & s->case_mask);
}

/* A mark on the character before: its weight is added there. */
static void add_combining(struct key_state *s, struct weight w)
{
    if ((s->flags & COLLATION_IGNORE_NON_SPACE) != 0)
        return;
    if (s->diacritic.size > 0)
        s->diacritic.bytes[s->diacritic.size - 1] = (uint8_t)(s->diacritic.bytes[s->diacritic.size - 1] + w.diacritic);
    else
        add(s, &s->diacritic, w.diacritic);
}

/* Hyphens, apostrophes: their place and weight go behind everything else, so that they only break ties. */
static void add_punctuation(struct key_state *s, struct weight w)
{
    uint32_t place = 0x10000 - s->primary.size / 2 - 1;
    add(s, &s->special, (uint8_t)(place >> 8));
    add(s, &s->special, (uint8_t)place);
    add(s, &s->special, w.primary);
    add(s, &s->special, (uint8_t)(w.diacritic << 3 | (w.case_bits & s->case_mask)));
}

static void add_ideograph(struct key_state *s, struct weight w)
{
    add(s, &s->primary, 0xFD);
    add(s, &s->primary, 0xFF);
    add(s, &s->primary, w.primary);
    add(s, &s->primary, w.diacritic);
    add(s, &s->diacritic, WEIGHT_LEAST);
    add(s, &s->case_bits, w.case_bits & s->case_mask);
}

/* Kana differ in size, script and width only in lists of their own. A repeat mark (primary 0) or the prolonged sound mark (1) takes the
 * weight of the kana before it; without one the rule is not known. */
static JET_ERR add_kana(struct key_state *s, uint32_t at, struct weight w)
{
    JET_ERR err = JET_errSuccess;
    uint8_t repeat = 3, bits = w.case_bits & s->case_mask;
    if (w.primary <= 1) {
        struct weight before = {0, 0, 0, 0};
        while (at > 0 && (before.script == SCRIPT_UNSORTABLE || before.script == SCRIPT_COMBINING || (before.script == SCRIPT_KANA_SPECIAL && before.primary <= 1)))
            before = unpack(weight_value(s, unit_at(s, --at)));
        if (before.script != SCRIPT_KANA_SPECIAL || before.primary <= 1)
            RAISE(JET_errFeatureNotAvailable);
        repeat = (uint8_t)(4 + w.primary);
        bits = before.case_bits & s->case_mask;
        if (w.primary == 1) {
            before.primary &= 0x87; /* the vowel */
            bits = (uint8_t)((bits & ~CASE_FULL_WIDTH) | (w.case_bits & s->case_mask & CASE_FULL_WIDTH));
        }
        w.primary = before.primary;
    }
    add(s, &s->kana[KANA_SIZE], (uint8_t)(0xC4 | (bits & CASE_FULL_SIZE)));
    add(s, &s->kana[KANA_REPEAT], repeat);
    add(s, &s->kana[KANA_TYPE], (uint8_t)(0xC4 | (bits & CASE_HIRAGANA)));
    add(s, &s->kana[KANA_WIDTH], (uint8_t)(0xC4 | (bits & CASE_FULL_WIDTH)));
    add_plain(s, (struct weight){w.primary, SCRIPT_KANA, w.diacritic, WEIGHT_LEAST});
done:
    return err;
}

static JET_ERR add_weight(struct key_state *s, uint32_t at, uint32_t value, int depth)
{
    JET_ERR err = JET_errSuccess;
    struct weight w = unpack(value);
    if (w.script == SCRIPT_EXPANSION) {
        uint32_t i = value >> 16;
        if (i >= s->collation->table->expansion_count || depth == 0)
            RAISE(JET_errFeatureNotAvailable);
        const uint8_t *pair = s->collation->table->expansions + 4 * (size_t)i;
        TRY(add_weight(s, at, weight_value(s, load_le16(pair)), depth - 1));
        TRY(add_weight(s, at, weight_value(s, load_le16(pair + 2)), depth - 1));
    } else if (w.script == SCRIPT_UNSORTABLE) {
        goto done;
    } else if (w.script == SCRIPT_COMBINING) {
        add_combining(s, w);
    } else if (w.script == SCRIPT_KANA_SPECIAL) {
        TRY(add_kana(s, at, w));
    } else if (w.script == SCRIPT_JAMO) {
        RAISE(JET_errFeatureNotAvailable); /* conjoining Hangul letters have rules of their own */
    } else if (w.script == SCRIPT_IDEOGRAPH) {
        add_ideograph(s, w);
    } else if (w.script >= SCRIPT_PUNCTUATION && w.script <= SCRIPT_SYMBOL_LAST && (s->flags & COLLATION_IGNORE_SYMBOLS) != 0) {
        goto done;
    } else if (w.script == SCRIPT_PUNCTUATION && (s->flags & COLLATION_STRING_SORT) == 0) {
        add_punctuation(s, w);
    } else {
        add_plain(s, w);
    }
done:
    return err;
}

/* Compares the n units of a compression entry with the text at `at`. */
static int compare_units(const struct key_state *s, const uint8_t *entry, uint32_t at, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        int difference = (int)load_le16(entry + 2 * (size_t)i) - (int)unit_at(s, at + i);
        if (difference != 0)
            return difference;
    }
    return 0;
}

/* Several characters that sort as one: the longest that matches. *value is their weight; returns how many units, 0 = none. */
static uint32_t find_compression(const struct key_state *s, uint32_t at, uint32_t *value)
{
    if (s->compression == NULL || at >= s->unit_count || (weight_value(s, unit_at(s, at)) >> 24 & CASE_COMPRESSION) == 0)
        return 0;
    uint32_t starts[COMPRESSION_LENGTHS], units = load_le32(s->compression);
    for (uint32_t n = 0; n < COMPRESSION_LENGTHS; n++) {
        starts[n] = units;
        units += load_le16(s->compression + 8 + 2 * n) * compression_entry_units(n + 2);
    }
    for (uint32_t n = COMPRESSION_LENGTHS; n-- > 0;) {
        uint32_t length = n + 2, low = 0, high = load_le16(s->compression + 8 + 2 * n);
        if (length > s->unit_count - at)
            continue;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            const uint8_t *entry = s->collation->table->compression_data + 2 * (size_t)(starts[n] + middle * compression_entry_units(length));
            int order = compare_units(s, entry, at, length);
            if (order == 0) {
                *value = load_le32(entry + 2 * (size_t)(length + (length & 1)));
                return length;
            }
            if (order < 0)
                low = middle + 1;
            else
                high = middle;
        }
    }
    return 0;
}

/* The weights of what stands at `at`; *next is where to go on. */
static JET_ERR add_text(struct key_state *s, uint32_t at, uint32_t *next)
{
    JET_ERR err = JET_errSuccess;
    uint32_t value, length = find_compression(s, at, &value);
    *next = at + (length != 0 ? length : 1);
    if (length == 0 && (s->sort_flags & SORT_DOUBLE_COMPRESSION) != 0 && at + 1 < s->unit_count &&
        ((weight_value(s, unit_at(s, at)) ^ weight_value(s, unit_at(s, at + 1))) & 0xFFFFFF) == 0 &&
        (length = find_compression(s, at + 1, &value)) != 0) {
        /* Hungarian writes a doubled "cs" as "ccs" */
        *next = at + 1 + length;
        TRY(add_weight(s, at, value & ~((uint32_t)CASE_COMPRESSION << 24), 0));
    }
    if (length == 0)
        value = weight_value(s, unit_at(s, at));
    TRY(add_weight(s, at, value & ~((uint32_t)((value >> 8 & 0xFF) == SCRIPT_EXPANSION ? 0 : CASE_COMPRESSION) << 24), EXPANSION_DEPTH));
done:
    return err;
}

struct sink {
    uint8_t *out;
    uint32_t room, size;
    bool is_cut;
};

static void put(struct sink *k, const uint8_t *bytes, uint32_t count)
{
    uint32_t fits = count < k->room - k->size ? count : k->room - k->size;
    memcpy(k->out + k->size, bytes, fits);
    k->size += fits;
    k->is_cut = k->is_cut || fits < count;
}

static void put_byte(struct sink *k, uint8_t byte) { put(k, &byte, 1); }

/* A list without its trailing weights up to `least`, which say nothing. */
static void put_weights(struct sink *k, const struct weights *w, uint8_t least)
{
    uint32_t size = w->size;
    while (size > 0 && w->bytes[size - 1] <= least)
        size--;
    put(k, w->bytes, size);
}

/* A kana list without its trailing weights of the usual kind (full size, hiragana, full width), which say nothing. */
static void put_kana(struct sink *k, const struct weights *w, uint8_t usual, uint8_t end)
{
    uint32_t size = w->size;
    while (size > 0 && w->bytes[size - 1] == usual)
        size--;
    put(k, w->bytes, size);
    put_byte(k, end);
}

static void reverse(struct weights *w)
{
    for (uint32_t i = 0; i < w->size / 2; i++) {
        uint8_t kept = w->bytes[i];
        w->bytes[i] = w->bytes[w->size - 1 - i];
        w->bytes[w->size - 1 - i] = kept;
    }
}

static void put_key(struct key_state *s, struct sink *k)
{
    enum { SEPARATOR = 0x01, TERMINATOR = 0x00 };
    put(k, s->primary.bytes, s->primary.size);
    put_byte(k, SEPARATOR);
    if ((s->sort_flags & SORT_REVERSE_DIACRITICS) != 0)
        reverse(&s->diacritic);
    put_weights(k, &s->diacritic, WEIGHT_LEAST);
    put_byte(k, SEPARATOR);
    put_weights(k, &s->case_bits, WEIGHT_LEAST);
    put_byte(k, SEPARATOR);
    if (s->kana[KANA_SIZE].size > 0) {
        put_kana(k, &s->kana[KANA_SIZE], 0xC4 | (s->case_mask & CASE_FULL_SIZE), 0xFF);
        put_kana(k, &s->kana[KANA_REPEAT], 3, 0x02);
        put_kana(k, &s->kana[KANA_TYPE], 0xC4 | (s->case_mask & CASE_HIRAGANA), 0xFF);
        put_kana(k, &s->kana[KANA_WIDTH], 0xC4 | (s->case_mask & CASE_FULL_WIDTH), 0xFF);
    }
    put_byte(k, SEPARATOR);
    put(k, s->special.bytes, s->special.size);
    put_byte(k, TERMINATOR);
}

static uint8_t case_mask_of(uint32_t flags)
{
    uint8_t mask = CASE_FULL_WIDTH | CASE_FULL_SIZE | 0x04 | CASE_SUBSCRIPT | CASE_UPPER | CASE_HIRAGANA;
    if ((flags & COLLATION_IGNORE_CASE) != 0)
        mask &= (uint8_t)~(CASE_SUBSCRIPT | CASE_UPPER);
    if ((flags & COLLATION_IGNORE_WIDTH) != 0)
        mask &= (uint8_t)~CASE_FULL_WIDTH;
    if ((flags & COLLATION_IGNORE_KANA) != 0)
        mask &= (uint8_t)~CASE_HIRAGANA;
    return mask;
}

JET_ERR collation_sort_key(const struct collation *collation, struct span text, uint8_t *out, uint32_t room, uint32_t *size, bool *is_cut)
{
    JET_ERR err = JET_errSuccess;
    enum { LISTS = 4 + KANA_LISTS };
    uint8_t local[LISTS * (LOCAL_ROOM + SLACK)], *block = NULL;
    const uint8_t *sort = sort_entry(collation);
    uint32_t compression = load_le32(sort + 20);
    bool is_linguistic = (collation->flags & COLLATION_LINGUISTIC_CASING) != 0 && load_le32(sort + 28) != 0;
    struct key_state s = {.collation = collation, .flags = collation->flags, .sort_flags = load_le32(sort + 16), .text = text,
                          .unit_count = text.size / 2, .room = room, .case_mask = case_mask_of(collation->flags),
                          .exceptions = load_le32(sort + (is_linguistic ? 28 : 24))};
    struct weights *lists[LISTS] = {&s.primary, &s.diacritic, &s.case_bits, &s.special, &s.kana[0], &s.kana[1], &s.kana[2], &s.kana[3]};
    struct sink sink = {.out = out, .room = room};
    *size = 0;
    if (compression != NO_COMPRESSION)
        s.compression = collation->table->compressions + (size_t)compression * COMPRESSION_ENTRY_SIZE;
    if (room > LOCAL_ROOM && (block = (uint8_t *)mem_alloc_array(LISTS, (size_t)room + SLACK)) == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < LISTS; i++)
        lists[i]->bytes = (block != NULL ? block : local) + i * ((size_t)room + SLACK);
    for (uint32_t at = 0; at < s.unit_count && s.primary.size <= room;)
        TRY(add_text(&s, at, &at));
    put_key(&s, &sink);
    *size = sink.size;
    if (is_cut != NULL)
        *is_cut = sink.is_cut;
done:
    mem_free(block);
    return err;
}
