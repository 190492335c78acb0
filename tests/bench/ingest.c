/* SPDX-License-Identifier: Apache-2.0 */
/* How many logs a second the adapter turns into facts while it catches up, against the rate at
 * which yajl alone parses the same bytes: CPU seconds, medians of five rounds. The endpoint is
 * imaginary: blocks with two messages each, of which the mailbox, the tree hook and the gas
 * paymaster leave a log each. Counted is what the adapter does from a frame to the last fact of it,
 * with every check that it makes of an endpoint's word. Prints one line of JSON. Usage:
 * bench_ingest [BLOCKS] */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>
#include <yajl/yajl_parse.h>

#include "chains/evm/evm.h"
#include "relay/base/check.h"

enum {
    BLOCKS_DEFAULT = 20000,
    BLOCKS_MAX = 10000000,
    MESSAGES_PER_BLOCK = 2,
    BODY_BYTES = 100,
    ROUNDS = 5,
    DOMAIN = 901,
    CHAIN_ID = 31337,
    TEXT_BYTES = 32 << 20,
};

struct text {
    char *data;
    size_t count;
};

struct node {
    uint64_t head;
    struct text reply;
    bool has_logs; /* the reply under way */
};

struct totals {
    uint64_t bytes;
    uint64_t facts;
    double adapter_s;
    double yajl_s;
};

static const char dispatch_topic[] =
    "0x769f711d20c679153d382254f59892613b58a97cc876b249134ac25c80f9c814";
static const char insert_topic[] =
    "0x253a3a04cab70d47c1504809242d9350cd81627b4f1d50753e159cf8cd76ed33";
static const char payment_topic[] =
    "0x65695c3748edae85a24cc2c60b299b31f463050bc259150d2e5802ec8d11720a";

static double cpu_s(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- the imaginary node ---- */

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const int count =
        vsnprintf(text->data + text->count, TEXT_BYTES - text->count, format, arguments);
    va_end(arguments);
    CHECK(count >= 0);
    text->count += (size_t)count;
    CHECK(text->count < TEXT_BYTES);
}

static struct address contract(uint8_t number)
{
    struct address address = {{0}};

    memset(address.bytes + 12, 0x40 + number, 20);
    return address;
}

static void put_contract(struct text *text, uint8_t number)
{
    put(text, "\"0x");
    for (size_t i = 0; i < 20; i++) {
        put(text, "%02x", 0x40 + number);
    }
    put(text, "\"");
}

static void put_header(struct text *text, uint64_t number)
{
    put(text, "{\"number\":\"0x%llx\",\"hash\":\"0xbb%062llx\",\"parentHash\":\"0xbb%062llx\",",
        (unsigned long long)number, (unsigned long long)number, (unsigned long long)number - 1);
    put(text, "\"timestamp\":\"0x%llx\",\"baseFeePerGas\":\"0x7\",\"logsBloom\":\"0x%0512d\"}",
        (unsigned long long)number + 1700000000u, 0);
}

/* What a node says of every log besides its topics and data. */
static void put_envelope(struct text *text, uint64_t block, uint32_t index, uint8_t emitter)
{
    put(text, "{\"address\":");
    put_contract(text, emitter);
    put(text,
        ",\"blockHash\":\"0xbb%062llx\",\"blockNumber\":\"0x%llx\",\"blockTimestamp\":\"0x%llx\","
        "\"transactionHash\":\"0xcc%060llx%02x\",\"transactionIndex\":\"0x%x\",\"logIndex\":\"0x%"
        "x\","
        "\"removed\":false,",
        (unsigned long long)block, (unsigned long long)block,
        (unsigned long long)block + 1700000000u, (unsigned long long)block, index / 3, index / 3,
        index);
}

static void put_message_logs(struct text *text, uint64_t block, uint32_t place)
{
    const uint32_t nonce = (uint32_t)((block - 1) * MESSAGES_PER_BLOCK + place);
    const uint32_t message_bytes = 77 + BODY_BYTES;

    put_envelope(text, block, 3 * place, 1);
    put(text, "\"topics\":[\"%s\",\"0x%064x\",\"0x%064x\",\"0x%064x\"],", dispatch_topic, 0xaaaa,
        902, 0xdddd);
    put(text, "\"data\":\"0x%064x%064x", 32, message_bytes);
    put(text, "03%08x%08x%064x%08x%064x%0*x%0*x\"},", nonce, DOMAIN, 0xaaaa, 902, 0xdddd,
        2 * BODY_BYTES, nonce, (int)(2 * (31 - (message_bytes - 1) % 32)), 0);
    put_envelope(text, block, 3 * place + 1, 2);
    put(text, "\"topics\":[\"%s\"],\"data\":\"0xee%062x%064x\"},", insert_topic, nonce, nonce);
    put_envelope(text, block, 3 * place + 2, 3);
    put(text, "\"topics\":[\"%s\",\"0xee%062x\",\"0x%064x\"],\"data\":\"0x%064x%064x\"}",
        payment_topic, nonce, 902, 200000, 1000000);
}

static uint64_t number_of(const json_t *value)
{
    return strtoull(json_string_value(value), NULL, 16);
}

static void answer_logs(struct node *node, const json_t *filter)
{
    const uint64_t from = number_of(json_object_get(filter, "fromBlock"));
    const uint64_t to = number_of(json_object_get(filter, "toBlock"));

    node->has_logs = true;
    put(&node->reply, "[");
    for (uint64_t block = from; block <= to; block++) {
        for (uint32_t i = 0; i < MESSAGES_PER_BLOCK; i++) {
            put(&node->reply, block == from && i == 0 ? "" : ",");
            put_message_logs(&node->reply, block, i);
        }
    }
    put(&node->reply, "]");
}

static void answer(struct node *node, const json_t *request)
{
    const char *const method = json_string_value(json_object_get(request, "method"));
    const json_t *const first = json_array_get(json_object_get(request, "params"), 0);

    put(&node->reply, "{\"jsonrpc\":\"2.0\",\"id\":%lld,",
        (long long)json_integer_value(json_object_get(request, "id")));
    if (strcmp(method, "eth_subscribe") == 0) {
        put(&node->reply, "\"error\":{\"code\":-32601,\"message\":\"no such method\"}}");
        return;
    }
    put(&node->reply, "\"result\":");
    if (strcmp(method, "eth_getLogs") == 0) {
        answer_logs(node, first);
    } else if (strcmp(method, "eth_getBlockByNumber") == 0) {
        const bool is_number = json_string_value(first)[0] == '0';
        put_header(&node->reply, is_number ? number_of(first) : node->head);
    } else if (strcmp(method, "eth_chainId") == 0) {
        put(&node->reply, "\"0x%x\"", CHAIN_ID);
    } else if (strcmp(method, "eth_call") == 0) {
        put(&node->reply, "\"0x%064x\"", DOMAIN); /* localDomain() */
    } else {
        put(&node->reply, "\"0x6000\""); /* eth_getCode */
    }
    put(&node->reply, "}");
}

static void answer_frame(struct node *node, struct bytes frame)
{
    json_t *const root = json_loadb((const char *)frame.data, frame.count, 0, NULL);
    size_t i = 0;
    const json_t *request = NULL;

    CHECK(root != NULL);
    node->reply.count = 0;
    node->has_logs = false;
    if (json_is_object(root)) {
        answer(node, root);
    } else {
        put(&node->reply, "[");
        json_array_foreach(root, i, request)
        {
            put(&node->reply, i == 0 ? "" : ",");
            answer(node, request);
        }
        put(&node->reply, "]");
    }
    json_decref(root);
}

/* ---- yajl alone ---- */

static int take_text(void *context, const unsigned char *text, size_t count)
{
    (void)text;
    *(size_t *)context += count;
    return 1;
}

/* Every string is handed over, and nothing is done with it. */
static void parse_alone(struct bytes frame)
{
    static const yajl_callbacks callbacks = {.yajl_string = take_text, .yajl_map_key = take_text};
    size_t seen = 0;
    yajl_handle parser = yajl_alloc(&callbacks, NULL, &seen);

    CHECK(parser != NULL);
    CHECK(yajl_parse(parser, frame.data, frame.count) == yajl_status_ok);
    CHECK(yajl_complete_parse(parser) == yajl_status_ok);
    yajl_free(parser);
    CHECK(seen > 0);
}

/* ---- the adapter ---- */

/* Takes what the chain says; true once the last block was given. */
static bool take_events(struct chain *chain, const struct node *node, struct totals *totals)
{
    struct event event;
    bool is_done = false;

    while (chain_next_event(chain, &event)) {
        totals->facts += event.kind == EVENT_FACT ? 1 : 0;
        is_done |= event.kind == EVENT_BLOCK && event.block.number == node->head;
    }
    return is_done;
}

static bool give_frame(struct chain *chain, const struct node *node, struct instant now,
                       struct totals *totals)
{
    const struct bytes frame = bytes_from(node->reply.data, node->reply.count);
    const struct chain_reply reply = {.kind = CHAIN_REPLY_FRAME, .frame = frame};
    const double start = cpu_s();

    chain_on_reply(chain, &reply, now);
    const bool is_done = take_events(chain, node, totals);
    const double end = cpu_s();
    if (node->has_logs) {
        parse_alone(frame);
        totals->adapter_s += end - start;
        totals->yajl_s += cpu_s() - end;
        totals->bytes += frame.count;
    }
    return is_done;
}

/* In memory that rounds before it have touched: a node has its own for life. */
static struct chain *open_chain(void)
{
    static void *memory;
    static struct core_config core;
    struct chain *chain = NULL;

    core.chains_count = 1;
    core.chains[0] = (struct core_chain){.domain = DOMAIN,
                                         .chain_id = CHAIN_ID,
                                         .mailbox = contract(1),
                                         .tree_hook = contract(2),
                                         .gas_paymaster = contract(3),
                                         .relay_to = true};
    const struct chain_config config = {.core = &core,
                                        .endpoints_count = 1,
                                        .quorum = 1,
                                        .finality = FINALITY_TAG,
                                        .blocks_per_range = 1000,
                                        .requests_open_max = 256,
                                        .legs_open_max = 128,
                                        .frame_bytes_max = TEXT_BYTES,
                                        .request_deadline = DURATION_MS(10000)};
    const size_t size = chain_footprint(&evm_chain_ops, &config);
    CHECK(size > 0);
    if (memory == NULL) {
        memory = malloc(size);
    }
    CHECK(memory != NULL);
    memset(memory, 0, size);
    CHECK(chain_init(&evm_chain_ops, memory, &config, &chain) == STATUS_OK);
    return chain;
}

static void live(struct node *node, struct totals *totals)
{
    const struct chain_reply connected = {.kind = CHAIN_REPLY_CONNECTED};
    const struct command watch = {.kind = COMMAND_WATCH, .domain = DOMAIN, .watch.from_block = 1};
    struct instant now = {.ns = UINT64_C(1700000000) * 1000000000};
    struct chain_request request;
    bool is_done = false;
    struct chain *const chain = open_chain();

    chain_on_reply(chain, &connected, now);
    CHECK(chain_perform(chain, &watch) == STATUS_OK);
    for (uint32_t i = 0; i < BLOCKS_MAX && !is_done; i++) {
        now.ns += 1000000;
        chain_tick(chain, now);
        while (!is_done && chain_next_request(chain, &request)) {
            CHECK(request.kind == CHAIN_REQUEST_FRAME);
            answer_frame(node, request.frame.bytes);
            is_done = give_frame(chain, node, now, totals);
        }
        is_done = is_done || take_events(chain, node, totals);
    }
    CHECK(is_done);
    chain_deinit(chain);
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof(values[0]), compare);
    return values[ROUNDS / 2];
}

int main(int argc, char **argv)
{
    struct node node = {.head = argc > 1 ? strtoull(argv[1], NULL, 10) : BLOCKS_DEFAULT};
    double adapter_s[ROUNDS];
    double yajl_s[ROUNDS];
    struct totals totals = {0};

    CHECK(node.head > 0 && node.head < BLOCKS_MAX / 2);
    node.reply.data = malloc(TEXT_BYTES);
    CHECK(node.reply.data != NULL);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        totals = (struct totals){0};
        live(&node, &totals);
        CHECK(totals.facts == 3 * MESSAGES_PER_BLOCK * node.head);
        adapter_s[round] = totals.adapter_s;
        yajl_s[round] = totals.yajl_s;
    }
    const double ours = median(adapter_s);
    const double alone = median(yajl_s);
    (void)printf("{\"bench\":\"ingest\",\"logs\":%llu,\"mib\":%.1f,\"logs_per_cpu_s\":%.0f,"
                 "\"mib_per_cpu_s\":%.0f,\"yajl_alone_mib_per_cpu_s\":%.0f,\"share_of_yajl\":%.2f,"
                 "\"rounds\":%d}\n",
                 (unsigned long long)totals.facts, (double)totals.bytes / 1048576,
                 (double)totals.facts / ours, (double)totals.bytes / 1048576 / ours,
                 (double)totals.bytes / 1048576 / alone, alone / ours, ROUNDS);
    free(node.reply.data);
    return 0;
}
