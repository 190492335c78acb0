/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/hyperlane/ism.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/base/pack.h"

/* What stands for "the origin chain itself would have to lie". */
#define STRENGTH_OF_A_CHAIN 1000u

/* Gas, roughly: only the order matters. Calldata is counted at 16 per byte. */
enum {
    GAS_PER_BYTE = 16,
    GAS_MODULE = 8000, /* a call into a cold contract that looks something up */
    GAS_SIGNATURE = 7000,
    GAS_MERKLE_PROOF = 14000,
    GAS_ANSWER = 20000,
};

static bool is_weighted(uint8_t type)
{
    return type == MODULE_WEIGHTED_MERKLE_ROOT_MULTISIG ||
           type == MODULE_WEIGHTED_MESSAGE_ID_MULTISIG;
}

static bool takes_any_checkpoint(uint8_t type)
{
    return type == MODULE_MERKLE_ROOT_MULTISIG || type == MODULE_WEIGHTED_MERKLE_ROOT_MULTISIG;
}

static bool is_multisig(uint8_t type)
{
    return type == MODULE_MESSAGE_ID_MULTISIG || takes_any_checkpoint(type) || is_weighted(type);
}

static bool has_children(uint8_t type)
{
    return type == MODULE_ROUTING || type == MODULE_AGGREGATION;
}

/* What a validator's word adds, and how much is wanted: a plain multisig is one of equal weights.
 */
static uint64_t weight_of(const struct ism_node *node, const struct ism_validator *validator)
{
    return is_weighted(node->type) ? validator->weight : 1;
}

static uint64_t wanted_weight(const struct ism_node *node)
{
    return is_weighted(node->type) ? node->weight_threshold : node->threshold;
}

/* ---- the tree ---- */

static enum status check_children(const struct ism *ism, uint32_t at, uint8_t *depths)
{
    const struct ism_node *node = &ism->nodes[at];

    if (node->first <= at || node->first > ism->nodes_count ||
        node->count > ism->nodes_count - node->first ||
        (node->type == MODULE_ROUTING && node->count != 1)) {
        return STATUS_MALFORMED;
    }
    if (depths[at] == ISM_DEPTH_MAX || node->count > METADATA_PARTS_MAX) {
        return STATUS_FULL;
    }
    for (uint32_t i = node->first; i < node->first + node->count; i++) {
        if (depths[i] != 0) {
            return STATUS_MALFORMED;
        }
        depths[i] = (uint8_t)(depths[at] + 1);
    }
    return STATUS_OK;
}

enum status ism_check(const struct ism *ism)
{
    uint8_t depths[ISM_NODES_MAX] = {1};

    if (ism->nodes_count > ISM_NODES_MAX || ism->validators_count > ISM_VALIDATORS_MAX) {
        return STATUS_FULL;
    }
    if (ism->nodes_count == 0) {
        return STATUS_MALFORMED;
    }
    for (uint32_t i = 0; i < ism->nodes_count; i++) {
        const struct ism_node *node = &ism->nodes[i];
        enum status status = STATUS_OK;
        if (depths[i] == 0) {
            return STATUS_MALFORMED; /* nobody's child */
        }
        if (has_children(node->type)) {
            status = check_children(ism, i, depths);
        } else if (is_multisig(node->type)) {
            if (node->count > VALIDATORS_MAX) {
                return STATUS_FULL;
            }
            if (node->first > ism->validators_count ||
                node->count > ism->validators_count - node->first) {
                return STATUS_MALFORMED;
            }
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* ---- strength ---- */

/* Puts `value` into its place among `count` ascending ones. */
static void insert_sorted(uint64_t *values, uint32_t count, uint64_t value)
{
    uint32_t at = count;
    while (at > 0 && values[at - 1] > value) {
        values[at] = values[at - 1];
        at--;
    }
    values[at] = value;
}

/* The fewest different validators that reach the weight; one that stands in the set twice is one.
 */
static uint32_t multisig_strength(const struct ism *ism, const struct ism_node *node)
{
    uint64_t weights[VALIDATORS_MAX];
    uint32_t count = 0;
    uint64_t sum = 0;
    uint32_t taken = 0;

    for (uint32_t i = 0; i < node->count; i++) {
        const struct ism_validator *validator = &ism->validators[node->first + i];
        uint64_t weight = 0;
        bool is_first = true;
        for (uint32_t j = 0; j < node->count; j++) {
            const struct ism_validator *other = &ism->validators[node->first + j];
            if (address_equal(&other->address, &validator->address)) {
                is_first = is_first && j >= i;
                weight += weight_of(node, other) < ISM_WEIGHT_MAX ? weight_of(node, other)
                                                                  : ISM_WEIGHT_MAX;
            }
        }
        if (is_first) {
            insert_sorted(weights, count, weight);
            count++;
        }
    }
    while (taken < count && sum < wanted_weight(node)) {
        taken++;
        sum += weights[count - taken];
    }
    return sum >= wanted_weight(node) ? taken : STRENGTH_OF_A_CHAIN;
}

/* The module that is hardest to pass among the weakest that suffice: validators that stand in
 * several modules collude once, so strengths are not added. */
static uint32_t aggregation_strength(const struct ism_node *node, const uint32_t *strengths)
{
    uint64_t sorted[METADATA_PARTS_MAX];

    if (node->threshold == 0) {
        return 0;
    }
    if (node->threshold > node->count) {
        return STRENGTH_OF_A_CHAIN;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        insert_sorted(sorted, i, strengths[node->first + i]);
    }
    return (uint32_t)sorted[node->threshold - 1];
}

uint32_t ism_strength(const struct ism *ism)
{
    uint32_t strengths[ISM_NODES_MAX] = {0};

    for (uint32_t i = ism->nodes_count; i-- > 0;) {
        const struct ism_node *node = &ism->nodes[i];
        switch ((enum module_type)node->type) {
        case MODULE_ROUTING:
            strengths[i] = strengths[node->first];
            break;
        case MODULE_AGGREGATION:
            strengths[i] = aggregation_strength(node, strengths);
            break;
        case MODULE_MERKLE_ROOT_MULTISIG:
        case MODULE_MESSAGE_ID_MULTISIG:
        case MODULE_WEIGHTED_MERKLE_ROOT_MULTISIG:
        case MODULE_WEIGHTED_MESSAGE_ID_MULTISIG:
            strengths[i] = multisig_strength(ism, node);
            break;
        case MODULE_NULL:
            strengths[i] = node->only_relayer ? 1 : 0;
            break;
        case MODULE_CCIP_READ: /* whoever runs the service that it asks */
            strengths[i] = 1;
            break;
        case MODULE_UNUSED:
        case MODULE_LEGACY_MULTISIG:
        case MODULE_ARB_L2_TO_L1:
        case MODULE_OP_L2_TO_L1:
        case MODULE_POLYMER:
            strengths[i] = STRENGTH_OF_A_CHAIN;
            break;
        }
    }
    return strengths[0];
}

/* ---- what can be done at all ---- */

static bool set_can_sign(const struct ism *ism, const struct ism_node *node, const bool *available)
{
    uint64_t sum = 0;

    for (uint32_t i = node->first; i < node->first + node->count; i++) {
        const uint64_t weight = weight_of(node, &ism->validators[i]);
        if (available == NULL || available[i]) {
            sum += weight < ISM_WEIGHT_MAX ? weight : ISM_WEIGHT_MAX;
        }
    }
    return wanted_weight(node) > 0 && wanted_weight(node) <= ISM_WEIGHT_MAX &&
           sum >= wanted_weight(node);
}

static uint32_t count_true(const bool *values, uint32_t count)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        found += values[i] ? 1 : 0;
    }
    return found;
}

/* Whether a module can be proved to, when `possible` says it of those below it. */
static bool can_prove_to(const struct ism *ism, const struct ism_node *node, const bool *available,
                         const bool *possible)
{
    switch ((enum module_type)node->type) {
    case MODULE_ROUTING:
        return possible[node->first];
    case MODULE_AGGREGATION:
        return count_true(&possible[node->first], node->count) >= node->threshold;
    case MODULE_MERKLE_ROOT_MULTISIG:
    case MODULE_MESSAGE_ID_MULTISIG:
    case MODULE_WEIGHTED_MERKLE_ROOT_MULTISIG:
    case MODULE_WEIGHTED_MESSAGE_ID_MULTISIG:
        return set_can_sign(ism, node, available);
    case MODULE_NULL:
    case MODULE_CCIP_READ:
        return true;
    case MODULE_UNUSED:
    case MODULE_LEGACY_MULTISIG:
    case MODULE_ARB_L2_TO_L1:
    case MODULE_OP_L2_TO_L1:
    case MODULE_POLYMER:
        break;
    }
    return false;
}

bool ism_is_supported(const struct ism *ism, const bool *available)
{
    bool possible[ISM_NODES_MAX] = {false};

    for (uint32_t i = ism->nodes_count; i-- > 0;) {
        possible[i] = can_prove_to(ism, &ism->nodes[i], available, possible);
    }
    return possible[0];
}

const struct ism_node *ism_obstacle(const struct ism *ism)
{
    static const bool below[ISM_NODES_MAX]; /* nothing */
    const struct ism_node *unmet = NULL;

    for (uint32_t i = 0; i < ism->nodes_count; i++) {
        const struct ism_node *node = &ism->nodes[i];
        if (has_children(node->type)) {
            unmet = unmet == NULL && node->threshold > node->count ? node : unmet;
        } else if (!can_prove_to(ism, node, NULL, below)) {
            if (!is_multisig(node->type)) {
                return node;
            }
            unmet = unmet == NULL ? node : unmet;
        }
    }
    return unmet;
}

uint32_t ism_threshold(const struct ism *ism)
{
    for (uint32_t i = 0; i < ism->nodes_count; i++) {
        if (is_multisig(ism->nodes[i].type)) {
            return ism->nodes[i].threshold;
        }
    }
    return 0;
}

bool ism_is_unsigned(const struct ism *ism)
{
    for (uint32_t i = 0; i < ism->nodes_count; i++) {
        if (is_multisig(ism->nodes[i].type)) {
            return false;
        }
    }
    return true;
}

bool ism_allows_batches(const struct ism *ism)
{
    for (uint32_t i = 0; i < ism->nodes_count; i++) {
        if (ism->nodes[i].type == MODULE_NULL && ism->nodes[i].only_relayer) {
            return false;
        }
    }
    return true;
}

bool ism_wants(const struct ism *ism, const struct address *validator, bool *ret_newest)
{
    bool is_wanted = false;

    *ret_newest = false;
    for (uint32_t i = 0; i < ism->nodes_count; i++) {
        const struct ism_node *node = &ism->nodes[i];
        for (uint32_t j = 0; is_multisig(node->type) && j < node->count; j++) {
            if (address_equal(&ism->validators[node->first + j].address, validator)) {
                is_wanted = true;
                *ret_newest = *ret_newest || takes_any_checkpoint(node->type);
            }
        }
    }
    return is_wanted;
}

/* ---- the cheapest way through ---- */

/* What a node can be given now. */
struct offer {
    enum status status;              /* OK, NOT_FOUND: may come, UNSUPPORTED: never */
    uint64_t gas;                    /* OK */
    const struct ism_signed *group;  /* multisigs: one of those to take, the others say the same */
    const struct ism_answer *answer; /* MODULE_CCIP_READ */
};

struct build {
    const struct ism *ism;
    const struct ism_evidence *evidence;
    struct offer offers[ISM_NODES_MAX];
    struct buffer *buffer;
};

static bool same_checkpoint(const struct checkpoint *a, const struct checkpoint *b)
{
    return a->index == b->index && hash_equal(&a->root, &b->root) &&
           hash_equal(&a->message_id, &b->message_id);
}

/* Whether a module of this kind can use the checkpoint for our message. */
static bool is_usable(const struct build *build, uint8_t type, const struct ism_signed *one)
{
    const struct ism_evidence *evidence = build->evidence;

    if (takes_any_checkpoint(type)) {
        return one->is_ours && one->checkpoint.index >= evidence->leaf_index &&
               evidence->prove != NULL;
    }
    return hash_equal(&one->checkpoint.message_id, &evidence->message_id);
}

static const struct ism_signed *find_signed(const struct build *build,
                                            const struct checkpoint *checkpoint,
                                            const struct address *validator)
{
    for (uint32_t i = 0; i < build->evidence->signed_count; i++) {
        const struct ism_signed *one = &build->evidence->signed_[i];
        if (address_equal(&one->validator, validator) &&
            same_checkpoint(&one->checkpoint, checkpoint)) {
            return one;
        }
    }
    return NULL;
}

/* The fewest signatures of a checkpoint that reach the weight, in the order of the set: taken from
 * the heaviest down. Returns their number, 0 when they do not reach it. */
static uint32_t choose_signatures(const struct build *build, const struct ism_node *node,
                                  const struct checkpoint *checkpoint,
                                  struct signature ret_signatures[VALIDATORS_MAX])
{
    const struct ism_signed *found[VALIDATORS_MAX] = {NULL};
    bool taken[VALIDATORS_MAX] = {false};
    uint64_t sum = 0;
    uint32_t count = 0;

    for (uint32_t i = 0; i < node->count; i++) {
        found[i] = find_signed(build, checkpoint, &build->ism->validators[node->first + i].address);
    }
    while (sum < wanted_weight(node)) {
        uint32_t best = VALIDATORS_MAX;
        uint64_t best_weight = 0;
        for (uint32_t i = 0; i < node->count; i++) {
            const uint64_t weight = weight_of(node, &build->ism->validators[node->first + i]);
            if (found[i] != NULL && !taken[i] && weight > best_weight) {
                best = i;
                best_weight = weight;
            }
        }
        if (best == VALIDATORS_MAX) {
            return 0;
        }
        taken[best] = true;
        sum += best_weight < ISM_WEIGHT_MAX ? best_weight : ISM_WEIGHT_MAX;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        if (taken[i]) {
            ret_signatures[count++] = found[i]->signature;
        }
    }
    return count;
}

/* The oldest checkpoint that enough of the set signed; validators that sign another root spoil
 * nothing. */
static struct offer offer_of_multisig(const struct build *build, const struct ism_node *node)
{
    struct offer offer = {.status = STATUS_NOT_FOUND};
    struct signature signatures[VALIDATORS_MAX];

    if (!set_can_sign(build->ism, node, NULL)) {
        offer.status = STATUS_UNSUPPORTED;
        return offer;
    }
    for (uint32_t i = 0; i < build->evidence->signed_count; i++) {
        const struct ism_signed *one = &build->evidence->signed_[i];
        if (!is_usable(build, node->type, one) ||
            (offer.group != NULL && offer.group->checkpoint.index <= one->checkpoint.index)) {
            continue;
        }
        const uint32_t count = choose_signatures(build, node, &one->checkpoint, signatures);
        if (count > 0) {
            offer.status = STATUS_OK;
            offer.group = one;
            offer.gas = GAS_MODULE + (uint64_t)count * (GAS_SIGNATURE + GAS_PER_BYTE * 65);
        }
    }
    if (takes_any_checkpoint(node->type)) {
        offer.gas += GAS_MERKLE_PROOF + GAS_PER_BYTE * 32 * MERKLE_DEPTH;
    }
    return offer;
}

static struct offer offer_of_answer(const struct build *build, uint32_t at)
{
    for (uint32_t i = 0; i < build->evidence->answers_count; i++) {
        const struct ism_answer *answer = &build->evidence->answers[i];
        if (answer->node == at) {
            return (struct offer){.status = STATUS_OK,
                                  .gas = GAS_MODULE + GAS_ANSWER +
                                         GAS_PER_BYTE * (uint64_t)answer->metadata.count,
                                  .answer = answer};
        }
    }
    return (struct offer){.status = STATUS_NOT_FOUND};
}

/* Marks the `threshold` cheapest modules that can be given, the first of equals. Returns their
 * gas. */
static uint64_t choose_modules(const struct build *build, const struct ism_node *node,
                               bool ret_taken[METADATA_PARTS_MAX])
{
    uint64_t gas = 0;

    memset(ret_taken, 0, METADATA_PARTS_MAX * sizeof(ret_taken[0]));
    for (uint32_t chosen = 0; chosen < node->threshold; chosen++) {
        uint32_t best = METADATA_PARTS_MAX;
        for (uint32_t i = 0; i < node->count; i++) {
            const struct offer *offer = &build->offers[node->first + i];
            if (!ret_taken[i] && offer->status == STATUS_OK &&
                (best == METADATA_PARTS_MAX ||
                 offer->gas < build->offers[node->first + best].gas)) {
                best = i;
            }
        }
        CHECK(best < METADATA_PARTS_MAX);
        ret_taken[best] = true;
        gas += build->offers[node->first + best].gas;
    }
    return gas;
}

static struct offer offer_of_aggregation(const struct build *build, const struct ism_node *node)
{
    struct offer offer = {.status = STATUS_UNSUPPORTED};
    bool taken[METADATA_PARTS_MAX];
    uint32_t ready = 0;
    uint32_t hoped_for = 0;

    for (uint32_t i = node->first; i < node->first + node->count; i++) {
        ready += build->offers[i].status == STATUS_OK ? 1 : 0;
        hoped_for += build->offers[i].status == STATUS_NOT_FOUND ? 1 : 0;
    }
    if (ready >= node->threshold) {
        offer.status = STATUS_OK;
        offer.gas = GAS_MODULE + GAS_PER_BYTE * 8 * (uint64_t)node->count +
                    choose_modules(build, node, taken);
    } else if (ready + hoped_for >= node->threshold) {
        offer.status = STATUS_NOT_FOUND;
    }
    return offer;
}

static struct offer offer_of(const struct build *build, uint32_t at)
{
    const struct ism_node *node = &build->ism->nodes[at];

    switch ((enum module_type)node->type) {
    case MODULE_ROUTING: {
        struct offer offer = build->offers[node->first];
        offer.gas += GAS_MODULE;
        return offer;
    }
    case MODULE_AGGREGATION:
        return offer_of_aggregation(build, node);
    case MODULE_MERKLE_ROOT_MULTISIG:
    case MODULE_MESSAGE_ID_MULTISIG:
    case MODULE_WEIGHTED_MERKLE_ROOT_MULTISIG:
    case MODULE_WEIGHTED_MESSAGE_ID_MULTISIG:
        return offer_of_multisig(build, node);
    case MODULE_NULL: {
        const bool is_ours =
            !node->only_relayer || address_equal(&node->relayer, &build->evidence->processor);
        return (struct offer){.status = is_ours ? STATUS_OK : STATUS_UNSUPPORTED,
                              .gas = GAS_MODULE};
    }
    case MODULE_CCIP_READ:
        return offer_of_answer(build, at);
    case MODULE_UNUSED:
    case MODULE_LEGACY_MULTISIG:
    case MODULE_ARB_L2_TO_L1:
    case MODULE_OP_L2_TO_L1:
    case MODULE_POLYMER:
        break;
    }
    return (struct offer){.status = STATUS_UNSUPPORTED};
}

/* ---- writing ----
 * As deep as the tree, at most ISM_DEPTH_MAX levels: ism_check saw to it.
 * NOLINTBEGIN(misc-no-recursion) */

static enum status write_node(struct build *build, uint32_t at);

static enum status write_multisig(struct build *build, uint32_t at)
{
    const struct ism_node *node = &build->ism->nodes[at];
    const struct ism_evidence *evidence = build->evidence;
    const struct ism_signed *group = build->offers[at].group;
    struct signature signatures[VALIDATORS_MAX];

    CHECK(group != NULL);
    const struct checkpoint *checkpoint = &group->checkpoint;
    const uint32_t count = choose_signatures(build, node, checkpoint, signatures);

    CHECK(count > 0);
    if (!takes_any_checkpoint(node->type)) {
        const struct metadata_message_id metadata = {.tree_hook = evidence->tree_hook,
                                                     .root = checkpoint->root,
                                                     .index = checkpoint->index,
                                                     .signatures = signatures,
                                                     .signatures_count = count};
        return metadata_write_message_id(&metadata, build->buffer);
    }
    struct metadata_merkle_root metadata = {.tree_hook = evidence->tree_hook,
                                            .leaf_index = evidence->leaf_index,
                                            .signed_message_id = checkpoint->message_id,
                                            .index = checkpoint->index,
                                            .signatures = signatures,
                                            .signatures_count = count};
    const enum status status =
        evidence->prove(evidence->context, checkpoint->index + 1, metadata.proof);
    return status != STATUS_OK ? status : metadata_write_merkle_root(&metadata, build->buffer);
}

static enum status write_aggregation(struct build *build, uint32_t at)
{
    const struct ism_node *node = &build->ism->nodes[at];
    struct metadata_aggregation aggregation;
    bool taken[METADATA_PARTS_MAX];

    if (node->count == 0) {
        return STATUS_OK; /* it asks nobody, so its metadata has no head either */
    }
    (void)choose_modules(build, node, taken);
    enum status status = metadata_aggregation_begin(&aggregation, node->count, build->buffer);
    for (uint32_t i = 0; i < node->count && status == STATUS_OK; i++) {
        if (taken[i]) {
            metadata_aggregation_part_begin(&aggregation, i);
            status = write_node(build, node->first + i);
            metadata_aggregation_part_end(&aggregation);
        }
    }
    return status;
}

static enum status write_node(struct build *build, uint32_t at)
{
    const struct ism_node *node = &build->ism->nodes[at];

    if (node->type == MODULE_ROUTING) {
        return write_node(build, node->first);
    }
    if (node->type == MODULE_AGGREGATION) {
        return write_aggregation(build, at);
    }
    if (is_multisig(node->type)) {
        return write_multisig(build, at);
    }
    if (node->type == MODULE_CCIP_READ) {
        const struct ism_answer *answer = build->offers[at].answer;
        CHECK(answer != NULL);
        return buffer_append(build->buffer, answer->metadata);
    }
    CHECK(node->type == MODULE_NULL);
    return STATUS_OK;
}
/* NOLINTEND(misc-no-recursion) */

enum status ism_build(const struct ism *ism, const struct ism_evidence *evidence,
                      struct buffer *buffer)
{
    struct build build = {.ism = ism, .evidence = evidence, .buffer = buffer};
    const size_t before = buffer->count;

    for (uint32_t i = ism->nodes_count; i-- > 0;) {
        build.offers[i] = offer_of(&build, i);
    }
    enum status status = build.offers[0].status;
    if (status == STATUS_OK) {
        status = write_node(&build, 0);
    }
    if (status != STATUS_OK) {
        buffer->count = before;
    }
    return status;
}
