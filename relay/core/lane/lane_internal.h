/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/lane/lane_internal.h: what lane.c (events) and lane_work.c (what follows from time and
 * blocks) share. */
#ifndef SLUICE_RELAY_CORE_LANE_LANE_INTERNAL_H
#define SLUICE_RELAY_CORE_LANE_LANE_INTERNAL_H

#include "relay/core/lane/lane_rows.h"
#include "relay/core/step.h"

#define LANE_WAITING_MAX                                                                           \
    64u                     /* transactions of a lane in no block yet, where nothing else is said */
#define LANE_OPEN_FACTOR 4u /* so many times as many may be in a block and not final */
#define LANE_NEVER       UINT64_MAX

#define LANE_ANSWER_WAIT    DURATION_MS(5000)  /* for a signature or a broadcast's answer */
#define LANE_RETRY_WAIT     DURATION_MS(2000)  /* after an unknown outcome */
#define LANE_REJECTED_WAIT  DURATION_MS(5000)  /* after a rejection for no known reason */
#define LANE_FUNDS_WAIT     DURATION_MS(15000) /* until the key may have been paid */
#define LANE_REFUSED_WAIT   DURATION_MS(30000) /* until the signer is asked for a cancel again */
#define LANE_UNKNOWN_WAIT   DURATION_MS(3000)  /* between readings while the nonce is unknown */
#define LANE_FIRST_USE_WAIT DURATION_MS(10000) /* how old a reading may be that is first used */
#define LANE_READ_WAIT      DURATION_MS(60000) /* between readings: balance, foreign transactions */
#define LANE_FEES_WAIT      DURATION_MS(15000) /* between readings while something is sent: fees */

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

/* The accounts of a chain: the first is its key, the others only deliver. */
uint32_t lane_keys_count(const struct core_chain *config);
const struct address *lane_key_at(const struct core_chain *config, uint32_t index);
bool lane_key_is_known(const struct core_chain *config, const struct address *key);
uint32_t lane_waiting_max(const struct core_chain *config);
/* Neither as many waiting nor as many not final as may be. */
bool lane_has_place(const struct core_chain *config, const struct lane_row *row);

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
/* Asks for the lane's nonces, balance and fees, unless they were asked for just now. */
void lane_refresh(struct step *step, struct lane *lane);

/* ---- lane_fees.c ---- */
/* not stored */
enum haste {
    HASTE_USUAL,
    HASTE_HASTY,
};

struct price {
    bool is_legacy;
    struct amount fee;      /* per gas, the most */
    struct amount priority; /* per gas; on legacy chains the same */
    struct amount likely;   /* per gas, as things stand */
};

/* For a new transaction. REASON_FEE_CEILING: the network asks for more than allowed;
 * REASON_LANE_UNKNOWN: nothing is known of the chain's fees. */
enum reason lane_price(struct step *step, const struct lane *lane, const struct core_chain *config,
                       enum haste haste, struct price *ret_price);
/* Whether the ceiling and the key's balance bear it: REASON_FEE_CEILING, REASON_INSUFFICIENT_FUNDS,
 * or REASON_LANE_FULL when they will once others are paid. */
enum reason lane_affords(const struct lane *lane, const struct core_chain *config,
                         const struct price *price, uint64_t gas_limit,
                         const struct event *prepared);
/* An eighth more, and at least one: what every pool asks of a replacement. False: no such amount.
 */
bool lane_raise(const struct amount *old, struct amount *ret_raised);
/* How much the intent is in a hurry by now. */
enum haste lane_haste(const struct step *step, const struct core_chain *config,
                      const struct intent_row *intent);
/* Whether blocks or time enough have passed without the last attempt. */
bool lane_is_overdue(const struct step *step, const struct core_chain *config,
                     const struct intent_row *intent, uint64_t head);
/* What the next attempt pays. False: the ceiling forbids it. */
bool lane_raised_price(struct step *step, const struct lane *lane, const struct core_chain *config,
                       const struct intent_row *intent, struct price *ret_price);

#endif
