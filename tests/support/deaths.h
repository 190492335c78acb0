/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/deaths.h: a life that ends at every call that changes files, in every way, and goes
 * on after it.
 *
 * A life is lived in a child process on the disk of tests/support/disk.h. For each of its calls and
 * for ways to die (the call not made, made in part, made; nothing lost, all lost, some lost of what
 * was not synced), a fresh folder sees: that death, another in the life after it, a life to its
 * end. After each the check looks at the folder. What the check needs to know of the lives is in
 * memory that the processes share.
 *
 * Each call is tried with three of the ways, each way at every few calls; with SLUICE_DEATHS_ALL in
 * the environment each call is tried with all of them. */
#ifndef SLUICE_TESTS_SUPPORT_DEATHS_H
#define SLUICE_TESTS_SUPPORT_DEATHS_H

#include <stddef.h>

#include "tests/support/disk.h"

struct deaths {
    void *shared; /* from deaths_shared */
    /* Before the first life in a folder. */
    void (*begin)(void *shared);
    /* In a child: one life in `folder`, where earlier lives may have been. Ends the process by a
     * failed CHECK when something is wrong. */
    void (*live)(void *shared, const char *folder);
    /* In the test's process, after each life. */
    void (*check)(void *shared, const char *folder);
};

/* Zeroed memory that outlives the children; for the life of the process. */
void *deaths_shared(size_t bytes_count);

/* Tries every death of the first life in a folder (`lives_before` 0) or of one after others, and
 * prints how many points and deaths there were. */
struct disk_counts deaths_everywhere(const struct deaths *deaths, unsigned lives_before);

#endif
