/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/approval.h"

#include <assert.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "relay/base/pack.h"

#define FORMAT            1u
#define MOVE_BYTES        (4u + 32u + 4u + 32u)
#define NUMBER_DIGITS_MAX 20u

static_assert(APPROVAL_MOVES_MAX * MOVE_BYTES + 256u < APPROVAL_BYTES_MAX, "all moves fit");

struct hash approval_move_id(const struct hash *plan_id, uint32_t index)
{
    uint8_t bytes[36];
    struct packer packer = packer_from(bytes, sizeof(bytes));

    pack_hash(&packer, plan_id);
    pack_u32(&packer, index);
    return sha2_of(packer_finish(&packer));
}

static void pack_moves(struct packer *packer, const struct approval *approval)
{
    CHECK(approval->moves_count <= APPROVAL_MOVES_MAX);
    pack_u32(packer, approval->moves_count);
    for (uint32_t i = 0; i < approval->moves_count; i++) {
        const struct approval_move *move = &approval->moves[i];
        pack_u32(packer, move->source_domain);
        pack_address(packer, &move->source);
        pack_u32(packer, move->target_domain);
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

struct bytes approval_pack(const struct approval *approval, uint8_t memory[APPROVAL_BYTES_MAX])
{
    struct packer packer = packer_from(memory, APPROVAL_BYTES_MAX);

    CHECK(approval->index < approval->moves_count);
    pack_u8(&packer, FORMAT);
    pack_hash(&packer, &approval->plan_id);
    pack_hash(&packer, &approval->mandate);
    pack_u32(&packer, approval->index);
    pack_u64(&packer, approval->expires_s);
    pack_raw(&packer, bytes_from(approval->signature.bytes, sizeof(approval->signature.bytes)));
    pack_moves(&packer, approval);
    return packer_finish(&packer);
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
        move->source_domain = unpack_u32(&unpacker);
        move->source = unpack_address(&unpacker);
        move->target_domain = unpack_u32(&unpacker);
        move->amount = unpack_amount(&unpacker);
    }
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_MALFORMED;
    }
    *ret_approval = approval;
    return STATUS_OK;
}
