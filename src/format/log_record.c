/* Log records: the size table and the decoder (log_record.h). Offsets: log-files 8 and 9. */
#include "format/log_record.h"

/* One entry per type: name, fixed bytes, where the lengths of the tail stand, and which common prefix it has. */
enum length_kind { LENGTH_NONE, LENGTH_16, LENGTH_15, LENGTH_32 };
enum prefix_kind { PREFIX_NONE, PREFIX_PAGE, PREFIX_NODE };
struct length_field {
    uint8_t kind;
    uint8_t offset;
};
enum { LENGTHS_MAX = 4 };
struct shape {
    const char *name;
    uint16_t fixed; /* 0: no such record */
    uint8_t prefix;
    struct length_field lengths[LENGTHS_MAX];
};
#define L16(o) {LENGTH_16, o}
#define L32(o) {LENGTH_32, o}
#define SELF_DESCRIBING(text) {text, 5, PREFIX_NONE, {L32(1)}}

static const struct shape SHAPES[LR_TYPE_COUNT] = {
    [LR_NOP] = {"NOP", 1, 0, {{0, 0}}},
    [LR_INIT] = {"Init", 568, 0, {{0, 0}}},
    [LR_TERM] = {"Term", 18, 0, {{0, 0}}},
    [LR_MS] = {"MS", 9, 0, {{0, 0}}},
    [LR_END] = {"End", 1, 0, {{0, 0}}},
    [LR_BEGIN] = {"Begin", 4, 0, {{0, 0}}},
    [LR_COMMIT] = {"Commit", 4, 0, {{0, 0}}},
    [LR_ROLLBACK] = {"Rollback", 4, 0, {{0, 0}}},
    [LR_BEGIN0] = {"Begin0", 8, 0, {{0, 0}}},
    [LR_COMMIT0] = {"Commit0", 8, 0, {{0, 0}}},
    [LR_REFRESH] = {"Refresh", 7, 0, {{0, 0}}},
    [LR_MACRO_BEGIN] = {"MacroBegin", 11, 0, {{0, 0}}},
    [LR_MACRO_COMMIT] = {"MacroCommit", 11, 0, {{0, 0}}},
    [LR_MACRO_ABORT] = {"MacroAbort", 11, 0, {{0, 0}}},
    [LR_CREATE_DB] = {"CreateDB", LR_CREATE_FIXED, 0, {L16(40)}},
    [LR_ATTACH_DB] = {"AttachDB", LR_ATTACH_FIXED, 0, {L16(72)}},
    [LR_DETACH_DB] = {"DetachDB", LR_DETACH_FIXED, 0, {L16(4)}},
    [LR_RECOVERY_UNDO] = {"RecoveryUndo", 1, 0, {{0, 0}}},
    [LR_RECOVERY_QUIT] = {"RecoveryQuit", 18, 0, {{0, 0}}},
    [LR_FULL_BACKUP] = {"FullBackup", 3, 0, {L16(1)}},
    [LR_INCREMENTAL_BACKUP] = {"IncBackup", 3, 0, {L16(1)}},
    [LR_JET_OP] = {"JetOp", 4, 0, {{0, 0}}},
    [LR_TRACE] = {"Trace", 5, 0, {L16(3)}},
    [LR_SHUTDOWN_MARK] = {"ShutDownMark", 1, 0, {{0, 0}}},
    [LR_CREATE_ME_FDP] = {"CreateMEFDP", 56, PREFIX_PAGE, {{0, 0}}},
    [LR_CREATE_SE_FDP] = {"CreateSEFDP", 48, PREFIX_PAGE, {{0, 0}}},
    [LR_INSERT] = {"Insert", 50, PREFIX_NODE, {L16(46), L16(44), L16(48)}},
    [LR_FLAG_INSERT] = {"FlagInsert", 48, PREFIX_NODE, {L16(44), L16(46)}},
    [LR_FLAG_INSERT_AND_REPLACE] = {"FlagInsertAndReplaceData", 52, PREFIX_NODE, {L16(44), L16(46)}},
    [LR_FLAG_DELETE] = {"FlagDelete", 44, PREFIX_NODE, {{0, 0}}},
    [LR_REPLACE] = {"Replace", 50, PREFIX_NODE, {{LENGTH_15, 44}}},
    [LR_REPLACE_D] = {"ReplaceD", 50, PREFIX_NODE, {{LENGTH_15, 44}}},
    [LR_DELETE] = {"Delete", 44, PREFIX_NODE, {{0, 0}}},
    [LR_UNDO_INFO] = {"UndoInfo", 56, PREFIX_NODE, {L16(44), L16(46), L16(54)}},
    [LR_DELTA] = {"Delta", 54, PREFIX_NODE, {L16(44), L16(46)}},
    [LR_SET_EXTERNAL_HEADER] = {"SetExternalHeader", 46, PREFIX_NODE, {L16(44)}},
    [LR_UNDO] = {"Undo", 51, PREFIX_NODE, {L16(44), L16(46)}},
    [LR_EXT_RESTORE] = {"ExtRestore", 3, 0, {L16(1)}},
    [LR_BACKUP] = {"Backup", 5, 0, {L16(3)}},
    [LR_EMPTY_TREE] = {"EmptyTree", 46, PREFIX_NODE, {L16(44)}},
    [LR_INIT2] = {"Init2", LR_INIT2_SIZE, 0, {{0, 0}}},
    [LR_TERM2] = {"Term2", LR_TERM2_SIZE, 0, {{0, 0}}},
    [LR_RECOVERY_UNDO2] = {"RecoveryUndo2", LR_RECOVERY_UNDO2_SIZE, 0, {{0, 0}}},
    [LR_RECOVERY_QUIT2] = {"RecoveryQuit2", LR_TERM2_SIZE, 0, {{0, 0}}},
    [LR_BEGIN_DT] = {"BeginDT", 8, 0, {{0, 0}}},
    [LR_PREP_COMMIT] = {"PrepCommit", 7, 0, {L32(3)}},
    [LR_PREP_ROLLBACK] = {"PrepRollback", 3, 0, {{0, 0}}},
    [LR_FORCE_WRITE_LOG] = {"ForceWriteLog", 3, 0, {{0, 0}}},
    [LR_CONVERT_FDP2] = {"ConvertFDP2", 68, PREFIX_PAGE, {{0, 0}}},
    [LR_EXT_RESTORE2] = {"ExtRestore2", 3, 0, {L16(1)}},
    [LR_BACKUP2] = {"Backup2", LR_BACKUP2_FIXED, 0, {L16(33)}},
    [LR_FORCE_LOG_ROLLOVER] = {"ForceLogRollover", 5, 0, {L16(3)}},
    [LR_SPLIT2] = {"Split2", 110, PREFIX_PAGE, {L16(100), L16(96), L16(98), L32(106)}},
    [LR_MERGE2] = {"Merge2", 96, PREFIX_PAGE, {L16(86), L32(92)}},
    [LR_SCRUB] = {"Scrub", 54, PREFIX_NODE, {L16(52)}},
    [LR_PAGE_MOVE] = {"PageMove", 96, PREFIX_PAGE, {L32(88), L32(92)}},
    [LR_PAGE_PATCH_REQUEST] = {"PagePatchRequest", 46, 0, {{0, 0}}},
    [LR_MACRO_INFO] = SELF_DESCRIBING("MacroInfo"),
    [LR_EXTEND_DB] = SELF_DESCRIBING("ExtendDB"),
    [LR_COMMIT_CTX] = SELF_DESCRIBING("CommitCtx"),
    [LR_SCAN_CHECK] = SELF_DESCRIBING("ScanCheck"),
    [LR_NOP2] = SELF_DESCRIBING("NOP2"),
    [LR_REATTACH] = SELF_DESCRIBING("ReAttach"),
    [LR_MACRO_INFO2] = SELF_DESCRIBING("MacroInfo2"),
    [LR_FREE_FDP] = SELF_DESCRIBING("FreeFDP"),
    [75] = SELF_DESCRIBING("Ignored"),
    [LR_FRAGMENT_BEGIN] = {"FragmentBegin", 7, 0, {L16(5)}},
    [LR_FRAGMENT] = {"Fragment", 3, 0, {L16(1)}},
    [LR_SHRINK_DB] = {"ShrinkDB", 10, 0, {{0, 0}}},
    [LR_CREATE_DB_FINISH] = {"CreateDBFinish", 4, 0, {{0, 0}}},
    [LR_RECOVERY_QUIT_KEEP_ATTACHMENTS] = {"RecoveryQuitKeepAttachments", LR_TERM2_SIZE, 0, {{0, 0}}},
    [LR_TRIM_DB] = {"TrimDB", 10, 0, {{0, 0}}},
    [82] = SELF_DESCRIBING("Ignored"),
    [83] = SELF_DESCRIBING("Ignored"),
    [84] = SELF_DESCRIBING("Ignored"),
    [85] = SELF_DESCRIBING("Ignored"),
    [86] = SELF_DESCRIBING("Ignored"),
    [87] = SELF_DESCRIBING("Ignored"),
    [88] = SELF_DESCRIBING("Ignored"),
    [89] = SELF_DESCRIBING("Ignored"),
    [90] = SELF_DESCRIBING("Ignored"),
    [91] = SELF_DESCRIBING("Ignored"),
    [LR_SET_DB_VERSION] = {"SetDbVersion", LR_SET_VERSION_SIZE, 0, {{0, 0}}},
    [LR_DELTA64] = {"Delta64", 58, PREFIX_NODE, {L16(44), L16(46)}},
    [LR_SHRINK_DB2] = {"ShrinkDB2", 10, 0, {{0, 0}}},
    [LR_NEW_PAGE] = {"NewPage", 20, 0, {{0, 0}}},
    [LR_ROOT_PAGE_MOVE] = {"RootPageMove", 16, 0, {{0, 0}}},
    [LR_SIGNAL_ATTACH_DB] = {"SignalAttachDb", 2, 0, {{0, 0}}},
    [LR_SCAN_CHECK2] = {"ScanCheck2", 27, 0, {{0, 0}}},
    [LR_SHRINK_DB3] = {"ShrinkDB3", 18, 0, {{0, 0}}},
    [LR_EXTENT_FREED] = {"ExtentFreed", 11, 0, {{0, 0}}},
    [LR_EXTENT_FREED2] = {"ExtentFreed2", 19, 0, {{0, 0}}},
};

const char *log_record_name(uint8_t type)
{
    return type < LR_TYPE_COUNT && SHAPES[type].name != NULL ? SHAPES[type].name : "unknown";
}

static uint32_t length_at(const uint8_t *data, struct length_field field)
{
    switch (field.kind) {
    case LENGTH_16: return load_le16(data + field.offset);
    case LENGTH_15: return load_le16(data + field.offset) & 0x7FFFu;
    case LENGTH_32: return load_le32(data + field.offset);
    default: return 0;
    }
}

JET_ERR log_record_size(const uint8_t *data, uint32_t room, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    uint64_t total = 0;
    *size = 0;
    if (room == 0)
        RAISE(JET_errLogCorrupted);
    if (data[0] == LR_CONVERT_FDP_OLD || data[0] == LR_SPLIT_OLD || data[0] == LR_MERGE_OLD)
        RAISE(JET_errBadLogVersion);
    if (data[0] >= LR_TYPE_COUNT || SHAPES[data[0]].fixed == 0)
        RAISE(JET_errLogFileCorrupt);
    const struct shape *shape = &SHAPES[data[0]];
    total = shape->fixed;
    if (total > room)
        RAISE(JET_errLogCorrupted);
    for (int i = 0; i < LENGTHS_MAX; i++)
        total += length_at(data, shape->lengths[i]);
    if (data[0] == LR_CREATE_DB && (data[42] & 4) != 0)
        total += 4;
    if (total > room)
        RAISE(JET_errLogCorrupted);
    *size = (uint32_t)total;
done:
    return err;
}

/* --- decoding --- */

static struct log_time load_time(const uint8_t *p)
{
    struct log_time t;
    memcpy(t.bytes, p, LOG_TIME_SIZE);
    return t;
}

static void decode_prefixes(const uint8_t *p, const struct shape *shape, struct log_record *out)
{
    if (shape->prefix == PREFIX_NONE)
        return;
    out->has_page = true;
    out->page = (struct page_prefix){.procid = load_le16(p + 1), .dbid = p[3], .page_no = load_le32(p + 4), .dbtime = load_le64(p + 8),
                                     .dbtime_before = load_le64(p + 16), .transaction = load_le32(p + 24), .level = p[28], .line = load_le16(p + 29), .flags = p[31]};
    out->has_session = out->has_dbid = out->has_dbtime = true;
    out->procid = out->page.procid;
    out->dbid = out->page.dbid;
    out->dbtime = out->page.dbtime;
    if (shape->prefix == PREFIX_NODE) {
        out->has_node = true;
        out->node = (struct node_prefix){.rceid = load_le32(p + 32), .root = load_le32(p + 36), .objid = load_le32(p + 40)};
    }
}

static void decode_node_tail(const uint8_t *p, struct log_record *out)
{
    struct node_tail *t = &out->tail;
    uint32_t a = out->size >= 46 ? load_le16(p + 44) : 0, b, c; /* FlagDelete and Delete end before it */
    switch (out->type) {
    case LR_INSERT:
        b = load_le16(p + 46);
        c = load_le16(p + 48);
        t->key_prefix = span_of(p + 50, b);
        t->key = span_of(p + 50 + b, a);
        t->data = span_of(p + 50 + b + a, c);
        break;
    case LR_FLAG_INSERT:
    case LR_FLAG_INSERT_AND_REPLACE: {
        uint32_t fixed = out->type == LR_FLAG_INSERT ? 48 : 52;
        t->key = span_of(p + fixed, a);
        t->data = span_of(p + fixed + a, load_le16(p + 46));
        t->rceid_replace = out->type == LR_FLAG_INSERT ? 0 : load_le32(p + 48);
        break;
    }
    case LR_REPLACE:
    case LR_REPLACE_D:
        t->data = span_of(p + 50, a & 0x7FFF);
        t->old_size = load_le16(p + 46);
        t->new_size = load_le16(p + 48);
        t->operation = (uint16_t)(a >> 15); /* 1: long difference headers */
        break;
    case LR_UNDO_INFO:
        b = load_le16(p + 46);
        t->key = span_of(p + 56, a);
        t->bookmark_data = span_of(p + 56 + a, b);
        t->data = span_of(p + 56 + a + b, load_le16(p + 54));
        t->operation = load_le16(p + 48);
        t->new_size = load_le16(p + 50);
        t->delta = (int16_t)load_le16(p + 52);
        break;
    case LR_DELTA:
    case LR_DELTA64: {
        uint32_t fixed = out->type == LR_DELTA ? 54 : 58;
        t->key = span_of(p + fixed, a);
        t->bookmark_data = span_of(p + fixed + a, load_le16(p + 46));
        t->delta = out->type == LR_DELTA ? (int32_t)load_le32(p + 48) : (int64_t)load_le64(p + 48);
        t->offset = load_le16(p + fixed - 2);
        break;
    }
    case LR_SET_EXTERNAL_HEADER:
        t->data = span_of(p + 46, a);
        break;
    case LR_UNDO:
        t->key = span_of(p + 51, a);
        t->bookmark_data = span_of(p + 51 + a, load_le16(p + 46));
        t->operation = load_le16(p + 48);
        t->rce_level = p[50];
        break;
    default:
        break;
    }
}

static void set_session(struct log_record *out, uint16_t procid)
{
    out->has_session = true;
    out->procid = procid;
}

static void set_dbid(struct log_record *out, uint8_t dbid)
{
    out->has_dbid = true;
    out->dbid = dbid;
}

static void set_dbtime(struct log_record *out, uint64_t dbtime)
{
    out->has_dbtime = true;
    out->dbtime = dbtime;
}

static void decode_session_record(const uint8_t *p, struct log_record *out)
{
    struct transaction_record *t = &out->transaction;
    set_session(out, load_le16(p + 1));
    if (out->type >= LR_MACRO_BEGIN && out->type <= LR_MACRO_ABORT) {
        out->macro = (struct macro_record){.procid = out->procid, .dbtime = load_le64(p + 3)};
        set_dbtime(out, out->macro.dbtime);
        return;
    }
    t->procid = out->procid;
    switch (out->type) {
    case LR_BEGIN:
    case LR_BEGIN0:
        t->level_before = p[3] & 0x0F;
        t->levels = p[3] >> 4;
        t->transaction = out->type == LR_BEGIN0 ? load_le32(p + 4) : 0;
        break;
    case LR_COMMIT:
    case LR_COMMIT0:
        t->level = p[3];
        t->transaction = out->type == LR_COMMIT0 ? load_le32(p + 4) : 0;
        break;
    case LR_ROLLBACK:
        t->levels = p[3];
        break;
    case LR_REFRESH:
        t->transaction = load_le32(p + 3);
        break;
    default:
        break;
    }
}

static JET_ERR decode_self_describing(const uint8_t *p, struct log_record *out)
{
    uint32_t payload = load_le32(p + 1);
    switch (out->type) {
    case LR_EXTEND_DB:
        if (payload < 5)
            return error_raise(JET_errLogCorrupted, __FILE__, __LINE__);
        set_dbid(out, p[5]);
        out->range = (struct range_record){.dbid = p[5], .page_no = load_le32(p + 6)};
        break;
    case LR_REATTACH:
        if (payload < 45)
            return error_raise(JET_errLogCorrupted, __FILE__, __LINE__);
        set_dbid(out, p[5]);
        out->reattach.dbid = p[5];
        out->reattach.lgpos_attach = load_le64(p + 6);
        out->reattach.lgpos_consistent = load_le64(p + 14);
        memcpy(out->reattach.db_signature.bytes, p + 22, SIGNATURE_SIZE);
        break;
    case LR_COMMIT_CTX:
        if (payload >= 2)
            set_session(out, load_le16(p + 5));
        if (payload >= 3)
            out->commit_context = (struct commit_context_record){.flags = p[7], .context = span_of(p + 8, payload - 3)};
        break;
    case LR_NOP2:
        out->filler = payload;
        break;
    default:
        break;
    }
    return JET_errSuccess;
}

static void decode_attachment(const uint8_t *p, struct log_record *out)
{
    set_session(out, load_le16(p + 1));
    set_dbid(out, p[3]);
    if (out->type == LR_ATTACH_DB) {
        struct attach_record *a = &out->attach;
        *a = (struct attach_record){.procid = out->procid, .dbid = p[3], .size_max_pages = load_le32(p + 4), .lgpos_consistent = load_le64(p + 8),
                                    .flags = p[74], .path = span_of(p + LR_ATTACH_FIXED, load_le16(p + 72))};
        memcpy(a->db_signature.bytes, p + 16, SIGNATURE_SIZE);
        memcpy(a->log_signature.bytes, p + 44, SIGNATURE_SIZE);
    } else if (out->type == LR_DETACH_DB) {
        out->detach = (struct detach_record){.procid = out->procid, .dbid = p[3], .flags = p[6], .path = span_of(p + LR_DETACH_FIXED, load_le16(p + 4))};
    } else if (out->type == LR_CREATE_DB) {
        struct create_record *c = &out->create;
        bool has_version = (p[42] & 4) != 0;
        *c = (struct create_record){.procid = out->procid, .dbid = p[3], .grbit = load_le32(p + 4), .size_max_pages = load_le32(p + 8), .flags = p[42],
                                    .version = has_version ? load_le16(p + 43) : 1, .update = has_version ? load_le16(p + 45) : 0,
                                    .path = span_of(p + LR_CREATE_FIXED + (has_version ? 4 : 0), load_le16(p + 40))};
        memcpy(c->db_signature.bytes, p + 12, SIGNATURE_SIZE);
    }
}

static void decode_file_operation(const uint8_t *p, struct log_record *out)
{
    set_dbid(out, p[1]);
    out->range = (struct range_record){.dbid = p[1], .page_no = load_le32(p + 2), .count = load_le32(p + 6)};
    if (out->type == LR_SHRINK_DB3) {
        out->range.dbtime = load_le64(p + 10);
        set_dbtime(out, out->range.dbtime);
    } else if (out->type == LR_EXTENT_FREED || out->type == LR_EXTENT_FREED2) {
        out->range.flags = p[10];
        if (out->type == LR_EXTENT_FREED2) {
            out->range.dbtime = load_le64(p + 11);
            set_dbtime(out, out->range.dbtime);
        }
    }
}

static void decode_term(const uint8_t *p, struct log_record *out)
{
    out->term = (struct term_record){.position = load_le64(p + 1), .redo_from = load_le64(p + 9), .is_hard = p[17] != 0};
    if (out->size >= LR_TERM2_SIZE) {
        out->term.time = load_time(p + 18);
        out->term.has_time = true;
    }
}

static void decode_backup2(const uint8_t *p, struct log_record *out)
{
    out->backup = (struct backup_record){.phase = p[1], .type = (int32_t)load_le32(p + 2), .scope = p[6], .dbid = p[7], .info = backup_info_decode(p + 8),
                                         .path = span_of(p + LR_BACKUP2_FIXED, load_le16(p + 33))};
}

/* NewPage, RootPageMove and the page checks have prefixes of their own. */
static void decode_page_facts(const uint8_t *p, struct log_record *out)
{
    switch (out->type) {
    case LR_NEW_PAGE:
        set_session(out, load_le16(p + 1));
        set_dbid(out, p[3]);
        out->has_page = true;
        out->page = (struct page_prefix){.procid = out->procid, .dbid = p[3], .page_no = load_le32(p + 4), .dbtime = load_le64(p + 12), .dbtime_before = DBTIME_IN_MACRO};
        out->node.objid = load_le32(p + 8);
        set_dbtime(out, out->page.dbtime);
        break;
    case LR_ROOT_PAGE_MOVE:
        set_dbtime(out, load_le64(p + 1));
        set_dbid(out, p[9]);
        set_session(out, load_le16(p + 14));
        out->node.objid = load_le32(p + 10);
        break;
    case LR_PAGE_PATCH_REQUEST:
    case LR_SCAN_CHECK2:
        set_dbid(out, p[1]);
        out->page.dbid = p[1];
        out->page.page_no = load_le32(p + 2);
        if (out->type == LR_PAGE_PATCH_REQUEST) {
            out->page.dbtime = load_le64(p + 6);
            set_dbtime(out, out->page.dbtime);
        }
        break;
    default:
        break;
    }
}

JET_ERR log_record_decode(struct span bytes, struct log_record *out)
{
    JET_ERR err = JET_errSuccess;
    const uint8_t *p = bytes.data;
    memset(out, 0, sizeof *out);
    TRY(log_record_size(p, bytes.size, &out->size));
    if (out->size != bytes.size)
        RAISE(JET_errLogCorrupted);
    out->type = p[0];
    out->bytes = bytes;
    decode_prefixes(p, &SHAPES[p[0]], out);
    switch (p[0]) {
    case LR_INIT:
    case LR_INIT2:
        dbms_param_decode(p + 1, &out->init.parameters);
        out->init.has_time = p[0] == LR_INIT2;
        if (out->init.has_time)
            out->init.time = load_time(p + 568);
        break;
    case LR_TERM:
    case LR_RECOVERY_QUIT:
    case LR_TERM2:
    case LR_RECOVERY_QUIT2:
    case LR_RECOVERY_QUIT_KEEP_ATTACHMENTS: decode_term(p, out); break;
    case LR_RECOVERY_UNDO2: out->time = load_time(p + 1); break;
    case LR_BEGIN:
    case LR_COMMIT:
    case LR_ROLLBACK:
    case LR_BEGIN0:
    case LR_COMMIT0:
    case LR_REFRESH:
    case LR_MACRO_BEGIN:
    case LR_MACRO_COMMIT:
    case LR_MACRO_ABORT:
    case LR_BEGIN_DT:
    case LR_PREP_COMMIT:
    case LR_PREP_ROLLBACK:
    case LR_FORCE_WRITE_LOG: decode_session_record(p, out); break;
    case LR_CREATE_DB:
    case LR_ATTACH_DB:
    case LR_DETACH_DB:
    case LR_CREATE_DB_FINISH: decode_attachment(p, out); break;
    case LR_SET_DB_VERSION:
        set_dbid(out, p[1]);
        out->version = (struct version_record){.dbid = p[1], .major = load_le32(p + 2), .update_major = load_le32(p + 6), .update_minor = load_le32(p + 10)};
        break;
    case LR_SHRINK_DB:
    case LR_SHRINK_DB2:
    case LR_SHRINK_DB3:
    case LR_TRIM_DB:
    case LR_EXTENT_FREED:
    case LR_EXTENT_FREED2: decode_file_operation(p, out); break;
    case LR_SIGNAL_ATTACH_DB: set_dbid(out, p[1]); break;
    case LR_BACKUP2: decode_backup2(p, out); break;
    case LR_NEW_PAGE:
    case LR_ROOT_PAGE_MOVE:
    case LR_PAGE_PATCH_REQUEST:
    case LR_SCAN_CHECK2: decode_page_facts(p, out); break;
    case LR_EXTEND_DB:
    case LR_REATTACH:
    case LR_COMMIT_CTX:
    case LR_NOP2: TRY(decode_self_describing(p, out)); break;
    default:
        if (out->has_node)
            decode_node_tail(p, out);
        break;
    }
done:
    return err;
}
