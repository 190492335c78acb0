/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/evm/lookup_words.h"

#include <string.h>

#include "chains/evm/abi.h"

enum {
    HEAD_BYTES = 5 * 32,
    TEMPLATES_MAX = 64, /* that a module names; the first few are kept */
};

/* string[]: the strings in order, as the compiler puts them. */
static void read_urls(struct abi_reader *reader, struct evm_lookup_words *words)
{
    const uint64_t count = abi_read_u64(reader);

    if (reader->malformed || count > TEMPLATES_MAX) {
        reader->malformed = true;
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        (void)abi_read_u64(reader);
    }
    for (uint64_t i = 0; i < count; i++) {
        const struct bytes url = abi_read_tail(reader, reader->rest.count);
        if (url.count > 0 && url.count <= LOOKUP_URL_BYTES_MAX &&
            words->urls_count < LOOKUP_URLS_MAX) {
            words->urls[words->urls_count++] = url;
        }
    }
}

enum status evm_lookup_words_read(struct bytes arguments, struct evm_lookup_words *ret_words)
{
    struct abi_reader reader = abi_reader_from(arguments);
    struct evm_lookup_words words;

    memset(&words, 0, sizeof(words));
    words.sender = abi_read_address(&reader);
    abi_expect_u64(&reader, HEAD_BYTES);
    const uint64_t data_offset = abi_read_u64(&reader);
    (void)abi_read_hash(&reader); /* the callback: a module calls nobody back */
    const uint64_t extra_offset = abi_read_u64(&reader);
    read_urls(&reader, &words);
    const bool is_data_next = data_offset == arguments.count - reader.rest.count;
    words.call_data = abi_read_tail(&reader, LOOKUP_DATA_BYTES_MAX);
    const bool is_extra_next = extra_offset == arguments.count - reader.rest.count;
    (void)abi_read_tail(&reader, reader.rest.count);
    if (reader.malformed || !is_data_next || !is_extra_next) {
        return STATUS_MALFORMED;
    }
    *ret_words = words;
    return STATUS_OK;
}
