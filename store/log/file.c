/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "store/durable.h"
#include "store/log/file_internal.h"

void memory_free(struct memory *memory)
{
    free(memory->data);
    *memory = (struct memory){.data = NULL};
}

enum status memory_reserve(struct memory *memory, size_t capacity)
{
    if (capacity <= memory->capacity) {
        return STATUS_OK;
    }
    uint8_t *larger = realloc(memory->data, capacity);
    if (larger == NULL) {
        return STATUS_NO_MEMORY;
    }
    memory->data = larger;
    memory->capacity = capacity;
    return STATUS_OK;
}

struct bytes memory_bytes(const struct memory *memory)
{
    return bytes_from(memory->data, memory->count);
}

/* ---- reading ---- */

static enum status read_all(int fd, struct memory *memory, size_t count)
{
    const enum status status = memory_reserve(memory, count == 0 ? 1 : count);

    if (status != STATUS_OK) {
        return status;
    }
    memory->count = 0;
    while (memory->count < count) {
        const ssize_t got = read(fd, memory->data + memory->count, count - memory->count);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return status_from_errno(errno);
        }
        if (got == 0) {
            break;
        }
        memory->count += (size_t)got;
    }
    return STATUS_OK;
}

enum status log_file_read(int folder, const char *path, size_t bytes_max, struct memory *memory)
{
    struct stat state;
    /* Not to wait on a pipe that has the name of a file. */
    const int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        return status_from_errno(errno) == STATUS_READ_ONLY ? STATUS_IO : status_from_errno(errno);
    }
    enum status status = STATUS_OK;
    if (fstat(fd, &state) != 0) {
        status = STATUS_IO;
    } else if (!S_ISREG(state.st_mode)) {
        status = STATUS_MALFORMED;
    } else if ((uint64_t)state.st_size > bytes_max) {
        status = STATUS_FULL;
    } else {
        status = read_all(fd, memory, (size_t)state.st_size);
    }
    (void)close(fd); /* nothing was written */
    return status;
}

/* ---- writing ---- */

/* The folders above a file. */
static enum status make_folders(int folder, const char *path)
{
    char part[LOG_PATH_BYTES_MAX];

    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        const size_t count = (size_t)(slash - path);
        CHECK(count < sizeof(part));
        memcpy(part, path, count);
        part[count] = '\0';
        if (mkdirat(folder, part, 0755) != 0 && errno != EEXIST) {
            return status_from_errno(errno);
        }
    }
    return STATUS_OK;
}

enum status log_file_write(int folder, const char *path, struct bytes content)
{
    char temporary[LOG_PATH_BYTES_MAX + 32];
    enum status status = make_folders(folder, path);

    if (status != STATUS_OK) {
        return status;
    }
    /* Beside its place, so that the renaming stays in one file system; of this process, so that
     * two of them do not meet. */
    const int length = snprintf(temporary, sizeof(temporary), "%s.%ld.new", path, (long)getpid());
    CHECK(length > 0 && (size_t)length < sizeof(temporary));
    const int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    status = durable_write(fd, content);
    if (close(fd) != 0 && status == STATUS_OK) {
        status = status_from_errno(errno);
    }
    if (status == STATUS_OK && renameat(folder, temporary, folder, path) != 0) {
        status = status_from_errno(errno);
    }
    if (status != STATUS_OK) {
        (void)unlinkat(folder, temporary, 0); /* what is left over has no meaning */
    }
    return status;
}

void log_blob_path(const struct hash *digest, char ret_path[LOG_PATH_BYTES_MAX])
{
    char digits[2 * sizeof(digest->bytes) + 1];

    hex_encode(bytes_from(digest->bytes, sizeof(digest->bytes)), digits);
    (void)snprintf(ret_path, LOG_PATH_BYTES_MAX, "blobs/%.2s/%s", digits, digits);
}
