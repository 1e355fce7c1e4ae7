/* Long values written: the changing side of long_value.h (records-and-catalog 3). Root nodes and chunks are versioned nodes of the table's long-value tree like any
 * others, so isolation, rollback and recovery come from btree/. The tree is created by the layer above (catalog/) before. */
#ifndef OPENESE_RECORD_LONG_VALUE_WRITE_H
#define OPENESE_RECORD_LONG_VALUE_WRITE_H

#include "btree/update.h"
#include "record/long_value.h"

/* Errors of all: those of btree/update.h, JET_errOutOfMemory, JET_errLVCorrupted (the value is not there or damaged), JET_errFeatureNotAvailable (encrypted, and
 * the writer has no key), JET_errDecryptionFailed. An error may leave a part of
 * a change done: the caller takes its transaction level back. */
struct long_value_writer {
    struct transaction *transaction;
    const struct btree *tree;      /* writable */
    uint32_t chunk_size;
    bool compress;                 /* try 7-bit and XPRESS per chunk */
    uint32_t compress_minimum;     /* JET_paramMinDataForXpress */
    atomic_uint_least64_t *next_lid; /* of the table; 0: not known yet, found from the end of the tree */
    bool is_lid64;                 /* format >= 70 */
    const struct encryption_key *key; /* new values are encrypted with it, and encrypted ones can be changed; NULL: none */
};
/* A new value with reference count 1. data may be empty. JET_errColumnTooBig, JET_errOutOfLongValueIDs. */
MUST_CHECK JET_ERR long_value_create(const struct long_value_writer *w, struct span data, uint64_t *lid);
/* Writes at offset, growing the value when needed (a gap is zero filled). offset == size appends. JET_errColumnTooBig beyond 2 GiB - 1. Only for values with reference count 1: see long_value_own. */
MUST_CHECK JET_ERR long_value_write(const struct long_value_writer *w, uint64_t lid, uint32_t offset, struct span data);
MUST_CHECK JET_ERR long_value_set_size(const struct long_value_writer *w, uint64_t lid, uint32_t size);
/* If other records share the value: a private copy (*lid becomes it) and one reference less on the old. */
MUST_CHECK JET_ERR long_value_own(const struct long_value_writer *w, uint64_t *lid);
MUST_CHECK JET_ERR long_value_add_reference(const struct long_value_writer *w, uint64_t lid);
/* One reference less; with the last one root and chunks are deleted. JET_errWriteConflict when others are giving up references at the same time, so that nobody would see the last one go. */
MUST_CHECK JET_ERR long_value_release(const struct long_value_writer *w, uint64_t lid);
/* The size and references this transaction sees. */
MUST_CHECK JET_ERR long_value_get_info(const struct long_value_writer *w, uint64_t lid, struct long_value_info *out);

#endif
