/* The manifest of a backup set: backup.json, written last, so that a set which has one is whole (docs/format/backup-set.md).
 *
 * Everything in it is untrusted when it is read: names are single path components, counts and sizes are bounded, and what it says about a file
 * is compared with the file before it is relied upon. Values only; no I/O but manifest_read. */
#ifndef OPENESE_TOOLS_SET_MANIFEST_H
#define OPENESE_TOOLS_SET_MANIFEST_H

#include "base/error.h"
#include "base/sha256.h"
#include "format/lgpos.h"

#define MANIFEST_NAME "backup.json"
#define MANIFEST_JOURNAL_NAME "backup.partial"

enum { MANIFEST_VERSION = 1, SET_ID_SIZE = 33 /* 32 digits and 0 */, MANIFEST_BYTES_MAX = 64 << 20 /* near 190,000 logs */, SET_DATABASES_MAX = 64 };

enum set_kind { SET_KIND_FULL, SET_KIND_COPY, SET_KIND_INCREMENTAL, SET_KIND_DIFFERENTIAL, SET_KIND_PAGES };

/* A file of the set. */
struct set_file {
    char *name; /* owned; NULL: there is none */
    uint64_t size;
    uint8_t sha256[SHA256_SIZE];
};

struct set_database {
    struct set_file file;  /* the copy, or the delta */
    struct set_file table; /* dbtime and checksum of each page (page_table.h) */
    char *original_path;   /* where it was: data, never opened */
    bool is_delta;
    uint32_t page_count;   /* data pages of the copy; of the result for a delta */
    uint64_t image_size;   /* of the copy, or of the result of the delta */
    uint8_t image_sha256[SHA256_SIZE];
    struct signature signature;
};

struct set_log {
    struct set_file file;
    uint32_t generation;
    struct signature signature; /* of its stream */
    struct log_time created, previous_created;
};

struct set_manifest {
    enum set_kind kind;
    char id[SET_ID_SIZE];
    int64_t begun, ended; /* seconds since 1970 UTC */
    char base_name[4];
    uint32_t page_size, log_size;
    uint32_t generation_low, generation_high;
    char parent_id[SET_ID_SIZE]; /* "" = none */
    char *parent_path;           /* relative to the folder in which the set stands */
    struct set_database *databases;
    size_t database_count;
    struct set_log *logs; /* ascending generations */
    size_t log_count;
};

/* May a file of a set be called this: one path component of printable UTF-8. */
bool set_name_is_safe(const char *name);
const char *set_kind_name(enum set_kind kind);
/* Has the kind images of databases (copies or deltas), not only logs. */
static inline bool set_kind_has_images(enum set_kind kind) { return kind == SET_KIND_FULL || kind == SET_KIND_COPY || kind == SET_KIND_PAGES; }
/* "2026-11-21T02:50:53Z". text has 32 bytes. */
const char *set_time_format(int64_t seconds, char *text);
void set_id_make(char id[SET_ID_SIZE]);
/* Base name and generation of an archived log's name; 0 when it is none. base has 4 bytes. */
uint32_t set_log_name(const char *name, char *base);

/* JET_errInvalidParameter: no manifest, or one that says impossible things; why (why_size bytes) tells. JET_errFeatureNotAvailable: of a later
 * version. On success *out is the caller's. */
MUST_CHECK JET_ERR manifest_parse(const char *text, size_t size, struct set_manifest *out, char *why, size_t why_size);
/* folder/backup.json. JET_errFileNotFound when there is none. */
MUST_CHECK JET_ERR manifest_read(const char *folder, struct set_manifest *out, char *why, size_t why_size);
/* A new text, freed with mem_free. */
MUST_CHECK JET_ERR manifest_format(const struct set_manifest *manifest, char **text);
/* Accepts a zeroed one. */
void manifest_release(struct set_manifest *manifest);
/* New zeroed entries at the end; NULL without memory. */
struct set_database *manifest_add_database(struct set_manifest *manifest);
struct set_log *manifest_add_log(struct set_manifest *manifest);
void set_file_release(struct set_file *file);
/* The database of this signature; NULL: none, or manifest is NULL. */
const struct set_database *manifest_find_database(const struct set_manifest *manifest, const struct signature *signature);

#endif
