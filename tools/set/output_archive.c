/* A backup set as an archive on a descriptor (output.h, archive.h): tar members through zstd, one frame each. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <zstd.h>

#include "base/memory.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/path.h"
#include "set/output.h"
#include "set/scratch.h"
#include "set/tar.h"

enum { OUT_BYTES = 1 << 18, COPY_BYTES = 1 << 20 };

struct archive_output {
    struct set_output base;
    int descriptor;
    ZSTD_CCtx *zstd;
    uint8_t *out;
    bool is_member_open, is_void; /* void: something went out that cannot be taken back */
};

struct archive_stream {
    struct set_stream base;
    uint64_t announced;    /* SET_SIZE_UNKNOWN: in the spool */
    struct os_file *spool; /* without a name */
};

static struct archive_output *self(struct set_output *output) { return (struct archive_output *)output; }

/* --- bytes out --- */

static JET_ERR send_bytes(struct archive_output *o, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = write(o->descriptor, data, size);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno == ENOSPC ? JET_errDiskFull : JET_errDiskIO;
        data += sent;
        size -= (size_t)sent;
        o->base.bytes_written += (uint64_t)sent;
    }
    return JET_errSuccess;
}

static JET_ERR compress_bytes(struct archive_output *o, const void *data, size_t size, bool ends_frame)
{
    JET_ERR err = JET_errSuccess;
    ZSTD_inBuffer in = {data, size, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {o->out, OUT_BYTES, 0};
        left = ZSTD_compressStream2(o->zstd, &out, &in, ends_frame ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            RAISE(JET_errOutOfMemory);
        TRY(send_bytes(o, o->out, out.pos));
    } while (ends_frame ? left != 0 : in.pos < in.size);
done:
    if (err < 0)
        o->is_void = true;
    return err;
}

static JET_ERR begin_member(struct archive_output *o, const char *name, uint64_t size)
{
    uint8_t headers[TAR_HEADERS_MAX];
    int64_t now;
    unsigned milliseconds;
    clock_now(&now, &milliseconds);
    return compress_bytes(o, headers, tar_write_header(name, size, now, headers), false);
}

static JET_ERR end_member(struct archive_output *o, uint64_t size)
{
    static const uint8_t ZEROS[TAR_BLOCK];
    return compress_bytes(o, ZEROS, tar_padding(size), true);
}

/* --- the spool --- */

static JET_ERR open_spool(struct os_file **out)
{
    JET_ERR err = JET_errSuccess;
    char *folder = NULL, *path = NULL;
    TRY(scratch_make_folder(&folder));
    TRY(path_join(folder, "spool", &path));
    TRY(os_file_open(os_fs_posix(), path, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_MUST_CREATE, out));
done:
    if (folder != NULL)
        scratch_remove_folder(folder); /* the file lives until it is closed */
    mem_free(folder);
    mem_free(path);
    return err;
}

static JET_ERR send_spool(struct archive_output *o, struct archive_stream *s)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *buffer = (uint8_t *)mem_alloc(COPY_BYTES);
    if (buffer == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(begin_member(o, s->base.file.name, s->base.file.size));
    for (uint64_t at = 0; at < s->base.file.size;) {
        size_t piece = s->base.file.size - at < COPY_BYTES ? (size_t)(s->base.file.size - at) : COPY_BYTES;
        TRY(os_file_read(s->spool, at, buffer, piece));
        TRY(compress_bytes(o, buffer, piece, false));
        at += piece;
    }
    TRY(end_member(o, s->base.file.size));
done:
    mem_free(buffer);
    return err;
}

/* --- files --- */

static JET_ERR archive_create(struct set_output *output, const char *name, uint64_t size, struct set_stream **out)
{
    JET_ERR err = JET_errSuccess;
    struct archive_output *o = self(output);
    struct archive_stream *s = (struct archive_stream *)mem_alloc(sizeof *s);
    if (s == NULL)
        RAISE(JET_errOutOfMemory);
    s->announced = size;
    if (size == SET_SIZE_UNKNOWN) {
        TRY(open_spool(&s->spool));
    } else {
        if (o->is_member_open || o->is_void)
            RAISE(JET_errInternalError);
        TRY(begin_member(o, name, size));
        o->is_member_open = true;
    }
    *out = &s->base;
    s = NULL;
done:
    mem_free(s);
    return err;
}

static JET_ERR archive_write(struct set_stream *stream, const void *data, size_t size)
{
    struct archive_stream *s = (struct archive_stream *)stream;
    if (s->spool != NULL)
        return os_file_write(s->spool, stream->file.size, data, size);
    if (size > s->announced - stream->file.size)
        return JET_errInternalError;
    return compress_bytes(self(stream->output), data, size, false);
}

static JET_ERR archive_finish(struct set_stream *stream)
{
    JET_ERR err = JET_errSuccess;
    struct archive_stream *s = (struct archive_stream *)stream;
    struct archive_output *o = self(stream->output);
    if (s->spool != NULL) {
        if (o->is_member_open || o->is_void)
            RAISE(JET_errInternalError);
        err = send_spool(o, s);
    } else {
        if (stream->file.size != s->announced)
            RAISE(JET_errInternalError);
        TRY(end_member(o, stream->file.size));
        o->is_member_open = false;
    }
done:
    return err;
}

static void archive_discard(struct set_stream *stream)
{
    if (((struct archive_stream *)stream)->spool == NULL)
        self(stream->output)->is_void = true;
}

static void archive_free_stream(struct set_stream *stream)
{
    os_file_close(((struct archive_stream *)stream)->spool);
    mem_free(stream);
}

static JET_ERR archive_commit(struct set_output *output, const char *manifest)
{
    JET_ERR err = JET_errSuccess;
    struct archive_output *o = self(output);
    static const uint8_t END[2 * TAR_BLOCK];
    uint64_t size = strlen(manifest);
    if (o->is_member_open || o->is_void)
        RAISE(JET_errInternalError);
    TRY(begin_member(o, MANIFEST_NAME, size));
    TRY(compress_bytes(o, manifest, size, false));
    TRY(end_member(o, size));
    TRY(compress_bytes(o, END, sizeof END, true));
    if (fsync(o->descriptor) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP) /* pipes and terminals cannot */
        RAISE(errno == ENOSPC ? JET_errDiskFull : JET_errDiskIO);
done:
    return err;
}

static void archive_close(struct set_output *output)
{
    struct archive_output *o = self(output);
    ZSTD_freeCCtx(o->zstd);
    mem_free(o->out);
    mem_free(o);
}

static const struct set_output_ops ARCHIVE_OPS = {archive_create,      archive_write,  archive_finish, archive_discard,
                                                  archive_free_stream, archive_commit, archive_close};

JET_ERR set_output_archive(int descriptor, int level, struct set_output **out)
{
    JET_ERR err = JET_errSuccess;
    struct archive_output *o = (struct archive_output *)mem_alloc(sizeof *o);
    *out = NULL;
    if (o == NULL)
        RAISE(JET_errOutOfMemory);
    o->base.ops = &ARCHIVE_OPS;
    o->base.label = "standard output";
    o->descriptor = descriptor;
    o->out = (uint8_t *)mem_alloc(OUT_BYTES);
    o->zstd = ZSTD_createCCtx();
    if (o->out == NULL || o->zstd == NULL)
        RAISE(JET_errOutOfMemory);
    (void)ZSTD_CCtx_setParameter(o->zstd, ZSTD_c_nbWorkers, 1); /* compress beside the reading, where the library can */
    if (ZSTD_isError(ZSTD_CCtx_setParameter(o->zstd, ZSTD_c_compressionLevel, level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(o->zstd, ZSTD_c_checksumFlag, 1)))
        RAISE(JET_errInvalidParameter);
    set_id_make(o->base.id);
    *out = &o->base;
    o = NULL;
done:
    if (o != NULL)
        archive_close(&o->base);
    return err;
}
