/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/backtest/counterfactual.h"

#include <stdlib.h>

#include "relay/base/check.h"

/* Of the value: less is rounding. */
#define LEAST_PART 1e-9

struct replay {
    const struct scenario *scenario;
    const struct transfers *transfers;
    struct world_diary diary;
    bool *left_out; /* by move of the diary */
};

static double replay_value(const struct replay *replay)
{
    const struct world_play play = {.script = &replay->diary, .left_out = replay->left_out};
    struct world_result result;

    world_run_play(replay->scenario, replay->transfers, &play, &result);
    return result.value;
}

/* Does the policy make more without this move alone? */
static bool is_losing(struct replay *replay, size_t move, double value)
{
    replay->left_out[move] = true;
    const double without = replay_value(replay);
    replay->left_out[move] = false;
    return without - value > LEAST_PART * (value < 0 ? -value : value);
}

/* Leaving out one can make another one worth its cost: of those that lose alone, each is left out
 * if it still loses once the ones before it are gone. */
static void moves_weigh(struct replay *replay, double value, struct counterfactual *ret_result)
{
    const size_t count = replay->diary.count < COUNTERFACTUAL_MOVES_MAX ? replay->diary.count
                                                                        : COUNTERFACTUAL_MOVES_MAX;
    bool *losing = calloc(count + 1, sizeof(*losing));

    CHECK(losing != NULL);
    ret_result->moves = count;
    for (size_t i = 0; i < count; i++) {
        losing[i] = is_losing(replay, i, value);
        ret_result->moves_losing += losing[i] ? 1u : 0u;
    }
    ret_result->pruned = value;
    for (size_t i = 0; i < count; i++) {
        if (losing[i] && is_losing(replay, i, ret_result->pruned)) {
            replay->left_out[i] = true;
            ret_result->pruned = replay_value(replay);
        }
    }
    free(losing);
}

void counterfactual_run(const struct scenario *scenario, const struct transfers *transfers,
                        const struct policy *policy, struct counterfactual *ret_result)
{
    struct replay replay = {.scenario = scenario, .transfers = transfers};
    struct world_play play = {.policy = policy, .diary = &replay.diary};
    struct world_result result;

    *ret_result = (struct counterfactual){.moves = 0};
    world_run_play(scenario, transfers, &play, &result);
    replay.left_out = calloc(replay.diary.count + 1, sizeof(*replay.left_out));
    CHECK(replay.left_out != NULL);
    moves_weigh(&replay, result.value, ret_result);
    free(replay.left_out);
    world_diary_deinit(&replay.diary);
    play = (struct world_play){.policy = policy, .foresees = true};
    world_run_play(scenario, transfers, &play, &result);
    ret_result->knowing = result.value;
}
