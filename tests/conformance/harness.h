/* SPDX-License-Identifier: Apache-2.0 */
/* tests/conformance/harness.h: carries frames between one adapter and its fixture in virtual time,
 * with trouble on the way, and keeps what the adapter said.
 *
 * It checks the promises of chains/chain.h that hold for every single event as the events come
 * (promises 1, 2, 5); the rest is for the tests to compare. Threads: none. */
#ifndef SLUICE_TESTS_CONFORMANCE_HARNESS_H
#define SLUICE_TESTS_CONFORMANCE_HARNESS_H

#include "tests/conformance/chain_fixture.h"

enum {
    HARNESS_FACTS_MAX = 4096,
    HARNESS_BLOCKS_MAX = 1024,
    HARNESS_ANSWERS_MAX = 1024,
    HARNESS_QUORUMS_MAX = 256,
    HARNESS_VENUES_MAX = 4,
    HARNESS_BALANCES_MAX = 8,
    HARNESS_KEPT_FRAMES = 8,
    HARNESS_ROUND_MS = 10,
    HARNESS_ROUNDS_PER_BLOCK = 50,
};

/* Trouble between adapter and endpoints. */
struct harness_trouble {
    uint32_t lose_frame;   /* the frame of this number from the endpoints is lost; 0: none */
    uint32_t lose_every;   /* each frame of a multiple of this number; 0: none */
    bool repeats_frames;   /* each frame comes twice, and older ones again */
    bool reorders_frames;  /* what is under way comes last first */
    bool damages_frames;   /* a damaged copy comes before each frame */
    bool crosses_frames;   /* each frame comes from the other endpoint as well */
    bool is_silent;        /* endpoints take everything and answer nothing */
    bool is_signer_silent; /* requests to sign are not answered */
};

struct harness_block {
    uint64_t number;
    struct hash hash;
    bool is_range_end;
    struct hash messages[64]; /* dispatched since the block before it, in order */
    uint32_t messages_count;
};

/* What was passed over, as it was given. */
struct harness_past {
    uint64_t end;  /* first block of the watch; 0: nothing was passed over */
    uint64_t next; /* first block that was not given */
    uint32_t messages_count;
};

/* An event that answered a command, without what it borrows. */
struct harness_answer {
    struct event event;
    struct hash transaction; /* of EVENT_SIGNED */
};

struct harness {
    const struct chain_fixture *fixture;
    void *world;
    struct core_config core;
    struct chain_config config;
    void *memory;
    struct chain *chain;
    struct instant now;
    struct harness_trouble trouble;
    bool is_connected[FIXTURE_ENDPOINTS];
    uint32_t frames_seen;
    uint64_t random;
    uint8_t *kept[HARNESS_KEPT_FRAMES]; /* copies of frames, for repeats; owned */
    size_t kept_bytes[HARNESS_KEPT_FRAMES];
    uint32_t kept_next;

    struct harness_block blocks[HARNESS_BLOCKS_MAX]; /* ascending: the chain as it was told */
    uint32_t blocks_count;
    struct harness_block open; /* facts given, their block not yet */
    uint64_t last_fact_number;
    uint32_t last_fact_index;
    uint32_t reorgs;
    bool has_final;
    uint64_t final_number;
    struct harness_answer answers[HARNESS_ANSWERS_MAX];
    uint32_t answers_count;
    struct spoke_state spokes[HARNESS_VENUES_MAX]; /* of the last EVENT_POSITIONS */
    uint32_t balances_count;
    struct balance balances[HARNESS_BALANCES_MAX];
    uint32_t spokes_count;
    struct venue_state venues[HARNESS_VENUES_MAX];
    uint32_t venues_count;
    struct feed_state feeds[HARNESS_VENUES_MAX];
    uint32_t feeds_count;
    struct event dissents[HARNESS_QUORUMS_MAX]; /* without what they borrow */
    uint32_t dissents_count;
    char dissent_question[DISSENT_QUESTION_BYTES_MAX + 1]; /* of the last one */
    char dissent_answer[DISSENT_ANSWER_BYTES_MAX + 1];
    enum quorum_state quorums[HARNESS_QUORUMS_MAX];
    uint32_t quorums_count;
    struct harness_past past;
    struct watch recalled; /* of calls: given with the next watch */
    uint32_t calls_told;   /* EVENT_CALLS, and the last one */
    struct event calls_last;
    uint32_t signs_asked;
    struct hash signed_transactions[256];
    uint32_t signed_count;
    struct hash broadcasts[256]; /* commanded by the test */
    uint32_t broadcasts_count;
};

struct harness *harness_open(const struct chain_fixture *fixture);
/* The same with a change to the configuration, which may fail init: then `chain` is NULL. */
struct harness *harness_open_with(const struct chain_fixture *fixture,
                                  void (*change)(struct core_config *, struct chain_config *));
void harness_close(struct harness *harness);

void harness_connect(struct harness *harness, uint32_t endpoint);
void harness_lose(struct harness *harness, uint32_t endpoint);
/* The same with all that a watch can say. */
void harness_watch_as(struct harness *harness, const struct watch *watch);
void harness_watch(struct harness *harness, uint64_t from_block);
/* Performs a command; while the adapter is full, rounds pass. */
void harness_perform(struct harness *harness, const struct command *command);
/* Frames, events and time, for so many rounds of HARNESS_ROUND_MS. */
void harness_run(struct harness *harness, uint32_t rounds);
/* Mines one block and runs a block's time. */
void harness_mine(struct harness *harness);
/* Runs until an answer of this kind is there that was not among the first `known`, at most so many
 * rounds; NULL: none came. */
const struct harness_answer *harness_await(struct harness *harness, enum event_kind kind,
                                           uint32_t known, uint32_t rounds);
/* Performs a command and waits for an answer of this kind, which must come. */
const struct harness_answer *harness_ask(struct harness *harness, const struct command *command,
                                         enum event_kind kind);
/* The event that answers a question of the fixture, and how it came out. */
enum event_kind harness_answer_kind(enum command_kind kind);
enum outcome harness_outcome(const struct event *event);
/* Asserts that what was told is what the world has, up to its head. */
void harness_assert_synchronous(struct harness *harness);

#endif
