/* Page records (recovery.md 7.1): is the change on the page already?
 *
 * Each page an operation touches is judged by its own dbtime. A change that is there is left alone; one that is not would have to be made now, which
 * no function does yet: JET_errFeatureNotAvailable, before anything has been written. */
#include "base/memory.h"
#include "format/checksum.h"
#include "format/page.h"
#include "recovery/internal.h"

static JET_ERR refuse(struct recovery *r, page_no_t page_no)
{
    r->result->refused_page = page_no;
    r->result->refused_record = r->position;
    return error_raise(JET_errFeatureNotAvailable, __FILE__, __LINE__);
}

/* after: dbtime the operation gives the page; before: the one it must have had, DBTIME_IN_MACRO when not stated. */
static JET_ERR judge_page(struct recovery *r, struct recovered_database *d, page_no_t page_no, uint64_t after, uint64_t before)
{
    JET_ERR err = JET_errSuccess;
    struct os_file_info info;
    uint64_t offset;
    if (page_no == 0)
        goto done; /* an absent neighbour */
    if (page_no > PAGE_NO_MAX)
        RAISE(JET_errLogCorrupted);
    if (r->page == NULL) {
        r->page = (uint8_t *)mem_alloc(d->page_size);
        if (r->page == NULL)
            RAISE(JET_errOutOfMemory);
    }
    offset = page_file_offset(page_no, d->page_size);
    TRY(os_file_info(d->db->file, &info));
    if (offset + d->page_size > info.size) {
        err = refuse(r, page_no);
        goto done;
    }
    TRY(os_file_read(d->db->file, offset, r->page, d->page_size));
    switch (checksum_verify_page(r->page, d->page_size, page_no, true).verdict) {
    case CHECKSUM_ZERO: err = refuse(r, page_no); goto done;
    case CHECKSUM_BAD: RAISE(JET_errReadVerifyFailure);
    default: break;
    }
    uint64_t dbtime = load_le64(r->page + 8);
    if (dbtime >= after) {
        if (r->generation.header.generation > d->header.gen_max_required)
            RAISE(JET_errDbTimeBeyondMaxRequired);
    } else if (dbtime == before || before == DBTIME_IN_MACRO) {
        err = refuse(r, page_no);
    } else {
        RAISE(dbtime < before ? JET_errDbTimeTooOld : JET_errDbTimeTooNew);
    }
done:
    return err;
}

/* Pages of an EmptyTree: 16 bytes each, dbtime before and page number. */
static JET_ERR judge_empty_tree(struct recovery *r, struct recovered_database *d, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    const uint8_t *p = record->bytes.data;
    for (uint32_t at = 46; at + 16 <= record->size; at += 16)
        TRY(judge_page(r, d, load_le32(p + at + 8), record->page.dbtime, load_le64(p + at)));
done:
    return err;
}

JET_ERR recovery_redo_page(struct recovery *r, struct recovered_database *d, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    const uint8_t *p = record->bytes.data;
    uint64_t after = record->page.dbtime;
    TRY(judge_page(r, d, record->page.page_no, after, record->page.dbtime_before));
    switch (record->type) {
    case LR_SPLIT2:
        TRY(judge_page(r, d, load_le32(p + 32), after, DBTIME_IN_MACRO));
        TRY(judge_page(r, d, load_le32(p + 36), after, load_le64(p + 40)));
        break;
    case LR_MERGE2:
        TRY(judge_page(r, d, load_le32(p + 32), after, load_le64(p + 36)));
        TRY(judge_page(r, d, load_le32(p + 44), after, load_le64(p + 48)));
        break;
    case LR_PAGE_MOVE:
        TRY(judge_page(r, d, load_le32(p + 32), after, DBTIME_IN_MACRO));
        TRY(judge_page(r, d, load_le32(p + 36), after, load_le64(p + 48)));
        TRY(judge_page(r, d, load_le32(p + 40), after, load_le64(p + 56)));
        TRY(judge_page(r, d, load_le32(p + 44), after, load_le64(p + 64)));
        break;
    case LR_CREATE_ME_FDP:
    case LR_CONVERT_FDP2:
        TRY(judge_page(r, d, load_le32(p + 36), after, DBTIME_IN_MACRO));
        TRY(judge_page(r, d, load_le32(p + 40), after, DBTIME_IN_MACRO));
        break;
    case LR_EMPTY_TREE: TRY(judge_empty_tree(r, d, record)); break;
    default: break;
    }
done:
    return err;
}
