/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/loop/probe.h: what the endpoints of a configuration are good for, found out by using
 * them.
 *
 * The node's own adapters and transport, without a driver, a journal or a signer: each endpoint is
 * connected and checked, heads and final blocks are followed, one range of history is read, every
 * endpoint is asked for the same state of a final block, and the sending keys are asked for.
 * Nothing is signed or written.
 *
 * Threads: the caller's loop, but for the transport's resolver. Memory: one block, owned by the
 * caller from probe_run to probe_free. */
#ifndef SLUICE_RELAY_NODE_LOOP_PROBE_H
#define SLUICE_RELAY_NODE_LOOP_PROBE_H

#include "relay/node/config/config.h"

enum probe_verdict {
    PROBE_WAITING = 0, /* nothing heard yet */
    PROBE_GOOD,
    PROBE_WRONG, /* the wrong chain, or a contract is missing */
    PROBE_DOWN,
};

struct probe_endpoint {
    enum probe_verdict verdict;
    uint32_t tries;   /* that failed */
    char detail[256]; /* in its own words, printable */
    struct chain_endpoint seen;
};

struct probe_chain {
    struct probe_endpoint endpoints[ENDPOINTS_PER_CHAIN_MAX];
    uint64_t head_number;  /* of the newest block that a quorum gave; 0: none */
    uint64_t head_time_s;  /* and its timestamp */
    uint64_t heads_count;  /* that came while we looked */
    uint64_t final_number; /* 0: none */
    bool range_was_read;   /* blocks of history came as a range, with their logs */
    bool quorum_was_lost;  /* at any time */
    uint32_t dissents_count;
    bool everyone_agrees; /* on the tree at a final block; false: not all of them answered */
    bool lane_is_known;
    uint64_t nonce_latest;
    struct amount balance; /* native, of the chain's key */
};

struct probe {
    struct instant ended;
    struct probe_chain chains[CHAINS_MAX];
};

struct probe_options {
    struct duration wait; /* at most */
    bool checks_only;     /* end as soon as every endpoint has its verdict */
};

/* STATUS_MALFORMED: a chain does not fit its adapter. STATUS_NO_MEMORY. */
MUST_USE enum status probe_run(const struct node_config *config,
                               const struct probe_options *options, struct probe **ret_probe);
struct probe *probe_free(struct probe *probe); /* accepts NULL, returns NULL */

#endif
