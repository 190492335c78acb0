/* SPDX-License-Identifier: Apache-2.0 */
/* The promises of chains/chain.h, on every family of chains that has a fixture (fixtures.c).
 *
 * The main method is one life: connect, catch up, follow new blocks through a reorg, ask every
 * question, prepare, sign, broadcast and follow two legs until they are final. It is lived once in
 * peace, and then again and again with one kind of trouble on the way, and it must always end with
 * the same knowledge. One row of runs loses the first frame of all, then the second, then the
 * third. */
#include "tests/conformance/harness.h"
#include "tests/support/unit.h"

enum {
    PATIENCE_ROUNDS = 3000, /* 30 seconds */
    LEGS_COUNT = 4,
};

static const struct chain_fixture *fixture; /* the one under test */

/* ---- pieces of a life ---- */

/* Asks until the answer is OK: an answer may be unknown as long as trouble is about. */
static void ask_every_question(struct harness *harness)
{
    struct command questions[FIXTURE_QUESTIONS_MAX];
    const uint32_t count = fixture->questions(harness->world, questions);

    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t attempt = 0;; attempt++) {
            const uint32_t known = harness->answers_count;
            const enum event_kind kind = harness_answer_kind(questions[i].kind);
            harness_perform(harness, &questions[i]);
            const struct harness_answer *const answer =
                harness_await(harness, kind, known, PATIENCE_ROUNDS);
            assert_non_null(answer);
            if (harness_outcome(&answer->event) == OUTCOME_OK) {
                break;
            }
            assert_int_equal(harness_outcome(&answer->event), OUTCOME_UNKNOWN);
            assert_in_range(attempt, 0, 10);
        }
    }
}

struct journey {
    struct leg leg;
    struct intent intent;
    struct hash transaction;
};

static void prepare_leg(struct harness *harness, uint32_t number, struct journey *journey)
{
    struct command command = {.kind = COMMAND_PREPARE, .domain = harness->chain->domain};
    uint32_t known = 0;
    const struct harness_answer *answer = NULL;

    memset(journey, 0, sizeof(*journey));
    journey->leg = fixture->leg(harness->world, number);
    command.prepare = journey->leg;
    do {
        known = harness->answers_count;
        harness_perform(harness, &command);
        answer = harness_await(harness, EVENT_PREPARED, known, PATIENCE_ROUNDS);
        assert_non_null(answer);
    } while (answer->event.prepared.outcome == OUTCOME_UNKNOWN);
    assert_int_equal(answer->event.prepared.outcome, OUTCOME_OK);
    assert_true(hash_equal(&answer->event.prepared.leg_id, &journey->leg.id));
    journey->intent = (struct intent){
        .leg_id = journey->leg.id,
        .domain = journey->leg.domain,
        .key = journey->leg.key,
        .nonce = number,
        .gas_limit = answer->event.prepared.gas,
        .fee_per_gas_max = amount_from_u64(100000000000),
        .priority_fee_per_gas = amount_from_u64(1),
        .value = answer->event.prepared.value,
        .payload_digest = answer->event.prepared.payload_digest,
    };
}

static void sign_leg(struct harness *harness, struct journey *journey)
{
    struct command command = {.kind = COMMAND_SEND, .domain = harness->chain->domain};
    const uint32_t known = harness->answers_count;

    command.send.leg = journey->leg;
    command.send.intent = journey->intent;
    harness_perform(harness, &command);
    const struct harness_answer *const answer =
        harness_await(harness, EVENT_SIGNED, known, PATIENCE_ROUNDS);
    assert_non_null(answer);
    assert_int_equal(answer->event.signed_.outcome, OUTCOME_OK);
    assert_true(hash_equal(&answer->event.signed_.leg_id, &journey->leg.id));
    assert_int_equal(answer->event.signed_.nonce, journey->intent.nonce);
    journey->transaction = answer->transaction;
}

static struct command broadcast_of(const struct harness *harness, const struct journey *journey)
{
    struct command command = {.kind = COMMAND_BROADCAST, .domain = harness->chain->domain};

    command.broadcast.leg_id = journey->leg.id;
    command.broadcast.transaction = journey->transaction;
    return command;
}

static struct command follow_of(const struct harness *harness, const struct journey *journey)
{
    struct command command = {.kind = COMMAND_FOLLOW, .domain = harness->chain->domain};

    command.follow.leg_id = journey->leg.id;
    command.follow.transaction = journey->transaction;
    command.follow.key = journey->leg.key;
    command.follow.nonce = journey->intent.nonce;
    return command;
}

static void broadcast_leg(struct harness *harness, const struct journey *journey)
{
    const struct command command = broadcast_of(harness, journey);
    const struct harness_answer *answer = NULL;

    do {
        const uint32_t known = harness->answers_count;
        harness_perform(harness, &command);
        answer = harness_await(harness, EVENT_SUBMITTED, known, PATIENCE_ROUNDS);
        assert_non_null(answer);
    } while (answer->event.submitted.outcome == OUTCOME_UNKNOWN);
    assert_int_equal(answer->event.submitted.outcome, OUTCOME_OK);
    assert_true(hash_equal(&answer->event.submitted.transaction, &journey->transaction));
}

static const struct event *receipt_of(struct harness *harness, const struct journey *journey)
{
    for (uint32_t block = 0; block < 30; block++) {
        for (uint32_t i = harness->answers_count; i-- > 0;) {
            const struct event *const event = &harness->answers[i].event;
            if (event->kind == EVENT_RECEIPT &&
                hash_equal(&event->receipt.transaction, &journey->transaction)) {
                return event;
            }
        }
        harness_mine(harness);
    }
    fail_msg("no receipt");
    return NULL;
}

static void send_legs(struct harness *harness)
{
    struct journey journeys[LEGS_COUNT];

    for (uint32_t i = 0; i < LEGS_COUNT; i++) {
        prepare_leg(harness, i, &journeys[i]);
        sign_leg(harness, &journeys[i]);
        assert_int_equal(fixture->taken_of(harness->world, &journeys[i].transaction), 0);
        broadcast_leg(harness, &journeys[i]);
        const struct command follow = follow_of(harness, &journeys[i]);
        harness_perform(harness, &follow);
    }
    for (uint32_t i = 0; i < LEGS_COUNT; i++) {
        const struct event *const receipt = receipt_of(harness, &journeys[i]);
        const struct hash block =
            fixture->block_hash(harness->world, receipt->receipt.block_number);
        assert_int_equal(receipt->receipt.outcome, OUTCOME_OK);
        assert_true(receipt->receipt.succeeded);
        assert_true(hash_equal(&receipt->receipt.block_hash, &block));
        assert_true(receipt->receipt.gas_used > 0);
    }
}

/* The whole life; ends with everything final and known. */
static void live(const struct harness_trouble *trouble)
{
    struct harness *const harness = harness_open(fixture);

    harness->trouble = *trouble;
    harness_connect(harness, 0);
    harness_connect(harness, 1);
    harness_watch(harness, 1);
    harness_run(harness, 200);
    for (uint32_t i = 0; i < 4; i++) {
        (void)fixture->dispatch(harness->world);
        (void)fixture->dispatch(harness->world);
        harness_mine(harness);
        harness_mine(harness);
    }
    ask_every_question(harness);
    (void)fixture->dispatch(harness->world);
    harness_mine(harness);
    harness_mine(harness);
    fixture->reorg(harness->world, 3);
    harness_run(harness, HARNESS_ROUNDS_PER_BLOCK);
    (void)fixture->dispatch(harness->world);
    harness_mine(harness);
    send_legs(harness);
    harness->trouble = (struct harness_trouble){0};
    for (uint32_t i = 0; i < 2 * FIXTURE_FINALITY; i++) {
        harness_mine(harness);
    }
    harness_run(harness, 700); /* a head that was lost is asked for after five seconds */
    harness_assert_synchronous(harness);
    harness_close(harness);
}

/* ---- the tests ---- */

static void a_life_in_peace(void **state)
{
    (void)state;
    live(&(struct harness_trouble){0});
}

static void a_life_that_loses_one_frame_whichever_it_is(void **state)
{
    (void)state;
    for (uint32_t frame = 1; frame <= 80; frame++) {
        live(&(struct harness_trouble){.lose_frame = frame});
    }
}

static void a_life_that_loses_every_third_frame(void **state)
{
    (void)state;
    live(&(struct harness_trouble){.lose_every = 3});
}

static void a_life_of_repeated_frames(void **state)
{
    (void)state;
    live(&(struct harness_trouble){.repeats_frames = true});
}

static void a_life_of_reordered_frames(void **state)
{
    (void)state;
    live(&(struct harness_trouble){.reorders_frames = true});
}

static void a_life_among_damaged_frames(void **state)
{
    (void)state;
    live(&(struct harness_trouble){.damages_frames = true});
}

static void a_life_with_frames_from_the_wrong_endpoint(void **state)
{
    (void)state;
    live(&(struct harness_trouble){.crosses_frames = true});
}

static void a_life_of_all_troubles(void **state)
{
    (void)state;
    live(&(struct harness_trouble){.lose_every = 7,
                                   .repeats_frames = true,
                                   .reorders_frames = true,
                                   .damages_frames = true,
                                   .crosses_frames = true});
}

static void silence_makes_every_answer_unknown(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(fixture);
    struct command questions[FIXTURE_QUESTIONS_MAX];
    const uint32_t count = fixture->questions(harness->world, questions);

    harness_connect(harness, 0);
    harness_run(harness, 100);
    harness->trouble.is_silent = true;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t known = harness->answers_count;
        harness_perform(harness, &questions[i]);
        const struct harness_answer *const answer =
            harness_await(harness, harness_answer_kind(questions[i].kind), known, PATIENCE_ROUNDS);
        assert_non_null(answer);
        assert_int_equal(harness_outcome(&answer->event), OUTCOME_UNKNOWN);
    }
    harness_close(harness);
}

static void without_any_endpoint_answers_are_unknown(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(fixture);
    struct command questions[FIXTURE_QUESTIONS_MAX];
    const uint32_t count = fixture->questions(harness->world, questions);

    for (uint32_t i = 0; i < count; i++) {
        harness_perform(harness, &questions[i]);
    }
    harness_run(harness, 2000);
    assert_int_equal(harness->answers_count, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(harness_outcome(&harness->answers[i].event), OUTCOME_UNKNOWN);
    }
    harness_close(harness);
}

static enum endpoint_state last_state(const struct harness *harness, uint32_t endpoint)
{
    enum endpoint_state state = 0;

    for (uint32_t i = 0; i < harness->answers_count; i++) {
        const struct event *const event = &harness->answers[i].event;
        if (event->kind == EVENT_ENDPOINT && event->endpoint.endpoint_index == endpoint &&
            event->endpoint.state != ENDPOINT_MALFORMED) {
            state = event->endpoint.state;
        }
    }
    return state;
}

static void a_bad_endpoint_is_named_and_not_used(void **state)
{
    (void)state;
    static const struct {
        enum fixture_identity identity;
        enum endpoint_state state;
    } cases[] = {
        {FIXTURE_OTHER_CHAIN, ENDPOINT_WRONG_CHAIN},
        {FIXTURE_NO_CONTRACT, ENDPOINT_MISSING_CONTRACT},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct harness *const harness = harness_open(fixture);
        fixture->identify(harness->world, 0, cases[i].identity);
        harness_connect(harness, 0);
        harness_watch(harness, 1);
        harness_run(harness, 500);
        assert_int_equal(last_state(harness, 0), cases[i].state);
        assert_int_equal(harness->blocks_count, 0);
        /* The other endpoint is good, and does all. */
        harness_connect(harness, 1);
        harness_run(harness, 500);
        assert_int_equal(last_state(harness, 1), ENDPOINT_CONNECTED);
        harness_mine(harness);
        harness_run(harness, 500);
        harness_assert_synchronous(harness);
        harness_close(harness);
    }
}

static void the_second_endpoint_takes_over(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(fixture);

    harness_connect(harness, 0);
    harness_connect(harness, 1);
    harness_watch(harness, 1);
    harness_run(harness, 300);
    for (uint32_t i = 0; i < 8; i++) {
        (void)fixture->dispatch(harness->world);
        if (i == 3) {
            harness_lose(harness, 0);
            assert_int_equal(last_state(harness, 0), ENDPOINT_CONNECTED);
        }
        if (i == 6) {
            harness_connect(harness, 0);
            harness_run(harness, 50);
            harness_lose(harness, 1);
        }
        harness_mine(harness);
    }
    harness_run(harness, 700);
    assert_int_equal(last_state(harness, 1), ENDPOINT_LOST);
    assert_int_equal(last_state(harness, 0), ENDPOINT_CONNECTED);
    harness_assert_synchronous(harness);
    harness_close(harness);
}

static void a_reorg_gives_the_blocks_above_the_ancestor_anew(void **state)
{
    (void)state;
    for (uint32_t depth = 1; depth < FIXTURE_FINALITY; depth++) {
        struct harness *const harness = harness_open(fixture);
        harness_connect(harness, 0);
        harness_watch(harness, 1);
        harness_run(harness, 300);
        for (uint32_t i = 0; i < 8; i++) {
            (void)fixture->dispatch(harness->world);
            harness_mine(harness);
        }
        assert_int_equal(harness->reorgs, 0);
        fixture->reorg(harness->world, depth);
        harness_run(harness, 300);
        assert_int_equal(harness->reorgs, depth);
        harness_assert_synchronous(harness);
        harness_close(harness);
    }
}

static void watching_again_rewinds(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(fixture);

    harness_connect(harness, 0);
    harness_watch(harness, 1);
    harness_run(harness, 300);
    harness_mine(harness);
    harness_assert_synchronous(harness);
    harness_watch(harness, 1);
    harness_run(harness, 300);
    harness_assert_synchronous(harness);
    harness_close(harness);
}

static void watching_begins_where_it_is_told(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(fixture);

    harness_connect(harness, 0);
    harness_watch(harness, FIXTURE_HISTORY + 3); /* not there yet */
    harness_run(harness, 300);
    assert_int_equal(harness->blocks_count, 0);
    for (uint32_t i = 0; i < 4; i++) {
        harness_mine(harness);
    }
    assert_int_equal(harness->blocks_count, 2);
    assert_int_equal(harness->blocks[0].number, FIXTURE_HISTORY + 3);
    harness_close(harness);
}

static void a_refused_simulation_says_why(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(fixture);
    struct command command = {.kind = COMMAND_PREPARE, .domain = harness->chain->domain};
    static const char words[] = "Mailbox: already delivered";

    harness_connect(harness, 0);
    harness_run(harness, 100);
    fixture->refuse(harness->world, words);
    command.prepare = fixture->leg(harness->world, 0);
    harness_perform(harness, &command);
    /* The reason is borrowed: it is read as the event comes. */
    for (uint32_t i = 0; i < PATIENCE_ROUNDS; i++) {
        struct event event;
        harness->now.ns += HARNESS_ROUND_MS * UINT64_C(1000000);
        struct chain_request request;
        struct bytes frame;
        while (chain_next_request(harness->chain, &request)) {
            fixture->take(harness->world, request.frame.endpoint_index, request.frame.bytes);
        }
        while (fixture->give(harness->world, 0, &frame)) {
            const struct chain_reply reply = {.kind = CHAIN_REPLY_FRAME, .frame = frame};
            chain_on_reply(harness->chain, &reply, harness->now);
        }
        while (chain_next_event(harness->chain, &event)) {
            if (event.kind == EVENT_PREPARED) {
                assert_int_equal(event.prepared.outcome, OUTCOME_REFUSED);
                assert_true(
                    bytes_have_prefix(event.prepared.reason, bytes_from_string(words)) ||
                    bytes_have_prefix(event.prepared.reason,
                                      bytes_from_string("execution reverted: Mailbox: already")));
                harness_close(harness);
                return;
            }
        }
    }
    fail_msg("no answer");
}

static void another_payload_than_the_prepared_is_not_signed(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(fixture);
    struct command command = {.kind = COMMAND_SEND, .domain = harness->chain->domain};
    struct journey journey;

    harness_connect(harness, 0);
    harness_run(harness, 100);
    prepare_leg(harness, 0, &journey);
    command.send.leg = journey.leg;
    command.send.intent = journey.intent;
    command.send.intent.payload_digest.bytes[7] ^= 1;
    const uint32_t known = harness->answers_count;
    harness_perform(harness, &command);
    const struct harness_answer *answer =
        harness_await(harness, EVENT_SIGNED, known, PATIENCE_ROUNDS);
    assert_non_null(answer);
    assert_int_equal(answer->event.signed_.outcome, OUTCOME_REFUSED);
    assert_int_equal(harness->signs_asked, 0);
    harness_close(harness);
}

static void a_signer_that_is_silent_is_asked_again_and_then_unknown(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(fixture);
    struct command command = {.kind = COMMAND_SEND, .domain = harness->chain->domain};
    struct journey journey;

    harness_connect(harness, 0);
    harness_run(harness, 100);
    prepare_leg(harness, 0, &journey);
    command.send.leg = journey.leg;
    command.send.intent = journey.intent;
    harness->trouble.is_signer_silent = true;
    const uint32_t known = harness->answers_count;
    harness_perform(harness, &command);
    const struct harness_answer *answer =
        harness_await(harness, EVENT_SIGNED, known, PATIENCE_ROUNDS);
    assert_non_null(answer);
    assert_int_equal(answer->event.signed_.outcome, OUTCOME_UNKNOWN);
    assert_true(harness->signs_asked > 1);
    /* Sent again, it is signed, and it is the same transaction each time it is. */
    harness->trouble.is_signer_silent = false;
    sign_leg(harness, &journey);
    const struct hash first = journey.transaction;
    sign_leg(harness, &journey);
    assert_true(hash_equal(&first, &journey.transaction));
    harness_close(harness);
}

static void a_signature_of_another_key_is_not_used(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(fixture);
    struct command command = {.kind = COMMAND_SEND, .domain = harness->chain->domain};
    struct journey journey;

    harness_connect(harness, 0);
    harness_run(harness, 100);
    prepare_leg(harness, 0, &journey);
    command.send.leg = journey.leg;
    command.send.intent = journey.intent;
    harness->trouble.is_signer_silent = true;
    const uint32_t known = harness->answers_count;
    harness_perform(harness, &command);
    harness_run(harness, 2);
    struct chain_reply reply = {.kind = CHAIN_REPLY_SIGNED};
    reply.signed_.leg_id = journey.leg.id;
    reply.signed_.outcome = OUTCOME_OK;
    /* Well-formed, but over other bytes: it recovers to another account. */
    const struct chain_request other = {.kind = CHAIN_REQUEST_SIGN,
                                        .sign = {.transaction = bytes_from_string("other")}};
    reply.signed_.signature = fixture->sign(harness->world, &other);
    chain_on_reply(harness->chain, &reply, harness->now);
    const struct harness_answer *answer =
        harness_await(harness, EVENT_SIGNED, known, PATIENCE_ROUNDS);
    assert_non_null(answer);
    assert_int_equal(answer->event.signed_.outcome, OUTCOME_UNKNOWN);
    harness_close(harness);
}

static void what_is_not_held_is_not_broadcast(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(fixture);
    struct journey journey;

    harness_connect(harness, 0);
    harness_run(harness, 100);
    prepare_leg(harness, 0, &journey);
    sign_leg(harness, &journey);
    struct journey other = journey;
    other.transaction.bytes[0] ^= 1;
    const struct command commands[] = {broadcast_of(harness, &other)};
    const uint32_t known = harness->answers_count;
    harness_perform(harness, &commands[0]);
    const struct harness_answer *answer =
        harness_await(harness, EVENT_SUBMITTED, known, PATIENCE_ROUNDS);
    assert_non_null(answer);
    assert_int_equal(answer->event.submitted.outcome, OUTCOME_ABSENT);
    assert_int_equal(fixture->taken(harness->world), 0);
    harness_close(harness);
}

static void a_broadcast_goes_to_every_good_endpoint_and_only_then(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(fixture);
    struct journey journey;

    harness_connect(harness, 0);
    harness_connect(harness, 1);
    harness_run(harness, 100);
    prepare_leg(harness, 0, &journey);
    sign_leg(harness, &journey);
    harness_run(harness, 500);
    assert_int_equal(fixture->taken(harness->world), 0); /* promise 5 */
    broadcast_leg(harness, &journey);
    harness_run(harness, 10);
    assert_int_equal(fixture->taken_of(harness->world, &journey.transaction), 2);
    /* Again: endpoints know it, which is as good. */
    broadcast_leg(harness, &journey);
    harness_close(harness);
}

static void a_transaction_whose_nonce_was_used_is_absent(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(fixture);
    struct journey first;
    struct journey second;

    harness_connect(harness, 0);
    harness_watch(harness, 1);
    harness_run(harness, 300);
    prepare_leg(harness, 0, &first);
    prepare_leg(harness, 1, &second);
    second.intent.nonce = 0; /* replaces the first */
    sign_leg(harness, &first);
    sign_leg(harness, &second);
    const struct command follows[] = {follow_of(harness, &first), follow_of(harness, &second)};
    harness_perform(harness, &follows[0]);
    harness_perform(harness, &follows[1]);
    broadcast_leg(harness, &second);
    assert_int_equal(receipt_of(harness, &second)->receipt.outcome, OUTCOME_OK);
    const struct event *const lost = receipt_of(harness, &first);
    assert_int_equal(lost->receipt.outcome, OUTCOME_ABSENT);
    harness_close(harness);
}

static void a_receipt_that_a_reorg_takes_is_found_again(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(fixture);
    struct journey journey;

    harness_connect(harness, 0);
    harness_watch(harness, 1);
    harness_run(harness, 300);
    prepare_leg(harness, 0, &journey);
    sign_leg(harness, &journey);
    broadcast_leg(harness, &journey);
    const struct command follow = follow_of(harness, &journey);
    harness_perform(harness, &follow);
    const struct event first = *receipt_of(harness, &journey);
    fixture->reorg(harness->world, 2);
    harness_run(harness, 300);
    /* The core asks again, and the transaction goes out again. */
    harness_perform(harness, &follow);
    broadcast_leg(harness, &journey);
    for (uint32_t i = 0; i < 5; i++) {
        harness_mine(harness);
    }
    const struct event second = *receipt_of(harness, &journey);
    assert_false(hash_equal(&first.receipt.block_hash, &second.receipt.block_hash));
    const struct hash block = fixture->block_hash(harness->world, second.receipt.block_number);
    assert_true(hash_equal(&second.receipt.block_hash, &block));
    harness_close(harness);
}

static void too_much_at_once_is_full_and_not_lost(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(fixture);
    struct command questions[FIXTURE_QUESTIONS_MAX];
    bool was_full = false;
    uint32_t taken = 0;

    (void)fixture->questions(harness->world, questions);
    harness_connect(harness, 0);
    harness_run(harness, 100);
    const uint32_t known = harness->answers_count;
    for (uint32_t i = 0; i < 100; i++) {
        const enum status status = chain_perform(harness->chain, &questions[i % 4]);
        assert_true(status == STATUS_OK || status == STATUS_FULL);
        was_full |= status == STATUS_FULL;
        taken += status == STATUS_OK ? 1 : 0;
    }
    assert_true(was_full);
    harness_run(harness, 500);
    assert_int_equal(harness->answers_count - known, taken);
    harness_close(harness);
}

static void other_commands_are_not_the_adapters(void **state)
{
    (void)state;
    static const enum command_kind kinds[] = {
        COMMAND_FETCH_CHECKPOINT,
        COMMAND_SIGN_CHECKPOINT,
        COMMAND_SIGN_ANNOUNCEMENT,
        COMMAND_PUBLISH_CHECKPOINT,
        COMMAND_PUBLISH_ANNOUNCEMENT,
        COMMAND_PLAN,
        COMMAND_WAKE,
        COMMAND_NOTE,
    };
    struct harness *const harness = harness_open(fixture);

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct command command = {.kind = kinds[i], .domain = harness->chain->domain};
        assert_status(STATUS_UNSUPPORTED, chain_perform(harness->chain, &command));
    }
    harness_close(harness);
}

static void no_mailbox(struct core_config *core, struct chain_config *config)
{
    (void)config;
    memset(&core->chains[0].mailbox, 0, sizeof(core->chains[0].mailbox));
}

static void no_deadline(struct core_config *core, struct chain_config *config)
{
    (void)core;
    config->request_deadline.ns = 0;
}

static void no_endpoint(struct core_config *core, struct chain_config *config)
{
    (void)core;
    config->endpoints_count = 0;
}

static void no_depth(struct core_config *core, struct chain_config *config)
{
    (void)core;
    config->finality = FINALITY_DEPTH;
    config->finality_blocks = 0;
}

static void no_legs(struct core_config *core, struct chain_config *config)
{
    (void)core;
    config->legs_open_max = 0;
}

static void a_configuration_out_of_bounds_is_refused(void **state)
{
    (void)state;
    void (*const changes[])(struct core_config *, struct chain_config *) = {
        no_mailbox, no_deadline, no_endpoint, no_depth, no_legs,
    };

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct harness *const harness = harness_open_with(fixture, changes[i]);
        assert_null(harness->chain);
        harness_close(harness);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life_in_peace),
        cmocka_unit_test(a_life_that_loses_one_frame_whichever_it_is),
        cmocka_unit_test(a_life_that_loses_every_third_frame),
        cmocka_unit_test(a_life_of_repeated_frames),
        cmocka_unit_test(a_life_of_reordered_frames),
        cmocka_unit_test(a_life_among_damaged_frames),
        cmocka_unit_test(a_life_with_frames_from_the_wrong_endpoint),
        cmocka_unit_test(a_life_of_all_troubles),
        cmocka_unit_test(silence_makes_every_answer_unknown),
        cmocka_unit_test(without_any_endpoint_answers_are_unknown),
        cmocka_unit_test(a_bad_endpoint_is_named_and_not_used),
        cmocka_unit_test(the_second_endpoint_takes_over),
        cmocka_unit_test(a_reorg_gives_the_blocks_above_the_ancestor_anew),
        cmocka_unit_test(watching_again_rewinds),
        cmocka_unit_test(watching_begins_where_it_is_told),
        cmocka_unit_test(a_refused_simulation_says_why),
        cmocka_unit_test(another_payload_than_the_prepared_is_not_signed),
        cmocka_unit_test(a_signer_that_is_silent_is_asked_again_and_then_unknown),
        cmocka_unit_test(a_signature_of_another_key_is_not_used),
        cmocka_unit_test(what_is_not_held_is_not_broadcast),
        cmocka_unit_test(a_broadcast_goes_to_every_good_endpoint_and_only_then),
        cmocka_unit_test(a_transaction_whose_nonce_was_used_is_absent),
        cmocka_unit_test(a_receipt_that_a_reorg_takes_is_found_again),
        cmocka_unit_test(too_much_at_once_is_full_and_not_lost),
        cmocka_unit_test(other_commands_are_not_the_adapters),
        cmocka_unit_test(a_configuration_out_of_bounds_is_refused),
    };
    int failed = 0;

    for (uint32_t i = 0; chain_fixtures[i] != NULL; i++) {
        fixture = chain_fixtures[i];
        failed += cmocka_run_group_tests_name(fixture->name, tests, NULL, NULL);
    }
    return failed;
}
