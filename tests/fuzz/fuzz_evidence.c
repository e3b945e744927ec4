/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence and cosignatures: one encoding each, and none holds that nobody
 * signed. The first byte chooses. */
#include <assert.h>

#include "sync/model/cosign.h"
#include "sync/model/evidence.h"
#include "tests/fuzz/fuzz.h"

static const struct corridor_id corridor = {{0}};

static void
try_evidence(struct bytes bytes, struct buf *out)
{
    struct evidence evidence;

    if (evidence_decode(&evidence, bytes) == ERR_OK) {
        assert(evidence_encode(out, &evidence) == ERR_OK);
        assert(bytes_equal(buf_bytes(out), bytes));
        assert(evidence_verify(&evidence, &corridor) == ERR_BAD_SIGNATURE);
    }
}

static void
try_cosignature(struct bytes bytes, struct buf *out)
{
    static const struct public_key key = {{1}};
    struct cosignature cosignature;

    if (cosignature_decode(&cosignature, bytes) == ERR_OK) {
        cosignature_encode(out, &cosignature);
        assert(bytes_equal(buf_bytes(out), bytes));
        assert(cosignature_check(&cosignature, &corridor, &key) ==
               ERR_BAD_SIGNATURE);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out = {0};

    if (size > 0 && data[0] % 2 == 0) {
        try_evidence(bytes_of(data + 1, size - 1), &out);
    } else if (size > 0) {
        try_cosignature(bytes_of(data + 1, size - 1), &out);
    }
    buf_release(&out);
    return 0;
}
