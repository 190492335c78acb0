/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/look.h"

#define SECONDS_DEFAULT 20u
#define SECONDS_MAX     600u

bool look_load(struct look *look, const char *verb, const char *path, int *ret_code)
{
    struct settings_error error;

    if (path == NULL) {
        cli_say(verb, "--config FILE is needed; deploy/config/sluice.example.yaml is one");
        return false;
    }
    const enum status status = config_load(path, &look->config, &error);
    if (status != STATUS_OK) {
        cli_say(verb, "%s", error.text);
        *ret_code = status == STATUS_REFUSED ? EXIT_REFUSED : EXIT_USAGE;
        return false;
    }
    return true;
}

bool look_parse(int argc, char **argv, size_t arguments_max, struct cli_arguments *ret_arguments,
                struct look *ret_look, int *ret_code)
{
    const char *path = NULL;
    const char *seconds = NULL;
    struct look look = {.seconds = SECONDS_DEFAULT};
    const struct cli_option options[] = {{.name = "--config", .value = &path},
                                         {.name = "--seconds", .value = &seconds},
                                         {.name = "--json", .flag = &look.json},
                                         {.name = NULL}};

    *ret_code = EXIT_USAGE;
    if (!cli_parse(argc, argv, options, arguments_max, ret_arguments, ret_code)) {
        return false;
    }
    if (seconds != NULL &&
        (!cli_count(seconds, &look.seconds) || look.seconds == 0 || look.seconds > SECONDS_MAX)) {
        cli_say(argv[0], "--seconds must be a whole number from 1 to %u", SECONDS_MAX);
        return false;
    }
    if (!look_load(&look, argv[0], path, ret_code)) {
        return false;
    }
    *ret_look = look;
    return true;
}

bool look_run(struct look *look, const char *verb, int *ret_code)
{
    const struct probe_options options = {.wait = DURATION_MS(look->seconds * 1000)};

    cli_say(verb, "looking at %u chains for up to %llu s", look->config->core.chains_count,
            (unsigned long long)look->seconds);
    const enum status status = probe_run(look->config, &options, &look->probe);
    if (status != STATUS_OK) {
        cli_say(verb, "the chains cannot be set up: %s", status_name(status));
        *ret_code = EXIT_USAGE;
        look_end(look);
        return false;
    }
    return true;
}

void look_end(struct look *look)
{
    look->probe = probe_free(look->probe);
    look->config = config_free(look->config);
}

uint32_t look_count(const struct probe_chain *chain, uint32_t endpoints_count,
                    enum probe_verdict verdict)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < endpoints_count; i++) {
        count += chain->endpoints[i].verdict == verdict ? 1 : 0;
    }
    return count;
}
