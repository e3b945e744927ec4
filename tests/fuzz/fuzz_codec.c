/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames: whatever comes is refused or unpacks to no more than its limit,
 * and what it unpacks to packs and unpacks again.
 */
#include <assert.h>
#include <string.h>

#include "sync/model/change.h"
#include "tests/fuzz/fuzz.h"

/* Pack and unpack: the same. */
static void
check_round_trip(struct codec *codec, struct bytes plain)
{
    struct buf padded = {0};
    struct buf back = {0};

    assert(codec_pack(codec, &padded, plain) == ERR_OK);
    assert(codec_unpack(codec, &back, buf_bytes(&padded)) == ERR_OK);
    assert(bytes_equal(buf_bytes(&back), plain));
    buf_release(&padded);
    buf_release(&back);
}

/* A frame without its padding, which is added here. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct codec *codec = NULL;
    struct buf padded = {0};
    struct buf plain = {0};
    uint8_t *room = NULL;

    assert(codec_new(&codec, 0, bytes_of(NULL, 0)) == ERR_OK);
    buf_put(&padded, data, size);
    room = buf_extend(&padded, seal_padded_size(size) - size);
    assert(room != NULL);
    memset(room, 0, seal_padded_size(size) - size);
    if (codec_unpack(codec, &plain, buf_bytes(&padded)) == ERR_OK) {
        assert(plain.size <= CHANGE_PLAIN_BYTES_MAX);
        check_round_trip(codec, buf_bytes(&plain));
    } else {
        assert(plain.size == 0);
    }
    if (size <= CHANGE_PLAIN_BYTES_MAX) {
        check_round_trip(codec, bytes_of(data, size));
    }
    codec_free(codec);
    buf_release(&padded);
    buf_release(&plain);
    return 0;
}
