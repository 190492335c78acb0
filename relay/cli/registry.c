/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/registry.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/transport/endpoint.h"

#define NUMBER_BLOCKS_MAX 1000000u

/* Text of a stranger's goes into a file of ours: printable ASCII without what YAML or a comment
 * would read as an end. */
static void copy_words(const char *text, char *ret_text, size_t capacity)
{
    size_t count = 0;

    for (; text != NULL && *text != '\0' && count + 1 < capacity; text++) {
        const bool is_plain = *text >= ' ' && *text <= '~' && strchr("\"'#\\{}[]", *text) == NULL;
        ret_text[count++] = (char)(is_plain ? *text : '?');
    }
    ret_text[count] = '\0';
}

struct reading {
    const struct settings *settings;
    struct settings_error *error;
    enum status status;
};

static void refuse(struct reading *reading, const char *where, const char *what)
{
    if (reading->status == STATUS_OK) {
        settings_fail(reading->settings, reading->error, where, "\"%s\" %s", where, what);
        reading->status = STATUS_MALFORMED;
    }
}

static void read_number(struct reading *reading, const char *where, uint64_t most,
                        uint64_t *ret_number)
{
    const char *text = settings_scalar(reading->settings, where);
    uint64_t number = 0;

    if (text == NULL) {
        return;
    }
    if (settings_parse_u64(text, &number) != STATUS_OK || number > most) {
        refuse(reading, where, "is not a number that fits");
        return;
    }
    *ret_number = number;
}

static void read_address(struct reading *reading, const char *where,
                         char ret_text[REGISTRY_ADDRESS_BYTES])
{
    const char *text = settings_scalar(reading->settings, where);
    struct address address;

    if (text == NULL) {
        return;
    }
    if (settings_parse_address(text, &address) != STATUS_OK) {
        refuse(reading, where, "is not an address, or its checksum is wrong");
        return;
    }
    (void)snprintf(ret_text, REGISTRY_ADDRESS_BYTES, "%s", text);
}

/* Those that our transport knows; the others are not taken. */
static void read_urls(struct reading *reading, struct registry_chain *chain)
{
    for (uint32_t i = 0; i < 2 * ENDPOINTS_PER_CHAIN_MAX; i++) {
        struct endpoint endpoint;
        char where[32];
        (void)snprintf(where, sizeof(where), "rpcUrls[%u].http", i);
        const char *text = settings_scalar(reading->settings, where);
        const bool fits = text != NULL && strlen(text) < REGISTRY_URL_BYTES &&
                          strpbrk(text, "\"\\") == NULL &&
                          endpoint_parse(text, &endpoint) == STATUS_OK;
        if (fits && chain->urls_count < ENDPOINTS_PER_CHAIN_MAX) {
            memcpy(chain->urls[chain->urls_count++], text, strlen(text) + 1);
        }
    }
}

static void read_finality(struct reading *reading, struct registry_chain *chain)
{
    const char *text = settings_scalar(reading->settings, "blocks.reorgPeriod");
    uint64_t blocks = 0;

    if (text == NULL) {
        return;
    }
    if (strcmp(text, "finalized") == 0 || strcmp(text, "safe") == 0) {
        (void)snprintf(chain->finality, sizeof(chain->finality), "%s", text);
        return;
    }
    read_number(reading, "blocks.reorgPeriod", NUMBER_BLOCKS_MAX, &blocks);
    (void)snprintf(chain->finality, sizeof(chain->finality), "%llu",
                   (unsigned long long)(blocks == 0 ? 1 : blocks));
}

/* "2", "0.25": seconds. */
static uint64_t read_block_ms(const struct reading *reading)
{
    const char *text = settings_scalar(reading->settings, "blocks.estimateBlockTime");
    struct amount amount;
    char with_unit[48];
    uint64_t ms = 0;

    if (text == NULL || strlen(text) > 32) {
        return 0;
    }
    (void)snprintf(with_unit, sizeof(with_unit), "%s s", text);
    if (settings_parse_amount(with_unit, "s", 3, &amount) != STATUS_OK ||
        amount_to_u64(&amount, &ms) != STATUS_OK) {
        return 0; /* it only decides a hint */
    }
    return ms;
}

enum status registry_read_metadata(const struct settings *settings, struct registry_chain *chain,
                                   struct settings_error *ret_error)
{
    struct reading reading = {.settings = settings, .error = ret_error, .status = STATUS_OK};
    const char *protocol = settings_scalar(settings, "protocol");
    const char *is_testnet = settings_scalar(settings, "isTestnet");

    copy_words(settings_scalar(settings, "displayName"), chain->display_name,
               sizeof(chain->display_name));
    copy_words(settings_scalar(settings, "nativeToken.symbol"), chain->coin, sizeof(chain->coin));
    chain->is_ethereum = protocol == NULL || strcmp(protocol, "ethereum") == 0;
    chain->is_testnet = is_testnet != NULL && strcmp(is_testnet, "true") == 0;
    chain->block_ms = read_block_ms(&reading);
    read_number(&reading, "chainId", UINT64_MAX, &chain->chain_id);
    read_number(&reading, "domainId", UINT32_MAX, &chain->domain);
    read_number(&reading, "index.from", UINT64_MAX, &chain->start_block);
    read_finality(&reading, chain);
    read_urls(&reading, chain);
    return reading.status;
}

enum status registry_read_addresses(const struct settings *settings, struct registry_chain *chain,
                                    struct settings_error *ret_error)
{
    struct reading reading = {.settings = settings, .error = ret_error, .status = STATUS_OK};

    read_address(&reading, "mailbox", chain->mailbox);
    read_address(&reading, "merkleTreeHook", chain->merkle_tree_hook);
    read_address(&reading, "validatorAnnounce", chain->validator_announce);
    read_address(&reading, "interchainGasPaymaster", chain->gas_paymaster);
    return reading.status;
}

static enum status load(const char *folder, const char *name, const char *file,
                        struct settings **ret_settings, struct settings_error *ret_error)
{
    char path[PATH_MAX];
    const int nested = snprintf(path, sizeof(path), "%s/chains/%s/%s", folder, name, file);

    if (nested < 0 || (size_t)nested >= sizeof(path)) {
        (void)snprintf(ret_error->text, sizeof(ret_error->text), "the folder's path is too long");
        return STATUS_MALFORMED;
    }
    const enum status status = settings_load(path, NULL, ret_settings, NULL, ret_error);
    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    (void)snprintf(path, sizeof(path), "%s/%s/%s", folder, name, file);
    return settings_load(path, NULL, ret_settings, NULL, ret_error);
}

enum status registry_load(const char *folder, const char *name, struct registry_chain *ret_chain,
                          struct settings_error *ret_error)
{
    struct registry_chain chain = {.is_ethereum = true};
    struct settings *settings = NULL;

    CHECK(strlen(name) < NAME_BYTES_MAX);
    CHECK(strchr(name, '/') == NULL);
    memcpy(chain.name, name, strlen(name) + 1);
    enum status status = load(folder, name, "metadata.yaml", &settings, ret_error);
    if (status != STATUS_OK) {
        return status;
    }
    status = registry_read_metadata(settings, &chain, ret_error);
    settings_release(settings, NULL, NULL);
    if (status != STATUS_OK) {
        return status;
    }
    status = load(folder, name, "addresses.yaml", &settings, ret_error);
    if (status == STATUS_OK) {
        status = registry_read_addresses(settings, &chain, ret_error);
        settings_release(settings, NULL, NULL);
    }
    /* A chain that is not deployed to yet has no addresses. */
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        *ret_chain = chain;
        status = STATUS_OK;
    }
    return status;
}
