/* Sets and chains in the checker (check.h): what takes more than one file to judge. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "set/check_internal.h"
#include "set/page_table.h"

JET_ERR set_checker_create(void (*finding)(void *context, const struct set_finding *finding), void *context, struct set_checker **out)
{
    *out = (struct set_checker *)mem_alloc(sizeof **out);
    if (*out == NULL)
        return JET_errOutOfMemory;
    (*out)->finding = finding;
    (*out)->context = context;
    return JET_errSuccess;
}

static void forget_set(struct set_checker *c)
{
    for (size_t i = 0; i < c->file_count; i++)
        check_file_release(&c->files[i]);
    mem_free(c->files);
    mem_free(c->by_name);
    mem_free(c->manifest_text);
    mem_free(c->label);
    manifest_release(&c->manifest);
    c->files = NULL;
    c->by_name = NULL;
    c->file_count = 0;
    c->manifest_text = NULL;
    c->label = NULL;
    c->has_manifest = false;
}

void set_checker_destroy(struct set_checker *c)
{
    if (c == NULL)
        return;
    forget_set(c);
    for (size_t i = 0; i < c->image_count; i++)
        mem_free(c->images[i].table.entries);
    delta_parser_release(&c->delta);
    mem_free(c->buffer);
    mem_free(c);
}

void set_checker_begin_set(struct set_checker *c, const char *label, bool is_alone)
{
    forget_set(c);
    c->label = mem_strdup(label);
    c->is_alone = is_alone;
    c->totals.sets++;
}

const struct set_check_totals *set_checker_totals(const struct set_checker *c) { return &c->totals; }

/* --- files by name --- */

static int compare_names(const void *a, const void *b)
{
    const struct check_file *x = *(const struct check_file *const *)a, *y = *(const struct check_file *const *)b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : (x > y) - (x < y);
}

/* A small archive can hold a great many names: they are sorted once, not compared each with each. */
static JET_ERR sort_files(struct set_checker *c)
{
    c->by_name = (struct check_file **)mem_alloc_array(c->file_count + 1, sizeof *c->by_name);
    if (c->by_name == NULL)
        return JET_errOutOfMemory;
    for (size_t i = 0; i < c->file_count; i++)
        c->by_name[i] = &c->files[i];
    qsort(c->by_name, c->file_count, sizeof(struct check_file *), compare_names);
    for (size_t i = 1; i < c->file_count; i++)
        if (strcmp(c->by_name[i - 1]->name, c->by_name[i]->name) == 0)
            set_checker_report(c, c->by_name[i]->name, 0, JET_errInvalidParameter, "is there twice");
    return JET_errSuccess;
}

/* The first of them when there are several. */
static struct check_file *find_file(const struct set_checker *c, const char *name)
{
    size_t low = 0, high = c->file_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(c->by_name[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->file_count && strcmp(c->by_name[low]->name, name) == 0 ? c->by_name[low] : NULL;
}

/* --- the manifest against the files --- */

/* NULL: the file is not there, which has been said. */
static struct check_file *compare_file(struct set_checker *c, const struct set_file *expected)
{
    struct check_file *f = find_file(c, expected->name);
    if (f == NULL) {
        set_checker_report(c, expected->name, 0, JET_errFileNotFound, "is missing");
        return NULL;
    }
    if (f->is_named)
        set_checker_report(c, f->name, 0, JET_errInvalidParameter, "the manifest names it twice");
    f->is_named = true;
    if (f->size != expected->size)
        set_checker_report(c, f->name, 0, JET_errReadVerifyFailure, "has %llu bytes, not %llu as the manifest says", (unsigned long long)f->size,
                           (unsigned long long)expected->size);
    else if (memcmp(f->sha256, expected->sha256, SHA256_SIZE) != 0)
        set_checker_report(c, f->name, 0, JET_errReadVerifyFailure, "is not what was written: its hash differs");
    return f;
}

static void compare_database(struct set_checker *c, const struct set_database *d)
{
    struct check_file *f = compare_file(c, &d->file);
    if (f != NULL && !f->has_header)
        set_checker_report(c, f->name, 0, JET_errDatabaseCorrupted, "no database header: both copies are damaged");
    else if (f != NULL && !signature_equal(&f->header.db_signature, &d->signature))
        set_checker_report(c, f->name, 0, JET_errDatabaseSignInUse, "has another signature than the manifest says");
    if (f != NULL && f->has_header && (f->page_size != c->manifest.page_size || f->page_count != d->page_count))
        set_checker_report(c, f->name, 0, JET_errPageSizeMismatch, "page size or number of pages is not what the manifest says");
    if (d->table.name != NULL)
        (void)compare_file(c, &d->table);
}

static void compare_log(struct set_checker *c, const struct set_log *log)
{
    struct check_file *f = compare_file(c, &log->file);
    if (f == NULL || !f->log.is_readable)
        return;
    if (f->log.generation != log->generation || !signature_equal(&f->log.signature, &log->signature) || !log_time_equal(f->log.created, log->created) ||
        !log_time_equal(f->log.previous_created, log->previous_created))
        set_checker_report(c, f->name, 0, JET_errBadLogSignature, "its header is not what the manifest says");
}

static void compare_manifest(struct set_checker *c)
{
    char why[400];
    JET_ERR err = manifest_parse(c->manifest_text, c->manifest_size, &c->manifest, why, sizeof why);
    struct check_file *own = find_file(c, MANIFEST_NAME);
    own->is_named = true;
    if (err < 0) {
        set_checker_report(c, MANIFEST_NAME, 0, err, "%s", why);
        return;
    }
    c->has_manifest = true;
    for (size_t i = 0; i < c->manifest.database_count; i++)
        compare_database(c, &c->manifest.databases[i]);
    for (size_t i = 0; i < c->manifest.log_count; i++)
        compare_log(c, &c->manifest.logs[i]);
    for (size_t i = 0; i < c->file_count; i++)
        if (!c->files[i].is_named)
            check_note(c, c->files[i].name, "is not named by the manifest");
}

/* --- the row of generations --- */

static int by_generation(const void *a, const void *b)
{
    const struct check_file *x = *(const struct check_file *const *)a, *y = *(const struct check_file *const *)b;
    return (x->log.generation > y->log.generation) - (x->log.generation < y->log.generation);
}

static void check_follows(struct set_checker *c, const struct check_file *f, const struct check_log *p)
{
    const struct check_log *log = &f->log;
    if (!signature_equal(&log->signature, &p->signature))
        set_checker_report(c, f->name, 0, JET_errBadLogSignature, "is of another log stream than generation %u", p->generation);
    else if (log->page_size != p->page_size)
        set_checker_report(c, f->name, 0, JET_errPageSizeMismatch, "has another page size than generation %u", p->generation);
    else if (log->sectors != p->sectors)
        set_checker_report(c, f->name, 0, JET_errLogFileSizeMismatch, "has another size than generation %u", p->generation);
    else if (!log_time_equal(log->previous_created, p->created))
        set_checker_report(c, f->name, 0, JET_errGivenLogFileIsNotContiguous, "does not follow generation %u: that was created at another time", p->generation);
    else if (log->checks_previous && log->checksum_previous != p->checksum_all)
        set_checker_report(c, f->name, 0, JET_errLogSequenceChecksumMismatch, "does not follow generation %u: the end of that was other", p->generation);
}

/* The set's logs in order: each follows the one before it in the set, the first one the last of the sets below, with which it may overlap. A restore
 * takes a generation that several sets have from the newest. */
static void check_row(struct set_checker *c, struct check_file **logs, size_t count)
{
    const struct check_log below = c->last_log, *previous = c->has_last_log ? &below : NULL;
    for (size_t i = 0; i < count; i++) {
        const struct check_file *f = logs[i];
        uint32_t generation = f->log.generation;
        if (previous != NULL && generation > previous->generation + 1)
            set_checker_report(c, f->name, 0, JET_errFileNotFound, "generations %u to %u are missing before it", previous->generation + 1, generation - 1);
        else if (previous != NULL && generation == previous->generation + 1)
            check_follows(c, f, previous);
        if (c->has_last_log && generation == below.generation && !log_time_equal(f->log.created, below.created))
            set_checker_report(c, f->name, 0, JET_errGivenLogFileIsNotContiguous, "is another generation %u than that of the set below", generation);
        previous = &f->log;
    }
    if (count != 0 && (!c->has_last_log || logs[count - 1]->log.generation > below.generation))
        c->last_log = logs[count - 1]->log;
    c->has_last_log |= count != 0;
}

static JET_ERR check_logs(struct set_checker *c, uint32_t *low, uint32_t *high)
{
    size_t count = 0;
    struct check_file **logs = (struct check_file **)mem_alloc_array(c->file_count + 1, sizeof *logs);
    if (logs == NULL)
        return JET_errOutOfMemory;
    for (size_t i = 0; i < c->file_count; i++)
        if (c->files[i].kind == CHECK_LOG && c->files[i].log.is_readable)
            logs[count++] = &c->files[i];
    qsort(logs, count, sizeof(struct check_file *), by_generation);
    *low = count != 0 ? logs[0]->log.generation : 0;
    *high = count != 0 ? logs[count - 1]->log.generation : 0;
    c->totals.logs += count;
    if (count == 0)
        set_checker_report(c, "", 0, JET_errFileNotFound, "holds no readable logs");
    check_row(c, logs, count);
    mem_free(logs);
    return JET_errSuccess;
}

/* --- databases --- */

/* Header copy and trailer against each other and against the logs. */
static void check_database(struct set_checker *c, const struct check_file *f, uint32_t low, uint32_t high)
{
    const struct db_header *h = &f->header;
    const struct patch_header *t = &f->trailer;
    if (h->backup_full_current.gen_low == 0) {
        set_checker_report(c, f->name, 0, JET_errRestoreOfNonBackupDatabase, "is not a copy made by a backup");
        return;
    }
    if (!f->has_trailer)
        return;
    if (h->backup_full_current.gen_high == 0 && patch_header_check(t, h) < 0)
        set_checker_report(c, f->name, 0, JET_errDatabasePatchFileMismatch, "trailer and header are not of the same backup");
    if (low == 0)
        return;
    if (h->backup_full_current.gen_low < low)
        set_checker_report(c, f->name, 0, JET_errStartingRestoreLogTooHigh, "needs the logs from generation %u; the set begins with %u",
                           h->backup_full_current.gen_low, low);
    if (h->gen_min_required != 0 && h->gen_min_required < low)
        set_checker_report(c, f->name, 0, JET_errRequiredLogFilesMissing, "requires generation %u; the set begins with %u", h->gen_min_required, low);
    if (t->backup.gen_high > high || t->gen_max_required > high)
        set_checker_report(c, f->name, 0, JET_errEndingRestoreLogTooLow, "needs the logs up to generation %u; the set ends with %u",
                           t->backup.gen_high > t->gen_max_required ? t->backup.gen_high : t->gen_max_required, high);
    if (c->has_last_log && !signature_equal(&h->log_signature, &c->last_log.signature))
        set_checker_report(c, f->name, 0, JET_errBadLogSignature, "belongs to another log stream than the logs");
}

static struct check_image *find_image(struct set_checker *c, const struct signature *signature)
{
    for (size_t i = 0; i < c->image_count; i++)
        if (signature_equal(&c->images[i].signature, signature))
            return &c->images[i];
    return NULL;
}

/* What the page table of an image must be, byte for byte. */
static void hash_table(const struct check_table *t, uint32_t page_size, uint8_t out[SHA256_SIZE])
{
    uint8_t head[PAGE_TABLE_HEADER], own[SHA256_SIZE];
    struct sha256 body, whole;
    page_table_header(page_size, t->count, head);
    sha256_init(&body);
    sha256_add(&body, head, sizeof head);
    sha256_add(&body, t->entries, (size_t)t->count * PAGE_TABLE_ENTRY);
    whole = body;
    sha256_finish(&body, own);
    sha256_add(&whole, own, sizeof own);
    sha256_finish(&whole, out);
}

/* The image below with the delta's pages: cut or grown to its number of pages. Behind the end of the image every page must be in the delta, so the table
 * grows by what the delta really holds, whatever numbers it names. */
static JET_ERR merge_table(struct set_checker *c, struct check_image *image, const struct check_file *delta)
{
    JET_ERR err = JET_errSuccess;
    if (image->table.count > delta->page_count)
        image->table.count = delta->page_count;
    for (uint32_t i = 0; i < delta->table.count && delta->page_numbers[i] <= image->table.count + 1; i++) {
        uint32_t page_no = delta->page_numbers[i];
        const uint8_t *entry = delta->table.entries + (size_t)i * PAGE_TABLE_ENTRY;
        if (page_no > image->table.count)
            TRY(check_table_add(&image->table, entry));
        else
            memcpy(image->table.entries + (size_t)(page_no - 1) * PAGE_TABLE_ENTRY, entry, PAGE_TABLE_ENTRY);
    }
    if (image->table.count != delta->page_count)
        set_checker_report(c, delta->name, 0, JET_errDatabaseCorrupted, "does not hold all pages behind the end of the image below it");
done:
    return err;
}

static JET_ERR add_image(struct set_checker *c, const struct signature *signature, struct check_image **out)
{
    *out = find_image(c, signature);
    if (*out == NULL && c->image_count < SET_DATABASES_MAX) {
        *out = &c->images[c->image_count++];
        (*out)->signature = *signature;
    }
    return *out != NULL ? JET_errSuccess : JET_errTooManyAttachedDatabases;
}

/* Takes a copy or delta over into the chain's images and compares the page table. d: NULL without manifest. */
static JET_ERR take_image(struct set_checker *c, struct check_file *f, const struct set_database *d)
{
    JET_ERR err = JET_errSuccess;
    struct check_image *image = NULL;
    uint8_t expected[SHA256_SIZE];
    if (f->kind == CHECK_COPY) {
        TRY(add_image(c, &f->header.db_signature, &image));
        mem_free(image->table.entries);
        image->table = f->table;
        f->table = (struct check_table){.entries = NULL};
        memcpy(image->sha256, f->sha256, SHA256_SIZE);
    } else {
        image = find_image(c, &f->header.db_signature);
        if (image == NULL) {
            if (!c->is_alone)
                set_checker_report(c, f->name, 0, JET_errMissingFullBackup, "no set below holds this database");
            goto done;
        }
        if (memcmp(image->sha256, f->base_sha256, SHA256_SIZE) != 0)
            set_checker_report(c, f->name, 0, JET_errDatabasePatchFileMismatch, "changes another image than the one below");
        TRY(merge_table(c, image, f));
        if (d != NULL)
            memcpy(image->sha256, d->image_sha256, SHA256_SIZE);
    }
    if (d == NULL || d->table.name == NULL)
        goto done;
    const struct check_file *table = find_file(c, d->table.name);
    hash_table(&image->table, f->page_size, expected);
    if (table != NULL && memcmp(table->sha256, expected, SHA256_SIZE) != 0)
        set_checker_report(c, table->name, 0, JET_errDatabaseCorrupted, "does not describe the pages of %s", f->name);
done:
    return err;
}

static const struct set_database *manifest_entry(const struct set_checker *c, const struct check_file *f)
{
    for (size_t i = 0; c->has_manifest && i < c->manifest.database_count; i++)
        if (strcmp(c->manifest.databases[i].file.name, f->name) == 0)
            return &c->manifest.databases[i];
    return NULL;
}

static JET_ERR check_databases(struct set_checker *c, uint32_t low, uint32_t high, size_t *count)
{
    JET_ERR err = JET_errSuccess;
    *count = 0;
    for (size_t i = 0; i < c->file_count; i++) {
        struct check_file *f = &c->files[i];
        if ((f->kind != CHECK_COPY && f->kind != CHECK_DELTA) || !f->has_header)
            continue;
        const struct set_database *d = manifest_entry(c, f);
        if (c->has_manifest && d == NULL)
            continue; /* a stray file, which has been said */
        check_database(c, f, low, high);
        TRY(take_image(c, f, d));
        ++*count;
    }
    c->totals.databases += *count;
done:
    return err;
}

/* --- the chain --- */

static void check_parent(struct set_checker *c)
{
    if (c->is_alone || !c->has_manifest)
        return;
    if (c->manifest.parent_id[0] == 0 && !c->has_below)
        return;
    if (c->manifest.parent_id[0] != 0 && strcmp(c->manifest.parent_id, c->below_id) != 0)
        set_checker_report(c, MANIFEST_NAME, 0, JET_errInvalidBackup, "builds on the set %s, not on the one below it", c->manifest.parent_id);
}

/* A set with images begins a row of its own: what is below it is not replayed with it. */
static void begin_row(struct set_checker *c)
{
    bool has_images = false;
    for (size_t i = 0; i < c->file_count; i++)
        has_images |= c->files[i].kind == CHECK_COPY || c->files[i].kind == CHECK_DELTA;
    if (has_images) {
        c->has_last_log = false;
        c->totals.generation_low = 0;
    }
}

JET_ERR set_checker_end_set(struct set_checker *c)
{
    JET_ERR err = JET_errSuccess;
    uint32_t low = 0, high = 0;
    size_t databases = 0;
    TRY(sort_files(c));
    if (find_file(c, MANIFEST_JOURNAL_NAME) != NULL)
        set_checker_report(c, MANIFEST_JOURNAL_NAME, 0, JET_errInvalidBackup, "the backup was interrupted");
    if (c->manifest_text != NULL)
        compare_manifest(c);
    check_parent(c);
    begin_row(c);
    TRY(check_logs(c, &low, &high));
    TRY(check_databases(c, low, high, &databases));
    if (databases == 0 && c->image_count == 0 && !c->is_alone)
        set_checker_report(c, "", 0, JET_errRestoreOfNonBackupDatabase, "holds no database copy");
    if (c->totals.generation_low == 0)
        c->totals.generation_low = low;
    c->totals.generation_high = high;
    c->has_below = true;
    memcpy(c->below_id, c->has_manifest ? c->manifest.id : "", c->has_manifest ? sizeof c->below_id : 1);
done:
    forget_set(c);
    return err;
}
