/* SPDX-License-Identifier: Apache-2.0 */
/* What strangers hand us of a log: paths of pieces, bundles, proofs, replies of witnesses. What is
 * accepted has one spelling. The first byte says which it is. */
#include "relay/base/check.h"
#include "store/log/proof.h"
#include "store/log/tile.h"
#include "store/log/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void check_path(struct bytes bytes)
{
    uint8_t again[TILE_PATH_BYTES_MAX];
    struct buffer buffer = buffer_from(again, sizeof(again));
    struct tile tile;

    if (tile_parse_path(bytes, &tile) == STATUS_OK) {
        CHECK(tile.width > 0);
        CHECK(tile.width <= TREE_TILE_WIDTH);
        CHECK(tile_append_path(&buffer, &tile) == STATUS_OK);
        CHECK(bytes_equal(buffer_bytes(&buffer), bytes));
    }
}

static void check_bundle(struct bytes bytes)
{
    static uint8_t again[1 << 16];
    struct buffer buffer = buffer_from(again, sizeof(again));
    struct bytes rest = bytes;
    struct bytes record;

    if (bytes.count > sizeof(again)) {
        return;
    }
    while (bundle_take(&rest, &record) == STATUS_OK) {
        CHECK(record.count > 0);
        CHECK(bundle_append(&buffer, record) == STATUS_OK);
    }
    CHECK(bytes_have_prefix(bytes, buffer_bytes(&buffer)));
    CHECK(buffer.count + rest.count == bytes.count);
}

static void check_proof(struct bytes bytes)
{
    static uint8_t memory[RECORD_BYTES_MAX];
    static uint8_t again[PROOF_BYTES_MAX];
    struct buffer buffer = buffer_from(again, sizeof(again));
    struct proof proof;
    struct note note;
    struct log_checkpoint checkpoint;

    if (proof_parse(bytes, memory, &proof) == STATUS_OK) {
        const struct hash leaf = tree_leaf(proof.record);
        CHECK(proof_append(&buffer, &proof) == STATUS_OK);
        CHECK(bytes_equal(buffer_bytes(&buffer), bytes));
        (void)!proof_check(&proof, &leaf, &note, &checkpoint);
    }
}

static void check_growth(struct bytes bytes)
{
    static uint8_t again[PROOF_BYTES_MAX];
    struct buffer buffer = buffer_from(again, sizeof(again));
    const struct hash root = tree_root_empty();
    struct growth growth;
    struct note note;
    struct log_checkpoint checkpoint;

    if (growth_parse(bytes, &growth) == STATUS_OK) {
        CHECK(growth_append(&buffer, &growth) == STATUS_OK);
        CHECK(bytes_equal(buffer_bytes(&buffer), bytes));
        (void)!growth_check(&growth, &root, &note, &checkpoint);
    }
}

/* The witness and the checkpoint of tests/unit/test_store_log.c. */
static void check_reply(struct bytes bytes)
{
    static const char key_text[] =
        "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X";
    static const unsigned statuses[4] = {200, 409, 422, 503};
    struct note_key key;
    struct witness_question question = {
        .key = &key,
        .text = bytes_from_string("relay.example/journal/1\n300\n"
                                  "15eSMC/lwjZ4KVhvRRw/knYQ5R2oXVBQoubvHYTzzq8=\n"),
        .time_seconds_max = UINT64_C(1790000000),
    };

    CHECK(note_key_parse(bytes_from_string(key_text), &key) == STATUS_OK);
    for (unsigned i = 0; i < 4; i++) {
        const struct witness_reply reply = witness_read(&question, statuses[i], bytes);
        CHECK(reply.verdict != WITNESS_COSIGNED ||
              (reply.line.count > 0 && reply.time_seconds <= question.time_seconds_max));
        CHECK(reply.verdict != WITNESS_HOLDS_OTHER || reply.size <= TREE_SIZE_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    if (count == 0) {
        return 0;
    }
    const struct bytes rest = bytes_from(data + 1, count - 1);
    switch (data[0]) {
    case 'p':
        check_path(rest);
        break;
    case 'b':
        check_bundle(rest);
        break;
    case 'i':
        check_proof(rest);
        break;
    case 'g':
        check_growth(rest);
        break;
    case 'w':
        check_reply(rest);
        break;
    default: /* not an enum */
        break;
    }
    return 0;
}
