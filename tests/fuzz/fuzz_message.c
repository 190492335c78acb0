/* SPDX-License-Identifier: Apache-2.0 */
/* Messages, metadata, trees of modules, and patterns over bodies. The first byte says which it is.
 * What can be read is written again as the same bytes; what a tree that passed its check says of
 * itself agrees with what can be built for it. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/limits.h"
#include "relay/core/message/pattern.h"
#include "relay/hyperlane/ism.h"
#include "relay/hyperlane/message.h"
#include "relay/hyperlane/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

#define NODE_BYTES      6u
#define VALIDATOR_BYTES 2u

static uint8_t memory[METADATA_BYTES_MAX];

static void check_message(struct bytes bytes)
{
    struct message_view view;
    struct token_message token;
    struct buffer buffer = buffer_from(memory, sizeof(memory));

    if (message_parse(bytes, &view) != STATUS_OK) {
        return;
    }
    CHECK(view.version == MESSAGE_VERSION);
    CHECK(view.body.count == bytes.count - MESSAGE_BYTES_MIN);
    if (token_message_parse(view.body, &token) == STATUS_OK &&
        token_message_write(&token, &buffer) == STATUS_OK) {
        CHECK(bytes_equal(buffer_bytes(&buffer), view.body));
    }
}

static void check_metadata(struct bytes bytes)
{
    struct signature signatures[VALIDATORS_MAX];
    struct metadata_message_id by_id;
    struct metadata_merkle_root by_root;
    struct metadata_part parts[METADATA_PARTS_MAX];
    struct buffer buffer = buffer_from(memory, sizeof(memory));

    if (metadata_parse_message_id(bytes, signatures, &by_id) == STATUS_OK &&
        metadata_write_message_id(&by_id, &buffer) == STATUS_OK) {
        CHECK(bytes_equal(buffer_bytes(&buffer), bytes));
    }
    buffer = buffer_from(memory, sizeof(memory));
    /* What is written is a leaf of the tree that was signed; what is read is what somebody says. */
    if (metadata_parse_merkle_root(bytes, signatures, &by_root) == STATUS_OK &&
        by_root.leaf_index <= by_root.index &&
        metadata_write_merkle_root(&by_root, &buffer) == STATUS_OK) {
        CHECK(bytes_equal(buffer_bytes(&buffer), bytes));
    }
    for (uint32_t modules = 1; modules <= METADATA_PARTS_MAX; modules++) {
        if (metadata_parse_aggregation(bytes, modules, parts) != STATUS_OK) {
            continue;
        }
        for (uint32_t i = 0; i < modules; i++) {
            CHECK(!parts[i].present || parts[i].bytes.count <= bytes.count);
        }
    }
}

/* A node is type, threshold, first, count, whom it trusts, weight; then come validators. */
static void check_tree(struct bytes bytes)
{
    static struct ism_node nodes[ISM_NODES_MAX + 1];
    static struct ism_validator validators[ISM_VALIDATORS_MAX + 1];
    const struct ism_evidence nothing = {.leaf_index = 0};
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    const uint32_t nodes_count = bytes.count == 0 ? 0 : bytes.data[0] % (ISM_NODES_MAX + 2);
    size_t at = 1;
    struct ism ism = {.nodes = nodes, .validators = validators};

    for (; ism.nodes_count < nodes_count && at + NODE_BYTES <= bytes.count; at += NODE_BYTES) {
        const uint8_t *one = bytes.data + at;
        nodes[ism.nodes_count++] = (struct ism_node){.type = one[0],
                                                     .threshold = one[1],
                                                     .first = one[2],
                                                     .count = one[3],
                                                     .only_relayer = (one[4] & 1) != 0,
                                                     .weight_threshold = one[5]};
    }
    for (; ism.validators_count <= ISM_VALIDATORS_MAX && at + VALIDATOR_BYTES <= bytes.count;
         at += VALIDATOR_BYTES) {
        struct ism_validator *one = &validators[ism.validators_count++];
        *one = (struct ism_validator){.weight = bytes.data[at]};
        one->address.bytes[31] = bytes.data[at + 1];
    }
    if (ism_check(&ism) != STATUS_OK) {
        return;
    }
    (void)ism_strength(&ism);
    (void)ism_threshold(&ism);
    const enum status status = ism_build(&ism, &nothing, &buffer);
    CHECK(status != STATUS_OK || ism_is_supported(&ism, NULL));
    CHECK(status != STATUS_NOT_FOUND || ism_is_supported(&ism, NULL));
    CHECK(ism_is_supported(&ism, NULL) || ism_obstacle(&ism) != NULL);
}

/* The pattern, a zero byte, the body. */
static void check_pattern(struct bytes bytes)
{
    const uint8_t *end = bytes.count == 0 ? NULL : memchr(bytes.data, 0, bytes.count);
    const size_t count = end == NULL ? bytes.count : (size_t)(end - bytes.data);
    const struct bytes text = bytes_from(bytes.data, count);
    const struct bytes body =
        end == NULL ? bytes_from(bytes.data, 0) : bytes_from(end + 1, bytes.count - count - 1);
    const char *what = NULL;
    const bool is_one = pattern_check(text, &what) == STATUS_OK;

    CHECK(is_one || what != NULL);
    CHECK(!pattern_matches(text, body) || is_one);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    if (count == 0) {
        return 0;
    }
    const struct bytes rest = bytes_from(data + 1, count - 1);
    switch (data[0]) {
    case 'm':
        check_message(rest);
        break;
    case 'd':
        check_metadata(rest);
        break;
    case 't':
        check_tree(rest);
        break;
    case 'p':
        check_pattern(rest);
        break;
    default: /* not an enum */
        break;
    }
    return 0;
}
