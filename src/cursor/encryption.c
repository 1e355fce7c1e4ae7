/* Encrypted columns (cursor.h, format/encryption.h): the key a cursor has been given, and values with their encryption taken off or put on.
 *
 * The key belongs to the cursor, not to the table: what one cursor writes another can read only with the same key, and the database never holds one. */
#include "cursor/internal.h"

JET_ERR cursor_set_encryption_key(struct cursor *c, struct span bytes)
{
    JET_ERR err = JET_errSuccess;
    /* The old one goes even if the new one is none. */
    encryption_key_close(c->encryption);
    c->encryption = NULL;
    if (bytes.size > 0)
        TRY(encryption_key_open(bytes, &c->encryption));
done:
    return err;
}

struct span cursor_encryption_key(const struct cursor *c) { return c->encryption != NULL ? encryption_key_bytes(c->encryption) : span_of(NULL, 0); }

void encryption_forget(struct cursor *c)
{
    encryption_key_close(c->encryption);
    c->encryption = NULL;
    value_buffer_free(&c->opened);
}

JET_ERR encryption_check(const struct cursor *c, const struct column *column)
{
    JET_ERR err = JET_errSuccess;
    if (column_is_encrypted(column) && c->encryption == NULL)
        RAISE(JET_errColumnNoEncryptionKey);
done:
    return err;
}

JET_ERR encryption_open_value(struct cursor *c, struct column_value *value)
{
    JET_ERR err = JET_errSuccess;
    uint32_t size;
    if ((value->flags & COLUMN_VALUE_ENCRYPTED) == 0)
        goto done;
    if (c->encryption == NULL)
        RAISE(JET_errColumnNoEncryptionKey);
    TRY(value_buffer_reserve(&c->opened, value->bytes.size));
    TRY(encryption_open(c->encryption, value->bytes, c->opened.data, &size));
    value->bytes = span_of(c->opened.data, size);
    value->flags &= ~(unsigned)COLUMN_VALUE_ENCRYPTED;
done:
    return err;
}

JET_ERR encryption_seal_value(struct cursor *c, struct column_value *value)
{
    JET_ERR err = JET_errSuccess;
    uint32_t size = encryption_size(value->bytes.size);
    TRY(value_buffer_reserve(&c->opened, size));
    TRY(encryption_seal(c->encryption, value->bytes, c->opened.data));
    value->bytes = span_of(c->opened.data, size);
    value->flags |= COLUMN_VALUE_ENCRYPTED;
done:
    return err;
}
