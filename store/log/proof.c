/* SPDX-License-Identifier: Apache-2.0 */
#include "store/log/proof.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"
#include "store/base64.h"

#define PROOF_HEAD  "c2sp.org/tlog-proof@v1\n"
#define LINE_EXTRA  "extra "
#define LINE_INDEX  "index "
#define GROWTH_HEAD "old "

bool proof_is_one(struct bytes bytes)
{
    return bytes_have_prefix(bytes, bytes_from_string(PROOF_HEAD));
}

bool growth_is_one(struct bytes bytes)
{
    return bytes_have_prefix(bytes, bytes_from_string(GROWTH_HEAD));
}

/* ---- writing: each step keeps the first failure ---- */

static enum status append_text(enum status before, struct buffer *buffer, const char *text)
{
    return before == STATUS_OK ? buffer_append(buffer, bytes_from_string(text)) : before;
}

static enum status append_base64(enum status before, struct buffer *buffer, struct bytes bytes)
{
    return append_text(before == STATUS_OK ? base64_append(buffer, bytes) : before, buffer, "\n");
}

static enum status append_number(enum status before, struct buffer *buffer, const char *word,
                                 uint64_t number)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "%s%" PRIu64 "\n", word, number);
    return append_text(before, buffer, text);
}

static enum status append_rest(enum status before, struct buffer *buffer,
                               const struct tree_proof *path, struct bytes note)
{
    enum status status = before;

    CHECK(path->hashes_count <= TREE_PROOF_HASHES_MAX);
    for (uint32_t i = 0; i < path->hashes_count; i++) {
        status = append_base64(status, buffer, bytes_from(path->hashes[i].bytes, 32));
    }
    status = append_text(status, buffer, "\n");
    return status == STATUS_OK ? buffer_append(buffer, note) : status;
}

enum status proof_append(struct buffer *buffer, const struct proof *proof)
{
    const size_t count_before = buffer->count;
    enum status status = append_text(STATUS_OK, buffer, PROOF_HEAD);

    if (proof->has_record) {
        status = append_base64(append_text(status, buffer, LINE_EXTRA), buffer, proof->record);
    }
    status = append_number(status, buffer, LINE_INDEX, proof->index);
    status = append_rest(status, buffer, &proof->path, proof->note);
    if (status != STATUS_OK) {
        buffer->count = count_before;
    }
    return status;
}

enum status growth_append(struct buffer *buffer, const struct growth *growth)
{
    const size_t count_before = buffer->count;
    enum status status = append_number(STATUS_OK, buffer, GROWTH_HEAD, growth->old_size);

    status = append_rest(status, buffer, &growth->path, growth->note);
    if (status != STATUS_OK) {
        buffer->count = count_before;
    }
    return status;
}

/* ---- reading ---- */

/* Takes the next line, without its newline, off `text`. */
static bool take_line(struct bytes *text, struct bytes *ret_line)
{
    const uint8_t *end = text->count == 0 ? NULL : memchr(text->data, '\n', text->count);

    if (end == NULL) {
        return false;
    }
    const size_t count = (size_t)(end - text->data);
    *ret_line = bytes_from(text->data, count);
    *text = bytes_from(end + 1, text->count - count - 1);
    return true;
}

/* "<word><number>" in its one spelling. */
static bool parse_number(struct bytes line, const char *word, uint64_t *ret_number)
{
    char again[64];
    uint64_t number = 0;
    const size_t word_count = strlen(word);

    if (!bytes_have_prefix(line, bytes_from_string(word))) {
        return false;
    }
    for (size_t i = word_count; i < line.count; i++) {
        const uint64_t digit = (uint64_t)line.data[i] - '0';
        if (digit > 9 || number > (TREE_SIZE_MAX - digit) / 10) {
            return false;
        }
        number = 10 * number + digit;
    }
    const int count = snprintf(again, sizeof(again), "%s%" PRIu64, word, number);
    *ret_number = number;
    return bytes_equal(line, bytes_from(again, (size_t)count));
}

/* Lines of hashes, the empty line, the note. */
static bool take_rest(struct bytes *text, uint32_t hashes_max, struct tree_proof *ret_path,
                      struct bytes *ret_note)
{
    struct bytes line;

    ret_path->hashes_count = 0;
    while (take_line(text, &line)) {
        if (line.count == 0) {
            *ret_note = *text;
            return text->count > 0 && text->count <= NOTE_BYTES_MAX;
        }
        if (ret_path->hashes_count == hashes_max ||
            base64_decode_hash(line, &ret_path->hashes[ret_path->hashes_count]) != STATUS_OK) {
            return false;
        }
        ret_path->hashes_count++;
    }
    return false;
}

enum status proof_parse(struct bytes bytes, uint8_t memory[RECORD_BYTES_MAX],
                        struct proof *ret_proof)
{
    const struct bytes extra = bytes_from_string(LINE_EXTRA);
    struct bytes text = bytes;
    struct bytes line;
    size_t count = 0;

    if (bytes.count > PROOF_BYTES_MAX || !proof_is_one(bytes) || !take_line(&text, &line) ||
        !take_line(&text, &line)) {
        return STATUS_MALFORMED;
    }
    ret_proof->has_record = bytes_have_prefix(line, extra);
    ret_proof->record = (struct bytes){.count = 0};
    if (ret_proof->has_record) {
        if (base64_decode(bytes_from(line.data + extra.count, line.count - extra.count),
                          RECORD_BYTES_MAX, memory, &count) != STATUS_OK ||
            !take_line(&text, &line)) {
            return STATUS_MALFORMED;
        }
        ret_proof->record = bytes_from(memory, count);
    }
    return parse_number(line, LINE_INDEX, &ret_proof->index) &&
                   take_rest(&text, TREE_PROOF_HASHES_MAX, &ret_proof->path, &ret_proof->note)
               ? STATUS_OK
               : STATUS_MALFORMED;
}

enum status growth_parse(struct bytes bytes, struct growth *ret_growth)
{
    struct bytes text = bytes;
    struct bytes line;

    return bytes.count <= PROOF_BYTES_MAX && take_line(&text, &line) &&
                   parse_number(line, GROWTH_HEAD, &ret_growth->old_size) &&
                   take_rest(&text, GROWTH_HASHES_MAX, &ret_growth->path, &ret_growth->note)
               ? STATUS_OK
               : STATUS_MALFORMED;
}

/* ---- checking ---- */

static enum status open_note(struct bytes bytes, struct note *ret_note,
                             struct log_checkpoint *ret_checkpoint)
{
    enum status status = note_parse(bytes, ret_note);

    if (status == STATUS_OK) {
        status = log_checkpoint_parse(ret_note->text, ret_checkpoint);
    }
    return status == STATUS_OK && ret_checkpoint->size <= TREE_SIZE_MAX ? STATUS_OK
                                                                        : STATUS_MALFORMED;
}

enum status proof_check(const struct proof *proof, const struct hash *leaf, struct note *ret_note,
                        struct log_checkpoint *ret_checkpoint)
{
    const enum status status = open_note(proof->note, ret_note, ret_checkpoint);

    if (status != STATUS_OK) {
        return status;
    }
    const struct tree_inclusion inclusion = {.index = proof->index, .size = ret_checkpoint->size};
    return tree_check_inclusion(inclusion, leaf, &proof->path, &ret_checkpoint->root);
}

enum status growth_check(const struct growth *growth, const struct hash *old_root,
                         struct note *ret_note, struct log_checkpoint *ret_checkpoint)
{
    const enum status status = open_note(growth->note, ret_note, ret_checkpoint);

    if (status != STATUS_OK) {
        return status;
    }
    const struct tree_growth sizes = {.old_size = growth->old_size, .size = ret_checkpoint->size};
    return tree_check_growth(sizes, old_root, &ret_checkpoint->root, &growth->path);
}
