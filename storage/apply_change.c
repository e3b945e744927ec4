/* SPDX-License-Identifier: Apache-2.0 */
/* Changes: their right, their grants, their content key, their merging. */
#include "storage/apply_internal.h"
#include "storage/bodies.h"

/* Take the header's grants in. *out_void: the first reason against one. */
static enum err
apply_grants(
    struct applying *a, struct content_key *key, enum void_reason *out_void)
{
    struct author *author = &a->state->author;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < a->header->grant_count && rc == ERR_OK; i++) {
        enum void_reason reason = VOID_NONE;
        struct key_grant mine = {.entry = a->stored->dot, .item = (uint16_t)i};
        struct grant grant;

        header_grant(&grant, a->header, i);
        mine.mode = grant.mode;
        mine.purpose = grant.purpose;
        mine.has_expiry = grant.has_expiry;
        mine.expiry_ms = grant.expiry_ms;
        if (!author_resolve(author, NULL, grant.generation, &mine.generation)) {
            reason = VOID_MALFORMED;
        } else {
            rc = key_grant_add(&key->info, &a->store->membership, &mine,
                &author->clock, &reason);
        }
        if (reason != VOID_NONE && *out_void == VOID_NONE) {
            *out_void = reason;
        }
    }
    key->is_dirty = true;
    return rc;
}

/* The content key the entry creates, grants, or both. */
static enum err
apply_key_of_grants(
    struct applying *a, enum void_reason *out_void, struct err_msg *msg)
{
    struct store *store = a->store;
    struct content_key *key = NULL;
    struct dot dot = a->stored->dot;
    enum err rc = ERR_OK;

    if (!a->header->has_grants) {
        return ERR_OK;
    }
    if (a->header->creates_key) {
        rc = content_add(&store->content, store->txn, dot, &key, msg);
        if (rc == ERR_OK) {
            key->info.class = a->header->class;
            key->info.commitment = a->header->commitment;
        }
    } else if (!author_resolve(
                   &a->state->author, NULL, a->header->grants_key, &dot)) {
        *out_void = VOID_MALFORMED;
    } else {
        rc = content_get(&store->content, store->txn, dot, &key, msg);
        if (rc == ERR_NOT_FOUND) {
            *out_void = VOID_KEY;
            rc = ERR_OK;
        }
    }
    if (rc == ERR_OK && key != NULL && key->info.class != a->header->class) {
        *out_void = VOID_KEY; /* "holds for ever": headers are all some see */
        key = NULL;
    }
    if (rc == ERR_OK && key != NULL) {
        rc = apply_grants(a, key, out_void);
    }
    return rc;
}

/* Open the key if we can; note it as pending, or as opened late. */
static enum err
unlock(struct applying *a, struct content_key *key, struct err_msg *msg)
{
    struct store *store = a->store;
    struct reader reader = store_reader(store);
    struct key name = key_dot(key->info.key);
    bool opened = false;
    enum err rc = ERR_OK;

    if (key->has_secret) {
        return ERR_OK;
    }
    rc = reader_unlock(&reader, key, a->stored, &opened, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    /* Nothing would open for who holds no bodies: it need not look again. */
    if (!opened && key->head == 0 && bodies_unwanted(store)) {
        return ERR_OK;
    }
    if (!opened && key->head == 0) {
        return txn_put(
            store->txn, TABLE_PENDING, key_bytes(&name), bytes_text("1"), msg);
    }
    if (!opened || key->head == 0) {
        return ERR_OK;
    }
    rc = txn_delete(store->txn, TABLE_PENDING, key_bytes(&name), msg);
    return rc == ERR_OK ? members_push_late(store, key) : rc;
}

struct opens_context {
    struct store *store;
    const struct author *author;
    enum err rc;
};

static bool
author_opens(void *context, struct dot dot)
{
    struct opens_context *c = context;
    struct content_key *key = NULL;
    enum err rc =
        content_get(&c->store->content, c->store->txn, dot, &key, NULL);

    if (rc != ERR_OK) {
        c->rc = rc == ERR_NOT_FOUND ? c->rc : rc;
        return false;
    }
    return key_opens(
        &key->info, &c->store->membership, c->author->log, &c->author->clock);
}

static enum err
merge_change(struct applying *a, struct content_key *key,
    const struct change *change, enum void_reason *out_void,
    struct err_msg *msg)
{
    struct store *store = a->store;
    struct opens_context context = {
        .store = store, .author = &a->state->author};
    struct change_place place = {
        .dot = a->stored->dot,
        .rank = a->out->rank,
        .time = a->state->author.time,
        .clock = &a->state->author.clock,
        .key = key->info.key,
        .class = key->info.class,
        .corridor = &store->corridor,
        .logs = &store->logs,
        .membership = &store->membership,
        .opens = author_opens,
        .context = &context,
    };
    struct merged *merged = NULL;
    enum err rc =
        merged_get(store, change->kind, &change->record, &merged, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    rc = record_apply(&merged->record,
        schema_kind(store->options.schema, change->kind), change, &place,
        out_void);
    if (rc == ERR_OK) {
        rc = context.rc;
    }
    if (rc == ERR_OK && merged->record.is_full) {
        /* Which of its changes count depends on their order: only the whole
         * history says (docs/protocol.md, "Records and merging"). */
        merged->is_dirty = true;
        return members_push_late(store, key);
    }
    if (rc == ERR_OK && *out_void == VOID_NONE) {
        merged->is_dirty = true;
    }
    return rc;
}

/* Open the body and merge what it says. */
static enum err
apply_body(struct applying *a, struct content_key *key,
    enum void_reason *out_void, struct err_msg *msg)
{
    struct store *store = a->store;
    struct reader reader = store_reader(store);
    struct open_change open = {
        .author = &a->state->author,
        .header = a->header,
        .entry = &a->stored->entry,
        .dot = a->stored->dot,
        .key = key,
    };
    struct change change = {0};
    enum err rc = ERR_OK;

    buf_clear(&store->plain);
    rc = reader_open_change(&reader, &open, &store->plain, out_void);
    if (rc == ERR_OK && *out_void == VOID_NONE) {
        rc = reader_decode_change(&reader, &change, buf_bytes(&store->plain),
            &a->state->author, open.dot);
        if (rc == ERR_MALFORMED || rc == ERR_TOO_BIG) {
            *out_void = VOID_MALFORMED;
            rc = ERR_OK;
        } else if (rc == ERR_OK) {
            rc = merge_change(a, key, &change, out_void, msg);
        }
    }
    change_release(&change);
    return rc;
}

/* Chain the entry to its content key, and merge it if the key is ours. */
static enum err
apply_under_key(
    struct applying *a, enum void_reason *out_void, struct err_msg *msg)
{
    struct store *store = a->store;
    struct content_key *key = NULL;
    struct dot dot = {0};
    enum err rc = ERR_OK;

    if (!a->header->has_key ||
        !author_resolve(&a->state->author, NULL, a->header->key, &dot)) {
        *out_void = VOID_MALFORMED;
        return ERR_OK;
    }
    rc = content_get(&store->content, store->txn, dot, &key, msg);
    if (rc == ERR_NOT_FOUND) {
        *out_void = VOID_KEY;
        return ERR_OK;
    }
    if (rc == ERR_OK) {
        rc = unlock(a, key, msg);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (!key_opens(&key->info, &store->membership, a->state->author.log,
            &a->state->author.clock)) {
        *out_void = VOID_KEY; /* nobody writes under a key not granted */
        return ERR_OK;
    }
    a->out->previous = key->head;
    key->head = a->stored->arrival + 1;
    key->is_dirty = true;
    if (!key->has_secret || !a->stored->entry.has_body) {
        return ERR_OK;
    }
    return apply_body(a, key, out_void, msg);
}

/* A grant of a key other than the one the entry stands under may open it. */
static enum err
unlock_granted(struct applying *a, struct err_msg *msg)
{
    struct content_key *key = NULL;
    struct dot dot = {0};
    enum err rc = ERR_OK;

    if (!a->header->has_grants || a->header->creates_key ||
        !author_resolve(&a->state->author, NULL, a->header->grants_key, &dot)) {
        return ERR_OK;
    }
    rc = content_get(&a->store->content, a->store->txn, dot, &key, msg);
    if (rc == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    return rc == ERR_OK ? unlock(a, key, msg) : rc;
}

enum err
apply_change(struct applying *a, struct err_msg *msg)
{
    struct store *store = a->store;
    struct author *author = &a->state->author;
    enum void_reason reason = VOID_NONE;
    enum void_reason granting = VOID_NONE;
    enum err rc = state_members(store, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    reason = membership_allows(
        &store->membership, a->stored->dot, &author->clock, ROLE_WRITE);
    if (reason == VOID_NONE) {
        rc = apply_key_of_grants(a, &granting, msg);
        if (rc == ERR_OK) {
            rc = unlock_granted(a, msg);
        }
        if (rc == ERR_OK) {
            rc = apply_under_key(a, &reason, msg);
        }
    }
    if (reason == VOID_NONE) {
        reason = granting; /* the change stands, its grant does not */
    }
    if (rc == ERR_OK && reason != VOID_NONE) {
        rc = apply_refuse(store, a->stored->arrival, reason, msg);
    }
    store->backlog++;
    return rc;
}
