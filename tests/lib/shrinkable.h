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


/* --- roots at the end --- */

/* As sample_start with pages of 4096 bytes, in a new folder where a log stream goes on whose version knows of roots that move. Needs the shared data. */
void shrinkable_start_in_new_stream(struct sample *s);
/* For live_configure, to start again with that stream or a copy of it: in this folder. */
void shrinkable_stream_folder(const char *folder);
void shrinkable_configure_stream(JET_INSTANCE instance);
/* After sample_start: a table of `early` rows, then table "Last" with columns and indexes as table "Sample" and `rows` rows; then the first goes. So all roots of "Last", open in *last, are
 * at the end of the file. */
void shrinkable_fill_with_roots_last(struct sample *s, int32_t early, int32_t rows, struct sample *last);
/* Opens table "Last" once more. */
void shrinkable_open_last(const struct sample *s, struct sample *last);

#endif
