/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/crypto/tree.h"

#include <assert.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"

void
tree_counting_leaf(struct hash *out, uint64_t index)
{
    uint8_t bytes[8];

    num_store_u64(bytes, index);
    merkle_leaf(out, bytes_of(bytes, sizeof(bytes)));
}

void
tree_init(struct tree *tree, uint64_t size, tree_leaf_fn leaf)
{
    *tree = (struct tree){.size = size};
    for (unsigned level = 0; size >> level > 0; level++) {
        struct hash *nodes = mem_zalloc(size >> level, sizeof(*nodes));

        assert(nodes != NULL);
        tree->levels[level] = nodes;
        for (uint64_t i = 0; i < size >> level; i++) {
            if (level == 0) {
                leaf(&nodes[i], i);
            } else {
                const struct hash *below = &tree->levels[level - 1][2 * i];

                merkle_node(&nodes[i], below, below + 1);
            }
        }
    }
}

void
tree_release(struct tree *tree)
{
    for (unsigned level = 0; level < MERKLE_LEVELS_MAX; level++) {
        mem_free(tree->levels[level]);
    }
    *tree = (struct tree){.size = 0};
}

static enum err
read_node(void *context, unsigned level, uint64_t index, struct hash *out)
{
    const struct tree *tree = context;

    assert(level < MERKLE_LEVELS_MAX && index < tree->size >> level);
    *out = tree->levels[level][index];
    return ERR_OK;
}

struct merkle_source
tree_source(struct tree *tree)
{
    return (struct merkle_source){read_node, tree};
}

void
tree_root(struct hash *out, const struct tree *tree, uint64_t size)
{
    struct merkle_edge edge = {.size = size};

    assert(size <= tree->size);
    for (unsigned level = 0; level < MERKLE_LEVELS_MAX; level++) {
        if ((size >> level & 1) != 0) {
            edge.hashes[level] = tree->levels[level][(size >> level) - 1];
        }
    }
    merkle_root(out, &edge);
}
