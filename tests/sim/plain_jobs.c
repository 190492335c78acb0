/* SPDX-License-Identifier: Apache-2.0 */
/* Questions of the core and the transactions it sends. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/signature.h"
#include "tests/sim/plain_internal.h"

#define SIGN_DEADLINE DURATION_MS(5000)

/* ---- jobs ---- */

void plain_jobs_release(struct plain *plain)
{
    if (plain->given != NULL) {
        CHECK(plain->given->phase == PLAIN_JOB_GIVEN);
        plain->given->phase = PLAIN_JOB_FREE;
        plain->given = NULL;
    }
}

static struct plain_job *start_job(struct plain *plain, const struct command *command,
                                   enum plain_kind kind)
{
    for (uint32_t i = 0; i < plain->config.requests_open_max; i++) {
        struct plain_job *const job = &plain->jobs[i];
        if (job->phase == PLAIN_JOB_FREE) {
            job->phase = PLAIN_JOB_ASKING;
            job->command = command->kind;
            job->kind = kind;
            plain_ask_start(&job->ask);
            job->copies_left = 0;
            job->until = instant_after(
                plain->now,
                (struct duration){.ns = plain->config.request_deadline.ns * (PLAIN_TRIES_MAX + 1)});
            memset(&job->subject, 0, sizeof(job->subject));
            job->question_count = 0;
            job->answer_count = 0;
            return job;
        }
    }
    return NULL;
}

static void end_job(struct plain_job *job, enum outcome outcome)
{
    job->phase = PLAIN_JOB_DONE;
    job->outcome = outcome;
    job->ask = (struct plain_ask){0};
}

void plain_jobs_tick(struct plain *plain)
{
    for (uint32_t i = 0; i < plain->config.requests_open_max; i++) {
        struct plain_job *const job = &plain->jobs[i];
        if (job->phase != PLAIN_JOB_ASKING) {
            continue;
        }
        const bool is_late = job->ask.sent && instant_is_past(job->ask.deadline, plain->now);
        if (instant_is_past(job->until, plain->now) ||
            (is_late && !plain_ask_again(plain, &job->ask))) {
            end_job(job, OUTCOME_UNKNOWN);
        }
    }
    for (uint32_t i = 0; i < plain->config.legs_open_max; i++) {
        struct plain_leg *const leg = &plain->legs[i];
        if (leg->phase != PLAIN_LEG_SIGNING || !instant_is_past(leg->deadline, plain->now)) {
            continue;
        }
        leg->phase = PLAIN_LEG_SIGN_WANTED;
        if (++leg->tries == PLAIN_TRIES_MAX) {
            leg->phase = PLAIN_LEG_ANSWER;
            leg->outcome = OUTCOME_UNKNOWN;
        }
    }
}

/* ---- legs ---- */

static struct plain_leg *find_leg(struct plain *plain, const struct hash *leg_id, uint32_t attempt)
{
    for (uint32_t i = 0; i < plain->config.legs_open_max; i++) {
        struct plain_leg *const leg = &plain->legs[i];
        if (leg->phase != PLAIN_LEG_FREE && hash_equal(&leg->leg_id, leg_id) &&
            leg->attempt == attempt) {
            return leg;
        }
    }
    return NULL;
}

/* A free place, or that of the leg that is held longest. */
static struct plain_leg *take_leg(struct plain *plain)
{
    struct plain_leg *oldest = NULL;

    for (uint32_t i = 0; i < plain->config.legs_open_max; i++) {
        struct plain_leg *const leg = &plain->legs[i];
        if (leg->phase == PLAIN_LEG_FREE) {
            return leg;
        }
        if (leg->phase == PLAIN_LEG_HELD && (oldest == NULL || leg->order < oldest->order)) {
            oldest = leg;
        }
    }
    return oldest;
}

static enum status send(struct plain *plain, const struct command *command)
{
    const struct intent *const intent = &command->send.intent;
    const struct plain_transaction transaction = {.nonce = intent->nonce,
                                                  .gas_limit = intent->gas_limit,
                                                  .fee_max = intent->fee_per_gas_max,
                                                  .priority_fee = intent->priority_fee_per_gas,
                                                  .value = intent->value,
                                                  .leg = command->send.leg};
    struct plain_leg *leg = find_leg(plain, &intent->leg_id, intent->attempt);
    if (leg != NULL && leg->phase != PLAIN_LEG_HELD) {
        return STATUS_OK; /* under way */
    }
    leg = leg == NULL ? take_leg(plain) : leg;
    if (leg == NULL) {
        return STATUS_FULL;
    }
    struct packer packer = packer_from(leg->bytes, plain->config.frame_bytes_max - 70);
    plain_pack_transaction(&packer, &transaction);
    leg->phase = PLAIN_LEG_SIGN_WANTED;
    leg->leg_id = intent->leg_id;
    leg->leg_kind = command->send.leg.kind;
    leg->attempt = intent->attempt;
    leg->key = intent->key;
    leg->nonce = intent->nonce;
    leg->bytes_count = packer_finish(&packer).count;
    leg->is_signed = false;
    leg->tries = 0;
    leg->order = ++plain->legs_order;
    const struct hash digest = plain_payload_digest(&command->send.leg, &intent->value,
                                                    plain->frame, plain->config.frame_bytes_max);
    if (leg->leg_kind != LEG_CANCEL && !hash_equal(&digest, &intent->payload_digest)) {
        leg->phase = PLAIN_LEG_ANSWER;
        leg->outcome = OUTCOME_REFUSED;
    }
    return STATUS_OK;
}

bool plain_jobs_sign_request(struct plain *plain, struct chain_request *ret_request)
{
    for (uint32_t i = 0; i < plain->config.legs_open_max; i++) {
        struct plain_leg *const leg = &plain->legs[i];
        if (leg->phase == PLAIN_LEG_SIGN_WANTED) {
            leg->phase = PLAIN_LEG_SIGNING;
            leg->deadline = instant_after(plain->now, SIGN_DEADLINE);
            ret_request->kind = CHAIN_REQUEST_SIGN;
            ret_request->sign.leg_id = leg->leg_id;
            ret_request->sign.leg_kind = leg->leg_kind;
            ret_request->sign.attempt = leg->attempt;
            ret_request->sign.key = leg->key;
            ret_request->sign.nonce = leg->nonce;
            ret_request->sign.transaction = bytes_from(leg->bytes, leg->bytes_count);
            return true;
        }
    }
    return false;
}

static bool is_signed_by_key(const struct plain_leg *leg, const struct signature *signature)
{
    const struct hash digest = keccak256(bytes_from(leg->bytes, leg->bytes_count));
    struct address signer;

    return signature_recover(&digest, signature, &signer) == STATUS_OK &&
           address_equal(&signer, &leg->key);
}

void plain_jobs_signed(struct plain *plain, const struct chain_reply *reply)
{
    struct plain_leg *const leg = find_leg(plain, &reply->signed_.leg_id, reply->signed_.attempt);

    if (leg == NULL || leg->phase != PLAIN_LEG_SIGNING) {
        return;
    }
    leg->phase = PLAIN_LEG_ANSWER;
    leg->outcome = reply->signed_.outcome;
    if (leg->outcome == OUTCOME_OK && !is_signed_by_key(leg, &reply->signed_.signature)) {
        leg->outcome = OUTCOME_UNKNOWN;
    }
    if (leg->outcome == OUTCOME_OK) {
        memcpy(leg->bytes + leg->bytes_count, reply->signed_.signature.bytes, 65);
        leg->bytes_count += 65;
        leg->is_signed = true;
        leg->transaction = sha2_of(bytes_from(leg->bytes, leg->bytes_count));
    }
}

static void give_signed(struct plain *plain, struct plain_leg *leg, struct event *ret_event)
{
    ret_event->kind = EVENT_SIGNED;
    ret_event->domain = plain->chain.domain;
    ret_event->signed_.leg_id = leg->leg_id;
    ret_event->signed_.attempt = leg->attempt;
    ret_event->signed_.outcome = leg->outcome;
    ret_event->signed_.key = leg->key;
    ret_event->signed_.nonce = leg->nonce;
    if (leg->outcome == OUTCOME_OK) {
        ret_event->signed_.transaction = leg->transaction;
    }
    leg->phase = leg->outcome == OUTCOME_OK ? PLAIN_LEG_HELD : PLAIN_LEG_FREE;
}

static enum status broadcast(struct plain *plain, const struct command *command)
{
    struct plain_job *const job = start_job(plain, command, PLAIN_SUBMIT);

    if (job == NULL) {
        return STATUS_FULL;
    }
    job->subject = command->broadcast.leg_id;
    job->transaction = command->broadcast.transaction;
    for (uint32_t i = 0; i < plain->config.legs_open_max; i++) {
        const struct plain_leg *const leg = &plain->legs[i];
        if (leg->phase == PLAIN_LEG_HELD && leg->is_signed &&
            hash_equal(&leg->transaction, &job->transaction)) {
            memcpy(job->question, leg->bytes, leg->bytes_count);
            job->question_count = leg->bytes_count;
            return STATUS_OK;
        }
    }
    end_job(job, OUTCOME_ABSENT);
    return STATUS_OK;
}

/* ---- follows ---- */

static enum status follow(struct plain *plain, const struct command *command)
{
    struct plain_follow *place = NULL;

    for (uint32_t i = 0; i < plain->follows_end; i++) {
        struct plain_follow *const other = &plain->follows[i];
        if (other->used && hash_equal(&other->transaction, &command->follow.transaction)) {
            return STATUS_OK;
        }
        if (!other->used && place == NULL) {
            place = other;
        }
    }
    if (place == NULL && plain->follows_end < PLAIN_FOLLOWS_MAX) {
        place = &plain->follows[plain->follows_end++];
    }
    if (place == NULL) {
        return STATUS_FULL;
    }
    *place = (struct plain_follow){.used = true,
                                   .leg_id = command->follow.leg_id,
                                   .transaction = command->follow.transaction,
                                   .key = command->follow.key,
                                   .nonce = command->follow.nonce};
    plain_ask_start(&place->ask);
    return STATUS_OK;
}

void plain_follows_wake(struct plain *plain)
{
    for (uint32_t i = 0; i < plain->follows_end; i++) {
        struct plain_follow *const waiting = &plain->follows[i];
        if (waiting->used && !waiting->done && !waiting->ask.wanted) {
            plain_ask_start(&waiting->ask);
        }
    }
}

void plain_follow_answer(struct plain *plain, struct plain_follow *follow, enum outcome outcome,
                         struct bytes body)
{
    struct unpacker unpacker = unpacker_from(body);
    struct event *const event = &follow->event;

    if (outcome != OUTCOME_OK && outcome != OUTCOME_ABSENT) {
        follow->ask = (struct plain_ask){0};
        return; /* not yet: asked again with the next block */
    }
    memset(event, 0, sizeof(*event));
    event->kind = EVENT_RECEIPT;
    event->domain = plain->chain.domain;
    event->receipt.leg_id = follow->leg_id;
    event->receipt.transaction = follow->transaction;
    event->receipt.outcome = outcome;
    if (outcome == OUTCOME_OK) {
        event->receipt.succeeded = unpack_bool(&unpacker);
        event->receipt.block_number = unpack_u64(&unpacker);
        event->receipt.block_hash = unpack_hash(&unpacker);
        event->receipt.gas_used = unpack_u64(&unpacker);
        event->receipt.gas_price = unpack_amount(&unpacker);
    }
    if (!unpacker_is_done(&unpacker)) {
        plain->chain.counters.frames_malformed++;
        return; /* asked again when it is late */
    }
    follow->ask = (struct plain_ask){0};
    follow->done = true;
}

/* ---- commands ---- */

static enum status ask_about(struct plain *plain, const struct command *command,
                             enum plain_kind kind, struct bytes question,
                             const struct hash *subject, uint64_t number)
{
    struct plain_job *const job = start_job(plain, command, kind);

    if (job == NULL) {
        return STATUS_FULL;
    }
    if (question.count > 0) {
        memcpy(job->question, question.data, question.count);
    }
    job->question_count = question.count;
    job->subject = *subject;
    job->number = number;
    job->everyone = command->kind == COMMAND_READ_TREE && command->read_tree.everyone;
    job->with_branch = command->kind == COMMAND_READ_TREE && command->read_tree.with_branch;
    return STATUS_OK;
}

static enum status prepare(struct plain *plain, const struct command *command)
{
    const struct leg *const leg = &command->prepare;
    struct plain_job *const job = start_job(plain, command, PLAIN_PREPARE);

    if (job == NULL) {
        return STATUS_FULL;
    }
    struct packer packer = packer_from(job->question, plain->config.frame_bytes_max - 16);
    plain_pack_leg(&packer, leg);
    job->question_count = packer_finish(&packer).count;
    job->subject = leg->id;
    return STATUS_OK;
}

static enum status read_block(struct plain *plain, const struct command *command,
                              enum plain_kind kind, uint64_t number, const struct hash *hash)
{
    uint8_t memory[40];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_u64(&packer, number);
    pack_hash(&packer, hash);
    return ask_about(plain, command, kind, packer_finish(&packer), hash, number);
}

static enum status read_account(struct plain *plain, const struct command *command,
                                enum plain_kind kind, const struct address *address)
{
    struct hash subject;

    memcpy(subject.bytes, address->bytes, sizeof(subject.bytes));
    return ask_about(plain, command, kind, bytes_from(address->bytes, 32), &subject, 0);
}

enum status plain_jobs_perform(struct plain *plain, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_READ_SECURITY:
        return ask_about(plain, command, PLAIN_SECURITY, command->read_security.message,
                         &command->read_security.message_id, 0);
    case COMMAND_READ_STORAGE:
        return read_account(plain, command, PLAIN_STORAGE, &command->read_storage.validator);
    case COMMAND_PREPARE:
        return prepare(plain, command);
    case COMMAND_SEND:
        return send(plain, command);
    case COMMAND_BROADCAST:
        return broadcast(plain, command);
    case COMMAND_FOLLOW:
        return follow(plain, command);
    case COMMAND_READ_LANE:
        return read_account(plain, command, PLAIN_LANE, &command->read_lane.key);
    case COMMAND_READ_POSITIONS:
        return read_block(plain, command, PLAIN_POSITIONS, command->read_positions.block_number,
                          &command->read_positions.block_hash);
    case COMMAND_READ_TREE:
        return read_block(plain, command, PLAIN_TREE, command->read_tree.block_number,
                          &command->read_tree.block_hash);
    case COMMAND_WATCH:
    case COMMAND_FETCH_CHECKPOINT:
    case COMMAND_READ_LOOKUP:
    case COMMAND_FETCH_LOOKUP:
    case COMMAND_PUBLISH_REORG:
    case COMMAND_SIGN_CHECKPOINT:
    case COMMAND_SIGN_ANNOUNCEMENT:
    case COMMAND_SIGN_LOOKUP:
    case COMMAND_PUBLISH_CHECKPOINT:
    case COMMAND_PUBLISH_ANNOUNCEMENT:
    case COMMAND_PLAN:
    case COMMAND_WAKE:
    case COMMAND_NOTE:
        break;
    }
    return STATUS_UNSUPPORTED;
}

/* ---- answers as events ---- */

static void read_security(struct plain *plain, struct unpacker *unpacker, struct event *event)
{
    struct ism_node *node = &plain->scratch_node;
    memset(node, 0, sizeof(*node));
    node->address = unpack_address(unpacker);
    node->type = unpack_u8(unpacker);
    node->threshold = unpack_u8(unpacker);
    const uint32_t count = unpack_u32(unpacker);
    if (count > VALIDATORS_MAX) {
        unpacker->underrun = true;
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        plain->scratch_validators[i] = (struct ism_validator){.address = unpack_address(unpacker)};
    }
    node->count = count;
    event->security.ism = (struct ism){.nodes = node,
                                       .nodes_count = 1,
                                       .validators = plain->scratch_validators,
                                       .validators_count = count};
}

static void read_storage(struct plain *plain, struct unpacker *unpacker, struct event *event)
{
    const uint32_t count = unpack_u32(unpacker);

    if (count > LOCATIONS_MAX) {
        unpacker->underrun = true;
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        plain->scratch_locations[i] = unpack_bytes(unpacker);
    }
    event->storage.locations = plain->scratch_locations;
    event->storage.locations_count = count;
}

static void read_spoke(struct plain *plain, struct unpacker *unpacker, struct event *event)
{
    struct spoke_state *const spoke = &plain->scratch_spoke;

    memset(spoke, 0, sizeof(*spoke));
    memset(plain->scratch_venues, 0, sizeof(plain->scratch_venues));
    spoke->spoke = unpack_address(unpacker);
    spoke->token = unpack_address(unpacker);
    spoke->idle = unpack_amount(unpacker);
    spoke->velocity_left = unpack_amount(unpacker);
    spoke->loss_left = unpack_amount(unpacker);
    for (uint32_t i = 0; i < WORLD_VENUES; i++) {
        struct venue_state *const venue = &plain->scratch_venues[i];
        venue->spoke = spoke->spoke;
        venue->index = unpack_u32(unpacker);
        venue->gate = VENUE_OPEN;
        venue->supplied = unpack_amount(unpacker);
        venue->enter_max = unpack_amount(unpacker);
        venue->leave_max = venue->supplied;
        venue->pieces_count = 1;
        venue->pieces[0].width = amount_max();
        venue->pieces[0].rate_nano = unpack_u64(unpacker);
    }
    event->positions.spokes = spoke;
    event->positions.spokes_count = 1;
    event->positions.venues = plain->scratch_venues;
    event->positions.venues_count = WORLD_VENUES;
}

static void read_positions(struct plain *plain, struct unpacker *unpacker, struct event *event)
{
    const uint32_t balances = unpack_u32(unpacker);
    const uint32_t vaults = unpack_u32(unpacker);
    const uint32_t quotes = unpack_u32(unpacker);
    const bool has_spoke = unpack_bool(unpacker);

    if (balances > 8 || vaults > 8 || quotes > 64) {
        unpacker->underrun = true;
        return;
    }
    for (uint32_t i = 0; i < balances; i++) {
        plain->scratch_balances[i].account = unpack_address(unpacker);
        plain->scratch_balances[i].token = unpack_address(unpacker);
        plain->scratch_balances[i].amount = unpack_amount(unpacker);
    }
    for (uint32_t i = 0; i < vaults; i++) {
        plain->scratch_vaults[i].vault = unpack_address(unpacker);
        plain->scratch_vaults[i].total_assets = unpack_amount(unpacker);
        plain->scratch_vaults[i].total_shares = unpack_amount(unpacker);
        plain->scratch_vaults[i].own_shares = unpack_amount(unpacker);
        plain->scratch_vaults[i].assets_per_share = unpack_amount(unpacker);
    }
    for (uint32_t i = 0; i < quotes; i++) {
        plain->scratch_quotes[i].router = unpack_address(unpacker);
        plain->scratch_quotes[i].destination = unpack_u32(unpacker);
        plain->scratch_quotes[i].amount = unpack_amount(unpacker);
        plain->scratch_quotes[i].fee_native = unpack_amount(unpacker);
        plain->scratch_quotes[i].fee_token = unpack_amount(unpacker);
    }
    event->positions.balances = plain->scratch_balances;
    event->positions.balances_count = balances;
    event->positions.vaults = plain->scratch_vaults;
    event->positions.vaults_count = vaults;
    event->positions.quotes = plain->scratch_quotes;
    event->positions.quotes_count = quotes;
    if (has_spoke) {
        read_spoke(plain, unpacker, event);
    }
}

/* The leg is in the question; its digest is made only now, with the value that is known now. */
static void read_prepared(struct plain *plain, const struct plain_job *job,
                          struct unpacker *unpacker, struct event *event)
{
    struct unpacker question = unpacker_from(bytes_from(job->question, job->question_count));
    const struct leg leg = plain_unpack_leg(&question);

    event->prepared.gas = unpack_u64(unpacker);
    event->prepared.fee_native = unpack_amount(unpacker);
    event->prepared.fee_token = unpack_amount(unpacker);
    event->prepared.value = event->prepared.fee_native;
    event->prepared.payload_digest = plain_payload_digest(
        &leg, &event->prepared.value, plain->frame, plain->config.frame_bytes_max);
}

/* Fills what only a good answer has. */
static void read_answer(struct plain *plain, const struct plain_job *job, struct unpacker *unpacker,
                        struct event *event)
{
    switch (event->kind) {
    case EVENT_SECURITY:
        read_security(plain, unpacker, event);
        return;
    case EVENT_STORAGE:
        read_storage(plain, unpacker, event);
        return;
    case EVENT_PREPARED:
        read_prepared(plain, job, unpacker, event);
        return;
    case EVENT_LANE:
        event->lane.nonce_latest = unpack_u64(unpacker);
        event->lane.nonce_final = unpack_u64(unpacker);
        event->lane.balance = unpack_amount(unpacker);
        return;
    case EVENT_POSITIONS:
        read_positions(plain, unpacker, event);
        return;
    case EVENT_TREE:
        event->tree.count = unpack_u32(unpacker);
        event->tree.root = unpack_hash(unpacker);
        event->tree.branch = unpack_raw(unpacker, MERKLE_DEPTH * sizeof(struct hash));
        if (!event->tree.with_branch) {
            event->tree.branch = bytes_from(NULL, 0);
        }
        return;
    case EVENT_SUBMITTED:
    case EVENT_LOOKUP:
    case EVENT_LOOKUP_ANSWER:
    case EVENT_START:
    case EVENT_WAKE:
    case EVENT_FACT:
    case EVENT_BLOCK:
    case EVENT_FINAL:
    case EVENT_CHECKPOINT:
    case EVENT_SIGNED:
    case EVENT_RECEIPT:
    case EVENT_CHECKPOINT_SIGNED:
    case EVENT_ANNOUNCEMENT_SIGNED:
    case EVENT_LOOKUP_SIGNED:
    case EVENT_PUBLISHED:
    case EVENT_PLANNED:
    case EVENT_OPERATOR:
    case EVENT_ENDPOINT:
    case EVENT_DISSENT:
    case EVENT_QUORUM:
    case EVENT_CALLS:
    case EVENT_PASSED:
    case EVENT_PAST_FACT:
    case EVENT_PAST_BLOCK:
    case EVENT_STOP:
        return;
    }
}

/* What the event says whatever the outcome. */
static void name_subject(const struct plain_job *job, struct event *event)
{
    switch (job->kind) {
    case PLAIN_SECURITY:
        event->kind = EVENT_SECURITY;
        event->security.message_id = job->subject;
        event->security.outcome = job->outcome;
        return;
    case PLAIN_STORAGE:
        event->kind = EVENT_STORAGE;
        memcpy(event->storage.validator.bytes, job->subject.bytes, 32);
        event->storage.outcome = job->outcome;
        return;
    case PLAIN_PREPARE:
        event->kind = EVENT_PREPARED;
        event->prepared.leg_id = job->subject;
        event->prepared.outcome = job->outcome;
        return;
    case PLAIN_SUBMIT:
        event->kind = EVENT_SUBMITTED;
        event->submitted.leg_id = job->subject;
        event->submitted.transaction = job->transaction;
        event->submitted.outcome = job->outcome;
        return;
    case PLAIN_LANE:
        event->kind = EVENT_LANE;
        memcpy(event->lane.key.bytes, job->subject.bytes, 32);
        event->lane.outcome = job->outcome;
        return;
    case PLAIN_POSITIONS:
        event->kind = EVENT_POSITIONS;
        event->positions.outcome = job->outcome;
        event->positions.block_number = job->number;
        event->positions.block_hash = job->subject;
        return;
    case PLAIN_TREE:
        event->kind = EVENT_TREE;
        event->tree.outcome = job->outcome;
        event->tree.block_number = job->number;
        event->tree.block_hash = job->subject;
        event->tree.everyone = job->everyone;
        event->tree.with_branch = job->with_branch;
        return;
    case PLAIN_HELLO:
    case PLAIN_HEAD:
    case PLAIN_BLOCK:
    case PLAIN_RECEIPT:
    case PLAIN_KINDS_END:
        break;
    }
    CHECK(false);
}

/* An answer that cannot be read is none: the question stays, and is asked again when it is late. */
static bool is_readable(struct plain *plain, const struct plain_job *job, enum outcome outcome,
                        struct bytes body)
{
    struct unpacker unpacker = unpacker_from(body);
    struct event event;

    if (body.count > plain->config.frame_bytes_max) {
        return false;
    }
    if (outcome != OUTCOME_OK) {
        return true;
    }
    memset(&event, 0, sizeof(event));
    name_subject(job, &event);
    read_answer(plain, job, &unpacker, &event);
    return unpacker_is_done(&unpacker);
}

void plain_jobs_answer(struct plain *plain, struct plain_job *job, enum outcome outcome,
                       struct bytes body)
{
    if (!is_readable(plain, job, outcome, body)) {
        plain->chain.counters.frames_malformed++;
        return;
    }
    if (body.count > 0) {
        memcpy(job->answer, body.data, body.count);
    }
    job->answer_count = body.count;
    end_job(job, outcome);
}

static void read_refusal(const struct plain_job *job, struct event *event)
{
    struct unpacker unpacker = unpacker_from(bytes_from(job->answer, job->answer_count));

    if (job->kind == PLAIN_SUBMIT) {
        const uint8_t rejection = unpack_u8(&unpacker);
        event->submitted.rejection =
            rejection <= REJECTION_OTHER ? (enum rejection)rejection : REJECTION_OTHER;
        event->submitted.reason = unpacker.rest;
    } else if (job->kind == PLAIN_PREPARE) {
        event->prepared.reason = unpacker.rest;
    }
}

static void give_job(struct plain *plain, struct plain_job *job, struct event *ret_event)
{
    struct unpacker unpacker = unpacker_from(bytes_from(job->answer, job->answer_count));

    ret_event->domain = plain->chain.domain;
    name_subject(job, ret_event);
    if (job->outcome == OUTCOME_OK) {
        read_answer(plain, job, &unpacker, ret_event);
        CHECK(unpacker_is_done(&unpacker)); /* plain_jobs_answer looked */
    } else if (job->outcome == OUTCOME_REFUSED) {
        read_refusal(job, ret_event);
    }
    job->phase = PLAIN_JOB_GIVEN;
    plain->given = job;
}

bool plain_jobs_event(struct plain *plain, struct event *ret_event)
{
    for (uint32_t i = 0; i < plain->config.legs_open_max; i++) {
        if (plain->legs[i].phase == PLAIN_LEG_ANSWER) {
            give_signed(plain, &plain->legs[i], ret_event);
            return true;
        }
    }
    for (uint32_t i = 0; i < plain->config.requests_open_max; i++) {
        if (plain->jobs[i].phase == PLAIN_JOB_DONE) {
            give_job(plain, &plain->jobs[i], ret_event);
            return true;
        }
    }
    for (uint32_t i = 0; i < plain->follows_end; i++) {
        if (plain->follows[i].used && plain->follows[i].done) {
            *ret_event = plain->follows[i].event;
            plain->follows[i].used = false;
            return true;
        }
    }
    return false;
}
