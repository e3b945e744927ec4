/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/held.h"

#include <stdio.h>
#include <stdlib.h>

#include "storage/vouch.h"
#include "tests/sim/sim.h"

void
held_release(struct held *held)
{
    for (size_t i = 0; i < held->count; i++) {
        free(held->logs[i].leaves);
    }
    free(held->logs);
    *held = (struct held){0};
}

static struct held_log *
held_log(struct host *host, uint32_t log)
{
    struct held *held = &host->held;

    if (log >= held->count) {
        held->logs = room_grow(
            held->logs, &held->capacity, log + 1, sizeof(*held->logs));
        held->count = log + 1;
    }
    return &held->logs[log];
}

static const struct held_log *
find(const struct host *host, uint32_t log)
{
    static const struct held_log none;

    return log < host->held.count ? &host->held.logs[log] : &none;
}

void
held_put(
    struct host *host, uint32_t log, uint64_t position, const struct hash *leaf)
{
    struct held_log *held = held_log(host, log);

    if (position < held->count) {
        if (!hash_equal(leaf, &held->leaves[position])) {
            sim_fail(host->sim, VIOLATION_POSITION,
                "%s holds another entry than before at %zu of log %u",
                host->name, (size_t)position, log);
        }
        return;
    }
    if (held->is_frozen) {
        sim_fail(host->sim, VIOLATION_FROZEN,
            "%s takes entry %zu of log %u, which it knows to be forked",
            host->name, (size_t)position, log);
    }
    held->leaves = room_grow(
        held->leaves, &held->capacity, position + 1, sizeof(*held->leaves));
    held->leaves[position] = *leaf;
    held->count = (size_t)position + 1;
}

void
held_end(struct host *host, uint32_t log, uint64_t size)
{
    held_log(host, log)->count = (size_t)size;
}

void
held_restored(struct host *host)
{
    for (uint32_t log = 0; log < host->held.count; log++) {
        struct held_log *held = &host->held.logs[log];
        uint64_t size = vclock_get(&host->stored, log);

        held->count = held->count < size ? held->count : (size_t)size;
        held->has_evidence = false;
        held->is_frozen = false;
    }
}

/* Evidence being looked at. */
struct looking {
    struct host *host;
    bool *found; /* by the truth's number of a log */
};

static bool
look_at(void *context, const struct evidence_item *item)
{
    struct looking *looking = context;
    struct host *host = looking->host;
    struct sim *sim = host->sim;
    uint32_t log = truth_log(sim, &item->evidence->log);
    struct held_log *held = held_log(host, log);

    if (evidence_verify(item->evidence, &sim->corridor) != ERR_OK) {
        sim_fail(sim, VIOLATION_EVIDENCE,
            "%s keeps evidence about log %u that does not hold", host->name,
            log);
    }
    if (!sim->truth.logs[log].is_dishonest && !sim->truth.logs[log].is_forked) {
        sim_fail(sim, VIOLATION_EVIDENCE,
            "%s has evidence about log %u of %s, which is honest", host->name,
            log, sim->hosts[sim->truth.logs[log].owner]->name);
    }
    looking->found[log] = true;
    if (!held->has_evidence && sim->truth.logs[log].is_dishonest) {
        sim_say(sim, "%s has evidence about log %u, of which it holds %zu",
            host->name, log, held->count);
    }
    held->has_evidence = true;
    held->is_frozen = item->cut == UINT64_MAX;
    return true;
}

void
held_look(struct host *host, struct view *view)
{
    struct sim *sim = host->sim;
    struct looking looking = {
        .host = host, .found = room_new(sim->truth.count * sizeof(bool))};

    if (view_evidence(view, look_at, &looking, NULL) != ERR_OK) {
        sim_fail(
            sim, VIOLATION_VERIFY, "%s cannot list its evidence", host->name);
    }
    for (uint32_t log = 0; log < host->held.count; log++) {
        if (host->held.logs[log].has_evidence && !looking.found[log]) {
            sim_fail(sim, VIOLATION_DURABLE,
                "%s has lost its evidence about log %u", host->name, log);
        }
    }
    free(looking.found);
}

bool
held_has_evidence(const struct host *host, uint32_t log)
{
    return find(host, log)->has_evidence;
}

void
held_name(
    const struct host *host, uint32_t log, uint64_t size, struct pool *out)
{
    const struct held_log *held = find(host, log);
    uint8_t has_evidence = held->has_evidence ? 1 : 0;

    pool_put(out, bytes_of(&has_evidence, 1));
    for (size_t i = 0; i < held->count && i < size; i++) {
        pool_put(out,
            bytes_of(held->leaves[i].bytes, sizeof(held->leaves[i].bytes)));
    }
}

bool
held_edge(const struct host *host, uint32_t log, uint64_t size,
    struct merkle_edge *out)
{
    const struct held_log *held = find(host, log);
    struct hash completed[MERKLE_LEVELS_MAX];

    if (size > held->count) {
        return false;
    }
    *out = (struct merkle_edge){0};
    for (size_t i = 0; i < size; i++) {
        merkle_append(out, &held->leaves[i], completed);
    }
    return true;
}

/* Does nothing that one of them holds contradict what the other does? */
static bool
is_same(const struct held_log *a, const struct held_log *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        if (!hash_equal(&a->leaves[i], &b->leaves[i])) {
            return false;
        }
    }
    return true;
}

/*
 * Both have evidence, or neither, and then hold the same. An auditor may hold
 * more: nobody else can take that from it, and one that lies need not send it.
 */
static bool
agree_on(const struct sim *sim, uint32_t log, bool tell)
{
    const struct host *first = sim->hosts[0];

    for (size_t i = 1; i < sim->host_count; i++) {
        const struct host *host = sim->hosts[i];
        const struct held_log *ours = find(first, log);
        const struct held_log *theirs = find(host, log);

        if (host->is_dishonest ||
            (ours->has_evidence && theirs->has_evidence)) {
            continue;
        }
        if (ours->has_evidence != theirs->has_evidence ||
            !is_same(ours, theirs) ||
            (ours->count != theirs->count && host->roles != ROLE_AUDIT)) {
            if (tell) {
                fprintf(stderr,
                    "sim: log %u%s: %s holds %zu, evidence %d; "
                    "%s holds %zu, evidence %d\n",
                    log, is_same(ours, theirs) ? "" : ", branches", first->name,
                    ours->count, ours->has_evidence, host->name, theirs->count,
                    theirs->has_evidence);
            }
            return false;
        }
    }
    return true;
}

bool
held_agree(const struct sim *sim, bool tell)
{
    bool agree = true;

    for (uint32_t log = 0; log < sim->truth.count; log++) {
        if (sim->truth.logs[log].is_dishonest) {
            agree = agree_on(sim, log, tell) && agree;
        }
    }
    return agree;
}

size_t
held_forks(const struct sim *sim)
{
    size_t count = 0;

    for (uint32_t log = 0; log < sim->truth.count; log++) {
        for (size_t i = 0; i < sim->host_count; i++) {
            if (!sim->hosts[i]->is_dishonest &&
                held_has_evidence(sim->hosts[i], log)) {
                count++;
                break;
            }
        }
    }
    return count;
}
