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
#define SELECTOR_FLOW_OF           0xb2f2153bu
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

enum venue_question {
    VENUE_BOOKS = 0,
    VENUE_POSITION = 1,
    VENUE_DECIMALS = 2,
    VENUE_SUPPLY = 3,
    VENUE_DEPOSIT_MAX = 4,
    VENUE_WITHDRAW_MAX = 5,
    VENUE_PAUSE = 6,
    VENUE_CODE = 7,
    VENUE_FIRST_QUESTIONS = 8, /* of the first round */
    VENUE_PRICE = 8,
    VENUE_PROBE = 9,
};

static bool is_read_here(const struct core_config *core, uint32_t domain,
                         const struct core_venue *venue)
{
    return venue->kind == VENUE_ERC4626 && venue->spoke < core->spokes_count &&
           core->spokes[venue->spoke].domain == domain;
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

bool evm_spokes_are_siblings(const struct core_spoke *a, const struct core_spoke *b)
{
    return a->asset == b->asset && a->domain != b->domain;
}

bool evm_spoke_sends_to(const struct core_config *core, const struct core_spoke *spoke,
                        uint32_t domain)
{
    for (uint32_t i = 0; i < core->chains_count; i++) {
        if (core->chains[i].domain == domain) {
            return !address_is_zero(&spoke->bridge) && (spoke->bridge_to >> i & 1) != 0;
        }
    }
    return false;
}

const struct core_spoke *evm_spoke_sibling(const struct core_config *core, uint32_t domain,
                                           const struct address *spoke, const struct address *token,
                                           uint32_t destination)
{
    for (uint32_t i = 0; i < core->spokes_count; i++) {
        const struct core_spoke *const from = &core->spokes[i];
        for (uint32_t j = 0;
             j < core->spokes_count && from->domain == domain &&
             address_equal(&from->spoke, spoke) && address_equal(&from->token, token);
             j++) {
            if (core->spokes[j].domain == destination &&
                evm_spokes_are_siblings(from, &core->spokes[j])) {
                return &core->spokes[j];
            }
        }
    }
    return NULL;
}

/* Can anything go from one to the other, either way? */
static bool has_flow(const struct core_config *core, uint32_t of, uint32_t sibling)
{
    const struct core_spoke *const here = &core->spokes[of];
    const struct core_spoke *const there = &core->spokes[sibling];

    return evm_spokes_are_siblings(here, there) && (evm_spoke_sends_to(core, here, there->domain) ||
                                                    evm_spoke_sends_to(core, there, here->domain));
}

uint32_t evm_flows_count(const struct core_config *core, uint32_t domain)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < core->spokes_count; i++) {
        for (uint32_t j = 0; j < core->spokes_count && core->spokes[i].domain == domain; j++) {
            count += has_flow(core, i, j) ? 1 : 0;
        }
    }
    return count < SPOKE_FLOWS_MAX ? count : SPOKE_FLOWS_MAX;
}

static void flows_init(struct evm *evm)
{
    const struct core_config *const core = &evm->core;
    struct evm_spokes *const all = &evm->spokes;
    const uint32_t most = evm_flows_count(core, evm->chain.domain);

    for (uint32_t i = 0; i < core->spokes_count; i++) {
        const struct core_spoke *const spoke = &core->spokes[i];
        for (uint32_t j = 0; j < core->spokes_count && spoke->domain == evm->chain.domain; j++) {
            if (has_flow(core, i, j) && all->flows_count < most) {
                all->flows[all->flows_count++] =
                    (struct spoke_flow){.spoke = spoke->spoke,
                                        .token = spoke->token,
                                        .sibling = core->spokes[j].domain};
            }
        }
    }
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
        fits = fits && (!is_read_here(core, domain, &core->venues[i]) ||
                        is_contract(&core->venues[i].venue));
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
    flows_init(evm);
}

void evm_spokes_start(struct evm *evm)
{
    struct evm_spokes *const all = &evm->spokes;

    for (uint32_t i = 0; i < all->venues_count; i++) {
        all->venues[i].is_readable = true;
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
    return SPOKE_QUESTIONS * all->spokes_count + VENUE_FIRST_QUESTIONS * all->venues_count;
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

uint32_t evm_spokes_steps(struct evm *evm, uint32_t round)
{
    struct evm_spokes *const all = &evm->spokes;

    if (round == 0) {
        return flows_first(all) + all->flows_count;
    }
    CHECK(round == 1);
    all->later_count = 0;
    for (uint32_t i = 0; i < all->venues_count; i++) {
        const struct evm_venue *const venue = &all->venues[i];
        if (!venue->is_readable ||
            !venue_is_in_books(venue->config, &venue->spoke->token, &venue->reading.books)) {
            continue;
        }
        ask_later(all, i, VENUE_PRICE);
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
    CHECK(step < VENUE_FIRST_QUESTIONS * all->venues_count);
    *ret_ask = (struct evm_venue_ask){.venue = step / VENUE_FIRST_QUESTIONS,
                                      .question = step % VENUE_FIRST_QUESTIONS};
    return true;
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

static void write_flow(const struct spoke_flow *flow, uint64_t id, struct json_writer *writer)
{
    uint8_t memory[4 + 2 * 32];
    struct abi_writer data = abi_writer_from(memory, sizeof(memory));

    abi_write_selector(&data, SELECTOR_FLOW_OF);
    abi_write_u64(&data, flow->sibling);
    abi_write_address(&data, &flow->token);
    rpc_write_begin(writer, id, "eth_call");
    evm_write_call(writer, NULL, &flow->spoke, buffer_bytes(&data.buffer));
}

void evm_spokes_write(const struct evm *evm, uint32_t round, uint32_t step, uint64_t id,
                      struct json_writer *writer)
{
    const struct evm_spokes *const all = &evm->spokes;
    const struct spoke_flow *const flow = find_flow_ask(all, round, step);
    struct evm_venue_ask ask;

    if (flow != NULL) {
        write_flow(flow, id, writer);
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
    }
    CHECK(false);
    return false;
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
        venue->is_readable = venue->is_readable && question == VENUE_PAUSE;
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

static void flow_answer(struct evm *evm, struct evm_job *job, struct spoke_flow *flow,
                        const struct evm_answer *answer)
{
    struct bytes returned;

    if (evm_return_bytes(evm, answer, &returned) != STATUS_OK) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, "what goes between spokes cannot be read");
        return;
    }
    struct abi_reader reader = abi_reader_from(returned);
    (void)abi_read_hash(&reader); /* the sibling's address, as the spoke has it */
    flow->sent = abi_read_amount(&reader);
    flow->announced = abi_read_amount(&reader);
    flow->received = abi_read_amount(&reader);
    if (!abi_reader_is_done(&reader)) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, "what a spoke says cannot be understood");
    }
}

void evm_spokes_answer(struct evm *evm, struct evm_job *job, uint32_t round, uint32_t step,
                       const struct evm_answer *answer)
{
    struct spoke_flow *const flow = find_flow_ask(&evm->spokes, round, step);
    struct evm_venue_ask ask;

    if (flow != NULL) {
        flow_answer(evm, job, flow, answer);
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
    for (uint32_t i = 0; i < all->later_count; i++) {
        struct evm_venue *const venue = &all->venues[all->later[i].venue];
        if (all->later[i].question != VENUE_PRICE || !venue->is_readable) {
            continue;
        }
        struct venue_state *const state = &all->venue_states[count++];
        memset(state, 0, sizeof(*state));
        state->spoke = venue->spoke->spoke;
        state->index = venue->config->index;
        /* A price that rose by itself since the booking is judged at the block's own time. */
        venue->reading.time_s = ret_event->positions.time_s;
        venue_state_of(venue->config, &venue->reading, state);
    }
    ret_event->positions.spokes = all->states;
    ret_event->positions.spokes_count = all->spokes_count;
    ret_event->positions.venues = all->venue_states;
    ret_event->positions.venues_count = count;
    ret_event->positions.flows = all->flows;
    ret_event->positions.flows_count = all->flows_count;
}
