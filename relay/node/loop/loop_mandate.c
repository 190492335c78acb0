/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/loop/loop_mandate.c: at the start, with the data folder held: the mandate that was
 * read becomes the one that is kept, and what is said of it goes to the log. */

#include "relay/mandate/accept.h"
#include "relay/node/loop/loop_internal.h"
#include "relay/node/process/clock.h"
#include "relay/node/process/exit_codes.h"
#include "relay/node/process/log.h"

static enum log_level level_of(enum mandate_verdict verdict)
{
    switch (verdict) {
    case MANDATE_FIRST:
    case MANDATE_SAME:
    case MANDATE_TIGHTENED:
        return LOG_INFO;
    case MANDATE_LOOSENED:
    case MANDATE_UNSIGNED:
    case MANDATE_WAITING:
        break;
    }
    return LOG_WARN;
}

int loop_take_mandate(const struct loop *loop)
{
    const struct node_config *config = loop->config;
    struct mandate_acceptance acceptance;
    struct settings_error error;
    struct log_line line;

    if (config->mandate[0] == '\0') {
        return EXIT_DONE;
    }
    const enum status status = mandate_accept(config->data, config->mandate, clock_now_s(),
                                              MANDATE_TAKE, &acceptance, &error);
    const bool is_it =
        status == STATUS_OK && hash_equal(&acceptance.mandate->hash, &config->core.route.mandate);
    log_begin(&line, is_it ? level_of(acceptance.verdict) : LOG_ERROR, "mandate");
    if (status == STATUS_OK) {
        log_hash(&line, "in_force", &acceptance.mandate->hash);
        log_hash(&line, "offered", &acceptance.offered);
        log_string(&line, "what", is_it ? acceptance.text : "it changed while the node started");
        (void)mandate_free(acceptance.mandate);
    } else {
        log_string(&line, "what", error.text);
    }
    log_end(&line);
    return is_it ? EXIT_DONE : status == STATUS_MALFORMED ? EXIT_USAGE : EXIT_TEMPORARY;
}
