/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/report_internal.h: the parts of `sluice report`: report_gather.c makes one JSON
 * document, report_print.c prints it. */
#ifndef SLUICE_RELAY_CLI_REPORT_INTERNAL_H
#define SLUICE_RELAY_CLI_REPORT_INTERNAL_H

#include <jansson.h>
#include <stdio.h>

#include "relay/cli/journal/record_desk.h"

struct report_period {
    struct instant from; /* not before */
    struct instant to;   /* before */
};

/* EXIT_DONE: `*ret_report` is the caller's. Else what is wrong was told. */
int report_gather(struct record_desk *desk, const struct report_period *period,
                  json_t **ret_report);

/* False: it cannot be written. */
bool report_print_text(FILE *stream, const json_t *report);
bool report_print_html(FILE *stream, const json_t *report);

#endif
