/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan/plan.c: when to plan, on what, and what becomes of a plan.
 *
 *   every plan_interval, per desk (an asset's routers, or its venues):
 *     fit? --no--> the reason is kept (`sluice why`)
 *      | yes
 *     balanced, cooling down, moves not yet away? --yes--> the reason is kept
 *      | no
 *     asked about (COMMAND_PLAN) --answer--> checked in exact integers --> cut to the limits
 *                                                                               |
 *        observe: OBSERVED     propose: AWAITING_APPROVAL     act: ACCEPTED <---+
 *                                  |         '--stale, rejected--> VOID
 *                                  '--approved--> ACCEPTED --all moves ended--> DONE
 *
 * Invariants
 *   1. No move starts from a plan whose moves would not be right on the ledger as it is now.
 *   2. A plan is asked about again until it is answered; an answer to no question changes nothing.
 *   3. A network carries the number of plans made before it, so a plan's id, and with it the ids of
 *      its moves, never repeats. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/core/plan/plan_internal.h"
#include "relay/core/text.h"

#define ANSWER_WAIT  DURATION_MS(10000)
#define INTERVAL_MIN DURATION_MS(100)

static const struct hash zero_hash;

/* ---- rows ---- */

static struct plan_clock clock_get(struct step *step)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct plan_clock clock;
    struct bytes value;

    memset(&clock, 0, sizeof(clock));
    if (step_get(step, plan_clock_key(key), &value) && !plan_clock_unpack(value, &clock)) {
        step->status = STATUS_CORRUPT;
    }
    return clock;
}

static void clock_put(struct step *step, const struct plan_clock *clock)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[16];
    struct packer packer = packer_from(value, sizeof(value));

    plan_clock_pack(&packer, clock);
    step_put(step, plan_clock_key(key), packer_finish(&packer));
}

static bool desk_get(struct step *step, const struct plan_desk *desk, struct plan_asset *ret_row)
{
    return capital_get_asset(step, desk->kind, desk->symbol, ret_row);
}

static void desk_put(struct step *step, const struct plan_desk *desk, const struct plan_asset *row)
{
    capital_put_asset(step, desk->kind, desk->symbol, row);
}

static enum note_level reason_level(enum reason reason)
{
    const bool wants_a_person = reason == REASON_FEE_ABOVE_LIMIT ||
                                reason == REASON_NO_BRIDGE_LIQUIDITY ||
                                reason == REASON_PLAN_INFEASIBLE;

    return wants_a_person ? NOTE_WARN : NOTE_INFO;
}

/* Keeps why nothing is planned; says it once when a person may want to know. */
static void asset_reason(struct step *step, const struct plan_desk *desk, struct plan_asset *row,
                         enum reason reason)
{
    if (row->reason == reason) {
        return;
    }
    row->reason = reason;
    row->since = step->now;
    if (reason_level(reason) == NOTE_WARN) {
        step_note(step, NOTE_WARN, 0, NULL, reason, desk->symbol);
    }
    desk_put(step, desk, row);
}

/* ---- the clock ---- */

static void clock_wind(struct step *step, struct plan_clock *clock, struct duration wait)
{
    clock->due = instant_after(step->now, wait);
    step_due(step, clock->due, DUE_PLAN, &zero_hash);
}

static struct duration plan_interval(const struct step *step)
{
    const struct duration interval = step->config->route.plan_interval;

    return interval.ns > INTERVAL_MIN.ns ? interval : INTERVAL_MIN;
}

static void routers_check(struct step *step, uint32_t asset)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < step->config->routers_count; i++) {
        count += step->config->routers[i].asset == asset ? 1u : 0u;
    }
    if (count > PLAN_ROUTERS_MAX && step_has_room(step, 1)) {
        struct text text = text_from(step->config->assets[asset].symbol);
        text_add(&text, " has more routers than this version plans for: ");
        text_add_number(&text, PLAN_ROUTERS_MAX);
        step_note(step, NOTE_ALARM, 0, NULL, REASON_PLAN_INFEASIBLE, text.text);
    }
}

/* Without a price of gas nothing says whether a better rate is worth its transactions. */
static void venues_check(struct step *step, const struct plan_desk *desk)
{
    if (desk->kind == MOVE_BETWEEN_VENUES && amount_is_zero(&step->config->route.coin_price) &&
        step_has_room(step, 1)) {
        struct text text = text_from(desk->symbol);
        text_add(&text, ": nothing goes from one venue to another without a coin_price");
        step_note(step, NOTE_WARN, 0, NULL, REASON_NOT_WORTH_IT, text.text);
    }
}

void plan_on_start(struct step *step)
{
    struct plan_clock clock = clock_get(step);

    if (clock.due.ns != 0) {
        step_due_remove(step, clock.due, DUE_PLAN, &zero_hash);
    }
    if (step->config->assets_count == 0) {
        return;
    }
    clock_wind(step, &clock, plan_interval(step));
    clock_put(step, &clock);
    for (uint32_t i = 0; i < step->config->assets_count; i++) {
        routers_check(step, i);
    }
    struct plan_desk desk;
    for (uint32_t i = 0; plan_desk_at(step->config, i, &desk); i++) {
        struct plan_asset row;
        venues_check(step, &desk);
        /* A network names its places by their index, which this configuration may have changed. */
        if (desk_get(step, &desk, &row) && (row.asked || !hash_is_zero(&row.seen_id))) {
            row.asked = false;
            row.seen_id = zero_hash;
            desk_put(step, &desk, &row);
        }
    }
}

/* ---- a plan's fate ---- */

static void plan_end(struct step *step, const struct hash *id, struct plan_row *plan,
                     enum plan_state state, enum reason reason)
{
    plan->state = state;
    plan->reason = reason;
    plan->decided_at = step->now;
    capital_put_plan(step, id, plan);
}

static void plan_accept(struct step *step, const struct plan_desk *desk, const struct hash *id,
                        struct plan_row *plan, struct plan_asset *row)
{
    struct plan_asset store;
    struct plan_asset *budget = plan_budget_open(step, desk, row, &store);

    plan->state = PLAN_ACCEPTED;
    plan->reason = REASON_MOVE_UNDER_WAY;
    plan->decided_at = step->now;
    capital_put_plan(step, id, plan);
    row->last_move_at = step->now;
    row->seen_id = zero_hash;
    plan_budget_use(plan, budget);
    plan_budget_close(step, desk, budget);
    for (uint32_t i = 0; i < plan->moves_count; i++) {
        move_start(step, id, plan, i);
    }
}

/* A plan is stale when its limits changed, when any balance it was made on moved by more than the
 * tolerance, or when its moves would not be right now. */
static bool plan_is_stale(struct step *step, const struct plan_row *plan,
                          const struct plan_basis *basis)
{
    const struct hash limits = plan_limits_digest(step);

    return !hash_equal(&limits, &plan->limits) || plan_basis_moved(step, basis, plan);
}

void plan_on_move_end(struct step *step, const struct hash *plan_id)
{
    struct plan_row plan;

    if (!capital_get_plan(step, plan_id, &plan) || plan.state != PLAN_ACCEPTED) {
        return;
    }
    for (uint32_t i = 0; i < plan.moves_count; i++) {
        const struct hash id = move_id_of(plan_id, i);
        struct move_row move;
        if (!capital_get_move(step, &id, &move) || !move_ends(move.state)) {
            return;
        }
    }
    plan.state = PLAN_DONE;
    plan.reason = REASON_MOVE_ARRIVED;
    capital_put_plan(step, plan_id, &plan);
}

/* ---- asking ---- */

static void question_send(struct step *step, struct plan_asset *row, struct bytes network)
{
    struct command *command = step_command(step, COMMAND_PLAN, 0);

    command->plan.plan_id = row->network_id;
    command->plan.network = network;
    row->asked = true;
    row->asked_at = step->now;
}

static void question_repeat(struct step *step, const struct plan_desk *desk, struct plan_asset *row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes network;

    if (!instant_is_past(instant_after(row->asked_at, ANSWER_WAIT), step->now)) {
        return;
    }
    if (step_get(step, plan_network_key(key, desk->kind, desk->symbol), &network)) {
        question_send(step, row, step_keep(step, network));
    } else {
        row->asked = false;
    }
    desk_put(step, desk, row);
}

/* Asks about the snapshot, unless exactly this was answered last. */
static enum reason question_ask(struct step *step, const struct plan_desk *desk,
                                struct plan_asset *row, const struct plan_basis *basis)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    const size_t left = step->bytes.capacity - step->bytes.count;
    struct packer packer = packer_from(step->bytes.data + step->bytes.count,
                                       left < ROW_VALUE_BYTES_MAX ? left : ROW_VALUE_BYTES_MAX);
    const enum reason reason = plan_basis_pack(step, basis, &packer);

    if (reason != REASON_NONE) {
        return reason;
    }
    const struct hash content = sha2_of(packer_finish(&packer));
    if (hash_equal(&content, &row->seen_id)) {
        return row->reason;
    }
    pack_u64(&packer, clock_get(step).sequence);
    if (packer.overrun) {
        return REASON_PLAN_INFEASIBLE;
    }
    const struct bytes network = packer_finish(&packer);
    step->bytes.count += network.count; /* the command points there */
    step_put(step, plan_network_key(key, desk->kind, desk->symbol), network);
    row->network_id = sha2_of(network);
    row->seen_id = content;
    question_send(step, row, network);
    row->reason = REASON_PLAN_MADE;
    row->since = step->now;
    desk_put(step, desk, row);
    return REASON_PLAN_MADE;
}

/* A plan that waits for a person. True: it still does. */
static bool approval_is_awaited(struct step *step, const struct plan_desk *desk,
                                struct plan_asset *row)
{
    struct plan_basis basis;
    struct plan_row plan;

    if (hash_is_zero(&row->plan_id) || !capital_get_plan(step, &row->plan_id, &plan) ||
        plan.state != PLAN_AWAITING_APPROVAL) {
        return false;
    }
    const bool known = plan_basis_take(step, desk, &basis) == REASON_NONE &&
                       plan_basis_lacks(step, &basis, &plan) == REASON_NONE;
    if (step->config->route.mode == ROUTE_PROPOSE &&
        (!known || !plan_is_stale(step, &plan, &basis))) {
        return true; /* what cannot be judged now is judged when it is approved */
    }
    plan_end(step, &row->plan_id, &plan, PLAN_VOID, REASON_PLAN_STALE);
    step_note(step, NOTE_INFO, 0, &row->plan_id, REASON_PLAN_STALE, desk->symbol);
    row->seen_id = zero_hash;
    row->reason = REASON_PLAN_STALE;
    row->since = step->now;
    desk_put(step, desk, row);
    return false;
}

static enum reason desk_consider(struct step *step, const struct plan_desk *desk,
                                 struct plan_asset *row)
{
    const struct core_route *route = &step->config->route;
    struct plan_basis basis;

    if (step->paused) {
        return REASON_PAUSED;
    }
    const enum reason reason = plan_basis_take(step, desk, &basis);
    if (reason != REASON_NONE) {
        return reason;
    }
    if (basis.reserved) {
        return REASON_MOVE_UNDER_WAY;
    }
    if (plan_basis_is_settled(&basis)) {
        return REASON_WITHIN_TOLERANCE;
    }
    if (row->last_move_at.ns != 0 && !plan_basis_is_urgent(&basis) &&
        !instant_is_past(instant_after(row->last_move_at, route->cooldown), step->now)) {
        return REASON_COOLDOWN;
    }
    return question_ask(step, desk, row, &basis);
}

void plan_on_due(struct step *step)
{
    struct plan_clock clock = clock_get(step);
    struct duration wait = plan_interval(step);

    if (!instant_is_past(clock.due, step->now)) {
        return; /* a row that an earlier start left behind */
    }
    struct plan_desk desk;
    for (uint32_t i = 0;
         step->config->route.mode != ROUTE_OFF && plan_desk_at(step->config, i, &desk); i++) {
        struct plan_asset row;
        if (!step_has_room(step, 4)) {
            wait.ns = 0; /* the other desks in the next step */
            break;
        }
        (void)desk_get(step, &desk, &row);
        if (row.asked) {
            question_repeat(step, &desk, &row);
        } else if (approval_is_awaited(step, &desk, &row)) {
            asset_reason(step, &desk, &row, REASON_AWAITING_APPROVAL);
        } else {
            asset_reason(step, &desk, &row, desk_consider(step, &desk, &row));
        }
    }
    clock_wind(step, &clock, wait);
    clock_put(step, &clock);
}

/* ---- answers ---- */

/* The desk whose question this answers; false: none is open. */
static bool desk_asked(struct step *step, const struct hash *network_id, struct plan_desk *ret_desk,
                       struct plan_asset *ret_row)
{
    for (uint32_t i = 0; plan_desk_at(step->config, i, ret_desk); i++) {
        if (desk_get(step, ret_desk, ret_row) && ret_row->asked &&
            hash_equal(&ret_row->network_id, network_id)) {
            return true;
        }
    }
    return false;
}

/* The check found each pair in the network, which was made of this configuration. */
static struct plan_move move_named(const struct core_config *config, const struct plan_desk *desk,
                                   const struct planned_move *planned)
{
    struct plan_move move = {.kind = MOVE_BETWEEN_ROUTERS, .amount = planned->amount};

    if (desk->kind == MOVE_BETWEEN_VENUES) {
        const bool named = plan_venue_move(config, planned, &move);
        CHECK(named);
        return move;
    }
    CHECK(planned->from < config->routers_count);
    CHECK(planned->to < config->routers_count);
    move.source_domain = config->routers[planned->from].domain;
    move.source = config->routers[planned->from].router;
    move.target_domain = config->routers[planned->to].domain;
    move.target = config->routers[planned->to].router;
    return move;
}

static void plan_moves_take(const struct step *step, const struct plan_desk *desk,
                            const struct plan_answer *answer, struct plan_row *plan)
{
    plan->gap_ppm = answer->gap_ppm;
    plan->binding_count = answer->limits_count;
    memcpy(plan->binding, answer->limits, sizeof(plan->binding));
    for (uint32_t i = 0; i < answer->count && plan->moves_count < PLAN_MOVES_MAX; i++) {
        const struct planned_move planned = {.from = answer->moves[i].from,
                                             .to = answer->moves[i].to,
                                             .amount = answer->moves[i].amount};
        if (amount_add(&plan->cost, &answer->moves[i].cost, &plan->cost) != STATUS_OK) {
            plan->cost = amount_max();
        }
        plan->gains[plan->moves_count] = answer->moves[i].gain;
        plan->costs[plan->moves_count] = answer->moves[i].cost;
        plan->moves[plan->moves_count++] = move_named(step->config, desk, &planned);
    }
}

static void plan_note(struct step *step, const struct hash *id, const struct plan_row *plan)
{
    struct text text = text_from(plan->symbol);

    text_add(&text, " moves=");
    text_add_number(&text, plan->moves_count);
    text_add(&text, " cost=");
    text_add_amount(&text, &plan->cost);
    text_add(&text, " base units");
    step_note(step, NOTE_INFO, 0, id, REASON_PLAN_MADE, text.text);
}

/* A plan that is worth a row: recorded, and by the mode proposed or started. */
static void plan_take(struct step *step, const struct plan_desk *desk, struct plan_asset *row,
                      struct plan_row *plan)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    const struct hash id = row->network_id;
    struct plan_clock clock = clock_get(step);

    clock.sequence++;
    clock_put(step, &clock);
    step_put(step, plan_order_key(key, clock.sequence), bytes_from(id.bytes, sizeof(id.bytes)));
    plan->made_at = step->now;
    plan->limits = plan_limits_digest(step);
    row->plan_id = id;
    plan_note(step, &id, plan);
    switch (step->config->route.mode) {
    case ROUTE_OFF:
    case ROUTE_OBSERVE:
        plan_end(step, &id, plan, PLAN_OBSERVED, REASON_OBSERVE_ONLY);
        row->reason = REASON_OBSERVE_ONLY;
        break;
    case ROUTE_PROPOSE:
        plan->state = PLAN_AWAITING_APPROVAL;
        plan->reason = REASON_AWAITING_APPROVAL;
        capital_put_plan(step, &id, plan);
        row->reason = REASON_AWAITING_APPROVAL;
        break;
    case ROUTE_ACT:
        plan_accept(step, desk, &id, plan, row);
        row->reason = REASON_MOVE_UNDER_WAY;
        break;
    }
    row->since = step->now;
    desk_put(step, desk, row);
}

/* An answer after the check, and what it was before the owner's limits. */
struct answer_taken {
    struct plan_answer answer;
    uint32_t asked;
    uint32_t small; /* moves below the owner's smallest */
    bool slow;      /* less than that is left of the velocity */
};

/* With fixed costs, and between venues, the best plan may be to do nothing. */
static enum reason no_moves_reason(const struct step *step, const struct plan_desk *desk)
{
    const bool worthless =
        desk->kind == MOVE_BETWEEN_VENUES || !amount_is_zero(&step->config->route.coin_price);

    return worthless ? REASON_NOT_WORTH_IT : REASON_NO_BRIDGE_LIQUIDITY;
}

/* REASON_NONE: the plan was taken. Else why not. */
static enum reason answer_take(struct step *step, const struct plan_desk *desk,
                               struct plan_asset *row, const struct answer_taken *taken)
{
    const struct plan_answer *answer = &taken->answer;
    struct plan_asset store;
    struct plan_basis basis;
    struct plan_row plan;

    memset(&plan, 0, sizeof(plan));
    capital_symbol(plan.symbol, desk->symbol);
    const enum reason reason = plan_basis_take(step, desk, &basis);
    if (reason != REASON_NONE) {
        row->seen_id = zero_hash; /* ask again when it is known */
        return reason;
    }
    if (answer->gap_ppm > PLAN_GAP_PPM_MAX) {
        return REASON_PLAN_UNPROVED;
    }
    plan_moves_take(step, desk, answer, &plan);
    if (plan.moves_count == 0 && taken->asked == 0 && basis.kind == MOVE_BETWEEN_ROUTERS &&
        basis.routers.bounded) {
        return REASON_MANDATE_BOUND;
    }
    if (plan.moves_count == 0 && taken->slow && taken->asked > 0) {
        row->seen_id = zero_hash; /* the next window has a velocity of its own */
        return REASON_OVER_VELOCITY;
    }
    if (plan.moves_count == 0) {
        return taken->asked == 0  ? no_moves_reason(step, desk)
               : taken->small > 0 ? REASON_BELOW_MINIMUM
                                  : REASON_NOT_WORTH_IT;
    }
    if (basis.reserved || !plan_basis_fits(step, &basis, plan.moves, plan.moves_count)) {
        row->seen_id = zero_hash;
        return REASON_PLAN_STALE; /* balances moved while it was made */
    }
    const enum reason over =
        plan_budget_reason(step, &plan, plan_budget_open(step, desk, row, &store));
    if (over != REASON_NONE) {
        row->seen_id = zero_hash; /* the next window has a budget of its own */
        return over;
    }
    plan_basis_keep(step, &basis, &plan);
    plan_take(step, desk, row, &plan);
    return REASON_NONE;
}

/* Unpacks the question, checks the answer against it, and leaves out what is not worth doing. */
static const char *answer_read(struct step *step, const struct plan_desk *desk,
                               struct plan_asset *row, const struct event *event,
                               struct answer_taken *ret_taken)
{
    struct plan_question question;
    struct plan_asset store;
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct bytes network;

    if (!step_get(step, plan_network_key(key, desk->kind, desk->symbol), &network)) {
        return "the network that was asked about is gone";
    }
    if (!plan_question_read(network, &question)) {
        return "the network that was asked about cannot be read";
    }
    const char *wrong = plan_answer_check(step->config, &question, event, &ret_taken->answer);
    if (wrong == NULL) {
        ret_taken->asked = ret_taken->answer.count;
        const struct amount rest =
            plan_budget_velocity(step, plan_budget_open(step, desk, row, &store));
        plan_answer_prune(&step->config->route, &rest, &question, &ret_taken->answer,
                          &ret_taken->small);
        ret_taken->slow = amount_compare(&rest, &step->config->route.move_min) < 0;
    }
    return wrong;
}

/* Nothing comes of the question. */
static void desk_ends(struct step *step, const struct plan_desk *desk, struct plan_asset *row,
                      enum reason reason)
{
    row->reason = reason;
    row->since = step->now;
    desk_put(step, desk, row);
}

void plan_on_planned(struct step *step, const struct event *event)
{
    struct answer_taken taken;
    struct plan_asset row;
    struct plan_desk desk;

    if (!desk_asked(step, &event->planned.plan_id, &desk, &row) ||
        event->planned.outcome == OUTCOME_UNKNOWN) {
        return; /* none of ours, or asked again by the clock */
    }
    row.asked = false;
    if (event->planned.outcome != OUTCOME_OK) {
        struct text text = text_from(desk.symbol);
        text_add(&text, ": ");
        text_add_bytes(&text, event->planned.reason);
        step_note(step, NOTE_WARN, 0, &row.network_id, REASON_PLAN_INFEASIBLE, text.text);
        desk_ends(step, &desk, &row, REASON_PLAN_INFEASIBLE);
        return;
    }
    const char *wrong = answer_read(step, &desk, &row, event, &taken);
    if (wrong != NULL) {
        step_note(step, NOTE_ALARM, 0, &row.network_id, REASON_PLAN_INFEASIBLE, wrong);
        desk_ends(step, &desk, &row, REASON_PLAN_INFEASIBLE);
        return;
    }
    const enum reason reason = answer_take(step, &desk, &row, &taken);
    if (reason != REASON_NONE) {
        desk_ends(step, &desk, &row, reason);
    }
}

/* ---- a person ---- */

/* The desk that a plan is of. False: its asset is configured no more. */
static bool desk_of_plan(const struct step *step, const struct plan_row *plan,
                         struct plan_desk *ret_desk)
{
    CHECK(plan->moves_count > 0);
    for (uint32_t i = 0; plan_desk_at(step->config, i, ret_desk); i++) {
        if (ret_desk->kind == plan->moves[0].kind &&
            capital_is_symbol(ret_desk->symbol, plan->symbol)) {
            return true;
        }
    }
    return false;
}

static void plan_reject(struct step *step, const struct hash *id, struct plan_row *plan)
{
    plan_end(step, id, plan, PLAN_VOID, REASON_PLAN_REJECTED);
    step_note(step, NOTE_INFO, 0, id, REASON_PLAN_REJECTED, plan->symbol);
}

static void plan_approve(struct step *step, const struct hash *id, struct plan_row *plan)
{
    struct plan_basis basis;
    struct plan_asset store;
    struct plan_asset row;
    struct plan_desk desk;

    if (!desk_of_plan(step, plan, &desk) || !desk_get(step, &desk, &row)) {
        step_note(step, NOTE_WARN, 0, id, REASON_PLAN_STALE, "its asset is configured no more");
        return;
    }
    if (step->config->route.mode != ROUTE_PROPOSE) {
        step_note(step, NOTE_WARN, 0, id, REASON_OBSERVE_ONLY, "the mode is not propose");
        return;
    }
    enum reason reason = plan_basis_take(step, &desk, &basis);
    reason = reason == REASON_NONE ? plan_basis_lacks(step, &basis, plan) : reason;
    if (reason != REASON_NONE) {
        step_note(step, NOTE_WARN, 0, id, reason, "not now: approve it again later");
        return;
    }
    if (basis.reserved || plan_is_stale(step, plan, &basis)) {
        plan_end(step, id, plan, PLAN_VOID, REASON_PLAN_STALE);
        row.seen_id = zero_hash;
        desk_put(step, &desk, &row);
        step_note(step, NOTE_WARN, 0, id, REASON_PLAN_STALE, "nothing was moved");
        return;
    }
    const enum reason over =
        plan_budget_reason(step, plan, plan_budget_open(step, &desk, &row, &store));
    if (over != REASON_NONE) {
        step_note(step, NOTE_WARN, 0, id, over, "not now: approve it again later");
        return;
    }
    step_note(step, NOTE_INFO, 0, id, REASON_PLAN_APPROVED, plan->symbol);
    plan_accept(step, &desk, id, plan, &row);
    row.reason = REASON_MOVE_UNDER_WAY;
    row.since = step->now;
    desk_put(step, &desk, &row);
}

void plan_on_operator(struct step *step, const struct event *event)
{
    const enum operator_action action = event->operator_.action;
    const struct hash id = event->operator_.subject;
    struct plan_row plan;

    if (action != OPERATOR_APPROVE_PLAN && action != OPERATOR_REJECT_PLAN) {
        return;
    }
    if (!capital_get_plan(step, &id, &plan)) {
        step_note(step, NOTE_WARN, 0, &id, REASON_PLAN_STALE, "there is no such plan");
        return;
    }
    if (plan.state != PLAN_AWAITING_APPROVAL) {
        step_note(step, NOTE_WARN, 0, &id, plan.reason, "this plan does not wait for approval");
        return;
    }
    plan.uid = event->operator_.uid;
    if (action == OPERATOR_APPROVE_PLAN) {
        plan.approval_expires_s = event->operator_.expires_s;
        plan.approval = event->operator_.signature;
        plan_approve(step, &id, &plan);
    } else {
        plan_reject(step, &id, &plan);
    }
}
