/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/alert/alert.h"

#include <string.h>

#include "relay/base/check.h"

#define HOUR_NS 3600000000000u
/* Room grows by per_hour / HOUR_NS of a notice in a nanosecond: counted in parts of 1 / HOUR_NS. */
#define PARTS HOUR_NS

void alerts_init(struct alerts *alerts, const struct alert_options *options)
{
    CHECK(options->per_hour > 0);
    CHECK(options->per_hour <= 1000);
    memset(alerts, 0, sizeof(*alerts));
    alerts->options = *options;
    alerts->room = options->per_hour * PARTS;
}

static void fill(struct alerts *alerts)
{
    const uint64_t whole = alerts->options.per_hour * PARTS;
    const uint64_t waited_ns = alerts->now_ns - alerts->filled_ns;
    const uint64_t more = waited_ns >= HOUR_NS ? whole : waited_ns * alerts->options.per_hour;

    alerts->room = whole - alerts->room <= more ? whole : alerts->room + more;
    alerts->filled_ns = alerts->now_ns;
}

void alerts_begin(struct alerts *alerts, uint64_t now_ns)
{
    CHECK(now_ns != 0);
    CHECK(now_ns >= alerts->now_ns);
    alerts->filled_ns = alerts->now_ns == 0 ? now_ns : alerts->filled_ns;
    alerts->now_ns = now_ns;
    fill(alerts);
}

static struct alert *find(struct alerts *alerts, const struct alert_fact *fact)
{
    struct alert *free_place = NULL;

    for (uint32_t i = 0; i < ALERTS_MAX; i++) {
        struct alert *entry = &alerts->entries[i];
        if (entry->first_ns == 0) {
            free_place = free_place == NULL ? entry : free_place;
        } else if (entry->fact.kind == fact->kind &&
                   strcmp(entry->fact.subject, fact->subject) == 0) {
            return entry;
        }
    }
    return free_place;
}

static void count_untold(struct alerts *alerts)
{
    alerts->untold_count++;
    alerts->untold_total++;
}

void alerts_see(struct alerts *alerts, const struct alert_fact *fact)
{
    struct alert *entry = find(alerts, fact);

    CHECK((size_t)fact->kind < ALERT_KINDS);
    if (entry == NULL) {
        count_untold(alerts);
        return;
    }
    if (entry->first_ns == 0) {
        *entry = (struct alert){.first_ns = alerts->now_ns};
    }
    entry->fact = *fact;
    entry->seen_ns = alerts->now_ns;
    entry->is_ending = false;
}

void alerts_keep(struct alerts *alerts)
{
    for (uint32_t i = 0; i < ALERTS_MAX; i++) {
        alerts->entries[i].seen_ns = alerts->now_ns;
    }
}

void alerts_end(struct alerts *alerts)
{
    for (uint32_t i = 0; i < ALERTS_MAX; i++) {
        struct alert *entry = &alerts->entries[i];
        if (entry->first_ns == 0 || entry->seen_ns == alerts->now_ns) {
            continue;
        }
        if (entry->told_ns != 0) {
            entry->is_ending = alerts->now_ns - entry->seen_ns >= alerts->options.hold.ns;
            continue;
        }
        /* It went before it was told. What should have been told and had to wait is counted; what
         * was too short to be told is nothing. */
        const bool was_due = alert_kind_facts(entry->fact.kind)->is_at_once ||
                             entry->seen_ns - entry->first_ns >= alerts->options.hold.ns;
        if (was_due) {
            count_untold(alerts);
        }
        entry->first_ns = 0;
    }
}

/* ---- what is told ---- */

static bool is_due(const struct alerts *alerts, const struct alert *entry, enum alert_news news)
{
    if (entry->first_ns == 0) {
        return false;
    }
    const bool is_now = entry->seen_ns == alerts->now_ns;
    switch (news) {
    case ALERT_FIRES:
        return entry->told_ns == 0 && is_now &&
               (alert_kind_facts(entry->fact.kind)->is_at_once ||
                alerts->now_ns - entry->first_ns >= alerts->options.hold.ns);
    case ALERT_STILL:
        return entry->told_ns != 0 && is_now && alerts->options.repeat.ns != 0 &&
               alerts->now_ns - entry->told_ns >= alerts->options.repeat.ns;
    case ALERT_CLEARS:
        return entry->told_ns != 0 && entry->is_ending;
    }
    return false;
}

/* The one that waits longest. */
static struct alert *find_due(struct alerts *alerts, enum alert_news news,
                              enum alert_severity severity)
{
    struct alert *found = NULL;

    for (uint32_t i = 0; i < ALERTS_MAX; i++) {
        struct alert *entry = &alerts->entries[i];
        if (is_due(alerts, entry, news) &&
            alert_kind_facts(entry->fact.kind)->severity == severity &&
            (found == NULL || entry->first_ns < found->first_ns)) {
            found = entry;
        }
    }
    return found;
}

static void tell(struct alerts *alerts, struct alert *entry, enum alert_news news,
                 struct alert_notice *ret_notice)
{
    *ret_notice = (struct alert_notice){.news = news,
                                        .fact = entry->fact,
                                        .lasted = {.ns = entry->seen_ns - entry->first_ns},
                                        .untold_count = alerts->untold_count};
    alerts->untold_count = 0;
    alerts->told_count++;
    alerts->room -= PARTS;
    entry->told_ns = alerts->now_ns;
    if (news == ALERT_CLEARS) {
        entry->first_ns = 0;
    }
    for (uint32_t i = 0; i < ALERTS_MAX; i++) {
        const struct alert *other = &alerts->entries[i];
        ret_notice->others_count +=
            other != entry && other->first_ns != 0 && other->told_ns != 0 && !other->is_ending;
    }
}

bool alerts_next(struct alerts *alerts, struct alert_notice *ret_notice)
{
    static const struct {
        enum alert_news news;
        enum alert_severity severity;
        bool may_use_all;
    } turns[] = {
        {ALERT_FIRES, ALERT_PAGE, true},   {ALERT_FIRES, ALERT_WARN, false},
        {ALERT_STILL, ALERT_PAGE, false},  {ALERT_STILL, ALERT_WARN, false},
        {ALERT_CLEARS, ALERT_PAGE, false}, {ALERT_CLEARS, ALERT_WARN, false},
    };
    const uint64_t kept = alerts->options.per_hour / 4 * PARTS;

    for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
        if (alerts->room < PARTS + (turns[i].may_use_all ? 0 : kept)) {
            continue;
        }
        struct alert *entry = find_due(alerts, turns[i].news, turns[i].severity);
        if (entry != NULL) {
            tell(alerts, entry, turns[i].news, ret_notice);
            return true;
        }
    }
    return false;
}

uint32_t alerts_firing(const struct alerts *alerts, enum alert_kind kind)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < ALERTS_MAX; i++) {
        const struct alert *entry = &alerts->entries[i];
        count += entry->first_ns != 0 && entry->told_ns != 0 && entry->fact.kind == kind ? 1 : 0;
    }
    return count;
}
