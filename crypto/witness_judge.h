/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May a witness cosign this checkpoint? (C2SP tlog-witness v1.0.0,
 * "add-checkpoint"; docs/protocol.md, "Witnesses"). Whose log it is, and
 * whether the log has signed it, was asked before.
 */
#ifndef CORRIDOR_CRYPTO_WITNESS_JUDGE_H
#define CORRIDOR_CRYPTO_WITNESS_JUDGE_H

#include "crypto/merkle.h"

/* The tree that a witness cosigned last of a log. */
struct witness_tree {
    bool has_any; /* else it cosigned none yet: all is zero */
    uint64_t size;
    struct hash root;
};

enum witness_verdict {
    WITNESS_COSIGNS,    /* it goes on from that tree */
    WITNESS_KNOWS,      /* it is that tree: nothing new is to be signed */
    WITNESS_MALFORMED,  /* the old size is beyond the checkpoint's */
    WITNESS_OTHER_SIZE, /* the old size is not that tree's */
    WITNESS_CONFLICT,   /* it is of that size, and another tree */
    WITNESS_BAD_PROOF   /* that it goes on from that tree is not shown */
};

/* What is asked: that the tree of `old_size` is part of this one. */
struct witness_asked {
    uint64_t old_size;
    const struct merkle_proof *proof;
    uint64_t size;
    const struct hash *root;
};

/* The first of the faults, in the order in which a witness looks for them. */
enum witness_verdict witness_judge(
    const struct witness_asked *asked, const struct witness_tree *last);

#endif
