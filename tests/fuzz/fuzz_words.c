/* SPDX-License-Identifier: Apache-2.0 */
/* Short words that people type: a count, a time, an address. The first byte says which it is. */
#include <stdio.h>
#include <string.h>

#include "relay/base/address_text.h"
#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/cli/cli.h"

#define WORD_BYTES_MAX 1024u
#define YEAR_2501_S    UINT64_C(16756761600)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

/* What is accepted is that number's digits, behind zeros. */
static void check_count(const char *text)
{
    char again[32];
    uint64_t number = 0;

    if (cli_count(text, &number)) {
        const size_t zeros = strspn(text, "0");
        (void)snprintf(again, sizeof(again), "%llu", (unsigned long long)number);
        CHECK(strcmp(text + zeros, number == 0 ? "" : again) == 0);
    }
}

static void check_time(const char *text)
{
    struct instant at = {.ns = 0};

    if (cli_time(text, &at)) {
        CHECK(strlen(text) >= strlen("2026-11-23"));
        CHECK(at.ns / 1000000000u < YEAR_2501_S);
    }
}

/* What is accepted is short, is its own hexadecimal's, and no other last letter is the same. */
static void check_address(char *text)
{
    struct address address;
    struct address again;
    char hex[2 + 64 + 1] = "0x";
    const size_t count = strlen(text);

    if (address_text_read(bytes_from_string(text), &address) != STATUS_OK) {
        return;
    }
    CHECK(count > 0);
    CHECK(count <= 90);
    hex_encode(bytes_from(address.bytes, sizeof(address.bytes)), hex + 2);
    CHECK(address_text_read(bytes_from_string(hex), &again) == STATUS_OK);
    CHECK(address_equal(&address, &again));
    text[count - 1] = text[count - 1] == '2' ? '3' : '2';
    CHECK(address_text_read(bytes_from_string(text), &again) != STATUS_OK ||
          !address_equal(&address, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    char text[WORD_BYTES_MAX];

    if (count == 0 || count > sizeof(text)) {
        return 0;
    }
    memcpy(text, data + 1, count - 1);
    text[count - 1] = '\0';
    switch (data[0]) {
    case 'c':
        check_count(text);
        break;
    case 't':
        check_time(text);
        break;
    case 'a':
        check_address(text);
        break;
    default: /* not an enum */
        break;
    }
    return 0;
}
