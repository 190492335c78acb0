/* SPDX-License-Identifier: Apache-2.0 */
#include "store/log/witness.h"

#include <string.h>

#include "relay/base/check.h"
#include "store/tree.h"

/* The line of the witness's key among the body's, verified with the text. Lines of other keys are
 * left alone: a witness may have several. */
static struct witness_reply read_lines(const struct witness_question *question, struct bytes body)
{
    const struct witness_reply bad = {.verdict = WITNESS_BAD_REPLY};
    static const uint8_t gap = '\n';
    uint8_t memory[WITNESS_REPLY_BYTES_MAX + 4096];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    struct note note;
    uint64_t time_seconds = 0;

    if (buffer_append(&buffer, question->text) != STATUS_OK ||
        buffer_append(&buffer, bytes_from(&gap, 1)) != STATUS_OK ||
        buffer_append(&buffer, body) != STATUS_OK ||
        note_parse(buffer_bytes(&buffer), &note) != STATUS_OK ||
        !bytes_equal(note.text, question->text) ||
        note_verify_key(&note, question->key, question->time_seconds_max, &time_seconds) !=
            STATUS_OK) {
        return bad;
    }
    for (struct bytes rest = body; rest.count > 0;) {
        const uint8_t *end = memchr(rest.data, '\n', rest.count);
        CHECK(end != NULL); /* it was parsed */
        const size_t count = (size_t)(end - rest.data) + 1;
        struct note alone;
        uint64_t ignored = 0;
        buffer.count = question->text.count + 1;
        CHECK(buffer_append(&buffer, bytes_from(rest.data, count)) == STATUS_OK);
        if (note_parse(buffer_bytes(&buffer), &alone) == STATUS_OK &&
            note_verify_key(&alone, question->key, question->time_seconds_max, &ignored) ==
                STATUS_OK) {
            return (struct witness_reply){.verdict = WITNESS_COSIGNED,
                                          .time_seconds = time_seconds,
                                          .line = bytes_from(rest.data, count)};
        }
        rest = bytes_from(rest.data + count, rest.count - count);
    }
    return bad;
}

/* A size in decimal and a newline. */
static struct witness_reply read_size(struct bytes body)
{
    const struct witness_reply bad = {.verdict = WITNESS_BAD_REPLY};
    uint64_t size = 0;

    if (body.count < 2 || body.count > 20 || body.data[body.count - 1] != '\n' ||
        (body.data[0] == '0' && body.count > 2)) {
        return bad;
    }
    for (size_t i = 0; i + 1 < body.count; i++) {
        const uint64_t digit = (uint64_t)body.data[i] - '0';
        if (digit > 9 || size > (TREE_SIZE_MAX - digit) / 10) {
            return bad;
        }
        size = 10 * size + digit;
    }
    return (struct witness_reply){.verdict = WITNESS_HOLDS_OTHER, .size = size};
}

struct witness_reply witness_read(const struct witness_question *question, unsigned http_status,
                                  struct bytes body)
{
    struct witness_reply reply = {.verdict = WITNESS_UNAVAILABLE};

    if (body.count > WITNESS_REPLY_BYTES_MAX) {
        reply.verdict = WITNESS_BAD_REPLY;
        return reply;
    }
    switch (http_status) {
    case 200:
        return read_lines(question, body);
    case 400:
        reply.verdict = WITNESS_REJECTED;
        return reply;
    case 403:
        reply.verdict = WITNESS_UNTRUSTED;
        return reply;
    case 404:
        reply.verdict = WITNESS_UNKNOWN_LOG;
        return reply;
    case 409:
        return read_size(body);
    case 422:
        reply.verdict = WITNESS_FORKED;
        return reply;
    default: /* not an enum */
        return reply;
    }
}

const char *witness_verdict_text(enum witness_verdict verdict)
{
    switch (verdict) {
    case WITNESS_COSIGNED:
        return "cosigned";
    case WITNESS_HOLDS_OTHER:
        return "it holds another size";
    case WITNESS_FORKED:
        return "it has seen another tree of this log";
    case WITNESS_UNKNOWN_LOG:
        return "it does not know this log: its operator must register the log's key";
    case WITNESS_UNTRUSTED:
        return "it does not accept this log's key";
    case WITNESS_REJECTED:
        return "it calls the request malformed";
    case WITNESS_BAD_REPLY:
        return "its reply is not one, or is not signed by the configured key";
    case WITNESS_UNAVAILABLE:
        return "it does not answer now";
    }
    return "unknown";
}
