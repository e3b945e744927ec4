/* SPDX-License-Identifier: Apache-2.0 */
/* Control entries: statements among those that membership evaluates. */
#include "crypto/base/mem.h"
#include "storage/apply_internal.h"

static enum err
put_member_row(
    struct applying *a, const struct control *control, struct err_msg *msg)
{
    struct key key = key_u64(a->stored->arrival);
    struct buf row = {0};
    enum err rc = members_encode(&row, control);

    if (rc == ERR_OK) {
        rc = txn_put(a->store->txn, TABLE_MEMBERS, key_bytes(&key),
            buf_bytes(&row), msg);
    }
    buf_release(&row);
    return rc;
}

bool
control_names_generation(const struct statement *statement)
{
    return statement->type == STATEMENT_SEALS ||
           (statement->type == STATEMENT_CIRCLE && statement->has_former);
}

/* Decode the statement and put it among those that membership evaluates. */
enum err
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
    control.time = author->time;
    control.body = mem_copy(body.data, body.size);
    rc = control.body == NULL ? ERR_NOMEM
                              : vclock_copy(&control.clock, &author->clock);
    if (rc == ERR_OK) {
        rc = vclock_merge(&control.clock, &author->seen);
    }
    if (rc == ERR_OK) {
        rc = statement_decode(
            &control.statement, bytes_of(control.body, body.size));
        if (rc != ERR_OK && rc != ERR_NOMEM) {
            control_release(&control);
            return apply_refuse(store, a->stored->arrival, VOID_MALFORMED, msg);
        }
    }
    if (rc == ERR_OK && control_names_generation(&control.statement)) {
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
