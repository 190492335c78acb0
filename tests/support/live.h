/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/live.h: the smallest node there is: a core, its rows and a journal. It steps events
 * and commits after each one, and does nothing that the core asks for. */
#ifndef SLUICE_TESTS_SUPPORT_LIVE_H
#define SLUICE_TESTS_SUPPORT_LIVE_H

#include "relay/base/prng.h"
#include "relay/core/core.h"
#include "store/journal.h"

struct live;

/* Borrows `journal` until live_free. */
struct live *live_new(struct journal *journal);
struct live *live_free(struct live *live); /* returns NULL */

/* Steps and commits one event. An EVENT_START begins the core anew over its rows. */
void live_step(struct live *live, const struct event *event);

/* As much as there may be: so many chains, all delivered to and validated, and sending keys. */
void live_config(uint32_t chains_count, uint32_t keys_count, struct core_config *ret_config);

/* A start, some minutes of two chains with messages, silly answers and an operator, a restart in
 * the middle and a stop: about `events_count` events. */
void live_run(struct live *live, uint64_t seed, unsigned events_count);

#endif
