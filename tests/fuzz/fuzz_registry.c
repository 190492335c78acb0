/* SPDX-License-Identifier: Apache-2.0 */
/* A registry's file of a stranger's, as metadata and as addresses. What is read is bounded, and
 * nothing of it ends the line that it is written into. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/cli/registry.h"

static void text_check(const char *text, size_t capacity)
{
    const size_t count = strnlen(text, capacity);

    CHECK(count < capacity);
    for (size_t i = 0; i < count; i++) {
        CHECK(text[i] >= ' ');
        CHECK(text[i] <= '~');
        CHECK(text[i] != '"');
        CHECK(text[i] != '\\');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct registry_chain chain = {.is_ethereum = true};
    struct settings *settings = NULL;
    struct settings_error error;

    if (settings_parse("fuzz", bytes_from(data, size), NULL, &settings, NULL, &error) !=
        STATUS_OK) {
        CHECK(error.text[0] != '\0');
        return 0;
    }
    (void)!registry_read_metadata(settings, &chain, &error);
    (void)!registry_read_addresses(settings, &chain, &error);
    settings_release(settings, NULL, NULL);
    CHECK(chain.urls_count <= ENDPOINTS_PER_CHAIN_MAX);
    for (uint32_t i = 0; i < chain.urls_count; i++) {
        text_check(chain.urls[i], sizeof(chain.urls[i]));
    }
    text_check(chain.display_name, sizeof(chain.display_name));
    text_check(chain.coin, sizeof(chain.coin));
    text_check(chain.finality, sizeof(chain.finality));
    text_check(chain.mailbox, sizeof(chain.mailbox));
    text_check(chain.gas_paymaster, sizeof(chain.gas_paymaster));
    return 0;
}
