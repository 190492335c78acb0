/* SPDX-License-Identifier: Apache-2.0 */
#include "store/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "store/base64.h"
#include "store/note.h"

#define SIZE_DIGITS_MAX 20u

/* Takes the next line, without its newline, off `text`. False: there is none. */
static bool take_line(struct bytes *text, struct bytes *ret_line)
{
    const uint8_t *end = text->count == 0 ? NULL : memchr(text->data, '\n', text->count);

    if (end == NULL) {
        return false;
    }
    const size_t count = (size_t)(end - text->data);
    *ret_line = bytes_from(text->data, count);
    *text = bytes_from(end + 1, text->count - count - 1);
    return true;
}

static bool parse_size(struct bytes line, uint64_t *ret_size)
{
    uint64_t size = 0;

    if (line.count == 0 || line.count > SIZE_DIGITS_MAX ||
        (line.data[0] == '0' && line.count > 1)) {
        return false;
    }
    for (size_t i = 0; i < line.count; i++) {
        if (line.data[i] < '0' || line.data[i] > '9') {
            return false;
        }
        const uint64_t digit = (uint64_t)(line.data[i] - '0');
        if (size > (UINT64_MAX - digit) / 10) {
            return false;
        }
        size = 10 * size + digit;
    }
    *ret_size = size;
    return true;
}

enum status log_checkpoint_parse(struct bytes text, struct log_checkpoint *ret_checkpoint)
{
    struct log_checkpoint checkpoint = {.size = 0};
    const struct hash empty = sha2_of(bytes_from("", 0));
    struct bytes line;

    if (!take_line(&text, &checkpoint.origin) || checkpoint.origin.count == 0 ||
        !take_line(&text, &line) || !parse_size(line, &checkpoint.size) ||
        !take_line(&text, &line) || base64_decode_hash(line, &checkpoint.root) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    if (checkpoint.size == 0 && !hash_equal(&checkpoint.root, &empty)) {
        return STATUS_MALFORMED;
    }
    checkpoint.has_extensions = text.count > 0;
    while (text.count > 0) {
        if (!take_line(&text, &line) || line.count == 0) {
            return STATUS_MALFORMED;
        }
    }
    *ret_checkpoint = checkpoint;
    return STATUS_OK;
}

enum status log_checkpoint_append(struct buffer *buffer, const struct log_checkpoint *checkpoint)
{
    char size[SIZE_DIGITS_MAX + 3];
    const int count = snprintf(size, sizeof(size), "\n%" PRIu64 "\n", checkpoint->size);
    const size_t count_before = buffer->count;

    CHECK(count > 0 && (size_t)count < sizeof(size));
    CHECK(!checkpoint->has_extensions);
    if (!note_is_key_name(checkpoint->origin)) {
        return STATUS_MALFORMED;
    }
    enum status status = buffer_append(buffer, checkpoint->origin);
    if (status == STATUS_OK) {
        status = buffer_append(buffer, bytes_from(size, (size_t)count));
    }
    if (status == STATUS_OK) {
        status = base64_append(buffer, bytes_from(checkpoint->root.bytes, 32));
    }
    if (status == STATUS_OK) {
        status = buffer_append(buffer, bytes_from("\n", 1));
    }
    if (status != STATUS_OK) {
        buffer->count = count_before;
    }
    return status;
}
