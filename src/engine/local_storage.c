/* See local_storage.h. */
#include "engine/local_storage.h"

#include "base/memory.h"
#include "engine/instance.h"

struct table_word {
    struct table_word *next;
    const void *owner;
    uint32_t objid;
    JET_LS word;
};

/* Under the lock. */
static struct table_word **find(struct instance *instance, const void *owner, uint32_t objid)
{
    struct table_word **link = &instance->table_words;
    while (*link != NULL && ((*link)->owner != owner || (*link)->objid != objid))
        link = &(*link)->next;
    return link;
}

JET_LS local_storage_get(struct instance *instance, const void *owner, uint32_t objid, bool reset)
{
    struct table_word *gone = NULL;
    mutex_lock(&instance->words_lock);
    struct table_word **link = find(instance, owner, objid);
    JET_LS word = *link != NULL ? (*link)->word : JET_LSNil;
    if (*link != NULL && reset) {
        gone = *link;
        *link = gone->next;
        atomic_fetch_sub(&instance->table_word_count, 1);
    }
    mutex_unlock(&instance->words_lock);
    mem_free(gone);
    return word;
}

JET_ERR local_storage_set(struct instance *instance, const void *owner, uint32_t objid, JET_LS word)
{
    JET_ERR err = JET_errSuccess;
    struct table_word *made = NULL;
    if (word == JET_LSNil) {
        (void)local_storage_get(instance, owner, objid, true);
        goto done;
    }
    made = mem_alloc(sizeof *made);
    if (made == NULL)
        RAISE(JET_errOutOfMemory);
    *made = (struct table_word){.owner = owner, .objid = objid, .word = word};
    mutex_lock(&instance->words_lock);
    if (*find(instance, owner, objid) != NULL) {
        err = JET_errLSAlreadySet;
    } else {
        made->next = instance->table_words;
        instance->table_words = made;
        atomic_fetch_add(&instance->table_word_count, 1);
        made = NULL;
    }
    mutex_unlock(&instance->words_lock);
done:
    mem_free(made);
    return err;
}

void local_storage_release(struct instance *instance, const void *owner)
{
    struct table_word *gone = NULL;
    mutex_lock(&instance->words_lock);
    for (struct table_word **link = &instance->table_words; *link != NULL;) {
        struct table_word *word = *link;
        if (word->owner != owner) {
            link = &word->next;
            continue;
        }
        *link = word->next;
        atomic_fetch_sub(&instance->table_word_count, 1);
        word->next = gone;
        gone = word;
    }
    mutex_unlock(&instance->words_lock);
    while (gone != NULL) {
        struct table_word *next = gone->next;
        local_storage_tell(instance, JET_cbtypFreeTableLS, gone->word);
        mem_free(gone);
        gone = next;
    }
}

void local_storage_tell(struct instance *instance, JET_CBTYP type, JET_LS word)
{
    if (word == JET_LSNil)
        return;
    JET_CALLBACK callback = (JET_CALLBACK)params_number(&instance->params, JET_paramRuntimeCallback);
    if (callback == NULL)
        return;
    JET_ERR ignored = callback(JET_sesidNil, JET_dbidNil, JET_tableidNil, type, (void *)word, NULL, NULL, 0);
    (void)ignored;
}
