/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/key_file.h: a person signs on the command line, with a keystore of their own. */
#ifndef SLUICE_RELAY_CLI_KEY_FILE_H
#define SLUICE_RELAY_CLI_KEY_FILE_H

#include "relay/base/signature.h"

struct key_file {
    const char *verb; /* for messages */
    const char *keystore;
    const char *passphrase_file; /* NULL: said to be missing */
};

/* Signs and wipes the key. Says what is wrong; returns an exit code. */
int key_file_sign(const struct key_file *file, const struct hash *digest,
                  struct signature *ret_signature);

#endif
