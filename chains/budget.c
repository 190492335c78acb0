/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/budget.h"

#include "relay/base/check.h"

#define SECOND_NS UINT64_C(1000000000)
#define DAY_NS    (86400 * SECOND_NS)

static uint64_t cost_ns(const struct call_budget *budget)
{
    return SECOND_NS / budget->limits.calls_per_second;
}

static uint64_t credit_max_ns(const struct call_budget *budget)
{
    const uint32_t burst = budget->limits.calls_burst == 0 ? budget->limits.calls_per_second
                                                           : budget->limits.calls_burst;

    return burst * cost_ns(budget);
}

void call_budget_init(struct call_budget *budget, const struct call_limits *limits)
{
    CHECK(limits->calls_per_second <= CALLS_PER_SECOND_MAX);
    CHECK(limits->calls_burst <= CALLS_BURST_MAX);
    *budget = (struct call_budget){.limits = *limits};
    budget->credit_ns = limits->calls_per_second == 0 ? 0 : credit_max_ns(budget);
}

void call_budget_tick(struct call_budget *budget, struct instant now)
{
    const uint64_t day = now.ns / DAY_NS;

    if (now.ns <= budget->at.ns) {
        return;
    }
    if (day > budget->day) {
        budget->day = day;
        budget->spent = 0;
    }
    if (budget->limits.calls_per_second > 0) {
        const uint64_t most = credit_max_ns(budget);
        const uint64_t passed = now.ns - budget->at.ns;
        const uint64_t room = most - budget->credit_ns;
        budget->credit_ns += passed < room ? passed : room;
    }
    budget->at = now;
}

bool call_budget_is_spent(const struct call_budget *budget)
{
    return budget->limits.calls_per_day > 0 && budget->spent >= budget->limits.calls_per_day;
}

bool call_budget_has(const struct call_budget *budget)
{
    return !call_budget_is_spent(budget) &&
           (budget->limits.calls_per_second == 0 || budget->credit_ns >= cost_ns(budget));
}

void call_budget_spend(struct call_budget *budget)
{
    budget->spent++;
    if (budget->limits.calls_per_second > 0) {
        const uint64_t cost = cost_ns(budget);
        budget->credit_ns -= cost < budget->credit_ns ? cost : budget->credit_ns;
    }
}

struct instant call_budget_next(const struct call_budget *budget)
{
    if (call_budget_has(budget)) {
        return (struct instant){.ns = UINT64_MAX};
    }
    if (call_budget_is_spent(budget)) {
        return (struct instant){.ns = (budget->day + 1) * DAY_NS};
    }
    return instant_after(budget->at, (struct duration){.ns = cost_ns(budget) - budget->credit_ns});
}

void call_budget_recall(struct call_budget *budget, uint64_t day, uint64_t spent)
{
    if (day > budget->day) {
        budget->day = day;
        budget->spent = 0;
    }
    if (day == budget->day && spent > budget->spent) {
        budget->spent = spent;
    }
}
