/* What is read of a backup set that somebody else made: tar headers, deltas, manifests, and whole sets in the checker. The first byte says which. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "set/check.h"
#include "set/delta.h"
#include "set/manifest.h"
#include "set/tar.h"

enum { PAGE = 4096, FILE_HEAD = 5, NEXT_SET = 0xFF };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_tar(const uint8_t *data, size_t size)
{
    uint8_t block[TAR_BLOCK] = {0};
    struct tar_member member;
    memcpy(block, data, size < TAR_BLOCK ? size : TAR_BLOCK);
    tar_read_header(block, &member);
    const char *name = tar_safe_name(member.name);
    assert_always(name == NULL || set_name_is_safe(name));
    if (size > TAR_BLOCK && tar_apply_pax((const char *)data + TAR_BLOCK, size - TAR_BLOCK, &member))
        assert_always(strlen(member.name) <= TAR_NAME_MAX);
}

struct seen {
    uint64_t sum;
};

static JET_ERR add_part(void *context, struct delta_parser *parser, enum delta_part part, uint32_t page_no, const uint8_t *bytes)
{
    struct seen *s = (struct seen *)context;
    assert_always(part != DELTA_PART_PAGE || (page_no >= 1 && page_no <= parser->page_count));
    s->sum = s->sum * 31 + page_no + bytes[PAGE - 1] + (uint64_t)part;
    return JET_errSuccess;
}

static JET_ERR parse_delta(const uint8_t *data, size_t size, size_t piece, uint64_t *sum)
{
    struct delta_parser parser;
    struct seen seen = {0};
    JET_ERR err = delta_parser_begin(&parser, PAGE, add_part, &seen);
    for (size_t at = 0; err >= 0 && at < size; at += piece)
        err = delta_parser_add(&parser, data + at, size - at < piece ? size - at : piece);
    if (err >= 0)
        err = delta_parser_end(&parser);
    delta_parser_release(&parser);
    *sum = seen.sum;
    return err;
}

static void try_delta(const uint8_t *data, size_t size)
{
    uint64_t whole, pieces;
    JET_ERR err = parse_delta(data, size, size + 1, &whole);
    assert_always(parse_delta(data, size, 1 + size % 511, &pieces) == err && pieces == whole);
}

/* What was understood says the same when it is written and read again. */
static void try_manifest(const uint8_t *data, size_t size)
{
    struct set_manifest manifest, again;
    char why[200], *text = NULL, *second = NULL;
    if (manifest_parse((const char *)data, size, &manifest, why, sizeof why) < 0)
        return;
    if (manifest_format(&manifest, &text) >= 0 && manifest_parse(text, strlen(text), &again, why, sizeof why) >= 0) {
        assert_always(manifest_format(&again, &second) >= 0 && strcmp(text, second) == 0);
        manifest_release(&again);
    }
    mem_free(text);
    mem_free(second);
    manifest_release(&manifest);
}

static void ignore_finding(void *context, const struct set_finding *finding)
{
    ++*(uint64_t *)context;
    assert_always(finding->text[0] != 0);
}

/* Files one behind the other: which name, how many bytes (u32), the bytes. */
static JET_ERR feed_sets(struct set_checker *checker, const uint8_t *data, size_t size)
{
    static const char *const NAMES[] = {"data.edb", "data.edb.delta", "data.edb.pages", "edb00001.log", "edb00002.log", "backup.json", "backup.partial", "other"};
    JET_ERR err = JET_errSuccess;
    set_checker_begin_set(checker, "set", false);
    while (size >= FILE_HEAD) {
        uint8_t which = data[0];
        uint32_t length = load_le32(data + 1), there;
        data += FILE_HEAD;
        size -= FILE_HEAD;
        if (which == NEXT_SET) {
            TRY(set_checker_end_set(checker));
            set_checker_begin_set(checker, "set", (length & 1) != 0);
            continue;
        }
        there = length < size ? length : (uint32_t)size;
        TRY(set_checker_begin_file(checker, NAMES[which % 8], there));
        for (uint32_t at = 0; at < there; at += 1000)
            TRY(set_checker_data(checker, data + at, there - at < 1000 ? there - at : 1000));
        TRY(set_checker_end_file(checker));
        data += there;
        size -= there;
    }
    err = set_checker_end_set(checker);
done:
    return err;
}

static void try_checker(const uint8_t *data, size_t size)
{
    uint64_t findings = 0;
    struct set_checker *checker = NULL;
    if (set_checker_create(ignore_finding, &findings, &checker) < 0)
        return;
    JET_ERR err = feed_sets(checker, data, size);
    assert_always(err >= 0); /* damage is a finding */
    assert_always(set_checker_totals(checker)->errors <= findings);
    set_checker_destroy(checker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const TRIES[])(const uint8_t *data, size_t size) = {try_tar, try_delta, try_manifest, try_checker};
    if (size > 0)
        TRIES[data[0] % 4](data + 1, size - 1);
    return 0;
}
