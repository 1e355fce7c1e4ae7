/* Random changes of pages against a plain list of nodes: after each one page_check accepts the page and its nodes are those of the list; a change that is
 * refused leaves every byte as it was. All page sizes, with and without prefixes, leaves, non-unique leaves and internal pages. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "page/image.h"
#include "page/move.h"
#include "page_builder.h"

enum { KEY_MAX = 96, DATA_MAX = 600, NODES_MAX = 4096, PAGE_NO = 77, OTHER_PAGE_NO = 78, OBJID = 9 };

struct model_node {
    uint8_t key[KEY_MAX], data[DATA_MAX];
    uint32_t key_size, data_size;
    unsigned flags;
};
struct model {
    struct model_node *nodes;
    uint32_t count;
    bool is_leaf, is_non_unique;
};

static struct model model_create(bool is_leaf, bool is_non_unique)
{
    return (struct model){calloc(NODES_MAX, sizeof(struct model_node)), 0, is_leaf, is_non_unique};
}

static int compare_nodes(const struct model *m, const struct model_node *a, const struct model_node *b)
{
    if (!m->is_leaf && (a->key_size == 0 || b->key_size == 0))
        return (a->key_size == 0) - (b->key_size == 0);
    int order = span_compare(span_of(a->key, a->key_size), span_of(b->key, b->key_size));
    return order != 0 || !m->is_non_unique ? order : span_compare(span_of(a->data, a->data_size), span_of(b->data, b->data_size));
}

/* Place of a node in order; *found when an equal one stands there. */
static uint32_t model_place(const struct model *m, const struct model_node *n, bool *found)
{
    uint32_t at = 0;
    while (at < m->count && compare_nodes(m, &m->nodes[at], n) < 0)
        at++;
    *found = at < m->count && compare_nodes(m, &m->nodes[at], n) == 0;
    return at;
}

static void model_insert(struct model *m, uint32_t at, const struct model_node *n)
{
    assert_true(m->count < NODES_MAX);
    memmove(&m->nodes[at + 1], &m->nodes[at], (m->count - at) * sizeof *m->nodes);
    m->nodes[at] = *n;
    m->count++;
}

static void model_remove(struct model *m, uint32_t at, uint32_t count)
{
    memmove(&m->nodes[at], &m->nodes[at + count], (m->count - at - count) * sizeof *m->nodes);
    m->count -= count;
}

/* Keys share long beginnings, so that prefixes matter. */
static void random_node(uint64_t *random, const struct model *m, struct model_node *out)
{
    static const char STEM[] = "the same long beginning of very many keys";
    memset(out, 0, sizeof *out);
    uint32_t stem = test_random_below(random, 4) == 0 ? test_random_below(random, sizeof STEM) : (uint32_t)sizeof STEM - 1 - test_random_below(random, 3);
    memcpy(out->key, STEM, stem);
    out->key_size = stem;
    uint32_t tail = test_random_below(random, 40);
    for (uint32_t i = 0; i < tail; i++)
        out->key[out->key_size++] = (uint8_t)(test_random_below(random, 3) == 0 ? test_random(random) : 'a' + test_random_below(random, 4));
    if (m->is_leaf) {
        out->data_size = 1 + (test_random_below(random, 8) == 0 ? test_random_below(random, DATA_MAX - 1) : test_random_below(random, 30));
        for (uint32_t i = 0; i < out->data_size; i++)
            out->data[i] = (uint8_t)test_random(random);
        out->flags = test_random_below(random, 4);
    } else {
        out->data_size = 4;
        store_le32(out->data, 1000 + test_random_below(random, 100000));
    }
}

static struct page_new_node new_node(const struct model_node *n)
{
    return (struct page_new_node){.key = page_key_of(span_of(n->key, n->key_size)), .data = span_of(n->data, n->data_size), .flags = n->flags};
}

static void check_page(const struct page_edit *e, const struct model *m, const char *what)
{
    const char *why = NULL;
    uint8_t key[2 * KEY_MAX];
    struct page_view view;
    if (m->is_leaf || m->count > 0) {
        if (page_check(e->bytes, e->size, e->page_no, &why) < 0)
            fail_msg("after %s: %s", what, why);
    }
    struct page_edit opened;
    assert_int_equal(m->count > 0 || m->is_leaf ? page_edit_open(&opened, e->bytes, e->size, e->page_no) : 0, 0);
    view = page_edit_view(e);
    if (page_node_count(&view) != m->count)
        fail_msg("after %s: %u nodes, expected %u", what, page_node_count(&view), m->count);
    if (page_uncommitted_free_bytes(&view) > page_free_bytes(&view))
        fail_msg("after %s: more promised than free", what);
    for (uint32_t i = 0; i < m->count; i++) {
        struct node n = page_node(&view, i);
        const struct model_node *want = &m->nodes[i];
        if (node_key_size(&n) != want->key_size || (node_copy_key(&n, key), memcmp(key, want->key, want->key_size)) != 0 ||
            !span_equal(n.data, span_of(want->data, want->data_size)) || (n.flags & 3) != want->flags)
            fail_msg("after %s: node %u differs", what, i);
    }
}

struct run {
    uint64_t random;
    struct page_edit page;
    uint8_t *before;
    struct model model;
};

static void note_before(struct run *r) { memcpy(r->before, r->page.bytes, r->page.size); }

/* The change was refused: nothing may have happened. */
static void check_unchanged(const struct run *r, JET_ERR err, const char *what)
{
    if (err != JET_errDatabaseCorrupted)
        fail_msg("%s: %d", what, err);
    if (memcmp(r->before, r->page.bytes, r->page.size) != 0)
        fail_msg("%s was refused, but changed the page", what);
}

static uint32_t free_bytes(const struct page_edit *e) { return load_le16(e->bytes + 28); }

static void step_insert(struct run *r)
{
    struct model_node n;
    bool found;
    random_node(&r->random, &r->model, &n);
    uint32_t at = model_place(&r->model, &n, &found);
    struct page_new_node node = new_node(&n);
    bool is_compressed = test_random_below(&r->random, 5) != 0;
    if (is_compressed)
        node.prefix_size = page_common_prefix(&r->page, &node.key);
    bool fits = page_node_cost(n.key_size, node.prefix_size, n.data_size) <= free_bytes(&r->page);
    uint32_t wrong = test_random_below(&r->random, 10) == 0 ? test_random_below(&r->random, r->model.count + 3) : at;
    JET_ERR err = page_insert(&r->page, wrong, &node);
    if (wrong == at && !found && fits) {
        assert_int_equal(err, 0);
        model_insert(&r->model, at, &n);
    } else {
        check_unchanged(r, err, "insert");
    }
}

static void step_replace(struct run *r)
{
    struct model_node n;
    if (r->model.count == 0)
        return;
    uint32_t line = test_random_below(&r->random, r->model.count);
    random_node(&r->random, &r->model, &n);
    struct model_node *old = &r->model.nodes[line];
    struct model_node changed = *old;
    memcpy(changed.data, n.data, sizeof n.data);
    changed.data_size = n.data_size;
    bool in_order = (line == 0 || compare_nodes(&r->model, &r->model.nodes[line - 1], &changed) < 0) &&
                    (line + 1 == r->model.count || compare_nodes(&r->model, &changed, &r->model.nodes[line + 1]) < 0);
    bool fits = n.data_size <= old->data_size || n.data_size - old->data_size <= free_bytes(&r->page);
    JET_ERR err = page_replace_data(&r->page, line, span_of(n.data, n.data_size));
    if (in_order && fits) {
        assert_int_equal(err, 0);
        *old = changed;
    } else {
        check_unchanged(r, err, "replace");
    }
}

static void step_delete(struct run *r)
{
    uint32_t line = test_random_below(&r->random, r->model.count + 1), count = test_random_below(&r->random, 5);
    JET_ERR err = page_delete(&r->page, line, count);
    bool may = line + count <= r->model.count && (r->model.is_leaf || count < r->model.count);
    if (may) {
        assert_int_equal(err, 0);
        model_remove(&r->model, line, count);
    } else {
        check_unchanged(r, err, "delete");
    }
}

static void step_flags(struct run *r)
{
    if (r->model.count == 0 || !r->model.is_leaf)
        return;
    uint32_t line = test_random_below(&r->random, r->model.count);
    unsigned set = test_random_below(&r->random, 4), clear = test_random_below(&r->random, 4);
    assert_int_equal(page_change_node_flags(&r->page, line, set, clear), 0);
    r->model.nodes[line].flags = (r->model.nodes[line].flags & ~clear) | set;
}

/* Another prefix out of a node's key, a piece of one, or none. */
static void step_prefix(struct run *r)
{
    struct model_node n;
    random_node(&r->random, &r->model, &n);
    const struct model_node *from = r->model.count > 0 && test_random_below(&r->random, 4) != 0 ? &r->model.nodes[test_random_below(&r->random, r->model.count)] : &n;
    uint32_t size = test_random_below(&r->random, 6) == 0 ? 0 : from->key_size - (from->key_size > 0 ? test_random_below(&r->random, from->key_size) : 0);
    JET_ERR err = page_set_prefix(&r->page, span_of(from->key, size));
    if (err < 0)
        check_unchanged(r, err, "set prefix");
    else
        for (uint32_t i = 0; i < r->model.count; i++) { /* encoded by the rule */
            struct page_view view = page_edit_view(&r->page);
            struct node node = page_node(&view, i);
            struct page_key key = page_key_of_node(&node);
            assert_int_equal(node.prefix.size, page_common_prefix(&r->page, &key));
        }
}

static void step_add(struct run *r)
{
    if (r->model.count == 0 || !r->model.is_leaf || r->model.is_non_unique)
        return;
    uint32_t line = test_random_below(&r->random, r->model.count), width = test_random_below(&r->random, 2) == 0 ? 4 : 8, offset = test_random_below(&r->random, 20);
    struct model_node *n = &r->model.nodes[line];
    int64_t delta = (int64_t)test_random(&r->random);
    JET_ERR err = page_add_to_data(&r->page, line, offset, width, delta);
    if (offset + width > n->data_size) {
        check_unchanged(r, err, "add");
        return;
    }
    assert_int_equal(err, 0);
    if (width == 4)
        store_le32(n->data + offset, load_le32(n->data + offset) + (uint32_t)delta);
    else
        store_le64(n->data + offset, load_le64(n->data + offset) + (uint64_t)delta);
}

static void step_key(struct run *r)
{
    struct model_node n;
    if (r->model.is_leaf || r->model.count == 0)
        return;
    uint32_t line = test_random_below(&r->random, r->model.count);
    random_node(&r->random, &r->model, &n);
    if (line + 1 == r->model.count && test_random_below(&r->random, 2) == 0)
        n.key_size = 0;
    struct page_key key = page_key_of(span_of(n.key, n.key_size));
    bool in_order = (line == 0 || compare_nodes(&r->model, &r->model.nodes[line - 1], &n) < 0) &&
                    (line + 1 == r->model.count || compare_nodes(&r->model, &n, &r->model.nodes[line + 1]) < 0);
    JET_ERR err = page_replace_key(&r->page, line, &key);
    if (!in_order || err < 0) {
        check_unchanged(r, err, "replace key");
        return;
    }
    memcpy(r->model.nodes[line].key, n.key, KEY_MAX);
    r->model.nodes[line].key_size = n.key_size;
}

/* Images of the page, shortened in both ways, give the page again. */
static void step_image(struct run *r)
{
    uint8_t *image = malloc(r->page.size), *again = malloc(r->page.size);
    uint32_t size, flags, header, trailer;
    struct page_edit copy = page_edit_trusted(again, r->page.size, PAGE_NO);
    if (!r->model.is_leaf && r->model.count == 0)
        goto done;
    assert_int_equal(page_image_shrink(&r->page, test_random_below(&r->random, 2) == 0, image, &size, &flags), 0);
    assert_int_equal(page_image_restore(span_of(image, size), flags, r->page.size, PAGE_NO, again), 0);
    check_page(&copy, &r->model, "image restored");
    page_image_cut(&r->page, &header, &trailer);
    assert_int_equal(page_image_join(span_of(r->page.bytes, header), span_of(r->page.bytes + r->page.size - trailer, trailer), r->page.size, PAGE_NO, again), 0);
    check_page(&copy, &r->model, "image joined");
done:
    free(image);
    free(again);
}

static void copy_model(struct model *to, const struct model *from, uint32_t first, uint32_t count, bool keep_deleted)
{
    to->count = 0;
    to->is_leaf = from->is_leaf;
    to->is_non_unique = from->is_non_unique;
    for (uint32_t i = first; i < first + count; i++) {
        if (keep_deleted || (from->nodes[i].flags & NODE_FLAG_DELETED) == 0)
            to->nodes[to->count++] = from->nodes[i];
    }
}

/* Splits the page with an operation, checks both halves, then merges them again, to either side. */
static void step_split_and_merge(struct run *r)
{
    struct model list = model_create(r->model.is_leaf, r->model.is_non_unique), part = model_create(r->model.is_leaf, false);
    struct model_node n;
    uint8_t *other_bytes = malloc(r->page.size);
    struct page_edit other = page_edit_trusted(other_bytes, r->page.size, OTHER_PAGE_NO);
    uint32_t flags = load_le32(r->page.bytes + 36);
    bool found = true;
    struct page_split split = {.kind = PAGE_SPLIT_RIGHT, .source_page = PAGE_NO, .new_page = OTHER_PAGE_NO, .right_page = r->model.is_leaf ? 99 : 0, .objid = OBJID,
                               .dbtime = 500, .flags_source = flags, .flags_new = flags, .prefix_line_new = -1};
    copy_model(&list, &r->model, 0, r->model.count, true);
    uint32_t at = 0;
    if (test_random_below(&r->random, 3) != 0) {
        random_node(&r->random, &r->model, &n);
        at = model_place(&list, &n, &found);
    }
    if (!found) {
        split.operation = PAGE_SPLIT_INSERT;
        split.line_operation = at;
        split.node = new_node(&n);
        model_insert(&list, at, &n);
    } else if (list.count > 0 && r->model.is_leaf && !r->model.is_non_unique && test_random_below(&r->random, 2) == 0) {
        split.operation = PAGE_SPLIT_FLAG_INSERT_AND_REPLACE;
        split.line_operation = test_random_below(&r->random, list.count);
        random_node(&r->random, &r->model, &n);
        struct model_node *changed = &list.nodes[split.line_operation];
        memcpy(changed->data, n.data, DATA_MAX);
        changed->data_size = n.data_size;
        changed->flags = (changed->flags & NODE_FLAG_VERSIONED) | NODE_FLAG_VERSIONED;
        split.node = (struct page_new_node){.data = span_of(n.data, n.data_size), .flags = NODE_FLAG_VERSIONED};
    }
    split.line_count = list.count;
    if (list.count < 3)
        goto done;
    split.line_split = 1 + test_random_below(&r->random, list.count - 2);
    if (test_random_below(&r->random, 2) == 0)
        split.prefix_line_new = (int32_t)test_random_below(&r->random, split.line_count - split.line_split);
    const struct model_node *prefix = &list.nodes[test_random_below(&r->random, split.line_split)];
    split.prefix_source = span_of(prefix->key, test_random_below(&r->random, 3) == 0 ? 0 : prefix->key_size);
    note_before(r);
    memset(other_bytes, 0xEE, r->page.size);
    JET_ERR err = page_split(&split, &r->page, true, &other);
    if (err < 0) { /* one of the halves does not fit */
        check_unchanged(r, err, "split");
        assert_int_equal(other_bytes[0], 0xEE);
        goto done;
    }
    copy_model(&part, &list, split.line_split, list.count - split.line_split, true);
    check_page(&other, &part, "split, new page");
    copy_model(&r->model, &list, 0, split.line_split, true);
    check_page(&r->page, &r->model, "split, old page");
    if (r->model.is_leaf) {
        assert_int_equal(load_le32(r->page.bytes + 20), OTHER_PAGE_NO);
        assert_int_equal(load_le32(other_bytes + 16), PAGE_NO);
        assert_int_equal(load_le32(other_bytes + 20), 99);
    }

    /* All of the new page goes back, or the old page's nodes go there. */
    bool to_left = test_random_below(&r->random, 2) == 0;
    struct page_edit *source = to_left ? &other : &r->page, *target = to_left ? &r->page : &other;
    const struct model *moved = to_left ? &part : &r->model;
    uint32_t cost = page_copy_cost(source, 0, moved->count, target), room = free_bytes(target);
    note_before(r);
    err = page_copy_nodes(source, 0, moved->count, target, to_left ? PAGE_AT_END : PAGE_AT_FRONT, 0);
    if (cost > room) {
        check_unchanged(r, err, "merge");
        goto done;
    }
    assert_int_equal(err, 0);
    assert_int_equal(room - free_bytes(target), cost);
    list.count = 0;
    for (int half = 0; half < 2; half++) {
        const struct model *from = half == 0 ? &r->model : &part;
        bool is_moved = (from == &part) == to_left;
        for (uint32_t i = 0; i < from->count; i++) {
            if (!is_moved || (from->nodes[i].flags & NODE_FLAG_DELETED) == 0)
                list.nodes[list.count++] = from->nodes[i];
        }
    }
    check_page(target, &list, "merge");
    if (to_left)
        copy_model(&r->model, &list, 0, list.count, true);
done:
    free(list.nodes);
    free(part.nodes);
    free(other_bytes);
}

static void run_random(uint32_t size, bool is_leaf, bool is_non_unique, bool has_prefix, uint64_t seed, unsigned steps)
{
    struct run r = {.random = seed, .model = model_create(is_leaf, is_non_unique)};
    struct page_fields fields = {.flags = (is_leaf ? PAGE_FLAG_LEAF : PAGE_FLAG_PARENT_OF_LEAF) | (is_non_unique ? PAGE_FLAG_NON_UNIQUE | PAGE_FLAG_INDEX : 0),
                                 .objid = OBJID, .dbtime = 100};
    struct model_node first;
    r.page = page_edit_trusted(malloc(size), size, PAGE_NO);
    r.before = malloc(size);
    random_node(&r.random, &r.model, &first);
    assert_int_equal(page_init(&r.page, &fields, span_of(first.key, has_prefix ? first.key_size : 0)), 0);
    if (!is_leaf) {
        struct page_new_node node = new_node(&first);
        assert_int_equal(page_insert_compressed(&r.page, 0, &node), 0);
        model_insert(&r.model, 0, &first);
    }
    for (unsigned i = 0; i < steps; i++) {
        note_before(&r);
        unsigned kind = test_random_below(&r.random, 100);
        if (kind < 60)
            step_insert(&r);
        else if (kind < 72)
            step_replace(&r);
        else if (kind < 82)
            step_delete(&r);
        else if (kind < 86)
            step_flags(&r);
        else if (kind < 88)
            step_prefix(&r);
        else if (kind < 91)
            step_add(&r);
        else if (kind < 94)
            step_key(&r);
        else if (kind < 95)
            assert_int_equal(page_compact(&r.page), 0);
        else if (kind < 96)
            step_image(&r);
        else if (kind < 98)
            page_adjust_uncommitted_free(&r.page, (int32_t)test_random_below(&r.random, 2000) - 1000);
        else
            step_split_and_merge(&r);
        check_page(&r.page, &r.model, "a step");
    }
    free(r.model.nodes);
    free(r.page.bytes);
    free(r.before);
}

static uint64_t seed_of_run(void)
{
    const char *text = getenv("TEST_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : (uint64_t)time(NULL) * 2654435761u + 1;
    print_message("    TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

static void random_changes_keep_the_page_equal_to_a_list_of_nodes(void **state)
{
    (void)state;
    static const uint32_t SIZES[] = {4096, 8192, 16384, 32768};
    uint64_t seed = seed_of_run();
    for (int s = 0; s < 4; s++) {
        for (unsigned kind = 0; kind < 6; kind++)
            run_random(SIZES[s], kind % 3 != 2, kind % 3 == 1, kind >= 3, seed + kind * 31 + (uint64_t)s * 1009, s < 2 ? 1500 : 700);
    }
}

/* Bytes of a good page are spoiled; whatever page_edit_open then accepts must stand every change without a step outside its buffer (the sanitizers watch). */
static void spoiled_pages_are_refused_or_changed_without_harm(void **state)
{
    (void)state;
    static const uint32_t SIZES[] = {4096, 32768};
    uint64_t random = seed_of_run();
    unsigned accepted = 0;
    for (int round = 0; round < 3000; round++) {
        uint32_t size = SIZES[round % 2];
        struct run r = {.random = test_random(&random) | 1, .model = model_create(true, false)};
        struct page_fields fields = {.flags = PAGE_FLAG_LEAF, .objid = OBJID, .dbtime = 100};
        struct model_node n;
        bool found;
        r.page = page_edit_trusted(malloc(size), size, PAGE_NO);
        random_node(&r.random, &r.model, &n);
        assert_int_equal(page_init(&r.page, &fields, span_of(n.key, n.key_size)), 0);
        for (int i = 0; i < 20; i++) {
            random_node(&r.random, &r.model, &n);
            uint32_t at = model_place(&r.model, &n, &found);
            struct page_new_node node = new_node(&n);
            if (!found && page_insert_compressed(&r.page, at, &node) >= 0)
                model_insert(&r.model, at, &n);
        }
        for (unsigned i = 0, spoils = 1 + test_random_below(&r.random, 3); i < spoils; i++) { /* header, tags, lines */
            uint32_t where = test_random_below(&r.random, 3);
            uint32_t at = where == 0 ? 28 + test_random_below(&r.random, 12) : where == 1 ? size - 1 - test_random_below(&r.random, 88) : 40 + test_random_below(&r.random, 600);
            r.page.bytes[at] = (uint8_t)test_random(&r.random);
        }
        struct page_edit opened;
        if (page_edit_open(&opened, r.page.bytes, size, PAGE_NO) >= 0) {
            accepted++;
            for (int i = 0; i < 20; i++) {
                struct page_view view = page_edit_view(&opened);
                uint32_t count = page_node_count(&view), line = test_random_below(&r.random, count + 2);
                random_node(&r.random, &r.model, &n);
                struct page_new_node node = new_node(&n);
                JET_ERR err = JET_errSuccess;
                switch (test_random_below(&r.random, 8)) {
                case 0: err = page_insert_compressed(&opened, line, &node); break;
                case 1: err = page_replace_data(&opened, line, node.data); break;
                case 2: err = page_delete(&opened, line, test_random_below(&r.random, 4)); break;
                case 3: err = page_set_prefix(&opened, span_of(n.key, n.key_size)); break;
                case 4: err = page_set_external_header(&opened, span_of(n.key, n.key_size)); break;
                case 5: err = page_compact(&opened); break;
                case 6: err = page_add_to_data(&opened, line, test_random_below(&r.random, 50), 8, 1); break;
                default: err = page_change_node_flags(&opened, line, NODE_FLAG_DELETED, 0); break;
                }
                assert_true(err == JET_errSuccess || err == JET_errDatabaseCorrupted);
            }
            assert_int_equal(page_edit_open(&opened, r.page.bytes, size, PAGE_NO), 0);
        }
        free(r.model.nodes);
        free(r.page.bytes);
    }
    print_message("    %u spoiled pages passed the check\n", accepted);
    assert_true(accepted > 100 && accepted < 2900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_keep_the_page_equal_to_a_list_of_nodes),
        cmocka_unit_test(spoiled_pages_are_refused_or_changed_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
