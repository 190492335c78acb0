/* SPDX-License-Identifier: Apache-2.0 */
/* store/sha256.h: SHA-256 of many messages that do not depend on each other.
 *
 * One stream of SHA-256 waits for the processor's own instructions most of the time, since each
 * round needs the one before it. Where the processor has them, two messages go through side by
 * side, which takes little longer than one; elsewhere OpenSSL hashes one after the other. What
 * comes out is the same, and OpenSSL's.
 *
 * Pure: no allocation, no I/O. Threads: any; all that is kept is what the processor can do. */
#ifndef SLUICE_STORE_SHA256_H
#define SLUICE_STORE_SHA256_H

#include "relay/base/bytes.h"

/* not stored */
enum sha256_way {
    SHA256_SINGLE, /* OpenSSL, one after the other */
    SHA256_PAIRS,  /* two side by side */
};

/* The faster one of those that this processor can go. */
enum sha256_way sha256_way_best(void);

/* Of one message, by OpenSSL. */
struct hash sha256_of(struct bytes message);
/* The same of a message that is behind one byte more. */
struct hash sha256_of_behind(uint8_t prefix, struct bytes message);
/* ret_hashes[i] is that of messages[i], which are read where they lie. */
void sha256_many(enum sha256_way way, const struct bytes *messages, uint32_t count,
                 struct hash *ret_hashes);
/* ret_nodes[i] is the node (store/tree.h) over children[2 * i] and children[2 * i + 1]; they may
 * share memory: ret_nodes may be children. */
void sha256_nodes(enum sha256_way way, const struct hash *children, uint32_t nodes_count,
                  struct hash *ret_nodes);

#endif
