/* SPDX-License-Identifier: Apache-2.0 */
#include "store/verify.h"

#include <stddef.h>

#define PROGRESS_EVERY 4096u
/* A live writer may commit between the two looks that are compared. */
#define COUNT_TRIES_MAX 100u

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

/* Appends to the tree and compares what that completed with what is stored. */
static enum status verify_tree(struct journal_reader *reader, const struct hash *leaf,
                               struct tree_frontier *frontier, struct verify_report *report)
{
    const struct tree_source tree = journal_tree(reader);
    struct tree_completed completed;

    tree_append(frontier, leaf, &completed);
    for (uint32_t i = 0; i < completed.nodes_count; i++) {
        const uint32_t height = TREE_TILE_HEIGHT * (i + 1);
        const uint64_t index = (frontier->size >> height) - 1;
        const uint64_t first = (index << height) + 1;
        struct hash stored;
        const enum status status = tree.read(tree.context, height, index, &stored);
        if (status == STATUS_UNSUPPORTED) {
            return STATUS_OK;
        }
        if (status != STATUS_OK && status != STATUS_NOT_FOUND && status != STATUS_CORRUPT) {
            return conclude(report, VERIFY_UNREADABLE, first, status, "the tree cannot be read");
        }
        if (status != STATUS_OK || !hash_equal(&stored, &completed.nodes[i])) {
            report->records_count = first - 1;
            return conclude(report, VERIFY_TREE, first, STATUS_CORRUPT,
                            status == STATUS_OK
                                ? "the records from here on are not those of the stored tree"
                                : "the stored tree has a gap from here on");
        }
    }
    return STATUS_OK;
}

static enum status verify_record(struct journal_reader *reader, uint64_t sequence,
                                 const struct verify_options *options,
                                 struct tree_frontier *frontier, struct verify_report *report)
{
    struct hash leaf;
    const char *what = NULL;
    struct bytes record;
    enum status status = journal_read_leaf(reader, sequence, &record, &leaf);

    if (status == STATUS_NOT_FOUND) {
        return conclude(report, VERIFY_MISSING, sequence, STATUS_CORRUPT, "the record is missing");
    }
    if (status == STATUS_CORRUPT) {
        return conclude(report, VERIFY_CHECKSUM, sequence, status,
                        "the record does not match its checksum");
    }
    if (status != STATUS_OK) {
        return conclude(report, VERIFY_UNREADABLE, sequence, status, "the record cannot be read");
    }
    const size_t bytes_count = record.count;
    status = options->examine == NULL ? STATUS_OK
                                      : options->examine(options->context, sequence, record, &what);
    if (status != STATUS_OK) {
        return conclude(report, VERIFY_EXAMINED, sequence, status, what);
    }
    report->records_count = sequence;
    report->bytes_count += bytes_count;
    return verify_tree(reader, &leaf, frontier, report);
}

enum status journal_verify(struct journal *journal, struct journal_reader *reader,
                           const struct verify_options *options, struct verify_report *ret_report)
{
    struct verify_report report = {.finding = VERIFY_SOUND, .status = STATUS_OK, .what = "sound"};
    struct tree_frontier frontier = {.size = 0};
    enum status status = journal_reader_refresh(reader);

    if (status != STATUS_OK) {
        status = conclude(&report, VERIFY_UNREADABLE, 0, status, "the journal cannot be read");
        *ret_report = report;
        return status;
    }
    const uint64_t head = journal_reader_head(reader);
    report.head = head;
    for (uint64_t sequence = 1; sequence <= head && status == STATUS_OK; sequence++) {
        status = verify_record(reader, sequence, options, &frontier, &report);
        if (options->progress != NULL && sequence % PROGRESS_EVERY == 0) {
            options->progress(options->context, sequence, head);
        }
    }
    if (status == STATUS_OK) {
        status = count_entries(journal, reader, &report);
        report.head = head;
    }
    report.root = tree_frontier_root(&frontier);
    *ret_report = report;
    return status;
}
