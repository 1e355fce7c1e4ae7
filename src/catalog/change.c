/* What the files that change schemas have in common: names, permissions, and the frame of a change of one table (internal.h). */
#include "catalog/internal.h"
#include "catalog/names.h"
#include "txn/txn.h"

_Static_assert(sizeof ((struct catalog_name *)0)->text >= OBJECT_NAME_UTF8_MAX, "a name of any kind fits");

JET_ERR catalog_name_init(struct catalog_name *out, const char *name)
{
    JET_ERR err = JET_errSuccess;
    *out = (struct catalog_name){.size = 0};
    TRY(name_check(name, out->text));
    TRY(name_to_1252(out->text, out->bytes, sizeof out->bytes, &out->size));
done:
    return err;
}

JET_ERR catalog_check_changeable(const struct table_schema *table, bool is_permitted)
{
    if ((table->flags & TABLE_FLAG_SYSTEM) != 0)
        return error_raise(JET_errInvalidObject, __FILE__, __LINE__);
    if ((table->flags & TABLE_FLAG_TEMPLATE) != 0 || ((table->flags & TABLE_FLAG_FIXED_DDL) != 0 && !is_permitted))
        return error_raise(JET_errFixedDDL, __FILE__, __LINE__);
    return JET_errSuccess;
}

JET_ERR table_change_begin(struct transaction *t, struct catalog *catalog, uint32_t objid_table, struct table_change *out)
{
    JET_ERR err = JET_errSuccess;
    bool is_created;
    *out = (struct table_change){.t = t, .catalog = catalog};
    TRY(catalog_find_table_by_objid_for(catalog, t, objid_table, &out->table));
    TRY(txn_begin(t));
    out->has_begun = true;
    TRY(catalog_store_open(t, catalog, &out->store));
    if (!catalog_has_changed(catalog, t, objid_table, &is_created))
        TRY(catalog_store_touch(&out->store, objid_table));
    TRY(catalog_note_change(catalog, t, objid_table, false));
done:
    return err;
}

JET_ERR table_change_end(struct table_change *change, JET_ERR err)
{
    catalog_release_table(change->catalog, change->table);
    catalog_store_close(&change->store);
    return change->has_begun ? catalog_end_change(change->t, err) : err;
}
