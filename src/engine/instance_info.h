/* What information calls read from instances. */
#ifndef OPENESE_ENGINE_INSTANCE_INFO_H
#define OPENESE_ENGINE_INSTANCE_INFO_H

#include "engine/instance.h"
#include "format/lgpos.h"

struct instance_list_entry {
    JET_INSTANCE handle;
    char *name; /* NULL: nameless */
    char *paths[INSTANCE_DATABASES_MAX]; /* logged, attached databases */
    uint32_t path_count;
};
struct instance_list {
    struct instance_list_entry *entries;
    size_t count;
};

/* Every instance there is, also those not started. *out is released with instance_list_release, also after an error. */
MUST_CHECK JET_ERR instance_list_read(struct instance_list *out);
/* Of these only, which the caller keeps from being freed. Does not take process.lock. */
MUST_CHECK JET_ERR instance_list_read_of(struct instance *const *instances, size_t count, struct instance_list *out);
void instance_list_release(struct instance_list *list);

/* Signature of the log stream; zero when logging is off. The caller is inside the instance. */
void instance_log_signature(struct instance *instance, struct signature *out);
/* First generation recovery would need, the current one, and when that was made. */
void instance_checkpoint_generations(struct instance *instance, uint32_t *first, uint32_t *last, struct log_time *last_created);

#endif
