/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/shares.h"

/* None, or none of which anything is held: a debt that is paid back. */
#define NO_PLACE POLICY_PLACES_MAX

/* What the plan says of one asset, by the policy's places. One contract may hold several assets, so
 * that what is idle in it is a place of each: a plan that can be read in two ways must be allowed
 * in both. */
struct books {
    const struct policy *policy;
    const struct approval *plan;
    uint32_t asset;
    bool routers; /* they are shared out by themselves, and so are spokes */
    bool stated[POLICY_PLACES_MAX];
    struct amount held[POLICY_PLACES_MAX];
    uint32_t from[APPROVAL_MOVES_MAX]; /* places of the moves' ends */
    uint32_t to[APPROVAL_MOVES_MAX];
    struct amount total;
};

/* Which places a limit is of. */
enum span {
    SPAN_PLACE,  /* one */
    SPAN_SPOKE,  /* a spoke with all its venues */
    SPAN_ISSUER, /* the venues of one issuer */
};

struct limit {
    const char *name; /* for people */
    enum span span;
    uint32_t place; /* whose line it is */
    const struct amount *cap;
    const struct amount *floor;
    struct bps cap_share;
    struct bps floor_share;
};

static bool is_of(const struct books *books, uint32_t place)
{
    return place < books->policy->places_count &&
           books->policy->places[place].asset == books->asset &&
           books->policy->places[place].is_router == books->routers;
}

static bool is_place(const struct policy_place *place, uint32_t domain,
                     const struct address *contract, uint32_t venue)
{
    return place->domain == domain && place->venue == venue &&
           address_equal(&place->contract, contract);
}

static uint32_t place_find(const struct books *books, uint32_t domain,
                           const struct address *contract, uint32_t venue)
{
    for (uint32_t i = 0; i < books->policy->places_count; i++) {
        if (is_of(books, i) && is_place(&books->policy->places[i], domain, contract, venue)) {
            return i;
        }
    }
    return NO_PLACE;
}

/* A plan names the router that a move goes to by its domain alone. */
static uint32_t router_find(const struct books *books, uint32_t domain)
{
    for (uint32_t i = 0; i < books->policy->places_count; i++) {
        const struct policy_place *place = &books->policy->places[i];
        if (place->is_router && place->domain == domain && place->asset == books->asset) {
            return i;
        }
    }
    return NO_PLACE;
}

static uint32_t target_of(const struct books *books, const struct approval_move *move)
{
    switch (move->kind) {
    case MOVE_BETWEEN_ROUTERS:
        return router_find(books, move->target_domain);
    case MOVE_BETWEEN_VENUES:
        return place_find(books, move->source_domain, &move->source, move->target_venue);
    case MOVE_BETWEEN_SPOKES:
        return place_find(books, move->target_domain, &move->target, move->target_venue);
    }
    return NO_PLACE;
}

/* The end of a move that pays back: nothing is held there, but the mandate names the venue. False:
 * it does not. */
static bool is_named_debt(const struct books *books, const struct approval_move *move)
{
    return move->kind == MOVE_BETWEEN_VENUES && approval_is_debt(move->target_venue) &&
           place_find(books, move->source_domain, &move->source,
                      move->target_venue - APPROVAL_DEBTS) != NO_PLACE;
}

/* Are both ends of every move places of the asset? */
static bool ends_find(struct books *books)
{
    const struct approval *plan = books->plan;

    for (uint32_t i = 0; i < plan->moves_count; i++) {
        const struct approval_move *move = &plan->moves[i];
        books->from[i] = place_find(books, move->source_domain, &move->source, move->source_venue);
        books->to[i] = target_of(books, move);
        if (books->from[i] == NO_PLACE ||
            (books->to[i] == NO_PLACE && !is_named_debt(books, move))) {
            return false;
        }
    }
    return true;
}

/* False: a place is no such place, is stated twice, or the sum is out of range. */
static bool statement_read(struct books *books)
{
    struct amount owed = amount_zero();

    for (uint32_t i = 0; i < books->plan->places_count; i++) {
        const struct approval_place *stated = &books->plan->places[i];
        const uint32_t place = place_find(books, stated->domain, &stated->contract, stated->venue);
        struct amount *sum = stated->negative ? &owed : &books->total;
        if (place == NO_PLACE || books->stated[place] ||
            amount_add(sum, &stated->amount, sum) != STATUS_OK) {
            return false;
        }
        books->stated[place] = true;
        books->held[place] = stated->negative ? amount_zero() : stated->amount;
    }
    if (amount_subtract(&books->total, &owed, &books->total) != STATUS_OK) {
        books->total = amount_zero();
    }
    return true;
}

/* ---- one limit ---- */

static bool is_in(const struct books *books, const struct limit *limit, uint32_t place)
{
    const struct policy_place *of = &books->policy->places[limit->place];
    const struct policy_place *other = &books->policy->places[place];

    switch (limit->span) {
    case SPAN_PLACE:
        return place == limit->place;
    case SPAN_SPOKE:
        return is_of(books, place) && other->domain == of->domain &&
               address_equal(&other->contract, &of->contract);
    case SPAN_ISSUER:
        return is_of(books, place) && other->issuer == of->issuer;
    }
    return false;
}

struct sums {
    bool partial; /* a place of it is not stated */
    struct amount held;
    struct amount enters;
    struct amount leaves;
};

/* False: out of range. */
static bool sums_take(const struct books *books, const struct limit *limit, struct sums *ret_sums)
{
    struct sums sums = {.partial = false};
    bool good = true;

    for (uint32_t i = 0; i < books->policy->places_count; i++) {
        if (is_in(books, limit, i)) {
            sums.partial = sums.partial || !books->stated[i];
            good = good && amount_add(&sums.held, &books->held[i], &sums.held) == STATUS_OK;
        }
    }
    for (uint32_t i = 0; i < books->plan->moves_count; i++) {
        const bool is_from = is_in(books, limit, books->from[i]);
        const bool is_to = is_in(books, limit, books->to[i]);
        struct amount *sum = is_from ? &sums.leaves : &sums.enters;
        if (is_from != is_to) {
            good = good && amount_add(sum, &books->plan->moves[i].amount, sum) == STATUS_OK;
        }
    }
    *ret_sums = sums;
    return good;
}

static bool share_of(const struct books *books, struct bps share, struct amount *ret_part)
{
    const struct amount numerator = amount_from_u64(share.value);
    const struct amount whole = amount_from_u64(10000);

    return amount_scale_floor(&books->total, &numerator, &whole, ret_part) == STATUS_OK;
}

static bool cap_holds(const struct books *books, const struct limit *limit, const struct sums *sums)
{
    const bool is_capped = !amount_is_zero(limit->cap) || limit->cap_share.value != 0;
    struct amount after;
    struct amount part;

    if (!is_capped || amount_is_zero(&sums->enters)) {
        return true;
    }
    if (sums->partial || amount_add(&sums->held, &sums->enters, &after) != STATUS_OK ||
        !share_of(books, limit->cap_share, &part)) {
        return false;
    }
    return (amount_is_zero(limit->cap) || amount_compare(&after, limit->cap) <= 0) &&
           (limit->cap_share.value == 0 || amount_compare(&after, &part) <= 0);
}

static bool all_stated(const struct books *books)
{
    for (uint32_t i = 0; i < books->policy->places_count; i++) {
        if (is_of(books, i) && !books->stated[i]) {
            return false;
        }
    }
    return true;
}

static bool floor_holds(const struct books *books, const struct limit *limit,
                        const struct sums *sums)
{
    const bool is_floored = !amount_is_zero(limit->floor) || limit->floor_share.value != 0;
    struct amount after;
    struct amount part;

    if (!is_floored || amount_is_zero(&sums->leaves)) {
        return true;
    }
    if ((limit->floor_share.value != 0 && !all_stated(books)) ||
        amount_subtract(&sums->held, &sums->leaves, &after) != STATUS_OK ||
        !share_of(books, limit->floor_share, &part)) {
        return false;
    }
    return amount_compare(&after, limit->floor) >= 0 && amount_compare(&after, &part) >= 0;
}

static bool limit_allows(const struct books *books, const struct limit *limit,
                         struct refusal *refusal)
{
    const struct policy_place *place = &books->policy->places[limit->place];
    struct sums sums;

    if (!sums_take(books, limit, &sums)) {
        return refuse(refusal, REFUSAL_SHARE, "the plan's amounts are beyond 256 bits");
    }
    if (!cap_holds(books, limit, &sums)) {
        return refuse(refusal, REFUSAL_SHARE,
                      "the plan would bring %s on domain %u (venue %u) above the mandate's cap, or "
                      "does not state what it holds",
                      limit->name, place->domain, place->venue);
    }
    if (!floor_holds(books, limit, &sums)) {
        return refuse(refusal, REFUSAL_SHARE,
                      "the plan would bring %s on domain %u (venue %u) below the mandate's floor, "
                      "or does not state the whole",
                      limit->name, place->domain, place->venue);
    }
    return true;
}

static bool limits_allow(const struct books *books, struct refusal *refusal)
{
    const struct amount none = amount_zero();

    for (uint32_t i = 0; i < books->policy->places_count; i++) {
        const struct policy_place *place = &books->policy->places[i];
        const struct limit own = {.name = place->venue == 0 ? "the router or spoke" : "a venue",
                                  .span = place->is_router || place->venue != 0 ? SPAN_PLACE
                                                                                : SPAN_SPOKE,
                                  .place = i,
                                  .cap = &place->cap,
                                  .floor = &place->floor,
                                  .cap_share = place->cap_share,
                                  .floor_share = place->floor_share};
        const struct limit of_issuer = {.name = "an issuer's venues",
                                        .span = SPAN_ISSUER,
                                        .place = i,
                                        .cap = &none,
                                        .floor = &none,
                                        .cap_share = place->issuer_cap_share};
        const struct limit idle = {.name = "what is idle in the spoke",
                                   .span = SPAN_PLACE,
                                   .place = i,
                                   .cap = &none,
                                   .floor = &place->buffer};
        if (is_of(books, i) &&
            (!limit_allows(books, &own, refusal) || !limit_allows(books, &idle, refusal) ||
             (place->issuer != 0 && !limit_allows(books, &of_issuer, refusal)))) {
            return false;
        }
    }
    return true;
}

bool shares_allow(const struct policy *policy, const struct approval *plan, struct refusal *refusal)
{
    const struct approval_move *move = &plan->moves[plan->index];
    bool is_named = false;
    bool is_stated = false;

    if (policy->places_count == 0) {
        return true;
    }
    for (uint32_t i = 0; i < policy->places_count; i++) {
        const struct policy_place *first = &policy->places[i];
        if (!is_place(first, move->source_domain, &move->source, move->source_venue)) {
            continue;
        }
        struct books books = {
            .policy = policy, .plan = plan, .asset = first->asset, .routers = first->is_router};
        if (!ends_find(&books)) {
            continue;
        }
        is_named = true;
        if (!statement_read(&books)) {
            continue;
        }
        is_stated = true;
        if (!limits_allow(&books, refusal)) {
            return false;
        }
    }
    if (!is_named) {
        return refuse(refusal, REFUSAL_SHARE,
                      "the plan moves capital between places that the mandate does not name");
    }
    return is_stated ||
           refuse(refusal, REFUSAL_SHARE,
                  "what the plan states of its places is not of the mandate's, each once");
}
