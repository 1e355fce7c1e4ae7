/* PagePatchRequest: whoever wrote the log could not read a page, and this copy of the database, replayed up to the record, has it (recovery.md 6.1). The client is given the page; the copy does not change.
 *
 * A copy that cannot read the page either, or that has it newer than the record, has no answer, and goes on. */
#include "base/memory.h"
#include "format/flush_map.h"
#include "recovery/internal.h"

enum { FLAGS_OFFSET = 36, DBTIME_OFFSET = 8, FLUSH_TYPE_OF_IMAGES = 1 };

/* The page as it would be written; *image NULL: none. */
static JET_ERR take_image(const struct recovered_database *d, const struct page_prefix *wanted, uint8_t **image)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {.frame = NULL};
    *image = NULL;
    err = cache_get(d->db->pages, wanted->page_no, PAGE_LATCH_SHARED, &ref);
    if (err == JET_errOutOfMemory || err == JET_errOutOfBuffers)
        goto done;
    if (err < 0 || load_le64(ref.view.bytes + DBTIME_OFFSET) > wanted->dbtime) {
        err = JET_errSuccess;
        goto done;
    }
    *image = (uint8_t *)mem_alloc_aligned(d->page_size, d->page_size);
    if (*image == NULL)
        RAISE(JET_errOutOfMemory);
    memcpy(*image, ref.view.bytes, d->page_size);
    store_le32(*image + FLAGS_OFFSET, flags_with_flush_type(load_le32(*image + FLAGS_OFFSET), FLUSH_TYPE_OF_IMAGES));
    checksum_store_page(*image, d->page_size, wanted->page_no);
done:
    cache_release(&ref);
    return err;
}

JET_ERR recovery_redo_page_request(struct recovery *r, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct recovered_database *d = recovery_find_attached(r, record->page.dbid);
    char *log_path = NULL;
    uint8_t *image = NULL;
    bool is_current;
    if (recovery_ignores_record(r, d))
        return JET_errSuccess;
    if (record->page.dbtime != DBTIME_IN_MACRO && record->page.dbtime > d->header.dbtime)
        d->header.dbtime = record->page.dbtime;
    if (r->hard != NULL || r->config->page_request == NULL)
        return JET_errSuccess;
    TRY(take_image(d, &record->page, &image));
    if (image == NULL)
        goto done;
    TRY(recovery_archive_or_current(r, r->generation.header.generation, &log_path, &is_current));
    const struct recovery_page_request request = {.path = d->path, .dbid = d->dbid, .header = &d->header, .log_path = log_path, .page_no = record->page.page_no,
                                                  .dbtime = record->page.dbtime, .log_signature = &r->log_signature, .image = image, .page_size = d->page_size};
    r->config->page_request(r->config->page_request_context, &request);
done:
    mem_free(log_path);
    mem_free(image);
    return err;
}
