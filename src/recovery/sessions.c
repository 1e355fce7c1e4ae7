/* Sessions of the run being replayed: levels, and the macros they have open (recovery.md 6.3, 6.4). */
#include <string.h>

#include "base/memory.h"
#include "recovery/internal.h"

/* More than any operation takes; keeps a damaged log from piling up records. */
enum { MACRO_MEMBERS_MAX = 4096 };

JET_ERR recovery_find_session(struct recovery *r, uint16_t procid, struct recovered_session **out)
{
    JET_ERR err = JET_errSuccess;
    if (r->is_between_runs)
        RAISE(JET_errLogCorrupted);
    for (uint32_t i = 0; i < r->session_count; i++) {
        if (r->sessions[i].procid == procid) {
            *out = &r->sessions[i];
            goto done;
        }
    }
    if (r->session_count == r->session_room) {
        uint32_t room = r->session_room == 0 ? 64 : r->session_room * 2;
        struct recovered_session *grown = (struct recovered_session *)mem_resize(r->sessions, room * sizeof *grown);
        if (grown == NULL)
            RAISE(JET_errOutOfMemory);
        r->sessions = grown;
        r->session_room = room;
    }
    r->sessions[r->session_count] = (struct recovered_session){.procid = procid};
    *out = &r->sessions[r->session_count++];
done:
    return err;
}

static void drop_commit_context(struct recovered_session *s)
{
    mem_free(s->commit_context);
    s->commit_context = NULL;
    s->commit_context_size = 0;
}

void recovery_end_sessions(struct recovery *r)
{
    for (uint32_t i = 0; i < r->session_count; i++) {
        recovery_drop_macros(&r->sessions[i]);
        drop_commit_context(&r->sessions[i]);
        versions_release(&r->sessions[i]);
    }
    r->session_count = 0;
}

/* --- transactions --- */

static void note_transaction(struct recovery *r, uint32_t transaction)
{
    /* Numbers wrap around. */
    if ((int32_t)(transaction - r->transaction_last) > 0)
        r->transaction_last = transaction;
}

static void begin(struct recovered_session *s, const struct transaction_record *t)
{
    s->has_begun = true;
    s->level = t->levels;
    s->transaction = t->transaction;
    versions_release(s);
}

/* --- contexts of commits --- */

static bool has_context_flags(struct log_version v)
{
    return v.update_major > 5 || (v.update_major == 5 && v.update_minor >= 2) || (v.update_major == 4 && v.update_minor >= 8);
}

static JET_ERR tell_commit_context(struct recovery *r, struct span context, enum recovery_commit_context what)
{
    return recovery_ask(r, (struct recovery_question){.kind = RECOVERY_COMMIT_CONTEXT, .context = context, .detail = (uint8_t)what});
}

JET_ERR recovery_redo_commit_context(struct recovery *r, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct recovered_session *s;
    const struct commit_context_record *c = &record->commit_context;
    if (r->config->ask == NULL || !has_context_flags(r->generation.header.version))
        goto done;
    if ((c->flags & COMMIT_CONTEXT_WANTS_CALLS_AROUND) == 0) {
        if ((c->flags & COMMIT_CONTEXT_WANTS_CALL) != 0)
            TRY(tell_commit_context(r, c->context, RECOVERY_CONTEXT_ENDED));
        goto done;
    }
    TRY(recovery_find_session(r, record->procid, &s));
    if (!s->has_begun || c->context.size == 0)
        goto done;
    drop_commit_context(s);
    s->commit_context = (uint8_t *)mem_alloc(c->context.size);
    if (s->commit_context == NULL)
        RAISE(JET_errOutOfMemory);
    memcpy(s->commit_context, c->context.data, c->context.size);
    s->commit_context_size = c->context.size;
done:
    return err;
}

static JET_ERR commit_all(struct recovery *r, struct recovered_session *s)
{
    JET_ERR err = JET_errSuccess;
    struct span context = span_of(s->commit_context, s->commit_context_size);
    if (context.size > 0)
        TRY(tell_commit_context(r, context, RECOVERY_CONTEXT_BEFORE_COMMIT));
    s->level = 0;
    versions_release(s);
    if (context.size > 0)
        TRY(tell_commit_context(r, context, RECOVERY_CONTEXT_AFTER_COMMIT));
    drop_commit_context(s);
done:
    return err;
}

/* --- levels --- */

/* A session is followed from its first Begin0 on: before that, its transaction began before the checkpoint and its pages are on the disk. */
JET_ERR recovery_redo_transaction(struct recovery *r, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct recovered_session *s;
    const struct transaction_record *t = &record->transaction;
    TRY(recovery_find_session(r, record->procid, &s));
    if (record->type == LR_BEGIN0 || record->type == LR_COMMIT0 || record->type == LR_REFRESH)
        note_transaction(r, t->transaction);
    if (record->type == LR_BEGIN0)
        begin(s, t);
    if (recovery_is_observed(r) && (record->type == LR_BEGIN0 || record->type == LR_COMMIT0))
        TRY(recovery_observe_transaction(r, s, record));
    if (record->type == LR_BEGIN0 || !s->has_begun)
        goto done;
    switch (record->type) {
    case LR_BEGIN:
        if (t->level_before != s->level || s->level + t->levels > 15)
            RAISE(JET_errLogCorrupted);
        s->level = (uint8_t)(s->level + t->levels);
        break;
    case LR_COMMIT:
        if (t->level > s->level)
            RAISE(JET_errLogCorrupted);
        s->level = t->level;
        versions_commit(s, s->level);
        break;
    case LR_COMMIT0: TRY(commit_all(r, s)); break;
    case LR_ROLLBACK:
        if (t->levels > s->level)
            RAISE(JET_errLogCorrupted);
        s->level = (uint8_t)(s->level - t->levels);
        versions_drop_above(s, s->level);
        if (s->level == 0)
            drop_commit_context(s);
        if (recovery_is_observed(r))
            TRY(recovery_observe_transaction(r, s, record));
        break;
    default: break;
    }
done:
    return err;
}

/* --- macros --- */

static void release_macro(struct open_macro *macro)
{
    for (uint32_t i = 0; i < macro->count; i++)
        mem_free(macro->members[i].bytes);
    mem_free(macro->members);
    mem_free(macro);
}

void recovery_drop_macros(struct recovered_session *s)
{
    while (s->macros != NULL) {
        struct open_macro *macro = s->macros;
        s->macros = macro->next;
        release_macro(macro);
    }
}

static struct open_macro **find_macro(struct recovered_session *s, uint64_t dbtime)
{
    struct open_macro **at = &s->macros;
    while (*at != NULL && (*at)->dbtime != dbtime)
        at = &(*at)->next;
    return at;
}

JET_ERR recovery_collect(struct recovered_session *s, const struct log_record *record, bool *is_collected)
{
    JET_ERR err = JET_errSuccess;
    struct open_macro *macro = record->has_dbtime || record->has_page ? *find_macro(s, record->has_page ? record->page.dbtime : record->dbtime) : NULL;
    uint8_t *copy = NULL;
    *is_collected = macro != NULL;
    if (macro == NULL)
        goto done;
    if (macro->count == MACRO_MEMBERS_MAX)
        RAISE(JET_errLogCorrupted);
    if (macro->count == macro->room) {
        uint32_t room = macro->room == 0 ? 8 : macro->room * 2;
        struct macro_member *grown = (struct macro_member *)mem_resize(macro->members, room * sizeof *grown);
        if (grown == NULL)
            RAISE(JET_errOutOfMemory);
        macro->members = grown;
        macro->room = room;
    }
    copy = (uint8_t *)mem_alloc(record->bytes.size);
    if (copy == NULL)
        RAISE(JET_errOutOfMemory);
    memcpy(copy, record->bytes.data, record->bytes.size);
    macro->members[macro->count++] = (struct macro_member){copy, record->bytes.size};
done:
    return err;
}

static JET_ERR open_macro(struct recovered_session *s, uint64_t dbtime)
{
    JET_ERR err = JET_errSuccess;
    struct open_macro *macro = NULL;
    if (*find_macro(s, dbtime) != NULL)
        RAISE(JET_errLogCorrupted);
    macro = (struct open_macro *)mem_alloc(sizeof *macro);
    if (macro == NULL)
        RAISE(JET_errOutOfMemory);
    *macro = (struct open_macro){.next = s->macros, .dbtime = dbtime};
    s->macros = macro;
done:
    return err;
}

/* Members belong together: one database, all of one session. */
static JET_ERR execute(struct recovery *r, struct recovered_session *s, const struct open_macro *macro)
{
    JET_ERR err = JET_errSuccess;
    struct log_record *records = NULL;
    bool has_level = false;
    if (macro->count == 0)
        goto done;
    records = (struct log_record *)mem_alloc_array(macro->count, sizeof *records);
    if (records == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < macro->count; i++) {
        TRY(log_record_decode(span_of(macro->members[i].bytes, macro->members[i].size), &records[i]));
        if (records[i].dbid != records[0].dbid)
            RAISE(JET_errLogCorrupted);
        has_level |= records[i].has_page && records[i].page.level > 0;
    }
    struct recovered_database *d = recovery_find_attached(r, records[0].dbid);
    if (d != NULL && (s->has_begun || !has_level))
        TRY(recovery_redo_macro(r, d, s, records, macro->count));
done:
    mem_free(records);
    return err;
}

JET_ERR recovery_redo_macro_mark(struct recovery *r, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct recovered_session *s;
    TRY(recovery_find_session(r, record->procid, &s));
    if (record->type == LR_MACRO_BEGIN) {
        TRY(open_macro(s, record->macro.dbtime));
        goto done;
    }
    struct open_macro **at = find_macro(s, record->macro.dbtime);
    struct open_macro *macro = *at;
    if (macro == NULL)
        goto done; /* begun before the checkpoint */
    *at = macro->next;
    err = record->type == LR_MACRO_COMMIT ? execute(r, s, macro) : JET_errSuccess;
    release_macro(macro);
done:
    return err;
}
