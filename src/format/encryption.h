/* Encrypted column values and chunks of long values, and the keys for them (published engine source: os/encrypt.cxx). Everything is little-endian.
 *
 *   | key, 49 bytes                                            | encrypted bytes                                                |
 *   |----------------------------------------------------------|----------------------------------------------------------------|
 *   | +0  u8  algorithm: 1, AES-256                            | AES-256-CBC of the plain bytes and their CRC-32C (u32), padded |
 *   | +1  u32 CRC-32C of what follows                          | to 16 bytes as PKCS #5 says                                    |
 *   | +5  u8  8, u8 2, u16 0: a Windows blob of a plain key    | u8  algorithm: 1                                               |
 *   | +9  u32 0x6610: AES-256                                  | 16 bytes: the initial vector                                   |
 *   | +13 u32 32, +17 the key                                  |                                                                |
 *
 * A key is never in a database. The cipher itself is in a module (cipher_module.h) that is loaded with the first key. Called by record/, cursor/ and api/. No locks: a key is set up
 * once and only read afterwards. */
#ifndef OPENESE_FORMAT_ENCRYPTION_H
#define OPENESE_FORMAT_ENCRYPTION_H

#include "base/bytes.h"
#include "base/error.h"

enum { ENCRYPTION_KEY_SIZE = 49 };

struct encryption_key;

/* CRC-32C (Castagnoli) of bytes. */
uint32_t encryption_crc(struct span bytes);

/* A new key of ENCRYPTION_KEY_SIZE bytes. JET_errFeatureNotAvailable: there is no cipher module. */
MUST_CHECK JET_ERR encryption_key_generate(uint8_t out[ENCRYPTION_KEY_SIZE]);
/* A key ready for use; for encryption_key_close. JET_errInvalidParameter (these bytes are no key), JET_errFeatureNotAvailable (no cipher module), JET_errOutOfMemory. */
MUST_CHECK JET_ERR encryption_key_open(struct span bytes, struct encryption_key **out);
/* Its bytes, as given; they live as long as it. */
struct span encryption_key_bytes(const struct encryption_key *key);
/* Accepts NULL. */
void encryption_key_close(struct encryption_key *key);

/* Bytes that so many plain bytes take encrypted. */
uint32_t encryption_size(uint32_t plain_size);
/* out: room for encryption_size(plain.size) bytes, which are written; not overlapping. JET_errOutOfMemory. */
MUST_CHECK JET_ERR encryption_seal(const struct encryption_key *key, struct span plain, uint8_t *out);
/* *size plain bytes into out, which has room for sealed.size bytes; not overlapping. JET_errInvalidParameter (these are no encrypted bytes), JET_errDecryptionFailed (another key's,
 * or damaged), JET_errOutOfMemory. */
MUST_CHECK JET_ERR encryption_open(const struct encryption_key *key, struct span sealed, uint8_t *out, uint32_t *size);

#endif
