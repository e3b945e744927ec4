/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A local edit: one change per class of its fields, under the file's keys,
 * judged on a copy of the record before anything is written.
 */
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "storage/local.h"

/* One edit on its way. */
struct editing {
    struct store *store;
    const struct edit *edit;
    const struct schema_kind *kind;
    struct record_id id;
    struct record_salt salt;
    uint32_t log;
    struct record copy;    /* what it will be, for judging */
    struct change_op *ops; /* of one class at a time */
    enum err opens_rc;
};

/* A change of one class, ready to be appended. */
struct made {
    struct buf header;
    struct buf plain;
    struct buf padded;
    struct buf body;
    struct header_clock clock;
};

static void
made_clear(struct made *made)
{
    buf_clear(&made->header);
    buf_clear(&made->plain);
    buf_clear(&made->padded);
    buf_clear(&made->body);
}

static void
made_release(struct made *made)
{
    buf_release(&made->header);
    buf_wipe(&made->plain);
    buf_wipe(&made->padded);
    buf_release(&made->body);
    header_clock_release(&made->clock);
}

static enum err
check_version(
    struct editing *e, const struct record *record, struct err_msg *msg)
{
    struct hash digest;
    enum err rc = ERR_OK;

    if (!e->edit->has_version) {
        return ERR_OK;
    }
    rc = record_digest(&digest, record, &e->store->logs);
    if (rc == ERR_OK &&
        memcmp(digest.bytes, e->edit->version.bytes, VERSION_BYTES) != 0) {
        rc = err_set(msg, ERR_STALE,
            "the record has changed since it was read; look at it again");
    }
    return rc;
}

/* A copy by its encoding: judging must not touch the record itself. */
static enum err
copy_record(struct editing *e, const struct record *record)
{
    struct buf half = {0};
    enum err rc = ERR_OK;

    record_init(&e->copy, &record->id, record->kind);
    for (int sealed = 0; sealed < 2 && rc == ERR_OK; sealed++) {
        if (!record_has_half(record, sealed == 1)) {
            continue;
        }
        buf_clear(&half);
        rc = record_encode(&half, record, sealed == 1);
        if (rc == ERR_OK) {
            rc = record_decode(&e->copy, &e->store->logs, buf_bytes(&half));
        }
    }
    buf_wipe(&half);
    return rc;
}

static enum err
find_old(struct editing *e, struct err_msg *msg)
{
    struct merged *merged = NULL;
    enum err rc =
        merged_get(e->store, e->edit->kind, &e->edit->id, &merged, msg);

    if (rc == ERR_OK && merged->record.key_count == 0) {
        rc = err_set(msg, ERR_NOT_FOUND, "there is no such record here");
    }
    if (rc == ERR_OK) {
        e->id = e->edit->id;
        rc = check_version(e, &merged->record, msg);
    }
    return rc == ERR_OK ? copy_record(e, &merged->record) : rc;
}

static enum err
begin_new(struct editing *e, struct err_msg *msg)
{
    if ((e->kind->parent != 0) != e->edit->has_parent) {
        return err_set(msg, ERR_MALFORMED, "a %s %s", e->kind->name,
            e->kind->parent != 0 ? "belongs to another record: name it"
                                 : "belongs to no other record");
    }
    local_random(e->store, e->salt.bytes, sizeof(e->salt.bytes));
    record_id_make(&e->id, &e->store->corridor, &e->store->self.sign, &e->salt,
        e->store->wall_ms);
    record_init(&e->copy, &e->id, e->edit->kind);
    return ERR_OK;
}

static bool
newest_key(const struct record *record, uint8_t class, struct dot *out)
{
    bool found = false;

    for (size_t i = 0; i < record->key_count; i++) {
        if (record->keys[i].class == class) {
            *out = record->keys[i].key;
            found = true;
        }
    }
    return found;
}

/* The file's current key of a class: its root's, or the record's own. */
static enum err
find_key(struct editing *e, uint8_t class, struct content_key **out,
    struct err_msg *msg)
{
    struct store *store = e->store;
    struct merged *root = NULL;
    struct dot dot = {0};
    bool found = newest_key(&e->copy, class, &dot);
    bool has_parent =
        e->edit->is_new ? e->edit->has_parent : e->copy.has_parent;
    const struct record_id *parent =
        e->edit->is_new ? &e->edit->parent : &e->copy.parent;
    enum err rc = ERR_OK;

    *out = NULL;
    if (!found && has_parent && e->kind->parent != 0) {
        rc = merged_get(store, e->kind->parent, parent, &root, msg);
        if (rc != ERR_OK) {
            return rc;
        }
        if (root->record.key_count == 0) {
            return err_set(
                msg, ERR_NOT_FOUND, "the record it belongs to is not here");
        }
        found = newest_key(&root->record, class, &dot);
    }
    if (!found) {
        return ERR_OK;
    }
    rc = content_get(&store->content, store->txn, dot, out, msg);
    if (rc == ERR_OK && !(*out)->has_secret) {
        rc = err_set(msg, ERR_DENIED,
            "this part of the record was not shared with this office");
    }
    return rc;
}

/* A fresh content key, and the grant that gives it to whom it is due. */
struct fresh_key {
    struct secret_key secret;
    struct hash commitment;
    struct grant_out grant;
    uint8_t wrapped[SEAL_WRAPPED_BYTES];
};

static bool
find_generation(
    const struct store *store, uint8_t class, uint32_t *out, uint8_t *purpose)
{
    return grant_default(&store->membership, &store->options.office, class, out,
               purpose) &&
           store->generation_has[*out];
}

static enum err
make_key(struct editing *e, uint8_t class, struct fresh_key *out,
    struct err_msg *msg)
{
    struct store *store = e->store;
    struct seal_wrap_place place = {
        .corridor = &store->corridor, .commitment = &out->commitment};
    uint32_t generation = 0;
    uint8_t purpose = 0;
    const struct log_id *id = NULL;

    enum err rc = ERR_OK;

    /* "Where there is none, the next writer of the circle makes one." */
    if (!find_generation(store, class, &generation, &purpose)) {
        rc = circles_renew(store, false, msg);
        if (rc != ERR_OK) {
            return rc;
        }
        if (!find_generation(store, class, &generation, &purpose)) {
            return err_set(msg, ERR_NO_KEY,
                "this office's circle keys have not come yet, or an admin's "
                "node must renew them; sync first");
        }
    }
    local_random(store, out->secret.bytes, sizeof(out->secret.bytes));
    seal_commitment(&out->commitment, &out->secret);
    out->grant = (struct grant_out){
        .generation = store->membership.generations[generation].dot,
        .mode = GRANT_WRAPPED,
        .purpose = purpose,
    };
    id = &store->logs.ids[out->grant.generation.log];
    place.node = &id->node;
    place.log_kind = id->kind;
    place.position = out->grant.generation.position;
    seal_wrap(out->wrapped, &store->generation_secrets[generation], &place,
        &out->secret);
    return ERR_OK;
}

struct opens {
    struct editing *e;
    const struct author *author;
    const struct vclock *clock;
};

static bool
we_open(void *context, struct dot dot)
{
    struct opens *c = context;
    struct store *store = c->e->store;
    struct content_key *key = NULL;
    enum err rc = content_get(&store->content, store->txn, dot, &key, NULL);

    if (rc != ERR_OK) {
        c->e->opens_rc = rc == ERR_NOT_FOUND ? c->e->opens_rc : rc;
        return false;
    }
    return key_opens(&key->info, &store->membership, c->author->log, c->clock);
}

/* Would it stand? On the copy, so that a refusal leaves no trace. */
static enum err
judge(struct editing *e, const struct change *change, struct dot key,
    uint8_t class, const struct vclock *clock, struct err_msg *msg)
{
    struct store *store = e->store;
    const struct log_state *state = store->states[e->log];
    struct opens opens = {e, &state->author, clock};
    enum void_reason reason = VOID_NONE;
    struct change_place place = {
        .dot = {e->log, state->edge.size},
        .rank = state->author.rank + 1,
        .time = local_time(store, state),
        .clock = clock,
        .key = key,
        .class = class,
        .corridor = &store->corridor,
        .logs = &store->logs,
        .membership = &store->membership,
        .opens = we_open,
        .context = &opens,
    };
    enum err rc = record_apply(&e->copy, e->kind, change, &place, &reason);

    if (rc == ERR_OK) {
        rc = e->opens_rc;
    }
    if (rc == ERR_OK && reason != VOID_NONE) {
        rc = err_set(msg, ERR_MALFORMED, "%s", void_reason_text(reason));
    }
    return rc;
}

/* Header and plaintext need each other's numbers: the header first. */
static enum err
make_plain(struct editing *e, const struct header_out *options,
    const struct change *change, struct made *made)
{
    struct store *store = e->store;
    const struct author *author = &store->states[e->log]->author;
    struct seal none = {{0}};
    struct header header;
    size_t size = 0;
    enum err rc = header_encode(&made->header, author, &store->logs, options);

    if (rc != ERR_OK) {
        return rc;
    }
    size = made->header.size;
    header_put_seal(&made->header, &none);
    rc = buf_err(&made->header);
    if (rc == ERR_OK) {
        rc = header_decode(&header, buf_bytes(&made->header), LOG_CHANGES,
            store->states[e->log]->edge.size);
    }
    if (rc == ERR_OK) {
        rc = header_clock_resolve(&made->clock, author, &store->logs, &header);
    }
    if (rc == ERR_OK) {
        rc = change_encode(&made->plain, change, author, &made->clock);
    }
    if (rc == ERR_OK) {
        rc = codec_pack(store->codec, &made->padded, buf_bytes(&made->plain));
    }
    buf_truncate(&made->header, size);
    return rc;
}

static enum err
seal_made(struct editing *e, const struct seal_keys *keys,
    const struct fresh_key *fresh, struct made *made)
{
    struct store *store = e->store;
    struct seal_place place = {
        .corridor = &store->corridor,
        .node = &store->self.sign,
        .log_kind = LOG_CHANGES,
        .position = store->states[e->log]->edge.size,
        .kind = ENTRY_CHANGE,
    };
    struct seal_body_options options = {.place = &place};
    struct seal seal;
    struct hash r;

    seal_opening_with(&r, keys, &place, buf_bytes(&made->header));
    seal_compute(&seal, &r, &place, buf_bytes(&made->padded));
    header_put_seal(&made->header, &seal);
    if (fresh != NULL) {
        buf_put(&made->body, fresh->wrapped, sizeof(fresh->wrapped));
    }
    options.header = buf_bytes(&made->header);
    options.seal = &seal;
    mem_wipe(&r, sizeof(r));
    return seal_body_with(
        &made->body, keys, &options, buf_bytes(&made->padded));
}

static enum err
append_made(struct editing *e, const struct made *made, struct err_msg *msg)
{
    struct entry entry = {
        .kind = ENTRY_CHANGE,
        .has_body = true,
        .header = buf_bytes(&made->header),
        .body = buf_bytes(&made->body),
    };
    struct dot dot;

    if (entry.body.size > ENTRY_BODY_BYTES_MAX) {
        return err_set(msg, ERR_TOO_BIG,
            "that is more than one change can hold (48 KiB); split it");
    }
    hash_sha256(&entry.body_hash, entry.body);
    return local_append(e->store, e->log, &entry, &dot, msg);
}

/* The operations of one class, as one change. */
static enum err
write_class(struct editing *e, uint8_t class, size_t op_count,
    struct made *made, struct err_msg *msg)
{
    struct store *store = e->store;
    struct dot own = {e->log, store->states[e->log]->edge.size};
    struct change change = {
        .record = e->id,
        .kind = e->edit->kind,
        .has_parent = e->edit->is_new && e->edit->has_parent,
        .parent = e->edit->parent,
        .has_salt = e->edit->is_new,
        .salt = e->salt,
        .ops = e->ops,
        .op_count = op_count,
    };
    struct local_clock clock = {0};
    struct header_out options = {.has_key = true, .class = class};
    struct content_key *key = NULL;
    struct fresh_key fresh;
    struct seal_keys fresh_seal;
    enum err rc = find_key(e, class, &key, msg);

    if (rc == ERR_OK && key == NULL) {
        rc = make_key(e, class, &fresh, msg);
    }
    if (rc == ERR_OK) {
        rc = local_clock(store, LOG_CHANGES, &clock);
    }
    if (rc != ERR_OK) {
        goto out;
    }
    options.time = local_time(store, store->states[e->log]);
    options.clock = &clock.clock;
    options.key = key != NULL ? key->info.key : own;
    if (key == NULL) {
        options.has_grants = true;
        options.commitment = &fresh.commitment;
        options.grants_key = own;
        options.grants = &fresh.grant;
        options.grant_count = 1;
        seal_keys_init(&fresh_seal, &fresh.secret);
    }
    rc = judge(e, &change, options.key, class, &clock.clock, msg);
    if (rc == ERR_OK) {
        rc = make_plain(e, &options, &change, made);
    }
    if (rc == ERR_OK) {
        rc = seal_made(e, key != NULL ? content_seal(key) : &fresh_seal,
            key != NULL ? NULL : &fresh, made);
    }
    if (rc == ERR_OK) {
        rc = append_made(e, made, msg);
    }
out:
    mem_wipe(&fresh, sizeof(fresh));
    mem_wipe(&fresh_seal, sizeof(fresh_seal));
    local_clock_release(&clock);
    return rc;
}

/* Unknown fields have their kind's class. */
static uint8_t
class_of(const struct editing *e, const struct change_op *op)
{
    const struct schema_field *field = schema_field(e->kind, op->field);

    return (uint8_t)(field != NULL ? field->class : e->kind->class);
}

static enum err
write_all(struct editing *e, struct err_msg *msg)
{
    struct made made = {0};
    enum err rc = ERR_OK;

    for (uint8_t class = 0; class < CLASS_COUNT && rc == ERR_OK; class ++) {
        size_t count = 0;

        for (size_t i = 0; i < e->edit->op_count; i++) {
            if (class_of(e, &e->edit->ops[i]) == class) {
                e->ops[count] = e->edit->ops[i];
                e->ops[count].is_own =
                    e->ops[count].action == ACTION_TRANSFER &&
                    office_id_equal(
                        &e->ops[count].office, &e->store->options.office);
                count++;
            }
        }
        if (count == 0 && !(e->edit->is_new && class == e->kind->class)) {
            continue;
        }
        made_clear(&made);
        rc = write_class(e, class, count, &made, msg);
    }
    made_release(&made);
    return rc;
}

static enum err
check_right(struct editing *e, struct err_msg *msg)
{
    struct store *store = e->store;
    struct local_clock clock = {0};
    struct dot next = {0};
    enum err rc = local_log(store, LOG_CHANGES, &e->log);

    if (rc == ERR_OK) {
        rc = local_clock(store, LOG_CHANGES, &clock);
    }
    if (rc == ERR_OK) {
        next = (struct dot){e->log, store->states[e->log]->edge.size};
        rc = local_check_right(store, next, &clock, msg);
    }
    if (rc == ERR_OK) {
        rc = local_check(store, e->log, msg);
    }
    local_clock_release(&clock);
    return rc;
}

static enum err
result_of(struct editing *e, struct edit_result *out, struct err_msg *msg)
{
    struct merged *merged = NULL;
    struct hash digest = {{0}};
    enum err rc = merged_get(e->store, e->edit->kind, &e->id, &merged, msg);

    if (rc == ERR_OK && !e->edit->without_result) {
        rc = record_digest(&digest, &merged->record, &e->store->logs);
    }
    if (rc == ERR_OK) {
        out->id = e->id;
        memcpy(out->version.bytes, digest.bytes, VERSION_BYTES);
    }
    return rc;
}

enum err
store_edit(struct store *store, const struct edit *edit,
    struct edit_result *out, struct err_msg *msg)
{
    struct editing e = {.store = store, .edit = edit};
    enum err rc = ERR_OK;

    e.kind = schema_kind(store->options.schema, edit->kind);
    if (e.kind == NULL) {
        return err_set(msg, ERR_MALFORMED, "an unknown kind of record");
    }
    rc = state_members(store, msg);
    if (rc == ERR_OK) {
        rc = check_right(&e, msg);
    }
    if (rc == ERR_OK) {
        e.ops = mem_zalloc(edit->op_count + 1, sizeof(*e.ops));
        rc = e.ops == NULL ? ERR_NOMEM : ERR_OK;
    }
    if (rc == ERR_OK) {
        rc = edit->is_new ? begin_new(&e, msg) : find_old(&e, msg);
    }
    if (rc == ERR_OK) {
        rc = write_all(&e, msg);
    }
    if (rc == ERR_OK) {
        rc = result_of(&e, out, msg);
    }
    record_release(&e.copy);
    mem_free(e.ops);
    return rc;
}
