/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/config_import.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"

#define SOURCES_MAX     16u
#define PATH_BYTES_MAX  512u
#define DEPTH_MAX       8u
#define STACK_MAX       4096u
#define RETRIES_DEFAULT 66u /* theirs and ours */

extern char **environ;

struct import {
    json_t *sources[SOURCES_MAX]; /* the first counts most; owned */
    size_t sources_count;
    json_t *used; /* paths that were taken over, in lower case, as keys */
    const struct config_import *options;
    FILE *out;
    bool has_secret;
};

static void say(const struct import *import, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(const struct import *import, const char *format, ...)
{
    va_list arguments;
    (void)fprintf(import->options->talk, "sluice %s: ", import->options->verb);
    va_start(arguments, format);
    (void)vfprintf(import->options->talk, format, arguments);
    va_end(arguments);
    (void)fputc('\n', import->options->talk);
}

/* ---- one setting ---- */

static void lower(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text >= 'A' && *text <= 'Z') {
            *text = (char)(*text - 'A' + 'a');
        }
    }
}

/* Their keys are the same in any case. */
static json_t *member(const json_t *object, const char *key, size_t count)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (strlen(name) == count && strncasecmp(name, key, count) == 0) {
            return value;
        }
    }
    return NULL;
}

/* What the settings say at a path such as "chains.alpha.mailbox"; NULL: nothing. Borrowed. */
static json_t *find(struct import *import, const char *path)
{
    for (size_t i = 0; i < import->sources_count; i++) {
        const json_t *at = import->sources[i];
        const char *word = path;
        while (at != NULL && word[0] != '\0') {
            const size_t count = strcspn(word, ".");
            at = member(at, word, count);
            word += count + (word[count] == '.' ? 1 : 0);
        }
        if (at != NULL) {
            char known[PATH_BYTES_MAX];
            (void)snprintf(known, sizeof(known), "%s", path);
            lower(known);
            (void)json_object_set_new(import->used, known, json_true());
            return (json_t *)(uintptr_t)at;
        }
    }
    return NULL;
}

static json_t *find_of(struct import *import, const char *chain, const char *key)
{
    char path[PATH_BYTES_MAX];
    (void)snprintf(path, sizeof(path), "chains.%s.%s", chain, key);
    return find(import, path);
}

/* ---- sources ---- */

/* Above those that are there; taken. */
static void add_source(struct import *import, json_t *source)
{
    CHECK(import->sources_count < SOURCES_MAX);
    memmove(import->sources + 1, import->sources, import->sources_count * sizeof(json_t *));
    import->sources[0] = source;
    import->sources_count++;
}

/* Takes `file`. */
static bool take_document(struct import *import, const char *name, json_t *file,
                          const json_error_t *mistake)
{
    if (!json_is_object(file)) {
        say(import, "%s: %s", name, file == NULL ? mistake->text : "is no JSON object");
        json_decref(file);
        return false;
    }
    add_source(import, file);
    return true;
}

static bool read_file(struct import *import, const char *path)
{
    json_error_t mistake;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &mistake);
    return take_document(import, path, file, &mistake);
}

/* "HYP_CHAINS_ALPHA_MAILBOX=..." as {"chains": {"alpha": {"mailbox": ...}}}. A value that is JSON
 * is taken as such. */
static void take_variable(json_t *root, const char *name, const char *value)
{
    json_t *at = root;
    for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
        char word[PATH_BYTES_MAX];
        const size_t count = strcspn(name, "_");
        (void)snprintf(word, sizeof(word), "%.*s", (int)count, name);
        lower(word);
        if (name[count] == '\0') {
            json_t *parsed = json_loads(value, JSON_REJECT_DUPLICATES, NULL);
            (void)json_object_set_new(at, word, parsed == NULL ? json_string(value) : parsed);
            return;
        }
        json_t *next = json_object_get(at, word);
        if (!json_is_object(next)) {
            next = json_object();
            (void)json_object_set_new(at, word, next);
        }
        at = next;
        name += count + 1;
    }
}

static void read_environment(struct import *import)
{
    json_t *root = json_object();
    for (char **entry = environ; *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');
        char name[PATH_BYTES_MAX];
        if (strncmp(*entry, "HYP_", 4) != 0 || equals == NULL) {
            continue;
        }
        (void)snprintf(name, sizeof(name), "%.*s", (int)(equals - *entry - 4), *entry + 4);
        take_variable(root, name, equals + 1);
    }
    add_source(import, root);
}

/* ---- what is left over ---- */

struct place {
    const json_t *value;
    char path[PATH_BYTES_MAX];
};

/* Calls `leaf` for every value that is no object, with its path in lower case. */
static void each_leaf(const struct import *import, void *context,
                      void (*leaf)(void *context, const char *path))
{
    struct place *stack = calloc(STACK_MAX, sizeof(*stack));
    size_t count = 0;
    CHECK(stack != NULL);
    for (size_t i = import->sources_count; i-- > 0;) {
        stack[count++].value = import->sources[i];
    }
    while (count > 0) {
        const struct place place = stack[--count];
        const char *name = NULL;
        json_t *value = NULL;
        if (!json_is_object(place.value)) {
            leaf(context, place.path);
            continue;
        }
        json_object_foreach((json_t *)(uintptr_t)place.value, name, value)
        {
            if (count < STACK_MAX) {
                struct place *next = &stack[count++];
                next->value = value;
                (void)snprintf(next->path, sizeof(next->path), "%.300s%s%.200s", place.path,
                               place.path[0] == '\0' ? "" : ".", name);
                lower(next->path);
            }
        }
    }
    free(stack);
}

static bool ends_with(const char *text, const char *end)
{
    const size_t count = strlen(text);
    return count >= strlen(end) && strcmp(text + count - strlen(end), end) == 0;
}

/* Of signers and checkpoint stores, whatever they sign for. */
static bool is_secret(const char *path)
{
    return ends_with(path, "signer.key") || ends_with(path, "validator.key") ||
           ends_with(path, "serviceaccountkey") || ends_with(path, "usersecrets");
}

static void tell_secret(void *context, const char *path)
{
    struct import *import = context;
    if (is_secret(path)) {
        import->has_secret = true;
        say(import,
            "%s is a secret: remove it there, and put it into a keystore of the signer with "
            "'sluice key import KEYSTORE --passphrase-file FILE'",
            path);
    }
}

static void tell_ignored(void *context, const char *path)
{
    const struct import *import = context;
    if (json_object_get(import->used, path) == NULL) {
        say(import, "not taken over: %s", path);
    }
}

/* ---- our file ---- */

static void put_json(struct import *import, const char *indent, const char *key,
                     const json_t *value)
{
    char *text = value == NULL ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text != NULL) {
        (void)fprintf(import->out, "%s%s: %s\n", indent, key, text);
    }
    free(text);
}

/* A number, or a string of digits. False: neither. */
static bool count_of(const json_t *value, uint64_t *ret_count)
{
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *ret_count = (uint64_t)json_integer_value(value);
        return true;
    }
    return json_is_string(value) && cli_count(json_string_value(value), ret_count);
}

static void put_count(struct import *import, const char *chain, const char *theirs,
                      const char *ours, const char *unit)
{
    uint64_t count = 0;
    if (count_of(find_of(import, chain, theirs), &count)) {
        (void)fprintf(import->out, "    %s: %" PRIu64 "%s\n", ours, count, unit);
    }
}

static void put_finality(struct import *import, const char *chain)
{
    const json_t *period = find_of(import, chain, "blocks.reorgPeriod");
    uint64_t blocks = 0;
    const char *tag = json_string_value(period);
    if (count_of(period, &blocks)) {
        (void)fprintf(import->out, "    finality: %" PRIu64 "\n", blocks == 0 ? 1 : blocks);
    } else if (tag != NULL && (strcmp(tag, "finalized") == 0 || strcmp(tag, "safe") == 0)) {
        (void)fprintf(import->out, "    finality: %s\n", tag);
    }
}

static json_t *endpoints_of(struct import *import, const char *chain)
{
    const json_t *custom = find_of(import, chain, "customRpcUrls");
    const json_t *urls = find_of(import, chain, "rpcUrls");
    const json_t *entry = NULL;
    json_t *list = json_array();
    size_t index = 0;
    for (const char *at = json_string_value(custom); at != NULL && at[0] != '\0';) {
        const size_t count = strcspn(at, ",");
        (void)json_array_append_new(list, json_stringn(at, count));
        at += count + (at[count] == ',' ? 1 : 0);
    }
    if (json_array_size(list) == 0) {
        json_array_foreach(urls, index, entry)
        {
            (void)json_array_append(list, member(entry, "http", 4));
        }
    }
    return list;
}

/* False: what a chain needs is missing. */
static bool put_chain(struct import *import, const char *chain, const char *key)
{
    static const char *const addresses[][2] = {{"mailbox", "mailbox"},
                                               {"merkleTreeHook", "merkle_tree_hook"},
                                               {"validatorAnnounce", "validator_announce"},
                                               {"interchainGasPaymaster", "gas_paymaster"}};
    const json_t *protocol = find_of(import, chain, "protocol");
    if (protocol != NULL &&
        strcmp(json_string_value(protocol) == NULL ? "" : json_string_value(protocol),
               "ethereum") != 0) {
        say(import, "chain %s is not of the family 'ethereum': left out", chain);
        return true;
    }
    (void)find_of(import, chain, "name");
    json_t *endpoints = endpoints_of(import, chain);
    const json_t *domain = find_of(import, chain, "domainId");
    const json_t *chain_id = find_of(import, chain, "chainId");
    json_t *name = json_string(chain);
    put_json(import, "  - ", "name", name);
    json_decref(name);
    put_json(import, "    ", "domain", domain == NULL ? chain_id : domain);
    put_json(import, "    ", "chain_id", chain_id);
    put_json(import, "    ", "endpoints", endpoints);
    const bool good = chain_id != NULL && json_array_size(endpoints) > 0;
    json_decref(endpoints);
    put_finality(import, chain);
    put_count(import, chain, "index.from", "start_block", "");
    put_count(import, chain, "index.chunk", "blocks_per_range", "");
    put_count(import, chain, "transactionOverrides.maxFeePerGas", "fee_per_gas_max", " wei");
    put_count(import, chain, "transactionOverrides.maxPriorityFeePerGas", "priority_fee_per_gas",
              " wei");
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        put_json(import, "    ", addresses[i][1], find_of(import, chain, addresses[i][0]));
    }
    if (key != NULL) {
        (void)fprintf(import->out, "    relay: true\n    key: \"%s\"\n", key);
    }
    if (!good) {
        say(import, "chain %s has no chainId or no rpcUrls", chain);
    }
    return good;
}

static void put_list(struct import *import, const char *theirs, const char *ours)
{
    const json_t *value = find(import, theirs);
    char *text = value == NULL ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text != NULL && strcmp(text, "[]") != 0 && strcmp(text, "\"\"") != 0) {
        json_t *quoted = json_string(text);
        put_json(import, "  ", ours, quoted);
        json_decref(quoted);
    }
    free(text);
}

/* The chains that are relayed between: "alpha,beta", or all that are there. */
static json_t *chains_of(struct import *import)
{
    const char *named = json_string_value(find(import, "relayChains"));
    json_t *list = json_array();
    for (const char *at = named; at != NULL && at[0] != '\0';) {
        const size_t count = strcspn(at, ",");
        (void)json_array_append_new(list, json_stringn(at, count));
        at += count + (at[count] == ',' ? 1 : 0);
    }
    for (size_t i = import->sources_count; i-- > 0 && named == NULL;) {
        const char *name = NULL;
        json_t *value = NULL;
        json_object_foreach(member(import->sources[i], "chains", 6), name, value)
        {
            bool is_there = false;
            const json_t *entry = NULL;
            size_t index = 0;
            json_array_foreach(list, index, entry)
            {
                is_there = is_there || strcasecmp(json_string_value(entry), name) == 0;
            }
            if (!is_there) {
                (void)json_array_append_new(list, json_string(name));
            }
        }
    }
    return list;
}

/* Where the data, the signer and the pages are. */
static void put_node(struct import *import)
{
    const char *db = json_string_value(find(import, "db"));
    const struct config_import *options = import->options;
    char *data = NULL;
    uint64_t port = 0;
    const bool has_site =
        count_of(find(import, "metricsPort"), &port) && port > 0 && port <= UINT16_MAX;
    if (db != NULL) { /* theirs is another kind of database */
        CHECK(asprintf(&data, "%s/sluice", db) > 0);
    }
    json_t *node = json_string(data == NULL ? "./data" : data);
    json_t *socket =
        json_string(options->signer == NULL ? "./signer/signer.sock" : options->signer);
    (void)fputs("node:\n  name: relayer\n", import->out);
    put_json(import, "  ", "data", node);
    (void)fputs("signer:\n", import->out);
    put_json(import, "  ", "socket", socket);
    if (has_site) {
        (void)fprintf(import->out, "site:\n  listen: 127.0.0.1:%" PRIu64 "\n", port);
    }
    json_decref(node);
    json_decref(socket);
    free(data);
}

static bool write_file(struct import *import)
{
    const char *key = import->options->key;
    json_t *chains = chains_of(import);
    const json_t *entry = NULL;
    size_t index = 0;
    bool good = json_array_size(chains) > 0;
    (void)fputs("# Made by 'sluice config import'. What was not taken over was said beside it.\n",
                import->out);
    put_node(import);
    (void)fputs("chains:\n", import->out);
    json_array_foreach(chains, index, entry)
    {
        good = put_chain(import, json_string_value(entry), key) && good;
    }
    if (json_array_size(chains) == 0) {
        say(import, "there is no chain: neither \"relayChains\" nor \"chains\" names one");
    }
    json_decref(chains);
    (void)fputs("policy:\n", import->out);
    uint64_t retries = RETRIES_DEFAULT;
    (void)count_of(find(import, "maxMessageRetries"), &retries);
    (void)fprintf(import->out, "  retries_max: %" PRIu64 "\n", retries);
    put_list(import, "whitelist", "whitelist");
    put_list(import, "blacklist", "blacklist");
    put_list(import, "addressBlacklist", "address_blacklist");
    put_list(import, "gasPaymentEnforcement", "gas_payment");
    if (key == NULL) {
        say(import, "no account sends: say --key ADDRESS, or nothing is delivered");
    }
    return good && fflush(import->out) == 0;
}

/* Every source is there. */
static int convert(struct import *import)
{
    const char *key = import->options->key;
    struct address address;
    int code = EXIT_REFUSED;
    if (key != NULL && hex_decode_address(bytes_from_string(key), &address) != STATUS_OK) {
        say(import, "--key wants the address of the account that sends");
        return EXIT_USAGE;
    }
    each_leaf(import, import, tell_secret);
    if (!import->has_secret) {
        code = write_file(import) ? EXIT_DONE : EXIT_USAGE;
        each_leaf(import, import, tell_ignored);
    }
    return code;
}

static int finish(struct import *import, int code)
{
    for (size_t i = 0; i < import->sources_count; i++) {
        json_decref(import->sources[i]);
    }
    json_decref(import->used);
    return code;
}

int config_import(const struct config_import *options, const char *const *files, size_t files_count,
                  FILE *out)
{
    struct import import = {.used = json_object(), .options = options, .out = out};
    bool good = files_count < SOURCES_MAX;
    if (!good) {
        say(&import, "more than %u files", SOURCES_MAX - 1);
    }
    for (size_t i = 0; i < files_count && good; i++) {
        good = read_file(&import, files[i]);
    }
    if (good) {
        read_environment(&import);
    }
    return finish(&import, good ? convert(&import) : EXIT_USAGE);
}

int config_import_text(const struct config_import *options, struct bytes json, FILE *out)
{
    struct import import = {.used = json_object(), .options = options, .out = out};
    json_error_t mistake;
    json_t *file =
        json_loadb((const char *)json.data, json.count, JSON_REJECT_DUPLICATES, &mistake);
    const bool good = take_document(&import, "text", file, &mistake);
    return finish(&import, good ? convert(&import) : EXIT_USAGE);
}

bool config_import_has_environment(void)
{
    bool has_any = false;
    for (char **entry = environ; *entry != NULL; entry++) {
        has_any = has_any || strncmp(*entry, "HYP_", 4) == 0;
    }
    return has_any;
}
