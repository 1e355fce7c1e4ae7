/* See encryption.h. */
#include "format/encryption.h"

#include <string.h>

#include "base/memory.h"
#include "format/cipher_module.h"
#include "os/module.h"

enum {
    ALGORITHM_AES256 = 1, CRC_SIZE = 4, TRAILER_SIZE = 1 + CIPHER_BLOCK_SIZE,
    KEY_CRC = 1, KEY_BLOB = 5, KEY_SECRET = 17
};
static const uint8_t blob_head[KEY_SECRET - KEY_BLOB] = {0x08, 0x02, 0, 0, 0x10, 0x66, 0, 0, CIPHER_KEY_SIZE, 0, 0, 0};

struct encryption_key {
    void *library;
    const struct cipher_module *module;
    uint8_t bytes[ENCRYPTION_KEY_SIZE];
};

/* A table for half a byte is as much as it is worth beside the cipher. */
uint32_t encryption_crc(struct span bytes)
{
    static const uint32_t half[16] = {0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
                                      0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9, 0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75};
    uint32_t crc = UINT32_MAX;
    for (uint32_t i = 0; i < bytes.size; i++) {
        crc ^= bytes.data[i];
        crc = crc >> 4 ^ half[crc & 15];
        crc = crc >> 4 ^ half[crc & 15];
    }
    return ~crc;
}

static JET_ERR load_module(void **library, const struct cipher_module **module)
{
    JET_ERR err = JET_errSuccess;
    *module = NULL;
    *library = module_open("OPENESE_CRYPTO", CIPHER_MODULE_FILE);
    if (*library != NULL)
        *module = module_symbol(*library, CIPHER_MODULE_SYMBOL_TEXT);
    if (*module == NULL)
        RAISE(JET_errFeatureNotAvailable);
done:
    return err;
}

/* --- keys --- */

JET_ERR encryption_key_generate(uint8_t out[ENCRYPTION_KEY_SIZE])
{
    JET_ERR err = JET_errSuccess;
    void *library = NULL;
    const struct cipher_module *module;
    TRY(load_module(&library, &module));
    out[0] = ALGORITHM_AES256;
    memcpy(out + KEY_BLOB, blob_head, sizeof blob_head);
    if (!module->random(out + KEY_SECRET, CIPHER_KEY_SIZE))
        RAISE(JET_errInternalError);
    store_le32(out + KEY_CRC, encryption_crc(span_of(out + KEY_BLOB, ENCRYPTION_KEY_SIZE - KEY_BLOB)));
done:
    module_close(library);
    return err;
}

JET_ERR encryption_key_open(struct span bytes, struct encryption_key **out)
{
    JET_ERR err = JET_errSuccess;
    struct encryption_key *key = NULL;
    *out = NULL;
    if (bytes.data == NULL || bytes.size != ENCRYPTION_KEY_SIZE || bytes.data[0] != ALGORITHM_AES256 || memcmp(bytes.data + KEY_BLOB, blob_head, sizeof blob_head) != 0
        || load_le32(bytes.data + KEY_CRC) != encryption_crc(span_of(bytes.data + KEY_BLOB, ENCRYPTION_KEY_SIZE - KEY_BLOB)))
        RAISE(JET_errInvalidParameter);
    key = mem_alloc(sizeof *key);
    if (key == NULL)
        RAISE(JET_errOutOfMemory);
    memcpy(key->bytes, bytes.data, ENCRYPTION_KEY_SIZE);
    TRY(load_module(&key->library, &key->module));
    *out = key;
    key = NULL;
done:
    encryption_key_close(key);
    return err;
}

struct span encryption_key_bytes(const struct encryption_key *key) { return span_of(key->bytes, ENCRYPTION_KEY_SIZE); }

void encryption_key_close(struct encryption_key *key)
{
    if (key == NULL)
        return;
    module_close(key->library);
    explicit_bzero(key->bytes, sizeof key->bytes);
    mem_free(key);
}

/* --- values --- */

uint32_t encryption_size(uint32_t plain_size)
{
    uint32_t summed = plain_size + CRC_SIZE;
    return summed + (CIPHER_BLOCK_SIZE - summed % CIPHER_BLOCK_SIZE) + TRAILER_SIZE;
}

JET_ERR encryption_seal(const struct encryption_key *key, struct span plain, uint8_t *out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t size = encryption_size(plain.size), written = 0;
    uint8_t *trailer = out + size - TRAILER_SIZE;
    uint8_t *summed = mem_alloc_uncleared((size_t)plain.size + CRC_SIZE);
    if (summed == NULL)
        RAISE(JET_errOutOfMemory);
    if (plain.size > 0)
        memcpy(summed, plain.data, plain.size);
    store_le32(summed + plain.size, encryption_crc(plain));
    trailer[0] = ALGORITHM_AES256;
    if (!key->module->random(trailer + 1, CIPHER_BLOCK_SIZE)
        || !key->module->encrypt(key->bytes + KEY_SECRET, trailer + 1, summed, plain.size + CRC_SIZE, out, &written) || written != size - TRAILER_SIZE)
        RAISE(JET_errOutOfMemory); /* the cipher fails for nothing else */
done:
    mem_free(summed);
    return err;
}

JET_ERR encryption_open(const struct encryption_key *key, struct span sealed, uint8_t *out, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *summed = NULL;
    uint32_t summed_size = 0;
    *size = 0;
    if (sealed.size < CIPHER_BLOCK_SIZE + TRAILER_SIZE || sealed.size % CIPHER_BLOCK_SIZE != TRAILER_SIZE % CIPHER_BLOCK_SIZE)
        RAISE(JET_errInvalidParameter);
    uint32_t text_size = sealed.size - TRAILER_SIZE;
    const uint8_t *trailer = sealed.data + text_size;
    if (trailer[0] != ALGORITHM_AES256)
        RAISE(JET_errInvalidParameter);
    summed = mem_alloc_uncleared((size_t)text_size + CIPHER_BLOCK_SIZE);
    if (summed == NULL)
        RAISE(JET_errOutOfMemory);
    if (!key->module->decrypt(key->bytes + KEY_SECRET, trailer + 1, sealed.data, text_size, summed, &summed_size) || summed_size < CRC_SIZE)
        RAISE(JET_errDecryptionFailed);
    struct span plain = span_of(summed, summed_size - CRC_SIZE);
    if (load_le32(summed + plain.size) != encryption_crc(plain))
        RAISE(JET_errDecryptionFailed);
    memcpy(out, plain.data, plain.size);
    *size = plain.size;
done:
    mem_free(summed);
    return err;
}
