/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/approval.h"

#include <assert.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "relay/base/pack.h"

#define FORMAT            2u
#define MOVE_BYTES        (4u + 1u + 4u + 32u + 4u + 4u + 32u + 4u + 32u) /* the longest kind */
#define PLACE_BYTES       (4u + 32u + 4u + 1u + 32u)
#define NUMBER_DIGITS_MAX 20u
#define NO_DOMAIN         0u

static_assert(APPROVAL_MOVES_MAX * MOVE_BYTES + APPROVAL_PLACES_MAX * PLACE_BYTES + 256u <
                  APPROVAL_BYTES_MAX,
              "all moves and places fit");

struct hash approval_move_id(const struct hash *plan_id, uint32_t index)
{
    uint8_t bytes[36];
    struct packer packer = packer_from(bytes, sizeof(bytes));

    pack_hash(&packer, plan_id);
    pack_u32(&packer, index);
    return sha2_of(packer_finish(&packer));
}

struct hash approval_leg_id(const struct hash *plan_id, uint32_t index, uint32_t leg)
{
    uint8_t bytes[40];
    struct packer packer = packer_from(bytes, sizeof(bytes));

    if (leg == 0) {
        return approval_move_id(plan_id, index);
    }
    pack_hash(&packer, plan_id);
    pack_u32(&packer, index);
    pack_u32(&packer, leg);
    return sha2_of(packer_finish(&packer));
}

bool approval_venue_leg(const struct approval_move *move, uint32_t leg,
                        struct approval_venue *ret_venue)
{
    const bool crosses = move->kind == MOVE_BETWEEN_SPOKES;
    const uint32_t crossing = move->source_venue != 0 ? 1u : 0u;
    const uint32_t last = crossing + (crosses ? 1u : 0u);

    if (move->kind == MOVE_BETWEEN_ROUTERS ||
        crosses == (move->source_domain == move->target_domain) ||
        (!crosses && move->source_venue == move->target_venue) ||
        approval_is_debt(move->source_venue) || (crosses && approval_is_debt(move->target_venue))) {
        return false;
    }
    const bool is_there = crosses && leg == last;
    *ret_venue = (struct approval_venue){
        .act = APPROVAL_CROSSES,
        .domain = is_there ? move->target_domain : move->source_domain,
        .spoke = is_there ? move->target : move->source,
    };
    if (leg < crossing) {
        ret_venue->act = APPROVAL_WITHDRAWS;
        ret_venue->index = move->source_venue - 1;
        return true;
    }
    if (leg == last && move->target_venue != 0) {
        const bool repays = approval_is_debt(move->target_venue);
        ret_venue->act = repays ? APPROVAL_REPAYS : APPROVAL_DEPOSITS;
        ret_venue->index = move->target_venue - (repays ? APPROVAL_DEBTS : 0) - 1;
        return true;
    }
    return crosses && leg == crossing;
}

/* Moves between routers are packed as they were before there was any other kind, so that what
 * people signed stays what it was; another kind begins with a domain that no chain has. */
static void pack_moves(struct packer *packer, const struct approval *approval)
{
    CHECK(approval->moves_count <= APPROVAL_MOVES_MAX);
    pack_u32(packer, approval->moves_count);
    for (uint32_t i = 0; i < approval->moves_count; i++) {
        const struct approval_move *move = &approval->moves[i];
        switch (move->kind) {
        case MOVE_BETWEEN_ROUTERS:
            pack_u32(packer, move->source_domain);
            pack_address(packer, &move->source);
            pack_u32(packer, move->target_domain);
            break;
        case MOVE_BETWEEN_VENUES:
            pack_u32(packer, NO_DOMAIN);
            pack_u8(packer, (uint8_t)move->kind);
            pack_u32(packer, move->source_domain);
            pack_address(packer, &move->source);
            pack_u32(packer, move->source_venue);
            pack_u32(packer, move->target_venue);
            break;
        case MOVE_BETWEEN_SPOKES:
            pack_u32(packer, NO_DOMAIN);
            pack_u8(packer, (uint8_t)move->kind);
            pack_u32(packer, move->source_domain);
            pack_address(packer, &move->source);
            pack_u32(packer, move->source_venue);
            pack_u32(packer, move->target_domain);
            pack_address(packer, &move->target);
            pack_u32(packer, move->target_venue);
            break;
        }
        pack_amount(packer, &move->amount);
    }
}

/* ---- the text ---- */

struct line {
    char *text;
    size_t count;
};

static void add(struct line *line, const char *text, size_t count)
{
    CHECK(count <= APPROVAL_TEXT_BYTES - line->count);
    memcpy(line->text + line->count, text, count);
    line->count += count;
}

static void add_string(struct line *line, const char *text)
{
    add(line, text, strlen(text));
}

static void add_number(struct line *line, uint64_t number)
{
    char digits[NUMBER_DIGITS_MAX];
    size_t first = sizeof(digits);

    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    add(line, digits + first, sizeof(digits) - first);
}

static void add_hash(struct line *line, const char *name, const struct hash *hash)
{
    char digits[2 * sizeof(hash->bytes) + 1];

    hex_encode(bytes_from(hash->bytes, sizeof(hash->bytes)), digits);
    add_string(line, name);
    add_string(line, ": 0x");
    add_string(line, digits);
    add_string(line, "\n");
}

size_t approval_text(const struct approval *approval, char ret_text[APPROVAL_TEXT_BYTES])
{
    uint8_t memory[APPROVAL_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));
    struct line line = {.text = ret_text};

    pack_moves(&packer, approval);
    const struct hash moves = sha2_of(packer_finish(&packer));
    add_string(&line, "Sluice approval\n");
    add_hash(&line, "plan", &approval->plan_id);
    add_hash(&line, "moves", &moves);
    add_hash(&line, "mandate", &approval->mandate);
    add_string(&line, "expires: ");
    add_number(&line, approval->expires_s);
    add_string(&line, "\n");
    return line.count;
}

struct hash approval_digest(const struct approval *approval)
{
    char text[APPROVAL_TEXT_BYTES];
    char head_text[APPROVAL_TEXT_BYTES];
    struct line head = {.text = head_text};
    struct keccak keccak;
    const size_t count = approval_text(approval, text);

    add_string(&head, "\x19"
                      "Ethereum Signed Message:\n");
    add_number(&head, count);
    keccak_init(&keccak);
    keccak_update(&keccak, bytes_from(head.text, head.count));
    keccak_update(&keccak, bytes_from(text, count));
    return keccak_finish(&keccak);
}

/* ---- bytes ---- */

/* Nothing where there are none. */
static void pack_places(struct packer *packer, const struct approval *approval)
{
    CHECK(approval->places_count <= APPROVAL_PLACES_MAX);
    if (approval->places_count > 0) {
        pack_u32(packer, approval->places_count);
    }
    for (uint32_t i = 0; i < approval->places_count; i++) {
        const struct approval_place *place = &approval->places[i];
        pack_u32(packer, place->domain);
        pack_address(packer, &place->contract);
        pack_u32(packer, place->venue);
        pack_bool(packer, place->negative);
        pack_amount(packer, &place->amount);
    }
}

/* False: not such bytes. */
static bool unpack_places(struct unpacker *unpacker, struct approval *approval)
{
    if (unpacker_is_done(unpacker)) {
        return true;
    }
    approval->places_count = unpack_u32(unpacker);
    if (approval->places_count == 0 || approval->places_count > APPROVAL_PLACES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < approval->places_count; i++) {
        struct approval_place *place = &approval->places[i];
        place->domain = unpack_u32(unpacker);
        place->contract = unpack_address(unpacker);
        place->venue = unpack_u32(unpacker);
        place->negative = unpack_bool(unpacker);
        place->amount = unpack_amount(unpacker);
    }
    return unpacker_is_done(unpacker);
}

struct bytes approval_pack(const struct approval *approval, uint8_t memory[APPROVAL_BYTES_MAX])
{
    struct packer packer = packer_from(memory, APPROVAL_BYTES_MAX);

    CHECK(approval->index < approval->moves_count);
    pack_u8(&packer, FORMAT);
    pack_hash(&packer, &approval->plan_id);
    pack_hash(&packer, &approval->mandate);
    pack_u32(&packer, approval->index);
    pack_u32(&packer, approval->leg);
    pack_u64(&packer, approval->expires_s);
    pack_raw(&packer, bytes_from(approval->signature.bytes, sizeof(approval->signature.bytes)));
    pack_moves(&packer, approval);
    pack_places(&packer, approval);
    return packer_finish(&packer);
}

static bool unpack_move(struct unpacker *unpacker, struct approval_move *move)
{
    move->kind = MOVE_BETWEEN_ROUTERS;
    move->source_domain = unpack_u32(unpacker);
    if (move->source_domain != NO_DOMAIN) {
        move->source = unpack_address(unpacker);
        move->target_domain = unpack_u32(unpacker);
        move->amount = unpack_amount(unpacker);
        return true;
    }
    const uint8_t kind = unpack_u8(unpacker);
    if (kind != MOVE_BETWEEN_VENUES && kind != MOVE_BETWEEN_SPOKES) {
        return false;
    }
    move->kind = (enum move_kind)kind;
    move->source_domain = unpack_u32(unpacker);
    move->source = unpack_address(unpacker);
    move->source_venue = unpack_u32(unpacker);
    move->target_domain = move->source_domain;
    if (move->kind == MOVE_BETWEEN_SPOKES) {
        move->target_domain = unpack_u32(unpacker);
        move->target = unpack_address(unpacker);
    }
    move->target_venue = unpack_u32(unpacker);
    move->amount = unpack_amount(unpacker);
    return move->source_domain != NO_DOMAIN;
}

enum status approval_unpack(struct bytes bytes, struct approval *ret_approval)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct approval approval;

    memset(&approval, 0, sizeof(approval));
    if (unpack_u8(&unpacker) != FORMAT) {
        return STATUS_MALFORMED;
    }
    approval.plan_id = unpack_hash(&unpacker);
    approval.mandate = unpack_hash(&unpacker);
    approval.index = unpack_u32(&unpacker);
    approval.leg = unpack_u32(&unpacker);
    approval.expires_s = unpack_u64(&unpacker);
    const struct bytes signature = unpack_raw(&unpacker, sizeof(approval.signature.bytes));
    if (signature.count == sizeof(approval.signature.bytes)) {
        memcpy(approval.signature.bytes, signature.data, signature.count);
    }
    approval.moves_count = unpack_u32(&unpacker);
    if (approval.moves_count > APPROVAL_MOVES_MAX || approval.index >= approval.moves_count) {
        return STATUS_MALFORMED;
    }
    for (uint32_t i = 0; i < approval.moves_count; i++) {
        struct approval_move *move = &approval.moves[i];
        if (!unpack_move(&unpacker, move)) {
            return STATUS_MALFORMED;
        }
    }
    if (!unpack_places(&unpacker, &approval)) {
        return STATUS_MALFORMED;
    }
    *ret_approval = approval;
    return STATUS_OK;
}
