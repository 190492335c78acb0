/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/process/secret_file.h: files that hold what nobody else may read: they are refused
 * when group or others may open them.
 *
 * Threads: none. Who reads a secret wipes it (OPENSSL_cleanse). */
#ifndef SLUICE_RELAY_NODE_PROCESS_SECRET_FILE_H
#define SLUICE_RELAY_NODE_PROCESS_SECRET_FILE_H

#include "relay/base/bytes.h"

#define SECRET_TOKEN_BYTES_MIN 16u
#define SECRET_TOKEN_BYTES_MAX 257u /* with the NUL */

/* The whole file, which is smaller than the buffer. STATUS_NOT_FOUND, STATUS_IO; STATUS_REFUSED:
 * others may read it; STATUS_MALFORMED: it is too large. */
MUST_USE enum status secret_file_read(const char *path, struct buffer *buffer);
/* Its one line of printable ASCII without blanks, from 16 to 256 characters. Statuses as above;
 * STATUS_MALFORMED: it is something else. */
MUST_USE enum status secret_token_read(const char *path, char ret_token[SECRET_TOKEN_BYTES_MAX]);
/* What is wrong, for people. Static memory. */
const char *secret_file_problem(enum status status);

#endif
