/* SPDX-License-Identifier: Apache-2.0 */
/* store/durable.h: small files that outlive a loss of power.
 *
 * Threads: none. Every call may wait for the disk. */
#ifndef SLUICE_STORE_DURABLE_H
#define SLUICE_STORE_DURABLE_H

#include "relay/base/bytes.h"

/* What an errno value says of a file: STATUS_NOT_FOUND, STATUS_NO_SPACE, STATUS_READ_ONLY (also
 * where this user has no right to write), STATUS_NO_MEMORY, else STATUS_IO. Never STATUS_OK. */
enum status status_from_errno(int error);

/* Writes all of `content` at the file's position and syncs the file. STATUS_NO_SPACE,
 * STATUS_READ_ONLY, STATUS_NO_MEMORY, STATUS_IO: how much was written is unknown. */
MUST_USE enum status durable_write(int fd, struct bytes content);

/* Syncs a folder: the names in it, new, moved or gone, last. STATUS_NOT_FOUND and the above. */
MUST_USE enum status durable_folder(const char *path);

#endif
