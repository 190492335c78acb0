/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/cli/config_import.h"
#include "relay/cli/version.h"
#include "relay/node/config/config.h"
#include "relay/node/loop/loop.h"
#include "relay/node/process/log.h"

#define FILES_MAX 16u

struct run_options {
    const char *path;   /* our configuration; NULL: the reference agents' */
    const char *key;    /* account that sends, for the latter */
    const char *signer; /* socket, likewise */
    bool check;
    bool debug;
    bool hyperlane; /* the reference agents' configuration */
    bool metrics;   /* their names beside ours */
};

/* Files that CONFIG_FILES names, as the reference agents read it, then those of the command line.
 * Points into `memory` and `arguments`. False: too many. */
static bool name_files(const struct cli_arguments *arguments, char *memory,
                       const char *ret_files[FILES_MAX], size_t *ret_count)
{
    size_t count = 0;
    char *at = memory;
    while (at != NULL && at[0] != '\0' && count < FILES_MAX) {
        char *comma = strchr(at, ',');
        ret_files[count++] = at;
        if (comma != NULL) {
            *comma++ = '\0';
        }
        at = comma;
    }
    for (size_t i = 0; i < arguments->count && count < FILES_MAX; i++) {
        ret_files[count++] = arguments->values[i];
    }
    *ret_count = count;
    return count < FILES_MAX;
}

/* The reference agents' files and environment as a configuration of ours, in memory. */
static int load_theirs(const struct run_options *options, const struct cli_arguments *arguments,
                       struct node_config **ret_config)
{
    const struct config_import import = {
        .verb = "run", .key = options->key, .signer = options->signer, .talk = stderr};
    const char *named = getenv("CONFIG_FILES");
    char *memory = named == NULL ? NULL : strdup(named);
    const char *files[FILES_MAX];
    size_t count = 0;
    char *text = NULL;
    size_t text_bytes = 0;
    FILE *out = open_memstream(&text, &text_bytes);
    struct settings_error error;
    int code = EXIT_TEMPORARY;
    if (out != NULL && !name_files(arguments, memory, files, &count)) {
        cli_say("run", "at most %u files", FILES_MAX - 1);
        code = EXIT_USAGE;
    } else if (out != NULL) {
        code = config_import(&import, files, count, out);
    }
    if (out != NULL && fclose(out) != 0) {
        code = EXIT_TEMPORARY;
    }
    if (code == EXIT_DONE && config_parse("imported configuration", bytes_from(text, text_bytes),
                                          ret_config, &error) != STATUS_OK) {
        cli_say("run", "%s ('sluice config import' shows it)", error.text);
        code = EXIT_USAGE;
    }
    free(text);
    free(memory);
    return code;
}

static int load_ours(const struct run_options *options, struct node_config **ret_config)
{
    struct settings_error error;
    if (options->path == NULL) {
        cli_say("run", "--config FILE is needed; deploy/config/sluice.example.yaml is one");
        return EXIT_USAGE;
    }
    if (config_import_has_environment()) {
        cli_say("run", "HYP_* in the environment is not read beside --config");
    }
    const enum status status = config_load(options->path, ret_config, &error);
    if (status != STATUS_OK) {
        cli_say("run", "%s", error.text);
        return status == STATUS_REFUSED ? EXIT_REFUSED : EXIT_USAGE;
    }
    return EXIT_DONE;
}

static int run(const struct run_options *options, const struct cli_arguments *arguments)
{
    struct node_config *config = NULL;
    int code =
        options->hyperlane ? load_theirs(options, arguments, &config) : load_ours(options, &config);
    if (code != EXIT_DONE) {
        return code;
    }
    CHECK(config != NULL);
    config->hyperlane_metrics = options->metrics || options->hyperlane;
    if (options->metrics && config->site_port == 0) {
        cli_say("run", "--hyperlane-metrics needs \"site\" in the configuration, which serves "
                       "/metrics");
        config_free(config);
        return EXIT_USAGE;
    }
    if (options->debug) {
        log_set_level(LOG_DEBUG);
    }
    code = options->check ? loop_check(config) : loop_run(config, SLUICE_BUILD_ID);
    config_free(config);
    return code;
}

int cli_run(int argc, char **argv)
{
    struct run_options run_options = {0};
    const struct cli_option options[] = {
        {.name = "--config", .value = &run_options.path},
        {.name = "--key", .value = &run_options.key},
        {.name = "--signer", .value = &run_options.signer},
        {.name = "--hyperlane", .flag = &run_options.hyperlane},
        {.name = "--hyperlane-metrics", .flag = &run_options.metrics},
        {.name = "--check", .flag = &run_options.check},
        {.name = "--debug", .flag = &run_options.debug},
        {.name = NULL},
    };
    struct cli_arguments arguments;
    int code = EXIT_USAGE;
    if (!cli_parse(argc, argv, options, FILES_MAX, &arguments, &code)) {
        return code;
    }
    if (run_options.hyperlane && run_options.path != NULL) {
        cli_say("run", "--config is our configuration and --hyperlane theirs: say one of the two");
        return EXIT_USAGE;
    }
    if (!run_options.hyperlane &&
        (arguments.count > 0 || run_options.key != NULL || run_options.signer != NULL)) {
        cli_say("run", "files, --key and --signer go with --hyperlane");
        return EXIT_USAGE;
    }
    return run(&run_options, &arguments);
}
