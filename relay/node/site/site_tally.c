/* SPDX-License-Identifier: Apache-2.0 */
/* What the site counts itself: the history once, in slices, then each thing that happened, when it
 * is durable. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/site/site_internal.h"

#define HISTORY_ROWS_PER_TICK 5000u
#define EVENTS_PER_TICK       20000u

#define SECONDS(s)                                                                                 \
    {                                                                                              \
        .ns = (uint64_t)(s)*1000000000u                                                            \
    }

const struct duration site_delivery_bounds[SITE_DELIVERY_BOUNDS] = {
    SECONDS(1),   SECONDS(3),   SECONDS(10),   SECONDS(30),   SECONDS(60),
    SECONDS(180), SECONDS(600), SECONDS(1800), SECONDS(7200), SECONDS(86400),
};

/* False: it has not ended. */
static bool result_of(const struct message_row *message, enum site_result *ret_result)
{
    switch (message->state) {
    case MESSAGE_DELIVERED:
        *ret_result =
            message->reason == REASON_DELIVERED_ELSEWHERE ? SITE_ELSEWHERE : SITE_DELIVERED;
        return true;
    case MESSAGE_DROPPED:
        *ret_result = SITE_DROPPED;
        return true;
    case MESSAGE_ORPHANED:
        *ret_result = SITE_ORPHANED;
        return true;
    case MESSAGE_REFUSED:
        *ret_result = SITE_REFUSED;
        return true;
    case MESSAGE_NOT_RELAYED:
    case MESSAGE_SEEN:
    case MESSAGE_QUEUED:
    case MESSAGE_SECURITY:
    case MESSAGE_STORAGE:
    case MESSAGE_CHECKPOINTS:
    case MESSAGE_PREPARING:
    case MESSAGE_OFFERED:
    case MESSAGE_SENT:
    case MESSAGE_INCLUDED:
    case MESSAGE_RETRY:
    case MESSAGE_ELSEWHERE:
    case MESSAGE_HELD:
    case MESSAGE_QUARANTINED:
    case MESSAGE_DEAD:
    case MESSAGE_BLOCKED:
        return false;
    }
    return false;
}

static void observe_delivery(struct site_delivery *delivery, const struct site_exemplar *exemplar)
{
    const struct duration took = exemplar->took;
    size_t bucket = 0;

    while (bucket < SITE_DELIVERY_BOUNDS && took.ns > site_delivery_bounds[bucket].ns) {
        bucket++;
    }
    if (bucket < SITE_DELIVERY_BOUNDS) {
        delivery->counts[bucket]++;
    } else {
        delivery->above_count++;
    }
    delivery->sum.ns += took.ns;
    if (exemplar->at.ns >= delivery->newest[bucket].at.ns) {
        delivery->newest[bucket] = *exemplar; /* the history comes in no order */
    }
}

/* Keeps the newest; most come in order. */
static void remember(struct site_tally *tally, const struct hash *id, struct instant at)
{
    uint32_t place = tally->recent_count;

    while (place > 0 && tally->recent[place - 1].at.ns <= at.ns) {
        place--;
    }
    if (place >= SITE_RECENT_MAX) {
        return;
    }
    tally->recent_count += tally->recent_count < SITE_RECENT_MAX ? 1 : 0;
    memmove(&tally->recent[place + 1], &tally->recent[place],
            (tally->recent_count - 1 - place) * sizeof(tally->recent[0]));
    tally->recent[place] = (struct site_recent){.id = *id, .at = at};
}

static void count_message(struct site *site, const struct hash *id,
                          const struct message_row *message)
{
    struct site_tally *tally = site->tally;
    const uint32_t origin = site_chain_index(site, message->origin);
    const uint32_t destination = site_chain_index(site, message->destination);
    enum site_result result = SITE_DELIVERED;

    if (!result_of(message, &result)) {
        return;
    }
    tally->ended[origin][destination][result]++;
    if (result == SITE_DELIVERED && message->final_at.ns != 0) {
        const struct site_exemplar exemplar = {.id = *id,
                                               .took =
                                                   instant_since(message->since, message->final_at),
                                               .at = message->since};
        observe_delivery(&tally->delivery[destination], &exemplar);
    }
    remember(tally, id, message->since);
}

/* ---- history ---- */

static enum status read_history(struct site *site)
{
    struct site_tally *tally = site->tally;
    const struct view view = site_view(site);

    for (uint32_t i = 0; i < HISTORY_ROWS_PER_TICK; i++) {
        const struct hash after = tally->next;
        struct message_row message;
        const enum status status =
            core_view_next_message(&view.source, &after, &tally->next, &message);
        if (status == STATUS_NOT_FOUND) {
            tally->is_whole = true;
            return STATUS_OK;
        }
        if (status != STATUS_OK) {
            return status;
        }
        count_message(site, &tally->next, &message);
    }
    return STATUS_OK;
}

/* ---- what happened since ---- */

static bool ends_message(uint32_t reason)
{
    return reason == (uint32_t)REASON_DELIVERED || reason == (uint32_t)REASON_DELIVERED_ELSEWHERE ||
           reason == (uint32_t)REASON_DROPPED || reason == (uint32_t)REASON_ORPHANED ||
           reason == (uint32_t)REASON_MALFORMED_MESSAGE;
}

static enum status count_event(struct site *site, const struct site_event *event)
{
    const struct view view = site_view(site);
    struct message_row message;

    if (event->reason < SITE_REASONS_MAX) {
        site->tally->notes[site_chain_index(site, event->domain)][event->reason]++;
    }
    if (!ends_message(event->reason) || event->at_ns <= site->tally->boundary_ns) {
        return STATUS_OK;
    }
    const enum status status = core_view_message(&view.source, &event->subject, &message);
    if (status == STATUS_OK) {
        count_message(site, &event->subject, &message);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* The rows show what happened up to this instant. */
static enum status read_last(const struct site *site, uint64_t *ret_ns)
{
    const struct view view = site_view(site);
    struct node_view node;
    const enum status status = core_view_node(&view.source, &node);

    *ret_ns = status == STATUS_OK ? node.last.ns : 0;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status take_events(struct site *site)
{
    struct site_tally *tally = site->tally;
    uint64_t last_ns = 0;
    enum status status = read_last(site, &last_ns);

    for (uint32_t i = 0; status == STATUS_OK && i < EVENTS_PER_TICK; i++) {
        struct buffer memory = buffer_from(&tally->held, sizeof(tally->held));
        if (!tally->has_held && thread_queue_take(site->events, 0, &memory) != STATUS_OK) {
            return STATUS_OK;
        }
        tally->has_held = tally->held.at_ns > last_ns;
        if (tally->has_held) {
            return STATUS_OK;
        }
        status = count_event(site, &tally->held);
    }
    return status;
}

enum status site_tally_tick(struct site *site)
{
    struct site_tally *tally = site->tally;

    if (tally->is_whole) {
        const enum status status = journal_reader_refresh(site->reader);
        return status == STATUS_OK ? take_events(site) : status;
    }
    if (hash_is_zero(&tally->next)) {
        const enum status status = read_last(site, &tally->boundary_ns);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return read_history(site);
}

/* ---- backlogs ---- */

enum status site_backlogs_tick(struct site *site)
{
    const struct view view = site_view(site);
    const uint64_t began_ns = site_now_ns();

    if (began_ns < site->backlogs_due_ns) {
        return STATUS_OK;
    }
    for (uint32_t i = 0; i < view.config->chains_count; i++) {
        const enum status status =
            backlog_look(&view.source, view.config->chains[i].domain, 1, &site->backlogs[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    const uint64_t ended_ns = site_now_ns();
    site->backlogs_due_ns = ended_ns + 1000000000u + (ended_ns - began_ns) * SITE_SHARE;
    return STATUS_OK;
}
