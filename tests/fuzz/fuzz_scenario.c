/* SPDX-License-Identifier: Apache-2.0 */
/* Scenario files from strangers: what is read is bounded, and a short one can be played. */
#include <stdint.h>
#include <string.h>

#include "relay/backtest/world.h"
#include "relay/base/check.h"

/* Played only below this, so that the time for one input is bounded. */
#define TICKS_PLAYED_MAX     200u
#define TRANSFERS_PLAYED_MAX 2000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct document_error error = {""};
    struct scenario *scenario = NULL;

    if (scenario_parse(bytes_from(data, size), &scenario, &error) != STATUS_OK) {
        CHECK(error.text[0] != '\0');
        CHECK(strchr(error.text, '\n') == NULL);
        return 0;
    }
    CHECK(scenario_ticks(scenario) <= SCENARIO_TICKS_MAX);
    double transfers_max = 0;
    for (uint32_t i = 0; i < scenario->flows_count; i++) {
        transfers_max += scenario->flows[i].per_hour * scenario->hours;
    }
    if (scenario_ticks(scenario) <= TICKS_PLAYED_MAX && transfers_max <= TRANSFERS_PLAYED_MAX) {
        struct transfers transfers = transfers_draw(scenario);
        for (const struct policy *policy = policies; policy->name != NULL; policy++) {
            struct world_result result;
            world_run(scenario, &transfers, policy, &result);
            CHECK(result.in_time <= result.transfers);
        }
        transfers_deinit(&transfers);
    }
    (void)scenario_free(scenario);
    return 0;
}
