/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `owner`: a chain of transfers. Each names the dot it follows and is made by
 * the office that holds the record after that dot. If two follow one, neither
 * counts and the giver stays the owner, until it settles the matter with a
 * transfer that names both:
 *
 *     root -> A    a -> B    b -> C         C holds it
 *     root -> A    a -> B
 *             A    a'-> D                   A holds it: conflict
 *             A    s -> B, names a and a'   B holds it
 *
 * All transfers that follow one step, and those that settle them, form the
 * step's level. A level's tips are what no settling transfer names: one tip
 * is the next step; of several none counts.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "sync/model/merge_internal.h"
#include "sync/model/record_internal.h"

enum { NONE = -1 };

struct link {
    const struct record_op *op;
    ptrdiff_t level; /* the step it follows, or NONE */
    bool is_settled; /* named by a settling transfer of its level */
    size_t tips;     /* of its own level */
    size_t tip;      /* the last of them */
};

/* Finds a transfer's place by its dot. */
struct finder {
    struct op_id id;
    size_t at;
};

struct walk {
    const struct merge_view *view;
    struct link *links;     /* in canonical order */
    struct finder *finders; /* by id */
    size_t count;
    ptrdiff_t root;
    ptrdiff_t orphan; /* one that names only what is not here */
    size_t orphans;
};

void
owner_chain_release(struct owner_chain *chain)
{
    mem_free(chain->steps);
    mem_free(chain->tips);
    *chain = (struct owner_chain){0};
}

static int
compare_finders(const void *a, const void *b)
{
    const struct finder *x = a;
    const struct finder *y = b;

    return record_op_id_compare(&x->id, &y->id);
}

/*
 * Where a named transfer stands: before `at`, as what is named is older and
 * so comes first in the canonical order. NONE if it is not here.
 */
static ptrdiff_t
find_before(const struct walk *walk, const struct op_id *id, size_t at)
{
    struct finder wanted = {*id, 0};
    const struct finder *found = bsearch(&wanted, walk->finders, walk->count,
        sizeof(*walk->finders), compare_finders);

    return found == NULL || found->at >= at ? NONE : (ptrdiff_t)found->at;
}

/* Was it made by the office that holds the record after that step? */
static bool
is_by_holder(const struct walk *walk, const struct record_op *op, size_t step)
{
    const struct office *office = merge_office(walk->view, op);

    return office != NULL &&
           office_id_equal(&office->id, &walk->links[step].op->office);
}

/* "A settling transfer names both": all of one level, by its giver. */
static ptrdiff_t
level_settled(const struct walk *walk, const struct record_op *op, size_t at)
{
    ptrdiff_t level = NONE;

    for (size_t i = 0; i < op->dot_count; i++) {
        ptrdiff_t named = find_before(walk, &op->dots[i], at);

        if (named == NONE || walk->links[named].level == NONE ||
            (level != NONE && walk->links[named].level != level)) {
            return NONE;
        }
        level = walk->links[named].level;
    }
    return level;
}

static bool
names_only_absent(
    const struct walk *walk, const struct record_op *op, size_t at)
{
    for (size_t i = 0; i < op->dot_count; i++) {
        if (find_before(walk, &op->dots[i], at) != NONE) {
            return false;
        }
    }
    return true;
}

static void
settle(struct walk *walk, const struct record_op *op, size_t at)
{
    for (size_t i = 0; i < op->dot_count; i++) {
        ptrdiff_t named = find_before(walk, &op->dots[i], at);

        if (named != NONE) {
            walk->links[named].is_settled = true;
        }
    }
}

/* Find the level of one transfer; those before it have theirs. */
static void
link_one(struct walk *walk, size_t at)
{
    const struct record_op *op = walk->links[at].op;
    ptrdiff_t level = NONE;

    if (op->dot_count == 0) {
        walk->root = walk->root == NONE ? (ptrdiff_t)at : walk->root;
        return;
    }
    if (names_only_absent(walk, op, at)) {
        walk->orphan = (ptrdiff_t)at;
        walk->orphans++;
        return;
    }
    level = op->dot_count == 1 ? find_before(walk, &op->dots[0], at)
                               : level_settled(walk, op, at);
    if (level == NONE || !is_by_holder(walk, op, (size_t)level)) {
        return;
    }
    walk->links[at].level = level;
    if (op->dot_count > 1) {
        settle(walk, op, at);
    }
}

static enum err
walk_init(struct walk *walk, const struct record_field *ops,
    owner_seen_fn *seen, void *context)
{
    walk->root = NONE;
    walk->orphan = NONE;
    walk->links = mem_zalloc(ops->count, sizeof(*walk->links));
    walk->finders = mem_zalloc(ops->count, sizeof(*walk->finders));
    if (walk->links == NULL || walk->finders == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < ops->count; i++) {
        const struct record_op *op = &ops->ops[i];

        if (op->action == ACTION_TRANSFER &&
            (seen == NULL || seen(context, op))) {
            walk->links[walk->count] = (struct link){.op = op, .level = NONE};
            walk->finders[walk->count] = (struct finder){op->id, walk->count};
            walk->count++;
        }
    }
    qsort(walk->finders, walk->count, sizeof(*walk->finders), compare_finders);
    return ERR_OK;
}

static void
walk_link(struct walk *walk)
{
    for (size_t i = 0; i < walk->count; i++) {
        link_one(walk, i);
    }
    for (size_t i = 0; i < walk->count; i++) {
        const struct link *link = &walk->links[i];

        if (link->level != NONE && !link->is_settled) {
            walk->links[link->level].tips++;
            walk->links[link->level].tip = i;
        }
    }
    if (walk->root == NONE && walk->orphans == 1) {
        walk->root = walk->orphan;
    }
}

static void
collect_tips(struct owner_chain *out, const struct walk *walk, ptrdiff_t level)
{
    for (size_t i = 0; i < walk->count; i++) {
        const struct link *link = &walk->links[i];

        if (link->level == level && !link->is_settled) {
            out->tips[out->tip_count] = link->op;
            out->tip_count++;
        }
    }
}

/* From the root on, as long as exactly one transfer follows. */
static void
walk_steps(struct owner_chain *out, const struct walk *walk)
{
    ptrdiff_t step = walk->root;

    if (step == NONE) {
        out->has_conflict = walk->orphans > 1;
        return;
    }
    out->steps[0] = walk->links[step].op;
    out->step_count = 1;
    while (walk->links[step].tips == 1) {
        step = (ptrdiff_t)walk->links[step].tip;
        out->steps[out->step_count] = walk->links[step].op;
        out->step_count++;
    }
    out->has_conflict = walk->links[step].tips > 1;
    if (out->has_conflict) {
        collect_tips(out, walk, step);
    } else {
        out->tips[0] = walk->links[step].op;
        out->tip_count = 1;
    }
}

enum err
owner_chain_walk(struct owner_chain *out, const struct merge_view *view,
    const struct record_field *ops, owner_seen_fn *seen, void *context)
{
    struct walk walk = {.view = view};
    struct owner_chain chain = {0};
    enum err rc = walk_init(&walk, ops, seen, context);

    if (rc == ERR_OK) {
        chain.steps = mem_zalloc(walk.count, sizeof(*chain.steps));
        chain.tips = mem_zalloc(walk.count, sizeof(*chain.tips));
        if (chain.steps == NULL || chain.tips == NULL) {
            rc = ERR_NOMEM;
        }
    }
    if (rc == ERR_OK) {
        walk_link(&walk);
        walk_steps(&chain, &walk);
        *out = chain;
        chain = (struct owner_chain){0};
    }
    owner_chain_release(&chain);
    mem_free(walk.links);
    mem_free(walk.finders);
    return rc;
}

const struct office_id *
owner_chain_office(const struct owner_chain *chain)
{
    if (chain->step_count == 0) {
        return NULL;
    }
    return &chain->steps[chain->step_count - 1]->office;
}

/* Show each transfer as the office that it names. */
static enum err
add_offices(struct shown *out, const struct owner_chain *chain)
{
    size_t item = 0;
    enum err rc = ERR_OK;

    if (chain->step_count > 0) {
        rc = shown_add_op(out, chain->steps[chain->step_count - 1], 0);
    }
    for (size_t i = 0; chain->has_conflict && i < chain->tip_count; i++) {
        if (rc == ERR_OK) {
            rc = shown_add_op(out, chain->tips[i], 0);
        }
    }
    for (size_t i = 0; i < out->count; i++) {
        cbor_put_bytes(
            &out->owned, bytes_of(out->values[i].op->office.bytes,
                             sizeof(out->values[i].op->office.bytes)));
    }
    if (rc == ERR_OK) {
        rc = buf_err(&out->owned);
    }
    for (size_t i = 0; rc == ERR_OK && i < out->count; i++) {
        item = out->owned.size / out->count;
        out->values[i].value = bytes_of(out->owned.data + i * item, item);
    }
    return rc;
}

enum err
merge_show_owner(struct shown *out, const struct merge_view *view,
    const struct record_field *ops)
{
    struct owner_chain chain = {0};
    enum err rc = owner_chain_walk(&chain, view, ops, NULL, NULL);

    if (rc == ERR_OK) {
        rc = add_offices(out, &chain);
    }
    if (rc == ERR_OK) {
        out->has_conflict = chain.has_conflict;
        if (chain.step_count > 0) {
            out->owner = *owner_chain_office(&chain);
            shown_set_default(out, 0);
        }
    }
    owner_chain_release(&chain);
    return rc;
}
