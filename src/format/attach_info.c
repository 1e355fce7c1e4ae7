/* Attachment list and parameter block (attach_info.h). Offsets: log-files 2.5 and 2.6. */
#include "format/attach_info.h"

static lgpos_t load_lgpos(const uint8_t *p) { return load_le64(p); }

JET_ERR attach_info_decode(const uint8_t *list, uint32_t list_size, uint32_t *offset, struct attach_info *out, bool *at_end)
{
    memset(out, 0, sizeof *out);
    *at_end = *offset >= list_size || list[*offset] == 0;
    if (*at_end)
        return JET_errSuccess;
    const uint8_t *p = list + *offset;
    if (!range_within(*offset, ATTACH_INFO_FIXED_SIZE, list_size))
        return error_raise(JET_errLogCorrupted, __FILE__, __LINE__);
    uint32_t path_size = load_le16(p + 2);
    if (!range_within((uint64_t)*offset + ATTACH_INFO_FIXED_SIZE, path_size, list_size))
        return error_raise(JET_errLogCorrupted, __FILE__, __LINE__);
    out->dbid = p[0];
    out->flags = p[1];
    out->dbtime = load_le64(p + 4);
    out->objid_last = load_le32(p + 12);
    out->size_max_pages = load_le32(p + 16);
    out->lgpos_attach = load_lgpos(p + 20);
    out->lgpos_consistent = load_lgpos(p + 28);
    memcpy(out->db_signature.bytes, p + 36, SIGNATURE_SIZE);
    out->path = span_of(p + ATTACH_INFO_FIXED_SIZE, path_size);
    *offset += ATTACH_INFO_FIXED_SIZE + path_size;
    return JET_errSuccess;
}

JET_ERR attach_info_encode(const struct attach_info *info, uint8_t *list, uint32_t list_size, uint32_t *offset)
{
    uint32_t size = ATTACH_INFO_FIXED_SIZE + info->path.size;
    if (info->path.size > UINT16_MAX || !range_within(*offset, (uint64_t)size + 1, list_size))
        return JET_errBufferTooSmall;
    uint8_t *p = list + *offset;
    p[0] = info->dbid;
    p[1] = info->flags;
    store_le16(p + 2, (uint16_t)info->path.size);
    store_le64(p + 4, info->dbtime);
    store_le32(p + 12, info->objid_last);
    store_le32(p + 16, info->size_max_pages);
    store_le64(p + 20, info->lgpos_attach);
    store_le64(p + 28, info->lgpos_consistent);
    memcpy(p + 36, info->db_signature.bytes, SIGNATURE_SIZE);
    if (info->path.size > 0)
        memcpy(p + ATTACH_INFO_FIXED_SIZE, info->path.data, info->path.size);
    *offset += size;
    list[*offset] = 0;
    return JET_errSuccess;
}

void dbms_param_decode(const uint8_t *bytes, struct dbms_param *out)
{
    memcpy(out->system_path, bytes, DBMS_PATH_SIZE);
    memcpy(out->log_path, bytes + 261, DBMS_PATH_SIZE);
    out->system_path[DBMS_PATH_SIZE - 1] = out->log_path[DBMS_PATH_SIZE - 1] = 0;
    out->flags = bytes[522];
    out->sessions = load_le32(bytes + 523);
    out->open_tables = load_le32(bytes + 527);
    out->version_pages = load_le32(bytes + 531);
    out->cursors = load_le32(bytes + 535);
    out->log_buffers = load_le32(bytes + 539);
    out->log_sectors = load_le32(bytes + 543);
    out->cache_pages = load_le32(bytes + 547);
}

void dbms_param_encode(const struct dbms_param *param, uint8_t *bytes)
{
    memset(bytes, 0, DBMS_PARAM_SIZE);
    memcpy(bytes, param->system_path, strnlen(param->system_path, DBMS_PATH_SIZE - 1));
    memcpy(bytes + 261, param->log_path, strnlen(param->log_path, DBMS_PATH_SIZE - 1));
    bytes[522] = param->flags;
    store_le32(bytes + 523, param->sessions);
    store_le32(bytes + 527, param->open_tables);
    store_le32(bytes + 531, param->version_pages);
    store_le32(bytes + 535, param->cursors);
    store_le32(bytes + 539, param->log_buffers);
    store_le32(bytes + 543, param->log_sectors);
    store_le32(bytes + 547, param->cache_pages);
}
