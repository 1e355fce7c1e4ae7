/* The check of sort orders (index_check.h). What is found is collected first and changed afterwards: a schema lives during a visit only. */
#include "engine/index_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "catalog/ddl.h"
#include "record/locale.h"
#include "txn/txn.h"

enum { EVENT_CLEANUP_BEGINS = 610, EVENT_INDEX_DELETED = 611, EVENT_CLEANUP_ENDS = 612, EVENT_PRIMARY_OUT_OF_DATE = 613, EVENT_SECONDARY_OUT_OF_DATE = 614, EVENT_LOCALE_OUT_OF_DATE = 643 };
enum { VERSION_TEXT = 17, LOCALES_NOTED_MOST = 8 };

static void format_order(const uint8_t id[16], uint64_t version, char id_text[SORT_ID_TEXT], char version_text[VERSION_TEXT])
{
    locale_sort_id_format(id, id_text);
    snprintf(version_text, VERSION_TEXT, "%016" PRIX64, version);
}

/* --- MSysLocales --- */

struct locale_check {
    const struct collation_table *weights;
    struct locale_use outdated[LOCALES_NOTED_MOST];
    uint32_t count;
};

/* The order of today; zero where the locale has none. */
static void current_order(const struct collation_table *weights, const char *locale, uint8_t id[16], uint64_t *version)
{
    if (collation_current(weights, locale, id, version) < 0) {
        memset(id, 0, 16);
        *version = 0;
    }
}

static JET_ERR check_locale(void *context, const struct locale_use *use)
{
    struct locale_check *check = context;
    uint8_t id[16];
    uint64_t version;
    current_order(check->weights, use->locale, id, &version);
    if ((!collation_versions_agree(use->version, version) || memcmp(use->sort_id, id, sizeof id) != 0) && check->count < LOCALES_NOTED_MOST)
        check->outdated[check->count++] = *use;
    return JET_errSuccess;
}

static void report_locales(struct instance *instance, const struct database *db, const struct locale_check *check)
{
    for (uint32_t i = 0; i < check->count; i++) {
        const struct locale_use *use = &check->outdated[i];
        char old_id[SORT_ID_TEXT], old_version[VERSION_TEXT], new_id[SORT_ID_TEXT], new_version[VERSION_TEXT];
        uint8_t id[16];
        uint64_t version;
        current_order(check->weights, use->locale, id, &version);
        format_order(use->sort_id, use->version, old_id, old_version);
        format_order(id, version, new_id, new_version);
        EVENT_REPORT(&instance->events, EVENT_LOCALE_OUT_OF_DATE, EVENT_WARNING, EVENT_DATA_DEFINITION, db->path, use->locale, old_id, old_version, new_id, new_version);
    }
}

/* --- indexes --- */

struct found_index {
    struct found_index *next;
    const struct table_schema *table; /* held */
    const struct index *index;
};

struct search {
    struct catalog *catalog;
    const struct collation_table *weights;
    bool wants_all;
    struct found_index *first, **last;
};

static void search_close(struct search *s)
{
    while (s->first != NULL) {
        struct found_index *next = s->first->next;
        catalog_release_table(s->catalog, s->first->table);
        mem_free(s->first);
        s->first = next;
    }
}

static enum collation_state state_of(const struct collation_table *weights, const struct index *index)
{
    if ((index->flags & INDEX_FLAG_UNICODE_TEXT) == 0)
        return COLLATION_GOOD;
    return collation_state_of(weights, index->locale, index->sort_id, index->sort_version, index->lcmap_flags);
}

static JET_ERR search_table(void *context, const struct catalog_table *found)
{
    JET_ERR err = JET_errSuccess;
    struct search *s = context;
    if (found->schema == NULL || (found->schema->flags & TABLE_FLAG_SYSTEM) != 0) /* damage is found by whoever opens the table */
        goto done;
    for (uint32_t i = 0; i < found->schema->index_count; i++) {
        const struct index *index = &found->schema->indexes[i];
        if ((index->flags & INDEX_FLAG_UNICODE_TEXT) == 0 || (!s->wants_all && state_of(s->weights, index) == COLLATION_GOOD))
            continue;
        struct found_index *item = mem_alloc(sizeof *item);
        if (item == NULL)
            RAISE(JET_errOutOfMemory);
        *item = (struct found_index){.table = catalog_retain_table(s->catalog, found->schema), .index = index};
        *s->last = item;
        s->last = &item->next;
    }
done:
    return err;
}

static void report_index(struct instance *instance, const struct database *db, const struct collation_table *weights, uint32_t event, enum event_level level,
                         const struct table_schema *table, const struct index *index)
{
    char old_id[SORT_ID_TEXT], old_version[VERSION_TEXT], new_id[SORT_ID_TEXT], new_version[VERSION_TEXT];
    uint8_t id[16];
    uint64_t version;
    current_order(weights, index->locale, id, &version);
    format_order(index->sort_id, index->sort_version, old_id, old_version);
    format_order(id, version, new_id, new_version);
    EVENT_REPORT(&instance->events, event, level, EVENT_DATA_DEFINITION, db->path, index->name, table->name, index->locale != NULL ? index->locale : "", old_id, old_version, new_id,
                 new_version);
}

/* Commits what `change` does, or takes it back. */
static JET_ERR run_change(struct session *session, struct catalog *catalog, const struct found_index *found,
                          JET_ERR (*change)(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name))
{
    JET_ERR err = JET_errSuccess;
    struct transaction *t = session_transaction(session);
    bool is_open = false;
    TRY(txn_begin(t));
    is_open = true;
    TRY(change(t, catalog, found->table->objid, found->index->name));
    TRY(txn_commit(t, true, NULL));
    is_open = false;
done:
    if (is_open && txn_rollback(t) < 0)
        instance_disable(session->instance, err, __FILE__, __LINE__);
    return err;
}

/* One index that is out of date. */
static JET_ERR handle(struct session *session, struct database *db, struct search *s, const struct found_index *found, bool may_delete, bool *was_deleted)
{
    JET_ERR err = JET_errSuccess;
    bool is_empty;
    TRY(catalog_index_is_empty(s->catalog, found->index, &is_empty));
    if (is_empty) {
        TRY(run_change(session, s->catalog, found, catalog_renew_sort_order));
    } else if (index_is_primary(found->index)) {
        report_index(session->instance, db, s->weights, EVENT_PRIMARY_OUT_OF_DATE, EVENT_WARNING, found->table, found->index);
        RAISE(JET_errPrimaryIndexCorrupted);
    } else if (!may_delete) {
        report_index(session->instance, db, s->weights, EVENT_SECONDARY_OUT_OF_DATE, EVENT_WARNING, found->table, found->index);
        RAISE(JET_errSecondaryIndexCorrupted);
    } else {
        report_index(session->instance, db, s->weights, EVENT_INDEX_DELETED, EVENT_INFORMATION, found->table, found->index);
        TRY(run_change(session, s->catalog, found, catalog_drop_outdated_index));
        *was_deleted = true;
    }
done:
    return err;
}

static JET_ERR delete_all(struct session *session, struct search *s)
{
    JET_ERR err = JET_errSuccess;
    s->wants_all = true;
    TRY(catalog_visit_tables(s->catalog, search_table, s));
    for (const struct found_index *found = s->first; found != NULL; found = found->next)
        TRY(run_change(session, s->catalog, found, catalog_drop_outdated_index));
done:
    return err;
}

static JET_ERR clean_up(struct session *session, struct database *db, struct search *s, bool may_delete)
{
    JET_ERR err = JET_errSuccess;
    bool was_deleted = false;
    EVENT_REPORT(&session->instance->events, EVENT_CLEANUP_BEGINS, EVENT_INFORMATION, EVENT_DATA_DEFINITION, db->path);
    TRY(catalog_visit_tables(s->catalog, search_table, s));
    for (const struct found_index *found = s->first; found != NULL; found = found->next)
        TRY(handle(session, db, s, found, may_delete, &was_deleted));
    EVENT_REPORT(&session->instance->events, EVENT_CLEANUP_ENDS, EVENT_INFORMATION, EVENT_DATA_DEFINITION, db->path);
    err = was_deleted ? JET_wrnCorruptIndexDeleted : JET_errSuccess;
done:
    return err;
}

static JET_ERR visit_locales(struct session *session, struct locale_check *check, struct catalog *catalog)
{
    JET_ERR err = JET_errSuccess;
    struct transaction *t = session_transaction(session);
    TRY(txn_begin(t));
    err = catalog_visit_locales(catalog, t, check_locale, check);
    JET_ERR ended = txn_rollback(t); /* nothing was changed */
    err = err < 0 ? err : ended;
done:
    return err;
}

bool index_check_is_wanted(struct instance *instance)
{
    return instance_parameter(instance, JET_paramEnableIndexCleanup) != 0 || instance_parameter(instance, JET_paramEnableIndexChecking) == JET_IndexCheckingOn;
}

JET_ERR index_check_attached(struct session *session, struct database *db, bool is_wanted, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = session->instance;
    struct search search = {.last = &search.first};
    bool deletes_all = (grbit & JET_bitDbDeleteUnicodeIndexes) != 0;
    if (!is_wanted && !deletes_all)
        goto done;
    TRY(catalog_open(db, &search.catalog));
    if (deletes_all) {
        TRY(delete_all(session, &search));
        goto done;
    }
    struct locale_check check = {.weights = search.weights = catalog_weights(search.catalog)};
    if (check.weights == NULL)
        goto done;
    TRY(visit_locales(session, &check, search.catalog));
    report_locales(instance, db, &check);
    if (check.count > 0)
        err = clean_up(session, db, &search, (grbit & JET_bitDbDeleteCorruptIndexes) != 0);
done:
    search_close(&search);
    return err;
}

JET_ERR index_check_opened(struct session *session, struct database *db, const struct table_schema *table, bool is_read_only, bool allows_out_of_date)
{
    JET_ERR err = JET_errSuccess;
    struct catalog *catalog = NULL;
    if (instance_parameter(session->instance, JET_paramEnableIndexChecking) != JET_IndexCheckingDeferToOpenTable || (table->flags & TABLE_FLAG_SYSTEM) != 0)
        goto done;
    TRY(catalog_open(db, &catalog));
    for (uint32_t i = 0; i < table->index_count; i++) {
        const struct index *index = &table->indexes[i];
        bool is_empty;
        if ((index->flags & INDEX_FLAG_UNICODE_TEXT) == 0 || catalog_weights(catalog) == NULL)
            continue;
        enum collation_state state = state_of(catalog_weights(catalog), index);
        if (state == COLLATION_GOOD || (state == COLLATION_OUT_OF_DATE && allows_out_of_date))
            continue;
        TRY(catalog_index_is_empty(catalog, index, &is_empty));
        if (is_empty)
            continue;
        bool is_primary = index_is_primary(index);
        report_index(session->instance, db, catalog_weights(catalog), is_primary ? EVENT_PRIMARY_OUT_OF_DATE : EVENT_SECONDARY_OUT_OF_DATE, EVENT_WARNING, table, index);
        if (!is_read_only)
            RAISE(is_primary ? JET_errPrimaryIndexCorrupted : JET_errSecondaryIndexCorrupted);
        err = is_primary ? JET_wrnPrimaryIndexOutOfDate : JET_wrnSecondaryIndexOutOfDate;
        goto done;
    }
done:
    return err;
}
