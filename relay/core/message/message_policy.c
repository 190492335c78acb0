/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message/message_policy.c: what the configured lists and the payments at the origin say
 * about a message (relay/core/message/policy.h), and what becomes of it then. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/message/message_internal.h"
#include "relay/core/message/policy.h"
#include "relay/core/tables.h"
#include "relay/core/text.h"

/* ---- what was paid ---- */

static void add_saturating(struct amount *sum, const struct amount *more)
{
    if (amount_add(sum, more, sum) != STATUS_OK) {
        *sum = amount_max();
    }
}

static struct policy_paid paid_get(struct step *step, struct bytes key)
{
    struct policy_paid paid;
    struct bytes value;

    memset(&paid, 0, sizeof(paid));
    if (step_get(step, key, &value)) {
        struct unpacker unpacker = unpacker_from(value);
        paid.gas = unpack_amount(&unpacker);
        paid.payment = unpack_amount(&unpacker);
        if (!unpacker_is_done(&unpacker)) {
            step->status = STATUS_CORRUPT;
        }
    }
    return paid;
}

static void paid_add(struct step *step, struct bytes key, const struct amount *gas,
                     const struct amount *payment)
{
    uint8_t memory[64];
    struct packer packer = packer_from(memory, sizeof(memory));
    struct policy_paid paid = paid_get(step, key);

    add_saturating(&paid.gas, gas);
    add_saturating(&paid.payment, payment);
    pack_amount(&packer, &paid.gas);
    pack_amount(&packer, &paid.payment);
    step_put(step, key, packer_finish(&packer));
}

struct policy_paid message_paid(struct step *step, const struct message *message,
                                const struct address *token)
{
    uint8_t memory[GAS_PAID_KEY_BYTES];
    struct policy_paid paid = paid_get(step, gas_paid_key(memory, &message->id, message->row.origin,
                                                          message->row.destination, token));

    paid.gas_spent = message->row.gas_spent;
    paid.fee_spent = message->row.fee_spent;
    return paid;
}

/* A payment's event does not name what was paid with: the paymaster takes a token by a transfer
 * just before, in the same transaction. Forgotten once it is used. */
static struct address token_of(struct step *step, uint32_t domain, const struct fact *fact,
                               struct amount *payment)
{
    uint8_t memory[GAS_PAID_KEY_BYTES];
    struct address token = {{0}};
    struct bytes value;
    const struct bytes key = gas_transfer_key(memory, domain, &fact->transaction);

    if (step_get(step, key, &value)) {
        struct unpacker unpacker = unpacker_from(value);
        token = unpack_address(&unpacker);
        const struct amount taken = unpack_amount(&unpacker);
        *payment = amount_smaller(payment, &taken);
        if (!unpacker_is_done(&unpacker)) {
            step->status = STATUS_CORRUPT;
        }
        step_delete(step, key);
    }
    return token;
}

void message_on_token_paid(struct step *step, uint32_t domain, const struct fact *fact)
{
    const struct core_chain *config = step_chain(step, domain);
    uint8_t memory[GAS_PAID_KEY_BYTES];
    uint8_t value[64];
    struct packer packer = packer_from(value, sizeof(value));

    if (config == NULL || address_is_zero(&config->gas_paymaster) ||
        !address_equal(&fact->transfer.to, &config->gas_paymaster) ||
        !policy_knows_token(&step->config->policy, domain, &fact->contract)) {
        return;
    }
    pack_address(&packer, &fact->contract);
    pack_amount(&packer, &fact->transfer.amount);
    step_put(step, gas_transfer_key(memory, domain, &fact->transaction), packer_finish(&packer));
}

void message_on_gas_paid(struct step *step, uint32_t domain, const struct fact *fact)
{
    static const struct address coin = {{0}};
    const struct core_chain *config = step_chain(step, domain);
    const struct hash *id = &fact->gas_payment.message_id;
    const uint32_t destination = fact->gas_payment.destination;
    struct amount payment = fact->gas_payment.payment;
    const struct amount nothing = amount_zero();
    uint8_t memory[GAS_PAID_KEY_BYTES];
    struct message message;

    if (config == NULL || !address_equal(&fact->contract, &config->gas_paymaster)) {
        return;
    }
    /* Anybody may pay for any id, on any chain and for any destination: each is a sum of its own,
     * and only the one of the message's own way counts. */
    const struct address token = token_of(step, domain, fact, &payment);
    const bool is_coin = address_is_zero(&token);
    if (!is_coin) {
        paid_add(step, gas_paid_key(memory, id, domain, destination, &token),
                 &fact->gas_payment.gas, &payment);
    }
    paid_add(step, gas_paid_key(memory, id, domain, destination, &coin), &fact->gas_payment.gas,
             is_coin ? &payment : &nothing);
    if (message_get(step, id, &message) && message.row.state == MESSAGE_RETRY &&
        (message.row.reason == REASON_UNPAID || message.row.reason == REASON_UNPROFITABLE)) {
        message_now(step, &message);
        message_put(step, &message);
    }
}

/* ---- what is wanted ---- */

bool message_view_of(struct step *step, const struct message *message,
                     struct message_view *ret_view)
{
    uint8_t key[MESSAGE_KEY_BYTES];
    struct bytes body;

    if (!step_get(step, message_key(key, TABLE_BODY, &message->id), &body)) {
        return false;
    }
    if (message_parse(body, ret_view) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

bool message_is_listed(struct step *step, const struct message *message,
                       const struct message_view *view)
{
    return policy_judge(&step->config->policy, view, &message->id, step->now).reason !=
           REASON_NOT_WHITELISTED;
}

/* Looked at again at the block's end, or when the configuration may be another one. */
static void block(struct step *step, struct message *message, const struct policy_verdict *verdict)
{
    struct instant again = instant_after(step->now, MESSAGE_UNPAID_WAIT);

    if (verdict->until.ns != 0 && verdict->until.ns < again.ns) {
        again = verdict->until;
    }
    message_leave(step, message);
    message_set(step, message, MESSAGE_BLOCKED, verdict->reason);
    message_due(step, message, again);
    step_note(step, NOTE_INFO, message->row.destination, &message->id, verdict->reason,
              verdict->note);
}

/* "paid 40000 of 90000 gas" */
static struct text bill(const struct policy_demand *demand)
{
    struct text text = text_from("paid ");

    text_add_amount(&text, &demand->paid);
    text_add(&text, " of ");
    text_add_amount(&text, &demand->needed);
    text_add(&text, demand->kind == GAS_DEMAND_QUOTED ? " gas"
                    : address_is_zero(&demand->token) ? " wei"
                                                      : " of the token");
    return text;
}

bool message_is_paid(struct step *step, struct message *message, uint64_t gas)
{
    const struct core_policy *policy = &step->config->policy;
    struct message_view view;

    if (policy->rules_count == 0 || !message_view_of(step, message, &view)) {
        return true; /* without its bytes the next stage finds out */
    }
    const struct address token = policy_fee_token(policy, &view, &message->id);
    const struct policy_paid paid = message_paid(step, message, &token);
    if (!message_view_of(step, message, &view)) {
        return true;
    }
    const struct policy_demand demand = policy_gas(policy, &view, &message->id, &paid, gas);
    if (demand.is_met) {
        return true;
    }
    const struct text text = bill(&demand);
    step_note(step, NOTE_INFO, message->row.destination, &message->id, REASON_UNPAID, text.text);
    message_later(step, message, REASON_UNPAID, MESSAGE_UNPAID_WAIT);
    return false;
}

bool message_is_wanted(struct step *step, struct message *message)
{
    struct message_view view;

    if (step->config->policy.rules_count == 0 || !message_view_of(step, message, &view)) {
        return true;
    }
    const struct policy_verdict verdict =
        policy_judge(&step->config->policy, &view, &message->id, step->now);
    if (verdict.reason != REASON_NONE) {
        block(step, message, &verdict);
        return false;
    }
    return message_is_paid(step, message, 0);
}
