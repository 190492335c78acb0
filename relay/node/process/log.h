/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/process/log.h: what the node says on standard error: one line per state change,
 * key=value.
 *
 *     time=2026-11-23T01:05:16.123Z level=info event=ready node=relayer
 *
 * error: a person must act. warn: degraded, and the line says what the node does instead. info: a
 * state changed. debug: every event and command. Text from outside is quoted and escaped.
 *
 * Threads: one line is written with one call, so lines of threads do not mix. */
#ifndef SLUICE_RELAY_NODE_PROCESS_LOG_H
#define SLUICE_RELAY_NODE_PROCESS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/base/amount.h"
#include "relay/base/bytes.h"

#define LOG_LINE_BYTES_MAX 2048u

enum log_level {
    LOG_ERROR = 0,
    LOG_WARN = 1,
    LOG_INFO = 2,
    LOG_DEBUG = 3,
};

struct log_line {
    char text[LOG_LINE_BYTES_MAX]; /* a longer line is cut */
    size_t count;
    bool wanted;
};

/* The least important level that is written; LOG_INFO at first. */
void log_set_level(enum log_level level);
bool log_is_wanted(enum log_level level);

void log_begin(struct log_line *line, enum log_level level, const char *event);
void log_word(struct log_line *line, const char *key, const char *word);   /* ours, unquoted */
void log_text(struct log_line *line, const char *key, struct bytes text);  /* quoted, escaped */
void log_string(struct log_line *line, const char *key, const char *text); /* quoted, escaped */
void log_number(struct log_line *line, const char *key, uint64_t number);
void log_hash(struct log_line *line, const char *key, const struct hash *hash);
void log_address(struct log_line *line, const char *key, const struct address *address);
void log_end(struct log_line *line);

#endif
