/* MSysLocales: which versions of sort orders the indexes of a database use (records-and-catalog 6.2).
 *
 * A table of keys and values: the key is UTF-16 text with its final zero; type 1 is a value about the table itself, 2 a number. One row for each version of a
 * locale counts the indexes that use it, so that an engine with other tables knows whether any must be rebuilt. Called by the files that change schemas. */
#include <stdio.h>

#include "base/memory.h"
#include "base/text.h"
#include "btree/update.h"
#include "catalog/internal.h"
#include "record/key.h"

enum { TYPE_SCHEMA = 1, TYPE_LONG = 2, KEY_BYTES_MOST = 512, RECORD_MOST = KEY_BYTES_MOST + 32, VALUE_OFFSET = 5, KEY_MOST = 255, VALUE_WIDTH = 4 };

/* Type and iValue, then Key: a record of a table without the later columns; these read their defaults. */
static uint32_t encode_record(uint8_t type, uint32_t value, struct span key, uint8_t out[RECORD_MOST])
{
    uint32_t at = VALUE_OFFSET + 4;
    out[0] = 2;
    out[1] = VARIABLE_ID_FIRST;
    out[4] = type;
    store_le32(out + VALUE_OFFSET, value);
    out[at++] = 0xFC;
    store_le16(out + 2, (uint16_t)at);
    store_le16(out + at, (uint16_t)key.size);
    at += 2;
    memcpy(out + at, key.data, key.size);
    return at + key.size;
}

/* UTF-16 of ASCII text with the final zero. */
static struct span wide(const char *text, uint8_t room[KEY_BYTES_MOST])
{
    uint32_t n = 0;
    do {
        room[n] = (uint8_t)*text;
        room[n + 1] = 0;
        n += 2;
    } while (*text++ != 0 && n < KEY_BYTES_MOST);
    return span_of(room, n);
}

/* Groups of eight bytes, each followed by 9, the last one by its length (records-and-catalog 4.2); never cut: keys are shorter than the limit allows. */
static JET_ERR encode_key(struct span value, uint8_t out[KEY_MOST], uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    uint32_t n = 0;
    if (1 + (value.size + 7) / 8 * 9 > KEY_MOST)
        RAISE(JET_errInvalidLanguageId);
    out[n++] = 0x7F;
    for (uint32_t at = 0; at < value.size; at += 8) {
        uint32_t left = value.size - at, take = left < 8 ? left : 8;
        memset(out + n, 0, 8);
        memcpy(out + n, value.data + at, take);
        out[n + 8] = left > 8 ? 9 : (uint8_t)take;
        n += 9;
    }
    *size = n;
done:
    return err;
}

static JET_ERR insert_row(struct transaction *t, const struct btree *tree, const char *name, uint8_t type, uint32_t value, unsigned options)
{
    JET_ERR err = JET_errSuccess;
    uint8_t key_room[KEY_BYTES_MOST], key[KEY_MOST], record[RECORD_MOST];
    struct span text = wide(name, key_room);
    uint32_t size = 0;
    TRY(encode_key(text, key, &size));
    TRY(btree_insert(t, tree, NULL, span_of(key, size), span_of(record, encode_record(type, value, text, record)), options));
done:
    return err;
}

JET_ERR catalog_locales_fill(struct transaction *t, struct database *db, page_no_t root, uint32_t objid)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    static const struct {
        const char *name;
        uint8_t type;
        uint32_t value;
    } rows[] = {
        {".Schema\\External\\Major", TYPE_SCHEMA, 1}, {".Schema\\External\\Minor", TYPE_SCHEMA, 0}, {".Schema\\External\\Update", TYPE_SCHEMA, 0},
        {".Schema\\Internal\\Major", TYPE_SCHEMA, 1}, {".Schema\\Internal\\Minor", TYPE_SCHEMA, 0}, {".Schema\\Internal\\Update", TYPE_SCHEMA, 0},
        {"MSysLocalesConsistent", TYPE_LONG, 1},
    };
    TRY(btree_open_writable(db, root, objid, &tree));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        TRY(insert_row(t, &tree, rows[i].name, rows[i].type, rows[i].value, BTREE_UNVERSIONED));
done:
    return err;
}

static void locale_name(const char *locale, const uint8_t id[16], uint64_t version, char *out, size_t room)
{
    snprintf(out, room, "LocaleName=%s,SortID=%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x,Ver=%llx", locale, load_le32(id), load_le16(id + 4), load_le16(id + 6),
             id[8], id[9], id[10], id[11], id[12], id[13], id[14], id[15], (unsigned long long)version);
}

JET_ERR catalog_locales_count(struct transaction *t, struct catalog *catalog, const char *locale, const uint8_t sort_id[16], uint64_t version, int change)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *table = NULL;
    struct btree tree;
    struct btree_cursor cursor = {0};
    char name[KEY_BYTES_MOST / 2];
    uint8_t key_room[KEY_BYTES_MOST], key[KEY_MOST];
    uint32_t size = 0;
    err = catalog_find_table(catalog, "MSysLocales", &table);
    if (err == JET_errObjectNotFound) {
        err = JET_errSuccess;
        goto done;
    }
    TRY(err);
    locale_name(locale, sort_id, version, name, sizeof name);
    TRY(encode_key(wide(name, key_room), key, &size));
    TRY(btree_open_writable(catalog->db, table->root, table->objid, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    btree_cursor_set_reader(&cursor, t);
    err = btree_seek(&cursor, span_of(key, size), BTREE_SEEK_EQ);
    if (err >= 0)
        TRY(btree_add_delta(t, &cursor, VALUE_OFFSET, VALUE_WIDTH, change, 0, NULL));
    else if (err == JET_errRecordNotFound)
        TRY(change > 0 ? insert_row(t, &tree, name, TYPE_LONG, (uint32_t)change, 0) : JET_errSuccess);
done:
    btree_cursor_close(&cursor);
    catalog_release_table(catalog, table);
    return err;
}
