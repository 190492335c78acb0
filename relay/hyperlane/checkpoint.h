/* SPDX-License-Identifier: Apache-2.0 */
/* relay/hyperlane/checkpoint.h: what validators sign.
 *
 * A checkpoint says: the origin's tree had this root when leaf `index` was its last, and that leaf
 * is this message. The signature is an Ethereum personal one (EIP-191) over
 *   keccak(domain hash || root || index u32 || message id), where
 *   domain hash = keccak(origin domain u32 || tree hook 32 bytes || "HYPERLANE").
 * An announcement says where a validator publishes its checkpoints; it is signed likewise.
 * Threads: none; pure functions. */
#ifndef SLUICE_RELAY_HYPERLANE_CHECKPOINT_H
#define SLUICE_RELAY_HYPERLANE_CHECKPOINT_H

#include "relay/base/bytes.h"
#include "relay/base/signature.h"

struct checkpoint {
    struct hash root;
    uint32_t index; /* of the last leaf that root includes: leaf count - 1 */
    struct hash message_id;
};

/* Binds a signature to one tree hook of one origin. */
struct hash checkpoint_domain_hash(uint32_t origin, const struct address *tree_hook);
/* Before the personal-message prefix. */
struct hash checkpoint_signing_hash(uint32_t origin, const struct address *tree_hook,
                                    const struct checkpoint *checkpoint);
/* What the validator's key signs. */
struct hash checkpoint_digest(uint32_t origin, const struct address *tree_hook,
                              const struct checkpoint *checkpoint);

/* Of the two below, before the personal-message prefix. */
struct hash announcement_signing_hash(uint32_t domain, const struct address *mailbox,
                                      struct bytes location);
struct hash lookup_signing_hash(const struct address *sender, struct bytes data, struct bytes url);

/* What the validator's key signs to announce `location`, such as "file:///var/lib/x". */
struct hash announcement_digest(uint32_t domain, const struct address *mailbox,
                                struct bytes location);

/* What a relayer's key signs so that a server that proves to `sender` (a module) knows who asks for
 * `data` by this template of its address. */
struct hash lookup_digest(const struct address *sender, struct bytes data, struct bytes url);

/* What is hashed for the digest below, for keys that hash by themselves. */
struct personal_text {
    uint8_t bytes[28 + 32];
};
struct personal_text personal_text(const struct hash *message);

/* EIP-191 digest of a 32-byte message: keccak("\x19" "Ethereum Signed Message:\n32" || message). */
struct hash personal_digest(const struct hash *message);

/* Who signed the checkpoint. STATUS_MALFORMED: as signature_recover. */
MUST_USE enum status checkpoint_recover(uint32_t origin, const struct address *tree_hook,
                                        const struct checkpoint *checkpoint,
                                        const struct signature *signature,
                                        struct address *ret_signer);

#endif
