/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/loop/loop_context.h"

#include <string.h>

#include "relay/node/process/clock.h"
#include "relay/node/process/log.h"
#include "relay/node/web/web_client.h"
#include "relay/node/web/web_context.h"

#define SERVICE_BYTES     65536u
#define CONNECT_TIMEOUT_S 5
#define FILES_OPEN_MAX    (CHAINS_MAX * ENDPOINTS_PER_CHAIN_MAX * WEB_CONNECTIONS_PER_HOST + 64u)

static void library_log(int level, const char *text)
{
    struct log_line line;
    (void)level;
    log_begin(&line, LOG_DEBUG, "websockets");
    log_text(&line, "text", bytes_from(text, strcspn(text, "\n")));
    log_end(&line);
}

static bool config_has_tls(const struct node_config *config)
{
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        for (uint32_t j = 0; j < config->chains[i].endpoints_count; j++) {
            if (strncmp(config->chains[i].endpoints[j], "wss:", 4) == 0) {
                return true;
            }
        }
    }
    return false;
}

struct lws_context *loop_context_new(const struct node_config *config,
                                     const struct lws_protocols *const *protocols,
                                     struct lws_vhost **ret_vhost)
{
    const struct web_context_options options = {
        .protocols = protocols,
        .files_max = FILES_OPEN_MAX,
        .service_bytes = SERVICE_BYTES,
        .connect_s = CONNECT_TIMEOUT_S,
        .library_has_tls = config_has_tls(config),
        .tls_ca = config->tls_ca,
    };

    lws_set_log_level(LLL_ERR | LLL_WARN, library_log);
    return web_context_new(&options, ret_vhost);
}
