/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/hyperlane/proof.h"

#include "relay/base/check.h"
#include "relay/base/digest.h"

enum status merkle_edge_of(const struct merkle_nodes *nodes, uint32_t count,
                           struct merkle_edge *ret_edge)
{
    bool empty = true;

    ret_edge->count = count;
    ret_edge->roots[0] = merkle_zero(0);
    for (uint32_t level = 0; level < MERKLE_DEPTH; level++) {
        const struct hash *below = &ret_edge->roots[level];
        const struct hash zero = merkle_zero(level);
        if ((count >> level & 1) != 0) {
            struct hash full;
            const enum status status =
                nodes->get(nodes->context, level, (count >> level) - 1, &full);
            if (status != STATUS_OK) {
                return status;
            }
            ret_edge->roots[level + 1] = keccak256_pair(&full, below);
            empty = false;
        } else {
            ret_edge->roots[level + 1] =
                empty ? merkle_zero(level + 1) : keccak256_pair(below, &zero);
        }
    }
    return STATUS_OK;
}

enum status merkle_prove(const struct merkle_nodes *nodes, const struct merkle_edge *edge,
                         uint32_t index, struct hash ret_proof[MERKLE_DEPTH])
{
    if (index >= edge->count) {
        return STATUS_NOT_FOUND;
    }
    for (uint32_t level = 0; level < MERKLE_DEPTH; level++) {
        const uint32_t sibling = index >> level ^ 1;
        const uint64_t first = (uint64_t)sibling << level;
        const uint64_t end = first + ((uint64_t)1 << level);
        if (first >= edge->count) {
            ret_proof[level] = merkle_zero(level);
        } else if (end > edge->count) {
            ret_proof[level] = edge->roots[level];
        } else {
            const enum status status =
                nodes->get(nodes->context, level, sibling, &ret_proof[level]);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return STATUS_OK;
}

uint32_t merkle_nodes_filled(uint32_t index)
{
    uint32_t filled = 1;
    while (filled < MERKLE_DEPTH && (index >> (filled - 1) & 1) != 0) {
        filled++;
    }
    return filled;
}

/* ---- nodes in memory ---- */

static uint32_t capacity_for(uint32_t leaves_max)
{
    uint32_t capacity = 1;
    CHECK(leaves_max > 0 && leaves_max <= (uint32_t)1 << 31);
    while (capacity < leaves_max) {
        capacity <<= 1;
    }
    return capacity;
}

/* Levels before `level` have capacity * (2 - 2^(1 - level)) places together. */
static struct hash *place_of(const struct merkle_index *index, uint32_t level, uint32_t i)
{
    const size_t before = 2 * (size_t)index->capacity - (2 * (size_t)index->capacity >> level);
    return &index->nodes[before + i];
}

size_t merkle_index_footprint(uint32_t leaves_max)
{
    return 2 * sizeof(struct hash) * (size_t)capacity_for(leaves_max);
}

void merkle_index_init(struct merkle_index *index, uint32_t leaves_max, void *memory)
{
    index->nodes = memory;
    index->capacity = capacity_for(leaves_max);
    index->count = 0;
}

enum status merkle_index_append(struct merkle_index *index, const struct hash *leaf)
{
    if (index->count == index->capacity) {
        return STATUS_FULL;
    }
    const uint32_t filled = merkle_nodes_filled(index->count);
    *place_of(index, 0, index->count) = *leaf;
    for (uint32_t level = 1; level < filled; level++) {
        const uint32_t i = index->count >> level;
        *place_of(index, level, i) = keccak256_pair(place_of(index, level - 1, 2 * i),
                                                    place_of(index, level - 1, 2 * i + 1));
    }
    index->count++;
    return STATUS_OK;
}

static enum status get_node(void *context, uint32_t level, uint32_t i, struct hash *ret_node)
{
    const struct merkle_index *index = context;
    if (((uint64_t)i + 1) << level > index->count) {
        return STATUS_NOT_FOUND;
    }
    *ret_node = *place_of(index, level, i);
    return STATUS_OK;
}

struct merkle_nodes merkle_index_nodes(struct merkle_index *index)
{
    return (struct merkle_nodes){.get = get_node, .context = index};
}
