/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/websocket.h: a websocket client for test programs on loopback: blocking to connect,
 * then polled. No TLS, no extensions, no fragments larger than the caller's memory.
 *
 * Threads: one owner. */
#ifndef SLUICE_TESTS_SUPPORT_WEBSOCKET_H
#define SLUICE_TESTS_SUPPORT_WEBSOCKET_H

#include <stddef.h>
#include <stdint.h>

#include "relay/base/bytes.h"

struct websocket {
    int fd; /* -1: not connected */
    uint8_t *input;
    size_t input_max;
    size_t input_count;
    size_t consumed; /* bytes of the frame given last */
};

/* Connects to 127.0.0.1. `input` is memory for what comes in and belongs to the socket.
 * STATUS_UNREACHABLE: nobody listens, or no websocket. */
MUST_USE enum status websocket_open(struct websocket *websocket, uint16_t port, void *input,
                                    size_t input_max);
void websocket_close(struct websocket *websocket);
/* STATUS_IO: the connection ended. */
MUST_USE enum status websocket_send(struct websocket *websocket, struct bytes message);
/* The next whole message, borrowed until the next call. STATUS_NOT_FOUND: none yet. STATUS_IO: the
 * connection ended. STATUS_FULL: a message larger than the memory. */
MUST_USE enum status websocket_receive(struct websocket *websocket, struct bytes *ret_message);

#endif
