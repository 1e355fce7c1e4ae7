/* Which databases the replay works on (recovery.md 6.2): entries of the attachment list, AttachDB, CreateDB.
 *
 * The tables are written as they stand in the specification, first match wins; the row numbers are in the comments. */
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "os/path.h"
#include "recovery/internal.h"

enum { EVENT_DATABASE_MOVED = 216, EVENT_BACKUP_COPY = 619 };

/* What the log says about a database, from a list entry or a record. */
struct logged {
    uint32_t dbid;
    const char *path;
    lgpos_t attach, consistent;
    struct signature db_signature, log_signature;
    bool is_list;
};

/* --- paths --- */

static bool same_path(const char *a, const char *b)
{
    for (; *a != 0 && *b != 0; a++, b++) {
        char x = *a == '\\' ? '/' : *a, y = *b == '\\' ? '/' : *b;
        char pair[2][2] = {{x, 0}, {y, 0}};
        if (ascii_compare_nocase(pair[0], pair[1]) != 0)
            return false;
    }
    return *a == *b;
}

/* Whether the file is the database of that signature. One that is none is not it; one that cannot be read now may be, and to pass it over would leave it as it is without a word. A restore has
 * looked at all its files before: there every error counts. */
static JET_ERR has_signature(struct recovery *r, const char *path, const struct signature *signature, bool *has)
{
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    JET_ERR err = database_read_header(r->fs, path, &header, &page_size, &used_shadow, NULL);
    *has = err >= 0 && signature_equal(&header.db_signature, signature);
    return err < 0 && (r->hard != NULL || recovery_is_passing(err)) ? err : JET_errSuccess;
}

/* Where the database is here: *path NULL when nowhere. A path of another system is data: it is used only through the map or the alternate folder. */
static JET_ERR resolve(struct recovery *r, const struct logged *l, char **path, const struct recovery_map_entry **entry)
{
    JET_ERR err = JET_errSuccess;
    const struct recovery_map_entry *map = r->hard != NULL ? r->hard->map : r->config->map;
    size_t count = r->hard != NULL ? r->hard->map_count : r->config->map_count;
    const char *found = NULL;
    *path = NULL;
    *entry = NULL;
    for (size_t i = 0; i < count && found == NULL; i++)
        if (same_path(map[i].old_path, l->path)) {
            found = map[i].new_path;
            *entry = &map[i];
        }
    for (size_t i = 0; i < count && found == NULL; i++) {
        bool has = false;
        TRY(has_signature(r, map[i].new_path, &l->db_signature, &has));
        if (!has)
            continue;
        found = map[i].new_path;
        *entry = &map[i];
        if (r->hard != NULL)
            EVENT_REPORT(r->config->events, EVENT_DATABASE_MOVED, EVENT_INFORMATION, EVENT_LOGGING_RECOVERY, map[i].old_path, l->path);
    }
    if (found == NULL && r->hard != NULL && r->hard->locate != NULL) {
        TRY(r->hard->locate(r->hard->locate_context, l->path, path));
        goto done;
    }
    if (found == NULL && r->config != NULL && r->config->alternate_folder != NULL) {
        TRY(path_join(r->config->alternate_folder, path_foreign_file_name(l->path), path));
        goto done;
    }
    if (found == NULL && l->path[0] == '/' && r->hard == NULL && (count == 0 || r->config->options.map_entry_optional))
        found = l->path;
    if (found != NULL) {
        *path = mem_strdup(found);
        if (*path == NULL)
            RAISE(JET_errOutOfMemory);
    }
done:
    return err;
}

/* --- the table of databases --- */

struct recovered_database *recovery_find_attached(struct recovery *r, uint32_t dbid)
{
    for (uint32_t i = 0; i < r->database_count; i++)
        if (r->databases[i].dbid == dbid && r->databases[i].is_attached)
            return &r->databases[i];
    return NULL;
}

static JET_ERR find_or_add(struct recovery *r, const struct logged *l, struct recovered_database **out)
{
    JET_ERR err = JET_errSuccess;
    struct recovered_database *d = NULL;
    for (uint32_t i = 0; i < r->database_count; i++)
        if (strcmp(r->databases[i].logged_path, l->path) == 0)
            d = &r->databases[i];
    if (d == NULL) {
        if (r->database_count == RECOVERED_DATABASES_MAX)
            RAISE(JET_errTooManyAttachedDatabases);
        d = &r->databases[r->database_count];
        memset(d, 0, sizeof *d);
        d->logged_path = mem_strdup(l->path);
        if (d->logged_path == NULL)
            RAISE(JET_errOutOfMemory);
        r->database_count++;
    }
    if (d->path == NULL)
        TRY(resolve(r, l, &d->path, &d->entry));
    if (d->entry != NULL)
        TRY(d->entry->refusal);
    d->dbid = l->dbid;
    *out = d;
done:
    return err;
}

/* --- decisions --- */

static void defer(struct recovered_database *d, bool is_future) {
    d->is_deferred = !is_future;
    d->is_future = is_future;
}

/* Reads the header once. *usable false: deferred, with the reason noted (rows 1, 2). */
static JET_ERR load_header(struct recovery *r, struct recovered_database *d, bool *usable)
{
    JET_ERR err = JET_errSuccess;
    bool used_shadow;
    *usable = false;
    d->is_access_denied = false;
    if (d->has_header) {
        *usable = true;
        return JET_errSuccess;
    }
    if (d->path == NULL) {
        defer(d, false);
        return JET_errSuccess;
    }
    err = database_read_header(r->fs, d->path, &d->header, &d->page_size, &used_shadow, NULL);
    if (err == JET_errFileNotFound || err == JET_errInvalidPath) { /* 1 */
        defer(d, false);
        return JET_errSuccess;
    }
    if (err == JET_errFileAccessDenied) { /* 2 */
        defer(d, false);
        d->is_access_denied = true;
        return JET_errSuccess;
    }
    if (err == JET_errDatabaseCorrupted || err == JET_errReadVerifyFailure || err == JET_errFileIOBeyondEOF) /* 4 */
        RAISE(JET_errReadVerifyFailure);
    TRY(err);
    if (d->page_size != r->generation.header.page_size)
        RAISE(JET_errReadVerifyFailure);
    d->has_header = true;
    *usable = true;
done:
    return err;
}

static JET_ERR attach(struct recovery *r, struct recovered_database *d, const struct logged *l)
{
    JET_ERR err = JET_errSuccess;
    struct db_header *h = &d->header;
    uint32_t generation = r->generation.header.generation;
    bool allows_backup = r->hard != NULL || r->config->options.allow_backup_databases || r->config->options.without_undo;
    if (h->gen_min_required != 0 && h->state != DB_STATE_DIRTY_AND_PATCHED && h->gen_min_required < generation)
        RAISE(JET_errRequiredLogFilesMissing);
    if (h->backup_full_current.gen_low != 0 && h->backup_full_current.gen_high == 0 && !allows_backup) {
        err = recovery_ask(r, (struct recovery_question){.kind = RECOVERY_CONDITION, .answer = JET_errSoftRecoveryOnBackupDatabase, .path = d->path});
        if (err < 0)
            EVENT_REPORT(r->config->events, EVENT_BACKUP_COPY, EVENT_ERROR, EVENT_LOGGING_RECOVERY, d->path);
        TRY(err);
    }
    TRY(recovery_open_database(r, d));
    /* A file that has seen this very attach, and is dirty since, keeps its ranges: they say which pages may be newer than the record. */
    bool is_same_attach = lgpos_normalize(h->lgpos_attach) == lgpos_normalize(l->attach) && signature_equal(&h->log_signature, &r->log_signature);
    bool goes_on = d->detached_at != 0; /* the required range of a patched database includes this attach */
    d->detached_at = 0;
    if (!goes_on && ((!l->is_list && !is_same_attach) || (h->state != DB_STATE_DIRTY && h->state != DB_STATE_DIRTY_AND_PATCHED))) {
        h->state = DB_STATE_DIRTY;
        h->gen_min_required = h->gen_max_required = h->gen_max_committed = generation;
        h->logtime_gen_max_created = h->logtime_gen_max_required = r->generation.header.created;
        d->required_to = 0; /* consistent as it stands: no page is newer than the records */
        d->header_generation = 0;
    } else {
        d->required_to = h->gen_max_required;
    }
    if (!l->is_list) {
        h->lgpos_attach = l->attach;
        if (!signature_equal(&h->log_signature, &r->log_signature))
            h->lgpos_consistent = 0;
        h->log_signature = r->log_signature;
    }
    h->gen_min_consistent = h->gen_min_required;
    d->is_attached = true;
    d->is_deferred = d->is_future = false;
    TRY(recovery_ask(r, (struct recovery_question){.kind = RECOVERY_ATTACHED, .path = d->path}));
done:
    return err;
}

/* Rows 5 to 7: states that cannot be replayed onto. *usable false: deferred. */
static JET_ERR judge_state(struct recovered_database *d, bool *usable)
{
    switch (d->header.state) {
    case DB_STATE_DIRTY:
    case DB_STATE_CLEAN:
    case DB_STATE_DIRTY_AND_PATCHED: *usable = true; return JET_errSuccess;
    case DB_STATE_INCREMENTAL_RESEED: return error_raise(DATABASE_ERROR_INCOMPLETE_RESEED, __FILE__, __LINE__);
    case DB_STATE_REVERT_IN_PROGRESS: return error_raise(DATABASE_ERROR_INCOMPLETE_REVERT, __FILE__, __LINE__);
    case DB_STATE_JUST_CREATED:
        *usable = false;
        defer(d, false);
        return JET_errSuccess;
    default: return error_raise(JET_errDatabaseCorrupted, __FILE__, __LINE__);
    }
}

/* What the map says of a database that was deferred. */
static JET_ERR judge_deferred(const struct recovered_database *d)
{
    return d->is_deferred && d->entry != NULL && d->entry->must_exist ? error_raise(JET_errAttachedDatabaseMismatch, __FILE__, __LINE__) : JET_errSuccess;
}

/* Row 8: an interrupted replay of a patched database has passed a detach, and begins again before it. */
static JET_ERR go_back_to_attach(struct db_header *h, const struct logged *l)
{
    JET_ERR err = JET_errSuccess;
    if (h->gen_min_required == 0 || h->lgpos_attach == 0 || l->attach == 0)
        RAISE(JET_errDatabaseCorrupted);
    if (lgpos_normalize(l->attach) <= lgpos_normalize(h->lgpos_attach) && lgpos_generation(l->attach) <= h->gen_min_required &&
        h->gen_min_required <= lgpos_generation(h->lgpos_attach)) {
        h->lgpos_attach = l->attach;
        h->lgpos_consistent = l->consistent;
    }
done:
    return err;
}

static JET_ERR decide(struct recovery *r, struct recovered_database *d, const struct logged *l)
{
    JET_ERR err = JET_errSuccess;
    const struct db_header *h = &d->header;
    bool usable = false;
    TRY(load_header(r, d, &usable));
    if (!usable)
        goto done;
    TRY(judge_state(d, &usable));
    if (!usable)
        goto done;
    bool same_db = signature_equal(&h->db_signature, &l->db_signature), same_stream = signature_equal(&h->log_signature, &r->log_signature);
    bool same_logged = signature_equal(&h->log_signature, &l->log_signature);
    if (h->state == DB_STATE_DIRTY_AND_PATCHED && d->detached_at == 0 && same_db && (same_stream || same_logged))
        TRY(go_back_to_attach(&d->header, l));
    lgpos_t C = lgpos_normalize(h->lgpos_consistent), A = lgpos_normalize(h->lgpos_attach), La = lgpos_normalize(l->attach), Lc = lgpos_normalize(l->consistent);
    if (!l->is_list && Lc >= lgpos_normalize(r->position))
        Lc = lgpos_normalize(0);
    if (!same_stream && same_logged) { /* 9: first use in this stream */
        if (!same_db)
            defer(d, false);
        else if (C != Lc)
            RAISE(JET_errConsistentTimeMismatch);
        else
            TRY(attach(r, d, l));
    } else if (!same_stream && !same_logged) { /* 10 */
        defer(d, false);
    } else if (!same_logged || C == Lc || h->lgpos_consistent == 0) { /* 11 */
        if (!same_db || A > La)
            defer(d, false);
        else if (A == La)
            TRY(attach(r, d, l));
        else if (!l->is_list && same_logged)
            TRY(attach(r, d, l));
        else
            RAISE(JET_errAttachedDatabaseMismatch);
    } else if (C > Lc && (l->is_list || C > lgpos_normalize(r->position))) { /* 12 */
        defer(d, true);
    } else if (same_db) { /* 13 */
        RAISE(JET_errConsistentTimeMismatch);
    } else {
        defer(d, false);
    }
done:
    return err;
}

/* A path from the file as UTF-8, never empty of a terminator. */
static JET_ERR decode_path(struct span path, bool is_utf16, char **out)
{
    if (is_utf16) {
        JET_ERR err = utf16le_to_utf8(path, out);
        return err;
    }
    *out = (char *)mem_alloc(path.size + 1u);
    if (*out == NULL)
        return JET_errOutOfMemory;
    if (path.size > 0)
        memcpy(*out, path.data, path.size);
    return JET_errSuccess;
}

JET_ERR recovery_attach_list(struct recovery *r, const uint8_t *list, lgpos_t position)
{
    JET_ERR err = JET_errSuccess;
    uint32_t offset = 0;
    char *path = NULL;
    r->position = position;
    for (;;) {
        struct attach_info info;
        struct recovered_database *d;
        bool at_end;
        TRY(attach_info_decode(list, ATTACH_LIST_SIZE, &offset, &info, &at_end));
        if (at_end)
            break;
        TRY(decode_path(info.path, (info.flags & ATTACH_INFO_UTF16) != 0, &path));
        struct logged l = {.dbid = info.dbid, .path = path, .attach = info.lgpos_attach, .consistent = info.lgpos_consistent, .db_signature = info.db_signature,
                           .log_signature = r->log_signature, .is_list = true};
        TRY(find_or_add(r, &l, &d));
        TRY(decide(r, d, &l));
        TRY(judge_deferred(d));
        if (d->is_attached) {
            if (info.dbtime > d->header.dbtime)
                d->header.dbtime = info.dbtime;
            if (info.objid_last > d->header.objid_last)
                d->header.objid_last = info.objid_last;
        }
        mem_free(path);
        path = NULL;
    }
done:
    mem_free(path);
    return err;
}

JET_ERR recovery_attach_record(struct recovery *r, const struct attach_record *record)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    struct recovered_database *d;
    TRY(decode_path(record->path, (record->flags & RECOVERY_PATH_UTF16) != 0, &path));
    struct logged l = {.dbid = record->dbid, .path = path, .attach = r->position, .consistent = record->lgpos_consistent, .db_signature = record->db_signature,
                       .log_signature = record->log_signature};
    TRY(find_or_add(r, &l, &d));
    if (!d->is_attached)
        TRY(decide(r, d, &l));
    TRY(judge_deferred(d));
done:
    mem_free(path);
    return err;
}

JET_ERR recovery_create_record(struct recovery *r, const struct create_record *record)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    struct recovered_database *d;
    bool usable = false;
    TRY(decode_path(record->path, (record->flags & RECOVERY_PATH_UTF16) != 0, &path));
    struct logged l = {.dbid = record->dbid, .path = path, .attach = r->position, .db_signature = record->db_signature, .log_signature = r->log_signature};
    TRY(find_or_add(r, &l, &d));
    if (d->is_attached)
        goto done;
    err = load_header(r, d, &usable);
    if (err == JET_errReadVerifyFailure)
        err = JET_errSuccess; /* no header to rely on: created anew */
    TRY(err);
    if (!usable && d->path == NULL)
        goto done; /* nowhere to create it */
    if (d->is_access_denied)
        goto done;
    bool overwrites = (record->grbit & JET_bitDbOverwriteExisting) != 0 || (d->entry != NULL && d->entry->is_overwritten);
    bool must_create = !usable || d->header.state == DB_STATE_JUST_CREATED;
    if (!must_create) {
        TRY(judge_state(d, &usable));
        bool same_stream = signature_equal(&d->header.log_signature, &r->log_signature), same_db = signature_equal(&d->header.db_signature, &record->db_signature);
        if (d->header.state == DB_STATE_DIRTY_AND_PATCHED && d->detached_at == 0 && same_stream && same_db)
            TRY(go_back_to_attach(&d->header, &l));
        lgpos_t La = lgpos_normalize(l.attach), A = lgpos_normalize(d->header.lgpos_attach);
        if (!same_stream || A < La) {
            must_create = overwrites;
            defer(d, false);
        } else if (A > La || !same_db) {
            defer(d, false);
        } else if (lgpos_normalize(d->header.lgpos_consistent) >= La && d->header.lgpos_consistent != 0) {
            defer(d, true);
        } else {
            l.is_list = true; /* the header says already what the record would write */
            TRY(attach(r, d, &l));
        }
    }
    if (must_create)
        TRY(recovery_create_file(r, d, record));
    TRY(judge_deferred(d));
done:
    mem_free(path);
    return err;
}

/* --- a stop before the end --- */

JET_ERR recovery_judge_stop(struct recovery *r, struct span path_bytes, bool is_utf16, const struct signature *db_signature)
{
    JET_ERR err = JET_errSuccess;
    char *logged = NULL, *path = NULL;
    const struct recovery_map_entry *entry;
    struct db_header h;
    uint32_t page_size, generation = r->stop_point.generation;
    bool used_shadow, is_cut = r->stop_point.last_segment != UINT32_MAX;
    TRY(decode_path(path_bytes, is_utf16, &logged));
    struct logged l = {.path = logged, .db_signature = *db_signature};
    TRY(resolve(r, &l, &path, &entry));
    if (path == NULL || database_read_header(r->fs, path, &h, &page_size, &used_shadow, NULL) < 0)
        goto done; /* not there, or judged by the replay */
    if (!signature_equal(&h.db_signature, db_signature) || !signature_equal(&h.log_signature, &r->log_signature))
        goto done;
    lgpos_t end = is_cut ? lgpos_make(generation, r->stop_point.last_segment + 1, 0) : lgpos_make(generation + 1, 0, 0);
    bool is_clean = h.state == DB_STATE_CLEAN;
    if (is_clean ? lgpos_normalize(h.lgpos_consistent) >= end : h.gen_max_required > generation || (h.gen_max_required == generation && is_cut))
        RAISE(JET_errEndingRestoreLogTooLow);
done:
    mem_free(logged);
    mem_free(path);
    return err;
}

JET_ERR recovery_judge_stop_list(struct recovery *r, const uint8_t *list)
{
    JET_ERR err = JET_errSuccess;
    uint32_t offset = 0;
    for (;;) {
        struct attach_info info;
        bool at_end;
        TRY(attach_info_decode(list, ATTACH_LIST_SIZE, &offset, &info, &at_end));
        if (at_end)
            break;
        TRY(recovery_judge_stop(r, info.path, (info.flags & ATTACH_INFO_UTF16) != 0, &info.db_signature));
    }
done:
    return err;
}
