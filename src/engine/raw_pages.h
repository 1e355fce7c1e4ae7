/* Pages of a database as they stand in its file: for copies that mend another one (JetGetDatabasePages), and what such copies are judged by. */
#ifndef OPENESE_ENGINE_RAW_PAGES_H
#define OPENESE_ENGINE_RAW_PAGES_H

#include "engine/session.h"
#include "format/page.h"

/* What a page carries as dbtime that lies behind the end of the file it was read from: it has no content. */
#define RAW_PAGE_DBTIME_SHRUNK UINT64_C(0xFFFFFFFFFFFFFFFD)

/* Damage that another copy of the page can mend. */
bool raw_page_is_damage(JET_ERR error);
/* Checksum, number and structure. repair: a single wrong bit is corrected in the bytes. JET_errPageNotInitialized: all zero, or from behind the end of a file. JET_errReadVerifyFailure,
 * JET_errReadPgnoVerifyFailure, JET_errDatabaseCorrupted. */
MUST_CHECK JET_ERR raw_page_verify(uint8_t *bytes, uint32_t size, page_no_t page_no, bool repair);
/* The page that stands for one behind the end of the file. */
void raw_page_make_shrunk(uint8_t *bytes, uint32_t size, page_no_t page_no);

/* JetGetDatabasePages: pages [first, first + count) from the file into buffer, checked; blank pages are fine. Writes to them wait meanwhile. */
MUST_CHECK JET_ERR engine_get_database_pages(struct session *session, const struct open_database *db, page_no_t first, uint32_t count, uint8_t *buffer);

#endif
