/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/ledger_walk.h: the ledger's postings in the order of their time, each as its two lines,
 * with the balance of each account after it.
 *
 * Balances are summed anew from the postings and compared with the accounts' rows, so that what is
 * printed is what the records say. Memory grows with the number of accounts, not of postings.
 * Threads: one. */
#ifndef SLUICE_RELAY_CLI_LEDGER_WALK_H
#define SLUICE_RELAY_CLI_LEDGER_WALK_H

#include "relay/core/capital/capital_view.h"

/* What is shown; sums are always of everything before. */
struct ledger_filter {
    struct instant from; /* not before */
    struct instant to;   /* before */
    bool has_domain;
    uint32_t domain;   /* of the account */
    const char *asset; /* NULL: all */
};

/* Half of a posting, as its account sees it. */
struct ledger_line {
    uint64_t number; /* among those shown, from 1 */
    const struct posting_row *posting;
    uint32_t domain;   /* of the chain whose facts made the posting */
    uint64_t sequence; /* among that chain's postings */
    bool is_debit;
    const struct account *account;
    const struct account *counterparty;
    struct account_balance balance; /* of the account, after it */
};

/* Sums of an account, or of a pair: what `account` was debited that `counterparty` gave. */
struct ledger_sum {
    uint8_t key[2 * CAPITAL_KEY_BYTES_MAX];
    size_t key_count;
    struct account account;
    struct account counterparty; /* pairs alone */
    struct account_row before;   /* the period */
    struct account_row total;    /* with the period */
    uint64_t postings_count;     /* in the period */
};

struct ledger_sums {
    struct ledger_sum *entries; /* in the order of their keys */
    size_t count;
    size_t capacity;
};

struct ledger_walk {
    const struct row_source *source;
    struct ledger_filter filter;
    void *context;
    /* Called for every line of the period that the filter lets through. False ends the walk. */
    bool (*line)(void *context, const struct ledger_line *line);
    void (*progress)(void *context, uint64_t done, uint64_t all); /* NULL: nobody looks */
    struct ledger_sums accounts;
    struct ledger_sums pairs; /* of the period */
    uint64_t postings_count;  /* in the period */
    uint64_t lines_count;
    bool is_ended; /* `line` said false */
};

/* STATUS_OK; STATUS_CORRUPT: postings that cannot be; STATUS_IO, STATUS_NO_MEMORY. */
MUST_USE enum status ledger_walk_run(struct ledger_walk *walk);
void ledger_walk_free(struct ledger_walk *walk);

/* STATUS_CORRUPT: an account's row is not what its postings say; `*ret_account` is the first. */
MUST_USE enum status ledger_walk_check(const struct ledger_walk *walk, struct account *ret_account);

/* "USDC" and the like, with debits and credits over all its accounts; after a walk. False: no
 * further asset. `*index` counts on from 0. */
struct ledger_asset {
    const char *symbol;
    struct amount debits;
    struct amount credits;
    bool balanced;
};
bool ledger_walk_asset(const struct ledger_walk *walk, size_t *index,
                       struct ledger_asset *ret_asset);

/* True for what is charged: both sides of it are lines of fees. */
bool ledger_is_fee(const struct posting_row *posting);

#endif
