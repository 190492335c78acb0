/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two events or commands are equal in everything they hold and point to. */
#include <string.h>

#include "tests/support/records.h"

/* ---- comparison: what pointers lead to, then the structs with the pointers made equal ---- */

static bool runs_equal(struct bytes *a, struct bytes *b)
{
    const bool equal = bytes_equal(*a, *b);

    a->data = b->data = NULL;
    return equal;
}

#define LISTS_EQUAL(a, b, list, count)                                                             \
    ((a)->count == (b)->count &&                                                                   \
     ((a)->count == 0 || memcmp((a)->list, (b)->list, (a)->count * sizeof((a)->list[0])) == 0) &&  \
     ((a)->list = (b)->list = NULL) == NULL)

static bool texts_equal(const struct bytes **a, uint32_t a_count, const struct bytes **b,
                        uint32_t b_count)
{
    if (a_count != b_count) {
        return false;
    }
    for (uint32_t i = 0; i < a_count; i++) {
        if (!bytes_equal((*a)[i], (*b)[i])) {
            return false;
        }
    }
    *a = *b = NULL;
    return true;
}

static bool storages_equal(struct event *a, struct event *b)
{
    return texts_equal(&a->storage.locations, a->storage.locations_count, &b->storage.locations,
                       b->storage.locations_count);
}

static bool lookups_equal(struct event *a, struct event *b)
{
    return texts_equal(&a->lookup.urls, a->lookup.urls_count, &b->lookup.urls,
                       b->lookup.urls_count) &&
           runs_equal(&a->lookup.call_data, &b->lookup.call_data) &&
           runs_equal(&a->lookup.reason, &b->lookup.reason);
}

static bool positions_equal(struct event *a, struct event *b)
{
    return LISTS_EQUAL(&a->positions, &b->positions, balances, balances_count) &&
           LISTS_EQUAL(&a->positions, &b->positions, vaults, vaults_count) &&
           LISTS_EQUAL(&a->positions, &b->positions, quotes, quotes_count) &&
           LISTS_EQUAL(&a->positions, &b->positions, spokes, spokes_count) &&
           LISTS_EQUAL(&a->positions, &b->positions, venues, venues_count) &&
           LISTS_EQUAL(&a->positions, &b->positions, flows, flows_count) &&
           LISTS_EQUAL(&a->positions, &b->positions, feeds, feeds_count) &&
           LISTS_EQUAL(&a->positions, &b->positions, hubs, hubs_count) &&
           LISTS_EQUAL(&a->positions, &b->positions, reports, reports_count);
}

static bool pointees_equal(struct event *a, struct event *b)
{
    switch (a->kind) {
    case EVENT_START:
        /* Whole bytes: unused entries and padding are zero on both sides, or something is wrong. */
        /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
        if (memcmp(a->start.config, b->start.config, sizeof(*a->start.config)) != 0) {
            return false;
        }
        a->start.config = b->start.config = NULL;
        return runs_equal(&a->start.build_id, &b->start.build_id);
    case EVENT_FACT:
    case EVENT_PAST_FACT:
        return a->fact.kind != FACT_DISPATCH ||
               runs_equal(&a->fact.dispatch.message, &b->fact.dispatch.message);
    case EVENT_SECURITY:
        return LISTS_EQUAL(&a->security.ism, &b->security.ism, nodes, nodes_count) &&
               LISTS_EQUAL(&a->security.ism, &b->security.ism, validators, validators_count) &&
               runs_equal(&a->security.reason, &b->security.reason);
    case EVENT_STORAGE:
        return storages_equal(a, b);
    case EVENT_LOOKUP:
        return lookups_equal(a, b);
    case EVENT_LOOKUP_ANSWER:
        return runs_equal(&a->lookup_answer.metadata, &b->lookup_answer.metadata);
    case EVENT_POSITIONS:
        return positions_equal(a, b);
    case EVENT_PLANNED:
        return LISTS_EQUAL(&a->planned, &b->planned, moves, moves_count) &&
               runs_equal(&a->planned.reason, &b->planned.reason) &&
               runs_equal(&a->planned.proof, &b->planned.proof);
    case EVENT_PREPARED:
        return runs_equal(&a->prepared.reason, &b->prepared.reason);
    case EVENT_SIGNED:
        return runs_equal(&a->signed_.reason, &b->signed_.reason);
    case EVENT_SUBMITTED:
        return runs_equal(&a->submitted.reason, &b->submitted.reason);
    case EVENT_CHECKPOINT_SIGNED:
        return runs_equal(&a->checkpoint_signed.reason, &b->checkpoint_signed.reason);
    case EVENT_ANNOUNCEMENT_SIGNED:
        return runs_equal(&a->announcement_signed.reason, &b->announcement_signed.reason);
    case EVENT_LOOKUP_SIGNED:
        return runs_equal(&a->lookup_signed.reason, &b->lookup_signed.reason);
    case EVENT_OPERATOR:
        return runs_equal(&a->operator_.reason, &b->operator_.reason);
    case EVENT_ENDPOINT:
        return runs_equal(&a->endpoint.detail, &b->endpoint.detail);
    case EVENT_DISSENT:
        return runs_equal(&a->dissent.question, &b->dissent.question) &&
               runs_equal(&a->dissent.answer, &b->dissent.answer);
    case EVENT_TREE:
        return runs_equal(&a->tree.branch, &b->tree.branch);
    case EVENT_QUORUM:
        return runs_equal(&a->quorum.detail, &b->quorum.detail);
    case EVENT_STOP:
        return runs_equal(&a->stop.reason, &b->stop.reason);
    case EVENT_WAKE:
    case EVENT_BLOCK:
    case EVENT_FINAL:
    case EVENT_CHECKPOINT:
    case EVENT_RECEIPT:
    case EVENT_LANE:
    case EVENT_PUBLISHED:
    case EVENT_CALLS:
    case EVENT_PASSED:
    case EVENT_PAST_BLOCK:
        return true;
    }
    return false;
}

bool events_equal(const struct event *a, const struct event *b)
{
    struct event left;
    struct event right;

    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    if (left.kind != right.kind || !pointees_equal(&left, &right)) {
        return false;
    }
    /* Both were zeroed, so a byte that differs is a field that differs. */
    /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
    return memcmp(&left, &right, sizeof(left)) == 0;
}

static bool legs_pointees_equal(struct leg *a, struct leg *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    if (a->kind == LEG_PROCESS) {
        return runs_equal(&a->process.message, &b->process.message) &&
               runs_equal(&a->process.metadata, &b->process.metadata);
    }
    if (a->kind == LEG_BATCH) {
        return runs_equal(&a->batch.deliveries, &b->batch.deliveries);
    }
    return a->kind != LEG_ANNOUNCE || runs_equal(&a->announce.location, &b->announce.location);
}

bool commands_equal(const struct command *a, const struct command *b)
{
    struct command left;
    struct command right;
    bool equal = a->kind == b->kind;

    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    if (equal && a->kind == COMMAND_SEND) {
        equal = legs_pointees_equal(&left.send.leg, &right.send.leg);
    } else if (equal && a->kind == COMMAND_SIGN_ANNOUNCEMENT) {
        equal = runs_equal(&left.sign_announcement.location, &right.sign_announcement.location);
    } else if (equal && a->kind == COMMAND_SIGN_LOOKUP) {
        equal = runs_equal(&left.sign_lookup.url, &right.sign_lookup.url) &&
                runs_equal(&left.sign_lookup.call_data, &right.sign_lookup.call_data);
    } else if (equal && a->kind == COMMAND_PUBLISH_ANNOUNCEMENT) {
        equal =
            runs_equal(&left.publish_announcement.location, &right.publish_announcement.location);
    } else if (equal && a->kind == COMMAND_PLAN) {
        equal = runs_equal(&left.plan.network, &right.plan.network);
    } else if (equal && a->kind == COMMAND_NOTE) {
        equal = runs_equal(&left.note.text, &right.note.text);
    }
    /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
    return equal && memcmp(&left, &right, sizeof(left)) == 0; /* as above */
}
