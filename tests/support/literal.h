/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/literal.h: values as tests write them.
 *
 * A literal that cannot be read stops the test: it is a mistake in the test. */
#ifndef SLUICE_TESTS_SUPPORT_LITERAL_H
#define SLUICE_TESTS_SUPPORT_LITERAL_H

#include "relay/base/amount.h"
#include "relay/base/bytes.h"
#include "relay/base/signature.h"

struct hash hash_of(const char *hex);         /* 64 digits, with or without 0x */
struct address address_of(const char *hex);   /* 40 or 64 digits */
struct amount amount_of(const char *decimal); /* digits alone */
struct hash hash_filled(uint8_t byte);        /* 32 times the byte */
struct address evm_filled(uint8_t byte);      /* 20 times the byte, left-padded */

/* A test key: 32 times the byte as the secret, signed deterministically (RFC 6979). */
struct address test_key_address(uint8_t byte);
struct signature test_key_sign(uint8_t byte, const struct hash *digest);

#endif
