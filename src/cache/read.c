/* From disk into a frame (cache rule 2): read, checksum with repair of a single bit, page number, structure. What comes out of here with
 * success is a page whose bytes every later accessor may trust; everything else is an error that says what is wrong. */
#include "base/bytes.h"
#include "cache/internal.h"

static struct read_result failed(struct read_result result, JET_ERR error, const char *why)
{
    result.error = error_raise(error, __FILE__, __LINE__);
    result.why = why;
    return result;
}

/* The sums are right for a page of another number: the bytes are sound, but they belong elsewhere. Seen for the old format, where the
 * number stands beside the sum; in the new format it is part of the sum. */
static bool is_of_another_page(const struct checksum_result *checksum)
{
    return checksum->is_old_format && (uint32_t)checksum->expected == (uint32_t)checksum->stored;
}

static struct read_result verify(struct cache_frame *frame, struct read_result result)
{
    const struct cache_file *file = frame->file;
    uint32_t page_size = file->cache->page_size;
    struct page_view view;
    if (!file->skip_checksums) {
        result.checksum = checksum_verify_page(frame->bytes, page_size, frame->page_no, true);
        if (result.checksum.verdict == CHECKSUM_ZERO)
            return failed(result, JET_errPageNotInitialized, "page never written");
        if (result.checksum.verdict == CHECKSUM_BAD)
            return is_of_another_page(&result.checksum) ? failed(result, JET_errReadPgnoVerifyFailure, "page carries another page number")
                                                        : failed(result, JET_errReadVerifyFailure, "checksum");
    }
    result.error = page_view_init(&view, frame->bytes, page_size, frame->page_no, &result.why);
    return result;
}

struct read_result read_page(struct cache_frame *frame)
{
    struct cache_file *file = frame->file;
    uint32_t page_size = file->cache->page_size;
    struct read_result result = {.checksum = {.verdict = CHECKSUM_OK}};
    result.error = os_file_read(file->file, page_file_offset(frame->page_no, page_size), frame->bytes, page_size);
    if (result.error < JET_errSuccess) {
        result.why = "read";
        return result;
    }
    result = verify(frame, result);
    frame->flush_type = (uint8_t)flush_type_of_flags(load_le32(frame->bytes + 36)); /* page flags (database-file 4.2) */
    if (result.checksum.verdict == CHECKSUM_REPAIRED && result.error >= JET_errSuccess) {
        atomic_fetch_add_explicit(&file->cache->repaired, 1, memory_order_relaxed);
        if (file->observer.page_repaired != NULL)
            file->observer.page_repaired(file->observer.context, frame->page_no, &result.checksum);
    }
    return result;
}

void read_report_failure(struct cache_file *file, page_no_t page_no, const struct read_result *result)
{
    atomic_fetch_add_explicit(&file->cache->failed, 1, memory_order_relaxed);
    if (file->observer.page_failed != NULL)
        file->observer.page_failed(file->observer.context, page_no, result->error, &result->checksum, result->why);
    if (file->observer.page_lost != NULL)
        file->observer.page_lost(file->observer.context, file->context, page_no, result->error);
}
