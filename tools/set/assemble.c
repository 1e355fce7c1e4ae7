/* Whole databases and logs from a chain (assemble.h). */
#include "set/assemble.h"

#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/file.h"
#include "os/path.h"
#include "set/delta.h"
#include "set/scratch.h"

enum { COPY_BYTES = 1 << 20 };

static void show(const struct assemble_progress *p, const char *file, uint64_t done, uint64_t total)
{
    if (p != NULL && p->update != NULL)
        p->update(p->context, path_file_name(file), done, total);
}

/* Hands the whole file to visit, in order. */
static JET_ERR read_whole(const char *path, JET_ERR (*visit)(void *context, uint64_t at, const uint8_t *bytes, size_t size), void *context,
                          const struct assemble_progress *progress)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    struct os_file_info info;
    uint8_t *buffer = (uint8_t *)mem_alloc(COPY_BYTES);
    if (buffer == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_open(os_fs_posix(), path, OS_OPEN_READ | OS_OPEN_NO_FOLLOW, &file));
    TRY(os_file_info(file, &info));
    for (uint64_t at = 0; at < info.size;) {
        size_t piece = info.size - at < COPY_BYTES ? (size_t)(info.size - at) : COPY_BYTES;
        TRY(os_file_read(file, at, buffer, piece));
        TRY(visit(context, at, buffer, piece));
        at += piece;
        show(progress, path, at, info.size);
    }
done:
    os_file_close(file);
    mem_free(buffer);
    return err;
}

/* --- copies --- */

struct copying {
    struct os_file *out;
    struct sha256 *hash;
    uint64_t *bytes;
};

static JET_ERR copy_piece(void *context, uint64_t at, const uint8_t *bytes, size_t size)
{
    struct copying *c = (struct copying *)context;
    if (c->hash != NULL)
        sha256_add(c->hash, bytes, size);
    if (c->out == NULL)
        return JET_errSuccess;
    *c->bytes += size;
    return os_file_write(c->out, at, bytes, size);
}

JET_ERR assemble_copy(const char *from, const char *to, struct sha256 *hash, const struct assemble_progress *progress, uint64_t *bytes)
{
    JET_ERR err = JET_errSuccess;
    struct copying c = {.hash = hash, .bytes = bytes};
    TRY(os_file_open(os_fs_posix(), to, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_MUST_CREATE | OS_OPEN_NO_FOLLOW, &c.out));
    TRY(read_whole(from, copy_piece, &c, progress));
    TRY(os_file_sync(c.out));
done:
    os_file_close(c.out);
    return err;
}

static JET_ERR hash_file(const char *path, struct sha256 *hash, const struct assemble_progress *progress)
{
    struct copying c = {.hash = hash};
    return read_whole(path, copy_piece, &c, progress);
}

static bool hash_matches(struct sha256 *hash, const uint8_t expected[SHA256_SIZE])
{
    uint8_t found[SHA256_SIZE];
    sha256_finish(hash, found);
    return memcmp(found, expected, SHA256_SIZE) == 0;
}

/* The copy at the bottom. One that an archive was unpacked to is ours to move; it is read once for its hash all the same. */
static JET_ERR place_copy(const struct set *set, const struct set_database *d, const char *target, const struct assemble_progress *progress, uint64_t *bytes)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    struct sha256 hash;
    sha256_init(&hash);
    TRY(path_join(set->folder, d->file.name, &path));
    if (set->is_ours) {
        TRY(hash_file(path, &hash, progress));
        TRY(os_rename(os_fs_posix(), path, target));
        *bytes += d->file.size;
    } else {
        TRY(assemble_copy(path, target, &hash, progress, bytes));
    }
    if (set->has_manifest && !hash_matches(&hash, d->file.sha256))
        RAISE(JET_errReadVerifyFailure);
done:
    mem_free(path);
    return err;
}

/* --- deltas --- */

struct application {
    const struct set_database *base, *result;
    struct os_file *image;
    struct delta_parser parser;
    struct sha256 hash; /* of the delta's file */
    uint64_t *bytes;
};

static JET_ERR apply_part(void *context, struct delta_parser *parser, enum delta_part part, uint32_t page_no, const uint8_t *bytes)
{
    struct application *a = (struct application *)context;
    uint64_t page_size = parser->page_size;
    size_t size = part == DELTA_PART_HEADERS ? 2 * (size_t)page_size : (size_t)page_size;
    uint64_t at = part == DELTA_PART_HEADERS ? 0 : part == DELTA_PART_PAGE ? (page_no + 1ull) * page_size : (parser->page_count + 2ull) * page_size;
    if (part == DELTA_PART_HEADERS) {
        if (memcmp(parser->base_sha256, a->base->image_sha256, SHA256_SIZE) != 0)
            return JET_errDatabasePatchFileMismatch; /* changes another image */
        if (parser->page_count != a->result->page_count)
            return JET_errDatabaseCorrupted;
        JET_ERR err = os_file_set_size(a->image, a->result->image_size);
        if (err < 0)
            return err;
    }
    *a->bytes += size;
    return os_file_write(a->image, at, bytes, size);
}

static JET_ERR apply_piece(void *context, uint64_t at, const uint8_t *bytes, size_t size)
{
    struct application *a = (struct application *)context;
    (void)at;
    sha256_add(&a->hash, bytes, size);
    return delta_parser_add(&a->parser, bytes, size);
}

static JET_ERR apply_delta(const struct set *set, const struct set_database *base, const struct set_database *d, const char *target,
                           const struct assemble_progress *progress, uint64_t *bytes)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    struct application a = {.base = base, .result = d, .bytes = bytes};
    sha256_init(&a.hash);
    TRY(path_join(set->folder, d->file.name, &path));
    TRY(delta_parser_begin(&a.parser, set->manifest.page_size, apply_part, &a));
    TRY(os_file_open(os_fs_posix(), target, OS_OPEN_WRITE | OS_OPEN_NO_FOLLOW, &a.image));
    TRY(read_whole(path, apply_piece, &a, progress));
    TRY(delta_parser_end(&a.parser));
    if (!hash_matches(&a.hash, d->file.sha256))
        RAISE(JET_errReadVerifyFailure);
    TRY(os_file_sync(a.image));
done:
    os_file_close(a.image);
    delta_parser_release(&a.parser);
    mem_free(path);
    return err;
}

JET_ERR assemble_database(struct set_chain *chain, const struct set_database *database, const char *target, const struct assemble_progress *progress,
                          uint64_t *bytes, char *why, size_t why_size)
{
    JET_ERR err = JET_errSuccess;
    struct sha256 image;
    size_t bottom = chain->last_image;
    bool is_free = !os_exists(os_fs_posix(), target);
    while (bottom > 0 && chain->sets[bottom].manifest.kind == SET_KIND_PAGES)
        bottom--;
    const struct set_database *below = NULL;
    snprintf(why, why_size, "%s is there already", target);
    if (!is_free)
        RAISE(JET_errFileAlreadyExists);
    for (size_t i = bottom; i <= chain->last_image; i++) {
        const struct set *set = &chain->sets[i];
        const struct set_database *d = i == chain->last_image ? database : manifest_find_database(&set->manifest, &database->signature);
        if (d == NULL) {
            snprintf(why, why_size, "%s does not hold %s", set->label, database->file.name);
            RAISE(JET_errInvalidBackup);
        }
        snprintf(why, why_size, "cannot %s %s of %s", i == bottom ? "copy" : "apply", d->file.name, set->label);
        TRY(i == bottom ? place_copy(set, d, target, progress, bytes) : apply_delta(set, below, d, target, progress, bytes));
        below = d;
    }
    if (bottom != chain->last_image) { /* what came together is what was read when the last set was made */
        sha256_init(&image);
        TRY(hash_file(target, &image, progress));
        snprintf(why, why_size, "%s, put together from %zu sets, is not what was backed up", database->file.name, chain->last_image - bottom + 1);
        if (!hash_matches(&image, database->image_sha256))
            RAISE(JET_errReadVerifyFailure);
    }
    why[0] = 0;
done:
    if (err < 0 && is_free && err != JET_errFileAlreadyExists)
        scratch_remove(target); /* what was there before is not ours */
    return err;
}

/* --- logs --- */

static JET_ERR stage_log(const struct set *set, const struct set_log *log, const char *folder)
{
    JET_ERR err = JET_errSuccess;
    char *from = NULL, *absolute = NULL, *to = NULL;
    uint64_t bytes = 0;
    TRY(path_join(set->folder, log->file.name, &from));
    TRY(path_absolute(from, &absolute));
    TRY(path_join(folder, log->file.name, &to));
    if (!os_exists(os_fs_posix(), absolute))
        RAISE(JET_errFileNotFound);
    if (symlink(absolute, to) != 0)
        TRY(assemble_copy(absolute, to, NULL, NULL, &bytes));
done:
    mem_free(from);
    mem_free(absolute);
    mem_free(to);
    return err;
}

JET_ERR assemble_logs(const struct set_chain *chain, const char *folder, char *why, size_t why_size)
{
    JET_ERR err = JET_errSuccess;
    snprintf(why, why_size, "cannot make %s", folder);
    TRY(os_dir_create(os_fs_posix(), folder));
    for (uint64_t g = set_chain_low(chain); g <= set_chain_high(chain); g++) {
        const struct set *set = NULL;
        const struct set_log *log = set_chain_log(chain, (uint32_t)g, &set);
        snprintf(why, why_size, "no set holds generation %llu", (unsigned long long)g);
        if (log == NULL)
            RAISE(JET_errFileNotFound);
        snprintf(why, why_size, "cannot use %s of %s", log->file.name, set->label);
        TRY(stage_log(set, log, folder));
    }
    why[0] = 0;
done:
    return err;
}
