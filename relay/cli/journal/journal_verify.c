/* SPDX-License-Identifier: Apache-2.0 */
/* sluice journal verify: is the journal, or an exported log, whole? Does a proof prove? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/record_scan.h"
#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/cli/journal/journal_internal.h"
#include "relay/cli/journal/log_trust.h"
#include "relay/cli/journal/record_desk.h"
#include "relay/cli/journal/record_text.h"
#include "relay/cli/progress.h"
#include "store/log/proof.h"
#include "store/log/published.h"
#include "store/verify.h"

#define RECORDS_FOR_THREADS 4096u /* fewer are looked at before threads are started */
#define THREADS_MAX         8u

struct examination {
    const struct record_scanner *scanner;
    struct record_desk *desk;
    struct cli_progress progress;
    struct instant last; /* of the record before */
    bool has_event;
};

/* Can a record stand where it stands? */
static enum status judge_place(struct examination *examination, uint64_t sequence,
                               const struct record_outline *outline, const char **ret_what)
{
    const bool is_event = outline->kind == RECORD_EVENT;

    if (sequence == 1 && (!is_event || outline->body_kind != (uint32_t)EVENT_START)) {
        *ret_what = "the journal does not begin with a start";
        return STATUS_CORRUPT;
    }
    if (outline->at.ns < examination->last.ns) {
        *ret_what = "time moves back";
        return STATUS_CORRUPT;
    }
    if (is_event && !outline->has_digest) {
        *ret_what = "the event has no digest";
        return STATUS_CORRUPT;
    }
    if (!is_event && outline->at.ns != examination->last.ns) {
        *ret_what = "the command does not follow its event";
        return STATUS_CORRUPT;
    }
    examination->last = outline->at;
    return STATUS_OK;
}

/* Decodes a record, unless a scan is enough, with the blob that it names, and judges its place. */
static enum status examine(void *context, uint64_t sequence, struct bytes bytes,
                           const char **ret_what)
{
    struct examination *examination = context;
    struct record_desk *desk = examination->desk;
    struct record_outline outline;
    struct record record;

    if (record_scan(examination->scanner, bytes, &outline)) {
        return judge_place(examination, sequence, &outline, ret_what);
    }
    const enum status status = record_decode(bytes, &desk->source, &desk->arena, &record);
    if (status != STATUS_OK) {
        *ret_what = status == STATUS_NOT_FOUND ? "the blob it names is not there"
                    : status == STATUS_CORRUPT ? "the blob it names is damaged"
                    : status == STATUS_VERSION ? "it was written by a later version of sluice"
                                               : "it cannot be decoded";
        return status;
    }
    outline = (struct record_outline){.kind = record.kind,
                                      .body_kind = record.kind == RECORD_EVENT
                                                       ? (uint32_t)record.event.kind
                                                       : (uint32_t)record.command.kind,
                                      .at = record.at,
                                      .has_digest = !hash_is_zero(&record.digest)};
    return judge_place(examination, sequence, &outline, ret_what);
}

/* The same in two halves, for several threads: without order, and in order. */
static bool outline_record(const void *context, struct bytes bytes,
                           struct verify_outline *ret_outline)
{
    const struct examination *examination = context;
    struct record_outline found;

    if (!record_scan(examination->scanner, bytes, &found)) {
        return false;
    }
    ret_outline->words[0] = found.at.ns;
    ret_outline->words[1] =
        (uint64_t)found.body_kind << 32 | (uint64_t)found.kind << 1 | (found.has_digest ? 1u : 0u);
    return true;
}

static enum status judge(void *context, uint64_t sequence, const struct verify_outline *words,
                         const char **ret_what)
{
    const struct record_outline found = {.at = {.ns = words->words[0]},
                                         .body_kind = (uint32_t)(words->words[1] >> 32),
                                         .kind = (enum record_kind)(words->words[1] >> 1 & 3),
                                         .has_digest = (words->words[1] & 1) != 0};

    return judge_place(context, sequence, &found, ret_what);
}

/* More than a few would wait for the disk. */
static uint32_t threads_for(uint64_t records_count)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (records_count < RECORDS_FOR_THREADS || processors < 1) {
        return 0;
    }
    return processors < THREADS_MAX ? (uint32_t)processors : THREADS_MAX;
}

static void verify_progress(void *context, uint64_t sequence, uint64_t head)
{
    struct examination *examination = context;

    cli_progress_show(&examination->progress, sequence, head);
}

static const char *finding_name(enum verify_finding finding)
{
    switch (finding) {
    case VERIFY_SOUND:
        return "sound";
    case VERIFY_MISSING:
        return "missing";
    case VERIFY_EXTRA:
        return "extra";
    case VERIFY_CHECKSUM:
        return "checksum";
    case VERIFY_EXAMINED:
        return "content";
    case VERIFY_TREE:
        return "tree";
    case VERIFY_UNREADABLE:
        return "unreadable";
    case VERIFY_CHECKPOINT:
        return "checkpoint";
    }
    return "unknown";
}

static int verify_code(const struct verify_report *report)
{
    switch (report->status) {
    case STATUS_OK:
        return EXIT_DONE;
    case STATUS_VERSION:
        return EXIT_USAGE;
    case STATUS_IO:
    case STATUS_NO_MEMORY:
    case STATUS_FULL:
        return EXIT_TEMPORARY;
    case STATUS_NOT_FOUND:
    case STATUS_BUSY:
    case STATUS_NO_SPACE:
    case STATUS_READ_ONLY:
    case STATUS_MALFORMED:
    case STATUS_CORRUPT:
    case STATUS_OVERFLOW:
    case STATUS_REFUSED:
    case STATUS_UNSUPPORTED:
    case STATUS_TIMEOUT:
    case STATUS_UNREACHABLE:
        break;
    }
    return EXIT_INTEGRITY;
}

static int print_verdict(const char *directory, const struct verify_report *report,
                         const struct log_trust *trust, bool is_json)
{
    const int code = verify_code(report);

    if (is_json) {
        const int printed = cli_print_json(json_pack(
            "{s:b, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "sound",
            report->finding == VERIFY_SOUND, "finding", finding_name(report->finding), "what",
            report->what, "sequence", (json_int_t)report->sequence, "records",
            (json_int_t)report->records_count, "bytes", (json_int_t)report->bytes_count, "head",
            (json_int_t)report->head, "checkpoints", (json_int_t)report->checkpoints_count,
            "checkpoint", (json_int_t)report->checkpoint_size, "signed",
            report->checkpoints_count > 0 && trust->trust.keys_count > 0));
        return code == EXIT_DONE ? printed : code;
    }
    if (code == EXIT_DONE) {
        (void)printf("sound: %" PRIu64 " records, %" PRIu64 " bytes", report->records_count,
                     report->bytes_count);
        if (report->checkpoints_count > 0) {
            (void)printf("; %" PRIu64 " checkpoint%s, the newest of %" PRIu64 " records, %s",
                         report->checkpoints_count, report->checkpoints_count == 1 ? "" : "s",
                         report->checkpoint_size, log_trust_text(trust));
        }
        (void)putchar('\n');
    } else if (report->finding == VERIFY_CHECKPOINT) {
        (void)printf("NOT sound: the checkpoint of %" PRIu64 " records: %s\n",
                     report->checkpoint_size, report->what);
    } else if (report->sequence != 0) {
        (void)printf("NOT sound: record %" PRIu64 " of %" PRIu64 ": %s (the %" PRIu64
                     " before it are good)\n",
                     report->sequence, report->head, report->what, report->records_count);
    } else {
        (void)printf("NOT sound: %s (%" PRIu64 " records looked at in %s)\n", report->what,
                     report->records_count, directory);
    }
    return code;
}

static struct verify_report bad_checkpoint(const char *what)
{
    return (struct verify_report){
        .finding = VERIFY_CHECKPOINT, .status = STATUS_CORRUPT, .what = what};
}

/* The exported log itself is judged, not what can be read through it. */
static void verify_published(const char *directory, const struct log_trust *trust,
                             const struct verify_options *options, struct verify_report *ret_report)
{
    struct published *published = NULL;
    const char *what = NULL;

    if (published_open(directory, &published) != STATUS_OK) {
        *ret_report = bad_checkpoint("it is not a signed checkpoint");
        return;
    }
    const enum status status = published_verify(published, options, ret_report);
    if (status == STATUS_OK && !log_trust_check(trust, published_note(published), &what)) {
        *ret_report = bad_checkpoint(what);
    }
    published_close(published);
}

/* An export whose checkpoint is none cannot even be opened. */
static bool is_without_checkpoint(const char *directory)
{
    struct published *published = NULL;
    const bool is_exported = published_is_one(directory);
    const enum status status =
        is_exported ? published_open(directory, &published) : STATUS_NOT_FOUND;

    published_close(published);
    return is_exported && status == STATUS_MALFORMED;
}

static int verify_directory(const char *directory, const struct log_trust *trust, bool is_json)
{
    static struct record_scanner scanner;
    struct record_desk desk;
    struct verify_report report = bad_checkpoint("it is not a signed checkpoint");

    if (is_without_checkpoint(directory)) {
        return print_verdict(directory, &report, trust, is_json);
    }
    const int code = record_desk_open("journal verify", directory, &desk);
    if (code != EXIT_DONE) {
        return code;
    }
    record_scanner_init(&scanner);
    struct examination examination = {
        .scanner = &scanner, .desk = &desk, .progress = cli_progress_from("verified")};
    const struct verify_options options = {.context = &examination,
                                           .examine = examine,
                                           .threads_count = threads_for(desk.view.head),
                                           .outline = outline_record,
                                           .judge = judge,
                                           .progress = verify_progress,
                                           .trust = trust->trust};
    if (published_is_one(directory)) {
        verify_published(directory, trust, &options, &report);
    } else {
        const enum status status =
            journal_verify(desk.view.journal, desk.view.reader, &options, &report);
        CHECK(status == report.status);
    }
    cli_progress_end(&examination.progress);
    record_desk_close(&desk);
    return print_verdict(directory, &report, trust, is_json);
}

/* ---- files that were handed over ---- */

static int not_proved(const char *path, const char *why, bool is_json)
{
    if (is_json) {
        (void)cli_print_json(json_pack("{s:b, s:s}", "proved", 0, "what", why));
    } else {
        (void)printf("NOT proved: %s: %s\n", path, why);
    }
    return EXIT_INTEGRITY;
}

static int malformed(const char *path)
{
    cli_say("journal verify", "%s is neither a journal's directory nor the file of a proof", path);
    return EXIT_USAGE;
}

/* What the record says, if it is one of ours. */
static void print_record(uint64_t sequence, struct bytes bytes, const char *how, uint64_t size,
                         bool is_json)
{
    void *memory = malloc(RECORD_ARENA_BYTES);
    struct record record;

    if (memory == NULL) {
        return;
    }
    struct record_arena arena = record_arena_from(memory, RECORD_ARENA_BYTES);
    const bool is_ours = record_decode(bytes, NULL, &arena, &record) == STATUS_OK;
    if (is_json) {
        json_t *json = is_ours ? record_text_json(sequence, &record, NULL) : json_null();
        (void)cli_print_json(json_pack("{s:b, s:I, s:I, s:s, s:o}", "proved", 1, "sequence",
                                       (json_int_t)sequence, "size", (json_int_t)size, "how", how,
                                       "record", json));
    } else if (is_ours) {
        record_text_print(stdout, sequence, &record, NULL);
    }
    free(memory);
}

static int verify_proof(const char *path, struct bytes bytes, const struct log_trust *trust,
                        bool is_json)
{
    static uint8_t memory[RECORD_BYTES_MAX];
    struct proof proof;
    static struct note note;
    struct log_checkpoint checkpoint;
    const char *what = NULL;

    if (proof_parse(bytes, memory, &proof) != STATUS_OK || !proof.has_record) {
        return malformed(path);
    }
    const struct hash leaf = tree_leaf(proof.record);
    const enum status status = proof_check(&proof, &leaf, &note, &checkpoint);
    if (status != STATUS_OK) {
        return not_proved(path,
                          status == STATUS_MALFORMED
                              ? "its checkpoint is none"
                              : "the record is not in the log of the checkpoint",
                          is_json);
    }
    if (!log_trust_check(trust, proof.note, &what)) {
        return not_proved(path, what, is_json);
    }
    if (!is_json) {
        (void)printf("proved: record %" PRIu64 " of %" PRIu64 " in the log of %.*s, %s\n",
                     proof.index + 1, checkpoint.size, (int)checkpoint.origin.count,
                     (const char *)checkpoint.origin.data, log_trust_text(trust));
    }
    print_record(proof.index + 1, proof.record, log_trust_text(trust), checkpoint.size, is_json);
    return EXIT_DONE;
}

/* The older root is not in the file: the checkpoint that somebody kept has it. */
static int verify_growth(const char *path, struct bytes bytes, const char *old_path,
                         const struct log_trust *trust, bool is_json)
{
    static uint8_t memory[NOTE_BYTES_MAX];
    struct buffer old_text = buffer_from(memory, sizeof(memory));
    struct growth growth;
    static struct note note;
    static struct note old_note;
    struct log_checkpoint checkpoint;
    struct log_checkpoint old;
    const char *what = NULL;

    if (growth_parse(bytes, &growth) != STATUS_OK) {
        return malformed(path);
    }
    if (old_path == NULL) {
        cli_say("journal verify", "say --old FILE: the older checkpoint, which the proof is about");
        return EXIT_USAGE;
    }
    if (!journal_cli_read_file(old_path, &old_text) ||
        note_parse(buffer_bytes(&old_text), &old_note) != STATUS_OK ||
        log_checkpoint_parse(old_note.text, &old) != STATUS_OK) {
        cli_say("journal verify", "%s is not a checkpoint", old_path);
        return EXIT_USAGE;
    }
    if (old.size != growth.old_size) {
        return not_proved(path, "it is about another size than the older checkpoint's", is_json);
    }
    if (growth_check(&growth, &old.root, &note, &checkpoint) != STATUS_OK ||
        !bytes_equal(old.origin, checkpoint.origin)) {
        return not_proved(path, "the older log is not the beginning of the newer one", is_json);
    }
    if (!log_trust_check(trust, growth.note, &what) ||
        !log_trust_check(trust, buffer_bytes(&old_text), &what)) {
        return not_proved(path, what, is_json);
    }
    if (is_json) {
        return cli_print_json(json_pack("{s:b, s:I, s:I, s:s}", "proved", 1, "old",
                                        (json_int_t)old.size, "new", (json_int_t)checkpoint.size,
                                        "how", log_trust_text(trust)));
    }
    (void)printf("proved: the log of %" PRIu64 " records is the beginning of that of %" PRIu64
                 ", %s\n",
                 old.size, checkpoint.size, log_trust_text(trust));
    return EXIT_DONE;
}

static int verify_file(const char *path, const char *old_path, const struct log_trust *trust,
                       bool is_json)
{
    static uint8_t memory[PROOF_BYTES_MAX];
    struct buffer content = buffer_from(memory, sizeof(memory));

    if (!journal_cli_read_file(path, &content)) {
        return malformed(path);
    }
    if (proof_is_one(buffer_bytes(&content))) {
        return verify_proof(path, buffer_bytes(&content), trust, is_json);
    }
    return growth_is_one(buffer_bytes(&content))
               ? verify_growth(path, buffer_bytes(&content), old_path, trust, is_json)
               : malformed(path);
}

int journal_cli_verify(int argc, char **argv)
{
    struct log_trust trust = {.key_text = NULL};
    const char *old_path = NULL;
    bool is_json = false;
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    const struct cli_option options[] = {{.name = "--json", .flag = &is_json},
                                         {.name = "--key", .value = &trust.key_text},
                                         {.name = "--witness", .value = &trust.witness_text},
                                         {.name = "--old", .value = &old_path},
                                         {.name = NULL}};
    struct stat about;

    if (!journal_cli_parse(argc, argv, options, 1, &arguments, &code)) {
        return code;
    }
    code = log_trust_load("journal verify", &trust);
    if (code != EXIT_DONE) {
        return code;
    }
    const char *path = arguments.values[0];
    return stat(path, &about) == 0 && !S_ISDIR(about.st_mode)
               ? verify_file(path, old_path, &trust, is_json)
               : verify_directory(path, &trust, is_json);
}
