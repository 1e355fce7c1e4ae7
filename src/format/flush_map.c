/* Flush map codec (flush_map.h). */
#include "format/flush_map.h"

#include "base/assert.h"

/* Header block (offset, size): 0 sum; 4/8/12 version; 36 flags; 40 create, 48 attach, 56 detach times; 64 generation; 68 target;
 * 72/80 full flush times; 88 database header signature; 116 own signature; 667 file type. */
enum { FILE_TYPE_OFFSET = 667, MAP_PAGE_FLAGS = 0x2000 /* new checksum format */ };

JET_ERR flush_map_header_decode(const uint8_t *block, struct flush_map_header *out)
{
    JET_ERR err = JET_errSuccess;
    memset(out, 0, sizeof *out);
    if (!checksum_header_is_valid(block, FLUSH_MAP_PAGE_SIZE))
        RAISE(JET_errReadVerifyFailure);
    if (load_le32(block + FILE_TYPE_OFFSET) != FILE_TYPE_FLUSH_MAP)
        RAISE(JET_errFileInvalidType);
    if (load_le32(block + 4) != FLUSH_MAP_VERSION_MAJOR)
        RAISE(JET_errFlushMapVersionUnsupported);
    out->checksum = load_le32(block);
    out->version_major = load_le32(block + 4);
    out->version_update_major = load_le32(block + 8);
    out->version_update_minor = load_le32(block + 12);
    out->flags = load_le32(block + 36);
    memcpy(out->logtime_create.bytes, block + 40, LOG_TIME_SIZE);
    memcpy(out->logtime_attach.bytes, block + 48, LOG_TIME_SIZE);
    memcpy(out->logtime_detach.bytes, block + 56, LOG_TIME_SIZE);
    out->gen_min_required = load_le32(block + 64);
    out->gen_min_required_target = load_le32(block + 68);
    memcpy(out->logtime_flush_started.bytes, block + 72, LOG_TIME_SIZE);
    memcpy(out->logtime_flush_completed.bytes, block + 80, LOG_TIME_SIZE);
    memcpy(out->db_header_flush_signature.bytes, block + 88, SIGNATURE_SIZE);
    memcpy(out->flush_map_signature.bytes, block + 116, SIGNATURE_SIZE);
    out->file_type = FILE_TYPE_FLUSH_MAP;
done:
    return err;
}

void flush_map_header_encode(const struct flush_map_header *header, uint8_t *block)
{
    memset(block, 0, FLUSH_MAP_PAGE_SIZE);
    store_le32(block + 4, FLUSH_MAP_VERSION_MAJOR);
    store_le32(block + 36, header->flags);
    memcpy(block + 40, header->logtime_create.bytes, LOG_TIME_SIZE);
    memcpy(block + 48, header->logtime_attach.bytes, LOG_TIME_SIZE);
    memcpy(block + 56, header->logtime_detach.bytes, LOG_TIME_SIZE);
    store_le32(block + 64, header->gen_min_required);
    store_le32(block + 68, header->gen_min_required_target);
    memcpy(block + 72, header->logtime_flush_started.bytes, LOG_TIME_SIZE);
    memcpy(block + 80, header->logtime_flush_completed.bytes, LOG_TIME_SIZE);
    memcpy(block + 88, header->db_header_flush_signature.bytes, SIGNATURE_SIZE);
    memcpy(block + 116, header->flush_map_signature.bytes, SIGNATURE_SIZE);
    store_le32(block + FILE_TYPE_OFFSET, FILE_TYPE_FLUSH_MAP);
    store_le32(block, checksum_header(block, FLUSH_MAP_PAGE_SIZE));
}

bool flush_map_matches(const struct flush_map_header *map, const struct db_header *db)
{
    /* Either file's header may have been written last when the machine stopped, so one agreeing signature is enough. */
    if (!signature_equal(&map->db_header_flush_signature, &db->header_flush_signature) &&
        !signature_equal(&map->flush_map_signature, &db->flush_map_signature))
        return false;
    return (map->flags & FLUSH_MAP_FLAG_CLEAN) != 0 || db->gen_min_required <= map->gen_min_required;
}

void flush_map_page_init(uint8_t *block, uint32_t map_page)
{
    memset(block, 0, FLUSH_MAP_PAGE_SIZE);
    store_le32(block + 16, map_page);
    store_le32(block + 36, MAP_PAGE_FLAGS);
}

JET_ERR flush_map_page_verify(uint8_t *block, uint32_t map_page)
{
    JET_ERR err = JET_errSuccess;
    struct checksum_result result = checksum_verify_block(block, FLUSH_MAP_PAGE_SIZE, map_page, true);
    if (result.verdict == CHECKSUM_ZERO)
        RAISE(JET_errPageNotInitialized);
    if (result.verdict == CHECKSUM_BAD)
        RAISE(JET_errReadVerifyFailure);
    if (load_le32(block + 16) != map_page)
        RAISE(JET_errReadPgnoVerifyFailure);
done:
    return err;
}

void flush_map_page_seal(uint8_t *block, uint32_t map_page, uint64_t dbtime_max)
{
    store_le64(block + 8, dbtime_max);
    store_le32(block + 16, map_page);
    store_le32(block + 36, MAP_PAGE_FLAGS);
    store_le64(block, checksum_ecc(block, FLUSH_MAP_PAGE_SIZE, map_page, true));
}

uint64_t flush_map_page_dbtime_max(const uint8_t *block) { return load_le64(block + 8); }

unsigned flush_map_get(const uint8_t *block, page_no_t page_no)
{
    uint32_t i = page_no % FLUSH_MAP_PAGES_PER_MAP_PAGE;
    return (unsigned)block[FLUSH_MAP_PAGE_HEADER + i / 4] >> (6 - 2 * (i % 4)) & 3u;
}

void flush_map_set(uint8_t *block, page_no_t page_no, unsigned code)
{
    assert(code <= 3);
    uint32_t i = page_no % FLUSH_MAP_PAGES_PER_MAP_PAGE;
    unsigned shift = 6 - 2 * (i % 4);
    uint8_t *at = &block[FLUSH_MAP_PAGE_HEADER + i / 4];
    *at = (uint8_t)((*at & ~(3u << shift)) | code << shift);
}
