/* SPDX-License-Identifier: Apache-2.0 */
/* Keystore files, read up to the passphrase: whatever the file says, no derivation is started whose
 * cost is beyond the ceilings, because none is started at all. */
#include "relay/signer/keystore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    struct address address;
    (void)!keystore_read_address(bytes_from(data, count), &address);
    return 0;
}
