/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/hyperlane/metadata.h"
#include "tests/support/unit.h"

static void fill(struct signature *signatures, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        memset(signatures[i].bytes, (int)(0x40 + i), sizeof(signatures[i].bytes));
    }
}

/* MessageIdMultisigIsmMetadata.sol: 0 tree hook, 32 root, 64 index, 68 signatures. */
static void the_layout_is_the_contracts(void **state)
{
    (void)state;
    struct signature signatures[2];
    fill(signatures, 2);
    const struct metadata_message_id metadata = {.tree_hook = evm_filled(0x22),
                                                 .root = hash_filled(0x33),
                                                 .index = 0x01020304,
                                                 .signatures = signatures,
                                                 .signatures_count = 2};
    uint8_t memory[METADATA_BYTES_MAX];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    const uint8_t index[4] = {1, 2, 3, 4};

    assert_status(STATUS_OK, metadata_write_message_id(&metadata, &buffer));
    assert_int_equal(buffer.count, 68 + 2 * 65);
    assert_memory_equal(memory, metadata.tree_hook.bytes, 32);
    assert_memory_equal(memory + 32, metadata.root.bytes, 32);
    assert_memory_equal(memory + 64, index, 4);
    assert_memory_equal(memory + 68, signatures[0].bytes, 65);
    assert_memory_equal(memory + 133, signatures[1].bytes, 65);
}

static void every_count_comes_back(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= VALIDATORS_MAX; count++) {
        struct signature signatures[VALIDATORS_MAX];
        struct signature again[VALIDATORS_MAX];
        fill(signatures, count);
        const struct metadata_message_id metadata = {.tree_hook = evm_filled(0x22),
                                                     .root = hash_filled(0x33),
                                                     .index = count,
                                                     .signatures = signatures,
                                                     .signatures_count = count};
        uint8_t memory[METADATA_BYTES_MAX];
        struct buffer buffer = buffer_from(memory, sizeof(memory));
        struct metadata_message_id parsed;

        assert_status(STATUS_OK, metadata_write_message_id(&metadata, &buffer));
        assert_status(STATUS_OK, metadata_parse_message_id(buffer_bytes(&buffer), again, &parsed));
        assert_true(address_equal(&parsed.tree_hook, &metadata.tree_hook));
        assert_true(hash_equal(&parsed.root, &metadata.root));
        assert_int_equal(parsed.index, count);
        assert_int_equal(parsed.signatures_count, count);
        assert_memory_equal(again, signatures, count * sizeof(again[0]));
    }
}

static void parts_of_signatures_are_malformed(void **state)
{
    (void)state;
    uint8_t memory[68 + 65 * (VALIDATORS_MAX + 1)] = {0};
    struct signature signatures[VALIDATORS_MAX];
    struct metadata_message_id metadata = {.index = 99};

    for (size_t count = 0; count < 68 + 3 * 65; count++) {
        if (count < 68 + 65 || (count - 68) % 65 != 0) {
            assert_status(STATUS_MALFORMED, metadata_parse_message_id(bytes_from(memory, count),
                                                                      signatures, &metadata));
        }
    }
    assert_status(STATUS_FULL, metadata_parse_message_id(bytes_from(memory, sizeof(memory)),
                                                         signatures, &metadata));
    assert_int_equal(metadata.index, 99);
}

static void a_full_buffer_is_left_alone(void **state)
{
    (void)state;
    struct signature signature;
    fill(&signature, 1);
    const struct metadata_message_id metadata = {.signatures = &signature, .signatures_count = 1};
    uint8_t memory[68 + 65];

    for (size_t capacity = 0; capacity < sizeof(memory); capacity++) {
        struct buffer buffer = buffer_from(memory, capacity);
        assert_status(STATUS_FULL, metadata_write_message_id(&metadata, &buffer));
        assert_int_equal(buffer.count, 0);
    }
}

/* MerkleRootMultisigIsmMetadata.sol: 0 tree hook, 32 leaf index, 36 signed message id, 68 proof,
 * 1092 checkpoint index, 1096 signatures. */
static void the_merkle_root_layout_is_the_contracts(void **state)
{
    (void)state;
    struct signature signatures[2];
    struct signature again[VALIDATORS_MAX];
    fill(signatures, 2);
    struct metadata_merkle_root metadata = {.tree_hook = evm_filled(0x22),
                                            .leaf_index = 0x01020304,
                                            .signed_message_id = hash_filled(0x33),
                                            .index = 0x01020305,
                                            .signatures = signatures,
                                            .signatures_count = 2};
    struct metadata_merkle_root parsed;
    uint8_t memory[METADATA_BYTES_MAX];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    for (uint32_t level = 0; level < MERKLE_DEPTH; level++) {
        metadata.proof[level] = hash_filled((uint8_t)(0x80 + level));
    }

    assert_status(STATUS_OK, metadata_write_merkle_root(&metadata, &buffer));
    assert_int_equal(buffer.count, 1096 + 2 * 65);
    assert_memory_equal(memory, metadata.tree_hook.bytes, 32);
    assert_memory_equal(memory + 32, "\x01\x02\x03\x04", 4);
    assert_memory_equal(memory + 36, metadata.signed_message_id.bytes, 32);
    assert_memory_equal(memory + 68, metadata.proof, 1024);
    assert_memory_equal(memory + 1092, "\x01\x02\x03\x05", 4);
    assert_memory_equal(memory + 1096, signatures, 130);
    assert_status(STATUS_OK, metadata_parse_merkle_root(buffer_bytes(&buffer), again, &parsed));
    assert_int_equal(parsed.leaf_index, metadata.leaf_index);
    assert_int_equal(parsed.index, metadata.index);
    assert_memory_equal(parsed.proof, metadata.proof, sizeof(parsed.proof));
    assert_int_equal(parsed.signatures_count, 2);
    for (size_t count = 0; count < buffer.count; count++) {
        if (count != 1096 + 65) {
            assert_status(STATUS_MALFORMED,
                          metadata_parse_merkle_root(bytes_from(memory, count), again, &parsed));
        }
    }
}

/* AggregationIsmMetadata.sol: absolute ranges; an empty part still has a place. */
static void an_aggregation_says_where_its_parts_are(void **state)
{
    (void)state;
    const struct metadata_part parts[4] = {{.present = true, .bytes = bytes_from("abc", 3)},
                                           {.present = false},
                                           {.present = true, .bytes = bytes_from(NULL, 0)},
                                           {.present = true, .bytes = bytes_from("de", 2)}};
    static const uint8_t expected[] = {0, 0,  0, 32, 0, 0,  0,   35,  0,   0,   0,  0, 0,
                                       0, 0,  0, 0,  0, 0,  35,  0,   0,   0,   35, 0, 0,
                                       0, 35, 0, 0,  0, 37, 'a', 'b', 'c', 'd', 'e'};
    struct metadata_part again[4];
    struct metadata_aggregation aggregation;
    uint8_t memory[64];
    struct buffer buffer = buffer_from(memory, sizeof(memory));

    assert_status(STATUS_OK, buffer_append(&buffer, bytes_from("before", 6)));
    assert_status(STATUS_OK, metadata_aggregation_begin(&aggregation, 4, &buffer));
    for (uint32_t i = 0; i < 4; i++) {
        if (parts[i].present) {
            metadata_aggregation_part_begin(&aggregation, i);
            assert_status(STATUS_OK, buffer_append(&buffer, parts[i].bytes));
            metadata_aggregation_part_end(&aggregation);
        }
    }
    assert_int_equal(buffer.count, 6 + sizeof(expected));
    assert_memory_equal(memory + 6, expected, sizeof(expected));
    assert_status(STATUS_OK,
                  metadata_parse_aggregation(bytes_from(memory + 6, sizeof(expected)), 4, again));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(again[i].present, parts[i].present);
        assert_true(bytes_equal(again[i].bytes, parts[i].bytes));
    }
    buffer = buffer_from(memory, 31);
    assert_status(STATUS_FULL, metadata_aggregation_begin(&aggregation, 4, &buffer));
    assert_int_equal(buffer.count, 0);
}

static void ranges_that_leave_an_aggregation_are_malformed(void **state)
{
    (void)state;
    static const uint8_t inside[] = {0, 0, 0, 8, 0, 0, 0, 9, 'x'};
    static const uint8_t beyond[] = {0, 0, 0, 8, 0, 0, 0, 10, 'x'};
    static const uint8_t backwards[] = {0, 0, 0, 9, 0, 0, 0, 8, 'x'};
    static const uint8_t into_head[] = {0, 0, 0, 7, 0, 0, 0, 9, 'x'};
    struct metadata_part part;

    assert_status(STATUS_OK, metadata_parse_aggregation(bytes_from(inside, 9), 1, &part));
    assert_status(STATUS_MALFORMED, metadata_parse_aggregation(bytes_from(inside, 7), 1, &part));
    assert_status(STATUS_MALFORMED, metadata_parse_aggregation(bytes_from(beyond, 9), 1, &part));
    assert_status(STATUS_MALFORMED, metadata_parse_aggregation(bytes_from(backwards, 9), 1, &part));
    assert_status(STATUS_MALFORMED, metadata_parse_aggregation(bytes_from(into_head, 9), 1, &part));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_is_the_contracts),
        cmocka_unit_test(every_count_comes_back),
        cmocka_unit_test(parts_of_signatures_are_malformed),
        cmocka_unit_test(a_full_buffer_is_left_alone),
        cmocka_unit_test(the_merkle_root_layout_is_the_contracts),
        cmocka_unit_test(an_aggregation_says_where_its_parts_are),
        cmocka_unit_test(ranges_that_leave_an_aggregation_are_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
