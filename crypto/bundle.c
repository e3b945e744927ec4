/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/bundle.h"

static void
put_sized(struct buf *out, struct bytes bytes)
{
    if (bytes.size > BUNDLE_ENTRY_BYTES_MAX) {
        out->rc = out->rc == ERR_OK ? ERR_TOO_BIG : out->rc;
        return;
    }
    buf_put_u16(out, (uint16_t)bytes.size);
    buf_put_bytes(out, bytes);
}

static struct bytes
take_sized(struct cursor *cursor)
{
    return cursor_take(cursor, cursor_u16(cursor));
}

void
bundle_put(struct buf *out, struct bytes entry)
{
    put_sized(out, entry);
}

struct bytes
bundle_next(struct cursor *cursor)
{
    return take_sized(cursor);
}

void
bundle_put_header(struct buf *out, const struct bundle_header *item)
{
    put_sized(out, item->header);
    buf_put_u8(out, (uint8_t)item->state);
    if (item->state == BUNDLE_BODY_HERE) {
        put_sized(out, item->body);
    }
}

struct bundle_header
bundle_next_header(struct cursor *cursor)
{
    struct bundle_header item = {.state = BUNDLE_BODY_HERE};
    const struct bytes header = take_sized(cursor);
    const uint8_t state = cursor_u8(cursor);

    item.header = header;
    switch (state) {
    case BUNDLE_BODY_HERE:
        item.body = take_sized(cursor);
        break;
    case BUNDLE_BODY_HELD:
    case BUNDLE_BODY_LACKING:
    case BUNDLE_BODY_DENIED:
        item.state = (enum bundle_body)state;
        break;
    default:
        cursor_fail(cursor);
        break;
    }
    if (cursor->failed) {
        item = (struct bundle_header){.state = BUNDLE_BODY_HERE};
    }
    return item;
}
