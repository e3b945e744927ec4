/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches: one encoding each, and one that nobody signed is refused against
 * any edge.
 */
#include <assert.h>

#include "sync/model/log.h"
#include "tests/fuzz/fuzz.h"

static void
try_verify(const struct batch *batch)
{
    static const struct corridor_id corridor = {{0}};
    struct merkle_edge edge = {.size = batch->from};
    struct batch_nodes nodes = {0};

    assert(log_verify_batch(&edge, &nodes, batch, &corridor, NULL) ==
           ERR_BAD_SIGNATURE);
    /* The same under a head that is taken on trust. */
    edge.size = batch->from;
    if (log_verify_batch(&edge, &nodes, batch, &corridor, &batch->head) ==
        ERR_OK) {
        assert(edge.size == batch->from + batch->count);
    }
    batch_nodes_release(&nodes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct batch batch = {.count = 0};
    struct buf out = {0};

    if (batch_decode(&batch, bytes_of(data, size)) == ERR_OK) {
        assert(batch_encode(&out, &batch) == ERR_OK);
        assert(bytes_equal(buf_bytes(&out), bytes_of(data, size)));
        try_verify(&batch);
        batch_release(&batch);
    }
    buf_release(&out);
    return 0;
}
