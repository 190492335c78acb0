/* SPDX-License-Identifier: Apache-2.0 */
#include "store/verify.h"

#include <stddef.h>
#include <stdlib.h>

#include "relay/base/check.h"
#include "store/checkpoint.h"
#include "store/verify_pool.h"

#define PROGRESS_EVERY 4096u
/* A live writer may commit between the two looks that are compared. */
#define COUNT_TRIES_MAX 100u

/* One verification under way. */
struct work {
    struct journal_reader *reader;
    const struct verify_options *options;
    struct verify_report *report;
    struct tree_frontier frontier;
    struct journal_chunk chunk;
    struct verify_pool *pool; /* NULL: this thread alone */
    uint64_t pool_last;       /* the last record that the pool looks at */
    /* The next checkpoint to meet; size UINT64_MAX: there is none. Its note lives until the reader
     * is used again, so it is read again when it is due. */
    uint64_t checkpoint_next;
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

/* As many entries as numbers? Compared in one moment of a journal that may be growing: the count is
 * of what is committed now, so the reader must be there too. */
static enum status count_entries(struct journal *journal, struct journal_reader *reader,
                                 struct verify_report *report)
{
    struct journal_usage usage = {.records_count = 0};

    for (unsigned i = 0; i < COUNT_TRIES_MAX; i++) {
        enum status status = journal_reader_refresh(reader);
        if (status == STATUS_OK) {
            status = journal_usage(journal, &usage);
        }
        if (status != STATUS_OK) {
            return conclude(report, VERIFY_UNREADABLE, 0, status, "the journal cannot be read");
        }
        report->head = journal_reader_head(reader);
        if (usage.records_count == report->head) {
            return STATUS_OK;
        }
    }
    return usage.records_count > report->head ? conclude(report, VERIFY_EXTRA, 0, STATUS_CORRUPT,
                                                         "there are more records than numbers")
                                              : conclude(report, VERIFY_MISSING, 0, STATUS_CORRUPT,
                                                         "there are fewer records than numbers");
}

/* ---- checkpoints ---- */

static enum status check_signatures(const struct note *note,
                                    const struct log_checkpoint *checkpoint,
                                    const struct note_trust *trust, const char **ret_what)
{
    for (uint32_t i = 0; i < trust->keys_count; i++) {
        const struct note_key *key = &trust->keys[i];
        uint64_t time_seconds = 0;
        const enum status status =
            note_verify_key(note, key, trust->time_seconds_max, &time_seconds);
        if (status == STATUS_REFUSED) {
            *ret_what = i == 0 ? "the signature of the log's key is wrong"
                               : "the signature of a witness is wrong";
            return STATUS_CORRUPT;
        }
        if (status != STATUS_OK && i == 0) {
            *ret_what = "it is not signed by the log's key";
            return STATUS_CORRUPT;
        }
        if (i == 0 && !bytes_equal(bytes_from(key->name, key->name_count), checkpoint->origin)) {
            *ret_what = "it is of another origin";
            return STATUS_CORRUPT;
        }
    }
    return STATUS_OK;
}

enum status verify_checkpoint(struct bytes bytes, uint64_t size, const struct hash *root,
                              const struct note_trust *trust, const char **ret_what)
{
    struct note note;
    struct log_checkpoint checkpoint;

    if (note_parse(bytes, &note) != STATUS_OK ||
        log_checkpoint_parse(note.text, &checkpoint) != STATUS_OK) {
        *ret_what = "it is not a signed checkpoint";
        return STATUS_CORRUPT;
    }
    if (checkpoint.size != size) {
        *ret_what = "it is of another size than it is kept under";
        return STATUS_CORRUPT;
    }
    if (root != NULL && !hash_equal(&checkpoint.root, root)) {
        *ret_what = "its root is not that of the records";
        return STATUS_CORRUPT;
    }
    return check_signatures(&note, &checkpoint, trust, ret_what);
}

static enum status conclude_checkpoint(struct work *work, uint64_t size, const char *what)
{
    work->report->checkpoint_size = size;
    return conclude(work->report, VERIFY_CHECKPOINT, 0, STATUS_CORRUPT, what);
}

/* Which checkpoint is the first from `size` on. */
static enum status find_checkpoint(struct work *work, uint64_t size)
{
    struct bytes note;
    uint64_t found = UINT64_MAX;
    const enum status status =
        journal_seek_checkpoint(work->reader, size, JOURNAL_UPWARDS, &found, &note);

    if (status != STATUS_OK && status != STATUS_NOT_FOUND && status != STATUS_CORRUPT) {
        return conclude(work->report, VERIFY_UNREADABLE, 0, status,
                        "the checkpoints cannot be read");
    }
    work->checkpoint_next = status == STATUS_NOT_FOUND ? UINT64_MAX : found;
    return STATUS_OK;
}

/* The records up to the next checkpoint were read: is it of them? */
static enum status meet_checkpoint(struct work *work)
{
    const uint64_t size = work->checkpoint_next;
    const struct hash root = tree_frontier_root(&work->frontier);
    struct bytes note;
    uint64_t found = 0;
    const char *what = "it does not match its checksum";
    enum status status =
        journal_seek_checkpoint(work->reader, size, JOURNAL_UPWARDS, &found, &note);

    if (status == STATUS_OK) {
        status = verify_checkpoint(note, size, &root, &work->options->trust, &what);
    }
    if (status == STATUS_CORRUPT) {
        return conclude_checkpoint(work, size, what);
    }
    if (status != STATUS_OK) {
        return conclude(work->report, VERIFY_UNREADABLE, 0, status,
                        "the checkpoints cannot be read");
    }
    work->report->checkpoints_count++;
    work->report->checkpoint_size = size;
    return size == UINT64_MAX ? STATUS_OK : find_checkpoint(work, size + 1);
}

/* ---- records ---- */

/* Compares what an append to the tree completed with what is stored. */
static enum status verify_tree(struct work *work, const struct tree_completed *completed)
{
    const struct tree_source tree = journal_tree(work->reader);

    for (uint32_t i = 0; i < completed->nodes_count; i++) {
        const uint32_t height = TREE_TILE_HEIGHT * (i + 1);
        const uint64_t index = (work->frontier.size >> height) - 1;
        const uint64_t first = (index << height) + 1;
        struct hash stored;
        const enum status status = tree.read(tree.context, height, index, &stored);
        if (status == STATUS_UNSUPPORTED) {
            return STATUS_OK;
        }
        if (status != STATUS_OK && status != STATUS_NOT_FOUND && status != STATUS_CORRUPT) {
            return conclude(work->report, VERIFY_UNREADABLE, first, status,
                            "the tree cannot be read");
        }
        if (status != STATUS_OK || !hash_equal(&stored, &completed->nodes[i])) {
            work->report->records_count = first - 1;
            return conclude(work->report, VERIFY_TREE, first, STATUS_CORRUPT,
                            status == STATUS_OK
                                ? "the records from here on are not those of the stored tree"
                                : "the stored tree has a gap from here on");
        }
    }
    return STATUS_OK;
}

/* All that is looked at in a record that was read, but for its place in the tree. */
static enum status examine_record(struct work *work, uint64_t sequence, struct bytes record)
{
    const struct verify_options *options = work->options;
    const char *what = NULL;

    if (options->examine != NULL) {
        const enum status status = options->examine(options->context, sequence, record, &what);
        if (status != STATUS_OK) {
            return conclude(work->report, VERIFY_EXAMINED, sequence, status, what);
        }
    }
    work->report->records_count = sequence;
    work->report->bytes_count += record.count;
    return STATUS_OK;
}

/* The node over a whole tile. */
static enum status grow_by_tile(struct work *work, const struct hash *root, uint64_t last)
{
    struct tree_completed completed;

    tree_append_tile(&work->frontier, root, &completed);
    const enum status status = verify_tree(work, &completed);
    return status == STATUS_OK && work->checkpoint_next == last ? meet_checkpoint(work) : status;
}

/* Does the chunk hold the whole tile that begins with `next`, with no checkpoint within it? */
static bool holds_tile(const struct work *work, uint64_t next)
{
    return (next - 1) % TREE_TILE_WIDTH == 0 && work->chunk.count >= TREE_TILE_WIDTH &&
           work->checkpoint_next >= next + TREE_TILE_WIDTH - 1;
}

static enum status verify_whole_tile(struct work *work, uint64_t *next)
{
    for (uint32_t i = 0; i < TREE_TILE_WIDTH; i++) {
        const enum status status = examine_record(work, *next, work->chunk.records[i]);
        if (status != STATUS_OK) {
            return status;
        }
        (*next)++;
    }
    const struct hash root = tree_tile_root(work->chunk.leaves);
    return grow_by_tile(work, &root, *next - 1);
}

/* Judges the records of the chunk up to the first after which the reader is needed for something
 * else; `*next` is moved behind them. */
static enum status verify_chunk(struct work *work, uint64_t *next)
{
    struct tree_completed completed;
    enum status status = STATUS_OK;

    if (holds_tile(work, *next)) {
        return verify_whole_tile(work, next);
    }
    for (uint32_t i = 0; i < work->chunk.count && status == STATUS_OK; i++) {
        const uint64_t sequence = (*next)++;
        status = examine_record(work, sequence, work->chunk.records[i]);
        if (status == STATUS_OK) {
            tree_append(&work->frontier, &work->chunk.leaves[i], &completed);
            status = verify_tree(work, &completed);
        }
        if (status == STATUS_OK && sequence == work->checkpoint_next) {
            return meet_checkpoint(work);
        }
        if (sequence % TREE_TILE_WIDTH == 0) {
            return status;
        }
    }
    return status;
}

static enum status conclude_unread(struct work *work, uint64_t sequence, enum status status)
{
    if (status == STATUS_NOT_FOUND) {
        return conclude(work->report, VERIFY_MISSING, sequence, STATUS_CORRUPT,
                        "the record is missing");
    }
    if (status == STATUS_CORRUPT) {
        return conclude(work->report, VERIFY_CHECKSUM, sequence, status,
                        "the record does not match its checksum");
    }
    return conclude(work->report, VERIFY_UNREADABLE, sequence, status, "the record cannot be read");
}

/* ---- with more threads ---- */

/* One record of a tile that was read and hashed elsewhere. */
static enum status judge_record(struct work *work, uint64_t sequence,
                                const struct verify_tile *tile, uint32_t at)
{
    const struct verify_options *options = work->options;
    const char *what = NULL;
    struct bytes record;
    enum status status = STATUS_OK;

    if (options->examine != NULL && tile->is_outlined[at]) {
        status = options->judge(options->context, sequence, &tile->outlines[at], &what);
    } else if (options->examine != NULL) {
        status = journal_read_record(work->reader, sequence, &record);
        if (status != STATUS_OK) {
            return conclude_unread(work, sequence, status);
        }
        status = options->examine(options->context, sequence, record, &what);
    }
    if (status != STATUS_OK) {
        return conclude(work->report, VERIFY_EXAMINED, sequence, status, what);
    }
    work->report->records_count = sequence;
    work->report->bytes_count += tile->counts[at];
    return STATUS_OK;
}

/* False: this thread must look at the records itself. */
static bool verify_tile(struct work *work, uint64_t *next, enum status *ret_status)
{
    if (work->pool == NULL || *next > work->pool_last || (*next - 1) % TREE_TILE_WIDTH != 0) {
        return false;
    }
    const uint64_t last = *next + TREE_TILE_WIDTH - 1;
    const struct verify_tile *tile = verify_pool_take(work->pool);
    if (!tile->is_clean || work->checkpoint_next < last) {
        return false;
    }
    for (uint32_t i = 0; i < TREE_TILE_WIDTH; i++) {
        *ret_status = judge_record(work, *next, tile, i);
        if (*ret_status != STATUS_OK) {
            return true;
        }
        (*next)++;
    }
    *ret_status = grow_by_tile(work, &tile->root, last);
    return true;
}

/* Without it all is done on this thread: nothing is said. */
static void open_pool(struct work *work, struct journal *journal, uint64_t head)
{
    const struct verify_pool_options options = {.journal = journal,
                                                .tiles_count = head / TREE_TILE_WIDTH,
                                                .threads_count = work->options->threads_count,
                                                .context = work->options->context,
                                                .outline = work->options->outline};

    CHECK((work->options->outline == NULL) == (work->options->judge == NULL));
    if (options.tiles_count > 0 && options.threads_count > 0 &&
        verify_pool_open(&options, &work->pool) == STATUS_OK) {
        work->pool_last = options.tiles_count * TREE_TILE_WIDTH;
    }
}

/* ---- all of them ---- */

static enum status verify_some(struct work *work, uint64_t *next, uint64_t head)
{
    enum status status = STATUS_OK;

    if (verify_tile(work, next, &status)) {
        return status;
    }
    journal_read_chunk(work->reader, *next, &work->chunk);
    if (work->chunk.count == 0) {
        return conclude_unread(
            work, *next, work->chunk.status == STATUS_OK ? STATUS_CORRUPT : work->chunk.status);
    }
    if (work->chunk.count > head - *next + 1) {
        work->chunk.count = (uint32_t)(head - *next + 1); /* the snapshot may have moved on */
    }
    return verify_chunk(work, next);
}

static enum status verify_records(struct work *work, uint64_t head)
{
    const struct verify_options *options = work->options;
    enum status status = find_checkpoint(work, 0);
    uint64_t next = 1;
    uint64_t shown = 0;

    if (status == STATUS_OK && work->checkpoint_next == 0) {
        status = meet_checkpoint(work);
    }
    while (status == STATUS_OK && next <= head) {
        status = verify_some(work, &next, head);
        if (options->progress != NULL && next - shown > PROGRESS_EVERY) {
            shown = next;
            options->progress(options->context, next - 1, head);
        }
    }
    return status;
}

/* A checkpoint of more records than there are: records were lost. The snapshot may have moved on
 * while it was read, so that it is looked at first. */
static enum status find_lost_records(struct work *work, uint64_t head)
{
    struct bytes note;
    uint64_t size = 0;
    const enum status status =
        journal_seek_checkpoint(work->reader, UINT64_MAX, JOURNAL_DOWNWARDS, &size, &note);

    if (status == STATUS_NOT_FOUND || size <= head || size <= journal_reader_head(work->reader)) {
        return STATUS_OK;
    }
    if (status != STATUS_OK && status != STATUS_CORRUPT) {
        return conclude(work->report, VERIFY_UNREADABLE, 0, status,
                        "the checkpoints cannot be read");
    }
    return conclude_checkpoint(work, size, "there are fewer records than it was signed for");
}

enum status journal_verify(struct journal *journal, struct journal_reader *reader,
                           const struct verify_options *options, struct verify_report *ret_report)
{
    struct verify_report report = {.finding = VERIFY_SOUND, .status = STATUS_OK, .what = "sound"};
    struct work *work = calloc(1, sizeof(*work));
    enum status status = work == NULL ? STATUS_NO_MEMORY : journal_reader_refresh(reader);

    if (status != STATUS_OK) {
        free(work);
        status = conclude(&report, VERIFY_UNREADABLE, 0, status, "the journal cannot be read");
        *ret_report = report;
        return status;
    }
    *work = (struct work){.reader = reader, .options = options, .report = &report};
    const uint64_t head = journal_reader_head(reader);
    report.head = head;
    open_pool(work, journal, head);
    status = verify_records(work, head);
    work->pool = verify_pool_close(work->pool);
    if (status == STATUS_OK) {
        status = find_lost_records(work, head);
    }
    if (status == STATUS_OK) {
        status = count_entries(journal, reader, &report);
        report.head = head;
    }
    report.root = tree_frontier_root(&work->frontier);
    free(work);
    *ret_report = report;
    return status;
}
