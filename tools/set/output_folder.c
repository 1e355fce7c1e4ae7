/* A backup set as a folder, and how an interrupted one is continued (output.h).
 *
 * backup.partial is the journal of a backup under way, one line an event:
 *
 *     openese-backup-partial 1 ID KIND
 *     begin NAME                 NAME is about to be created
 *     done SHA256 SIZE NAME      NAME is complete and on the disk
 *
 * It goes away when the manifest stands. The folder was empty when the journal was made: what bears the name of a file of the set is of this
 * backup. A continued backup is a new session with its own copies of everything; the files of the one before only spare writes: each block that is
 * already there, byte for byte, is left alone. Files that the journal names and the new set lacks are removed. */
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "os/file.h"
#include "os/path.h"
#include "set/output.h"
#include "set/scratch.h"

#define JOURNAL_HEAD "openese-backup-partial 1 "
enum { WRITE_BACK_BYTES = 8 << 20, COMPARE_BLOCK = 4096, JOURNAL_BYTES_MAX = 64 << 20 };

struct folder_stream {
    struct set_stream base;
    struct os_file *disk;
    char *path;
    uint64_t handed_over; /* to the disk: up to there it has begun to write */
    uint64_t old_size; /* of what an interrupted backup left; 0: new */
    uint8_t *old;      /* for comparing */
    size_t old_room;
};

struct old_file {
    char *name;
    bool is_taken; /* belongs to the new set */
};

struct folder_output {
    struct set_output base;
    char *folder;
    struct os_file *journal;
    uint64_t journal_size;
    struct old_file *old_files;
    size_t old_count;
    bool is_continued;
};

static struct folder_output *self(struct set_output *output) { return (struct folder_output *)output; }

/* --- the journal --- */

static JET_ERR journal_add(struct folder_output *o, const char *line)
{
    JET_ERR err = JET_errSuccess;
    TRY(os_file_write(o->journal, o->journal_size, line, strlen(line)));
    o->journal_size += strlen(line);
done:
    return err;
}

static struct old_file *find_old(struct folder_output *o, const char *name)
{
    for (size_t i = 0; i < o->old_count; i++)
        if (strcmp(o->old_files[i].name, name) == 0)
            return &o->old_files[i];
    return NULL;
}

static JET_ERR remember_old(struct folder_output *o, const char *name)
{
    if (!set_name_is_safe(name))
        return JET_errInvalidParameter;
    if (find_old(o, name) != NULL)
        return JET_errSuccess;
    struct old_file *grown = (struct old_file *)mem_resize(o->old_files, (o->old_count + 1) * sizeof *grown);
    if (grown == NULL)
        return JET_errOutOfMemory;
    o->old_files = grown;
    grown[o->old_count] = (struct old_file){mem_strdup(name), false};
    if (grown[o->old_count].name == NULL)
        return JET_errOutOfMemory;
    o->old_count++;
    return JET_errSuccess;
}

/* Takes over id and file names. A last line cut short is what an interruption leaves. */
static JET_ERR journal_parse(struct folder_output *o, enum set_kind kind, char *text)
{
    JET_ERR err = JET_errSuccess;
    char *rest = text, *line, *end;
    bool is_first = true;
    for (; (end = strchr(rest, '\n')) != NULL; rest = end + 1) {
        line = rest;
        *end = 0;
        if (is_first) {
            size_t head = strlen(JOURNAL_HEAD);
            uint8_t id[(SET_ID_SIZE - 1) / 2];
            if (strncmp(line, JOURNAL_HEAD, head) != 0 || strlen(line) < head + SET_ID_SIZE || line[head + SET_ID_SIZE - 1] != ' ')
                RAISE(JET_errInvalidParameter);
            line[head + SET_ID_SIZE - 1] = 0;
            if (!hex_decode(line + head, id, sizeof id) || strcmp(line + head + SET_ID_SIZE, set_kind_name(kind)) != 0)
                RAISE(JET_errInvalidParameter);
            memcpy(o->base.id, line + head, SET_ID_SIZE);
            is_first = false;
        } else if (strncmp(line, "begin ", 6) == 0) {
            TRY(remember_old(o, line + 6));
        }
    }
    if (is_first)
        RAISE(JET_errInvalidParameter);
    o->journal_size = (uint64_t)(rest - text);
done:
    return err;
}

static JET_ERR journal_open(struct folder_output *o, enum set_kind kind, bool resume)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL, *text = NULL, line[128];
    struct os_file_info info;
    unsigned flags = OS_OPEN_WRITE | OS_OPEN_NO_FOLLOW | OS_OPEN_LOCK_EXCLUSIVE;
    TRY(path_join(o->folder, MANIFEST_JOURNAL_NAME, &path));
    if (!resume || !os_exists(os_fs_posix(), path)) {
        TRY(os_file_open(os_fs_posix(), path, flags | OS_OPEN_CREATE | OS_OPEN_MUST_CREATE, &o->journal));
        set_id_make(o->base.id);
        snprintf(line, sizeof line, JOURNAL_HEAD "%s %s\n", o->base.id, set_kind_name(kind));
        TRY(journal_add(o, line));
        TRY(os_file_sync(o->journal));
        goto done;
    }
    TRY(os_file_open(os_fs_posix(), path, flags, &o->journal));
    TRY(os_file_info(o->journal, &info));
    if (info.size > JOURNAL_BYTES_MAX)
        RAISE(JET_errInvalidParameter);
    text = (char *)mem_alloc((size_t)info.size + 1);
    if (text == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_read(o->journal, 0, text, (size_t)info.size));
    TRY(journal_parse(o, kind, text));
    o->is_continued = true;
done:
    mem_free(text);
    mem_free(path);
    return err;
}

/* --- files --- */

static JET_ERR folder_create(struct set_output *output, const char *name, uint64_t size, struct set_stream **out)
{
    JET_ERR err = JET_errSuccess;
    struct folder_output *o = self(output);
    struct os_file_info info;
    struct old_file *old = find_old(o, name);
    char line[320];
    struct folder_stream *s = (struct folder_stream *)mem_alloc(sizeof *s);
    (void)size;
    if (s == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(path_join(o->folder, name, &s->path));
    snprintf(line, sizeof line, "begin %s\n", name);
    TRY(journal_add(o, line));
    unsigned flags = OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_NO_FOLLOW;
    TRY(os_file_open(os_fs_posix(), s->path, o->is_continued ? flags : flags | OS_OPEN_MUST_CREATE, &s->disk));
    TRY(os_file_info(s->disk, &info));
    s->old_size = info.size;
    if (old != NULL)
        old->is_taken = true;
    *out = &s->base;
    s = NULL;
done:
    if (s != NULL) {
        os_file_close(s->disk);
        mem_free(s->path);
        mem_free(s);
    }
    return err;
}

/* Writes only the blocks that differ from what an interrupted backup left. */
static JET_ERR write_differences(struct folder_output *o, struct folder_stream *s, uint64_t at, const uint8_t *data, size_t size)
{
    JET_ERR err = JET_errSuccess;
    if (s->old_room < size) {
        mem_free(s->old);
        s->old_room = size;
        s->old = (uint8_t *)mem_alloc(size);
        if (s->old == NULL)
            RAISE(JET_errOutOfMemory);
    }
    TRY(os_file_read(s->disk, at, s->old, size));
    for (size_t i = 0; i < size;) {
        size_t from = i;
        bool is_same = true;
        while (i < size) {
            size_t block = size - i < COMPARE_BLOCK ? size - i : COMPARE_BLOCK;
            bool same = memcmp(data + i, s->old + i, block) == 0;
            if (i == from)
                is_same = same;
            else if (same != is_same)
                break;
            i += block;
        }
        if (is_same) {
            o->base.bytes_kept += i - from;
        } else {
            TRY(os_file_write(s->disk, at + from, data + from, i - from));
            o->base.bytes_written += i - from;
        }
    }
done:
    return err;
}

static JET_ERR folder_write(struct set_stream *stream, const void *data, size_t size)
{
    JET_ERR err = JET_errSuccess;
    struct folder_stream *s = (struct folder_stream *)stream;
    struct folder_output *o = self(stream->output);
    uint64_t at = stream->file.size;
    size_t there = at >= s->old_size ? 0 : s->old_size - at < size ? (size_t)(s->old_size - at) : size;
    if (there > 0)
        TRY(write_differences(o, s, at, (const uint8_t *)data, there));
    if (there < size) {
        TRY(os_file_write(s->disk, at + there, (const uint8_t *)data + there, size - there));
        o->base.bytes_written += size - there;
    }
    /* So that the disk works while we read, instead of all at once in the sync at the end. */
    if (at + size - s->handed_over >= WRITE_BACK_BYTES) {
        os_file_write_back(s->disk, s->handed_over, (size_t)(at + size - s->handed_over));
        s->handed_over = at + size;
    }
done:
    return err;
}

static JET_ERR folder_finish(struct set_stream *stream)
{
    JET_ERR err = JET_errSuccess;
    struct folder_stream *s = (struct folder_stream *)stream;
    char digits[2 * SHA256_SIZE + 1] = {0}, line[400];
    if (s->old_size > stream->file.size)
        TRY(os_file_set_size(s->disk, stream->file.size));
    TRY(os_file_sync(s->disk));
    hex_encode(span_of(stream->file.sha256, SHA256_SIZE), digits);
    snprintf(line, sizeof line, "done %s %llu %s\n", digits, (unsigned long long)stream->file.size, stream->file.name);
    TRY(journal_add(self(stream->output), line));
done:
    return err;
}

static void folder_discard(struct set_stream *stream)
{
    struct folder_stream *s = (struct folder_stream *)stream;
    os_file_close(s->disk);
    s->disk = NULL;
    scratch_remove(s->path);
}

static void folder_free_stream(struct set_stream *stream)
{
    struct folder_stream *s = (struct folder_stream *)stream;
    os_file_close(s->disk);
    mem_free(s->path);
    mem_free(s->old);
    mem_free(s);
}

/* --- the end --- */

static JET_ERR remove_named(struct folder_output *o, const char *name)
{
    char *path = NULL;
    JET_ERR err = path_join(o->folder, name, &path);
    if (err >= 0)
        err = os_remove(os_fs_posix(), path);
    mem_free(path);
    return err == JET_errFileNotFound ? JET_errSuccess : err;
}

/* Under a temporary name first, so that backup.json is whole whenever it exists. */
static JET_ERR write_manifest(struct folder_output *o, const char *manifest)
{
    JET_ERR err = JET_errSuccess;
    char *temporary = NULL, *final = NULL;
    struct os_file *file = NULL;
    TRY(path_join(o->folder, MANIFEST_NAME ".tmp", &temporary));
    TRY(path_join(o->folder, MANIFEST_NAME, &final));
    TRY(os_file_open(os_fs_posix(), temporary, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_TRUNCATE | OS_OPEN_NO_FOLLOW, &file));
    TRY(os_file_write(file, 0, manifest, strlen(manifest)));
    TRY(os_file_sync(file));
    TRY(os_dir_sync(os_fs_posix(), o->folder)); /* the names of the files, before that of the manifest */
    TRY(os_rename(os_fs_posix(), temporary, final));
    TRY(os_dir_sync(os_fs_posix(), o->folder));
    o->base.bytes_written += strlen(manifest);
done:
    os_file_close(file);
    mem_free(temporary);
    mem_free(final);
    return err;
}

static JET_ERR folder_commit(struct set_output *output, const char *manifest)
{
    JET_ERR err = JET_errSuccess;
    struct folder_output *o = self(output);
    for (size_t i = 0; i < o->old_count; i++)
        if (!o->old_files[i].is_taken)
            TRY(remove_named(o, o->old_files[i].name));
    TRY(write_manifest(o, manifest));
    os_file_close(o->journal);
    o->journal = NULL;
    TRY(remove_named(o, MANIFEST_JOURNAL_NAME));
    TRY(os_dir_sync(os_fs_posix(), o->folder));
done:
    return err;
}

static void folder_close(struct set_output *output)
{
    struct folder_output *o = self(output);
    os_file_close(o->journal);
    for (size_t i = 0; i < o->old_count; i++)
        mem_free(o->old_files[i].name);
    mem_free(o->old_files);
    mem_free(o->folder);
    mem_free(o);
}

static const struct set_output_ops FOLDER_OPS = {folder_create, folder_write,  folder_finish, folder_discard,
                                                 folder_free_stream, folder_commit, folder_close};

/* An empty folder, or with resume one that has a journal and no manifest. */
static JET_ERR check_folder(const char *folder, bool resume)
{
    JET_ERR err = JET_errSuccess;
    char **names = NULL;
    size_t count = 0;
    bool has_journal = false, has_manifest = false;
    TRY(os_dir_create(os_fs_posix(), folder));
    TRY(os_dir_list(os_fs_posix(), folder, &names, &count));
    for (size_t i = 0; i < count; i++) {
        has_journal |= strcmp(names[i], MANIFEST_JOURNAL_NAME) == 0;
        has_manifest |= strcmp(names[i], MANIFEST_NAME) == 0;
    }
    if (count != 0 && (!resume || !has_journal || has_manifest))
        RAISE(JET_errBackupDirectoryNotEmpty);
done:
    os_dir_list_free(names, count);
    return err;
}

JET_ERR set_output_folder(const char *folder, enum set_kind kind, bool resume, struct set_output **out)
{
    JET_ERR err = JET_errSuccess;
    struct folder_output *o = (struct folder_output *)mem_alloc(sizeof *o);
    *out = NULL;
    if (o == NULL)
        RAISE(JET_errOutOfMemory);
    o->base.ops = &FOLDER_OPS;
    o->base.can_discard = true;
    o->folder = mem_strdup(folder);
    if (o->folder == NULL)
        RAISE(JET_errOutOfMemory);
    o->base.label = o->folder;
    TRY(check_folder(folder, resume));
    TRY(journal_open(o, kind, resume));
    *out = &o->base;
    o = NULL;
done:
    if (o != NULL)
        folder_close(&o->base);
    return err;
}
