/* SPDX-License-Identifier: Apache-2.0 */
/* relay/backtest/counterfactual.h: why a policy made less than another one, measured.
 *
 * The same users are played again under changed decisions, so that a reason is a difference of two
 * values and no guess:
 *
 *   - each of its moves left out alone, every other made as it was: what that move brought. Then
 *     those that lost are left out one after the other, as long as each still loses.
 *   - the policy told what users will take (world_play.foresees): what not knowing them cost.
 *
 * Threads: one. Memory: the heap, given back. */
#ifndef SLUICE_RELAY_BACKTEST_COUNTERFACTUAL_H
#define SLUICE_RELAY_BACKTEST_COUNTERFACTUAL_H

#include "relay/backtest/world.h"

#define COUNTERFACTUAL_MOVES_MAX 4096u /* more of a policy's moves are not weighed */

struct counterfactual {
    size_t moves;        /* weighed, one by one */
    size_t moves_losing; /* without which alone the value would have been higher */
    double pruned;       /* the value without those of them that still lose, one after the other */
    double knowing;      /* the value of the policy told the future */
};

void counterfactual_run(const struct scenario *scenario, const struct transfers *transfers,
                        const struct policy *policy, struct counterfactual *ret_result);

#endif
