/* SPDX-License-Identifier: Apache-2.0 */
/* Legs as calldata, word by word as the contracts declare their functions. */
#include <stdlib.h>

#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"
#include "tests/support/literal.h"
#include "tests/support/unit.h"

#define WORD 32u

static struct evm *evm;

static int set_up(void **state)
{
    (void)state;
    evm = calloc(1, sizeof(*evm)); /* an encoder asks it for configured contracts alone */
    return evm == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(evm);
    return 0;
}

static struct leg guarded_leg(void)
{
    struct leg leg = {.kind = LEG_REBALANCE, .key = evm_filled(0x11)};

    memset(leg.id.bytes, 0x1d, sizeof(leg.id.bytes));
    memset(leg.rebalance.mandate.bytes, 0x4d, sizeof(leg.rebalance.mandate.bytes));
    leg.rebalance.router = evm_filled(0x22);
    leg.rebalance.bridge = evm_filled(0x33);
    leg.rebalance.guard = evm_filled(0x66);
    leg.rebalance.destination = 902;
    leg.rebalance.amount = amount_from_u64(1000000);
    leg.rebalance.deadline_s = 1800000000;
    return leg;
}

static void a_guarded_rebalance_is_an_order_to_the_guard(void **state)
{
    (void)state;
    const struct leg leg = guarded_leg();
    uint8_t memory[EVM_CALLDATA_MAX];
    struct address to;
    struct bytes data;

    assert_status(STATUS_OK, evm_leg_encode(evm, &leg, memory, sizeof(memory), &to, &data));
    assert_true(address_equal(&to, &leg.rebalance.guard));
    assert_int_equal(data.count, 4 + 7 * WORD);
    assert_memory_equal(data.data, "\x5a\x79\xd3\x30", 4);
    struct abi_reader reader = abi_reader_from(bytes_from(data.data + 4, data.count - 4));
    const struct hash id = abi_read_hash(&reader);
    const struct hash mandate = abi_read_hash(&reader);
    assert_true(hash_equal(&id, &leg.id));
    assert_true(hash_equal(&mandate, &leg.rebalance.mandate));
    assert_int_equal(abi_read_u64(&reader), 1800000000);
    const struct address router = abi_read_address(&reader);
    assert_true(address_equal(&router, &leg.rebalance.router));
    assert_int_equal(abi_read_u32(&reader), 902);
    const struct amount amount = abi_read_amount(&reader);
    assert_true(amount_equal(&amount, &leg.rebalance.amount));
    const struct address bridge = abi_read_address(&reader);
    assert_true(address_equal(&bridge, &leg.rebalance.bridge));
    assert_true(abi_reader_is_done(&reader));
}

static void without_a_guard_the_router_is_called(void **state)
{
    (void)state;
    struct leg leg = guarded_leg();
    uint8_t memory[EVM_CALLDATA_MAX];
    struct address to;
    struct bytes data;

    memset(&leg.rebalance.guard, 0, sizeof(leg.rebalance.guard));
    assert_status(STATUS_OK, evm_leg_encode(evm, &leg, memory, sizeof(memory), &to, &data));
    assert_true(address_equal(&to, &leg.rebalance.router));
    assert_int_equal(data.count, 4 + 3 * WORD);
    assert_memory_equal(data.data, "\x6a\x99\xc3\x33", 4);
    leg.rebalance.guard.bytes[0] = 1; /* no EVM address */
    assert_status(STATUS_MALFORMED, evm_leg_encode(evm, &leg, memory, sizeof(memory), &to, &data));
}

/* Nothing to nobody but the key itself. */
static void a_cancel_is_a_transfer_of_nothing_to_oneself(void **state)
{
    (void)state;
    const struct core_chain self = {.mailbox = evm_filled(0x44)};
    const struct leg leg = {.kind = LEG_CANCEL, .key = evm_filled(0x11)};
    uint8_t memory[EVM_CALLDATA_MAX];
    struct address to;
    struct bytes data;

    evm->self = &self;
    assert_status(STATUS_OK, evm_leg_encode(evm, &leg, memory, sizeof(memory), &to, &data));
    assert_true(address_equal(&to, &leg.key));
    assert_int_equal(data.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_guarded_rebalance_is_an_order_to_the_guard, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_a_guard_the_router_is_called, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cancel_is_a_transfer_of_nothing_to_oneself, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
