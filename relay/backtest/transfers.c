/* SPDX-License-Identifier: Apache-2.0 */
/* relay/backtest/transfers.c: the users of a scenario, drawn from its seed. */
#include <stdlib.h>

#include "relay/backtest/world.h"
#include "relay/base/check.h"
#include "relay/base/prng.h"

/* A step is cut into so many trials per expected transfer, so that counts vary as users do. */
#define TRIALS_PER_TRANSFER 4.0

static double part(struct prng *prng)
{
    return (double)(prng_u64(prng) >> 11) / 9007199254740992.0;
}

/* 2^x to a thousandth, by halving and doubling around a cubic: no library's pow. */
static double power_of_two(double x)
{
    double scale = 1;

    while (x >= 1) {
        scale *= 2;
        x -= 1;
    }
    while (x < 0) {
        scale /= 2;
        x += 1;
    }
    return scale * (1 + x * (0.6951786 + x * (0.2261697 + x * 0.0786517)));
}

/* From 1 - swing at midnight to 1 + swing at noon, in straight lines. */
static double daylight(double hour, double swing)
{
    double of_day = hour;

    while (of_day >= 24) {
        of_day -= 24;
    }
    const double from_noon = of_day < 12 ? 12 - of_day : of_day - 12;
    return 1 + swing * (1 - from_noon / 6);
}

static void transfer_add(struct transfers *transfers, size_t *capacity, struct transfer transfer)
{
    if (transfers->count == *capacity) {
        *capacity = *capacity == 0 ? 1024 : 2 * *capacity;
        struct transfer *list = realloc(transfers->list, *capacity * sizeof(*list));
        CHECK(list != NULL);
        transfers->list = list;
    }
    transfers->list[transfers->count++] = transfer;
}

struct transfers transfers_draw(const struct scenario *scenario)
{
    struct prng prng = prng_from(scenario->seed);
    struct transfers transfers = {0};
    size_t capacity = 0;

    for (uint32_t tick = 0; tick < scenario_ticks(scenario); tick++) {
        const double hour = (double)tick * scenario->step_s / 3600;
        for (uint32_t i = 0; i < scenario->flows_count; i++) {
            const struct scenario_flow *flow = &scenario->flows[i];
            const double expected =
                flow->per_hour * scenario->step_s / 3600 * daylight(hour, flow->swing);
            const uint32_t trials = (uint32_t)(TRIALS_PER_TRANSFER * expected) + 4;
            if (hour < flow->start_h || hour >= flow->end_h) {
                continue;
            }
            for (uint32_t k = 0; k < trials; k++) {
                if (!(part(&prng) < expected / trials)) {
                    continue;
                }
                /* Two parts: sizes near the median are the most frequent. */
                const double size = part(&prng) + part(&prng) - 1;
                transfer_add(&transfers, &capacity,
                             (struct transfer){tick, flow->from, flow->to,
                                               flow->median * power_of_two(flow->spread * size)});
            }
        }
    }
    return transfers;
}

void transfers_deinit(struct transfers *transfers)
{
    free(transfers->list);
    *transfers = (struct transfers){0};
}
