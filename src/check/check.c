/* The run as a whole: state, findings, progress (check.h). */
#include <stdarg.h>
#include <stdio.h>

#include "check/internal.h"

enum { FINDINGS_MAX_DEFAULT = 1000, FINDING_TEXT_SIZE = 512, PROGRESS_INTERVAL = 256 };

void check_report_finding(struct check *c, enum check_severity severity, JET_ERR error, page_no_t page_no, const char *format, ...)
{
    char text[FINDING_TEXT_SIZE];
    struct check_report *report = c->report;
    uint32_t before = report->errors + report->warnings + report->notes;
    if (severity == CHECK_ERROR) {
        if (report->errors++ == 0)
            report->first_error = error;
    } else if (severity == CHECK_WARNING) {
        report->warnings++;
    } else {
        report->notes++;
    }
    if (c->callbacks.finding == NULL || before >= c->options.findings_max)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct check_finding finding = {severity, error, c->db->path, page_no, c->objid, c->table, c->object, text};
    c->callbacks.finding(c->callbacks.context, &finding);
}

bool check_is_finding(JET_ERR error)
{
    const struct error_info *info = error_lookup(error);
    if (error == JET_errDiskIO || error == JET_errKeyTooBig)
        return true;
    return info != NULL && info->class_of == ERROR_CLASS_Corruption;
}

JET_ERR check_progress(struct check *c)
{
    if (c->callbacks.progress == NULL || c->pages_walked % PROGRESS_INTERVAL != 0)
        return JET_errSuccess;
    uint64_t total = (uint64_t)c->last_page * (c->options.skip_page_pass ? 1 : 2);
    JET_ERR err = c->callbacks.progress(c->callbacks.context, c->pages_walked < total ? c->pages_walked : total, total, c->table);
    return err < 0 ? err : JET_errSuccess;
}

static JET_ERR init(struct check *c)
{
    JET_ERR err = JET_errSuccess;
    TRY(page_set_init(&c->used, c->last_page));
    TRY(page_set_init(&c->available, c->last_page));
    for (int i = 0; i < LEVEL_COUNT; i++) {
        TRY(page_set_init(&c->owners[i].owned, c->last_page));
        TRY(page_set_init(&c->owners[i].given, c->last_page));
        TRY(page_set_init(&c->owners[i].used, c->last_page));
    }
    TRY(tree_walk_create(c, &c->walk));
done:
    return err;
}

static void release(struct check *c)
{
    tree_walk_destroy(c->walk);
    for (int i = 0; i < LEVEL_COUNT; i++) {
        page_set_free(&c->owners[i].owned);
        page_set_free(&c->owners[i].given);
        page_set_free(&c->owners[i].used);
    }
    page_set_free(&c->used);
    page_set_free(&c->available);
    mem_free(c);
}

JET_ERR check_database(struct database *db, const struct check_options *options, const struct check_callbacks *callbacks, struct check_report *out)
{
    JET_ERR err = JET_errSuccess;
    memset(out, 0, sizeof *out);
    struct check *c = mem_alloc(sizeof *c);
    if (c == NULL)
        return JET_errOutOfMemory;
    c->db = db;
    c->file = db->pages;
    if (options != NULL)
        c->options = *options;
    if (callbacks != NULL)
        c->callbacks = *callbacks;
    if (c->options.findings_max == 0)
        c->options.findings_max = FINDINGS_MAX_DEFAULT;
    c->report = out;
    c->page_size = db->page_size;
    c->last_page = cache_file_last_page(db->pages);
    c->is_clean = db->header.state == DB_STATE_CLEAN;
    out->pages = c->last_page;
    out->state = db->header.state;
    TRY(init(c));
    if (!c->options.only_pages)
        TRY(check_objects(c));
    out->pages_used = page_set_count(&c->used);
    out->pages_available = page_set_count(&c->available);
    if (!c->options.skip_page_pass)
        TRY(check_pages(c));
done:
    release(c);
    return err;
}
