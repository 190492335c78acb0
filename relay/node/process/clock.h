/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/process/clock.h: the system's clocks, for the shell alone: the core is told the time.
 *
 * Threads: any. A clock that cannot be read is a bug of the machine: CHECK. */
#ifndef SLUICE_RELAY_NODE_PROCESS_CLOCK_H
#define SLUICE_RELAY_NODE_PROCESS_CLOCK_H

#include "relay/base/instant.h"

/* The time of day, as the system believes it; it may jump. */
struct instant clock_now(void);
/* The same in whole seconds since 1970. */
uint64_t clock_now_s(void);
/* The clock that never goes back, since some instant; for deadlines and pauses. */
uint64_t clock_monotonic_ns(void);
uint64_t clock_monotonic_ms(void);

#endif
