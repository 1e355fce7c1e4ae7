/* See recorded_events.h. */
#include "recorded_events.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "live_instance.h"
#include "shared_data.h"

enum { EVENTS_MAX = 4096, PARAMETERS_MAX = 16 };

static struct kept {
    uint32_t id, level, count;
    const char *parameters[PARAMETERS_MAX];
} kept[EVENTS_MAX];
static uint32_t kept_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void keep(const JETX_EVENT *event, void *context)
{
    (void)context;
    pthread_mutex_lock(&lock);
    if (event->cbSize != sizeof *event || event->ulProcess != (uint32_t)getpid() || kept_count == EVENTS_MAX || event->cParameters > PARAMETERS_MAX)
        abort();
    struct kept *k = &kept[kept_count++];
    *k = (struct kept){.id = event->ulEvent, .level = event->ulLevel, .count = event->cParameters};
    for (uint32_t i = 0; i < event->cParameters; i++)
        k->parameters[i] = text_of("%s", event->rgszParameters[i]);
    pthread_mutex_unlock(&lock);
}

void events_clear(void)
{
    pthread_mutex_lock(&lock);
    kept_count = 0;
    pthread_mutex_unlock(&lock);
}

void events_start(void)
{
    events_clear();
    assert_good(JetxSetEventCallback(JET_instanceNil, keep, NULL));
}

void events_stop(void) { assert_good(JetxSetEventCallback(JET_instanceNil, NULL, NULL)); }

void events_on(JET_INSTANCE instance)
{
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEventLoggingLevel, JET_EventLoggingLevelMax, NULL));
}

static bool is_wanted(const uint32_t *ids, uint32_t id)
{
    if (ids == NULL)
        return true;
    while (*ids != 0 && *ids != id)
        ids++;
    return *ids != 0;
}

static const char *shown(const char *parameter, int cuts_folders)
{
    const char *slash = cuts_folders ? strrchr(parameter, '/') : NULL;
    return slash != NULL ? slash + 1 : parameter;
}

const char *events_text(const uint32_t *ids, int cuts_folders)
{
    const char *text = "";
    pthread_mutex_lock(&lock);
    for (uint32_t i = 0; i < kept_count; i++) {
        if (!is_wanted(ids, kept[i].id))
            continue;
        text = text_of("%s%s%u %c(", text, text[0] != 0 ? " " : "", kept[i].id, "IWE"[kept[i].level]);
        for (uint32_t p = 0; p < kept[i].count; p++)
            text = text_of("%s%s%s", text, p > 0 ? "|" : "", shown(kept[i].parameters[p], cuts_folders));
        text = text_of("%s)", text);
    }
    pthread_mutex_unlock(&lock);
    return text;
}

uint32_t events_count(uint32_t id)
{
    uint32_t count = 0;
    pthread_mutex_lock(&lock);
    for (uint32_t i = 0; i < kept_count; i++)
        count += kept[i].id == id;
    pthread_mutex_unlock(&lock);
    return count;
}

const char *events_parameter(uint32_t id, uint32_t n)
{
    const char *found = NULL;
    pthread_mutex_lock(&lock);
    for (uint32_t i = 0; i < kept_count; i++)
        if (kept[i].id == id)
            found = n < kept[i].count ? kept[i].parameters[n] : NULL;
    pthread_mutex_unlock(&lock);
    return found;
}
