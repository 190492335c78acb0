/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/config/config.h"

#include <string.h>

#include "relay/cli/cli.h"
#include "relay/cli/config_import.h"

static int refuse(enum status status, const struct settings_error *error)
{
    cli_say("config", "%s", error->text);
    return status == STATUS_REFUSED ? EXIT_REFUSED : EXIT_USAGE;
}

static int end_output(void)
{
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

static int check(const char *path, const struct config_showing *showing)
{
    struct node_config *config = NULL;
    struct settings_error error;
    const enum status status = config_load(path, &config, &error);

    if (status != STATUS_OK) {
        return refuse(status, &error);
    }
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        if (config->chains[i].quorum == 1) {
            cli_say("config", "chain %s: one endpoint decides alone; what it says is not compared",
                    config->core.chains[i].name);
        }
    }
    if (showing->is_json) {
        config_print_json(config, stdout);
    } else {
        config_print(config, stdout);
    }
    config_free(config);
    return end_output();
}

static int show(const char *path, const struct config_showing *showing)
{
    struct settings_error error;
    const enum status status = config_show(path, showing, stdout, &error);

    return status == STATUS_OK ? end_output() : refuse(status, &error);
}

int cli_config(int argc, char **argv)
{
    struct config_showing showing = {.is_effective = false};
    const char *key = NULL;
    const struct cli_option options[] = {{.name = "--json", .flag = &showing.is_json},
                                         {.name = "--effective", .flag = &showing.is_effective},
                                         {.name = "--origin", .flag = &showing.has_origin},
                                         {.name = "--key", .value = &key},
                                         {.name = NULL}};
    struct cli_arguments arguments;
    int code = EXIT_USAGE;
    if (!cli_parse(argc, argv, options, CLI_ARGUMENTS_MAX, &arguments, &code)) {
        return code;
    }
    if (arguments.count > 1 && strcmp(arguments.values[0], "import") == 0) {
        const struct config_import import = {.verb = "config", .key = key, .talk = stderr};
        return config_import(&import, arguments.values + 1, arguments.count - 1, stdout);
    }
    if (arguments.count == 2 && strcmp(arguments.values[0], "check") == 0) {
        return check(arguments.values[1], &showing);
    }
    if (arguments.count == 2 && strcmp(arguments.values[0], "show") == 0) {
        return show(arguments.values[1], &showing);
    }
    cli_say("config", "say 'sluice config check FILE', 'sluice config show FILE' or "
                      "'sluice config import JSON...'");
    return EXIT_USAGE;
}
