/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/nearest.h: what somebody meant who mistyped a name.
 *
 * Threads: none; pure. */
#ifndef SLUICE_RELAY_BASE_NEAREST_H
#define SLUICE_RELAY_BASE_NEAREST_H

#include <stddef.h>

/* The candidate closest to `word` by edit distance; NULL when none is close: more than half of the
 * word would have to be changed. Borrowed. */
const char *nearest_word(const char *word, const char *const *candidates, size_t count);

#endif
