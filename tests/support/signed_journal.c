/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/signed_journal.h"

#include "relay/base/check.h"
#include "store/checkpoint.h"
#include "store/ed25519.h"
#include "store/note.h"

void sign_journal(struct journal *journal)
{
    struct journal_reader *reader = NULL;
    uint8_t text[1024];
    uint8_t public_key[32];
    uint8_t signature[64];
    const uint8_t seed[32] = {7};
    struct buffer buffer = buffer_from(text, sizeof(text));
    struct log_checkpoint checkpoint = {.origin = bytes_from_string(SIGNED_JOURNAL_ORIGIN)};
    struct note_key key;
    uint64_t head = 0;

    CHECK(journal_reader_open(journal, &reader) == STATUS_OK);
    const struct tree_source tree = journal_tree(reader);
    checkpoint.size = journal_reader_head(reader);
    CHECK(tree_root(&tree, checkpoint.size, &checkpoint.root) == STATUS_OK);
    CHECK(log_checkpoint_append(&buffer, &checkpoint) == STATUS_OK);
    CHECK(ed25519_public_key(seed, public_key) == STATUS_OK);
    CHECK(ed25519_sign(seed, buffer_bytes(&buffer), signature) == STATUS_OK);
    CHECK(note_key_init(&key, NOTE_KEY_ED25519, checkpoint.origin, public_key) == STATUS_OK);
    CHECK(buffer_append(&buffer, bytes_from("\n", 1)) == STATUS_OK);
    CHECK(note_append_signature(&buffer, &key, bytes_from(signature, 64)) == STATUS_OK);
    const struct journal_checkpoint kept = {.size = checkpoint.size, .note = buffer_bytes(&buffer)};
    const struct journal_batch batch = {.checkpoint = &kept};
    CHECK(journal_commit(journal, &batch, &head) == STATUS_OK);
    journal_reader_close(reader);
}
