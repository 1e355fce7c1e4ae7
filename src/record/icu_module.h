/* The interface between the library and its ICU module (src/icu): plain C types, so that neither side includes the other's world.
 *
 * The library says in ICU's own terms what an order is like; which map flags mean that is decided in record/icu_orders.c. Called by that file, given by
 * src/icu/icu_module.c. Threads: every function may be called by any number of threads at a time, `close` when no other uses the order. */
#ifndef OPENESE_RECORD_ICU_MODULE_H
#define OPENESE_RECORD_ICU_MODULE_H

#include <stdbool.h>
#include <stdint.h>

/* The one symbol that a module shows; the number changes with anything below, so that a library never calls a module of another time. */
#define ICU_MODULE_SYMBOL openese_icu_module_1
#define ICU_MODULE_SYMBOL_TEXT "openese_icu_module_1"
#define ICU_MODULE_FILE "libesent-icu.so"

/* Differences that are taken out of the text beforehand, because a collator cannot pass over one of them alone. */
enum icu_fold { ICU_FOLD_CASE = 0x1, ICU_FOLD_KANA = 0x2, ICU_FOLD_WIDTH = 0x4 };

struct icu_settings {
    const char *language;  /* BCP 47, "de-DE-u-co-phonebk"; "" is the root */
    unsigned levels;       /* 1 letters, 2 and marks, 3 and case, width, kana type */
    bool has_case_level;   /* case besides level 1 */
    bool ignores_symbols;  /* spaces, punctuation, symbols */
    bool counts_numbers;   /* digits as the number that they write */
    unsigned folds;        /* enum icu_fold */
};

enum icu_result { ICU_GOOD, ICU_NO_MEMORY, ICU_REFUSED /* a language or setting that ICU has not, or text that it cannot take */ };

struct icu_order;

struct icu_module {
    /* Version of the ICU library. */
    void (*library_version)(uint8_t version[4]);
    /* Version of the order of a language: ICU's weights and rules. */
    enum icu_result (*order_version)(const char *language, uint8_t version[4]);
    enum icu_result (*open)(const struct icu_settings *settings, struct icu_order **out);
    void (*close)(struct icu_order *order);
    /* The sort key of UTF-16 text, its final 0 included. *size is its whole size; when that is more than room, what `out` holds is of no use. */
    enum icu_result (*sort_key)(const struct icu_order *order, const uint16_t *text, uint32_t units, uint8_t *out, uint32_t room, uint32_t *size);
};

#endif
