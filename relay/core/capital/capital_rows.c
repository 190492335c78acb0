/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/capital/capital_rows.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/core/tables.h"

/* ---- keys ---- */

static struct packer key_begin(uint8_t *memory, uint8_t table, uint8_t part)
{
    struct packer packer = packer_from(memory, CAPITAL_KEY_BYTES_MAX);

    pack_u8(&packer, table);
    pack_u8(&packer, part);
    return packer;
}

static struct bytes key_of_hash(uint8_t *memory, uint8_t table, uint8_t part, const struct hash *id)
{
    struct packer packer = key_begin(memory, table, part);

    pack_hash(&packer, id);
    return packer_finish(&packer);
}

static struct bytes key_of_domain(uint8_t *memory, uint8_t table, uint8_t part, uint32_t domain)
{
    struct packer packer = key_begin(memory, table, part);

    pack_u32(&packer, domain);
    return packer_finish(&packer);
}

static void pack_symbol(struct packer *packer, const char *symbol)
{
    pack_raw(packer, bytes_from(symbol, NAME_BYTES_MAX));
}

static struct bytes key_of_symbol(uint8_t *memory, uint8_t part, const char *symbol)
{
    struct packer packer = key_begin(memory, TABLE_PLAN, part);

    pack_symbol(&packer, symbol);
    return packer_finish(&packer);
}

struct bytes account_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct account *account)
{
    struct packer packer = packer_from(memory, CAPITAL_KEY_BYTES_MAX);

    pack_u8(&packer, TABLE_ACCOUNT);
    account_pack(&packer, account);
    return packer_finish(&packer);
}

struct bytes posting_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain, uint64_t sequence)
{
    struct packer packer = packer_from(memory, CAPITAL_KEY_BYTES_MAX);

    pack_u8(&packer, TABLE_POSTING);
    pack_u32(&packer, domain);
    pack_u64(&packer, sequence);
    return packer_finish(&packer);
}

struct bytes transit_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct hash *id)
{
    return key_of_hash(memory, TABLE_TRANSIT, 0, id);
}

struct bytes transit_open_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct hash *id)
{
    return key_of_hash(memory, TABLE_TRANSIT, 1, id);
}

struct bytes ledger_chain_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain)
{
    return key_of_domain(memory, TABLE_SNAPSHOT, 0, domain);
}

struct bytes ledger_asked_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain)
{
    return key_of_domain(memory, TABLE_SNAPSHOT, 1, domain);
}

struct bytes assembly_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain)
{
    return key_of_domain(memory, TABLE_SNAPSHOT, 2, domain);
}

struct bytes plan_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct hash *id)
{
    return key_of_hash(memory, TABLE_PLAN, 0, id);
}

struct bytes plan_order_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint64_t sequence)
{
    struct packer packer = key_begin(memory, TABLE_PLAN, 1);

    pack_u64(&packer, sequence);
    return packer_finish(&packer);
}

struct bytes plan_asset_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], enum move_kind kind,
                            const char *symbol)
{
    return key_of_symbol(memory, kind == MOVE_BETWEEN_ROUTERS ? 2 : 5, symbol);
}

struct bytes plan_network_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], enum move_kind kind,
                              const char *symbol)
{
    return key_of_symbol(memory, kind == MOVE_BETWEEN_ROUTERS ? 3 : 6, symbol);
}

struct bytes plan_clock_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX])
{
    struct packer packer = key_begin(memory, TABLE_PLAN, 4);

    return packer_finish(&packer);
}

struct bytes move_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct hash *id)
{
    return key_of_hash(memory, TABLE_MOVE, 0, id);
}

struct bytes move_open_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct hash *id)
{
    return key_of_hash(memory, TABLE_MOVE, 1, id);
}

struct bytes move_leg_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct hash *leg_id)
{
    return key_of_hash(memory, TABLE_MOVE, 2, leg_id);
}

struct bytes vault_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain,
                       const struct address *vault)
{
    struct packer packer = key_begin(memory, TABLE_POSITION, 0);

    pack_u32(&packer, domain);
    pack_address(&packer, vault);
    return packer_finish(&packer);
}

struct bytes quotes_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain,
                        const struct address *router)
{
    struct packer packer = key_begin(memory, TABLE_POSITION, 1);

    pack_u32(&packer, domain);
    pack_address(&packer, router);
    return packer_finish(&packer);
}

/* ---- parts ---- */

static void unpack_symbol(struct unpacker *unpacker, char *ret_symbol)
{
    const struct bytes raw = unpack_raw(unpacker, NAME_BYTES_MAX);

    memset(ret_symbol, 0, NAME_BYTES_MAX);
    if (raw.count == NAME_BYTES_MAX) {
        memcpy(ret_symbol, raw.data, NAME_BYTES_MAX);
    }
}

/* A stored enum value, from 1 (or `least`) to `most`. */
static uint32_t unpack_enum(struct unpacker *unpacker, uint32_t least, uint32_t most)
{
    const uint32_t value = unpack_u16(unpacker);

    if (value < least || value > most) {
        unpacker->underrun = true;
        return least;
    }
    return value;
}

void account_pack(struct packer *packer, const struct account *account)
{
    pack_symbol(packer, account->symbol);
    pack_u8(packer, (uint8_t)account->kind);
    pack_u32(packer, account->domain);
    pack_address(packer, &account->address);
}

struct account account_unpack(struct unpacker *unpacker)
{
    struct account account;

    memset(&account, 0, sizeof(account));
    unpack_symbol(unpacker, account.symbol);
    /* 0: the empty account of a row that has none to name. */
    const uint8_t kind = unpack_u8(unpacker);
    if (kind >= ACCOUNT_KINDS_END) {
        unpacker->underrun = true;
        return account;
    }
    account.kind = (enum account_kind)kind;
    account.domain = unpack_u32(unpacker);
    account.address = unpack_address(unpacker);
    return account;
}

static void pack_balance(struct packer *packer, const struct account_balance *balance)
{
    pack_bool(packer, balance->negative);
    pack_amount(packer, &balance->amount);
}

static struct account_balance unpack_balance(struct unpacker *unpacker)
{
    struct account_balance balance;

    memset(&balance, 0, sizeof(balance));
    balance.negative = unpack_bool(unpacker);
    balance.amount = unpack_amount(unpacker);
    return balance;
}

struct account_balance account_balance_of(const struct account_row *row)
{
    struct account_balance balance;

    memset(&balance, 0, sizeof(balance));
    balance.negative = amount_compare(&row->debit, &row->credit) < 0;
    const struct amount *more = balance.negative ? &row->credit : &row->debit;
    const struct amount *less = balance.negative ? &row->debit : &row->credit;
    const enum status status = amount_subtract(more, less, &balance.amount);
    CHECK(status == STATUS_OK);
    return balance;
}

/* ---- ledger ---- */

void account_row_pack(struct packer *packer, const struct account_row *row)
{
    pack_amount(packer, &row->debit);
    pack_amount(packer, &row->credit);
    pack_bool(packer, row->opened);
    pack_u64(packer, row->block);
}

bool account_row_unpack(struct bytes bytes, struct account_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->debit = unpack_amount(&unpacker);
    ret_row->credit = unpack_amount(&unpacker);
    ret_row->opened = unpack_bool(&unpacker);
    ret_row->block = unpack_u64(&unpacker);
    return unpacker_is_done(&unpacker);
}

void posting_row_pack(struct packer *packer, const struct posting_row *row)
{
    pack_instant(packer, row->at);
    pack_u16(packer, (uint16_t)row->kind);
    account_pack(packer, &row->debit);
    account_pack(packer, &row->credit);
    pack_amount(packer, &row->amount);
    pack_u64(packer, row->block);
    pack_hash(packer, &row->transaction);
    pack_u32(packer, row->log_index);
    pack_hash(packer, &row->message_id);
    pack_u64(packer, row->record);
}

bool posting_row_unpack(struct bytes bytes, struct posting_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->at = unpack_instant(&unpacker);
    ret_row->kind = (enum posting_kind)unpack_enum(&unpacker, POSTING_OPENING, POSTING_YIELD);
    ret_row->debit = account_unpack(&unpacker);
    ret_row->credit = account_unpack(&unpacker);
    ret_row->amount = unpack_amount(&unpacker);
    ret_row->block = unpack_u64(&unpacker);
    ret_row->transaction = unpack_hash(&unpacker);
    ret_row->log_index = unpack_u32(&unpacker);
    ret_row->message_id = unpack_hash(&unpacker);
    ret_row->record = unpack_u64(&unpacker);
    return unpacker_is_done(&unpacker);
}

void transit_row_pack(struct packer *packer, const struct transit_row *row)
{
    pack_u16(packer, (uint16_t)row->kind);
    pack_symbol(packer, row->symbol);
    pack_u32(packer, row->origin);
    pack_u32(packer, row->destination);
    pack_address(packer, &row->source);
    pack_address(packer, &row->target);
    pack_bool(packer, row->sent);
    pack_amount(packer, &row->sent_amount);
    pack_u64(packer, row->sent_block);
    pack_bool(packer, row->delivered);
    pack_amount(packer, &row->delivered_amount);
    pack_u64(packer, row->delivered_block);
    pack_hash(packer, &row->move_id);
    pack_instant(packer, row->since);
}

bool transit_row_unpack(struct bytes bytes, struct transit_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->kind = (enum transit_kind)unpack_enum(&unpacker, TRANSIT_USER, TRANSIT_MOVE);
    unpack_symbol(&unpacker, ret_row->symbol);
    ret_row->origin = unpack_u32(&unpacker);
    ret_row->destination = unpack_u32(&unpacker);
    ret_row->source = unpack_address(&unpacker);
    ret_row->target = unpack_address(&unpacker);
    ret_row->sent = unpack_bool(&unpacker);
    ret_row->sent_amount = unpack_amount(&unpacker);
    ret_row->sent_block = unpack_u64(&unpacker);
    ret_row->delivered = unpack_bool(&unpacker);
    ret_row->delivered_amount = unpack_amount(&unpacker);
    ret_row->delivered_block = unpack_u64(&unpacker);
    ret_row->move_id = unpack_hash(&unpacker);
    ret_row->since = unpack_instant(&unpacker);
    return unpacker_is_done(&unpacker);
}

void ledger_chain_pack(struct packer *packer, const struct ledger_chain *row)
{
    pack_u16(packer, (uint16_t)row->state);
    pack_instant(packer, row->since);
    pack_u64(packer, row->applied_block);
    pack_hash(packer, &row->applied_hash);
    pack_instant(packer, row->applied_at);
    pack_u64(packer, row->reconciled_block);
    pack_hash(packer, &row->reconciled_hash);
    pack_instant(packer, row->reconciled_at);
    pack_bool(packer, row->asked);
    pack_u64(packer, row->asked_block);
    pack_hash(packer, &row->asked_hash);
    pack_instant(packer, row->asked_at);
    pack_instant(packer, row->ask_again);
    pack_u32(packer, row->attempts);
    pack_u32(packer, row->finals);
    pack_bool(packer, row->accept);
    account_pack(packer, &row->differing);
    pack_balance(packer, &row->ledger);
    pack_amount(packer, &row->chain);
}

bool ledger_chain_unpack(struct bytes bytes, struct ledger_chain *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->state = (enum ledger_state)unpack_enum(&unpacker, LEDGER_OPENING, LEDGER_UNRECONCILED);
    ret_row->since = unpack_instant(&unpacker);
    ret_row->applied_block = unpack_u64(&unpacker);
    ret_row->applied_hash = unpack_hash(&unpacker);
    ret_row->applied_at = unpack_instant(&unpacker);
    ret_row->reconciled_block = unpack_u64(&unpacker);
    ret_row->reconciled_hash = unpack_hash(&unpacker);
    ret_row->reconciled_at = unpack_instant(&unpacker);
    ret_row->asked = unpack_bool(&unpacker);
    ret_row->asked_block = unpack_u64(&unpacker);
    ret_row->asked_hash = unpack_hash(&unpacker);
    ret_row->asked_at = unpack_instant(&unpacker);
    ret_row->ask_again = unpack_instant(&unpacker);
    ret_row->attempts = unpack_u32(&unpacker);
    ret_row->finals = unpack_u32(&unpacker);
    ret_row->accept = unpack_bool(&unpacker);
    ret_row->differing = account_unpack(&unpacker);
    ret_row->ledger = unpack_balance(&unpacker);
    ret_row->chain = unpack_amount(&unpacker);
    return unpacker_is_done(&unpacker);
}

static void pack_entry(struct packer *packer, const struct assembly_entry *entry)
{
    account_pack(packer, &entry->account);
    pack_amount(packer, &entry->in);
    pack_amount(packer, &entry->out);
    pack_amount(packer, &entry->to_bridge);
    pack_bool(packer, entry->sent);
    pack_u32(packer, entry->sent_remote);
    pack_address(packer, &entry->sent_recipient);
    pack_amount(packer, &entry->sent_amount);
    pack_bool(packer, entry->received);
    pack_hash(packer, &entry->received_id);
    pack_u32(packer, entry->received_remote);
    pack_address(packer, &entry->received_recipient);
    pack_bool(packer, entry->dispatched);
    pack_hash(packer, &entry->dispatched_id);
    pack_u32(packer, entry->dispatched_destination);
    pack_address(packer, &entry->dispatched_recipient);
}

static void unpack_entry(struct unpacker *unpacker, struct assembly_entry *ret_entry)
{
    ret_entry->account = account_unpack(unpacker);
    ret_entry->in = unpack_amount(unpacker);
    ret_entry->out = unpack_amount(unpacker);
    ret_entry->to_bridge = unpack_amount(unpacker);
    ret_entry->sent = unpack_bool(unpacker);
    ret_entry->sent_remote = unpack_u32(unpacker);
    ret_entry->sent_recipient = unpack_address(unpacker);
    ret_entry->sent_amount = unpack_amount(unpacker);
    ret_entry->received = unpack_bool(unpacker);
    ret_entry->received_id = unpack_hash(unpacker);
    ret_entry->received_remote = unpack_u32(unpacker);
    ret_entry->received_recipient = unpack_address(unpacker);
    ret_entry->dispatched = unpack_bool(unpacker);
    ret_entry->dispatched_id = unpack_hash(unpacker);
    ret_entry->dispatched_destination = unpack_u32(unpacker);
    ret_entry->dispatched_recipient = unpack_address(unpacker);
}

void assembly_pack(struct packer *packer, const struct assembly *row)
{
    CHECK(row->count <= ASSEMBLY_ENTRIES_MAX);
    pack_u64(packer, row->sequence);
    pack_bool(packer, row->open);
    pack_u64(packer, row->block);
    pack_hash(packer, &row->transaction);
    pack_u32(packer, row->log_index);
    pack_u64(packer, row->record);
    pack_bool(packer, row->processing);
    pack_hash(packer, &row->process_id);
    pack_u32(packer, row->count);
    for (uint32_t i = 0; i < row->count; i++) {
        pack_entry(packer, &row->entries[i]);
    }
}

bool assembly_unpack(struct bytes bytes, struct assembly *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->sequence = unpack_u64(&unpacker);
    ret_row->open = unpack_bool(&unpacker);
    ret_row->block = unpack_u64(&unpacker);
    ret_row->transaction = unpack_hash(&unpacker);
    ret_row->log_index = unpack_u32(&unpacker);
    ret_row->record = unpack_u64(&unpacker);
    ret_row->processing = unpack_bool(&unpacker);
    ret_row->process_id = unpack_hash(&unpacker);
    ret_row->count = unpack_u32(&unpacker);
    if (ret_row->count > ASSEMBLY_ENTRIES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < ret_row->count; i++) {
        unpack_entry(&unpacker, &ret_row->entries[i]);
    }
    return unpacker_is_done(&unpacker);
}

/* ---- plans ---- */

static void pack_plan_move(struct packer *packer, const struct plan_move *move)
{
    pack_u8(packer, (uint8_t)move->kind);
    pack_u32(packer, move->source_domain);
    pack_address(packer, &move->source);
    pack_u32(packer, move->source_venue);
    pack_u32(packer, move->target_domain);
    pack_address(packer, &move->target);
    pack_u32(packer, move->target_venue);
    pack_amount(packer, &move->amount);
}

static struct plan_move unpack_plan_move(struct unpacker *unpacker)
{
    struct plan_move move;

    memset(&move, 0, sizeof(move));
    const uint8_t kind = unpack_u8(unpacker);
    unpacker->underrun |= kind < MOVE_BETWEEN_ROUTERS || kind > MOVE_BETWEEN_SPOKES;
    move.kind = (enum move_kind)kind;
    move.source_domain = unpack_u32(unpacker);
    move.source = unpack_address(unpacker);
    move.source_venue = unpack_u32(unpacker);
    move.target_domain = unpack_u32(unpacker);
    move.target = unpack_address(unpacker);
    move.target_venue = unpack_u32(unpacker);
    move.amount = unpack_amount(unpacker);
    return move;
}

static void unpack_signature(struct unpacker *unpacker, struct signature *ret_signature)
{
    const struct bytes bytes = unpack_raw(unpacker, sizeof(ret_signature->bytes));

    if (bytes.count == sizeof(ret_signature->bytes)) {
        memcpy(ret_signature->bytes, bytes.data, bytes.count);
    }
}

void plan_row_pack(struct packer *packer, const struct plan_row *row)
{
    CHECK(row->places_count <= PLAN_ROUTERS_MAX);
    CHECK(row->moves_count <= PLAN_MOVES_MAX);
    CHECK(row->binding_count <= PLAN_LIMITS_MAX);
    pack_u16(packer, (uint16_t)row->state);
    pack_u16(packer, (uint16_t)row->reason);
    pack_symbol(packer, row->symbol);
    pack_instant(packer, row->made_at);
    pack_instant(packer, row->decided_at);
    pack_hash(packer, &row->limits);
    pack_amount(packer, &row->total);
    pack_amount(packer, &row->cost);
    pack_u32(packer, row->uid);
    pack_u64(packer, row->approval_expires_s);
    pack_raw(packer, bytes_from(row->approval.bytes, sizeof(row->approval.bytes)));
    pack_u32(packer, row->places_count);
    for (uint32_t i = 0; i < row->places_count; i++) {
        const struct plan_place *place = &row->places[i];
        pack_u32(packer, place->domain);
        pack_address(packer, &place->router);
        pack_u32(packer, place->venue);
        pack_balance(packer, &place->effective);
        pack_amount(packer, &place->goal);
        pack_u64(packer, place->block);
    }
    pack_u32(packer, row->moves_count);
    for (uint32_t i = 0; i < row->moves_count; i++) {
        pack_plan_move(packer, &row->moves[i]);
        pack_amount(packer, &row->gains[i]);
        pack_amount(packer, &row->costs[i]);
    }
    pack_u32(packer, row->gap_ppm);
    pack_u32(packer, row->binding_count);
    for (uint32_t i = 0; i < row->binding_count; i++) {
        pack_u16(packer, (uint16_t)row->binding[i].kind);
        pack_u32(packer, row->binding[i].source_domain);
        pack_u32(packer, row->binding[i].target_domain);
        pack_u64(packer, row->binding[i].price_nano);
    }
}

static bool unpack_plan_limits(struct unpacker *unpacker, struct plan_row *row)
{
    row->gap_ppm = unpack_u32(unpacker);
    row->binding_count = unpack_u32(unpacker);
    if (row->binding_count > PLAN_LIMITS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < row->binding_count; i++) {
        row->binding[i].kind =
            (enum plan_limit_kind)unpack_enum(unpacker, PLAN_LIMIT_LEAVING, PLAN_LIMIT_ISSUER);
        row->binding[i].source_domain = unpack_u32(unpacker);
        row->binding[i].target_domain = unpack_u32(unpacker);
        row->binding[i].price_nano = unpack_u64(unpacker);
    }
    return true;
}

static bool unpack_plan_places(struct unpacker *unpacker, struct plan_row *row)
{
    row->places_count = unpack_u32(unpacker);
    if (row->places_count > PLAN_ROUTERS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < row->places_count; i++) {
        struct plan_place *place = &row->places[i];
        place->domain = unpack_u32(unpacker);
        place->router = unpack_address(unpacker);
        place->venue = unpack_u32(unpacker);
        place->effective = unpack_balance(unpacker);
        place->goal = unpack_amount(unpacker);
        place->block = unpack_u64(unpacker);
    }
    return true;
}

bool plan_row_unpack(struct bytes bytes, struct plan_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->state = (enum plan_state)unpack_enum(&unpacker, PLAN_OBSERVED, PLAN_DONE);
    ret_row->reason = (enum reason)unpack_u16(&unpacker);
    unpack_symbol(&unpacker, ret_row->symbol);
    ret_row->made_at = unpack_instant(&unpacker);
    ret_row->decided_at = unpack_instant(&unpacker);
    ret_row->limits = unpack_hash(&unpacker);
    ret_row->total = unpack_amount(&unpacker);
    ret_row->cost = unpack_amount(&unpacker);
    ret_row->uid = unpack_u32(&unpacker);
    ret_row->approval_expires_s = unpack_u64(&unpacker);
    unpack_signature(&unpacker, &ret_row->approval);
    if (!unpack_plan_places(&unpacker, ret_row)) {
        return false;
    }
    ret_row->moves_count = unpack_u32(&unpacker);
    if (ret_row->moves_count > PLAN_MOVES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < ret_row->moves_count; i++) {
        ret_row->moves[i] = unpack_plan_move(&unpacker);
        ret_row->gains[i] = unpack_amount(&unpacker);
        ret_row->costs[i] = unpack_amount(&unpacker);
    }
    return unpack_plan_limits(&unpacker, ret_row) && unpacker_is_done(&unpacker);
}

void plan_asset_pack(struct packer *packer, const struct plan_asset *row)
{
    pack_u16(packer, (uint16_t)row->reason);
    pack_instant(packer, row->since);
    pack_bool(packer, row->asked);
    pack_hash(packer, &row->network_id);
    pack_instant(packer, row->asked_at);
    pack_hash(packer, &row->seen_id);
    pack_hash(packer, &row->plan_id);
    pack_instant(packer, row->last_move_at);
    pack_instant(packer, row->window_at);
    pack_amount(packer, &row->moved_now);
    pack_amount(packer, &row->moved_before);
    pack_amount(packer, &row->spent_now);
    pack_amount(packer, &row->spent_before);
}

bool plan_asset_unpack(struct bytes bytes, struct plan_asset *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->reason = (enum reason)unpack_u16(&unpacker);
    ret_row->since = unpack_instant(&unpacker);
    ret_row->asked = unpack_bool(&unpacker);
    ret_row->network_id = unpack_hash(&unpacker);
    ret_row->asked_at = unpack_instant(&unpacker);
    ret_row->seen_id = unpack_hash(&unpacker);
    ret_row->plan_id = unpack_hash(&unpacker);
    ret_row->last_move_at = unpack_instant(&unpacker);
    ret_row->window_at = unpack_instant(&unpacker);
    ret_row->moved_now = unpack_amount(&unpacker);
    ret_row->moved_before = unpack_amount(&unpacker);
    ret_row->spent_now = unpack_amount(&unpacker);
    ret_row->spent_before = unpack_amount(&unpacker);
    return unpacker_is_done(&unpacker);
}

void plan_clock_pack(struct packer *packer, const struct plan_clock *row)
{
    pack_instant(packer, row->due);
    pack_u64(packer, row->sequence);
}

bool plan_clock_unpack(struct bytes bytes, struct plan_clock *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->due = unpack_instant(&unpacker);
    ret_row->sequence = unpack_u64(&unpacker);
    return unpacker_is_done(&unpacker);
}

/* ---- moves ---- */

void move_row_pack(struct packer *packer, const struct move_row *row)
{
    pack_u16(packer, (uint16_t)row->state);
    pack_u16(packer, (uint16_t)row->reason);
    pack_instant(packer, row->since);
    pack_instant(packer, row->created);
    pack_instant(packer, row->retry_at);
    pack_hash(packer, &row->plan_id);
    pack_u32(packer, row->index);
    pack_u32(packer, row->leg);
    pack_symbol(packer, row->symbol);
    pack_plan_move(packer, &row->move);
    pack_u32(packer, row->attempts);
    pack_amount(packer, &row->fee_native);
    pack_amount(packer, &row->fee_token);
    pack_bool(packer, row->ended_leg);
    pack_amount(packer, &row->gas_cost);
    pack_hash(packer, &row->transaction);
    pack_hash(packer, &row->message_id);
    pack_amount(packer, &row->sent_amount);
    pack_amount(packer, &row->arrived_amount);
    pack_u64(packer, row->sent_block);
    pack_u64(packer, row->arrived_block);
    pack_amount(packer, &row->booked_before);
    pack_instant(packer, row->booked_at);
    pack_raw(packer, bytes_from(row->words, sizeof(row->words)));
}

bool move_row_unpack(struct bytes bytes, struct move_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->state = (enum move_state)unpack_enum(&unpacker, MOVE_RESERVED, MOVE_FAILED);
    ret_row->reason = (enum reason)unpack_u16(&unpacker);
    ret_row->since = unpack_instant(&unpacker);
    ret_row->created = unpack_instant(&unpacker);
    ret_row->retry_at = unpack_instant(&unpacker);
    ret_row->plan_id = unpack_hash(&unpacker);
    ret_row->index = unpack_u32(&unpacker);
    ret_row->leg = unpack_u32(&unpacker);
    unpack_symbol(&unpacker, ret_row->symbol);
    ret_row->move = unpack_plan_move(&unpacker);
    ret_row->attempts = unpack_u32(&unpacker);
    ret_row->fee_native = unpack_amount(&unpacker);
    ret_row->fee_token = unpack_amount(&unpacker);
    ret_row->ended_leg = unpack_bool(&unpacker);
    ret_row->gas_cost = unpack_amount(&unpacker);
    ret_row->transaction = unpack_hash(&unpacker);
    ret_row->message_id = unpack_hash(&unpacker);
    ret_row->sent_amount = unpack_amount(&unpacker);
    ret_row->arrived_amount = unpack_amount(&unpacker);
    ret_row->sent_block = unpack_u64(&unpacker);
    ret_row->arrived_block = unpack_u64(&unpacker);
    ret_row->booked_before = unpack_amount(&unpacker);
    ret_row->booked_at = unpack_instant(&unpacker);
    const struct bytes words = unpack_raw(&unpacker, sizeof(ret_row->words));
    if (words.count == sizeof(ret_row->words)) {
        memcpy(ret_row->words, words.data, sizeof(ret_row->words));
        ret_row->words[sizeof(ret_row->words) - 1] = '\0';
    }
    return unpacker_is_done(&unpacker);
}

/* ---- readings ---- */

void vault_row_pack(struct packer *packer, const struct vault_row *row)
{
    pack_u64(packer, row->block);
    pack_hash(packer, &row->block_hash);
    pack_address(packer, &row->state.vault);
    pack_amount(packer, &row->state.total_assets);
    pack_amount(packer, &row->state.total_shares);
    pack_amount(packer, &row->state.own_shares);
    pack_amount(packer, &row->state.assets_per_share);
    pack_amount(packer, &row->deposited);
    pack_amount(packer, &row->withdrawn);
    pack_u64(packer, row->deposits_count);
    pack_u64(packer, row->withdrawals_count);
    pack_u64(packer, row->fact_block);
}

bool vault_row_unpack(struct bytes bytes, struct vault_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->block = unpack_u64(&unpacker);
    ret_row->block_hash = unpack_hash(&unpacker);
    ret_row->state.vault = unpack_address(&unpacker);
    ret_row->state.total_assets = unpack_amount(&unpacker);
    ret_row->state.total_shares = unpack_amount(&unpacker);
    ret_row->state.own_shares = unpack_amount(&unpacker);
    ret_row->state.assets_per_share = unpack_amount(&unpacker);
    ret_row->deposited = unpack_amount(&unpacker);
    ret_row->withdrawn = unpack_amount(&unpacker);
    ret_row->deposits_count = unpack_u64(&unpacker);
    ret_row->withdrawals_count = unpack_u64(&unpacker);
    ret_row->fact_block = unpack_u64(&unpacker);
    return unpacker_is_done(&unpacker);
}

void quote_row_pack(struct packer *packer, const struct quote_row *row)
{
    pack_u32(packer, row->destination);
    pack_u64(packer, row->block);
    pack_hash(packer, &row->block_hash);
    pack_amount(packer, &row->amount);
    pack_amount(packer, &row->fee_native);
    pack_amount(packer, &row->fee_token);
}

bool quote_row_find(struct bytes bytes, uint32_t destination, struct quote_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    while (!unpacker_is_done(&unpacker) && !unpacker.underrun) {
        memset(ret_row, 0, sizeof(*ret_row));
        ret_row->destination = unpack_u32(&unpacker);
        ret_row->block = unpack_u64(&unpacker);
        ret_row->block_hash = unpack_hash(&unpacker);
        ret_row->amount = unpack_amount(&unpacker);
        ret_row->fee_native = unpack_amount(&unpacker);
        ret_row->fee_token = unpack_amount(&unpacker);
        if (!unpacker.underrun && ret_row->destination == destination) {
            return true;
        }
    }
    return false;
}
