/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence and cosignatures: signatures, proofs, and what they stand for. */
#include "storage/cosign.h"
#include "storage/fork.h"
#include "storage/verify_internal.h"

/* Damaged, or no finding, or what the memory or the disk says. */
static enum err
find(struct verifying *v, enum err rc, const char *sentence)
{
    if (rc == ERR_OK || rc == ERR_NOMEM || rc == ERR_IO) {
        return rc;
    }
    verify_finding(v, "%s", sentence);
    return ERR_OK;
}

enum err
verify_evidence(struct verifying *v, struct bytes key, struct bytes value)
{
    const struct corridor_id *corridor = &v->view->store->corridor;
    struct log_state state = {0};
    struct evidence_row row;
    uint32_t log = 0;
    uint32_t number = 0;
    enum err rc = key_get_u32(key, &log);

    if (rc == ERR_OK) {
        rc = evidence_row_decode(&row, value);
    }
    if (rc == ERR_OK) {
        rc = evidence_verify(&row.evidence, corridor);
    }
    if (rc == ERR_OK) {
        rc = view_load_log(v->view, &row.evidence.log, &number, &state, NULL);
    }
    if (rc == ERR_OK && (number != log || !state.has_evidence)) {
        rc = ERR_CORRUPT;
    }
    author_release(&state.author);
    return find(v, rc,
        "evidence of a fork is damaged, or its log's row does not say so");
}

enum err
verify_cosignature(struct verifying *v, struct bytes key, struct bytes value)
{
    const struct corridor_id *corridor = &v->view->store->corridor;
    const struct member_node *node = NULL;
    struct cosign_row row;
    struct cosignature cosignature;
    enum err rc = cosign_decode(&row, key, value);

    if (rc == ERR_OK) {
        node = membership_node(v->reader.membership, &row.cosigner);
        rc = row.log >= v->reader.logs->count ? ERR_CORRUPT : ERR_OK;
    }
    /* A cut may have undone its cosigner's admission since: there is no key
     * to look at it by, and nobody counts it. */
    if (rc == ERR_OK && node != NULL) {
        cosignature = cosign_of(&row, v->reader.logs);
        rc = cosignature_check(&cosignature, corridor, &node->cert.keys.cosign);
    }
    return find(v, rc, "a cosignature is damaged");
}

enum err
verify_forked(struct verifying *v, uint32_t log, const struct log_state *state)
{
    struct key key = key_u32(log);
    struct bytes row = {0};
    enum err rc = ERR_OK;

    if (!state->has_evidence) {
        return find(v, state->is_forked ? ERR_CORRUPT : ERR_OK,
            "a log counts as forked, and nothing shows it");
    }
    rc = txn_get(v->view->txn, TABLE_EVIDENCE, key_bytes(&key), &row, NULL);
    return find(v, rc, "the evidence of a fork is missing");
}
