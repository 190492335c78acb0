/* SPDX-License-Identifier: Apache-2.0 */
/* Unsigned transactions, as the signer reads them: what is taken has one encoding, the given one.
 */
#include "chains/evm/rlp.h"
#include "chains/evm/tx.h"
#include "relay/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    static uint8_t memory[1 << 16];
    struct evm_transaction transaction;
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    struct rlp_reader reader = rlp_reader_from(bytes_from(data, count));
    const struct bytes input = bytes_from(data, count);

    if (count > sizeof(memory)) {
        return 0;
    }
    if (evm_transaction_decode(input, &transaction) == STATUS_OK) {
        const enum status status = evm_transaction_encode(&transaction, &buffer);
        CHECK(status == STATUS_OK);
        CHECK(bytes_equal(buffer_bytes(&buffer), input));
    }
    while (!reader.malformed && reader.rest.count > 0) {
        const struct bytes before = reader.rest;
        const struct bytes value = rlp_read_bytes(&reader);
        if (!reader.malformed) {
            CHECK(rlp_bytes_size(value) == before.count - reader.rest.count);
        }
    }
    return 0;
}
