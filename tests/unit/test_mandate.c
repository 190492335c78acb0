/* SPDX-License-Identifier: Apache-2.0 */
/* The mandate: canonical JSON by the RFC's own examples, a strict reader, what contradicts itself,
 * what a change loosens, and which change is taken. */
#include "tests/support/unit.h"

#include <secp256k1_recovery.h>
#include <stdio.h>
#include <stdlib.h>

#include "relay/base/hex.h"
#include "relay/mandate/accept.h"
#include "relay/mandate/canonical.h"
#include "relay/mandate/check.h"
#include "tests/support/folder.h"

#define TEXT_BYTES 16384u
#define NOW_S      UINT64_C(1790000000)

/* ---- canonical JSON ---- */

static struct canonical_member member(const char *key, const char *value)
{
    return (struct canonical_member){bytes_from_string(key), bytes_from_string(value)};
}

/* RFC 8785, section 3.2.3: sorted by UTF-16 code units, which is not the order of UTF-8. */
static void members_are_sorted_as_the_rfc_sorts(void **state)
{
    (void)state;
    struct canonical_member members[] = {
        member("\xe2\x82\xac", "Euro Sign"),
        member("\r", "Carriage Return"),
        member("\xef\xac\xb3", "Hebrew Letter Dalet With Dagesh"),
        member("1", "One"),
        member("\xf0\x9f\x98\x80", "Emoji: Grinning Face"),
        member("\xc2\x80", "Control"),
        member("\xc3\xb6", "Latin Small Letter O With Diaeresis"),
    };
    static const char expected[] =
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
        "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
        "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
        "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}";
    uint8_t memory[512];
    struct buffer buffer = buffer_from(memory, sizeof(memory));

    assert_status(STATUS_OK, canonical_object(members, 7, &buffer));
    assert_true(bytes_equal(buffer_bytes(&buffer), bytes_from_string(expected)));
}

/* RFC 8785, section 3.2.2: the string of its example. */
static void strings_are_escaped_as_the_rfc_escapes(void **state)
{
    (void)state;
    struct canonical_member one = member("string", "\xe2\x82\xac$\x0f\nA'B\"\\\\\"/");
    static const char expected[] = "{\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
    uint8_t memory[128];
    struct buffer buffer = buffer_from(memory, sizeof(memory));

    assert_status(STATUS_OK, canonical_object(&one, 1, &buffer));
    assert_true(bytes_equal(buffer_bytes(&buffer), bytes_from_string(expected)));
    one = member("\b\t\f\r\x01\x1f\x0b", "\x7f");
    buffer.count = 0;
    assert_status(STATUS_OK, canonical_object(&one, 1, &buffer));
    assert_true(bytes_equal(buffer_bytes(&buffer),
                            bytes_from_string("{\"\\b\\t\\f\\r\\u0001\\u001f\\u000b\":\"\x7f\"}")));
}

static void what_is_no_text_or_does_not_fit_is_told(void **state)
{
    (void)state;
    static const char *const wrong[] = {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                        "\xff",     "\xe2\x82",     "\x80",
                                        "\xc3",     "\xe0\x80\x80"};
    uint8_t memory[16];

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct canonical_member as_key = member(wrong[i], "");
        struct canonical_member as_value = member("", wrong[i]);
        struct buffer buffer = buffer_from(memory, sizeof(memory));
        assert_status(STATUS_MALFORMED, canonical_object(&as_key, 1, &buffer));
        assert_status(STATUS_MALFORMED, canonical_object(&as_value, 1, &buffer));
    }
    struct canonical_member two[2] = {member("a", "1"), member("a", "2")};
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    assert_status(STATUS_MALFORMED, canonical_object(two, 2, &buffer));
    for (size_t capacity = 0; capacity < 9; capacity++) {
        buffer = buffer_from(memory, capacity);
        assert_status(STATUS_FULL, canonical_object(two, 1, &buffer));
    }
    buffer = buffer_from(memory, 9);
    assert_status(STATUS_OK, canonical_object(two, 1, &buffer));
}

/* ---- mandates ---- */

/* The people who sign: secrets of 32 bytes of 1, 2 and 3. */
static struct signature signature_make(uint8_t secret, const struct hash *digest)
{
    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN);
    secp256k1_ecdsa_recoverable_signature made;
    struct signature signature;
    uint8_t key[32];
    int id = 0;

    assert_non_null(context);
    memset(key, secret, sizeof(key));
    assert_int_equal(
        secp256k1_ecdsa_sign_recoverable(context, &made, digest->bytes, key, NULL, NULL), 1);
    assert_int_equal(secp256k1_ecdsa_recoverable_signature_serialize_compact(
                         context, signature.bytes, &id, &made),
                     1);
    signature.bytes[64] = (uint8_t)(27 + id);
    secp256k1_context_destroy(context);
    return signature;
}

static void signer_address(uint8_t secret, char ret_text[43])
{
    const struct hash digest = {{7}};
    const struct signature signature = signature_make(secret, &digest);
    struct address address;

    assert_status(STATUS_OK, signature_recover(&digest, &signature, &address));
    memcpy(ret_text, "0x", 2);
    hex_encode(bytes_from(address.bytes + 12, 20), ret_text + 2);
}

static void sign(uint8_t secret, const struct hash *digest, char ret_line[2 + 130 + 2])
{
    const struct signature signature = signature_make(secret, digest);

    memcpy(ret_line, "0x", 2);
    hex_encode(bytes_from(signature.bytes, sizeof(signature.bytes)), ret_line + 2);
    memcpy(ret_line + 132, "\n", 2);
}

static const char base_text[] = "format: sluice-mandate/1\n"
                                "name: test\n"
                                "assets:\n"
                                "  - {symbol: USDC, decimals: 6}\n"
                                "chains:\n"
                                "  - {name: alpha, domain: 1}\n"
                                "  - {name: beta, domain: 2}\n"
                                "venues:\n"
                                "  - name: va\n"
                                "    kind: warp-route\n"
                                "    chain: alpha\n"
                                "    asset: USDC\n"
                                "    address: '0x6666666666666666666666666666666666666601'\n"
                                "    token: '0x6666666666666666666666666666666666666602'\n"
                                "    weight: 60 %\n"
                                "    cap_share: 75 %\n"
                                "    floor: 5 USDC\n"
                                "  - name: vb\n"
                                "    kind: warp-route\n"
                                "    chain: beta\n"
                                "    asset: USDC\n"
                                "    address: '0x7777777777777777777777777777777777777701'\n"
                                "    token: '0x7777777777777777777777777777777777777702'\n"
                                "    weight: 40 %\n"
                                "bridges:\n"
                                "  - name: ab\n"
                                "    kind: warp-route\n"
                                "    chain: alpha\n"
                                "    asset: USDC\n"
                                "    address: '0x6666666666666666666666666666666666666603'\n"
                                "    to: [beta]\n"
                                "limits:\n"
                                "  window: 1 h\n"
                                "  tolerance: 5 %\n"
                                "  move_min: 10 USDC\n"
                                "  move_max: 1000 USDC\n"
                                "  velocity: 5000 USDC\n"
                                "  fee_max: 0.1 %\n"
                                "  fee_native_max: 0.01 ether\n"
                                "  margin: 50 %\n"
                                "  cooldown: 60 s\n"
                                "change:\n"
                                "  delay: 2 h\n"
                                "  signatures: 2\n"
                                "  signers: [@1, @2, @3]\n";

#define FEED_ONE "0x8888888888888888888888888888888888888801"
#define FEED_TWO "0x8888888888888888888888888888888888888802"
#define PRICED(one, two)                                                                           \
    "decimals: 6, price: '" one "', price_second: '" two                                           \
    "', price_age_max: 1 h, price_divergence_max: 1 %}"

/* Appends with the people's addresses in place of "@1" to "@3". */
static size_t text_append(char ret_text[TEXT_BYTES], size_t used, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text[i] == '@') {
            char address[43];
            signer_address((uint8_t)(text[++i] - '0'), address);
            used += (size_t)snprintf(ret_text + used, TEXT_BYTES - used, "'%s'", address);
        } else {
            ret_text[used++] = text[i];
        }
    }
    ret_text[used] = '\0';
    return used;
}

/* The text with `from` replaced by `to`, unless it is NULL. */
static void text_make(const char *from, const char *to, char ret_text[TEXT_BYTES])
{
    const char *at = from == NULL ? base_text : strstr(base_text, from);
    size_t used = 0;

    assert_non_null(at);
    used = text_append(ret_text, used, base_text, (size_t)(at - base_text));
    if (from != NULL) {
        used = text_append(ret_text, used, to, strlen(to));
        at += strlen(from);
    }
    (void)text_append(ret_text, used, at, strlen(at));
}

static struct mandate *mandate_of(const char *from, const char *to)
{
    char text[TEXT_BYTES];
    struct mandate *mandate = NULL;
    struct settings_error error;

    text_make(from, to, text);
    if (mandate_parse("m.yaml", bytes_from_string(text), &mandate, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    return mandate;
}

/* What is meant counts, not how it is written. */
static void the_hash_is_of_what_was_meant(void **state)
{
    (void)state;
    static const char *const alike[][2] = {
        {"name: test\n", "# a comment\nname: 'test'\n"},
        {"cap_share: 75 %", "cap_share: 7500 bps"},
        {"window: 1 h", "window: 60 min"},
        {"floor: 5 USDC", "floor: 5.000 USDC"},
        {"  - {name: alpha, domain: 1}\n  - {name: beta, domain: 2}\n",
         "  - {name: beta, domain: 2}\n  - {domain: 1, name: alpha}\n"},
    };
    static const char *const different[][2] = {
        {"cap_share: 75 %", "cap_share: 74.99 %"},
        {"floor: 5 USDC", "floor: 5.000001 USDC"},
        {"name: test\n", "name: Test\n"},
        {"to: [beta]", "to: [beta, gamma]"},
        {"    floor: 5 USDC\n", ""},
        {"signers: [@1, @2, @3]", "signers: ['0x6666666666666666666666666666666666666601']"},
    };
    struct mandate *base = mandate_of(NULL, NULL);

    for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
        struct mandate *other = mandate_of(alike[i][0], alike[i][1]);
        assert_true(hash_equal(&base->hash, &other->hash));
        assert_null(mandate_free(other));
    }
    for (size_t i = 0; i < sizeof(different) / sizeof(different[0]); i++) {
        struct mandate *other = mandate_of(different[i][0], different[i][1]);
        assert_false(hash_equal(&base->hash, &other->hash));
        assert_null(mandate_free(other));
    }
    assert_null(mandate_free(base));
}

static void what_cannot_be_read_is_told_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        const char *words;
    } cases[] = {
        {"format: sluice-mandate/1", "format: sluice-mandate/2", "m.yaml:1:9: \"format\" must be"},
        {"name: test", "name: a.b", "m.yaml:2:7: \"name\" must be a word"},
        {"decimals: 6", "decimals: 37", "m.yaml:4:30: \"decimals\" must be at most 36"},
        {"cap_share: 75 %", "cap_share: 75", "m.yaml:16:16: \"cap_share\" must be a share"},
        {"floor: 5 USDC", "floor: 5 USDT", "m.yaml:17:12: \"floor\" must be an amount such as"},
        {"floor: 5 USDC", "floor: 0.0000001 USDC", "\"floor\" must be an amount"},
        {"floor: 5 USDC", "roof: 5 USDC", "m.yaml:17:5: unknown key \"roof\""},
        {"    asset: USDC\n", "    asset: EURC\n",
         "is an amount of an asset that \"assets\" lacks"},
        {"666601'", "66660'", "\"address\" must be an address"},
        {"name: vb", "name: va", "is the name of an earlier entry, on line 9"},
        {"to: [beta]", "to: [beta, beta]", "\"to[1]\" is in the list twice"},
        {"window: 1 h", "window: 1", "\"window\" must be a time"},
        {"  margin: 50 %\n", "", "\"margin\" is missing here"},
        {"delay: 2 h", "delay: soon", "\"delay\" must be a time"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[TEXT_BYTES];
        struct mandate *mandate = NULL;
        struct settings_error error;
        text_make(cases[i].from, cases[i].to, text);
        assert_status(STATUS_MALFORMED,
                      mandate_parse("m.yaml", bytes_from_string(text), &mandate, &error));
        if (strstr(error.text, cases[i].words) == NULL) {
            fail_msg("'%s' is not in '%s'", cases[i].words, error.text);
        }
    }
}

static const struct {
    const char *from;
    const char *to;
    uint32_t line;
    const char *words;
} contradictions[] = {
    {"chain: alpha", "chain: gamma", 11, "va: \"gamma\" is none of \"chains\""},
    {"kind: warp-route", "kind: bank", 10, "\"kind\" must be warp-route"},
    {"weight: 60 %", "weight: 70 %", 24, "add up to 110.00 %"},
    {"cap_share: 75 %", "cap_share: 50 %", 16, "\"cap_share\" is below \"weight\" (line 15)"},
    {"floor: 5 USDC", "floor: 5 USDC\n    cap: 4 USDC", 18, "\"cap\" is below \"floor\""},
    {"floor: 5 USDC", "floor_share: 61 %", 15, "\"weight\" is below \"floor_share\""},
    {"floor: 5 USDC", "price_shock: 10 %", 17, "belongs to a \"health_floor\""},
    {"decimals: 6}", "decimals: 6, price: 'chainlink:alpha:" FEED_ONE "'}", 4,
     "a price needs \"price\", \"price_second\""},
    {"decimals: 6}", PRICED("chainlink:alpha:" FEED_ONE, "chainlink:alpha:" FEED_ONE), 4,
     "is \"price\" again (line 4)"},
    {"decimals: 6}", PRICED("chainlink:" FEED_ONE, "chainlink:alpha:" FEED_TWO), 4,
     "is no chainlink:CHAIN:0xADDRESS"},
    {"decimals: 6}", PRICED("chainlink:alpha:0x12", "chainlink:alpha:" FEED_TWO), 4,
     "is no chainlink:CHAIN:0xADDRESS"},
    {"decimals: 6}", PRICED("pyth:alpha:" FEED_ONE, "chainlink:alpha:" FEED_TWO), 4,
     "is no chainlink:CHAIN:0xADDRESS"},
    {"decimals: 6}", PRICED("chainlink:gamma:" FEED_ONE, "chainlink:alpha:" FEED_TWO), 4,
     "\"gamma\" is none of \"chains\""},
    {"decimals: 6}", "decimals: 6, delta_calm: 5 USDC}", 4, "widens up to a \"delta_max\""},
    {"decimals: 6}", "decimals: 6, delta_max: 4 USDC, delta_calm: 5 USDC}", 4,
     "\"delta_max\" is below \"delta_calm\""},
    {"decimals: 6}", "decimals: 6, delta_max: 9 USDC, delta_calm: 5 USDC}", 4,
     "widens above a \"volatility_calm\""},
    {"decimals: 6}", "decimals: 6, volatility_calm: 2 %}", 4, "is about a \"price\""},
    {"floor: 5 USDC", "buffer_max: 9 USDC", 17, "belongs to the \"buffer\" of a spoke"},
    {"floor: 5 USDC", "buffer_max: 9 USDC", 17, "needs a \"volatility_calm\" of \"USDC\""},
    {"floor: 5 USDC", "buffer: 9 USDC\n    buffer_max: 8 USDC", 18,
     "\"buffer_max\" is below \"buffer\""},
    {"floor: 5 USDC", "health_floor: 1.2", 17, "\"health_floor\" belongs to aave-v3"},
    {"    asset: USDC\n    address: '0x7777777777777777777777777777777777777701'",
     "    asset: USDC\n    cap_share: 5 %\n    address: "
     "'0x7777777777777777777777777777777777777701'",
     25, "\"cap_share\" of its venues add up to less than 100 %"},
    {"chain: beta", "chain: alpha", 18, "another"},
    {"domain: 1}", "domain: 1, cap_share: 59 %}", 6,
     "va: \"cap_share of its chain\" is below \"weight\" (line 15)"},
    {"domain: 1}\n  - {name: beta, domain: 2}",
     "domain: 1, floor_share: 60 %}\n  - {name: beta, domain: 2, floor_share: 41 %}", 6,
     "chains: their \"floor_share\" add up to more than 100 %"},
    {"domain: 1}\n  - {name: beta, domain: 2}",
     "domain: 1, cap_share: 60 %}\n  - {name: beta, domain: 2, cap_share: 39 %}", 6,
     "chains: their \"cap_share\" add up to less than 100 %"},
    {"floor: 5 USDC", "issuer: lender", 17, "va: \"lender\" is none of \"issuers\""},
    {"floor: 5 USDC", "issuer: lender", 17, "\"issuer\" belongs to vaults and pools alone"},
    {"domain: 2", "domain: 1", 7, "has the domain of \"alpha\" (line 6)"},
    {"'0x6666666666666666666666666666666666666603'", "'0x6666666666666666666666666666666666666601'",
     26, "is the venue \"va\" itself"},
    {"to: [beta]", "to: [alpha]", 26, "which is no other chain"},
    {"to: [beta]", "to: [beta]\n    velocity: 1 USDC", 32, "is below \"limits.move_min\""},
    {"move_max: 1000 USDC", "move_max: 9 USDC", 36, "\"move_max\" is below \"move_min\""},
    {"velocity: 5000 USDC", "velocity: 1 USDC", 37, "\"velocity\" is below"},
    {"window: 1 h", "window: 0 s", 33, "bounds nothing"},
    {"signatures: 2", "signatures: 1", 44, "must be 2 at least"},
    {"signatures: 2", "signatures: 4", 44, "which are 3"},
};

static void contradictions_are_found_with_their_line(void **state)
{
    (void)state;
    struct mandate *good = mandate_of(NULL, NULL);
    struct mandate_findings findings;

    mandate_check(good, &findings);
    assert_int_equal(findings.count, 0);
    assert_null(mandate_free(good));
    for (size_t i = 0; i < sizeof(contradictions) / sizeof(contradictions[0]); i++) {
        struct mandate *mandate = mandate_of(contradictions[i].from, contradictions[i].to);
        bool found = false;
        mandate_check(mandate, &findings);
        for (uint32_t k = 0; k < findings.count; k++) {
            found = found || (findings.list[k].line == contradictions[i].line &&
                              strstr(findings.list[k].text, contradictions[i].words) != NULL);
        }
        if (!found) {
            fail_msg("line %u '%s' is not found; first: %u '%s'", contradictions[i].line,
                     contradictions[i].words, findings.list[0].line,
                     findings.count == 0 ? "" : findings.list[0].text);
        }
        assert_null(mandate_free(mandate));
    }
}

static uint32_t by_of(const struct mandate *mandate, const char *path)
{
    struct mandate_lines lines;
    uint32_t by = UINT32_MAX;

    assert_status(STATUS_OK, mandate_lines_of(mandate, &lines));
    for (uint32_t i = 0; i < lines.count; i++) {
        if (strcmp(lines.lines[i].path, path) == 0) {
            by = mandate_enforcers(mandate, &lines.lines[i]);
        }
    }
    mandate_lines_deinit(&lines);
    return by;
}

static void every_line_says_who_enforces_it(void **state)
{
    (void)state;
    struct mandate *mandate = mandate_of("to: [beta]", "to: [beta]\n    velocity: 100 USDC");

    assert_int_equal(by_of(mandate, "venues.va.cap_share"), MANDATE_BY_CORE | MANDATE_BY_STATED);
    assert_int_equal(by_of(mandate, "limits.move_max"), MANDATE_BY_CORE | MANDATE_BY_SIGNER);
    assert_int_equal(by_of(mandate, "bridges.ab.velocity"), MANDATE_BY_SIGNER);
    assert_null(mandate_free(mandate));
    mandate = mandate_of("window: 1 h", "window: 2 h");
    assert_null(mandate_free(mandate));
    mandate = mandate_of("to: [beta]\nlimits:\n  window: 1 h",
                         "to: [beta]\n    velocity: 100 USDC\nlimits:\n  window: 2 h");
    assert_int_equal(by_of(mandate, "bridges.ab.velocity"), 0); /* the signer's hour is no two */
    assert_null(mandate_free(mandate));
    mandate =
        mandate_of("decimals: 6}", PRICED("chainlink:alpha:" FEED_ONE, "chainlink:beta:" FEED_ONE));
    assert_int_equal(by_of(mandate, "assets.USDC.price"), MANDATE_BY_CORE);
    assert_int_equal(by_of(mandate, "assets.USDC.price_divergence_max"), MANDATE_BY_CORE);
    assert_null(mandate_free(mandate));
    mandate = mandate_of("kind: warp-route", "kind: aave-v3\n    health_floor: 1.25");
    assert_int_equal(by_of(mandate, "venues.va.health_floor"),
                     MANDATE_BY_CORE | MANDATE_BY_CONTRACT);
    assert_null(mandate_free(mandate));
    mandate = mandate_of("kind: warp-route", "kind: uniswap-v3");
    assert_int_equal(by_of(mandate, "venues.va"), 0);
    assert_null(mandate_free(mandate));
}

static bool is_found(const struct mandate_findings *findings, const char *words)
{
    bool found = false;

    for (uint32_t i = 0; i < findings->count; i++) {
        found = found || strstr(findings->list[i].text, words) != NULL;
    }
    return found;
}

static void a_hub_needs_its_bounds_and_nobody_else_has_them(void **state)
{
    (void)state;
    struct mandate *mandate = mandate_of("kind: warp-route", "kind: hub");
    struct mandate_findings findings;

    mandate_check(mandate, &findings);
    assert_true(is_found(&findings, "needs \"round_interval\""));
    assert_null(mandate_free(mandate));
    mandate = mandate_of("floor: 5 USDC", "round_interval: 1 h");
    mandate_check(mandate, &findings);
    assert_true(is_found(&findings, "belong to a hub alone"));
    assert_null(mandate_free(mandate));
}

/* With a guard on every router that moves, the contracts hold what they see of it; without one
 * there is a warning, and none for a router that only receives. */
static void guards_enforce_and_their_absence_is_told(void **state)
{
    (void)state;
    const uint32_t contract = MANDATE_BY_CONTRACT;
    struct mandate_findings warnings;
    struct mandate *mandate = mandate_of(NULL, NULL);

    mandate_warn(mandate, &warnings);
    assert_int_equal(warnings.count, 1);
    assert_non_null(strstr(warnings.list[0].text, "va: has no \"guard\""));
    assert_int_equal(by_of(mandate, "limits.fee_native_max") & contract, 0);
    assert_null(mandate_free(mandate));
    mandate = mandate_of("    cap_share: 75 %",
                         "    guard: '0x6666666666666666666666666666666666666609'");
    mandate_warn(mandate, &warnings);
    assert_int_equal(warnings.count, 0);
    assert_int_equal(by_of(mandate, "limits.fee_native_max") & contract, contract);
    assert_int_equal(by_of(mandate, "bridges.ab.address") & contract, contract);
    assert_int_equal(by_of(mandate, "venues.va.address") & contract, contract);
    assert_int_equal(by_of(mandate, "venues.vb.address") & contract, 0);
    assert_int_equal(by_of(mandate, "limits.margin") & contract, 0);
    assert_null(mandate_free(mandate));
    mandate = mandate_of("kind: warp-route", "kind: spoke\n    guard: "
                                             "'0x6666666666666666666666666666666666666609'");
    mandate_check(mandate, &warnings);
    assert_true(is_found(&warnings, "\"guard\" belongs to a warp-route alone"));
    assert_null(mandate_free(mandate));
}

#define SPOKE_TEXT                                                                                 \
    "  - name: sa\n    kind: spoke\n    chain: alpha\n    asset: USDC\n"                           \
    "    address: '0x6666666666666666666666666666666666666604'\n"                                  \
    "    token: '0x6666666666666666666666666666666666666602'\n    buffer: 5 USDC\n"
#define GUARD_TEXT "    guard: '0x6666666666666666666666666666666666666609'\n"
#define VAULT_TEXT(chain, more)                                                                    \
    "  - name: ea\n    kind: erc4626\n    chain: " chain "\n    asset: USDC\n"                     \
    "    address: '0x6666666666666666666666666666666666666605'\n"                                  \
    "    token: '0x6666666666666666666666666666666666666602'\n" more

#define SECOND_TEXT                                                                                \
    "  - name: eb\n    kind: erc4626\n    chain: alpha\n    asset: USDC\n"                         \
    "    address: '0x6666666666666666666666666666666666666606'\n"                                  \
    "    token: '0x6666666666666666666666666666666666666602'\n    spoke: sa\n    index: 1\n"

#define RESERVE_TEXT(name, asset, index, more)                                                     \
    "  - name: " name "\n    kind: aave-v3\n    chain: alpha\n    asset: " asset "\n"              \
    "    address: '0x6666666666666666666666666666666666666607'\n"                                  \
    "    token: '0x6666666666666666666666666666666666666602'\n    spoke: sa\n    index: " index    \
    "\n" more
#define RECEIPT "    receipt: '0x6666666666666666666666666666666666666608'\n"

/* A vault is reached through a spoke of its own chain and asset, by a place of its own. */
static void spokes_and_what_they_reach_must_fit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {SPOKE_TEXT "    weight: 1 %\n", "\"weight\" belongs to a warp-route alone"},
        {SPOKE_TEXT "    spoke: va\n    index: 0\n", "belong to vaults and pools alone"},
        {SPOKE_TEXT VAULT_TEXT("alpha", "    index: 0\n"), "ea: needs \"spoke\""},
        {SPOKE_TEXT VAULT_TEXT("alpha", "    spoke: sa\n"), "ea: needs \"spoke\""},
        {SPOKE_TEXT VAULT_TEXT("alpha", "    spoke: va\n    index: 0\n"), "no venue of kind spoke"},
        {SPOKE_TEXT VAULT_TEXT("alpha", "    spoke: sb\n    index: 0\n"), "no venue of kind spoke"},
        {SPOKE_TEXT VAULT_TEXT("beta", "    spoke: sa\n    index: 0\n"), "is on another chain"},
        {SPOKE_TEXT VAULT_TEXT("alpha", "    spoke: sa\n    index: 1\n") SECOND_TEXT,
         "has the place of \"ea\""},
        {SPOKE_TEXT RESERVE_TEXT("ra", "USDC", "0", ""), "ra: needs \"receipt\""},
        {SPOKE_TEXT VAULT_TEXT("alpha", "    spoke: sa\n    index: 0\n" RECEIPT),
         "\"receipt\" belongs to aave-v3 alone"},
        {SPOKE_TEXT RESERVE_TEXT("ra", "USDC", "0", RECEIPT)
             RESERVE_TEXT("rb", "USDC", "1", RECEIPT),
         "rb: has the address of \"ra\""},
        {NULL, NULL},
    };
    struct mandate_findings findings;
    char text[4096];

    for (size_t i = 0; cases[i].words != NULL; i++) {
        (void)snprintf(text, sizeof(text), "%sbridges:\n", cases[i].text);
        struct mandate *mandate = mandate_of("bridges:\n", text);
        mandate_check(mandate, &findings);
        if (!is_found(&findings, cases[i].words)) {
            fail_msg("'%s' is not found; first: '%s'", cases[i].words,
                     findings.count == 0 ? "" : findings.list[0].text);
        }
        assert_null(mandate_free(mandate));
    }
    struct mandate *mandate = mandate_of("    weight: 60 %\n", "");
    mandate_check(mandate, &findings);
    assert_true(is_found(&findings, "va: needs a \"weight\""));
    assert_null(mandate_free(mandate));
}

static void what_spokes_hold_says_who_enforces_it(void **state)
{
    (void)state;
    const uint32_t all = MANDATE_BY_CORE | MANDATE_BY_SIGNER | MANDATE_BY_CONTRACT;
    struct mandate_findings findings;
    struct mandate *mandate = mandate_of(
        "bridges:\n",
        SPOKE_TEXT "    cap: 10 USDC\n" VAULT_TEXT(
            "alpha",
            "    spoke: sa\n    index: 1\n    cap: 9 USDC\n    cap_share: 5 %\n"
            "    code_hash: "
            "'0x1111111111111111111111111111111111111111111111111111111111111111'\n") "bridges:\n");

    mandate_check(mandate, &findings);
    assert_int_equal(findings.count, 0);
    assert_int_equal(by_of(mandate, "venues.sa.address"), all);
    assert_int_equal(by_of(mandate, "venues.sa.buffer"),
                     MANDATE_BY_CORE | MANDATE_BY_STATED | MANDATE_BY_CONTRACT);
    assert_int_equal(by_of(mandate, "venues.sa.cap"), MANDATE_BY_CORE | MANDATE_BY_STATED);
    assert_int_equal(by_of(mandate, "venues.ea"), MANDATE_BY_NATURE);
    assert_int_equal(by_of(mandate, "venues.ea.index"), all);
    assert_int_equal(by_of(mandate, "venues.ea.cap"),
                     MANDATE_BY_CORE | MANDATE_BY_STATED | MANDATE_BY_CONTRACT);
    assert_int_equal(by_of(mandate, "venues.ea.code_hash"), MANDATE_BY_CORE | MANDATE_BY_CONTRACT);
    assert_int_equal(by_of(mandate, "venues.ea.cap_share"), MANDATE_BY_CORE | MANDATE_BY_STATED);
    assert_null(mandate_free(mandate));
    /* A guard waits between what it moves, a spoke for nothing: then no contract holds that. */
    mandate = mandate_of("    cap_share: 75 %\n    floor: 5 USDC\n", GUARD_TEXT);
    assert_int_equal(by_of(mandate, "limits.cooldown"), MANDATE_BY_CORE | MANDATE_BY_CONTRACT);
    assert_null(mandate_free(mandate));
    mandate = mandate_of("    cap_share: 75 %\n    floor: 5 USDC\n", GUARD_TEXT SPOKE_TEXT);
    assert_int_equal(by_of(mandate, "limits.cooldown"), MANDATE_BY_CORE);
    assert_null(mandate_free(mandate));
    mandate =
        mandate_of("bridges:\n", SPOKE_TEXT RESERVE_TEXT("ra", "USDC", "0", RECEIPT) "bridges:\n");
    mandate_check(mandate, &findings);
    assert_int_equal(findings.count, 0);
    assert_int_equal(by_of(mandate, "venues.ra.receipt"), MANDATE_BY_CORE | MANDATE_BY_CONTRACT);
    assert_null(mandate_free(mandate));
}

/* Shares of chains and issuers are the node's; one of an asset's issuer nobody's, for no move of
 * the asset changes it. */
static void shares_of_chains_and_issuers_say_who_enforces_them(void **state)
{
    (void)state;
    struct mandate_findings findings;
    struct mandate *mandate =
        mandate_of("chains:\n  - {name: alpha, domain: 1}\n",
                   "issuers: [{name: lender, cap_share: 40 %}]\n"
                   "chains:\n  - {name: alpha, domain: 1, cap_share: 80 %, floor_share: 20 %}\n");

    mandate_check(mandate, &findings);
    assert_true(is_found(&findings, "lender: no venue and no asset is of this issuer"));
    assert_int_equal(findings.count, 1);
    assert_int_equal(by_of(mandate, "chains.alpha.cap_share"), MANDATE_BY_CORE | MANDATE_BY_STATED);
    assert_int_equal(by_of(mandate, "chains.alpha.floor_share"),
                     MANDATE_BY_CORE | MANDATE_BY_STATED);
    assert_int_equal(by_of(mandate, "issuers.lender.cap_share"),
                     MANDATE_BY_CORE | MANDATE_BY_STATED);
    assert_null(mandate_free(mandate));
    mandate = mandate_of("  - {symbol: USDC, decimals: 6}\n",
                         "  - {symbol: USDC, decimals: 6, issuer: mint}\n"
                         "issuers: [{name: mint, cap_share: 40 %}]\n");
    mandate_check(mandate, &findings);
    assert_int_equal(findings.count, 0);
    assert_int_equal(by_of(mandate, "issuers.mint.cap_share"), 0);
    assert_null(mandate_free(mandate));
}

/* ---- changes ---- */

static void each_change_tightens_loosens_or_neither(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        enum mandate_effect effect;
    } cases[] = {
        {"cap_share: 75 %", "cap_share: 74 %", MANDATE_TIGHTER},
        {"cap_share: 75 %", "cap_share: 76 %", MANDATE_LOOSER},
        {"    cap_share: 75 %\n", "", MANDATE_LOOSER},
        {"    cap_share: 75 %\n", "    cap_share: 75 %\n    cap: 900 USDC\n", MANDATE_TIGHTER},
        {"floor: 5 USDC", "floor: 6 USDC", MANDATE_TIGHTER},
        {"floor: 5 USDC", "floor: 4 USDC", MANDATE_LOOSER},
        {"to: [beta]", "to: [beta, gamma]", MANDATE_LOOSER},
        {"  - {name: beta, domain: 2}\n",
         "  - {name: beta, domain: 2}\n  - {name: gamma, domain: 3, gas_budget: 1 ether}\n",
         MANDATE_LOOSER},
        {"  - {name: beta, domain: 2}\n", "", MANDATE_TIGHTER},
        {"weight: 60 %", "weight: 50 %", MANDATE_OTHER},
        {"666601'", "666609'", MANDATE_OTHER},
        {"delay: 2 h", "delay: 1 h", MANDATE_LOOSER},
        {"signatures: 2", "signatures: 3", MANDATE_TIGHTER},
        {"signers: [@1, @2, @3]", "signers: [@1, @2]", MANDATE_OTHER},
        {"cooldown: 60 s", "cooldown: 59 s", MANDATE_LOOSER},
        {"margin: 50 %", "margin: 51 %", MANDATE_TIGHTER},
        {"velocity: 5000 USDC", "velocity: 5001 USDC", MANDATE_LOOSER},
        {"decimals: 6", "decimals: 7", MANDATE_OTHER},
    };
    struct mandate *base = mandate_of(NULL, NULL);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mandate *other = mandate_of(cases[i].from, cases[i].to);
        struct mandate_change change;
        assert_status(STATUS_OK, mandate_compare(base, other, &change));
        assert_true(change.count > 0);
        for (uint32_t k = 0; k < change.count; k++) {
            if (change.differences[k].effect != cases[i].effect) {
                fail_msg("'%s' to '%s' is %s", cases[i].from, cases[i].to,
                         mandate_effect_name(change.differences[k].effect));
            }
        }
        assert_int_equal(change.only_tightens, cases[i].effect == MANDATE_TIGHTER);
        mandate_change_deinit(&change);
        assert_null(mandate_free(other));
    }
    struct mandate_change none;
    assert_status(STATUS_OK, mandate_compare(base, base, &none));
    assert_int_equal(none.count, 0);
    assert_true(none.only_tightens);
    mandate_change_deinit(&none);
    assert_null(mandate_free(base));
}

struct place {
    struct folder folder;
    char file[320];
    char signatures[384];
};

static void text_put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
}

static void offer(const struct place *place, const char *from, const char *to)
{
    char text[TEXT_BYTES];

    text_make(from, to, text);
    text_put(place->file, text);
}

static enum mandate_verdict verdict_at(const struct place *place, uint64_t now_s,
                                       struct hash *ret_in_force)
{
    struct mandate_acceptance acceptance;
    struct mandate_acceptance looked;
    struct settings_error error;

    assert_status(STATUS_OK, mandate_accept(place->folder.path, place->file, now_s, MANDATE_LOOK,
                                            &looked, &error));
    assert_status(STATUS_OK, mandate_accept(place->folder.path, place->file, now_s, MANDATE_TAKE,
                                            &acceptance, &error));
    assert_int_equal(looked.verdict, acceptance.verdict);
    assert_true(hash_equal(&looked.mandate->hash, &acceptance.mandate->hash));
    *ret_in_force = acceptance.mandate->hash;
    assert_null(mandate_free(looked.mandate));
    assert_null(mandate_free(acceptance.mandate));
    return acceptance.verdict;
}

/* The whole life: the first, a tighter one, a looser one without signatures, with one, with the
 * same one twice, with a stranger's, with two, and after its delay. */
static void loosening_needs_two_signatures_and_a_delay(void **state)
{
    (void)state;
    struct place place;
    struct hash first;
    struct hash tight;
    struct hash hash;
    char lines[3][136];
    char text[512];

    place.folder = folder_make();
    (void)snprintf(place.file, sizeof(place.file), "%s/offered.yaml", place.folder.path);
    (void)snprintf(place.signatures, sizeof(place.signatures), "%s.signatures", place.file);
    offer(&place, NULL, NULL);
    assert_int_equal(verdict_at(&place, NOW_S, &first), MANDATE_FIRST);
    assert_int_equal(verdict_at(&place, NOW_S, &hash), MANDATE_SAME);
    offer(&place, "cap_share: 75 %", "cap_share: 70 %");
    assert_int_equal(verdict_at(&place, NOW_S, &tight), MANDATE_TIGHTENED);
    assert_false(hash_equal(&first, &tight));

    offer(&place, "cap_share: 75 %", "cap_share: 80 %");
    struct mandate *wanted = mandate_of("cap_share: 75 %", "cap_share: 80 %");
    const struct hash digest = mandate_change_digest(&tight, &wanted->hash);
    sign(1, &digest, lines[0]);
    sign(2, &digest, lines[1]);
    sign(9, &digest, lines[2]);
    assert_int_equal(verdict_at(&place, NOW_S, &hash), MANDATE_UNSIGNED);
    assert_true(hash_equal(&hash, &tight));
    (void)snprintf(text, sizeof(text), "%s%s%s", lines[0], lines[0], lines[2]);
    text_put(place.signatures, text);
    assert_int_equal(verdict_at(&place, NOW_S + 10, &hash), MANDATE_UNSIGNED);
    (void)snprintf(text, sizeof(text), "%s%snot a signature\n%s", lines[0], lines[2], lines[1]);
    text_put(place.signatures, text);
    assert_int_equal(verdict_at(&place, NOW_S + 100, &hash), MANDATE_WAITING);
    assert_int_equal(verdict_at(&place, NOW_S + 100 + 7199, &hash), MANDATE_WAITING);
    assert_true(hash_equal(&hash, &tight));
    assert_int_equal(verdict_at(&place, NOW_S + 100 + 7200, &hash), MANDATE_LOOSENED);
    assert_true(hash_equal(&hash, &wanted->hash));
    assert_int_equal(verdict_at(&place, NOW_S + 7301, &hash), MANDATE_SAME);

    /* Signatures are for one change: back and forth needs new ones. */
    offer(&place, "cap_share: 75 %", "cap_share: 81 %");
    assert_int_equal(verdict_at(&place, NOW_S + 99999, &hash), MANDATE_UNSIGNED);
    assert_true(hash_equal(&hash, &wanted->hash));
    assert_null(mandate_free(wanted));
    folder_remove(&place.folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_sorted_as_the_rfc_sorts),
        cmocka_unit_test(strings_are_escaped_as_the_rfc_escapes),
        cmocka_unit_test(what_is_no_text_or_does_not_fit_is_told),
        cmocka_unit_test(the_hash_is_of_what_was_meant),
        cmocka_unit_test(what_cannot_be_read_is_told_with_its_place),
        cmocka_unit_test(contradictions_are_found_with_their_line),
        cmocka_unit_test(every_line_says_who_enforces_it),
        cmocka_unit_test(a_hub_needs_its_bounds_and_nobody_else_has_them),
        cmocka_unit_test(guards_enforce_and_their_absence_is_told),
        cmocka_unit_test(spokes_and_what_they_reach_must_fit),
        cmocka_unit_test(what_spokes_hold_says_who_enforces_it),
        cmocka_unit_test(shares_of_chains_and_issuers_say_who_enforces_them),
        cmocka_unit_test(each_change_tightens_loosens_or_neither),
        cmocka_unit_test(loosening_needs_two_signatures_and_a_delay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
