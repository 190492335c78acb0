/* SPDX-License-Identifier: Apache-2.0 */
/* chains/rpc/frame.h: JSON-RPC 2.0 over a transport of whole messages.
 *
 * Writing: requests into a buffer, alone or several in a batch array; text comes from this program
 * alone, so nothing needs escaping (a CHECK). Reading: each message from outside gives its items:
 * results and errors with the id they answer, and subscription notifications. An id is only a
 * claim: the caller matches it with what that endpoint was asked.
 *
 * Threads: none. Memory: items are borrowed from the parser until its next parse. */
#ifndef SLUICE_CHAINS_RPC_FRAME_H
#define SLUICE_CHAINS_RPC_FRAME_H

#include "chains/rpc/json.h"

/* Remembers the first write that did not fit; what came before is then unusable too. */
struct json_writer {
    struct buffer buffer;
    bool overrun;
};

struct json_writer json_writer_from(void *memory, size_t capacity);
/* Plain text, as it stands. */
void json_write(struct json_writer *writer, const char *text);
void json_write_decimal(struct json_writer *writer, uint64_t value);
/* Strings with their quotes: "0x1f", "0x00ab", and a name of ours. */
void json_write_quantity(struct json_writer *writer, uint64_t value);
void json_write_amount(struct json_writer *writer, const struct amount *value);
void json_write_data(struct json_writer *writer, struct bytes bytes);
void json_write_evm_address(struct json_writer *writer, const struct address *address);

/* {"jsonrpc":"2.0","id":ID,"method":"METHOD","params":[ ... the caller writes ... ]} */
void rpc_write_begin(struct json_writer *writer, uint64_t id, const char *method);
void rpc_write_end(struct json_writer *writer);

enum rpc_item_kind {
    RPC_RESULT = 1,
    RPC_ERROR,
    RPC_NOTIFICATION,
    RPC_UNKNOWN, /* none of these: counted, otherwise ignored */
};

struct rpc_item {
    enum rpc_item_kind kind;
    bool has_id; /* false for an error: the node could not read which question it was */
    uint64_t id;
    const struct json_token *result; /* of a result or notification */
    int64_t code;                    /* of an error */
    struct bytes message;            /* hostile text */
    const struct json_token *data;   /* NULL: none */
    struct bytes subscription;       /* of a notification */
};

struct rpc_items {
    const struct json_token *at;
    uint32_t left;
};

/* Parses a message and starts over its items. Status as json_parse. */
MUST_USE enum status rpc_open(struct json_parser *parser, struct bytes message,
                              struct rpc_items *ret_items);
/* False when there is no more. */
bool rpc_next(struct rpc_items *items, struct rpc_item *ret_item);

#endif
