/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/tree/tree_nodes.c: roots of full subtrees, kept as rows, so that any leaf can be
 * proved as of any later checkpoint. */
#include "relay/base/digest.h"
#include "relay/core/tree/tree_internal.h"

/* False: there is no row of it. */
static bool read_node(struct step *step, uint32_t domain, uint32_t level, uint32_t index,
                      struct hash *ret_node)
{
    uint8_t key[NODE_KEY_BYTES];
    struct bytes value;

    if (!step_get(step, node_key(key, domain, level, index), &value)) {
        return false;
    }
    struct unpacker unpacker = unpacker_from(value);
    const struct hash node = unpack_hash(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    *ret_node = node;
    return true;
}

static void write_node(struct step *step, uint32_t domain, uint32_t level, uint32_t index,
                       const struct hash *node)
{
    uint8_t key[NODE_KEY_BYTES];

    step_put(step, node_key(key, domain, level, index),
             bytes_from(node->bytes, sizeof(node->bytes)));
}

/* The root of a full subtree below the kept levels, from its leaves, or from rows of subtrees at
 * the frontier that the tree began with. */
static enum status node_of_leaves(struct step *step, uint32_t domain, uint32_t level,
                                  uint32_t index, struct hash *ret_node)
{
    struct hash nodes[1u << TREE_NODE_LEVEL_MIN];
    bool known[1u << TREE_NODE_LEVEL_MIN] = {false};
    uint32_t count = 1u << level;

    CHECK(level <= TREE_NODE_LEVEL_MIN);
    for (uint32_t i = 0; i < count; i++) {
        known[i] = tree_leaf_id(step, domain, (index << level) + i, &nodes[i]);
    }
    for (uint32_t at = 1; at <= level; at++) {
        count /= 2;
        for (uint32_t i = 0; i < count; i++) {
            if (known[2 * i] && known[2 * i + 1]) {
                nodes[i] = keccak256_pair(&nodes[2 * i], &nodes[2 * i + 1]);
                known[i] = true;
            } else {
                known[i] = read_node(step, domain, at, (index << (level - at)) + i, &nodes[i]);
            }
        }
    }
    if (!known[0]) {
        return step->status == STATUS_OK ? STATUS_NOT_FOUND : step->status;
    }
    *ret_node = nodes[0];
    return STATUS_OK;
}

static enum status get_node(struct step *step, uint32_t domain, uint32_t level, uint32_t index,
                            struct hash *ret_node)
{
    if (level < TREE_NODE_LEVEL_MIN) {
        return node_of_leaves(step, domain, level, index, ret_node);
    }
    if (!read_node(step, domain, level, index, ret_node)) {
        return step->status == STATUS_OK ? STATUS_NOT_FOUND : step->status;
    }
    return STATUS_OK;
}

void tree_nodes_begin(struct step *step, uint32_t domain, const struct merkle_tree *frontier)
{
    for (uint32_t level = 0; level < MERKLE_DEPTH; level++) {
        const uint32_t index = (frontier->count >> level) - 1;
        const struct hash *node = &frontier->branch[level];
        if ((frontier->count >> level & 1) == 0) {
            continue;
        }
        if (level == 0) {
            uint8_t key[LEAF_KEY_BYTES_MAX];
            step_put(step, leaf_index_key(key, domain, index),
                     bytes_from(node->bytes, sizeof(node->bytes)));
        } else {
            write_node(step, domain, level, index, node);
        }
    }
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
        struct hash left;
        if (level > TREE_NODE_LEVEL_MIN) {
            if (get_node(step, domain, level - 1, (index >> level) * 2, &left) != STATUS_OK) {
                return;
            }
            node = keccak256_pair(&left, &node);
        }
        write_node(step, domain, level, index >> level, &node);
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
