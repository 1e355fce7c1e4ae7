/* Receiving a shipped log (consume.h; the original's rules for the order of pieces, with its partial segments that are sent again). */
#define ESENT_PRIVATE
#include "log/consume.h"

#include <stdio.h>

#include "base/memory.h"
#include "log/log_files.h"

#define SHADOW_EXTENSION ".jsl"

JET_ERR log_consumer_init(struct log_consumer *c)
{
    memset(c, 0, sizeof *c);
    return mutex_init(&c->lock, RANK_LOG_WRITE);
}

void log_consumer_destroy(struct log_consumer *c)
{
    log_consumer_close(c);
    mutex_destroy(&c->lock);
}

JET_ERR log_consumer_open(struct log_consumer *c, struct os_fs *fs, const char *folder, const char *base, bool is_legacy_names)
{
    JET_ERR err = JET_errSuccess;
    mutex_lock(&c->lock);
    c->folder = mem_strdup(folder);
    if (c->folder == NULL)
        RAISE(JET_errOutOfMemory);
    c->fs = fs;
    snprintf(c->base, sizeof c->base, "%.3s", base);
    c->is_legacy_names = is_legacy_names;
    c->is_open = true;
done:
    mutex_unlock(&c->lock);
    return err;
}

/* --- the file of a generation; all with the lock --- */

static void forget_file(struct log_consumer *c)
{
    os_file_close(c->file);
    mem_free(c->path);
    c->file = NULL;
    c->path = NULL;
}

static JET_ERR finish_file(struct log_consumer *c)
{
    JET_ERR err = c->file != NULL ? os_file_sync(c->file) : JET_errSuccess;
    forget_file(c);
    return err;
}

/* Ready for a sender that begins anew. */
static JET_ERR reset(struct log_consumer *c)
{
    JET_ERR err = finish_file(c);
    c->sequence = 0;
    c->generation = c->segment = c->sectors = 0;
    c->has_begun = false;
    return err;
}

void log_consumer_close(struct log_consumer *c)
{
    mutex_lock(&c->lock);
    JET_ERR ignored = reset(c); /* nobody was promised more than what complete and end answer for */
    (void)ignored;
    mem_free(c->folder);
    c->folder = NULL;
    c->is_open = false;
    mutex_unlock(&c->lock);
}

static JET_ERR shadow_path(const struct log_consumer *c, uint32_t generation, char **path)
{
    char digits[12];
    snprintf(digits, sizeof digits, "%0*X", c->is_legacy_names && generation <= 0xFFFFF ? 5 : 8, generation);
    return log_named_path(c->folder, c->base, digits, SHADOW_EXTENSION, path);
}

/* What an earlier sequence has left behind the data just written: the sender has not got it, or has it to send again. */
static JET_ERR blank_behind(struct os_file *file, uint64_t offset, uint64_t size)
{
    enum { CHUNK = 16 * LOG_SEGMENT_SIZE };
    JET_ERR err = JET_errSuccess;
    uint8_t *chunk = (uint8_t *)mem_alloc(CHUNK);
    if (chunk == NULL)
        RAISE(JET_errOutOfMemory);
    while (offset < size) {
        uint32_t part = size - offset < CHUNK ? (uint32_t)(size - offset) : CHUNK;
        TRY(os_file_read(file, offset, chunk, part));
        if (!is_all_zero(chunk, part)) {
            memset(chunk, 0, part);
            TRY(os_file_write(file, offset, chunk, part));
        }
        offset += part;
    }
done:
    mem_free(chunk);
    return err;
}

/* Does the file hold (the beginning of) the generation that has this header? On an error *is_there stays what it was. */
static JET_ERR find_header(struct os_file *file, const uint8_t *header, bool *is_there)
{
    JET_ERR err = JET_errSuccess;
    uint8_t bytes[LOG_SEGMENT_SIZE];
    struct os_file_info info;
    TRY(os_file_info(file, &info));
    bool is_long = info.size >= sizeof bytes;
    if (is_long)
        TRY(os_file_read(file, 0, bytes, sizeof bytes));
    *is_there = is_long && memcmp(bytes, header, sizeof bytes) == 0;
done:
    return err;
}

/* The file of a generation that begins with this piece. One that is there already and is of the same generation is written over in place: it may be all that is left of the log. Another one that
 * could not be begun is not left behind. */
static JET_ERR write_first_piece(struct log_consumer *c, const char *path, uint32_t sectors, const uint8_t *data, uint32_t size, struct os_file **out)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    uint64_t whole = (uint64_t)sectors * LOG_SEGMENT_SIZE;
    bool is_known = true; /* as long as nobody has looked */
    TRY(os_file_open(c->fs, path, OS_OPEN_WRITE | OS_OPEN_CREATE, &file));
    TRY(find_header(file, data, &is_known));
    if (!is_known)
        TRY(os_file_set_size(file, 0));
    TRY(os_file_set_size(file, whole));
    TRY(os_file_write(file, 0, data, size));
    TRY(blank_behind(file, size, whole));
    TRY(os_dir_sync(c->fs, c->folder));
    *out = file;
    file = NULL;
done:
    os_file_close(file);
    if (err < 0 && !is_known) {
        JET_ERR ignored = os_remove(c->fs, path); /* the first error is the caller's */
        (void)ignored;
    }
    return err;
}

/* --- is the data what it says? --- */

static JET_ERR check_header(const uint8_t *bytes, uint32_t generation, uint32_t *sectors)
{
    JET_ERR err = JET_errSuccess;
    struct log_header header;
    log_header_decode(bytes, &header);
    if (header.sector_size != 0 && header.sector_size != LOG_SEGMENT_SIZE)
        RAISE(JET_errLogSectorSizeMismatch);
    TRY(log_header_check(bytes, 0));
    if (header.generation != generation)
        RAISE(JET_errLogFileCorrupt);
    *sectors = header.file_sectors;
done:
    return err;
}

/* Segments from `first` on. A segment may be followed by its copy, which a writer that fills its segments in steps keeps there. */
static JET_ERR check_segments(const uint8_t *data, uint32_t size, uint32_t first, uint32_t generation)
{
    uint8_t sector[LOG_SEGMENT_SIZE];
    for (uint32_t i = 0; i < size / LOG_SEGMENT_SIZE; i++) {
        bool is_repaired;
        memcpy(sector, data + (size_t)i * LOG_SEGMENT_SIZE, sizeof sector); /* classifying repairs bits */
        enum log_sector_kind kind = log_sector_classify(sector, first + i, generation, &is_repaired);
        bool is_copy = kind == LOG_SECTOR_SHADOW && load_le64(sector + 8) == lgpos_make(generation, first + i - 1, 0);
        if (is_repaired || (kind != LOG_SECTOR_VALID && !is_copy))
            return error_raise(JET_errLogFileCorrupt, __FILE__, __LINE__);
    }
    return JET_errSuccess;
}

/* --- pieces --- */

/* Errors that say nothing about the piece: it may come again. */
static bool is_passing(JET_ERR error) { return error == JET_errDiskFull || error == JET_errDiskIO || error == JET_errOutOfMemory || error == JET_errOutOfFileHandles; }

/* The file left by an earlier sequence, when it reaches up to the piece: a piece behind a hole would make a log that cannot be replayed. */
static JET_ERR check_left_file(struct log_consumer *c, const char *path, uint32_t generation, uint32_t segment, uint32_t *sectors)
{
    struct log_generation left = {.image = NULL};
    JET_ERR err = log_generation_read(c->fs, path, &left);
    bool continues = err >= 0 && left.header.generation == generation && segment <= left.scan.last_segment + 1;
    *sectors = left.sectors;
    log_generation_release(&left);
    if (is_passing(err))
        return err;
    return continues ? JET_errSuccess : error_raise(JET_errInvalidLogDataSequence, __FILE__, __LINE__);
}

/* The sender has begun in the middle of a generation of which this folder has the beginning. */
static JET_ERR resume_generation(struct log_consumer *c, lgpos_t position, const uint8_t *data, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    uint32_t generation = lgpos_generation(position), segment = lgpos_segment(position), sectors = 0;
    struct os_file *file = NULL;
    char *path = NULL;
    TRY(shadow_path(c, generation, &path));
    TRY(check_left_file(c, path, generation, segment, &sectors));
    if (segment + (uint64_t)size / LOG_SEGMENT_SIZE > sectors)
        RAISE(JET_errInvalidLogDataSequence);
    TRY(check_segments(data, size, segment, generation));
    TRY(os_file_open(c->fs, path, OS_OPEN_WRITE, &file));
    TRY(os_file_write(file, (uint64_t)segment * LOG_SEGMENT_SIZE, data, size));
    TRY(blank_behind(file, (uint64_t)segment * LOG_SEGMENT_SIZE + size, (uint64_t)sectors * LOG_SEGMENT_SIZE));
    c->file = file;
    c->path = path;
    c->sectors = sectors;
    file = NULL;
    path = NULL;
done:
    os_file_close(file);
    mem_free(path);
    return err;
}

/* *warning: the generation before this one was incomplete and is gone. */
static JET_ERR begin_generation(struct log_consumer *c, uint32_t generation, const uint8_t *data, uint32_t size, JET_ERR *warning)
{
    JET_ERR err = JET_errSuccess;
    uint32_t sectors = 0;
    struct os_file *file = NULL;
    char *path = NULL;
    TRY(check_header(data, generation, &sectors));
    if (size / LOG_SEGMENT_SIZE > sectors)
        RAISE(JET_errInvalidLogDataSequence);
    TRY(check_segments(data + LOG_SEGMENT_SIZE, size - LOG_SEGMENT_SIZE, 1, generation));
    TRY(shadow_path(c, generation, &path));
    if (c->file != NULL) {
        TRY(os_remove(c->fs, c->path));
        forget_file(c);
        *warning = JET_wrnPreviousLogFileIncomplete;
    }
    TRY(write_first_piece(c, path, sectors, data, size, &file));
    c->file = file;
    c->path = path;
    c->sectors = sectors;
    path = NULL;
done:
    mem_free(path);
    return err;
}

/* The next piece of the generation, or one that replaces the last one or two segments: they were not full then. */
static bool continues(const struct log_consumer *c, uint64_t sequence, uint32_t generation, uint32_t segment)
{
    return c->file != NULL && sequence == c->sequence + 1 && generation == c->generation && segment <= c->segment && c->segment - segment <= 2;
}

static JET_ERR add_to_file(struct log_consumer *c, lgpos_t position, const uint8_t *data, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    uint32_t generation = lgpos_generation(position), segment = lgpos_segment(position), headers = segment == 0 ? 1 : 0, skipped = headers * LOG_SEGMENT_SIZE, sectors;
    if (segment + (uint64_t)size / LOG_SEGMENT_SIZE > c->sectors)
        RAISE(JET_errInvalidLogDataSequence);
    if (headers != 0) { /* sent again before anything else: it is still the header of this file */
        TRY(check_header(data, generation, &sectors));
        if (sectors != c->sectors)
            RAISE(JET_errLogFileCorrupt);
    }
    TRY(check_segments(data + skipped, size - skipped, segment + headers, generation));
    TRY(os_file_write(c->file, (uint64_t)segment * LOG_SEGMENT_SIZE, data, size));
done:
    return err;
}

static JET_ERR add(struct log_consumer *c, uint64_t sequence, lgpos_t position, const uint8_t *data, uint32_t size, bool may_resume)
{
    JET_ERR err = JET_errSuccess, warning = JET_errSuccess;
    uint32_t generation = lgpos_generation(position), segment = lgpos_segment(position);
    if (data == NULL || size == 0 || size % LOG_SEGMENT_SIZE != 0 || lgpos_byte(position) != 0)
        RAISE(JET_errInvalidParameter);
    if (generation == 0 || generation > LOG_GENERATION_MAX)
        RAISE(JET_errInvalidLogDataSequence);
    bool begins = segment == 0 && generation != c->generation, resumes = segment != 0 && may_resume && c->file == NULL;
    if ((begins || resumes) && sequence == 0) /* the number of a sender's first word, which has no data */
        RAISE(JET_errInvalidParameter);
    if (begins)
        TRY(begin_generation(c, generation, data, size, &warning));
    else if (resumes)
        TRY(resume_generation(c, position, data, size));
    else if (continues(c, sequence, generation, segment))
        TRY(add_to_file(c, position, data, size));
    else
        RAISE(JET_errInvalidLogDataSequence);
    c->generation = generation;
    c->segment = segment + size / LOG_SEGMENT_SIZE;
    c->sequence = sequence;
done:
    return err < 0 ? err : warning;
}

JET_ERR log_consumer_add(struct log_consumer *c, uint64_t sequence, lgpos_t position, const uint8_t *data, uint32_t size)
{
    JET_ERR err = JET_errNotInitialized;
    mutex_lock(&c->lock);
    if (c->is_open) {
        bool may_resume = c->has_begun;
        c->has_begun = false;
        err = add(c, sequence, position, data, size, may_resume);
        if (is_passing(err))
            c->has_begun = may_resume;
    }
    mutex_unlock(&c->lock);
    return err;
}

JET_ERR log_consumer_begin(struct log_consumer *c)
{
    JET_ERR err = JET_errNotInitialized;
    mutex_lock(&c->lock);
    if (c->is_open) {
        err = reset(c);
        c->has_begun = true;
    }
    mutex_unlock(&c->lock);
    return err;
}

JET_ERR log_consumer_complete(struct log_consumer *c, uint64_t sequence, lgpos_t position)
{
    JET_ERR err = JET_errNotInitialized;
    mutex_lock(&c->lock);
    if (c->is_open) {
        c->has_begun = false;
        err = JET_errInvalidLogDataSequence;
        if (c->file != NULL && sequence == c->sequence + 1 && lgpos_generation(position) == c->generation) {
            err = os_file_sync(c->file);
            if (err >= 0)
                forget_file(c); /* else nobody knows what the disk has, and asking again would not tell: the next generation finds this one incomplete */
            c->sequence = sequence;
        }
    }
    mutex_unlock(&c->lock);
    return err;
}

JET_ERR log_consumer_end(struct log_consumer *c)
{
    JET_ERR err = JET_errNotInitialized;
    mutex_lock(&c->lock);
    if (c->is_open)
        err = reset(c);
    mutex_unlock(&c->lock);
    return err;
}
