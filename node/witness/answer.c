/* SPDX-License-Identifier: Apache-2.0 */
#include "node/witness/answer.h"

#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/checkpoint_note.h"
#include "crypto/witness_request.h"
#include "node/witness/answer_internal.h"

enum { MS_PER_SECOND = 1000 };

/* One request on its way through the writer. */
struct adding {
    const struct witness *witness;
    struct witness_log log;
    struct witness_request request;
    struct checkpoint_note note;
    struct signature signature; /* the log's */
    enum witness_verdict verdict;
    uint64_t last_size; /* of what is cosigned now */
    struct buf line;    /* ours, with WITNESS_COSIGNS and WITNESS_KNOWS */
};

/* The note with the log's line and ours, for those who ask for it. */
static enum err
keep_note(struct adding *x, struct store *store, struct err_msg *msg)
{
    struct buf note = {0};
    enum err rc = ERR_OK;

    buf_put_bytes(&note, x->note.text);
    buf_put_u8(&note, '\n');
    note_put_signature(&note, &x->log.key,
        bytes_of(x->signature.bytes, sizeof(x->signature.bytes)));
    buf_put_bytes(&note, buf_bytes(&x->line));
    rc = buf_err(&note);
    if (rc == ERR_OK) {
        rc = store_put_note(
            store, bytes_text(x->log.note_name), buf_bytes(&note), msg);
    }
    buf_release(&note);
    return rc;
}

/* The log's own signature in a note. */
static bool
find_signature(
    struct signature *out, const struct note *note, const struct note_key *key)
{
    for (size_t i = 0; i < note->signature_count; i++) {
        const struct note_signature *line = &note->signatures[i];

        if (line->id == key->id && line->size == sizeof(out->bytes) &&
            bytes_equal(line->name, bytes_text(key->name))) {
            memcpy(out->bytes, line->bytes, line->size);
            return true;
        }
    }
    return false;
}

/* The head that was cosigned last because it was asked for. */
static bool
read_kept(struct adding *x, struct store *store, struct head *out)
{
    struct checkpoint checkpoint;
    struct buf kept = {0};
    struct note note;
    bool is_kept = store_note(store, bytes_text(x->log.note_name), &kept,
                       NULL) == ERR_OK &&
                   note_parse(&note, buf_bytes(&kept)) == ERR_OK &&
                   checkpoint_parse(&checkpoint, note.text) == ERR_OK &&
                   find_signature(&out->signature, &note, &x->log.key);

    if (is_kept) {
        out->size = checkpoint.size;
        out->root = checkpoint.root;
    }
    buf_release(&kept);
    return is_kept;
}

static enum err
add_member(struct adding *x, struct store *store, struct err_msg *msg)
{
    const struct head head = {.size = x->note.checkpoint.size,
        .root = x->note.checkpoint.root,
        .signature = x->signature};
    struct head last = {0};
    const struct witness_ask ask = {.old_size = x->request.old_size,
        .proof = &x->request.proof,
        .head = &head,
        .last = read_kept(x, store, &last) ? &last : NULL};
    struct witness_vouched vouched = {.verdict = WITNESS_CONFLICT};
    enum err rc = store_witness(store, &x->log.id, &ask, &vouched, msg);

    if (rc == ERR_OK) {
        x->verdict = vouched.verdict;
        x->last_size = vouched.last.size;
        witness_put_line(
            &x->line, x->witness, vouched.last.time, &vouched.last.signature);
    }
    return rc == ERR_OK && x->verdict == WITNESS_COSIGNS
               ? keep_note(x, store, msg)
               : rc;
}

static enum err
cosign(
    struct adding *x, struct store *store, uint64_t after, struct err_msg *msg)
{
    const uint64_t now = node_wall_ms(NULL) / MS_PER_SECOND;
    const uint64_t time = num_max_u64(now, after);
    uint8_t bytes[72];
    struct signature signature;

    cosignature_sign(
        bytes, &x->witness->node->secrets->cosign, time, x->note.text);
    memcpy(signature.bytes, bytes + 8, sizeof(signature.bytes));
    witness_put_line(&x->line, x->witness, time, &signature);
    return keep_note(x, store, msg);
}

static enum err
add_outside(struct adding *x, struct store *store, struct err_msg *msg)
{
    const struct witness_asked asked = {x->request.old_size, &x->request.proof,
        x->note.checkpoint.size, &x->note.checkpoint.root};
    struct witness_note last = {.time = 0};
    struct buf kept = {0};
    enum err rc = store_note(store, bytes_text(x->log.note_name), &kept, msg);

    if (rc == ERR_OK) {
        rc = witness_note_read(&last, x->witness, buf_bytes(&kept));
    }
    if (rc != ERR_OK && rc != ERR_NOT_FOUND) {
        buf_release(&kept);
        return rc;
    }
    rc = ERR_OK;
    x->verdict = witness_judge(&asked, &last.tree);
    x->last_size = last.tree.size;
    if (x->verdict == WITNESS_COSIGNS) {
        rc = cosign(x, store, last.time, msg);
    } else if (x->verdict == WITNESS_KNOWS) {
        buf_put_bytes(&x->line, last.line);
    }
    buf_release(&kept);
    return rc;
}

/* In a write transaction, perhaps more than once. */
static enum err
add(void *context, struct store *store, struct err_msg *msg)
{
    struct adding *x = context;
    enum err rc = ERR_OK;

    buf_clear(&x->line);
    rc = x->log.is_member ? add_member(x, store, msg)
                          : add_outside(x, store, msg);
    return rc == ERR_OK ? buf_err(&x->line) : rc;
}

static void
answer_size(struct witness_answer *out, uint64_t size)
{
    buf_clear(&out->body);
    if (witness_conflict_write(&out->body, size) != ERR_OK) {
        witness_refuse(out, 503, "no memory");
        return;
    }
    out->status = 409;
    out->is_size = true;
}

static void
answer_verdict(struct witness_answer *out, const struct adding *x)
{
    switch (x->verdict) {
    case WITNESS_COSIGNS:
    case WITNESS_KNOWS:
        buf_put_bytes(&out->body, buf_bytes(&x->line));
        out->status = 200;
        break;
    case WITNESS_MALFORMED:
        witness_refuse(out, 400, "the old size is beyond the checkpoint's");
        break;
    case WITNESS_OTHER_SIZE:
    case WITNESS_CONFLICT:
        answer_size(out, x->last_size);
        break;
    case WITNESS_BAD_PROOF:
        witness_refuse(out, 422, "the proof does not hold");
        break;
    }
}

static void
answer_err(struct witness_answer *out, enum err rc)
{
    if (rc == ERR_MALFORMED || rc == ERR_TOO_BIG || rc == ERR_VERSION) {
        witness_refuse(out, 400, "this is no request to a witness");
    } else if (rc == ERR_BAD_SIGNATURE) {
        witness_refuse(out, 403, "the log has not signed this");
    } else if (rc == ERR_NOT_FOUND) {
        witness_refuse(out, 404, "this is no witness for that log");
    } else {
        witness_refuse(out, 503, "not now: ask again later");
    }
}

/* Within the gate. */
static enum err
read_and_add(struct adding *x, struct bytes request)
{
    struct checkpoint_keys keys = {.log = &x->log.key};
    struct checkpoint checkpoint;
    struct err_msg msg = {""};
    struct note note;
    enum err rc = witness_request_read(&x->request, request);

    if (rc == ERR_OK) {
        rc = checkpoint_note_peek(&checkpoint, x->request.checkpoint);
    }
    if (rc == ERR_OK && x->witness->node->store == NULL) {
        rc = ERR_BUSY;
    }
    if (rc == ERR_OK) {
        rc = witness_log_find(&x->log, x->witness, checkpoint.origin, &msg);
    }
    if (rc == ERR_OK) {
        rc = checkpoint_note_read(&x->note, x->request.checkpoint, &keys);
    }
    if (rc == ERR_OK) {
        rc = note_parse(&note, x->request.checkpoint);
    }
    if (rc == ERR_OK && !find_signature(&x->signature, &note, &x->log.key)) {
        rc = ERR_BAD_SIGNATURE;
    }
    return rc == ERR_OK ? node_write(x->witness->node, add, x, &msg) : rc;
}

void
witness_add_checkpoint(const struct witness *witness, struct bytes request,
    struct witness_answer *out)
{
    struct adding *x = mem_zalloc(1, sizeof(*x));
    struct err_msg msg = {""};
    enum err rc = x == NULL ? ERR_NOMEM : gate_enter(&witness->gate, &msg);

    memset(out, 0, sizeof(*out));
    if (rc == ERR_OK) {
        x->witness = witness;
        rc = read_and_add(x, request);
        gate_leave(&witness->gate);
    }
    if (rc == ERR_OK) {
        answer_verdict(out, x);
    } else {
        answer_err(out, rc);
    }
    if (x != NULL) {
        buf_release(&x->line);
        mem_free(x);
    }
}

/* A member's log: what we vouch for of it. */
struct looking {
    const struct witness_log *log;
    struct cosignature last;
};

static enum err
look(void *context, struct store *store, struct err_msg *msg)
{
    struct looking *x = context;

    return store_witness_last(store, &x->log->id, &x->last, msg);
}

static enum err
put_outside(const struct witness *witness, const struct witness_log *log,
    struct buf *out, struct err_msg *msg)
{
    struct view *view = NULL;
    enum err rc = view_open(&view, witness->node->store, msg);

    if (rc == ERR_OK) {
        rc = view_note(view, bytes_text(log->note_name), out, msg);
    }
    view_close(view);
    return rc;
}

/*
 * The log's line is at hand for the head that is held, and in the note of what
 * was cosigned by proof alone, while that is not held.
 */
static enum err
put_member(const struct witness *witness, const struct witness_log *log,
    struct buf *out, struct err_msg *msg)
{
    struct looking x = {.log = log};
    struct view *view = NULL;
    struct head head = {0};
    enum err rc = node_write(witness->node, look, &x, msg);

    if (rc == ERR_OK) {
        rc = view_open(&view, witness->node->store, msg);
    }
    if (rc == ERR_OK) {
        rc = view_head(view, &log->id, &head, msg);
    }
    view_close(view);
    if (rc == ERR_OK && head.size != x.last.size) {
        return put_outside(witness, log, out, msg);
    }
    if (rc == ERR_OK) {
        log_checkpoint(out, &witness->node->home.corridor, &log->id, &head);
        witness_put_line(out, witness, x.last.time, &x.last.signature);
        rc = buf_err(out);
    }
    return rc;
}

void
witness_checkpoint(const struct witness *witness, struct bytes hash_hex,
    struct witness_answer *out)
{
    struct err_msg msg = {""};
    struct witness_log log;
    enum err rc = gate_enter(&witness->gate, &msg);

    memset(out, 0, sizeof(*out));
    if (rc == ERR_OK) {
        rc = witness->node->store == NULL ? ERR_BUSY : ERR_OK;
        if (rc == ERR_OK) {
            rc = witness_log_find_hash(&log, witness, hash_hex, &msg);
        }
        if (rc == ERR_OK) {
            rc = log.is_member ? put_member(witness, &log, &out->body, &msg)
                               : put_outside(witness, &log, &out->body, &msg);
        }
        gate_leave(&witness->gate);
    }
    if (rc == ERR_OK) {
        out->status = 200;
    } else {
        answer_err(out, rc);
    }
}
