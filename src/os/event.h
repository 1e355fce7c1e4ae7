/* Events: what ESENT writes to the Windows event log, with the same ids, to the system's journal and to a callback. Ids from 10000 on are events that
 * ESENT has not.
 *
 * engine/ makes one event_log per instance from the parameters (JET_paramEventSource, JET_paramNoInformationEvent,
 * JET_paramEventLoggingLevel) and passes a pointer down; a NULL event_log is a silent one. Nothing is written, or even formatted, when an
 * event is suppressed. Threads: an event_log is not changed after event_log_init, so any thread may report.
 */
#ifndef OPENESE_OS_EVENT_H
#define OPENESE_OS_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_level { EVENT_INFORMATION, EVENT_WARNING, EVENT_ERROR };

/* Categories as ESENT numbers them. */
enum event_category {
    EVENT_GENERAL = 1,
    EVENT_DATABASE_PAGE_CACHE = 2,
    EVENT_LOGGING_RECOVERY = 3,
    EVENT_SPACE_MANAGER = 4,
    EVENT_DATA_DEFINITION = 5,
    EVENT_DATABASE_CORRUPTION = 8,
    EVENT_ONLINE_DEFRAGMENTATION = 10,
    EVENT_ZEROING = 13,
    EVENT_SHADOW_COPY = 16
};

/* One event as a sink sees it; everything is valid during the call only. */
struct event {
    uint32_t id;
    enum event_level level;
    enum event_category category;
    const char *source;            /* JET_paramEventSource, never NULL */
    const char *instance;          /* display name of the instance, never NULL */
    const char *const *parameters; /* the strings of the id's message */
    size_t parameter_count;
};

/* Where events go. */
struct event_sink {
    void (*report)(void *context, const struct event *event);
    void *context;
};

struct event_log {
    struct event_sink sinks[2]; /* a NULL report is skipped */
    const char *source, *instance; /* the owner's; live as long as the log */
    enum event_level lowest;       /* events below it are suppressed */
    bool is_off;
};

/* logging_level: JET_EventLoggingDisable (0) to JET_EventLoggingLevelMax (100); below Medium (50) only warnings and errors pass,
 * below Low (25) only errors. source and instance may be NULL. callback may be NULL. */
void event_log_init(struct event_log *log, const char *source, const char *instance, bool no_information, uint32_t logging_level,
                    struct event_sink system, const struct event_sink *callback);
/* Would this be written? Lets a caller spare the work of making parameters. log may be NULL. */
bool event_is_wanted(const struct event_log *log, enum event_level level);
void event_report(const struct event_log *log, uint32_t id, enum event_level level, enum event_category category,
                  const char *const *parameters, size_t parameter_count);
/* The same with the strings written in place (at least one). */
#define EVENT_REPORT(log, id, level, category, ...)                                                             \
    do {                                                                                                        \
        const char *const event_parameters_[] = {__VA_ARGS__};                                                  \
        event_report((log), (id), (level), (category), event_parameters_, sizeof event_parameters_ / sizeof event_parameters_[0]); \
    } while (0)

/* One line of text, "source (process id) instance: event 300: recovery begins [a, b]"; without a source the program's name stands there.
 * Returns its length, cut to size - 1. Control characters become spaces: parameters may hold names from files. */
size_t event_format(const struct event *event, char *text, size_t size);

/* The system's log: journald with structured fields where its socket is there, else syslog. The fields of an entry, beside MESSAGE, PRIORITY and
 * SYSLOG_IDENTIFIER (the source): ESENT_EVENT_ID, ESENT_CATEGORY, ESENT_INSTANCE, ESENT_PARAMETER_1 and so on. */
struct event_sink event_sink_system(void);
/* The same with journald's socket at another path, which must live as long as the sink. */
struct event_sink event_sink_journal(const char *socket_path);

#endif
