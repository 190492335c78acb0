/* SPDX-License-Identifier: Apache-2.0 */
/* tests/conformance/evm_script_internal.h: the imaginary chain, shared by its two halves: what
 * happens on it (evm_script.c) and how it answers (evm_script_rpc.c). */
#ifndef SLUICE_TESTS_CONFORMANCE_EVM_SCRIPT_INTERNAL_H
#define SLUICE_TESTS_CONFORMANCE_EVM_SCRIPT_INTERNAL_H

#include <jansson.h>

#include "tests/conformance/evm_script.h"

enum {
    BLOCKS_MAX = 256,
    LOGS_MAX = 160,
    MESSAGES_MAX = 16,
    TRANSACTIONS_MAX = 64,
    FRAMES_MAX = 256,
    METHODS_MAX = 32,
    TAKEN_MAX = 1024,
    DOMAIN = 901,
    CHAIN_ID = 31337,
    OTHER_DOMAIN = 902,
    MESSAGE_BYTES = 81,
};

/* Contracts are numbered; the number is the address's last byte. */
enum contract {
    MAILBOX = 0x11,
    TREE_HOOK = 0x12,
    ANNOUNCE = 0x13,
    PAYMASTER = 0x14,
    ROUTER = 0x15,
    TOKEN = 0x16,
    BRIDGE = 0x17,
    VAULT = 0x18,
    ISM = 0x19,
    SPOKE = 0x61,
    SPOKE_VAULT = 0x62,
    POOL = 0x63, /* of Aave, and what belongs to its reserve of the token */
    POOL_RECEIPT = 0x64,
    POOL_DEBT = 0x65,
    POOL_STRATEGY = 0x66,
    FEED_FIRST = 0x67, /* price feeds: the first always says 2 */
    FEED_SECOND = 0x68,
    STRANGER = 0x33,
    OTHER_ROUTER = 0x44,
};

/* keccak of the signatures, as hyperlane.md section 2.5 has them */
#define TOPIC_DISPATCH "769f711d20c679153d382254f59892613b58a97cc876b249134ac25c80f9c814"
#define TOPIC_INSERTED "253a3a04cab70d47c1504809242d9350cd81627b4f1d50753e159cf8cd76ed33"
#define TOPIC_PROCESS  "1cae38cdd3d3919489272725a5ae62a4f48b2989b0dae843d3c279fee18073a9"
#define TOPIC_TRANSFER "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"

struct script_log {
    enum contract contract;
    struct hash topics[4];
    uint32_t topics_count;
    uint8_t data[192];
    size_t data_bytes;
    struct hash transaction;
};

struct script_block {
    uint64_t number;
    struct hash hash;
    struct hash parent;
    struct script_log logs[LOGS_MAX];
    uint32_t logs_count;
    struct hash messages[MESSAGES_MAX];
    uint32_t messages_count;
    struct hash transactions[TRANSACTIONS_MAX]; /* of the key */
    uint32_t transactions_count;
    uint64_t key_nonce; /* after the block */
    uint32_t leaves;    /* after the block */
};

struct pending {
    struct hash hash;
    uint64_t nonce;
    bool is_legacy;
    bool calls_mailbox;
    struct hash payload;
};

struct script_endpoint {
    char *frames[FRAMES_MAX]; /* owned */
    size_t frames_bytes[FRAMES_MAX];
    uint32_t frames_first;
    uint32_t frames_count;
    char *given;            /* owned; the last one */
    uint32_t waited_rounds; /* with something to say */
    bool is_subscribed;
    enum fixture_identity identity;
    struct evm_script_habits habits;
};

struct script {
    struct script_block *blocks; /* from 0 */
    uint64_t head;
    uint64_t final_lag; /* of the endpoint that is asked, as `head` is meanwhile */
    bool is_lagging;    /* it is */
    uint64_t salt;
    uint64_t messages_made;
    uint8_t messages[MESSAGES_MAX][MESSAGE_BYTES]; /* for the next block */
    uint32_t messages_count;
    struct pending pool[TRANSACTIONS_MAX];
    uint32_t pool_count;
    struct hash taken[TAKEN_MAX];
    uint32_t taken_count;
    struct script_endpoint endpoints[FIXTURE_ENDPOINTS];
    struct {
        char name[40];
        uint32_t count;
    } methods[METHODS_MAX];
    uint32_t methods_count;
    const char *refusal;
    struct evm_script_knobs knobs;
    uint8_t key[32];
    struct address key_address;
    uint8_t leg_message[MESSAGE_BYTES];
    uint8_t leg_metadata[68 + 65];
    uint8_t asked_message[MESSAGE_BYTES];
};

/* evm_script.c */
struct address script_contract(enum contract contract);
struct hash script_hash(uint64_t a, uint64_t b);
uint64_t script_final(const struct script *script);

/* Members of an error object, when this question is one too many; else NULL. */
const char *script_rate_refusal(struct script *script, uint32_t endpoint);

/* What is written of a frame. */
struct text {
    char *data;
    size_t count;
    size_t capacity;
};

/* evm_script_rpc.c */
/* These words instead of what was written from `start` on. */
void script_text_set(struct text *text, size_t start, const char *words);
void script_push_header(struct script *script, uint32_t endpoint);
void script_take(void *world, uint32_t endpoint, struct bytes frame);

/* evm_script_lies.c */
/* The digit after `mark`, or without one the last digit of the text from `start` on, is another. */
void script_change_digit(struct text *text, size_t start, const char *mark);
/* Changes the answer that begins at `start` as this endpoint's habits want it; `first` is the
 * question's first parameter, where that is text. */
void script_twist(const struct evm_script_habits *habits, const char *method, const char *first,
                  size_t start, struct text *text);

/* Whether only modules have this function. */
bool script_is_of_module(uint32_t selector);
/* What a module of the tree returns, as hexadecimal text; NULL: it reverts. Valid until the next
 * call. */
const char *script_module_answer(const struct evm_script_knobs *knobs, uint32_t contract,
                                 uint32_t selector);
uint64_t script_gas_needed(const struct script *script);
/* What a call says that is a delivery run once under so much gas; any other reverts. */
const char *script_process(const struct script *script, uint32_t selector, const json_t *call);
/* The member "error" for it: getOffchainVerifyInfo names a server, all else just reverts. */
const char *script_module_revert(uint32_t selector);

/* The same of the spoke and its vault: evm_script_spoke.c. */
const char *script_spoke_answer(const struct evm_script_knobs *knobs, uint32_t contract,
                                uint32_t selector, uint32_t argument);

#endif
