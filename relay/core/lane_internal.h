/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/lane_internal.h: what lane.c (events) and lane_work.c (what follows from time and
 * blocks) share. */
#ifndef SLUICE_RELAY_CORE_LANE_INTERNAL_H
#define SLUICE_RELAY_CORE_LANE_INTERNAL_H

#include "relay/core/lane_rows.h"
#include "relay/core/step.h"

#define LANE_WAITING_MAX 64u  /* transactions of a lane that are in no block yet */
#define LANE_OPEN_MAX    256u /* transactions of a lane that are not final */
#define LANE_NEVER       UINT64_MAX

#define LANE_ANSWER_WAIT    DURATION_MS(5000)  /* for a signature or a broadcast's answer */
#define LANE_RETRY_WAIT     DURATION_MS(2000)  /* after an unknown outcome */
#define LANE_REJECTED_WAIT  DURATION_MS(5000)  /* after a rejection for no known reason */
#define LANE_FUNDS_WAIT     DURATION_MS(15000) /* until the key may have been paid */
#define LANE_REFUSED_WAIT   DURATION_MS(30000) /* until the signer is asked for a cancel again */
#define LANE_UNKNOWN_WAIT   DURATION_MS(3000)  /* between readings while the nonce is unknown */
#define LANE_FIRST_USE_WAIT DURATION_MS(10000) /* how old a reading may be that is first used */
#define LANE_READ_WAIT      DURATION_MS(60000) /* between readings: balance, foreign transactions */

#define LANE_REBROADCAST_BLOCKS 6u
#define LANE_REPLACE_BLOCKS     12u
#define LANE_REPLACED_MAX       4u  /* lowest waiting intents whose fee may be raised at once */
#define LANE_REJECTIONS_MAX     10u /* then the nonce is freed by a cancel */
#define LANE_CANCEL_GAS         100000u
/* What one intent may ask for in one go: every attempt followed, one sent. */
#define LANE_INTENT_COMMANDS (ATTEMPTS_MAX + 4u)

struct lane {
    uint32_t domain;
    struct address key;
    struct lane_row row;
};

/* False: no such lane; `ret_lane` is a new one then. */
bool lane_get(struct step *step, uint32_t domain, const struct address *key, struct lane *ret_lane);
void lane_put(struct step *step, const struct lane *lane);
bool intent_get(struct step *step, const struct lane *lane, uint64_t nonce,
                struct intent_row *ret_intent);
void intent_put(struct step *step, const struct lane *lane, uint64_t nonce,
                const struct intent_row *intent);
/* Bytes inside the leg are kept for this step. */
bool leg_get(struct step *step, const struct hash *leg_id, struct leg_row *ret_leg);
void leg_put(struct step *step, const struct leg_row *leg);
/* The leg as commands carry it, with the message's bytes. False: a row is missing. */
bool leg_whole(struct step *step, const struct hash *leg_id, struct leg *ret_leg);

/* Wants lane_work at `at` at the latest. */
void lane_schedule(struct step *step, struct lane *lane, struct instant at);
struct hash lane_due_id(uint32_t domain, const struct address *key);

/* The first lane of `domain` at or after `key`. */
bool lane_next(struct step *step, uint32_t domain, const struct address *key,
               struct lane *ret_lane);
/* The lane after `lane` in order of keys; false: `lane` was the last. */
bool lane_after(struct step *step, struct lane *lane);
/* The same over the lanes of all chains. */
bool lane_first_of_all(struct step *step, struct lane *ret_lane);
bool lane_after_of_all(struct step *step, struct lane *lane);

/* One attempt's legs: the intent's own or its cancel. */
struct hash lane_cancel_id(const struct lane *lane, uint64_t nonce);
/* Asks the signer for the last attempt. */
void lane_send(struct step *step, const struct lane *lane, uint64_t nonce,
               struct intent_row *intent);
/* Gives the last signed attempt to the network and follows it. */
void lane_broadcast(struct step *step, const struct lane *lane, uint64_t nonce,
                    struct intent_row *intent);
/* Follows every attempt that may exist. */
void lane_follow(struct step *step, const struct lane *lane, uint64_t nonce,
                 const struct intent_row *intent);
/* A new attempt with raised fees. False: the ceiling or ATTEMPTS_MAX forbids it. */
bool lane_replace(struct step *step, const struct lane *lane, uint64_t nonce,
                  struct intent_row *intent);
/* From now on the nonce belongs to a cancel. */
void lane_cancel(struct step *step, const struct lane *lane, uint64_t nonce,
                 struct intent_row *intent);
/* Ends the intent: rows, and word to the leg's owner unless it was told before. */
void lane_settle(struct step *step, struct lane *lane, uint64_t nonce,
                 const struct intent_row *intent, enum leg_end end);
/* Walks the open intents and does what time, blocks and readings ask for; writes the lane. */
void lane_work(struct step *step, struct lane *lane);
/* Fees for a new transaction. REASON_FEE_CEILING: the network asks for more than allowed. */
enum reason lane_fees(struct step *step, const struct core_chain *config, struct amount *ret_fee,
                      struct amount *ret_priority);

#endif
