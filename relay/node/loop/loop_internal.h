/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/loop/loop_internal.h: the parts of a running node, shared by loop.c (life),
 * loop_ports.c (what the driver asks for), loop_journal.c (what is durable) and loop_log.c (what is
 * signed of it). */
#ifndef SLUICE_RELAY_NODE_LOOP_LOOP_INTERNAL_H
#define SLUICE_RELAY_NODE_LOOP_LOOP_INTERNAL_H

#include <libwebsockets.h>

#include "relay/node/alert/alerting.h"
#include "relay/node/config/config.h"
#include "relay/node/control/control.h"
#include "relay/node/control/control_json.h"
#include "relay/node/driver/archiving.h"
#include "relay/node/driver/driver.h"
#include "relay/node/journal_log/log_keeper.h"
#include "relay/node/loop/loop_context.h"
#include "relay/node/loop/planner.h"
#include "relay/node/process/child.h"
#include "relay/node/process/log.h"
#include "relay/node/process/service.h"
#include "relay/node/process/thread_queue.h"
#include "relay/node/site/site.h"
#include "relay/node/stores/files.h"
#include "relay/node/stores/remote.h"
#include "relay/node/transport/signer_client.h"
#include "relay/node/transport/transport.h"
#include "store/journal.h"
#include "store/writer.h"

struct loop_endpoint {
    char trouble[128]; /* last told; empty: none since it was up */
    uint64_t told_ns;
    bool up;
    bool bad; /* wrong chain or missing contract: more tries do not help */
    bool good;
};

/* The log's signer as a child: it is started again when it ends, ever more slowly. */
struct loop_log_child {
    bool has_ended;
    int exit_code; /* of the last end */
    struct instant started;
    struct instant ended;
    struct instant due;   /* when it is started again */
    struct duration wait; /* before the next start */
};

struct loop {
    const struct node_config *config;
    const char *build_id;
    struct lws_context *context;
    struct lws_vhost *vhost;
    lws_sorted_usec_list_t timer;
    struct transport *transport;
    struct signer_client *signer; /* NULL: none configured */
    struct child *child;          /* NULL: none started */
    struct child *log_child;      /* the log's signer; NULL: none started */
    struct loop_log_child log_life;
    struct log_keeper *log_keeper; /* NULL: no log */
    struct service service;
    struct site *site;         /* NULL: nothing is served */
    struct alerting *alerting; /* NULL: nobody is told */
    struct site_live live;     /* what it is left */
    uint64_t left_ns;          /* monotonic: when it was left last */
    uint64_t turn_ns;          /* monotonic: when this turn began */
    struct control *control;
    struct files *files;
    struct remote *remote;
    struct sigv4_credentials credentials; /* of our store in S3; zero: none */
    struct planner *planner;
    struct planning planning;
    struct journal *journal;
    struct journal_reader *reader;
    struct writer *writer;
    struct archiving *archiving; /* NULL: nothing is archived */
    struct archive_options archive;
    struct thread_queue *commits; /* struct loop_commit, from the writer's thread */
    enum status unwritten;        /* why the journal cannot be written now; STATUS_OK: it can */
    struct instant unwritten_since;
    struct driver *driver;
    void *driver_memory;
    struct loop_endpoint endpoints[CHAINS_MAX][ENDPOINTS_PER_CHAIN_MAX];
    int signals;  /* signalfd; the loop owns it once adopted */
    bool started; /* EVENT_START is durable */
    bool ready;
    bool stop_asked;
    uint64_t stop_deadline_ns;
    bool ended; /* leave the loop */
    int exit_code;
};

/* ---- loop.c ---- */
/* Begins an orderly stop; `exit_code` is kept when it is the first that is not EXIT_DONE. */
void loop_stop(struct loop *loop, int exit_code, const char *reason);
/* Leaves at once: nothing more may become durable. */
void loop_end(struct loop *loop, int exit_code);
void loop_wake(void *context);

/* ---- loop_ports.c ---- */
struct driver_ports loop_ports(struct loop *loop);
struct transport_handler loop_transport_handler(struct loop *loop);
struct signer_handler loop_signer_handler(struct loop *loop);
struct child_handler loop_child_handler(struct loop *loop);
struct control_handler loop_control_handler(struct loop *loop);
/* Answers of the threads become events. */
void loop_take_answers(struct loop *loop);

/* ---- loop_log.c ---- */
/* Starts the log's signer, if it is ours to start, and compares what it signed with the journal. */
int loop_check_log(struct loop *loop);
int loop_start_log(struct loop *loop);
/* What the log's own thread found, and a child that ended. */
void loop_tend_log(struct loop *loop);
/* What status and why say beside the rows. */
void loop_tell_health(const struct loop *loop, struct control_health *ret_health);

/* ---- loop_journal.c ---- */
/* Opens the journal; says what is wrong and returns an exit code when it cannot. */
int loop_open_journal(struct loop *loop, struct instant *ret_last);
int loop_start_writer(struct loop *loop);
int loop_take_mandate(const struct loop *loop);
/* Ends the thread; what it could not write is not durable and was not acted on. */
void loop_stop_writer(struct loop *loop);
void loop_close_journal(struct loop *loop);
void loop_take_commits(struct loop *loop);

/* ---- loop_watch.c ---- */
/* Opens the site and what tells people, if they are wanted; an exit code. */
int loop_open_site(struct loop *loop);
/* The end of a turn: how long it took is counted, and now and then the site is left what it shows.
 */
void loop_end_turn(struct loop *loop);
void loop_begin_turn(struct loop *loop);

#endif
