/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/witness_request.h"

#include <inttypes.h>

#include "crypto/text.h"

static const char old_start[] = "old ";

enum err
witness_request_write(struct buf *out, const struct witness_request *request)
{
    const size_t before = out->size;

    if (request->proof.count > WITNESS_PROOF_MAX) {
        return ERR_TOO_BIG;
    }
    buf_printf(out, "%s%" PRIu64 "\n", old_start, request->old_size);
    text_put_proof(out, &request->proof);
    buf_put_u8(out, '\n');
    buf_put_bytes(out, request->checkpoint);
    if (buf_err(out) == ERR_OK &&
        out->size - before > WITNESS_REQUEST_BYTES_MAX) {
        buf_truncate(out, before);
        return ERR_TOO_BIG;
    }
    return buf_err(out);
}

enum err
witness_request_read(struct witness_request *out, struct bytes encoded)
{
    struct cursor cursor = cursor_init(encoded);
    struct witness_request request = {.old_size = 0};

    if (encoded.size > WITNESS_REQUEST_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    request.old_size = text_take_number(&cursor, old_start);
    text_take_proof(&cursor, &request.proof, WITNESS_PROOF_MAX);
    request.checkpoint = cursor_take(&cursor, cursor_left(&cursor));
    if (cursor_end(&cursor) != ERR_OK || request.checkpoint.size == 0) {
        return ERR_MALFORMED;
    }
    *out = request;
    return ERR_OK;
}

enum err
witness_conflict_write(struct buf *out, uint64_t size)
{
    buf_printf(out, "%" PRIu64 "\n", size);
    return buf_err(out);
}

enum err
witness_conflict_read(uint64_t *out_size, struct bytes encoded)
{
    struct cursor cursor = cursor_init(encoded);
    uint64_t size = 0;

    if (encoded.size > WITNESS_CONFLICT_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    size = text_take_number(&cursor, "");
    if (cursor_end(&cursor) != ERR_OK) {
        return ERR_MALFORMED;
    }
    *out_size = size;
    return ERR_OK;
}
