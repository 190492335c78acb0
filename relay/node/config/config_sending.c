/* SPDX-License-Identifier: Apache-2.0 */
/* How transactions are sent to a chain: accounts, fees, limits, several messages at once. */
#include <stdio.h>
#include <string.h>

#include "relay/node/config/config_reading.h"
#include "relay/node/config/config_schema.h"

/* What stands where a key is absent. */
#define FEE_PER_GAS_MAX_DEFAULT    "100 gwei"
#define PRIORITY_FEE_DEFAULT       "1 gwei"
#define GAS_LIMIT_MAX_DEFAULT      "3000000"
#define KEY_BALANCE_MIN_DEFAULT    "0.01 ether"
#define INCLUSION_DEADLINE_DEFAULT "120 s"
#define IN_FLIGHT_DEFAULT          "64"
#define VALIDATORS_MIN_DEFAULT     "2"
#define BATCH_DEFAULT              "16"
#define TRANSACTIONS_DEFAULT       "detect"
#define DATA_FEE_DEFAULT           "none"

/* The first key moves capital and announces, the others only deliver. */
static void read_keys(struct reading *reading, const struct file_chain *file,
                      struct core_chain *core)
{
    if (file->key != NULL && file->keys_count > 0) {
        reading_refuse(reading, "keys", STATUS_MALFORMED,
                       "stands beside \"key\": give one of the two");
        return;
    }
    core->key = reading_address(reading, "key", file->key);
    for (unsigned i = 0; i < file->keys_count && !reading_failed(reading); i++) {
        char key[32];
        (void)snprintf(key, sizeof(key), "keys[%u]", i);
        const struct address address = reading_address(reading, key, file->keys[i]);
        bool is_double = i > 0 && address_equal(&address, &core->key);
        for (uint32_t k = 0; k < core->delivery_keys_count; k++) {
            is_double = is_double || address_equal(&address, &core->delivery_keys[k]);
        }
        if (address_is_zero(&address) || is_double) {
            reading_refuse(reading, key, STATUS_MALFORMED,
                           is_double ? "is in the list twice" : "is no account");
        } else if (i == 0) {
            core->key = address;
        } else {
            core->delivery_keys[core->delivery_keys_count++] = address;
        }
    }
}

static void read_transactions(struct reading *reading, const struct file_chain *file,
                              struct node_chain *chain)
{
    const char *kind = reading_given(file->transactions, TRANSACTIONS_DEFAULT);
    const char *data_fee = reading_given(file->data_fee, DATA_FEE_DEFAULT);

    chain->transactions = strcmp(kind, "legacy") == 0    ? TRANSACTIONS_LEGACY
                          : strcmp(kind, "dynamic") == 0 ? TRANSACTIONS_DYNAMIC
                                                         : TRANSACTIONS_DETECTED;
    if (chain->transactions == TRANSACTIONS_DETECTED && strcmp(kind, TRANSACTIONS_DEFAULT) != 0) {
        reading_refuse(reading, "transactions", STATUS_MALFORMED,
                       "must be detect, dynamic or legacy");
    }
    chain->data_fee = strcmp(data_fee, "op-stack") == 0 ? DATA_FEE_OP_STACK : DATA_FEE_NONE;
    if (chain->data_fee == DATA_FEE_NONE && strcmp(data_fee, DATA_FEE_DEFAULT) != 0) {
        reading_refuse(reading, "data_fee", STATUS_MALFORMED, "must be none or op-stack");
    }
}

/* How hard a transaction tries to be included. */
static void read_chain_haste(struct reading *reading, const struct file_chain *file,
                             struct core_chain *core)
{
    core->priority_fee_max =
        file->priority_fee_max == NULL
            ? core->fee_per_gas_max
            : reading_native(reading, "priority_fee_max", file->priority_fee_max);
    core->transaction_fee_max =
        file->transaction_fee_max == NULL
            ? amount_zero()
            : reading_native(reading, "transaction_fee_max", file->transaction_fee_max);
    core->inclusion_deadline =
        reading_duration(reading, "inclusion_deadline",
                         reading_given(file->inclusion_deadline, INCLUSION_DEADLINE_DEFAULT));
    core->in_flight_max = (uint32_t)reading_count(
        reading, "in_flight_max", reading_given(file->in_flight_max, IN_FLIGHT_DEFAULT), 1, 1024);
    core->validators_min = (uint32_t)reading_count(
        reading, "validators_min", reading_given(file->validators_min, VALIDATORS_MIN_DEFAULT), 0,
        100);
    if (amount_compare(&core->priority_fee_max, &core->priority_fee_per_gas) < 0) {
        reading_refuse(reading, "priority_fee_max", STATUS_MALFORMED,
                       "is below \"priority_fee_per_gas\"");
    }
    if (amount_compare(&core->priority_fee_max, &core->fee_per_gas_max) > 0) {
        reading_refuse(reading, "priority_fee_max", STATUS_MALFORMED,
                       "is above \"fee_per_gas_max\"");
    }
}

/* Several messages in one transaction: where there is a contract for it. */
static void read_batches(struct reading *reading, const struct file_chain *file,
                         struct core_chain *core)
{
    if (file->multicall != NULL) {
        core->batch_contract = reading_address(reading, "multicall", file->multicall);
        core->batch_messages_max = (uint32_t)reading_count(
            reading, "batch_max", reading_given(file->batch_max, BATCH_DEFAULT), 2, DELIVERIES_MAX);
    } else if (file->batch_max != NULL) {
        reading_refuse(reading, "batch_max", STATUS_MALFORMED, "needs \"multicall\"");
    }
    core->sign_lookups =
        reading_flag(reading, "sign_lookups", reading_given(file->sign_lookups, "false"));
}

static void read_chain_fees(struct reading *reading, const struct file_chain *file,
                            struct core_chain *core)
{
    core->fee_per_gas_max = reading_native(
        reading, "fee_per_gas_max", reading_given(file->fee_per_gas_max, FEE_PER_GAS_MAX_DEFAULT));
    core->priority_fee_per_gas =
        reading_native(reading, "priority_fee_per_gas",
                       reading_given(file->priority_fee_per_gas, PRIORITY_FEE_DEFAULT));
    core->gas_limit_max =
        reading_count(reading, "gas_limit_max",
                      reading_given(file->gas_limit_max, GAS_LIMIT_MAX_DEFAULT), 21000, 1000000000);
    core->key_balance_min = reading_native(
        reading, "key_balance_min", reading_given(file->key_balance_min, KEY_BALANCE_MIN_DEFAULT));
    if (amount_compare(&core->priority_fee_per_gas, &core->fee_per_gas_max) > 0) {
        reading_refuse(reading, "priority_fee_per_gas", STATUS_MALFORMED,
                       "is above \"fee_per_gas_max\"");
    }
}

void config_read_sending(struct reading *reading, const struct file_chain *file,
                         struct core_chain *core, struct node_chain *chain)
{
    read_keys(reading, file, core);
    read_chain_fees(reading, file, core);
    read_chain_haste(reading, file, core);
    read_batches(reading, file, core);
    read_transactions(reading, file, chain);
}
