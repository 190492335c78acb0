/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/remote/key_place.h: where a key is that this process does not hold itself.
 *
 * Threads: read-only once it is loaded. */
#ifndef SLUICE_RELAY_SIGNER_REMOTE_KEY_PLACE_H
#define SLUICE_RELAY_SIGNER_REMOTE_KEY_PLACE_H

#include "relay/signer/file.h"
#include "relay/signer/remote/https.h"

#define KEY_SIGNATURE_BYTES 64u /* r and s; who asked finds out v */
#define KMS_REGION_BYTES    33u
#define KMS_KEY_ID_BYTES    257u

enum key_backend {
    KEY_IN_KEYSTORE,   /* a file, opened by the signer itself */
    KEY_AT_WEB3SIGNER, /* another program over HTTP or HTTPS */
    KEY_AT_KMS,        /* a key service that speaks as AWS KMS does */
};

/* What a key service is asked with. */
struct kms_place {
    char region[KMS_REGION_BYTES];
    char key_id[KMS_KEY_ID_BYTES];              /* an id, an alias, or the ARN of either */
    char credentials_file[FILE_PATH_BYTES_MAX]; /* read anew for each question: they expire */
};

struct key_place {
    enum key_backend backend;
    /* What the key must turn out to be: every signature is compared with it. The rest belongs to
     * keys elsewhere alone. */
    struct address address;
    struct duration timeout; /* of one question */
    struct https_place place;
    char authority_file[FILE_PATH_BYTES_MAX]; /* empty: the system's */
    struct kms_place kms;
};

#endif
