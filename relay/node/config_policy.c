/* SPDX-License-Identifier: Apache-2.0 */
/* Which messages are delivered, and how long it is tried: `policy` in the configuration file. */
#include "relay/node/config_reading.h"
#include "relay/node/config_schema.h"

#define RETRIES_MAX_DEFAULT    "66"
#define RETRY_WAIT_MAX_DEFAULT "24 h"

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
}
