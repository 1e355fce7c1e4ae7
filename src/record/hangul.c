/* Runs of Hangul letters (hangul.h; [MS-UCODEREF] 3.1.5.2, the part on old Hangul). */
#include "record/hangul.h"

enum { SYLLABLE_FIRST = 0xAC00, BEFORE_SYLLABLES = 0x3260, VOWELS = 21, TRAILING = 28, NO_TRAILING_WEIGHT = 2, FILLER_BIT = 0x80 };
enum { LEADING_FILLER = 0x5F, VOWEL_FILLER = 0x60, NO_LETTER = HANGUL_LETTERS };
enum letter_field { IS_OLD, LEADING_PART, VOWEL_PART, TRAILING_PART, WEIGHT };

/* The characters that can be each part, and the number of the first. */
static const struct range {
    uint16_t first, last, number;
} ranges[HANGUL_PARTS][2] = {
    {{0x1100, 0x115F, 0}, {0xA960, 0xA97C, 0x100}},
    {{0x1160, 0x11A7, 0x60}, {0xD7B0, 0xD7C6, 0x11D}},
    {{0x11A8, 0x11FF, 0xA8}, {0xD7CB, 0xD7FB, 0x134}},
};

/* The number of the letter at *at if it can be `part`, moving *at behind it; else `absent`. */
static uint32_t take_letter(struct span text, uint32_t *at, unsigned part, uint32_t absent)
{
    if (*at >= text.size / 2)
        return absent;
    uint32_t unit = load_le16(text.data + 2 * (size_t)*at);
    for (unsigned i = 0; i < 2; i++) {
        const struct range *range = &ranges[part][i];
        if (unit >= range->first && unit <= range->last) {
            (*at)++;
            return range->number + unit - range->first;
        }
    }
    return absent;
}

static uint8_t field(const uint8_t *letters, uint32_t letter, enum letter_field which)
{
    return letter == NO_LETTER ? 0 : letters[(size_t)letter * HANGUL_LETTER_SIZE + which];
}

static uint32_t greatest(const uint8_t *letters, const uint32_t run[HANGUL_PARTS], enum letter_field which)
{
    uint32_t most = 0;
    for (unsigned i = 0; i < HANGUL_PARTS; i++)
        if (field(letters, run[i], which) > most)
            most = field(letters, run[i], which);
    return most;
}

void hangul_run_at(const uint8_t *letters, struct span text, uint32_t at, struct hangul_run *out)
{
    uint32_t end = at, run[HANGUL_PARTS];
    run[0] = take_letter(text, &end, 0, LEADING_FILLER);
    run[1] = take_letter(text, &end, 1, VOWEL_FILLER);
    run[2] = take_letter(text, &end, 2, NO_LETTER);
    if (greatest(letters, run, IS_OLD) == 0 || end == at) { /* of today: the first alone; a filler counts as old */
        end = at + 1;
        run[1] = VOWEL_FILLER;
        run[2] = NO_LETTER;
    }
    bool has_filler = run[0] == LEADING_FILLER || run[1] == VOWEL_FILLER;
    /* the trailing consonant has no part in the leading one or the vowel of its syllable */
    uint32_t leading = greatest(letters, (const uint32_t[]){run[0], run[1], NO_LETTER}, LEADING_PART), vowel = greatest(letters, (const uint32_t[]){run[0], run[1], NO_LETTER}, VOWEL_PART);
    uint32_t syllable = SYLLABLE_FIRST + (leading * VOWELS + vowel) * TRAILING + greatest(letters, run, TRAILING_PART) - has_filler;
    *out = (struct hangul_run){.syllable = (uint16_t)(syllable < SYLLABLE_FIRST ? BEFORE_SYLLABLES : syllable), .units = end - at};
    for (unsigned i = 0; i < HANGUL_PARTS; i++)
        out->weights[i] = run[i] == NO_LETTER ? (uint8_t)NO_TRAILING_WEIGHT : field(letters, run[i], WEIGHT);
    if (has_filler)
        out->weights[0] |= FILLER_BIT;
}
