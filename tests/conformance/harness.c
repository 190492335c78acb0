/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/harness.h"

#include <stdio.h>
#include <stdlib.h>

#include "relay/base/digest.h"
#include "tests/support/unit.h"

enum { PATIENCE_ROUNDS = 3000 }; /* for an answer that must come */

static uint64_t draw(struct harness *harness, uint64_t below)
{
    harness->random = harness->random * 6364136223846793005u + 1442695040888963407u;
    return (harness->random >> 33) % below;
}

struct harness *harness_open_with(const struct chain_fixture *fixture,
                                  void (*change)(struct core_config *, struct chain_config *))
{
    struct harness *const harness = calloc(1, sizeof(*harness));

    assert_non_null(harness);
    harness->fixture = fixture;
    harness->random = 1;
    harness->now.ns = 1000000000;
    harness->world = fixture->open();
    fixture->configure(harness->world, &harness->core, &harness->config);
    if (change != NULL) {
        change(&harness->core, &harness->config);
    }
    const size_t size = chain_footprint(fixture->ops, &harness->config);
    if (size > 0) {
        harness->memory = calloc(1, size);
        assert_non_null(harness->memory);
        if (chain_init(fixture->ops, harness->memory, &harness->config, &harness->chain) !=
            STATUS_OK) {
            assert_null(harness->chain);
        }
    }
    return harness;
}

struct harness *harness_open(const struct chain_fixture *fixture)
{
    struct harness *const harness = harness_open_with(fixture, NULL);

    assert_non_null(harness->chain);
    chain_tick(harness->chain, harness->now);
    return harness;
}

void harness_close(struct harness *harness)
{
    chain_deinit(harness->chain);
    for (uint32_t i = 0; i < HARNESS_KEPT_FRAMES; i++) {
        free(harness->kept[i]);
    }
    harness->fixture->close(harness->world);
    free(harness->memory);
    free(harness);
}

/* ---- events ---- */

static void take_fact(struct harness *harness, const struct fact *fact)
{
    const bool is_later = fact->block_number > harness->last_fact_number ||
                          (fact->block_number == harness->last_fact_number &&
                           fact->log_index > harness->last_fact_index);

    /* Promise 1, within a block or range: oldest first. */
    assert_true(harness->open.number == 0 || is_later);
    harness->open.number = fact->block_number;
    harness->open.hash = fact->block_hash;
    harness->last_fact_number = fact->block_number;
    harness->last_fact_index = fact->log_index;
    /* Promise 2: the hash is the block's own, on this branch or one that was. */
    assert_false(hash_is_zero(&fact->block_hash));
    if (fact->kind == FACT_DISPATCH) {
        assert_in_range(harness->open.messages_count, 0, 63);
        harness->open.messages[harness->open.messages_count++] = keccak256(fact->dispatch.message);
    }
}

static void take_block(struct harness *harness, const struct event *event)
{
    struct harness_block block = harness->open;

    /* Promise 1: facts belong to this block, or to the range that ends with it. */
    assert_true(harness->open.number <= event->block.number);
    block.number = event->block.number;
    block.hash = event->block.hash;
    block.is_range_end = hash_is_zero(&event->block.parent);
    if (harness->open.number != 0 && !block.is_range_end) {
        assert_true(harness->open.number == block.number);
        assert_true(hash_equal(&harness->open.hash, &block.hash)); /* promise 2 */
    }
    while (harness->blocks_count > 0 &&
           harness->blocks[harness->blocks_count - 1].number >= block.number) {
        harness->blocks_count--; /* given anew */
        harness->reorgs++;
    }
    if (harness->blocks_count > 0 && !block.is_range_end) {
        const struct harness_block *const last = &harness->blocks[harness->blocks_count - 1];
        assert_true(last->number + 1 == block.number); /* ascending, without a gap */
        assert_true(hash_equal(&last->hash, &event->block.parent));
    }
    harness->blocks[harness->blocks_count++] = block;
    memset(&harness->open, 0, sizeof(harness->open));
}

static void take_final(struct harness *harness, const struct event *event)
{
    bool is_given = false;

    for (uint32_t i = 0; i < harness->blocks_count; i++) {
        is_given |= harness->blocks[i].number == event->final.number &&
                    hash_equal(&harness->blocks[i].hash, &event->final.hash);
    }
    assert_true(is_given);
    assert_true(!harness->has_final || event->final.number > harness->final_number);
    harness->has_final = true;
    harness->final_number = event->final.number;
}

static void take_positions(struct harness *harness, const struct event *event)
{
    harness->balances_count = event->positions.balances_count;
    assert_in_range(harness->balances_count, 0, HARNESS_BALANCES_MAX);
    for (uint32_t i = 0; i < harness->balances_count; i++) {
        harness->balances[i] = event->positions.balances[i];
    }
    harness->spokes_count = event->positions.spokes_count;
    harness->venues_count = event->positions.venues_count;
    assert_in_range(harness->spokes_count, 0, HARNESS_VENUES_MAX);
    assert_in_range(harness->venues_count, 0, HARNESS_VENUES_MAX);
    for (uint32_t i = 0; i < harness->spokes_count; i++) {
        harness->spokes[i] = event->positions.spokes[i];
    }
    for (uint32_t i = 0; i < harness->venues_count; i++) {
        harness->venues[i] = event->positions.venues[i];
    }
    harness->feeds_count = event->positions.feeds_count;
    assert_in_range(harness->feeds_count, 0, HARNESS_VENUES_MAX);
    for (uint32_t i = 0; i < harness->feeds_count; i++) {
        harness->feeds[i] = event->positions.feeds[i];
    }
}

static void take_answer(struct harness *harness, const struct event *event)
{
    struct harness_answer *const answer = &harness->answers[harness->answers_count++];

    if (event->kind == EVENT_POSITIONS) {
        take_positions(harness, event);
    }

    assert_in_range(harness->answers_count, 0, HARNESS_ANSWERS_MAX - 1);
    answer->event = *event;
    if (event->kind == EVENT_SIGNED) {
        answer->transaction = event->signed_.transaction;
    }
    if (event->kind == EVENT_SIGNED && event->signed_.outcome == OUTCOME_OK) {
        harness->signed_transactions[harness->signed_count++] = event->signed_.transaction;
    }
}

/* Promise 6: evidence is whole. */
static void take_dissent(struct harness *harness, const struct event *event)
{
    assert_in_range(harness->dissents_count, 0, HARNESS_QUORUMS_MAX - 1);
    assert_true(event->dissent.endpoint_index < FIXTURE_ENDPOINTS);
    assert_false(hash_is_zero(&event->dissent.digest));
    assert_false(hash_equal(&event->dissent.digest, &event->dissent.agreed));
    struct event *const kept = &harness->dissents[harness->dissents_count++];
    *kept = *event;
    (void)snprintf(harness->dissent_question, sizeof(harness->dissent_question), "%.*s",
                   (int)event->dissent.question.count, (const char *)event->dissent.question.data);
    (void)snprintf(harness->dissent_answer, sizeof(harness->dissent_answer), "%.*s",
                   (int)event->dissent.answer.count, (const char *)event->dissent.answer.data);
    kept->dissent.question = bytes_from(NULL, 0); /* borrowed until now */
    kept->dissent.answer = bytes_from(NULL, 0);
}

/* Promise 7: told once, before anything of the watch; then ascending, below where the watch began.
 */
static void take_past(struct harness *harness, const struct event *event)
{
    struct harness_past *const past = &harness->past;

    if (event->kind == EVENT_PASSED) {
        assert_int_equal(0, past->end);
        assert_int_equal(0, harness->blocks_count);
        assert_int_equal(0, harness->open.messages_count);
        past->end = event->passed.first;
        return;
    }
    const bool is_fact = event->kind == EVENT_PAST_FACT;
    const uint64_t number = is_fact ? event->fact.block_number : event->past_block.number;
    assert_true(number >= past->next && number < past->end);
    assert_true(number <= harness->final_number || !harness->has_final);
    past->next = is_fact ? number : number + 1;
    past->messages_count += is_fact && event->fact.kind == FACT_DISPATCH ? 1 : 0;
}

/* Promise 5: what endpoints took was signed, named and commanded. */
static void check_taken(struct harness *harness)
{
    uint32_t explained = 0;

    for (uint32_t i = 0; i < harness->broadcasts_count; i++) {
        bool is_repeat = false;
        for (uint32_t j = 0; j < i; j++) {
            is_repeat |= hash_equal(&harness->broadcasts[i], &harness->broadcasts[j]);
        }
        explained +=
            is_repeat ? 0 : harness->fixture->taken_of(harness->world, &harness->broadcasts[i]);
    }
    assert_int_equal(harness->fixture->taken(harness->world), explained);
}

static void take_events(struct harness *harness)
{
    struct event event;

    while (chain_next_event(harness->chain, &event)) {
        switch (event.kind) {
        case EVENT_FACT:
            take_fact(harness, &event.fact);
            break;
        case EVENT_BLOCK:
            take_block(harness, &event);
            break;
        case EVENT_FINAL:
            take_final(harness, &event);
            break;
        case EVENT_SECURITY:
        case EVENT_STORAGE:
        case EVENT_LOOKUP:
        case EVENT_LOOKUP_ANSWER:
        case EVENT_PREPARED:
        case EVENT_SIGNED:
        case EVENT_SUBMITTED:
        case EVENT_RECEIPT:
        case EVENT_LANE:
        case EVENT_POSITIONS:
        case EVENT_TREE:
        case EVENT_ENDPOINT:
            take_answer(harness, &event);
            break;
        case EVENT_DISSENT:
            take_dissent(harness, &event);
            break;
        case EVENT_QUORUM:
            assert_in_range(harness->quorums_count, 0, HARNESS_QUORUMS_MAX - 1);
            harness->quorums[harness->quorums_count++] = event.quorum.state;
            break;
        case EVENT_PASSED:
        case EVENT_PAST_FACT:
        case EVENT_PAST_BLOCK:
            take_past(harness, &event);
            break;
        case EVENT_CALLS:
            harness->calls_told++;
            harness->calls_last = event;
            break;
        case EVENT_START:
        case EVENT_WAKE:
        case EVENT_CHECKPOINT:
        case EVENT_CHECKPOINT_SIGNED:
        case EVENT_ANNOUNCEMENT_SIGNED:
        case EVENT_LOOKUP_SIGNED:
        case EVENT_PUBLISHED:
        case EVENT_PLANNED:
        case EVENT_OPERATOR:
        case EVENT_STOP:
            fail_msg("event %d is not an adapter's", (int)event.kind);
        }
    }
    check_taken(harness);
}

/* ---- frames ---- */

static void reply_frame(struct harness *harness, uint32_t endpoint, struct bytes frame)
{
    const struct chain_reply reply = {
        .kind = CHAIN_REPLY_FRAME, .endpoint_index = endpoint, .frame = frame};

    chain_on_reply(harness->chain, &reply, harness->now);
}

static void give_damaged(struct harness *harness, uint32_t endpoint, struct bytes frame)
{
    uint8_t *const copy = malloc(frame.count + 1);

    assert_non_null(copy);
    memcpy(copy, frame.data, frame.count);
    size_t count = frame.count;
    switch (draw(harness, 4)) {
    case 0:
        count = draw(harness, count + 1); /* cut short */
        break;
    case 1:
        copy[draw(harness, count)] ^= (uint8_t)(1u << draw(harness, 8));
        /* A changed digit could be an honest answer; only what cannot be one is given. */
        copy[0] ^= 0x80;
        break;
    case 2:
        memset(copy, '[', count);
        break;
    default: /* not an enum */
        copy[count++] = '}';
        break;
    }
    reply_frame(harness, endpoint, bytes_from(copy, count));
    free(copy);
}

static void keep_frame(struct harness *harness, struct bytes frame)
{
    const uint32_t at = harness->kept_next++ % HARNESS_KEPT_FRAMES;

    free(harness->kept[at]);
    harness->kept[at] = malloc(frame.count + 1);
    assert_non_null(harness->kept[at]);
    memcpy(harness->kept[at], frame.data, frame.count);
    harness->kept_bytes[at] = frame.count;
}

static void deliver(struct harness *harness, uint32_t endpoint, struct bytes frame)
{
    const struct harness_trouble *const trouble = &harness->trouble;

    harness->frames_seen++;
    if (trouble->is_silent || harness->frames_seen == trouble->lose_frame ||
        (trouble->lose_every > 0 && harness->frames_seen % trouble->lose_every == 0)) {
        return;
    }
    if (trouble->damages_frames) {
        give_damaged(harness, endpoint, frame);
    }
    if (trouble->crosses_frames) {
        reply_frame(harness, (endpoint + 1) % FIXTURE_CONFIGURED, frame);
    }
    reply_frame(harness, endpoint, frame);
    if (trouble->repeats_frames) {
        reply_frame(harness, endpoint, frame);
        const uint32_t old = (uint32_t)draw(harness, HARNESS_KEPT_FRAMES);
        if (harness->kept[old] != NULL) {
            reply_frame(harness, endpoint,
                        bytes_from(harness->kept[old], harness->kept_bytes[old]));
        }
        keep_frame(harness, frame);
    }
}

static void carry_frames(struct harness *harness)
{
    for (uint32_t endpoint = 0; endpoint < FIXTURE_ENDPOINTS; endpoint++) {
        struct bytes frames[64];
        uint8_t *copies[64];
        uint32_t count = 0;
        struct bytes frame;
        while (count < 64 && harness->fixture->give(harness->world, endpoint, &frame)) {
            copies[count] = malloc(frame.count + 1);
            assert_non_null(copies[count]);
            memcpy(copies[count], frame.data, frame.count);
            frames[count] = bytes_from(copies[count], frame.count);
            count++;
        }
        for (uint32_t i = 0; i < count; i++) {
            const uint32_t at = harness->trouble.reorders_frames ? count - 1 - i : i;
            deliver(harness, endpoint, frames[at]);
        }
        for (uint32_t i = 0; i < count; i++) {
            free(copies[i]);
        }
    }
}

static void take_requests(struct harness *harness)
{
    struct chain_request request;

    while (chain_next_request(harness->chain, &request)) {
        if (request.kind == CHAIN_REQUEST_FRAME) {
            assert_true(harness->is_connected[request.frame.endpoint_index]);
            harness->fixture->take(harness->world, request.frame.endpoint_index,
                                   request.frame.bytes);
            continue;
        }
        harness->signs_asked++;
        if (harness->trouble.is_signer_silent) {
            continue;
        }
        struct chain_reply reply = {.kind = CHAIN_REPLY_SIGNED};
        reply.signed_.leg_id = request.sign.leg_id;
        reply.signed_.attempt = request.sign.attempt;
        reply.signed_.outcome = OUTCOME_OK;
        reply.signed_.signature = harness->fixture->sign(harness->world, &request);
        chain_on_reply(harness->chain, &reply, harness->now);
    }
}

void harness_run(struct harness *harness, uint32_t rounds)
{
    for (uint32_t i = 0; i < rounds; i++) {
        harness->now.ns += HARNESS_ROUND_MS * UINT64_C(1000000);
        carry_frames(harness);
        take_events(harness);
        if (instant_is_past(chain_next_tick(harness->chain), harness->now)) {
            chain_tick(harness->chain, harness->now);
        }
        take_events(harness);
        take_requests(harness);
    }
}

void harness_connect(struct harness *harness, uint32_t endpoint)
{
    const struct chain_reply reply = {.kind = CHAIN_REPLY_CONNECTED, .endpoint_index = endpoint};

    harness->is_connected[endpoint] = true;
    harness->fixture->connect(harness->world, endpoint);
    chain_on_reply(harness->chain, &reply, harness->now);
}

void harness_lose(struct harness *harness, uint32_t endpoint)
{
    const struct chain_reply reply = {.kind = CHAIN_REPLY_LOST, .endpoint_index = endpoint};

    harness->is_connected[endpoint] = false;
    harness->fixture->connect(harness->world, endpoint);
    chain_on_reply(harness->chain, &reply, harness->now);
}

void harness_watch(struct harness *harness, uint64_t from_block)
{
    struct watch watch = harness->recalled;

    watch.from_block = from_block;
    harness_watch_as(harness, &watch);
}

void harness_watch_as(struct harness *harness, const struct watch *watch)
{
    const struct command command = {
        .kind = COMMAND_WATCH, .domain = harness->chain->domain, .watch = *watch};

    assert_status(STATUS_OK, chain_perform(harness->chain, &command));
    harness->blocks_count = 0;
    harness->past = (struct harness_past){.next = watch->past_first,
                                          .end = watch->past_last > 0 ? watch->past_last + 1 : 0};
    harness->has_final = false;
    memset(&harness->open, 0, sizeof(harness->open));
}

void harness_perform(struct harness *harness, const struct command *command)
{
    enum status status = chain_perform(harness->chain, command);

    for (uint32_t i = 0; i < 10000 && status == STATUS_FULL; i++) {
        harness_run(harness, 1);
        status = chain_perform(harness->chain, command);
    }
    assert_status(STATUS_OK, status);
    if (command->kind == COMMAND_BROADCAST) {
        harness->broadcasts[harness->broadcasts_count++] = command->broadcast.transaction;
    }
}

void harness_mine(struct harness *harness)
{
    harness->fixture->mine(harness->world);
    harness_run(harness, HARNESS_ROUNDS_PER_BLOCK);
}

const struct harness_answer *harness_await(struct harness *harness, enum event_kind kind,
                                           uint32_t known, uint32_t rounds)
{
    for (uint32_t round = 0; round <= rounds; round++) {
        for (uint32_t i = known; i < harness->answers_count; i++) {
            if (harness->answers[i].event.kind == kind) {
                return &harness->answers[i];
            }
        }
        harness_run(harness, 1);
    }
    return NULL;
}

const struct harness_answer *harness_ask(struct harness *harness, const struct command *command,
                                         enum event_kind kind)
{
    const uint32_t known = harness->answers_count;

    harness_perform(harness, command);
    const struct harness_answer *const answer =
        harness_await(harness, kind, known, PATIENCE_ROUNDS);
    assert_non_null(answer);
    return answer;
}

void harness_assert_synchronous(struct harness *harness)
{
    const struct chain_fixture *const fixture = harness->fixture;
    const uint64_t head = fixture->head(harness->world);
    uint64_t next = 1;

    assert_true(harness->blocks_count > 0);
    assert_true(harness->blocks[harness->blocks_count - 1].number == head);
    for (uint32_t i = 0; i < harness->blocks_count; i++) {
        const struct harness_block *const told = &harness->blocks[i];
        const struct hash hash = fixture->block_hash(harness->world, told->number);
        struct hash wanted[64];
        uint32_t wanted_count = 0;
        assert_true(hash_equal(&told->hash, &hash));
        for (; next <= told->number; next++) {
            wanted_count +=
                fixture->dispatched(harness->world, next, wanted + wanted_count, 64 - wanted_count);
        }
        assert_int_equal(told->messages_count, wanted_count);
        assert_memory_equal(told->messages, wanted, wanted_count * sizeof(wanted[0]));
    }
    assert_true(harness->has_final);
    assert_true(harness->final_number == head - FIXTURE_FINALITY);
}

enum event_kind harness_answer_kind(enum command_kind kind)
{
    if (kind == COMMAND_READ_SECURITY) {
        return EVENT_SECURITY;
    }
    if (kind == COMMAND_READ_STORAGE) {
        return EVENT_STORAGE;
    }
    if (kind == COMMAND_READ_TREE) {
        return EVENT_TREE;
    }
    if (kind == COMMAND_READ_LANE) {
        return EVENT_LANE;
    }
    if (kind == COMMAND_READ_LOOKUP) {
        return EVENT_LOOKUP;
    }
    assert_int_equal(kind, COMMAND_READ_POSITIONS);
    return EVENT_POSITIONS;
}

enum outcome harness_outcome(const struct event *event)
{
    if (event->kind == EVENT_SECURITY) {
        return event->security.outcome;
    }
    if (event->kind == EVENT_STORAGE) {
        return event->storage.outcome;
    }
    if (event->kind == EVENT_TREE) {
        return event->tree.outcome;
    }
    if (event->kind == EVENT_LANE) {
        return event->lane.outcome;
    }
    assert_int_equal(event->kind, EVENT_POSITIONS);
    return event->positions.outcome;
}
