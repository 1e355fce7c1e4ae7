/* Definitions of columns: what is allowed, and the row it gives (internal.h; records-and-catalog 1, 6.1, 6.4).
 *
 * The rules are those of the original engine, in its order, so that a definition with two faults gives the same error. Pure functions. */
#define ESENT_PRIVATE
#include "catalog/internal.h"
#include "catalog/names.h"

enum { FIXED_MOST = FIXED_ID_LAST, VARIABLE_MOST = VARIABLE_ID_LAST, SHORT_SIZE_MOST = 255, CODE_PAGE_WESTERN = 1252, CODE_PAGE_UTF16 = 1200, FORMAT_WITH_64_BIT_ESCROW = 60 };

void column_plan_init(struct column_plan *plan, const struct table_schema *table, bool is_new_table)
{
    *plan = (struct column_plan){.variable_last = VARIABLE_ID_FIRST - 1, .tagged_last = TAGGED_ID_FIRST - 1, .fixed_end = RECORD_SIZE_MIN};
    if (table == NULL)
        return;
    plan->is_template = !is_new_table && (table->flags & TABLE_FLAG_TEMPLATE) != 0;
    plan->fixed_last = table->fixed_last;
    plan->variable_last = table->variable_last;
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct column *c = &table->columns[i];
        uint32_t id = c->id & ~COLUMN_ID_TEMPLATE_BIT;
        /* tagged columns of a derived table have a numbering of their own */
        bool is_counted = plan->is_template || (c->id & COLUMN_ID_TEMPLATE_BIT) == 0;
        if (column_is_fixed(id) && c->offset + c->max_size > plan->fixed_end)
            plan->fixed_end = c->offset + c->max_size;
        else if (column_is_tagged(id) && is_counted && id > plan->tagged_last)
            plan->tagged_last = id;
        plan->has_version |= c->type != COLUMN_TYPE_NIL && (c->flags & COLUMN_FLAG_VERSION) != 0;
        plan->has_autoincrement |= c->type != COLUMN_TYPE_NIL && (c->flags & COLUMN_FLAG_AUTOINCREMENT) != 0;
    }
}

static bool is_set(const struct column_definition *d, uint32_t bits) { return (d->grbit & bits) != 0; }
static bool is_tagged(const struct column_definition *d) { return is_set(d, JET_bitColumnTagged) || column_type_is_long(d->type); }

static JET_ERR check_type(const struct column_plan *plan, const struct column_definition *d, uint32_t *code_page)
{
    JET_ERR err = JET_errSuccess;
    *code_page = 0;
    if (d->type == COLUMN_TYPE_NIL || d->type >= COLUMN_TYPE_COUNT || d->type == COLUMN_TYPE_SLV)
        RAISE(JET_errInvalidColumnType);
    if (d->type == COLUMN_TYPE_UNSIGNED_LONG_LONG && plan->update_major < FORMAT_WITH_64_BIT_ESCROW)
        RAISE(JET_errInvalidColumnType);
    if (column_type_is_text(d->type)) {
        *code_page = d->code_page == 0 ? CODE_PAGE_WESTERN : d->code_page;
        if (*code_page != CODE_PAGE_WESTERN && *code_page != CODE_PAGE_UTF16)
            RAISE(JET_errInvalidCodePage);
    }
    if (is_set(d, JET_bitColumnCompressed) && !column_type_is_long(d->type))
        RAISE(JET_errColumnCannotBeCompressed);
    if (is_set(d, JET_bitColumnEncrypted) && (!column_type_is_long(d->type) || is_set(d, JET_bitColumnMultiValued | JET_bitColumnUserDefinedDefault) || d->default_value.size > 0))
        RAISE(JET_errColumnCannotBeEncrypted);
    if (is_tagged(d) && is_set(d, JET_bitColumnFixed))
        RAISE(JET_errInvalidGrbit);
    if (!is_tagged(d) && is_set(d, JET_bitColumnMultiValued))
        RAISE(JET_errMultiValuedColumnMustBeTagged);
done:
    return err;
}

static JET_ERR check_escrow(const struct column_plan *plan, const struct column_definition *d, bool has_default)
{
    JET_ERR err = JET_errSuccess;
    if (d->type != COLUMN_TYPE_LONG && d->type != COLUMN_TYPE_LONG_LONG)
        RAISE(JET_errInvalidGrbit);
    if (is_set(d, JET_bitColumnTagged))
        RAISE(JET_errCannotBeTagged);
    if (is_set(d, JET_bitColumnVersion | JET_bitColumnAutoincrement) || !has_default)
        RAISE(JET_errInvalidGrbit);
    if (d->is_shared)
        RAISE(JET_errExclusiveTableLockRequired);
    if (d->type == COLUMN_TYPE_LONG_LONG && plan->update_major < FORMAT_WITH_64_BIT_ESCROW)
        RAISE(JET_errEngineFormatVersionParamTooLowForRequestedFeature);
    if (is_set(d, JET_bitColumnFinalize) && is_set(d, JET_bitColumnDeleteOnZero))
        RAISE(JET_errInvalidGrbit);
done:
    return err;
}

/* Version and autoincrement columns. */
static JET_ERR check_maintained(const struct column_definition *d)
{
    JET_ERR err = JET_errSuccess;
    bool is_counter = d->type == COLUMN_TYPE_LONG || d->type == COLUMN_TYPE_LONG_LONG || d->type == COLUMN_TYPE_UNSIGNED_LONG_LONG || d->type == COLUMN_TYPE_CURRENCY;
    if (is_set(d, JET_bitColumnAutoincrement) ? !is_counter : d->type != COLUMN_TYPE_LONG)
        RAISE(JET_errInvalidGrbit);
    if (is_set(d, JET_bitColumnTagged))
        RAISE(JET_errCannotBeTagged);
    if (is_set(d, JET_bitColumnVersion) && is_set(d, JET_bitColumnAutoincrement))
        RAISE(JET_errInvalidGrbit);
    if (is_set(d, JET_bitColumnAutoincrement) && d->is_shared)
        RAISE(JET_errExclusiveTableLockRequired);
done:
    return err;
}

static JET_ERR check_user_default(const struct column_definition *d)
{
    JET_ERR err = JET_errSuccess;
    const uint32_t refused = JET_bitColumnFixed | JET_bitColumnNotNULL | JET_bitColumnVersion | JET_bitColumnAutoincrement | JET_bitColumnUpdatable | JET_bitColumnEscrowUpdate
        | JET_bitColumnFinalize | JET_bitColumnDeleteOnZero | JET_bitColumnMaybeNull;
    if (is_set(d, refused) || !is_tagged(d))
        RAISE(JET_errInvalidGrbit);
    if (d->callback == NULL || d->callback[0] == 0 || strlen(d->callback) > SHORT_SIZE_MOST || d->callback_data.size > 1024)
        RAISE(JET_errInvalidParameter);
done:
    return err;
}

static uint32_t flags_of(const struct column_plan *plan, const struct column_definition *d, bool has_default)
{
    static const struct {
        uint32_t grbit, flag;
    } map[] = {
        {JET_bitColumnNotNULL, COLUMN_FLAG_NOT_NULL}, {JET_bitColumnVersion, COLUMN_FLAG_VERSION}, {JET_bitColumnAutoincrement, COLUMN_FLAG_AUTOINCREMENT},
        {JET_bitColumnMultiValued, COLUMN_FLAG_MULTI_VALUED}, {JET_bitColumnEscrowUpdate, COLUMN_FLAG_ESCROW}, {JET_bitColumnFinalize, COLUMN_FLAG_FINALIZE},
        {JET_bitColumnDeleteOnZero, COLUMN_FLAG_DELETE_ON_ZERO}, {JET_bitColumnUserDefinedDefault, COLUMN_FLAG_USER_DEFAULT}, {JET_bitColumnCompressed, COLUMN_FLAG_COMPRESSED},
        {JET_bitColumnEncrypted, COLUMN_FLAG_ENCRYPTED},
    };
    uint32_t flags = has_default ? COLUMN_FLAG_DEFAULT : 0;
    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        flags |= (d->grbit & map[i].grbit) != 0 ? map[i].flag : 0;
    return flags | (plan->is_template ? COLUMN_FLAG_TEMPLATE : 0);
}

/* Bytes the column may hold; 0 = as many as there are, for long types. */
static uint32_t size_of(const struct column_definition *d, bool *is_cut)
{
    *is_cut = false;
    if (column_type_size(d->type) != 0)
        return column_type_size(d->type);
    if (column_type_is_long(d->type))
        return d->max_size > INT32_MAX ? 0 : d->max_size;
    *is_cut = d->max_size > SHORT_SIZE_MOST;
    return d->max_size == 0 || *is_cut ? SHORT_SIZE_MOST : d->max_size;
}

static JET_ERR check_default(const struct column_definition *d, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    if ((size != 0 && d->default_value.size > size) || d->default_value.size > SHORT_SIZE_MOST)
        RAISE(JET_errDefaultValueTooBig);
    if (column_type_size(d->type) != 0 && d->default_value.size != size)
        RAISE(JET_errInvalidBufferSize);
done:
    return err;
}

/* The next id of its kind; of a fixed column its place in the record too. */
static JET_ERR give_id(struct column_plan *plan, const struct column_definition *d, uint32_t size, struct new_column *out)
{
    JET_ERR err = JET_errSuccess;
    bool is_fixed = !is_tagged(d) && (is_set(d, JET_bitColumnFixed) || column_type_size(d->type) != 0);
    uint32_t *last = is_tagged(d) ? &plan->tagged_last : is_fixed ? &plan->fixed_last : &plan->variable_last;
    uint32_t most = is_tagged(d) ? TAGGED_ID_LAST : is_fixed ? FIXED_MOST : VARIABLE_MOST;
    if (is_fixed && plan->fixed_end + size > plan->record_most)
        RAISE(JET_errRecordTooBig);
    if (*last >= most)
        RAISE(JET_errTooManyColumns);
    out->row.id = ++*last;
    out->id = out->row.id | (plan->is_template ? COLUMN_ID_TEMPLATE_BIT : 0);
    if (is_fixed) {
        out->row.record_offset = plan->fixed_end;
        catalog_row_set(&out->row, CATALOG_RECORD_OFFSET);
        plan->fixed_end += size;
    }
done:
    return err;
}

JET_ERR column_define(struct column_plan *plan, const struct column_definition *d, struct new_column *out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t code_page;
    bool is_cut = false, is_user_default = is_set(d, JET_bitColumnUserDefinedDefault), has_default = is_user_default || d->default_value.size > 0;
    *out = (struct new_column){.row = {.type = CATALOG_ROW_COLUMN}};
    TRY(catalog_name_init(&out->name, d->name));
    TRY(check_type(plan, d, &code_page));
    if (is_set(d, JET_bitColumnEscrowUpdate))
        TRY(check_escrow(plan, d, has_default));
    else if (is_set(d, JET_bitColumnFinalize | JET_bitColumnDeleteOnZero))
        RAISE(JET_errInvalidGrbit);
    else if (is_set(d, JET_bitColumnVersion | JET_bitColumnAutoincrement))
        TRY(check_maintained(d));
    if (is_user_default)
        TRY(check_user_default(d));
    uint32_t size = size_of(d, &is_cut);
    if (has_default && !is_user_default)
        TRY(check_default(d, size));
    if ((is_set(d, JET_bitColumnVersion) && plan->has_version) || (is_set(d, JET_bitColumnAutoincrement) && plan->has_autoincrement))
        RAISE(JET_errColumnRedundant);
    TRY(give_id(plan, d, size, out));
    plan->has_version |= is_set(d, JET_bitColumnVersion);
    plan->has_autoincrement |= is_set(d, JET_bitColumnAutoincrement);
    out->row.type_or_root = d->type;
    out->row.space_usage = size;
    out->row.flags = flags_of(plan, d, has_default);
    out->row.pages_or_locale = code_page;
    out->row.name = catalog_name_span(&out->name);
    if (is_user_default) {
        out->row.template_name = span_of(d->callback, (uint32_t)strlen(d->callback));
        if (d->callback_data.size > 0)
            out->row.callback_data = d->callback_data;
    } else if (has_default) {
        out->row.default_value = d->default_value;
    }
    if (is_cut)
        err = JET_wrnColumnMaxTruncated;
done:
    return err;
}
