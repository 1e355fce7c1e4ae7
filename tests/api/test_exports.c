/* The exported symbols are those of api_table.def, which are all that ESENT has and the extensions, and each can be called. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "shared_data.h"

struct entry {
    const char *name, *status;
    bool has_plain, has_forms;
};
static const struct entry TABLE[] = {
#define FORMS_PLAIN true, false
#define FORMS_A_W false, true
#define FORMS_PLAIN_A_W true, true
#define API_ENTRY(name, forms, area, status, note) {#name, #status, FORMS_##forms},
#include "api/api_table.def"
#undef API_ENTRY
};
enum { ENTRIES = sizeof TABLE / sizeof TABLE[0], NAMES_MAX = 1024 };

struct names {
    char *list[NAMES_MAX];
    size_t count;
};

static void add(struct names *names, const char *name)
{
    assert_true(names->count < NAMES_MAX);
    names->list[names->count++] = strdup(name);
}

static bool contains(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->list[i], name) == 0)
            return true;
    }
    return false;
}

static void release(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i]);
}

static void read_table(struct names *names)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        if (TABLE[i].has_plain)
            add(names, TABLE[i].name);
        if (TABLE[i].has_forms) {
            add(names, text_of("%sA", TABLE[i].name));
            add(names, text_of("%sW", TABLE[i].name));
        }
    }
}

static const char *library_path(void)
{
    const char *path = getenv("OPENESE_LIBRARY");
    return path != NULL ? path : "../libesent.so";
}

static void read_exports(struct names *names)
{
    FILE *pipe = popen(text_of("nm -D --defined-only '%s'", library_path()), "r");
    char line[512], type = 0, name[256];
    assert_non_null(pipe);
    while (fgets(line, sizeof line, pipe) != NULL) {
        if (sscanf(line, "%*s %c %255s", &type, name) == 2)
            add(names, name);
    }
    assert_int_equal(pclose(pipe), 0);
}

static void the_library_exports_exactly_the_table(void **state)
{
    struct names table = {0}, exports = {0};
    (void)state;
    read_table(&table);
    read_exports(&exports);
    for (size_t i = 0; i < table.count; i++) {
        if (!contains(&exports, table.list[i]))
            fail_msg("%s is in the table and not exported", table.list[i]);
    }
    for (size_t i = 0; i < exports.count; i++) {
        if (!contains(&table, exports.list[i]))
            fail_msg("%s is exported and not in the table", exports.list[i]);
    }
    release(&table);
    release(&exports);
}

static void every_function_of_esent_is_in_the_table(void **state)
{
    struct names table = {0};
    char line[65536], name[256];
    size_t seen = 0, extensions = 0;
    (void)state;
    const char *folder = require_shared_data();
    read_table(&table);
    for (size_t i = 0; i < table.count; i++)
        extensions += strncmp(table.list[i], "Jetx", 4) == 0;
    FILE *file = fopen(text_of("%s/../spec/api.tsv", folder), "r");
    if (file == NULL)
        skip();
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%255s", name) == 1 && strncmp(name, "Jet", 3) == 0) {
            seen++;
            if (!contains(&table, name))
                fail_msg("%s is missing", name);
        }
    }
    fclose(file);
    assert_int_equal(seen, table.count - extensions);
    release(&table);
}

static void every_symbol_a_managed_client_binds_is_in_the_table(void **state)
{
    struct names table = {0};
    char line[65536], name[256];
    size_t seen = 0;
    (void)state;
    const char *folder = require_shared_data();
    read_table(&table);
    FILE *file = fopen(text_of("%s/../spec/abi.md", folder), "r");
    if (file == NULL)
        skip();
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "| `%255[A-Za-z0-9]` |", name) == 1 && strncmp(name, "Jet", 3) == 0) {
            seen++;
            if (!contains(&table, name))
                fail_msg("%s is missing", name);
        }
    }
    fclose(file);
    assert_int_equal(seen, 176);
    release(&table);
}

static void what_is_not_there_says_so_whatever_the_arguments(void **state)
{
    void *library = dlopen(library_path(), RTLD_NOW | RTLD_LOCAL);
    (void)state;
    if (library == NULL)
        fail_msg("%s", dlerror());
    for (size_t i = 0; i < ENTRIES; i++) {
        int expected = strcmp(TABLE[i].status, "NYI") == 0 ? -1 : -1001;
        int (*function)(void *, void *, void *, void *, void *, void *, void *, void *);
        if (strcmp(TABLE[i].status, "WORKS") == 0 || strcmp(TABLE[i].status, "PARTIAL") == 0)
            continue;
        *(void **)&function = dlsym(library, TABLE[i].has_plain ? TABLE[i].name : text_of("%sW", TABLE[i].name));
        assert_non_null(function);
        int answer = function((void *)1, (void *)2, (void *)3, NULL, (void *)-1, NULL, (void *)4, (void *)5);
        if (answer != expected)
            fail_msg("%s answers %d", TABLE[i].name, answer);
    }
    dlclose(library);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_exports_exactly_the_table),
        cmocka_unit_test(every_function_of_esent_is_in_the_table),
        cmocka_unit_test(every_symbol_a_managed_client_binds_is_in_the_table),
        cmocka_unit_test(what_is_not_there_says_so_whatever_the_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
