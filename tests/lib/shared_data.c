/* Shared data and scratch folders (shared_data.h). Unpacking uses zstd and gzip, which scripts/test installs. */
#include "shared_data.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cmocka.h>

/* Strings of text_of stay reachable until exit, so that leak checks see only real leaks. */
struct kept_text {
    struct kept_text *next;
    char *text;
};
static _Atomic(struct kept_text *) kept_texts;

uint64_t number_from(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 0) : fallback;
}

const char *text_of(const char *format, ...)
{
    char *text = NULL;
    struct kept_text *kept = (struct kept_text *)malloc(sizeof *kept);
    va_list arguments;
    va_start(arguments, format);
    if (kept == NULL || vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    kept->text = text;
    kept->next = kept_texts;
    while (!atomic_compare_exchange_weak(&kept_texts, &kept->next, kept)) {
    }
    return text;
}

static int is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

const char *shared_data_dir(void)
{
    const char *base = getenv("OPENESE_SHARED");
    const char *folder = base != NULL ? text_of("%s/data", base) : SOURCE_FOLDER "/../shared/data";
    return is_folder(folder) ? folder : NULL;
}

const char *require_shared_data(void)
{
    const char *folder = shared_data_dir();
    if (folder == NULL) {
        print_message("skipped: no shared data\n");
        skip();
    }
    return folder;
}

static const char *scratch_root;
static pid_t scratch_owner;

static void remove_scratch(void)
{
    if (scratch_root != NULL && scratch_owner == getpid() && getenv("KEEP_TEST_FOLDERS") == NULL && system(text_of("rm -rf '%s'", scratch_root)) != 0)
        fprintf(stderr, "cannot remove %s\n", scratch_root);
}

const char *make_scratch_folder(const char *name)
{
    static int count;
    if (scratch_root == NULL) {
        const char *base = getenv("TMPDIR");
        char *pattern = (char *)(uintptr_t)text_of("%s/openese-XXXXXX", base != NULL ? base : "/tmp");
        if (mkdtemp(pattern) == NULL)
            abort();
        scratch_root = pattern;
        scratch_owner = getpid();
        atexit(remove_scratch);
    }
    const char *folder = text_of("%s/%s-%d", scratch_root, name, count++);
    if (mkdir(folder, 0700) != 0)
        abort();
    return folder;
}

void copy_shared_file(const char *relative_path, const char *target)
{
    const char *base = text_of("%s/%s", shared_data_dir(), relative_path);
    const char *command = access(base, R_OK) == 0                       ? text_of("cp '%s' '%s'", base, target)
                          : access(text_of("%s.zst", base), R_OK) == 0 ? text_of("zstd -qdf '%s.zst' -o '%s'", base, target)
                                                                        : text_of("gzip -dc '%s.gz' > '%s'", base, target);
    if (system(command) != 0)
        fail_msg("cannot unpack %s", relative_path);
    if (chmod(target, 0600) != 0)
        fail_msg("cannot chmod %s", target);
}

unsigned char *read_whole_file(const char *path, unsigned long long *size)
{
    FILE *file = fopen(path, "rb");
    struct stat info;
    if (file == NULL || fstat(fileno(file), &info) != 0)
        fail_msg("cannot read %s", path);
    unsigned char *bytes = (unsigned char *)malloc((size_t)info.st_size + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)info.st_size, file) != (size_t)info.st_size)
        fail_msg("cannot read %s", path);
    fclose(file);
    *size = (unsigned long long)info.st_size;
    return bytes;
}

void write_whole_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        fail_msg("cannot write %s", path);
}

void damage_file(const char *path, uint64_t offset)
{
    uint8_t bytes[16];
    int file = open(path, O_RDWR);
    if (file < 0 || pread(file, bytes, sizeof bytes, (off_t)offset) != sizeof bytes)
        fail_msg("cannot read %s", path);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] ^= (uint8_t)(i * 13 + 1);
    if (pwrite(file, bytes, sizeof bytes, (off_t)offset) != sizeof bytes || close(file) != 0)
        fail_msg("cannot write %s", path);
}
