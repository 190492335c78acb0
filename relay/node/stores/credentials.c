/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/stores/credentials.h"

#include <openssl/crypto.h>

#include "relay/node/process/secret_file.h"

#define FILE_BYTES_MAX 16384u

enum status store_credentials_read(const char *path, struct sigv4_credentials *ret_credentials)
{
    uint8_t memory[FILE_BYTES_MAX];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    enum status status = secret_file_read(path, &buffer);

    if (status == STATUS_OK) {
        status = sigv4_credentials_parse(buffer_bytes(&buffer), ret_credentials);
    }
    OPENSSL_cleanse(memory, sizeof(memory));
    return status;
}
