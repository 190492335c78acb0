/* SPDX-License-Identifier: Apache-2.0 */
/* A spoke of ours on the imaginary chain, with a vault as its venue 3 and a reserve of an Aave pool
 * as its venue 5, and what these can do. */
#include <stdio.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "tests/conformance/evm_script_internal.h"

#define WORDS_MAX 17u

struct words {
    char text[2 + 64 * WORDS_MAX + 1];
    size_t count;
};

static void put_hash(struct words *words, const uint8_t word[32])
{
    CHECK(words->count + 64 < sizeof(words->text));
    hex_encode(bytes_from(word, 32), words->text + words->count);
    words->count += 64;
}

static void put_number(struct words *words, uint64_t number)
{
    const struct amount amount = amount_from_u64(number);
    uint8_t word[32];

    amount_to_be(&amount, word);
    put_hash(words, word);
}

/* As Spoke.venueOf gives it: a vault of the script's code, open unless it is shut. */
static void put_books(struct words *words, const struct evm_script_knobs *knobs)
{
    const struct address vault = script_contract(SPOKE_VAULT);
    const struct address token = script_contract(TOKEN);
    const struct hash code = keccak256(bytes_from("\x60\x01", 2));

    put_number(words, 1);
    put_number(words, knobs->venue == EVM_SCRIPT_VENUE_SHUT ? 0 : 1);
    put_hash(words, vault.bytes);
    put_hash(words, code.bytes);
    put_hash(words, vault.bytes);
    put_hash(words, (const uint8_t[32]){0x54, 0xfd, 0x4d, 0x50}); /* version() */
    put_number(words, 9);
    put_hash(words, token.bytes);
    put_hash(words, vault.bytes);
    put_number(words, 0);
    put_number(words, 5000); /* cap */
    put_number(words, 0);
    put_number(words, 0);
    put_number(words, 100); /* supply */
    put_number(words, 10000);
    put_number(words, 0);
    put_number(words, 1); /* book: a thousandth of what 10^9 shares are worth */
}

static void put_reserve_books(struct words *words)
{
    const struct address none = {{0}};
    const struct address pool = script_contract(POOL);
    const struct address token = script_contract(TOKEN);
    const struct address receipt = script_contract(POOL_RECEIPT);
    const struct hash code = keccak256(bytes_from("\x60\x01", 2));

    put_number(words, 2);
    put_number(words, 1);
    put_hash(words, pool.bytes);
    put_hash(words, code.bytes);
    for (uint32_t i = 0; i < 3; i++) {
        put_hash(words, none.bytes); /* nothing to be probed */
    }
    put_hash(words, token.bytes);
    put_hash(words, receipt.bytes);
    put_hash(words, none.bytes);
    put_number(words, 5000); /* cap */
    for (uint32_t i = 0; i < 6; i++) {
        put_number(words, 0);
    }
}

/* The reserve's configuration: no decimals, so that its cap is in base units. */
static void put_configuration(struct words *words, const struct evm_script_knobs *knobs)
{
    const uint64_t factor_bps = 1000;
    const uint64_t cap = knobs->reserve == EVM_SCRIPT_RESERVE_FULL ? 2000 : 4000;
    uint8_t word[32] = {0};

    word[24] |= knobs->reserve == EVM_SCRIPT_RESERVE_INACTIVE ? 0 : 1;
    word[24] |= knobs->reserve == EVM_SCRIPT_RESERVE_FROZEN ? 2 : 0;
    word[24] |= knobs->reserve == EVM_SCRIPT_RESERVE_PAUSED ? 16 : 0;
    word[28] = 8000 >> 8; /* liquidation threshold, basis points */
    word[29] = 8000 & 0xff;
    word[23] = (uint8_t)factor_bps;
    word[22] = (uint8_t)(factor_bps >> 8);
    word[17] = (uint8_t)(cap << 4); /* from bit 116 on */
    word[16] = (uint8_t)(cap >> 4);
    word[15] = (uint8_t)(cap >> 12);
    put_hash(words, word);
}

/* As getReserveData gives it. */
static void put_reserve(struct words *words, const struct evm_script_knobs *knobs)
{
    static const uint32_t contracts[] = {POOL_RECEIPT, 0, POOL_DEBT, POOL_STRATEGY};
    const struct address none = {{0}};

    put_configuration(words, knobs);
    for (uint32_t i = 0; i < 7; i++) {
        put_number(words, i); /* indexes, rates, time, place */
    }
    for (uint32_t i = 0; i < 4; i++) {
        const bool is_other = i == 0 && knobs->reserve == EVM_SCRIPT_RESERVE_RECEIPT_OTHER;
        const struct address address =
            script_contract(is_other ? (uint32_t)STRANGER : contracts[i]);
        put_hash(words, contracts[i] == 0 ? none.bytes : address.bytes);
    }
    for (uint32_t i = 0; i < 3; i++) {
        put_number(words, 0);
    }
}

/* Of 1e27: so many hundredths. */
static void put_hundredths(struct words *words, uint64_t hundredths)
{
    const struct amount scale = amount_from_u64(UINT64_C(10000000000000));
    struct amount amount = amount_from_u64(hundredths * UINT64_C(1000000000000));
    uint8_t word[32];

    const enum status status = amount_multiply(&amount, &scale, &amount);
    CHECK(status == STATUS_OK);
    amount_to_be(&amount, word);
    put_hash(words, word);
}

/* Optimal at 80 %; 1 % without usage, 5 % there, 65 % at full usage. */
static bool put_strategy(struct words *words, const struct evm_script_knobs *knobs,
                         uint32_t selector)
{
    const bool is_modern = knobs->reserve == EVM_SCRIPT_RESERVE_MODERN;

    if (knobs->reserve == EVM_SCRIPT_RESERVE_RATELESS || is_modern != (selector == 0xc79ce42e)) {
        return false;
    }
    switch (selector) {
    case 0x54c365c6: /* OPTIMAL_USAGE_RATIO */
        put_hundredths(words, knobs->reserve == EVM_SCRIPT_RESERVE_BABBLES ? 0 : 80);
        return true;
    case 0x34762ca5: /* getBaseVariableBorrowRate */
        put_hundredths(words, 1);
        return true;
    case 0x0b3429a2: /* getVariableRateSlope1 */
        put_hundredths(words, 4);
        return true;
    case 0xf4202409: /* getVariableRateSlope2 */
        put_hundredths(words, 60);
        return true;
    case 0xc79ce42e: /* getInterestRateDataBps */
        put_number(words, 8000);
        put_number(words, 100);
        put_number(words, 400);
        put_number(words, 6000);
        return true;
    default: /* not an enum */
        return false;
    }
}

/* As getUserAccountData gives it: 1,000 of collateral at 80 % against 500, where anything is owed.
 */
static bool put_account(struct words *words, const struct evm_script_knobs *knobs)
{
    const bool owes =
        knobs->reserve >= EVM_SCRIPT_RESERVE_OWES && knobs->reserve <= EVM_SCRIPT_RESERVE_PRICELESS;

    put_number(words, 1000);
    put_number(words, owes ? 500 : 0);
    put_number(words, 0);
    put_number(words, 8000);
    put_number(words, 7500);
    put_number(words, 1);
    return true;
}

static bool put_pool(struct words *words, const struct evm_script_knobs *knobs, uint32_t contract,
                     uint32_t selector)
{
    if (contract == POOL_STRATEGY) {
        return put_strategy(words, knobs, selector);
    }
    switch (selector) {
    case 0x35ea6a75: /* getReserveData */
        put_reserve(words, knobs);
        return knobs->reserve != EVM_SCRIPT_RESERVE_REVERTS;
    case 0xbf92857c: /* getUserAccountData */
        return put_account(words, knobs);
    case 0x4417a583: /* getUserConfiguration: of the reserve at place 6 */
        put_number(words, knobs->reserve == EVM_SCRIPT_RESERVE_OWES_FREE ? 0 : 1u << 13);
        return true;
    case 0x0542975c:   /* ADDRESSES_PROVIDER */
    case 0xfca513a8: { /* getPriceOracle: all one contract */
        const struct address pool = script_contract(POOL);
        put_hash(words, pool.bytes);
        return true;
    }
    case 0xb3596f07: /* getAssetPrice */
        put_number(words, knobs->reserve == EVM_SCRIPT_RESERVE_PRICELESS ? 0 : 1000000);
        return true;
    case 0x8c89b64f: /* BASE_CURRENCY_UNIT */
        put_number(words, 1000);
        return knobs->reserve != EVM_SCRIPT_RESERVE_OWES_FREE;
    case 0x6fb07f96: /* getVirtualUnderlyingBalance */
        put_number(words, 900);
        return knobs->reserve == EVM_SCRIPT_RESERVE_MODERN;
    case 0x18160ddd: /* totalSupply, of receipts and of debt */
        put_number(words, contract == POOL_DEBT                        ? 1200
                          : knobs->reserve == EVM_SCRIPT_RESERVE_LACKS ? 3000
                                                                       : 2000);
        return true;
    default: /* not an enum */
        return false;
    }
}

static bool put_spoke(struct words *words, const struct evm_script_knobs *knobs, uint32_t selector,
                      uint32_t argument)
{
    switch (selector) {
    case 0x71f96211: /* assetOf */
        for (uint64_t i = 0; i < 5; i++) {
            put_number(words, i == 1 ? 1000000 : 100 * i); /* more idle than it holds */
        }
        return true;
    case 0x5c975abb: /* paused */
        put_number(words, 1);
        return true;
    case 0x39b1b96d: /* mandate */
        put_number(words, 0x4d);
        return true;
    case 0xf78d9e7b: /* venueOf */
        if (argument == 5) {
            put_reserve_books(words);
        } else {
            put_books(words, knobs);
        }
        return !knobs->spoke_lacks_venue;
    case 0x65358385: /* positionAt */
        put_number(words, 700);
        put_number(words, 0);
        return knobs->venue != EVM_SCRIPT_VENUE_REVERTS;
    default: /* not an enum */
        return false;
    }
}

static bool put_vault(struct words *words, const struct evm_script_knobs *knobs, uint32_t selector)
{
    switch (selector) {
    case 0x313ce567: /* decimals */
        put_number(words, knobs->venue == EVM_SCRIPT_VENUE_BABBLES ? 37 : 6);
        return true;
    case 0x18160ddd: /* totalSupply */
        put_number(words, 100);
        return true;
    case 0x402d267d: /* maxDeposit */
        put_number(words, 9000);
        return true;
    case 0xce96cb77: /* maxWithdraw */
        put_number(words, 600);
        return true;
    case 0x07a2d13a: /* convertToAssets */
        put_number(words, 1500);
        return true;
    case 0x54fd4d50: /* version */
        put_number(words, knobs->venue == EVM_SCRIPT_VENUE_UPGRADED ? 10 : 9);
        return true;
    default: /* not an enum; it has no paused() */
        return false;
    }
}

/* As a feed of Chainlink gives it. */
static bool put_feed(struct words *words, const struct evm_script_knobs *knobs, uint32_t contract,
                     uint32_t selector)
{
    const struct amount below = amount_max(); /* -1 */
    const bool is_second = contract == FEED_SECOND;
    const enum evm_script_feed habit = is_second ? knobs->feed : EVM_SCRIPT_FEED_FINE;
    uint8_t word[32];

    if (selector == 0x313ce567) { /* decimals */
        put_number(words, 2);
        return true;
    }
    if (selector != 0xfeaf968c || habit == EVM_SCRIPT_FEED_REVERTS) { /* latestRoundData */
        return false;
    }
    amount_to_be(&below, word);
    put_hash(words, word); /* a round's number is large */
    if (habit == EVM_SCRIPT_FEED_NEGATIVE) {
        put_hash(words, word);
    } else {
        put_number(words, habit == EVM_SCRIPT_FEED_ZERO ? 0 : is_second ? 199 : 200);
    }
    put_number(words, 1);
    put_number(words, 1700000000);
    if (habit != EVM_SCRIPT_FEED_BABBLES) {
        put_number(words, 7);
    }
    return true;
}

const char *script_spoke_answer(const struct evm_script_knobs *knobs, uint32_t contract,
                                uint32_t selector, uint32_t argument)
{
    static struct words words;
    bool is_given;

    words.count = (size_t)snprintf(words.text, sizeof(words.text), "0x");
    if (contract >= FEED_FIRST) {
        is_given = put_feed(&words, knobs, contract, selector);
    } else if (contract == SPOKE) {
        is_given = put_spoke(&words, knobs, selector, argument);
    } else if (contract == SPOKE_VAULT) {
        is_given = put_vault(&words, knobs, selector);
    } else {
        is_given = put_pool(&words, knobs, contract, selector);
    }
    return is_given ? words.text : NULL;
}
