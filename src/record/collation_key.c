/* Keys from a table of weights (collation.h; the algorithm is published in [MS-UCODEREF] 3.1.5.2, summarised in records-and-catalog 4.4).
 *
 * One character of text adds to up to five lists of weights; the key is the lists one after the other. Only `room` bytes are wanted, and the first list is the longest, so
 * each list has a fixed size and the text is read only until the first is full. Called by collation.c. No locks. */
#include "record/collation_internal.h"

#include "base/memory.h"
#include "record/hangul.h"

enum script {
    SCRIPT_UNSORTABLE = 0, SCRIPT_COMBINING = 1, SCRIPT_EXPANSION = 2, SCRIPT_KANA_SPECIAL = 3, SCRIPT_JAMO = 4, SCRIPT_IDEOGRAPH = 5,
    SCRIPT_PUNCTUATION = 6, SCRIPT_SYMBOL_FIRST = 7, SCRIPT_SYMBOL_LAST = 12, SCRIPT_DIGIT = 13, SCRIPT_CASED_LAST = 20, SCRIPT_KANA = 34, SCRIPT_ARABIC = 41, SCRIPT_PRIVATE_FIRST = 169, SCRIPT_PRIVATE_LAST = 175,
    SCRIPT_CJK_FIRST = 192, SCRIPT_CJK_LAST = 239
};
enum { CASE_FULL_WIDTH = 0x01, CASE_FULL_SIZE = 0x02, CASE_SUBSCRIPT = 0x08, CASE_UPPER = 0x10, CASE_HIRAGANA = 0x20, CASE_COMPRESSION = 0xC0 };
enum { WEIGHT_LEAST = 2, EXPANSION_DEPTH = 4, LOCAL_ROOM = 264, SLACK = 8 };

struct weight {
    uint8_t primary, script, diacritic, case_bits;
};

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

/* The scripts that know case and marks as language does: digits, Latin, Greek, Cyrillic and their neighbours, Arabic; ideographs have no case. */
static bool is_linguistic(uint8_t script) { return (script >= SCRIPT_DIGIT && script <= SCRIPT_CASED_LAST) || script == SCRIPT_ARABIC || script == SCRIPT_IDEOGRAPH; }

static void add_diacritic(struct key_state *s, struct weight w)
{
    bool is_ignored = (s->flags & COLLATION_IGNORE_NON_SPACE) != 0 || ((s->flags & COLLATION_LINGUISTIC_IGNORE_DIACRITIC) != 0 && is_linguistic(w.script));
    add(s, &s->diacritic, is_ignored ? WEIGHT_LEAST : w.diacritic);
}

static void add_case(struct key_state *s, struct weight w)
{
    bool is_ignored = (s->flags & COLLATION_LINGUISTIC_IGNORE_CASE) != 0 && is_linguistic(w.script);
    add(s, &s->case_bits, is_ignored ? WEIGHT_LEAST : w.case_bits & s->case_mask);
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
        add_diacritic(s, w);
    add_case(s, w);
}

/* A mark on the character before: its weight is added there. */
static void add_combining(struct key_state *s, struct weight w)
{
    if ((s->flags & COLLATION_IGNORE_NON_SPACE) != 0)
        return;
    if ((s->flags & COLLATION_LINGUISTIC_IGNORE_DIACRITIC) != 0)
        w.diacritic = WEIGHT_LEAST;
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

/* The character that a mark at `at` repeats: the one before it that has a weight of its own; script 0 when there is none. */
static struct weight repeated(const struct key_state *s, uint32_t at)
{
    struct weight before = {0, 0, 0, 0};
    while (at > 0 && (before.script == SCRIPT_UNSORTABLE || before.script == SCRIPT_COMBINING || (before.script == SCRIPT_KANA_SPECIAL && before.primary <= 1)))
        before = unpack(weight_value(s, unit_at(s, --at)));
    if (before.script <= SCRIPT_EXPANSION || (before.script == SCRIPT_KANA_SPECIAL && before.primary <= 1))
        before.script = 0;
    return before;
}

static void add_kana_lists(struct key_state *s, uint8_t bits, uint8_t repeat)
{
    add(s, &s->kana[KANA_SIZE], (uint8_t)(0xC4 | (bits & CASE_FULL_SIZE)));
    add(s, &s->kana[KANA_REPEAT], repeat);
    add(s, &s->kana[KANA_TYPE], (uint8_t)(0xC4 | (bits & CASE_HIRAGANA)));
    add(s, &s->kana[KANA_WIDTH], (uint8_t)(0xC4 | (bits & CASE_FULL_WIDTH)));
}

/* Kana differ in size, script and width only in lists of their own. A repeat mark (primary 0) or the prolonged sound mark (1) takes the
 * weight of the character before it; without one it sorts behind everything. */
static void add_kana(struct key_state *s, uint32_t at, struct weight w)
{
    uint8_t repeat = 3, bits = w.case_bits & s->case_mask;
    if (w.primary <= 1) {
        struct weight before = repeated(s, at);
        if (before.script == 0) {
            add(s, &s->primary, 0xFF);
            add(s, &s->primary, 0xFF);
            return;
        }
        if (before.script != SCRIPT_KANA_SPECIAL) {
            before.case_bits = WEIGHT_LEAST;
            add_plain(s, before);
            return;
        }
        repeat = (uint8_t)(4 + w.primary);
        bits = before.case_bits & s->case_mask;
        if (w.primary == 1) {
            before.primary &= 0x87; /* the vowel */
            bits = (uint8_t)((bits & ~CASE_FULL_WIDTH) | (w.case_bits & s->case_mask & CASE_FULL_WIDTH));
        }
        w.primary = before.primary;
    }
    add_kana_lists(s, bits, repeat);
    add_plain(s, (struct weight){w.primary, SCRIPT_KANA, w.diacritic, WEIGHT_LEAST});
}

/* Both halves stand for themselves, marks too; only a half may have halves again. */
static JET_ERR add_expansion(struct key_state *s, uint32_t value, int depth)
{
    JET_ERR err = JET_errSuccess;
    uint32_t i = value >> 16;
    if (i >= s->collation->table->expansion_count || depth == 0)
        RAISE(JET_errFeatureNotAvailable);
    const uint8_t *pair = s->collation->table->expansions + 4 * (size_t)i;
    for (uint32_t half = 0; half < 2; half++) {
        uint32_t part = weight_value(s, load_le16(pair + 2 * half));
        if (unpack(part).script == SCRIPT_EXPANSION)
            TRY(add_expansion(s, part, depth - 1));
        else
            add_plain(s, unpack(part & ~((uint32_t)CASE_COMPRESSION << 24)));
    }
done:
    return err;
}

static JET_ERR add_weight(struct key_state *s, uint32_t at, uint32_t value)
{
    JET_ERR err = JET_errSuccess;
    struct weight w = unpack(value);
    if (w.script == SCRIPT_EXPANSION) {
        TRY(add_expansion(s, value, EXPANSION_DEPTH));
    } else if (w.script == SCRIPT_UNSORTABLE) {
        goto done;
    } else if (w.script == SCRIPT_COMBINING) {
        add_combining(s, w);
    } else if (w.script == SCRIPT_KANA_SPECIAL) {
        add_kana(s, at, w);
    } else if (w.script == SCRIPT_JAMO) {
        RAISE(JET_errFeatureNotAvailable); /* a table without the letters of Hangul */
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

/* Old letters that conjoin go behind the syllable they are closest to. Returns the units taken. */
static uint32_t add_hangul(struct key_state *s, uint32_t at)
{
    enum { NEXT_LETTER = 0xFF };
    struct hangul_run run;
    hangul_run_at(s->collation->table->letters, s->text, at, &run);
    struct weight w = unpack(weight_value(s, run.syllable));
    add(s, &s->primary, w.script);
    add(s, &s->primary, w.primary);
    for (unsigned i = 0; i < HANGUL_PARTS; i++) {
        add(s, &s->primary, NEXT_LETTER);
        add(s, &s->primary, run.weights[i]);
    }
    add(s, &s->diacritic, WEIGHT_LEAST);
    add(s, &s->case_bits, WEIGHT_LEAST);
    return run.units;
}

/* The value of a decimal digit of any script, or -1; raised and circled ones are none. */
static int digit_of(const struct key_state *s, struct weight w)
{
    if (w.script != SCRIPT_DIGIT || (w.case_bits & ~CASE_FULL_WIDTH) != WEIGHT_LEAST)
        return -1;
    for (int digit = 0; digit < 10; digit++)
        if (unpack(weight_value(s, (uint16_t)('0' + digit))).primary == w.primary)
            return digit;
    return -1;
}

/* The digit at `at` if it is of the same kind as `first`, else -1. */
static int digit_like(const struct key_state *s, struct weight first, uint32_t at)
{
    if (at >= s->unit_count)
        return -1;
    struct weight w = unpack(weight_value(s, unit_at(s, at)));
    return w.diacritic == first.diacritic && w.case_bits == first.case_bits ? digit_of(s, w) : -1;
}

/* A run of digits of one kind as one number: how many there are without leading zeros, then two digits to a byte, then the leading zeros, fewer being greater. It is marked as its digits
 * are. Returns the units taken. */
static uint32_t add_number(struct key_state *s, uint32_t at)
{
    enum { DIGITS_MOST = 0xFD, ZEROS_END = 0xFE, NIBBLE_BIAS = 2 };
    uint32_t zeros = 0, count = 0;
    struct weight first = unpack(weight_value(s, unit_at(s, at)));
    while (zeros < DIGITS_MOST && digit_like(s, first, at + zeros) == 0)
        zeros++;
    while (count < DIGITS_MOST && digit_like(s, first, at + zeros + count) >= 0)
        count++;
    add(s, &s->primary, SCRIPT_DIGIT);
    add(s, &s->primary, 0x02);
    add(s, &s->primary, (uint8_t)(count + NIBBLE_BIAS));
    uint32_t byte = (count & 1) != 0 ? NIBBLE_BIAS : 0;
    for (uint32_t i = 0; i < count; i++) {
        byte = byte << 4 | (uint32_t)(digit_like(s, first, at + zeros + i) + NIBBLE_BIAS);
        if (((count - i) & 1) != 0) {
            add(s, &s->primary, (uint8_t)byte);
            byte = 0;
        }
    }
    add(s, &s->primary, (uint8_t)(ZEROS_END - zeros));
    add_diacritic(s, first);
    add_case(s, first);
    return zeros + count;
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
    if ((s->flags & COLLATION_DIGITS_AS_NUMBERS) != 0 && digit_of(s, unpack(weight_value(s, unit_at(s, at)))) >= 0) {
        *next = at + add_number(s, at);
        goto done;
    }
    uint32_t value, length = find_compression(s, at, &value);
    *next = at + (length != 0 ? length : 1);
    if (length == 0 && (s->sort_flags & SORT_DOUBLE_COMPRESSION) != 0 && at + 1 < s->unit_count &&
        ((weight_value(s, unit_at(s, at)) ^ weight_value(s, unit_at(s, at + 1))) & 0xFFFFFF) == 0 &&
        (length = find_compression(s, at + 1, &value)) != 0) {
        /* Hungarian writes a doubled "cs" as "ccs" */
        *next = at + 1 + length;
        TRY(add_weight(s, at, value & ~((uint32_t)CASE_COMPRESSION << 24)));
    }
    if (length == 0)
        value = weight_value(s, unit_at(s, at));
    if (unpack(value).script == SCRIPT_JAMO && s->collation->table->letters != NULL) {
        *next = at + add_hangul(s, at);
        goto done;
    }
    TRY(add_weight(s, at, value & ~((uint32_t)((value >> 8 & 0xFF) == SCRIPT_EXPANSION ? 0 : CASE_COMPRESSION) << 24)));
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
        if ((s->flags & COLLATION_IGNORE_NON_SPACE) != 0)
            s->kana[KANA_SIZE].size = s->kana[KANA_REPEAT].size = 0;
        put_kana(k, &s->kana[KANA_SIZE], 0xC4 | CASE_FULL_SIZE, 0xFF); /* what is usual does not follow the flags: ignored kinds are listed */
        put_kana(k, &s->kana[KANA_REPEAT], 3, 0x02);
        put_kana(k, &s->kana[KANA_TYPE], 0xC4 | CASE_HIRAGANA, 0xFF);
        put_kana(k, &s->kana[KANA_WIDTH], 0xC4 | CASE_FULL_WIDTH, 0xFF);
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

JET_ERR weights_sort_key(const struct collation *collation, struct span text, uint8_t *out, uint32_t room, uint32_t *size, bool *is_cut)
{
    JET_ERR err = JET_errSuccess;
    enum { LISTS = 4 + KANA_LISTS };
    uint8_t local[LISTS * (LOCAL_ROOM + SLACK)], *block = NULL;
    const uint8_t *sort = sort_entry(collation);
    uint32_t compression = load_le32(sort + 20);
    bool has_casing = (collation->flags & COLLATION_LINGUISTIC_CASING) != 0 && load_le32(sort + 28) != 0;
    struct key_state s = {.collation = collation, .flags = collation->flags, .sort_flags = load_le32(sort + 16), .text = text,
                          .unit_count = text.size / 2, .room = room, .case_mask = case_mask_of(collation->flags),
                          .exceptions = load_le32(sort + (has_casing ? 28 : 24))};
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
    *is_cut = sink.is_cut;
done:
    mem_free(block);
    return err;
}

/* The text in upper case, most significant byte first so that keys compare as characters do, and a zero. */
void weights_upper_case_key(const struct collation *collation, struct span text, uint8_t *out, uint32_t room, uint32_t *size, bool *is_cut)
{
    struct sink sink = {.out = out, .room = room};
    for (uint32_t at = 0, taken; at < text.size / 2 && !sink.is_cut; at += taken) {
        uint16_t units[2];
        uint32_t count = case_map_upper(&collation->table->upper, text, at, units, &taken);
        for (uint32_t i = 0; i < count; i++) {
            put_byte(&sink, (uint8_t)(units[i] >> 8));
            put_byte(&sink, (uint8_t)units[i]);
        }
    }
    put(&sink, (const uint8_t[]){0, 0}, 2);
    *size = sink.size;
    *is_cut = sink.is_cut;
}
