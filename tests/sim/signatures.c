/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures are really made and really recovered, and each of them once in a process.
 *
 * Core and contracts look at the same signatures again and again, in both lives of a seed and in
 * the replay of each; that was two fifths of what a life costs. Both operations are pure, so a
 * remembered result is the result. This file is linked in place of relay/base/signature.c, which is
 * compiled under another name for it. */
#include "tests/sim/signatures.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/base/signature.h"
#include "tests/support/literal.h"

enum { SIGNATURES_KEPT = 16384 }; /* of each kind; a later one takes an earlier one's place */

/* What relay/base/signature.c defines in this program. */
MUST_USE enum status signature_recover_anew(const struct hash *digest,
                                            const struct signature *signature,
                                            struct address *ret_signer);

struct recovered {
    bool used;
    enum status status;
    struct hash digest;
    struct signature signature;
    struct address signer;
};

struct made {
    bool used;
    uint8_t key;
    struct hash digest;
    struct signature signature;
};

static struct recovered recovered[SIGNATURES_KEPT];
static struct made made[SIGNATURES_KEPT];

static uint32_t place_of(const uint8_t *bytes, uint32_t salt)
{
    uint32_t number = 0;

    memcpy(&number, bytes, sizeof(number));
    return (number ^ salt) % SIGNATURES_KEPT;
}

enum status signature_recover(const struct hash *digest, const struct signature *signature,
                              struct address *ret_signer)
{
    struct recovered *const kept = &recovered[place_of(signature->bytes, 0)];

    if (!kept->used || !hash_equal(&kept->digest, digest) ||
        memcmp(&kept->signature, signature, sizeof(*signature)) != 0) {
        memset(kept, 0, sizeof(*kept));
        kept->status = signature_recover_anew(digest, signature, &kept->signer);
        kept->digest = *digest;
        kept->signature = *signature;
        kept->used = true;
    }
    if (kept->status == STATUS_OK) {
        *ret_signer = kept->signer;
    }
    return kept->status;
}

static bool is_made_by(const struct hash *digest, const struct signature *signature,
                       const struct address *signer)
{
    struct address found;

    return signature_recover_anew(digest, signature, &found) == STATUS_OK &&
           address_equal(&found, signer);
}

/* Who made a signature is known without recovering it; where checks may be slow it is recovered. */
static void know_signer(const struct hash *digest, const struct signature *signature,
                        const struct address *signer)
{
    struct recovered *const kept = &recovered[place_of(signature->bytes, 0)];

    if (kept->used && hash_equal(&kept->digest, digest) &&
        memcmp(&kept->signature, signature, sizeof(*signature)) == 0) {
        return;
    }
    SLOW_CHECK(is_made_by(digest, signature, signer));
    memset(kept, 0, sizeof(*kept));
    kept->used = true;
    kept->status = STATUS_OK;
    kept->digest = *digest;
    kept->signature = *signature;
    kept->signer = *signer;
}

static const struct address *signer_of(uint8_t key)
{
    static struct address signers[UINT8_MAX + 1];

    if (address_is_zero(&signers[key])) {
        signers[key] = test_key_address(key);
    }
    return &signers[key];
}

struct signature signatures_make(uint8_t key, const struct hash *digest)
{
    struct made *const kept = &made[place_of(digest->bytes, key * 2654435761u)];

    if (!kept->used || kept->key != key || !hash_equal(&kept->digest, digest)) {
        memset(kept, 0, sizeof(*kept));
        kept->used = true;
        kept->key = key;
        kept->digest = *digest;
        kept->signature = test_key_sign(key, digest);
    }
    know_signer(digest, &kept->signature, signer_of(key));
    return kept->signature;
}
