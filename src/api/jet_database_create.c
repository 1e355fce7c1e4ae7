/* Databases: creation and size (instance-and-session 13.2, 13.7). */
#define ESENT_PRIVATE
#include "api/api.h"
#include "api/jet_database.h"
#include "api/text_arguments.h"
#include "base/memory.h"
#include "engine/attach.h"
#include "engine/database_size.h"

/* --- creation --- */

static JET_ERR create(enum text_form form, JET_SESID sesid, const void *path, const JET_SETDBPARAM *parameters, uint32_t count, uint32_t pages_max, JET_DBID *dbid, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    char *utf8 = NULL;
    struct database_wishes wishes = database_wishes_default(pages_max);
    TRY(engine_enter_session(sesid, 0, &session));
    if (dbid == NULL)
        RAISE(JET_errInvalidParameter);
    *dbid = JET_dbidNil;
    TRY(read_database_parameters(parameters, count, &wishes));
    TRY(text_argument(form, path, &utf8));
    TRY(engine_create_database(session, utf8, wishes.pages_max, grbit, dbid));
done:
    engine_leave_session(session);
    mem_free(utf8);
    return err;
}

JET_EXPORT JET_ERR JetCreateDatabase3A(JET_SESID sesid, const char *szFilename, JET_DBID *pdbid, JET_SETDBPARAM *rgsetdbparam, uint32_t csetdbparam, JET_GRBIT grbit)
{
    return create(TEXT_UTF8, sesid, szFilename, rgsetdbparam, csetdbparam, 0, pdbid, grbit);
}

JET_EXPORT JET_ERR JetCreateDatabase3W(JET_SESID sesid, const char16_t *szFilename, JET_DBID *pdbid, JET_SETDBPARAM *rgsetdbparam, uint32_t csetdbparam, JET_GRBIT grbit)
{
    return create(TEXT_UTF16, sesid, szFilename, rgsetdbparam, csetdbparam, 0, pdbid, grbit);
}

JET_EXPORT_PLAIN(JetCreateDatabase3);

JET_EXPORT JET_ERR JetCreateDatabase2A(JET_SESID sesid, const char *szFilename, uint32_t cpgDatabaseSizeMax, JET_DBID *pdbid, JET_GRBIT grbit)
{
    return create(TEXT_UTF8, sesid, szFilename, NULL, 0, cpgDatabaseSizeMax, pdbid, grbit);
}

JET_EXPORT JET_ERR JetCreateDatabase2W(JET_SESID sesid, const char16_t *szFilename, uint32_t cpgDatabaseSizeMax, JET_DBID *pdbid, JET_GRBIT grbit)
{
    return create(TEXT_UTF16, sesid, szFilename, NULL, 0, cpgDatabaseSizeMax, pdbid, grbit);
}

JET_EXPORT_PLAIN(JetCreateDatabase2);

/* szConnect is reserved and not looked at. */
JET_EXPORT JET_ERR JetCreateDatabaseA(JET_SESID sesid, const char *szFilename, const char *szConnect, JET_DBID *pdbid, JET_GRBIT grbit)
{
    (void)szConnect;
    return create(TEXT_UTF8, sesid, szFilename, NULL, 0, 0, pdbid, grbit);
}

JET_EXPORT JET_ERR JetCreateDatabaseW(JET_SESID sesid, const char16_t *szFilename, const char16_t *szConnect, JET_DBID *pdbid, JET_GRBIT grbit)
{
    (void)szConnect;
    return create(TEXT_UTF16, sesid, szFilename, NULL, 0, 0, pdbid, grbit);
}

JET_EXPORT_PLAIN(JetCreateDatabase);

/* --- size --- */

JET_EXPORT JET_ERR JetResizeDatabase(JET_SESID sesid, JET_DBID dbid, uint32_t cpgTarget, uint32_t *pcpgActual, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct open_database *db = NULL;
    const JET_GRBIT both = JET_bitResizeDatabaseOnlyGrow | JET_bitResizeDatabaseOnlyShrink;
    TRY(engine_enter_session(sesid, 0, &session));
    TRY(session_find_database(session, dbid, &db));
    if (pcpgActual == NULL)
        RAISE(JET_errInvalidParameter);
    if ((grbit & ~both) != 0 || grbit == both)
        RAISE(JET_errInvalidGrbit);
    err = engine_resize_database(session, db, cpgTarget, grbit, pcpgActual);
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGrowDatabase(JET_SESID sesid, JET_DBID dbid, uint32_t cpg, uint32_t *pcpgReal)
{
    return JetResizeDatabase(sesid, dbid, cpg, pcpgReal, JET_bitResizeDatabaseOnlyGrow);
}

static JET_ERR set_file_size(enum text_form form, JET_SESID sesid, const void *path, uint32_t pages, uint32_t *actual)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    char *utf8 = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    if (actual == NULL)
        RAISE(JET_errInvalidParameter);
    TRY(text_argument(form, path, &utf8));
    TRY(engine_set_file_size(session, utf8, pages, actual));
done:
    engine_leave_session(session);
    mem_free(utf8);
    return err;
}

JET_EXPORT JET_ERR JetSetDatabaseSizeA(JET_SESID sesid, const char *szDatabaseName, uint32_t cpg, uint32_t *pcpgReal)
{
    return set_file_size(TEXT_UTF8, sesid, szDatabaseName, cpg, pcpgReal);
}

JET_EXPORT JET_ERR JetSetDatabaseSizeW(JET_SESID sesid, const char16_t *szDatabaseName, uint32_t cpg, uint32_t *pcpgReal)
{
    return set_file_size(TEXT_UTF16, sesid, szDatabaseName, cpg, pcpgReal);
}

JET_EXPORT_PLAIN(JetSetDatabaseSize);

JET_EXPORT JET_ERR JetGetMaxDatabaseSize(JET_SESID sesid, JET_DBID dbid, uint32_t *pcpg, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct open_database *db = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    TRY(session_find_database(session, dbid, &db));
    if (pcpg == NULL)
        RAISE(JET_errInvalidParameter);
    if (grbit != 0)
        RAISE(JET_errInvalidGrbit);
    *pcpg = engine_max_size(db);
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetSetMaxDatabaseSize(JET_SESID sesid, JET_DBID dbid, uint32_t cpg, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct open_database *db = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    TRY(session_find_database(session, dbid, &db));
    if (grbit != 0)
        RAISE(JET_errInvalidGrbit);
    TRY(engine_set_max_size(db, cpg));
done:
    engine_leave_session(session);
    return err;
}
