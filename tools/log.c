/* ese log: the records of transaction logs, one line each, or what the transactions in them did to rows (log_rows.c).
 *
 * Files are read one after another as they stand, without a database; only --table needs one, to learn which trees a table has. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "format/log_record.h"
#include "log_folder.h"
#include "log_rows.h"
#include "open_database.h"
#include "os/path.h"
#include "parts.h"
#include "visible.h"

enum { OBJIDS_MAX = 512, STALE_BYTES = 32, DETAIL_SIZE = 4096 };

struct list_run {
    const struct command *self;
    page_no_t page;               /* 0: all */
    uint32_t objids[OBJIDS_MAX];  /* trees of --table */
    uint32_t objid_count;
    bool by_table, is_json;
    lgpos_t since;
    uint64_t count;
    uint32_t damaged;
};

/* --- text of a record --- */

/* The names of the list are those that tools of the original print. */
static const char *name_of(uint8_t type)
{
    switch (type) {
    case LR_SHUTDOWN_MARK: return "ShutDown";
    case LR_SET_EXTERNAL_HEADER: return "SetExtHdr";
    case LR_FLAG_INSERT_AND_REPLACE: return "FlagInsertRepl";
    default: return log_record_name(type);
    }
}

static void time_text(struct log_time t, char *text, size_t size)
{
    snprintf(text, size, "%04u-%02u-%02uT%02u:%02u:%02u", 1900u + t.bytes[5], t.bytes[4], t.bytes[3], t.bytes[2], t.bytes[1], t.bytes[0]);
}

/* Text with control characters and quotes made visible: "\x00", and backslashes doubled. */
static void append_escaped(char *out, size_t room, const char *text, size_t size)
{
    size_t at = strlen(out);
    for (size_t i = 0; i < size && at + 5 < room; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\\')
            at += (size_t)snprintf(out + at, room - at, "\\\\");
        else if (c < 0x20 || c == 0x7F)
            at += (size_t)snprintf(out + at, room - at, "\\x%02x", c);
        else
            out[at++] = (char)c;
    }
    out[at] = 0;
}

static void append_path(char *out, size_t room, struct span path, bool is_utf16)
{
    char *utf8 = NULL;
    bool has_end = is_utf16 && path.size >= 2 && path.data[path.size - 1] == 0 && path.data[path.size - 2] == 0;
    if (is_utf16 && utf16le_to_utf8(path, &utf8) >= 0)
        append_escaped(out, room, utf8, strlen(utf8));
    else if (!is_utf16)
        append_escaped(out, room, (const char *)path.data, path.size);
    if (has_end)
        append_escaped(out, room, "", 1);
    mem_free(utf8);
}

static void describe_term(const struct log_record *r, char *out)
{
    char position[LGPOS_TEXT_SIZE], from[LGPOS_TEXT_SIZE], time[40] = "";
    if (r->term.has_time)
        time_text(r->term.time, time, sizeof time);
    snprintf(out, DETAIL_SIZE, "%s lgpos=%s redoFrom=%s hard=%d %s", name_of(r->type), lgpos_format(r->term.position, position), lgpos_format(r->term.redo_from, from),
             r->term.is_hard ? 1 : 0, time);
}

static void describe(const struct log_record *r, char *out)
{
    char text[64];
    out[0] = 0;
    switch (r->type) {
    case LR_INIT:
    case LR_INIT2:
        if (r->init.has_time)
            time_text(r->init.time, text, sizeof text);
        snprintf(out, DETAIL_SIZE, "%s %s", name_of(r->type), r->init.has_time ? text : "");
        break;
    case LR_TERM:
    case LR_TERM2:
    case LR_RECOVERY_QUIT:
    case LR_RECOVERY_QUIT2:
    case LR_RECOVERY_QUIT_KEEP_ATTACHMENTS: describe_term(r, out); break;
    case LR_RECOVERY_UNDO2: snprintf(out, DETAIL_SIZE, "RecoveryUndo2"); break;
    case LR_ATTACH_DB:
        snprintf(out, DETAIL_SIZE, "AttachDB db=%u cons=%s path='", r->attach.dbid, lgpos_format(r->attach.lgpos_consistent, text));
        append_path(out, DETAIL_SIZE, r->attach.path, (r->attach.flags & 8) != 0);
        break;
    case LR_CREATE_DB:
        snprintf(out, DETAIL_SIZE, "CreateDB db=%u grbit=0x%x path='", r->create.dbid, r->create.grbit);
        if ((r->create.flags & 4) != 0) /* the version words stand before the path */
            append_escaped(out, DETAIL_SIZE, (const char[]){(char)r->create.version, (char)r->create.update}, 2);
        append_path(out, DETAIL_SIZE, r->create.path, (r->create.flags & 8) != 0);
        break;
    case LR_DETACH_DB:
        snprintf(out, DETAIL_SIZE, "DetachDB db=%u path='", r->detach.dbid);
        append_path(out, DETAIL_SIZE, r->detach.path, (r->detach.flags & 0x10) != 0);
        break;
    case LR_TRACE:
        snprintf(out, DETAIL_SIZE, "Trace b'");
        append_escaped(out, DETAIL_SIZE, (const char *)r->bytes.data + 5, r->bytes.size - 5);
        break;
    default:
        if (r->has_node)
            snprintf(out, DETAIL_SIZE, "obj=%u", r->node.objid);
        break;
    }
    if (strchr(out, '\'') != NULL && strlen(out) + 2 < DETAIL_SIZE)
        strcat(out, "'");
}

/* --- which records --- */

/* Other pages of operations on several. */
static bool touches_page(const struct log_record *r, page_no_t page)
{
    static const struct { uint8_t type, offsets[4]; } OTHERS[] = {
        {LR_SPLIT2, {32, 36}}, {LR_MERGE2, {32, 44}}, {LR_PAGE_MOVE, {32, 36, 40, 44}}, {LR_CREATE_ME_FDP, {36, 40}}, {LR_CONVERT_FDP2, {36, 40}},
    };
    if (r->has_page && r->page.page_no == page)
        return true;
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++)
        for (size_t k = 0; r->type == OTHERS[i].type && k < 4 && OTHERS[i].offsets[k] != 0; k++)
            if (load_le32(r->bytes.data + OTHERS[i].offsets[k]) == page)
                return true;
    return false;
}

/* The object id of the tree that a record changes; 0: none. */
static uint32_t objid_of(const struct log_record *r)
{
    switch (r->type) {
    case LR_CREATE_SE_FDP:
    case LR_CREATE_ME_FDP:
    case LR_CONVERT_FDP2: return load_le32(r->bytes.data + 32);
    case LR_NEW_PAGE: return load_le32(r->bytes.data + 8);
    case LR_SPLIT2: return load_le32(r->bytes.data + 64);
    case LR_MERGE2: return load_le32(r->bytes.data + 72);
    case LR_PAGE_MOVE: return load_le32(r->bytes.data + 76);
    case LR_ROOT_PAGE_MOVE: return load_le32(r->bytes.data + 10);
    default: return r->has_node ? r->node.objid : 0;
    }
}

static bool is_wanted(const struct list_run *run, const struct log_record *r, lgpos_t position)
{
    if (lgpos_normalize(position) < lgpos_normalize(run->since) || (run->page != 0 && !touches_page(r, run->page)))
        return false;
    if (!run->by_table)
        return true;
    uint32_t objid = objid_of(r);
    for (uint32_t i = 0; i < run->objid_count; i++)
        if (objid != 0 && run->objids[i] == objid)
            return true;
    return false;
}

/* --- output --- */

static bool has_before(const struct log_record *r) { return r->has_page && r->type != LR_NEW_PAGE; }

static void print_text(const char *file, lgpos_t position, const struct log_record *r, const char *detail)
{
    char text[LGPOS_TEXT_SIZE];
    printf("%s\t%s\t%u\t%s\t%u\t", VISIBLE(file), lgpos_format(position, text), r->type, name_of(r->type), r->size);
    if (r->has_page)
        printf("%u\t%llu\t", r->page.page_no, (unsigned long long)(r->has_dbtime ? r->dbtime : r->page.dbtime));
    else
        printf("\t\t");
    if (has_before(r))
        printf("%llu", (unsigned long long)r->page.dbtime_before);
    putchar('\t');
    print_visible(stdout, detail);
    putchar('\n');
}

static void print_json(const char *file, lgpos_t position, const struct log_record *r, const char *detail)
{
    char text[LGPOS_TEXT_SIZE];
    printf("{\"file\":");
    print_json_string(stdout, file);
    printf(",\"lgpos\":\"%s\",\"type\":%u,\"name\":\"%s\",\"size\":%u", lgpos_format(position, text), r->type, name_of(r->type), r->size);
    if (r->has_session)
        printf(",\"session\":%u", r->procid);
    if (r->has_page)
        printf(",\"page\":%u,\"dbtime\":%llu", r->page.page_no, (unsigned long long)(r->has_dbtime ? r->dbtime : r->page.dbtime));
    if (has_before(r) && r->page.dbtime_before != DBTIME_IN_MACRO)
        printf(",\"dbtime_before\":%llu", (unsigned long long)r->page.dbtime_before);
    if (objid_of(r) != 0)
        printf(",\"objid\":%u", objid_of(r));
    if (detail[0] != 0) {
        printf(",\"detail\":");
        print_json_string(stdout, detail);
    }
    printf("}\n");
}

/* What ends the valid part: the sector behind it when that is a copy of the last segment or something older. */
static void print_stale(const struct list_run *run, const char *file, const struct log_generation *g)
{
    uint32_t sector = g->scan.last_segment + 1;
    const uint8_t *bytes = g->image + (size_t)sector * LOG_SEGMENT_SIZE;
    char text[LGPOS_TEXT_SIZE], hex[2 * STALE_BYTES + 1] = "";
    if (sector >= g->sectors || is_all_zero(bytes, LOG_SEGMENT_SIZE) || run->page != 0 || run->by_table || run->is_json || lgpos_make(g->header.generation, sector, 0) < run->since)
        return;
    hex_encode(span_of(bytes, STALE_BYTES), hex);
    printf("%s\t%s\t\t#stale\t\t\t\t\t%.*s\n", VISIBLE(file), lgpos_format(lgpos_make(g->header.generation, sector, 0), text), 2 * STALE_BYTES, hex);
}

static JET_ERR list_records(struct list_run *run, const char *file, const struct log_generation *g)
{
    JET_ERR err = JET_errSuccess;
    struct log_walk walk;
    struct log_record_ref ref;
    struct log_record record;
    char *detail = (char *)mem_alloc(DETAIL_SIZE);
    log_walk_begin(&walk, g->image, g->header.generation, g->scan.last_segment, 0);
    if (detail == NULL)
        RAISE(JET_errOutOfMemory);
    while ((err = log_walk_next(&walk, &ref)) >= 0) {
        TRY(log_record_decode(ref.bytes, &record));
        if (!is_wanted(run, &record, ref.position))
            continue;
        run->count++;
        describe(&record, detail);
        if (run->is_json)
            print_json(file, ref.position, &record, detail);
        else
            print_text(file, ref.position, &record, detail);
        if (ferror(stdout))
            RAISE(JET_errDiskFull);
    }
    err = err == JET_errNoCurrentRecord ? g->scan.error : err;
done:
    if (err >= 0)
        print_stale(run, file, g);
    log_walk_end(&walk);
    mem_free(detail);
    return err;
}

static JET_ERR list_generation(struct list_run *run, const char *path, const char *label)
{
    struct log_generation g = {.image = NULL};
    JET_ERR err = log_generation_read(os_fs_posix(), path, &g);
    if (err >= 0 && lgpos_make(g.header.generation + 1, 0, 0) > run->since)
        err = list_records(run, label, &g);
    log_generation_release(&g);
    return err;
}

static void print_heading(void) { puts("file\tlgpos\tlrtyp\tname\tsize\tpgno\tdbtime\tdbtime_before\tdetail"); }

JET_ERR log_print(const struct command *self, const char *path)
{
    struct list_run run = {.self = self};
    print_heading();
    return list_generation(&run, path, path_file_name(path));
}

/* A damaged log is listed as far as it can be read and does not hide the others. */
static int list_file(struct list_run *run, const char *path, const char *label)
{
    JET_ERR err = list_generation(run, path, label);
    if (err >= 0)
        return EXIT_GOOD;
    run->damaged++;
    (void)fflush(stdout);
    return tool_error(run->self, err, "%s cannot be read to its end%s", path, tool_path_hint(err, path, false));
}

static int list_folder(struct list_run *run, const char *folder, const char *base)
{
    struct log_folder logs;
    int status = EXIT_GOOD;
    JET_ERR err = log_folder_read(folder, base, &logs);
    if (err < 0)
        return tool_error(run->self, err, "cannot read %s%s", folder, tool_path_hint(err, folder, true));
    if (logs.count == 0)
        status = tool_error(run->self, JET_errMissingLogFile, "%s holds no log", folder);
    for (size_t i = 0; i < logs.count; i++)
        if (list_file(run, logs.files[i].path, logs.files[i].name) != EXIT_GOOD)
            status = EXIT_FINDINGS;
    log_folder_release(&logs);
    return status;
}

/* --- --table --- */

static void add_objid(struct list_run *run, uint32_t objid)
{
    if (objid != 0 && run->objid_count < OBJIDS_MAX)
        run->objids[run->objid_count++] = objid;
}

static int find_trees(struct list_run *run, const char *table, const char *database)
{
    struct tool_database db;
    struct catalog *catalog;
    const struct table_schema *schema = NULL;
    int status = tool_database_open(run->self, database, 0, NULL, &db);
    if (status != EXIT_GOOD)
        return status;
    JET_ERR err = catalog_open(db.database, &catalog);
    if (err >= 0)
        err = catalog_find_table(catalog, table, &schema);
    if (err >= 0) {
        run->by_table = true;
        add_objid(run, schema->objid);
        add_objid(run, schema->lv_objid);
        for (uint32_t i = 0; i < schema->index_count; i++)
            if (!index_is_primary(&schema->indexes[i]))
                add_objid(run, schema->indexes[i].objid);
        catalog_release_table(catalog, schema);
    }
    tool_database_close(&db);
    return err < 0 ? tool_error(run->self, err, "table %s of %s", table, database) : EXIT_GOOD;
}

/* --- command line --- */

static bool parse_position(const char *text, lgpos_t *out)
{
    unsigned generation = 0, segment = 0, byte = 0;
    char rest;
    int fields = sscanf(text, "%x:%x:%x%c", &generation, &segment, &byte, &rest);
    if (fields < 1 || fields > 3 || generation == 0 || segment > UINT16_MAX || byte > UINT16_MAX)
        return false;
    *out = lgpos_make(generation, segment, byte);
    return true;
}

static int run_log(const struct command *self, int argc, char **argv)
{
    struct option_spec options[] = {{"page", 'p', true, NULL}, {"table", 't', true, NULL}, {"since", 's', true, NULL}, {"json", 0, false, NULL},
                                    {"rows", 0, false, NULL},  {"db", 'd', true, NULL},    {"base", 0, true, NULL}};
    struct list_run run = {.self = self};
    struct os_file_info info;
    int count, status = EXIT_GOOD;
    char *end = NULL;
    if (!tool_options(self, argc, argv, options, sizeof options / sizeof options[0], &count, &status))
        return status;
    if (count != 1)
        return tool_usage(self, "needs one folder or log file");
    const char *table = options[1].value, *database = options[5].value;
    if (options[0].value != NULL && ((run.page = (page_no_t)strtoul(options[0].value, &end, 0)) == 0 || *end != 0))
        return tool_usage(self, "--page takes a page number");
    if (options[2].value != NULL && !parse_position(options[2].value, &run.since))
        return tool_usage(self, "--since takes GENERATION:SEGMENT:BYTE in hexadecimal");
    if (options[6].value != NULL && strlen(options[6].value) != 3)
        return tool_usage(self, "--base takes three characters");
    run.is_json = options[3].value != NULL;
    static char buffer[1 << 16];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    if (options[4].value != NULL) {
        struct log_rows_options rows = {.folder = argv[0], .base = options[6].value, .table = table, .page = run.page, .since = run.since, .is_json = run.is_json};
        return log_rows(self, &rows);
    }
    if (table != NULL && database == NULL)
        return tool_usage(self, "--table needs --db DATABASE");
    if (table != NULL)
        status = find_trees(&run, table, database);
    if (status != EXIT_GOOD)
        return status;
    if (os_stat(os_fs_posix(), argv[0], &info) < 0)
        return tool_error(self, JET_errFileNotFound, "cannot read %s", argv[0]);
    if (!run.is_json)
        print_heading();
    status = info.is_directory ? list_folder(&run, argv[0], options[6].value) : list_file(&run, argv[0], path_file_name(argv[0]));
    if (fflush(stdout) != 0)
        status = tool_error(self, JET_errDiskFull, "cannot write the list");
    return status;
}

const struct command COMMAND_LOG = {
    "log", "list the records of transaction logs, or what they did to rows",
    "usage: ese log [OPTIONS] FOLDER | LOGFILE\n"
    "       ese log --rows [OPTIONS] FOLDER\n\n"
    "Prints one line a record, fields separated by tabs: file, position (generation:segment:\n"
    "byte, hexadecimal), type, name, size, page, dbtime, dbtime before, detail. A line #stale\n"
    "tells what follows the last valid segment. With --rows: what each transaction did, row by\n"
    "row; for that the folder's databases are recovered in a temporary copy.\n\n"
    "  -p, --page P        only records that change this page\n"
    "  -t, --table T       only this table's trees (its rows, long values, indexes)\n"
    "  -d, --db DATABASE   with --table: the database that has the table, clean or not\n"
    "  -s, --since LGPOS   only records from this position on\n"
    "      --base NAME     base name of the logs, when FOLDER has several streams\n"
    "      --rows          rows instead of records\n"
    "      --json          one JSON object a line\n"
    "  -h, --help          this text\n",
    run_log,
};
