/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message/message_internal.h: what message.c (facts, ends, people), message_place.c
 * (places and queues), message_work.c (stages) and message_proof.c (answers) share. */
#ifndef SLUICE_RELAY_CORE_MESSAGE_MESSAGE_INTERNAL_H
#define SLUICE_RELAY_CORE_MESSAGE_MESSAGE_INTERNAL_H

#include "relay/core/message/message_rows.h"
#include "relay/core/step.h"
#include "relay/hyperlane/message.h"

#define MESSAGE_ACTIVE_MAX   256u /* messages of one destination proved and prepared at once */
#define MESSAGE_CONFINED_MAX 16u  /* quarantined ones under way at once, beside those */
#define MESSAGE_REVERTS_MAX  3u   /* in a row, then a message is quarantined */
#define MESSAGE_WOKEN_MAX    64u  /* woken by one answer in one step */
#define MESSAGE_COMMANDS     8u   /* what a stage but the fetching of signatures may ask */
#define MESSAGE_POLLS_MAX    10u  /* rounds of asking for signatures before the place is given up */
#define MESSAGE_ROUNDS_MAX   4u   /* the same as long as not one signature was found */
#define MESSAGE_LATER_ROUNDS 3u   /* before a later checkpoint is asked for, or another one */

#define MESSAGE_ANSWER_WAIT   DURATION_MS(2000)   /* for an answer, then it counts as lost */
#define MESSAGE_PREPARE_WAIT  DURATION_MS(5000)   /* for a simulation */
#define MESSAGE_CACHE_WAIT    DURATION_MS(600000) /* how long a security or storage answer holds */
#define MESSAGE_STALE_WAIT    DURATION_MS(15000) /* the same once signatures do not come together */
#define MESSAGE_ABSENT_WAIT   DURATION_MS(30000) /* before an unannounced store is asked again */
#define MESSAGE_PREPARED_WAIT DURATION_MS(30000) /* how long a simulation holds */
#define MESSAGE_OFFER_WAIT    DURATION_MS(250)   /* before a full lane is asked again */
#define MESSAGE_QUORUM_WAIT   DURATION_MS(5000)
#define MESSAGE_SURE_WAIT     DURATION_MS(1500)
#define MESSAGE_STOPPED_WAIT  DURATION_MS(60000)
#define MESSAGE_CONFINED_WAIT DURATION_MS(60000)    /* before a place for quarantined ones */
#define MESSAGE_UNPAID_WAIT   DURATION_MS(21600000) /* a payment wakes it before */
#define MESSAGE_LONG_WAIT     DURATION_MS(600000)

struct message {
    struct hash id;
    struct message_row row;
};

bool message_get(struct step *step, const struct hash *id, struct message *ret_message);
void message_put(struct step *step, const struct message *message);
/* Moves the message's due row; `at` 0 ns: none. The caller writes the message. */
void message_due(struct step *step, struct message *message, struct instant at);
void message_now(struct step *step, struct message *message); /* due at once */
void message_set(struct step *step, struct message *message, enum message_state state,
                 enum reason reason);

/* Takes a place at the destination and begins with the first stage, or queues. */
void message_enter(struct step *step, struct message *message);
/* Gives the message's place, if it has one, to one that waits. The caller writes the message. */
void message_give_place(struct step *step, struct message *message);
/* Gives back the place, the turn in the queue, the wait for an answer, a leg not yet sent. */
void message_leave(struct step *step, struct message *message);
/* Ends the message: nothing of it stays open. The caller writes it. */
void message_finish(struct step *step, struct message *message, enum message_state state,
                    enum reason reason);
/* Leaves and comes back at the given instant. */
void message_later(struct step *step, struct message *message, enum reason reason,
                   struct duration wait);
/* A failure: leaves and comes back when the ladder of retries says, into quarantine if it reverts
 * again and again, or not at all when it has failed too often. */
void message_fail(struct step *step, struct message *message, enum reason reason);
/* Words for people who ask why. */
struct text;
void message_say(struct message *message, const struct text *text);
/* Adds or removes it in the index of open messages. */
void message_open(struct step *step, const struct message *message);
void message_close(struct step *step, const struct message *message);

/* ---- message_policy.c: relay/core/message/policy.h on messages ---- */
/* Whether the whitelist lets it in. */
bool message_is_listed(struct step *step, const struct message *message,
                       const struct message_view *view);
/* False: a list says no, or not enough was paid; the message left and has its reason. */
bool message_is_wanted(struct step *step, struct message *message);
/* False: not enough was paid for so much gas (0: not known yet); the message left. */
bool message_is_paid(struct step *step, struct message *message, uint64_t gas);
void message_on_gas_paid(struct step *step, uint32_t domain, const struct fact *fact);
/* A token's transfer to the paymaster, which says what the payment after it was made in. */
void message_on_token_paid(struct step *step, uint32_t domain, const struct fact *fact);
/* What was paid at the origin in one token (zero: its coin); gas as that row has it. */
struct policy_paid;
struct policy_paid message_paid(struct step *step, const struct message *message,
                                const struct address *token);
/* The message's bytes, borrowed until the next row is read. False: they are not there. */
bool message_view_of(struct step *step, const struct message *message,
                     struct message_view *ret_view);

/* ---- message_limits.c: what its delivery may cost, and must bring ---- */
/* Before anything is asked. False: its limit forbids it whatever it needs; the message left. */
bool message_is_affordable(struct step *step, struct message *message);
/* Once it is simulated, for the key that sends: REASON_NONE, and its share of the budget is
 * reserved; else why not now. The caller writes the message. */
enum reason message_within_limits(struct step *step, struct message *message,
                                  const struct address *key);
/* When it is to be looked at again after such a reason. */
void message_limits_later(struct step *step, struct message *message, enum reason reason);
/* What its limit allows per gas; zero: none. */
struct amount message_fee_max(struct step *step, const struct message *message);
/* It is not sent: what was reserved for it is free. */
void message_limits_release(struct step *step, struct message *message);
/* The transaction that it was in has ended: NULL when nothing of it was included. `count`: messages
 * that share its cost. The caller writes the message. */
void message_pay(struct step *step, struct message *message, const struct event *receipt,
                 uint32_t count);

/* Runs the stages as far as they go without waiting, and writes the message. */
void message_advance(struct step *step, struct message *message);

/* Waits for the answer of a row (security or storage), at most until `until`. */
void message_wait_for(struct step *step, struct message *message, enum message_wait wait,
                      const struct address *validator, struct instant until);
/* Ends the wait, if any; the caller writes the message. */
void message_wait_end(struct step *step, struct message *message);
/* Wakes the first messages that wait as `like` does. */
void message_wake(struct step *step, const struct message *like);

bool security_get(struct step *step, const struct message *message,
                  struct security_row *ret_security);
void security_put(struct step *step, const struct message *message,
                  const struct security_row *security);
bool storage_get(struct step *step, uint32_t origin, const struct address *validator,
                 struct storage_row *ret_storage);
bool proof_get(struct step *step, const struct hash *id, const struct address *validator,
               enum proof_slot slot, struct proof_row *ret_proof);
void proof_put(struct step *step, const struct hash *id, const struct address *validator,
               enum proof_slot slot, const struct proof_row *proof);
/* True when a question asked then may still be answered. */
bool message_is_asked(const struct step *step, struct instant asked_at);
/* How long answers about security and storage hold for this message: owners rotate sets, and
 * validators move; who waits in vain for signatures looks again soon. */
struct duration message_answers_hold(const struct message *message);
/* Asks where a validator publishes, unless that is known or asked. False: neither known to be
 * readable nor to be waited for. */
enum storage_use {
    STORAGE_READY = 1, /* not stored: at least one location is known */
    STORAGE_ASKED = 2,
    STORAGE_NONE = 3,
};
/* A validator has announced another store: what is known of it is asked anew with the next need. */
void message_on_announced(struct step *step, uint32_t domain, const struct fact *fact);
enum storage_use storage_use(struct step *step, const struct message *message,
                             const struct address *validator);

/* Appends the cheapest metadata that what was collected gives, for the key `processor`. Statuses of
 * ism_build; STATUS_NOT_FOUND also when the message's leaf is not known. */
MUST_USE enum status message_prove(struct step *step, const struct message *message,
                                   const struct security_row *security,
                                   const struct address *processor, struct buffer *metadata);
/* ---- message_batch.c: several messages in one transaction ---- */
/* Whether it may be sent together with others, by its module, its destination and what was tried
 * before. */
bool message_may_batch(struct step *step, const struct message *message);
/* Gathers others that were offered too, and asks to simulate them with this one. False: it goes
 * alone. The caller writes the message. */
bool message_batch(struct step *step, struct message *message, const struct leg *leg);
/* It leaves a batch that was not sent, which breaks it up. False: it is in none. */
bool message_batch_leave(struct step *step, struct message *message);
/* Its batch was not simulated in time: each is simulated by itself. False: it is in none. */
bool message_batch_overdue(struct step *step, struct message *message);
/* What it was sent with has ended, in a step before; the caller writes the message. */
void message_sent_ended(struct step *step, struct message *message);
/* True when others have places at its destination too. */
bool message_has_company(struct step *step, const struct message *message);
/* The next instant at which what was offered is looked at together, `beats` of them from now. */
void message_on_beat(struct step *step, struct message *message, uint64_t beats);
/* ---- message_lookup.c: modules that a server off the chain proves to ---- */
/* Asks for what they want, unless it is had or asked for. True: something is missing. */
bool message_look_up(struct step *step, const struct message *message,
                     const struct security_row *security);
/* What was answered, at most one for each node, copied to `memory` as far as there is room: what
 * does not fit together fits no metadata either. Returns how many. */
#define MESSAGE_LOOKUPS_BYTES_MAX (4u * METADATA_BYTES_MAX)
uint32_t message_lookups(struct step *step, const struct message *message,
                         const struct security_row *security, struct buffer *memory,
                         struct ism_answer *ret_answers);
/* The delivery they were for is being simulated: they are not used again. */
void message_lookups_used(struct step *step, const struct message *message,
                          const struct security_row *security);

/* The key that is to deliver: the one that a module insists on when it is ours, else any. False:
 * the chain has none. */
bool message_processor(struct step *step, const struct message *message,
                       const struct security_row *security, struct address *ret_key);

#endif
