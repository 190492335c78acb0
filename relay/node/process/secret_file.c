/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/process/secret_file.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX 1024u

static enum status read_all(int fd, struct buffer *buffer)
{
    while (buffer->count < buffer->capacity) {
        const ssize_t count =
            read(fd, buffer->data + buffer->count, buffer->capacity - buffer->count);
        if (count < 0) {
            return STATUS_IO;
        }
        if (count == 0) {
            return STATUS_OK;
        }
        buffer->count += (size_t)count;
    }
    return STATUS_MALFORMED;
}

enum status secret_file_read(const char *path, struct buffer *buffer)
{
    struct stat state;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        return STATUS_NOT_FOUND;
    }
    enum status status = STATUS_IO;
    if (fstat(fd, &state) == 0 && S_ISREG(state.st_mode)) {
        status = (state.st_mode & (S_IRWXG | S_IRWXO)) != 0 ? STATUS_REFUSED : STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = read_all(fd, buffer);
    }
    (void)close(fd);
    return status;
}

static bool is_token(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    return count >= SECRET_TOKEN_BYTES_MIN && count < SECRET_TOKEN_BYTES_MAX;
}

enum status secret_token_read(const char *path, char ret_token[SECRET_TOKEN_BYTES_MAX])
{
    char memory[FILE_BYTES_MAX];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    enum status status = secret_file_read(path, &buffer);

    if (status == STATUS_OK) {
        size_t count = buffer.count;
        count -= count > 0 && memory[count - 1] == '\n' ? 1 : 0;
        count -= count > 0 && memory[count - 1] == '\r' ? 1 : 0;
        status = is_token(memory, count) ? STATUS_OK : STATUS_MALFORMED;
        if (status == STATUS_OK) {
            memcpy(ret_token, memory, count);
            ret_token[count] = '\0';
        }
    }
    OPENSSL_cleanse(memory, sizeof(memory));
    return status;
}

const char *secret_file_problem(enum status status)
{
    return status == STATUS_REFUSED     ? "others may read it: chmod 600"
           : status == STATUS_MALFORMED ? "it must hold one line of 16 to 256 characters"
                                        : "it cannot be read";
}
