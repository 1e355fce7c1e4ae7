/* The header pair on disk. See header_pair.h. */
#include "database/header_pair.h"

#include "base/assert.h"
#include "base/memory.h"
#include "format/page.h"

enum { MAGIC_OFFSET = 4, VERSION_OFFSET = 8, VERSION_200 = 1, VERSION_200_FAMILY = 0x200, VERSION_400 = 0x400, VERSION_500 = 0x500, FAMILY_MASK = 0xF00 };

JET_ERR header_version_error(uint32_t version_major)
{
    if (version_major == DB_VERSION_MAJOR)
        return JET_errSuccess;
    if (version_major == VERSION_200 || (version_major < DB_VERSION_MAJOR && (version_major & FAMILY_MASK) == VERSION_200_FAMILY))
        return JET_errDatabase200Format;
    if (version_major == VERSION_400)
        return JET_errDatabase400Format;
    if (version_major == VERSION_500)
        return JET_errDatabase500Format;
    return JET_errInvalidDatabaseVersion;
}

/* Reads a block of size bytes at offset and says whether it is a valid header. A failed read is remembered in *io_error: the other copy may
 * still be good. */
static bool read_copy(struct os_file *file, uint64_t file_size, uint64_t offset, uint32_t size, uint8_t *room, JET_ERR *io_error)
{
    if (!range_within(offset, size, file_size))
        return false;
    JET_ERR err = os_file_read(file, offset, room, size);
    if (err < JET_errSuccess) {
        *io_error = err;
        return false;
    }
    return db_header_is_valid(room, size);
}

/* The first copy of the kind that is valid at its page size; its size, or 0. */
static uint32_t find_copy(struct os_file *file, uint64_t file_size, enum header_copy copy, uint8_t *room, JET_ERR *io_error)
{
    for (uint32_t size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX; size *= 2) {
        if (read_copy(file, file_size, copy == HEADER_PRIMARY ? 0 : size, size, room, io_error))
            return size;
    }
    return 0;
}

/* No copy is valid. Formats before 0x620 kept the magic number but summed differently: those are named. */
static JET_ERR error_of_invalid(struct os_file *file, uint8_t *room, JET_ERR io_error)
{
    if (io_error != JET_errSuccess)
        return io_error;
    JET_ERR err = os_file_read(file, 0, room, PAGE_SIZE_MIN);
    if (err < JET_errSuccess)
        return err;
    if (load_le32(room + MAGIC_OFFSET) == DB_HEADER_MAGIC && header_version_error(load_le32(room + VERSION_OFFSET)) != JET_errInvalidDatabaseVersion
        && load_le32(room + VERSION_OFFSET) != DB_VERSION_MAJOR)
        return header_version_error(load_le32(room + VERSION_OFFSET));
    return JET_errDatabaseCorrupted;
}

JET_ERR header_pair_read(struct os_file *file, struct header_pair *out)
{
    JET_ERR err = JET_errSuccess, io_error = JET_errSuccess;
    struct os_file_info info;
    uint8_t *room = NULL, *page = NULL;
    memset(out, 0, sizeof *out);
    TRY(os_file_info(file, &info));
    if (info.size < PAGE_SIZE_MIN)
        RAISE(JET_errFileIOBeyondEOF);
    room = (uint8_t *)mem_alloc(PAGE_SIZE_MAX);
    if (room == NULL)
        RAISE(JET_errOutOfMemory);
    out->page_size = find_copy(file, info.size, HEADER_PRIMARY, room, &io_error);
    if (out->page_size == 0) {
        out->used_shadow = true;
        out->page_size = find_copy(file, info.size, HEADER_SHADOW, room, &io_error);
    }
    if (out->page_size == 0)
        RAISE(error_of_invalid(file, room, io_error));
    page = (uint8_t *)mem_copy(room, out->page_size);
    if (page == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(db_header_decode(page, out->page_size, &out->header));
    enum header_copy other = out->used_shadow ? HEADER_PRIMARY : HEADER_SHADOW;
    /* A valid but different shadow is as bad as a torn one: it tells of an earlier state, and must not be what a crash leaves. */
    out->copy_is_bad[other] = out->used_shadow || !read_copy(file, info.size, out->page_size, out->page_size, room, &io_error)
                              || memcmp(room, page, out->page_size) != 0;
    out->page = page;
    page = NULL;
done:
    mem_free(room);
    mem_free(page);
    if (err != JET_errSuccess)
        memset(out, 0, sizeof *out);
    return err;
}

JET_ERR header_pair_write(struct os_file *file, const uint8_t *page, uint32_t page_size, bool copy_is_bad[HEADER_COPIES])
{
    JET_ERR err = JET_errSuccess;
    enum header_copy first = copy_is_bad[HEADER_SHADOW] ? HEADER_SHADOW : HEADER_PRIMARY;
    for (int i = 0; i < HEADER_COPIES; i++) {
        enum header_copy copy = i == 0 ? first : (enum header_copy)(HEADER_COPIES - 1 - (int)first);
        assert_always(!copy_is_bad[HEADER_COPIES - 1 - (int)copy]);
        copy_is_bad[copy] = true; /* from the first byte until its sync */
        TRY(os_file_write(file, (uint64_t)copy * page_size, page, page_size));
        TRY(os_file_sync(file));
        copy_is_bad[copy] = false;
    }
done:
    return err;
}
