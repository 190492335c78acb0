/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/ec_point.h: public keys by OpenSSL, for stand-ins of what holds keys. */
#ifndef SLUICE_TESTS_UNIT_EC_POINT_H
#define SLUICE_TESTS_UNIT_EC_POINT_H

#include "relay/signer/ecdsa.h"

#define EC_POINT_BYTES 65u

/* On the curve with this number of OpenSSL's, not compressed. */
void ec_point_of(const struct secret *secret, int curve, uint8_t ret_point[EC_POINT_BYTES]);
/* On secp256k1, as Web3Signer lists it: "0x" and 128 digits, without the byte that says that it is
 * not compressed. */
#define EC_POINT_TEXT_BYTES 131u
void ec_point_text(const struct secret *secret, char ret_text[EC_POINT_TEXT_BYTES]);

#endif
