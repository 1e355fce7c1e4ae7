/* Event filter, text form, and the two system sinks. See event.h. */
#include "os/event.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "base/bytes.h"

static const struct {
    uint32_t id;
    const char *text;
} messages[] = {
    {102, "the engine starts a new instance"},
    {103, "the engine stopped the instance"},
    {104, "the engine stopped the instance with an error"},
    {105, "the engine started the instance"},
    {106, "a parameter was overridden by the configuration store"},
    {204, "restore begins"},
    {205, "restore ended"},
    {206, "an incremental backup is not possible without a full one"},
    {210, "a full backup begins"},
    {211, "an incremental backup begins"},
    {213, "the backup succeeded"},
    {214, "the backup failed"},
    {215, "the backup was given up by the client"},
    {216, "a database location change was found"},
    {217, "a database failed in the backup"},
    {218, "a file could not be read for the backup"},
    {219, "database headers could not be updated after the backup"},
    {220, "the copy of a database begins"},
    {221, "the copy of a database ended"},
    {222, "the copy of a file ended early"},
    {223, "the copy of log files begins"},
    {224, "log files deleted"},
    {225, "no log files to delete"},
    {226, "the backup was stopped by the server"},
    {227, "log files to delete were missing"},
    {300, "recovery begins"},
    {301, "a log file was replayed"},
    {302, "recovery ended"},
    {325, "a database was created"},
    {326, "a database was attached"},
    {327, "a database was detached"},
    {399, "a page had a single wrong bit, which was corrected"},
    {430, "the trailer of a backup copy does not belong to it"},
    {431, "a backup copy needs an older log file than the range begins with"},
    {432, "a backup copy needs a newer log file than the range ends with"},
    {433, "a log file of the backup belongs to another stream"},
    {434, "a log file of the backup does not follow the one before"},
    {435, "a log file for the restore is missing"},
    {450, "log files after the backup are missing"},
    {454, "recovery or restore failed"},
    {457, "an existing log file belongs to another stream"},
    {458, "an existing log file does not fit the sequence"},
    {459, "a file for the backup is missing"},
    {460, "a log file of the backup ends torn"},
    {463, "a log file of the backup is damaged"},
    {474, "a page read from a file failed verification"},
    {493, "a read succeeded after retries"},
    {520, "log files were not truncated, as not all of them were copied"},
    {553, "the restore map could not be applied"},
    {619, "a backup copy was attached or recovered without restore"},
    {706, "scrubbing of a database begins"},
    {707, "scrubbing of a database ended"},
    {2001, "a snapshot freeze begins"},
    {2002, "a snapshot freeze failed"},
    {2003, "a snapshot freeze ended"},
    {2004, "a snapshot freeze timed out"},
    {2005, "a full snapshot is prepared"},
    {2006, "a snapshot ended"},
    {2007, "a snapshot was given up"},
    {2008, "an incremental snapshot is prepared"},
    {2009, "a copy snapshot is prepared"},
    {2010, "a differential snapshot is prepared"},
    {10001, "text keys are not made with Windows' weights, but with a stand-in"},
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
    append(text, size, &used, event->source[0] != '\0' ? event->source : program_invocation_short_name);
    snprintf(number, sizeof number, " (%ld) ", (long)getpid());
    append(text, size, &used, number);
    append(text, size, &used, event->instance);
    snprintf(number, sizeof number, "%sevent %u: ", event->instance[0] != '\0' ? ": " : "", (unsigned)event->id);
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

/* journald's native protocol: one datagram of NAME=value lines, or, where the value has line ends, NAME, line end, 64-bit length, value. */
struct journal_entry {
    char bytes[8192];
    size_t used;
    bool is_full;
};

static void put(struct journal_entry *entry, const void *bytes, size_t size)
{
    if (size > sizeof entry->bytes - entry->used)
        entry->is_full = true;
    if (entry->is_full)
        return;
    memcpy(entry->bytes + entry->used, bytes, size);
    entry->used += size;
}

/* A field that has no room is left out; the ones before it stay. */
static void put_field(struct journal_entry *entry, const char *name, const char *value)
{
    size_t before = entry->used, size = strlen(value);
    uint8_t length[8];
    bool has_lines = strchr(value, '\n') != NULL;
    store_le64(length, size);
    put(entry, name, strlen(name));
    put(entry, has_lines ? "\n" : "=", 1);
    if (has_lines)
        put(entry, length, sizeof length);
    put(entry, value, size);
    put(entry, "\n", 1);
    if (entry->is_full)
        entry->used = before;
    entry->is_full = false;
}

static void put_number(struct journal_entry *entry, const char *name, unsigned value)
{
    char number[16];
    snprintf(number, sizeof number, "%u", value);
    put_field(entry, name, number);
}

static void make_journal_entry(struct journal_entry *entry, const struct event *event, const char *message)
{
    char name[40];
    entry->used = 0;
    entry->is_full = false;
    put_field(entry, "MESSAGE", message);
    put_number(entry, "PRIORITY", (unsigned)priority_of(event->level));
    put_field(entry, "SYSLOG_IDENTIFIER", event->source[0] != '\0' ? event->source : "esent");
    put_number(entry, "ESENT_EVENT_ID", event->id);
    put_number(entry, "ESENT_CATEGORY", (unsigned)event->category);
    put_field(entry, "ESENT_INSTANCE", event->instance);
    for (size_t i = 0; i < event->parameter_count; i++) {
        snprintf(name, sizeof name, "ESENT_PARAMETER_%zu", i + 1);
        put_field(entry, name, event->parameters[i] != NULL ? event->parameters[i] : "");
    }
}

static bool send_to_journal(const char *socket_path, const struct event *event, const char *message)
{
    struct journal_entry entry;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(socket_path) >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
    int endpoint = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (endpoint < 0)
        return false;
    make_journal_entry(&entry, event, message);
    ssize_t sent = sendto(endpoint, entry.bytes, entry.used, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&address, sizeof address);
    close(endpoint);
    return sent >= 0;
}

static void report_to_system(void *context, const struct event *event)
{
    char text[2048];
    event_format(event, text, sizeof text);
    /* No openlog: the identity in syslog belongs to the program, not to a library. */
    if (!send_to_journal((const char *)context, event, text))
        syslog(LOG_USER | priority_of(event->level), "%s", text);
}

struct event_sink event_sink_journal(const char *socket_path)
{
    union {
        const char *text;
        void *context;
    } path = {.text = socket_path}; /* only read, as text */
    return (struct event_sink){report_to_system, path.context};
}

struct event_sink event_sink_system(void) { return event_sink_journal("/run/systemd/journal/socket"); }
