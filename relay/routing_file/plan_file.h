/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing_file/plan_file.h: plans as files, `sluice-plan/1`.
 *
 * JSON: format, status, steps, warm (the digest of the plan that the solver started from, if it
 * did), value, bound, gap, baseline, positions, flows, prices, group_prices, and branches when
 * there are any. An infeasible plan has status, steps, the prices that prove it, and `conflict`:
 * the bounds that contradict each other, in words.
 *
 * Threads: one owner. Memory: the heap. */
#ifndef SLUICE_RELAY_ROUTING_FILE_PLAN_FILE_H
#define SLUICE_RELAY_ROUTING_FILE_PLAN_FILE_H

#include <stdio.h>

#include "relay/routing_file/network_file.h"

struct plan_file {
    struct model_plan plan; /* owns its arrays */
    double *positions;
    double *flows;
    double *prices; /* of places, then of groups; then those of each leaf */
    struct model_branch *branches;
};

/* Reads a plan for `network`. STATUS_MALFORMED: `ret_error` says what and where, in one line; an id
 * that the network does not know, or one that is left out, is a mistake. STATUS_NO_MEMORY. */
MUST_USE enum status plan_file_parse(const struct network_file *network, struct bytes text,
                                     struct plan_file **ret_file, struct document_error *ret_error);
/* The same from a file; also the statuses of document_load. */
MUST_USE enum status plan_file_load(const struct network_file *network, const char *path,
                                    struct plan_file **ret_file, struct document_error *ret_error);
/* Accepts NULL, returns NULL. */
struct plan_file *plan_file_free(struct plan_file *file);

/* The plan as a document, which the caller owns. `conflict`: words for an infeasible one, else
 * NULL; borrowed. NULL: no memory. */
json_t *plan_file_document(const struct network_file *network, const struct model_plan *plan,
                           json_t *conflict);

#endif
