/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "chains/evm/abi.h"
#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/hyperlane/message.h"
#include "tests/sim/evm_node.h"

/* Names as the contracts declare them; selectors are computed from them. */
enum function {
    FUNCTION_LOCAL_DOMAIN,
    FUNCTION_RECIPIENT_ISM,
    FUNCTION_MODULE_TYPE,
    FUNCTION_VALIDATORS,
    FUNCTION_ROUTE,
    FUNCTION_LATEST_CHECKPOINT,
    FUNCTION_COUNT,
    FUNCTION_TREE,
    FUNCTION_LOCATIONS,
    FUNCTION_BALANCE_OF,
    FUNCTION_DECIMALS,
    FUNCTION_TOTAL_ASSETS,
    FUNCTION_TOTAL_SUPPLY,
    FUNCTION_CONVERT_TO_ASSETS,
    FUNCTION_QUOTE,
    FUNCTION_PROCESS,
    FUNCTION_REBALANCE,
    FUNCTION_ANNOUNCE,
    FUNCTIONS_COUNT,
};

static const char *const signatures[FUNCTIONS_COUNT] = {
    [FUNCTION_LOCAL_DOMAIN] = "localDomain()",
    [FUNCTION_RECIPIENT_ISM] = "recipientIsm(address)",
    [FUNCTION_MODULE_TYPE] = "moduleType()",
    [FUNCTION_VALIDATORS] = "validatorsAndThreshold(bytes)",
    [FUNCTION_ROUTE] = "route(bytes)",
    [FUNCTION_LATEST_CHECKPOINT] = "latestCheckpoint()",
    [FUNCTION_COUNT] = "count()",
    [FUNCTION_TREE] = "tree()",
    [FUNCTION_LOCATIONS] = "getAnnouncedStorageLocations(address[])",
    [FUNCTION_BALANCE_OF] = "balanceOf(address)",
    [FUNCTION_DECIMALS] = "decimals()",
    [FUNCTION_TOTAL_ASSETS] = "totalAssets()",
    [FUNCTION_TOTAL_SUPPLY] = "totalSupply()",
    [FUNCTION_CONVERT_TO_ASSETS] = "convertToAssets(uint256)",
    [FUNCTION_QUOTE] = "quoteTransferRemote(uint32,bytes32,uint256)",
    [FUNCTION_PROCESS] = "process(bytes,bytes)",
    [FUNCTION_REBALANCE] = "rebalance(uint32,uint256,address)",
    [FUNCTION_ANNOUNCE] = "announce(address,string,bytes)",
};

/* FUNCTIONS_COUNT: none that the world has. */
static enum function function_of(struct bytes data)
{
    static uint8_t selectors[FUNCTIONS_COUNT][4];
    static bool are_known;

    for (size_t i = 0; !are_known && i < FUNCTIONS_COUNT; i++) {
        const struct hash hash = keccak256(bytes_from_string(signatures[i]));
        memcpy(selectors[i], hash.bytes, 4);
    }
    are_known = true;
    for (size_t i = 0; data.count >= 4 && i < FUNCTIONS_COUNT; i++) {
        if (memcmp(selectors[i], data.data, 4) == 0) {
            return (enum function)i;
        }
    }
    return FUNCTIONS_COUNT;
}

static void write_validators(const struct world_chain *chain, struct abi_writer *words)
{
    abi_write_u64(words, 64);
    abi_write_u64(words, WORLD_THRESHOLD);
    abi_write_u64(words, WORLD_VALIDATORS);
    for (uint32_t i = 0; i < WORLD_VALIDATORS; i++) {
        abi_write_address(words, &chain->world->validators[i]);
    }
}

static void write_locations(const struct world_chain *chain, struct abi_reader *arguments,
                            struct abi_writer *words)
{
    abi_expect_u64(arguments, 32);
    abi_expect_u64(arguments, 1);
    const struct address validator = abi_read_address(arguments);
    const char *location = NULL;

    CHECK(abi_reader_is_done(arguments));
    for (uint32_t i = 0; i < WORLD_VALIDATORS; i++) {
        if (address_equal(&chain->world->validators[i], &validator) && chain->announced[i] > 0) {
            location = chain->world->locations[i][chain->index];
        }
    }
    abi_write_u64(words, 32);
    abi_write_u64(words, 1);
    abi_write_u64(words, 32);
    abi_write_u64(words, location == NULL ? 0 : 1);
    if (location != NULL) {
        abi_write_u64(words, 32);
        abi_write_tail(words, bytes_from_string(location));
    }
}

static void write_balance(const struct world_chain *chain, const struct address *token,
                          struct abi_reader *arguments, struct abi_writer *words)
{
    const struct address holder = abi_read_address(arguments);
    struct amount balance = amount_zero();

    CHECK(abi_reader_is_done(arguments));
    for (uint32_t i = WORLD_ROUTER; i < WORLD_ACCOUNTS_COUNT; i++) {
        const struct address account = world_account_address(chain, (enum world_account)i);
        if (address_equal(token, &chain->token) && address_equal(&account, &holder)) {
            balance = chain->tokens[i];
        }
    }
    abi_write_amount(words, &balance);
}

static void write_quote(const struct world_chain *chain, struct abi_reader *arguments,
                        struct abi_writer *words)
{
    const struct address native = {{0}};

    (void)abi_read_u32(arguments);
    (void)abi_read_hash(arguments);
    const struct amount amount = abi_read_amount(arguments);
    CHECK(abi_reader_is_done(arguments));
    abi_write_u64(words, 32);
    abi_write_u64(words, 2);
    abi_write_address(words, &native);
    abi_write_amount(words, &chain->bridge_fee);
    abi_write_address(words, &chain->token);
    abi_write_amount(words, &amount);
}

/* False: it reverts. */
static bool write_answer(const struct world_chain *chain, enum function function,
                         const struct address *to, struct abi_reader *arguments,
                         struct abi_writer *words)
{
    const struct vault_state vault = contracts_vault_state(chain);
    const struct hash root = contracts_tree_root(chain);

    switch (function) {
    case FUNCTION_LOCAL_DOMAIN:
        abi_write_u64(words, chain->domain);
        return true;
    case FUNCTION_RECIPIENT_ISM:
        abi_write_address(words, &chain->ism);
        return true;
    case FUNCTION_MODULE_TYPE:
        abi_write_u64(words, 5);
        return true;
    case FUNCTION_VALIDATORS:
        write_validators(chain, words);
        return true;
    case FUNCTION_LATEST_CHECKPOINT:
        abi_write_hash(words, root.bytes);
        abi_write_u64(words, (uint64_t)chain->tree.count - 1);
        return chain->tree.count > 0; /* the contract underflows */
    case FUNCTION_COUNT:
        abi_write_u64(words, chain->tree.count);
        return true;
    case FUNCTION_TREE:
        for (uint32_t level = 0; level < MERKLE_DEPTH; level++) {
            abi_write_hash(words, chain->tree.branch[level].bytes);
        }
        abi_write_u64(words, chain->tree.count);
        return true;
    case FUNCTION_LOCATIONS:
        write_locations(chain, arguments, words);
        return true;
    case FUNCTION_BALANCE_OF:
        write_balance(chain, to, arguments, words);
        return true;
    case FUNCTION_DECIMALS:
        abi_write_u64(words, 6);
        return true;
    case FUNCTION_TOTAL_ASSETS:
        abi_write_amount(words, &vault.total_assets);
        return true;
    case FUNCTION_TOTAL_SUPPLY:
        abi_write_amount(words, &vault.total_shares);
        return true;
    case FUNCTION_CONVERT_TO_ASSETS:
        abi_write_amount(words, &vault.assets_per_share);
        return true;
    case FUNCTION_QUOTE:
        write_quote(chain, arguments, words);
        return true;
    case FUNCTION_ROUTE:
    case FUNCTION_PROCESS:
    case FUNCTION_REBALANCE:
    case FUNCTION_ANNOUNCE:
    case FUNCTIONS_COUNT:
        break;
    }
    return false;
}

bool evm_call_contract(struct world_chain *chain, const struct address *to, struct bytes data,
                       struct buffer *ret_words, const char **ret_revert)
{
    struct abi_reader arguments =
        abi_reader_from(data.count < 4 ? data : bytes_from(data.data + 4, data.count - 4));
    struct abi_writer words = abi_writer_from(ret_words->data, ret_words->capacity);

    *ret_revert = "";
    if (!write_answer(chain, function_of(data), to, &arguments, &words)) {
        return false;
    }
    CHECK(!words.overrun);
    *ret_words = words.buffer;
    return true;
}

/* ---- calldata ---- */

static bool read_process(struct abi_reader *arguments, struct leg *leg)
{
    abi_expect_u64(arguments, 64);
    (void)abi_read_u64(arguments); /* where the message begins: behind the metadata */
    leg->kind = LEG_PROCESS;
    leg->process.metadata = abi_read_tail(arguments, METADATA_BYTES_MAX);
    leg->process.message = abi_read_tail(arguments, MESSAGE_BYTES_MAX);
    leg->process.message_id = message_id(leg->process.message);
    return abi_reader_is_done(arguments);
}

static bool read_rebalance(struct abi_reader *arguments, struct leg *leg)
{
    leg->kind = LEG_REBALANCE;
    leg->rebalance.destination = abi_read_u32(arguments);
    leg->rebalance.amount = abi_read_amount(arguments);
    leg->rebalance.bridge = abi_read_address(arguments);
    return abi_reader_is_done(arguments);
}

static bool read_announce(struct abi_reader *arguments, struct leg *leg)
{
    leg->kind = LEG_ANNOUNCE;
    leg->announce.validator = abi_read_address(arguments);
    abi_expect_u64(arguments, 96);
    (void)abi_read_u64(arguments); /* where the signature begins: behind the location */
    leg->announce.location = abi_read_tail(arguments, LOCATION_BYTES_MAX);
    const struct bytes signature = abi_read_tail(arguments, 65);
    if (signature.count != 65) {
        return false;
    }
    memcpy(leg->announce.signature.bytes, signature.data, 65);
    return abi_reader_is_done(arguments);
}

bool evm_leg_of(const struct world_chain *chain, const struct address *to, struct bytes data,
                struct leg *ret_leg)
{
    const enum function function = function_of(data);
    struct abi_reader arguments =
        abi_reader_from(data.count < 4 ? data : bytes_from(data.data + 4, data.count - 4));

    memset(ret_leg, 0, sizeof(*ret_leg));
    ret_leg->domain = chain->domain;
    ret_leg->key = chain->key;
    ret_leg->rebalance.router = *to;
    if (data.count == 0 && address_equal(to, &chain->key)) {
        ret_leg->kind = LEG_CANCEL;
        return true;
    }
    if (function == FUNCTION_PROCESS && address_equal(to, &chain->mailbox)) {
        return read_process(&arguments, ret_leg);
    }
    if (function == FUNCTION_REBALANCE && address_equal(to, &chain->router)) {
        return read_rebalance(&arguments, ret_leg);
    }
    return function == FUNCTION_ANNOUNCE && address_equal(to, &chain->announce) &&
           read_announce(&arguments, ret_leg);
}
