/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/web/lookup_url.h"

#include <stdlib.h>
#include <string.h>

#define DATA   "{data}"
#define SENDER "{sender}"

bool lookup_url_is_get(const char *template)
{
    return strstr(template, DATA) != NULL;
}

/* What stands for the place that `at` begins with, and how long the place is; NULL: none does. */
static const char *filling(const char *at, const char *sender, const char *data, size_t *ret_place)
{
    const bool is_data = strncmp(at, DATA, strlen(DATA)) == 0;
    const bool is_sender = strncmp(at, SENDER, strlen(SENDER)) == 0;

    *ret_place = is_data ? strlen(DATA) : strlen(SENDER);
    return is_data ? data : is_sender ? sender : NULL;
}

/* Writes to `to` unless it is NULL. Returns how many bytes it takes, without the end. */
static size_t fill(const char *template, const char *sender, const char *data, char *to)
{
    size_t count = 0;

    while (*template != '\0') {
        size_t place = 1;
        const char *const text = *template == '{' ? filling(template, sender, data, &place) : NULL;
        const char *const from = text == NULL ? template : text;
        const size_t length = text == NULL ? 1 : strlen(text);
        if (to != NULL) {
            memcpy(to + count, from, length);
        }
        count += length;
        template += text == NULL ? 1 : place;
    }
    return count;
}

char *lookup_url_fill(const char *template, const char *sender, const char *data)
{
    const size_t count = fill(template, sender, data, NULL);
    char *const whole = malloc(count + 1);

    if (whole != NULL) {
        (void)fill(template, sender, data, whole);
        whole[count] = '\0';
    }
    return whole;
}
