/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "storage/store_internal.h"

enum err
apply_refuse(struct store *store, uint64_t arrival, enum void_reason reason,
    struct err_msg *msg)
{
    struct key key = key_u64(arrival);
    uint8_t value = (uint8_t)reason;

    return txn_put(
        store->txn, TABLE_REFUSED, key_bytes(&key), bytes_of(&value, 1), msg);
}

enum err
apply_rank(
    struct store *store, struct dot dot, uint64_t *out, struct err_msg *msg)
{
    struct log_state *state = store->states[dot.log];
    struct stored_entry stored;
    enum err rc = ERR_OK;

    if (dot.position + 1 == state->author.applied) {
        *out = state->author.rank;
        return ERR_OK;
    }
    rc = entries_get(store->txn, dot, &stored, msg);
    if (rc == ERR_NOT_FOUND ||
        (rc == ERR_OK && (stored.flags & ENTRY_FLAG_APPLIED) == 0)) {
        return err_set(msg, ERR_CORRUPT, "an applied entry is missing");
    }
    if (rc == ERR_OK) {
        *out = stored.rank;
    }
    return rc;
}

/* A log with a cut counts no further than it: docs/membership.md. */
static uint64_t
counted_size(struct store *store, const struct delta_item *item)
{
    return num_min_u64(
        item->size, membership_cut(&store->membership, item->log));
}

/* Is all that the clock counts applied here? And the rank that follows. */
static enum err
check_causes(struct store *store, const struct author *author,
    const struct delta *delta, struct applied *out, struct err_msg *msg)
{
    uint64_t rank = author->rank;

    for (size_t i = 0; i < delta->count; i++) {
        uint64_t size = counted_size(store, &delta->items[i]);
        struct dot last = {delta->items[i].log, size - 1};
        uint64_t its = 0;
        enum err rc = ERR_OK;

        if (size == 0) {
            continue;
        }
        if (store->states[last.log]->author.applied < size) {
            out->is_blocked = true;
            return ERR_OK;
        }
        rc = apply_rank(store, last, &its, msg);
        if (rc != ERR_OK) {
            return rc;
        }
        rank = num_max_u64(rank, its);
    }
    out->rank = rank + 1;
    return ERR_OK;
}

/* What was just advanced, as the rest of the work wants it. */
struct applying {
    struct store *store;
    struct log_state *state;
    const struct stored_entry *stored;
    const struct header *header;
    struct applied *out;
};

static enum err
put_member_row(
    struct applying *a, const struct control *control, struct err_msg *msg)
{
    struct key key = key_u64(a->stored->arrival);
    struct buf row = {0};
    enum err rc = ERR_OK;

    buf_put_u64(&row, control->rank);
    buf_put_u64(&row, control->time);
    buf_put_u8(&row, control->has_generation ? 1 : 0);
    buf_put_u32(&row, control->generation.log);
    buf_put_u64(&row, control->generation.position);
    for (uint32_t log = 0; log < control->clock.count; log++) {
        buf_put_u64(&row, vclock_get(&control->clock, log));
    }
    rc = buf_err(&row);
    if (rc == ERR_OK) {
        rc = txn_put(a->store->txn, TABLE_MEMBERS, key_bytes(&key),
            buf_bytes(&row), msg);
    }
    buf_release(&row);
    return rc;
}

static bool
names_generation(const struct statement *statement)
{
    return statement->type == STATEMENT_SEALS ||
           (statement->type == STATEMENT_CIRCLE && statement->has_former);
}

/* Decode the statement and put it among those that membership evaluates. */
static enum err
apply_control(struct applying *a, struct err_msg *msg)
{
    struct store *store = a->store;
    struct author *author = &a->state->author;
    struct control control = {0};
    struct bytes body = a->stored->entry.body;
    enum err rc = ERR_OK;

    if (!a->stored->entry.has_body) {
        return apply_refuse(store, a->stored->arrival, VOID_MALFORMED, msg);
    }
    control.dot = a->stored->dot;
    control.rank = a->out->rank;
    control.time = a->header->time;
    control.body = mem_copy(body.data, body.size);
    rc = control.body == NULL ? ERR_NOMEM
                              : vclock_copy(&control.clock, &author->clock);
    if (rc == ERR_OK) {
        rc = statement_decode(
            &control.statement, bytes_of(control.body, body.size));
        if (rc != ERR_OK && rc != ERR_NOMEM) {
            control_release(&control);
            return apply_refuse(store, a->stored->arrival, VOID_MALFORMED, msg);
        }
    }
    if (rc == ERR_OK && names_generation(&control.statement)) {
        control.has_generation = author_resolve(
            author, NULL, control.statement.generation, &control.generation);
    }
    if (rc == ERR_OK) {
        rc = mem_grow((void **)&store->controls, &store->control_capacity,
            store->control_count + 1, sizeof(*store->controls));
    }
    if (rc == ERR_OK) {
        rc = put_member_row(a, &control, msg);
    }
    if (rc != ERR_OK) {
        control_release(&control);
        return rc;
    }
    store->controls[store->control_count++] = control;
    store->membership_dirty = true;
    return ERR_OK;
}

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
    if (rc == ERR_OK && key != NULL) {
        rc = apply_grants(a, key, out_void);
    }
    return rc;
}

/* Have the records under this key made again before the commit. */
static enum err
push_late(struct store *store, struct dot dot)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < store->late_count; i++) {
        if (store->late[i].log == dot.log &&
            store->late[i].position == dot.position) {
            return ERR_OK;
        }
    }
    rc = mem_grow((void **)&store->late, &store->late_capacity,
        store->late_count + 1, sizeof(*store->late));

    if (rc == ERR_OK) {
        store->late[store->late_count++] = dot;
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
    if (!opened && key->head == 0) {
        return txn_put(
            store->txn, TABLE_PENDING, key_bytes(&name), bytes_text("1"), msg);
    }
    if (!opened || key->head == 0) {
        return ERR_OK;
    }
    rc = txn_delete(store->txn, TABLE_PENDING, key_bytes(&name), msg);
    return rc == ERR_OK ? push_late(store, key->info.key) : rc;
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
        .time = a->header->time,
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
        return push_late(store, key->info.key);
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
        rc = change_decode(
            &change, buf_bytes(&store->plain), &a->state->author, NULL);
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

static enum err
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

static enum err
make_checkpoint(
    struct store *store, const struct log_state *state, struct applied *out)
{
    enum err rc = ERR_OK;

    if (state->author.applied % ENTRY_CHECKPOINT_EVERY != 0) {
        return ERR_OK;
    }
    buf_clear(&store->scratch);
    rc = author_encode(&store->scratch, &state->author);
    if (rc == ERR_OK) {
        rc = buf_err(&store->scratch);
    }
    out->checkpoint = buf_bytes(&store->scratch);
    return rc;
}

/* Past a malformed entry: it counts nothing and is listed. */
static enum err
apply_malformed(struct store *store, struct log_state *state,
    const struct stored_entry *stored, struct applied *out, struct err_msg *msg)
{
    enum err rc = author_advance(&state->author, NULL, NULL, 0);

    out->rank = state->author.rank;
    state->is_dirty = true;
    return rc == ERR_OK
               ? apply_refuse(store, stored->arrival, VOID_MALFORMED, msg)
               : rc;
}

enum err
apply_entry(struct store *store, const struct stored_entry *stored,
    struct applied *out, struct err_msg *msg)
{
    struct log_state *state = store->states[stored->dot.log];
    struct author *author = &state->author;
    enum log_kind kind = (enum log_kind)author->id.kind;
    struct applying a = {store, state, stored, NULL, out};
    struct header header;
    enum err rc = header_decode(
        &header, stored->entry.header, kind, stored->dot.position);

    assert(stored->dot.position == author->applied);
    *out = (struct applied){0};
    a.header = &header;
    store->is_dirty = true;
    if (rc == ERR_OK) {
        enum err members = state_members(store, msg);
        if (members != ERR_OK) {
            return members;
        }
        if (!header_clock_is_known(&store->logs, &header)) {
            out->is_blocked = true;
            return ERR_OK;
        }
        rc = header_clock_resolve(
            &store->header_clock, author, &store->logs, &header);
    }
    if (rc == ERR_OK) {
        rc = check_causes(store, author, &store->header_clock.clock, out, msg);
    }
    if (rc == ERR_OK && out->is_blocked) {
        return ERR_OK;
    }
    if (rc == ERR_OK || rc == ERR_MALFORMED) {
        enum err made = make_checkpoint(store, state, out);
        rc = made == ERR_OK ? rc : made;
    }
    if (rc == ERR_MALFORMED || rc == ERR_TOO_BIG) {
        return apply_malformed(store, state, stored, out, msg);
    }
    if (rc == ERR_OK) {
        rc = author_advance(author, &store->header_clock, &header, out->rank);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    state->is_dirty = true;
    store->time_max = num_max_u64(store->time_max, header.time);
    /* The entry does not count itself while it is judged and merged. */
    author_count_own(author, stored->dot.position);
    switch (stored->entry.kind) {
    case ENTRY_CONTROL:
        rc = apply_control(&a, msg);
        break;
    case ENTRY_CHANGE:
        rc = apply_change(&a, msg);
        break;
    default:
        rc = apply_refuse(store, stored->arrival, VOID_UNKNOWN, msg);
        break;
    }
    author_count_own(author, author->applied);
    return rc;
}

static void
note_applied(struct stored_entry *stored, const struct applied *applied)
{
    stored->flags |= ENTRY_FLAG_APPLIED;
    stored->previous = applied->previous;
    stored->rank = applied->rank;
    stored->checkpoint = applied->checkpoint;
    if (applied->checkpoint.size > 0) {
        stored->flags |= ENTRY_FLAG_CHECKPOINT;
    }
}

enum err
apply_append(
    struct store *store, const struct append *append, struct err_msg *msg)
{
    struct log_state *state = store->states[append->log];
    struct stored_entry stored = {
        .arrival = store->next_arrival,
        .flags = append->entry->has_body ? 0 : ENTRY_FLAG_ABSENT,
        .dot = {append->log, append->position},
        .nodes = append->nodes[0].bytes,
        .node_count = append->node_count,
        .entry = *append->entry,
    };
    struct applied applied = {.is_blocked = true};
    enum err rc = ERR_OK;

    store->is_dirty = true;
    if (state->author.applied == append->position) {
        rc = apply_entry(store, &stored, &applied, msg);
    }
    if (rc == ERR_OK && !applied.is_blocked) {
        note_applied(&stored, &applied);
    }
    if (rc == ERR_OK) {
        rc = entries_append(store->txn, &stored, msg);
    }
    if (rc == ERR_OK && state->run_next != stored.arrival) {
        rc = entries_put_run(store->txn, stored.dot, stored.arrival, msg);
    }
    store->next_arrival++;
    state->run_next = store->next_arrival;
    state->is_dirty = true;
    return rc;
}

/* Is the entry's own row as it should be? If not, write it again. */
enum err
apply_rewrite(struct store *store, struct stored_entry *stored,
    const struct applied *applied, struct err_msg *msg)
{
    if ((stored->flags & ENTRY_FLAG_APPLIED) != 0 &&
        stored->previous == applied->previous &&
        stored->rank == applied->rank &&
        bytes_equal(stored->checkpoint, applied->checkpoint)) {
        return ERR_OK;
    }
    note_applied(stored, applied);
    return entries_rewrite(store->txn, stored, msg);
}

/* Try the next waiting entry of one log. */
static enum err
apply_next(
    struct store *store, uint32_t log, bool *out_applied, struct err_msg *msg)
{
    struct dot dot = {log, store->states[log]->author.applied};
    struct stored_entry stored;
    struct applied applied;
    struct buf copy = {0};
    enum err rc = entries_get(store->txn, dot, &stored, msg);

    if (rc == ERR_OK) {
        rc = entries_copy(&stored, &copy);
    }
    if (rc == ERR_OK) {
        rc = apply_entry(store, &stored, &applied, msg);
    }
    if (rc == ERR_OK && !applied.is_blocked) {
        rc = apply_rewrite(store, &stored, &applied, msg);
        *out_applied = true;
    }
    buf_release(&copy);
    return rc;
}

enum err
apply_waiting(struct store *store, struct err_msg *msg)
{
    bool progress = true;
    enum err rc = ERR_OK;

    while (progress && rc == ERR_OK) {
        progress = false;
        for (uint32_t log = 0; log < store->state_count && rc == ERR_OK;) {
            struct log_state *state = store->states[log];
            bool applied = false;

            if (state->author.applied < state->edge.size) {
                rc = apply_next(store, log, &applied, msg);
            }
            progress = progress || applied;
            log += applied ? 0 : 1;
        }
    }
    return rc;
}
