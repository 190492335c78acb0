/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/remote/key_place.h: where a key is that this process does not hold itself.
 *
 * Threads: read-only once it is loaded. */
#ifndef SLUICE_RELAY_SIGNER_REMOTE_KEY_PLACE_H
#define SLUICE_RELAY_SIGNER_REMOTE_KEY_PLACE_H

#include "relay/signer/file.h"
#include "relay/signer/remote/https.h"

#define KEY_SIGNATURE_BYTES 64u /* r and s; who asked finds out v */
#define TOKEN_NAME_BYTES    33u /* of a token, with its NUL */
#define TOKEN_LABEL_BYTES   129u
#define TOKEN_ID_BYTES      64u
#define KMS_REGION_BYTES    33u
#define KMS_KEY_ID_BYTES    257u

enum key_backend {
    KEY_IN_KEYSTORE,   /* a file, opened by the signer itself */
    KEY_AT_WEB3SIGNER, /* another program over HTTP or HTTPS */
    KEY_AT_KMS,        /* a key service that speaks as AWS KMS does */
    KEY_IN_TOKEN,      /* a token that a PKCS#11 module reaches */
};

/* What a key service is asked with. */
struct kms_place {
    char region[KMS_REGION_BYTES];
    char key_id[KMS_KEY_ID_BYTES];              /* an id, an alias, or the ARN of either */
    char credentials_file[FILE_PATH_BYTES_MAX]; /* read anew for each question: they expire */
};

/* A token, and a key in it by its label or its id. */
struct token_place {
    char module[FILE_PATH_BYTES_MAX];
    char token[TOKEN_NAME_BYTES];
    char label[TOKEN_LABEL_BYTES]; /* CKA_LABEL; empty: the id says which */
    uint8_t id[TOKEN_ID_BYTES];    /* CKA_ID */
    uint32_t id_count;
    char pin_file[FILE_PATH_BYTES_MAX]; /* read for each login */
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
    struct token_place token;
};

#endif
