/* ese log --rows (log_rows.h).
 *
 * A record of a log names a page and a line; which row that is stands in the page. So the logs are replayed, twice, in temporary copies of the folder: the first recovery
 * gives the databases whose catalogs say what the tables look like; during the second one recovery/ tells of every change before it is made (struct recovery_change).
 * When the logs begin with generation 1 the second one starts from nothing, so that every row is known; otherwise from the databases as they are, and what a page knew
 * already cannot be told ("?"). What belongs to no tree of a catalog, or to a database that is not there, is told by its object id and bytes. */
#include "log_rows.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "catalog/catalog.h"
#include "export_value.h"
#include "open_database.h"
#include "os/path.h"
#include "record/long_value.h"
#include "record/record.h"
#include "recover.h"
#include "set/scratch.h"
#include "time_text.h"
#include "visible.h"

enum { DATABASES_MAX = 16, TREE_BITS = 12, TREE_SLOTS = 1 << TREE_BITS };

/* A tree that a catalog names. */
enum tree_kind { TREE_ROWS, TREE_LONG_VALUES, TREE_INDEX };
struct tree {
    struct tree *next;
    uint32_t database, objid;
    enum tree_kind kind;
    const struct table_schema *schema;
};

struct rows_run {
    const struct command *self;
    const struct log_rows_options *options;
    struct tool_database databases[DATABASES_MAX];
    struct catalog *catalogs[DATABASES_MAX];
    char *names[DATABASES_MAX];
    uint32_t database_count;
    struct tree *trees[TREE_SLOTS];
    bool has_no_reader; /* the other end of the pipe is closed: nothing to complain of */
};

/* --- trees --- */

struct collect {
    struct rows_run *run;
    uint32_t database;
};

static JET_ERR add_tree(struct rows_run *run, uint32_t database, uint32_t objid, enum tree_kind kind, const struct table_schema *schema)
{
    struct tree *tree = (struct tree *)mem_alloc(sizeof *tree);
    if (tree == NULL)
        return JET_errOutOfMemory;
    struct tree **slot = &run->trees[objid % TREE_SLOTS];
    *tree = (struct tree){*slot, database, objid, kind, catalog_retain_table(run->catalogs[database], schema)};
    *slot = tree;
    return JET_errSuccess;
}

/* The schema is held once for each tree of it. */
static JET_ERR collect_table(void *context, const struct catalog_table *table)
{
    JET_ERR err = JET_errSuccess;
    const struct collect *c = (const struct collect *)context;
    if (table->schema == NULL)
        goto done; /* damaged: its rows stay bytes */
    TRY(add_tree(c->run, c->database, table->objid, TREE_ROWS, table->schema));
    if (table->schema->lv_objid != 0)
        TRY(add_tree(c->run, c->database, table->schema->lv_objid, TREE_LONG_VALUES, table->schema));
    for (uint32_t i = 0; i < table->schema->index_count; i++)
        if (table->schema->indexes[i].objid != table->objid)
            TRY(add_tree(c->run, c->database, table->schema->indexes[i].objid, TREE_INDEX, table->schema));
done:
    return err;
}

static const struct tree *find_tree(const struct rows_run *run, uint32_t database, uint32_t objid)
{
    for (const struct tree *t = run->trees[objid % TREE_SLOTS]; t != NULL; t = t->next)
        if (t->objid == objid && t->database == database)
            return t;
    return NULL;
}

static JET_ERR open_catalogs(struct rows_run *run, const char *folder)
{
    JET_ERR err = JET_errSuccess;
    char **names = NULL, *path = NULL;
    size_t count = 0;
    TRY(os_dir_list(os_fs_posix(), folder, &names, &count));
    for (size_t i = 0; i < count && run->database_count < DATABASES_MAX; i++) {
        uint32_t n = run->database_count;
        if (!recover_is_database(folder, names[i]))
            continue;
        mem_free(path);
        path = NULL;
        TRY(path_join(folder, names[i], &path));
        if (tool_database_open(run->self, path, 0, NULL, &run->databases[n]) != EXIT_GOOD)
            continue;
        run->names[n] = mem_strdup(names[i]);
        run->database_count++;
        if (run->names[n] == NULL)
            RAISE(JET_errOutOfMemory);
        TRY(catalog_open(run->databases[n].database, &run->catalogs[n]));
        struct collect collect = {run, n};
        err = catalog_visit_tables(run->catalogs[n], collect_table, &collect);
        if (err == JET_errOutOfMemory)
            goto done;
        err = JET_errSuccess; /* a damaged catalog: objects without names */
    }
done:
    mem_free(path);
    os_dir_list_free(names, count);
    return err;
}

static void close_catalogs(struct rows_run *run)
{
    for (size_t i = 0; i < TREE_SLOTS; i++) {
        while (run->trees[i] != NULL) {
            struct tree *t = run->trees[i];
            run->trees[i] = t->next;
            catalog_release_table(run->catalogs[t->database], t->schema);
            mem_free(t);
        }
    }
    for (uint32_t i = 0; i < run->database_count; i++) {
        tool_database_close(&run->databases[i]);
        mem_free(run->names[i]);
    }
}

/* By the file name of the logged path. */
static uint32_t database_of(const struct rows_run *run, const char *logged_path)
{
    const char *name = logged_path != NULL ? path_foreign_file_name(logged_path) : "";
    for (uint32_t i = 0; i < run->database_count; i++)
        if (strcasecmp(run->names[i], name) == 0)
            return i;
    return DATABASES_MAX;
}

/* --- columns --- */

static bool same_value(const struct column_value *a, const struct column_value *b)
{
    return a->flags == b->flags && a->lid == b->lid && a->bytes.size == b->bytes.size && (a->bytes.size == 0 || memcmp(a->bytes.data, b->bytes.data, a->bytes.size) == 0);
}

static bool is_stored(const struct column_value *v) { return (v->flags & (COLUMN_VALUE_NULL | COLUMN_VALUE_DEFAULT | COLUMN_VALUE_USER_DEFAULT)) == 0; }

static JET_ERR print_value(const struct column *column, const struct column_value *value)
{
    JET_ERR err = JET_errSuccess;
    struct value_buffer plain = {0};
    struct export_value out = {0};
    struct span bytes = value->bytes;
    if (!is_stored(value)) {
        printf("null");
        goto done;
    }
    if ((value->flags & COLUMN_VALUE_SEPARATED) != 0) {
        printf("\"long value %llu\"", (unsigned long long)value->lid);
        goto done;
    }
    if ((value->flags & COLUMN_VALUE_COMPRESSED) != 0) {
        uint32_t total = 0, written = 0;
        TRY(column_value_read(value, 0, NULL, 0, &written, &total));
        TRY(value_buffer_reserve(&plain, total));
        TRY(column_value_read(value, 0, plain.data, total, &written, &total));
        bytes = span_of(plain.data, written);
    }
    if ((value->flags & COLUMN_VALUE_ENCRYPTED) != 0) {
        printf("\"encrypted\"");
        goto done;
    }
    TRY(export_value_make(column, bytes, &out));
    export_value_json(stdout, &out);
done:
    export_value_release(&out);
    value_buffer_free(&plain);
    return err;
}

/* A record of bytes that may be no record at all. */
static bool open_record(const struct table_schema *schema, bool has_bytes, struct span bytes, struct record_view *out)
{
    return has_bytes && record_view_init(out, bytes, schema->page_size) >= 0;
}

static bool value_of(const struct record_view *record, const struct column *column, uint32_t sequence, struct column_value *out)
{
    *out = (struct column_value){.flags = COLUMN_VALUE_NULL};
    return record == NULL || record_column(record, column, sequence, out) >= 0;
}

static uint32_t value_count(const struct record_view *record, const struct column *column)
{
    uint32_t count = 0;
    return record != NULL && record_column_count(record, column, &count) >= 0 ? count : 0;
}

/* The stored values of one record; as a JSON object, or "\tname=value". */
static JET_ERR print_record(const struct rows_run *run, const struct table_schema *schema, const struct record_view *record)
{
    JET_ERR err = JET_errSuccess;
    const char *separator = "";
    for (uint32_t i = 0; i < schema->column_count; i++) {
        const struct column *column = &schema->columns[i];
        uint32_t count = column->type == COLUMN_TYPE_NIL ? 0 : value_count(record, column);
        for (uint32_t k = 1; k <= count; k++) {
            struct column_value value;
            char name[32] = "";
            if (!value_of(record, column, k, &value) || !is_stored(&value))
                continue;
            if (count > 1)
                snprintf(name, sizeof name, "[%u]", k);
            if (run->options->is_json) {
                char label[300];
                snprintf(label, sizeof label, "%s%s", column->name, name);
                fputs(separator, stdout);
                print_json_string(stdout, label);
                putchar(':');
            } else {
                printf("\t%s%s=", VISIBLE(column->name), name);
            }
            TRY(print_value(column, &value));
            separator = ",";
        }
    }
done:
    return err;
}

/* What differs between two records: "\tname=before->after". */
static JET_ERR print_difference(const struct table_schema *schema, const struct record_view *before, const struct record_view *after)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < schema->column_count; i++) {
        const struct column *column = &schema->columns[i];
        if (column->type == COLUMN_TYPE_NIL)
            continue;
        uint32_t count = value_count(before, column), count_after = value_count(after, column);
        if (count_after > count)
            count = count_after;
        for (uint32_t k = 1; k <= count; k++) {
            struct column_value old, new;
            if (!value_of(before, column, k, &old) || !value_of(after, column, k, &new) || same_value(&old, &new))
                continue;
            if (count > 1)
                printf("\t%s[%u]=", VISIBLE(column->name), k);
            else
                printf("\t%s=", VISIBLE(column->name));
            TRY(print_value(column, &old));
            printf("->");
            TRY(print_value(column, &new));
        }
    }
done:
    return err;
}

/* Bytes that no schema explains. */
static void print_bytes(const struct rows_run *run, const char *label, bool has_bytes, struct span bytes)
{
    if (!has_bytes)
        return;
    printf(run->options->is_json ? ",\"%s\":\"" : "\t%s=\"", label);
    print_hex(stdout, bytes);
    putchar('"');
}

static void print_both_bytes(const struct rows_run *run, const struct recovery_change *c)
{
    print_bytes(run, "before_bytes", c->has_before, c->before);
    print_bytes(run, "after_bytes", c->has_after, c->after);
}

static JET_ERR print_json_record(const struct rows_run *run, const char *label, const struct table_schema *schema, bool has_bytes, struct span bytes)
{
    struct record_view record;
    if (!open_record(schema, has_bytes, bytes, &record)) {
        char name[32];
        snprintf(name, sizeof name, "%s_bytes", label);
        print_bytes(run, name, has_bytes, bytes);
        return JET_errSuccess;
    }
    printf(",\"%s\":{", label);
    JET_ERR err = print_record(run, schema, &record);
    putchar('}');
    return err;
}

/* Nodes of a long-value tree: the root with size and number of references, the chunks with their stored bytes, which are compressed when they are fewer than a chunk holds. */
static void print_long_value(const struct rows_run *run, const struct recovery_change *c)
{
    bool is_json = run->options->is_json, has_bytes = c->has_after || (c->has_before && c->kind == RECOVERY_DELETE);
    struct span bytes = c->has_after ? c->after : c->before;
    struct long_value_key key;
    struct long_value_info info;
    if (!c->has_key || long_value_key_decode(c->key, &key) < 0) {
        print_both_bytes(run, c);
        return;
    }
    printf(is_json ? ",\"lid\":%llu" : "\tlid=%llu", (unsigned long long)key.lid);
    if (key.is_chunk) {
        printf(is_json ? ",\"offset\":%u" : "\toffset=%u", key.offset);
        print_bytes(run, "stored", has_bytes, bytes);
    } else if (has_bytes && long_value_root_decode(key.lid, bytes, &info) >= 0) {
        printf(is_json ? ",\"size\":%u,\"references\":%u" : "\tsize=%u\treferences=%u", info.size, info.references);
    }
}

static JET_ERR print_columns(const struct rows_run *run, const struct recovery_change *c, const struct table_schema *schema)
{
    JET_ERR err = JET_errSuccess;
    struct record_view before, after;
    if (run->options->is_json) {
        TRY(print_json_record(run, "before", schema, c->has_before, c->before));
        TRY(print_json_record(run, "after", schema, c->has_after, c->after));
        goto done;
    }
    bool has_before = open_record(schema, c->has_before, c->before, &before), has_after = open_record(schema, c->has_after, c->after, &after);
    if (c->has_after && !has_after)
        print_both_bytes(run, c); /* what a clean-up leaves of a dead row */
    else if (c->kind == RECOVERY_REPLACE && has_before && has_after)
        err = print_difference(schema, &before, &after);
    else if (has_after)
        err = print_record(run, schema, &after);
    else if (has_before && c->kind == RECOVERY_DELETE)
        err = print_record(run, schema, &before);
    else if (c->kind != RECOVERY_DELTA && c->kind != RECOVERY_UNDO)
        printf("\t?");
done:
    return err;
}

/* --- lines --- */

static const char *const KINDS[] = {
    [RECOVERY_BEGIN] = "begin",   [RECOVERY_COMMIT] = "commit", [RECOVERY_ROLLBACK] = "rollback", [RECOVERY_INSERT] = "insert",
    [RECOVERY_REPLACE] = "replace", [RECOVERY_DELETE] = "delete", [RECOVERY_DELTA] = "add",       [RECOVERY_UNDO] = "undo",
};

static void print_start(const struct rows_run *run, const struct recovery_change *c)
{
    char position[LGPOS_TEXT_SIZE], time[32];
    lgpos_format(c->position, position);
    time_text_format(c->time, time);
    const char *kind = c->is_open_at_end ? "open at the end" : KINDS[c->kind], *undone = c->kind == RECOVERY_UNDO ? KINDS[c->undone] : "";
    const char *space = undone[0] != 0 ? " " : "";
    if (run->options->is_json)
        printf("{\"lgpos\":\"%s\",\"time\":\"%s\",\"session\":%u,\"transaction\":%u,\"event\":\"%s%s%s\"", position, time, c->session, c->transaction, kind, space, undone);
    else
        printf("%s\t%s\t%u\t%u\t%s%s%s", position, time, c->session, c->transaction, kind, space, undone);
}

/* tree NULL: not in a catalog. */
static void print_place(const struct rows_run *run, const struct recovery_change *c, const struct tree *tree, uint32_t database)
{
    bool is_json = run->options->is_json, is_long = tree != NULL && tree->kind == TREE_LONG_VALUES;
    if (is_json) {
        if (database < DATABASES_MAX || c->database != NULL) {
            printf(",\"database\":");
            print_json_string(stdout, database < DATABASES_MAX ? run->names[database] : c->database);
        }
        printf(tree != NULL ? ",\"table\":" : ",\"objid\":%u", c->objid);
        if (tree != NULL)
            print_json_string(stdout, tree->schema->name);
        printf("%s,\"page\":%u,\"key\":%s", is_long ? ",\"long_value\":true" : "", c->page_no, c->has_key ? "\"" : "null");
    } else {
        if (tree != NULL)
            printf("\t%s%s", VISIBLE(tree->schema->name), is_long ? " (long value)" : "");
        else
            printf("\tobject %u", c->objid);
        printf("\t%s", c->has_key ? "" : "?");
    }
    if (c->has_key)
        print_hex(stdout, c->key);
    if (c->has_key && is_json)
        putchar('"');
}

static bool is_wanted(const struct rows_run *run, const struct recovery_change *c, const struct tree *tree)
{
    const struct log_rows_options *o = run->options;
    if (lgpos_normalize(c->position) < lgpos_normalize(o->since))
        return false;
    if (c->kind < RECOVERY_INSERT)
        return true;
    if ((o->page != 0 && c->page_no != o->page) || (tree != NULL && tree->kind == TREE_INDEX)) /* entries follow from rows */
        return false;
    if (o->table != NULL)
        return tree != NULL && strcasecmp(o->table, tree->schema->name) == 0;
    return tree == NULL || tree->objid != CATALOG_SHADOW_OBJID; /* which says what MSysObjects says */
}

static JET_ERR print_change(void *context, const struct recovery_change *c)
{
    JET_ERR err = JET_errSuccess;
    struct rows_run *run = (struct rows_run *)context;
    bool is_node = c->kind >= RECOVERY_INSERT;
    uint32_t database = is_node ? database_of(run, c->database) : DATABASES_MAX;
    const struct tree *tree = is_node ? find_tree(run, database, c->objid) : NULL;
    if (!is_wanted(run, c, tree))
        goto done;
    print_start(run, c);
    if (is_node) {
        print_place(run, c, tree, database);
        if (tree == NULL)
            print_both_bytes(run, c);
        else if (tree->kind == TREE_LONG_VALUES)
            print_long_value(run, c);
        else
            TRY(print_columns(run, c, tree->schema));
        if (c->kind == RECOVERY_DELTA)
            printf(run->options->is_json ? ",\"offset\":%u,\"delta\":%lld" : "\t@%u%+lld", c->offset, (long long)c->delta);
    }
    puts(run->options->is_json ? "}" : "");
    if (ferror(stdout)) {
        run->has_no_reader = errno == EPIPE;
        RAISE(JET_errDiskFull);
    }
done:
    return err;
}

/* --- the two recoveries --- */

static int copy_to(const struct rows_run *run, const char *target)
{
    JET_ERR err = os_dir_create(os_fs_posix(), target);
    return err < 0 ? tool_error(run->self, err, "cannot make %s", target) : recover_copy_files(run->self, run->options->folder, target, false);
}

/* Without checkpoint everything is replayed from the first log on; without databases too, from nothing. */
static void forget_checkpoint(const char *folder, const struct log_folder *logs)
{
    char *path = NULL;
    if (checkpoint_path(folder, logs->base, logs->extension, &path) >= 0)
        scratch_remove(path);
    mem_free(path);
}

static void forget_databases(const char *folder)
{
    char **names = NULL;
    size_t count = 0;
    if (os_dir_list(os_fs_posix(), folder, &names, &count) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        char *path = NULL;
        if (recover_is_database(folder, names[i]) && path_join(folder, names[i], &path) >= 0)
            scratch_remove(path);
        mem_free(path);
    }
    os_dir_list_free(names, count);
}

static int run_rows(struct rows_run *run, const struct log_folder *logs, const char *work)
{
    JET_ERR err = JET_errSuccess;
    struct recovery_result result;
    char *first = NULL, *second = NULL;
    int status = EXIT_GOOD;
    TRY(path_join(work, "first", &first));
    TRY(path_join(work, "second", &second));
    if ((status = copy_to(run, first)) != EXIT_GOOD || (status = copy_to(run, second)) != EXIT_GOOD)
        goto done;
    struct recover_options how = {.folder = first, .database_folder = first, .ignore_missing = true, .is_evidence = true};
    err = recover_replay(&how, logs, NULL, NULL, &result);
    if (err < 0)
        status = tool_error(run->self, err, "%s cannot be recovered: rows as far as that goes", run->options->folder);
    const bool takes_nothing = err == JET_errRequiredLogFilesMissing; /* the database needs older logs */
    TRY(open_catalogs(run, first));
    forget_checkpoint(second, logs);
    if ((logs->files[0].generation == 1 && logs->files[0].error >= 0) || takes_nothing)
        forget_databases(second);
    if (!run->options->is_json)
        puts("lgpos\ttime\tsession\ttransaction\tevent\ttable\tkey\tcolumns...");
    how.folder = how.database_folder = second;
    err = recover_replay(&how, logs, print_change, run, &result);
    if (err < 0 && status == EXIT_GOOD && !run->has_no_reader)
        status = tool_error(run->self, err, "the logs of %s end early", run->options->folder);
    err = JET_errSuccess;
done:
    if (err < 0)
        status = tool_error(run->self, err, "cannot list rows of %s", run->options->folder);
    close_catalogs(run);
    if (first != NULL)
        scratch_remove_folder(first);
    if (second != NULL)
        scratch_remove_folder(second);
    mem_free(first);
    mem_free(second);
    return status;
}

int log_rows(const struct command *self, const struct log_rows_options *options)
{
    char *work = NULL;
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that goes away must not leave the copies behind */
    struct log_folder logs;
    struct rows_run *run = (struct rows_run *)mem_alloc(sizeof *run);
    JET_ERR err = run == NULL ? JET_errOutOfMemory : log_folder_read(options->folder, options->base, &logs);
    if (err < 0) {
        mem_free(run);
        return tool_error(self, err, "cannot read %s%s", options->folder, tool_path_hint(err, options->folder, true));
    }
    *run = (struct rows_run){.self = self, .options = options};
    int status;
    if (!logs.has_header)
        status = tool_error(self, JET_errMissingLogFile, "%s holds no readable log", options->folder);
    else if ((err = scratch_make_folder(&work)) < 0)
        status = tool_error(self, err, "cannot make a temporary folder");
    else {
        status = run_rows(run, &logs, work);
        scratch_remove_folder(work);
    }
    if (fflush(stdout) != 0 && !run->has_no_reader)
        status = tool_error(self, JET_errDiskFull, "cannot write the list");
    log_folder_release(&logs);
    mem_free(work);
    mem_free(run);
    return status;
}
