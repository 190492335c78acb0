/* SPDX-License-Identifier: Apache-2.0 */
#include "store/log/export.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "store/checkpoint.h"
#include "store/durable.h"
#include "store/log/file_internal.h"
#include "store/log/tile.h"
#include "store/verify.h"

struct exporter {
    const struct export_options *options;
    struct export_report *report;
    int folder;
    uint64_t size;
    uint64_t size_before;
    struct memory note;   /* what is being published */
    struct memory before; /* the note that the folder held */
    struct memory bundle;
    struct memory found; /* a file that is there already */
    struct journal_chunk chunk;
    struct hash hashes[TREE_TILE_WIDTH];
};

static enum status conclude(struct exporter *exporter, enum export_finding finding,
                            enum status status, const char *what)
{
    exporter->report->finding = finding;
    exporter->report->status = status;
    exporter->report->what = what;
    return status;
}

static enum status conclude_record(struct exporter *exporter, uint64_t sequence, const char *what)
{
    exporter->report->sequence = sequence;
    return conclude(exporter, EXPORT_BAD_RECORD, STATUS_CORRUPT, what);
}

/* ---- files: what is there stays; what differs is a fault ---- */

static enum status publish(struct exporter *exporter, const char *path, struct bytes content)
{
    enum status status = log_file_read(exporter->folder, path, content.count, &exporter->found);

    if (status == STATUS_OK && bytes_equal(memory_bytes(&exporter->found), content)) {
        return STATUS_OK;
    }
    if (status == STATUS_OK || status == STATUS_FULL || status == STATUS_MALFORMED) {
        return conclude(exporter, EXPORT_BAD_TARGET, STATUS_CORRUPT,
                        "a piece that is there already says something else");
    }
    if (status == STATUS_NOT_FOUND) {
        status = log_file_write(exporter->folder, path, content);
    }
    if (status != STATUS_OK) {
        return conclude(exporter, EXPORT_FAILED, status, "a file cannot be written");
    }
    exporter->report->files_count++;
    exporter->report->bytes_count += content.count;
    return STATUS_OK;
}

static void tile_path(const struct tile *tile, char ret_path[LOG_PATH_BYTES_MAX])
{
    struct buffer buffer = buffer_from(ret_path, LOG_PATH_BYTES_MAX - 1);

    CHECK(tile_append_path(&buffer, tile) == STATUS_OK);
    ret_path[buffer.count] = '\0';
}

static enum status publish_tile(struct exporter *exporter, const struct tile *tile,
                                struct bytes content)
{
    char path[LOG_PATH_BYTES_MAX];

    tile_path(tile, path);
    return publish(exporter, path, content);
}

enum status exporter_add_blob(struct exporter *exporter, const struct hash *digest)
{
    char path[LOG_PATH_BYTES_MAX];
    struct bytes blob;
    const enum status status = journal_read_blob(exporter->options->blobs, digest, &blob);

    if (status != STATUS_OK) {
        return status;
    }
    log_blob_path(digest, path);
    return publish(exporter, path, blob);
}

/* ---- records ---- */

static enum status add_record(struct exporter *exporter, uint64_t sequence, struct bytes record)
{
    const struct export_options *options = exporter->options;
    struct memory *bundle = &exporter->bundle;

    if (options->examine != NULL) {
        const enum status status = options->examine(options->context, sequence, record, exporter);
        if (status != STATUS_OK) {
            return exporter->report->finding == EXPORT_DONE
                       ? conclude_record(exporter, sequence, "it or a blob it names is damaged")
                       : exporter->report->status;
        }
    }
    if (memory_reserve(bundle, bundle->count + 2 + record.count) != STATUS_OK) {
        return conclude(exporter, EXPORT_FAILED, STATUS_NO_MEMORY, "not enough memory");
    }
    struct buffer buffer = {
        .data = bundle->data, .count = bundle->count, .capacity = bundle->capacity};
    CHECK(bundle_append(&buffer, record) == STATUS_OK);
    bundle->count = buffer.count;
    return STATUS_OK;
}

/* Gathers the records and leaf hashes of one bundle. */
static enum status gather(struct exporter *exporter, const struct tile *tile)
{
    const uint64_t first = tile->index * TREE_TILE_WIDTH + 1;
    struct journal_chunk *chunk = &exporter->chunk;
    uint32_t count = 0;

    exporter->bundle.count = 0;
    while (count < tile->width) {
        journal_read_chunk(exporter->options->reader, first + count, chunk);
        if (chunk->count == 0) {
            return chunk->status == STATUS_NOT_FOUND || chunk->status == STATUS_CORRUPT
                       ? conclude_record(exporter, first + count, "it is missing or damaged")
                       : conclude(exporter, EXPORT_FAILED, chunk->status,
                                  "the journal cannot be read");
        }
        for (uint32_t i = 0; i < chunk->count && count < tile->width; i++) {
            const enum status status = add_record(exporter, first + count, chunk->records[i]);
            if (status != STATUS_OK) {
                return status;
            }
            exporter->hashes[count++] = chunk->leaves[i];
        }
    }
    return STATUS_OK;
}

/* Are these records those of the stored tree? Else the checkpoint would not be of them. */
static enum status check_bundle(struct exporter *exporter, const struct tile *tile)
{
    const struct tree_source tree = journal_tree(exporter->options->reader);
    struct hash stored;

    if (tile->width < TREE_TILE_WIDTH) {
        return STATUS_OK;
    }
    const struct hash node = tile_node(exporter->hashes);
    const enum status status = tree.read(tree.context, TREE_TILE_HEIGHT, tile->index, &stored);
    if (status != STATUS_OK || !hash_equal(&node, &stored)) {
        return conclude_record(exporter, tile->index * TREE_TILE_WIDTH + 1,
                               "the records from here on are not those of the stored tree");
    }
    return STATUS_OK;
}

static enum status export_bundles(struct exporter *exporter)
{
    const struct export_options *options = exporter->options;
    enum status status = STATUS_OK;

    for (uint64_t index = exporter->size_before / TREE_TILE_WIDTH;
         index * TREE_TILE_WIDTH < exporter->size && status == STATUS_OK; index++) {
        struct tile tile = {.kind = TILE_ENTRIES, .index = index};
        tile.width = tile_width_at(&tile, exporter->size);
        status = gather(exporter, &tile);
        if (status == STATUS_OK) {
            status = check_bundle(exporter, &tile);
        }
        if (status == STATUS_OK) {
            status = publish_tile(exporter, &tile, memory_bytes(&exporter->bundle));
        }
        tile.kind = TILE_NODES;
        if (status == STATUS_OK) {
            status = publish_tile(exporter, &tile,
                                  bytes_from(exporter->hashes, tile.width * sizeof(struct hash)));
        }
        if (options->progress != NULL) {
            options->progress(options->context, index * TREE_TILE_WIDTH + tile.width,
                              exporter->size);
        }
    }
    return status;
}

static enum status export_level(struct exporter *exporter, uint32_t level)
{
    const struct tree_source tree = journal_tree(exporter->options->reader);
    const uint64_t nodes = exporter->size >> (TREE_TILE_HEIGHT * level);
    enum status status = STATUS_OK;

    for (uint64_t index = (exporter->size_before >> (TREE_TILE_HEIGHT * level)) / TREE_TILE_WIDTH;
         index * TREE_TILE_WIDTH < nodes && status == STATUS_OK; index++) {
        struct tile tile = {.kind = TILE_NODES, .level = level, .index = index};
        tile.width = tile_width_at(&tile, exporter->size);
        if (tile_read(&tree, &tile, exporter->hashes) != STATUS_OK) {
            return conclude_record(exporter,
                                   (index * TREE_TILE_WIDTH << (TREE_TILE_HEIGHT * level)) + 1,
                                   "the stored tree has a gap from here on");
        }
        status = publish_tile(exporter, &tile,
                              bytes_from(exporter->hashes, tile.width * sizeof(struct hash)));
    }
    return status;
}

/* ---- the folder as it is ---- */

static enum status open_folder(struct exporter *exporter)
{
    const char *path = exporter->options->path;

    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        return conclude(exporter, EXPORT_FAILED, status_from_errno(errno), strerror(errno));
    }
    exporter->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return exporter->folder >= 0
               ? STATUS_OK
               : conclude(exporter, EXPORT_FAILED, status_from_errno(errno), strerror(errno));
}

/* What the folder holds must be the beginning of what will be written. */
static enum status read_before(struct exporter *exporter, const struct log_checkpoint *ours)
{
    const struct tree_source tree = journal_tree(exporter->options->reader);
    struct note note;
    struct log_checkpoint before;
    struct hash root;
    const enum status status =
        log_file_read(exporter->folder, "checkpoint", NOTE_BYTES_MAX, &exporter->before);

    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_IO || status == STATUS_NO_MEMORY) {
        return conclude(exporter, EXPORT_FAILED, status, "its checkpoint cannot be read");
    }
    if (status != STATUS_OK || note_parse(memory_bytes(&exporter->before), &note) != STATUS_OK ||
        log_checkpoint_parse(note.text, &before) != STATUS_OK) {
        return conclude(exporter, EXPORT_BAD_TARGET, STATUS_CORRUPT,
                        "its checkpoint is not a checkpoint");
    }
    if (!bytes_equal(before.origin, ours->origin)) {
        return conclude(exporter, EXPORT_OTHER_ORIGIN, STATUS_REFUSED,
                        "it holds the log of another origin");
    }
    if (before.size > ours->size) {
        return conclude(exporter, EXPORT_NEWER, STATUS_REFUSED,
                        "it holds a later state than this journal has a checkpoint of: is this "
                        "an older copy?");
    }
    if (tree_root(&tree, before.size, &root) != STATUS_OK || !hash_equal(&root, &before.root)) {
        return conclude(exporter, EXPORT_OTHER_HISTORY, STATUS_CORRUPT,
                        "it holds this log with other records than the journal has");
    }
    exporter->size_before = before.size;
    exporter->report->size_before = before.size;
    return STATUS_OK;
}

/* ---- the checkpoint ---- */

static enum status find_checkpoint(struct exporter *exporter)
{
    const struct export_options *options = exporter->options;
    const struct tree_source tree = journal_tree(options->reader);
    const char *what = "it does not match its checksum";
    struct bytes note;
    struct hash root;
    uint64_t size = 0;
    enum status status =
        journal_seek_checkpoint(options->reader, options->size == 0 ? UINT64_MAX : options->size,
                                JOURNAL_DOWNWARDS, &size, &note);

    if (status == STATUS_NOT_FOUND || (options->size != 0 && size != options->size)) {
        return conclude(exporter, EXPORT_NO_CHECKPOINT, STATUS_NOT_FOUND,
                        "no checkpoint of it is stored: nothing that is not signed is exported");
    }
    exporter->size = size;
    exporter->report->size = size;
    if (status == STATUS_OK) {
        status = memory_reserve(&exporter->note, note.count);
    }
    if (status == STATUS_OK) {
        memcpy(exporter->note.data, note.data, note.count);
        exporter->note.count = note.count;
        if (size > journal_reader_head(options->reader)) {
            return conclude(exporter, EXPORT_BAD_CHECKPOINT, STATUS_CORRUPT,
                            "there are fewer records than it was signed for");
        }
        status = tree_root(&tree, size, &root);
    }
    if (status == STATUS_OK) {
        status =
            verify_checkpoint(memory_bytes(&exporter->note), size, &root, &options->trust, &what);
    }
    if (status == STATUS_CORRUPT) {
        return conclude(exporter, EXPORT_BAD_CHECKPOINT, status, what);
    }
    return status == STATUS_OK
               ? STATUS_OK
               : conclude(exporter, EXPORT_FAILED, status, "the journal cannot be read");
}

/* Everything below becomes durable before the checkpoint that names it is there. */
static enum status publish_checkpoint(struct exporter *exporter)
{
    const struct bytes note = memory_bytes(&exporter->note);

    if (bytes_equal(note, memory_bytes(&exporter->before))) {
        return STATUS_OK;
    }
    if (syncfs(exporter->folder) != 0) {
        return conclude(exporter, EXPORT_FAILED, status_from_errno(errno), strerror(errno));
    }
    enum status status = log_file_write(exporter->folder, "checkpoint", note);
    if (status == STATUS_OK && fsync(exporter->folder) != 0) {
        status = status_from_errno(errno);
    }
    if (status != STATUS_OK) {
        return conclude(exporter, EXPORT_FAILED, status, "the checkpoint cannot be written");
    }
    exporter->report->files_count++;
    exporter->report->bytes_count += note.count;
    return STATUS_OK;
}

/* ---- partial pieces that are full now ---- */

static void drop_partial(struct exporter *exporter, struct tile tile)
{
    char path[LOG_PATH_BYTES_MAX];
    char file[LOG_PATH_BYTES_MAX + 16];

    tile.width = TREE_TILE_WIDTH;
    tile_path(&tile, path);
    for (uint32_t width = 1; width < TREE_TILE_WIDTH; width++) {
        (void)snprintf(file, sizeof(file), "%s.p/%" PRIu32, path, width);
        (void)unlinkat(exporter->folder, file, 0); /* most of them never were */
    }
    (void)snprintf(file, sizeof(file), "%s.p", path);
    (void)unlinkat(exporter->folder, file, AT_REMOVEDIR); /* a stranger's file may keep it */
}

static void drop_partials(struct exporter *exporter)
{
    for (uint32_t level = 0; level < TREE_TILE_LEVELS_MAX; level++) {
        const uint64_t nodes = exporter->size_before >> (TREE_TILE_HEIGHT * level);
        struct tile tile = {.kind = TILE_NODES, .level = level, .index = nodes / TREE_TILE_WIDTH};
        if (nodes % TREE_TILE_WIDTH == 0 ||
            tile_width_at(&tile, exporter->size) < TREE_TILE_WIDTH) {
            continue;
        }
        drop_partial(exporter, tile);
        if (level == 0) {
            tile.kind = TILE_ENTRIES;
            drop_partial(exporter, tile);
        }
    }
}

/* ---- all of it ---- */

static enum status run(struct exporter *exporter)
{
    struct note note;
    struct log_checkpoint ours;
    enum status status = find_checkpoint(exporter);

    if (status == STATUS_OK) {
        CHECK(note_parse(memory_bytes(&exporter->note), &note) == STATUS_OK);
        CHECK(log_checkpoint_parse(note.text, &ours) == STATUS_OK);
        status = open_folder(exporter);
    }
    if (status == STATUS_OK) {
        status = read_before(exporter, &ours);
    }
    if (status == STATUS_OK && exporter->size > exporter->size_before) {
        status = export_bundles(exporter);
    }
    for (uint32_t level = 1; level < TREE_TILE_LEVELS_MAX && status == STATUS_OK; level++) {
        status = export_level(exporter, level);
    }
    if (status == STATUS_OK) {
        status = publish_checkpoint(exporter);
    }
    if (status == STATUS_OK) {
        drop_partials(exporter);
    }
    return status;
}

enum status journal_export(const struct export_options *options, struct export_report *ret_report)
{
    struct export_report report = {.finding = EXPORT_DONE, .status = STATUS_OK, .what = "exported"};
    struct exporter *exporter = calloc(1, sizeof(*exporter));

    CHECK(options->blobs != NULL || options->examine == NULL);
    if (exporter == NULL) {
        report = (struct export_report){
            .finding = EXPORT_FAILED, .status = STATUS_NO_MEMORY, .what = "not enough memory"};
        *ret_report = report;
        return report.status;
    }
    exporter->options = options;
    exporter->report = &report;
    exporter->folder = -1;
    const enum status status = run(exporter);
    CHECK(status == report.status);
    if (exporter->folder >= 0) {
        (void)close(exporter->folder); /* it was only looked through */
    }
    memory_free(&exporter->note);
    memory_free(&exporter->before);
    memory_free(&exporter->bundle);
    memory_free(&exporter->found);
    free(exporter);
    *ret_report = report;
    return status;
}
