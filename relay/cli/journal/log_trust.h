/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/journal/log_trust.h: whom the auditor's verbs believe: --key and --witness. Threads:
 * one. */
#ifndef SLUICE_RELAY_CLI_JOURNAL_LOG_TRUST_H
#define SLUICE_RELAY_CLI_JOURNAL_LOG_TRUST_H

#include "store/note.h"

struct log_trust {
    const char *key_text; /* --key: the log's public key, or a file that holds it; may be NULL */
    const char *witness_text; /* --witness: one witness's; may be NULL */
    struct note_key keys[2];
    struct note_trust trust; /* empty without --key */
};

/* Reads the keys; says what is wrong and returns an exit code. */
int log_trust_load(const char *verb, struct log_trust *trust);
/* Has everybody signed this note whom --key and --witness name? False: `*ret_what` says what is
 * wrong (static memory). */
bool log_trust_check(const struct log_trust *trust, struct bytes note, const char **ret_what);
/* "signature verified", "signatures of log and witness verified", "signature not checked (say
 * --key)". */
const char *log_trust_text(const struct log_trust *trust);

#endif
