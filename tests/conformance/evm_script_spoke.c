/* SPDX-License-Identifier: Apache-2.0 */
/* A spoke of ours on the imaginary chain, with one vault as its venue 3, and what a vault can do.
 */
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

static bool put_spoke(struct words *words, const struct evm_script_knobs *knobs, uint32_t selector)
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
        put_books(words, knobs);
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

const char *script_spoke_answer(const struct evm_script_knobs *knobs, uint32_t contract,
                                uint32_t selector)
{
    static struct words words;

    words.count = (size_t)snprintf(words.text, sizeof(words.text), "0x");
    const bool is_given =
        contract == SPOKE ? put_spoke(&words, knobs, selector) : put_vault(&words, knobs, selector);
    return is_given ? words.text : NULL;
}
