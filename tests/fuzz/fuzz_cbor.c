/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOR: what is valid has one encoding, and no sequence of reads leaves the
 * input or returns content after a failure.
 */
#include <assert.h>

#include "crypto/base/cbor.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/recode.h"

/* Is a result of a reader within the input, or empty where it failed? */
static void
check_view(const struct cursor *cursor, struct bytes view)
{
    if (cursor->failed) {
        assert(view.size == 0);
    } else if (view.size > 0) {
        assert(view.data >= cursor->start);
        assert(view.data + view.size <= cursor->pos);
    }
}

/* Make the read that `choice` stands for. */
static void
read_one(struct cursor *cursor, uint8_t choice)
{
    uint8_t fixed[4];

    switch (choice % 8) {
    case 0:
        assert(cbor_get_uint(cursor) == 0 || !cursor->failed);
        break;
    case 1:
        assert(cbor_get_int(cursor) == 0 || !cursor->failed);
        break;
    case 2:
        check_view(cursor, cbor_get_bytes(cursor));
        break;
    case 3:
        check_view(cursor, cbor_get_text(cursor));
        break;
    case 4:
        assert(cbor_get_array(cursor) <= cursor_left(cursor));
        break;
    case 5:
        assert(cbor_get_map(cursor) <= cursor_left(cursor) / 2);
        break;
    case 6:
        cbor_get_fixed(cursor, fixed, sizeof(fixed));
        break;
    default:
        check_view(cursor, cbor_skip(cursor));
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor choices = cursor_init(bytes_of(data, size / 4));
    struct cursor cursor =
        cursor_init(bytes_of(data + size / 4, size - size / 4));

    if (cbor_valid(bytes_of(data, size))) {
        assert(recode_is_same(bytes_of(data, size)));
    }
    while (cursor_left(&choices) > 0) {
        read_one(&cursor, cursor_u8(&choices));
    }
    return 0;
}
