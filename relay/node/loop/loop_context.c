/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/loop/loop_context.h"

#include <string.h>
#include <time.h>

#include "relay/base/check.h"
#include "relay/node/process/log.h"
#include "relay/node/web/web_client.h"

#define SERVICE_BYTES     65536u /* read from a socket at once */
#define CONNECT_TIMEOUT_S 5
#define FILES_OPEN_MAX    (CHAINS_MAX * ENDPOINTS_PER_CHAIN_MAX * WEB_CONNECTIONS_PER_HOST + 64u)

struct instant loop_now(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return (struct instant){.ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec};
}

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
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .pt_serv_buf_size = SERVICE_BYTES,
        /* Without it the library sets memory aside for every file a process may open. */
        .fd_limit_per_thread = FILES_OPEN_MAX,
        .connect_timeout_secs = CONNECT_TIMEOUT_S,
        .pprotocols = (const struct lws_protocols **)(uintptr_t)protocols,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .gid = -1,
        .uid = -1,
    };
    /* Reading the system's certificates takes tens of milliseconds; only wss needs them. */
    if (config_has_tls(config)) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    }
    if (config->tls_ca[0] != '\0') {
        info.client_ssl_ca_filepath = config->tls_ca; /* besides the system's */
    }
    lws_set_log_level(LLL_ERR | LLL_WARN, library_log);
    struct lws_context *context = lws_create_context(&info);
    if (context == NULL) {
        return NULL;
    }
    *ret_vhost = lws_create_vhost(context, &info);
    if (*ret_vhost == NULL) {
        lws_context_destroy(context);
        return NULL;
    }
    return context;
}

uint64_t loop_monotonic_ns(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
