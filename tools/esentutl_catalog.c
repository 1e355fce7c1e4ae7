/* esentutl /mm and /ms: the trees that the catalog knows, table by table: what they are, or how many pages each owns and has to spare. */
#include <string.h>

#include "btree/btree.h"
#include "catalog/catalog.h"
#include "esentutl.h"
#include "open_database.h"
#include "visible.h"

struct catalog_run {
    struct catalog *catalog;
    struct cache_file *pages;
    bool is_space;
    JET_ERR first_error; /* of tables or trees that cannot be read; the others are shown */
};

static void note_error(struct catalog_run *run, JET_ERR err)
{
    if (run->first_error >= 0)
        run->first_error = err;
}

static void print_heading(bool is_space)
{
    printf("%-48s %-5s %8s %8s%s\n", "name", "type", "objid", "root", is_space ? "      owned  available" : "");
}

static void print_tree(struct catalog_run *run, unsigned depth, const char *name, const char *type, uint32_t objid, page_no_t root)
{
    printf("%*s%-*s %-5s %8u %8u", (int)(2 * depth), "", (int)(48 - 2 * depth), VISIBLE(name), type, objid, root);
    if (run->is_space) {
        uint32_t owned, available;
        JET_ERR err = space_count(run->pages, root, &owned, &available);
        if (err >= 0)
            printf(" %10u %10u", owned, available);
        else
            printf(" %s (%d)", error_name(err), (int)err);
        if (err < 0)
            note_error(run, err);
    }
    putchar('\n');
}

static const char *column_type_text(uint32_t type)
{
    static const char *const NAMES[COLUMN_TYPE_COUNT] = {"deleted", "Bit", "UnsignedByte", "Short", "Long", "Currency", "IEEESingle", "IEEEDouble", "DateTime", "Binary", "Text", "LongBinary",
                                                         "LongText", "SLV", "UnsignedLong", "LongLong", "GUID", "UnsignedShort", "UnsignedLongLong"};
    return type < COLUMN_TYPE_COUNT ? NAMES[type] : "unknown";
}

static void print_columns(const struct table_schema *table)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct column *c = &table->columns[i];
        if (c->type == COLUMN_TYPE_NIL)
            continue;
        printf("  %-46s Col   %8u %s", VISIBLE(c->name), c->id & ~COLUMN_ID_TEMPLATE_BIT, column_type_text(c->type));
        if (c->max_size != 0 && column_type_size(c->type) == 0)
            printf(" max %u", c->max_size);
        if (column_type_is_text(c->type))
            printf(" code page %u", c->code_page);
        if (c->flags != 0)
            printf(" flags 0x%x", c->flags);
        puts((c->id & COLUMN_ID_TEMPLATE_BIT) != 0 ? " of the template" : "");
    }
}

static const char *column_name(const struct table_schema *table, uint32_t id)
{
    for (uint32_t i = 0; i < table->column_count; i++)
        if (table->columns[i].id == id)
            return table->columns[i].name;
    return "?";
}

static void print_segments(const struct table_schema *table, const struct index *index)
{
    printf("    key ");
    for (uint32_t i = 0; i < index->segment_count; i++)
        printf("%c%s", index->segments[i].is_descending ? '-' : '+', VISIBLE(column_name(table, index->segments[i].column_id)));
    printf(", flags 0x%x%s%s\n", index->flags, index->locale != NULL ? ", locale " : "", VISIBLE(index->locale));
}

static void print_table(struct catalog_run *run, const struct table_schema *table)
{
    print_tree(run, 0, table->name, "Tbl", table->objid, table->root);
    if (!run->is_space) {
        if (table->template_name != NULL)
            printf("  derived from %s\n", VISIBLE(table->template_name));
        print_columns(table);
    }
    if (table->lv_root != 0)
        print_tree(run, 1, "[Long Values]", "LV", table->lv_objid, table->lv_root);
    for (uint32_t i = 0; i < table->index_count; i++) {
        const struct index *index = &table->indexes[i];
        bool is_primary = index_is_primary(index);
        if (!run->is_space || !is_primary) /* the primary index is the table's own tree */
            print_tree(run, 1, index->name, is_primary ? "Pri" : "Idx", index->objid, index->root);
        if (!run->is_space)
            print_segments(table, index);
    }
}

static JET_ERR visit_table(void *context, const struct catalog_table *table)
{
    struct catalog_run *run = (struct catalog_run *)context;
    if (table->schema != NULL) {
        print_table(run, table->schema);
    } else {
        printf("%-48s Tbl   %8u %s (%d)\n", table->name != NULL ? VISIBLE(table->name) : "?", table->objid, error_name(table->error), (int)table->error);
        note_error(run, table->error);
    }
    return ferror(stdout) ? JET_errDiskFull : JET_errSuccess;
}

static JET_ERR print_one(struct catalog_run *run, const char *name)
{
    const struct table_schema *table = NULL;
    JET_ERR err = catalog_find_table(run->catalog, name, &table);
    if (err >= 0)
        print_table(run, table);
    catalog_release_table(run->catalog, table);
    return err;
}

JET_ERR esentutl_catalog(const char *path, const char *table, bool is_space)
{
    JET_ERR err = JET_errSuccess;
    struct tool_database db;
    struct catalog_run run = {.is_space = is_space};
    TRY(tool_database_try(&ESENTUTL, path, 0, NULL, &db));
    run.pages = db.database->pages;
    TRY(catalog_open(db.database, &run.catalog));
    print_heading(is_space);
    if (table == NULL)
        print_tree(&run, 0, path, "Db", 1, 1);
    TRY(table != NULL ? print_one(&run, table) : catalog_visit_tables(run.catalog, visit_table, &run));
    err = run.first_error;
done:
    tool_database_close(&db);
    return err;
}
