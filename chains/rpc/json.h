/* SPDX-License-Identifier: Apache-2.0 */
/* chains/rpc/json.h: JSON from outside, as a flat tree of tokens inside given memory.
 *
 * yajl does the grammar; this module adds what yajl lacks: a depth limit, strict UTF-8 (no overlong
 * forms, no surrogates, escaped ones only in pairs), bounded memory whatever the input, and
 * look-ups that see a duplicate key. Numbers are kept as text: chains write theirs as hexadecimal
 * strings.
 *
 * Threads: none; one parser, one user. Memory: given at init; tokens and their text are borrowed
 * from the parser and the parsed text until the next parse. Errors: STATUS_MALFORMED means the text
 * is not JSON as this module takes it; STATUS_FULL that it has more tokens than were provided for.
 */
#ifndef SLUICE_CHAINS_RPC_JSON_H
#define SLUICE_CHAINS_RPC_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/base/amount.h"
#include "relay/base/bytes.h"

#define JSON_DEPTH_MAX         16u    /* nesting of arrays and objects */
#define JSON_ESCAPED_BYTES_MAX 16384u /* length of a string that has escapes in it */

enum json_kind {
    JSON_NULL = 1,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json_token {
    enum json_kind kind;
    uint32_t span;     /* tokens of this value, itself included */
    uint32_t count;    /* elements of an array, members of an object */
    struct bytes text; /* of a number (as written) or string (unescaped) */
};

struct json_parser {
    struct json_token *tokens;
    uint32_t tokens_max;
    uint32_t tokens_count;
    uint8_t *texts; /* unescaped strings */
    size_t texts_max;
    size_t texts_count;
    uint8_t *arena; /* yajl's memory; bounded by what scan() lets through */
    size_t arena_count;
    uint32_t open[JSON_DEPTH_MAX]; /* containers being filled, outermost first */
    uint32_t depth;
    bool full;
};

/* Bytes json_parser_init needs for texts of up to `text_bytes_max`. Tokens are provided for at one
 * per 8 bytes, which chain data stays far below and only junk exceeds. */
size_t json_parser_footprint(size_t text_bytes_max);
/* `memory` is max-aligned and belongs to the parser from now on. */
void json_parser_init(struct json_parser *parser, void *memory, size_t text_bytes_max);

/* Parses one whole text, an object or an array. */
MUST_USE enum status json_parse(struct json_parser *parser, struct bytes text,
                                const struct json_token **ret_root);

/* Children of an array, or keys and values in turn of an object. NULL when there is none. */
const struct json_token *json_first(const struct json_token *container);
/* The token after this value. The caller counts: there is no mark at the end. */
const struct json_token *json_after(const struct json_token *value);
/* STATUS_NOT_FOUND: no such member. STATUS_MALFORMED: not an object, or the key is there twice. */
MUST_USE enum status json_find(const struct json_token *object, const char *key,
                               const struct json_token **ret_value);
/* The same, with NULL for both failures: for members that must be there. Accepts NULL. */
const struct json_token *json_member(const struct json_token *object, const char *key);

/* Several members in one walk: NULL in `ret_values` for one that is not there. `keys` ends with
 * NULL; there are at most 32. STATUS_MALFORMED: not an object, or one of the keys is there twice.
 */
MUST_USE enum status json_members(const struct json_token *object, const char *const *keys,
                                  const struct json_token **ret_values);

bool json_is_null(const struct json_token *value);

/* Chain values. Each is STATUS_MALFORMED when `value` is NULL or not exactly that form. */

/* "0x" and digits without leading zeros ("0x0" is zero), at most 64 bits. */
MUST_USE enum status json_quantity(const struct json_token *value, uint64_t *ret_quantity);
/* The same up to 256 bits. */
MUST_USE enum status json_amount(const struct json_token *value, struct amount *ret_amount);
/* "0x" and an even number of digits. STATUS_FULL: more than `capacity` bytes. */
MUST_USE enum status json_data(const struct json_token *value, size_t capacity, uint8_t *ret_bytes,
                               size_t *ret_count);
/* Number of bytes json_data would give, without reading the digits. */
MUST_USE enum status json_data_size(const struct json_token *value, size_t *ret_count);
MUST_USE enum status json_hash(const struct json_token *value, struct hash *ret_hash);
/* Exactly 20 bytes. */
MUST_USE enum status json_evm_address(const struct json_token *value, struct address *ret_address);
/* A number without fraction or exponent, at most 2^53. */
MUST_USE enum status json_whole(const struct json_token *value, int64_t *ret_integer);

#endif
