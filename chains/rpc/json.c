/* SPDX-License-Identifier: Apache-2.0 */
/* Two passes: scan() establishes everything yajl does not check and everything that bounds yajl's
 * memory; then yajl's callbacks append tokens. */
#include "chains/rpc/json.h"

#include <string.h>

#include <yajl/yajl_parse.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"

enum {
    BYTES_PER_TOKEN = 8,
    TOKENS_MIN = 1024,
    /* yajl doubles its buffer for a string with escapes and never frees in our arena: at most four
     * times the longest one, and its fixed parts. */
    ARENA_BYTES = 8 * JSON_ESCAPED_BYTES_MAX + 16384,
    ARENA_ALIGNMENT = 16,
};

/* The scanner: UTF-8, strings and nesting. */
struct scan {
    const uint8_t *at;
    const uint8_t *end;
    uint32_t depth;
    uint8_t closers[JSON_DEPTH_MAX];
};

/* Length of the UTF-8 sequence at `at`, 0 when it is none. Table 3-7 of the Unicode standard. */
static size_t utf8_length(const uint8_t *at, const uint8_t *end)
{
    const size_t left = (size_t)(end - at);
    const uint8_t first = at[0];

    if (first < 0x80) {
        return 1;
    }
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || left < length) {
        return 0;
    }
    uint8_t low = 0x80;
    uint8_t high = 0xbf;
    if (first == 0xe0) {
        low = 0xa0; /* overlong below */
    } else if (first == 0xed) {
        high = 0x9f; /* surrogates above */
    } else if (first == 0xf0) {
        low = 0x90; /* overlong below */
    } else if (first == 0xf4) {
        high = 0x8f; /* above U+10FFFF */
    }
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

/* Value of the four digits of "\uXXXX", -1 when they are not there. */
static int32_t escape_value(const uint8_t *at, const uint8_t *end)
{
    uint8_t bytes[2];
    size_t count = 0;

    if (end - at < 6 || at[0] != '\\' || at[1] != 'u' ||
        hex_decode(bytes_from(at + 2, 4), sizeof(bytes), bytes, &count) != STATUS_OK ||
        count != 2) {
        return -1;
    }
    return bytes[0] << 8 | bytes[1];
}

/* At a backslash: length of the escape, 0 when it is malformed. */
static size_t escape_length(const uint8_t *at, const uint8_t *end)
{
    if (end - at < 2) {
        return 0;
    }
    if (at[1] != 'u') {
        return 2; /* yajl knows which letters are escapes */
    }
    const int32_t value = escape_value(at, end);
    if (value < 0) {
        return 0;
    }
    if (value < 0xd800 || value > 0xdfff) {
        return 6;
    }
    const int32_t second = escape_value(at + 6, end);
    return value <= 0xdbff && second >= 0xdc00 && second <= 0xdfff ? 12 : 0;
}

enum { LANES = 16 };

typedef int8_t lanes __attribute__((vector_size(LANES)));

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTES_BEFORE(alarms) ((size_t)__builtin_ctzll(alarms) / 8)
#else
#define BYTES_BEFORE(alarms) ((size_t)__builtin_clzll(alarms) / 8)
#endif

/* Of the sixteen bytes at `at`, how many from the first on need no look: ASCII, not a control,
 * quote or backslash. What is not ASCII is negative here. */
static size_t plain_bytes(const uint8_t *at)
{
    lanes text;
    uint64_t alarms[2];

    memcpy(&text, at, sizeof(text));
    const lanes alarm = (lanes)((text < 0x20) | (text == '"') | (text == '\\'));
    memcpy(alarms, &alarm, sizeof(alarms));
    if (alarms[0] != 0) {
        return BYTES_BEFORE(alarms[0]);
    }
    return alarms[1] == 0 ? LANES : LANES / 2 + BYTES_BEFORE(alarms[1]);
}

/* From after the opening quote to after the closing one. */
static enum status scan_string(struct scan *scan)
{
    const uint8_t *const start = scan->at;
    bool has_escapes = false;

    while (scan->at < scan->end && *scan->at != '"') {
        const size_t plain = scan->end - scan->at >= LANES ? plain_bytes(scan->at) : 0;
        if (plain > 0) {
            scan->at += plain;
            continue;
        }
        size_t length = 0;
        if (*scan->at == '\\') {
            has_escapes = true;
            length = escape_length(scan->at, scan->end);
        } else if (*scan->at >= 0x20) {
            length = utf8_length(scan->at, scan->end);
        }
        if (length == 0) {
            return STATUS_MALFORMED;
        }
        scan->at += length;
    }
    if (scan->at >= scan->end ||
        (has_escapes && (size_t)(scan->at - start) > JSON_ESCAPED_BYTES_MAX)) {
        return STATUS_MALFORMED;
    }
    scan->at++;
    return STATUS_OK;
}

static enum status scan_byte(struct scan *scan)
{
    const uint8_t byte = *scan->at++;

    if (byte == '"') {
        return scan_string(scan);
    }
    if (byte == '{' || byte == '[') {
        if (scan->depth == JSON_DEPTH_MAX) {
            return STATUS_MALFORMED;
        }
        scan->closers[scan->depth++] = byte == '{' ? '}' : ']';
        return STATUS_OK;
    }
    if (byte == '}' || byte == ']') {
        if (scan->depth == 0 || scan->closers[scan->depth - 1] != byte) {
            return STATUS_MALFORMED;
        }
        scan->depth--;
        return STATUS_OK;
    }
    return byte < 0x80 ? STATUS_OK : STATUS_MALFORMED;
}

/* Checks the whole text and cuts blanks at its ends, so that yajl never sees an unfinished token,
 * which it would copy. */
static enum status scan_text(struct bytes text, struct bytes *ret_trimmed)
{
    struct scan scan = {.at = text.data, .end = text.data + text.count};

    while (scan.at < scan.end && memchr(" \t\r\n", *scan.at, 4) != NULL) {
        scan.at++;
    }
    const uint8_t *const start = scan.at;
    while (scan.at < scan.end) {
        const enum status status = scan_byte(&scan);
        if (status != STATUS_OK) {
            return status;
        }
        if (scan.depth == 0) {
            break;
        }
    }
    if (scan.at == start || (*start != '{' && *start != '[') || scan.depth != 0) {
        return STATUS_MALFORMED;
    }
    *ret_trimmed = bytes_from(start, (size_t)(scan.at - start));
    for (; scan.at < scan.end; scan.at++) {
        if (memchr(" \t\r\n", *scan.at, 4) == NULL) {
            return STATUS_MALFORMED;
        }
    }
    return STATUS_OK;
}

/* yajl's memory: taken from the front of the arena, given back all at once by the next parse. Each
 * block is led by its size, for realloc. */
static void *arena_take(void *context, size_t size)
{
    struct json_parser *parser = context;
    const size_t rounded = (size + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;

    CHECK(size <= ARENA_BYTES);
    CHECK(parser->arena_count + ARENA_ALIGNMENT + rounded <= ARENA_BYTES); /* scan() bounds it */
    uint8_t *const block = parser->arena + parser->arena_count + ARENA_ALIGNMENT;
    memcpy(block - ARENA_ALIGNMENT, &size, sizeof(size));
    parser->arena_count += ARENA_ALIGNMENT + rounded;
    return block;
}

static void *arena_retake(void *context, void *block, size_t size)
{
    size_t old_size = 0;
    uint8_t *const moved = arena_take(context, size);

    if (block != NULL) {
        memcpy(&old_size, (uint8_t *)block - ARENA_ALIGNMENT, sizeof(old_size));
        memcpy(moved, block, old_size < size ? old_size : size);
    }
    return moved;
}

static void arena_drop(void *context, void *block)
{
    (void)context;
    (void)block;
}

/* The new token, NULL when there is no room. */
static struct json_token *append_token(struct json_parser *parser, enum json_kind kind)
{
    if (parser->tokens_count == parser->tokens_max) {
        parser->full = true;
        return NULL;
    }
    struct json_token *const token = &parser->tokens[parser->tokens_count++];
    *token = (struct json_token){.kind = kind, .span = 1};
    return token;
}

static void count_child(struct json_parser *parser)
{
    if (parser->depth > 0) {
        parser->tokens[parser->open[parser->depth - 1]].count++;
    }
}

static int append_plain(struct json_parser *parser, enum json_kind kind)
{
    count_child(parser);
    return append_token(parser, kind) != NULL;
}

/* Text that yajl unescaped lies in its own buffer, which it uses again; what it did not unescape
 * lies in the input and stays. */
static bool keep_text(struct json_parser *parser, const uint8_t *text, size_t count,
                      struct bytes *ret_kept)
{
    const bool is_in_arena = text >= parser->arena && text < parser->arena + ARENA_BYTES;

    if (!is_in_arena) {
        *ret_kept = bytes_from(text, count);
        return true;
    }
    if (count > parser->texts_max - parser->texts_count) {
        parser->full = true;
        return false;
    }
    uint8_t *const kept = parser->texts + parser->texts_count;
    memcpy(kept, text, count);
    parser->texts_count += count;
    *ret_kept = bytes_from(kept, count);
    return true;
}

static int on_null(void *context)
{
    return append_plain(context, JSON_NULL);
}

static int on_boolean(void *context, int value)
{
    return append_plain(context, value != 0 ? JSON_TRUE : JSON_FALSE);
}

static int append_text(struct json_parser *parser, enum json_kind kind, const uint8_t *text,
                       size_t count)
{
    struct json_token *const token = append_token(parser, kind);

    return token != NULL && keep_text(parser, text, count, &token->text);
}

static int on_number(void *context, const char *text, size_t count)
{
    count_child(context);
    return append_text(context, JSON_NUMBER, (const uint8_t *)text, count);
}

static int on_string(void *context, const unsigned char *text, size_t count)
{
    count_child(context);
    return append_text(context, JSON_STRING, text, count);
}

static int on_key(void *context, const unsigned char *text, size_t count)
{
    return append_text(context, JSON_STRING, text, count);
}

static int open_container(struct json_parser *parser, enum json_kind kind)
{
    CHECK(parser->depth < JSON_DEPTH_MAX); /* scan_byte refused more */
    count_child(parser);
    if (append_token(parser, kind) == NULL) {
        return 0;
    }
    parser->open[parser->depth++] = parser->tokens_count - 1;
    return 1;
}

static int close_container(void *context)
{
    struct json_parser *parser = context;

    CHECK(parser->depth > 0);
    const uint32_t opened = parser->open[--parser->depth];
    parser->tokens[opened].span = parser->tokens_count - opened;
    return 1;
}

static int on_object(void *context)
{
    return open_container(context, JSON_OBJECT);
}

static int on_array(void *context)
{
    return open_container(context, JSON_ARRAY);
}

static size_t tokens_for(size_t text_bytes_max)
{
    const size_t tokens = text_bytes_max / BYTES_PER_TOKEN;

    return tokens > TOKENS_MIN ? tokens : TOKENS_MIN;
}

size_t json_parser_footprint(size_t text_bytes_max)
{
    return tokens_for(text_bytes_max) * sizeof(struct json_token) + ARENA_BYTES +
           2 * JSON_ESCAPED_BYTES_MAX;
}

void json_parser_init(struct json_parser *parser, void *memory, size_t text_bytes_max)
{
    const size_t tokens_max = tokens_for(text_bytes_max);
    uint8_t *const base = memory;

    CHECK(tokens_max <= UINT32_MAX);
    memset(parser, 0, sizeof(*parser));
    parser->arena = base; /* first: it needs the alignment most */
    parser->tokens = (struct json_token *)(void *)(base + ARENA_BYTES);
    parser->tokens_max = (uint32_t)tokens_max;
    parser->texts = base + ARENA_BYTES + tokens_max * sizeof(struct json_token);
    parser->texts_max = 2 * JSON_ESCAPED_BYTES_MAX;
}

enum status json_parse(struct json_parser *parser, struct bytes text,
                       const struct json_token **ret_root)
{
    static const yajl_callbacks callbacks = {
        .yajl_null = on_null,
        .yajl_boolean = on_boolean,
        .yajl_number = on_number,
        .yajl_string = on_string,
        .yajl_start_map = on_object,
        .yajl_map_key = on_key,
        .yajl_end_map = close_container,
        .yajl_start_array = on_array,
        .yajl_end_array = close_container,
    };
    yajl_alloc_funcs memory = {
        .malloc = arena_take, .realloc = arena_retake, .free = arena_drop, .ctx = parser};
    struct bytes trimmed = {0};

    parser->tokens_count = 0;
    parser->texts_count = 0;
    parser->arena_count = 0;
    parser->depth = 0;
    parser->full = false;
    const enum status status = scan_text(text, &trimmed);
    if (status != STATUS_OK) {
        return status;
    }
    yajl_handle yajl = yajl_alloc(&callbacks, &memory, parser);
    /* scan_text was stricter already. */
    (void)yajl_config(yajl, yajl_dont_validate_strings, 1);
    yajl_status parsed = yajl_parse(yajl, trimmed.data, trimmed.count);
    if (parsed == yajl_status_ok) {
        parsed = yajl_complete_parse(yajl);
    }
    yajl_free(yajl);
    if (parsed != yajl_status_ok) {
        return parser->full ? STATUS_FULL : STATUS_MALFORMED;
    }
    CHECK(parser->depth == 0);
    CHECK(parser->tokens_count > 0);
    *ret_root = parser->tokens;
    return STATUS_OK;
}
