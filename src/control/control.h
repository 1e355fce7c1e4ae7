/* The control socket: one thread that lets another process of the same user back up an instance, over a Unix stream socket.
 *
 * The one idea: the thread is a client of the backup calls like any other. It gets them as a table (struct control_calls) from api/, which
 * passes each one through the gate every public call passes, so that nothing here needs to know what state the instance is in; and it gets
 * no call that could change data. README.md has the protocol and the rules of who is cut off when.
 *
 * Threads: control_start and control_stop are called by any thread, control_stop once. Everything else happens in the server's own thread, which
 * holds no lock while it waits; control_stop wakes and joins it, so its caller may not hold a lock that a backup call takes.
 */
#ifndef OPENESE_CONTROL_CONTROL_H
#define OPENESE_CONTROL_CONTROL_H

#include <stdint.h>

#include "base/error.h"

struct control_server;
struct control_hello;

struct control_log_range {
    uint32_t gen_low, gen_high;
    char base_name[4];
};

/* The backup calls of one instance. All are called by the server's thread, one at a time. Lists are new blocks for mem_free, as in
 * backup/backup.h. */
struct control_calls {
    void *context;
    /* Name, page size, state and version of the instance; the server fills in what belongs to the protocol. */
    JET_ERR (*describe)(void *context, struct control_hello *hello);
    JET_ERR (*begin)(void *context, JET_GRBIT grbit);
    JET_ERR (*list_databases)(void *context, char **list, uint32_t *size);
    JET_ERR (*list_logs)(void *context, char **list, uint32_t *size, struct control_log_range *range);
    JET_ERR (*open)(void *context, const char *path, uint64_t *size);
    JET_ERR (*read)(void *context, void *buffer, uint32_t size, uint32_t *got);
    JET_ERR (*close)(void *context);
    JET_ERR (*truncate)(void *context);
    JET_ERR (*end)(void *context, JET_GRBIT grbit);
    /* Ends as aborted what this client began and has not ended, in whatever state the instance is; nothing when there is none. */
    void (*abort)(void *context);
    /* Is there something that abort would end? */
    bool (*is_in_backup)(void *context);
    /* Gives the context back, after the last other call. */
    void (*release)(void *context);
};

/* When a client is cut off. 0 = the default. */
struct control_time_outs {
    uint32_t stall_ms; /* a request or a reply that has not passed whole; a client outside of a backup that asks for nothing */
    uint32_t idle_ms;  /* a client in a backup that asks for nothing */
};
enum { CONTROL_STALL_MS = 30000, CONTROL_IDLE_MS = 600000 };

/* Makes the socket and starts the thread. calls is copied; on success its context belongs to the server, on error it stays the caller's.
 * JET_errInvalidParameter: the path is empty or too long for a socket address. JET_errFileAccessDenied: something other than a stale socket
 * has the path, or permission is missing. JET_errInvalidPath: its folder is missing. JET_errOutOfThreads, JET_errOutOfMemory,
 * JET_errTooManyOpenFiles... */
MUST_CHECK JET_ERR control_start(const char *path, const struct control_calls *calls, const struct control_time_outs *time_outs,
                                 struct control_server **out);
/* Cuts off the client, which is told `reason`, aborts its backup, joins the thread, removes the socket file if it is still ours. Accepts NULL. */
void control_stop(struct control_server *server, JET_ERR reason);

#endif
