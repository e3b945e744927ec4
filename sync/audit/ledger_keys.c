/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content keys and their valid grants. There is one key to a file and class,
 * so they are many: a row of 24 bytes for each, sorted by position as they
 * come, and one for each grant in a pool, linked from the newest.
 */
#include "crypto/base/mem.h"
#include "sync/audit/ledger_internal.h"

struct key_row *
keys_find(const struct ledger *ledger, struct dot key)
{
    const struct ledger_state *state = ledger->states[key.log];
    size_t low = 0;
    size_t high = state->key_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (state->keys[middle].position < key.position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < state->key_count && state->keys[low].position == key.position
               ? &state->keys[low]
               : NULL;
}

enum err
keys_add(struct ledger_state *state, uint64_t position, uint8_t class,
    struct key_row **out)
{
    enum err rc = mem_grow((void **)&state->keys, &state->key_capacity,
        state->key_count + 1, sizeof(*state->keys));

    if (rc != ERR_OK) {
        return rc;
    }
    assert(state->key_count == 0 ||
           state->keys[state->key_count - 1].position < position);
    *out = &state->keys[state->key_count++];
    **out = (struct key_row){
        .position = position, .grants = LEDGER_NONE, .class = class};
    return ERR_OK;
}

enum err
keys_load(struct ledger *ledger, struct dot key, const struct key_row *row)
{
    struct key_info *info = &ledger->scratch;
    enum err rc = mem_grow((void **)&info->grants, &info->grant_capacity,
        row->grant_count, sizeof(*info->grants));
    uint32_t at = row->grants;

    if (rc != ERR_OK) {
        return rc;
    }
    info->key = key;
    info->class = row->class;
    info->grant_count = row->grant_count;
    for (size_t i = row->grant_count; i-- > 0;) {
        const struct grant_row *grant = &ledger->pool[at];

        info->grants[i] = (struct key_grant){
            .entry = {grant->log, grant->position},
            .item = grant->item,
            .generation = ledger->membership.generations[grant->generation].dot,
        };
        at = grant->next;
    }
    return ERR_OK;
}

enum err
keys_grant(
    struct ledger *ledger, struct key_row *row, const struct grant_row *grant)
{
    enum err rc = ERR_OK;

    if (ledger->pool_count >= LEDGER_NONE) {
        return ERR_TOO_BIG;
    }
    rc = mem_grow((void **)&ledger->pool, &ledger->pool_capacity,
        ledger->pool_count + 1, sizeof(*ledger->pool));
    if (rc != ERR_OK) {
        return rc;
    }
    ledger->pool[ledger->pool_count] = *grant;
    ledger->pool[ledger->pool_count].next = row->grants;
    row->grants = (uint32_t)ledger->pool_count++;
    row->grant_count++;
    return ERR_OK;
}
