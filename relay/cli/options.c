/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/nearest.h"
#include "relay/cli/cli.h"

#define OPTIONS_MAX 64u

void cli_say(const char *verb, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "sluice %s: %s\n", verb, text);
}

static const struct cli_verb *find_verb(const char *name)
{
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        if (strcmp(verb->name, name) == 0) {
            return verb;
        }
    }
    return NULL;
}

static void print_usage(const char *name)
{
    const struct cli_verb *verb = find_verb(name);
    CHECK(verb != NULL);
    (void)printf("%s\n\n%s", verb->summary, verb->usage);
}

/* The option called by `text`, which may carry "=VALUE"; NULL: none. */
static const struct cli_option *find_option(const struct cli_option *options, const char *text)
{
    const size_t count = strcspn(text, "=");
    for (const struct cli_option *option = options; option->name != NULL; option++) {
        if (strlen(option->name) == count && strncmp(option->name, text, count) == 0) {
            return option;
        }
    }
    return NULL;
}

static void say_unknown(const char *verb, const struct cli_option *options, const char *text)
{
    const char *names[OPTIONS_MAX];
    size_t count = 0;

    for (const struct cli_option *option = options; option->name != NULL; option++) {
        CHECK(count < OPTIONS_MAX);
        names[count++] = option->name;
    }
    const char *nearest = nearest_word(text, names, count);
    cli_say(verb, "unknown option '%s'%s%s%s; see 'sluice %s --help'", text,
            nearest == NULL ? "" : "; did you mean '", nearest == NULL ? "" : nearest,
            nearest == NULL ? "" : "'?", verb);
}

/* True: taken; `*index` stands at the last word used. */
static bool take_option(const char *verb, const struct cli_option *options, int argc, char **argv,
                        int *index)
{
    const char *text = argv[*index];
    const struct cli_option *option = find_option(options, text);
    const char *equals = strchr(text, '=');
    if (option == NULL) {
        say_unknown(verb, options, text);
        return false;
    }
    if (option->value == NULL) {
        if (equals != NULL) {
            cli_say(verb, "%s takes no value", option->name);
            return false;
        }
        *option->flag = true;
        return true;
    }
    if (equals != NULL) {
        *option->value = equals + 1;
        return true;
    }
    if (*index + 1 >= argc) {
        cli_say(verb, "%s needs a value", option->name);
        return false;
    }
    (*index)++;
    *option->value = argv[*index];
    return true;
}

bool cli_parse(int argc, char **argv, const struct cli_option *options, size_t arguments_max,
               struct cli_arguments *ret_arguments, int *ret_code)
{
    const char *verb = argv[0];
    struct cli_arguments arguments = {.count = 0};
    bool options_ended = false;
    CHECK(arguments_max <= CLI_ARGUMENTS_MAX);
    for (int i = 1; i < argc; i++) {
        const char *text = argv[i];
        if (!options_ended && (strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0)) {
            print_usage(verb);
            *ret_code = EXIT_DONE;
            return false;
        }
        if (!options_ended && strcmp(text, "--") == 0) {
            options_ended = true;
            continue;
        }
        if (!options_ended && text[0] == '-' && text[1] != '\0') {
            if (!take_option(verb, options, argc, argv, &i)) {
                *ret_code = EXIT_USAGE;
                return false;
            }
            continue;
        }
        if (arguments.count == arguments_max) {
            cli_say(verb, "'%s' is one word too many; see 'sluice %s --help'", text, verb);
            *ret_code = EXIT_USAGE;
            return false;
        }
        arguments.values[arguments.count] = text;
        arguments.count++;
    }
    *ret_arguments = arguments;
    return true;
}
