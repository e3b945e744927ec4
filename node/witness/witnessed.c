/* SPDX-License-Identifier: Apache-2.0 */
#include "node/witness/witnessed.h"

#include <string.h>

#include "crypto/base/cursor.h"
#include "crypto/base/mem.h"
#include "crypto/base/num.h"

static struct bytes
note_name(enum log_kind kind)
{
    return bytes_text(
        kind == LOG_CONTROL ? "witnessed/control" : "witnessed/changes");
}

void
witnessed_release(struct witnessed_list *list)
{
    mem_free(list->items);
    list->items = NULL;
    list->count = 0;
}

static void
put_text(struct buf *out, const char *text)
{
    buf_put_u16(out, (uint16_t)strlen(text));
    buf_put_text(out, text);
}

static enum err
put_item(struct buf *out, const struct witnessed *item)
{
    struct buf vkey = {0};
    enum err rc = ERR_OK;

    note_key_format(&vkey, &item->witness.key);
    rc = buf_err(&vkey);
    put_text(out, item->witness.name);
    put_text(out, item->witness.url);
    buf_put_u16(out, (uint16_t)vkey.size);
    buf_put_bytes(out, buf_bytes(&vkey));
    buf_put_u64(out, item->size);
    buf_put(out, item->root.bytes, sizeof(item->root.bytes));
    buf_put_u64(out, item->time);
    buf_put(out, item->signature.bytes, sizeof(item->signature.bytes));
    buf_put_u64(out, item->failing_ms);
    put_text(out, item->trouble);
    buf_release(&vkey);
    return rc == ERR_OK ? buf_err(out) : rc;
}

enum err
witnessed_encode(struct buf *out, const struct witnessed_list *list)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < list->count && rc == ERR_OK; i++) {
        rc = put_item(out, &list->items[i]);
    }
    return rc;
}

static void
take_text(struct cursor *cursor, char *out, size_t max)
{
    struct bytes text = cursor_take(cursor, cursor_u16(cursor));

    if (text.size > max ||
        (text.size > 0 && memchr(text.data, '\0', text.size) != NULL)) {
        cursor_fail(cursor);
        return;
    }
    if (!cursor->failed) {
        memcpy(out, text.data, text.size);
        out[text.size] = '\0';
    }
}

static void
take_item(struct cursor *cursor, struct witnessed *out)
{
    struct bytes vkey = {0};

    take_text(cursor, out->witness.name, POLICY_NAME_BYTES_MAX);
    take_text(cursor, out->witness.url, POLICY_URL_BYTES_MAX);
    vkey = cursor_take(cursor, cursor_u16(cursor));
    out->size = cursor_u64(cursor);
    cursor_copy(cursor, out->root.bytes, sizeof(out->root.bytes));
    out->time = cursor_u64(cursor);
    cursor_copy(cursor, out->signature.bytes, sizeof(out->signature.bytes));
    out->failing_ms = cursor_u64(cursor);
    take_text(cursor, out->trouble, WITNESSED_TROUBLE_BYTES_MAX);
    if (!cursor->failed && (note_key_parse(&out->witness.key, vkey) != ERR_OK ||
                               out->witness.key.type != NOTE_COSIGNATURE ||
                               out->time > INT64_MAX)) {
        cursor_fail(cursor);
    }
}

enum err
witnessed_decode(struct witnessed_list *out, struct bytes encoded)
{
    struct cursor cursor = cursor_init(encoded);
    struct witnessed_list list = {
        .items = mem_zalloc(WITNESSED_MAX, sizeof(*list.items))};

    if (list.items == NULL) {
        return ERR_NOMEM;
    }
    while (!cursor.failed && cursor_left(&cursor) > 0) {
        if (list.count == WITNESSED_MAX) {
            cursor_fail(&cursor);
            break;
        }
        take_item(&cursor, &list.items[list.count++]);
    }
    if (cursor_end(&cursor) != ERR_OK) {
        witnessed_release(&list);
        return ERR_MALFORMED;
    }
    *out = list;
    return ERR_OK;
}

enum err
witnessed_read(struct witnessed_list *out, struct view *view,
    enum log_kind kind, struct err_msg *msg)
{
    struct buf note = {0};
    enum err rc = view_note(view, note_name(kind), &note, msg);

    if (rc == ERR_NOT_FOUND) {
        *out = (struct witnessed_list){.count = 0};
        return ERR_OK;
    }
    if (rc == ERR_OK) {
        rc = witnessed_decode(out, buf_bytes(&note));
        rc = rc == ERR_MALFORMED ? ERR_CORRUPT : rc;
    }
    buf_release(&note);
    return rc;
}

struct witnessed *
witnessed_find(const struct witnessed_list *list, const struct note_key *key)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct note_key *its = &list->items[i].witness.key;

        if (its->id == key->id && strcmp(its->name, key->name) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

/* Its place; that of the one of the fewest entries if there is no more. */
static struct witnessed *
make_place(struct witnessed_list *list, const struct note_key *key)
{
    struct witnessed *place = witnessed_find(list, key);

    if (place != NULL) {
        return place;
    }
    if (list->count < WITNESSED_MAX) {
        return &list->items[list->count++];
    }
    place = &list->items[0];
    for (size_t i = 1; i < list->count; i++) {
        if (list->items[i].size < place->size) {
            place = &list->items[i];
        }
    }
    memset(place, 0, sizeof(*place));
    return place;
}

enum err
witnessed_put(struct store *store, enum log_kind kind,
    const struct witnessed *item, struct err_msg *msg)
{
    struct witnessed_list list = {.count = 0};
    struct witnessed *place = NULL;
    struct witnessed before;
    struct buf note = {0};
    struct buf made = {0};
    enum err rc = store_note(store, note_name(kind), &note, msg);

    /* What cannot be read any more is asked for again. */
    if (rc == ERR_OK || rc == ERR_NOT_FOUND) {
        rc = witnessed_decode(&list, buf_bytes(&note));
    }
    if (rc == ERR_MALFORMED) {
        rc = witnessed_decode(&list, (struct bytes){0});
    }
    if (rc == ERR_OK) {
        place = make_place(&list, &item->witness.key);
        before = *place;
        *place = *item;
        if (item->failing_ms > 0 && before.failing_ms > 0) {
            place->failing_ms = before.failing_ms;
        }
        if (before.size > item->size) {
            place->size = before.size;
            place->root = before.root;
            place->time = before.time;
            place->signature = before.signature;
        }
        rc = witnessed_encode(&made, &list);
    }
    if (rc == ERR_OK && !bytes_equal(buf_bytes(&made), buf_bytes(&note))) {
        rc = store_put_note(store, note_name(kind), buf_bytes(&made), msg);
    }
    witnessed_release(&list);
    buf_release(&note);
    buf_release(&made);
    return rc;
}

void
witnessed_put_line(struct buf *out, const struct witnessed *item)
{
    uint8_t bytes[8 + sizeof(item->signature.bytes)];

    num_store_u64(bytes, item->time);
    memcpy(bytes + 8, item->signature.bytes, sizeof(item->signature.bytes));
    note_put_signature(out, &item->witness.key, bytes_of(bytes, sizeof(bytes)));
}
