/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/alert/alert.h: which of the things that a person must know are true, since when, and
 * which of them are to be told now.
 *
 * Whoever looks (alert_look.h) says again and again what is true at that moment: alerts_begin, one
 * alerts_see for each, alerts_end. Then alerts_next gives what is to be told:
 *
 *           seen for its hold          told
 *   (none) ───────────────────▶ firing ─────▶ firing, told ──(repeat)──▶ reminder
 *                                  │               │ not seen for `hold`
 *                                  ▼               ▼
 *                      (none), counted as untold   cleared, told
 *
 * Promises
 *   1. One alert is told once when it begins and once when it ends, however often it is seen; while
 *      it lasts, again each `repeat`.
 *   2. At most `per_hour` notices are given in an hour, and the last quarter of them is kept for
 *      alerts of severity page that begin. What waits is not lost: it is given when there is room,
 *      unless it ended before.
 *   3. Memory is bounded: an alert that finds no room is counted and told by that count.
 *
 * The clock is the caller's and monotonic. Threads: none. Memory: the caller's. */
#ifndef SLUICE_RELAY_NODE_ALERT_ALERT_H
#define SLUICE_RELAY_NODE_ALERT_ALERT_H

#include "relay/base/bytes.h"
#include "relay/base/instant.h"

#define ALERTS_MAX          512u
#define ALERT_SUBJECT_BYTES 80u
#define ALERT_TEXT_BYTES    320u

/* Not stored. */
enum alert_kind {
    ALERT_CHAIN_STOPPED = 0, /* a reorganisation beyond policy */
    ALERT_QUORUM_LOST = 1,
    ALERT_DISAGREEMENT = 2, /* and it was outvoted */
    ALERT_HEAD_OLD = 3,
    ALERT_MESSAGE_STUCK = 4,
    ALERT_BACKLOG_OLD = 5,
    ALERT_KEY_LOW = 6,
    ALERT_KEY_FROZEN = 7,
    ALERT_SIGNER_GONE = 8,
    ALERT_SIGNER_REFUSES = 9,
    ALERT_LEDGER_UNRECONCILED = 10,
    ALERT_INVARIANT_BROKEN = 11,
    ALERT_JOURNAL_UNWRITABLE = 12,
    ALERT_DISK_LOW = 13,
    ALERT_LOG_TROUBLE = 14,
    ALERT_WITNESS_TROUBLE = 15,
    ALERT_VALIDATOR_HALTED = 16,
    ALERT_LOOP_HANGS = 17,
    ALERT_BLIND = 18, /* the rows cannot be read: none of the others can be seen */
    ALERT_QUORUM_SPLIT = 19,
};
#define ALERT_KINDS 20u

enum alert_severity {
    ALERT_PAGE = 0, /* somebody gets up */
    ALERT_WARN = 1, /* somebody looks today */
};

struct alert_kind_facts {
    const char *name; /* "quorum_lost" */
    enum alert_severity severity;
    bool is_at_once;     /* else it must be true for `hold` before it is told */
    const char *what;    /* one sentence */
    const char *did;     /* what the node did, or does, about it */
    const char *todo;    /* what a person does */
    const char *runbook; /* section of deploy/monitoring/README.md */
};
const struct alert_kind_facts *alert_kind_facts(enum alert_kind kind);

enum alert_news {
    ALERT_FIRES = 0,
    ALERT_STILL = 1,
    ALERT_CLEARS = 2,
};
const char *alert_news_name(enum alert_news news); /* "firing", "still firing", "cleared" */

/* Something that is true. */
struct alert_fact {
    enum alert_kind kind;
    char subject[ALERT_SUBJECT_BYTES]; /* a chain, a key; with the kind it is the alert's name */
    char text[ALERT_TEXT_BYTES];       /* figures and words, which may be a stranger's */
};

struct alert_notice {
    enum alert_news news;
    struct alert_fact fact; /* its text is the last one seen */
    struct duration lasted; /* since it was first seen */
    uint64_t untold_count;  /* alerts that came and went, or found no room, since the last */
    uint32_t others_count;  /* that fire besides it */
};

struct alert_options {
    struct duration hold;   /* true for so long, then told; untrue for so long, then cleared */
    struct duration repeat; /* 0: never */
    uint32_t per_hour;
};

struct alert {
    struct alert_fact fact;
    uint64_t first_ns; /* 0: this place is free */
    uint64_t seen_ns;
    uint64_t told_ns; /* 0: not told */
    bool is_ending;   /* told, and not seen for `hold` */
};

struct alerts {
    struct alert_options options;
    uint64_t now_ns;
    uint64_t filled_ns; /* when there was last more room to tell */
    uint64_t room;      /* notices that may be given now, in parts of one (alert.c) */
    uint64_t untold_count;
    uint64_t untold_total; /* the same since the beginning */
    uint64_t told_count;   /* notices given */
    struct alert entries[ALERTS_MAX];
};

void alerts_init(struct alerts *alerts, const struct alert_options *options);
/* `now_ns` is not 0 and never goes back. */
void alerts_begin(struct alerts *alerts, uint64_t now_ns);
void alerts_see(struct alerts *alerts, const struct alert_fact *fact);
/* What could not be looked at is what it was: nothing ends in this round. */
void alerts_keep(struct alerts *alerts);
void alerts_end(struct alerts *alerts);
/* The next notice: new pages first, then other new ones, reminders, ends. False: none now. */
bool alerts_next(struct alerts *alerts, struct alert_notice *ret_notice);
/* Those that were told and have not ended. */
uint32_t alerts_firing(const struct alerts *alerts, enum alert_kind kind);

#endif
