/* The interface between the library and its module for encrypted columns (src/crypto): plain C types, so that neither side includes the other's world.
 *
 * Called by format/encryption.c, given by src/crypto/crypto_module.c. Threads: every function may be called by any number of threads at a time. */
#ifndef OPENESE_FORMAT_CIPHER_MODULE_H
#define OPENESE_FORMAT_CIPHER_MODULE_H

#include <stdbool.h>
#include <stdint.h>

/* The one symbol that a module shows; the number changes with anything below, so that a library never calls a module of another time. */
#define CIPHER_MODULE_SYMBOL openese_cipher_module_1
#define CIPHER_MODULE_SYMBOL_TEXT "openese_cipher_module_1"
#define CIPHER_MODULE_FILE "libesent-crypto.so"

enum { CIPHER_KEY_SIZE = 32, CIPHER_BLOCK_SIZE = 16 };

struct cipher_module {
    /* Bytes nobody can foretell. */
    bool (*random)(uint8_t *out, uint32_t size);
    /* AES-256 in CBC mode with PKCS #5 padding: 1 to CIPHER_BLOCK_SIZE bytes are put behind the text. out: room for size + CIPHER_BLOCK_SIZE bytes. */
    bool (*encrypt)(const uint8_t key[CIPHER_KEY_SIZE], const uint8_t vector[CIPHER_BLOCK_SIZE], const uint8_t *in, uint32_t size, uint8_t *out, uint32_t *out_size);
    /* The other way; false when the padding is none. out: room for size + CIPHER_BLOCK_SIZE bytes. */
    bool (*decrypt)(const uint8_t key[CIPHER_KEY_SIZE], const uint8_t vector[CIPHER_BLOCK_SIZE], const uint8_t *in, uint32_t size, uint8_t *out, uint32_t *out_size);
};

#endif
