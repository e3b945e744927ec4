/* SPDX-License-Identifier: Apache-2.0 */
/* Heads as auditors are shown them: notes, cosigned by who vouches for them. */
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "node/api/audit.h"
#include "node/api/witnesses.h"
#include "storage/vouch.h"
#include "sync/model/log_key.h"

/* Besides the log's own: verifiers refuse notes of more. */
enum { COSIGNATURES_MAX = NOTE_SIGNATURES_MAX - 1 };

/* Lesser sizes that somebody vouches for: "audit check" looks at no more. */
enum { VOUCHED_MAX = 32 };

/* Those that agree with the log as it is held here. */
struct vouches {
    struct cosignature *items;
    size_t count;
    size_t capacity;
    enum err rc;
    struct witnessed_list outside; /* of witnesses that are no members */
};

static void
release_vouches(struct vouches *vouches)
{
    mem_free(vouches->items);
    witnessed_release(&vouches->outside);
}

static bool
take_vouch(void *context, const struct cosignature_item *item)
{
    struct vouches *vouches = context;

    if (!item->agrees) {
        return true;
    }
    vouches->rc = mem_grow((void **)&vouches->items, &vouches->capacity,
        vouches->count + 1, sizeof(*vouches->items));
    if (vouches->rc == ERR_OK) {
        vouches->items[vouches->count++] = item->cosignature;
    }
    return vouches->rc == ERR_OK;
}

static enum err
read_vouches(struct view *view, const struct log_id *log, struct vouches *out,
    struct err_msg *msg)
{
    enum err rc = view_cosignatures(view, log, take_vouch, out, msg);

    if (rc == ERR_OK) {
        rc = out->rc;
    }
    return rc == ERR_OK ? witnesses_read(&out->outside, view, log, msg) : rc;
}

/* A signature line of a member; those of others have no key to check it. */
static bool
put_line(struct buf *out, const struct view *view,
    const struct cosignature *cosignature)
{
    const struct member_node *node =
        membership_node(view_membership(view), &cosignature->cosigner);
    uint8_t bytes[8 + sizeof(cosignature->signature.bytes)];
    struct note_key key;

    if (node == NULL) {
        return false;
    }
    cosigner_key(&key, view_corridor(view), &cosignature->cosigner,
        &node->cert.keys.cosign);
    num_store_u64(bytes, cosignature->time);
    memcpy(bytes + 8, cosignature->signature.bytes,
        sizeof(cosignature->signature.bytes));
    note_put_signature(out, &key, bytes_of(bytes, sizeof(bytes)));
    return true;
}

/* Is it a member's own line, which is there already? */
static bool
is_member_line(const struct view *view, const struct vouches *vouches,
    const struct witnessed *item)
{
    for (size_t i = 0; i < vouches->count; i++) {
        const struct cosignature *cosignature = &vouches->items[i];
        const struct member_node *node =
            membership_node(view_membership(view), &cosignature->cosigner);
        struct note_key key;

        if (node == NULL || cosignature->size != item->size) {
            continue;
        }
        cosigner_key(&key, view_corridor(view), &cosignature->cosigner,
            &node->cert.keys.cosign);
        if (key.id == item->witness.key.id &&
            strcmp(key.name, item->witness.key.name) == 0) {
            return true;
        }
    }
    return false;
}

/* The lines of all that vouch for a size; how many they are. */
static size_t
put_lines(struct buf *out, const struct view *view,
    const struct vouches *vouches, uint64_t size)
{
    size_t count = 0;

    for (size_t i = 0; i < vouches->count && count < COSIGNATURES_MAX; i++) {
        if (vouches->items[i].size == size) {
            count += put_line(out, view, &vouches->items[i]) ? 1 : 0;
        }
    }
    for (size_t i = 0; i < vouches->outside.count && count < COSIGNATURES_MAX;
         i++) {
        const struct witnessed *item = &vouches->outside.items[i];

        if (item->size == size && !is_member_line(view, vouches, item)) {
            witnessed_put_line(out, item);
            count++;
        }
    }
    return count;
}

enum err
audit_checkpoint(struct buf *out, struct view *view, const struct log_id *log,
    const struct head *head, struct err_msg *msg)
{
    struct vouches vouches = {0};
    enum err rc = read_vouches(view, log, &vouches, msg);

    if (rc == ERR_OK) {
        log_checkpoint(out, view_corridor(view), log, head);
        (void)put_lines(out, view, &vouches, head->size);
        rc = buf_err(out);
    }
    release_vouches(&vouches);
    return rc;
}

static json_t *
text_json(const struct buf *text)
{
    return buf_err(text) == ERR_OK
               ? json_stringn((const char *)text->data, text->size)
               : NULL;
}

json_t *
audit_vkey_json(const struct note_key *key)
{
    struct buf text = {0};
    json_t *json = NULL;

    note_key_format(&text, key);
    json = text_json(&text);
    buf_release(&text);
    return json;
}

/* What stands before any signature; the author's own is not kept for sizes
 * that it has passed. */
static json_t *
vouched_json(const struct view *view, const struct log_id *log,
    const struct vouches *vouches, const struct head *head)
{
    struct buf text = {0};
    json_t *json = json_object();

    log_head_text(&text, view_corridor(view), log, head);
    buf_put_u8(&text, '\n');
    if (put_lines(&text, view, vouches, head->size) == 0) {
        json_decref(json);
        json = json_null();
    } else {
        put_number(&json, "size", head->size);
        put(&json, "checkpoint", text_json(&text));
    }
    buf_release(&text);
    return json;
}

/* What the nth of all vouches for, members' first. */
static struct head
vouched_head(const struct vouches *vouches, size_t n)
{
    struct head head = {.size = 0};

    if (n < vouches->count) {
        head.size = vouches->items[n].size;
        head.root = vouches->items[n].root;
    } else {
        head.size = vouches->outside.items[n - vouches->count].size;
        head.root = vouches->outside.items[n - vouches->count].root;
    }
    return head;
}

/* The greatest size below `below` that somebody vouches for; false: none. */
static bool
next_vouched(const struct vouches *vouches, uint64_t below, struct head *out)
{
    bool was_found = false;

    for (size_t i = 0; i < vouches->count + vouches->outside.count; i++) {
        const struct head head = vouched_head(vouches, i);

        if (head.size < below && (!was_found || head.size > out->size)) {
            *out = head;
            was_found = true;
        }
    }
    return was_found;
}

enum err
audit_put_checkpoints(json_t **json, struct view *view,
    const struct log_id *log, const struct head *head, struct err_msg *msg)
{
    struct vouches vouches = {0};
    struct head vouched = {.size = head->size};
    struct buf text = {0};
    json_t *array = NULL;
    enum err rc = read_vouches(view, log, &vouches, msg);

    if (rc != ERR_OK) {
        release_vouches(&vouches);
        return rc;
    }
    log_checkpoint(&text, view_corridor(view), log, head);
    (void)put_lines(&text, view, &vouches, head->size);
    put(json, "checkpoint", text_json(&text));
    buf_release(&text);
    array = json_array();
    for (size_t i = 0;
         i < VOUCHED_MAX && next_vouched(&vouches, vouched.size, &vouched);) {
        json_t *item = vouched_json(view, log, &vouches, &vouched);

        if (!json_is_null(item)) {
            put_item(&array, item);
            i++;
        }
    }
    put(json, "vouched", array);
    release_vouches(&vouches);
    return ERR_OK;
}
