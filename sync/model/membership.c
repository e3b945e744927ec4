/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/membership.h"

#include "crypto/base/mem.h"

void
control_release(struct control *control)
{
    if (control == NULL) {
        return;
    }
    vclock_release(&control->clock);
    vclock_release(&control->seen);
    statement_release(&control->statement);
    mem_free(control->body);
    *control = (struct control){0};
}
