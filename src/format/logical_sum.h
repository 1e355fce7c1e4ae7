/* The sum of what a page says, whatever its bytes look like: equal for two copies of a page of which one has been written by the engine and the other by a replay.
 * Left out are checksums, the flush type, free-space counters, version flags, unused room and the bytes of deleted nodes. Reported by JetGetPageInfo; kept nowhere on disk.
 * Source: published engine source; compared with its answers for pages of 4 to 32 KiB. */
#ifndef OPENESE_FORMAT_LOGICAL_SUM_H
#define OPENESE_FORMAT_LOGICAL_SUM_H

#include <stdint.h>

/* size: a legal page size. Any bytes are safe: lines that reach out of the page are passed over. */
uint64_t page_logical_sum(const uint8_t *bytes, uint32_t size);

#endif
