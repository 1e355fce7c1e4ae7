/* Records being made or changed: the writing side of record.h (records-and-catalog 2).
 *
 * A builder takes a record apart into column values, changes them, and puts a record together in the one form that Windows writes. It holds copies of
 * everything, so the page the record came from may be let go. Long values: bytes kept in the record, or the id of a separated value; deciding and storing is the
 * caller's (cursor/update). No I/O, no locks.
 */
#ifndef OPENESE_RECORD_BUILD_H
#define OPENESE_RECORD_BUILD_H

#include "record/record.h"

struct record_builder;

/* A new record with the table's defaults. page_size decides the form. The schema must outlive the builder or be replaced. JET_errOutOfMemory, JET_errRecordTooBig (the defaults
 * alone), JET_errDatabaseCorrupted (a schema that makes no sense). */
MUST_CHECK JET_ERR record_builder_create(const struct table_schema *schema, uint32_t page_size, struct record_builder **out);
/* From an existing record. JET_errDatabaseCorrupted. */
MUST_CHECK JET_ERR record_builder_load(const struct table_schema *schema, uint32_t page_size, struct span record, struct record_builder **out);
/* The same builder for another record: begins again with the defaults, or takes a record. No memory is allocated in the usual case. After an error of reset_from only these two and free may be called. */
MUST_CHECK JET_ERR record_builder_reset(struct record_builder *b);
MUST_CHECK JET_ERR record_builder_reset_from(struct record_builder *b, struct span record);
/* Accepts NULL. */
void record_builder_free(struct record_builder *b);
/* The schema has grown (columns added): same columns, more of them. The record in progress stays as it is. */
void record_builder_set_schema(struct record_builder *b, const struct table_schema *schema);

/* A value as it is to be stored. flags: COLUMN_VALUE_NULL, COLUMN_VALUE_COMPRESSED (bytes are compressed already; tagged columns only), COLUMN_VALUE_SEPARATED (lid), COLUMN_VALUE_ENCRYPTED.
 * The bytes may not be the builder's own (record_builder_get).
 *
 * Fixed and variable columns: sequence is ignored. Fixed columns take exactly their size (callers pad), variable ones up to theirs. A bit that is not 0 becomes 0xFF (not in tagged columns, whose bits stay as given). The record is extended to
 * the column when it does not reach it: columns passed over get their default, or null. A null in a fixed column keeps the bytes that were there.
 * Tagged columns: sequence 1..n replaces a value, 0 or more than n adds one. Null: 1..n removes the value and closes the gap; the only value of a column with a default, and sequence 1 of
 * one without any value, becomes the explicit null; everything else is nothing to do. A compressed value that is not the first is stored plain, as the form has no place to say so.
 *
 * Nothing is changed when an error is returned. JET_errRecordTooBig: the record would be longer than record_size_most (the caller separates long values and comes again).
 * JET_errColumnTooBig, JET_errInvalidBufferSize (size of a fixed-size type), JET_errNullInvalid (not null), JET_errColumnNotFound (deleted, or not of this schema),
 * JET_errOutOfMemory, JET_errDatabaseCorrupted (the loaded record does not fit the schema). */
MUST_CHECK JET_ERR record_builder_set(struct record_builder *b, const struct column *column, uint32_t sequence, const struct column_value *value);
/* The column reads its default again: all values of a tagged column go; a fixed or variable one gets the default, or null when it has none. JET_errNullInvalid, JET_errRecordTooBig. */
MUST_CHECK JET_ERR record_builder_revert(struct record_builder *b, const struct column *column);
/* Like record_column and record_column_count, of the record in progress. Bytes live until the next change. */
MUST_CHECK JET_ERR record_builder_get(const struct record_builder *b, const struct column *column, uint32_t sequence, struct column_value *out);
MUST_CHECK JET_ERR record_builder_count(const struct record_builder *b, const struct column *column, uint32_t *count);

/* The bytes of the record now; they live until the next change. */
MUST_CHECK JET_ERR record_builder_bytes(struct record_builder *b, struct span *out);
/* How many bytes that are. */
uint32_t record_builder_size(const struct record_builder *b);
/* Largest record of a table (records-and-catalog 2). A primary key of columns with a known size leaves more room than the key size of its index says. */
uint32_t record_size_most(const struct table_schema *schema, uint32_t page_size);
/* First column that may not be null and is: JET_errNullInvalid; else 0. */
MUST_CHECK JET_ERR record_builder_check_nulls(const struct record_builder *b);

#endif
