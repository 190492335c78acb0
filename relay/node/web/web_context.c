/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/web/web_context.h"

struct lws_context *web_context_new(const struct web_context_options *options,
                                    struct lws_vhost **ret_vhost)
{
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .pt_serv_buf_size = options->service_bytes,
        .fd_limit_per_thread = options->files_max,
        .connect_timeout_secs = options->connect_s,
        .pprotocols = (const struct lws_protocols **)(uintptr_t)options->protocols,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   (options->library_has_tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
        .client_ssl_ca_filepath =
            options->tls_ca == NULL || options->tls_ca[0] == '\0' ? NULL : options->tls_ca,
        .gid = -1,
        .uid = -1,
    };
    struct lws_context *const context = lws_create_context(&info);

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
