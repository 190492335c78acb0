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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_is_the_contracts),
        cmocka_unit_test(every_count_comes_back),
        cmocka_unit_test(parts_of_signatures_are_malformed),
        cmocka_unit_test(a_full_buffer_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
