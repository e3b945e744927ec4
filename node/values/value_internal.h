/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How each type is read from a text and from JSON, for the files of this
 * folder only. All functions append to out and may leave part of a value
 * there when they fail: value_json.c gives them a buffer of their own.
 */
#ifndef CORRIDOR_NODE_VALUES_VALUE_INTERNAL_H
#define CORRIDOR_NODE_VALUES_VALUE_INTERNAL_H

#include "node/values/value_json.h"

typedef enum err value_text_fn(
    struct buf *out, const char *text, struct err_msg *msg);
typedef enum err value_object_fn(
    struct buf *out, const json_t *json, struct err_msg *msg);

/* From a text: value_text.c, date_text.c, money_text.c, line_text.c. */
value_text_fn value_text_id;
value_text_fn value_text_office;
value_text_fn value_text_code;
value_text_fn value_text_codes;
value_text_fn value_text_tx;
value_text_fn value_text_n;
value_text_fn value_text_ts;
value_text_fn value_text_b;
value_text_fn value_text_ph;
value_text_fn value_text_pl;
value_text_fn value_text_nm;
value_text_fn value_text_idn;
value_text_fn value_text_kn;
value_text_fn value_text_dt;
value_text_fn value_text_mon;
value_text_fn value_text_le;
value_text_fn value_text_ev;
value_text_fn value_text_period;

/* The text without white space around it. */
struct bytes value_trim(struct bytes text);
/* A short, or null when it is empty. */
void value_put_short(struct buf *out, struct bytes text);
/* A NUL-ended copy in buf, which the caller releases; NULL without memory. */
const char *value_copy_text(struct buf *buf, struct bytes text);
/*
 * A ph; the number is folded. App, written (then it is as the number is) and
 * whose may be empty. ERR_NOMEM.
 */
enum err value_put_phone(struct buf *out, struct bytes app, struct bytes number,
    struct bytes written, struct bytes whose) MUST_USE;
/* An idn of its parts; the issuer may be empty. ERR_NOMEM. */
enum err value_put_id(struct buf *out, struct bytes type, struct bytes issuer,
    struct bytes printed) MUST_USE;

/* From JSON other than a string: value_object.c. */
enum err value_from_object(enum value_type type, struct buf *out,
    const json_t *json, struct err_msg *msg) MUST_USE;
/* From a text; ERR_MALFORMED for types that have no such form. */
enum err value_from_line(enum value_type type, struct buf *out,
    const char *text, struct err_msg *msg) MUST_USE;
/* value_array.c: sets and maps, from JSON in any order. */
value_object_fn value_array_offices;
value_object_fn value_array_codes;
value_object_fn value_array_fields;
value_object_fn value_map_lm;
/* How to write a value of the type, for messages. */
const char *value_hint(enum value_type type);
/* ERR_MALFORMED, with that hint in *msg. */
enum err value_not_of(enum value_type type, struct err_msg *msg) MUST_USE;

/* "1500.00 THB" and "1997-03-05" of decoded values. */
void value_show_money(struct buf *out, const struct value_money *money);
void value_show_date(struct buf *out, const struct value_date *date);
/* The word for a calendar, "buddhist", and back (false: there is none). */
const char *value_calendar_name(enum value_calendar calendar);
bool value_calendar_find(const char *name, enum value_calendar *out);
/* A dt of its parts; the text is dropped where the form wants it null. */
void value_put_date(struct buf *out, const struct value_date *date);

#endif
