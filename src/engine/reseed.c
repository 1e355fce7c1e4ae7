/* Begin, patch, end, cancel (reseed.h). The order of checks is that of the published engine source. */
#define ESENT_PRIVATE
#include "engine/reseed.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "engine/attach.h"
#include "engine/process.h"
#include "engine/raw_pages.h"
#include "os/clock.h"
#include "os/path.h"

enum { EVENT_RESEED_COMPLETE = 334, EVENT_PAGES_PATCHED = 911 };

/* --- what is under way --- */

static void reseed_free(struct reseed *r)
{
    if (r == NULL)
        return;
    os_file_close(r->file);
    mem_free(r->pair.page);
    mem_free(r->path);
    mem_free(r);
}

void reseed_close_all(struct instance *instance)
{
    while (instance->reseeds != NULL) {
        struct reseed *r = instance->reseeds;
        instance->reseeds = r->next;
        reseed_free(r);
    }
}

static void reseed_close(struct instance *instance, struct reseed *r)
{
    struct reseed **link = &instance->reseeds;
    while (*link != r)
        link = &(*link)->next;
    *link = r->next;
    reseed_free(r);
}

/* Lock on entry: reseeds_lock. */
static JET_ERR find(struct instance *instance, const char *path, struct reseed **out)
{
    JET_ERR err = JET_errSuccess;
    char *absolute = NULL;
    *out = NULL;
    if (instance->reseeds == NULL)
        RAISE(JET_errDatabaseInvalidIncrementalReseed);
    if (path == NULL)
        RAISE(JET_errInvalidParameter);
    TRY(path_absolute(path, &absolute));
    for (struct reseed *r = instance->reseeds; r != NULL && *out == NULL; r = r->next)
        if (strcmp(r->path, absolute) == 0)
            *out = r;
    if (*out == NULL)
        RAISE(JET_errDatabaseInvalidIncrementalReseed);
done:
    mem_free(absolute);
    return err;
}

/* Every write of the header has a new signature, which parts the file from a flush map that knows nothing of its new pages; and from snapshots to revert to. */
static JET_ERR write_header(struct reseed *r)
{
    struct db_header *h = &r->pair.header;
    h->header_flush_signature = signature_make(random_u32(), attach_time_now());
    memset(&h->flush_map_signature, 0, sizeof h->flush_map_signature);
    memset(&h->revert_signature, 0, sizeof h->revert_signature);
    db_header_encode(h, r->pair.page, r->pair.page_size);
    return header_pair_write(r->file, r->pair.page, r->pair.page_size, r->pair.copy_is_bad);
}

/* --- begin --- */

static JET_ERR open_file(const char *path, uint32_t page_size, struct reseed **out)
{
    JET_ERR err = JET_errSuccess;
    struct reseed *r = (struct reseed *)mem_alloc(sizeof *r);
    *out = NULL;
    if (r == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(path_absolute(path, &r->path));
    TRY(os_file_open(process_fs(), r->path, OS_OPEN_WRITE | OS_OPEN_LOCK_EXCLUSIVE, &r->file));
    err = header_pair_read(r->file, &r->pair);
    if (err == JET_errFileIOBeyondEOF)
        RAISE(JET_errDatabaseCorrupted);
    TRY(err);
    if (r->pair.page_size != page_size)
        RAISE(JET_errPageSizeMismatch);
    *out = r;
    r = NULL;
done:
    reseed_free(r);
    return err;
}

static JET_ERR begin(struct reseed *r, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct db_header *h = &r->pair.header;
    if (grbit != 0 && grbit != JET_bitBeginDatabaseIncrementalReseedPatchRBS)
        RAISE(JET_errInvalidGrbit);
    if (h->file_type != FILE_TYPE_DATABASE)
        RAISE(JET_errDatabaseCorrupted);
    TRY(database_check_format(h));
    if (h->state == DB_STATE_INCREMENTAL_RESEED)
        goto done;
    if (h->state != DB_STATE_DIRTY && h->state != DB_STATE_DIRTY_AND_PATCHED)
        RAISE(JET_errDatabaseInvalidIncrementalReseed);
    db_header_set_state(h, DB_STATE_INCREMENTAL_RESEED);
    h->reseeds.count++;
    h->reseeds.last = attach_time_now();
    TRY(write_header(r));
done:
    return err;
}

JET_ERR engine_reseed_begin(struct instance *instance, const char *path, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct reseed *r = NULL;
    uint32_t count = 0, page_size = (uint32_t)process_parameter(JET_paramDatabasePageSize);
    mutex_lock(&instance->reseeds_lock);
    if (path == NULL || path[0] == 0)
        RAISE(JET_errInvalidParameter);
    TRY(open_file(path, page_size, &r));
    for (const struct reseed *other = instance->reseeds; other != NULL; other = other->next)
        count++;
    if (count >= RESEEDS_MAX)
        RAISE(JET_errTooManyAttachedDatabases);
    TRY(begin(r, grbit));
    r->begun_ns = clock_monotonic_ns();
    r->next = instance->reseeds;
    instance->reseeds = r;
    r = NULL;
done:
    mutex_unlock(&instance->reseeds_lock);
    reseed_free(r);
    return err;
}

/* --- patch --- */

static JET_ERR check_patch(const struct reseed_patch *p, uint32_t page_size)
{
    JET_ERR err = JET_errSuccess;
    bool makes_shrunk = (p->grbit & JET_bitTestUninitShrunkPageImage) != 0;
    if (p->first < 1 || (int32_t)p->count < 0 || (uint64_t)p->first + p->count > PAGE_NO_MAX || (p->size != 0 && p->pages == NULL))
        RAISE(JET_errInvalidParameter);
    if (!makes_shrunk && (uint64_t)p->count * page_size > p->size)
        RAISE(JET_errInvalidParameter);
    if ((p->grbit & ~(JET_GRBIT)(JET_bitTestUninitShrunkPageImage | JET_bitPatchingCorruptPage)) != 0)
        RAISE(JET_errInvalidGrbit);
done:
    return err;
}

/* What is to stand in the file at page_no. A page from behind the end of its source has no content: it becomes blank, and the replay makes it when the log does. */
static JET_ERR prepare_page(const struct reseed_patch *p, uint32_t page_size, page_no_t page_no, uint8_t *room)
{
    JET_ERR err = JET_errSuccess;
    if ((p->grbit & JET_bitTestUninitShrunkPageImage) != 0) {
        memset(room, 0, page_size);
        goto done;
    }
    memcpy(room, p->pages + (size_t)(page_no - p->first) * page_size, page_size);
    err = raw_page_verify(room, page_size, page_no, false); /* nothing is repaired here: it was right when it was read */
    if (err == JET_errPageNotInitialized) {
        memset(room, 0, page_size);
        err = JET_errSuccess;
    }
done:
    return err;
}

static JET_ERR grow_to(struct reseed *r, page_no_t last, uint32_t extension)
{
    JET_ERR err = JET_errSuccess;
    struct os_file_info info;
    uint32_t size = r->pair.page_size;
    uint64_t wanted = page_file_offset(last, size) + size, step = (uint64_t)(extension > 0 ? extension : 1) * size;
    TRY(os_file_info(r->file, &info));
    if (wanted > info.size)
        TRY(os_file_set_size(r->file, (wanted + step - 1) / step * step));
done:
    return err;
}

static void report_patched(struct instance *instance, const struct reseed *r, const struct reseed_patch *p)
{
    char first[40], last[40];
    page_no_t last_page = p->first + p->count - 1;
    snprintf(first, sizeof first, "%u (0x%08x)", p->first, p->first);
    snprintf(last, sizeof last, "%u (0x%08x)", last_page, last_page);
    EVENT_REPORT(&instance->events, EVENT_PAGES_PATCHED, EVENT_WARNING, EVENT_DATABASE_CORRUPTION, first, last, r->path);
}

static void note_patched(struct reseed *r, const struct reseed_patch *p)
{
    page_no_t last = p->first + p->count - 1;
    r->first_patched = r->patched == 0 || p->first < r->first_patched ? p->first : r->first_patched;
    r->last_patched = last > r->last_patched ? last : r->last_patched;
    r->patched += p->count;
}

/* All pages are judged before the first one is written. */
static JET_ERR check_pages(const struct reseed_patch *p, uint32_t page_size, uint8_t *room)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < p->count; i++)
        TRY(prepare_page(p, page_size, p->first + i, room));
done:
    return err;
}

static JET_ERR write_pages(struct reseed *r, const struct reseed_patch *p, uint8_t *room)
{
    JET_ERR err = JET_errSuccess;
    uint32_t size = r->pair.page_size;
    for (uint32_t i = 0; i < p->count; i++) {
        TRY(prepare_page(p, size, p->first + i, room));
        TRY(os_file_write(r->file, page_file_offset(p->first + i, size), room, size));
    }
done:
    return err;
}

JET_ERR engine_reseed_patch(struct instance *instance, const char *path, const struct reseed_patch *patch)
{
    JET_ERR err = JET_errSuccess;
    struct reseed *r = NULL;
    uint8_t *room = NULL;
    uint32_t extension = (uint32_t)instance_parameter(instance, JET_paramDbExtensionSize);
    mutex_lock(&instance->reseeds_lock);
    TRY(find(instance, path, &r));
    uint32_t size = r->pair.page_size;
    TRY(check_patch(patch, size));
    if (patch->count == 0)
        goto done;
    room = (uint8_t *)mem_alloc_aligned(size, size);
    if (room == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(check_pages(patch, size, room));
    TRY(grow_to(r, patch->first + patch->count - 1, extension));
    /* The header first: no page is new of which it does not tell. */
    r->pair.header.patches.count += patch->count;
    r->pair.header.patches.last = attach_time_now();
    TRY(write_header(r));
    TRY(write_pages(r, patch, room));
    if ((patch->grbit & JET_bitPatchingCorruptPage) != 0)
        report_patched(instance, r, patch);
    else
        note_patched(r, patch);
done:
    mutex_unlock(&instance->reseeds_lock);
    mem_free(room);
    return err;
}

/* --- end --- */

static JET_ERR check_range(const struct reseed_range *range, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    if (range->min_required < 1 || range->max_required >= INT32_MAX || range->min_required > range->max_required ||
        (range->first_diverged != 0 && range->min_required > range->first_diverged) || range->first_diverged > range->max_required)
        RAISE(JET_errInvalidParameter);
    if (grbit != 0)
        RAISE(JET_errInvalidGrbit);
done:
    return err;
}

static JET_ERR stream_of(struct instance *instance, struct reseed_stream *out)
{
    JET_ERR err = JET_errSuccess;
    char *text = NULL;
    out->fs = process_fs();
    out->is_legacy_names = (instance_parameter(instance, JET_paramLegacyFileNames) & JET_bitESE98FileNames) != 0;
    TRY(instance_parameter_text(instance, JET_paramBaseName, &out->base_name));
    TRY(instance_parameter_text(instance, JET_paramLogFilePath, &text));
    TRY(path_absolute(text, &out->log_folder));
    mem_free(text);
    text = NULL;
    TRY(instance_parameter_text(instance, JET_paramSystemPath, &text));
    TRY(path_absolute(text, &out->system_folder));
done:
    mem_free(text);
    return err;
}

static void stream_release(struct reseed_stream *stream)
{
    mem_free(stream->log_folder);
    mem_free(stream->system_folder);
    mem_free(stream->base_name);
}

static void report_complete(struct instance *instance, const struct reseed *r)
{
    char pages[16], range[40], seconds[24];
    uint64_t milliseconds = (clock_monotonic_ns() - r->begun_ns) / 1000000u;
    if (r->patched == 0)
        return;
    snprintf(pages, sizeof pages, "%u", r->patched);
    snprintf(range, sizeof range, "%u - %u", r->first_patched, r->last_patched);
    snprintf(seconds, sizeof seconds, "%llu.%03u", (unsigned long long)(milliseconds / 1000), (unsigned)(milliseconds % 1000));
    EVENT_REPORT(&instance->events, EVENT_RESEED_COMPLETE, EVENT_INFORMATION, EVENT_DATABASE_CORRUPTION, r->path, pages, range, seconds);
}

static JET_ERR end(struct instance *instance, struct reseed *r, const struct reseed_range *asked, const struct reseed_stream *stream)
{
    JET_ERR err = JET_errSuccess;
    struct reseed_range range = *asked;
    struct db_header changed = r->pair.header;
    /* Without a divergence no log is replaced, so none that was needed has become needless. */
    if (range.first_diverged == 0 && range.max_required < changed.gen_max_required)
        range.max_required = changed.gen_max_required;
    if (range.min_required > changed.gen_min_required)
        range.min_required = changed.gen_min_required;
    if (range.min_required == 0)
        RAISE(JET_errDatabaseInvalidIncrementalReseed);
    TRY(os_file_sync(r->file));
    TRY(reseed_settle_logs(stream, &range, &changed));
    r->pair.header = changed;
    TRY(write_header(r));
    report_complete(instance, r);
done:
    return err;
}

JET_ERR engine_reseed_end(struct instance *instance, const char *path, const struct reseed_range *range, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct reseed *r = NULL;
    struct reseed_stream stream = {0};
    TRY(stream_of(instance, &stream));
    mutex_lock(&instance->reseeds_lock);
    err = find(instance, path, &r);
    bool is_given_up = err >= 0 && grbit == JET_bitEndDatabaseIncrementalReseedCancel;
    if (is_given_up && (range->min_required != 0 || range->first_diverged != 0 || range->max_required != 0))
        err = error_raise(JET_errInvalidParameter, __FILE__, __LINE__);
    else if (err >= 0 && !is_given_up) {
        err = check_range(range, grbit);
        if (err >= 0)
            err = end(instance, r, range, &stream);
    }
    if (err >= 0)
        reseed_close(instance, r);
    mutex_unlock(&instance->reseeds_lock);
done:
    stream_release(&stream);
    return err;
}
