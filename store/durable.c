/* SPDX-License-Identifier: Apache-2.0 */
#include "store/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum status status_from_errno(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return STATUS_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return STATUS_NO_SPACE;
    case EROFS:
    case EACCES:
    case EPERM:
        return STATUS_READ_ONLY;
    case ENOMEM:
        return STATUS_NO_MEMORY;
    default: /* not an enum */
        return STATUS_IO;
    }
}

enum status durable_write(int fd, struct bytes content)
{
    size_t written = 0;

    while (written < content.count) {
        const ssize_t count = write(fd, content.data + written, content.count - written);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return count < 0 ? status_from_errno(errno) : STATUS_NO_SPACE;
        }
        written += (size_t)count;
    }
    return fsync(fd) == 0 ? STATUS_OK : status_from_errno(errno);
}

enum status durable_folder(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return status_from_errno(errno);
    }
    const enum status status = fsync(fd) == 0 ? STATUS_OK : status_from_errno(errno);
    (void)close(fd); /* nothing was written */
    return status;
}
