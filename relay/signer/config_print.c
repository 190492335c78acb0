/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/config_print.c: what is in force, as a custodian reads it. */
#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/signer/config.h"

static const char *mode_name(enum signer_mode mode)
{
    switch (mode) {
    case SIGNER_MODE_OBSERVE:
        return "observe: delivers messages and validates, moves no capital";
    case SIGNER_MODE_PROPOSE:
        return "propose: moves capital inside the bounds below when an approver signed the plan";
    case SIGNER_MODE_ACT:
        return "act: moves capital inside the bounds below";
    }
    check_failed(__FILE__, __LINE__, "a mode is one of the above");
}

static void print_address(const struct address *address, FILE *out)
{
    char digits[41];
    hex_encode(bytes_from(address->bytes + 12, 20), digits);
    (void)fprintf(out, "0x%s", digits);
}

static void print_amount(const char *label, const struct amount *amount, uint32_t decimals,
                         const char *unit, FILE *out)
{
    char text[AMOUNT_DECIMAL_BYTES_MAX + 2];
    (void)amount_format_units(amount, decimals, text);
    (void)fprintf(out, "%s%s %s\n", label, text, unit);
}

static void print_way(const struct policy_rule *rule, FILE *out)
{
    (void)fprintf(out, "    to domains:");
    for (uint32_t i = 0; i < rule->destinations_count; i++) {
        (void)fprintf(out, " %u", rule->destinations[i]);
    }
    if (!address_is_zero(&rule->guard)) {
        (void)fprintf(out, "\n    through the guard ");
        print_address(&rule->guard, out);
    }
    (void)fprintf(out, "\n    through bridges:");
    for (uint32_t i = 0; i < rule->bridges_count; i++) {
        (void)fprintf(out, " ");
        print_address(&rule->bridges[i], out);
    }
    (void)fprintf(out, "\n");
}

static void print_rule(const struct policy_rule *rule, FILE *out)
{
    (void)fprintf(out, "  may call %s of ", policy_function_text(rule));
    print_address(&rule->contract, out);
    (void)fprintf(out, "\n");
    if (!policy_moves(rule->leg)) {
        return;
    }
    if (!address_is_zero(&rule->token)) {
        (void)fprintf(out, "    of the token ");
        print_address(&rule->token, out);
        (void)fprintf(out, "\n");
    }
    if (rule->leg == LEG_REBALANCE || rule->leg == LEG_CROSSING) {
        print_way(rule, out);
    } else {
        (void)fprintf(out, "    its venues:");
        for (uint32_t i = 0; i < rule->venues_count; i++) {
            (void)fprintf(out, " %u", rule->venues[i]);
        }
        (void)fprintf(out, "\n");
    }
    print_amount("    one move at most: ", &rule->amount_max, 0, "base units", out);
    print_amount("    any hour at most: ", &rule->amount_per_hour_max, 0, "base units", out);
}

static void print_chain(const struct policy_chain *chain, FILE *out)
{
    (void)fprintf(out, "chain %s: domain %u, chain id %llu\n", chain->name, chain->domain,
                  (unsigned long long)chain->chain_id);
    (void)fprintf(out, "  gas limit at most: %llu\n", (unsigned long long)chain->gas_limit_max);
    print_amount("  fee per gas at most: ", &chain->fee_per_gas_max, 9, "gwei", out);
    print_amount("  value at most: ", &chain->value_max, 18, "ether", out);
    print_amount("  value and fees of any hour at most: ", &chain->spend_per_hour_max, 18, "ether",
                 out);
    for (uint32_t i = 0; i < chain->rules_count; i++) {
        print_rule(&chain->rules[i], out);
    }
    if (chain->validates) {
        (void)fprintf(out, "  validates merkle tree hook ");
        print_address(&chain->tree_hook, out);
        (void)fprintf(out, ", mailbox ");
        print_address(&chain->mailbox, out);
        (void)fprintf(out, "\n");
    }
}

static void print_place(const struct config_key *key, const struct key_place *place, FILE *out)
{
    switch (place->backend) {
    case KEY_IN_KEYSTORE:
        (void)fprintf(out, "keystore %s\n", key->keystore);
        return;
    case KEY_AT_WEB3SIGNER:
        print_address(&place->address, out);
        (void)fprintf(out, " at web3signer %s://%s%s\n", place->place.has_tls ? "https" : "http",
                      place->place.authority, place->place.path);
        return;
    case KEY_AT_KMS:
        print_address(&place->address, out);
        (void)fprintf(out, " at kms %s://%s as %s, credentials %s\n",
                      place->place.has_tls ? "https" : "http", place->place.authority,
                      place->kms.key_id, place->kms.credentials_file);
        return;
    case KEY_IN_TOKEN:
        print_address(&place->address, out);
        (void)fprintf(out, " in token %s by %s, PIN %s\n", place->token.token, place->token.module,
                      place->token.pin_file);
        return;
    }
    check_failed(__FILE__, __LINE__, "a key is in one of the places above");
}

void signer_config_print(const struct signer_config *config, FILE *out)
{
    (void)fprintf(out, "mode %s\n", mode_name(config->policy.mode));
    if (config->policy.has_mandate) {
        char digits[65];
        hex_encode(bytes_from(config->policy.mandate.bytes, 32), digits);
        (void)fprintf(out, "mandate 0x%s\n", digits);
    }
    for (uint32_t i = 0; i < config->policy.approvers_count; i++) {
        (void)fprintf(out, "approver ");
        print_address(&config->policy.approvers[i], out);
        (void)fprintf(out, "\n");
    }
    (void)fprintf(out, "socket %s\nstate %s\n", config->socket, config->state);
    for (uint32_t i = 0; i < config->keys_count; i++) {
        const struct config_key *key = &config->keys[i];
        const struct key_place *place = &config->places[i];
        (void)fprintf(out, "key %s:%s%s, ", key->name, key->chain ? " sends transactions" : "",
                      key->validator ? " signs checkpoints" : "");
        print_place(key, place, out);
    }
    for (uint32_t i = 0; i < config->policy.chains_count; i++) {
        print_chain(&config->policy.chains[i], out);
    }
}
