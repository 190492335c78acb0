/* SPDX-License-Identifier: Apache-2.0 */
/* What an endpoint says otherwise than the chain has it. */
#include <string.h>

#include "tests/conformance/evm_script_internal.h"

void script_change_digit(struct text *text, size_t start, const char *mark)
{
    size_t at = text->count - 1;

    if (mark != NULL) {
        const char *const found = strstr(text->data + start, mark);
        if (found == NULL) {
            return; /* null */
        }
        at = (size_t)(found - text->data) + strlen(mark);
    } else {
        while (at > start && strchr("0123456789abcdef", text->data[at]) == NULL) {
            at--;
        }
    }
    text->data[at] = text->data[at] == '7' ? '8' : '7';
}

static void lie(const char *method, size_t start, struct text *text)
{
    if (strcmp(method, "eth_getLogs") == 0) {
        script_text_set(text, start, "\"result\":[]");
    } else if (strcmp(method, "eth_getBlockByNumber") == 0) {
        script_change_digit(text, start, "\"hash\":\"0x");
    } else if (strcmp(method, "eth_getTransactionReceipt") == 0 ||
               strcmp(method, "eth_getBlockReceipts") == 0) {
        script_change_digit(text, start, "\"gasUsed\":\"0x");
    } else if (strcmp(method, "eth_estimateGas") == 0) {
        script_text_set(text, start,
                        "\"error\":{\"code\":3,\"message\":\"execution reverted: a lie\"}");
    } else if (strcmp(method, "eth_call") == 0 || strcmp(method, "eth_getBalance") == 0 ||
               strcmp(method, "eth_getTransactionCount") == 0) {
        script_change_digit(text, start, NULL);
    }
}

void script_twist(const struct evm_script_habits *habits, const char *method, const char *first,
                  size_t start, struct text *text)
{
    const bool is_by_number =
        strcmp(method, "eth_getBlockByNumber") == 0 && strncmp(first, "0x", 2) == 0;

    const bool is_null = (habits->forgets_blocks && is_by_number) ||
                         (habits->calls_are_null && strcmp(method, "eth_call") == 0);

    if (is_null) {
        script_text_set(text, start, "\"result\":null");
    } else if (habits->lies) {
        lie(method, start, text);
    } else if (habits->misplaces_logs && strcmp(method, "eth_getLogs") == 0) {
        script_change_digit(text, start, "\"address\":\"0x");
    } else if (habits->withholds_logs && strcmp(method, "eth_getLogs") == 0) {
        script_text_set(text, start, "\"result\":[]");
    }
}
