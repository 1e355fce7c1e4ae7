/* Calls of the functions that clients have given tables: JetRegisterCallback, JET_TABLECREATE2, JET_USERDEFINEDDEFAULT. Private to api/. */
#ifndef OPENESE_API_CALLBACKS_H
#define OPENESE_API_CALLBACKS_H

#include "api/jet_table.h"

/* The call that a change is part of. */
struct callback_call {
    struct session *session;
    JET_SESID sesid;
    JET_TABLEID tableid;
    struct cursor *cursor;
};

/* Runs a change of rows with its callbacks around it: those of `before` may refuse it, with what they have done themselves; those of `after` are told. */
MUST_CHECK JET_ERR callbacks_around(const struct callback_call *call, JET_CBTYP before, JET_CBTYP after, JET_ERR (*change)(void *context), void *context);
/* The computed default of a column into the buffer. JET_errCallbackFailed, JET_errCallbackNotResolved, the function's own answer; JET_wrnBufferTruncated. */
MUST_CHECK JET_ERR callbacks_compute(const struct callback_call *call, JET_COLUMNID column_id, void *buffer, uint32_t room, uint32_t *actual);

#endif
