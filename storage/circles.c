/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New generations of circles whose current one is known to somebody who has
 * left (docs/protocol.md, "Content keys, circles and grants").
 */
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/local.h"

/* The last generation of the circle that is open to us; false: none is. */
static bool
find_held(
    const struct store *store, const struct circle_name *name, uint32_t *out)
{
    const struct membership *m = &store->membership;
    bool is_held = false;

    for (uint32_t i = 0; i < m->generation_count; i++) {
        const struct circle_name *circle = &m->generations[i].circle;

        if (circle->kind != name->kind ||
            (name->kind == CIRCLE_OFFICE &&
                !office_id_equal(&circle->office, &name->office))) {
            continue;
        }
        if (store->generation_has[i]) {
            *out = i;
            is_held = true;
        }
    }
    return is_held;
}

/* Our office's circle that nobody has made yet: the office only relayed or
 * audited when it was admitted, and may read or write by now. */
static bool
lacks_own(const struct store *store, const struct circle_name *name)
{
    const struct membership *m = &store->membership;

    if (name->kind != CIRCLE_OFFICE ||
        !office_holds_keys(membership_office(m, &name->office))) {
        return false;
    }
    for (size_t i = 0; i < m->generation_count; i++) {
        const struct circle_name *circle = &m->generations[i].circle;

        if (circle->kind == CIRCLE_OFFICE &&
            office_id_equal(&circle->office, &name->office)) {
            return false;
        }
    }
    return true;
}

/* The first node of an office that was not retired. */
static const struct member_node *
first_node(const struct membership *m, uint32_t office)
{
    for (size_t i = 0; i < m->node_count; i++) {
        const struct member_node *node = &m->nodes[i];

        if (node->office == office && node->is_own &&
            node->cuts[LOG_CONTROL] == UINT64_MAX) {
            return node;
        }
    }
    return NULL;
}

/* Several may make a generation; one does it unasked: the first node of the
 * circle's office, or of the most senior admin office. */
static bool
is_warden(const struct store *store, const struct circle_name *name)
{
    const struct membership *m = &store->membership;

    for (uint32_t i = 0; i < m->office_count; i++) {
        const struct office *office = &m->offices[i];
        const struct member_node *node = NULL;

        if (office->is_retired ||
            (name->kind == CIRCLE_OFFICE
                    ? !office_id_equal(&office->id, &name->office)
                    : (office->roles & ROLE_ADMIN) == 0)) {
            continue;
        }
        node = first_node(m, i);
        if (node != NULL) {
            return node_id_equal(&node->cert.keys.sign, &store->self.sign);
        }
    }
    return false;
}

static bool
may_make(const struct store *store, const struct circle_name *name)
{
    const struct membership *m = &store->membership;
    const struct office *own = membership_office(m, &store->options.office);

    return own != NULL && !own->is_retired &&
           (name->kind == CIRCLE_OFFICE || (own->roles & ROLE_ADMIN) != 0) &&
           membership_in_circle(m, name, &store->self.sign);
}

/* The secret boxed for every node of the circle; *out_count of them. */
static enum err
seal_to_all(const struct store *store, const struct circle_name *name,
    const struct secret_key *secret, struct seal_item *out, size_t *out_count)
{
    const struct membership *m = &store->membership;
    size_t count = 0;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < m->node_count && rc == ERR_OK; i++) {
        const struct node_public *keys = &m->nodes[i].cert.keys;

        if (membership_in_circle(m, name, &keys->sign)) {
            out[count].node = keys->sign;
            rc = seal_box(out[count].boxed, &keys->seal, secret);
            count++;
        }
    }
    *out_count = count;
    return rc;
}

/* The statement that makes the generation, with as many boxes as it holds. */
static enum err
state_circle(struct store *store, const struct circle_options *boxes,
    const struct secret_key *secret, uint32_t former, struct dot *out,
    struct err_msg *msg)
{
    struct circle_options options = *boxes;
    uint8_t wrapped[SEAL_WRAPPED_BYTES];
    struct public_key public;
    struct hash commitment;
    struct keyring_wrap_options wrap = {.former = former,
        .former_secret = &store->generation_secrets[former],
        .secret = secret};
    struct buf body = {0};
    enum err rc = store_name_dot(
        store, store->membership.generations[former].dot, &options.former);

    if (rc != ERR_OK) {
        return rc;
    }
    keys_box_public(&public, secret);
    keyring_wrap(wrapped, &commitment, &store->membership, &wrap);
    options.public = &public;
    options.has_former = true;
    options.commitment = &commitment;
    options.wrapped = wrapped;
    statement_put_circle(&body, &options);
    rc = buf_err(&body);
    if (rc == ERR_OK) {
        rc = store_state(store, buf_bytes(&body), out, msg);
    }
    buf_release(&body);
    return rc;
}

/* The boxes that were too many for one statement. */
static enum err
state_seals(struct store *store, struct dot generation,
    const struct seal_item *seals, size_t count, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    for (size_t done = 0; done < count && rc == ERR_OK; done += SEALS_MAX) {
        size_t left = count - done;
        struct author_dot name = {0};
        struct buf body = {0};
        struct dot dot;

        rc = store_name_dot(store, generation, &name);
        if (rc == ERR_OK) {
            statement_put_seals(
                &body, name, seals + done, left < SEALS_MAX ? left : SEALS_MAX);
            rc = buf_err(&body);
        }
        if (rc == ERR_OK) {
            rc = store_state(store, buf_bytes(&body), &dot, msg);
        }
        buf_release(&body);
    }
    return rc;
}

static enum err
renew(struct store *store, const struct circle_name *name, uint32_t former,
    struct err_msg *msg)
{
    size_t nodes = store->membership.node_count;
    struct seal_item *seals = mem_zalloc(nodes + 1, sizeof(*seals));
    struct circle_options options = {.circle = name, .seals = seals};
    struct secret_key secret;
    struct dot dot = {0};
    size_t count = 0;
    enum err rc = seals == NULL ? ERR_NOMEM : ERR_OK;

    local_random(store, secret.bytes, sizeof(secret.bytes));
    if (rc == ERR_OK) {
        rc = seal_to_all(store, name, &secret, seals, &count);
    }
    if (rc == ERR_OK) {
        options.seal_count = count < SEALS_MAX ? count : SEALS_MAX;
        rc = state_circle(store, &options, &secret, former, &dot, msg);
    }
    if (rc == ERR_OK) {
        rc = state_seals(store, dot, seals + options.seal_count,
            count - options.seal_count, msg);
    }
    mem_wipe(&secret, sizeof(secret));
    mem_free(seals);
    return rc;
}

/*
 * Who was admitted by one that had not heard of the renewal yet was sealed a
 * former generation: seal the current one to those that cannot open it.
 */
static enum err
seal_missing(struct store *store, const struct circle_name *name,
    uint32_t current, struct err_msg *msg)
{
    const struct membership *m = &store->membership;
    struct seal_item *seals = mem_zalloc(m->node_count + 1, sizeof(*seals));
    struct local_clock clock = {0};
    size_t count = 0;
    enum err rc =
        seals == NULL ? ERR_NOMEM : local_clock(store, LOG_CONTROL, &clock);

    for (size_t i = 0; i < m->node_count && rc == ERR_OK; i++) {
        const struct node_public *keys = &m->nodes[i].cert.keys;

        if (membership_in_circle(m, name, &keys->sign) &&
            !membership_opens(m, current, &keys->sign, &clock.clock)) {
            seals[count].node = keys->sign;
            rc = seal_box(seals[count].boxed, &keys->seal,
                &store->generation_secrets[current]);
            count++;
        }
    }
    if (rc == ERR_OK) {
        rc = state_seals(store, m->generations[current].dot, seals, count, msg);
    }
    local_clock_release(&clock);
    mem_free(seals);
    return rc;
}

/* Is our own control log there, and ours to write on? */
static bool
can_state(struct store *store)
{
    uint32_t log = 0;

    return local_log(store, LOG_CONTROL, &log) == ERR_OK &&
           store->states[log]->edge.size > 0 &&
           local_check(store, log, NULL) == ERR_OK;
}

static enum err
keep(struct store *store, const struct circle_name *name, bool as_warden,
    struct err_msg *msg)
{
    uint32_t current = 0;
    uint32_t held = 0;
    enum err rc = ERR_OK;

    if (!may_make(store, name) || (as_warden && !is_warden(store, name))) {
        return ERR_OK;
    }
    if (membership_current(&store->membership, name, &current)) {
        return as_warden && store->generation_has[current]
                   ? seal_missing(store, name, current, msg)
                   : ERR_OK;
    }
    if (lacks_own(store, name)) {
        rc = members_make_circle(store, name, msg);
    } else if (find_held(store, name, &held)) {
        rc = renew(store, name, held, msg);
    } else {
        return ERR_OK;
    }
    /* At the limit of generations there is no use in trying again, nor where
     * the statement cannot be made: that must not stop what others wrote. */
    if (rc == ERR_NOT_FOUND || rc == ERR_TOO_BIG ||
        (rc == ERR_OK &&
            !membership_current(&store->membership, name, &current))) {
        store->cannot_renew = true;
        rc = ERR_OK;
    }
    return rc;
}

enum err
circles_renew(struct store *store, bool as_warden, struct err_msg *msg)
{
    struct circle_name names[] = {{.kind = CIRCLE_LINK},
        {.kind = CIRCLE_EVERYONE},
        {.kind = CIRCLE_OFFICE, .office = store->options.office}};
    enum err rc = state_members(store, msg);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && rc == ERR_OK;
         i++) {
        if (!store->cannot_renew && can_state(store)) {
            rc = keep(store, &names[i], as_warden, msg);
        }
    }
    return rc;
}
