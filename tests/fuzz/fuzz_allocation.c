/* SPDX-License-Identifier: Apache-2.0 */
/* The routing core on any small network that is well-formed, at any scale: it ends within its
 * steps and the memory that its size allows, what it says is true, and it says the same from a warm
 * start's nonsense. What proves a plan comes back from a record's bytes, and from any others
 * nothing does but a proof of some bound. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/allocation.h"
#include "relay/routing/conflict.h"
#include "relay/routing/proof.h"

#define PLACES_MAX      8u
#define CORRIDORS_MAX   24u
#define GROUPS_MAX      6u
#define PIECES_MAX      96u
#define TERMS_MAX       256u
#define STEPS_MAX       40u
#define PROOF_BYTES_MAX 65536u
#define BYTES_MAX       (1u << 20) /* for as many places, corridors and terms as there can be */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
    const uint8_t *data;
    size_t left;
};

struct fixture {
    struct model model;
    struct model_place places[PLACES_MAX];
    struct model_corridor corridors[CORRIDORS_MAX];
    struct model_group groups[GROUPS_MAX];
    struct model_transaction transactions[CORRIDORS_MAX];
    struct model_piece pieces[PIECES_MAX];
    struct model_term terms[TERMS_MAX];
};

static uint32_t byte(struct source *source)
{
    if (source->left == 0) {
        return 0;
    }
    source->left--;
    return *source->data++;
}

/* Mostly plain numbers, sometimes tiny or huge ones. */
static double number(struct source *source)
{
    static const double scales[] = {1, 1, 1, 1, 1e-9, 1e-3, 1e6, 1e15};
    const uint32_t a = byte(source);

    return (a / 8) * scales[a % 8] + byte(source) / 256.0;
}

static struct route_span pieces_take(struct fixture *fixture, struct source *source, double rate)
{
    const uint32_t first = fixture->model.counts.pieces;
    const uint32_t count = 1 + byte(source) % 4;

    for (uint32_t i = 0; i < count; i++) {
        fixture->pieces[first + i] =
            (struct model_piece){.width = 0.001 + number(source), .rate = rate};
        rate *= byte(source) / 255.0;
    }
    fixture->model.counts.pieces += count;
    return (struct route_span){first, count};
}

static void place_take(struct fixture *fixture, struct source *source)
{
    struct model_place *place = &fixture->places[fixture->model.counts.places++];
    const uint32_t kind = byte(source);

    place->price = number(source) - (kind % 16 == 0 ? 1 : 0);
    place->balance = number(source);
    place->min = kind % 4 == 0 ? number(source) : 0;
    place->max = place->min + number(source);
    if (kind / 16 % 3 == 1) {
        place->yield = ROUTE_YIELD_PIECES;
        place->pieces = pieces_take(fixture, source, byte(source) / 4096.0);
    } else if (kind / 16 % 3 == 2) {
        place->yield = ROUTE_YIELD_QUADRATIC;
        place->linear = byte(source) / 4096.0;
        place->quadratic = number(source) * 1e-3;
    }
}

static void corridor_take(struct fixture *fixture, struct source *source)
{
    const uint32_t index = fixture->model.counts.corridors++;
    struct model_corridor *corridor = &fixture->corridors[index];
    const uint32_t places = fixture->model.counts.places;
    const uint32_t kind = byte(source);

    CHECK(places > 1);
    corridor->from = byte(source) % places;
    corridor->to = (corridor->from + 1 + byte(source) % (places - 1)) % places;
    corridor->max = number(source);
    corridor->cost = byte(source) / 4096.0 - (kind % 16 == 0 ? 0.01 : 0);
    corridor->gain = byte(source) / 240.0;
    corridor->transaction = MODEL_NONE;
    corridor->output = ROUTE_OUTPUT_LINEAR;
    if (kind / 16 % 4 == 1) {
        corridor->output = ROUTE_OUTPUT_PIECES;
        corridor->pieces = pieces_take(fixture, source, corridor->gain);
        fixture->pieces[fixture->model.counts.pieces - 1].width += corridor->max;
    } else if (kind / 16 % 4 == 2) {
        corridor->output = ROUTE_OUTPUT_PRODUCT;
        corridor->gain = 1 - byte(source) / 4096.0;
        corridor->reserve_in = 0.01 + number(source);
        corridor->reserve_out = 0.01 + number(source);
    }
    if (kind % 4 == 3) {
        const uint32_t k = fixture->model.counts.transactions++;
        fixture->transactions[k] = (struct model_transaction){
            .cost = byte(source) / 64.0, .corridors = {fixture->model.counts.terms, 1}};
        fixture->terms[fixture->model.counts.terms++] = (struct model_term){index, 1};
        corridor->transaction = k;
    }
}

static void group_take(struct fixture *fixture, struct source *source)
{
    struct model_group *group = &fixture->groups[fixture->model.counts.groups++];
    const struct network_counts *counts = &fixture->model.counts;
    const uint32_t members = byte(source);

    group->places.first = counts->terms;
    for (uint32_t i = 0; i < counts->places; i++) {
        if ((members >> i & 1u) != 0) {
            fixture->terms[fixture->model.counts.terms++] =
                (struct model_term){i, byte(source) / 64.0 - 1};
            group->places.count++;
        }
    }
    group->corridors.first = counts->terms;
    for (uint32_t i = 0; i < counts->corridors && i < 8; i++) {
        if ((byte(source) & 3u) == 1) {
            fixture->terms[fixture->model.counts.terms++] = (struct model_term){i, 1};
            group->corridors.count++;
        }
    }
    group->min = -number(source);
    group->max = group->min + number(source) + number(source);
    group->risk = (members & 1u) != 0 ? number(source) * 1e-6 : 0;
}

/* Bytes that are no proof are refused; those that are one have one form, and prove a bound. */
static void check_proof(const struct model *model, const struct model_plan *plan,
                        struct bytes packed, void *scratch)
{
    static uint8_t again[PROOF_BYTES_MAX];
    struct model_plan read = *plan;
    struct certificate certificate;
    void *memory = malloc(proof_footprint(model));

    CHECK(memory != NULL);
    if (proof_unpack(packed, model, memory, &read) == STATUS_OK) {
        struct packer packer = packer_from(again, sizeof(again));
        proof_pack(model, &read, &packer);
        CHECK(!packer.overrun);
        const struct bytes written = packer_finish(&packer);
        CHECK(bytes_equal(written, packed));
        (void)certificate_compute(model, &read, scratch, &certificate);
    }
    free(memory);
}

/* A plan's own proof, then the same with what the input says written over a part of it. */
static void check_proofs(const struct model *model, const struct model_plan *plan,
                         struct source *source, void *scratch)
{
    static uint8_t bytes[PROOF_BYTES_MAX];
    struct packer packer = packer_from(bytes, sizeof(bytes));

    proof_pack(model, plan, &packer);
    CHECK(!packer.overrun);
    const struct bytes packed = packer_finish(&packer);
    check_proof(model, plan, packed, scratch);
    const size_t count = byte(source) % 8 == 0 ? byte(source) % packed.count : packed.count;
    for (uint32_t i = byte(source) % 16; i > 0; i--) {
        const size_t at = (byte(source) * 256u + byte(source)) % packed.count;
        bytes[at] = (uint8_t)byte(source);
    }
    check_proof(model, plan, bytes_from(bytes, count), scratch);
}

static void check_plan(const struct model *model, const double *positions, const double *flows,
                       struct source source)
{
    const struct allocation_options options = {
        .gap = 1e-6, .steps_max = STEPS_MAX, .warm_positions = positions, .warm_flows = flows};
    struct allocation allocation;
    struct certificate certificate;
    struct model_plan plan;
    const char *lie = NULL;
    void *layout = malloc(allocation_footprint(model));
    const enum status laid = allocation_init(&allocation, model, layout);
    CHECK(laid == STATUS_OK);
    void *memory = malloc(allocation_solve_footprint(&allocation));
    void *scratch = malloc(certificate_footprint(model));
    CHECK(allocation_footprint(model) + allocation_solve_footprint(&allocation) <= BYTES_MAX);

    const enum status solved = allocation_solve(&allocation, &options, memory, &plan);
    /* A step is as many pivots as there are rows, and 64. */
    const uint64_t pivots = (uint64_t)model->counts.places + model->counts.groups + 64;
    CHECK(allocation.simplex.steps <= STEPS_MAX * pivots);
    if (solved == STATUS_OK) {
        const enum status status = certificate_compute(model, &plan, scratch, &certificate);
        CHECK(status == STATUS_OK);
        const bool supported = certificate_supports(&certificate, &plan, &lie);
        CHECK(supported);
        CHECK(plan.steps <= options.steps_max + 1);
        check_proofs(model, &plan, &source, scratch);
        if (plan.status == MODEL_INFEASIBLE) {
            uint32_t count = 0;
            bool irreducible = false;
            void *bounds = malloc(conflict_footprint(model));
            (void)conflict_find(model, &plan.prices, bounds, &count, &irreducible);
            free(bounds);
        }
    }
    free(scratch);
    free(memory);
    free(layout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fixture fixture;
    struct source source = {data, size};
    double positions[PLACES_MAX];
    double flows[CORRIDORS_MAX];

    memset(&fixture, 0, sizeof(fixture));
    fixture.model.places = fixture.places;
    fixture.model.corridors = fixture.corridors;
    fixture.model.groups = fixture.groups;
    fixture.model.transactions = fixture.transactions;
    fixture.model.pieces = fixture.pieces;
    fixture.model.terms = fixture.terms;
    const uint32_t places = 2 + byte(&source) % (PLACES_MAX - 1);
    const uint32_t corridors = byte(&source) % 16;
    const uint32_t groups = byte(&source) % GROUPS_MAX;
    for (uint32_t i = 0; i < places && fixture.model.counts.places < PLACES_MAX; i++) {
        place_take(&fixture, &source);
    }
    for (uint32_t i = 0; i < corridors; i++) {
        corridor_take(&fixture, &source);
    }
    for (uint32_t i = 0; i < groups; i++) {
        group_take(&fixture, &source);
    }
    if (model_check(&fixture.model) != STATUS_OK) {
        return 0;
    }
    check_plan(&fixture.model, NULL, NULL, source);
    for (uint32_t i = 0; i < PLACES_MAX; i++) {
        positions[i] = number(&source) - 1;
    }
    for (uint32_t i = 0; i < CORRIDORS_MAX; i++) {
        flows[i] = number(&source) - 1;
    }
    check_plan(&fixture.model, positions, flows, source);
    return 0;
}
