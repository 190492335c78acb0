/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/registry.h: what the reference registry's files say of one chain:
 * DIR/chains/NAME/metadata.yaml and addresses.yaml, or DIR/NAME/... All of it is a stranger's:
 * bounded, and checked before it is written anywhere.
 *
 * Threads: none. */
#ifndef SLUICE_RELAY_CLI_REGISTRY_H
#define SLUICE_RELAY_CLI_REGISTRY_H

#include "relay/base/limits.h"
#include "relay/settings/settings.h"

#define REGISTRY_URL_BYTES     256u
#define REGISTRY_ADDRESS_BYTES 67u

/* Empty text, zero: the files do not say. */
struct registry_chain {
    char name[NAME_BYTES_MAX];
    char display_name[64];
    bool is_ethereum; /* the one family of ours */
    uint64_t chain_id;
    uint64_t domain; /* 0 with a chain id: the same */
    char urls[ENDPOINTS_PER_CHAIN_MAX][REGISTRY_URL_BYTES];
    uint32_t urls_count;
    char finality[24]; /* "finalized", "safe" or a number of blocks */
    uint64_t block_ms;
    uint64_t start_block;
    bool is_testnet;
    char coin[16]; /* symbol of the native coin */
    char mailbox[REGISTRY_ADDRESS_BYTES];
    char merkle_tree_hook[REGISTRY_ADDRESS_BYTES];
    char validator_announce[REGISTRY_ADDRESS_BYTES];
    char gas_paymaster[REGISTRY_ADDRESS_BYTES];
};

/* Adds what a file says to `chain`, whose other members stay. STATUS_MALFORMED: `ret_error` says
 * where and what. */
MUST_USE enum status registry_read_metadata(const struct settings *settings,
                                            struct registry_chain *chain,
                                            struct settings_error *ret_error);
MUST_USE enum status registry_read_addresses(const struct settings *settings,
                                             struct registry_chain *chain,
                                             struct settings_error *ret_error);
/* Both files of chain `name`. STATUS_NOT_FOUND: the folder has no such chain. */
MUST_USE enum status registry_load(const char *folder, const char *name,
                                   struct registry_chain *ret_chain,
                                   struct settings_error *ret_error);

#endif
