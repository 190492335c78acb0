/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing_file/document.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/nearest.h"

#define MEMBERS_MAX 64u

/* No control character reaches a terminal. */
static void text_clean(char *text)
{
    for (; *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte == 0x7f) {
            *text = '?';
        }
    }
}

static bool text_is_clean(const char *text)
{
    const size_t count = strlen(text);
    for (size_t i = 0; i < count; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte == 0x7f) {
            return false;
        }
    }
    return count > 0 && count <= DOCUMENT_ID_BYTES_MAX;
}

static enum status stream_read(FILE *stream, char **ret_data, size_t *ret_bytes_count)
{
    size_t capacity = 1u << 16;
    size_t count = 0;
    char *data = malloc(capacity);

    while (data != NULL) {
        count += fread(data + count, 1, capacity - count, stream);
        if (count < capacity) {
            break;
        }
        if (capacity >= DOCUMENT_BYTES_MAX) {
            free(data);
            return STATUS_FULL;
        }
        capacity *= 2;
        char *larger = realloc(data, capacity);
        if (larger == NULL) {
            free(data);
        }
        data = larger;
    }
    if (data == NULL) {
        return STATUS_NO_MEMORY;
    }
    if (ferror(stream) != 0) {
        free(data);
        return STATUS_IO;
    }
    *ret_data = data;
    *ret_bytes_count = count;
    return STATUS_OK;
}

enum status document_load(const char *path, char **ret_data, size_t *ret_bytes_count,
                          struct document_error *ret_error)
{
    FILE *stream = fopen(path, "rb");

    if (stream == NULL) {
        (void)snprintf(ret_error->text, sizeof(ret_error->text), "cannot open '%s': %s", path,
                       strerror(errno));
        return STATUS_IO;
    }
    const enum status status = stream_read(stream, ret_data, ret_bytes_count);
    const int error = errno;
    (void)fclose(stream);
    if (status != STATUS_OK) {
        (void)snprintf(ret_error->text, sizeof(ret_error->text), "cannot read '%s': %s", path,
                       status == STATUS_FULL        ? "it is larger than 256 MiB"
                       : status == STATUS_NO_MEMORY ? "no memory"
                                                    : strerror(error));
    }
    return status;
}

void document_error_of(struct document_error *error, const char *path)
{
    const struct document_error told = *error;

    (void)snprintf(error->text, sizeof(error->text), "%.120s: %.500s", path, told.text);
}

json_t *document_parse(struct document_reader *reader, struct bytes text)
{
    json_error_t error;
    memset(reader, 0, sizeof(*reader));
    /* Whole numbers too are read as numbers: amounts may be larger than any integer type. */
    json_t *root = json_loadb((const char *)text.data, text.count,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
    if (root == NULL) {
        document_at(reader, "line %d, column %d", error.line, error.column);
        document_fail(reader, "%s", error.text);
        return NULL;
    }
    return root;
}

void document_at(struct document_reader *reader, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(reader->where, sizeof(reader->where), format, arguments);
    va_end(arguments);
}

void document_fail(struct document_reader *reader, const char *format, ...)
{
    char words[288];
    va_list arguments;

    if (reader->failed) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    (void)snprintf(reader->error.text, sizeof(reader->error.text), "%s: %s", reader->where, words);
    text_clean(reader->error.text);
    reader->failed = true;
}

static bool is_listed(const char *const *names, const char *name)
{
    for (; *names != NULL; names++) {
        if (strcmp(*names, name) == 0) {
            return true;
        }
    }
    return false;
}

static void fail_unknown(struct document_reader *reader, const char *name,
                         const char *const *required, const char *const *optional)
{
    const char *names[MEMBERS_MAX];
    size_t count = 0;

    for (; *required != NULL && count < MEMBERS_MAX; required++) {
        names[count++] = *required;
    }
    for (; *optional != NULL && count < MEMBERS_MAX; optional++) {
        names[count++] = *optional;
    }
    const char *nearest = nearest_word(name, names, count);
    document_fail(reader, "unknown member '%.100s'%s%s%s", name,
                  nearest == NULL ? "" : "; the nearest known one is '",
                  nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'");
}

void document_members(struct document_reader *reader, const json_t *object,
                      const char *const *required, const char *const *optional)
{
    const char *name = NULL;
    json_t *value = NULL;

    if (!json_is_object(object)) {
        document_fail(reader, "this must be an object");
        return;
    }
    json_object_foreach((json_t *)object, name, value)
    {
        if (!is_listed(required, name) && !is_listed(optional, name)) {
            fail_unknown(reader, name, required, optional);
        }
    }
    for (; *required != NULL; required++) {
        if (json_object_get(object, *required) == NULL) {
            document_fail(reader, "member '%s' is missing", *required);
        }
    }
}

static double number_of(struct document_reader *reader, const json_t *value, const char *name,
                        double min, double max)
{
    if (reader->failed) {
        return 0;
    }
    if (!json_is_real(value)) {
        document_fail(reader, "'%.100s' must be a number", name);
        return 0;
    }
    const double number = json_real_value(value);
    if (!(number >= min && number <= max)) {
        document_fail(reader, "'%.100s' is %g, and must be from %g to %g", name, number, min, max);
        return 0;
    }
    /* There is one zero: a negative one would be other bits. */
    return number == 0 ? 0 : number;
}

double document_number(struct document_reader *reader, const json_t *object, const char *name,
                       double min, double max)
{
    return number_of(reader, json_object_get(object, name), name, min, max);
}

double document_item(struct document_reader *reader, const json_t *array, size_t index,
                     const char *name, double min, double max)
{
    return number_of(reader, json_array_get(array, index), name, min, max);
}

const char *document_text(struct document_reader *reader, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    if (reader->failed) {
        return "";
    }
    if (text == NULL || !text_is_clean(text)) {
        document_fail(reader, "'%s' must be a text of 1 to %u bytes without control characters",
                      name, DOCUMENT_ID_BYTES_MAX);
        return "";
    }
    return text;
}

const json_t *document_array(struct document_reader *reader, const json_t *object, const char *name,
                             size_t count_max)
{
    const json_t *value = json_object_get(object, name);

    if (reader->failed || value == NULL) {
        return NULL;
    }
    if (!json_is_array(value) || json_array_size(value) > count_max) {
        document_fail(reader, "'%s' must be a list of at most %zu", name, count_max);
        return NULL;
    }
    return value;
}

const json_t *document_object(struct document_reader *reader, const json_t *object,
                              const char *name)
{
    const json_t *value = json_object_get(object, name);

    if (reader->failed || value == NULL) {
        return NULL;
    }
    if (!json_is_object(value)) {
        document_fail(reader, "'%s' must be an object", name);
        return NULL;
    }
    return value;
}
