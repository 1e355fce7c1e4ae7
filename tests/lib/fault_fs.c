/* See fault_fs.h. Files are followed by inode (a number given at first sight), names by a list replayed from events. */
#include "fault_fs.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512 };

struct image_file {
    uint8_t *bytes;
    size_t size, room;
};

struct event {
    enum fault_event kind;
    size_t inode;        /* of the file; unused for folder events */
    uint64_t offset;     /* WRITE */
    uint64_t size;       /* WRITE, SET_SIZE */
    uint8_t *bytes;      /* WRITE */
    char *name, *target; /* inside the recorded folder: CREATE, REMOVE, RENAME (from, to) */
    size_t covers;       /* SYNC, DIR_SYNC: events before this index are durable */
};

struct name {
    char *text;
    size_t inode;
};

struct names {
    struct name *list;
    size_t count, room;
};

struct fault_fs {
    struct os_fs os;
    struct os_fs *under;
    pthread_mutex_t lock; /* guards everything below */
    enum fault_operation fail_operation;
    uint64_t fail_countdown;
    JET_ERR fail_error;
    bool fail_sticky, has_failed, is_dead;
    size_t fail_torn_bytes;
    uint64_t tear_unit; /* of images */
    const char *own_unit_name; /* the file with a unit of its own */
    uint64_t own_unit;
    const char *fail_text;
    uint64_t counts[FAULT_OPERATION_COUNT];
    uint64_t open_files;
    fault_fs_hook hook;
    void *hook_context;
    char *folder; /* recorded; NULL = not recording */
    struct event *events;
    size_t event_count, event_room;
    struct image_file *base; /* by inode: content when recording began */
    size_t inode_count, base_count;
    struct names base_names, names; /* at the start, and now */
};

struct fault_file {
    struct os_file base;
    struct os_file *under;
    char *path;
    bool is_recorded;
    size_t inode;
};

static void *must(void *p)
{
    if (p == NULL) {
        fprintf(stderr, "fault_fs: out of memory\n");
        abort();
    }
    return p;
}

static struct fault_fs *fs_of(struct os_fs *os) { return (struct fault_fs *)os->state; }
static struct fault_file *file_of(struct os_file *file) { return (struct fault_file *)(void *)file; }
static void lock(const struct fault_fs *f) { pthread_mutex_lock((pthread_mutex_t *)(uintptr_t)&f->lock); }
static void unlock(const struct fault_fs *f) { pthread_mutex_unlock((pthread_mutex_t *)(uintptr_t)&f->lock); }

/* Names. */

static size_t names_find(const struct names *n, const char *text)
{
    size_t i = 0;
    while (i < n->count && strcmp(n->list[i].text, text) != 0)
        i++;
    return i;
}

static void names_remove(struct names *n, const char *text)
{
    size_t i = names_find(n, text);
    if (i < n->count) {
        free(n->list[i].text);
        n->list[i] = n->list[--n->count];
    }
}

static void names_set(struct names *n, const char *text, size_t inode)
{
    names_remove(n, text);
    if (n->count == n->room) {
        n->room = n->room * 2 + 8;
        n->list = (struct name *)must(realloc(n->list, n->room * sizeof *n->list));
    }
    n->list[n->count++] = (struct name){(char *)must(strdup(text)), inode};
}

static void names_rename(struct names *n, const char *from, const char *to)
{
    size_t i = names_find(n, from);
    if (i < n->count) {
        size_t inode = n->list[i].inode;
        names_remove(n, from);
        names_set(n, to, inode);
    }
}

static void names_free(struct names *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->list[i].text);
    free(n->list);
}

/* The name inside the recorded folder, or NULL. */
static const char *recorded_name(const struct fault_fs *f, const char *path)
{
    size_t length = f->folder != NULL ? strlen(f->folder) : 0;
    if (length == 0 || strncmp(path, f->folder, length) != 0 || path[length] != '/')
        return NULL;
    const char *name = path + length;
    while (*name == '/')
        name++;
    return strchr(name, '/') == NULL && *name != '\0' ? name : NULL;
}

static struct event *add_event(struct fault_fs *f, enum fault_event kind, size_t inode)
{
    if (f->event_count == f->event_room) {
        f->event_room = f->event_room * 2 + 64;
        f->events = (struct event *)must(realloc(f->events, f->event_room * sizeof *f->events));
    }
    struct event *event = &f->events[f->event_count++];
    memset(event, 0, sizeof *event);
    event->kind = kind;
    event->inode = inode;
    return event;
}

/* Counts the operation and says whether it must fail. */
static JET_ERR enter(struct fault_fs *f, enum fault_operation operation, const char *path, uint64_t offset, size_t size, size_t *torn)
{
    bool is_change = operation != FAULT_OPEN && operation != FAULT_READ;
    JET_ERR result = JET_errSuccess;
    if (f->hook != NULL)
        f->hook(f->hook_context, operation, path, offset, size);
    lock(f);
    f->counts[operation]++;
    f->counts[FAULT_ANY]++;
    if (is_change)
        f->counts[FAULT_ANY_CHANGE]++;
    bool matches = f->fail_operation == operation || f->fail_operation == FAULT_ANY || (f->fail_operation == FAULT_ANY_CHANGE && is_change);
    if (f->fail_text != NULL && strstr(path, f->fail_text) == NULL)
        matches = false;
    if (matches && f->is_dead)
        result = f->fail_error;
    else if (matches && f->fail_countdown > 0 && --f->fail_countdown == 0) {
        result = f->fail_error;
        f->has_failed = true;
        f->is_dead = f->fail_sticky;
        if (torn != NULL)
            *torn = f->fail_torn_bytes < size ? f->fail_torn_bytes : size;
    }
    unlock(f);
    return result;
}

static JET_ERR fault_open(struct os_fs *os, const char *path, unsigned flags, struct os_file **out)
{
    struct fault_fs *f = fs_of(os);
    struct os_file *under = NULL;
    *out = NULL;
    JET_ERR err = enter(f, FAULT_OPEN, path, 0, 0, NULL);
    if (err == JET_errSuccess)
        err = f->under->ops->open(f->under, path, flags, &under);
    if (err != JET_errSuccess)
        return err;
    struct fault_file *file = (struct fault_file *)must(calloc(1, sizeof *file));
    file->base.fs = os;
    file->under = under;
    file->path = (char *)must(strdup(path));
    lock(f);
    f->open_files++;
    const char *name = recorded_name(f, path);
    if (name != NULL) {
        file->is_recorded = true;
        size_t i = names_find(&f->names, name);
        if (i < f->names.count) {
            file->inode = f->names.list[i].inode;
            if ((flags & OS_OPEN_TRUNCATE) != 0)
                add_event(f, FAULT_EVENT_SET_SIZE, file->inode);
        } else {
            file->inode = f->inode_count++;
            names_set(&f->names, name, file->inode);
            add_event(f, FAULT_EVENT_CREATE, file->inode)->name = (char *)must(strdup(name));
        }
    }
    unlock(f);
    *out = &file->base;
    return JET_errSuccess;
}

static void fault_close(struct os_file *base)
{
    struct fault_file *file = file_of(base);
    struct fault_fs *f = fs_of(base->fs);
    os_file_close(file->under);
    lock(f);
    f->open_files--;
    unlock(f);
    free(file->path);
    free(file);
}

static JET_ERR fault_read(struct os_file *base, uint64_t offset, void *buffer, size_t size)
{
    struct fault_file *file = file_of(base);
    JET_ERR err = enter(fs_of(base->fs), FAULT_READ, file->path, offset, size, NULL);
    return err != JET_errSuccess ? err : os_file_read(file->under, offset, buffer, size);
}

static void record_write(struct fault_fs *f, const struct fault_file *file, uint64_t offset, const void *buffer, size_t size)
{
    if (!file->is_recorded || size == 0)
        return;
    lock(f);
    struct event *event = add_event(f, FAULT_EVENT_WRITE, file->inode);
    event->offset = offset;
    event->size = size;
    event->bytes = (uint8_t *)must(malloc(size));
    memcpy(event->bytes, buffer, size);
    unlock(f);
}

static JET_ERR fault_write(struct os_file *base, uint64_t offset, const void *buffer, size_t size)
{
    struct fault_file *file = file_of(base);
    struct fault_fs *f = fs_of(base->fs);
    size_t torn = 0;
    JET_ERR err = enter(f, FAULT_WRITE, file->path, offset, size, &torn);
    size_t amount = err != JET_errSuccess ? torn : size;
    JET_ERR under = amount > 0 ? os_file_write(file->under, offset, buffer, amount) : JET_errSuccess;
    if (under == JET_errSuccess)
        record_write(f, file, offset, buffer, amount);
    return err != JET_errSuccess ? err : under;
}

static JET_ERR fault_sync(struct os_file *base)
{
    struct fault_file *file = file_of(base);
    struct fault_fs *f = fs_of(base->fs);
    JET_ERR err = enter(f, FAULT_SYNC, file->path, 0, 0, NULL);
    if (err != JET_errSuccess)
        return err;
    lock(f);
    size_t covers = f->event_count; /* what is written while the sync runs is not covered */
    unlock(f);
    err = os_file_sync(file->under);
    if (err == JET_errSuccess && file->is_recorded) {
        lock(f);
        add_event(f, FAULT_EVENT_SYNC, file->inode)->covers = covers;
        unlock(f);
    }
    return err;
}

static JET_ERR fault_info(struct os_file *base, struct os_file_info *out) { return os_file_info(file_of(base)->under, out); }

static JET_ERR fault_set_size(struct os_file *base, uint64_t size)
{
    struct fault_file *file = file_of(base);
    struct fault_fs *f = fs_of(base->fs);
    JET_ERR err = enter(f, FAULT_SET_SIZE, file->path, size, 0, NULL);
    if (err == JET_errSuccess)
        err = os_file_set_size(file->under, size);
    if (err == JET_errSuccess && file->is_recorded) {
        lock(f);
        add_event(f, FAULT_EVENT_SET_SIZE, file->inode)->size = size;
        unlock(f);
    }
    return err;
}

static JET_ERR fault_prefetch(struct os_file *base, uint64_t offset, size_t size)
{
    os_file_prefetch(file_of(base)->under, offset, size);
    return JET_errSuccess;
}

static JET_ERR fault_stat(struct os_fs *os, const char *path, struct os_file_info *out) { return os_stat(fs_of(os)->under, path, out); }

static JET_ERR fault_remove(struct os_fs *os, const char *path)
{
    struct fault_fs *f = fs_of(os);
    JET_ERR err = enter(f, FAULT_REMOVE, path, 0, 0, NULL);
    if (err == JET_errSuccess)
        err = os_remove(f->under, path);
    lock(f);
    const char *name = recorded_name(f, path);
    if (err == JET_errSuccess && name != NULL) {
        names_remove(&f->names, name);
        add_event(f, FAULT_EVENT_REMOVE, 0)->name = (char *)must(strdup(name));
    }
    unlock(f);
    return err;
}

static JET_ERR fault_rename(struct os_fs *os, const char *from, const char *to)
{
    struct fault_fs *f = fs_of(os);
    JET_ERR err = enter(f, FAULT_RENAME, from, 0, 0, NULL);
    if (err == JET_errSuccess)
        err = os_rename(f->under, from, to);
    lock(f);
    const char *old_name = recorded_name(f, from), *new_name = recorded_name(f, to);
    if (err == JET_errSuccess && old_name != NULL && new_name != NULL) {
        names_rename(&f->names, old_name, new_name);
        struct event *event = add_event(f, FAULT_EVENT_RENAME, 0);
        event->name = (char *)must(strdup(old_name));
        event->target = (char *)must(strdup(new_name));
    } else if (err == JET_errSuccess && (old_name != NULL || new_name != NULL)) {
        fprintf(stderr, "fault_fs: a rename across the border of the recorded folder cannot be recorded\n");
        abort();
    }
    unlock(f);
    return err;
}

static JET_ERR fault_dir_sync(struct os_fs *os, const char *path)
{
    struct fault_fs *f = fs_of(os);
    JET_ERR err = enter(f, FAULT_DIR_SYNC, path, 0, 0, NULL);
    lock(f);
    size_t covers = f->event_count;
    unlock(f);
    if (err == JET_errSuccess)
        err = os_dir_sync(f->under, path);
    lock(f);
    size_t length = f->folder != NULL ? strlen(f->folder) : 0;
    if (err == JET_errSuccess && length > 0 && strncmp(path, f->folder, length) == 0 && path[length + strspn(path + length, "/")] == '\0')
        add_event(f, FAULT_EVENT_DIR_SYNC, 0)->covers = covers;
    unlock(f);
    return err;
}

static JET_ERR fault_dir_create(struct os_fs *os, const char *path) { return os_dir_create(fs_of(os)->under, path); }
static JET_ERR fault_dir_remove(struct os_fs *os, const char *path) { return os_dir_remove(fs_of(os)->under, path); }
static JET_ERR fault_dir_list(struct os_fs *os, const char *path, char ***names, size_t *count) { return os_dir_list(fs_of(os)->under, path, names, count); }

static const struct os_fs_ops fault_ops = {
    fault_open, fault_close, fault_read, fault_write, fault_sync, fault_info, fault_set_size, fault_prefetch, NULL, fault_stat,
    fault_remove, fault_rename, fault_dir_sync, fault_dir_create, fault_dir_remove, fault_dir_list,
};

struct fault_fs *fault_fs_create(struct os_fs *under)
{
    struct fault_fs *f = (struct fault_fs *)must(calloc(1, sizeof *f));
    f->os.ops = &fault_ops;
    f->os.state = f;
    f->under = under;
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

void fault_fs_destroy(struct fault_fs *f)
{
    for (size_t i = 0; i < f->event_count; i++) {
        free(f->events[i].bytes);
        free(f->events[i].name);
        free(f->events[i].target);
    }
    for (size_t i = 0; i < f->base_count; i++)
        free(f->base[i].bytes);
    free(f->events);
    free(f->base);
    free(f->folder);
    names_free(&f->names);
    names_free(&f->base_names);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

struct os_fs *fault_fs_os(struct fault_fs *f) { return &f->os; }

void fault_fs_fail(struct fault_fs *f, enum fault_operation operation, uint64_t nth, JET_ERR error, bool sticky)
{
    lock(f);
    f->fail_operation = operation;
    f->fail_countdown = nth;
    f->fail_error = error;
    f->fail_sticky = sticky;
    f->fail_torn_bytes = 0;
    f->has_failed = f->is_dead = false;
    unlock(f);
}

void fault_fs_fail_torn(struct fault_fs *f, uint64_t nth_write, JET_ERR error, size_t torn_bytes)
{
    fault_fs_fail(f, FAULT_WRITE, nth_write, error, false);
    lock(f);
    f->fail_torn_bytes = torn_bytes;
    unlock(f);
}

void fault_fs_fail_only(struct fault_fs *f, const char *text)
{
    lock(f);
    f->fail_text = text;
    unlock(f);
}

bool fault_fs_has_failed(const struct fault_fs *f)
{
    lock(f);
    bool has_failed = f->has_failed;
    unlock(f);
    return has_failed;
}

uint64_t fault_fs_count(const struct fault_fs *f, enum fault_operation operation)
{
    lock(f);
    uint64_t count = f->counts[operation];
    unlock(f);
    return count;
}

void fault_fs_reset_counts(struct fault_fs *f)
{
    lock(f);
    memset(f->counts, 0, sizeof f->counts);
    unlock(f);
}

uint64_t fault_fs_open_files(const struct fault_fs *f)
{
    lock(f);
    uint64_t count = f->open_files;
    unlock(f);
    return count;
}

void fault_fs_set_hook(struct fault_fs *f, fault_fs_hook hook, void *context)
{
    f->hook = hook;
    f->hook_context = context;
}

/* Recording and images. */

static void image_resize(struct image_file *file, size_t size)
{
    if (size > file->room) {
        file->room = size + size / 2;
        file->bytes = (uint8_t *)must(realloc(file->bytes, file->room));
    }
    if (size > file->size)
        memset(file->bytes + file->size, 0, size - file->size);
    file->size = size;
}

static void image_write(struct image_file *file, uint64_t offset, const uint8_t *bytes, size_t size)
{
    if (offset + size > file->size)
        image_resize(file, (size_t)offset + size);
    memcpy(file->bytes + offset, bytes, size);
}

static void fatal(const char *what, const char *path)
{
    fprintf(stderr, "fault_fs: cannot %s %s\n", what, path);
    abort();
}

void fault_fs_record(struct fault_fs *f, const char *folder)
{
    char **list = NULL, path[4096];
    size_t count = 0;
    f->folder = (char *)must(strdup(folder));
    if (os_dir_list(f->under, folder, &list, &count) != JET_errSuccess)
        fatal("list", folder);
    f->base = (struct image_file *)must(calloc(count + 1, sizeof *f->base));
    for (size_t i = 0; i < count; i++) {
        struct os_file_info info;
        struct os_file *file = NULL;
        snprintf(path, sizeof path, "%s/%s", folder, list[i]);
        if (os_stat(f->under, path, &info) != JET_errSuccess)
            fatal("look at", path);
        if (info.is_directory)
            continue;
        struct image_file *image = &f->base[f->base_count];
        image_resize(image, (size_t)info.size);
        if (os_file_open(f->under, path, OS_OPEN_READ, &file) != JET_errSuccess || os_file_read(file, 0, image->bytes, image->size) != JET_errSuccess)
            fatal("read", path);
        os_file_close(file);
        names_set(&f->base_names, list[i], f->base_count);
        names_set(&f->names, list[i], f->base_count++);
    }
    f->inode_count = f->base_count;
    os_dir_list_free(list, count);
}

size_t fault_fs_event_count(const struct fault_fs *f)
{
    lock(f);
    size_t count = f->event_count;
    unlock(f);
    return count;
}

enum fault_event fault_fs_event_kind(const struct fault_fs *f, size_t i)
{
    lock(f);
    enum fault_event kind = f->events[i].kind;
    unlock(f);
    return kind;
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static bool is_folder_event(const struct event *event)
{
    return event->kind == FAULT_EVENT_CREATE || event->kind == FAULT_EVENT_RENAME || event->kind == FAULT_EVENT_REMOVE;
}

/* Events before the returned indexes are covered by a sync among the first `events`: by inode, and last (at inode_count) for names. */
static size_t *covered_until(const struct fault_fs *f, size_t events)
{
    size_t *until = (size_t *)must(calloc(f->inode_count + 1, sizeof *until));
    for (size_t i = 0; i < events && i < f->event_count; i++) {
        const struct event *event = &f->events[i];
        size_t *at = event->kind == FAULT_EVENT_SYNC ? &until[event->inode] : event->kind == FAULT_EVENT_DIR_SYNC ? &until[f->inode_count] : NULL;
        if (at != NULL && event->covers > *at)
            *at = event->covers;
    }
    return until;
}

static void apply_data(struct image_file *file, const struct event *event, bool is_certain, enum fault_image mode, uint64_t unit, uint64_t *random)
{
    unsigned fate = is_certain || mode == FAULT_IMAGE_KEEP_ALL ? 0 : mode == FAULT_IMAGE_DROP_ALL ? 1 : (unsigned)(next_random(random) % 3);
    if (fate == 1)
        return;
    if (event->kind == FAULT_EVENT_SET_SIZE) {
        image_resize(file, (size_t)event->size);
    } else if (fate == 0) {
        image_write(file, event->offset, event->bytes, (size_t)event->size);
    } else { /* torn: each unit on its own */
        for (uint64_t at = 0; at < event->size;) {
            uint64_t size = unit - (event->offset + at) % unit;
            size = size < event->size - at ? size : event->size - at;
            if ((next_random(random) & 1) != 0)
                image_write(file, event->offset + at, event->bytes + at, (size_t)size);
            at += size;
        }
    }
}

static void write_image_file(const char *target, const char *name, const struct image_file *file)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", target, name);
    FILE *out = fopen(path, "wb");
    if (out == NULL || (file->size > 0 && fwrite(file->bytes, 1, file->size, out) != file->size) || fclose(out) != 0)
        fatal("write", path);
}

void fault_fs_set_tear_unit(struct fault_fs *f, uint64_t bytes) { f->tear_unit = bytes; }

void fault_fs_set_tear_unit_of(struct fault_fs *f, const char *name, uint64_t bytes)
{
    f->own_unit_name = name;
    f->own_unit = bytes;
}

static uint64_t unit_of(const struct fault_fs *f, size_t inode)
{
    for (size_t i = 0; f->own_unit_name != NULL && i < f->base_names.count; i++)
        if (f->base_names.list[i].inode == inode && strcmp(f->base_names.list[i].text, f->own_unit_name) == 0)
            return f->own_unit;
    return f->tear_unit != 0 ? f->tear_unit : SECTOR;
}

void fault_fs_build_image(const struct fault_fs *f, size_t events, enum fault_image mode, uint64_t seed, const char *target)
{
    uint64_t random = seed;
    bool names_lost = false; /* of the uncovered name changes a prefix survives */
    struct names names = {NULL, 0, 0};
    lock(f);
    struct image_file *files = (struct image_file *)must(calloc(f->inode_count + 1, sizeof *files));
    size_t *until = covered_until(f, events);
    for (size_t i = 0; i < f->base_count; i++) {
        image_resize(&files[i], f->base[i].size);
        if (f->base[i].size > 0)
            memcpy(files[i].bytes, f->base[i].bytes, f->base[i].size);
    }
    for (size_t i = 0; i < f->base_names.count; i++)
        names_set(&names, f->base_names.list[i].text, f->base_names.list[i].inode);
    for (size_t i = 0; i < events && i < f->event_count; i++) {
        const struct event *event = &f->events[i];
        if (event->kind == FAULT_EVENT_SYNC || event->kind == FAULT_EVENT_DIR_SYNC)
            continue;
        bool durable = i < until[is_folder_event(event) ? f->inode_count : event->inode];
        if (!is_folder_event(event)) {
            apply_data(&files[event->inode], event, durable, mode, unit_of(f, event->inode), &random);
            continue;
        }
        if (!durable && (mode == FAULT_IMAGE_DROP_ALL || (mode == FAULT_IMAGE_RANDOM && (next_random(&random) & 1) != 0)))
            names_lost = true;
        if (!durable && names_lost)
            continue;
        if (event->kind == FAULT_EVENT_CREATE)
            names_set(&names, event->name, event->inode);
        else if (event->kind == FAULT_EVENT_RENAME)
            names_rename(&names, event->name, event->target);
        else
            names_remove(&names, event->name);
    }
    for (size_t i = 0; i < names.count; i++)
        write_image_file(target, names.list[i].text, &files[names.list[i].inode]);
    for (size_t i = 0; i < f->inode_count; i++)
        free(files[i].bytes);
    free(files);
    free(until);
    names_free(&names);
    unlock(f);
}
