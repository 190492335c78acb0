/* SPDX-License-Identifier: Apache-2.0 */
/* Which messages are delivered, and how long it is tried: `policy` and `blocks` in the
 * configuration file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/node/config/config_reading.h"
#include "relay/node/config/config_schema.h"
#include "relay/node/config/policy_json.h"

#define RETRIES_MAX_DEFAULT    "66"
#define RETRY_WAIT_MAX_DEFAULT "24 h"

/* The document of a key: what stands there when it is JSON, else the content of the file it names.
 * Owned by the caller; NULL: refused. */
static char *document(struct reading *reading, const char *key, const char *text)
{
    char path[PATH_MAX];

    if (text[0] == '[' || text[0] == '"') {
        return strdup(text);
    }
    reading_path(reading, key, text, sizeof(path), path);
    FILE *stream = reading_failed(reading) ? NULL : fopen(path, "r");
    char *content = malloc(POLICY_JSON_BYTES_MAX + 2);
    if (stream == NULL || content == NULL) {
        reading_refuse(reading, key, STATUS_MALFORMED,
                       "must be JSON that begins with [, or the path of a file that can be read");
        free(content);
        content = NULL;
    } else {
        content[fread(content, 1, POLICY_JSON_BYTES_MAX + 1, stream)] = '\0';
    }
    if (stream != NULL) {
        (void)fclose(stream);
    }
    return content;
}

/* not stored */
enum list_kind {
    LIST_MATCHING,
    LIST_ADDRESSES,
    LIST_PAYMENT,
};

static void read_list(struct reading *reading, const char *key, const char *text,
                      enum list_kind kind, const struct core_rule *like, struct core_policy *policy)
{
    struct policy_error error = {""};
    enum status status = STATUS_OK;

    char *json = text == NULL || reading_failed(reading) ? NULL : document(reading, key, text);
    if (json == NULL) {
        return;
    }
    switch (kind) {
    case LIST_MATCHING:
        status = policy_read_list(bytes_from_string(json), like, policy, &error);
        break;
    case LIST_ADDRESSES:
        status = policy_read_addresses(bytes_from_string(json), policy, &error);
        break;
    case LIST_PAYMENT:
        status = policy_read_payment(bytes_from_string(json), policy, &error);
        break;
    }
    free(json);
    if (status != STATUS_OK) {
        reading_refuse(reading, key, STATUS_MALFORMED, error.text);
    }
}

void config_read_list(struct reading *reading, const char *key, const char *text,
                      const struct core_rule *like, struct core_policy *policy)
{
    read_list(reading, key, text, LIST_MATCHING, like, policy);
}

static void read_blocks(struct reading *reading, const struct file_config *file,
                        struct core_policy *policy)
{
    for (unsigned i = 0; i < file->blocks_count && !reading_failed(reading); i++) {
        const struct file_block *from = &file->blocks[i];
        struct core_rule rule = {.kind = RULE_BLOCK};

        reading_at(reading, "blocks[%u]", i);
        if (from->reason[0] == '\0' || strlen(from->reason) >= sizeof(rule.note)) {
            reading_refuse(reading, "reason", STATUS_MALFORMED, "must have 1 to 63 bytes");
            return;
        }
        memcpy(rule.note, from->reason, strlen(from->reason) + 1);
        if (from->until != NULL && settings_parse_time(from->until, &rule.until) != STATUS_OK) {
            reading_refuse(reading, "until", STATUS_MALFORMED,
                           "must be a time such as 2026-12-01 or 2026-12-01T12:00:00Z");
        }
        read_list(reading, "match", from->match, LIST_MATCHING, &rule, policy);
    }
}

void config_read_policy(struct reading *reading, const struct file_config *file,
                        struct core_policy *policy)
{
    static const struct file_policy nothing;
    const struct file_policy *from = file->policy == NULL ? &nothing : file->policy;

    if (reading_failed(reading)) {
        return;
    }
    reading_at(reading, "policy");
    policy->retries_max = (uint32_t)reading_count(
        reading, "retries_max", reading_given(from->retries_max, RETRIES_MAX_DEFAULT), 1, 1000000);
    policy->retry_wait_max = reading_duration(
        reading, "retry_wait_max", reading_given(from->retry_wait_max, RETRY_WAIT_MAX_DEFAULT));
    read_list(reading, "whitelist", from->whitelist, LIST_MATCHING,
              &(struct core_rule){.kind = RULE_WHITELIST}, policy);
    read_list(reading, "blacklist", from->blacklist, LIST_MATCHING,
              &(struct core_rule){.kind = RULE_BLACKLIST}, policy);
    read_list(reading, "address_blacklist", from->address_blacklist, LIST_ADDRESSES, NULL, policy);
    read_list(reading, "gas_payment", from->gas_payment, LIST_PAYMENT, NULL, policy);
    read_blocks(reading, file, policy);
}
