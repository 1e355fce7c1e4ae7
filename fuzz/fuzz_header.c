/* The header pair of a database: validity at every page size, decode, encode, trailer and flush-map headers. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "format/checksum.h"
#include "format/db_header.h"
#include "format/flush_map.h"
#include "format/page.h"
#include "format/patch_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same bytes with a right sum, so that the decoders are reached. */
static void try_block(uint8_t *block, uint32_t size)
{
    struct db_header header, again;
    struct patch_header trailer;
    struct flush_map_header map;
    if (db_header_decode(block, size, &header) >= 0) {
        assert_always(db_header_is_valid(block, size));
        (void)db_state_name(header.state);
        (void)db_header_version_at_least(&header, header.update_major, header.update_minor);
        db_header_encode(&header, block, size);
        assert_always(db_header_decode(block, size, &again) >= 0);
        assert_always(again.dbtime == header.dbtime && again.file_type == header.file_type && again.page_size == size);
        db_header_set_state(&header, (enum db_state)(header.state % 9));
        if (patch_header_decode(block, size, &trailer) >= 0)
            (void)(patch_header_check(&trailer, &header) < 0);
    }
    if (size == FLUSH_MAP_PAGE_SIZE) {
        if (flush_map_header_decode(block, &map) >= 0)
            (void)flush_map_matches(&map, &header);
        if (flush_map_page_verify(block, 0) >= 0)
            (void)flush_map_get(block, load_le32(block));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *block = (uint8_t *)malloc(PAGE_SIZE_MAX);
    if (block == NULL)
        return 0;
    for (uint32_t page_size = PAGE_SIZE_MIN; page_size <= PAGE_SIZE_MAX; page_size *= 2)
        for (int repaired = 0; repaired < 2; repaired++) {
            memset(block, 0, PAGE_SIZE_MAX);
            memcpy(block, data, size < page_size ? size : page_size);
            if (repaired) {
                store_le32(block + 4, DB_HEADER_MAGIC);
                store_le32(block + 236, page_size);
                store_le32(block, checksum_header(block, page_size));
            }
            try_block(block, page_size);
        }
    free(block);
    return 0;
}
