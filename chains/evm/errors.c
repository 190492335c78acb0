/* SPDX-License-Identifier: Apache-2.0 */
/* What an error of a node means. JSON-RPC codes are used loosely by nodes, so words count as well;
 * the words are those of geth, anvil and the large providers. Text from outside is quoted only in
 * printable form. */
#include <string.h>

#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"
#include "chains/evm/reverts.h"
#include "relay/base/hex.h"

enum {
    CODE_REVERT = 3,
    CODE_INTERNAL = -32603,
    CODE_LIMIT = -32005,
    CODE_UNAVAILABLE = -32002,
    CODE_HTTP_TOO_MANY = 429,
    BACKOFF_S_MAX = 86400,
};

#define SELECTOR_ERROR 0x08c379a0u
#define SELECTOR_PANIC 0x4e487b71u

static uint8_t lower(uint8_t letter)
{
    return letter >= 'A' && letter <= 'Z' ? (uint8_t)(letter + 'a' - 'A') : letter;
}

bool evm_text_has(struct bytes text, const char *word)
{
    const size_t length = strlen(word);

    for (size_t start = 0; start + length <= text.count; start++) {
        size_t matched = 0;
        while (matched < length && lower(text.data[start + matched]) == (uint8_t)word[matched]) {
            matched++;
        }
        if (matched == length) {
            return true;
        }
    }
    return false;
}

static bool has_any(struct bytes text, const char *const *words, size_t words_count)
{
    for (size_t i = 0; i < words_count; i++) {
        if (evm_text_has(text, words[i])) {
            return true;
        }
    }
    return false;
}

#define HAS_ANY(text, words) has_any((text), (words), sizeof(words) / sizeof((words)[0]))

bool evm_error_is_revert(const struct evm_answer *answer)
{
    /* As geth, revm and Parity's descendants call the ends of code that is no revert. */
    static const char *const words[] = {
        "revert",        "invalid opcode", "invalidfeopcode", "opcode not found", "opcodenotfound",
        "out of gas",    "outofgas",       "stack underflow", "stackunderflow",   "stack overflow",
        "stackoverflow", "invalid jump",   "invalidjump",     "bad instruction",  "bad jump",
    };

    CHECK(answer->kind == EVM_ANSWER_ERROR);
    return answer->code == CODE_REVERT || HAS_ANY(answer->message, words);
}

bool evm_error_is_internal(const struct evm_answer *answer)
{
    CHECK(answer->kind == EVM_ANSWER_ERROR);
    return !evm_error_is_revert(answer) && answer->code == CODE_INTERNAL;
}

/* What a provider asks for: {"rate":{"backoff_seconds":30}} beside the error. */
static struct duration backoff_of(const struct json_token *data)
{
    int64_t seconds = 0;

    if (json_whole(json_member(json_member(data, "rate"), "backoff_seconds"), &seconds) !=
            STATUS_OK ||
        seconds <= 0) {
        return (struct duration){0};
    }
    return DURATION_MS(1000 * (seconds < BACKOFF_S_MAX ? seconds : BACKOFF_S_MAX));
}

bool evm_error_is_limit(const struct evm_answer *answer, struct duration *ret_wait)
{
    static const char *const words[] = {
        "rate limit",   "too many requests", "request count",
        "requests per", "per second",        "rate exceeded",
    };

    CHECK(answer->kind == EVM_ANSWER_ERROR);
    *ret_wait = backoff_of(answer->data);
    return ret_wait->ns > 0 || answer->code == CODE_HTTP_TOO_MANY ||
           HAS_ANY(answer->message, words);
}

bool evm_error_is_transient(const struct evm_answer *answer)
{
    static const char *const words[] = {
        "limit exceeded",
        "capacity",
        "timeout",
        "timed out",
        "try again",
        "temporarily",
        "service unavail",
        "overloaded",
        /* of a pool that has no room now, or not yet the transactions before this one */
        "pool is full",
        "limit reached",
        "nonce too high",
        "nonce gap",
    };

    CHECK(answer->kind == EVM_ANSWER_ERROR);
    struct duration wait;
    if (evm_error_is_revert(answer)) {
        return false;
    }
    return evm_error_is_limit(answer, &wait) || answer->code == CODE_LIMIT ||
           answer->code == CODE_UNAVAILABLE || answer->code == CODE_HTTP_TOO_MANY ||
           HAS_ANY(answer->message, words);
}

enum rejection evm_error_rejection(const struct evm_answer *answer, bool *ret_is_known)
{
    static const char *const known[] = {"already known", "already imported", "known transaction",
                                        "already in the pool", "alreadyexists"};
    static const char *const low[] = {"nonce too low", "nonce is too low", "old nonce",
                                      "invalid nonce"};
    static const char *const underpriced[] = {"underpriced", "fee too low", "gas price too low",
                                              "less than block base fee",
                                              "max fee per gas less than"};
    static const char *const funds[] = {"insufficient funds", "insufficient balance"};

    CHECK(answer->kind == EVM_ANSWER_ERROR);
    *ret_is_known = HAS_ANY(answer->message, known);
    if (*ret_is_known) {
        return REJECTION_NONE;
    }
    if (HAS_ANY(answer->message, low)) {
        return REJECTION_NONCE_TOO_LOW;
    }
    if (HAS_ANY(answer->message, underpriced)) {
        return REJECTION_UNDERPRICED;
    }
    if (HAS_ANY(answer->message, funds)) {
        return REJECTION_FUNDS;
    }
    return REJECTION_OTHER;
}

/* Printable ASCII as it is, everything else as \xNN; cut where the next piece would not fit. */
static uint32_t quote(struct bytes text, uint8_t ret_reason[REASON_BYTES_MAX])
{
    uint32_t count = 0;

    for (size_t i = 0; i < text.count; i++) {
        const bool is_plain = text.data[i] >= 0x20 && text.data[i] < 0x7f && text.data[i] != '\\';
        if (count + (is_plain ? 1 : 4) > REASON_BYTES_MAX) {
            break;
        }
        if (is_plain) {
            ret_reason[count++] = text.data[i];
            continue;
        }
        char digits[3];
        hex_encode(bytes_from(text.data + i, 1), digits);
        ret_reason[count++] = '\\';
        ret_reason[count++] = 'x';
        ret_reason[count++] = (uint8_t)digits[0];
        ret_reason[count++] = (uint8_t)digits[1];
    }
    return count;
}

static uint32_t quote_hex(struct bytes bytes, uint8_t ret_reason[REASON_BYTES_MAX])
{
    char text[REASON_BYTES_MAX + 1] = "0x";
    const size_t shown =
        bytes.count < REASON_BYTES_MAX / 2 - 1 ? bytes.count : REASON_BYTES_MAX / 2 - 1;

    hex_encode(bytes_from(bytes.data, shown), text + 2);
    memcpy(ret_reason, text, 2 + 2 * shown);
    return (uint32_t)(2 + 2 * shown);
}

/* The revert bytes, wherever a node puts them: data as text, data as an object that has data, or
 * text with words before the hexadecimal part. */
struct bytes evm_error_revert_bytes(const struct evm_answer *answer, uint8_t *scratch,
                                    size_t scratch_bytes)
{
    static const char lead[] = "Reverted ";
    const struct json_token *data = answer->data;
    size_t count = 0;

    if (data != NULL && data->kind == JSON_OBJECT) {
        data = json_member(data, "data");
    }
    if (data == NULL || data->kind != JSON_STRING) {
        return bytes_from(NULL, 0);
    }
    struct json_token text = *data;
    if (bytes_have_prefix(text.text, bytes_from_string(lead))) {
        text.text =
            bytes_from(text.text.data + sizeof(lead) - 1, text.text.count - (sizeof(lead) - 1));
    }
    if (json_data(&text, scratch_bytes, scratch, &count) != STATUS_OK) {
        return bytes_from(NULL, 0);
    }
    return bytes_from(scratch, count);
}

uint32_t evm_error_reason(const struct evm_answer *answer, uint8_t *scratch, size_t scratch_bytes,
                          uint8_t ret_reason[REASON_BYTES_MAX])
{
    CHECK(answer->kind == EVM_ANSWER_ERROR);
    const struct bytes reverted = evm_error_revert_bytes(answer, scratch, scratch_bytes);
    if (reverted.count < 4) {
        return quote(answer->message, ret_reason);
    }
    const uint32_t selector = (uint32_t)reverted.data[0] << 24 | (uint32_t)reverted.data[1] << 16 |
                              (uint32_t)reverted.data[2] << 8 | reverted.data[3];
    struct abi_reader reader = abi_reader_from(bytes_from(reverted.data + 4, reverted.count - 4));
    if (selector == SELECTOR_ERROR) {
        abi_expect_u64(&reader, 32);
        const struct bytes text = abi_read_tail(&reader, reverted.count);
        return reader.malformed ? quote_hex(reverted, ret_reason) : quote(text, ret_reason);
    }
    if (selector == SELECTOR_PANIC) {
        const uint64_t code = abi_read_u64(&reader);
        if (abi_reader_is_done(&reader) && code <= UINT8_MAX) {
            const uint8_t byte = (uint8_t)code;
            char text[] = "panic 0x00";
            hex_encode(bytes_from(&byte, 1), text + sizeof("panic 0x") - 1);
            return quote(bytes_from_string(text), ret_reason);
        }
    }
    char named[REASON_BYTES_MAX + 1];
    if (evm_revert_name(reverted, named, sizeof(named))) {
        return quote(bytes_from_string(named), ret_reason);
    }
    return quote_hex(reverted, ret_reason);
}
