/* SPDX-License-Identifier: Apache-2.0 */
/* Which security modules guard a message: a walk over the tree of them, level by level.
 *
 * Phase 0 asks the mailbox for the recipient's module. Then, of every module that is new, an odd
 * phase asks for its kind and the even phase after it for what that kind is made of. A module that
 * cannot be read is one that nobody can prove to: below an aggregation the others may do. */
#include <string.h>

#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"
#include "relay/base/pack.h"

/* hyperlane.md sections 2.4 and 3 */
#define SELECTOR_RECIPIENT_ISM            0xe70f48acu
#define SELECTOR_MODULE_TYPE              0x6465e69fu
#define SELECTOR_VALIDATORS_AND_THRESHOLD 0x2e0ed234u
#define SELECTOR_VALIDATORS_AND_WEIGHT    0xec29dbdeu
#define SELECTOR_MODULES_AND_THRESHOLD    0x6f72df75u
#define SELECTOR_ROUTE                    0x15ce45a2u
#define SELECTOR_MODULE_OF_DOMAIN         0xfbc69aabu
#define SELECTOR_TRUSTED_RELAYER          0x8596c226u

enum {
    MESSAGE_ORIGIN_OFFSET = 5, /* Message.sol */
    MESSAGE_RECIPIENT_OFFSET = 45,
};

/* What is asked of one module. */
enum ask {
    ASK_TYPE,
    ASK_SET,       /* validators, with weights or without */
    ASK_MODULES,   /* of an aggregation */
    ASK_ROUTE,     /* of this message */
    ASK_ROUTE_OF,  /* of any message of its origin, if the module has such a thing */
    ASK_PROCESSOR, /* whom a module without metadata insists on, if it does */
};

void evm_security_start(struct evm *evm, struct evm_job *job, const struct command *command)
{
    const struct bytes message = command->read_security.message;

    (void)evm;
    job->security.message_id = command->read_security.message_id;
    if (message.count < MESSAGE_BYTES_MIN || message.count > MESSAGE_BYTES_MAX) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "a message of no valid length");
        return;
    }
    memcpy(job->payload, message.data, message.count);
    job->payload_bytes = (uint32_t)message.count;
    memcpy(job->security.recipient.bytes, message.data + MESSAGE_RECIPIENT_OFFSET, 32);
    if (!address_is_evm(&job->security.recipient)) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "the recipient is no address of this chain");
    }
}

/* ---- what is asked ---- */

/* The questions about a module once its kind is known. */
static uint32_t asks_of(uint8_t type, enum ask ret_asks[2])
{
    switch ((enum module_type)type) {
    case MODULE_ROUTING:
        ret_asks[0] = ASK_ROUTE;
        ret_asks[1] = ASK_ROUTE_OF;
        return 2;
    case MODULE_AGGREGATION:
        ret_asks[0] = ASK_MODULES;
        return 1;
    case MODULE_MERKLE_ROOT_MULTISIG:
    case MODULE_MESSAGE_ID_MULTISIG:
    case MODULE_WEIGHTED_MERKLE_ROOT_MULTISIG:
    case MODULE_WEIGHTED_MESSAGE_ID_MULTISIG:
        ret_asks[0] = ASK_SET;
        return 1;
    case MODULE_NULL:
        ret_asks[0] = ASK_PROCESSOR;
        return 1;
    case MODULE_UNUSED:
    case MODULE_LEGACY_MULTISIG:
    case MODULE_CCIP_READ:
    case MODULE_ARB_L2_TO_L1:
    case MODULE_OP_L2_TO_L1:
    case MODULE_POLYMER:
        break;
    }
    return 0;
}

static bool asks_for_types(const struct evm_job *job)
{
    return job->phase % 2 == 1;
}

/* The question of a step of this phase. False: there are fewer. */
static bool find_ask(const struct evm_job *job, uint32_t step, uint32_t *ret_node,
                     enum ask *ret_ask)
{
    const struct evm_modules *modules = job->modules;
    uint32_t before = 0;

    for (uint32_t i = job->security.level_first; i < job->security.level_end; i++) {
        enum ask asks[2] = {ASK_TYPE};
        const uint32_t count = asks_for_types(job) ? 1 : asks_of(modules->nodes[i].type, asks);
        if (step < before + count) {
            *ret_node = i;
            *ret_ask = asks[step - before];
            return true;
        }
        before += count;
    }
    return false;
}

static uint32_t count_asks(const struct evm_job *job)
{
    uint32_t node = 0;
    uint32_t count = 0;
    enum ask ask = ASK_TYPE;

    while (find_ask(job, count, &node, &ask)) {
        count++;
    }
    return count;
}

/* After a level's questions: what could not be read is of no kind that can be proved to. */
static void end_level(struct evm_job *job)
{
    struct evm_modules *modules = job->modules;

    for (uint32_t i = 0; i < job->security.level_end; i++) {
        if (modules->given_up[i]) {
            modules->nodes[i].type = MODULE_UNUSED;
        }
    }
}

static uint32_t security_steps(struct evm *evm, struct evm_job *job)
{
    (void)evm;
    end_level(job);
    if (job->phase == 0) {
        job->modules->nodes_count = 0;
        job->modules->validators_count = 0;
        return 1;
    }
    if (!asks_for_types(job)) {
        const uint32_t asks = count_asks(job);
        if (asks > 0) {
            return asks;
        }
        job->phase++; /* nothing to ask: the next level has nothing new either */
    }
    job->security.level_first = job->security.level_end;
    job->security.level_end = job->modules->nodes_count;
    if (job->security.level_first == job->security.level_end) {
        return 0;
    }
    if (job->phase / 2 >= ISM_DEPTH_MAX) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "security modules are nested too deep");
        return 0;
    }
    return count_asks(job);
}

static void write_message(struct abi_writer *data, const struct evm_job *job, uint32_t selector)
{
    abi_write_selector(data, selector);
    abi_write_u64(data, 32);
    abi_write_tail(data, bytes_from(job->payload, job->payload_bytes));
}

static void write_ask(struct abi_writer *data, const struct evm_job *job, enum ask ask,
                      const struct ism_node *node)
{
    struct unpacker origin =
        unpacker_from(bytes_from(job->payload + MESSAGE_ORIGIN_OFFSET, sizeof(uint32_t)));
    const bool is_weighted = node->type == MODULE_WEIGHTED_MERKLE_ROOT_MULTISIG ||
                             node->type == MODULE_WEIGHTED_MESSAGE_ID_MULTISIG;

    switch (ask) {
    case ASK_TYPE:
        abi_write_selector(data, SELECTOR_MODULE_TYPE);
        return;
    case ASK_SET:
        write_message(data, job,
                      is_weighted ? SELECTOR_VALIDATORS_AND_WEIGHT
                                  : SELECTOR_VALIDATORS_AND_THRESHOLD);
        return;
    case ASK_MODULES:
        write_message(data, job, SELECTOR_MODULES_AND_THRESHOLD);
        return;
    case ASK_ROUTE:
        write_message(data, job, SELECTOR_ROUTE);
        return;
    case ASK_ROUTE_OF:
        abi_write_selector(data, SELECTOR_MODULE_OF_DOMAIN);
        abi_write_u64(data, unpack_u32(&origin));
        return;
    case ASK_PROCESSOR:
        abi_write_selector(data, SELECTOR_TRUSTED_RELAYER);
        return;
    }
}

static void security_write(struct evm *evm, const struct evm_job *job, uint32_t step, uint64_t id,
                           struct json_writer *writer)
{
    struct abi_writer data = abi_writer_from(evm->scratch, EVM_RETURN_BYTES_MAX);
    const struct address *to = &evm->self->mailbox;
    uint32_t node = 0;
    enum ask ask = ASK_TYPE;

    if (job->phase == 0) {
        abi_write_selector(&data, SELECTOR_RECIPIENT_ISM);
        abi_write_address(&data, &job->security.recipient);
    } else {
        const bool is_found = find_ask(job, step, &node, &ask);
        CHECK(is_found);
        to = &job->modules->nodes[node].address;
        write_ask(&data, job, ask, &job->modules->nodes[node]);
    }
    CHECK(!data.overrun);
    rpc_write_begin(writer, id, "eth_call");
    evm_write_call(writer, NULL, to, buffer_bytes(&data.buffer));
    evm_write_at(evm, job, writer);
    rpc_write_end(writer);
}

/* ---- what is answered ---- */

/* Nobody can prove to this module. Without an aggregation above it, which may do without it, it is
 * the reason why nothing can be done. */
static void give_up(struct evm_job *job, struct ism_node *node, const char *reason)
{
    struct evm_modules *modules = job->modules;
    const uint32_t at = (uint32_t)(node - modules->nodes);

    modules->given_up[at] = true; /* its type still says what was asked of it */
    for (uint32_t i = 0; i < at; i++) {
        if (modules->nodes[i].type == MODULE_AGGREGATION) {
            return;
        }
    }
    evm_job_fail_text(job, OUTCOME_REFUSED, reason);
}

static bool add_node(struct evm_job *job, const struct address *address)
{
    struct evm_modules *modules = job->modules;

    if (modules->nodes_count == ISM_NODES_MAX) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "too many security modules");
        return false;
    }
    struct ism_node *node = &modules->nodes[modules->nodes_count++];
    const uint32_t at = (uint32_t)(node - modules->nodes);
    memset(node, 0, sizeof(*node));
    memset(&modules->routes_of[at], 0, sizeof(modules->routes_of[at]));
    modules->given_up[at] = false;
    node->address = *address;
    return true;
}

static void read_type(struct evm_job *job, struct ism_node *node, struct abi_reader *reader)
{
    const uint64_t type = abi_read_u64(reader);

    if (!abi_reader_is_done(reader) || type > UINT8_MAX) {
        give_up(job, node, "a security module that does not say its kind");
        return;
    }
    node->type = (uint8_t)type;
}

static uint64_t u64_or_more(const struct amount *amount)
{
    uint64_t value = 0;

    return amount_to_u64(amount, &value) == STATUS_OK ? value : UINT64_MAX;
}

/* (address[] or (address, uint96)[], uint8 or uint96). */
static void read_set(struct evm_job *job, struct ism_node *node, struct abi_reader *reader)
{
    struct evm_modules *modules = job->modules;
    const bool is_weighted = node->type == MODULE_WEIGHTED_MERKLE_ROOT_MULTISIG ||
                             node->type == MODULE_WEIGHTED_MESSAGE_ID_MULTISIG;
    abi_expect_u64(reader, 64);
    const struct amount threshold = abi_read_amount(reader);
    const uint64_t count = abi_read_u64(reader);
    const uint64_t wanted = u64_or_more(&threshold);

    if (reader->malformed || count > VALIDATORS_MAX ||
        count > ISM_VALIDATORS_MAX - modules->validators_count) {
        give_up(job, node, "the multisig gives no set of at most 50 validators");
        return;
    }
    node->first = modules->validators_count;
    node->count = (uint32_t)count;
    node->threshold = is_weighted ? 0 : (uint32_t)(wanted < UINT32_MAX ? wanted : UINT32_MAX);
    node->weight_threshold = is_weighted ? wanted : 0;
    for (uint64_t i = 0; i < count; i++) {
        struct ism_validator *validator = &modules->validators[modules->validators_count + i];
        validator->address = abi_read_address(reader);
        validator->weight = 0;
        if (is_weighted) {
            const struct amount weight = abi_read_amount(reader);
            validator->weight = u64_or_more(&weight);
        }
    }
    if (!abi_reader_is_done(reader)) {
        node->count = 0;
        give_up(job, node, "the multisig gives no set that can be read");
        return;
    }
    modules->validators_count += (uint32_t)count;
}

static void read_modules(struct evm_job *job, struct ism_node *node, struct abi_reader *reader)
{
    abi_expect_u64(reader, 64);
    const uint64_t threshold = abi_read_u64(reader);
    const uint64_t count = abi_read_u64(reader);

    if (reader->malformed || count > METADATA_PARTS_MAX || threshold > UINT8_MAX) {
        give_up(job, node, "the aggregation gives no list of at most 32 modules");
        return;
    }
    node->threshold = (uint32_t)threshold;
    node->first = job->modules->nodes_count;
    node->count = (uint32_t)count;
    for (uint64_t i = 0; i < count; i++) {
        const struct address module = abi_read_address(reader);
        if (!add_node(job, &module)) {
            return;
        }
    }
    if (!abi_reader_is_done(reader)) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, "an answer that cannot be read");
    }
}

static void read_route(struct evm_job *job, struct ism_node *node, struct abi_reader *reader)
{
    const struct address route = abi_read_address(reader);

    if (!abi_reader_is_done(reader) || address_is_zero(&route)) {
        give_up(job, node, "the routing module has no route for the message");
        return;
    }
    node->first = job->modules->nodes_count;
    node->count = 1;
    (void)add_node(job, &route);
}

/* Read after ASK_ROUTE was asked, but not always after it was answered: compared at the end. */
static void read_route_of(struct evm_job *job, const struct ism_node *node,
                          struct abi_reader *reader)
{
    const struct address route = abi_read_address(reader);

    if (abi_reader_is_done(reader)) {
        job->modules->routes_of[node - job->modules->nodes] = route;
    }
}

static void read_processor(struct ism_node *node, struct abi_reader *reader)
{
    const struct address relayer = abi_read_address(reader);

    if (abi_reader_is_done(reader) && !address_is_zero(&relayer)) {
        node->only_relayer = true;
        node->relayer = relayer;
    }
}

static void read_answer(struct evm_job *job, enum ask ask, struct ism_node *node,
                        struct abi_reader *reader)
{
    switch (ask) {
    case ASK_TYPE:
        read_type(job, node, reader);
        return;
    case ASK_SET:
        read_set(job, node, reader);
        return;
    case ASK_MODULES:
        read_modules(job, node, reader);
        return;
    case ASK_ROUTE:
        read_route(job, node, reader);
        return;
    case ASK_ROUTE_OF:
        read_route_of(job, node, reader);
        return;
    case ASK_PROCESSOR:
        read_processor(node, reader);
        return;
    }
}

static void security_answer(struct evm *evm, struct evm_job *job, uint32_t step,
                            const struct evm_answer *answer)
{
    const bool is_revert = answer->kind == EVM_ANSWER_ERROR && evm_error_is_revert(answer);
    struct bytes returned = {.count = 0};
    uint32_t node = 0;
    enum ask ask = ASK_TYPE;

    if (!is_revert && (evm_return_bytes(evm, answer, &returned) != STATUS_OK)) {
        evm_job_fail_answer(evm, job, answer);
        return;
    }
    struct abi_reader reader = abi_reader_from(returned); /* nothing, after a revert */
    if (job->phase > 0) {
        const bool is_found = find_ask(job, step, &node, &ask);
        CHECK(is_found);
        read_answer(job, ask, &job->modules->nodes[node], &reader);
        return;
    }
    const struct address ism = abi_read_address(&reader);
    if (is_revert) {
        evm_job_fail_answer(evm, job, answer);
    } else if (!abi_reader_is_done(&reader)) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, "an answer that cannot be read");
    } else {
        (void)add_node(job, &ism);
        job->security.level_end = 0;
    }
}

/* A routing module whose answer for the message is not what it says for the whole origin may answer
 * otherwise for another message. */
static bool routes_by_content(const struct evm_modules *modules)
{
    for (uint32_t i = 0; i < modules->nodes_count; i++) {
        const struct ism_node *node = &modules->nodes[i];
        if (node->type == MODULE_ROUTING &&
            !address_equal(&modules->routes_of[i], &modules->nodes[node->first].address)) {
            return true;
        }
    }
    return false;
}

static void security_event(struct evm *evm, const struct evm_job *job, struct event *ret_event)
{
    const struct evm_modules *modules = job->modules;

    (void)evm;
    ret_event->kind = EVENT_SECURITY;
    ret_event->security.message_id = job->security.message_id;
    ret_event->security.outcome = job->outcome;
    ret_event->security.reason = bytes_from(job->reason, job->reason_bytes);
    if (job->outcome == OUTCOME_OK) {
        ret_event->security.by_content = routes_by_content(modules);
        ret_event->security.ism = (struct ism){.nodes = modules->nodes,
                                               .nodes_count = modules->nodes_count,
                                               .validators = modules->validators,
                                               .validators_count = modules->validators_count};
    }
}

const struct evm_job_ops evm_security_ops = {security_steps, security_write, security_answer,
                                             security_event};
