/* Orders of ICU, for text keys where there are no Windows weights.
 *
 * ICU is used through a module that is looked for when it is needed (icu_module.h), so that the library itself depends on nothing: $OPENESE_ICU (a path; empty: none), then
 * beside the library or the program that it is part of, then where the loader looks; never in the current folder, nor where argv[0] says. An index with such keys carries a sort id of its own and a version made of ICU's: neither
 * Windows nor another ICU takes it for its own. Called by collation.c only. Orders are made once for each language and flags and live as long as what they were
 * opened from. Threads: any; the list of orders has a lock (RANK_LEAF). */
#ifndef OPENESE_RECORD_ICU_ORDERS_H
#define OPENESE_RECORD_ICU_ORDERS_H

#include "base/bytes.h"
#include "base/error.h"
#include "record/icu_module.h"

/* 87b806c3-5026-44fb-9807-fbc8266b7253, as the catalog stores it: sort keys made by ICU in the way of icu_orders.c. One for all languages. */
extern const uint8_t ICU_SORT_ID[16];

struct icu_orders;

/* JET_errFeatureNotAvailable: there is no module. JET_errOutOfMemory. */
MUST_CHECK JET_ERR icu_orders_open(struct icu_orders **out);
/* Accepts NULL. No order of it may be in use. */
void icu_orders_close(struct icu_orders *orders);
/* "ICU 72.1". Lives as long as the orders. */
const char *icu_orders_name(const struct icu_orders *orders);
/* What an index of the locale (a name that record/locale.h knows) is stamped with now. JET_errFeatureNotAvailable: ICU has no such order. JET_errOutOfMemory. */
MUST_CHECK JET_ERR icu_orders_version(const struct icu_orders *orders, const char *locale, uint64_t *version);
/* The order of a locale under map flags (enum collation_flag). JET_errFeatureNotAvailable: ICU cannot leave out just that, or has no such order. JET_errOutOfMemory. */
MUST_CHECK JET_ERR icu_orders_find(struct icu_orders *orders, const char *locale, uint32_t flags, const struct icu_order **out);
/* As collation_sort_key. Only the first 2048 characters of a text are looked at: they fill any key but of characters that have no weight. */
MUST_CHECK JET_ERR icu_orders_key(const struct icu_orders *orders, const struct icu_order *order, struct span text, uint8_t *out, uint32_t room, uint32_t *size, bool *is_cut);

/* What the map flags mean to ICU; language is left as it is. False: it cannot leave out just that. */
bool icu_settings_of_flags(uint32_t flags, struct icu_settings *settings);

#endif
