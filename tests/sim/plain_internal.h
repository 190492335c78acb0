/* SPDX-License-Identifier: Apache-2.0 */
/* tests/sim/plain_internal.h: the parts of the plain adapter.
 *
 *   plain.c        the table: memory, endpoints, frames in and out, events in turn
 *   plain_watch.c  blocks in order, reorgs, finality
 *   plain_jobs.c   questions of the core, transactions that are signed, held, sent and followed
 *
 * A question that was lost or is late is asked again with a new id; its answer is what counts, not
 * the way it came. */
#ifndef SLUICE_TESTS_SIM_PLAIN_INTERNAL_H
#define SLUICE_TESTS_SIM_PLAIN_INTERNAL_H

#include "chains/chain.h"
#include "tests/sim/plain_wire.h"
#include "tests/sim/world.h"

enum {
    PLAIN_RING = 256, /* blocks given and remembered, to find where a reorg began */
    PLAIN_TRIES_MAX = 4,
    PLAIN_FOLLOWS_MAX = 512,
};

#define PLAIN_NO_ENDPOINT UINT32_MAX

/* A question under way. */
struct plain_ask {
    bool wanted;
    bool sent;
    uint64_t id;
    uint32_t tries;
    struct instant deadline;
};

enum plain_job_phase {
    PLAIN_JOB_FREE = 0,
    PLAIN_JOB_ASKING,
    PLAIN_JOB_DONE,  /* its event waits */
    PLAIN_JOB_GIVEN, /* its event was given and may still be read */
};

struct plain_job {
    enum plain_job_phase phase;
    enum command_kind command;
    enum plain_kind kind;
    struct plain_ask ask;
    struct instant until; /* then the answer is unknown, asked or not */
    uint32_t copies_left; /* of a submission: endpoints that were not looked at */
    struct hash subject;  /* message, leg or validator that the answer names */
    struct hash transaction;
    uint64_t number;  /* block, for positions and tree */
    bool everyone;    /* of a tree: it was asked so; one endpoint is all there are */
    bool with_branch; /* of a tree: likewise */
    struct hash payload_digest;
    uint8_t *question;
    size_t question_count;
    enum outcome outcome;
    uint8_t *answer; /* frame_bytes_max */
    size_t answer_count;
};

enum plain_leg_phase {
    PLAIN_LEG_FREE = 0,
    PLAIN_LEG_SIGN_WANTED,
    PLAIN_LEG_SIGNING,
    PLAIN_LEG_ANSWER, /* EVENT_SIGNED waits */
    PLAIN_LEG_HELD,
};

struct plain_leg {
    enum plain_leg_phase phase;
    struct hash leg_id;
    enum leg_kind leg_kind;
    uint32_t attempt;
    struct address key;
    uint64_t nonce;
    uint8_t *bytes; /* frame_bytes_max: unsigned, then signed */
    size_t bytes_count;
    bool is_signed;
    struct hash transaction;
    enum outcome outcome;
    uint64_t order;          /* older ones make room first */
    struct instant deadline; /* of the signer */
    uint32_t tries;          /* to have it signed */
};

struct plain_follow {
    bool used;
    bool done; /* its event waits */
    struct hash leg_id;
    struct hash transaction;
    struct address key;
    uint64_t nonce;
    struct plain_ask ask;
    struct event event;
};

struct plain_endpoint {
    bool connected;
    bool good;
    struct plain_ask hello;
    bool has_notice;
    enum endpoint_state notice;
};

struct plain {
    struct chain chain;
    struct chain_config config;
    struct core_chain self;
    struct instant now;
    uint64_t ids;
    uint8_t *frame; /* frame_bytes_max: given last */
    struct plain_endpoint endpoints[ENDPOINTS_PER_CHAIN_MAX];
    uint32_t primary;
    /* Nothing changed since there was nothing to give: no need to look everywhere again. */
    bool events_idle;
    bool requests_idle;
    bool next_tick_known;
    struct instant next_tick;

    bool watching;
    uint64_t next; /* first block not given */
    bool head_known;
    struct plain_head head;
    struct instant head_again; /* when it is asked for, whatever was told */
    struct plain_ask head_ask;
    struct plain_ask block_ask;
    bool final_given_any;
    uint64_t final_given;
    struct {
        bool used;
        uint64_t number;
        struct hash hash;
    } ring[PLAIN_RING];   /* by number */
    uint8_t *block_bytes; /* frame_bytes_max: the block that is being given */
    struct unpacker block_rest;
    struct plain_block block;
    uint32_t facts_left;
    bool block_open;

    struct plain_job *jobs;  /* requests_open_max */
    struct plain_job *given; /* NULL: none */
    struct plain_leg *legs;  /* legs_open_max */
    uint64_t legs_order;
    struct plain_follow follows[PLAIN_FOLLOWS_MAX];
    uint32_t follows_end; /* none is used from here on */
    struct bytes scratch_locations[LOCATIONS_MAX];
    struct ism_node scratch_node;
    struct ism_validator scratch_validators[VALIDATORS_MAX];
    struct balance scratch_balances[8];
    struct vault_state scratch_vaults[8];
    struct bridge_quote scratch_quotes[64];
    struct spoke_state scratch_spoke;
    struct venue_state scratch_venues[WORLD_VENUES];
};

/* ---- plain.c ---- */
/* Marks a question to be asked again; false: it was asked too often. */
bool plain_ask_again(struct plain *plain, struct plain_ask *ask);
void plain_ask_start(struct plain_ask *ask);

/* ---- plain_watch.c ---- */
void plain_watch_from(struct plain *plain, uint64_t number);
void plain_watch_head(struct plain *plain, const struct plain_head *head);
/* False: it is no block, and the question stays. */
bool plain_watch_block(struct plain *plain, enum outcome outcome, struct bytes body);
/* Starts what is missing. */
void plain_watch_pump(struct plain *plain);
bool plain_watch_event(struct plain *plain, struct event *ret_event);

/* ---- plain_jobs.c ---- */
enum status plain_jobs_perform(struct plain *plain, const struct command *command);
void plain_jobs_answer(struct plain *plain, struct plain_job *job, enum outcome outcome,
                       struct bytes body);
void plain_follow_answer(struct plain *plain, struct plain_follow *follow, enum outcome outcome,
                         struct bytes body);
void plain_jobs_signed(struct plain *plain, const struct chain_reply *reply);
/* A new block was given: receipts may be there. */
void plain_follows_wake(struct plain *plain);
bool plain_jobs_event(struct plain *plain, struct event *ret_event);
bool plain_jobs_sign_request(struct plain *plain, struct chain_request *ret_request);
void plain_jobs_tick(struct plain *plain);
/* Frees what was given: the caller has read it. */
void plain_jobs_release(struct plain *plain);

#endif
