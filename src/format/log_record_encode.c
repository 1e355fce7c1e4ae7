/* Encoders of records (log_record.h). Layouts: log-files 8, 9.1 - 9.4, 9.8. */
#include "format/log_record.h"

uint32_t log_record_encode_init2(uint8_t *out, const struct dbms_param *parameters, struct log_time now)
{
    out[0] = LR_INIT2;
    dbms_param_encode(parameters, out + 1);
    memcpy(out + 568, now.bytes, LOG_TIME_SIZE);
    return LR_INIT2_SIZE;
}

uint32_t log_record_encode_term2(uint8_t *out, uint8_t type, lgpos_t position, lgpos_t redo_from, bool is_hard, struct log_time now)
{
    out[0] = type;
    store_le64(out + 1, position);
    store_le64(out + 9, redo_from);
    out[17] = is_hard ? 1 : 0;
    memcpy(out + 18, now.bytes, LOG_TIME_SIZE);
    return LR_TERM2_SIZE;
}

static void put_path(uint8_t *out, struct span path)
{
    if (path.size > 0)
        memcpy(out, path.data, path.size);
}

uint32_t log_record_encode_attach(uint8_t *out, const struct attach_record *record)
{
    out[0] = LR_ATTACH_DB;
    store_le16(out + 1, record->procid);
    out[3] = record->dbid;
    store_le32(out + 4, record->size_max_pages);
    store_le64(out + 8, record->lgpos_consistent);
    memcpy(out + 16, record->db_signature.bytes, SIGNATURE_SIZE);
    memcpy(out + 44, record->log_signature.bytes, SIGNATURE_SIZE);
    store_le16(out + 72, (uint16_t)record->path.size);
    out[74] = record->flags;
    put_path(out + LR_ATTACH_FIXED, record->path);
    return LR_ATTACH_FIXED + record->path.size;
}

uint32_t log_record_encode_detach(uint8_t *out, const struct detach_record *record)
{
    out[0] = LR_DETACH_DB;
    store_le16(out + 1, record->procid);
    out[3] = record->dbid;
    store_le16(out + 4, (uint16_t)record->path.size);
    out[6] = record->flags;
    put_path(out + LR_DETACH_FIXED, record->path);
    return LR_DETACH_FIXED + record->path.size;
}

uint32_t log_record_encode_create(uint8_t *out, const struct create_record *record)
{
    out[0] = LR_CREATE_DB;
    store_le16(out + 1, record->procid);
    out[3] = record->dbid;
    store_le32(out + 4, record->grbit);
    store_le32(out + 8, record->size_max_pages);
    memcpy(out + 12, record->db_signature.bytes, SIGNATURE_SIZE);
    store_le16(out + 40, (uint16_t)record->path.size);
    out[42] = (uint8_t)(record->flags | 4);
    store_le16(out + 43, record->version);
    store_le16(out + 45, record->update);
    put_path(out + LR_CREATE_FIXED + 4, record->path);
    return LR_CREATE_FIXED + 4 + record->path.size;
}

uint32_t log_record_encode_create_finish(uint8_t *out, uint16_t procid, uint8_t dbid)
{
    out[0] = LR_CREATE_DB_FINISH;
    store_le16(out + 1, procid);
    out[3] = dbid;
    return 4;
}

uint32_t log_record_encode_reattach(uint8_t *out, const struct reattach_record *record)
{
    out[0] = LR_REATTACH;
    store_le32(out + 1, LR_REATTACH_SIZE - 5);
    out[5] = record->dbid;
    store_le64(out + 6, record->lgpos_attach);
    store_le64(out + 14, record->lgpos_consistent);
    memcpy(out + 22, record->db_signature.bytes, SIGNATURE_SIZE);
    return LR_REATTACH_SIZE;
}

uint32_t log_record_encode_set_version(uint8_t *out, const struct version_record *record)
{
    out[0] = LR_SET_DB_VERSION;
    out[1] = record->dbid;
    store_le32(out + 2, record->major);
    store_le32(out + 6, record->update_major);
    store_le32(out + 10, record->update_minor);
    return LR_SET_VERSION_SIZE;
}

uint32_t log_record_encode_shrink(uint8_t *out, uint8_t dbid, page_no_t last_page, uint32_t count)
{
    out[0] = LR_SHRINK_DB;
    out[1] = dbid;
    store_le32(out + 2, last_page);
    store_le32(out + 6, count);
    return LR_SHRINK_SIZE;
}

uint32_t log_record_encode_patch_request(uint8_t *out, uint8_t dbid, page_no_t page_no, uint64_t dbtime)
{
    memset(out, 0, LR_PAGE_PATCH_REQUEST_SIZE);
    out[0] = LR_PAGE_PATCH_REQUEST;
    out[1] = dbid;
    store_le32(out + 2, page_no);
    store_le64(out + 6, dbtime);
    return LR_PAGE_PATCH_REQUEST_SIZE;
}

uint32_t log_record_encode_extend(uint8_t *out, uint8_t dbid, page_no_t last_page)
{
    out[0] = LR_EXTEND_DB;
    store_le32(out + 1, 5);
    out[5] = dbid;
    store_le32(out + 6, last_page);
    return LR_EXTEND_SIZE;
}

uint32_t log_record_encode_recovery_undo2(uint8_t *out, struct log_time now)
{
    out[0] = LR_RECOVERY_UNDO2;
    memcpy(out + 1, now.bytes, LOG_TIME_SIZE);
    return LR_RECOVERY_UNDO2_SIZE;
}

uint32_t log_record_encode_backup2(uint8_t *out, const struct backup_record *record)
{
    out[0] = LR_BACKUP2;
    out[1] = record->phase;
    store_le32(out + 2, (uint32_t)record->type);
    out[6] = record->scope;
    out[7] = record->dbid;
    backup_info_encode(&record->info, out + 8);
    out[32] = 0;
    store_le16(out + 33, (uint16_t)record->path.size);
    put_path(out + LR_BACKUP2_FIXED, record->path);
    return LR_BACKUP2_FIXED + record->path.size;
}

uint32_t log_record_encode_begin0(uint8_t *out, uint16_t procid, uint8_t levels, uint32_t transaction)
{
    out[0] = LR_BEGIN0;
    store_le16(out + 1, procid);
    out[3] = (uint8_t)(levels << 4);
    store_le32(out + 4, transaction);
    return LR_BEGIN0_SIZE;
}

uint32_t log_record_encode_commit0(uint8_t *out, uint16_t procid, uint32_t transaction)
{
    out[0] = LR_COMMIT0;
    store_le16(out + 1, procid);
    out[3] = 0;
    store_le32(out + 4, transaction);
    return LR_COMMIT0_SIZE;
}

uint32_t log_record_encode_commit_context(uint8_t *out, uint16_t procid, uint8_t flags, struct span context)
{
    out[0] = LR_COMMIT_CTX;
    store_le32(out + 1, context.size + 3);
    store_le16(out + 5, procid);
    out[7] = flags;
    if (context.size > 0)
        memcpy(out + LR_COMMIT_CTX_FIXED, context.data, context.size);
    return LR_COMMIT_CTX_FIXED + context.size;
}

/* --- node operations (log-files 8, 9.4) --- */

enum { NODE_FIXED = 44 };

static uint32_t node_fixed_size(uint8_t type)
{
    switch (type) {
    case LR_SET_EXTERNAL_HEADER: return 46;
    case LR_FLAG_INSERT: return 48;
    case LR_INSERT:
    case LR_REPLACE: return 50;
    case LR_UNDO: return 51;
    case LR_FLAG_INSERT_AND_REPLACE: return 52;
    case LR_DELTA: return 54;
    case LR_DELTA64: return 58;
    default: return NODE_FIXED; /* FlagDelete, Delete */
    }
}

uint32_t log_record_node_size(uint8_t type, const struct node_tail *t)
{
    return node_fixed_size(type) + t->key_prefix.size + t->key.size + t->bookmark_data.size + t->data.size;
}

static uint8_t *put_span(uint8_t *out, struct span bytes)
{
    if (bytes.size > 0)
        memcpy(out, bytes.data, bytes.size);
    return out + bytes.size;
}

static void put_node_prefix(uint8_t *out, uint8_t type, const struct page_prefix *page, const struct node_prefix *node)
{
    out[0] = type;
    store_le16(out + 1, page->procid);
    out[3] = page->dbid;
    store_le32(out + 4, page->page_no);
    store_le64(out + 8, page->dbtime);
    store_le64(out + 16, page->dbtime_before);
    store_le32(out + 24, page->transaction);
    out[28] = page->level;
    store_le16(out + 29, page->line);
    out[31] = page->flags;
    store_le32(out + 32, node->rceid);
    store_le32(out + 36, node->root);
    store_le32(out + 40, node->objid);
}

/* The fields between the node prefix and the tail. */
static void put_node_fields(uint8_t *out, uint8_t type, const struct node_tail *t)
{
    uint16_t key_size = (uint16_t)(t->key_prefix.size + t->key.size);
    switch (type) {
    case LR_INSERT:
        store_le16(out + 44, (uint16_t)t->key.size);
        store_le16(out + 46, (uint16_t)t->key_prefix.size);
        store_le16(out + 48, (uint16_t)t->data.size);
        break;
    case LR_FLAG_INSERT_AND_REPLACE: store_le32(out + 48, t->rceid_replace); /* fall through */
    case LR_FLAG_INSERT:
        store_le16(out + 44, key_size);
        store_le16(out + 46, (uint16_t)t->data.size);
        break;
    case LR_REPLACE:
        store_le16(out + 44, (uint16_t)t->data.size);
        store_le16(out + 46, t->old_size);
        store_le16(out + 48, t->new_size);
        break;
    case LR_SET_EXTERNAL_HEADER: store_le16(out + 44, (uint16_t)t->data.size); break;
    case LR_UNDO:
    case LR_DELTA:
    case LR_DELTA64:
        store_le16(out + 44, key_size);
        store_le16(out + 46, (uint16_t)t->bookmark_data.size);
        if (type == LR_UNDO) {
            store_le16(out + 48, t->operation);
            out[50] = t->rce_level;
        } else if (type == LR_DELTA) {
            store_le32(out + 48, (uint32_t)t->delta);
            store_le16(out + 52, t->offset);
        } else {
            store_le64(out + 48, (uint64_t)t->delta);
            store_le16(out + 56, t->offset);
        }
        break;
    default: break;
    }
}

uint32_t log_record_encode_node(uint8_t *out, uint8_t type, const struct page_prefix *page, const struct node_prefix *node, const struct node_tail *t)
{
    put_node_prefix(out, type, page, node);
    put_node_fields(out, type, t);
    uint8_t *end = put_span(put_span(out + node_fixed_size(type), t->key_prefix), t->key);
    return (uint32_t)(put_span(put_span(end, t->bookmark_data), t->data) - out);
}

uint32_t log_record_encode_scrub(uint8_t *out, const struct page_prefix *page, const struct node_prefix *node, bool is_unused, struct span operations)
{
    put_node_prefix(out, LR_SCRUB, page, node);
    store_le32(out + 44, is_unused ? LR_SCRUB_UNUSED_PAGE : 0);
    store_le32(out + 48, operations.size);
    store_le16(out + 52, (uint16_t)operations.size);
    return (uint32_t)(put_span(out + LR_SCRUB_FIXED, operations) - out);
}

uint32_t log_record_encode_root_page_move(uint8_t *out, uint8_t dbid, uint32_t objid, uint16_t procid, uint64_t dbtime)
{
    out[0] = LR_ROOT_PAGE_MOVE;
    store_le64(out + 1, dbtime);
    out[9] = dbid;
    store_le32(out + 10, objid);
    store_le16(out + 14, procid);
    return LR_ROOT_PAGE_MOVE_SIZE;
}

uint32_t log_record_encode_macro(uint8_t *out, uint8_t type, uint16_t procid, uint64_t dbtime)
{
    out[0] = type;
    store_le16(out + 1, procid);
    store_le64(out + 3, dbtime);
    return LR_MACRO_SIZE;
}

uint32_t log_record_encode_macro_info(uint8_t *out, uint8_t dbid, const page_no_t *page_nos, uint32_t count)
{
    uint32_t at = 5;
    if (dbid == 1) {
        out[0] = LR_MACRO_INFO;
        store_le32(out + 1, 4 * count);
    } else {
        out[0] = LR_MACRO_INFO2;
        store_le32(out + 1, 5 + 4 * count);
        out[5] = dbid;
        store_le32(out + 6, count);
        at = LR_MACRO_INFO2_FIXED;
    }
    for (uint32_t i = 0; i < count; i++)
        store_le32(out + at + 4 * i, page_nos[i]);
    return at + 4 * count;
}
