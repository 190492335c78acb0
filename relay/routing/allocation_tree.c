/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/allocation_tree.c: fixed costs. Slope scaling finds plans, dropping what is dear
 * makes them better, branch and bound bounds them.
 *
 * A leaf's prices are those of its own relaxed problem, or its parent's where they bound lower; a
 * leaf always has some, so the tree proves its bound whenever it is left. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/allocation_internal.h"
#include "relay/routing/block_internal.h"

/* Slope scaling settles in a few rounds or goes in circles. */
#define ROUNDS_MAX   6u
#define FAILURES_MAX 8u /* transactions closed in vain, one after the other */
#define POLISHES_MAX 4u
/* A corridor that uses less of a unit's worth than this part is not used. */
#define USED_PART   1e-9
#define NODES_MAX   8191u
#define NODES_LEAST 63u
/* Of prices of leaves: the solver's whole memory stays below 300 bytes per column. */
#define SLOT_BYTES_LEAST (64u << 10)
#define SLOT_BYTES       48u /* per column */
#define RECENTRES        2u

uint32_t tree_nodes_max(const struct model *model)
{
    const size_t columns = (size_t)model->counts.places + model->counts.corridors +
                           model->counts.pieces + model->counts.transactions;
    const size_t bytes = SLOT_BYTES_LEAST + SLOT_BYTES * columns;
    const size_t fit = 2 * (bytes / (sizeof(double) * ((size_t)allocation_rows(model) + 1)));
    /* Every transaction decided on every way is the whole tree. */
    const uint32_t whole =
        model->counts.transactions < 12 ? 2u << model->counts.transactions : NODES_MAX;
    const size_t nodes = fit < NODES_LEAST ? NODES_LEAST : (fit > NODES_MAX ? NODES_MAX : fit);

    return (uint32_t)nodes < whole ? (uint32_t)nodes : whole;
}

/* A tree of n nodes has (n + 1) / 2 leaves. */
static uint32_t slots_max(uint32_t nodes_max)
{
    return nodes_max / 2 + 2;
}

size_t tree_footprint(const struct model *model, uint32_t nodes_max)
{
    if (model->counts.transactions == 0) {
        return 0;
    }
    return block_align(nodes_max * sizeof(struct tree_node)) +
           block_align(slots_max(nodes_max) * sizeof(uint32_t)) +
           block_align(slots_max(nodes_max) * sizeof(double) * allocation_rows(model)) +
           block_align(nodes_max * sizeof(struct model_branch)) +
           2 * block_align(model->counts.transactions);
}

void tree_init(struct tree *tree, const struct model *model, uint32_t nodes_max, void *memory)
{
    uint8_t *rest = memory;

    tree->nodes = block_take(&rest, nodes_max * sizeof(struct tree_node));
    tree->free_slots = block_take(&rest, slots_max(nodes_max) * sizeof(uint32_t));
    tree->slots = block_take(&rest, slots_max(nodes_max) * sizeof(double) * allocation_rows(model));
    tree->branches = block_take(&rest, nodes_max * sizeof(struct model_branch));
    tree->decisions = block_take(&rest, model->counts.transactions);
    tree->wanted = block_take(&rest, model->counts.transactions);
    tree->nodes_count = 0;
    tree->free_count = 0;
    for (uint32_t i = slots_max(nodes_max); i-- > 0;) {
        tree->free_slots[tree->free_count++] = i;
    }
    memset(tree->decisions, CERTIFICATE_OPEN, model->counts.transactions);
}

/* ---- what transactions are set to ---- */

/* What a unit of a corridor pays of its transaction's cost while that is open. */
static double share_of(const struct model *model, uint32_t corridor)
{
    const uint32_t k = model->corridors[corridor].transaction;

    CHECK(k != MODEL_NONE);
    return model->transactions[k].cost / model->transactions[k].corridors.count /
           model->corridors[corridor].max;
}

static void transaction_set(struct search *search, uint32_t k, enum certificate_decision decision)
{
    const struct model *model = search->allocation->model;
    const struct route_span span = model->transactions[k].corridors;

    for (uint32_t m = 0; m < span.count; m++) {
        const uint32_t i = model->terms[span.first + m].index;
        if (model->corridors[i].max > 0) {
            const double share = decision == CERTIFICATE_OPEN ? share_of(model, i) : 0;
            simplex_corridor_set(search->simplex, i, model->corridors[i].cost + share,
                                 decision == CERTIFICATE_OFF);
        }
    }
}

static void wanted_set(struct search *search)
{
    struct tree *tree = &search->tree;

    for (uint32_t k = 0; k < search->allocation->model->counts.transactions; k++) {
        if (tree->decisions[k] != tree->wanted[k]) {
            tree->decisions[k] = tree->wanted[k];
            transaction_set(search, k, (enum certificate_decision)tree->wanted[k]);
        }
    }
}

/* What one set of decisions asked to be worth more than any gain says nothing of the next, and a
 * price that is much larger than it must be has little left of what is gained. */
static bool decided_run(struct search *search)
{
    search->simplex->penalty = search->tree.penalty;
    return search_run(search);
}

/* ---- slope scaling ---- */

static bool is_used(const struct search *search, uint32_t corridor)
{
    const struct model_corridor *original = &search->allocation->model->corridors[corridor];
    const double unit = search->simplex->place_units[original->from];

    return search->trial.flows[corridor] >
           USED_PART * (unit < original->max ? unit : original->max);
}

static bool transaction_is_used(const struct search *search, uint32_t k)
{
    const struct model *model = search->allocation->model;
    const struct route_span span = model->transactions[k].corridors;
    bool used = false;

    for (uint32_t m = 0; m < span.count; m++) {
        used = used || is_used(search, model->terms[span.first + m].index);
    }
    return used;
}

/* Closes each transaction that the trial does not use; the others are paid for, so they are free.
 */
static void unused_close(struct search *search)
{
    const struct model *model = search->allocation->model;
    struct tree *tree = &search->tree;

    for (uint32_t k = 0; k < model->counts.transactions; k++) {
        tree->decisions[k] = transaction_is_used(search, k) ? CERTIFICATE_ON : CERTIFICATE_OFF;
        transaction_set(search, k, (enum certificate_decision)tree->decisions[k]);
    }
}

/* The cost over what the trial ships; what it does not ship pays its share of the width. */
static void costs_steepen(struct search *search)
{
    const struct model *model = search->allocation->model;

    for (uint32_t k = 0; k < model->counts.transactions; k++) {
        const struct route_span span = model->transactions[k].corridors;
        double shipped = 0;
        search->tree.decisions[k] = CERTIFICATE_OPEN;
        transaction_set(search, k, CERTIFICATE_OPEN);
        for (uint32_t m = 0; m < span.count; m++) {
            shipped += search->trial.flows[model->terms[span.first + m].index];
        }
        for (uint32_t m = 0; m < span.count; m++) {
            const uint32_t i = model->terms[span.first + m].index;
            if (is_used(search, i)) {
                simplex_corridor_set(
                    search->simplex, i,
                    model->corridors[i].cost + model->transactions[k].cost / shipped, false);
            }
        }
    }
}

/* Good plans before the first branch; the relaxed plan is the trial. */
static void slopes_scale(struct search *search)
{
    for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
        const double value = search->value;
        unused_close(search);
        if (!decided_run(search)) {
            return;
        }
        search_judge(search);
        if (round > 1 && !(search->value > value)) {
            return;
        }
        costs_steepen(search);
        if (!decided_run(search)) {
            return;
        }
        search_judge(search);
    }
}

/* ---- dropping one after the other ---- */

/* What a unit of worth that is shipped pays for a transaction that is on; 0: it is not, or nothing
 * is shipped. */
static double burden_of(const struct search *search, uint32_t k)
{
    const struct model *model = search->allocation->model;
    const struct route_span span = model->transactions[k].corridors;
    double shipped = 0;

    if (search->tree.decisions[k] != CERTIFICATE_ON) {
        return 0;
    }
    for (uint32_t m = 0; m < span.count; m++) {
        const uint32_t i = model->terms[span.first + m].index;
        const uint32_t from = model->corridors[i].from;
        shipped += search->best.flows[i] / search->simplex->place_units[from];
    }
    return shipped > 0 ? model->transactions[k].cost / shipped : 0;
}

/* The heaviest one below `ceiling`; MODEL_NONE: there is none. */
static uint32_t burden_choose(const struct search *search, double *ceiling)
{
    uint32_t best = MODEL_NONE;
    double most = 0;

    for (uint32_t k = 0; k < search->allocation->model->counts.transactions; k++) {
        const double burden = burden_of(search, k);
        if (burden > most && burden < *ceiling) {
            most = burden;
            best = k;
        }
    }
    *ceiling = most;
    return best;
}

static bool decision_run(struct search *search, uint32_t k, enum certificate_decision decision)
{
    search->tree.decisions[k] = (uint8_t)decision;
    transaction_set(search, k, decision);
    return decided_run(search);
}

/* What the best plan pays most for a unit of may not be worth its cost: it is closed for a try, and
 * stays closed when that makes a better plan. */
static bool plan_lighten(struct search *search)
{
    double ceiling = MODEL_NUMBER_MAX;
    uint32_t failures = 0;

    memcpy(search->trial.flows, search->best.flows,
           search->allocation->model->counts.corridors * sizeof(double));
    unused_close(search);
    if (!decided_run(search)) {
        return false;
    }
    search_judge(search);
    while (failures < FAILURES_MAX) {
        const double value = search->value;
        const uint32_t k = burden_choose(search, &ceiling);
        if (k == MODEL_NONE) {
            break;
        }
        if (!decision_run(search, k, CERTIFICATE_OFF)) {
            return false;
        }
        search_judge(search);
        if (!(search->value > value)) {
            failures++;
            search->tree.decisions[k] = CERTIFICATE_ON;
            transaction_set(search, k, CERTIFICATE_ON);
        }
    }
    return true;
}

static void plan_polish(struct search *search)
{
    for (uint32_t round = 0; round < POLISHES_MAX; round++) {
        const double value = search->value;
        if (!plan_lighten(search) || !(search->value > value)) {
            return;
        }
    }
}

/* ---- branch and bound ---- */

static double *slot_prices(const struct search *search, uint32_t slot)
{
    return search->tree.slots + (size_t)slot * allocation_rows(search->allocation->model);
}

static struct model_prices prices_at(const struct search *search, const double *prices)
{
    return (struct model_prices){.places = prices,
                                 .groups = prices + search->allocation->model->counts.places};
}

/* What each transaction is decided to be on the way to `node`. */
static void way_set(struct search *search, uint32_t node)
{
    struct tree *tree = &search->tree;

    memset(tree->wanted, CERTIFICATE_OPEN, search->allocation->model->counts.transactions);
    while (node != 0) {
        const uint32_t parent = tree->nodes[node].parent;
        tree->wanted[tree->nodes[parent].transaction] = tree->nodes[node].decision;
        node = parent;
    }
}

/* The open transaction of which the trial leaves most to pay. */
static uint32_t candidate_choose(const struct search *search)
{
    const struct model *model = search->allocation->model;
    uint32_t best = MODEL_NONE;
    double most = 0;

    for (uint32_t k = 0; k < model->counts.transactions; k++) {
        const struct route_span span = model->transactions[k].corridors;
        double left = model->transactions[k].cost;
        if (search->tree.wanted[k] != CERTIFICATE_OPEN || !transaction_is_used(search, k)) {
            continue;
        }
        for (uint32_t m = 0; m < span.count; m++) {
            const uint32_t i = model->terms[span.first + m].index;
            if (model->corridors[i].max > 0) {
                left -= search->trial.flows[i] * share_of(model, i);
            }
        }
        if (left > most) {
            most = left;
            best = k;
        }
    }
    return best;
}

static bool relaxed_run(struct search *search)
{
    if (!decided_run(search)) {
        return false;
    }
    for (uint32_t i = 0; i < RECENTRES && simplex_recentre(search->simplex); i++) {
        if (!search_run(search)) {
            return false;
        }
    }
    return true;
}

/* Solves the relaxed problem of a new leaf; its prices begin as its parent's. */
static bool leaf_solve(struct search *search, uint32_t node)
{
    struct tree *tree = &search->tree;
    struct tree_node *leaf = &tree->nodes[node];
    double *prices = slot_prices(search, leaf->slot);
    const struct model_prices kept = prices_at(search, prices);
    const struct model_prices trial = prices_at(search, search->trial.prices);
    const struct model *model = search->allocation->model;

    way_set(search, node);
    leaf->bound = certificate_bound(model, &kept, tree->wanted, search->scratch);
    leaf->candidate = MODEL_NONE;
    wanted_set(search);
    if (!relaxed_run(search)) {
        return false;
    }
    search_judge(search);
    const double bound = certificate_bound(model, &trial, tree->wanted, search->scratch);
    if (bound < leaf->bound) {
        leaf->bound = bound;
        memcpy(prices, search->trial.prices, allocation_rows(model) * sizeof(double));
    }
    leaf->candidate = candidate_choose(search);
    return true;
}

static uint32_t node_add(struct search *search, uint32_t parent, uint8_t decision,
                         const double *prices)
{
    struct tree *tree = &search->tree;
    const uint32_t node = tree->nodes_count;

    CHECK(node < search->allocation->nodes_max);
    CHECK(tree->free_count > 0);
    tree->nodes_count++;
    tree->free_count--;
    tree->nodes[node] = (struct tree_node){.parent = parent,
                                           .transaction = MODEL_NONE,
                                           .candidate = MODEL_NONE,
                                           .slot = tree->free_slots[tree->free_count],
                                           .decision = decision};
    memcpy(slot_prices(search, tree->nodes[node].slot), prices,
           allocation_rows(search->allocation->model) * sizeof(double));
    return node;
}

/* The leaf with the largest bound; ties to the earlier one. */
static uint32_t leaf_choose(const struct tree *tree)
{
    uint32_t best = MODEL_NONE;

    for (uint32_t i = 0; i < tree->nodes_count; i++) {
        if (tree->nodes[i].transaction == MODEL_NONE &&
            (best == MODEL_NONE || tree->nodes[i].bound > tree->nodes[best].bound)) {
            best = i;
        }
    }
    CHECK(best != MODEL_NONE);
    return best;
}

/* False: the numbers have run out. */
static bool leaf_branch(struct search *search, uint32_t node)
{
    struct tree *tree = &search->tree;
    const uint32_t slot = tree->nodes[node].slot;

    tree->nodes[node].transaction = tree->nodes[node].candidate;
    const uint32_t off = node_add(search, node, CERTIFICATE_OFF, slot_prices(search, slot));
    const uint32_t on = node_add(search, node, CERTIFICATE_ON, slot_prices(search, slot));
    tree->nodes[node].off = off;
    tree->nodes[node].on = on;
    tree->free_slots[tree->free_count] = slot;
    tree->free_count++;
    const bool solved = leaf_solve(search, on);
    return leaf_solve(search, off) && solved;
}

/* The tree as the plan carries it. */
static void branches_fill(struct search *search)
{
    struct tree *tree = &search->tree;

    for (uint32_t i = 0; i < tree->nodes_count; i++) {
        const struct tree_node *node = &tree->nodes[i];
        tree->branches[i] = (struct model_branch){
            .transaction = node->transaction, .off = node->off, .on = node->on};
        if (node->transaction == MODEL_NONE) {
            tree->branches[i].prices = prices_at(search, slot_prices(search, node->slot));
        }
    }
}

static bool has_room(const struct search *search)
{
    return search->tree.nodes_count + 2 <= search->allocation->nodes_max &&
           search->simplex->steps < search_pivots_max(search);
}

void tree_relax(struct search *search)
{
    for (uint32_t k = 0; k < search->allocation->model->counts.transactions; k++) {
        transaction_set(search, k, CERTIFICATE_OPEN);
    }
}

void tree_search(struct search *search)
{
    struct tree *tree = &search->tree;

    tree->penalty = search->simplex->penalty;
    slopes_scale(search);
    plan_polish(search);
    (void)node_add(search, 0, CERTIFICATE_OPEN, search->best.prices);
    search->branched = true;
    bool going = leaf_solve(search, 0);
    while (going && has_room(search)) {
        const uint32_t leaf = leaf_choose(tree);
        if (tree->nodes[leaf].candidate == MODEL_NONE ||
            search_gap(search, tree->nodes[leaf].bound) <= search->options->gap) {
            break;
        }
        going = leaf_branch(search, leaf);
    }
    branches_fill(search);
}
