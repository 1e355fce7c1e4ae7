/* Where the files of a backup set go: a folder, or one archive on a file descriptor. The writer of sets (write.h) sees only this.
 *
 * A file is created, written in order and finished; the output hashes it on the way. A folder takes several files at a time. An archive takes one of
 * known size at a time, which goes straight through; files of unknown size wait in a spool file and follow when they are finished, so no file
 * of known size may be open then. The manifest is last: what has none is an interrupted backup. One thread. */
#ifndef OPENESE_TOOLS_SET_OUTPUT_H
#define OPENESE_TOOLS_SET_OUTPUT_H

#include "set/hash_thread.h"
#include "set/manifest.h"

#define SET_SIZE_UNKNOWN UINT64_MAX

struct set_output;

/* Common part of every implementation's streams. */
struct set_stream {
    struct set_output *output;
    struct sha256 hash;
    uint64_t last_job; /* of the hash thread, for this stream; 0: none */
    struct set_file file; /* name; size so far; sha256 when finished */
};

struct set_output_ops {
    JET_ERR (*create)(struct set_output *output, const char *name, uint64_t size, struct set_stream **out);
    JET_ERR (*write)(struct set_stream *stream, const void *data, size_t size);
    JET_ERR (*finish)(struct set_stream *stream); /* makes it durable; does not free */
    void (*discard)(struct set_stream *stream);   /* undoes an unfinished one; does not free */
    void (*free_stream)(struct set_stream *stream);
    JET_ERR (*commit)(struct set_output *output, const char *manifest);
    void (*close)(struct set_output *output);
};

struct set_output {
    const struct set_output_ops *ops;
    struct hash_thread *hasher; /* the writer's, while it has one */
    const char *label;       /* for messages: the folder, or "standard output" */
    char id[SET_ID_SIZE];    /* of the set; kept when an interrupted backup is continued */
    bool can_discard;        /* a file that failed can be left out and the set goes on */
    uint64_t bytes_written;  /* to the disk or the descriptor */
    uint64_t bytes_kept;     /* that were there from an interrupted backup and were right */
};

/* The set goes into a new or empty folder (JET_errBackupDirectoryNotEmpty). With resume the folder may hold an interrupted backup of
 * the same kind, whose files are compared with what is written and changed only where they differ; JET_errInvalidParameter when its journal is of
 * another kind or damaged. */
MUST_CHECK JET_ERR set_output_folder(const char *folder, enum set_kind kind, bool resume, struct set_output **out);
/* One zstd-compressed tar archive on the descriptor, which stays the caller's. level: of zstd. Spool files live in $TMPDIR or /tmp, without a
 * name. */
MUST_CHECK JET_ERR set_output_archive(int descriptor, int level, struct set_output **out);

/* JET_errFileAlreadyExists and what the file system says. */
MUST_CHECK JET_ERR set_stream_create(struct set_output *output, const char *name, uint64_t size, struct set_stream **out);
MUST_CHECK JET_ERR set_stream_write(struct set_stream *stream, const void *data, size_t size);
/* The same for much data, which the output's hash thread hashes meanwhile: they must stay as they are until that has done *job. */
MUST_CHECK JET_ERR set_stream_write_kept(struct set_stream *stream, const void *data, size_t size, uint64_t *job);
/* Frees the stream whatever happens. *file gets name (the caller's), size and hash on success. */
MUST_CHECK JET_ERR set_stream_finish(struct set_stream *stream, struct set_file *file);
/* Undoes and frees an unfinished stream; accepts NULL. */
void set_stream_discard(struct set_stream *stream);
/* Writes the manifest, after which the set is whole. */
MUST_CHECK JET_ERR set_output_commit(struct set_output *output, const char *manifest);
/* Accepts NULL. Without commit the folder stays an interrupted backup. */
void set_output_close(struct set_output *output);

#endif
