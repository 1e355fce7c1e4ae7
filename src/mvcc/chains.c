/* Nodes that have versions: a hash table in parts, each under its own mutex, whose entries are the chains of versions.
 *
 * The newest version of a node stands in the table and stands for the node; older ones hang on it. A chain is searched by its newest only. Nothing else is locked while a part
 * is (the mutexes have one rank). */
#include "mvcc/internal.h"

/* A hash of bytes that come in pieces: the words are those of the whole, wherever it is cut. */
struct word_hash {
    uint64_t state, word;
    unsigned fill;
};

static inline void mix(struct word_hash *h, uint64_t word)
{
    h->state = (h->state ^ word) * 0x9E3779B97F4A7C15u;
    h->state ^= h->state >> 29;
}

static void add_bytes(struct word_hash *h, struct span s)
{
    uint32_t i = 0;
    for (; i < s.size; i++) {
        if (h->fill == 0 && s.size - i >= 8) {
            mix(h, load_le64(s.data + i));
            i += 7;
            continue;
        }
        h->word |= (uint64_t)s.data[i] << (8 * h->fill);
        if (++h->fill == 8) {
            mix(h, h->word);
            h->word = 0;
            h->fill = 0;
        }
    }
}

uint32_t version_node_hash(const struct version_node *node)
{
    struct word_hash h = {.state = (uint64_t)node->root << 8 | node->dbid};
    add_bytes(&h, node->key.head);
    add_bytes(&h, node->key.tail);
    if (!node->is_unique)
        add_bytes(&h, node->data);
    mix(&h, h.word ^ (uint64_t)h.fill << 60);
    return (uint32_t)(h.state >> 32) ^ (uint32_t)h.state;
}

struct version_partition *version_partition_of(struct version_store *store, uint32_t hash) { return &store->partitions[hash % VERSION_PARTITIONS]; }

static struct version **bucket_of(struct version_partition *p, uint32_t hash) { return &p->buckets[hash / VERSION_PARTITIONS & p->mask]; }

static bool bytes_equal(const uint8_t *at, struct span s) { return s.size == 0 || memcmp(at, s.data, s.size) == 0; }

static bool is_of(const struct version *v, const struct version_node *node)
{
    const struct span head = node->key.head, tail = node->key.tail;
    if (v->root != node->root || v->dbid != node->dbid || v->key_size != head.size + tail.size || !bytes_equal(v->bytes, head) || !bytes_equal(v->bytes + head.size, tail))
        return false;
    return node->is_unique || (v->bookmark_data_size == node->data.size && bytes_equal(v->bytes + v->key_size, node->data));
}

static bool same_node(const struct version *a, const struct version *b)
{
    return a->hash == b->hash && a->root == b->root && a->dbid == b->dbid && span_equal(version_key(a), version_key(b)) &&
           span_equal(version_bookmark_data(a), version_bookmark_data(b));
}

struct version *version_find(struct version_partition *p, const struct version_node *node, uint32_t hash)
{
    if (p->nodes == 0)
        return NULL;
    for (struct version *v = *bucket_of(p, hash); v != NULL; v = v->bucket_next)
        if (v->hash == hash && is_of(v, node))
            return v;
    return NULL;
}

/* Without memory the table stays as it is, only slower. The first buckets are there from the start. */
static void grow(struct version_partition *p)
{
    uint32_t old_count = p->mask + 1, count = old_count * 2;
    struct version **old = p->buckets, **buckets = mem_alloc_array(count, sizeof *buckets);
    if (buckets == NULL)
        return;
    p->buckets = buckets;
    p->mask = count - 1;
    for (uint32_t i = 0; i < old_count; i++) {
        for (struct version *v = old[i], *next; v != NULL; v = next) {
            struct version **bucket = bucket_of(p, v->hash);
            next = v->bucket_next;
            v->bucket_next = *bucket;
            *bucket = v;
        }
    }
    mem_free(old);
}

void version_link(struct version_store *store, struct version *v)
{
    struct version_partition *p = version_partition_of(store, v->hash);
    mutex_lock(&p->lock);
    struct version **link = bucket_of(p, v->hash);
    while (*link != NULL && !same_node(*link, v))
        link = &(*link)->bucket_next;
    v->older = *link;
    v->newer = NULL;
    v->bucket_next = NULL;
    if (v->older != NULL) {
        v->bucket_next = v->older->bucket_next;
        v->older->newer = v;
    }
    *link = v;
    v->is_in_chain = true;
    if (v->older == NULL && p->nodes++ > p->mask / 2) /* half empty: a foreign version in the bucket costs a miss of the processor's cache */
        grow(p);
    mutex_unlock(&p->lock);
}

void version_unlink(struct version_store *store, struct version *v)
{
    struct version_partition *p = version_partition_of(store, v->hash);
    mutex_lock(&p->lock);
    if (v->newer == NULL) {
        struct version **link = bucket_of(p, v->hash);
        while (*link != v)
            link = &(*link)->bucket_next;
        *link = v->bucket_next;
        if (v->older != NULL) {
            v->older->bucket_next = v->bucket_next;
            *link = v->older;
        } else {
            p->nodes--;
        }
    } else {
        v->newer->older = v->older;
    }
    if (v->older != NULL)
        v->older->newer = v->newer;
    v->older = v->newer = NULL;
    v->is_in_chain = false;
    mutex_unlock(&p->lock);
}
