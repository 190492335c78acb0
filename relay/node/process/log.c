/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/process/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "relay/base/hex.h"

static _Atomic int level_max = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&level_max, (int)level);
}

bool log_is_wanted(enum log_level level)
{
    return (int)level <= atomic_load(&level_max);
}

static void add(struct log_line *line, const char *text, size_t count)
{
    /* One byte stays free for the newline. */
    const size_t room = sizeof(line->text) - 1 - line->count;
    const size_t taken = count < room ? count : room;
    memcpy(line->text + line->count, text, taken);
    line->count += taken;
}

static void add_string(struct log_line *line, const char *text)
{
    add(line, text, strlen(text));
}

static void add_key(struct log_line *line, const char *key)
{
    if (line->count > 0) {
        add(line, " ", 1);
    }
    add_string(line, key);
    add(line, "=", 1);
}

static const char *level_word(enum log_level level)
{
    switch (level) {
    case LOG_ERROR:
        return "error";
    case LOG_WARN:
        return "warn";
    case LOG_INFO:
        return "info";
    case LOG_DEBUG:
        return "debug";
    }
    return "error";
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
    line->count = 0;
    line->wanted = log_is_wanted(level);
    if (!line->wanted) {
        return;
    }
    struct timespec now;
    struct tm broken;
    char text[64];
    if (clock_gettime(CLOCK_REALTIME, &now) == 0 && gmtime_r(&now.tv_sec, &broken) != NULL) {
        const size_t count = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &broken);
        (void)snprintf(text + count, sizeof(text) - count, ".%03ldZ", now.tv_nsec / 1000000);
        log_word(line, "time", text);
    }
    log_word(line, "level", level_word(level));
    log_word(line, "event", event);
}

void log_word(struct log_line *line, const char *key, const char *word)
{
    if (line->wanted) {
        add_key(line, key);
        add_string(line, word);
    }
}

void log_text(struct log_line *line, const char *key, struct bytes text)
{
    static const char digits[] = "0123456789abcdef";
    if (!line->wanted) {
        return;
    }
    add_key(line, key);
    add(line, "\"", 1);
    for (size_t i = 0; i < text.count; i++) {
        const uint8_t byte = text.data[i];
        if (byte == '"' || byte == '\\') {
            const char escaped[2] = {'\\', (char)byte};
            add(line, escaped, sizeof(escaped));
        } else if (byte < ' ' || byte > '~') {
            const char escaped[4] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
            add(line, escaped, sizeof(escaped));
        } else {
            const char plain = (char)byte;
            add(line, &plain, 1);
        }
    }
    add(line, "\"", 1);
}

void log_string(struct log_line *line, const char *key, const char *text)
{
    log_text(line, key, bytes_from_string(text));
}

void log_number(struct log_line *line, const char *key, uint64_t number)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    log_word(line, key, text);
}

void log_hash(struct log_line *line, const char *key, const struct hash *hash)
{
    char text[2 + 64 + 1] = "0x";
    hex_encode(bytes_from(hash->bytes, sizeof(hash->bytes)), text + 2);
    log_word(line, key, text);
}

void log_address(struct log_line *line, const char *key, const struct address *address)
{
    const size_t skipped = address_is_evm(address) ? 12 : 0;
    char text[2 + 64 + 1] = "0x";
    hex_encode(bytes_from(address->bytes + skipped, sizeof(address->bytes) - skipped), text + 2);
    log_word(line, key, text);
}

void log_end(struct log_line *line)
{
    if (!line->wanted) {
        return;
    }
    line->text[line->count] = '\n';
    /* Nobody is left to tell when standard error fails. */
    const ssize_t written = write(STDERR_FILENO, line->text, line->count + 1);
    (void)written;
}
