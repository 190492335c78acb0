/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tree.h"

#include "relay/base/check.h"
#include "store/sha256.h"

struct hash tree_leaf_prefixed(struct bytes prefixed)
{
    CHECK(prefixed.count > 0);
    CHECK(prefixed.data[0] == 0);
    return sha256_of(prefixed);
}

void tree_leaves_prefixed(const struct bytes *prefixed, uint32_t count, struct hash *ret_leaves)
{
    for (uint32_t i = 0; i < count; i++) {
        CHECK(prefixed[i].count > 0);
        CHECK(prefixed[i].data[0] == 0);
    }
    sha256_many(sha256_way_best(), prefixed, count, ret_leaves);
}

struct hash tree_leaf(struct bytes record)
{
    return sha256_of_behind(0, record);
}

struct hash tree_node(const struct hash *left, const struct hash *right)
{
    const struct hash children[2] = {*left, *right};
    struct hash node;

    sha256_nodes(SHA256_SINGLE, children, 1, &node);
    return node;
}

struct hash tree_tile_root(struct hash leaves[TREE_TILE_WIDTH])
{
    const enum sha256_way way = sha256_way_best();

    for (uint32_t width = TREE_TILE_WIDTH / 2; width > 0; width /= 2) {
        sha256_nodes(way, leaves, width, leaves);
    }
    return leaves[0];
}

struct hash tree_root_empty(void)
{
    return sha256_of(bytes_from(NULL, 0));
}

/* ---- appending ---- */

/* A complete node of 2^height leaves, behind as many as a multiple of that. */
static void append_node(struct tree_frontier *frontier, const struct hash *node, uint32_t height,
                        struct tree_completed *completed)
{
    const uint64_t count = UINT64_C(1) << height;
    struct hash hash = *node;

    CHECK(frontier->size <= TREE_SIZE_MAX - count);
    CHECK(frontier->size % count == 0);
    for (; (frontier->size >> height & 1) != 0; height++) {
        hash = tree_node(&frontier->peaks[height], &hash);
        if ((height + 1) % TREE_TILE_HEIGHT == 0) {
            completed->nodes[completed->nodes_count++] = hash;
        }
    }
    frontier->peaks[height] = hash;
    frontier->size += count;
}

void tree_append(struct tree_frontier *frontier, const struct hash *leaf,
                 struct tree_completed *ret_completed)
{
    ret_completed->nodes_count = 0;
    append_node(frontier, leaf, 0, ret_completed);
}

void tree_append_tile(struct tree_frontier *frontier, const struct hash *node,
                      struct tree_completed *ret_completed)
{
    ret_completed->nodes_count = 1;
    ret_completed->nodes[0] = *node;
    append_node(frontier, node, TREE_TILE_HEIGHT, ret_completed);
}

/* The root over peaks of `size` leaves, whose hashes are by height. */
static struct hash fold_peaks(uint64_t size, const struct hash *peaks)
{
    struct hash root = tree_root_empty();
    bool has_root = false;

    for (uint32_t height = 0; height <= TREE_HEIGHT_MAX; height++) {
        if ((size >> height & 1) != 0) {
            root = has_root ? tree_node(&peaks[height], &root) : peaks[height];
            has_root = true;
        }
    }
    return root;
}

struct hash tree_frontier_root(const struct tree_frontier *frontier)
{
    return fold_peaks(frontier->size, frontier->peaks);
}

/* ---- reading ---- */

/* Any complete node, from those below it that a journal keeps. */
static enum status read_node(const struct tree_source *source, uint32_t height, uint64_t index,
                             struct hash *ret_hash)
{
    const uint32_t above = height % TREE_TILE_HEIGHT;
    const uint32_t base = height - above;
    const uint64_t count = UINT64_C(1) << above;
    struct tree_frontier frontier = {.size = 0};
    struct tree_completed completed;

    for (uint64_t i = 0; i < count; i++) {
        struct hash hash;
        const enum status status = source->read(source->context, base, index * count + i, &hash);
        if (status != STATUS_OK) {
            return status;
        }
        tree_append(&frontier, &hash, &completed);
    }
    *ret_hash = frontier.peaks[above];
    return STATUS_OK;
}

/* The peaks of the `count` leaves from `first` on; 2^n divides `first` if count <= 2^n. */
static enum status read_peaks(const struct tree_source *source, uint64_t first, uint64_t count,
                              struct hash ret_peaks[TREE_HEIGHT_MAX + 1])
{
    uint64_t leaf = first;

    for (uint32_t i = 0; i <= TREE_HEIGHT_MAX; i++) {
        const uint32_t height = TREE_HEIGHT_MAX - i;
        if ((count >> height & 1) != 0) {
            const enum status status =
                read_node(source, height, leaf >> height, &ret_peaks[height]);
            if (status != STATUS_OK) {
                return status;
            }
            leaf += UINT64_C(1) << height;
        }
    }
    return STATUS_OK;
}

enum status tree_frontier_at(const struct tree_source *source, uint64_t size,
                             struct tree_frontier *ret_frontier)
{
    CHECK(size <= TREE_SIZE_MAX);
    ret_frontier->size = size;
    return read_peaks(source, 0, size, ret_frontier->peaks);
}

/* The hash of leaves begin to end, end excluded, as one tree. */
static enum status read_range(const struct tree_source *source, uint64_t begin, uint64_t end,
                              struct hash *ret_hash)
{
    struct hash peaks[TREE_HEIGHT_MAX + 1];
    const enum status status = read_peaks(source, begin, end - begin, peaks);

    if (status == STATUS_OK) {
        *ret_hash = fold_peaks(end - begin, peaks);
    }
    return status;
}

enum status tree_root(const struct tree_source *source, uint64_t size, struct hash *ret_root)
{
    CHECK(size <= TREE_SIZE_MAX);
    return read_range(source, 0, size, ret_root);
}

/* ---- proving: from the root down, as RFC 6962 defines it ---- */

/* The largest power of two below `count`, which is at least 2. */
static uint64_t split_of(uint64_t count)
{
    uint64_t split = 1;

    while (split < count - split) {
        split *= 2;
    }
    return split;
}

static enum status add_range(const struct tree_source *source, uint64_t begin, uint64_t end,
                             struct tree_proof *proof)
{
    CHECK(proof->hashes_count < TREE_PROOF_HASHES_MAX);
    const enum status status = read_range(source, begin, end, &proof->hashes[proof->hashes_count]);
    proof->hashes_count += status == STATUS_OK;
    return status;
}

static void reverse(struct tree_proof *proof)
{
    for (uint32_t i = 0; i < proof->hashes_count / 2; i++) {
        const struct hash hash = proof->hashes[i];
        proof->hashes[i] = proof->hashes[proof->hashes_count - 1 - i];
        proof->hashes[proof->hashes_count - 1 - i] = hash;
    }
}

enum status tree_prove_inclusion(const struct tree_source *source, struct tree_inclusion inclusion,
                                 struct tree_proof *ret_proof)
{
    uint64_t begin = 0;
    uint64_t end = inclusion.size;

    CHECK(inclusion.index < inclusion.size);
    CHECK(inclusion.size <= TREE_SIZE_MAX);
    ret_proof->hashes_count = 0;
    while (end - begin > 1) {
        const uint64_t middle = begin + split_of(end - begin);
        const bool is_left = inclusion.index < middle;
        const enum status status = is_left ? add_range(source, middle, end, ret_proof)
                                           : add_range(source, begin, middle, ret_proof);
        if (status != STATUS_OK) {
            return status;
        }
        begin = is_left ? begin : middle;
        end = is_left ? middle : end;
    }
    reverse(ret_proof);
    return STATUS_OK;
}

enum status tree_prove_growth(const struct tree_source *source, struct tree_growth growth,
                              struct tree_proof *ret_proof)
{
    uint64_t begin = 0;
    uint64_t end = growth.size;
    enum status status = STATUS_OK;

    CHECK(growth.old_size <= growth.size);
    CHECK(growth.size <= TREE_SIZE_MAX);
    ret_proof->hashes_count = 0;
    if (growth.old_size == 0) {
        return STATUS_OK;
    }
    while (growth.old_size != end && status == STATUS_OK) {
        const uint64_t middle = begin + split_of(end - begin);
        const bool is_left = growth.old_size <= middle;
        status = is_left ? add_range(source, middle, end, ret_proof)
                         : add_range(source, begin, middle, ret_proof);
        begin = is_left ? begin : middle;
        end = is_left ? middle : end;
    }
    /* The old root itself is known to who asks, a part of it is not. */
    if (status == STATUS_OK && begin > 0) {
        status = add_range(source, begin, end, ret_proof);
    }
    reverse(ret_proof);
    return status;
}

/* ---- checking: from the leaves up, as RFC 9162 does ---- */

enum status tree_check_inclusion(struct tree_inclusion inclusion, const struct hash *leaf,
                                 const struct tree_proof *proof, const struct hash *root)
{
    if (inclusion.index >= inclusion.size || proof->hashes_count > TREE_PROOF_HASHES_MAX) {
        return STATUS_REFUSED;
    }
    uint64_t node = inclusion.index;
    uint64_t last = inclusion.size - 1;
    struct hash hash = *leaf;
    for (uint32_t i = 0; i < proof->hashes_count; i++) {
        if (last == 0) {
            return STATUS_REFUSED;
        }
        if (node % 2 == 1 || node == last) {
            hash = tree_node(&proof->hashes[i], &hash);
            while (node % 2 == 0 && node != 0) {
                node /= 2;
                last /= 2;
            }
        } else {
            hash = tree_node(&hash, &proof->hashes[i]);
        }
        node /= 2;
        last /= 2;
    }
    return last == 0 && hash_equal(&hash, root) ? STATUS_OK : STATUS_REFUSED;
}

/* Both sizes are above 0 and differ. `*ret_old` and `*ret_new` are the roots the proof leads to. */
static bool climb_growth(struct tree_growth growth, const struct hash *old_root,
                         const struct tree_proof *proof, struct hash *ret_old, struct hash *ret_new)
{
    /* A complete old tree is a node of the new one: the proof leaves it out. */
    const bool is_complete = (growth.old_size & (growth.old_size - 1)) == 0;
    uint64_t node = growth.old_size - 1;
    uint64_t last = growth.size - 1;

    if (!is_complete && proof->hashes_count == 0) {
        return false;
    }
    for (; node % 2 == 1; node /= 2) {
        last /= 2;
    }
    *ret_old = is_complete ? *old_root : proof->hashes[0];
    *ret_new = *ret_old;
    for (uint32_t i = is_complete ? 0 : 1; i < proof->hashes_count; i++) {
        if (last == 0) {
            return false;
        }
        if (node % 2 == 1 || node == last) {
            *ret_old = tree_node(&proof->hashes[i], ret_old);
            *ret_new = tree_node(&proof->hashes[i], ret_new);
            while (node % 2 == 0 && node != 0) {
                node /= 2;
                last /= 2;
            }
        } else {
            *ret_new = tree_node(ret_new, &proof->hashes[i]);
        }
        node /= 2;
        last /= 2;
    }
    return last == 0;
}

enum status tree_check_growth(struct tree_growth growth, const struct hash *old_root,
                              const struct hash *root, const struct tree_proof *proof)
{
    struct hash old_found;
    struct hash new_found;

    if (growth.old_size > growth.size || proof->hashes_count > TREE_PROOF_HASHES_MAX) {
        return STATUS_REFUSED;
    }
    if (growth.old_size == 0 || growth.old_size == growth.size) {
        const struct hash empty = tree_root_empty();
        const struct hash *expected = growth.old_size == 0 ? &empty : root;
        return proof->hashes_count == 0 && hash_equal(old_root, expected) ? STATUS_OK
                                                                          : STATUS_REFUSED;
    }
    return climb_growth(growth, old_root, proof, &old_found, &new_found) &&
                   hash_equal(&old_found, old_root) && hash_equal(&new_found, root)
               ? STATUS_OK
               : STATUS_REFUSED;
}
