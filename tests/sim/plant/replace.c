/* SPDX-License-Identifier: Apache-2.0 */
/* A bug on purpose: an operation replaces what its author had not seen, if
 * it is of a lower position. */
#include "sync/model/record_apply_internal.h"

bool __wrap_apply_counts(const struct apply *apply, struct dot dot);

bool
__wrap_apply_counts(const struct apply *apply, struct dot dot)
{
    return dot.log != apply->place->dot.log ||
           dot.position < apply->place->dot.position;
}
