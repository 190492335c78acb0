/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides of the control socket: what a person's program asks, what a node answers. What is
 * taken, written again and read again is the same. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/control/control.h"
#include "relay/node/control/control_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void check_health(struct bytes text)
{
    static uint8_t memory[2 * CONTROL_FRAME_BYTES_MAX];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    static struct control_health health;
    static struct control_health again;

    if (control_health_parse(text, &health) != STATUS_OK) {
        return;
    }
    CHECK(health.troubles_count <= CONTROL_TROUBLES_MAX);
    if (control_health_append(&buffer, &health) != STATUS_OK) {
        return; /* text cut in the middle of a character is no JSON */
    }
    CHECK(control_health_parse(buffer_bytes(&buffer), &again) == STATUS_OK);
    CHECK(again.steps_count == health.steps_count);
    CHECK(again.troubles_count == health.troubles_count);
    for (uint32_t i = 0; i < health.troubles_count; i++) {
        CHECK(strcmp(again.troubles[i].what, health.troubles[i].what) == 0);
        CHECK(strcmp(again.troubles[i].why, health.troubles[i].why) == 0);
        CHECK(again.troubles[i].since.ns == health.troubles[i].since.ns);
    }
}

static void check_request(struct bytes text)
{
    struct control_request request;

    if (control_request_parse(text, &request) == STATUS_OK) {
        CHECK(control_action_word(request.action) != NULL);
        CHECK(memchr(request.reason, '\0', sizeof(request.reason)) != NULL);
        CHECK(!control_health_is_asked(text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    const struct bytes text = bytes_from(data, count);

    if (count <= CONTROL_FRAME_BYTES_MAX) {
        check_health(text);
        check_request(text);
        (void)control_health_is_asked(text);
    }
    return 0;
}
