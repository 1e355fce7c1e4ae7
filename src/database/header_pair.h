/* The two copies of the header at the start of a database file: reading the better one, and writing both so that one good copy survives any
 * crash (database-file 2.4). For database/ and for those who work on the headers of unattached files. */
#ifndef OPENESE_DATABASE_HEADER_PAIR_H
#define OPENESE_DATABASE_HEADER_PAIR_H

#include "format/db_header.h"
#include "os/file.h"

enum header_copy { HEADER_PRIMARY, HEADER_SHADOW, HEADER_COPIES };

struct header_pair {
    uint32_t page_size;
    bool used_shadow;
    bool copy_is_bad[HEADER_COPIES]; /* unreadable, invalid, or different from the one in `page` */
    uint8_t *page;                   /* a new block of page_size bytes, freed with mem_free */
    struct db_header header;
};

/* Finds and decodes the header. Errors: JET_errFileIOBeyondEOF (shorter than the smallest header), JET_errDatabaseCorrupted (neither copy valid;
 * old formats have errors of their own), JET_errDiskIO (neither copy valid, and one could not be read), JET_errOutOfMemory. On error nothing
 * is to be freed. */
MUST_CHECK JET_ERR header_pair_read(struct os_file *file, struct header_pair *out);

/* Writes `page` to both places, each with its own sync, a bad copy first: while one copy is being written the other is good. copy_is_bad is
 * kept up to date, also on error. */
MUST_CHECK JET_ERR header_pair_write(struct os_file *file, const uint8_t *page, uint32_t page_size, bool copy_is_bad[HEADER_COPIES]);

/* What a header of this format version means to us, by its major version: success for 0x620, else the error for its family. */
MUST_CHECK JET_ERR header_version_error(uint32_t version_major);

#endif
