/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/alert/alerting_internal.h: alerting.c (life, looking) and alerting_channel.c
 * (telling). All of it is alerting's own thread's. */
#ifndef SLUICE_RELAY_NODE_ALERT_ALERTING_INTERNAL_H
#define SLUICE_RELAY_NODE_ALERT_ALERTING_INTERNAL_H

#include <libwebsockets.h>
#include <pthread.h>

#include "relay/node/alert/alert.h"
#include "relay/node/alert/alert_look.h"
#include "relay/node/alert/alerting.h"
#include "relay/node/process/program.h"
#include "relay/node/process/thread_queue.h"
#include "relay/node/web/web_client.h"

#define NOTICES_MAX       64u
#define NOTICE_BYTES_MAX  4096u
#define NOTICE_WORDS      5u
#define NOTICE_WORD_BYTES 128u
#define HEADERS_BYTES_MAX 1024u

/* A notice as it is sent. */
struct notice {
    char words[NOTICE_WORDS][NOTICE_WORD_BYTES]; /* of the program's environment */
    size_t document_count;
    char document[NOTICE_BYTES_MAX]; /* JSON */
    size_t mail_count;
    char mail[NOTICE_BYTES_MAX];
};

/* Not stored. */
enum channel_kind {
    CHANNEL_COMMAND = 0,
    CHANNEL_WEBHOOK = 1,
    CHANNEL_MAIL = 2,
};

struct channel {
    struct alerting *alerting;
    enum channel_kind kind;
    bool is_on;
    uint64_t next; /* number of the notice that it gives next or is giving */
    uint32_t tries;
    uint64_t retry_ns; /* not before; monotonic */
    bool is_busy;
    struct program program; /* COMMAND, MAIL */
};

struct alerting {
    struct alerting_options options;
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct web_client *web;
    lws_sorted_usec_list_t timer;
    struct journal_reader *reader;
    struct row_source source;
    struct site_live live; /* a copy, taken each tick */
    struct alerts alerts;
    struct alert_memory memory;
    uint64_t kept_count; /* notices (told_count) that the file of alert_kept.h tells of */
    bool has_backlogs;
    struct backlog backlogs[CHAINS_MAX];
    uint64_t backlogs_due_ns;
    uint64_t notices_count; /* made so far; the newest NOTICES_MAX are kept */
    struct notice notices[NOTICES_MAX];
    struct channel channels[ALERTING_CHANNELS];
    char headers[HEADERS_BYTES_MAX]; /* of the webhook; holds a secret */
    struct site_alerts counts;
    pthread_t thread;
    bool has_thread;
    struct thread_queue *notes; /* struct driver_note, without its text */
    struct {
        pthread_mutex_t mutex;
        bool is_stopping;
        struct site_live live;
        struct site_alerts counts;
    } shared;
};

/* ---- alerting_channel.c ---- */
/* Says what is wrong and returns an exit code. */
int channels_open(struct alerting *alerting);
/* Gives the notice to every channel. */
void channels_tell(struct alerting *alerting, const struct alert_notice *notice, struct instant at);
/* Goes on with what is under way. */
void channels_tick(struct alerting *alerting, uint64_t now_ns);
/* Every notice was given to every channel, or given up. */
bool channels_are_done(const struct alerting *alerting);
void channels_close(struct alerting *alerting);

#endif
