/* Database header codec (db_header.h). Layout: database-file 2.2; every offset was read from headers of files under data/windows
 * (e.g. srum-w10-1809-belkasoft/dirty for the generation fields, types-4k/basic.edb for the clean state). */
#include "format/db_header.h"

#include "base/assert.h"
#include "format/checksum.h"
#include "format/page.h"

enum field_kind { KIND_U32, KIND_U64, KIND_BYTES8, KIND_SIGNATURE, KIND_BACKUP_INFO, KIND_COUNTER };

struct field {
    uint16_t offset;
    uint16_t kind;
    uint16_t member; /* offset in struct db_header */
};

#define FIELD(offset, kind, name) {offset, kind, (uint16_t)offsetof(struct db_header, name)}

static const struct field fields[] = {
    FIELD(0, KIND_U32, checksum),
    FIELD(4, KIND_U32, magic),
    FIELD(8, KIND_U32, version_major),
    FIELD(12, KIND_U32, attributes),
    FIELD(16, KIND_U64, dbtime),
    FIELD(24, KIND_SIGNATURE, db_signature),
    FIELD(52, KIND_U32, state),
    FIELD(56, KIND_U64, lgpos_consistent),
    FIELD(64, KIND_BYTES8, logtime_consistent),
    FIELD(72, KIND_BYTES8, logtime_attach),
    FIELD(80, KIND_U64, lgpos_attach),
    FIELD(88, KIND_BYTES8, logtime_detach),
    FIELD(96, KIND_U64, lgpos_detach),
    FIELD(104, KIND_U32, dbid),
    FIELD(108, KIND_SIGNATURE, log_signature),
    FIELD(136, KIND_BACKUP_INFO, backup_full_previous),
    FIELD(160, KIND_BACKUP_INFO, backup_incremental_previous),
    FIELD(184, KIND_BACKUP_INFO, backup_full_current),
    FIELD(208, KIND_U32, flags),
    FIELD(212, KIND_U32, objid_last),
    FIELD(216, KIND_U32, os_major),
    FIELD(220, KIND_U32, os_minor),
    FIELD(224, KIND_U32, os_build),
    FIELD(228, KIND_U32, os_service_pack),
    FIELD(232, KIND_U32, update_major),
    FIELD(236, KIND_U32, page_size),
    FIELD(240, KIND_U32, repair_count),
    FIELD(244, KIND_BYTES8, logtime_repair),
    FIELD(280, KIND_U64, dbtime_last_scrub),
    FIELD(288, KIND_BYTES8, logtime_scrub),
    FIELD(296, KIND_U32, gen_min_required),
    FIELD(300, KIND_U32, gen_max_required),
    FIELD(304, KIND_U32, upgrade_old_pages),
    FIELD(308, KIND_U32, upgrade_free_pages),
    FIELD(312, KIND_U32, upgrade_space_map_pages),
    FIELD(316, KIND_BACKUP_INFO, backup_snapshot_current),
    FIELD(340, KIND_U32, created_version_major),
    FIELD(344, KIND_U32, created_update_major),
    FIELD(348, KIND_BYTES8, logtime_gen_max_created),
    FIELD(356, KIND_U32, backup_full_previous_type),
    FIELD(360, KIND_U32, backup_incremental_previous_type),
    FIELD(364, KIND_U32, repair_count_old),
    FIELD(368, KIND_COUNTER, ecc_fixed),
    FIELD(384, KIND_COUNTER, ecc_failed),
    FIELD(400, KIND_COUNTER, bad_checksums),
    FIELD(416, KIND_U32, gen_max_committed),
    FIELD(420, KIND_BACKUP_INFO, backup_copy_previous),
    FIELD(444, KIND_BACKUP_INFO, backup_differential_previous),
    FIELD(468, KIND_U32, backup_copy_previous_type),
    FIELD(472, KIND_U32, backup_differential_previous_type),
    FIELD(476, KIND_COUNTER, reseeds),
    FIELD(492, KIND_COUNTER, patches),
    FIELD(508, KIND_U64, sort_version),
    FIELD(516, KIND_BYTES8, logtime_scan_finished),
    FIELD(524, KIND_BYTES8, logtime_scan_started),
    FIELD(532, KIND_U32, scan_contiguous_page),
    FIELD(536, KIND_U32, gen_recovering),
    FIELD(540, KIND_U32, extend_count),
    FIELD(544, KIND_BYTES8, logtime_extend),
    FIELD(552, KIND_U32, shrink_count),
    FIELD(556, KIND_BYTES8, logtime_shrink),
    FIELD(564, KIND_BYTES8, logtime_reattach),
    FIELD(572, KIND_U64, lgpos_reattach),
    FIELD(580, KIND_U32, trim_count),
    FIELD(584, KIND_SIGNATURE, header_flush_signature),
    FIELD(612, KIND_SIGNATURE, flush_map_signature),
    FIELD(640, KIND_U32, gen_min_consistent),
    FIELD(644, KIND_U32, update_minor),
    FIELD(648, KIND_U32, engine_version_max),
    FIELD(652, KIND_U32, scan_highest_page),
    FIELD(656, KIND_U64, lgpos_last_resize),
    FIELD(667, KIND_U32, file_type),
    FIELD(672, KIND_BYTES8, logtime_gen_max_required),
    FIELD(680, KIND_U32, gen_min_consistent_before_redo),
    FIELD(684, KIND_U32, gen_min_required_before_redo),
    FIELD(688, KIND_SIGNATURE, revert_signature),
    FIELD(716, KIND_U32, revert_count),
    FIELD(720, KIND_BYTES8, logtime_revert_from),
    FIELD(728, KIND_BYTES8, logtime_revert_to),
    FIELD(736, KIND_U32, revert_pages),
    FIELD(740, KIND_U64, lgpos_commit_before_revert),
};

enum { FIELD_COUNT = sizeof fields / sizeof fields[0], PAGE_SIZE_OFFSET = 236 };

/* The last field ends the fixed part. */
_Static_assert(740 + LGPOS_SIZE == DB_HEADER_SIZE, "fixed part of the header");
_Static_assert((int)DB_HEADER_SIZE <= (int)PAGE_SIZE_MIN, "the header fits the smallest page");

struct backup_info backup_info_decode(const uint8_t *bytes)
{
    struct backup_info info;
    info.mark = load_le64(bytes);
    memcpy(info.time.bytes, bytes + 8, LOG_TIME_SIZE);
    info.gen_low = load_le32(bytes + 16);
    info.gen_high = load_le32(bytes + 20);
    return info;
}

void backup_info_encode(const struct backup_info *info, uint8_t *bytes)
{
    store_le64(bytes, info->mark);
    memcpy(bytes + 8, info->time.bytes, LOG_TIME_SIZE);
    store_le32(bytes + 16, info->gen_low);
    store_le32(bytes + 20, info->gen_high);
}

static void decode_field(const struct field *f, const uint8_t *page, struct db_header *out)
{
    const uint8_t *from = page + f->offset;
    uint8_t *to = (uint8_t *)out + f->member;
    switch ((enum field_kind)f->kind) {
    case KIND_U32:
        *(uint32_t *)(void *)to = load_le32(from);
        break;
    case KIND_U64:
        *(uint64_t *)(void *)to = load_le64(from);
        break;
    case KIND_BYTES8:
        memcpy(to, from, LOG_TIME_SIZE);
        break;
    case KIND_SIGNATURE:
        memcpy(to, from, SIGNATURE_SIZE);
        break;
    case KIND_BACKUP_INFO:
        *(struct backup_info *)(void *)to = backup_info_decode(from);
        break;
    case KIND_COUNTER: {
        struct event_counter *counter = (struct event_counter *)(void *)to;
        counter->count = load_le32(from);
        memcpy(counter->last.bytes, from + 4, LOG_TIME_SIZE);
        counter->count_old = load_le32(from + 12);
        break;
    }
    }
}

static void encode_field(const struct field *f, const struct db_header *header, uint8_t *page)
{
    const uint8_t *from = (const uint8_t *)header + f->member;
    uint8_t *to = page + f->offset;
    switch ((enum field_kind)f->kind) {
    case KIND_U32:
        store_le32(to, *(const uint32_t *)(const void *)from);
        break;
    case KIND_U64:
        store_le64(to, *(const uint64_t *)(const void *)from);
        break;
    case KIND_BYTES8:
        memcpy(to, from, LOG_TIME_SIZE);
        break;
    case KIND_SIGNATURE:
        memcpy(to, from, SIGNATURE_SIZE);
        break;
    case KIND_BACKUP_INFO:
        backup_info_encode((const struct backup_info *)(const void *)from, to);
        break;
    case KIND_COUNTER: {
        const struct event_counter *counter = (const struct event_counter *)(const void *)from;
        store_le32(to, counter->count);
        memcpy(to + 4, counter->last.bytes, LOG_TIME_SIZE);
        store_le32(to + 12, counter->count_old);
        break;
    }
    }
}

/* Files made before page sizes could be chosen hold 0. */
static uint32_t stored_page_size(const uint8_t *page)
{
    uint32_t size = load_le32(page + PAGE_SIZE_OFFSET);
    return size == 0 ? 4096 : size;
}

bool db_header_is_valid(const uint8_t *page, uint32_t size)
{
    return page_size_is_legal(size) && load_le32(page + 4) == DB_HEADER_MAGIC && stored_page_size(page) == size && checksum_header_is_valid(page, size);
}

JET_ERR db_header_decode(const uint8_t *page, uint32_t page_size, struct db_header *out)
{
    JET_ERR err = JET_errSuccess;
    memset(out, 0, sizeof *out);
    if (!db_header_is_valid(page, page_size))
        RAISE(JET_errDatabaseCorrupted);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        decode_field(&fields[i], page, out);
    out->page_size = stored_page_size(page);
done:
    return err;
}

void db_header_encode(const struct db_header *header, uint8_t *page, uint32_t page_size)
{
    assert(page_size_is_legal(page_size));
    for (size_t i = 0; i < FIELD_COUNT; i++)
        encode_field(&fields[i], header, page);
    store_le32(page + 4, DB_HEADER_MAGIC);
    store_le32(page + PAGE_SIZE_OFFSET, page_size);
    store_le32(page, checksum_header(page, page_size));
}

void db_header_set_state(struct db_header *header, enum db_state state)
{
    header->state = (uint32_t)state;
    if (state != DB_STATE_DIRTY) {
        header->gen_min_consistent_before_redo = 0;
        header->gen_min_required_before_redo = 0;
    }
    if (state == DB_STATE_CLEAN) {
        header->gen_min_required = 0;
        header->gen_max_required = 0;
        header->gen_max_committed = 0;
        header->gen_min_consistent = 0;
        memset(&header->logtime_gen_max_created, 0, sizeof header->logtime_gen_max_created);
        memset(&header->logtime_gen_max_required, 0, sizeof header->logtime_gen_max_required);
    }
}

const char *db_state_name(uint32_t state)
{
    static const char *const names[] = {"Unknown", "JustCreated", "DirtyShutdown", "CleanShutdown", "BeingConverted", "ForceDetach",
                                        "IncrementalReseedInProgress", "DirtyAndPatchedShutdown", "RevertInProgress"};
    return state < sizeof names / sizeof names[0] ? names[state] : names[0];
}

bool db_header_version_at_least(const struct db_header *header, uint32_t update_major, uint32_t update_minor)
{
    return header->version_major == DB_VERSION_MAJOR &&
           (header->update_major > update_major || (header->update_major == update_major && header->update_minor >= update_minor));
}
