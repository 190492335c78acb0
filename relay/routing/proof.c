/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing/proof.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/block_internal.h"

static size_t prices_per_leaf(const struct model *model)
{
    return (size_t)model->counts.places + model->counts.groups;
}

size_t proof_footprint(const struct model *model)
{
    /* A tree has one leaf more than decisions. */
    const size_t leaves = 1 + (PROOF_NODES_MAX + 1) / 2;

    return block_align(PROOF_NODES_MAX * sizeof(struct model_branch)) +
           leaves * prices_per_leaf(model) * sizeof(double);
}

/* ---- writing ---- */

static void number_pack(double number, struct packer *packer)
{
    uint64_t bits;

    _Static_assert(sizeof(bits) == sizeof(number), "a double is 64 bits");
    memcpy(&bits, &number, sizeof(bits));
    pack_u64(packer, bits);
}

static void prices_pack(const struct model *model, const struct model_prices *prices,
                        struct packer *packer)
{
    for (uint32_t i = 0; i < model->counts.places; i++) {
        number_pack(prices->places[i], packer);
    }
    for (uint32_t i = 0; i < model->counts.groups; i++) {
        number_pack(prices->groups[i], packer);
    }
}

void proof_pack(const struct model *model, const struct model_plan *plan, struct packer *packer)
{
    const uint32_t nodes =
        plan->branches == NULL || plan->branches_count > PROOF_NODES_MAX ? 0 : plan->branches_count;

    prices_pack(model, &plan->prices, packer);
    pack_u32(packer, nodes);
    for (uint32_t i = 0; i < nodes; i++) {
        const struct model_branch *branch = &plan->branches[i];
        pack_u32(packer, branch->transaction);
        if (branch->transaction == MODEL_NONE) {
            prices_pack(model, &branch->prices, packer);
        } else {
            pack_u32(packer, branch->off);
            pack_u32(packer, branch->on);
        }
    }
}

/* ---- reading ---- */

struct reading {
    struct unpacker unpacker;
    const struct model *model;
    double *prices; /* what is left of the memory for them */
    bool wrong;
};

static double number_unpack(struct reading *reading)
{
    const uint64_t bits = unpack_u64(&reading->unpacker);
    double number;

    memcpy(&number, &bits, sizeof(number));
    if (!(number >= -MODEL_NUMBER_MAX && number <= MODEL_NUMBER_MAX)) {
        reading->wrong = true; /* a NaN too */
        return 0;
    }
    return number;
}

static struct model_prices prices_unpack(struct reading *reading)
{
    double *places = reading->prices;
    double *groups = places + reading->model->counts.places;

    for (size_t i = 0; i < prices_per_leaf(reading->model); i++) {
        places[i] = number_unpack(reading);
    }
    reading->prices += prices_per_leaf(reading->model);
    return (struct model_prices){.places = places, .groups = groups};
}

static void branches_unpack(struct reading *reading, struct model_branch *branches, uint32_t count)
{
    const uint32_t leaves_max = (PROOF_NODES_MAX + 1) / 2;
    uint32_t leaves = 0;

    for (uint32_t i = 0; i < count && !reading->wrong; i++) {
        struct model_branch *branch = &branches[i];
        memset(branch, 0, sizeof(*branch));
        branch->transaction = unpack_u32(&reading->unpacker);
        if (branch->transaction != MODEL_NONE) {
            branch->off = unpack_u32(&reading->unpacker);
            branch->on = unpack_u32(&reading->unpacker);
        } else if (leaves == leaves_max) {
            reading->wrong = true;
        } else {
            branch->prices = prices_unpack(reading);
            leaves++;
        }
    }
}

enum status proof_unpack(struct bytes packed, const struct model *model, void *memory,
                         struct model_plan *plan)
{
    struct model_branch *branches = memory;
    uint8_t *rest = memory;
    struct reading reading = {.unpacker = unpacker_from(packed), .model = model};

    rest += block_align(PROOF_NODES_MAX * sizeof(*branches));
    reading.prices = (double *)(void *)rest;
    plan->prices = prices_unpack(&reading);
    const uint32_t count = unpack_u32(&reading.unpacker);
    if (count > PROOF_NODES_MAX) {
        return STATUS_MALFORMED;
    }
    branches_unpack(&reading, branches, count);
    if (reading.wrong || !unpacker_is_done(&reading.unpacker)) {
        return STATUS_MALFORMED;
    }
    plan->branches = count == 0 ? NULL : branches;
    plan->branches_count = count;
    return STATUS_OK;
}
