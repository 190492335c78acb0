/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/approval.h"
#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/hyperlane/message.h"
#include "relay/signer/policy_read.h"
#include "relay/signer/shares.h"

#define WORD_BYTES 32u
#define DIRECT     0u
#define GUARDED    1u

/* A function that may be called: the selector is the head of keccak(signature). The variant of a
 * rebalance says who is called, that of a venue leg is its verb. */
struct function {
    enum leg_kind leg;
    uint32_t variant;
    const char *name;
    const char *signature;
    uint8_t selector[POLICY_SELECTOR_BYTES];
};

#define ORDER       "(bytes32,bytes32,uint64)"
#define VENUE(verb) verb "(" ORDER ",uint256,uint256)"
#define BRIDGE      "bridge(" ORDER ",address,uint32,address,uint256)"
#define RECALL      "recall(" ORDER ",uint32,bytes32,uint256)"

static const struct function functions[] = {
    {LEG_PROCESS, 0, "process", "process(bytes,bytes)", {0x7c, 0x39, 0xd1, 0x30}},
    {LEG_REBALANCE,
     DIRECT,
     "rebalance",
     "rebalance(uint32,uint256,address)",
     {0x6a, 0x99, 0xc3, 0x33}},
    {LEG_REBALANCE,
     GUARDED,
     "rebalance",
     "rebalance(" ORDER ",address,uint32,uint256,address)",
     {0x5a, 0x79, 0xd3, 0x30}},
    {LEG_ANNOUNCE, 0, "announce", "announce(address,string,bytes)", {0x21, 0xf7, 0x17, 0x81}},
    {LEG_BATCH, 0, "batch", "aggregate3((address,bool,bytes)[])", {0x82, 0xad, 0x56, 0xcb}},
    {LEG_VENUE, VENUE_DEPOSIT, "deposit", VENUE("deposit"), {0x47, 0x2f, 0xa4, 0x01}},
    {LEG_VENUE, VENUE_WITHDRAW, "withdraw", VENUE("withdraw"), {0x56, 0x46, 0xe2, 0x6a}},
    {LEG_VENUE, VENUE_BORROW, "borrow", VENUE("borrow"), {0xd3, 0xca, 0x89, 0x6f}},
    {LEG_VENUE, VENUE_REPAY, "repay", VENUE("repay"), {0x4d, 0xe5, 0x52, 0x4e}},
    {LEG_CROSSING, 0, "bridge", BRIDGE, {0x96, 0x2f, 0xe6, 0xa2}},
    {LEG_SETTLE, 0, "settle", "settle(uint32,address)", {0x0a, 0x58, 0x69, 0x6d}},
    {LEG_HUB, HUB_CLOSE, "close_round", "closeRound(" ORDER ")", {0x26, 0x65, 0x3b, 0xe0}},
    {LEG_HUB, HUB_SETTLE, "settle_round", "settleRound()", {0x6f, 0xfb, 0xfa, 0xa8}},
    {LEG_HUB, HUB_INVEST, "invest", "invest(" ORDER ",uint256)", {0x2d, 0xc5, 0xa5, 0xf6}},
    {LEG_HUB, HUB_RECALL, "recall", RECALL, {0x49, 0xe7, 0x4e, 0x7c}},
    {LEG_HUB, HUB_REPORT, "report", "report(" ORDER ")", {0x0e, 0x83, 0x00, 0xf5}},
    {LEG_HUB, HUB_PAY, "pay_hub", "payHub(" ORDER ",address,uint256)", {0x8d, 0x79, 0xad, 0x36}},
};
#define FUNCTIONS_COUNT (sizeof(functions) / sizeof(functions[0]))

bool refuse(struct refusal *refusal, enum refusal_kind kind, const char *format, ...)
{
    va_list arguments;
    CHECK(kind != REFUSAL_NONE);
    refusal->kind = kind;
    va_start(arguments, format);
    /* A longer text is cut: it is for people. */
    (void)vsnprintf(refusal->text, sizeof(refusal->text), format, arguments);
    va_end(arguments);
    return false;
}

enum status policy_find_leg(struct bytes name, struct policy_rule *rule)
{
    for (size_t i = 0; i < FUNCTIONS_COUNT; i++) {
        if (bytes_equal(name, bytes_from_string(functions[i].name))) {
            rule->leg = functions[i].leg;
            if (rule->leg == LEG_VENUE) {
                rule->verb = (enum venue_verb)functions[i].variant;
            } else if (rule->leg == LEG_HUB) {
                rule->hub_verb = (enum hub_verb)functions[i].variant;
            }
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

bool policy_moves(enum leg_kind leg)
{
    return leg == LEG_REBALANCE || leg == LEG_VENUE || leg == LEG_CROSSING;
}

static const struct function *function_of(enum leg_kind leg, uint32_t variant)
{
    for (size_t i = 0; i < FUNCTIONS_COUNT; i++) {
        if (functions[i].leg == leg && functions[i].variant == variant) {
            return &functions[i];
        }
    }
    return NULL;
}

static uint32_t variant_of(const struct policy_rule *rule)
{
    return rule->leg == LEG_VENUE                                         ? (uint32_t)rule->verb
           : rule->leg == LEG_HUB                                         ? (uint32_t)rule->hub_verb
           : rule->leg == LEG_REBALANCE && !address_is_zero(&rule->guard) ? GUARDED
                                                                          : DIRECT;
}

const char *policy_function_text(const struct policy_rule *rule)
{
    const struct function *function = function_of(rule->leg, variant_of(rule));
    CHECK(function != NULL);
    return function->signature;
}

/* ---- text ---- */

struct address_text {
    char text[2 * 32 + 3];
};

static const char *address_show(const struct address *address, struct address_text *text)
{
    const size_t skipped = address_is_evm(address) ? 12 : 0;
    memcpy(text->text, "0x", 2);
    hex_encode(bytes_from(address->bytes + skipped, 32 - skipped), text->text + 2);
    return text->text;
}

struct amount_text {
    char text[AMOUNT_DECIMAL_BYTES_MAX];
};

static const char *amount_show(const struct amount *amount, struct amount_text *text)
{
    (void)amount_format_decimal(amount, text->text);
    return text->text;
}

/* ---- calldata ---- */

static bool calls(struct bytes calldata, const struct function *function)
{
    return calldata.count >= POLICY_SELECTOR_BYTES &&
           memcmp(calldata.data, function->selector, POLICY_SELECTOR_BYTES) == 0;
}

static const struct policy_rule *find_rule(const struct policy_chain *chain, enum leg_kind leg,
                                           const struct address *contract, uint32_t variant)
{
    for (uint32_t i = 0; i < chain->rules_count; i++) {
        const struct policy_rule *rule = &chain->rules[i];
        if (rule->leg == leg && variant_of(rule) == variant &&
            address_equal(&rule->contract, contract)) {
            return rule;
        }
    }
    return NULL;
}

/* ---- one function each ---- */

static bool allows_delivery(const struct policy_transaction *asked, struct bytes calldata,
                            struct refusal *refusal)
{
    struct arguments arguments = policy_arguments(calldata, 2);
    struct message_view message;
    (void)argument_bytes(&arguments, 0); /* metadata: the contract verifies it */
    const struct bytes bytes = argument_bytes(&arguments, WORD_BYTES);
    if (!arguments_are_done(&arguments) || message_parse(bytes, &message) != STATUS_OK) {
        return refuse(refusal, REFUSAL_MALFORMED,
                      "process: its arguments are not metadata and a "
                      "version 3 message");
    }
    if (message.destination != asked->chain->domain) {
        return refuse(refusal, REFUSAL_DESTINATION,
                      "process: the message is for domain %u, the transaction for %u",
                      message.destination, asked->chain->domain);
    }
    return true;
}

static bool carries_nothing(const struct policy_transaction *asked, struct refusal *refusal)
{
    if (!amount_is_zero(&asked->transaction.value)) {
        return refuse(refusal, REFUSAL_VALUE,
                      "carries native value, which neither a delivery nor a settlement needs");
    }
    return true;
}

static bool allows_process(const struct policy_transaction *asked, struct refusal *refusal)
{
    return allows_delivery(asked, asked->transaction.data, refusal) &&
           carries_nothing(asked, refusal);
}

/* One call of a batch: (target, whether it may fail, calldata). It may fail, so that one message
 * that cannot be delivered any more does not take the others with it; and it is a delivery by a
 * mailbox that this chain's rules name. */
static bool allows_call(const struct policy_transaction *asked, struct bytes call, size_t *ret_size,
                        struct refusal *refusal)
{
    struct arguments arguments = arguments_from(call, 3);
    const struct address target = argument_address(&arguments, 0);
    const uint32_t may_fail = argument_u32(&arguments, WORD_BYTES);
    const struct bytes calldata = argument_bytes(&arguments, 2 * WORD_BYTES);
    struct address_text text;
    if (arguments.malformed || may_fail != 1) {
        return refuse(refusal, REFUSAL_MALFORMED,
                      "aggregate3: a call is not a target, `allowFailure` and calldata");
    }
    if (!calls(calldata, function_of(LEG_PROCESS, DIRECT)) ||
        find_rule(asked->chain, LEG_PROCESS, &target, DIRECT) == NULL) {
        return refuse(refusal, REFUSAL_FUNCTION,
                      "aggregate3: a call of %s is not a `process` under `allow` of %s",
                      address_show(&target, &text), asked->chain->name);
    }
    *ret_size = arguments.tail;
    return allows_delivery(asked, calldata, refusal);
}

/* Deliveries and nothing else, as many as one transaction may have, one behind the other. */
static bool allows_batch(const struct policy_transaction *asked, struct refusal *refusal)
{
    struct arguments arguments = policy_arguments(asked->transaction.data, 2);
    const uint32_t start = argument_u32(&arguments, 0);
    const uint32_t count = argument_u32(&arguments, WORD_BYTES);
    bool is_formed = !arguments.malformed && start == WORD_BYTES && count >= 1 &&
                     count <= DELIVERIES_MAX &&
                     arguments.words.count >= (size_t)(2 + count) * WORD_BYTES;
    size_t at = (size_t)count * WORD_BYTES;
    for (uint32_t i = 0; is_formed && i < count; i++) {
        const size_t behind = arguments.words.count - 2 * WORD_BYTES;
        size_t size = 0;
        is_formed = argument_u32(&arguments, (size_t)(2 + i) * WORD_BYTES) == at &&
                    !arguments.malformed && at <= behind;
        if (is_formed &&
            !allows_call(asked, bytes_from(arguments.words.data + 2 * WORD_BYTES + at, behind - at),
                         &size, refusal)) {
            return false;
        }
        at += size;
    }
    if (!is_formed || at != arguments.words.count - 2 * WORD_BYTES) {
        return refuse(refusal, REFUSAL_MALFORMED,
                      "aggregate3: its argument is not a list of 1 to %u calls", DELIVERIES_MAX);
    }
    return carries_nothing(asked, refusal);
}

static bool rule_has_destination(const struct policy_rule *rule, uint32_t destination)
{
    for (uint32_t i = 0; i < rule->destinations_count; i++) {
        if (rule->destinations[i] == destination) {
            return true;
        }
    }
    return false;
}

static bool rule_has_bridge(const struct policy_rule *rule, const struct address *bridge)
{
    for (uint32_t i = 0; i < rule->bridges_count; i++) {
        if (address_equal(&rule->bridges[i], bridge)) {
            return true;
        }
    }
    return false;
}

/* The order that a guard or spoke obeys is ours: it names the leg, so that it is obeyed once, and
 * the mandate, so that it is void with it. */
static bool allows_order(const struct policy *policy, const struct wire_request *request,
                         const struct policy_order *order, struct refusal *refusal)
{
    if (!hash_equal(&order->leg, &request->transaction.leg_id)) {
        return refuse(refusal, REFUSAL_ORDER, "the order names another leg than the request");
    }
    if (policy->has_mandate && !hash_equal(&order->mandate, &policy->mandate)) {
        return refuse(refusal, REFUSAL_MANDATE,
                      "the order names another mandate than the signer's");
    }
    return true;
}

static bool allows_amount(struct policy_transaction *asked, const struct amount *amount,
                          struct refusal *refusal)
{
    struct amount_text amount_text;
    struct amount_text limit_text;
    if (amount_compare(amount, &asked->rule->amount_max) > 0) {
        return refuse(refusal, REFUSAL_AMOUNT, "%s is above `amount_max` %s on %s",
                      amount_show(amount, &amount_text),
                      amount_show(&asked->rule->amount_max, &limit_text), asked->chain->name);
    }
    asked->moved = *amount;
    return true;
}

static bool allows_venue(const struct policy *policy, const struct wire_request *request,
                         struct policy_transaction *asked, struct refusal *refusal)
{
    const struct policy_venue *venue = &asked->venue;
    bool is_named = false;
    if (!allows_order(policy, request, &venue->order, refusal)) {
        return false;
    }
    for (uint32_t i = 0; i < asked->rule->venues_count; i++) {
        is_named = is_named || asked->rule->venues[i] == venue->index;
    }
    if (!is_named) {
        return refuse(refusal, REFUSAL_VENUE, "venue %llu is not among `venues` of this rule on %s",
                      (unsigned long long)venue->index, asked->chain->name);
    }
    if (!amount_is_zero(&asked->transaction.value)) {
        return refuse(refusal, REFUSAL_VALUE, "a venue leg carries native value, which none needs");
    }
    return allows_amount(asked, &venue->amount, refusal);
}

/* Where it goes and over what: of a rebalance or a crossing. */
static bool allows_way(const struct policy_transaction *asked, const char *name,
                       uint32_t destination, const struct address *bridge, struct refusal *refusal)
{
    struct address_text text;
    if (!rule_has_destination(asked->rule, destination)) {
        return refuse(refusal, REFUSAL_DESTINATION,
                      "%s: domain %u is not among `destinations` of this rule on %s", name,
                      destination, asked->chain->name);
    }
    if (!rule_has_bridge(asked->rule, bridge)) {
        return refuse(refusal, REFUSAL_BRIDGE, "%s: %s is not among `bridges` of this rule on %s",
                      name, address_show(bridge, &text), asked->chain->name);
    }
    return true;
}

static bool allows_rebalance(const struct policy *policy, const struct wire_request *request,
                             struct policy_transaction *asked, struct refusal *refusal)
{
    const struct policy_rebalance *rebalance = &asked->rebalance;
    if (rebalance->guarded && !allows_order(policy, request, &rebalance->order, refusal)) {
        return false;
    }
    return allows_way(asked, "rebalance", rebalance->destination, &rebalance->bridge, refusal) &&
           allows_amount(asked, &rebalance->amount, refusal);
}

/* Its fee in the token the spoke bounds, the native one is the value. */
static bool allows_crossing(const struct policy *policy, const struct wire_request *request,
                            struct policy_transaction *asked, struct refusal *refusal)
{
    const struct policy_crossing *crossing = &asked->crossing;
    return allows_order(policy, request, &crossing->order, refusal) &&
           allows_way(asked, "bridge", crossing->destination, &crossing->bridge, refusal) &&
           allows_amount(asked, &crossing->amount, refusal);
}

/* For the holders of shares: who gets what is the contracts' word. Only a message has a fee. */
static bool allows_hub(const struct policy *policy, const struct wire_request *request,
                       const struct policy_transaction *asked, struct refusal *refusal)
{
    const enum hub_verb verb = asked->rule->hub_verb;
    struct policy_order order;
    if (!policy_read_hub(verb, &asked->transaction, &order)) {
        return refuse(refusal, REFUSAL_MALFORMED, "its arguments are not those of %s",
                      policy_function_text(asked->rule));
    }
    return (verb == HUB_SETTLE || allows_order(policy, request, &order, refusal)) &&
           (verb == HUB_REPORT || verb == HUB_RECALL || carries_nothing(asked, refusal));
}

static bool allows_announce(const struct policy_transaction *asked, struct refusal *refusal)
{
    struct arguments arguments = policy_arguments(asked->transaction.data, 3);
    (void)argument_address(&arguments, 0);
    const struct bytes location = argument_bytes(&arguments, WORD_BYTES);
    const struct bytes signature = argument_bytes(&arguments, 2 * WORD_BYTES);
    if (!arguments_are_done(&arguments) || location.count > LOCATION_BYTES_MAX ||
        signature.count != sizeof(struct signature)) {
        return refuse(refusal, REFUSAL_MALFORMED,
                      "announce: its arguments are not an address, a location and a signature");
    }
    if (!amount_is_zero(&asked->transaction.value)) {
        return refuse(refusal, REFUSAL_VALUE,
                      "announce: carries native value, which it never needs");
    }
    return true;
}

/* ---- plans ---- */

/* A plan names what a spoke does by the venues and spokes on both sides, of which this leg is one.
 * What is borrowed is no move of any plan. What a bridge took of the amount is not there
 * to be put in. */
static bool is_venue_leg_of(const struct policy_transaction *asked,
                            const struct approval_move *move, uint32_t leg)
{
    struct approval_venue venue;
    bool is_it = false;
    if (!approval_venue_leg(move, leg, &venue) || venue.domain != asked->chain->domain ||
        !address_equal(&venue.spoke, &asked->transaction.to)) {
        return false;
    }
    const int more = amount_compare(&asked->moved, &move->amount);
    const bool is_there = asked->rule->leg == LEG_VENUE && asked->venue.index == venue.index;
    switch (venue.act) {
    case APPROVAL_WITHDRAWS:
        is_it = is_there && asked->rule->verb == VENUE_WITHDRAW && more == 0;
        break;
    case APPROVAL_CROSSES:
        is_it = asked->rule->leg == LEG_CROSSING && more == 0 &&
                asked->crossing.destination == move->target_domain;
        break;
    case APPROVAL_DEPOSITS:
        is_it = is_there && asked->rule->verb == VENUE_DEPOSIT &&
                (more == 0 || (more < 0 && move->kind == MOVE_BETWEEN_SPOKES));
        break;
    case APPROVAL_REPAYS:
        is_it = is_there && asked->rule->verb == VENUE_REPAY && more == 0;
        break;
    }
    return is_it;
}

/* A plan names a rebalance by its router and the domain it goes to; it is one leg. */
static bool is_move_of(const struct policy_transaction *asked, const struct approval_move *move,
                       uint32_t leg)
{
    if (asked->rule->leg != LEG_REBALANCE) {
        return is_venue_leg_of(asked, move, leg);
    }
    return move->kind == MOVE_BETWEEN_ROUTERS && leg == 0 &&
           move->source_domain == asked->chain->domain &&
           amount_equal(&move->amount, &asked->moved) &&
           move->target_domain == asked->rebalance.destination &&
           address_equal(&move->source, &asked->rebalance.router);
}

/* The plan that came with the request, if this move is the one it names. */
static bool read_plan(const struct wire_request *request, const struct policy_transaction *asked,
                      struct approval *plan, struct refusal *refusal)
{
    if (request->transaction.plan.count == 0 ||
        approval_unpack(request->transaction.plan, plan) != STATUS_OK) {
        return refuse(refusal, REFUSAL_PLAN, "the move came without the plan it belongs to");
    }
    const struct approval_move *move = &plan->moves[plan->index];
    const struct hash id = approval_leg_id(&plan->plan_id, plan->index, plan->leg);
    if (!hash_equal(&id, &request->transaction.leg_id)) {
        return refuse(refusal, REFUSAL_PLAN,
                      "the leg's id is not that of leg %u of move %u of its plan", plan->leg,
                      plan->index);
    }
    if (!is_move_of(asked, move, plan->leg)) {
        return refuse(refusal, REFUSAL_PLAN,
                      "the transaction is not leg %u of move %u of its plan: another contract, "
                      "destination, venue or amount",
                      plan->leg, plan->index);
    }
    return true;
}

static bool is_approver(const struct policy *policy, const struct approval *plan)
{
    const struct hash digest = approval_digest(plan);
    struct address signer;
    if (signature_recover(&digest, &plan->signature, &signer) != STATUS_OK) {
        return false;
    }
    for (uint32_t i = 0; i < policy->approvers_count; i++) {
        if (address_equal(&policy->approvers[i], &signer)) {
            return true;
        }
    }
    return false;
}

/* A move belongs to a plan under the mandate, and in propose somebody approved the plan. Whether
 * the approval has expired is for who has a clock. */
static bool allows_plan(const struct policy *policy, const struct wire_request *request,
                        struct policy_transaction *asked, struct refusal *refusal)
{
    const bool wants_approval = policy->mode == SIGNER_MODE_PROPOSE;
    struct approval plan = {.expires_s = 0};
    if (!policy_moves(request->transaction.leg_kind) || (!policy->has_mandate && !wants_approval)) {
        return true;
    }
    if (!read_plan(request, asked, &plan, refusal)) {
        return false;
    }
    if (!policy->has_mandate || !hash_equal(&plan.mandate, &policy->mandate)) {
        return refuse(refusal, REFUSAL_MANDATE,
                      "the plan was made under another mandate than the signer's `mandate`");
    }
    if (!shares_allow(policy, &plan, refusal)) {
        return false;
    }
    if (wants_approval && (plan.expires_s == 0 || !is_approver(policy, &plan))) {
        return refuse(refusal, REFUSAL_APPROVAL,
                      "none of `approvers` signed this plan; see 'sluice approve --help'");
    }
    asked->expires_s = wants_approval ? plan.expires_s : 0;
    return true;
}

/* Nothing, to ourselves: it can only free a nonce. */
static bool allows_cancel(const struct wire_request *request,
                          const struct policy_transaction *asked, struct refusal *refusal)
{
    const struct evm_transaction *transaction = &asked->transaction;
    if (!address_equal(&transaction->to, &request->transaction.key) ||
        !amount_is_zero(&transaction->value) || transaction->data.count != 0) {
        return refuse(refusal, REFUSAL_FUNCTION,
                      "cancel: is not a transfer of nothing from the key to itself");
    }
    return true;
}

/* ---- one transaction ---- */

static const struct policy_chain *find_chain(const struct policy *policy, uint32_t domain)
{
    for (uint32_t i = 0; i < policy->chains_count; i++) {
        if (policy->chains[i].domain == domain) {
            return &policy->chains[i];
        }
    }
    return NULL;
}

/* A spoke has a rule for each token that may leave it. */
static const struct policy_rule *find_crossing_rule(const struct policy_transaction *asked)
{
    for (uint32_t i = 0; i < asked->chain->rules_count; i++) {
        const struct policy_rule *rule = &asked->chain->rules[i];
        if (rule->leg == LEG_CROSSING && address_equal(&rule->contract, &asked->transaction.to) &&
            address_equal(&rule->token, &asked->crossing.token)) {
            return rule;
        }
    }
    return NULL;
}

/* Through a guard the rule is that of the router it is asked to move; where a rule has a guard, the
 * router is not called directly, and another guard not at all. */
static const struct policy_rule *find_rule_of(const struct policy_transaction *asked,
                                              const struct function *function)
{
    const struct address *to = &asked->transaction.to;
    if (function->leg == LEG_CROSSING) {
        return find_crossing_rule(asked);
    }
    if (function->leg != LEG_REBALANCE) {
        return find_rule(asked->chain, function->leg, to, function->variant);
    }
    const struct policy_rule *rule =
        find_rule(asked->chain, LEG_REBALANCE, &asked->rebalance.router, function->variant);
    return rule == NULL || function->variant == DIRECT || address_equal(&rule->guard, to) ? rule
                                                                                          : NULL;
}

/* The function of this leg that the calldata calls, or its first one; NULL: it has none. */
static const struct function *function_called(enum leg_kind leg,
                                              const struct evm_transaction *transaction)
{
    const struct function *first = NULL;
    for (size_t i = 0; i < FUNCTIONS_COUNT; i++) {
        if (functions[i].leg == leg && calls(transaction->data, &functions[i])) {
            return &functions[i];
        }
        first = first == NULL && functions[i].leg == leg ? &functions[i] : first;
    }
    return first;
}

static bool allows_function(const struct policy *policy, const struct wire_request *request,
                            struct policy_transaction *asked, struct refusal *refusal)
{
    const enum leg_kind leg = request->transaction.leg_kind;
    const struct function *function = function_called(leg, &asked->transaction);
    struct address_text contract;
    if (function == NULL) {
        return refuse(refusal, REFUSAL_FUNCTION, "this signer signs no leg of this kind");
    }
    if (!calls(asked->transaction.data, function)) {
        return refuse(refusal, REFUSAL_FUNCTION, "the calldata does not call %s, which the leg is",
                      function->signature);
    }
    /* Only moves are read before their rule is known. */
    if (!policy_read_move(leg, function->variant == GUARDED, function->name, asked, refusal)) {
        return false;
    }
    asked->rule = find_rule_of(asked, function);
    if (asked->rule == NULL) {
        return refuse(refusal, REFUSAL_FUNCTION, "%s of %s is not under `allow` of %s",
                      function->signature, address_show(&asked->transaction.to, &contract),
                      asked->chain->name);
    }
    switch (leg) {
    case LEG_PROCESS:
        return allows_process(asked, refusal);
    case LEG_REBALANCE:
        return allows_rebalance(policy, request, asked, refusal);
    case LEG_ANNOUNCE:
        return allows_announce(asked, refusal);
    case LEG_BATCH:
        return allows_batch(asked, refusal);
    case LEG_CROSSING:
        return allows_crossing(policy, request, asked, refusal);
    case LEG_SETTLE:
        return carries_nothing(asked, refusal);
    case LEG_HUB:
        return allows_hub(policy, request, asked, refusal);
    case LEG_CANCEL:
    case LEG_VENUE:
        return allows_venue(policy, request, asked, refusal);
    }
    check_failed(__FILE__, __LINE__, "a function belongs to one of the legs above");
}

static bool allows_mode(const struct policy *policy, enum leg_kind leg, struct refusal *refusal)
{
    if (!policy_moves(leg) && leg != LEG_HUB) {
        return true;
    }
    switch (policy->mode) {
    case SIGNER_MODE_OBSERVE:
        return refuse(
            refusal, REFUSAL_MODE,
            "capital does not move in `mode: observe`; the custodian sets the mode in the "
            "signer's own configuration");
    case SIGNER_MODE_PROPOSE: /* allows_plan */
    case SIGNER_MODE_ACT:
        return true;
    }
    check_failed(__FILE__, __LINE__, "a mode is one of the above");
}

static bool allows_fees(struct policy_transaction *asked, struct refusal *refusal)
{
    const struct evm_transaction *transaction = &asked->transaction;
    const struct policy_chain *chain = asked->chain;
    struct amount_text asked_text;
    struct amount_text limit_text;
    if (transaction->gas_limit > chain->gas_limit_max) {
        return refuse(refusal, REFUSAL_GAS, "gas limit %llu is above `gas_limit_max` %llu of %s",
                      (unsigned long long)transaction->gas_limit,
                      (unsigned long long)chain->gas_limit_max, chain->name);
    }
    if (amount_compare(&transaction->fee_max, &chain->fee_per_gas_max) > 0) {
        return refuse(refusal, REFUSAL_GAS,
                      "fee %s wei per gas is above `fee_per_gas_max` %s of %s",
                      amount_show(&transaction->fee_max, &asked_text),
                      amount_show(&chain->fee_per_gas_max, &limit_text), chain->name);
    }
    if (amount_compare(&transaction->priority_fee, &transaction->fee_max) > 0) {
        return refuse(refusal, REFUSAL_GAS, "the priority fee is above the fee ceiling");
    }
    if (amount_compare(&transaction->value, &chain->value_max) > 0) {
        return refuse(refusal, REFUSAL_VALUE, "value %s wei is above `value_max` %s of %s",
                      amount_show(&transaction->value, &asked_text),
                      amount_show(&chain->value_max, &limit_text), chain->name);
    }
    const struct amount gas = amount_from_u64(transaction->gas_limit);
    struct amount fee;
    if (amount_multiply(&gas, &transaction->fee_max, &fee) != STATUS_OK ||
        amount_add(&fee, &transaction->value, &asked->spend) != STATUS_OK) {
        return refuse(refusal, REFUSAL_GAS, "gas limit times fee is beyond 256 bits");
    }
    return true;
}

bool policy_allows_transaction(const struct policy *policy, const struct wire_request *request,
                               struct policy_transaction *ret_transaction,
                               struct refusal *ret_refusal)
{
    struct policy_transaction asked = {.rule = NULL};
    CHECK(request->ask == WIRE_ASK_TRANSACTION);
    if (!bytes_equal(request->transaction.family, bytes_from_string("evm"))) {
        return refuse(ret_refusal, REFUSAL_FAMILY, "this signer decodes evm transactions alone");
    }
    asked.chain = find_chain(policy, request->transaction.domain);
    if (asked.chain == NULL) {
        return refuse(ret_refusal, REFUSAL_CHAIN, "domain %u is not under `chains`",
                      request->transaction.domain);
    }
    if (evm_transaction_decode(request->transaction.transaction, &asked.transaction) != STATUS_OK) {
        return refuse(ret_refusal, REFUSAL_MALFORMED,
                      "the bytes are not one unsigned EIP-1559 transaction");
    }
    if (asked.transaction.chain_id != asked.chain->chain_id) {
        return refuse(ret_refusal, REFUSAL_CHAIN,
                      "the transaction is for chain id %llu, domain %u is chain id %llu",
                      (unsigned long long)asked.transaction.chain_id, asked.chain->domain,
                      (unsigned long long)asked.chain->chain_id);
    }
    if (!allows_mode(policy, request->transaction.leg_kind, ret_refusal) ||
        !allows_fees(&asked, ret_refusal)) {
        return false;
    }
    const bool allowed = request->transaction.leg_kind == LEG_CANCEL
                             ? allows_cancel(request, &asked, ret_refusal)
                             : allows_function(policy, request, &asked, ret_refusal) &&
                                   allows_plan(policy, request, &asked, ret_refusal);
    if (allowed) {
        *ret_transaction = asked;
    }
    return allowed;
}

/* ---- validators ---- */

static const struct policy_chain *find_validated(const struct policy *policy, uint32_t domain,
                                                 struct refusal *refusal)
{
    const struct policy_chain *chain = find_chain(policy, domain);
    if (chain == NULL || !chain->validates) {
        (void)refuse(refusal, REFUSAL_CHAIN, "domain %u has no `validate` in the signer's chains",
                     domain);
        return NULL;
    }
    return chain;
}

bool policy_allows_checkpoint(const struct policy *policy, const struct wire_request *request,
                              struct refusal *ret_refusal)
{
    struct address_text hook;
    CHECK(request->ask == WIRE_ASK_CHECKPOINT);
    const struct policy_chain *chain =
        find_validated(policy, request->checkpoint.domain, ret_refusal);
    if (chain == NULL) {
        return false;
    }
    if (!address_equal(&chain->tree_hook, &request->checkpoint.tree_hook)) {
        return refuse(ret_refusal, REFUSAL_CONTRACT, "%s is not the `merkle_tree_hook` of %s",
                      address_show(&request->checkpoint.tree_hook, &hook), chain->name);
    }
    if (hash_is_zero(&request->checkpoint.checkpoint.root)) {
        return refuse(ret_refusal, REFUSAL_CHECKPOINT, "no tree has the root zero");
    }
    return true;
}

static bool is_printable(struct bytes text)
{
    bool good = text.count > 0;
    for (size_t i = 0; i < text.count; i++) {
        good = good && text.data[i] > 0x20 && text.data[i] < 0x7f;
    }
    return good;
}

bool policy_allows_lookup(const struct policy *policy, const struct wire_request *request,
                          struct refusal *ret_refusal)
{
    CHECK(request->ask == WIRE_ASK_LOOKUP);
    const struct policy_chain *chain = find_chain(policy, request->lookup.domain);
    if (chain == NULL || !chain->lookups) {
        return refuse(ret_refusal, REFUSAL_LOOKUP,
                      "domain %u has no `lookups: true` in the signer's chains",
                      request->lookup.domain);
    }
    const struct bytes url = request->lookup.url;
    if (!is_printable(url) || (!bytes_have_prefix(url, bytes_from_string("https://")) &&
                               !bytes_have_prefix(url, bytes_from_string("http://")))) {
        return refuse(ret_refusal, REFUSAL_LOOKUP, "what is asked is not at a web server");
    }
    return true;
}

bool policy_allows_announcement(const struct policy *policy, const struct wire_request *request,
                                struct refusal *ret_refusal)
{
    struct address_text mailbox;
    CHECK(request->ask == WIRE_ASK_ANNOUNCEMENT);
    const struct policy_chain *chain =
        find_validated(policy, request->announcement.domain, ret_refusal);
    if (chain == NULL) {
        return false;
    }
    if (!address_equal(&chain->mailbox, &request->announcement.mailbox)) {
        return refuse(ret_refusal, REFUSAL_CONTRACT, "%s is not the `mailbox` of %s",
                      address_show(&request->announcement.mailbox, &mailbox), chain->name);
    }
    const struct bytes location = request->announcement.location;
    if (location.count > LOCATION_BYTES_MAX || !is_printable(location)) {
        return refuse(ret_refusal, REFUSAL_LOCATION,
                      "a location is 1 to %u printable characters without blanks",
                      LOCATION_BYTES_MAX);
    }
    return true;
}
