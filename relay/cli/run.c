/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/cli.h"
#include "relay/cli/version.h"
#include "relay/node/config.h"
#include "relay/node/log.h"
#include "relay/node/loop.h"

int cli_run(int argc, char **argv)
{
    const char *path = NULL;
    bool check = false;
    bool debug = false;
    const struct cli_option options[] = {
        {.name = "--config", .value = &path},
        {.name = "--check", .flag = &check},
        {.name = "--debug", .flag = &debug},
        {.name = NULL},
    };
    struct cli_arguments arguments;
    int code = EXIT_USAGE;
    if (!cli_parse(argc, argv, options, 0, &arguments, &code)) {
        return code;
    }
    if (path == NULL) {
        cli_say("run", "--config FILE is needed; deploy/config/sluice.example.yaml is one");
        return EXIT_USAGE;
    }
    struct node_config *config = NULL;
    struct settings_error error;
    const enum status status = config_load(path, &config, &error);
    if (status != STATUS_OK) {
        cli_say("run", "%s", error.text);
        return status == STATUS_REFUSED ? EXIT_REFUSED : EXIT_USAGE;
    }
    if (debug) {
        log_set_level(LOG_DEBUG);
    }
    code = check ? loop_check(config) : loop_run(config, SLUICE_BUILD_ID);
    config_free(config);
    return code;
}
