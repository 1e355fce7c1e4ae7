/* Sorted runs of rows in the spill file of a temporary table: written once from front to back, read in the same way, and asked whether they hold a key.
 *
 * A run is its rows one after the other. For the question it keeps, in memory, a Bloom filter (one cache line of bits per key) and the key at the start of each stretch of
 * the file, so that a key that is not there costs hardly anything, and one that is there one read.
 *
 * Used by temp_sorter.c only; one thread at a time.
 */
#ifndef OPENESE_CURSOR_TEMP_RUN_H
#define OPENESE_CURSOR_TEMP_RUN_H

#include "cursor/temp_spill.h"

struct temp_run {
    uint64_t offset, size, rows; /* in the file; bytes; number */
    unsigned level;              /* how often its rows have been merged */
    /* For temp_run_has; empty where nobody asks. */
    uint32_t *filter;            /* lines of 32 bytes */
    uint32_t filter_lines;
    struct temp_stretch {
        uint64_t offset;         /* in the file */
        uint32_t key_offset, key_size; /* in keys */
    } *stretches;
    uint32_t stretch_count, stretch_capacity;
    uint8_t *keys;
    uint32_t keys_size, keys_capacity;
};

uint64_t temp_key_hash(struct span key);

void temp_run_free(struct temp_run *run);
/* hash: of the key. */
/* Where temp_run_may_have looks. */
const void *temp_run_line(const struct temp_run *run, uint64_t hash);
bool temp_run_may_have(const struct temp_run *run, uint64_t hash);
/* Looks it up. JET_errOutOfMemory, errors of the file, JET_errDatabaseCorrupted (the file is not as it was written). */
MUST_CHECK JET_ERR temp_run_has(const struct temp_run *run, struct os_file *file, struct span key, bool *has);

struct temp_run_writer {
    struct temp_spill *spill;
    struct temp_run *run;
    uint8_t *buffer;
    size_t used;
    uint64_t stretch_start;
};
/* rows_most: how many will be written, or more. May be asked: temp_run_has will be used. */
MUST_CHECK JET_ERR temp_run_begin(struct temp_run_writer *writer, struct temp_spill *spill, struct temp_run *run, uint64_t rows_most, bool may_be_asked);
MUST_CHECK JET_ERR temp_run_put(struct temp_run_writer *writer, const struct temp_row *row);
/* Writes what is left. */
MUST_CHECK JET_ERR temp_run_end(struct temp_run_writer *writer);
/* Whether it has ended or not. */
void temp_run_writer_free(struct temp_run_writer *writer);

struct temp_run_reader {
    struct os_file *file;
    uint64_t next, end;     /* of what is still to be read */
    uint8_t *buffer;
    size_t capacity, used, at;
};
MUST_CHECK JET_ERR temp_run_open(struct temp_run_reader *reader, const struct temp_run *run, struct os_file *file, size_t buffer);
/* *row lives until the next call; NULL at the end. Errors as of temp_run_has. */
MUST_CHECK JET_ERR temp_run_next(struct temp_run_reader *reader, const struct temp_row **row);
void temp_run_reader_free(struct temp_run_reader *reader);

#endif
