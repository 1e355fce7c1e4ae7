/* Headers of a tar stream: written as POSIX ustar with pax records, read also as GNU tar writes them. Pure functions on 512-byte blocks. */
#ifndef OPENESE_TOOLS_SET_TAR_H
#define OPENESE_TOOLS_SET_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TAR_BLOCK = 512, TAR_HEADERS_MAX = 4 * TAR_BLOCK, TAR_NAME_MAX = 256, TAR_PAX_MAX = 1 << 16 };

enum tar_kind { TAR_END, TAR_FILE, TAR_FOLDER, TAR_PAX, TAR_OTHER, TAR_BAD };
struct tar_member {
    enum tar_kind kind;
    uint64_t size;
    char name[TAR_NAME_MAX + 1]; /* prefix and name, or the pax path */
};

/* Fills up to TAR_HEADERS_MAX bytes for a file of mode 0600 and returns how many: pax records for a name of more than 100 bytes or a size of 8 GiB
 * and more, then the header. name: at most 255 bytes. */
size_t tar_write_header(const char *name, uint64_t size, int64_t modified, uint8_t *out);
/* Bytes that fill a member of this size up to a block. */
static inline size_t tar_padding(uint64_t size) { return (size_t)(-size & (TAR_BLOCK - 1)); }
/* What a header block says. TAR_END: all zero. TAR_BAD: wrong checksum or fields. */
void tar_read_header(const uint8_t *block, struct tar_member *out);
/* Puts path and size of pax records into a member's header; false when they are malformed or too long. */
bool tar_apply_pax(const char *records, size_t size, struct tar_member *member);
/* The name of a file of a set in a member's name ("./" in front is allowed); NULL when it may not be unpacked: more than one component, absolute,
 * "..", or otherwise unsafe. */
const char *tar_safe_name(const char *name);

#endif
