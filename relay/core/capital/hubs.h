/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/hubs.h: the vault whose shares claim what the spokes hold, and what is done
 * for those who enter and leave.
 *
 *   requests --close--> spokes report, as messages --> priced --settle--> claimable
 *                '--too little there: recall, the plan brings it home, pay --'
 *   what belongs to the holders and nobody asked back --invest--> the spoke on the hub's chain
 *
 * Each reading of the hub's chain at a final block says how far its round is, and from that alone
 * one act follows (hub_act); the hub and the spokes enforce the rest. A report that is missing,
 * stale, out of step or a jump prices nothing: then the round waits and its row says for what. No
 * act belongs to a plan: who is paid, and how much, is the contracts' word.
 *
 * Keys are in capital_rows.h. Threads: none. */
#ifndef SLUICE_RELAY_CORE_CAPITAL_HUBS_H
#define SLUICE_RELAY_CORE_CAPITAL_HUBS_H

#include "relay/core/capital/capital_rows.h"
#include "relay/core/step.h"

#define HUB_ROW_BYTES_MAX        1024u
#define HUB_REPORT_ROW_BYTES_MAX 160u

/* What a hub waits for, or did last. */
struct hub_row {
    uint64_t block; /* of the reading; 0: never read */
    struct instant at;
    struct hub_state state;
    struct hash leg;    /* asked for, or under way; zero: none */
    enum hub_verb verb; /* of it, with what it was asked with */
    bool taken;         /* by the lane; else only prepared */
    struct amount amount;
    uint64_t deadline_s;
    uint64_t not_before;      /* readings of blocks below it do not know yet what was done */
    uint64_t reports_after_s; /* block time: what was paid since is in no report before */
    struct instant closed_at; /* when the last round was closed */
    enum reason reason;       /* why nothing is done; REASON_NONE: nothing is wanted */
    struct instant since;
    char words[MOVE_WORDS_BYTES_MAX]; /* said against what was asked last */
};

/* What a hub knows of one spoke's reports. */
struct hub_report_row {
    uint64_t sequence; /* as struct hub_report */
    uint64_t time_s;
    bool jumped;
    struct instant asked_at; /* zero: never */
    uint32_t attempts;       /* since one arrived */
    struct hash leg;
    uint64_t deadline_s;
    bool taken;
};

struct bytes hub_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct core_hub *hub);
struct bytes hub_report_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct core_hub *hub,
                            uint32_t domain);
void hub_row_pack(struct packer *packer, const struct hub_row *row);
bool hub_row_unpack(struct bytes bytes, struct hub_row *ret_row);
void hub_report_row_pack(struct packer *packer, const struct hub_report_row *row);
bool hub_report_row_unpack(struct bytes bytes, struct hub_report_row *ret_row);

/* The spoke of the hub's asset on its own chain; NULL: there is none. */
const struct core_spoke *hub_spoke(const struct core_config *config, const struct core_hub *hub);

/* What is missing at the hub to pay those who leave in its closed round: by the reports where they
 * price it, else by the last price and a thousandth more. */
struct amount hub_short(const struct hub_state *state);

/* Keeps what an answer says of the hubs that are configured, and begins what follows from it. */
void hub_on_positions(struct step *step, const struct event *event);
void hub_on_prepared(struct step *step, const struct event *event);

#endif
