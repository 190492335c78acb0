/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ed25519.h"

#include <openssl/evp.h>

enum status ed25519_public_key(const uint8_t seed[ED25519_KEY_BYTES],
                               uint8_t ret_key[ED25519_KEY_BYTES])
{
    size_t count = ED25519_KEY_BYTES;
    EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_KEY_BYTES);
    const bool is_done = pair != NULL && EVP_PKEY_get_raw_public_key(pair, ret_key, &count) == 1 &&
                         count == ED25519_KEY_BYTES;

    EVP_PKEY_free(pair); /* accepts NULL */
    return is_done ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status ed25519_sign(const uint8_t seed[ED25519_KEY_BYTES], struct bytes message,
                         uint8_t ret_signature[ED25519_SIGNATURE_BYTES])
{
    size_t count = ED25519_SIGNATURE_BYTES;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_KEY_BYTES);
    const bool is_done =
        context != NULL && pair != NULL &&
        EVP_DigestSignInit(context, NULL, NULL, NULL, pair) == 1 &&
        EVP_DigestSign(context, ret_signature, &count, message.data, message.count) == 1 &&
        count == ED25519_SIGNATURE_BYTES;

    EVP_PKEY_free(pair);
    EVP_MD_CTX_free(context);
    return is_done ? STATUS_OK : STATUS_NO_MEMORY;
}

bool ed25519_verify(const uint8_t key[ED25519_KEY_BYTES], struct bytes message,
                    const uint8_t signature[ED25519_SIGNATURE_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY *public_key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, ED25519_KEY_BYTES);
    const bool is_good = context != NULL && public_key != NULL &&
                         EVP_DigestVerifyInit(context, NULL, NULL, NULL, public_key) == 1 &&
                         EVP_DigestVerify(context, signature, ED25519_SIGNATURE_BYTES, message.data,
                                          message.count) == 1;

    EVP_PKEY_free(public_key);
    EVP_MD_CTX_free(context);
    return is_good;
}
