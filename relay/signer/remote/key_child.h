/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/remote/key_child.h: the process that reaches one key, and how the signer talks to
 * it: one message each way, in this order, over a socket that keeps their bounds. Both ends are one
 * program, so a message is the struct.
 *
 * Threads: one. */
#ifndef SLUICE_RELAY_SIGNER_REMOTE_KEY_CHILD_H
#define SLUICE_RELAY_SIGNER_REMOTE_KEY_CHILD_H

#include <stdnoreturn.h>

#include "proto/wire.h"
#include "relay/signer/remote/key_holder.h"

struct key_ask {
    uint64_t id; /* from 1 */
    uint32_t preimage_count;
    uint8_t reserved[4];
    struct hash digest;
    uint8_t preimage[WIRE_TRANSACTION_BYTES_MAX + 1u];
};

/* Before any question the child looks whether the key is there, and says so by an answer to
 * KEY_LOOK_ID without a signature. */
#define KEY_LOOK_ID UINT64_C(0)

struct key_answer {
    uint64_t id;
    uint32_t status; /* enum status */
    uint8_t r_and_s[KEY_SIGNATURE_BYTES];
    char why[KEY_WHY_BYTES];
    uint8_t reserved[4];
};

/* Confines itself and answers on `fd` until the other end is closed. */
noreturn void key_child_run(int fd, const struct key_place *place);

#endif
