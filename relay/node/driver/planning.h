/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/driver/planning.h: COMMAND_PLAN answered: a packed network in, EVENT_PLANNED out.
 *
 * The node calls it on its planner thread, the simulator where it likes: the same network gives the
 * same answer. Memory for the solver is taken and given back inside the call.
 *
 * Threads: any; nothing is shared. */
#ifndef SLUICE_RELAY_NODE_DRIVER_PLANNING_H
#define SLUICE_RELAY_NODE_DRIVER_PLANNING_H

#include "relay/core/event.h"

/* What the event points to. */
struct planning {
    struct planned_move moves[MOVES_PER_PLAN_MAX];
    uint8_t proof[PLAN_PROOF_BYTES_MAX];
    char reason[REASON_BYTES_MAX];
};

/* `*ret_event` borrows `planning`. The tags of the network's places are indexes of routers.
 * OUTCOME_REFUSED: the network is malformed, beyond this solver, or has no plan; OUTCOME_UNKNOWN:
 * no memory. */
void planning_answer(const struct hash *plan_id, struct bytes network, struct planning *planning,
                     struct event *ret_event);

#endif
