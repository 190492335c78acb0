/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/approval.h"
#include "relay/core/capital/capital_view.h"
#include "relay/view/json_of.h"
#include "relay/view/view.h"

#define PLANS_SHOWN_MAX 20u

/* Where a move of a plan stands; "-" when it was not started. */
const char *view_move_state(const struct view *view, const struct hash *plan_id, uint32_t index,
                            struct move_row *ret_move)
{
    const struct hash id = capital_move_id(plan_id, index);
    *ret_move = (struct move_row){0};
    return capital_view_move(&view->source, &id, ret_move) == STATUS_OK
               ? move_state_name(ret_move->state)
               : "-";
}

const char *view_move_kind(const struct plan_move *move)
{
    return move->kind == MOVE_BETWEEN_ROUTERS     ? "between routers"
           : approval_is_debt(move->target_venue) ? "paying back"
                                                  : "between venues";
}

json_t *view_move_venue(const struct plan_move *move, uint32_t venue)
{
    const uint32_t place = approval_is_debt(venue) ? venue - APPROVAL_DEBTS : venue;

    return move->kind == MOVE_BETWEEN_ROUTERS || venue == 0 ? json_null()
                                                            : json_integer((json_int_t)place - 1);
}

static json_t *moves_json(const struct view *view, const struct hash *id,
                          const struct plan_row *plan)
{
    json_t *moves = json_array();
    for (uint32_t i = 0; i < plan->moves_count; i++) {
        const struct plan_move *move = &plan->moves[i];
        const struct hash move_id = capital_move_id(id, i);
        struct move_row row;
        const char *state = view_move_state(view, id, i, &row);
        (void)json_array_append_new(
            moves, json_pack("{s:o, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:o}", "id",
                             json_of_hash(&move_id), "kind", view_move_kind(move), "from",
                             view_chain(view, move->source_domain), "from_venue",
                             view_move_venue(move, move->source_venue), "to",
                             view_chain(view, move->target_domain), "to_venue",
                             view_move_venue(move, move->target_venue), "amount",
                             json_of_amount(&move->amount), "gain", json_of_amount(&plan->gains[i]),
                             "cost", json_of_amount(&plan->costs[i]), "state", state, "reason",
                             json_of_reason(row.reason)));
    }
    return moves;
}

static const char *const limit_names[] = {[PLAN_LIMIT_LEAVING] = "leaving",
                                          [PLAN_LIMIT_ENTERING] = "entering",
                                          [PLAN_LIMIT_WAY] = "way",
                                          [PLAN_LIMIT_FLOOR] = "mandate floor",
                                          [PLAN_LIMIT_CAP] = "mandate cap",
                                          [PLAN_LIMIT_VELOCITY] = "velocity",
                                          [PLAN_LIMIT_SHARE] = "mandate share",
                                          [PLAN_LIMIT_ISSUER] = "issuer"};
static const char *const venue_limit_names[] = {[PLAN_LIMIT_LEAVING] = "leaving venue",
                                                [PLAN_LIMIT_ENTERING] = "entering venue",
                                                [PLAN_LIMIT_WAY] = "way",
                                                [PLAN_LIMIT_FLOOR] = "mandate buffer",
                                                [PLAN_LIMIT_CAP] = "mandate cap",
                                                [PLAN_LIMIT_VELOCITY] = "velocity",
                                                [PLAN_LIMIT_SHARE] = "mandate floor of the chain",
                                                [PLAN_LIMIT_ISSUER] = "mandate cap of an issuer"};

static json_t *limits_json(const struct view *view, const struct plan_row *plan)
{
    const bool venues = plan->moves_count > 0 && plan->moves[0].kind != MOVE_BETWEEN_ROUTERS;
    const char *const *names = venues ? venue_limit_names : limit_names;
    json_t *limits = json_array();
    for (uint32_t i = 0; i < plan->binding_count; i++) {
        const struct plan_limit *limit = &plan->binding[i];
        (void)json_array_append_new(
            limits,
            json_pack("{s:s, s:s?, s:s?, s:f}", "kind", names[limit->kind], "from",
                      limit->source_domain == 0 ? NULL : view_chain(view, limit->source_domain),
                      "to",
                      limit->target_domain == 0 ? NULL : view_chain(view, limit->target_domain),
                      "price", (double)limit->price_nano / 1e9));
    }
    return limits;
}

json_t *view_plan(const struct view *view, const struct hash *id, const struct plan_row *plan)
{
    json_t *moves = moves_json(view, id, plan);
    return json_pack(
        "{s:o, s:s, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:f, s:o, s:o}", "id", json_of_hash(id),
        "asset", plan->symbol, "decimals", (int)view_decimals(view, plan->symbol), "state",
        plan_state_name(plan->state), "reason", json_of_reason(plan->reason), "made_at",
        json_of_time(plan->made_at), "decided_at", json_of_time(plan->decided_at), "total",
        json_of_amount(&plan->total), "cost", json_of_amount(&plan->cost), "gap",
        (double)plan->gap_ppm / 1e6, "limits", limits_json(view, plan), "moves", moves);
}

enum status view_plans(const struct view *view, json_t **ret_plans)
{
    uint64_t count = 0;
    const enum status status = capital_view_plans_count(&view->source, &count);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    json_t *list = json_array();
    for (uint64_t i = 0; i < count && i < PLANS_SHOWN_MAX; i++) {
        struct hash id;
        struct plan_row plan;
        /* Old plans are forgotten by the rows: they are in the records alone. */
        if (capital_view_plan_at(&view->source, count - i, &id, &plan) == STATUS_OK) {
            (void)json_array_append_new(list, view_plan(view, &id, &plan));
        }
    }
    *ret_plans = json_pack("{s:I, s:o}", "plans_count", (json_int_t)count, "plans", list);
    return STATUS_OK;
}
