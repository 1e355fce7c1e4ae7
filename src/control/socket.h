/* The listening socket in the file system: made so that it is never open to others, told apart from what somebody else put at its path, and
 * removed only while it is ours. Used by the server's thread and by those who start and stop it; no locks, no state of its own. */
#ifndef OPENESE_CONTROL_SOCKET_H
#define OPENESE_CONTROL_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct control_socket {
    int listener;     /* -1 = none; does not block */
    int folder;       /* of the socket file, so that a change of the current folder does not matter; -1 = none */
    char *name;       /* in that folder */
    dev_t device;     /* identity of the file that bind made */
    ino_t inode;
};

/* Errors as control_start. On error *out is empty. */
MUST_CHECK JET_ERR control_socket_open(const char *path, struct control_socket *out);
/* Refuses whoever waits, removes the file when it is still the one made. Accepts an empty one. */
void control_socket_close(struct control_socket *socket);
/* The next client that waits, as a descriptor that does not block; -1 when there is none. *is_short: the process has no descriptor or memory
 * for it now, and it still waits. */
int control_socket_accept(const struct control_socket *socket, bool *is_short);
/* May the process at the other end have the databases? Its user is ours, or root. */
bool control_peer_is_allowed(int client);

#endif
