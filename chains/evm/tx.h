/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/tx.h: EIP-1559 transactions (type 2) and legacy ones (type 0, with the chain's number
 * in what is signed, EIP-155), unsigned and signed.
 *
 * The adapter encodes what it asks to have signed; the signer decodes the same bytes, strictly, and
 * judges what it decoded. Both therefore share this code and nothing else. Access lists are never
 * made, so a transaction that has one is refused; so is contract creation.
 *
 * Threads: none. Memory: the caller's. Units: fees in wei per gas, value in wei. */
#ifndef SLUICE_CHAINS_EVM_TX_H
#define SLUICE_CHAINS_EVM_TX_H

#include "relay/base/amount.h"
#include "relay/base/bytes.h"
#include "relay/base/signature.h"

/* What one encoding takes beyond its data: type, headers, nine numbers and a signature. */
#define EVM_TRANSACTION_OVERHEAD_BYTES 320u

/* Above it the v of a legacy signature would overflow. */
#define EVM_LEGACY_CHAIN_ID_MAX ((UINT64_MAX - 36) / 2)

struct evm_transaction {
    bool is_legacy; /* fee_max is its gas price, and priority_fee the same */
    uint64_t chain_id;
    uint64_t nonce;
    struct amount priority_fee; /* per gas */
    struct amount fee_max;      /* per gas, base fee and priority fee together */
    uint64_t gas_limit;
    struct address to; /* an EVM address, left-padded; never absent */
    struct amount value;
    struct bytes data; /* calldata; borrowed */
};

/* Appends 0x02 || rlp([...]), or for a legacy one rlp([... chain id, 0, 0]), as it is signed.
 * STATUS_FULL: no room; the buffer is unchanged. `transaction->to` must be an EVM address, and the
 * two fees of a legacy one the same and its chain id in bounds (CHECKs). */
MUST_USE enum status evm_transaction_encode(const struct evm_transaction *transaction,
                                            struct buffer *buffer);
/* Reads exactly what evm_transaction_encode writes; `ret_transaction->data` is borrowed from
 * `unsigned_bytes`. STATUS_MALFORMED: anything else: another type, an encoding that is not the
 * shortest, missing or trailing items or bytes, no recipient, an access list; a legacy one that
 * names no chain, so that it would be good on all of them. */
MUST_USE enum status evm_transaction_decode(struct bytes unsigned_bytes,
                                            struct evm_transaction *ret_transaction);
/* Appends the signed form. STATUS_MALFORMED: v is not 27 or 28, or r or s is zero. STATUS_FULL: no
 * room. The buffer is unchanged unless STATUS_OK. */
MUST_USE enum status evm_transaction_encode_signed(const struct evm_transaction *transaction,
                                                   const struct signature *signature,
                                                   struct buffer *buffer);

/* What the key signs: keccak of the unsigned bytes. */
struct hash evm_transaction_digest(struct bytes unsigned_bytes);
/* The hash a node knows it by: keccak of the signed bytes. */
struct hash evm_transaction_hash(struct bytes signed_bytes);
/* keccak(to as 20 bytes || value as 32 bytes || data): what a leg pays and calls, whatever its
 * nonce and fees. */
struct hash evm_payload_digest(const struct evm_transaction *transaction);

#endif
