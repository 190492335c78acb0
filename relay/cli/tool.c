/* SPDX-License-Identifier: Apache-2.0 */
/* sluice tool: the everyday questions of a relayer's operator, from hexadecimal text to JSON. Needs
 * no node, no chain and no key. */
#include "relay/cli/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/cli/json_of.h"
#include "relay/hyperlane/checkpoint.h"
#include "relay/hyperlane/message.h"
#include "relay/hyperlane/metadata.h"
#include "relay/hyperlane/token.h"

#define INPUT_BYTES_MAX                                                                            \
    (1u << 20) /* the largest message a chain would carry, several times over                      \
                */

struct tool_call {
    const char *domain;
    const char *hook;
    const char *root;
    const char *index;
    const char *message_id;
    const char *signature;
    const char *digest;
    const char *type;
    const char *at;
    const char *proof;
    bool all_proofs;
    struct cli_arguments arguments; /* values[0] is the tool's own verb */
};

/* ---- input ---- */

static bool get_u32(const char *option, const char *text, uint32_t *ret_value)
{
    char *end = NULL;
    const unsigned long long value =
        text != NULL && text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : 0;
    if (end == NULL || *end != '\0' || value > UINT32_MAX) {
        cli_say("tool", "%s wants a number from 0 to 4294967295", option);
        return false;
    }
    *ret_value = (uint32_t)value;
    return true;
}

static bool get_hash(const char *option, const char *text, struct hash *ret_hash)
{
    if (text == NULL || hex_decode_hash(bytes_from_string(text), ret_hash) != STATUS_OK) {
        cli_say("tool", "%s wants 32 bytes: 64 hexadecimal digits", option);
        return false;
    }
    return true;
}

static bool get_address(const char *option, const char *text, struct address *ret_address)
{
    if (text == NULL || hex_decode_address(bytes_from_string(text), ret_address) != STATUS_OK) {
        cli_say("tool", "%s wants an address: 20 or 32 bytes in hexadecimal digits", option);
        return false;
    }
    return true;
}

/* Hexadecimal bytes, from the argument or from standard input. */
static bool get_bytes(const struct tool_call *call, struct buffer *input)
{
    static char text[2 * INPUT_BYTES_MAX + 8];
    const char *argument = call->arguments.count > 1 ? call->arguments.values[1] : "-";
    struct bytes digits = bytes_from_string(argument);
    if (strcmp(argument, "-") == 0) {
        size_t count = fread(text, 1, sizeof(text), stdin);
        while (count > 0 && strchr(" \r\n\t", text[count - 1]) != NULL) {
            count--;
        }
        digits = bytes_from(text, count);
    }
    const enum status status = hex_decode(digits, input->capacity, input->data, &input->count);
    if (status != STATUS_OK || input->count == 0) {
        cli_say("tool",
                status == STATUS_FULL ? "more than %u bytes"
                                      : "expected bytes as hexadecimal digits (at most %u), "
                                        "as an argument or on standard input",
                input->capacity > UINT32_MAX ? UINT32_MAX : (uint32_t)input->capacity);
        return false;
    }
    return true;
}

/* What has no option of its own comes like the other verbs' input. */
static bool get_signature(const struct tool_call *call, struct buffer *input,
                          struct signature *ret_signature)
{
    const size_t count = sizeof(ret_signature->bytes);
    bool is_given = false;
    if (call->signature != NULL) {
        is_given = hex_decode(bytes_from_string(call->signature), input->capacity, input->data,
                              &input->count) == STATUS_OK;
    } else {
        is_given = get_bytes(call, input);
    }
    if (!is_given || input->count != count) {
        cli_say("tool", "--signature wants 65 bytes r, s, v: 130 hexadecimal digits");
        return false;
    }
    memcpy(ret_signature->bytes, input->data, count);
    /* Some tools write v as 0 or 1; the protocol's is 27 or 28. */
    if (ret_signature->bytes[64] < 27) {
        ret_signature->bytes[64] = (uint8_t)(ret_signature->bytes[64] + 27);
    }
    return true;
}

/* Likewise. */
static bool get_message_id(const struct tool_call *call, struct buffer *input, struct hash *ret_id)
{
    if (call->message_id != NULL) {
        return get_hash("--message-id", call->message_id, ret_id);
    }
    if (!get_bytes(call, input) || input->count != sizeof(ret_id->bytes)) {
        cli_say("tool", "--message-id wants 32 bytes: 64 hexadecimal digits");
        return false;
    }
    memcpy(ret_id->bytes, input->data, sizeof(ret_id->bytes));
    return true;
}

static json_t *json_of_bytes(struct bytes bytes)
{
    char *text = malloc(2 * bytes.count + 3);
    if (text == NULL) {
        return NULL;
    }
    memcpy(text, "0x", 2);
    hex_encode(bytes, text + 2);
    json_t *value = json_string(text);
    free(text);
    return value;
}

static int print(json_t *value)
{
    if (value == NULL) {
        cli_say("tool", "no memory");
        return EXIT_TEMPORARY;
    }
    return cli_print_json(value);
}

/* ---- messages ---- */

static bool get_message(const struct tool_call *call, struct buffer *input,
                        struct message_view *ret_view)
{
    if (!get_bytes(call, input)) {
        return false;
    }
    if (message_parse(buffer_bytes(input), ret_view) != STATUS_OK) {
        cli_say("tool",
                "no Hyperlane message of version 3: %zu bytes that begin with %u (a message "
                "has %u bytes or more and begins with 3)",
                input->count, input->data[0], MESSAGE_BYTES_MIN);
        return false;
    }
    return true;
}

static int tool_id(const struct tool_call *call, struct buffer *input)
{
    struct message_view view;
    if (!get_message(call, input, &view)) {
        return EXIT_USAGE;
    }
    const struct hash id = message_id(buffer_bytes(input));
    return print(json_pack("{s:o}", "id", json_of_hash(&id)));
}

/* Null unless the body has the shape of a warp route's. */
static json_t *json_of_token(struct bytes body)
{
    struct token_message token;
    if (token_message_parse(body, &token) != STATUS_OK) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:o}", "recipient", json_of_address(&token.recipient), "amount",
                     json_of_amount(&token.amount), "metadata", json_of_bytes(token.metadata));
}

static int tool_decode(const struct tool_call *call, struct buffer *input)
{
    struct message_view view;
    if (!get_message(call, input, &view)) {
        return EXIT_USAGE;
    }
    const struct hash id = message_id(buffer_bytes(input));
    return print(json_pack("{s:o, s:i, s:I, s:I, s:o, s:I, s:o, s:o, s:o}", "id", json_of_hash(&id),
                           "version", view.version, "nonce", (json_int_t)view.nonce, "origin",
                           (json_int_t)view.origin, "sender", json_of_address(&view.sender),
                           "destination", (json_int_t)view.destination, "recipient",
                           json_of_address(&view.recipient), "body", json_of_bytes(view.body),
                           "as_token_transfer", json_of_token(view.body)));
}

/* ---- checkpoints ---- */

struct named_checkpoint {
    uint32_t domain;
    struct address hook;
    struct checkpoint checkpoint;
};

static bool get_checkpoint(const struct tool_call *call, struct named_checkpoint *ret_named)
{
    return get_u32("--domain", call->domain, &ret_named->domain) &&
           get_address("--hook", call->hook, &ret_named->hook) &&
           get_hash("--root", call->root, &ret_named->checkpoint.root) &&
           get_u32("--index", call->index, &ret_named->checkpoint.index);
}

static int tool_checkpoint_digest(const struct tool_call *call, struct buffer *input)
{
    struct named_checkpoint named;
    if (!get_checkpoint(call, &named) ||
        !get_message_id(call, input, &named.checkpoint.message_id)) {
        return EXIT_USAGE;
    }
    const struct hash domain = checkpoint_domain_hash(named.domain, &named.hook);
    const struct hash signing =
        checkpoint_signing_hash(named.domain, &named.hook, &named.checkpoint);
    const struct hash digest = checkpoint_digest(named.domain, &named.hook, &named.checkpoint);
    return print(json_pack("{s:o, s:o, s:o}", "domain_hash", json_of_hash(&domain), "signing_hash",
                           json_of_hash(&signing), "digest", json_of_hash(&digest)));
}

static int tool_recover(const struct tool_call *call, struct buffer *input)
{
    struct named_checkpoint named;
    struct signature signature;
    struct hash digest;
    struct address signer;
    if (!get_signature(call, input, &signature)) {
        return EXIT_USAGE;
    }
    if (call->digest != NULL) {
        if (!get_hash("--digest", call->digest, &digest)) {
            return EXIT_USAGE;
        }
    } else if (get_checkpoint(call, &named) &&
               get_hash("--message-id", call->message_id, &named.checkpoint.message_id)) {
        digest = checkpoint_digest(named.domain, &named.hook, &named.checkpoint);
    } else {
        return EXIT_USAGE;
    }
    if (signature_recover(&digest, &signature, &signer) != STATUS_OK) {
        cli_say("tool", "no key made this signature over %s", cli_hash_text(&digest));
        return EXIT_NEGATIVE;
    }
    return print(json_pack("{s:o, s:o}", "digest", json_of_hash(&digest), "signer",
                           json_of_address(&signer)));
}

/* ---- metadata ---- */

static json_t *json_of_signatures(const struct signature *signatures, uint32_t count)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        (void)json_array_append_new(
            list, json_of_bytes(bytes_from(signatures[i].bytes, sizeof(signatures[i].bytes))));
    }
    return list;
}

static json_t *json_of_message_id_metadata(struct bytes bytes)
{
    struct signature signatures[VALIDATORS_MAX];
    struct metadata_message_id metadata;
    if (metadata_parse_message_id(bytes, signatures, &metadata) != STATUS_OK) {
        return NULL;
    }
    return json_pack("{s:s, s:o, s:o, s:I, s:o}", "type", "message-id", "tree_hook",
                     json_of_address(&metadata.tree_hook), "root", json_of_hash(&metadata.root),
                     "index", (json_int_t)metadata.index, "signatures",
                     json_of_signatures(signatures, metadata.signatures_count));
}

static json_t *json_of_merkle_root_metadata(struct bytes bytes)
{
    struct signature signatures[VALIDATORS_MAX];
    struct metadata_merkle_root metadata;
    if (metadata_parse_merkle_root(bytes, signatures, &metadata) != STATUS_OK) {
        return NULL;
    }
    json_t *proof = json_array();
    for (uint32_t level = 0; level < MERKLE_DEPTH; level++) {
        (void)json_array_append_new(proof, json_of_hash(&metadata.proof[level]));
    }
    return json_pack("{s:s, s:o, s:I, s:o, s:o, s:I, s:o}", "type", "merkle-root", "tree_hook",
                     json_of_address(&metadata.tree_hook), "leaf_index",
                     (json_int_t)metadata.leaf_index, "signed_message_id",
                     json_of_hash(&metadata.signed_message_id), "proof", proof, "index",
                     (json_int_t)metadata.index, "signatures",
                     json_of_signatures(signatures, metadata.signatures_count));
}

static json_t *json_of_aggregation_metadata(struct bytes bytes, uint32_t modules)
{
    struct metadata_part parts[METADATA_PARTS_MAX];
    if (metadata_parse_aggregation(bytes, modules, parts) != STATUS_OK) {
        return NULL;
    }
    json_t *list = json_array();
    for (uint32_t i = 0; i < modules; i++) {
        (void)json_array_append_new(list,
                                    parts[i].present ? json_of_bytes(parts[i].bytes) : json_null());
    }
    return json_pack("{s:s, s:o}", "type", "aggregation", "modules", list);
}

static int tool_metadata(const struct tool_call *call, struct buffer *input)
{
    static const char aggregation[] = "aggregation:";
    const char *type = call->type == NULL ? "" : call->type;
    uint32_t modules = 0;
    json_t *value = NULL;
    if (strcmp(type, "message-id") != 0 && strcmp(type, "merkle-root") != 0 &&
        strncmp(type, aggregation, sizeof(aggregation) - 1) != 0) {
        cli_say("tool", "--type is message-id, merkle-root or aggregation:MODULES");
        return EXIT_USAGE;
    }
    if (strncmp(type, aggregation, sizeof(aggregation) - 1) == 0 &&
        (!get_u32("--type aggregation:MODULES", type + sizeof(aggregation) - 1, &modules) ||
         modules == 0 || modules > METADATA_PARTS_MAX)) {
        cli_say("tool", "an aggregation has 1 to %u modules", METADATA_PARTS_MAX);
        return EXIT_USAGE;
    }
    if (!get_bytes(call, input)) {
        return EXIT_USAGE;
    }
    if (modules > 0) {
        value = json_of_aggregation_metadata(buffer_bytes(input), modules);
    } else {
        value = strcmp(type, "message-id") == 0 ? json_of_message_id_metadata(buffer_bytes(input))
                                                : json_of_merkle_root_metadata(buffer_bytes(input));
    }
    if (value == NULL) {
        cli_say("tool", "%zu bytes that are no %s metadata", input->count, type);
        return EXIT_USAGE;
    }
    return print(value);
}

static int run_tree(const struct tool_call *call, struct buffer *input)
{
    struct tool_tree_call tree = {.path =
                                      call->arguments.count > 1 ? call->arguments.values[1] : NULL,
                                  .at = TOOL_NOT_GIVEN,
                                  .proof = TOOL_NOT_GIVEN,
                                  .all_proofs = call->all_proofs};
    uint32_t number = 0;
    (void)input;
    if (call->at != NULL) {
        if (!get_u32("--at", call->at, &number)) {
            return EXIT_USAGE;
        }
        tree.at = number;
    }
    if (call->proof != NULL) {
        if (!get_u32("--proof", call->proof, &number)) {
            return EXIT_USAGE;
        }
        tree.proof = number;
    }
    return tool_tree(&tree);
}

/* ---- the verb ---- */

static const struct {
    const char *name;
    int (*run)(const struct tool_call *call, struct buffer *input);
} tools[] = {
    {"id", tool_id},           {"decode", tool_decode},
    {"tree", run_tree},        {"checkpoint-digest", tool_checkpoint_digest},
    {"recover", tool_recover}, {"metadata", tool_metadata},
};

int cli_tool(int argc, char **argv)
{
    static uint8_t memory[INPUT_BYTES_MAX];
    struct tool_call call = {.domain = NULL};
    bool json = false; /* what it prints is JSON in any case */
    const struct cli_option options[] = {
        {"--domain", &call.domain, NULL},
        {"--hook", &call.hook, NULL},
        {"--root", &call.root, NULL},
        {"--index", &call.index, NULL},
        {"--message-id", &call.message_id, NULL},
        {"--signature", &call.signature, NULL},
        {"--digest", &call.digest, NULL},
        {"--type", &call.type, NULL},
        {"--at", &call.at, NULL},
        {"--proof", &call.proof, NULL},
        {"--proofs", NULL, &call.all_proofs},
        {"--json", NULL, &json},
        {NULL, NULL, NULL},
    };
    struct buffer input = buffer_from(memory, sizeof(memory));
    int code = EXIT_DONE;
    if (!cli_parse(argc, argv, options, 2, &call.arguments, &code)) {
        return code;
    }
    for (size_t i = 0; call.arguments.count > 0 && i < sizeof(tools) / sizeof(tools[0]); i++) {
        if (strcmp(call.arguments.values[0], tools[i].name) == 0) {
            return tools[i].run(&call, &input);
        }
    }
    cli_say("tool", "say id, decode, tree, checkpoint-digest, recover or metadata; "
                    "see 'sluice tool --help'");
    return EXIT_USAGE;
}
