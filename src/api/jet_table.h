/* What the files about cursors share: from handles to a cursor, and the way new cursors reach the client (private to api/). */
#ifndef OPENESE_API_JET_TABLE_H
#define OPENESE_API_JET_TABLE_H

#include "api/api.h"
#include "api/text_arguments.h"
#include "cursor/cursor.h"
#include "cursor/temp_table.h"
#include "engine/engine.h"

/* Enters the session and finds the cursor. *session is NULL on error; else engine_leave_session. */
static inline MUST_CHECK JET_ERR table_enter(JET_SESID sesid, JET_TABLEID tableid, struct session **session, struct cursor **cursor)
{
    return engine_enter_cursor(sesid, tableid, session, cursor);
}
/* The same in the functions that a callback may use with the cursor it has been given. */
static inline MUST_CHECK JET_ERR table_enter_limited(JET_SESID sesid, JET_TABLEID tableid, struct session **session, struct cursor **cursor)
{
    return engine_enter_limited_cursor(sesid, tableid, session, cursor);
}
/* Many functions may be used with a temporary table in some phases of its life only (0: never), and all with other tables. JET_errIllegalOperation. */
enum table_phases { TABLE_INSERTING = 1 << TEMP_INSERTING, TABLE_READING = 1 << TEMP_READING, TABLE_MATERIALIZED = 1 << TEMP_MATERIALIZED,
                    TABLE_READABLE = TABLE_READING | TABLE_MATERIALIZED, TABLE_INSERTABLE = TABLE_INSERTING | TABLE_MATERIALIZED };
MUST_CHECK JET_ERR table_check_phase(const struct cursor *cursor, unsigned phases);
/* A temporary table that is being read, and was not asked to be gone through in other ways than forward, refuses: JET_errIllegalOperation. */
MUST_CHECK JET_ERR table_check_scrollable(const struct cursor *cursor);
/* The cursor has been moved by a call in this session. */
static inline void table_moved(const struct session *session, struct cursor *cursor) { cursor_set_move_level(cursor, session_level(session)); }

/* Opens a cursor for the client's use. name: UTF-8 as the client gave it, checked here. */
MUST_CHECK JET_ERR table_open(struct session *session, JET_DBID dbid, const char *name, struct open_database **database, struct cursor **cursor);
/* A cursor that keeps all other sessions from the table, for a schema change; the caller closes it. JET_errTableLocked, JET_errTableInUse. */
MUST_CHECK JET_ERR table_claim(struct session *session, JET_DBID dbid, const char *name, struct cursor **cursor);
/* Hands the cursor to the session; takes it over also on error. database NULL: a temporary table. */
MUST_CHECK JET_ERR table_publish(struct session *session, struct open_database *database, struct cursor *cursor, JET_TABLEID *tableid);

/* --- lists: results as temporary tables --- */

enum { LIST_COLUMNS_MAX = 16, LIST_TEXT_MAX = 3 * 256 };
struct list {
    struct temp_table *table;
    enum text_form form;
    uint32_t column_count, ids[LIST_COLUMNS_MAX], row_count;
    struct temp_value values[LIST_COLUMNS_MAX];
    uint8_t room[LIST_COLUMNS_MAX][LIST_TEXT_MAX]; /* of numbers and texts of the row being made */
    uint32_t value_count;
};
/* types: JET_coltyp of each column; text is 8-bit or UTF-16 by form. list_end must be called, also after an error. */
MUST_CHECK JET_ERR list_begin(struct list *list, enum text_form form, const uint8_t *types, uint32_t count);
/* The same for a list that counts as a temporary table of the client while it is there. JET_errTooManySorts. */
MUST_CHECK JET_ERR list_begin_counted(struct list *list, struct instance *instance, enum text_form form, const uint8_t *types, uint32_t count);
void list_put_number(struct list *list, uint32_t column, uint64_t value, uint32_t size);
MUST_CHECK JET_ERR list_put_text(struct list *list, uint32_t column, const char *text);
/* The bytes must live until list_add_row. */
void list_put_bytes(struct list *list, uint32_t column, struct span bytes);
MUST_CHECK JET_ERR list_add_row(struct list *list);
/* Gives the list to the client as a cursor. */
MUST_CHECK JET_ERR list_publish(struct list *list, struct session *session, JET_TABLEID *tableid);
void list_end(struct list *list);

#endif
