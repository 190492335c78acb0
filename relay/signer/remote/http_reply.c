/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/remote/http_reply.h"

#include <string.h>

#include "relay/base/check.h"

#define HEAD_BYTES_MAX 16384u

/* What the head says about the body. */
struct head {
    size_t bytes_count; /* with the empty line */
    uint32_t code;
    bool closes;
    bool is_chunked;
    bool has_length;
    size_t length;
};

static uint8_t small(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

static bool is_word(struct bytes text, const char *word)
{
    const size_t count = strlen(word);
    bool is_it = text.count == count;

    for (size_t i = 0; is_it && i < count; i++) {
        is_it = small(text.data[i]) == (uint8_t)word[i];
    }
    return is_it;
}

static struct bytes trimmed(struct bytes text)
{
    while (text.count > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = bytes_from(text.data + 1, text.count - 1);
    }
    while (text.count > 0 &&
           (text.data[text.count - 1] == ' ' || text.data[text.count - 1] == '\t')) {
        text.count--;
    }
    return text;
}

/* Up to the next CR LF, which is taken too. False: there is none. */
static bool take_line(struct bytes *rest, struct bytes *ret_line)
{
    for (size_t i = 0; i + 1 < rest->count; i++) {
        if (rest->data[i] == '\r' && rest->data[i + 1] == '\n') {
            *ret_line = bytes_from(rest->data, i);
            *rest = bytes_from(rest->data + i + 2, rest->count - i - 2);
            return true;
        }
    }
    return false;
}

/* "HTTP/1.1 200 OK" */
static enum status read_status_line(struct bytes line, struct head *head)
{
    uint32_t code = 0;

    if (line.count < 12 || memcmp(line.data, "HTTP/1.", 7) != 0 ||
        (line.data[7] != '0' && line.data[7] != '1') || line.data[8] != ' ' ||
        (line.count > 12 && line.data[12] != ' ')) {
        return STATUS_MALFORMED;
    }
    for (size_t i = 9; i < 12; i++) {
        const uint32_t digit = (uint32_t)line.data[i] - '0';
        if (digit > 9) {
            return STATUS_MALFORMED;
        }
        code = 10 * code + digit;
    }
    if (code < 100) {
        return STATUS_MALFORMED;
    }
    head->closes = line.data[7] == '0';
    head->code = code;
    return STATUS_OK;
}

static enum status read_length(struct bytes text, struct head *head)
{
    size_t length = 0;

    if (text.count == 0 || text.count > 6 || head->has_length) {
        return STATUS_MALFORMED; /* nothing, more than is taken, or two lengths */
    }
    for (size_t i = 0; i < text.count; i++) {
        const uint32_t digit = (uint32_t)text.data[i] - '0';
        if (digit > 9) {
            return STATUS_MALFORMED;
        }
        length = 10 * length + digit;
    }
    head->has_length = true;
    head->length = length;
    return length <= HTTP_REPLY_BYTES_MAX ? STATUS_OK : STATUS_MALFORMED;
}

static enum status read_header(struct bytes line, struct head *head)
{
    const uint8_t *colon = line.count == 0 ? NULL : memchr(line.data, ':', line.count);

    if (colon == NULL || colon == line.data) {
        return STATUS_MALFORMED;
    }
    const size_t count = (size_t)(colon - line.data);
    const struct bytes name = bytes_from(line.data, count);
    const struct bytes value = trimmed(bytes_from(colon + 1, line.count - count - 1));
    if (is_word(name, "content-length")) {
        return read_length(value, head);
    }
    if (is_word(name, "transfer-encoding")) {
        head->is_chunked = is_word(value, "chunked");
        return head->is_chunked ? STATUS_OK : STATUS_MALFORMED;
    }
    if (is_word(name, "connection")) {
        head->closes = head->closes || is_word(value, "close");
    }
    return STATUS_OK;
}

static enum status read_head(struct bytes arrived, struct head *head)
{
    struct bytes rest = arrived;
    struct bytes line;

    if (!take_line(&rest, &line)) {
        return arrived.count > HEAD_BYTES_MAX ? STATUS_MALFORMED : STATUS_NOT_FOUND;
    }
    enum status status = read_status_line(line, head);
    while (status == STATUS_OK) {
        if (!take_line(&rest, &line)) {
            return arrived.count > HEAD_BYTES_MAX ? STATUS_MALFORMED : STATUS_NOT_FOUND;
        }
        if (line.count == 0) {
            break;
        }
        status = read_header(line, head);
    }
    head->bytes_count = arrived.count - rest.count;
    /* Both would be two opinions of where the reply ends. */
    return status == STATUS_OK && head->is_chunked && head->has_length ? STATUS_MALFORMED : status;
}

/* The size of a chunk; what follows a semicolon is nothing to us. */
static enum status read_chunk_size(struct bytes line, size_t *ret_size)
{
    size_t size = 0;
    size_t digits = 0;

    for (; digits < line.count && line.data[digits] != ';'; digits++) {
        const uint8_t digit = small(line.data[digits]);
        if (digit >= '0' && digit <= '9') {
            size = 16 * size + (size_t)(digit - '0');
        } else if (digit >= 'a' && digit <= 'f') {
            size = 16 * size + (size_t)(digit - 'a') + 10;
        } else {
            return STATUS_MALFORMED;
        }
        if (digits >= 5) {
            return STATUS_MALFORMED;
        }
    }
    *ret_size = size;
    return digits > 0 ? STATUS_OK : STATUS_MALFORMED;
}

/* Where the chunks are and how much they hold; `ret_body` NULL: only look. */
static enum status walk_chunks(struct bytes rest, uint8_t *ret_body, size_t *ret_count)
{
    struct bytes line;
    size_t count = 0;

    for (;;) {
        size_t size = 0;
        if (!take_line(&rest, &line)) {
            return STATUS_NOT_FOUND;
        }
        if (read_chunk_size(line, &size) != STATUS_OK) {
            return STATUS_MALFORMED;
        }
        if (size == 0) {
            break;
        }
        if (rest.count < size + 2) {
            return STATUS_NOT_FOUND;
        }
        if (rest.data[size] != '\r' || rest.data[size + 1] != '\n') {
            return STATUS_MALFORMED;
        }
        if (ret_body != NULL) {
            memmove(ret_body + count, rest.data, size); /* towards the front: never over `rest` */
        }
        count += size;
        rest = bytes_from(rest.data + size + 2, rest.count - size - 2);
    }
    do {
        if (!take_line(&rest, &line)) {
            return STATUS_NOT_FOUND;
        }
    } while (line.count > 0);
    *ret_count = count;
    return rest.count == 0 ? STATUS_OK : STATUS_MALFORMED;
}

static enum status read_body(const struct buffer *arrived, const struct head *head,
                             enum http_end end, struct bytes *ret_body)
{
    const struct bytes rest =
        bytes_from(arrived->data + head->bytes_count, arrived->count - head->bytes_count);
    uint8_t *body = arrived->data + head->bytes_count;
    size_t count = rest.count;

    if (head->is_chunked) {
        enum status status = walk_chunks(rest, NULL, &count);
        if (status == STATUS_OK) {
            status = walk_chunks(rest, body, &count);
            CHECK(status == STATUS_OK);
        }
        if (status != STATUS_OK) {
            return status;
        }
    } else if (head->has_length) {
        if (rest.count < head->length) {
            return STATUS_NOT_FOUND;
        }
        if (rest.count > head->length) {
            return STATUS_MALFORMED; /* nothing was asked for that could follow */
        }
    } else if (end == HTTP_STILL_OPEN) {
        return STATUS_NOT_FOUND;
    }
    *ret_body = bytes_from(body, count);
    return STATUS_OK;
}

enum status http_reply_read(struct buffer *arrived, enum http_end end, struct http_reply *ret_reply)
{
    struct head head = {.code = 0};
    struct bytes body;
    enum status status = read_head(buffer_bytes(arrived), &head);

    if (status == STATUS_OK) {
        status = read_body(arrived, &head, end, &body);
    }
    if (status == STATUS_NOT_FOUND && (end == HTTP_CLOSED || arrived->count == arrived->capacity)) {
        return STATUS_MALFORMED; /* cut short, or longer than anything that is taken */
    }
    if (status != STATUS_OK) {
        return status;
    }
    const bool has_end = head.is_chunked || head.has_length;
    *ret_reply =
        (struct http_reply){.code = head.code,
                            .stays_open = end == HTTP_STILL_OPEN && has_end && !head.closes,
                            .body = body};
    return STATUS_OK;
}
