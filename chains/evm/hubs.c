/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/evm/hubs.h"

#include <string.h>

#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"

#define SELECTOR_ASSET_OF     0x71f96211u
#define SELECTOR_ROUNDS       0xbc3ac875u
#define SELECTOR_WORTH        0x865435c8u
#define SELECTOR_SPOKE_OF     0x5af20924u
#define SELECTOR_REPORT_TERMS 0xc42ede22u

/* What the first round asks of each hub; then follows what it knows of each spoke. */
enum hub_question {
    HUB_ASKS_RESERVE = 0,
    HUB_ASKS_PENDING = 1,
    HUB_ASKS_OWED = 2,
    HUB_ASKS_SUPPLY = 3,
    HUB_ASKS_PRICE = 4,
    HUB_ASKS_ROUND = 5,
    HUB_ASKS_SETTLED = 6,
    HUB_ASKS_PAUSED = 7,
    HUB_ASKS_MANDATE = 8,
    HUB_ASKS_TERMS = 9,
    HUB_ASKS_ASSET = 10, /* of its spoke here */
    HUB_QUESTIONS = 11,
};

static bool is_of(const struct core_hub *hub, const struct core_spoke *spoke)
{
    return spoke->asset == hub->asset;
}

uint32_t evm_hubs_count(const struct core_config *core, uint32_t domain)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < core->hubs_count; i++) {
        count += core->hubs[i].domain == domain ? 1 : 0;
    }
    return count;
}

uint32_t evm_hub_reports_count(const struct core_config *core, uint32_t domain)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < core->hubs_count; i++) {
        for (uint32_t k = 0; k < core->spokes_count && core->hubs[i].domain == domain; k++) {
            count += is_of(&core->hubs[i], &core->spokes[k]) ? 1 : 0;
        }
    }
    return count < HUB_REPORTS_MAX ? count : HUB_REPORTS_MAX;
}

bool evm_hubs_fit(const struct core_config *core, uint32_t domain)
{
    bool fits = true;

    for (uint32_t i = 0; i < core->hubs_count; i++) {
        const struct core_hub *const hub = &core->hubs[i];
        fits = fits && (hub->domain != domain ||
                        (address_is_evm(&hub->hub) && !address_is_zero(&hub->hub) &&
                         address_is_evm(&hub->token) && !address_is_zero(&hub->token)));
    }
    return fits;
}

void evm_hubs_init(struct evm *evm)
{
    const struct core_config *const core = &evm->core;
    struct evm_hubs *const all = &evm->spokes.hubs;
    const uint32_t most = evm_hub_reports_count(core, evm->chain.domain);

    for (uint32_t i = 0; i < core->hubs_count; i++) {
        const struct core_hub *const hub = &core->hubs[i];
        if (hub->domain != evm->chain.domain) {
            continue;
        }
        memset(&all->states[all->hubs_count], 0, sizeof(all->states[0]));
        all->states[all->hubs_count].hub = hub->hub;
        all->spokes[all->hubs_count] = NULL;
        for (uint32_t k = 0; k < core->spokes_count; k++) {
            const struct core_spoke *const spoke = &core->spokes[k];
            if (is_of(hub, spoke) && all->reports_count < most) {
                all->reports[all->reports_count++] =
                    (struct hub_report){.hub = hub->hub, .domain = spoke->domain};
            }
            if (is_of(hub, spoke) && spoke->domain == hub->domain) {
                all->spokes[all->hubs_count] = spoke;
            }
        }
        all->hubs[all->hubs_count++] = hub;
    }
}

/* ---- what is asked ---- */

uint32_t evm_hubs_steps(const struct evm *evm, uint32_t round)
{
    const struct evm_hubs *const all = &evm->spokes.hubs;

    /* The round to be priced next, by its number; then what all is worth since it was closed. */
    return round == 0   ? HUB_QUESTIONS * all->hubs_count + all->reports_count
           : round <= 2 ? all->hubs_count
                        : 0;
}

static void write_call(const struct address *to, struct abi_writer *data, uint64_t id,
                       struct json_writer *writer)
{
    CHECK(!data->overrun);
    rpc_write_begin(writer, id, "eth_call");
    evm_write_call(writer, NULL, to, buffer_bytes(&data->buffer));
}

void evm_hubs_write(const struct evm *evm, uint32_t round, uint32_t step, uint64_t id,
                    struct json_writer *writer)
{
    static const uint32_t selectors[HUB_QUESTIONS] = {0xcd3293deu /* reserve */,
                                                      0x9de4dfcau /* pendingAssets */,
                                                      0x6341d9cdu /* owedAssets */,
                                                      0x18160dddu /* totalSupply */,
                                                      0xa035b1feu /* price */,
                                                      0x146ca531u /* round */,
                                                      0x36ab90e6u /* roundSettled */,
                                                      0x5c975abbu /* paused */,
                                                      0x39b1b96du /* mandate */,
                                                      SELECTOR_REPORT_TERMS,
                                                      SELECTOR_ASSET_OF};
    const struct evm_hubs *const all = &evm->spokes.hubs;
    uint8_t memory[4 + 32];
    struct abi_writer data = abi_writer_from(memory, sizeof(memory));

    if (round > 0) {
        const struct hub_state *const state = &all->states[step];
        abi_write_selector(&data, round == 1 ? SELECTOR_ROUNDS : SELECTOR_WORTH);
        abi_write_u64(&data, round == 1 ? state->settled + 1 : state->closed_at_s);
        write_call(&state->hub, &data, id, writer);
        return;
    }
    if (step >= HUB_QUESTIONS * all->hubs_count) {
        const struct hub_report *const report =
            &all->reports[step - HUB_QUESTIONS * all->hubs_count];
        abi_write_selector(&data, SELECTOR_SPOKE_OF);
        abi_write_u64(&data, report->domain);
        write_call(&report->hub, &data, id, writer);
        return;
    }
    const uint32_t hub = step / HUB_QUESTIONS;
    const uint32_t question = step % HUB_QUESTIONS;
    const struct core_spoke *const spoke = all->spokes[hub];
    abi_write_selector(&data, selectors[question]);
    if (question == HUB_ASKS_ASSET) {
        abi_write_address(&data, &all->hubs[hub]->token);
    }
    write_call(question == HUB_ASKS_ASSET && spoke != NULL ? &spoke->spoke : &all->hubs[hub]->hub,
               &data, id, writer);
}

/* ---- what is answered ---- */

static void take_hub(struct hub_state *state, enum hub_question question, struct abi_reader *reader)
{
    uint64_t flag = 0;

    switch (question) {
    case HUB_ASKS_RESERVE:
        state->reserve = abi_read_amount(reader);
        break;
    case HUB_ASKS_PENDING:
        state->pending = abi_read_amount(reader);
        break;
    case HUB_ASKS_OWED:
        state->owed = abi_read_amount(reader);
        break;
    case HUB_ASKS_SUPPLY:
        state->supply = abi_read_amount(reader);
        break;
    case HUB_ASKS_PRICE:
        state->price = abi_read_amount(reader);
        break;
    case HUB_ASKS_ROUND:
        state->round = abi_read_u64(reader);
        break;
    case HUB_ASKS_SETTLED:
        state->settled = abi_read_u64(reader);
        reader->malformed |= state->settled == UINT64_MAX;
        break;
    case HUB_ASKS_PAUSED:
        flag = abi_read_u64(reader);
        reader->malformed |= flag > 1;
        state->paused = flag == 1;
        break;
    case HUB_ASKS_MANDATE:
        state->mandate = abi_read_hash(reader);
        break;
    case HUB_ASKS_TERMS:
        (void)abi_read_u64(reader); /* how old a report may be: the hub judges */
        flag = abi_read_u64(reader);
        reader->malformed |= flag > UINT32_MAX;
        state->skew_max_s = (uint32_t)flag;
        (void)abi_read_u64(reader);
        break;
    case HUB_ASKS_ASSET:
        state->asset = abi_read_hash(reader);
        (void)abi_read_amount(reader);
        (void)abi_read_amount(reader);
        (void)abi_read_amount(reader);
        (void)abi_read_amount(reader);
        break;
    case HUB_QUESTIONS:
        CHECK(false);
    }
}

static void take_report(struct hub_report *report, struct abi_reader *reader)
{
    (void)abi_read_hash(reader); /* the spoke's address, as the hub has it */
    report->sequence = abi_read_u64(reader);
    report->time_s = abi_read_u64(reader);
    const uint64_t jumped = abi_read_u64(reader);
    reader->malformed |= jumped > 1;
    report->jumped = jumped == 1;
    (void)abi_read_hash(reader); /* what it made by itself, signed */
}

static void take_round(struct hub_state *state, struct abi_reader *reader)
{
    state->round_assets = abi_read_amount(reader);
    state->round_shares = abi_read_amount(reader);
    state->closed_at_s = abi_read_u64(reader);
    (void)abi_read_u64(reader); /* settled at: not yet */
    (void)abi_read_amount(reader);
    (void)abi_read_amount(reader);
    state->is_priced = false;
    state->low = amount_zero();
    state->high = amount_zero();
}

static void take_worth(struct hub_state *state, struct abi_reader *reader)
{
    state->low = abi_read_amount(reader);
    state->high = abi_read_amount(reader);
    state->is_priced = state->closed_at_s != 0;
}

void evm_hubs_answer(struct evm *evm, struct evm_job *job, uint32_t round, uint32_t step,
                     const struct evm_answer *answer)
{
    struct evm_hubs *const all = &evm->spokes.hubs;
    struct bytes returned;

    if (round == 2 && answer->kind == EVM_ANSWER_ERROR && evm_error_is_revert(answer)) {
        return; /* not priced */
    }
    if (evm_return_bytes(evm, answer, &returned) != STATUS_OK) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, "a hub cannot be read");
        return;
    }
    struct abi_reader reader = abi_reader_from(returned);
    if (round == 1) {
        take_round(&all->states[step], &reader);
    } else if (round == 2) {
        take_worth(&all->states[step], &reader);
    } else if (step >= HUB_QUESTIONS * all->hubs_count) {
        take_report(&all->reports[step - HUB_QUESTIONS * all->hubs_count], &reader);
    } else {
        take_hub(&all->states[step / HUB_QUESTIONS], (enum hub_question)(step % HUB_QUESTIONS),
                 &reader);
    }
    if (!abi_reader_is_done(&reader)) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, "what a hub says cannot be understood");
    }
}

void evm_hubs_event(const struct evm *evm, struct event *ret_event)
{
    ret_event->positions.hubs = evm->spokes.hubs.states;
    ret_event->positions.hubs_count = evm->spokes.hubs.hubs_count;
    ret_event->positions.reports = evm->spokes.hubs.reports;
    ret_event->positions.reports_count = evm->spokes.hubs.reports_count;
}
