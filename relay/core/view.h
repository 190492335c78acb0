/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/view.h: chains, messages, lanes and signatures as people ask about them, read straight
 * from the rows. (Capital: relay/core/capital/capital_view.h.)
 *
 * For the command line: works on a live node's journal and on a dead one's alike, changes nothing.
 * What a row holds is described where its struct is: chain_rows.h, message_rows.h, lane_rows.h,
 * tree_rows.h.
 *
 * Every function returns STATUS_OK; STATUS_NOT_FOUND: no such row, or no further one; STATUS_IO,
 * STATUS_CORRUPT: the store cannot be read. Bytes in results are borrowed until the next call on
 * the same source. Threads: the source's. */
#ifndef SLUICE_RELAY_CORE_VIEW_H
#define SLUICE_RELAY_CORE_VIEW_H

#include "relay/core/chain/chain_rows.h"
#include "relay/core/config_rows.h"
#include "relay/core/lane/lane_rows.h"
#include "relay/core/message/message_rows.h"
#include "relay/core/rows.h"
#include "relay/core/tree/tree_rows.h"

struct node_view {
    uint32_t core_version;
    struct hash digest;     /* of everything up to the last step */
    struct instant last;    /* of the last step */
    struct instant started; /* of the last start */
    bool paused;            /* by a person */
    uint64_t records_count; /* of the journal, as the core counts them */
};
/* STATUS_VERSION: rows of another CORE_VERSION, of which nothing else may be read. */
MUST_USE enum status core_view_node(const struct row_source *source, struct node_view *ret_node);

/* ---- chains ---- */
MUST_USE enum status core_view_chain(const struct row_source *source, uint32_t domain,
                                     struct chain_row *ret_chain);
/* History that is read beside what is new; NOT_FOUND: there was none to pass over. */
MUST_USE enum status core_view_past(const struct row_source *source, uint32_t domain,
                                    struct past_row *ret_past);
/* What an endpoint with a daily budget was asked; NOT_FOUND: nothing yet. */
MUST_USE enum status core_view_calls(const struct row_source *source, uint32_t domain,
                                     uint32_t endpoint, struct calls_row *ret_calls);
/* Our tree and signatures: chains that we validate have one. */
MUST_USE enum status core_view_tree(const struct row_source *source, uint32_t domain,
                                    struct tree_row *ret_tree);
MUST_USE enum status core_view_announcement(const struct row_source *source, uint32_t domain,
                                            struct announcement_row *ret_row);
MUST_USE enum status core_view_signed(const struct row_source *source, uint32_t domain,
                                      uint32_t index, struct signed_row *ret_row);
MUST_USE enum status core_view_leaf_index(const struct row_source *source, uint32_t domain,
                                          const struct hash *message_id, uint32_t *ret_index);

/* ---- messages ---- */
MUST_USE enum status core_view_message(const struct row_source *source, const struct hash *id,
                                       struct message_row *ret_message);
/* The whole message; not there when it is not ours to deliver, or delivered. */
MUST_USE enum status core_view_body(const struct row_source *source, const struct hash *id,
                                    struct bytes *ret_message);
/* All messages ever seen, by id: a zero id first, then the one returned before. */
MUST_USE enum status core_view_next_message(const struct row_source *source,
                                            const struct hash *after, struct hash *ret_id,
                                            struct message_row *ret_message);
/* Messages to `destination` that are not finished, by origin and nonce: NULL first, then the one
 * returned before, with its id. */
MUST_USE enum status core_view_next_open(const struct row_source *source, uint32_t destination,
                                         const struct message_row *after,
                                         const struct hash *after_id, struct hash *ret_id,
                                         struct message_row *ret_message);
/* How many are under way, and how many wait in the queue at most. */
MUST_USE enum status core_view_open_counts(const struct row_source *source, uint32_t destination,
                                           struct open_row *ret_open);
/* In one token (zero: the origin's coin); zero when nothing was paid. */
MUST_USE enum status core_view_gas_paid(const struct row_source *source, const struct hash *id,
                                        const struct message_row *message,
                                        const struct address *token, struct amount *ret_gas,
                                        struct amount *ret_payment);
/* What the deliveries of one limit to one destination have cost, and what is reserved. Zero when
 * there was none. */
MUST_USE enum status core_view_budget(const struct row_source *source, const char *limit,
                                      uint32_t destination, struct budget_row *ret_budget);

/* ---- validators ---- */
/* Stores that were asked for, by origin and validator: NULL first, then those returned before. What
 * `ret_storage` points to is borrowed as the source's rows are. */
MUST_USE enum status core_view_next_storage(const struct row_source *source, uint32_t after_origin,
                                            const struct address *after_validator,
                                            uint32_t *ret_origin, struct address *ret_validator,
                                            struct storage_row *ret_storage);

/* ---- lanes ---- */
/* Lanes by domain and key: NULL first, then the domain and key returned before. */
MUST_USE enum status core_view_next_lane(const struct row_source *source, uint32_t after_domain,
                                         const struct address *after_key, uint32_t *ret_domain,
                                         struct address *ret_key, struct lane_row *ret_lane);
/* The open intent with the lowest nonce that is not below `nonce`. */
MUST_USE enum status core_view_next_intent(const struct row_source *source, uint32_t domain,
                                           const struct address *key, uint64_t nonce,
                                           uint64_t *ret_nonce, struct intent_row *ret_intent);
/* What a lane waits for: `count` transactions are in no block, and the lowest of them, of `nonce`,
 * waits for `reason` since it took its nonce. */
struct lane_wait {
    enum reason reason; /* REASON_NONE: for nothing */
    struct instant since;
    uint64_t nonce;
    uint32_t count;
};
MUST_USE enum status core_view_lane_wait(const struct row_source *source,
                                         const struct core_chain *config, const struct address *key,
                                         const struct lane_row *lane, struct lane_wait *ret_wait);
MUST_USE enum status core_view_leg(const struct row_source *source, const struct hash *leg_id,
                                   struct leg_row *ret_leg);

/* ---- why ---- */
struct signer_view {
    struct address validator;
    bool has_location;      /* it announced where it publishes */
    bool was_asked;         /* for this message's checkpoint */
    enum proof_state proof; /* when it was asked */
};

/* Why a message is where it is: its row says the reason and since when; this says what is missing.
 */
struct message_why {
    struct message_row message;
    bool has_leaf;
    uint32_t leaf_index;
    uint64_t origin_final;      /* last final block of the origin that was applied; 0: none */
    uint64_t destination_final; /* likewise */
    bool security_known;
    uint8_t module_type;  /* of the recipient's own module */
    uint32_t strength;    /* ism_strength */
    uint32_t threshold;   /* of the first multisig in it; 0: there is none */
    uint32_t valid_count; /* signatures that were checked and are good */
    uint32_t signers_count;
    struct signer_view signers[ISM_VALIDATORS_MAX];
    bool has_intent; /* a transaction of it is under way */
    uint64_t nonce;
    struct intent_row intent;
};
MUST_USE enum status core_view_why(const struct row_source *source, const struct hash *id,
                                   struct message_why *ret_why);

#endif
