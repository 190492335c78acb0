/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/evm/spokes.h"

#include <string.h>

#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"
#include "chains/evm/reserves.h"
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

enum spoke_question {
    SPOKE_ASSET = 0,
    SPOKE_PAUSED = 1,
    SPOKE_MANDATE = 2,
    SPOKE_HELD = 3,
    SPOKE_QUESTIONS = 4,
};

/* What the first round asks of each kind. */
static const uint32_t vault_questions[] = {VENUE_BOOKS,  VENUE_POSITION,    VENUE_DECIMALS,
                                           VENUE_SUPPLY, VENUE_DEPOSIT_MAX, VENUE_WITHDRAW_MAX,
                                           VENUE_PAUSE,  VENUE_CODE};
static const uint32_t reserve_questions[] = {VENUE_BOOKS, VENUE_POSITION, VENUE_CODE, RESERVE_DATA};

#define COUNT_OF(list) ((uint32_t)(sizeof(list) / sizeof((list)[0])))

static uint32_t questions_of(const struct evm_venue *venue, const uint32_t **ret_questions)
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
        all->venues[i].guards = false;
        all->venues[i].price = amount_zero();
        all->venues[i].unit = amount_zero();
        memset(&all->venues[i].reading, 0, sizeof(all->venues[i].reading));
    }
    all->later_count = 0;
}

/* ---- what is asked ---- */

static void ask_later(struct evm_spokes *all, uint32_t venue, uint32_t question)
{
    all->later[all->later_count++] = (struct evm_venue_ask){.venue = venue, .question = question};
}

/* Of the first round. */
static uint32_t flows_first(const struct evm_spokes *all)
{
    const uint32_t *questions;
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

    ask_later(all, index, RESERVE_LIQUIDITY);
    ask_later(all, index, RESERVE_RECEIPTS);
    if (!address_equal(&reserve->receipt, &all->venues[index].config->receipt)) {
        return;
    }
    ask_later(all, index, RESERVE_LENDABLE);
    ask_later(all, index, RESERVE_DEBT);
    if (!address_is_zero(&reserve->stable)) {
        ask_later(all, index, RESERVE_STABLE_DEBT);
    }
    for (uint32_t question = RESERVE_OPTIMAL; question <= RESERVE_PROVIDER; question++) {
        ask_later(all, index, question);
    }
}

static void ask_guard_later(struct evm_spokes *all, uint32_t round)
{
    for (uint32_t i = 0; i < all->venues_count; i++) {
        const struct evm_venue *const venue = &all->venues[i];
        if (!venue->is_in_books || !venue->is_readable ||
            amount_is_zero(&venue->reading.reserve.account.debt)) {
            continue;
        }
        if (round == 2) {
            ask_later(all, i, RESERVE_COLLATERAL);
            ask_later(all, i, RESERVE_ORACLE);
        } else {
            ask_later(all, i, RESERVE_ORACLE_PRICE);
            ask_later(all, i, RESERVE_ORACLE_UNIT);
        }
    }
}

uint32_t evm_spokes_steps(struct evm *evm, uint32_t round)
{
    struct evm_spokes *const all = &evm->spokes;

    if (round == 0) {
        return flows_first(all) + all->flows_count;
    }
    CHECK(round < EVM_SPOKES_ROUNDS);
    all->later_count = 0;
    if (round > 1) {
        ask_guard_later(all, round);
        return all->later_count;
    }
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
    if (round > 0) {
        CHECK(step < all->later_count);
        *ret_ask = all->later[step];
        return true;
    }
    if (step < SPOKE_QUESTIONS * all->spokes_count) {
        return false;
    }
    step -= SPOKE_QUESTIONS * all->spokes_count;
    for (uint32_t i = 0; i < all->venues_count; i++) {
        const uint32_t *questions;
        const uint32_t count = questions_of(&all->venues[i], &questions);
        if (step < count) {
            *ret_ask = (struct evm_venue_ask){.venue = i, .question = questions[step]};
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
    }
    return &venue->config->venue;
}

static void write_venue(const struct evm_venue *venue, uint32_t question, uint64_t id,
                        struct json_writer *writer)
{
    uint8_t memory[4 + 32];
    struct abi_writer data = abi_writer_from(memory, sizeof(memory));

    if (question == VENUE_CODE) {
        rpc_write_begin(writer, id, "eth_getCode");
        json_write_evm_address(writer, &venue->config->venue);
        return;
    }
    const struct address *const to =
        question >= RESERVE_QUESTION_FIRST
            ? evm_reserve_write(venue, (enum reserve_question)question, &data)
            : write_venue_data(venue, (enum venue_question)question, &data);
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
        write_venue(&all->venues[ask.venue], ask.question, id, writer);
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

    if (!evm_read_word(returned, &word) || amount_to_u64(&word, &decimals) != STATUS_OK ||
        decimals > VENUE_DECIMALS_MAX) {
        return false;
    }
    *ret_decimals = (uint32_t)decimals;
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
        return evm_read_word(returned, &reading->supply);
    case VENUE_DEPOSIT_MAX:
        return evm_read_word(returned, &reading->deposit_max);
    case VENUE_WITHDRAW_MAX:
        return evm_read_word(returned, &reading->withdraw_max);
    case VENUE_PAUSE:
        reading->paused = evm_read_word(returned, &word) && !amount_is_zero(&word);
        return true; /* few have it; what else it says is no pause */
    case VENUE_CODE:
        reading->code = keccak256(returned);
        return true;
    case VENUE_PRICE:
        return evm_read_word(returned, &reading->price);
    case VENUE_PROBE:
        if (returned.count < 32) {
            return false;
        }
        memcpy(reading->probe_word.bytes, returned.data, 32); /* and no more, as the spoke */
        return true;
    }
    CHECK(false);
    return false;
}

/* What not every venue of the kind has. */
static bool may_lack(uint32_t question)
{
    return question == VENUE_PAUSE || question == RESERVE_LENDABLE ||
           question == RESERVE_ORACLE_UNIT ||
           (question >= RESERVE_OPTIMAL && question <= RESERVE_LINES);
}

static void venue_answer(struct evm *evm, struct evm_job *job, const struct evm_venue_ask *ask,
                         const struct evm_answer *answer)
{
    struct evm_venue *const venue = &evm->spokes.venues[ask->venue];
    const uint32_t question = ask->question;
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
                         (question >= RESERVE_QUESTION_FIRST
                              ? evm_reserve_take(venue, (enum reserve_question)question, returned)
                              : take_venue(venue, (enum venue_question)question, returned));
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
        if (!venue->is_in_books || !venue->is_readable || !evm_reserve_is_whole(venue)) {
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
