/* The frame of schema changes, and definitions of indexes and defaults read from the client's structures (jet_ddl.h). */
#define ESENT_PRIVATE
#include "api/jet_ddl.h"

#include "base/memory.h"
#include "base/text.h"
#include "engine/callback_library.h"
#include "engine/session.h"
#include "record/locale.h"

/* --- the frame of a call --- */

static JET_ERR check_session(struct ddl_call *call)
{
    JET_ERR err = JET_errSuccess;
    call->transaction = session_transaction(call->session);
    if (session_is_read_only(call->session))
        RAISE(JET_errTransReadOnly);
done:
    return err;
}

static JET_ERR enter_cursor(JET_SESID sesid, JET_TABLEID tableid, bool must_update, struct ddl_call *call, struct cursor **cursor)
{
    JET_ERR err = JET_errSuccess;
    *call = (struct ddl_call){.session = NULL};
    TRY(table_enter(sesid, tableid, &call->session, cursor));
    call->catalog = cursor_catalog(*cursor);
    if (call->catalog == NULL)
        RAISE(JET_errIllegalOperation);
    const struct open_database *database = session_cursor_database(call->session, tableid);
    if (must_update ? cursor_is_read_only(*cursor) : database == NULL || open_database_is_read_only(database))
        RAISE(JET_errPermissionDenied);
    TRY(check_session(call));
done:
    return err;
}

JET_ERR ddl_enter_cursor(JET_SESID sesid, JET_TABLEID tableid, struct ddl_call *call, struct cursor **cursor) { return enter_cursor(sesid, tableid, true, call, cursor); }

JET_ERR ddl_enter_any_cursor(JET_SESID sesid, JET_TABLEID tableid, struct ddl_call *call, struct cursor **cursor) { return enter_cursor(sesid, tableid, false, call, cursor); }

JET_ERR ddl_enter_database(JET_SESID sesid, JET_DBID dbid, struct ddl_call *call)
{
    JET_ERR err = JET_errSuccess;
    struct open_database *database;
    *call = (struct ddl_call){.session = NULL};
    TRY(engine_enter_session(sesid, 0, &call->session));
    TRY(session_find_database(call->session, dbid, &database));
    if (open_database_is_read_only(database))
        RAISE(JET_errPermissionDenied);
    TRY(check_session(call));
    TRY(catalog_open(open_database_file(database), &call->catalog));
done:
    return err;
}

JET_ERR ddl_begin(struct ddl_call *call)
{
    JET_ERR err = JET_errSuccess;
    if (session_level(call->session) == 0) {
        TRY(session_begin_transaction(call->session, 0));
        call->owns_level = true;
    } else {
        TRY(session_check_transaction_owner(call->session));
    }
done:
    return err;
}

JET_ERR ddl_end(struct ddl_call *call, JET_ERR err, bool is_lazy)
{
    if (call->owns_level) {
        JET_ERR ended = JET_errSuccess;
        if (err >= 0)
            ended = session_commit_transaction(call->session, is_lazy ? JET_bitCommitLazyFlush : 0, 0, NULL);
        if (ended < 0)
            err = ended;
        if (err < 0 && session_level(call->session) > 0)
            ended = session_rollback(call->session, 0);
        if (ended < 0)
            err = ended;
    }
    engine_leave_session(call->session);
    return err;
}

/* --- memory of definitions --- */

struct memory_block {
    struct memory_block *next;
    size_t size; /* keeps what follows aligned */
};

void *ddl_alloc(struct ddl_memory *memory, size_t size)
{
    if (size > SIZE_MAX - sizeof(struct memory_block))
        return NULL;
    struct memory_block *block = mem_alloc(sizeof *block + size);
    if (block == NULL)
        return NULL;
    block->next = memory->first;
    block->size = size;
    memory->first = block;
    return block + 1;
}

void ddl_free(struct ddl_memory *memory)
{
    for (struct memory_block *block = memory->first, *next; block != NULL; block = next) {
        next = block->next;
        mem_free(block);
    }
    memory->first = NULL;
}

JET_ERR ddl_text(struct ddl_memory *memory, enum text_form form, const void *text, const char **out)
{
    JET_ERR err = JET_errSuccess;
    char *converted = NULL;
    *out = NULL;
    TRY(text_argument(form, text, &converted));
    if (converted == NULL)
        goto done;
    size_t size = strlen(converted) + 1;
    char *kept = ddl_alloc(memory, size);
    if (kept == NULL)
        RAISE(JET_errOutOfMemory);
    memcpy(kept, converted, size);
    *out = kept;
done:
    mem_free(converted);
    return err;
}

/* --- parts of definitions --- */

JET_ERR ddl_column_default(struct ddl_memory *memory, enum text_form form, const void *value, uint32_t size, struct column_definition *out)
{
    JET_ERR err = JET_errSuccess;
    if ((out->grbit & JET_bitColumnUserDefinedDefault) != 0) {
        JET_USERDEFINEDDEFAULT_A given;
        _Static_assert(sizeof(JET_USERDEFINEDDEFAULT_A) == sizeof(JET_USERDEFINEDDEFAULT_W), "one layout");
        if (value == NULL || size != sizeof given)
            RAISE(JET_errInvalidParameter);
        memcpy(&given, value, sizeof given);
        if (given.szCallback == NULL || (given.cbUserData > 0 && given.pbUserData == NULL))
            RAISE(JET_errInvalidParameter);
        TRY(ddl_text(memory, form, given.szCallback, &out->callback));
        if (given.cbUserData > 0)
            out->callback_data = span_of(given.pbUserData, given.cbUserData);
    } else if (value != NULL && size > 0) {
        out->default_value = span_of(value, size);
    }
done:
    return err;
}

JET_ERR ddl_check_callback(void *session, const char *name)
{
    struct instance *instance = session_instance((struct session *)session);
    JET_CALLBACK function;
    bool is_used = instance_parameter(instance, JET_paramEnablePersistedCallbacks) != 0 && instance_parameter(instance, JET_paramDisableCallbacks) == 0;
    return is_used ? callback_resolve(instance, name, &function) : JET_errSuccess;
}

JET_ERR ddl_space_hints(struct ddl_memory *memory, const JET_SPACEHINTS *hints, const struct space_hints_definition **out)
{
    JET_ERR err = JET_errSuccess;
    *out = NULL;
    if (hints == NULL)
        goto done;
    if (hints->cbStruct != sizeof *hints)
        RAISE(JET_errInvalidParameter);
    struct space_hints_definition *copy = ddl_alloc(memory, sizeof *copy);
    if (copy == NULL)
        RAISE(JET_errOutOfMemory);
    *copy = (struct space_hints_definition){.initial_density = hints->ulInitialDensity, .initial_bytes = hints->cbInitial, .grbit = hints->grbit,
                                            .maintenance_density = hints->ulMaintDensity, .growth = hints->ulGrowth, .min_extent_bytes = hints->cbMinExtent,
                                            .max_extent_bytes = hints->cbMaxExtent};
    *out = copy;
done:
    return err;
}

/* --- keys --- */

static bool is_zero_unit(const uint8_t *p, uint32_t unit) { return p[0] == 0 && (unit == 1 || p[1] == 0); }

/* Bytes of the double-zero list, both zeros included; 0: the key has no end. */
static uint32_t list_size(const uint8_t *key, uint32_t size, uint32_t unit)
{
    for (uint32_t at = 0; at + 2 * unit <= size; at += unit)
        if (is_zero_unit(key + at, unit) && is_zero_unit(key + at + unit, unit))
            return at + 2 * unit;
    return 0;
}

/* The list as UTF-8; its names one by one, as a text ends with its zero. */
static JET_ERR convert_list(struct ddl_memory *memory, enum text_form form, const uint8_t *key, uint32_t size, struct index_definition *out)
{
    JET_ERR err = JET_errSuccess;
    char *name = NULL;
    uint32_t unit = form == TEXT_UTF16 ? 2 : 1, used = 0;
    size_t room = (size_t)size / unit * 3 + 2;
    char *list = ddl_alloc(memory, room);
    if (list == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t at = 0, end; at + unit < size; at = end + unit) {
        for (end = at; !is_zero_unit(key + end, unit); end += unit)
            ;
        if (end == at)
            break;
        if (form == TEXT_UTF16) {
            TRY(utf16le_to_utf8(span_of(key + at, end - at), &name));
            size_t length = strlen(name);
            memcpy(list + used, name, length); /* a unit becomes three bytes at most */
            used += (uint32_t)length + 1;
            mem_free(name);
            name = NULL;
        } else {
            memcpy(list + used, key + at, end - at);
            used += end - at + 1;
        }
    }
    out->key = list;
    out->key_size = used + 1;
done:
    mem_free(name);
    return err;
}

static JET_ERR set_locale_id(uint32_t id, struct index_definition *out)
{
    JET_ERR err = JET_errSuccess;
    if (id == 0)
        goto done;
    const struct locale *locale = locale_by_id(id);
    if (locale == NULL)
        RAISE(JET_errInvalidLanguageId);
    out->locale = locale->name;
    out->has_locale = true;
done:
    return err;
}

/* The key, and behind it perhaps a locale id with two zeros, and perhaps then a byte, the most bytes of a segment, with two zeros. */
static JET_ERR read_key(struct ddl_memory *memory, enum text_form form, const void *bytes, uint32_t size, struct index_definition *out)
{
    JET_ERR err = JET_errSuccess;
    const uint8_t *key = bytes;
    uint32_t unit = form == TEXT_UTF16 ? 2 : 1;
    if (key == NULL || size == 0)
        RAISE(JET_errInvalidParameter);
    uint32_t end = list_size(key, size, unit), tail = size - end;
    if (end <= 2 * unit || (tail != 0 && tail != 2 + 2 * unit && tail != 3 + 4 * unit))
        RAISE(JET_errIndexInvalidDef);
    TRY(convert_list(memory, form, key, end, out));
    if (tail != 0) {
        if (!is_all_zero(key + end + 2, 2 * unit) || (tail > 2 + 2 * unit && !is_all_zero(key + end + 3 + 2 * unit, 2 * unit)))
            RAISE(JET_errIndexInvalidDef);
        if (!out->has_locale)
            TRY(set_locale_id(load_le16(key + end), out));
        if (tail > 2 + 2 * unit && out->var_seg_mac == 0)
            out->var_seg_mac = key[end + 2 + 2 * unit];
    }
done:
    return err;
}

/* --- index structures --- */

#define SAME_PLACE(a, b, field) _Static_assert(offsetof(a, field) == offsetof(b, field), "one layout")
SAME_PLACE(JET_INDEXCREATE3_A, JET_INDEXCREATE3_W, pSpacehints);
SAME_PLACE(JET_INDEXCREATE3_A, JET_INDEXCREATE2_A, pSpacehints);
SAME_PLACE(JET_INDEXCREATE3_A, JET_INDEXCREATE2_A, pidxunicode);
SAME_PLACE(JET_INDEXCREATE3_A, JET_INDEXCREATE2_A, err);
SAME_PLACE(JET_INDEXCREATE3_A, JET_INDEXCREATE_A, cbKeyMost);
SAME_PLACE(JET_INDEXCREATE3_A, JET_INDEXCREATE_A, err);
SAME_PLACE(JET_INDEXCREATE3_A, JET_INDEXCREATEOLD_A, err);
SAME_PLACE(JET_INDEXCREATE3_A, JET_INDEXCREATEOLD_W, err);
_Static_assert(sizeof(JET_CONDITIONALCOLUMN_A) == sizeof(JET_CONDITIONALCOLUMN_W), "one layout");

static bool index_size_is_known(unsigned version, uint32_t size)
{
    return version == 1 ? size == sizeof(JET_INDEXCREATE_A) || size == sizeof(JET_INDEXCREATEOLD_A) : version == 2 ? size == sizeof(JET_INDEXCREATE2_A) : size == sizeof(JET_INDEXCREATE3_A);
}

/* Flags that an application gave, none included, are not the default ones. */
static uint32_t given_flags(uint32_t flags)
{
    enum { LCMAP_UPPERCASE = 0x200, LCMAP_SORTKEY = 0x400 };
    return flags == LCMAP_UPPERCASE ? flags : flags | LCMAP_SORTKEY;
}

/* Where the collation comes from, by version. */
static JET_ERR read_collation(struct ddl_memory *memory, unsigned version, const JET_INDEXCREATE3_A *x, struct index_definition *out)
{
    JET_ERR err = JET_errSuccess;
    bool is_given = (x->grbit & JET_bitIndexUnicode) != 0;
    if (version == 3) {
        if (is_given != (x->pidxunicode != NULL))
            RAISE(JET_errInvalidParameter);
        if (is_given) {
            out->has_locale = true;
            out->lcmap_flags = given_flags(x->pidxunicode->dwMapFlags);
            TRY(ddl_text(memory, TEXT_UTF16, x->pidxunicode->szLocaleName, &out->locale));
        }
        goto done;
    }
    uint32_t id;
    if (is_given) {
        JET_UNICODEINDEX given;
        if (x->pidxunicode == NULL)
            RAISE(JET_errIndexInvalidDef);
        memcpy(&given, x->pidxunicode, sizeof given);
        id = given.lcid;
        out->lcmap_flags = given_flags(given.dwMapFlags);
        out->has_locale = true;
    } else {
        memcpy(&id, &x->pidxunicode, sizeof id); /* the union holds the number alone */
    }
    TRY(set_locale_id(id, out));
done:
    return err;
}

/* An index that brings no locale of its own has that of the instance. */
static JET_ERR take_default_collation(struct session *session, struct index_definition *out)
{
    JET_ERR err = JET_errSuccess;
    uint64_t given = (uint64_t)instance_parameter(session_instance(session), JET_paramUnicodeIndexDefault); /* locale id, and above it the flags */
    if (out->locale == NULL) {
        const struct locale *locale = locale_by_id((uint32_t)given);
        if (locale == NULL)
            RAISE(JET_errInvalidLanguageId);
        out->locale = locale->name;
    }
    if (out->lcmap_flags == 0)
        out->lcmap_flags = given_flags((uint32_t)(given >> 32));
done:
    return err;
}

/* Tuple indexes that bring no limits of their own have those of the instance. */
static void take_tuple_parameters(struct session *session, struct index_definition *out)
{
    struct instance *instance = session_instance(session);
    uint32_t min = (uint32_t)instance_parameter(instance, JET_paramIndexTuplesLengthMin), max = (uint32_t)instance_parameter(instance, JET_paramIndexTuplesLengthMax);
    uint32_t most = (uint32_t)instance_parameter(instance, JET_paramIndexTuplesToIndexMax), step = (uint32_t)instance_parameter(instance, JET_paramIndexTupleIncrement);
    uint32_t start = (uint32_t)instance_parameter(instance, JET_paramIndexTupleStart);
    if (out->var_seg_mac != 0)
        return; /* refused anyway */
    out->grbit |= JET_bitIndexTupleLimits;
    out->tuple.min = min;
    out->tuple.max = max;
    out->tuple.most = most;
    out->tuple.step = step;
    out->tuple.start = start;
    out->tuple.is_set = true;
}

static JET_ERR read_limits(struct session *session, const JET_INDEXCREATE3_A *x, struct index_definition *out)
{
    JET_ERR err = JET_errSuccess;
    if ((x->grbit & JET_bitIndexTupleLimits) != 0) {
        if (x->ptuplelimits == NULL)
            RAISE(JET_errIndexInvalidDef);
        JET_TUPLELIMITS limits;
        memcpy(&limits, x->ptuplelimits, sizeof limits);
        out->tuple.min = limits.chLengthMin;
        out->tuple.max = limits.chLengthMax;
        out->tuple.most = limits.chToIndexMax;
        out->tuple.step = limits.cchIncrement;
        out->tuple.start = limits.ichStart;
        out->tuple.is_set = true;
    } else {
        out->var_seg_mac = x->cbVarSegMac;
        if ((x->grbit & JET_bitIndexTuples) != 0)
            take_tuple_parameters(session, out);
    }
done:
    return err;
}

static JET_ERR read_conditions(struct ddl_memory *memory, enum text_form form, const JET_INDEXCREATE3_A *x, struct index_definition *out)
{
    JET_ERR err = JET_errSuccess;
    if (x->cConditionalColumn == 0)
        goto done;
    if (x->rgconditionalcolumn == NULL)
        RAISE(JET_errInvalidParameter);
    if (x->cConditionalColumn > INDEX_CONDITIONS_MAX)
        RAISE(JET_errIndexInvalidDef);
    struct condition_definition *list = ddl_alloc(memory, x->cConditionalColumn * sizeof *list);
    if (list == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < x->cConditionalColumn; i++) {
        const JET_CONDITIONALCOLUMN_A *given = &x->rgconditionalcolumn[i];
        if (given->cbStruct != sizeof *given)
            RAISE(form == TEXT_UTF16 ? JET_errInvalidParameter : JET_errIndexInvalidDef);
        list[i].grbit = given->grbit;
        TRY(ddl_text(memory, form, given->szColumnName, &list[i].column));
    }
    out->conditions = list;
    out->condition_count = x->cConditionalColumn;
done:
    return err;
}

static JET_ERR read_index(struct ddl_memory *memory, struct session *session, enum text_form form, unsigned version, const JET_INDEXCREATE3_A *x, struct index_definition *out)
{
    JET_ERR err = JET_errSuccess;
    if ((x->grbit & (JET_bitIndexDeferredPopulateCreate | JET_bitIndexDeferredPopulateProcess | JET_bitIndexOptionallyUnique)) != 0)
        RAISE(JET_errFeatureNotAvailable);
    out->grbit = x->grbit;
    out->density = x->ulDensity;
    out->key_most = x->cbKeyMost;
    TRY(read_collation(memory, version, x, out));
    TRY(ddl_text(memory, form, x->szIndexName, &out->name));
    TRY(read_limits(session, x, out));
    TRY(read_key(memory, form, x->szKey, x->cbKey, out));
    TRY(take_default_collation(session, out));
    TRY(read_conditions(memory, form, x, out));
    TRY(ddl_space_hints(memory, x->pSpacehints, &out->space_hints));
done:
    return err;
}

JET_ERR ddl_indexes_read(struct ddl_memory *memory, struct session *session, enum text_form form, unsigned version, void *elements, uint32_t count, struct ddl_indexes *out)
{
    JET_ERR err = JET_errSuccess;
    *out = (struct ddl_indexes){.elements = elements, .count = count, .is_lazy = count > 0};
    if (count == 0)
        goto done;
    if (elements == NULL)
        RAISE(JET_errInvalidParameter);
    for (uint8_t *p = elements; out->read < count; out->read++) { /* before anything is allocated for a count that may be nonsense */
        uint32_t size;
        memcpy(&size, p, sizeof size);
        if (!index_size_is_known(version, size))
            RAISE(JET_errInvalidParameter);
        p += size;
    }
    out->definitions = ddl_alloc(memory, count * sizeof *out->definitions);
    out->errors = ddl_alloc(memory, count * sizeof *out->errors);
    if (out->definitions == NULL || out->errors == NULL)
        RAISE(JET_errOutOfMemory);
    const uint8_t *p = elements;
    for (uint32_t i = 0; i < count; i++) {
        JET_INDEXCREATE3_A x = {.cbStruct = 0};
        uint32_t size;
        memcpy(&size, p, sizeof size);
        memcpy(&x, p, size < sizeof x ? size : sizeof x);
        if (size == sizeof(JET_INDEXCREATEOLD_A)) /* the form without the field */
            x.grbit &= ~(JET_GRBIT)JET_bitIndexKeyMost;
        out->definitions[i].err_out = &out->errors[i];
        out->errors[i] = err = read_index(memory, session, form, version, &x, &out->definitions[i]);
        if (err < 0)
            goto done;
        out->is_lazy = out->is_lazy && (x.grbit & JET_bitIndexLazyFlush) != 0;
        out->has_unversioned = out->has_unversioned || (x.grbit & JET_bitIndexUnversioned) != 0;
        p += size;
    }
done:
    return err;
}

void ddl_indexes_answer(const struct ddl_indexes *indexes)
{
    uint8_t *p = indexes->elements;
    for (uint32_t i = 0; i < indexes->count && indexes->errors != NULL; i++) {
        uint32_t size;
        JET_GRBIT grbit;
        memcpy(&size, p, sizeof size);
        memcpy(&grbit, p + offsetof(JET_INDEXCREATE3_A, grbit), sizeof grbit);
        if ((grbit & JET_bitIndexImmutableStructure) == 0) /* else it may lie in memory that cannot be written */
            memcpy(p + offsetof(JET_INDEXCREATE3_A, err), &indexes->errors[i], sizeof indexes->errors[i]);
        p += size;
    }
}
