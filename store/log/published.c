/* SPDX-License-Identifier: Apache-2.0 */
#include "store/log/published.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "store/log/file_internal.h"
#include "store/log/tile.h"

#define BLOB_BYTES_MAX ((size_t)1 << 30)
#define PROGRESS_EVERY 4096u

/* One piece that was read last. */
struct piece {
    struct tile tile;
    struct memory memory;
    bool is_there;
};

struct published {
    int folder;
    struct memory note;
    uint64_t size;
    struct hash root;
    struct piece bundle;
    struct bytes records[TREE_TILE_WIDTH]; /* of the bundle */
    uint32_t records_count;                /* found in it */
    bool is_whole;                         /* as many as its width, and nothing behind them */
    struct piece nodes[TREE_TILE_LEVELS_MAX];
    struct memory blob;
};

/* ---- pieces ---- */

static enum status read_piece(struct published *published, const struct tile *tile,
                              size_t bytes_max, struct memory *memory)
{
    char path[LOG_PATH_BYTES_MAX];
    struct buffer buffer = buffer_from(path, sizeof(path) - 1);

    CHECK(tile_append_path(&buffer, tile) == STATUS_OK);
    path[buffer.count] = '\0';
    const enum status status = log_file_read(published->folder, path, bytes_max, memory);
    return status == STATUS_FULL ? STATUS_MALFORMED : status;
}

/* The piece of this width, or else the full one. `*ret_is_full` says which. */
static enum status read_either(struct published *published, struct tile tile, size_t bytes_max,
                               struct memory *memory, bool *ret_is_full)
{
    enum status status = read_piece(published, &tile, bytes_max, memory);

    *ret_is_full = tile.width == TREE_TILE_WIDTH;
    if (status == STATUS_NOT_FOUND && !*ret_is_full) {
        tile.width = TREE_TILE_WIDTH;
        *ret_is_full = true;
        status = read_piece(published, &tile, bytes_max, memory);
    }
    return status;
}

/* Takes the bundle apart as far as it goes. Once all lengths are read, the last byte of each makes
 * room for the zero that a leaf's hash begins with, so that many are hashed where they lie. */
static void split_bundle(struct published *published, uint32_t width, bool is_full)
{
    const struct memory *memory = &published->bundle.memory;
    struct bytes rest = memory_bytes(memory);
    uint32_t count = 0;

    while (count < width && bundle_take(&rest, &published->records[count]) == STATUS_OK) {
        count++;
    }
    for (uint32_t i = 0; i < count; i++) {
        const ptrdiff_t at = published->records[i].data - memory->data;
        CHECK(at > 0);
        memory->data[at - 1] = 0;
    }
    published->records_count = count;
    /* Of a full piece that stands in for a partial one, the rest is not ours. */
    published->is_whole =
        count == width && (rest.count == 0 || (is_full && width < TREE_TILE_WIDTH));
}

static enum status load_bundle(struct published *published, uint64_t index)
{
    struct piece *piece = &published->bundle;
    struct tile tile = {.kind = TILE_ENTRIES, .index = index};
    bool is_full = false;

    if (piece->is_there && piece->tile.index == index) {
        return STATUS_OK;
    }
    tile.width = tile_width_at(&tile, published->size);
    CHECK(tile.width > 0);
    piece->is_there = false;
    const enum status status =
        read_either(published, tile, BUNDLE_BYTES_MAX, &piece->memory, &is_full);
    if (status == STATUS_OK) {
        piece->is_there = true;
        piece->tile = tile;
        split_bundle(published, tile.width, is_full);
    }
    return status;
}

static enum status load_nodes(struct published *published, uint32_t level, uint64_t index)
{
    struct piece *piece = &published->nodes[level];
    struct tile tile = {.kind = TILE_NODES, .level = level, .index = index};
    bool is_full = false;

    if (piece->is_there && piece->tile.index == index) {
        return STATUS_OK;
    }
    tile.width = tile_width_at(&tile, published->size);
    if (tile.width == 0) {
        return STATUS_NOT_FOUND;
    }
    piece->is_there = false;
    const enum status status =
        read_either(published, tile, TILE_BYTES_MAX, &piece->memory, &is_full);
    if (status != STATUS_OK) {
        return status;
    }
    const uint32_t expected = is_full ? TREE_TILE_WIDTH : tile.width;
    if (piece->memory.count != expected * sizeof(struct hash)) {
        return STATUS_MALFORMED;
    }
    piece->is_there = true;
    piece->tile = tile;
    return STATUS_OK;
}

static enum status read_node(void *context, uint32_t height, uint64_t index, struct hash *ret_hash)
{
    struct published *published = context;
    const uint32_t level = height / TREE_TILE_HEIGHT;

    CHECK(height % TREE_TILE_HEIGHT == 0);
    CHECK(level < TREE_TILE_LEVELS_MAX);
    if (index >= published->size >> height) {
        return STATUS_NOT_FOUND;
    }
    const enum status status = load_nodes(published, level, index / TREE_TILE_WIDTH);
    if (status == STATUS_OK) {
        memcpy(ret_hash->bytes,
               published->nodes[level].memory.data + 32 * (index % TREE_TILE_WIDTH), 32);
    }
    return status;
}

struct tree_source published_tree(struct published *published)
{
    return (struct tree_source){.context = published, .read = read_node};
}

enum status published_read_record(struct published *published, uint64_t sequence,
                                  struct bytes *ret_record)
{
    if (sequence == 0 || sequence > published->size) {
        return STATUS_NOT_FOUND;
    }
    const uint32_t at = (uint32_t)((sequence - 1) % TREE_TILE_WIDTH);
    const enum status status = load_bundle(published, (sequence - 1) / TREE_TILE_WIDTH);
    if (status != STATUS_OK) {
        return status;
    }
    if (at >= published->records_count) {
        return STATUS_MALFORMED;
    }
    *ret_record = published->records[at];
    return STATUS_OK;
}

enum status published_read_blob(struct published *published, const struct hash *digest,
                                struct bytes *ret_blob)
{
    char path[LOG_PATH_BYTES_MAX];

    log_blob_path(digest, path);
    const enum status status =
        log_file_read(published->folder, path, BLOB_BYTES_MAX, &published->blob);
    if (status != STATUS_OK) {
        return status == STATUS_FULL || status == STATUS_MALFORMED ? STATUS_CORRUPT : status;
    }
    const struct hash found = sha2_of(memory_bytes(&published->blob));
    if (!hash_equal(&found, digest)) {
        return STATUS_CORRUPT;
    }
    *ret_blob = memory_bytes(&published->blob);
    return STATUS_OK;
}

/* ---- life ---- */

bool published_is_one(const char *path)
{
    const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_one = folder >= 0 && faccessat(folder, "checkpoint", F_OK, 0) == 0;

    if (folder >= 0) {
        (void)close(folder); /* nothing was written */
    }
    return is_one;
}

static enum status read_checkpoint(struct published *published)
{
    struct note note;
    struct log_checkpoint checkpoint;
    const enum status status =
        log_file_read(published->folder, "checkpoint", NOTE_BYTES_MAX, &published->note);

    if (status != STATUS_OK) {
        return status == STATUS_FULL ? STATUS_MALFORMED : status;
    }
    if (note_parse(memory_bytes(&published->note), &note) != STATUS_OK ||
        log_checkpoint_parse(note.text, &checkpoint) != STATUS_OK ||
        checkpoint.size > TREE_SIZE_MAX) {
        return STATUS_MALFORMED;
    }
    published->size = checkpoint.size;
    published->root = checkpoint.root;
    return STATUS_OK;
}

enum status published_open(const char *path, struct published **ret_published)
{
    struct published *published = calloc(1, sizeof(*published));

    if (published == NULL) {
        return STATUS_NO_MEMORY;
    }
    published->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const enum status status =
        published->folder < 0 ? STATUS_NOT_FOUND : read_checkpoint(published);
    if (status != STATUS_OK) {
        published_close(published);
        return status;
    }
    *ret_published = published;
    return STATUS_OK;
}

struct published *published_close(struct published *published)
{
    if (published == NULL) {
        return NULL;
    }
    if (published->folder >= 0) {
        (void)close(published->folder); /* nothing was written */
    }
    memory_free(&published->note);
    memory_free(&published->bundle.memory);
    memory_free(&published->blob);
    for (uint32_t level = 0; level < TREE_TILE_LEVELS_MAX; level++) {
        memory_free(&published->nodes[level].memory);
    }
    free(published);
    return NULL;
}

struct bytes published_note(const struct published *published)
{
    return memory_bytes(&published->note);
}

uint64_t published_size(const struct published *published)
{
    return published->size;
}

/* ---- verifying ---- */

/* One verification under way. */
struct work {
    struct published *published;
    const struct verify_options *options;
    struct verify_report *report;
    struct tree_frontier frontier;
};

static enum status conclude(struct verify_report *report, enum verify_finding finding,
                            uint64_t sequence, enum status status, const char *what)
{
    report->finding = finding;
    report->sequence = sequence;
    report->status = status;
    report->what = what;
    return status;
}

static enum status conclude_unread(struct work *work, uint64_t sequence, enum status status)
{
    if (status == STATUS_NOT_FOUND) {
        return conclude(work->report, VERIFY_MISSING, sequence, STATUS_CORRUPT,
                        "the piece with the record or its hash is missing");
    }
    if (status == STATUS_MALFORMED) {
        return conclude(work->report, VERIFY_CHECKSUM, sequence, STATUS_CORRUPT,
                        "the piece with the record or its hash is cut short or too long");
    }
    return conclude(work->report, VERIFY_UNREADABLE, sequence, status,
                    "a piece of the log cannot be read");
}

/* Compares the nodes that an append completed with those in the tiles. */
static enum status verify_nodes(struct work *work, const struct tree_completed *completed)
{
    for (uint32_t i = 0; i < completed->nodes_count; i++) {
        const uint32_t height = TREE_TILE_HEIGHT * (i + 1);
        const uint64_t index = (work->frontier.size >> height) - 1;
        struct hash stored;
        const enum status status = read_node(work->published, height, index, &stored);
        if (status != STATUS_OK) {
            return conclude_unread(work, (index << height) + 1, status);
        }
        if (!hash_equal(&stored, &completed->nodes[i])) {
            work->report->records_count = index << height;
            return conclude(work->report, VERIFY_TREE, (index << height) + 1, STATUS_CORRUPT,
                            "the records from here on are not those of the tiles");
        }
    }
    return STATUS_OK;
}

/* One record of the bundle, whose hash was computed. */
static enum status verify_record(struct work *work, uint64_t sequence, const struct hash *leaf)
{
    const struct verify_options *options = work->options;
    const char *what = NULL;
    struct bytes record;
    struct hash stored;
    enum status status = published_read_record(work->published, sequence, &record);

    if (status == STATUS_OK) {
        status = read_node(work->published, 0, sequence - 1, &stored);
    }
    if (status != STATUS_OK) {
        return conclude_unread(work, sequence, status);
    }
    if (!hash_equal(leaf, &stored)) {
        return conclude(work->report, VERIFY_CHECKSUM, sequence, STATUS_CORRUPT,
                        "the record does not match its hash");
    }
    if (options->examine != NULL) {
        status = options->examine(options->context, sequence, record, &what);
        if (status != STATUS_OK) {
            return conclude(work->report, VERIFY_EXAMINED, sequence, status, what);
        }
    }
    work->report->records_count = sequence;
    work->report->bytes_count += record.count;
    return STATUS_OK;
}

/* The bundle must end where its last record does. */
static enum status verify_end(struct work *work, uint64_t sequence)
{
    return work->published->is_whole
               ? STATUS_OK
               : conclude(work->report, VERIFY_EXTRA, sequence, STATUS_CORRUPT,
                          "there is more behind the record than the log has");
}

/* The leaves of a bundle that was verified join the tree. */
static enum status grow_by_bundle(struct work *work, struct hash leaves[TREE_TILE_WIDTH],
                                  uint32_t count)
{
    struct tree_completed completed;
    enum status status = STATUS_OK;

    if (count == TREE_TILE_WIDTH) {
        const struct hash node = tree_tile_root(leaves);
        tree_append_tile(&work->frontier, &node, &completed);
        return verify_nodes(work, &completed);
    }
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        tree_append(&work->frontier, &leaves[i], &completed);
        status = verify_nodes(work, &completed);
    }
    return status;
}

/* The records from `first` on that are in one bundle: hashed side by side, judged in order. */
static enum status verify_bundle(struct work *work, uint64_t first, uint32_t count)
{
    struct published *published = work->published;
    struct bytes prefixed[TREE_TILE_WIDTH];
    struct hash leaves[TREE_TILE_WIDTH];
    enum status status = load_bundle(published, (first - 1) / TREE_TILE_WIDTH);

    if (status != STATUS_OK) {
        return conclude_unread(work, first, status);
    }
    for (uint32_t i = 0; i < published->records_count; i++) {
        const struct bytes record = published->records[i];
        prefixed[i] = bytes_from(record.data - 1, record.count + 1);
    }
    tree_leaves_prefixed(prefixed, published->records_count, leaves);
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        status = verify_record(work, first + i, &leaves[i]);
    }
    if (status == STATUS_OK) {
        status = grow_by_bundle(work, leaves, count);
    }
    return status == STATUS_OK ? verify_end(work, first + count - 1) : status;
}

static enum status verify_records(struct work *work)
{
    const struct verify_options *options = work->options;
    const uint64_t size = work->published->size;
    enum status status = STATUS_OK;

    for (uint64_t done = 0; done < size && status == STATUS_OK;) {
        const uint32_t count =
            size - done < TREE_TILE_WIDTH ? (uint32_t)(size - done) : TREE_TILE_WIDTH;
        status = verify_bundle(work, done + 1, count);
        done += count;
        if (options->progress != NULL && done % PROGRESS_EVERY == 0) {
            options->progress(options->context, done, size);
        }
    }
    return status;
}

enum status published_verify(struct published *published, const struct verify_options *options,
                             struct verify_report *ret_report)
{
    struct verify_report report = {.finding = VERIFY_SOUND,
                                   .status = STATUS_OK,
                                   .what = "sound",
                                   .head = published->size,
                                   .checkpoint_size = published->size};
    struct work work = {.published = published, .options = options, .report = &report};
    const char *what = NULL;

    /* The signature first: nothing else is worth looking at without it. */
    enum status status =
        verify_checkpoint(published_note(published), published->size, NULL, &options->trust, &what);
    if (status != STATUS_OK) {
        (void)conclude(&report, VERIFY_CHECKPOINT, 0, status, what);
    } else {
        status = verify_records(&work);
    }
    report.root = tree_frontier_root(&work.frontier);
    if (status == STATUS_OK && !hash_equal(&report.root, &published->root)) {
        status = conclude(&report, VERIFY_CHECKPOINT, 0, STATUS_CORRUPT,
                          "its root is not that of the records");
    }
    report.checkpoints_count = status == STATUS_OK;
    *ret_report = report;
    return status;
}
