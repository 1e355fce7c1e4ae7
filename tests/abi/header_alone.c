/* esent.h compiled with nothing before it, twice, and a use of each kind of name it defines. */
#include "esent.h"
#include "esent.h" /* the include guard holds */

extern const JET_GRBIT seen_bits;
const JET_GRBIT seen_bits = JET_bitTermComplete | JET_bitDbReadOnly;

extern const JET_ERR seen_error;
const JET_ERR seen_error = JET_errOutOfMemory;

extern const JET_INSTANCE seen_nil;
const JET_INSTANCE seen_nil = JET_instanceNil;

JET_ERR open_and_close(JET_SESID session);

JET_ERR open_and_close(JET_SESID session)
{
    JET_DBID database = JET_dbidNil;
#ifdef JET_UNICODE
    JET_ERR error = JetOpenDatabase(session, u"a.edb", NULL, &database, 0);
#else
    JET_ERR error = JetOpenDatabase(session, "a.edb", NULL, &database, 0);
#endif
    return error < 0 ? error : JetCloseDatabase(session, database, 0);
}
