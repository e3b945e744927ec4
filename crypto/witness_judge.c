/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/witness_judge.h"

enum witness_verdict
witness_judge(
    const struct witness_asked *asked, const struct witness_tree *last)
{
    static const struct merkle_edge nothing = {0};
    struct merkle_claim newer = {.size = asked->size, .root = asked->root};
    struct hash old_root;
    bool is_known = false;

    if (asked->old_size > asked->size) {
        return WITNESS_MALFORMED;
    }
    if (asked->old_size != last->size) {
        return WITNESS_OTHER_SIZE;
    }
    if (last->size > 0) {
        old_root = last->root;
    } else {
        merkle_root(&old_root, &nothing);
    }
    is_known = last->has_any && asked->size == last->size;
    if (asked->size == last->size && !hash_equal(asked->root, &old_root)) {
        return WITNESS_CONFLICT;
    }
    if (merkle_verify_consistency(
            asked->old_size, &old_root, &newer, asked->proof) != ERR_OK) {
        return WITNESS_BAD_PROOF;
    }
    return is_known ? WITNESS_KNOWS : WITNESS_COSIGNS;
}
