/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/evm/venues/venue.h"

#include <string.h>

#include "chains/evm/abi.h"
#include "relay/base/check.h"

#define KIND_VAULT     1u
#define KIND_AAVE      2u
#define KINDS_MAX      3u
#define WHOLE_BPS      UINT64_C(10000)
#define DAY_S          UINT64_C(86400)
#define PRICE_PER_BOOK UINT64_C(1000) /* VENUE_PRICED_SHARES of 10^6 */

/* A bytes4: four bytes, then zeros. */
static uint32_t read_selector(struct abi_reader *reader)
{
    const struct hash word = abi_read_hash(reader);

    for (size_t i = 4; i < sizeof(word.bytes); i++) {
        reader->malformed |= word.bytes[i] != 0;
    }
    return (uint32_t)word.bytes[0] << 24 | (uint32_t)word.bytes[1] << 16 |
           (uint32_t)word.bytes[2] << 8 | word.bytes[3];
}

enum status venue_books_read(struct bytes returned, struct venue_books *ret_books)
{
    struct abi_reader reader = abi_reader_from(returned);
    struct venue_books books = {.kind = abi_read_u32(&reader)};
    const uint64_t open = abi_read_u64(&reader);

    books.open = open == 1;
    books.place = abi_read_address(&reader);
    books.code = abi_read_hash(&reader);
    books.probe_at = abi_read_address(&reader);
    books.probe = read_selector(&reader);
    books.probe_word = abi_read_hash(&reader);
    books.asset = abi_read_address(&reader);
    books.receipt = abi_read_address(&reader); /* a vault's is the vault */
    (void)abi_read_address(&reader);           /* debt */
    books.cap = abi_read_amount(&reader);
    (void)abi_read_amount(&reader); /* debtCap */
    (void)abi_read_amount(&reader); /* healthMin */
    books.supply_min = abi_read_amount(&reader);
    books.jump_bps_max = abi_read_u32(&reader);
    books.book_at_s = abi_read_u64(&reader);
    books.book = abi_read_amount(&reader);
    if (!abi_reader_is_done(&reader) || open > 1 || books.kind > KINDS_MAX ||
        books.jump_bps_max > UINT16_MAX) {
        return STATUS_MALFORMED;
    }
    *ret_books = books;
    return STATUS_OK;
}

bool venue_is_in_books(const struct core_venue *venue, const struct address *token,
                       const struct venue_books *books)
{
    const bool is_there =
        address_equal(&books->place, &venue->venue) && address_equal(&books->asset, token);

    switch (venue->kind) {
    case VENUE_ERC4626:
        return is_there && books->kind == KIND_VAULT;
    case VENUE_AAVE:
        return is_there && books->kind == KIND_AAVE &&
               address_equal(&books->receipt, &venue->receipt);
    }
    CHECK(false);
    return false;
}

/* Saturates: a bound that cannot be computed bounds nothing, and the price is held to the other. */
static struct amount times_over(const struct amount *amount, uint64_t times, uint64_t over)
{
    const struct amount factor = amount_from_u64(times);
    const struct amount divisor = amount_from_u64(over);
    struct amount result;

    return amount_scale_floor(amount, &factor, &divisor, &result) == STATUS_OK ? result
                                                                               : amount_max();
}

static struct amount sum(const struct amount *a, const struct amount *b)
{
    struct amount result;

    return amount_add(a, b, &result) == STATUS_OK ? result : amount_max();
}

/* As Venues.mark judges it: a band around the book, which rises by itself once a day. */
static bool price_jumped(const struct venue_reading *reading)
{
    const struct venue_books *books = &reading->books;
    const struct amount band = times_over(&books->book, books->jump_bps_max, WHOLE_BPS);
    const uint64_t age_s =
        reading->time_s > books->book_at_s ? reading->time_s - books->book_at_s : 0;
    const struct amount growth = times_over(&band, age_s, DAY_S);
    struct amount most = sum(&books->book, &band);
    struct amount price = reading->price;
    const struct amount thousand = amount_from_u64(PRICE_PER_BOOK);

    most = sum(&most, &growth);
    const enum status status = amount_div_floor(&price, &thousand, &price);
    CHECK(status == STATUS_OK); /* by a thousand */
    const struct amount raised = sum(&price, &band);
    return amount_is_zero(&price) || amount_compare(&price, &most) > 0 ||
           amount_compare(&raised, &books->book) < 0;
}

static enum venue_gate vault_gate(const struct venue_reading *reading)
{
    const struct venue_books *books = &reading->books;

    if (reading->paused) {
        return VENUE_PAUSED;
    }
    if (amount_is_zero(&reading->supply) ||
        amount_compare(&reading->supply, &books->supply_min) < 0) {
        return VENUE_SUPPLY_LOW;
    }
    return price_jumped(reading) ? VENUE_PRICE_JUMPED : VENUE_OPEN;
}

static enum venue_gate reserve_gate(const struct venue_reading *reading)
{
    const struct aave_reserve *reserve = &reading->reserve.reserve;
    const struct amount room = aave_room(&reading->reserve);

    if (!address_equal(&reserve->receipt, &reading->books.receipt)) {
        return VENUE_RECEIPT_CHANGED;
    }
    if (reserve->paused) {
        return VENUE_PAUSED;
    }
    if (!reserve->active || reserve->frozen) {
        return VENUE_FROZEN;
    }
    if (aave_is_insolvent(&reading->reserve)) {
        return VENUE_INSOLVENT;
    }
    return amount_is_zero(&room) ? VENUE_FULL : VENUE_OPEN;
}

enum venue_gate venue_gate_of(const struct core_venue *venue, const struct venue_reading *reading)
{
    const struct venue_books *books = &reading->books;

    if (!books->open) {
        return VENUE_SHUT;
    }
    if (!hash_equal(&reading->code, &books->code) ||
        (books->probe != 0 && !hash_equal(&reading->probe_word, &books->probe_word))) {
        return VENUE_CODE_CHANGED;
    }
    if (!hash_is_zero(&venue->code) && !hash_equal(&venue->code, &reading->code)) {
        return VENUE_CODE_CHANGED; /* not what the owner allowed, whatever the spoke says */
    }
    switch (venue->kind) {
    case VENUE_ERC4626:
        return vault_gate(reading);
    case VENUE_AAVE:
        return reserve_gate(reading);
    }
    CHECK(false);
    return VENUE_SHUT;
}

static struct amount rest_below(const struct amount *most, const struct amount *used)
{
    struct amount rest;

    return amount_subtract(most, used, &rest) == STATUS_OK ? rest : amount_zero();
}

/* What the venue itself takes and gives now. */
struct venue_doors {
    struct amount in;
    struct amount out;
};

static struct venue_doors doors_of(const struct core_venue *venue,
                                   const struct venue_reading *reading)
{
    const struct aave_reserve *reserve = &reading->reserve.reserve;

    if (venue->kind == VENUE_ERC4626) {
        return (struct venue_doors){.in = reading->deposit_max, .out = reading->withdraw_max};
    }
    return (struct venue_doors){
        .in = aave_room(&reading->reserve),
        .out = reserve->paused || !reserve->active ? amount_zero() : reading->reserve.liquidity};
}

enum status venue_state_of(const struct core_venue *venue, const struct venue_reading *reading,
                           struct venue_state *state)
{
    struct amount cap = reading->books.cap;
    const struct venue_doors doors = doors_of(venue, reading);

    if (!amount_is_zero(&venue->cap)) {
        cap = amount_smaller(&cap, &venue->cap);
    }
    const struct amount room = rest_below(&cap, &reading->supplied);
    state->gate = venue_gate_of(venue, reading);
    state->supplied = reading->supplied;
    state->owed = reading->owed;
    state->enter_max = state->gate == VENUE_OPEN ? amount_smaller(&doors.in, &room) : amount_zero();
    state->leave_max = amount_smaller(&doors.out, &reading->supplied);
    state->share_price = reading->price;
    state->pieces_count = 0;
    state->account_debt = reading->reserve.account.debt;
    state->account_guard = reading->reserve.account.guard;
    state->unit_guard = reading->reserve.unit_guard;
    state->unit_price = reading->reserve.unit_price;
    state->unit_debt = reading->reserve.unit_debt;
    if (venue->kind == VENUE_ERC4626 || state->gate == VENUE_RECEIPT_CHANGED) {
        return STATUS_OK;
    }
    /* Of a closed one too: what is inside earns, and may be worth taking out. */
    const struct amount most = sum(&reading->supplied, &state->enter_max);
    return aave_curve(&reading->reserve, &reading->supplied, &most, state->pieces,
                      &state->pieces_count);
}
