/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/site/site_internal.h: the site's parts: site.c (life), site_tally.c (what it counts
 * itself), site_metrics.c, site_health.c, site_pages.c (paths). All of it is the site's thread's.
 */
#ifndef SLUICE_RELAY_NODE_SITE_SITE_INTERNAL_H
#define SLUICE_RELAY_NODE_SITE_SITE_INTERNAL_H

#include <libwebsockets.h>
#include <pthread.h>

#include "relay/node/alert/backlog.h"
#include "relay/node/process/secret_file.h"
#include "relay/node/process/thread_queue.h"
#include "relay/node/site/exposition.h"
#include "relay/node/site/site.h"
#include "relay/node/web/http.h"
#include "relay/view/view.h"

#define SITE_SAMPLED_ASSETS  4u
#define SITE_REASONS_MAX     400u
#define SITE_RECENT_MAX      100u
#define SITE_DELIVERY_BOUNDS 10u
#define SITE_BEAT_MAX_NS     10000000000u /* without a turn of the loop, the node is not alive */

/* How a message ended. Not stored. */
enum site_result {
    SITE_DELIVERED = 0,
    SITE_ELSEWHERE = 1, /* by another relayer */
    SITE_DROPPED = 2,
    SITE_ORPHANED = 3,
    SITE_REFUSED = 4, /* malformed */
};
#define SITE_RESULTS 5u

/* What happened, as the loop told it. */
struct site_event {
    uint64_t at_ns;
    uint32_t reason;
    uint32_t level;
    uint32_t domain;
    struct hash subject;
};

/* A message that took so long. `at` 0: none yet. */
struct site_exemplar {
    struct hash id;
    struct duration took;
    struct instant at;
};

struct site_delivery {
    uint64_t counts[SITE_DELIVERY_BOUNDS];
    uint64_t above_count;
    struct duration sum;
    /* The last of each bucket; behind them, of what is above. */
    struct site_exemplar newest[SITE_DELIVERY_BOUNDS + 1];
};

struct site_recent {
    struct hash id;
    struct instant at;
};

/* Counted since the journal began (messages that ended) or since the start (notes). Indexes of
 * chains are those of the configuration; CHAINS_MAX: a chain that is not in it. */
struct site_tally {
    bool is_whole;        /* the history was read */
    struct hash next;     /* reading it: after this message */
    uint64_t boundary_ns; /* relay time of the snapshot: what is later is told by events */
    bool has_held;
    struct site_event held;                                       /* taken, and not durable yet */
    uint64_t lost_count;                                          /* events that found no room */
    uint64_t ended[CHAINS_MAX + 1][CHAINS_MAX + 1][SITE_RESULTS]; /* origin, destination */
    struct site_delivery delivery[CHAINS_MAX + 1];                /* from final to delivered */
    uint64_t notes[CHAINS_MAX + 1][SITE_REASONS_MAX];
    struct site_recent recent[SITE_RECENT_MAX]; /* ended last; the newest first */
    uint32_t recent_count;
};

#define SITE_SAMPLES_MAX 720u
#define SITE_SAMPLE_NS   5000000000u

/* One point of the plots. */
struct site_sample {
    uint64_t at_s;
    uint64_t open_count;
    uint64_t ended_count;
    uint64_t records_count;
    float off_goal[SITE_SAMPLED_ASSETS]; /* part of the asset's total that is not where it should
                                            be; a plot's number */
};

/* Since the start. When it is full every second sample goes and the wait between them doubles. */
struct site_history {
    uint64_t every_ns;
    uint64_t due_ns; /* monotonic */
    uint32_t count;
    struct site_sample samples[SITE_SAMPLES_MAX];
};

struct site {
    struct site_options options;
    struct lws_context *context;
    struct http_server *http;
    char token[SECRET_TOKEN_BYTES_MAX]; /* empty: nobody is asked */
    lws_sorted_usec_list_t timer;
    struct journal_reader *reader;
    struct site_live live; /* a copy, taken each tick */
    struct site_tally *tally;
    struct site_history history;
    struct backlog backlogs[CHAINS_MAX];
    uint64_t backlogs_due_ns; /* monotonic */
    json_t *slow;             /* what takes long to make, as it was last; NULL: not yet */
    uint64_t slow_due_ns;     /* monotonic */
    uint64_t page_due_ns;     /* monotonic */
    uint64_t page_head;       /* what the last page was made of */
    pthread_t thread;
    bool has_thread;
    struct thread_queue *events; /* struct site_event */
    uint64_t lost_count;         /* the loop's */
    struct {
        pthread_mutex_t mutex;
        bool is_stopping;
        uint64_t lost_count;
        struct site_live live;
    } shared;
};

uint64_t site_now_ns(void);      /* monotonic */
struct instant site_clock(void); /* of the system */
struct view site_view(const struct site *site);
/* Index into the configuration's chains; CHAINS_MAX: not in it. */
uint32_t site_chain_index(const struct site *site, uint32_t domain);

/* ---- site_tally.c ---- */
extern const struct duration site_delivery_bounds[SITE_DELIVERY_BOUNDS];
/* Goes on reading the history, or takes in what happened since. */
enum status site_tally_tick(struct site *site);
enum status site_backlogs_tick(struct site *site);

/* ---- site_history.c ---- */
enum status site_history_tick(struct site *site);
json_t *site_history_json(const struct site *site);

/* ---- site_health.c ---- */
#define SITE_CHECKS_MAX (CHAINS_MAX + 8u)
struct site_check {
    char name[NAME_BYTES_MAX + 8];
    bool is_good;
    char text[160];
};
struct site_health {
    struct site_check checks[SITE_CHECKS_MAX];
    uint32_t count;
    bool is_ready; /* all are good */
};
void site_health(const struct site *site, struct site_health *ret_health);
bool site_is_alive(const struct site *site);

/* ---- site_metrics.c ---- */
/* STATUS_FULL, STATUS_IO, STATUS_CORRUPT. */
enum status site_metrics(struct site *site, struct exposition *exposition);

/* ---- site_endpoints.c ---- */
void site_write_endpoints(const struct site *site, struct exposition *out);

/* ---- site_worth.c ---- */
/* STATUS_IO, STATUS_CORRUPT: the rows cannot be read. */
enum status site_write_worth(const struct view *view, struct exposition *out);

/* ---- site_hyperlane.c ---- */
/* After the others: the same under names that dashboards of the reference agents ask for. */
enum status site_hyperlane_metrics(struct site *site, struct exposition *exposition);

/* ---- site_pages.c ---- */
extern const char site_policy[]; /* Content-Security-Policy */
void site_serve(void *context, const struct http_request *request, struct http_answer *ret_answer);
/* Everything a page shows. Owned by the caller; NULL: the rows cannot be read. */
json_t *site_page(struct site *site);

#endif
