/* SPDX-License-Identifier: Apache-2.0 */
/* How each endpoint does, for Prometheus; numbered as in the configuration. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "relay/node/site/site_internal.h"

/* What the adapter counts of an endpoint since the start (chains/chain.h). */
static const struct {
    const char *name;
    const char *help;
    size_t at;
} families[] = {
    {"sluice_endpoint_calls_total", "Questions to the endpoint.",
     offsetof(struct chain_endpoint, calls_sent)},
    {"sluice_endpoint_errors_total", "Of them, answered by an error.",
     offsetof(struct chain_endpoint, errors)},
    {"sluice_endpoint_silences_total", "Of them, not answered in time.",
     offsetof(struct chain_endpoint, silences)},
    {"sluice_endpoint_dissents_total", "Answers that the others contradicted.",
     offsetof(struct chain_endpoint, dissents)},
    {"sluice_endpoint_foreign_logs_total",
     "Logs of contracts that it was not asked about; nothing comes of them.",
     offsetof(struct chain_endpoint, foreign_logs)},
};

static void count(struct exposition *out, const struct core_chain *chain, uint32_t endpoint_index,
                  uint64_t value)
{
    char number[16];

    (void)snprintf(number, sizeof(number), "%u", endpoint_index);
    const struct exposition_label list[] = {
        {.name = "chain", .value = bytes_from_string(chain->name)},
        {.name = "endpoint", .value = bytes_from_string(number)}};
    exposition_count(out, (struct exposition_labels){list, 2}, value);
}

void site_write_endpoints(const struct site *site, struct exposition *out)
{
    const struct node_config *config = site->options.config;

    exposition_family(
        out, EXPOSITION_GAUGE, "sluice_endpoint_up",
        "1: the endpoint answers and serves the chain; numbered as in the configuration.");
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        for (uint32_t j = 0; j < config->chains[i].endpoints_count; j++) {
            const struct site_endpoint *endpoint = &site->live.endpoints[i][j];
            count(out, &config->core.chains[i], j, endpoint->is_up && !endpoint->is_bad ? 1 : 0);
        }
    }
    exposition_family(out, EXPOSITION_GAUGE, "sluice_endpoint_penalty",
                      "What speaks against the endpoint; the one with the least is asked first.");
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        for (uint32_t j = 0; j < config->chains[i].endpoints_count; j++) {
            count(out, &config->core.chains[i], j, site->live.endpoints[i][j].seen.penalty);
        }
    }
    for (size_t family = 0; family < sizeof(families) / sizeof(families[0]); family++) {
        exposition_family(out, EXPOSITION_COUNTER, families[family].name, families[family].help);
        for (uint32_t i = 0; i < config->core.chains_count; i++) {
            for (uint32_t j = 0; j < config->chains[i].endpoints_count; j++) {
                const struct chain_endpoint *seen = &site->live.endpoints[i][j].seen;
                uint64_t value = 0;
                memcpy(&value, (const uint8_t *)seen + families[family].at, sizeof(value));
                count(out, &config->core.chains[i], j, value);
            }
        }
    }
}
