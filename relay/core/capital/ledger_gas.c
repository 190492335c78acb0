/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/ledger_gas.c: what the node's own transactions cost, in the chain's native
 * asset.
 *
 * Every transaction of ours that is in a final block has paid, whether it did what it should or not
 * and whether it was a cancel or not: gas, what a rollup adds, and what the payload carries when it
 * succeeded (a bridge's fee). KEY gives, FEES gets; nothing else of the native asset is booked, so
 * these balances are what was spent since the journal began, and not what the keys hold. */
#include "relay/core/capital/ledger_internal.h"

static void book_cost(struct book *book, const struct ledger_paid *paid, enum posting_kind kind,
                      const struct amount *amount)
{
    const struct account fees =
        capital_account(ACCOUNT_FEES, LEDGER_NATIVE_SYMBOL, paid->domain, NULL);
    const struct account key =
        capital_account(ACCOUNT_KEY, LEDGER_NATIVE_SYMBOL, paid->domain, &paid->key);

    (void)ledger_post(book, kind, &fees, &key, amount, &paid->message_id);
}

void ledger_on_paid(struct step *step, const struct ledger_paid *paid)
{
    struct assembly assembly;
    struct book book = {.step = step, .domain = paid->domain, .assembly = &assembly};
    const struct amount gas_used = amount_from_u64(paid->gas_used);
    struct amount gas;

    (void)capital_get_assembly(step, paid->domain, &assembly);
    struct assembly kept = assembly;
    assembly.block = paid->block;
    assembly.transaction = paid->transaction;
    assembly.log_index = 0;
    assembly.record = paid->record;
    if (amount_multiply(&gas_used, &paid->gas_price, &gas) != STATUS_OK ||
        amount_add(&gas, &paid->data_fee, &gas) != STATUS_OK) {
        /* No chain has so much to take; the node was told nonsense. */
        step_note(step, NOTE_ALARM, paid->domain, &paid->transaction, REASON_UNRECONCILED,
                  "the cost of a transaction does not fit the ledger and was not booked");
        gas = amount_zero();
    }
    book_cost(&book, paid, POSTING_GAS, &gas);
    book_cost(&book, paid, POSTING_FEE, &paid->value);
    if (assembly.sequence != kept.sequence) {
        kept.sequence = assembly.sequence;
        capital_put_assembly(step, paid->domain, &kept);
    }
}
