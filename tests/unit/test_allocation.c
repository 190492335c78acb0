/* SPDX-License-Identifier: Apache-2.0 */
/* The allocation solver on random networks: linear ones against GLPK, tiny ones with fixed costs
 * against GLPK's branch and bound, curved ones by their certificate alone, which proves them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glpk.h>

#include "relay/base/check.h"
#include "relay/routing/allocation.h"
#include "relay/routing/conflict.h"

#define PLACES_MAX    10u
#define CORRIDORS_MAX 40u
#define GROUPS_MAX    6u
#define PIECES_MAX    128u
#define TERMS_MAX     512u
#define NETWORKS      3000u

struct fixture {
    struct model model;
    struct model_place places[PLACES_MAX];
    struct model_corridor corridors[CORRIDORS_MAX];
    struct model_group groups[GROUPS_MAX];
    struct model_transaction transactions[CORRIDORS_MAX];
    struct model_piece pieces[PIECES_MAX];
    struct model_term terms[TERMS_MAX];
};

/* What a random network may have. */
struct shape {
    double scale; /* of amounts */
    bool curved;  /* risk, constant products, quadratic yields */
    bool fixed;   /* costs per transaction */
    bool forced;  /* doing nothing may break a bound, so that there may be no plan */
};

static uint64_t random_state;

static double random_part(void)
{
    random_state += 0x9e3779b97f4a7c15u;
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (double)(z >> 11) / 9007199254740992.0;
}

static uint32_t random_below(uint32_t limit)
{
    return (uint32_t)(random_part() * limit);
}

/* ---- random networks ---- */

static struct route_span random_pieces(struct fixture *fixture, double width, double rate,
                                       double fall)
{
    const uint32_t count = 1 + random_below(4);
    const struct route_span span = {.first = fixture->model.counts.pieces, .count = count};

    for (uint32_t i = 0; i < count; i++) {
        fixture->pieces[fixture->model.counts.pieces] =
            (struct model_piece){.width = width * (0.2 + random_part()), .rate = rate};
        fixture->model.counts.pieces++;
        rate *= 1 - fall * random_part();
    }
    return span;
}

static void random_place(struct fixture *fixture, const struct shape *shape)
{
    struct model_place *place = &fixture->places[fixture->model.counts.places];

    fixture->model.counts.places++;
    *place = (struct model_place){.decimals = 6, .price = 1};
    place->balance = random_below(3) == 0 ? 0 : shape->scale * random_part();
    if (fixture->model.counts.places == 1 && place->balance == 0) {
        place->balance = shape->scale * 0.1; /* without any money there is nothing to measure by */
    }
    place->min = random_below(4) == 0 ? shape->scale * 0.1 * random_part() : 0;
    place->max = place->min + shape->scale * (random_below(3) == 0 ? random_part() : 100);
    if (!shape->forced) {
        place->min = place->min < place->balance ? place->min : place->balance;
        place->max = place->max > place->balance ? place->max : place->balance;
    }
    if (random_below(2) == 0) {
        place->yield = ROUTE_YIELD_PIECES;
        place->pieces = random_pieces(fixture, shape->scale / 3, 0.02 * random_part(), 0.7);
    } else if (shape->curved) {
        place->yield = ROUTE_YIELD_QUADRATIC;
        place->linear = 0.02 * random_part();
        place->quadratic = 0.01 * random_part() / shape->scale;
    }
}

static void random_corridor(struct fixture *fixture, const struct shape *shape)
{
    const uint32_t places = fixture->model.counts.places;
    const uint32_t index = fixture->model.counts.corridors;
    struct model_corridor *corridor = &fixture->corridors[index];

    CHECK(places > 1);
    fixture->model.counts.corridors++;
    *corridor = (struct model_corridor){.transaction = MODEL_NONE};
    corridor->from = random_below(places);
    corridor->to = (corridor->from + 1 + random_below(places - 1)) % places;
    corridor->max = random_below(10) == 0 ? 0 : shape->scale * 2 * random_part();
    corridor->cost = 0.001 * random_part();
    corridor->output = ROUTE_OUTPUT_LINEAR;
    corridor->gain = 1 - 0.002 * random_part();
    if (random_below(3) == 0) {
        corridor->output = ROUTE_OUTPUT_PIECES;
        corridor->pieces = random_pieces(fixture, corridor->max + shape->scale, 1, 0.01);
        struct model_piece *last = &fixture->pieces[fixture->model.counts.pieces - 1];
        last->width += corridor->max;
    } else if (shape->curved && random_below(2) == 0) {
        corridor->output = ROUTE_OUTPUT_PRODUCT;
        corridor->gain = 0.997;
        corridor->reserve_in = shape->scale * (1 + 50 * random_part());
        corridor->reserve_out = corridor->reserve_in * (0.99 + 0.03 * random_part());
    }
    if (shape->fixed && random_below(2) == 0) {
        struct model_transaction *transaction =
            &fixture->transactions[fixture->model.counts.transactions];
        corridor->transaction = fixture->model.counts.transactions;
        fixture->model.counts.transactions++;
        transaction->cost = 0.002 * shape->scale * random_part();
        transaction->corridors = (struct route_span){fixture->model.counts.terms, 1};
        fixture->terms[fixture->model.counts.terms] = (struct model_term){index, 1};
        fixture->model.counts.terms++;
    }
}

static void random_group(struct fixture *fixture, const struct shape *shape)
{
    struct model_group *group = &fixture->groups[fixture->model.counts.groups];
    uint32_t *terms = &fixture->model.counts.terms;
    double now = 0;

    fixture->model.counts.groups++;
    *group = (struct model_group){.places = {.first = *terms}};
    for (uint32_t i = 0; i < fixture->model.counts.places; i++) {
        if (random_below(3) == 0) {
            fixture->terms[*terms] = (struct model_term){i, 0.5 + random_part()};
            now += fixture->terms[*terms].coefficient * fixture->places[i].balance;
            (*terms)++;
            group->places.count++;
        }
    }
    group->corridors.first = *terms;
    for (uint32_t i = 0; i < fixture->model.counts.corridors; i++) {
        if (random_below(8) == 0) {
            fixture->terms[*terms] = (struct model_term){i, 1};
            (*terms)++;
            group->corridors.count++;
        }
    }
    group->max = now * ((shape->forced ? 0.8 : 1) + random_part()) + shape->scale * random_part();
    group->min = random_below(3) == 0 ? now * random_part() : 0;
    if (shape->forced && random_below(10) == 0) {
        group->min = group->max * random_part();
    }
    group->min = group->min < group->max ? group->min : group->max;
    if (shape->curved && random_below(2) == 0) {
        group->risk = 0.01 * random_part() / shape->scale;
    }
}

static void fixture_fill(struct fixture *fixture, const struct shape *shape)
{
    memset(fixture, 0, sizeof(*fixture));
    fixture->model.places = fixture->places;
    fixture->model.corridors = fixture->corridors;
    fixture->model.groups = fixture->groups;
    fixture->model.transactions = fixture->transactions;
    fixture->model.pieces = fixture->pieces;
    fixture->model.terms = fixture->terms;
    const uint32_t places = 2 + random_below(PLACES_MAX - 2);
    const uint32_t corridors = random_below(shape->fixed ? 12 : 24);
    const uint32_t groups = random_below(GROUPS_MAX);
    for (uint32_t i = 0; i < places; i++) {
        random_place(fixture, shape);
    }
    for (uint32_t i = 0; i < corridors; i++) {
        random_corridor(fixture, shape);
    }
    for (uint32_t i = 0; i < groups; i++) {
        random_group(fixture, shape);
    }
    assert_int_equal(model_check(&fixture->model), STATUS_OK);
}

/* ---- the same for GLPK ---- */

struct peer {
    glp_prob *problem;
    int rows[TERMS_MAX * 8];
    int columns[TERMS_MAX * 8];
    double values[TERMS_MAX * 8];
    int count;
    double constant;
};

static void peer_entry(struct peer *peer, int row, int column, double value)
{
    peer->count++;
    peer->rows[peer->count] = row;
    peer->columns[peer->count] = column;
    peer->values[peer->count] = value;
}

static int peer_column(struct peer *peer, double low, double high, double worth)
{
    const int column = glp_add_cols(peer->problem, 1);

    glp_set_col_bnds(peer->problem, column, low < high ? GLP_DB : GLP_FX, low, high);
    glp_set_obj_coef(peer->problem, column, worth);
    return column;
}

static int peer_row(struct peer *peer, double low, double high)
{
    const int row = glp_add_rows(peer->problem, 1);

    glp_set_row_bnds(peer->problem, row, low < high ? GLP_DB : GLP_FX, low, high);
    return row;
}

/* Place i: z is column and row i + 1; its pieces are columns that add up to at most z. */
static void peer_places(struct peer *peer, const struct model *model)
{
    for (uint32_t i = 0; i < model->counts.places; i++) {
        const struct model_place *place = &model->places[i];
        (void)peer_column(peer, place->min, place->max, place->price);
        (void)peer_row(peer, place->balance, place->balance);
        peer_entry(peer, (int)i + 1, (int)i + 1, 1);
    }
    for (uint32_t i = 0; i < model->counts.places; i++) {
        const struct model_place *place = &model->places[i];
        const int row = peer_row(peer, -1e30, 0);
        glp_set_row_bnds(peer->problem, row, GLP_UP, 0, 0);
        peer_entry(peer, row, (int)i + 1, -1);
        for (uint32_t k = 0; k < place->pieces.count; k++) {
            const struct model_piece *piece = &model->pieces[place->pieces.first + k];
            peer_entry(peer, row, peer_column(peer, 0, piece->width, piece->rate), 1);
        }
    }
}

/* Returns the column of the whole flow. */
static int peer_corridor(struct peer *peer, const struct model *model,
                         const struct model_corridor *corridor)
{
    const int flow = peer_column(peer, 0, corridor->max, -corridor->cost);

    peer_entry(peer, (int)corridor->from + 1, flow, 1);
    if (corridor->output == ROUTE_OUTPUT_LINEAR) {
        peer_entry(peer, (int)corridor->to + 1, flow, -corridor->gain);
    } else {
        const int row = peer_row(peer, 0, 0);
        peer_entry(peer, row, flow, -1);
        for (uint32_t k = 0; k < corridor->pieces.count; k++) {
            const struct model_piece *piece = &model->pieces[corridor->pieces.first + k];
            const int part = peer_column(peer, 0, piece->width, 0);
            peer_entry(peer, row, part, 1);
            peer_entry(peer, (int)corridor->to + 1, part, -piece->rate);
        }
    }
    if (corridor->transaction != MODEL_NONE) {
        const int paid = peer_column(peer, 0, 1, -model->transactions[corridor->transaction].cost);
        const int row = peer_row(peer, -1e30, 0);
        glp_set_row_bnds(peer->problem, row, GLP_UP, 0, 0);
        glp_set_col_kind(peer->problem, paid, GLP_BV);
        peer_entry(peer, row, flow, 1);
        peer_entry(peer, row, paid, -corridor->max);
    }
    return flow;
}

/* GLPK may burn what a place cannot hold by filling a corridor's worse piece before a better one;
 * a corridor cannot. The columns of a corridor's pieces follow that of its flow. */
static bool peer_disposes(const struct peer *peer, const struct model *model, const int *flows)
{
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        const struct route_span span = model->corridors[i].pieces;
        for (uint32_t k = 1; k < span.count; k++) {
            const double before = glp_get_col_prim(peer->problem, flows[i] + (int)k);
            const double here = glp_get_col_prim(peer->problem, flows[i] + (int)k + 1);
            if (here > 1e-7 && before < model->pieces[span.first + k - 1].width - 1e-7) {
                return true;
            }
        }
    }
    return false;
}

/* GLPK's value of the network; false: it has no plan. */
static bool peer_solve(const struct model *model, double *ret_value, bool *ret_disposes)
{
    struct peer peer = {.problem = glp_create_prob()};
    int flows[CORRIDORS_MAX];
    glp_smcp simplex;
    glp_iocp integers;

    glp_set_obj_dir(peer.problem, GLP_MAX);
    peer_places(&peer, model);
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        flows[i] = peer_corridor(&peer, model, &model->corridors[i]);
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const struct model_group *group = &model->groups[g];
        const int row = peer_row(&peer, group->min, group->max);
        for (uint32_t k = 0; k < group->places.count; k++) {
            const struct model_term *term = &model->terms[group->places.first + k];
            peer_entry(&peer, row, (int)term->index + 1, term->coefficient);
        }
        for (uint32_t k = 0; k < group->corridors.count; k++) {
            const struct model_term *term = &model->terms[group->corridors.first + k];
            peer_entry(&peer, row, flows[term->index], term->coefficient);
        }
    }
    glp_load_matrix(peer.problem, peer.count, peer.rows, peer.columns, peer.values);
    glp_init_smcp(&simplex);
    simplex.msg_lev = GLP_MSG_OFF;
    simplex.tol_bnd = 1e-9;
    simplex.tol_dj = 1e-9;
    assert_int_equal(glp_simplex(peer.problem, &simplex), 0);
    bool solved = glp_get_status(peer.problem) == GLP_OPT;
    *ret_value = glp_get_obj_val(peer.problem);
    *ret_disposes = peer_disposes(&peer, model, flows);
    if (solved && model->counts.transactions > 0) {
        glp_init_iocp(&integers);
        integers.msg_lev = GLP_MSG_OFF;
        assert_int_equal(glp_intopt(peer.problem, &integers), 0);
        solved = glp_mip_status(peer.problem) == GLP_OPT;
        *ret_value = glp_mip_obj_val(peer.problem);
    }
    glp_delete_prob(peer.problem);
    return solved;
}

/* ---- solving ---- */

struct answer {
    enum status status;
    struct model_plan plan;
    struct certificate certificate;
    double positions[PLACES_MAX];
    double flows[CORRIDORS_MAX];
    double prices[PLACES_MAX];
    double group_prices[GROUPS_MAX];
};

static void solve_with(const struct model *model, const struct allocation_options *options,
                       struct answer *answer)
{
    struct allocation allocation;
    const char *lie = NULL;
    void *layout = malloc(allocation_footprint(model));

    assert_int_equal(allocation_init(&allocation, model, layout), STATUS_OK);
    void *memory = malloc(allocation_solve_footprint(&allocation));
    void *scratch = malloc(certificate_footprint(model));
    answer->status = allocation_solve(&allocation, options, memory, &answer->plan);
    if (answer->status == STATUS_OK) {
        assert_int_equal(certificate_compute(model, &answer->plan, scratch, &answer->certificate),
                         STATUS_OK);
        const bool supported = certificate_supports(&answer->certificate, &answer->plan, &lie);
        assert_true(supported);
        memcpy(answer->group_prices, answer->plan.prices.groups,
               model->counts.groups * sizeof(double));
        memcpy(answer->positions, answer->plan.positions, model->counts.places * sizeof(double));
        memcpy(answer->flows, answer->plan.flows, model->counts.corridors * sizeof(double));
        memcpy(answer->prices, answer->plan.prices.places, model->counts.places * sizeof(double));
    }
    free(scratch);
    free(memory);
    free(layout);
}

static void solve(const struct model *model, struct answer *answer)
{
    const struct allocation_options options = {.gap = 1e-7, .steps_max = 200};

    solve_with(model, &options, answer);
}

static void check_near(double ours, double theirs, double size)
{
    const double difference = ours > theirs ? ours - theirs : theirs - ours;
    if (!(difference <= size)) {
        print_error("ours %.17g theirs %.17g size %g\n", ours, theirs, size);
    }
    assert_true(difference <= size);
}

static void linear_networks_agree_with_glpk(void **state)
{
    (void)state;
    static struct fixture fixture;
    uint32_t infeasible = 0;
    uint32_t disposals = 0;

    for (uint32_t seed = 0; seed < NETWORKS; seed++) {
        const struct shape shape = {.scale = 1, .forced = seed % 2 == 1};
        struct answer answer;
        bool disposes = false;
        double value = 0;
        random_state = seed * 1000003u;
        fixture_fill(&fixture, &shape);
        const bool solved = peer_solve(&fixture.model, &value, &disposes);
        if (solved && disposes) {
            disposals++;
            continue;
        }
        solve(&fixture.model, &answer);
        if (answer.status != STATUS_OK || solved != (answer.plan.status != MODEL_INFEASIBLE)) {
            print_error("seed %u: status %d %d, GLPK %d\n", seed, (int)answer.status,
                        (int)answer.plan.status, solved);
        }
        assert_int_equal(answer.status, STATUS_OK);
        assert_int_equal(solved, answer.plan.status != MODEL_INFEASIBLE);
        infeasible += !solved;
        if (solved) {
            assert_int_equal(answer.plan.status, MODEL_OPTIMAL);
            check_near(answer.plan.value, value, 1e-7 * (1 + value));
        }
    }
    print_message("%u without a plan, %u left out\n", infeasible, disposals);
    assert_in_range(infeasible, 10, NETWORKS / 2);
    assert_in_range(disposals, 0, NETWORKS / 20);
}

static void curved_networks_are_proved_at_every_scale(void **state)
{
    (void)state;
    static const double scales[] = {1e-9, 1e-3, 1, 1e6, 1e15};
    static struct fixture fixture;

    for (uint32_t seed = 0; seed < NETWORKS; seed++) {
        const struct shape shape = {.scale = scales[seed % 5], .curved = true};
        struct answer answer;
        random_state = seed * 1000003u;
        fixture_fill(&fixture, &shape);
        solve(&fixture.model, &answer);
        if (answer.status != STATUS_OK || answer.plan.status == MODEL_FEASIBLE) {
            print_error("seed %u: status %d %d gap %g\n", seed, (int)answer.status,
                        (int)answer.plan.status, answer.plan.gap);
        }
        assert_int_equal(answer.status, STATUS_OK);
        assert_int_not_equal(answer.plan.status, MODEL_FEASIBLE);
    }
}

/* The bound holds against the best plan there is, and the plan is close to it. */
static void fixed_costs_are_bounded_against_glpk(void **state)
{
    (void)state;
    static struct fixture fixture;
    uint32_t best = 0;
    uint32_t solved_count = 0;

    for (uint32_t seed = 0; seed < NETWORKS; seed++) {
        const struct shape shape = {.scale = 1, .fixed = true};
        struct answer answer;
        bool disposes = false;
        double value = 0;
        random_state = seed * 1000003u;
        fixture_fill(&fixture, &shape);
        const bool solved = peer_solve(&fixture.model, &value, &disposes);
        solve(&fixture.model, &answer);
        assert_int_equal(answer.status, STATUS_OK);
        assert_int_equal(solved, answer.plan.status != MODEL_INFEASIBLE);
        if (solved) {
            assert_true(answer.plan.value <= value + 1e-6);
            assert_true(answer.plan.bound >= value - 1e-6);
            solved_count++;
            best += answer.plan.value >= value - 1e-5;
        }
    }
    print_message("the best plan for %u of %u\n", best, solved_count);
    assert_true(best * 100 >= solved_count * 99);
}

static void the_same_network_has_the_same_answer(void **state)
{
    (void)state;
    static struct fixture fixture;
    const struct shape shape = {.scale = 1, .curved = true, .fixed = true};
    static struct answer first;
    static struct answer second;

    random_state = 77;
    fixture_fill(&fixture, &shape);
    solve(&fixture.model, &first);
    solve(&fixture.model, &second);
    assert_int_equal(first.status, STATUS_OK);
    assert_memory_equal(first.positions, second.positions, sizeof(first.positions));
    assert_memory_equal(first.flows, second.flows, sizeof(first.flows));
    assert_memory_equal(first.prices, second.prices, sizeof(first.prices));
}

/* From the plan of the network as it was, from that of another one and from nonsense: each time
 * the plan is worth what it is worth from nothing. */
static void a_warm_start_ends_where_a_cold_one_does(void **state)
{
    (void)state;
    static struct fixture fixture;
    static struct answer before;
    static struct answer cold;
    static struct answer warm;

    for (uint32_t seed = 0; seed < NETWORKS / 4; seed++) {
        const struct shape shape = {.scale = 1, .curved = seed % 2 == 1};
        struct allocation_options options = {.gap = 1e-7, .steps_max = 200};
        random_state = seed * 7919u + 5;
        fixture_fill(&fixture, &shape);
        solve(&fixture.model, &before);
        for (uint32_t i = 0; i < fixture.model.counts.corridors; i++) {
            if (random_below(4) == 0) {
                fixture.corridors[i].cost *= 2 * random_part();
                fixture.corridors[i].max *= random_part();
            }
        }
        if (seed % 5 == 0) {
            for (uint32_t i = 0; i < CORRIDORS_MAX; i++) {
                before.flows[i] = i % 3 == 0 ? -1e300 : (i % 3 == 1 ? 1e300 : 0.0 / 0.0);
            }
            before.positions[0] = 0.0 / 0.0;
        }
        options.warm_positions = before.positions;
        options.warm_flows = before.flows;
        solve(&fixture.model, &cold);
        solve_with(&fixture.model, &options, &warm);
        assert_int_equal(cold.status, STATUS_OK);
        assert_int_equal(warm.status, STATUS_OK);
        check_near(warm.plan.value, cold.plan.value, 3e-7);
    }
}

/* However early it is stopped: what it says is true, and it says the same again. */
static void an_interrupted_plan_is_true_and_replays(void **state)
{
    (void)state;
    static struct fixture fixture;
    static struct answer first;
    static struct answer second;
    uint32_t found = 0;
    uint32_t open = 0;

    for (uint32_t seed = 0; seed < 200; seed++) {
        const struct shape shape = {.scale = 1, .curved = true, .fixed = true};
        const struct allocation_options options = {.gap = 1e-9, .steps_max = 1 + seed % 3};
        random_state = seed * 104729u;
        fixture_fill(&fixture, &shape);
        solve_with(&fixture.model, &options, &first);
        solve_with(&fixture.model, &options, &second);
        assert_int_equal(first.status, second.status);
        if (first.status == STATUS_OK) {
            assert_true(first.plan.steps <= options.steps_max);
            assert_memory_equal(first.flows, second.flows, sizeof(first.flows));
            assert_memory_equal(&first.plan.bound, &second.plan.bound, sizeof(double));
            found++;
            open += first.plan.status == MODEL_FEASIBLE;
        }
    }
    assert_true(found > 150);
    assert_true(open > 10);
}

/* Takes the named bounds over from the whole network. */
static void named_bounds_keep(struct fixture *loose, const struct fixture *fixture,
                              const struct conflict_bound *bounds, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t index = bounds[i].index;
        switch (bounds[i].kind) {
        case CONFLICT_PLACE_MIN:
            loose->places[index].min = fixture->places[index].min;
            break;
        case CONFLICT_PLACE_MAX:
            loose->places[index].max = fixture->places[index].max;
            break;
        case CONFLICT_CORRIDOR_MAX:
            loose->corridors[index].max = fixture->corridors[index].max;
            break;
        case CONFLICT_GROUP_MIN:
            loose->groups[index].min = fixture->groups[index].min;
            break;
        case CONFLICT_GROUP_MAX:
            loose->groups[index].max = fixture->groups[index].max;
            break;
        }
    }
}

static void bound_drop(struct fixture *fixture, const struct conflict_bound *bound)
{
    switch (bound->kind) {
    case CONFLICT_PLACE_MIN:
        fixture->places[bound->index].min = 0;
        break;
    case CONFLICT_PLACE_MAX:
        fixture->places[bound->index].max = 1e9;
        break;
    case CONFLICT_CORRIDOR_MAX:
        fixture->corridors[bound->index].max = 1e9;
        break;
    case CONFLICT_GROUP_MIN:
        fixture->groups[bound->index].min = -1e9;
        break;
    case CONFLICT_GROUP_MAX:
        fixture->groups[bound->index].max = 1e9;
        break;
    }
}

/* GLPK finds no plan with the bounds that are named; it does without any one of them, when those
 * that are not named are left out too. */
static void named_bounds_contradict_each_other(void **state)
{
    (void)state;
    static struct fixture fixture;
    static struct fixture loose;
    uint32_t infeasible = 0;

    for (uint32_t seed = 1; seed < NETWORKS / 2; seed += 2) {
        const struct shape shape = {.scale = 1, .forced = true};
        struct answer answer;
        bool irreducible = false;
        bool disposes = false;
        uint32_t count = 0;
        double value = 0;
        random_state = seed * 1000003u;
        fixture_fill(&fixture, &shape);
        for (uint32_t i = 0; i < fixture.model.counts.corridors; i++) {
            /* No pieces that end before a max. */
            fixture.corridors[i].output = ROUTE_OUTPUT_LINEAR;
            fixture.corridors[i].pieces.count = 0;
        }
        if (peer_solve(&fixture.model, &value, &disposes)) {
            continue;
        }
        solve(&fixture.model, &answer);
        assert_int_equal(answer.plan.status, MODEL_INFEASIBLE);
        void *memory = malloc(conflict_footprint(&fixture.model));
        const struct model_prices prices = {.places = answer.prices, .groups = answer.group_prices};
        const struct conflict_bound *bounds =
            conflict_find(&fixture.model, &prices, memory, &count, &irreducible);
        assert_true(irreducible);
        assert_true(count > 0);
        for (uint32_t i = 0; i < count; i++) {
            memcpy(&loose, &fixture, sizeof(loose));
            loose.model.places = loose.places;
            loose.model.corridors = loose.corridors;
            loose.model.groups = loose.groups;
            for (uint32_t g = 0; g < loose.model.counts.groups; g++) {
                loose.groups[g].min = -1e9;
                loose.groups[g].max = 1e9;
            }
            for (uint32_t k = 0; k < loose.model.counts.places; k++) {
                loose.places[k].min = 0;
                loose.places[k].max = 1e9;
            }
            for (uint32_t k = 0; k < loose.model.counts.corridors; k++) {
                loose.corridors[k].max =
                    loose.corridors[k].output == ROUTE_OUTPUT_LINEAR ? 1e9 : loose.corridors[k].max;
            }
            named_bounds_keep(&loose, &fixture, bounds, count);
            assert_false(peer_solve(&loose.model, &value, &disposes));
            bound_drop(&loose, &bounds[i]);
            assert_true(peer_solve(&loose.model, &value, &disposes));
        }
        free(memory);
        infeasible++;
    }
    assert_true(infeasible > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_networks_agree_with_glpk),
        cmocka_unit_test(curved_networks_are_proved_at_every_scale),
        cmocka_unit_test(fixed_costs_are_bounded_against_glpk),
        cmocka_unit_test(the_same_network_has_the_same_answer),
        cmocka_unit_test(a_warm_start_ends_where_a_cold_one_does),
        cmocka_unit_test(an_interrupted_plan_is_true_and_replays),
        cmocka_unit_test(named_bounds_contradict_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
