/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/control/control_json.h"

#include <jansson.h>
#include <string.h>

#include "relay/base/hex.h"

static const struct {
    enum operator_action action;
    const char *word;
} actions[] = {
    {OPERATOR_APPROVE_PLAN, "approve"}, {OPERATOR_REJECT_PLAN, "reject"},
    {OPERATOR_PAUSE, "pause"},          {OPERATOR_RESUME, "resume"},
    {OPERATOR_RETRY_MESSAGE, "retry"},  {OPERATOR_HOLD_MESSAGE, "hold"},
    {OPERATOR_DROP_MESSAGE, "drop"},
};

void control_frame_header(uint32_t count, uint8_t ret_header[4])
{
    ret_header[0] = (uint8_t)(count >> 24);
    ret_header[1] = (uint8_t)(count >> 16);
    ret_header[2] = (uint8_t)(count >> 8);
    ret_header[3] = (uint8_t)count;
}

uint32_t control_frame_count(const uint8_t header[4])
{
    return (uint32_t)header[0] << 24 | (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 |
           (uint32_t)header[3];
}

const char *control_action_word(enum operator_action action)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (actions[i].action == action) {
            return actions[i].word;
        }
    }
    return NULL;
}

static bool parse_action(const char *word, enum operator_action *ret_action)
{
    for (size_t i = 0; word != NULL && i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(actions[i].word, word) == 0) {
            *ret_action = actions[i].action;
            return true;
        }
    }
    return false;
}

/* Both or none: an approver's signature and the second it is good until. */
static bool parse_approval(const json_t *root, struct control_request *request)
{
    const json_t *expires = json_object_get(root, "expires");
    const char *signature = json_string_value(json_object_get(root, "signature"));
    size_t count = 0;
    if (expires == NULL && json_object_get(root, "signature") == NULL) {
        return true;
    }
    if (request->action != OPERATOR_APPROVE_PLAN || signature == NULL ||
        !json_is_integer(expires) || json_integer_value(expires) <= 0 ||
        hex_decode(bytes_from_string(signature), sizeof(request->signature.bytes),
                   request->signature.bytes, &count) != STATUS_OK) {
        return false;
    }
    request->expires_s = (uint64_t)json_integer_value(expires);
    return count == sizeof(request->signature.bytes);
}

enum status control_request_parse(struct bytes text, struct control_request *ret_request)
{
    struct control_request request = {0};
    json_t *root = json_loadb((const char *)text.data, text.count, JSON_REJECT_DUPLICATES, NULL);
    const char *subject = json_string_value(json_object_get(root, "subject"));
    const char *reason = json_string_value(json_object_get(root, "reason"));
    const json_t *domain = json_object_get(root, "domain");
    bool good = parse_action(json_string_value(json_object_get(root, "action")), &request.action);
    if (subject != NULL) {
        good = good && hex_decode_hash(bytes_from_string(subject), &request.subject) == STATUS_OK;
    }
    if (reason != NULL) {
        good = good && strlen(reason) < sizeof(request.reason);
        if (good) {
            memcpy(request.reason, reason, strlen(reason) + 1);
        }
    }
    if (domain != NULL) {
        good = good && json_is_integer(domain) && json_integer_value(domain) >= 0 &&
               json_integer_value(domain) <= UINT32_MAX;
        request.domain = good ? (uint32_t)json_integer_value(domain) : 0;
    }
    good = good && parse_approval(root, &request);
    json_decref(root);
    if (!good) {
        return STATUS_MALFORMED;
    }
    *ret_request = request;
    return STATUS_OK;
}

void control_text_escape(struct bytes text, size_t capacity, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    size_t count = 0;
    for (size_t i = 0; i < text.count && count + 5 <= capacity; i++) {
        const uint8_t byte = text.data[i];
        if (byte >= ' ' && byte <= '~') {
            ret_text[count++] = (char)byte;
        } else {
            ret_text[count++] = '\\';
            ret_text[count++] = 'x';
            ret_text[count++] = digits[byte >> 4];
            ret_text[count++] = digits[byte & 15];
        }
    }
    ret_text[count] = '\0';
}
