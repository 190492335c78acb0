/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of messages that differ by their nonce alone, for benchmarks that need a million of them.
 * Usage: bench_ids MESSAGE COUNT > FILE: the first one's bytes as hexadecimal digits, its nonce the
 * first; 32 bytes for each, in order of nonces. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "relay/hyperlane/message.h"

enum { BYTES_MAX = 1024, NONCE_AT = 1 };

static int refuse(const char *what)
{
    (void)fprintf(stderr, "bench_ids: %s\n", what);
    return 2;
}

int main(int count, char **arguments)
{
    uint8_t message[BYTES_MAX];
    struct message_view view;
    size_t bytes = 0;
    char *end = NULL;

    if (count != 3 ||
        hex_decode(bytes_from_string(arguments[1]), sizeof(message), message, &bytes) !=
            STATUS_OK ||
        message_parse(bytes_from(message, bytes), &view) != STATUS_OK) {
        return refuse("expected a message's bytes as hexadecimal digits");
    }
    errno = 0;
    const unsigned long wanted = strtoul(arguments[2], &end, 10);
    if (errno != 0 || *end != '\0' || end == arguments[2] || wanted > UINT32_MAX - view.nonce) {
        return refuse("expected a number of messages");
    }
    for (unsigned long i = 0; i < wanted; i++) {
        const uint32_t nonce = view.nonce + (uint32_t)i;
        for (uint32_t byte = 0; byte < 4; byte++) {
            message[NONCE_AT + byte] = (uint8_t)(nonce >> (24 - 8 * byte));
        }
        const struct hash id = keccak256(bytes_from(message, bytes));
        if (fwrite(id.bytes, sizeof(id.bytes), 1, stdout) != 1) {
            return refuse("cannot write");
        }
    }
    return fflush(stdout) == 0 ? 0 : refuse("cannot write");
}
