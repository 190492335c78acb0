/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/tables.h: the first byte of every row's key, in one place.
 *
 * Numbers in keys are big-endian, so rows sort as their numbers do. Layouts of keys and values are
 * in the header of the module that owns the table. Stored: never renumber, never reuse. */
#ifndef SLUICE_RELAY_CORE_TABLES_H
#define SLUICE_RELAY_CORE_TABLES_H

/* core.c */
#define TABLE_META   'z' /* version, digest, clock: relay/core/core.c */
#define TABLE_CONFIG 'c' /* the configuration in force, packed */
/* blocks.c: chains, blocks, facts not yet final */
#define TABLE_CHAIN 'h' /* domain -> cursor, head, final, state */
#define TABLE_BLOCK 'H' /* domain, number -> hash (above final) */
#define TABLE_FACT  'F' /* domain, number, log index -> fact (above final, or not yet applied) */
#define TABLE_PAST  'K' /* domain -> history that is read beside: relay/core/chain/past.c */
#define TABLE_CALLS 'e' /* domain, endpoint -> what it was asked on a day */
/* tree.c: the origin's merkle tree and our signatures over it */
#define TABLE_TREE   't' /* domain -> branch, count, verified, signed */
#define TABLE_LEAF   'T' /* domain, leaf index -> message id */
#define TABLE_SIGNED 's' /* domain, leaf index -> checkpoint under way or published */
/* message.c */
#define TABLE_MESSAGE  'M' /* id -> state */
#define TABLE_BODY     'B' /* id -> whole message */
#define TABLE_DUE      'Q' /* instant, kind, id -> empty: what to look at when */
#define TABLE_SECURITY 'S' /* domain, recipient -> ISM kind, threshold, validators */
#define TABLE_STORAGE  'V' /* domain, validator -> newest locations */
#define TABLE_PROOF    'P' /* id, validator -> signature asked for or collected */
#define TABLE_OPEN                                                                                 \
    'o' /* messages not finished, by destination: relay/core/message/message_rows.h */
#define TABLE_WAITING   'w' /* question, id -> empty: messages that wait for one answer */
#define TABLE_ELSEWHERE 'd' /* id -> delivery of a message whose dispatch is not final here */
#define TABLE_GAS_PAID  'g' /* id, origin, destination -> gas and payment received */
#define TABLE_BUDGET    'Z' /* limit, destination -> what its deliveries have cost */
/* lane.c: keys, nonces, transactions */
#define TABLE_LANE   'L' /* domain, key -> next nonce, state */
#define TABLE_INTENT 'I' /* domain, key, nonce -> intent, hash, state */
#define TABLE_LEG    'X' /* leg id -> leg, where its transaction stands */
/* ledger.c */
#define TABLE_ACCOUNT  'A' /* account key -> balance, block of last change */
#define TABLE_POSTING  'E' /* sequence -> double-entry posting */
#define TABLE_TRANSIT  'W' /* message id -> capital under way */
#define TABLE_SNAPSHOT 'N' /* domain -> balances awaited for reconciliation */
/* move.c, plan.c */
#define TABLE_PLAN     'p' /* plan id -> network digest, moves, state */
#define TABLE_MOVE     'R' /* move id -> state */
#define TABLE_POSITION 'v' /* domain, vault or quote -> last reading */

#endif
