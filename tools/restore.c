/* ese restore: brings a backup set back into another folder with JetExternalRestore2.
 *
 * The set describes itself: its databases are the files whose header says "copy inside a backup" (the current-full-backup slot is set), its
 * logs are the generations found; every database is found again in the logs by its signature. The set is only read: the databases are
 * copied to the target first and restored there. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "database/database.h"
#include "os/path.h"
#include "tool.h"

enum { COPY_BYTES = 1 << 20, DATABASES_MAX = 14 };

struct backup_set {
    char *databases[DATABASES_MAX]; /* names in the set */
    uint32_t database_count;
    uint32_t generation_low, generation_high;
    char base_name[4];
};

static void set_release(struct backup_set *set)
{
    for (uint32_t i = 0; i < set->database_count; i++)
        mem_free(set->databases[i]);
    *set = (struct backup_set){0};
}

/* base + 5 or 8 hex digits + .log or .jtx; 0 when the name is no archived log. */
static uint32_t archived_generation(const char *name, char *base)
{
    size_t length = strlen(name);
    if ((length != 12 && length != 15) || (strcmp(name + length - 4, ".log") != 0 && strcmp(name + length - 4, ".jtx") != 0))
        return 0;
    char digits[9] = {0};
    memcpy(digits, name + 3, length - 7);
    if (strspn(digits, "0123456789ABCDEFabcdef") != length - 7)
        return 0;
    memcpy(base, name, 3);
    base[3] = 0;
    return (uint32_t)strtoul(digits, NULL, 16);
}

static bool is_backup_copy(const char *folder, const char *name)
{
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    char *path = NULL;
    bool is_copy = path_join(folder, name, &path) >= 0 &&
                   database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL) >= 0 &&
                   header.backup_full_current.gen_low != 0;
    mem_free(path);
    return is_copy;
}

static JET_ERR set_read(const char *folder, struct backup_set *set)
{
    JET_ERR err = JET_errSuccess;
    char **names = NULL;
    size_t count = 0;
    char base[4];
    TRY(os_dir_list(os_fs_posix(), folder, &names, &count));
    for (size_t i = 0; i < count; i++) {
        uint32_t generation = archived_generation(names[i], base);
        if (generation != 0) {
            if (set->generation_low == 0 || generation < set->generation_low)
                set->generation_low = generation;
            if (generation > set->generation_high)
                set->generation_high = generation;
            memcpy(set->base_name, base, sizeof base);
        } else if (is_backup_copy(folder, names[i])) {
            if (set->database_count == DATABASES_MAX)
                RAISE(JET_errTooManyAttachedDatabases);
            if ((set->databases[set->database_count] = mem_strdup(names[i])) == NULL)
                RAISE(JET_errOutOfMemory);
            set->database_count++;
        }
    }
done:
    os_dir_list_free(names, count);
    return err;
}

static JET_ERR copy_database(const char *from, const char *to, const char *label)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *in = NULL, *out = NULL;
    struct os_file_info info;
    struct progress progress;
    uint8_t *buffer = (uint8_t *)mem_alloc(COPY_BYTES);
    progress_start(&progress, label, 1);
    if (buffer == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_open(os_fs_posix(), from, OS_OPEN_READ, &in));
    TRY(os_file_info(in, &info));
    TRY(os_file_open(os_fs_posix(), to, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_MUST_CREATE, &out));
    progress_start(&progress, label, info.size);
    for (uint64_t at = 0; at < info.size;) {
        size_t piece = info.size - at < COPY_BYTES ? (size_t)(info.size - at) : COPY_BYTES;
        TRY(os_file_read(in, at, buffer, piece));
        TRY(os_file_write(out, at, buffer, piece));
        at += piece;
        progress_update(&progress, at);
    }
    TRY(os_file_sync(out));
done:
    progress_end(&progress);
    os_file_close(in);
    os_file_close(out);
    mem_free(buffer);
    return err;
}

static struct progress replay_progress;

static JET_ERR show_progress(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    (void)session;
    if (snp == JET_snpRestore && snt == JET_sntProgress && data != NULL)
        progress_update(&replay_progress, ((const JET_SNPROG *)data)->cunitDone);
    return JET_errSuccess;
}

static JET_ERR replay(const char *set_folder, const char *target_folder, const struct backup_set *set, JET_RSTMAP *map)
{
    /* The call's signature is the original's: its path arguments are not const, but it does not write to them. */
    char *target = (char *)(uintptr_t)target_folder, *source = (char *)(uintptr_t)set_folder;
    JET_LOGINFO info = {.cbSize = sizeof info, .ulGenLow = set->generation_low, .ulGenHigh = set->generation_high};
    memcpy(info.szBaseName, set->base_name, 4);
    progress_start(&replay_progress, "replaying logs", 100);
    JET_ERR err = JetExternalRestore2(target, target, map, (int32_t)set->database_count, source, &info, NULL, NULL, NULL, show_progress);
    progress_end(&replay_progress);
    return err;
}

static int restore_set(const struct command *self, const char *set_folder, const char *target, const struct backup_set *set)
{
    JET_RSTMAP map[DATABASES_MAX];
    int status = EXIT_GOOD;
    memset(map, 0, sizeof map);
    for (uint32_t i = 0; i < set->database_count && status == EXIT_GOOD; i++) {
        JET_ERR err = path_join(set_folder, set->databases[i], &map[i].szDatabaseName);
        if (err >= 0)
            err = path_join(target, set->databases[i], &map[i].szNewDatabaseName);
        if (err >= 0)
            err = copy_database(map[i].szDatabaseName, map[i].szNewDatabaseName, set->databases[i]);
        if (err < 0)
            status = tool_error(self, err, "cannot copy %s to %s", set->databases[i], target);
    }
    if (status == EXIT_GOOD) {
        JET_ERR err = replay(set_folder, target, set, map);
        if (err < 0)
            status = tool_error(self, err, "cannot restore %s", set_folder);
    }
    for (uint32_t i = 0; i < set->database_count; i++) {
        mem_free(map[i].szDatabaseName);
        mem_free(map[i].szNewDatabaseName);
    }
    return status;
}

static int run_restore(const struct command *self, int argc, char **argv)
{
    struct option_spec options[] = {{"output", 'o', true, NULL}};
    struct backup_set set = {0};
    int count, status = EXIT_GOOD;
    if (!tool_options(self, argc, argv, options, 1, &count, &status))
        return status;
    if (count != 1 || options[0].value == NULL)
        return tool_usage(self, "needs one backup folder and -o FOLDER");
    const char *folder = argv[0], *target = options[0].value;

    JET_ERR err = set_read(folder, &set);
    if (err < 0)
        status = tool_error(self, err, "cannot read %s", folder);
    else if (set.database_count == 0)
        status = tool_error(self, JET_errRestoreOfNonBackupDatabase, "%s holds no database copy", folder);
    else if (set.generation_low == 0)
        status = tool_error(self, JET_errFileNotFound, "%s holds no log generations", folder);
    else if ((err = os_dir_create(os_fs_posix(), target)) < 0)
        status = tool_error(self, err, "cannot create %s", target);
    else
        status = restore_set(self, folder, target, &set);
    if (status == EXIT_GOOD)
        printf("%u database(s) restored to %s (generations %u to %u)\n", set.database_count, target, set.generation_low, set.generation_high);
    set_release(&set);
    return status;
}

const struct command COMMAND_RESTORE = {
    "restore", "bring a backup set back into another folder",
    "usage: ese restore FOLDER -o TARGET\n\n"
    "Copies the databases of the backup set in FOLDER to TARGET, replays the set's log\n"
    "generations on them and leaves them clean, ready to attach. FOLDER is only read.\n"
    "TARGET gets the databases, a new log and a checkpoint.\n\n"
    "  -o, --output TARGET  where to restore; created if absent; existing databases there\n"
    "                       are never overwritten\n"
    "  -h, --help           this text\n",
    run_restore,
};
