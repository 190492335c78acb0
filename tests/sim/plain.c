/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/plain.h"

#include <string.h>

#include "relay/base/check.h"
#include "tests/sim/plain_internal.h"

#define HEAD_ASKED_EVERY DURATION_MS(5000)

/* ---- memory ---- */

static size_t rounded(size_t count)
{
    const size_t align = _Alignof(max_align_t);

    return (count + align - 1) / align * align;
}

static size_t plain_footprint(const struct chain_config *config)
{
    const size_t frame = rounded(config->frame_bytes_max);

    /* One endpoint is asked at a time: a family that wants quorums needs another adapter. */
    if (config->frame_bytes_max < PLAIN_FRAME_BYTES_MIN || config->requests_open_max == 0 ||
        config->legs_open_max == 0 || config->finality_blocks == 0 || config->quorum != 1 ||
        config->endpoints_count == 0 || config->request_deadline.ns == 0) {
        return 0;
    }
    return rounded(sizeof(struct plain)) + 2 * frame +
           config->requests_open_max * (rounded(sizeof(struct plain_job)) + 2 * frame) +
           config->legs_open_max * (rounded(sizeof(struct plain_leg)) + frame);
}

static uint8_t *carve(uint8_t **memory, size_t count)
{
    uint8_t *const carved = *memory;

    *memory += rounded(count);
    return carved;
}

static enum status plain_init(void *memory, const struct chain_config *config,
                              struct chain **ret_chain)
{
    uint8_t *rest = memory;
    struct plain *const plain = (void *)carve(&rest, sizeof(struct plain));

    if (address_is_zero(&config->core->chains[config->chain_index].mailbox)) {
        return STATUS_MALFORMED;
    }
    plain->config = *config;
    plain->config.core = NULL;
    plain->self = config->core->chains[config->chain_index];
    plain->chain.ops = &plain_chain_ops;
    plain->chain.domain = plain->self.domain;
    plain->chain.endpoints_count = config->endpoints_count;
    plain->primary = PLAIN_NO_ENDPOINT;
    plain->frame = carve(&rest, config->frame_bytes_max);
    plain->block_bytes = carve(&rest, config->frame_bytes_max);
    plain->jobs = (void *)carve(&rest, config->requests_open_max * sizeof(struct plain_job));
    plain->legs = (void *)carve(&rest, config->legs_open_max * sizeof(struct plain_leg));
    for (uint32_t i = 0; i < config->requests_open_max; i++) {
        plain->jobs[i].question = carve(&rest, config->frame_bytes_max);
        plain->jobs[i].answer = carve(&rest, config->frame_bytes_max);
    }
    for (uint32_t i = 0; i < config->legs_open_max; i++) {
        plain->legs[i].bytes = carve(&rest, config->frame_bytes_max);
    }
    CHECK(rest <= (uint8_t *)memory + plain_footprint(config));
    *ret_chain = &plain->chain;
    return STATUS_OK;
}

static void plain_deinit(struct chain *chain)
{
    (void)chain; /* it took nothing and holds no secret */
}

static void stir(struct plain *plain)
{
    plain->events_idle = false;
    plain->requests_idle = false;
    plain->next_tick_known = false;
}

/* ---- questions ---- */

void plain_ask_start(struct plain_ask *ask)
{
    *ask = (struct plain_ask){.wanted = true};
}

bool plain_ask_again(struct plain *plain, struct plain_ask *ask)
{
    ask->sent = false;
    ask->tries++;
    plain->chain.counters.calls_repeated++;
    return ask->tries < PLAIN_TRIES_MAX;
}

static struct bytes write_question(struct plain *plain, struct plain_ask *ask, enum plain_kind kind,
                                   struct bytes body)
{
    struct packer packer = packer_from(plain->frame, plain->config.frame_bytes_max);

    ask->sent = true;
    ask->id = ++plain->ids;
    ask->deadline = instant_after(plain->now, plain->config.request_deadline);
    plain->chain.counters.calls_sent++;
    pack_u8(&packer, (uint8_t)kind);
    pack_u64(&packer, ask->id);
    pack_raw(&packer, body);
    return packer_finish(&packer);
}

static bool wants(const struct plain_ask *ask)
{
    return ask->wanted && !ask->sent;
}

static bool next_watch_question(struct plain *plain, struct bytes *ret_frame)
{
    uint8_t number[8];
    struct packer packer = packer_from(number, sizeof(number));

    if (wants(&plain->head_ask)) {
        *ret_frame = write_question(plain, &plain->head_ask, PLAIN_HEAD, (struct bytes){0});
        return true;
    }
    if (wants(&plain->block_ask)) {
        pack_u64(&packer, plain->next);
        *ret_frame = write_question(plain, &plain->block_ask, PLAIN_BLOCK, packer_finish(&packer));
        return true;
    }
    return false;
}

static bool next_question(struct plain *plain, struct bytes *ret_frame)
{
    if (next_watch_question(plain, ret_frame)) {
        return true;
    }
    for (uint32_t i = 0; i < plain->config.requests_open_max; i++) {
        struct plain_job *const job = &plain->jobs[i];
        if (job->phase == PLAIN_JOB_ASKING && wants(&job->ask)) {
            job->copies_left = job->kind == PLAIN_SUBMIT ? plain->chain.endpoints_count : 0;
            *ret_frame = write_question(plain, &job->ask, job->kind,
                                        bytes_from(job->question, job->question_count));
            return true;
        }
    }
    for (uint32_t i = 0; i < plain->follows_end; i++) {
        struct plain_follow *const follow = &plain->follows[i];
        if (follow->used && !follow->done && wants(&follow->ask)) {
            uint8_t body[32 + 32 + 8];
            struct packer packer = packer_from(body, sizeof(body));
            pack_hash(&packer, &follow->transaction);
            pack_address(&packer, &follow->key);
            pack_u64(&packer, follow->nonce);
            *ret_frame = write_question(plain, &follow->ask, PLAIN_RECEIPT, packer_finish(&packer));
            return true;
        }
    }
    return false;
}

/* A transaction goes to every good endpoint; what the primary one says is the answer. */
static bool next_copy(struct plain *plain, struct chain_request *ret_request)
{
    for (uint32_t i = 0; i < plain->config.requests_open_max; i++) {
        struct plain_job *const job = &plain->jobs[i];
        while (job->phase == PLAIN_JOB_ASKING && job->copies_left > 0) {
            const uint32_t endpoint = --job->copies_left;
            struct plain_ask unanswered = {0};
            if (endpoint != plain->primary && plain->endpoints[endpoint].good) {
                ret_request->kind = CHAIN_REQUEST_FRAME;
                ret_request->frame.endpoint_index = endpoint;
                ret_request->frame.bytes = write_question(
                    plain, &unanswered, job->kind, bytes_from(job->question, job->question_count));
                return true;
            }
        }
    }
    return false;
}

static bool find_request(struct plain *plain, struct chain_request *ret_request)
{
    if (plain_jobs_sign_request(plain, ret_request)) {
        return true;
    }
    for (uint32_t i = 0; i < plain->chain.endpoints_count; i++) {
        struct plain_endpoint *const endpoint = &plain->endpoints[i];
        if (endpoint->connected && wants(&endpoint->hello)) {
            ret_request->kind = CHAIN_REQUEST_FRAME;
            ret_request->frame.endpoint_index = i;
            ret_request->frame.bytes =
                write_question(plain, &endpoint->hello, PLAIN_HELLO, (struct bytes){0});
            return true;
        }
    }
    if (plain->primary == PLAIN_NO_ENDPOINT) {
        return false;
    }
    if (next_copy(plain, ret_request)) {
        return true;
    }
    plain_watch_pump(plain);
    ret_request->kind = CHAIN_REQUEST_FRAME;
    ret_request->frame.endpoint_index = plain->primary;
    return next_question(plain, &ret_request->frame.bytes);
}

static bool plain_next_request(struct chain *chain, struct chain_request *ret_request)
{
    struct plain *const plain = (struct plain *)chain;

    plain_jobs_release(plain);
    if (plain->requests_idle) {
        return false;
    }
    plain->next_tick_known = false;
    plain->requests_idle = !find_request(plain, ret_request);
    return !plain->requests_idle;
}

/* ---- endpoints ---- */

static void notice(struct plain_endpoint *endpoint, enum endpoint_state state)
{
    endpoint->has_notice = true;
    endpoint->notice = state;
}

/* Everything that was asked of the endpoint that was lost is asked of another one. */
static void forget_sent(struct plain *plain)
{
    plain->head_ask.sent = false;
    plain->block_ask.sent = false;
    for (uint32_t i = 0; i < plain->config.requests_open_max; i++) {
        plain->jobs[i].ask.sent = false;
    }
    for (uint32_t i = 0; i < plain->follows_end; i++) {
        plain->follows[i].ask.sent = false;
    }
}

static void choose_primary(struct plain *plain)
{
    if (plain->primary != PLAIN_NO_ENDPOINT && plain->endpoints[plain->primary].good) {
        return;
    }
    plain->primary = PLAIN_NO_ENDPOINT;
    for (uint32_t i = plain->chain.endpoints_count; i-- > 0;) {
        if (plain->endpoints[i].good) {
            plain->primary = i;
        }
    }
    forget_sent(plain);
    plain->head_known = false;
}

static void on_connected(struct plain *plain, uint32_t index)
{
    struct plain_endpoint *const endpoint = &plain->endpoints[index];

    endpoint->connected = true;
    endpoint->good = false;
    plain_ask_start(&endpoint->hello);
}

static void on_lost(struct plain *plain, uint32_t index)
{
    struct plain_endpoint *const endpoint = &plain->endpoints[index];

    if (endpoint->good) {
        notice(endpoint, ENDPOINT_LOST);
    }
    endpoint->connected = false;
    endpoint->good = false;
    endpoint->hello = (struct plain_ask){0};
    choose_primary(plain);
}

static void on_hello(struct plain *plain, uint32_t index, struct bytes body)
{
    struct plain_endpoint *const endpoint = &plain->endpoints[index];
    struct unpacker unpacker = unpacker_from(body);
    const uint32_t domain = unpack_u32(&unpacker);
    const struct address mailbox = unpack_address(&unpacker);

    if (!unpacker_is_done(&unpacker)) {
        plain->chain.counters.frames_malformed++;
        return; /* asked again when it is late */
    }
    endpoint->hello = (struct plain_ask){0};
    if (domain != plain->chain.domain) {
        notice(endpoint, ENDPOINT_WRONG_CHAIN);
    } else if (!address_equal(&mailbox, &plain->self.mailbox)) {
        notice(endpoint, ENDPOINT_MISSING_CONTRACT);
    } else {
        endpoint->good = true;
        notice(endpoint, ENDPOINT_CONNECTED);
    }
    choose_primary(plain);
}

static bool endpoint_event(struct plain *plain, struct event *ret_event)
{
    for (uint32_t i = 0; i < plain->chain.endpoints_count; i++) {
        if (plain->endpoints[i].has_notice) {
            plain->endpoints[i].has_notice = false;
            ret_event->kind = EVENT_ENDPOINT;
            ret_event->domain = plain->chain.domain;
            ret_event->endpoint.endpoint_index = i;
            ret_event->endpoint.state = plain->endpoints[i].notice;
            return true;
        }
    }
    return false;
}

/* ---- frames ---- */

static bool answers(const struct plain_ask *ask, uint64_t id)
{
    return ask->wanted && ask->sent && ask->id == id;
}

/* False: it is no head. */
static bool on_head(struct plain *plain, struct bytes body)
{
    struct unpacker unpacker = unpacker_from(body);
    const struct plain_head head = plain_unpack_head(&unpacker);

    if (!unpacker_is_done(&unpacker) || head.final_number > head.number) {
        plain->chain.counters.frames_malformed++;
        return false;
    }
    plain_watch_head(plain, &head);
    return true;
}

static void on_answer(struct plain *plain, uint64_t id, enum outcome outcome, struct bytes body)
{
    if (answers(&plain->head_ask, id)) {
        if (on_head(plain, body)) {
            plain->head_ask = (struct plain_ask){0};
        }
        return;
    }
    if (answers(&plain->block_ask, id)) {
        if (plain_watch_block(plain, outcome, body)) {
            plain->block_ask = (struct plain_ask){0};
        }
        return;
    }
    for (uint32_t i = 0; i < plain->config.requests_open_max; i++) {
        if (plain->jobs[i].phase == PLAIN_JOB_ASKING && answers(&plain->jobs[i].ask, id)) {
            plain_jobs_answer(plain, &plain->jobs[i], outcome, body);
            return;
        }
    }
    for (uint32_t i = 0; i < plain->follows_end; i++) {
        if (plain->follows[i].used && answers(&plain->follows[i].ask, id)) {
            plain_follow_answer(plain, &plain->follows[i], outcome, body);
            return;
        }
    }
}

static void on_frame(struct plain *plain, uint32_t index, struct bytes frame)
{
    struct unpacker unpacker = unpacker_from(frame);
    const uint8_t kind = unpack_u8(&unpacker);
    const uint64_t id = unpack_u64(&unpacker);
    const uint8_t outcome = unpack_u8(&unpacker);

    if (unpacker.underrun || kind < PLAIN_REPLY || outcome < OUTCOME_OK ||
        outcome > OUTCOME_UNKNOWN) {
        plain->chain.counters.frames_malformed++;
        return;
    }
    if (answers(&plain->endpoints[index].hello, id)) {
        on_hello(plain, index, unpacker.rest);
    } else if (index == plain->primary && id == 0 && kind == (PLAIN_HEAD | PLAIN_REPLY)) {
        (void)on_head(plain, unpacker.rest);
    } else if (index == plain->primary) {
        on_answer(plain, id, (enum outcome)outcome, unpacker.rest);
    }
}

static void plain_on_reply(struct chain *chain, const struct chain_reply *reply, struct instant now)
{
    struct plain *const plain = (struct plain *)chain;

    plain->now = now;
    plain_jobs_release(plain);
    stir(plain);
    switch (reply->kind) {
    case CHAIN_REPLY_CONNECTED:
        on_connected(plain, reply->endpoint_index);
        return;
    case CHAIN_REPLY_LOST:
        on_lost(plain, reply->endpoint_index);
        return;
    case CHAIN_REPLY_FRAME:
        if (plain->endpoints[reply->endpoint_index].connected) {
            on_frame(plain, reply->endpoint_index, reply->frame);
        }
        return;
    case CHAIN_REPLY_LIMITED:
        return; /* it asks again by its own clock */
    case CHAIN_REPLY_SIGNED:
        plain_jobs_signed(plain, reply);
        return;
    }
}

/* ---- time ---- */

static void repeat_late(struct plain *plain, struct plain_ask *ask)
{
    if (ask->wanted && ask->sent && instant_is_past(ask->deadline, plain->now)) {
        (void)plain_ask_again(plain, ask); /* watching never gives up */
    }
}

static void plain_tick(struct chain *chain, struct instant now)
{
    struct plain *const plain = (struct plain *)chain;

    plain->now = now;
    plain_jobs_release(plain);
    stir(plain);
    for (uint32_t i = 0; i < chain->endpoints_count; i++) {
        repeat_late(plain, &plain->endpoints[i].hello);
    }
    repeat_late(plain, &plain->head_ask);
    repeat_late(plain, &plain->block_ask);
    for (uint32_t i = 0; i < plain->follows_end; i++) {
        repeat_late(plain, &plain->follows[i].ask);
    }
    plain_jobs_tick(plain);
    if (!instant_is_past(plain->head_again, now)) {
        return;
    }
    plain->head_again = instant_after(now, HEAD_ASKED_EVERY);
    /* A head that was told and lost is found in the end. */
    if (plain->watching && !plain->head_ask.wanted && plain->primary != PLAIN_NO_ENDPOINT) {
        plain_ask_start(&plain->head_ask);
    }
}

static void earlier(struct instant *next, const struct plain_ask *ask)
{
    if (ask->wanted && ask->sent && ask->deadline.ns < next->ns) {
        *next = ask->deadline;
    }
}

static struct instant find_next_tick(const struct plain *plain)
{
    struct instant next = plain->head_again;

    earlier(&next, &plain->head_ask);
    earlier(&next, &plain->block_ask);
    for (uint32_t i = 0; i < plain->chain.endpoints_count; i++) {
        earlier(&next, &plain->endpoints[i].hello);
    }
    for (uint32_t i = 0; i < plain->config.requests_open_max; i++) {
        if (plain->jobs[i].phase == PLAIN_JOB_ASKING) {
            earlier(&next, &plain->jobs[i].ask);
            next = plain->jobs[i].until.ns < next.ns ? plain->jobs[i].until : next;
        }
    }
    for (uint32_t i = 0; i < plain->config.legs_open_max; i++) {
        const struct plain_leg *const leg = &plain->legs[i];
        if (leg->phase == PLAIN_LEG_SIGNING && leg->deadline.ns < next.ns) {
            next = leg->deadline;
        }
    }
    return next;
}

static struct instant plain_next_tick(const struct chain *chain)
{
    struct plain *const plain = (struct plain *)(uintptr_t)chain;

    if (!plain->next_tick_known) {
        plain->next_tick = find_next_tick(plain);
        plain->next_tick_known = true;
    }
    return plain->next_tick;
}

static bool plain_next_event(struct chain *chain, struct event *ret_event)
{
    struct plain *const plain = (struct plain *)chain;

    plain_jobs_release(plain);
    if (plain->events_idle) {
        return false;
    }
    if (endpoint_event(plain, ret_event) || plain_watch_event(plain, ret_event) ||
        plain_jobs_event(plain, ret_event)) {
        plain->requests_idle = false;
        plain->next_tick_known = false;
        return true;
    }
    plain->events_idle = true;
    return false;
}

static enum status plain_perform(struct chain *chain, const struct command *command)
{
    struct plain *const plain = (struct plain *)chain;

    plain_jobs_release(plain);
    stir(plain);
    if (command->kind == COMMAND_WATCH) {
        plain_watch_from(plain, command->watch.from_block);
        return STATUS_OK;
    }
    return plain_jobs_perform(plain, command);
}

const struct chain_ops plain_chain_ops = {
    .name = "plain",
    .footprint = plain_footprint,
    .init = plain_init,
    .deinit = plain_deinit,
    .perform = plain_perform,
    .tick = plain_tick,
    .next_tick = plain_next_tick,
    .next_request = plain_next_request,
    .on_reply = plain_on_reply,
    .next_event = plain_next_event,
};
