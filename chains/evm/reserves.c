/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/evm/reserves.h"

#include "relay/base/check.h"

#define SELECTOR_BALANCE_OF   0x70a08231u
#define SELECTOR_TOTAL_SUPPLY 0x18160dddu
#define SELECTOR_RESERVE_DATA 0x35ea6a75u
#define SELECTOR_STABLE_DEBT  0xf731e9beu /* getTotalSupplyAndAvgRate() */
#define SELECTOR_OPTIMAL      0x54c365c6u /* OPTIMAL_USAGE_RATIO() */
#define SELECTOR_BASE         0x34762ca5u /* getBaseVariableBorrowRate() */
#define SELECTOR_SLOPE_BELOW  0x0b3429a2u /* getVariableRateSlope1() */
#define SELECTOR_SLOPE_ABOVE  0xf4202409u /* getVariableRateSlope2() */
#define SELECTOR_LINES        0xc79ce42eu /* getInterestRateDataBps(asset) */
#define SELECTOR_LENDABLE     0x6fb07f96u /* getVirtualUnderlyingBalance(asset) */
#define SELECTOR_ACCOUNT      0xbf92857cu /* getUserAccountData(account) */
#define SELECTOR_COLLATERAL   0x4417a583u /* getUserConfiguration(account) */
#define SELECTOR_PROVIDER     0x0542975cu /* ADDRESSES_PROVIDER() */
#define SELECTOR_ORACLE       0xfca513a8u /* getPriceOracle() */
#define SELECTOR_PRICE        0xb3596f07u /* getAssetPrice(asset) */
#define SELECTOR_UNIT         0x8c89b64fu /* BASE_CURRENCY_UNIT() */

#define ONE_NUMERAIRE UINT64_C(1000000000000000000)
#define LINES_APART   0x0fu /* all four, of a strategy of v3.0 */
#define LINES_AT_ONCE 0x10u

bool evm_read_word(struct bytes returned, struct amount *ret_amount)
{
    struct abi_reader reader = abi_reader_from(returned);
    const struct amount amount = abi_read_amount(&reader);

    if (!abi_reader_is_done(&reader)) {
        return false;
    }
    *ret_amount = amount;
    return true;
}

/* ---- what is asked ---- */

const struct address *evm_reserve_write(const struct evm_venue *venue,
                                        enum reserve_question question, struct abi_writer *data)
{
    static const uint32_t selectors[] = {
        [0] = SELECTOR_RESERVE_DATA, /* of RESERVE_DATA */
        [RESERVE_LIQUIDITY - RESERVE_DATA] = SELECTOR_BALANCE_OF,
        [RESERVE_LENDABLE - RESERVE_DATA] = SELECTOR_LENDABLE,
        [RESERVE_RECEIPTS - RESERVE_DATA] = SELECTOR_TOTAL_SUPPLY,
        [RESERVE_DEBT - RESERVE_DATA] = SELECTOR_TOTAL_SUPPLY,
        [RESERVE_STABLE_DEBT - RESERVE_DATA] = SELECTOR_STABLE_DEBT,
        [RESERVE_OPTIMAL - RESERVE_DATA] = SELECTOR_OPTIMAL,
        [RESERVE_BASE - RESERVE_DATA] = SELECTOR_BASE,
        [RESERVE_SLOPE_BELOW - RESERVE_DATA] = SELECTOR_SLOPE_BELOW,
        [RESERVE_SLOPE_ABOVE - RESERVE_DATA] = SELECTOR_SLOPE_ABOVE,
        [RESERVE_LINES - RESERVE_DATA] = SELECTOR_LINES,
        [RESERVE_ACCOUNT - RESERVE_DATA] = SELECTOR_ACCOUNT,
        [RESERVE_PROVIDER - RESERVE_DATA] = SELECTOR_PROVIDER,
        [RESERVE_COLLATERAL - RESERVE_DATA] = SELECTOR_COLLATERAL,
        [RESERVE_ORACLE - RESERVE_DATA] = SELECTOR_ORACLE,
        [RESERVE_ORACLE_PRICE - RESERVE_DATA] = SELECTOR_PRICE,
        [RESERVE_ORACLE_UNIT - RESERVE_DATA] = SELECTOR_UNIT,
    };
    const struct aave_reserve *const reserve = &venue->reading.reserve.reserve;
    const struct address *const token = &venue->spoke->token;

    abi_write_selector(data, selectors[question - RESERVE_DATA]);
    if (question == RESERVE_LIQUIDITY) {
        abi_write_address(data, &venue->config->receipt);
        return token;
    }
    if (question == RESERVE_DATA || question == RESERVE_LENDABLE) {
        abi_write_address(data, token);
        return &venue->config->venue;
    }
    if (question == RESERVE_ACCOUNT || question == RESERVE_COLLATERAL) {
        abi_write_address(data, &venue->spoke->spoke);
        return &venue->config->venue;
    }
    if (question == RESERVE_PROVIDER) {
        return &venue->config->venue;
    }
    if (question == RESERVE_ORACLE) {
        return &venue->provider;
    }
    if (question == RESERVE_ORACLE_PRICE || question == RESERVE_ORACLE_UNIT) {
        if (question == RESERVE_ORACLE_PRICE) {
            abi_write_address(data, token);
        }
        return &venue->oracle;
    }
    if (question == RESERVE_RECEIPTS) {
        return &venue->config->receipt;
    }
    if (question == RESERVE_DEBT) {
        return &reserve->variable;
    }
    if (question == RESERVE_STABLE_DEBT) {
        return &reserve->stable;
    }
    if (question == RESERVE_LINES) {
        abi_write_address(data, token);
    }
    return &reserve->strategy;
}

/* ---- what is answered ---- */

static bool take_stable_debt(struct bytes returned, struct aave_reading *reading)
{
    struct abi_reader reader = abi_reader_from(returned);

    reading->stable_debt = abi_read_amount(&reader);
    reading->stable_rate = abi_read_amount(&reader);
    return abi_reader_is_done(&reader);
}

/* One part of a strategy, or all. A strategy of the other family answers none, or not so. */
static void take_lines(struct evm_venue *venue, enum reserve_question question,
                       struct bytes returned)
{
    struct aave_lines *const lines = &venue->reading.reserve.lines;
    struct amount *const parts[] = {&lines->optimal, &lines->base, &lines->slope_below,
                                    &lines->slope_above};

    if (question == RESERVE_LINES) {
        venue->lines |= aave_lines_read(returned, lines) == STATUS_OK ? LINES_AT_ONCE : 0;
    } else if ((venue->lines & LINES_AT_ONCE) == 0) {
        const uint32_t part = (uint32_t)question - (uint32_t)RESERVE_OPTIMAL;
        venue->lines |= evm_read_word(returned, parts[part]) ? 1u << part : 0;
    }
}

static bool read_place(struct bytes returned, struct address *ret_place)
{
    struct abi_reader reader = abi_reader_from(returned);
    const struct address place = abi_read_address(&reader);

    if (!abi_reader_is_done(&reader) || address_is_zero(&place)) {
        return false;
    }
    *ret_place = place;
    return true;
}

/* What guards the debts of the account. */
static bool take_guard(struct evm_venue *venue, enum reserve_question question,
                       struct bytes returned)
{
    struct aave_reading *const reading = &venue->reading.reserve;
    struct abi_reader reader = abi_reader_from(returned);

    if (question == RESERVE_ACCOUNT) {
        return aave_account_read(returned, &reading->account) == STATUS_OK;
    }
    if (question == RESERVE_PROVIDER) {
        return read_place(returned, &venue->provider);
    }
    if (question == RESERVE_ORACLE) {
        return read_place(returned, &venue->oracle);
    }
    if (question == RESERVE_COLLATERAL) {
        const struct hash word = abi_read_hash(&reader);
        /* The first of it that is supplied becomes collateral by itself. */
        venue->guards = amount_is_zero(&venue->reading.supplied) ||
                        aave_is_collateral(&word, &reading->reserve);
        return abi_reader_is_done(&reader);
    }
    struct amount *const word = question == RESERVE_ORACLE_PRICE ? &venue->price : &venue->unit;
    return evm_read_word(returned, word) && !amount_is_zero(word);
}

bool evm_reserve_take(struct evm_venue *venue, enum reserve_question question,
                      struct bytes returned)
{
    struct aave_reading *const reading = &venue->reading.reserve;

    if (question >= RESERVE_ACCOUNT) {
        return take_guard(venue, question, returned);
    }
    if (question == RESERVE_DATA) {
        return aave_reserve_read(returned, &reading->reserve) == STATUS_OK;
    }
    if (question == RESERVE_LIQUIDITY) {
        return evm_read_word(returned, &reading->liquidity);
    }
    if (question == RESERVE_LENDABLE) {
        venue->lendable_known = evm_read_word(returned, &venue->lendable);
        return true; /* a pool of v3.0 has none */
    }
    if (question == RESERVE_RECEIPTS) {
        return evm_read_word(returned, &reading->receipts);
    }
    if (question == RESERVE_DEBT) {
        return evm_read_word(returned, &reading->debt);
    }
    if (question == RESERVE_STABLE_DEBT) {
        return take_stable_debt(returned, reading);
    }
    take_lines(venue, question, returned);
    return true;
}

bool evm_reserve_is_whole(struct evm_venue *venue)
{
    struct aave_reading *const reading = &venue->reading.reserve;

    if (venue->config->kind != VENUE_AAVE ||
        !address_equal(&reading->reserve.receipt, &venue->config->receipt)) {
        return true;
    }
    if (venue->lendable_known) {
        reading->liquidity = amount_smaller(&reading->liquidity, &venue->lendable);
    }
    const struct amount threshold = amount_from_u64(reading->reserve.threshold_bps);
    const struct amount whole = amount_from_u64(10000);
    const struct amount one = amount_from_u64(ONE_NUMERAIRE);
    if (venue->guards &&
        amount_scale_floor(&venue->price, &threshold, &whole, &reading->unit_guard) != STATUS_OK) {
        return false;
    }
    if (!amount_is_zero(&venue->unit) &&
        amount_scale_floor(&venue->price, &one, &venue->unit, &reading->unit_price) != STATUS_OK) {
        return false;
    }
    reading->unit_debt = venue->price;
    return ((venue->lines & LINES_AT_ONCE) != 0 || (venue->lines & LINES_APART) == LINES_APART) &&
           aave_lines_are_sane(&reading->lines);
}
