/* Conjoining letters of Hangul (jamo) in sort keys: where a run of letters stands among the syllables.
 *
 * A leading consonant, a vowel and perhaps a trailing consonant that no modern syllable has (an old letter is among them) sort behind the syllable they are closest to, by a weight for
 * each letter. Letters of today stand alone. The letters are numbered: U+1100.., then U+A960.., U+D7B0.. (a table of 8 bytes each in the weight file: is it old; its leading,
 * vowel and trailing part in syllables of today; its weight). Called by collation.c and collation_key.c. No locks. */
#ifndef OPENESE_RECORD_HANGUL_H
#define OPENESE_RECORD_HANGUL_H

#include "base/bytes.h"

enum { HANGUL_LETTERS = 357, HANGUL_LETTER_SIZE = 8, HANGUL_PARTS = 3 };

struct hangul_run {
    uint16_t syllable;             /* whose weight goes first */
    uint8_t weights[HANGUL_PARTS]; /* then those of the letters, leading, vowel, trailing */
    uint32_t units;                /* taken of the text, at least 1 */
};
/* The run that begins at unit `at` of UTF-16LE text. letters: HANGUL_LETTERS entries. */
void hangul_run_at(const uint8_t *letters, struct span text, uint32_t at, struct hangul_run *out);

#endif
