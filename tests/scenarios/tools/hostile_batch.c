/* SPDX-License-Identifier: Apache-2.0 */
/* A member that lies about logs, its own and those of others. */
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "sync/model/hlc.h"
#include "tests/scenarios/tools/hostile.h"

enum { CRAFTED_BYTES = 256 };

static struct log_id
own_log(const struct hostile *h)
{
    return (struct log_id){.node = h->node->home.node, .kind = LOG_CHANGES};
}

static bool
has_clock(const struct talk *talk)
{
    return talk->clock.size > 0;
}

static bool
has_taken(const struct talk *talk)
{
    return talk->taken >= talk->frames;
}

/* How many entries of the log the daemon says it stores. */
static uint64_t
size_there(const struct talk *talk, const struct log_id *id)
{
    struct log_table logs = {0};
    struct vclock clock = {0};
    uint64_t size = 0;
    uint32_t log = 0;

    if (vclock_decode(&clock, &logs, buf_bytes(&talk->clock)) == ERR_OK &&
        log_table_find(&logs, id, &log)) {
        size = vclock_get(&clock, log);
    }
    vclock_release(&clock);
    log_table_release(&logs);
    return size;
}

/* Send a batch, and say what became of it. */
static enum answer
send_batch(struct talk *talk, struct hostile *h, const struct batch *batch)
{
    struct buf payload = {0};
    uint64_t before = size_there(talk, &batch->log);
    enum answer answer = ANSWER_FAILED;

    if (batch_encode(&payload, batch) == ERR_OK) {
        frame_put(&talk->link.frames, FRAME_ENTRIES, buf_bytes(&payload));
        talk->frames++;
        answer =
            talk_flush(talk) ? talk_listen(talk, h, has_taken) : ANSWER_CLOSED;
    }
    buf_release(&payload);
    if (answer == ANSWER_TAKEN && size_there(talk, &batch->log) == before) {
        answer = ANSWER_IGNORED;
    }
    return answer;
}

/*
 * A batch of our log that the daemon lacks, as an honest node sends it. It
 * views into *encoded. False: there is nothing that it lacks.
 */
static bool
honest_batch(
    struct hostile *h, uint64_t from, struct buf *encoded, struct batch *out)
{
    struct log_id log = own_log(h);
    struct view_range range = {.log = &log, .from = from, .bytes_max = 65536};
    struct view *view = NULL;
    uint64_t to = from;
    enum err rc = view_open(&view, h->node->store, &h->msg);

    if (rc == ERR_OK) {
        rc = view_batch(view, &range, encoded, &to, &h->msg);
    }
    view_close(view);
    if (rc == ERR_OK && to == from) {
        rc = err_set(&h->msg, ERR_NOT_FOUND, "the daemon has all of our log");
    }
    return rc == ERR_OK && batch_decode(out, buf_bytes(encoded)) == ERR_OK;
}

/* Spoil an honest batch in some way, and send it. */
static enum answer
send_spoilt(
    struct hostile *h, void (*spoil)(struct batch *batch, struct buf *encoded))
{
    struct log_id log = own_log(h);
    struct batch batch = {.count = 0};
    struct buf encoded = {0};
    struct talk talk;
    enum answer answer = ANSWER_FAILED;

    if (talk_open_member(&talk, h, &answer)) {
        answer = talk_listen(&talk, h, has_clock);
    }
    if (answer == ANSWER_TAKEN) {
        answer = ANSWER_FAILED;
        if (honest_batch(h, size_there(&talk, &log), &encoded, &batch)) {
            struct entry *entries = batch.entries;

            spoil(&batch, &encoded);
            answer = send_batch(&talk, h, &batch);
            batch.entries = entries;
            batch_release(&batch);
        }
    }
    talk_close(&talk);
    buf_release(&encoded);
    return answer;
}

static void
spoil_head(struct batch *batch, struct buf *encoded)
{
    (void)encoded;
    batch->head.signature.bytes[7] ^= 1;
}

enum answer
hostile_head(struct hostile *h)
{
    return send_spoilt(h, spoil_head);
}

static void
spoil_gap(struct batch *batch, struct buf *encoded)
{
    (void)encoded;
    batch->from++;
    batch->entries++;
    batch->count--;
}

/* The first of at least two entries is left out. */
enum answer
hostile_gap(struct hostile *h)
{
    return send_spoilt(h, spoil_gap);
}

static void
spoil_body(struct batch *batch, struct buf *encoded)
{
    const struct entry *entry = &batch->entries[batch->count - 1];

    encoded->data[(size_t)(entry->body.data - encoded->data) +
                  entry->body.size / 2] ^= 1;
}

enum answer
hostile_flip(struct hostile *h)
{
    return send_spoilt(h, spoil_body);
}

/* Append a log of ours, as it is stored, to an edge. */
static bool
fill_edge(struct hostile *h, struct merkle_edge *edge)
{
    struct hash completed[MERKLE_LEVELS_MAX];
    bool is_whole = true;

    *edge = (struct merkle_edge){.size = 0};
    while (is_whole) {
        struct buf encoded = {0};
        struct batch batch;
        struct hash leaf;

        if (!honest_batch(h, edge->size, &encoded, &batch)) {
            buf_release(&encoded);
            return true; /* its end */
        }
        is_whole = batch.from == edge->size;
        for (size_t i = 0; i < batch.count; i++) {
            entry_leaf_hash(&leaf, &batch.entries[i]);
            merkle_append(edge, &leaf, completed);
        }
        batch_release(&batch);
        buf_release(&encoded);
    }
    return is_whole;
}

/* An entry of our own making. */
struct crafted {
    struct entry entry;
    struct buf header;
    uint8_t body[CRAFTED_BYTES];
};

static void
craft_init(struct crafted *crafted)
{
    *crafted =
        (struct crafted){.entry = {.kind = ENTRY_CHANGE, .has_body = true}};
    keys_random(crafted->body, sizeof(crafted->body));
    crafted->entry.body = bytes_of(crafted->body, sizeof(crafted->body));
    hash_sha256(&crafted->entry.body_hash, crafted->entry.body);
}

/* A header that is CBOR, and nothing else that a header is. */
static void
craft_void(struct crafted *crafted)
{
    craft_init(crafted);
    cbor_put_array(&crafted->header, 1);
    cbor_put_uint(&crafted->header, 7);
    crafted->entry.header = buf_bytes(&crafted->header);
}

/* A header that counts entries of a log that nobody has. */
static void
craft_future(struct crafted *crafted)
{
    struct log_id log = {.kind = LOG_CHANGES};
    uint8_t id[LOG_ID_BYTES];
    uint8_t seal[24] = {0};

    craft_init(crafted);
    keys_random(log.node.bytes, sizeof(log.node.bytes));
    log_id_encode(id, &log);
    cbor_put_array(&crafted->header, 5);
    cbor_put_uint(&crafted->header, hlc_make(node_wall_ms(NULL), 0));
    cbor_put_array(&crafted->header, 2);
    cbor_put_bytes(&crafted->header, bytes_of(id, sizeof(id)));
    cbor_put_uint(&crafted->header, 1000000);
    cbor_put_null(&crafted->header);
    cbor_put_null(&crafted->header);
    cbor_put_bytes(&crafted->header, bytes_of(seal, sizeof(seal)));
    crafted->entry.header = buf_bytes(&crafted->header);
}

/* Sign a head over an edge that ends with the batch. */
static bool
sign(struct hostile *h, struct batch *batch, const struct merkle_edge *edge,
    const struct secret_key *seed)
{
    batch->head.size = edge->size;
    merkle_root(&batch->head.root, edge);
    return log_head_sign(&batch->head, &h->node->home.corridor, &batch->log,
               seed) == ERR_OK;
}

/* How a log is continued, and by whom it is signed. */
struct lie {
    struct log_id log;
    const struct secret_key *seed;
    uint64_t from;
    struct merkle_edge edge; /* up to `from` */
    struct crafted *crafted;
    size_t count; /* how often it stands there, at most 2 */
};

static enum answer
tell(struct talk *talk, struct hostile *h, struct lie *lie)
{
    struct hash completed[MERKLE_LEVELS_MAX];
    struct entry entries[2] = {lie->crafted->entry, lie->crafted->entry};
    struct batch batch = {.log = lie->log,
        .from = lie->from,
        .entries = entries,
        .count = lie->count};
    struct hash leaf;

    lie->edge.size = lie->from;
    entry_leaf_hash(&leaf, &lie->crafted->entry);
    for (size_t i = 0; i < lie->count; i++) {
        merkle_append(&lie->edge, &leaf, completed);
    }
    if (buf_err(&lie->crafted->header) != ERR_OK ||
        !sign(h, &batch, &lie->edge, lie->seed)) {
        return ANSWER_FAILED;
    }
    return send_batch(talk, h, &batch);
}

/* Continue our own log with what we crafted: validly, as far as it goes. */
static enum answer
tell_own(struct hostile *h, void (*craft)(struct crafted *crafted))
{
    struct crafted crafted;
    struct lie lie = {.log = own_log(h),
        .seed = &h->node->secrets->sign,
        .crafted = &crafted,
        .count = 1};
    struct talk talk;
    enum answer answer = ANSWER_FAILED;

    craft(&crafted);
    if (talk_open_member(&talk, h, &answer)) {
        answer = talk_listen(&talk, h, has_clock);
    }
    if (answer == ANSWER_TAKEN) {
        answer = ANSWER_FAILED;
        lie.from = size_there(&talk, &lie.log);
        if (!fill_edge(h, &lie.edge) || lie.edge.size != lie.from) {
            err_ignore(err_set(&h->msg, ERR_STALE,
                "the daemon has %llu entries of our log, we have %llu",
                (unsigned long long)lie.from,
                (unsigned long long)lie.edge.size));
        } else {
            answer = tell(&talk, h, &lie);
        }
    }
    talk_close(&talk);
    buf_release(&crafted.header);
    return answer;
}

enum answer
hostile_void(struct hostile *h)
{
    return tell_own(h, craft_void);
}

enum answer
hostile_future(struct hostile *h)
{
    return tell_own(h, craft_future);
}

/* Tell a lie for which the log needs not be known. */
static enum answer
tell_about(struct hostile *h, const struct log_id *log,
    const struct secret_key *seed, uint64_t back)
{
    struct crafted crafted;
    struct lie lie = {
        .log = *log, .seed = seed, .crafted = &crafted, .count = 1 + back};
    struct talk talk;
    enum answer answer = ANSWER_FAILED;

    craft_void(&crafted);
    keys_random(lie.edge.hashes, sizeof(lie.edge.hashes));
    if (talk_open_member(&talk, h, &answer)) {
        answer = talk_listen(&talk, h, has_clock);
    }
    if (answer == ANSWER_TAKEN) {
        lie.from = size_there(&talk, log);
        lie.from -= lie.from < back ? lie.from : back;
        answer = tell(&talk, h, &lie);
    }
    talk_close(&talk);
    buf_release(&crafted.header);
    return answer;
}

/* The daemon's own log, continued by us. */
enum answer
hostile_foreign(struct hostile *h)
{
    struct log_id log = {.node = h->peer, .kind = LOG_CHANGES};

    return tell_about(h, &log, &h->node->secrets->sign, 0);
}

/* A log of a node that was never admitted, rightly signed by it. */
enum answer
hostile_unknown_log(struct hostile *h)
{
    struct log_id log = {.kind = LOG_CHANGES};
    struct public_key public;
    struct secret_key seed;

    keys_random(&seed, sizeof(seed));
    keys_sign_public(&public, &seed);
    memcpy(log.node.bytes, public.bytes, sizeof(public.bytes));
    return tell_about(h, &log, &seed, 0);
}

/* Another entry than the last that the daemon holds of us, and one more. */
enum answer
hostile_fork(struct hostile *h)
{
    struct log_id log = own_log(h);

    return tell_about(h, &log, &h->node->secrets->sign, 1);
}
