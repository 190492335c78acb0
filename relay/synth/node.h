/* SPDX-License-Identifier: Apache-2.0 */
/* relay/synth/node.h: the core with a journal beneath it: steps an event, journals it and what was
 * decided, commits many steps at once. Threads: one. */
#ifndef SLUICE_RELAY_SYNTH_NODE_H
#define SLUICE_RELAY_SYNTH_NODE_H

#include "relay/core/core.h"
#include "store/journal.h"

struct synth_node;

/* Borrows `journal` until synth_node_free. STATUS_NO_MEMORY; statuses of journal_reader_open. */
MUST_USE enum status synth_node_new(struct journal *journal, struct synth_node **ret_node);
struct synth_node *synth_node_free(struct synth_node *node); /* accepts NULL, returns NULL */

/* One step; EVENT_START begins a process anew, over what is durable. Statuses of journal_commit. */
MUST_USE enum status synth_node_step(struct synth_node *node, const struct event *event,
                                     struct core_output *ret_output);
MUST_USE enum status synth_node_commit(struct synth_node *node);
/* Records so far, those that wait for their commit included. */
uint64_t synth_node_records(const struct synth_node *node);

#endif
