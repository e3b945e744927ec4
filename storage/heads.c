/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/heads.h"

#include <string.h>

static bool
is_same(const struct head *a, const struct head *b)
{
    return a->size == b->size && hash_equal(&a->root, &b->root);
}

const struct head *
heads_trusted(const struct log_state *state, const struct head *head)
{
    if (state->has_target && log_head_equal(&state->target, head)) {
        return &state->target;
    }
    return state->has_head && log_head_equal(&state->head, head) ? &state->head
                                                                 : NULL;
}

/* The head of that size that is kept; NULL if there is none. */
static const struct head *
find_size(const struct log_state *state, uint64_t size)
{
    if (state->has_head && state->head.size == size) {
        return &state->head;
    }
    if (state->has_target && state->target.size == size) {
        return &state->target;
    }
    for (size_t i = 0; i < state->awaited_count; i++) {
        if (state->awaited[i].size == size) {
            return &state->awaited[i];
        }
    }
    return NULL;
}

bool
heads_has(const struct log_state *state, uint64_t size)
{
    return find_size(state, size) != NULL;
}

enum err
heads_judge(const struct store *store, const struct log_state *state,
    const struct head *head, struct evidence *out)
{
    const struct head *kept = find_size(state, head->size);
    enum err rc = ERR_OK;

    if (kept == NULL || is_same(kept, head)) {
        return ERR_OK;
    }
    rc = log_head_verify(head, &store->corridor, &state->author.id);
    if (rc != ERR_OK) {
        return rc;
    }
    *out = (struct evidence){
        .log = state->author.id, .a = *kept, .b = *head, .root = head->root};
    return ERR_FORK;
}

/* The root of the first `size` entries. */
static enum err
root_at(struct hash *out, const struct merkle_source *source, uint64_t size)
{
    enum err rc = merkle_source_root(out, source, size);

    return rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc;
}

enum err
heads_compare(struct store *store, uint32_t log, const struct head *head,
    struct evidence *out)
{
    const struct log_state *state = store->states[log];
    struct entries_source entries = {store->txn, log};
    struct merkle_source source = entries_merkle(&entries);
    struct evidence evidence = {.log = state->author.id, .a = *head};
    struct merkle_partial tree = {
        state->edge.size, state->target.size, &state->beyond};
    enum err rc = root_at(&evidence.root, &source, head->size);

    if (rc != ERR_OK || hash_equal(&evidence.root, &head->root)) {
        return rc;
    }
    rc = log_head_verify(head, &store->corridor, &state->author.id);
    if (rc != ERR_OK) {
        return rc;
    }
    if (state->has_head && state->head.size >= head->size) {
        evidence.b = state->head;
        rc = merkle_prove_consistency(
            &evidence.proof, &source, head->size, state->head.size);
    } else if (state->has_target) {
        evidence.b = state->target;
        rc = merkle_prove_partial(&evidence.proof, &source, &tree, head->size);
    } else {
        return ERR_BUSY;
    }
    if (rc != ERR_OK) {
        return rc == ERR_NOMEM || rc == ERR_IO ? rc : ERR_CORRUPT;
    }
    *out = evidence;
    return ERR_FORK;
}

/* A tree of which the last leaves are a batch's, not stored yet. */
struct batch_source {
    struct merkle_source stored;
    uint64_t from;
    const struct batch_nodes *nodes;
};

static enum err
batch_node(void *context, unsigned level, uint64_t index, struct hash *out)
{
    const struct batch_source *source = context;
    uint64_t last = ((index + 1) << level) - 1; /* the leaf that completes it */

    if (last < source->from) {
        return source->stored.node(source->stored.context, level, index, out);
    }
    *out =
        source->nodes->nodes[source->nodes->first[last - source->from] + level];
    return ERR_OK;
}

/* With the batch the log has another root than a kept head says: its tree is
 * that of the batch's head, to which the proof leads. */
static enum err
show(struct store *store, uint32_t log, const struct batch *batch,
    const struct head *kept, struct evidence *out)
{
    struct entries_source entries = {store->txn, log};
    struct batch_source batched = {
        entries_merkle(&entries), batch->from, &store->nodes};
    struct merkle_source source = {batch_node, &batched};
    struct merkle_partial tree = {
        batch->from + batch->count, batch->head.size, &batch->proof};
    struct evidence evidence = {
        .log = batch->log, .a = *kept, .b = batch->head};
    enum err rc = root_at(&evidence.root, &source, kept->size);

    if (rc == ERR_OK) {
        rc = merkle_prove_partial(&evidence.proof, &source, &tree, kept->size);
    }
    if (rc != ERR_OK) {
        return rc == ERR_NOMEM || rc == ERR_IO ? rc : ERR_CORRUPT;
    }
    *out = evidence;
    return ERR_FORK;
}

/* Will the log pass this size with the batch? */
static bool
is_passed(const struct batch *batch, uint64_t size)
{
    return size > batch->from && size <= batch->from + batch->count;
}

/* Does the batch reach a head that waits? Hardly ever before its end. */
static bool
reaches_head(const struct log_state *state, const struct batch *batch)
{
    bool reaches = state->has_target && is_passed(batch, state->target.size);

    for (size_t k = 0; k < state->awaited_count; k++) {
        reaches = reaches || is_passed(batch, state->awaited[k].size);
    }
    return reaches;
}

enum err
heads_check(struct store *store, uint32_t log, const struct batch *batch,
    struct evidence *out)
{
    const struct log_state *state = store->states[log];
    const struct batch_nodes *nodes = &store->nodes;
    struct merkle_edge edge = state->edge;
    struct hash completed[MERKLE_LEVELS_MAX];

    if (!reaches_head(state, batch)) {
        return ERR_OK;
    }
    for (size_t i = 0; i < batch->count; i++) {
        const struct head *kept = NULL;
        struct hash root;

        merkle_append(&edge, &nodes->nodes[nodes->first[i]], completed);
        kept = find_size(state, edge.size);
        if (kept == NULL) {
            continue;
        }
        merkle_root(&root, &edge);
        if (!hash_equal(&root, &kept->root)) {
            return show(store, log, batch, kept, out);
        }
    }
    return ERR_OK;
}

/* Into its place by size, of which it is not yet there. */
static void
insert(struct head *heads, size_t *count, const struct head *head)
{
    size_t place = *count;

    while (place > 0 && heads[place - 1].size > head->size) {
        heads[place] = heads[place - 1];
        place--;
    }
    heads[place] = *head;
    (*count)++;
    if (*count > LOG_AWAITED_MAX) {
        heads[LOG_AWAITED_MAX - 1] = heads[LOG_AWAITED_MAX];
        *count = LOG_AWAITED_MAX;
    }
}

bool
heads_await(struct log_state *state, const struct head *head)
{
    struct head heads[LOG_AWAITED_MAX + 1];
    size_t count = 0;
    bool is_kept = false;

    if (find_size(state, head->size) != NULL) {
        return false;
    }
    for (size_t i = 0; i < state->awaited_count; i++) {
        insert(heads, &count, &state->awaited[i]);
    }
    insert(heads, &count, head);
    for (size_t i = 0; i < count; i++) {
        state->awaited[i] = heads[i];
        is_kept = is_kept || heads[i].size == head->size;
    }
    state->awaited_count = count;
    return is_kept;
}

void
heads_settle(struct log_state *state, const struct batch *batch)
{
    struct head heads[LOG_AWAITED_MAX + 1];
    bool had_target = state->has_target;
    struct head target = state->target;
    size_t count = 0;

    for (size_t i = 0; i < state->awaited_count; i++) {
        if (state->awaited[i].size > state->edge.size &&
            state->awaited[i].size != batch->head.size) {
            insert(heads, &count, &state->awaited[i]);
        }
    }
    memcpy(state->awaited, heads, count * sizeof(*heads));
    state->awaited_count = count;
    state->has_target = batch->head.size > state->edge.size;
    if (state->has_target) {
        state->target = batch->head;
        state->beyond = batch->proof;
    } else {
        state->has_head = true;
        state->head = batch->head;
    }
    if (had_target && target.size > state->edge.size) {
        heads_await(state, &target);
    }
    state->is_dirty = true;
}
