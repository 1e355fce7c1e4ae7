/* Event filter, text form, and the two system sinks. See event.h. */
#include "os/event.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

static const struct {
    uint32_t id;
    const char *text;
} messages[] = {
    {102, "the engine starts a new instance"},
    {103, "the engine stopped the instance"},
    {104, "the engine stopped the instance with an error"},
    {105, "the engine started the instance"},
    {106, "a parameter was overridden by the configuration store"},
    {216, "a database location change was found"},
    {224, "log files deleted"},
    {225, "no log files to delete"},
    {300, "recovery begins"},
    {301, "a log file was replayed"},
    {302, "recovery ended"},
    {325, "a database was created"},
    {326, "a database was attached"},
    {327, "a database was detached"},
    {399, "a page had a single wrong bit, which was corrected"},
    {454, "recovery failed"},
    {474, "a page read from a file failed verification"},
    {553, "the restore map could not be applied"},
    {619, "a backup copy was attached or recovered without restore"},
};

static const char *message_of(uint32_t id)
{
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        if (messages[i].id == id)
            return messages[i].text;
    }
    return "event";
}

void event_log_init(struct event_log *log, const char *source, const char *instance, bool no_information, uint32_t logging_level,
                    struct event_sink system, const struct event_sink *callback)
{
    memset(log, 0, sizeof *log);
    log->source = source != NULL ? source : "";
    log->instance = instance != NULL ? instance : "";
    log->sinks[0] = system;
    if (callback != NULL)
        log->sinks[1] = *callback;
    log->lowest = logging_level < 25 ? EVENT_ERROR : logging_level < 50 || no_information ? EVENT_WARNING : EVENT_INFORMATION;
    log->is_off = logging_level == 0;
}

bool event_is_wanted(const struct event_log *log, enum event_level level)
{
    return log != NULL && !log->is_off && level >= log->lowest && (log->sinks[0].report != NULL || log->sinks[1].report != NULL);
}

void event_report(const struct event_log *log, uint32_t id, enum event_level level, enum event_category category,
                  const char *const *parameters, size_t parameter_count)
{
    if (!event_is_wanted(log, level))
        return;
    const struct event event = {id, level, category, log->source, log->instance, parameters, parameter_count};
    for (size_t i = 0; i < sizeof log->sinks / sizeof log->sinks[0]; i++) {
        if (log->sinks[i].report != NULL)
            log->sinks[i].report(log->sinks[i].context, &event);
    }
}

/* Appends text, control characters as spaces; keeps one byte for the end. */
static void append(char *out, size_t size, size_t *used, const char *text)
{
    for (; *text != '\0' && *used + 1 < size; text++)
        out[(*used)++] = (unsigned char)*text < 0x20 || *text == 0x7F ? ' ' : *text;
}

size_t event_format(const struct event *event, char *text, size_t size)
{
    size_t used = 0;
    char number[32];
    if (size == 0)
        return 0;
    append(text, size, &used, event->source[0] != '\0' ? event->source : "esent");
    if (event->instance[0] != '\0') {
        append(text, size, &used, " (");
        append(text, size, &used, event->instance);
        append(text, size, &used, ")");
    }
    snprintf(number, sizeof number, " event %u: ", (unsigned)event->id);
    append(text, size, &used, number);
    append(text, size, &used, message_of(event->id));
    for (size_t i = 0; i < event->parameter_count; i++) {
        append(text, size, &used, i == 0 ? " [" : ", ");
        append(text, size, &used, event->parameters[i] != NULL ? event->parameters[i] : "");
    }
    if (event->parameter_count > 0)
        append(text, size, &used, "]");
    text[used] = '\0';
    return used;
}

static int priority_of(enum event_level level)
{
    return level == EVENT_ERROR ? LOG_ERR : level == EVENT_WARNING ? LOG_WARNING : LOG_INFO;
}

/* One datagram of NAME=value lines; values hold no line ends (event_format took them out). */
static bool send_to_journal(const struct event *event, const char *message)
{
    char datagram[3072];
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
    int length = snprintf(datagram, sizeof datagram, "MESSAGE=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=esent\nESENT_EVENT_ID=%u\nESENT_CATEGORY=%d\n", message,
                          priority_of(event->level), (unsigned)event->id, (int)event->category);
    if (length <= 0 || (size_t)length >= sizeof datagram)
        return false;
    int endpoint = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (endpoint < 0)
        return false;
    ssize_t sent = sendto(endpoint, datagram, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&address, sizeof address);
    close(endpoint);
    return sent == (ssize_t)length;
}

static void report_to_system(void *context, const struct event *event)
{
    char text[2048];
    (void)context;
    event_format(event, text, sizeof text);
    /* No openlog: the identity in syslog belongs to the program, not to a library. */
    if (!send_to_journal(event, text))
        syslog(LOG_USER | priority_of(event->level), "%s", text);
}

struct event_sink event_sink_system(void)
{
    return (struct event_sink){report_to_system, NULL};
}
