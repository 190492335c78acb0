/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/unit.h"

#include "relay/base/approval.h"
#include "relay/base/hex.h"

static struct approval approval_of_two_moves(void)
{
    struct approval approval;

    memset(&approval, 0, sizeof(approval));
    memset(approval.plan_id.bytes, 0x11, sizeof(approval.plan_id.bytes));
    memset(approval.mandate.bytes, 0x22, sizeof(approval.mandate.bytes));
    approval.index = 1;
    approval.moves_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        approval.moves[i].source_domain = 901 + i;
        memset(approval.moves[i].source.bytes + 12, 0xa2, 20);
        approval.moves[i].target_domain = 903;
        approval.moves[i].amount = amount_from_u64(1000 + i);
    }
    approval.expires_s = 1790000000;
    memset(approval.signature.bytes, 0x33, sizeof(approval.signature.bytes));
    return approval;
}

/* The text is what people sign: it never changes. The digest is what another
 * program (viem's hashMessage) makes of it. */
static void the_text_is_as_documented(void **state)
{
    (void)state;
    const struct approval approval = approval_of_two_moves();
    char text[APPROVAL_TEXT_BYTES];
    const size_t count = approval_text(&approval, text);
    static const char expected[] =
        "Sluice approval\n"
        "plan: 0x1111111111111111111111111111111111111111111111111111111111111111\n"
        "moves: 0x0582987493cbe9b5732f4e30d0ee41706a91d6dfd08a9ec045d2f05629f4ef3b\n"
        "mandate: 0x2222222222222222222222222222222222222222222222222222222222222222\n"
        "expires: 1790000000\n";

    assert_int_equal(strlen(expected), count);
    assert_memory_equal(expected, text, count);
    assert_hash("0x16ef33bd18fa8429b46276870e0618799ede6834628483c0ed782fcccd783736",
                approval_digest(&approval));
}

static void what_was_packed_comes_back(void **state)
{
    (void)state;
    const struct approval approval = approval_of_two_moves();
    uint8_t memory[APPROVAL_BYTES_MAX];
    struct approval back;
    const struct bytes packed = approval_pack(&approval, memory);

    memset(&back, 0xff, sizeof(back));
    assert_status(STATUS_OK, approval_unpack(packed, &back));
    assert_memory_equal(&approval, &back, sizeof(back));
}

static void other_bytes_are_refused(void **state)
{
    (void)state;
    struct approval approval = approval_of_two_moves();
    uint8_t memory[APPROVAL_BYTES_MAX];
    struct approval back;
    const size_t count = approval_pack(&approval, memory).count;

    for (size_t cut = 0; cut < count; cut++) {
        assert_status(STATUS_MALFORMED, approval_unpack(bytes_from(memory, cut), &back));
    }
    memory[count] = 0;
    assert_status(STATUS_MALFORMED, approval_unpack(bytes_from(memory, count + 1), &back));
    memory[0] = 2; /* another format */
    assert_status(STATUS_MALFORMED, approval_unpack(bytes_from(memory, count), &back));
    memory[0] = 1;
    memory[68] = 2; /* an index beyond the moves */
    assert_status(STATUS_MALFORMED, approval_unpack(bytes_from(memory, count), &back));
}

static void a_moves_id_names_plan_and_place(void **state)
{
    (void)state;
    const struct approval approval = approval_of_two_moves();
    const struct hash first = approval_move_id(&approval.plan_id, 0);
    const struct hash second = approval_move_id(&approval.plan_id, 1);

    assert_false(hash_equal(&first, &second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_is_as_documented),
        cmocka_unit_test(what_was_packed_comes_back),
        cmocka_unit_test(other_bytes_are_refused),
        cmocka_unit_test(a_moves_id_names_plan_and_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
