/* Single pages: their checksums, raw copies of them, and putting copies in the place of damaged ones, in a database in use or in one that is not attached. */
#define ESENT_PRIVATE
#include <string.h>

#include "api/api.h"
#include "api/text_arguments.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "engine/page_patch.h"
#include "engine/process.h"
#include "engine/raw_pages.h"
#include "engine/reseed.h"
#include "format/checksum.h"
#include "format/logical_sum.h"

enum { SYSTEM_PAGE = 4096, SUMS_MAX = 4 };
#define NO_DBTIME (UINT64_MAX - 1)

static uint32_t default_page_size(void) { return (uint32_t)process_parameter(JET_paramDatabasePageSize); }

/* --- JetGetPageInfo --- */

/* The sums of a page; those of its further blocks are 0 on small pages and in the old format. */
struct sums {
    uint64_t stored[SUMS_MAX], computed[SUMS_MAX];
};

static void read_block_sums(const uint8_t *page, uint32_t size, page_no_t page_no, struct sums *out)
{
    enum { MORE_SUMS_OFFSET = 40 };
    uint32_t block = page_is_large(size) ? size / SUMS_MAX : size;
    for (uint32_t i = 0; i < size / block; i++) {
        out->stored[i] = load_le64(page + (i == 0 ? 0 : MORE_SUMS_OFFSET + (i - 1) * 8));
        out->computed[i] = checksum_ecc(page + (size_t)i * block, block, page_no, i == 0);
    }
}

/* A database header, or the trailer of a backup: those have the sum of headers. */
static bool is_header(const uint8_t *page, page_no_t page_no)
{
    enum { OBJID_OFFSET = 24 };
    return page_no == 0 || page_no == UINT32_MAX || (load_le32(page + 4) == 0 && load_le64(page + 8) == 0 && load_le32(page + OBJID_OFFSET) == 0);
}

static JET_ERR describe_header(const uint8_t *page, uint32_t size, JET_GRBIT grbit, JET_PAGEINFO *info, struct sums *sums)
{
    sums->stored[0] = load_le32(page);
    sums->computed[0] = checksum_header(page, size);
    if (sums->stored[0] != sums->computed[0])
        return JET_errReadVerifyFailure;
    info->dbtime = load_le64(page + 16);
    if ((grbit & JET_bitPageInfoNoStructureChecksum) == 0)
        info->structureChecksum = sums->computed[0];
    return JET_errSuccess;
}

/* A single wrong bit in a block is put right in the client's memory. */
static JET_ERR describe_data(uint8_t *page, uint32_t size, JET_GRBIT grbit, JET_PAGEINFO *info, struct sums *sums)
{
    struct checksum_result result = checksum_verify_page(page, size, info->pgno, true);
    if (result.is_old_format) {
        sums->stored[0] = result.stored;
        sums->computed[0] = result.expected;
    } else {
        read_block_sums(page, size, info->pgno, sums);
    }
    info->fCorrectableError = result.verdict == CHECKSUM_REPAIRED;
    if (result.verdict == CHECKSUM_BAD)
        return JET_errReadVerifyFailure;
    info->dbtime = load_le64(page + 8);
    if ((grbit & JET_bitPageInfoNoStructureChecksum) == 0)
        info->structureChecksum = page_logical_sum(page, size);
    return JET_errSuccess;
}

/* more: the further sums of JET_PAGEINFO2, or NULL. */
static JET_ERR describe_page(uint8_t *page, uint32_t size, JET_GRBIT grbit, JET_PAGEINFO *info, JET_PAGEINFO2 *more)
{
    struct sums sums = {{0}, {0}};
    JET_ERR err = JET_errSuccess;
    info->fPageIsInitialized = !is_all_zero(page, size);
    info->fCorrectableError = 0;
    info->checksumActual = info->checksumExpected = info->structureChecksum = info->flags = 0;
    info->dbtime = NO_DBTIME;
    if (info->fPageIsInitialized)
        err = is_header(page, info->pgno) ? describe_header(page, size, grbit, info, &sums) : describe_data(page, size, grbit, info, &sums);
    info->checksumActual = sums.computed[0];
    info->checksumExpected = sums.stored[0];
    if (more != NULL) {
        memcpy(more->rgChecksumActual, sums.computed + 1, sizeof more->rgChecksumActual);
        memcpy(more->rgChecksumExpected, sums.stored + 1, sizeof more->rgChecksumExpected);
    }
    return err;
}

static JET_ERR get_page_info(void *pages, uint32_t size, void *infos, uint32_t infos_size, JET_GRBIT grbit, uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    uint32_t page_size = default_page_size(), entry = level == JET_PageInfo2 ? sizeof(JET_PAGEINFO2) : sizeof(JET_PAGEINFO);
    if (level != JET_PageInfo && level != JET_PageInfo2)
        RAISE(JET_errInvalidParameter);
    if (pages == NULL || size == 0 || infos == NULL || infos_size == 0)
        RAISE(JET_errInvalidParameter);
    if ((grbit & ~(JET_GRBIT)JET_bitPageInfoNoStructureChecksum) != 0)
        RAISE(JET_errInvalidGrbit);
    if (size % page_size != 0 || infos_size % entry != 0 || size / page_size != infos_size / entry || (uintptr_t)pages % page_size != 0)
        RAISE(JET_errInvalidParameter);
    for (uint32_t i = 0; i < size / page_size; i++) {
        void *info = (uint8_t *)infos + (size_t)i * entry;
        JET_ERR one = describe_page((uint8_t *)pages + (size_t)i * page_size, page_size, grbit, (JET_PAGEINFO *)info, level == JET_PageInfo2 ? (JET_PAGEINFO2 *)info : NULL);
        if (one < 0) /* the others are described all the same */
            err = one;
    }
done:
    return err;
}

JET_EXPORT JET_ERR JetGetPageInfo(void *pvPages, uint32_t cbData, JET_PAGEINFO *rgPageInfo, uint32_t cbPageInfo, JET_GRBIT grbit, uint32_t ulInfoLevel)
{
    return ulInfoLevel != JET_PageInfo ? JET_errInvalidParameter : get_page_info(pvPages, cbData, rgPageInfo, cbPageInfo, grbit, ulInfoLevel);
}

JET_EXPORT JET_ERR JetGetPageInfo2(void *pvPages, uint32_t cbData, void *rgPageInfo, uint32_t cbPageInfo, JET_GRBIT grbit, uint32_t ulInfoLevel)
{
    return get_page_info(pvPages, cbData, rgPageInfo, cbPageInfo, grbit, ulInfoLevel);
}

/* --- a database in use --- */

JET_EXPORT JET_ERR JetGetDatabasePages(JET_SESID sesid, JET_DBID dbid, uint32_t pgnoStart, uint32_t cpg, void *pv, uint32_t cb, uint32_t *pcbActual, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct open_database *db = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    TRY(session_find_database(session, dbid, &db));
    uint64_t size = (uint64_t)cpg * open_database_file(db)->page_size;
    if (pgnoStart < 1 || (int32_t)cpg < 0 || (uint64_t)pgnoStart + cpg > PAGE_NO_MAX || (uintptr_t)pv % SYSTEM_PAGE != 0 || (cb != 0 && pv == NULL))
        RAISE(JET_errInvalidParameter);
    if (cb < size)
        RAISE(JET_errBufferTooSmall);
    if (pcbActual == NULL)
        RAISE(JET_errInvalidParameter);
    if (grbit != 0)
        RAISE(JET_errInvalidGrbit);
    if (cpg > 0)
        TRY(engine_get_database_pages(session, db, pgnoStart, cpg, (uint8_t *)pv));
    *pcbActual = (uint32_t)size;
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetOnlinePatchDatabasePage(JET_SESID sesid, JET_DBID dbid, uint32_t pgno, const void *pvToken, uint32_t cbToken, const void *pvData, uint32_t cbData, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct open_database *db = NULL;
    const struct page_patch patch = {.page_no = pgno, .token = (const uint8_t *)pvToken, .token_size = cbToken, .image = (const uint8_t *)pvData, .image_size = cbData, .grbit = grbit};
    TRY(engine_enter_session(sesid, 0, &session));
    TRY(session_find_database(session, dbid, &db));
    TRY(engine_patch_page(session, db, &patch));
done:
    engine_leave_session(session);
    return err;
}

/* --- a database that is not attached --- */

/* The instance need not have been started, but it must not be on its way. */
static JET_ERR enter(JET_INSTANCE handle, struct instance **out)
{
    JET_ERR err = engine_enter_instance(handle, INSTANCE_ENTER_HANDLE_ONLY, out);
    if (err < 0)
        return err;
    unsigned state = atomic_load(&(*out)->state);
    if ((state & INSTANCE_TERMINATING) != 0)
        err = JET_errTermInProgress;
    else if ((state & INSTANCE_RESTORING) != 0)
        err = JET_errRestoreInProgress;
    else if ((state & INSTANCE_INITIALISING) != 0 && (state & INSTANCE_RUNNING) == 0)
        err = JET_errInitInProgress;
    if (err < 0) {
        engine_leave_instance(*out);
        *out = NULL;
    }
    return err;
}

enum reseed_call { RESEED_BEGIN, RESEED_PATCH, RESEED_END };

static JET_ERR reseed(enum text_form form, enum reseed_call call, JET_INSTANCE handle, const void *database, const struct reseed_patch *patch, const struct reseed_range *range, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    char *path = NULL;
    TRY(enter(handle, &instance));
    TRY(text_argument(form, database, &path));
    switch (call) {
    case RESEED_BEGIN: TRY(engine_reseed_begin(instance, path, grbit)); break;
    case RESEED_PATCH: TRY(engine_reseed_patch(instance, path, patch)); break;
    case RESEED_END: TRY(engine_reseed_end(instance, path, range, grbit)); break;
    }
done:
    engine_leave_instance(instance);
    mem_free(path);
    return err;
}

/* The logs say themselves where they part: the generation is of use for revert snapshots, which are not kept. */
JET_EXPORT JET_ERR JetBeginDatabaseIncrementalReseedA(JET_INSTANCE instance, const char *szDatabase, uint32_t genFirstDivergedLog, JET_GRBIT grbit)
{
    (void)genFirstDivergedLog;
    return reseed(TEXT_UTF8, RESEED_BEGIN, instance, szDatabase, NULL, NULL, grbit);
}

JET_EXPORT JET_ERR JetBeginDatabaseIncrementalReseedW(JET_INSTANCE instance, const char16_t *szDatabase, uint32_t genFirstDivergedLog, JET_GRBIT grbit)
{
    (void)genFirstDivergedLog;
    return reseed(TEXT_UTF16, RESEED_BEGIN, instance, szDatabase, NULL, NULL, grbit);
}
JET_EXPORT_PLAIN(JetBeginDatabaseIncrementalReseed);

JET_EXPORT JET_ERR JetPatchDatabasePagesA(JET_INSTANCE instance, const char *szDatabase, uint32_t pgnoStart, uint32_t cpg, const void *pv, uint32_t cb, JET_GRBIT grbit)
{
    const struct reseed_patch patch = {pgnoStart, cpg, (const uint8_t *)pv, cb, grbit};
    return reseed(TEXT_UTF8, RESEED_PATCH, instance, szDatabase, &patch, NULL, grbit);
}

JET_EXPORT JET_ERR JetPatchDatabasePagesW(JET_INSTANCE instance, const char16_t *szDatabase, uint32_t pgnoStart, uint32_t cpg, const void *pv, uint32_t cb, JET_GRBIT grbit)
{
    const struct reseed_patch patch = {pgnoStart, cpg, (const uint8_t *)pv, cb, grbit};
    return reseed(TEXT_UTF16, RESEED_PATCH, instance, szDatabase, &patch, NULL, grbit);
}
JET_EXPORT_PLAIN(JetPatchDatabasePages);

JET_EXPORT JET_ERR JetEndDatabaseIncrementalReseedA(JET_INSTANCE instance, const char *szDatabase, uint32_t genMinRequired, uint32_t genFirstDivergedLog, uint32_t genMaxRequired, JET_GRBIT grbit)
{
    const struct reseed_range range = {genMinRequired, genFirstDivergedLog, genMaxRequired};
    return reseed(TEXT_UTF8, RESEED_END, instance, szDatabase, NULL, &range, grbit);
}

JET_EXPORT JET_ERR JetEndDatabaseIncrementalReseedW(JET_INSTANCE instance, const char16_t *szDatabase, uint32_t genMinRequired, uint32_t genFirstDivergedLog, uint32_t genMaxRequired, JET_GRBIT grbit)
{
    const struct reseed_range range = {genMinRequired, genFirstDivergedLog, genMaxRequired};
    return reseed(TEXT_UTF16, RESEED_END, instance, szDatabase, NULL, &range, grbit);
}
JET_EXPORT_PLAIN(JetEndDatabaseIncrementalReseed);
