/* SPDX-License-Identifier: Apache-2.0 */
#include "store/log/tile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"

/* No log has more tiles than this of one level; it also keeps sums below in range. */
#define INDEX_MAX (TREE_SIZE_MAX >> TREE_TILE_HEIGHT)

uint32_t tile_width_at(const struct tile *tile, uint64_t size)
{
    CHECK(tile->level < TREE_TILE_LEVELS_MAX);
    CHECK(tile->index <= INDEX_MAX);
    const uint64_t nodes = size >> (TREE_TILE_HEIGHT * tile->level);
    const uint64_t before = tile->index * TREE_TILE_WIDTH;
    const uint64_t rest = nodes > before ? nodes - before : 0;

    return rest < TREE_TILE_WIDTH ? (uint32_t)rest : TREE_TILE_WIDTH;
}

/* ---- paths ---- */

static void format_index(uint64_t index, char ret_text[TILE_PATH_BYTES_MAX])
{
    uint32_t groups[7];
    size_t groups_count = 0;
    size_t count = 0;

    do {
        groups[groups_count++] = (uint32_t)(index % 1000);
        index /= 1000;
    } while (index > 0);
    while (groups_count > 0) {
        groups_count--;
        count += (size_t)snprintf(ret_text + count, TILE_PATH_BYTES_MAX - count,
                                  "%s%03" PRIu32 "%s", groups_count > 0 ? "x" : "",
                                  groups[groups_count], groups_count > 0 ? "/" : "");
    }
}

enum status tile_append_path(struct buffer *buffer, const struct tile *tile)
{
    char index[TILE_PATH_BYTES_MAX];
    char level[16] = "entries";
    char partial[16] = "";
    char path[2 * TILE_PATH_BYTES_MAX];

    CHECK(tile->level < TREE_TILE_LEVELS_MAX);
    CHECK(tile->kind == TILE_NODES || tile->level == 0);
    CHECK(tile->width > 0 && tile->width <= TREE_TILE_WIDTH);
    CHECK(tile->index <= INDEX_MAX);
    format_index(tile->index, index);
    if (tile->kind == TILE_NODES) {
        (void)snprintf(level, sizeof(level), "%" PRIu32, tile->level);
    }
    if (tile->width < TREE_TILE_WIDTH) {
        (void)snprintf(partial, sizeof(partial), ".p/%" PRIu32, tile->width);
    }
    const int count = snprintf(path, sizeof(path), "tile/%s/%s%s", level, index, partial);
    CHECK(count > 0 && (size_t)count <= TILE_PATH_BYTES_MAX);
    return buffer_append(buffer, bytes_from(path, (size_t)count));
}

static bool take_prefix(struct bytes *path, const char *prefix)
{
    const struct bytes expected = bytes_from_string(prefix);

    if (!bytes_have_prefix(*path, expected)) {
        return false;
    }
    *path = bytes_from(path->data + expected.count, path->count - expected.count);
    return true;
}

/* Exactly three digits. */
static bool take_group(struct bytes *path, uint64_t *index)
{
    uint64_t value = 0;

    if (path->count < 3) {
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        if (path->data[i] < '0' || path->data[i] > '9') {
            return false;
        }
        value = 10 * value + (uint64_t)(path->data[i] - '0');
    }
    if (*index > INDEX_MAX / 1000) {
        return false;
    }
    *index = 1000 * *index + value;
    *path = bytes_from(path->data + 3, path->count - 3);
    return *index <= INDEX_MAX;
}

static bool take_index(struct bytes *path, uint64_t *ret_index)
{
    *ret_index = 0;
    while (take_prefix(path, "x")) {
        if (!take_group(path, ret_index) || !take_prefix(path, "/")) {
            return false;
        }
    }
    return take_group(path, ret_index);
}

/* 1 to 255, all that is left. */
static bool take_width(struct bytes path, uint32_t *ret_width)
{
    uint32_t width = 0;

    for (size_t i = 0; i < path.count && i < 4; i++) {
        if (path.data[i] < '0' || path.data[i] > '9') {
            return false;
        }
        width = 10 * width + (uint32_t)(path.data[i] - '0');
    }
    *ret_width = width;
    return path.count > 0 && path.count <= 3 && width > 0 && width < TREE_TILE_WIDTH;
}

enum status tile_parse_path(struct bytes path, struct tile *ret_tile)
{
    uint8_t again[TILE_PATH_BYTES_MAX];
    struct buffer buffer = buffer_from(again, sizeof(again));
    struct tile tile = {.kind = TILE_NODES, .width = TREE_TILE_WIDTH};
    const struct bytes whole = path;

    if (path.count > TILE_PATH_BYTES_MAX || !take_prefix(&path, "tile/")) {
        return STATUS_MALFORMED;
    }
    if (take_prefix(&path, "entries/")) {
        tile.kind = TILE_ENTRIES;
    } else {
        if (path.count == 0 || path.data[0] < '0' ||
            path.data[0] >= '0' + (int)TREE_TILE_LEVELS_MAX) {
            return STATUS_MALFORMED;
        }
        tile.level = (uint32_t)(path.data[0] - '0');
        path = bytes_from(path.data + 1, path.count - 1);
        if (!take_prefix(&path, "/")) {
            return STATUS_MALFORMED;
        }
    }
    if (!take_index(&path, &tile.index) ||
        (path.count > 0 && (!take_prefix(&path, ".p/") || !take_width(path, &tile.width)))) {
        return STATUS_MALFORMED;
    }
    /* Also tells x000/001 and .p/01 from what we write. */
    if (tile_append_path(&buffer, &tile) != STATUS_OK ||
        !bytes_equal(buffer_bytes(&buffer), whole)) {
        return STATUS_MALFORMED;
    }
    *ret_tile = tile;
    return STATUS_OK;
}

/* ---- contents ---- */

enum status tile_read(const struct tree_source *source, const struct tile *tile,
                      struct hash ret_hashes[TREE_TILE_WIDTH])
{
    CHECK(tile->kind == TILE_NODES);
    CHECK(tile->width <= TREE_TILE_WIDTH);
    for (uint32_t i = 0; i < tile->width; i++) {
        const enum status status = source->read(source->context, TREE_TILE_HEIGHT * tile->level,
                                                tile->index * TREE_TILE_WIDTH + i, &ret_hashes[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

struct hash tile_node(const struct hash hashes[TREE_TILE_WIDTH])
{
    struct tree_frontier frontier = {.size = 0};
    struct tree_completed completed = {.nodes_count = 0};

    for (uint32_t i = 0; i < TREE_TILE_WIDTH; i++) {
        tree_append(&frontier, &hashes[i], &completed);
    }
    CHECK(completed.nodes_count == 1);
    return completed.nodes[0];
}

enum status bundle_append(struct buffer *buffer, struct bytes record)
{
    const size_t count_before = buffer->count;

    CHECK(record.count > 0);
    CHECK(record.count <= RECORD_BYTES_MAX);
    const uint8_t length[2] = {(uint8_t)(record.count >> 8), (uint8_t)record.count};
    enum status status = buffer_append(buffer, bytes_from(length, sizeof(length)));
    if (status == STATUS_OK) {
        status = buffer_append(buffer, record);
    }
    if (status != STATUS_OK) {
        buffer->count = count_before;
    }
    return status;
}

enum status bundle_take(struct bytes *bundle, struct bytes *ret_record)
{
    if (bundle->count == 0) {
        return STATUS_NOT_FOUND;
    }
    if (bundle->count < 2) {
        return STATUS_MALFORMED;
    }
    const size_t count = (size_t)bundle->data[0] << 8 | bundle->data[1];
    if (count == 0 || count > bundle->count - 2) {
        return STATUS_MALFORMED;
    }
    *ret_record = bytes_from(bundle->data + 2, count);
    *bundle = bytes_from(bundle->data + 2 + count, bundle->count - 2 - count);
    return STATUS_OK;
}
