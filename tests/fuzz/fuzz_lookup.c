/* SPDX-License-Identifier: Apache-2.0 */
/* What a security module says of servers: the first byte says whether the rest is an
 * OffchainLookup's arguments, or a template of an address. What is read lies inside what was given
 * and inside its bounds; what is filled in is as long as it must be, and an address or none. */
#include <stdlib.h>
#include <string.h>

#include "chains/evm/lookup_words.h"
#include "relay/base/check.h"
#include "relay/node/web/lookup_url.h"
#include "relay/node/web/web_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void check_inside(struct bytes whole, struct bytes part)
{
    CHECK(part.count == 0 || (part.data >= whole.data && part.count <= whole.count &&
                              (size_t)(part.data - whole.data) <= whole.count - part.count));
}

static void check_words(struct bytes arguments)
{
    struct evm_lookup_words words;

    if (evm_lookup_words_read(arguments, &words) != STATUS_OK) {
        return;
    }
    CHECK(words.urls_count <= LOOKUP_URLS_MAX);
    CHECK(words.call_data.count <= LOOKUP_DATA_BYTES_MAX);
    check_inside(arguments, words.call_data);
    for (uint32_t i = 0; i < words.urls_count; i++) {
        CHECK(words.urls[i].count > 0);
        CHECK(words.urls[i].count <= LOOKUP_URL_BYTES_MAX);
        check_inside(arguments, words.urls[i]);
    }
}

static size_t count_of(const char *text, const char *place)
{
    size_t count = 0;

    for (const char *at = strstr(text, place); at != NULL; at = strstr(at + 1, place)) {
        count++;
    }
    return count;
}

static void check_template(const char *template)
{
    /* What is put in looks like a place itself: it must not be filled again. */
    static const char sender[] = "0x{data}";
    static const char data[] = "0x00{sender}";
    const size_t sender_places = count_of(template, "{sender}");
    const size_t data_places = count_of(template, "{data}");
    char *const url = lookup_url_fill(template, sender, data);
    struct web_url parsed;

    CHECK(url != NULL);
    CHECK(lookup_url_is_get(template) == (data_places > 0));
    CHECK(strlen(url) == strlen(template) + sender_places * (strlen(sender) - strlen("{sender}")) +
                             data_places * (strlen(data) - strlen("{data}")));
    if (web_url_parse(bytes_from_string(url), &parsed) == STATUS_OK) {
        CHECK(parsed.host[0] != '\0');
        CHECK(parsed.port != 0);
        check_inside(bytes_from_string(url), parsed.target);
    }
    free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    char text[LOOKUP_URL_BYTES_MAX + 1];

    if (count == 0) {
        return 0;
    }
    if (data[0] == 'w') {
        check_words(bytes_from(data + 1, count - 1));
    } else if (data[0] == 't' && count <= sizeof(text)) {
        memcpy(text, data + 1, count - 1);
        text[count - 1] = '\0';
        check_template(text);
    }
    return 0;
}
