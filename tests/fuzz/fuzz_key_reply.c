/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever holds keys says: servers' replies, lists of keys, signatures, JSON and DER of a key
 * service, a token's point; and the addresses of such servers. A reply that is whole stays so when
 * it comes in two parts; what is taken for DER is what OpenSSL writes. */
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/signer/ecdsa.h"
#include "relay/signer/remote/key_holder.h"
#include "relay/signer/remote/kms.h"
#include "relay/signer/remote/token.h"
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

static void check_der(struct bytes der)
{
    uint8_t r_and_s[KEY_SIGNATURE_BYTES];
    uint8_t *written = NULL;

    if (ecdsa_read_der(der, r_and_s) != STATUS_OK) {
        return;
    }
    ECDSA_SIG *pair = ECDSA_SIG_new();
    CHECK(pair != NULL);
    CHECK(ECDSA_SIG_set0(pair, BN_bin2bn(r_and_s, 32, NULL), BN_bin2bn(r_and_s + 32, 32, NULL)) ==
          1);
    const int count = i2d_ECDSA_SIG(pair, &written);
    CHECK(count > 0);
    CHECK(bytes_equal(der, bytes_from(written, (size_t)count)));
    OPENSSL_free(written);
    ECDSA_SIG_free(pair);
}

static void check_service(struct bytes body)
{
    uint8_t r_and_s[KEY_SIGNATURE_BYTES];
    uint8_t lower[KEY_SIGNATURE_BYTES];
    struct address address;
    const char *why = NULL;

    check_der(body);
    if (kms_read_signature(body, r_and_s) == STATUS_OK) {
        CHECK(ecdsa_lower(r_and_s, lower) == STATUS_OK);
    }
    (void)kms_read_public_key(body, &address);
    for (uint32_t code = 100; code <= 599; code += 100) {
        CHECK((kms_read_problem(code, body, &why) == STATUS_OK) == (code == 200));
        CHECK(code == 200 || why != NULL);
    }
    if (token_read_point(body, &address) == STATUS_OK) {
        CHECK(body.count == 65 || body.count == 67);
    }
}

static void check_bodies(struct bytes body)
{
    const struct address address = address_from_evm(memory);
    char name[WEB3SIGNER_NAME_BYTES_MAX];
    uint8_t signature[KEY_SIGNATURE_BYTES];
    struct signature complete;
    const struct hash digest = {{1}};

    check_service(body);
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
