/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/remote/kms.h: a key of AWS KMS, or of a service that speaks as it does.
 *
 *   GetPublicKey  {"KeyId"}                                        the key, as DER in base64
 *   Sign          {"KeyId", "Message", "MessageType": "DIGEST",    the signature, as DER in base64
 *                  "SigningAlgorithm": "ECDSA_SHA_256"}
 *
 * JSON 1.1 over HTTPS, each question signed (relay/sigv4). It is given the digest alone and signs
 * it as it is: "SHA_256" says how long it is. The names are those of the AWS KMS API reference.
 *
 * Threads: one owner. */
#ifndef SLUICE_RELAY_SIGNER_REMOTE_KMS_H
#define SLUICE_RELAY_SIGNER_REMOTE_KMS_H

#include "relay/signer/remote/key_place.h"

struct kms; /* opaque */

/* Connects to nobody. `place` must outlive it. STATUS_NOT_FOUND: the authority's file cannot be
 * loaded. STATUS_NO_MEMORY. */
MUST_USE enum status kms_open(const struct key_place *place, struct kms **ret_kms);
/* Accepts NULL, returns NULL. */
struct kms *kms_close(struct kms *kms);

/* Is its key that of the configured address? STATUS_NOT_FOUND: there is no such key.
 * STATUS_REFUSED: it is another one. STATUS_UNREACHABLE: it does not let us in, wants fewer
 * questions, has a fault, or the credentials cannot be read. Else as https_ask; `ret_why` says it
 * in words, in static memory. */
MUST_USE enum status kms_find(struct kms *kms, const char **ret_why);
/* Signs `digest`, once the key was found. Statuses as above; STATUS_MALFORMED, too: what came back
 * is no signature. Nothing else is promised about the bytes, s may be in either half. */
MUST_USE enum status kms_sign(struct kms *kms, const struct hash *digest,
                              uint8_t ret_signature[KEY_SIGNATURE_BYTES], const char **ret_why);

/* What replies say, for the functions above and for tests. STATUS_MALFORMED: something else. */
MUST_USE enum status kms_read_public_key(struct bytes json, struct address *ret_address);
MUST_USE enum status kms_read_signature(struct bytes json,
                                        uint8_t ret_signature[KEY_SIGNATURE_BYTES]);
/* STATUS_OK, or what a reply with this code says is wrong. */
MUST_USE enum status kms_read_problem(uint32_t code, struct bytes json, const char **ret_why);

#endif
