/* A new database with one table that has something of everything, for black-box tests of changing rows. */
#ifndef TESTS_LIB_SAMPLE_TABLE_H
#define TESTS_LIB_SAMPLE_TABLE_H

#include "esent.h"
#include "live_instance.h"

/* Table "Sample": primary index "primary" on id.
 *
 *   id      Long, not null              flag   Bit
 *   number  Long                        index "by_number", unique, nulls ignored
 *   text    Text, 1252, variable, 20    index "by_text"
 *   padded  Text, 1252, fixed, 8        raw    Binary, fixed, 6
 *   tags    Text, tagged, multi-valued  index "by_tags"
 *   sum     Long, escrow, default 0     version Long, version
 *   word    Long, tagged                blob   LongBinary, tagged, no limit
 *   small   LongBinary, at most 5000    note   LongText with default "none"
 *   wide    Binary, tagged, 255         index "by_blob" on blob
 */
struct sample {
    struct live_instance live;
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNID id, number, text, padded, raw, tags, flag, sum, version, word, blob, small, note, wide;
};
void sample_start(struct sample *s, uint32_t page_size);
/* The same in an instance that runs already: s->live is filled, the rest is zero. */
void sample_create(struct sample *s);
/* Ends the instance, and has the database verified by the tool that the environment variable ESE_TOOL names. */
void sample_stop(struct sample *s);

/* A table of the given columns, open; column ids go to where the definitions say. index: key of its primary index or NULL. */
JET_TABLEID make_table(struct sample *s, const char *name, JET_COLUMNCREATE *columns, uint32_t column_count, JET_INDEXCREATE *indexes, uint32_t index_count);
JET_COLUMNCREATE column_of(const char *name, uint32_t type, uint32_t size, JET_GRBIT grbit);
/* key: "+a\0-b\0" without its last zero being counted; the literal's size is key_size. */
JET_INDEXCREATE index_of(const char *name, const char *key, uint32_t key_size, JET_GRBIT grbit);

/* --- rows; all fail the test on an error --- */
void set_number(struct sample *s, JET_TABLEID table, JET_COLUMNID column, int32_t value);
void set_text(struct sample *s, JET_TABLEID table, JET_COLUMNID column, const char *value);
JET_ERR set_value(struct sample *s, JET_TABLEID table, JET_COLUMNID column, const void *data, uint32_t size, JET_GRBIT grbit, uint32_t offset, uint32_t sequence);
/* A row with id and number and text, inserted. */
void insert_sample(struct sample *s, int32_t id, int32_t number, const char *text);
/* To the row with this id on the primary index. */
JET_ERR seek_id(struct sample *s, JET_TABLEID table, int32_t id);
int32_t get_number(struct sample *s, JET_TABLEID table, JET_COLUMNID column, JET_GRBIT grbit);
/* The value as a string in a static buffer; "(null)" for null. */
const char *get_text(struct sample *s, JET_TABLEID table, JET_COLUMNID column, uint32_t sequence, JET_GRBIT grbit);
/* The whole value in a static buffer; size UINT32_MAX for null. */
const uint8_t *get_bytes(struct sample *s, JET_TABLEID table, JET_COLUMNID column, JET_GRBIT grbit, uint32_t *size);
uint32_t count_values(struct sample *s, JET_TABLEID table, JET_COLUMNID column, JET_GRBIT grbit);
/* The ids of the rows in the order of an index: "1 2 3". NULL: the primary index. */
const char *ids_by(struct sample *s, JET_TABLEID table, const char *index);

#endif
