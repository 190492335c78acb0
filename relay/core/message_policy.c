/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message_policy.c: what the configured lists and the payments at the origin say about a
 * message (relay/core/policy.h), and what becomes of it then. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/message_internal.h"
#include "relay/core/policy.h"
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

void message_on_gas_paid(struct step *step, uint32_t domain, const struct fact *fact)
{
    const struct core_chain *config = step_chain(step, domain);
    uint8_t memory[GAS_PAID_KEY_BYTES];
    uint8_t value[64];
    struct packer packer = packer_from(value, sizeof(value));
    struct message message;

    if (config == NULL || !address_equal(&fact->contract, &config->gas_paymaster)) {
        return;
    }
    /* Anybody may pay for any id, on any chain and for any destination: each is a sum of its own,
     * and only the one of the message's own way counts. */
    const struct bytes key =
        gas_paid_key(memory, &fact->gas_payment.message_id, domain, fact->gas_payment.destination);
    struct policy_paid paid = paid_get(step, key);
    add_saturating(&paid.gas, &fact->gas_payment.gas);
    add_saturating(&paid.payment, &fact->gas_payment.payment);
    pack_amount(&packer, &paid.gas);
    pack_amount(&packer, &paid.payment);
    step_put(step, key, packer_finish(&packer));
    if (message_get(step, &fact->gas_payment.message_id, &message) &&
        message.row.state == MESSAGE_RETRY && message.row.reason == REASON_UNPAID) {
        message_now(step, &message);
        message_put(step, &message);
    }
}

void message_used_gas(struct message *message, uint64_t gas)
{
    uint64_t *spent = &message->row.gas_spent;

    *spent = *spent > UINT64_MAX - gas ? UINT64_MAX : *spent + gas;
}

/* ---- what is wanted ---- */

/* The message's bytes, borrowed until the next row is read. */
static bool view_of(struct step *step, const struct message *message, struct message_view *ret_view)
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
    text_add(&text, demand->kind == GAS_DEMAND_QUOTED ? " gas" : " wei");
    return text;
}

bool message_is_paid(struct step *step, struct message *message, uint64_t gas)
{
    uint8_t memory[GAS_PAID_KEY_BYTES];
    struct message_view view;

    if (step->config->policy.rules_count == 0) {
        return true;
    }
    const struct bytes key =
        gas_paid_key(memory, &message->id, message->row.origin, message->row.destination);
    struct policy_paid paid = paid_get(step, key);
    paid.gas_spent = message->row.gas_spent;
    if (!view_of(step, message, &view)) {
        return true; /* the next stage finds out */
    }
    const struct policy_demand demand =
        policy_gas(&step->config->policy, &view, &message->id, &paid, gas);
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

    if (step->config->policy.rules_count == 0 || !view_of(step, message, &view)) {
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
