/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/value_internal.h"

#include <stdio.h>

#include "crypto/base/cbor.h"

static bool
is_letter_or_digit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

bool
value_is_code(struct bytes text)
{
    if (text.size == 0 || text.size > VALUE_CODE_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];

        if (!is_letter_or_digit(c) && c != '_' && c != '-' && c != '.') {
            return false;
        }
    }
    return true;
}

bool
value_is_lang(struct bytes text)
{
    if (text.size < 2 || text.size > VALUE_LANG_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (!is_letter_or_digit(text.data[i]) && text.data[i] != '-') {
            return false;
        }
    }
    return true;
}

bool
value_is_null(struct bytes value)
{
    static const uint8_t null_item = 0xf6;

    return bytes_equal(value, bytes_of(&null_item, 1));
}

/* Controls would let a value forge lines of a list or move a cursor. */
static bool
has_controls(struct bytes text, bool lines)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];

        if ((c < 0x20 || c == 0x7f) && !(lines && (c == '\n' || c == '\t'))) {
            return true;
        }
        /* U+0080..U+009F; well-formed UTF-8 has a byte after 0xc2. */
        if (c == 0xc2 && i + 1 < text.size && text.data[i + 1] < 0xa0) {
            return true;
        }
    }
    return false;
}

void
value_need(struct cursor *cursor, bool claim)
{
    if (!claim) {
        cursor_fail(cursor);
    }
}

void
value_get_count(struct cursor *cursor, size_t count)
{
    value_need(cursor, cbor_get_array(cursor) == count);
}

struct bytes
value_get_text(struct cursor *cursor)
{
    struct bytes text = cbor_get_text(cursor);

    value_need(cursor, text.size > 0 && text.size <= VALUE_TEXT_MAX);
    value_need(cursor, !has_controls(text, true));
    return text;
}

struct bytes
value_get_short_or_empty(struct cursor *cursor)
{
    struct bytes text = cbor_get_text(cursor);

    value_need(cursor, text.size <= VALUE_SHORT_MAX);
    value_need(cursor, !has_controls(text, false));
    return text;
}

struct bytes
value_get_short(struct cursor *cursor)
{
    struct bytes text = value_get_short_or_empty(cursor);

    value_need(cursor, text.size > 0);
    return text;
}

/* Empty for null. */
struct bytes
value_get_short_or_null(struct cursor *cursor)
{
    if (cbor_take_null(cursor)) {
        return bytes_of(NULL, 0);
    }
    return value_get_short(cursor);
}

struct bytes
value_get_code(struct cursor *cursor)
{
    struct bytes text = cbor_get_text(cursor);

    value_need(cursor, value_is_code(text));
    return text;
}

bool
value_day_exists(unsigned year, unsigned month, unsigned day)
{
    static const uint8_t days[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (year < VALUE_YEAR_MIN || year > VALUE_YEAR_MAX || month < 1 ||
        month > 12 || day < 1) {
        return false;
    }
    return day <= days[month - 1] || (month == 2 && leap && day == 29);
}

static bool
date_is_written_as_iso(const struct value_date *date)
{
    char iso[16];
    int size = snprintf(iso, sizeof(iso), "%04u", (unsigned)date->year);

    if (date->month > 0) {
        size = snprintf(iso, sizeof(iso), "%04u-%02u", (unsigned)date->year,
            (unsigned)date->month);
    }
    if (date->day > 0) {
        size = snprintf(iso, sizeof(iso), "%04u-%02u-%02u",
            (unsigned)date->year, (unsigned)date->month, (unsigned)date->day);
    }
    return bytes_equal(date->written, bytes_of(iso, (size_t)size));
}

/* The text is null exactly when it would say nothing new. */
static void
check_written(struct cursor *cursor, const struct value_date *date)
{
    bool common = date->calendar == CALENDAR_COMMON;

    if (date->written.size == 0) {
        value_need(cursor, common);
    } else {
        value_need(cursor, !common || !date_is_written_as_iso(date));
    }
}

void
value_get_date(struct cursor *cursor, struct value_date *out)
{
    size_t count = cbor_get_array(cursor);
    uint64_t calendar = cbor_get_uint(cursor);
    struct bytes written = value_get_short_or_null(cursor);
    uint64_t year = cbor_get_uint(cursor);
    uint64_t month = count >= 4 ? cbor_get_uint(cursor) : 0;
    uint64_t day = count >= 5 ? cbor_get_uint(cursor) : 0;

    value_need(cursor, count >= 3 && count <= 5);
    value_need(cursor, calendar < CALENDAR_COUNT);
    value_need(cursor, year <= VALUE_YEAR_MAX && month <= 12 && day <= 31);
    if (cursor->failed) {
        return;
    }
    /* Parts that are left out count as the first ones for the calendar. */
    value_need(cursor,
        value_day_exists((unsigned)year, count >= 4 ? (unsigned)month : 1,
            count >= 5 ? (unsigned)day : 1));
    out->calendar = (enum value_calendar)calendar;
    out->written = written;
    out->year = (uint16_t)year;
    out->month = (uint8_t)month;
    out->day = (uint8_t)day;
    check_written(cursor, out);
}

void
value_get_money(struct cursor *cursor, struct value_money *out)
{
    struct bytes currency = {NULL, 0};
    uint64_t exponent = 0;

    value_get_count(cursor, 3);
    out->units = cbor_get_int(cursor);
    currency = cbor_get_text(cursor);
    exponent = cbor_get_uint(cursor);
    value_need(cursor, currency.size == 3 && exponent <= VALUE_EXPONENT_MAX);
    if (cursor->failed) {
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        uint8_t c = currency.data[i];

        value_need(cursor, c >= 'A' && c <= 'Z');
        out->currency[i] = (char)c;
    }
    out->currency[3] = '\0';
    out->exponent = (uint8_t)exponent;
}
