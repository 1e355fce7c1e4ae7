/* See schema_use.h; and what tables in use take of it (ddl.h).
 *
 * What a table has taken is in its table_state, under the lock of catalog_shared (internal.h). Indexes come and go while the table is in use: a transaction that
 * makes one takes more at once and gives it back if that is undone; one that deletes one gives it back when it commits. By then all cursors may have been closed and others
 * opened, which counted anew what they saw: the state's `use_epoch` tells. */
#include "catalog/schema_use.h"

#include "base/memory.h"
#include "catalog/internal.h"
#include "txn/txn.h"

/* --- the counts --- */

/* A count never goes above the limit, even for a moment: another claim could be refused for it. */
static bool add_within(atomic_uint *count, uint32_t amount, uint32_t most)
{
    unsigned now = atomic_load(count);
    do {
        if (amount > 0 && (amount > most || now > most - amount))
            return false;
    } while (!atomic_compare_exchange_weak(count, &now, now + amount));
    return true;
}

JET_ERR schema_use_claim(struct schema_use *use, struct schema_amounts amounts)
{
    JET_ERR err = JET_errSuccess;
    struct schema_amounts taken = {0};
    if (use == NULL)
        goto done;
    if (!add_within(&use->trees, amounts.trees, use->most))
        RAISE(JET_errTooManyOpenTables);
    taken.trees = amounts.trees;
    if (!add_within(&use->tables, amounts.tables, use->most))
        RAISE(JET_errTooManyOpenTables);
    taken.tables = amounts.tables;
    if (!add_within(&use->indexes, amounts.indexes, use->most))
        RAISE(JET_errTooManyOpenIndexes);
done:
    if (err < 0)
        schema_use_release(use, taken);
    return err;
}

void schema_use_release(struct schema_use *use, struct schema_amounts amounts)
{
    if (use == NULL)
        return;
    atomic_fetch_sub(&use->trees, amounts.trees);
    atomic_fetch_sub(&use->tables, amounts.tables);
    atomic_fetch_sub(&use->indexes, amounts.indexes);
}

/* --- tables --- */

static struct schema_amounts amounts_of(const struct table_schema *schema)
{
    if ((schema->flags & TABLE_FLAG_SYSTEM) != 0)
        return (struct schema_amounts){0};
    uint32_t secondary = schema->index_count - (schema_primary(schema) != NULL ? 1u : 0u);
    return (struct schema_amounts){.trees = 1 + secondary, .tables = 1, .indexes = schema->index_count};
}

JET_ERR catalog_enter_table(struct catalog *catalog, struct table_state *state, const struct table_schema *schema)
{
    JET_ERR err = JET_errSuccess;
    unsigned count = atomic_load(&state->open_count);
    while (count > 0)
        if (atomic_compare_exchange_weak(&state->open_count, &count, count + 1))
            return err;
    mutex_lock(&catalog->shared->lock); /* from 0 to 1 and back only under the lock */
    if (atomic_load(&state->open_count) == 0) {
        struct schema_amounts amounts = amounts_of(schema);
        TRY(schema_use_claim(catalog->db->schema_use, amounts));
        state->in_use = amounts;
        state->use_epoch++;
    }
    atomic_fetch_add(&state->open_count, 1);
done:
    mutex_unlock(&catalog->shared->lock);
    return err;
}

void catalog_leave_table(struct catalog *catalog, struct table_state *state)
{
    unsigned count = atomic_load(&state->open_count);
    while (count > 1)
        if (atomic_compare_exchange_weak(&state->open_count, &count, count - 1))
            return;
    mutex_lock(&catalog->shared->lock);
    if (atomic_fetch_sub(&state->open_count, 1) == 1) {
        schema_use_release(catalog->db->schema_use, state->in_use);
        state->in_use = (struct schema_amounts){0};
        atomic_store(&state->uses_long_values, false);
    }
    mutex_unlock(&catalog->shared->lock);
}

JET_ERR catalog_use_long_values(struct catalog *catalog, struct table_state *state)
{
    JET_ERR err = JET_errSuccess;
    if (atomic_load(&state->uses_long_values))
        return err;
    mutex_lock(&catalog->shared->lock);
    if (!atomic_load(&state->uses_long_values) && state->in_use.tables > 0) {
        TRY(schema_use_claim(catalog->db->schema_use, (struct schema_amounts){.trees = 1}));
        state->in_use.trees++;
    }
    atomic_store(&state->uses_long_values, true);
done:
    mutex_unlock(&catalog->shared->lock);
    return err;
}

/* --- indexes of tables in use --- */

struct index_use {
    struct catalog_shared *shared;
    struct table_state *state;     /* NULL: nothing to give back */
    struct schema_amounts amounts; /* of the index */
    uint64_t epoch;
};

static void index_gone(void *p)
{
    struct index_use *index = p;
    struct table_state *state = index->state;
    mutex_lock(&index->shared->lock);
    if (state != NULL && index->shared->catalog != NULL && state->use_epoch == index->epoch && state->in_use.indexes >= index->amounts.indexes
        && state->in_use.trees > index->amounts.trees) {
        state->in_use.trees -= index->amounts.trees;
        state->in_use.indexes -= index->amounts.indexes;
        schema_use_release(index->shared->catalog->db->schema_use, index->amounts);
    }
    mutex_unlock(&index->shared->lock);
}

static void index_use_free(void *p)
{
    struct index_use *index = p;
    catalog_shared_release(index->shared);
    mem_free(index);
}

static const struct version_action made_action = {.rolled_back = index_gone, .free = index_use_free};
static const struct version_action deleted_action = {.committed = index_gone, .free = index_use_free};

/* *out: lives until the end of t's level at least. Gives back nothing before it is told what. */
static JET_ERR note_index(struct catalog *catalog, struct transaction *t, const struct version_action *action, struct index_use **out)
{
    JET_ERR err = JET_errSuccess;
    struct index_use *index = mem_alloc(sizeof *index);
    if (index == NULL)
        RAISE(JET_errOutOfMemory);
    *index = (struct index_use){.shared = catalog_shared_retain(catalog->shared)};
    err = version_add_action(t, action, index);
    if (err < 0) {
        catalog_shared_release(catalog->shared);
        goto done;
    }
    *out = index;
    index = NULL;
done:
    mem_free(index);
    return err;
}

static struct schema_amounts amounts_of_index(bool is_primary) { return (struct schema_amounts){.trees = is_primary ? 0 : 1, .indexes = 1}; }

/* Under the lock. */
static void remember(struct index_use *index, struct table_state *state, bool is_primary)
{
    index->state = state;
    index->amounts = amounts_of_index(is_primary);
    index->epoch = state->use_epoch;
}

JET_ERR catalog_use_new_index(struct catalog *catalog, struct transaction *t, uint32_t objid_table, bool is_primary)
{
    JET_ERR err = JET_errSuccess;
    struct table_state *state;
    struct index_use *index;
    bool is_locked = false;
    TRY(catalog_table_state(catalog, objid_table, &state));
    TRY(note_index(catalog, t, &made_action, &index));
    mutex_lock(&catalog->shared->lock);
    is_locked = true;
    if (state->in_use.tables > 0) {
        TRY(schema_use_claim(catalog->db->schema_use, amounts_of_index(is_primary)));
        remember(index, state, is_primary);
        state->in_use.trees += index->amounts.trees;
        state->in_use.indexes += index->amounts.indexes;
    }
done:
    if (is_locked)
        mutex_unlock(&catalog->shared->lock);
    return err;
}

JET_ERR catalog_note_index_deleted(struct catalog *catalog, struct transaction *t, uint32_t objid_table)
{
    JET_ERR err = JET_errSuccess;
    struct table_state *state;
    struct index_use *index;
    TRY(catalog_table_state(catalog, objid_table, &state));
    TRY(note_index(catalog, t, &deleted_action, &index));
    mutex_lock(&catalog->shared->lock);
    remember(index, state, false);
    mutex_unlock(&catalog->shared->lock);
done:
    return err;
}
