/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/node/control/control_json.h"

#define COLUMNS_MAX    16u
#define CELL_BYTES_MAX 256u
#define TEXTS_COUNT    16u
#define TEXT_BYTES_MAX 1088u

int cli_print_json(json_t *value)
{
    CHECK(value != NULL);
    const int rc = json_dumpf(value, stdout, JSON_INDENT(2));
    json_decref(value);
    return rc == 0 && putchar('\n') != EOF && fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

/* ---- tables ---- */

struct cli_table {
    const char *titles[COLUMNS_MAX];
    bool numbers[COLUMNS_MAX];
    size_t columns_count;
    char **cells;
    size_t cells_count;
    size_t cells_capacity;
};

struct cli_table *cli_table_new(const char *const *titles)
{
    struct cli_table *table = calloc(1, sizeof(*table));
    if (table == NULL) {
        return NULL;
    }
    for (; titles[table->columns_count] != NULL; table->columns_count++) {
        CHECK(table->columns_count < COLUMNS_MAX);
        const char *title = titles[table->columns_count];
        table->numbers[table->columns_count] = title[0] == '>';
        table->titles[table->columns_count] = title[0] == '>' ? title + 1 : title;
    }
    return table;
}

void cli_table_cell(struct cli_table *table, const char *format, ...)
{
    char text[CELL_BYTES_MAX];
    va_list arguments;
    if (table == NULL) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (table->cells_count == table->cells_capacity) {
        const size_t capacity = table->cells_capacity == 0 ? 64 : table->cells_capacity * 2;
        char **cells = realloc(table->cells, capacity * sizeof(*cells));
        CHECK(cells != NULL);
        table->cells = cells;
        table->cells_capacity = capacity;
    }
    char *cell = strdup(text);
    CHECK(cell != NULL);
    table->cells[table->cells_count] = cell;
    table->cells_count++;
}

static void write_cell(const struct cli_table *table, size_t column, size_t width, const char *text,
                       FILE *out)
{
    const bool last = column + 1 == table->columns_count;
    if (table->numbers[column]) {
        (void)fprintf(out, "%*s", (int)width, text);
    } else if (last) {
        (void)fputs(text, out);
    } else {
        (void)fprintf(out, "%-*s", (int)width, text);
    }
    (void)fputs(last ? "\n" : "  ", out);
}

void cli_table_write(struct cli_table *table, FILE *out)
{
    if (table == NULL) {
        return;
    }
    CHECK(table->columns_count > 0);
    size_t widths[COLUMNS_MAX] = {0};
    for (size_t i = 0; i < table->columns_count; i++) {
        widths[i] = strlen(table->titles[i]);
    }
    for (size_t i = 0; i < table->cells_count; i++) {
        const size_t width = strlen(table->cells[i]);
        size_t *widest = &widths[i % table->columns_count];
        *widest = width > *widest ? width : *widest;
    }
    for (size_t i = 0; i < table->columns_count; i++) {
        write_cell(table, i, widths[i], table->titles[i], out);
    }
    for (size_t i = 0; i < table->cells_count; i++) {
        const size_t column = i % table->columns_count;
        write_cell(table, column, widths[column], table->cells[i], out);
    }
    cli_table_free(table);
}

void cli_table_print(struct cli_table *table)
{
    cli_table_write(table, stdout);
}

void cli_table_free(struct cli_table *table)
{
    if (table == NULL) {
        return;
    }
    for (size_t i = 0; i < table->cells_count; i++) {
        free(table->cells[i]);
    }
    free(table->cells);
    free(table);
}

/* ---- values ---- */

/* Texts take turns, so that one line of output can hold several values. */
static char *next_text(void)
{
    static char texts[TEXTS_COUNT][TEXT_BYTES_MAX];
    static size_t next;
    next = (next + 1) % TEXTS_COUNT;
    return texts[next];
}

const char *cli_hash_text(const struct hash *hash)
{
    char *text = next_text();
    memcpy(text, "0x", 2);
    hex_encode(bytes_from(hash->bytes, sizeof(hash->bytes)), text + 2);
    return text;
}

const char *cli_hash_short(const struct hash *hash)
{
    char *text = next_text();
    memcpy(text, "0x", 2);
    hex_encode(bytes_from(hash->bytes, 6), text + 2);
    return text;
}

const char *cli_address_text(const struct address *address)
{
    char *text = next_text();
    const size_t skipped = address_is_evm(address) ? 12 : 0;
    memcpy(text, "0x", 2);
    hex_encode(bytes_from(address->bytes + skipped, sizeof(address->bytes) - skipped), text + 2);
    return text;
}

const char *cli_time_text(struct instant at)
{
    char *text = next_text();
    const time_t seconds = (time_t)(at.ns / 1000000000u);
    struct tm broken;
    if (at.ns == 0 || gmtime_r(&seconds, &broken) == NULL ||
        strftime(text, TEXT_BYTES_MAX, "%Y-%m-%dT%H:%M:%SZ", &broken) == 0) {
        memcpy(text, "-", 2);
    }
    return text;
}

const char *cli_units_text(const struct amount *amount, uint32_t decimals)
{
    char *text = next_text();
    (void)amount_format_units(amount, decimals, text);
    return text;
}

const char *cli_text(const char *format, ...)
{
    char *text = next_text();
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, TEXT_BYTES_MAX, format, arguments);
    va_end(arguments);
    return text;
}

const char *cli_bytes_text(struct bytes bytes)
{
    char *text = next_text();
    control_text_escape(bytes, TEXT_BYTES_MAX, text);
    return text;
}
