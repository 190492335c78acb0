/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/driver/driver.h: turns what happened outside into core steps, journal batches and
 * acts.
 *
 * The driver owns the core, its rows, the chain adapters and the batches. It does no I/O and reads
 * no clock: what goes out goes through struct driver_ports, what comes in comes through driver_on_*
 * and every call that can change time is told the time. The node (relay/node/loop/loop.c) and the
 * simulator (tests/sim) run this same code.
 *
 * Promises, tested by tests/unit/test_driver.c and the simulator:
 *   1. A command that waits (command_waits) leaves only after driver_on_committed said that its
 *      batch is durable; commands of one chain leave in the order the core gave them.
 *   2. Events are stamped with relay time, which is the clock's. Where the clock is behind the last
 *      instant, because somebody set it back, relay time goes on from there at half the clock's
 *      pace until both are one: it never moves back, and no deadline stands still.
 *   3. When the overlay, the batches or the queues have no room, events are left where they are
 *      until a batch is durable (back-pressure); nothing is stepped that cannot be journaled.
 *   4. While the journal cannot be written nothing that waits leaves; watching goes on as far as
 *      memory allows, and acting resumes with the commit that succeeds.
 *   5. One driver_tick does a bounded amount of work.
 *
 * A command that finds its queue full is dropped and counted: to the core it is an answer that was
 * lost, and the core asks again. COMMAND_WATCH alone is kept until it was taken.
 *
 * An event that breaks a bound of the journal's records (record_check_event) is dropped and counted
 * before the core sees it: what is stepped must be journaled.
 *
 * Threads: none; one owner. Ports must not call back into the driver.
 * Memory: one block of driver_footprint bytes, given at init; nothing is allocated later. Pages
 * that are never needed are never touched.
 * Pointers in what a port is given are borrowed for that call, but for commit (see there). */
#ifndef SLUICE_RELAY_NODE_DRIVER_DRIVER_H
#define SLUICE_RELAY_NODE_DRIVER_DRIVER_H

#include "chains/chain.h"
#include "relay/core/core.h"
#include "store/journal.h"

#define DRIVER_EVENTS_MAX  256u /* steps of one tick */
#define DRIVER_BATCHES_MAX 4u   /* sealed and not yet durable */

/* stored: never renumber */
enum driver_sign_kind {
    DRIVER_SIGN_TRANSACTION = 1,  /* answered by driver_on_signature */
    DRIVER_SIGN_CHECKPOINT = 2,   /* answered by EVENT_CHECKPOINT_SIGNED */
    DRIVER_SIGN_ANNOUNCEMENT = 3, /* answered by EVENT_ANNOUNCEMENT_SIGNED */
    DRIVER_SIGN_LOOKUP = 4,       /* answered by EVENT_LOOKUP_SIGNED */
};

struct driver_sign {
    enum driver_sign_kind kind;
    uint32_t chain_index; /* into core_config.chains */
    uint32_t domain;
    struct address key; /* the chain's key, or the validator's */
    union {
        struct {
            struct bytes family; /* how `transaction` is encoded: the adapter's name */
            struct hash leg_id;
            enum leg_kind leg_kind;
            uint32_t attempt;
            uint64_t nonce;
            struct bytes transaction; /* unsigned */
            struct bytes plan;        /* of a move: relay/base/approval.h; else empty */
        } transaction;
        struct {
            struct address tree_hook;
            struct checkpoint checkpoint;
        } checkpoint;
        struct {
            struct address mailbox;
            struct bytes location;
        } announcement;
        struct {
            struct hash message_id;
            struct address module;
            struct address sender;
            struct bytes url;
            struct bytes call_data;
        } lookup;
    };
};

struct driver_fetch {
    uint32_t domain; /* origin */
    struct address validator;
    struct address tree_hook; /* of the origin; another one in the object is malformed */
    struct bytes location;
    uint32_t index;
    struct hash message_id;
};

/* Which servers are asked for what a module wants to see (ERC-3668). */
struct driver_lookup {
    uint32_t domain; /* destination */
    struct hash message_id;
    struct address module;
    struct address sender;
    struct hash dispatch_transaction;
    struct bytes urls; /* templates, each ended by a newline; hostile */
    struct bytes call_data;
    struct signature signature; /* for the first template without {data}; zero: none */
};

struct driver_publish {
    bool is_announcement;
    bool is_reorg;
    uint32_t domain; /* origin */
    struct address validator;
    struct bytes location; /* our own store for this origin */
    struct signature signature;
    struct address mailbox;        /* announcement */
    struct address tree_hook;      /* checkpoint */
    struct checkpoint checkpoint;  /* checkpoint; reorg: our root, and the index */
    struct hash canonical_root;    /* reorg */
    uint64_t time_s;               /* reorg */
    enum finality_policy finality; /* reorg: filled in by the shell, for people */
    uint32_t finality_blocks;
};

struct driver_note {
    enum note_level level;
    struct instant at;
    uint32_t domain;
    struct hash subject;
    uint32_t reason; /* enum reason */
    struct bytes text;
};

/* What became of a person's request: the core's words in the step that took it. */
struct driver_answer {
    uint32_t reason; /* of the first note of that step; REASON_NONE when it made none */
    enum note_level level;
    struct bytes text;
};

struct driver_ports {
    void *context;

    /* Gives one whole frame to an endpoint. A transport that cannot take it ends the connection
     * (driver_on_lost), so the adapter asks again. */
    void (*frame_send)(void *context, uint32_t chain_index, uint32_t endpoint_index,
                       struct bytes frame);

    /* Takes on a question (copied). STATUS_FULL: not now; the driver keeps it and asks again at a
     * later tick (for a transaction: the adapter is told UNKNOWN and the core sends it again).
     * The answer comes through driver_on_signature or driver_on_event; it may never come. */
    enum status (*sign)(void *context, const struct driver_sign *request);
    enum status (*fetch)(void *context, const struct driver_fetch *request);
    enum status (*publish)(void *context, const struct driver_publish *request);
    enum status (*lookup)(void *context, const struct driver_lookup *request);
    enum status (*plan)(void *context, const struct hash *plan_id, struct bytes network);

    /* Makes a batch durable and then calls driver_on_committed with its generation; after a failure
     * as well, and then tries again on its own. Batches are given with ascending generations and
     * must become durable in that order. The batch and what it points to stay untouched until
     * driver_on_committed reports STATUS_OK for it, and may be read by another thread. */
    void (*commit)(void *context, uint64_t generation, const struct journal_batch *batch);

    /* A state change for people. */
    void (*note)(void *context, const struct driver_note *note);

    /* The request that driver_on_operator took as `ticket` is durable. */
    void (*answered)(void *context, uint64_t ticket, const struct driver_answer *answer);

    /* Every step, as it is made: for debug logs and the simulator's checkers. */
    void (*stepped)(void *context, const struct event *event, const struct core_output *output);
};

struct driver_chain {
    const struct chain_ops *ops;
    struct chain_config config; /* core and chain_index are set by the driver */
};

struct driver_options {
    const struct core_config *core;    /* borrowed for the driver's life */
    const struct driver_chain *chains; /* core->chains_count of them; borrowed for the call */
    struct bytes build_id;             /* borrowed for the driver's life */
    struct row_source source; /* the durable rows; whoever owns it moves it forward before it
                                 calls driver_on_committed with STATUS_OK */
    struct instant last;      /* of the journal's last record; 0 when it is empty */
    struct driver_ports ports;
    uint32_t rows_changes_max; /* overlay; 0: the default */
    size_t rows_bytes_max;     /* overlay; 0: the default */
};

struct driver_counters {
    uint64_t events_count;
    uint64_t commands_count;
    uint64_t commands_dropped_count;
    uint64_t answers_dropped_count;
    uint64_t batches_count;
    uint64_t pressed_ticks_count; /* ticks that had to leave events where they were */
};

struct driver;

/* 0: a chain's configuration is out of bounds. */
size_t driver_footprint(const struct driver_options *options);
/* Builds a driver in `memory` (zeroed, max-aligned, owned by the caller). Statuses of core_init and
 * chain_init; `*ret_chain_index` names the chain that refused its configuration, or is
 * core->chains_count when none did. On failure nothing is kept. */
MUST_USE enum status driver_init(void *memory, const struct driver_options *options,
                                 struct driver **ret_driver, uint32_t *ret_chain_index);
void driver_deinit(struct driver *driver); /* accepts NULL */

/* Queues EVENT_START. Call once, before the first tick. */
void driver_start(struct driver *driver);
/* Queues EVENT_STOP; no event is taken after it. */
void driver_stop(struct driver *driver, struct bytes reason);
/* True when EVENT_STOP was stepped and everything is durable. */
bool driver_is_stopped(const struct driver *driver);

void driver_on_connected(struct driver *driver, uint32_t chain_index, uint32_t endpoint_index,
                         struct instant now);
void driver_on_lost(struct driver *driver, uint32_t chain_index, uint32_t endpoint_index,
                    struct instant now);
/* One whole message; hostile until the adapter parsed it. */
void driver_on_frame(struct driver *driver, uint32_t chain_index, uint32_t endpoint_index,
                     struct bytes frame, struct instant now);
/* The endpoint takes no questions for `wait`. */
void driver_on_limited(struct driver *driver, uint32_t chain_index, uint32_t endpoint_index,
                       struct duration wait, struct instant now);
/* The signer's answer to DRIVER_SIGN_TRANSACTION. Outcome OK, REFUSED or UNKNOWN. */
void driver_on_signature(struct driver *driver, uint32_t chain_index, const struct hash *leg_id,
                         uint32_t attempt, enum outcome outcome, const struct signature *signature,
                         struct bytes reason, struct instant now);
/* Any other answer (copied): EVENT_CHECKPOINT, EVENT_LOOKUP_ANSWER, EVENT_CHECKPOINT_SIGNED,
 * EVENT_ANNOUNCEMENT_SIGNED, EVENT_PUBLISHED, EVENT_PLANNED. `at` is set by the driver. Full:
 * dropped and counted. */
void driver_on_event(struct driver *driver, const struct event *event);
/* A person's request (EVENT_OPERATOR, copied). STATUS_FULL: too many at once; tell them to try
 * again. */
MUST_USE enum status driver_on_operator(struct driver *driver, const struct event *event,
                                        uint64_t ticket);
/* STATUS_OK: every batch up to `generation` is durable and the source shows it. STATUS_CORRUPT: the
 * journal is broken, the node must stop. Any other: not durable yet, it is being tried again. */
void driver_on_committed(struct driver *driver, uint64_t generation, enum status status);

/* Collects events, steps the core, hands the batch over, releases what is durable, lets adapters
 * speak. STATUS_CORRUPT, STATUS_IO: rows cannot be read or the journal is broken: the node stops at
 * once, nothing that waits leaves. STATUS_OVERFLOW: a command does not fit a record. */
MUST_USE enum status driver_tick(struct driver *driver, struct instant now);

/* When driver_tick is wanted at the latest; not after `now` when work is left over. */
struct instant driver_next_wake(const struct driver *driver, struct instant now);

/* True while the journal cannot be written. */
bool driver_is_unwritable(const struct driver *driver);
/* True while events are left where they are: a transport stops reading until it is false. */
bool driver_is_pressed(const struct driver *driver);
struct driver_counters driver_counters(const struct driver *driver);
/* How an endpoint did; borrowed for the driver's life. Numbered as in the configuration. */
const struct chain_endpoint *driver_endpoint(const struct driver *driver, uint32_t chain_index,
                                             uint32_t endpoint_index);

#endif
