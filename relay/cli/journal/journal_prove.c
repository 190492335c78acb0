/* SPDX-License-Identifier: Apache-2.0 */
/* sluice journal prove | consistency: proofs as files that need neither us nor the journal to be
 * checked (store/log/proof.h). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/cli/journal/journal_internal.h"
#include "relay/cli/journal/log_trust.h"
#include "relay/cli/rows_view.h"
#include "store/log/proof.h"

/* A checkpoint in memory of its own. */
struct held_note {
    uint64_t size;
    struct hash root;
    size_t count;
    uint8_t bytes[NOTE_BYTES_MAX];
};

static bool hold(struct bytes bytes, struct held_note *ret_note)
{
    struct note note;
    struct log_checkpoint checkpoint;

    if (bytes.count > sizeof(ret_note->bytes) || note_parse(bytes, &note) != STATUS_OK ||
        log_checkpoint_parse(note.text, &checkpoint) != STATUS_OK) {
        return false;
    }
    memcpy(ret_note->bytes, bytes.data, bytes.count);
    ret_note->count = bytes.count;
    ret_note->size = checkpoint.size;
    ret_note->root = checkpoint.root;
    return true;
}

static int say_unread(const char *verb, enum status status)
{
    cli_say(verb, "the journal cannot be read: %s", status_name(status));
    return status == STATUS_CORRUPT || status == STATUS_NOT_FOUND ? EXIT_INTEGRITY : EXIT_TEMPORARY;
}

/* The stored checkpoint of this size; of size 0, the newest. */
static int load_stored(const char *verb, struct journal_reader *reader, uint64_t size,
                       struct held_note *ret_note)
{
    struct bytes bytes;
    uint64_t found = 0;
    const enum status status = journal_seek_checkpoint(reader, size == 0 ? UINT64_MAX : size,
                                                       JOURNAL_DOWNWARDS, &found, &bytes);

    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && size != 0 && found != size)) {
        if (status == STATUS_OK) {
            cli_say(verb,
                    "there is no checkpoint of %" PRIu64 " records; one of %" PRIu64
                    " is the nearest before it",
                    size, found);
        } else {
            cli_say(verb, "no checkpoint is stored: the journal's log is not signed ('log' in the "
                          "node's configuration)");
        }
        return EXIT_NEGATIVE;
    }
    if (status != STATUS_OK) {
        return say_unread(verb, status);
    }
    if (!hold(bytes, ret_note) || ret_note->size != found) {
        cli_say(verb, "the checkpoint of %" PRIu64 " records is damaged", found);
        return EXIT_INTEGRITY;
    }
    return EXIT_DONE;
}

/* The journal must hold what the checkpoint says, or nothing is proved with it. */
static int check_root(const char *verb, struct journal_reader *reader, uint64_t size,
                      const struct hash *expected)
{
    const struct tree_source tree = journal_tree(reader);
    const uint64_t head = journal_reader_head(reader);
    struct hash root;

    if (size > head) {
        cli_say(verb,
                "the checkpoint is of %" PRIu64 " records and the journal has %" PRIu64
                ": it is an older copy",
                size, head);
        return EXIT_INTEGRITY;
    }
    const enum status status = tree_root(&tree, size, &root);
    if (status != STATUS_OK) {
        return say_unread(verb, status);
    }
    if (!hash_equal(&root, expected)) {
        cli_say(verb,
                "the first %" PRIu64 " records are not those of the checkpoint: the journal "
                "was changed or is another one",
                size);
        return EXIT_INTEGRITY;
    }
    return EXIT_DONE;
}

static int put_out(const char *verb, const struct buffer *buffer)
{
    if (fwrite(buffer->data, 1, buffer->count, stdout) != buffer->count || fflush(stdout) != 0) {
        cli_say(verb, "standard output cannot take it");
        return EXIT_TEMPORARY;
    }
    return EXIT_DONE;
}

/* ---- prove ---- */

static int prove(struct journal_reader *reader, uint64_t sequence, const struct held_note *note)
{
    static uint8_t memory[PROOF_BYTES_MAX];
    const struct tree_source tree = journal_tree(reader);
    struct proof proof = {
        .has_record = true, .index = sequence - 1, .note = bytes_from(note->bytes, note->count)};
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    struct note parsed;
    struct log_checkpoint checkpoint;
    struct hash leaf;
    const struct tree_inclusion inclusion = {.index = sequence - 1, .size = note->size};

    enum status status = tree_prove_inclusion(&tree, inclusion, &proof.path);
    if (status == STATUS_OK) {
        /* Last, because the record is borrowed until the reader is used again. */
        status = journal_read_leaf(reader, sequence, &proof.record, &leaf);
    }
    if (status != STATUS_OK) {
        return say_unread("journal prove", status);
    }
    if (proof_check(&proof, &leaf, &parsed, &checkpoint) != STATUS_OK) {
        cli_say("journal prove", "record %" PRIu64 " is not the one of the checkpoint", sequence);
        return EXIT_INTEGRITY;
    }
    CHECK(proof_append(&buffer, &proof) == STATUS_OK);
    return put_out("journal prove", &buffer);
}

int journal_cli_prove(int argc, char **argv)
{
    const char *size_text = NULL;
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    const struct cli_option options[] = {{.name = "--checkpoint", .value = &size_text},
                                         {.name = NULL}};
    struct rows_view view;
    static struct held_note note;
    uint64_t sequence = 0;
    uint64_t size = 0;

    if (!journal_cli_parse(argc, argv, options, 2, &arguments, &code)) {
        return code;
    }
    if (!journal_cli_parse_size(arguments.values[1], &sequence) || sequence == 0 ||
        (size_text != NULL && (!journal_cli_parse_size(size_text, &size) || size == 0))) {
        cli_say("journal prove", "say the number of a record, from 1 on, and of --checkpoint");
        return EXIT_USAGE;
    }
    code = rows_view_open_directory("journal prove", arguments.values[0], &view);
    if (code != EXIT_DONE) {
        return code;
    }
    code = load_stored("journal prove", view.reader, size, &note);
    if (code == EXIT_DONE) {
        code = check_root("journal prove", view.reader, note.size, &note.root);
    }
    if (code == EXIT_DONE && sequence > note.size) {
        cli_say("journal prove",
                "no checkpoint covers record %" PRIu64 ": this one is of %" PRIu64 " records",
                sequence, note.size);
        code = EXIT_NEGATIVE;
    }
    if (code == EXIT_DONE) {
        code = prove(view.reader, sequence, &note);
    }
    rows_view_close(&view);
    return code;
}

/* ---- consistency ---- */

bool journal_cli_read_file(const char *path, struct buffer *ret_content)
{
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        return false;
    }
    ret_content->count = fread(ret_content->data, 1, ret_content->capacity, file);
    const bool is_whole = ferror(file) == 0 && fgetc(file) == EOF;
    (void)fclose(file); /* nothing was written */
    return is_whole;
}

/* A checkpoint that somebody kept, from a file. */
static int load_file(const char *path, struct held_note *ret_note)
{
    static uint8_t memory[NOTE_BYTES_MAX];
    struct buffer content = buffer_from(memory, sizeof(memory));

    if (!journal_cli_read_file(path, &content) || !hold(buffer_bytes(&content), ret_note)) {
        cli_say("journal consistency", "%s is neither a number of records nor a checkpoint's file",
                path);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* The older state needs no signature of ours: a number of records is enough. */
static int load_old(struct journal_reader *reader, const char *text, struct held_note *ret_note)
{
    const struct tree_source tree = journal_tree(reader);
    int code = EXIT_DONE;

    if (!journal_cli_parse_size(text, &ret_note->size)) {
        code = load_file(text, ret_note);
        return code == EXIT_DONE
                   ? check_root("journal consistency", reader, ret_note->size, &ret_note->root)
                   : code;
    }
    if (ret_note->size > journal_reader_head(reader)) {
        cli_say("journal consistency", "the journal has %" PRIu64 " records, not %s",
                journal_reader_head(reader), text);
        return EXIT_NEGATIVE;
    }
    const enum status status = tree_root(&tree, ret_note->size, &ret_note->root);
    return status == STATUS_OK ? EXIT_DONE : say_unread("journal consistency", status);
}

static int load_new(struct journal_reader *reader, const char *text, struct held_note *ret_note)
{
    uint64_t size = 0;
    const int code = journal_cli_parse_size(text, &size)
                         ? load_stored("journal consistency", reader, size, ret_note)
                         : load_file(text, ret_note);

    return code == EXIT_DONE
               ? check_root("journal consistency", reader, ret_note->size, &ret_note->root)
               : code;
}

static int prove_growth(struct journal_reader *reader, const struct held_note *old,
                        const struct held_note *new)
{
    static uint8_t memory[PROOF_BYTES_MAX];
    const struct tree_source tree = journal_tree(reader);
    const struct tree_growth sizes = {.old_size = old->size, .size = new->size};
    struct growth growth = {.old_size = old->size, .note = bytes_from(new->bytes, new->count)};
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    struct note parsed;
    struct log_checkpoint checkpoint;

    if (old->size > new->size) {
        cli_say("journal consistency", "the older state has more records than the newer one");
        return EXIT_USAGE;
    }
    const enum status status = tree_prove_growth(&tree, sizes, &growth.path);
    if (status != STATUS_OK) {
        return say_unread("journal consistency", status);
    }
    if (growth_check(&growth, &old->root, &parsed, &checkpoint) != STATUS_OK) {
        cli_say("journal consistency", "the older state is not the beginning of the newer one");
        return EXIT_INTEGRITY;
    }
    CHECK(growth_append(&buffer, &growth) == STATUS_OK);
    return put_out("journal consistency", &buffer);
}

int journal_cli_consistency(int argc, char **argv)
{
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    const struct cli_option options[] = {{.name = NULL}};
    struct rows_view view;
    static struct held_note old;
    static struct held_note new;

    if (!journal_cli_parse(argc, argv, options, 3, &arguments, &code)) {
        return code;
    }
    code = rows_view_open_directory("journal consistency", arguments.values[0], &view);
    if (code != EXIT_DONE) {
        return code;
    }
    code = load_old(view.reader, arguments.values[1], &old);
    if (code == EXIT_DONE) {
        code = load_new(view.reader, arguments.values[2], &new);
    }
    if (code == EXIT_DONE) {
        code = prove_growth(view.reader, &old, &new);
    }
    rows_view_close(&view);
    return code;
}
