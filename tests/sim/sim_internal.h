/* SPDX-License-Identifier: Apache-2.0 */
/* tests/sim/sim_internal.h: the parts of one simulated life.
 *
 *   sim.c        the main loop: tasks in order, phases, the verdict
 *   host.c       our node's process: a driver over the disk, killed and started again; its ports
 *   disk.c       commits that take time, fail, and are lost or kept when the process dies
 *   signer.c     the signer's process: signs, and complains when it is asked for two payloads
 *   stores.c     validators that publish checkpoints, and our own store
 *   network.c    connections and frames that are late, lost or repeated
 *   workload.c   what people do
 *   checks.c     what must hold, by models of their own
 *   endpoints.c  which endpoints of a chain lie, lag, forget or say nothing
 *   evm_node.c   how the world's EVM chains speak; plain_node.h for the others
 *
 * Everything a fault needs is drawn from sim->prng; whether a kind of fault exists at all in this
 * life is drawn once, at its start. */
#ifndef SLUICE_TESTS_SIM_INTERNAL_H
#define SLUICE_TESTS_SIM_INTERNAL_H

#include "proto/record.h"
#include "relay/node/driver/driver.h"
#include "store/journal.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

enum {
    SIM_ENDPOINTS_MAX = 5,
    SIM_ENDPOINTS_USUAL = 3, /* at most, where one is enough */
    SIM_ANSWERS_MAX = 1024,  /* of signer, stores and planner on their way */
    SIM_DURABLE_MAX = 65536,
    SIM_COMMITS_MAX = 8,
};

/* One in so many, 0: this kind of fault does not exist in this life. */
struct sim_faults {
    uint64_t frame_lost;
    uint64_t frame_late;
    uint64_t frame_repeated;
    uint64_t connection_lost;  /* per frame */
    uint64_t answer_lost;      /* of signer and stores */
    uint64_t signer_refuses;   /* for a while: see signer_refuses_until */
    uint64_t commit_fails;     /* the disk is full for a while */
    uint64_t kill;             /* per step of the core */
    uint64_t reorg;            /* per block */
    uint64_t checkpoint_wrong; /* a validator's answer */
    uint64_t checkpoint_absent;
    uint64_t rival;             /* per message: another relayer is first */
    uint64_t clock_jump;        /* per turn of the node's loop */
    struct world_habits habits; /* of the chains' nodes */
};

/* Finality of one chain stands still while people go on, and long after; then it jumps. */
struct sim_stall {
    bool exists;
    uint32_t chain;
    struct duration after;  /* the beginning of the life */
    struct duration beyond; /* the end of what people do */
};

/* What an endpoint is like while there are faults. */
enum sim_character {
    CHARACTER_HONEST = 0,
    CHARACTER_LIAR,      /* logs, state, receipts, some headers: the same lie as every other liar */
    CHARACTER_STALE,     /* `lag` blocks behind, and does not know it */
    CHARACTER_FORGETFUL, /* has no receipt of any transaction */
    CHARACTER_SILENT,
    CHARACTER_TURNCOAT, /* serves another chain */
};

struct sim_endpoint {
    enum sim_character character;
    uint64_t lag; /* blocks */
    bool connected;
    uint64_t epoch;
    bool evm_subscribed; /* to heads */
};

/* An answer on its way: an event, or a signature for an adapter. */
struct sim_answer {
    bool used;
    bool is_signature;
    uint32_t chain;
    uint32_t attempt;
    enum outcome outcome;
    struct hash leg_id;
    struct signature signature;
    struct event event;
    bool is_plan;
    uint8_t *network; /* owned */
    size_t network_count;
};

struct sim_commit {
    uint64_t generation;
    struct journal_batch batch; /* its memory is the driver's */
};

/* What the signer remembers of a nonce, and the model of what was allowed to leave. */
struct sim_nonce {
    bool used;
    uint32_t chain;
    uint64_t nonce;
    struct hash payload;
    bool is_cancelled;
};

struct sim_set {
    struct hash *slots; /* zero: free */
    uint32_t capacity;
    uint32_t count;
};

struct sim_leg {
    struct hash transaction;
    struct hash leg_id;
    uint32_t chain;
    enum leg_kind kind;
};

struct sim {
    struct sim_options options;
    struct prng prng;
    struct sim_clock clock;
    struct world world;
    struct sim_faults faults;
    bool faults_on;
    bool is_busy; /* people still do things */
    bool finished;
    bool has_turncoats;
    bool has_blackouts; /* endpoints say nothing for a while, any of them, also all */
    int64_t skew_ns;    /* how far our node's clock is ahead of the world's */
    struct sim_stall stall;
    bool is_dear;            /* SIM_VENUES: gas is more than all venues ever pay */
    struct prng venue_prng;  /* SIM_VENUES: what happens to spokes */
    bool closed_for_an_hour; /* after that, some recipients still refuse */
    uint64_t liveness_ns;    /* when faults ended; 0: not yet */
    uint64_t settled_ns;     /* since when nothing was left to do; 0: something is */
    struct core_config *config;
    struct driver_chain chains[WORLD_CHAINS_MAX];
    uint32_t endpoints_count[WORLD_CHAINS_MAX];
    struct sim_endpoint endpoints[WORLD_CHAINS_MAX][SIM_ENDPOINTS_MAX];

    /* the process */
    bool alive;
    uint64_t epoch;
    void *memory;
    size_t memory_bytes;
    struct driver *driver;
    bool tick_is_asked;
    uint64_t tick_at_ns;
    bool kill_wanted;

    /* the disk */
    struct journal *journal;
    struct journal_reader *reader;
    struct sim_commit commits[SIM_COMMITS_MAX];
    uint32_t commits_count;
    uint64_t full_until_ns;

    struct sim_answer answers[SIM_ANSWERS_MAX];

    /* the signer */
    struct sim_nonce *nonces;
    uint32_t nonces_count;
    uint32_t nonces_capacity;
    uint64_t signer_refuses_until_ns;

    /* our checkpoint store: by chain, by index */
    struct checkpoint *signed_[WORLD_CHAINS_MAX];
    uint32_t signed_capacity[WORLD_CHAINS_MAX];
    bool *is_signed[WORLD_CHAINS_MAX];
    bool *is_published[WORLD_CHAINS_MAX];

    /* the model */
    struct sim_set durable; /* digests of what a durable record allows to leave */
    struct sim_leg *legs;   /* by transaction */
    uint32_t legs_count;
    uint32_t legs_capacity;
    struct record_arena arena;
    void *arena_memory;
    struct hash core_digest; /* of the last durable event record */
    /* Of the process's last step, with every step before it in it, durable or not. */
    struct hash stepped_digest;
    struct amount capital; /* that routers and bridges held at the beginning */

    struct sim_report report;
};

/* ---- sim.c ---- */
/* Ends the life with a verdict; the first one counts. */
void sim_fail(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* True when this fault happens now. */
bool sim_fault(struct sim *sim, uint64_t one_in);
void sim_tell(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- host.c ---- */
void host_start(struct sim *sim);
void host_kill(struct sim *sim);
void host_free(struct sim *sim);
/* The loop runs soon. */
void host_wake(struct sim *sim);
void host_tick(struct sim *sim);

/* What our node's clock says. */
struct instant host_now(const struct sim *sim);

/* ---- endpoints.c ---- */
/* How many there are on a chain, how many must agree, and what they are like: at most as many lie
 * as the quorum can take, and so many that can be relied on are left. */
void endpoints_draw(struct sim *sim, uint32_t chain);
/* What this endpoint is like now. */
enum sim_character endpoint_character(const struct sim *sim, uint32_t chain, uint32_t endpoint);
/* Blocks that it does not know of now. */
uint64_t endpoint_lag(const struct sim *sim, uint32_t chain, uint32_t endpoint);

/* ---- disk.c ---- */
void disk_open(struct sim *sim);
void disk_close(struct sim *sim);
void disk_commit(struct sim *sim, uint64_t generation, const struct journal_batch *batch);
void disk_commit_ends(struct sim *sim);
/* The process died: some of what was under way is durable after all. */
void disk_crash(struct sim *sim);

/* ---- network.c ---- */
void network_send(struct sim *sim, uint32_t chain, uint32_t endpoint, struct bytes frame);
void network_reply(struct sim *sim, uint32_t chain, uint32_t endpoint, struct bytes frame);
void network_connect(struct sim *sim, uint32_t chain, uint32_t endpoint);
void network_lose(struct sim *sim, uint32_t chain, uint32_t endpoint);
/* The process died or was started: connections with it. */
void network_reset(struct sim *sim);
void network_start(struct sim *sim);
/* A frame of ours arrives at a chain's node, which answers. */
void network_take(struct sim *sim, uint32_t chain, uint32_t endpoint, struct bytes frame);
/* Tells every connected endpoint's client about the head. */
void network_tell_head(struct sim *sim, uint32_t chain);

/* ---- evm_node.c ---- */
void evm_node_take(struct sim *sim, uint32_t chain, uint32_t endpoint, struct bytes frame);
void evm_node_tell_head(struct sim *sim, uint32_t chain, uint32_t endpoint);

/* ---- signer.c ---- */
enum status signer_ask(struct sim *sim, const struct driver_sign *request);

/* ---- stores.c ---- */
enum status stores_fetch(struct sim *sim, const struct driver_fetch *request);
enum status stores_lookup(struct sim *sim, const struct driver_lookup *request);
enum status stores_publish(struct sim *sim, const struct driver_publish *request);
enum status stores_plan(struct sim *sim, const struct hash *plan_id, struct bytes network);
/* NULL: too many are under way. */
struct sim_answer *answer_start(struct sim *sim);
void answer_send(struct sim *sim, struct sim_answer *answer, enum sim_task_kind kind);
void answer_arrives(struct sim *sim, uint32_t slot, bool stale);

/* ---- workload.c ---- */
void workload_users(struct sim *sim);
void workload_reorg(struct sim *sim, uint32_t chain);

/* ---- checks.c ---- */
/* A batch is durable: what its records allow may leave from now on. */
void checks_durable(struct sim *sim, const struct journal_batch *batch);
/* The signer is asked: its intent, checkpoint or announcement must be durable. */
void checks_sign(struct sim *sim, const struct driver_sign *request);
void checks_publish(struct sim *sim, const struct driver_publish *request);
/* A chain's node is given a signed transaction: its hash must be durable. */
void checks_broadcast(struct sim *sim, uint32_t chain, const struct hash *transaction);
/* What the node tells people: some alarms have no cause in an honest world. */
void checks_note(struct sim *sim, const struct driver_note *note);
/* Cheap; after every block. */
void checks_world(struct sim *sim);
/* No more was sent since the last block than a key may have in no block. */
void checks_herd(struct sim *sim, struct world_chain *chain);
/* True when nothing is left to do. */
bool checks_all_done(struct sim *sim);
/* After the end: nothing lost, nothing twice, replay gives the same digest. */
void checks_final(struct sim *sim);

/* ---- replay.c ---- */
void replay_journal(struct sim *sim);

#endif
