/* SPDX-License-Identifier: Apache-2.0 */
/* Logs, blooms and return values: as a real node gives them, and every way they can be wrong. */
#include <stdio.h>
#include <stdlib.h>

#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"
#include "chains/evm/reverts.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "relay/hyperlane/message.h"
#include "tests/support/unit.h"
#include "tests/unit/evm_captured.h"

enum { TEXT_BYTES_MAX = 1 << 18 };

#define ANNOUNCE "00000000000000000000000000000000000a0a0a"

static struct json_parser parser;
static void *parser_memory;
static struct evm_contract contracts[16];
static struct evm_account accounts[16];
static struct evm_interest interest;

static int set_up(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        enum evm_role role;
    } watched[] = {
        {CAPTURED_MAILBOX, EVM_ROLE_MAILBOX},     {CAPTURED_TREE_HOOK, EVM_ROLE_TREE_HOOK},
        {CAPTURED_PAYMASTER, EVM_ROLE_PAYMASTER}, {CAPTURED_ROUTER, EVM_ROLE_ROUTER},
        {CAPTURED_TOKEN, EVM_ROLE_TOKEN},         {CAPTURED_VAULT, EVM_ROLE_VAULT},
        {CAPTURED_BRIDGE, EVM_ROLE_BRIDGE},       {ANNOUNCE, EVM_ROLE_ANNOUNCE},
    };

    parser_memory = malloc(json_parser_footprint(TEXT_BYTES_MAX));
    assert_non_null(parser_memory);
    json_parser_init(&parser, parser_memory, TEXT_BYTES_MAX);
    memset(&interest, 0, sizeof(interest));
    interest.contracts = contracts;
    interest.accounts = accounts;
    for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
        const struct address address = address_of(watched[i].address);
        evm_interest_add_contract(&interest, &address, watched[i].role);
        if (watched[i].role == EVM_ROLE_ROUTER || watched[i].role == EVM_ROLE_BRIDGE) {
            evm_interest_add_account(&interest, &address);
        }
    }
    evm_interest_finish(&interest);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(parser_memory);
    return 0;
}

static const struct json_token *parse(const char *text)
{
    const struct json_token *root = NULL;

    assert_status(STATUS_OK, json_parse(&parser, bytes_from_string(text), &root));
    return root;
}

static uint8_t memory[65536];

static enum status decode(const struct json_token *json, struct fact *ret_fact)
{
    struct evm_log log;
    size_t used = 0;

    if (evm_log_read(json, &log) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    return evm_log_decode(&interest, &log, memory, sizeof(memory), ret_fact, &used);
}

static void a_users_transfer_is_five_facts(void **state)
{
    (void)state;
    static const enum fact_kind kinds[] = {FACT_TRANSFER, FACT_REMOTE_SENT, FACT_DISPATCH,
                                           FACT_TREE_INSERT, FACT_GAS_PAYMENT};
    const struct json_token *const root = parse(captured_logs);
    const struct json_token *json = json_first(root);
    const struct amount amount = amount_of("708000000");
    const struct address router = address_of(CAPTURED_ROUTER);
    struct fact facts[8] = {0};
    size_t count = 0;

    for (uint32_t i = 0; i < root->count; i++, json = json_after(json)) {
        const enum status status = decode(json, &facts[count]);
        assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
        if (status == STATUS_OK) {
            assert_int_equal(facts[count].kind, kinds[count]);
            assert_int_equal(facts[count].block_number, 352);
            if (facts[count].kind == FACT_DISPATCH) {
                /* Version 3, from 901 to 903: the message is whole. */
                assert_int_equal(facts[count].dispatch.message.count, 141);
                assert_int_equal(facts[count].dispatch.message.data[0], 3);
                assert_int_equal(facts[count].dispatch.message.data[8], 901 & 0xff);
                assert_int_equal(facts[count].dispatch.message.data[44], 903 & 0xff);
            }
            count++;
        }
    }
    assert_int_equal(count, 5);
    assert_true(amount_equal(&facts[0].transfer.amount, &amount));
    assert_true(address_equal(&facts[0].transfer.to, &router));
    assert_int_equal(facts[1].remote.remote, 903);
    assert_true(amount_equal(&facts[1].remote.amount, &amount));
    assert_int_equal(facts[3].tree_insert.leaf_index, 1);
    assert_true(hash_equal(&facts[3].tree_insert.message_id, &facts[4].gas_payment.message_id));
    assert_int_equal(facts[4].gas_payment.destination, 903);
}

static void a_rebalance_and_a_deposit_are_read(void **state)
{
    (void)state;
    struct fact fact = {0};
    struct amount amount = amount_of("1234567");

    assert_status(STATUS_OK, decode(json_first(parse(captured_moved)), &fact));
    assert_int_equal(fact.kind, FACT_COLLATERAL_MOVED);
    assert_int_equal(fact.collateral_moved.destination, 902);
    assert_true(amount_equal(&fact.collateral_moved.amount, &amount));
    assert_true(address_is_evm(&fact.collateral_moved.recipient));
    amount = amount_of("300000000000");
    assert_status(STATUS_OK, decode(json_first(parse(captured_deposit)), &fact));
    assert_int_equal(fact.kind, FACT_VAULT_DEPOSIT);
    assert_true(amount_equal(&fact.vault.assets, &amount));
    assert_true(address_equal(&fact.vault.owner, &fact.vault.receiver));
}

static void a_real_bloom_holds_its_logs_and_excludes_others(void **state)
{
    (void)state;
    struct evm_header header;
    struct evm_log log;
    const uint64_t expected = UINT64_C(1) << FACT_TRANSFER | UINT64_C(1) << FACT_REMOTE_SENT |
                              UINT64_C(1) << FACT_DISPATCH | UINT64_C(1) << FACT_TREE_INSERT |
                              UINT64_C(1) << FACT_GAS_PAYMENT;

    assert_status(STATUS_OK, evm_header_read(parse(captured_header), &header));
    assert_int_equal(header.number, 352);
    assert_true(evm_bloom_events(&interest, header.bloom) == expected);
    const struct json_token *const root = parse(captured_logs);
    const struct json_token *json = json_first(root);
    for (uint32_t i = 0; i < root->count; i++, json = json_after(json)) {
        assert_status(STATUS_OK, evm_log_read(json, &log));
        assert_true(evm_log_agrees_with_bloom(&log, header.bloom));
    }
    assert_status(STATUS_OK, evm_log_read(json_first(parse(captured_moved)), &log));
    assert_false(evm_log_agrees_with_bloom(&log, header.bloom));
    memset(header.bloom, 0, sizeof(header.bloom));
    assert_true(evm_bloom_events(&interest, header.bloom) == 0);
    memset(header.bloom, 0xff, sizeof(header.bloom));
    assert_true(evm_bloom_events(&interest, header.bloom) == evm_interest_events(&interest));
}

/* The first place where `from` stands becomes `to`, both of one length. */
static const struct json_token *changed(const char *text, const char *from, const char *to)
{
    static char copy[8192];

    assert_in_range(strlen(text), 1, sizeof(copy) - 64);
    strncpy(copy, text, sizeof(copy) - 1);
    char *const at = strstr(copy, from);
    assert_non_null(at);
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    memcpy(at, to, strlen(to));
    return json_first(parse(copy));
}

static void what_is_not_quite_a_log_of_ours_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
    } changes[] = {
        {"\"removed\":false", "\"removed\":true"},
        {"\"removed\":false", "\"removed\":null"},
        {"\"removed\":false", "\"removed\":false,\"removed\":false"},
        {"\"logIndex\":\"0xa\"", "\"logIndex\":null"},
        {"\"logIndex\":\"0xa\"", "\"logIndex\":\"0x0a\""},
        {"\"logIndex\":\"0xa\"", "\"logIndex\":\"0x100000000\""},
        {"\"blockNumber\":\"0x113\"", "\"blockNumber\":null"},
        {"\"blockNumber\":\"0x113\"", "\"blockNumber\":275"},
        {"\"topics\":[", "\"topics\":[\"0x\","},
        {"\"topics\":[", "\"other\":["},
        {"\"topics\":[\"0x", "\"topics\":[\"0y"},
        /* a destination above 32 bits; a rebalancer that is no EVM address */
        {"\"0x0000000000000000000000000000000000000000000000000000000000000386\"",
         "\"0x0000000000000000000000000000000000000000000000000000000100000386\""},
        {"\"0x000000000000000000000000", "\"0x000000000000000000000001"},
        /* data a byte short, a word long, none */
        {"\"data\":\"0x", "\"data\":\"0x00"},
        {"\"data\":\"0x",
         "\"data\":\"0x0000000000000000000000000000000000000000000000000000000000000000"},
        {"\"data\":\"0x", "\"data\":\""},
        {"\"data\":\"0x", "\"dat\":\"0x"},
    };

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct fact fact = {0};
        const struct json_token *json = changed(captured_moved, changes[i].from, changes[i].to);
        if (decode(json, &fact) != STATUS_MALFORMED) {
            fail_msg("taken with %s", changes[i].to);
        }
    }
}

static void a_topic_too_many_or_too_few_is_refused(void **state)
{
    (void)state;
    struct fact fact = {0};
    struct evm_log log;
    size_t used = 0;

    assert_status(STATUS_OK, evm_log_read(json_first(parse(captured_moved)), &log));
    log.topics_count--;
    assert_status(STATUS_MALFORMED,
                  evm_log_decode(&interest, &log, memory, sizeof(memory), &fact, &used));
    log.topics_count += 2;
    assert_status(STATUS_MALFORMED,
                  evm_log_decode(&interest, &log, memory, sizeof(memory), &fact, &used));
    log.topics_count = 0;
    assert_status(STATUS_NOT_FOUND,
                  evm_log_decode(&interest, &log, memory, sizeof(memory), &fact, &used));
}

static void other_contracts_and_strangers_are_not_ours(void **state)
{
    (void)state;
    struct fact fact = {0};
    struct evm_log log;
    size_t used = 0;
    const struct address stranger = evm_filled(0x77);

    /* CollateralMoved of somebody else's router. */
    assert_status(STATUS_OK, evm_log_read(json_first(parse(captured_moved)), &log));
    assert_true(evm_log_event(&interest, &log) == UINT64_C(1) << FACT_COLLATERAL_MOVED);
    log.address = stranger;
    assert_true(evm_log_event(&interest, &log) == 0); /* it explains no bloom */
    assert_status(STATUS_NOT_FOUND,
                  evm_log_decode(&interest, &log, memory, sizeof(memory), &fact, &used));
    /* The bridge's own warp-route events explain blooms, and are no facts. */
    assert_status(STATUS_OK, evm_log_read(json_after(json_first(parse(captured_logs))), &log));
    assert_true(evm_log_event(&interest, &log) == UINT64_C(1) << FACT_REMOTE_SENT);
    log.address = address_of(CAPTURED_BRIDGE);
    assert_status(STATUS_NOT_FOUND,
                  evm_log_decode(&interest, &log, memory, sizeof(memory), &fact, &used));
    /* A transfer to a stranger is ours when it comes from us; one between strangers is not. */
    assert_status(STATUS_OK, evm_log_read(json_first(parse(captured_logs)), &log));
    memcpy(log.topics[1].bytes, log.topics[2].bytes, 32);
    memcpy(log.topics[2].bytes, stranger.bytes, 32);
    assert_status(STATUS_OK, evm_log_decode(&interest, &log, memory, sizeof(memory), &fact, &used));
    assert_status(STATUS_OK, evm_log_read(json_first(parse(captured_logs)), &log));
    memcpy(log.topics[2].bytes, stranger.bytes, 32);
    assert_status(STATUS_NOT_FOUND,
                  evm_log_decode(&interest, &log, memory, sizeof(memory), &fact, &used));
}

static void a_message_too_large_is_given_as_its_id(void **state)
{
    (void)state;
    struct fact fact = {0};
    struct evm_log log;
    size_t used = 1;
    static char data[2 * 60000 + 64];
    struct json_token token = {.kind = JSON_STRING, .span = 1};
    static const size_t sizes[] = {MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX + 1, 59000};

    const struct json_token *json = json_first(parse(captured_logs));
    json = json_after(json_after(json));
    assert_status(STATUS_OK, evm_log_read(json, &log));
    assert_true(evm_log_event(&interest, &log) == UINT64_C(1) << FACT_DISPATCH);
    for (size_t i = 0; i < 3; i++) {
        static uint8_t raw[60064];
        struct abi_writer writer = abi_writer_from(raw, sizeof(raw));
        static uint8_t message[60000];
        abi_write_u64(&writer, 32);
        abi_write_tail(&writer, bytes_from(message, sizes[i]));
        assert_false(writer.overrun);
        memcpy(data, "0x", 2);
        hex_encode(buffer_bytes(&writer.buffer), data + 2);
        token.text = bytes_from_string(data);
        log.data = &token;
        assert_status(STATUS_OK,
                      evm_log_decode(&interest, &log, memory, sizeof(memory), &fact, &used));
        const struct hash id = message_id(bytes_from(message, sizes[i]));
        assert_int_equal(fact.dispatch.message.count, i == 0 ? MESSAGE_BYTES_MAX : sizeof(id));
        assert_true(i == 0 || bytes_equal(fact.dispatch.message, bytes_from(id.bytes, sizeof(id))));
    }
    assert_status(STATUS_OK, evm_log_read(json, &log));
    assert_status(STATUS_FULL, evm_log_decode(&interest, &log, memory, 64, &fact, &used));
}

/* Who announced is read; what, is not, however long it is. */
static void an_announcement_names_its_validator(void **state)
{
    (void)state;
    static const char head[] =
        "[{\"address\":\"0x" ANNOUNCE "\",\"topics\":["
        "\"0x78066d8adb677a1353d1fc8be28cf03e2a8de7157bbab979953587d78076c11e\","
        "\"0x000000000000000000000000%s\"],\"data\":\"0x%0*d\",\"blockNumber\":\"0x1\","
        "\"blockHash\":\"0x%064d\",\"transactionHash\":\"0x%064d\",\"logIndex\":\"0x0\","
        "\"removed\":false}]";
    static const int sizes[] = {2, 192, 20000};
    static char text[TEXT_BYTES_MAX];
    const struct address validator = evm_filled(0x19);
    struct fact fact = {0};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        (void)snprintf(text, sizeof(text), head, "1919191919191919191919191919191919191919",
                       sizes[i], 0, 1, 2);
        assert_status(STATUS_OK, decode(json_first(parse(text)), &fact));
        assert_int_equal(FACT_ANNOUNCED, fact.kind);
        assert_true(address_equal(&validator, &fact.announced.validator));
    }
    (void)snprintf(text, sizeof(text), head, "191919191919191919191919191919191919191", 2, 0, 1, 2);
    assert_status(STATUS_MALFORMED, decode(json_first(parse(text)), &fact));
}

static void return_values_have_one_form(void **state)
{
    (void)state;
    uint8_t words[160] = {0};
    struct abi_reader reader;

    words[31] = 3;
    words[63] = 5;
    memcpy(words + 64, "hello", 5);
    reader = abi_reader_from(bytes_from(words, 96));
    assert_int_equal(abi_read_u64(&reader), 3);
    const struct bytes text = abi_read_tail(&reader, 32);
    assert_true(bytes_equal(text, bytes_from_string("hello")));
    assert_true(abi_reader_is_done(&reader));
    /* longer than allowed; padding that is not zero; cut; a length of lengths */
    reader = abi_reader_from(bytes_from(words + 32, 64));
    (void)abi_read_tail(&reader, 4);
    assert_true(reader.malformed);
    words[70] = 1;
    reader = abi_reader_from(bytes_from(words + 32, 64));
    (void)abi_read_tail(&reader, 32);
    assert_true(reader.malformed);
    words[70] = 0;
    reader = abi_reader_from(bytes_from(words + 32, 63));
    (void)abi_read_tail(&reader, 32);
    assert_true(reader.malformed);
    memset(words + 32, 0xff, 32);
    reader = abi_reader_from(bytes_from(words + 32, 64));
    (void)abi_read_tail(&reader, SIZE_MAX);
    assert_true(reader.malformed);
    /* numbers and addresses with something above them */
    reader = abi_reader_from(bytes_from(words + 32, 32));
    (void)abi_read_u64(&reader);
    assert_true(reader.malformed);
    reader = abi_reader_from(bytes_from(words + 32, 32));
    (void)abi_read_address(&reader);
    assert_true(reader.malformed);
}

static void quotes_are_summed_by_token(void **state)
{
    (void)state;
    const struct address token = evm_filled(0x22);
    const struct address other = evm_filled(0x23);
    const struct address native = {{0}};
    const struct amount amount = amount_from_u64(1000);
    const struct amount fifteen = amount_from_u64(15);
    const struct amount nine = amount_from_u64(9);
    struct amount fee_native;
    struct amount fee_token;
    uint8_t raw[512];

    /* as it is; another token; a count that leaves words over; less than the amount; nothing of
     * another token */
    static const enum status wanted[] = {STATUS_OK, STATUS_UNSUPPORTED, STATUS_MALFORMED,
                                         STATUS_MALFORMED, STATUS_OK};

    for (uint32_t variant = 0; variant < 5; variant++) {
        struct abi_writer writer = abi_writer_from(raw, sizeof(raw));
        const struct amount parts[] = {amount_from_u64(7),
                                       amount_from_u64(variant == 4 ? 1015 : 1010),
                                       amount_from_u64(variant == 4 ? 0 : 5), amount_from_u64(2)};
        const bool is_other = variant == 1 || variant == 4;
        const struct address *const tokens[] = {&native, &token, is_other ? &other : &token,
                                                &native};
        abi_write_u64(&writer, 32);
        abi_write_u64(&writer, variant == 2 ? 3 : 4);
        for (size_t i = 0; i < 4; i++) {
            abi_write_address(&writer, tokens[i]);
            abi_write_amount(&writer, &parts[i]);
        }
        const struct amount asked = variant == 3 ? amount_from_u64(1016) : amount;
        const enum status status =
            evm_quote_sum(buffer_bytes(&writer.buffer), &token, &asked, &fee_native, &fee_token);
        assert_status(wanted[variant], status);
        if (status == STATUS_OK) {
            assert_true(amount_equal(&fee_token, &fifteen));
            assert_true(amount_equal(&fee_native, &nine));
        }
    }
}

static void assert_reason(const char *error, const char *wanted)
{
    uint8_t scratch[1024];
    uint8_t reason[REASON_BYTES_MAX];
    struct rpc_items items;
    struct rpc_item item;

    assert_status(STATUS_OK, rpc_open(&parser, bytes_from_string(error), &items));
    assert_true(rpc_next(&items, &item));
    assert_int_equal(item.kind, RPC_ERROR);
    const struct evm_answer answer = {
        .kind = EVM_ANSWER_ERROR, .code = item.code, .message = item.message, .data = item.data};
    const uint32_t count = evm_error_reason(&answer, scratch, sizeof(scratch), reason);
    if (!bytes_equal(bytes_from(reason, count), bytes_from_string(wanted))) {
        fail_msg("reason is %.*s", (int)count, (const char *)reason);
    }
}

#define ERROR(members) "{\"id\":1,\"error\":{" members "}}"
#define REVERT_TEXT                                                                                \
    "0x08c379a0"                                                                                   \
    "0000000000000000000000000000000000000000000000000000000000000020"                             \
    "000000000000000000000000000000000000000000000000000000000000001a"                             \
    "4d61696c626f783a20616c72656164792064656c697665726564000000000000"

static void a_revert_is_told_in_its_own_words(void **state)
{
    (void)state;
    static const char words[] = "Mailbox: already delivered";

    assert_reason(
        ERROR("\"code\":3,\"message\":\"execution reverted\",\"data\":\"" REVERT_TEXT "\""), words);
    assert_reason(
        ERROR("\"code\":-32000,\"message\":\"m\",\"data\":{\"data\":\"" REVERT_TEXT "\"}"), words);
    assert_reason(ERROR("\"code\":-32015,\"message\":\"m\",\"data\":\"Reverted " REVERT_TEXT "\""),
                  words);
    assert_reason(ERROR("\"code\":3,\"message\":\"execution reverted: why\""),
                  "execution reverted: why");
    assert_reason(ERROR("\"code\":3,\"message\":\"m\",\"data\":\"0x\""), "m");
    assert_reason(ERROR("\"code\":3,\"message\":\"m\",\"data\":\"0x4e487b71"
                        "0000000000000000000000000000000000000000000000000000000000000011\""),
                  "panic 0x11");
    assert_reason(ERROR("\"code\":3,\"message\":\"m\",\"data\":\"0x12345678abcd\""),
                  "0x12345678abcd");
    /* Error(string) that is cut short is shown as it is. */
    assert_reason(ERROR("\"code\":3,\"message\":\"m\",\"data\":\"0x08c379a000\""), "0x08c379a000");
    assert_reason(ERROR("\"code\":3,\"message\":\"a\\u0000\\u001b[31m\\u00e9\\\\b\""),
                  "a\\x00\\x1b[31m\\xc3\\xa9\\x5cb");
}

#define WORD_5   "0000000000000000000000000000000000000000000000000000000000000005"
#define WORD_ALL "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

/* Bounds of our own contracts are told by name, with the numbers; what only begins like one of
 * their errors is shown as it is. */
static void our_contracts_refusals_have_names(void **state)
{
    (void)state;
    uint32_t selector = 0;
    size_t count = 0;

    for (; evm_revert_signature(count, &selector) != NULL; count++) {
        const struct hash hash =
            keccak256(bytes_from_string(evm_revert_signature(count, &selector)));
        assert_int_equal(selector, (uint32_t)hash.bytes[0] << 24 | (uint32_t)hash.bytes[1] << 16 |
                                       (uint32_t)hash.bytes[2] << 8 | hash.bytes[3]);
    }
    assert_true(count > 50);
    assert_reason(ERROR("\"code\":3,\"message\":\"m\",\"data\":\"0xe553a761" WORD_ALL WORD_5 "\""),
                  "WindowFull: wanted "
                  "115792089237316195423570985008687907853269984665640564039457584007913129639935, "
                  "left 5");
    assert_reason(ERROR("\"code\":3,\"message\":\"m\",\"data\":\"0x1309a563\""), "IsPaused");
    assert_reason(
        ERROR("\"code\":3,\"message\":\"m\",\"data\":\"0x68ee8877" WORD_5 WORD_5 WORD_5 "\""),
        "CorridorIsClosed: router 0x0000000000000000000000000000000000000005, domain 5, "
        "bridge 0x0000000000000000000000000000000000000005");
    assert_reason(ERROR("\"code\":3,\"message\":\"m\",\"data\":\"0xd5722981" WORD_5 "\""),
                  "MandateIsOther: mandate 0x" WORD_5);
    assert_reason(ERROR("\"code\":3,\"message\":\"m\",\"data\":\"0xe553a761" WORD_5 "\""),
                  "0xe553a761" WORD_5);
    assert_reason(ERROR("\"code\":3,\"message\":\"m\",\"data\":\"0x1309a56300\""), "0x1309a56300");
    assert_reason(ERROR("\"code\":3,\"message\":\"m\",\"data\":\"0x44092bcc" WORD_ALL "\""),
                  "0x44092bcc" WORD_ALL);
}

/* A hostile contract may burn all gas or run into bytes that are no code, instead of reverting: the
 * answer is about it, and no trouble of the endpoint's. */
static void code_that_fails_is_no_trouble_of_the_endpoint(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        bool is_revert;
    } cases[] = {
        {"execution reverted", true},
        {"EVM error InvalidFEOpcode", true},
        {"invalid opcode: INVALID", true},
        {"EVM error OutOfGas", true},
        {"out of gas", true},
        {"stack underflow (0 <=> 2)", true},
        {"Bad instruction fe", true},
        {"header not found", false},
        {"missing trie node", false},
        {"limit exceeded", false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct evm_answer answer = {
            .kind = EVM_ANSWER_ERROR, .code = -32000, .message = bytes_from_string(cases[i].words)};
        if (evm_error_is_revert(&answer) != cases[i].is_revert) {
            fail_msg("'%s'", cases[i].words);
        }
    }
}

static void long_words_are_cut(void **state)
{
    (void)state;
    uint8_t reason[REASON_BYTES_MAX];
    uint8_t scratch[1024];
    uint8_t message[REASON_BYTES_MAX + 10];

    for (size_t i = 0; i < 2; i++) {
        memset(message, i == 0 ? 'a' : 0xff, sizeof(message));
        const struct evm_answer answer = {.kind = EVM_ANSWER_ERROR,
                                          .message = bytes_from(message, sizeof(message))};
        const uint32_t count = evm_error_reason(&answer, scratch, sizeof(scratch), reason);
        assert_int_equal(count, REASON_BYTES_MAX);
    }
}

struct member {
    const char *name;
    const char *value; /* JSON; NULL: 256 bytes */
};

/* A head with one member in place of another (NULL: as it is). */
static enum status read_header(const char *name, const char *value, struct evm_header *ret_header)
{
    static const struct member members[] = {
        {"number", "\"0x10\""},
        {"hash", "\"0x1111111111111111111111111111111111111111111111111111111111111111\""},
        {"parentHash", "\"0x2222222222222222222222222222222222222222222222222222222222222222\""},
        {"receiptsRoot", "\"0x3333333333333333333333333333333333333333333333333333333333333333\""},
        {"timestamp", "\"0x6553f100\""},
        {"baseFeePerGas", "\"0x7\""},
        {"logsBloom", NULL},
    };
    char text[2048] = "{";
    size_t count = 1;

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const bool is_other = name != NULL && strcmp(name, members[i].name) == 0;
        char bloom[3 + 2 * EVM_BLOOM_BYTES + 2] = "\"0x";
        memset(bloom + 3, '0', 2 * EVM_BLOOM_BYTES);
        bloom[sizeof(bloom) - 2] = '"';
        const char *const own = members[i].value == NULL ? bloom : members[i].value;
        count += (size_t)snprintf(text + count, sizeof(text) - count, "%s\"%s\":%s",
                                  i == 0 ? "" : ",", members[i].name, is_other ? value : own);
    }
    (void)snprintf(text + count, sizeof(text) - count, "}");
    return evm_header_read(parse(text), ret_header);
}

static void what_is_not_quite_a_head_is_refused(void **state)
{
    (void)state;
    static const struct member wrong[] = {
        {"number", "16"},
        {"number", "\"0x\""},
        {"number", "\"0x010\""},
        {"number", "\"0xffffffffffffffff\""},
        {"number", "\"-0x1\""},
        {"number", "\"0x10000000000000000\""},
        {"number", "null"},
        {"hash", "\"0x11\""},
        {"hash", "null"},
        {"parentHash", "\"\""},
        {"receiptsRoot", "\"0x\""},
        {"timestamp", "\"0xzz\""},
        {"baseFeePerGas", "\"0x\""},
        {"baseFeePerGas", "7"},
        {"logsBloom", "\"0x\""},
        {"logsBloom", "\"0x00\""},
        {"logsBloom", "null"},
        {"logsBloom", "\"0x0\""},
    };
    struct evm_header header;

    assert_status(STATUS_OK, read_header(NULL, NULL, &header));
    assert_int_equal(16, header.number);
    assert_true(header.has_base_fee);
    assert_status(STATUS_OK, read_header("baseFeePerGas", "null", &header));
    assert_false(header.has_base_fee);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_status(STATUS_MALFORMED, read_header(wrong[i].name, wrong[i].value, &header));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_users_transfer_is_five_facts),
        cmocka_unit_test(what_is_not_quite_a_head_is_refused),
        cmocka_unit_test(a_rebalance_and_a_deposit_are_read),
        cmocka_unit_test(a_real_bloom_holds_its_logs_and_excludes_others),
        cmocka_unit_test(what_is_not_quite_a_log_of_ours_is_refused),
        cmocka_unit_test(a_topic_too_many_or_too_few_is_refused),
        cmocka_unit_test(other_contracts_and_strangers_are_not_ours),
        cmocka_unit_test(a_message_too_large_is_given_as_its_id),
        cmocka_unit_test(an_announcement_names_its_validator),
        cmocka_unit_test(return_values_have_one_form),
        cmocka_unit_test(quotes_are_summed_by_token),
        cmocka_unit_test(a_revert_is_told_in_its_own_words),
        cmocka_unit_test(our_contracts_refusals_have_names),
        cmocka_unit_test(code_that_fails_is_no_trouble_of_the_endpoint),
        cmocka_unit_test(long_words_are_cut),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
