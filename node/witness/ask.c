/* SPDX-License-Identifier: Apache-2.0 */
#include "node/witness/ask.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/num.h"
#include "crypto/checkpoint_note.h"
#include "crypto/witness_request.h"
#include "storage/tiles.h"
#include "storage/vouch.h"
#include "sync/model/log_key.h"

enum { URL_BYTES = POLICY_URL_BYTES_MAX + 32 };

/* One witness and one log, on the way. */
struct asking {
    const struct ask_options *options;
    const struct policy_witness *witness;
    struct log_id log;
    bool is_idle; /* nothing to ask */
    uint64_t old_size;
    struct tiles_prefix prefix; /* our head, and the proof to it */
    struct buf text;            /* that is to be cosigned */
    struct buf body;            /* of the request, and then */
    struct buf answer;
    struct witnessed item; /* what is known, and to be kept */
};

/* What is in the way of a cosignature, as a sentence. */
static void __attribute__((format(printf, 2, 3)))
say(struct asking *x, const char *format, ...)
{
    struct err_msg msg;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(msg.text, sizeof(msg.text), format, args);
    va_end(args);
    (void)snprintf(x->item.trouble, sizeof(x->item.trouble), "%.*s",
        WITNESSED_TROUBLE_BYTES_MAX, msg.text);
}

static bool
has_trouble(const struct asking *x)
{
    return x->item.trouble[0] != '\0';
}

/* Our head, and the proof from the size that the witness has. */
static enum err
read_prefix(struct asking *x, struct view *view, struct err_msg *msg)
{
    enum err rc = tiles_prefix(view, &x->log, x->old_size, &x->prefix, msg);

    if (rc == ERR_NOT_FOUND) { /* nothing is written yet */
        x->is_idle = true;
        return ERR_OK;
    }
    if (rc != ERR_GAP) {
        return rc;
    }
    rc = view_head(view, &x->log, &x->prefix.head, msg);
    if (rc == ERR_OK) {
        say(x,
            "It has cosigned %" PRIu64 " entries of this log, of which %" PRIu64
            " are held here: this home is an older copy. Let it take its own "
            "entries back from the other offices before anything is written "
            "here.",
            x->old_size, x->prefix.head.size);
    }
    return rc;
}

static enum err
read_kept(struct asking *x, struct view *view, struct err_msg *msg)
{
    struct witnessed_list list = {.count = 0};
    const struct witnessed *kept = NULL;
    enum err rc = witnessed_read(&list, view, (enum log_kind)x->log.kind, msg);

    if (rc == ERR_CORRUPT) { /* asked for again */
        rc = ERR_OK;
    }
    kept = rc == ERR_OK ? witnessed_find(&list, &x->witness->key) : NULL;
    memset(&x->item, 0, sizeof(x->item));
    if (kept != NULL) {
        x->item = *kept;
        x->item.failing_ms = 0;
        x->item.trouble[0] = '\0';
    }
    x->item.witness = *x->witness;
    x->old_size = x->item.size;
    witnessed_release(&list);
    return rc;
}

static enum err
write_request(struct asking *x)
{
    const struct corridor_id *corridor = &x->options->node->home.corridor;
    struct witness_request request = {
        .old_size = x->old_size, .proof = x->prefix.proof};
    struct buf note = {0};
    enum err rc = ERR_OK;

    buf_clear(&x->text);
    buf_clear(&x->body);
    log_head_text(&x->text, corridor, &x->log, &x->prefix.head);
    log_checkpoint(&note, corridor, &x->log, &x->prefix.head);
    request.checkpoint = buf_bytes(&note);
    rc = buf_err(&note);
    if (rc == ERR_OK) {
        rc = buf_err(&x->text);
    }
    if (rc == ERR_OK) {
        rc = witness_request_write(&x->body, &request);
    }
    buf_release(&note);
    return rc;
}

/* Within the gate: what is there to ask? The first time also what is known. */
static enum err
prepare(struct asking *x, bool is_first, struct err_msg *msg)
{
    struct node *node = x->options->node;
    struct evidence evidence;
    struct view *view = NULL;
    enum err rc = ERR_OK;

    if (node->store == NULL) {
        return err_set(msg, ERR_CONFIG,
            "there is no corridor here yet: found or join one");
    }
    x->log.node = node->home.node;
    rc = view_open(&view, node->store, msg);
    if (rc == ERR_OK && is_first) {
        rc = read_kept(x, view, msg);
    }
    if (rc == ERR_OK) {
        rc = read_prefix(x, view, msg);
    }
    if (rc == ERR_OK &&
        view_evidence_of(view, &x->log, &evidence, msg) == ERR_OK) {
        say(x, "This log was signed in two versions, and is shown to no "
               "witness any more.");
    }
    view_close(view);
    if (rc == ERR_OK && !x->is_idle && !has_trouble(x)) {
        x->is_idle = is_first && x->item.size == x->prefix.head.size &&
                     hash_equal(&x->item.root, &x->prefix.head.root);
        rc = write_request(x);
    }
    return rc;
}

static enum err
prepare_gated(struct asking *x, bool is_first, struct err_msg *msg)
{
    enum err rc = gate_enter(&x->options->gate, msg);

    if (rc == ERR_OK) {
        rc = prepare(x, is_first, msg);
        gate_leave(&x->options->gate);
    }
    return rc;
}

/* The lines that it answered with hold over our text: ours to keep? */
static enum err
take_lines(struct asking *x)
{
    const struct checkpoint_keys keys = {
        .cosigners = &x->witness->key, .cosigner_count = 1};
    struct checkpoint_note checked;
    struct note note;
    enum err rc = checkpoint_note_answer(
        &checked, buf_bytes(&x->answer), buf_bytes(&x->text), &keys);

    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (rc != ERR_OK) {
        say(x, "It answered with what is no cosignature by the key that stands "
               "in witness.policy.");
        return ERR_OK;
    }
    /* As a note, which says where the signature's bytes are. */
    buf_put_u8(&x->text, '\n');
    buf_put_bytes(&x->text, buf_bytes(&x->answer));
    rc = buf_err(&x->text);
    if (rc == ERR_OK) {
        rc = note_parse(&note, buf_bytes(&x->text));
    }
    for (size_t i = 0; i < note.signature_count && rc == ERR_OK; i++) {
        const struct note_signature *line = &note.signatures[i];

        if (line->id == x->witness->key.id && line->size == 72 &&
            bytes_equal(line->name, bytes_text(x->witness->key.name))) {
            x->item.time = num_load_u64(line->bytes);
            memcpy(x->item.signature.bytes, line->bytes + 8,
                sizeof(x->item.signature.bytes));
            x->item.size = x->prefix.head.size;
            x->item.root = x->prefix.head.root;
            break;
        }
    }
    return rc;
}

/* It has another size: *out_again, from there. */
static void
take_size(struct asking *x, bool *out_again)
{
    uint64_t size = 0;

    if (witness_conflict_read(&size, buf_bytes(&x->answer)) != ERR_OK) {
        say(x, "It answered 409, and not with the size that it has.");
    } else if (size == x->old_size) {
        say(x,
            "FORK: it will not cosign what goes on from %" PRIu64
            " entries, though that is what it has: it was shown another "
            "version of this log, or evidence against it. Ask its operator for "
            "the checkpoint that it has, and keep this home as it is.",
            size);
    } else {
        x->old_size = size;
        *out_again = true;
    }
}

static enum err
take_answer(struct asking *x, unsigned status, bool *out_again)
{
    switch (status) {
    case 200:
        return take_lines(x);
    case 409:
        take_size(x, out_again);
        break;
    case 403:
        say(x, "It says that this log's key has not signed this: it knows "
               "another key of it.");
        break;
    case 404:
        say(x, "It does not know this log: give its operator the log's key, as "
               "corridor audit key prints it.");
        break;
    case 422:
        say(x,
            "FORK: it has cosigned another tree of %" PRIu64
            " entries of this log than the one held here. Ask its operator for "
            "the checkpoint that it has, and keep this home as it is.",
            x->old_size);
        break;
    case 429:
    case 503:
        say(x, "It had too much to do.");
        break;
    default:
        say(x, "It answered with status %u, as no witness does.", status);
        break;
    }
    return ERR_OK;
}

static enum err
post(struct asking *x, bool *out_again, struct err_msg *msg)
{
    char url[URL_BYTES];
    struct fetch fetch = {
        .url = url, .body = buf_bytes(&x->body), .stop = x->options->stop};
    struct err_msg why = {""};
    unsigned status = 0;
    enum err rc = ERR_OK;

    (void)snprintf(url, sizeof(url), "%s/add-checkpoint", x->witness->url);
    buf_clear(&x->answer);
    rc = x->options->post(&fetch, &status, &x->answer, &why);
    if (rc == ERR_OK) {
        return take_answer(x, status, out_again);
    }
    if (rc == ERR_NOMEM) {
        return err_set(msg, rc, "no memory");
    }
    say(x, "It cannot be asked: %s.", why.text);
    return ERR_OK;
}

/* Ask until it cosigns, or says what is in the way. */
static enum err
exchange(struct asking *x, struct err_msg *msg)
{
    bool again = true;
    enum err rc = ERR_OK;

    for (size_t tries = 0; again && rc == ERR_OK && !has_trouble(x); tries++) {
        again = false;
        if (tries == ASK_TRIES_MAX) {
            say(x, "It names another size each time that it is asked.");
            break;
        }
        if (tries > 0) {
            rc = prepare_gated(x, false, msg);
        }
        if (rc == ERR_OK && !has_trouble(x)) {
            rc = post(x, &again, msg);
        }
    }
    return rc;
}

static enum err
keep(void *context, struct store *store, struct err_msg *msg)
{
    struct asking *x = context;

    return witnessed_put(store, (enum log_kind)x->log.kind, &x->item, msg);
}

static enum err
keep_gated(struct asking *x, struct err_msg *msg)
{
    enum err rc = gate_enter(&x->options->gate, msg);

    if (rc == ERR_OK) {
        x->item.failing_ms = has_trouble(x) ? node_wall_ms(NULL) : 0;
        rc = node_write(x->options->node, keep, x, msg);
        gate_leave(&x->options->gate);
    }
    return rc;
}

static bool
is_stopped(const struct ask_options *options)
{
    return options->stop != NULL && atomic_load(options->stop);
}

static enum err
ask_one(struct asking *x, struct ask_result *out, struct err_msg *msg)
{
    enum err rc = prepare_gated(x, true, msg);

    if (rc == ERR_OK && !x->is_idle) {
        rc = exchange(x, msg);
        if (rc == ERR_OK && is_stopped(x->options)) {
            rc = ERR_CLOSED; /* which is no fault of the witness */
        }
        if (rc == ERR_OK) {
            rc = keep_gated(x, msg);
        }
    }
    if (rc != ERR_OK) {
        return rc;
    }
    *out = (struct ask_result){.witness = x->witness,
        .kind = (enum log_kind)x->log.kind,
        .was_asked = !x->is_idle,
        .has_failed = has_trouble(x),
        .size = x->item.size,
        .entries = x->prefix.head.size};
    memcpy(out->trouble, x->item.trouble, sizeof(out->trouble));
    return ERR_OK;
}

static bool
is_wanted(const struct ask_options *options, const struct policy_witness *w)
{
    return options->only == NULL || strcmp(options->only, w->name) == 0 ||
           strcmp(options->only, w->url) == 0;
}

enum err
ask_witnesses(const struct ask_options *options, struct ask_result *out,
    size_t *out_count, struct err_msg *msg)
{
    static const enum log_kind kinds[] = {LOG_CONTROL, LOG_CHANGES};
    const struct witness_policy *policy = options->policy;
    size_t count = 0;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < 2 * policy->witness_count && rc == ERR_OK; i++) {
        struct asking x = {.options = options,
            .witness = &policy->witnesses[i / 2],
            .log = {.kind = (uint8_t)kinds[i % 2]}};

        if (!is_wanted(options, x.witness)) {
            continue;
        }
        rc = is_stopped(options) ? ERR_CLOSED : ask_one(&x, &out[count], msg);
        count += rc == ERR_OK;
        buf_release(&x.text);
        buf_release(&x.body);
        buf_release(&x.answer);
    }
    if (rc == ERR_OK && count == 0) {
        rc = err_set(msg, ERR_NOT_FOUND,
            options->only == NULL
                ? "the home's witness.policy names no witness to ask"
                : "the home's witness.policy names no such witness");
    }
    if (rc == ERR_OK) {
        *out_count = count;
    }
    return rc;
}
