/* Log header (log_header.h).
 *
 *     0 u32 checksum      44 signature        640 lgpos checkpoint      667 u32 file type (3)
 *     4 i32 generation    72 DBMS_PARAM       648 u32 updateMinor       671 attachment list, 2048
 *     8 u16 sector size  639 u8 flags         652 u8 sector mismatch   2719 zero
 *    10 u16 header sectors                    653 u64 checksum of the generation before
 *    12 u16 sectors of the file               661 u32 engine version
 *    14 u16 page size    16 created   24 previous created   32 major   36 minor   40 updateMajor
 */
#include "format/log_header.h"

#include "format/checksum.h"
#include "format/db_header.h"
#include "format/page.h"

void log_header_decode(const uint8_t *bytes, struct log_header *out)
{
    out->checksum = load_le32(bytes);
    out->generation = load_le32(bytes + 4);
    out->sector_size = load_le16(bytes + 8);
    out->header_sectors = load_le16(bytes + 10);
    out->file_sectors = load_le16(bytes + 12);
    out->page_size = load_le16(bytes + 14) != 0 ? load_le16(bytes + 14) : 4096;
    memcpy(out->created.bytes, bytes + 16, LOG_TIME_SIZE);
    memcpy(out->previous_created.bytes, bytes + 24, LOG_TIME_SIZE);
    out->version.major = load_le32(bytes + 32);
    out->version.minor = load_le32(bytes + 36);
    out->version.update_major = load_le32(bytes + 40);
    out->version.update_minor = load_le32(bytes + 648);
    memcpy(out->log_signature.bytes, bytes + 44, SIGNATURE_SIZE);
    dbms_param_decode(bytes + 72, &out->parameters);
    out->flags = bytes[639];
    out->checkpoint = load_le64(bytes + 640);
    out->sector_size_mismatch = bytes[652];
    out->checksum_previous = load_le64(bytes + 653);
    out->engine_version = load_le32(bytes + 661);
    out->writer_mark = load_le16(bytes + 665);
    out->file_type = load_le32(bytes + 667);
    memcpy(out->attach_list, bytes + 671, ATTACH_LIST_SIZE);
}

JET_ERR log_header_check(const uint8_t *bytes, uint64_t file_size)
{
    JET_ERR err = JET_errSuccess;
    struct log_version version = {load_le32(bytes + 32), load_le32(bytes + 36), load_le32(bytes + 40), load_le32(bytes + 648)};
    uint32_t sectors = load_le16(bytes + 12), generation = load_le32(bytes + 4);
    if (!checksum_header_is_valid(bytes, LOG_SEGMENT_SIZE))
        RAISE(JET_errLogFileCorrupt);
    if (load_le32(bytes + 667) != FILE_TYPE_LOG)
        RAISE(JET_errFileInvalidType);
    /* A higher update major, or an equal one with a higher minor, is unknown; a lower one with a higher minor is read (10). */
    if (version.major != LOG_VERSION_NEWEST.major || version.minor != LOG_VERSION_NEWEST.minor ||
        version.update_major > LOG_VERSION_NEWEST.update_major ||
        (version.update_major == LOG_VERSION_NEWEST.update_major && version.update_minor > LOG_VERSION_NEWEST.update_minor))
        RAISE(JET_errBadLogVersion);
    if (load_le16(bytes + 8) != LOG_SEGMENT_SIZE)
        RAISE(JET_errLogFileSizeMismatch);
    if (load_le16(bytes + 10) != 1 || sectors < LOG_SECTORS_MIN || generation == 0 || generation > LOG_GENERATION_MAX)
        RAISE(JET_errLogFileCorrupt);
    if (file_size != 0 && file_size != (uint64_t)sectors * LOG_SEGMENT_SIZE)
        RAISE(JET_errLogFileSizeMismatch);
    if (load_le16(bytes + 14) != 0 && !page_size_is_legal(load_le16(bytes + 14)))
        RAISE(JET_errLogFileCorrupt);
done:
    return err;
}

void log_header_encode(const struct log_header *header, uint8_t *bytes)
{
    memset(bytes, 0, LOG_SEGMENT_SIZE);
    store_le32(bytes + 4, header->generation);
    store_le16(bytes + 8, header->sector_size);
    store_le16(bytes + 10, header->header_sectors);
    store_le16(bytes + 12, header->file_sectors);
    store_le16(bytes + 14, (uint16_t)header->page_size);
    memcpy(bytes + 16, header->created.bytes, LOG_TIME_SIZE);
    memcpy(bytes + 24, header->previous_created.bytes, LOG_TIME_SIZE);
    store_le32(bytes + 32, header->version.major);
    store_le32(bytes + 36, header->version.minor);
    store_le32(bytes + 40, header->version.update_major);
    memcpy(bytes + 44, header->log_signature.bytes, SIGNATURE_SIZE);
    dbms_param_encode(&header->parameters, bytes + 72);
    bytes[639] = header->flags;
    store_le64(bytes + 640, header->checkpoint);
    store_le32(bytes + 648, header->version.update_minor);
    bytes[652] = header->sector_size_mismatch;
    store_le64(bytes + 653, header->checksum_previous);
    store_le32(bytes + 661, header->engine_version);
    store_le16(bytes + 665, header->writer_mark);
    store_le32(bytes + 667, header->file_type);
    memcpy(bytes + 671, header->attach_list, ATTACH_LIST_SIZE);
    store_le32(bytes, checksum_header(bytes, LOG_SEGMENT_SIZE));
}
