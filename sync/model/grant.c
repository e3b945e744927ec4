/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/grant.h"

#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "sync/model/membership_internal.h"

enum { KEY_ITEMS = 5, GRANT_ITEMS = 8 };

void
key_info_release(struct key_info *key)
{
    if (key == NULL) {
        return;
    }
    mem_free(key->grants);
    *key = (struct key_info){0};
}

static void
put_dot(struct buf *out, struct dot dot)
{
    cbor_put_uint(out, dot.log);
    cbor_put_uint(out, dot.position);
}

enum err
key_info_encode(struct buf *out, const struct key_info *key)
{
    cbor_put_array(out, KEY_ITEMS);
    put_dot(out, key->key);
    cbor_put_uint(out, key->class);
    cbor_put_bytes(out, bytes_hash(&key->commitment));
    cbor_put_array(out, key->grant_count * GRANT_ITEMS);
    for (size_t i = 0; i < key->grant_count; i++) {
        const struct key_grant *grant = &key->grants[i];

        put_dot(out, grant->entry);
        cbor_put_uint(out, grant->item);
        put_dot(out, grant->generation);
        cbor_put_uint(out, grant->mode);
        cbor_put_uint(out, grant->purpose);
        if (grant->has_expiry) {
            cbor_put_uint(out, grant->expiry_ms);
        } else {
            cbor_put_null(out);
        }
    }
    return buf_err(out);
}

static uint64_t
get_below(struct cursor *cursor, uint64_t limit)
{
    uint64_t value = cbor_get_uint(cursor);

    if (value >= limit) {
        cursor_fail(cursor);
        return 0;
    }
    return value;
}

static struct dot
get_dot(struct cursor *cursor)
{
    struct dot dot = {0};

    dot.log = (uint32_t)get_below(cursor, LOG_TABLE_MAX);
    dot.position = cbor_get_uint(cursor);
    return dot;
}

static struct key_grant
get_grant(struct cursor *cursor)
{
    struct key_grant grant = {.entry = get_dot(cursor)};

    grant.item = (uint16_t)get_below(cursor, ENTRY_GRANTS_MAX);
    grant.generation = get_dot(cursor);
    grant.mode = (uint8_t)get_below(cursor, GRANT_BOXED + 1);
    grant.purpose = (uint8_t)get_below(cursor, PURPOSE_EMERGENCY + 1);
    grant.has_expiry = !cbor_take_null(cursor);
    if (grant.has_expiry) {
        grant.expiry_ms = cbor_get_uint(cursor);
    }
    return grant;
}

enum err
key_info_decode(struct key_info *out, struct bytes encoded)
{
    struct cursor cursor = cursor_init(encoded);
    struct key_info key = {0};
    size_t items = 0;
    enum err rc = ERR_OK;

    if (cbor_get_array(&cursor) != KEY_ITEMS) {
        cursor_fail(&cursor);
    }
    key.key = get_dot(&cursor);
    key.class = (uint8_t)get_below(&cursor, CLASS_COUNT);
    cbor_get_fixed(&cursor, key.commitment.bytes, sizeof(key.commitment.bytes));
    items = cbor_get_array(&cursor);
    /* An array has no more items than there are bytes left. */
    if (cursor.failed || items % GRANT_ITEMS != 0) {
        return ERR_MALFORMED;
    }
    rc = mem_grow((void **)&key.grants, &key.grant_capacity,
        items / GRANT_ITEMS, sizeof(*key.grants));
    if (rc != ERR_OK) {
        return rc;
    }
    for (; key.grant_count < items / GRANT_ITEMS; key.grant_count++) {
        key.grants[key.grant_count] = get_grant(&cursor);
    }
    rc = cursor_end(&cursor);
    if (rc != ERR_OK) {
        key_info_release(&key);
        return rc;
    }
    *out = key;
    return ERR_OK;
}

/* Is it the same node that writes both logs? What was read back from the disk
 * may name a log that no table has. */
static bool
same_node(const struct membership *membership, uint32_t a, uint32_t b)
{
    const struct log_table *logs = membership->logs;

    return a == b || (a < logs->count && b < logs->count &&
                         node_id_equal(&logs->ids[a].node, &logs->ids[b].node));
}

bool
key_opens(const struct key_info *key, const struct membership *membership,
    uint32_t log, const struct vclock *clock)
{
    uint32_t node = MEMBER_NONE;

    if (same_node(membership, log, key->key.log)) {
        return true;
    }
    node = index_writer(membership, log);
    /* The newest first: it is the likeliest to be to a circle of today. */
    for (size_t i = key->grant_count; i-- > 0 && node != MEMBER_NONE;) {
        const struct key_grant *grant = &key->grants[i];
        uint32_t generation = 0;

        if (vclock_counts(clock, grant->entry) &&
            membership_generation(membership, grant->generation, &generation) &&
            node_opens(membership, generation, node, clock)) {
            return true;
        }
    }
    return false;
}

/* A key that another node of the author's office made is the office's. */
static bool
is_of_office(const struct key_info *key, const struct membership *membership,
    uint32_t log, const struct vclock *clock)
{
    const struct office *office = membership_office_of(membership, log);

    return office != NULL && vclock_counts(clock, key->key) &&
           office == membership_office_of(membership, key->key.log);
}

/* docs/protocol.md, "Content keys, circles and grants": the firewall. */
static bool
breaks_firewall(const struct key_info *key, const struct membership *membership,
    const struct key_grant *grant, uint32_t generation,
    const struct vclock *clock)
{
    const struct circle_name *circle =
        &membership->generations[generation].circle;
    const struct office *office = NULL;

    if (circle->kind == CIRCLE_LINK) {
        return true;
    }
    if (circle->kind != CIRCLE_OFFICE || key->class <= CLASS_PUBLIC) {
        return false;
    }
    office = membership_office(membership, &circle->office);
    return office != NULL && office_is_firewall_at(membership, office, clock) &&
           office != membership_office_of(membership, grant->entry.log);
}

static enum void_reason
judge(const struct key_info *key, const struct membership *membership,
    const struct key_grant *grant, const struct vclock *clock)
{
    uint32_t generation = 0;

    if (!key_opens(key, membership, grant->entry.log, clock) &&
        !is_of_office(key, membership, grant->entry.log, clock)) {
        return VOID_KEY;
    }
    if (!vclock_counts(clock, grant->generation) ||
        !membership_generation(membership, grant->generation, &generation)) {
        return VOID_KEY;
    }
    if (breaks_firewall(key, membership, grant, generation, clock)) {
        return VOID_FIREWALL;
    }
    return VOID_NONE;
}

static bool
is_known(const struct key_info *key, const struct key_grant *grant)
{
    for (size_t i = key->grant_count; i-- > 0;) {
        const struct key_grant *known = &key->grants[i];

        if (known->entry.log == grant->entry.log &&
            known->entry.position == grant->entry.position &&
            known->item == grant->item) {
            return true;
        }
    }
    return false;
}

static size_t
count_of_log(const struct key_info *key, uint32_t log)
{
    size_t count = 0;

    for (size_t i = 0; i < key->grant_count; i++) {
        count += key->grants[i].entry.log == log;
    }
    return count;
}

enum err
key_grant_add(struct key_info *key, const struct membership *membership,
    const struct key_grant *grant, const struct vclock *clock,
    enum void_reason *out_void)
{
    enum void_reason reason = judge(key, membership, grant, clock);
    enum err rc = ERR_OK;

    if (reason == VOID_NONE && !is_known(key, grant)) {
        if (count_of_log(key, grant->entry.log) >= KEY_GRANTS_MAX) {
            *out_void = VOID_KEY;
            return ERR_OK;
        }
        rc = mem_grow((void **)&key->grants, &key->grant_capacity,
            key->grant_count + 1, sizeof(*key->grants));
        if (rc != ERR_OK) {
            return rc;
        }
        key->grants[key->grant_count++] = *grant;
    }
    *out_void = reason;
    return ERR_OK;
}

bool
key_find_opening(const struct key_info *key,
    const struct membership *membership, const bool *keyring_has,
    size_t *out_grant, uint32_t *out_generation)
{
    for (size_t i = key->grant_count; i-- > 0;) {
        uint32_t generation = 0;

        if (membership_generation(
                membership, key->grants[i].generation, &generation) &&
            keyring_has[generation]) {
            *out_grant = i;
            *out_generation = generation;
            return true;
        }
    }
    return false;
}

/* Would its nodes be in `everyone`? */
static bool
is_in_everyone(const struct office *office)
{
    return !office->is_retired && !office->firewall &&
           (office->roles & (ROLE_READ | ROLE_WRITE)) != 0;
}

bool
grant_default(const struct membership *membership,
    const struct office_id *office, uint8_t class, uint32_t *out_generation,
    uint8_t *out_purpose)
{
    const struct office *own = membership_office(membership, office);
    bool is_shared = class <= CLASS_MEMBERS ||
                     (membership->policy & POLICY_SHARE_BY_DEFAULT) != 0;
    struct circle_name circle = {.kind = CIRCLE_EVERYONE};

    if (own == NULL) {
        return false;
    }
    if (!is_shared || !is_in_everyone(own)) {
        circle.kind = CIRCLE_OFFICE;
        circle.office = *office;
    }
    if (!membership_current(membership, &circle, out_generation)) {
        return false;
    }
    *out_purpose =
        circle.kind == CIRCLE_EVERYONE ? PURPOSE_POLICY : PURPOSE_OWN;
    return true;
}
