/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/allocation.h: the best plan for a whole model, fixed costs included, with proof.
 *
 * Without transactions this is the interior point method (interior.h). With them their costs are
 * first spread over the corridors' full width, which bounds every plan from above; then over what
 * the last plan ships (slope scaling), which finds good plans; last, what a plan does not use is
 * closed and the rest is solved without its fixed costs. The prices of the first give the bound.
 * The gap that is left is what the certificate says: it is never guessed.
 *
 * Same model, same options: same answer, bit for bit. Threads: none. Memory: the caller's; all of
 * it is known before the first step. */
#ifndef SLUICE_RELAY_ROUTING_ALLOCATION_H
#define SLUICE_RELAY_ROUTING_ALLOCATION_H

#include "relay/routing/interior.h"

struct allocation_options {
    double gap;         /* stop at this one; above 0 */
    uint64_t steps_max; /* at least 1; for the first solve alone, and for each that follows */
};

struct allocation {
    const struct model *model;
    struct model relaxed; /* without transactions */
    struct model_corridor *corridors;
    struct interior interior;
    void *interior_memory;
};

/* Bytes for allocation_init; the model has passed model_check. */
size_t allocation_footprint(const struct model *model);
/* Lays the problem out. Borrows the model, keeps `memory` (max-aligned).
 * STATUS_FULL: places are in so many groups together that no memory would do. */
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
