/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints: connected, checked, good or bad. Only a good one is asked and gets transactions. Each
 * fault weighs for a while, and so do slow answers and a head that is old by the clock; the good
 * one that weighs least, the primary, is asked first. */
#include <string.h>

#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"
#include "relay/base/hex.h"

#define SELECTOR_LOCAL_DOMAIN 0x8d3638f4u
#define SELECTOR_DECIMALS     0x313ce567u

enum {
    SILENCES_MAX = 3, /* deadlines in a row before it counts as not answering */
    PENALTY_STEP = 16,
    PENALTY_MAX = 4096,
    PENALTY_DECAY = 64, /* one part of so many each time */
    SLOWNESS_MAX = 4,
    STALE_AFTER_S = 60,
    DECIMALS_USUAL = 18,
    DECIMALS_MAX = 77, /* 10^77 is the largest power of ten in 256 bits */
};

#define CHECK_AGAIN_AFTER                                                                          \
    DURATION_MS(30000) /* a bad endpoint: a node that is syncing gets better */
#define CHECK_STALLED_WAIT   DURATION_MS(2000)
#define RECHECK_EVERY        DURATION_MS(60000) /* a good one: is it still the same chain? */
#define PENALTY_DECAYS_EVERY DURATION_MS(2000)
#define OVERLOAD_PAUSE       DURATION_MS(250)
#define OVERLOAD_PAUSE_MAX   DURATION_MS(300000) /* whatever it asks for */
#define REST_AFTER           DURATION_MS(5000)   /* a longer pause, and it is not counted on */
#define REFUSALS_MAX         7u                  /* doublings of the pause: to 32 s */
#define CALLS_TOLD_PARTS     64u                 /* of a day's budget, between two EVENT_CALLS */

/* Steps of the check: chain id, domain, code of each contract, share decimals of each vault. */
static uint32_t checks_count(const struct evm *evm)
{
    return 2 + evm->interest.contracts_count + evm->vaults_count;
}

static void note(struct evm_notice *notice, enum endpoint_state state, struct bytes detail)
{
    notice->pending = true;
    notice->state = state;
    notice->detail_bytes =
        (uint32_t)(detail.count < EVM_DETAIL_BYTES ? detail.count : EVM_DETAIL_BYTES);
    if (notice->detail_bytes > 0) {
        memcpy(notice->detail, detail.data, notice->detail_bytes);
    }
}

void evm_endpoint_malformed(struct evm *evm, uint32_t index, const char *detail)
{
    struct evm_notice *const notice = &evm->endpoints[index].malformed_notice;
    const struct bytes text = bytes_from_string(detail);

    evm->chain.endpoints[index].malformed++;
    evm_endpoint_punish(evm, index, EVM_FAULT_MALFORMED);
    /* The same words again say nothing new; a node that repeats itself must not fill the journal.
     */
    if (notice->detail_bytes == text.count &&
        bytes_equal(bytes_from(notice->detail, notice->detail_bytes), text)) {
        return;
    }
    note(notice, ENDPOINT_MALFORMED, text);
}

/* Nothing can be had from it for longer than a moment. */
static bool is_out(const struct evm_endpoint *endpoint)
{
    return endpoint->is_mute || endpoint->is_resting || call_budget_is_spent(&endpoint->budget);
}

bool evm_endpoint_answers(const struct evm *evm, uint32_t index)
{
    return evm->endpoints[index].phase == EVM_ENDPOINT_GOOD && !is_out(&evm->endpoints[index]);
}

bool evm_endpoint_has_room(const struct evm *evm, uint32_t index)
{
    return instant_is_past(evm->endpoints[index].paused_until, evm->now) &&
           !evm->endpoints[index].is_probed && call_budget_has(&evm->endpoints[index].budget);
}

/* Quarters of the deadline that its answers take. */
static uint32_t slowness(const struct evm *evm, uint32_t index)
{
    const uint64_t quarters =
        evm->chain.endpoints[index].latency.ns / (evm->request_deadline.ns / 4 + 1);

    return quarters < SLOWNESS_MAX ? (uint32_t)quarters : SLOWNESS_MAX;
}

/* It goes on telling blocks, and they are old: a node that fell behind, or is shown an old chain.
 * Where the whole chain stands still all weigh the same. */
static bool is_stale(const struct evm *evm, uint32_t index)
{
    const uint64_t head_s = evm->chain.endpoints[index].head_time_s;
    const uint64_t now_s = evm->now.ns / 1000000000u;

    return head_s != 0 && now_s > head_s && now_s - head_s > STALE_AFTER_S;
}

bool evm_endpoint_is_better(const struct evm *evm, uint32_t a, uint32_t b)
{
    const struct evm_endpoint *const one = &evm->endpoints[a];
    const struct evm_endpoint *const other = &evm->endpoints[b];

    if (is_out(one) != is_out(other)) {
        return is_out(other);
    }
    /* Small differences do not count: what is asked now goes on being asked. */
    const uint32_t one_weighs = one->penalty / PENALTY_STEP + slowness(evm, a);
    const uint32_t other_weighs = other->penalty / PENALTY_STEP + slowness(evm, b);
    return one_weighs != other_weighs ? one_weighs < other_weighs : a < b;
}

static void choose_primary(struct evm *evm)
{
    const uint32_t before = evm->primary;

    evm->primary = EVM_ANY_ENDPOINT;
    for (uint32_t i = 0; i < evm->readers_count; i++) {
        if (evm->endpoints[i].phase == EVM_ENDPOINT_GOOD &&
            (evm->primary == EVM_ANY_ENDPOINT || evm_endpoint_is_better(evm, i, evm->primary))) {
            evm->primary = i;
        }
    }
    if (evm->primary != before && evm->primary != EVM_ANY_ENDPOINT && evm->quorum == 1) {
        /* What it told before nobody listened to is old. */
        evm->endpoints[evm->primary].told.head_at = (struct instant){0};
        evm->endpoints[evm->primary].told.final_is_wanted = true;
    }
}

void evm_endpoint_punish(struct evm *evm, uint32_t index, enum evm_fault fault)
{
    struct evm_endpoint *const endpoint = &evm->endpoints[index];

    endpoint->penalty += (uint32_t)fault;
    endpoint->penalty = endpoint->penalty < PENALTY_MAX ? endpoint->penalty : PENALTY_MAX;
    choose_primary(evm);
}

void evm_endpoint_asked(struct evm *evm, uint32_t index)
{
    struct evm_endpoint *const endpoint = &evm->endpoints[index];

    call_budget_spend(&endpoint->budget);
    endpoint->is_probed = endpoint->refusals > 0;
}

void evm_endpoint_obliged(struct evm *evm, uint32_t index)
{
    if (instant_is_past(evm->endpoints[index].paused_until, evm->now)) {
        evm->endpoints[index].refusals = 0;
    }
}

void evm_endpoint_limited(struct evm *evm, uint32_t index, struct duration wait)
{
    struct evm_endpoint *const endpoint = &evm->endpoints[index];

    evm->chain.endpoints[index].refusals++;
    endpoint->is_probed = false;
    /* What was sent before the pause began is refused as well, and says nothing new. */
    if (wait.ns == 0 && !instant_is_past(endpoint->paused_until, evm->now)) {
        return;
    }
    wait.ns = wait.ns == 0 ? OVERLOAD_PAUSE.ns << endpoint->refusals : wait.ns;
    wait.ns = wait.ns > OVERLOAD_PAUSE_MAX.ns ? OVERLOAD_PAUSE_MAX.ns : wait.ns;
    endpoint->refusals += endpoint->refusals < REFUSALS_MAX ? 1 : 0;
    const struct instant until = instant_after(evm->now, wait);
    endpoint->paused_until = until.ns > endpoint->paused_until.ns ? until : endpoint->paused_until;
    endpoint->is_resting = endpoint->is_resting || wait.ns > REST_AFTER.ns;
    evm_endpoint_punish(evm, index, EVM_FAULT_OVERLOAD);
}

void evm_endpoints_recall(struct evm *evm, const struct watch *watch)
{
    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        struct evm_endpoint *const endpoint = &evm->endpoints[i];
        call_budget_recall(&endpoint->budget, watch->calls_day, watch->calls_spent[i]);
        endpoint->calls_told = endpoint->budget.spent;
        endpoint->calls_told_day = endpoint->budget.day;
    }
}

/* Pauses end and budgets grow with time. */
static void refresh(struct evm *evm)
{
    bool is_other = false;

    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        struct evm_endpoint *const endpoint = &evm->endpoints[i];
        const bool was_out = is_out(endpoint);
        call_budget_tick(&endpoint->budget, evm->now);
        endpoint->is_resting =
            endpoint->is_resting && !instant_is_past(endpoint->paused_until, evm->now);
        evm->chain.endpoints[i].calls_today = endpoint->budget.spent;
        is_other = is_other || was_out != is_out(endpoint);
    }
    if (is_other) {
        choose_primary(evm);
    }
}

void evm_endpoints_tick(struct evm *evm)
{
    refresh(evm);
    if (!instant_is_past(evm->penalties_decay_at, evm->now)) {
        return;
    }
    evm->penalties_decay_at = instant_after(evm->now, PENALTY_DECAYS_EVERY);
    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        struct evm_endpoint *const endpoint = &evm->endpoints[i];
        endpoint->penalty -= (endpoint->penalty + PENALTY_DECAY - 1) / PENALTY_DECAY;
        if (is_stale(evm, i) && endpoint->penalty < (uint32_t)EVM_FAULT_STALE) {
            endpoint->penalty = EVM_FAULT_STALE;
        }
        evm->chain.endpoints[i].penalty = endpoint->penalty;
        evm->chain.endpoints[i].is_good = evm_endpoint_answers(evm, i);
    }
    choose_primary(evm);
}

static void start_check(struct evm_endpoint *endpoint)
{
    endpoint->phase = EVM_ENDPOINT_CHECKING;
    endpoint->checks_started = 0;
    endpoint->checks_done = 0;
    endpoint->check_again_at = (struct instant){.ns = UINT64_MAX};
}

static void end_use(struct evm *evm, uint32_t index, enum evm_endpoint_phase phase)
{
    evm->endpoints[index].phase = phase;
    evm->endpoints[index].told = (struct evm_told){.head_is_known = false};
    evm->endpoints[index].recheck = (struct evm_recheck){.is_wanted = false};
    choose_primary(evm);
}

void evm_endpoint_connected(struct evm *evm, uint32_t index)
{
    struct evm_endpoint *const endpoint = &evm->endpoints[index];

    if (endpoint->phase != EVM_ENDPOINT_DOWN) {
        evm_endpoint_lost(evm, index); /* a new connection without word of the old one's end */
    }
    endpoint->refuses_batches = false;
    endpoint->lacks_receipts = false;
    endpoint->is_subscribed = false;
    endpoint->cannot_subscribe = false;
    endpoint->subscription_bytes = 0;
    endpoint->silences = 0;
    endpoint->is_mute = false;
    endpoint->is_probed = false;
    endpoint->malformed_notice.detail_bytes = 0;
    if (endpoint->is_banned) {
        endpoint->phase = EVM_ENDPOINT_BAD;
        endpoint->check_again_at = (struct instant){.ns = UINT64_MAX};
        return;
    }
    start_check(endpoint);
}

void evm_endpoint_lost(struct evm *evm, uint32_t index)
{
    struct evm_endpoint *const endpoint = &evm->endpoints[index];

    if (endpoint->phase == EVM_ENDPOINT_DOWN) {
        return;
    }
    end_use(evm, index, EVM_ENDPOINT_DOWN);
    evm_endpoint_punish(evm, index, EVM_FAULT_LOST);
    endpoint->subscription_bytes = 0;
    endpoint->is_subscribed = false;
    endpoint->check_again_at = (struct instant){.ns = UINT64_MAX};
    /* Told once: a connection that never answered, as over HTTP each try is one, is no news. */
    if (endpoint->state_notice.state != ENDPOINT_LOST) {
        note(&endpoint->state_notice, ENDPOINT_LOST, bytes_from(NULL, 0));
    }
    evm_calls_lost(evm, index);
}

void evm_endpoint_silent(struct evm *evm, uint32_t index)
{
    struct evm_endpoint *const endpoint = &evm->endpoints[index];

    endpoint->silences++;
    endpoint->is_probed = false;
    evm->chain.endpoints[index].silences++;
    endpoint->is_mute = endpoint->silences >= SILENCES_MAX;
    evm_endpoint_punish(evm, index, EVM_FAULT_SILENCE);
}

void evm_endpoint_spoke(struct evm *evm, uint32_t index)
{
    struct evm_endpoint *const endpoint = &evm->endpoints[index];

    endpoint->silences = 0;
    endpoint->is_probed = false;
    if (endpoint->is_mute) {
        endpoint->is_mute = false;
        choose_primary(evm);
    }
}

static void judge_bad(struct evm *evm, uint32_t index, enum endpoint_state state,
                      struct bytes detail)
{
    struct evm_endpoint *const endpoint = &evm->endpoints[index];
    const bool is_news =
        endpoint->state_notice.state != state ||
        !bytes_equal(bytes_from(endpoint->state_notice.detail, endpoint->state_notice.detail_bytes),
                     detail);

    if (is_news) {
        note(&endpoint->state_notice, state, detail);
    }
    evm_calls_drop(evm, EVM_CALL_VERIFY, index);
    end_use(evm, index, EVM_ENDPOINT_BAD);
    endpoint->check_again_at = instant_after(evm->now, CHECK_AGAIN_AFTER);
}

static void judge_good(struct evm *evm, uint32_t index)
{
    struct evm_endpoint *const endpoint = &evm->endpoints[index];

    endpoint->phase = EVM_ENDPOINT_GOOD;
    endpoint->told = (struct evm_told){.final_is_wanted = true};
    endpoint->recheck_at = instant_after(evm->now, RECHECK_EVERY);
    note(&endpoint->state_notice, ENDPOINT_CONNECTED, bytes_from(NULL, 0));
    choose_primary(evm);
}

void evm_verify_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    const uint32_t contracts_end = 2 + evm->interest.contracts_count;
    uint8_t memory[4];
    struct abi_writer data = abi_writer_from(memory, sizeof(memory));

    if (call->step == 0) {
        rpc_write_begin(writer, call->id, "eth_chainId");
    } else if (call->step == 1) {
        abi_write_selector(&data, SELECTOR_LOCAL_DOMAIN);
        rpc_write_begin(writer, call->id, "eth_call");
        evm_write_call(writer, NULL, &evm->self->mailbox, buffer_bytes(&data.buffer));
        json_write(writer, ",\"latest\"");
    } else if (call->step < contracts_end) {
        rpc_write_begin(writer, call->id, "eth_getCode");
        json_write_evm_address(writer, &evm->interest.contracts[call->step - 2].address);
        json_write(writer, ",\"latest\"");
    } else {
        abi_write_selector(&data, SELECTOR_DECIMALS);
        rpc_write_begin(writer, call->id, "eth_call");
        evm_write_call(writer, NULL, &evm->vaults[call->step - contracts_end].config->vault,
                       buffer_bytes(&data.buffer));
        json_write(writer, ",\"latest\"");
    }
    rpc_write_end(writer);
}

static void wrong_chain(struct evm *evm, uint32_t index, const char *what, uint64_t found,
                        uint64_t wanted)
{
    uint8_t memory[EVM_DETAIL_BYTES];
    struct json_writer detail = json_writer_from(memory, sizeof(memory));

    json_write(&detail, what);
    json_write(&detail, " is ");
    json_write_decimal(&detail, found);
    json_write(&detail, ", configured is ");
    json_write_decimal(&detail, wanted);
    judge_bad(evm, index, ENDPOINT_WRONG_CHAIN, buffer_bytes(&detail.buffer));
}

static const char *role_name(uint32_t roles)
{
    static const struct {
        enum evm_role role;
        const char *name;
    } names[] = {
        {EVM_ROLE_MAILBOX, "mailbox"},     {EVM_ROLE_TREE_HOOK, "merkle tree hook"},
        {EVM_ROLE_PAYMASTER, "paymaster"}, {EVM_ROLE_ANNOUNCE, "validator announce"},
        {EVM_ROLE_ROUTER, "router"},       {EVM_ROLE_BRIDGE, "bridge"},
        {EVM_ROLE_VAULT, "vault"},         {EVM_ROLE_TOKEN, "token"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((roles & (uint32_t)names[i].role) != 0) {
            return names[i].name;
        }
    }
    check_failed(__FILE__, __LINE__, "a contract without a role");
}

static void missing_contract(struct evm *evm, uint32_t index, const struct evm_contract *contract)
{
    char address[41];
    uint8_t memory[EVM_DETAIL_BYTES];
    struct json_writer detail = json_writer_from(memory, sizeof(memory));

    hex_encode(bytes_from(contract->address.bytes + 12, 20), address);
    json_write(&detail, "no contract at the ");
    json_write(&detail, role_name(contract->roles));
    json_write(&detail, "'s address 0x");
    json_write(&detail, address);
    judge_bad(evm, index, ENDPOINT_MISSING_CONTRACT, buffer_bytes(&detail.buffer));
}

static struct amount power_of_ten(uint64_t exponent)
{
    struct amount power = amount_from_u64(1);
    const struct amount ten = amount_from_u64(10);

    CHECK(exponent <= DECIMALS_MAX);
    for (uint64_t i = 0; i < exponent; i++) {
        const enum status status = amount_multiply(&power, &ten, &power);
        CHECK(status == STATUS_OK);
    }
    return power;
}

/* One word of a result; false when it is no such thing. */
static bool read_small(struct evm *evm, const struct evm_answer *answer, uint64_t *ret_value)
{
    struct bytes returned;

    if (evm_return_bytes(evm, answer, &returned) != STATUS_OK) {
        return false;
    }
    struct abi_reader reader = abi_reader_from(returned);
    const uint64_t value = abi_read_u64(&reader);
    if (!abi_reader_is_done(&reader)) {
        return false;
    }
    *ret_value = value;
    return true;
}

/* False when the endpoint failed this step; it is then judged. */
static bool check_step(struct evm *evm, uint32_t index, uint32_t step,
                       const struct evm_answer *answer)
{
    const uint32_t contracts_end = 2 + evm->interest.contracts_count;
    uint64_t value = 0;
    size_t code_bytes = 0;

    if (step == 0) {
        if (json_quantity(answer->result, &value) != STATUS_OK) {
            judge_bad(evm, index, ENDPOINT_MALFORMED, bytes_from_string("no chain id"));
            return false;
        }
        if (value != evm->self->chain_id) {
            wrong_chain(evm, index, "chain id", value, evm->self->chain_id);
            return false;
        }
        return true;
    }
    if (step == 1) {
        /* Nothing or something else where the mailbox should be: its step finds missing code. */
        if (read_small(evm, answer, &value) && value != evm->chain.domain) {
            wrong_chain(evm, index, "domain of the mailbox", value, evm->chain.domain);
            return false;
        }
        return true;
    }
    if (step < contracts_end) {
        if (json_data_size(answer->result, &code_bytes) != STATUS_OK || code_bytes == 0) {
            missing_contract(evm, index, &evm->interest.contracts[step - 2]);
            return false;
        }
        return true;
    }
    struct evm_vault *const vault = &evm->vaults[step - contracts_end];
    /* decimals() is optional (ERC-20). */
    const bool has_decimals = read_small(evm, answer, &value) && value <= DECIMALS_MAX;
    vault->share_unit = power_of_ten(has_decimals ? value : DECIMALS_USUAL);
    return true;
}

/* The chain id of an endpoint in use. One that changes it is not asked again until the node is
 * started anew: somebody has to look at it first. */
static void check_again(struct evm *evm, uint32_t index, const struct evm_answer *answer)
{
    if (answer->kind == EVM_ANSWER_RESULT && !check_step(evm, index, 0, answer)) {
        evm->endpoints[index].is_banned = true;
        evm->endpoints[index].check_again_at = (struct instant){.ns = UINT64_MAX};
    }
}

void evm_verify_answer(struct evm *evm, const struct evm_call *call,
                       const struct evm_answer *answer)
{
    struct evm_endpoint *const endpoint = &evm->endpoints[call->subject];

    if (endpoint->phase == EVM_ENDPOINT_GOOD) {
        check_again(evm, call->subject, answer);
        return;
    }
    if (endpoint->phase != EVM_ENDPOINT_CHECKING) {
        return;
    }
    const bool may_revert = call->step == 1 || call->step >= 2 + evm->interest.contracts_count;
    if (answer->kind == EVM_ANSWER_NONE || (answer->kind == EVM_ANSWER_ERROR && !may_revert)) {
        evm_calls_drop(evm, EVM_CALL_VERIFY, call->subject);
        start_check(endpoint);
        endpoint->checks_started = checks_count(evm); /* none until check_again_at */
        endpoint->check_again_at = instant_after(evm->now, CHECK_STALLED_WAIT);
        return;
    }
    if (!check_step(evm, call->subject, call->step, answer)) {
        return;
    }
    endpoint->checks_done++;
    if (endpoint->checks_done == checks_count(evm)) {
        judge_good(evm, call->subject);
    }
}

void evm_subscribe_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    (void)evm;
    rpc_write_begin(writer, call->id, "eth_subscribe");
    json_write(writer, "\"newHeads\"");
    rpc_write_end(writer);
}

void evm_subscribe_answer(struct evm *evm, const struct evm_call *call,
                          const struct evm_answer *answer)
{
    struct evm_endpoint *const endpoint = &evm->endpoints[call->subject];

    if (answer->kind != EVM_ANSWER_RESULT || answer->result->kind != JSON_STRING ||
        answer->result->text.count == 0 ||
        answer->result->text.count > sizeof(endpoint->subscription)) {
        endpoint->cannot_subscribe = true; /* heads are asked for instead */
        return;
    }
    endpoint->subscription_bytes = (uint32_t)answer->result->text.count;
    memcpy(endpoint->subscription, answer->result->text.data, answer->result->text.count);
}

void evm_endpoint_notify(struct evm *evm, uint32_t index, const struct rpc_item *item)
{
    const struct evm_endpoint *const endpoint = &evm->endpoints[index];
    struct evm_header header;

    if (!evm_endpoint_is_listened(evm, index) || endpoint->subscription_bytes == 0 ||
        !bytes_equal(item->subscription,
                     bytes_from(endpoint->subscription, endpoint->subscription_bytes))) {
        return; /* not asked for, or no longer listened to */
    }
    if (evm_header_read(item->result, &header) != STATUS_OK) {
        evm_endpoint_malformed(evm, index, "a head that cannot be read");
        return;
    }
    evm_head_told(evm, index, &header);
}

void evm_endpoint_pump(struct evm *evm)
{
    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        struct evm_endpoint *const endpoint = &evm->endpoints[i];
        if (endpoint->phase != EVM_ENDPOINT_DOWN &&
            instant_is_past(endpoint->check_again_at, evm->now)) {
            start_check(endpoint);
        }
        while (endpoint->phase == EVM_ENDPOINT_CHECKING &&
               endpoint->checks_started < checks_count(evm) &&
               evm_call_start(evm, EVM_CALL_VERIFY, i, endpoint->checks_started, i)) {
            endpoint->checks_started++;
        }
        if (evm_endpoint_is_listened(evm, i) && !endpoint->is_subscribed) {
            endpoint->is_subscribed = evm_call_start(evm, EVM_CALL_SUBSCRIBE, i, 0, i);
        }
        if (endpoint->phase == EVM_ENDPOINT_GOOD) {
            evm_recheck_pump(evm, i);
        }
        if (endpoint->phase == EVM_ENDPOINT_GOOD &&
            instant_is_past(endpoint->recheck_at, evm->now) &&
            evm_call_start(evm, EVM_CALL_VERIFY, i, 0, i)) {
            endpoint->recheck_at = instant_after(evm->now, RECHECK_EVERY);
        }
    }
}

struct instant evm_endpoint_next_tick(const struct evm *evm)
{
    struct instant next = {.ns = UINT64_MAX};

    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        const struct evm_endpoint *const endpoint = &evm->endpoints[i];
        if (endpoint->phase != EVM_ENDPOINT_DOWN) {
            evm_sooner(evm, endpoint->check_again_at, &next);
            evm_sooner(evm, endpoint->paused_until, &next);
            if (evm->calls_used > 0) {
                evm_sooner(evm, call_budget_next(&endpoint->budget), &next);
            }
            evm_sooner(evm, endpoint->recheck_at, &next);
            evm_sooner(evm, endpoint->recheck.at, &next);
        }
    }
    return next;
}

static bool take_notice(struct evm *evm, uint32_t index, struct evm_notice *notice,
                        struct event *ret_event)
{
    if (!notice->pending) {
        return false;
    }
    notice->pending = false;
    ret_event->kind = EVENT_ENDPOINT;
    ret_event->domain = evm->chain.domain;
    ret_event->endpoint.endpoint_index = index;
    ret_event->endpoint.state = notice->state;
    ret_event->endpoint.detail = bytes_from(notice->detail, notice->detail_bytes);
    return true;
}

/* A part of the day's budget was spent since it was told last. */
static bool take_calls(struct evm *evm, uint32_t index, struct event *ret_event)
{
    struct evm_endpoint *const endpoint = &evm->endpoints[index];
    const struct call_budget *const budget = &endpoint->budget;
    const uint64_t told = endpoint->calls_told_day == budget->day ? endpoint->calls_told : 0;

    if (budget->limits.calls_per_day == 0 ||
        budget->spent - told <= budget->limits.calls_per_day / CALLS_TOLD_PARTS) {
        return false;
    }
    endpoint->calls_told = budget->spent;
    endpoint->calls_told_day = budget->day;
    ret_event->kind = EVENT_CALLS;
    ret_event->domain = evm->chain.domain;
    ret_event->calls.endpoint_index = index;
    ret_event->calls.day = budget->day;
    ret_event->calls.spent = budget->spent;
    return true;
}

bool evm_endpoint_event(struct evm *evm, struct event *ret_event)
{
    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        if (take_notice(evm, i, &evm->endpoints[i].state_notice, ret_event) ||
            take_notice(evm, i, &evm->endpoints[i].malformed_notice, ret_event) ||
            take_calls(evm, i, ret_event)) {
            return true;
        }
    }
    return false;
}
