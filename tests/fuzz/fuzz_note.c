/* SPDX-License-Identifier: Apache-2.0 */
/* Signed notes and checkpoints from anywhere: what is accepted has one spelling. */
#include "relay/base/check.h"
#include "store/checkpoint.h"
#include "store/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

/* A checkpoint that has no lines of others is what we would write. */
static void check_checkpoint(struct bytes text)
{
    uint8_t again[NOTE_BYTES_MAX];
    struct buffer buffer = buffer_from(again, sizeof(again));
    struct log_checkpoint checkpoint;

    if (log_checkpoint_parse(text, &checkpoint) == STATUS_OK && !checkpoint.has_extensions &&
        log_checkpoint_append(&buffer, &checkpoint) == STATUS_OK) {
        CHECK(bytes_equal(buffer_bytes(&buffer), text));
    }
}

static void check_key(struct bytes text)
{
    uint8_t again[NOTE_KEY_TEXT_BYTES_MAX];
    struct buffer buffer = buffer_from(again, sizeof(again));
    struct note_key key;

    if (note_key_parse(text, &key) == STATUS_OK) {
        CHECK(note_key_append(&buffer, &key) == STATUS_OK);
        CHECK(bytes_equal(buffer_bytes(&buffer), text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    static struct note note;
    static const uint8_t no_key[ED25519_KEY_BYTES];
    struct note_key key;

    check_key(bytes_from(data, count));
    check_checkpoint(bytes_from(data, count));
    if (note_parse(bytes_from(data, count), &note) != STATUS_OK) {
        return 0;
    }
    CHECK(note.text.count > 0);
    CHECK(note.text.data[note.text.count - 1] == '\n');
    CHECK(note.signatures_count > 0);
    check_checkpoint(note.text);
    for (uint32_t i = 0; i < note.signatures_count; i++) {
        uint64_t time_seconds = 0;
        CHECK(note_key_init(&key, NOTE_KEY_COSIGNATURE, note.signatures[i].name, no_key) ==
              STATUS_OK);
        key.id = note.signatures[i].key_id;
        /* Its line is found, whatever it is worth. */
        CHECK(note_verify_key(&note, &key, UINT64_MAX, &time_seconds) != STATUS_NOT_FOUND);
    }
    return 0;
}
