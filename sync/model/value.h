/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The types of values and their one CBOR form each (docs/schema.md, "Values").
 *
 * A value is one item of deterministic CBOR of at most VALUE_SIZE_MAX bytes.
 * The checks here are of form only and never of meaning: a code that a newer
 * pack knows and this one does not is well formed, is kept, and is shown as
 * it stands. So nothing here needs a schema.
 *
 *   text    UTF-8 text, 1..VALUE_TEXT_MAX bytes, no controls but LF and TAB
 *   short   the same on one line, 1..VALUE_SHORT_MAX bytes
 *   code    1..VALUE_CODE_MAX of A-Z a-z 0-9 _ - .
 *   lang    a language tag: 2..VALUE_LANG_MAX of A-Z a-z 0-9 -
 *   x?      x or null, where null says "not stated"
 *
 *   type    CBOR
 *   id ref  bytes(16)                       a record
 *   office  bytes(32)                       an office's key
 *   offices [office...]                     ascending, no repeats
 *   code    code                            state: the same
 *   codes   [code...]                       ascending bytes, no repeats
 *   tx      [text, lang?]
 *   lm      {lang: text...}                 at least one
 *   tr      [lang, edition, short?, text]   a translation: edition 1..65535
 *   dt      [calendar, short?, year, month, day] or without the day, or
 *           without month and day: what is left out is not known. The
 *           numbers are Gregorian whatever the calendar is. The short is
 *           what was written; it is null if that was the ISO form of a
 *           common date, and only then
 *   ts      uint                            hybrid logical clock
 *   mon     [minor units, currency, exponent]   int, 3 of A-Z, 0..4
 *   ph      [number, app?, whose?, short?]  number: 3..15 digits, with a +
 *           if international, or (with an app) a handle; the short is what
 *           was written, and null if that was the number
 *   pl      [code, edition?, short?]        a place code and its edition
 *   nm      [short, script?, role?]         script: ISO 15924, "Khmr"
 *   idn     [type, issuer?, printed, folded?]   codes, then shorts; folded
 *           is null when it equals printed
 *   kn      [relation, record?, short?]     kin: a code, then a record, a
 *           name or both
 *   n       int
 *   b       true or false
 *   bl      [hash, key, size, media type, class, short?]  an attachment:
 *           bytes(32) twice, uint, short, code, its name
 *   le      [type, payer, reference, mon, dt?, tx?]  a ledger entry: a code;
 *           two shorts or "" each
 *   ev      [dt?, what, tx?]                something that happened; a code
 *   period  [dt?, dt?, short?]              from, to, with whom: not all null
 *   fields  [uint...]                       ascending kind << 16 | field
 */
#ifndef CORRIDOR_SYNC_MODEL_VALUE_H
#define CORRIDOR_SYNC_MODEL_VALUE_H

#include "crypto/base/bytes.h"
#include "crypto/base/err.h"

enum {
    VALUE_SIZE_MAX = 16 * 1024,
    VALUE_TEXT_MAX = 16 * 1024 - 16,
    VALUE_SHORT_MAX = 512,
    VALUE_CODE_MAX = 32,
    VALUE_LANG_MAX = 24,
    VALUE_ITEMS_MAX = 256, /* of codes, offices, fields and lm */
    VALUE_EXPONENT_MAX = 4,
    VALUE_PHONE_DIGITS_MIN = 3,
    VALUE_PHONE_DIGITS_MAX = 15,
    VALUE_YEAR_MIN = 1,
    VALUE_YEAR_MAX = 9999
};

enum value_type {
    VALUE_ID,
    VALUE_REF,
    VALUE_OFFICE,
    VALUE_OFFICES,
    VALUE_CODE,
    VALUE_STATE,
    VALUE_CODES,
    VALUE_TX,
    VALUE_LM,
    VALUE_TR,
    VALUE_DT,
    VALUE_TS,
    VALUE_MON,
    VALUE_PH,
    VALUE_PL,
    VALUE_NM,
    VALUE_IDN,
    VALUE_KN,
    VALUE_N,
    VALUE_B,
    VALUE_BL,
    VALUE_LE,
    VALUE_EV,
    VALUE_PERIOD,
    VALUE_FIELDS,
    VALUE_TYPE_COUNT
};

/* How a date was written down; its numbers are Gregorian all the same. */
enum value_calendar {
    CALENDAR_COMMON,   /* CE */
    CALENDAR_BUDDHIST, /* BE = CE + 543 (Thailand, Laos, Cambodia) */
    CALENDAR_MYANMAR,  /* Myanmar era, about CE - 638 */
    CALENDAR_JAPANESE, /* by reign */
    CALENDAR_AGE,      /* an age was told: the year is about right */
    CALENDAR_COUNT
};

/* A dt, decoded; month and day are 0 where they are not known. */
struct value_date {
    enum value_calendar calendar;
    struct bytes written; /* empty when it was the ISO form */
    uint16_t year;
    uint8_t month;
    uint8_t day;
};

/* A mon, decoded: units * 10^-exponent of the currency. */
struct value_money {
    int64_t units;
    char currency[4]; /* ended by NUL */
    uint8_t exponent;
};

/* A le, decoded: views into the value. */
struct value_ledger {
    struct bytes type;
    struct bytes payer;     /* may be empty */
    struct bytes reference; /* may be empty: then it stands for itself */
    struct value_money amount;
    struct bytes date; /* the dt's encoding, or CBOR null */
    struct bytes note; /* the tx's encoding, or CBOR null */
    /*
     * The encoding of [type, payer, reference, amount], without the array's
     * head: entries with equal keys and a reference are the same entry told
     * twice.
     */
    struct bytes key;
};

/* The word that packs use for a type, "tx"; never NULL. */
const char *value_type_name(enum value_type type);

/*
 * Is `value` exactly one item in the form of `type`? ERR_TOO_BIG beyond
 * VALUE_SIZE_MAX, ERR_MALFORMED for all else.
 */
enum err value_check(enum value_type type, struct bytes value) MUST_USE;

/* Is it the single byte of CBOR null, "no value"? No type includes it. */
bool value_is_null(struct bytes value);

/* The rules for single words: see the table above. */
bool value_is_code(struct bytes text);
bool value_is_lang(struct bytes text);

/*
 * Decode one value of a type; views live as long as `value`. ERR_MALFORMED
 * (or ERR_TOO_BIG) as value_check() says, and then *out is untouched.
 */
enum err value_date_read(struct bytes value, struct value_date *out) MUST_USE;
enum err value_money_read(struct bytes value, struct value_money *out) MUST_USE;
enum err value_ledger_read(
    struct bytes value, struct value_ledger *out) MUST_USE;
/* The text of a code or state; the number of an n or a ts within int64. */
enum err value_code_read(struct bytes value, struct bytes *out) MUST_USE;
enum err value_int_read(struct bytes value, int64_t *out) MUST_USE;
enum err value_bool_read(struct bytes value, bool *out) MUST_USE;
/* The key of an office value. */
enum err value_office_read(struct bytes value, struct office_id *out) MUST_USE;

/* Does the calendar have this day: year 1..9999, Gregorian throughout? */
bool value_day_exists(unsigned year, unsigned month, unsigned day);

/*
 * A number that orders dates: year, month, day with 0 where unknown, so that
 * "2026-03" comes before "2026-03-01", the cautious reading of a deadline.
 */
int64_t value_date_rank(const struct value_date *date);

#endif
