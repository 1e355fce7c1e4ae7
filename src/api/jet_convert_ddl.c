/* JetConvertDDL: definitions changed in place, without a look at the rows (catalog/convert.c; published engine source: JetConvertDDLEx). */
#define ESENT_PRIVATE
#include <string.h>

#include "api/jet_ddl.h"

_Static_assert(sizeof(JET_DDLADDCALLBACK_A) == sizeof(JET_DDLADDCALLBACK_W) && sizeof(JET_DDLCHANGECOLUMN_A) == sizeof(JET_DDLCHANGECOLUMN_W)
                   && sizeof(JET_DDLADDCOLUMNCALLBACK_A) == sizeof(JET_DDLADDCOLUMNCALLBACK_W) && sizeof(JET_DDLMAXCOLUMNSIZE_A) == sizeof(JET_DDLMAXCOLUMNSIZE_W)
                   && sizeof(JET_DDLINDEXDENSITY_A) == sizeof(JET_DDLINDEXDENSITY_W) && sizeof(JET_DDLADDCONDITIONALCOLUMNSTOALLINDEXES_A) == sizeof(JET_DDLADDCONDITIONALCOLUMNSTOALLINDEXES_W)
                   && sizeof(JET_CONDITIONALCOLUMN_A) == sizeof(JET_CONDITIONALCOLUMN_W) && sizeof(JET_DDLCALLBACKDLL_A) == sizeof(JET_DDLCALLBACKDLL_W),
               "the forms differ in the type of the strings only");

/* What a call is about. */
struct conversion {
    struct ddl_call call;
    struct ddl_memory memory;
    const char *table, *object, *callback;
    uint32_t objid;
};

/* Texts of an argument, and the table they name. */
static JET_ERR find(struct conversion *v, enum text_form form, const void *table, const void *object, const void *callback)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *schema = NULL;
    TRY(ddl_text(&v->memory, form, table, &v->table));
    TRY(ddl_text(&v->memory, form, object, &v->object));
    TRY(ddl_text(&v->memory, form, callback, &v->callback));
    if (v->table == NULL)
        RAISE(JET_errInvalidParameter);
    TRY(ddl_begin(&v->call));
    TRY(catalog_find_table_for(v->call.catalog, v->call.transaction, v->table, &schema));
    v->objid = schema->objid;
    catalog_release_table(v->call.catalog, schema);
done:
    return err;
}

static uint32_t column_flags(JET_GRBIT grbit)
{
    static const struct {
        JET_GRBIT grbit;
        uint32_t flags;
    } map[] = {
        {JET_bitColumnEscrowUpdate, COLUMN_FLAG_ESCROW | COLUMN_FLAG_DEFAULT}, {JET_bitColumnFinalize, COLUMN_FLAG_FINALIZE}, {JET_bitColumnDeleteOnZero, COLUMN_FLAG_DELETE_ON_ZERO},
        {JET_bitColumnVersion, COLUMN_FLAG_VERSION}, {JET_bitColumnAutoincrement, COLUMN_FLAG_AUTOINCREMENT}, {JET_bitColumnNotNULL, COLUMN_FLAG_NOT_NULL},
        {JET_bitColumnMultiValued, COLUMN_FLAG_MULTI_VALUED}, {JET_bitColumnCompressed, COLUMN_FLAG_COMPRESSED}, {JET_bitColumnEncrypted, COLUMN_FLAG_ENCRYPTED},
    };
    uint32_t flags = 0;
    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        flags |= (grbit & map[i].grbit) != 0 ? map[i].flags : 0;
    return flags;
}

static JET_ERR add_callback(struct conversion *v, enum text_form form, const JET_DDLADDCALLBACK_A *a)
{
    JET_ERR err = JET_errSuccess;
    TRY(find(v, form, a->szTable, NULL, a->szCallback));
    TRY(catalog_add_callback(v->call.transaction, v->call.catalog, v->objid, v->callback, a->cbtyp));
done:
    return err;
}

static JET_ERR change_column(struct conversion *v, enum text_form form, const JET_DDLCHANGECOLUMN_A *a)
{
    JET_ERR err = JET_errSuccess;
    TRY(find(v, form, a->szTable, a->szColumn, NULL));
    TRY(catalog_convert_column(v->call.transaction, v->call.catalog, v->objid, v->object, a->coltypNew, column_flags(a->grbitNew)));
done:
    return err;
}

static JET_ERR add_column_callback(struct conversion *v, enum text_form form, const JET_DDLADDCOLUMNCALLBACK_A *a)
{
    JET_ERR err = JET_errSuccess;
    TRY(find(v, form, a->szTable, a->szColumn, a->szCallback));
    if (a->pvCallbackData == NULL && a->cbCallbackData > 0)
        RAISE(JET_errInvalidParameter);
    TRY(catalog_set_column_callback(v->call.transaction, v->call.catalog, v->objid, v->object, v->callback, span_of(a->pvCallbackData, a->cbCallbackData)));
done:
    return err;
}

static JET_ERR increase_size(struct conversion *v, enum text_form form, const JET_DDLMAXCOLUMNSIZE_A *a)
{
    JET_ERR err = JET_errSuccess;
    TRY(find(v, form, a->szTable, a->szColumn, NULL));
    TRY(catalog_increase_size(v->call.transaction, v->call.catalog, v->objid, v->object, a->cbMax));
done:
    return err;
}

static JET_ERR change_density(struct conversion *v, enum text_form form, const JET_DDLINDEXDENSITY_A *a)
{
    JET_ERR err = JET_errSuccess;
    TRY(find(v, form, a->szTable, a->szIndex, NULL));
    TRY(catalog_set_density(v->call.transaction, v->call.catalog, v->objid, v->object, a->ulDensity));
done:
    return err;
}

static JET_ERR add_conditions(struct conversion *v, enum text_form form, const JET_DDLADDCONDITIONALCOLUMNSTOALLINDEXES_A *a)
{
    JET_ERR err = JET_errSuccess;
    struct condition_definition conditions[INDEX_CONDITIONS_MAX];
    TRY(find(v, form, a->szTable, NULL, NULL));
    if (a->cConditionalColumn > INDEX_CONDITIONS_MAX || (a->rgconditionalcolumn == NULL && a->cConditionalColumn > 0))
        RAISE(JET_errInvalidParameter);
    for (uint32_t i = 0; i < a->cConditionalColumn; i++) {
        const JET_CONDITIONALCOLUMN_A *given = &a->rgconditionalcolumn[i];
        if (given->cbStruct != sizeof *given)
            RAISE(form == TEXT_UTF16 ? JET_errInvalidParameter : JET_errIndexInvalidDef);
        conditions[i] = (struct condition_definition){.grbit = given->grbit};
        TRY(ddl_text(&v->memory, form, given->szColumnName, &conditions[i].column));
    }
    TRY(catalog_add_conditions(v->call.transaction, v->call.catalog, v->objid, conditions, a->cConditionalColumn));
done:
    return err;
}

static JET_ERR change_module(struct conversion *v, enum text_form form, const JET_DDLCALLBACKDLL_A *a)
{
    JET_ERR err = JET_errSuccess;
    const char *from, *to;
    TRY(ddl_text(&v->memory, form, a->szOldDLL, &from));
    TRY(ddl_text(&v->memory, form, a->szNewDLL, &to));
    TRY(ddl_begin(&v->call));
    TRY(catalog_change_module(v->call.transaction, v->call.catalog, from, to));
done:
    return err;
}

/* 0: there is no such conversion. */
static size_t argument_size(unsigned kind)
{
    switch (kind) {
    case opDDLConvAddCallback: return sizeof(JET_DDLADDCALLBACK_A);
    case opDDLConvChangeColumn: return sizeof(JET_DDLCHANGECOLUMN_A);
    case opDDLConvAddConditionalColumnsToAllIndexes: return sizeof(JET_DDLADDCONDITIONALCOLUMNSTOALLINDEXES_A);
    case opDDLConvAddColumnCallback: return sizeof(JET_DDLADDCOLUMNCALLBACK_A);
    case opDDLConvIncreaseMaxColumnSize: return sizeof(JET_DDLMAXCOLUMNSIZE_A);
    case opDDLConvChangeIndexDensity: return sizeof(JET_DDLINDEXDENSITY_A);
    case opDDLConvChangeCallbackDLL: return sizeof(JET_DDLCALLBACKDLL_A);
    default: return 0;
    }
}

static JET_ERR convert(JET_SESID sesid, JET_DBID dbid, enum text_form form, unsigned kind, const void *data, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    struct conversion v = {.objid = 0};
    TRY(ddl_enter_database(sesid, dbid, &v.call));
    if (data == NULL || size == 0 || size != argument_size(kind))
        RAISE(JET_errInvalidParameter);
    switch (kind) {
    case opDDLConvAddCallback: TRY(add_callback(&v, form, data)); break;
    case opDDLConvChangeColumn: TRY(change_column(&v, form, data)); break;
    case opDDLConvAddColumnCallback: TRY(add_column_callback(&v, form, data)); break;
    case opDDLConvIncreaseMaxColumnSize: TRY(increase_size(&v, form, data)); break;
    case opDDLConvChangeIndexDensity: TRY(change_density(&v, form, data)); break;
    case opDDLConvAddConditionalColumnsToAllIndexes: TRY(add_conditions(&v, form, data)); break;
    default: TRY(change_module(&v, form, data)); /* the only other with a size */
    }
done:
    err = ddl_end(&v.call, err, false);
    ddl_free(&v.memory);
    return err;
}

JET_EXPORT JET_ERR JetConvertDDLA(JET_SESID sesid, JET_DBID dbid, JET_OPDDLCONV convtyp, void *pvData, uint32_t cbData)
{
    return convert(sesid, dbid, TEXT_UTF8, (unsigned)convtyp, pvData, cbData);
}

JET_EXPORT JET_ERR JetConvertDDLW(JET_SESID sesid, JET_DBID dbid, JET_OPDDLCONV convtyp, void *pvData, uint32_t cbData)
{
    return convert(sesid, dbid, TEXT_UTF16, (unsigned)convtyp, pvData, cbData);
}

JET_EXPORT_PLAIN(JetConvertDDL);
