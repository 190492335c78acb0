/* SPDX-License-Identifier: Apache-2.0 */
/* Is the node alive, and can it do its work now? */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/site/site_internal.h"

static void check(struct site_health *health, const char *name, bool is_good, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

static void check(struct site_health *health, const char *name, bool is_good, const char *format,
                  ...)
{
    struct site_check *entry = &health->checks[health->count];
    va_list arguments;

    CHECK(health->count < SITE_CHECKS_MAX);
    (void)snprintf(entry->name, sizeof(entry->name), "%s", name);
    entry->is_good = is_good;
    va_start(arguments, format);
    (void)vsnprintf(entry->text, sizeof(entry->text), format, arguments);
    va_end(arguments);
    health->count++;
    health->is_ready = health->is_ready && is_good;
}

bool site_is_alive(const struct site *site)
{
    const uint64_t now = site_now_ns();

    return site->live.beat_ns != 0 && now - site->live.beat_ns < SITE_BEAT_MAX_NS;
}

static void check_chain(const struct site *site, uint32_t index, struct site_health *health)
{
    const struct view view = site_view(site);
    const struct node_chain *chain = &site->options.config->chains[index];
    const struct core_chain *core = &view.config->chains[index];
    const uint32_t readers_count = chain->endpoints_count - chain->submit_count;
    char name[NAME_BYTES_MAX + 8];
    struct chain_row row;
    uint32_t up_count = 0;

    for (uint32_t i = 0; i < readers_count; i++) {
        const struct site_endpoint *endpoint = &site->live.endpoints[index][i];
        up_count += endpoint->is_up && !endpoint->is_bad ? 1 : 0;
    }
    (void)snprintf(name, sizeof(name), "chain %s", core->name);
    const enum status status = core_view_chain(&view.source, core->domain, &row);
    if (up_count < chain->quorum) {
        check(health, name, false, "%u of %u endpoints answer; %u must agree", up_count,
              readers_count, chain->quorum);
    } else if (status != STATUS_OK || row.head_number == 0) {
        check(health, name, false, "no block was seen yet");
    } else if (row.stopped != REASON_NONE) {
        check(health, name, false, "%s", reason_text(row.stopped));
    } else if (row.no_quorum) {
        check(health, name, false, "%s", reason_text(REASON_NO_QUORUM));
    } else {
        check(health, name, true, "%u of %u endpoints answer", up_count, readers_count);
    }
}

void site_health(const struct site *site, struct site_health *ret_health)
{
    const struct site_live *live = &site->live;
    const bool is_alive = site_is_alive(site);

    memset(ret_health, 0, sizeof(*ret_health));
    ret_health->is_ready = true;
    check(ret_health, "started", live->has_started && !live->is_stopping, "%s",
          live->is_stopping   ? "it is stopping"
          : live->has_started ? "yes"
                              : "the start is not durable yet");
    check(ret_health, "loop", is_alive, "%s",
          is_alive ? "it turns" : "it has not turned for ten seconds");
    check(ret_health, "journal", !live->is_unwritable, "%s",
          live->is_unwritable ? reason_text(REASON_JOURNAL_UNWRITABLE) : "it is written");
    if (live->wants_signer) {
        check(ret_health, "signer", live->has_signer, "%s",
              live->has_signer ? "it answers" : "it does not answer: nothing is signed");
    }
    for (uint32_t i = 0; i < site->options.config->core.chains_count; i++) {
        check_chain(site, i, ret_health);
    }
}
