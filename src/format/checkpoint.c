/* Checkpoint copy (checkpoint.h). Offsets: log-files 11. */
#include "format/checkpoint.h"

#include "format/checksum.h"
#include "format/db_header.h"

JET_ERR checkpoint_decode(const uint8_t *bytes, struct checkpoint *out)
{
    JET_ERR err = JET_errSuccess;
    if (!checksum_header_is_valid(bytes, CHECKPOINT_COPY_SIZE))
        RAISE(JET_errCheckpointCorrupt);
    if (load_le32(bytes + 667) != FILE_TYPE_CHECKPOINT)
        RAISE(JET_errFileInvalidType);
    out->lgpos_full_backup_checkpoint = load_le64(bytes + 4);
    out->lgpos_checkpoint = load_le64(bytes + 12);
    memcpy(out->log_signature.bytes, bytes + 20, SIGNATURE_SIZE);
    dbms_param_decode(bytes + 48, &out->parameters);
    out->full_backup = load_le64(bytes + 615);
    memcpy(out->full_backup_time.bytes, bytes + 623, LOG_TIME_SIZE);
    out->incremental_backup = load_le64(bytes + 631);
    memcpy(out->incremental_backup_time.bytes, bytes + 639, LOG_TIME_SIZE);
    out->has_attach_list = (bytes[647] & 1) != 0;
    out->lgpos_consistency = load_le64(bytes + 648);
    memcpy(out->attach_list, bytes + 679, ATTACH_LIST_SIZE);
done:
    return err;
}

void checkpoint_encode(const struct checkpoint *checkpoint, uint8_t *bytes)
{
    memset(bytes, 0, CHECKPOINT_COPY_SIZE);
    store_le64(bytes + 4, checkpoint->lgpos_full_backup_checkpoint);
    store_le64(bytes + 12, checkpoint->lgpos_checkpoint);
    memcpy(bytes + 20, checkpoint->log_signature.bytes, SIGNATURE_SIZE);
    dbms_param_encode(&checkpoint->parameters, bytes + 48);
    store_le64(bytes + 615, checkpoint->full_backup);
    memcpy(bytes + 623, checkpoint->full_backup_time.bytes, LOG_TIME_SIZE);
    store_le64(bytes + 631, checkpoint->incremental_backup);
    memcpy(bytes + 639, checkpoint->incremental_backup_time.bytes, LOG_TIME_SIZE);
    bytes[647] = checkpoint->has_attach_list ? 1 : 0;
    store_le64(bytes + 648, checkpoint->lgpos_consistency);
    store_le32(bytes + 667, FILE_TYPE_CHECKPOINT);
    memcpy(bytes + 679, checkpoint->attach_list, ATTACH_LIST_SIZE);
    store_le32(bytes, checksum_header(bytes, CHECKPOINT_COPY_SIZE));
}
