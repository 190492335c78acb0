/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the seed corpus of fuzz_record into a folder: one small record of each kind. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/records.h"

static int write_file(const char *folder, const char *name, uint32_t number, struct bytes bytes)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s_%02u", folder, name, number);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    const size_t written = fwrite(bytes.data, 1, bytes.count, file);
    return fclose(file) != 0 || written != bytes.count ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct maker maker = {.prng = prng_from(7), .size = MAKER_RANDOM};
    struct buffer memory = buffer_from(malloc(RECORD_ENCODE_ROOM_BYTES), RECORD_ENCODE_ROOM_BYTES);
    struct record_encoding encoding;
    struct event event;
    struct command command;
    int failures = argc == 2 ? 0 : 1;

    maker.memory = buffer_from(malloc(MAKER_BYTES), MAKER_BYTES);
    for (uint32_t i = 0; i < MAKER_EVENTS_COUNT + MAKER_FACTS_COUNT && failures == 0; i++) {
        const bool is_fact = i >= MAKER_EVENTS_COUNT;
        do {
            maker.memory.count = memory.count = 0;
            maker_event(&maker, is_fact ? EVENT_FACT : maker_event_kind(i),
                        is_fact ? (enum fact_kind)(i - MAKER_EVENTS_COUNT + 1) : FACT_PROCESS,
                        &event);
            if (record_encode_event(&event, &(struct hash){{1}}, &memory, &encoding) != STATUS_OK) {
                return 1;
            }
        } while (encoding.record.count > 1500);
        failures += write_file(argv[1], "event", i + 1, encoding.record);
    }
    for (uint32_t kind = COMMAND_WATCH; kind <= COMMAND_NOTE && failures == 0; kind++) {
        if (!command_is_recorded((enum command_kind)kind)) {
            continue;
        }
        maker.memory.count = memory.count = 0;
        maker_command(&maker, (enum command_kind)kind, LEG_REBALANCE, &command);
        if (record_encode_command(&command, (struct instant){.ns = kind}, &memory, &encoding) !=
            STATUS_OK) {
            return 1;
        }
        failures += write_file(argv[1], "command", kind, encoding.record);
    }
    free(maker.memory.data);
    free(memory.data);
    return failures;
}
