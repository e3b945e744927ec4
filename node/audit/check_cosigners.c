/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that cosignatures may be by: of members, and of witnesses. */
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/audit/check_internal.h"
#include "sync/model/log_key.h"

enum { COSIGNER_FILE_BYTES_MAX = 1024 };

/* Room for `count` keys; those of the corridor come first. */
static enum err
make_room(struct check *check, size_t count)
{
    mem_free(check->cosigners);
    mem_free(check->cosigner_offices);
    mem_free(check->seen_offices);
    check->cosigner_count = 0;
    check->seen_count = 0;
    check->cosigners = mem_zalloc(count + 1, sizeof(*check->cosigners));
    check->cosigner_offices =
        mem_zalloc(count + 1, sizeof(*check->cosigner_offices));
    check->seen_offices = mem_zalloc(count + 1, sizeof(*check->seen_offices));
    return check->cosigners == NULL || check->cosigner_offices == NULL ||
                   check->seen_offices == NULL
               ? ERR_NOMEM
               : ERR_OK;
}

static void
put_key(struct check *check, const struct note_key *key, uint32_t office)
{
    for (size_t i = 0; i < check->cosigner_count; i++) {
        const struct note_key *known = &check->cosigners[i];

        if (known->id == key->id && strcmp(known->name, key->name) == 0) {
            return;
        }
    }
    check->cosigners[check->cosigner_count] = *key;
    check->cosigner_offices[check->cosigner_count] = office;
    check->cosigner_count++;
}

/* A key that was given for a member must be that of its certificate. Where
 * certificates are not to be had, a node stands for an office of its own. */
static void
put_given(struct check *check, const struct membership *membership)
{
    for (size_t i = 0; i < check->trusted.count; i++) {
        const struct trusted_key *given = &check->trusted.items[i];
        const struct member_node *node = NULL;
        uint32_t office = OFFICE_NONE;

        if (given->key.type != NOTE_COSIGNATURE) {
            continue;
        }
        if (membership != NULL && given->name.role == KEY_OF_COSIGNER) {
            node = membership_node(membership, &given->name.log.node);
        }
        if (node != NULL && memcmp(node->cert.keys.cosign.bytes,
                                given->key.key.bytes, 32) != 0) {
            findings_add(&check->result->findings,
                (struct finding_place){NULL, POSITION_NONE},
                FINDING_KEY_MISMATCH,
                "the key given for a cosigner is another than the one its "
                "office certified: %.100s",
                given->key.name);
            continue;
        }
        if (node != NULL) {
            office = node->office;
        } else if (membership == NULL && given->name.role == KEY_OF_COSIGNER) {
            office = (uint32_t)i;
        }
        put_key(check, &given->key, office);
    }
}

/* A key on a line. */
static bool
parse_claim(struct note_key *out, const struct buf *file)
{
    return file->size > 0 && file->data[file->size - 1] == '\n' &&
           note_key_parse(out, bytes_of(file->data, file->size - 1)) == ERR_OK;
}

/* Does the key say that it is that node's, as a cosigner? */
static bool
claims_node(const struct check *check, const struct note_key *key,
    const struct node_id *node)
{
    struct key_name name;

    key_name_parse(&name, bytes_text(key->name));
    return name.role == KEY_OF_COSIGNER && key->type == NOTE_COSIGNATURE &&
           corridor_id_equal(&name.corridor, &check->result->corridor) &&
           node_id_equal(&name.log.node, node);
}

/*
 * Keys that the export itself claims, where certificates are not to be had: a
 * signature that does not hold is found, and one that holds proves nothing.
 */
static enum err
put_claimed(struct check *check)
{
    struct buf file = {0};
    enum err rc = ERR_OK;

    for (size_t i = 0; i < check->result->log_count && rc == ERR_OK; i++) {
        char path[192];
        struct note_key key;

        snprintf(
            path, sizeof(path), "%.64s/cosigner", check->result->logs[i].path);
        rc = tree_read(&file, &check->root, path, COSIGNER_FILE_BYTES_MAX);
        if (rc == ERR_NOT_FOUND || rc == ERR_NOMEM) {
            rc = rc == ERR_NOMEM ? rc : ERR_OK;
            continue;
        }
        if (rc == ERR_DENIED || rc == ERR_IO) {
            check_unread(check, path, rc);
            rc = ERR_OK;
            continue;
        }
        if (rc == ERR_OK && parse_claim(&key, &file) &&
            claims_node(check, &key, &check->result->logs[i].id.node)) {
            put_key(check, &key, OFFICE_CLAIMED);
            continue;
        }
        rc = ERR_OK;
        findings_add(&check->result->findings,
            (struct finding_place){NULL, POSITION_NONE}, FINDING_KEY_MISMATCH,
            "%s is not a key of that node", path);
    }
    buf_release(&file);
    return rc;
}

/* The key that an export says a node cosigns with. */
static enum err
check_claim(struct check *check, const struct check_log *log,
    const struct membership *membership)
{
    const struct member_node *node = membership_node(membership, &log->id.node);
    struct buf file = {0};
    struct buf expected = {0};
    struct note_key key;
    char path[192];
    enum err rc = ERR_OK;

    snprintf(path, sizeof(path), "%.64s/cosigner", log->path);
    rc = tree_read(&file, &check->root, path, COSIGNER_FILE_BYTES_MAX);
    if (rc == ERR_DENIED || rc == ERR_IO) {
        check_unread(check, path, rc);
    } else if (node != NULL && rc != ERR_NOT_FOUND && rc != ERR_NOMEM) {
        cosigner_key(&key, &check->result->corridor, &log->id.node,
            &node->cert.keys.cosign);
        note_key_format(&expected, &key);
        buf_put_u8(&expected, '\n');
        rc = buf_err(&expected);
        if (rc == ERR_OK &&
            !bytes_equal(buf_bytes(&file), buf_bytes(&expected))) {
            findings_add(&check->result->findings,
                (struct finding_place){NULL, POSITION_NONE},
                FINDING_KEY_MISMATCH,
                "%s is not the key that its office certified", path);
        }
    }
    buf_release(&file);
    buf_release(&expected);
    return rc == ERR_NOMEM ? rc : ERR_OK;
}

/* Of each node once: its logs stand side by side. */
static enum err
check_claims(struct check *check, const struct membership *membership)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < check->result->log_count && rc == ERR_OK; i++) {
        const struct check_log *log = &check->result->logs[i];

        if (i == 0 || !node_id_equal(&log->id.node, &log[-1].id.node)) {
            rc = check_claim(check, log, membership);
        }
    }
    return rc;
}

enum err
check_gather_cosigners(struct check *check, const struct membership *membership)
{
    const size_t members =
        membership != NULL ? membership->node_count : check->result->log_count;
    enum err rc = make_room(check, members + check->trusted.count);

    if (rc != ERR_OK) {
        return rc;
    }
    check->knows_cosigners = membership != NULL;
    for (size_t i = 0; membership != NULL && i < members; i++) {
        const struct member_node *node = &membership->nodes[i];
        struct note_key key;

        cosigner_key(&key, &check->result->corridor, &node->cert.keys.sign,
            &node->cert.keys.cosign);
        put_key(check, &key, node->office);
    }
    put_given(check, membership);
    if (membership == NULL && check->is_whole && check->glance == NULL) {
        rc = put_claimed(check);
    }
    if (rc == ERR_OK && membership != NULL && check->glance == NULL) {
        rc = check_claims(check, membership);
    }
    return rc;
}
