/* ese info: what kind of file this is and what its header says: database, log, checkpoint, flush map. Never writes, never locks. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "database/database.h"
#include "format/checkpoint.h"
#include "format/flush_map.h"
#include "format/log_header.h"
#include "parts.h"
#include "visible.h"

/* Collects named values and prints them as aligned text or as one JSON object. */
struct printer {
    bool is_json;
    bool has_fields;
};

static void field_start(struct printer *p, const char *name)
{
    if (!p->is_json) {
        printf("%-24s ", name);
        return;
    }
    printf("%s  ", p->has_fields ? ",\n" : "{\n");
    print_json_string(stdout, name);
    printf(": ");
    p->has_fields = true;
}

static void field_text(struct printer *p, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void field_text(struct printer *p, const char *name, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    field_start(p, name);
    if (p->is_json)
        print_json_string(stdout, text);
    else
        printf("%s\n", VISIBLE(text));
}

static void field_number(struct printer *p, const char *name, uint64_t value)
{
    field_start(p, name);
    printf(p->is_json ? "%llu" : "%llu\n", (unsigned long long)value);
}

static void field_lgpos(struct printer *p, const char *name, lgpos_t position)
{
    char text[LGPOS_TEXT_SIZE];
    field_text(p, name, "%s", lgpos_format(position, text));
}

static void field_time(struct printer *p, const char *name, struct log_time time)
{
    char text[48];
    field_text(p, name, "%s", log_time_is_set(time) ? log_time_format(time, text, sizeof text) : "-");
}

static void field_signature(struct printer *p, const char *name, const struct signature *s)
{
    char text[2 * SIGNATURE_SIZE + 1];
    hex_encode(span_of(s->bytes, SIGNATURE_SIZE), text);
    text[2 * SIGNATURE_SIZE] = 0;
    field_text(p, name, "%s", text);
}

static void field_backup(struct printer *p, const char *name, const struct backup_info *info)
{
    char position[LGPOS_TEXT_SIZE], time[48];
    if (info->gen_low == 0 && info->gen_high == 0 && info->mark == 0)
        field_text(p, name, "-");
    else
        field_text(p, name, "%s, generations %u-%u, %s", lgpos_format(info->mark, position), info->gen_low, info->gen_high,
                   log_time_format(info->time, time, sizeof time));
}

static void finish(struct printer *p)
{
    if (p->is_json)
        printf("\n}\n");
}

/* --- databases --- */

static void print_identity(struct printer *p, const struct db_header *h, uint32_t page_size, bool used_shadow, uint64_t file_size)
{
    field_text(p, "kind", "%s", "database");
    field_number(p, "file_size", file_size);
    field_text(p, "header", "%s", used_shadow ? "primary copy damaged, shadow used" : "good");
    field_text(p, "version", "0x%x", h->version_major);
    field_number(p, "update_major", h->update_major);
    field_number(p, "update_minor", h->update_minor);
    field_text(p, "create_version", "0x%x", h->created_version_major);
    field_number(p, "create_update", h->created_update_major);
    field_number(p, "page_size", page_size);
    field_text(p, "state", "%s", db_state_name(h->state));
    field_number(p, "dbtime", h->dbtime);
    field_number(p, "objid_last", h->objid_last);
    field_number(p, "dbid", h->dbid);
    field_text(p, "flags", "0x%x", h->flags);
    field_number(p, "filetype", h->file_type);
    field_signature(p, "sign_db", &h->db_signature);
    field_time(p, "sign_db_time", signature_time(&h->db_signature));
    field_signature(p, "sign_log", &h->log_signature);
    field_text(p, "os", "%u.%u.%u SP%u", h->os_major, h->os_minor, h->os_build, h->os_service_pack);
}

static void print_history(struct printer *p, const struct db_header *h)
{
    field_lgpos(p, "consistent", h->lgpos_consistent);
    field_time(p, "consistent_time", h->logtime_consistent);
    field_lgpos(p, "attach", h->lgpos_attach);
    field_time(p, "attach_time", h->logtime_attach);
    field_lgpos(p, "detach", h->lgpos_detach);
    field_time(p, "detach_time", h->logtime_detach);
    field_lgpos(p, "reattach", h->lgpos_reattach);
    field_time(p, "reattach_time", h->logtime_reattach);
    field_lgpos(p, "last_resize", h->lgpos_last_resize);
    field_text(p, "gen_required", "%u-%u", h->gen_min_required, h->gen_max_required);
    field_number(p, "gen_committed", h->gen_max_committed);
    field_number(p, "gen_min_consistent", h->gen_min_consistent);
    field_number(p, "gen_recovering", h->gen_recovering);
    field_time(p, "genmax_create", h->logtime_gen_max_created);
    field_number(p, "efv_max_bin", h->engine_version_max);
    field_number(p, "repair_count", h->repair_count);
    field_number(p, "repair_count_old", h->repair_count_old);
    field_time(p, "repair_time", h->logtime_repair);
    field_number(p, "scrub_dbtime", h->dbtime_last_scrub);
    field_time(p, "scrub_time", h->logtime_scrub);
    field_number(p, "ecc_fix", h->ecc_fixed.count);
    field_number(p, "bad_checksum", h->bad_checksums.count);
    field_backup(p, "backup_full", &h->backup_full_previous);
    field_backup(p, "backup_incremental", &h->backup_incremental_previous);
    field_backup(p, "backup_copy", &h->backup_copy_previous);
    field_backup(p, "backup_differential", &h->backup_differential_previous);
    field_backup(p, "backup_current", &h->backup_full_current);
    field_signature(p, "sign_dbhdrflush", &h->header_flush_signature);
    field_signature(p, "sign_fmhdrflush", &h->flush_map_signature);
}

static void print_database(struct printer *p, const struct db_header *h, uint32_t page_size, bool used_shadow, uint64_t file_size)
{
    print_identity(p, h, page_size, used_shadow, file_size);
    print_history(p, h);
    finish(p);
}

/* --- logs, checkpoints, flush maps --- */

/* The list of attached databases of a log header or a checkpoint; a damaged tail is said, not hidden. */
static void print_attachments(struct printer *p, const uint8_t *list)
{
    char name[32], position[LGPOS_TEXT_SIZE];
    uint32_t offset = 0;
    struct attach_info info;
    bool at_end = false;
    for (;;) {
        if (attach_info_decode(list, ATTACH_LIST_SIZE, &offset, &info, &at_end) < 0) {
            field_text(p, "attached", "%s", "damaged list");
            return;
        }
        if (at_end)
            return;
        char *path = NULL;
        if (((info.flags & ATTACH_INFO_UTF16) != 0 && utf16le_to_utf8(info.path, &path) < 0) ||
            ((info.flags & ATTACH_INFO_UTF16) == 0 && (path = (char *)mem_copy(info.path.data, info.path.size)) == NULL))
            return;
        snprintf(name, sizeof name, "attached_%u", info.dbid);
        field_text(p, name, "%s (attached at %s)", path, lgpos_format(info.lgpos_attach, position));
        mem_free(path);
    }
}

static void print_log(struct printer *p, const struct log_header *h, uint64_t file_size)
{
    field_text(p, "kind", "%s", "log");
    field_number(p, "file_size", file_size);
    field_text(p, "generation", "0x%X", h->generation);
    field_text(p, "version", "%u.%u.%u.%u", h->version.major, h->version.minor, h->version.update_major, h->version.update_minor);
    field_time(p, "create", h->created);
    field_time(p, "prev_create", h->previous_created);
    field_number(p, "sector", h->sector_size);
    field_number(p, "header_sectors", h->header_sectors);
    field_number(p, "file_sectors", h->file_sectors);
    field_number(p, "page_size", h->page_size);
    field_lgpos(p, "checkpoint", h->checkpoint);
    field_text(p, "flags", "0x%X", h->flags);
    field_number(p, "efv", h->engine_version);
    field_signature(p, "sign_log", &h->log_signature);
    print_attachments(p, h->attach_list);
    finish(p);
}

static void print_checkpoint(struct printer *p, const struct checkpoint *c, uint64_t file_size)
{
    field_text(p, "kind", "%s", "checkpoint");
    field_number(p, "file_size", file_size);
    field_lgpos(p, "checkpoint", c->lgpos_checkpoint);
    field_lgpos(p, "consistency", c->lgpos_consistency);
    field_lgpos(p, "last_full_backup", c->full_backup);
    field_time(p, "last_full_backup_time", c->full_backup_time);
    field_lgpos(p, "last_incremental_backup", c->incremental_backup);
    field_time(p, "last_incremental_backup_time", c->incremental_backup_time);
    field_signature(p, "sign_log", &c->log_signature);
    if (c->has_attach_list)
        print_attachments(p, c->attach_list);
    finish(p);
}

static void print_flush_map(struct printer *p, const struct flush_map_header *h, uint64_t file_size)
{
    field_text(p, "kind", "%s", "flush map");
    field_number(p, "file_size", file_size);
    field_text(p, "version", "%u.%u.%u", h->version_major, h->version_update_major, h->version_update_minor);
    field_text(p, "clean", "%s", (h->flags & FLUSH_MAP_FLAG_CLEAN) != 0 ? "yes" : "no");
    field_time(p, "create_time", h->logtime_create);
    field_time(p, "attach_time", h->logtime_attach);
    field_time(p, "detach_time", h->logtime_detach);
    field_number(p, "gen_min_required", h->gen_min_required);
    field_signature(p, "sign_dbhdrflush", &h->db_header_flush_signature);
    field_signature(p, "sign_fmhdrflush", &h->flush_map_signature);
    finish(p);
}

/* --- which kind is it? --- */

enum { FILE_TYPE_OFFSET = 667, SMALL_HEADER = 4096 };

static bool show_log(struct printer *p, const uint8_t *head, uint64_t size)
{
    struct log_header header;
    if (size < SMALL_HEADER || load_le32(head + FILE_TYPE_OFFSET) != FILE_TYPE_LOG || log_header_check(head, 0) < 0)
        return false;
    log_header_decode(head, &header);
    print_log(p, &header, size);
    return true;
}

static bool show_checkpoint(struct printer *p, const uint8_t *head, uint64_t size)
{
    struct checkpoint checkpoint;
    if (size < 2 * SMALL_HEADER || load_le32(head + FILE_TYPE_OFFSET) != FILE_TYPE_CHECKPOINT)
        return false;
    if (checkpoint_decode(head, &checkpoint) < 0 && checkpoint_decode(head + SMALL_HEADER, &checkpoint) < 0)
        return false;
    print_checkpoint(p, &checkpoint, size);
    return true;
}

static bool show_flush_map(struct printer *p, const uint8_t *head, uint64_t size)
{
    struct flush_map_header header;
    if (size < FLUSH_MAP_PAGE_SIZE || load_le32(head + FILE_TYPE_OFFSET) != FILE_TYPE_FLUSH_MAP || flush_map_header_decode(head, &header) < 0)
        return false;
    print_flush_map(p, &header, size);
    return true;
}

JET_ERR info_show(const char *path, bool is_json, unsigned kinds)
{
    JET_ERR err = JET_errSuccess;
    struct printer printer = {.is_json = is_json}, *p = &printer;
    struct os_file *file = NULL;
    struct os_file_info info = {0};
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    uint8_t *head = (uint8_t *)mem_alloc(FLUSH_MAP_PAGE_SIZE);
    if (head == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_open(os_fs_posix(), path, OS_OPEN_READ, &file));
    TRY(os_file_info(file, &info));
    if (info.is_directory)
        RAISE(JET_errFileInvalidType);
    TRY(os_file_read(file, 0, head, info.size < FLUSH_MAP_PAGE_SIZE ? (size_t)info.size : FLUSH_MAP_PAGE_SIZE));
    if (((kinds & INFO_LOG) != 0 && show_log(p, head, info.size)) || ((kinds & INFO_CHECKPOINT) != 0 && show_checkpoint(p, head, info.size)) ||
        ((kinds & INFO_FLUSH_MAP) != 0 && show_flush_map(p, head, info.size)))
        goto done;
    if ((kinds & INFO_DATABASE) == 0)
        RAISE(JET_errFileInvalidType);
    TRY(database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL));
    print_database(p, &header, page_size, used_shadow, info.size);
done:
    os_file_close(file);
    mem_free(head);
    return err;
}

enum info_kind info_kind_of(const char *path)
{
    struct os_file *file = NULL;
    uint8_t type[4] = {0};
    enum info_kind kind = INFO_DATABASE;
    if (os_file_open(os_fs_posix(), path, OS_OPEN_READ, &file) >= 0 && os_file_read(file, FILE_TYPE_OFFSET, type, sizeof type) >= 0) {
        uint32_t number = load_le32(type);
        kind = number == FILE_TYPE_LOG ? INFO_LOG : number == FILE_TYPE_CHECKPOINT ? INFO_CHECKPOINT : number == FILE_TYPE_FLUSH_MAP ? INFO_FLUSH_MAP : INFO_DATABASE;
    }
    os_file_close(file);
    return kind;
}

static int run_info(const struct command *self, int argc, char **argv)
{
    struct option_spec options[] = {{"json", 0, false, NULL}};
    int count, status = EXIT_GOOD;
    if (!tool_options(self, argc, argv, options, 1, &count, &status))
        return status;
    if (count == 0)
        return tool_usage(self, "needs a file");
    for (int i = 0; i < count; i++) {
        bool is_json = options[0].value != NULL;
        if (count > 1 && !is_json)
            printf("%s%s:\n", i > 0 ? "\n" : "", VISIBLE(argv[i]));
        JET_ERR err = info_show(argv[i], is_json, INFO_ANY);
        if (err >= 0)
            continue;
        const char *hint = tool_path_hint(err, argv[i], false);
        if (err == JET_errFileNotFound || hint[0] != 0)
            status = tool_error(self, err, "cannot read %s%s", argv[i], hint);
        else
            status = tool_error(self, err, "%s: no valid header of a database, log, checkpoint or flush map", argv[i]);
    }
    return status;
}

const struct command COMMAND_INFO = {
    "info", "show the header of a database, log, checkpoint or flush map",
    "usage: ese info [--json] FILE...\n\n"
    "Shows the header of each file: a database (.edb, .dat, .dit, ...), a transaction log\n"
    "(.log, .jtx), a checkpoint (.chk, .jcp) or a flush map (.jfm). The kind is found from\n"
    "the content. Nothing is written or locked.\n\n"
    "      --json  one JSON object per file\n"
    "  -h, --help  this text\n",
    run_info,
};
