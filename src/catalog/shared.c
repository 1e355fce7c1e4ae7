/* What follows transactions: schema changes in progress, trees to give back, writers of tables (internal.h, ddl.h).
 *
 * A schema change leaves a struct schema_change in a list until its transaction ends; then a version action takes it out and, after a commit, names the
 * table for the cache to forget. The end of a transaction may come with locks of the version store held, and after the catalog has been closed:
 * so all that it touches is behind one leaf lock, in a block that is counted and outlives the catalog. */
#include "base/memory.h"
#include "btree/extent.h"
#include "catalog/internal.h"
#include "os/clock.h"
#include "txn/txn.h"

/* How long a change of indexes waits for transactions that have changed rows. */
enum { WAIT_FOR_WRITERS_MS = 300 };

struct table_writer {
    struct table_writer *next;
    struct catalog_shared *shared;
    struct table_state *state;
    struct transaction *transaction;
    bool is_listed;
};

/* --- the counted block --- */

void catalog_shared_release(struct catalog_shared *shared)
{
    mutex_lock(&shared->lock);
    bool is_last = --shared->references == 0;
    mutex_unlock(&shared->lock);
    if (!is_last)
        return;
    while (shared->forgotten != NULL) {
        struct forgotten_objid *next = shared->forgotten->next;
        mem_free(shared->forgotten);
        shared->forgotten = next;
    }
    condition_destroy(&shared->long_values_made);
    mutex_destroy(&shared->lock);
    mem_free(shared);
}

struct catalog_shared *catalog_shared_retain(struct catalog_shared *shared)
{
    mutex_lock(&shared->lock);
    shared->references++;
    mutex_unlock(&shared->lock);
    return shared;
}

JET_ERR catalog_shared_create(struct catalog *catalog, struct catalog_shared **out)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_shared *shared = mem_alloc(sizeof *shared);
    if (shared == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(mutex_init(&shared->lock, RANK_LEAF));
    err = condition_init(&shared->long_values_made);
    if (err < 0) {
        mutex_destroy(&shared->lock);
        goto done;
    }
    shared->references = 1;
    shared->catalog = catalog;
    *out = shared;
    shared = NULL;
done:
    mem_free(shared);
    return err;
}

void catalog_shared_close(struct catalog_shared *shared)
{
    mutex_lock(&shared->lock);
    shared->catalog = NULL;
    mutex_unlock(&shared->lock);
    for (uint32_t i = 0; i < CATALOG_STATE_BUCKETS; i++)
        while (shared->states[i] != NULL) {
            struct table_state *next = shared->states[i]->next;
            for (struct table_writer *w = shared->states[i]->writers; w != NULL; w = w->next)
                w->is_listed = false;
            for (struct table_callback *c = atomic_load(&shared->states[i]->callbacks), *after; c != NULL; c = after) {
                after = c->next;
                mem_free(c);
            }
            mutex_destroy(&shared->states[i]->lock);
            mem_free(shared->states[i]);
            shared->states[i] = next;
        }
    catalog_shared_release(shared);
}

uint64_t catalog_generation(const struct catalog *catalog) { return atomic_load(&catalog->shared->generation); }

struct forgotten_objid *catalog_take_forgotten(struct catalog *catalog)
{
    struct catalog_shared *shared = catalog->shared;
    if (!atomic_load(&shared->has_forgotten))
        return NULL;
    mutex_lock(&shared->lock);
    struct forgotten_objid *list = shared->forgotten;
    shared->forgotten = NULL;
    atomic_store(&shared->has_forgotten, false);
    mutex_unlock(&shared->lock);
    return list;
}

/* --- schema changes --- */

struct change_context {
    struct schema_change change; /* first */
    struct forgotten_objid *forgotten; /* ready, so that a commit need not allocate */
};

/* Out of the list; after a commit the cache must forget the table. */
static void change_end(struct change_context *context, bool is_committed)
{
    struct catalog_shared *shared = context->change.shared;
    mutex_lock(&shared->lock);
    for (struct schema_change **link = &shared->changes; *link != NULL; link = &(*link)->next)
        if (*link == &context->change) {
            *link = context->change.next;
            atomic_fetch_sub(&shared->change_count, 1);
            break;
        }
    if (is_committed && shared->catalog != NULL && context->forgotten != NULL) {
        context->forgotten->next = shared->forgotten;
        shared->forgotten = context->forgotten;
        context->forgotten = NULL;
        atomic_store(&shared->has_forgotten, true);
    }
    atomic_fetch_add(&shared->generation, 1);
    mutex_unlock(&shared->lock);
}

static void change_committed(void *context) { change_end(context, true); }
static void change_rolled_back(void *context) { change_end(context, false); }

static void change_free(void *p)
{
    struct change_context *context = p;
    mem_free(context->forgotten);
    catalog_shared_release(context->change.shared);
    mem_free(context);
}

static const struct version_action change_action = {.committed = change_committed, .rolled_back = change_rolled_back, .free = change_free};

JET_ERR catalog_note_change(struct catalog *catalog, struct transaction *t, uint32_t objid, bool is_created)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_shared *shared = catalog->shared;
    struct change_context *context = mem_alloc(sizeof *context);
    if (context == NULL)
        RAISE(JET_errOutOfMemory);
    context->forgotten = mem_alloc(sizeof *context->forgotten);
    if (context->forgotten == NULL)
        RAISE(JET_errOutOfMemory);
    context->forgotten->objid = objid;
    context->change = (struct schema_change){.owner = t, .objid = objid, .is_created = is_created, .shared = catalog_shared_retain(shared)};
    err = version_add_action(t, &change_action, context);
    if (err < 0) {
        catalog_shared_release(shared);
        goto done;
    }
    mutex_lock(&shared->lock);
    context->change.next = shared->changes;
    shared->changes = &context->change;
    atomic_fetch_add(&shared->change_count, 1);
    atomic_fetch_add(&shared->generation, 1);
    mutex_unlock(&shared->lock);
    context = NULL;
done:
    if (context != NULL)
        mem_free(context->forgotten);
    mem_free(context);
    return err;
}

bool catalog_has_changed(struct catalog *catalog, const struct transaction *t, uint32_t objid, bool *is_created)
{
    struct catalog_shared *shared = catalog->shared;
    bool found = false;
    *is_created = false;
    mutex_lock(&shared->lock);
    for (const struct schema_change *c = shared->changes; c != NULL; c = c->next)
        if (c->owner == t && c->objid == objid) {
            found = true;
            *is_created |= c->is_created;
        }
    mutex_unlock(&shared->lock);
    return found;
}

bool catalog_has_changes(struct catalog *catalog, const struct transaction *t)
{
    struct catalog_shared *shared = catalog->shared;
    bool found = false;
    if (atomic_load(&shared->change_count) == 0)
        return false;
    mutex_lock(&shared->lock);
    for (const struct schema_change *c = shared->changes; c != NULL && !found; c = c->next)
        found = c->owner == t;
    mutex_unlock(&shared->lock);
    return found;
}

/* --- trees --- */

struct tree_context {
    struct catalog_shared *shared;
    page_no_t root;
    uint32_t objid;
    struct space_deletion deletion;
};

static void tree_free(void *p)
{
    struct tree_context *context = p;
    space_deletion_release(&context->deletion);
    catalog_shared_release(context->shared);
    mem_free(context);
}

static JET_ERR tree_cleaned(void *p, struct transaction *cleanup)
{
    struct tree_context *context = p;
    struct catalog_shared *shared = context->shared;
    mutex_lock(&shared->lock);
    struct database *db = shared->catalog != NULL ? shared->catalog->db : NULL;
    mutex_unlock(&shared->lock);
    return db != NULL ? space_delete_tree(cleanup, db, context->root, context->objid, &context->deletion) : JET_errSuccess;
}

/* What is taken back comes into the cleanup's queue newest first: nodes before their tree, an index before its table. */
static const struct version_action created_action = {.cleaned_after_rollback = tree_cleaned, .free = tree_free, .is_restartable = true};
static const struct version_action deleted_action = {.cleaned = tree_cleaned, .free = tree_free, .is_restartable = true};

static JET_ERR note_tree(struct catalog *catalog, struct transaction *t, const struct version_action *action, page_no_t root, uint32_t objid)
{
    JET_ERR err = JET_errSuccess;
    struct tree_context *context = mem_alloc(sizeof *context);
    if (context == NULL)
        RAISE(JET_errOutOfMemory);
    *context = (struct tree_context){.root = root, .objid = objid, .shared = catalog_shared_retain(catalog->shared)};
    err = version_add_action(t, action, context);
    if (err < 0)
        catalog_shared_release(catalog->shared);
    else
        context = NULL;
done:
    mem_free(context);
    return err;
}

JET_ERR catalog_note_created_tree(struct catalog *catalog, struct transaction *t, page_no_t root, uint32_t objid)
{
    JET_ERR err = note_tree(catalog, t, &created_action, root, objid);
    if (err < 0) {
        struct space_deletion deletion = {.count = 0};
        JET_ERR given_back = space_delete_tree(t, catalog->db, root, objid, &deletion);
        (void)given_back; /* the pages are lost then; the first error says more */
        space_deletion_release(&deletion);
    }
    return err;
}

JET_ERR catalog_note_deleted_tree(struct catalog *catalog, struct transaction *t, page_no_t root, uint32_t objid)
{
    return note_tree(catalog, t, &deleted_action, root, objid);
}

JET_ERR catalog_end_change(struct transaction *t, JET_ERR err)
{
    if (err >= 0) {
        JET_ERR committed = txn_commit(t, true, NULL);
        if (committed >= 0)
            return err;
        err = committed;
    }
    JET_ERR undone = txn_rollback(t);
    return undone < 0 ? undone : err;
}

/* --- tables: what their users share --- */

JET_ERR catalog_table_state(struct catalog *catalog, uint32_t objid_table, struct table_state **out)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_shared *shared = catalog->shared;
    struct table_state **bucket = &shared->states[objid_table % CATALOG_STATE_BUCKETS], *made = NULL, *found = NULL;
    bool has_lock = false;
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        mutex_lock(&shared->lock);
        for (found = *bucket; found != NULL && found->objid != objid_table; found = found->next)
            continue;
        if (found == NULL && made != NULL) {
            found = made;
            made->next = *bucket;
            *bucket = made;
            made = NULL;
        }
        mutex_unlock(&shared->lock);
        if (found != NULL)
            break;
        made = mem_alloc(sizeof *made);
        if (made == NULL)
            RAISE(JET_errOutOfMemory);
        made->objid = objid_table;
        TRY(mutex_init(&made->lock, RANK_CATALOG_TABLE));
        has_lock = true;
    }
    *out = found;
done:
    if (made != NULL && has_lock)
        mutex_destroy(&made->lock);
    mem_free(made);
    return err;
}

bool catalog_has_derived_in_use(struct catalog *catalog, uint32_t objid_template)
{
    struct catalog_shared *shared = catalog->shared;
    bool found = false;
    mutex_lock(&shared->lock);
    for (uint32_t i = 0; i < CATALOG_STATE_BUCKETS; i++)
        for (const struct table_state *s = shared->states[i]; s != NULL && !found; s = s->next)
            found = atomic_load(&s->template_objid) == objid_template && atomic_load(&s->open_count) > 0;
    mutex_unlock(&shared->lock);
    return found;
}

void catalog_begin_long_values(struct catalog *catalog)
{
    struct catalog_shared *shared = catalog->shared;
    mutex_lock(&shared->lock);
    while (shared->is_making_long_values)
        condition_wait(&shared->long_values_made, &shared->lock);
    shared->is_making_long_values = true;
    mutex_unlock(&shared->lock);
}

void catalog_end_long_values(struct catalog *catalog, struct table_state *state, page_no_t root, uint32_t objid)
{
    struct catalog_shared *shared = catalog->shared;
    mutex_lock(&shared->lock);
    shared->is_making_long_values = false;
    if (state != NULL) {
        state->lv_root = root;
        state->lv_objid = objid;
    }
    condition_signal(&shared->long_values_made);
    mutex_unlock(&shared->lock);
}

bool catalog_known_long_value_tree(struct catalog *catalog, uint32_t objid_table, page_no_t *root, uint32_t *objid)
{
    struct catalog_shared *shared = catalog->shared;
    bool found = false;
    mutex_lock(&shared->lock);
    for (const struct table_state *s = shared->states[objid_table % CATALOG_STATE_BUCKETS]; s != NULL; s = s->next)
        if (s->objid == objid_table && s->lv_root != 0) {
            *root = s->lv_root;
            *objid = s->lv_objid;
            found = true;
        }
    mutex_unlock(&shared->lock);
    return found;
}

void catalog_forget_long_value_trees(struct catalog *catalog)
{
    struct catalog_shared *shared = catalog->shared;
    mutex_lock(&shared->lock);
    for (uint32_t i = 0; i < CATALOG_STATE_BUCKETS; i++)
        for (struct table_state *s = shared->states[i]; s != NULL; s = s->next)
            s->lv_root = s->lv_objid = 0;
    mutex_unlock(&shared->lock);
}

/* --- writers and those who keep them out --- */

static void writer_end(void *p)
{
    struct table_writer *writer = p;
    struct catalog_shared *shared = writer->shared;
    mutex_lock(&shared->lock);
    if (writer->is_listed)
        for (struct table_writer **link = &writer->state->writers; *link != NULL; link = &(*link)->next)
            if (*link == writer) {
                *link = writer->next;
                break;
            }
    writer->is_listed = false;
    mutex_unlock(&shared->lock);
}

static void writer_free(void *p)
{
    struct table_writer *writer = p;
    writer_end(writer);
    catalog_shared_release(writer->shared);
    mem_free(writer);
}

static const struct version_action writer_action = {.committed = writer_end, .rolled_back = writer_end, .free = writer_free};

/* Under the lock. */
static bool is_writer(const struct table_state *state, const struct transaction *t)
{
    for (const struct table_writer *w = state->writers; w != NULL; w = w->next)
        if (w->transaction == t)
            return true;
    return false;
}

static bool has_other_writers(const struct table_state *state, const struct transaction *t)
{
    for (const struct table_writer *w = state->writers; w != NULL; w = w->next)
        if (w->transaction != t)
            return true;
    return false;
}

static JET_ERR writer_create(struct catalog *catalog, struct transaction *t, struct table_state *state, const struct version_action *action, struct table_writer **out)
{
    JET_ERR err = JET_errSuccess;
    struct table_writer *writer = mem_alloc(sizeof *writer);
    if (writer == NULL)
        RAISE(JET_errOutOfMemory);
    writer->shared = catalog_shared_retain(catalog->shared);
    writer->state = state;
    writer->transaction = t;
    err = version_add_action(t, action, writer);
    if (err < 0) {
        catalog_shared_release(catalog->shared);
        goto done;
    }
    *out = writer;
    writer = NULL;
done:
    mem_free(writer);
    return err;
}

JET_ERR catalog_enter_writer(struct catalog *catalog, struct transaction *t, struct table_state *state)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_shared *shared = catalog->shared;
    struct table_writer *writer = NULL;
    bool is_known = false, is_refused = false;
    for (unsigned attempt = 0; attempt < 2 && !is_known; attempt++) {
        mutex_lock(&shared->lock);
        is_refused = state->ddl_owner != NULL && state->ddl_owner != t;
        is_known = is_writer(state, t);
        if (!is_refused && !is_known && writer != NULL) {
            writer->next = state->writers;
            state->writers = writer;
            writer->is_listed = is_known = true;
        }
        mutex_unlock(&shared->lock);
        if (is_refused)
            RAISE(JET_errWriteConflict);
        if (!is_known && writer == NULL)
            TRY(writer_create(catalog, t, state, &writer_action, &writer));
    }
done:
    return err;
}

static void exclusive_end(void *p)
{
    struct table_writer *owner = p;
    mutex_lock(&owner->shared->lock);
    if (owner->is_listed && owner->shared->catalog != NULL)
        owner->state->ddl_owner = NULL;
    owner->is_listed = false;
    atomic_fetch_add(&owner->shared->generation, 1);
    mutex_unlock(&owner->shared->lock);
}

static void exclusive_free(void *p)
{
    struct table_writer *owner = p;
    catalog_shared_release(owner->shared);
    mem_free(owner);
}

static const struct version_action exclusive_action = {.committed = exclusive_end, .rolled_back = exclusive_end, .free = exclusive_free};

JET_ERR catalog_enter_exclusive(struct catalog *catalog, struct transaction *t, struct table_state *state)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_shared *shared = catalog->shared;
    struct table_writer *owner = NULL;
    bool has_others = true;
    mutex_lock(&shared->lock);
    bool is_ours = state->ddl_owner == t;
    mutex_unlock(&shared->lock);
    if (is_ours)
        goto done;
    TRY(writer_create(catalog, t, state, &exclusive_action, &owner));
    mutex_lock(&shared->lock);
    if (state->ddl_owner == NULL) {
        state->ddl_owner = t;
        owner->is_listed = true;
    }
    bool is_owner = owner->is_listed;
    mutex_unlock(&shared->lock);
    if (!is_owner)
        RAISE(JET_errWriteConflict);
    for (unsigned waited = 0; has_others && waited <= WAIT_FOR_WRITERS_MS; waited++) {
        mutex_lock(&shared->lock);
        has_others = has_other_writers(state, t);
        mutex_unlock(&shared->lock);
        if (has_others)
            thread_sleep_ms(1);
    }
    if (has_others)
        RAISE(JET_errWriteConflict); /* the inner level is taken back, and with it the ownership */
done:
    return err;
}

bool catalog_has_writers(struct catalog *catalog, const struct table_state *state)
{
    struct catalog_shared *shared = catalog->shared;
    mutex_lock(&shared->lock);
    bool found = state->writers != NULL;
    mutex_unlock(&shared->lock);
    return found;
}

/* --- tables being deleted --- */

static void deletion_taken_back(void *p)
{
    struct table_writer *deletion = p;
    mutex_lock(&deletion->shared->lock);
    if (deletion->is_listed && deletion->shared->catalog != NULL)
        atomic_store(&deletion->state->is_deleted, false);
    mutex_unlock(&deletion->shared->lock);
}

static const struct version_action deletion_action = {.rolled_back = deletion_taken_back, .free = exclusive_free};

JET_ERR catalog_mark_deleted(struct catalog *catalog, struct transaction *t, struct table_state *state)
{
    JET_ERR err = JET_errSuccess;
    struct table_writer *deletion = NULL;
    TRY(writer_create(catalog, t, state, &deletion_action, &deletion));
    deletion->is_listed = true;
    atomic_store(&state->is_deleted, true);
done:
    return err;
}
