/* SPDX-License-Identifier: Apache-2.0 */
/* Amounts of money as people write them. */
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/cursor.h"
#include "node/values/digits.h"
#include "node/values/value_internal.h"

/*
 * The minor units of ISO 4217 that are not two digits. An amount is stored
 * with its currency's own exponent, so that the same sum has one encoding.
 */
static const struct {
    const char *currency;
    uint8_t exponent;
} exponents[] = {
    {"VND", 0},
    {"JPY", 0},
    {"KRW", 0},
    {"CLP", 0},
    {"ISK", 0},
    {"PYG", 0},
    {"UGX", 0},
    {"XAF", 0},
    {"XOF", 0},
    {"XPF", 0},
    {"BHD", 3},
    {"IQD", 3},
    {"JOD", 3},
    {"KWD", 3},
    {"LYD", 3},
    {"OMR", 3},
    {"TND", 3},
};

/* Only signs that mean one currency. */
static const struct {
    const char *sign;
    const char *currency;
} signs[] = {
    {"฿", "THB"},
    {"៛", "KHR"},
    {"₭", "LAK"},
    {"₫", "VND"},
};

static uint8_t
currency_exponent(const char *currency)
{
    for (size_t i = 0; i < sizeof(exponents) / sizeof(exponents[0]); i++) {
        if (strcmp(exponents[i].currency, currency) == 0) {
            return exponents[i].exponent;
        }
    }
    return 2;
}

static bool
is_letter(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Three letters, in capitals to out; false if these are none. */
static bool
currency_copy(struct bytes text, char out[4])
{
    if (text.size < 3) {
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        if (!is_letter(text.data[i])) {
            return false;
        }
        out[i] = (char)(text.data[i] & ~0x20);
    }
    out[3] = '\0';
    return true;
}

/* Take the currency off either end of the text. */
static bool
currency_take(struct bytes *text, char out[4])
{
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        struct bytes sign = bytes_text(signs[i].sign);
        size_t rest = text->size - sign.size;

        if (text->size < sign.size) {
            continue;
        }
        if (bytes_equal(bytes_of(text->data, sign.size), sign)) {
            text->data += sign.size;
        } else if (!bytes_equal(bytes_of(text->data + rest, sign.size), sign)) {
            continue;
        }
        text->size = rest;
        memcpy(out, signs[i].currency, 4);
        return true;
    }
    if (currency_copy(*text, out)) {
        text->data += 3;
        text->size -= 3;
        return true;
    }
    if (text->size >= 3 &&
        currency_copy(bytes_of(text->data + text->size - 3, 3), out)) {
        text->size -= 3;
        return true;
    }
    return false;
}

/* units * 10 + digit, false on overflow. */
static bool
units_push(int64_t *units, unsigned digit)
{
    if (*units > (INT64_MAX - (int64_t)digit) / 10) {
        return false;
    }
    *units = *units * 10 + (int64_t)digit;
    return true;
}

/*
 * [-]digits[.digits]; commas and spaces between digits are dropped. False
 * for anything else, for more decimals than `exponent`, and for more than
 * fits.
 */
static bool
units_read(struct bytes text, unsigned exponent, int64_t *out)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    bool has_point = false;
    unsigned decimals = 0;
    size_t digits = 0;
    int64_t units = 0;

    for (size_t i = negative ? 1 : 0; i < text.size; i++) {
        uint8_t c = text.data[i];

        if (c >= '0' && c <= '9') {
            digits++;
            decimals += has_point ? 1 : 0;
            if (!units_push(&units, (unsigned)(c - '0'))) {
                return false;
            }
        } else if (c == '.' && !has_point && digits > 0) {
            has_point = true;
        } else if ((c != ',' && c != ' ') || has_point || digits == 0) {
            return false;
        }
    }
    if (digits == 0 || decimals > exponent || (has_point && decimals == 0)) {
        return false;
    }
    for (; decimals < exponent; decimals++) {
        if (!units_push(&units, 0)) {
            return false;
        }
    }
    *out = negative ? -units : units;
    return true;
}

static enum err
money_read(struct bytes folded, struct value_money *out, struct err_msg *msg)
{
    struct bytes text = value_trim(folded);
    struct value_money money = {0};

    if (!currency_take(&text, money.currency)) {
        return err_set(
            msg, ERR_MALFORMED, "no currency: write an amount as 1500.00 THB");
    }
    money.exponent = currency_exponent(money.currency);
    if (!units_read(value_trim(text), money.exponent, &money.units)) {
        return err_set(msg, ERR_MALFORMED,
            "not an amount: write it as 1500.00 THB, with at most %u digits "
            "after the point in %s",
            (unsigned)money.exponent, money.currency);
    }
    *out = money;
    return ERR_OK;
}

static void
put_money(struct buf *out, const struct value_money *money)
{
    cbor_put_array(out, 3);
    cbor_put_int(out, money->units);
    cbor_put_cstr(out, money->currency);
    cbor_put_uint(out, money->exponent);
}

enum err
value_text_mon(struct buf *out, const char *text, struct err_msg *msg)
{
    struct buf folded = {0};
    struct value_money money = {0};
    enum err rc = ERR_OK;

    digits_fold(&folded, bytes_text(text));
    rc = buf_err(&folded);
    if (rc == ERR_OK) {
        rc = money_read(buf_bytes(&folded), &money, msg);
    }
    if (rc == ERR_OK) {
        put_money(out, &money);
    }
    buf_release(&folded);
    return rc;
}

void
value_show_money(struct buf *out, const struct value_money *money)
{
    /* The magnitude of INT64_MIN too fits an unsigned. */
    uint64_t units =
        money->units < 0 ? 0 - (uint64_t)money->units : (uint64_t)money->units;
    uint64_t one = 1;

    for (unsigned i = 0; i < money->exponent; i++) {
        one *= 10;
    }
    buf_printf(out, "%s%llu", money->units < 0 ? "-" : "",
        (unsigned long long)(units / one));
    if (money->exponent > 0) {
        buf_printf(out, ".%0*llu", (int)money->exponent,
            (unsigned long long)(units % one));
    }
    buf_printf(out, " %s", money->currency);
}
