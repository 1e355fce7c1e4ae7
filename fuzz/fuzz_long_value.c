/* Long values: any list of nodes { u8 key size, u8 data size, key, data }, in any order; every id is read in ranges and the walk for verify
 * sees all of them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/long_value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct list {
    struct span rest, all;
};

static JET_ERR give(struct list *l, struct span *key, struct span *data)
{
    if (l->rest.size < 2)
        return JET_errNoCurrentRecord;
    uint32_t key_size = l->rest.data[0], data_size = l->rest.data[1];
    if (key_size + data_size > l->rest.size - 2)
        return JET_errNoCurrentRecord;
    *key = span_of(l->rest.data + 2, key_size);
    *data = span_of(l->rest.data + 2 + key_size, data_size);
    return JET_errSuccess;
}

static JET_ERR next(void *context, struct span *key, struct span *data)
{
    struct list *l = (struct list *)context;
    if (give(l, key, data) < 0)
        return JET_errNoCurrentRecord;
    uint32_t taken = 2 + key->size + data->size;
    l->rest = span_of(l->rest.data + taken, l->rest.size - taken);
    return give(l, key, data);
}

static JET_ERR seek(void *context, struct span wanted, struct span *key, struct span *data)
{
    struct list *l = (struct list *)context;
    l->rest = l->all;
    JET_ERR err = give(l, key, data);
    while (err >= 0 && span_compare(*key, wanted) < 0)
        err = next(l, key, data);
    return err;
}

static void read_ranges(const struct long_value_nodes *nodes, uint64_t lid)
{
    uint8_t out[300];
    uint32_t written;
    static const uint32_t offsets[] = {0, 1, 63, 64, 65, 200};
    for (unsigned i = 0; i < sizeof offsets / sizeof offsets[0]; i++)
        if (long_value_read(nodes, lid, offsets[i], out, i % 2 == 0 ? sizeof out : 10, &written, NULL) >= 0 && written > sizeof out)
            abort();
    struct column_value value = {.flags = COLUMN_VALUE_SEPARATED, .lid = lid};
    struct value_buffer buffer = {0};
    if (column_value_fetch_all(nodes, &value, 1 << 16, &buffer) < 0 && buffer.size != 0)
        abort();
    value_buffer_free(&buffer);
}

static JET_ERR see(void *context, const struct long_value_report *report)
{
    (void)context;
    return (report->error != JET_errSuccess) == (report->why != NULL) ? JET_errSuccess : JET_errInternalError;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 8192)
        return 0;
    struct list l = {.all = span_of(data, (uint32_t)size)};
    const struct long_value_nodes nodes = {&l, seek, next, NULL, 64, NULL};
    struct span key, node;
    struct long_value_key decoded;
    struct list scan = l;
    scan.rest = scan.all;
    uint64_t lids[8];
    unsigned count = 0;
    for (JET_ERR err = give(&scan, &key, &node); err >= 0 && count < 8; err = next(&scan, &key, &node))
        if (long_value_key_decode(key, &decoded) >= 0)
            lids[count++] = decoded.lid;
    while (count > 0)
        read_ranges(&nodes, lids[--count]);
    if (long_value_visit(&nodes, see, NULL) == JET_errInternalError)
        abort();
    return 0;
}
