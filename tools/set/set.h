/* A backup set that exists, and the chain of sets below it (docs/format/backup-set.md).
 *
 * A set is a folder, or an archive (archive.h), which is unpacked where the caller says. With a manifest it knows its parent; without one (another
 * client of the streaming calls wrote it) its files are recognised by what they are. Nothing here writes to a set. */
#ifndef OPENESE_TOOLS_SET_SET_H
#define OPENESE_TOOLS_SET_SET_H

#include "set/manifest.h"

struct set {
    char *label;   /* as the user or the child set named it */
    char *folder;  /* with its files */
    bool is_ours;  /* an unpacked archive: the folder may be used up and is removed with the set */
    bool has_manifest;
    struct set_manifest manifest; /* without one: hashes, signatures and times are zero */
};

enum { SET_CHAIN_MAX = 1000 };

/* Oldest first. */
struct set_chain {
    struct set *sets;
    size_t count;
    size_t last_image;  /* the set whose images are brought forward by logs: sets behind it have only logs */
};

/* How parent is named from the folder in which set stands; both as paths from the current folder. A new string. */
MUST_CHECK JET_ERR set_relative_path(const char *set, const char *parent, char **out);

/* Where archives are unpacked. folder NULL: refused, as are archives from standard input then. */
struct set_staging {
    const char *folder;
    unsigned used;
    bool only_tables; /* page tables and manifest are enough */
    void (*progress)(void *context, const char *file, uint64_t done, uint64_t total);
    void *context;
};

/* path: a folder, an archive, or "-". JET_errFileNotFound: neither. why (why_size bytes) explains an error. */
MUST_CHECK JET_ERR set_open(const char *path, struct set_staging *staging, struct set *out, char *why, size_t why_size);
/* Accepts a zeroed one. Removes what was unpacked. */
void set_release(struct set *set);

/* The chain of the newest of the given sets, which is the last one: its parents are looked for among the given ones by id, then where the manifest
 * says. A set of logs without manifest or parent stands on the one given before it. Consumes nothing of paths. */
MUST_CHECK JET_ERR set_chain_open(char **paths, size_t path_count, struct set_staging *staging, struct set_chain *out, char *why, size_t why_size);
void set_chain_release(struct set_chain *chain);

/* The log of a generation: of the newest set that has it. NULL: no set has it. */
const struct set_log *set_chain_log(const struct set_chain *chain, uint32_t generation, const struct set **set);
/* Generations that a restore replays: from the first of the last images to the last of all. */
static inline uint32_t set_chain_low(const struct set_chain *c) { return c->sets[c->last_image].manifest.generation_low; }
static inline uint32_t set_chain_high(const struct set_chain *c) { return c->sets[c->count - 1].manifest.generation_high; }
/* The database's name without the ending of a delta: what a restore calls it. name has 256 bytes. */
const char *set_database_name(const struct set_database *database, char *name);

#endif
