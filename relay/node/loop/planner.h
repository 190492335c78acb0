/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/loop/planner.h: the thread on which the routing core runs.
 *
 * Threads: created, asked and freed by the loop's. */
#ifndef SLUICE_RELAY_NODE_LOOP_PLANNER_H
#define SLUICE_RELAY_NODE_LOOP_PLANNER_H

#include "relay/node/driver/planning.h"

struct planner;

/* `wake` is called on the planner's thread whenever an answer can be taken. NULL: no memory. */
struct planner *planner_new(void (*wake)(void *context), void *context);
/* Ends the thread after the plan under way. Accepts NULL, returns NULL. */
struct planner *planner_free(struct planner *planner);

/* Copied. STATUS_FULL: plans are waiting already. */
MUST_USE enum status planner_ask(struct planner *planner, const struct hash *plan_id,
                                 struct bytes network);
/* The next EVENT_PLANNED; `*ret_event` borrows `planning`. False: none. */
bool planner_take(struct planner *planner, struct planning *planning, struct event *ret_event);

#endif
