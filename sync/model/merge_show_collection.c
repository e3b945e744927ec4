/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown of sets, bans and journals. */
#include "sync/model/merge_internal.h"
#include "sync/model/record_internal.h"

/* "The union", equal values once. */
enum err
merge_show_set(struct shown *out, const struct merge_view *view,
    const struct record_field *ops)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < ops->count && rc == ERR_OK; i++) {
        rc = shown_add_op(out, &ops->ops[i], 0);
    }
    if (rc == ERR_OK) {
        shown_distinct(out, view, 0);
    }
    return rc;
}

/* "Only the author's office may strike its own item." */
bool
merge_is_struck(const struct merge_view *view, const struct merge_names *names,
    const struct record_op *op)
{
    const struct merge_name *name = merge_names_find(names, &op->id);
    const struct merge_name *end = merge_names_end(names);

    if (name == NULL) {
        return false;
    }
    while (name < end && record_op_id_compare(&name->id, &op->id) == 0) {
        if (merge_same_office(view, name->by, op)) {
            return true;
        }
        name++;
    }
    return false;
}

/* "Items in the canonical order; struck out, never deleted." */
enum err
merge_show_journal(struct shown *out, const struct merge_view *view,
    const struct record_field *ops)
{
    struct merge_names names = {0};
    enum err rc = merge_names_collect(&names, ops);

    for (size_t i = 0; i < ops->count && rc == ERR_OK; i++) {
        const struct record_op *op = &ops->ops[i];

        if (op->action == ACTION_ADD) {
            rc = shown_add_op(
                out, op, merge_is_struck(view, &names, op) ? SHOWN_STRUCK : 0);
        }
    }
    merge_names_release(&names);
    return rc;
}
