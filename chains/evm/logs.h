/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/logs.h: which logs matter, whether a block can hold one, and logs as facts.
 *
 * An interest is the set of contracts, events and accounts of one chain that the core wants to know
 * about. From it follow the filters of eth_getLogs, the test of a block's bloom and the strict
 * decoding by (address, topic0, number of topics, length of data).
 *
 * Threads: none. Memory: the caller's. */
#ifndef SLUICE_CHAINS_EVM_LOGS_H
#define SLUICE_CHAINS_EVM_LOGS_H

#include "chains/rpc/frame.h"
#include "relay/core/event.h"

enum { EVM_BLOOM_BYTES = 256 };

/* What a contract is to us; one address can be several things. */
enum evm_role {
    EVM_ROLE_MAILBOX = 1,
    EVM_ROLE_TREE_HOOK = 2,
    EVM_ROLE_PAYMASTER = 4,
    EVM_ROLE_ANNOUNCE = 8,
    EVM_ROLE_ROUTER = 16,
    EVM_ROLE_BRIDGE = 32,
    EVM_ROLE_TOKEN = 64,
    EVM_ROLE_VAULT = 128,
};

/* Where a value sets its bits in a bloom: byte and mask, three times. */
struct evm_bloom_bits {
    uint8_t byte[3];
    uint8_t mask[3];
};

struct evm_contract {
    struct address address;
    uint32_t roles; /* of enum evm_role */
    struct evm_bloom_bits bits;
};

struct evm_account {
    struct address address;
    struct evm_bloom_bits bits; /* of the address as a topic */
};

/* Events, in the order of their table in logs.c. */
enum { EVM_EVENTS_COUNT = 11 };

struct evm_interest {
    struct evm_contract *contracts; /* by ascending address, each once */
    uint32_t contracts_count;
    struct evm_account *accounts; /* by ascending address, each once */
    uint32_t accounts_count;
    struct evm_bloom_bits events[EVM_EVENTS_COUNT];
};

/* Questions that together give all logs of an interest: either ALL, or the three others, which
 * spare a busy token's foreign transfers. */
enum evm_filter {
    EVM_FILTER_ALL = 0,
    EVM_FILTER_PLAIN = 1, /* everything but token transfers */
    EVM_FILTER_FROM = 2,  /* transfers from a watched account */
    EVM_FILTER_TO = 3,    /* transfers to a watched account */
};
#define EVM_FILTERS_COUNT 4u

/* Adds to an interest that has room for it; an address that is there gets the role as well.
 * Zero addresses are skipped. */
void evm_interest_add_contract(struct evm_interest *interest, const struct address *address,
                               enum evm_role role);
void evm_interest_add_account(struct evm_interest *interest, const struct address *address);
/* Once, after the last addition. */
void evm_interest_finish(struct evm_interest *interest);
/* NULL: not watched. */
const struct evm_contract *evm_interest_contract(const struct evm_interest *interest,
                                                 const struct address *address);

/* Events (bits 1 << enum fact_kind) of ours that a block with this bloom may hold; 0: none. */
uint64_t evm_bloom_events(const struct evm_interest *interest, const uint8_t *bloom);
/* Events that can be ours at all. */
uint64_t evm_interest_events(const struct evm_interest *interest);
/* The filters (bits 1 << enum evm_filter) that give these events; `is_split` asks for the three
 * instead of ALL. */
uint32_t evm_filters_for(uint64_t events, bool is_split);
bool evm_bloom_has(const uint8_t *bloom, const struct evm_bloom_bits *bits);
struct evm_bloom_bits evm_bloom_bits_of(struct bytes value);

/* "address":[...],"topics":[...] of a filter; the caller writes the braces and the blocks. */
void evm_filter_write(const struct evm_interest *interest, enum evm_filter filter,
                      struct json_writer *writer);

/* A log as a node gives it, envelope checked, topics and data not yet read. */
struct evm_log {
    struct address address;
    struct hash topics[4];
    uint32_t topics_count;
    const struct json_token *data;
    uint64_t block_number;
    struct hash block_hash;
    struct hash transaction;
    uint32_t index;
};

/* STATUS_MALFORMED: not a log, pending, or marked as removed. */
MUST_USE enum status evm_log_read(const struct json_token *json, struct evm_log *ret_log);
/* True when address and topics all set their bits in the bloom of the log's block. */
bool evm_log_agrees_with_bloom(const struct evm_log *log, const uint8_t *bloom);
/* The bit of the event a log is by its topic and its contract; 0: none that was asked for. */
uint64_t evm_log_event(const struct evm_interest *interest, const struct evm_log *log);
/* The fact a log states. The data of a Dispatch is read into `memory`; every message there is
 * borrowed from it, and `*ret_used` says how much of it was used. A message above MESSAGE_BYTES_MAX
 * is given as its id. STATUS_NOT_FOUND: not of interest. STATUS_MALFORMED: one of ours by address
 * and topic and yet not of its form. STATUS_FULL: `capacity` is too small. */
MUST_USE enum status evm_log_decode(const struct evm_interest *interest, const struct evm_log *log,
                                    void *memory, size_t capacity, struct fact *ret_fact,
                                    size_t *ret_used);

#endif
