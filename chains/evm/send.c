/* SPDX-License-Identifier: Apache-2.0 */
/* The reading half of sending: a leg as calldata, its simulation, and the broadcast of bytes that
 * sign.c holds. */
#include <string.h>

#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"
#include "chains/evm/reserves.h"
#include "relay/hyperlane/deliveries.h"

#define SELECTOR_PROCESS        0x7c39d130u
#define SELECTOR_AGGREGATE      0x82ad56cbu /* aggregate3((address,bool,bytes)[]) */
#define SELECTOR_REBALANCE      0x6a99c333u
#define SELECTOR_GUARDED        0x5a79d330u /* the guard's rebalance, with an order */
#define SELECTOR_SPOKE_DEPOSIT  0x472fa401u
#define SELECTOR_SPOKE_WITHDRAW 0x5646e26au
#define SELECTOR_SPOKE_BORROW   0xd3ca896fu
#define SELECTOR_SPOKE_REPAY    0x4de5524eu
#define SELECTOR_SPOKE_BRIDGE   0x962fe6a2u
#define SELECTOR_SPOKE_SETTLE   0x0a58696du
#define SELECTOR_SPOKE_REPORT   0x0e8300f5u
#define SELECTOR_SPOKE_PAY_HUB  0x8d79ad36u
#define SELECTOR_HUB_CLOSE      0x26653be0u
#define SELECTOR_HUB_SETTLE     0x6ffbfaa8u
#define SELECTOR_HUB_INVEST     0x2dc5a5f6u
#define SELECTOR_HUB_RECALL     0x49e74e7cu
#define SELECTOR_QUOTE_DISPATCH 0x9c42bd18u /* of the mailbox */
#define SELECTOR_ANNOUNCE       0x21f71781u
#define NOTICE_BYTES            128u
#define SELECTOR_GET_L1_FEE     0x49948e0eu /* OP-stack GasPriceOracle, 0x4200..000f */

static void encode_process(const struct delivery *delivery, struct abi_writer *data)
{
    abi_write_selector(data, SELECTOR_PROCESS);
    abi_write_u64(data, 64);
    abi_write_u64(data, 64 + abi_tail_size(delivery->metadata.count));
    abi_write_tail(data, delivery->metadata);
    abi_write_tail(data, delivery->message);
}

static size_t process_size(const struct delivery *delivery)
{
    return 4 + 64 + abi_tail_size(delivery->metadata.count) +
           abi_tail_size(delivery->message.count);
}

/* A call of aggregate3: target, whether it may fail, where its calldata is, and that. */
static size_t call_size(const struct delivery *delivery)
{
    return 96 + abi_tail_size(process_size(delivery));
}

static void encode_batch(const struct address *mailbox, struct bytes deliveries, bool may_fail,
                         struct abi_writer *data)
{
    static const uint8_t zeros[32] = {0};
    struct delivery delivery;
    uint32_t count = 0;
    const enum status status = deliveries_check(deliveries, &count);
    size_t offset = (size_t)count * 32;

    CHECK(status == STATUS_OK); /* the caller looked */
    abi_write_selector(data, SELECTOR_AGGREGATE);
    abi_write_u64(data, 32);
    abi_write_u64(data, count);
    for (struct bytes rest = deliveries; deliveries_next(&rest, &delivery);) {
        abi_write_u64(data, offset);
        offset += call_size(&delivery);
    }
    for (struct bytes rest = deliveries; deliveries_next(&rest, &delivery);) {
        const size_t inner = process_size(&delivery);
        abi_write_address(data, mailbox);
        abi_write_u64(data, may_fail ? 1 : 0);
        abi_write_u64(data, 96);
        abi_write_u64(data, inner);
        encode_process(&delivery, data);
        abi_write_raw(data, bytes_from(zeros, abi_tail_size(inner) - 32 - inner));
    }
}

static void encode_announce(const struct leg *leg, struct abi_writer *data)
{
    abi_write_selector(data, SELECTOR_ANNOUNCE);
    abi_write_address(data, &leg->announce.validator);
    abi_write_u64(data, 96);
    abi_write_u64(data, 96 + abi_tail_size(leg->announce.location.count));
    abi_write_tail(data, leg->announce.location);
    abi_write_tail(
        data, bytes_from(leg->announce.signature.bytes, sizeof(leg->announce.signature.bytes)));
}

static void encode_rebalance(const struct leg *leg, struct abi_writer *data)
{
    if (!address_is_zero(&leg->rebalance.guard)) {
        abi_write_selector(data, SELECTOR_GUARDED);
        abi_write_hash(data, leg->id.bytes);
        abi_write_hash(data, leg->rebalance.mandate.bytes);
        abi_write_u64(data, leg->rebalance.deadline_s);
        abi_write_address(data, &leg->rebalance.router);
    } else {
        abi_write_selector(data, SELECTOR_REBALANCE);
    }
    abi_write_u64(data, leg->rebalance.destination);
    abi_write_amount(data, &leg->rebalance.amount);
    abi_write_address(data, &leg->rebalance.bridge);
}

/* The order is a struct of fixed words, so it stands in the head. */
static void encode_venue(const struct leg *leg, struct abi_writer *data)
{
    switch (leg->venue.verb) {
    case VENUE_DEPOSIT:
        abi_write_selector(data, SELECTOR_SPOKE_DEPOSIT);
        break;
    case VENUE_WITHDRAW:
        abi_write_selector(data, SELECTOR_SPOKE_WITHDRAW);
        break;
    case VENUE_BORROW:
        abi_write_selector(data, SELECTOR_SPOKE_BORROW);
        break;
    case VENUE_REPAY:
        abi_write_selector(data, SELECTOR_SPOKE_REPAY);
        break;
    }
    abi_write_hash(data, leg->id.bytes);
    abi_write_hash(data, leg->venue.mandate.bytes);
    abi_write_u64(data, leg->venue.deadline_s);
    abi_write_u64(data, leg->venue.index);
    abi_write_amount(data, &leg->venue.amount);
}

static void encode_crossing(const struct leg *leg, struct abi_writer *data)
{
    abi_write_selector(data, SELECTOR_SPOKE_BRIDGE);
    abi_write_hash(data, leg->id.bytes);
    abi_write_hash(data, leg->crossing.mandate.bytes);
    abi_write_u64(data, leg->crossing.deadline_s);
    abi_write_address(data, &leg->crossing.bridge);
    abi_write_u64(data, leg->crossing.destination);
    abi_write_address(data, &leg->crossing.token);
    abi_write_amount(data, &leg->crossing.amount);
}

static void encode_settle(const struct leg *leg, struct abi_writer *data)
{
    abi_write_selector(data, SELECTOR_SPOKE_SETTLE);
    abi_write_u64(data, leg->settle.origin);
    abi_write_address(data, &leg->settle.token);
}

static void encode_hub(const struct leg *leg, struct abi_writer *data)
{
    static const uint32_t selectors[] = {
        [HUB_CLOSE] = SELECTOR_HUB_CLOSE,     [HUB_SETTLE] = SELECTOR_HUB_SETTLE,
        [HUB_INVEST] = SELECTOR_HUB_INVEST,   [HUB_RECALL] = SELECTOR_HUB_RECALL,
        [HUB_REPORT] = SELECTOR_SPOKE_REPORT, [HUB_PAY] = SELECTOR_SPOKE_PAY_HUB};
    const enum hub_verb verb = leg->hub.verb;

    abi_write_selector(data, selectors[verb]);
    if (verb == HUB_SETTLE) {
        return; /* anybody's: it has one outcome */
    }
    abi_write_hash(data, leg->id.bytes);
    abi_write_hash(data, leg->hub.mandate.bytes);
    abi_write_u64(data, leg->hub.deadline_s);
    if (verb == HUB_RECALL) {
        abi_write_u64(data, leg->hub.domain);
        abi_write_hash(data, leg->hub.asset.bytes);
    }
    if (verb == HUB_PAY) {
        abi_write_address(data, &leg->hub.token);
    }
    if (verb == HUB_RECALL || verb == HUB_PAY || verb == HUB_INVEST) {
        abi_write_amount(data, &leg->hub.amount);
    }
}

/* The spoke, or hub, that a leg asks; NULL: an address is none of this family's. */
static const struct address *spoke_asked(const struct leg *leg)
{
    if (leg->kind == LEG_CROSSING) {
        return address_is_evm(&leg->crossing.spoke) && address_is_evm(&leg->crossing.bridge) &&
                       address_is_evm(&leg->crossing.token)
                   ? &leg->crossing.spoke
                   : NULL;
    }
    if (leg->kind == LEG_SETTLE) {
        return address_is_evm(&leg->settle.spoke) && address_is_evm(&leg->settle.token)
                   ? &leg->settle.spoke
                   : NULL;
    }
    if (leg->kind == LEG_HUB) {
        return address_is_evm(&leg->hub.contract) && address_is_evm(&leg->hub.token) &&
                       leg->hub.verb != HUB_NOTHING
                   ? &leg->hub.contract
                   : NULL;
    }
    return address_is_evm(&leg->venue.spoke) ? &leg->venue.spoke : NULL;
}

static void encode_spoke(const struct leg *leg, struct abi_writer *data)
{
    if (leg->kind == LEG_CROSSING) {
        encode_crossing(leg, data);
    } else if (leg->kind == LEG_SETTLE) {
        encode_settle(leg, data);
    } else if (leg->kind == LEG_HUB) {
        encode_hub(leg, data);
    } else {
        encode_venue(leg, data);
    }
}

enum status evm_leg_encode(struct evm *evm, const struct leg *leg, void *memory, size_t capacity,
                           struct address *ret_to, struct bytes *ret_data)
{
    struct abi_writer data = abi_writer_from(memory, capacity);
    const struct address *to = &leg->key;
    uint32_t count = 0;

    if (!address_is_evm(&leg->key) || address_is_zero(&leg->key)) {
        return STATUS_MALFORMED;
    }
    switch (leg->kind) {
    case LEG_PROCESS:
        if (leg->process.message.count > MESSAGE_BYTES_MAX ||
            leg->process.metadata.count > METADATA_BYTES_MAX) {
            return STATUS_MALFORMED;
        }
        to = &evm->self->mailbox;
        encode_process(
            &(struct delivery){.metadata = leg->process.metadata, .message = leg->process.message},
            &data);
        break;
    case LEG_BATCH:
        if (!address_is_evm(&leg->batch.contract) ||
            deliveries_check(leg->batch.deliveries, &count) != STATUS_OK) {
            return STATUS_MALFORMED;
        }
        to = &leg->batch.contract;
        encode_batch(&evm->self->mailbox, leg->batch.deliveries, true, &data);
        break;
    case LEG_REBALANCE:
        if (!address_is_evm(&leg->rebalance.router) || !address_is_evm(&leg->rebalance.bridge) ||
            !address_is_evm(&leg->rebalance.guard)) {
            return STATUS_MALFORMED;
        }
        to =
            address_is_zero(&leg->rebalance.guard) ? &leg->rebalance.router : &leg->rebalance.guard;
        encode_rebalance(leg, &data);
        break;
    case LEG_ANNOUNCE:
        if (!address_is_evm(&leg->announce.validator) ||
            leg->announce.location.count > LOCATION_BYTES_MAX) {
            return STATUS_MALFORMED;
        }
        to = &evm->self->validator_announce;
        encode_announce(leg, &data);
        break;
    case LEG_CANCEL:
        break;
    case LEG_VENUE:
    case LEG_CROSSING:
    case LEG_SETTLE:
    case LEG_HUB:
        to = spoke_asked(leg);
        if (to == NULL) {
            return STATUS_MALFORMED;
        }
        encode_spoke(leg, &data);
        break;
    }
    if (address_is_zero(to)) {
        return STATUS_MALFORMED; /* the contract is not configured */
    }
    CHECK(!data.overrun); /* EVM_CALLDATA_MAX has room for the largest */
    *ret_to = *to;
    *ret_data = buffer_bytes(&data.buffer);
    return STATUS_OK;
}

/* ---- prepare ----------------------------------------------------------------------------------
 * A rebalance is quoted first, as who will ask in its transaction, the router or the guard; what
 * leaves a spoke likewise, and then the notice that goes with it to the sibling. Then every kind is
 * simulated from the key's own address; then a rollup is asked for its data fee. */

static const struct core_router *find_router(const struct evm *evm, uint32_t domain,
                                             const struct address *address)
{
    for (uint32_t i = 0; i < evm->core.routers_count; i++) {
        const struct core_router *const router = &evm->core.routers[i];
        if (router->domain == domain && address_equal(&router->router, address)) {
            return router;
        }
    }
    return NULL;
}

static const struct core_router *find_sibling(const struct evm *evm,
                                              const struct core_router *router, uint32_t domain)
{
    for (uint32_t i = 0; i < evm->core.routers_count; i++) {
        if (evm->core.routers[i].domain == domain && evm->core.routers[i].asset == router->asset) {
            return &evm->core.routers[i];
        }
    }
    return NULL;
}

static bool is_large(const struct evm *evm, const struct amount *amount)
{
    return !amount_is_zero(&evm->core.large.value) &&
           amount_compare(amount, &evm->core.large.value) >= 0;
}

static void start_rebalance(struct evm *evm, struct evm_job *job, const struct leg *leg)
{
    const struct core_router *const router =
        find_router(evm, evm->chain.domain, &leg->rebalance.router);
    const struct core_router *const sibling =
        router == NULL ? NULL : find_sibling(evm, router, leg->rebalance.destination);

    if (sibling == NULL) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "router or destination is not configured");
        return;
    }
    job->prepare.asker =
        address_is_zero(&leg->rebalance.guard) ? router->router : leg->rebalance.guard;
    job->prepare.token = router->token;
    job->prepare.recipient = sibling->router;
    job->prepare.bridge = leg->rebalance.bridge;
    job->prepare.destination = leg->rebalance.destination;
    job->prepare.amount = leg->rebalance.amount;
    job->everyone = is_large(evm, &leg->rebalance.amount);
    job->prepare.fee_native_max = leg->rebalance.fee_native_max;
    job->prepare.fee_token_max = leg->rebalance.fee_token_max;
}

static void start_crossing(struct evm *evm, struct evm_job *job, const struct leg *leg)
{
    const struct core_spoke *const sibling =
        evm_spoke_sibling(&evm->core, evm->chain.domain, &leg->crossing.spoke, &leg->crossing.token,
                          leg->crossing.destination);

    if (sibling == NULL) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "spoke or destination is not configured");
        return;
    }
    job->prepare.asker = leg->crossing.spoke;
    job->prepare.token = leg->crossing.token;
    job->prepare.recipient = sibling->spoke;
    job->prepare.bridge = leg->crossing.bridge;
    job->prepare.destination = leg->crossing.destination;
    job->prepare.amount = leg->crossing.amount;
    job->everyone = is_large(evm, &leg->crossing.amount);
    job->prepare.fee_native_max = leg->crossing.fee_native_max;
    job->prepare.fee_token_max = leg->crossing.fee_token_max;
}

/* What is simulated may not fail in any of its calls, so that its gas is that of all of them; what
 * is sent goes on after one that fails. The digest is of what is sent. */
static void start_batch(struct evm *evm, struct evm_job *job, const struct leg *leg)
{
    const struct evm_transaction sent = {.to = job->prepare.to,
                                         .data = bytes_from(job->payload, job->payload_bytes)};
    struct abi_writer simulated = abi_writer_from(job->payload, EVM_CALLDATA_MAX);

    job->prepare.payload_digest = evm_payload_digest(&sent);
    encode_batch(&evm->self->mailbox, leg->batch.deliveries, false, &simulated);
    CHECK(buffer_bytes(&simulated.buffer).count == job->payload_bytes);
}

void evm_prepare_start(struct evm *evm, struct evm_job *job, const struct leg *leg)
{
    struct bytes data;

    job->prepare.leg_id = leg->id;
    job->prepare.leg_kind = leg->kind;
    job->prepare.key = leg->key;
    if (evm_leg_encode(evm, leg, job->payload, EVM_CALLDATA_MAX, &job->prepare.to, &data) !=
        STATUS_OK) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "this chain cannot carry the leg");
        return;
    }
    job->payload_bytes = (uint32_t)data.count;
    evm_gas_expect(evm, job, leg);
    if (leg->kind == LEG_REBALANCE) {
        start_rebalance(evm, job, leg);
    }
    if (leg->kind == LEG_CROSSING) {
        start_crossing(evm, job, leg);
    }
    if (leg->kind == LEG_BATCH) {
        start_batch(evm, job, leg);
    }
    if (leg->kind == LEG_HUB) {
        job->prepare.value = leg->hub.value;
    }
}

/* The phases before the simulation: the bridge's quote, and the notice's. */
static uint32_t quote_phases(const struct evm_job *job)
{
    return job->prepare.leg_kind == LEG_CROSSING    ? 2
           : job->prepare.leg_kind == LEG_REBALANCE ? 1
                                                    : 0;
}

static bool asks_quote(const struct evm_job *job)
{
    return quote_phases(job) > 0 && job->phase == 0;
}

static bool asks_notice(const struct evm_job *job)
{
    return quote_phases(job) > 1 && job->phase == 1;
}

/* The phase that asks what the rollup takes for the data: the last one, where there is one. */
static uint32_t data_fee_phase(const struct evm_job *job)
{
    return quote_phases(job) + 1;
}

static bool asks_data_fee(const struct evm_job *job)
{
    return job->phase == data_fee_phase(job);
}

enum evm_vote_form evm_prepare_form(const struct evm_job *job)
{
    return asks_quote(job) || asks_notice(job) || asks_data_fee(job) ? EVM_FORM_WORDS
                                                                     : EVM_FORM_GAS;
}

static uint32_t prepare_steps(struct evm *evm, struct evm_job *job)
{
    switch (evm->data_fee) {
    case DATA_FEE_NONE:
        return job->phase < data_fee_phase(job) ? 1 : 0;
    case DATA_FEE_OP_STACK:
        return job->phase <= data_fee_phase(job) ? 1 : 0;
    }
    CHECK(false);
    return 0;
}

/* getL1Fee(bytes) of the oracle, on the transaction as it will be but for its nonce and fees, whose
 * lengths are bounded from above. */
static void data_fee_write(struct evm *evm, const struct evm_job *job, struct json_writer *writer)
{
    const struct evm_transaction transaction = {
        .chain_id = evm->self->chain_id,
        .nonce = UINT32_MAX,
        .priority_fee = evm->self->fee_per_gas_max,
        .fee_max = evm->self->fee_per_gas_max,
        .gas_limit = evm->self->gas_limit_max,
        .to = job->prepare.to,
        .value = job->prepare.value,
        .data = bytes_from(job->payload, job->payload_bytes),
    };
    struct address oracle = {{0}};
    struct buffer encoded = buffer_from(evm->scratch, EVM_LEG_BYTES_MAX);
    uint8_t memory[4 + 2 * 32];
    struct abi_writer head = abi_writer_from(memory, sizeof(memory));

    oracle.bytes[12] = 0x42;
    oracle.bytes[31] = 0x0f;
    const enum status status = evm_transaction_encode(&transaction, &encoded);
    CHECK(status == STATUS_OK); /* EVM_LEG_BYTES_MAX has room for the largest calldata */
    abi_write_selector(&head, SELECTOR_GET_L1_FEE);
    abi_write_u64(&head, 32);
    abi_write_u64(&head, encoded.count);
    /* Head, bytes, and zeros up to a whole word, in one piece. */
    const size_t padded = (encoded.count + 31) / 32 * 32;
    CHECK(sizeof(memory) + padded <= EVM_CALLDATA_MAX + EVM_LEG_BYTES_MAX);
    memmove(evm->scratch + sizeof(memory), evm->scratch, encoded.count);
    memset(evm->scratch + sizeof(memory) + encoded.count, 0, padded - encoded.count);
    memcpy(evm->scratch, memory, sizeof(memory));
    evm_write_call(writer, NULL, &oracle, bytes_from(evm->scratch, sizeof(memory) + padded));
    evm_write_at(evm, job, writer);
}

/* One word and nothing else; else the job ends. */
static bool word_answer(struct evm *evm, struct evm_job *job, const struct evm_answer *answer,
                        const char *otherwise, struct amount *ret_amount)
{
    struct bytes returned;

    if (evm_return_bytes(evm, answer, &returned) != STATUS_OK) {
        evm_job_fail_answer(evm, job, answer);
        return false;
    }
    if (!evm_read_word(returned, ret_amount)) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, otherwise);
        return false;
    }
    return true;
}

static void data_fee_answer(struct evm *evm, struct evm_job *job, const struct evm_answer *answer)
{
    (void)word_answer(evm, job, answer, "the data fee cannot be understood",
                      &job->prepare.data_fee);
}

/* quoteDispatch of the notice that the spoke sends to its sibling with what it sends: four words
 * (Messages.sol), whose values weigh nothing. */
static void notice_write(struct evm *evm, const struct evm_job *job, struct json_writer *writer)
{
    uint8_t memory[4 + 8 * 32];
    struct abi_writer data = abi_writer_from(memory, sizeof(memory));

    abi_write_selector(&data, SELECTOR_QUOTE_DISPATCH);
    abi_write_u64(&data, job->prepare.destination);
    abi_write_hash(&data, job->prepare.recipient.bytes);
    abi_write_u64(&data, 96);
    abi_write_u64(&data, NOTICE_BYTES);
    for (uint32_t i = 0; i < NOTICE_BYTES / 32; i++) {
        abi_write_u64(&data, 1);
    }
    CHECK(!data.overrun);
    evm_write_call(writer, &job->prepare.asker, &evm->self->mailbox, buffer_bytes(&data.buffer));
    evm_write_at(evm, job, writer);
}

static void notice_answer(struct evm *evm, struct evm_job *job, const struct evm_answer *answer)
{
    struct amount fee;

    if (!word_answer(evm, job, answer, "the quote of the notice cannot be understood", &fee)) {
        return;
    }
    if (amount_add(&job->prepare.fee_native, &fee, &job->prepare.fee_native) != STATUS_OK) {
        job->prepare.fee_native = amount_max();
    }
    if (amount_compare(&job->prepare.fee_native, &job->prepare.fee_native_max) > 0) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "the bridge's fee is above the limit");
        return;
    }
    job->prepare.value = job->prepare.fee_native;
}

static void prepare_write(struct evm *evm, const struct evm_job *job, uint32_t step, uint64_t id,
                          struct json_writer *writer)
{
    uint8_t memory[EVM_QUOTE_CALLDATA_BYTES];

    (void)step;
    if (asks_quote(job)) {
        const struct bytes data = evm_quote_calldata(memory, job->prepare.destination,
                                                     &job->prepare.recipient, &job->prepare.amount);
        rpc_write_begin(writer, id, "eth_call");
        evm_write_call(writer, &job->prepare.asker, &job->prepare.bridge, data);
        evm_write_at(evm, job, writer);
        rpc_write_end(writer);
        return;
    }
    if (asks_notice(job)) {
        rpc_write_begin(writer, id, "eth_call");
        notice_write(evm, job, writer);
        rpc_write_end(writer);
        return;
    }
    if (asks_data_fee(job)) {
        rpc_write_begin(writer, id, "eth_call");
        data_fee_write(evm, job, writer);
        rpc_write_end(writer);
        return;
    }
    rpc_write_begin(writer, id, job->prepare.gas_tried > 0 ? "eth_call" : "eth_estimateGas");
    json_write(writer, "{\"from\":");
    json_write_evm_address(writer, &job->prepare.key);
    json_write(writer, ",\"to\":");
    json_write_evm_address(writer, &job->prepare.to);
    json_write(writer, ",\"value\":");
    json_write_amount(writer, &job->prepare.value);
    json_write(writer, ",\"data\":");
    json_write_data(writer, bytes_from(job->payload, job->payload_bytes));
    if (job->prepare.gas_tried > 0) {
        json_write(writer, ",\"gas\":");
        json_write_quantity(writer, evm_gas_to_try(job));
    }
    /* Named, because many nodes would else run all that is pending first, for every question. */
    json_write(writer, "},\"latest\"");
    rpc_write_end(writer);
}

static void quote_answer(struct evm *evm, struct evm_job *job, const struct evm_answer *answer)
{
    struct bytes returned;

    if (evm_return_bytes(evm, answer, &returned) != STATUS_OK) {
        evm_job_fail_answer(evm, job, answer);
        return;
    }
    const enum status status = evm_quote_sum(returned, &job->prepare.token, &job->prepare.amount,
                                             &job->prepare.fee_native, &job->prepare.fee_token);
    if (status != STATUS_OK) {
        evm_job_fail_text(job, OUTCOME_REFUSED,
                          status == STATUS_UNSUPPORTED
                              ? "the bridge asks for its fee in another token"
                              : "the bridge's quote cannot be understood");
        return;
    }
    if (amount_compare(&job->prepare.fee_native, &job->prepare.fee_native_max) > 0 ||
        amount_compare(&job->prepare.fee_token, &job->prepare.fee_token_max) > 0) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "the bridge's fee is above the limit");
        return;
    }
    job->prepare.value = job->prepare.fee_native;
}

/* The node judged the transaction itself, by a revert or for lack of funds. */
static void fail_simulation(struct evm *evm, struct evm_job *job, const struct evm_answer *answer)
{
    /* MovableCollateralRouter.rebalance takes what the bridge asks beyond the amount from its
     * caller, by transferFrom. A guard pays it from its float; our key approves nothing. */
    static const char hint[] = "the fee is in the token, and only a guard pays that: ";
    const bool is_hinted = job->prepare.leg_kind == LEG_REBALANCE &&
                           find_router(evm, evm->chain.domain, &job->prepare.asker) != NULL &&
                           !amount_is_zero(&job->prepare.fee_token);
    const size_t hint_count = is_hinted ? sizeof(hint) - 1 : 0;
    uint8_t reason[REASON_BYTES_MAX];
    uint8_t words[sizeof(hint) + REASON_BYTES_MAX];

    const uint32_t count = evm_error_reason(answer, evm->scratch, EVM_RETURN_BYTES_MAX, reason);
    memcpy(words, hint, hint_count);
    memcpy(words + hint_count, reason, count);
    evm_job_fail(job, evm_error_is_internal(answer) ? OUTCOME_UNKNOWN : OUTCOME_REFUSED,
                 bytes_from(words, hint_count + count));
}

static void prepare_answer(struct evm *evm, struct evm_job *job, uint32_t step,
                           const struct evm_answer *answer)
{
    uint64_t gas = 0;

    (void)step;
    if (asks_quote(job)) {
        quote_answer(evm, job, answer);
        return;
    }
    if (asks_notice(job)) {
        notice_answer(evm, job, answer);
        return;
    }
    if (asks_data_fee(job)) {
        data_fee_answer(evm, job, answer);
        return;
    }
    if (job->prepare.gas_tried > 0) {
        const bool succeeds = answer->kind == EVM_ANSWER_RESULT;
        job->prepare.gas = succeeds ? job->prepare.gas_tried : 0;
        job->prepare.gas_tried = 0;
        job->phase_again = !succeeds; /* estimated: it needs more, or says why it reverts */
        return;
    }
    if (answer->kind == EVM_ANSWER_RESULT && json_quantity(answer->result, &gas) == STATUS_OK &&
        gas > 0) {
        job->prepare.gas = gas;
        evm_gas_learned(evm, job);
        return;
    }
    if (answer->kind == EVM_ANSWER_ERROR && !evm_error_is_transient(answer)) {
        fail_simulation(evm, job, answer);
        return;
    }
    evm_job_fail_answer(evm, job, answer);
}

static void prepare_event(struct evm *evm, const struct evm_job *job, struct event *ret_event)
{
    const struct evm_transaction transaction = {
        .to = job->prepare.to,
        .value = job->prepare.value,
        .data = bytes_from(job->payload, job->payload_bytes),
    };

    (void)evm;
    ret_event->kind = EVENT_PREPARED;
    ret_event->prepared.leg_id = job->prepare.leg_id;
    ret_event->prepared.outcome = job->outcome;
    ret_event->prepared.reason = bytes_from(job->reason, job->reason_bytes);
    ret_event->prepared.fee_native = job->prepare.fee_native;
    ret_event->prepared.fee_token = job->prepare.fee_token;
    if (job->outcome == OUTCOME_OK) {
        ret_event->prepared.gas = job->prepare.gas;
        ret_event->prepared.data_fee = job->prepare.data_fee;
        ret_event->prepared.value = job->prepare.value;
        ret_event->prepared.payload_digest = job->prepare.leg_kind == LEG_BATCH
                                                 ? job->prepare.payload_digest
                                                 : evm_payload_digest(&transaction);
    }
}

const struct evm_job_ops evm_prepare_ops = {prepare_steps, prepare_write, prepare_answer,
                                            prepare_event};

/* ---- broadcast --------------------------------------------------------------------------------
 * The bytes go to every good endpoint. One that takes them, or has them, decides; they are refused
 * only when every endpoint that was asked refused them: behind silence they may be in a pool. */

void evm_broadcast_start(struct evm *evm, struct evm_job *job, const struct command *command)
{
    job->broadcast.leg_id = command->broadcast.leg_id;
    job->broadcast.transaction = command->broadcast.transaction;
    job->broadcast.leg =
        evm_leg_find(evm, &command->broadcast.leg_id, &command->broadcast.transaction);
    if (job->broadcast.leg == EVM_ANY_ENDPOINT) {
        evm_job_fail_text(job, OUTCOME_ABSENT, "not held");
        return;
    }
    for (uint32_t i = evm->submit_first; i < evm->chain.endpoints_count; i++) {
        if (evm->endpoints[i].phase == EVM_ENDPOINT_GOOD) {
            job->broadcast.endpoints[job->broadcast.endpoints_count++] = i;
        }
    }
    if (job->broadcast.endpoints_count == 0) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, "no endpoint");
    }
}

uint32_t evm_broadcast_endpoint(const struct evm_job *job, uint32_t step)
{
    CHECK(step < job->broadcast.endpoints_count);
    return job->broadcast.endpoints[step];
}

static uint32_t broadcast_steps(struct evm *evm, struct evm_job *job)
{
    (void)evm;
    if (job->phase == 0) {
        return job->broadcast.endpoints_count;
    }
    /* Every endpoint answered, and none took it. */
    evm_job_fail(job, job->broadcast.is_silent ? OUTCOME_UNKNOWN : OUTCOME_REFUSED,
                 bytes_from(job->broadcast.reason, job->broadcast.reason_bytes));
    return 0;
}

static void broadcast_write(struct evm *evm, const struct evm_job *job, uint32_t step, uint64_t id,
                            struct json_writer *writer)
{
    struct evm_leg *const leg = &evm->legs[job->broadcast.leg];

    (void)step;
    CHECK(hash_equal(&leg->transaction, &job->broadcast.transaction)); /* promise 5 */
    leg->is_given = true;
    rpc_write_begin(writer, id, "eth_sendRawTransaction");
    json_write_data(writer, bytes_from(leg->bytes, leg->bytes_count));
    rpc_write_end(writer);
}

static void broadcast_answer(struct evm *evm, struct evm_job *job, uint32_t step,
                             const struct evm_answer *answer)
{
    struct hash hash;
    bool is_known = false;

    (void)step;
    if (answer->kind == EVM_ANSWER_RESULT) {
        if (json_hash(answer->result, &hash) == STATUS_OK &&
            hash_equal(&hash, &job->broadcast.transaction)) {
            job->is_decided = true;
        } else {
            job->broadcast.is_silent = true;
        }
        return;
    }
    if (answer->kind == EVM_ANSWER_NONE || evm_error_is_transient(answer)) {
        job->broadcast.is_silent = true;
        return;
    }
    const enum rejection rejection = evm_error_rejection(answer, &is_known);
    if (is_known) {
        job->is_decided = true;
        return;
    }
    job->broadcast.rejection = rejection;
    job->broadcast.reason_bytes =
        evm_error_reason(answer, evm->scratch, EVM_RETURN_BYTES_MAX, job->broadcast.reason);
}

static void broadcast_event(struct evm *evm, const struct evm_job *job, struct event *ret_event)
{
    (void)evm;
    ret_event->kind = EVENT_SUBMITTED;
    ret_event->submitted.leg_id = job->broadcast.leg_id;
    ret_event->submitted.transaction = job->broadcast.transaction;
    ret_event->submitted.outcome = job->outcome;
    ret_event->submitted.rejection =
        job->outcome == OUTCOME_REFUSED ? job->broadcast.rejection : REJECTION_NONE;
    ret_event->submitted.reason = bytes_from(job->reason, job->reason_bytes);
}

const struct evm_job_ops evm_broadcast_ops = {broadcast_steps, broadcast_write, broadcast_answer,
                                              broadcast_event};
