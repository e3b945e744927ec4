/* SPDX-License-Identifier: Apache-2.0 */
/* A bug on purpose: evidence is kept, and never said to anybody. */
#include "sync/wire/frame.h"

void __wrap_frame_put(
    struct buf *out, enum frame_type type, struct bytes payload);
void __real_frame_put(
    struct buf *out, enum frame_type type, struct bytes payload);

void
__wrap_frame_put(struct buf *out, enum frame_type type, struct bytes payload)
{
    if (type != FRAME_FORK) {
        __real_frame_put(out, type, payload);
    }
}
