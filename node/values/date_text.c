/* SPDX-License-Identifier: Apache-2.0 */
/* Dates as people write them. */
#include <stdio.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/cursor.h"
#include "crypto/base/num.h"
#include "node/values/digits.h"
#include "node/values/value_internal.h"

enum {
    BUDDHIST_OFFSET = 543,
    MYANMAR_OFFSET = 638,
    BUDDHIST_FROM = 2400 /* no case is from the year 2400 CE */
};

/* What may stand before or after the numbers, and what it says. */
static const struct {
    const char *word;
    enum value_calendar calendar;
} eras[] = {
    {"B.E.", CALENDAR_BUDDHIST},
    {"BE", CALENDAR_BUDDHIST},
    {"พ.ศ.", CALENDAR_BUDDHIST},
    {"พ.ศ", CALENDAR_BUDDHIST},
    {"ພ.ສ.", CALENDAR_BUDDHIST},
    {"ພ.ສ", CALENDAR_BUDDHIST},
    {"ព.ស.", CALENDAR_BUDDHIST},
    {"ព.ស", CALENDAR_BUDDHIST},
    {"A.D.", CALENDAR_COMMON},
    {"AD", CALENDAR_COMMON},
    {"CE", CALENDAR_COMMON},
    {"ค.ศ.", CALENDAR_COMMON},
    {"ຄ.ສ.", CALENDAR_COMMON},
    {"គ.ស.", CALENDAR_COMMON},
    {"M.E.", CALENDAR_MYANMAR},
    {"ME", CALENDAR_MYANMAR},
};

static const char *const calendar_names[CALENDAR_COUNT] = {
    [CALENDAR_COMMON] = "common",
    [CALENDAR_BUDDHIST] = "buddhist",
    [CALENDAR_MYANMAR] = "myanmar",
    [CALENDAR_JAPANESE] = "japanese",
    [CALENDAR_AGE] = "age",
};

const char *
value_calendar_name(enum value_calendar calendar)
{
    assert(calendar < CALENDAR_COUNT);
    return calendar_names[calendar];
}

bool
value_calendar_find(const char *name, enum value_calendar *out)
{
    for (unsigned i = 0; i < CALENDAR_COUNT; i++) {
        if (strcmp(calendar_names[i], name) == 0) {
            *out = (enum value_calendar)i;
            return true;
        }
    }
    return false;
}

void
value_show_date(struct buf *out, const struct value_date *date)
{
    buf_printf(out, "%04u", (unsigned)date->year);
    if (date->month > 0) {
        buf_printf(out, "-%02u", (unsigned)date->month);
    }
    if (date->day > 0) {
        buf_printf(out, "-%02u", (unsigned)date->day);
    }
}

void
value_put_date(struct buf *out, const struct value_date *date)
{
    struct buf iso = {0};
    size_t count = date->day > 0 ? 5 : date->month > 0 ? 4 : 3;

    value_show_date(&iso, date);
    if (buf_err(&iso) != ERR_OK) {
        out->rc = buf_err(&iso);
    }
    cbor_put_array(out, count);
    cbor_put_uint(out, date->calendar);
    if (date->calendar == CALENDAR_COMMON &&
        bytes_equal(date->written, buf_bytes(&iso))) {
        cbor_put_null(out);
    } else {
        value_put_short(out, date->written);
    }
    cbor_put_uint(out, date->year);
    if (count > 3) {
        cbor_put_uint(out, date->month);
    }
    if (count > 4) {
        cbor_put_uint(out, date->day);
    }
    buf_release(&iso);
}

static bool
starts_with(struct bytes text, struct bytes word)
{
    return text.size >= word.size &&
           bytes_equal(bytes_of(text.data, word.size), word);
}

static bool
ends_with(struct bytes text, struct bytes word)
{
    return text.size >= word.size &&
           bytes_equal(
               bytes_of(text.data + text.size - word.size, word.size), word);
}

/* Take an era off either end; is there one? */
static bool
take_era(struct bytes *text, enum value_calendar *out)
{
    for (size_t i = 0; i < sizeof(eras) / sizeof(eras[0]); i++) {
        struct bytes word = bytes_text(eras[i].word);

        if (starts_with(*text, word)) {
            text->data += word.size;
            text->size -= word.size;
        } else if (ends_with(*text, word)) {
            text->size -= word.size;
        } else {
            continue;
        }
        *text = value_trim(*text);
        *out = eras[i].calendar;
        return true;
    }
    return false;
}

struct numbers {
    unsigned value[3];
    size_t digits[3];
    size_t count;
};

/* One to three numbers with one - / . or space between two. */
static bool
numbers_read(struct bytes text, struct numbers *out)
{
    struct cursor cursor = cursor_init(text);
    struct numbers numbers = {0};
    bool after_digit = false;

    while (cursor_left(&cursor) > 0) {
        uint8_t c = cursor_u8(&cursor);

        if (c >= '0' && c <= '9') {
            if (!after_digit && numbers.count == 3) {
                return false;
            }
            numbers.count += after_digit ? 0 : 1;
            after_digit = true;
            if (++numbers.digits[numbers.count - 1] > 4) {
                return false;
            }
            numbers.value[numbers.count - 1] =
                numbers.value[numbers.count - 1] * 10 + (c - '0');
        } else if (after_digit &&
                   (c == '-' || c == '/' || c == '.' || c == ' ')) {
            after_digit = false;
        } else {
            return false;
        }
    }
    *out = numbers;
    return numbers.count > 0 && after_digit;
}

/* Year first (1997-03-05) or year last (5/3/1997): it has the four digits. */
static bool
parts_place(const struct numbers *numbers, unsigned *out_year,
    unsigned *out_month, unsigned *out_day)
{
    size_t last = numbers->count - 1;

    if (numbers->digits[0] == 4) {
        *out_year = numbers->value[0];
        *out_month = last > 0 ? numbers->value[1] : 0;
        *out_day = last > 1 ? numbers->value[2] : 0;
    } else if (numbers->digits[last] == 4) {
        *out_year = numbers->value[last];
        *out_month = last > 0 ? numbers->value[last - 1] : 0;
        *out_day = last > 1 ? numbers->value[0] : 0;
    } else {
        return false;
    }
    /* A month that is written as 0 is no month left out. */
    return (last < 1 || *out_month > 0) && (last < 2 || *out_day > 0);
}

static bool
year_convert(bool has_era, enum value_calendar *calendar, unsigned *year)
{
    if (!has_era && *year >= BUDDHIST_FROM) {
        *calendar = CALENDAR_BUDDHIST;
    }
    if (*calendar == CALENDAR_BUDDHIST) {
        if (*year <= BUDDHIST_OFFSET) {
            return false;
        }
        *year -= BUDDHIST_OFFSET;
    } else if (*calendar == CALENDAR_MYANMAR) {
        *year += MYANMAR_OFFSET;
    }
    return *year < BUDDHIST_FROM;
}

static enum err
date_read(struct bytes folded, struct value_date *out, struct err_msg *msg)
{
    struct bytes text = value_trim(folded);
    enum value_calendar calendar = CALENDAR_COMMON;
    bool has_era = take_era(&text, &calendar);
    struct numbers numbers = {0};
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;

    if (!numbers_read(text, &numbers) ||
        !parts_place(&numbers, &year, &month, &day)) {
        return err_set(msg, ERR_MALFORMED,
            "not a date: write 1997-03-05, 1997-03, 5/3/1997, 1997 or "
            "2540 BE, the year with four digits");
    }
    if (!year_convert(has_era, &calendar, &year)) {
        return err_set(msg, ERR_MALFORMED, "no such year: write CE or BE");
    }
    if (calendar == CALENDAR_MYANMAR && month > 0) {
        return err_set(msg, ERR_MALFORMED,
            "months of the Myanmar era are not converted: write the year");
    }
    if (!value_day_exists(year, month > 0 ? month : 1, day > 0 ? day : 1)) {
        return err_set(msg, ERR_MALFORMED, "no such day in the calendar");
    }
    out->calendar = calendar;
    out->year = (uint16_t)year;
    out->month = (uint8_t)month;
    out->day = (uint8_t)day;
    return ERR_OK;
}

enum err
value_text_dt(struct buf *out, const char *text, struct err_msg *msg)
{
    struct buf folded = {0};
    struct value_date date = {0};
    enum err rc = ERR_OK;

    digits_fold(&folded, bytes_text(text));
    rc = buf_err(&folded);
    if (rc == ERR_OK) {
        rc = date_read(buf_bytes(&folded), &date, msg);
    }
    if (rc == ERR_OK) {
        date.written = value_trim(bytes_text(text));
        value_put_date(out, &date);
    }
    buf_release(&folded);
    return rc;
}
