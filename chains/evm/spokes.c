/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/evm/spokes.h"

#include <string.h>

#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"
#include "relay/base/digest.h"

#define SELECTOR_ASSET_OF          0x71f96211u
#define SELECTOR_PAUSED            0x5c975abbu
#define SELECTOR_MANDATE           0x39b1b96du
#define SELECTOR_BALANCE_OF        0x70a08231u
#define SELECTOR_VENUE_OF          0xf78d9e7bu
#define SELECTOR_POSITION_AT       0x65358385u
#define SELECTOR_DECIMALS          0x313ce567u
#define SELECTOR_TOTAL_SUPPLY      0x18160dddu
#define SELECTOR_MAX_DEPOSIT       0x402d267du
#define SELECTOR_MAX_WITHDRAW      0xce96cb77u
#define SELECTOR_CONVERT_TO_ASSETS 0x07a2d13au
#define SELECTOR_RESERVE_DATA      0x35ea6a75u
#define SELECTOR_STABLE_DEBT       0xf731e9beu /* getTotalSupplyAndAvgRate() */
#define SELECTOR_OPTIMAL           0x54c365c6u /* OPTIMAL_USAGE_RATIO() */
#define SELECTOR_BASE              0x34762ca5u /* getBaseVariableBorrowRate() */
#define SELECTOR_SLOPE_BELOW       0x0b3429a2u /* getVariableRateSlope1() */
#define SELECTOR_SLOPE_ABOVE       0xf4202409u /* getVariableRateSlope2() */
#define SELECTOR_LINES             0xc79ce42eu /* getInterestRateDataBps(asset) */
#define SELECTOR_LENDABLE          0x6fb07f96u /* getVirtualUnderlyingBalance(asset) */

#define LINES_APART   0x0fu /* all four, of a strategy of v3.0 */
#define LINES_AT_ONCE 0x10u

enum spoke_question {
    SPOKE_ASSET = 0,
    SPOKE_PAUSED = 1,
    SPOKE_MANDATE = 2,
    SPOKE_HELD = 3,
    SPOKE_QUESTIONS = 4,
};

enum venue_question {
    VENUE_BOOKS = 0,
    VENUE_POSITION = 1,
    VENUE_DECIMALS = 2,
    VENUE_SUPPLY = 3,
    VENUE_DEPOSIT_MAX = 4,
    VENUE_WITHDRAW_MAX = 5,
    VENUE_PAUSE = 6,
    VENUE_CODE = 7,
    VENUE_PRICE = 8,
    VENUE_PROBE = 9,
    /* Of a reserve. */
    VENUE_RESERVE = 10,
    VENUE_LIQUIDITY = 11,
    VENUE_LENDABLE = 12, /* what v3.1 and later lend of it: gifts are not among it */
    VENUE_RECEIPTS = 13,
    VENUE_DEBT = 14,
    VENUE_STABLE_DEBT = 15,
    VENUE_OPTIMAL = 16, /* the four parts of a strategy of v3.0, in this order */
    VENUE_BASE = 17,
    VENUE_SLOPE_BELOW = 18,
    VENUE_SLOPE_ABOVE = 19,
    VENUE_LINES = 20, /* or all at once, of v3.1 and later */
};

/* What the first round asks of each kind. */
static const enum venue_question vault_questions[] = {
    VENUE_BOOKS,       VENUE_POSITION,     VENUE_DECIMALS, VENUE_SUPPLY,
    VENUE_DEPOSIT_MAX, VENUE_WITHDRAW_MAX, VENUE_PAUSE,    VENUE_CODE};
static const enum venue_question reserve_questions[] = {VENUE_BOOKS, VENUE_POSITION, VENUE_CODE,
                                                        VENUE_RESERVE};

#define COUNT_OF(list) ((uint32_t)(sizeof(list) / sizeof((list)[0])))

static uint32_t questions_of(const struct evm_venue *venue,
                             const enum venue_question **ret_questions)
{
    switch (venue->config->kind) {
    case VENUE_ERC4626:
        *ret_questions = vault_questions;
        return COUNT_OF(vault_questions);
    case VENUE_AAVE:
        *ret_questions = reserve_questions;
        return COUNT_OF(reserve_questions);
    }
    CHECK(false);
    return 0;
}

static bool is_read_here(const struct core_config *core, uint32_t domain,
                         const struct core_venue *venue)
{
    return venue->spoke < core->spokes_count && core->spokes[venue->spoke].domain == domain;
}

uint32_t evm_spokes_count(const struct core_config *core, uint32_t domain)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < core->spokes_count; i++) {
        count += core->spokes[i].domain == domain ? 1 : 0;
    }
    return count;
}

uint32_t evm_venues_count(const struct core_config *core, uint32_t domain)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < core->venues_count; i++) {
        count += is_read_here(core, domain, &core->venues[i]) ? 1 : 0;
    }
    return count;
}

static bool is_contract(const struct address *address)
{
    return address_is_evm(address) && !address_is_zero(address);
}

bool evm_spokes_fit(const struct core_config *core, uint32_t domain)
{
    bool fits = true;

    for (uint32_t i = 0; i < core->spokes_count; i++) {
        const struct core_spoke *const spoke = &core->spokes[i];
        fits = fits && (spoke->domain != domain ||
                        (is_contract(&spoke->spoke) && is_contract(&spoke->token) &&
                         address_is_evm(&spoke->bridge)));
    }
    for (uint32_t i = 0; i < core->venues_count; i++) {
        fits = fits &&
               (!is_read_here(core, domain, &core->venues[i]) ||
                (is_contract(&core->venues[i].venue) &&
                 (core->venues[i].kind != VENUE_AAVE || is_contract(&core->venues[i].receipt))));
    }
    return fits;
}

void evm_spokes_init(struct evm *evm)
{
    struct evm_spokes *const all = &evm->spokes;

    for (uint32_t i = 0; i < evm->core.spokes_count; i++) {
        if (evm->core.spokes[i].domain == evm->chain.domain) {
            all->spokes[all->spokes_count++] = &evm->core.spokes[i];
        }
    }
    for (uint32_t i = 0; i < evm->core.venues_count; i++) {
        const struct core_venue *const venue = &evm->core.venues[i];
        if (is_read_here(&evm->core, evm->chain.domain, venue)) {
            all->venues[all->venues_count++] =
                (struct evm_venue){.config = venue, .spoke = &evm->core.spokes[venue->spoke]};
        }
    }
    evm_flows_init(evm);
}

void evm_spokes_start(struct evm *evm)
{
    struct evm_spokes *const all = &evm->spokes;

    for (uint32_t i = 0; i < all->venues_count; i++) {
        all->venues[i].is_readable = true;
        all->venues[i].is_in_books = false;
        all->venues[i].lines = 0;
        all->venues[i].lendable_known = false;
        memset(&all->venues[i].reading, 0, sizeof(all->venues[i].reading));
    }
    all->later_count = 0;
}

/* ---- what is asked ---- */

static void ask_later(struct evm_spokes *all, uint32_t venue, enum venue_question question)
{
    all->later[all->later_count++] =
        (struct evm_venue_ask){.venue = venue, .question = (uint32_t)question};
}

/* Of the first round. */
static uint32_t flows_first(const struct evm_spokes *all)
{
    const enum venue_question *questions;
    uint32_t count = SPOKE_QUESTIONS * all->spokes_count;

    for (uint32_t i = 0; i < all->venues_count; i++) {
        count += questions_of(&all->venues[i], &questions);
    }
    return count;
}

/* NULL: the step asks about something else. */
static struct spoke_flow *find_flow_ask(const struct evm_spokes *all, uint32_t round, uint32_t step)
{
    if (round > 0 || step < flows_first(all)) {
        return NULL;
    }
    CHECK(step - flows_first(all) < all->flows_count);
    return &all->flows[step - flows_first(all)];
}

/* A pool that names another receipt for the asset has nothing that would be worth knowing. */
static void ask_reserve_later(struct evm_spokes *all, uint32_t index)
{
    const struct aave_reserve *const reserve = &all->venues[index].reading.reserve.reserve;

    ask_later(all, index, VENUE_LIQUIDITY);
    ask_later(all, index, VENUE_RECEIPTS);
    if (!address_equal(&reserve->receipt, &all->venues[index].config->receipt)) {
        return;
    }
    ask_later(all, index, VENUE_LENDABLE);
    ask_later(all, index, VENUE_DEBT);
    if (!address_is_zero(&reserve->stable)) {
        ask_later(all, index, VENUE_STABLE_DEBT);
    }
    for (uint32_t question = VENUE_OPTIMAL; question <= VENUE_LINES; question++) {
        ask_later(all, index, (enum venue_question)question);
    }
}

uint32_t evm_spokes_steps(struct evm *evm, uint32_t round)
{
    struct evm_spokes *const all = &evm->spokes;

    if (round == 0) {
        return flows_first(all) + all->flows_count;
    }
    CHECK(round == 1);
    all->later_count = 0;
    for (uint32_t i = 0; i < all->venues_count; i++) {
        struct evm_venue *const venue = &all->venues[i];
        venue->is_in_books =
            venue->is_readable &&
            venue_is_in_books(venue->config, &venue->spoke->token, &venue->reading.books);
        if (!venue->is_in_books) {
            continue;
        }
        if (venue->config->kind == VENUE_AAVE) {
            ask_reserve_later(all, i);
        } else {
            ask_later(all, i, VENUE_PRICE);
        }
        if (venue->reading.books.probe != 0) {
            ask_later(all, i, VENUE_PROBE);
        }
    }
    return all->later_count;
}

/* False: a spoke's question. Else the venue's. */
static bool find_venue_ask(const struct evm_spokes *all, uint32_t round, uint32_t step,
                           struct evm_venue_ask *ret_ask)
{
    if (round == 1) {
        CHECK(step < all->later_count);
        *ret_ask = all->later[step];
        return true;
    }
    if (step < SPOKE_QUESTIONS * all->spokes_count) {
        return false;
    }
    step -= SPOKE_QUESTIONS * all->spokes_count;
    for (uint32_t i = 0; i < all->venues_count; i++) {
        const enum venue_question *questions;
        const uint32_t count = questions_of(&all->venues[i], &questions);
        if (step < count) {
            *ret_ask = (struct evm_venue_ask){.venue = i, .question = (uint32_t)questions[step]};
            return true;
        }
        step -= count;
    }
    CHECK(false);
    return false;
}

static void write_spoke(const struct core_spoke *spoke, enum spoke_question question, uint64_t id,
                        struct json_writer *writer)
{
    static const uint32_t selectors[SPOKE_QUESTIONS] = {SELECTOR_ASSET_OF, SELECTOR_PAUSED,
                                                        SELECTOR_MANDATE, SELECTOR_BALANCE_OF};
    uint8_t memory[4 + 32];
    struct abi_writer data = abi_writer_from(memory, sizeof(memory));

    abi_write_selector(&data, selectors[question]);
    if (question == SPOKE_ASSET) {
        abi_write_address(&data, &spoke->token);
    } else if (question == SPOKE_HELD) {
        abi_write_address(&data, &spoke->spoke);
    }
    rpc_write_begin(writer, id, "eth_call");
    evm_write_call(writer, NULL, question == SPOKE_HELD ? &spoke->token : &spoke->spoke,
                   buffer_bytes(&data.buffer));
}

/* 10^9 whole shares, in base units of the shares. */
static struct amount priced_shares(const struct evm_venue *venue)
{
    struct amount shares = amount_from_u64(VENUE_PRICED_SHARES);
    const struct amount ten = amount_from_u64(10);

    for (uint32_t i = 0; i < venue->decimals; i++) {
        const enum status status = amount_multiply(&shares, &ten, &shares);
        CHECK(status == STATUS_OK); /* VENUE_DECIMALS_MAX leaves room */
    }
    return shares;
}

/* Questions of a reserve. */
static const struct address *write_reserve_data(const struct evm_venue *venue,
                                                enum venue_question question,
                                                struct abi_writer *data)
{
    static const uint32_t selectors[] = {
        [VENUE_RESERVE] = SELECTOR_RESERVE_DATA,
        [VENUE_LIQUIDITY] = SELECTOR_BALANCE_OF,
        [VENUE_LENDABLE] = SELECTOR_LENDABLE,
        [VENUE_RECEIPTS] = SELECTOR_TOTAL_SUPPLY,
        [VENUE_DEBT] = SELECTOR_TOTAL_SUPPLY,
        [VENUE_STABLE_DEBT] = SELECTOR_STABLE_DEBT,
        [VENUE_OPTIMAL] = SELECTOR_OPTIMAL,
        [VENUE_BASE] = SELECTOR_BASE,
        [VENUE_SLOPE_BELOW] = SELECTOR_SLOPE_BELOW,
        [VENUE_SLOPE_ABOVE] = SELECTOR_SLOPE_ABOVE,
        [VENUE_LINES] = SELECTOR_LINES,
    };
    const struct aave_reserve *const reserve = &venue->reading.reserve.reserve;
    const struct address *const token = &venue->spoke->token;

    CHECK(question >= VENUE_RESERVE);
    abi_write_selector(data, selectors[question]);
    if (question == VENUE_LIQUIDITY) {
        abi_write_address(data, &venue->config->receipt);
        return token;
    }
    if (question == VENUE_RESERVE || question == VENUE_LENDABLE) {
        abi_write_address(data, token);
        return &venue->config->venue;
    }
    if (question == VENUE_RECEIPTS) {
        return &venue->config->receipt;
    }
    if (question == VENUE_DEBT) {
        return &reserve->variable;
    }
    if (question == VENUE_STABLE_DEBT) {
        return &reserve->stable;
    }
    if (question == VENUE_LINES) {
        abi_write_address(data, token);
    }
    return &reserve->strategy;
}

static const struct address *write_venue_data(const struct evm_venue *venue,
                                              enum venue_question question, struct abi_writer *data)
{
    const struct amount index = amount_from_u64(venue->config->index);

    switch (question) {
    case VENUE_BOOKS:
    case VENUE_POSITION:
        abi_write_selector(data,
                           question == VENUE_BOOKS ? SELECTOR_VENUE_OF : SELECTOR_POSITION_AT);
        abi_write_amount(data, &index);
        return &venue->spoke->spoke;
    case VENUE_DECIMALS:
        abi_write_selector(data, SELECTOR_DECIMALS);
        break;
    case VENUE_SUPPLY:
        abi_write_selector(data, SELECTOR_TOTAL_SUPPLY);
        break;
    case VENUE_DEPOSIT_MAX:
    case VENUE_WITHDRAW_MAX:
        abi_write_selector(data, question == VENUE_DEPOSIT_MAX ? SELECTOR_MAX_DEPOSIT
                                                               : SELECTOR_MAX_WITHDRAW);
        abi_write_address(data, &venue->spoke->spoke);
        break;
    case VENUE_PAUSE:
        abi_write_selector(data, SELECTOR_PAUSED);
        break;
    case VENUE_PRICE: {
        const struct amount shares = priced_shares(venue);
        abi_write_selector(data, SELECTOR_CONVERT_TO_ASSETS);
        abi_write_amount(data, &shares);
        break;
    }
    case VENUE_PROBE:
        abi_write_selector(data, venue->reading.books.probe);
        return &venue->reading.books.probe_at;
    case VENUE_CODE:
        break;
    case VENUE_RESERVE:
    case VENUE_LIQUIDITY:
    case VENUE_LENDABLE:
    case VENUE_RECEIPTS:
    case VENUE_DEBT:
    case VENUE_STABLE_DEBT:
    case VENUE_OPTIMAL:
    case VENUE_BASE:
    case VENUE_SLOPE_BELOW:
    case VENUE_SLOPE_ABOVE:
    case VENUE_LINES:
        return write_reserve_data(venue, question, data);
    }
    return &venue->config->venue;
}

static void write_venue(const struct evm_venue *venue, enum venue_question question, uint64_t id,
                        struct json_writer *writer)
{
    uint8_t memory[4 + 32];
    struct abi_writer data = abi_writer_from(memory, sizeof(memory));

    if (question == VENUE_CODE) {
        rpc_write_begin(writer, id, "eth_getCode");
        json_write_evm_address(writer, &venue->config->venue);
        return;
    }
    const struct address *const to = write_venue_data(venue, question, &data);
    CHECK(!data.overrun);
    rpc_write_begin(writer, id, "eth_call");
    evm_write_call(writer, NULL, to, buffer_bytes(&data.buffer));
}

void evm_spokes_write(const struct evm *evm, uint32_t round, uint32_t step, uint64_t id,
                      struct json_writer *writer)
{
    const struct evm_spokes *const all = &evm->spokes;
    const struct spoke_flow *const flow = find_flow_ask(all, round, step);
    struct evm_venue_ask ask;

    if (flow != NULL) {
        evm_flow_write(flow, id, writer);
        return;
    }
    if (find_venue_ask(all, round, step, &ask)) {
        write_venue(&all->venues[ask.venue], (enum venue_question)ask.question, id, writer);
        return;
    }
    write_spoke(all->spokes[step / SPOKE_QUESTIONS], (enum spoke_question)(step % SPOKE_QUESTIONS),
                id, writer);
}

/* ---- what is answered ---- */

static void spoke_answer(struct evm *evm, struct evm_job *job, uint32_t step,
                         const struct evm_answer *answer)
{
    const uint32_t index = step / SPOKE_QUESTIONS;
    struct spoke_state *const state = &evm->spokes.states[index];
    struct bytes returned;
    uint64_t paused = 0;

    if (evm_return_bytes(evm, answer, &returned) != STATUS_OK) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, "a spoke cannot be read, or lacks the asset");
        return;
    }
    struct abi_reader reader = abi_reader_from(returned);
    switch ((enum spoke_question)(step % SPOKE_QUESTIONS)) {
    case SPOKE_ASSET:
        (void)abi_read_hash(&reader); /* id */
        state->idle = abi_read_amount(&reader);
        state->velocity_left = abi_read_amount(&reader);
        state->loss_left = abi_read_amount(&reader);
        state->kept = abi_read_amount(&reader);
        break;
    case SPOKE_PAUSED:
        paused = abi_read_u64(&reader);
        reader.malformed |= paused > 1;
        state->paused = paused == 1;
        break;
    case SPOKE_MANDATE:
        state->mandate = abi_read_hash(&reader);
        break;
    case SPOKE_HELD:
        evm->spokes.held[index] = abi_read_amount(&reader);
        break;
    case SPOKE_QUESTIONS:
        CHECK(false);
    }
    if (!abi_reader_is_done(&reader)) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, "what a spoke says cannot be understood");
    }
}

static bool read_word(struct bytes returned, struct amount *ret_amount)
{
    struct abi_reader reader = abi_reader_from(returned);
    const struct amount amount = abi_read_amount(&reader);

    if (!abi_reader_is_done(&reader)) {
        return false;
    }
    *ret_amount = amount;
    return true;
}

static bool read_position(struct bytes returned, struct venue_reading *reading)
{
    struct abi_reader reader = abi_reader_from(returned);

    reading->supplied = abi_read_amount(&reader);
    reading->owed = abi_read_amount(&reader);
    return abi_reader_is_done(&reader);
}

static bool read_decimals(struct bytes returned, uint32_t *ret_decimals)
{
    struct amount word;
    uint64_t decimals = 0;

    if (!read_word(returned, &word) || amount_to_u64(&word, &decimals) != STATUS_OK ||
        decimals > VENUE_DECIMALS_MAX) {
        return false;
    }
    *ret_decimals = (uint32_t)decimals;
    return true;
}

static bool take_stable_debt(struct bytes returned, struct aave_reading *reading)
{
    struct abi_reader reader = abi_reader_from(returned);

    reading->stable_debt = abi_read_amount(&reader);
    reading->stable_rate = abi_read_amount(&reader);
    return abi_reader_is_done(&reader);
}

/* One part of a strategy, or all. A strategy of the other family answers none, or not so. */
static void take_lines(struct evm_venue *venue, enum venue_question question, struct bytes returned)
{
    struct aave_lines *const lines = &venue->reading.reserve.lines;
    struct amount *const parts[] = {&lines->optimal, &lines->base, &lines->slope_below,
                                    &lines->slope_above};

    if (question == VENUE_LINES) {
        venue->lines |= aave_lines_read(returned, lines) == STATUS_OK ? LINES_AT_ONCE : 0;
    } else if ((venue->lines & LINES_AT_ONCE) == 0) {
        const uint32_t part = (uint32_t)question - (uint32_t)VENUE_OPTIMAL;
        venue->lines |= read_word(returned, parts[part]) ? 1u << part : 0;
    }
}

static bool take_reserve(struct evm_venue *venue, enum venue_question question,
                         struct bytes returned)
{
    struct aave_reading *const reading = &venue->reading.reserve;

    if (question == VENUE_RESERVE) {
        return aave_reserve_read(returned, &reading->reserve) == STATUS_OK;
    }
    if (question == VENUE_LIQUIDITY) {
        return read_word(returned, &reading->liquidity);
    }
    if (question == VENUE_LENDABLE) {
        venue->lendable_known = read_word(returned, &venue->lendable);
        return true; /* a pool of v3.0 has none */
    }
    if (question == VENUE_RECEIPTS) {
        return read_word(returned, &reading->receipts);
    }
    if (question == VENUE_DEBT) {
        return read_word(returned, &reading->debt);
    }
    if (question == VENUE_STABLE_DEBT) {
        return take_stable_debt(returned, reading);
    }
    take_lines(venue, question, returned);
    return true;
}

/* False: it says what a venue of this kind never says. */
static bool take_venue(struct evm_venue *venue, enum venue_question question, struct bytes returned)
{
    struct venue_reading *const reading = &venue->reading;
    struct amount word;

    switch (question) {
    case VENUE_BOOKS:
        return venue_books_read(returned, &reading->books) == STATUS_OK;
    case VENUE_POSITION:
        return read_position(returned, reading);
    case VENUE_DECIMALS:
        return read_decimals(returned, &venue->decimals);
    case VENUE_SUPPLY:
        return read_word(returned, &reading->supply);
    case VENUE_DEPOSIT_MAX:
        return read_word(returned, &reading->deposit_max);
    case VENUE_WITHDRAW_MAX:
        return read_word(returned, &reading->withdraw_max);
    case VENUE_PAUSE:
        reading->paused = read_word(returned, &word) && !amount_is_zero(&word);
        return true; /* few have it; what else it says is no pause */
    case VENUE_CODE:
        reading->code = keccak256(returned);
        return true;
    case VENUE_PRICE:
        return read_word(returned, &reading->price);
    case VENUE_PROBE:
        if (returned.count < 32) {
            return false;
        }
        memcpy(reading->probe_word.bytes, returned.data, 32); /* and no more, as the spoke */
        return true;
    case VENUE_RESERVE:
    case VENUE_LIQUIDITY:
    case VENUE_LENDABLE:
    case VENUE_RECEIPTS:
    case VENUE_DEBT:
    case VENUE_STABLE_DEBT:
    case VENUE_OPTIMAL:
    case VENUE_BASE:
    case VENUE_SLOPE_BELOW:
    case VENUE_SLOPE_ABOVE:
    case VENUE_LINES:
        return take_reserve(venue, question, returned);
    }
    CHECK(false);
    return false;
}

/* What not every venue of the kind has. */
static bool may_lack(enum venue_question question)
{
    return question == VENUE_PAUSE || question == VENUE_LENDABLE ||
           (question >= VENUE_OPTIMAL && question <= VENUE_LINES);
}

static void venue_answer(struct evm *evm, struct evm_job *job, const struct evm_venue_ask *ask,
                         const struct evm_answer *answer)
{
    struct evm_venue *const venue = &evm->spokes.venues[ask->venue];
    const enum venue_question question = (enum venue_question)ask->question;
    struct bytes returned;

    if (answer->kind == EVM_ANSWER_ERROR && evm_error_is_revert(answer)) {
        if (question == VENUE_BOOKS) {
            evm_job_fail_text(job, OUTCOME_UNKNOWN, "a spoke lacks a venue that is configured");
        }
        venue->is_readable = venue->is_readable && may_lack(question);
        return;
    }
    if (answer->kind != EVM_ANSWER_RESULT) {
        evm_job_fail_answer(evm, job, answer);
        return;
    }
    const bool is_read = evm_return_bytes(evm, answer, &returned) == STATUS_OK &&
                         take_venue(venue, question, returned);
    if (!is_read && question == VENUE_BOOKS) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, "what a spoke says cannot be understood");
    }
    venue->is_readable = venue->is_readable && is_read;
}

void evm_spokes_answer(struct evm *evm, struct evm_job *job, uint32_t round, uint32_t step,
                       const struct evm_answer *answer)
{
    struct spoke_flow *const flow = find_flow_ask(&evm->spokes, round, step);
    struct evm_venue_ask ask;

    if (flow != NULL) {
        evm_flow_answer(evm, job, flow, answer);
        return;
    }
    if (find_venue_ask(&evm->spokes, round, step, &ask)) {
        venue_answer(evm, job, &ask, answer);
    } else {
        spoke_answer(evm, job, step, answer);
    }
}

/* ---- what is told ---- */

/* Of a reserve: is its strategy known, and one that there can be? */
static bool reserve_is_whole(struct evm_venue *venue)
{
    struct aave_reading *const reading = &venue->reading.reserve;

    if (venue->config->kind != VENUE_AAVE ||
        !address_equal(&reading->reserve.receipt, &venue->config->receipt)) {
        return true;
    }
    if (venue->lendable_known) {
        reading->liquidity = amount_smaller(&reading->liquidity, &venue->lendable);
    }
    return ((venue->lines & LINES_AT_ONCE) != 0 || (venue->lines & LINES_APART) == LINES_APART) &&
           aave_lines_are_sane(&reading->lines);
}

void evm_spokes_event(struct evm *evm, struct event *ret_event)
{
    struct evm_spokes *const all = &evm->spokes;
    uint32_t count = 0;

    for (uint32_t i = 0; i < all->spokes_count; i++) {
        struct spoke_state *const state = &all->states[i];
        state->spoke = all->spokes[i]->spoke;
        state->token = all->spokes[i]->token;
        state->idle = amount_smaller(&state->idle, &all->held[i]);
    }
    for (uint32_t i = 0; i < all->venues_count; i++) {
        struct evm_venue *const venue = &all->venues[i];
        struct venue_state *const state = &all->venue_states[count];
        if (!venue->is_in_books || !venue->is_readable || !reserve_is_whole(venue)) {
            continue;
        }
        memset(state, 0, sizeof(*state));
        state->spoke = venue->spoke->spoke;
        state->index = venue->config->index;
        /* A price that rose by itself since the booking is judged at the block's own time. */
        venue->reading.time_s = ret_event->positions.time_s;
        count += venue_state_of(venue->config, &venue->reading, state) == STATUS_OK ? 1 : 0;
    }
    ret_event->positions.spokes = all->states;
    ret_event->positions.spokes_count = all->spokes_count;
    ret_event->positions.venues = all->venue_states;
    ret_event->positions.venues_count = count;
    ret_event->positions.flows = all->flows;
    ret_event->positions.flows_count = all->flows_count;
}
