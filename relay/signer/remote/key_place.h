/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/remote/key_place.h: where a key is that this process does not hold itself.
 *
 * Threads: read-only once it is loaded. */
#ifndef SLUICE_RELAY_SIGNER_REMOTE_KEY_PLACE_H
#define SLUICE_RELAY_SIGNER_REMOTE_KEY_PLACE_H

#include "relay/signer/file.h"
#include "relay/signer/remote/https.h"

enum key_backend {
    KEY_IN_KEYSTORE,   /* a file, opened by the signer itself */
    KEY_AT_WEB3SIGNER, /* another program over HTTP or HTTPS */
};

struct key_place {
    enum key_backend backend;
    /* What the key must turn out to be: every signature is compared with it. The rest belongs to
     * keys elsewhere alone. */
    struct address address;
    struct https_place place;
    char authority_file[FILE_PATH_BYTES_MAX]; /* empty: the system's */
    struct duration timeout;                  /* of one question */
};

#endif
