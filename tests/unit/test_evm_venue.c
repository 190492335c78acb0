/* SPDX-License-Identifier: Apache-2.0 */
/* What a venue says, held against a spoke's books: each gate closes for its own reason and lets
 * nothing in; what is inside may leave. */
#include "chains/evm/abi.h"
#include "chains/evm/venues/venue.h"
#include "relay/base/check.h"
#include "tests/support/literal.h"
#include "tests/support/unit.h"

#define BOOK_AT_S   UINT64_C(1790000000)
#define BOOK        1010000000000u /* 10^6 shares at 1.01, 6 decimals */
#define WORDS_COUNT 17u

static struct core_venue venue;
static struct venue_reading reading;

static int set_up(void **state)
{
    (void)state;
    memset(&venue, 0, sizeof(venue));
    memset(&reading, 0, sizeof(reading));
    venue.kind = VENUE_ERC4626;
    venue.venue = evm_filled(0x44);
    reading.books.kind = 1;
    reading.books.open = true;
    reading.books.place = venue.venue;
    reading.books.asset = evm_filled(0x55);
    memset(reading.books.code.bytes, 0xcc, 32);
    reading.code = reading.books.code;
    reading.books.cap = amount_from_u64(1000);
    reading.books.supply_min = amount_from_u64(50);
    reading.books.jump_bps_max = 50;
    reading.books.book_at_s = BOOK_AT_S;
    reading.books.book = amount_from_u64(BOOK);
    reading.time_s = BOOK_AT_S;
    reading.price = amount_from_u64(BOOK * UINT64_C(1000));
    reading.supply = amount_from_u64(50);
    reading.supplied = amount_from_u64(300);
    reading.deposit_max = amount_from_u64(5000);
    reading.withdraw_max = amount_from_u64(250);
    return 0;
}

static uint64_t small(struct amount amount)
{
    uint64_t number = UINT64_MAX;

    assert_status(STATUS_OK, amount_to_u64(&amount, &number));
    return number;
}

static struct venue_state state_now(void)
{
    struct venue_state state = {.index = 7};

    assert_status(STATUS_OK, venue_state_of(&venue, &reading, &state));
    return state;
}

static void an_open_venue_takes_up_to_its_caps(void **state)
{
    (void)state;
    struct venue_state now = state_now();

    assert_int_equal(now.gate, VENUE_OPEN);
    assert_int_equal(now.index, 7);
    assert_int_equal(small(now.supplied), 300);
    assert_int_equal(small(now.enter_max), 700); /* the spoke's cap less what is in it */
    assert_int_equal(small(now.leave_max), 250); /* what the venue can pay now */
    assert_int_equal(small(now.share_price), BOOK * UINT64_C(1000));
    venue.cap = amount_from_u64(400); /* the mandate's is tighter */
    assert_int_equal(small(state_now().enter_max), 100);
    venue.cap = amount_from_u64(200); /* and may be below what is there */
    assert_int_equal(small(state_now().enter_max), 0);
    venue.cap = amount_zero();
    reading.deposit_max = amount_from_u64(33);
    reading.withdraw_max = amount_max();
    now = state_now();
    assert_int_equal(small(now.enter_max), 33);
    assert_int_equal(small(now.leave_max), 300);
}

static void assert_gate(enum venue_gate gate)
{
    const struct venue_state now = state_now();

    assert_int_equal(now.gate, gate);
    assert_int_equal(small(now.enter_max), gate == VENUE_OPEN ? 700 : 0);
    assert_int_equal(small(now.leave_max), 250);
    assert_int_equal(small(now.supplied), 300);
}

static void each_gate_closes_for_its_reason(void **state)
{
    (void)state;
    reading.books.open = false;
    assert_gate(VENUE_SHUT);
    reading.books.open = true;
    reading.code.bytes[31] ^= 1;
    assert_gate(VENUE_CODE_CHANGED);
    reading.code.bytes[31] ^= 1;
    reading.probe_word.bytes[0] = 1;
    assert_gate(VENUE_OPEN); /* nothing was to be probed */
    reading.books.probe = 0x5c60da1b;
    assert_gate(VENUE_CODE_CHANGED); /* upgraded behind the same code */
    reading.books.probe_word.bytes[0] = 1;
    assert_gate(VENUE_OPEN);
    reading.paused = true;
    assert_gate(VENUE_PAUSED);
    reading.paused = false;
    reading.supply = amount_from_u64(49);
    assert_gate(VENUE_SUPPLY_LOW);
    reading.books.supply_min = amount_zero();
    assert_gate(VENUE_OPEN);
    reading.supply = amount_zero();
    assert_gate(VENUE_SUPPLY_LOW); /* without shares there is no price */
}

/* The band is 50 basis points of the book, 5,050,000,000, and rises by itself once a day. */
static void a_share_price_stays_in_its_band(void **state)
{
    (void)state;
    static const struct {
        uint64_t price; /* of 10^6 shares */
        uint64_t age_s;
        enum venue_gate gate;
    } cases[] = {
        {BOOK + UINT64_C(5050000000), 0, VENUE_OPEN},
        {BOOK + UINT64_C(5050000001), 0, VENUE_PRICE_JUMPED},
        {BOOK + UINT64_C(5050000001), 86400, VENUE_OPEN},
        {BOOK + UINT64_C(10100000000), 86400, VENUE_OPEN},
        {BOOK + UINT64_C(10100000001), 86400, VENUE_PRICE_JUMPED},
        {BOOK - UINT64_C(5050000000), 0, VENUE_OPEN},
        {BOOK - UINT64_C(5050000001), 0, VENUE_PRICE_JUMPED},
        {BOOK - UINT64_C(5050000001), 864000, VENUE_PRICE_JUMPED}, /* no day lets it fall */
        {0, 0, VENUE_PRICE_JUMPED},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        reading.price = amount_from_u64(cases[i].price * 1000);
        reading.time_s = BOOK_AT_S + cases[i].age_s;
        if (state_now().gate != cases[i].gate) {
            fail_msg("case %zu: gate %d", i, (int)state_now().gate);
        }
    }
    /* Numbers beyond reason close it and break nothing. */
    reading.price = amount_max();
    assert_int_equal(state_now().gate, VENUE_PRICE_JUMPED);
    reading.books.book = amount_max();
    reading.price = amount_from_u64(1000);
    assert_int_equal(state_now().gate, VENUE_PRICE_JUMPED);
    /* A book of nothing has no band: any price is a jump from it. */
    reading.books.book = amount_zero();
    assert_int_equal(state_now().gate, VENUE_PRICE_JUMPED);
}

static struct bytes books_bytes(uint8_t memory[32 * WORDS_COUNT])
{
    struct abi_writer writer = abi_writer_from(memory, (size_t)32 * WORDS_COUNT);
    const struct hash code = {.bytes = {1, 2, 3}};
    const struct hash probe = {.bytes = {0x5c, 0x60, 0xda, 0x1b}};
    const struct address none = {{0}};
    const struct address place = evm_filled(0x44);
    const struct address asset = evm_filled(0x55);
    const struct address at = evm_filled(0x66);

    abi_write_u64(&writer, 1);
    abi_write_u64(&writer, 1);
    abi_write_address(&writer, &place);
    abi_write_hash(&writer, code.bytes);
    abi_write_address(&writer, &at);
    abi_write_hash(&writer, probe.bytes);
    abi_write_hash(&writer, code.bytes);
    abi_write_address(&writer, &asset);
    abi_write_address(&writer, &place);
    abi_write_address(&writer, &none);
    abi_write_u64(&writer, 1000);
    abi_write_u64(&writer, 0);
    abi_write_u64(&writer, 0);
    abi_write_u64(&writer, 50);
    abi_write_u64(&writer, 60);
    abi_write_u64(&writer, BOOK_AT_S);
    abi_write_u64(&writer, BOOK);
    CHECK(!writer.overrun);
    return buffer_bytes(&writer.buffer);
}

static void books_are_read_word_by_word(void **state)
{
    (void)state;
    uint8_t memory[32 * WORDS_COUNT];
    const struct bytes bytes = books_bytes(memory);
    const struct address at = evm_filled(0x66);
    const struct address asset = evm_filled(0x55);
    struct venue_books books;

    assert_status(STATUS_OK, venue_books_read(bytes, &books));
    assert_int_equal(books.kind, 1);
    assert_true(books.open);
    assert_int_equal(books.probe, 0x5c60da1b);
    assert_true(address_equal(&books.probe_at, &at));
    assert_int_equal(small(books.cap), 1000);
    assert_int_equal(small(books.supply_min), 50);
    assert_int_equal(books.jump_bps_max, 60);
    assert_int_equal(books.book_at_s, BOOK_AT_S);
    assert_int_equal(small(books.book), BOOK);
    assert_true(venue_is_in_books(&venue, &asset, &books));
    assert_false(venue_is_in_books(&venue, &at, &books)); /* another asset */
    venue.venue = at;
    assert_false(venue_is_in_books(&venue, &asset, &books)); /* another vault */
}

static void other_books_are_refused(void **state)
{
    (void)state;
    uint8_t memory[32 * WORDS_COUNT];
    const struct bytes bytes = books_bytes(memory);
    struct venue_books books;
    /* kind, open, above an address, above a selector, jump, time */
    static const size_t places[] = {0, 31, 32, 63, 64, 5 * 32 + 4, 14 * 32 + 28, 15 * 32};
    static const uint8_t bits[] = {1, 4, 1, 2, 1, 1, 1, 1};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        memory[places[i]] ^= bits[i];
        if (venue_books_read(bytes, &books) != STATUS_MALFORMED) {
            fail_msg("byte %zu", places[i]);
        }
        memory[places[i]] ^= bits[i];
    }
    assert_status(STATUS_MALFORMED,
                  venue_books_read(bytes_from(bytes.data, bytes.count - 32), &books));
    assert_status(STATUS_OK, venue_books_read(bytes, &books));
}

int main(void)
{
#define VENUE_TEST(test) cmocka_unit_test_setup(test, set_up)
    const struct CMUnitTest tests[] = {
        VENUE_TEST(an_open_venue_takes_up_to_its_caps),
        VENUE_TEST(each_gate_closes_for_its_reason),
        VENUE_TEST(a_share_price_stays_in_its_band),
        VENUE_TEST(books_are_read_word_by_word),
        VENUE_TEST(other_books_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
