/* The page pass: every page of the file from the first to the last, as it stands on disk.
 *
 * The idea: the walks have read what objects use, through the cache, which repairs a single wrong bit silently. This pass reads the file
 * itself, so it also sees those bits, and the pages nobody reaches: damage there is reported according to who owns the page. Reads are in
 * large blocks; nothing enters the cache.
 */
#include "check/internal.h"

#include "format/patch_header.h"

enum { BLOCK_SIZE = 1 << 20 };

/* The last page of a copy that came from a backup belongs to the backup, not to the database. */
static bool is_trailer(const struct check *c, const uint8_t *page, page_no_t page_no)
{
    struct patch_header trailer;
    return page_no == c->last_page && c->db->header.backup_full_current.gen_low != 0 && patch_header_decode(page, c->page_size, &trailer) >= 0 &&
           signature_equal(&trailer.db_signature, &c->db->header.db_signature);
}

static void judge_page(struct check *c, uint8_t *page, page_no_t page_no)
{
    struct check_report *report = c->report;
    struct checksum_result result = checksum_verify_page(page, c->page_size, page_no, false);
    bool is_used = page_set_has(&c->used, page_no), is_free = page_set_has(&c->available, page_no);
    switch (result.verdict) {
    case CHECKSUM_OK:
        break;
    case CHECKSUM_ZERO: /* a page in use that is blank has been reported by the walk that met it */
        report->pages_blank++;
        break;
    case CHECKSUM_REPAIRED:
        report->pages_repairable++;
        check_report_finding(c, CHECK_WARNING, JET_errReadVerifyFailure, page_no, "bit %u is wrong and can be repaired", result.repaired_bit);
        break;
    case CHECKSUM_BAD:
        if (!is_used && is_trailer(c, page, page_no))
            break;
        report->pages_bad++;
        if (c->options.only_pages) {
            check_report_finding(c, CHECK_ERROR, JET_errReadVerifyFailure, page_no, "checksum is wrong");
        } else if (!is_used) {
            report->pages_unowned_bad++;
            check_report_finding(c, is_free ? CHECK_WARNING : CHECK_NOTE, JET_errReadVerifyFailure, page_no, "checksum is wrong (%s)",
                                 is_free ? "free page" : "page of no object");
        }
        break;
    }
}

/* Both copies of the header must be good; only of a database nobody writes to they must also be the same. */
static JET_ERR check_headers(struct check *c, uint8_t *room)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = cache_file_os_file(c->file);
    uint8_t *copies[DB_HEADER_PAGES] = {room, room + c->page_size};
    bool are_good = true;
    for (uint32_t i = 0; i < DB_HEADER_PAGES; i++) {
        err = os_file_read(file, (uint64_t)i * c->page_size, copies[i], c->page_size);
        if (err < 0 && !check_is_finding(err))
            goto done;
        if (err < 0 || !db_header_is_valid(copies[i], c->page_size)) {
            check_report_finding(c, CHECK_WARNING, err < 0 ? err : JET_errReadVerifyFailure, 0, "%s copy of the header is damaged", i == 0 ? "first" : "second");
            are_good = false;
        }
        err = JET_errSuccess;
    }
    if (are_good && c->db->is_read_only && memcmp(copies[0], copies[1], c->page_size) != 0)
        check_report_finding(c, CHECK_WARNING, JET_errDatabaseCorrupted, 0, "the two copies of the header differ");
done:
    return err;
}

JET_ERR check_pages(struct check *c)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = cache_file_os_file(c->file);
    uint32_t per_block = BLOCK_SIZE / c->page_size;
    uint8_t *block = mem_alloc_aligned(4096, BLOCK_SIZE);
    if (block == NULL)
        RAISE(JET_errOutOfMemory);
    c->table[0] = c->object[0] = 0;
    c->objid = 0;
    TRY(check_headers(c, block));
    for (uint64_t first = 1; first <= c->last_page; first += per_block) {
        uint32_t count = c->last_page - first + 1 < per_block ? (uint32_t)(c->last_page - first + 1) : per_block;
        os_file_prefetch(file, page_file_offset((page_no_t)first + count, c->page_size), BLOCK_SIZE);
        err = os_file_read(file, page_file_offset((page_no_t)first, c->page_size), block, (size_t)count * c->page_size);
        if (err < 0 && !check_is_finding(err))
            goto done;
        for (uint32_t i = 0; i < count; i++) {
            page_no_t page_no = (page_no_t)first + i;
            uint8_t *page = block + (size_t)i * c->page_size;
            if (err < 0) { /* the block has an unreadable page: one by one */
                JET_ERR page_error = os_file_read(file, page_file_offset(page_no, c->page_size), page, c->page_size);
                if (page_error < 0) {
                    c->report->pages_bad++;
                    check_report_finding(c, CHECK_ERROR, page_error, page_no, "page cannot be read");
                    continue;
                }
            }
            judge_page(c, page, page_no);
            c->pages_walked++;
        }
        err = JET_errSuccess;
        if (c->callbacks.progress != NULL)
            TRY(c->callbacks.progress(c->callbacks.context, (uint64_t)c->last_page + first + count - 1, 2ull * c->last_page, ""));
    }
done:
    mem_free(block);
    return err;
}
