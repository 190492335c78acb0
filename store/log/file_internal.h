/* SPDX-License-Identifier: Apache-2.0 */
/* store/log/file_internal.h: files below a published log's folder, whole and by relative path. */
#ifndef SLUICE_STORE_LOG_FILE_INTERNAL_H
#define SLUICE_STORE_LOG_FILE_INTERNAL_H

#include "relay/base/bytes.h"

#define LOG_PATH_BYTES_MAX 256u

/* A run of bytes that grows; owned by who has it. All zero: empty. */
struct memory {
    uint8_t *data;
    size_t count;
    size_t capacity;
};

void memory_free(struct memory *memory);
/* Makes room for `capacity` bytes in all; what is there stays. STATUS_NO_MEMORY. */
MUST_USE enum status memory_reserve(struct memory *memory, size_t capacity);
struct bytes memory_bytes(const struct memory *memory);

/* Replaces what `memory` holds. STATUS_NOT_FOUND; STATUS_FULL: longer than `bytes_max`;
 * STATUS_MALFORMED: no regular file; STATUS_IO; STATUS_NO_MEMORY. */
MUST_USE enum status log_file_read(int folder, const char *path, size_t bytes_max,
                                   struct memory *memory);
/* Makes the file, and the folders it is in, or replaces it: never half, also after loss of power
 * once the folders were synced. STATUS_NO_SPACE, STATUS_READ_ONLY, STATUS_IO. */
MUST_USE enum status log_file_write(int folder, const char *path, struct bytes content);

/* "blobs/<2 digits>/<64 digits>" */
void log_blob_path(const struct hash *digest, char ret_path[LOG_PATH_BYTES_MAX]);

#endif
