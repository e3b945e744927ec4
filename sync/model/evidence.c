/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/evidence.h"

static enum err
check(const struct evidence *evidence)
{
    if (evidence->a.size == 0 || evidence->a.size > evidence->b.size ||
        evidence->b.size > LOG_SIZE_MAX ||
        evidence->proof.count > MERKLE_PROOF_MAX) {
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

enum err
evidence_verify(
    const struct evidence *evidence, const struct corridor_id *corridor)
{
    enum err rc = check(evidence);

    /* The proof first: it is the cheapest to refuse. */
    if (rc == ERR_OK) {
        rc = log_heads_fork(
            &evidence->a, &evidence->b, &evidence->root, &evidence->proof);
        rc = rc == ERR_FORK ? ERR_OK : ERR_BAD_SIGNATURE;
    }
    if (rc == ERR_OK) {
        rc = log_head_verify(&evidence->a, corridor, &evidence->log);
    }
    if (rc == ERR_OK) {
        rc = log_head_verify(&evidence->b, corridor, &evidence->log);
    }
    return rc;
}

enum err
evidence_encode(struct buf *out, const struct evidence *evidence)
{
    uint8_t id[LOG_ID_BYTES];
    enum err rc = check(evidence);

    if (rc != ERR_OK) {
        return rc;
    }
    log_id_encode(id, &evidence->log);
    buf_put(out, id, sizeof(id));
    log_head_put(out, &evidence->a);
    log_head_put(out, &evidence->b);
    buf_put_bytes(out, bytes_hash(&evidence->root));
    log_proof_put(out, &evidence->proof);
    return buf_err(out);
}

enum err
evidence_decode(struct evidence *out, struct bytes encoded)
{
    struct cursor cursor = cursor_init(encoded);
    struct evidence evidence = {.proof = {.count = 0}};
    struct bytes id = cursor_take(&cursor, LOG_ID_BYTES);

    if (encoded.size > EVIDENCE_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    if (cursor.failed || log_id_decode(&evidence.log, id.data) != ERR_OK) {
        return ERR_MALFORMED;
    }
    log_head_get(&cursor, &evidence.a);
    log_head_get(&cursor, &evidence.b);
    cursor_copy(&cursor, evidence.root.bytes, sizeof(evidence.root.bytes));
    log_proof_get(&cursor, &evidence.proof);
    if (cursor_end(&cursor) != ERR_OK || check(&evidence) != ERR_OK) {
        return ERR_MALFORMED;
    }
    *out = evidence;
    return ERR_OK;
}
