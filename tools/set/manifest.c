/* The manifest of a backup set (manifest.h). */
#include "set/manifest.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "base/text.h"
#include "log/log_files.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/path.h"

#define FORMAT_NAME "openese-backup-set"
enum { LOGS_MAX = 1 << 20, PAGE_SIZE_MIN = 4096, PAGE_SIZE_MAX = 32768, VALUES_SMALL = 4096, BYTES_PER_VALUE_MIN = 24 };

static const char *const KIND_NAMES[] = {"full", "copy", "incremental", "differential", "pages"};
enum { KIND_COUNT = sizeof KIND_NAMES / sizeof KIND_NAMES[0] };

const char *set_kind_name(enum set_kind kind) { return KIND_NAMES[kind]; }

bool set_name_is_safe(const char *name)
{
    size_t length = name != NULL ? strlen(name) : 0;
    if (length == 0 || length > 255 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] == '/' || name[i] == '\\' || (unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    return true;
}

const char *set_time_format(int64_t seconds, char *text)
{
    struct tm parts;
    time_t when = (time_t)seconds;
    if (gmtime_r(&when, &parts) == NULL || strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        text[0] = 0;
    return text;
}

void set_id_make(char id[SET_ID_SIZE])
{
    for (unsigned i = 0; i < 4; i++)
        snprintf(id + 8 * i, 9, "%08x", random_u32());
}

uint32_t set_log_name(const char *name, char *base)
{
    static const char *const EXTENSIONS[] = {".log", ".jtx"};
    if (strlen(name) < 3)
        return 0;
    memcpy(base, name, 3);
    base[3] = 0;
    for (size_t i = 0; i < 2; i++) {
        uint32_t generation = log_name_generation(name, base, EXTENSIONS[i]);
        if (generation != 0)
            return generation;
    }
    return 0;
}

/* --- entries --- */

void set_file_release(struct set_file *file)
{
    mem_free(file->name);
    *file = (struct set_file){.name = NULL};
}

void manifest_release(struct set_manifest *m)
{
    for (size_t i = 0; i < m->database_count; i++) {
        set_file_release(&m->databases[i].file);
        set_file_release(&m->databases[i].table);
        mem_free(m->databases[i].original_path);
    }
    for (size_t i = 0; i < m->log_count; i++)
        set_file_release(&m->logs[i].file);
    mem_free(m->databases);
    mem_free(m->logs);
    mem_free(m->parent_path);
    *m = (struct set_manifest){.kind = SET_KIND_FULL};
}

/* Grows at powers of two. */
static void *add_entry(void **array, size_t *count, size_t size)
{
    if ((*count & (*count - 1)) == 0) {
        void *grown = mem_resize(*array, (*count != 0 ? 2 * *count : 1) * size);
        if (grown == NULL)
            return NULL;
        *array = grown;
    }
    void *entry = (uint8_t *)*array + *count * size;
    memset(entry, 0, size);
    (*count)++;
    return entry;
}

struct set_database *manifest_add_database(struct set_manifest *m)
{
    void *array = m->databases;
    struct set_database *entry = (struct set_database *)add_entry(&array, &m->database_count, sizeof *entry);
    m->databases = (struct set_database *)array;
    return entry;
}

struct set_log *manifest_add_log(struct set_manifest *m)
{
    void *array = m->logs;
    struct set_log *entry = (struct set_log *)add_entry(&array, &m->log_count, sizeof *entry);
    m->logs = (struct set_log *)array;
    return entry;
}

const struct set_database *manifest_find_database(const struct set_manifest *m, const struct signature *signature)
{
    for (size_t i = 0; m != NULL && i < m->database_count; i++)
        if (signature_equal(&m->databases[i].signature, signature))
            return &m->databases[i];
    return NULL;
}

/* --- reading --- */

struct parse {
    char *why;
    size_t why_size;
};

static bool complain(struct parse *p, const char *what, const char *key)
{
    snprintf(p->why, p->why_size, "%s%s%s", what, key != NULL ? ": " : "", key != NULL ? key : "");
    return false;
}

static bool get_number(struct parse *p, const json_t *object, const char *key, uint64_t most, uint64_t *out)
{
    const json_t *value = json_object_get(object, key);
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || (uint64_t)number > most)
        return complain(p, "no number, or out of range", key);
    *out = (uint64_t)number;
    return true;
}

static bool get_u32(struct parse *p, const json_t *object, const char *key, uint32_t most, uint32_t *out)
{
    uint64_t number;
    if (!get_number(p, object, key, most, &number))
        return false;
    *out = (uint32_t)number;
    return true;
}

static bool get_hex(struct parse *p, const json_t *object, const char *key, uint8_t *out, size_t size)
{
    return hex_decode(json_string_value(json_object_get(object, key)), out, size) || complain(p, "not hexadecimal, or of the wrong length", key);
}

static bool get_text(struct parse *p, const json_t *object, const char *key, char **out)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL)
        return complain(p, "no text", key);
    *out = mem_strdup(text);
    return *out != NULL || complain(p, "out of memory", NULL);
}

static bool get_id(struct parse *p, const json_t *object, const char *key, char id[SET_ID_SIZE])
{
    uint8_t bytes[(SET_ID_SIZE - 1) / 2];
    if (!get_hex(p, object, key, bytes, sizeof bytes))
        return false;
    hex_encode(span_of(bytes, sizeof bytes), id);
    return true;
}

static bool get_file(struct parse *p, const json_t *object, struct set_file *out)
{
    if (!get_text(p, object, "file", &out->name) || !get_number(p, object, "size", INT64_MAX, &out->size) ||
        !get_hex(p, object, "sha256", out->sha256, SHA256_SIZE))
        return false;
    return set_name_is_safe(out->name) || complain(p, "not the name of a file in the set", out->name);
}

/* "YYYY-MM-DDTHH:MM:SSZ" */
static bool get_time(struct parse *p, const json_t *object, const char *key, int64_t *out)
{
    struct tm parts = {.tm_sec = 0};
    const char *text = json_string_value(json_object_get(object, key));
    const char *end = text != NULL ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts) : NULL;
    if (end == NULL || *end != 0)
        return complain(p, "no time", key);
    *out = (int64_t)timegm(&parts);
    return true;
}

static bool parse_database(struct parse *p, const json_t *object, uint32_t page_size, struct set_database *d)
{
    const char *form = json_string_value(json_object_get(object, "form"));
    if (form == NULL || (strcmp(form, "copy") != 0 && strcmp(form, "delta") != 0))
        return complain(p, "neither copy nor delta", "form");
    d->is_delta = strcmp(form, "delta") == 0;
    if (!get_file(p, object, &d->file) || !get_text(p, object, "path", &d->original_path) || !get_u32(p, object, "pages", UINT32_MAX - 3, &d->page_count) ||
        !get_number(p, object, "image_size", INT64_MAX, &d->image_size) || !get_hex(p, object, "image_sha256", d->image_sha256, SHA256_SIZE) ||
        !get_hex(p, object, "signature", d->signature.bytes, SIGNATURE_SIZE))
        return false;
    if (d->image_size != ((uint64_t)d->page_count + 3) * page_size)
        return complain(p, "image_size does not fit the pages", d->file.name);
    const json_t *table = json_object_get(object, "page_table");
    return table == NULL || json_is_null(table) || get_file(p, table, &d->table);
}

static bool parse_log(struct parse *p, const json_t *object, struct set_log *log)
{
    char base[4];
    if (!get_file(p, object, &log->file) || !get_u32(p, object, "generation", INT32_MAX, &log->generation) ||
        !get_hex(p, object, "signature", log->signature.bytes, SIGNATURE_SIZE) || !get_hex(p, object, "created", log->created.bytes, LOG_TIME_SIZE) ||
        !get_hex(p, object, "previous_created", log->previous_created.bytes, LOG_TIME_SIZE))
        return false;
    return (log->generation != 0 && set_log_name(log->file.name, base) == log->generation) || complain(p, "name and generation differ", log->file.name);
}

static bool parse_head(struct parse *p, const json_t *root, struct set_manifest *m)
{
    const char *kind = json_string_value(json_object_get(root, "kind"));
    const char *base = json_string_value(json_object_get(root, "base_name"));
    unsigned k = 0;
    while (kind != NULL && k < KIND_COUNT && strcmp(kind, KIND_NAMES[k]) != 0)
        k++;
    if (kind == NULL || k == KIND_COUNT)
        return complain(p, "unknown kind", kind);
    m->kind = (enum set_kind)k;
    if (base == NULL || strlen(base) != 3 || !set_name_is_safe(base))
        return complain(p, "not three characters", "base_name");
    memcpy(m->base_name, base, 4);
    if (!get_id(p, root, "id", m->id) || !get_time(p, root, "begun", &m->begun) || !get_time(p, root, "ended", &m->ended) ||
        !get_u32(p, root, "page_size", PAGE_SIZE_MAX, &m->page_size) || !get_u32(p, root, "log_size", INT32_MAX, &m->log_size) ||
        !get_u32(p, root, "first_generation", INT32_MAX, &m->generation_low) || !get_u32(p, root, "last_generation", INT32_MAX, &m->generation_high))
        return false;
    if (m->page_size < PAGE_SIZE_MIN || (m->page_size & (m->page_size - 1)) != 0)
        return complain(p, "no page size", "page_size");
    if (m->generation_low == 0 || m->generation_low > m->generation_high)
        return complain(p, "no range of generations", NULL);
    const json_t *parent = json_object_get(root, "parent");
    if (parent == NULL || json_is_null(parent))
        return m->kind != SET_KIND_PAGES || complain(p, "a set of changed pages without parent", NULL);
    if (!get_id(p, parent, "id", m->parent_id) || !get_text(p, parent, "path", &m->parent_path))
        return false;
    return (m->parent_path[0] != '/' && m->parent_path[0] != 0) || complain(p, "the parent's path is not relative", m->parent_path);
}

static bool parse_lists(struct parse *p, const json_t *root, struct set_manifest *m)
{
    const json_t *databases = json_object_get(root, "databases"), *logs = json_object_get(root, "logs");
    if (!json_is_array(databases) || json_array_size(databases) > SET_DATABASES_MAX)
        return complain(p, "no list, or too long", "databases");
    if (!json_is_array(logs) || json_array_size(logs) > LOGS_MAX)
        return complain(p, "no list, or too long", "logs");
    for (size_t i = 0; i < json_array_size(databases); i++) {
        struct set_database *d = manifest_add_database(m);
        if (d == NULL || !parse_database(p, json_array_get(databases, i), m->page_size, d))
            return false;
        if (d->is_delta != (m->kind == SET_KIND_PAGES))
            return complain(p, "its form does not fit the kind of the set", d->file.name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(m->databases[j].file.name, d->file.name) == 0)
                return complain(p, "named twice", d->file.name);
    }
    for (size_t i = 0; i < json_array_size(logs); i++) {
        struct set_log *log = manifest_add_log(m);
        if (log == NULL || !parse_log(p, json_array_get(logs, i), log))
            return false;
        if (log->generation != (i == 0 ? m->generation_low : m->logs[i - 1].generation + 1))
            return complain(p, "the generations are not one row", log->file.name);
    }
    if (set_kind_has_images(m->kind) == (m->database_count == 0))
        return complain(p, "its databases do not fit the kind of the set", NULL);
    return (m->log_count != 0 && m->logs[m->log_count - 1].generation == m->generation_high) || complain(p, "the generations do not reach the last one", NULL);
}

/* Each value costs the parser far more memory than the few bytes it may take in the text. What we write has more than 40 bytes a value. */
static bool has_too_many_values(const char *text, size_t size)
{
    size_t values = 0;
    for (size_t i = 0; i < size; i++)
        values += text[i] == ',' || text[i] == '[' || text[i] == '{';
    return values > VALUES_SMALL + size / BYTES_PER_VALUE_MIN;
}

JET_ERR manifest_parse(const char *text, size_t size, struct set_manifest *out, char *why, size_t why_size)
{
    struct parse p = {why, why_size};
    json_error_t error;
    JET_ERR err = JET_errInvalidParameter;
    uint64_t version = 0;
    *out = (struct set_manifest){.kind = SET_KIND_FULL};
    if (size > MANIFEST_BYTES_MAX || has_too_many_values(text, size)) {
        snprintf(why, why_size, MANIFEST_NAME " has too many values");
        return err;
    }
    snprintf(why, why_size, "out of memory");
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    const char *format = json_string_value(json_object_get(root, "format"));
    if (root == NULL)
        snprintf(why, why_size, "line %d: %s", error.line, error.text);
    else if (format == NULL || strcmp(format, FORMAT_NAME) != 0)
        (void)complain(&p, "not the manifest of a backup set", NULL);
    else if (!get_number(&p, root, "version", INT32_MAX, &version))
        ;
    else if (version != MANIFEST_VERSION) {
        (void)complain(&p, "written by a later version of this program", NULL);
        err = JET_errFeatureNotAvailable;
    } else if (parse_head(&p, root, out) && parse_lists(&p, root, out)) {
        err = JET_errSuccess;
        why[0] = 0;
    }
    json_decref(root);
    if (err < 0)
        manifest_release(out);
    return err;
}

JET_ERR manifest_read(const char *folder, struct set_manifest *out, char *why, size_t why_size)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL, *text = NULL;
    struct os_file *file = NULL;
    struct os_file_info info;
    *out = (struct set_manifest){.kind = SET_KIND_FULL};
    snprintf(why, why_size, "cannot read " MANIFEST_NAME);
    TRY(path_join(folder, MANIFEST_NAME, &path));
    TRY(os_file_open(os_fs_posix(), path, OS_OPEN_READ | OS_OPEN_NO_FOLLOW, &file));
    TRY(os_file_info(file, &info));
    if (!info.is_directory && info.size > MANIFEST_BYTES_MAX)
        snprintf(why, why_size, MANIFEST_NAME " has %llu bytes; more than %u are not read", (unsigned long long)info.size, (unsigned)MANIFEST_BYTES_MAX);
    if (info.is_directory || info.size > MANIFEST_BYTES_MAX)
        RAISE(JET_errInvalidParameter);
    text = (char *)mem_alloc((size_t)info.size + 1);
    if (text == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_read(file, 0, text, (size_t)info.size));
    err = manifest_parse(text, (size_t)info.size, out, why, why_size);
done:
    os_file_close(file);
    mem_free(path);
    mem_free(text);
    return err;
}

/* --- writing --- */

static json_t *hex_text(const void *bytes, uint32_t size)
{
    char digits[2 * SHA256_SIZE + 1] = {0};
    hex_encode(span_of(bytes, size), digits);
    return json_string(digits);
}

/* A path need not be UTF-8; what is not is replaced, as it only informs. */
static json_t *any_text(const char *text)
{
    json_t *value = json_string(text);
    char *copy = value == NULL ? mem_strdup(text) : NULL;
    for (char *c = copy; c != NULL && *c != 0; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    if (copy != NULL)
        value = json_string(copy);
    mem_free(copy);
    return value;
}

static json_t *file_entry(const struct set_file *file)
{
    return json_pack("{s:s, s:I, s:o}", "file", file->name, "size", (json_int_t)file->size, "sha256", hex_text(file->sha256, SHA256_SIZE));
}

static json_t *database_entry(const struct set_database *d)
{
    json_t *entry = file_entry(&d->file);
    json_t *rest = json_pack("{s:s, s:o, s:I, s:I, s:o, s:o, s:o}", "form", d->is_delta ? "delta" : "copy", "path", any_text(d->original_path), "pages",
                             (json_int_t)d->page_count, "image_size", (json_int_t)d->image_size, "image_sha256", hex_text(d->image_sha256, SHA256_SIZE),
                             "signature", hex_text(d->signature.bytes, SIGNATURE_SIZE), "page_table",
                             d->table.name != NULL ? file_entry(&d->table) : json_null());
    if (json_object_update(entry, rest) != 0) {
        json_decref(entry);
        entry = NULL;
    }
    json_decref(rest);
    return entry;
}

static json_t *log_entry(const struct set_log *log)
{
    json_t *entry = file_entry(&log->file);
    json_t *rest = json_pack("{s:I, s:o, s:o, s:o}", "generation", (json_int_t)log->generation, "signature", hex_text(log->signature.bytes, SIGNATURE_SIZE),
                             "created", hex_text(log->created.bytes, LOG_TIME_SIZE), "previous_created", hex_text(log->previous_created.bytes, LOG_TIME_SIZE));
    if (json_object_update(entry, rest) != 0) {
        json_decref(entry);
        entry = NULL;
    }
    json_decref(rest);
    return entry;
}

JET_ERR manifest_format(const struct set_manifest *m, char **text)
{
    JET_ERR err = JET_errSuccess;
    char begun[32], ended[32], *dumped = NULL;
    json_t *databases = json_array(), *logs = json_array(), *root = NULL;
    *text = NULL;
    for (size_t i = 0; i < m->database_count; i++)
        if (json_array_append_new(databases, database_entry(&m->databases[i])) != 0)
            RAISE(JET_errOutOfMemory);
    for (size_t i = 0; i < m->log_count; i++)
        if (json_array_append_new(logs, log_entry(&m->logs[i])) != 0)
            RAISE(JET_errOutOfMemory);
    json_t *parent = m->parent_id[0] != 0 ? json_pack("{s:s, s:o}", "id", m->parent_id, "path", any_text(m->parent_path)) : json_null();
    root = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:O, s:O}", "format", FORMAT_NAME, "version", MANIFEST_VERSION, "id", m->id,
                     "kind", KIND_NAMES[m->kind], "begun", set_time_format(m->begun, begun), "ended", set_time_format(m->ended, ended), "base_name",
                     m->base_name, "page_size", (json_int_t)m->page_size, "log_size", (json_int_t)m->log_size, "first_generation",
                     (json_int_t)m->generation_low, "last_generation", (json_int_t)m->generation_high, "parent", parent, "databases", databases, "logs", logs);
    dumped = root != NULL ? json_dumps(root, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
    if (dumped != NULL && strlen(dumped) + 1 > MANIFEST_BYTES_MAX)
        RAISE(JET_errBufferTooSmall);
    *text = dumped != NULL ? (char *)mem_alloc(strlen(dumped) + 2) : NULL;
    if (*text == NULL)
        RAISE(JET_errOutOfMemory);
    memcpy(*text, dumped, strlen(dumped));
    (*text)[strlen(dumped)] = '\n';
done:
    free(dumped);
    json_decref(root);
    json_decref(databases);
    json_decref(logs);
    return err;
}
