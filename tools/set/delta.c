/* Deltas (delta.h). */
#include "set/delta.h"

#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"

static const char MAGIC[8] = {'E', 'S', 'E', 'D', 'E', 'L', 'T', 'A'};
enum { STATE_HEADER, STATE_HEADER_PAGES, STATE_RUN, STATE_PAGE, STATE_TRAILER, STATE_HASH, STATE_END };

void delta_header(uint32_t page_size, uint32_t page_count, const uint8_t base_sha256[SHA256_SIZE], uint8_t *out)
{
    memset(out, 0, DELTA_HEADER);
    memcpy(out, MAGIC, sizeof MAGIC);
    store_le32(out + 8, DELTA_VERSION);
    store_le32(out + 12, page_size);
    store_le32(out + 16, page_count);
    memcpy(out + 32, base_sha256, SHA256_SIZE);
}

void delta_run(uint32_t first, uint32_t count, uint8_t *out)
{
    store_le32(out, first);
    store_le32(out + 4, count);
}

JET_ERR delta_parser_begin(struct delta_parser *p, uint32_t page_size,
                           JET_ERR (*part)(void *, struct delta_parser *, enum delta_part, uint32_t, const uint8_t *), void *context)
{
    *p = (struct delta_parser){.part = part, .context = context, .page_size = page_size, .state = STATE_HEADER, .need = DELTA_HEADER};
    p->buffer = (uint8_t *)mem_alloc(2 * (size_t)page_size);
    sha256_init(&p->hash);
    return p->buffer != NULL ? JET_errSuccess : JET_errOutOfMemory;
}

static void expect(struct delta_parser *p, int state, uint32_t need)
{
    p->state = state;
    p->need = need;
}

static JET_ERR take_header(struct delta_parser *p)
{
    uint8_t expected[DELTA_HEADER];
    p->page_count = load_le32(p->buffer + 16);
    memcpy(p->base_sha256, p->buffer + 32, SHA256_SIZE);
    delta_header(p->page_size, p->page_count, p->base_sha256, expected);
    if (memcmp(p->buffer, expected, DELTA_HEADER) != 0 || p->page_count > UINT32_MAX - 3)
        return JET_errDatabaseCorrupted;
    expect(p, STATE_HEADER_PAGES, 2 * p->page_size);
    return JET_errSuccess;
}

static JET_ERR take_run(struct delta_parser *p)
{
    uint32_t first = load_le32(p->buffer), count = load_le32(p->buffer + 4);
    if (first == 0 && count == 0) {
        expect(p, STATE_TRAILER, p->page_size);
        return JET_errSuccess;
    }
    if (first <= p->last_page || count == 0 || !range_within(first - 1, count, p->page_count))
        return JET_errDatabaseCorrupted;
    p->run_next = first;
    p->run_left = count;
    expect(p, STATE_PAGE, p->page_size);
    return JET_errSuccess;
}

static JET_ERR take_page(struct delta_parser *p)
{
    JET_ERR err = p->part(p->context, p, DELTA_PART_PAGE, p->run_next, p->buffer);
    p->last_page = p->run_next++;
    p->pages++;
    if (--p->run_left == 0)
        expect(p, STATE_RUN, DELTA_RUN_HEADER);
    return err;
}

static JET_ERR take_hash(struct delta_parser *p)
{
    uint8_t found[SHA256_SIZE];
    sha256_finish(&p->hash, found);
    expect(p, STATE_END, 0);
    return memcmp(found, p->buffer, SHA256_SIZE) == 0 ? JET_errSuccess : JET_errDatabaseCorrupted;
}

static JET_ERR take(struct delta_parser *p)
{
    JET_ERR err;
    if (p->state != STATE_HASH)
        sha256_add(&p->hash, p->buffer, p->need);
    switch (p->state) {
    case STATE_HEADER: return take_header(p);
    case STATE_HEADER_PAGES:
        err = p->part(p->context, p, DELTA_PART_HEADERS, 0, p->buffer);
        expect(p, STATE_RUN, DELTA_RUN_HEADER);
        return err;
    case STATE_RUN: return take_run(p);
    case STATE_PAGE: return take_page(p);
    case STATE_TRAILER:
        err = p->part(p->context, p, DELTA_PART_TRAILER, 0, p->buffer);
        expect(p, STATE_HASH, SHA256_SIZE);
        return err;
    default: return take_hash(p);
    }
}

JET_ERR delta_parser_add(struct delta_parser *p, const uint8_t *data, size_t size)
{
    while (size > 0) {
        if (p->state == STATE_END)
            return JET_errDatabaseCorrupted;
        size_t part = size < p->need - p->have ? size : p->need - p->have;
        memcpy(p->buffer + p->have, data, part);
        p->have += (uint32_t)part;
        data += part;
        size -= part;
        if (p->have == p->need) {
            p->have = 0;
            JET_ERR err = take(p);
            if (err < 0)
                return err;
        }
    }
    return JET_errSuccess;
}

JET_ERR delta_parser_end(const struct delta_parser *p) { return p->state == STATE_END ? JET_errSuccess : JET_errFileIOBeyondEOF; }

void delta_parser_release(struct delta_parser *p)
{
    mem_free(p->buffer);
    p->buffer = NULL;
}
