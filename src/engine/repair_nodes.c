/* The nodes of a damaged tree in key order (repair_internal.h).
 *
 * Leaves come in order of their first keys; those that lie over one another are read side by side. Of equal keys the one on the newest page (dbtime) counts: a flag-deleted one says
 * that the row is gone. A leaf that was walked also says what is not there, between its first key and that of the leaf that follows it: what a stray leaf holds in that range is
 * taken only from a newer page. */
#include "base/memory.h"
#include "engine/repair_internal.h"

struct open_leaf {
    uint8_t *bytes;           /* owned */
    struct page_view view;
    uint32_t line;
    uint32_t index;           /* in tree->leaves */
    bool is_walked;
    bool is_given;            /* its node has been given, or was equal to one that has */
};

struct repair_nodes {
    const struct repair_tree *tree;
    struct open_leaf open[REPAIR_OPEN_LEAVES], pending;
    uint32_t open_count, next; /* next: in tree->leaves */
    bool has_pending;
    uint8_t *key, *data;      /* of the least node: key, and data in trees that are not unique */
    uint32_t key_size, data_size;
    uint8_t *given;           /* the bookmark given last: key, data */
    uint32_t given_key_size, given_data_size;
    bool has_given;
    struct {
        bool is_there, is_followed;
        uint64_t dbtime;
        uint8_t *last;        /* last key of the walked leaf that began last */
        uint32_t last_size;
    } cover;
    uint64_t lost;
};

JET_ERR repair_nodes_open(const struct repair_tree *tree, struct repair_nodes **out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t size = tree->file->page_size;
    struct repair_nodes *n = mem_alloc(sizeof *n);
    *out = n;
    if (n == NULL)
        RAISE(JET_errOutOfMemory);
    n->tree = tree;
    n->key = mem_alloc(2 * (size_t)size);
    n->data = mem_alloc(size);
    n->given = mem_alloc(3 * (size_t)size);
    n->cover.last = mem_alloc(2 * (size_t)size);
    if (n->key == NULL || n->data == NULL || n->given == NULL || n->cover.last == NULL)
        RAISE(JET_errOutOfMemory);
    n->cover.is_there = n->cover.is_followed = tree->begins_whole;
    n->cover.dbtime = tree->first_dbtime;
done:
    return err;
}

void repair_nodes_close(struct repair_nodes *nodes)
{
    if (nodes == NULL)
        return;
    for (uint32_t i = 0; i < REPAIR_OPEN_LEAVES; i++)
        mem_free(nodes->open[i].bytes);
    mem_free(nodes->pending.bytes);
    mem_free(nodes->key);
    mem_free(nodes->data);
    mem_free(nodes->given);
    mem_free(nodes->cover.last);
    mem_free(nodes);
}

uint64_t repair_nodes_lost(const struct repair_nodes *nodes) { return nodes->lost; }

static struct node node_of(const struct open_leaf *leaf) { return page_node(&leaf->view, leaf->line); }

/* The node against the least one found so far. */
static int compare(const struct repair_nodes *n, const struct node *node)
{
    struct span key = span_of(n->key, n->key_size);
    return n->tree->is_unique ? node_compare_key(node, key) : node_compare_bookmark(node, key, span_of(n->data, n->data_size));
}

static void keep_least(struct repair_nodes *n, const struct node *node)
{
    n->key_size = node_copy_key(node, n->key);
    n->data_size = n->tree->is_unique ? 0 : node->data.size;
    copy_few(n->data, node->data.data, n->data_size);
}

static void find_least(struct repair_nodes *n)
{
    for (uint32_t i = 0; i < n->open_count; i++) {
        struct node node = node_of(&n->open[i]);
        if (i == 0 || compare(n, &node) < 0)
            keep_least(n, &node);
    }
}

static void swap_leaves(struct open_leaf *a, struct open_leaf *b)
{
    struct open_leaf kept = *a;
    *a = *b;
    *b = kept;
}

static void close_leaf(struct repair_nodes *n, uint32_t i) { swap_leaves(&n->open[i], &n->open[--n->open_count]); }

/* --- leaves --- */

static JET_ERR load_pending(struct repair_nodes *n)
{
    JET_ERR err = JET_errSuccess;
    struct open_leaf *p = &n->pending;
    if (p->bytes == NULL && (p->bytes = mem_alloc(n->tree->file->page_size)) == NULL)
        RAISE(JET_errOutOfMemory);
    while (!n->has_pending && n->next < n->tree->count) {
        p->index = n->next++;
        p->line = 0;
        p->is_given = false;
        p->is_walked = n->tree->leaves[p->index].is_walked;
        n->has_pending = repair_file_read(n->tree->file, n->tree->leaves[p->index].page_no, p->bytes, &p->view) >= 0 && page_node_count(&p->view) > 0;
    }
done:
    return err;
}

/* More leaves over one another than a tree has: the oldest ends here. */
static void close_oldest(struct repair_nodes *n)
{
    uint32_t oldest = 0;
    for (uint32_t i = 1; i < n->open_count; i++)
        if (page_dbtime(&n->open[i].view) < page_dbtime(&n->open[oldest].view))
            oldest = i;
    n->lost += page_node_count(&n->open[oldest].view) - n->open[oldest].line;
    close_leaf(n, oldest);
}

static void open_pending(struct repair_nodes *n)
{
    if (n->open_count == REPAIR_OPEN_LEAVES)
        close_oldest(n);
    struct open_leaf *leaf = &n->open[n->open_count++];
    swap_leaves(leaf, &n->pending);
    n->has_pending = false;
    if (!leaf->is_walked)
        return;
    struct node last = page_node(&leaf->view, page_node_count(&leaf->view) - 1);
    n->cover.is_there = true;
    n->cover.is_followed = n->tree->leaves[leaf->index].is_followed;
    n->cover.dbtime = page_dbtime(&leaf->view);
    n->cover.last_size = node_copy_key(&last, n->cover.last);
}

/* All leaves that may hold the next node are open. */
static JET_ERR open_leaves(struct repair_nodes *n)
{
    JET_ERR err = JET_errSuccess;
    for (;;) {
        TRY(load_pending(n));
        find_least(n);
        if (!n->has_pending)
            break;
        if (n->open_count > 0) {
            struct node first = node_of(&n->pending);
            if (compare(n, &first) > 0)
                break;
        }
        open_pending(n);
    }
done:
    return err;
}

static void pass_given(struct repair_nodes *n)
{
    for (uint32_t i = n->open_count; i-- > 0;) {
        struct open_leaf *leaf = &n->open[i];
        if (!leaf->is_given)
            continue;
        leaf->is_given = false;
        if (++leaf->line == page_node_count(&leaf->view))
            close_leaf(n, i);
    }
}

/* --- nodes --- */

/* Of the equal ones, which are marked as given. */
static const struct open_leaf *choose(struct repair_nodes *n)
{
    const struct open_leaf *best = NULL;
    for (uint32_t i = 0; i < n->open_count; i++) {
        struct open_leaf *leaf = &n->open[i];
        struct node node = node_of(leaf);
        if (compare(n, &node) != 0)
            continue;
        leaf->is_given = true;
        uint64_t dbtime = page_dbtime(&leaf->view);
        if (best == NULL || dbtime > page_dbtime(&best->view) || (dbtime == page_dbtime(&best->view) && leaf->is_walked))
            best = leaf;
    }
    return best;
}

static bool is_outdated(const struct repair_nodes *n, const struct open_leaf *leaf)
{
    if (leaf->is_walked || !n->cover.is_there || page_dbtime(&leaf->view) > n->cover.dbtime)
        return false;
    return n->cover.is_followed || span_compare(span_of(n->key, n->key_size), span_of(n->cover.last, n->cover.last_size)) <= 0;
}

/* Whatever pages say, what is given ascends. */
static bool ascends(struct repair_nodes *n)
{
    struct span key = span_of(n->key, n->key_size), data = span_of(n->data, n->data_size);
    int order = span_compare(key, span_of(n->given, n->given_key_size));
    if (order == 0)
        order = span_compare(data, span_of(n->given + n->given_key_size, n->given_data_size));
    if (n->has_given && order <= 0)
        return false;
    memcpy(n->given, key.data, key.size);
    copy_few(n->given + key.size, data.data, data.size);
    n->given_key_size = key.size;
    n->given_data_size = data.size;
    n->has_given = true;
    return true;
}

JET_ERR repair_nodes_next(struct repair_nodes *n, struct span *key, struct span *data)
{
    JET_ERR err = JET_errSuccess;
    for (;;) {
        pass_given(n);
        TRY(open_leaves(n));
        if (n->open_count == 0)
            return JET_errNoCurrentRecord;
        const struct open_leaf *best = choose(n);
        struct node node = node_of(best);
        if ((node.flags & NODE_FLAG_DELETED) != 0 || is_outdated(n, best))
            continue;
        if (!ascends(n)) {
            n->lost++;
            continue;
        }
        *key = span_of(n->key, n->key_size);
        *data = node.data;
        break;
    }
done:
    return err;
}
