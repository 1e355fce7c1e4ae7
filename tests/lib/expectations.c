/* Expectations of the shared data (expectations.h). */
#include "expectations.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cmocka_all.h"
#include "shared_data.h"

/* --- files --- */

static bool cut_end(char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);
    if (length < tail || strcmp(name + length - tail, end) != 0)
        return false;
    name[length - tail] = 0;
    return true;
}

static int is_visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

/* Names in a folder below the data folder, in order; none when there is no such folder. */
static int list_folder(const char *path, struct dirent ***out)
{
    int count = scandir(text_of("%s/%s", shared_data_dir(), path), out, is_visible, alphasort);
    if (count < 0)
        *out = NULL;
    return count < 0 ? 0 : count;
}

bool is_only_one_set(void) { return getenv("ONLY_SET") != NULL; }

unsigned visit_shared_files(const char *group, const char *below, const char *suffix, void (*visit)(void *context, const struct shared_file *file), void *context)
{
    const char *only = getenv("ONLY_SET");
    struct dirent **sets, **files;
    unsigned visited = 0;
    require_shared_data();
    int set_count = list_folder(group, &sets);
    for (int s = 0; s < set_count; s++) {
        const char *folder = text_of("%s/%s%s%s", group, sets[s]->d_name, *below != 0 ? "/" : "", below);
        bool is_wanted = only == NULL || strcmp(only, sets[s]->d_name) == 0;
        int count = is_wanted ? list_folder(folder, &files) : 0;
        for (int f = 0; f < count; f++) {
            char *name = files[f]->d_name;
            if (!cut_end(name, ".zst"))
                (void)cut_end(name, ".gz");
            const char *path = text_of("%s/%s", folder, name);
            if (cut_end(name, suffix)) {
                visit(context, &(struct shared_file){text_of("%s", sets[s]->d_name), text_of("%s", name), path});
                visited++;
            }
            free(files[f]);
        }
        if (is_wanted)
            free(files);
        free(sets[s]);
    }
    free(sets);
    assert_true(visited > 0);
    return visited;
}

const char *windows_database_path(const char *set, const char *name)
{
    const char *path = text_of("windows/%s/", set), *separator;
    while ((separator = strstr(name, "__")) != NULL) {
        path = text_of("%s%.*s/", path, (int)(separator - name), name);
        name = separator + 2;
    }
    return text_of("%s%s", path, name);
}

/* --- tables --- */

bool expectations_open(const char *path, bool has_heading, struct expectations *out)
{
    static const char *target;
    unsigned long long size;
    const char *file = text_of("%s/%s", shared_data_dir(), path);
    *out = (struct expectations){NULL, NULL};
    if (access(file, R_OK) != 0 && access(text_of("%s.zst", file), R_OK) != 0 && access(text_of("%s.gz", file), R_OK) != 0)
        return false;
    if (target == NULL)
        target = text_of("%s/expected", make_scratch_folder("expected"));
    unlink(target);
    copy_shared_file(path, target);
    out->text = (char *)read_whole_file(target, &size); /* with a byte to spare */
    out->text[size] = 0;
    out->next = out->text;
    if (has_heading)
        (void)expectations_next(out);
    return true;
}

void expectations_close(struct expectations *e)
{
    free(e->text);
    *e = (struct expectations){NULL, NULL};
}

char *expectations_next(struct expectations *e)
{
    char *line = e->next, *end = strchr(line, '\n');
    if (*line == 0)
        return NULL;
    e->next = end != NULL ? end + 1 : line + strlen(line);
    if (end != NULL)
        *end = 0;
    return line;
}

bool expectations_next_fields(struct expectations *e, const char *fields[EXPECTATION_FIELDS_MAX])
{
    char *line = expectations_next(e);
    if (line == NULL)
        return false;
    line[strcspn(line, "\r")] = 0;
    for (int i = 0; i < EXPECTATION_FIELDS_MAX; i++) {
        char *tab = line + strcspn(line, "\t");
        fields[i] = line;
        line = tab;
        if (*tab != 0) {
            *tab = 0;
            line++;
        }
    }
    return true;
}

/* --- digests --- */

void sha256_finish_text(struct sha256 *s, char out[2 * SHA256_SIZE + 1])
{
    uint8_t hash[SHA256_SIZE];
    sha256_finish(s, hash);
    hex_encode(span_of(hash, sizeof hash), out);
    out[2 * SHA256_SIZE] = 0;
}

void sha256_text(const void *data, size_t size, char out[2 * SHA256_SIZE + 1])
{
    struct sha256 s;
    sha256_init(&s);
    sha256_add(&s, data, size);
    sha256_finish_text(&s, out);
}

static void add_hex(struct sha256 *s, struct span bytes)
{
    for (uint32_t i = 0; i < bytes.size; i++) {
        char digits[2];
        hex_encode(span_of(bytes.data + i, 1), digits);
        sha256_add(s, digits, sizeof digits);
    }
}

void sha256_add_entry(struct sha256 *s, struct span key, struct span data)
{
    add_hex(s, key);
    sha256_add(s, "\t", 1);
    add_hex(s, data);
    sha256_add(s, "\n", 1);
}
