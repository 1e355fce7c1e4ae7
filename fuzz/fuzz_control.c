/* Bytes of a control socket's client, in pieces of any size: every request that comes out keeps the limits of the wire, and the same bytes in one piece
 * give the same requests. The other direction: a hello from anywhere decodes to what encodes to it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Feeds all of it, at most `piece` bytes at a time (0: as much as is wanted); counts the requests and sums over them. */
static JET_ERR feed(const uint8_t *data, size_t size, size_t piece, uint64_t *sum)
{
    static struct control_input input;
    memset(&input, 0, sizeof input);
    *sum = 0;
    while (size > 0) {
        struct control_request request;
        bool is_complete = false;
        size_t count = control_input_wanted(&input);
        if (count == 0 || input.filled + count >= sizeof input.bytes)
            abort();
        if (piece != 0 && count > piece)
            count = piece;
        if (count > size)
            count = size;
        memcpy(input.bytes + input.filled, data, count);
        data += count;
        size -= count;
        JET_ERR err = control_input_advance(&input, count, &request, &is_complete);
        if (err < 0)
            return err;
        if (!is_complete)
            continue;
        if (request.type == CONTROL_READ && request.number > CONTROL_READ_MAX)
            abort();
        if ((request.type == CONTROL_OPEN) != (request.path != NULL) || (request.path != NULL && (*request.path == 0 || strlen(request.path) > CONTROL_REQUEST_PAYLOAD_MAX)))
            abort();
        *sum = *sum * 31 + (uint64_t)request.type + request.number + (request.path != NULL ? strlen(request.path) : 0);
    }
    return JET_errSuccess;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t whole, pieces;
    struct control_hello hello, again;
    uint8_t bytes[CONTROL_HELLO_MAX];
    JET_ERR err = feed(data, size, 0, &whole);
    if (feed(data, size, 1 + size % 7, &pieces) != err || pieces != whole)
        abort();
    if (size <= CONTROL_HELLO_MAX && control_hello_decode(data, (uint32_t)size, &hello)) {
        uint32_t length = control_hello_encode(&hello, bytes);
        if (length > size || !control_hello_decode(bytes, length, &again) || memcmp(&hello, &again, offsetof(struct control_hello, name)) != 0 || strcmp(hello.name, again.name) != 0)
            abort();
    }
    return 0;
}
