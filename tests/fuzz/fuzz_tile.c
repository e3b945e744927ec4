/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths of tiles, and bundles of entries and of headers: what is read is
 * written again as the same bytes.
 */
#include <assert.h>

#include "crypto/bundle.h"
#include "crypto/tile.h"
#include "tests/fuzz/fuzz.h"

static void
try_path(struct bytes bytes)
{
    struct tile tile;
    char path[TILE_PATH_SIZE];

    if (tile_path_parse(&tile, bytes) == ERR_OK) {
        tile_path_format(path, &tile);
        assert(bytes_equal(bytes_text(path), bytes));
    }
}

static void
expect_same(struct buf *out, struct bytes bytes)
{
    assert(buf_err(out) == ERR_OK);
    assert(bytes_equal(buf_bytes(out), bytes));
}

static void
try_entries(struct bytes bytes)
{
    struct cursor cursor = cursor_init(bytes);
    struct buf out = {0};

    while (cursor_left(&cursor) > 0) {
        bundle_put(&out, bundle_next(&cursor));
    }
    if (cursor_end(&cursor) == ERR_OK) {
        expect_same(&out, bytes);
    }
    buf_release(&out);
}

static void
try_headers(struct bytes bytes)
{
    struct cursor cursor = cursor_init(bytes);
    struct buf out = {0};

    while (cursor_left(&cursor) > 0) {
        const struct bundle_header item = bundle_next_header(&cursor);

        bundle_put_header(&out, &item);
    }
    if (cursor_end(&cursor) == ERR_OK) {
        expect_same(&out, bytes);
    }
    buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes bytes = bytes_of(data, size);

    try_path(bytes);
    try_entries(bytes);
    try_headers(bytes);
    return 0;
}
