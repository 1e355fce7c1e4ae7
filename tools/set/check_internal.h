/* What the files of the checker share (check.h). */
#ifndef OPENESE_TOOLS_SET_CHECK_INTERNAL_H
#define OPENESE_TOOLS_SET_CHECK_INTERNAL_H

#include "format/db_header.h"
#include "format/log_segment.h"
#include "format/patch_header.h"
#include "set/check.h"
#include "set/delta.h"

enum check_kind { CHECK_OTHER, CHECK_MANIFEST, CHECK_JOURNAL, CHECK_COPY, CHECK_DELTA, CHECK_TABLE, CHECK_LOG };

/* One 16-byte entry for each page. */
struct check_table {
    uint8_t *entries;
    uint32_t count, room;
};

struct check_log {
    bool is_readable; /* the header is good: what follows is known */
    uint32_t generation, page_size, sectors;
    struct signature signature;
    struct log_time created, previous_created;
    uint64_t checksum_all, checksum_previous;
    bool checks_previous;
};

struct check_file {
    char *name;
    enum check_kind kind;
    uint64_t size;
    uint8_t sha256[SHA256_SIZE];
    bool is_named; /* by the manifest */
    struct check_log log;
    /* of a copy or delta */
    uint32_t page_size, page_count;
    bool has_header, has_trailer;
    struct db_header header;
    struct patch_header trailer;
    struct check_table table;         /* of a delta: as the image below with its pages is only known at the end of the set, these are its pages alone, */
    uint32_t *page_numbers;           /* with their numbers */
    uint8_t base_sha256[SHA256_SIZE]; /* of a delta */
};

/* A database as the chain has it so far. */
struct check_image {
    struct signature signature;
    struct check_table table;
    uint8_t sha256[SHA256_SIZE];
};

struct set_checker {
    void (*finding)(void *context, const struct set_finding *finding);
    void *context;
    struct set_check_totals totals;
    /* the chain below the current set */
    char *label;
    bool is_alone, has_below;
    char below_id[SET_ID_SIZE];
    struct check_image images[SET_DATABASES_MAX];
    size_t image_count;
    struct check_log last_log; /* of the chain so far */
    bool has_last_log;
    /* the current set */
    struct check_file *files;
    size_t file_count;
    struct check_file **by_name; /* the files in the order of their names, once the set has ended */
    char *manifest_text;
    size_t manifest_size;
    struct set_manifest manifest;
    bool has_manifest;
    /* the current file */
    struct check_file *file;
    struct sha256 hash;
    uint64_t at, announced;
    uint8_t *buffer; /* head of a copy, then its current page; a whole log or manifest */
    size_t have, room;
    struct delta_parser delta;
    bool has_delta, is_given_up; /* nothing more is looked at in this file, but its hash */
};

void check_note(struct set_checker *c, const char *file, const char *format, ...) __attribute__((format(printf, 3, 4)));
MUST_CHECK JET_ERR check_table_add(struct check_table *table, const uint8_t *entry);
void check_file_release(struct check_file *file);

#endif
