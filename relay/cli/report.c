/* SPDX-License-Identifier: Apache-2.0 */
/* sluice report: one page about a period, for a person. */
#include <string.h>

#include "relay/cli/cli.h"
#include "relay/cli/report_internal.h"

static int print_report(json_t *report, const char *format)
{
    if (strcmp(format, "json") == 0) {
        return cli_print_json(report);
    }
    const bool is_printed = strcmp(format, "html") == 0 ? report_print_html(stdout, report)
                                                        : report_print_text(stdout, report);
    json_decref(report);
    return is_printed && fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

static int make(const char *data, const struct report_period *period, const char *format)
{
    struct record_desk desk;
    json_t *report = NULL;
    int code = record_desk_open("report", data, &desk);

    if (code != EXIT_DONE) {
        return code;
    }
    if (desk.config_status != STATUS_OK && desk.config_status != STATUS_NOT_FOUND) {
        code = rows_view_failed("report", desk.config_status);
    } else if (desk.config_status == STATUS_NOT_FOUND) {
        cli_say("report", "the journal in %s is empty: the node has not started yet", data);
        code = EXIT_NEGATIVE;
    } else {
        code = rows_view_need_rows("report", &desk.view);
    }
    if (code == EXIT_DONE) {
        code = report_gather(&desk, period, &report);
    }
    record_desk_close(&desk);
    return code == EXIT_DONE ? print_report(report, format) : code;
}

int cli_report(int argc, char **argv)
{
    const char *config = NULL;
    const char *data = NULL;
    const char *from = NULL;
    const char *to = NULL;
    const char *format = "text";
    char found[PATH_MAX];
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    struct report_period period = {.to = {.ns = UINT64_MAX}};
    const struct cli_option options[] = {
        {.name = "--config", .value = &config}, {.name = "--data", .value = &data},
        {.name = "--from", .value = &from},     {.name = "--to", .value = &to},
        {.name = "--format", .value = &format}, {.name = NULL}};

    if (!cli_parse(argc, argv, options, 0, &arguments, &code)) {
        return code;
    }
    if ((from != NULL && !cli_time(from, &period.from)) ||
        (to != NULL && !cli_time(to, &period.to)) || period.from.ns >= period.to.ns) {
        cli_say("report", "--from and --to want 2026-11-23 or 2026-11-23T01:05:16Z, in this order");
        return EXIT_USAGE;
    }
    if (strcmp(format, "text") != 0 && strcmp(format, "html") != 0 && strcmp(format, "json") != 0) {
        cli_say("report", "--format is text, html or json, not '%s'", format);
        return EXIT_USAGE;
    }
    code = rows_view_find("report", config, data, found);
    return code == EXIT_DONE ? make(found, &period, format) : code;
}
