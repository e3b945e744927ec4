/* SPDX-License-Identifier: Apache-2.0 */
/* Ledger entries, events and periods on one line. */
#include <string.h>

#include "crypto/base/cbor.h"
#include "node/values/value_internal.h"

/* Cut the text at the first `mark`: what is before it; *text is the rest. */
static struct bytes
cut_at(struct bytes *text, char mark)
{
    struct bytes part = *text;

    for (size_t i = 0; i < text->size; i++) {
        if (text->data[i] == (uint8_t)mark) {
            part.size = i;
            text->data += i + 1;
            text->size -= i + 1;
            return value_trim(part);
        }
    }
    *text = bytes_of(NULL, 0);
    return value_trim(part);
}

/* Put the part as the type's text, or null when it is empty. */
static enum err
put_part(struct buf *out, value_text_fn *read, struct bytes part,
    struct err_msg *msg)
{
    struct buf copy = {0};
    const char *text = NULL;
    enum err rc = ERR_OK;

    if (part.size == 0) {
        cbor_put_null(out);
        return ERR_OK;
    }
    text = value_copy_text(&copy, part);
    rc = text == NULL ? buf_err(&copy) : read(out, text, msg);
    buf_release(&copy);
    return rc;
}

struct entry_parts {
    struct bytes type;
    struct bytes amount;
    struct bytes payer;
    struct bytes reference;
    struct bytes date;
    struct bytes note;
};

/* "payer SSO" and the like; false for another first word or one twice. */
static bool
entry_part(struct entry_parts *parts, struct bytes part)
{
    const struct {
        const char *word;
        struct bytes *place;
    } words[] = {
        {"payer", &parts->payer},
        {"ref", &parts->reference},
        {"date", &parts->date},
        {"note", &parts->note},
    };
    struct bytes rest = part;
    struct bytes first = cut_at(&rest, ' ');

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (bytes_equal(first, bytes_text(words[i].word)) &&
            words[i].place->size == 0) {
            *words[i].place = value_trim(rest);
            return true;
        }
    }
    return false;
}

/* "paid 1500.00 THB; payer SSO; date 2016-08; note by cheque" */
enum err
value_text_le(struct buf *out, const char *text, struct err_msg *msg)
{
    struct bytes rest = bytes_text(text);
    struct entry_parts parts = {0};
    enum err rc = ERR_OK;

    parts.amount = cut_at(&rest, ';');
    parts.type = cut_at(&parts.amount, ' ');
    while (rest.size > 0) {
        if (!entry_part(&parts, cut_at(&rest, ';'))) {
            return err_set(msg, ERR_MALFORMED, "%s", value_hint(VALUE_LE));
        }
    }
    if (parts.amount.size == 0) {
        return err_set(msg, ERR_MALFORMED, "%s", value_hint(VALUE_LE));
    }
    cbor_put_array(out, 6);
    cbor_put_text(out, parts.type);
    cbor_put_text(out, parts.payer);
    cbor_put_text(out, parts.reference);
    rc = put_part(out, value_text_mon, parts.amount, msg);
    if (rc == ERR_OK) {
        rc = put_part(out, value_text_dt, parts.date, msg);
    }
    if (rc == ERR_OK) {
        rc = put_part(out, value_text_tx, parts.note, msg);
    }
    return rc;
}

/* "hospital", "hospital 2016-08", "hospital 2016-08: what was seen" */
enum err
value_text_ev(struct buf *out, const char *text, struct err_msg *msg)
{
    struct bytes note = bytes_text(text);
    struct bytes date = cut_at(&note, ':');
    struct bytes what = cut_at(&date, ' ');
    enum err rc = ERR_OK;

    cbor_put_array(out, 3);
    rc = put_part(out, value_text_dt, value_trim(date), msg);
    if (rc == ERR_OK) {
        cbor_put_text(out, what);
        rc = put_part(out, value_text_tx, value_trim(note), msg);
    }
    return rc;
}

/* "2014-03..2016 the employer": either date and the name may be left out. */
enum err
value_text_period(struct buf *out, const char *text, struct err_msg *msg)
{
    const char *dots = strstr(text, "..");
    struct bytes to = {NULL, 0};
    struct bytes from = {NULL, 0};
    enum err rc = ERR_OK;

    if (dots == NULL) {
        return err_set(msg, ERR_MALFORMED, "%s", value_hint(VALUE_PERIOD));
    }
    from = value_trim(bytes_of(text, (size_t)(dots - text)));
    cbor_put_array(out, 3);
    rc = put_part(out, value_text_dt, from, msg);
    if (rc == ERR_OK) {
        struct bytes name = bytes_text(dots + 2);

        to = cut_at(&name, ' ');
        rc = put_part(out, value_text_dt, to, msg);
        value_put_short(out, value_trim(name));
    }
    return rc;
}
