/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time as people write them. */
#include "relay/settings/settings.h"

#define NS_PER_SECOND 1000000000u
#define YEAR_MIN      1970u
#define YEAR_MAX      2500u

/* Exactly `count` digits at `*text`, which moves on behind them. */
static bool take_digits(const char **text, unsigned count, uint32_t *ret_number)
{
    uint32_t number = 0;

    for (unsigned i = 0; i < count; i++, (*text)++) {
        if (**text < '0' || **text > '9') {
            return false;
        }
        number = number * 10 + (uint32_t)(**text - '0');
    }
    *ret_number = number;
    return true;
}

static bool take_character(const char **text, char character)
{
    if (**text != character) {
        return false;
    }
    (*text)++;
    return true;
}

static bool is_leap(uint32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01; false: there is no such day. */
static bool days_of(uint32_t year, uint32_t month, uint32_t day, uint64_t *ret_days)
{
    static const uint8_t lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint64_t days = 0;

    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12) {
        return false;
    }
    const uint32_t length = lengths[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
    if (day < 1 || day > length) {
        return false;
    }
    for (uint32_t i = YEAR_MIN; i < year; i++) {
        days += is_leap(i) ? 366u : 365u;
    }
    for (uint32_t i = 1; i < month; i++) {
        days += lengths[i - 1] + (i == 2 && is_leap(year) ? 1u : 0u);
    }
    *ret_days = days + day - 1;
    return true;
}

/* ".25" as nanoseconds; nothing there is zero. */
static bool take_fraction(const char **text, uint64_t *ret_ns)
{
    uint64_t unit = NS_PER_SECOND;
    uint64_t ns = 0;

    if (take_character(text, '.')) {
        uint32_t digit = 0;
        if (!take_digits(text, 1, &digit)) {
            return false;
        }
        do {
            unit /= 10;
            ns += digit * unit;
        } while (unit > 1 && take_digits(text, 1, &digit));
    }
    *ret_ns = ns;
    return true;
}

static bool take_clock(const char **text, uint64_t *ret_ns)
{
    uint32_t hour = 0;
    uint32_t minute = 0;
    uint32_t second = 0;
    uint64_t fraction = 0;

    if (!take_digits(text, 2, &hour) || !take_character(text, ':') ||
        !take_digits(text, 2, &minute) || !take_character(text, ':') ||
        !take_digits(text, 2, &second) || !take_fraction(text, &fraction) ||
        !take_character(text, 'Z') || hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    *ret_ns = (hour * UINT64_C(3600) + minute * UINT64_C(60) + second) * NS_PER_SECOND + fraction;
    return true;
}

enum status settings_parse_time(const char *text, struct instant *ret_at)
{
    uint32_t year = 0;
    uint32_t month = 0;
    uint32_t day = 0;
    uint64_t days = 0;
    uint64_t clock_ns = 0;

    if (!take_digits(&text, 4, &year) || !take_character(&text, '-') ||
        !take_digits(&text, 2, &month) || !take_character(&text, '-') ||
        !take_digits(&text, 2, &day) || !days_of(year, month, day, &days)) {
        return STATUS_MALFORMED;
    }
    if (*text != '\0' && (!take_character(&text, 'T') || !take_clock(&text, &clock_ns))) {
        return STATUS_MALFORMED;
    }
    if (*text != '\0') {
        return STATUS_MALFORMED;
    }
    ret_at->ns = days * UINT64_C(86400) * NS_PER_SECOND + clock_ns;
    return STATUS_OK;
}
