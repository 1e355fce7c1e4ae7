/* Single pages: what their checksums say, raw copies of a database in use, and such a copy in the place of a page that has been damaged (JetGetPageInfo, JetGetPageInfo2, JetGetDatabasePages,
 * JetOnlinePatchDatabasePage). The expected answers of JetGetPageInfo are those of the original engine for the same bytes. */
#define ESENT_PRIVATE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "base/bytes.h"
#include "engine/instance.h"
#include "format/checksum.h"
#include "log/log.h"
#include "os/clock.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE = 4096, ROWS = 300, TOKEN_SIZE = 48 };

/* --- JetGetPageInfo --- */

static void set_page_size(uint32_t size) { assert_good(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, size, NULL)); }

/* Pages of a shared database, aligned as the calls want them; freed with free. */
static uint8_t *load_pages(const char *relative, uint32_t page_size, uint32_t first, uint32_t count)
{
    unsigned long long size;
    const char *path = text_of("%s/data.edb", make_scratch_folder("pages"));
    copy_shared_file(relative, path);
    uint8_t *file = read_whole_file(path, &size), *pages = (uint8_t *)aligned_alloc(65536, ((size_t)count * page_size + 65535) / 65536 * 65536);
    memcpy(pages, file + ((size_t)first + 1) * page_size, (size_t)count * page_size);
    free(file);
    return pages;
}

static void a_page_is_described_as_by_the_original(void **state)
{
    (void)state;
    require_shared_data();
    set_page_size(PAGE);
    uint8_t *page = load_pages("engine/clean_4k/data.edb", PAGE, 4, 1);
    JET_PAGEINFO info = {.pgno = 4};
    assert_good(JetGetPageInfo(page, PAGE, &info, sizeof info, 0, JET_PageInfo));
    assert_true(info.fPageIsInitialized && !info.fCorrectableError);
    assert_int_equal(info.checksumActual, info.checksumExpected);
    assert_int_equal(info.checksumExpected, load_le64(page));
    assert_int_equal(info.dbtime, load_le64(page + 8));
    assert_int_equal(info.flags, 0);
    uint64_t sum = info.structureChecksum;
    assert_true(sum != 0);
    assert_good(JetGetPageInfo(page, PAGE, &info, sizeof info, JET_bitPageInfoNoStructureChecksum, JET_PageInfo));
    assert_int_equal(info.structureChecksum, 0);
    /* What a replay may leave different is not in the sum: version flags, uncommitted free space. */
    store_le16(page + 30, 17);
    page[PAGE - 2 * 4 + 3] ^= 0x20; /* flag 1 of node 0 */
    checksum_store_page(page, PAGE, 4);
    assert_good(JetGetPageInfo(page, PAGE, &info, sizeof info, 0, JET_PageInfo));
    assert_int_equal(info.structureChecksum, sum);
    page[8] ^= 1; /* dbtime */
    checksum_store_page(page, PAGE, 4);
    assert_good(JetGetPageInfo(page, PAGE, &info, sizeof info, 0, JET_PageInfo));
    assert_true(info.structureChecksum != sum);
    free(page);
}

static void one_wrong_bit_is_put_right_and_told(void **state)
{
    (void)state;
    require_shared_data();
    set_page_size(PAGE);
    uint8_t *page = load_pages("engine/clean_4k/data.edb", PAGE, 4, 1), copy[PAGE];
    memcpy(copy, page, PAGE);
    page[1000] ^= 8;
    JET_PAGEINFO info = {.pgno = 4};
    assert_good(JetGetPageInfo(page, PAGE, &info, sizeof info, 0, JET_PageInfo));
    assert_true(info.fCorrectableError);
    assert_int_equal(info.checksumActual, info.checksumExpected);
    assert_memory_equal(page, copy, PAGE);
    page[1000] ^= 9;
    assert_err(JetGetPageInfo(page, PAGE, &info, sizeof info, 0, JET_PageInfo), JET_errReadVerifyFailure);
    assert_false(info.fCorrectableError);
    assert_true(info.checksumActual != info.checksumExpected);
    assert_true(info.dbtime == UINT64_MAX - 1);
    page[1000] ^= 9;
    info.pgno = 5; /* the number is part of the sum */
    assert_err(JetGetPageInfo(page, PAGE, &info, sizeof info, 0, JET_PageInfo), JET_errReadVerifyFailure);
    free(page);
}

static void blank_pages_headers_and_large_pages_have_their_own_rules(void **state)
{
    (void)state;
    require_shared_data();
    set_page_size(PAGE);
    uint8_t *page = load_pages("engine/clean_4k/data.edb", PAGE, 0, 2); /* the shadow header, page 1 */
    JET_PAGEINFO infos[2] = {{.pgno = 0}, {.pgno = 1}};
    assert_good(JetGetPageInfo(page, 2 * PAGE, infos, sizeof infos, 0, JET_PageInfo));
    assert_int_equal(infos[0].checksumExpected, load_le32(page));
    assert_int_equal(infos[0].structureChecksum, infos[0].checksumActual);
    assert_int_equal(infos[0].dbtime, load_le64(page + 16));
    memset(page, 0, PAGE);
    infos[0].pgno = 77;
    assert_good(JetGetPageInfo(page, 2 * PAGE, infos, sizeof infos, 0, JET_PageInfo));
    assert_false(infos[0].fPageIsInitialized);
    assert_true(infos[1].fPageIsInitialized);
    page[300] = 1; /* the first is bad, and the second is described all the same */
    infos[1].checksumActual = 0;
    assert_err(JetGetPageInfo(page, 2 * PAGE, infos, sizeof infos, 0, JET_PageInfo), JET_errReadVerifyFailure);
    assert_int_equal(infos[1].checksumActual, load_le64(page + PAGE));
    free(page);

    set_page_size(32768);
    page = load_pages("engine/clean_32k/data.edb", 32768, 4, 1);
    JET_PAGEINFO2 more = {.pageInfo = {.pgno = 4}};
    assert_good(JetGetPageInfo2(page, 32768, &more, sizeof more, 0, JET_PageInfo2));
    assert_int_equal(more.rgChecksumActual[2], load_le64(page + 56));
    assert_memory_equal(more.rgChecksumActual, more.rgChecksumExpected, sizeof more.rgChecksumActual);
    page[30000] ^= 64;
    assert_good(JetGetPageInfo2(page, 32768, &more, sizeof more, 0, JET_PageInfo2));
    assert_true(more.pageInfo.fCorrectableError);
    free(page);
    set_page_size(PAGE);
}

static void arguments_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    set_page_size(PAGE);
    static _Alignas(PAGE) uint8_t pages[2 * PAGE];
    JET_PAGEINFO infos[2];
    JET_PAGEINFO2 more[2];
    assert_err(JetGetPageInfo(pages, sizeof pages, infos, sizeof infos, 0, JET_PageInfo2), JET_errInvalidParameter);
    assert_err(JetGetPageInfo2(pages, sizeof pages, more, sizeof more, 0, 2), JET_errInvalidParameter);
    assert_err(JetGetPageInfo2(pages, sizeof pages, more, sizeof infos, 0, JET_PageInfo2), JET_errInvalidParameter);
    assert_err(JetGetPageInfo(NULL, sizeof pages, infos, sizeof infos, 0, JET_PageInfo), JET_errInvalidParameter);
    assert_err(JetGetPageInfo(pages, 0, infos, sizeof infos, 0, JET_PageInfo), JET_errInvalidParameter);
    assert_err(JetGetPageInfo(pages, sizeof pages, NULL, sizeof infos, 0, JET_PageInfo), JET_errInvalidParameter);
    assert_err(JetGetPageInfo(pages, sizeof pages, infos, sizeof infos, 2, JET_PageInfo), JET_errInvalidGrbit);
    assert_err(JetGetPageInfo(pages, PAGE - 1, infos, sizeof infos[0], 0, JET_PageInfo), JET_errInvalidParameter);
    assert_err(JetGetPageInfo(pages, PAGE, infos, sizeof infos, 0, JET_PageInfo), JET_errInvalidParameter);
    assert_err(JetGetPageInfo(pages + 512, PAGE, infos, sizeof infos[0], 0, JET_PageInfo), JET_errInvalidParameter);
    assert_good(JetGetPageInfo2(pages, sizeof pages, more, sizeof more, 0, JET_PageInfo2));
}

/* --- a database in use --- */

static void heal(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramEnableExternalAutoHealing, 1, NULL)); }

/* A database with rows, all of them on disk and none in memory: detached and attached again. */
static void start(struct sample *s, bool heals)
{
    live_configure = heals ? heal : NULL;
    sample_start(s, PAGE);
    live_configure = NULL;
    assert_good(JetBeginTransaction(s->session));
    for (int i = 0; i < ROWS; i++)
        insert_sample(s, i, i, text_of("row-%08d", i));
    assert_good(JetCommitTransaction(s->session, 0));
}

static const char *path_of(const struct sample *s) { return text_of("%s/sample.edb", s->live.folder); }

static void detach(struct sample *s)
{
    assert_good(JetCloseTable(s->session, s->table));
    assert_good(JetCloseDatabase(s->session, s->dbid, 0));
    assert_good(JetDetachDatabase(s->session, path_of(s)));
}

static void attach(struct sample *s)
{
    assert_good(JetAttachDatabase(s->session, path_of(s), 0));
    assert_good(JetOpenDatabase(s->session, path_of(s), NULL, &s->dbid, 0));
    assert_good(JetOpenTable(s->session, s->dbid, "Sample", NULL, 0, 0, &s->table));
}

static uint8_t *page_room(uint32_t pages) { return (uint8_t *)aligned_alloc(PAGE, (size_t)pages * PAGE); }

/* Sample's leaf that holds the row of this id: the rows stand in the primary tree, and by_text has another order of bytes around. */
static uint32_t find_leaf(struct sample *s, int id, uint8_t *image)
{
    uint32_t actual = 0;
    const char *text = text_of("row-%08d", id);
    for (uint32_t page = 1;; page++) {
        assert_good(JetGetDatabasePages(s->session, s->dbid, page, 1, image, PAGE, &actual, 0));
        assert_int_equal(actual, PAGE);
        assert_true(load_le64(image + 8) != UINT64_C(0xFFFFFFFFFFFFFFFD)); /* it must be before the end */
        bool is_data = (load_le32(image + 36) & 0x2) != 0 && (load_le32(image + 36) & 0x40) == 0;
        if (is_data && memmem(image, PAGE, text, strlen(text)) != NULL)
            return page;
    }
}

static void pages_are_read_as_they_stand_in_the_file(void **state)
{
    (void)state;
    struct sample s;
    uint32_t actual = 7;
    unsigned long long size;
    start(&s, false);
    detach(&s);
    attach(&s);
    uint8_t *file = read_whole_file(path_of(&s), &size), *pages = page_room(24);
    assert_good(JetGetDatabasePages(s.session, s.dbid, 3, 5, pages, 24 * PAGE, &actual, 0));
    assert_int_equal(actual, 5 * PAGE);
    assert_memory_equal(pages, file + 4 * PAGE, 5 * PAGE);
    assert_good(JetGetDatabasePages(s.session, s.dbid, 3, 0, NULL, 0, &actual, 0));
    assert_int_equal(actual, 0);
    /* Behind the end there are pages without content. */
    uint32_t last = (uint32_t)(size / PAGE) - 2;
    assert_good(JetGetDatabasePages(s.session, s.dbid, last, 2, pages, 2 * PAGE, &actual, 0));
    assert_memory_equal(pages, file + (size_t)(last + 1) * PAGE, PAGE);
    assert_int_equal(load_le64(pages + PAGE + 8), UINT64_C(0xFFFFFFFFFFFFFFFD));
    assert_int_equal(load_le32(pages + PAGE + 36), 0x2800); /* a page of the present format, as the original makes it */
    JET_PAGEINFO info = {.pgno = last + 1};
    assert_good(JetGetPageInfo(pages + PAGE, PAGE, &info, sizeof info, 0, JET_PageInfo));
    free(file);

    assert_err(JetGetDatabasePages(s.session, s.dbid + 3, 1, 1, pages, PAGE, &actual, 0), JET_errInvalidDatabaseId);
    assert_err(JetGetDatabasePages(s.session, s.dbid, 0, 1, pages, PAGE, &actual, 0), JET_errInvalidParameter);
    assert_err(JetGetDatabasePages(s.session, s.dbid, 1, UINT32_MAX, pages, PAGE, &actual, 0), JET_errInvalidParameter);
    assert_err(JetGetDatabasePages(s.session, s.dbid, 0x7FEFFFFF, 1, pages, PAGE, &actual, 0), JET_errInvalidParameter);
    assert_err(JetGetDatabasePages(s.session, s.dbid, 1, 1, pages + 8, PAGE, &actual, 0), JET_errInvalidParameter);
    assert_err(JetGetDatabasePages(s.session, s.dbid, 1, 1, NULL, PAGE, &actual, 0), JET_errInvalidParameter);
    assert_err(JetGetDatabasePages(s.session, s.dbid, 1, 2, pages, 2 * PAGE - 1, &actual, 0), JET_errBufferTooSmall);
    assert_err(JetGetDatabasePages(s.session, s.dbid, 1, 0x00100001, pages, PAGE, &actual, 0), JET_errBufferTooSmall); /* 2^32 and a page */
    assert_err(JetGetDatabasePages(s.session, s.dbid, 1, 1, pages, PAGE, NULL, 0), JET_errInvalidParameter);
    assert_err(JetGetDatabasePages(s.session, s.dbid, 1, 1, pages, PAGE, &actual, 1), JET_errInvalidGrbit);
    free(pages);
    live_stop(&s.live);
}

/* --- mending --- */

static struct instance *enter(struct sample *s)
{
    struct instance *instance = NULL;
    assert_good(engine_enter_instance(s->live.instance, 0, &instance));
    return instance;
}

/* The token that a replaying copy would get, from the request itself; waits for it. */
static void get_token(struct sample *s, uint32_t page, uint8_t token[TOKEN_SIZE])
{
    struct instance *instance = enter(s);
    uint64_t dbtime = 0;
    for (int i = 0; i < 5000 && dbtime == 0; i++) {
        mutex_lock(&instance->patches.lock);
        for (int k = 0; k < PAGE_PATCH_REQUESTS_MAX; k++)
            if (instance->patches.requests[k].page_no == page)
                dbtime = instance->patches.requests[k].dbtime;
        mutex_unlock(&instance->patches.lock);
        if (dbtime == 0)
            thread_sleep_ms(1);
    }
    struct signature signature = log_stream_signature(instance->log);
    engine_leave_instance(instance);
    assert_true(dbtime != 0);
    memset(token, 0, TOKEN_SIZE);
    store_le32(token, TOKEN_SIZE);
    store_le64(token + 8, dbtime);
    memcpy(token + 16, signature.bytes, sizeof signature.bytes);
}

/* The leaf of a row is damaged while the database is away, and met again. */
static uint32_t damage_leaf(struct sample *s, int id, uint8_t *image)
{
    uint32_t page = find_leaf(s, id, image), actual;
    detach(s);
    damage_file(path_of(s), ((uint64_t)page + 1) * PAGE + 200);
    attach(s);
    assert_err(seek_id(s, s->table, id), JET_errReadVerifyFailure);
    uint8_t *room = page_room(1);
    assert_err(JetGetDatabasePages(s->session, s->dbid, page, 1, room, PAGE, &actual, 0), JET_errReadVerifyFailure);
    free(room);
    return page;
}

static void a_damaged_page_is_asked_for_and_mended_while_the_database_is_used(void **state)
{
    (void)state;
    struct sample s;
    uint8_t token[TOKEN_SIZE], *image = page_room(1);
    start(&s, true);
    detach(&s); /* so that the file has everything */
    attach(&s);
    uint32_t page = damage_leaf(&s, 100, image);
    get_token(&s, page, token);
    assert_good(JetOnlinePatchDatabasePage(s.session, s.dbid, page, token, sizeof token, image, PAGE, 0));
    assert_good(seek_id(&s, s.table, 100));
    assert_string_equal(get_text(&s, s.table, s.text, 1, 0), "row-00000100");
    /* It is on disk, and nothing is asked for any more. */
    uint32_t actual;
    uint8_t *again = page_room(1);
    assert_good(JetGetDatabasePages(s.session, s.dbid, page, 1, again, PAGE, &actual, 0));
    assert_memory_equal(again + 8, image + 8, 28); /* as far as the flush type, which each write changes */
    memset(image + 500, 0x55, 100);
    assert_good(JetOnlinePatchDatabasePage(s.session, s.dbid, page, token, sizeof token, image, PAGE, 0));
    assert_good(JetGetDatabasePages(s.session, s.dbid, page, 1, image, PAGE, &actual, 0));
    assert_memory_equal(again, image, PAGE);
    for (int i = 0; i < ROWS; i++)
        assert_good(seek_id(&s, s.table, i));
    free(again);
    free(image);
    sample_stop(&s);
}

static void what_is_no_answer_to_the_request_changes_nothing(void **state)
{
    (void)state;
    struct sample s;
    uint8_t token[TOKEN_SIZE], wrong[TOKEN_SIZE], *image = page_room(1), *bad = page_room(1);
    start(&s, true);
    detach(&s);
    attach(&s);
    uint32_t page = damage_leaf(&s, 7, image);
    get_token(&s, page, token);
#define PATCH(t, t_size, i, i_size, grbit) JetOnlinePatchDatabasePage(s.session, s.dbid, page, t, t_size, i, i_size, grbit)
    assert_err(PATCH(token, TOKEN_SIZE, image, PAGE, 2), JET_errDisabledFunctionality);
    assert_err(PATCH(NULL, TOKEN_SIZE, image, PAGE, 0), JET_errInvalidParameter);
    assert_err(PATCH(token, TOKEN_SIZE - 1, image, PAGE, 0), JET_errInvalidParameter);
    assert_err(PATCH(token, TOKEN_SIZE, NULL, PAGE, 0), JET_errInvalidParameter);
    assert_err(PATCH(token, TOKEN_SIZE, image, PAGE / 2, 0), JET_errInvalidBufferSize);
    memcpy(wrong, token, TOKEN_SIZE);
    wrong[0] = 40;
    assert_err(PATCH(wrong, TOKEN_SIZE, image, PAGE, 0), JET_errInvalidParameter);
    memcpy(wrong, token, TOKEN_SIZE);
    wrong[8]++; /* another request */
    assert_err(PATCH(wrong, TOKEN_SIZE, image, PAGE, 0), JET_errInvalidParameter);
    memcpy(wrong, token, TOKEN_SIZE);
    wrong[20]++; /* another stream */
    assert_err(PATCH(wrong, TOKEN_SIZE, image, PAGE, 0), JET_errBadLogSignature);
    memcpy(bad, image, PAGE);
    bad[1000] ^= 1;
    assert_err(PATCH(token, TOKEN_SIZE, bad, PAGE, 0), JET_errReadVerifyFailure);
    memset(bad, 0, PAGE);
    assert_err(PATCH(token, TOKEN_SIZE, bad, PAGE, 0), JET_errPageNotInitialized);
    memcpy(bad, image, PAGE);
    store_le32(bad + PAGE - 8, 0xFFFFFFFF); /* a node outside of the page */
    checksum_store_page(bad, PAGE, page);
    assert_err(PATCH(token, TOKEN_SIZE, bad, PAGE, 0), JET_errDatabaseCorrupted);
    memcpy(bad, image, PAGE);
    store_le64(bad + 8, load_le64(token + 8) + 1); /* from the future */
    checksum_store_page(bad, PAGE, page);
    assert_err(PATCH(token, TOKEN_SIZE, bad, PAGE, 0), JET_errInvalidParameter);
    assert_err(JetOnlinePatchDatabasePage(s.session, s.dbid, 0, token, TOKEN_SIZE, image, PAGE, 0), JET_errInvalidParameter);
    assert_err(JetOnlinePatchDatabasePage(s.session, s.dbid, 0x7FEFFFFF, token, TOKEN_SIZE, image, PAGE, 0), JET_errFileIOBeyondEOF);
    assert_err(seek_id(&s, s.table, 7), JET_errReadVerifyFailure);
    assert_good(PATCH(token, TOKEN_SIZE, image, PAGE, 0));
    assert_good(seek_id(&s, s.table, 7));
#undef PATCH
    free(image);
    free(bad);
    sample_stop(&s);
}

static void an_instance_that_does_not_ask_takes_no_pages(void **state)
{
    (void)state;
    struct sample s;
    uint8_t token[TOKEN_SIZE] = {TOKEN_SIZE}, *image = page_room(1);
    start(&s, false);
    detach(&s);
    attach(&s);
    uint32_t page = damage_leaf(&s, 7, image);
    assert_err(JetOnlinePatchDatabasePage(s.session, s.dbid, page, token, sizeof token, image, PAGE, 0), JET_errInvalidParameter);
    free(image);
    live_stop(&s.live);
}

/* --- with other threads --- */

struct reader {
    struct sample *s;
    atomic_bool stops;
    atomic_uint rounds, faults, good;
};

static void *read_rows(void *argument)
{
    struct reader *r = (struct reader *)argument;
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID table;
    if (JetBeginSession(r->s->live.instance, &session, NULL, NULL) < 0 || JetOpenDatabase(session, path_of(r->s), NULL, &dbid, 0) < 0 ||
        JetOpenTable(session, dbid, "Sample", NULL, 0, 0, &table) < 0)
        return "open";
    while (!atomic_load(&r->stops)) {
        int32_t id = 100;
        JET_ERR err = JetMakeKey(session, table, &id, sizeof id, JET_bitNewKey);
        if (err >= 0)
            err = JetSeek(session, table, JET_bitSeekEQ);
        if (err != JET_errSuccess && err != JET_errReadVerifyFailure)
            return "seek";
        atomic_fetch_add(err < 0 ? &r->faults : &r->good, 1);
        atomic_fetch_add(&r->rounds, 1);
    }
    return JetEndSession(session, 0) < 0 ? "end" : NULL;
}

static void readers_see_the_fault_then_the_row_and_nothing_else(void **state)
{
    (void)state;
    struct sample s;
    uint8_t token[TOKEN_SIZE], *image = page_room(1);
    pthread_t threads[2];
    start(&s, true);
    detach(&s);
    attach(&s);
    uint32_t page = damage_leaf(&s, 100, image);
    struct reader r = {.s = &s};
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_rows, &r), 0);
    get_token(&s, page, token);
    while (atomic_load(&r.faults) < 20)
        thread_sleep_ms(1);
    assert_good(JetOnlinePatchDatabasePage(s.session, s.dbid, page, token, sizeof token, image, PAGE, 0));
    unsigned faults = atomic_load(&r.faults);
    while (atomic_load(&r.good) < 20)
        thread_sleep_ms(1);
    assert_in_range(atomic_load(&r.faults), faults, faults + 2); /* those that were under way */
    atomic_store(&r.stops, true);
    for (int i = 0; i < 2; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    free(image);
    sample_stop(&s);
}

static void a_page_that_can_be_read_again_keeps_what_it_has(void **state)
{
    (void)state;
    struct sample s;
    uint8_t token[TOKEN_SIZE], *older = page_room(1), *newer = page_room(1);
    start(&s, true);
    detach(&s);
    attach(&s);
    uint32_t page = find_leaf(&s, 100, older);
    assert_good(JetBeginTransaction(s.session));
    assert_good(seek_id(&s, s.table, 100));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    assert_good(JetSetColumn(s.session, s.table, s.padded, "newer", 5, 0, NULL));
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_good(JetCommitTransaction(s.session, 0));
    detach(&s);
    attach(&s);
    assert_int_equal(damage_leaf(&s, 100, newer), page);
    get_token(&s, page, token);
    damage_file(path_of(&s), ((uint64_t)page + 1) * PAGE + 200); /* the same bits again: the fault was a passing one */
    assert_good(JetOnlinePatchDatabasePage(s.session, s.dbid, page, token, sizeof token, older, PAGE, 0));
    uint8_t *room = page_room(1);
    uint32_t actual;
    assert_good(JetGetDatabasePages(s.session, s.dbid, page, 1, room, PAGE, &actual, 0));
    assert_memory_equal(room + 40, newer + 40, PAGE - 40); /* behind checksum and flush type */
    assert_good(seek_id(&s, s.table, 100));
    assert_string_equal(get_text(&s, s.table, s.padded, 1, 0), "newer   ");
    free(room);
    free(older);
    free(newer);
    sample_stop(&s);
}

struct holder {
    struct instance *instance;
    atomic_int step; /* 1: it is held; 2: it may be given back */
};

/* While this one has the lock, the checkpoint thread raises no header. */
static void *hold_rounds(void *argument)
{
    struct holder *h = (struct holder *)argument;
    mutex_lock(&h->instance->checkpoint.round_lock);
    for (atomic_store(&h->step, 1); atomic_load(&h->step) == 1;)
        thread_sleep_ms(1);
    mutex_unlock(&h->instance->checkpoint.round_lock);
    return NULL;
}

static void a_page_that_waits_for_the_header_is_written_by_raising_it(void **state)
{
    (void)state;
    struct sample s;
    pthread_t thread;
    uint32_t held = 0;
    start(&s, true);
    struct holder h = {.instance = enter(&s)};
    struct database *db = atomic_load(&h.instance->checkpoint.writable[s.dbid - 1]);
    assert_int_equal(pthread_create(&thread, NULL, hold_rounds, &h), 0);
    while (atomic_load(&h.step) != 1)
        thread_sleep_ms(1);
    assert_good(log_roll(h.instance->log));
    assert_good(JetBeginTransaction(s.session));
    insert_sample(&s, ROWS, ROWS, "of a new log");
    assert_good(JetCommitTransaction(s.session, 0));
    for (uint32_t page = 1; page <= cache_file_last_page(db->pages); page++) {
        struct page_ref ref;
        if (cache_get(db->pages, page, PAGE_LATCH_EXCLUSIVE, &ref) < 0)
            continue;
        bool is_dirty = cache_is_dirty(&ref);
        cache_release(&ref);
        if (!is_dirty || cache_flush_page(db->pages, page) != CACHE_ERROR_PAGES_HELD)
            continue;
        held++;
        assert_good(checkpoint_flush_page(h.instance, db, page));
    }
    assert_true(held > 0);
    atomic_store(&h.step, 2);
    assert_int_equal(pthread_join(thread, NULL), 0);
    engine_leave_instance(h.instance);
    sample_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_described_as_by_the_original),
        cmocka_unit_test(one_wrong_bit_is_put_right_and_told),
        cmocka_unit_test(blank_pages_headers_and_large_pages_have_their_own_rules),
        cmocka_unit_test(arguments_that_do_not_fit_are_refused),
        cmocka_unit_test(pages_are_read_as_they_stand_in_the_file),
        cmocka_unit_test(a_damaged_page_is_asked_for_and_mended_while_the_database_is_used),
        cmocka_unit_test(what_is_no_answer_to_the_request_changes_nothing),
        cmocka_unit_test(an_instance_that_does_not_ask_takes_no_pages),
        cmocka_unit_test(readers_see_the_fault_then_the_row_and_nothing_else),
        cmocka_unit_test(a_page_that_can_be_read_again_keeps_what_it_has),
        cmocka_unit_test(a_page_that_waits_for_the_header_is_written_by_raising_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
