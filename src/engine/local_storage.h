/* Words of the client's at cursors and tables (JetSetLS, JetGetLS), and the client hearing of those that go away with them (JET_paramRuntimeCallback).
 *
 * A cursor's word is in its session's entry (engine/session.h). Those of tables are few: a list in the instance, under its words_lock. A table is named by what lives as long as its
 * words: its database with the table's object id, or the temporary table. The callback gets no handles; it is called by the thread that closes, with locks of the engine held when a
 * database is detached, and must not call the engine back. */
#ifndef OPENESE_ENGINE_LOCAL_STORAGE_H
#define OPENESE_ENGINE_LOCAL_STORAGE_H

#include "base/error.h"
#include "esent.h"

struct instance;
struct table_word;

/* The word of a table, JET_LSNil when it has none; reset takes it away, and nobody is told. */
JET_LS local_storage_get(struct instance *instance, const void *owner, uint32_t objid, bool reset);
/* JET_LSNil takes the word away. JET_errLSAlreadySet, JET_errOutOfMemory. */
MUST_CHECK JET_ERR local_storage_set(struct instance *instance, const void *owner, uint32_t objid, JET_LS word);
/* The database or temporary table goes: its words are given back. */
void local_storage_release(struct instance *instance, const void *owner);
/* Tells the client of one word (JET_cbtypFreeCursorLS, JET_cbtypFreeTableLS); JET_LSNil: of nothing. */
void local_storage_tell(struct instance *instance, JET_CBTYP type, JET_LS word);

#endif
