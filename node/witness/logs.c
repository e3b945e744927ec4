/* SPDX-License-Identifier: Apache-2.0 */
/* Which logs this node is a witness for, and what it keeps of them. */
#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/num.h"
#include "crypto/hash.h"
#include "node/witness/answer_internal.h"

static void
name_note(struct witness_log *log)
{
    char hex[2 * sizeof(struct hash) + 1];
    struct hash hash;

    hash_sha256(&hash, bytes_text(log->key.name));
    hex_encode(hex, bytes_hash(&hash));
    (void)snprintf(log->note_name, sizeof(log->note_name), "witness/%s", hex);
}

/* Is it the origin of a log of our corridor, whether there is such or not? */
static bool
read_origin(
    struct log_id *out, const struct corridor_id *corridor, const char *origin)
{
    static const char *const kinds[] = {
        [LOG_CONTROL] = "/control", [LOG_CHANGES] = "/changes"};
    char own[LOG_ORIGIN_BYTES_MAX + 1];
    struct log_id id = {.kind = LOG_CONTROL};
    const size_t digits = 2 * sizeof(id.node.bytes);
    const char *node = NULL;

    log_origin(own, corridor, &id);
    node = own + strlen(own) - strlen(kinds[LOG_CONTROL]) - digits;
    if (strlen(origin) < (size_t)(node - own) + digits ||
        strncmp(origin, own, (size_t)(node - own)) != 0 ||
        !hex_decode(origin + (node - own), digits, id.node.bytes,
            sizeof(id.node.bytes))) {
        return false;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        id.kind = (uint8_t)i;
        log_origin(own, corridor, &id);
        if (strcmp(own, origin) == 0) {
            *out = id;
            return true;
        }
    }
    return false;
}

static void
set_member(struct witness_log *out, const struct corridor_id *corridor,
    const struct log_id *id)
{
    memset(out, 0, sizeof(*out));
    out->is_member = true;
    out->id = *id;
    log_key(&out->key, corridor, id);
    name_note(out);
}

/* Another member's, that has been heard of here? */
static bool
is_member(const struct view *view, const struct witness *witness,
    const struct log_id *id)
{
    uint32_t number = 0;

    return !node_id_equal(&id->node, &witness->node->home.node) &&
           membership_node(view_membership(view), &id->node) != NULL &&
           log_table_find(view_logs(view), id, &number);
}

enum err
witness_log_find(struct witness_log *out, const struct witness *witness,
    const char *origin, struct err_msg *msg)
{
    const struct corridor_id *corridor = &witness->node->home.corridor;
    struct view *view = NULL;
    struct log_id id;
    bool found = false;
    enum err rc = ERR_OK;

    if (read_origin(&id, corridor, origin)) {
        rc = view_open(&view, witness->node->store, msg);
        if (rc != ERR_OK) {
            return rc;
        }
        found = is_member(view, witness, &id);
        view_close(view);
        if (found) {
            set_member(out, corridor, &id);
        }
        return found ? ERR_OK : ERR_NOT_FOUND;
    }
    for (size_t i = 0; i < witness->policy->log_count; i++) {
        if (strcmp(witness->policy->logs[i].name, origin) == 0) {
            *out = (struct witness_log){.key = witness->policy->logs[i]};
            name_note(out);
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

static bool
is_hash_of(const char *origin, struct bytes hash_hex)
{
    char hex[2 * sizeof(struct hash) + 1];
    struct hash hash;

    hash_sha256(&hash, bytes_text(origin));
    hex_encode(hex, bytes_hash(&hash));
    return bytes_equal(bytes_text(hex), hash_hex);
}

enum err
witness_log_find_hash(struct witness_log *out, const struct witness *witness,
    struct bytes hash_hex, struct err_msg *msg)
{
    const struct corridor_id *corridor = &witness->node->home.corridor;
    const struct log_table *logs = NULL;
    struct view *view = NULL;
    bool found = false;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < witness->policy->log_count; i++) {
        if (is_hash_of(witness->policy->logs[i].name, hash_hex)) {
            return witness_log_find(
                out, witness, witness->policy->logs[i].name, msg);
        }
    }
    rc = view_open(&view, witness->node->store, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    logs = view_logs(view);
    for (size_t i = 0; i < logs->count && !found; i++) {
        char origin[LOG_ORIGIN_BYTES_MAX + 1];

        log_origin(origin, corridor, &logs->ids[i]);
        found = is_hash_of(origin, hash_hex) &&
                is_member(view, witness, &logs->ids[i]);
        if (found) {
            set_member(out, corridor, &logs->ids[i]);
        }
    }
    view_close(view);
    return found ? ERR_OK : ERR_NOT_FOUND;
}

void
witness_own_key(struct note_key *out, const struct witness *witness)
{
    struct node_public public;

    node_secrets_public(&public, witness->node->secrets);
    cosigner_key(
        out, &witness->node->home.corridor, &public.sign, &public.cosign);
}

void
witness_put_line(struct buf *out, const struct witness *witness, uint64_t time,
    const struct signature *signature)
{
    uint8_t bytes[8 + sizeof(signature->bytes)];
    struct note_key key;

    witness_own_key(&key, witness);
    num_store_u64(bytes, time);
    memcpy(bytes + 8, signature->bytes, sizeof(signature->bytes));
    note_put_signature(out, &key, bytes_of(bytes, sizeof(bytes)));
}

enum err
witness_note_read(struct witness_note *out, const struct witness *witness,
    struct bytes encoded)
{
    struct checkpoint checkpoint;
    struct note_key key;
    struct note note;
    struct bytes line = encoded;
    enum err rc = note_parse(&note, encoded);

    if (rc == ERR_OK) {
        rc = checkpoint_parse(&checkpoint, note.text);
    }
    witness_own_key(&key, witness);
    if (rc == ERR_OK) {
        rc = note_verify(&note, &key, 1, NULL);
    }
    if (rc != ERR_OK) {
        return rc == ERR_NOMEM ? rc : ERR_CORRUPT;
    }
    /* Ours is the last, and ends in the only line feed behind the other. */
    line.size--;
    while (line.size > 0 && line.data[line.size - 1] != '\n') {
        line.size--;
    }
    out->tree = (struct witness_tree){true, checkpoint.size, checkpoint.root};
    out->line = bytes_of(encoded.data + line.size, encoded.size - line.size);
    out->time = num_load_u64(note.signatures[note.signature_count - 1].bytes);
    return ERR_OK;
}

void
witness_refuse(struct witness_answer *out, unsigned status, const char *text)
{
    buf_clear(&out->body);
    buf_put_text(&out->body, text);
    buf_put_u8(&out->body, '\n');
    out->status = status;
    out->is_size = false;
}
