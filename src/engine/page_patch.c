/* Requests for pages, and the pages that come (page_patch.h). */
#define ESENT_PRIVATE
#include "engine/page_patch.h"

#include <stdio.h>

#include "base/memory.h"
#include "engine/checkpoint.h"
#include "engine/raw_pages.h"
#include "engine/session.h"
#include "os/clock.h"

enum {
    EVENT_PAGE_PATCHED = 905,
    GRBIT_ALLOW_CORRUPTION = 0x2, /* of earlier versions: writes any bytes */
    TOKEN_DBTIME = 8, TOKEN_SIGNATURE = 16 /* of a token: u32 size, 4 bytes nothing, u64 dbtime, log signature, 4 bytes nothing */
};
#define NS_PER_SECOND UINT64_C(1000000000)

JET_ERR page_patches_init(struct page_patches *patches) { return mutex_init(&patches->lock, RANK_LEAF); }
void page_patches_destroy(struct page_patches *patches) { mutex_destroy(&patches->lock); }

void page_patches_start(struct instance *instance)
{
    atomic_store(&instance->patches.is_enabled, instance_parameter(instance, JET_paramEnableExternalAutoHealing) != 0);
}

/* --- asking --- */

void page_patch_note(struct instance *instance, struct database *db, page_no_t page_no, JET_ERR error)
{
    struct page_patches *p = &instance->patches;
    if (!atomic_load(&p->is_enabled) || !raw_page_is_damage(error) || db == NULL || db->log == NULL)
        return;
    mutex_lock(&p->lock);
    bool is_there = p->noted_count == PAGE_PATCH_NOTED_MAX; /* the page will be met again */
    for (uint32_t i = 0; i < p->noted_count; i++)
        is_there |= p->noted[i].dbid == db->dbid && p->noted[i].page_no == page_no;
    if (!is_there)
        p->noted[p->noted_count++] = (struct page_patch_request){.dbid = db->dbid, .page_no = page_no};
    mutex_unlock(&p->lock);
    if (!is_there)
        checkpoint_signal(instance);
}

void page_patch_forget(struct instance *instance, uint32_t dbid)
{
    struct page_patches *p = &instance->patches;
    uint32_t kept = 0;
    mutex_lock(&p->lock);
    for (uint32_t i = 0; i < p->noted_count; i++)
        if (p->noted[i].dbid != dbid)
            p->noted[kept++] = p->noted[i];
    p->noted_count = kept;
    for (int i = 0; i < PAGE_PATCH_REQUESTS_MAX; i++)
        if (p->requests[i].dbid == dbid)
            p->requests[i] = (struct page_patch_request){0};
    mutex_unlock(&p->lock);
}

/* Lock on entry: lock. dbid 0: a free one. */
static struct page_patch_request *find_request(struct page_patches *p, uint32_t dbid, page_no_t page_no)
{
    for (int i = 0; i < PAGE_PATCH_REQUESTS_MAX; i++)
        if (p->requests[i].dbid == dbid && (dbid == 0 || p->requests[i].page_no == page_no))
            return &p->requests[i];
    return NULL;
}

/* Enters the request. False: there is one that is not stale, or no room for another, or pages have come since `answers` were counted: this one may be among them. */
static bool enter_request(struct page_patches *p, struct database *db, page_no_t page_no, uint64_t stale_ns, uint64_t answers, uint64_t *dbtime)
{
    uint64_t now = clock_monotonic_ns();
    mutex_lock(&p->lock);
    struct page_patch_request *request = find_request(p, db->dbid, page_no);
    bool is_wanted = p->answers == answers && (request == NULL || now - request->issued_ns > stale_ns);
    if (request == NULL)
        request = find_request(p, 0, 0);
    is_wanted &= request != NULL;
    if (is_wanted) {
        *dbtime = database_next_dbtime(db);
        *request = (struct page_patch_request){.dbid = db->dbid, .page_no = page_no, .dbtime = *dbtime, .issued_ns = now};
    }
    mutex_unlock(&p->lock);
    return is_wanted;
}

/* The request has been answered, or was never made. */
static void end_request(struct page_patches *p, uint32_t dbid, page_no_t page_no, uint64_t dbtime)
{
    mutex_lock(&p->lock);
    struct page_patch_request *request = find_request(p, dbid, page_no);
    if (request != NULL && request->dbtime == dbtime)
        *request = (struct page_patch_request){0};
    p->answers++;
    mutex_unlock(&p->lock);
}

/* Read around the cache: the thread that asks must not wait for a page. */
static bool is_still_damaged(struct database *db, page_no_t page_no, uint8_t *room)
{
    JET_ERR err = os_file_read(db->file, page_file_offset(page_no, db->page_size), room, db->page_size);
    return raw_page_is_damage(err < 0 ? err : raw_page_verify(room, db->page_size, page_no, true));
}

/* Takes all that was noted. One by one there might be no end: a damaged page is met again as fast as it is taken. */
static uint32_t take_noted(struct page_patches *p, struct page_patch_request noted[PAGE_PATCH_NOTED_MAX])
{
    mutex_lock(&p->lock);
    uint32_t count = p->noted_count;
    memcpy(noted, p->noted, count * sizeof noted[0]);
    p->noted_count = 0;
    mutex_unlock(&p->lock);
    return count;
}

static uint64_t count_answers(struct page_patches *p)
{
    mutex_lock(&p->lock);
    uint64_t answers = p->answers;
    mutex_unlock(&p->lock);
    return answers;
}

/* Lock on entry: the checkpoint's writable_lock. */
static JET_ERR issue(struct page_patches *p, struct database *db, page_no_t page_no, uint64_t stale_ns, bool *is_logged)
{
    JET_ERR err = JET_errSuccess;
    uint8_t record[LR_PAGE_PATCH_REQUEST_SIZE];
    uint64_t dbtime = 0, answers = count_answers(p);
    lgpos_t position;
    uint8_t *room = (uint8_t *)mem_alloc_aligned(db->page_size, db->page_size);
    if (room == NULL)
        RAISE(JET_errOutOfMemory);
    if (!is_still_damaged(db, page_no, room) || !enter_request(p, db, page_no, stale_ns, answers, &dbtime))
        goto done;
    err = log_append(db->log, record, log_record_encode_patch_request(record, (uint8_t)db->dbid, page_no, dbtime), &position);
    if (err < 0)
        end_request(p, db->dbid, page_no, dbtime);
    *is_logged |= err >= 0;
done:
    mem_free(room);
    return err;
}

JET_ERR page_patch_issue(struct instance *instance)
{
    JET_ERR err = JET_errSuccess;
    struct page_patches *p = &instance->patches;
    struct checkpoint_worker *w = &instance->checkpoint;
    struct page_patch_request noted[PAGE_PATCH_NOTED_MAX];
    uint64_t stale_ns = 0;
    bool is_logged = false;
    if (!atomic_load(&p->is_enabled))
        return JET_errSuccess;
    stale_ns = (uint64_t)instance_parameter(instance, JET_paramPatchRequestTimeout) * NS_PER_SECOND;
    uint32_t count = take_noted(p, noted);
    for (uint32_t i = 0; i < count; i++) {
        mutex_lock(&w->writable_lock);
        struct database *db = atomic_load(&w->writable[noted[i].dbid - 1]);
        JET_ERR one = db != NULL && db->log != NULL ? issue(p, db, noted[i].page_no, stale_ns, &is_logged) : JET_errSuccess;
        mutex_unlock(&w->writable_lock);
        err = err < 0 ? err : one;
    }
    TRY(err);
    if (is_logged)
        TRY(log_roll(instance->log));
done:
    return err;
}

/* --- answering --- */

void page_patch_make_token(uint8_t token[PAGE_PATCH_TOKEN_SIZE], uint64_t dbtime, const struct signature *log_signature)
{
    memset(token, 0, PAGE_PATCH_TOKEN_SIZE);
    store_le32(token, PAGE_PATCH_TOKEN_SIZE);
    store_le64(token + TOKEN_DBTIME, dbtime);
    memcpy(token + TOKEN_SIGNATURE, log_signature->bytes, sizeof log_signature->bytes);
}

static JET_ERR check_token(const struct instance *instance, const struct page_patch *patch)
{
    JET_ERR err = JET_errSuccess;
    struct signature stream;
    if (patch->page_no == 0 || patch->image == NULL || patch->token == NULL || patch->token_size != PAGE_PATCH_TOKEN_SIZE || load_le32(patch->token) != PAGE_PATCH_TOKEN_SIZE)
        RAISE(JET_errInvalidParameter);
    stream = log_stream_signature(instance->log);
    if (memcmp(patch->token + TOKEN_SIGNATURE, stream.bytes, sizeof stream.bytes) != 0)
        RAISE(JET_errBadLogSignature);
done:
    return err;
}

/* The page, held exclusive. *is_lost: nobody has its bytes; else they can be read, or somebody has made the page anew. */
static JET_ERR get_page(struct database *db, page_no_t page_no, struct page_ref *ref, bool *is_lost)
{
    JET_ERR err = cache_get(db->pages, page_no, PAGE_LATCH_EXCLUSIVE, ref);
    *is_lost = false;
    if (err < 0 && raw_page_is_damage(err)) {
        err = cache_get_new(db->pages, page_no, ref);
        *is_lost = err >= 0 && page_dbtime(&ref->view) == 0;
    }
    return err;
}

/* Is the request for the page, as it is now, still to be answered, and with this token? *is_answered: the page has been changed since, or there is no request. */
static JET_ERR find_answerable(struct page_patches *p, const struct database *db, const struct page_patch *patch, uint64_t present_dbtime, bool *is_answered)
{
    JET_ERR err = JET_errSuccess;
    mutex_lock(&p->lock);
    struct page_patch_request *request = find_request(p, db->dbid, patch->page_no);
    if (request != NULL && present_dbtime > request->dbtime) {
        *request = (struct page_patch_request){0};
        request = NULL;
    }
    *is_answered = request == NULL;
    if (request != NULL && request->dbtime != load_le64(patch->token + TOKEN_DBTIME))
        err = error_raise(JET_errInvalidParameter, __FILE__, __LINE__);
    mutex_unlock(&p->lock);
    return err;
}

/* A copy from before the request, and sound enough to be used at once. */
static JET_ERR check_image(const struct database *db, const struct page_patch *patch)
{
    JET_ERR err = JET_errSuccess;
    struct page_view view;
    if (patch->image_size != db->page_size)
        RAISE(JET_errInvalidBufferSize);
    struct checksum_result sum = checksum_verify_page((uint8_t *)(uintptr_t)patch->image, db->page_size, patch->page_no, false);
    if (sum.verdict == CHECKSUM_ZERO)
        RAISE(JET_errPageNotInitialized);
    if (sum.verdict != CHECKSUM_OK)
        RAISE(JET_errReadVerifyFailure);
    TRY(page_view_init(&view, patch->image, db->page_size, patch->page_no, NULL));
    TRY(page_check(patch->image, db->page_size, patch->page_no, NULL));
    if (page_dbtime(&view) > load_le64(patch->token + TOKEN_DBTIME))
        RAISE(JET_errInvalidParameter);
done:
    return err;
}

static void report_patched(struct instance *instance, const struct database *db, page_no_t page_no)
{
    char page[40];
    snprintf(page, sizeof page, "%u (0x%08x)", page_no, page_no);
    EVENT_REPORT(&instance->events, EVENT_PAGE_PATCHED, EVENT_WARNING, EVENT_DATABASE_CORRUPTION, page, db->path);
}

JET_ERR engine_patch_page(struct session *session, const struct open_database *open, const struct page_patch *patch)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = session->instance;
    struct database *db = open_database_file(open);
    struct page_ref ref = {.frame = NULL};
    bool is_answered = false, is_lost;
    if ((patch->grbit & GRBIT_ALLOW_CORRUPTION) != 0)
        RAISE(JET_errDisabledFunctionality);
    if (!atomic_load(&instance->patches.is_enabled) || db->log == NULL)
        RAISE(JET_errInvalidParameter);
    TRY(check_token(instance, patch));
    TRY(get_page(db, patch->page_no, &ref, &is_lost));
    if (cache_is_dirty(&ref))
        RAISE(JET_errDatabaseInUse);
    TRY(find_answerable(&instance->patches, db, patch, page_dbtime(&ref.view), &is_answered));
    if (is_answered)
        goto done;
    TRY(check_image(db, patch));
    /* A page that is there has all its changes, the image perhaps not: one whose dbtime was taken before the request's may be logged behind it. So it is written as it is. */
    if (is_lost)
        memcpy(page_ref_bytes(&ref), patch->image, db->page_size);
    cache_mark_dirty(&ref, 0, 0);
    cache_release(&ref);
    TRY(checkpoint_flush_page(instance, db, patch->page_no));
    end_request(&instance->patches, db->dbid, patch->page_no, load_le64(patch->token + TOKEN_DBTIME));
    report_patched(instance, db, patch->page_no);
done:
    cache_release(&ref);
    return err;
}
