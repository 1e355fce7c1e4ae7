/* Sets and chains (set.h). */
#include "set/set.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "database/database.h"
#include "os/path.h"
#include "set/archive.h"
#include "set/scratch.h"

/* --- a folder without manifest --- */

static JET_ERR add_copy(struct set *set, const char *name, const char *path)
{
    JET_ERR err = JET_errSuccess;
    struct db_header header;
    struct os_file_info info;
    uint32_t page_size;
    bool used_shadow;
    if (database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL) < 0 || header.backup_full_current.gen_low == 0)
        return JET_errSuccess; /* not a copy */
    TRY(os_stat(os_fs_posix(), path, &info));
    if (set->manifest.database_count == SET_DATABASES_MAX)
        RAISE(JET_errTooManyAttachedDatabases);
    struct set_database *d = manifest_add_database(&set->manifest);
    if (d == NULL || (d->file.name = mem_strdup(name)) == NULL || (d->original_path = mem_strdup(name)) == NULL)
        RAISE(JET_errOutOfMemory);
    d->file.size = d->image_size = info.size;
    d->page_count = info.size / page_size >= 3 ? (uint32_t)(info.size / page_size - 3) : 0;
    d->signature = header.db_signature;
    set->manifest.page_size = page_size;
done:
    return err;
}

static JET_ERR add_log(struct set *set, const char *name, uint32_t generation, const char *path)
{
    struct os_file_info info;
    JET_ERR err = os_stat(os_fs_posix(), path, &info);
    if (err < 0)
        return err;
    struct set_manifest *m = &set->manifest;
    struct set_log *log = manifest_add_log(m);
    if (log == NULL || (log->file.name = mem_strdup(name)) == NULL)
        return JET_errOutOfMemory;
    log->generation = generation;
    log->file.size = info.size;
    if (m->generation_low == 0 || generation < m->generation_low)
        m->generation_low = generation;
    if (generation > m->generation_high)
        m->generation_high = generation;
    return JET_errSuccess;
}

static JET_ERR add_by_content(struct set *set, const char *name)
{
    JET_ERR err = JET_errSuccess;
    char base[4], *path = NULL;
    uint32_t generation = set_log_name(name, base);
    TRY(path_join(set->folder, name, &path));
    if (generation != 0) {
        memcpy(set->manifest.base_name, base, sizeof base);
        TRY(add_log(set, name, generation, path));
    } else {
        TRY(add_copy(set, name, path));
    }
done:
    mem_free(path);
    return err;
}

static int by_generation(const void *a, const void *b)
{
    uint32_t x = ((const struct set_log *)a)->generation, y = ((const struct set_log *)b)->generation;
    return (x > y) - (x < y);
}

static JET_ERR recognise(struct set *set, char *why, size_t why_size)
{
    JET_ERR err = JET_errSuccess;
    char **names = NULL;
    size_t count = 0;
    TRY(os_dir_list(os_fs_posix(), set->folder, &names, &count));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], MANIFEST_JOURNAL_NAME) == 0) {
            snprintf(why, why_size, "%s holds an interrupted backup (continue it with ese backup --resume)", set->label);
            RAISE(JET_errInvalidBackup);
        }
        TRY(add_by_content(set, names[i]));
    }
    qsort(set->manifest.logs, set->manifest.log_count, sizeof *set->manifest.logs, by_generation);
    set->manifest.kind = set->manifest.database_count != 0 ? SET_KIND_FULL : SET_KIND_INCREMENTAL;
    if (set->manifest.database_count == 0 && set->manifest.log_count == 0) {
        snprintf(why, why_size, "%s holds no database copy and no logs", set->label);
        RAISE(JET_errRestoreOfNonBackupDatabase);
    }
    if (set->manifest.log_count == 0) {
        snprintf(why, why_size, "%s holds no log generations", set->label);
        RAISE(JET_errFileNotFound);
    }
done:
    os_dir_list_free(names, count);
    return err;
}

/* --- one set --- */

static JET_ERR unpack(const char *path, struct set_staging *staging, struct set *set, char *why, size_t why_size)
{
    JET_ERR err = JET_errSuccess;
    char name[32];
    if (staging == NULL || staging->folder == NULL) {
        snprintf(why, why_size, "%s is no folder", path);
        RAISE(JET_errInvalidPath);
    }
    snprintf(name, sizeof name, "set-%u", staging->used++);
    TRY(path_join(staging->folder, name, &set->folder));
    TRY(os_dir_create(os_fs_posix(), set->folder));
    set->is_ours = true;
    TRY(archive_unpack(path, set->folder, staging->only_tables, staging->progress, staging->context, why, why_size));
done:
    return err;
}

JET_ERR set_open(const char *path, struct set_staging *staging, struct set *out, char *why, size_t why_size)
{
    JET_ERR err = JET_errSuccess;
    struct os_file_info info = {.size = 0};
    char reason[400] = "";
    *out = (struct set){.is_ours = false};
    snprintf(why, why_size, "cannot read %s", path);
    out->label = mem_strdup(path);
    if (out->label == NULL)
        RAISE(JET_errOutOfMemory);
    if (strcmp(path, "-") != 0)
        TRY(os_stat(os_fs_posix(), path, &info));
    if (info.is_directory) {
        out->folder = mem_strdup(path);
        if (out->folder == NULL)
            RAISE(JET_errOutOfMemory);
    } else {
        TRY(unpack(path, staging, out, why, why_size));
    }
    err = manifest_read(out->folder, &out->manifest, reason, sizeof reason);
    out->has_manifest = err >= 0;
    if (err == JET_errFileNotFound && !out->is_ours)
        err = recognise(out, why, why_size);
    else if (err < 0)
        snprintf(why, why_size, "%s: %s", path, reason);
done:
    if (err < 0)
        set_release(out);
    return err;
}

void set_release(struct set *set)
{
    if (set->is_ours && set->folder != NULL)
        scratch_remove_folder(set->folder);
    manifest_release(&set->manifest);
    mem_free(set->folder);
    mem_free(set->label);
    *set = (struct set){.is_ours = false};
}

/* --- chains --- */

/* Absolute, without separator at the end. */
static JET_ERR trimmed(const char *path, char **out)
{
    JET_ERR err = path_absolute(path, out);
    size_t length = err >= 0 ? strlen(*out) : 0;
    if (length > 1 && (*out)[length - 1] == '/')
        (*out)[length - 1] = 0;
    return err;
}

JET_ERR set_relative_path(const char *set, const char *parent, char **out)
{
    JET_ERR err = JET_errSuccess;
    char *from = NULL, *to = NULL;
    size_t common = 0, ups = 0;
    *out = NULL;
    TRY(trimmed(set, &from));
    TRY(trimmed(parent, &to));
    for (size_t i = 0; from[i] != 0 && from[i] == to[i]; i++)
        if (from[i] == '/')
            common = i + 1; /* behind the last separator of the folders they share */
    for (const char *c = from + common; *c != 0; c++)
        ups += *c == '/';
    *out = (char *)mem_alloc(3 * ups + strlen(to + common) + 1);
    if (*out == NULL)
        RAISE(JET_errOutOfMemory);
    for (size_t i = 0; i < ups; i++)
        strcat(*out, "../");
    strcat(*out, to + common);
done:
    mem_free(from);
    mem_free(to);
    return err;
}

struct chain_search {
    struct set_staging *staging;
    struct set *given; /* taken ones are zeroed */
    size_t given_count;
    char *why;
    size_t why_size;
};

static JET_ERR chain_add(struct set_chain *chain, struct set *set)
{
    struct set *grown = (struct set *)mem_resize(chain->sets, (chain->count + 1) * sizeof *grown);
    if (grown == NULL)
        return JET_errOutOfMemory;
    chain->sets = grown;
    grown[chain->count++] = *set;
    *set = (struct set){.is_ours = false};
    return JET_errSuccess;
}

/* Where the manifest says, seen from the folder in which the child stands. */
static JET_ERR open_named_parent(struct chain_search *s, const struct set *child, struct set *parent)
{
    JET_ERR err = JET_errSuccess;
    char *absolute = NULL, *folder = NULL, *path = NULL;
    if (strcmp(child->label, "-") == 0) {
        TRY(path_absolute(".", &folder));
    } else {
        TRY(trimmed(child->label, &absolute));
        TRY(path_folder(absolute, &folder));
    }
    TRY(path_join(folder, child->manifest.parent_path, &path));
    err = set_open(path, s->staging, parent, s->why, s->why_size);
    if (err < 0) {
        snprintf(s->why, s->why_size, "%s builds on the set %s, which is not at %s (name it before %s)", child->label, child->manifest.parent_id, path,
                 child->label);
        goto done;
    }
    if (!parent->has_manifest || strcmp(parent->manifest.id, child->manifest.parent_id) != 0) {
        snprintf(s->why, s->why_size, "%s builds on the set %s, but %s is another one", child->label, child->manifest.parent_id, path);
        set_release(parent);
        RAISE(JET_errInvalidBackup);
    }
done:
    mem_free(absolute);
    mem_free(folder);
    mem_free(path);
    return err;
}

/* position: of the child among the given ones; SIZE_MAX when it is not one of them. */
static JET_ERR find_parent(struct chain_search *s, const struct set *child, size_t *position, struct set *parent)
{
    if (child->manifest.parent_id[0] != 0) {
        for (size_t i = 0; i < s->given_count; i++)
            if (s->given[i].has_manifest && strcmp(s->given[i].manifest.id, child->manifest.parent_id) == 0) {
                *parent = s->given[i];
                s->given[i] = (struct set){.is_ours = false};
                *position = i;
                return JET_errSuccess;
            }
        *position = SIZE_MAX;
        return open_named_parent(s, child, parent);
    }
    if (*position != SIZE_MAX && *position > 0 && s->given[*position - 1].label != NULL) {
        --*position;
        *parent = s->given[*position];
        s->given[*position] = (struct set){.is_ours = false};
        return JET_errSuccess;
    }
    snprintf(s->why, s->why_size, "%s holds only logs and names no parent: name the set it builds on before it", child->label);
    return JET_errMissingFullBackup;
}

static void reverse(struct set_chain *chain)
{
    for (size_t i = 0; i < chain->count / 2; i++) {
        struct set other = chain->sets[i];
        chain->sets[i] = chain->sets[chain->count - 1 - i];
        chain->sets[chain->count - 1 - i] = other;
    }
}

/* From the newest set down to a full one. */
static JET_ERR collect(struct chain_search *s, struct set_chain *chain)
{
    JET_ERR err = JET_errSuccess;
    struct set set = s->given[s->given_count - 1];
    size_t position = s->given_count - 1;
    s->given[position] = (struct set){.is_ours = false};
    for (;;) {
        enum set_kind kind = set.manifest.kind;
        TRY(chain_add(chain, &set));
        if (kind == SET_KIND_FULL || kind == SET_KIND_COPY)
            break;
        if (chain->count == SET_CHAIN_MAX) {
            snprintf(s->why, s->why_size, "the chain of sets has no end");
            RAISE(JET_errInvalidBackup);
        }
        TRY(find_parent(s, &chain->sets[chain->count - 1], &position, &set));
        if (kind == SET_KIND_PAGES && !set_kind_has_images(set.manifest.kind)) {
            snprintf(s->why, s->why_size, "%s builds on %s, which has no page tables", chain->sets[chain->count - 1].label, set.label);
            RAISE(JET_errInvalidBackup);
        }
    }
done:
    set_release(&set);
    return err;
}

JET_ERR set_chain_open(char **paths, size_t path_count, struct set_staging *staging, struct set_chain *out, char *why, size_t why_size)
{
    JET_ERR err = JET_errSuccess;
    struct chain_search s = {.staging = staging, .given_count = path_count, .why = why, .why_size = why_size};
    *out = (struct set_chain){.sets = NULL};
    snprintf(why, why_size, "out of memory");
    if (path_count == 0)
        RAISE(JET_errInvalidParameter);
    s.given = (struct set *)mem_alloc_array(path_count, sizeof *s.given);
    if (s.given == NULL)
        RAISE(JET_errOutOfMemory);
    for (size_t i = 0; i < path_count; i++)
        TRY(set_open(paths[i], staging, &s.given[i], why, why_size));
    TRY(collect(&s, out));
    for (size_t i = 0; i < path_count; i++)
        if (s.given[i].label != NULL) {
            snprintf(why, why_size, "%s is not below %s: the newest set comes last", s.given[i].label, out->sets[0].label);
            RAISE(JET_errInvalidParameter);
        }
    reverse(out);
    for (size_t i = 0; i < out->count; i++)
        if (set_kind_has_images(out->sets[i].manifest.kind))
            out->last_image = i;
    why[0] = 0;
done:
    for (size_t i = 0; s.given != NULL && i < path_count; i++)
        set_release(&s.given[i]);
    mem_free(s.given);
    if (err < 0)
        set_chain_release(out);
    return err;
}

void set_chain_release(struct set_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        set_release(&chain->sets[i]);
    mem_free(chain->sets);
    *chain = (struct set_chain){.sets = NULL};
}

static int compare_generation(const void *key, const void *log)
{
    uint32_t x = *(const uint32_t *)key, y = ((const struct set_log *)log)->generation;
    return (x > y) - (x < y);
}

const struct set_log *set_chain_log(const struct set_chain *chain, uint32_t generation, const struct set **set)
{
    for (size_t i = chain->count; i-- > chain->last_image;) {
        const struct set_manifest *m = &chain->sets[i].manifest;
        const struct set_log *log = m->log_count == 0 ? NULL
                                                      : (const struct set_log *)bsearch(&generation, m->logs, m->log_count, sizeof *m->logs, compare_generation);
        if (log != NULL) {
            *set = &chain->sets[i];
            return log;
        }
    }
    return NULL;
}

const char *set_database_name(const struct set_database *database, char *name)
{
    static const char ENDING[] = ".delta";
    size_t length = strlen(database->file.name), tail = sizeof ENDING - 1;
    if (database->is_delta && length > tail && strcmp(database->file.name + length - tail, ENDING) == 0)
        length -= tail;
    snprintf(name, 256, "%.*s", (int)length, database->file.name);
    return name;
}
