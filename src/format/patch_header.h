/* The trailer of a backed-up database: one page after the last page of the copy, saying which log generations complete it
 * (backup-and-restore 8; data/engine/backup_4k/full/data.edb, last page).
 *
 *   +0    4  header sum over the page      +92   28  log signature
 *   +40  24  backup_info                   +120  4   first generation required     +132  8  time of the last required one
 *   +64  28  database signature            +124  4   last generation required      +140  8  time of the last committed one
 *                                          +128  4   last generation committed
 */
#ifndef OPENESE_FORMAT_PATCH_HEADER_H
#define OPENESE_FORMAT_PATCH_HEADER_H

#include <stdint.h>

#include "base/error.h"
#include "format/db_header.h"

struct patch_header {
    struct backup_info backup;      /* gen_low: first of the set; gen_high: log tip when the trailer was made */
    struct signature db_signature, log_signature;
    uint32_t gen_min_required, gen_max_required, gen_max_committed; /* zero in formats without them */
    struct log_time logtime_max_required, logtime_max_committed;
};

/* From the page after the last database page. JET_errReadVerifyFailure when its sum is wrong or it is all zero (a backup cut short). */
MUST_CHECK JET_ERR patch_header_decode(const uint8_t *page, uint32_t page_size, struct patch_header *out);
/* Writes the whole page. */
void patch_header_encode(const struct patch_header *header, uint8_t *page, uint32_t page_size);
/* Does the trailer belong to this header copy: same database and log signatures, same mark and mark time, same first generation, a last
 * generation not before it. JET_errDatabasePatchFileMismatch. */
MUST_CHECK JET_ERR patch_header_check(const struct patch_header *header, const struct db_header *db);

#endif
