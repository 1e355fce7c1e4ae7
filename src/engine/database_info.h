/* What JetGetDatabaseInfo and JetGetDatabaseFileInfo report, apart from buffers (instance-and-session 13.7). */
#ifndef OPENESE_ENGINE_DATABASE_INFO_H
#define OPENESE_ENGINE_DATABASE_INFO_H

#include "engine/session.h"

/* A number of an open database; level is a JET_DbInfo constant that is a number. JET_errInvalidParameter for others. */
MUST_CHECK JET_ERR database_info_number(struct session *session, const struct open_database *db, uint32_t level, uint32_t *out);
/* A copy of the header. */
void database_info_header(const struct open_database *db, struct db_header *out);

/* Of a file that need not be attached. */
struct database_file_facts {
    uint64_t size, size_on_disk;
    bool is_in_use;             /* by an instance of this process, or locked by another process */
    bool is_database;           /* has a database header: the rest is set */
    bool is_upgraded;           /* has the present format's major version */
    uint32_t page_size;
    struct db_header header;
};
MUST_CHECK JET_ERR database_file_facts(const char *path, struct database_file_facts *out);

/* Fills the first `size` bytes of a JET_DBINFOMISC7, of which the smaller structures are the beginnings. */
void database_info_misc(const struct db_header *header, void *out, size_t size);
/* Is this the size of one of them? */
bool database_info_is_misc_size(size_t size);

#endif
