/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/process/clock.h"

#include <time.h>

#include "relay/base/check.h"

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

static uint64_t read_ns(clockid_t clock)
{
    struct timespec now;

    CHECK(clock_gettime(clock, &now) == 0);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

struct instant clock_now(void)
{
    return (struct instant){.ns = read_ns(CLOCK_REALTIME)};
}

uint64_t clock_now_s(void)
{
    return read_ns(CLOCK_REALTIME) / NS_PER_S;
}

uint64_t clock_monotonic_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

uint64_t clock_monotonic_ms(void)
{
    return clock_monotonic_ns() / NS_PER_MS;
}
