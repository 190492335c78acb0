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

static enum status verify_record(struct journal_reader *reader, uint64_t sequence,
                                 const struct verify_options *options, struct verify_report *report)
{
    const char *what = NULL;
    struct bytes record;
    enum status status = journal_read_record(reader, sequence, &record);

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
    return STATUS_OK;
}

enum status journal_verify(struct journal *journal, struct journal_reader *reader,
                           const struct verify_options *options, struct verify_report *ret_report)
{
    struct verify_report report = {.finding = VERIFY_SOUND, .status = STATUS_OK, .what = "sound"};
    enum status status = journal_reader_refresh(reader);

    if (status != STATUS_OK) {
        status = conclude(&report, VERIFY_UNREADABLE, 0, status, "the journal cannot be read");
        *ret_report = report;
        return status;
    }
    const uint64_t head = journal_reader_head(reader);
    report.head = head;
    for (uint64_t sequence = 1; sequence <= head && status == STATUS_OK; sequence++) {
        status = verify_record(reader, sequence, options, &report);
        if (options->progress != NULL && sequence % PROGRESS_EVERY == 0) {
            options->progress(options->context, sequence, head);
        }
    }
    if (status == STATUS_OK) {
        status = count_entries(journal, reader, &report);
        report.head = head;
    }
    *ret_report = report;
    return status;
}
