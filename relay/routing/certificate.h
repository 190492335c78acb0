/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/certificate.h: proof of how good a plan is, from the network and the plan alone.
 *
 * For any prices the sum of what each place, corridor, group and transaction could make for itself
 * at those prices bounds what any plan can make together. Each of these maxima has a closed form,
 * so one pass over the network gives the bound, the plan's own value and what it breaks. This file
 * shares no code with any solver: a wrong solver cannot pass here.
 *
 * With fixed costs the plan carries a tree of decisions; the bound is the largest of its leaves'.
 * A plan that says "infeasible" is proved by prices at which the same sum, with every value and
 * cost left out, is below 0: no flow within the bounds can then balance.
 *
 * The gap is (bound - value) / max(bound - baseline, floor): measured against what could be
 * gained, never against principal. The baseline is the value of doing nothing; the floor is
 * MODEL_GAIN_FLOOR of the portfolio, at least MODEL_GAIN_FLOOR.
 *
 * Threads: none; pure. Memory: the caller's scratch. Bit for bit the same everywhere. */
#ifndef SLUICE_RELAY_ROUTING_CERTIFICATE_H
#define SLUICE_RELAY_ROUTING_CERTIFICATE_H

#include "relay/routing/model.h"

/* What is broken may be this part of the numbers that it is made of: rounding alone breaks 1e-16.
 */
#define CERTIFICATE_VIOLATION_MAX 1e-9

enum certificate_rule {
    CERTIFICATE_NOTHING = 0, /* nothing is broken at all */
    CERTIFICATE_BALANCE, /* what is at the place is not what came, was there and did not leave */
    CERTIFICATE_PLACE_MIN,
    CERTIFICATE_PLACE_MAX,
    CERTIFICATE_FLOW_MIN, /* a flow below 0 */
    CERTIFICATE_FLOW_MAX,
    CERTIFICATE_GROUP_MIN,
    CERTIFICATE_GROUP_MAX,
};

struct certificate {
    double value;
    double bound; /* rounded up: never below the exact one */
    double baseline;
    double gap;
    double violation; /* the largest, as a part of what it is made of */
    enum certificate_rule rule;
    uint32_t index;       /* of the place, corridor or group that breaks `rule` */
    double contradiction; /* below 0: the prices prove that no plan keeps the bounds */
};

/* Bytes of scratch (max-aligned) for a model that has passed model_check. */
size_t certificate_footprint(const struct model *model);

/* What a leaf of a tree says of a transaction. */
enum certificate_decision {
    CERTIFICATE_OPEN = 0,
    CERTIFICATE_OFF, /* its corridors are closed */
    CERTIFICATE_ON,  /* its cost is paid */
};

/* The bound at these prices when each transaction is as `decisions` (by transaction, of
 * enum certificate_decision) says. */
double certificate_bound(const struct model *model, const struct model_prices *prices,
                         const uint8_t *decisions, void *scratch);

/* The gap between a value and a bound. */
double certificate_gap(const struct model *model, double value, double bound, double baseline);

/* Computes all of it. The plan's numbers are finite; its own claims are not looked at.
 * STATUS_MALFORMED: the tree of branches is no tree, or decides a transaction twice. */
MUST_USE enum status certificate_compute(const struct model *model, const struct model_plan *plan,
                                         void *scratch, struct certificate *ret_certificate);

/* True when the plan claims no more than the certificate proves: it keeps every bound to
 * CERTIFICATE_VIOLATION_MAX, and its value, bound, baseline and gap are true; or it says
 * "infeasible" and that is proved. Else `*ret_lie` says what is not true; static memory. */
bool certificate_supports(const struct certificate *certificate, const struct model_plan *plan,
                          const char **ret_lie);

#endif
