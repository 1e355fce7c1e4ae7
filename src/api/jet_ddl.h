/* What the files about schema changes share: the frame of a call, and the client's structures turned into definitions (catalog/ddl.h). Private to api/.
 *
 * The structures of both text forms, and of all versions, have the same layout as far as they have the same fields; they are copied into the largest A form and read
 * there, with the text form at hand. Everything a definition points to lives in a struct ddl_memory until it is freed. */
#ifndef OPENESE_API_JET_DDL_H
#define OPENESE_API_JET_DDL_H

#include "api/jet_table.h"
#include "catalog/ddl.h"

/* --- the frame of a call --- */

/* A schema change runs in the session's transaction, or in one of its own when there is none. */
struct ddl_call {
    struct session *session;
    struct transaction *transaction;
    struct catalog *catalog;
    bool owns_level;
};
/* Enters the session and finds the cursor, which may be changed: JET_errIllegalOperation (temporary), JET_errPermissionDenied (read-only), JET_errTransReadOnly. */
MUST_CHECK JET_ERR ddl_enter_cursor(JET_SESID sesid, JET_TABLEID tableid, struct ddl_call *call, struct cursor **cursor);
/* The same through a cursor that may have been opened to read, as the original engine lets columns be renamed; only the database must not be read-only. */
MUST_CHECK JET_ERR ddl_enter_any_cursor(JET_SESID sesid, JET_TABLEID tableid, struct ddl_call *call, struct cursor **cursor);
/* Enters the session and finds the database, which may be changed. */
MUST_CHECK JET_ERR ddl_enter_database(JET_SESID sesid, JET_DBID dbid, struct ddl_call *call);
/* Begins the change: arguments have been looked at. */
MUST_CHECK JET_ERR ddl_begin(struct ddl_call *call);
/* Ends the call: commits or rolls back what ddl_begin began, and leaves the session. err: of the call so far, which is also what is returned unless the end fails.
 * Accepts a zeroed call. */
MUST_CHECK JET_ERR ddl_end(struct ddl_call *call, JET_ERR err, bool is_lazy);

/* --- memory of definitions --- */

struct ddl_memory {
    void *first;
};
/* Zeroed; NULL when memory is short. */
void *ddl_alloc(struct ddl_memory *memory, size_t size);
/* UTF-8 of a client's text; NULL stays NULL. */
MUST_CHECK JET_ERR ddl_text(struct ddl_memory *memory, enum text_form form, const void *text, const char **out);
void ddl_free(struct ddl_memory *memory);

/* --- definitions --- */

/* value, size, grbit: as JetAddColumn and JET_COLUMNCREATE give a default; may be a JET_USERDEFINEDDEFAULT. JET_errInvalidParameter. */
MUST_CHECK JET_ERR ddl_column_default(struct ddl_memory *memory, enum text_form form, const void *value, uint32_t size, struct column_definition *out);
/* check_callback of definitions, whose check_context is the session: where functions that a schema names may be called, they must be there when it is made.
 * JET_errCallbackNotResolved, JET_errInvalidParameter. */
MUST_CHECK JET_ERR ddl_check_callback(void *session, const char *name);
/* JET_SPACEHINTS, copied; NULL stays NULL. JET_errInvalidParameter. */
MUST_CHECK JET_ERR ddl_space_hints(struct ddl_memory *memory, const JET_SPACEHINTS *hints, const struct space_hints_definition **out);

/* Index structures. version: 1 JET_INDEXCREATE (and ...OLD), 2, 3. Elements follow one another by their cbStruct. */
struct ddl_indexes {
    struct index_definition *definitions;
    JET_ERR *errors;    /* of each */
    uint8_t *elements;  /* the client's array */
    uint32_t count;
    uint32_t read;      /* structures that could be read: their err fields may be written */
    bool is_lazy;       /* all have JET_bitIndexLazyFlush */
    bool has_unversioned;
};
/* On an error the err fields of those read are set all the same by ddl_indexes_answer. */
MUST_CHECK JET_ERR ddl_indexes_read(struct ddl_memory *memory, struct session *session, enum text_form form, unsigned version, void *elements, uint32_t count, struct ddl_indexes *out);
/* Writes the err fields. */
void ddl_indexes_answer(const struct ddl_indexes *indexes);

#endif
