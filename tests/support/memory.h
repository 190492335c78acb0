/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/memory.h: an allocator that fails when it is told to.
 *
 * A program that links sluice_test_memory has malloc, calloc and realloc replaced for everything in
 * it, the C library's own calls and LMDB's included. Not for builds with a sanitizer, which has an
 * allocator of its own. Threads: one. */
#ifndef SLUICE_TESTS_SUPPORT_MEMORY_H
#define SLUICE_TESTS_SUPPORT_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#define MEMORY_FOREVER UINT64_MAX

/* The allocation after `calls` more, and `count` in all, give NULL. */
void memory_fail_at(uint64_t calls, uint64_t count);
/* Ends it. True: one failed. */
bool memory_heal(void);
/* Blocks that are not given back. */
int64_t memory_blocks(void);

#endif
