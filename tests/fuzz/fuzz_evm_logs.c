/* SPDX-License-Identifier: Apache-2.0 */
/* Logs, headers and return values of a node: JSON in, facts out; a fact is whole or there is none.
 * The watched contracts are those of chains of the corpus. */
#include <stdlib.h>

#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"
#include "relay/base/hex.h"

enum { TEXT_BYTES_MAX = 1 << 17 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static struct json_parser parser;
static struct evm_contract contracts[16];
static struct evm_account accounts[16];
static struct evm_interest interest;

/* Addresses of tests/unit/evm_captured.h. */
static void set_up(void)
{
    static const struct {
        const char *address;
        uint32_t role;
    } watched[] = {
        {"132f7d9033b28b08cbc520e1cfd83c6da3abfa36", EVM_ROLE_MAILBOX},
        {"f978b011bcf604b201996feb3e53ed3d52f0a90f", EVM_ROLE_TREE_HOOK},
        {"6b99600dad0a1998337357696827381d122825f3", EVM_ROLE_PAYMASTER},
        {"d48e3a91809d6983e2bcc5ba6a6834258854e85e", EVM_ROLE_ROUTER},
        {"9c5e1b46cf9d94ec55f8ca6d2075d9dfb988673e", EVM_ROLE_TOKEN},
        {"1d3b68fbd686e06fbda1cb6caf0c8da558fcc3a0", EVM_ROLE_VAULT},
    };
    void *const memory = malloc(json_parser_footprint(TEXT_BYTES_MAX));

    CHECK(memory != NULL);
    json_parser_init(&parser, memory, TEXT_BYTES_MAX);
    interest.contracts = contracts;
    interest.accounts = accounts;
    for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
        struct address address;
        const enum status status =
            hex_decode_address(bytes_from_string(watched[i].address), &address);
        CHECK(status == STATUS_OK);
        evm_interest_add_contract(&interest, &address, (enum evm_role)watched[i].role);
        evm_interest_add_account(&interest, &address);
    }
    evm_interest_finish(&interest);
}

static void read_log(const struct json_token *json)
{
    static uint8_t memory[1 << 16];
    struct evm_log log;
    struct fact fact;
    size_t used = 0;

    if (evm_log_read(json, &log) != STATUS_OK ||
        evm_log_decode(&interest, &log, memory, sizeof(memory), &fact, &used) != STATUS_OK) {
        return;
    }
    CHECK(used <= sizeof(memory));
    CHECK(fact.kind >= FACT_DISPATCH);
    CHECK(fact.kind <= FACT_KIND_LAST);
    CHECK(evm_interest_contract(&interest, &fact.contract) != NULL);
    CHECK(evm_log_event(&interest, &log) == UINT64_C(1) << fact.kind);
    if (fact.kind == FACT_DISPATCH) {
        CHECK(fact.dispatch.message.count <= MESSAGE_BYTES_MAX);
        CHECK(fact.dispatch.message.count == 0 ||
              (fact.dispatch.message.data >= memory &&
               fact.dispatch.message.data + fact.dispatch.message.count <= memory + used));
    }
}

static void read_quote(const struct json_token *json)
{
    static uint8_t returned[1 << 16];
    size_t count = 0;
    struct amount fee_native;
    struct amount fee_token;
    const struct amount one = amount_from_u64(1);

    if (json_data(json, sizeof(returned), returned, &count) == STATUS_OK) {
        (void)!evm_quote_sum(bytes_from(returned, count), &contracts[0].address, &one, &fee_native,
                             &fee_token);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    const struct json_token *root = NULL;
    struct evm_header header;

    if (parser.tokens == NULL) {
        set_up();
    }
    if (count > TEXT_BYTES_MAX || json_parse(&parser, bytes_from(data, count), &root)) {
        return 0;
    }
    if (evm_header_read(root, &header) == STATUS_OK) {
        (void)evm_bloom_events(&interest, header.bloom);
    }
    if (root->kind == JSON_ARRAY) {
        const struct json_token *item = json_first(root);
        for (uint32_t i = 0; i < root->count; i++, item = json_after(item)) {
            read_log(item);
            read_quote(item);
        }
    }
    return 0;
}
