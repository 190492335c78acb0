/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/hubs.c: one act after the other for those who enter and leave a hub.
 *
 * Invariants
 *   1. At most one leg of a hub is under way, and at most one report of each spoke.
 *   2. What is decided rests on a reading of a final block that has all that was done before
 *      (`not_before`), so that nothing is done a second time because it was not seen yet.
 *   3. A round is settled only once the contract prices it by reports that were made after it was
 *      closed and after the last payment to the hub; unpriced it waits, whatever the last price. */
#include "relay/core/capital/hubs.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/core/capital/capital_internal.h"
#include "relay/core/capital/venue_rows.h"
#include "relay/core/text.h"

#define SECOND_NS        UINT64_C(1000000000)
#define ORDER_LIFE       DURATION_MS(3600000)
#define REPORT_WAIT      DURATION_MS(20000) /* doubles with each that did not arrive */
#define REPORT_DOUBLINGS 6u
#define SHARE_UNITS      1000000u /* base units of shares that a price is of: the hub's offset */
#define PRICE_ONE        UINT64_C(1000000000000000000)
#define MARGIN_PARTS     1000u /* of what is brought home unpriced, one more */

/* ---- rows ---- */

static bool hub_get(struct step *step, const struct core_hub *hub, struct hub_row *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    if (!step_get(step, hub_key(memory, hub), &value)) {
        return false;
    }
    if (!hub_row_unpack(value, ret_row)) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

static void hub_put(struct step *step, const struct core_hub *hub, const struct hub_row *row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[HUB_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));

    hub_row_pack(&packer, row);
    step_put(step, hub_key(key, hub), packer_finish(&packer));
}

static bool report_get(struct step *step, const struct core_hub *hub, uint32_t domain,
                       struct hub_report_row *ret_row)
{
    uint8_t memory[CAPITAL_KEY_BYTES_MAX];
    struct bytes value;

    memset(ret_row, 0, sizeof(*ret_row));
    if (!step_get(step, hub_report_key(memory, hub, domain), &value)) {
        return false;
    }
    if (!hub_report_row_unpack(value, ret_row)) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

static void report_put(struct step *step, const struct core_hub *hub, uint32_t domain,
                       const struct hub_report_row *row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[HUB_REPORT_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));

    hub_report_row_pack(&packer, row);
    step_put(step, hub_report_key(key, hub, domain), packer_finish(&packer));
}

const struct core_spoke *hub_spoke(const struct core_config *config, const struct core_hub *hub)
{
    for (uint32_t i = 0; i < config->spokes_count; i++) {
        if (config->spokes[i].domain == hub->domain && config->spokes[i].asset == hub->asset) {
            return &config->spokes[i];
        }
    }
    return NULL;
}

/* ---- what is missing ---- */

struct amount hub_short(const struct hub_state *state)
{
    const struct amount one = amount_from_u64(1);
    const struct amount offset = amount_from_u64(SHARE_UNITS);
    const struct amount price_one = amount_from_u64(PRICE_ONE);
    struct amount whole = state->price;
    struct amount units;
    struct amount owed;
    struct amount have;
    bool good = true;

    if (state->is_priced) {
        /* As the contract settles: never less than it, for what the fee adds in shares is not
         * counted. */
        good = amount_add(&state->low, &state->reserve, &whole) == STATUS_OK &&
               amount_add(&whole, &one, &whole) == STATUS_OK &&
               amount_add(&state->supply, &offset, &units) == STATUS_OK;
    } else {
        good = amount_multiply(&offset, &price_one, &units) == STATUS_OK;
    }
    good = good && amount_scale_ceil(&state->round_shares, &whole, &units, &owed) == STATUS_OK &&
           amount_add(&state->reserve, &state->round_assets, &have) == STATUS_OK;
    if (good && !state->is_priced && !amount_is_zero(&owed)) {
        const struct amount more = amount_from_u64(MARGIN_PARTS + 1);
        const struct amount parts = amount_from_u64(MARGIN_PARTS);
        good = amount_scale_ceil(&owed, &more, &parts, &owed) == STATUS_OK;
    }
    return good ? capital_less(&owed, &have) : amount_max();
}

/* ---- legs ---- */

static bool may_act(const struct step *step, uint32_t domain)
{
    const struct core_chain *chain = step_chain(step, domain);
    const enum route_mode mode = step->config->route.mode;

    return !step->paused && (mode == ROUTE_ACT || mode == ROUTE_PROPOSE) && chain != NULL &&
           !address_is_zero(&chain->key);
}

/* What a hub, or one of its spokes, is asked. */
struct act {
    enum hub_verb verb;
    uint32_t domain;
    struct address contract;
    struct amount amount;
    struct amount value;
    uint64_t deadline_s;
};

static struct leg leg_of(const struct step *step, const struct core_hub *hub,
                         const struct hub_row *row, const struct act *act, const struct hash *id)
{
    const struct core_chain *chain = step_chain(step, act->domain);
    struct leg leg;

    CHECK(chain != NULL);
    memset(&leg, 0, sizeof(leg));
    leg.id = *id;
    leg.kind = LEG_HUB;
    leg.domain = act->domain;
    leg.key = chain->key;
    leg.hub.verb = act->verb;
    leg.hub.contract = act->contract;
    leg.hub.amount = act->amount;
    leg.hub.value = act->value;
    if (act->verb == HUB_RECALL) {
        leg.hub.domain = hub->domain;
        leg.hub.asset = row->state.asset;
    }
    if (act->verb == HUB_PAY) {
        leg.hub.token = hub->token;
    }
    if (act->verb != HUB_SETTLE) {
        leg.hub.mandate = step->config->route.mandate;
        leg.hub.deadline_s = act->deadline_s;
    }
    return leg;
}

static uint64_t deadline_from(const struct step *step)
{
    return instant_after(step->now, ORDER_LIFE).ns / SECOND_NS;
}

/* A reading's leg has an id of its own, so that what became of an earlier one forbids nothing; and
 * a leg whose preparation was lost is simply asked for again by the next reading. */
static struct hash leg_id_of(const struct core_hub *hub, const struct act *act,
                             const struct event *event)
{
    uint8_t bytes[256];
    struct packer packer = packer_from(bytes, sizeof(bytes));

    pack_address(&packer, &hub->hub);
    pack_u32(&packer, act->domain);
    pack_address(&packer, &act->contract);
    pack_u8(&packer, (uint8_t)act->verb);
    pack_amount(&packer, &act->amount);
    pack_hash(&packer, &event->positions.block_hash);
    return sha2_of(packer_finish(&packer));
}

static void reason_set(struct step *step, const struct core_hub *hub, struct hub_row *row,
                       enum reason reason)
{
    if (row->reason == reason) {
        return;
    }
    row->reason = reason;
    row->since = step->now;
    if (reason == REASON_HUB_REPORT_JUMPED || reason == REASON_HUB_SHORT) {
        step_note(step, NOTE_ALARM, hub->domain, NULL, reason, "nobody enters or leaves meanwhile");
    } else if (reason == REASON_HUB_REFUSES) {
        step_note(step, NOTE_WARN, hub->domain, NULL, reason, row->words);
    }
}

/* ---- reports ---- */

static struct duration report_patience(uint32_t attempts)
{
    const uint32_t doublings = attempts < REPORT_DOUBLINGS ? attempts : REPORT_DOUBLINGS;

    return (struct duration){.ns = REPORT_WAIT.ns << doublings};
}

static bool is_waited(const struct step *step, struct instant since, struct duration wait)
{
    return since.ns == 0 || instant_is_past(instant_after(since, wait), step->now);
}

/* Reports must be made after this second of the chains' clocks. */
static uint64_t reports_after(const struct hub_row *row)
{
    const uint64_t since = row->state.closed_at_s > row->reports_after_s ? row->state.closed_at_s
                                                                         : row->reports_after_s;

    return since + row->state.skew_max_s;
}

/* All reported and it is not priced: they were out of step, or a price is missing. Repeated ever
 * more slowly, so that what never becomes well costs no more than a few reports. */
static struct duration repeat_wait(const struct step *step, const struct hub_row *row)
{
    const uint64_t half_ns = instant_since(step->now, row->since).ns / 2;

    return (struct duration){.ns = half_ns > REPORT_WAIT.ns ? half_ns : REPORT_WAIT.ns};
}

static bool report_is_wanted(const struct step *step, const struct core_hub *hub,
                             const struct hub_row *row, const struct hub_report_row *report,
                             uint64_t time_s)
{
    const struct amount missing = hub_short(&row->state);

    if (report->taken || row->block == 0 ||
        !is_waited(step, report->asked_at,
                   report->attempts == 0 ? DURATION_MS(0) : report_patience(report->attempts))) {
        return false;
    }
    if (row->state.closed_at_s != 0 && !report->jumped && !row->state.is_priced) {
        /* What is paid next would only make it old again. */
        if (!amount_is_zero(&missing) || row->taken || time_s <= reports_after(row)) {
            return false;
        }
        return report->time_s <= reports_after(row) ||
               is_waited(step, report->asked_at, repeat_wait(step, row));
    }
    return hub->report_interval.ns != 0 && is_waited(step, report->asked_at, hub->report_interval);
}

static struct act report_act(const struct core_hub *hub, const struct core_spoke *spoke,
                             const struct hub_report_row *report)
{
    return (struct act){
        .verb = HUB_REPORT,
        .domain = spoke->domain,
        .contract = spoke->spoke,
        /* Where the hub is on the same chain, no message is sent. */
        .value = spoke->domain == hub->domain ? amount_zero() : hub->report_fee_max,
        .deadline_s = report->deadline_s,
    };
}

static void report_ask(struct step *step, const struct core_hub *hub, const struct hub_row *row,
                       const struct core_spoke *spoke, const struct event *event)
{
    struct hub_report_row report;

    (void)report_get(step, hub, spoke->domain, &report);
    if (!may_act(step, spoke->domain) || !step_has_room(step, 1) ||
        !report_is_wanted(step, hub, row, &report, event->positions.time_s)) {
        return;
    }
    report.deadline_s = deadline_from(step);
    const struct act act = report_act(hub, spoke, &report);
    report.leg = leg_id_of(hub, &act, event);
    step_command(step, COMMAND_PREPARE, spoke->domain)->prepare =
        leg_of(step, hub, row, &act, &report.leg);
    report_put(step, hub, spoke->domain, &report);
}

/* What the hub took of its spokes' reports; one that arrived ends the waiting for it. */
static bool reports_take(struct step *step, const struct core_hub *hub, const struct event *event)
{
    bool jumped = false;

    for (uint32_t i = 0; i < event->positions.reports_count; i++) {
        const struct hub_report *said = &event->positions.reports[i];
        struct hub_report_row report;
        if (!address_equal(&said->hub, &hub->hub)) {
            continue;
        }
        (void)report_get(step, hub, said->domain, &report);
        report.attempts = said->sequence > report.sequence ? 0 : report.attempts;
        report.sequence = said->sequence;
        report.time_s = said->time_s;
        report.jumped = said->jumped;
        jumped = jumped || said->jumped;
        report_put(step, hub, said->domain, &report);
    }
    return jumped;
}

/* ---- what a hub does next ---- */

/* Does it hold what its books say? */
static bool holds_its_books(const struct event *event, const struct core_hub *hub,
                            const struct hub_state *state)
{
    struct amount books;

    if (amount_add(&state->reserve, &state->pending, &books) != STATUS_OK ||
        amount_add(&books, &state->owed, &books) != STATUS_OK) {
        return false;
    }
    for (uint32_t i = 0; i < event->positions.balances_count; i++) {
        const struct balance *balance = &event->positions.balances[i];
        if (address_equal(&balance->account, &hub->hub) &&
            address_equal(&balance->token, &hub->token)) {
            return amount_compare(&balance->amount, &books) >= 0;
        }
    }
    return false;
}

/* Brings home what is missing: the spoke there keeps it, so that the plan brings it from wherever
 * that costs least, and pays it once it has it. */
static enum reason act_home(struct step *step, const struct core_hub *hub,
                            const struct amount *missing, struct act *act)
{
    const struct core_spoke *spoke = hub_spoke(step->config, hub);
    const struct amount *least = &step->config->route.move_min;
    const struct amount wanted = amount_compare(missing, least) > 0 ? *missing : *least;
    struct spoke_row row;

    if (spoke == NULL || !venue_get_spoke(step, spoke, &row)) {
        return REASON_POSITIONS_UNKNOWN;
    }
    if (amount_compare(&row.state.idle, missing) >= 0) {
        act->verb = HUB_PAY;
        act->contract = spoke->spoke;
        act->amount = amount_smaller(&wanted, &row.state.idle);
    } else if (amount_compare(&row.state.kept, &wanted) < 0) {
        act->verb = HUB_RECALL;
        act->amount = wanted;
    }
    return REASON_HUB_BRINGS_HOME;
}

static enum reason act_closed(struct step *step, const struct core_hub *hub,
                              const struct hub_row *row, bool jumped, struct act *act)
{
    const struct amount missing = hub_short(&row->state);

    if (!amount_is_zero(&missing)) {
        return act_home(step, hub, &missing, act);
    }
    if (jumped) {
        return REASON_HUB_REPORT_JUMPED;
    }
    if (!row->state.is_priced) {
        return REASON_HUB_REPORTS;
    }
    act->verb = HUB_SETTLE;
    return row->words[0] == '\0' ? REASON_NONE : REASON_HUB_REFUSES;
}

static enum reason act_open(const struct step *step, const struct core_hub *hub,
                            const struct hub_row *row, struct act *act)
{
    const struct hub_state *state = &row->state;

    if (!amount_is_zero(&state->round_assets) || !amount_is_zero(&state->round_shares)) {
        if (!is_waited(step, row->closed_at, hub->round_interval)) {
            return REASON_HUB_ROUND;
        }
        act->verb = HUB_CLOSE;
        return REASON_NONE;
    }
    if (!amount_is_zero(&state->reserve) &&
        amount_compare(&state->reserve, &step->config->route.move_min) >= 0) {
        act->verb = HUB_INVEST;
        act->amount = state->reserve;
    }
    return REASON_NONE;
}

static enum reason hub_act(struct step *step, const struct core_hub *hub, const struct hub_row *row,
                           bool jumped, const struct event *event, struct act *act)
{
    if (row->state.paused) {
        return REASON_HUB_PAUSED;
    }
    if (!hash_equal(&row->state.mandate, &step->config->route.mandate)) {
        return REASON_HUB_MANDATE;
    }
    if (!holds_its_books(event, hub, &row->state)) {
        return REASON_HUB_SHORT;
    }
    const enum reason ledger = ledger_reason(step, hub->domain);
    if (ledger != REASON_NONE) {
        return ledger;
    }
    return row->state.closed_at_s != 0 ? act_closed(step, hub, row, jumped, act)
                                       : act_open(step, hub, row, act);
}

static void hub_read(struct step *step, const struct core_hub *hub, const struct hub_state *state,
                     const struct event *event)
{
    const bool jumped = reports_take(step, hub, event);
    struct act act = {.verb = HUB_NOTHING,
                      .domain = hub->domain,
                      .contract = hub->hub,
                      .deadline_s = deadline_from(step)};
    struct hub_row row;

    (void)hub_get(step, hub, &row);
    row.block = event->positions.block_number;
    row.at = step->now;
    row.state = *state;
    if (!row.taken && row.block >= row.not_before) { /* invariants 1 and 2 */
        reason_set(step, hub, &row, hub_act(step, hub, &row, jumped, event, &act));
        if (act.verb != HUB_NOTHING && may_act(step, hub->domain) && step_has_room(step, 1)) {
            row.leg = leg_id_of(hub, &act, event);
            row.verb = act.verb;
            row.amount = act.amount;
            row.deadline_s = act.deadline_s;
            step_command(step, COMMAND_PREPARE, hub->domain)->prepare =
                leg_of(step, hub, &row, &act, &row.leg);
        }
    }
    hub_put(step, hub, &row);
}

void hub_on_positions(struct step *step, const struct event *event)
{
    const struct core_config *config = step->config;

    for (uint32_t i = 0; i < config->hubs_count; i++) {
        const struct core_hub *hub = &config->hubs[i];
        struct hub_row row;
        for (uint32_t k = 0; k < event->positions.hubs_count && hub->domain == event->domain; k++) {
            if (address_equal(&event->positions.hubs[k].hub, &hub->hub)) {
                hub_read(step, hub, &event->positions.hubs[k], event);
            }
        }
        for (uint32_t k = 0; k < config->spokes_count; k++) {
            const struct core_spoke *spoke = &config->spokes[k];
            if (spoke->asset == hub->asset && spoke->domain == event->domain &&
                hub_get(step, hub, &row)) {
                report_ask(step, hub, &row, spoke, event);
            }
        }
    }
}

/* ---- what becomes of a leg ---- */

/* Whose a leg is. */
struct of_leg {
    const struct core_hub *hub;
    const struct core_spoke *spoke; /* NULL: the hub's own */
    struct hub_row row;
    struct hub_report_row report;
};

static bool find_leg(struct step *step, uint32_t domain, const struct hash *id, struct of_leg *of)
{
    const struct core_config *config = step->config;

    for (uint32_t i = 0; i < config->hubs_count; i++) {
        of->hub = &config->hubs[i];
        of->spoke = NULL;
        if (!hub_get(step, of->hub, &of->row)) {
            continue;
        }
        if (of->hub->domain == domain && hash_equal(&of->row.leg, id)) {
            return true;
        }
        for (uint32_t k = 0; k < config->spokes_count; k++) {
            of->spoke = &config->spokes[k];
            if (of->spoke->domain == domain && of->spoke->asset == of->hub->asset &&
                report_get(step, of->hub, domain, &of->report) && hash_equal(&of->report.leg, id)) {
                return true;
            }
        }
    }
    return false;
}

static struct act act_of(const struct core_config *config, const struct of_leg *of)
{
    const struct core_spoke *local = hub_spoke(config, of->hub);

    if (of->spoke != NULL) {
        return report_act(of->hub, of->spoke, &of->report);
    }
    return (struct act){.verb = of->row.verb,
                        .domain = of->hub->domain,
                        .contract =
                            of->row.verb == HUB_PAY && local != NULL ? local->spoke : of->hub->hub,
                        .amount = of->row.amount,
                        .deadline_s = of->row.deadline_s};
}

static void of_leg_put(struct step *step, const struct of_leg *of)
{
    if (of->spoke != NULL) {
        report_put(step, of->hub, of->spoke->domain, &of->report);
    } else {
        hub_put(step, of->hub, &of->row);
    }
}

/* What the hub says against being settled is what people wait for. */
static void refused(struct step *step, struct of_leg *of, const struct event *event)
{
    struct text text = text_from("");

    if (of->spoke != NULL || event->prepared.outcome != OUTCOME_REFUSED) {
        return; /* unknown, or another report: the next reading asks again */
    }
    text_add_bytes(&text, event->prepared.reason);
    const size_t kept = text.count < sizeof(of->row.words) ? text.count : sizeof(of->row.words) - 1;
    memset(of->row.words, 0, sizeof(of->row.words));
    memcpy(of->row.words, text.text, kept);
    reason_set(step, of->hub, &of->row, REASON_HUB_REFUSES);
    of_leg_put(step, of);
}

void hub_on_prepared(struct step *step, const struct event *event)
{
    struct of_leg of;

    if (hash_is_zero(&event->prepared.leg_id) ||
        !find_leg(step, event->domain, &event->prepared.leg_id, &of) ||
        (of.spoke != NULL ? of.report.taken : of.row.taken) || !may_act(step, event->domain)) {
        return;
    }
    if (event->prepared.outcome != OUTCOME_OK) {
        refused(step, &of, event);
        return;
    }
    const struct act act = act_of(step->config, &of);
    const struct leg leg = leg_of(step, of.hub, &of.row, &act, &event->prepared.leg_id);
    if (lane_offer(step, &leg, event) != REASON_NONE) {
        return; /* the next reading asks again */
    }
    if (of.spoke != NULL) {
        of.report.taken = true;
        of.report.asked_at = step->now;
        of.report.attempts++;
    } else {
        of.row.taken = true;
        memset(of.row.words, 0, sizeof(of.row.words));
    }
    of_leg_put(step, &of);
}

void hub_on_leg_end(struct step *step, const struct leg *leg, enum leg_end end)
{
    const struct hash none = {{0}};
    struct chain_row chain;
    struct of_leg of;

    if (!find_leg(step, leg->domain, &leg->id, &of)) {
        return;
    }
    if (of.spoke != NULL) {
        of.report.leg = none;
        of.report.taken = false;
        of_leg_put(step, &of);
        return;
    }
    const bool is_known = blocks_chain(step, leg->domain, &chain);
    of.row.leg = none;
    of.row.taken = false;
    of.row.not_before = is_known ? chain.final_number : of.row.not_before;
    if (end == LEG_SUCCEEDED && of.row.verb == HUB_CLOSE) {
        of.row.closed_at = step->now;
    }
    if (end == LEG_SUCCEEDED && of.row.verb == HUB_PAY && is_known) {
        /* By the head's clock, which is not before the payment's block. */
        of.row.reports_after_s = chain.head_time_s;
    }
    of_leg_put(step, &of);
}
