/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/recode.h"

#include <assert.h>

#include "crypto/base/cbor.h"

/* Read one head (and a string's content) and write it again. */
static void
copy_head(struct cursor *in, struct buf *out)
{
    struct cursor ahead = *in;

    switch (cbor_peek(in)) {
    case CBOR_UINT:
        cbor_put_uint(out, cbor_get_uint(in));
        break;
    case CBOR_NINT:
        cbor_get_int(&ahead);
        if (ahead.failed) {
            /* Beyond int64, which no getter returns. */
            buf_put_bytes(out, cbor_skip(in));
        } else {
            cbor_put_int(out, cbor_get_int(in));
        }
        break;
    case CBOR_BYTES:
        cbor_put_bytes(out, cbor_get_bytes(in));
        break;
    case CBOR_TEXT:
        cbor_put_text(out, cbor_get_text(in));
        break;
    case CBOR_ARRAY:
        cbor_put_array(out, cbor_get_array(in));
        break;
    case CBOR_MAP:
        cbor_put_map(out, cbor_get_map(in));
        break;
    case CBOR_FALSE:
    case CBOR_TRUE:
        cbor_put_bool(out, cbor_get_bool(in));
        break;
    case CBOR_NULL:
        cbor_get_null(in);
        cbor_put_null(out);
        break;
    case CBOR_INVALID:
        cursor_fail(in);
        break;
    }
}

/* Heads stand in a row, whatever their nesting: no stack is needed. */
enum err
recode_cbor(struct bytes bytes, struct buf *out)
{
    struct cursor cursor = cursor_init(bytes);

    if (!cbor_valid(bytes)) {
        return ERR_MALFORMED;
    }
    while (cursor_left(&cursor) > 0) {
        copy_head(&cursor, out);
    }
    assert(cursor_end(&cursor) == ERR_OK);
    return buf_err(out);
}

bool
recode_is_same(struct bytes bytes)
{
    struct buf out = {0};
    bool same = recode_cbor(bytes, &out) == ERR_OK &&
                bytes_equal(buf_bytes(&out), bytes);

    buf_release(&out);
    return same;
}
