/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/alert/alert_kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/settings/settings.h"
#include "store/durable.h"

#define SECOND_NS      UINT64_C(1000000000)
#define WORDS          4u
#define PATH_BYTES_MAX 4096u

static const char first_line[] = "sluice alerts 1\n";

/* ---- the text ---- */

static void add(struct buffer *text, const char *words)
{
    const enum status status = buffer_append(text, bytes_from_string(words));
    CHECK(status == STATUS_OK); /* ALERT_KEPT_BYTES */
}

/* A moment of the one clock in seconds of the other. */
static uint64_t calendar_s(const struct alert_clocks *clocks, uint64_t at_ns)
{
    const uint64_t ago_ns = clocks->now_ns - at_ns;

    return ago_ns >= clocks->now.ns ? 0 : (clocks->now.ns - ago_ns) / SECOND_NS;
}

static uint64_t monotonic_ns(const struct alert_clocks *clocks, uint64_t at_s)
{
    const uint64_t now_s = clocks->now.ns / SECOND_NS;
    const uint64_t ago_s = at_s >= now_s ? 0 : now_s - at_s;

    /* This machine may run for less long than the alert lasts; 0 is no moment. */
    return ago_s >= clocks->now_ns / SECOND_NS ? 1 : clocks->now_ns - ago_s * SECOND_NS;
}

void alert_kept_write(const struct alerts *alerts, const struct alert_clocks *clocks,
                      struct buffer *ret_text)
{
    add(ret_text, first_line);
    for (uint32_t i = 0; i < ALERTS_MAX; i++) {
        const struct alert *entry = &alerts->entries[i];
        char subject[2 * ALERT_SUBJECT_BYTES + 1] = "-";
        char line[ALERT_KEPT_LINE_BYTES];
        if (entry->first_ns == 0 || entry->told_ns == 0) {
            continue;
        }
        if (entry->fact.subject[0] != '\0') {
            hex_encode(bytes_from_string(entry->fact.subject), subject);
        }
        const int count = snprintf(line, sizeof(line), "%s %llu %llu %s\n",
                                   alert_kind_facts(entry->fact.kind)->name,
                                   (unsigned long long)calendar_s(clocks, entry->first_ns),
                                   (unsigned long long)calendar_s(clocks, entry->told_ns), subject);
        CHECK(count > 0);
        CHECK((size_t)count < sizeof(line));
        add(ret_text, line);
    }
}

/* Cuts a line, which ends with NUL, into words between single blanks. */
static bool cut(char *line, char *ret_words[WORDS])
{
    for (uint32_t i = 0; i < WORDS; i++) {
        ret_words[i] = line;
        line = strchr(line, ' ');
        if ((line == NULL) != (i + 1 == WORDS)) {
            return false;
        }
        if (line != NULL) {
            *line = '\0';
            line++;
        }
    }
    return true;
}

static bool read_kind(const char *name, enum alert_kind *ret_kind)
{
    for (uint32_t i = 0; i < ALERT_KINDS; i++) {
        if (strcmp(alert_kind_facts((enum alert_kind)i)->name, name) == 0) {
            *ret_kind = (enum alert_kind)i;
            return true;
        }
    }
    return false;
}

static bool read_subject(const char *word, char ret_subject[ALERT_SUBJECT_BYTES])
{
    size_t count = 0;

    memset(ret_subject, 0, ALERT_SUBJECT_BYTES);
    if (strcmp(word, "-") == 0) {
        return true;
    }
    return hex_decode(bytes_from_string(word), ALERT_SUBJECT_BYTES - 1, (uint8_t *)ret_subject,
                      &count) == STATUS_OK &&
           count > 0 && strlen(ret_subject) == count;
}

static bool read_line(const struct alert_clocks *clocks, char *line, struct alert *ret_entry)
{
    char *words[WORDS];
    uint64_t first_s = 0;
    uint64_t told_s = 0;
    struct alert entry = {.seen_ns = clocks->now_ns};

    if (!cut(line, words) || !read_kind(words[0], &entry.fact.kind) ||
        settings_parse_u64(words[1], &first_s) != STATUS_OK ||
        settings_parse_u64(words[2], &told_s) != STATUS_OK ||
        !read_subject(words[3], entry.fact.subject)) {
        return false;
    }
    (void)snprintf(entry.fact.text, sizeof(entry.fact.text), "told before a restart");
    entry.first_ns = monotonic_ns(clocks, first_s);
    entry.told_ns = monotonic_ns(clocks, told_s);
    *ret_entry = entry;
    return true;
}

enum status alert_kept_read(struct alerts *alerts, const struct alert_clocks *clocks,
                            struct bytes text)
{
    const size_t lead = sizeof(first_line) - 1;
    uint32_t count = 0;
    bool is_good = text.count >= lead && memcmp(text.data, first_line, lead) == 0;

    CHECK(alerts->now_ns == 0);
    for (size_t at = lead; is_good && at < text.count;) {
        char line[ALERT_KEPT_LINE_BYTES];
        const uint8_t *end = memchr(text.data + at, '\n', text.count - at);
        const size_t bytes = end == NULL ? sizeof(line) : (size_t)(end - text.data) - at;
        is_good = bytes < sizeof(line) && count < ALERTS_MAX;
        if (is_good) {
            memcpy(line, text.data + at, bytes);
            line[bytes] = '\0';
            is_good = strlen(line) == bytes && read_line(clocks, line, &alerts->entries[count]);
            count++;
            at += bytes + 1;
        }
    }
    if (!is_good) {
        memset(alerts->entries, 0, sizeof(alerts->entries));
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

/* ---- the file ---- */

static bool name_files(const char *folder, char ret_path[PATH_BYTES_MAX],
                       char ret_new[PATH_BYTES_MAX])
{
    const int count = snprintf(ret_path, PATH_BYTES_MAX, "%s/alerts.told", folder);
    const int count_new = snprintf(ret_new, PATH_BYTES_MAX, "%s/alerts.told.new", folder);

    return count > 0 && count_new > count && (size_t)count_new < PATH_BYTES_MAX;
}

enum status alert_kept_load(struct alerts *alerts, const struct alert_clocks *clocks,
                            const char *folder)
{
    char path[PATH_BYTES_MAX];
    char path_new[PATH_BYTES_MAX];
    enum status status = STATUS_MALFORMED;

    if (!name_files(folder, path, path_new)) {
        return STATUS_MALFORMED;
    }
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    uint8_t *text = malloc(ALERT_KEPT_BYTES + 1);
    const ssize_t got = text == NULL ? -1 : read(fd, text, ALERT_KEPT_BYTES + 1);
    if (got < 0) {
        status = text == NULL ? STATUS_NO_MEMORY : status_from_errno(errno);
    } else if ((size_t)got <= ALERT_KEPT_BYTES) {
        status = alert_kept_read(alerts, clocks, bytes_from(text, (size_t)got));
    }
    free(text);
    (void)close(fd); /* nothing was written */
    return status;
}

enum status alert_kept_save(const struct alerts *alerts, const struct alert_clocks *clocks,
                            const char *folder)
{
    char path[PATH_BYTES_MAX];
    char path_new[PATH_BYTES_MAX];

    if (!name_files(folder, path, path_new)) {
        return STATUS_MALFORMED;
    }
    uint8_t *memory = malloc(ALERT_KEPT_BYTES);
    if (memory == NULL) {
        return STATUS_NO_MEMORY;
    }
    struct buffer text = buffer_from(memory, ALERT_KEPT_BYTES);
    alert_kept_write(alerts, clocks, &text);
    const int fd = open(path_new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum status status = fd < 0 ? status_from_errno(errno) : STATUS_OK;
    if (fd >= 0) {
        status = durable_write(fd, bytes_from(memory, text.count));
        if (close(fd) != 0 && status == STATUS_OK) {
            status = status_from_errno(errno);
        }
    }
    if (status == STATUS_OK && rename(path_new, path) != 0) {
        status = status_from_errno(errno);
    }
    free(memory);
    return status;
}
