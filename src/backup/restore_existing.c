/* See restore_existing.h. The headers of all logs found are read into a list, in the order of generations; then every neighbour is looked at. */
#include "backup/restore_existing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "log/log_files.h"
#include "os/path.h"

enum { EVENT_RESTORE_LOG_MISSING = 435, EVENT_CURRENT_LOG_MISSING = 450, EVENT_EXISTING_SIGNATURE = 457, EVENT_EXISTING_SEQUENCE = 458 };

struct found_log {
    struct log_link link;
    bool is_current; /* its name has no generation */
    char *path;
};
struct found_logs {
    struct found_log *items;
    size_t count;
};

static void report(const struct restore_chain *chain, uint32_t id, enum event_level level, const char *path)
{
    EVENT_REPORT(chain->config->events, id, level, EVENT_LOGGING_RECOVERY, path);
}

static bool is_current_name(const struct restore_chain *chain, const char *name)
{
    const struct restore_config *c = chain->config;
    size_t base = strlen(c->base_name);
    return c->target_folder == NULL && strncmp(name, c->base_name, base) == 0 && strcmp(name + base, chain->extension) == 0;
}

static bool is_archive_name(const struct restore_chain *chain, const char *name)
{
    const struct restore_config *c = chain->config;
    uint32_t generation = log_name_generation(name, c->base_name, chain->extension);
    return generation != 0 && (c->target_folder == NULL || generation <= c->target_gen_high);
}

static JET_ERR add_log(const struct restore_chain *chain, struct found_logs *found, const char *path, bool is_current)
{
    JET_ERR err = JET_errSuccess;
    struct log_header header;
    bool has_header = false;
    char *copy = NULL;
    err = log_header_read(chain->config->fs, path, &header);
    if (err == JET_errFileNotFound) { /* it was in the list a moment ago */
        report(chain, EVENT_RESTORE_LOG_MISSING, EVENT_ERROR, path);
        RAISE(JET_errMissingRestoreLogFiles);
    }
    TRY(err);
    has_header = true;
    if (!signature_equal(&header.log_signature, &chain->log_signature)) {
        report(chain, EVENT_EXISTING_SIGNATURE, EVENT_WARNING, path);
        RAISE(JET_errExistingLogFileHasBadSignature);
    }
    copy = mem_strdup(path);
    struct found_log *grown = copy != NULL ? (struct found_log *)mem_resize(found->items, (found->count + 1) * sizeof *grown) : NULL;
    if (grown == NULL)
        RAISE(JET_errOutOfMemory);
    found->items = grown;
    grown[found->count++] = (struct found_log){{header.generation, header.created, header.previous_created}, is_current, copy};
    copy = NULL;
done:
    if (has_header)
        log_header_release(&header);
    mem_free(copy);
    return err;
}

/* The current log is the last, whatever its generation. */
static int in_order(const void *a, const void *b)
{
    const struct found_log *x = (const struct found_log *)a, *y = (const struct found_log *)b;
    if (x->is_current != y->is_current)
        return x->is_current ? 1 : -1;
    return (x->link.generation > y->link.generation) - (x->link.generation < y->link.generation);
}

static JET_ERR find_logs(const struct restore_chain *chain, const char *folder, struct found_logs *found)
{
    JET_ERR err = JET_errSuccess;
    char **names = NULL, *path = NULL;
    size_t count = 0;
    TRY(os_dir_list(chain->config->fs, folder, &names, &count));
    for (size_t i = 0; i < count; i++) {
        bool is_current = is_current_name(chain, names[i]);
        if (!is_current && !is_archive_name(chain, names[i]))
            continue;
        TRY(path_join(folder, names[i], &path));
        TRY(add_log(chain, found, path, is_current));
        mem_free(path);
        path = NULL;
    }
    if (found->count > 0)
        qsort(found->items, found->count, sizeof *found->items, in_order);
done:
    mem_free(path);
    os_dir_list_free(names, count);
    return err;
}

static bool follows(const struct log_link *later, const struct log_link *earlier)
{
    return later->generation == earlier->generation + 1 && log_time_equal(later->previous_created, earlier->created);
}

/* Against the log before it in the folder. The replay takes the current log for the one behind everything else: behind the set when it stands alone. */
static bool fits_neighbour(const struct restore_chain *chain, const struct found_log *log, bool is_first)
{
    if (log->is_current)
        return follows(&log->link, is_first ? &chain->set[chain->set_count - 1] : &log[-1].link);
    return is_first || log[-1].link.generation + 1 < log->link.generation || follows(&log->link, &log[-1].link);
}

/* Against the set: before it, in it, behind it. */
static bool fits_set(const struct restore_chain *chain, const struct log_link *link)
{
    const struct log_link *first = &chain->set[0], *last = &chain->set[chain->set_count - 1];
    if (link->generation + 1 == first->generation)
        return follows(first, link);
    if (link->generation == last->generation + 1)
        return follows(link, last);
    if (link->generation < first->generation || link->generation > last->generation)
        return true;
    return log_time_equal(link->created, chain->set[link->generation - first->generation].created);
}

static JET_ERR report_gap(const struct restore_chain *chain, const char *folder, uint32_t missing)
{
    char *path = NULL;
    if (log_file_path(folder, chain->config->base_name, missing, chain->extension, chain->config->fs, &path) >= 0)
        report(chain, EVENT_CURRENT_LOG_MISSING, EVENT_ERROR, path);
    mem_free(path);
    return JET_errMissingCurrentLogFiles;
}

static JET_ERR check_chain(const struct restore_chain *chain, const char *folder, const struct found_logs *found)
{
    JET_ERR err = JET_errSuccess;
    uint32_t reached = chain->config->gen_high; /* up to here there is no gap */
    for (size_t i = 0; i < found->count; i++) {
        const struct found_log *log = &found->items[i];
        if (!fits_set(chain, &log->link) || !fits_neighbour(chain, log, i == 0)) {
            report(chain, EVENT_EXISTING_SEQUENCE, EVENT_WARNING, log->path);
            RAISE(JET_errExistingLogFileIsNotContiguous);
        }
        if (log->link.generation > reached + 1)
            RAISE(report_gap(chain, folder, reached + 1));
        if (log->link.generation > reached)
            reached = log->link.generation;
    }
done:
    return err;
}

JET_ERR restore_check_existing(const struct restore_chain *chain)
{
    JET_ERR err = JET_errSuccess;
    const struct restore_config *c = chain->config;
    const char *folder = c->target_folder != NULL ? c->target_folder : c->log_folder;
    struct found_logs found = {NULL, 0};
    if (strcmp(folder, c->backup_folder) == 0 || !os_exists(c->fs, folder))
        return JET_errSuccess;
    TRY(find_logs(chain, folder, &found));
    TRY(check_chain(chain, folder, &found));
done:
    for (size_t i = 0; i < found.count; i++)
        mem_free(found.items[i].path);
    mem_free(found.items);
    return err;
}
