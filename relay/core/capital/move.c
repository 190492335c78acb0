/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/move.c: one transfer of capital, from a plan's decision to its arrival.
 *
 *   RESERVED --lane takes it--> SENT --> INCLUDED --CollateralMoved final--> TRANSIT --> DONE
 *      |                         |          |                             arrival final
 *      '--given up---------------+----------'--void, reverted, refused--> FAILED
 *
 * Between venues of a spoke nothing is under way between chains: once a leg is final, the next leg
 * starts anew in RESERVED, and after the last one the move is in TRANSIT until the spoke and its
 * venues are read at a block that has it.
 *
 *      SENT, INCLUDED --leg final--> RESERVED (another leg), or TRANSIT --read--> DONE
 *
 * Between spokes the leg over the bridge is one of these legs: once it is final the move is in
 * TRANSIT until it has arrived and the target has booked it (flows.h), however long that takes;
 * then what arrived, which may be less, is put into the venue there by one more leg, or the move is
 * DONE.
 *
 * Invariants
 *   1. The row exists, and counts, before anything is asked about the move: reserve, then send.
 *   2. The move's id is its first leg's id, and a second leg's is made of the same plan and place,
 * so that the lane sends each at most once; an answer for a leg that is not the one done now
 *      changes nothing.
 *   3. Until its CollateralMoved is final, the amount counts as gone from the source and present at
 *      the target by this row; from then on by the ledger's ARRIVING account. Both change in the
 *      same step, so capital under way is counted once at every instant.
 *   4. At most one move of a pair of routers, or of spokes, is not yet in TRANSIT: a final
 *      CollateralMoved of our key with its pair and amount is therefore that move, and so is what a
 *      spoke's bridge sent to its sibling.
 *   5. A move fails only when its transaction can no longer happen (void, reverted, refused) or was
 *      never handed to the lane. Time alone ends none that the lane has. */
#include <string.h>

#include "relay/base/approval.h"
#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/core/capital/backing.h"
#include "relay/core/capital/flows.h"
#include "relay/core/plan/plan_internal.h"
#include "relay/core/text.h"

#define PREPARE_WAIT DURATION_MS(5000)   /* an answer that does not come is asked again */
#define RETRY_WAIT   DURATION_MS(2000)   /* the lane or the chain cannot take it now */
#define RESERVE_MAX  DURATION_MS(300000) /* then the plan is too old to start it */
/* A guard refuses what comes later: then a transaction that waited too long moves nothing. */
#define ORDER_LIFE  DURATION_MS(3600000)
#define SECOND_NS   UINT64_C(1000000000)
#define REVERTS_MAX 3u

bool move_ends(enum move_state state)
{
    return state == MOVE_DONE || state == MOVE_FAILED;
}

struct hash move_id_of(const struct hash *plan_id, uint32_t index)
{
    return approval_move_id(plan_id, index);
}

static void move_set(struct step *step, struct move_row *row, enum move_state state,
                     enum reason reason)
{
    if (row->state != state || row->reason != reason) {
        row->since = step->now;
    }
    row->state = state;
    row->reason = reason;
}

static void retry_at(struct step *step, const struct hash *id, struct move_row *row,
                     struct duration wait)
{
    row->retry_at = instant_after(step->now, wait);
    step_due(step, row->retry_at, DUE_MOVE, id);
}

static void retry_cancel(struct step *step, const struct hash *id, struct move_row *row)
{
    if (row->retry_at.ns != 0) {
        step_due_remove(step, row->retry_at, DUE_MOVE, id);
        row->retry_at.ns = 0;
    }
}

/* What was said against the move, for who asks why; cut where it is too long. */
static void words_keep(struct move_row *row, const char *words)
{
    const size_t count = strlen(words);
    const size_t kept = count < sizeof(row->words) ? count : sizeof(row->words) - 1;

    memset(row->words, 0, sizeof(row->words));
    memcpy(row->words, words, kept);
}

static void move_fail(struct step *step, const struct hash *id, struct move_row *row,
                      enum reason reason, const char *words)
{
    retry_cancel(step, id, row);
    words_keep(row, words);
    move_set(step, row, MOVE_FAILED, reason);
    capital_put_move(step, id, row);
    step_note(step, NOTE_WARN, row->move.source_domain, id, reason, words);
    plan_on_move_end(step, &row->plan_id);
}

/* ---- reserved: decided, not with the lane yet ---- */

void move_start(struct step *step, const struct hash *plan_id, const struct plan_row *plan,
                uint32_t index)
{
    const struct hash id = move_id_of(plan_id, index);
    struct move_row row;

    CHECK(index < plan->moves_count);
    if (capital_get_move(step, &id, &row)) {
        return; /* the same plan accepted twice */
    }
    row.state = MOVE_RESERVED;
    row.reason = REASON_AWAITING_SIMULATION;
    row.since = step->now;
    row.created = step->now;
    row.plan_id = *plan_id;
    row.index = index;
    capital_symbol(row.symbol, plan->symbol);
    row.move = plan->moves[index];
    const struct core_spoke *target = plan_move_target(step->config, &row.move, row.symbol);
    if (target != NULL) {
        struct flow_row flow;
        (void)flow_get(step, target, row.move.source_domain, &flow);
        row.booked_before = flow.received;
    }
    retry_at(step, &id, &row, (struct duration){.ns = 0});
    capital_put_move(step, &id, &row);
}

static bool rebalance_leg(const struct step *step, const struct hash *id,
                          const struct move_row *row, struct leg *ret_leg)
{
    const struct core_chain *chain = step_chain(step, row->move.source_domain);
    const struct core_router *source =
        capital_router(step->config, row->move.source_domain, &row->move.source, row->symbol);

    if (chain == NULL || address_is_zero(&chain->key) || source == NULL ||
        address_is_zero(&source->bridge)) {
        return false;
    }
    memset(ret_leg, 0, sizeof(*ret_leg));
    ret_leg->id = *id;
    ret_leg->kind = LEG_REBALANCE;
    ret_leg->domain = row->move.source_domain;
    ret_leg->key = chain->key;
    ret_leg->rebalance.router = source->router;
    ret_leg->rebalance.bridge = source->bridge;
    ret_leg->rebalance.destination = row->move.target_domain;
    ret_leg->rebalance.amount = row->move.amount;
    ret_leg->rebalance.fee_native_max = step->config->route.fee_native_max;
    ret_leg->rebalance.fee_token_max =
        capital_share(&row->move.amount, step->config->route.fee_max);
    if (!address_is_zero(&source->guard)) {
        ret_leg->rebalance.guard = source->guard;
        ret_leg->rebalance.mandate = step->config->route.mandate;
        ret_leg->rebalance.deadline_s = instant_after(row->created, ORDER_LIFE).ns / SECOND_NS;
    }
    return true;
}

/* A spoke obeys the order of a leg until then. */
static struct instant order_end(const struct move_row *row)
{
    return instant_after(row->booked_at.ns != 0 ? row->booked_at : row->created, ORDER_LIFE);
}

/* Is it the one over the bridge? */
static bool move_leg_crosses(const struct move_row *row)
{
    const uint32_t crossing = row->move.source_venue != 0 ? 1u : 0u;

    return row->move.kind == MOVE_BETWEEN_ROUTERS ||
           (row->move.kind == MOVE_BETWEEN_SPOKES && row->leg == crossing);
}

/* Where the leg that is done now runs. */
static uint32_t leg_domain(const struct move_row *row)
{
    return row->booked_at.ns != 0 ? row->move.target_domain : row->move.source_domain;
}

/* The leg that is done now. */
static bool move_leg(const struct step *step, const struct hash *id, const struct move_row *row,
                     struct leg *ret_leg)
{
    return row->move.kind == MOVE_BETWEEN_ROUTERS
               ? rebalance_leg(step, id, row, ret_leg)
               : plan_venue_leg(step, row, row->leg, order_end(row), ret_leg);
}

/* What holds the move back for now. */
static enum reason move_held(struct step *step, const struct move_row *row)
{
    if (step->paused) {
        return REASON_PAUSED;
    }
    const enum reason backing = backing_of_sender(step, row->move.source_domain, &row->move.source);
    if (backing != REASON_NONE) {
        return backing;
    }
    const enum reason source = ledger_reason(step, row->move.source_domain);
    return source != REASON_NONE ? source : ledger_reason(step, row->move.target_domain);
}

static bool mode_moves(const struct step *step)
{
    return step->config->route.mode == ROUTE_ACT || step->config->route.mode == ROUTE_PROPOSE;
}

/* Why a leg between venues that nothing has been sent for must be given up. What its spoke and its
 * venues say now the simulation shows; the order lives for as long as the spoke obeys it. */
static enum reason venues_void(const struct step *step, const struct move_row *row)
{
    const struct instant end =
        row->leg == 0 ? instant_after(row->created, RESERVE_MAX) : order_end(row);

    if (plan_move_spoke(step->config, &row->move, row->symbol) == NULL || !mode_moves(step)) {
        return REASON_PLAN_STALE; /* the configuration changed */
    }
    if (instant_is_past(end, step->now)) {
        return row->reason == REASON_AWAITING_SIMULATION ? REASON_PLAN_STALE : row->reason;
    }
    return REASON_NONE;
}

/* Why a move that nothing has been sent for must be given up; REASON_NONE: it need not. */
static enum reason move_void(struct step *step, const struct hash *id, const struct move_row *row)
{
    if (row->move.kind != MOVE_BETWEEN_ROUTERS) {
        return venues_void(step, row);
    }
    const struct core_router *source =
        capital_router(step->config, row->move.source_domain, &row->move.source, row->symbol);
    const struct core_router *target =
        capital_router(step->config, row->move.target_domain, &row->move.target, row->symbol);

    if (source == NULL || target == NULL || !mode_moves(step)) {
        return REASON_PLAN_STALE; /* the configuration changed */
    }
    if (instant_is_past(instant_after(row->created, RESERVE_MAX), step->now)) {
        return row->reason == REASON_AWAITING_SIMULATION ? REASON_PLAN_STALE : row->reason;
    }
    const struct amount available = plan_available(step, source, id);
    return amount_compare(&available, &row->move.amount) < 0 ? REASON_PLAN_STALE : REASON_NONE;
}

void move_on_due(struct step *step, const struct hash *id)
{
    struct move_row row;
    struct leg leg;

    if (!capital_get_move(step, id, &row) || row.state != MOVE_RESERVED ||
        !instant_is_past(row.retry_at, step->now)) {
        return;
    }
    row.retry_at.ns = 0; /* its due row is what called */
    const enum reason held = move_held(step, &row);
    const bool usable = move_leg(step, id, &row, &leg);
    const enum reason ended = usable ? move_void(step, id, &row) : REASON_PLAN_STALE;
    if (ended != REASON_NONE) {
        move_fail(step, id, &row, ended,
                  row.leg == 0 ? "given up before anything was sent"
                  : row.booked_at.ns == 0
                      ? "taken out, and given up before it was put in: it is idle"
                      : "sent over, and given up before it was put in: it is idle");
        return;
    }
    if (held != REASON_NONE) {
        move_set(step, &row, MOVE_RESERVED, held);
        retry_at(step, id, &row, RETRY_WAIT);
    } else {
        step_command(step, COMMAND_PREPARE, leg.domain)->prepare = leg;
        retry_at(step, id, &row, PREPARE_WAIT);
    }
    capital_put_move(step, id, &row);
}

/* What was asked before the start is lost: asked again at once, not when it would be overdue. */
void move_on_start(struct step *step)
{
    struct hash id = {{0}};
    struct move_row row;

    while (step_has_room(step, 1) && capital_next_open_move(step, &id, &id, &row)) {
        if (row.state == MOVE_RESERVED) {
            retry_cancel(step, &id, &row);
            retry_at(step, &id, &row, (struct duration){.ns = 0});
            capital_put_move(step, &id, &row);
        }
    }
}

/* The bridge's fees, asked again just now, against the limits. */
static bool fees_are_fit(struct step *step, const struct move_row *row)
{
    const struct core_route *route = &step->config->route;
    const struct amount token_max = capital_share(&row->move.amount, route->fee_max);

    return amount_compare(&row->fee_native, &route->fee_native_max) <= 0 &&
           amount_compare(&row->fee_token, &token_max) <= 0;
}

static void move_offer(struct step *step, const struct hash *id, struct move_row *row,
                       const struct event *prepared)
{
    struct leg leg;
    enum reason refused = move_held(step, row);

    if (refused == REASON_NONE && !move_leg(step, id, row, &leg)) {
        refused = REASON_NO_KEY;
    }
    if (refused == REASON_NONE) {
        refused = lane_offer(step, &leg, prepared);
    }
    if (refused != REASON_NONE) {
        move_set(step, row, MOVE_RESERVED, refused);
        retry_at(step, id, row, RETRY_WAIT);
        return;
    }
    words_keep(row, "");
    move_set(step, row, MOVE_SENT, REASON_AWAITING_INCLUSION);
    step_note(step, NOTE_INFO, row->move.source_domain, id, REASON_MOVE_STARTED, NULL);
}

static void move_refused(struct step *step, const struct hash *id, struct move_row *row,
                         const struct event *prepared)
{
    struct text text = text_from("");

    text_add_bytes(&text, prepared->prepared.reason);
    row->attempts++;
    if (row->attempts >= REVERTS_MAX) {
        move_fail(step, id, row, REASON_MOVE_REFUSED, text.text);
        return;
    }
    words_keep(row, text.text);
    move_set(step, row, MOVE_RESERVED, REASON_MOVE_REFUSED);
    retry_at(step, id, row, RETRY_WAIT);
    capital_put_move(step, id, row);
}

void move_on_prepared(struct step *step, const struct event *event)
{
    struct move_row row;
    struct hash id;

    if (!capital_get_move_of_leg(step, &event->prepared.leg_id, &id, &row) ||
        row.state != MOVE_RESERVED || event->domain != leg_domain(&row)) {
        return; /* late, repeated or none of ours */
    }
    switch (event->prepared.outcome) {
    case OUTCOME_OK:
        break;
    case OUTCOME_REFUSED:
        retry_cancel(step, &id, &row);
        move_refused(step, &id, &row, event);
        return;
    case OUTCOME_ABSENT:
    case OUTCOME_UNKNOWN:
        return; /* the due row asks again */
    }
    row.fee_native = event->prepared.fee_native;
    row.fee_token = event->prepared.fee_token;
    if (!fees_are_fit(step, &row)) {
        move_fail(step, &id, &row, REASON_FEE_ABOVE_LIMIT,
                  "the bridge now asks more than the limit");
        return;
    }
    retry_cancel(step, &id, &row);
    move_offer(step, &id, &row, event);
    capital_put_move(step, &id, &row);
}

/* ---- with the lane ---- */

void move_on_leg_included(struct step *step, const struct hash *leg_id, uint64_t block_number)
{
    struct move_row row;
    struct hash id;

    (void)block_number;
    if (capital_get_move_of_leg(step, leg_id, &id, &row) && row.state == MOVE_SENT) {
        move_set(step, &row, MOVE_INCLUDED, REASON_AWAITING_FINALITY);
        capital_put_move(step, &id, &row);
    }
}

static void gas_book(struct move_row *row, const struct event *receipt)
{
    if (receipt == NULL || receipt->kind != EVENT_RECEIPT) {
        return;
    }
    const struct amount gas = amount_from_u64(receipt->receipt.gas_used);
    struct amount cost;
    row->transaction = receipt->receipt.transaction;
    if (amount_multiply(&gas, &receipt->receipt.gas_price, &cost) != STATUS_OK ||
        amount_add(&cost, &receipt->receipt.data_fee, &cost) != STATUS_OK ||
        amount_add(&row->gas_cost, &cost, &row->gas_cost) != STATUS_OK) {
        row->gas_cost = amount_max(); /* a price from outside that cannot be */
    }
}

/* The leg after the one that was done: asked for at once. */
static void leg_begin(struct step *step, const struct hash *id, struct move_row *row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];

    row->leg++;
    row->ended_leg = false;
    row->attempts = 0;
    const struct hash leg_id = approval_leg_id(&row->plan_id, row->index, row->leg);
    step_put(step, move_leg_key(key, &leg_id), bytes_from(id->bytes, sizeof(id->bytes)));
    move_set(step, row, MOVE_RESERVED, REASON_AWAITING_SIMULATION);
    retry_at(step, id, row, (struct duration){.ns = 0});
}

/* A leg between venues is final and did what it should: the next one, or all are done. */
static void venue_leg_done(struct step *step, const struct hash *id, struct move_row *row,
                           const struct event *receipt)
{
    const bool to_another = row->move.source_venue != 0 && row->move.target_venue != 0;

    row->sent_amount = row->booked_at.ns != 0 ? row->sent_amount : row->move.amount;
    row->sent_block = receipt == NULL ? row->sent_block : receipt->receipt.block_number;
    if (row->leg == 0 && (to_another || row->move.kind == MOVE_BETWEEN_SPOKES)) {
        leg_begin(step, id, row);
    } else {
        move_set(step, row, MOVE_TRANSIT, REASON_POSITIONS_UNKNOWN);
    }
    capital_put_move(step, id, row);
}

/* The leg over the bridge, from a router or from a spoke. */
static void rebalance_leg_done(struct step *step, const struct hash *id, const struct move_row *row)
{
    if (row->state != MOVE_TRANSIT && row->state != MOVE_DONE) {
        /* Facts are applied before legs end: what left should have been seen. It stays reserved,
         * and so counted, until a person has looked. */
        step_note(step, NOTE_ALARM, row->move.source_domain, id, REASON_UNRECONCILED,
                  "a move over a bridge succeeded, and nothing was seen to leave");
    }
    capital_put_move(step, id, row);
}

void move_on_leg_end(struct step *step, const struct hash *leg_id, enum leg_end end,
                     const struct event *receipt)
{
    struct move_row row;
    struct hash id;

    if (!capital_get_move_of_leg(step, leg_id, &id, &row) || row.ended_leg) {
        return;
    }
    gas_book(&row, receipt);
    row.ended_leg = true;
    switch (end) {
    case LEG_SUCCEEDED:
        if (!move_leg_crosses(&row)) {
            venue_leg_done(step, &id, &row, receipt);
        } else {
            rebalance_leg_done(step, &id, &row);
        }
        return;
    case LEG_REVERTED:
    case LEG_VOID:
        break;
    }
    if (row.state == MOVE_TRANSIT || move_ends(row.state)) {
        capital_put_move(step, &id, &row);
        return;
    }
    struct text text = text_from(row.leg == 0            ? ""
                                 : row.booked_at.ns == 0 ? "taken out, and idle: "
                                                         : "sent over, and idle: ");
    text_add(&text,
             end == LEG_REVERTED ? "its transaction reverted" : "its transaction was cancelled");
    move_fail(step, &id, &row, end == LEG_REVERTED ? REASON_TRANSACTION_REVERTED : REASON_REJECTED,
              text.text);
}

void move_on_leg_refused(struct step *step, const struct hash *leg_id, struct bytes reason)
{
    struct move_row row;
    struct text text = text_from("");
    struct hash id;

    if (!capital_get_move_of_leg(step, leg_id, &id, &row) || row.state == MOVE_TRANSIT ||
        move_ends(row.state)) {
        return;
    }
    text_add_bytes(&text, reason);
    move_fail(step, &id, &row, REASON_SIGNER_REFUSED, text.text);
}

/* ---- what the ledger saw ---- */

static bool move_is(const struct move_row *row, uint32_t domain, const struct fact *fact)
{
    return (row->state == MOVE_SENT || row->state == MOVE_INCLUDED) &&
           row->move.kind == MOVE_BETWEEN_ROUTERS && row->move.source_domain == domain &&
           address_equal(&row->move.source, &fact->contract) &&
           row->move.target_domain == fact->collateral_moved.destination &&
           address_equal(&row->move.target, &fact->collateral_moved.recipient) &&
           amount_equal(&row->move.amount, &fact->collateral_moved.amount);
}

/* Moved by our key or by the guard that obeys it alone. */
static bool is_ours(const struct step *step, const struct core_chain *chain,
                    const struct fact *fact)
{
    const struct address *by = &fact->collateral_moved.rebalancer;

    for (uint32_t i = 0; i < step->config->routers_count; i++) {
        const struct core_router *router = &step->config->routers[i];
        if (router->domain == chain->domain && address_equal(&router->router, &fact->contract) &&
            !address_is_zero(&router->guard) && address_equal(&router->guard, by)) {
            return true;
        }
    }
    return address_equal(&chain->key, by);
}

struct hash move_on_sent(struct step *step, uint32_t domain, const struct fact *fact,
                         const struct amount *amount, const struct hash *message_id)
{
    const struct core_chain *chain = step_chain(step, domain);
    struct hash id = {{0}};
    struct move_row row;

    if (chain == NULL || !is_ours(step, chain, fact)) {
        return (struct hash){{0}}; /* another rebalancer of the same router */
    }
    while (capital_next_open_move(step, &id, &id, &row)) {
        if (!move_is(&row, domain, fact)) {
            continue;
        }
        row.message_id = *message_id;
        row.sent_amount = *amount;
        row.sent_block = fact->block_number;
        row.transaction = fact->transaction;
        move_set(step, &row, MOVE_TRANSIT, REASON_MOVE_UNDER_WAY);
        capital_put_move(step, &id, &row);
        step_note(step, NOTE_INFO, domain, &id, REASON_MOVE_UNDER_WAY, NULL);
        return id;
    }
    return (struct hash){{0}};
}

struct hash move_on_crossed(struct step *step, const struct transit_row *sent,
                            const struct hash *transaction, const struct hash *message_id)
{
    struct hash id = {{0}};
    struct move_row row;

    while (capital_next_open_move(step, &id, &id, &row)) {
        const bool is_it = (row.state == MOVE_SENT || row.state == MOVE_INCLUDED) &&
                           move_leg_crosses(&row) && row.move.kind == MOVE_BETWEEN_SPOKES &&
                           row.move.source_domain == sent->origin &&
                           address_equal(&row.move.source, &sent->source) &&
                           row.move.target_domain == sent->destination &&
                           address_equal(&row.move.target, &sent->target) &&
                           capital_is_symbol(row.symbol, sent->symbol);
        if (!is_it) {
            continue;
        }
        row.message_id = *message_id;
        row.sent_amount = sent->sent_amount;
        row.sent_block = sent->sent_block;
        row.transaction = *transaction;
        move_set(step, &row, MOVE_TRANSIT, REASON_MOVE_UNDER_WAY);
        capital_put_move(step, &id, &row);
        step_note(step, NOTE_INFO, sent->origin, &id, REASON_MOVE_UNDER_WAY, NULL);
        return id;
    }
    return (struct hash){{0}};
}

/* It is there. Between spokes it is not in the books there, and not in its venue. */
static void move_ends_well(struct step *step, const struct hash *id, struct move_row *row)
{
    move_set(step, row, MOVE_DONE, REASON_MOVE_ARRIVED);
    capital_put_move(step, id, row);
    struct text text = text_from(row->symbol);
    text_add(&text, row->move.kind == MOVE_BETWEEN_ROUTERS     ? " arrived, base units: "
                    : row->move.target_venue == 0              ? " is home, base units: "
                    : approval_is_debt(row->move.target_venue) ? " is paid back, base units: "
                                                               : " is in its venue, base units: ");
    text_add_amount(&text, &row->arrived_amount);
    step_note(step, NOTE_INFO, row->move.target_domain, id, REASON_MOVE_ARRIVED, text.text);
    plan_on_move_end(step, &row->plan_id);
}

void move_on_arrived(struct step *step, const struct hash *move_id, const struct amount *amount,
                     uint64_t block)
{
    struct move_row row;

    if (hash_is_zero(move_id) || !capital_get_move(step, move_id, &row) ||
        row.state != MOVE_TRANSIT) {
        return;
    }
    row.arrived_amount = *amount;
    row.arrived_block = block;
    if (row.move.kind == MOVE_BETWEEN_SPOKES) {
        move_set(step, &row, MOVE_TRANSIT, REASON_MOVE_UNBOOKED);
        capital_put_move(step, move_id, &row);
        return;
    }
    move_ends_well(step, move_id, &row);
}

/* ---- what was read of spokes and venues ---- */

/* Was the spoke where the move's last leg ran read at this block or later? One that is configured
 * no more is asked nothing. */
static bool is_read_since(struct step *step, const struct move_row *row, uint64_t block)
{
    const struct core_spoke *spoke = row->move.kind == MOVE_BETWEEN_SPOKES
                                         ? plan_move_target(step->config, &row->move, row->symbol)
                                         : plan_move_spoke(step->config, &row->move, row->symbol);
    struct spoke_row read;

    return spoke == NULL || (venue_get_spoke(step, spoke, &read) && read.block >= block);
}

/* Has the target booked, as it was read last, all that arrived? */
static bool is_booked(struct step *step, const struct move_row *row)
{
    const struct core_spoke *target = plan_move_target(step->config, &row->move, row->symbol);
    struct flow_row flow;
    struct amount due;

    return target == NULL ||
           (flow_get(step, target, row->move.source_domain, &flow) &&
            flow.block >= row->arrived_block &&
            amount_add(&row->booked_before, &row->arrived_amount, &due) == STATUS_OK &&
            amount_compare(&flow.received, &due) >= 0);
}

/* On its way between spokes: goes on once it is booked there, and its leg over the bridge has
 * ended. */
static void crossing_read(struct step *step, const struct hash *id, struct move_row *row)
{
    if (row->arrived_block == 0 || !row->ended_leg || !is_booked(step, row)) {
        return;
    }
    row->booked_at = step->now;
    if (row->move.target_venue == 0) {
        move_ends_well(step, id, row);
        return;
    }
    leg_begin(step, id, row);
    capital_put_move(step, id, row);
}

void move_on_read(struct step *step, uint32_t domain, uint64_t block)
{
    struct hash id = {{0}};
    struct move_row row;

    while (step_has_room(step, 1) && capital_next_open_move(step, &id, &id, &row)) {
        if (row.move.kind == MOVE_BETWEEN_ROUTERS || row.state != MOVE_TRANSIT ||
            row.move.target_domain != domain) {
            continue;
        }
        if (row.move.kind == MOVE_BETWEEN_SPOKES && row.booked_at.ns == 0) {
            crossing_read(step, &id, &row);
            continue;
        }
        if (row.sent_block > block || !is_read_since(step, &row, block)) {
            continue; /* the answer was not taken, or says nothing of this spoke */
        }
        if (row.move.kind == MOVE_BETWEEN_VENUES) {
            row.arrived_amount = row.move.amount; /* a verb moves exactly that or reverts */
            row.arrived_block = row.sent_block;
        }
        move_ends_well(step, &id, &row);
    }
}
