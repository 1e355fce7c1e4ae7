/* The rows of a temporary table in their order, any of them within reach by place or key, and to be changed: chunks of neighbouring rows, as many in memory as may be, the
 * others in a spill file.
 *
 * A directory in memory tells where each chunk begins (a key) and how many rows it has (summed up in a Fenwick tree, so that row number n is found in logarithmic time).
 * A chunk is read when it is wanted; the one least recently used makes room and is written if it has changed.
 *
 * Called by temp_table.c; one thread at a time. A row handed out lives until the next call.
 */
#ifndef OPENESE_CURSOR_TEMP_CHUNKS_H
#define OPENESE_CURSOR_TEMP_CHUNKS_H

#include "cursor/temp_spill.h"

struct temp_chunks;

MUST_CHECK JET_ERR temp_chunks_create(const struct temp_spill *spill, size_t memory_most, struct temp_chunks **out);
/* Accepts NULL. */
void temp_chunks_free(struct temp_chunks *chunks);
uint32_t temp_chunks_count(const struct temp_chunks *chunks);
/* Adds a copy of a row whose key is not below that of the last one; only while rows come by this function alone. */
MUST_CHECK JET_ERR temp_chunks_append(struct temp_chunks *chunks, const struct temp_row *row);
/* Adds the row in its place, and takes it over (mem_free) on success. JET_errKeyDuplicate, JET_errOutOfMemory, errors of the spill file. */
MUST_CHECK JET_ERR temp_chunks_insert(struct temp_chunks *chunks, struct temp_row *row);
/* Row number `at`. JET_errNoCurrentRecord. */
MUST_CHECK JET_ERR temp_chunks_get(struct temp_chunks *chunks, uint32_t at, const struct temp_row **row);
/* Gives the place another row with the same key, which it takes over on success. */
MUST_CHECK JET_ERR temp_chunks_replace(struct temp_chunks *chunks, uint32_t at, struct temp_row *row);
/* Fails only where the row's chunk has to be read and cannot be. */
MUST_CHECK JET_ERR temp_chunks_remove(struct temp_chunks *chunks, uint32_t at);
/* Place of the first row whose key is >= key (> with `after`). */
MUST_CHECK JET_ERR temp_chunks_search(struct temp_chunks *chunks, struct span key, bool after, uint32_t *at);

#endif
