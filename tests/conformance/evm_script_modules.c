/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of security modules, as contracts answer for it:
 *
 *     ISM  aggregation, 2 of 3
 *      |- RELAYED   null, for the relayer 0x77 alone
 *      |- ROUTES    routing --> SIGNED  merkle-root multisig, 2 of 3
 *      `- WEIGHED   weighted message-id multisig, 6 of 10
 */
#include <stdio.h>
#include <stdlib.h>

#include "relay/base/check.h"
#include "tests/conformance/evm_script_internal.h"

enum {
    RELAYED = 0x31,
    ROUTES = 0x32,
    WEIGHED = 0x35,
    SIGNED = 0x34,
    WORDS_MAX = 8,
};

#define MODULE(contract)                                                                           \
    {                                                                                              \
        .is_module = true, .value = (contract)                                                     \
    }
#define NUMBER(number)                                                                             \
    {                                                                                              \
        .value = (number)                                                                          \
    }

static const struct answer {
    uint32_t contract;
    uint32_t selector;
    struct {
        bool is_module;
        uint64_t value;
    } words[WORDS_MAX];
    uint32_t words_count;
} answers[] = {
    {ISM, 0x6465e69f, {NUMBER(2)}, 1},
    {ISM,
     0x6f72df75,
     {NUMBER(64), NUMBER(2), NUMBER(3), MODULE(RELAYED), MODULE(ROUTES), MODULE(WEIGHED)},
     6},
    {RELAYED, 0x6465e69f, {NUMBER(6)}, 1},
    {RELAYED, 0x8596c226, {NUMBER(0x77)}, 1},
    {ROUTES, 0x6465e69f, {NUMBER(1)}, 1},
    {ROUTES, 0x15ce45a2, {MODULE(SIGNED)}, 1},
    {ROUTES, 0xfbc69aab, {MODULE(SIGNED)}, 1},
    {WEIGHED, 0x6465e69f, {NUMBER(10)}, 1},
    {WEIGHED,
     0xec29dbde,
     {NUMBER(64), NUMBER(6000000000), NUMBER(2), NUMBER(1), NUMBER(6000000000), NUMBER(2),
      NUMBER(4000000000)},
     7},
    {SIGNED, 0x6465e69f, {NUMBER(4)}, 1},
    {SIGNED, 0x2e0ed234, {NUMBER(64), NUMBER(2), NUMBER(3), NUMBER(1), NUMBER(2), NUMBER(3)}, 6},
};

bool script_is_of_module(uint32_t selector)
{
    static const uint32_t selectors[] = {0x6465e69f, 0x6f72df75, 0x8596c226, 0x15ce45a2,
                                         0xfbc69aab, 0xec29dbde, 0x2e0ed234, 0xbbac9bc8};

    for (size_t i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
        if (selectors[i] == selector) {
            return true;
        }
    }
    return false;
}

const char *script_module_answer(const struct evm_script_knobs *knobs, uint32_t contract,
                                 uint32_t selector)
{
    static char text[2 + 64 * WORDS_MAX + 1];

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        const struct answer *const answer = &answers[i];
        if (answer->contract != contract || answer->selector != selector) {
            continue;
        }
        if (selector == 0xfbc69aab && knobs->modules == EVM_SCRIPT_MODULES_BY_CONTENT) {
            return NULL;
        }
        size_t count = (size_t)snprintf(text, sizeof(text), "0x");
        for (uint32_t word = 0; word < answer->words_count; word++) {
            CHECK(count + 64 < sizeof(text));
            count += (size_t)snprintf(
                text + count, sizeof(text) - count,
                answer->words[word].is_module ? "000000000000000000000000c0%038llx" : "%064llx",
                (unsigned long long)answer->words[word].value);
        }
        return text;
    }
    return NULL;
}

uint64_t script_gas_needed(const struct script *script)
{
    return script->knobs.gas_needed == 0 ? 100000 : script->knobs.gas_needed;
}

const char *script_process(const struct script *script, uint32_t selector, const json_t *call)
{
    const json_t *const gas = json_object_get(call, "gas");
    /* process, or aggregate3 of several */
    const bool is_delivery = selector == 0x7c39d130 || selector == 0x82ad56cb;

    if (!is_delivery || gas == NULL || script->refusal != NULL) {
        return "\"error\":{\"code\":3,\"message\":\"execution reverted\"}";
    }
    return strtoull(json_string_value(gas), NULL, 16) < script_gas_needed(script)
               ? "\"error\":{\"code\":-32000,\"message\":\"out of gas\"}"
               : "\"result\":\"0x\"";
}

const char *script_module_revert(uint32_t selector)
{
    /* OffchainLookup(sender, ["https://good/"], no data, callback, 32 more bytes) */
    static const char lookup[] =
        "\"error\":{\"code\":3,\"message\":\"execution reverted\",\"data\":\"0x556f1830"
        "00000000000000000000000000000000000000000000000000000000000000aa"
        "00000000000000000000000000000000000000000000000000000000000000a0"
        "0000000000000000000000000000000000000000000000000000000000000120"
        "1234567800000000000000000000000000000000000000000000000000000000"
        "0000000000000000000000000000000000000000000000000000000000000140"
        "0000000000000000000000000000000000000000000000000000000000000001"
        "0000000000000000000000000000000000000000000000000000000000000020"
        "000000000000000000000000000000000000000000000000000000000000000d"
        "68747470733a2f2f676f6f642f00000000000000000000000000000000000000"
        "0000000000000000000000000000000000000000000000000000000000000000"
        "0000000000000000000000000000000000000000000000000000000000000020"
        "7777777777777777777777777777777777777777777777777777777777777777\"}";

    return selector == 0xbbac9bc8 ? lookup
                                  : "\"error\":{\"code\":3,\"message\":\"execution reverted\"}";
}
