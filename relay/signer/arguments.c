/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/arguments.h"

#define WORD_BYTES 32u

struct arguments arguments_from(struct bytes words, size_t count)
{
    return (struct arguments){
        .words = words, .tail = count * WORD_BYTES, .malformed = words.count < count * WORD_BYTES};
}

struct amount argument_word(struct arguments *arguments, size_t offset)
{
    if (arguments->malformed || arguments->words.count < WORD_BYTES ||
        offset > arguments->words.count - WORD_BYTES) {
        arguments->malformed = true;
        return amount_zero();
    }
    return amount_from_be(arguments->words.data + offset);
}

uint32_t argument_u32(struct arguments *arguments, size_t offset)
{
    const struct amount word = argument_word(arguments, offset);
    uint64_t value = 0;
    if (amount_to_u64(&word, &value) != STATUS_OK || value > UINT32_MAX) {
        arguments->malformed = true;
        return 0;
    }
    return (uint32_t)value;
}

struct address argument_address(struct arguments *arguments, size_t offset)
{
    const struct amount word = argument_word(arguments, offset);
    struct address address;
    amount_to_be(&word, address.bytes);
    if (!address_is_evm(&address)) {
        arguments->malformed = true;
    }
    return address;
}

struct bytes argument_bytes(struct arguments *arguments, size_t offset)
{
    const uint32_t start = argument_u32(arguments, offset);
    if (arguments->malformed || start != arguments->tail) {
        arguments->malformed = true;
        return bytes_from(NULL, 0);
    }
    const uint32_t count = argument_u32(arguments, start);
    if (arguments->malformed) {
        return bytes_from(NULL, 0);
    }
    const size_t first = (size_t)start + WORD_BYTES;
    const size_t padded = ((size_t)count + WORD_BYTES - 1) / WORD_BYTES * WORD_BYTES;
    if (padded > arguments->words.count - first) {
        arguments->malformed = true;
        return bytes_from(NULL, 0);
    }
    for (size_t i = count; i < padded; i++) {
        arguments->malformed |= arguments->words.data[first + i] != 0;
    }
    arguments->tail = first + padded;
    return bytes_from(arguments->words.data + first, count);
}

bool arguments_are_done(const struct arguments *arguments)
{
    return !arguments->malformed && arguments->tail == arguments->words.count;
}
