/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/amount.h: exact amounts of one asset in base units, 256 bits, unsigned.
 *
 * Every operation that can leave the range returns STATUS_OVERFLOW and writes nothing. Division
 * says which way it rounds. Only amount.c reads the limbs. Threads: none; pure values. */
#ifndef SLUICE_RELAY_BASE_AMOUNT_H
#define SLUICE_RELAY_BASE_AMOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/base/bytes.h"
#include "relay/base/status.h"

struct amount {
    uint64_t limbs[4]; /* least significant first; read by amount.c alone */
};

/* Basis points: 10,000 is the whole. */
struct bps {
    uint32_t value;
};

#define AMOUNT_DECIMAL_BYTES_MAX 79 /* 78 digits and the NUL */

struct amount amount_zero(void);
struct amount amount_max(void);
struct amount amount_from_u64(uint64_t value);
/* STATUS_OVERFLOW: does not fit 64 bits. */
MUST_USE enum status amount_to_u64(const struct amount *amount, uint64_t *ret_value);

bool amount_is_zero(const struct amount *amount);
bool amount_equal(const struct amount *a, const struct amount *b);
int amount_compare(const struct amount *a, const struct amount *b); /* -1, 0, 1 */
struct amount amount_smaller(const struct amount *a, const struct amount *b);

/* STATUS_OVERFLOW: the result is above 2^256-1 (add, multiply) or below 0 (subtract). The result
 * may be one of the inputs. */
MUST_USE enum status amount_add(const struct amount *a, const struct amount *b,
                                struct amount *ret_sum);
MUST_USE enum status amount_subtract(const struct amount *a, const struct amount *b,
                                     struct amount *ret_difference);
MUST_USE enum status amount_multiply(const struct amount *a, const struct amount *b,
                                     struct amount *ret_product);
/* STATUS_OVERFLOW: the divisor is zero. */
MUST_USE enum status amount_div_floor(const struct amount *a, const struct amount *divisor,
                                      struct amount *ret_quotient);
MUST_USE enum status amount_div_ceil(const struct amount *a, const struct amount *divisor,
                                     struct amount *ret_quotient);
/* a * multiplier / divisor with a 512-bit product in between, rounded down or up.
 * STATUS_OVERFLOW: divisor zero or quotient above 2^256-1. */
MUST_USE enum status amount_scale_floor(const struct amount *a, const struct amount *multiplier,
                                        const struct amount *divisor, struct amount *ret_quotient);
MUST_USE enum status amount_scale_ceil(const struct amount *a, const struct amount *multiplier,
                                       const struct amount *divisor, struct amount *ret_quotient);

/* Big-endian 32 bytes, as chains and rows write it. */
struct amount amount_from_be(const uint8_t bytes[32]);
void amount_to_be(const struct amount *amount, uint8_t ret_bytes[32]);

/* Decimal digits only; no sign, no exponent, no leading blanks. STATUS_MALFORMED: anything else or
 * empty; STATUS_OVERFLOW: above 2^256-1. */
MUST_USE enum status amount_parse_decimal(struct bytes text, struct amount *ret_amount);
/* Writes decimal digits and a NUL; returns the number of digits. */
size_t amount_format_decimal(const struct amount *amount, char ret_text[AMOUNT_DECIMAL_BYTES_MAX]);
/* Writes units with `decimals` (at most 77) fractional digits, "12.500000"; returns the length. The
 * text needs up to AMOUNT_DECIMAL_BYTES_MAX + 2 bytes. */
size_t amount_format_units(const struct amount *amount, uint32_t decimals,
                           char ret_text[AMOUNT_DECIMAL_BYTES_MAX + 2]);
/* Nearest double, for the routing core and for plots alone; never money. */
double amount_to_double(const struct amount *amount);

#endif
