/* Search keys, seeks and bookmarks (cursor.h). */
#include "cursor/internal.h"

JET_ERR cursor_make_key(struct cursor *c, struct span data, unsigned options)
{
    JET_ERR err = JET_errSuccess;
    const struct key_rules *rules = NULL;
    if (cursor_index(c) != NULL)
        TRY(cursor_rules(c, &rules));
    /* The limit of a range lives in the same bytes. */
    c->has_range = false;
    TRY(search_key_make(&c->key, rules, data, options));
done:
    return err;
}

JET_ERR cursor_make_other_key(struct cursor *c, struct search_key *key, struct span data, unsigned options)
{
    JET_ERR err = JET_errSuccess;
    const struct key_rules *rules = NULL;
    if (cursor_index(c) != NULL)
        TRY(cursor_rules(c, &rules));
    TRY(search_key_make(key, rules, data, options));
done:
    return err;
}

/* A unique entry can be told cheaply where the index is unique and the whole key was given. */
static bool entry_is_unique(struct cursor *c)
{
    const struct index *index = cursor_index(c);
    if (index == NULL)
        return true;
    return c->temp == NULL && current_entry(c)->tree->is_unique && index_is_unique(index) && c->key.columns == index->segment_count;
}

static JET_ERR seek_equal(struct cursor *c, unsigned options)
{
    JET_ERR err = JET_errSuccess;
    TRY(navigate_seek(c, search_key_bytes(&c->key), BTREE_SEEK_EQ));
    if ((options & CURSOR_SEEK_CHECK_UNIQUENESS) != 0 && entry_is_unique(c))
        err = JET_wrnUniqueKey;
    if ((options & CURSOR_SEEK_SET_RANGE) != 0) {
        JET_ERR range = cursor_set_range(c, CURSOR_RANGE_INCLUSIVE | CURSOR_RANGE_UPPER);
        err = range < 0 ? range : err;
    }
done:
    return err;
}

JET_ERR cursor_seek(struct cursor *c, unsigned options)
{
    JET_ERR err = JET_errSuccess;
    unsigned relation = options & (CURSOR_SEEK_EQ | CURSOR_SEEK_LT | CURSOR_SEEK_LE | CURSOR_SEEK_GE | CURSOR_SEEK_GT);
    struct span found;
    if (relation == 0 || (relation & (relation - 1)) != 0)
        RAISE(JET_errInvalidParameter);
    TRY(update_drop(c));
    if (!c->key.is_prepared)
        RAISE(JET_errKeyNotMade);
    c->has_range = false;
    struct span key = search_key_bytes(&c->key);
    switch (relation) {
    case CURSOR_SEEK_EQ:
        err = seek_equal(c, options);
        break;
    case CURSOR_SEEK_GE:
        err = navigate_seek(c, key, BTREE_SEEK_GE);
        break;
    case CURSOR_SEEK_GT:
        err = navigate_seek(c, key, BTREE_SEEK_GT);
        break;
    case CURSOR_SEEK_LE:
        /* Of several entries with an equal key the first one is selected, as for EQ. */
        err = navigate_seek(c, key, BTREE_SEEK_EQ);
        if (err == JET_errRecordNotFound)
            err = navigate_seek(c, key, BTREE_SEEK_LT);
        break;
    default:
        err = navigate_seek(c, key, BTREE_SEEK_LT);
        break;
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errRecordNotFound;
    if (err == JET_errSuccess && (relation == CURSOR_SEEK_GE || relation == CURSOR_SEEK_LE) && navigate_key(c, &found) >= 0 && !span_equal(found, key))
        err = JET_wrnSeekNotEqual;
    /* The key is used up; its bytes may serve as the limit of a range just set. */
    if (c->has_range) {
        c->key.is_prepared = false;
        c->key.columns = 0;
    } else {
        cursor_reset_key(c);
    }
done:
    return err;
}

/* --- bookmarks --- */

static void copy_out(struct span from, uint8_t *out, uint32_t room, uint32_t *size)
{
    uint32_t part = from.size < room ? from.size : room;
    if (part > 0)
        memcpy(out, from.data, part);
    *size = from.size;
}

JET_ERR cursor_get_bookmark(struct cursor *c, uint8_t *out, uint32_t room, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    struct span key;
    *size = 0;
    TRY(navigate_primary_key(c, &key));
    copy_out(key, out, room, size);
done:
    return err;
}

/* To the entry of the current secondary index that the row under table_entry has there. */
static JET_ERR enter_index(struct cursor *c, struct span bookmark, uint32_t itag_sequence)
{
    JET_ERR err = JET_errSuccess;
    uint8_t key[KEY_ROOM];
    uint32_t size;
    bool has_entry;
    c->row_is_due = false;
    TRY(row_index_key(c, c->index, itag_sequence, key, &size, &has_entry));
    if (!has_entry) {
        btree_before_first(&c->index_entry);
        RAISE(JET_errNoCurrentRecord);
    }
    err = btree_seek_bookmark(&c->index_entry, span_of(key, size), bookmark);
    if (err == JET_errRecordDeleted)
        err = error_raise(JET_errNoCurrentRecord, __FILE__, __LINE__);
done:
    return err;
}

JET_ERR cursor_goto_bookmark(struct cursor *c, struct span bookmark, uint32_t itag_sequence)
{
    JET_ERR err = JET_errSuccess;
    cursor_forget_range(c);
    cursor_reset_key(c);
    TRY(update_drop(c));
    if (bookmark.data == NULL || bookmark.size == 0 || bookmark.size > BTREE_KEY_MAX)
        RAISE(JET_errInvalidBookmark);
    if (c->temp != NULL) {
        enum row_position position = c->temp_position;
        uint32_t at = c->temp_at;
        err = navigate_seek(c, bookmark, BTREE_SEEK_EQ);
        if (err == JET_errRecordNotFound) {
            c->temp_position = position;
            c->temp_at = at;
            RAISE(JET_errRecordDeleted);
        }
        TRY(err);
        goto done;
    }
    if (navigate_settle(c) < 0)
        c->first_is_due = false; /* an empty index; the seek will say so */
    struct btree_cursor before = {0};
    TRY(btree_cursor_copy(&c->table_entry, &before));
    err = btree_seek_bookmark(&c->table_entry, bookmark, (struct span){NULL, 0});
    if (err < 0) {
        /* The position stays as it was. */
        btree_cursor_close(&c->table_entry);
        c->table_entry = before;
        goto done;
    }
    btree_cursor_close(&before);
    if (c->index != NULL)
        TRY(enter_index(c, bookmark, itag_sequence));
done:
    return err;
}

JET_ERR cursor_get_secondary_bookmark(struct cursor *c, uint8_t *key, uint32_t key_room, uint32_t *key_size, uint8_t *primary, uint32_t primary_room,
                                      uint32_t *primary_size)
{
    JET_ERR err = JET_errSuccess;
    struct span bytes;
    *key_size = *primary_size = 0;
    if (c->index == NULL)
        RAISE(JET_errNoCurrentIndex);
    TRY(navigate_primary_key(c, &bytes));
    copy_out(bytes, primary, primary_room, primary_size);
    TRY(navigate_key(c, &bytes));
    copy_out(bytes, key, key_room, key_size);
done:
    return err;
}

JET_ERR cursor_goto_secondary_bookmark(struct cursor *c, struct span key, struct span primary, bool stay)
{
    JET_ERR err = JET_errSuccess;
    cursor_forget_range(c);
    cursor_reset_key(c);
    TRY(update_drop(c));
    if (c->index == NULL)
        RAISE(JET_errNoCurrentIndex);
    if (key.data == NULL || key.size == 0 || key.size > BTREE_KEY_MAX || primary.size > BTREE_KEY_MAX
        || (!c->index_tree.is_unique && (primary.data == NULL || primary.size == 0)))
        RAISE(JET_errInvalidBookmark);
    if (navigate_settle(c) < 0)
        c->first_is_due = false; /* an empty index; the seek will say so */
    struct btree_cursor before = {0};
    TRY(btree_cursor_copy(&c->index_entry, &before));
    err = btree_seek_bookmark(&c->index_entry, key, primary);
    if (err < 0 && !stay) {
        btree_cursor_close(&c->index_entry);
        c->index_entry = before;
        goto done;
    }
    btree_cursor_close(&before);
    c->row_is_due = true;
done:
    return err;
}

JET_ERR cursor_get_key(struct cursor *c, bool from_search_key, uint8_t *out, uint32_t room, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    struct span key;
    *size = 0;
    if (from_search_key) {
        if (!c->key.is_prepared)
            RAISE(JET_errKeyNotMade);
        key = search_key_bytes(&c->key);
    } else {
        TRY(navigate_key(c, &key));
    }
    copy_out(key, out, room, size);
    if (*size > room && !from_search_key) /* a search key is cut without a warning, as in all releases of ESENT */
        err = JET_wrnBufferTruncated;
done:
    return err;
}
