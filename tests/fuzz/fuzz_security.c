/* SPDX-License-Identifier: Apache-2.0 */
/* What contracts say of a message's security modules: every eth_call of the walk over their tree is
 * answered by the input, word by word. What comes of it is a tree inside its bounds, or a refusal
 * with words; and the core's own check of the tree judges it without an overrun.
 *
 * The input, per answer: 255 reverts; else a count of words, each a byte: below 240 that number,
 * 240 to 247 one of eight modules, 248 one of 2^255 and more, above it that many raw bytes follow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/hyperlane/ism.h"
#include "tests/conformance/evm_script.h"

enum { ROUNDS_MAX = 400, WORDS_MAX = 120, REPLY_BYTES_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static struct {
    void *world;
    struct chain *chain;
    struct core_config core;
    struct instant now;
    struct command question;
    const uint8_t *data; /* of the input, what is left; NULL: the script answers */
    size_t count;
    bool is_answered;
    char reply[REPLY_BYTES_MAX];
} ground;

static uint8_t draw(void)
{
    if (ground.count == 0) {
        return 0;
    }
    ground.count--;
    return *ground.data++;
}

static size_t put(size_t at, const char *text)
{
    const size_t count = strlen(text);

    CHECK(at + count < sizeof(ground.reply));
    memcpy(ground.reply + at, text, count);
    return at + count;
}

/* A number of `digits` hexadecimal digits, behind zeros. */
static size_t put_hex(size_t at, uint64_t number, uint32_t digits)
{
    static const char letters[] = "0123456789abcdef";

    CHECK(at + digits < sizeof(ground.reply));
    for (uint32_t i = 0; i < digits; i++) {
        const uint32_t place = digits - 1 - i;
        ground.reply[at + i] = letters[place < 16 ? number >> 4 * place & 15 : 0];
    }
    return at + digits;
}

static size_t put_word(size_t at)
{
    const uint8_t byte = draw();

    if (byte < 240) {
        return put_hex(at, byte, 64);
    }
    if (byte < 248) {
        return put_hex(at, UINT64_C(0xc000) + byte, 64);
    }
    if (byte == 248) {
        return put_hex(put_hex(at, UINT64_MAX, 16), draw(), 48);
    }
    for (uint32_t i = 0; i < byte - 248u; i++) {
        at = put_hex(at, draw(), 2);
    }
    return at;
}

static size_t put_answer(size_t at, unsigned long long id)
{
    char head[64];
    const uint8_t words = draw();

    (void)snprintf(head, sizeof(head), "{\"jsonrpc\":\"2.0\",\"id\":%llu,", id);
    at = put(at, head);
    if (words == 255) {
        return put(at, "\"error\":{\"code\":3,\"message\":\"execution reverted\"}}");
    }
    at = put(at, "\"result\":\"0x");
    for (uint32_t i = 0; i < words % WORDS_MAX; i++) {
        at = put_word(at);
    }
    return put(at, "\"}");
}

/* Every question of the frame is answered by the input. */
static void answer(struct bytes frame)
{
    char *const text = malloc(frame.count + 1);
    const bool is_batch = frame.count > 0 && frame.data[0] == '[';
    size_t at = is_batch ? put(0, "[") : 0;
    uint32_t answers = 0;

    CHECK(text != NULL);
    memcpy(text, frame.data, frame.count);
    text[frame.count] = '\0';
    for (const char *id = strstr(text, "\"id\":"); id != NULL; id = strstr(id + 1, "\"id\":")) {
        at = answers++ > 0 ? put(at, ",") : at;
        at = put_answer(at, strtoull(id + 5, NULL, 10));
    }
    at = is_batch ? put(at, "]") : at;
    free(text);
    const struct chain_reply reply = {.kind = CHAIN_REPLY_FRAME,
                                      .frame = bytes_from(ground.reply, at)};
    chain_on_reply(ground.chain, &reply, ground.now);
}

static void judge(const struct event *event)
{
    const struct ism *const ism = &event->security.ism;

    ground.is_answered = true;
    if (event->security.outcome != OUTCOME_OK) {
        CHECK(event->security.reason.count > 0);
        CHECK(event->security.reason.count <= REASON_BYTES_MAX);
        return;
    }
    CHECK(ism->nodes_count >= 1);
    CHECK(ism->nodes_count <= ISM_NODES_MAX);
    CHECK(ism->validators_count <= ISM_VALIDATORS_MAX);
    if (ism_check(ism) == STATUS_OK) {
        bool takes_any = false;
        for (uint32_t i = 0; i < ism->validators_count; i++) {
            (void)ism_wants(ism, &ism->validators[i].address, &takes_any);
        }
        (void)ism_is_unsigned(ism);
    }
}

static void drain(void)
{
    struct chain_request request;
    struct event event;

    while (chain_next_event(ground.chain, &event)) {
        if (event.kind == EVENT_SECURITY) {
            judge(&event);
        }
    }
    while (chain_next_request(ground.chain, &request)) {
        if (request.kind != CHAIN_REQUEST_FRAME) {
            continue;
        }
        const bool is_ours = ground.data != NULL && request.frame.bytes.count > 0 &&
                             memmem(request.frame.bytes.data, request.frame.bytes.count, "eth_call",
                                    strlen("eth_call")) != NULL;
        if (is_ours) {
            answer(request.frame.bytes);
        } else {
            evm_script_fixture.take(ground.world, request.frame.endpoint_index,
                                    request.frame.bytes);
        }
    }
}

static void run(uint32_t rounds)
{
    struct bytes frame;

    for (uint32_t i = 0; i < rounds && !ground.is_answered; i++) {
        ground.now.ns += 10000000;
        while (evm_script_fixture.give(ground.world, 0, &frame)) {
            const struct chain_reply reply = {.kind = CHAIN_REPLY_FRAME, .frame = frame};
            chain_on_reply(ground.chain, &reply, ground.now);
        }
        chain_tick(ground.chain, ground.now);
        drain();
    }
}

/* A chain that is watched; only what is asked of modules comes from the input. */
static void set_up(void)
{
    struct command commands[FIXTURE_QUESTIONS_MAX];
    struct chain_config config;
    const struct chain_reply connected = {.kind = CHAIN_REPLY_CONNECTED};
    struct command watch = {.kind = COMMAND_WATCH};

    ground.now.ns = 1000000000;
    ground.world = evm_script_fixture.open();
    evm_script_fixture.configure(ground.world, &ground.core, &config);
    config.endpoints_count = 1;
    config.quorum = 1;
    void *const memory = calloc(1, chain_footprint(evm_script_fixture.ops, &config));
    CHECK(memory != NULL);
    const enum status status = chain_init(evm_script_fixture.ops, memory, &config, &ground.chain);
    CHECK(status == STATUS_OK);
    chain_tick(ground.chain, ground.now);
    evm_script_fixture.connect(ground.world, 0);
    chain_on_reply(ground.chain, &connected, ground.now);
    watch.domain = ground.chain->domain;
    watch.watch.from_block = 1;
    (void)!chain_perform(ground.chain, &watch);
    run(ROUNDS_MAX);
    const uint32_t count = evm_script_fixture.questions(ground.world, commands);
    for (uint32_t i = 0; i < count; i++) {
        if (commands[i].kind == COMMAND_READ_SECURITY) {
            ground.question = commands[i];
        }
    }
    CHECK(ground.question.kind == COMMAND_READ_SECURITY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    if (ground.world == NULL) {
        set_up();
    }
    ground.data = data;
    ground.count = count;
    ground.is_answered = false;
    const enum status status = chain_perform(ground.chain, &ground.question);
    CHECK(status == STATUS_OK);
    run(ROUNDS_MAX);
    CHECK(ground.is_answered); /* with a tree or a reason, and soon */
    ground.data = NULL;
    return 0;
}
