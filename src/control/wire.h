/* The control socket's frames, as bytes: what server and client both need, and nothing that does I/O. The protocol is described in README.md.
 *
 * Everything here is a function of its arguments. A server reads requests through control_request_take, which bounds every length before it
 * looks at what follows it; a client decodes the replies with control_header_decode and control_hello_decode. */
#ifndef OPENESE_CONTROL_WIRE_H
#define OPENESE_CONTROL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Every frame: | 0 magic u32 | 4 type u16 | 6 zero u16 | 8 length of the payload u32 | 12 result i32, 0 in requests |, then the payload. */
enum { CONTROL_HEADER_SIZE = 16 };
#define CONTROL_MAGIC UINT32_C(0x31435345) /* "ESC1" */

enum control_type {
    CONTROL_HELLO = 1,      /* -> hello; also sent, unasked, to a client that is accepted */
    CONTROL_BEGIN,          /* grbit u32 */
    CONTROL_LIST_DATABASES, /* -> list */
    CONTROL_OPEN,           /* path -> size u64 */
    CONTROL_READ,           /* size u32 -> bytes, none at the end of the file */
    CONTROL_CLOSE,
    CONTROL_LIST_LOGS,      /* -> generations low u32, high u32, base name 4 bytes, list */
    CONTROL_TRUNCATE,
    CONTROL_END,            /* grbit u32 */
    CONTROL_TYPES_END,
    CONTROL_REFUSED = 0xFFFF /* server only: the reason in result; the connection ends after it */
};

enum control_limits_of_wire {
    CONTROL_PROTOCOL_VERSION = 1,
    CONTROL_REQUEST_PAYLOAD_MAX = 4096, /* the longest path, with room for its terminator */
    CONTROL_READ_MAX = 4 << 20,         /* of one CONTROL_READ; a larger size is read in part */
    CONTROL_LIST_MAX = 64 << 20,        /* a client takes no longer list */
    CONTROL_NAME_MAX = 255,             /* bytes of an instance's name in a hello */
    CONTROL_LOG_RANGE_SIZE = 12
};

struct control_header {
    uint16_t type;
    uint32_t length;
    JET_ERR result;
};

void control_header_encode(const struct control_header *header, uint8_t *bytes);
/* False when the magic or the reserved field is wrong. The caller bounds type and length. */
bool control_header_decode(const uint8_t *bytes, struct control_header *out);

/* --- hello --- */

enum control_state { CONTROL_STATE_IDLE, CONTROL_STATE_BACKUP };

struct control_hello {
    uint32_t protocol_version;
    uint32_t page_size;
    uint32_t state;     /* enum control_state: does a backup of the instance run? */
    uint32_t read_max;
    uint32_t major, minor, build; /* of the engine, as JetGetVersion counts */
    char name[CONTROL_NAME_MAX + 1]; /* of the instance; empty when it has none */
};
enum { CONTROL_HELLO_FIXED = 28, CONTROL_HELLO_MAX = CONTROL_HELLO_FIXED + CONTROL_NAME_MAX };

/* bytes: CONTROL_HELLO_MAX; returns the length used. */
uint32_t control_hello_encode(const struct control_hello *hello, uint8_t *bytes);
bool control_hello_decode(const uint8_t *bytes, uint32_t length, struct control_hello *out);

/* --- requests --- */

struct control_request {
    enum control_type type;
    uint32_t number;  /* BEGIN and END: the grbit; READ: the size, never more than CONTROL_READ_MAX */
    const char *path; /* OPEN: terminated, inside the input's buffer; valid until the next take */
};

/* A request as it arrives. Zeroed = empty. */
struct control_input {
    uint8_t bytes[CONTROL_HEADER_SIZE + CONTROL_REQUEST_PAYLOAD_MAX + 1];
    size_t filled;
};

/* How many bytes the request under way still needs before anything more can be said of it: never 0, never past its end. */
size_t control_input_wanted(const struct control_input *input);
/* After `count` more bytes were put at bytes[filled]. Negative: not a request of this protocol, the peer must go. JET_errSuccess with
 * *is_complete: *out is the request and the input is ready for the next one; else more bytes are needed. */
MUST_CHECK JET_ERR control_input_advance(struct control_input *input, size_t count, struct control_request *out, bool *is_complete);

#endif
