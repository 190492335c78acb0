/* SPDX-License-Identifier: Apache-2.0 */
/* What the outside of tests/support/core_world.h answers to the core's commands: nodes, validators'
 * stores, a pool, and a signer that remembers what it signed. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/limits.h"
#include "relay/base/pack.h"
#include "relay/hyperlane/deliveries.h"
#include "relay/hyperlane/message.h"
#include "relay/hyperlane/metadata.h"
#include "tests/support/core_world_internal.h"
#include "tests/support/literal.h"

/* ---- answers to questions ---- */

static struct event answer_to(const struct command *command, enum event_kind kind)
{
    struct event event;

    memset(&event, 0, sizeof(event));
    event.kind = kind;
    event.domain = command->domain;
    return event;
}

/* The tree of modules of one kind: an aggregation is of two servers that must both prove. */
static uint32_t nodes_of(const struct world *world, struct ism_node ret_nodes[3])
{
    ret_nodes[0] = (struct ism_node){.address = evm_filled(0x99),
                                     .type = world->module_type,
                                     .threshold = world->threshold,
                                     .count = 3};
    if (world->module_type == MODULE_NULL) {
        ret_nodes[0].only_relayer = true;
        ret_nodes[0].relayer = world_key(0);
    }
    if (world->module_type != MODULE_AGGREGATION) {
        return 1;
    }
    ret_nodes[0].first = 1;
    ret_nodes[0].count = 2;
    ret_nodes[0].threshold = 2;
    for (uint8_t i = 1; i <= 2; i++) {
        ret_nodes[i] =
            (struct ism_node){.address = evm_filled((uint8_t)(0x99 + i)), .type = MODULE_CCIP_READ};
    }
    return 3;
}

static void read_security(struct world *world, const struct command *command)
{
    static struct ism_validator validators[3];
    static struct ism_node nodes[3];
    struct event event = answer_to(command, EVENT_SECURITY);

    CHECK(command->read_security.message.count >= MESSAGE_BYTES_MIN);
    event.security.message_id = command->read_security.message_id;
    event.security.outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < 3; i++) {
        validators[i] =
            (struct ism_validator){.address = world->has_strangers ? evm_filled((uint8_t)(0x31 + i))
                                                                   : world->validators[i]};
    }
    event.security.ism = (struct ism){.nodes = nodes,
                                      .nodes_count = nodes_of(world, nodes),
                                      .validators = validators,
                                      .validators_count = 3};
    if (world->module_type == MODULE_UNUSED) {
        event.security.outcome = OUTCOME_REFUSED;
        event.security.reason = bytes_from_string("security modules are nested too deep");
    }
    world_answer(world, &event);
}

static void read_lookup(struct world *world, const struct command *command)
{
    static struct bytes urls[2];
    struct event event = answer_to(command, EVENT_LOOKUP);

    CHECK(command->read_lookup.message.count >= MESSAGE_BYTES_MIN);
    event.lookup.message_id = command->read_lookup.message_id;
    event.lookup.module = command->read_lookup.module;
    event.lookup.outcome = world->servers[0] == NULL ? OUTCOME_REFUSED : OUTCOME_OK;
    for (uint32_t i = 0; i < 2 && world->servers[i] != NULL; i++) {
        urls[i] = bytes_from_string(world->servers[i]);
        event.lookup.urls_count++;
    }
    event.lookup.urls = urls;
    event.lookup.sender = command->read_lookup.module;
    event.lookup.call_data = bytes_from_string("question");
    world_answer(world, &event);
}

static void sign_lookup(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_LOOKUP_SIGNED);
    const struct hash digest = lookup_digest(
        &command->sign_lookup.sender, command->sign_lookup.call_data, command->sign_lookup.url);

    CHECK(bytes_have_prefix(command->sign_lookup.url, bytes_from_string("https://")));
    event.lookup_signed.message_id = command->sign_lookup.message_id;
    event.lookup_signed.module = command->sign_lookup.module;
    event.lookup_signed.outcome = world->signer;
    event.lookup_signed.reason = bytes_from_string("policy");
    if (world->signer == OUTCOME_OK) {
        const uint32_t index = world_key_index(&command->sign_lookup.key);
        event.lookup_signed.signature = test_key_sign((uint8_t)(WORLD_KEY_BYTE + index), &digest);
    }
    world_answer(world, &event);
}

/* Whether the first server was told who asks. */
static bool is_signed(const struct command *command)
{
    const struct bytes urls = command->fetch_lookup.urls;
    const uint8_t *const end = memchr(urls.data, '\n', urls.count);
    struct address signer;

    CHECK(end != NULL);
    const struct hash digest =
        lookup_digest(&command->fetch_lookup.sender, command->fetch_lookup.call_data,
                      bytes_from(urls.data, (size_t)(end - urls.data)));
    const struct address key = world_key(0);
    return signature_recover(&digest, &command->fetch_lookup.signature, &signer) == STATUS_OK &&
           address_equal(&signer, &key);
}

static void fetch_lookup(struct world *world, const struct command *command)
{
    const struct bytes urls = command->fetch_lookup.urls;
    const bool proves =
        bytes_have_prefix(urls, bytes_from_string("https://good/\n")) ||
        (bytes_have_prefix(urls, bytes_from_string("https://picky/\n")) && is_signed(command));
    const bool lies = bytes_have_prefix(urls, bytes_from_string("https://liar/\n"));
    const bool is_large = bytes_have_prefix(urls, bytes_from_string("https://large/\n"));
    static const uint8_t large[METADATA_BYTES_MAX / 2];
    struct event event = answer_to(command, EVENT_LOOKUP_ANSWER);

    CHECK(bytes_equal(command->fetch_lookup.call_data, bytes_from_string("question")));
    CHECK(!hash_is_zero(&command->fetch_lookup.dispatch_transaction));
    event.lookup_answer.message_id = command->fetch_lookup.message_id;
    event.lookup_answer.module = command->fetch_lookup.module;
    event.lookup_answer.outcome = proves || lies || is_large ? OUTCOME_OK : OUTCOME_UNKNOWN;
    if (proves || lies) {
        event.lookup_answer.metadata = bytes_from_string(proves ? "proof" : "lie");
    }
    if (is_large) {
        event.lookup_answer.metadata = bytes_from(large, sizeof(large));
    }
    world_answer(world, &event);
}

static void read_storage(struct world *world, const struct command *command)
{
    static struct bytes ours[WORLD_CHAINS];
    struct event event = answer_to(command, EVENT_STORAGE);
    const uint32_t index = command->domain == WORLD_A ? 0 : 1;

    event.storage.validator = command->read_storage.validator;
    event.storage.outcome = OUTCOME_ABSENT;
    if (address_equal(&event.storage.validator, &world->validators[0])) {
        ours[index] = bytes_from_string(index == 0 ? "file:///ours/1000" : "file:///ours/2000");
        if (world->chains[index].is_announced || !world->options.validate) {
            event.storage.outcome = OUTCOME_OK;
            event.storage.locations = &ours[index];
            event.storage.locations_count = 1;
        }
    } else {
        const uint32_t which =
            address_equal(&event.storage.validator, &world->validators[1]) ? 1 : 2;
        event.storage.outcome = OUTCOME_OK;
        event.storage.locations = &world->locations[which];
        event.storage.locations_count = 1;
    }
    world_answer(world, &event);
}

static bool is_leaf_final(const struct world_chain *chain, uint32_t index)
{
    return chain->head > WORLD_FINALITY &&
           index < chain->blocks[chain->head - WORLD_FINALITY].leaves_count;
}

static struct checkpoint checkpoint_at(const struct world_chain *chain, uint32_t index)
{
    return (struct checkpoint){
        .root = chain->roots[index], .index = index, .message_id = chain->leaves[index]};
}

static struct signature sign(const struct world *world, uint8_t key, uint32_t domain,
                             const struct checkpoint *checkpoint)
{
    const struct hash digest =
        checkpoint_digest(domain, &world_config_of(world, domain)->tree_hook, checkpoint);

    return test_key_sign(key, &digest);
}

static void fetch_checkpoint(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_CHECKPOINT);
    const struct world_chain *chain = world_chain(world, command->domain);
    const uint32_t index = command->fetch_checkpoint.index;
    uint32_t who = 0;

    while (who < 3 &&
           !address_equal(&world->validators[who], &command->fetch_checkpoint.validator)) {
        who++;
    }
    event.checkpoint.validator = command->fetch_checkpoint.validator;
    event.checkpoint.message_id = command->fetch_checkpoint.message_id;
    event.checkpoint.index = index;
    event.checkpoint.outcome = OUTCOME_ABSENT;
    const bool publishes =
        who < 3 && who < world->validators_count && !(world->options.validate && who == 2);
    if (who == 0 && world->options.validate) {
        if (chain->is_published[index]) {
            event.checkpoint.outcome = OUTCOME_OK;
            event.checkpoint.checkpoint = chain->published[index];
            event.checkpoint.signature = chain->published_signatures[index];
        }
    } else if (publishes && is_leaf_final(chain, index)) {
        event.checkpoint.outcome = OUTCOME_OK;
        event.checkpoint.checkpoint = checkpoint_at(chain, index);
        const bool is_bad = world->bad_validator && who == 1;
        if (is_bad && index % 2 == 1) {
            event.checkpoint.checkpoint.root = hash_filled(0xee);
        }
        const uint8_t key = is_bad && index % 2 == 0 ? 0x15 : (uint8_t)(0x11 + who);
        event.checkpoint.signature =
            sign(world, key, command->domain, &event.checkpoint.checkpoint);
    }
    world_answer(world, &event);
}

/* What the signatures in a leg's metadata are over, as the modules see it. */
static bool read_metadata(const struct world *world, const struct leg *leg,
                          struct signature signatures[VALIDATORS_MAX],
                          struct checkpoint *ret_checkpoint, struct address *ret_tree_hook)
{
    const struct hash id = message_id(leg->process.message);

    if (world->module_type == MODULE_MERKLE_ROOT_MULTISIG) {
        struct metadata_merkle_root metadata;
        if (metadata_parse_merkle_root(leg->process.metadata, signatures, &metadata) != STATUS_OK ||
            metadata.signatures_count != world->threshold) {
            return false;
        }
        *ret_tree_hook = metadata.tree_hook;
        *ret_checkpoint = (struct checkpoint){
            .root = merkle_branch_root(&id, metadata.proof, metadata.leaf_index),
            .index = metadata.index,
            .message_id = metadata.signed_message_id};
        return metadata.leaf_index <= metadata.index;
    }
    struct metadata_message_id metadata;
    if (metadata_parse_message_id(leg->process.metadata, signatures, &metadata) != STATUS_OK ||
        metadata.signatures_count != world->threshold) {
        return false;
    }
    *ret_tree_hook = metadata.tree_hook;
    *ret_checkpoint =
        (struct checkpoint){.root = metadata.root, .index = metadata.index, .message_id = id};
    return true;
}

/* Two pointers over the validator set, as the contract does it. */
static bool metadata_is_good(const struct world *world, const struct leg *leg)
{
    if (world->module_type == MODULE_NULL) {
        return leg->process.metadata.count == 0;
    }
    if (world->module_type == MODULE_CCIP_READ) {
        return bytes_equal(leg->process.metadata, bytes_from_string("proof"));
    }
    struct signature signatures[VALIDATORS_MAX];
    struct checkpoint checkpoint;
    struct address tree_hook;
    struct message_view view;
    uint32_t validator = 0;

    if (message_parse(leg->process.message, &view) != STATUS_OK ||
        !read_metadata(world, leg, signatures, &checkpoint, &tree_hook)) {
        return false;
    }
    for (uint32_t i = 0; i < world->threshold; i++) {
        struct address signer;
        if (checkpoint_recover(view.origin, &tree_hook, &checkpoint, &signatures[i], &signer) !=
            STATUS_OK) {
            return false;
        }
        while (validator < 3 && !address_equal(&signer, &world->validators[validator])) {
            validator++;
        }
        if (validator++ == 3) {
            return false;
        }
    }
    return address_equal(&tree_hook, &world_config_of(world, view.origin)->tree_hook);
}

/* One delivery of a leg as the mailbox judges it. */
static void judge(struct world *world, const struct leg *leg, struct event *event)
{
    if (!metadata_is_good(world, leg)) {
        event->prepared.outcome = OUTCOME_REFUSED;
        event->prepared.reason = bytes_from_string("!threshold");
    }
    if (world_is_processed(world_chain(world, leg->domain), &leg->process.message_id)) {
        event->prepared.outcome = OUTCOME_REFUSED;
        event->prepared.reason = bytes_from_string("Mailbox: already delivered");
    }
}

/* A member of a batch as a leg of its own. */
static struct leg member_leg(const struct leg *batch, const struct delivery *delivery)
{
    struct leg leg = {.kind = LEG_PROCESS, .domain = batch->domain, .key = batch->key};

    leg.process.message_id = message_id(delivery->message);
    leg.process.message = delivery->message;
    leg.process.metadata = delivery->metadata;
    return leg;
}

static void prepare_batch(struct world *world, const struct leg *batch, struct event *event)
{
    struct delivery delivery;
    uint32_t count = 0;

    CHECK(deliveries_check(batch->batch.deliveries, &count) == STATUS_OK);
    CHECK(count <= world->options.batch_messages_max);
    event->prepared.outcome = world->batch_simulation;
    event->prepared.gas = world->batch_gas * count;
    for (struct bytes rest = batch->batch.deliveries;
         world->batch_simulation == OUTCOME_OK && deliveries_next(&rest, &delivery);) {
        const struct leg leg = member_leg(batch, &delivery);
        judge(world, &leg, event);
    }
}

static void prepare(struct world *world, const struct command *command)
{
    const struct leg *leg = &command->prepare;
    struct event event = answer_to(command, EVENT_PREPARED);

    event.prepared.leg_id = leg->id;
    event.prepared.outcome = world->simulation;
    event.prepared.reason = bytes_from_string(world->simulation_reason);
    event.prepared.gas = WORLD_GAS;
    event.prepared.data_fee = amount_from_u64(world_chain(world, leg->domain)->data_fee);
    event.prepared.payload_digest = sha2_of(bytes_from(leg->id.bytes, 32));
    if (leg->kind == LEG_PROCESS && world->simulation == OUTCOME_OK) {
        judge(world, leg, &event);
    }
    if (leg->kind == LEG_BATCH) {
        prepare_batch(world, leg, &event);
    }
    world_answer(world, &event);
}

static void read_lane(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_LANE);
    const struct world_chain *chain = world_chain(world, command->domain);
    const uint32_t key = world_key_index(&command->read_lane.key);

    event.lane.key = command->read_lane.key;
    event.lane.outcome = OUTCOME_OK;
    event.lane.nonce_latest = chain->nonces[key];
    event.lane.balance = chain->advice.lane.balance;
    event.lane.is_legacy = chain->advice.lane.is_legacy;
    event.lane.gas_price = chain->advice.lane.gas_price;
    event.lane.priority_usual = chain->advice.lane.priority_usual;
    event.lane.priority_hasty = chain->advice.lane.priority_hasty;
    for (uint32_t i = 0; i < world->txs_count; i++) {
        const struct world_tx *tx = &world->txs[i];
        if (tx->domain == command->domain && tx->key == key && tx->block != 0 &&
            tx->block + WORLD_FINALITY <= chain->head && tx->nonce >= event.lane.nonce_final) {
            event.lane.nonce_final = tx->nonce + 1;
        }
    }
    world_answer(world, &event);
}

/* The frontier of so many leaves, or none, or one that fits no root. */
static void give_branch(struct world *world, const struct world_chain *chain, struct event *event)
{
    static const struct hash lie[MERKLE_DEPTH];

    event->tree.with_branch = true;
    if (world->pruned > 0) {
        world->pruned--;
        event->tree.outcome = OUTCOME_UNKNOWN;
    }
    if (event->tree.outcome == OUTCOME_OK) {
        const struct hash *branch = world->branch_lies ? lie : chain->branches[event->tree.count];
        event->tree.branch = bytes_from(branch[0].bytes, sizeof(lie));
    }
}

/* What the router of WORLD_A locked, and what was minted on WORLD_B against it. */
static void read_positions(struct world *world, const struct command *command)
{
    static struct balance backed[3];
    static struct balance short_of_one[3];
    struct event event = answer_to(command, EVENT_POSITIONS);

    if (!world->options.minted) {
        return;
    }
    backed[0] = (struct balance){evm_filled(0x55), evm_filled(0x56), amount_from_u64(1000)};
    backed[1] = (struct balance){world_key(0), evm_filled(0x56), amount_from_u64(0)};
    backed[2] = (struct balance){{{0}}, evm_filled(0x57), amount_from_u64(1000)};
    memcpy(short_of_one, backed, sizeof(backed));
    short_of_one[2].amount = amount_from_u64(1001);
    event.positions.outcome = OUTCOME_OK;
    event.positions.block_number = command->read_positions.block_number;
    event.positions.block_hash = command->read_positions.block_hash;
    event.positions.balances = world->is_short ? short_of_one : backed;
    event.positions.balances_count = sizeof(backed) / sizeof(backed[0]);
    world_answer(world, &event);
}

static void read_tree(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_TREE);
    const struct world_chain *chain = world_chain(world, command->domain);
    const struct world_block *block =
        &chain->blocks[command->read_tree.block_number % WORLD_BLOCKS_MAX];

    event.tree.block_number = command->read_tree.block_number;
    event.tree.block_hash = command->read_tree.block_hash;
    event.tree.everyone = command->read_tree.everyone;
    event.tree.outcome =
        hash_equal(&block->hash, &event.tree.block_hash) ? OUTCOME_OK : OUTCOME_UNKNOWN;
    event.tree.count = block->leaves_count;
    event.tree.root =
        block->leaves_count > 0 ? chain->roots[block->leaves_count - 1] : merkle_zero(MERKLE_DEPTH);
    if (command->read_tree.with_branch) {
        give_branch(world, chain, &event);
    }
    if (world->doubt && event.tree.everyone) {
        event.tree.outcome = OUTCOME_UNKNOWN;
    }
    if (world->tree_lies) {
        event.tree.root = hash_filled(0xdd);
    }
    world_answer(world, &event);
}

/* ---- signer ---- */

static void sign_checkpoint(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_CHECKPOINT_SIGNED);
    struct world_chain *chain = world_chain(world, command->domain);
    const struct checkpoint *checkpoint = &command->sign_checkpoint;

    event.checkpoint_signed.checkpoint = *checkpoint;
    event.checkpoint_signed.outcome = world->signer;
    event.checkpoint_signed.reason = bytes_from_string("policy");
    if (world->signer == OUTCOME_OK) {
        CHECK(!chain->is_signed[checkpoint->index] ||
              hash_equal(&chain->signed_roots[checkpoint->index], &checkpoint->root));
        CHECK(is_leaf_final(chain, checkpoint->index));
        chain->is_signed[checkpoint->index] = true;
        chain->signed_roots[checkpoint->index] = checkpoint->root;
        event.checkpoint_signed.signature = sign(world, 0x11, command->domain, checkpoint);
    }
    world_answer(world, &event);
}

static void sign_announcement(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_ANNOUNCEMENT_SIGNED);
    const struct hash digest =
        announcement_digest(command->domain, &world_config_of(world, command->domain)->mailbox,
                            command->sign_announcement.location);

    event.announcement_signed.validator = command->sign_announcement.validator;
    event.announcement_signed.outcome = OUTCOME_OK;
    event.announcement_signed.signature = test_key_sign(0x11, &digest);
    world_answer(world, &event);
}

static struct hash tx_hash(const struct intent *intent)
{
    uint8_t memory[256];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_hash(&packer, &intent->leg_id);
    pack_u32(&packer, intent->domain);
    pack_u32(&packer, intent->attempt);
    pack_u64(&packer, intent->nonce);
    pack_amount(&packer, &intent->fee_per_gas_max);
    pack_amount(&packer, &intent->priority_fee_per_gas);
    return sha2_of(packer_finish(&packer));
}

static struct world_tx *find_tx(struct world *world, const struct hash *hash)
{
    for (uint32_t i = 0; i < world->txs_count; i++) {
        if (hash_equal(&world->txs[i].hash, hash)) {
            return &world->txs[i];
        }
    }
    return NULL;
}

/* One payload per nonce, or a cancel: what the node promises above all. */
static void check_payload(const struct world *world, const struct command *command)
{
    for (uint32_t i = 0; i < world->txs_count; i++) {
        const struct world_tx *tx = &world->txs[i];
        if (tx->domain == command->domain && tx->nonce == command->send.intent.nonce &&
            tx->key == world_key_index(&command->send.intent.key) && tx->kind != LEG_CANCEL &&
            !tx->is_foreign && command->send.leg.kind != LEG_CANCEL) {
            CHECK(hash_equal(&tx->leg_id, &command->send.leg.id));
        }
    }
}

static void take_messages(const struct leg *leg, struct world_tx *tx)
{
    struct delivery delivery;

    if (leg->kind == LEG_PROCESS) {
        tx->message_ids[tx->messages_count++] = leg->process.message_id;
    }
    for (struct bytes rest = leg->kind == LEG_BATCH ? leg->batch.deliveries : bytes_from(NULL, 0);
         deliveries_next(&rest, &delivery);) {
        CHECK(tx->messages_count < DELIVERIES_MAX);
        tx->message_ids[tx->messages_count++] = message_id(delivery.message);
    }
}

static void send(struct world *world, const struct command *command)
{
    const struct intent *intent = &command->send.intent;
    struct event event = answer_to(command, EVENT_SIGNED);

    CHECK(hash_equal(&intent->leg_id, &command->send.leg.id));
    event.signed_.leg_id = intent->leg_id;
    event.signed_.attempt = intent->attempt;
    event.signed_.outcome = world->signer;
    event.signed_.key = intent->key;
    event.signed_.nonce = intent->nonce;
    event.signed_.reason = bytes_from_string("policy");
    if (world->signer == OUTCOME_OK) {
        check_payload(world, command);
        event.signed_.transaction = tx_hash(intent);
        struct world_tx *tx = find_tx(world, &event.signed_.transaction);
        if (tx == NULL) {
            CHECK(world->txs_count < WORLD_TXS_MAX);
            tx = &world->txs[world->txs_count++];
            *tx = (struct world_tx){.hash = event.signed_.transaction,
                                    .leg_id = intent->leg_id,
                                    .kind = command->send.leg.kind,
                                    .key = world_key_index(&intent->key),
                                    .nonce = intent->nonce,
                                    .fee = intent->fee_per_gas_max,
                                    .priority = intent->priority_fee_per_gas,
                                    .is_legacy = intent->is_legacy,
                                    .domain = command->domain};
            take_messages(&command->send.leg, tx);
        }
        tx->held = true;
    }
    world_answer(world, &event);
}

/* ---- pool ---- */

/* By an eighth: the strictest rule that a pool has. */
static bool is_dearer(const struct amount *before, const struct amount *after)
{
    const struct amount nine = amount_from_u64(9);
    const struct amount eight = amount_from_u64(8);
    struct amount bar;

    return amount_scale_ceil(before, &nine, &eight, &bar) == STATUS_OK &&
           amount_compare(after, &bar) >= 0 && amount_compare(after, before) > 0;
}

static enum rejection pool_add(struct world *world, struct world_tx *tx)
{
    const struct world_chain *chain = world_chain(world, tx->domain);

    if (tx->block != 0) {
        return REJECTION_NONE;
    }
    if (tx->nonce < chain->nonces[tx->key]) {
        return REJECTION_NONCE_TOO_LOW;
    }
    for (uint32_t i = 0; i < world->txs_count; i++) {
        struct world_tx *other = &world->txs[i];
        if (other != tx && other->in_pool && other->domain == tx->domain && other->key == tx->key &&
            other->nonce == tx->nonce) {
            if (!is_dearer(&other->fee, &tx->fee) || !is_dearer(&other->priority, &tx->priority)) {
                return REJECTION_UNDERPRICED;
            }
            other->in_pool = false;
        }
    }
    tx->in_pool = true;
    return REJECTION_NONE;
}

static void broadcast(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_SUBMITTED);
    struct world_tx *tx = find_tx(world, &command->broadcast.transaction);

    event.submitted.leg_id = command->broadcast.leg_id;
    event.submitted.transaction = command->broadcast.transaction;
    event.submitted.outcome = world->submission;
    event.submitted.rejection = world->rejection;
    event.submitted.reason = bytes_from_string("by the test");
    if (tx == NULL || !tx->held) {
        event.submitted.outcome = OUTCOME_ABSENT;
        event.submitted.reason = bytes_from_string("not held");
    } else if (world->submission == OUTCOME_OK) {
        const enum rejection rejection = pool_add(world, tx);
        event.submitted.rejection = rejection;
        event.submitted.outcome = rejection == REJECTION_NONE ? OUTCOME_OK : OUTCOME_REFUSED;
    }
    world_answer(world, &event);
}

void world_use_nonce_of(struct world *world, uint32_t domain, uint32_t key)
{
    struct world_chain *chain = world_chain(world, domain);
    struct world_tx *tx = &world->txs[world->txs_count++];

    *tx = (struct world_tx){.hash = world_hash("foreign", domain, chain->nonces[key], key),
                            .kind = LEG_CANCEL,
                            .key = key,
                            .nonce = chain->nonces[key],
                            .domain = domain,
                            .block = chain->head,
                            .is_foreign = true};
    chain->nonces[key]++;
    for (uint32_t i = 0; i < world->txs_count; i++) {
        if (world->txs[i].domain == domain && world->txs[i].key == key &&
            world->txs[i].nonce == tx->nonce) {
            world->txs[i].in_pool = false;
        }
    }
}

void world_use_nonce(struct world *world, uint32_t domain)
{
    world_use_nonce_of(world, domain, 0);
}

static void publish_checkpoint(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_PUBLISHED);
    struct world_chain *chain = world_chain(world, command->domain);
    const uint32_t index = command->publish_checkpoint.checkpoint.index;

    CHECK(!chain->is_published[index] ||
          hash_equal(&chain->published[index].root, &command->publish_checkpoint.checkpoint.root));
    chain->published_count += chain->is_published[index] ? 0 : 1;
    chain->is_published[index] = true;
    chain->published[index] = command->publish_checkpoint.checkpoint;
    chain->published_signatures[index] = command->publish_checkpoint.signature;
    event.published.index = index;
    event.published.outcome = OUTCOME_OK;
    world_answer(world, &event);
}

static void publish_reorg(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_PUBLISHED);

    CHECK(address_equal(&command->publish_reorg.validator, &world->validators[0]));
    event.published.is_reorg = true;
    event.published.outcome = OUTCOME_OK;
    world_answer(world, &event);
}

static void publish_announcement(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_PUBLISHED);

    event.published.is_announcement = true;
    event.published.outcome = OUTCOME_OK;
    world_answer(world, &event);
}

static void follow(struct world *world, const struct command *command)
{
    for (uint32_t i = 0; i < world->follows_count; i++) {
        if (hash_equal(&world->follows[i].transaction, &command->follow.transaction)) {
            return;
        }
    }
    CHECK(world->follows_count < WORLD_FOLLOWS_MAX);
    world->follows[world->follows_count++] =
        (struct world_follow){.domain = command->domain,
                              .leg_id = command->follow.leg_id,
                              .transaction = command->follow.transaction,
                              .key = world_key_index(&command->follow.key),
                              .nonce = command->follow.nonce};
    world_answer_follows(world);
}

static void watch(struct world *world, const struct command *command)
{
    struct world_chain *chain = world_chain(world, command->domain);

    chain->is_watched = true;
    chain->watch = command->watch;
    chain->give_next = command->watch.from_block;
    chain->past_next = command->watch.past_first;
    chain->past_end = command->watch.past_last > 0 ? command->watch.past_last + 1 : 0;
    /* Given with the next block: a core must not be stepped while its commands are read. */
    (void)world;
}

void world_perform(struct world *world, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_WATCH:
        watch(world, command);
        break;
    case COMMAND_READ_SECURITY:
        read_security(world, command);
        break;
    case COMMAND_READ_STORAGE:
        read_storage(world, command);
        break;
    case COMMAND_READ_LOOKUP:
        read_lookup(world, command);
        break;
    case COMMAND_FETCH_LOOKUP:
        fetch_lookup(world, command);
        break;
    case COMMAND_SIGN_LOOKUP:
        sign_lookup(world, command);
        break;
    case COMMAND_FETCH_CHECKPOINT:
        fetch_checkpoint(world, command);
        break;
    case COMMAND_PREPARE:
        prepare(world, command);
        break;
    case COMMAND_SEND:
        send(world, command);
        break;
    case COMMAND_BROADCAST:
        broadcast(world, command);
        break;
    case COMMAND_FOLLOW:
        follow(world, command);
        break;
    case COMMAND_READ_LANE:
        read_lane(world, command);
        break;
    case COMMAND_READ_TREE:
        read_tree(world, command);
        break;
    case COMMAND_SIGN_CHECKPOINT:
        sign_checkpoint(world, command);
        break;
    case COMMAND_SIGN_ANNOUNCEMENT:
        sign_announcement(world, command);
        break;
    case COMMAND_PUBLISH_CHECKPOINT:
        publish_checkpoint(world, command);
        break;
    case COMMAND_PUBLISH_ANNOUNCEMENT:
        publish_announcement(world, command);
        break;
    case COMMAND_PUBLISH_REORG:
        publish_reorg(world, command);
        break;
    case COMMAND_READ_POSITIONS:
        read_positions(world, command);
        break;
    case COMMAND_PLAN:
    case COMMAND_WAKE:
    case COMMAND_NOTE:
        break;
    }
}
