/* SPDX-License-Identifier: Apache-2.0 */
/* A bug on purpose: of concurrent values `latest` shows the oldest. */
#include "sync/model/merge_internal.h"

enum err __wrap_merge_show_latest(struct shown *out,
    const struct merge_view *view, const struct record_field *ops);

enum err
__wrap_merge_show_latest(struct shown *out, const struct merge_view *view,
    const struct record_field *ops)
{
    const struct record_op *oldest = &ops->ops[0];
    enum err rc = ERR_OK;

    for (size_t i = 1; i < ops->count; i++) {
        if (merge_is_newer(view, oldest, &ops->ops[i])) {
            oldest = &ops->ops[i];
        }
    }
    rc = shown_add_op(out, oldest, 0);
    if (rc == ERR_OK) {
        shown_set_default(out, 0);
    }
    return rc;
}
