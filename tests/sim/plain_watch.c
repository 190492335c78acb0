/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks in order. `next` is the first block that was not given; a block whose parent is not the
 * one before it takes `next` a step back, until the chain and the ring agree again. */
#include <string.h>

#include "relay/base/check.h"
#include "tests/sim/plain_internal.h"

static bool ring_hash(const struct plain *plain, uint64_t number, struct hash *ret_hash)
{
    if (!plain->ring[number % PLAIN_RING].used ||
        plain->ring[number % PLAIN_RING].number != number) {
        return false;
    }
    *ret_hash = plain->ring[number % PLAIN_RING].hash;
    return true;
}

void plain_watch_from(struct plain *plain, uint64_t number)
{
    memset(plain->ring, 0, sizeof(plain->ring));
    plain->watching = true;
    plain->next = number;
    plain->block_open = false;
    plain->block_ask = (struct plain_ask){0};
    plain->final_given_any = false;
    if (!plain->head_ask.wanted) {
        plain_ask_start(&plain->head_ask);
    }
}

void plain_watch_head(struct plain *plain, const struct plain_head *head)
{
    struct hash given;

    plain->head = *head;
    plain->head_known = true;
    /* A chain that was replaced without growing shows at its head. */
    if (plain->watching && head->number < plain->next && !plain->block_open &&
        !plain->block_ask.wanted && ring_hash(plain, head->number, &given) &&
        !hash_equal(&given, &head->hash)) {
        plain->next = head->number;
    }
}

void plain_watch_pump(struct plain *plain)
{
    if (!plain->watching || plain->block_open || plain->block_ask.wanted) {
        return;
    }
    if (!plain->head_known) {
        if (!plain->head_ask.wanted) {
            plain_ask_start(&plain->head_ask);
        }
        return;
    }
    if (plain->next <= plain->head.number) {
        plain_ask_start(&plain->block_ask);
    }
}

/* The whole of it: facts that were given are not taken back. */
static bool is_block(struct bytes body)
{
    struct unpacker unpacker = unpacker_from(body);
    const struct plain_block block = plain_unpack_block(&unpacker);
    const uint32_t facts_count = unpack_u32(&unpacker);

    for (uint32_t i = 0; i < facts_count && !unpacker.underrun; i++) {
        (void)plain_unpack_fact(&unpacker, &block);
    }
    return unpacker_is_done(&unpacker);
}

bool plain_watch_block(struct plain *plain, enum outcome outcome, struct bytes body)
{
    struct unpacker unpacker = unpacker_from(body);
    struct hash before;
    struct hash same;

    if (outcome != OUTCOME_OK || plain->block_open) {
        plain->head_known = false; /* the head tells what there is now */
        return true;
    }
    const struct plain_block block = plain_unpack_block(&unpacker);
    if (body.count > plain->config.frame_bytes_max || !is_block(body) ||
        block.number != plain->next) {
        plain->chain.counters.frames_malformed++;
        return false;
    }
    if (ring_hash(plain, block.number, &same) && hash_equal(&same, &block.hash)) {
        plain->next++; /* here the two agree */
        return true;
    }
    if (block.number > 0 && ring_hash(plain, block.number - 1, &before) &&
        !hash_equal(&before, &block.parent)) {
        plain->next--;
        return true;
    }
    memcpy(plain->block_bytes, body.data, body.count);
    plain->block_rest = unpacker_from(bytes_from(plain->block_bytes, body.count));
    plain->block = plain_unpack_block(&plain->block_rest);
    plain->facts_left = unpack_u32(&plain->block_rest);
    plain->block_open = true;
    return true;
}

static void give_block(struct plain *plain, struct event *ret_event)
{
    const uint64_t place = plain->block.number % PLAIN_RING;

    ret_event->kind = EVENT_BLOCK;
    ret_event->domain = plain->chain.domain;
    ret_event->block.number = plain->block.number;
    ret_event->block.hash = plain->block.hash;
    ret_event->block.parent = plain->block.parent;
    ret_event->block.time_s = plain->block.time_s;
    ret_event->block.base_fee = plain->block.base_fee;
    plain->ring[place].used = true;
    plain->ring[place].number = plain->block.number;
    plain->ring[place].hash = plain->block.hash;
    plain->next = plain->block.number + 1;
    plain->block_open = false;
    plain_follows_wake(plain);
}

static bool give_final(struct plain *plain, struct event *ret_event)
{
    struct hash given;

    if (!plain->head_known || plain->head.final_number == 0 ||
        plain->head.final_number >= plain->next ||
        (plain->final_given_any && plain->head.final_number <= plain->final_given)) {
        return false;
    }
    if (!ring_hash(plain, plain->head.final_number, &given) ||
        !hash_equal(&given, &plain->head.final_hash)) {
        return false;
    }
    plain->final_given_any = true;
    plain->final_given = plain->head.final_number;
    ret_event->kind = EVENT_FINAL;
    ret_event->domain = plain->chain.domain;
    ret_event->final.number = plain->head.final_number;
    ret_event->final.hash = plain->head.final_hash;
    return true;
}

bool plain_watch_event(struct plain *plain, struct event *ret_event)
{
    if (!plain->watching) {
        return false;
    }
    if (!plain->block_open) {
        return give_final(plain, ret_event);
    }
    if (plain->facts_left == 0) {
        give_block(plain, ret_event);
        return true;
    }
    ret_event->fact = plain_unpack_fact(&plain->block_rest, &plain->block);
    CHECK(!plain->block_rest.underrun); /* is_block looked */
    plain->facts_left--;
    ret_event->kind = EVENT_FACT;
    ret_event->domain = plain->chain.domain;
    return true;
}
