/* What folder and archive outputs have in common (output.h). */
#include "set/output.h"

#include "base/memory.h"

JET_ERR set_stream_create(struct set_output *output, const char *name, uint64_t size, struct set_stream **out)
{
    JET_ERR err = JET_errSuccess;
    *out = NULL;
    if (!set_name_is_safe(name))
        RAISE(JET_errInvalidParameter);
    TRY(output->ops->create(output, name, size, out));
    (*out)->output = output;
    sha256_init(&(*out)->hash);
    (*out)->file.name = mem_strdup(name);
    if ((*out)->file.name == NULL) {
        set_stream_discard(*out);
        *out = NULL;
        RAISE(JET_errOutOfMemory);
    }
done:
    return err;
}

static void wait_hashed(const struct set_stream *stream)
{
    if (stream->last_job != 0)
        hash_thread_wait(stream->output->hasher, stream->last_job);
}

JET_ERR set_stream_write(struct set_stream *stream, const void *data, size_t size)
{
    wait_hashed(stream);
    JET_ERR err = stream->output->ops->write(stream, data, size);
    if (err >= 0) {
        sha256_add(&stream->hash, data, size);
        stream->file.size += size;
    }
    return err;
}

JET_ERR set_stream_write_kept(struct set_stream *stream, const void *data, size_t size, uint64_t *job)
{
    *job = stream->last_job = hash_thread_add(stream->output->hasher, &stream->hash, data, size);
    JET_ERR err = stream->output->ops->write(stream, data, size);
    if (err >= 0)
        stream->file.size += size;
    return err;
}

JET_ERR set_stream_finish(struct set_stream *stream, struct set_file *file)
{
    wait_hashed(stream);
    sha256_finish(&stream->hash, stream->file.sha256);
    JET_ERR err = stream->output->ops->finish(stream);
    if (err < 0) {
        set_stream_discard(stream);
        return err;
    }
    *file = stream->file;
    stream->output->ops->free_stream(stream);
    return err;
}

void set_stream_discard(struct set_stream *stream)
{
    if (stream == NULL)
        return;
    wait_hashed(stream);
    stream->output->ops->discard(stream);
    mem_free(stream->file.name);
    stream->output->ops->free_stream(stream);
}

JET_ERR set_output_commit(struct set_output *output, const char *manifest) { return output->ops->commit(output, manifest); }

void set_output_close(struct set_output *output)
{
    if (output != NULL)
        output->ops->close(output);
}
