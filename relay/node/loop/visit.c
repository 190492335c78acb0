/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/loop/visit.h"

#include "relay/node/loop/loop_context.h"
#include "relay/node/web/web_client.h"

enum status visit_open(struct visit *visit, const struct node_config *config,
                       const struct transport_handler *handler)
{
    static const struct lws_protocols *const protocols[] = {&transport_protocol,
                                                            &web_client_protocol, NULL};
    struct lws_vhost *vhost = NULL;

    visit->context = loop_context_new(config, protocols, &vhost);
    if (visit->context == NULL) {
        return STATUS_NO_MEMORY;
    }
    visit->transport = transport_new(visit->context, vhost, config, handler);
    return visit->transport == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

static void timer_fired(lws_sorted_usec_list_t *timer)
{
    (void)timer; /* its only work is to end the wait */
}

bool visit_wait(struct visit *visit, lws_usec_t most_us)
{
    lws_sul_schedule(visit->context, 0, &visit->timer, timer_fired, most_us);
    if (lws_service(visit->context, 0) < 0) {
        return false;
    }
    transport_take_addresses(visit->transport);
    return true;
}

void visit_close(struct visit *visit)
{
    if (visit->transport != NULL) {
        transport_stop(visit->transport);
    }
    if (visit->context != NULL) {
        lws_context_destroy(visit->context);
    }
    visit->transport = transport_free(visit->transport);
}
