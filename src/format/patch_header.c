/* Trailer codec (patch_header.h). */
#include "format/patch_header.h"

#include "format/checksum.h"

JET_ERR patch_header_decode(const uint8_t *page, uint32_t page_size, struct patch_header *out)
{
    JET_ERR err = JET_errSuccess;
    memset(out, 0, sizeof *out);
    if (!checksum_header_is_valid(page, page_size)) /* never true of zeros: the sum has a seed */
        RAISE(JET_errReadVerifyFailure);
    out->backup = backup_info_decode(page + 40);
    memcpy(out->db_signature.bytes, page + 64, SIGNATURE_SIZE);
    memcpy(out->log_signature.bytes, page + 92, SIGNATURE_SIZE);
    out->gen_min_required = load_le32(page + 120);
    out->gen_max_required = load_le32(page + 124);
    out->gen_max_committed = load_le32(page + 128);
    memcpy(out->logtime_max_required.bytes, page + 132, LOG_TIME_SIZE);
    memcpy(out->logtime_max_committed.bytes, page + 140, LOG_TIME_SIZE);
done:
    return err;
}

void patch_header_encode(const struct patch_header *header, uint8_t *page, uint32_t page_size)
{
    memset(page, 0, page_size);
    backup_info_encode(&header->backup, page + 40);
    memcpy(page + 64, header->db_signature.bytes, SIGNATURE_SIZE);
    memcpy(page + 92, header->log_signature.bytes, SIGNATURE_SIZE);
    store_le32(page + 120, header->gen_min_required);
    store_le32(page + 124, header->gen_max_required);
    store_le32(page + 128, header->gen_max_committed);
    memcpy(page + 132, header->logtime_max_required.bytes, LOG_TIME_SIZE);
    memcpy(page + 140, header->logtime_max_committed.bytes, LOG_TIME_SIZE);
    store_le32(page, checksum_header(page, page_size));
}

JET_ERR patch_header_check(const struct patch_header *header, const struct db_header *db)
{
    JET_ERR err = JET_errSuccess;
    const struct backup_info *mark = &db->backup_full_current;
    if (!signature_equal(&header->db_signature, &db->db_signature) || !signature_equal(&header->log_signature, &db->log_signature) ||
        header->backup.mark != mark->mark || !log_time_equal(header->backup.time, mark->time) || header->backup.gen_low != mark->gen_low ||
        header->backup.gen_high < header->backup.gen_low)
        RAISE(JET_errDatabasePatchFileMismatch);
done:
    return err;
}
