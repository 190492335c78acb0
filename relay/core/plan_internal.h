/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan_internal.h: the parts of planning: the snapshot it rests on, the network made of
 * it, the check of the answer. */
#ifndef SLUICE_RELAY_CORE_PLAN_INTERNAL_H
#define SLUICE_RELAY_CORE_PLAN_INTERNAL_H

#include "relay/core/capital_internal.h"

/* One router as planning sees it. What it has in effect is gross less claims. */
struct plan_site {
    const struct core_router *router;
    uint32_t index;         /* in the configuration */
    struct amount gross;    /* collateral, arriving moves, moves reserved towards it */
    struct amount claims;   /* owed to users, and moves reserved away from it */
    struct amount sendable; /* what may leave now: present, and not claimed */
    struct amount goal;     /* its share of the total, on top of its claims */
};

struct plan_snapshot {
    const char *symbol;
    uint32_t decimals;
    uint32_t count;
    struct plan_site sites[PLAN_ROUTERS_MAX];
    struct amount total;     /* in effect, over all sites */
    struct amount tolerance; /* around each goal */
    bool reserved;           /* a move of this asset has not left its source for good */
};

/* REASON_NONE: taken. Else why there is none: a chain is not reconciled, say. */
enum reason plan_snapshot_take(struct step *step, uint32_t asset,
                               struct plan_snapshot *ret_snapshot);
/* Is every router within the tolerance of its goal? */
bool plan_snapshot_is_balanced(const struct plan_snapshot *snapshot);
struct account_balance plan_site_effective(const struct plan_site *site);
/* NULL: no such router. */
const struct plan_site *plan_site_find(const struct plan_snapshot *snapshot, uint32_t domain,
                                       const struct address *router);

/* Packs the network (without its serial). REASON_NONE: packed; else why no corridor is open. */
enum reason plan_network_pack(struct step *step, const struct plan_snapshot *snapshot,
                              struct packer *packer);

/* An answer as the core has checked it. */
struct plan_answer {
    uint32_t count;
    struct {
        uint32_t from; /* routers in the configuration */
        uint32_t to;
        struct amount amount;
        struct amount cost;
    } moves[MOVES_PER_PLAN_MAX];
};

/* Recomputes everything the answer claims, in exact integers, from the network that was asked
 * about: corridors, capacities, bounds, groups, conservation, cost. NULL: good. Else what is wrong,
 * in words. */
const char *plan_answer_check(struct bytes network, const struct event *event,
                              struct plan_answer *ret_answer);

/* Would these moves, made now, leave every router they touch within its tolerance and take from
 * none more than it can send? */
bool plan_moves_fit(const struct plan_snapshot *snapshot, const struct plan_move *moves,
                    uint32_t moves_count);

#endif
