/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/pack.h"
#include "tests/support/unit.h"

static void write_all(struct packer *packer)
{
    const struct hash hash = hash_filled(0xaa);
    const struct address address = evm_filled(0xbb);
    const struct amount amount = amount_of("123456789012345678901234567890");

    pack_u8(packer, 0x01);
    pack_u16(packer, 0x0203);
    pack_u32(packer, 0x04050607);
    pack_u64(packer, UINT64_C(0x08090a0b0c0d0e0f));
    pack_bool(packer, true);
    pack_bool(packer, false);
    pack_hash(packer, &hash);
    pack_address(packer, &address);
    pack_amount(packer, &amount);
    pack_instant(packer, (struct instant){.ns = 77});
    pack_bytes(packer, bytes_from_string("hello"));
    pack_raw(packer, bytes_from_string("tail"));
}

static void everything_comes_back_in_order(void **state)
{
    (void)state;
    uint8_t memory[256];
    struct packer packer = packer_from(memory, sizeof(memory));
    write_all(&packer);
    struct unpacker unpacker = unpacker_from(packer_finish(&packer));
    const uint8_t head[15] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

    assert_memory_equal(memory, head, sizeof(head)); /* big-endian */
    assert_int_equal(unpack_u8(&unpacker), 0x01);
    assert_int_equal(unpack_u16(&unpacker), 0x0203);
    assert_int_equal(unpack_u32(&unpacker), 0x04050607);
    assert_true(unpack_u64(&unpacker) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_true(unpack_bool(&unpacker));
    assert_false(unpack_bool(&unpacker));
    const struct hash hash = unpack_hash(&unpacker);
    assert_int_equal(hash.bytes[31], 0xaa);
    const struct address address = unpack_address(&unpacker);
    assert_int_equal(address.bytes[31], 0xbb);
    const struct amount amount = unpack_amount(&unpacker);
    const struct amount expected = amount_of("123456789012345678901234567890");
    assert_true(amount_equal(&amount, &expected));
    assert_int_equal(unpack_instant(&unpacker).ns, 77);
    assert_true(bytes_equal(unpack_bytes(&unpacker), bytes_from_string("hello")));
    assert_false(unpacker_is_done(&unpacker));
    assert_true(bytes_equal(unpack_raw(&unpacker, 4), bytes_from_string("tail")));
    assert_true(unpacker_is_done(&unpacker));
}

/* Too little memory by any number of bytes is seen, and nothing is written beyond it. */
static void an_overrun_is_remembered_at_every_size(void **state)
{
    (void)state;
    uint8_t memory[256];
    struct packer whole = packer_from(memory, sizeof(memory));
    write_all(&whole);
    const size_t needed = whole.buffer.count;

    for (size_t capacity = 0; capacity < needed; capacity++) {
        uint8_t small[256];
        memset(small, 0x77, sizeof(small));
        struct packer packer = packer_from(small, capacity);
        write_all(&packer);
        assert_true(packer.overrun);
        for (size_t i = capacity; i < sizeof(small); i++) {
            assert_int_equal(small[i], 0x77);
        }
        assert_memory_equal(small, memory, packer.buffer.count);
    }
    struct packer exact = packer_from(memory, needed);
    write_all(&exact);
    assert_false(exact.overrun);
}

static void a_short_input_is_an_underrun_and_reads_zeros(void **state)
{
    (void)state;
    const uint8_t memory[31] = {0xff, 0xff, 0xff};
    struct unpacker unpacker = unpacker_from(bytes_from(memory, sizeof(memory)));

    const struct hash hash = unpack_hash(&unpacker);
    assert_true(hash_is_zero(&hash));
    assert_true(unpacker.underrun);
    /* Later reads fail too, even those that would fit. */
    assert_int_equal(unpack_u8(&unpacker), 0);
    assert_int_equal(unpack_raw(&unpacker, 0).count, 0);
    assert_false(unpacker_is_done(&unpacker));
}

static void a_lying_count_is_an_underrun(void **state)
{
    (void)state;
    const uint8_t memory[8] = {0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4};
    struct unpacker unpacker = unpacker_from(bytes_from(memory, sizeof(memory)));

    assert_int_equal(unpack_bytes(&unpacker).count, 0);
    assert_true(unpacker.underrun);
}

static void a_bool_is_0_or_1(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        const uint8_t memory[1] = {(uint8_t)value};
        struct unpacker unpacker = unpacker_from(bytes_from(memory, sizeof(memory)));
        assert_int_equal(unpack_bool(&unpacker), value == 1);
        assert_int_equal(unpacker.underrun, value > 1);
    }
}

static void packed_numbers_sort_as_numbers(void **state)
{
    (void)state;
    static const uint64_t ascending[] = {0, 1, 255, 256, 65536, UINT32_MAX, UINT64_MAX};

    for (size_t i = 1; i < sizeof(ascending) / sizeof(ascending[0]); i++) {
        uint8_t low[8];
        uint8_t high[8];
        struct packer low_packer = packer_from(low, sizeof(low));
        struct packer high_packer = packer_from(high, sizeof(high));
        pack_u64(&low_packer, ascending[i - 1]);
        pack_u64(&high_packer, ascending[i]);
        assert_true(bytes_compare(packer_finish(&low_packer), packer_finish(&high_packer)) < 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_back_in_order),
        cmocka_unit_test(an_overrun_is_remembered_at_every_size),
        cmocka_unit_test(a_short_input_is_an_underrun_and_reads_zeros),
        cmocka_unit_test(a_lying_count_is_an_underrun),
        cmocka_unit_test(a_bool_is_0_or_1),
        cmocka_unit_test(packed_numbers_sort_as_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
