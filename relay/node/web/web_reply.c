/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/web/web_reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "relay/base/check.h"

#define FIRST_BODY_BYTES 4096u

void web_reply_begin(struct web_reply *reply, size_t body_bytes_max)
{
    free(reply->body);
    memset(reply, 0, sizeof(*reply));
    reply->body_bytes_max = body_bytes_max;
    reply->state = WEB_REPLY_MORE;
    reply->phase = WEB_PHASE_STATUS;
}

void web_reply_free(struct web_reply *reply)
{
    free(reply->body);
    reply->body = NULL;
    reply->body_count = 0;
    reply->body_capacity = 0;
}

static void end_as(struct web_reply *reply, enum web_reply_state state)
{
    reply->state = state;
    reply->stays_open = reply->stays_open && state == WEB_REPLY_DONE;
}

/* ---- body ---- */

static bool keep(struct web_reply *reply, struct bytes piece)
{
    if (piece.count > reply->body_bytes_max - reply->body_count) {
        end_as(reply, WEB_REPLY_TOO_LARGE);
        return false;
    }
    const size_t needed = reply->body_count + piece.count;
    if (needed > reply->body_capacity) {
        size_t capacity = reply->body_capacity == 0 ? FIRST_BODY_BYTES : reply->body_capacity;
        while (capacity < needed) {
            capacity *= 2;
        }
        uint8_t *const grown = realloc(reply->body, capacity);
        if (grown == NULL) {
            end_as(reply, WEB_REPLY_NO_MEMORY);
            return false;
        }
        reply->body = grown;
        reply->body_capacity = capacity;
    }
    if (piece.count > 0) {
        memcpy(reply->body + reply->body_count, piece.data, piece.count);
    }
    reply->body_count = needed;
    return true;
}

/* ---- lines ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.x NNN ..." */
static bool read_status(struct web_reply *reply, const char *line)
{
    if (strncmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') || line[8] != ' ' ||
        !is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) ||
        (line[12] != '\0' && line[12] != ' ')) {
        return false;
    }
    reply->status = (unsigned)(line[9] - '0') * 100 + (unsigned)(line[10] - '0') * 10 +
                    (unsigned)(line[11] - '0');
    reply->stays_open = line[7] == '1';
    reply->retry_after_s = 0;
    reply->has_length = false;
    reply->has_chunks = false;
    return reply->status >= 100 && reply->status < 600;
}

static bool read_decimal(const char *text, uint64_t *ret_value)
{
    uint64_t value = 0;
    size_t count = 0;

    for (; is_digit(text[count]) && count < 19; count++) {
        value = value * 10 + (uint64_t)(text[count] - '0');
    }
    *ret_value = value;
    return count > 0 && text[count] == '\0';
}

/* The size of a chunk in hexadecimal, with whatever extension behind a semicolon. */
static bool read_size(const char *text, uint64_t *ret_value)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    uint64_t value = 0;
    size_t count = 0;

    for (; text[count] != '\0' && count < 15; count++) {
        const char *const at = strchr(digits, text[count]);
        if (at == NULL) {
            break;
        }
        const uint64_t digit = (uint64_t)(at - digits);
        value = value * 16 + (digit < 16 ? digit : digit - 6);
    }
    *ret_value = value;
    return count > 0 && (text[count] == '\0' || text[count] == ';' || text[count] == ' ');
}

/* Seconds. A date, or what cannot be read, is the shortest wait. */
static uint32_t read_retry_after(const char *text)
{
    uint32_t seconds = 0;

    for (; is_digit(*text) && seconds < WEB_RETRY_AFTER_S_MAX; text++) {
        seconds = seconds * 10 + (uint32_t)(*text - '0');
    }
    seconds = seconds < WEB_RETRY_AFTER_S_MAX ? seconds : WEB_RETRY_AFTER_S_MAX;
    return seconds == 0 ? 1 : seconds;
}

/* Whether one of the words of a list is this one. */
static bool has_word(const char *list, const char *word)
{
    const size_t count = strlen(word);

    while (*list != '\0') {
        list += strspn(list, " \t,");
        const size_t length = strcspn(list, " \t,");
        if (length == count && strncasecmp(list, word, count) == 0) {
            return true;
        }
        list += length;
    }
    return false;
}

static bool read_header(struct web_reply *reply, char *line)
{
    char *const colon = strchr(line, ':');
    uint64_t length = 0;

    if (colon == NULL || colon == line || strcspn(line, " \t") < (size_t)(colon - line)) {
        return false;
    }
    *colon = '\0';
    char *value = colon + 1;
    value += strspn(value, " \t");
    for (size_t end = strlen(value); end > 0 && strchr(" \t", value[end - 1]) != NULL; end--) {
        value[end - 1] = '\0';
    }
    if (strcasecmp(line, "content-length") == 0) {
        if (!read_decimal(value, &length) || (reply->has_length && reply->left != length)) {
            return false;
        }
        reply->has_length = true;
        reply->left = length;
    } else if (strcasecmp(line, "transfer-encoding") == 0) {
        if (reply->has_chunks || strcasecmp(value, "chunked") != 0) {
            return false; /* nothing else was asked for */
        }
        reply->has_chunks = true;
    } else if (strcasecmp(line, "connection") == 0) {
        reply->stays_open = reply->stays_open && !has_word(value, "close");
    } else if (strcasecmp(line, "retry-after") == 0) {
        reply->retry_after_s = read_retry_after(value);
    }
    return true;
}

/* After the empty line. */
static void begin_body(struct web_reply *reply)
{
    reply->headers_count = 0;
    if (reply->has_chunks && reply->has_length) {
        end_as(reply, WEB_REPLY_MALFORMED);
    } else if (reply->status < 200) {
        reply->phase = WEB_PHASE_STATUS; /* the real one follows */
    } else if (reply->status == 204 || reply->status == 304 ||
               (reply->has_length && reply->left == 0)) {
        end_as(reply, WEB_REPLY_DONE);
    } else if (reply->has_chunks) {
        reply->phase = WEB_PHASE_CHUNK_SIZE;
    } else if (reply->has_length) {
        reply->phase = WEB_PHASE_LENGTH;
        if (reply->left > reply->body_bytes_max) {
            end_as(reply, WEB_REPLY_TOO_LARGE);
        }
    } else {
        reply->phase = WEB_PHASE_CLOSE;
        reply->stays_open = false;
    }
}

static bool take_chunk_size(struct web_reply *reply)
{
    if (!read_size(reply->line, &reply->left)) {
        return false;
    }
    reply->phase = reply->left == 0 ? WEB_PHASE_TRAILERS : WEB_PHASE_CHUNK;
    return true;
}

/* A whole line is in reply->line. */
static void take_line(struct web_reply *reply)
{
    bool good = true;

    switch (reply->phase) {
    case WEB_PHASE_STATUS:
        good = read_status(reply, reply->line);
        reply->phase = WEB_PHASE_HEADERS;
        break;
    case WEB_PHASE_HEADERS:
        if (reply->line[0] == '\0') {
            begin_body(reply);
        } else {
            good = read_header(reply, reply->line);
        }
        break;
    case WEB_PHASE_CHUNK_SIZE:
        good = take_chunk_size(reply);
        break;
    case WEB_PHASE_CHUNK_END:
        good = reply->line[0] == '\0';
        reply->phase = WEB_PHASE_CHUNK_SIZE;
        break;
    case WEB_PHASE_TRAILERS:
        if (reply->line[0] == '\0') {
            end_as(reply, WEB_REPLY_DONE);
        }
        break;
    case WEB_PHASE_LENGTH:
    case WEB_PHASE_CLOSE:
    case WEB_PHASE_CHUNK:
        CHECK(false);
        break;
    }
    if (!good) {
        end_as(reply, WEB_REPLY_MALFORMED);
    }
}

static bool is_in_lines(const struct web_reply *reply)
{
    return reply->phase != WEB_PHASE_LENGTH && reply->phase != WEB_PHASE_CLOSE &&
           reply->phase != WEB_PHASE_CHUNK;
}

/* Takes bytes up to the end of a line. Returns how many. */
static size_t take_of_line(struct web_reply *reply, struct bytes piece)
{
    size_t taken = 0;

    while (taken < piece.count) {
        const char c = (char)piece.data[taken];
        taken++;
        reply->headers_count++;
        if (c == '\0' || reply->line_count == sizeof(reply->line) - 1 ||
            reply->headers_count > WEB_HEADERS_BYTES_MAX) {
            end_as(reply, WEB_REPLY_MALFORMED);
            return taken;
        }
        if (c == '\n') {
            const bool has_return =
                reply->line_count > 0 && reply->line[reply->line_count - 1] == '\r';
            reply->line[reply->line_count - (has_return ? 1 : 0)] = '\0';
            reply->line_count = 0;
            /* Sizes of chunks come as long as there is a body, which has a bound of its own. */
            reply->headers_count =
                reply->phase == WEB_PHASE_CHUNK_SIZE || reply->phase == WEB_PHASE_CHUNK_END
                    ? 0
                    : reply->headers_count;
            take_line(reply);
            return taken;
        }
        reply->line[reply->line_count++] = c;
    }
    return taken;
}

static size_t take_of_body(struct web_reply *reply, struct bytes piece)
{
    struct bytes part = piece;

    if (reply->phase != WEB_PHASE_CLOSE && part.count > reply->left) {
        part.count = (size_t)reply->left;
    }
    if (!keep(reply, part)) {
        return part.count;
    }
    if (reply->phase != WEB_PHASE_CLOSE) {
        reply->left -= part.count;
        if (reply->left == 0 && reply->phase == WEB_PHASE_CHUNK) {
            reply->phase = WEB_PHASE_CHUNK_END;
        } else if (reply->left == 0) {
            end_as(reply, WEB_REPLY_DONE);
        }
    }
    return part.count;
}

enum web_reply_state web_reply_take(struct web_reply *reply, struct bytes piece)
{
    while (piece.count > 0) {
        if (reply->state != WEB_REPLY_MORE) {
            if (reply->state == WEB_REPLY_DONE) {
                end_as(reply, WEB_REPLY_MALFORMED);
            }
            return reply->state;
        }
        reply->began = true;
        const size_t taken =
            is_in_lines(reply) ? take_of_line(reply, piece) : take_of_body(reply, piece);
        CHECK(taken <= piece.count);
        piece.data += taken;
        piece.count -= taken;
    }
    return reply->state;
}

enum web_reply_state web_reply_end(struct web_reply *reply)
{
    if (reply->state == WEB_REPLY_MORE) {
        end_as(reply, reply->phase == WEB_PHASE_CLOSE ? WEB_REPLY_DONE : WEB_REPLY_MALFORMED);
    }
    reply->stays_open = false;
    return reply->state;
}
