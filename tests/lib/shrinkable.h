/* A database whose end is worth moving: a table that is gone has left the room before it (JET_dbparamShrinkDatabaseOptions). */
#ifndef TESTS_LIB_SHRINKABLE_H
#define TESTS_LIB_SHRINKABLE_H

#include "sample_table.h"

/* Sets JET_paramDbExtensionSize to 16: for live_configure, before shrinkable_fill's instance starts. */
void shrinkable_configure(JET_INSTANCE instance);
/* Into a new sample: a table of `early` rows, then `late` rows of the sample with texts, tags and long values, whose roots stand before all that; then the table goes. */
void shrinkable_fill(struct sample *s, int32_t early, int32_t late);
/* Of all rows, in the order of every index. */
uint64_t shrinkable_digest(struct sample *s);
/* Attaches with these parameters (quota < 0: none), and opens table "Sample". *pages: what the file has then. */
void shrinkable_attach(struct sample *s, const char *path, uint32_t options, int32_t quota_ms, uint32_t size_limit, uint32_t *pages);

#endif
