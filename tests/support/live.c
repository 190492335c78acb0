/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/limits.h"
#include "relay/node/driver/row_source.h"
#include "tests/support/records.h"

#define CHANGES_MAX   (2u * ROWS_PER_STEP_MAX)
#define CHANGES_BYTES ((size_t)8 << 20)

struct live {
    struct journal *journal;
    struct journal_reader *reader;
    struct rows *rows;
    struct core *core;
    void *rows_memory;
    void *core_memory;
    struct buffer encoded;
    struct journal_change changes[CHANGES_MAX];
};

struct live *live_new(struct journal *journal)
{
    struct live *live = calloc(1, sizeof(*live));

    CHECK(live != NULL);
    live->journal = journal;
    CHECK(journal_reader_open(journal, &live->reader) == STATUS_OK);
    live->rows_memory = malloc(rows_footprint(CHANGES_MAX, CHANGES_BYTES));
    live->core_memory = calloc(1, core_footprint());
    const size_t room = COMMANDS_PER_STEP_MAX * RECORD_BYTES_MAX + RECORD_ENCODE_ROOM_BYTES;
    live->encoded = buffer_from(malloc(room), room);
    CHECK(live->rows_memory != NULL);
    CHECK(live->core_memory != NULL);
    CHECK(live->encoded.data != NULL);
    return live;
}

struct live *live_free(struct live *live)
{
    journal_reader_close(live->reader);
    free(live->rows_memory);
    free(live->core_memory);
    free(live->encoded.data);
    free(live);
    return NULL;
}

static void begin(struct live *live)
{
    live->rows = rows_init(live->rows_memory, CHANGES_MAX, CHANGES_BYTES,
                           row_source_from_journal(live->reader));
    CHECK(core_init(live->core_memory, live->rows, &live->core) == STATUS_OK);
}

static void keep(const struct record_encoding *encoding, struct journal_batch *batch,
                 struct bytes *records, struct bytes *blobs)
{
    records[batch->records_count++] = encoding->record;
    if (encoding->blob.count > 0) {
        blobs[batch->blobs_count++] = encoding->blob;
    }
}

void live_step(struct live *live, const struct event *event)
{
    struct bytes records[COMMANDS_PER_STEP_MAX + 1];
    struct bytes blobs[COMMANDS_PER_STEP_MAX + 1];
    struct journal_batch batch = {.records = records, .blobs = blobs, .changes = live->changes};
    struct record_encoding encoding;
    struct core_output output;
    struct row_change change;
    uint64_t head = 0;

    if (event->kind == EVENT_START) {
        begin(live);
    }
    CHECK(core_step(live->core, event, &output) == STATUS_OK);
    live->encoded.count = 0;
    CHECK(record_encode_event(event, &output.digest, &live->encoded, &encoding) == STATUS_OK);
    keep(&encoding, &batch, records, blobs);
    for (uint32_t i = 0; i < output.commands_count; i++) {
        if (command_is_recorded(output.commands[i].kind)) {
            CHECK(record_encode_command(&output.commands[i], event->at, &live->encoded,
                                        &encoding) == STATUS_OK);
            keep(&encoding, &batch, records, blobs);
        }
    }
    const uint64_t generation = rows_seal(live->rows);
    for (; rows_change(live->rows, generation, batch.changes_count, &change);
         batch.changes_count++) {
        CHECK(batch.changes_count < CHANGES_MAX);
        live->changes[batch.changes_count] = (struct journal_change){
            .key = change.key, .value = change.value, .removed = change.removed};
    }
    CHECK(journal_commit(live->journal, &batch, &head) == STATUS_OK);
    CHECK(journal_reader_refresh(live->reader) == STATUS_OK);
    rows_durable(live->rows, generation);
}

/* ---- a short life ---- */

static const uint32_t domains[2] = {901, 902};

static struct address address_numbered(uint8_t number)
{
    uint8_t evm[20] = {0};

    evm[0] = 0xaa;
    evm[19] = number;
    return address_from_evm(evm);
}

static void configure_chain(struct core_chain *chain, uint32_t index)
{
    static const char *const names[] = {"alpha", "beta"};

    (void)snprintf(chain->name, sizeof(chain->name), "%s", index < 2 ? names[index] : "chain");
    if (index >= 2) {
        (void)snprintf(chain->name + 5, sizeof(chain->name) - 5, "%u", index);
    }
    chain->domain = domains[0] + index;
    chain->chain_id = 31337 + index;
    chain->mailbox = address_numbered((uint8_t)(10 + index));
    chain->tree_hook = address_numbered((uint8_t)(20 + index));
    chain->validator_announce = address_numbered((uint8_t)(30 + index));
    chain->gas_paymaster = address_numbered((uint8_t)(40 + index));
    chain->start_block = 1;
    chain->relay_to = true;
    chain->key = address_numbered((uint8_t)(50 + index));
    chain->fee_per_gas_max = amount_from_u64(100000000000u);
    chain->priority_fee_per_gas = amount_from_u64(1000000000u);
    chain->gas_limit_max = 3000000;
}

void live_config(uint32_t chains_count, uint32_t keys_count, struct core_config *ret_config)
{
    uint32_t keys_left = keys_count - chains_count;

    CHECK(keys_count >= chains_count);
    memset(ret_config, 0, sizeof(*ret_config));
    (void)snprintf(ret_config->node_name, sizeof(ret_config->node_name), "test");
    ret_config->chains_count = chains_count;
    ret_config->validator = address_numbered(9);
    for (uint32_t i = 0; i < chains_count; i++) {
        struct core_chain *chain = &ret_config->chains[i];
        configure_chain(chain, i);
        chain->validate = true;
        memset(chain->storage_location, 'l', sizeof(chain->storage_location) - 1);
        for (; keys_left > 0 && chain->delivery_keys_count < DELIVERY_KEYS_MAX; keys_left--) {
            chain->delivery_keys[chain->delivery_keys_count] =
                address_numbered((uint8_t)(100 + chain->delivery_keys_count));
            chain->delivery_keys_count++;
        }
    }
}

static struct core_config *config_new(void)
{
    struct core_config *config = calloc(1, sizeof(*config));

    CHECK(config != NULL);
    (void)snprintf(config->node_name, sizeof(config->node_name), "test");
    config->chains_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        configure_chain(&config->chains[i], i);
    }
    return config;
}

struct chain_life {
    uint64_t number; /* of the last block */
    uint64_t final;
    uint32_t nonce; /* of the next message */
};

static struct hash block_hash(uint32_t domain, uint64_t number)
{
    struct hash hash = {{0}};

    hash.bytes[0] = 0xb1;
    hash.bytes[1] = (uint8_t)domain;
    for (unsigned i = 0; i < 8; i++) {
        hash.bytes[24 + i] = (uint8_t)(number >> (56 - 8 * i));
    }
    return hash;
}

/* Hyperlane's layout: version, nonce, origin, sender, destination, recipient, body. */
static struct bytes message_between(uint8_t memory[128], uint32_t nonce, uint32_t origin,
                                    uint32_t destination)
{
    memset(memory, 0, 128);
    memory[0] = 3;
    for (unsigned i = 0; i < 4; i++) {
        memory[1 + i] = (uint8_t)(nonce >> (24 - 8 * i));
        memory[5 + i] = (uint8_t)(origin >> (24 - 8 * i));
        memory[41 + i] = (uint8_t)(destination >> (24 - 8 * i));
    }
    memory[40] = 7;
    memory[76] = 9;
    return bytes_from(memory, 80);
}

static void step_dispatch(struct live *live, struct event *event, struct chain_life *life,
                          const struct core_config *config, uint32_t index)
{
    uint8_t memory[128];

    event->kind = EVENT_FACT;
    event->fact = (struct fact){.kind = FACT_DISPATCH,
                                .block_number = life->number + 1,
                                .block_hash = block_hash(domains[index], life->number + 1),
                                .transaction = {{(uint8_t)life->nonce, 1}},
                                .log_index = life->nonce,
                                .contract = config->chains[index].mailbox};
    event->fact.dispatch.message =
        message_between(memory, life->nonce, domains[index], domains[1 - index]);
    life->nonce++;
    live_step(live, event);
}

static void step_block(struct live *live, struct event *event, struct chain_life *life,
                       uint32_t index)
{
    life->number++;
    event->kind = EVENT_BLOCK;
    event->block.number = life->number;
    event->block.hash = block_hash(domains[index], life->number);
    event->block.parent = block_hash(domains[index], life->number - 1);
    event->block.time_s = event->at.ns / 1000000000u;
    event->block.base_fee = amount_from_u64(1000000000u);
    live_step(live, event);
}

static void step_final(struct live *live, struct event *event, struct chain_life *life,
                       uint32_t index)
{
    life->final = life->number > 1 ? life->number - 1 : life->number;
    event->kind = EVENT_FINAL;
    event->final.number = life->final;
    event->final.hash = block_hash(domains[index], life->final);
    live_step(live, event);
}

/* An answer to a question nobody asked, or a person's wish. */
static void step_silly(struct live *live, struct prng *prng, const struct event *base)
{
    static const enum event_kind kinds[] = {EVENT_SECURITY, EVENT_STORAGE,  EVENT_CHECKPOINT,
                                            EVENT_PREPARED, EVENT_SIGNED,   EVENT_SUBMITTED,
                                            EVENT_RECEIPT,  EVENT_LANE,     EVENT_TREE,
                                            EVENT_OPERATOR, EVENT_ENDPOINT, EVENT_POSITIONS};
    struct maker maker = {.prng = *prng, .size = MAKER_RANDOM};
    struct event event;

    maker.memory = buffer_from(malloc(MAKER_BYTES), MAKER_BYTES);
    CHECK(maker.memory.data != NULL);
    maker_event(&maker, kinds[prng_below(&maker.prng, sizeof(kinds) / sizeof(kinds[0]))],
                FACT_DISPATCH, &event);
    event.at = base->at;
    event.domain = base->domain;
    live_step(live, &event);
    *prng = maker.prng;
    free(maker.memory.data);
}

static void step_one(struct live *live, struct prng *prng, struct event *event,
                     struct chain_life *lives, const struct core_config *config)
{
    const uint32_t index = (uint32_t)prng_below(prng, 2);

    event->domain = domains[index];
    switch (prng_below(prng, 6)) {
    case 0:
    case 1:
        step_dispatch(live, event, &lives[index], config, index);
        return;
    case 2:
        step_block(live, event, &lives[index], index);
        return;
    case 3:
        if (lives[index].number > 0) {
            step_final(live, event, &lives[index], index);
        }
        return;
    case 4:
        event->kind = EVENT_WAKE;
        event->domain = 0;
        live_step(live, event);
        return;
    default: /* not an enum */
        step_silly(live, prng, event);
        return;
    }
}

void live_run(struct live *live, uint64_t seed, unsigned events_count)
{
    struct prng prng = prng_from(seed);
    struct chain_life lives[2] = {{0}};
    struct core_config *config = config_new();
    struct event event;
    uint64_t now = UINT64_C(1790000000000000000);

    for (unsigned i = 0; i < events_count; i++) {
        now += prng_below(&prng, 2000000000u);
        memset(&event, 0, sizeof(event));
        event.at.ns = now;
        if (i == 0 || i == events_count / 2) {
            event.kind = EVENT_START;
            event.start.config = config;
            event.start.build_id = bytes_from_string("test");
            live_step(live, &event);
        } else if (i + 1 == events_count) {
            event.kind = EVENT_STOP;
            live_step(live, &event);
        } else {
            step_one(live, &prng, &event, lives, config);
        }
    }
    free(config);
}
