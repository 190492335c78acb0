/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts of a block: any list gives a root or is refused, in bounded memory, and gives the same
 * one in more memory than it needs. */
#include <stdlib.h>

#include "chains/evm/receipts.h"
#include "relay/base/check.h"

enum { TEXT_BYTES_MAX = 1 << 16, MEMORY_BYTES = 1 << 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    static struct json_parser parser;
    static uint8_t *memory;
    const struct json_token *list = NULL;
    struct hash small;
    struct hash large;

    if (memory == NULL) {
        void *const tokens = malloc(json_parser_footprint(TEXT_BYTES_MAX));
        memory = malloc(TEXT_BYTES_MAX + MEMORY_BYTES);
        CHECK(tokens != NULL);
        CHECK(memory != NULL);
        json_parser_init(&parser, tokens, TEXT_BYTES_MAX);
    }
    if (count > TEXT_BYTES_MAX ||
        json_parse(&parser, bytes_from(data, count), &list) != STATUS_OK) {
        return 0;
    }
    const enum status status = evm_receipts_root(list, memory, MEMORY_BYTES, &small);
    const enum status whole =
        evm_receipts_root(list, memory, TEXT_BYTES_MAX + MEMORY_BYTES, &large);
    CHECK(whole != STATUS_FULL); /* an encoding takes less room than its text */
    CHECK(status == STATUS_FULL || status == whole);
    CHECK(status != STATUS_OK || hash_equal(&small, &large));
    return 0;
}
