/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/plain_node.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/signature.h"
#include "tests/sim/plain_wire.h"

enum { FRAME_BYTES_MAX = 1 << 20 };

static uint8_t reply_memory[FRAME_BYTES_MAX]; /* of the reply that is being written */

struct answer {
    struct packer packer; /* the body */
    enum outcome outcome;
    bool is_submission;
    struct hash transaction; /* of a submission */
};

static void say(struct answer *answer, const char *text)
{
    pack_raw(&answer->packer, bytes_from_string(text));
}

static struct plain_head head_of(const struct world_chain *chain)
{
    const struct world_block *const head = world_block_at(chain, world_head(chain));
    const struct world_block *const final = world_block_at(chain, world_final(chain));

    return (struct plain_head){.number = head->number,
                               .hash = head->hash,
                               .final_number = final->number,
                               .final_hash = final->hash};
}

static void answer_block(const struct world_chain *chain, struct unpacker *question,
                         struct answer *answer)
{
    const struct world_block *const block = world_block_at(chain, unpack_u64(question));

    if (block == NULL) {
        answer->outcome = OUTCOME_ABSENT;
        return;
    }
    const struct plain_block plain = {.number = block->number,
                                      .hash = block->hash,
                                      .parent = block->parent,
                                      .time_s = block->time_s,
                                      .base_fee = block->base_fee};
    plain_pack_block(&answer->packer, &plain);
    pack_u32(&answer->packer, block->logs_count);
    for (uint32_t i = 0; i < block->logs_count; i++) {
        plain_pack_fact(&answer->packer, &block->logs[i]);
    }
}

static void answer_security(const struct world_chain *chain, struct answer *answer)
{
    pack_address(&answer->packer, &chain->ism);
    pack_u8(&answer->packer, 5); /* message-id multisig */
    pack_u8(&answer->packer, WORLD_THRESHOLD);
    pack_u32(&answer->packer, WORLD_VALIDATORS);
    for (uint32_t i = 0; i < WORLD_VALIDATORS; i++) {
        pack_address(&answer->packer, &chain->world->validators[i]);
    }
}

static void answer_storage(const struct world_chain *chain, struct unpacker *question,
                           struct answer *answer)
{
    const struct address validator = unpack_address(question);

    for (uint32_t i = 0; i < WORLD_VALIDATORS; i++) {
        if (address_equal(&chain->world->validators[i], &validator) && chain->announced[i] > 0) {
            pack_u32(&answer->packer, 1);
            pack_bytes(&answer->packer,
                       bytes_from_string(chain->world->locations[i][chain->index]));
            return;
        }
    }
    answer->outcome = OUTCOME_ABSENT;
}

static void answer_prepare(struct world_chain *chain, struct unpacker *question,
                           struct answer *answer)
{
    const struct leg leg = plain_unpack_leg(question);

    if (question->underrun || leg.domain != chain->domain) {
        answer->outcome = OUTCOME_UNKNOWN;
        return;
    }
    const struct amount fee = leg.kind == LEG_REBALANCE ? chain->bridge_fee : amount_zero();
    const struct amount none = amount_zero();
    const char *const revert = contracts_try_leg(chain, &leg, &fee);
    if (revert != NULL) {
        answer->outcome = OUTCOME_REFUSED;
        say(answer, revert);
        return;
    }
    pack_u64(&answer->packer, contracts_gas(&leg));
    pack_amount(&answer->packer, &fee);
    pack_amount(&answer->packer, &none);
}

static void answer_submit(struct world_chain *chain, struct unpacker *question,
                          struct answer *answer)
{
    const struct bytes whole = question->rest;
    const struct plain_transaction plain = plain_unpack_transaction(question);
    const struct bytes signed_part = bytes_from(whole.data, whole.count - question->rest.count);
    struct signature signature;
    struct address signer;

    if (question->underrun || question->rest.count != 65) {
        answer->outcome = OUTCOME_REFUSED;
        pack_u8(&answer->packer, REJECTION_OTHER);
        say(answer, "malformed");
        return;
    }
    memcpy(signature.bytes, question->rest.data, 65);
    const struct hash digest = keccak256(signed_part);
    const struct hash hash = sha2_of(whole);
    answer->is_submission = true;
    answer->transaction = hash;
    enum rejection rejection = REJECTION_OTHER;
    if (plain.leg.domain == chain->domain &&
        signature_recover(&digest, &signature, &signer) == STATUS_OK &&
        address_equal(&signer, &chain->key)) {
        const struct world_transaction transaction = {.hash = hash,
                                                      .nonce = plain.nonce,
                                                      .fee_max = plain.fee_max,
                                                      .priority_fee = plain.priority_fee,
                                                      .gas_limit = plain.gas_limit,
                                                      .value = plain.value,
                                                      .leg = plain.leg};
        rejection = pool_add(chain, &transaction);
    }
    if (rejection != REJECTION_NONE) {
        answer->outcome = OUTCOME_REFUSED;
        pack_u8(&answer->packer, (uint8_t)rejection);
        say(answer, "not taken");
    }
}

static uint64_t nonce_final(struct world_chain *chain)
{
    return chain->blocks[world_final(chain)].key_nonce;
}

static void answer_receipt(struct world_chain *chain, struct unpacker *question,
                           struct answer *answer)
{
    const struct hash hash = unpack_hash(question);
    (void)unpack_address(question);
    const uint64_t nonce = unpack_u64(question);
    const struct world_transaction *const found = pool_find(chain, &hash);

    if (pool_shows_receipt(chain, found)) {
        pack_bool(&answer->packer, found->succeeded);
        pack_u64(&answer->packer, found->block_number);
        pack_hash(&answer->packer, &found->block_hash);
        pack_u64(&answer->packer, found->gas_used);
        pack_amount(&answer->packer, &found->gas_price);
        return;
    }
    const bool is_mined = found != NULL && found->mined; /* and not known yet */
    answer->outcome = !is_mined && nonce_final(chain) > nonce ? OUTCOME_ABSENT : OUTCOME_UNKNOWN;
}

static void answer_lane(struct world_chain *chain, struct answer *answer)
{
    const uint64_t final = nonce_final(chain);

    pack_u64(&answer->packer, chain->key_nonce);
    pack_u64(&answer->packer, final);
    pack_amount(&answer->packer, &chain->key_native);
}

static void pack_balance(struct packer *packer, const struct world_chain *chain,
                         enum world_account account)
{
    const struct address address = world_account_address(chain, account);

    pack_address(packer, &address);
    pack_address(packer, &chain->token);
    pack_amount(packer, &chain->tokens[account]);
}

static void pack_quotes(struct packer *packer, const struct world_chain *chain)
{
    const struct amount amount = amount_from_u64(1000000);
    const struct amount none = amount_zero();

    for (uint32_t i = 0; i < chain->world->chains_count; i++) {
        if (i == chain->index) {
            continue;
        }
        pack_address(packer, &chain->router);
        pack_u32(packer, chain->world->chains[i].domain);
        pack_amount(packer, &amount);
        pack_amount(packer, &chain->bridge_fee);
        pack_amount(packer, &none);
    }
}

static void pack_spoke(struct packer *packer, const struct world_chain *chain)
{
    const struct spoke_state spoke = spokes_state(chain);

    pack_address(packer, &spoke.spoke);
    pack_address(packer, &spoke.token);
    pack_amount(packer, &spoke.idle);
    pack_amount(packer, &spoke.velocity_left);
    pack_amount(packer, &spoke.loss_left);
    for (uint32_t i = 0; i < WORLD_VENUES; i++) {
        const struct venue_state venue = spokes_venue_state(chain, i);
        pack_u32(packer, venue.index);
        pack_amount(packer, &venue.supplied);
        pack_amount(packer, &venue.enter_max);
        pack_u64(packer, venue.pieces[0].rate_nano);
    }
}

static void pack_positions(struct packer *packer, const struct world_chain *chain)
{
    const struct address native = {{0}};
    const struct vault_state vault = contracts_vault_state(chain);

    pack_u32(packer, chain->has_spoke ? 5 : 4);
    pack_u32(packer, 1);
    pack_u32(packer, chain->world->chains_count - 1);
    pack_bool(packer, chain->has_spoke);
    pack_balance(packer, chain, WORLD_ROUTER);
    pack_balance(packer, chain, WORLD_BRIDGE);
    pack_balance(packer, chain, WORLD_KEY);
    pack_address(packer, &chain->key);
    pack_address(packer, &native);
    pack_amount(packer, &chain->key_native);
    if (chain->has_spoke) {
        pack_balance(packer, chain, WORLD_SPOKE);
    }
    pack_address(packer, &vault.vault);
    pack_amount(packer, &vault.total_assets);
    pack_amount(packer, &vault.total_shares);
    pack_amount(packer, &vault.own_shares);
    pack_amount(packer, &vault.assets_per_share);
    pack_quotes(packer, chain);
    if (chain->has_spoke) {
        pack_spoke(packer, chain);
    }
}

/* Positions or the tree, at a block that is on the chain. */
static void answer_at_block(struct world_chain *chain, enum plain_kind kind,
                            struct unpacker *question, struct answer *answer)
{
    const uint64_t number = unpack_u64(question);
    const struct hash hash = unpack_hash(question);
    const struct world_block *const block = world_block_at(chain, number);

    if (block == NULL || !hash_equal(&block->hash, &hash)) {
        answer->outcome = OUTCOME_UNKNOWN;
        return;
    }
    world_go_back(chain, number);
    if (kind == PLAIN_POSITIONS) {
        pack_positions(&answer->packer, chain);
    } else {
        const struct hash root = contracts_tree_root(chain);
        pack_u32(&answer->packer, chain->tree.count);
        pack_hash(&answer->packer, &root);
        for (uint32_t level = 0; level < MERKLE_DEPTH; level++) {
            pack_hash(&answer->packer, &chain->tree.branch[level]);
        }
    }
    world_go_forth(chain, number);
}

static void answer_question(struct world_chain *chain, uint8_t kind, struct unpacker *question,
                            struct answer *answer)
{
    const struct plain_head head = head_of(chain);

    switch ((enum plain_kind)kind) {
    case PLAIN_HELLO:
        pack_u32(&answer->packer, chain->domain);
        pack_address(&answer->packer, &chain->mailbox);
        return;
    case PLAIN_HEAD:
        plain_pack_head(&answer->packer, &head);
        return;
    case PLAIN_BLOCK:
        answer_block(chain, question, answer);
        return;
    case PLAIN_SECURITY:
        answer_security(chain, answer);
        return;
    case PLAIN_STORAGE:
        answer_storage(chain, question, answer);
        return;
    case PLAIN_PREPARE:
        answer_prepare(chain, question, answer);
        return;
    case PLAIN_SUBMIT:
        answer_submit(chain, question, answer);
        return;
    case PLAIN_RECEIPT:
        answer_receipt(chain, question, answer);
        return;
    case PLAIN_LANE:
        answer_lane(chain, answer);
        return;
    case PLAIN_POSITIONS:
    case PLAIN_TREE:
        answer_at_block(chain, (enum plain_kind)kind, question, answer);
        return;
    case PLAIN_KINDS_END:
        break;
    }
    CHECK(false); /* our own adapter asked */
}

struct plain_reply plain_node_answer(struct world_chain *chain, struct bytes frame)
{
    struct unpacker question = unpacker_from(frame);
    const uint8_t kind = unpack_u8(&question);
    const uint64_t id = unpack_u64(&question);
    struct answer answer = {.packer = packer_from(reply_memory, sizeof(reply_memory)),
                            .outcome = OUTCOME_OK};

    pack_u8(&answer.packer, kind | PLAIN_REPLY);
    pack_u64(&answer.packer, id);
    pack_u8(&answer.packer, 0); /* its place */
    answer_question(chain, kind, &question, &answer);
    const struct bytes reply = packer_finish(&answer.packer);
    reply_memory[9] = (uint8_t)answer.outcome;
    return (struct plain_reply){
        .frame = reply, .is_submission = answer.is_submission, .transaction = answer.transaction};
}

struct bytes plain_node_head(const struct world_chain *chain)
{
    struct packer packer = packer_from(reply_memory, sizeof(reply_memory));
    const struct plain_head head = head_of(chain);

    pack_u8(&packer, PLAIN_HEAD | PLAIN_REPLY);
    pack_u64(&packer, 0);
    pack_u8(&packer, OUTCOME_OK);
    plain_pack_head(&packer, &head);
    return packer_finish(&packer);
}
