/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/tree_nodes.c: roots of full subtrees, kept as rows, so that any leaf can be proved as
 * of any later checkpoint. */
#include "relay/base/digest.h"
#include "relay/core/tree_internal.h"

/* The root of a full subtree below the kept levels, from its leaves. */
static enum status node_of_leaves(struct step *step, uint32_t domain, uint32_t level,
                                  uint32_t index, struct hash *ret_node)
{
    struct hash nodes[1u << TREE_NODE_LEVEL_MIN];
    uint32_t count = 1u << level;

    CHECK(level <= TREE_NODE_LEVEL_MIN);
    for (uint32_t i = 0; i < count; i++) {
        if (!tree_leaf_id(step, domain, (index << level) + i, &nodes[i])) {
            return step->status == STATUS_OK ? STATUS_NOT_FOUND : step->status;
        }
    }
    for (; count > 1; count /= 2) {
        for (uint32_t i = 0; i < count / 2; i++) {
            nodes[i] = keccak256_pair(&nodes[2 * i], &nodes[2 * i + 1]);
        }
    }
    *ret_node = nodes[0];
    return STATUS_OK;
}

static enum status get_node(struct step *step, uint32_t domain, uint32_t level, uint32_t index,
                            struct hash *ret_node)
{
    uint8_t key[NODE_KEY_BYTES];
    struct bytes value;

    if (level < TREE_NODE_LEVEL_MIN) {
        return node_of_leaves(step, domain, level, index, ret_node);
    }
    if (!step_get(step, node_key(key, domain, level, index), &value)) {
        return step->status == STATUS_OK ? STATUS_NOT_FOUND : step->status;
    }
    struct unpacker unpacker = unpacker_from(value);
    *ret_node = unpack_hash(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        step->status = STATUS_CORRUPT;
    }
    return step->status;
}

void tree_nodes_add(struct step *step, uint32_t domain, uint32_t index)
{
    const uint32_t filled = merkle_nodes_filled(index);
    struct hash node;

    if (filled <= TREE_NODE_LEVEL_MIN ||
        node_of_leaves(step, domain, TREE_NODE_LEVEL_MIN, index >> TREE_NODE_LEVEL_MIN, &node) !=
            STATUS_OK) {
        return; /* leaves below the first block that was read: nothing can be proved here */
    }
    for (uint32_t level = TREE_NODE_LEVEL_MIN; level < filled; level++) {
        uint8_t key[NODE_KEY_BYTES];
        struct hash left;
        if (level > TREE_NODE_LEVEL_MIN) {
            if (get_node(step, domain, level - 1, (index >> level) * 2, &left) != STATUS_OK) {
                return;
            }
            node = keccak256_pair(&left, &node);
        }
        step_put(step, node_key(key, domain, level, index >> level),
                 bytes_from(node.bytes, sizeof(node.bytes)));
    }
}

bool tree_mend(struct step *step, uint32_t domain, uint32_t *count, uint32_t leaves_max)
{
    const uint32_t leaves_count = tree_leaves_count(step, domain);

    for (uint32_t i = 0; i < leaves_max && *count < leaves_count; i++) {
        tree_nodes_add(step, domain, *count);
        (*count)++;
    }
    return *count < leaves_count;
}

static enum status get(void *context, uint32_t level, uint32_t index, struct hash *ret_node)
{
    const struct tree_prover *prover = context;

    return get_node(prover->step, prover->domain, level, index, ret_node);
}

bool tree_root_at(struct step *step, uint32_t domain, uint32_t count, struct hash *ret_root)
{
    struct tree_prover prover = {.step = step, .domain = domain};
    const struct merkle_nodes nodes = {.get = get, .context = &prover};
    struct merkle_edge edge;

    if (merkle_edge_of(&nodes, count, &edge) != STATUS_OK) {
        return false;
    }
    *ret_root = edge.roots[MERKLE_DEPTH];
    return true;
}

enum status tree_prove(void *context, uint32_t count, struct hash ret_proof[MERKLE_DEPTH])
{
    struct tree_prover *prover = context;
    const struct merkle_nodes nodes = {.get = get, .context = prover};
    struct merkle_edge edge;
    const enum status status = merkle_edge_of(&nodes, count, &edge);

    return status != STATUS_OK ? status : merkle_prove(&nodes, &edge, prover->index, ret_proof);
}
