/* SPDX-License-Identifier: Apache-2.0 */
/* relay/settings/settings.h: YAML files for people: strict, with the place of every error.
 *
 * A file is checked against a libcyaml schema twice: once here on the parsed document, because only
 * the document knows the line and column of each node and which known key is nearest to a misspelt
 * one, and once by libcyaml, which fills the caller's structs. All scalars are read as text; the
 * parsers below turn text into quantities and demand units. Used by the node's and the signer's
 * configuration.
 *
 * Threads: none. Memory: settings own the document; the caller owns what libcyaml filled and gives
 * it back with settings_release. */
#ifndef SLUICE_RELAY_SETTINGS_SETTINGS_H
#define SLUICE_RELAY_SETTINGS_SETTINGS_H

#include <cyaml/cyaml.h>

#include "relay/base/amount.h"
#include "relay/base/bytes.h"
#include "relay/base/instant.h"

#define SETTINGS_FILE_BYTES_MAX (1u << 20)

/* One line for people: "node.yaml:12:5: ...". */
struct settings_error {
    char text[640];
};

struct settings; /* a parsed file */

/* Reads and checks `path` against `schema` (a mapping, pointer flag set) and fills `*ret_data`.
 * Without a schema (NULL) a file of any shape is read, nothing is filled, and `ret_data` is NULL.
 * Aliases, duplicate keys, unknown keys, missing keys and wrong shapes are errors.
 * STATUS_NOT_FOUND, STATUS_IO: the file cannot be read. STATUS_MALFORMED: `ret_error` says where.
 */
MUST_USE enum status settings_load(const char *path, const cyaml_schema_value_t *schema,
                                   struct settings **ret_settings, void **ret_data,
                                   struct settings_error *ret_error);
/* The same from text in memory (copied); `name` stands for the path in errors. */
MUST_USE enum status settings_parse(const char *name, struct bytes text,
                                    const cyaml_schema_value_t *schema,
                                    struct settings **ret_settings, void **ret_data,
                                    struct settings_error *ret_error);
/* Frees what libcyaml filled (may be NULL) and the settings (may be NULL). */
void settings_release(struct settings *settings, const cyaml_schema_value_t *schema, void *data);

/* Writes "file:line:column: message" for the node at `where`, a path such as "chains[1].mailbox";
 * the nearest existing parent is named when the node does not exist. */
void settings_fail(const struct settings *settings, struct settings_error *ret_error,
                   const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The scalar at `where`, such as "rpcUrls[0].http", as text; NULL: there is none. Borrowed. */
const char *settings_scalar(const struct settings *settings, const char *where);
/* Is there anything at `where`? */
bool settings_has(const struct settings *settings, const char *where);
/* The line and the column, from 1, of what settings_fail would name. */
void settings_place(const struct settings *settings, const char *where, uint32_t *ret_line,
                    uint32_t *ret_column);

/* ---- quantities; STATUS_MALFORMED: not of the form; STATUS_OVERFLOW: out of range ---- */
/* Decimal digits. */
MUST_USE enum status settings_parse_u64(const char *text, uint64_t *ret_value);
/* A number and a unit: "250ms", "3 s", "5 min", "2 h". */
MUST_USE enum status settings_parse_duration(const char *text, struct duration *ret_duration);
/* A share: "2.5 %" or "250 bps", to a hundredth of a percent, at most 100 %. */
MUST_USE enum status settings_parse_share(const char *text, struct bps *ret_share);
/* A number with at most `decimals` fractional digits and the unit `unit`: "100.5 USDC" in units of
 * 10^-decimals. */
MUST_USE enum status settings_parse_amount(const char *text, const char *unit, uint32_t decimals,
                                           struct amount *ret_amount);
/* A fee or native amount with the unit wei, gwei or ether. */
MUST_USE enum status settings_parse_native(const char *text, struct amount *ret_amount);
/* 20 or 32 bytes in hexadecimal with 0x; mixed case of 20 bytes must carry the EIP-55 checksum
 * (STATUS_CORRUPT: it does not, a digit is probably mistyped). */
MUST_USE enum status settings_parse_address(const char *text, struct address *ret_address);

/* "2026-11-23" (its beginning), "2026-11-23T01:05:16Z", with a fraction of a second or without;
 * between 1970 and 2500. */
MUST_USE enum status settings_parse_time(const char *text, struct instant *ret_at);

#endif
