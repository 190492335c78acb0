/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/site/site.h: what people and their tools may look at while the node runs, read only,
 * on loopback, or on another address with TLS and a token that every request must carry:
 *
 *   /                        pages that follow the node live
 *   /metrics                 for Prometheus: names and meaning in deploy/monitoring/README.md
 *   /livez                   the loop turns; nothing else is asked
 *   /readyz                  the node can do its work now; false again when it cannot
 *   /startupz                it has started
 *   /api/...                 what the pages are made of (relay/view/view.h)
 *   /live                    a websocket: the newest of it
 *
 * It never delays the node: the loop leaves a copy of what it alone knows, and what happened, in
 * bounded memory; everything else is read from the journal's rows on a thread of its own. What goes
 * through everything that is open may take that thread one part in SITE_SHARE of its time; a page
 * is told at most once a second, and less often the longer it takes to make.
 *
 * Threads: one of its own, with a libwebsockets context of its own. The functions below belong to
 * the loop's thread. */
#ifndef SLUICE_RELAY_NODE_SITE_SITE_H
#define SLUICE_RELAY_NODE_SITE_SITE_H

#include "relay/node/config/config.h"
#include "relay/node/control/control_health.h"
#include "relay/node/driver/driver.h"
#include "store/journal.h"

#define SITE_SHARE         50u /* one part in so many */
#define SITE_TURNS_BUCKETS 8u

/* How long turns of the loop may be, from when a socket was ready to when the next are looked at.
 */
extern const struct duration site_turn_bounds[SITE_TURNS_BUCKETS];

struct site_endpoint {
    bool is_up;
    bool is_bad; /* the wrong chain, or a contract is missing */
    char trouble[128];
    struct chain_endpoint seen; /* what the adapter counts */
};

/* What the node told people by itself (relay/node/alert/alerting.h). */
struct site_alerts {
    bool is_on;
    uint32_t firing_count;  /* told, and not over */
    uint64_t notices_count; /* made */
    uint64_t sent_count;    /* by all channels together */
    uint64_t failed_count;  /* given up by a channel */
    uint64_t untold_count;  /* came and went, or found no room */
};

/* What only the loop knows. */
struct site_live {
    uint64_t beat_ns; /* monotonic, when it was left */
    bool has_started; /* EVENT_START is durable */
    bool is_stopping;
    bool wants_signer;
    bool has_signer; /* it answers */
    bool is_unwritable;
    bool is_pressed;
    uint64_t refusals_count; /* of the signer */
    struct driver_counters driver;
    struct control_health health; /* what is troubled, for people */
    struct site_alerts alerts;
    struct {
        uint64_t counts[SITE_TURNS_BUCKETS];
        uint64_t above_count;
        struct duration sum;
    } turns;
    struct site_endpoint endpoints[CHAINS_MAX][ENDPOINTS_PER_CHAIN_MAX];
};

struct site; /* opaque */

struct site_options {
    const struct node_config *config; /* borrowed for its life */
    struct journal *journal;          /* borrowed for its life */
    const char *build_id;             /* likewise */
};

/* Listens and starts the thread. Says what is wrong and returns an exit code: EXIT_DONE,
 * EXIT_USAGE (the port is taken), EXIT_TEMPORARY. */
int site_open(const struct site_options *options, struct site **ret_site);
/* Copied; a few times a second are enough. Accepts NULL. */
void site_leave(struct site *site, const struct site_live *live);
/* Something happened. Copied; lost and counted when too much happens at once. Accepts NULL. */
void site_note(struct site *site, const struct driver_note *note);
/* Ends the thread. Accepts NULL, returns NULL. */
struct site *site_close(struct site *site);

#endif
