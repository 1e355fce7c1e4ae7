/* Reading an archive (archive.h): zstd frames, then tar members, in one pass. */
#include "set/archive.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "os/file.h"
#include "os/path.h"
#include "set/manifest.h"
#include "set/tar.h"

enum { IN_BYTES = 1 << 18, PIECE_BYTES = 1 << 20, WINDOW_LOG_MAX = 27 /* 128 MiB: what a hostile frame may make us allocate */ };

struct archive {
    struct os_file *file; /* NULL: standard input */
    uint64_t at;
    ZSTD_DCtx *zstd;
    uint8_t *in, *piece;
    ZSTD_inBuffer input;
    bool is_input_over, is_frame_open;
    char *why;
    size_t why_size;
};

static JET_ERR complain(struct archive *a, JET_ERR err, const char *what, const char *name)
{
    snprintf(a->why, a->why_size, "%s%s%s", what, name != NULL ? ": " : "", name != NULL ? name : "");
    return err;
}

/* --- bytes in --- */

static JET_ERR fill_from_file(struct archive *a, size_t *got)
{
    JET_ERR err = JET_errSuccess;
    struct os_file_info info;
    TRY(os_file_info(a->file, &info));
    uint64_t left = info.size > a->at ? info.size - a->at : 0;
    *got = left < IN_BYTES ? (size_t)left : IN_BYTES;
    if (*got > 0)
        TRY(os_file_read(a->file, a->at, a->in, *got));
    a->at += *got;
done:
    return err;
}

static JET_ERR fill(struct archive *a)
{
    JET_ERR err = JET_errSuccess;
    size_t got = 0;
    if (a->file != NULL)
        TRY(fill_from_file(a, &got));
    else
        got = fread(a->in, 1, IN_BYTES, stdin);
    if (a->file == NULL && got == 0 && ferror(stdin) != 0)
        RAISE(JET_errDiskIO);
    a->is_input_over = got == 0;
    a->input = (ZSTD_inBuffer){a->in, got, 0};
done:
    return err;
}

/* Exactly size decompressed bytes; *got is less only at the end of the input. */
static JET_ERR take(struct archive *a, uint8_t *bytes, size_t size, size_t *got)
{
    JET_ERR err = JET_errSuccess;
    ZSTD_outBuffer out = {bytes, size, 0};
    while (out.pos < size) {
        size_t before = out.pos;
        if (a->input.pos == a->input.size && !a->is_input_over)
            TRY(fill(a));
        if (a->is_input_over && !a->is_frame_open)
            break;
        size_t left = ZSTD_decompressStream(a->zstd, &out, &a->input);
        if (ZSTD_isError(left)) {
            err = complain(a, JET_errReadVerifyFailure, "the archive is damaged, or not a zstd archive", ZSTD_getErrorName(left));
            goto done;
        }
        a->is_frame_open = left != 0;
        if (a->is_input_over && a->is_frame_open && out.pos == before) {
            err = complain(a, JET_errFileIOBeyondEOF, "the archive is cut off", NULL);
            goto done;
        }
    }
    *got = out.pos;
done:
    return err;
}

static JET_ERR take_all(struct archive *a, uint8_t *bytes, size_t size)
{
    size_t got = 0;
    JET_ERR err = take(a, bytes, size, &got);
    return err < 0 || got == size ? err : complain(a, JET_errFileIOBeyondEOF, "the archive is cut off", NULL);
}

/* --- members --- */

static JET_ERR skip(struct archive *a, uint64_t size)
{
    JET_ERR err = JET_errSuccess;
    while (size > 0) {
        size_t piece = size < PIECE_BYTES ? (size_t)size : PIECE_BYTES;
        TRY(take_all(a, a->piece, piece));
        size -= piece;
    }
done:
    return err;
}

static JET_ERR read_pax(struct archive *a, struct tar_member *member)
{
    JET_ERR err = JET_errSuccess;
    uint64_t size = member->size;
    uint8_t block[TAR_BLOCK];
    char *records = NULL;
    if (size > TAR_PAX_MAX)
        return complain(a, JET_errInvalidParameter, "the archive has records that are too long", NULL);
    records = (char *)mem_alloc((size_t)size + TAR_BLOCK);
    if (records == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(take_all(a, (uint8_t *)records, (size_t)size + tar_padding(size)));
    TRY(take_all(a, block, sizeof block));
    tar_read_header(block, member);
    if (member->kind == TAR_PAX || !tar_apply_pax(records, (size_t)size, member))
        err = complain(a, JET_errInvalidParameter, "the archive has malformed records", NULL);
done:
    mem_free(records);
    return err;
}

static JET_ERR read_file(struct archive *a, const struct tar_member *member, const struct archive_visitor *v)
{
    JET_ERR err = JET_errSuccess;
    const char *name = tar_safe_name(member->name);
    if (name == NULL)
        return complain(a, JET_errInvalidPath, "the archive holds a file that may not be unpacked", member->name);
    TRY(v->begin(v->context, name, member->size));
    for (uint64_t left = member->size; left > 0;) {
        size_t piece = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
        TRY(take_all(a, a->piece, piece));
        TRY(v->data(v->context, a->piece, piece));
        left -= piece;
    }
    TRY(skip(a, tar_padding(member->size)));
    TRY(v->end(v->context));
done:
    return err;
}

/* Only zeros may follow the end. */
static JET_ERR read_rest(struct archive *a)
{
    JET_ERR err = JET_errSuccess;
    size_t got;
    do {
        TRY(take(a, a->piece, PIECE_BYTES, &got));
        if (!is_all_zero(a->piece, got)) {
            err = complain(a, JET_errInvalidParameter, "something follows the end of the archive", NULL);
            goto done;
        }
    } while (got == PIECE_BYTES);
done:
    return err;
}

static JET_ERR read_members(struct archive *a, const struct archive_visitor *v)
{
    JET_ERR err = JET_errSuccess;
    uint8_t block[TAR_BLOCK];
    struct tar_member member;
    for (;;) {
        TRY(take_all(a, block, sizeof block));
        tar_read_header(block, &member);
        if (member.kind == TAR_PAX)
            TRY(read_pax(a, &member));
        if (member.kind == TAR_END)
            break;
        if (member.kind == TAR_BAD) {
            err = complain(a, JET_errInvalidParameter, "not a tar archive, or a damaged one", NULL);
            goto done;
        }
        if (member.kind == TAR_FOLDER && member.size == 0 && (strcmp(member.name, "./") == 0 || strcmp(member.name, ".") == 0))
            continue; /* tar -c . begins with it */
        if (member.kind != TAR_FILE) {
            err = complain(a, JET_errInvalidPath, "the archive holds something else than plain files", member.name);
            goto done;
        }
        TRY(read_file(a, &member, v));
    }
    TRY(read_rest(a));
done:
    return err;
}

JET_ERR archive_read(const char *path, const struct archive_visitor *visitor, char *why, size_t why_size)
{
    JET_ERR err = JET_errSuccess;
    struct archive a = {.why = why, .why_size = why_size};
    why[0] = 0;
    a.in = (uint8_t *)mem_alloc(IN_BYTES);
    a.piece = (uint8_t *)mem_alloc(PIECE_BYTES);
    a.zstd = ZSTD_createDCtx();
    if (a.in == NULL || a.piece == NULL || a.zstd == NULL)
        RAISE(JET_errOutOfMemory);
    (void)ZSTD_DCtx_setParameter(a.zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    if (strcmp(path, "-") != 0)
        TRY(os_file_open(os_fs_posix(), path, OS_OPEN_READ, &a.file));
    err = read_members(&a, visitor);
done:
    if (err < 0 && why[0] == 0)
        snprintf(why, why_size, "cannot read %s", path);
    os_file_close(a.file);
    ZSTD_freeDCtx(a.zstd);
    mem_free(a.in);
    mem_free(a.piece);
    return err;
}

/* --- unpacking --- */

struct unpacking {
    const char *folder;
    bool only_tables, has_manifest;
    void (*progress)(void *context, const char *file, uint64_t done, uint64_t total);
    void *context;
    struct os_file *out; /* NULL: the member is skipped */
    uint64_t at, size;
    char name[TAR_NAME_MAX + 1];
};

static JET_ERR unpack_begin(void *context, const char *name, uint64_t size)
{
    JET_ERR err = JET_errSuccess;
    struct unpacking *u = (struct unpacking *)context;
    char *path = NULL;
    size_t length = strlen(name);
    bool is_manifest = strcmp(name, MANIFEST_NAME) == 0;
    snprintf(u->name, sizeof u->name, "%s", name);
    u->at = 0;
    u->size = size;
    u->has_manifest |= is_manifest;
    if (u->only_tables && !is_manifest && (length < 6 || strcmp(name + length - 6, ".pages") != 0))
        return JET_errSuccess;
    TRY(path_join(u->folder, name, &path));
    TRY(os_file_open(os_fs_posix(), path, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_MUST_CREATE | OS_OPEN_NO_FOLLOW, &u->out));
done:
    mem_free(path);
    return err;
}

static JET_ERR unpack_data(void *context, const uint8_t *bytes, size_t size)
{
    struct unpacking *u = (struct unpacking *)context;
    JET_ERR err = u->out != NULL ? os_file_write(u->out, u->at, bytes, size) : JET_errSuccess;
    u->at += size;
    if (u->progress != NULL)
        u->progress(u->context, u->name, u->at, u->size);
    return err;
}

static JET_ERR unpack_end(void *context)
{
    struct unpacking *u = (struct unpacking *)context;
    os_file_close(u->out);
    u->out = NULL;
    return JET_errSuccess;
}

JET_ERR archive_unpack(const char *path, const char *folder, bool only_tables,
                       void (*progress)(void *context, const char *file, uint64_t done, uint64_t total), void *context, char *why, size_t why_size)
{
    char reason[400];
    struct unpacking u = {.folder = folder, .only_tables = only_tables, .progress = progress, .context = context};
    struct archive_visitor visitor = {unpack_begin, unpack_data, unpack_end, &u};
    JET_ERR err = archive_read(path, &visitor, reason, sizeof reason);
    os_file_close(u.out);
    if (err >= 0 && !u.has_manifest) {
        err = JET_errInvalidBackup;
        snprintf(reason, sizeof reason, "no manifest: the backup was interrupted, or this is another kind of archive");
    }
    if (err < 0)
        snprintf(why, why_size, "%s: %s", strcmp(path, "-") == 0 ? "standard input" : path, reason);
    return err;
}
