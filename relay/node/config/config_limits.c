/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a chain's configuration that says what its endpoints may be asked. */
#include <stdio.h>
#include <string.h>

#include "relay/node/config/config_reading.h"
#include "relay/node/config/config_schema.h"

static uint64_t read_number(struct reading *reading, unsigned index, const char *name,
                            const char *text, uint64_t maximum)
{
    char key[48];

    (void)snprintf(key, sizeof(key), "limits[%u].%s", index, name);
    return reading_count(reading, key, text, 1, maximum);
}

static void read_limit(struct reading *reading, unsigned index, const struct file_limit *file,
                       struct node_chain *chain)
{
    struct call_limits limits = {0};
    struct call_limits *place = NULL;
    char key[48];

    (void)snprintf(key, sizeof(key), "limits[%u]", index);
    for (uint32_t i = 0; i < chain->endpoints_count; i++) {
        place = strcmp(chain->endpoints[i], file->endpoint) == 0 ? &chain->limits[i] : place;
    }
    if (file->calls_per_second != NULL) {
        limits.calls_per_second = (uint32_t)read_number(
            reading, index, "calls_per_second", file->calls_per_second, CALLS_PER_SECOND_MAX);
    }
    if (file->burst != NULL) {
        limits.calls_burst =
            (uint32_t)read_number(reading, index, "burst", file->burst, CALLS_BURST_MAX);
    }
    if (file->calls_per_day != NULL) {
        limits.calls_per_day =
            read_number(reading, index, "calls_per_day", file->calls_per_day, INT64_MAX);
    }
    if (place == NULL) {
        reading_refuse(reading, key, STATUS_MALFORMED, "is of none of this chain's endpoints");
    } else if (place->calls_per_second > 0 || place->calls_per_day > 0) {
        reading_refuse(reading, key, STATUS_MALFORMED, "is the second of the same endpoint");
    } else if (file->calls_per_second == NULL && file->calls_per_day == NULL) {
        reading_refuse(reading, key, STATUS_MALFORMED,
                       "needs \"calls_per_second\" or \"calls_per_day\"");
    } else if (file->burst != NULL && file->calls_per_second == NULL) {
        reading_refuse(reading, key, STATUS_MALFORMED,
                       "has a \"burst\" without \"calls_per_second\"");
    } else {
        *place = limits;
    }
}

void config_read_limits(struct reading *reading, const struct file_chain *file,
                        struct node_chain *chain)
{
    for (unsigned i = 0; i < file->limits_count && !reading_failed(reading); i++) {
        read_limit(reading, i, &file->limits[i], chain);
    }
}
