/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `restrict`: whatever is said at the same time, what permits the least
 * stands. Of true and false that is false; of dates and times the earliest;
 * of sets what is in all of them. Texts have no such order: review.
 */
#include "crypto/base/cbor.h"
#include "sync/model/merge_internal.h"

/* An item of a set, decoded so far that items can be put in order. */
struct item {
    struct bytes encoded;
    struct bytes content; /* of codes and offices */
    uint64_t number;      /* of fields */
};

struct items {
    struct item items[VALUE_ITEMS_MAX];
    size_t count;
};

static bool
is_set(enum value_type type)
{
    return type == VALUE_CODES || type == VALUE_OFFICES || type == VALUE_FIELDS;
}

static struct item
get_item(struct cursor *cursor, enum value_type type)
{
    struct item item = {.number = 0};
    const uint8_t *start = cursor->pos;

    if (type == VALUE_CODES) {
        item.content = cbor_get_text(cursor);
    } else if (type == VALUE_OFFICES) {
        item.content = cbor_get_bytes(cursor);
    } else {
        item.number = cbor_get_uint(cursor);
    }
    item.encoded = bytes_of(start, (size_t)(cursor->pos - start));
    return item;
}

static int
item_compare(const struct item *a, const struct item *b)
{
    int order = bytes_compare(a->content, b->content);

    return order != 0 ? order
                      : (a->number > b->number) - (a->number < b->number);
}

/* The items of a value that has been checked, so they are in order. */
static void
items_read(struct items *out, enum value_type type, struct bytes value)
{
    struct cursor cursor = cursor_init(value);
    size_t count = cbor_get_array(&cursor);

    out->count = 0;
    for (size_t i = 0; i < count && i < VALUE_ITEMS_MAX; i++) {
        out->items[i] = get_item(&cursor, type);
        out->count++;
    }
}

/* Keep of `items` what is in `other` too. */
static void
items_meet(struct items *items, const struct items *other)
{
    size_t kept = 0;
    size_t at = 0;

    for (size_t i = 0; i < items->count; i++) {
        while (at < other->count &&
               item_compare(&other->items[at], &items->items[i]) < 0) {
            at++;
        }
        if (at < other->count &&
            item_compare(&other->items[at], &items->items[i]) == 0) {
            items->items[kept] = items->items[i];
            kept++;
        }
    }
    items->count = kept;
}

/* The intersection goes first, by the newest operation; its parts follow. */
static enum err
show_set(struct shown *out, const struct merge_view *view)
{
    struct items meet;
    struct items other;
    size_t newest = shown_newest(out, view, 0);
    enum err rc = ERR_OK;

    items_read(&meet, view->field->type, out->values[0].value);
    for (size_t i = 1; i < out->count; i++) {
        items_read(&other, view->field->type, out->values[i].value);
        items_meet(&meet, &other);
    }
    cbor_put_array(&out->owned, meet.count);
    for (size_t i = 0; i < meet.count; i++) {
        buf_put_bytes(&out->owned, meet.items[i].encoded);
    }
    rc = buf_err(&out->owned);
    if (rc == ERR_OK) {
        rc = shown_add(out, out->values[newest].op, buf_bytes(&out->owned), 0);
    }
    if (rc == ERR_OK) {
        shown_set_default(out, out->count - 1);
    }
    return rc;
}

/* Does a permit less than b? Values that were checked can be read. */
static bool
is_narrower(const struct merge_view *view, struct bytes a, struct bytes b)
{
    bool x = true;
    bool y = true;
    int64_t from = 0;
    int64_t to = 0;

    if (view->field->type == VALUE_B) {
        return value_bool_read(a, &x) == ERR_OK &&
               value_bool_read(b, &y) == ERR_OK && !x && y;
    }
    if (schema_value_rank(view->field, a, &from) != ERR_OK ||
        schema_value_rank(view->field, b, &to) != ERR_OK) {
        return false;
    }
    return from == to ? bytes_compare(a, b) < 0 : from < to;
}

static void
show_narrowest(struct shown *out, const struct merge_view *view)
{
    size_t narrowest = 0;

    for (size_t i = 1; i < out->count; i++) {
        if (is_narrower(
                view, out->values[i].value, out->values[narrowest].value)) {
            narrowest = i;
        }
    }
    shown_set_default(out, narrowest);
}

enum err
merge_show_restrict(struct shown *out, const struct merge_view *view,
    const struct record_field *ops)
{
    enum value_type type = view->field->type;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < ops->count && rc == ERR_OK; i++) {
        rc = shown_add_op(out, &ops->ops[i], 0);
    }
    if (rc != ERR_OK || out->count == 0) {
        return rc;
    }
    if (type != VALUE_B && type != VALUE_DT && type != VALUE_TS &&
        !is_set(type)) {
        shown_review(out, view);
        return ERR_OK;
    }
    shown_distinct(out, view, 0);
    if (is_set(type) && out->count > 1) {
        return show_set(out, view);
    }
    show_narrowest(out, view);
    return ERR_OK;
}
