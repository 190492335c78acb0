/* SPDX-License-Identifier: Apache-2.0 */
/* relay/mandate/mandate.h: what the owner of the capital allows, from one YAML file.
 *
 * deploy/config/mandate.example.yaml shows every key. The file is read strictly (settings.h): each
 * error names its line and column. What it says is a set of lines, each with a path of names such
 * as "venues.alpha-usdc.cap" and one exact value as text: amounts are decimal base units, shares
 * are basis points, times nanoseconds. The mandate's hash is the SHA-256 of those lines as
 * canonical JSON (canonical.h), so comments, order and units of writing do not change it, and
 * nothing that means something can change without changing it.
 *
 * Each line says which way it is loosened and who enforces it, so that mandates can be compared
 * (change.h) and checked (check.h) line by line. The node and the signer each read the file.
 *
 * Threads: none. Memory: one block, owned by the caller from mandate_load to mandate_free. */
#ifndef SLUICE_RELAY_MANDATE_MANDATE_H
#define SLUICE_RELAY_MANDATE_MANDATE_H

#include "relay/base/limits.h"
#include "relay/settings/settings.h"

#define MANDATE_FORMAT            "sluice-mandate/1"
#define MANDATE_LINES_MAX         4096u
#define MANDATE_ENTRIES_MAX       128u /* of one section */
#define MANDATE_FIELDS_MAX        24u  /* of one entry */
#define MANDATE_PATH_BYTES_MAX    128u
#define MANDATE_VALUE_BYTES_MAX   128u
#define MANDATE_PEOPLE_MAX        16u
#define MANDATE_CANONICAL_MAX     (1u << 20)
#define MANDATE_WINDOW_OF_SIGNERS DURATION_MS(3600000)

enum mandate_section {
    MANDATE_ASSETS = 0,
    MANDATE_ISSUERS = 1,
    MANDATE_CHAINS = 2,
    MANDATE_VENUES = 3,
    MANDATE_BRIDGES = 4,
    MANDATE_LIMITS = 5, /* one entry, like the two below */
    MANDATE_CHANGE = 6,
    MANDATE_APPROVE = 7,
};
#define MANDATE_SECTIONS 8u

/* Which way a line is loosened. */
enum mandate_way {
    MANDATE_MOST = 0,  /* a ceiling: higher is looser, none is loosest */
    MANDATE_LEAST = 1, /* a floor: lower is looser, none is loosest */
    MANDATE_GRANT = 2, /* allows something by being there; another value is neither */
    MANDATE_FACT = 3,  /* says what something is; any change is neither */
};

enum mandate_type {
    MANDATE_NAME = 0, /* a word; a reference is one too */
    MANDATE_TEXT = 1,
    MANDATE_COUNT = 2,
    MANDATE_SHARE = 3,    /* basis points */
    MANDATE_AMOUNT = 4,   /* base units of the entry's asset, or of the first asset */
    MANDATE_NATIVE = 5,   /* wei */
    MANDATE_DURATION = 6, /* nanoseconds */
    MANDATE_ADDRESS = 7,
    MANDATE_HASH = 8,
    MANDATE_RATIO = 9, /* parts of 10,000 */
};

/* Bits of who enforces a line. */
#define MANDATE_BY_CORE     1u
#define MANDATE_BY_SIGNER   2u
#define MANDATE_BY_CONTRACT 4u
/* The signer, whose budgets run over an hour: where `limits.window` is at most that. */
#define MANDATE_BY_SIGNER_HOURLY 8u
/* Nothing to enforce: it names what other lines are about. */
#define MANDATE_BY_NATURE 16u
/* The signer, by what the plan states of its places: it sees no chain (relay/signer/shares.h). */
#define MANDATE_BY_STATED 32u

struct mandate_field {
    const char *key;
    enum mandate_type type;
    enum mandate_way way;
    uint32_t by;
};

/* Fields by section; a value of an entry is at its field's place. */
enum {
    ASSET_DECIMALS,
    ASSET_ISSUER,
    ASSET_PRICE,
    ASSET_PRICE_SECOND,
    ASSET_PRICE_AGE_MAX,
    ASSET_PRICE_DIVERGENCE_MAX,
    ASSET_DELTA_MAX,
    ASSET_DELTA_CALM,
    ASSET_VOLATILITY_CALM
};
enum { ISSUER_CAP_SHARE };
enum { CHAIN_DOMAIN, CHAIN_CAP_SHARE, CHAIN_FLOOR_SHARE, CHAIN_GAS_BUDGET };
enum {
    VENUE_KIND,
    VENUE_CHAIN,
    VENUE_ASSET,
    VENUE_ADDRESS,
    VENUE_TOKEN,
    VENUE_CODE_HASH,
    VENUE_WEIGHT,
    VENUE_CAP,
    VENUE_CAP_SHARE,
    VENUE_FLOOR,
    VENUE_FLOOR_SHARE,
    VENUE_BUFFER,
    VENUE_HEALTH_FLOOR,
    VENUE_GUARD,
    VENUE_SPOKE,
    VENUE_INDEX,
    VENUE_RECEIPT,
    VENUE_PRICE_SHOCK,
    VENUE_BUFFER_MAX,
    VENUE_ISSUER,
    VENUE_ROUND_INTERVAL,
    VENUE_REPORT_INTERVAL,
    VENUE_REPORT_FEE_MAX
};
enum { BRIDGE_KIND, BRIDGE_CHAIN, BRIDGE_ASSET, BRIDGE_ADDRESS, BRIDGE_VELOCITY };
enum {
    LIMIT_WINDOW,
    LIMIT_TOLERANCE,
    LIMIT_MOVE_MIN,
    LIMIT_MOVE_MAX,
    LIMIT_VELOCITY,
    LIMIT_FEE_MAX,
    LIMIT_FEE_NATIVE_MAX,
    LIMIT_FEE_BUDGET,
    LIMIT_MARGIN,
    LIMIT_COIN_PRICE,
    LIMIT_COOLDOWN,
    LIMIT_HORIZON
};
enum { CHANGE_DELAY, CHANGE_SIGNATURES };

struct mandate_value {
    bool given;
    struct amount number;               /* of every type that is one */
    struct address address;             /* MANDATE_ADDRESS, MANDATE_HASH */
    uint32_t line;                      /* in the file, from 1 */
    char text[MANDATE_VALUE_BYTES_MAX]; /* exact: the canonical value */
};

struct mandate_entry {
    char name[NAME_BYTES_MAX]; /* empty in the sections with one entry */
    uint32_t line;
    struct mandate_value values[MANDATE_FIELDS_MAX];
    /* Bridges: chains that may be sent to. Change and approve: people. */
    char list[CHAINS_MAX][MANDATE_VALUE_BYTES_MAX];
    uint32_t list_count;
};

struct mandate_entries {
    struct mandate_entry *entries;
    uint32_t count;
};

struct mandate {
    char name[NAME_BYTES_MAX];
    struct mandate_entries sections[MANDATE_SECTIONS];
    struct hash hash;
};

/* One thing that it says. */
struct mandate_line {
    char path[MANDATE_PATH_BYTES_MAX];
    const char *value;                  /* borrowed from the mandate */
    const struct mandate_value *number; /* NULL: no number */
    enum mandate_way way;
    enum mandate_type type;
    uint32_t by;
    uint32_t line;
};

struct mandate_lines {
    struct mandate_line *lines; /* by path, as bytes compare */
    uint32_t count;
};

/* Reads a file. STATUS_NOT_FOUND, STATUS_IO: it cannot be read. STATUS_MALFORMED: it is wrong and
 * `ret_error` says where. STATUS_NO_MEMORY. `ret_error` is set on every failure. */
MUST_USE enum status mandate_load(const char *path, struct mandate **ret_mandate,
                                  struct settings_error *ret_error);
/* The same from text; `name` stands for the path in errors. */
MUST_USE enum status mandate_parse(const char *name, struct bytes text,
                                   struct mandate **ret_mandate, struct settings_error *ret_error);
struct mandate *mandate_free(struct mandate *mandate); /* accepts NULL, returns NULL */

/* Every line; the caller ends them with mandate_lines_deinit. STATUS_NO_MEMORY. */
MUST_USE enum status mandate_lines_of(const struct mandate *mandate,
                                      struct mandate_lines *ret_lines);
void mandate_lines_deinit(struct mandate_lines *lines);
/* The canonical JSON that the hash is of. STATUS_FULL: it does not fit. STATUS_NO_MEMORY. */
MUST_USE enum status mandate_canonical(const struct mandate *mandate, struct buffer *buffer);

/* NULL: there is none. */
const struct mandate_entry *mandate_find(const struct mandate *mandate,
                                         enum mandate_section section, const char *name);
/* The entry of a section with one. */
const struct mandate_entry *mandate_only(const struct mandate *mandate,
                                         enum mandate_section section);

/* ---- the tables (fields.c) ---- */
const char *mandate_section_name(enum mandate_section section);
/* The fields of a section's entries; `*ret_count` of them. */
const struct mandate_field *mandate_fields(enum mandate_section section, uint32_t *ret_count);

#endif
