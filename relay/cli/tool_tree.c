/* SPDX-License-Identifier: Apache-2.0 */
/* sluice tool tree: leaves in, count, root and proofs out. */
#include "relay/cli/tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/cli/json_of.h"
#include "relay/hyperlane/proof.h"

#define LINE_BYTES_MAX 256u
#define LEAVES_MAX     (1u << 26) /* 4 GiB of nodes */
#define LEAVES_FIRST   (1u << 10)

struct leaves {
    struct hash *hashes;
    uint32_t count;
    uint32_t capacity;
};

static bool make_room(struct leaves *leaves)
{
    if (leaves->count < leaves->capacity) {
        return true;
    }
    const uint32_t capacity = leaves->capacity == 0 ? LEAVES_FIRST : 2 * leaves->capacity;
    struct hash *hashes =
        capacity > LEAVES_MAX ? NULL : realloc(leaves->hashes, capacity * sizeof(*hashes));
    if (hashes == NULL) {
        cli_say("tool", "no memory for more than %u leaves", leaves->count);
        return false;
    }
    leaves->hashes = hashes;
    leaves->capacity = capacity;
    return true;
}

/* One leaf per line; empty lines are passed over. */
static int read_leaves(FILE *stream, const char *name, struct leaves *leaves)
{
    char line[LINE_BYTES_MAX];
    for (uint64_t number = 1; fgets(line, sizeof(line), stream) != NULL; number++) {
        const size_t count = strcspn(line, "\r\n");
        if (count == 0) {
            continue;
        }
        if (!make_room(leaves)) {
            return EXIT_TEMPORARY;
        }
        if (hex_decode_hash(bytes_from(line, count), &leaves->hashes[leaves->count]) != STATUS_OK) {
            cli_say("tool", "%s:%llu: a leaf is 64 hexadecimal digits", name,
                    (unsigned long long)number);
            return EXIT_USAGE;
        }
        leaves->count++;
    }
    if (ferror(stream)) {
        cli_say("tool", "%s: it cannot be read to its end", name);
        return EXIT_TEMPORARY;
    }
    return EXIT_DONE;
}

static json_t *json_of_proof(const struct merkle_nodes *nodes, const struct merkle_edge *edge,
                             uint32_t index)
{
    struct hash siblings[MERKLE_DEPTH];
    struct hash leaf;
    json_t *list = json_array();

    if (merkle_prove(nodes, edge, index, siblings) != STATUS_OK ||
        nodes->get(nodes->context, 0, index, &leaf) != STATUS_OK) {
        json_decref(list);
        return NULL;
    }
    for (uint32_t level = 0; level < MERKLE_DEPTH; level++) {
        (void)json_array_append_new(list, json_of_hash(&siblings[level]));
    }
    return json_pack("{s:I, s:o, s:o}", "index", (json_int_t)index, "leaf", json_of_hash(&leaf),
                     "proof", list);
}

/* One document; with --proofs, one line per leaf after it. */
static int print_tree(const struct tool_tree_call *call, struct merkle_index *index)
{
    const struct merkle_nodes nodes = merkle_index_nodes(index);
    const uint32_t count = call->at == TOOL_NOT_GIVEN ? index->count : (uint32_t)call->at;
    struct merkle_edge edge;

    if (count > index->count || merkle_edge_of(&nodes, count, &edge) != STATUS_OK) {
        cli_say("tool", "--at %u: there are %u leaves", count, index->count);
        return EXIT_USAGE;
    }
    json_t *tree = json_pack("{s:I, s:o}", "count", (json_int_t)count, "root",
                             json_of_hash(&edge.roots[MERKLE_DEPTH]));
    if (call->proof != TOOL_NOT_GIVEN) {
        json_t *proof = json_of_proof(&nodes, &edge, (uint32_t)call->proof);
        if (proof == NULL) {
            json_decref(tree);
            cli_say("tool", "--proof %u: the tree has %u leaves, numbered from 0",
                    (uint32_t)call->proof, count);
            return EXIT_USAGE;
        }
        (void)json_object_update_missing(tree, proof);
        json_decref(proof);
    }
    int code = cli_print_json(tree);
    for (uint32_t i = 0; call->all_proofs && i < count && code == EXIT_DONE; i++) {
        code = cli_print_json(json_of_proof(&nodes, &edge, i));
    }
    return code;
}

static int build_tree(const struct tool_tree_call *call, const struct leaves *leaves)
{
    struct merkle_index index;
    const uint32_t count = leaves->count == 0 ? 1 : leaves->count;
    void *memory = malloc(merkle_index_footprint(count));

    if (memory == NULL) {
        cli_say("tool", "no memory for a tree of %u leaves", leaves->count);
        return EXIT_TEMPORARY;
    }
    merkle_index_init(&index, count, memory);
    for (uint32_t i = 0; i < leaves->count; i++) {
        const enum status status = merkle_index_append(&index, &leaves->hashes[i]);
        CHECK(status == STATUS_OK);
    }
    const int code = print_tree(call, &index);
    free(memory);
    return code;
}

int tool_tree(const struct tool_tree_call *call)
{
    struct leaves leaves = {.hashes = NULL};
    int code = EXIT_DONE;

    if (call->path == NULL || strcmp(call->path, "-") == 0) {
        code = read_leaves(stdin, "standard input", &leaves);
    } else {
        FILE *stream = fopen(call->path, "re");
        if (stream == NULL) {
            cli_say("tool", "%s: %s", call->path, strerror(errno));
            return EXIT_USAGE;
        }
        code = read_leaves(stream, call->path, &leaves);
        (void)fclose(stream);
    }
    if (code == EXIT_DONE) {
        code = build_tree(call, &leaves);
    }
    free(leaves.hashes);
    return code;
}
