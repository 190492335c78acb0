/* SPDX-License-Identifier: Apache-2.0 */
/* Many messages at once are hashed as each alone by another library: the first byte says how many,
 * the next ones how long each is, the rest is what is in them. */
#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "store/sha256.h"

#define MESSAGES_MAX 16u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void check_all(enum sha256_way way, const struct bytes *messages, uint32_t count)
{
    struct hash hashes[MESSAGES_MAX];
    struct hash nodes[MESSAGES_MAX / 2];
    struct hash single[MESSAGES_MAX / 2];

    sha256_many(way, messages, count, hashes);
    for (uint32_t i = 0; i < count; i++) {
        const struct hash expected = sha2_of(messages[i]);
        const struct hash alone = sha256_of(messages[i]);
        CHECK(hash_equal(&hashes[i], &expected));
        CHECK(hash_equal(&alone, &expected));
    }
    sha256_nodes(way, hashes, count / 2, nodes);
    sha256_nodes(SHA256_SINGLE, hashes, count / 2, single);
    for (uint32_t i = 0; i < count / 2; i++) {
        CHECK(hash_equal(&nodes[i], &single[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    struct bytes messages[MESSAGES_MAX];
    const uint32_t wanted = count == 0 ? 0 : data[0] % (MESSAGES_MAX + 1);

    if (count < 1 + (size_t)wanted) {
        return 0;
    }
    size_t at = 1 + (size_t)wanted;
    for (uint32_t i = 0; i < wanted; i++) {
        const size_t length = data[1 + i] < count - at ? data[1 + i] : count - at;
        messages[i] = bytes_from(data + at, length);
        at += length;
    }
    check_all(SHA256_SINGLE, messages, wanted);
    check_all(sha256_way_best(), messages, wanted);
    return 0;
}
