/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/words.h"

#include <assert.h>

#include "crypto/base/mem.h"
#include "sync/model/cosign.h"
#include "sync/model/evidence.h"
#include "sync/wire/frame.h"
#include "tests/sim/sim.h"

enum {
    WORDS_IN = 12,
    FLOOD_IN = 20,
    FLOOD_MAX = 300,
    BEYOND_MAX = 20,
    OWN_IN = 100 /* a log is forked once; before that it shall be of use */
};

/* Is it made of whole frames? */
static bool
is_whole(struct bytes frames)
{
    struct frame frame;

    while (frame_next(&frame, frames) == ERR_OK) {
        frames = bytes_of(frames.data + frame.size, frames.size - frame.size);
    }
    return frames.size == 0;
}

static void
silence(struct buf *frames)
{
    struct bytes all = buf_bytes(frames);
    struct buf rest = {0};
    struct frame frame;

    while (frame_next(&frame, all) == ERR_OK) {
        if (frame.type != FRAME_FORK && frame.type != FRAME_HEAD) {
            buf_put_bytes(&rest, bytes_of(all.data, frame.size));
        }
        all = bytes_of(all.data + frame.size, all.size - frame.size);
    }
    buf_clear(frames);
    buf_put_bytes(frames, buf_bytes(&rest));
    buf_release(&rest);
}

/* A log of an honest node, of which there is something; NULL: none yet. */
static const struct truth_log *
honest_log(struct sim *sim)
{
    size_t start = (size_t)sim_below(sim, sim->truth.count);

    for (size_t i = 0; i < sim->truth.count; i++) {
        const struct truth_log *log =
            &sim->truth.logs[(start + i) % sim->truth.count];

        if (!log->is_dishonest && log->owner >= 0 && log->count > 0) {
            return log;
        }
    }
    return NULL;
}

static void
sign(struct head *head, struct sim *sim, const struct log_id *log,
    const struct host *by)
{
    enum err rc =
        log_head_sign(head, &sim->corridor, log, &by->node.secrets->sign);

    assert(rc == ERR_OK);
}

/* The head that the log's author signed, or could have, at that size. */
static struct head
true_head(struct sim *sim, const struct truth_log *log, uint64_t size)
{
    struct head head = {.size = size, .root = log->entries[size - 1].root};

    sign(&head, sim, &log->id, sim->hosts[log->owner]);
    return head;
}

static void
put_head(struct buf *out, const struct log_id *log, const struct head *head)
{
    struct buf payload = {0};

    frame_head_encode(&payload, log, head);
    frame_put(out, FRAME_HEAD, buf_bytes(&payload));
    buf_release(&payload);
}

static void
put_evidence(struct buf *out, const struct evidence *evidence)
{
    struct buf payload = {0};

    if (evidence_encode(&payload, evidence) == ERR_OK) {
        frame_put(out, FRAME_FORK, buf_bytes(&payload));
    }
    buf_release(&payload);
}

/* A head of an honest log: an old one; or one with another root, under its
 * author's signature of something else, or under our own. */
static void
say_head(struct host *host, const struct truth_log *log, struct buf *out)
{
    struct sim *sim = host->sim;
    struct head head = true_head(sim, log, 1 + sim_below(sim, log->count));

    switch (sim_below(sim, 4)) {
    case 0:
        prng_fill(&sim->prng, &head.root, sizeof(head.root));
        break;
    case 1:
        head.size += 1 + sim_below(sim, BEYOND_MAX);
        break;
    case 2:
        prng_fill(&sim->prng, &head.root, sizeof(head.root));
        sign(&head, sim, &log->id, host);
        break;
    default:
        break;
    }
    put_head(out, &log->id, &head);
}

/* Evidence about an honest log. */
static void
say_evidence(struct host *host, const struct truth_log *log, struct buf *out)
{
    struct sim *sim = host->sim;
    struct evidence evidence = {.log = log->id};
    uint64_t size = 1 + sim_below(sim, log->count);

    evidence.a = true_head(sim, log, size);
    evidence.b = evidence.a;
    switch (sim_below(sim, 3)) {
    case 0: /* one version that we signed ourselves */
        prng_fill(&sim->prng, &evidence.b.root, sizeof(evidence.b.root));
        sign(&evidence.b, sim, &log->id, host);
        evidence.root = evidence.b.root;
        break;
    case 1: /* two heads that are true, and contradict nothing */
        if (log->count >= 2) {
            evidence.a = true_head(sim, log, 1);
            evidence.b = true_head(sim, log, 2);
            evidence.proof.count = 1;
            evidence.proof.hashes[0] = log->entries[1].leaf;
        }
        evidence.root = evidence.a.root;
        break;
    default: /* the same, and a root that no proof leads from */
        evidence.b = true_head(sim, log, log->count);
        prng_fill(&sim->prng, &evidence.root, sizeof(evidence.root));
        break;
    }
    put_evidence(out, &evidence);
}

/* "I vouch for this": a tree that is none, or one that nobody has yet. */
static void
say_vouch(struct host *host, const struct truth_log *log, struct buf *out)
{
    struct sim *sim = host->sim;
    struct cosignature vouch = {.log = log->id,
        .cosigner = *host_id(host),
        .size = 1 + sim_below(sim, log->count + BEYOND_MAX),
        .time = host_wall_ms(host) / 1000};
    struct buf payload = {0};
    enum err rc = ERR_OK;

    prng_fill(&sim->prng, &vouch.root, sizeof(vouch.root));
    rc = cosignature_make(&vouch, &sim->corridor, &host->node.secrets->cosign);
    assert(rc == ERR_OK);
    cosignature_encode(&payload, &vouch);
    frame_put(out, FRAME_VOUCH, buf_bytes(&payload));
    buf_release(&payload);
}

/* Of our own log: a head of a tree that is none; now and then two at once,
 * which are evidence. */
static void
say_own(struct host *host, struct buf *out)
{
    struct sim *sim = host->sim;
    struct log_id id = {*host_id(host),
        (uint8_t)(sim_chance(sim, 2) ? LOG_CONTROL : LOG_CHANGES)};
    struct evidence evidence = {.log = id};
    uint64_t size = vclock_get(&host->stored, truth_log(sim, &id));

    evidence.a.size = size + sim_below(sim, BEYOND_MAX) + 1;
    evidence.b.size = evidence.a.size;
    prng_fill(&sim->prng, &evidence.a.root, sizeof(evidence.a.root));
    prng_fill(&sim->prng, &evidence.b.root, sizeof(evidence.b.root));
    sign(&evidence.a, sim, &id, host);
    sign(&evidence.b, sim, &id, host);
    evidence.root = evidence.b.root;
    if (sim_chance(sim, 4)) {
        put_evidence(out, &evidence);
    } else {
        put_head(out, &id, &evidence.a);
    }
}

static void
say_something(struct host *host, struct buf *out)
{
    struct sim *sim = host->sim;
    const struct truth_log *log = honest_log(sim);

    if (log == NULL) {
        return;
    }
    if (sim_chance(sim, OWN_IN)) {
        say_own(host, out);
        return;
    }
    switch (sim_below(sim, 4)) {
    case 0:
        say_evidence(host, log, out);
        break;
    case 1:
        say_vouch(host, log, out);
        break;
    default:
        say_head(host, log, out);
        break;
    }
}

void
words_bend(struct host *host, struct buf *frames)
{
    struct sim *sim = host->sim;
    uint64_t count = 1;

    if (!is_whole(buf_bytes(frames))) {
        return; /* bent already */
    }
    if (host->is_silent) {
        silence(frames);
    }
    if (sim->is_over || !host->is_hostile || !sim_chance(sim, WORDS_IN)) {
        return;
    }
    mem_fault_after(-1);
    if (sim_chance(sim, FLOOD_IN)) {
        count = 1 + sim_below(sim, FLOOD_MAX);
    }
    for (uint64_t i = 0; i < count; i++) {
        say_something(host, frames);
    }
}
