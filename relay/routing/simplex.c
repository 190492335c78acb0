/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing/simplex.h"

#include <math.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/simplex_internal.h"

#define GAIN_LEAST   1e-12 /* per unit; what is less is rounding */
#define EXCESS_LEAST 1e-12 /* of the portfolio, or of what is there */
#define ALPHA_LEAST  1e-9
#define ALPHA_PART   1e-6  /* of the largest of its column */
#define TIE          1e-12 /* two ends this near are reached together */
#define WEIGHT_MAX   1e12
#define PIN_LEAST    1e-9 /* of the portfolio: what is nearer to an end is at it */
#define POOL_LEAST   192u
#define POOL_PART    0.5
#define SETTLES_MAX  8u

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* ---- prices and pricing ---- */

/* What rows ask for a unit of a variable, without what arrives. */
static double rent_of(const struct simplex *simplex, uint32_t index, const double *prices)
{
    const struct network_counts *counts = &simplex->model->counts;
    const struct simplex_variable *variable = &simplex->variables[index];

    if (simplex_is_waste(simplex, index)) {
        return prices[variable->from];
    }
    if (index >= counts->places + counts->corridors) {
        return -prices[index - counts->corridors];
    }
    double rent = prices[index < counts->places ? index : variable->from];
    for (uint32_t i = simplex->term_starts[index]; i < simplex->term_starts[index + 1]; i++) {
        rent += simplex->terms[i].value * prices[simplex->terms[i].row];
    }
    return rent;
}

/* Computes anew what a unit more and a unit less of a variable gains. */
static void offer_set(struct simplex *simplex, uint32_t index)
{
    const struct simplex_variable *variable = &simplex->variables[index];
    struct simplex_offer *offer = &simplex->offers[index];
    const int32_t k = variable->piece;

    offer->up = -HUGE_VAL;
    offer->down = -HUGE_VAL;
    if (variable->row != BASIS_NONE) {
        return;
    }
    const double rent = rent_of(simplex, index, simplex->prices);
    double worth = 0;
    if (simplex_is_corridor(simplex, index)) {
        offer->gain_up = simplex_gain(simplex, variable, k);
        offer->gain_down = simplex_gain(simplex, variable, k - 1);
        worth = simplex->prices[variable->to];
    }
    if (k < variable->count) {
        offer->up = simplex_slope(simplex, index, k) - rent + offer->gain_up * worth;
    }
    if (k > 0) {
        offer->down = rent - simplex_slope(simplex, index, k - 1) - offer->gain_down * worth;
    }
}

static double score_of(const struct simplex_offer *offer)
{
    const double gain = larger(offer->up, offer->down);

    return gain > GAIN_LEAST && !offer->banned ? gain * gain / offer->weight : 0;
}

static void pool_add(struct simplex *simplex, uint32_t index)
{
    if (!simplex->offers[index].pooled) {
        simplex->offers[index].pooled = true;
        simplex->pool[simplex->pool_count] = index;
        simplex->pool_count++;
    }
}

/* Looks at every variable and pools those that gain most: about as many as POOL_PART of the rows,
 * or all that gain. */
static void pool_fill(struct simplex *simplex)
{
    const uint32_t enough = POOL_LEAST + (uint32_t)(POOL_PART * simplex->rows_count);
    double most = 0;
    double least = 0;
    uint32_t gainful = 0;

    simplex->pool_count = 0;
    for (uint32_t v = 0; v < simplex->variables_count; v++) {
        offer_set(simplex, v);
        simplex->offers[v].pooled = false;
        const double score = score_of(&simplex->offers[v]);
        gainful += score > 0;
        most = larger(most, score);
    }
    if (gainful > enough) {
        uint32_t count = 0;
        least = most;
        while (count < enough / 2) {
            count = 0;
            least /= 4;
            for (uint32_t v = 0; v < simplex->variables_count; v++) {
                count += score_of(&simplex->offers[v]) >= least;
            }
        }
    }
    for (uint32_t v = 0; v < simplex->variables_count; v++) {
        const double score = score_of(&simplex->offers[v]);
        if (score > 0 && score >= least) {
            pool_add(simplex, v);
        }
    }
}

struct entering {
    uint32_t index;
    int32_t way; /* 1: up; -1: down; 0: nothing gains */
    double gain; /* per unit, above 0 */
};

/* Chooses from the pool by gain and weight, ties by the order in it. */
static struct entering entering_choose(const struct simplex *simplex)
{
    struct entering best = {.way = 0};
    double most = 0;

    for (uint32_t i = 0; i < simplex->pool_count; i++) {
        const uint32_t v = simplex->pool[i];
        const struct simplex_offer *offer = &simplex->offers[v];
        const double score = score_of(offer);
        if (score > most) {
            const int32_t way = offer->up > offer->down ? 1 : -1;
            most = score;
            best = (struct entering){
                .index = v, .way = way, .gain = way > 0 ? offer->up : offer->down};
        }
    }
    return best;
}

/* ---- settling: amounts and prices from the basis ---- */

static void row_scatter(const struct simplex *simplex, uint32_t index, double at, double output,
                        double *vector)
{
    const struct network_counts *counts = &simplex->model->counts;
    const struct simplex_variable *variable = &simplex->variables[index];

    if (simplex_is_waste(simplex, index)) {
        vector[variable->from] -= at;
        return;
    }
    if (index >= counts->places + counts->corridors) {
        vector[index - counts->corridors] += at;
        return;
    }
    if (index < counts->places) {
        vector[index] -= at;
    } else {
        vector[variable->from] -= at;
        vector[variable->to] += output;
    }
    for (uint32_t i = simplex->term_starts[index]; i < simplex->term_starts[index + 1]; i++) {
        vector[simplex->terms[i].row] -= simplex->terms[i].value * at;
    }
}

/* What each row misses. */
static void rests_compute(struct simplex *simplex, bool exact)
{
    for (uint32_t r = 0; r < simplex->rows_count; r++) {
        simplex->rest[r] = simplex->right[r] + (simplex->nudged ? simplex->nudges[r] : 0);
    }
    for (uint32_t v = 0; v < simplex->variables_count; v++) {
        const double at = simplex->variables[v].at;
        if (at != 0) {
            const double output =
                simplex_is_corridor(simplex, v) ? simplex_output(simplex, v, at, exact) : 0;
            row_scatter(simplex, v, at, output, simplex->rest);
        }
    }
}

/* Every row is what is there or what its group adds up to: a basis that always is one. */
static void basics_reset(struct simplex *simplex)
{
    const struct network_counts *counts = &simplex->model->counts;

    for (uint32_t v = 0; v < simplex->variables_count; v++) {
        struct simplex_variable *variable = &simplex->variables[v];
        if (simplex_is_own(simplex, v)) {
            variable->row = v < counts->places ? v : v - counts->corridors;
            simplex->basics[variable->row] = v;
        }
    }
}

/* Splits piece k where the variable is. */
static void variable_pin(struct simplex *simplex, struct simplex_variable *variable, int32_t k)
{
    struct simplex_piece *pieces = &simplex->pieces[variable->first];

    for (int32_t i = variable->pieces_count; i > k; i--) {
        pieces[i] = pieces[i - 1];
    }
    pieces[k].to = variable->at;
    variable->count++;
    variable->pieces_count++;
    variable->pinned = true;
}

void simplex_variable_rest(struct simplex *simplex, struct simplex_variable *variable)
{
    int32_t end = simplex_piece_find(simplex, variable, variable->at);

    variable->row = BASIS_NONE;
    end = end < 0 ? 0 : (end > variable->count ? variable->count : end);
    if (end < variable->count) {
        const double below = variable->at - simplex_end(simplex, variable, end);
        const double above = simplex_end(simplex, variable, end + 1) - variable->at;
        if (!variable->smooth && !variable->pinned && below > PIN_LEAST && above > PIN_LEAST) {
            variable_pin(simplex, variable, end);
            end++;
        } else if (above < below) {
            end++;
        }
    }
    variable->piece = end;
    variable->at = simplex_end(simplex, variable, end);
}

static bool basis_give(struct simplex *simplex)
{
    uint32_t given = 0;

    basis_clear(&simplex->basis);
    for (uint32_t r = 0; r < simplex->rows_count; r++) {
        const uint32_t v = simplex->basics[r];
        if (v != BASIS_NONE) {
            const uint32_t count =
                simplex_column(simplex, v, simplex->variables[v].piece, simplex->entries);
            basis_column_add(&simplex->basis, simplex->entries, count);
            simplex->swapped[given++] = v;
        }
    }
    return basis_factor(&simplex->basis, simplex->basics);
}

/* Rows that no column could be pivoted on get what is there; what depended on others leaves. */
static bool basis_mend(struct simplex *simplex)
{
    const struct network_counts *counts = &simplex->model->counts;
    bool whole = true;

    for (uint32_t r = 0; r < simplex->rows_count; r++) {
        if (simplex->basics[r] != BASIS_NONE) {
            simplex->basics[r] = simplex->swapped[simplex->basics[r]];
            simplex->variables[simplex->basics[r]].row = r;
        }
    }
    for (uint32_t v = 0; v < simplex->variables_count; v++) {
        struct simplex_variable *variable = &simplex->variables[v];
        if (variable->row != BASIS_NONE && simplex->basics[variable->row] != v) {
            simplex_variable_rest(simplex, variable);
        }
    }
    for (uint32_t r = 0; r < simplex->rows_count; r++) {
        if (simplex->basics[r] == BASIS_NONE) {
            const uint32_t v = r < counts->places ? r : r + counts->corridors;
            whole = false;
            if (simplex->variables[v].row == BASIS_NONE) {
                simplex->variables[v].row = r;
                simplex->basics[r] = v;
            }
        }
    }
    return whole;
}

static bool basics_factor(struct simplex *simplex)
{
    for (uint32_t tries = 0; tries < 4; tries++) {
        if (!basis_give(simplex)) {
            return false;
        }
        if (basis_mend(simplex)) {
            return true;
        }
        if (tries == 2) {
            for (uint32_t r = 0; r < simplex->rows_count; r++) {
                if (simplex->basics[r] != BASIS_NONE) {
                    simplex_variable_rest(simplex, &simplex->variables[simplex->basics[r]]);
                }
            }
            basics_reset(simplex);
        }
    }
    return false;
}

/* Moves the basic variables to where the rows balance. True: all stayed in their pieces, or left
 * them for pieces with the same column. */
static bool amounts_move(struct simplex *simplex)
{
    bool same = true;

    basis_solve(&simplex->basis, simplex->rest);
    for (uint32_t r = 0; r < simplex->rows_count; r++) {
        struct simplex_variable *variable = &simplex->variables[simplex->basics[r]];
        const double least = EXCESS_LEAST * larger(1e-3, simplex_size(variable->at));
        variable->at += simplex->rest[r];
        const int32_t k = variable->piece;
        const bool below = k >= 0 && variable->at < simplex_end(simplex, variable, k) - least;
        const bool above =
            k < variable->count && variable->at > simplex_end(simplex, variable, k + 1) + least;
        if (below || above) {
            const double gain = simplex_gain(simplex, variable, k);
            variable->piece = simplex_piece_find(simplex, variable, variable->at);
            same = same && (!simplex_is_corridor(simplex, simplex->basics[r]) ||
                            simplex_gain(simplex, variable, variable->piece) == gain);
        }
    }
    return same;
}

static void prices_compute(struct simplex *simplex)
{
    for (uint32_t r = 0; r < simplex->rows_count; r++) {
        const uint32_t v = simplex->basics[r];
        simplex->prices[r] = simplex_slope(simplex, v, simplex->variables[v].piece);
    }
    basis_solve_across(&simplex->basis, simplex->prices);
    for (uint32_t v = 0; simplex->banned_count > 0 && v < simplex->variables_count; v++) {
        simplex->offers[v].banned = false;
    }
    simplex->banned_count = 0;
    pool_fill(simplex);
}

bool simplex_settle(struct simplex *simplex, bool exact)
{
    bool same = false;

    for (uint32_t tries = 0; tries < SETTLES_MAX && !same; tries++) {
        if (!basics_factor(simplex)) {
            return false;
        }
        rests_compute(simplex, exact);
        same = amounts_move(simplex);
        if (same) {
            rests_compute(simplex, exact);
            same = amounts_move(simplex);
        }
    }
    prices_compute(simplex);
    return same;
}

/* ---- the ratio test ---- */

struct step {
    double length;
    uint32_t row;    /* of what leaves; BASIS_NONE: nothing does */
    double gain;     /* of the entering variable per unit, at the end of the step */
    uint32_t passed; /* crossings at the end of the heap's memory: those that were gone past */
};

static bool is_before(const struct simplex_crossing *a, const struct simplex_crossing *b)
{
    return a->at < b->at || (a->at == b->at && a->row < b->row);
}

static void heap_sink(struct simplex_crossing *heap, uint32_t count, uint32_t at)
{
    const struct simplex_crossing moved = heap[at];

    while (2 * at + 1 < count) {
        uint32_t child = 2 * at + 1;
        if (child + 1 < count && is_before(&heap[child + 1], &heap[child])) {
            child++;
        }
        if (!is_before(&heap[child], &moved)) {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

/* Where a basic variable that changes by `rate` per unit meets the next end of its pieces. False:
 * never. */
static bool crossing_find(const struct simplex *simplex, const struct simplex_variable *variable,
                          double rate, double *ret_at)
{
    if (rate > 0 ? variable->piece >= variable->count : variable->piece < 0) {
        return false;
    }
    const double end =
        simplex_end(simplex, variable, rate > 0 ? variable->piece + 1 : variable->piece);
    const double at = (end - variable->at) / rate;
    *ret_at = at > 0 ? at : 0;
    return true;
}

/* What the slope falls by at the end that a basic variable meets next; endless where its column
 * changes. */
static double fall_of(const struct simplex *simplex, uint32_t index, int32_t way)
{
    const struct simplex_variable *variable = &simplex->variables[index];
    const int32_t k = variable->piece;
    const int32_t next = k + way;

    if (simplex_is_corridor(simplex, index) &&
        simplex_gain(simplex, variable, k) != simplex_gain(simplex, variable, next)) {
        return HUGE_VAL;
    }
    return way * (simplex_slope(simplex, index, k) - simplex_slope(simplex, index, next));
}

struct race {
    struct simplex *simplex;
    const struct entering *entering;
    int32_t piece; /* the entering variable's */
    double own_at; /* where it meets the next end */
    uint32_t count;
};

static void race_start(struct race *race)
{
    struct simplex *simplex = race->simplex;

    race->count = 0;
    for (uint32_t i = 0; i < simplex->loaded_count; i++) {
        const uint32_t r = simplex->loaded[i];
        const double alpha = simplex->column[r];
        struct simplex_crossing crossing = {.row = r};
        simplex->pieces_before[i] = simplex->variables[simplex->basics[r]].piece;
        if (simplex_size(alpha) > ALPHA_LEAST &&
            crossing_find(simplex, &simplex->variables[simplex->basics[r]],
                          -race->entering->way * alpha, &crossing.at)) {
            simplex->crossings[race->count++] = crossing;
        }
    }
    for (uint32_t i = race->count / 2; i-- > 0;) {
        heap_sink(simplex->crossings, race->count, i);
    }
}

/* Goes on past the first crossing: its variable is in its next piece from now on. */
static void race_pass(struct race *race)
{
    struct simplex *simplex = race->simplex;
    struct simplex_crossing *heap = simplex->crossings;
    const uint32_t row = heap[0].row;
    struct simplex_variable *variable = &simplex->variables[simplex->basics[row]];
    const double rate = -race->entering->way * simplex->column[row];
    const double slope = simplex_slope(simplex, simplex->basics[row], variable->piece);

    variable->piece += rate > 0 ? 1 : -1;
    if (simplex->row[row] == 0) {
        simplex->passed_count++;
    }
    simplex->row[row] += simplex_slope(simplex, simplex->basics[row], variable->piece) - slope;
    if (!crossing_find(simplex, variable, rate, &heap[0].at)) {
        race->count--;
        heap[0] = heap[race->count];
    }
    if (race->count > 0) {
        heap_sink(heap, race->count, 0);
    }
}

/* The entering variable's next own end. */
static void own_find(struct race *race)
{
    const struct simplex *simplex = race->simplex;
    const struct simplex_variable *variable = &simplex->variables[race->entering->index];
    const int32_t end = race->entering->way > 0 ? race->piece + 1 : race->piece;

    race->own_at = race->entering->way * (simplex_end(simplex, variable, end) - variable->at);
}

/* What the gain falls by at the entering variable's next end. */
static double own_fall(const struct race *race)
{
    const struct simplex *simplex = race->simplex;
    const uint32_t index = race->entering->index;
    const struct simplex_variable *variable = &simplex->variables[index];
    const int32_t way = race->entering->way;
    const int32_t next = race->piece + way;

    if (next < 0 || next >= variable->count ||
        (simplex_is_corridor(simplex, index) &&
         simplex_gain(simplex, variable, race->piece) != simplex_gain(simplex, variable, next))) {
        return HUGE_VAL;
    }
    return way * (simplex_slope(simplex, index, race->piece) - simplex_slope(simplex, index, next));
}

/* Of those that meet their ends together with the first, the one that is surest to divide by. */
static uint32_t leaving_choose(const struct race *race, double length)
{
    const struct simplex *simplex = race->simplex;
    uint32_t best = simplex->crossings[0].row;

    for (uint32_t i = 1; i < race->count; i++) {
        const uint32_t row = simplex->crossings[i].row;
        const double size = simplex_size(simplex->column[row]);
        if ((simplex->crossings[i].at - length) * size <= TIE &&
            size > 2 * simplex_size(simplex->column[best])) {
            best = row;
        }
    }
    return best;
}

/* How far it gains to go. `simplex->row` gets what slopes of basic variables changed by. */
static struct step step_find(struct simplex *simplex, const struct entering *entering,
                             int32_t *ret_piece)
{
    struct race race = {.simplex = simplex, .entering = entering};
    double gain = entering->gain;

    race.piece = simplex->variables[entering->index].piece - (entering->way < 0 ? 1 : 0);
    memset(simplex->row, 0, simplex->rows_count * sizeof(double));
    simplex->passed_count = 0;
    race_start(&race);
    own_find(&race);
    for (;;) {
        const bool own = race.count == 0 || race.own_at <= simplex->crossings[0].at;
        double fall;
        if (own) {
            fall = own_fall(&race);
            if (gain - fall <= 0) {
                *ret_piece = race.piece;
                return (struct step){.length = race.own_at, .row = BASIS_NONE, .gain = gain};
            }
            race.piece += entering->way;
            own_find(&race);
        } else {
            const uint32_t row = simplex->crossings[0].row;
            const double alpha = simplex->column[row];
            fall = fall_of(simplex, simplex->basics[row], -entering->way * alpha > 0 ? 1 : -1) *
                   simplex_size(alpha);
            if (gain - fall <= 0) {
                const double length = simplex->crossings[0].at;
                *ret_piece = race.piece;
                return (struct step){
                    .length = length, .row = leaving_choose(&race, length), .gain = gain};
            }
            race_pass(&race);
        }
        gain -= fall;
    }
}

/* ---- a step ---- */

static void column_load(struct simplex *simplex, const struct entering *entering)
{
    const struct simplex_variable *variable = &simplex->variables[entering->index];
    const int32_t k = variable->piece - (entering->way < 0 ? 1 : 0);
    const uint32_t count = simplex_column(simplex, entering->index, k, simplex->entries);

    memset(simplex->column, 0, simplex->rows_count * sizeof(double));
    for (uint32_t i = 0; i < count; i++) {
        simplex->column[simplex->entries[i].row] = simplex->entries[i].value;
    }
    basis_solve(&simplex->basis, simplex->column);
    simplex->loaded_count = 0;
    for (uint32_t r = 0; r < simplex->rows_count; r++) {
        if (simplex->column[r] != 0) {
            simplex->loaded[simplex->loaded_count] = r;
            simplex->loaded_count++;
        }
    }
}

static void amounts_step(struct simplex *simplex, const struct entering *entering, double length)
{
    const double change = entering->way * length;

    if (change != 0) {
        for (uint32_t i = 0; i < simplex->loaded_count; i++) {
            const uint32_t r = simplex->loaded[i];
            simplex->variables[simplex->basics[r]].at -= change * simplex->column[r];
        }
    }
}

static bool pivot(struct simplex *simplex, const struct entering *entering, const struct step *step,
                  int32_t piece)
{
    struct simplex_variable *in = &simplex->variables[entering->index];
    struct simplex_variable *out = &simplex->variables[simplex->basics[step->row]];
    const double alpha = simplex->column[step->row];
    const bool up = -entering->way * alpha > 0;
    const double change = entering->way * step->length;

    out->row = BASIS_NONE;
    out->piece += up ? 1 : 0;
    out->at = simplex_end(simplex, out, out->piece);
    simplex->offers[simplex->basics[step->row]].weight =
        smaller(larger(simplex->offers[entering->index].weight / (alpha * alpha), 1), WEIGHT_MAX);
    in->at += change;
    in->piece = piece;
    in->row = step->row;
    simplex->basics[step->row] = entering->index;
    return basis_replace(&simplex->basis, step->row, simplex->column);
}

/* Moves prices, and gains and weights of the pool. `weight`: the entering variable's, by the square
 * of the pivot; 0 without one. `length`: what the pivot row's price moved by. */
static void prices_step(struct simplex *simplex, double weight, double length)
{
    const double factor = weight / (length * length);

    basis_solve_across(&simplex->basis, simplex->row);
    for (uint32_t r = 0; r < simplex->rows_count; r++) {
        simplex->prices[r] += simplex->row[r];
    }
    for (uint32_t i = 0; i < simplex->pool_count; i++) {
        const uint32_t v = simplex->pool[i];
        struct simplex_offer *offer = &simplex->offers[v];
        const double rent = rent_of(simplex, v, simplex->row);
        const double worth =
            simplex_is_corridor(simplex, v) ? simplex->row[simplex->variables[v].to] : 0;
        const double up = worth * offer->gain_up - rent;
        offer->up += up;
        offer->down += rent - worth * offer->gain_down;
        offer->weight = smaller(larger(offer->weight, up * up * factor), WEIGHT_MAX);
    }
}

/* Is the pivot so small beside its column that the next basis would be next to none? */
static bool pivot_is_poor(const struct simplex *simplex, uint32_t row)
{
    double largest = 0;

    for (uint32_t i = 0; i < simplex->loaded_count; i++) {
        largest = larger(largest, simplex_size(simplex->column[simplex->loaded[i]]));
    }
    return simplex_size(simplex->column[row]) < ALPHA_PART * largest;
}

/* Undoes what step_find did, and lets the variable wait for the next factor. */
static void entering_ban(struct simplex *simplex, uint32_t index)
{
    for (uint32_t i = 0; i < simplex->loaded_count; i++) {
        simplex->variables[simplex->basics[simplex->loaded[i]]].piece = simplex->pieces_before[i];
    }
    simplex->offers[index].banned = true;
    simplex->banned_count++;
}

enum step_end {
    STEP_DONE,
    STEP_BANNED, /* nothing has changed but that the variable waits */
    STEP_WORN,   /* the basis is to be factored before anything else is done */
};

/* The entering variable goes to one of its own ends; the basis stays. */
static void end_reach(struct simplex *simplex, const struct entering *entering, int32_t piece)
{
    struct simplex_variable *in = &simplex->variables[entering->index];

    in->piece = entering->way > 0 ? piece + 1 : piece;
    in->at = simplex_end(simplex, in, in->piece);
    if (simplex->passed_count > 0) {
        prices_step(simplex, 0, 1);
    }
    offer_set(simplex, entering->index);
}

static enum step_end step_do(struct simplex *simplex, const struct entering *entering)
{
    int32_t piece;

    column_load(simplex, entering);
    const struct step step = step_find(simplex, entering, &piece);
    if (step.row == BASIS_NONE) {
        amounts_step(simplex, entering, step.length);
        end_reach(simplex, entering, piece);
        return STEP_DONE;
    }
    if (!simplex->lenient && pivot_is_poor(simplex, step.row)) {
        entering_ban(simplex, entering->index);
        return STEP_BANNED;
    }
    simplex->lenient = false;
    amounts_step(simplex, entering, step.length);
    const uint32_t out = simplex->basics[step.row];
    const double alpha = simplex->column[step.row];
    const double length = entering->way * step.gain / alpha;
    simplex->row[step.row] = length;
    prices_step(simplex, simplex->offers[entering->index].weight / (alpha * alpha), length);
    const bool kept = pivot(simplex, entering, &step, piece);
    offer_set(simplex, entering->index);
    offer_set(simplex, out);
    pool_add(simplex, out);
    return kept && !basis_is_worn(&simplex->basis) ? STEP_DONE : STEP_WORN;
}

enum simplex_end simplex_run(struct simplex *simplex, uint64_t steps_max)
{
    bool fresh = true;   /* every variable was looked at since the last change */
    bool settled = true; /* the factor is that of this basis */

    simplex->lenient = false;
    if (!simplex_settle(simplex, false)) {
        return SIMPLEX_NUMERICAL;
    }
    while (simplex->steps < steps_max) {
        const struct entering entering = entering_choose(simplex);
        enum step_end end = STEP_WORN;
        if (entering.way == 0) {
            if (fresh && settled && simplex->banned_count == 0) {
                return SIMPLEX_DONE;
            }
            /* First with the prices at hand, then with those of a new factor. */
            if (!fresh) {
                pool_fill(simplex);
                fresh = true;
                continue;
            }
            simplex->lenient = settled;
        } else {
            simplex->steps++;
            end = step_do(simplex, &entering);
            if (end == STEP_BANNED) {
                continue;
            }
            fresh = false;
            settled = false;
        }
        if (end == STEP_WORN) {
            if (!simplex_settle(simplex, false)) {
                return SIMPLEX_NUMERICAL;
            }
            fresh = true;
            settled = true;
        }
    }
    return SIMPLEX_STEPS;
}
