/* AES-256-CBC and random bytes by OpenSSL's libcrypto, for encrypted columns (format/cipher_module.h; README.md here says why this is a file of its own).
 *
 * Loaded by format/encryption.c. Each call has a context of its own, so that any number of threads may be inside. */
#include "format/cipher_module.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

static bool random_bytes(uint8_t *out, uint32_t size) { return size <= INT_MAX && RAND_bytes(out, (int)size) == 1; }

static bool encrypt(const uint8_t key[CIPHER_KEY_SIZE], const uint8_t vector[CIPHER_BLOCK_SIZE], const uint8_t *in, uint32_t size, uint8_t *out, uint32_t *out_size)
{
    int body = 0, end = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool is_done = context != NULL && size <= INT_MAX - CIPHER_BLOCK_SIZE && EVP_EncryptInit_ex(context, EVP_aes_256_cbc(), NULL, key, vector) == 1
                && EVP_EncryptUpdate(context, out, &body, in, (int)size) == 1 && EVP_EncryptFinal_ex(context, out + body, &end) == 1;
    EVP_CIPHER_CTX_free(context);
    *out_size = is_done ? (uint32_t)body + (uint32_t)end : 0;
    return is_done;
}

static bool decrypt(const uint8_t key[CIPHER_KEY_SIZE], const uint8_t vector[CIPHER_BLOCK_SIZE], const uint8_t *in, uint32_t size, uint8_t *out, uint32_t *out_size)
{
    int body = 0, end = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool is_done = context != NULL && size <= INT_MAX - CIPHER_BLOCK_SIZE && EVP_DecryptInit_ex(context, EVP_aes_256_cbc(), NULL, key, vector) == 1
                && EVP_DecryptUpdate(context, out, &body, in, (int)size) == 1 && EVP_DecryptFinal_ex(context, out + body, &end) == 1;
    EVP_CIPHER_CTX_free(context);
    *out_size = is_done ? (uint32_t)body + (uint32_t)end : 0;
    return is_done;
}

extern const struct cipher_module CIPHER_MODULE_SYMBOL;
__attribute__((visibility("default"))) const struct cipher_module CIPHER_MODULE_SYMBOL = {random_bytes, encrypt, decrypt};
