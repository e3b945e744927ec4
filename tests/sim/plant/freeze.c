/* SPDX-License-Identifier: Apache-2.0 */
/* A bug on purpose: a log goes on as before when evidence against it comes. */
#include "storage/fork.h"

bool __wrap_fork_is_frozen(const struct store *store, uint32_t log);

bool
__wrap_fork_is_frozen(const struct store *store, uint32_t log)
{
    (void)store;
    (void)log;
    return false;
}
