/* Sorts the rows of a temporary table, however many: those that fit in memory are sorted there, the others wait in a spill file as sorted runs, and reading merges all of
 * them. Reading goes forward only; it can begin anew any number of times.
 *
 * Order: by key, then by number. Where equal keys are to be dropped the first row of each key stays.
 * Called by temp_table.c; one thread at a time.
 */
#ifndef OPENESE_CURSOR_TEMP_SORTER_H
#define OPENESE_CURSOR_TEMP_SORTER_H

#include "cursor/temp_spill.h"

struct temp_sorter;

/* memory_most: bytes of rows in memory before a run is written, while spilling is possible. */
MUST_CHECK JET_ERR temp_sorter_create(const struct temp_spill *spill, size_t memory_most, bool drops_equal, struct temp_sorter **out);
/* Accepts NULL. */
void temp_sorter_free(struct temp_sorter *sorter);
/* Room for one more row of that size (a multiple of 8), aligned, to be filled and then given to temp_sorter_add: nothing else may be called between, but asking again takes
 * the same room. JET_errOutOfMemory, errors of the spill file. Ends reading. */
MUST_CHECK JET_ERR temp_sorter_reserve(struct temp_sorter *sorter, uint32_t size, struct temp_row **room);
/* Adds the row that was filled in. JET_errOutOfMemory. */
MUST_CHECK JET_ERR temp_sorter_add(struct temp_sorter *sorter);
/* Adds the row unless there is one with its key: JET_errKeyDuplicate. Only for a sorter that has got all its rows by this function. */
MUST_CHECK JET_ERR temp_sorter_add_new(struct temp_sorter *sorter);
/* Rows added, equal ones too. */
uint64_t temp_sorter_count(const struct temp_sorter *sorter);
bool temp_sorter_has_spilled(const struct temp_sorter *sorter);

/* Begins to read in order, before the first row. */
MUST_CHECK JET_ERR temp_sorter_begin(struct temp_sorter *sorter);
/* The next row; *row lives until the next call. NULL: there is none. */
MUST_CHECK JET_ERR temp_sorter_next(struct temp_sorter *sorter, const struct temp_row **row);

#endif
