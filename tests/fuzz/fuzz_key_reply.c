/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a server that holds keys says: its replies, its lists of keys, its signatures; and the
 * addresses of such servers. A reply that is whole stays so when it comes in two parts. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/signer/remote/key_holder.h"
#include "relay/signer/remote/web3signer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static uint8_t memory[HTTP_REPLY_BYTES_MAX];

static enum status read_part(const uint8_t *data, size_t count, enum http_end end,
                             struct http_reply *ret_reply)
{
    struct buffer arrived = buffer_from(memory, sizeof(memory));

    CHECK(buffer_append(&arrived, bytes_from(data, count)) == STATUS_OK);
    const enum status status = http_reply_read(&arrived, end, ret_reply);
    if (status == STATUS_OK) {
        CHECK(ret_reply->code >= 100 && ret_reply->code <= 999);
        CHECK(ret_reply->body.count <= count);
        CHECK(ret_reply->body.count == 0 || ret_reply->body.data >= memory);
    }
    return status;
}

static void check_bodies(struct bytes body)
{
    const struct address address = address_from_evm(memory);
    char name[WEB3SIGNER_NAME_BYTES_MAX];
    uint8_t signature[KEY_SIGNATURE_BYTES];
    struct signature complete;
    const struct hash digest = {{1}};

    if (web3signer_read_keys(body, &address, name) == STATUS_OK) {
        CHECK(strlen(name) >= 128);
    }
    if (web3signer_read_signature(body, signature) == STATUS_OK) {
        CHECK(signature_complete(&digest, &address, signature, &complete) != STATUS_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    struct http_reply reply;
    struct https_place place;
    char url[300];

    if (count > sizeof(memory) - 1) {
        return 0;
    }
    for (size_t part = 0; part < count && part < 64; part++) {
        const size_t first = count * part / 64;
        if (read_part(data, first, HTTP_STILL_OPEN, &reply) == STATUS_MALFORMED) {
            CHECK(read_part(data, count, HTTP_STILL_OPEN, &reply) != STATUS_OK);
        }
    }
    if (read_part(data, count, HTTP_STILL_OPEN, &reply) == STATUS_OK) {
        check_bodies(reply.body);
        CHECK(read_part(data, count, HTTP_CLOSED, &reply) == STATUS_OK);
        CHECK(!reply.stays_open);
    } else if (read_part(data, count, HTTP_CLOSED, &reply) == STATUS_OK) {
        check_bodies(reply.body);
    }
    check_bodies(bytes_from(data, count));
    if (count < sizeof(url)) {
        memcpy(url, data, count);
        url[count] = '\0';
        if (https_place_read(url, &place) == STATUS_OK) {
            CHECK(place.host[0] != '\0');
            CHECK(strpbrk(place.path, " \r\n?#") == NULL);
        }
    }
    return 0;
}
