/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/explain.c: `sluice explain NETWORK PLAN`: what each move makes and costs, what each
 * limit that binds is worth, why a corridor is not used. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/cli/plan_pair.h"
#include "relay/routing/allocation.h"
#include "relay/routing/explain.h"

#define RESTRICTED_GAP   1e-7
#define RESTRICTED_STEPS 200u

static const char *const kinds[] = {[EXPLAIN_PLACE_MIN] = "min of place",
                                    [EXPLAIN_PLACE_MAX] = "max of place",
                                    [EXPLAIN_CORRIDOR_MAX] = "max of corridor",
                                    [EXPLAIN_GROUP_MIN] = "min of group",
                                    [EXPLAIN_GROUP_MAX] = "max of group"};

static const char *const uses[] = {
    [EXPLAIN_USED] = "used", [EXPLAIN_CLOSED] = "closed",        [EXPLAIN_NO_GAIN] = "no_gain",
    [EXPLAIN_COST] = "cost", [EXPLAIN_LIMIT] = "limit",          [EXPLAIN_FIXED] = "fixed_cost",
    [EXPLAIN_EVEN] = "even", [EXPLAIN_NOT_PROVED] = "not_proved"};

struct explained {
    const struct network_file *network;
    const struct plan_file *plan;
    struct explanation explanation;
};

static const char *limit_id(const struct network_file *network, const struct explain_limit *limit)
{
    switch (limit->kind) {
    case EXPLAIN_PLACE_MIN:
    case EXPLAIN_PLACE_MAX:
        return network->places.ids[limit->index];
    case EXPLAIN_CORRIDOR_MAX:
        return network->corridors.ids[limit->index];
    case EXPLAIN_GROUP_MIN:
    case EXPLAIN_GROUP_MAX:
        return network->groups.ids[limit->index];
    }
    return "";
}

/* ---- words ---- */

static const char *reason_words(const struct explained *explained, uint32_t index)
{
    const struct explain_corridor *corridor = &explained->explanation.corridors[index];
    const double gain = corridor->worth_end - corridor->worth_start;

    switch (corridor->use) {
    case EXPLAIN_USED:
        return "used";
    case EXPLAIN_CLOSED:
        return "its max is 0";
    case EXPLAIN_NO_GAIN:
        return cli_text("a unit is worth %.9g where it starts and %.9g at the end",
                        corridor->worth_start, corridor->worth_end);
    case EXPLAIN_COST:
        return cli_text("a unit would gain %.6g and cost %.6g", gain, corridor->charge);
    case EXPLAIN_LIMIT:
        return cli_text("%s '%s' (%.9g) is in the way", kinds[corridor->limit.kind],
                        limit_id(explained->network, &corridor->limit), corridor->limit.bound);
    case EXPLAIN_FIXED:
        return cli_text("the cost of transaction '%s' is %.6g more than it could bring",
                        explained->network->transactions
                            .ids[explained->network->model.corridors[index].transaction],
                        corridor->missing);
    case EXPLAIN_EVEN:
        return "nothing to gain and nothing to lose";
    case EXPLAIN_NOT_PROVED:
        return cli_text("a unit might gain %.6g: the plan's gap leaves room for it",
                        gain - corridor->charge);
    }
    return "";
}

static const char *limit_words(const struct network_file *network,
                               const struct explain_limit *limit)
{
    const bool floor = limit->kind == EXPLAIN_PLACE_MIN || limit->kind == EXPLAIN_GROUP_MIN;

    return cli_text("%s the %s '%s' by 1 is worth %.6g", floor ? "lowering" : "raising",
                    kinds[limit->kind], limit_id(network, limit), limit->price);
}

/* ---- tables ---- */

static void print_moves(const struct explained *explained)
{
    static const char *const titles[] = {"CORRIDOR", "FROM",  "TO",   ">SENT", ">ARRIVED",
                                         ">GAIN",    ">COST", ">NET", NULL};
    const struct network_file *network = explained->network;
    struct cli_table *table = cli_table_new(titles);

    for (uint32_t i = 0; i < network->corridors.count; i++) {
        const struct explain_corridor *corridor = &explained->explanation.corridors[i];
        const struct model_corridor *way = &network->model.corridors[i];
        if (corridor->use != EXPLAIN_USED) {
            continue;
        }
        cli_table_cell(table, "%s", network->corridors.ids[i]);
        cli_table_cell(table, "%s", network->places.ids[way->from]);
        cli_table_cell(table, "%s", network->places.ids[way->to]);
        cli_table_cell(table, "%.6f", explained->plan->flows[i]);
        cli_table_cell(table, "%.6f", corridor->arrived);
        cli_table_cell(table, "%.6f", corridor->gain);
        cli_table_cell(table, "%.6f", corridor->cost);
        cli_table_cell(table, "%.6f", corridor->gain - corridor->cost);
    }
    cli_table_print(table);
}

static void print_limits(const struct explained *explained)
{
    static const char *const titles[] = {"LIMIT", ">BOUND", ">PRICE", "WHICH MEANS", NULL};
    const struct explanation *explanation = &explained->explanation;
    struct cli_table *table = cli_table_new(titles);

    for (uint32_t i = 0; i < explanation->limits_count; i++) {
        const struct explain_limit *limit = &explanation->limits[i];
        cli_table_cell(table, "%s '%s'", kinds[limit->kind], limit_id(explained->network, limit));
        cli_table_cell(table, "%.9g", limit->bound);
        cli_table_cell(table, "%.6g", limit->price);
        cli_table_cell(table, "%s", limit_words(explained->network, limit));
    }
    cli_table_print(table);
}

static bool is_all_used(const struct explained *explained)
{
    for (uint32_t i = 0; i < explained->network->corridors.count; i++) {
        if (explained->explanation.corridors[i].use != EXPLAIN_USED) {
            return false;
        }
    }
    return true;
}

static void print_unused(const struct explained *explained)
{
    static const char *const titles[] = {"NOT USED", "BECAUSE", NULL};

    if (is_all_used(explained)) {
        (void)printf("every corridor is used\n");
        return;
    }
    struct cli_table *table = cli_table_new(titles);
    for (uint32_t i = 0; i < explained->network->corridors.count; i++) {
        if (explained->explanation.corridors[i].use != EXPLAIN_USED) {
            cli_table_cell(table, "%s", explained->network->corridors.ids[i]);
            cli_table_cell(table, "%s", reason_words(explained, i));
        }
    }
    cli_table_print(table);
}

static int print_tables(const struct explained *explained)
{
    const struct model_plan *plan = &explained->plan->plan;

    (void)printf("value      %.9f: %.9f more than doing nothing\n", plan->value,
                 plan->value - plan->baseline);
    (void)printf("gap        %.3g of what could be gained\n", plan->gap);
    (void)printf("moves      gain %.9f, cost %.9f", explained->explanation.gain,
                 explained->explanation.cost);
    if (explained->explanation.risk < 0 || explained->explanation.risk > 0) {
        (void)printf(", risk charge %s by %.9f",
                     explained->explanation.risk > 0 ? "falls" : "rises",
                     explained->explanation.risk > 0 ? explained->explanation.risk
                                                     : -explained->explanation.risk);
    }
    (void)printf("\n\n");
    print_moves(explained);
    if (explained->explanation.limits_count > 0) {
        (void)printf("\n");
        print_limits(explained);
    }
    (void)printf("\n");
    print_unused(explained);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

/* ---- JSON ---- */

static void append(json_t *array, json_t *value)
{
    CHECK(value != NULL);
    const int rc = json_array_append_new(array, value);
    CHECK(rc == 0);
}

static json_t *limit_json(const struct explained *explained, const struct explain_limit *limit)
{
    static const char *const names[] = {[EXPLAIN_PLACE_MIN] = "place_min",
                                        [EXPLAIN_PLACE_MAX] = "place_max",
                                        [EXPLAIN_CORRIDOR_MAX] = "corridor_max",
                                        [EXPLAIN_GROUP_MIN] = "group_min",
                                        [EXPLAIN_GROUP_MAX] = "group_max"};

    return json_pack("{s:s, s:s, s:f, s:f}", "kind", names[limit->kind], "id",
                     limit_id(explained->network, limit), "bound", limit->bound, "price",
                     limit->price);
}

static json_t *move_json(const struct explained *explained, uint32_t index)
{
    const struct network_file *network = explained->network;
    const struct explain_corridor *corridor = &explained->explanation.corridors[index];
    const struct model_corridor *way = &network->model.corridors[index];

    return json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:f}", "corridor",
                     network->corridors.ids[index], "from", network->places.ids[way->from], "to",
                     network->places.ids[way->to], "sent", explained->plan->flows[index], "arrived",
                     corridor->arrived, "gain", corridor->gain, "cost", corridor->cost);
}

static json_t *unused_json(const struct explained *explained, uint32_t index)
{
    const struct explain_corridor *corridor = &explained->explanation.corridors[index];
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:f, s:f, s:f}", "corridor", explained->network->corridors.ids[index],
        "reason", uses[corridor->use], "text", reason_words(explained, index), "worth_start",
        corridor->worth_start, "worth_end", corridor->worth_end, "charge", corridor->charge);

    CHECK(object != NULL);
    if (corridor->use == EXPLAIN_LIMIT) {
        const int rc =
            json_object_set_new(object, "limit", limit_json(explained, &corridor->limit));
        CHECK(rc == 0);
    }
    return object;
}

static int print_json(const struct explained *explained)
{
    const struct model_plan *plan = &explained->plan->plan;
    const struct explanation *explanation = &explained->explanation;
    json_t *moves = json_array();
    json_t *limits = json_array();
    json_t *unused = json_array();

    for (uint32_t i = 0; i < explained->network->corridors.count; i++) {
        if (explanation->corridors[i].use == EXPLAIN_USED) {
            append(moves, move_json(explained, i));
        } else {
            append(unused, unused_json(explained, i));
        }
    }
    for (uint32_t i = 0; i < explanation->limits_count; i++) {
        append(limits, limit_json(explained, &explanation->limits[i]));
    }
    return cli_print_json(json_pack(
        "{s:f, s:f, s:f, s:f, s:f, s:f, s:o, s:o, s:o}", "value", plan->value, "baseline",
        plan->baseline, "gap", plan->gap, "gain", explanation->gain, "cost", explanation->cost,
        "risk", explanation->risk, "moves", moves, "limits", limits, "not_used", unused));
}

/* ---- prices ---- */

/* The network as it is once the plan has decided what to pay for: transactions that it uses cost
 * nothing more, the others are closed. The plan's own prices bound all decisions together, so they
 * say little about one. */
static struct model_corridor *decided_corridors(const struct model *model, const double *flows)
{
    struct model_corridor *corridors = calloc(model->counts.corridors + 1u, sizeof(*corridors));
    bool *used = calloc(model->counts.transactions + 1u, sizeof(*used));

    CHECK(corridors != NULL);
    CHECK(used != NULL);
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        corridors[i] = model->corridors[i];
        if (corridors[i].transaction != MODEL_NONE && flows[i] > 0) {
            used[corridors[i].transaction] = true;
        }
    }
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        if (corridors[i].transaction != MODEL_NONE && !used[corridors[i].transaction]) {
            corridors[i].max = 0;
        }
        corridors[i].transaction = MODEL_NONE;
    }
    free(used);
    return corridors;
}

/* Explains with the prices of the decided network, or with the plan's when that finds none. */
static void decided_explain(struct explained *explained, const struct model *decided, void *memory)
{
    const struct allocation_options options = {.gap = RESTRICTED_GAP,
                                               .steps_max = RESTRICTED_STEPS};
    const struct model *model = &explained->network->model;
    struct model_prices prices = explained->plan->plan.prices;
    struct allocation allocation;
    struct model_plan plan;
    void *solving = NULL;
    void *layout = malloc(allocation_footprint(decided) + 1);

    CHECK(layout != NULL);
    if (allocation_init(&allocation, decided, layout) == STATUS_OK) {
        solving = malloc(allocation_solve_footprint(&allocation) + 1);
        CHECK(solving != NULL);
        if (allocation_solve(&allocation, &options, solving, &plan) == STATUS_OK &&
            plan.status != MODEL_INFEASIBLE) {
            prices = plan.prices;
        }
    }
    explain_plan(model, explained->plan->positions, explained->plan->flows, &prices, memory,
                 &explained->explanation);
    free(solving);
    free(layout);
}

static int explain(struct explained *explained, bool json)
{
    const struct model *model = &explained->network->model;
    void *memory = malloc(explain_footprint(model) + 1);

    CHECK(memory != NULL);
    if (model->counts.transactions == 0) {
        explain_plan(model, explained->plan->positions, explained->plan->flows,
                     &explained->plan->plan.prices, memory, &explained->explanation);
    } else {
        struct model decided = *model;
        struct model_corridor *corridors = decided_corridors(model, explained->plan->flows);
        decided.corridors = corridors;
        decided.counts.transactions = 0;
        decided_explain(explained, &decided, memory);
        free(corridors);
    }
    const int code = json ? print_json(explained) : print_tables(explained);
    free(memory);
    return code;
}

/* A plan that is not what it says is not worth an explanation. */
static bool plan_is_true(const struct plan_pair *pair)
{
    struct certificate certificate;
    const char *lie = NULL;

    if (plan_pair_certify(pair, &certificate, &lie) != STATUS_OK) {
        cli_say("explain", "the plan is not what it says: %s", lie);
        return false;
    }
    if (pair->plan->plan.status == MODEL_INFEASIBLE) {
        cli_say("explain", "it is proved that there is no plan: no moves to explain ('conflict' in "
                           "the plan names the bounds that contradict each other)");
        return false;
    }
    return true;
}

int cli_explain(int argc, char **argv)
{
    bool json = false;
    const struct cli_option options[] = {{.name = "--json", .flag = &json}, {.name = NULL}};
    struct cli_arguments arguments;
    struct plan_pair pair;
    int code = EXIT_USAGE;

    if (!cli_parse(argc, argv, options, 2, &arguments, &code)) {
        return code;
    }
    code = plan_pair_load("explain", &arguments, &pair);
    if (code != EXIT_DONE) {
        return code;
    }
    struct explained explained = {.network = pair.network, .plan = pair.plan};
    code = plan_is_true(&pair) ? explain(&explained, json) : EXIT_NEGATIVE;
    plan_pair_free(&pair);
    return code;
}
