/* The modes of esentutl: each puts together parts of `ese` (parts.h, recover.h), says what it does, and returns the error that the program ends with. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "engine/replace_file.h"
#include "esentutl.h"
#include "format/flush_map.h"
#include "open_database.h"
#include "os/path.h"
#include "parts.h"
#include "recover.h"
#include "visible.h"

/* --- /r --- */

/* File names had no case where the base name was chosen: as given, else as some log in the folder has it. */
static JET_ERR read_stream(const char *folder, const char *base, char *found, struct log_folder *logs)
{
    JET_ERR err = JET_errSuccess;
    char **names = NULL;
    size_t count = 0;
    memcpy(found, base, 4);
    TRY(log_folder_read(folder, found, logs));
    if (logs->has_header)
        goto done;
    TRY(os_dir_list(os_fs_posix(), folder, &names, &count));
    for (size_t i = 0; i < count && !logs->has_header; i++) {
        char its_base[4] = {0};
        memcpy(its_base, names[i], strlen(names[i]) < 3 ? strlen(names[i]) : 3);
        if (ascii_compare_nocase(its_base, base) != 0)
            continue;
        log_folder_release(logs);
        memcpy(found, its_base, 4);
        TRY(log_folder_read(folder, found, logs));
    }
done:
    os_dir_list_free(names, count);
    return err;
}

/* NEW[:OLD]. The colon of OLD's drive letter is not meant, nor one in the first two characters of NEW. Without OLD the database is known by its signature. */
static JET_ERR read_map(const struct esentutl_run *run, struct recovery_map_entry *map, char **copies, struct recover_options *how)
{
    how->only_mapped = run->mapped_count > 0;
    for (size_t i = 0; i < run->mapped_count; i++) {
        if (strcmp(run->mapped[i], "*") == 0) {
            how->only_mapped = false;
            continue;
        }
        char *copy = mem_strdup(run->mapped[i]);
        if (copy == NULL)
            return JET_errOutOfMemory;
        copies[how->map_count] = copy;
        char *colon = strlen(copy) >= 2 ? strchr(copy + 2, ':') : NULL;
        if (colon != NULL)
            *colon = 0;
        map[how->map_count++] = (struct recovery_map_entry){.old_path = colon != NULL ? colon + 1 : "", .new_path = copy};
    }
    how->map = map;
    return JET_errSuccess;
}

static JET_ERR read_recover_switches(const struct esentutl_run *run, struct recover_options *how)
{
    char *end;
    const char *folder = esentutl_value(run, 'l'), *databases = esentutl_value(run, 'd'), *undo = esentutl_value(run, 'u');
    *how = (struct recover_options){.folder = folder != NULL ? folder : ".", .system_folder = esentutl_value(run, 's'), .ignore_missing = esentutl_value(run, 'i') != NULL,
                                    .allow_lost_logs = esentutl_value(run, 'a') != NULL, .no_undo = undo != NULL, .truncate_logs = esentutl_value(run, 't') != NULL};
    if (databases != NULL)
        how->database_folder = databases[0] != 0 ? databases : ".";
    if (databases != NULL && run->mapped_count > 0) {
        fprintf(stderr, "esentutl: /d and /n exclude each other\n");
        return JET_errInvalidParameter;
    }
    if (undo == NULL || undo[0] == 0)
        return JET_errSuccess;
    unsigned long generation = strtoul(undo, &end, 10);
    if (*end != 0 || generation == 0 || generation > LOG_GENERATION_MAX) {
        fprintf(stderr, "esentutl: /u takes the number of a log generation\n");
        return JET_errInvalidParameter;
    }
    how->stop.position = lgpos_make((uint32_t)generation, 0, 0);
    return JET_errSuccess;
}

static void print_recover_plan(const struct recover_options *how, const struct log_folder *logs)
{
    printf("Recovery of the log stream %s\n  logs in        %s\n  checkpoint in  %s\n  databases      ", VISIBLE(logs->base), VISIBLE(how->folder),
           VISIBLE(how->system_folder != NULL ? how->system_folder : how->folder));
    if (how->database_folder != NULL)
        printf("in %s\n", VISIBLE(how->database_folder));
    else
        puts(how->map_count > 0 ? how->only_mapped ? "as mapped" : "as mapped, others where the logs say" : "where the logs say");
    for (size_t i = 0; i < how->map_count; i++)
        printf("                 %s%s%s\n", VISIBLE(how->map[i].new_path), how->map[i].old_path[0] != 0 ? ", logged as " : "", VISIBLE(how->map[i].old_path));
}

static void print_advice(JET_ERR err, const struct recover_options *how)
{
    if (err == JET_errCommittedLogFilesMissing || err == JET_errCommittedLogFileCorrupt)
        puts("Only later commits are in the logs that are lost: with /a the recovery goes on without them.");
    else if (err == JET_errMissingLogFile)
        puts("If only later commits are in the logs that are lost, the recovery can go on without them: /a.");
    else if (err == JET_errAttachedDatabaseMismatch && how->database_folder == NULL && how->map_count == 0)
        puts("The logs name a database that is not there. /d DIR says where the databases are, /n which file each is.");
}

JET_ERR esentutl_recover(const struct esentutl_run *run)
{
    JET_ERR err = JET_errSuccess;
    struct recover_options how;
    struct recovery_map_entry map[ESENTUTL_MAPPED_MAX];
    char *copies[ESENTUTL_MAPPED_MAX] = {NULL}, base[4];
    struct log_folder logs = {.count = 0};
    struct recovery_result result;
    if (strlen(run->source) != 3) {
        fprintf(stderr, "esentutl: the base name of the logs has three characters\n");
        return JET_errInvalidParameter;
    }
    if (esentutl_value(run, 'k') != NULL || esentutl_value(run, 'p') != NULL) {
        fprintf(stderr, "esentutl: shrinking a database after recovery is not there yet\n");
        return JET_errFeatureNotAvailable;
    }
    TRY(read_recover_switches(run, &how));
    TRY(read_map(run, map, copies, &how));
    TRY(read_stream(how.folder, run->source, base, &logs));
    if (!logs.has_header)
        RAISE(JET_errMissingLogFile);
    if (run->page_size != 0 && run->page_size != logs.header.page_size)
        RAISE(JET_errPageSizeMismatch);
    how.base = base;
    print_recover_plan(&how, &logs);
    err = recover_replay(&how, &logs, NULL, NULL, &result);
    if (err >= 0)
        recover_report(&how, &result, err);
    if (how.database_folder != NULL)
        recover_report_databases(how.database_folder, false);
done:
    if (err < 0 && logs.count > 0)
        print_advice(err, &how);
    log_folder_release(&logs);
    for (size_t i = 0; i < ESENTUTL_MAPPED_MAX; i++)
        mem_free(copies[i]);
    return err;
}

/* --- /g --- */

static JET_ERR check_page_size(const struct esentutl_run *run, uint32_t found)
{
    return run->page_size == 0 || run->page_size == found ? JET_errSuccess : JET_errPageSizeMismatch;
}

/* A header that cannot be believed makes the file no database for whoever asks this program. */
static JET_ERR read_header(const struct esentutl_run *run, struct db_header *header, uint32_t *page_size)
{
    bool used_shadow;
    JET_ERR err = database_read_header(os_fs_posix(), run->source, header, page_size, &used_shadow, NULL);
    if (err >= 0)
        err = check_page_size(run, *page_size);
    return err == JET_errReadVerifyFailure || err == JET_errFileIOBeyondEOF ? JET_errDatabaseCorrupted : err;
}

static JET_ERR check_file(const struct esentutl_run *run, const struct check_options *options)
{
    struct check_report report;
    JET_ERR err = verify_database(&ESENTUTL, run->source, options, &report);
    return err < 0 ? err : report.errors > 0 ? JET_errDatabaseCorrupted : JET_errSuccess;
}

JET_ERR esentutl_integrity(const struct esentutl_run *run)
{
    struct db_header header;
    uint32_t page_size;
    struct collation_table *weights = NULL;
    JET_ERR err = read_header(run, &header, &page_size);
    if (err < 0)
        return err;
    printf("Integrity of the database %s\n", VISIBLE(run->source));
    if (header.state != DB_STATE_CLEAN)
        printf("error: it was not closed cleanly (%s), so that what is checked lacks what its logs hold; recover it first (/r)\n", db_state_name(header.state));
    if (collation_table_find(os_fs_posix(), &weights) < 0)
        weights = NULL; /* Unicode indexes are then counted only */
    err = check_file(run, &(struct check_options){.weights = weights});
    collation_table_close(weights);
    if (err >= 0 && header.state != DB_STATE_CLEAN)
        err = JET_errDatabaseCorrupted;
    puts(err >= 0 ? "Integrity check successful." : "Integrity check failed.");
    return err;
}

/* --- sets of logs --- */

/* DIR/edb or edb, where no file has that name: the logs of that base name. The caller frees *folder. */
static bool is_stream(const char *source, char **folder)
{
    return strlen(path_file_name(source)) == 3 && !os_exists(os_fs_posix(), source) && path_folder(source, folder) >= 0;
}

typedef JET_ERR (*log_visit)(const struct esentutl_run *run, const struct log_folder *logs, size_t i, uint64_t *sum, bool has_previous);

/* Every log of the stream in turn; the first error is the result, but hides none of the others. */
static JET_ERR visit_stream(const struct esentutl_run *run, const char *folder, log_visit visit)
{
    struct log_folder logs = {.count = 0};
    char base[4];
    uint64_t sum = 0;
    bool has_previous = false;
    JET_ERR first = JET_errSuccess, err = read_stream(folder, path_file_name(run->source), base, &logs);
    if (err >= 0 && logs.count == 0)
        err = JET_errFileNotFound;
    for (size_t i = 0; err >= 0 && i < logs.count; i++) {
        const struct log_file *f = &logs.files[i];
        if (i > 0 && f->generation > logs.files[i - 1].generation + 1) {
            printf("generations %u to %u are missing\n", logs.files[i - 1].generation + 1, f->generation - 1);
            first = first < 0 ? first : JET_errMissingLogFile;
            has_previous = false;
        }
        JET_ERR its_error = visit(run, &logs, i, &sum, has_previous);
        has_previous = f->error >= 0;
        first = first < 0 ? first : its_error;
    }
    log_folder_release(&logs);
    return err < 0 ? err : first;
}

/* --- /k --- */

static void print_log_verdict(const char *name, JET_ERR err, uint32_t segments)
{
    if (err < 0)
        printf("%s: %s (%d)\n", VISIBLE(name), error_name(err), (int)err);
    else
        printf("%s: good, %u segments\n", VISIBLE(name), segments);
}

static JET_ERR checksum_log_of(const struct esentutl_run *run, const struct log_folder *logs, size_t i, uint64_t *sum, bool has_previous)
{
    (void)run;
    struct log_generation g = {.image = NULL};
    JET_ERR err = recover_judge_log(logs, i, &g, sum, has_previous);
    print_log_verdict(logs->files[i].name, err, g.scan.last_segment);
    log_generation_release(&g);
    return err;
}

static JET_ERR checksum_log(const char *path)
{
    struct log_generation g = {.image = NULL};
    JET_ERR err = log_generation_read(os_fs_posix(), path, &g);
    if (err >= 0 && g.scan.error < 0 && !g.scan.is_torn_tail)
        err = g.scan.error;
    print_log_verdict(path, err, g.scan.last_segment);
    log_generation_release(&g);
    return err;
}

static JET_ERR checksum_checkpoint(const char *path)
{
    struct checkpoint checkpoint;
    JET_ERR err = checkpoint_file_read(os_fs_posix(), path, &checkpoint);
    if (err >= 0)
        printf("%s: good\n", VISIBLE(path));
    return err;
}

static JET_ERR checksum_flush_map(const char *path)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    struct os_file_info info;
    struct flush_map_header header;
    uint8_t *block = (uint8_t *)mem_alloc(FLUSH_MAP_PAGE_SIZE);
    if (block == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_open(os_fs_posix(), path, OS_OPEN_READ, &file));
    TRY(os_file_info(file, &info));
    TRY(os_file_read(file, 0, block, FLUSH_MAP_PAGE_SIZE));
    TRY(flush_map_header_decode(block, &header));
    uint32_t pages = (uint32_t)(info.size / FLUSH_MAP_PAGE_SIZE) - 1;
    for (uint32_t i = 0; i < pages; i++) {
        TRY(os_file_read(file, flush_map_file_offset(i), block, FLUSH_MAP_PAGE_SIZE));
        if (!is_all_zero(block, FLUSH_MAP_PAGE_SIZE)) /* not written yet */
            TRY(flush_map_page_verify(block, i));
    }
    printf("%s: good, %u pages\n", VISIBLE(path), pages);
done:
    os_file_close(file);
    mem_free(block);
    return err;
}

static JET_ERR checksum_database(const struct esentutl_run *run)
{
    struct db_header header;
    uint32_t page_size;
    JET_ERR err = read_header(run, &header, &page_size);
    if (err < 0 || esentutl_value(run, 'e') != NULL)
        return err;
    return check_file(run, &(struct check_options){.only_pages = true});
}

JET_ERR esentutl_checksum(const struct esentutl_run *run)
{
    char *folder = NULL;
    printf("Checksums of %s\n", VISIBLE(run->source));
    if (is_stream(run->source, &folder)) {
        JET_ERR err = visit_stream(run, folder, checksum_log_of);
        mem_free(folder);
        return err;
    }
    switch (info_kind_of(run->source)) {
    case INFO_LOG: return checksum_log(run->source);
    case INFO_CHECKPOINT: return checksum_checkpoint(run->source);
    case INFO_FLUSH_MAP: return checksum_flush_map(run->source);
    default: return checksum_database(run);
    }
}

/* --- /m --- */

/* What scripts look for in the header of a database, in the words that they look for. */
static void print_state(const struct db_header *h)
{
    const char *name = db_state_name(h->state);
    printf("State: ");
    for (const char *c = name; *c != 0; c++)
        printf(c != name && isupper((unsigned char)*c) ? " %c" : "%c", *c);
    printf("\nLog Required: %u-%u (0x%x-0x%x)\nLog Committed: 0-%u (0x0-0x%x)\n\n", h->gen_min_required, h->gen_max_required, h->gen_min_required, h->gen_max_required, h->gen_max_committed,
           h->gen_max_committed);
}

static JET_ERR show_database(const struct esentutl_run *run)
{
    struct db_header header;
    uint32_t page_size;
    if (info_kind_of(run->source) != INFO_DATABASE)
        return JET_errFileInvalidType;
    JET_ERR err = read_header(run, &header, &page_size);
    if (err < 0)
        return err;
    print_state(&header);
    return info_show(run->source, false, INFO_DATABASE);
}

static JET_ERR show_log(const struct esentutl_run *run, const char *path)
{
    printf("\n%s:\n", VISIBLE(path));
    JET_ERR err = info_show(path, false, INFO_LOG);
    if (err < 0 || esentutl_value(run, 'v') == NULL)
        return err;
    putchar('\n');
    return log_print(&ESENTUTL, path);
}

static JET_ERR show_log_of(const struct esentutl_run *run, const struct log_folder *logs, size_t i, uint64_t *sum, bool has_previous)
{
    (void)sum;
    (void)has_previous;
    JET_ERR err = show_log(run, logs->files[i].path);
    if (err < 0)
        print_log_verdict(logs->files[i].name, err, 0);
    return err;
}

static JET_ERR show_logs(const struct esentutl_run *run)
{
    char *folder = NULL;
    if (!is_stream(run->source, &folder))
        return show_log(run, run->source);
    JET_ERR err = visit_stream(run, folder, show_log_of);
    mem_free(folder);
    return err;
}

static JET_ERR show_rows(const struct esentutl_run *run)
{
    struct tool_database db;
    uint32_t damaged = 0;
    JET_ERR err = tool_database_try(&ESENTUTL, run->source, 0, NULL, &db);
    if (err < 0)
        return err;
    err = dump_database(&ESENTUTL, db.database, esentutl_value(run, 't'), &damaged);
    tool_database_close(&db);
    return err >= 0 && damaged > 0 ? JET_errDatabaseCorrupted : err;
}

JET_ERR esentutl_show(const struct esentutl_run *run)
{
    switch (run->view) {
    case 'k': return info_show(run->source, false, INFO_CHECKPOINT);
    case 'l': return show_logs(run);
    case 'p': return info_show(run->source, false, INFO_FLUSH_MAP);
    case 'm': return esentutl_catalog(run->source, esentutl_value(run, 't'), false);
    case 's': return esentutl_catalog(run->source, esentutl_value(run, 't'), true);
    case 'n': return show_rows(run);
    default: return show_database(run);
    }
}

/* --- /d --- */

/* The copy is nobody else's while it is made, and then as readable as the database was: root defragments what a service must open again. */
static JET_ERR compact_with_rights(const char *database, const char *made)
{
    mode_t mask = umask(S_IRWXG | S_IRWXO);
    JET_ERR err = compact_database(database, made);
    umask(mask);
    return err >= 0 ? replace_file_rights(database, made) : err;
}

/* The file itself where path is a symbolic link: it is what is replaced, and the link goes on to name it. Freed with free(). */
static JET_ERR resolve_link(const char *path, char **out)
{
    struct stat info;
    *out = lstat(path, &info) == 0 && S_ISLNK(info.st_mode) ? realpath(path, NULL) : strdup(path);
    return *out != NULL ? JET_errSuccess : errno == ENOMEM ? JET_errOutOfMemory : JET_errFileNotFound;
}

JET_ERR esentutl_defragment(const struct esentutl_run *run)
{
    JET_ERR err = JET_errSuccess;
    struct db_header header;
    uint32_t page_size;
    struct os_file_info before, after;
    char *made = NULL, *database = NULL;
    const char *kept = esentutl_value(run, 'b'), *given = esentutl_value(run, 't');
    TRY(resolve_link(run->source, &database));
    TRY(read_header(run, &header, &page_size));
    if (kept != NULL && os_exists(os_fs_posix(), kept))
        RAISE(JET_errFileAlreadyExists);
    made = (char *)mem_alloc(strlen(given != NULL ? given : database) + sizeof ".tempdfrg");
    if (made == NULL)
        RAISE(JET_errOutOfMemory);
    sprintf(made, "%s%s", given != NULL ? given : database, given != NULL ? "" : ".tempdfrg");
    printf("Defragmentation of %s, as %s meanwhile%s%s\n", VISIBLE(database), VISIBLE(made), kept != NULL ? ", the old one kept as " : "", VISIBLE(kept));
    TRY(os_stat(os_fs_posix(), database, &before));
    TRY(compact_with_rights(database, made));
    TRY(os_stat(os_fs_posix(), made, &after));
    printf("%llu bytes, were %llu\n", (unsigned long long)after.size, (unsigned long long)before.size);
    if (esentutl_value(run, 'p') == NULL)
        TRY(replace_file(os_fs_posix(), made, database, kept));
done:
    mem_free(made);
    free(database);
    return err;
}

/* --- /y, /p --- */

JET_ERR esentutl_copy(const struct esentutl_run *run)
{
    const char *given = esentutl_value(run, 'd'), *target = given != NULL ? given : path_file_name(run->source);
    printf("Copy of %s to %s\n", VISIBLE(run->source), VISIBLE(target));
    return recover_copy_file(run->source, target);
}

/* As on Windows: whoever sits at a terminal is asked, scripts are not. */
static bool is_confirmed(const struct esentutl_run *run)
{
    char answer[16];
    if (run->is_quiet || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return true;
    printf("Repair of %s: what cannot be read any more is lost from it. Recovery (/r) with the logs comes first, where there are any. Go on? [y/n] ",
           VISIBLE(run->source));
    fflush(stdout);
    return fgets(answer, sizeof answer, stdin) != NULL && tolower((unsigned char)answer[0]) == 'y';
}

/* /f NAME: NAME.integ.raw. */
static JET_ERR open_listing(const struct esentutl_run *run, FILE **out)
{
    const char *name = esentutl_value(run, 'f');
    static const char SUFFIX[] = ".integ.raw";
    *out = NULL;
    if (name == NULL)
        return JET_errSuccess;
    size_t room = strlen(name) + sizeof SUFFIX;
    char *path = (char *)mem_alloc(room);
    if (path == NULL)
        return JET_errOutOfMemory;
    snprintf(path, room, "%s%s", name, SUFFIX);
    *out = fopen(path, "we");
    mem_free(path);
    return *out != NULL ? JET_errSuccess : JET_errFileAccessDenied;
}

static bool is_sound(const struct esentutl_run *run)
{
    struct check_report report = {0};
    const struct check_options options = {.only_pages = false};
    return verify_database(&ESENTUTL, run->source, &options, &report) >= 0 && report.errors == 0 && report.state == DB_STATE_CLEAN;
}

JET_ERR esentutl_repair(const struct esentutl_run *run)
{
    JET_ERR err = JET_errSuccess;
    struct salvage_order order = {.temporary = esentutl_value(run, 't'), .kept = esentutl_value(run, 'b'), .page_size = run->page_size};
    struct repair_report report = {0};
    char *database = NULL;
    if (!os_exists(os_fs_posix(), run->source))
        RAISE(JET_errFileNotFound);
    TRY(resolve_link(run->source, &database));
    order.source = database;
    if (!is_confirmed(run)) {
        printf("%s stays as it is.\n", VISIBLE(run->source));
        goto done;
    }
    printf("Repair of %s%s%s\n", VISIBLE(database), order.kept != NULL ? ", the damaged one kept as " : "", VISIBLE(order.kept));
    if (esentutl_value(run, 'g') != NULL && is_sound(run))
        goto done;
    TRY(open_listing(run, &order.listing));
    mode_t mask = umask(S_IRWXG | S_IRWXO); /* nobody else's while it is made */
    err = salvage_database(&order, &report);
    umask(mask);
    TRY(err);
    salvage_summary(database, &report);
    err = report.is_undamaged ? JET_errSuccess : JET_wrnDatabaseRepaired;
done:
    if (order.listing != NULL && fclose(order.listing) != 0 && err >= 0)
        err = JET_errDiskIO;
    free(database);
    return err;
}
