/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ec_point.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "relay/base/hex.h"
#include "tests/support/unit.h"

void ec_point_of(const struct secret *secret, int curve, uint8_t ret_point[EC_POINT_BYTES])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(curve);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *number = BN_bin2bn(secret->bytes, 32, NULL);

    assert_int_equal(1, EC_POINT_mul(group, point, number, NULL, NULL, NULL));
    assert_int_equal(EC_POINT_BYTES, EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED,
                                                        ret_point, EC_POINT_BYTES, NULL));
    BN_free(number);
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

void ec_point_text(const struct secret *secret, char ret_text[EC_POINT_TEXT_BYTES])
{
    uint8_t point[EC_POINT_BYTES];

    ec_point_of(secret, NID_secp256k1, point);
    memcpy(ret_text, "0x", 2);
    hex_encode(bytes_from(point + 1, EC_POINT_BYTES - 1), ret_text + 2);
}
