/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/hostile.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "tests/sim/sim.h"

enum { BATCH_IN = 3, FRAMES_IN = 40, FORGE_IN = 12, BODY_MAX = 64 * 1024 };

/* Flip a bit, or cut the end off. */
static void
bend_bytes(struct host *host, struct buf *bytes, size_t start)
{
    struct sim *sim = host->sim;
    size_t size = bytes->size - start;

    if (size == 0) {
        return;
    }
    if (sim_chance(sim, 3)) {
        buf_truncate(bytes, start + 1 + (size_t)sim_below(sim, size));
    } else {
        bytes->data[start + (size_t)sim_below(sim, size)] ^=
            (uint8_t)(1U << sim_below(sim, 8));
    }
}

/* A head over the batch as it stands now, signed by whom it does not belong
 * to. */
static void
forge_head(struct host *host, struct batch *batch)
{
    struct sim *sim = host->sim;
    uint32_t log = truth_log(sim, &batch->log);
    struct merkle_edge edge = sim->truth.logs[log].edge;
    struct dot first = {log, batch->from};
    const struct truth_entry *entry = truth_entry(&sim->truth, first);
    struct hash completed[MERKLE_LEVELS_MAX];
    enum err rc = ERR_OK;

    mem_fault_after(-1);
    if (entry != NULL) {
        edge = entry->edge;
    }
    if (sim->truth.logs[log].is_dishonest &&
        !held_edge(host, log, batch->from, &edge)) {
        edge = (struct merkle_edge){0};
    }
    for (size_t i = 0; i < batch->count; i++) {
        struct hash leaf;

        entry_leaf_hash(&leaf, &batch->entries[i]);
        merkle_append(&edge, &leaf, completed);
    }
    batch->head.size = edge.size;
    merkle_root(&batch->head.root, &edge);
    batch->proof.count = 0;
    rc = log_head_sign(
        &batch->head, &sim->corridor, &batch->log, &host->node.secrets->sign);
    assert(rc == ERR_OK);
}

/* The last entry says something else, or there is one more. */
static void
forge(struct host *host, struct batch *batch, uint8_t body[BODY_MAX])
{
    struct sim *sim = host->sim;
    struct entry *last = &batch->entries[batch->count - 1];

    if (sim_chance(sim, 2) && batch->count < LOG_BATCH_ENTRIES_MAX) {
        batch->entries[batch->count] = *last;
        last = &batch->entries[batch->count];
        batch->count++;
    }
    if (last->has_body && last->body.size > 0 && last->body.size <= BODY_MAX) {
        memcpy(body, last->body.data, last->body.size);
        body[sim_below(sim, last->body.size)] ^= 1;
        last->body.data = body;
        hash_sha256(&last->body_hash, last->body);
    }
    forge_head(host, batch);
}

/* Under whose name the entries come, or from where. */
static void
misplace(struct host *host, struct batch *batch)
{
    struct sim *sim = host->sim;
    const struct host *victim = sim->hosts[sim_below(sim, sim->host_count)];

    if (victim != host && sim_chance(sim, 2)) {
        batch->log.node = *host_id(victim);
        forge_head(host, batch);
    } else {
        batch->from++;
        batch->head.size++;
    }
}

static void
bend_batch(struct host *host, struct batch *batch, struct buf *out)
{
    uint8_t *body = room_new(BODY_MAX);
    struct entry *entries = batch->entries;
    struct entry *more = room_new((batch->count + 1) * sizeof(*batch->entries));

    memcpy(more, entries, batch->count * sizeof(*entries));
    batch->entries = more;
    if (sim_chance(host->sim, 3)) {
        misplace(host, batch);
    } else {
        forge(host, batch, body);
    }
    if (batch_encode(out, batch) != ERR_OK) {
        buf_clear(out);
    }
    batch->entries = entries;
    free(more);
    free(body);
}

void
hostile_batch(
    struct host *host, struct buf *encoded, size_t start, uint64_t *to)
{
    struct sim *sim = host->sim;
    struct batch batch = {0};
    struct buf bent = {0};
    struct bytes bytes = bytes_of(encoded->data + start, encoded->size - start);

    if (sim->is_over || !sim_chance(sim, BATCH_IN) || bytes.size == 0) {
        return;
    }
    if (sim_chance(sim, 4)) {
        bend_bytes(host, encoded, start);
        return;
    }
    /* It writes its own log once only, unless forks are what it is for. */
    if (batch_decode(&batch, bytes) != ERR_OK ||
        (node_id_equal(&batch.log.node, host_id(host)) &&
            !(host->is_dishonest && sim_chance(sim, FORGE_IN)))) {
        batch_release(&batch);
        return;
    }
    bend_batch(host, &batch, &bent);
    if (bent.size > 0) {
        *to = batch.from + batch.count;
        buf_truncate(encoded, start);
        buf_put_bytes(encoded, buf_bytes(&bent));
    }
    buf_release(&bent);
    batch_release(&batch);
}

void
hostile_frames(struct host *host, struct buf *frames)
{
    if (!host->sim->is_over && frames->size > 0 &&
        sim_chance(host->sim, FRAMES_IN)) {
        bend_bytes(host, frames, 0);
    }
}
