/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/instant.h: relay time.
 *
 * Nanoseconds since the Unix epoch; never moves back within one journal. Nobody below the shell
 * reads a clock: an instant arrives with each event. */
#ifndef SLUICE_RELAY_BASE_INSTANT_H
#define SLUICE_RELAY_BASE_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

struct instant {
    uint64_t ns;
};

struct duration {
    uint64_t ns;
};

#define DURATION_MS(ms) ((struct duration){.ns = (uint64_t)(ms)*1000000u})

/* Saturates at the end of time instead of wrapping. */
static inline struct instant instant_after(struct instant start, struct duration wait)
{
    const uint64_t ns = start.ns + wait.ns;
    return (struct instant){.ns = ns < start.ns ? UINT64_MAX : ns};
}

static inline bool instant_is_past(struct instant deadline, struct instant now)
{
    return deadline.ns <= now.ns;
}

/* Zero when `later` is not later. */
static inline struct duration instant_since(struct instant later, struct instant earlier)
{
    return (struct duration){.ns = later.ns > earlier.ns ? later.ns - earlier.ns : 0};
}

#endif
