/* The checksum scan (scan.h): reads every page of the file, in the order of the file, and verifies its checksum and number. What the cache holds is of no interest: it has been verified, and
 * it is the file that grows old.
 *
 * A page may be written while it is read; so one that is wrong is read again before it is called bad. Bad pages are reported as those that a reader meets (event 474). */
#define ESENT_PRIVATE
#include "engine/scan.h"

#include <stdio.h>

#include "base/memory.h"
#include "engine/page_patch.h"
#include "format/checksum.h"
#include "format/page.h"
#include "os/clock.h"

enum { EVENT_PAGE_FAILED = 474, EVENT_SCAN_COMPLETED = 737, BATCH_PAGES = 16, TRIES = 3, RETRY_MS = 10, CONTINUOUS_PAUSE_MS = 3600000, NS_PER_SECOND = 1000000000, OPTION_ONCE = 0, OPTION_CONTINUOUS = 1 };

static void report_bad_page(const struct maintenance_task *task, page_no_t page_no, JET_ERR error)
{
    char page[16], number[16];
    snprintf(page, sizeof page, "%u", page_no);
    snprintf(number, sizeof number, "%d", (int)error);
    EVENT_REPORT(&task->instance->events, EVENT_PAGE_FAILED, EVENT_ERROR, EVENT_DATABASE_CORRUPTION, page, number, "checksum scan");
    page_patch_note(task->instance, task->database, page_no, error);
}

static JET_ERR verify_page(const struct database *db, page_no_t page_no, uint8_t *room)
{
    JET_ERR err = JET_errSuccess;
    for (int i = 0; i < TRIES; i++) {
        if (i > 0)
            thread_sleep_ms(RETRY_MS);
        err = os_file_read(db->file, page_file_offset(page_no, db->page_size), room, db->page_size);
        if (err == JET_errFileIOBeyondEOF) /* the file has been cut meanwhile */
            return JET_errSuccess;
        if (err >= 0 && checksum_verify_page(room, db->page_size, page_no, false).verdict == CHECKSUM_BAD)
            err = JET_errReadVerifyFailure;
        if (err >= 0)
            break;
    }
    return err;
}

/* *pages: seen. False: it has been told to end. */
static bool scan_pass(struct maintenance_task *task, uint8_t *room, uint32_t *pages)
{
    struct database *db = task->database;
    page_no_t last = cache_file_last_page(db->pages);
    *pages = 0;
    for (page_no_t page_no = 1; page_no <= last; page_no++) {
        if ((page_no - 1) % BATCH_PAGES == 0) {
            if (!maintenance_pause(task, task->plan.pause_ms))
                return false;
            os_file_prefetch(db->file, page_file_offset(page_no, db->page_size), (size_t)BATCH_PAGES * db->page_size);
        }
        JET_ERR err = verify_page(db, page_no, room);
        if (err < 0)
            report_bad_page(task, page_no, err);
        (*pages)++;
    }
    return true;
}

static void tell_completed(struct maintenance_task *task, uint64_t begun_ns, uint32_t pages)
{
    char seconds_text[16], pages_text[16];
    uint32_t seconds = (uint32_t)((clock_monotonic_ns() - begun_ns) / NS_PER_SECOND);
    snprintf(seconds_text, sizeof seconds_text, "%u", seconds);
    snprintf(pages_text, sizeof pages_text, "%u", pages);
    EVENT_REPORT(&task->instance->events, EVENT_SCAN_COMPLETED, EVENT_INFORMATION, EVENT_ONLINE_DEFRAGMENTATION, task->database->path, seconds_text, pages_text);
    if (task->plan.progress != NULL)
        (void)task->plan.progress(task->sesid, task->database->dbid, JET_tableidNil, JET_cbtypScanCompleted, &seconds, &pages, NULL, 0);
}

static void run(struct maintenance_task *task)
{
    uint8_t *room = (uint8_t *)mem_alloc_aligned(task->database->page_size, task->database->page_size);
    bool goes_on = room != NULL;
    while (goes_on) {
        uint64_t begun_ns = clock_monotonic_ns();
        uint32_t pages = 0;
        goes_on = scan_pass(task, room, &pages);
        if (!goes_on)
            break;
        atomic_fetch_add(&task->passes, 1);
        tell_completed(task, begun_ns, pages);
        goes_on = task->plan.option == OPTION_CONTINUOUS && maintenance_pause(task, CONTINUOUS_PAUSE_MS);
    }
    mem_free(room);
}

static JET_ERR start(struct session *session, const struct open_database *db, const struct scan_request *r, bool is_continuous)
{
    JET_ERR err = JET_errSuccess;
    bool is_running = false;
    struct maintenance_plan plan = {.kind = MAINTENANCE_SCAN, .run = run, .passes_most = MAINTENANCE_NO_LIMIT, .seconds_most = MAINTENANCE_NO_LIMIT, .pause_ms = r->sleep_ms,
                                    .option = is_continuous ? OPTION_CONTINUOUS : OPTION_ONCE, .progress = r->callback};
    if (is_continuous && ((r->seconds != NULL && *r->seconds != 0) || r->sleep_ms != 0 || r->callback != NULL))
        RAISE(JET_errInvalidParameter);
    if (r->seconds != NULL && *r->seconds > 0 && *r->seconds < MAINTENANCE_NO_LIMIT)
        plan.seconds_most = *r->seconds;
    TRY(maintenance_start(session->instance, open_database_file(db), &plan, &is_running));
    if (is_running)
        err = error_raise(JET_errDatabaseAlreadyRunningMaintenance, __FILE__, __LINE__);
done:
    return err;
}

JET_ERR engine_scan(struct session *session, const struct open_database *db, const struct scan_request *request)
{
    JET_ERR err = JET_errSuccess;
    struct maintenance_result result = {0, 0};
    const JET_GRBIT start_bits = JET_bitDatabaseScanBatchStart | JET_bitDatabaseScanBatchStartContinuous;
    JET_GRBIT starts = request->grbit & start_bits;
    bool stops = (request->grbit & JET_bitDatabaseScanBatchStop) != 0;
    if ((request->grbit & ~(start_bits | (JET_GRBIT)JET_bitDatabaseScanBatchStop)) != 0 || starts == start_bits || (starts != 0) == stops)
        RAISE(JET_errInvalidGrbit);
    if (session_is_read_only(session))
        RAISE(JET_errTransReadOnly);
    if (!stops) {
        err = start(session, db, request, starts == JET_bitDatabaseScanBatchStartContinuous);
        goto done;
    }
    maintenance_stop(session->instance, MAINTENANCE_SCAN, open_database_id(db), &result); /* none is good too */
    if (request->seconds != NULL)
        *request->seconds = result.seconds;
done:
    return err;
}
