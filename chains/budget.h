/* SPDX-License-Identifier: Apache-2.0 */
/* chains/budget.h: how many questions an endpoint may be asked: so many per second with a burst,
 * and so many per day (UTC). Nothing here waits: who asks looks first, and asks somebody else.
 *
 * What sends transactions is never held back: a transaction that is late costs more than a call,
 * and the endpoint refuses it itself if it must. It is counted all the same.
 *
 * Threads: none; plain values. Time is given with every call and may stand still. */
#ifndef SLUICE_CHAINS_BUDGET_H
#define SLUICE_CHAINS_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/base/instant.h"

#define CALLS_PER_SECOND_MAX 1000000u
#define CALLS_BURST_MAX      1000000u

/* What a configuration says; zero: no limit. */
struct call_limits {
    uint32_t calls_per_second;
    uint32_t calls_burst; /* at once after a quiet time; zero with a rate: as many as per second */
    uint64_t calls_per_day;
};

struct call_budget {
    struct call_limits limits;
    struct instant at;  /* credit is of this moment; 0: not begun */
    uint64_t credit_ns; /* a call costs a second over calls_per_second */
    uint64_t day;       /* since the epoch; `spent` is of this day */
    uint64_t spent;     /* counted without limits as well */
};

void call_budget_init(struct call_budget *budget, const struct call_limits *limits);
/* Lets time pass: credit grows up to the burst, a new day begins with nothing spent. */
void call_budget_tick(struct call_budget *budget, struct instant now);
/* One more call fits, now. */
bool call_budget_has(const struct call_budget *budget);
/* This day's calls are spent: nothing fits before the next day. */
bool call_budget_is_spent(const struct call_budget *budget);
void call_budget_spend(struct call_budget *budget);
/* When a call fits again at the earliest; the end of time when one fits now. */
struct instant call_budget_next(const struct call_budget *budget);
/* What another life of the node spent of a day; an older day, or less, says nothing. */
void call_budget_recall(struct call_budget *budget, uint64_t day, uint64_t spent);

#endif
