/* SPDX-License-Identifier: Apache-2.0 */
/* What the loop leaves for those who watch it: the site, and the service manager. */
#include <string.h>

#include "relay/node/loop/loop_internal.h"
#include "relay/node/process/clock.h"
#include "relay/node/process/exit_codes.h"

#define LEAVE_NS 250000000u

int loop_open_site(struct loop *loop)
{
    const struct site_options options = {
        .config = loop->config, .journal = loop->journal, .build_id = loop->build_id};

    const struct alerting_options alerting = {.config = loop->config, .journal = loop->journal};
    const int code = loop->config->site_port == 0 ? EXIT_DONE : site_open(&options, &loop->site);

    return code == EXIT_DONE && loop->config->alerts.is_on
               ? alerting_open(&alerting, &loop->alerting)
               : code;
}

static void leave_endpoints(struct loop *loop)
{
    for (uint32_t i = 0; i < loop->config->core.chains_count; i++) {
        for (uint32_t j = 0; j < loop->config->chains[i].endpoints_count; j++) {
            const struct loop_endpoint *from = &loop->endpoints[i][j];
            struct site_endpoint *to = &loop->live.endpoints[i][j];
            to->is_up = from->up;
            to->is_bad = from->bad;
            _Static_assert(sizeof(to->trouble) == sizeof(from->trouble), "the same words");
            memcpy(to->trouble, from->trouble, sizeof(to->trouble));
            to->seen = *driver_endpoint(loop->driver, i, j);
        }
    }
}

static void leave(struct loop *loop, uint64_t now_ns)
{
    struct site_live *live = &loop->live;

    live->beat_ns = now_ns;
    live->has_started = loop->started;
    live->is_stopping = loop->stop_asked;
    live->wants_signer = loop->signer != NULL;
    live->has_signer = loop->signer != NULL && signer_client_is_greeted(loop->signer);
    live->is_unwritable = driver_is_unwritable(loop->driver);
    live->is_pressed = driver_is_pressed(loop->driver);
    live->driver = driver_counters(loop->driver);
    memset(&live->health, 0, sizeof(live->health));
    loop_tell_health(loop, &live->health);
    live->alerts = alerting_counts(loop->alerting);
    leave_endpoints(loop);
    site_leave(loop->site, live);
    alerting_leave(loop->alerting, live);
}

void loop_begin_turn(struct loop *loop)
{
    loop->turn_ns = clock_monotonic_ns();
}

void loop_end_turn(struct loop *loop)
{
    const uint64_t now_ns = clock_monotonic_ns();
    const uint64_t took_ns = now_ns - loop->turn_ns;
    size_t bucket = 0;

    while (bucket < SITE_TURNS_BUCKETS && took_ns > site_turn_bounds[bucket].ns) {
        bucket++;
    }
    if (bucket < SITE_TURNS_BUCKETS) {
        loop->live.turns.counts[bucket]++;
    } else {
        loop->live.turns.above_count++;
    }
    loop->live.turns.sum.ns += took_ns;
    service_sign(&loop->service, now_ns);
    if ((loop->site != NULL || loop->alerting != NULL) &&
        (now_ns - loop->left_ns >= LEAVE_NS || loop->ended)) {
        loop->left_ns = now_ns;
        leave(loop, now_ns);
    }
}
