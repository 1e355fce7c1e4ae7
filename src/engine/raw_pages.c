/* Reading pages around the cache (raw_pages.h). What the file has is older than what the cache has by changes that the log explains; so a reader of the copy needs the log as well, and nothing else. */
#include "engine/raw_pages.h"

#include "engine/page_patch.h"
#include "format/checksum.h"

enum { DBTIME_OFFSET = 8 };

bool raw_page_is_damage(JET_ERR error)
{
    return error == JET_errReadVerifyFailure || error == JET_errReadPgnoVerifyFailure || error == JET_errReadLostFlushVerifyFailure || error == JET_errDiskReadVerificationFailure ||
           error == JET_errDiskIO || error == JET_errDatabaseCorrupted || error == JET_errFileSystemCorruption;
}

JET_ERR raw_page_verify(uint8_t *bytes, uint32_t size, page_no_t page_no, bool repair)
{
    JET_ERR err = JET_errSuccess;
    struct page_view view;
    struct checksum_result sum = checksum_verify_page(bytes, size, page_no, repair);
    if (sum.verdict == CHECKSUM_ZERO)
        RAISE(JET_errPageNotInitialized);
    if (sum.verdict == CHECKSUM_BAD || (sum.verdict == CHECKSUM_REPAIRED && !repair))
        RAISE(sum.is_old_format && (uint32_t)sum.expected == (uint32_t)sum.stored ? JET_errReadPgnoVerifyFailure : JET_errReadVerifyFailure);
    if (load_le64(bytes + DBTIME_OFFSET) == RAW_PAGE_DBTIME_SHRUNK)
        RAISE(JET_errPageNotInitialized);
    TRY(page_view_init(&view, bytes, size, page_no, NULL));
done:
    return err;
}

void raw_page_make_shrunk(uint8_t *bytes, uint32_t size, page_no_t page_no)
{
    enum { FREE_OFFSET = 28, FLAGS_OFFSET = 36, NUMBER_OFFSET = 64, ONE_TAG = 0x1001, TAG_SIZE = 4 };
    memset(bytes, 0, size);
    store_le64(bytes + DBTIME_OFFSET, RAW_PAGE_DBTIME_SHRUNK);
    store_le16(bytes + FREE_OFFSET, (uint16_t)(size - page_header_size(size) - TAG_SIZE));
    store_le16(bytes + PAGE_TAG_STATE_OFFSET, ONE_TAG);
    store_le32(bytes + FLAGS_OFFSET, PAGE_FLAG_NEW_RECORD_FORMAT | PAGE_FLAG_NEW_CHECKSUM);
    if (page_is_large(size))
        store_le32(bytes + NUMBER_OFFSET, page_no);
    checksum_store_page(bytes, size, page_no);
}

/* A damaged page is reported like one that a reader meets, so that its mending begins. */
static JET_ERR verify_all(struct session *session, struct database *db, page_no_t first, uint32_t count, uint8_t *buffer)
{
    for (uint32_t i = 0; i < count; i++) {
        JET_ERR err = raw_page_verify(buffer + (size_t)i * db->page_size, db->page_size, first + i, true);
        if (err < 0 && err != JET_errPageNotInitialized) {
            page_patch_note(session->instance, db, first + i, err);
            return err;
        }
    }
    return JET_errSuccess;
}

JET_ERR engine_get_database_pages(struct session *session, const struct open_database *db, page_no_t first, uint32_t count, uint8_t *buffer)
{
    JET_ERR err = JET_errSuccess;
    struct database *file = open_database_file(db);
    uint32_t size = file->page_size;
    cache_range_lock(file->pages, first, first + count - 1); /* before the end is asked for: the file is not cut meanwhile */
    page_no_t last = cache_file_last_page(file->pages);
    uint32_t present = first > last ? 0 : count < last - first + 1 ? count : last - first + 1;
    if (present > 0)
        err = os_file_read(file->file, page_file_offset(first, size), buffer, (size_t)present * size);
    cache_range_unlock(file->pages);
    TRY(err);
    TRY(verify_all(session, file, first, present, buffer));
    for (uint32_t i = present; i < count; i++)
        raw_page_make_shrunk(buffer + (size_t)i * size, size, first + i);
done:
    return err;
}
