/* The control socket's file: made, checked and removed (socket.h). */
#include "control/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/path.h"
#include "os/thread.h"

enum { SOCKET_MODE = 0600, SOCKET_BACKLOG = 8, LOCK_TRIES = 50, LOCK_TRY_MS = 20 };

static JET_ERR error_of_socket(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR: return JET_errInvalidPath;
    case EMFILE:
    case ENFILE: return JET_errOutOfFileHandles;
    case ENOMEM:
    case ENOBUFS: return JET_errOutOfMemory;
    case ENOSPC:
    case EDQUOT: return JET_errDiskFull;
    default: return JET_errFileAccessDenied;
    }
}

/* Nobody listens at a socket that refuses: it was left by a process that is gone. */
static bool is_stale(const struct sockaddr_un *address)
{
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_refused = probe >= 0 && connect(probe, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED;
    if (probe >= 0)
        close(probe);
    return is_refused;
}

/* One server at a time binds in a folder and begins to listen: what another one has bound and does not listen at yet would look stale. -1: no lock, since
 * the folder may not be read, or somebody else has it locked for his own purposes. */
static int lock_folder(int folder)
{
    int lock = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned i = 0; lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) != 0; i++) {
        if (errno != EWOULDBLOCK || i == LOCK_TRIES) {
            close(lock);
            return -1;
        }
        thread_sleep_ms(LOCK_TRY_MS);
    }
    return lock;
}

/* Binds, once more after taking away what an earlier process left. Something else at the path stays and is an error;
 * so does, without the lock, what may be just coming into use. */
static JET_ERR bind_path(struct control_socket *s, const struct sockaddr_un *address, bool is_locked)
{
    struct stat info;
    if (bind(s->listener, (const struct sockaddr *)address, sizeof *address) == 0)
        return JET_errSuccess;
    if (errno != EADDRINUSE)
        return error_of_socket(errno);
    if (!is_locked || fstatat(s->folder, s->name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISSOCK(info.st_mode) || !is_stale(address))
        return JET_errFileAccessDenied;
    if (unlinkat(s->folder, s->name, 0) != 0)
        return error_of_socket(errno);
    return bind(s->listener, (const struct sockaddr *)address, sizeof *address) == 0 ? JET_errSuccess : error_of_socket(errno);
}

JET_ERR control_socket_open(const char *path, struct control_socket *out)
{
    JET_ERR err = JET_errSuccess;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct control_socket s = {.listener = -1, .folder = -1};
    struct stat info;
    char *folder = NULL;
    int lock = -1;
    if (path == NULL || *path == 0 || strlen(path) >= sizeof address.sun_path)
        RAISE(JET_errInvalidParameter);
    memcpy(address.sun_path, path, strlen(path));
    TRY(path_folder(path, &folder));
    if (*path_file_name(path) == 0)
        RAISE(JET_errInvalidPath);
    if ((s.name = mem_strdup(path_file_name(path))) == NULL)
        RAISE(JET_errOutOfMemory);
    s.folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s.folder < 0)
        RAISE(error_of_socket(errno));
    s.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s.listener < 0)
        RAISE(error_of_socket(errno));
    /* The file gets the mode of the socket's own inode, less the umask: set before bind, it is never wider, not even for a moment. */
    if (fchmod(s.listener, SOCKET_MODE) != 0)
        RAISE(error_of_socket(errno));
    lock = lock_folder(s.folder);
    TRY(bind_path(&s, &address, lock >= 0));
    if (fstatat(s.folder, s.name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISSOCK(info.st_mode))
        RAISE(JET_errFileAccessDenied); /* what is there now is not ours to take away */
    s.device = info.st_dev;
    s.inode = info.st_ino;
    if ((info.st_mode & (mode_t)(0777 & ~SOCKET_MODE)) != 0)
        RAISE(JET_errFileAccessDenied);
    if (listen(s.listener, SOCKET_BACKLOG) != 0)
        RAISE(error_of_socket(errno));
done:
    if (lock >= 0)
        close(lock);
    mem_free(folder);
    if (err < 0)
        control_socket_close(&s);
    *out = s;
    return err;
}

void control_socket_close(struct control_socket *s)
{
    struct stat info;
    if (s->inode != 0 && fstatat(s->folder, s->name, &info, AT_SYMLINK_NOFOLLOW) == 0 && info.st_dev == s->device && info.st_ino == s->inode)
        unlinkat(s->folder, s->name, 0);
    if (s->listener >= 0) {
        shutdown(s->listener, SHUT_RDWR); /* a forked process may hold it too: nobody shall wait there */
        close(s->listener);
    }
    if (s->folder >= 0)
        close(s->folder);
    mem_free(s->name);
    *s = (struct control_socket){.listener = -1, .folder = -1};
}

int control_socket_accept(const struct control_socket *s, bool *is_short)
{
    int client = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    *is_short = client < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM);
    return client;
}

bool control_peer_is_allowed(int client)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == geteuid() || peer.uid == 0);
}
