/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/file.h: whole small files, and who else could have read or changed them.
 *
 * Threads: none. Memory: the caller's. */
#ifndef SLUICE_RELAY_SIGNER_FILE_H
#define SLUICE_RELAY_SIGNER_FILE_H

#include "relay/base/bytes.h"

#define FILE_PATH_BYTES_MAX 1024u /* with the final NUL */

enum file_problem {
    FILE_OK = 0,
    FILE_MISSING,
    FILE_FORBIDDEN,   /* this user may not read or write it */
    FILE_NOT_REGULAR, /* a directory, a pipe, a device */
    FILE_EXPOSED,     /* a secret that its group or everybody can read or write */
    FILE_TOO_LARGE,
    FILE_EMPTY,
    FILE_EXISTS,
    FILE_FAILED, /* the operating system failed a read or write */
};

/* A sentence's end for people, with what to do. Static memory. */
const char *file_problem_text(enum file_problem problem);

/* Appends the whole file to `ret_content`, whose room bounds it. */
MUST_USE enum file_problem file_read(const char *path, struct buffer *ret_content);
/* The same for a passphrase: the file must be readable by its owner alone, or be a credential of
 * the service manager's (directly in $CREDENTIALS_DIRECTORY, root's, for nobody else to read); one
 * final newline is left out, and nothing at all is FILE_EMPTY. */
MUST_USE enum file_problem file_read_secret(const char *path, struct buffer *ret_content);
/* Could the file be read as a secret? Nothing of it is kept. */
MUST_USE enum file_problem file_check_secret(const char *path);

/* Makes a new file of mode 0600, durable when it returns FILE_OK; never replaces one. */
MUST_USE enum file_problem file_write_new(const char *path, struct bytes content);

#endif
