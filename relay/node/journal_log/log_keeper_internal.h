/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/journal_log/log_keeper_internal.h: what log_keeper.c (the thread, checkpoints) and
 * log_witness.c (cosignatures) share. All but `shared` belongs to the keeper's thread. */
#ifndef SLUICE_RELAY_NODE_JOURNAL_LOG_LOG_KEEPER_INTERNAL_H
#define SLUICE_RELAY_NODE_JOURNAL_LOG_LOG_KEEPER_INTERNAL_H

#include <libwebsockets.h>
#include <pthread.h>

#include "relay/node/journal_log/log_client.h"
#include "relay/node/journal_log/log_keeper.h"
#include "relay/node/web/http.h"
#include "relay/node/web/web_client.h"
#include "store/log/witness.h"

/* A checkpoint that is, or is about to be, in the journal. */
struct kept {
    struct log_head head;
    size_t text_count; /* of the note: the checkpoint's own lines */
    size_t count;
    uint8_t note[NOTE_BYTES_MAX];
};

struct keeper_witness {
    struct log_keeper *keeper;
    const struct node_witness *config;
    char url[WITNESS_URL_BYTES_MAX + 32]; /* where it takes checkpoints */
    bool is_asked;                        /* and has not answered yet */
    uint64_t size_cosigned;               /* for us, since we started */
    uint64_t size_held;                   /* as far as we know, what it holds */
    uint64_t retry_ns;                    /* not before; monotonic */
    bool is_told;                         /* people know that it does not cosign */
    struct kept asked;                    /* what it was shown last */
    size_t line_count; /* its signature over that, on its way into the note; 0: none */
    uint8_t line[512];
};

struct log_keeper {
    struct log_keeper_options options;
    struct lws_context *context;
    struct lws_vhost *vhost;
    lws_sorted_usec_list_t timer;
    struct http_server *http;
    struct web_client *web; /* to the witnesses; NULL: there are none */
    struct log_client client;
    struct log_head signed_last; /* what the signer signed last, as far as we know */
    struct kept current;         /* the newest in the journal; count 0: none */
    struct kept pending;         /* on its way into the journal */
    bool is_storing;
    bool is_cosigning; /* what is stored is `pending` with another line, not a new checkpoint */
    uint64_t head_seen;
    uint64_t head_changed_ns; /* monotonic */
    uint64_t asked_ns;        /* monotonic: when the last checkpoint was asked for */
    uint64_t retry_ns;
    bool is_told; /* people know that the signer does not answer */
    struct keeper_witness witnesses[NODE_WITNESSES_MAX];
    pthread_t thread;
    bool has_thread;
    struct {
        pthread_mutex_t mutex;
        bool is_stopping;
        bool is_stored; /* the writer answered */
        enum status stored;
        int fault; /* an exit code */
        char fault_text[256];
        char trouble[256]; /* empty: none */
        struct instant trouble_since;
        char silent[256]; /* witnesses that do not cosign; empty: none */
        struct instant silent_since;
    } shared;
};

/* Leaves the names of the witnesses that do not cosign to who asks. */
void keeper_tell_witnesses(struct log_keeper *keeper);
/* Records the first fault and wakes the loop. */
void keeper_fail(struct log_keeper *keeper, int exit_code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Proves that `old` became `head`. */
enum status keeper_prove(struct log_keeper *keeper, struct tree_growth growth,
                         struct tree_proof *ret_proof);
/* Hands keeper->pending to the writer. */
void keeper_store(struct log_keeper *keeper);

/* False: no memory or threads. */
bool keeper_open_witnesses(struct log_keeper *keeper);
/* Shows each witness the newest checkpoint that it has not cosigned. */
void keeper_ask_witnesses(struct log_keeper *keeper);

#endif
