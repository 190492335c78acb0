/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/site/exposition.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/base/utf8.h"

#define NUMBER_BYTES_MAX 96u
#define NS_PER_S         1000000000u

_Static_assert(NUMBER_BYTES_MAX >= AMOUNT_DECIMAL_BYTES_MAX + 2, "an amount fits");

struct exposition exposition_from(void *memory, size_t capacity)
{
    return (struct exposition){.buffer = buffer_from(memory, capacity)};
}

struct exposition exposition_open_metrics(void *memory, size_t capacity)
{
    struct exposition exposition = exposition_from(memory, capacity);

    exposition.is_open_metrics = true;
    return exposition;
}

/* ---- pieces ---- */

static void put(struct exposition *exposition, struct bytes bytes)
{
    if (!exposition->is_full && buffer_append(&exposition->buffer, bytes) != STATUS_OK) {
        exposition->is_full = true;
    }
}

static void put_string(struct exposition *exposition, const char *text)
{
    put(exposition, bytes_from_string(text));
}

static bool is_name(const char *text)
{
    size_t count = 0;

    for (; text[count] != '\0'; count++) {
        const char letter = text[count];
        const bool is_digit = letter >= '0' && letter <= '9';
        const bool is_letter =
            (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_';
        if (!is_letter && (!is_digit || count == 0)) {
            return false;
        }
    }
    return count > 0 && count < EXPOSITION_NAME_BYTES_MAX;
}

static void put_escaped(struct exposition *exposition, struct bytes text)
{
    while (text.count > 0) {
        const size_t count = utf8_character_bytes(text);
        const size_t step = count == 0 ? 1 : count;
        if (count == 0) {
            put_string(exposition, "?");
        } else if (text.data[0] == '\\') {
            put_string(exposition, "\\\\");
        } else if (text.data[0] == '\n') {
            put_string(exposition, "\\n");
        } else if (text.data[0] == '"') {
            put_string(exposition, "\\\"");
        } else {
            put(exposition, bytes_from(text.data, count));
        }
        text = bytes_from(text.data + step, text.count - step);
    }
}

static struct bytes cut(struct bytes text)
{
    size_t count =
        text.count < EXPOSITION_VALUE_BYTES_MAX ? text.count : EXPOSITION_VALUE_BYTES_MAX;

    if (count < text.count) {
        for (uint32_t i = 0; i < 3 && count > 0 && (text.data[count] & 0xc0) == 0x80; i++) {
            count--;
        }
    }
    return bytes_from(text.data, count);
}

/* ---- families and samples ---- */

static const char *type_word(enum exposition_type type)
{
    switch (type) {
    case EXPOSITION_COUNTER:
        return "counter";
    case EXPOSITION_GAUGE:
        return "gauge";
    case EXPOSITION_HISTOGRAM:
        return "histogram";
    }
    return "untyped";
}

#define TOTAL "_total"

/* How much of a counter's name is its family's in OpenMetrics; 0: none, it has no _total. */
static size_t counted_name(const char *name)
{
    const size_t count = strlen(name);
    const size_t total = strlen(TOTAL);

    return count > total && strcmp(name + count - total, TOTAL) == 0 ? count - total : 0;
}

/* "# HELP name " and the like. */
static void put_about(struct exposition *exposition, const char *what, const char *name)
{
    const bool is_cut = exposition->is_open_metrics && exposition->type == EXPOSITION_COUNTER &&
                        counted_name(name) > 0;

    put_string(exposition, what);
    put(exposition, bytes_from(name, is_cut ? counted_name(name) : strlen(name)));
    put_string(exposition, " ");
}

/* A counter of somebody else's naming is none to OpenMetrics. */
static const char *type_of(const struct exposition *exposition, const char *name)
{
    const bool is_misnamed = exposition->is_open_metrics &&
                             exposition->type == EXPOSITION_COUNTER && counted_name(name) == 0;

    return is_misnamed ? "unknown" : type_word(exposition->type);
}

void exposition_family(struct exposition *exposition, enum exposition_type type, const char *name,
                       const char *help)
{
    CHECK(is_name(name));
    CHECK(strpbrk(help, "\\\n") == NULL);
    const int count = snprintf(exposition->family, sizeof(exposition->family), "%s", name);

    CHECK(count > 0 && (size_t)count < sizeof(exposition->family));
    exposition->type = type;
    exposition->is_open = true;
    put_about(exposition, "# HELP ", name);
    if (exposition->is_open_metrics) {
        put_escaped(exposition, bytes_from_string(help));
    } else {
        put_string(exposition, help);
    }
    put_about(exposition, "\n# TYPE ", name);
    put_string(exposition, type_of(exposition, name));
    put_string(exposition, "\n");
}

static void put_labels(struct exposition *exposition, struct exposition_labels labels,
                       const char *bound)
{
    CHECK(labels.count <= EXPOSITION_LABELS_MAX);
    if (labels.count == 0 && bound == NULL) {
        return;
    }
    put_string(exposition, "{");
    for (size_t i = 0; i < labels.count; i++) {
        CHECK(is_name(labels.list[i].name));
        CHECK(strcmp(labels.list[i].name, "le") != 0); /* the histogram's own */
        put_string(exposition, i == 0 ? "" : ",");
        put_string(exposition, labels.list[i].name);
        put_string(exposition, "=\"");
        put_escaped(exposition, cut(labels.list[i].value));
        put_string(exposition, "\"");
    }
    if (bound != NULL) {
        put_string(exposition, labels.count == 0 ? "le=\"" : ",le=\"");
        put_string(exposition, bound);
        put_string(exposition, "\"");
    }
    put_string(exposition, "}");
}

static void put_sample(struct exposition *exposition, struct exposition_labels labels,
                       const char *value)
{
    CHECK(exposition->is_open);
    CHECK(exposition->type != EXPOSITION_HISTOGRAM);
    put_string(exposition, exposition->family);
    put_labels(exposition, labels, NULL);
    put_string(exposition, " ");
    put_string(exposition, value);
    put_string(exposition, "\n");
}

static void count_text(uint64_t value, char ret_text[NUMBER_BYTES_MAX])
{
    const int count = snprintf(ret_text, NUMBER_BYTES_MAX, "%" PRIu64, value);

    CHECK(count > 0 && (unsigned)count < NUMBER_BYTES_MAX);
}

/* "12.5": no more digits than it takes. */
static void seconds_text(struct duration value, char ret_text[NUMBER_BYTES_MAX])
{
    int count = snprintf(ret_text, NUMBER_BYTES_MAX, "%" PRIu64 ".%09" PRIu64, value.ns / NS_PER_S,
                         value.ns % NS_PER_S);

    CHECK(count > 0 && (unsigned)count < NUMBER_BYTES_MAX);
    while (ret_text[count - 1] == '0') {
        count--;
    }
    count -= ret_text[count - 1] == '.' ? 1 : 0;
    ret_text[count] = '\0';
}

void exposition_count(struct exposition *exposition, struct exposition_labels labels,
                      uint64_t value)
{
    char text[NUMBER_BYTES_MAX];

    count_text(value, text);
    put_sample(exposition, labels, text);
}

void exposition_seconds(struct exposition *exposition, struct exposition_labels labels,
                        struct duration value)
{
    char text[NUMBER_BYTES_MAX];

    seconds_text(value, text);
    put_sample(exposition, labels, text);
}

void exposition_amount(struct exposition *exposition, struct exposition_labels labels,
                       const struct amount *value, uint32_t decimals)
{
    char text[NUMBER_BYTES_MAX];

    (void)amount_format_units(value, decimals, text);
    put_sample(exposition, labels, text);
}

void exposition_number(struct exposition *exposition, struct exposition_labels labels, double value)
{
    char text[NUMBER_BYTES_MAX];

    if (isnan(value) || isinf(value)) {
        put_sample(exposition, labels, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
        return;
    }
    const int count = snprintf(text, sizeof(text), "%.12g", value);
    CHECK(count > 0 && (size_t)count < sizeof(text));
    put_sample(exposition, labels, text);
}

/* ---- histograms ---- */

static void put_exemplar(struct exposition *exposition, const struct exposition_exemplar *exemplar)
{
    char text[NUMBER_BYTES_MAX];
    char id[2 * sizeof(exemplar->message_id.bytes) + 1];

    hex_encode(bytes_from(exemplar->message_id.bytes, sizeof(exemplar->message_id.bytes)), id);
    put_string(exposition, " # {message_id=\"0x");
    put_string(exposition, id);
    put_string(exposition, "\"} ");
    seconds_text(exemplar->value, text);
    put_string(exposition, text);
    put_string(exposition, " ");
    seconds_text((struct duration){.ns = exemplar->at.ns}, text);
    put_string(exposition, text);
}

static void put_part(struct exposition *exposition, struct exposition_labels labels,
                     const char *part, const char *bound, const char *value,
                     const struct exposition_exemplar *exemplar)
{
    put_string(exposition, exposition->family);
    put_string(exposition, part);
    put_labels(exposition, labels, bound);
    put_string(exposition, " ");
    put_string(exposition, value);
    if (exposition->is_open_metrics && exemplar != NULL && exemplar->at.ns != 0) {
        put_exemplar(exposition, exemplar);
    }
    put_string(exposition, "\n");
}

void exposition_durations(struct exposition *exposition, struct exposition_labels labels,
                          const struct exposition_histogram *histogram)
{
    char bound[NUMBER_BYTES_MAX];
    char value[NUMBER_BYTES_MAX];
    const struct exposition_exemplar *const exemplars = histogram->exemplars;
    uint64_t total = 0;

    CHECK(exposition->is_open);
    CHECK(exposition->type == EXPOSITION_HISTOGRAM);
    CHECK(histogram->bounds_count <= EXPOSITION_BUCKETS_MAX);
    for (size_t i = 0; i < histogram->bounds_count; i++) {
        CHECK(i == 0 || histogram->bounds[i].ns > histogram->bounds[i - 1].ns);
        total += histogram->counts[i];
        seconds_text(histogram->bounds[i], bound);
        count_text(total, value);
        put_part(exposition, labels, "_bucket", bound, value,
                 exemplars == NULL ? NULL : &exemplars[i]);
    }
    total += histogram->above_count;
    count_text(total, value);
    put_part(exposition, labels, "_bucket", "+Inf", value,
             exemplars == NULL ? NULL : &exemplars[histogram->bounds_count]);
    char sum[NUMBER_BYTES_MAX];
    seconds_text(histogram->sum, sum);
    put_part(exposition, labels, "_sum", NULL, sum, NULL);
    put_part(exposition, labels, "_count", NULL, value, NULL);
}

enum status exposition_end(struct exposition *exposition, struct bytes *ret_text)
{
    if (exposition->is_open_metrics) {
        put_string(exposition, "# EOF\n");
    }
    if (exposition->is_full) {
        return STATUS_FULL;
    }
    *ret_text = buffer_bytes(&exposition->buffer);
    return STATUS_OK;
}
