/* Mending single pages of a database in use (JetOnlinePatchDatabasePage): asking for a good copy of a page that could not be read, and putting one that has come into its place.
 *
 * The one idea: the log says when the page was asked for. A copy that somebody else has replayed up to that record (PagePatchRequest) is what the page would be, as long as nobody
 * has changed it since; and whoever changes a page gives it a later dbtime than the request has.
 *
 * Requests are noted by whoever meets a damaged page, with page latches held, and issued by the checkpoint thread, which holds none. Lock: `lock`, a leaf.
 * Only with JET_paramEnableExternalAutoHealing and a log. */
#ifndef OPENESE_ENGINE_PAGE_PATCH_H
#define OPENESE_ENGINE_PAGE_PATCH_H

#include "engine/engine.h"
#include "os/thread.h"

enum { PAGE_PATCH_NOTED_MAX = 32, PAGE_PATCH_REQUESTS_MAX = 256, PAGE_PATCH_TOKEN_SIZE = 48 };

struct page_patch_request {
    uint32_t dbid; /* 0: none */
    page_no_t page_no;
    uint64_t dbtime;
    uint64_t issued_ns;
};

struct page_patches {
    struct mutex lock;
    atomic_bool is_enabled; /* set when the instance starts */
    uint64_t answers; /* counts them */
    uint32_t noted_count;
    struct page_patch_request noted[PAGE_PATCH_NOTED_MAX], requests[PAGE_PATCH_REQUESTS_MAX]; /* noted: database and page alone */
};
MUST_CHECK JET_ERR page_patches_init(struct page_patches *patches);
void page_patches_destroy(struct page_patches *patches);
/* The instance starts: takes JET_paramEnableExternalAutoHealing over. */
void page_patches_start(struct instance *instance);

/* The page could not be read. Other errors than damage, read-only databases and those without a log are ignored. From any thread, with any latches; costs nothing when not enabled. */
void page_patch_note(struct instance *instance, struct database *db, page_no_t page_no, JET_ERR error);
/* Logs what was noted and closes the generation, so that it travels. The checkpoint thread. */
MUST_CHECK JET_ERR page_patch_issue(struct instance *instance);
/* The id belongs to another database, or to none, from now on. */
void page_patch_forget(struct instance *instance, uint32_t dbid);

/* What goes with a page that answers the request. */
void page_patch_make_token(uint8_t token[PAGE_PATCH_TOKEN_SIZE], uint64_t dbtime, const struct signature *log_signature);

struct page_patch {
    page_no_t page_no;
    const uint8_t *token;
    uint32_t token_size;
    const uint8_t *image;
    uint32_t image_size;
    JET_GRBIT grbit;
};
/* JetOnlinePatchDatabasePage; errors there. */
MUST_CHECK JET_ERR engine_patch_page(struct session *session, const struct open_database *db, const struct page_patch *patch);

#endif
