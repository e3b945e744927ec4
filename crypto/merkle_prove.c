/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/merkle.h"

#include <assert.h>

#include "crypto/merkle_internal.h"

static bool
is_power_of_two(uint64_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

/* A way up from a perfect node to the root of the tree of `size` leaves. */
struct climb {
    uint64_t size;
    unsigned level; /* where it stands: node (level, index), */
    uint64_t index; /* or as much of that as is in the tree */
};

/* The leaves [start, end) below a node. */
struct range {
    uint64_t start;
    uint64_t end;
};

/* What is below node (level, index) of a tree of `size` leaves, and in it. */
static struct range
range_of_node(unsigned level, uint64_t index, uint64_t size)
{
    struct range range = {0, size};

    if (level >= MERKLE_LEVELS_MAX) {
        return range;
    }
    range.start = index << level;
    if (size - range.start > (uint64_t)1 << level) {
        range.end = range.start + ((uint64_t)1 << level);
    }
    return range;
}

static bool
range_equal(struct range a, struct range b)
{
    return a.start == b.start && a.end == b.end;
}

/* From the largest perfect node that ends before leaf `end`. */
static struct climb
climb_from_end(uint64_t end, uint64_t size)
{
    struct climb climb = {size, trailing_zeros(end), 0};

    climb.index = (end >> climb.level) - 1;
    return climb;
}

/*
 * One step up: which leaves are below the sibling, and whether it is to the
 * left. False at the root. A node that is the last one of its level and has
 * an even index has no sibling there: it is its own parent.
 */
static bool
climb_step(struct climb *climb, struct range *out_sibling, bool *out_is_left)
{
    uint64_t last = 0;

    if (climb->level >= MERKLE_LEVELS_MAX) {
        return false;
    }
    last = (climb->size - 1) >> climb->level;
    while (climb->index == last && !bit_is_set(last, 0)) {
        if (last == 0) {
            return false;
        }
        climb->level++;
        climb->index >>= 1;
        last >>= 1;
    }
    *out_is_left = bit_is_set(climb->index, 0);
    *out_sibling = range_of_node(climb->level, climb->index ^ 1, climb->size);
    climb->level++;
    climb->index >>= 1;
    return true;
}

/* How many steps a climb has. */
static size_t
climb_count(struct climb climb)
{
    struct range sibling;
    bool is_left;
    size_t count = 0;

    while (climb_step(&climb, &sibling, &is_left)) {
        count++;
    }
    return count;
}

/*
 * The hash of the leaves [start, end), all held by the source and below one
 * node: the perfect subtrees from right to left, as in merkle_root.
 */
static enum err
source_range(
    const struct merkle_source *source, struct range range, struct hash *out)
{
    const uint64_t count = range.end - range.start;
    struct hash hash = {{0}};
    bool has_hash = false;
    enum err rc = ERR_OK;

    for (unsigned level = 0; level < MERKLE_LEVELS_MAX; level++) {
        struct hash left;
        uint64_t before = 0; /* leaves of the range to the left of it */

        if (!bit_is_set(count, level)) {
            continue;
        }
        before = count - (count & (((uint64_t)2 << level) - 1));
        rc = source->node(
            source->context, level, (range.start + before) >> level, &left);
        if (rc != ERR_OK) {
            return rc;
        }
        if (has_hash) {
            merkle_node(&hash, &left, &hash);
        } else {
            hash = left;
            has_hash = true;
        }
    }
    assert(has_hash);
    *out = hash;
    return ERR_OK;
}

enum err
merkle_prove_inclusion(struct merkle_proof *out,
    const struct merkle_source *source, uint64_t index, uint64_t size)
{
    struct climb climb = {size, 0, index};
    struct merkle_proof proof;
    struct range sibling;
    bool is_left;
    enum err rc = ERR_OK;

    if (index >= size) {
        return ERR_MALFORMED;
    }
    proof.count = 0;
    while (climb_step(&climb, &sibling, &is_left)) {
        rc = source_range(source, sibling, &proof.hashes[proof.count]);
        if (rc != ERR_OK) {
            return rc;
        }
        proof.count++;
    }
    *out = proof;
    return ERR_OK;
}

enum err
merkle_prove_consistency(struct merkle_proof *out,
    const struct merkle_source *source, uint64_t from, uint64_t size)
{
    const struct merkle_proof none = {0};
    const struct merkle_partial whole = {size, size, &none};

    return merkle_prove_partial(out, source, &whole, from);
}

/*
 * The part of the tree that only PROOF(held, size) speaks for. It climbs
 * from the last held node to the root, once, and its siblings are what the
 * proof lists; `hash` is the hash of the node where it stands.
 */
struct beyond {
    struct climb climb;
    const struct merkle_proof *proof;
    size_t next;
    struct hash hash;
};

static enum err
beyond_init(struct beyond *out, const struct merkle_source *source,
    const struct merkle_partial *tree)
{
    /* A first node that is the whole held tree is not in the proof. */
    const size_t first = is_power_of_two(tree->held) ? 0 : 1;

    out->climb = climb_from_end(tree->held, tree->size);
    out->proof = tree->beyond;
    out->next = first;
    if (tree->beyond->count != first + climb_count(out->climb)) {
        return ERR_MALFORMED;
    }
    return source->node(
        source->context, out->climb.level, out->climb.index, &out->hash);
}

/*
 * The hash of `range`, which ends beyond the held leaves and is a sibling on
 * a climb from below the held size. Two cases, drawn for held = 5, size = 8,
 * where the proof lists c = [4,5), d = [5,6), e = [6,8), a = [0,4):
 *
 *              r                from 4 the climb passes the sibling [4,8),
 *          /       \            which is half held: this climb has passed
 *        a           .          d and e when it stands there;
 *      /   \       /   \
 *     .     .     .     e       from 5 the siblings d and e are themselves
 *    / \   / \   / \   / \      in the list.
 *   0   1 2   3 c   d 6   7
 *
 * Ranges must be asked for from the bottom up.
 */
static enum err
beyond_range(struct beyond *beyond, struct range range, struct hash *out)
{
    struct range sibling;
    bool is_left;

    while (climb_step(&beyond->climb, &sibling, &is_left)) {
        const struct hash *hash = &beyond->proof->hashes[beyond->next];
        const struct hash *left = is_left ? hash : &beyond->hash;
        const struct hash *right = is_left ? &beyond->hash : hash;

        assert(beyond->next < beyond->proof->count);
        beyond->next++;
        merkle_node(&beyond->hash, left, right);
        if (range_equal(sibling, range)) {
            *out = *hash;
            return ERR_OK;
        }
        if (range_equal(range_of_node(beyond->climb.level, beyond->climb.index,
                            beyond->climb.size),
                range)) {
            *out = beyond->hash;
            return ERR_OK;
        }
    }
    assert(false); /* the drawing's two cases are all there are */
    return ERR_CORRUPT;
}

/*
 * PROOF(from, size) is the largest perfect node that ends at `from` (left out
 * if it is the whole old tree), then the siblings on its way to the root.
 */
static enum err
prove_climb(struct merkle_proof *out, const struct merkle_source *source,
    struct beyond *beyond, const struct merkle_partial *tree, uint64_t from)
{
    struct climb climb = climb_from_end(from, tree->size);
    struct range sibling;
    bool is_left;
    enum err rc = ERR_OK;

    out->count = 0;
    if (!is_power_of_two(from)) {
        rc = source->node(
            source->context, climb.level, climb.index, &out->hashes[0]);
        out->count++;
    }
    while (rc == ERR_OK && climb_step(&climb, &sibling, &is_left)) {
        struct hash *hash = &out->hashes[out->count++];

        if (sibling.end <= tree->held) {
            rc = source_range(source, sibling, hash);
        } else {
            rc = beyond_range(beyond, sibling, hash);
        }
    }
    return rc;
}

enum err
merkle_prove_partial(struct merkle_proof *out,
    const struct merkle_source *source, const struct merkle_partial *tree,
    uint64_t from)
{
    struct merkle_proof proof = {0};
    struct beyond beyond = {0};
    enum err rc = ERR_OK;

    if (from > tree->held || tree->held > tree->size) {
        return ERR_MALFORMED;
    }
    if (from == 0 || from == tree->size) {
        *out = proof;
        return ERR_OK;
    }
    if (tree->held < tree->size) {
        rc = beyond_init(&beyond, source, tree);
    }
    if (rc == ERR_OK) {
        rc = prove_climb(&proof, source, &beyond, tree, from);
    }
    if (rc == ERR_OK) {
        *out = proof;
    }
    return rc;
}

enum err
merkle_source_root(
    struct hash *out, const struct merkle_source *source, uint64_t size)
{
    struct merkle_edge edge = {.size = size};

    /* The subtree of a bit that is set ends where the lower bits begin. The
     * greatest first: a source of tiles reads each but once so. */
    for (unsigned level = MERKLE_LEVELS_MAX; level-- > 0;) {
        enum err rc = ERR_OK;

        if (bit_is_set(size, level)) {
            rc = source->node(source->context, level, (size >> level) - 1,
                &edge.hashes[level]);
        }
        if (rc != ERR_OK) {
            return rc;
        }
    }
    merkle_root(out, &edge);
    return ERR_OK;
}
