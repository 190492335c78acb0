/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/hyperlane/checkpoint.h"

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/pack.h"

/* keccak(domain u32 || contract 32 bytes || label): what binds a signature to one contract. */
static struct hash bound_hash(uint32_t domain, const struct address *contract, const char *label)
{
    uint8_t memory[4 + 32 + 32];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_u32(&packer, domain);
    pack_address(&packer, contract);
    pack_raw(&packer, bytes_from_string(label));
    return keccak256(packer_finish(&packer));
}

struct personal_text personal_text(const struct hash *message)
{
    struct personal_text text;
    struct packer packer = packer_from(text.bytes, sizeof(text.bytes));

    pack_raw(&packer, bytes_from_string("\x19"
                                        "Ethereum Signed Message:\n32"));
    pack_hash(&packer, message);
    CHECK(packer_finish(&packer).count == sizeof(text.bytes));
    return text;
}

struct hash personal_digest(const struct hash *message)
{
    const struct personal_text text = personal_text(message);

    return keccak256(bytes_from(text.bytes, sizeof(text.bytes)));
}

struct hash checkpoint_domain_hash(uint32_t origin, const struct address *tree_hook)
{
    return bound_hash(origin, tree_hook, "HYPERLANE");
}

struct hash checkpoint_signing_hash(uint32_t origin, const struct address *tree_hook,
                                    const struct checkpoint *checkpoint)
{
    const struct hash domain_hash = checkpoint_domain_hash(origin, tree_hook);
    uint8_t memory[32 + 32 + 4 + 32];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_hash(&packer, &domain_hash);
    pack_hash(&packer, &checkpoint->root);
    pack_u32(&packer, checkpoint->index);
    pack_hash(&packer, &checkpoint->message_id);
    return keccak256(packer_finish(&packer));
}

struct hash checkpoint_digest(uint32_t origin, const struct address *tree_hook,
                              const struct checkpoint *checkpoint)
{
    const struct hash signing_hash = checkpoint_signing_hash(origin, tree_hook, checkpoint);

    return personal_digest(&signing_hash);
}

struct hash announcement_signing_hash(uint32_t domain, const struct address *mailbox,
                                      struct bytes location)
{
    const struct hash domain_hash = bound_hash(domain, mailbox, "HYPERLANE_ANNOUNCEMENT");
    struct keccak keccak;

    keccak_init(&keccak);
    keccak_update(&keccak, bytes_from(domain_hash.bytes, sizeof(domain_hash.bytes)));
    keccak_update(&keccak, location);
    return keccak_finish(&keccak);
}

struct hash announcement_digest(uint32_t domain, const struct address *mailbox,
                                struct bytes location)
{
    const struct hash hash = announcement_signing_hash(domain, mailbox, location);

    return personal_digest(&hash);
}

struct hash lookup_signing_hash(const struct address *sender, struct bytes data, struct bytes url)
{
    const size_t skipped = address_is_evm(sender) ? 12 : 0;
    struct keccak keccak;

    keccak_init(&keccak);
    keccak_update(&keccak, bytes_from_string("HYPERLANE_OFFCHAINLOOKUP"));
    keccak_update(&keccak, bytes_from(sender->bytes + skipped, sizeof(sender->bytes) - skipped));
    keccak_update(&keccak, data);
    keccak_update(&keccak, url);
    return keccak_finish(&keccak);
}

struct hash lookup_digest(const struct address *sender, struct bytes data, struct bytes url)
{
    const struct hash hash = lookup_signing_hash(sender, data, url);

    return personal_digest(&hash);
}

enum status checkpoint_recover(uint32_t origin, const struct address *tree_hook,
                               const struct checkpoint *checkpoint,
                               const struct signature *signature, struct address *ret_signer)
{
    const struct hash digest = checkpoint_digest(origin, tree_hook, checkpoint);

    return signature_recover(&digest, signature, ret_signer);
}
