/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/allocation.h: the best plan for a whole model, fixed costs included, with proof.
 *
 * The simplex method (simplex.h) does the work; it can start from an earlier plan. With
 * transactions their costs are first spread over the corridors' whole width, which bounds every
 * plan from above; then over what the last plan ships (slope scaling), which finds good plans;
 * last, branch and bound decides one transaction after the other until the largest bound of the
 * leaves is near enough. The plan carries the tree, so that the certificate can walk it. The gap
 * that is left is what the certificate says: it is never guessed.
 *
 * Steps are counted, never timed: one is as many pivots as there are places and groups, and 64. An
 * interrupted solve says the best plan so far.
 *
 * Same model, same options: same answer, bit for bit. Threads: none. Memory: the caller's; all of
 * it is known before the first step. */
#ifndef SLUICE_RELAY_ROUTING_ALLOCATION_H
#define SLUICE_RELAY_ROUTING_ALLOCATION_H

#include "relay/routing/certificate.h"
#include "relay/routing/simplex.h"

struct allocation_options {
    double gap;         /* stop at this one; above 0 */
    uint64_t steps_max; /* at least 1 */
    /* An earlier plan of this network, or of one with the same places and corridors; both NULL:
     * from nothing. Any numbers do: a bad start costs time, never truth. */
    const double *warm_positions;
    const double *warm_flows;
};

struct allocation {
    const struct model *model;
    struct simplex simplex;
    void *simplex_memory;
    uint32_t nodes_max; /* of the tree */
};

/* Bytes for allocation_init; the model has passed model_check. */
size_t allocation_footprint(const struct model *model);
/* Lays the problem out. Borrows the model, keeps `memory` (max-aligned).
 * STATUS_FULL: more entries than can be counted. */
MUST_USE enum status allocation_init(struct allocation *allocation, const struct model *model,
                                     void *memory);
/* Bytes for allocation_solve. */
size_t allocation_solve_footprint(const struct allocation *allocation);
/* Solves. `ret_plan` points into `memory`; its claims are those of the certificate.
 * STATUS_NOT_FOUND: within the steps no plan was found that keeps every bound, and no proof that
 * there is none. */
MUST_USE enum status allocation_solve(struct allocation *allocation,
                                      const struct allocation_options *options, void *memory,
                                      struct model_plan *ret_plan);

#endif
