/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/config_sending.h"

#include <stdio.h>
#include <string.h>

#include "relay/settings/settings.h"

/* What stands where a key is absent. */
#define FINALITY_DEFAULT           "finalized"
#define FEE_PER_GAS_MAX_DEFAULT    "100 gwei"
#define PRIORITY_FEE_DEFAULT       "1 gwei"
#define GAS_LIMIT_MAX_DEFAULT      "3000000"
#define KEY_BALANCE_MIN_DEFAULT    "0.01 ether"
#define INCLUSION_DEADLINE_DEFAULT "120 s"
#define IN_FLIGHT_DEFAULT          "64"
#define TRANSACTIONS_DEFAULT       "detect"
#define DATA_FEE_DEFAULT           "none"

/* The first fault stays; what comes after it changes nothing that is used. */
struct sending {
    bool failed;
    struct sending_fault fault;
};

static void refuse(struct sending *sending, const char *key, const char *words)
{
    if (!sending->failed) {
        sending->failed = true;
        sending->fault.words = words;
        (void)snprintf(sending->fault.key, sizeof(sending->fault.key), "%s", key);
    }
}

static struct amount read_native(struct sending *sending, const char *key, const char *text,
                                 const char *otherwise)
{
    struct amount amount = amount_zero();

    if (settings_parse_native(text == NULL ? otherwise : text, &amount) != STATUS_OK) {
        refuse(sending, key, "must be a number with wei, gwei or ether");
    }
    return amount;
}

static uint64_t read_count(struct sending *sending, const char *key, const char *text,
                           uint64_t least, uint64_t most, const char *words)
{
    uint64_t value = 0;

    if (settings_parse_u64(text, &value) != STATUS_OK || value < least || value > most) {
        refuse(sending, key, words);
        return least;
    }
    return value;
}

static struct address read_account(struct sending *sending, const char *key, const char *text)
{
    struct address address = {{0}};
    const enum status status = settings_parse_address(text, &address);

    if (status == STATUS_CORRUPT) {
        refuse(sending, key, "fails its EIP-55 checksum: a digit is probably mistyped");
    } else if (status != STATUS_OK) {
        refuse(sending, key, "must be 0x and 40 or 64 hexadecimal digits");
    }
    return address;
}

static bool is_listed(const struct core_chain *core, const struct address *address)
{
    bool is_listed = address_equal(&core->key, address);

    for (uint32_t i = 0; i < core->delivery_keys_count; i++) {
        is_listed = is_listed || address_equal(&core->delivery_keys[i], address);
    }
    return is_listed;
}

/* The first key moves capital and announces, the others only deliver. */
static void read_keys(struct sending *sending, const struct file_chain *file,
                      struct core_chain *core)
{
    if (file->key != NULL && file->keys_count > 0) {
        refuse(sending, "keys", "stands beside \"key\": give one of the two");
        return;
    }
    if (file->key != NULL) {
        core->key = read_account(sending, "key", file->key);
    }
    for (unsigned i = 0; i < file->keys_count && !sending->failed; i++) {
        char key[32];
        (void)snprintf(key, sizeof(key), "keys[%u]", i);
        const struct address address = read_account(sending, key, file->keys[i]);
        if (address_is_zero(&address)) {
            refuse(sending, key, "is no account");
        } else if (is_listed(core, &address)) {
            refuse(sending, key, "is in the list twice");
        } else if (i == 0) {
            core->key = address;
        } else {
            core->delivery_keys[core->delivery_keys_count++] = address;
        }
    }
}

static void read_fees(struct sending *sending, const struct file_chain *file,
                      struct core_chain *core)
{
    core->fee_per_gas_max =
        read_native(sending, "fee_per_gas_max", file->fee_per_gas_max, FEE_PER_GAS_MAX_DEFAULT);
    core->priority_fee_per_gas = read_native(sending, "priority_fee_per_gas",
                                             file->priority_fee_per_gas, PRIORITY_FEE_DEFAULT);
    core->gas_limit_max =
        read_count(sending, "gas_limit_max",
                   file->gas_limit_max == NULL ? GAS_LIMIT_MAX_DEFAULT : file->gas_limit_max, 21000,
                   1000000000, "must be a whole number from 21000 to 1000000000");
    core->key_balance_min =
        read_native(sending, "key_balance_min", file->key_balance_min, KEY_BALANCE_MIN_DEFAULT);
    core->priority_fee_max = core->fee_per_gas_max;
    if (file->priority_fee_max != NULL) {
        core->priority_fee_max =
            read_native(sending, "priority_fee_max", file->priority_fee_max, NULL);
    }
    core->transaction_fee_max =
        read_native(sending, "transaction_fee_max", file->transaction_fee_max, "0 wei");
    if (amount_compare(&core->priority_fee_per_gas, &core->fee_per_gas_max) > 0) {
        refuse(sending, "priority_fee_per_gas", "is above \"fee_per_gas_max\"");
    }
    if (amount_compare(&core->priority_fee_max, &core->priority_fee_per_gas) < 0) {
        refuse(sending, "priority_fee_max", "is below \"priority_fee_per_gas\"");
    }
    if (amount_compare(&core->priority_fee_max, &core->fee_per_gas_max) > 0) {
        refuse(sending, "priority_fee_max", "is above \"fee_per_gas_max\"");
    }
}

/* How hard a transaction tries to be included, and how many at once. */
static void read_haste(struct sending *sending, const struct file_chain *file,
                       struct core_chain *core)
{
    const char *deadline =
        file->inclusion_deadline == NULL ? INCLUSION_DEADLINE_DEFAULT : file->inclusion_deadline;
    const char *in_flight = file->in_flight_max == NULL ? IN_FLIGHT_DEFAULT : file->in_flight_max;

    if (settings_parse_duration(deadline, &core->inclusion_deadline) != STATUS_OK) {
        refuse(sending, "inclusion_deadline", "must be a number with ms, s, min or h");
    }
    core->in_flight_max = (uint32_t)read_count(sending, "in_flight_max", in_flight, 1, 1024,
                                               "must be a whole number from 1 to 1024");
}

static void read_kinds(struct sending *sending, const struct file_chain *file,
                       struct node_chain *chain)
{
    const char *kind = file->transactions == NULL ? TRANSACTIONS_DEFAULT : file->transactions;
    const char *data_fee = file->data_fee == NULL ? DATA_FEE_DEFAULT : file->data_fee;

    chain->transactions = strcmp(kind, "legacy") == 0    ? TRANSACTIONS_LEGACY
                          : strcmp(kind, "dynamic") == 0 ? TRANSACTIONS_DYNAMIC
                                                         : TRANSACTIONS_DETECTED;
    if (chain->transactions == TRANSACTIONS_DETECTED && strcmp(kind, TRANSACTIONS_DEFAULT) != 0) {
        refuse(sending, "transactions", "must be detect, dynamic or legacy");
    }
    chain->data_fee = strcmp(data_fee, "op-stack") == 0 ? DATA_FEE_OP_STACK : DATA_FEE_NONE;
    if (chain->data_fee == DATA_FEE_NONE && strcmp(data_fee, DATA_FEE_DEFAULT) != 0) {
        refuse(sending, "data_fee", "must be none or op-stack");
    }
}

static void read_finality(struct sending *sending, const struct file_chain *file,
                          struct node_chain *chain)
{
    const char *text = file->finality == NULL ? FINALITY_DEFAULT : file->finality;

    chain->finality_blocks = 1;
    if (strcmp(text, "finalized") == 0) {
        chain->finality = FINALITY_TAG;
    } else if (strcmp(text, "safe") == 0) {
        chain->finality = FINALITY_SAFE;
    } else {
        chain->finality = FINALITY_DEPTH;
        chain->finality_blocks =
            (uint32_t)read_count(sending, "finality", text, 1, 100000,
                                 "must be finalized, safe or a depth in blocks from 1 to 100000");
    }
}

enum status config_read_sending(const struct file_chain *file, struct core_chain *core,
                                struct node_chain *chain, struct sending_fault *ret_fault)
{
    struct sending sending = {.failed = false};

    read_finality(&sending, file, chain);
    read_keys(&sending, file, core);
    read_fees(&sending, file, core);
    read_haste(&sending, file, core);
    read_kinds(&sending, file, chain);
    if (sending.failed) {
        *ret_fault = sending.fault;
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}
