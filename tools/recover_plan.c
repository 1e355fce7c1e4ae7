/* ese recover --dry-run: the logs of a stream one by one, the databases beside them, and whether the one is enough for the other. */
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "database/database.h"
#include "format/log_record.h"
#include "os/path.h"
#include "recover.h"
#include "time_text.h"
#include "visible.h"

enum { LOGGED_MAX = 64 };

struct logged_database {
    char *path;                  /* as the log names it */
    struct signature signature;
    bool is_found, is_created;   /* a file has it; its creation is in the logs */
};

struct plan {
    const struct command *self;
    const struct recover_options *options;
    const struct log_folder *logs;
    struct checkpoint checkpoint;
    bool has_checkpoint;
    bool is_clean;               /* the stream ends with a clean stop, and the checkpoint says so: nothing is replayed, whatever is there */
    uint32_t first, last;        /* generations that would be replayed; last is the end of the unbroken row */
    JET_ERR *errors;             /* of each file: header, segments, or its place in the row */
    struct logged_database logged[LOGGED_MAX];
    size_t logged_count;
    uint32_t findings;
    const char *separator;       /* of a JSON list */
};

/* --- what is there --- */

static void read_checkpoint(struct plan *p)
{
    char *path = NULL;
    if (checkpoint_path(p->options->folder, p->logs->base, p->logs->extension, &path) >= 0)
        p->has_checkpoint = checkpoint_file_read(os_fs_posix(), path, &p->checkpoint) >= 0 &&
                            signature_equal(&p->checkpoint.log_signature, &p->logs->header.log_signature);
    mem_free(path);
}

static struct logged_database *find_logged(struct plan *p, const struct signature *signature)
{
    for (size_t i = 0; i < p->logged_count; i++)
        if (signature_equal(&p->logged[i].signature, signature))
            return &p->logged[i];
    return NULL;
}

static void note_logged(struct plan *p, struct span path, bool is_utf16, const struct signature *signature, bool is_created)
{
    struct logged_database *l = find_logged(p, signature);
    if (l == NULL && p->logged_count < LOGGED_MAX) {
        l = &p->logged[p->logged_count];
        *l = (struct logged_database){.signature = *signature};
        if (is_utf16 ? utf16le_to_utf8(path, &l->path) < 0 : (l->path = (char *)mem_copy(path.data, path.size)) == NULL)
            return;
        p->logged_count++;
    }
    if (l != NULL)
        l->is_created |= is_created;
}

static void note_list(struct plan *p, const uint8_t *list)
{
    uint32_t offset = 0;
    struct attach_info info;
    bool at_end = false;
    while (attach_info_decode(list, ATTACH_LIST_SIZE, &offset, &info, &at_end) >= 0 && !at_end)
        note_logged(p, info.path, (info.flags & ATTACH_INFO_UTF16) != 0, &info.db_signature, false);
}

static void note_records(struct plan *p, const struct log_generation *g)
{
    struct log_walk walk;
    struct log_record_ref ref;
    struct log_record r;
    log_walk_begin(&walk, g->image, g->header.generation, g->scan.last_segment, 0);
    while (log_walk_next(&walk, &ref) >= 0) {
        if ((ref.bytes.data[0] != LR_ATTACH_DB && ref.bytes.data[0] != LR_CREATE_DB) || log_record_decode(ref.bytes, &r) < 0)
            continue;
        if (r.type == LR_ATTACH_DB)
            note_logged(p, r.attach.path, (r.attach.flags & 8) != 0, &r.attach.db_signature, false);
        else
            note_logged(p, r.create.path, (r.create.flags & 8) != 0, &r.create.db_signature, true);
    }
    log_walk_end(&walk);
}

/* Does the current log end with the record that the checkpoint names, and is that one of an end? */
static void judge_end(struct plan *p, const struct log_generation *g)
{
    struct log_walk walk;
    struct log_record_ref ref;
    uint8_t type = LR_NOP;
    lgpos_t position = 0;
    log_walk_begin(&walk, g->image, g->header.generation, g->scan.last_segment, 0);
    while (log_walk_next(&walk, &ref) >= 0)
        if (ref.bytes.data[0] != LR_NOP2) {
            type = ref.bytes.data[0];
            position = ref.position;
        }
    log_walk_end(&walk);
    bool is_end = type == LR_TERM || type == LR_TERM2 || type == LR_RECOVERY_QUIT || type == LR_RECOVERY_QUIT2;
    p->is_clean = is_end && p->has_checkpoint && lgpos_normalize(p->checkpoint.lgpos_checkpoint) == lgpos_normalize(position);
}

/* --- the logs --- */

static const struct log_file *file_of(const struct plan *p, uint32_t generation, size_t *index)
{
    for (size_t i = 0; i < p->logs->count; i++)
        if (p->logs->files[i].generation == generation) {
            *index = i;
            return &p->logs->files[i];
        }
    return NULL;
}

JET_ERR recover_judge_log(const struct log_folder *logs, size_t i, struct log_generation *g, uint64_t *sum, bool has_previous)
{
    const struct log_file *f = &logs->files[i], *previous = has_previous ? &logs->files[i - 1] : NULL;
    if (f->error < 0)
        return f->error;
    JET_ERR err = log_generation_read(os_fs_posix(), f->path, g);
    if (err < 0)
        return err;
    uint64_t before = *sum;
    *sum = g->scan.checksum_all;
    if (!signature_equal(&f->header.log_signature, &logs->header.log_signature))
        return JET_errBadLogSignature;
    if (previous != NULL && !log_time_equal(f->header.previous_created, previous->header.created))
        return JET_errInvalidLogSequence;
    if (previous != NULL && f->header.version.update_minor >= LOG_MINOR_CHECKS_PREVIOUS && f->header.checksum_previous != before)
        return JET_errLogSequenceChecksumMismatch;
    return g->scan.error < 0 && !g->scan.is_torn_tail ? g->scan.error : JET_errSuccess;
}

static void print_log(struct plan *p, const struct log_file *f, const struct log_generation *g, JET_ERR err)
{
    char created[32], last[32] = "";
    time_text_format(f->error >= 0 ? log_time_to_unix(f->header.created) : 0, created);
    if (g->image != NULL && g->scan.last_segment > 0)
        time_text_format(log_time_to_unix(log_segment_time(g->image + (size_t)g->scan.last_segment * LOG_SEGMENT_SIZE)), last);
    if (p->options->is_json) {
        printf("%s{\"generation\":%u,\"file\":", p->separator, f->generation);
        print_json_string(stdout, f->name);
        printf(",\"created\":\"%s\",\"last_time\":\"%s\",\"segments\":%u,\"error\":%d}", created, last, g->image != NULL ? g->scan.last_segment : 0, (int)err);
    } else {
        printf("  %-16s %8u  %-20s  %-20s  %5u  %s\n", VISIBLE(f->name), f->generation, created, last, g->image != NULL ? g->scan.last_segment : 0, err < 0 ? error_name(err) : "good");
    }
    p->separator = ",";
}

static void print_missing(struct plan *p, uint32_t from, uint32_t to)
{
    p->findings += to >= p->first ? 1 : 0;
    if (p->options->is_json)
        printf("%s{\"missing_from\":%u,\"missing_to\":%u}", p->separator, from, to);
    else if (from == to)
        printf("  %-16s %8u  missing\n", "-", from);
    else
        printf("  %-16s %8u  to %u missing\n", "-", from, to);
    p->separator = ",";
}

static void list_logs(struct plan *p)
{
    uint64_t sum = 0;
    bool has_previous = false;
    if (!p->options->is_json)
        printf("  %-16s %8s  %-20s  %-20s  %5s\n", "log", "gen", "begun", "last segment", "segs");
    for (size_t i = 0; i < p->logs->count; i++) {
        const struct log_file *f = &p->logs->files[i];
        struct log_generation g = {.image = NULL};
        if (i > 0 && f->generation > p->logs->files[i - 1].generation + 1) {
            print_missing(p, p->logs->files[i - 1].generation + 1, f->generation - 1);
            has_previous = false;
        }
        p->errors[i] = recover_judge_log(p->logs, i, &g, &sum, has_previous);
        has_previous = p->logs->files[i].error >= 0;
        if (p->errors[i] < 0 && f->generation >= p->first)
            p->findings++;
        if (g.image != NULL && f->generation >= p->first)
            note_records(p, &g);
        if (g.image != NULL && f->is_current && p->errors[i] >= 0)
            judge_end(p, &g);
        if (f->error >= 0 && f->generation == p->first)
            note_list(p, f->header.attach_list);
        print_log(p, f, &g, p->errors[i]);
        log_generation_release(&g);
    }
}

/* The end of the row of good logs that begins with `first`. */
static void find_last(struct plan *p)
{
    size_t index;
    p->last = p->first - 1;
    while (file_of(p, p->last + 1, &index) != NULL && p->errors[index] >= 0)
        p->last++;
}

/* --- the databases --- */

static void judge_database(struct plan *p, const struct db_header *h, char *text, size_t size)
{
    struct logged_database *l = find_logged(p, &h->db_signature);
    bool is_of_stream = signature_equal(&h->log_signature, &p->logs->header.log_signature);
    if (l != NULL)
        l->is_found = true;
    if (h->state == DB_STATE_CLEAN) {
        snprintf(text, size, is_of_stream ? "is consistent" : "is consistent, and of another log stream");
        return;
    }
    if (!is_of_stream) {
        snprintf(text, size, "is of another log stream: stays as it is");
        return;
    }
    p->findings++; /* unless found good below */
    if (h->backup_full_current.gen_low != 0 && h->backup_full_current.gen_high == 0 && !p->options->no_undo)
        snprintf(text, size, "is a backup's copy, not restored yet: ese restore");
    else if (p->is_clean && p->findings-- > 0)
        snprintf(text, size, "needs generations %u to %u, but the logs end clean without it: is not looked at", h->gen_min_required, h->gen_max_required);
    else if (h->state == DB_STATE_INCREMENTAL_RESEED)
        snprintf(text, size, "is being reseeded: which generations it needs has not been said yet");
    else if (h->gen_min_required < p->first)
        snprintf(text, size, "needs generations %u to %u: %u to %u are not there", h->gen_min_required, h->gen_max_required, h->gen_min_required, p->first - 1);
    else if (h->gen_max_required > p->last)
        snprintf(text, size, "needs generations %u to %u: the row of good ones ends with %u", h->gen_min_required, h->gen_max_required, p->last);
    else if (p->options->stop.generation != 0 && p->options->stop.generation < h->gen_max_required)
        snprintf(text, size, "needs generations %u to %u: cannot be taken back to %u", h->gen_min_required, h->gen_max_required, p->options->stop.generation);
    else {
        p->findings--;
        bool loses = h->gen_max_committed > p->last;
        p->findings += loses && !p->options->allow_lost_logs;
        snprintf(text, size, "needs generations %u to %u: can be recovered%s", h->gen_min_required, h->gen_max_required,
                 loses ? p->options->allow_lost_logs ? ", later commits are lost" : " with --allow-lost-logs only: later commits are lost" : "");
    }
}

static JET_ERR list_databases(struct plan *p)
{
    JET_ERR err = JET_errSuccess;
    char **names = NULL, *path = NULL;
    size_t count = 0;
    p->separator = "";
    TRY(os_dir_list(os_fs_posix(), p->options->database_folder, &names, &count));
    for (size_t i = 0; i < count; i++) {
        struct db_header h;
        uint32_t page_size;
        bool used_shadow;
        char verdict[160];
        mem_free(path);
        path = NULL;
        TRY(path_join(p->options->database_folder, names[i], &path));
        if (database_read_header(os_fs_posix(), path, &h, &page_size, &used_shadow, NULL) < 0)
            continue;
        judge_database(p, &h, verdict, sizeof verdict);
        if (p->options->is_json) {
            printf("%s{\"file\":", p->separator);
            print_json_string(stdout, names[i]);
            printf(",\"state\":\"%s\",\"gen_min_required\":%u,\"gen_max_required\":%u,\"gen_max_committed\":%u,\"verdict\":\"%s\"}", db_state_name(h.state), h.gen_min_required,
                   h.gen_max_required, h.gen_max_committed, verdict);
        } else {
            printf("%s: %s, %s\n", VISIBLE(names[i]), db_state_name(h.state), verdict);
        }
        p->separator = ",";
    }
    for (size_t i = 0; i < p->logged_count; i++) {
        const struct logged_database *l = &p->logged[i];
        if (l->is_found)
            continue;
        p->findings += !l->is_created && !p->options->ignore_missing && !p->is_clean;
        if (p->options->is_json) {
            printf("%s{\"logged_path\":", p->separator);
            print_json_string(stdout, l->path);
            printf(",\"verdict\":\"%s\"}", l->is_created ? "is created from the logs" : "is missing");
        } else {
            printf("%s: %s\n", VISIBLE(l->path), l->is_created ? "not here, will be created from the logs" : "is missing");
        }
        p->separator = ",";
    }
done:
    os_dir_list_free(names, count);
    mem_free(path);
    return err;
}

/* --- the whole --- */

static void print_head(const struct plan *p)
{
    char checkpoint[LGPOS_TEXT_SIZE] = "";
    const struct log_header *h = &p->logs->header;
    if (p->has_checkpoint)
        lgpos_format(p->checkpoint.lgpos_checkpoint, checkpoint);
    unsigned kib = h->file_sectors * (LOG_SEGMENT_SIZE / 1024u);
    if (p->options->is_json) {
        printf("{\"base\":");
        print_json_string(stdout, p->logs->base);
        printf(",\"page_size\":%u,\"log_kib\":%u,\"log_version\":\"%u.%u.%u.%u\",\"checkpoint\":\"%s\",\"generations\":[", h->page_size, kib, h->version.major,
               h->version.minor, h->version.update_major, h->version.update_minor, checkpoint);
    } else {
        printf("logs %s, pages of %u bytes, logs of %u KiB, version %u.%u.%u.%u, checkpoint %s\n", VISIBLE(p->logs->base), h->page_size, kib, h->version.major, h->version.minor,
               h->version.update_major, h->version.update_minor, p->has_checkpoint ? checkpoint : "none");
    }
}

static void print_end(const struct plan *p)
{
    uint32_t to = p->options->stop.generation != 0 && p->options->stop.generation < p->last ? p->options->stop.generation : p->last;
    char time[32];
    if (p->options->is_json) {
        printf("],\"replay_from\":%u,\"replay_to\":%u,\"to_time\":\"%s\",\"clean\":%s,\"findings\":%u}\n", p->first, to, time_text_format(p->options->stop.time, time), p->is_clean ? "true" : "false", p->findings);
        return;
    }
    if (p->is_clean && p->options->stop.generation == 0 && p->options->stop.time == 0)
        printf("the logs end clean: nothing to replay");
    else if (to >= p->first)
        printf("would replay generations %u to %u", p->first, to);
    else
        printf("nothing can be replayed");
    if (p->options->stop.time != 0)
        printf(", as far as %s", time_text_format(p->options->stop.time, time));
    printf("%s\n", p->options->no_undo ? ", without undoing open transactions" : "");
}

int recover_plan(const struct command *self, const struct recover_options *options, const struct log_folder *logs)
{
    int status = EXIT_GOOD;
    struct plan *p = (struct plan *)mem_alloc(sizeof *p);
    if (p != NULL)
        *p = (struct plan){.self = self, .options = options, .logs = logs, .separator = "", .errors = (JET_ERR *)mem_alloc_array(logs->count, sizeof(JET_ERR))};
    if (p == NULL || p->errors == NULL) {
        mem_free(p);
        return tool_error(self, JET_errOutOfMemory, "no plan");
    }
    read_checkpoint(p);
    p->first = p->has_checkpoint ? lgpos_generation(p->checkpoint.lgpos_checkpoint) : logs->files[0].generation;
    if (!logs->files[logs->count - 1].is_current && !options->allow_lost_logs)
        p->findings++;
    print_head(p);
    list_logs(p);
    find_last(p);
    if (options->is_json)
        printf("],\"databases\":[");
    JET_ERR err = list_databases(p);
    if (err < 0)
        status = tool_error(self, err, "cannot read %s", options->database_folder);
    print_end(p);
    if (status == EXIT_GOOD && !logs->files[logs->count - 1].is_current)
        fprintf(stderr, "ese recover: the current log %s%s is missing%s\n", VISIBLE(logs->base), logs->extension,
                options->allow_lost_logs ? "" : "; --allow-lost-logs goes on without it, when it holds later commits only");
    if (status == EXIT_GOOD && p->findings > 0)
        status = EXIT_FINDINGS;
    for (size_t i = 0; i < p->logged_count; i++)
        mem_free(p->logged[i].path);
    mem_free(p->errors);
    mem_free(p);
    return status;
}
