/* Encoding and decoding of the control socket's frames (wire.h). */
#include "control/wire.h"

#include <string.h>

#include "base/bytes.h"

void control_header_encode(const struct control_header *header, uint8_t *bytes)
{
    store_le32(bytes, CONTROL_MAGIC);
    store_le16(bytes + 4, header->type);
    store_le16(bytes + 6, 0);
    store_le32(bytes + 8, header->length);
    store_le32(bytes + 12, (uint32_t)header->result);
}

bool control_header_decode(const uint8_t *bytes, struct control_header *out)
{
    out->type = load_le16(bytes + 4);
    out->length = load_le32(bytes + 8);
    out->result = (JET_ERR)load_le32(bytes + 12);
    return load_le32(bytes) == CONTROL_MAGIC && load_le16(bytes + 6) == 0;
}

uint32_t control_hello_encode(const struct control_hello *hello, uint8_t *bytes)
{
    const uint32_t fields[] = {hello->protocol_version, hello->page_size, hello->state, hello->read_max, hello->major, hello->minor, hello->build};
    size_t name = strnlen(hello->name, CONTROL_NAME_MAX);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        store_le32(bytes + 4 * i, fields[i]);
    memcpy(bytes + CONTROL_HELLO_FIXED, hello->name, name);
    return (uint32_t)(CONTROL_HELLO_FIXED + name);
}

bool control_hello_decode(const uint8_t *bytes, uint32_t length, struct control_hello *out)
{
    if (length < CONTROL_HELLO_FIXED || length > CONTROL_HELLO_MAX)
        return false;
    memset(out, 0, sizeof *out);
    uint32_t *const fields[] = {&out->protocol_version, &out->page_size, &out->state, &out->read_max, &out->major, &out->minor, &out->build};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        *fields[i] = load_le32(bytes + 4 * i);
    memcpy(out->name, bytes + CONTROL_HELLO_FIXED, length - CONTROL_HELLO_FIXED);
    return true;
}

/* --- requests --- */

/* What the payload of a request must measure: from, to. */
static bool payload_fits(uint16_t type, uint32_t length)
{
    switch (type) {
    case CONTROL_HELLO:
    case CONTROL_LIST_DATABASES:
    case CONTROL_CLOSE:
    case CONTROL_LIST_LOGS:
    case CONTROL_TRUNCATE:
        return length == 0;
    case CONTROL_BEGIN:
    case CONTROL_READ:
    case CONTROL_END:
        return length == 4;
    case CONTROL_OPEN:
        return length >= 1 && length <= CONTROL_REQUEST_PAYLOAD_MAX;
    default:
        return false;
    }
}

size_t control_input_wanted(const struct control_input *input)
{
    if (input->filled < CONTROL_HEADER_SIZE)
        return CONTROL_HEADER_SIZE - input->filled;
    return CONTROL_HEADER_SIZE + load_le32(input->bytes + 8) - input->filled;
}

static JET_ERR decode_payload(struct control_input *input, const struct control_header *header, struct control_request *out)
{
    uint8_t *payload = input->bytes + CONTROL_HEADER_SIZE;
    *out = (struct control_request){.type = (enum control_type)header->type};
    if (header->type == CONTROL_OPEN) {
        payload[header->length] = 0;
        out->path = (const char *)payload;
        return strlen(out->path) == header->length ? JET_errSuccess : JET_errInvalidParameter;
    }
    if (header->length == 4)
        out->number = load_le32(payload);
    if (header->type == CONTROL_READ && out->number > CONTROL_READ_MAX)
        out->number = CONTROL_READ_MAX;
    return JET_errSuccess;
}

JET_ERR control_input_advance(struct control_input *input, size_t count, struct control_request *out, bool *is_complete)
{
    struct control_header header;
    *is_complete = false;
    input->filled += count;
    if (input->filled < CONTROL_HEADER_SIZE)
        return JET_errSuccess;
    if (!control_header_decode(input->bytes, &header) || header.result != 0 || !payload_fits(header.type, header.length))
        return JET_errInvalidParameter;
    if (input->filled < CONTROL_HEADER_SIZE + header.length)
        return JET_errSuccess;
    input->filled = 0;
    *is_complete = true;
    return decode_payload(input, &header, out);
}
