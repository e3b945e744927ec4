/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/share.h"

#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "storage/local.h"

/* One grant on its way into our changes log. */
struct sharing {
    struct store *store;
    const struct share *share;
    uint32_t log;
    uint32_t generation;
    struct content_key *key;
    struct local_clock clock;
    struct buf header;
    struct buf padded;
    struct buf body;
};

static enum err
check_right(struct sharing *s, struct err_msg *msg)
{
    struct store *store = s->store;
    struct dot next = {0};
    enum err rc = local_log(store, LOG_CHANGES, &s->log);

    if (rc == ERR_OK) {
        rc = local_check(store, s->log, msg);
    }
    if (rc == ERR_OK) {
        rc = local_clock(store, LOG_CHANGES, &s->clock);
    }
    if (rc == ERR_OK) {
        next = (struct dot){s->log, store->states[s->log]->edge.size};
        rc = local_check_right(store, next, &s->clock, msg);
    }
    return rc;
}

/* Relays and auditors hold no content keys: none is granted to them. */
static enum err
check_receiver(const struct sharing *s, struct err_msg *msg)
{
    const struct circle_name *circle = s->share->circle;

    if (circle->kind == CIRCLE_OFFICE &&
        !office_holds_keys(
            membership_office(&s->store->membership, &circle->office))) {
        return err_set(msg, ERR_DENIED,
            "that office relays or audits, and may not read: nothing can be "
            "shared with it");
    }
    return ERR_OK;
}

/* The record's newest key of the class: the one it is written under. */
static enum err
find_key(struct sharing *s, struct err_msg *msg)
{
    struct store *store = s->store;
    struct merged *merged = NULL;
    const struct record_key *found = NULL;
    enum err rc =
        merged_get(store, s->share->kind, &s->share->id, &merged, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    for (size_t i = 0; i < merged->record.key_count; i++) {
        if (merged->record.keys[i].class == s->share->class) {
            found = &merged->record.keys[i];
        }
    }
    if (found == NULL) {
        return err_set(msg, ERR_NOT_FOUND, "there is nothing to share");
    }
    rc = content_get(&store->content, store->txn, found->key, &s->key, msg);
    if (rc == ERR_OK && !s->key->has_secret) {
        rc = err_set(msg, ERR_NO_KEY, "its key is not this office's");
    }
    return rc;
}

/* The key in a box that only the circle opens. */
static enum err
put_boxed(struct sharing *s)
{
    const struct generation *generation =
        &s->store->membership.generations[s->generation];
    uint8_t boxed[SEAL_BOXED_BYTES];
    enum err rc = seal_box(boxed, &generation->public, &s->key->secret);

    if (rc == ERR_OK) {
        buf_put(&s->body, boxed, sizeof(boxed));
        rc = buf_err(&s->body);
    }
    return rc;
}

static enum err
put_header(struct sharing *s)
{
    struct store *store = s->store;
    struct log_state *state = store->states[s->log];
    struct grant_out grant = {
        .generation = store->membership.generations[s->generation].dot,
        .mode = GRANT_BOXED,
        .purpose = s->share->purpose,
    };
    struct header_out options = {
        .time = local_time(store, state),
        .clock = &s->clock.clock,
        .has_key = true,
        .key = s->key->info.key,
        .has_grants = true,
        .grants_key = s->key->info.key,
        .class = s->key->info.class,
        .grants = &grant,
        .grant_count = 1,
    };

    return header_encode(&s->header, &state->author, &store->logs, &options);
}

/* A change that says nothing, as only the key it stands under matters. */
static enum err
put_plain(struct sharing *s)
{
    struct store *store = s->store;
    struct change change = {.record = s->share->id, .kind = s->share->kind};
    struct buf plain = {0};
    enum err rc =
        change_encode(&plain, &change, &store->states[s->log]->author, NULL);

    if (rc == ERR_OK) {
        rc = codec_pack(store->codec, &s->padded, buf_bytes(&plain));
    }
    buf_wipe(&plain);
    return rc;
}

static enum err
seal(struct sharing *s)
{
    struct store *store = s->store;
    struct seal_place place = {
        .corridor = &store->corridor,
        .node = &store->self.sign,
        .log_kind = LOG_CHANGES,
        .position = store->states[s->log]->edge.size,
        .kind = ENTRY_CHANGE,
    };
    struct seal_body_options options = {.place = &place};
    const struct seal_keys *keys = content_seal(s->key);
    struct seal seal;
    struct hash r;

    seal_opening_with(&r, keys, &place, buf_bytes(&s->header));
    seal_compute(&seal, &r, &place, buf_bytes(&s->padded));
    mem_wipe(&r, sizeof(r));
    header_put_seal(&s->header, &seal);
    options.header = buf_bytes(&s->header);
    options.seal = &seal;
    return seal_body_with(&s->body, keys, &options, buf_bytes(&s->padded));
}

static enum err
append(struct sharing *s, struct err_msg *msg)
{
    struct entry entry = {
        .kind = ENTRY_CHANGE,
        .has_body = true,
        .header = buf_bytes(&s->header),
        .body = buf_bytes(&s->body),
    };
    struct dot dot;

    hash_sha256(&entry.body_hash, entry.body);
    return local_append(s->store, s->log, &entry, &dot, msg);
}

enum err
store_share(struct store *store, const struct share *share, struct err_msg *msg)
{
    struct sharing s = {.store = store, .share = share};
    enum err rc = state_members(store, msg);

    if (rc == ERR_OK) {
        rc = check_right(&s, msg);
    }
    if (rc == ERR_OK) {
        rc = check_receiver(&s, msg);
    }
    if (rc == ERR_OK &&
        !membership_current(&store->membership, share->circle, &s.generation)) {
        rc = err_set(msg, ERR_NOT_FOUND, "there is no such circle");
    }
    if (rc == ERR_OK) {
        rc = find_key(&s, msg);
    }
    if (rc == ERR_OK) {
        rc = put_header(&s);
    }
    if (rc == ERR_OK) {
        rc = put_plain(&s);
    }
    if (rc == ERR_OK) {
        rc = put_boxed(&s);
    }
    if (rc == ERR_OK) {
        rc = seal(&s);
    }
    if (rc == ERR_OK) {
        rc = append(&s, msg);
    }
    buf_release(&s.header);
    buf_wipe(&s.padded);
    buf_release(&s.body);
    local_clock_release(&s.clock);
    return rc;
}
