/* SPDX-License-Identifier: Apache-2.0 */
/* store/sha256_internal.h: the compression of two streams side by side, for sha256.c. */
#ifndef SLUICE_STORE_SHA256_INTERNAL_H
#define SLUICE_STORE_SHA256_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#define SHA256_BLOCK_BYTES 64u
#define SHA256_STATE_WORDS 8u

/* One stream: its state, and where its next blocks are. */
struct sha256_stream {
    uint32_t state[SHA256_STATE_WORDS];
    const uint8_t *blocks;
};

/* Can this processor do it? */
bool sha256_pair_is_possible(void);
/* Compresses the next `count` blocks of both and moves behind them. */
void sha256_pair_compress(struct sha256_stream *first, struct sha256_stream *second,
                          uint32_t count);

#endif
