/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/block_internal.h: arrays one after the other in one block of the caller's.
 *
 * A footprint is the sum of block_align of every array; an init takes them in the same order.
 * certificate.c has its own: it shares no code with what it checks. */
#ifndef SLUICE_RELAY_ROUTING_BLOCK_INTERNAL_H
#define SLUICE_RELAY_ROUTING_BLOCK_INTERNAL_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

/* What an array of so many bytes takes of a block. */
static inline size_t block_align(size_t bytes)
{
    const size_t align = alignof(max_align_t);

    return (bytes + align - 1) / align * align;
}

/* Takes an array from `*rest`, which is max-aligned before and after. */
static inline void *block_take(uint8_t **rest, size_t bytes)
{
    void *taken = *rest;

    *rest += block_align(bytes);
    return taken;
}

#endif
