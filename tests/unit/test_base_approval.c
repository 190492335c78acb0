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
        approval.moves[i].kind = MOVE_BETWEEN_ROUTERS;
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

/* The second one of the moves takes what a spoke has in its venue 3 into its venue 5. */
static struct approval approval_with_venues(void)
{
    struct approval approval = approval_of_two_moves();

    approval.leg = 1;
    approval.moves[1].kind = MOVE_BETWEEN_VENUES;
    approval.moves[1].source_venue = 4;
    approval.moves[1].target_domain = approval.moves[1].source_domain;
    approval.moves[1].target_venue = 6;
    return approval;
}

static void comes_back(const struct approval *approval)
{
    uint8_t memory[APPROVAL_BYTES_MAX];
    uint8_t memory_back[APPROVAL_BYTES_MAX];
    struct approval back;
    const struct bytes packed = approval_pack(approval, memory);

    memset(&back, 0xff, sizeof(back));
    assert_status(STATUS_OK, approval_unpack(packed, &back));
    assert_true(bytes_equal(packed, approval_pack(&back, memory_back)));
    assert_int_equal(back.index, approval->index);
    assert_int_equal(back.leg, approval->leg);
    assert_int_equal(back.expires_s, approval->expires_s);
    for (uint32_t i = 0; i < approval->moves_count; i++) {
        const struct approval_move *move = &approval->moves[i];
        assert_int_equal(back.moves[i].kind, move->kind);
        assert_int_equal(back.moves[i].source_domain, move->source_domain);
        assert_true(address_equal(&back.moves[i].source, &move->source));
        assert_int_equal(back.moves[i].source_venue, move->source_venue);
        assert_int_equal(back.moves[i].target_domain, move->target_domain);
        assert_int_equal(back.moves[i].target_venue, move->target_venue);
        assert_true(amount_equal(&back.moves[i].amount, &move->amount));
    }
    assert_int_equal(back.places_count, approval->places_count);
    for (uint32_t i = 0; i < approval->places_count; i++) {
        const struct approval_place *place = &approval->places[i];
        assert_int_equal(back.places[i].domain, place->domain);
        assert_true(address_equal(&back.places[i].contract, &place->contract));
        assert_int_equal(back.places[i].venue, place->venue);
        assert_int_equal(back.places[i].negative, place->negative);
        assert_true(amount_equal(&back.places[i].amount, &place->amount));
    }
}

/* What is said to be where is packed, and nobody signs it. */
static struct approval approval_with_places(void)
{
    struct approval approval = approval_with_venues();

    approval.places_count = APPROVAL_PLACES_MAX;
    for (uint32_t i = 0; i < APPROVAL_PLACES_MAX; i++) {
        approval.places[i] = (struct approval_place){.domain = 900 + i,
                                                     .contract = approval.moves[0].source,
                                                     .venue = i,
                                                     .negative = i == 3,
                                                     .amount = amount_from_u64(7 + i)};
    }
    return approval;
}

static void what_was_packed_comes_back(void **state)
{
    (void)state;
    const struct approval routers = approval_of_two_moves();
    const struct approval venues = approval_with_venues();

    const struct approval places = approval_with_places();
    const struct hash digest = approval_digest(&venues);
    const struct hash same = approval_digest(&places);

    comes_back(&routers);
    comes_back(&venues);
    comes_back(&places);
    assert_true(hash_equal(&digest, &same));
}

/* Whatever names a move between venues changes what is signed. */
static void every_part_of_a_venue_move_is_signed(void **state)
{
    (void)state;
    const struct approval first = approval_with_venues();
    const struct hash signed_ = approval_digest(&first);

    for (uint32_t i = 0; i < 6; i++) {
        struct approval other = first;
        struct approval_move *move = &other.moves[1];
        move->source_venue += i == 0 ? 1u : 0u;
        move->target_venue += i == 1 ? 1u : 0u;
        move->source.bytes[31] ^= i == 2 ? 1u : 0u;
        move->source_domain += i == 3 ? 1u : 0u;
        move->amount = amount_from_u64(1001 + (i == 4 ? 1u : 0u));
        move->kind = i == 5 ? MOVE_BETWEEN_ROUTERS : move->kind;
        const struct hash digest = approval_digest(&other);
        assert_false(hash_equal(&digest, &signed_));
    }
    struct approval leg = first;
    leg.leg = 0;
    const struct hash digest = approval_digest(&leg);
    assert_true(hash_equal(&digest, &signed_)); /* one word for all legs of all moves */
}

static void a_venue_move_is_out_and_then_in(void **state)
{
    (void)state;
    const struct approval approval = approval_with_venues();
    struct approval_move move = approval.moves[1];
    struct approval_venue venue;

    assert_true(approval_venue_leg(&move, 0, &venue));
    assert_int_equal(venue.act, APPROVAL_WITHDRAWS);
    assert_int_equal(venue.index, 3);
    assert_true(approval_venue_leg(&move, 1, &venue));
    assert_int_equal(venue.act, APPROVAL_DEPOSITS);
    assert_int_equal(venue.index, 5);
    assert_false(approval_venue_leg(&move, 2, &venue));
    move.source_venue = 0; /* what is idle goes in at once */
    assert_true(approval_venue_leg(&move, 0, &venue));
    assert_int_equal(venue.act, APPROVAL_DEPOSITS);
    assert_int_equal(venue.index, 5);
    assert_false(approval_venue_leg(&move, 1, &venue));
    move.source_venue = 4;
    move.target_venue = 0; /* comes out and stays */
    assert_true(approval_venue_leg(&move, 0, &venue));
    assert_int_equal(venue.act, APPROVAL_WITHDRAWS);
    assert_false(approval_venue_leg(&move, 1, &venue));
    move.source_venue = 0;
    assert_false(approval_venue_leg(&move, 0, &venue)); /* goes nowhere */
    move.target_venue = 4;
    move.target_domain++;
    assert_false(approval_venue_leg(&move, 0, &venue));
    assert_false(approval_venue_leg(&approval.moves[0], 0, &venue));
}

static void what_is_owed_is_paid_back_on_its_own_chain(void **state)
{
    (void)state;
    struct approval_move move = approval_with_venues().moves[1];
    struct approval_venue venue;

    move.target_venue = approval_debt(5);
    assert_true(approval_is_debt(move.target_venue));
    assert_true(approval_venue_leg(&move, 0, &venue));
    assert_int_equal(venue.act, APPROVAL_WITHDRAWS);
    assert_true(approval_venue_leg(&move, 1, &venue));
    assert_int_equal(venue.act, APPROVAL_REPAYS);
    assert_int_equal(venue.index, 5);
    assert_false(approval_venue_leg(&move, 2, &venue));
    move.source_venue = 0;
    assert_true(approval_venue_leg(&move, 0, &venue));
    assert_int_equal(venue.act, APPROVAL_REPAYS);
    move.kind = MOVE_BETWEEN_SPOKES; /* another one's debt is none of ours */
    move.target_domain++;
    assert_false(approval_venue_leg(&move, 0, &venue));
    move = approval_with_venues().moves[1];
    move.source_venue = approval_debt(3); /* nothing is taken out of a debt: that is borrowing */
    assert_false(approval_venue_leg(&move, 0, &venue));
}

/* A move of a spoke's venue 4 to venue 6 of its sibling. */
static struct approval approval_across(void)
{
    struct approval approval = approval_with_venues();
    struct approval_move *move = &approval.moves[1];

    move->kind = MOVE_BETWEEN_SPOKES;
    move->target_domain = move->source_domain + 1;
    move->target.bytes[31] = 0x99;
    return approval;
}

static void a_move_across_is_out_over_and_in(void **state)
{
    (void)state;
    const struct approval approval = approval_across();
    struct approval_move move = approval.moves[1];
    static const enum approval_act acts[] = {APPROVAL_WITHDRAWS, APPROVAL_CROSSES,
                                             APPROVAL_DEPOSITS};
    struct approval_venue venue;

    for (uint32_t i = 0; i < 3; i++) {
        assert_true(approval_venue_leg(&move, i, &venue));
        assert_int_equal(venue.act, acts[i]);
        assert_int_equal(venue.domain, i < 2 ? move.source_domain : move.target_domain);
        assert_true(address_equal(&venue.spoke, i < 2 ? &move.source : &move.target));
    }
    assert_int_equal(venue.index, 5);
    assert_false(approval_venue_leg(&move, 3, &venue));
    move.source_venue = 0; /* idle, and stays idle there: it only crosses */
    move.target_venue = 0;
    assert_true(approval_venue_leg(&move, 0, &venue));
    assert_int_equal(venue.act, APPROVAL_CROSSES);
    assert_false(approval_venue_leg(&move, 1, &venue));
    move.target_domain = move.source_domain;
    assert_false(approval_venue_leg(&move, 0, &venue));
}

static void every_part_of_a_move_across_is_signed_and_comes_back(void **state)
{
    (void)state;
    const struct approval first = approval_across();
    const struct hash signed_ = approval_digest(&first);
    uint8_t memory[APPROVAL_BYTES_MAX];
    struct approval back;

    for (uint32_t i = 0; i < 7; i++) {
        struct approval other = first;
        struct approval_move *move = &other.moves[1];
        move->source_venue += i == 0 ? 1u : 0u;
        move->target_venue += i == 1 ? 1u : 0u;
        move->source.bytes[31] ^= i == 2 ? 1u : 0u;
        move->target.bytes[31] ^= i == 3 ? 1u : 0u;
        move->source_domain += i == 4 ? 7u : 0u;
        move->target_domain += i == 5 ? 7u : 0u;
        move->amount = i == 6 ? amount_from_u64(77) : move->amount;
        const struct hash digest = approval_digest(&other);
        assert_false(hash_equal(&digest, &signed_));
    }
    assert_status(STATUS_OK, approval_unpack(approval_pack(&first, memory), &back));
    const struct hash digest = approval_digest(&back);
    assert_true(hash_equal(&digest, &signed_));
    assert_true(address_equal(&back.moves[1].target, &first.moves[1].target));
}

static void other_bytes_are_refused(void **state)
{
    (void)state;
    struct approval approval = approval_with_venues();
    uint8_t memory[APPROVAL_BYTES_MAX];
    struct approval back;
    const size_t count = approval_pack(&approval, memory).count;

    for (size_t cut = 0; cut < count; cut++) {
        assert_status(STATUS_MALFORMED, approval_unpack(bytes_from(memory, cut), &back));
    }
    memory[count] = 0;
    assert_status(STATUS_MALFORMED, approval_unpack(bytes_from(memory, count + 1), &back));
    memset(memory + count, 0, 4); /* no places are not said */
    assert_status(STATUS_MALFORMED, approval_unpack(bytes_from(memory, count + 4), &back));
    memory[count + 3] = APPROVAL_PLACES_MAX + 1;
    assert_status(STATUS_MALFORMED, approval_unpack(bytes_from(memory, sizeof(memory)), &back));
    memory[0] = 1; /* another format */
    assert_status(STATUS_MALFORMED, approval_unpack(bytes_from(memory, count), &back));
    memory[0] = 2;
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
    const struct hash leg = approval_leg_id(&approval.plan_id, 0, 0);
    const struct hash next = approval_leg_id(&approval.plan_id, 0, 1);
    assert_true(hash_equal(&first, &leg));
    assert_false(hash_equal(&first, &next));
    assert_false(hash_equal(&second, &next));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_is_as_documented),
        cmocka_unit_test(what_was_packed_comes_back),
        cmocka_unit_test(every_part_of_a_venue_move_is_signed),
        cmocka_unit_test(a_venue_move_is_out_and_then_in),
        cmocka_unit_test(what_is_owed_is_paid_back_on_its_own_chain),
        cmocka_unit_test(a_move_across_is_out_over_and_in),
        cmocka_unit_test(every_part_of_a_move_across_is_signed_and_comes_back),
        cmocka_unit_test(other_bytes_are_refused),
        cmocka_unit_test(a_moves_id_names_plan_and_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
