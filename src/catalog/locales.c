/* MSysLocales: which versions of sort orders the indexes of a database use (records-and-catalog 6.2).
 *
 * A table of keys and values: the key is UTF-16 text with its final zero; type 1 is a value about the table itself, 2 a number. One row for each version of a
 * locale counts the indexes that use it, so that an engine with other tables knows whether any must be rebuilt. Called by the files that change schemas. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "btree/update.h"
#include "catalog/internal.h"
#include "record/key.h"
#include "record/locale.h"

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
    char sort_id[SORT_ID_TEXT];
    locale_sort_id_format(id, sort_id);
    snprintf(out, room, "LocaleName=%s,SortID=%s,Ver=%llx", locale, sort_id, (unsigned long long)version);
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

/* --- which versions there are --- */

static bool parse_sort_id(const char *text, uint8_t id[16])
{
    unsigned a, b, c, d[8];
    int used = 0;
    if (sscanf(text, "%8x-%4x-%4x-%2x%2x-%2x%2x%2x%2x%2x%2x%n", &a, &b, &c, &d[0], &d[1], &d[2], &d[3], &d[4], &d[5], &d[6], &d[7], &used) != 11 || text[used] != ',')
        return false;
    store_le32(id, a);
    store_le16(id + 4, (uint16_t)b);
    store_le16(id + 6, (uint16_t)c);
    for (int i = 0; i < 8; i++)
        id[8 + i] = (uint8_t)d[i];
    return true;
}

/* What locale_name has written. */
static bool parse_name(const char *text, struct locale_use *use)
{
    static const char locale[] = "LocaleName=", sort_id[] = ",SortID=", version[] = ",Ver=";
    const char *end = strstr(text, sort_id), *number = strstr(text, version);
    if (strncmp(text, locale, sizeof locale - 1) != 0 || end == NULL || number == NULL)
        return false;
    size_t length = (size_t)(end - text) - (sizeof locale - 1);
    if (length >= sizeof use->locale || !parse_sort_id(end + sizeof sort_id - 1, use->sort_id))
        return false;
    memcpy(use->locale, text + sizeof locale - 1, length);
    use->locale[length] = 0;
    char *rest;
    use->version = strtoull(number + sizeof version - 1, &rest, 16);
    return rest != number + sizeof version - 1 && *rest == 0;
}

/* Key and number of a row; a row with more indexes than none is visited. */
static JET_ERR visit_row(const struct table_schema *table, struct span bytes, uint32_t page_size, JET_ERR (*visit)(void *context, const struct locale_use *use), void *context)
{
    JET_ERR err = JET_errSuccess;
    enum { VALUE_COLUMN = 2, KEY_COLUMN = 128 };
    const struct column *value_column = schema_column(table, VALUE_COLUMN), *key_column = schema_column(table, KEY_COLUMN);
    struct record_view record;
    struct column_value value, key;
    struct locale_use use;
    char name[KEY_BYTES_MOST / 2];
    uint32_t length = 0;
    if (value_column == NULL || key_column == NULL)
        RAISE(JET_errDatabaseCorrupted);
    TRY(record_view_init(&record, bytes, page_size));
    TRY(record_column(&record, value_column, 1, &value));
    TRY(record_column(&record, key_column, 1, &key));
    for (; length < sizeof name - 1 && 2 * length + 1 < key.bytes.size && key.bytes.data[2 * length] != 0; length++)
        name[length] = (char)key.bytes.data[2 * length];
    name[length] = 0;
    if (name[0] != 'L' || value.bytes.size < VALUE_WIDTH || load_le32(value.bytes.data) == 0)
        goto done;
    if (!parse_name(name, &use)) { /* "LCID=...,Ver=..." of the first versions names no order of today either */
        if (strncmp(name, "LCID=", 5) != 0)
            RAISE(JET_errDatabaseCorrupted);
        use = (struct locale_use){.version = 0};
    }
    TRY(visit(context, &use));
done:
    return err;
}

JET_ERR catalog_visit_locales(struct catalog *catalog, struct transaction *t, JET_ERR (*visit)(void *context, const struct locale_use *use), void *context)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *table = NULL;
    struct btree tree;
    struct btree_cursor cursor = {0};
    err = catalog_find_table(catalog, "MSysLocales", &table);
    if (err == JET_errObjectNotFound) {
        err = JET_errSuccess;
        goto done;
    }
    TRY(err);
    TRY(btree_open(catalog->db->pages, table->root, table->objid, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    btree_cursor_set_reader(&cursor, t);
    for (err = btree_first(&cursor); err >= 0; err = btree_next(&cursor)) {
        struct node node;
        TRY(btree_cursor_get(&cursor, &node));
        err = visit_row(table, node.data, catalog->db->page_size, visit, context);
        btree_cursor_release(&cursor);
        if (err < 0)
            goto done;
    }
    if (err == JET_errNoCurrentRecord || err == JET_errRecordNotFound)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    catalog_release_table(catalog, table);
    return err;
}
