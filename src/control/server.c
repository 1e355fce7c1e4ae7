/* The control server's thread: a loop around poll that accepts one client, takes its requests one after the other and sends the replies
 * (control.h). Nothing in the loop waits anywhere but in poll: sending and receiving stop where the peer stops. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "control/control.h"
#include "control/socket.h"
#include "control/wire.h"
#include "os/clock.h"
#include "os/thread.h"

enum {
    PAYLOAD_AT = 4096,          /* in the reply's block: aligned for backup_read_file, with room for the header just before it */
    REPLY_SMALL = 4096,         /* payload room that is always there, so that every error can be told */
    SHORT_OF_DESCRIPTORS_MS = 1000
};
_Static_assert((int)REPLY_SMALL >= (int)CONTROL_HELLO_MAX && (int)PAYLOAD_AT >= (int)CONTROL_HEADER_SIZE, "every fixed reply fits the small block");

struct control_server {
    struct control_calls calls;
    struct control_time_outs time_outs;
    struct control_socket socket;
    int wake;                   /* eventfd */
    atomic_int stop_reason;     /* 0 = go on */
    struct thread thread;

    /* The thread's own. */
    uint64_t accept_after_ns;   /* nobody is accepted before: the process was short of descriptors */
    int client;                 /* -1 = none */
    uint64_t deadline_ns;       /* then the client is cut off */
    struct control_input input;
    uint8_t *reply;             /* block of PAYLOAD_AT + reply_room */
    size_t reply_room;
    size_t to_send, sent;       /* of header and payload; to_send == 0: no reply is under way */
};

static void set_deadline(struct control_server *s, uint32_t milliseconds)
{
    s->deadline_ns = clock_monotonic_ns() + (uint64_t)milliseconds * 1000000u;
}

/* --- replies --- */

/* Room for a payload of size bytes; what the block held is lost. */
static JET_ERR reserve_reply(struct control_server *s, size_t size)
{
    if (size <= s->reply_room)
        return JET_errSuccess;
    uint8_t *block = (uint8_t *)mem_alloc_aligned(PAYLOAD_AT, PAYLOAD_AT + size);
    if (block == NULL)
        return JET_errOutOfMemory;
    mem_free(s->reply);
    s->reply = block;
    s->reply_room = size;
    return JET_errSuccess;
}

static uint8_t *payload_of(struct control_server *s) { return s->reply + PAYLOAD_AT; }

static void put_header(struct control_server *s, uint16_t type, JET_ERR result, uint32_t length)
{
    control_header_encode(&(struct control_header){.type = type, .length = length, .result = result}, payload_of(s) - CONTROL_HEADER_SIZE);
    s->to_send = CONTROL_HEADER_SIZE + (size_t)length;
    s->sent = 0;
    set_deadline(s, s->time_outs.stall_ms);
}

static JET_ERR reply_list(struct control_server *s, const char *list, uint32_t size, uint32_t prefix, uint32_t *length)
{
    if (size > CONTROL_LIST_MAX - prefix)
        return JET_errBufferTooSmall;
    JET_ERR err = reserve_reply(s, (size_t)prefix + size);
    if (err >= 0) {
        memcpy(payload_of(s) + prefix, list, size);
        *length = prefix + size;
    }
    return err;
}

static JET_ERR serve_hello(struct control_server *s, uint32_t *length)
{
    struct control_hello hello = {.protocol_version = CONTROL_PROTOCOL_VERSION, .read_max = CONTROL_READ_MAX};
    JET_ERR err = s->calls.describe(s->calls.context, &hello);
    if (err >= 0)
        *length = control_hello_encode(&hello, payload_of(s));
    return err;
}

static JET_ERR serve_databases(struct control_server *s, uint32_t *length)
{
    JET_ERR err = JET_errSuccess;
    char *list = NULL;
    uint32_t size = 0;
    TRY(s->calls.list_databases(s->calls.context, &list, &size));
    TRY(reply_list(s, list, size, 0, length));
done:
    mem_free(list);
    return err;
}

static JET_ERR serve_logs(struct control_server *s, uint32_t *length)
{
    JET_ERR err = JET_errSuccess;
    char *list = NULL;
    uint32_t size = 0;
    struct control_log_range range = {0};
    TRY(s->calls.list_logs(s->calls.context, &list, &size, &range));
    TRY(reply_list(s, list, size, CONTROL_LOG_RANGE_SIZE, length));
    store_le32(payload_of(s), range.gen_low);
    store_le32(payload_of(s) + 4, range.gen_high);
    memcpy(payload_of(s) + 8, range.base_name, sizeof range.base_name);
done:
    mem_free(list);
    return err;
}

static JET_ERR serve_open(struct control_server *s, const char *path, uint32_t *length)
{
    uint64_t size = 0;
    JET_ERR err = s->calls.open(s->calls.context, path, &size);
    if (err >= 0) {
        store_le64(payload_of(s), size);
        *length = sizeof size;
    }
    return err;
}

static JET_ERR serve_read(struct control_server *s, uint32_t size, uint32_t *length)
{
    JET_ERR err = JET_errSuccess;
    uint32_t got = 0;
    TRY(reserve_reply(s, size));
    TRY(s->calls.read(s->calls.context, payload_of(s), size, &got));
    *length = got;
done:
    return err;
}

static void serve(struct control_server *s, const struct control_request *request)
{
    JET_ERR err = JET_errInvalidParameter;
    uint32_t length = 0;
    void *context = s->calls.context;
    switch (request->type) {
    case CONTROL_HELLO: err = serve_hello(s, &length); break;
    case CONTROL_BEGIN: err = s->calls.begin(context, request->number); break;
    case CONTROL_LIST_DATABASES: err = serve_databases(s, &length); break;
    case CONTROL_OPEN: err = serve_open(s, request->path, &length); break;
    case CONTROL_READ: err = serve_read(s, request->number, &length); break;
    case CONTROL_CLOSE: err = s->calls.close(context); break;
    case CONTROL_LIST_LOGS: err = serve_logs(s, &length); break;
    case CONTROL_TRUNCATE: err = s->calls.truncate(context); break;
    case CONTROL_END: err = s->calls.end(context, request->number); break;
    case CONTROL_TYPES_END:
    case CONTROL_REFUSED: break; /* no request has these types */
    }
    put_header(s, (uint16_t)request->type, err, err >= 0 ? length : 0);
}

/* --- the client --- */

/* A last word, if the peer takes it at once. */
static void send_refusal(int client, JET_ERR reason)
{
    uint8_t frame[CONTROL_HEADER_SIZE];
    control_header_encode(&(struct control_header){.type = CONTROL_REFUSED, .result = reason}, frame);
    ssize_t ignored = send(client, frame, sizeof frame, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)ignored;
}

/* Gives back what a large reply took; without memory for the small block the large one stays. */
static void shrink_reply(struct control_server *s)
{
    if (s->reply_room == REPLY_SMALL)
        return;
    uint8_t *block = (uint8_t *)mem_alloc_aligned(PAYLOAD_AT, PAYLOAD_AT + REPLY_SMALL);
    if (block != NULL) {
        mem_free(s->reply);
        s->reply = block;
        s->reply_room = REPLY_SMALL;
    }
}

/* reason 0: the peer is gone or wants nothing more. A frame in the middle of another would be nonsense: then the end of the stream says it. */
static void drop_client(struct control_server *s, JET_ERR reason)
{
    if (s->client < 0)
        return;
    s->calls.abort(s->calls.context);
    if (reason != 0 && s->to_send == 0)
        send_refusal(s->client, reason);
    close(s->client);
    s->client = -1;
    s->to_send = s->sent = s->input.filled = 0;
    shrink_reply(s);
}

static void accept_client(struct control_server *s)
{
    bool is_short;
    uint32_t length = 0;
    int client = control_socket_accept(&s->socket, &is_short);
    if (is_short)
        s->accept_after_ns = clock_monotonic_ns() + SHORT_OF_DESCRIPTORS_MS * UINT64_C(1000000);
    if (client < 0)
        return;
    if (s->client >= 0 || !control_peer_is_allowed(client)) {
        send_refusal(client, s->client >= 0 ? JET_errTooManyActiveUsers : JET_errAccessDenied);
        close(client);
        return;
    }
    s->client = client;
    JET_ERR err = serve_hello(s, &length);
    if (err < 0)
        drop_client(s, err);
    else
        put_header(s, CONTROL_HELLO, JET_errSuccess, length);
}

static bool is_only_full(void) { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

static void send_more(struct control_server *s)
{
    const uint8_t *frame = payload_of(s) - CONTROL_HEADER_SIZE;
    ssize_t size = send(s->client, frame + s->sent, s->to_send - s->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && !is_only_full()) {
        drop_client(s, 0);
        return;
    }
    s->sent += size > 0 ? (size_t)size : 0;
    if (s->sent == s->to_send) {
        s->to_send = s->sent = 0;
        set_deadline(s, s->calls.is_in_backup(s->calls.context) ? s->time_outs.idle_ms : s->time_outs.stall_ms);
    }
}

static void receive_more(struct control_server *s)
{
    struct control_request request;
    bool is_complete;
    struct control_input *input = &s->input;
    ssize_t size = recv(s->client, input->bytes + input->filled, control_input_wanted(input), MSG_DONTWAIT);
    if (size < 0 && is_only_full())
        return;
    if (size <= 0) {
        drop_client(s, 0);
        return;
    }
    if (input->filled == 0)
        set_deadline(s, s->time_outs.stall_ms); /* for the whole request, however many pieces it comes in */
    JET_ERR err = control_input_advance(input, (size_t)size, &request, &is_complete);
    if (err < 0) {
        drop_client(s, err);
    } else if (is_complete) {
        serve(s, &request);
        send_more(s); /* mostly it goes out at once */
    }
}

/* --- the thread --- */

static int milliseconds_until(uint64_t moment_ns, uint64_t now_ns)
{
    uint64_t left = moment_ns > now_ns ? (moment_ns - now_ns + 999999) / 1000000 : 0;
    return left < 1000000 ? (int)left : 1000000;
}

static void *run_server(void *argument)
{
    struct control_server *s = (struct control_server *)argument;
    while (atomic_load(&s->stop_reason) == 0) {
        uint64_t now = clock_monotonic_ns();
        bool may_accept = now >= s->accept_after_ns, is_sending = s->to_send > 0;
        struct pollfd watched[] = {{.fd = s->wake, .events = POLLIN},
                                   {.fd = may_accept ? s->socket.listener : -1, .events = POLLIN},
                                   {.fd = s->client, .events = is_sending ? POLLOUT : POLLIN}};
        int wait = may_accept ? -1 : SHORT_OF_DESCRIPTORS_MS;
        if (s->client >= 0) {
            int left = milliseconds_until(s->deadline_ns, now);
            wait = wait < 0 || left < wait ? left : wait;
        }
        if (poll(watched, sizeof watched / sizeof watched[0], wait) < 0 && errno != EINTR)
            thread_sleep_ms(SHORT_OF_DESCRIPTORS_MS); /* no memory in the kernel */
        else if (watched[2].revents != 0 && is_sending)
            send_more(s);
        else if (watched[2].revents != 0)
            receive_more(s);
        else if (s->client >= 0 && clock_monotonic_ns() >= s->deadline_ns)
            drop_client(s, JET_errBackupAbortByServer);
        if (watched[1].revents != 0)
            accept_client(s);
    }
    drop_client(s, (JET_ERR)atomic_load(&s->stop_reason));
    return NULL;
}

/* --- start and stop --- */

static void release(struct control_server *s)
{
    if (s == NULL)
        return;
    control_socket_close(&s->socket);
    if (s->wake >= 0)
        close(s->wake);
    mem_free(s->reply);
    mem_free(s);
}

/* The program's signal handlers are not to run in our thread; only what the thread's own faults raise is left. */
static JET_ERR start_thread(struct control_server *s)
{
    sigset_t blocked, before;
    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigdelset(&blocked, SIGFPE);
    sigdelset(&blocked, SIGILL);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    JET_ERR err = thread_start(&s->thread, run_server, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err;
}

JET_ERR control_start(const char *path, const struct control_calls *calls, const struct control_time_outs *time_outs, struct control_server **out)
{
    JET_ERR err = JET_errSuccess;
    struct control_server *s = (struct control_server *)mem_alloc(sizeof *s);
    if (s == NULL)
        RAISE(JET_errOutOfMemory);
    s->calls = *calls;
    s->time_outs.stall_ms = time_outs->stall_ms != 0 ? time_outs->stall_ms : CONTROL_STALL_MS;
    s->time_outs.idle_ms = time_outs->idle_ms != 0 ? time_outs->idle_ms : CONTROL_IDLE_MS;
    s->socket = (struct control_socket){.listener = -1, .folder = -1};
    s->client = -1;
    s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->wake < 0)
        RAISE(JET_errOutOfFileHandles);
    TRY(reserve_reply(s, REPLY_SMALL));
    TRY(control_socket_open(path, &s->socket));
    TRY(start_thread(s));
    *out = s;
    s = NULL;
done:
    release(s);
    return err;
}

void control_stop(struct control_server *s, JET_ERR reason)
{
    if (s == NULL)
        return;
    atomic_store(&s->stop_reason, (int)reason);
    uint64_t one = 1;
    ssize_t ignored = write(s->wake, &one, sizeof one); /* fails only when it is already readable */
    (void)ignored;
    thread_join(&s->thread);
    s->calls.release(s->calls.context);
    release(s);
}
