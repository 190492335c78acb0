/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice run --check`: the adapters' own questions to a new endpoint, without a driver. */
#include <stdio.h>

#include "relay/node/loop/loop.h"
#include "relay/node/loop/probe.h"
#include "relay/node/process/exit_codes.h"

#define CHECK_WAIT DURATION_MS(10000)

static int report(const struct node_config *config, const struct probe *probe)
{
    static const char *const words[] = {"no answer", "good", "wrong", "down"};
    int code = EXIT_DONE;
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        bool good = false;
        bool wrong = false;
        for (uint32_t j = 0; j < config->chains[i].endpoints_count; j++) {
            const struct probe_endpoint *endpoint = &probe->chains[i].endpoints[j];
            (void)printf("%-12s %-10s %s%s%s\n", config->core.chains[i].name,
                         words[endpoint->verdict], config->chains[i].endpoints[j],
                         endpoint->detail[0] == '\0' ? "" : ": ", endpoint->detail);
            good = good || endpoint->verdict == PROBE_GOOD;
            wrong = wrong || endpoint->verdict == PROBE_WRONG;
        }
        if (wrong) {
            code = EXIT_USAGE;
        } else if (!good && code == EXIT_DONE) {
            code = EXIT_UNREACHABLE;
        }
    }
    return code;
}

int loop_check(const struct node_config *config)
{
    const struct probe_options options = {.wait = CHECK_WAIT, .checks_only = true};
    struct probe *probe = NULL;
    const enum status status = probe_run(config, &options, &probe);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "sluice run: the chains cannot be set up: %s\n", status_name(status));
        return EXIT_USAGE;
    }
    const int code = report(config, probe);
    (void)probe_free(probe);
    return code;
}
