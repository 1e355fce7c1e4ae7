/* A backup source behind a control socket (source.h): the client's half of src/control/README.md.
 *
 * The one idea: while the caller writes one piece of a file, the server already reads the next. After each piece the request for the following one is
 * sent at once, except for the last of a file: a server that has delivered everything counts the file as copied, and that must be the caller's
 * doing. What the server says is checked like a file from anywhere: its lengths bound nothing but what was asked for. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "control/wire.h"
#include "set/source.h"

enum { ANSWER_SECONDS = 300 }; /* longer than the server retries a page that it cannot read */

struct socket_source {
    int socket;               /* -1: lost, or given up after an answer that made no sense */
    uint64_t left;            /* of the open file, not yet asked for */
    uint32_t asked;           /* size of the read that is under way; 0 = none */
};

/* --- bytes --- */

static JET_ERR lose(struct socket_source *s, JET_ERR err)
{
    if (s->socket >= 0)
        close(s->socket);
    s->socket = -1;
    return err;
}

static JET_ERR receive_bytes(struct socket_source *s, void *buffer, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = s->socket >= 0 ? recv(s->socket, (uint8_t *)buffer + done, size - done, MSG_WAITALL) : 0;
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return lose(s, JET_errInstanceUnavailable);
        done += (size_t)count;
    }
    return JET_errSuccess;
}

/* A server that refuses has said why before it closed, so a connection that takes no more may still have something to say: the answer is
 * received in any case. */
static void send_request(struct socket_source *s, enum control_type type, const void *payload, uint32_t length)
{
    uint8_t frame[CONTROL_HEADER_SIZE + CONTROL_REQUEST_PAYLOAD_MAX];
    control_header_encode(&(struct control_header){.type = (uint16_t)type, .length = length}, frame);
    copy_few(frame + CONTROL_HEADER_SIZE, payload, length);
    for (size_t sent = 0, size = CONTROL_HEADER_SIZE + (size_t)length; sent < size && s->socket >= 0;) {
        ssize_t count = send(s->socket, frame + sent, size - sent, MSG_NOSIGNAL);
        if (count < 0 && errno != EINTR)
            break;
        sent += count > 0 ? (size_t)count : 0;
    }
}

/* The header of the answer to `type`; its result is returned when it is an error. A payload of at most `most` bytes follows a success. */
static JET_ERR receive_header(struct socket_source *s, enum control_type type, uint32_t most, uint32_t *length)
{
    JET_ERR err = JET_errSuccess;
    uint8_t bytes[CONTROL_HEADER_SIZE];
    struct control_header header;
    TRY(receive_bytes(s, bytes, sizeof bytes));
    if (!control_header_decode(bytes, &header))
        RAISE(lose(s, JET_errInternalError));
    if (header.type == CONTROL_REFUSED)
        RAISE(lose(s, header.result < 0 ? header.result : JET_errInternalError));
    if (header.type != (uint16_t)type || header.length > most || (header.result < 0 && header.length != 0))
        RAISE(lose(s, JET_errInternalError));
    *length = header.length;
    err = header.result;
done:
    return err;
}

/* --- one request and its answer --- */

/* Takes the answer of a read that the caller did not wait for. */
static JET_ERR drain_read(struct socket_source *s)
{
    JET_ERR err = JET_errSuccess;
    uint8_t waste[4096];
    uint32_t length = 0;
    if (s->asked == 0)
        return JET_errSuccess;
    uint32_t most = s->asked;
    s->asked = 0;
    TRY(receive_header(s, CONTROL_READ, most, &length));
    while (length > 0) {
        uint32_t piece = length < sizeof waste ? length : (uint32_t)sizeof waste;
        TRY(receive_bytes(s, waste, piece));
        length -= piece;
    }
done:
    return err;
}

/* An answer of exactly `size` bytes. */
static JET_ERR call(struct socket_source *s, enum control_type type, const void *payload, uint32_t payload_size, void *answer, uint32_t size)
{
    JET_ERR err = drain_read(s);
    uint32_t length = 0;
    if (s->socket < 0 || (err < 0 && type == CONTROL_CLOSE))
        return err < 0 ? err : JET_errInstanceUnavailable; /* a file whose reading failed is closed already */
    send_request(s, type, payload, payload_size);
    err = receive_header(s, type, size, &length);
    if (err >= 0 && length != size)
        err = lose(s, JET_errInternalError);
    if (err >= 0 && size > 0)
        err = receive_bytes(s, answer, size) < 0 ? JET_errInstanceUnavailable : err;
    return err;
}

static JET_ERR call_number(void *context, enum control_type type, uint32_t number)
{
    uint8_t payload[4];
    store_le32(payload, number);
    return call((struct socket_source *)context, type, payload, sizeof payload, NULL, 0);
}

/* Strings to the last byte but one, then the terminator of the list. */
static bool is_list(const char *list, uint32_t size)
{
    return size >= 1 && list[size - 1] == 0 && (size == 1 || list[size - 2] == 0);
}

/* An answer of `prefix` bytes and a list. */
static JET_ERR call_list(struct socket_source *s, enum control_type type, uint8_t *prefix, uint32_t prefix_size, char **out)
{
    JET_ERR err = JET_errSuccess;
    char *list = NULL;
    uint32_t length = 0;
    TRY(drain_read(s));
    if (s->socket < 0)
        RAISE(JET_errInstanceUnavailable);
    send_request(s, type, NULL, 0);
    TRY(receive_header(s, type, CONTROL_LIST_MAX, &length));
    if (length <= prefix_size)
        RAISE(lose(s, JET_errInternalError));
    list = (char *)mem_alloc(length - prefix_size);
    if (list == NULL)
        RAISE(lose(s, JET_errOutOfMemory));
    TRY(receive_bytes(s, prefix, prefix_size));
    TRY(receive_bytes(s, list, length - prefix_size));
    if (!is_list(list, length - prefix_size))
        RAISE(lose(s, JET_errInternalError));
    *out = list;
    list = NULL;
done:
    mem_free(list);
    return err;
}

/* --- the table --- */

static JET_ERR begin(void *context, bool is_incremental)
{
    return call_number(context, CONTROL_BEGIN, is_incremental ? JET_bitBackupIncremental : 0);
}

static JET_ERR list_databases(void *context, char **list)
{
    return call_list((struct socket_source *)context, CONTROL_LIST_DATABASES, NULL, 0, list);
}

static JET_ERR list_logs(void *context, char **list, JET_LOGINFO_A *range)
{
    uint8_t prefix[CONTROL_LOG_RANGE_SIZE];
    JET_ERR err = call_list((struct socket_source *)context, CONTROL_LIST_LOGS, prefix, sizeof prefix, list);
    if (err >= 0 && range != NULL) {
        range->cbSize = sizeof *range;
        range->ulGenLow = load_le32(prefix);
        range->ulGenHigh = load_le32(prefix + 4);
        memcpy(range->szBaseName, prefix + 8, 4);
        range->szBaseName[3] = 0;
    }
    return err;
}

static JET_ERR open_file(void *context, const char *path, uint64_t *size)
{
    struct socket_source *s = (struct socket_source *)context;
    uint8_t answer[8];
    size_t length = strlen(path);
    if (length == 0 || length >= CONTROL_REQUEST_PAYLOAD_MAX)
        return JET_errInvalidPath;
    JET_ERR err = call(s, CONTROL_OPEN, path, (uint32_t)length, answer, sizeof answer);
    if (err >= 0)
        *size = s->left = load_le64(answer);
    return err;
}

static void ask_for_piece(struct socket_source *s, uint32_t size)
{
    uint8_t payload[4];
    s->asked = size;
    store_le32(payload, size);
    send_request(s, CONTROL_READ, payload, sizeof payload);
}

static JET_ERR read_piece(void *context, void *buffer, uint32_t size, uint32_t *got)
{
    JET_ERR err = JET_errSuccess;
    struct socket_source *s = (struct socket_source *)context;
    uint32_t length = 0;
    if (s->socket < 0)
        return JET_errInstanceUnavailable;
    if (size > CONTROL_READ_MAX)
        size = CONTROL_READ_MAX;
    if (s->asked > size)
        return JET_errBufferTooSmall; /* the piece that is on its way */
    if (s->asked == 0)
        ask_for_piece(s, size);
    uint32_t most = s->asked;
    s->asked = 0;
    TRY(receive_header(s, CONTROL_READ, most, &length));
    TRY(receive_bytes(s, buffer, length));
    s->left -= length < s->left ? length : s->left;
    if (length > 0 && s->left > size)
        ask_for_piece(s, size);
    *got = length;
done:
    return err;
}

static JET_ERR close_file(void *context) { return call((struct socket_source *)context, CONTROL_CLOSE, NULL, 0, NULL, 0); }
static JET_ERR truncate_logs(void *context) { return call((struct socket_source *)context, CONTROL_TRUNCATE, NULL, 0, NULL, 0); }
static JET_ERR end_backup(void *context, JET_GRBIT grbit) { return call_number(context, CONTROL_END, grbit); }

/* The server aborts what a client leaves behind. */
static void release(void *context)
{
    struct socket_source *s = (struct socket_source *)context;
    if (s == NULL)
        return;
    (void)lose(s, JET_errSuccess);
    mem_free(s);
}

/* --- connecting --- */

static JET_ERR error_of_connect(int number)
{
    switch (number) {
    case ENOENT: return JET_errFileNotFound;
    case ENOTDIR: return JET_errInvalidPath;
    case ECONNREFUSED: return JET_errNotInitialized; /* the process that served is gone */
    case EMFILE:
    case ENFILE: return JET_errOutOfFileHandles;
    case ENOMEM:
    case ENOBUFS: return JET_errOutOfMemory;
    default: return JET_errFileAccessDenied;
    }
}

static JET_ERR receive_hello(struct socket_source *s)
{
    JET_ERR err = JET_errSuccess;
    uint8_t bytes[CONTROL_HELLO_MAX];
    struct control_hello hello;
    uint32_t length = 0;
    TRY(receive_header(s, CONTROL_HELLO, sizeof bytes, &length));
    TRY(receive_bytes(s, bytes, length));
    if (!control_hello_decode(bytes, length, &hello))
        RAISE(JET_errInternalError);
    if (hello.protocol_version != CONTROL_PROTOCOL_VERSION)
        RAISE(JET_errFeatureNotAvailable);
done:
    return err;
}

JET_ERR backup_source_from_socket(const char *path, struct backup_source *source)
{
    JET_ERR err = JET_errSuccess;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    struct socket_source *s = (struct socket_source *)mem_alloc(sizeof *s);
    if (s == NULL)
        return JET_errOutOfMemory;
    s->socket = -1;
    if (path == NULL || *path == 0 || strlen(path) >= sizeof address.sun_path)
        RAISE(JET_errInvalidParameter);
    memcpy(address.sun_path, path, strlen(path));
    s->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->socket < 0)
        RAISE(JET_errOutOfFileHandles);
    if (setsockopt(s->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(s->socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0)
        RAISE(JET_errInternalError);
    if (connect(s->socket, (const struct sockaddr *)&address, sizeof address) != 0)
        RAISE(error_of_connect(errno));
    TRY(receive_hello(s));
    *source = (struct backup_source){.context = s, .begin = begin, .list_databases = list_databases, .list_logs = list_logs, .open = open_file,
                                     .read = read_piece, .close = close_file, .truncate = truncate_logs, .end = end_backup, .release = release};
    s = NULL;
done:
    release(s);
    return err;
}
