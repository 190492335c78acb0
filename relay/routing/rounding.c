/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing/rounding.h"

#include "relay/base/check.h"

static bool corridor_is_lossless(const struct route_corridor *corridor)
{
    const struct amount one = amount_from_u64(1000000000);
    struct amount out;

    return corridor->output == ROUTE_OUTPUT_LINEAR &&
           route_decimal_of_floor(&one, corridor->gain, &out) == STATUS_OK &&
           amount_equal(&one, &out);
}

static struct route_move *move_find(struct route_move *moves, uint32_t moves_count, uint32_t from,
                                    uint32_t to)
{
    for (uint32_t i = 0; i < moves_count; i++) {
        if (moves[i].from == from && moves[i].to == to) {
            return &moves[i];
        }
    }
    return NULL;
}

/* Takes from an opposite move what both have; returns what is left of `amount`. */
static struct amount move_net(struct route_move *opposite, struct amount amount)
{
    const struct amount both = amount_smaller(&opposite->amount, &amount);
    const enum status shrunk = amount_subtract(&opposite->amount, &both, &opposite->amount);
    const enum status left = amount_subtract(&amount, &both, &amount);

    CHECK(shrunk == STATUS_OK);
    CHECK(left == STATUS_OK);
    return amount;
}

static uint32_t moves_without_zeros(struct route_move *moves, uint32_t moves_count)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < moves_count; i++) {
        if (!amount_is_zero(&moves[i].amount)) {
            moves[kept++] = moves[i];
        }
    }
    return kept;
}

enum status route_moves(const struct network *network, const struct route_plan *plan,
                        struct route_move *moves, uint32_t moves_max, uint32_t *ret_moves_count)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < network->counts.corridors; i++) {
        const struct route_corridor *corridor = &network->corridors[i];
        const uint32_t from = network->places[corridor->from].tag;
        const uint32_t to = network->places[corridor->to].tag;
        struct amount amount = plan->flows[i];
        struct route_move *opposite = move_find(moves, count, to, from);
        struct route_move *same = move_find(moves, count, from, to);

        if (opposite != NULL && corridor_is_lossless(corridor)) {
            amount = move_net(opposite, amount);
        }
        if (amount_is_zero(&amount)) {
            continue;
        }
        if (same != NULL) {
            const enum status status = amount_add(&same->amount, &amount, &same->amount);
            CHECK(status == STATUS_OK); /* both left a place that held them */
            continue;
        }
        if (count == moves_max) {
            return STATUS_FULL;
        }
        moves[count++] = (struct route_move){.from = from, .to = to, .amount = amount};
    }
    *ret_moves_count = moves_without_zeros(moves, count);
    return STATUS_OK;
}
