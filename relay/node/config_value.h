/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/config_value.h: words of a configuration file as values. Every quantity carries its
 * unit in the text.
 *
 * All return STATUS_MALFORMED for anything they do not understand in full and write nothing then.
 * Threads: none; pure. */
#ifndef SLUICE_RELAY_NODE_CONFIG_VALUE_H
#define SLUICE_RELAY_NODE_CONFIG_VALUE_H

#include "relay/base/amount.h"
#include "relay/base/instant.h"
#include "relay/node/config.h"

/* Decimal digits alone, at most `max`. */
MUST_USE enum status value_number(const char *text, uint64_t max, uint64_t *ret_value);
/* "true" or "false". */
MUST_USE enum status value_truth(const char *text, bool *ret_value);
/* "500ms", "10s", "5m", "1h"; a blank before the unit is allowed. */
MUST_USE enum status value_duration(const char *text, struct duration *ret_value);
/* "200 gwei", "0.01 ether", "7 wei". */
MUST_USE enum status value_wei(const char *text, struct amount *ret_value);
/* "1.5 USDC" where `symbol` is "USDC": exact, at most `decimals` digits after the point. */
MUST_USE enum status value_units(const char *text, const char *symbol, uint32_t decimals,
                                 struct amount *ret_value);
/* "5 %", "33.34 %" or "500 bps". */
MUST_USE enum status value_share(const char *text, struct bps *ret_value);
/* "512 MiB", "64 GiB". */
MUST_USE enum status value_bytes(const char *text, uint64_t *ret_value);
/* "finalized", "safe" or "12 blocks". */
MUST_USE enum status value_finality(const char *text, enum finality_policy *ret_policy,
                                    uint32_t *ret_blocks);
/* 0x and 40 digits (an EVM address; with mixed case its EIP-55 checksum must hold) or 64 digits.
 * STATUS_REFUSED: the checksum is wrong. */
MUST_USE enum status value_address(const char *text, struct address *ret_address);
/* ws://host[:port][/path] or wss://...; IPv6 in brackets. */
MUST_USE enum status value_endpoint(const char *text, struct config_endpoint *ret_endpoint);

#endif
