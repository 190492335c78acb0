/* SPDX-License-Identifier: Apache-2.0 */
/* chain_probe: one chain of a devnet through the real adapter and a real websocket, every event on
 * a line. For looking at the adapter by hand, and for tests/e2e.
 *
 *   chain_probe --devnet FILE --chain NAME [--seconds N] [--from BLOCK] [--blocks]
 *               [--read] [--key HEX --act] [--config wrong-chain|wrong-domain|no-contract]
 *
 * --read asks every question after each tenth final block. --act prepares, signs, broadcasts and
 * follows a cancel, an announcement that must be refused and a rebalance, with a test key given on
 * the command line; such keys are public. */
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chains/chain.h"
#include "chains/evm/tx.h"
#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "tests/support/websocket.h"

enum { FRAME_BYTES = 4 << 20, ROUNDS_MS = 20 };

struct probe {
    struct core_config core;
    uint32_t chain_index;
    uint16_t port;
    struct chain *chain;
    struct websocket websocket;
    uint8_t key[32];
    bool shows_blocks;
    bool reads;
    bool acts;
    uint64_t finals;
    uint64_t nonce;
    bool has_nonce;
    struct leg leg;
    struct hash digest;
    struct amount value;
    uint64_t gas;
    struct address test_recipient;
};

static struct instant now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (struct instant){.ns = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec};
}

static _Noreturn void die(const char *text)
{
    fprintf(stderr, "chain_probe: %s\n", text);
    exit(2);
}

static const char *hex(const void *data, size_t count)
{
    static char texts[8][1024];
    static unsigned next;
    char *const text = texts[next++ % 8];

    hex_encode(bytes_from(data, count < 500 ? count : 500), text);
    return text;
}

static const char *id(const struct hash *hash)
{
    return hex(hash->bytes, 6);
}

static const char *account(const struct address *address)
{
    return hex(address->bytes + 12, 6);
}

static const char *decimal(const struct amount *amount)
{
    static char texts[8][AMOUNT_DECIMAL_BYTES_MAX];
    static unsigned next;
    char *const text = texts[next++ % 8];

    (void)amount_format_decimal(amount, text);
    return text;
}

static struct address json_address(const json_t *object, const char *key)
{
    struct address address;
    const char *const text = json_string_value(json_object_get(object, key));

    if (text == NULL || hex_decode_address(bytes_from_string(text), &address) != STATUS_OK) {
        die("devnet.json lacks an address");
    }
    return address;
}

static void load_chain(struct probe *probe, const json_t *json, const char *wanted)
{
    struct core_config *const core = &probe->core;
    struct core_chain *const chain = &core->chains[core->chains_count];
    const char *const name = json_string_value(json_object_get(json, "name"));
    const char *const url = json_string_value(json_object_get(json, "wsUrl"));

    (void)snprintf(chain->name, sizeof(chain->name), "%s", name);
    chain->domain = (uint32_t)json_integer_value(json_object_get(json, "domain"));
    chain->chain_id = (uint64_t)json_integer_value(json_object_get(json, "chainId"));
    chain->mailbox = json_address(json, "mailbox");
    chain->tree_hook = json_address(json, "merkleTreeHook");
    chain->validator_announce = json_address(json, "validatorAnnounce");
    chain->gas_paymaster = json_address(json, "interchainGasPaymaster");
    if (strcmp(name, wanted) == 0) {
        probe->chain_index = core->chains_count;
        probe->port = (uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10);
        probe->test_recipient = json_address(json, "testRecipient");
    }
    core->routers[core->routers_count++] = (struct core_router){
        .domain = chain->domain,
        .router = json_address(json, "router"),
        .token = json_address(json, "stablecoin"),
        .bridge = json_address(json, "bridge"),
    };
    core->vaults[core->vaults_count++] = (struct core_vault){
        .domain = chain->domain,
        .vault = json_address(json, "vault"),
        .token = json_address(json, "stablecoin"),
    };
    core->chains_count++;
}

static void load(struct probe *probe, const char *path, const char *wanted)
{
    json_error_t error;
    json_t *const root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    size_t index;
    json_t *item;

    if (root == NULL) {
        die(error.text);
    }
    probe->chain_index = UINT32_MAX;
    probe->core.assets_count = 1;
    probe->core.assets[0].decimals = 6;
    json_array_foreach(json_object_get(root, "chains"), index, item)
    {
        load_chain(probe, item, wanted);
    }
    if (probe->chain_index == UINT32_MAX) {
        die("no such chain in devnet.json");
    }
    const struct address relayer = json_address(json_object_get(root, "relayer"), "address");
    probe->core.chains[probe->chain_index].key = relayer;
    json_decref(root);
}

static void perform(struct probe *probe, struct command *command)
{
    command->domain = probe->chain->domain;
    const enum status status = chain_perform(probe->chain, command);
    if (status != STATUS_OK) {
        printf("command %d: %s\n", (int)command->kind, status_name(status));
    }
}

static void sign(struct probe *probe, const struct chain_request *request)
{
    secp256k1_context *const context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    secp256k1_ecdsa_recoverable_signature signature;
    struct chain_reply reply = {.kind = CHAIN_REPLY_SIGNED};
    const struct hash digest = evm_transaction_digest(request->sign.transaction);
    int recovery = 0;

    reply.signed_.leg_id = request->sign.leg_id;
    reply.signed_.attempt = request->sign.attempt;
    reply.signed_.outcome = OUTCOME_OK;
    if (!secp256k1_ecdsa_sign_recoverable(context, &signature, digest.bytes, probe->key, NULL,
                                          NULL)) {
        die("signing failed");
    }
    (void)secp256k1_ecdsa_recoverable_signature_serialize_compact(
        context, reply.signed_.signature.bytes, &recovery, &signature);
    reply.signed_.signature.bytes[64] = (uint8_t)(27 + recovery);
    secp256k1_context_destroy(context);
    chain_on_reply(probe->chain, &reply, now());
}

static void drain_requests(struct probe *probe)
{
    struct chain_request request;

    while (chain_next_request(probe->chain, &request)) {
        if (request.kind == CHAIN_REQUEST_SIGN) {
            sign(probe, &request);
        } else if (websocket_send(&probe->websocket, request.frame.bytes) != STATUS_OK) {
            die("the connection ended");
        }
    }
}

/* ---- what is asked ---- */

static void ask_all(struct probe *probe, uint64_t number, const struct hash *hash)
{
    const struct core_chain *const self = &probe->core.chains[probe->chain_index];
    uint8_t message[77] = {3};
    struct command command = {.kind = COMMAND_READ_TREE};

    command.read_tree.block_number = number;
    command.read_tree.block_hash = *hash;
    perform(probe, &command);
    command = (struct command){.kind = COMMAND_READ_POSITIONS};
    command.read_positions.block_number = number;
    command.read_positions.block_hash = *hash;
    perform(probe, &command);
    command = (struct command){.kind = COMMAND_READ_LANE};
    command.read_lane.key = self->key;
    perform(probe, &command);
    command = (struct command){.kind = COMMAND_READ_STORAGE};
    command.read_storage.validator = self->key;
    perform(probe, &command);
    memcpy(message + 45, probe->test_recipient.bytes, 32);
    command = (struct command){.kind = COMMAND_READ_SECURITY};
    command.read_security.message = bytes_from(message, sizeof(message));
    command.read_security.message_id = keccak256(command.read_security.message);
    perform(probe, &command);
}

static struct leg make_leg(struct probe *probe, enum leg_kind kind)
{
    const struct core_chain *const self = &probe->core.chains[probe->chain_index];
    const uint32_t other = (probe->chain_index + 1) % probe->core.chains_count;
    struct leg leg = {.kind = kind, .domain = self->domain, .key = self->key};
    static uint8_t counter;

    leg.id.bytes[0] = (uint8_t)kind;
    leg.id.bytes[31] = ++counter;
    switch (kind) {
    case LEG_PROCESS: {
        static uint8_t message[77] = {3};
        memcpy(message + 45, probe->test_recipient.bytes, 32);
        leg.process.message = bytes_from(message, sizeof(message));
        message[44] = (uint8_t)self->domain;
        message[43] = (uint8_t)(self->domain >> 8);
        break;
    }
    case LEG_REBALANCE:
        leg.rebalance.router = probe->core.routers[probe->chain_index].router;
        leg.rebalance.bridge = probe->core.routers[probe->chain_index].bridge;
        leg.rebalance.destination = probe->core.chains[other].domain;
        leg.rebalance.amount = amount_from_u64(1234567);
        leg.rebalance.fee_native_max = amount_max();
        leg.rebalance.fee_token_max = amount_max();
        break;
    case LEG_ANNOUNCE:
        leg.announce.validator = self->key;
        leg.announce.location = bytes_from_string("file:///nowhere");
        break;
    case LEG_CANCEL:
    case LEG_BATCH: /* the probe makes none */
    case LEG_VENUE:
    case LEG_CROSSING:
    case LEG_HUB:
    case LEG_SETTLE:
        break;
    }
    return leg;
}

static void prepare(struct probe *probe, enum leg_kind kind)
{
    struct command command = {.kind = COMMAND_PREPARE};

    probe->leg = make_leg(probe, kind);
    command.prepare = probe->leg;
    perform(probe, &command);
}

static void send_leg(struct probe *probe, uint32_t attempt)
{
    struct command command = {.kind = COMMAND_SEND};

    command.send.leg = probe->leg;
    command.send.intent = (struct intent){
        .leg_id = probe->leg.id,
        .attempt = attempt,
        .domain = probe->leg.domain,
        .key = probe->leg.key,
        .nonce = probe->nonce,
        .gas_limit = probe->gas + 100000,
        .fee_per_gas_max = amount_from_u64(100000000000u),
        .priority_fee_per_gas = amount_from_u64(1000000000u),
        .value = probe->value,
        .payload_digest = probe->digest,
    };
    perform(probe, &command);
}

static void broadcast_and_follow(struct probe *probe, const struct event *event)
{
    struct command command = {.kind = COMMAND_BROADCAST};

    command.broadcast.leg_id = event->signed_.leg_id;
    command.broadcast.transaction = event->signed_.transaction;
    perform(probe, &command);
    command = (struct command){.kind = COMMAND_FOLLOW};
    command.follow.leg_id = event->signed_.leg_id;
    command.follow.transaction = event->signed_.transaction;
    command.follow.key = event->signed_.key;
    command.follow.nonce = event->signed_.nonce;
    perform(probe, &command);
}

/* The next act after each answer: process, announce (both refused), cancel, rebalance. */
static void act_on(struct probe *probe, const struct event *event)
{
    struct command command = {.kind = COMMAND_READ_LANE};

    if (!probe->acts) {
        return;
    }
    if (event->kind == EVENT_FINAL && probe->finals == 1) {
        command.read_lane.key = probe->core.chains[probe->chain_index].key;
        perform(probe, &command);
    } else if (event->kind == EVENT_LANE && !probe->has_nonce) {
        probe->has_nonce = true;
        probe->nonce = event->lane.nonce_latest;
        prepare(probe, LEG_PROCESS);
    } else if (event->kind == EVENT_PREPARED && event->prepared.outcome == OUTCOME_OK) {
        probe->digest = event->prepared.payload_digest;
        probe->value = event->prepared.value;
        probe->gas = event->prepared.gas;
        send_leg(probe, 0);
    } else if (event->kind == EVENT_PREPARED) {
        prepare(probe, probe->leg.kind == LEG_PROCESS ? LEG_ANNOUNCE : LEG_CANCEL);
    } else if (event->kind == EVENT_SIGNED && event->signed_.outcome == OUTCOME_OK) {
        broadcast_and_follow(probe, event);
    } else if (event->kind == EVENT_RECEIPT && probe->leg.kind == LEG_CANCEL) {
        probe->nonce++;
        prepare(probe, LEG_REBALANCE);
    }
}

/* ---- what is shown ---- */

static void show_fact(const struct fact *fact)
{
    printf("fact %" PRIu64 "/%u kind=%d contract=%s tx=%s ", fact->block_number, fact->log_index,
           (int)fact->kind, account(&fact->contract), id(&fact->transaction));
    switch (fact->kind) {
    case FACT_DISPATCH: {
        const struct hash message_id = keccak256(fact->dispatch.message);
        printf("dispatch id=%s bytes=%zu\n", id(&message_id), fact->dispatch.message.count);
        return;
    }
    case FACT_TREE_INSERT:
        printf("insert id=%s leaf=%u\n", id(&fact->tree_insert.message_id),
               fact->tree_insert.leaf_index);
        return;
    case FACT_GAS_PAYMENT:
        printf("gas id=%s to=%u gas=%s paid=%s\n", id(&fact->gas_payment.message_id),
               fact->gas_payment.destination, decimal(&fact->gas_payment.gas),
               decimal(&fact->gas_payment.payment));
        return;
    case FACT_ANNOUNCED:
        printf("announced by=%s\n", account(&fact->announced.validator));
        return;
    case FACT_PROCESS:
        printf("process id=%s\n", id(&fact->process.message_id));
        return;
    case FACT_TRANSFER:
        printf("transfer from=%s to=%s amount=%s\n", account(&fact->transfer.from),
               account(&fact->transfer.to), decimal(&fact->transfer.amount));
        return;
    case FACT_REMOTE_SENT:
    case FACT_REMOTE_RECEIVED:
        printf("remote domain=%u recipient=%s amount=%s\n", fact->remote.remote,
               account(&fact->remote.recipient), decimal(&fact->remote.amount));
        return;
    case FACT_COLLATERAL_MOVED:
        printf("moved to=%u recipient=%s amount=%s by=%s\n", fact->collateral_moved.destination,
               account(&fact->collateral_moved.recipient), decimal(&fact->collateral_moved.amount),
               account(&fact->collateral_moved.rebalancer));
        return;
    case FACT_VAULT_DEPOSIT:
    case FACT_VAULT_WITHDRAW:
        printf("vault sender=%s receiver=%s owner=%s assets=%s shares=%s\n",
               account(&fact->vault.sender), account(&fact->vault.receiver),
               account(&fact->vault.owner), decimal(&fact->vault.assets),
               decimal(&fact->vault.shares));
        return;
    }
}

static void show_positions(const struct event *event)
{
    printf("positions outcome=%d block=%" PRIu64 "\n", (int)event->positions.outcome,
           event->positions.block_number);
    for (uint32_t i = 0; i < event->positions.balances_count; i++) {
        const struct balance *const balance = &event->positions.balances[i];
        printf("  balance account=%s token=%s amount=%s\n", account(&balance->account),
               account(&balance->token), decimal(&balance->amount));
    }
    for (uint32_t i = 0; i < event->positions.vaults_count; i++) {
        const struct vault_state *const vault = &event->positions.vaults[i];
        printf("  vault %s assets=%s shares=%s price=%s own=%s\n", account(&vault->vault),
               decimal(&vault->total_assets), decimal(&vault->total_shares),
               decimal(&vault->assets_per_share), decimal(&vault->own_shares));
    }
    for (uint32_t i = 0; i < event->positions.quotes_count; i++) {
        const struct bridge_quote *const quote = &event->positions.quotes[i];
        printf("  quote to=%u amount=%s native=%s token=%s\n", quote->destination,
               decimal(&quote->amount), decimal(&quote->fee_native), decimal(&quote->fee_token));
    }
}

static void show_text(const char *label, struct bytes text)
{
    printf(" %s=\"%.*s\"", label, (int)text.count,
           text.data == NULL ? "" : (const char *)text.data);
}

static void show_answer(const struct event *event)
{
    if (event->kind == EVENT_SECURITY) {
        printf("security outcome=%d modules=%u validators=%u", (int)event->security.outcome,
               event->security.ism.nodes_count, event->security.ism.validators_count);
        for (uint32_t i = 0; i < event->security.ism.nodes_count; i++) {
            const struct ism_node *node = &event->security.ism.nodes[i];
            printf(" %u:type=%u,threshold=%u,first=%u,count=%u,%s", i, node->type, node->threshold,
                   node->first, node->count, account(&node->address));
        }
        show_text("reason", event->security.reason);
    } else if (event->kind == EVENT_STORAGE) {
        printf("storage outcome=%d count=%u", (int)event->storage.outcome,
               event->storage.locations_count);
        for (uint32_t i = 0; i < event->storage.locations_count; i++) {
            show_text("at", event->storage.locations[i]);
        }
    } else if (event->kind == EVENT_TREE) {
        printf("tree outcome=%d block=%" PRIu64 " count=%u root=%s", (int)event->tree.outcome,
               event->tree.block_number, event->tree.count, id(&event->tree.root));
    } else if (event->kind == EVENT_LANE) {
        printf("lane outcome=%d latest=%" PRIu64 " final=%" PRIu64 " balance=%s",
               (int)event->lane.outcome, event->lane.nonce_latest, event->lane.nonce_final,
               decimal(&event->lane.balance));
    } else if (event->kind == EVENT_PREPARED) {
        printf("prepared outcome=%d gas=%" PRIu64 " value=%s native=%s token=%s",
               (int)event->prepared.outcome, event->prepared.gas, decimal(&event->prepared.value),
               decimal(&event->prepared.fee_native), decimal(&event->prepared.fee_token));
        show_text("reason", event->prepared.reason);
    } else if (event->kind == EVENT_SIGNED) {
        printf("signed outcome=%d nonce=%" PRIu64 " tx=%s", (int)event->signed_.outcome,
               event->signed_.nonce, id(&event->signed_.transaction));
        show_text("reason", event->signed_.reason);
    } else if (event->kind == EVENT_SUBMITTED) {
        printf("submitted outcome=%d rejection=%d", (int)event->submitted.outcome,
               (int)event->submitted.rejection);
        show_text("reason", event->submitted.reason);
    } else if (event->kind == EVENT_RECEIPT) {
        printf("receipt outcome=%d succeeded=%d block=%" PRIu64 " gas=%" PRIu64 " price=%s",
               (int)event->receipt.outcome, event->receipt.succeeded, event->receipt.block_number,
               event->receipt.gas_used, decimal(&event->receipt.gas_price));
    } else {
        printf("event %d", (int)event->kind);
    }
    printf("\n");
}

static void show(struct probe *probe, const struct event *event)
{
    if (event->kind == EVENT_FACT) {
        show_fact(&event->fact);
    } else if (event->kind == EVENT_BLOCK && probe->shows_blocks) {
        printf("block %" PRIu64 " %s parent=%s time=%" PRIu64 " fee=%s\n", event->block.number,
               id(&event->block.hash), id(&event->block.parent), event->block.time_s,
               decimal(&event->block.base_fee));
    } else if (event->kind == EVENT_FINAL && probe->shows_blocks) {
        printf("final %" PRIu64 " %s\n", event->final.number, id(&event->final.hash));
    } else if (event->kind == EVENT_POSITIONS) {
        show_positions(event);
    } else if (event->kind == EVENT_ENDPOINT) {
        printf("endpoint %u state=%d", event->endpoint.endpoint_index, (int)event->endpoint.state);
        show_text("detail", event->endpoint.detail);
        printf("\n");
    } else if (event->kind != EVENT_BLOCK && event->kind != EVENT_FINAL) {
        show_answer(event);
    }
    fflush(stdout);
}

static void drain_events(struct probe *probe)
{
    struct event event;

    while (chain_next_event(probe->chain, &event)) {
        show(probe, &event);
        if (event.kind == EVENT_FINAL) {
            probe->finals++;
        }
        /* Commands are given after the event was used: they end its loan. */
        const struct event copy = event;
        if (copy.kind == EVENT_FINAL && probe->reads && probe->finals % 10 == 1) {
            ask_all(probe, copy.final.number, &copy.final.hash);
        }
        act_on(probe, &copy);
    }
}

static void run(struct probe *probe, uint64_t seconds)
{
    const struct instant end = instant_after(now(), (struct duration){seconds * 1000000000u});

    while (!instant_is_past(end, now())) {
        struct pollfd wait = {.fd = probe->websocket.fd, .events = POLLIN};
        struct bytes message;
        enum status status;
        drain_requests(probe);
        drain_events(probe);
        drain_requests(probe);
        (void)poll(&wait, 1, ROUNDS_MS);
        while ((status = websocket_receive(&probe->websocket, &message)) == STATUS_OK) {
            const struct chain_reply reply = {.kind = CHAIN_REPLY_FRAME, .frame = message};
            chain_on_reply(probe->chain, &reply, now());
        }
        if (status != STATUS_NOT_FOUND) {
            die("the connection ended");
        }
        if (instant_is_past(chain_next_tick(probe->chain), now())) {
            chain_tick(probe->chain, now());
        }
    }
}

static void spoil(struct probe *probe, const char *how)
{
    struct core_chain *const self = &probe->core.chains[probe->chain_index];

    if (strcmp(how, "wrong-chain") == 0) {
        self->chain_id++;
    } else if (strcmp(how, "wrong-domain") == 0) {
        self->domain += 1000;
    } else if (strcmp(how, "no-contract") == 0) {
        self->tree_hook.bytes[31] ^= 1;
    } else {
        die("--config takes wrong-chain, wrong-domain or no-contract");
    }
}

struct options {
    const char *devnet;
    const char *chain;
    const char *spoiled;
    uint64_t seconds;
    uint64_t from;
    bool has_key;
};

static void take_option(struct probe *probe, struct options *options, int option)
{
    size_t key_bytes = 0;

    switch (option) {
    case 'd':
        options->devnet = optarg;
        break;
    case 'c':
        options->chain = optarg;
        break;
    case 's':
        options->seconds = strtoull(optarg, NULL, 10);
        break;
    case 'f':
        options->from = strtoull(optarg, NULL, 10);
        break;
    case 'b':
        probe->shows_blocks = true;
        break;
    case 'r':
        probe->reads = true;
        break;
    case 'a':
        probe->acts = true;
        break;
    case 'x':
        options->spoiled = optarg;
        break;
    case 'k':
        options->has_key =
            hex_decode(bytes_from_string(optarg), 32, probe->key, &key_bytes) == STATUS_OK &&
            key_bytes == 32;
        break;
    default: /* not an enum */
        die("unknown option; see the head of the source");
    }
}

static struct options read_options(struct probe *probe, int argc, char **argv)
{
    static const struct option known[] = {
        {"devnet", required_argument, NULL, 'd'},  {"chain", required_argument, NULL, 'c'},
        {"seconds", required_argument, NULL, 's'}, {"from", required_argument, NULL, 'f'},
        {"blocks", no_argument, NULL, 'b'},        {"read", no_argument, NULL, 'r'},
        {"key", required_argument, NULL, 'k'},     {"act", no_argument, NULL, 'a'},
        {"config", required_argument, NULL, 'x'},  {NULL, 0, NULL, 0},
    };
    struct options options = {.chain = "alpha", .seconds = 10, .from = 1};
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        take_option(probe, &options, option);
    }
    if (options.devnet == NULL || (probe->acts && !options.has_key)) {
        die("usage: chain_probe --devnet FILE --chain NAME [--key HEX --act] ...");
    }
    return options;
}

int main(int argc, char **argv)
{
    static struct probe probe;
    const struct options options = read_options(&probe, argc, argv);

    load(&probe, options.devnet, options.chain);
    if (options.spoiled != NULL) {
        spoil(&probe, options.spoiled);
    }
    const struct chain_config config = {
        .core = &probe.core,
        .chain_index = probe.chain_index,
        .endpoints_count = 1,
        .quorum = 1,
        .finality = FINALITY_TAG,
        .blocks_per_range = 20,
        .requests_open_max = 64,
        .legs_open_max = 16,
        .frame_bytes_max = FRAME_BYTES,
        .request_deadline = DURATION_MS(2000),
    };
    const struct chain_ops *const ops = chain_find("evm");
    void *const memory = calloc(1, chain_footprint(ops, &config));
    void *const input = malloc(FRAME_BYTES);
    if (memory == NULL || input == NULL || chain_init(ops, memory, &config, &probe.chain)) {
        die("the adapter does not take this configuration");
    }
    if (websocket_open(&probe.websocket, probe.port, input, FRAME_BYTES) != STATUS_OK) {
        die("the endpoint cannot be reached");
    }
    const struct chain_reply connected = {.kind = CHAIN_REPLY_CONNECTED};
    chain_on_reply(probe.chain, &connected, now());
    struct command watch = {.kind = COMMAND_WATCH};
    watch.watch.from_block = options.from;
    perform(&probe, &watch);
    run(&probe, options.seconds);
    const struct chain_counters *const counters = chain_counters(probe.chain);
    printf("calls=%" PRIu64 " repeated=%" PRIu64 " frames=%" PRIu64 " finals=%" PRIu64 "\n",
           counters->calls_sent, counters->calls_repeated, counters->frames_sent, probe.finals);
    websocket_close(&probe.websocket);
    chain_deinit(probe.chain);
    free(input);
    free(memory);
    return 0;
}
