/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/memory.h"

#include <errno.h>
#include <stddef.h>

/* The C library's allocator under the names that stay when ours are replaced. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);

static bool fails;
static bool has_failed;
static uint64_t calls_left;
static uint64_t failures_left;
static int64_t blocks;

void memory_fail_at(uint64_t calls, uint64_t count)
{
    calls_left = calls;
    failures_left = count;
    has_failed = false;
    fails = true;
}

bool memory_heal(void)
{
    fails = false;
    return has_failed;
}

int64_t memory_blocks(void)
{
    return blocks;
}

static bool fails_now(void)
{
    if (!fails || failures_left == 0) {
        return false;
    }
    if (calls_left > 0) {
        calls_left--;
        return false;
    }
    failures_left--;
    has_failed = true;
    errno = ENOMEM;
    return true;
}

static void *counted(void *block)
{
    blocks += block != NULL ? 1 : 0;
    return block;
}

void *malloc(size_t size)
{
    return fails_now() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
    if (fails_now()) {
        return NULL;
    }
    return block == NULL ? counted(__libc_malloc(size)) : __libc_realloc(block, size);
}

void free(void *block)
{
    blocks -= block != NULL ? 1 : 0;
    __libc_free(block);
}
